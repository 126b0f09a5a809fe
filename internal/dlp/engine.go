package dlp

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/pii"
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
	if len(p.Text) > MaxText {
		return Judgement{}, errTooLong
	}
	scanner := s.scanners.Get().(*pii.Scanner)
	defer s.scanners.Put(scanner)
	text := []byte(p.Text)
	found := scanner.Scan(nil, text)
	j := Judgement{Verdict: Allow, Text: p.Text, Masked: p.Text, People: people(scanner, text, found)}
	for _, f := range found {
		j.Found = append(j.Found, Found{Kind: f.Type.String(), Start: f.Start, End: f.End, Count: 1, Confidence: int(f.Confidence * 100)})
	}
	if err := s.decide(tx, p, &j); err != nil || len(found) == 0 {
		return j, err
	}
	var masked []pii.Finding
	for i, f := range found {
		if j.Found[i].Verdict == Mask {
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
	j := Judgement{Verdict: Allow, People: p.Content.People, Masked: p.Content.masked, Found: slices.Clone(p.Content.found)}
	return j, s.decide(tx, p, &j)
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
		j.Found[i].Verdict, j.Found[i].Rules = one.Verdict, one.Rules
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
		People: j.People}
	for _, one := range j.Found {
		f.Findings += one.Count
		if s := one.seen(); !slices.Contains(f.Found, s) {
			f.Found = append(f.Found, s)
		}
	}
	return f
}

func (f Found) seen() seen { return seen{f.Kind, f.Confidence, f.Fixed} }

// MaskedText is a text of a stream as it may go: every value of a kind that is masked is replaced by its name.
func (s *Service) MaskedText(j Judgement, lang i18n.Lang, text []byte) []byte {
	scanner := s.scanners.Get().(*pii.Scanner)
	defer s.scanners.Put(scanner)
	kinds := j.Replaced()
	found := slices.DeleteFunc(scanner.Scan(nil, text), func(f pii.Finding) bool { return !slices.Contains(kinds, f.Type.String()) })
	return replace.Text(scanner, nil, text, found, s.name(lang))
}

// name puts the name of a finding's kind in its place, with the last digits where keeping them does no harm.
func (s *Service) name(lang i18n.Lang) replace.Replacer {
	p := s.o.Texts(lang)
	return func(dst []byte, f pii.Finding, _, value []byte) []byte {
		dst = append(append(dst, '['), p.T("dlp.kind_"+f.Type.String())...)
		if keep := replace.Tail(f.Type); keep > 0 && len(value) >= 2*keep+1 {
			dst = append(append(dst, " ****"...), value[len(value)-keep:]...)
		}
		return append(dst, ']')
	}
}

// round puts round brackets in the place of the writer's own: evidence tells findings by theirs.
var round = strings.NewReplacer("[", "(", "]", ")")

// evidence is what a reviewer needs to understand what happened and no more: the masked findings with up to three words on
// each side, of which those with a capital letter or a digit are left out: they could be a name or a number.
func evidence(masked string) string {
	words := strings.Fields(masked)
	keep := make([]bool, len(words))
	inside := false
	for i, w := range words {
		if strings.Contains(w, "[") {
			inside = true
		}
		if inside {
			for k := max(0, i-3); k <= min(len(words)-1, i+3); k++ {
				keep[k] = true
			}
		}
		if strings.Contains(w, "]") {
			inside = false
		}
	}
	var out []string
	inside = false
	for i, w := range words {
		inside = inside || strings.Contains(w, "[")
		switch {
		case !keep[i]:
			if len(out) > 0 && out[len(out)-1] != "…" || len(out) == 0 {
				out = append(out, "…")
			}
		case inside, plainWord(w):
			out = append(out, w)
		default:
			out = append(out, "···")
		}
		if strings.Contains(w, "]") {
			inside = false
		}
	}
	text := strings.Join(out, " ")
	if utf8.RuneCountInString(text) > maxEvidence {
		text = string([]rune(text)[:maxEvidence]) + "…"
	}
	return text
}

// plainWord is a word in small letters, with its punctuation.
func plainWord(w string) bool {
	for _, r := range w {
		if unicode.IsUpper(r) || unicode.IsDigit(r) || r == '@' || r > unicode.MaxLatin1 && !unicode.IsLower(r) && !unicode.IsPunct(r) {
			return false
		}
	}
	return true
}
