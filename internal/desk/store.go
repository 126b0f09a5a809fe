package desk

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/gate"
)

// Disclosure is one thing that was done with a customer's fields in a call. It names
// fields and holds no value.
type Disclosure struct {
	Interaction, Subject, Staff, Verb, Purpose string
	Fields                                     []string
	Level                                      int
	At                                         time.Time
}

var newDisclosures = db.NewInsert(`insert into desk_disclosure (id, interaction, subject, staff, verb, fields, purpose, level, at)`, 9, "")

// addDisclosure keeps what was done; that masks were shown once, however often the page was.
func (s *Service) addDisclosure(tx *db.Tx, d Disclosure) {
	row := []any{id.NewAt(id.Disclosure, tx.Now()), d.Interaction, d.Subject, d.Staff, d.Verb, strings.Join(d.Fields, " "), d.Purpose, d.Level, tx.Now().UnixMicro()}
	addTold(tx, d)
	if d.Verb != string(gate.Mask) {
		tx.Data.QueueRows(newDisclosures, row...)
		return
	}
	tx.Data.Queue(`insert into desk_disclosure (id, interaction, subject, staff, verb, fields, purpose, level, at)
		select cast($1 as text), $2, $3, cast($4 as text), $5, $6, $7, cast($8 as bigint), cast($9 as bigint)
		where not exists (select 1 from desk_disclosure where interaction = $2 and subject = $3 and verb = $5 and fields = $6 and purpose = $7)`, row...)
}

// Disclosed keeps what a sister room did with a customer's data, in its transaction.
func (s *Service) Disclosed(tx *db.Tx, d Disclosure) { s.addDisclosure(tx, d) }

// disclosures lists what was done in one interaction, oldest first.
func disclosures(tx *db.Tx, interaction string) (list []Disclosure, err error) {
	err = tx.Data.Rows(`select subject, staff, verb, fields, purpose, level, at from desk_disclosure
		where interaction = $1 order by at, id`, []any{interaction}, func(r db.Row) error {
		d := Disclosure{Interaction: interaction}
		var fields string
		var at int64
		if err := r.Scan(&d.Subject, &d.Staff, &d.Verb, &fields, &d.Purpose, &d.Level, &at); err != nil {
			return err
		}
		d.Fields, d.At = strings.Fields(fields), time.UnixMicro(at).UTC()
		list = append(list, d)
		return nil
	})
	return list, err
}

// addTold notes that fields of a customer were told below V3.
func addTold(tx *db.Tx, d Disclosure) {
	if d.Level >= gate.LedgerLevel || d.Verb != string(gate.Compare) && d.Verb != string(gate.Reveal) {
		return
	}
	known, _ := keptTold.Get(tx, d.Subject) // if it cannot be read, the row is written, or fails, as well
	for _, f := range d.Fields {
		if !slices.ContainsFunc(known, func(t toldField) bool { return t.field == f && t.at > tx.Now().Add(-toldAgain).UnixMicro() }) {
			tx.Data.Queue(`insert into desk_told (subject, field, told_at) values ($1, $2, $3)
				on conflict (subject, field) do update set told_at = excluded.told_at`, d.Subject, f, tx.Now().UnixMicro())
		}
	}
}

// toldField is a field of a customer, and when its row was last written.
type toldField struct {
	field string
	at    int64
}

var keptTold = db.Keep(db.StoreData, 20_000, func(tx *db.Tx, subject string) (list []toldField, err error) {
	err = tx.Data.Rows(`select field, told_at from desk_told where subject = $1`, []any{subject}, func(r db.Row) error {
		var one toldField
		err := r.Scan(&one.field, &one.at)
		list = append(list, one)
		return err
	})
	return list, err
}, "desk_told")

// told lists the fields of a customer that were told lately below V3.
func told(tx *db.Tx, subject string) (fields []string, err error) {
	list, err := keptTold.Get(tx, subject)
	for _, t := range list {
		if t.at > tx.Now().Add(-toldWithin).UnixMicro() {
			fields = append(fields, t.field)
		}
	}
	return fields, err
}

// spendBudget counts the fields that are opened; the shift begins with its first.
func spendBudget(tx *db.Tx, staff string, fields int) error {
	b, err := shift(tx, staff)
	if err != nil {
		return err
	}
	b.used += fields
	keptBudgets.Put(tx, staff, b, putBudget, staff, b.started, b.used)
	return nil
}

var putBudget = db.NewInsert(`insert into desk_budget (staff, started_at, used)`, 3,
	`on conflict (staff) do update set started_at = excluded.started_at, used = excluded.used`)

// budget is what a member of staff has used of a shift that began at started.
type budget struct {
	started int64
	used    int
}

