package watchlist

import (
	"embed"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the room's migrations, for db.Migrate.
func Schema() db.Schema { return db.Schema{Room: "watchlist", FS: schema} }

func (s *Service) seal(table, column, row, text string) []byte {
	return s.o.Keys.SealStaff(keyring.Ref{Table: table, Column: column, Row: row, Schema: 1}, []byte(text))
}

func (s *Service) open(table, column, row string, sealed []byte) (string, error) {
	if sealed == nil {
		return "", nil
	}
	plain, err := s.o.Keys.OpenStaff(keyring.Ref{Table: table, Column: column, Row: row, Schema: 1}, sealed)
	return string(plain), err
}

// marked is on which lists a person stands.
type marked struct{ protected, canary bool }

// readMarks asks for the marks of a subject.
func (s *Service) readMarks(tx *db.Tx, subject string) (m marked, err error) {
	for _, mac := range s.o.Keys.MACs(macName("", BySubject), []byte(subject)) {
		err := tx.Data.Rows(`select e.list from watchlist_mark m join watchlist_entry e on e.id = m.entry where m.person_mac = $1 and e.state in ('standing', 'leaving')`, []any{mac}, func(r db.Row) error {
			var list string
			err := r.Scan(&list)
			m.protected, m.canary = m.protected || List(list) == Protected, m.canary || List(list) == Canary
			return err
		})
		if err != nil {
			return m, err
		}
	}
	return m, nil
}

// entriesOf are the entries that name an identifier, whatever their state: an entry that waits may come to count.
func (s *Service) entriesOf(tx *db.Tx, controller string, kind Kind, key string) (out []string, err error) {
	for _, mac := range s.o.Keys.MACs(macName(controller, kind), []byte(key)) {
		err := tx.Data.Rows(`select entry from watchlist_mark where person_mac = $1 order by entry`, []any{mac}, func(r db.Row) error {
			var entry string
			err := r.Scan(&entry)
			out = append(out, entry)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Service) addMark(tx *db.Tx, entry, controller string, kind Kind, key string) {
	tx.Data.Queue(`insert into watchlist_mark (person_mac, entry) values ($1, $2) on conflict (person_mac, entry) do nothing`,
		s.o.Keys.MAC(macName(controller, kind), []byte(key)), entry)
}

func dropMarks(tx *db.Tx, entry string) {
	tx.Data.Queue(`delete from watchlist_mark where entry = $1`, entry)
}

// macName is the key of a hash. A subject's id is one of a kind; an identifier is one at a company.
func macName(controller string, kind Kind) string {
	if kind == BySubject {
		controller = "any"
	}
	return "watchlist/" + controller + "/" + string(kind)
}

func (s *Service) insertEntry(tx *db.Tx, e Entry) {
	tx.Data.Queue(`insert into watchlist_entry (id, list, kind, persons, controller, reason_sealed, review_at, state, asked_by, decided_by, asked_at, changed_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $10)`,
		e.ID, string(e.List), string(e.Kind), e.Persons, e.Controller, s.seal("watchlist_entry", "reason_sealed", e.ID, e.Reason), column.Micros(e.Review), string(e.State), e.AskedBy, column.Micros(e.AskedAt))
}

// setState moves an entry on; the state it is in is part of the condition, so that of two at once one succeeds.
func setState(tx *db.Tx, entry string, from, to State, by string) error {
	n, err := tx.Data.Exec(`update watchlist_entry set state = $1, decided_by = $2, changed_at = $3 where id = $4 and state = $5`, string(to), by, column.Micros(tx.Now()), entry, string(from))
	if err == nil && n == 0 {
		err = errState
	}
	return err
}

const entryColumns = `id, list, kind, persons, controller, reason_sealed, review_at, state, asked_by, decided_by, asked_at`

func (s *Service) scanEntry(r db.Row) (e Entry, err error) {
	var list, kind, state string
	var reason []byte
	var review, asked int64
	if err := r.Scan(&e.ID, &list, &kind, &e.Persons, &e.Controller, &reason, &review, &state, &e.AskedBy, &e.DecidedBy, &asked); err != nil {
		return e, err
	}
	e.List, e.Kind, e.State, e.Review, e.AskedAt = List(list), Kind(kind), State(state), column.Moment(review), column.Moment(asked)
	e.Reason, err = s.open("watchlist_entry", "reason_sealed", e.ID, reason)
	return e, err
}

func (s *Service) entry(tx *db.Tx, id string) (Entry, error) {
	e, err := s.scanEntry(tx.Data.Row(`select `+entryColumns+` from watchlist_entry where id = $1`, id))
	if errors.Is(err, db.ErrNoRows) {
		err = errEntry
	}
	return e, err
}

// decided is a second member of staff's agreement in a contact.
type decided struct {
	id, subject, state, by string
	asked, at              time.Time
}

var keptSeconds = db.Keep(db.StoreData, 20_000, func(tx *db.Tx, interaction string) (out []decided, err error) {
	err = tx.Data.Rows(`select id, subject, state, decided_by, asked_at, decided_at from watchlist_second where interaction = $1 order by id`, []any{interaction}, func(r db.Row) error {
		var d decided
		var asked, at int64
		err := r.Scan(&d.id, &d.subject, &d.state, &d.by, &asked, &at)
		d.asked, d.at = column.Moment(asked), column.Moment(at)
		out = append(out, d)
		return err
	})
	return out, err
}, "watchlist_second")

// place is one customer at one member of staff's hands, for a purpose.
type place struct{ staff, purpose, subject string }

var keptOpenings = db.Keep(db.StoreData, 100_000, func(tx *db.Tx, p place) (at int64, err error) {
	err = tx.Data.Row(`select opened_at from watchlist_opened where staff = $1 and purpose = $2 and subject = $3`, p.staff, p.purpose, p.subject).Scan(&at)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	return at, err
}, "watchlist_opened")

var putOpening = db.NewInsert(`insert into watchlist_opened (staff, purpose, subject, opened_at)`, 4,
	`on conflict (staff, purpose, subject) do update set opened_at = excluded.opened_at`)

// breadth is how many customers a member of staff opened for a purpose in the shift that began at started.
type breadth struct {
	started int64
	used    int
}

type desk struct{ staff, purpose string }

var keptBreadth = db.Keep(db.StoreData, 20_000, func(tx *db.Tx, d desk) (b breadth, err error) {
	err = tx.Data.Row(`select started_at, used from watchlist_breadth where staff = $1 and purpose = $2`, d.staff, d.purpose).Scan(&b.started, &b.used)
	if errors.Is(err, db.ErrNoRows) {
		return breadth{}, nil
	}
	return b, err
}, "watchlist_breadth")

var putBreadth = db.NewInsert(`insert into watchlist_breadth (staff, purpose, started_at, used)`, 4,
	`on conflict (staff, purpose) do update set started_at = excluded.started_at, used = excluded.used`)

// raise is the state of the newest wish for more customers since a moment.
func raise(tx *db.Tx, staff, purpose string, since time.Time) (state string, asked time.Time, err error) {
	var at int64
	err = tx.Data.Row(`select state, asked_at from watchlist_raise where staff = $1 and purpose = $2 and asked_at > $3 and state <> 'refused' order by id desc limit 1`,
		staff, purpose, column.Micros(since)).Scan(&state, &at)
	if errors.Is(err, db.ErrNoRows) {
		return "", time.Time{}, nil
	}
	return state, column.Moment(at), err
}

// opened counts the customers of each member of staff since a moment.
func opened(tx *db.Tx, since time.Time) (map[string]int, error) {
	out := map[string]int{}
	err := tx.Data.Rows(`select staff, count(distinct subject) from watchlist_opened where opened_at > $1 group by staff`, []any{column.Micros(since)}, func(r db.Row) error {
		var staff string
		var n int
		err := r.Scan(&staff, &n)
		out[staff] = n
		return err
	})
	return out, err
}

const alertColumns = `id, kind, controller, staff, ref, acts, count, median, first_at, last_at, disposition, note_sealed, reviewed_by, reviewed_at`

func (s *Service) scanAlert(r db.Row) (a Alert, err error) {
	var acts string
	var note []byte
	var first, last, reviewed int64
	if err := r.Scan(&a.ID, &a.Kind, &a.Controller, &a.Staff, &a.Ref, &acts, &a.Count, &a.Median, &first, &last, &a.Disposition, &note, &a.ReviewedBy, &reviewed); err != nil {
		return a, err
	}
	a.Acts, a.First, a.Last, a.ReviewedAt = strings.Fields(acts), column.Moment(first), column.Moment(last), column.Moment(reviewed)
	a.Note, err = s.open("watchlist_alert", "note_sealed", a.ID, note)
	return a, err
}

func (s *Service) alert(tx *db.Tx, id string) (Alert, error) {
	a, err := s.scanAlert(tx.Data.Row(`select `+alertColumns+` from watchlist_alert where id = $1`, id))
	if errors.Is(err, db.ErrNoRows) {
		err = errAlert
	}
	return a, err
}

// alerts lists those of these companies that wait, or those that were reviewed, the newest first: of canaries or not.
func (s *Service) alerts(tx *db.Tx, controllers []string, reviewed, canaries bool) (out []Alert, err error) {
	where := ` where disposition = ''`
	if reviewed {
		where = ` where disposition <> ''`
	}
	if !canaries {
		where += ` and kind not in ('` + CanaryTouched + `', '` + Probing + `')`
	}
	theirs, args := column.In("controller", controllers, nil)
	err = tx.Data.Rows(`select `+alertColumns+` from watchlist_alert`+where+` and `+theirs+` order by first_at desc, id desc limit `+strconv.Itoa(atOnce), args, func(r db.Row) error {
		a, err := s.scanAlert(r)
		out = append(out, a)
		return err
	})
	return out, err
}
