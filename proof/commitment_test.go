package proof

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

func TestCommitmentsAreHMACs(t *testing.T) {
	m := newHasher()
	rapid.Check(t, func(rt *rapid.T) {
		salt := rapid.SliceOfN(rapid.Byte(), 0, 2*sha256.BlockSize).Draw(rt, "salt")
		data := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(rt, "data")
		subject, n := rapid.String().Draw(rt, "subject"), rapid.Int64Range(1, 1<<62).Draw(rt, "n")
		theirs := func(parts ...[]byte) []byte {
			h := hmac.New(sha256.New, salt)
			h.Write(bytes.Join(parts, nil))
			return h.Sum(nil)
		}
		number := binary.BigEndian.AppendUint64([]byte{0}, uint64(n))
		if got := m.mac(salt, sealedLabel, data); !bytes.Equal(got, theirs([]byte("sealed"), data)) || !bytes.Equal(got, SealedCommitment(salt, data)) {
			rt.Errorf("sealed %x", got)
		}
		if got := DetailCommitment(salt, data); !bytes.Equal(got, theirs([]byte("detail"), data)) {
			rt.Errorf("detail %x", got)
		}
		if got := m.subject(salt, subject, n); !bytes.Equal(got, theirs([]byte("subj"), []byte(subject), number)) || !bytes.Equal(got, SubjectCommitment(salt, subject, n)) {
			rt.Errorf("subject %x", got)
		}
		var leaf Hash
		if m.leaf(data, &leaf); leaf != LeafHash(data) {
			rt.Errorf("leaf %x", leaf)
		}
	})
}
