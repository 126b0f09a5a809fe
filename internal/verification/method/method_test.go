package method

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

const day = 24 * time.Hour

func link(contact string, days int) Proof {
	return Proof{Method: Link, Contact: contact, Age: time.Duration(days) * day}
}

func by(method string, days int) Proof {
	return Proof{Method: method, Age: time.Duration(days) * day}
}

func TestEachMethodGivesItsLevelUnderItsConditions(t *testing.T) {
	r := Shipped()
	answer := by(History, 0)
	strong := []Proof{link("email", 30), answer}
	for _, c := range []struct {
		name string
		c    Case
		want int
	}{
		{"nobody bound", Case{Proofs: strong, Number: true}, 0},
		{"nothing proved", Case{Bound: true}, 1},
		{"the caller's number alone", Case{Bound: true, Number: true}, 1},
		{"a link to a contact of 6 days", Case{Bound: true, Proofs: []Proof{link("email", 6)}}, 1},
		{"a link to a contact of 7 days", Case{Bound: true, Proofs: []Proof{link("phone", 7)}}, 2},
		{"an app of 7 days", Case{Bound: true, Proofs: []Proof{by(Push, 7)}}, 2},
		{"an app of 30 days", Case{Bound: true, Proofs: []Proof{by(Push, 30)}}, 3},
		{"a passkey of 30 days", Case{Bound: true, Proofs: []Proof{by(Passkey, 30)}}, 3},
		{"a call back to a number of 29 days", Case{Bound: true, Proofs: []Proof{by(CallBack, 29)}}, 1},
		{"a call back to a number of 30 days", Case{Bound: true, Proofs: []Proof{by(CallBack, 30)}}, 2},
		{"a call back after the SIM changed", Case{Bound: true, Proofs: []Proof{by(CallBack, 90)}, Signals: []string{"sim_changed"}}, 1},
		{"two answers", Case{Bound: true, Proofs: []Proof{answer, answer}}, 1},
		{"two answers and the number", Case{Bound: true, Number: true, Proofs: []Proof{answer, answer}}, 2},
		{"two answers and a number whose SIM nobody can tell of", Case{Bound: true, Number: true, Proofs: []Proof{answer, answer}, Signals: []string{"sim_unknown"}}, 1},
		{"a link and an answer", Case{Bound: true, Proofs: strong}, 3},
		{"a link to an address while nobody can tell of the SIM", Case{Bound: true, Proofs: strong, Signals: []string{"sim_unknown"}}, 3},
		{"a link to a number while nobody can tell of the SIM", Case{Bound: true, Proofs: []Proof{link("phone", 90), answer}, Signals: []string{"sim_unknown"}}, 1},
		{"the third call today", Case{Bound: true, Proofs: strong, Signals: []string{"repeat_calls"}}, 2},
		{"a signal nobody listed", Case{Bound: true, Proofs: strong, Signals: []string{"new_in_2027"}}, 2},
		{"a protected person", Case{Bound: true, Proofs: strong, Signals: []string{"protected_person"}}, 2},
		{"a protected person, and a second member of staff", Case{Bound: true, Proofs: append(slices.Clone(strong), by(Supervisor, 0)), Signals: []string{"protected_person"}}, 3},
		{"staff's word alone", Case{Bound: true, Number: true, Proofs: []Proof{by(Supervisor, 0), by(Notice, 90), by(Wait, 0)}}, 1},
		{"the third level and a second member of staff", Case{Bound: true, Proofs: append(slices.Clone(strong), by(Supervisor, 0), by(Notice, 30))}, 3},
		{"and a day", Case{Bound: true, Proofs: append(slices.Clone(strong), by(Supervisor, 0), by(Notice, 30), by(Wait, 0))}, 4},
		{"and a call back", Case{Bound: true, Proofs: append(slices.Clone(strong), by(Supervisor, 0), by(Notice, 30), by(CallBack, 30))}, 4},
		{"a day, but nobody was told", Case{Bound: true, Proofs: append(slices.Clone(strong), by(Supervisor, 0), by(Wait, 0))}, 3},
		{"a notice to a contact of last week", Case{Bound: true, Proofs: append(slices.Clone(strong), by(Supervisor, 0), by(Notice, 8), by(Wait, 0))}, 3},
		{"the second level is no start for the fourth", Case{Bound: true, Proofs: []Proof{link("email", 8), by(Supervisor, 0), by(Notice, 30), by(Wait, 0)}}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := r.Level(c.c); got != c.want {
				t.Errorf("V%d, want V%d", got, c.want)
			}
		})
	}
}

