package desk

import (
	"context"
	"crypto/subtle"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/consent"
	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/internal/web"
)

// Options are what the room needs; app gives them.
type Options struct {
	DB           *db.DB
	Gate         *gate.Gate
	Log          *audit.Log
	Keyring      *keyring.Keyring
	Catalogue    *catalog.Catalogue
	Vault        *vault.Vault
	Purposes     *purpose.Register
	Interactions *interaction.Service
	Verification *verification.Service
	Messages     *message.Service
	Consents     *consent.Book
	// Unrecorded reports whether a call's recorder has not gone on after a capture; nil: there is none.
	Unrecorded func(ctx context.Context, interaction string) (bool, error)
	DLP        *dlp.Service
	// Represented says who speaks for the customer in a call, and how the customer is spoken with, each in one line; "" for
	// neither. May be nil.
	Represented func(ctx context.Context, a actor.Actor, interaction string, p *i18n.Printer) (speaker, assistance string, err error)
	// Name is a member of staff's first name, Company a controller's: for the greeting and
	// the watermark.
	Name    func(tx *db.Tx, staff string) (string, error)
	Company func(tx *db.Tx, controller string) (string, error)
	// Colleagues are the members of staff who may take a contact of a controller over, without the one who asks.
	Colleagues func(ctx context.Context, controller, without string) ([]web.Choice, error)
	// CheckCode is the code by which the customer finds out that a contact is the company's, and where it is entered; may be nil.
	CheckCode func(interaction string) (code, where string)
	// Listeners is how many supervisors listen to a contact, as far as its agent is to see it; nil means none.
	Listeners func(tx *db.Tx, itx string) (int, error)
	// Texts are the words of a language.
	Texts func(lang i18n.Lang) *i18n.Printer
	// Budget is how many reveals an agent has per shift; 0 means DefaultBudget.
	Budget int
	// Searches is how many searches an agent has per shift; 0 means DefaultSearches.
	Searches int
}

var errNoSender = errs.New(errs.Invalid, "desk.no_sender")

// Service is the room's verbs.
type Service struct{ Options }

// New makes the room.
func New(o Options) *Service {
	if o.Budget == 0 {
		o.Budget = DefaultBudget
	}
	if o.Searches == 0 {
		o.Searches = DefaultSearches
	}
	return &Service{o}
}

// Value is one stored value of a field, as an agent may see it.
type Value struct {
	ID    string // val_…
	Field string
	Text  string // masked, or clear after a reveal
	Mask  string // the masked form, in either case
}

// Receipt tells which leaf proves an opening.
type Receipt struct {
	Index uint64
	At    time.Time
}

// Hit is one customer that a search found.
type Hit struct {
	Subject string
	Values  []Value // the fields by which it was found, masked
}

// Found is the answer to a search.
type Found struct {
	Hits []Hit
	More bool // there were more than HitLimit; the agent must ask for something narrower
}

// Search finds at most HitLimit customers of the call's controller and shows the masked
// form of the very fields that matched, nothing else. Every search is one leaf, every hit
// another; the value searched for is in neither. A search that finds nobody counts too.
func (s *Service) Search(ctx context.Context, a actor.Actor, itx string, by Kind, value string) (Found, error) {
	if !by.Known() {
		return Found{}, errs.New(errs.Invalid, "desk.kind_unknown")
	}
	value, ok := tidy(value, 200)
	if !ok {
		return Found{}, errs.New(errs.Invalid, "desk.search_invalid")
	}
	return s.search(ctx, a, itx, func(tx *db.Tx, controller string) (vault.Hits, error) {
		return s.Vault.Find(tx, controller, vault.Query{Field: string(by), Value: value}, HitLimit)
	})
}