var keptBudgets = db.Keep(db.StoreData, 20_000, func(tx *db.Tx, staff string) (b budget, err error) {
	err = tx.Data.Row(`select started_at, used from desk_budget where staff = $1`, staff).Scan(&b.started, &b.used)
	if errors.Is(err, db.ErrNoRows) {
		return budget{}, nil
	}
	return b, err
}, "desk_budget")

// shift is the budget of the present shift, which begins now if there is none.
func shift(tx *db.Tx, staff string) (budget, error) {
	b, err := keptBudgets.Get(tx, staff)
	if now := tx.Now(); b.started <= now.Add(-Shift).UnixMicro() {
		b = budget{started: now.UnixMicro()}
	}
	return b, err
}

// Revealed counts the fields that each member of staff revealed in the shift that lasts.
func (s *Service) Revealed(tx *db.Tx) (map[string]int, error) {
	out := map[string]int{}
	err := tx.Data.Rows(`select staff, used from desk_budget where started_at > $1`, []any{tx.Now().Add(-Shift).UnixMicro()}, func(r db.Row) error {
		var staff string
		var used int
		err := r.Scan(&staff, &used)
		out[staff] = used
		return err
	})
	return out, err
}

// spendSearch counts one search, of the member of staff and of the interaction. The shift
// begins with its first.
func spendSearch(tx *db.Tx, staff, interaction string) {
	now := tx.Now()
	tx.Data.Queue(`insert into desk_search_shift as b (staff, started_at, used) values ($1, $2, 1)
		on conflict (staff) do update set
			used = case when b.started_at <= $3 then 1 else b.used + 1 end,
			started_at = case when b.started_at <= $3 then excluded.started_at else b.started_at end`,
		staff, now.UnixMicro(), now.Add(-Shift).UnixMicro())
	tx.Data.Queue(`insert into desk_search (interaction, used) values ($1, 1)
		on conflict (interaction) do update set used = desk_search.used + 1`, interaction)
}

// searchesUsed is how many searches of the present shift are gone.
func searchesUsed(tx *db.Tx, staff string) (int, error) {
	var started int64
	var used int
	err := tx.Data.Row(`select started_at, used from desk_search_shift where staff = $1`, staff).Scan(&started, &used)
	if errors.Is(err, db.ErrNoRows) || err == nil && started <= tx.Now().Add(-Shift).UnixMicro() {
		return 0, nil
	}
	return used, err
}

// searchesOf is how many searches the interaction had.
func searchesOf(tx *db.Tx, interaction string) (used int, err error) {
	err = tx.Data.Row(`select used from desk_search where interaction = $1`, interaction).Scan(&used)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	return used, err
}

func addHit(tx *db.Tx, interaction, subject string, fields []string) {
	tx.Data.Queue(`insert into desk_hit (interaction, subject, fields, found_at) values ($1, $2, $3, $4)
		on conflict (interaction, subject) do update set fields = excluded.fields, found_at = excluded.found_at`,
		interaction, subject, strings.Join(fields, " "), tx.Now().UnixMicro())
}

// Hits are the fields by which a search in this interaction found the subject: the gate's provider.
func (s *Service) Hits(tx *db.Tx, interaction, subject string) ([]string, error) {
	var fields string
	err := tx.Data.Row(`select fields from desk_hit where interaction = $1 and subject = $2`, interaction, subject).Scan(&fields)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	return strings.Fields(fields), err
}

type storedNote struct {
	ID, Subject, Staff string
	Sealed             []byte
	At                 time.Time // when it was written; zero before
}

func addNote(tx *db.Tx, interaction string, n storedNote) {
	tx.Data.Queue(`insert into desk_note (id, interaction, subject, staff, note_sealed, at) values ($1, $2, $3, $4, $5, $6)`,
		n.ID, interaction, n.Subject, n.Staff, n.Sealed, tx.Now().UnixMicro())
}

// notes lists what was written in one interaction about one customer, oldest first.
func notes(tx *db.Tx, interaction, subject string) (list []storedNote, err error) {
	err = tx.Data.Rows(`select id, staff, note_sealed, at from desk_note where interaction = $1 and subject = $2 order by at, id`,
		[]any{interaction, subject}, func(r db.Row) error {
			n := storedNote{Subject: subject}
			var at int64
			if err := r.Scan(&n.ID, &n.Staff, &n.Sealed, &at); err != nil {
				return err
			}
			n.At = time.UnixMicro(at).UTC()
			list = append(list, n)
			return nil
		})
	return list, err
}

func countNotes(tx *db.Tx, interaction, subject string) (n int, err error) {
	err = tx.Data.Row(`select count(*) from desk_note where interaction = $1 and subject = $2`, interaction, subject).Scan(&n)
	return n, err
}
