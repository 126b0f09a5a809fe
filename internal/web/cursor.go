package web

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// maxCursor is the longest cursor that is read, in characters.
const maxCursor = 600

// Cursor writes a position in a list as a word for a URL or a JSON answer. list names the
// list and its filters ("entries?action=reveal"): a cursor of another list, or of the same
// list filtered otherwise, does not open. The position can be read by whoever holds the
// cursor and cannot be altered; it must hold ids and times only.
func (rt *Router) Cursor(list string, position any) (string, error) {
	plain, err := json.Marshal(position)
	if err != nil {
		return "", errs.Wrap(errs.Internal, "app.internal", err)
	}
	mac := rt.cursorMAC(list, plain)
	if mac == nil {
		return "", errs.Wrap(errs.Internal, "app.internal", errors.New("web: cursors need Options.MAC"))
	}
	return base64.RawURLEncoding.EncodeToString(append(mac, plain...)), nil
}

// OpenCursor reads a cursor into position, a pointer. An empty cursor leaves position as it
// is: the beginning of the list.
func (rt *Router) OpenCursor(list, cursor string, position any) error {
	if cursor == "" {
		return nil
	}
	bad := errs.New(errs.Invalid, "web.cursor")
	if len(cursor) > maxCursor {
		return bad
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) < 16 {
		return bad
	}
	mac := rt.cursorMAC(list, raw[16:])
	if mac == nil || subtle.ConstantTimeCompare(mac, raw[:16]) != 1 {
		return bad
	}
	if err := json.Unmarshal(raw[16:], position); err != nil {
		return bad
	}
	return nil
}

func (rt *Router) cursorMAC(list string, plain []byte) []byte {
	if rt.server.options.MAC == nil {
		return nil
	}
	mac := rt.server.options.MAC("web/cursor", []byte(rt.room+"\x00"+list+"\x00"+string(plain)))
	if len(mac) < 16 {
		return nil
	}
	return mac[:16:16]
}

// ETag writes a row's version as an entity tag (RFC 9110, 8.8.3), for the output's
// `header:"ETag"` field.
func ETag(version string) string {
	return `"` + strings.NewReplacer(`"`, "", `\`, "").Replace(version) + `"`
}

// IfMatch refuses a change that does not say which version it changes (428) or names one
// that is no longer the current (412). current is what ETag made.
func (c Call) IfMatch(current string) error {
	sent := c.HTTP.Header.Values("If-Match")
	if len(sent) == 0 {
		return errs.New(errs.Invalid, "web.if_match")
	}
	for _, line := range sent {
		for tag := range strings.SplitSeq(line, ",") {
			if tag = strings.TrimSpace(tag); tag == current || tag == "*" {
				return nil
			}
		}
	}
	return errs.New(errs.Conflict, "web.changed")
}
