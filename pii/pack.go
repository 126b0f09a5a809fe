package pii

import (
	"github.com/amanah-id/amanah/pii/internal/rule"
	"github.com/amanah-id/amanah/pii/internal/token"
)

// Pack is a set of rules of one's own. Rules are data: literals and shapes, a check, words beside. There are no regular
// expressions, so that no rule can make a scan slow.
type Pack struct {
	Name  string `json:"name"`
	Rules []Rule `json:"rules"`
}

// Rule finds literals, or pieces of a shape.
type Rule = rule.Rule

func (s *Scanner) compile(packs []Pack) {
	for _, p := range packs {
		for _, r := range p.Rules {
			if r.Score == 0 {
				r.Score = 0.8
			}
			s.rules = append(s.rules, r)
		}
	}
}

// custom looks for the rules of packs at every place where a word or number begins.
func (s *Scanner) custom(text []byte) {
	if len(s.rules) == 0 {
		return
	}
	for i := range text {
		if !token.IsAlnum(text[i]) || i > 0 && token.IsAlnum(text[i-1]) {
			continue
		}
		for k := range s.rules {
			r := &s.rules[k]
			n := r.Match(text, i, s.region)
			if n == 0 || !r.Near(text, i, i+n) {
				continue
			}
			s.found = append(s.found, Finding{Type: Custom, Rule: r.Name, Start: i, End: i + n, Confidence: r.Score, why: why{facts: fFormat}})
		}
	}
}
