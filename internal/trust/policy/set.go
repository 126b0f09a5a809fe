package policy

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	cedar "github.com/cedar-policy/cedar-go"
	publicast "github.com/cedar-policy/cedar-go/ast"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

//go:embed policy.cedar
var shipped string

// Messages are the texts of this room, messages/{id,en}.json.
//
//go:embed messages/*.json
var Messages embed.FS

// Shipped is the text that every Set begins with. Its codes belong to the room gate,
// which asks the questions.
func Shipped() Text { return Text{Room: "gate", Cedar: shipped} }

// Verbs are the actions a policy may name, in the order screens show them.
func Verbs() []string {
	return []string{"compare", "act", "collect", "reveal", "mask", "search", "note", "consult", "appoint", "propose", "verify", "process"}
}

// attributes a policy may read. A name outside this list is a spelling mistake, and a
// forbid that reads one would never apply: New refuses it.
var attributes = map[string][]string{
	"principal": {"kind", "role", "signedIn", "scoped", "secondFactorMinutes"},
	"resource":  {"class", "minLevel", "inPurpose", "verifies", "hit", "beyond", "inScope", "ownOnly"},
	"context": {"ground", "known", "ownCall", "state", "beating", "subjectBound", "found", "channel", "level",
		"purposeChosen", "purposeActive", "basis", "consented", "budgetLeft", "callLeft", "training", "guarded", "broad", "dutyField", "groundBuilt", "mandate", "guardianNeeded"},
}

// entry is one policy, ready to be evaluated.
type entry struct {
	rule   Rule
	policy *cedar.Policy
	rank   int
}

// Set is the whole set of policies of a deployment. It never changes after New, and is
// safe for use by many goroutines.
type Set struct {
	entries []entry
	byVerb  map[string]index
	codes   map[cedar.PolicyID]*entry
	hash    string

	principals memory[Principal, types.Entity]
	resources  memory[Resource, types.Entity]
	contexts   memory[Context, types.Record]
	decisions  memory[Request, Decision]
}

// index is the policies that can apply to one verb, in the order written.
type index []*entry

// All makes an index a cedar.PolicyIterator, in the order written: the diagnosis then
// lists reasons in that order, which is what makes the first one the reason given.
func (x index) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, e := range x {
			// Authorize always takes every policy; it has no way to stop.
			yield(cedar.PolicyID(e.rule.ID), e.policy)
		}
	}
}

