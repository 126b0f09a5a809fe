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

// judge says what is done with a text. A text longer than MaxText is refused whole; nothing passes because it was not
// looked at.
func (s *Service) judge(tx *db.Tx, p Passage) (Judgement, error) {
	if len(p.Text) > MaxText {
		return Judgement{}, errTooLong
	}
	scanner := s.scanners.Get().(*pii.Scanner)
	defer s.scanners.Put(scanner)
	text := []byte(p.Text)
	found := scanner.Scan(nil, text)
	j := Judgement{Verdict: Allow, Text: p.Text, Masked: p.Text, People: people(scanner, text, found)}
	if len(found) == 0 {
		return j, nil
	}
	rules, err := s.rules(tx)
	if errs.CodeOf(err) == errRules.Code {
		err = errs.Wrap(errs.Internal, "dlp.rule_failed", err) // for whoever writes; the page of the rules says what is wrong
	}
	if err != nil {
		return Judgement{}, err
	}
	for _, f := range found {
		j.Found = append(j.Found, Found{Type: f.Type, Start: f.Start, End: f.End, Confidence: int(f.Confidence * 100)})
	}
	asked := factsOf(p, j)
	verdict, said, err := rules.judge(asked)
	if err != nil {
		return Judgement{}, err
	}
	j.Verdict = verdict
	var masked []pii.Finding
	for i, f := range found {
		one := said[slices.Index(asked.Found, j.Found[i].seen())]
		j.Found[i].Verdict, j.Found[i].Rules = one.Verdict, one.Rules
		if one.Verdict == Mask {
			masked = append(masked, f)
		}
	}
	name := s.name(p.Lang)
	j.Masked = string(replace.Text(scanner, nil, []byte(round.Replace(p.Text)), found, name))
	switch j.Verdict {
	case Block:
		j.Text = ""
	case Mask:
		j.Text = string(replace.Text(scanner, nil, text, masked, name))
	default:
	}
	return j, nil
}

// factsOf has what is alike once: a text may hold thousands of numbers, the rules are asked inside the one writer, and the
// facts are kept.
func factsOf(p Passage, j Judgement) facts {
	f := facts{Way: p.Way, Recipient: p.Recipient, Kind: string(p.By.Kind()), Role: string(p.By.Role()), Channel: p.Channel, Level: p.Level, InContact: p.Interaction != "",
		People: j.People, Findings: len(j.Found)}
	for _, one := range j.Found {
		if s := one.seen(); !slices.Contains(f.Found, s) {
			f.Found = append(f.Found, s)
		}
	}
	return f
}

func (f Found) seen() seen { return seen{f.Type.String(), f.Confidence} }

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
