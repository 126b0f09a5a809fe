package intake

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/vault"
)

// FactMap says how to read a file of account history, one item a record.
//
//	version: 1
//	controller: ctl_…
//	purpose: pur_…               # it must collect account_history
//	date_format: DD/MM/YYYY
//	customer: No Pelanggan       # columns
//	kind: Jenis
//	date: Tanggal
//	value: Nilai
//	kinds:                       # words of the file -> kinds; left out: the file's words are kinds
//	  Bayar: last_payment
type FactMap struct {
	Version    int               `yaml:"version"`
	Controller string            `yaml:"controller"`
	Purpose    string            `yaml:"purpose"`
	Delimiter  string            `yaml:"delimiter"`
	DateFormat string            `yaml:"date_format"`
	Customer   string            `yaml:"customer"`
	Kind       string            `yaml:"kind"`
	Date       string            `yaml:"date"`
	Value      string            `yaml:"value"`
	Kinds      map[string]string `yaml:"kinds"`
}

// ParseFactMap reads the map of a history file, as strictly as ParseMap.
func ParseFactMap(text []byte) (*FactMap, error) {
	if len(text) > maxMap {
		return nil, mapError("", "file_too_big", nil)
	}
	var m FactMap
	if err := decodeMap(text, &m); err != nil {
		return nil, err
	}
	switch {
	case m.Version != 1:
		return nil, mapError("", "version", nil)
	case m.Controller == "":
		return nil, mapError("", "controller", nil)
	case m.Purpose == "":
		return nil, mapError("", "purpose", nil)
	case len(m.Delimiter) > 1 || !strings.Contains(";,\t|", m.Delimiter):
		return nil, mapError("", "delimiter", nil)
	}
	for word, column := range map[string]string{"customer": m.Customer, "kind": m.Kind, "date": m.Date, "value": m.Value} {
		if strings.TrimSpace(column) == "" {
			return nil, mapError("", word, nil)
		}
	}
	if m.DateFormat != "" {
		if _, err := dateLayout(m.DateFormat); err != nil {
			return nil, mapError("", "date_format", err)
		}
	}
	for word, kind := range m.Kinds {
		if !vault.IsKind(kind) {
			return nil, mapError("", "kinds", fmt.Errorf("%q: a kind is lower case letters, digits and underscores", word))
		}
	}
	return &m, nil
}

func (m *FactMap) delimiter() byte {
	if m.Delimiter == "" {
		return 0
	}
	return m.Delimiter[0]
}

type factLayout struct {
	m                           *FactMap
	width                       int
	customer, kind, date, value int
	layout                      string
}

func layFacts(m *FactMap, header []string) (*factLayout, error) {
	l := &factLayout{m: m, width: len(header)}
	for _, c := range []struct {
		name string
		at   *int
	}{{m.Customer, &l.customer}, {m.Kind, &l.kind}, {m.Date, &l.date}, {m.Value, &l.value}} {
		*c.at = -1
		for i, h := range header {
			if strings.TrimSpace(h) == strings.TrimSpace(c.name) {
				if *c.at >= 0 {
					return nil, errs.New(errs.Invalid, "intake.column_twice").With("column", c.name)
				}
				*c.at = i
			}
		}
		if *c.at < 0 {
			return nil, errs.New(errs.Invalid, "intake.column_missing").With("column", c.name)
		}
	}
	format := m.DateFormat
	if format == "" {
		format = "YYYY-MM-DD"
	}
	var err error
	l.layout, err = dateLayout(format)
	return l, err
}

// item is a record of history on its way into the vault.
type item struct {
	line int
	key  string // customer number
	fact vault.NewFact
}

