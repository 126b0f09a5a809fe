package audit

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/audit/word"
	"github.com/amanah-id/amanah/proof"
)

// Entries are found by words: who acted, in which call, about whom, what was denied, and
// the actions that are not those of every call. An index that each entry is put into at once
// costs more than the entry: its words lie far apart, so a commit writes a page for each of
// them. So a run of entries is indexed at once, a row for each word, in the transaction of
// the entry that makes the run full; and a search looks through the few that are not indexed
// yet. A log's row says up to where it is indexed.

// word is what the index knows a filter by; "" if it does not.
func (f filter) word() string {
	switch {
	case f.name == "subject", f.name == "interaction", f.name == "actor", f.name == "action" && !slices.Contains(word.Frequent, f.value):
		return f.name + ":" + f.value
	case f.name == "decision" && f.value == string(Denied):
		return "denied"
	}
	return ""
}

// newestOf reads the newest number of each subject among the entries that are not indexed.
func newestOf(tx *db.Tx, shard, indexed int64) (map[string]int64, error) {
	numbers := map[string]int64{}
	err := tx.Data.Rows("select subject, n from audit_detail where position >= $1 and position < $2 order by position",
		[]any{position(shard, indexed), position(shard+1, 0)}, func(r db.Row) error {
			var subject string
			var n int64
			err := r.Scan(&subject, &n)
			numbers[subject] = n
			return err
		})
	return numbers, err
}

const selectWords = `select e.position, e.actor, coalesce(e.interaction, ''), e.action, e.decision, coalesce(d.subject, '')
	from audit_entry e left join audit_detail d on d.position = e.position where e.position >= $1 and e.position < $2`

// posting is an entry that bears a word.
type posting struct {
	word  string
	index int64
}

var insertRun = db.NewInsert("insert into audit_index (word, run, entries)", 3, "")