func (s *Service) search(ctx context.Context, a actor.Actor, itx string, find func(tx *db.Tx, controller string) (vault.Hits, error)) (Found, error) {
	type opening struct {
		grant *gate.Grant
		key   keyring.Key
		vals  []vault.Stored
	}
	var refusal *errs.E
	var found Found
	var open []opening
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		refusal, found, open = nil, Found{}, nil
		ans, err := s.Gate.Ask(tx, a, gate.Question{Ground: gate.Interaction(itx), Verb: gate.Search, Reason: ""})
		if err != nil {
			return err
		}
		if refusal = ans.Refusal; refusal != nil {
			return nil
		}
		spendSearch(tx, a.ID(), itx)
		hits, err := find(tx, ans.Facts.Interaction.Controller)
		if err != nil {
			if e := errs.Of(err); e.Kind == errs.Invalid || e.Kind == errs.Unavailable {
				refusal = e // the search itself stays on record
				return nil
			}
			return err
		}
		found.More = hits.More
		for _, h := range hits.List[:min(HitLimit, len(hits.List))] {
			addHit(tx, itx, h.Subject, h.Fields)
			m, err := s.Gate.Ask(tx, a, gate.Question{Ground: gate.Interaction(itx), Subject: h.Subject, Verb: gate.Mask, Fields: h.Fields})
			if err != nil {
				return err
			}
			hit := Hit{Subject: h.Subject}
			if m.Grant != nil {
				o := opening{grant: m.Grant}
				if o.key, err = s.Keyring.Key(tx, h.Subject, ""); err != nil {
					return err
				}
				if o.vals, err = s.Vault.Values(tx, h.Subject, m.Allowed...); err != nil {
					return err
				}
				open = append(open, o)
			} else {
				open = append(open, opening{})
			}
			found.Hits = append(found.Hits, hit)
		}
		return nil
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	if err != nil {
		return Found{}, err
	}
	for i, o := range open {
		if o.grant == nil {
			continue
		}
		if found.Hits[i].Values, _, err = s.open(o.grant, gate.Mask, o.key, o.vals); err != nil {
			return Found{}, err
		}
	}
	return found, nil
}

// open turns a committed Grant into values. Outside the writer.
func (s *Service) open(g *gate.Grant, verb gate.Verb, key keyring.Key, vals []vault.Stored) ([]Value, Receipt, error) {
	receipt, err := g.Receipt()
	if err != nil {
		return nil, Receipt{}, err
	}
	if err := receipt.Require(verb); err != nil {
		return nil, Receipt{}, err
	}
	sealed := make([]keyring.Sealed, len(vals))
	for i, v := range vals {
		sealed[i] = v.Sealed()
	}
	plain, err := s.Keyring.Open(receipt, key, sealed...)
	if err != nil {
		return nil, Receipt{}, err
	}
	out := make([]Value, len(vals))
	for i, v := range vals {
		f, _ := s.Catalogue.Field(v.Field)
		mask := f.MaskValue(string(plain[i]))
		out[i] = Value{ID: v.ID, Field: v.Field, Mask: mask, Text: mask}
		if verb == gate.Reveal {
			out[i].Text = string(plain[i])
		}
	}
	return out, Receipt{Index: receipt.Index(), At: s.DB.Now()}, nil
}

// Identify binds a customer that a search in this call found. What the caller claims is
// worth V1 and nothing more. Whether the customer may be touched is the gate's word on the
// masked hit; what it allows here is entered as the binding itself.
func (s *Service) Identify(ctx context.Context, a actor.Actor, itx, subject string) error {
	if !id.Is(id.Subject, subject) {
		return errs.New(errs.Invalid, "desk.not_a_hit")
	}
	var refusal *errs.E
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		refusal = nil
		fields, err := s.Hits(tx, itx, subject)
		if err != nil {
			return err
		}
		q := gate.Question{Ground: gate.Interaction(itx), Subject: subject, Verb: gate.Mask, Fields: s.orAny(fields)}
		look, err := s.Gate.Preview(tx, a, q)
		if err != nil {
			return err
		}
		if look.Refusal == nil && len(fields) > 0 {
			return s.Interactions.Bind(tx, a, itx, subject, fields[0])
		}
		if !look.Facts.Interaction.Found {
			q.Fields = s.orAny(nil) // how a customer was found in somebody else's call is not for the asker's entries
		}
		ans, err := s.Gate.Ask(tx, a, q)
		if refusal = ans.Refusal; refusal == nil {
			refusal = errs.New(errs.Denied, "desk.not_a_hit") // bound already, and nobody searched
		}
		return err
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return err
}

