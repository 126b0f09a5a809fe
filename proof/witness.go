package proof

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// AddCheckpoint is the body of a request to a witness (C2SP tlog-witness): the size it
// last saw, the consistency proof from there, and the new signed checkpoint.
type AddCheckpoint struct {
	Old        int64
	Hashes     []Hash
	Checkpoint []byte
}

// SizeType is the content type of a witness's answer 409: the size it knows.
const SizeType = "text/x.tlog.size"

// MarshalText writes the request body.
func (a AddCheckpoint) MarshalText() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("old " + strconv.FormatInt(a.Old, 10) + "\n")
	for _, h := range a.Hashes {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n")
	b.Write(a.Checkpoint)
	return b.Bytes(), nil
}

// ParseAddCheckpoint reads a request body.
func ParseAddCheckpoint(text []byte) (AddCheckpoint, error) {
	var a AddCheckpoint
	head, note, ok := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || !strings.HasPrefix(lines[0], "old ") {
		return a, malformed("no old line")
	}
	n, err := decimal(lines[0][len("old "):])
	if err != nil {
		return a, err
	}
	a.Old = n
	if len(lines) > 1+63 {
		return a, malformed("more than 63 hashes")
	}
	for _, line := range lines[1:] {
		h, err := parseHash(line)
		if err != nil {
			return a, err
		}
		a.Hashes = append(a.Hashes, h)
	}
	a.Checkpoint = []byte(note)
	return a, nil
}

// Consistent checks a consistency proof between two sizes of one log. From size 0 and
// between equal sizes the proof is empty.
func Consistent(old int64, oldRoot Hash, size int64, root Hash, hashes []Hash) bool {
	switch {
	case old > size:
		return false
	case old == 0:
		return len(hashes) == 0
	case old == size:
		return len(hashes) == 0 && oldRoot == root
	}
	return tlog.CheckTree(hashes, size, root, old, oldRoot) == nil
}
