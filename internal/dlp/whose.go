package dlp

import (
	"cmp"
	"slices"
	"strings"

	"github.com/amanah-id/amanah/internal/dlp/known"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/pii"
	"github.com/amanah-id/amanah/pii/names"
)

// Whose data a text holds is what the rules and the reviewers may know, and nobody who writes: what is told to a writer, or to
// the program of one, is what a text of the same shapes would be told (Told), because whoever could ask "is this number a
// customer's?" would have an oracle.

// Known tells whose values a text holds; known.Index does.
type Known interface {
	// Whose says where a text holds values of customers, of one controller or of each, and whether it is ready to.
	Whose(controller string, text []byte) (places []known.Place, ready bool, err error)
	// Of are the places of a controller's customers who are still there.
	Of(tx *db.Tx, controller string, places []known.Place) ([]known.Place, error)
	// People are the names of persons in a text.
	People(controller string, text []byte) []names.Span
}

// sure is the confidence above which a place means a customer, and not somebody who is called the same.
const sure = 50

// Personal is what a kind is called to a writer that no shape tells: a name, a customer number, the number of a contract.
const Personal = "personal"

// told is what a kind is called to whoever wrote.
func told(kind string) string {
	switch kind {
	case known.Name, known.CustomerNumber, known.Reference:
		return Personal
	default:
		return kind
	}
}

// mention is a place in a text that tells of customers.
type mention struct {
	kind       string
	start, end int
	confidence int
	of         []known.Place
}

// mentions puts places together that are one: those of several customers who share a value, and those that overlap.
func mentions(places []known.Place) (out []mention) {
	for _, p := range places { // in the order of the text, the longer first
		if p.Kind != known.Name && p.Confidence <= sure {
			continue
		}
		if n := len(out); n > 0 && p.Start < out[n-1].end {
			last := &out[n-1]
			last.end, last.confidence, last.of = max(last.end, p.End), max(last.confidence, p.Confidence), append(last.of, p)
			continue
		}
		out = append(out, mention{p.Kind, p.Start, p.End, p.Confidence, []known.Place{p}})
	}
	return out
}

// finding is the mention as package replace takes one.
func (m mention) finding() pii.Finding {
	f := pii.Finding{Type: pii.Custom, Rule: m.kind, Start: m.start, End: m.end, Confidence: float32(m.confidence) / 100}
	if t, ok := pii.ParseType(m.kind); ok {
		f.Type, f.Rule = t, ""
	}
	return f
}

// found are the findings of a text in its order: what shapes tell and, beside them, what is known.
func found(shapes []pii.Finding, places []known.Place) (all []pii.Finding, list []Found) {
	ours := mentions(places)
	used := make([]bool, len(ours))
	type one struct {
		f pii.Finding
		g Found
	}
	var both []one
	at := 0
	for _, f := range shapes {
		g := Found{Kind: f.Type.String(), Start: f.Start, End: f.End, Count: 1, Confidence: int(f.Confidence * 100)}
		for at < len(ours) && ours[at].end <= f.Start {
			at++
		}
		for i := at; i < len(ours) && ours[i].start < f.End; i++ {
			used[i] = true
			g.of = append(g.of, ours[i].of...)
		}
		both = append(both, one{f, g})
	}
	for i, m := range ours {
		if !used[i] {
			both = append(both, one{m.finding(), Found{Kind: m.kind, Start: m.start, End: m.end, Count: 1, Confidence: m.confidence, shapeless: true, of: m.of}})
		}
	}
	slices.SortFunc(both, func(a, b one) int { return a.f.Start - b.f.Start })
	for _, b := range both {
		all, list = append(all, b.f), append(list, b.g)
	}
	return all, list
}

// owned says of a finding whose it is: known when it means a customer of ours, own when it goes to the very one.
func (f *Found) owned(p Passage) {
	f.Known = slices.ContainsFunc(f.of, func(o known.Place) bool { return o.Confidence > sure })
	f.Own = p.Recipient == Customer && p.Subject != "" && slices.ContainsFunc(f.of, func(o known.Place) bool { return o.Subject == p.Subject })
}

// whose are the customers that findings mean, each once. A value that several share counts as one of them.
func whose(list []Found) (out []string) {
	counted := map[string]bool{}
	for _, f := range list {
		if !f.Known || slices.ContainsFunc(f.of, func(o known.Place) bool { return counted[o.Subject] }) {
			continue
		}
		counted[f.of[0].Subject] = true
		out = append(out, f.of[0].Subject)
	}
	return out
}

// look asks whose values a text holds; ready is false where nobody can tell.
func (s *Service) look(tx *db.Tx, p Passage, text []byte) (places []known.Place, ready bool, err error) {
	if s.o.Known == nil || p.Controller == "" {
		return nil, false, nil
	}
	if places, ready, err = s.o.Known.Whose(p.Controller, text); err != nil || len(places) == 0 {
		return nil, ready, err
	}
	places, err = s.o.Known.Of(tx, p.Controller, places)
	return places, ready, err
}

// Told is what a writer, or a program that asks, may know of a judgement: what would have been said had nobody known
// whose the values are. Only what stops or changes the text is as it is, since the writer sees that anyway.
func (j Judgement) Told() Judgement {
	out := j
	if !j.told() {
		out.Of, out.Customers, out.People, out.Found = nil, 0, j.bare.people, nil
		if j.Verdict.weight() <= Alert.weight() {
			out.Verdict = j.bare.verdict
		}
		if out.Verdict == Allow {
			out.Incident = ""
		}
		for _, f := range j.Found {
			if f.shapeless && f.Verdict.weight() <= Alert.weight() {
				continue
			}
			f.Verdict, f.Rules = f.bare.verdict, f.bare.rules
			f.Kind, f.Known, f.Own, f.shapeless, f.of = told(f.Kind), false, false, false, nil
			out.Found = append(out.Found, f)
		}
	}
	if j.stream {
		out.Found = together(out.Found)
	}
	return out
}

