package discover

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/amanah-id/amanah/internal/app/scan"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/pii/extract"
)

func TestTheTextsAreWholeInBothLanguages(t *testing.T) {
	for _, fault := range i18n.CheckFolder(".", i18n.Source{Room: "discover", FS: Messages}, "../command") {
		t.Error(fault)
	}
}

func printer(t *testing.T) *i18n.Printer {
	t.Helper()
	texts, err := i18n.Load(i18n.Source{Room: "discover", FS: Messages}, i18n.Source{Room: "scan", FS: scan.Messages})
	if err != nil {
		t.Fatal(err)
	}
	return texts.For(i18n.EN, time.UTC)
}

// base is a database of one of the three kinds, empty at first.
type base struct {
	t       *testing.T
	kind    string
	source  string
	db      *sql.DB
	secret  string
	dialect dialect
	reader  string // a role of PostgreSQL that may read and nothing else
}

func (b *base) do(statement string, args ...any) {
	b.t.Helper()
	if b.kind == "mysql" {
		statement = strings.ReplaceAll(statement, `"`, "`")
		if strings.HasPrefix(statement, "create table") {
			statement = strings.ReplaceAll(statement, "text primary key", "varchar(200) primary key")
			statement = strings.ReplaceAll(statement, "bytea primary key", "varbinary(16) primary key")
			statement = strings.ReplaceAll(statement, "timestamp primary key", "datetime(6) primary key")
		}
	}
	for n := len(args); n > 0 && b.kind == "postgres"; n-- {
		i := strings.LastIndexByte(statement, '?')
		statement = fmt.Sprintf("%s$%d%s", statement[:i], n, statement[i+1:])
	}
	if _, err := b.db.ExecContext(b.t.Context(), statement, args...); err != nil {
		b.t.Fatalf("%.200s: %v", statement, err)
	}
}

// each runs a test on SQLite and, where there is one, on PostgreSQL and MariaDB.
func each(t *testing.T, test func(t *testing.T, b *base)) {
	t.Helper()
	name := "discover_" + strings.ToLower(id.New(id.Job)[4:])
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "crm.db")
		d, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		d.SetMaxOpenConns(1)
		t.Cleanup(func() { _ = d.Close() })
		b := &base{t: t, kind: "sqlite", source: "sqlite:" + path, db: d, dialect: sqlite{}}
		b.do(`create table "empty" (a text)`)
		test(t, b)
	})
	server := func(kind, variable string, dialect dialect, open func(u *url.URL) (*sql.DB, error)) {
		t.Run(kind, func(t *testing.T) {
			text := os.Getenv(variable)
			if text == "" {
				t.Skip("no server: " + variable + " is not set")
			}
			u, err := url.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			admin, err := open(u)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = admin.Close() })
			if _, err := admin.ExecContext(t.Context(), "create database "+name); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _, _ = admin.ExecContext(context.Background(), "drop database "+name) })
			u.Path = "/" + name
			d, err := open(u)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			secret, _ := u.User.Password()
			b := &base{t: t, kind: kind, source: u.String(), db: d, secret: secret, dialect: dialect}
			if kind == "postgres" {
				b.reader = name + "_reader"
				b.do("create role " + b.reader + " login")
				t.Cleanup(func() {
					_, _ = d.ExecContext(context.Background(), "drop owned by "+b.reader)
					_, _ = d.ExecContext(context.Background(), "drop role "+b.reader)
				})
				u.User = url.User(b.reader)
				b.source = u.String()
			}
			test(t, b)
		})
	}
	server("postgres", "AMANAH_TEST_POSTGRES", postgres{}, func(u *url.URL) (*sql.DB, error) { return sql.Open("pgx", u.String()) })
	server("mysql", "AMANAH_TEST_MARIADB", mariadb{}, func(u *url.URL) (*sql.DB, error) {
		password, _ := u.User.Password()
		return sql.Open("mysql", u.User.Username()+":"+password+"@tcp("+u.Host+")/"+strings.TrimPrefix(u.Path, "/"))
	})
}

var _ = stdlib.OpenDB // brings the driver pgx

func (b *base) setting() Setting {
	b.t.Helper()
	if b.reader != "" {
		b.do("grant select on all tables in schema public to " + b.reader)
	}
	s, err := Parse(b.source, false)
	if err != nil {
		b.t.Fatal(err)
	}
	return Setting{Sources: []Source{s}, JSON: true, Rows: 1000, Timeout: time.Minute, Kinds: scan.KindsOfPeople(), Least: 0.5, Text: printer(b.t), Scan: scan.Setting{Limits: extract.Usual(), Text: printer(b.t)}}
}