// orAny is fields, or any field of the catalogue where there are none: the gate must have
// something to refuse, so that its refusal is entered.
func (s *Service) orAny(fields []string) []string {
	if len(fields) == 0 {
		return []string{s.Catalogue.Fields()[0].Name}
	}
	return fields
}

// Callers shows the customers whose number the caller's is, masked by that number alone.
// It is a search like any other, without typing.
func (s *Service) Callers(ctx context.Context, a actor.Actor, itx string) (Found, error) {
	return s.search(ctx, a, itx, func(tx *db.Tx, controller string) (vault.Hits, error) {
		subjects, err := s.Interactions.Candidates(tx, a, itx)
		var hits vault.Hits
		for _, subject := range subjects {
			hits.List = append(hits.List, vault.Hit{Subject: subject, Fields: []string{"phone"}})
		}
		return hits, err
	})
}

// FieldView is one field of the bound customer, as far as the purpose goes.
type FieldView struct {
	Field  catalog.Field
	Values []Value // masked; empty when none is stored or the mask is refused
	Why    *errs.E // why it is not even masked
	May    map[gate.Verb]*errs.E
}

// View is the masked view: the fields of the purpose and no others. A field that the
// purpose does not use is absent, not masked.
type View struct {
	Subject string
	Channel string
	Level   int
	Left    int // reveals left in the shift
	Fields  []FieldView
	Receipt Receipt
	AsksWhy bool // a rule may ask why a text has to go
}

// Openable says of each field of the purpose what the gate would answer now, masked and revealed: "" or the code of its
// refusal. It opens nothing and enters nothing; equal answers, equal screens.
func (s *Service) Openable(ctx context.Context, a actor.Actor, itx string) (map[string][2]string, error) {
	var out map[string][2]string
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = map[string][2]string{}
		look, err := s.Gate.Preview(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Note})
		fields := within(look.Facts, s.uses(look.Facts.Purpose))
		if err != nil || len(fields) == 0 {
			return err
		}
		for i, verb := range []gate.Verb{gate.Mask, gate.Reveal} {
			ans, err := s.Gate.Preview(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: verb, Fields: fields})
			if err != nil {
				return err
			}
			for _, name := range fields {
				one := out[name]
				if e := ans.Refused[name]; e != nil {
					one[i] = e.Code
				}
				out[name] = one
			}
		}
		return nil
	})
	return out, err
}