// together are the findings of a stream in an order of their own, those that are alike as one: neither the order nor the counts
// tell which of them were known.
func together(list []Found) (out []Found) {
	for _, f := range list {
		i := slices.IndexFunc(out, func(g Found) bool {
			return g.seen() == f.seen() && g.Verdict == f.Verdict && slices.Equal(g.Rules, f.Rules)
		})
		if i >= 0 {
			out[i].Count += f.Count
			continue
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Confidence, b.Confidence), cmp.Compare(a.Verdict, b.Verdict))
	})
	return out
}

// told reports whether nothing of a judgement stands on whose the values are.
func (j Judgement) told() bool {
	return !slices.ContainsFunc(j.Found, func(f Found) bool { return f.shapeless || f.Known || f.Own })
}

// bare is what may be told: what the rules say where nobody knows whose the values are, and what stops or changes a text.
type bare struct {
	verdict Verdict
	rules   []string
	people  int
}

// withoutNames puts dots in the place of the names of persons, also those in small letters: of words in a text that is
// kept as evidence. What is in brackets is a kind already.
func (s *Service) withoutNames(controller, text string) string {
	b := []byte(text)
	var spans []names.Span
	if s.o.Known != nil {
		spans = s.o.Known.People(controller, b)
	} else {
		spans = slices.DeleteFunc(names.Find(nil, b, names.Options{}), func(n names.Span) bool { return n.Kind != names.Person })
	}
	var out strings.Builder
	at := 0
	for _, n := range spans {
		if strings.ContainsAny(text[n.Start:n.End], "[]") || strings.LastIndexByte(text[:n.Start], '[') > strings.LastIndexByte(text[:n.Start], ']') {
			continue
		}
		out.WriteString(text[at:n.Start])
		out.WriteString("···")
		at = n.End
	}
	out.WriteString(text[at:])
	return out.String()
}

// contentOf are the findings of a stream, and which customers it tells of.
func (s *Service) contentOf(tx *db.Tx, p Passage) (list []Found, of []string, err error) {
	list = slices.Clone(p.Content.found)
	var all []known.Place // of each customer one
	asked := map[string]bool{}
	for _, f := range p.Content.known {
		for _, o := range f.of {
			if !asked[o.Subject] {
				asked[o.Subject] = true
				all = append(all, o)
			}
		}
	}
	if len(all) > 0 {
		if all, err = s.o.Known.Of(tx, p.Controller, all); err != nil {
			return nil, nil, err
		}
	}
	theirs := map[string]bool{}
	for _, o := range all {
		theirs[o.Subject] = true
	}
	var knows []Found
	for _, f := range p.Content.known {
		f.of = slices.DeleteFunc(slices.Clone(f.of), func(o known.Place) bool { return !theirs[o.Subject] })
		if f.shapeless {
			if len(f.of) == 0 {
				continue
			}
			f.Confidence = 0
			for _, o := range f.of {
				f.Confidence = max(f.Confidence, o.Confidence)
			}
		}
		f.owned(p)
		knows = append(knows, f)
	}
	of = whose(knows)
	for _, f := range knows {
		list = alike(list, f)
	}
	return list, of, nil
}

// alike counts a finding with those that are like it.
func alike(list []Found, f Found) []Found {
	if i := slices.IndexFunc(list, func(g Found) bool { return g.seen() == f.seen() }); i >= 0 {
		list[i].Count++
		return list
	}
	return append(list, f)
}

// telling reports whether what becomes of the text tells its writer that a value is a customer's: it is stopped or changed for
// nothing else.
func (j Judgement) telling() bool {
	return slices.ContainsFunc(j.Found, func(f Found) bool { return f.raised })
}

// alarm tells the security team of whoever's texts are telling too often: a program's, and a person's.
func (s *Service) alarm(tx *db.Tx, p Passage, j Judgement) error {
	if s.o.Alarm == nil || !j.telling() {
		return nil
	}
	n, err := tellings(tx, p.By.ID(), tx.Now().Add(-probing))
	if err != nil || n < alarming {
		return err
	}
	return s.o.Alarm(tx, p.By, p.Controller, n)
}

// probed refuses whoever has sent too many texts that were telling within an hour: one who tries out numbers learns of each that
// it is a customer's by that alone. The refusal has its entry, whatever the text is. Texts at the desk have limits of their own,
// and a mail is held before its writer hears of it; of a web proxy that names nobody there is the alarm alone, since a refusal
// would be one of everybody's requests.
func (s *Service) probed(tx *db.Tx, p Passage) (bool, error) {
	if limited := p.Way == Program || p.Way == File || p.Way == Web && p.By.IsStaff(); s.o.Known == nil || !limited {
		return false, nil
	}
	n, err := tellings(tx, p.By.ID(), tx.Now().Add(-probing))
	if err != nil || n < probes {
		return false, err
	}
	_, err = s.o.Log.Append(tx, audit.Entry{Action: "dlp.probing", Decision: audit.Denied, Reason: errProbing.Code, Actor: p.By, Controller: p.Controller})
	return true, err
}
