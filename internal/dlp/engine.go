package dlp

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/dlp/crowd"
	"github.com/amanah-id/amanah/internal/dlp/evidence"
	"github.com/amanah-id/amanah/internal/dlp/known"
	"github.com/amanah-id/amanah/internal/dlp/pasted"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/pii"
	"github.com/amanah-id/amanah/pii/extract/packed"
	"github.com/amanah-id/amanah/pii/replace"
)

// judge says what is done with a passage. A text longer than MaxText is refused whole; nothing passes because it was not
// looked at.
func (s *Service) judge(tx *db.Tx, p Passage) (Judgement, error) {
	if p.Reason = strings.TrimSpace(p.Reason); p.Reason != "" && (s.holds(p.Reason) || !plausible(p.Reason)) {
		return Judgement{}, errValue
	}
	if p.Content != nil {
		return s.judgeContent(tx, p)
	}
	text := []byte(p.Text)
	if len(text) > MaxText || !pasted.Whole(text) {
		return Judgement{}, errTooLong
	}
	scanner := s.scanners.Get().(*pii.Scanner)
	defer s.scanners.Put(scanner)
	shapes := pasted.Scan(scanner, text)
	places, ready, err := s.look(tx, p, text)
	if err == nil {
		places, err = pasted.Known(text, places, func(b []byte) ([]known.Place, error) { in, _, err := s.look(tx, p, b); return in, err })
	}
	if err != nil {
		return Judgement{}, err
	}
	found, list := found(shapes, places)
	j := Judgement{Verdict: Allow, Text: p.Text, Masked: p.Text, Indexed: ready, controller: p.Controller, bare: bare{people: crowd.Of(scanner, text, shapes)}}
	if p.Recipient == Inside { // colleagues may name customers; what has a shape has a place of its own
		found, list = shapes, slices.DeleteFunc(list, func(f Found) bool { return f.shapeless })
	}
	for i := range list {
		list[i].owned(p)
	}
	j.Found = list
	j.tells(whose(list))
	if err := s.decide(tx, p, &j); err != nil || len(found) == 0 {
		return j, err
	}
	var masked []pii.Finding
	for i, f := range found {
		if j.Found[i].masks {
			masked = append(masked, f)
		}
	}
	name := s.name(p.Lang)
	j.Masked = string(replace.Text(scanner, nil, []byte(round.Replace(p.Text)), found, name))
	switch {
	case !j.Goes():
		j.Text = ""
	case len(masked) > 0:
		j.Text = string(replace.Text(scanner, nil, text, masked, name))
	}
	return j, nil
}

// judgeContent says what is done with a stream that Examine has looked at.
func (s *Service) judgeContent(tx *db.Tx, p Passage) (Judgement, error) {
	list, of, err := s.contentOf(tx, p)
	if err != nil {
		return Judgement{}, err
	}
	j := Judgement{Verdict: Allow, Masked: p.Content.masked, Found: list, Indexed: p.Content.indexed, stream: true, controller: p.Controller, bare: bare{people: p.Content.People}}
	j.tells(of)
	return j, s.decide(tx, p, &j)
}

// tells says how many customers and people the passage tells of.
func (j *Judgement) tells(of []string) {
	j.Customers = len(of)
	j.Of = of[:min(len(of), maxWhose)]
	j.People = max(j.bare.people, j.Customers)
}

// decide asks the rules about what was found.
func (s *Service) decide(tx *db.Tx, p Passage, j *Judgement) error {
	if len(j.Found) == 0 {
		return nil
	}
	rules, err := s.rules(tx)
	if errs.CodeOf(err) == errRules.Code {
		err = errs.Wrap(errs.Internal, "dlp.rule_failed", err) // for whoever writes; the page of the rules says what is wrong
	}
	if err != nil {
		return err
	}
	asked := factsOf(p, *j)
	verdict, said, err := rules.judge(asked)
	if err != nil {
		return err
	}
	j.Verdict, j.Given = verdict, p.Reason != ""
	for i := range j.Found {
		one := said[slices.Index(asked.Found, j.Found[i].seen())]
		j.Found[i].Verdict, j.Found[i].Rules, j.Found[i].masks = one.Verdict, one.Rules, one.masks
	}
	if j.told() {
		return nil
	}
	plain := asked.unknown(j.bare.people)
	if j.bare.verdict, said, err = rules.judge(plain); err != nil {
		return err
	}
	for i := range j.Found {
		f := &j.Found[i]
		if at := slices.Index(plain.Found, f.seen().unknown()); at >= 0 && !f.shapeless {
			f.bare = bare{verdict: said[at].Verdict, rules: said[at].Rules}
		}
		if f.Verdict.weight() > max(f.bare.verdict.weight(), Alert.weight()) {
			f.bare, f.raised = bare{verdict: f.Verdict, rules: rules.saying(f.Rules, f.Verdict)}, true
		}
	}
	return nil
}