func TestARepresentativeNeedsTwoContactsOfTheirOwnAndTheDocument(t *testing.T) {
	r := Shipped().Represented()
	both := []Proof{link("phone", 30), link("email", 30)}
	grave := append(slices.Clone(both), by(Document, 0), by(Wait, 0), by(Notice, 30))
	for _, c := range []struct {
		name string
		c    Case
		want int
	}{
		{"nothing proved, from the customer's number", Case{Bound: true, Number: true}, 1},
		{"a contact of 6 days", Case{Bound: true, Proofs: []Proof{link("phone", 6)}}, 1},
		{"a contact of 7 days", Case{Bound: true, Proofs: []Proof{link("phone", 7)}}, 2},
		{"one contact, however old and however often", Case{Bound: true, Proofs: []Proof{link("phone", 90), link("phone", 90), by(History, 0), by(History, 0)}}, 2},
		{"what is the customer's: app, passkey, call back, history", Case{Bound: true, Number: true, Proofs: []Proof{by(Push, 90), by(Passkey, 90), by(CallBack, 90), by(History, 0), by(History, 0)}}, 1},
		{"two contacts, one of them young", Case{Bound: true, Proofs: []Proof{link("phone", 30), link("email", 29)}}, 2},
		{"two contacts of 30 days", Case{Bound: true, Proofs: both}, 3},
		{"and somebody calls often", Case{Bound: true, Proofs: both, Signals: []string{"repeat_calls"}}, 2},
		{"the document, a day and a notice", Case{Bound: true, Proofs: grave}, 4},
		{"a document that nobody verified", Case{Bound: true, Proofs: slices.DeleteFunc(slices.Clone(grave), func(p Proof) bool { return p.Method == Document })}, 3},
		{"no day", Case{Bound: true, Proofs: slices.DeleteFunc(slices.Clone(grave), func(p Proof) bool { return p.Method == Wait })}, 3},
		{"nobody was told", Case{Bound: true, Proofs: slices.DeleteFunc(slices.Clone(grave), func(p Proof) bool { return p.Method == Notice })}, 3},
		{"the decision without the representative", Case{Bound: true, Proofs: grave[2:]}, 1},
	} {
		if got := r.Level(c.c); got != c.want {
			t.Errorf("%s: V%d, want V%d", c.name, got, c.want)
		}
	}
	if r.Reaches(Link, "phone", 30*day, nil) != 3 || r.Reaches(Link, "phone", 29*day, nil) != 2 || r.Reaches(Link, "email", 30*day, nil) != 3 {
		t.Error("what a contact of a representative leads to")
	}
}

var anyProof = rapid.Custom(func(t *rapid.T) Proof {
	return Proof{
		Method:  rapid.SampledFrom(known).Draw(t, "method"),
		Contact: rapid.SampledFrom([]string{"", "email", "phone", "app"}).Draw(t, "contact"),
		Age:     time.Duration(rapid.IntRange(0, 40).Draw(t, "days")) * day,
	}
})

