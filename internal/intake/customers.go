package intake

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault"
)

// customer is a record on its way into the vault.
type customer struct {
	line     int
	inputs   []vault.Input
	prepared *vault.Prepared
	draft    *vault.Draft // a new customer
	subject  string       // a known one
	key      keyring.Key
	stored   []vault.Stored
	change   *vault.Prepared // what differs; nil when nothing
	dated    []dated         // contacts of which only the day of registration differs
}

type dated struct {
	value string // val_…
	since time.Time
}

// plan is a chunk, made ready outside the writer.
type plan struct {
	customers []*customer
	rejects   []Reject
}

// storeCustomers stores a chunk. When one record of it fails (a number that somebody has
// taken meanwhile, twice in the file), the records are stored one by one.
func (in *importing) storeCustomers(ctx context.Context, c *chunk) (Counts, error) {
	p, ready := in.prepare(c)
	counts, err := in.storePlan(ctx, c, p, ready)
	if err == nil || !retry(err) {
		return counts, err
	}
	return in.storeSingly(ctx, c, p.rejects, ready)
}

// retry says whether storing again, one by one, may help.
func retry(err error) bool {
	e := errs.Of(err)
	return vault.IsTaken(err) || e.Code == "vault.changed_since" || e.Code == "keyring.draft_stale" || e.Kind == errs.NotFound // being erased
}

// prepare normalises the records of a chunk and sorts out those that do not fit.
func (in *importing) prepare(c *chunk) (plan, []*customer) {
	var p plan
	ready := make([]*customer, 0, len(c.rows))
	for _, r := range c.rows {
		inputs, reject := in.layout.inputs(r, in.dates, in.s.o.DB.Now())
		var prepared *vault.Prepared
		if reject == nil {
			var err error
			if prepared, err = in.s.o.Vault.Prepare(in.run.Controller, inputs); err != nil {
				reject = in.rejected(r.line, err)
			} else if prepared.Key(KeyField) == "" {
				reject = &Reject{Line: r.line, Column: in.layout.columnOf(KeyField), Code: "intake.no_customer_number"}
			}
		}
		if reject != nil {
			p.rejects = append(p.rejects, *reject)
			continue
		}
		ready = append(ready, &customer{line: r.line, inputs: inputs, prepared: prepared})
	}
	return p, ready
}

// rejected names the column whose value the vault did not take.
func (in *importing) rejected(line int, err error) *Reject {
	e := errs.Of(err)
	field, _ := e.Args["field"].(string)
	return &Reject{Line: line, Column: in.layout.columnOf(field), Code: e.Code}
}

func (l *layout) columnOf(field string) string {
	for _, p := range l.columns {
		if p.Field == field {
			return p.name
		}
	}
	return ""
}

// storePlan finds out who is new and who has changed, seals, and writes.
func (in *importing) storePlan(ctx context.Context, c *chunk, p plan, ready []*customer) (Counts, error) {
	if err := in.look(ctx, ready); err != nil {
		return Counts{}, err
	}
	if err := in.compare(ctx, ready); err != nil {
		return Counts{}, err
	}
	for _, one := range ready {
		if one.subject == "" {
			var err error
			if one.draft, err = in.s.o.Vault.Draft(one.prepared, in.run.ID); err != nil {
				return Counts{}, err
			}
		}
	}
	p.customers = ready
	return in.write(ctx, c, p)
}

