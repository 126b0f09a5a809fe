package trail

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/proof"
)

//go:embed messages/*.json
var messages embed.FS

//go:embed views/*.html
var views embed.FS

// Options are what the room stands on.
type Options struct {
	DB        *db.DB
	Log       *audit.Log
	Catalogue *catalog.Catalogue
	// Owner says whose customer a subject is; false when there is none.
	Owner func(tx *db.Tx, subject string) (controller string, exists bool, err error)
	// Name is the first name of a member of staff; an id stands where a name is gone.
	Name func(tx *db.Tx, staff string) (string, error)
	// Staff is everybody on the staff, to be chosen from.
	Staff func(ctx context.Context) ([]identity.Staff, error)
	// Purpose and Company are the names of a purpose and of a controller.
	Purpose func(tx *db.Tx, purpose, language string) (string, error)
	Company func(tx *db.Tx, controller string) (string, error)
	// Untaken counts the jobs that no room takes, by kind.
	Untaken func(ctx context.Context) (map[string]int64, error)
	// Epoch is the key epoch that is alive and since when.
	Epoch func(ctx context.Context) (number int64, since time.Time, err error)
}

// Trail is the room.
type Trail struct{ Options }

// New makes the room.
func New(o Options) *Trail { return &Trail{o} }

// Module is what the room brings to the house.
func (t *Trail) Module() web.Module {
	keepers := append([]actor.Role{actor.Admin}, readers...)
	return web.Module{
		Name: "trail", Messages: messages, Views: views, Fixtures: fixtures,
		Nav: []web.NavItem{
			{Key: "trail.nav", Path: "/log", Roles: readers, Order: 40, Hint: "l"},
			{Key: "trail.nav_health", Path: "/log/health", Roles: keepers, Order: 41, Hint: "h"},
		},
		Routes: func(rt *web.Router) {
			acc := web.Access{Roles: readers, Scope: "audit"}
			health := web.Access{Roles: keepers, Scope: "audit"}
			rt.Page("GET /log", acc, t.showSearch)
			rt.Page("GET /log/entry", acc, t.showEntry)
			rt.Page("GET /log/proof", acc, t.sendProof)
			rt.Page("GET /log/health", health, t.showHealth)
			rt.Page("POST /log/sign", health, t.sign)
			rt.Page("GET /subjects/{subject}/trail", acc, t.showSubject)
			t.operations(rt, acc, health)
		},
	}
}

// SearchPage is the audit trail.
type SearchPage struct {
	Filters  []web.Input
	Table    web.Table
	Subject  string    // the customer whose trail this is, or ""
	Consents *web.Link // what this customer agreed to
	Readings bool      // readings of the trail are shown too
	Toggle   *web.Link // shows them, or hides them again; nil where readings were asked for
}

// EntryPage is one entry with its proof.
type EntryPage struct {
	Index  uint64
	Facts  web.Facts
	Proof  *web.Link
	Signed bool
}

// HealthPage is how the log stands.
type HealthPage struct {
	Alarms     []web.Notice // what somebody must look into, worst first
	Facts      web.Facts
	Warning    *web.Notice
	Witnesses  web.Table
	Checkpoint string
	Verifier   string
	Untaken    web.Facts // jobs that no room takes, by kind
}

type searchForm struct {
	Subject     string    `form:"subject" max:"40"`
	Interaction string    `form:"interaction" max:"40"`
	Actor       string    `form:"actor" max:"40"`
	Action      string    `form:"action" max:"60"`
	Decision    string    `form:"decision" choice:" allowed denied done"`
	Since       time.Time `form:"since"`
	Until       time.Time `form:"until"`
	Readings    bool      `form:"readings"`
	After       string    `form:"after" max:"200"`
}

// except leaves the readings of the trail out, unless they are wanted: each look at the
// trail is one, and they would soon be all that is seen of it.
func except(readings bool) string {
	if readings {
		return ""
	}
	return reading
}

