package id_test

import (
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/id"
)

func TestIdentifiersSortByTimeAndNameTheirKind(t *testing.T) {
	early := id.NewAt(id.Subject, time.UnixMilli(1_700_000_000_000))
	late := id.NewAt(id.Subject, time.UnixMilli(1_700_000_000_001))
	if early >= late {
		t.Errorf("%s is not before %s", early, late)
	}
	if !id.Is(id.Subject, early) || id.Is(id.Interaction, early) {
		t.Errorf("prefix of %s is not respected", early)
	}
	for _, bad := range []string{"", "sub_", "sub_../../etc/passwd", early + "x", "sub-" + early[4:], "sub_" + early[4:29] + "I"} {
		if id.Is(id.Subject, bad) {
			t.Errorf("%q accepted", bad)
		}
	}
}

func TestIdentifiersDoNotRepeat(t *testing.T) {
	seen := map[string]bool{}
	for range 100_000 {
		v := id.New(id.Subject)
		if seen[v] {
			t.Fatal("repeated", v)
		}
		seen[v] = true
	}
}
