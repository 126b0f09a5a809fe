package discover

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// dialect is what the three kinds of databases say differently.
type dialect interface {
	begin(ctx context.Context, d *sql.DB, timeout time.Duration) error
	tables(ctx context.Context, d *sql.DB) ([]relation, error)
	describe(ctx context.Context, d *sql.DB, t *relation) error
	quote(name string) string
	value(c attribute, letters int) string // an expression: at most so many letters of a value, and one more
	key(column string) string              // an expression of a key that can be given back
	parameter(n int) string
	code(err error) (reason, code string)
}

// relation is a table or view.
type relation struct {
	schema, name string
	view         bool
	risky        bool // reading it runs what its owner wrote, with the rights of whoever reads
	about        int64
	columns      []attribute
	key          []string // in its order; none: there is no order
	raw          bool     // the key is a word of the database, such as rowid, and is not quoted
}

// addKey adds a row's one column to the key.
func (t *relation) addKey(scan func(...any) error) error {
	var name string
	err := scan(&name)
	t.key = append(t.key, name)
	return err
}

// attribute is a column.
type attribute struct {
	name, kind string
	binary     bool // its values are bytes
	text       bool // its values are text, though the driver gives bytes
	foreign    bool // its type was made by somebody, who may have written what makes text of it
}

// never are types without room for personal data.
var never = []string{"boolean", "bool", "bit(1)", "tinyint(1)"}

// readOnly is how every statement is run.
var readOnly = &sql.TxOptions{ReadOnly: true}