// query is the question that the form asks. Its days are those of the reader's clock, in which the entries are shown.
func (f searchForm) query(a actor.Actor, p *i18n.Printer) audit.Query {
	q := audit.Query{Controllers: served(a), From: p.Day(f.Since), Subject: f.Subject, Interaction: f.Interaction, Actor: f.Actor, Action: f.Action,
		Decision: audit.Decision(f.Decision), Except: except(f.Readings || f.Action == reading), After: f.After, Limit: perPage}
	if !f.Until.IsZero() {
		q.To = p.Day(f.Until.AddDate(0, 0, 1)) // the day itself is meant
	}
	return q
}

func (t *Trail) showSearch(r *web.Request) error {
	var form searchForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	if form.Subject != "" {
		if err := t.mayRead(r.Context(), r.Actor, form.Subject); err != nil {
			return err
		}
	}
	page, err := t.Log.Search(r.Context(), r.Actor, form.query(r.Actor, r.Printer()))
	if err != nil {
		return err
	}
	if page.Entries, err = t.theirs(r.Context(), r.Actor, page.Entries); err != nil {
		return err
	}
	w, err := t.words(r, page.Entries)
	if err != nil {
		return err
	}
	staff, err := t.staff(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	shown := SearchPage{Filters: w.filters(form, staff), Table: w.table(page, older(r, page.Next)), Readings: form.Readings}
	if form.Action != reading {
		shown.Toggle = toggle(r, form.Readings)
	}
	return r.Render(shown)
}

// older is the way to the next page of the same question; "" when there is none.
func older(r *web.Request, next string) string {
	if next == "" {
		return ""
	}
	q := r.HTTP.URL.Query()
	q.Set("after", next)
	return r.HTTP.URL.Path + "?" + q.Encode()
}

// toggle leads to the same question with the readings of the trail, or without them.
func toggle(r *web.Request, readings bool) *web.Link {
	q, key := r.HTTP.URL.Query(), "trail.readings_hide"
	q.Del("after")
	q.Del("readings")
	if !readings {
		q.Set("readings", "true")
		key = "trail.readings_show"
	}
	to := r.HTTP.URL.Path
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	return &web.Link{To: to, Label: r.T(key), Key: "r"}
}

// staff are the colleagues whom the filter offers: those who serve a controller of the
// reader's, and those who serve none.
func (t *Trail) staff(ctx context.Context, a actor.Actor) ([]colleague, error) {
	all, err := t.Staff(ctx)
	var list []colleague
	for _, s := range all {
		if len(s.Controllers) == 0 || slices.ContainsFunc(s.Controllers, a.Serves) {
			list = append(list, colleague{s.ID, s.Name, string(s.Role)})
		}
	}
	return list, err
}

// mayRead lets a reader see a customer's trail only for controllers he serves. Anybody
// else's customer is as unknown as one who does not exist.
func (t *Trail) mayRead(ctx context.Context, a actor.Actor, subject string) error {
	if !id.Is(id.Subject, subject) {
		return errs.New(errs.NotFound, "trail.no_subject")
	}
	controller, err := t.controllerOf(ctx, subject)
	if err == nil && !a.Serves(controller) {
		err = errs.New(errs.NotFound, "trail.no_subject")
	}
	return err
}

// controllerOf says whose customer a subject is: "" for nobody's.
func (t *Trail) controllerOf(ctx context.Context, subject string) (controller string, err error) {
	err = t.DB.Read(ctx, func(tx *db.Tx) (err error) {
		controller, _, err = t.Owner(tx, subject)
		return err
	})
	return controller, err
}

// served is whose entries a reader finds: never nil, which would be everybody's.
func served(a actor.Actor) []string { return append([]string{}, a.Controllers()...) }

// theirs keeps from a reader the few entries that name a customer but no company, such as
// an opening that failed within a duty's run, when the customer is of a company he does not serve; the log itself
// keeps the others from him (audit.Query.Controllers). A page gets shorter by it; its cursor
// does not change. What was done for no company, such as a sign-in, every reader sees.
func (t *Trail) theirs(ctx context.Context, a actor.Actor, found []audit.Found) ([]audit.Found, error) {
	known := map[string]string{}
	out := make([]audit.Found, 0, len(found))
	for _, f := range found {
		controller := f.Leaf.Controller
		if controller == "" && f.Subject != "" {
			if _, ok := known[f.Subject]; !ok {
				c, err := t.controllerOf(ctx, f.Subject)
				if err != nil {
					return nil, err
				}
				known[f.Subject] = c // "" for one who is erased: the entry then names nobody
			}
			controller = known[f.Subject]
		}
		if controller == "" || a.Serves(controller) {
			out = append(out, f)
		}
	}
	return out, nil
}

func (t *Trail) showSubject(r *web.Request) error {
	var form struct {
		Readings bool   `form:"readings"`
		After    string `form:"after" max:"200"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	subject := r.Path("subject")
	if err := t.mayRead(r.Context(), r.Actor, subject); err != nil {
		return err
	}
	page, err := t.Log.Search(r.Context(), r.Actor, audit.Query{Subject: subject, Controllers: served(r.Actor), Except: except(form.Readings), After: form.After, Limit: perPage})
	if err != nil {
		return err
	}
	w, err := t.words(r, page.Entries)
	if err != nil {
		return err
	}
	shown := SearchPage{Subject: subject, Table: w.table(page, older(r, page.Next)), Readings: form.Readings, Toggle: toggle(r, form.Readings)}
	if r.Actor.Is(actor.DPO) {
		shown.Consents = &web.Link{To: "/subjects/" + subject + "/consents", Label: r.T("trail.consents"), Key: "c"}
	}
	return r.Render(shown)
}

// words look the names of the staff in some entries up, each once.
func (t *Trail) words(r *web.Request, entries []audit.Found) (words, error) {
	w := words{p: r.Printer(), catalogue: t.Catalogue, names: map[string]string{}}
	err := t.DB.Read(r.Context(), func(tx *db.Tx) error {
		for _, e := range entries {
			who := e.Leaf.Actor
			if _, seen := w.names[who]; seen || !id.Is(id.Staff, who) {
				continue
			}
			name, err := t.Name(tx, who)
			if err != nil && errs.KindOf(err) != errs.NotFound {
				return err
			}
			w.names[who] = name
		}
		return nil
	})
	return w, err
}

type entryForm struct {
	Origin string `form:"origin" max:"200" required:"true"`
	Index  int    `form:"index" low:"0" high:"281474976710655" required:"true"`
}

func (t *Trail) showEntry(r *web.Request) error {
	var form entryForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	f, inclusion, err := t.entry(r.Context(), r.Actor, form.Origin, uint64(form.Index)) //nolint:gosec // low:"0"
	if err != nil {
		return err
	}
	w, err := t.words(r, []audit.Found{f})
	if err != nil {
		return err
	}
	purpose, company, err := t.about(r, f)
	if err != nil {
		return err
	}
	page := EntryPage{Index: f.Index, Facts: w.facts(f, purpose, company), Signed: inclusion != nil}
	if inclusion != nil {
		page.Proof = &web.Link{To: "/log/proof?" + r.HTTP.URL.RawQuery, Label: r.T("trail.proof"), Key: "p"}
	}
	return r.Render(page)
}

// about are the names of an entry's purpose and controller; their ids where a name is gone.
func (t *Trail) about(r *web.Request, f audit.Found) (purpose, company string, err error) {
	err = t.DB.Read(r.Context(), func(tx *db.Tx) (err error) {
		purpose, company = f.Leaf.Purpose, f.Leaf.Controller
		for _, one := range []struct {
			name *string
			read func() (string, error)
		}{
			{&purpose, func() (string, error) { return t.Purpose(tx, purpose, string(r.Lang)) }},
			{&company, func() (string, error) { return t.Company(tx, company) }},
		} {
			if *one.name == "" {
				continue
			}
			name, err := one.read()
			if err != nil && errs.KindOf(err) != errs.NotFound {
				return err
			}
			if name != "" {
				*one.name = name
			}
		}
		return nil
	})
	return purpose, company, err
}

// entry reads one entry; one that is younger than the newest checkpoint gets one first.
func (t *Trail) entry(ctx context.Context, a actor.Actor, origin string, index uint64) (audit.Found, *proof.Inclusion, error) {
	f, inclusion, err := t.Log.Entry(ctx, a, origin, index, served(a))
	if err == nil && inclusion == nil {
		if err := t.Log.Sign(ctx); err != nil {
			return f, nil, err
		}
		f, inclusion, err = t.Log.Entry(ctx, a, origin, index, served(a))
	}
	if err != nil {
		return f, nil, err
	}
	own, err := t.theirs(ctx, a, []audit.Found{f})
	if err == nil && len(own) == 0 {
		err = errs.New(errs.NotFound, "audit.no_entry")
	}
	if err != nil {
		return audit.Found{}, nil, err
	}
	return f, inclusion, nil
}

func (t *Trail) sendProof(r *web.Request) error {
	var form entryForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	f, inclusion, err := t.entry(r.Context(), r.Actor, form.Origin, uint64(form.Index)) //nolint:gosec // low:"0"
	if err != nil {
		return err
	}
	if inclusion == nil {
		return errs.New(errs.Conflict, "trail.unsigned")
	}
	text, err := inclusion.MarshalText()
	if err != nil {
		return err
	}
	h := r.Writer.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="amanah-%d.tlog-proof"`, f.Index))
	r.Writer.WriteHeader(http.StatusOK)
	_, err = r.Writer.Write(text)
	return err
}

