package act

import (
	"errors"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
)

// change is a stored Change, with what only this room knows of it.
type change struct {
	Change
	interaction, subject, controller, language string
	old                                        string // val_…; "" when the contact is a further one
	sealed                                     []byte
	by                                         string // staff id
	mandate                                    string // man_…, through which it was asked for; "" for the customer
	ended                                      time.Time
}

const (
	changeColumns = `id, interaction, subject, controller, language, field, old_value, new_sealed, state, reason, asked_by, asked_at, due_at, ended_at, mandate`
	sqlChangeAdd  = `insert into act_change (` + changeColumns + `) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)`
	sqlChange     = `select ` + changeColumns + ` from act_change where id = $1`
	sqlChanges    = `select ` + changeColumns + ` from act_change where subject = $1 and state = 'waiting' order by asked_at, id`
	sqlChangeEnd  = `update act_change set state = $2, reason = $3, ended_at = $4, new_sealed = $5 where id = $1`
	sqlNoticeAdd  = `insert into act_notice (change, message) values ($1,$2)`
	sqlNotices    = `select message from act_notice where change = $1 order by message`
)

func (c *change) insert(tx *db.Tx) {
	tx.Data.Queue(sqlChangeAdd, c.ID, c.interaction, c.subject, c.controller, c.language, c.Field, c.old, c.sealed, string(c.State), c.Reason, c.by,
		c.Asked.UnixMicro(), c.Due.UnixMicro(), int64(0), c.mandate)
}

// end keeps how a change ended. The value that waited is gone from the row: it is the customer's contact now, or nothing.
func (c *change) end(tx *db.Tx, state State, reason string) {
	c.State, c.Reason, c.ended = state, reason, tx.Now()
	tx.Data.Queue(sqlChangeEnd, c.ID, string(state), reason, c.ended.UnixMicro(), []byte{})
}

func scanChange(r db.Row) (c change, err error) {
	var state string
	var asked, due, ended int64
	err = r.Scan(&c.ID, &c.interaction, &c.subject, &c.controller, &c.language, &c.Field, &c.old, &c.sealed, &state, &c.Reason, &c.by, &asked, &due, &ended, &c.mandate)
	c.State, c.Asked, c.Due = State(state), time.UnixMicro(asked).UTC(), time.UnixMicro(due).UTC()
	if ended != 0 {
		c.ended = time.UnixMicro(ended).UTC()
	}
	return c, err
}

func changeByID(tx *db.Tx, id string) (change, error) {
	c, err := scanChange(tx.Data.Row(sqlChange, id))
	if errors.Is(err, db.ErrNoRows) {
		return c, errUnknown
	}
	return c, err
}

// waiting lists a customer's changes that wait, the oldest first.
func waiting(tx *db.Tx, subject string) (out []change, err error) {
	err = tx.Data.Rows(sqlChanges, []any{subject}, func(r db.Row) error {
		c, err := scanChange(r)
		out = append(out, c)
		return err
	})
	return out, err
}

// messagesOf are the messages that told of a change.
func messagesOf(tx *db.Tx, change string) (out []string, err error) {
	err = tx.Data.Rows(sqlNotices, []any{change}, func(r db.Row) error {
		var m string
		err := r.Scan(&m)
		out = append(out, m)
		return err
	})
	return out, err
}
