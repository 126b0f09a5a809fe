package vault

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// Scope is what an API client must have been given to create and change customers.
const Scope = "import" // identity.ScopeImport

// Options are what the vault is made of.
type Options struct {
	DB        *db.DB
	Log       gate.Log
	Gate      *gate.Gate // may be set later with UseGate, because the gate asks the vault too
	Keys      *keyring.Keyring
	Catalogue *catalog.Catalogue
	Purpose   PurposeOf
	Cases     CaseReferences                // nil: case references are looked up in the customers' values only
	Duty      func(name string) actor.Actor // makes the actor of a duty of this room
}

// Vault is the room's verbs.
type Vault struct {
	db        *db.DB
	log       gate.Log
	gate      *gate.Gate
	keys      *keyring.Keyring
	catalogue *catalog.Catalogue
	purpose   PurposeOf
	cases     CaseReferences
	named     Named
	born      Born
	follower  Follower
	duty      func(string) actor.Actor

	names names

	repairing sync.Mutex // one repair of the index at a time
	late      time.Time  // since when rows were owed whose repair has not succeeded yet; zero for none
}

// New makes a Vault. BuildNames and Repair start its duties.
func New(o Options) *Vault {
	v := &Vault{db: o.DB, log: o.Log, gate: o.Gate, keys: o.Keys, catalogue: o.Catalogue, purpose: o.Purpose, cases: o.Cases, duty: o.Duty}
	v.names.start(o.Catalogue)
	return v
}

// UseGate sets the gate, for app, which makes the vault before the gate that asks it.
func (v *Vault) UseGate(g *gate.Gate) { v.gate = g }

// UseCases sets the look-up of case references, for the same reason.
func (v *Vault) UseCases(c CaseReferences) { v.cases = c }

// Named is told, in the transaction, of each identifier or contact that a customer is given: the group by which such values
// are one (a field's name, or phone, email) and the form by which they are compared.
type Named func(tx *db.Tx, controller, subject, group, key string) error

// UseNamed sets who is told.
func (v *Vault) UseNamed(n Named) { v.named = n }

// Born is told, in the transaction of the write, of a customer's birth date as it is stored; "" when it is gone.
type Born func(tx *db.Tx, subject, date string) error

// UseBorn sets who is told.
func (v *Vault) UseBorn(b Born) { v.born = b }

// BirthDate is the field that Born is told of.
const BirthDate = "birth_date"

// Duties are the registered duties of this room and the only fields they may open.
func Duties(c *catalog.Catalogue) []gate.DutySpec {
	names, indexed, all := []string{}, []string{}, []string{}
	for _, f := range c.Fields() {
		switch f.Index {
		case catalog.Memory:
			names = append(names, f.Name)
		case catalog.Unique, catalog.Exact:
			indexed = append(indexed, f.Name)
		}
		all = append(all, f.Name)
	}
	return []gate.DutySpec{
		{Name: DutyNameIndex, Fields: names},
		{Name: DutyIndexRepair, Fields: append(indexed, HistoryField)},
		{Name: DutyImport, Fields: all},
	}
}

// NewCustomer is a customer to be created.
type NewCustomer struct {
	Controller string // ctl_…
	Purpose    string // pur_…: what the data is collected for
	Values     []Input
	Source     string // id of what it came from (imp_…, itx_…, cli_…)

	// Settle, when set, is called in the transaction of the act, for web's idempotency.
	Settle func(tx *db.Tx, out Outcome) error
}

// Change is new values for a customer: all values of each field that is named. An empty
// value empties its field.
type Change struct {
	Subject string
	Purpose string // pur_…
	Version int64  // the version last seen; 0: whichever
	Values  []Input
	Source  string

	Settle func(tx *db.Tx, out Outcome) error
}

// Outcome is what became of a create or an update. A refusal is an outcome and not an
// error, because its audit entry is committed.
type Outcome struct {
	Subject string
	Version int64
	Changed []string // fields written, in catalogue order
	Refusal *errs.E  // nil when done
	Entry   *audit.Pending
}