func (t *Trail) showHealth(r *web.Request) error {
	untaken, err := t.Untaken(r.Context())
	if err != nil {
		return err
	}
	epoch, since, err := t.Epoch(r.Context())
	if err != nil {
		return err
	}
	page := health(r.Printer(), t.Log.Health(), string(t.Log.Checkpoint()), t.Log.VerifierKey(), untaken)
	page.Facts = append(page.Facts, web.Fact{Label: r.T("trail.epoch"), Text: r.Printer().Number(epoch)}, web.Fact{Label: r.T("trail.epoch_since"), Time: since})
	return r.Render(page)
}

func (t *Trail) sign(r *web.Request) error {
	var none struct{}
	if err := r.Decode(&none); err != nil {
		return err
	}
	if err := t.Log.Sign(r.Context()); err != nil {
		return err
	}
	r.Flash("trail.signed_now")
	return r.Redirect("/log/health")
}

func (w words) filters(f searchForm, staff []colleague) []web.Input {
	p := w.p
	day := func(at time.Time) string {
		if at.IsZero() {
			return ""
		}
		return at.Format(time.DateOnly)
	}
	decisions := []web.Choice{{Label: p.T("trail.any")}}
	for _, d := range []string{"allowed", "denied", "done"} {
		decisions = append(decisions, web.Choice{Value: d, Label: p.T("trail.decision_" + d), Selected: f.Decision == d})
	}
	return []web.Input{
		{Name: "action", Label: p.T("trail.action"), Type: "select", Choices: w.actions(f.Action), Key: "a"},
		{Name: "actor", Label: p.T("trail.actor"), Type: "select", Choices: w.actors(staff, f.Actor)},
		{Name: "decision", Label: p.T("trail.decision"), Type: "select", Choices: decisions},
		{Name: "since", Label: p.T("trail.since"), Type: "date", Value: day(f.Since)},
		{Name: "until", Label: p.T("trail.until"), Type: "date", Value: day(f.Until)},
		{Name: "interaction", Label: p.T("trail.interaction"), Type: "text", Value: f.Interaction, Max: 40},
		{Name: "subject", Label: p.T("trail.subject"), Type: "text", Value: f.Subject, Max: 40},
	}
}

