package vault

import (
	"encoding/json"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// HistoryField is the catalogue's field of account history: secret, for comparing only.
const HistoryField = "account_history"

// NewFact is one item of account history: what happened, when, and the answer that only
// the customer can give ("last_payment", 2026-03-01, "150000").
type NewFact struct {
	Kind  string // lower case letters, digits and underscores; the question is asked by it
	Date  time.Time
	Value string
}

// Fact is one sealed item of account history. Only its kind can be seen.
type Fact struct {
	ID      string // his_…
	Subject string
	Kind    string
	sealed  []byte
}

// Sealed is the record for keyring.Open; what opens is read by ReadFact.
func (f Fact) Sealed() keyring.Sealed {
	return keyring.Sealed{Field: HistoryField, Ref: factRef(f.Subject, f.Kind, f.ID), Bytes: f.sealed}
}

// factRef binds an item to its kind, so that the answer to one question is not the answer
// to another.
func factRef(subject, kind, history string) keyring.Ref {
	return keyring.Ref{Table: "vault_history", Column: "fact_sealed/" + kind, Row: history, Subject: subject, Schema: 1}
}

type factText struct {
	Date  string `json:"date"`
	Value string `json:"value"`
}

// ReadFact reads an opened item: the day and the value in its normal form.
func ReadFact(plain []byte) (date time.Time, value string, err error) {
	var t factText
	if err := json.Unmarshal(plain, &t); err != nil {
		return date, "", errs.New(errs.Internal, "vault.bad_fact") // the cause would quote the value
	}
	if date, err = time.Parse(time.DateOnly, t.Date); err != nil {
		return date, "", errs.New(errs.Internal, "vault.bad_fact")
	}
	return date, t.Value, nil
}

type sealedFact struct {
	id, kind string
	sealed   []byte
	mac      []byte
}

// FactDraft is items of one customer's history, sealed and ready to be stored.
type FactDraft struct {
	Subject string
	Known   int // items that are stored already
	facts   []sealedFact
}

// CheckFact says what is wrong with an item, before anything is read or sealed.
func (v *Vault) CheckFact(f NewFact) error {
	field, ok := v.catalogue.Field(HistoryField)
	if !ok {
		return errs.New(errs.Invalid, "vault.unknown_field")
	}
	if !kindOK(f.Kind) {
		return errs.New(errs.Invalid, "vault.bad_kind")
	}
	if f.Date.IsZero() {
		return errs.New(errs.Invalid, "vault.bad_date")
	}
	_, err := field.Normalise(f.Value)
	return err
}

// DraftFacts seals items for a customer, in a transaction of Read: what it needs is read,
// nothing is written. Items that are stored already are left out, so that a file may be
// loaded twice.
func (v *Vault) DraftFacts(tx *db.Tx, controller, subject string, facts []NewFact) (*FactDraft, error) {
	field, _ := v.catalogue.Field(HistoryField)
	key, err := v.keys.Key(tx, subject, "")
	if err != nil {
		return nil, err
	}
	d := &FactDraft{Subject: subject}
	var plains []keyring.Plain
	for _, f := range facts {
		if err := v.CheckFact(f); err != nil {
			return nil, err
		}
		form, err := field.Normalise(f.Value)
		if err != nil {
			return nil, err
		}
		folded, err := field.Key(form)
		if err != nil {
			return nil, err
		}
		one := sealedFact{id: id.New(id.History), kind: f.Kind, mac: v.factMAC(controller, subject, f.Kind, f.Date, folded)}
		seen, err := historySeen(tx, one.mac)
		if err != nil {
			return nil, err
		}
		for _, o := range d.facts {
			seen = seen || string(o.mac) == string(one.mac)
		}
		if seen {
			d.Known++
			continue
		}
		text, err := json.Marshal(factText{Date: f.Date.Format(time.DateOnly), Value: form})
		if err != nil {
			return nil, errs.New(errs.Invalid, "vault.bad_fact")
		}
		plains = append(plains, keyring.Plain{Ref: factRef(subject, f.Kind, one.id), Bytes: text})
		d.facts = append(d.facts, one)
	}
	sealed, err := v.keys.SealRecord(key, plains...)
	for i := range sealed {
		d.facts[i].sealed = sealed[i]
	}
	return d, err
}

// factMAC knows an item again. It is of one customer's one item, so equal amounts of two
// customers do not look alike.
func (v *Vault) factMAC(controller, subject, kind string, date time.Time, folded string) []byte {
	return v.keys.MAC("vault/"+controller+"/history", []byte(subject+"\x00"+kind+"\x00"+date.Format(time.DateOnly)+"\x00"+folded))
}

// AddFacts stores drafted items and says how many were new.
func (v *Vault) AddFacts(tx *db.Tx, d *FactDraft, source string) (added int, err error) {
	for _, f := range d.facts {
		seen, err := historySeen(tx, f.mac)
		if err != nil {
			return added, err
		}
		if !seen {
			insertHistory(tx, f, d.Subject, source)
			added++
		}
	}
	if added > 0 {
		touchSubject(tx, d.Subject)
	}
	return added, nil
}

// History reads a customer's sealed items, of the given kinds or of all. Nothing is opened.
func (v *Vault) History(tx *db.Tx, subject string, kinds ...string) ([]Fact, error) {
	return historyOf(tx, subject, kinds)
}

func kindOK(s string) bool {
	if s == "" || len(s) > 64 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// IsKind reports whether s may name a kind of account history.
func IsKind(s string) bool { return kindOK(s) }

// Len is how many items of the draft are not stored yet, as far as the draft knows.
func (d *FactDraft) Len() int { return len(d.facts) }
