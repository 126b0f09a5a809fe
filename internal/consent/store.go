package consent

import (
	"embed"
	"errors"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the table of this room.
func Schema() db.Schema { return db.Schema{Room: "consent", FS: schema} }

const eventColumns = `id, subject, purpose, what, notice, channel, interaction, proof, level, mandate, recorded_by, at`

// last reads the last word; "" and 0 when nothing was said.
func last(tx *db.Tx, subject, purpose string) (what What, n int, err error) {
	var w string
	err = tx.Data.Row(`select what, n from consent_event where subject = $1 and purpose = $2 order by n desc limit 1`, subject, purpose).Scan(&w, &n)
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	return What(w), n, err
}

func insert(tx *db.Tx, e Event, n int) error {
	_, err := tx.Data.Exec(`insert into consent_event (`+eventColumns+`, n) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		e.ID, e.Subject, e.Purpose, string(e.What), e.Notice, e.Channel, e.Interaction, e.Proof, e.Level, e.Mandate, e.RecordedBy, e.At.UnixMicro(), n)
	return err
}

func list(tx *db.Tx, where string, args ...any) ([]Event, error) {
	var out []Event
	err := tx.Data.Rows(`select `+eventColumns+` from consent_event `+where, args, func(r db.Row) error {
		var e Event
		var what string
		var at int64
		err := r.Scan(&e.ID, &e.Subject, &e.Purpose, &what, &e.Notice, &e.Channel, &e.Interaction, &e.Proof, &e.Level, &e.Mandate, &e.RecordedBy, &at)
		e.What, e.At = What(what), time.UnixMicro(at).UTC()
		out = append(out, e)
		return err
	})
	return out, err
}

// IsGranted reports whether the subject's last word on the purpose is "granted". The gate
// asks it in the transaction of the act: one indexed row.
func (b *Book) IsGranted(tx *db.Tx, subject, purpose string) (bool, error) {
	what, _, err := last(tx, subject, purpose)
	return what == Granted, err
}

// GrantedThrough is IsGranted, with the mandate through which it was said; "" when no representative said it.
func (b *Book) GrantedThrough(tx *db.Tx, subject, purpose string) (mandate string, granted bool, err error) {
	var what string
	err = tx.Data.Row(`select what, mandate from consent_event where subject = $1 and purpose = $2 order by n desc limit 1`, subject, purpose).Scan(&what, &mandate)
	if errors.Is(err, db.ErrNoRows) {
		return "", false, nil
	}
	return mandate, What(what) == Granted, err
}

// Current is the subject's last word on every purpose spoken about, by purpose.
func (b *Book) Current(tx *db.Tx, subject string) ([]Event, error) {
	return list(tx, `e where subject = $1 and n = (select max(m.n) from consent_event m where m.subject = e.subject and m.purpose = e.purpose) order by purpose`, subject)
}

// counts are the last words on a purpose, by the version of its notice, newest first.
func counts(tx *db.Tx, purpose string) (out []Count, err error) {
	err = tx.Data.Rows(`select notice, what, count(*) from consent_event e where purpose = $1 and n = (
		select max(m.n) from consent_event m where m.purpose = e.purpose and m.subject = e.subject) group by notice, what order by notice desc, what`,
		[]any{purpose}, func(r db.Row) error {
			var notice, n int
			var what string
			if err := r.Scan(&notice, &what, &n); err != nil {
				return err
			}
			if len(out) == 0 || out[len(out)-1].Notice != notice {
				out = append(out, Count{Notice: notice})
			}
			switch c := &out[len(out)-1]; What(what) {
			case Granted:
				c.Granted = n
			case Refused:
				c.Refused = n
			case Withdrawn:
				c.Withdrawn = n
			}
			return nil
		})
	return out, err
}

// History is everything the subject said, newest first.
func (b *Book) History(tx *db.Tx, subject string) ([]Event, error) {
	return list(tx, `where subject = $1 order by at desc, n desc, purpose`, subject)
}