func (w words) decision(l proof.Leaf) *web.Chip {
	tone := map[string]web.Tone{"allowed": web.Good, "denied": web.Bad}[l.Decision]
	if tone == "" {
		tone = web.Neutral
	}
	return &web.Chip{Tone: tone, Text: w.p.T("trail.decision_" + l.Decision)}
}

// refusals take a leaf's list of refusals apart, whose items read "field:code".
func refusals(refused []string) (names, codes []string) {
	for _, r := range refused {
		name, code, _ := strings.Cut(r, ":")
		names, codes = append(names, name), append(codes, code)
	}
	return names, codes
}

func entryPath(f audit.Found) string {
	return "/log/entry?index=" + strconv.FormatUint(f.Index, 10) + "&origin=" + url.QueryEscape(f.Origin)
}

func (w words) table(page audit.Page, older string) web.Table {
	p := w.p
	tb := web.Table{
		Caption: p.T("trail.title"),
		Columns: []web.Column{{Title: p.T("trail.index"), Numeric: true}, {Title: p.T("trail.time")}, {Title: p.T("trail.actor")},
			{Title: p.T("trail.action")}, {Title: p.T("trail.decision")}, {Title: p.T("trail.fields")}, {Title: p.T("trail.interaction")}},
		Empty: web.Empty{Title: p.T("trail.none"), Text: p.T("trail.none_next")},
		Pager: web.Pager{Older: older},
	}
	for _, f := range page.Entries {
		l := f.Leaf
		who, as := w.actor(l)
		names, _ := refusals(l.Refused)
		what := w.few(w.fields(l, l.Fields))
		if len(names) > 0 {
			what = strings.TrimPrefix(what+"; ", "; ") + p.T("trail.refused", "fields", w.few(w.fields(l, names)))
		}
		contact := web.Cell{Text: w.channel(l.Channel)}
		if l.Interaction != "" {
			contact = web.Cell{Text: short(l.Interaction), Code: true, Title: l.Interaction, To: "/log?interaction=" + l.Interaction}
			level, _, _ := strings.Cut(w.level(l), " ")
			contact.Note = joined(w.channel(l.Channel), level)
		}
		tb.Rows = append(tb.Rows, web.Row{Cells: []web.Cell{
			{Text: strconv.FormatUint(f.Index, 10), To: entryPath(f), Code: true}, {Time: f.Time, Exact: true},
			{Text: who, Note: as, Title: l.Actor, To: "/log?actor=" + url.QueryEscape(l.Actor)}, {Text: w.action(l.Action), Title: l.Action},
			{Chip: w.decision(l), Note: w.reason(l.Reason), Title: l.Reason}, {Text: what, Title: strings.Join(slices.Concat(l.Fields, l.Refused), ", ")}, contact,
		}})
	}
	return tb
}

