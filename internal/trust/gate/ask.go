package gate

import (
	"maps"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/policy"
)

// Log is the part of audit.Log that the gate uses.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Gate asks, decides, records and grants. It is safe for use by many goroutines.
type Gate struct {
	log    Log
	set    *policy.Set
	p      Providers
	duties map[string][]string
}

// New makes a Gate on the log, the policies, the facts and the registered duties.
func New(log Log, set *policy.Set, p Providers, duties ...DutySpec) *Gate {
	g := &Gate{log: log, set: set, p: p, duties: map[string][]string{}}
	for _, d := range duties {
		g.duties[d.Name] = d.Fields
	}
	return g
}

// Missing names the providers that are nil and not on the list of rooms not yet built, so
// that app can refuse to start instead of refusing everybody.
func (g *Gate) Missing() []string {
	var out []string
	for name, isNil := range map[string]bool{
		"session": g.p.Session == nil, "interaction": g.p.Interaction == nil, "level": g.p.Level == nil,
		"purpose": g.p.Purpose == nil, "consent": g.p.Consent == nil, "mandate": g.p.Mandate == nil, "budget": g.p.Budget == nil, "searches": g.p.Searches == nil,
		"hits": g.p.Hits == nil, "watch": g.p.Watch == nil, "touched": g.p.Touched == nil, "told": g.p.Told == nil, "owner": g.p.Owner == nil, "field": g.p.Field == nil,
		"training": g.p.Training == nil, "request": g.p.Request == nil, "agreement": g.p.Agreement == nil,
	} {
		if isNil && !slices.Contains(notYetBuilt, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Policy is the hash of the policies this gate decides by.
func (g *Gate) Policy() string { return g.set.Hash() }

// Ask reads the facts in tx, decides for each field, appends one leaf (allowed or denied)
// and grants what is allowed. An error means that nothing was decided and no leaf was
// written: a question that makes no sense (gate.bad_question), one that nobody asks
// (gate.session_ended for the zero Actor), or a store that failed. A refusal is no error: it is in the Answer.
func (g *Gate) Ask(tx *db.Tx, a actor.Actor, q Question) (Answer, error) {
	if a.Kind() == actor.Nobody { // no leaf can be written about nobody
		return Answer{}, errs.New(errs.Unauthenticated, "gate.session_ended")
	}
	k, err := g.decide(tx, a, q, len(q.Fields))
	if err != nil {
		return Answer{}, err
	}
	entry, err := g.entry(tx, a, q, k)
	if err != nil {
		return Answer{}, err
	}
	if err := g.touched(tx, a, q, k, &entry); err != nil {
		return Answer{}, err
	}
	if k.answer.Entry, err = g.log.Append(tx, entry); err != nil {
		return Answer{}, err
	}
	if k.answer.Refusal == nil {
		gr := &Grant{entry: k.answer.Entry, right: right{subject: k.subject, controller: entry.Controller, verb: q.Verb, fields: k.answer.Allowed}}
		gr.right.uses.Store(uses(q))
		k.answer.Grant = gr
	}
	return k.answer, nil
}

// touched tells of a question about a customer of the asker's call. What that led to is named in the question's own entry:
// an entry more would tell the asker by its number that something is different about this customer.
func (g *Gate) touched(tx *db.Tx, a actor.Actor, q Question, k known, e *audit.Entry) error {
	c := k.request.Context
	if g.p.Touched == nil || !c.OwnCall || !c.SubjectBound && !c.Found {
		return nil
	}
	call := k.facts.Interaction
	ref, err := g.p.Touched(tx, a, Touch{Interaction: q.Ground.id, Controller: call.Controller, Purpose: call.Purpose, Subject: k.subject,
		Verb: q.Verb, Allowed: k.answer.Refusal == nil, Watched: k.watched, Bound: c.SubjectBound})
	if ref != "" { // beside it a mandate says nothing: whoever speaks for a canary speaks for nobody
		e.Ref = ref
	}
	return err
}

// uses is how often a Receipt may be spent: once, or once for each subject of a chunk.
func uses(q Question) int64 {
	if q.Ground.kind == onDuty && q.Subject == "" {
		return q.Count
	}
	return 1
}

// Preview is the same decision without a leaf and without a Grant: for a screen that
// shows what could be asked for.
func (g *Gate) Preview(tx *db.Tx, a actor.Actor, q Question) (Answer, error) {
	k, err := g.decide(tx, a, q, 1)
	return k.answer, err
}

// known is everything read and decided for one question.
type known struct {
	subject  string         // the question's, or whom the call is bound to
	request  policy.Request // all but the resource
	together int
	facts    Facts
	hits     []string
	beyond   []string // asked fields that are more than may be told of the customer today
	watched  Watched
	made     []string // asked fields whose names the asker may have made up
	answer   Answer
}

// decide validates the question, reads the facts and decides for each field. together is
// how many fields are to be opened at once: each costs one of the budget.
func (g *Gate) decide(tx *db.Tx, a actor.Actor, q Question, together int) (known, error) {
	if err := sound(q); err != nil {
		return known{}, err
	}
	k := known{subject: q.Subject, together: together, request: policy.Request{Verb: string(q.Verb), Context: policy.Context{Ground: q.Ground.kind}}}
	session, err := g.who(tx, a, &k)
	if err == nil {
		err = g.ground(tx, a, q, session, &k)
	}
	if err != nil {
		return known{}, err
	}
	if q.Ground.kind != onInteraction || k.request.Context.OwnCall {
		k.answer.Facts = k.facts
	}
	if len(q.Fields) == 0 {
		switch q.Verb {
		case Consult, Propose:
			k.request.Resource.MinLevel = ConsentLevel
		case Appoint:
			k.request.Resource.MinLevel = AppointLevel
		}
		k.request.Resource.InScope = k.facts.Covers(q.Verb, "")
		if d := g.set.Decide(k.request); !d.Allowed {
			k.answer.Refusal = refusal(d, k.request)
		}
		return k, nil
	}
	k.answer.Refused = map[string]*errs.E{}
	first := 0 // rank of the most fundamental refusal so far
	var most *errs.E
	for _, name := range q.Fields {
		k.request.Resource = g.resource(name, q, &k)
		d := g.set.Decide(k.request)
		if d.Allowed {
			k.answer.Allowed = append(k.answer.Allowed, name)
			continue
		}
		e := refusal(d, k.request)
		k.answer.Refused[name] = e
		if most == nil || d.Rank < first {
			first, most = d.Rank, e
		}
	}
	if len(k.answer.Allowed) == 0 {
		k.answer.Refusal = most
	}
	return k, nil
}

// sound refuses a question that no honest caller asks. It never quotes what it refuses.
func sound(q Question) error {
	bad := func(why string) error { return errs.New(errs.Invalid, "gate.bad_question").With("why", why) }
	takes, isVerb := q.Verb.takesFields()
	switch {
	case !isVerb:
		return bad("verb")
	case q.Ground.kind == "" || q.Ground.id == "":
		return bad("ground")
	case takes != (len(q.Fields) > 0) || len(q.Fields) > MaxFields:
		return bad("fields")
	case q.Subject != "" && (!id.Is(id.Subject, q.Subject) || q.Bound), q.Bound && q.Ground.kind != onInteraction:
		return bad("subject")
	case q.Ground.kind == onDuty && !id.Is(id.Duty, q.Ground.run):
		return bad("run")
	case q.Ground.kind == onDuty && q.Subject == "" && q.Count < 1:
		return bad("count")
	}
	for i, f := range q.Fields {
		if !fieldName(f) || slices.Contains(q.Fields[:i], f) {
			return bad("fields")
		}
	}
	return nil
}

// fieldName reports whether s has the form of a field's name in the catalogue.
func fieldName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && c != '_' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// who reads what the database says about the asker.
func (g *Gate) who(tx *db.Tx, a actor.Actor, k *known) (SessionFacts, error) {
	p := &k.request.Principal
	p.Kind = string(a.Kind())
	p.SignedIn = a.Kind() != actor.Nobody
	p.Scoped = a.Kind() != actor.OnBehalf || a.HasScope(scope(Verb(k.request.Verb)))
	if !a.IsStaff() {
		return SessionFacts{}, nil
	}
	if g.p.Session == nil {
		p.SignedIn = false
		return SessionFacts{}, nil
	}
	s, err := g.p.Session(tx, a)
	if err != nil {
		return SessionFacts{}, err
	}
	// Rights are those the database names now; a role that changed since the request began
	// means that the session the Actor came from is no more.
	p.SignedIn = s.Live && s.Role == a.Role()
	p.Role = string(a.Role())
	p.SecondFactorMinutes = minutesSince(s.SecondFactorAt, tx.Now())
	return s, nil
}

// scope is what an API client needs to use a verb on behalf of a member of staff; the
// names are identity's.
func scope(v Verb) string {
	if v == Verify {
		return "verify"
	}
	return "serve"
}

// minutesSince rounds up; never, and a time that lies ahead of the clock, are a day.
func minutesSince(t, now time.Time) int {
	age := now.Sub(t)
	if t.IsZero() || age < -ahead || age > 24*time.Hour {
		return 24 * 60
	}
	return int((max(age, 0) + time.Minute - 1) / time.Minute)
}

// ground reads what the opening would stand on.
func (g *Gate) ground(tx *db.Tx, a actor.Actor, q Question, s SessionFacts, k *known) (err error) {
	c := &k.request.Context
	switch q.Ground.kind {
	case onInteraction:
		return g.interaction(tx, a, q, s, k)
	case onDuty:
		_, registered := g.duties[q.Ground.id]
		c.Known = registered && a.Kind() == actor.Duty && a.ID() == q.Ground.id
	case onRequest:
		if c.GroundBuilt = g.p.Request != nil; c.GroundBuilt {
			c.Known, err = g.p.Request(tx, q.Ground.id)
		}
	case onAgreement:
		if c.GroundBuilt = g.p.Agreement != nil; c.GroundBuilt {
			c.Known, err = g.p.Agreement(tx, q.Ground.id)
		}
	}
	return err
}

// interaction reads the call and all that hangs on it. It stops where what is missing
// already decides, so that a refused question costs less than an allowed one, and so that
// nothing about a call that is not the asker's gets into the answer.
func (g *Gate) interaction(tx *db.Tx, a actor.Actor, q Question, s SessionFacts, k *known) error {
	c := &k.request.Context
	if g.p.Interaction == nil {
		return nil
	}
	call, err := g.p.Interaction(tx, q.Ground.id)
	if err != nil {
		return err
	}
	if q.Bound {
		k.subject = call.Subject
	}
	c.Known = call.Found && slices.Contains(s.Controllers, call.Controller)
	if !c.Known {
		return nil
	}
	k.facts.Interaction = call
	age := tx.Now().Sub(call.HeartbeatAt)
	c.OwnCall = a.IsStaff() && call.Agent == a.ID()
	c.State, c.Channel = string(call.State), call.Channel
	c.Beating = age < HeartbeatWithin && age >= -ahead
	if !c.OwnCall {
		return nil
	}
	c.SubjectBound = k.subject != "" && k.subject == call.Subject
	if call.Purpose != "" && g.p.Purpose != nil {
		p, err := g.p.Purpose(tx, call.Purpose)
		if err != nil {
			return err
		}
		k.facts.Purpose = p
		c.PurposeChosen = true
		c.PurposeActive = p.Found && p.Active && p.Controller == call.Controller
		c.Basis = p.Basis
	}
	if c.Basis == "consent" && k.subject != "" && g.p.Consent != nil {
		if c.Consented, err = g.p.Consent(tx, k.subject, call.Purpose); err != nil {
			return err
		}
		k.facts.Consented = c.Consented
	}
	if q.Verb == Mask && k.subject != "" && g.p.Hits != nil {
		if k.hits, err = g.p.Hits(tx, q.Ground.id, k.subject); err != nil {
			return err
		}
		c.Found = len(k.hits) > 0
	}
	if c.SubjectBound && g.p.Level != nil {
		if c.Level, err = g.p.Level(tx, q.Ground.id, k.subject); err != nil {
			return err
		}
		k.facts.Level = c.Level
	}
	c.Mandate = "none"
	if c.SubjectBound {
		if err := g.mandate(tx, q, k); err != nil {
			return err
		}
	}
	if q.Verb == Reveal && g.p.Budget != nil {
		if c.BudgetLeft, err = g.p.Budget(tx, a, q.Ground.id); err != nil {
			return err
		}
		k.facts.BudgetLeft = c.BudgetLeft
		c.BudgetLeft = max(0, c.BudgetLeft-max(0, k.together-1))
	}
	if err := g.ledger(tx, q, k); err != nil {
		return err
	}
	if err := g.watched(tx, a, q, k); err != nil {
		return err
	}
	if q.Verb == Search && g.p.Searches != nil {
		if c.BudgetLeft, c.CallLeft, err = g.p.Searches(tx, a, q.Ground.id); err != nil {
			return err
		}
		k.facts.BudgetLeft = c.BudgetLeft
	}
	return g.training(tx, a, call.Purpose, c)
}

// watched reads what the lists and the asker's own day say about opening this customer.
func (g *Gate) watched(tx *db.Tx, a actor.Actor, q Question, k *known) (err error) {
	c := &k.request.Context
	if !c.SubjectBound && !c.Found {
		return nil
	}
	k.watched = Watched{Guarded: true, Broad: true}
	if g.p.Watch != nil {
		k.watched, err = g.p.Watch(tx, a, q.Ground.id, k.facts.Interaction.Purpose, k.subject)
	}
	c.Guarded, c.Broad = k.watched.Guarded, k.watched.Broad
	return err
}

// mandate reads through whom the customer speaks. Where nobody can say, it counts as ended.
func (g *Gate) mandate(tx *db.Tx, q Question, k *known) error {
	c := &k.request.Context
	if g.p.Mandate == nil {
		c.Mandate = MandateRevoked
		return nil
	}
	m, err := g.p.Mandate(tx, q.Ground.id, k.subject)
	c.GuardianNeeded = m.GuardianNeeded
	k.facts.Mandate = m
	if err != nil || m.ID == "" {
		return err
	}
	c.Mandate = MandateRevoked
	if m.Standing == MandateValid || m.Standing == MandateExpired {
		c.Mandate = m.Standing
	}
	return nil
}

// ownOnly reports whether a representative speaks and no mandate of theirs reaches the field.
func (k *known) ownOnly(field string) bool {
	m := k.facts.Mandate
	return m.ID != "" && (m.OwnOnly == nil || m.OwnOnly(field))
}

// ledger finds which of the asked fields are more than may be told of the customer today: those
// of several calls count together, and those of one question in the order asked.
func (g *Gate) ledger(tx *db.Tx, q Question, k *known) error {
	if q.Verb != Compare && q.Verb != Reveal || !k.request.Context.SubjectBound || k.request.Context.Level >= LedgerLevel {
		return nil
	}
	if g.p.Told == nil {
		k.beyond = q.Fields
		return nil
	}
	told, most, err := g.p.Told(tx, k.subject, k.request.Context.Level)
	left := most - len(told)
	for _, name := range q.Fields {
		if slices.Contains(told, name) {
			continue
		}
		if left < 1 {
			k.beyond = append(k.beyond, name)
		}
		if k.together > 1 { // a preview says of each field alone what would be allowed
			left--
		}
	}
	return err
}

func (g *Gate) training(tx *db.Tx, a actor.Actor, purpose string, c *policy.Context) error {
	if g.p.Training == nil {
		c.Training = "missing"
		if slices.Contains(notYetBuilt, "training") {
			c.Training = "not_built"
		}
		return nil
	}
	valid, err := g.p.Training(tx, a, purpose)
	c.Training = "missing"
	if valid {
		c.Training = "valid"
	}
	return err
}

// resource says what the catalogue and the purpose make of a field.
func (g *Gate) resource(name string, q Question, k *known) policy.Resource {
	if q.Ground.kind == onDuty {
		k.request.Context.DutyField = slices.Contains(g.duties[q.Ground.id], name)
	}
	r := policy.Resource{
		Class: "secret", MinLevel: policy.Never,
		InPurpose: k.facts.Purpose.Uses != nil && k.facts.Purpose.Uses(q.Verb, name),
		Hit:       slices.Contains(k.hits, name),
		Beyond:    slices.Contains(k.beyond, name),
		InScope:   k.facts.Covers(q.Verb, name),
		OwnOnly:   k.ownOnly(name),
	}
	var f Field
	declared := false
	if g.p.Field != nil {
		f, declared = g.p.Field(name, k.request.Context.Channel, q.Verb)
	}
	if declared {
		r.Class, r.MinLevel, r.Verifies = f.Class, f.MinLevel, f.Verifies
	}
	if k.request.Context.Basis == "consent" || k.request.Context.GuardianNeeded {
		r.MinLevel = max(r.MinLevel, ConsentLevel)
	}
	if !declared || f.Free && !r.InPurpose {
		k.made = append(k.made, name)
	}
	return r
}

// refusal makes the reason of a decision into the one word from database to screen.
func refusal(d policy.Decision, r policy.Request) *errs.E {
	e := errs.New(errs.Denied, d.Code)
	switch d.Code {
	case "gate.not_found":
		e.Kind = errs.NotFound
	case "gate.session_ended", "gate.second_factor_stale":
		e.Kind = errs.Unauthenticated
	case "gate.budget_spent", "gate.breadth_spent", "gate.facts_spent", "gate.searches_in_call_spent", "gate.searches_spent":
		e.Kind = errs.TooMany
	case policy.CodeFailed:
		e.Kind = errs.Internal
	case "gate.level_too_low":
		e = e.With("need", r.Resource.MinLevel).With("have", r.Context.Level)
		if r.Context.Mandate == MandateValid {
			e = e.With("represented", true) // what proves is another thing
		}
	}
	return e
}

// entry makes the leaf of a decision.
func (g *Gate) entry(tx *db.Tx, a actor.Actor, q Question, k known) (audit.Entry, error) {
	c, ans := k.request.Context, k.answer
	e := audit.Entry{
		Action: string(q.Verb), Decision: audit.Allowed, Actor: a, Policy: g.set.Hash(),
		Purpose: k.facts.Interaction.Purpose, Controller: k.facts.Interaction.Controller,
		Ground: q.Ground.kind, Channel: c.Channel, Level: c.Level, Count: q.Count,
		Fields: ans.Allowed,
	}
	if ans.Refusal != nil {
		e.Decision, e.Reason = audit.Denied, ans.Refusal.Code
	}
	switch {
	case q.Ground.kind == onInteraction && id.Is(id.Interaction, q.Ground.id):
		e.Interaction, e.Ground = q.Ground.id, onInteraction+":"+q.Ground.id
		e.Ref = k.facts.Mandate.ID // whoever asked through a representative is found by it
	case q.Ground.kind == onDuty && c.Known:
		e.Ground, e.Ref = onDuty+":"+q.Ground.id, q.Ground.run
	}
	for _, name := range slices.Sorted(maps.Keys(ans.Refused)) {
		code := ans.Refused[name].Code
		if slices.Contains(k.made, name) {
			name = "undeclared"
		}
		e.Refused = append(e.Refused, name+":"+code)
	}
	e.Refused = slices.Compact(e.Refused)

	// A customer is named only beside the company whose customer it is: readers of another
	// company find an entry that names none. Who owns the customer is read for every question
	// alike, also where the answer cannot matter, so that the reads tell nothing.
	onRecord := c.SubjectBound || c.Found
	if !onRecord && (k.subject != "" || q.Bound) && g.p.Owner != nil {
		controller, exists, err := g.p.Owner(tx, k.subject)
		if err != nil {
			return e, err
		}
		if c.Known && q.Ground.kind != onInteraction {
			e.Controller = controller
		}
		onRecord = exists && controller == e.Controller
	}
	onRecord = onRecord || q.Ground.kind == onDuty && c.Known
	if onRecord && k.subject != "" {
		e.Subject, e.Detail = k.subject, q.Detail
		if q.Reason != "" {
			e.Detail = maps.Clone(q.Detail)
			if e.Detail == nil {
				e.Detail = map[string]any{}
			}
			e.Detail["reason"] = q.Reason
		}
	}
	return e, nil
}
