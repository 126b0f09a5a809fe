package proof

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Inclusion is a C2SP tlog-proof@v1: that the leaf with this index is in the log. Amanah
// puts the leaf's bytes into Extra, so that a .tlog-proof file stands alone.
type Inclusion struct {
	Extra      []byte
	Index      int64
	Hashes     []Hash
	Checkpoint []byte // signed note
}

const inclusionHeader = "c2sp.org/tlog-proof@v1"

// MarshalText writes the .tlog-proof file.
func (i Inclusion) MarshalText() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(inclusionHeader + "\n")
	if len(i.Extra) > 0 {
		b.WriteString("extra " + base64.StdEncoding.EncodeToString(i.Extra) + "\n")
	}
	b.WriteString("index " + strconv.FormatInt(i.Index, 10) + "\n")
	for _, h := range i.Hashes {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n")
	b.Write(i.Checkpoint)
	return b.Bytes(), nil
}

// ParseInclusion reads a .tlog-proof file.
func ParseInclusion(text []byte) (Inclusion, error) {
	var i Inclusion
	head, note, ok := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || lines[0] != inclusionHeader {
		return i, malformed("not a tlog-proof")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		extra, err := base64.StdEncoding.DecodeString(lines[0][len("extra "):])
		if err != nil {
			return i, malformed("extra line")
		}
		i.Extra = extra
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return i, malformed("index line")
	}
	n, err := decimal(lines[0][len("index "):])
	if err != nil {
		return i, err
	}
	i.Index = n
	if len(lines) > 1+63 {
		return i, malformed("more hashes than any tree has levels")
	}
	for _, line := range lines[1:] {
		h, err := parseHash(line)
		if err != nil {
			return i, err
		}
		i.Hashes = append(i.Hashes, h)
	}
	i.Checkpoint = []byte(note)
	return i, nil
}

// ErrNotIncluded says that a proof does not lead from the leaf to the root.
var ErrNotIncluded = errors.New("the proof does not lead from the leaf to the signed root")

// Verify checks that leaf is in the log at i.Index, under a checkpoint that the policy
// accepts, witnesses included. A nil leaf means Extra.
func (i Inclusion) Verify(leaf []byte, p *Policy) (Signed, error) {
	if leaf == nil {
		leaf = i.Extra
	}
	s, err := p.Open(i.Checkpoint)
	if err != nil {
		return s, err
	}
	i.Extra = leaf
	if !included(i, s.Checkpoint) {
		return s, ErrNotIncluded
	}
	if !s.Quorum {
		return s, ErrUnwitnessed
	}
	return s, nil
}

// ErrUnwitnessed says that the policy asks for more cosignatures than there are.
var ErrUnwitnessed = errors.New("not cosigned by the witnesses the policy asks for")

// included checks the proof for the leaf in Extra.
func included(i Inclusion, c Checkpoint) bool {
	return tlog.CheckRecord(i.Hashes, c.Size, c.Root, i.Index, LeafHash(i.Extra)) == nil
}
