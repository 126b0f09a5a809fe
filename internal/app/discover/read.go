package discover

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	pageRows     = 500
	lettersOfRow = 4 << 20  // of all its values together
	mostLetters  = 32 << 10 // of one value
)

// letters is how much of each value is read, so that a row has a bound however many columns it has.
func letters(columns int) int { return min(mostLetters, lettersOfRow/max(columns, 1)) }

// database searches one database.
func (r *run) database(ctx context.Context, s Source) error {
	d, err := s.opened(ctx, r.Timeout)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return r.lost(s, err)
	}
	defer func() { _ = d.Close() }()
	bounded, cancel := context.WithTimeout(ctx, r.Timeout)
	tables, err := s.dialect.tables(bounded, d)
	cancel()
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return r.lost(s, err)
	}
	for i, t := range tables {
		out, err := r.relation(ctx, d, s.dialect, t)
		if err != nil {
			return err
		}
		out.Source = s.Name
		r.count(out)
		if err := r.report.table(out); err != nil {
			return err
		}
		if r.Bar != nil {
			r.Bar(int64(i+1), int64(len(tables)))
		}
	}
	return nil
}

func (r *run) count(t Table) {
	if t.View {
		r.sum.Views++
	} else {
		r.sum.Tables++
	}
	r.sum.Rows += t.Rows
	r.sum.Unread += len(t.Unread)
	if len(t.Columns) > 0 {
		r.sum.With++
		r.sum.Columns += len(t.Columns)
	}
	for _, c := range t.Columns {
		for _, k := range c.Kinds {
			r.sum.Types[k.Type]++
		}
	}
}

// reader reads one table.
type reader struct {
	*run
	db   *sql.DB
	d    dialect
	t    relation
	sums []*sum
	cut  int // letters of a value
	rows int64
}

// relation searches one table. Its error is that of the context alone.
func (r *run) relation(ctx context.Context, d *sql.DB, speak dialect, t relation) (out Table, err error) {
	if t.risky {
		return Table{Schema: r.looker.Hide(t.schema), Name: r.looker.Hide(t.name), View: true, Columns: []Column{}, Unread: []Unread{{Reason: risky}}}, nil
	}
	out = Table{Schema: r.looker.Hide(t.schema), Name: r.looker.Hide(t.name), View: t.view, About: t.about, Columns: []Column{}}
	bounded, cancel := context.WithTimeout(ctx, r.Timeout)
	err = speak.describe(bounded, d, &t)
	cancel()
	in := &reader{run: r, db: d, d: speak, t: t}
	if err == nil && t.view && len(t.columns) == 0 {
		err = errNoColumns
	}
	if err == nil {
		in.t.columns = slices.DeleteFunc(in.t.columns, func(a attribute) bool { return slices.Contains(never, strings.ToLower(a.kind)) })
		in.cut = letters(len(in.t.columns))
		for _, a := range in.t.columns {
			in.sums = append(in.sums, newSum(a, r.looker))
		}
		if len(in.sums) > 0 {
			out.All, err = in.all(ctx)
		} else {
			out.All = true
		}
	}
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	if err != nil {
		out.Unread = append(out.Unread, in.wrong(err))
	}
	out.Rows = in.rows
	for i, s := range in.sums {
		name := r.looker.Hide(in.t.columns[i].name)
		if kinds := s.kinds(in.rows); len(kinds) > 0 {
			out.Columns = append(out.Columns, Column{Name: name, Type: in.t.columns[i].kind, Values: s.values, Kinds: kinds})
			for _, k := range kinds {
				out.People = max(out.People, k.People, 1)
			}
		}
		if s.binary > 0 {
			out.Unread = append(out.Unread, Unread{Column: name, Reason: binary, Count: s.binary})
		}
		if s.long > 0 {
			out.Unread = append(out.Unread, Unread{Column: name, Reason: long, Count: s.long})
		}
	}
	return out, nil
}

var (
	errStuck     = errors.New("the key gives no order")
	errNoColumns = errors.New("the view's tables are gone")
)

// wrong says why a table was not read wholly. What the database says of it may quote values, so only its code is kept.
func (in *reader) wrong(err error) Unread {
	switch {
	case errors.Is(err, errStuck):
		return Unread{Reason: stuck}
	case errors.Is(err, context.DeadlineExceeded):
		return Unread{Reason: overdue}
	}
	reason, code := in.d.code(err)
	return Unread{Reason: reason, Code: code}
}

// all reads as many rows as were asked for; true: there are no more.
func (in *reader) all(ctx context.Context) (bool, error) {
	if len(in.t.key) == 0 {
		n, _, err := in.page(ctx, nil, false, in.Rows)
		return err == nil && (in.Rows == 0 || n < in.Rows), err
	}
	first := in.Rows
	if first > 0 {
		first = (in.Rows + 1) / 2
	}
	last, ended, err := in.pages(ctx, nil, false, first)
	if err != nil || ended || in.Rows-first <= 0 {
		return ended, err
	}
	_, ended, err = in.pages(ctx, last, true, in.Rows-first)
	return ended, err
}

