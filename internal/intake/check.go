package intake

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/vault"
)

// Report is the answer of a dry run. Nothing was stored.
type Report struct {
	Controller   string           `json:"controller"`
	Purpose      string           `json:"purpose"`
	Delimiter    byte             `json:"-"`
	Records      int64            `json:"records"`
	New          int64            `json:"new"`               // customers the vault does not know
	Known        int64            `json:"known"`             // and knows
	Rejected     int64            `json:"rejected"`          // records that would be rejected
	Reasons      map[string]int64 `json:"reasons"`           // and why, by code
	Rejects      []Reject         `json:"rejects,omitempty"` // the first hundred
	Columns      []ColumnReport   `json:"columns,omitempty"` // in the order of the file
	Unregistered int64            `json:"unregistered"`      // contacts without a day of registration
	Dated        int64            `json:"dated"`             // contacts of known customers that come with a day: it counts only if the contact stays and the day is later than the one on record; a new contact counts from the import on
	Refusal      *errs.E          `json:"-"`                 // the import would be refused, for this
}

// ColumnReport says what becomes of one column.
type ColumnReport struct {
	Name         string        `json:"name"`
	Field        string        `json:"field,omitempty"`  // "" when the column is not mapped, so not imported
	DayOf        string        `json:"day_of,omitempty"` // the column whose days of registration these are; then it has no Field
	Class        catalog.Class `json:"class,omitempty"`
	Kind         catalog.Kind  `json:"kind,omitempty"`
	Filled       int64         `json:"filled"`
	Unregistered int64         `json:"unregistered"`         // of a contact: values without a day of registration
	LooksLike    string        `json:"looks_like,omitempty"` // what most of the column's values look like, when that is not what it is mapped to: nik, npwp, phone, email, card, date
	Share        int           `json:"share,omitempty"`      // how many per cent of the values looked at do
}

// What a dry run keeps and looks at.
const (
	firstRejects = 100
	lookedAt     = 2000 // values per column
	lookedBatch  = 500
)