// View opens the masked view: one leaf for the page, one opening, and a preview of what
// each verb would be allowed, which opens nothing.
func (s *Service) View(ctx context.Context, a actor.Actor, itx string) (View, error) {
	var v View
	var ans gate.Answer
	var key keyring.Key
	var vals []vault.Stored
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		v, ans = View{}, gate.Answer{}
		look, err := s.Gate.Preview(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Note})
		if err != nil {
			return err
		}
		subject, fields := look.Facts.Interaction.Subject, within(look.Facts, s.uses(look.Facts.Purpose))
		q := gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Mask, Fields: s.orAny(fields)}
		if ans, err = s.Gate.Ask(tx, a, q); err != nil || subject == "" || len(fields) == 0 {
			return err
		}
		v.Subject, v.Channel, v.Level, v.Left = subject, ans.Facts.Interaction.Channel, ans.Facts.Level, ans.Facts.BudgetLeft
		if v.AsksWhy, err = s.DLP.AsksWhy(tx, dlp.Written); err != nil {
			return err
		}
		may := map[gate.Verb]gate.Answer{}
		for _, verb := range []gate.Verb{gate.Compare, gate.Act, gate.Reveal} {
			q.Verb = verb
			if may[verb], err = s.Gate.Preview(tx, a, q); err != nil {
				return err
			}
		}
		if left := may[gate.Reveal].Facts.BudgetLeft; left > v.Left {
			v.Left = left
		}
		for _, name := range fields {
			f, _ := s.Catalogue.Field(name)
			fv := FieldView{Field: f, Why: ans.Refused[name], May: map[gate.Verb]*errs.E{}}
			for verb, m := range may {
				if verb == gate.Act && !s.Messages.Carries(name) {
					fv.May[verb] = errNoSender
				} else if !slices.Contains(m.Allowed, name) {
					fv.May[verb] = m.Refused[name]
					if fv.May[verb] == nil {
						fv.May[verb] = m.Refusal
					}
				} else {
					fv.May[verb] = nil
				}
			}
			v.Fields = append(v.Fields, fv)
		}
		if ans.Grant == nil {
			return nil
		}
		if key, err = s.Keyring.Key(tx, subject, ""); err != nil {
			return err
		}
		if vals, err = s.Vault.Values(tx, subject, ans.Allowed...); err != nil {
			return err
		}
		s.addDisclosure(tx, Disclosure{Interaction: itx, Subject: subject, Staff: a.ID(), Verb: string(gate.Mask), Fields: stored(vals), Purpose: ans.Facts.Interaction.Purpose, Level: v.Level})
		return nil
	})
	if err != nil {
		return View{}, err
	}
	if len(v.Fields) == 0 && ans.Refusal != nil {
		return View{}, ans.Refusal
	}
	if ans.Grant == nil {
		return v, nil
	}
	open, receipt, err := s.open(ans.Grant, gate.Mask, key, vals)
	if err != nil {
		return View{}, err
	}
	v.Receipt = receipt
	for _, o := range open {
		for i := range v.Fields {
			if v.Fields[i].Field.Name == o.Field {
				v.Fields[i].Values = append(v.Fields[i].Values, o)
			}
		}
	}
	return v, nil
}

// within are the fields of a representative's scope; all where the customer speaks. What a
// mandate does not cover is absent, not masked.
func within(f gate.Facts, fields []string) []string {
	return slices.DeleteFunc(fields, func(field string) bool {
		return !slices.ContainsFunc([]gate.Verb{gate.Mask, gate.Compare, gate.Act, gate.Reveal}, func(v gate.Verb) bool { return f.Covers(v, field) })
	})
}

// stored are the names of the fields that values belong to, each once.
func stored(vals []vault.Stored) (fields []string) {
	for _, v := range vals {
		if !slices.Contains(fields, v.Field) {
			fields = append(fields, v.Field)
		}
	}
	return fields
}

// uses are the fields that a purpose uses for any verb, in the order of the catalogue; behind them those with names of the
// deployment's own (extra_size), by name.
func (s *Service) uses(p gate.PurposeFacts) (fields []string) {
	if p.Uses == nil {
		return nil
	}
	all := s.Catalogue.Fields()
	if p.Listed != nil {
		for _, name := range p.Listed() {
			if f, ok := s.Catalogue.Field(name); ok && f.Free && f.Name == name {
				all = append(all, f)
			}
		}
	}
	for _, f := range valued(all) {
		for _, verb := range []gate.Verb{gate.Mask, gate.Compare, gate.Act, gate.Reveal} {
			if p.Uses(verb, f.Name) {
				fields = append(fields, f.Name)
				break
			}
		}
	}
	return fields
}

// Revealed is what an agent sees for RemaskAfter, and what he asked for besides and does not see.
type Revealed struct {
	Values  []Value
	Refused []Refused // in the order asked
	Receipt Receipt
	Left    int // reveals left in the shift
}

// Refused is a field that was asked for and is not shown.
type Refused struct {
	Field string // "?" for a name that the asker may have made up
	Why   *errs.E
}

