// Package read takes in what comes from outside, forms and JSON, strictly: what it does not
// know it refuses, and what it refuses it names without ever repeating it.
//
// A refusal is an errs.E of kind invalid whose faults say where, by names of ours, and what,
// as one word. No text of a parser gets out, because parsers quote what they choke on, and
// what they choke on here may be somebody's personal data. The package promises nothing
// about the meaning of what it lets through: that is for the rules of the rooms.
//
// A form is a struct whose fields carry tags:
//
//	type startForm struct {
//		Channel string   `form:"channel" choice:"phone chat email" required:"true"`
//		Reason  string   `form:"reason" max:"200" lines:"true"`
//		Fields  []string `form:"field" max:"40" count:"20"`
//		Level   int      `form:"level" low:"0" high:"3"`
//		Agree   bool     `form:"agree"`
//		Since   time.Time `form:"since"` // a date, 2006-01-02, UTC
//	}
//
// Every text needs max (in characters) or choice: a form without limits does not compile
// into a plan and the server says so at the first request of its test. A field that the
// struct does not name is refused, as are two values for a field that takes one, text that
// is not UTF-8, control characters (line breaks are allowed with lines:"true"), and a body
// that is no form. Texts are trimmed; a secret (`secret:"true"`) is taken as typed.
package read

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

type formField struct {
	index    int
	name     string
	kind     string // text, texts, int, bool, date
	required bool
	lines    bool
	secret   bool
	max      int
	min      int
	count    int
	low      int64
	high     int64
	choice   []string
}

type formPlan struct {
	fields []formField
	byName map[string]int
	err    error
}

var formPlans sync.Map // reflect.Type -> *formPlan

func planOf(t reflect.Type) *formPlan {
	if p, ok := formPlans.Load(t); ok {
		return p.(*formPlan)
	}
	p := makePlan(t)
	formPlans.Store(t, p)
	return p
}

func makePlan(t reflect.Type) *formPlan {
	p := &formPlan{byName: map[string]int{}}
	if t.Kind() != reflect.Struct {
		p.err = fmt.Errorf("form %s is no struct", t)
		return p
	}
	for i := range t.NumField() {
		sf := t.Field(i)
		name := sf.Tag.Get("form")
		if name == "" || !sf.IsExported() {
			p.err = fmt.Errorf("form %s: field %s has no form tag", t, sf.Name)
			return p
		}
		f := formField{index: i, name: name, count: 1, low: -1 << 53, high: 1 << 53,
			required: sf.Tag.Get("required") == "true", lines: sf.Tag.Get("lines") == "true", secret: sf.Tag.Get("secret") == "true"}
		if c := sf.Tag.Get("choice"); c != "" {
			f.choice = strings.Fields(c)
		}
		var bad []error
		number := func(tag string, into *int64) {
			if s := sf.Tag.Get(tag); s != "" {
				n, err := strconv.ParseInt(s, 10, 64)
				bad = append(bad, err)
				*into = n
			}
		}
		var most, least, count int64 = 0, 0, 100
		number("max", &most)
		number("min", &least)
		number("count", &count)
		number("low", &f.low)
		number("high", &f.high)
		f.max, f.min = int(most), int(least)
		switch {
		case sf.Type.Kind() == reflect.String:
			f.kind = "text"
		case sf.Type == reflect.TypeFor[[]string]():
			f.kind, f.count = "texts", int(count)
		case sf.Type.Kind() == reflect.Int || sf.Type.Kind() == reflect.Int64:
			f.kind, f.max = "int", 20
		case sf.Type.Kind() == reflect.Bool:
			f.kind, f.max = "bool", 5
		case sf.Type == reflect.TypeFor[time.Time]():
			f.kind, f.max = "date", 10
		default:
			bad = append(bad, errors.New("has a type no form can fill"))
		}
		if f.max <= 0 && f.choice == nil {
			bad = append(bad, errors.New("has no max and no choice"))
		}
		if f.max <= 0 {
			f.max = 200
		}
		if _, twice := p.byName[name]; twice {
			bad = append(bad, errors.New("shares its name with another"))
		}
		if err := errors.Join(bad...); err != nil {
			p.err = fmt.Errorf("form %s: field %s: %w", t, sf.Name, err)
			return p
		}
		p.byName[name] = len(p.fields)
		p.fields = append(p.fields, f)
	}
	return p
}

// Form fills the struct that form points to from an urlencoded text.
func Form(raw string, form any) error {
	v := reflect.ValueOf(form)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return errs.Wrap(errs.Internal, "web.form", errors.New("a form is a pointer to a struct"))
	}
	v = v.Elem()
	plan := planOf(v.Type())
	if plan.err != nil {
		return errs.Wrap(errs.Internal, "web.form", plan.err)
	}
	if strings.Count(raw, "&") > 500 {
		return errs.New(errs.Invalid, "web.too_large")
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		// The parser's text quotes what it choked on; it is dropped.
		return errs.New(errs.Invalid, "web.malformed")
	}
	var faults []Fault
	for name := range values {
		// lang is the desk's own parameter, and every form may be asked for in a language.
		if _, ok := plan.byName[name]; !ok && name != "lang" {
			faults = append(faults, Fault{"form.?", "unknown"})
			break
		}
	}
	for i := range plan.fields {
		f := &plan.fields[i]
		if reason := f.fill(values[f.name], v.Field(f.index)); reason != "" {
			faults = append(faults, Fault{"form." + f.name, reason})
		}
	}
	if faults != nil {
		return Invalid(faults...)
	}
	return nil
}

// fill puts values into v, or says in one word why not.
func (f *formField) fill(values []string, v reflect.Value) string {
	if len(values) > f.count {
		if f.count == 1 {
			return "duplicate"
		}
		return "too_long"
	}
	out := make([]string, 0, len(values))
	for _, s := range values {
		s, reason := f.check(s)
		if reason != "" {
			return reason
		}
		if s != "" {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		if f.required {
			return "required"
		}
		return ""
	}
	switch f.kind {
	case "text":
		v.SetString(out[0])
	case "texts":
		v.Set(reflect.ValueOf(out))
	case "int":
		n, err := strconv.ParseInt(out[0], 10, 64)
		if err != nil {
			return "type"
		}
		if n < f.low || n > f.high || v.OverflowInt(n) {
			return "range"
		}
		v.SetInt(n)
	case "bool":
		switch out[0] {
		case "true", "on", "1":
			v.SetBool(true)
		case "false", "off", "0":
			if f.required {
				return "required"
			}
		default:
			return "type"
		}
	case "date":
		t, err := time.Parse(time.DateOnly, out[0])
		if err != nil {
			return "format"
		}
		v.Set(reflect.ValueOf(t.UTC()))
	}
	return ""
}

func (f *formField) check(s string) (string, string) {
	if !utf8.ValidString(s) {
		return "", "format"
	}
	if f.lines {
		s = strings.ReplaceAll(s, "\r\n", "\n") // what browsers send for a line break
	}
	if !f.secret {
		s = strings.TrimSpace(s)
	}
	if strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) && !(f.lines && (c == '\n' || c == '\t')) }) {
		return "", "format"
	}
	n := utf8.RuneCountInString(s)
	if n > f.max {
		return "", "too_long"
	}
	if n > 0 && n < f.min {
		return "", "too_short"
	}
	if n > 0 && f.choice != nil && !slices.Contains(f.choice, s) {
		return "", "choice"
	}
	return s, ""
}