// pages reads rows behind a key, page by page: so many, 0 for all. back reads from the end, down to the key.
func (in *reader) pages(ctx context.Context, behind []any, back bool, most int64) (last []any, ended bool, err error) {
	after, before := behind, []any(nil)
	for read := int64(0); most == 0 || read < most; {
		size := int64(pageRows)
		if most > 0 {
			size = min(size, most-read)
		}
		var n int64
		var key []any
		if back {
			n, key, err = in.page(ctx, behind, true, size, before...)
		} else {
			n, key, err = in.page(ctx, after, false, size)
		}
		if err != nil || n < size {
			return key, err == nil, err
		}
		if reflect.DeepEqual(key, after) || reflect.DeepEqual(key, before) {
			return nil, false, errStuck
		}
		read += n
		after, before, last = key, key, key
	}
	return last, false, nil
}

// page reads at most so many rows (0: all) whose key lies behind one key and before another, and returns the key of the last.
func (in *reader) page(ctx context.Context, behind []any, back bool, most int64, before ...any) (n int64, last []any, err error) {
	var args []any
	var conditions []string
	if len(behind) > 0 {
		conditions = append(conditions, in.compare(">", behind, &args))
	}
	if len(before) > 0 {
		conditions = append(conditions, in.compare("<", before, &args))
	}
	var text strings.Builder
	text.WriteString("select ")
	for _, k := range in.t.key {
		text.WriteString(in.d.key(in.name(k)) + ", ")
	}
	for i, a := range in.t.columns {
		if i > 0 {
			text.WriteString(", ")
		}
		text.WriteString(in.d.value(a, in.cut))
	}
	text.WriteString(" from ")
	if in.t.schema != "" {
		text.WriteString(in.d.quote(in.t.schema) + ".")
	}
	text.WriteString(in.d.quote(in.t.name) + " as t")
	if len(conditions) > 0 {
		text.WriteString(" where " + strings.Join(conditions, " and "))
	}
	for i, k := range in.t.key {
		text.WriteString([]string{" order by ", ", "}[min(i, 1)] + in.name(k))
		if back {
			text.WriteString(" desc")
		}
	}
	if most > 0 {
		fmt.Fprintf(&text, " limit %d", most)
	}
	ctx, cancel := context.WithTimeout(ctx, in.Timeout)
	defer cancel()
	n, last, err = in.ask(ctx, text.String(), args)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return n, last, err
}

func (in *reader) name(column string) string {
	if in.t.raw {
		return "t." + column
	}
	return "t." + in.d.quote(column) // with the table's name in front it cannot mean what is selected under that name
}

// compare says that the key of a row lies behind (or before) another, in a form whose beginning an index can follow.
func (in *reader) compare(sign string, key []any, args *[]any) string {
	place := func(v any) string {
		*args = append(*args, v)
		return in.d.parameter(len(*args))
	}
	var text func(i int) string
	text = func(i int) string {
		column := in.name(in.t.key[i])
		if i == len(key)-1 {
			return column + " " + sign + " " + place(key[i])
		}
		return "(" + column + " " + sign + "= " + place(key[i]) + " and (" + column + " " + sign + " " + place(key[i]) + " or " + text(i+1) + "))"
	}
	return text(0)
}

// ask reads the rows of one statement.
func (in *reader) ask(ctx context.Context, text string, args []any) (n int64, last []any, err error) {
	keys := len(in.t.key)
	values := make([]any, keys+len(in.t.columns))
	places := make([]any, len(values))
	for i := range values {
		places[i] = &values[i]
	}
	err = list(ctx, in.db, text, args, func(scan func(...any) error) error {
		if err := scan(places...); err != nil {
			return err
		}
		n++
		in.rows++
		for i, s := range in.sums {
			s.add(values[keys+i], in.cut)
		}
		last = append(last[:0], values[:keys]...)
		return nil
	})
	return n, last, err
}

// spaced makes words of a column's name.
func spaced(name string) string {
	var b strings.Builder
	before := ' '
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			r = ' '
		}
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			b.WriteByte(' ')
		}
		if r != ' ' || before != ' ' {
			b.WriteRune(r)
		}
		before = r
	}
	return strings.TrimSpace(b.String())
}

// textual says whether bytes are text that a person could read.
func textual(b []byte) bool {
	control := 0
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			control++
		}
	}
	for cut := 0; cut < utf8.UTFMax && cut <= len(b); cut++ { // the last letter may have been cut
		if utf8.Valid(b[:len(b)-cut]) {
			return control == 0
		}
	}
	return false
}
