package vault

import (
	"errors"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

// The SQL of this room. Only this file names its tables.

func micros(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	n := t.UnixMicro()
	return &n
}

func fromMicros(n *int64) time.Time {
	if n == nil {
		return time.Time{}
	}
	return time.UnixMicro(*n).UTC()
}

var newSubjects = db.NewInsert(`insert into vault_subject (subject, controller, version, created_at, updated_at, source)`, 6, "")

func insertSubject(tx *db.Tx, s Subject) {
	now := tx.Now().UnixMicro()
	tx.Data.QueueRows(newSubjects, s.ID, s.Controller, 1, now, now, s.Source)
}

func subjectByID(tx *db.Tx, subject string) (Subject, error) {
	s := Subject{ID: subject}
	var created, updated int64
	err := tx.Data.Row(`select controller, version, created_at, updated_at, source from vault_subject where subject = $1`, subject).
		Scan(&s.Controller, &s.Version, &created, &updated, &s.Source)
	if errors.Is(err, db.ErrNoRows) {
		return Subject{}, errs.New(errs.NotFound, "vault.not_found")
	}
	s.CreatedAt, s.UpdatedAt = fromMicros(&created), fromMicros(&updated)
	return s, err
}

// bumpSubject counts a change; false when somebody else changed the subject since.
func bumpSubject(tx *db.Tx, subject string, version int64) (bool, error) {
	n, err := tx.Data.Exec(`update vault_subject set version = version + 1, updated_at = $1 where subject = $2 and version = $3`,
		tx.Now().UnixMicro(), subject, version)
	return n == 1, err
}

var newValues = db.NewInsert(`insert into vault_value (subject, field, ordinal, value, value_sealed, registered_at, verified_at, source, updated_at)`, 9, "")

func insertValues(tx *db.Tx, subject string, values []sealedValue, source string) {
	args := make([]any, 0, 9*len(values))
	for _, p := range values {
		args = append(args, subject, p.field, p.ordinal, p.id, p.sealed, micros(p.registered), micros(p.verified), source, tx.Now().UnixMicro())
	}
	tx.Data.QueueRows(newValues, args...)
}

func deleteValues(tx *db.Tx, subject, field string) {
	tx.Data.Queue(`delete from vault_value where subject = $1 and field = $2`, subject, field)
}

const selectValues = `select field, ordinal, value, value_sealed, registered_at, verified_at, source from vault_value where subject = $1 order by field, ordinal`

// valuesOf reads the values of some fields, or of all when none is named.
func valuesOf(tx *db.Tx, subject string, fields []string) ([]Stored, error) {
	all, err := keptValues.Get(tx, subject)
	if err != nil {
		return nil, err
	}
	out := make([]Stored, 0, len(all))
	for _, s := range all {
		if len(fields) == 0 || slices.Contains(fields, s.Field) {
			out = append(out, s)
		}
	}
	return out, nil
}

// keptValues are sealed values: who is served now is asked about again and again.
var keptValues = db.Keep(db.StoreData, 2000, func(tx *db.Tx, subject string) ([]Stored, error) {
	var out []Stored
	err := tx.Data.Rows(selectValues, []any{subject}, func(r db.Row) error {
		s := Stored{Subject: subject}
		var registered, verified *int64
		if err := r.Scan(&s.Field, &s.Ordinal, &s.ID, &s.sealed, &registered, &verified, &s.Source); err != nil {
			return err
		}
		s.RegisteredAt, s.VerifiedAt = fromMicros(registered), fromMicros(verified)
		out = append(out, s)
		return nil
	})
	return out, err
}, "vault_value")

func setVerified(tx *db.Tx, subject, value string) (bool, error) {
	n, err := tx.Data.Exec(`update vault_value set verified_at = $1 where subject = $2 and value = $3`, tx.Now().UnixMicro(), subject, value)
	return n == 1, err
}

func setRegistered(tx *db.Tx, subject, value string, at time.Time) {
	tx.Data.Queue(`update vault_value set registered_at = $1 where subject = $2 and value = $3`, micros(at), subject, value)
}

// the blind index

// indexRow is a value's keyed hash and the field it stands in.
type indexRow struct {
	mac   []byte
	field string
}

var (
	newUniques = db.NewInsert(`insert into vault_unique (entry_mac, controller, field, subject)`, 4, "")
	newExacts  = db.NewInsert(`insert into vault_exact (entry_mac, controller, field, subject)`, 4, "on conflict do nothing")
)

func insertUniques(tx *db.Tx, controller, subject string, rows ...indexRow) {
	tx.Index.QueueRows(newUniques, indexArgs(controller, subject, rows)...)
}

func insertExacts(tx *db.Tx, controller, subject string, rows ...indexRow) {
	tx.Index.QueueRows(newExacts, indexArgs(controller, subject, rows)...)
}

func indexArgs(controller, subject string, rows []indexRow) []any {
	args := make([]any, 0, 4*len(rows))
	for _, r := range rows {
		args = append(args, r.mac, controller, r.field, subject)
	}
	return args
}

func deleteIndex(tx *db.Tx, subject, field string) {
	tx.Index.Queue(`delete from vault_unique where subject = $1 and field = $2`, subject, field)
	tx.Index.Queue(`delete from vault_exact where subject = $1 and field = $2`, subject, field)
}

// noteIndexed says which version of a customer the rows of the index follow.
func noteIndexed(tx *db.Tx, subject string, version int64) {
	tx.Index.Queue(`insert into vault_indexed (subject, version) values ($1, $2) on conflict (subject) do update set version = excluded.version`, subject, version)
}

// indexedVersions reads which versions of changed customers the rows of the index follow.
func indexedVersions(tx *db.Tx, s span) (map[string]int64, error) {
	versions := map[string]int64{}
	err := tx.Index.Rows(`select subject, version from vault_indexed where subject > $1 and subject <= $2`, []any{s.after, s.upto}, func(r db.Row) error {
		var subject string
		var version int64
		err := r.Scan(&subject, &version)
		versions[subject] = version
		return err
	})
	return versions, err
}

// holder returns the subject that holds a unique value, or "".
func holder(tx *db.Tx, controller string, mac []byte) (string, error) {
	var subject string
	err := tx.Index.Row(`select subject from vault_unique where entry_mac = $1 and controller = $2`, mac, controller).Scan(&subject)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return subject, err
}

// holders returns at most limit subjects with a value, and by which fields.
func holders(tx *db.Tx, controller string, mac []byte, limit int) ([]Hit, error) {
	var out []Hit
	err := tx.Index.Rows(`select subject, field from vault_exact where entry_mac = $1 and controller = $2 order by subject, field limit $3`,
		[]any{mac, controller, limit}, func(r db.Row) error {
			var subject, field string
			if err := r.Scan(&subject, &field); err != nil {
				return err
			}
			if n := len(out); n > 0 && out[n-1].Subject == subject {
				out[n-1].Fields = append(out[n-1].Fields, field)
			} else {
				out = append(out, Hit{Subject: subject, Fields: []string{field}, Score: 100})
			}
			return nil
		})
	return out, err
}

// account history

// touchSubject brings a customer to the next repair without counting a change.
func touchSubject(tx *db.Tx, subject string) {
	tx.Data.Queue(`update vault_subject set updated_at = $1 where subject = $2`, tx.Now().UnixMicro(), subject)
}

func insertHistory(tx *db.Tx, h sealedFact, subject, source string) {
	tx.Data.Queue(`insert into vault_history (subject, kind, history, fact_sealed, source) values ($1, $2, $3, $4, $5)`,
		subject, h.kind, h.id, h.sealed, source)
	tx.Index.Queue(`insert into vault_history_seen (item_mac, subject) values ($1, $2)`, h.mac, subject)
}

func historySeen(tx *db.Tx, mac []byte) (bool, error) {
	var one int64
	err := tx.Index.Row(`select 1 from vault_history_seen where item_mac = $1`, mac).Scan(&one)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func historyOf(tx *db.Tx, subject string, kinds []string) ([]Fact, error) {
	var out []Fact
	err := tx.Data.Rows(`select kind, history, fact_sealed from vault_history where subject = $1 order by kind, history`, []any{subject}, func(r db.Row) error {
		f := Fact{Subject: subject}
		if err := r.Scan(&f.Kind, &f.ID, &f.sealed); err != nil {
			return err
		}
		if len(kinds) == 0 || slices.Contains(kinds, f.Kind) {
			out = append(out, f)
		}
		return nil
	})
	return out, err
}

// deleteSubject removes everything this room holds about a subject, and says how many rows.
func deleteSubject(tx *db.Tx, subject string) (rows int64, err error) {
	for _, d := range []struct {
		h    *db.Handle
		text string
	}{
		{tx.Index, `delete from vault_unique where subject = $1`},
		{tx.Index, `delete from vault_exact where subject = $1`},
		{tx.Index, `delete from vault_history_seen where subject = $1`},
		{tx.Index, `delete from vault_indexed where subject = $1`},
		{tx.Data, `delete from vault_value where subject = $1`},
		{tx.Data, `delete from vault_history where subject = $1`},
		{tx.Data, `delete from vault_subject where subject = $1`},
	} {
		n, err := d.h.Exec(d.text, subject)
		if err != nil {
			return rows, err
		}
		rows += n
	}
	return rows, nil
}

// walking through everybody, for the duties

// spanEnd is the last subject of the next chunk, "" when there is none, and whether it is
// the last chunk.
func spanEnd(tx *db.Tx, after string, size int) (upto string, last bool, err error) {
	err = tx.Data.Row(`select subject from vault_subject where subject > $1 order by subject limit 1 offset $2`, after, size-1).Scan(&upto)
	if !errors.Is(err, db.ErrNoRows) {
		return upto, false, err
	}
	err = tx.Data.Row(`select subject from vault_subject where subject > $1 order by subject desc limit 1`, after).Scan(&upto)
	if errors.Is(err, db.ErrNoRows) {
		return "", true, nil
	}
	return upto, true, err
}

// peopleIn reads who is in a span, and whose customers they are.
func peopleIn(tx *db.Tx, s span) (people []person, err error) {
	err = tx.Data.Rows(`select subject, controller from vault_subject where subject > $1 and subject <= $2`, []any{s.after, s.upto}, func(r db.Row) error {
		var p person
		err := r.Scan(&p.subject, &p.controller)
		people = append(people, p)
		return err
	})
	return people, err
}

// memoryValues reads the sealed values of two fields of everybody in a span, in one pass.
func memoryValues(tx *db.Tx, s span, fields [2]string, each func(v Stored)) error {
	const text = `select subject, field, value, value_sealed from vault_value where subject > $1 and subject <= $2 and field in ($3, $4)`
	return tx.Data.Rows(text, []any{s.after, s.upto, fields[0], fields[1]}, func(r db.Row) error {
		var v Stored
		if err := r.Scan(&v.Subject, &v.Field, &v.ID, &v.sealed); err != nil {
			return err
		}
		each(v)
		return nil
	})
}

// everyValue reads the sealed values of everybody in a span, in one pass.
func everyValue(tx *db.Tx, s span, each func(v Stored)) error {
	const text = `select subject, field, value, value_sealed from vault_value where subject > $1 and subject <= $2`
	return tx.Data.Rows(text, []any{s.after, s.upto}, func(r db.Row) error {
		var v Stored
		if err := r.Scan(&v.Subject, &v.Field, &v.ID, &v.sealed); err != nil {
			return err
		}
		each(v)
		return nil
	})
}

func subjectsIn(tx *db.Tx, s span, since int64) ([]Subject, error) {
	var out []Subject
	err := tx.Data.Rows(`select subject, controller, version, updated_at from vault_subject where subject > $1 and subject <= $2 and updated_at >= $3 order by subject`,
		[]any{s.after, s.upto, since}, func(r db.Row) error {
			var one Subject
			var updated int64
			if err := r.Scan(&one.ID, &one.Controller, &one.Version, &updated); err != nil {
				return err
			}
			one.UpdatedAt = fromMicros(&updated)
			out = append(out, one)
			return nil
		})
	return out, err
}

// changedSince reads who was written from a time on, in the order of their ids.
func changedSince(tx *db.Tx, since int64, after string, limit int) (list []other, err error) {
	err = tx.Data.Rows(`select subject, controller, updated_at from vault_subject where updated_at >= $1 and subject > $2 order by subject limit $3`,
		[]any{since, after, limit}, func(r db.Row) error {
			var o other
			err := r.Scan(&o.subject, &o.controller, &o.updated)
			list = append(list, o)
			return err
		})
	return list, err
}

func subjectsAlive(tx *db.Tx, s span) (map[string]bool, error) {
	alive := map[string]bool{}
	err := tx.Data.Rows(`select subject from vault_subject where subject > $1 and subject <= $2`, []any{s.after, s.upto}, func(r db.Row) error {
		var subject string
		err := r.Scan(&subject)
		alive[subject] = true
		return err
	})
	return alive, err
}

// countValues counts the values of a span that ought to be in the index.
func countValues(tx *db.Tx, s span, count func(subject, field string)) error {
	return countRows(tx.Data, s, count,
		`select subject, field from vault_value where subject > $1 and subject <= $2`,
		`select subject, '`+HistoryField+`' from vault_history where subject > $1 and subject <= $2`)
}

// countIndex counts what is in the index.
func countIndex(tx *db.Tx, s span, count func(subject, field string)) error {
	return countRows(tx.Index, s, count,
		`select subject, field from vault_unique where subject > $1 and subject <= $2`,
		`select subject, field from vault_exact where subject > $1 and subject <= $2`,
		`select subject, '`+HistoryField+`' from vault_history_seen where subject > $1 and subject <= $2`)
}

func countRows(h *db.Handle, s span, count func(subject, field string), texts ...string) error {
	for _, text := range texts {
		var subject, field string
		err := h.Rows(text, []any{s.after, s.upto}, func(r db.Row) error {
			err := r.Scan(&subject, &field)
			count(subject, field)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// indexSubjects reads the next subjects that the index knows, in order.
func indexSubjects(tx *db.Tx, after string, limit int) ([]string, error) {
	var all []string
	upto := "" // beyond this, one of the tables has not been read yet
	for _, text := range []string{
		`select distinct subject from vault_unique where subject > $1 order by subject limit $2`,
		`select distinct subject from vault_exact where subject > $1 order by subject limit $2`,
		`select distinct subject from vault_history_seen where subject > $1 order by subject limit $2`,
		`select subject from vault_indexed where subject > $1 order by subject limit $2`,
	} {
		var some []string
		err := tx.Index.Rows(text, []any{after, limit}, func(r db.Row) error {
			var s string
			err := r.Scan(&s)
			some = append(some, s)
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(some) == limit && (upto == "" || some[limit-1] < upto) {
			upto = some[limit-1]
		}
		all = append(all, some...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if upto != "" {
		all = slices.DeleteFunc(all, func(s string) bool { return s > upto })
	}
	return all, nil
}

func replaceSeen(tx *db.Tx, subject string, macs [][]byte) {
	tx.Index.Queue(`delete from vault_history_seen where subject = $1`, subject)
	for _, mac := range macs {
		tx.Index.Queue(`insert into vault_history_seen (item_mac, subject) values ($1, $2) on conflict do nothing`, mac, subject)
	}
}

// lastRepair is when the last whole repair of this index store began; 0 for never.
func lastRepair(tx *db.Tx) (int64, error) {
	var at int64
	err := tx.Index.Row(`select repaired_at from vault_repair where one = 1`).Scan(&at)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	return at, err
}

func forgetRepair(tx *db.Tx) error {
	_, err := tx.Index.Exec(`delete from vault_repair`)
	return err
}

func noteRepair(tx *db.Tx, at time.Time) error {
	n, err := tx.Index.Exec(`update vault_repair set repaired_at = $1 where one = 1`, at.UnixMicro())
	if err == nil && n == 0 {
		tx.Index.Queue(`insert into vault_repair (one, repaired_at) values (1, $1)`, at.UnixMicro())
	}
	return err
}
