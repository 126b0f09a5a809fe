package audit

import (
	"context"
	"errors"
	"strconv"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/proof"
)

// Prove is the work of a proof alone, without the entry that reading one leaves.
func Prove(d *db.DB, origin string, index uint64) (p *proof.Inclusion, err error) {
	err = d.Read(context.Background(), func(tx *db.Tx) error {
		row, err := shardOf(tx, origin)
		if err == nil {
			p, err = prove(tx, row, int64(index))
		}
		return err
	})
	return p, err
}

// Back puts the log's memory back to an earlier state, as it is when a commit succeeded
// and the connection broke before it said so.
func (l *Log) Back(since func()) {
	old := l.durable.Load()
	since()
	l.durable.Store(old)
}

// ForgetNumbers empties the memory of newest numbers per subject, as if it were full.
func (l *Log) ForgetNumbers() {
	for i := range maxNumbers + 1 {
		l.numbers[strconv.Itoa(i)] = 1
	}
}

// Forget empties it at once.
func (l *Log) Forget() { l.numbers = nil }

// Renew renews the lease if it is due.
func (l *Log) Renew() error { return l.renew(context.Background()) }

// SelectWitnessed is what a proof asks for first.
const SelectWitnessed = selectWitnessed

// Plan is SQLite's plan for a search among the entries that are not indexed, or for entries
// that the index named, and for reading the index.
func Plan(d *db.DB, q Query) (recent, named, index string, err error) {
	filters, err := q.filters()
	if err != nil {
		return "", "", "", err
	}
	explain := func(sql string, args []any) (plan string) {
		err = errors.Join(err, d.Read(context.Background(), func(tx *db.Tx) error {
			return tx.Data.Rows("explain query plan "+sql, args, func(r db.Row) error {
				var a, b, c int64
				var line string
				err := r.Scan(&a, &b, &c, &line)
				plan += line + "\n"
				return err
			})
		}))
		return plan
	}
	sql, args := searchSQL(filters, q, cursor{}, between{0, 1 << 50})
	recent = explain(sql, args)
	sql, args = searchSQL(filters, q, cursor{}, among{1, 2})
	named = explain(sql, args)
	return recent, named, explain("select run, entries from audit_index where word = $1 and run > $2 and run < $3 order by run desc limit $4", []any{"", 1, 2, 3}), err
}

// Remembered is how many subjects' numbers the log remembers; -1 for none at all.
func (l *Log) Remembered() int {
	if l.numbers == nil {
		return -1
	}
	return len(l.numbers)
}

// Stop makes the log as it is after Close; what it returns undoes that.
func (l *Log) Stop() (again func()) {
	s := l.durable.Swap(nil)
	return func() { l.durable.Store(s) }
}
