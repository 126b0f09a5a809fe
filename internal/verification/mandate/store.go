package mandate

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault"
)

const (
	columns = `id, subject, controller, kind, state, shown_sealed, details_sealed, contact, contact_sealed, document, document_mac,
		purposes, verbs, fields, recorded_by, recorded_at, standing_at, ends_at, revoked_at, revoked_by, revoked_why,
		also_id, also, also_sealed, answered_at, also_answered_at, checked_by, checked_at`
	sqlAdd = `insert into mandate_record (` + columns + `) values
		($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27,$28)`
	sqlState = `update mandate_record set state = $2, standing_at = $3, revoked_at = $4, revoked_by = $5, revoked_why = $6,
		answered_at = $7, also_answered_at = $8, checked_by = $9, checked_at = $10 where id = $1`
	sqlOne    = `select ` + columns + ` from mandate_record where id = $1`
	sqlReach  = `select ` + columns + ` from mandate_record where also_id = $1`
	sqlOf     = `select ` + columns + ` from mandate_record where subject = $1 order by recorded_at, id`
	sqlForged = `select count(*) from mandate_record where document_mac = $1 and revoked_why = 'forged'`

	sqlSpeak = `insert into mandate_speaker (interaction, subject, mandate, chosen_by, chosen_at) values ($1,$2,$3,$4,$5)
		on conflict (interaction, subject) do update set mandate = excluded.mandate, chosen_by = excluded.chosen_by, chosen_at = excluded.chosen_at`
	sqlErase   = `delete from mandate_record where subject = $1`
	sqlUnspeak = `delete from mandate_speaker where interaction = $1 and subject = $2`
	sqlSpoken  = `select interaction from mandate_speaker where mandate = $1 and chosen_at > $2 order by chosen_at desc limit 100`
	sqlSpeaker = `select mandate from mandate_speaker where interaction = $1 and subject = $2`
)

// record is a stored mandate.
type record struct {
	ID, Subject, Controller string
	Kind                    Kind
	State                   State // as stored; StateAt says what it is worth
	Contact, Document       string
	May                     Scope
	RecordedBy, RevokedBy   string
	Why                     string
	Recorded, Standing      time.Time
	Ends, RevokedAt         time.Time
	AlsoID, Also            string    // the other contact, by an id of its own, and its field
	Answered, AlsoAnswered  time.Time // zero: no link to it was answered yet
	CheckedBy               string    // who verified the document beside the one who recorded it
	Checked                 time.Time

	shown, details, value, mac, also []byte
}

// shown is what agents see of a mandate before anybody is verified, sealed under the staff key.
type shown struct {
	Name     string `json:"n"` // masked
	Customer string `json:"c"` // masked; "" when no name is stored
	Format   string `json:"f"`
	Adult    int64  `json:"a,omitempty"` // when the child is of age by the document, where no birth date is stored; seconds
}

// details are sealed under the customer's key.
type details struct {
	Name   string `json:"n"`
	Number string `json:"d"`
	Dated  string `json:"t"`
}

func (m record) stateAt(now time.Time) State {
	if (m.State == Valid || m.State == Proposed) && !now.Before(m.Ends) {
		return Expired
	}
	return m.State
}

func shownRef(row string) keyring.Ref {
	return keyring.Ref{Table: "mandate_record", Column: "shown_sealed", Row: row, Schema: 1}
}

func detailsRef(row, subject string) keyring.Ref {
	return keyring.Ref{Table: "mandate_record", Column: "details_sealed", Row: row, Subject: subject, Schema: 1}
}

func contactRef(row, subject string) keyring.Ref {
	return keyring.Ref{Table: "mandate_record", Column: "contact_sealed", Row: row, Subject: subject, Schema: 1}
}

func alsoRef(row, subject string) keyring.Ref {
	return keyring.Ref{Table: "mandate_record", Column: "also_sealed", Row: row, Subject: subject, Schema: 1}
}

// since is the moment from which a contact of the representative's counts.
func (m record) since(answered, now time.Time) time.Time {
	at := now.Add(-Unproven)
	if !answered.IsZero() && answered.Before(at) {
		at = answered
	}
	if at.Before(m.Standing) {
		at = m.Standing
	}
	return at
}

// contacts are the representative's own, as they count now.
func (m record) contacts(now time.Time) []vault.Stored {
	out := []vault.Stored{{ID: m.ID, Subject: m.Subject, Field: m.Contact, RegisteredAt: m.since(m.Answered, now)}}
	if m.AlsoID != "" {
		out = append(out, vault.Stored{ID: m.AlsoID, Subject: m.Subject, Field: m.Also, RegisteredAt: m.since(m.AlsoAnswered, now)})
	}
	return out
}

