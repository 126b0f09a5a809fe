package recorder

import (
	"errors"
	"time"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
)

// span is a stored Span, with what only this room knows of it.
type span struct {
	Span
	line    string
	contact []byte // sealed; nil once nobody needs it
	// A word that was never answered may be carried out late: a pause (doubtful), or one to go on (uncertain).
	doubtful, uncertain bool
	next                time.Time
	done                time.Time
}

const (
	columns = `id, interaction, controller, subject, staff, field, line, contact_sealed, state, doubtful, uncertain, reason, code, attempts,
		asked_at, paused_at, until_at, left_at, resumed_at, next_at, done_at`
	sqlAdd = `insert into recorder_span (` + columns + `) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21)`
	sqlSet = `update recorder_span set contact_sealed = $2, state = $3, doubtful = $4, uncertain = $5, reason = $6, code = $7, attempts = $8, paused_at = $9,
		until_at = $10, left_at = $11, resumed_at = $12, next_at = $13, done_at = $14 where id = $1`
	sqlOne   = `select ` + columns + ` from recorder_span where id = $1`
	sqlLive  = `select ` + columns + ` from recorder_span where interaction = $1 and done_at = 0 order by asked_at, id`
	sqlAll   = `select ` + columns + ` from recorder_span where interaction = $1 order by asked_at, id limit 200`
	sqlHad   = `select count(*) from recorder_span where interaction = $1 and paused_at > 0`
	sqlDue   = `select id from recorder_span where done_at = 0 and next_at <= $1 order by next_at, id limit 100`
	sqlStuck = `select ` + columns + ` from recorder_span where controller = $1 and state = 'leaving' and done_at = 0 and code <> '' order by left_at, id limit 100`
	sqlCount = `select count(*) from recorder_span where done_at = 0 and state = 'leaving' and code <> ''`

	sqlLegAdd  = `insert into recorder_leg (interaction, line, contact_sealed) values ($1,$2,$3) on conflict (interaction) do nothing`
	sqlLeg     = `select line, contact_sealed from recorder_leg where interaction = $1`
	sqlLegGone = `delete from recorder_leg where interaction = $1`
)

func (s *span) insert(tx *db.Tx) {
	tx.Data.Queue(sqlAdd, s.ID, s.Interaction, s.Controller, s.Subject, s.Staff, s.Field, s.line, s.contact, string(s.State), s.doubtful, s.uncertain, s.Reason, s.Code, s.Attempts,
		column.Micros(s.Asked), column.Micros(s.Paused), column.Micros(s.Until), column.Micros(s.Left), column.Micros(s.Resumed), column.Micros(s.next), column.Micros(s.done))
}

func (s *span) update(tx *db.Tx) {
	tx.Data.Queue(sqlSet, s.ID, s.contact, string(s.State), s.doubtful, s.uncertain, s.Reason, s.Code, s.Attempts, column.Micros(s.Paused), column.Micros(s.Until), column.Micros(s.Left),
		column.Micros(s.Resumed), column.Micros(s.next), column.Micros(s.done))
}

// end closes a row for good. What the exchange called the contact is needed no longer.
func (s *span) end(tx *db.Tx, state State) {
	s.State, s.contact, s.done = state, nil, tx.Now()
	s.update(tx)
}

func scan(r db.Row) (s span, err error) {
	var state string
	var asked, paused, until, left, resumed, next, done int64
	err = r.Scan(&s.ID, &s.Interaction, &s.Controller, &s.Subject, &s.Staff, &s.Field, &s.line, &s.contact, &state, &s.doubtful, &s.uncertain, &s.Reason, &s.Code, &s.Attempts,
		&asked, &paused, &until, &left, &resumed, &next, &done)
	s.State = State(state)
	s.Asked, s.Paused, s.Until, s.Left, s.Resumed = column.Moment(asked), column.Moment(paused), column.Moment(until), column.Moment(left), column.Moment(resumed)
	s.next, s.done = column.Moment(next), column.Moment(done)
	return s, err
}

func many(tx *db.Tx, sql string, args ...any) (out []span, err error) {
	err = tx.Data.Rows(sql, args, func(r db.Row) error {
		s, err := scan(r)
		out = append(out, s)
		return err
	})
	return out, err
}

func one(tx *db.Tx, id string) (span, error) { return scan(tx.Data.Row(sqlOne, id)) }

// legOf is where a contact is; an empty line when it was begun by hand.
func legOf(tx *db.Tx, interaction string) (line string, contact []byte, err error) {
	err = tx.Data.Row(sqlLeg, interaction).Scan(&line, &contact)
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	return line, contact, err
}
