package supervision

import (
	"errors"
	"time"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
)

const (
	sqlSeen  = `select seen_at from supervision_watch where staff = $1 and controller = $2`
	sqlWatch = `insert into supervision_watch (staff, controller, seen_at) values ($1, $2, $3)
		on conflict (staff, controller) do update set seen_at = excluded.seen_at`
	sqlDuty = `select staff from supervision_watch where controller = $1 and staff <> $2 and staff <> $3 and seen_at > $4`

	alertColumns = `id, kind, interaction, controller, staff, at`
	sqlAlertAdd  = `insert into supervision_alert (` + alertColumns + `, settled_at, settled_by) values ($1, $2, $3, $4, $5, $6, 0, '')`
	// Silent alarms first, and the newest: however many others nobody settled, none of them hides an alarm.
	sqlAlerts  = `select ` + alertColumns + ` from supervision_alert where controller = $1 and settled_at = 0 order by case kind when 'duress' then 0 else 1 end, at desc limit 100`
	sqlAlert   = `select ` + alertColumns + ` from supervision_alert where id = $1`
	sqlAlarm   = `select coalesce(max(at), 0) from supervision_alert where staff = $1 and settled_at = 0 and kind = 'duress'`
	sqlPressed = `select count(*) from supervision_alert where staff = $1 and settled_at = 0 and kind = 'duress' and interaction = $2`
	sqlSettle  = `update supervision_alert set settled_at = $2, settled_by = $3, reason_sealed = $4 where id = $1 and settled_at = 0`

	listenColumns = `id, interaction, controller, subject, purpose, staff, state, asked_at, began_at, ended_at`
	sqlListenAdd  = `insert into supervision_listening (` + listenColumns + `, reason_sealed) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	sqlListenings = `select ` + listenColumns + ` from supervision_listening where interaction = $1 and ended_at = 0 order by id limit 50`
	sqlListening  = `select ` + listenColumns + ` from supervision_listening where id = $1`
	sqlListenSet  = `update supervision_listening set state = $2, began_at = $3, ended_at = $4 where id = $1`
)

func scanAlert(r db.Row) (a Alert, err error) {
	var kind string
	var at int64
	err = r.Scan(&a.ID, &kind, &a.Interaction, &a.Controller, &a.Staff, &at)
	a.Kind, a.At = Kind(kind), column.Moment(at)
	if errors.Is(err, db.ErrNoRows) {
		err = errAlert
	}
	return a, err
}

// The states of a listening.
const (
	asked   = "asked"   // of a second supervisor
	listens = "listens" // now
	agreed  = "agreed"  // now, as a second supervisor allowed
	over    = "over"
	refused = "refused"
)

// listening is a stored row.
type listening struct {
	ID, Interaction, Controller, Subject, Purpose, Staff, State string
	Asked, Began, Ended                                         time.Time
}

func (l *listening) on() bool { return l.State == listens || l.State == agreed }

func (l *listening) save(tx *db.Tx) {
	tx.Data.Queue(sqlListenSet, l.ID, l.State, column.Micros(l.Began), column.Micros(l.Ended))
}

func scanListening(r db.Row) (l listening, err error) {
	var asked, began, ended int64
	err = r.Scan(&l.ID, &l.Interaction, &l.Controller, &l.Subject, &l.Purpose, &l.Staff, &l.State, &asked, &began, &ended)
	l.Asked, l.Began, l.Ended = column.Moment(asked), column.Moment(began), column.Moment(ended)
	return l, err
}

func many[T any](tx *db.Tx, sql string, scan func(db.Row) (T, error), args ...any) (out []T, err error) {
	err = tx.Data.Rows(sql, args, func(r db.Row) error {
		one, err := scan(r)
		if err == nil {
			out = append(out, one)
		}
		return err
	})
	return out, err
}

// keptAlarms are when members of staff last raised the silent alarm that nobody has settled; every reveal and search asks.
var keptAlarms = db.Keep(db.StoreData, 20_000, func(tx *db.Tx, staff string) (at int64, err error) {
	err = tx.Data.Row(sqlAlarm, staff).Scan(&at)
	return at, err
}, "supervision_alert")

func count(tx *db.Tx, sql string, args ...any) (n int, err error) {
	err = tx.Data.Row(sql, args...).Scan(&n)
	return n, err
}
