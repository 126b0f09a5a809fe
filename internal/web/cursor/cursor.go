// Package cursor writes a position in a list as a word for a URL or a JSON answer, and reads it again.
//
// Whoever holds a cursor can read the position and cannot alter it, so it must hold ids and times only. A cursor belongs
// to one list, filtered in one way: it does not open another, nor the same list under other filters. It promises nothing
// about what still stands at that position.
package cursor

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

const (
	most = 600 // of the longest cursor that is read, in characters
	size = 16  // of the MAC
)

// MAC is a keyed hash of a list's name and a position, of sixteen bytes or more.
type MAC func(text []byte) []byte

func (m MAC) of(list string, plain []byte) ([]byte, error) {
	mac := m([]byte(list + "\x00" + string(plain)))
	if len(mac) < size {
		return nil, errs.Wrap(errs.Internal, "app.internal", errors.New("web: cursors need Options.MAC"))
	}
	return mac[:size:size], nil
}

// Write makes the cursor of a position in a list; list names it with its filters.
func Write(m MAC, list string, position any) (string, error) {
	plain, err := json.Marshal(position)
	if err != nil {
		return "", errs.Wrap(errs.Internal, "app.internal", err)
	}
	mac, err := m.of(list, plain)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(mac, plain...)), nil
}

// Open reads a cursor into position, a pointer. An empty cursor leaves it as it is: the beginning of the list.
func Open(m MAC, list, cursor string, position any) error {
	if cursor == "" {
		return nil
	}
	bad := errs.New(errs.Invalid, "web.cursor")
	if len(cursor) > most {
		return bad
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) < size {
		return bad
	}
	mac, err := m.of(list, raw[size:])
	if err != nil || subtle.ConstantTimeCompare(mac, raw[:size]) != 1 || json.Unmarshal(raw[size:], position) != nil {
		return bad
	}
	return nil
}