// Reveal shows the values of fields, for a reason, when the purpose, the verification, the
// consent and the budget allow. value narrows one field down to one of its values; "" means
// all of them. Fields that are refused beside others that are shown are named with their
// reason. The leaf is durable before anything is opened.
func (s *Service) Reveal(ctx context.Context, a actor.Actor, itx string, fields []string, value, reason string) (Revealed, error) {
	reason, ok := tidy(reason, maxReason)
	if !ok {
		return Revealed{}, errs.New(errs.Invalid, "desk.reason_invalid")
	}
	if len(fields) == 0 || len(fields) > 16 || value != "" && len(fields) > 1 {
		return Revealed{}, errs.New(errs.Invalid, "desk.fields_invalid")
	}
	var ans gate.Answer
	var key keyring.Key
	var vals []vault.Stored
	var shown []string
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		ans, vals, shown = gate.Answer{}, nil, nil
		var err error
		ans, err = s.Gate.Ask(tx, a, gate.Question{
			Ground: gate.Interaction(itx), Bound: true, Verb: gate.Reveal, Fields: fields, Detail: map[string]any{"reason": reason},
		})
		if err != nil || ans.Grant == nil {
			return err // a refusal is an outcome: its leaf must be committed
		}
		facts := ans.Facts.Interaction
		if key, err = s.Keyring.Key(tx, facts.Subject, ""); err != nil {
			return err
		}
		if vals, err = s.Vault.Values(tx, facts.Subject, ans.Allowed...); err != nil {
			return err
		}
		if value != "" {
			vals = slices.DeleteFunc(vals, func(v vault.Stored) bool { return v.ID != value })
		}
		if shown = stored(vals); len(shown) == 0 {
			return nil // told after the commit: an answer that rolled its leaf back would tell for nothing what is not there
		}
		if err := spendBudget(tx, a.ID(), len(ans.Allowed)); err != nil {
			return err
		}
		s.addDisclosure(tx, Disclosure{Interaction: itx, Subject: facts.Subject, Staff: a.ID(), Verb: string(gate.Reveal),
			Fields: shown, Purpose: facts.Purpose, Level: ans.Facts.Level})
		return nil
	})
	switch {
	case err != nil:
		return Revealed{}, err
	case ans.Grant == nil:
		return Revealed{}, ans.Refusal
	case len(shown) == 0:
		return Revealed{}, errs.New(errs.NotFound, "desk.field_missing")
	}
	open, receipt, err := s.open(ans.Grant, gate.Reveal, key, vals)
	if err != nil {
		return Revealed{}, err
	}
	return Revealed{Values: open, Refused: s.refused(fields, ans, shown), Receipt: receipt, Left: max(0, ans.Facts.BudgetLeft-len(ans.Allowed))}, nil
}

// refused names the fields that were asked for and not shown: refused by the gate, or allowed and nothing is stored. As in
// the log, a name is repeated only where it is the catalogue's or the purpose's.
func (s *Service) refused(asked []string, ans gate.Answer, shown []string) (out []Refused) {
	for _, name := range asked {
		if slices.Contains(shown, name) {
			continue
		}
		one := Refused{name, ans.Refused[name]}
		if one.Why == nil {
			one.Why = errs.New(errs.NotFound, "desk.field_missing")
		}
		f, declared := s.Catalogue.Field(name)
		if uses := ans.Facts.Purpose.Uses; !declared || f.Free && (uses == nil || !uses(gate.Reveal, name)) {
			one.Field = "?"
		}
		out = append(out, one)
	}
	return out
}

// Compared is the outcome of a compare: never the value.
type Compared struct {
	Match   bool
	Receipt Receipt
}