// joined puts words that are there side by side.
func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}

func (w words) facts(f audit.Found, purpose, company string) web.Facts {
	p, l := w.p, f.Leaf
	list := web.Facts{{Label: p.T("trail.time"), Time: f.Time, Exact: true}, {Label: p.T("trail.action"), Text: w.action(l.Action), Code: l.Action},
		{Label: p.T("trail.decision"), Chip: w.decision(l)}}
	add := func(key, text, code, to string) {
		if code == text { // there is no word for it
			code = ""
		}
		if text != "" || code != "" {
			list = append(list, web.Fact{Label: p.T(key), Text: text, Code: code, To: to})
		}
	}
	if l.Reason != "" {
		add("trail.reason", w.reason(l.Reason), l.Reason, "")
	}
	who, as := w.actor(l)
	add("trail.actor", joined(who, as), l.Actor, "/log?actor="+url.QueryEscape(l.Actor))
	add("trail.session", "", l.Session, "")
	add("trail.client", "", l.Client, "")
	if l.Interaction != "" {
		add("trail.interaction", l.Interaction, "", "/log?interaction="+l.Interaction)
	}
	if l.Ground != "" {
		add("trail.ground", w.ground(l), l.Ground, "")
	}
	if l.Purpose != "" {
		add("trail.purpose", purpose, l.Purpose, "/purposes/"+l.Purpose)
	}
	add("trail.controller", company, l.Controller, "")
	add("trail.channel", w.channel(l.Channel), "", "")
	add("trail.level", w.level(l), "", "")
	add("trail.fields", strings.Join(w.fields(l, l.Fields), ", "), strings.Join(l.Fields, ", "), "")
	names, codes := refusals(l.Refused)
	why := w.fields(l, names)
	for i := range why {
		why[i] += ": " + w.reason(codes[i])
	}
	add("trail.refused_fields", strings.Join(why, " "), strings.Join(l.Refused, ", "), "")
	if l.Count > 0 {
		add("trail.count", p.Number(l.Count), "", "")
	}
	add("trail.ref", "", l.Ref, "")
	add("trail.policy", "", l.Policy, "")
	if f.Subject != "" {
		add("trail.subject", f.Subject, "", "/subjects/"+f.Subject+"/trail")
	} else if len(l.SubjectCommitment) > 0 {
		add("trail.subject", p.T("trail.subject_erased"), "", "")
	}
	if len(l.DetailCommitment) > 0 {
		key := "trail.detail_sealed"
		if len(f.Sealed) == 0 {
			key = "trail.detail_gone"
		}
		add("trail.detail", p.T(key), "", "")
	}
	add("trail.origin", "", f.Origin, "")
	return list
}