// New parses the shipped policies and those that rooms bring, in that order, and refuses
// a set in which a policy lacks its name, its sentences or its code, names a verb or an
// attribute that does not exist, or carries a code of another room.
func New(rooms ...Text) (*Set, error) {
	s := &Set{byVerb: map[string]index{}, codes: map[cedar.PolicyID]*entry{}}
	sum := sha256.New()
	for _, t := range append([]Text{Shipped()}, rooms...) {
		list, err := cedar.NewPolicyListFromBytes(t.Room, []byte(t.Cedar))
		if err != nil {
			return nil, errs.Wrap(errs.Invalid, "policy.unreadable", err).With("room", t.Room)
		}
		fmt.Fprintf(sum, "%d %s %d %s", len(t.Room), t.Room, len(t.Cedar), t.Cedar)
		for _, p := range list {
			e, err := newEntry(t.Room, p)
			if err != nil {
				return nil, err
			}
			if s.codes[cedar.PolicyID(e.rule.ID)] != nil {
				return nil, bad(e.rule.ID, "id given twice")
			}
			s.codes[cedar.PolicyID(e.rule.ID)] = e
			s.entries = append(s.entries, *e)
		}
	}
	for i := range s.entries {
		e := &s.entries[i]
		e.rank = i + 1
		s.codes[cedar.PolicyID(e.rule.ID)] = e
		for _, v := range Verbs() {
			if len(e.rule.Verbs) == 0 || slices.Contains(e.rule.Verbs, v) {
				s.byVerb[v] = append(s.byVerb[v], e)
			}
		}
	}
	s.hash = hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

// newEntry reads what a policy says about itself and checks it.
func newEntry(room string, p *cedar.Policy) (*entry, error) {
	notes := p.Annotations()
	e := &entry{rule: Rule{
		ID: room + "." + string(notes["id"]), Room: room, Effect: "permit", Code: string(notes["code"]),
		Sentence: map[string]string{"id": string(notes["sentence_id"]), "en": string(notes["sentence_en"])},
		Cedar:    body(string(p.MarshalCedar())),
	}}
	if p.Effect() == cedar.Forbid {
		e.rule.Effect = "forbid"
	}
	if notes["id"] == "" {
		return nil, bad(e.rule.ID, "no @id")
	}
	if notes["sentence_id"] == "" || notes["sentence_en"] == "" {
		return nil, bad(e.rule.ID, "no @sentence_id or @sentence_en")
	}
	if strings.HasPrefix(e.rule.Code, room+".") != (e.rule.Effect == "forbid") {
		return nil, bad(e.rule.ID, "a forbid needs a @code of its own room, a permit has none")
	}
	tree := (*ast.Policy)(p.AST())
	switch scope := tree.Action.(type) {
	case ast.ScopeTypeEq:
		e.rule.Verbs = []string{string(scope.Entity.ID)}
	case ast.ScopeTypeInSet:
		for _, a := range scope.Entities {
			e.rule.Verbs = append(e.rule.Verbs, string(a.ID))
		}
	case ast.ScopeTypeAll:
	default:
		return nil, bad(e.rule.ID, "an action is named with == or in [...]")
	}
	for _, v := range e.rule.Verbs {
		if !slices.Contains(Verbs(), v) {
			return nil, bad(e.rule.ID, "unknown verb "+v)
		}
	}
	// The index answers which verbs a policy is about, so the engine need not ask again.
	bare := *tree
	bare.Action = ast.ScopeTypeAll{}
	e.policy = cedar.NewPolicyFromAST((*publicast.Policy)(&bare))

	if name := UnknownAttribute(p, attributes); name != "" {
		return nil, bad(e.rule.ID, "unknown attribute "+name)
	}
	return e, nil
}

func bad(policy, why string) *errs.E {
	return errs.New(errs.Invalid, "policy.unsound").With("policy", policy).With("why", why)
}

// UnknownAttribute is an attribute of principal, resource or context that a policy reads and that is not among the known
// ones; empty when there is none. Rules of other rooms are read with it as well.
func UnknownAttribute(p *cedar.Policy, known map[string][]string) string {
	var node any
	text, _ := p.MarshalJSON()      // what cedar has parsed it can write
	_ = json.Unmarshal(text, &node) // and what it has written is JSON
	return unknownIn(node, known)
}

// unknownIn walks the JSON form of a policy.
func unknownIn(node any, known map[string][]string) string {
	var inside []any
	switch n := node.(type) {
	case []any:
		inside = n
	case map[string]any:
		for _, op := range []string{".", "has"} {
			access, _ := n[op].(map[string]any)
			left, _ := access["left"].(map[string]any)
			on, _ := left["Var"].(string)
			attr, _ := access["attr"].(string)
			if names, isVar := known[on]; isVar && !slices.Contains(names, attr) {
				return on + "." + attr
			}
		}
		inside = slices.Collect(maps.Values(n))
	}
	for _, x := range inside {
		if name := unknownIn(x, known); name != "" {
			return name
		}
	}
	return ""
}

// Hash names the whole set: SHA-256 over every text, in hexadecimal. It goes into every
// leaf, so that years later one can say by which rules a decision was made.
func (s *Set) Hash() string { return s.hash }

// Rules lists the policies as people read them, in the order written.
func (s *Set) Rules() []Rule {
	out := make([]Rule, len(s.entries))
	for i, e := range s.entries {
		out[i] = e.rule
	}
	return out
}

// Codes lists every code a Decision can carry, the most fundamental first.
func (s *Set) Codes() []string {
	codes := []string{CodeFailed}
	for _, e := range s.entries {
		if c := e.rule.Code; c != "" && !slices.Contains(codes, c) {
			codes = append(codes, c)
		}
	}
	return append(codes, CodeNotPermitted)
}

// Decide answers a request. The same request always gets the same answer.
func (s *Set) Decide(r Request) Decision {
	// Round what has no few values, always against the asker, so that there are few.
	r.Principal.SecondFactorMinutes = min(max(r.Principal.SecondFactorMinutes+4, 0)/5*5, 24*60)
	r.Context.BudgetLeft = min(max(r.Context.BudgetLeft, 0), 1)
	r.Context.CallLeft = min(max(r.Context.CallLeft, 0), 1)
	return s.decisions.get(r, s.evaluate)
}

// evaluate asks the engine.
func (s *Set) evaluate(r Request) Decision {
	who := s.principals.get(r.Principal, principal)
	what := s.resources.get(r.Resource, resource)
	verdict, why := cedar.Authorize(s.byVerb[r.Verb], pair{who, what}, cedar.Request{
		Principal: who.UID,
		Action:    cedar.NewEntityUID("Action", cedar.String(r.Verb)),
		Resource:  what.UID,
		Context:   s.contexts.get(r.Context, context),
	})
	d := Decision{Allowed: verdict == cedar.Allow, Policies: make([]string, len(why.Reasons))}
	for i, reason := range why.Reasons {
		d.Policies[i] = string(reason.PolicyID)
	}
	switch {
	case len(why.Errors) > 0:
		d = Decision{Code: CodeFailed, Policies: []string{string(why.Errors[0].PolicyID)}}
	case !d.Allowed && len(why.Reasons) == 0:
		d.Code, d.Rank = CodeNotPermitted, len(s.entries)+1
	case !d.Allowed:
		first := s.codes[why.Reasons[0].PolicyID]
		d.Code, d.Rank = first.rule.Code, first.rank
	}
	return d
}

// pair is the two entities of a request; roles and actions have neither attributes nor parents.
type pair struct{ principal, resource types.Entity }

// Get implements types.EntityGetter.
func (p pair) Get(uid types.EntityUID) (types.Entity, bool) {
	switch uid {
	case p.principal.UID:
		return p.principal, true
	case p.resource.UID:
		return p.resource, true
	}
	return types.Entity{}, false
}

// kinds maps actor kinds to the entity types of the policies.
var kinds = map[string]types.EntityType{
	"staff": "Staff", "on_behalf": "Staff", "api_client": "Client", "customer": "Customer", "duty": "Machine",
}

func principal(p Principal) types.Entity {
	kind, ok := kinds[p.Kind]
	if !ok {
		kind = "Nobody"
	}
	return types.Entity{
		UID:     types.NewEntityUID(kind, "asker"),
		Parents: types.NewEntityUIDSet(types.NewEntityUID("Role", types.String(p.Role))),
		Attributes: types.NewRecord(types.RecordMap{
			"kind": types.String(p.Kind), "role": types.String(p.Role),
			"signedIn": types.Boolean(p.SignedIn && ok), "scoped": types.Boolean(p.Scoped),
			"secondFactorMinutes": types.Long(p.SecondFactorMinutes),
		}),
	}
}

func resource(r Resource) types.Entity {
	return types.Entity{
		UID: types.NewEntityUID("Field", "asked"),
		Attributes: types.NewRecord(types.RecordMap{
			"class": types.String(r.Class), "minLevel": types.Long(r.MinLevel),
			"inPurpose": types.Boolean(r.InPurpose), "verifies": types.Boolean(r.Verifies), "hit": types.Boolean(r.Hit), "beyond": types.Boolean(r.Beyond), "inScope": types.Boolean(r.InScope), "ownOnly": types.Boolean(r.OwnOnly),
		}),
	}
}

func context(c Context) types.Record {
	return types.NewRecord(types.RecordMap{
		"ground": types.String(c.Ground), "known": types.Boolean(c.Known),
		"ownCall": types.Boolean(c.OwnCall), "state": types.String(c.State), "beating": types.Boolean(c.Beating),
		"subjectBound": types.Boolean(c.SubjectBound), "found": types.Boolean(c.Found),
		"channel": types.String(c.Channel), "level": types.Long(c.Level),
		"purposeChosen": types.Boolean(c.PurposeChosen), "purposeActive": types.Boolean(c.PurposeActive),
		"basis": types.String(c.Basis), "consented": types.Boolean(c.Consented),
		"budgetLeft": types.Long(c.BudgetLeft), "callLeft": types.Long(c.CallLeft), "training": types.String(c.Training),
		"guarded": types.Boolean(c.Guarded), "broad": types.Boolean(c.Broad),
		"dutyField": types.Boolean(c.DutyField), "groundBuilt": types.Boolean(c.GroundBuilt), "mandate": types.String(c.Mandate), "guardianNeeded": types.Boolean(c.GuardianNeeded),
	})
}

// remembered is how many values of each sort a Set keeps. The ranges are closed and small;
// the limit is for the day one turns out not to be.
const remembered = 4096

// memory keeps what a pure function answered. When full it forgets everything, which
// costs a moment and can never be wrong.
type memory[K comparable, V any] struct {
	m atomic.Pointer[sync.Map]
	n atomic.Int64
}

func (c *memory[K, V]) get(k K, answer func(K) V) V {
	m := c.m.Load()
	if m == nil || c.n.Load() >= remembered {
		m = &sync.Map{}
		c.m.Store(m)
		c.n.Store(0)
	}
	if v, ok := m.Load(k); ok {
		return v.(V)
	}
	v := answer(k)
	m.Store(k, v)
	c.n.Add(1)
	return v
}

// text of a policy without its annotations, for the page that shows the rules.
func body(cedarText string) string {
	var b bytes.Buffer
	for line := range strings.Lines(cedarText) {
		if !strings.HasPrefix(line, "@") {
			b.WriteString(line)
		}
	}
	return strings.TrimSpace(b.String())
}
