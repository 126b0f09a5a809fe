package pasted

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/dlp/known"
	"github.com/amanah-id/amanah/pii"
)

func lettersOf(text string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // a buffer takes everything
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestAPieceIsOneFindingTheGravestInIt(t *testing.T) {
	scanner := pii.New(pii.Options{})
	blob := lettersOf("NIK 3273014505900001, sandi: kuda-biru-77, telepon 081234567890 hari ini\n")
	text := "NIK 3273014505900001 dan " + blob + " lalu telepon 081234567890"
	got := Scan(scanner, []byte(text))
	if len(got) != 3 || got[0].Type != pii.NIK || got[1].Type != pii.Password || text[got[1].Start:got[1].End] != blob || got[2].Type != pii.Phone || string(scanner.Value(nil, []byte(text), got[0])) != "3273014505900001" {
		t.Errorf("%v", got)
	}
	if got := Scan(scanner, []byte("apa kabar "+lettersOf("tidak ada apa pun di dalam sini, sungguh"))); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestACustomersValueInAPieceStandsWhereThePieceStands(t *testing.T) {
	blob := lettersOf("pelanggan kita Kartinah Wulan sudah lama menunggu")
	text := "dulu " + blob + " sekarang"
	places, err := Known([]byte(text), []known.Place{{Kind: known.Name, Start: 5 + len(blob) + 1, End: len(text)}}, func(content []byte) ([]known.Place, error) {
		at := bytes.Index(content, []byte("Kartinah"))
		return []known.Place{{Kind: known.Name, Start: at, End: at + 14}}, nil
	})
	if diff := cmp.Diff([]known.Place{{Kind: known.Name, Start: 5, End: 5 + len(blob)}, {Kind: known.Name, Start: 6 + len(blob), End: len(text)}}, places); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if !Whole([]byte(text)) || Whole([]byte(lettersOf(strings.Repeat("0", 8<<20)))) {
		t.Error("what could not be unpacked is not said")
	}
}