// look finds the customers that are known already, and reads what is stored of them.
func (in *importing) look(ctx context.Context, ready []*customer) error {
	return in.s.o.DB.Read(ctx, func(tx *db.Tx) error {
		for _, one := range ready {
			one.subject, one.change, one.dated, one.draft = "", nil, nil, nil
			hits, err := in.s.o.Vault.Find(tx, in.run.Controller, vault.Query{Field: KeyField, Value: one.prepared.Key(KeyField)}, 1)
			if err != nil {
				return err
			}
			if len(hits.List) == 0 {
				continue
			}
			one.subject = hits.List[0].Subject
			if one.stored, err = in.s.o.Vault.Values(tx, one.subject, one.prepared.Fields()...); err != nil {
				return err
			}
			if one.key, err = in.s.o.Keys.Key(tx, one.subject, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

// compare opens what is stored of known customers, as the duty of import, and keeps the
// fields whose values differ.
func (in *importing) compare(ctx context.Context, ready []*customer) error {
	known, fields := int64(0), []string{}
	for _, one := range ready {
		if one.subject != "" && len(one.stored) > 0 {
			known++
			for _, s := range one.stored {
				if field, _ := in.s.o.Vault.ForDuty(s); !slices.Contains(fields, field) {
					fields = append(fields, field)
				}
			}
		}
	}
	var receipt gate.Receipt
	if known > 0 {
		var answer gate.Answer
		err := in.s.o.DB.Write(ctx, func(tx *db.Tx) (err error) {
			answer, err = in.s.o.Gate.Ask(tx, in.s.o.Duty(vault.DutyImport), gate.Question{
				Ground: gate.Duty(vault.DutyImport, in.duty), Verb: gate.Process, Fields: fields, Count: known,
			})
			return err
		})
		if err != nil {
			return err
		}
		if answer.Refusal != nil {
			return answer.Refusal
		}
		if receipt, err = answer.Grant.Receipt(); err != nil {
			return err
		}
	}
	for _, one := range ready {
		if one.subject == "" {
			continue
		}
		sealed := make([]keyring.Sealed, len(one.stored))
		for i, s := range one.stored {
			_, sealed[i] = in.s.o.Vault.ForDuty(s)
		}
		var plain [][]byte
		if len(sealed) > 0 {
			var err error
			if plain, err = in.s.o.Keys.Open(receipt, one.key, sealed...); err != nil {
				return err
			}
		}
		if err := in.differ(one, texts(plain)); err != nil {
			return err
		}
	}
	return nil
}

func texts(plain [][]byte) []string {
	out := make([]string, len(plain))
	for i, p := range plain {
		out[i] = string(p)
	}
	return out
}

// differ keeps of a known customer what the file says otherwise than the vault.
func (in *importing) differ(one *customer, plain []string) error {
	old := map[string][]string{}
	known := map[string][]vault.Stored{}
	for i, s := range one.stored {
		old[s.Field] = append(old[s.Field], plain[i])
		known[s.Field] = append(known[s.Field], s)
	}
	forms := one.prepared.Forms()
	now := in.s.o.DB.Now()
	var change []vault.Input
	for _, field := range one.prepared.Fields() {
		said := forms[field]
		if !slices.EqualFunc(old[field], said, func(was string, n vault.Input) bool { return was == n.Value }) {
			change = append(change, said...)
			continue
		}
		for i, n := range said {
			if was := known[field][i]; !vault.Since(n.RegisteredAt, was.RegisteredAt, now).Equal(was.RegisteredAt) {
				one.dated = append(one.dated, dated{was.ID, n.RegisteredAt})
			}
		}
	}
	if len(change) == 0 {
		return nil
	}
	var err error
	if one.change, err = in.s.o.Vault.Prepare(in.run.Controller, change); err == nil {
		in.s.o.Vault.Opened(one.change, one.stored, plain)
	}
	return err
}

// write stores a plan: rows, checkpoint, rejects and entry in one transaction.
func (in *importing) write(ctx context.Context, c *chunk, p plan) (counts Counts, err error) {
	var refusal *errs.E
	err = in.s.o.DB.Write(ctx, func(tx *db.Tx) error {
		counts = Counts{Records: int64(len(p.customers) + len(p.rejects)), Rejected: int64(len(p.rejects))}
		if refusal, err = in.s.o.Vault.Permitted(tx, in.a, in.run.Controller, in.run.Purpose, in.fields); err != nil {
			return err
		}
		if refusal != nil {
			return in.s.refused(tx, in.a, in.run.Controller, refusal)
		}
		for _, one := range p.customers {
			switch {
			case one.draft != nil:
				if err := in.s.o.Vault.Add(tx, one.draft); err != nil {
					return err
				}
				counts.Created++
			case one.change != nil:
				if _, err := in.s.o.Vault.Put(tx, one.subject, one.change, in.run.ID); err != nil {
					return err
				}
				counts.Changed++
			case len(one.dated) > 0:
				counts.Changed++
			default:
				counts.Same++
			}
			for _, d := range one.dated {
				if _, err := in.s.o.Vault.Register(tx, one.subject, d.value, d.since); err != nil {
					return err
				}
			}
		}
		return in.close(tx, c, p.rejects, counts)
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return counts, err
}

// close writes what belongs to every chunk: its rejects, its checkpoint and its entry.
func (in *importing) close(tx *db.Tx, c *chunk, rejects []Reject, counts Counts) error {
	for _, r := range rejects {
		insertReject(tx, in.run.ID, r)
	}
	if c != nil {
		insertChunk(tx, in.run.ID, checkpoint{number: c.number, line: c.line, position: c.position, Counts: counts})
	}
	if counts.Created+counts.Changed == 0 {
		return nil
	}
	_, err := in.s.o.Log.Append(tx, audit.Entry{
		Action: in.action(), Decision: audit.Done, Actor: in.a, Controller: in.run.Controller, Purpose: in.run.Purpose,
		Ref: in.run.ID, Count: counts.Created + counts.Changed, Fields: in.spelled(),
	})
	return err
}

// storeSingly stores the records of a chunk one by one, and the checkpoint last. A crash
// in between repeats some records, which then are the same.
func (in *importing) storeSingly(ctx context.Context, c *chunk, rejects []Reject, ready []*customer) (Counts, error) {
	total := Counts{Records: int64(len(ready) + len(rejects)), Rejected: int64(len(rejects))}
	for _, one := range ready {
		counts, err := in.storeOne(ctx, one)
		if err != nil && !retry(err) {
			return total, err
		}
		if err != nil {
			rejects = append(rejects, *in.rejected(one.line, err))
			total.Rejected++
			continue
		}
		total.Created += counts.Created
		total.Changed += counts.Changed
		total.Same += counts.Same
	}
	err := in.s.o.DB.Write(ctx, func(tx *db.Tx) error {
		for _, r := range rejects {
			insertReject(tx, in.run.ID, r)
		}
		insertChunk(tx, in.run.ID, checkpoint{number: c.number, line: c.line, position: c.position, Counts: total})
		return nil
	})
	return total, err
}

// storeOne tries a record a few times: another worker may be storing the same customer.
func (in *importing) storeOne(ctx context.Context, one *customer) (counts Counts, err error) {
	const attempts = 3
	for range attempts {
		if counts, err = in.storePlan(ctx, nil, plan{}, []*customer{one}); err == nil || !retry(err) {
			return counts, err
		}
	}
	if !vault.IsTaken(err) {
		return counts, err
	}
	taken := errs.New(errs.Conflict, "vault.taken")
	err = in.s.o.DB.Read(ctx, func(tx *db.Tx) error {
		fields, err := in.s.o.Vault.Taken(tx, one.prepared, one.subject)
		if len(fields) > 0 {
			taken = taken.With("field", fields[0])
		}
		return err
	})
	return counts, errors.Join(taken, err)
}
