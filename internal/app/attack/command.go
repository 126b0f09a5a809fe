package attack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/app/terminal"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/proof"
)

// Setting is what the command needs of the command line it belongs to.
type Setting struct {
	Out, ErrOut io.Writer
	JSON        bool   // print JSON
	Database    string // postgres://… as given on the command line; "" for SQLite files
	Page        string // file for the report as HTML; "" for none
	Only        []int  // numbers of rows; none means all
	Version     string
	Text        *i18n.Printer // of the command line and of the report
	// Open makes an installation with the companies toko and bank, in an empty folder or in databases that do not exist
	// yet, on the play's clock.
	Open func(ctx context.Context, dir, database string, clock func() time.Time) (c *bench.Center, closes func(context.Context) error, err error)
}

// Known reports whether all numbers are those of rows.
func Known(numbers []int) bool {
	_, ok := pick(numbers)
	return ok
}

// Run is `amanah attack run`: it makes an installation, plays the rows, prints the report and removes everything. The report
// says whether an attack succeeded.
func (s Setting) Run(ctx context.Context) (report *Report, err error) {
	began := time.Now()
	rows, _ := pick(s.Only)
	if folder, err := os.Stat(filepath.Dir(s.Page)); s.Page != "" && (err != nil || !folder.IsDir()) { // told before the play, not after it
		return nil, errs.Wrap(errs.Invalid, "app.output", err).With("file", s.Page)
	}
	place, remove, err := bench.Own(ctx, "attack", s.Database, s.Text)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove(context.WithoutCancel(ctx))) }()
	fmt.Fprintln(s.ErrOut, s.Text.T("attack.where", "where", place.Name))
	clock := NewClock()
	center, closes, err := s.Open(ctx, place.Dir, place.Database, clock.Now)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closes(context.WithoutCancel(ctx))) }()
	address, stop, err := bench.Serve(center.Web.HTTP(""))
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "app.listen", err).With("address", "127.0.0.1:0")
	}
	defer stop()
	st, err := NewStage(ctx, Options{Center: center, Address: "http://" + address, Clock: clock, Text: s.Text, Steal: place.Steal})
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "attack.stage", err)
	}
	report = &Report{At: began.UTC(), Engine: place.Engine, Version: s.Version, Key: st.key, Counts: map[Verdict]int{}, Language: string(s.Text.Lang())}
	if report.Results, err = st.Play(ctx, rows, s.progress(len(rows))); err != nil {
		return nil, err
	}
	for _, one := range report.Results {
		report.Counts[one.Verdict]++
	}
	if report.Log, err = verify(ctx, center, st.policy); err != nil {
		return nil, err
	}
	report.Millis = time.Since(began).Milliseconds()
	return report, s.print(ctx, report, st)
}

// progress draws how far the run is, on a terminal only.
func (s Setting) progress(rows int) func(Result) {
	done := int64(0)
	draw := terminal.Progress(s.ErrOut, time.Now, func(done, size int64) string { return s.Text.T("attack.bar", "done", done, "size", size) })
	if draw == nil || s.JSON {
		return nil
	}
	return func(Result) {
		done++
		draw("", done, int64(rows))
	}
}

// verify checks the whole log once more, with the pinned key.
func verify(ctx context.Context, center *bench.Center, policy *proof.Policy) (LogState, error) {
	if err := center.Log.Sign(ctx); err != nil {
		return LogState{}, err
	}
	report, err := audit.Verify(ctx, center.DB, proof.Options{Policy: policy})
	if err != nil {
		return LogState{}, err
	}
	state := LogState{Good: report.OK()}
	for _, l := range report.Logs {
		state.Entries += l.Size
	}
	return state, nil
}

func (s Setting) print(ctx context.Context, report *Report, st *Stage) error {
	if s.Page != "" {
		text, err := report.Page(s.Text, st.style(ctx))
		if err == nil {
			err = os.WriteFile(s.Page, text, 0o600)
		}
		if err != nil {
			return errs.Wrap(errs.Invalid, "app.output", err).With("file", s.Page)
		}
	}
	if !s.JSON {
		return report.Words(s.Out, s.Text)
	}
	enc := json.NewEncoder(s.Out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(report)
}

var sheet = regexp.MustCompile(`href="(/static/[^"]*amanah[^"]*\.css)"`)

// style is the console's style sheet, as the server gives it to anybody; "" leaves the report plain.
func (st *Stage) style(ctx context.Context) string {
	h := st.http(nil)
	page, err := st.exchange(ctx, h, http.MethodGet, "/sign-in", nil, nil)
	m := sheet.FindStringSubmatch(page.text)
	if err != nil || m == nil {
		return ""
	}
	css, err := st.exchange(ctx, h, http.MethodGet, m[1], nil, nil)
	if err != nil || strings.Contains(css.text, "</style") {
		return ""
	}
	return css.text
}
