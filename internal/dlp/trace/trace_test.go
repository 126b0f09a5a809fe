package trace

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/dlp/known"
	"github.com/amanah-id/amanah/pii"
	"github.com/amanah-id/amanah/pii/extract"
)

func segment(part, place, text string) *extract.Segment {
	return &extract.Segment{Origin: extract.Origin{Part: part}, Text: []byte(text), To: len(text), Marks: []extract.Mark{{End: len(text), Place: place}}}
}

func TestWhatCountsAmongTheTracesOfMachines(t *testing.T) {
	scanner := pii.New(pii.Options{})
	for _, c := range []struct {
		place, text string
		want        int
	}{
		{"Message-Id", "<3273014505900001@mx.toko.example>", 1}, {"Message-Id", "<4111111111111111@mx.toko.example>", 0}, {"Message-Id", "<budi@lain.example>", 0}, {"Received", "from a ([203.0.113.7])", 0},
		{"List-Post", "kartu 4111111111111111", 1}, {"List-Id", "telepon 081234567890", 1}, {"List-Id", "081234567890", 0}, {"List-Id", "IBAN GB82WEST12345698765432", 1}, {"List-Id", "GB82WEST12345698765432", 0},
		{"List-Id", "bpjs 0001234567897", 1}, {"List-Id", "0001234567897", 0}, {"List-Id", "lahir 5 Mei 1990, sandi: r4hasia!", 0}, {"List-Id", "NPWP 01.312.166.0-091.000", 1}, {"List-Id", "013121660091000", 0},
		{field, "Cookie: a=3273014505900001", 0}, {field, "Cookie: nik=3273014505900001", 1}, {field, "X-Nik: 3273014505900001", 1}, {field, "Cookie: kk=3273010505900001", 1},
	} {
		if got := Scan(scanner, nil, segment(extract.Trace, c.place, c.text)); len(got) != c.want {
			t.Errorf("%s: %s: %v", c.place, c.text, got)
		}
	}
	if got := Scan(scanner, nil, segment("header", "X-Note", "budi@lain.example")); len(got) != 1 {
		t.Errorf("elsewhere everything counts: %v", got)
	}
}

func TestACustomersValueCountsWhereNoOtherIsTheSameByChance(t *testing.T) {
	places := func() []known.Place {
		return []known.Place{{Kind: known.Name, End: 20}, {Kind: "birth_date", Start: 21, End: 31}, {Kind: known.CustomerNumber, Start: 32, End: 36}, {Kind: "phone", Start: 40, End: 52}}
	}
	if diff := cmp.Diff(places()[3:], Known(segment(extract.Trace, field, ""), places())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(places(), Known(segment("body", "", ""), places())); diff != "" {
		t.Error(diff)
	}
}