// Check is the dry run: it reads the whole file and stores nothing. Of a history file it
// counts the items of known customers as New and says which records would be rejected;
// whether an item is stored already shows only when it is imported.
func (s *Service) Check(ctx context.Context, a actor.Actor, j Job) (*Report, error) {
	if j.Map == nil && j.Facts == nil {
		return nil, errs.New(errs.Invalid, "intake.no_map")
	}
	if err := s.o.Vault.Indexed(ctx); err != nil {
		return nil, err
	}
	in := &importing{s: s, a: a, j: j, dates: s.dates(), seen: newSeen()}
	if err := in.open(); err != nil {
		return nil, err
	}
	r := &Report{Delimiter: in.reader.delimiter, Reasons: map[string]int64{}}
	err := s.o.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if r.Controller, r.Purpose, err = s.resolve(tx, j); err != nil {
			return err
		}
		if r.Refusal, err = s.o.Vault.Permitted(tx, a, r.Controller, r.Purpose, in.fields); err != nil {
			return err
		}
		e := audit.Entry{Action: "customer.import_check", Decision: audit.Done, Actor: a}
		if r.Refusal != nil {
			e.Decision, e.Reason = audit.Denied, r.Refusal.Code
			if a.Serves(r.Controller) {
				e.Controller = r.Controller
			}
		} else {
			e.Controller, e.Purpose, e.Fields = r.Controller, r.Purpose, in.spelled()
		}
		_, err = s.o.Log.Append(tx, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := s.harmless(ctx, a, r.Controller, j); err != nil {
		return nil, err
	}
	in.run = Run{Controller: r.Controller, Purpose: r.Purpose, chunkRows: lookedBatch}
	var looks []looks
	check := in.checkFacts
	if j.Map != nil {
		looks = newLooks(len(in.layout.header))
		r.Columns = in.describe()
		check = func(ctx context.Context, c *chunk, r *Report) error { return in.checkChunk(ctx, c, r, looks) }
	}
	for {
		c, err := in.next(0)
		if err != nil {
			return nil, err
		}
		if c == nil {
			break
		}
		if err := check(ctx, c, r); err != nil {
			return nil, err
		}
		if j.Progress != nil {
			j.Progress(Progress{Bytes: c.position, Size: j.Size, Counts: Counts{Records: r.Records, Rejected: r.Rejected}})
		}
	}
	for i := range r.Columns {
		looks[i].conclude(&r.Columns[i], s.o.Catalogue)
	}
	return r, nil
}

// describe says where each column of the file goes.
func (in *importing) describe() []ColumnReport {
	out := make([]ColumnReport, len(in.layout.header))
	for i, name := range in.layout.header {
		out[i].Name = name
	}
	for _, p := range in.layout.columns {
		f, _ := in.s.o.Catalogue.Field(p.Field)
		c := &out[p.at]
		c.Field, c.Class, c.Kind = p.Field, f.Class, f.Kind
		if p.registeredAt >= 0 {
			out[p.registeredAt].DayOf = p.name
		}
	}
	return out
}

func (in *importing) checkChunk(ctx context.Context, c *chunk, r *Report, looks []looks) error {
	p, ready := in.prepare(c)
	r.Records += int64(len(c.rows))
	r.reject(p.rejects...)
	for _, record := range c.rows {
		if record.fault != "" || len(record.columns) != len(looks) {
			continue
		}
		for i, text := range record.columns {
			if text = unquote(text); text != "" {
				r.Columns[i].Filled++
				looks[i].look(text)
			}
		}
		for _, place := range in.layout.columns {
			f, _ := in.s.o.Catalogue.Field(place.Field)
			if f.Contact == catalog.NoContact || unquote(record.columns[place.at]) == "" || !place.constant.IsZero() {
				continue
			}
			if place.registeredAt < 0 || unquote(record.columns[place.registeredAt]) == "" {
				r.Columns[place.at].Unregistered++
				r.Unregistered++
			}
		}
	}
	return in.s.o.DB.Read(ctx, func(tx *db.Tx) error {
		for _, one := range ready {
			hits, err := in.s.o.Vault.Find(tx, r.Controller, vault.Query{Field: KeyField, Value: one.prepared.Key(KeyField)}, 1)
			if err != nil {
				return err
			}
			if len(hits.List) == 0 {
				r.New++
				continue
			}
			r.Known++
			for _, values := range one.prepared.Forms() {
				for _, value := range values {
					if !value.RegisteredAt.IsZero() {
						r.Dated++
					}
				}
			}
		}
		return nil
	})
}

func (r *Report) reject(rejects ...Reject) {
	r.Rejected += int64(len(rejects))
	for _, one := range rejects {
		r.Reasons[one.Code]++
		if len(r.Rejects) < firstRejects {
			r.Rejects = append(r.Rejects, one)
		}
	}
}

// checkFacts checks a chunk of a history file.
func (in *importing) checkFacts(ctx context.Context, c *chunk, r *Report) error {
	number, _ := in.s.o.Catalogue.Field(KeyField)
	r.Records += int64(len(c.rows))
	return in.s.o.DB.Read(ctx, func(tx *db.Tx) error {
		for _, record := range c.rows {
			it, reject := in.facts.item(record, in.s.o.Vault, number)
			if reject == nil {
				hits, err := in.s.o.Vault.Find(tx, r.Controller, vault.Query{Field: KeyField, Value: it.key}, 1)
				if err != nil {
					return err
				}
				if len(hits.List) == 0 {
					reject = &Reject{Line: it.line, Column: in.facts.m.Customer, Code: "intake.unknown_customer"}
				}
			}
			if reject != nil {
				r.reject(*reject)
				continue
			}
			r.New++
		}
		return nil
	})
}

func newLooks(columns int) []looks { return make([]looks, columns) }

// looks counts what a column's values look like.
type looks struct {
	seen   int
	counts map[string]int
}

// detectors are tried in this order; the first that fits counts.
var detectors = []struct {
	name  string
	field catalog.Field
}{
	{"email", catalog.Field{Declared: true, Normaliser: "email"}},
	{"nik", catalog.Field{Declared: true, Normaliser: "nik_region"}},
	{"npwp", catalog.Field{Declared: true, Normaliser: "npwp"}},
	{"date", catalog.Field{Declared: true, Normaliser: "date"}}, // before phone: 05-06-1988 has as many digits as a short number
	{"phone", catalog.Field{Declared: true, Normaliser: "phone"}},
}

func (l *looks) look(text string) {
	if l.seen >= lookedAt {
		return
	}
	if l.counts == nil {
		l.counts = map[string]int{}
	}
	l.seen++
	if what := looksLike(text); what != "" {
		l.counts[what]++
	}
}

func looksLike(text string) string {
	if len(text) > 100 {
		return ""
	}
	if isCard(text) {
		return "card"
	}
	if isDay(text) {
		return "date"
	}
	for _, d := range detectors {
		if _, err := d.field.Normalise(text); err == nil {
			return d.name
		}
	}
	return ""
}

// isDay reports a date as spreadsheets write it in any country, month first too, with or without a time of day.
func isDay(text string) bool {
	day, _, _ := strings.Cut(strings.Replace(text, "T", " ", 1), " ")
	for _, separator := range []string{"-", "/", "."} {
		parts := strings.Split(day, separator)
		if len(parts) != 3 {
			continue
		}
		year, a, b := parts[2], parts[0], parts[1]
		if len(parts[0]) == 4 {
			year, a, b = parts[0], parts[1], parts[2]
		}
		y, errYear := strconv.Atoi(year)
		one, errOne := strconv.Atoi(a)
		other, errOther := strconv.Atoi(b)
		if errors.Join(errYear, errOne, errOther) != nil || len(a) > 2 || len(b) > 2 {
			return false
		}
		return (len(year) == 2 || y >= 1900 && y < 2100) && min(one, other) >= 1 && min(one, other) <= 12 && max(one, other) <= 31
	}
	return false
}

// isCard reports 13 to 19 digits with a right check digit that begin as cards do.
func isCard(text string) bool {
	digits := make([]byte, 0, 19)
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			digits = append(digits, c-'0')
		case c != ' ' && c != '-':
			return false
		}
	}
	if len(digits) < 13 || len(digits) > 19 || !slices.Contains([]byte{2, 3, 4, 5, 6}, digits[0]) {
		return false
	}
	if _, err := detectors[1].field.Normalise(text); err == nil && len(digits) == 16 {
		return false // one in ten identity numbers has a right check digit
	}
	sum := 0
	for i, d := range digits {
		n := int(d)
		if (len(digits)-i)%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// conclude says what the column looks like, when that deserves a word.
func (l *looks) conclude(c *ColumnReport, cat *catalog.Catalogue) {
	what, most := "", 0
	for name, n := range l.counts {
		if n > most || n == most && name < what {
			what, most = name, n
		}
	}
	if most == 0 || l.seen == 0 || c.DayOf != "" { // whether days are days is seen in each record
		return
	}
	share := 100 * most / l.seen
	enough := 50
	own := ""
	if c.Field != "" {
		f, _ := cat.Field(c.Field)
		switch own = f.Normaliser; own {
		case "text", "name", "address", "fact", "customer_number", "reference", "account":
			enough = 10 // free text is where other data hides
		case "nik", "nik_region", "kk":
			own = "nik"
		}
	}
	same := what == own || own == "npwp" && what == "nik" || own == "nik" && what == "npwp" // a person's NPWP is the NIK
	if share < enough || same || own == "account" && what == "phone" {
		return
	}
	c.LooksLike, c.Share = what, share
}

// WriteRejects writes the rejects file of an import: line, column, code and what it
// means, without any value of the file. text gives the meaning of one.
func (s *Service) WriteRejects(ctx context.Context, run string, w io.Writer, text func(r Reject) string) (int, error) {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"line", "column", "code", "reason"}); err != nil {
		return 0, err
	}
	n := 0
	for line := 0; ; {
		var some []Reject
		if err := s.o.DB.Read(ctx, func(tx *db.Tx) (err error) {
			some, err = rejectsAfter(tx, run, line, lookedBatch)
			return err
		}); err != nil {
			return n, err
		}
		// a line may have several rejects; one cut in two by the limit is read again whole
		if len(some) == lookedBatch {
			last := some[len(some)-1].Line
			if cut := slices.IndexFunc(some, func(r Reject) bool { return r.Line == last }); cut > 0 {
				some = some[:cut]
			}
		}
		if len(some) == 0 {
			break
		}
		for _, r := range some {
			if err := out.Write([]string{strconv.Itoa(r.Line), harmless(r.Column), r.Code, text(r)}); err != nil {
				return n, err
			}
			n++
		}
		line = some[len(some)-1].Line
	}
	out.Flush()
	return n, out.Error()
}

// harmless keeps a spreadsheet from running a column's name as a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
