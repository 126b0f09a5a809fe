package attack

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/amanah-id/amanah/internal/kit/i18n"
)

// Words writes the report for a terminal: a table, then what is left, then what failed.
func (r *Report) Words(w io.Writer, p *i18n.Printer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, p.T("attack.head"))
	for _, one := range r.Results {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t\n", one.Row, one.Title, p.T("attack.verdict_"+string(one.Verdict)), one.tried(p), one.entries())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	section := func(title string, lines func(Result) []string) {
		said := false
		for _, one := range r.Results {
			for _, line := range lines(one) {
				if !said {
					fmt.Fprintf(w, "\n%s\n", p.T(title))
					said = true
				}
				fmt.Fprintf(w, "  %2d  %s\n", one.Row, line)
			}
		}
	}
	section("attack.bounds", func(one Result) (out []string) {
		for _, m := range one.Measured {
			out = append(out, p.T("attack.bound", "what", m.Text, "got", m.Got, "most", m.Most))
		}
		return out
	})
	section("attack.left", func(one Result) []string {
		if one.Left == "" {
			return nil
		}
		return []string{one.Left}
	})
	section("attack.failures", func(one Result) []string {
		if one.Verdict != Failed {
			return nil
		}
		lines := one.wrong()
		if !slices.Contains(lines, one.Why) {
			lines = append([]string{one.Why}, lines...)
		}
		return lines
	})
	fmt.Fprintf(w, "\n%s\n%s\n", r.count(p), r.state(p))
	return nil
}

// tried is how many attempts were made.
func (r Result) tried(p *i18n.Printer) string { return p.Number(int64(len(r.Attempts))) }

// entries names the first entries of the log, and how many more there are.
func (r Result) entries() string {
	const most = 4
	var list []string
	for _, e := range r.Entries[:min(most, len(r.Entries))] {
		list = append(list, strconv.FormatUint(e.Index, 10))
	}
	if more := len(r.Entries) - most; more > 0 {
		list = append(list, "+"+strconv.Itoa(more))
	}
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, " ")
}

// wrong are the attempts of a failed row that did not end as they should.
func (r Result) wrong() (out []string) {
	for _, a := range r.Attempts {
		if !a.Held {
			out = append(out, a.Who+": "+a.What+": "+a.Answer)
		}
	}
	return out
}

// count is how many rows have which verdict.
func (r *Report) count(p *i18n.Printer) string {
	var list []string
	for _, v := range Verdicts() {
		if n := r.Counts[v]; n > 0 {
			list = append(list, p.T("attack.verdict_"+string(v))+": "+strconv.Itoa(n))
		}
	}
	return p.T("attack.count", "list", strings.Join(list, "; "), "seconds", fmt.Sprintf("%.1f", float64(r.Millis)/1000))
}

// state is how the whole log stands.
func (r *Report) state(p *i18n.Printer) string {
	if !r.Log.Good {
		return p.T("attack.log_bad")
	}
	return p.T("attack.log_good", "n", r.Log.Entries, "key", r.Key)
}

//go:embed views/report.html
var page string

// Page writes the report as one HTML file: no script, nothing to load, the console's style.
func (r *Report) Page(p *i18n.Printer, style string) ([]byte, error) {
	tone := map[Verdict]string{Blocked: "good", Bounded: "warn", NoSurface: "neutral", Failed: "bad"}
	t, err := template.New("report").Funcs(template.FuncMap{
		"t": p.T, "tone": func(v Verdict) string { return tone[v] }, "verdict": func(v Verdict) string { return p.T("attack.verdict_" + string(v)) },
		"at": func() string { return p.DateTime(r.At) }, "count": func() string { return r.count(p) }, "state": func() string { return r.state(p) },
		"seconds": func(ms int64) string { return fmt.Sprintf("%.2f", float64(ms)/1000) },
	}).Parse(page)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, struct {
		*Report
		Style template.CSS
	}{r, template.CSS(style)}) //nolint:gosec // the console's own style sheet
	return out.Bytes(), err
}