// item reads one record.
func (l *factLayout) item(r row, v *vault.Vault, number catalog.Field) (item, *Reject) {
	reject := func(column, code string) (item, *Reject) {
		return item{}, &Reject{Line: r.line, Column: column, Code: code}
	}
	if r.fault != "" {
		return item{}, &Reject{Line: r.line, Code: r.fault, Other: r.other}
	}
	if len(r.columns) != l.width {
		return reject("", "intake.columns")
	}
	key, err := number.Key(unquote(r.columns[l.customer]))
	if err != nil {
		return reject(l.m.Customer, errs.Of(err).Code)
	}
	kind := unquote(r.columns[l.kind])
	if k, ok := l.m.Kinds[kind]; ok {
		kind = k
	} else if len(l.m.Kinds) > 0 {
		return reject(l.m.Kind, "intake.unknown_kind")
	}
	day, err := parseDay(l.layout, unquote(r.columns[l.date]))
	if err != nil {
		return reject(l.m.Date, "vault.bad_date")
	}
	day = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC) // as written, whatever its zone
	it := item{line: r.line, key: key, fact: vault.NewFact{Kind: kind, Date: day, Value: unquote(r.columns[l.value])}}
	if err := v.CheckFact(it.fact); err != nil {
		column := l.m.Value
		if errs.Of(err).Code == "vault.bad_kind" {
			column = l.m.Kind
		}
		return reject(column, errs.Of(err).Code)
	}
	return it, nil
}

// storeFacts stores a chunk of history. Items that are stored already are left alone.
func (in *importing) storeFacts(ctx context.Context, c *chunk) (Counts, error) {
	number, _ := in.s.o.Catalogue.Field(KeyField)
	var rejects []Reject
	var items []item
	for _, r := range c.rows {
		it, reject := in.facts.item(r, in.s.o.Vault, number)
		if reject != nil {
			rejects = append(rejects, *reject)
			continue
		}
		items = append(items, it)
	}
	var drafts []*vault.FactDraft
	known := int64(0)
	var unknown []Reject
	err := in.s.o.DB.Read(ctx, func(tx *db.Tx) error {
		drafts, known, unknown = nil, 0, nil
		bySubject := map[string][]vault.NewFact{}
		var order []string
		for _, it := range items {
			hits, err := in.s.o.Vault.Find(tx, in.run.Controller, vault.Query{Field: KeyField, Value: it.key}, 1)
			if err != nil {
				return err
			}
			if len(hits.List) == 0 {
				unknown = append(unknown, Reject{Line: it.line, Column: in.facts.m.Customer, Code: "intake.unknown_customer"})
				continue
			}
			subject := hits.List[0].Subject
			if bySubject[subject] == nil {
				order = append(order, subject)
			}
			bySubject[subject] = append(bySubject[subject], it.fact)
		}
		for _, subject := range order {
			d, err := in.s.o.Vault.DraftFacts(tx, in.run.Controller, subject, bySubject[subject])
			if err != nil {
				return err
			}
			drafts = append(drafts, d)
			known += int64(d.Known)
		}
		return nil
	})
	if err != nil {
		return Counts{}, err
	}
	rejects = append(rejects, unknown...)
	var counts Counts
	var refusal *errs.E
	// two items alike in two chunks at once: the second attempt sees the first one's
	for range 3 {
		err = in.s.o.DB.Write(ctx, func(tx *db.Tx) error {
			counts = Counts{Records: int64(len(c.rows)), Rejected: int64(len(rejects)), Same: known}
			if refusal, err = in.s.o.Vault.Permitted(tx, in.a, in.run.Controller, in.run.Purpose, in.fields); err != nil {
				return err
			}
			if refusal != nil {
				return in.s.refused(tx, in.a, in.run.Controller, refusal)
			}
			for _, d := range drafts {
				added, err := in.s.o.Vault.AddFacts(tx, d, in.run.ID)
				if err != nil {
					return err
				}
				counts.Created += int64(added)
				counts.Same += int64(d.Len() - added)
			}
			return in.close(tx, c, rejects, counts)
		})
		if !db.IsUnique(err) {
			break
		}
	}
	if err == nil && refusal != nil {
		err = refusal
	}
	return counts, err
}
