package keyring

import (
	"encoding/hex"
	"testing"
)

// RFC 4231, test case 2.
func TestASignatureIsTheHMACThatOtherSystemsCompute(t *testing.T) {
	const want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	if got := hex.EncodeToString(Signature([]byte("Jefe"), []byte("what do ya want "), []byte("for nothing?"))); got != want {
		t.Errorf("%s", got)
	}
}
