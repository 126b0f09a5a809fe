package db

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Insert is an insert of rows into one table, in as few statements as a handful of texts
// allows: an engine prepares each text once, and a row that travels with others costs it a
// fraction of a statement. Rows of all closures of a batch are gathered (Handle.QueueRows).
type Insert struct {
	columns int
	texts   [len(rowsAtOnce)]string
}

// rowsAtOnce are the numbers of rows that one statement may have.
var rowsAtOnce = [...]int{32, 16, 8, 4, 2, 1}

// NewInsert prepares the texts. into is everything before the values, such as
// "insert into vault_value (subject, field)", for so many columns; after is what follows
// them, such as "on conflict do nothing", or nothing.
func NewInsert(into string, columns int, after string) *Insert {
	i := &Insert{columns: columns}
	for k, rows := range rowsAtOnce {
		var b strings.Builder
		b.WriteString(into + " values ")
		for n := range rows * columns {
			between := ", "
			if n == 0 {
				between = "("
			} else if n%columns == 0 {
				between = "), ("
			}
			b.WriteString(between + "$" + strconv.Itoa(n+1))
		}
		b.WriteString(") " + after)
		i.texts[k] = strings.TrimSpace(b.String())
	}
	return i
}

// gathered are rows that wait to be inserted, one after another in args.
type gathered struct {
	into *Insert
	args []any
	at   map[any]int // where in args the row of a key of Put begins
}

// QueueRows queues rows, whose values stand one after another in args. They are inserted
// before the next other statement on this store, at the latest when the closure's or the
// batch's statements are sent; rows of several tables that wait together may change their
// order. If one fails, the closure fails, at the latest when it ends.
func (h *Handle) QueueRows(i *Insert, args ...any) { h.gather(i, nil, args) }

// gather is QueueRows; a row with a key takes the place of the row that waits under the same.
func (h *Handle) gather(i *Insert, key any, args []any) {
	if len(args) == 0 {
		return
	}
	err := h.begin(i.texts[0], true)
	if err == nil && len(args)%i.columns != 0 {
		err = fmt.Errorf("db: %d values for rows of %d columns", len(args), i.columns)
	}
	if err != nil {
		if h.err == nil {
			h.err = err
		}
		return
	}
	k := slices.IndexFunc(h.rows, func(g gathered) bool { return g.into == i })
	if k < 0 {
		k, h.rows = len(h.rows), append(h.rows, gathered{into: i, at: map[any]int{}})
	}
	g := &h.rows[k]
	if at, ok := g.at[key]; ok {
		copy(g.args[at:], args)
		return
	}
	if key != nil {
		g.at[key] = len(g.args)
	}
	g.args = append(g.args, args...)
}

// emit queues the inserts of the rows gathered. A failure is kept: whoever's statement sends
// them may not be whose they are, and take it for an outcome.
func (h *Handle) emit() (err error) {
	defer func() {
		if err != nil && h.err == nil {
			h.err = err
		}
	}()
	rows := h.rows
	h.rows = nil
	for _, g := range rows {
		for k, at := range rowsAtOnce {
			for n := at * g.into.columns; len(g.args) >= n; g.args = g.args[n:] {
				if err := h.conn.queue(g.into.texts[k], g.args[:n:n]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