// list asks a question and hands over its rows, each as it comes.
func list(ctx context.Context, d *sql.DB, question string, args []any, row func(scan func(...any) error) error) (err error) {
	tx, err := d.BeginTx(ctx, readOnly)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	rows, err := tx.QueryContext(ctx, question, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func doubled(name, mark string) string {
	return mark + strings.ReplaceAll(name, mark, mark+mark) + mark
}

// postgres is PostgreSQL.
type postgres struct{}

func (postgres) begin(context.Context, *sql.DB, time.Duration) error { return nil } // said when connecting

func (postgres) tables(ctx context.Context, d *sql.DB) (out []relation, err error) {
	mighty := false
	if err := list(ctx, d, `select r.rolsuper or pg_has_role(r.oid, 'pg_execute_server_program', 'member') or pg_has_role(r.oid, 'pg_write_server_files', 'member')
		from pg_catalog.pg_roles r where r.rolname = current_user`, nil, func(scan func(...any) error) error { return scan(&mighty) }); err != nil {
		return nil, err
	}
	err = list(ctx, d, `select n.nspname::text, c.relname::text, c.relkind in ('v', 'm'), c.relkind = 'v', greatest(c.reltuples, 0)::bigint
		from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and n.nspname <> 'information_schema' and n.nspname not like 'pg\_%'
		order by 1, 2`, nil, func(scan func(...any) error) error {
		var t relation
		err := scan(&t.schema, &t.name, &t.view, &t.risky, &t.about)
		t.risky = t.risky && mighty
		out = append(out, t)
		return err
	})
	return out, err
}

func (postgres) describe(ctx context.Context, d *sql.DB, t *relation) error {
	err := list(ctx, d, `select a.attname::text, format_type(a.atttypid, a.atttypmod), a.atttypid = 'bytea'::regtype, y.typnamespace <> 'pg_catalog'::regnamespace
		from pg_catalog.pg_attribute a join pg_catalog.pg_type y on y.oid = a.atttypid join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
		where n.nspname::text = $1 and c.relname::text = $2 and a.attnum > 0 and not a.attisdropped order by a.attnum`, []any{t.schema, t.name},
		func(scan func(...any) error) error {
			var a attribute
			err := scan(&a.name, &a.kind, &a.binary, &a.foreign)
			t.columns = append(t.columns, a)
			return err
		})
	if err != nil {
		return err
	}
	return list(ctx, d, `select a.attname::text
		from pg_catalog.pg_index i cross join lateral unnest(i.indkey) with ordinality as k(number, place)
		join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
		join pg_catalog.pg_class c on c.oid = i.indrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
		where i.indisprimary and n.nspname::text = $1 and c.relname::text = $2 order by k.place`, []any{t.schema, t.name}, t.addKey)
}

func (postgres) quote(name string) string { return doubled(name, `"`) }

func (p postgres) value(c attribute, letters int) string {
	if c.binary {
		return fmt.Sprintf("substring(%s from 1 for %d)", p.quote(c.name), letters+1)
	}
	if c.foreign { // a cast to text may be a function of somebody's; the word for output is not
		return fmt.Sprintf("left(format('%%s', %s), %d)", p.quote(c.name), letters+1)
	}
	return fmt.Sprintf("left(%s::text, %d)", p.quote(c.name), letters+1)
}

func (postgres) key(column string) string { return column + "::text" }

func (postgres) parameter(n int) string { return "$" + strconv.Itoa(n) }

func (postgres) code(err error) (string, string) {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return failed, ""
	}
	switch e.Code {
	case "42501":
		return denied, e.Code
	case "57014", "55P03": // cancelled; the lock was not to be had
		return overdue, e.Code
	}
	return failed, e.Code
}

// mariadb is MariaDB and MySQL.
type mariadb struct{}

func (mariadb) begin(ctx context.Context, d *sql.DB, timeout time.Duration) error {
	var version string
	if err := d.QueryRowContext(ctx, "select version()").Scan(&version); err != nil {
		return err
	}
	limit := fmt.Sprintf("set session max_execution_time = %d", timeout.Milliseconds())
	if strings.Contains(version, "MariaDB") {
		limit = fmt.Sprintf("set session max_statement_time = %.3f", timeout.Seconds())
	}
	for _, statement := range []string{limit, "set session transaction read only", "set session lock_wait_timeout = 2"} {
		if _, err := d.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func (mariadb) tables(ctx context.Context, d *sql.DB) (out []relation, err error) {
	err = list(ctx, d, `select table_schema, table_name, table_type like '%VIEW%', coalesce(table_rows, 0) from information_schema.tables
		where table_schema not in ('information_schema', 'performance_schema', 'mysql', 'sys') and (database() is null or table_schema = database())
		and table_type <> 'SEQUENCE' order by 1, 2`, nil, func(scan func(...any) error) error {
		var t relation
		err := scan(&t.schema, &t.name, &t.view, &t.about)
		out = append(out, t)
		return err
	})
	return out, err
}

func (mariadb) describe(ctx context.Context, d *sql.DB, t *relation) error {
	bytes := []string{"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit", "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection"}
	err := list(ctx, d, `select column_name, data_type, column_type from information_schema.columns where table_schema = ? and table_name = ? order by ordinal_position`,
		[]any{t.schema, t.name}, func(scan func(...any) error) error {
			var a attribute
			var kind string
			err := scan(&a.name, &kind, &a.kind)
			a.binary = slices.Contains(bytes, kind)
			a.text = !a.binary
			t.columns = append(t.columns, a)
			return err
		})
	if err != nil {
		return err
	}
	return list(ctx, d, `select column_name from information_schema.statistics where table_schema = ? and table_name = ? and index_name = 'PRIMARY' order by seq_in_index`,
		[]any{t.schema, t.name}, t.addKey)
}

func (mariadb) quote(name string) string { return doubled(name, "`") }

func (m mariadb) value(c attribute, letters int) string {
	return fmt.Sprintf("left(%s, %d)", m.quote(c.name), letters+1)
}

func (mariadb) key(column string) string { return column }

func (mariadb) parameter(int) string { return "?" }

func (mariadb) code(err error) (string, string) {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return failed, ""
	}
	code := strconv.Itoa(int(e.Number))
	switch e.Number {
	case 1044, 1045, 1142, 1143, 1227, 1345, 1356, 1370:
		return denied, code
	case 1205, 1317, 1969, 3024:
		return overdue, code
	}
	return failed, code
}

// sqlite is SQLite.
type sqlite struct{}

func (sqlite) begin(context.Context, *sql.DB, time.Duration) error { return nil } // said in the name of the file

func (s sqlite) tables(ctx context.Context, d *sql.DB) (out []relation, err error) {
	err = list(ctx, d, `select name, type = 'view' from sqlite_schema where type in ('table', 'view') and name not like 'sqlite\_%' escape '\' order by 1`, nil,
		func(scan func(...any) error) error {
			var t relation
			err := scan(&t.name, &t.view)
			out = append(out, t)
			return err
		})
	return out, err
}

func (s sqlite) describe(ctx context.Context, d *sql.DB, t *relation) error {
	places := map[int]string{}
	var names []string
	err := list(ctx, d, "pragma table_xinfo("+s.quote(t.name)+")", nil, func(scan func(...any) error) error {
		var a attribute
		var id, notNull, place, hidden int
		var standard any
		err := scan(&id, &a.name, &a.kind, &notNull, &standard, &place, &hidden)
		names = append(names, strings.ToLower(a.name))
		if place > 0 {
			places[place] = a.name
		}
		if hidden != 1 { // those of virtual tables are parameters
			t.columns = append(t.columns, a)
		}
		return err
	})
	if err != nil || t.view {
		return err
	}
	ordered := true // not without rowid
	err = list(ctx, d, "pragma table_list("+s.quote(t.name)+")", nil, func(scan func(...any) error) error {
		var schema, name, kind string
		var columns, without, strict int
		err := scan(&schema, &name, &kind, &columns, &without, &strict)
		ordered = ordered && without == 0 && kind != "virtual"
		return err
	})
	for _, word := range []string{"rowid", "_rowid_", "oid"} {
		if err == nil && ordered && len(t.key) == 0 && !slices.Contains(names, word) {
			t.key, t.raw = []string{word}, true
		}
	}
	if len(t.key) == 0 && !ordered {
		for place := 1; places[place] != ""; place++ {
			t.key = append(t.key, places[place])
		}
	}
	return err
}

func (sqlite) quote(name string) string { return doubled(name, `"`) }

// value does not read a value that is too large even in part, because SQLite would hold all of it: it gives a number in its place, which substr never does.
func (s sqlite) value(c attribute, letters int) string {
	name := s.quote(c.name)
	return fmt.Sprintf("case when octet_length(%s) > %d then 1 else substr(%s, 1, %d) end", name, largest, name, letters+1)
}

// largest is the value of SQLite that is read in part, in bytes.
const largest = 4 << 20

func (sqlite) key(column string) string { return column }

func (sqlite) parameter(int) string { return "?" }

func (sqlite) code(error) (string, string) { return failed, "" }
