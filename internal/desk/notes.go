package desk

import (
	"context"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

const (
	// NoteField is the catalogue's name for what agents write down in a call.
	NoteField = "note"
	// RemaskNotesAfter is how long opened notes stay on the screen: they are read, not glanced at.
	RemaskNotesAfter = 60 * time.Second
)

// Note is one note of a call, opened.
type Note struct {
	ID, Staff string
	At        time.Time
	Text      string
}

// Notes are the opened notes of a call.
type Notes struct {
	List    []Note // oldest first
	Receipt Receipt
	Left    int // reveals left in the shift
}

// Notes opens what was written in this very call about the customer it is bound to, whoever
// wrote it: after a transfer the colleague reads it too. To the gate it is a reveal of the
// field note, so the purpose must list it, the level must reach the catalogue's, and one of
// the shift's budget is spent. Notes of other calls are never opened here, and those of a call
// that is over by nobody. The leaf is durable before anything is opened.
func (s *Service) Notes(ctx context.Context, a actor.Actor, itx string) (Notes, error) {
	var ans gate.Answer
	var key keyring.Key
	var kept []storedNote
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		ans, kept = gate.Answer{}, nil
		var err error
		ans, err = s.Gate.Ask(tx, a, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Reveal, Fields: []string{NoteField},
			Detail: map[string]any{"reason": "notes"}})
		if err != nil || ans.Grant == nil {
			return err // a refusal is an outcome: its leaf must be committed
		}
		facts := ans.Facts.Interaction
		if kept, err = notes(tx, itx, facts.Subject); err != nil || len(kept) == 0 {
			return err // as in Reveal: that there are none is told after the commit
		}
		if key, err = s.Keyring.Key(tx, facts.Subject, itx); err != nil {
			return err
		}
		if err := spendBudget(tx, a.ID(), 1); err != nil {
			return err
		}
		s.addDisclosure(tx, Disclosure{Interaction: itx, Subject: facts.Subject, Staff: a.ID(), Verb: string(gate.Reveal),
			Fields: ans.Allowed, Purpose: facts.Purpose, Level: ans.Facts.Level})
		return nil
	})
	switch {
	case err != nil:
		return Notes{}, err
	case ans.Grant == nil:
		return Notes{}, ans.Refusal
	case len(kept) == 0:
		return Notes{}, errs.New(errs.NotFound, "desk.no_notes")
	}
	receipt, err := ans.Grant.Receipt()
	if err == nil {
		err = receipt.Require(gate.Reveal)
	}
	if err != nil {
		return Notes{}, err
	}
	sealed := make([]keyring.Sealed, len(kept))
	for i, n := range kept {
		sealed[i] = keyring.Sealed{Field: NoteField, Ref: noteRef(itx, n), Bytes: n.Sealed}
	}
	plain, err := s.Keyring.Open(receipt, key, sealed...)
	if err != nil {
		return Notes{}, err
	}
	out := Notes{Receipt: Receipt{Index: receipt.Index(), At: s.DB.Now()}, Left: max(0, ans.Facts.BudgetLeft-1)}
	for i, n := range kept {
		out.List = append(out.List, Note{ID: n.ID, Staff: n.Staff, At: n.At, Text: string(plain[i])})
	}
	return out, nil
}

// valued are the fields of the masked view: all but the notes, which have no value in the vault.
func valued(fields []catalog.Field) []catalog.Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f catalog.Field) bool { return f.Name == NoteField })
}