// plausible is a reason that somebody can read.
func plausible(reason string) bool {
	return utf8.RuneCountInString(reason) <= maxAdvice && strings.ContainsFunc(reason, unicode.IsLetter)
}

// factsOf has what is alike once: a text may hold thousands of numbers, the rules are asked inside the one writer, and the
// facts are kept.
func factsOf(p Passage, j Judgement) facts {
	f := facts{Way: p.Way, Recipient: p.Recipient, Kind: string(p.By.Kind()), Role: string(p.By.Role()), Channel: p.Channel, Level: p.Level, InContact: p.Interaction != "",
		People: j.People, Customers: j.Customers, Indexed: j.Indexed, Destination: p.Destination, LanguageModel: p.LanguageModel}
	for _, one := range j.Found {
		f.Findings += one.Count
		if s := one.seen(); !slices.Contains(f.Found, s) {
			f.Found = append(f.Found, s)
		}
	}
	return f
}

func (f Found) seen() seen { return seen{f.Kind, f.Confidence, f.Fixed, f.Known, f.Own, f.shapeless} }

// MaskedText is a text of a stream as it may go: every value of a kind that is masked is replaced by its name.
func (s *Service) MaskedText(j Judgement, lang i18n.Lang, text []byte) []byte {
	scanner := s.scanners.Get().(*pii.Scanner)
	defer s.scanners.Put(scanner)
	all, list := s.foundIn(scanner, j.controller, text)
	kinds := j.Replaced()
	var masked []pii.Finding
	for i, f := range all {
		if slices.Contains(kinds, list[i].Kind) {
			masked = append(masked, f)
		}
	}
	return replace.Text(scanner, nil, text, masked, s.name(lang))
}

// foundIn are the findings of a text of a controller.
func (s *Service) foundIn(scanner *pii.Scanner, controller string, text []byte) ([]pii.Finding, []Found) {
	var places []known.Place
	if s.o.Known != nil && controller != "" {
		whose := func(b []byte) ([]known.Place, error) { in, _, err := s.o.Known.Whose(controller, b); return in, err }
		places, _ = whose(text) // an index in memory, which does not fail
		places, _ = pasted.Known(text, places, whose)
	}
	return found(pasted.Scan(scanner, text), places)
}

// name puts the name of a finding's kind in its place, with the last digits where keeping them does no harm.
func (s *Service) name(lang i18n.Lang) replace.Replacer {
	p := s.o.Texts(lang)
	return func(dst []byte, f pii.Finding, found, value []byte) []byte {
		kind := f.Type.String()
		if f.Type == pii.Custom && told(f.Rule) == Personal {
			kind = Personal
		}
		dst = append(append(dst, '['), p.T("dlp.kind_"+kind)...)
		if keep := replace.Tail(f.Type); keep > 0 && len(value) >= 2*keep+1 && !packed.Is(found) {
			dst = append(append(dst, " ****"...), value[len(value)-keep:]...)
		}
		return append(dst, ']')
	}
}

// round puts round brackets in the place of the writer's own: evidence tells findings by theirs.
var round = strings.NewReplacer("[", "(", "]", ")")

// evidenceOf is the evidence of a passage of a controller. Names are looked for near the first findings; what lies further on
// is left out.
func (s *Service) evidenceOf(controller, masked string) string {
	if from := strings.IndexByte(masked, '['); from > 200 {
		masked = "… " + masked[strings.LastIndexByte(masked[:from-200], ' ')+1:]
	}
	if len(masked) > maxNamed {
		masked = masked[:strings.LastIndexByte(masked[:maxNamed], ' ')+1] + "…"
	}
	return evidence.Of(s.withoutNames(controller, masked))
}