func (m record) insert(tx *db.Tx) {
	tx.Data.Queue(sqlAdd, m.ID, m.Subject, m.Controller, string(m.Kind), string(m.State), m.shown, m.details, m.Contact, m.value, m.Document, m.mac,
		strings.Join(m.May.Purposes, " "), strings.Join(m.May.Verbs, " "), strings.Join(m.May.Fields, " "),
		m.RecordedBy, column.Micros(m.Recorded), column.Micros(m.Standing), column.Micros(m.Ends), column.Micros(m.RevokedAt), m.RevokedBy, m.Why,
		m.AlsoID, m.Also, m.also, column.Micros(m.Answered), column.Micros(m.AlsoAnswered), m.CheckedBy, column.Micros(m.Checked))
}

func (m record) save(tx *db.Tx) {
	tx.Data.Queue(sqlState, m.ID, string(m.State), column.Micros(m.Standing), column.Micros(m.RevokedAt), m.RevokedBy, m.Why,
		column.Micros(m.Answered), column.Micros(m.AlsoAnswered), m.CheckedBy, column.Micros(m.Checked))
}

func scan(r db.Row) (m record, err error) {
	var kind, state, purposes, verbs, fields string
	var recorded, standing, until, revoked, answered, alsoAnswered, checked int64
	err = r.Scan(&m.ID, &m.Subject, &m.Controller, &kind, &state, &m.shown, &m.details, &m.Contact, &m.value, &m.Document, &m.mac,
		&purposes, &verbs, &fields, &m.RecordedBy, &recorded, &standing, &until, &revoked, &m.RevokedBy, &m.Why,
		&m.AlsoID, &m.Also, &m.also, &answered, &alsoAnswered, &m.CheckedBy, &checked)
	m.Kind, m.State = Kind(kind), State(state)
	m.May = Scope{strings.Fields(purposes), strings.Fields(verbs), strings.Fields(fields)}
	m.Recorded, m.Standing, m.Ends, m.RevokedAt = column.Moment(recorded), column.Moment(standing), column.Moment(until), column.Moment(revoked)
	m.Answered, m.AlsoAnswered, m.Checked = column.Moment(answered), column.Moment(alsoAnswered), column.Moment(checked)
	return m, err
}

func one(tx *db.Tx, mandate string) (record, error) {
	m, err := scan(tx.Data.Row(sqlOne, mandate))
	if errors.Is(err, db.ErrNoRows) {
		return m, errUnknown
	}
	return m, err
}

// reached is the mandate of whoever a contact reaches, by the contact's id.
func reached(tx *db.Tx, contact string) (record, error) {
	m, err := one(tx, contact)
	if errors.Is(err, errUnknown) {
		if m, err = scan(tx.Data.Row(sqlReach, contact)); errors.Is(err, db.ErrNoRows) {
			return m, errUnknown
		}
	}
	return m, err
}

// of are a customer's mandates, the oldest first. The slice is shared.
func of(tx *db.Tx, subject string) ([]record, error) { return kept.Get(tx, subject) }

var kept = db.Keep(db.StoreData, 20_000, func(tx *db.Tx, subject string) (out []record, err error) {
	err = tx.Data.Rows(sqlOf, []any{subject}, func(r db.Row) error {
		m, err := scan(r)
		out = append(out, m)
		return err
	})
	return out, err
}, "mandate_record")

type contactKey struct{ interaction, subject string }

// the gate asks this on every question
var speakers = db.Keep(db.StoreData, 20_000, func(tx *db.Tx, k contactKey) (mandate string, err error) {
	err = tx.Data.Row(sqlSpeaker, k.interaction, k.subject).Scan(&mandate)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return mandate, err
}, "mandate_speaker")

// speaking is the mandate through which the customer speaks in an interaction; false when the customer speaks.
func speaking(tx *db.Tx, interaction, subject string) (record, bool, error) {
	mandate, err := speakers.Get(tx, contactKey{interaction, subject})
	if err != nil || mandate == "" {
		return record{}, false, err
	}
	list, err := of(tx, subject)
	if err != nil {
		return record{}, true, err
	}
	if i := slices.IndexFunc(list, func(m record) bool { return m.ID == mandate }); i >= 0 {
		return list[i], true, nil
	}
	return record{ID: mandate, Subject: subject, State: Revoked}, true, nil // nobody knows it: it gives nothing
}

func (s *Service) open(m record) (out shown, err error) {
	plain, err := s.o.Keys.OpenStaff(shownRef(m.ID), m.shown)
	if err == nil {
		err = json.Unmarshal(plain, &out)
	}
	return out, err
}

// EraseTx deletes a customer's mandates, in the transaction of an erasure: the masks that agents see are not under the
// customer's key. In a contact that goes on, through one of them, nothing is given any more.
func (s *Service) EraseTx(tx *db.Tx, subject string) error {
	tx.Data.Queue(sqlAgeGone, subject)
	_, err := tx.Data.Exec(sqlErase, subject)
	return err
}