// PurposeOf says what the register knows of a purpose now; purpose.Register.Facts fits.
type PurposeOf func(tx *db.Tx, purpose string) (gate.PurposeFacts, error)

// CaseReferences finds the subjects of interactions that carry a case reference of another
// system, at one controller. The room interaction gives it, through app.
type CaseReferences func(tx *db.Tx, controller, reference string) ([]string, error)

// Prepared is values brought into their normal form, with their keyed hashes, ready to be
// sealed and stored. It is made outside the writer, because it takes time.
type Prepared struct {
	controller string
	values     []preparedValue
	cleared    []string          // fields to be emptied
	opened     map[string]string // of stored values, by their id: what they are compared by
}

type preparedValue struct {
	field      catalog.Field
	ordinal    int
	form       string // as stored
	key        string // as compared
	mac        []byte // for unique and exact
	registered time.Time
	verified   time.Time
}

type sealedValue struct {
	id, field            string
	ordinal              int
	sealed               []byte
	registered, verified time.Time
}

// Fields are the names of the fields that will be written, each once, in catalogue order.
func (p *Prepared) Fields() []string {
	var out []string
	for _, v := range p.values {
		if !slices.Contains(out, v.field.Name) {
			out = append(out, v.field.Name)
		}
	}
	return append(out, p.cleared...)
}

// Key returns the comparable form of a field's first value; "" when it has none.
func (p *Prepared) Key(field string) string {
	for _, v := range p.values {
		if v.field.Name == field {
			return v.key
		}
	}
	return ""
}

// Prepare checks and normalises values for a customer of a controller. An empty value
// says that the field is to be emptied. A day of registration that has not begun anywhere
// is refused (vault.registered_future). The error names the field and never the value.
func (v *Vault) Prepare(controller string, inputs []Input) (*Prepared, error) {
	if !id.Is(id.Controller, controller) {
		return nil, errs.New(errs.Invalid, "vault.no_controller")
	}
	p := &Prepared{controller: controller, values: make([]preparedValue, 0, len(inputs))}
	for _, in := range inputs {
		f, ok := v.catalogue.Field(in.Field)
		if !ok {
			return nil, errs.New(errs.Invalid, "vault.unknown_field")
		}
		if in.Field == HistoryField {
			return nil, errs.New(errs.Invalid, "vault.history_field")
		}
		if in.Value == "" {
			p.cleared = append(p.cleared, f.Name)
			continue
		}
		form, err := f.Normalise(in.Value)
		if err != nil {
			return nil, err
		}
		key, err := f.Key(form)
		if err != nil {
			return nil, err
		}
		value := preparedValue{field: f, form: form, key: key, verified: in.VerifiedAt}
		if f.Contact != catalog.NoContact {
			if value.registered = in.RegisteredAt; IsFuture(in.RegisteredAt, v.db.Now()) {
				return nil, errs.New(errs.Invalid, "vault.registered_future").With("field", f.Name)
			}
		}
		if f.Index == catalog.Unique || f.Index == catalog.Exact {
			value.mac = v.mac(controller, f, key)
		}
		if !p.has(value) {
			p.values = append(p.values, value)
		}
	}
	slices.SortStableFunc(p.values, func(a, b preparedValue) int { return cmp.Compare(a.field.Name, b.field.Name) })
	for i := 1; i < len(p.values); i++ {
		if p.values[i].field.Name == p.values[i-1].field.Name {
			if !p.values[i].field.Multiple {
				return nil, errs.New(errs.Invalid, "vault.one_value").With("field", p.values[i].field.Name)
			}
			p.values[i].ordinal = p.values[i-1].ordinal + 1
		}
	}
	for _, name := range p.cleared {
		if slices.ContainsFunc(p.values, func(v preparedValue) bool { return v.field.Name == name }) {
			return nil, errs.New(errs.Invalid, "vault.one_value").With("field", name)
		}
	}
	if len(p.values)+len(p.cleared) > MaxValues {
		return nil, errs.New(errs.Invalid, "vault.too_many_values").With("max", MaxValues)
	}
	return p, nil
}