// result is what a search wrote.
type result struct {
	tables  map[string]Table
	files   map[string]File
	lost    []string
	summary Summary
	text    string
}

func search(t *testing.T, s Setting) result {
	t.Helper()
	var out bytes.Buffer
	s.Out = &out
	sum, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := result{tables: map[string]Table{}, files: map[string]File{}, summary: sum, text: out.String()}
	for line := range strings.Lines(r.text) {
		var one struct {
			Table    *Table
			File     *File
			Database map[string]string
		}
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err, line)
		}
		switch {
		case one.Table != nil:
			r.tables[one.Table.Name] = *one.Table
		case one.File != nil:
			r.files[filepath.Base(one.File.File)] = *one.File
		case one.Database != nil:
			r.lost = append(r.lost, one.Database["not_inspected"])
		}
	}
	return r
}

func (t Table) column(name string) Column {
	if i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name }); i >= 0 {
		return t.Columns[i]
	}
	return Column{}
}

func (c Column) kind(name string) Kind {
	if i := slices.IndexFunc(c.Kinds, func(k Kind) bool { return k.Type == name }); i >= 0 {
		return c.Kinds[i]
	}
	return Kind{}
}

func TestEachColumnSaysWhatItHoldsAndNoValueIsShown(t *testing.T) {
	each(t, func(t *testing.T, b *base) {
		b.do(`create table "pelanggan" ("id" bigint primary key, "nik" text, "noHp" text, "nama_lengkap" text, "kota" text, "saldo" bigint, "aktif" boolean, "catatan" text)`)
		first := []string{"Siti Rahayu", "Budi Santoso", "Agus Wijaya", "Kartika Wulandari"}
		for i := range 40 {
			note := any("minta dihubungi besok pagi")
			if i%4 == 0 {
				note = fmt.Sprintf("kirim ke orang%d@contoh.co.id ya", i)
			}
			if i == 39 {
				note = nil
			}
			b.do(`insert into "pelanggan" values (?, ?, ?, ?, ?, ?, ?, ?)`, i, fmt.Sprintf("327301250190%04d", i+1), fmt.Sprintf("0812345678%02d", i), first[i%4], "Bandung", 5000*i, i%2 == 0, note)
		}
		b.do(`create table "barang" ("kode" text primary key, "harga" bigint)`)
		b.do(`insert into "barang" values (?, ?)`, "INV/2024/0001", 1250000)
		b.do(`create view "semua nik" as select "nik" from "pelanggan"`)
		r := search(t, b.setting())
		p := r.tables["pelanggan"]
		if p.Rows != 40 || !p.All || p.People != 40 || p.View {
			t.Errorf("%+v", p)
		}
		for name, want := range map[string]Kind{
			"nik":          {Type: "nik", Count: 40, Rows: 40, Share: 1, People: 40},
			"noHp":         {Type: "phone", Count: 40, Rows: 40, Share: 1, People: 40},
			"catatan":      {Type: "email", Count: 10, Rows: 10, Share: 0.25, People: 10},
			"nama_lengkap": {Type: "person", Count: 40, Rows: 40, Share: 1, People: 4},
		} {
			k := p.column(name).kind(want.Type)
			if k.Count != want.Count || k.Rows != want.Rows || k.Share != want.Share || k.People != want.People || k.Confidence < 0.5 || k.Confidence > 1 || len(k.Samples) == 0 || len(k.Samples) > 3 {
				t.Errorf("%s: %+v; want %+v", name, k, want)
			}
		}
		if p.column("catatan").Values != 39 || len(p.column("saldo").Kinds)+len(p.column("kota").Kinds)+len(p.column("aktif").Kinds) != 0 {
			t.Errorf("%+v", p.Columns)
		}
		if v := r.tables["semua nik"]; !v.View || v.column("nik").kind("nik").Rows != 40 {
			t.Errorf("%+v", v)
		}
		if c := r.tables["barang"]; c.Rows != 1 || len(c.Columns) != 0 {
			t.Errorf("%+v", c)
		}
		if r.summary.With != 2 || r.summary.Types["nik"] != 2 || r.summary.Unread != 0 || r.summary.Views != 1 {
			t.Errorf("%+v", r.summary)
		}
		s := b.setting()
		s.JSON = false
		var out bytes.Buffer
		s.Out = &out
		if _, err := s.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{r.text, out.String()} {
			for _, value := range []string{"3273012501", "0812345678", "Rahayu", "Santoso", "orang4"} {
				if strings.Contains(text, value) {
					t.Errorf("the report shows %q", value)
				}
			}
			if b.secret != "" && strings.Contains(text, b.secret) {
				t.Error("the report shows the password")
			}
		}
		for _, want := range []string{"pelanggan: all rows read (40); at least 40 people", "semua nik: view; ", "100%"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %q in\n%s", want, out.String())
			}
		}
	})
}