// Compare says whether what the caller said is the stored value of a field (one of its
// values, if there are several). The comparison is between normalised forms, in constant
// time. A failed compare counts against the customer's three in 24 hours over all agents
// and channels, and is counted before anything is opened, so that an answer that never
// arrived counts as well. Of a field that is not stored nothing can be guessed, so nothing is
// counted: where the masked view shows that there is none, the answer is desk.field_missing,
// and otherwise no match, which does not tell.
func (s *Service) Compare(ctx context.Context, a actor.Actor, itx, field, said string) (Compared, error) {
	said, ok := tidy(said, maxReason)
	if !ok {
		return Compared{}, errs.New(errs.Invalid, "desk.said_invalid")
	}
	f, _ := s.Catalogue.Field(field)
	var ans gate.Answer
	var refusal *errs.E
	var key keyring.Key
	var vals []vault.Stored
	var try string
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		ans, refusal, try = gate.Answer{}, nil, ""
		q := gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Compare, Fields: []string{field}}
		var err error
		if ans, err = s.Gate.Ask(tx, a, q); err != nil || ans.Grant == nil {
			refusal = ans.Refusal
			return err
		}
		facts := ans.Facts.Interaction
		if vals, err = s.Vault.Values(tx, facts.Subject, field); err != nil {
			return err
		}
		if len(vals) == 0 {
			q.Verb = gate.Mask
			look, err := s.Gate.Preview(tx, a, q)
			if look.Refusal == nil {
				refusal = errs.New(errs.NotFound, "desk.field_missing")
			}
			return err
		}
		if try, err = s.Verification.Try(tx, a, itx, facts.Subject); errs.CodeOf(err) == "verification.compare_locked" {
			refusal = errs.Of(err) // an outcome: its entry is committed
			return nil
		} else if err != nil {
			return err
		}
		if key, err = s.Keyring.Key(tx, facts.Subject, ""); err != nil {
			return err
		}
		s.addDisclosure(tx, Disclosure{Interaction: itx, Subject: facts.Subject, Staff: a.ID(), Verb: string(gate.Compare),
			Fields: ans.Allowed, Purpose: facts.Purpose, Level: ans.Facts.Level})
		return nil
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	if err != nil {
		return Compared{}, err
	}
	receipt, err := ans.Grant.Receipt()
	if err != nil {
		return Compared{}, err
	}
	if err := receipt.Require(gate.Compare); err != nil {
		return Compared{}, err
	}
	sealed := make([]keyring.Sealed, len(vals))
	for i, v := range vals {
		sealed[i] = v.Sealed()
	}
	out := Compared{Receipt: Receipt{Index: receipt.Index(), At: s.DB.Now()}}
	if len(sealed) > 0 {
		plain, err := s.Keyring.Open(receipt, key, sealed...)
		if err != nil {
			return Compared{}, err
		}
		typed, typedErr := f.Key(said)
		hit := 0
		for _, p := range plain {
			stored, err := f.Key(string(p))
			if err == nil && typedErr == nil {
				hit |= subtle.ConstantTimeCompare([]byte(typed), []byte(stored))
			}
		}
		out.Match = hit == 1
	}
	if out.Match {
		if err := s.Verification.Matched(ctx, try); err != nil {
			return Compared{}, err
		}
	}
	// The outcome has its own leaf: what the agent was told is a disclosure of one bit.
	return out, s.DB.Write(ctx, func(tx *db.Tx) error {
		facts, err := s.Interactions.Facts(tx, itx)
		if err != nil {
			return err
		}
		reason := ""
		if !out.Match {
			reason = "desk.no_match"
		}
		_, err = s.Log.Append(tx, audit.Entry{Action: "compare.outcome", Decision: audit.Done, Reason: reason, Actor: a,
			Purpose: facts.Purpose, Interaction: itx, Controller: facts.Controller, Ground: "interaction:" + itx,
			Channel: string(facts.Channel), Ref: try, Fields: []string{field}, Subject: facts.Subject})
		return err
	})
}