// MaxValues is how many values one customer may be given at once.
const MaxValues = 100

// has reports whether the same value of the same field is there already; it is then kept once.
func (p *Prepared) has(value preparedValue) bool {
	return slices.ContainsFunc(p.values, func(o preparedValue) bool {
		return o.field.Name == value.field.Name && o.key == value.key
	})
}

// mac is the blind index of a value: per controller, and per kind of contact or else per
// field, so that a phone number is found in whichever phone field it stands.
func (v *Vault) mac(controller string, f catalog.Field, key string) []byte {
	return v.keys.MAC(macName(controller, f), []byte(key))
}

// macs are the blind indexes of a value under every index key alive: while the index is
// rebuilt under a new key, rows under the old one are still good for finding.
func (v *Vault) macs(controller string, f catalog.Field, key string) [][]byte {
	return v.keys.MACs(macName(controller, f), []byte(key))
}

func macName(controller string, f catalog.Field) string {
	return "vault/" + controller + "/" + group(f)
}

// group is what values of a field are one with.
func group(f catalog.Field) string {
	if f.Contact != catalog.NoContact {
		return string(f.Contact)
	}
	return f.Name
}

func (v *Vault) seal(key keyring.Key, subject string, values []preparedValue) ([]sealedValue, error) {
	plains := make([]keyring.Plain, len(values))
	out := make([]sealedValue, len(values))
	for i, p := range values {
		out[i] = sealedValue{id: id.New(id.Value), field: p.field.Name, ordinal: p.ordinal, registered: p.registered, verified: p.verified}
		plains[i] = keyring.Plain{Ref: valueRef(subject, p.field.Name, out[i].id), Bytes: []byte(p.form)}
	}
	sealed, err := v.keys.SealRecord(key, plains...)
	for i := range sealed {
		out[i].sealed = sealed[i]
	}
	return out, err
}

// valueRef is the place of a value. The field's name is part of it, so that a secret moved
// into the row of a field that may be shown does not open there.
func valueRef(subject, field, value string) keyring.Ref {
	return keyring.Ref{Table: "vault_value", Column: "value_sealed/" + field, Row: value, Subject: subject, Schema: 1}
}

// Draft is a customer that is sealed and ready to be stored, but nowhere yet.
type Draft struct {
	Subject  string
	prepared *Prepared
	key      keyring.Key
	values   []sealedValue
	source   string
}

// Draft seals a new customer under a new key, outside the writer.
func (v *Vault) Draft(p *Prepared, source string) (*Draft, error) {
	d := &Draft{Subject: id.New(id.Subject), prepared: p, source: source}
	var err error
	if d.key, err = v.keys.Draft(d.Subject); err != nil {
		return nil, err
	}
	d.values, err = v.seal(d.key, d.Subject, p.values)
	return d, err
}

// Add stores a drafted customer. When a unique value is taken the closure of tx fails with
// an error that IsTaken recognises, at the latest when it ends.
func (v *Vault) Add(tx *db.Tx, d *Draft) error {
	if err := v.keys.Adopt(tx, d.key); err != nil {
		return err
	}
	insertSubject(tx, Subject{ID: d.Subject, Controller: d.prepared.controller, Source: d.source})
	insertValues(tx, d.Subject, d.values, d.source)
	at := tx.Now().UnixMicro()
	tx.AfterCommit(func() { v.names.created(d.Subject, at) })
	v.tell(tx, d.Subject, d.prepared, true)
	return v.index(tx, d.Subject, d.prepared)
}