func anyCase(t *rapid.T) Case {
	all := append(Shipped().Signals(), "unheard_of")
	return Case{
		Bound: rapid.Bool().Draw(t, "bound"), Number: rapid.Bool().Draw(t, "number"),
		Proofs:  rapid.SliceOfN(anyProof, 0, 7).Draw(t, "proofs"),
		Signals: rapid.SliceOfDistinct(rapid.SampledFrom(all), rapid.ID[string]).Draw(t, "signals"),
	}
}

func anyRestriction(t *rapid.T, r *Rules) *Rules {
	var b strings.Builder
	b.WriteString("version: 1\nwithout: [" + strings.Join(rapid.SliceOfDistinct(rapid.SampledFrom(known), rapid.ID[string]).Draw(t, "without"), ", ") + "]\n")
	b.WriteString("at_most: {" + rapid.SampledFrom(known).Draw(t, "capped") + ": " + rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(t, "cap") + "}\n")
	b.WriteString("ages: {push: " + rapid.SampledFrom([]string{"7d", "20d", "90d"}).Draw(t, "age") + "}\n")
	out, err := r.Restrict([]byte(b.String()))
	if err != nil {
		t.Fatal(err, b.String())
	}
	return out
}

func TestASignalNeverRaisesAndARestrictionNeverLoosensOverAllCombinations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Shipped()
		c := anyCase(t)
		level := r.Level(c)
		for _, s := range append(r.Signals(), "unheard_of") {
			more := c
			more.Signals = append(slices.Clone(c.Signals), s)
			if got := r.Level(more); got > level {
				t.Fatalf("%s raises V%d to V%d: %+v", s, level, got, c)
			}
		}
		more := c
		more.Proofs = append(slices.Clone(c.Proofs), anyProof.Draw(t, "one more"))
		if got := r.Level(more); got < level {
			t.Fatalf("one more proof lowers V%d to V%d: %+v", level, got, more)
		}
		if r.Represented().Level(more) < r.Represented().Level(c) {
			t.Fatalf("one more proof lowers a representative: %+v", more)
		}
		narrow := anyRestriction(t, r)
		if narrow.Represented().Level(c) > r.Represented().Level(c) {
			t.Fatalf("a restriction raises a representative: %+v", c)
		}
		if got := narrow.Level(c); got > level {
			t.Fatalf("a restriction raises V%d to V%d: %+v", level, got, c)
		}
		// What a grant keeps gives the same level again, and a signal that comes later does what it would have done before.
		whole := Read(Words(c), c.Signals)
		whole.Bound = c.Bound
		if got := r.Level(whole); got != level {
			t.Fatalf("V%d was written down as V%d: %+v %v", level, got, c, Words(c))
		}
	})
}

func TestWithoutAProofOfTheCallerNoCombinationLeavesTheFirstLevel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCase(t)
		c.Bound = true
		c.Proofs = slices.DeleteFunc(c.Proofs, func(p Proof) bool {
			return !slices.Contains([]string{Supervisor, Notice, Wait, Document}, p.Method)
		})
		for _, r := range []*Rules{Shipped(), Shipped().Represented()} {
			if got := r.Level(c); got != 1 {
				t.Fatalf("V%d without a proof: %+v", got, c)
			}
		}
	})
}

func TestAScreenIsToldWhatAWayCanLeadTo(t *testing.T) {
	r := Shipped()
	for _, c := range []struct {
		method, contact string
		days            int
		signals         []string
		want            int
	}{
		{Link, "email", 30, nil, 3}, {Link, "email", 29, nil, 2}, {Link, "email", 6, nil, 1}, {Link, "phone", 90, []string{"sim_changed"}, 1},
		{Link, "email", 90, []string{"sim_changed"}, 2}, {Link, "email", 90, []string{"repeat_calls"}, 2}, {Push, "app", 40, nil, 3}, {CallBack, "phone", 30, nil, 2},
		{History, "", 0, nil, 3}, {Supervisor, "", 0, nil, 1},
	} {
		if got := r.Reaches(c.method, c.contact, time.Duration(c.days)*day, c.signals); got != c.want {
			t.Errorf("%+v: V%d", c, got)
		}
	}
	if r.Age(CallBack) != 30*day || r.Age(Link) != 7*day || r.Age(Wait) != 0 {
		t.Error("the ages that are asked for")
	}
}

