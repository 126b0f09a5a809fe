package act

import (
	"context"
	"slices"

	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/telephony/recorder"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/vault"
)

// Collect writes down what the caller gives of a field that the purpose collects. Every value that was there is replaced.
// Nothing is shown back. also runs in the transaction.
func (s *Service) Collect(ctx context.Context, a actor.Actor, itx, field, value string, also ...func(*db.Tx) error) error {
	if s.reached(field) {
		return errIsContact
	}
	if value == "" || len(value) > maxValue {
		return errValue
	}
	var refusal *errs.E
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		facts, no, err := s.ask(tx, a, itx, field, "collect")
		if refusal = no; err != nil || refusal != nil {
			return err
		}
		if f, _ := s.o.Catalogue.Field(field); !taken(f) {
			refusal = errSensitive
			return s.refuse(tx, a, itx, facts, field, "act.collect", refusal)
		}
		if refusal, err = s.unheard(tx, a, itx, facts, field, "act.collect"); err != nil || refusal != nil {
			return err
		}
		if err := s.write(tx, facts, field, value, itx); err != nil {
			if errs.KindOf(err) != errs.Invalid {
				return err
			}
			refusal = errs.Of(err) // it does not fit: that was tried stays on record
			return s.refuse(tx, a, itx, facts, field, "act.collect", refusal)
		}
		s.o.Desk.Disclosed(tx, desk.Disclosure{Interaction: itx, Subject: facts.Interaction.Subject, Staff: a.ID(), Verb: string(gate.Collect),
			Fields: []string{field}, Purpose: facts.Interaction.Purpose, Level: facts.Level})
		if _, err := s.o.Log.Append(tx, audit.Entry{Action: "act.collect", Decision: audit.Done, Actor: a, Controller: facts.Interaction.Controller, Interaction: itx,
			Subject: facts.Interaction.Subject, Purpose: facts.Interaction.Purpose, Channel: facts.Interaction.Channel, Level: facts.Level,
			Ground: "interaction:" + itx, Fields: []string{field}}); err != nil {
			return err
		}
		if facts.Interaction.State == gate.Capture {
			if err := s.o.Recorder.Leave(tx, a, itx, recorder.Saved); err != nil {
				return err
			}
		}
		for _, do := range also {
			if err := do(tx); err != nil {
				return err
			}
		}
		return nil
	})
	return either(err, refusal)
}

// write replaces a field's values.
func (s *Service) write(tx *db.Tx, facts gate.Facts, field, value, source string) error {
	p, err := s.o.Vault.Prepare(facts.Interaction.Controller, []vault.Input{{Field: field, Value: value}})
	if err != nil {
		return err
	}
	taken, err := s.o.Vault.Taken(tx, p, facts.Interaction.Subject)
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		return errTaken
	}
	_, err = s.o.Vault.Put(tx, facts.Interaction.Subject, p, source)
	return err
}

// Collectable are the fields that may be taken down in the call now, in the order of the catalogue.
func (s *Service) Collectable(ctx context.Context, a actor.Actor, itx string) (fields []catalog.Field, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		fields = nil
		look, err := s.o.Gate.Preview(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Note})
		if err != nil || look.Refusal != nil || look.Facts.Purpose.Uses == nil {
			return err
		}
		var names []string
		for _, f := range s.o.Catalogue.Fields() {
			if look.Facts.Purpose.Uses(gate.Collect, f.Name) && f.Name != vault.HistoryField {
				names = append(names, f.Name)
			}
		}
		if len(names) == 0 || len(names) > gate.MaxFields {
			return nil
		}
		may, err := s.o.Gate.Preview(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Collect, Fields: names})
		for _, name := range names {
			if f, _ := s.o.Catalogue.Field(name); slices.Contains(may.Allowed, name) {
				fields = append(fields, f)
			}
		}
		return err
	})
	return fields, err
}