// index writes the blind index of prepared values, and the names after the commit.
func (v *Vault) index(tx *db.Tx, subject string, p *Prepared) error {
	var uniques, exacts []indexRow
	if v.born != nil && slices.Contains(p.cleared, BirthDate) {
		if err := v.born(tx, subject, ""); err != nil {
			return err
		}
	}
	for _, value := range p.values {
		if v.born != nil && value.field.Name == BirthDate {
			if err := v.born(tx, subject, value.form); err != nil {
				return err
			}
		}
		if v.named != nil && value.mac != nil {
			if err := v.named(tx, p.controller, subject, group(value.field), value.key); err != nil {
				return err
			}
		}
		switch row := (indexRow{value.mac, value.field.Name}); value.field.Index {
		case catalog.Unique:
			// under two index keys the constraint cannot see the older rows
			for _, mac := range v.macs(p.controller, value.field, value.key)[1:] {
				if who, err := holder(tx, p.controller, mac); err != nil {
					return err
				} else if who != "" && who != subject {
					return errs.New(errs.Conflict, "vault.taken").With("field", value.field.Name)
				}
			}
			uniques = append(uniques, row)
		case catalog.Exact:
			exacts = append(exacts, row)
		}
	}
	insertUniques(tx, p.controller, subject, uniques...)
	insertExacts(tx, p.controller, subject, exacts...)
	if change, ok := v.names.changeOf(subject, p); ok {
		tx.AfterCommit(func() { v.names.apply(p.controller, change) })
	}
	return nil
}

// Taken says which unique fields of p are held by somebody other than subject.
func (v *Vault) Taken(tx *db.Tx, p *Prepared, subject string) ([]string, error) {
	var out []string
	for _, value := range p.values {
		if value.field.Index != catalog.Unique {
			continue
		}
		for _, mac := range v.macs(p.controller, value.field, value.key) {
			who, err := holder(tx, p.controller, mac)
			if err != nil {
				return nil, err
			}
			if who != "" && who != subject && !slices.Contains(out, value.field.Name) {
				out = append(out, value.field.Name)
			}
		}
	}
	return out, nil
}

// taken turns the database's word into ours, and finds out which field it was.
func (v *Vault) taken(ctx context.Context, p *Prepared, subject string, err error) error {
	if !db.IsUnique(err) {
		return err
	}
	conflict := errs.Wrap(errs.Conflict, "vault.taken", err)
	_ = v.db.Read(ctx, func(tx *db.Tx) error {
		fields, err := v.Taken(tx, p, subject)
		if len(fields) > 0 {
			conflict = conflict.With("field", fields[0])
		}
		return err
	})
	return conflict
}

// permitted decides who may write customers outside a call: an API client that serves the
// controller and has the scope, alone or with a member of staff, or the duty of import; for
// a purpose of that controller that is active and collects every one of the fields.
func (v *Vault) permitted(tx *db.Tx, a actor.Actor, controller, purpose string, fields []string) (*errs.E, error) {
	switch a.Kind() {
	case actor.Client, actor.OnBehalf:
		if !a.HasScope(Scope) {
			return errs.New(errs.Denied, "vault.no_scope"), nil
		}
		if !a.Serves(controller) {
			return errs.New(errs.NotFound, "vault.not_found"), nil
		}
	case actor.Duty:
		if a.ID() != DutyImport {
			return errs.New(errs.Denied, "vault.not_permitted"), nil
		}
	default:
		return errs.New(errs.Denied, "vault.not_permitted"), nil
	}
	if v.purpose == nil {
		return errs.New(errs.Denied, "vault.purpose_unusable"), nil
	}
	facts, err := v.purpose(tx, purpose)
	if err != nil {
		return nil, err
	}
	if !facts.Found || !facts.Active || facts.Controller != controller || facts.Uses == nil {
		return errs.New(errs.Denied, "vault.purpose_unusable"), nil
	}
	for _, f := range fields {
		if !facts.Uses(gate.Collect, f) {
			return errs.New(errs.Denied, "vault.field_not_in_purpose").With("field", f), nil
		}
	}
	return nil, nil
}