func health(p *i18n.Printer, h audit.Health, checkpoint, verifier string, untaken map[string]int64) HealthPage {
	page := HealthPage{Checkpoint: checkpoint, Verifier: verifier}
	for _, kind := range slices.Sorted(maps.Keys(untaken)) {
		page.Untaken = append(page.Untaken, web.Fact{Label: kind, Text: p.Number(untaken[kind])})
	}
	page.Facts = web.Facts{{Label: p.T("trail.origin"), Text: h.Origin}, {Label: p.T("trail.size"), Text: p.Number(h.Size)},
		{Label: p.T("trail.signed"), Text: p.Number(h.Signed)}}
	if !h.SignedAt.IsZero() {
		page.Facts = append(page.Facts, web.Fact{Label: p.T("trail.signed_at"), Time: h.SignedAt})
	}
	page.Facts = append(page.Facts, web.Fact{Label: p.T("trail.witnessed"), Text: p.Number(h.Witnessed)}, web.Fact{Label: p.T("trail.unwitnessed"), Text: p.Number(h.Unwitnessed)})
	if h.Unwitnessed > 0 {
		page.Warning = &web.Notice{Tone: web.Warn, Title: p.N("trail.unwitnessed_warning", int(h.Unwitnessed)), Text: p.T("trail.unwitnessed_next")}
	}
	page.Witnesses = web.Table{Caption: p.T("trail.witnesses"), Columns: []web.Column{{Title: p.T("trail.witness")}, {Title: p.T("trail.size"), Numeric: true}, {Title: p.T("trail.last_seen")}, {Title: p.T("trail.state")}},
		Empty: web.Empty{Title: p.T("trail.no_witness"), Text: p.T("trail.no_witness_next")}}
	for _, w := range h.Witnesses {
		chip := web.Chip{Tone: web.Good, Text: p.T("trail.witness_good")}
		if w.Code != "" {
			chip = web.Chip{Tone: web.Bad, Text: p.T("trail.witness_bad")}
			if key := "trail." + strings.TrimPrefix(w.Code, "audit."); p.Has(key) {
				chip.Text = p.T(key)
			}
			page.Alarms = append(page.Alarms, refusal(p, w))
		}
		page.Witnesses.Rows = append(page.Witnesses.Rows, web.Row{Cells: []web.Cell{{Text: w.Name}, {Text: p.Number(w.Size)}, {Time: w.At}, {Chip: &chip, Title: w.Code}}})
	}
	slices.SortStableFunc(page.Alarms, func(a, b web.Notice) int { return strings.Compare(string(a.Tone), string(b.Tone)) }) // bad before warn
	if h.Found == nil {
		return page
	}
	page.Facts = append(page.Facts, web.Fact{Label: p.T("trail.checked"), Time: h.Found.At})
	if f := h.Found.Fault; f != nil {
		args := map[string]any{"log": f.Origin, "index": f.Index, "class": string(f.Class)}
		page.Alarms = slices.Insert(page.Alarms, 0, web.Notice{Tone: web.Bad, Title: p.Args("audit.tampered", args), Text: p.Args("audit.tampered.next", args)})
	}
	return page
}

// refusal is why a witness does not cosign, and what to do.
func refusal(p *i18n.Printer, w audit.WitnessState) web.Notice {
	n := web.Notice{Tone: web.Warn, Title: w.Name + ": " + p.T("trail.witness_bad"), Text: p.T("trail.witness_next")}
	if w.Alarm() {
		n.Tone = web.Bad
	}
	if p.Has(w.Code) && p.Has(w.Code+".next") {
		args := map[string]any{"n": w.Knows, "size": w.Knows}
		n.Title, n.Text = w.Name+": "+p.Args(w.Code, args), p.Args(w.Code+".next", args)
	}
	return n
}