// Resend sends a confirmation of the call (company, purpose, time, where to ask) to a
// registered contact of the customer without showing the address. value chooses one of
// several contacts; "" means the newest usable one. To what no sender carries nothing is
// sent (desk.no_sender), and the masked view does not offer it. settle, if not nil, runs in
// the transaction of what was done: first without the receipt, whose index the log gives
// when the transaction ends, and then with it.
func (s *Service) Resend(ctx context.Context, a actor.Actor, itx, field, value string, settle func(tx *db.Tx, r *Receipt) error) (Receipt, error) {
	if !s.Messages.Carries(field) {
		return Receipt{}, errNoSender
	}
	var ans gate.Answer
	var missing bool
	var out Receipt
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		ans, missing, out = gate.Answer{}, false, Receipt{At: tx.Now()}
		var err error
		ans, err = s.Gate.Ask(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Act, Fields: []string{field},
			Detail: map[string]any{"act": "resend"}})
		if err != nil || ans.Grant == nil {
			return err
		}
		facts, err := s.Interactions.Facts(tx, itx)
		if err != nil {
			return err
		}
		vals, err := s.Vault.Values(tx, facts.Subject, field)
		if err != nil {
			return err
		}
		chosen := value
		if chosen == "" && len(vals) > 0 {
			chosen = vals[len(vals)-1].ID
		}
		if missing = !slices.ContainsFunc(vals, func(v vault.Stored) bool { return v.ID == chosen }); missing {
			return nil // as in Reveal: the leaf stays
		}
		company, err := s.Company(tx, facts.Controller)
		if err != nil {
			return err
		}
		about, err := s.Purposes.Get(tx, facts.Purpose)
		if err != nil {
			return err
		}
		if _, err := s.Messages.Queue(tx, a, message.Outgoing{Subject: facts.Subject, Interaction: itx, Value: chosen, Contact: field,
			Template: "desk.resend", Lang: facts.Language,
			Args: map[string]message.Arg{"company": message.Company(company), "purpose": message.About(about.Name[facts.Language]), "time": message.At(facts.Started)}}); err != nil {
			return err
		}
		s.addDisclosure(tx, Disclosure{Interaction: itx, Subject: facts.Subject, Staff: a.ID(), Verb: string(gate.Act),
			Fields: ans.Allowed, Purpose: facts.Purpose, Level: ans.Facts.Level})
		if settle == nil {
			return nil
		}
		ans.Entry.Then(func(tx *db.Tx, index uint64) error {
			return settle(tx, &Receipt{Index: index, At: out.At})
		})
		return settle(tx, nil)
	})
	switch {
	case err != nil:
		return Receipt{}, err
	case ans.Grant == nil:
		return Receipt{}, ans.Refusal
	case missing:
		return Receipt{}, errs.New(errs.NotFound, "desk.field_missing")
	}
	out.Index, _ = ans.Entry.Index()
	return out, nil
}

// Note keeps a free text about the call, sealed under the interaction's own key. Notes
// can be written once a customer is identified and until the call is sealed. also runs in the
// transaction of what was done.
func (s *Service) Note(ctx context.Context, a actor.Actor, itx, text string, also ...func(*db.Tx, dlp.Judgement) error) (j dlp.Judgement, err error) {
	text, ok := tidy(text, MaxNote)
	if !ok {
		return j, errs.New(errs.Invalid, "desk.note_invalid")
	}
	var refusal *errs.E
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		refusal, j = nil, dlp.Judgement{}
		ans, err := s.Gate.Ask(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Note})
		if err != nil {
			return err
		}
		if refusal = ans.Refusal; refusal != nil {
			return nil
		}
		if j, err = s.pass(tx, a, itx, ans.Facts, dlp.Note, dlp.Inside, Words{Text: text}); err != nil {
			return err
		}
		if !j.Goes() {
			refusal = dlp.Stopped(j)
			return nil
		}
		n := storedNote{ID: id.NewAt(id.Note, tx.Now()), Subject: ans.Facts.Interaction.Subject, Staff: a.ID()}
		if n.Sealed, err = s.Keyring.Seal(tx, noteRef(itx, n), []byte(j.Text)); err != nil {
			return err
		}
		addNote(tx, itx, n)
		for _, do := range also {
			if err := do(tx, j); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return j, err
}

// pass lets package dlp judge a text of the agent's own and enter what it decided.
func (s *Service) pass(tx *db.Tx, a actor.Actor, itx string, f gate.Facts, way dlp.Way, to dlp.Recipient, words Words) (dlp.Judgement, error) {
	facts, err := s.Interactions.Facts(tx, itx)
	if err != nil {
		return dlp.Judgement{}, err
	}
	return s.DLP.Pass(tx, dlp.Passage{Way: way, Recipient: to, By: a, Controller: f.Interaction.Controller, Interaction: itx, Subject: f.Interaction.Subject,
		Purpose: f.Interaction.Purpose, Channel: f.Interaction.Channel, Level: f.Level, Lang: i18n.Lang(facts.Language), Text: words.Text, Reason: words.Reason})
}