// Permitted is the decision on writing customers outside a call, for the room intake. A
// refusal is an outcome; the caller appends the entry.
func (v *Vault) Permitted(tx *db.Tx, a actor.Actor, controller, purpose string, fields []string) (*errs.E, error) {
	return v.permitted(tx, a, controller, purpose, fields)
}

// Create makes a customer outside a call: an engineer's system says that there is one.
// The result names the new subject. A taken unique value is a conflict (vault.taken).
func (v *Vault) Create(ctx context.Context, a actor.Actor, c NewCustomer) (Outcome, error) {
	p, err := v.Prepare(c.Controller, c.Values)
	if err != nil {
		return Outcome{}, err
	}
	if len(p.values) == 0 {
		return Outcome{}, errs.New(errs.Invalid, "vault.no_values")
	}
	out, err := v.create(ctx, a, c, p)
	if errs.Of(err) != nil && errs.Of(err).Code == "keyring.draft_stale" { // a new epoch began in between
		out, err = v.create(ctx, a, c, p)
	}
	if err != nil {
		return Outcome{}, v.taken(ctx, p, "", err)
	}
	return out, nil
}

func (v *Vault) create(ctx context.Context, a actor.Actor, c NewCustomer, p *Prepared) (Outcome, error) {
	d, err := v.Draft(p, c.Source)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	err = v.db.Write(ctx, func(tx *db.Tx) error {
		out = Outcome{Subject: d.Subject, Version: 1, Changed: p.Fields()}
		e := audit.Entry{Action: "customer.create", Actor: a, Controller: c.Controller, Purpose: c.Purpose, Ref: c.Source, Count: 1}
		refusal, err := v.permitted(tx, a, c.Controller, c.Purpose, out.Changed)
		if err != nil {
			return err
		}
		if refusal != nil {
			out = Outcome{Refusal: refusal}
			return v.record(tx, &out, e, p)
		}
		if err := v.Add(tx, d); err != nil {
			return err
		}
		e.Subject, e.First = d.Subject, true
		if err := v.record(tx, &out, e, p); err != nil || c.Settle == nil {
			return err
		}
		return c.Settle(tx, out)
	})
	return out, err
}

// record appends the entry of a create or an update. Ids that a request made up do not
// reach the log: a refused controller or purpose may be anything.
func (v *Vault) record(tx *db.Tx, out *Outcome, e audit.Entry, p *Prepared) error {
	e.Decision, e.Fields = audit.Done, p.Fields()
	if out.Refusal != nil {
		e.Decision, e.Reason, e.Fields, e.Refused, e.Count = audit.Denied, out.Refusal.Code, nil, v.declared(p.Fields()), 0
		if !id.Is(id.Purpose, e.Purpose) {
			e.Purpose = ""
		}
	}
	entry, err := v.log.Append(tx, e)
	out.Entry = entry
	return err
}

// declared keeps the names that the catalogue spells out; a free name is the request's own.
func (v *Vault) declared(fields []string) []string {
	names := v.catalogue.Names()
	return slices.DeleteFunc(slices.Clone(fields), func(f string) bool { return !slices.Contains(names, f) })
}

