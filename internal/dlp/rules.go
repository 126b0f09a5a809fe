package dlp

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/policy"
	"github.com/amanah-id/amanah/pii"
)

//go:embed policy.cedar
var shipped string

// Rule is one rule as a person reads it.
type Rule struct {
	ID       string
	Verdict  Verdict
	Sentence map[string]string
	Cedar    string
	Own      bool // of this deployment, not shipped
}

// Rules is the shipped rules and a deployment's own. They never change after ReadRules.
type Rules struct {
	set  *cedar.PolicySet
	list []Rule
	by   map[cedar.PolicyID]Rule
	own  string
}

// attributes a rule may read. A name outside this list is a spelling mistake, and a rule that reads one would never apply.
var attributes = map[string][]string{
	"principal": {"kind", "role"},
	"resource":  {"type", "confidence", "neverStored", "inFile", "known", "own"},
	"context":   {"way", "recipient", "channel", "level", "people", "findings", "inContact", "customers", "indexed", "destination", "languageModel"},
}

// ReadRules reads the rules of a deployment beside the shipped ones. It refuses a rule without its name, its sentences or
// its verdict, a permit (rules only add), and one that would never apply: that names a way or an attribute that does not
// exist, or a writer or a finding in its head.
func ReadRules(own string) (*Rules, error) {
	r := &Rules{set: cedar.NewPolicySet(), by: map[cedar.PolicyID]Rule{}, own: own}
	if len(own) > maxRules {
		return nil, unsound("Cedar", "long")
	}
	for _, text := range []struct {
		cedar string
		own   bool
	}{{shipped, false}, {own, true}} {
		list, err := cedar.NewPolicyListFromBytes("rules", []byte(text.cedar))
		if err != nil {
			return nil, unsound("Cedar", "unreadable")
		}
		for i, p := range list {
			rule, why, about := readRule(p)
			rule.Own = text.own
			if _, twice := r.by[cedar.PolicyID(rule.ID)]; twice {
				why, about = "twice", ""
			}
			if why != "" {
				return nil, unsound(strings.Trim(cmp.Or(rule.ID, fmt.Sprintf("#%d", i+1))+", "+about, ", "), why)
			}
			r.set.Add(cedar.PolicyID(rule.ID), p)
			r.by[cedar.PolicyID(rule.ID)] = rule
			r.list = append(r.list, rule)
		}
	}
	return r, nil
}

// unsound names the rule, or its number, and says why in the language of whoever reads it.
func unsound(rule, why string) *errs.E {
	return errRules.With("rule", rule).With("why", i18n.Texts{"dlp.why_" + why})
}

// readRule also returns why a rule cannot be used, and what in it.
func readRule(p *cedar.Policy) (r Rule, why, about string) {
	notes := p.Annotations()
	r = Rule{ID: string(notes["id"]), Verdict: Verdict(notes["verdict"]), Cedar: string(p.MarshalCedar()),
		Sentence: map[string]string{"id": string(notes["sentence_id"]), "en": string(notes["sentence_en"])}}
	switch {
	case r.ID == "":
		return r, "no_id", ""
	case r.Sentence["id"] == "" || r.Sentence["en"] == "":
		return r, "no_sentence", ""
	case r.Verdict.weight() < 1:
		return r, "verdict", ""
	case p.Effect() != cedar.Forbid:
		return r, "no_forbid", ""
	}
	head := (*ast.Policy)(p.AST())
	_, anybody := head.Principal.(ast.ScopeTypeAll)
	_, anything := head.Resource.(ast.ScopeTypeAll)
	if !anybody || !anything {
		return r, "head", ""
	}
	var named []types.EntityUID
	switch scope := head.Action.(type) {
	case ast.ScopeTypeEq:
		named = []types.EntityUID{scope.Entity}
	case ast.ScopeTypeInSet:
		named = scope.Entities
	case ast.ScopeTypeAll:
	default:
		return r, "action", ""
	}
	for _, a := range named {
		if a.Type != "Action" || !slices.Contains(Ways(), Way(a.ID)) {
			return r, "way", string(a.ID)
		}
	}
	if name := policy.UnknownAttribute(p, attributes); name != "" {
		return r, "attribute", name
	}
	return r, "", ""
}

// List is the rules in the order written, the shipped ones first.
func (r *Rules) List() []Rule { return slices.Clone(r.list) }

// saying are those of some rules that say this very verdict.
func (r *Rules) saying(some []string, v Verdict) []string {
	return slices.DeleteFunc(slices.Clone(some), func(rule string) bool { return r.by[cedar.PolicyID(rule)].Verdict != v })
}

