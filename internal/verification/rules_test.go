package verification

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const day = 24 * time.Hour

func TestALevelComesFromProofAndFromNothingElse(t *testing.T) {
	risk := func(r ...string) []string { return r }
	for _, c := range []struct {
		name string
		e    Evidence
		want int
	}{
		{"nobody bound", Evidence{Link: true, Contact: "email", Age: 90 * day, History: 3, CLIMatch: true}, V0},
		{"bound, and nothing proved", Evidence{Bound: true}, V1},
		{"the caller's number alone", Evidence{Bound: true, CLIMatch: true}, V1},
		{"a link to a contact of 6 days", Evidence{Bound: true, Link: true, Contact: "email", Age: 7*day - time.Second}, V1},
		{"a link to a contact of 7 days", Evidence{Bound: true, Link: true, Contact: "email", Age: 7 * day}, V2},
		{"a link to a contact of no known age", Evidence{Bound: true, Link: true, Contact: "email"}, V1},
		{"a link to a telephone", Evidence{Bound: true, Link: true, Contact: "phone", Age: 30 * day}, V2},
		{"a link to a telephone whose SIM changed", Evidence{Bound: true, Link: true, Contact: "phone", Age: 90 * day, Risks: risk("sim_changed")}, V1},
		{"a link to an address while the SIM changed", Evidence{Bound: true, Link: true, Contact: "email", Age: 90 * day, Risks: risk("sim_changed")}, V2},
		{"two answers without the caller's number", Evidence{Bound: true, History: 2}, V1},
		{"two answers with the caller's number", Evidence{Bound: true, History: 2, CLIMatch: true}, V2},
		{"one answer with the caller's number", Evidence{Bound: true, History: 1, CLIMatch: true}, V1},
		{"three answers with the caller's number", Evidence{Bound: true, History: 3, CLIMatch: true}, V2},
		{"two answers with a number that may be spoofed", Evidence{Bound: true, History: 2, CLIMatch: true, Risks: risk("number_spoofed")}, V1},
		{"two answers and the SIM changed", Evidence{Bound: true, History: 2, CLIMatch: true, Risks: risk("sim_changed")}, V1},
		{"a link and an answer", Evidence{Bound: true, Link: true, Contact: "email", Age: 30 * day, History: 1}, V3},
		{"a link and an answer, contact of 29 days", Evidence{Bound: true, Link: true, Contact: "email", Age: 30*day - time.Second, History: 1}, V2},
		{"a link and an answer, and any risk", Evidence{Bound: true, Link: true, Contact: "email", Age: 90 * day, History: 3, CLIMatch: true, Risks: risk("repeat_calls")}, V2},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, methods := LevelOf(c.e); got != c.want || (got >= V2) != (len(methods) > 0) {
				t.Errorf("V%d by %v, want V%d", got, methods, c.want)
			}
		})
	}
}

func TestAGrantDecaysAndSignalsOnlyLowerIt(t *testing.T) {
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	grant := func(level int, left time.Duration, methods ...string) Grant {
		return Grant{Level: level, Methods: methods, Expires: now.Add(left)}
	}
	strong := grant(V3, time.Minute, "link:email", "history")
	phone := grant(V2, time.Minute, "link:phone")
	asked := grant(V2, time.Minute, "history", "number")
	for _, c := range []struct {
		name   string
		grants []Grant
		risks  []string
		want   int
	}{
		{"no grant", nil, nil, V1},
		{"a grant in time", []Grant{strong}, nil, V3},
		{"a grant at its end", []Grant{grant(V3, 0, "link:email")}, nil, V1},
		{"an older one ended, a weaker one lives", []Grant{grant(V3, -time.Second, "link:email"), phone}, nil, V2},
		{"any risk takes the third level", []Grant{strong}, []string{"voice_suspect"}, V2},
		{"the SIM changed after a link to it", []Grant{phone}, []string{"sim_changed"}, V1},
		{"the SIM changed after a link to an address", []Grant{strong}, []string{"sim_changed"}, V2},
		{"the SIM changed after answers", []Grant{asked}, []string{"sim_changed"}, V1},
		{"the number was spoofed after answers", []Grant{asked}, []string{"number_spoofed"}, V1},
		{"the number was spoofed after a link", []Grant{phone}, []string{"number_spoofed"}, V2},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, until := LevelNow(c.grants, c.risks, now)
			if got != c.want || (got > V1) != !until.IsZero() {
				t.Errorf("V%d until %v, want V%d", got, until, c.want)
			}
		})
	}
}

func TestMoreRisksNeverMeanMoreLevel(t *testing.T) {
	all := []string{"sim_changed", "number_spoofed", "voice_suspect", "known_fraud", "repeat_calls"}
	rapid.Check(t, func(t *rapid.T) {
		e := Evidence{
			Bound: rapid.Bool().Draw(t, "bound"), Link: rapid.Bool().Draw(t, "link"), Contact: rapid.SampledFrom([]string{"email", "phone"}).Draw(t, "contact"),
			Age: time.Duration(rapid.IntRange(0, 60).Draw(t, "days")) * day, History: rapid.IntRange(0, 3).Draw(t, "history"), CLIMatch: rapid.Bool().Draw(t, "number"),
		}
		e.Risks = rapid.SliceOfDistinct(rapid.SampledFrom(all), rapid.ID[string]).Draw(t, "risks")
		now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
		less, methods := LevelOf(e)
		granted := Grant{Level: less, Methods: methods, Expires: now.Add(time.Minute)}
		for _, r := range all {
			if slices.Contains(e.Risks, r) {
				continue
			}
			more := e
			more.Risks = append(slices.Clone(e.Risks), r)
			if got, _ := LevelOf(more); got > less {
				t.Fatalf("%s raises V%d to V%d: %+v", r, less, got, e)
			}
			// What a signal does after the grant is what it would have done before, or less.
			if less >= V2 {
				before, _ := LevelOf(more)
				if after, _ := LevelNow([]Grant{granted}, more.Risks, now); after > max(before, V1) {
					t.Fatalf("%s before the proof leaves V%d, after it V%d: %+v", r, before, after, e)
				}
			}
		}
	})
}

func TestTheNumberHasTwoDigitsAndAGuessIsRightOnceInNinety(t *testing.T) {
	times := map[int]int{}
	for range 9000 {
		n := number()
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