// Update replaces values of a customer outside a call: every value of each field that is
// given, and no other. version is the one the caller last saw; 0 means whichever. Of
// contacts, what Put says of them holds: to see which are the same, those that are stored
// are opened first, as the duty of import.
func (v *Vault) Update(ctx context.Context, a actor.Actor, u Change) (Outcome, error) {
	var p *Prepared
	var out Outcome
	stored, plain, err := v.openContacts(ctx, a, u)
	if err != nil {
		return Outcome{}, err
	}
	err = v.db.Write(ctx, func(tx *db.Tx) error {
		out = Outcome{}
		s, err := subjectByID(tx, u.Subject)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
		if err != nil || a.Kind() != actor.Duty && !a.Serves(s.Controller) {
			// another controller's customer and nobody get one answer and one entry, which names neither
			out.Refusal = errs.New(errs.NotFound, "vault.not_found")
			return v.record(tx, &out, audit.Entry{Action: "customer.update", Actor: a}, &Prepared{})
		}
		if p, err = v.Prepare(s.Controller, u.Values); err != nil {
			return err
		}
		e := audit.Entry{Action: "customer.update", Actor: a, Controller: s.Controller, Purpose: u.Purpose, Ref: u.Source, Count: 1, Subject: u.Subject}
		if out.Refusal, err = v.permitted(tx, a, s.Controller, u.Purpose, p.Fields()); err != nil {
			return err
		}
		if out.Refusal != nil {
			return v.record(tx, &out, e, p)
		}
		if u.Version != 0 && u.Version != s.Version {
			return errs.New(errs.Conflict, "vault.changed_since")
		}
		v.Opened(p, stored, plain)
		if out.Version, err = v.Put(tx, u.Subject, p, u.Source); err != nil {
			return err
		}
		out.Subject, out.Changed = u.Subject, p.Fields()
		if err := v.record(tx, &out, e, p); err != nil || u.Settle == nil {
			return err
		}
		return u.Settle(tx, out)
	})
	if err != nil {
		if p == nil {
			return Outcome{}, err
		}
		return Outcome{}, v.taken(ctx, p, u.Subject, err)
	}
	return out, nil
}

// openContacts opens the stored contacts of the fields that a change is about; nothing when
// the change will be refused.
func (v *Vault) openContacts(ctx context.Context, a actor.Actor, u Change) (stored []Stored, plain []string, err error) {
	var key keyring.Key
	var fields []string
	if err := v.db.Read(ctx, func(tx *db.Tx) error {
		stored, fields = nil, nil
		s, err := subjectByID(tx, u.Subject)
		if errs.KindOf(err) == errs.NotFound || err == nil && a.Kind() != actor.Duty && !a.Serves(s.Controller) {
			return nil
		}
		if err != nil {
			return err
		}
		p, err := v.Prepare(s.Controller, u.Values)
		if err != nil {
			return err
		}
		for _, value := range p.values {
			if value.field.Contact != catalog.NoContact && !slices.Contains(fields, value.field.Name) {
				fields = append(fields, value.field.Name)
			}
		}
		if len(fields) == 0 {
			return nil
		}
		if refusal, err := v.permitted(tx, a, s.Controller, u.Purpose, p.Fields()); refusal != nil || err != nil {
			return err
		}
		if stored, err = v.Values(tx, u.Subject, fields...); err != nil || len(stored) == 0 {
			return err
		}
		key, err = v.keys.Key(tx, u.Subject, "")
		return err
	}); err != nil || len(stored) == 0 {
		return nil, nil, err
	}
	receipt, err := v.onDuty(ctx, DutyImport, id.NewAt(id.Duty, v.db.Now()), fields, 1)
	if err != nil {
		return nil, nil, err
	}
	if plain, err = v.openStored(receipt, key, stored); err != nil {
		return nil, nil, nil //nolint:nilerr // the keyring has written open.failed; what does not open may be replaced, and is not known
	}
	return stored, plain, nil
}

// Opened tells prepared values what the stored ones are, so that Put knows which stay.
func (v *Vault) Opened(p *Prepared, stored []Stored, plain []string) {
	p.opened = make(map[string]string, len(stored))
	for i, s := range stored {
		if f, ok := v.catalogue.Field(s.Field); ok {
			if key, err := f.Key(plain[i]); err == nil {
				p.opened[s.ID] = key
			}
		}
	}
}

// dated are the prepared values, each contact with the day since when it counts as registered.
func (v *Vault) dated(tx *db.Tx, subject string, p *Prepared) ([]preparedValue, error) {
	out := slices.Clone(p.values)
	stored, err := valuesOf(tx, subject, nil)
	if err != nil {
		return nil, err
	}
	for i, value := range out {
		if value.field.Contact == catalog.NoContact {
			continue
		}
		same := slices.IndexFunc(stored, func(s Stored) bool {
			key, known := p.opened[s.ID]
			return known && s.Field == value.field.Name && key == value.key
		})
		var was Stored
		if same >= 0 {
			was = stored[same]
		}
		out[i].registered = Since(value.registered, was.RegisteredAt, tx.Now())
		if value.verified.IsZero() {
			out[i].verified = was.VerifiedAt
		}
	}
	return out, nil
}

