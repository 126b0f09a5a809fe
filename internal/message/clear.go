package message

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault"
)

// ReadDuty is the machine duty that opens what is known of a customer, to hold a text against
// it. Its output is one word: may, or why not. ReadFields is what it may open.
const ReadDuty = "message_read"

// ReadFields lists every field of the catalogue but the notes, which are no value of the vault.
func ReadFields(c *catalog.Catalogue) (out []string) {
	for _, f := range c.Fields() {
		if f.Name != "note" {
			out = append(out, f.Name)
		}
	}
	return out
}

var (
	errNoReader = errs.New(errs.Unavailable, "message.no_reader")
	errWritten  = errs.New(errs.Invalid, "message.text_unusable")
)

// Reading is leave to hold one text against what is known of one customer. It is worth
// something once the transaction that made it is durable, and once.
type Reading struct {
	subject, controller, interaction string
	known                            []Known // values still to be opened
	history                          []bool  // which of them are items of account history
	sealed                           []keyring.Sealed
	key                              keyring.Key
	grant                            *gate.Grant
}

// Read asks the gate for leave to open a customer's values for Clear. It has its own entry,
// like every opening.
func (s *Service) Read(tx *db.Tx, subject, interaction string) (*Reading, error) {
	if s.o.Reader.Kind() != actor.Duty || s.o.Catalogue == nil {
		return nil, errNoReader
	}
	of, err := s.o.Contacts.Subject(tx, subject)
	if err != nil {
		return nil, err
	}
	r := &Reading{subject: subject, controller: of.Controller, interaction: interaction}
	var fields []string
	add := func(name, of string, sealed keyring.Sealed, history bool) {
		f, _ := s.o.Catalogue.Field(of)
		r.known, r.history, r.sealed = append(r.known, Known{Field: f}), append(r.history, history), append(r.sealed, sealed)
		if !slices.Contains(fields, name) {
			fields = append(fields, name)
		}
	}
	values, err := s.o.Contacts.Values(tx, subject)
	if err != nil {
		return nil, err
	}
	for _, v := range values {
		name, sealed := s.o.Contacts.ForDuty(v)
		add(name, v.Field, sealed, false)
	}
	items, err := s.o.Contacts.History(tx, subject)
	if err != nil {
		return nil, err
	}
	for _, f := range items {
		add(vault.HistoryField, vault.HistoryField, f.Sealed(), true)
	}
	if len(r.sealed) == 0 {
		return r, nil
	}
	if r.key, err = s.o.Keys.Key(tx, subject, ""); err != nil {
		return nil, err
	}
	answer, err := s.o.Gate.Ask(tx, s.o.Reader, gate.Question{Ground: gate.Duty(ReadDuty, id.NewAt(id.Duty, tx.Now())), Subject: subject, Verb: gate.Process, Fields: fields})
	if err != nil {
		return nil, err
	}
	if answer.Refusal != nil || len(answer.Refused) > 0 {
		return nil, errNoReader // a text that cannot be held against every value is not let pass
	}
	r.grant = answer.Grant
	return r, nil
}

// Clear holds a text that a person wrote against the matrix and what is known of the
// customer. A text that may not go is entered (message.held, with the reason and the field's
// name, never the text) and refused; the refusal says what to do instead.
func (s *Service) Clear(ctx context.Context, a actor.Actor, r *Reading, outlet string, level int, text string) (Cleared, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if text == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > MaxWritten || strings.ContainsFunc(text, func(c rune) bool { return c != '\n' && c < ' ' || c == 0x7f }) {
		return Cleared{}, errWritten
	}
	if !slices.Contains(catalog.Outlets, outlet) {
		return Cleared{}, errs.New(errs.Invalid, "message.outlet_unknown")
	}
	known, err := s.openKnown(r)
	if err != nil {
		return Cleared{}, err
	}
	why := May(text, Place{Outlet: outlet, Level: level, Known: known, Free: true})
	if why == nil {
		return Cleared{text: text, subject: r.subject, channel: Channel(outlet)}, nil
	}
	if err := s.held(ctx, a, r, outlet, level, why); err != nil {
		return Cleared{}, err
	}
	return Cleared{}, why
}

// held enters that a text was not let pass.
func (s *Service) held(ctx context.Context, a actor.Actor, r *Reading, outlet string, level int, why *errs.E) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		e := audit.Entry{Action: "message.held", Decision: audit.Denied, Reason: why.Code, Actor: a, Controller: r.controller, Interaction: r.interaction,
			Channel: outlet, Level: level, Subject: r.subject, Ground: groundOf(r.interaction)}
		if field, ok := why.Args["field"].(string); ok {
			e.Fields = []string{field}
		}
		_, err := s.o.Log.Append(tx, e)
		return err
	})
}

// openKnown opens the values of a reading.
func (s *Service) openKnown(r *Reading) ([]Known, error) {
	if len(r.sealed) == 0 {
		return nil, nil
	}
	receipt, err := r.grant.Receipt()
	if err == nil {
		err = receipt.Require(gate.Process)
	}
	if err != nil {
		return nil, err
	}
	opened, err := s.o.Keys.Open(receipt, r.key, r.sealed...)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(r.known)
	for i, value := range opened {
		if !r.history[i] {
			out[i].Value = string(value)
			continue
		}
		if _, out[i].Value, err = vault.ReadFact(value); err != nil {
			return nil, err
		}
	}
	return out, nil
}