func TestAFileThatCouldBeAHoleIsRefused(t *testing.T) {
	with := func(old, instead string) []byte {
		text := strings.Replace(string(shipped), old, instead, 1)
		if text == string(shipped) {
			t.Fatalf("%q is not in the file", old)
		}
		return []byte(text)
	}
	for name, text := range map[string][]byte{
		"a word nobody knows":               with("version: 1", "version: 1\nopen: true"),
		"another version":                   with("version: 1", "version: 2"),
		"a method nobody carries out":       with("methods: [link,", "methods: [link, voice,"),
		"a method twice":                    with("methods: [link,", "methods: [link, link,"),
		"a way without a proof":             with("by: [{method: link, age: 7d}]", "by: []"),
		"no proof at all is enough":         with("{method: history, times: 2}", "{method: history, times: 0}"),
		"staff's word as a proof":           with("{level: 2, by: [{method: link, age: 7d}]}", "{level: 2, by: [{method: supervisor}]}"),
		"a fifth level":                     with("level: 4, from: 3", "level: 5, from: 4"),
		"the fourth without the third":      with("level: 4, from: 3", "level: 4"),
		"a third level that is not calm":    with("{level: 3, by: [{method: push, age: 30d}], calm: true}", "{level: 3, by: [{method: push, age: 30d}]}"),
		"levels out of order":               with("{level: 3, by: [{method: passkey, age: 30d}], calm: true}", "{level: 2, by: [{method: passkey, age: 30d}]}"),
		"an age that is none":               with("age: 7d", "age: -7d"),
		"an age in hours":                   with("age: 7d", "age: 7h"),
		"a signal that voids nothing known": with("voids: [number]", "voids: [nothing]"),
		"a signal that asks for no method":  with("asks: supervisor", "asks: mercy"),
		"no ways":                           []byte("version: 1\nmethods: [link]\n"),
		"too long":                          []byte(strings.Repeat("#", maxFile+1)),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := load(text); errs.CodeOf(err) != "verification.methods_file" {
				t.Errorf("taken: %v", err)
			}
		})
	}
}

func TestADeploymentRestrictsAndCannotLoosen(t *testing.T) {
	r := Shipped()
	same, err := r.Restrict(nil)
	if err != nil || same != r {
		t.Fatal(err)
	}
	narrow, err := r.Restrict([]byte("version: 1\nwithout: [history]\nat_most: {push: 2}\nages: {link: 14d}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if narrow.Uses(History) || !narrow.Uses(Link) || narrow.Age(Link) != 14*day {
		t.Error("not restricted")
	}
	for _, c := range []struct {
		c    Case
		want int
	}{
		{Case{Bound: true, Proofs: []Proof{link("email", 13)}}, 1},
		{Case{Bound: true, Proofs: []Proof{link("email", 60), by(History, 0)}}, 2},
		{Case{Bound: true, Proofs: []Proof{by(Push, 60)}}, 2},
		{Case{Bound: true, Proofs: []Proof{by(Passkey, 60)}}, 3},
	} {
		if got := narrow.Level(c.c); got != c.want {
			t.Errorf("%+v: V%d", c.c, got)
		}
	}
	for name, text := range map[string]string{
		"a younger contact":  "version: 1\nages: {link: 1d}\n",
		"a new way":          "version: 1\nways: [{level: 3, by: [{method: link}]}]\n",
		"an unknown method":  "version: 1\nwithout: [voice]\n",
		"a level of none":    "version: 1\nat_most: {link: 9}\n",
		"an unknown version": "version: 3\n",
		"no file of ours":    "[",
	} {
		if _, err := r.Restrict([]byte(text)); errs.CodeOf(err) != "verification.methods_file" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