// Put replaces the values of the prepared fields in the caller's transaction, after the
// caller's gate allowed `collect` for them. It returns the new version.
//
// A contact that this brings counts as registered from now on at the earliest, whatever day
// was given with it; one of unknown registration stays unknown. A contact that was there
// already (Opened says which) keeps its day, which a given one only makes later.
func (v *Vault) Put(tx *db.Tx, subject string, p *Prepared, source string) (int64, error) {
	s, err := subjectByID(tx, subject)
	if err != nil {
		return 0, err
	}
	if s.Controller != p.controller {
		return 0, errs.New(errs.NotFound, "vault.not_found")
	}
	if len(p.values)+len(p.cleared) == 0 {
		return 0, errs.New(errs.Invalid, "vault.no_values")
	}
	key, err := v.keys.Key(tx, subject, "")
	if err != nil {
		return 0, err
	}
	values, err := v.dated(tx, subject, p)
	if err != nil {
		return 0, err
	}
	sealed, err := v.seal(key, subject, values)
	if err != nil {
		return 0, err
	}
	ok, err := bumpSubject(tx, subject, s.Version)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, errs.New(errs.Conflict, "vault.changed_since")
	}
	for _, field := range p.Fields() {
		deleteValues(tx, subject, field)
		if f, _ := v.catalogue.Field(field); f.Index == catalog.Unique || f.Index == catalog.Exact {
			deleteIndex(tx, subject, field)
		}
	}
	insertValues(tx, subject, sealed, source)
	noteIndexed(tx, subject, s.Version+1)
	v.tell(tx, subject, p, false)
	return s.Version + 1, v.index(tx, subject, p)
}

// IsTaken reports whether err says that a unique value belongs to somebody else.
func IsTaken(err error) bool {
	return db.IsUnique(err) || errors.Is(err, errs.New(errs.Conflict, "vault.taken"))
}

// Subject reads what is known of a customer without opening anything; vault.not_found.
func (v *Vault) Subject(tx *db.Tx, subject string) (Subject, error) { return subjectByID(tx, subject) }

// After lists customers in the order of their ids, after one of them: at most so many.
func (v *Vault) After(tx *db.Tx, subject string, most int) (out []string, err error) {
	err = tx.Data.Rows(`select subject from vault_subject where subject > $1 order by subject limit $2`, []any{subject, int64(most)}, func(r db.Row) error {
		var one string
		err := r.Scan(&one)
		out = append(out, one)
		return err
	})
	return out, err
}

// Owner is the gate's provider: whose customer is this; false when there is no such one.
func (v *Vault) Owner(tx *db.Tx, subject string) (controller string, exists bool, err error) {
	s, err := subjectByID(tx, subject)
	if errs.KindOf(err) == errs.NotFound {
		return "", false, nil
	}
	return s.Controller, err == nil, err
}

// Stored is one sealed value with what is known of it.
type Stored struct {
	ID           string // val_…
	Subject      string
	Field        string
	Ordinal      int
	RegisteredAt time.Time // zero: unknown, so no ground for V2 and above
	VerifiedAt   time.Time // zero: never
	Source       string
	sealed       []byte
}

// Sealed is the record for keyring.Open.
func (s Stored) Sealed() keyring.Sealed {
	return keyring.Sealed{Field: s.Field, Ref: valueRef(s.Subject, s.Field, s.ID), Bytes: s.sealed}
}

// Values reads a customer's sealed values, by field and ordinal; of every field when none
// is named. Nothing is opened.
func (v *Vault) Values(tx *db.Tx, subject string, fields ...string) ([]Stored, error) {
	return valuesOf(tx, subject, fields)
}