// index writes the runs from..to, which begin and end between two runs. It reads the entries
// again rather than remember their words: another node may have erased a subject meanwhile.
func (b *batch) index(from, to int64) error {
	var list []posting
	err := b.tx.Data.Rows(selectWords, []any{position(b.shard, from), position(b.shard, to)}, func(r db.Row) error {
		var p int64
		var actor, interaction, action, decision, subject string
		err := r.Scan(&p, &actor, &interaction, &action, &decision, &subject)
		_, index := split(p)
		word.Of(actor, interaction, action, decision, subject, func(kind, value string) { list = append(list, posting{kind + value, index}) })
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(x, y posting) int {
		if c := strings.Compare(x.word, y.word); c != 0 {
			return c
		}
		return int(x.index - y.index)
	})
	var rows []any
	var entries []byte
	for i, p := range list {
		entries = binary.BigEndian.AppendUint16(entries, uint16(p.index%word.Run)) //nolint:gosec // below Run
		if i+1 < len(list) && list[i+1].word == p.word && list[i+1].index/word.Run == p.index/word.Run {
			continue
		}
		rows = append(rows, p.word, position(b.shard, p.index-p.index%word.Run), entries)
		entries = nil
	}
	b.tx.Data.QueueRows(insertRun, rows...)
	return nil
}

// entriesOf are the positions that a row of the index stands for: places in its run, rising.
func entriesOf(start int64, entries []byte) ([]int64, error) {
	at := make([]int64, 0, len(entries)/2)
	if !word.Places(entries, func(place int64) { at = append(at, start+place) }) {
		return nil, tamperedIndex(nil)
	}
	return at, nil
}

// runsAtOnce bounds what a search reads of the index before it looks at entries.
const runsAtOnce = 32

// postings gives the positions lo..hi of entries that bear a word, newest first, in pieces;
// each says whether it wants more.
func postings(tx *db.Tx, text string, lo, hi int64, each func(at []int64) (more bool, err error)) error {
	for before := hi; ; {
		var at []int64
		n := 0
		err := tx.Data.Rows("select run, entries from audit_index where word = $1 and run > $2 and run < $3 order by run desc limit $4",
			[]any{text, lo - word.Run, before, runsAtOnce}, func(r db.Row) error {
				var entries []byte
				err := r.Scan(&before, &entries)
				n++
				piece, bad := entriesOf(before, entries)
				slices.Reverse(piece)
				at = append(at, piece...)
				return cmp.Or(err, bad)
			})
		if err != nil {
			return err
		}
		at = slices.DeleteFunc(at, func(p int64) bool { return p < lo || p >= hi })
		if len(at) > 0 {
			if more, err := each(at); err != nil || !more {
				return err
			}
		}
		if n < runsAtOnce {
			return nil
		}
	}
}

// newest reads the newest number of some subjects that are not remembered.
func (b *batch) newest(subjects []string) error {
	args := make([]any, 0, len(subjects)+2)
	args = append(args, position(b.shard, 0), position(b.shard+1, 0))
	for _, s := range subjects {
		args = append(args, s)
	}
	last := map[int64]string{}
	err := b.tx.Data.Rows(lastRuns[len(subjects)], args, func(r db.Row) error {
		var subject string
		var start int64
		var entries []byte
		err := r.Scan(&subject, &start, &entries)
		at, bad := entriesOf(start, entries)
		if bad == nil {
			last[at[len(at)-1]] = subject
		}
		return cmp.Or(err, bad)
	})
	if err != nil {
		return err
	}
	for at, subject := range last {
		var n int64
		if err := b.tx.Data.Row("select n from audit_detail where position = $1", at).Scan(&n); err != nil {
			return tamperedIndex(err)
		}
		b.numbers[subject] = n
	}
	return nil
}

// tamperedIndex says what it means when the index names an entry that is not there.
func tamperedIndex(err error) error {
	return errs.Wrap(errs.Conflict, "audit.tampered", err).With("class", string(proof.IndexEdited))
}

var lastRuns = func() map[int]string {
	m := map[int]string{}
	for _, rows := range chunks {
		var b strings.Builder
		b.WriteString("select w.column1, i.run, i.entries from (values ")
		for r := range rows {
			if r > 0 {
				b.WriteString(", ")
			}
			b.WriteString("(cast($" + strconv.Itoa(r+3) + " as text))")
		}
		// Both engines call the first of nameless columns so. A text that begins with another
		// word than select would count as one that writes, and make the writer forget.
		b.WriteString(") w join audit_index i on i.word = '" + word.Subject + "' || w.column1 and i.run = (select max(x.run) from audit_index x where x.word = '" +
			word.Subject + "' || w.column1 and x.run >= $1 and x.run < $2)")
		m[rows] = b.String()
	}
	return m
}()

// deleteSubject deletes what stands beside the entries about a subject, in every log, and
// returns their positions.
func deleteSubject(tx *db.Tx, subject string) (found []int64, err error) {
	word := word.Subject + subject
	err = postings(tx, word, 0, math.MaxInt64, func(at []int64) (bool, error) {
		found = append(found, at...)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	for _, p := range found {
		n, err := tx.Data.Exec("delete from audit_detail where position = $1 and subject = $2", p, subject)
		if err == nil && n != 1 {
			err = tamperedIndex(nil) // somebody else's entry, or none
		}
		if err != nil {
			return nil, err
		}
	}
	tx.Data.Queue("delete from audit_index where word = $1", word)
	rows, err := shards(tx)
	if err != nil {
		return nil, err
	}
	lo := int64(0) // also where no log is: what is found there makes the erasure fail
	for i := range len(rows) + 1 {
		const since = "audit_detail where position >= $1 and position < $2 and subject = $3"
		hi := int64(math.MaxInt64)
		if i < len(rows) {
			hi = position(rows[i].shard, 0)
		}
		args := []any{lo, hi, subject}
		err := tx.Data.Rows("select position from "+since+" order by position", args, func(r db.Row) error {
			var p int64
			err := r.Scan(&p)
			found = append(found, p)
			return err
		})
		if err != nil {
			return nil, err
		}
		tx.Data.Queue("delete from "+since, args...)
		if i < len(rows) {
			lo = position(rows[i].shard, rows[i].indexed)
		}
	}
	slices.Sort(found)
	return found, nil
}

// newSums sums up the words of a log, as far as it is indexed.
func newSums(row shardRow) *word.Sums {
	if !row.fits() {
		return word.NewSums(0)
	}
	return word.NewSums(row.indexed / word.Run)
}

// fits reports whether a log can be indexed as far as its row says.
func (r *shardRow) fits() bool {
	return r.indexed >= 0 && r.indexed <= r.size && r.indexed%word.Run == 0
}

// checkIndex finds the first run of a verified log whose rows in the index are not those that
// its entries call for.
func checkIndex(tx *db.Tx, row shardRow, w *word.Sums, r *proof.Report) error {
	damaged := int64(math.MaxInt64)
	if !row.fits() {
		damaged = 0
	}
	args := []any{position(row.shard, 0), position(row.shard+1, 0)}
	var text string
	var start int64
	var entries []byte
	into := []any{&text, &start, &entries}
	err := tx.Data.Rows("select word, run, entries from audit_index where run >= $1 and run < $2", args, func(r db.Row) error {
		err := r.Scan(into...)
		if _, index := split(start); !w.Row(text, index, entries) {
			damaged = min(damaged, index)
		}
		return err
	})
	if err != nil {
		return err
	}
	if at := w.Damaged(); at >= 0 {
		damaged = min(damaged, at)
	}
	if damaged < math.MaxInt64 {
		r.Add(proof.Fault{Origin: row.origin, Index: damaged, Through: damaged + word.Run - 1, Class: proof.IndexEdited})
	}
	return nil
}
