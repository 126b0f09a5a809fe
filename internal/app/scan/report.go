package scan

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/amanah-id/amanah/internal/kit/i18n"
)

// write makes errors of the output known as such.
func write(out io.Writer, text string) error {
	if _, err := io.WriteString(out, text); err != nil {
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	return nil
}

// lines is the report as JSON, one object a line; the last line is the summary.
type lines struct{ out io.Writer }

func (l *lines) put(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return write(l.out, string(text)+"\n")
}

func (l *lines) begin() error            { return nil }
func (l *lines) finding(f Finding) error { return l.put(f) }
func (l *lines) unread(u Unread) error   { return l.put(u) }
func (l *lines) endFile() error          { return nil }

func (l *lines) copied(file, to string, gone []string) error {
	if gone != nil {
		return l.put(map[string]any{"file": file, "stripped": to, "removed": gone})
	}
	return l.put(map[string]string{"file": file, "redacted": to})
}

func (l *lines) refused(file, why string) error {
	return l.put(map[string]string{"file": file, "not_redacted": why})
}

func (l *lines) end(s Summary) error { return l.put(map[string]Summary{"summary": s}) }

// rowsOfFile is how many findings of a file the table shows; --json shows all.
const rowsOfFile = 40

// table is the report for people.
type table struct {
	out     io.Writer
	notices io.Writer
	text    *i18n.Printer
	bar     bool // a bar stands on the terminal

	file   string
	rows   []Finding
	more   int
	unseen []Unread
}

func (t *table) begin() error { return nil }

func (t *table) finding(f Finding) error {
	t.file = f.File
	if len(t.rows) >= rowsOfFile {
		t.more++
		return nil
	}
	t.rows = append(t.rows, f)
	return nil
}

func (t *table) unread(u Unread) error {
	t.file = u.File
	if len(t.unseen) >= 10*rowsOfFile {
		t.more++
		return nil
	}
	t.unseen = append(t.unseen, u)
	return nil
}

// clear takes the bar away before something is written.
func (t *table) clear() {
	if t.bar {
		_, _ = io.WriteString(t.notices, "\r\x1b[K")
	}
}

func (t *table) endFile() error {
	if len(t.rows) == 0 && len(t.unseen) == 0 {
		return nil
	}
	t.clear()
	var b strings.Builder
	fmt.Fprintln(&b, t.file)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(t.rows) > 0 {
		fmt.Fprintln(w, "  "+t.text.T("scan.head"))
	}
	for _, f := range t.rows {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%.2f\t%s\n", t.place(f), t.kind(f.Type), f.Sample, f.Confidence, t.reason(f.Reason))
	}
	_ = w.Flush()
	for _, u := range t.unseen {
		place := u.Entry
		if u.Page > 0 {
			place = strings.TrimSpace(place + " " + t.text.T("scan.page", "page", strconv.Itoa(u.Page)))
		}
		if place != "" {
			place += ": "
		}
		fmt.Fprintf(&b, "  %s\n", t.text.T("scan.unread", "place", place, "why", t.text.T("scan.why_"+u.Reason)))
	}
	if t.more > 0 {
		fmt.Fprintf(&b, "  %s\n", t.text.N("scan.more", t.more))
	}
	b.WriteByte('\n')
	t.rows, t.unseen, t.more = t.rows[:0], t.unseen[:0], 0
	return write(t.out, b.String())
}

// place is where a finding stands, as a person says it.
func (t *table) place(f Finding) string {
	var parts []string
	add := func(s string) { parts = append(parts, s) }
	if f.Entry != "" {
		add(f.Entry)
	}
	if f.Kind == "name" {
		add(t.text.T("scan.name"))
	}
	if f.Page > 0 {
		add(t.text.T("scan.page", "page", strconv.Itoa(f.Page)))
	}
	if f.Sheet != "" {
		add(f.Sheet)
	}
	if f.Part != "" {
		add(f.Part)
	}
	if f.Place != "" {
		if f.Header != "" && !strings.EqualFold(f.Header, f.Place) {
			add(f.Place + " (" + f.Header + ")")
		} else {
			add(f.Place)
		}
	}
	if f.Line > 0 {
		add(t.text.T("scan.line", "line", strconv.Itoa(f.Line)))
	}
	if f.OCR {
		add(t.text.T("scan.ocr"))
	}
	if len(parts) == 0 {
		add(f.Kind) // a form without lines and pages
	}
	return strings.Join(parts, ", ")
}

func (t *table) kind(name string) string {
	if key := "scan.type_" + name; t.text.Has(key) {
		return t.text.T(key)
	}
	return name
}

func (t *table) copied(file, to string, gone []string) error {
	t.clear()
	key, what := "scan.copied", ""
	switch {
	case len(gone) > 0:
		key, what = "scan.stripped", strings.Join(gone, ", ")
	case gone != nil:
		key = "scan.stripped_nothing"
	}
	return write(t.notices, t.text.T(key, "file", file, "to", to, "what", what)+"\n")
}

func (t *table) refused(file, why string) error {
	t.clear()
	return write(t.notices, t.text.T("scan.refused", "file", file, "why", t.text.T("scan.why_"+why))+"\n")
}

func (t *table) end(s Summary) error {
	t.clear()
	var kinds []string
	for _, k := range slices.SortedFunc(maps.Keys(s.Types), func(a, b string) int {
		if s.Types[a] != s.Types[b] {
			return s.Types[b] - s.Types[a]
		}
		return strings.Compare(a, b)
	}) {
		kinds = append(kinds, t.kind(k)+" "+t.text.Number(int64(s.Types[k])))
	}
	text := t.text.N("scan.read", s.Files, "bytes", t.text.Number(s.Bytes)) + " "
	if s.Findings == 0 {
		text += t.text.T("scan.nothing")
	} else {
		text += t.text.N("scan.found", s.Findings, "files", t.text.Number(int64(s.With)), "kinds", strings.Join(kinds, ", "))
	}
	if s.Malware > 0 {
		text += " " + t.text.N("scan.malware", s.Malware)
	}
	if s.Unread > 0 {
		text += " " + t.text.N("scan.not_all", s.Unread)
	}
	return write(t.out, text+"\n")
}