// Value reads one sealed value by its id; vault.not_found.
func (v *Vault) Value(tx *db.Tx, subject, value string) (Stored, error) {
	all, err := valuesOf(tx, subject, nil)
	if err != nil {
		return Stored{}, err
	}
	for _, s := range all {
		if s.ID == value {
			return s, nil
		}
	}
	return Stored{}, errs.New(errs.NotFound, "vault.not_found")
}

// Contacts reads a customer's contacts of some kinds, oldest registration first; those of
// unknown registration come last.
func (v *Vault) Contacts(tx *db.Tx, subject string, kinds ...catalog.Contact) ([]Stored, error) {
	all, err := valuesOf(tx, subject, nil)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(s Stored) bool {
		f, _ := v.catalogue.Field(s.Field)
		return f.Contact == catalog.NoContact || len(kinds) > 0 && !slices.Contains(kinds, f.Contact)
	})
	slices.SortStableFunc(all, func(a, b Stored) int {
		if a.RegisteredAt.IsZero() != b.RegisteredAt.IsZero() {
			if a.RegisteredAt.IsZero() {
				return 1
			}
			return -1
		}
		return a.RegisteredAt.Compare(b.RegisteredAt)
	})
	return all, nil
}

// Verified notes that a value was proved to be the customer's just now.
func (v *Vault) Verified(tx *db.Tx, subject, value string) error {
	ok, err := setVerified(tx, subject, value)
	if err == nil && !ok {
		return errs.New(errs.NotFound, "vault.not_found")
	}
	return err
}

// Register notes since when a contact is registered, without touching its value: never
// earlier than was known, and from now on if nothing was. It says whether that changed
// anything; vault.not_found.
func (v *Vault) Register(tx *db.Tx, subject, value string, given time.Time) (bool, error) {
	s, err := v.Value(tx, subject, value)
	if err != nil {
		return false, err
	}
	since := Since(given, s.RegisteredAt, tx.Now())
	if since.Equal(s.RegisteredAt) {
		return false, nil
	}
	setRegistered(tx, subject, value, since)
	return true, nil
}

// Delete removes every row of this room about a customer, from the index in memory too
// after the commit, and says how many rows. The keys are the keyring's to shred, first.
func (v *Vault) Delete(tx *db.Tx, subject string) (rows int64, err error) {
	s, err := subjectByID(tx, subject)
	if errs.KindOf(err) == errs.NotFound {
		return deleteSubject(tx, subject) // a crash may have left rows of an index
	}
	if err != nil {
		return 0, err
	}
	tx.AfterCommit(func() { v.names.remove(s.Controller, subject) })
	if v.follower != nil {
		v.follower.Erased(tx, s.Controller, subject)
	}
	return deleteSubject(tx, subject)
}

// Forms are the prepared values as they will be stored, by field and in their order.
func (p *Prepared) Forms() map[string][]Input {
	out := map[string][]Input{}
	for _, v := range p.values {
		out[v.field.Name] = append(out[v.field.Name], Input{Field: v.field.Name, Value: v.form, RegisteredAt: v.registered, VerifiedAt: v.verified})
	}
	return out
}

// ForDuty is the record for keyring.Open by a machine duty, and the declared field that
// the duty's question must name: of a free field (extra_tier) that is the one that
// declares it (extra), since a duty's fields are fixed.
func (v *Vault) ForDuty(s Stored) (field string, sealed keyring.Sealed) {
	sealed = s.Sealed()
	if f, ok := v.catalogue.Field(s.Field); ok && f.Free {
		base := ""
		for _, declared := range v.catalogue.Fields() {
			if declared.Free && len(declared.Name) > len(base) && strings.HasPrefix(s.Field, declared.Name+"_") {
				base = declared.Name
			}
		}
		sealed.Field = base
	}
	return sealed.Field, sealed
}