// facts are what rules may ask about a passage: no text, no ids.
type facts struct {
	Way       Way       `json:"way"`
	Recipient Recipient `json:"recipient"`
	Kind      string    `json:"kind"` // of the actor
	Role      string    `json:"role,omitempty"`
	Channel   string    `json:"channel,omitempty"`
	Level     int       `json:"level"`
	InContact bool      `json:"in_contact"`
	People    int       `json:"people"`
	Findings  int       `json:"findings"`
	Customers int       `json:"customers,omitempty"` // of ours, that it tells of
	Indexed   bool      `json:"indexed,omitempty"`
	Found     []seen    `json:"found"` // each kind and confidence once

	Destination   string `json:"destination,omitempty"`
	LanguageModel bool   `json:"language_model,omitempty"`
}

// unknown are the facts as they would be had nobody known whose the values are.
func (f facts) unknown(people int) facts {
	list := f.Found
	f.People, f.Customers, f.Found = people, 0, nil
	for _, s := range list {
		if s.Shapeless {
			continue
		}
		if s = s.unknown(); !slices.Contains(f.Found, s) {
			f.Found = append(f.Found, s)
		}
	}
	return f
}

type seen struct {
	Type       string `json:"type"`
	Confidence int    `json:"confidence"`
	Fixed      bool   `json:"fixed,omitempty"`
	Known      bool   `json:"known,omitempty"`
	Own        bool   `json:"own,omitempty"`
	Shapeless  bool   `json:"shapeless,omitempty"`
}

func (s seen) unknown() seen {
	s.Known, s.Own = false, false
	return s
}

// judge says what is done with a text and with each of f.Found, and which rules said so.
func (r *Rules) judge(f facts) (Verdict, []Found, error) {
	all, out := Allow, make([]Found, len(f.Found))
	who := types.Entity{UID: types.NewEntityUID("Writer", "writer"), Attributes: types.NewRecord(types.RecordMap{"kind": types.String(f.Kind), "role": types.String(f.Role)})}
	context := types.NewRecord(types.RecordMap{
		"way": types.String(f.Way), "recipient": types.String(f.Recipient), "channel": types.String(f.Channel), "level": types.Long(f.Level),
		"people": types.Long(f.People), "findings": types.Long(f.Findings), "inContact": types.Boolean(f.InContact),
		"customers": types.Long(f.Customers), "indexed": types.Boolean(f.Indexed),
		"destination": types.String(f.Destination), "languageModel": types.Boolean(f.LanguageModel),
	})
	for i, s := range f.Found {
		t, known := pii.ParseType(s.Type)
		what := types.Entity{UID: types.NewEntityUID("Finding", "found"), Attributes: types.NewRecord(types.RecordMap{
			"type": types.String(s.Type), "confidence": types.Long(s.Confidence), "neverStored": types.Boolean(known && t.NeverStore()), "inFile": types.Boolean(s.Fixed),
			"known": types.Boolean(s.Known), "own": types.Boolean(s.Own)})}
		_, why := cedar.Authorize(r.set, types.EntityMap{who.UID: who, what.UID: what}, cedar.Request{
			Principal: who.UID, Action: cedar.NewEntityUID("Action", cedar.String(f.Way)), Resource: what.UID, Context: context})
		if len(why.Errors) > 0 {
			// An engine that skips a broken rule and goes on would turn a typing error into a leak.
			return Block, nil, errs.New(errs.Internal, "dlp.rule_failed").With("rule", string(why.Errors[0].PolicyID))
		}
		one := Found{Kind: s.Type, Verdict: Allow}
		for _, reason := range why.Reasons {
			one.Verdict = stronger(one.Verdict, r.by[reason.PolicyID].Verdict)
			one.masks = one.masks || r.by[reason.PolicyID].Verdict == Mask
			one.Rules = append(one.Rules, string(reason.PolicyID))
		}
		slices.SortFunc(one.Rules, func(a, b string) int {
			return cmp.Compare(r.by[cedar.PolicyID(b)].Verdict.weight(), r.by[cedar.PolicyID(a)].Verdict.weight())
		})
		if one.masks && s.Fixed { // a rule that asks why beside it does not let the value go
			one.Verdict = stronger(one.Verdict, f.Way.carried(Hold))
		}
		one.masks = one.masks && one.Verdict.weight() <= Ask.weight()
		all, out[i] = stronger(all, f.Way.carried(one.Verdict)), one
	}
	return all, out, nil
}