func noteRef(itx string, n storedNote) keyring.Ref {
	return keyring.Ref{Table: "desk_note", Column: "note_sealed", Row: n.ID, Subject: n.Subject, Interaction: itx, Schema: 1}
}

// Summary is what the wrap-up shows: facts, already filled in.
type Summary struct {
	Level       int
	Disclosures []Disclosure
	Notes       int
}

// Summary reads the facts of a call for its wrap-up: for the agent who serves it and for
// supervisors of its controller. It names fields and opens nothing.
func (s *Service) Summary(ctx context.Context, a actor.Actor, itx string) (sum Summary, err error) {
	known := false
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		facts, err := s.Interactions.Facts(tx, itx)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
		known = err == nil && a.Serves(facts.Controller) && (facts.Agent == a.ID() || a.Is(actor.Supervisor))
		if !known {
			return nil
		}
		if sum.Disclosures, err = disclosures(tx, itx); err != nil {
			return err
		}
		if sum.Level, err = s.Verification.Highest(tx, itx, facts.Subject); err != nil {
			return err
		}
		sum.Notes, err = countNotes(tx, itx, facts.Subject)
		return err
	})
	if err != nil || known {
		return sum, err
	}
	return Summary{}, s.notFound(ctx, a, itx)
}

// notFound has the gate refuse what a read has found to be none of the asker's business, so
// that the attempt is entered like any other.
func (s *Service) notFound(ctx context.Context, a actor.Actor, itx string) error {
	var ans gate.Answer
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		ans, err = s.Gate.Ask(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Mask, Fields: s.orAny(nil)})
		return err
	})
	switch {
	case err != nil:
		return err
	case ans.Refusal != nil:
		return ans.Refusal
	}
	return errs.New(errs.NotFound, "gate.not_found") // it became the asker's own meanwhile
}

// BudgetLeft is the gate's provider.
func (s *Service) BudgetLeft(tx *db.Tx, a actor.Actor, _ string) (int, error) {
	b, err := shift(tx, a.ID())
	return max(0, s.Budget-b.used), err
}

// Told is the gate's provider: the fields of a customer that were compared or revealed in the
// last day below V3, over all contacts, channels and staff, and how many there may be at a
// level. Who collects one fact a call finds that they count together.
func (s *Service) Told(tx *db.Tx, subject string, level int) ([]string, int, error) {
	most := ToldUnverified
	if level >= verification.V2 {
		most = ToldVerified
	}
	fields, err := told(tx, subject)
	return fields, most, err
}

// SearchesLeft is the gate's provider.
func (s *Service) SearchesLeft(tx *db.Tx, a actor.Actor, itx string) (shift, call int, err error) {
	ofShift, err := searchesUsed(tx, a.ID())
	if err != nil {
		return 0, 0, err
	}
	ofCall, err := searchesOf(tx, itx)
	return max(0, s.Searches-ofShift), max(0, SearchLimit-ofCall), err
}

// Seen are the names of a customer's fields that were shown, in clear or masked, compared or used in an interaction, each
// once, for the customer's own page.
func (s *Service) Seen(tx *db.Tx, itx, subject string) ([]string, error) {
	fields, err := s.Hits(tx, itx, subject) // masked in the hit itself
	if err != nil {
		return nil, err
	}
	list, err := disclosures(tx, itx)
	for _, d := range list {
		for _, f := range d.Fields {
			if d.Subject == subject && !slices.Contains(fields, f) {
				fields = append(fields, f)
			}
		}
	}
	return fields, err
}

// Opened is how many fields were revealed in a contact, and when the last: for the supervisors' list.
func (s *Service) Opened(tx *db.Tx, itx string) (fields int, last time.Time, err error) {
	list, err := disclosures(tx, itx)
	for _, d := range list {
		if d.Verb == string(gate.Reveal) {
			fields += len(d.Fields)
			last = d.At
		}
	}
	return fields, last, err
}

// Listened reports whether somebody listens to a contact.
func (s *Service) Listened(ctx context.Context, itx string) (listened bool, err error) {
	if s.Listeners == nil {
		return false, nil
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := s.Listeners(tx, itx)
		listened = n > 0
		return err
	})
	return listened, err
}
