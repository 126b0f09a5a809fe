package verification_test

import (
	. "github.com/amanah-id/amanah/internal/verification"

	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/verification/method"
)

const day = 24 * time.Hour

func TestAGrantDecaysAndSignalsOnlyLowerIt(t *testing.T) {
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	grant := func(level int, left time.Duration, methods ...string) Grant {
		return Grant{Level: level, Methods: methods, Expires: now.Add(left)}
	}
	strong := grant(V3, time.Minute, "link:email@30", "history")
	phone := grant(V2, time.Minute, "link:phone@30")
	asked := grant(V2, time.Minute, "history", "history", "number")
	for _, c := range []struct {
		name    string
		grants  []Grant
		signals []string
		want    int
	}{
		{"no grant", nil, nil, V1},
		{"a grant in time", []Grant{strong}, nil, V3},
		{"a grant at its end", []Grant{grant(V3, 0, "link:email@30", "history")}, nil, V1},
		{"an older one ended, a weaker one lives", []Grant{grant(V3, -time.Second, "link:email@30", "history"), phone}, nil, V2},
		{"a grant of an earlier version", []Grant{grant(V2, time.Minute, "link:email")}, nil, V1},
		{"proofs that would give more than was granted", []Grant{grant(V2, time.Minute, "link:email@30", "history")}, nil, V2},
		{"any risk takes the third level", []Grant{strong}, []string{"voice_suspect"}, V2},
		{"the SIM changed after a link to it", []Grant{phone}, []string{"sim_changed"}, V1},
		{"the SIM changed after a link to an address", []Grant{strong}, []string{"sim_changed"}, V2},
		{"the SIM changed after answers", []Grant{asked}, []string{"sim_changed"}, V1},
		{"the number was spoofed after answers", []Grant{asked}, []string{"number_spoofed"}, V1},
		{"the number was spoofed after a link", []Grant{phone}, []string{"number_spoofed"}, V2},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, until := LevelNow(method.Shipped(), c.grants, c.signals, now)
			if got != c.want || (got > V1) != !until.IsZero() {
				t.Errorf("V%d until %v, want V%d", got, until, c.want)
			}
		})
	}
}

func TestTheNumberHasTwoDigitsAndAGuessIsRightOnceInNinety(t *testing.T) {
	times := map[int]int{}
	for range 9000 {
		n := DrawNumber()
		if n < 10 || n > 99 {
			t.Fatal(n)
		}
		times[n]++
	}
	for n := 10; n < 100; n++ {
		if times[n] < 40 || times[n] > 200 { // 100 are expected, give or take ten
			t.Errorf("%d came %d times", n, times[n])
		}
	}
}