// fill makes a table of so many rows, whose mails stand only where they are told to.
func (b *base) fill(table, key string, rows int, mail func(i int) bool, args func(i int) []any) {
	b.t.Helper()
	b.do(`create table "` + table + `" (` + key + `, "m" text)`)
	tx, err := b.db.BeginTx(b.t.Context(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := range rows {
		text := "-"
		if mail(i) {
			text = fmt.Sprintf("orang%d@contoh.co.id", i)
		}
		values := append(args(i), text)
		places := strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ")
		if b.kind == "postgres" {
			places = "$1, $2, $3"[:4*len(values)-2]
		}
		statement := `insert into "` + table + `" values (` + places + `)`
		if b.kind == "mysql" {
			statement = strings.ReplaceAll(statement, `"`, "`")
		}
		if _, err := tx.ExecContext(b.t.Context(), statement, values...); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.t.Fatal(err)
	}
}

func TestASampleIsTakenFromBothEndsAndAllIsEveryRowOnce(t *testing.T) {
	type key struct {
		declared string
		args     func(i int) []any
	}
	all := map[string]key{
		"number": {`"k" bigint primary key`, func(i int) []any { return []any{1<<60 + int64(i)} }}, // doubles would not tell these apart
		"text":   {`"k" text primary key`, func(i int) []any { return []any{fmt.Sprintf("k'\"%04d", i)} }},
		"two":    {`"a" int, "b" int`, func(i int) []any { return []any{i / 7, i % 7} }},
		"none":   {`"k" int`, func(int) []any { return []any{1} }},
		"bytes":  {`"k" bytea primary key`, func(i int) []any { return []any{[]byte{0xff, 0x00, byte(i >> 8), byte(i), 0xc3, 0x28, '\''}} }},
		"moment": {`"k" timestamp primary key`, func(i int) []any {
			return []any{time.Date(2026, 1, 1, 0, 0, 0, i*1000, time.UTC).Format("2006-01-02 15:04:05.000000")}
		}},
		"exact": {`"k" numeric(30, 2) primary key`, func(i int) []any { return []any{fmt.Sprintf("123456789012345678901234%04d.25", i)} }},
	}
	each(t, func(t *testing.T, b *base) {
		const rows = 1234
		keys := maps.Clone(all)
		if b.kind == "sqlite" {
			delete(keys, "exact") // its numbers are doubles
		}
		for name, k := range keys {
			b.fill(name, k.declared, rows, func(i int) bool { return i < 10 || i >= rows-5 }, k.args)
			if name == "two" && b.kind != "sqlite" {
				b.do(`alter table "two" add primary key ("a", "b")`)
			}
		}
		if b.kind == "sqlite" {
			b.do(`create table "apart" ("a" int, "b" int, "m" text, primary key ("a", "b")) without rowid`)
			b.do(`insert into "apart" select * from "two"`)
			keys["apart"] = keys["two"]
		}
		s := b.setting()
		s.Rows = 20
		r := search(t, s)
		for name := range keys {
			one := r.tables[name]
			k := one.column("m").kind("email")
			want := int64(15)
			if name == "none" && b.kind != "sqlite" {
				want = -1 // there is no order: any rows
			}
			if one.Rows != 20 || one.All || k.Rows != want && want >= 0 {
				t.Errorf("%s: %d rows, %d mails; %+v", name, one.Rows, k.Rows, one.Unread)
			}
		}
		for _, most := range []int64{0, 5000, 1234, 1235} {
			s.Rows = most
			r = search(t, s)
			for name := range keys {
				one := r.tables[name]
				if k := one.column("m").kind("email"); one.Rows != rows || k.Rows != 15 || k.People != 15 {
					t.Errorf("%s of %d: %d rows, %+v, %+v", name, most, one.Rows, k, one.Unread)
				}
			}
		}
	})
}

func TestATableMayBeCalledAnything(t *testing.T) {
	each(t, func(t *testing.T, b *base) {
		odd := []string{`a"b`, "a`b", `x; drop table "pelanggan"; --`, "dengan spasi", "select", "ünïcode 👍", `back\slash`, "$1", "?", "a'b"}
		if b.kind == "mysql" {
			odd[5] = "ünïcode" // its names have letters of three bytes at most
		}
		quote := b.dialect.quote
		for i, name := range odd {
			statement := "create table " + quote(name) + " (" + quote(name) + " int primary key, " + quote("m"+name) + " varchar(100))"
			if _, err := b.db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(statement, err)
			}
			if _, err := b.db.ExecContext(t.Context(), "insert into "+quote(name)+" values (1, '"+fmt.Sprintf("orang%d@contoh.co.id", i)+"')"); err != nil {
				t.Fatal(err)
			}
		}
		r := search(t, b.setting())
		for _, name := range odd {
			if one := r.tables[name]; one.Rows != 1 || one.column("m"+name).kind("email").Rows != 1 {
				t.Errorf("%q: %+v", name, one)
			}
		}
		if r.summary.Unread != 0 {
			t.Error(r.text)
		}
		// A name that is personal data is not shown either.
		name := "data 081234567890"
		if _, err := b.db.ExecContext(t.Context(), "create table "+quote(name)+" (m int)"); err != nil {
			t.Fatal(err)
		}
		if r := search(t, b.setting()); strings.Contains(r.text, "081234567890") {
			t.Error(r.text)
		}
	})
}

func TestWhatCannotBeInspectedIsSaid(t *testing.T) {
	each(t, func(t *testing.T, b *base) {
		bytesOf, big := "blob", "text"
		switch b.kind {
		case "postgres":
			bytesOf = "bytea"
		case "mysql":
			bytesOf, big = "longblob", "longtext"
		}
		b.do(`create table "berkas" ("k" int primary key, "isi" ` + bytesOf + `, "panjang" ` + big + `)`)
		b.do(`insert into "berkas" values (?, ?, ?)`, 1, []byte("\x89PNG\r\n\x1a\n\x00\x01"), "awal 081234567890 "+strings.Repeat("lorem ipsum ", 1_000_000))
		b.do(`insert into "berkas" values (?, ?, ?)`, 2, []byte("hubungi 081234567891"), "pendek")
		one := search(t, b.setting()).tables["berkas"]
		if k := one.column("isi").kind("phone"); k.Rows != 1 {
			t.Errorf("text in bytes: %+v", k)
		}
		if !slices.ContainsFunc(one.Unread, func(u Unread) bool { return u.Column == "isi" && u.Reason == binary && u.Count == 1 }) ||
			!slices.ContainsFunc(one.Unread, func(u Unread) bool { return u.Column == "panjang" && u.Reason == long && u.Count == 1 }) {
			t.Errorf("%+v", one.Unread)
		}
		if k := one.column("panjang").kind("phone"); b.kind != "sqlite" && k.Rows != 1 { // SQLite leaves a value of 12 MB alone
			t.Errorf("beginning of a long value: %+v", k)
		}
		// A view that cannot be read, beside tables that can.
		b.do(`create table "akan_hilang" ("m" int)`)
		switch b.kind {
		case "sqlite":
			b.do(`create view "rusak" as select * from "akan_hilang"`)
			b.do(`drop table "akan_hilang"`)
		case "mysql":
			b.do(`create view "rusak" as select * from "akan_hilang"`)
			b.do(`drop table "akan_hilang"`)
		default:
			b.do(`create view "rusak" as select 1 / "m" as "m" from (select 0 as "m") x`)
		}
		r := search(t, b.setting())
		if u := r.tables["rusak"].Unread; len(u) != 1 || u[0].Reason == "" || r.tables["berkas"].Rows != 2 || r.summary.Unread < 3 {
			t.Errorf("%+v", r.tables["rusak"])
		}
	})
}

func TestNothingIsWrittenAndNothingIsWaitedFor(t *testing.T) {
	each(t, func(t *testing.T, b *base) {
		b.do(`create table "satu" ("k" int primary key)`)
		b.do(`insert into "satu" values (1)`)
		s := b.setting()
		d, err := s.Sources[0].opened(t.Context(), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		for _, statement := range []string{`insert into "satu" values (2)`, `create table "dua" ("k" int)`, `delete from "satu"`} {
			if b.kind == "mysql" {
				statement = strings.ReplaceAll(statement, `"`, "`")
			}
			tx, err := d.BeginTx(t.Context(), readOnly)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.ExecContext(t.Context(), statement); err == nil {
				t.Errorf("%s was done", statement)
			}
			_ = tx.Rollback()
		}
		endless := map[string]string{
			"sqlite":   `create view "lama" as with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as "n" from n`,
			"postgres": `create view "lama" as select pg_sleep(1000)::text as "n"`,
			"mysql":    `create view "lama" as select sleep(1000) as "n"`,
		}
		b.do(endless[b.kind])
		s = b.setting()
		s.Timeout = time.Second
		r := search(t, s)
		if u := r.tables["lama"].Unread; len(u) != 1 || u[0].Reason != overdue {
			t.Errorf("%+v", r.tables["lama"])
		}
		if r.tables["satu"].Rows != 1 {
			t.Errorf("%+v", r.tables["satu"])
		}
	})
}

func TestARowPolicyAndAMissingPermissionAreSaid(t *testing.T) {
	each(t, func(t *testing.T, b *base) {
		if b.kind != "postgres" {
			t.Skip("PostgreSQL's")
		}
		b.do(`create table "sebagian" ("m" text)`)
		b.do(`create table "rahasia" ("m" text)`)
		b.do(`alter table "sebagian" enable row level security`)
		s := b.setting()
		b.do(`revoke select on "rahasia" from ` + b.reader)
		r := search(t, s)
		for _, name := range []string{"sebagian", "rahasia"} {
			if u := r.tables[name].Unread; len(u) != 1 || u[0].Reason != denied {
				t.Errorf("%s: %+v", name, r.tables[name])
			}
		}
	})
}

// What somebody wrote into a database is not run with the rights of a superuser.
func TestNothingOfSomebodyElsesIsRunWithTheRightsOfASuperuser(t *testing.T) {
	each(t, func(t *testing.T, b *base) {
		if b.kind != "postgres" {
			t.Skip("PostgreSQL's")
		}
		b.do(`create type "sendiri" as ("isi" text)`)
		b.do(`create function "jahat"("sendiri") returns text language plpgsql as 'begin raise exception ''dijalankan''; end'`)
		b.do(`create cast ("sendiri" as text) with function "jahat"("sendiri")`)
		b.do(`create table "milik" ("k" int primary key, "s" "sendiri")`)
		b.do(`insert into "milik" values (1, row('telepon 081234567890'))`)
		b.do(`create view "tampilan" as select "jahat"("s") as "m" from "milik"`)
		if one := search(t, b.setting()).tables["milik"]; one.Rows != 1 || one.column("s").kind("phone").Rows != 1 {
			t.Errorf("%+v", one)
		}
		owner, err := url.Parse(os.Getenv("AMANAH_TEST_POSTGRES"))
		if err != nil {
			t.Fatal(err)
		}
		b.source, b.reader = strings.Replace(b.source, b.reader, owner.User.Username(), 1), ""
		r := search(t, b.setting())
		if u := r.tables["tampilan"].Unread; len(u) != 1 || u[0].Reason != risky || r.tables["milik"].Rows != 1 {
			t.Errorf("%+v", r.tables)
		}
	})
}

func TestListsAndDocumentsAreReadAsText(t *testing.T) {
	each(t, func(t *testing.T, b *base) {
		document, list := "text", "text"
		switch b.kind {
		case "postgres":
			document, list = "jsonb", "text[]"
		case "mysql":
			document = "json"
		}
		b.do(`create table "dokumen" ("k" int primary key, "data" ` + document + `, "daftar" ` + list + `)`)
		b.do(`insert into "dokumen" values (1, ?, ?)`, `{"pelanggan": {"telepon": "081234567890"}}`, `{081234567891,081234567892}`)
		one := search(t, b.setting()).tables["dokumen"]
		if one.column("data").kind("phone").Count != 1 || one.column("daftar").kind("phone").Count != 2 || one.column("daftar").kind("phone").Rows != 1 {
			t.Errorf("%+v", one)
		}
	})
}

func TestWordsOfADatabaseAreNoNames(t *testing.T) {
	each(t, func(t *testing.T, b *base) {
		b.do(`create table "kontak" ("k" int primary key, "pelanggan_id" text, "jenis" text, "catatan" text, "nama" text)`)
		for i := range 20 {
			b.do(`insert into "kontak" values (?, ?, ?, ?, ?)`, i, "ctl_01hx"+strings.Repeat("y", i), []string{"Customer", "Rina_1", "import"}[i%3], "dengan Ibu Kartika Wulandari di telepon", "Siti")
		}
		one := search(t, b.setting()).tables["kontak"]
		for name, want := range map[string]int64{"pelanggan_id": 0, "jenis": 0, "catatan": 20, "nama": 20} {
			if k := one.column(name).kind(scan.Person); k.Rows != want {
				t.Errorf("%s: %+v", name, k)
			}
		}
	})
}

func TestFoldersAreSummedByFileAndColumn(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"a.csv":   "nama,hp\nSiti Rahayu,081234567890\nBudi Santoso,081234567891\n",
		"b.jsonl": `{"daftar":[{"surel":"a@contoh.co.id"},{"surel":"b@contoh.co.id"}]}` + "\n",
		"c.txt":   "tidak ada apa-apa\n",
		"d.bin":   "\x00\x01\x02\x03\xff\xfe\x00\x00\x01",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Parse(folder, true)
	if err != nil {
		t.Fatal(err)
	}
	b := &base{t: t, source: folder}
	set := b.setting()
	set.Sources = []Source{s}
	r := search(t, set)
	a := r.files["a.csv"]
	if len(a.Columns) != 2 || a.Columns[0].Name+a.Columns[1].Name != "namahp" || a.Columns[1].Kinds[0].Type != "phone" || a.Columns[1].Kinds[0].Count != 2 || len(a.Columns[1].Kinds[0].Samples) != 2 {
		t.Errorf("%+v", a)
	}
	if j := r.files["b.jsonl"]; len(j.Columns) != 1 || j.Columns[0].Kinds[0].Count != 2 {
		t.Errorf("%+v", j)
	}
	if u := r.files["d.bin"].Unread; len(u) != 1 || u[0].Reason != string(extract.Unknown) {
		t.Errorf("%+v", r.files["d.bin"])
	}
	if r.summary.Files != 4 || r.summary.With != 2 || r.summary.Unread != 1 || strings.Contains(r.text, "081234567890") {
		t.Errorf("%+v", r.summary)
	}
}

func TestAPasswordIsTakenFromAnywhereButTheCommandLine(t *testing.T) {
	for _, text := range []string{"postgres://u:rahasia@h/d", "postgres://u@h/d?password=rahasia", "mysql://u:rahasia@h/d", "mariadb://u:rahasia@h:3307/d"} {
		if _, err := Parse(text, true); !errors.Is(err, errPassword) {
			t.Errorf("%s: %v", text, err)
		}
		if s, err := Parse(text, false); err != nil || strings.Contains(s.Name, "rahasia") || strings.Contains(s.Name, "u@") {
			t.Errorf("%s: %q %v", text, s.Name, err)
		}
	}
	for text, want := range map[string]error{
		"postgres://":          errDSN,
		"postgres://u@h:x/d":   errDSN,
		"mysql://u@h/d?tls=no": errDSN,
		"mysql:d":              errDSN,
		"sqlite:/no/such/file": errNothing,
		"/no/such/folder":      errNothing,
		"oracle://h/d":         errNothing,
	} {
		if _, err := Parse(text, true); !errors.Is(err, want) {
			t.Errorf("%s: %v; want %v", text, err, want)
		}
	}
}

func TestADatabaseThatCannotBeOpenedIsSaidWithoutItsPassword(t *testing.T) {
	b := &base{t: t, source: t.TempDir()}
	set := b.setting()
	for _, text := range []string{"postgres://u:sangat%20rahasia@127.0.0.1:1/d", "mysql://u:sangat%20rahasia@127.0.0.1:1/d"} {
		s, err := Parse(text, false)
		if err != nil {
			t.Fatal(err)
		}
		set.Sources = []Source{s}
		r := search(t, set)
		if len(r.lost) != 1 || r.summary.Unread != 1 || strings.Contains(r.text, "rahasia") {
			t.Errorf("%+v %s", r.summary, r.text)
		}
		if got := s.quiet(errors.New("dial sangat rahasia, sangat+rahasia, sangat%20rahasia")).Error(); strings.Contains(got, "rahasia") {
			t.Error(got)
		}
	}
	path := filepath.Join(t.TempDir(), "rusak.db")
	if err := os.WriteFile(path, []byte("SQLite format 3\x00and then nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Parse(path, true)
	if err != nil {
		t.Fatal(err)
	}
	set.Sources = []Source{s}
	if r := search(t, set); r.summary.Unread == 0 {
		t.Errorf("%+v", r)
	}
}
