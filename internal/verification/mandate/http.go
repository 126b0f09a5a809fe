package mandate

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed schema/*.sql
var schema embed.FS

//go:embed messages/*.json
var messages embed.FS

//go:embed views/*.html
var views embed.FS

// Schema is the room's migrations.
func Schema() db.Schema { return db.Schema{Room: "mandate", FS: schema} }

// Module is what the room brings to the house.
func (s *Service) Module() web.Module {
	return web.Module{Name: "mandate", Schema: schema, Messages: messages, Views: views, Routes: s.routes, Fixtures: fixtures, Jobs: s.Jobs(),
		Nav: []web.NavItem{{Key: "mandate.nav", Path: "/mandates", Roles: officers, Order: 17, Hint: "k"}}}
}

var servers = web.Access{Roles: []actor.Role{actor.Agent, actor.Supervisor}}

// ListPage is views/list.html: who may speak for the customer in the call, and how the customer is spoken with.
type ListPage struct {
	Call       string
	Speaker    web.Chip
	Speaking   string
	Assistance string
	Customer   *web.Action // the customer speaks again
	Rows       []Row
	Form       []web.Input
	Purposes   []web.Input
	Verbs      []web.Input
	Fields     []web.Input
	Never      []string // what no mandate gives
}

// Row is one mandate.
type Row struct {
	Title  string
	State  web.Chip
	Facts  web.Facts
	Speak  *web.Action
	Revoke []web.Action
	Verify *Verify // where a second person has not verified the document yet
}

// Verify is the form by which a second person is asked to verify a document.
type Verify struct {
	To     string
	Reason web.Input
}

func (s *Service) routes(rt *web.Router) {
	rt.Page("GET /calls/{interaction}/representatives", servers, s.show)
	rt.Page("POST /calls/{interaction}/representatives", servers, s.postRecord)
	rt.Page("POST /calls/{interaction}/representatives/{mandate}/revoke", servers, s.postRevoke)
	rt.Page("POST /calls/{interaction}/representatives/{mandate}/verify", servers, s.postVerify)
	rt.Page("POST /calls/{interaction}/speaker", servers, s.postSpeaker)
	s.operations(rt)
	s.consoleRoutes(rt)
}

func back(r *web.Request) error {
	return r.Redirect("/calls/" + r.Path("interaction") + "/representatives")
}

func (s *Service) show(r *web.Request) error {
	look, err := s.Of(r.Context(), r.Actor, r.Path("interaction"))
	if err != nil {
		return err
	}
	var purposes []purpose.Purpose
	if err := s.o.DB.Read(r.Context(), func(tx *db.Tx) (err error) {
		purposes, err = s.o.Purposes.List(tx, look.Controller)
		return err
	}); err != nil {
		return err
	}
	return r.Render(listPage(r.Printer(), r.Path("interaction"), look, purposes, s.o.Catalogue.Fields()))
}

var tones = map[State]web.Tone{Proposed: web.Info, Valid: web.Good, Refused: web.Bad, Expired: web.Neutral, Revoked: web.Bad}

// who is a mandate in one line.
func who(p *i18n.Printer, v View) string {
	return p.T("mandate.kind_"+string(v.Kind)) + " · " + v.Name
}

// how is an assistance in one line.
func how(p *i18n.Printer, v View) string {
	return p.T("mandate.assistance_line", "format", p.T("mandate.format_"+v.Format), "name", v.Name)
}

func listPage(p *i18n.Printer, call string, look Look, purposes []purpose.Purpose, fields []catalog.Field) ListPage {
	lang := string(p.Lang())
	page := ListPage{Call: call, Speaker: web.Chip{Tone: web.Good, Text: p.T("mandate.customer_speaks")}}
	if v := look.Speaker; v != nil {
		page.Speaker = web.Chip{Tone: web.Warn, Text: p.T("mandate.represented")}
		page.Speaking = who(p, *v)
		page.Customer = &web.Action{To: "/calls/" + call + "/speaker", Hidden: []web.Hidden{{Name: "mandate", Value: ""}}, Button: web.Button{Label: p.T("mandate.do_customer"), Key: "0"}}
	}
	if v := look.Assistance; v != nil {
		page.Assistance = how(p, *v)
	}
	names := map[string]string{}
	for _, one := range purposes {
		names[one.ID] = one.Name[lang]
		if one.Status == purpose.Active {
			page.Purposes = append(page.Purposes, box("purposes", one.ID, one.Name[lang]))
		}
	}
	labels := map[string]string{}
	for _, f := range fields {
		label := f.Label.In(p.Lang())
		labels[f.Name] = label
		if !law.never(Guardian, f) {
			page.Fields = append(page.Fields, box("fields", f.Name, label))
		}
	}
	for _, verb := range Verbs() {
		page.Verbs = append(page.Verbs, box("verbs", verb, p.T("mandate.verb_"+verb)))
	}
	key := 0
	for _, v := range look.List {
		page.Rows = append(page.Rows, row(p, call, v, names, labels, &key))
	}
	page.Form = form(p)
	page.Never = nevers(p)
	return page
}

// nevers are what no mandate gives, in words.
func nevers(p *i18n.Printer) (out []string) {
	for _, b := range law.Never {
		out = append(out, p.T("mandate.never_"+string(b.Class)+string(b.Kind)))
	}
	for _, act := range slices.Sorted(maps.Keys(law.Acts)) {
		out = append(out, p.T("mandate.never_"+act))
	}
	return out
}

func box(name, value, label string) web.Input {
	return web.Input{ID: name + "-" + value, Name: name, Type: "checkbox", Value: value, Label: label}
}

// words are a list in words.
func words(list []string, word func(string) string) (text string) {
	for i, one := range list {
		if i > 0 {
			text += ", "
		}
		text += word(one)
	}
	return text
}

// known is the word for what has one, and the thing itself for what has none.
func known(in map[string]string) func(string) string {
	return func(one string) string {
		if in[one] == "" {
			return one
		}
		return in[one]
	}
}

// choices are the values of a select with their texts, the first of them chosen.
func choices(p *i18n.Printer, prefix string, values []string) (out []web.Choice) {
	for i, v := range values {
		out = append(out, web.Choice{Value: v, Label: p.T(prefix + v), Selected: i == 0})
	}
	return out
}

func row(p *i18n.Printer, call string, v View, names, labels map[string]string, key *int) Row {
	out := Row{Title: who(p, v), State: web.Chip{Tone: tones[v.State], Text: p.T("mandate.state_" + string(v.State))}}
	out.Facts = web.Facts{{Label: p.T("mandate.until"), Time: v.Ends}}
	if v.Kind == Assistant {
		out.Facts = append(out.Facts, web.Fact{Label: p.T("mandate.format"), Text: p.T("mandate.format_" + v.Format)})
	} else {
		out.Facts = append(out.Facts,
			web.Fact{Label: p.T("mandate.document"), Text: p.T("mandate.document_" + v.Document)},
			web.Fact{Label: p.T("mandate.purposes"), Text: words(v.May.Purposes, known(names))},
			web.Fact{Label: p.T("mandate.verbs"), Text: words(v.May.Verbs, func(one string) string { return p.T("mandate.verb_" + one) })},
			web.Fact{Label: p.T("mandate.fields"), Text: words(v.May.Fields, known(labels))})
	}
	if v.Kind.Represents() {
		text := "mandate.reaches_one"
		if v.Also {
			text = "mandate.reaches_two"
		}
		out.Facts = append(out.Facts, web.Fact{Label: p.T("mandate.reaches"), Text: p.T(text, "level", law.Documents[v.Document])})
		word := "mandate.not_verified"
		if v.Verified {
			word = "mandate.verified"
		}
		out.Facts = append(out.Facts, web.Fact{Label: p.T("mandate.verification"), Text: p.T(word)})
	}
	if v.State != Valid && v.State != Proposed {
		return out
	}
	if v.State == Valid && v.Kind.Represents() && !v.Verified {
		out.Verify = &Verify{To: "/calls/" + call + "/representatives/" + v.ID + "/verify",
			Reason: web.Input{ID: "verify-" + v.ID, Name: "reason", Label: p.T("mandate.checked"), Type: "text", Max: 300, Required: true, Hint: p.T("mandate.checked_hint")}}
	}
	if v.State == Valid && v.Kind.Represents() && !v.Speaks {
		*key++
		stroke := ""
		if *key < 10 {
			stroke = fmt.Sprint(*key)
		}
		out.Speak = &web.Action{To: "/calls/" + call + "/speaker", Hidden: []web.Hidden{{Name: "mandate", Value: v.ID}},
			Button: web.Button{Style: "primary", Label: p.T("mandate.do_speak"), Key: stroke}}
	}
	for _, why := range Reasons() {
		out.Revoke = append(out.Revoke, web.Action{To: "/calls/" + call + "/representatives/" + v.ID + "/revoke", Hidden: []web.Hidden{{Name: "why", Value: why}},
			Button: web.Button{Style: "danger", Label: p.T("mandate.why_" + why), Again: true}})
	}
	return out
}

func form(p *i18n.Printer) []web.Input {
	var kinds []string
	for _, k := range Kinds() {
		kinds = append(kinds, string(k))
	}
	return []web.Input{
		{Name: "kind", Label: p.T("mandate.kind"), Type: "select", Choices: choices(p, "mandate.kind_", kinds), Required: true, Hint: p.T("mandate.kind_hint"), Key: "n"},
		{Name: "name", Label: p.T("mandate.name"), Type: "text", Max: 120, Required: true},
		{Name: "contact", Label: p.T("mandate.contact"), Type: "select", Choices: choices(p, "mandate.contact_", []string{"phone", "email"})},
		{Name: "value", Label: p.T("mandate.value"), Type: "text", Max: 254, Hint: p.T("mandate.value_hint")},
		{Name: "also", Label: p.T("mandate.also"), Type: "text", Max: 254, Hint: p.T("mandate.also_hint")},
		{Name: "document", Label: p.T("mandate.document"), Type: "select", Choices: choices(p, "mandate.document_", Documents())},
		{Name: "number", Label: p.T("mandate.number"), Type: "text", Max: 80},
		{Name: "dated", Label: p.T("mandate.dated"), Type: "date", Max: 10},
		{Name: "until", Label: p.T("mandate.until"), Type: "date", Max: 10, Required: true, Hint: p.T("mandate.until_hint")},
		{Name: "born", Label: p.T("mandate.born"), Type: "date", Max: 10, Hint: p.T("mandate.born_hint")},
		{Name: "format", Label: p.T("mandate.format"), Type: "select", Choices: choices(p, "mandate.format_", Formats()), Hint: p.T("mandate.format_hint")},
		{Name: "reason", Label: p.T("mandate.checked"), Type: "text", Max: 300, Hint: p.T("mandate.checked_hint")},
	}
}

func (s *Service) postRecord(r *web.Request) error {
	var f struct {
		Kind     string   `form:"kind" max:"20" required:"true"`
		Name     string   `form:"name" max:"120" required:"true"`
		Contact  string   `form:"contact" max:"20"`
		Value    string   `form:"value" max:"254"`
		Also     string   `form:"also" max:"254"`
		Document string   `form:"document" max:"40"`
		Number   string   `form:"number" max:"80"`
		Dated    string   `form:"dated" max:"10"`
		Until    string   `form:"until" max:"10" required:"true"`
		Born     string   `form:"born" max:"10"`
		Format   string   `form:"format" max:"20"`
		Reason   string   `form:"reason" max:"300"`
		Purposes []string `form:"purposes" max:"40" count:"40"`
		Verbs    []string `form:"verbs" max:"20" count:"10"`
		Fields   []string `form:"fields" max:"64" count:"40"`
	}
	if err := r.Decode(&f); err != nil {
		return err
	}
	out, err := s.Record(r.Context(), r.Actor, r.Path("interaction"), Draft{Kind: Kind(f.Kind), Name: f.Name, Contact: f.Contact, Value: f.Value, Also: f.Also, Document: f.Document,
		Number: f.Number, Dated: f.Dated, Until: f.Until, Born: f.Born, Format: f.Format, Reason: f.Reason, May: Scope{f.Purposes, f.Verbs, f.Fields}})
	if err != nil {
		return err
	}
	if out.State == Proposed {
		r.Flash("mandate.done_proposed")
	} else {
		r.Flash("mandate.done_recorded")
	}
	return back(r)
}

func (s *Service) postRevoke(r *web.Request) error {
	var f struct {
		Why string `form:"why" max:"30" required:"true"`
	}
	if err := r.Decode(&f); err != nil {
		return err
	}
	if err := s.Revoke(r.Context(), r.Actor, r.Path("interaction"), r.Path("mandate"), f.Why); err != nil {
		return err
	}
	r.Flash("mandate.done_revoked")
	return back(r)
}

func (s *Service) postVerify(r *web.Request) error {
	var f struct {
		Reason string `form:"reason" max:"300" required:"true"`
	}
	if err := r.Decode(&f); err != nil {
		return err
	}
	if _, err := s.AskVerified(r.Context(), r.Actor, r.Path("interaction"), r.Path("mandate"), f.Reason); err != nil {
		return err
	}
	r.Flash("mandate.done_asked")
	return back(r)
}

func (s *Service) postSpeaker(r *web.Request) error {
	var f struct {
		Mandate string `form:"mandate" max:"40"`
	}
	if err := r.Decode(&f); err != nil {
		return err
	}
	if err := s.Speak(r.Context(), r.Actor, r.Path("interaction"), f.Mandate); err != nil {
		return err
	}
	return r.Redirect("/calls/" + r.Path("interaction"))
}

type (
	callInput struct {
		Interaction string `path:"interaction" maxLength:"40"`
	}
	scopeJSON struct {
		Purposes []string `json:"purposes" maxItems:"40" doc:"Purpose ids"`
		Verbs    []string `json:"verbs" maxItems:"10" doc:"compare, act, collect, mask, reveal, consult, consent"`
		Fields   []string `json:"fields" maxItems:"40"`
	}
	recordInput struct {
		Interaction string `path:"interaction" maxLength:"40"`
		Body        struct {
			Kind     string    `json:"kind" enum:"attorney,parent,guardian,assistant"`
			Name     string    `json:"name" maxLength:"120"`
			Contact  string    `json:"contact,omitempty" enum:"phone,email" doc:"Which contact of the representative's own; not of an assistant"`
			Value    string    `json:"value,omitempty" maxLength:"254" doc:"The contact"`
			Also     string    `json:"also,omitempty" maxLength:"254" doc:"The other contact: an address beside a number, a number beside an address. Without it the representative does not get beyond V2"`
			Document string    `json:"document,omitempty" enum:"power_of_attorney,birth_certificate,family_card,court_order"`
			Number   string    `json:"number,omitempty" maxLength:"80" doc:"Of the document"`
			Dated    string    `json:"dated,omitempty" format:"date" doc:"Of the document"`
			Until    string    `json:"until" format:"date" doc:"Last day; of a parent or guardian no later than the child's eighteenth birthday"`
			Born     string    `json:"born,omitempty" format:"date" doc:"Of a child whose birth date is not stored; otherwise not looked at"`
			Format   string    `json:"format,omitempty" enum:"none,slow,written,large_print,braille,sign_language,assistant_speaks" doc:"Of an assistant: how the customer is spoken with"`
			Reason   string    `json:"reason,omitempty" maxLength:"300" doc:"Of a parent or guardian: how the document was checked, for the second member of staff"`
			May      scopeJSON `json:"scope,omitempty"`
		}
	}
	recordOutput struct {
		Body struct {
			ID      string `json:"id"`
			State   string `json:"state" enum:"proposed,valid"`
			Request string `json:"request,omitempty" doc:"The approval that is waited for"`
		}
	}
	viewJSON struct {
		ID       string    `json:"id"`
		Kind     string    `json:"kind"`
		State    string    `json:"state" enum:"proposed,valid,refused,expired,revoked"`
		Name     string    `json:"name" doc:"Masked"`
		Document string    `json:"document,omitempty"`
		Format   string    `json:"format,omitempty"`
		May      scopeJSON `json:"scope"`
		Recorded time.Time `json:"recorded_at"`
		Ends     time.Time `json:"ends_at"`
		Verified bool      `json:"verified" doc:"A second person verified the document: nothing of the fourth level without it"`
		Speaks   bool      `json:"speaks" doc:"The customer speaks through it in this contact"`
	}
	listOutput struct {
		Body struct {
			Mandates []viewJSON `json:"mandates"`
		}
	}
	whyBody struct {
		Why string `json:"why" enum:"customer_asked,representative_asked,dispute,forged"`
	}
	verifyInput struct {
		Interaction string `path:"interaction" maxLength:"40"`
		Mandate     string `path:"mandate" maxLength:"40"`
		Body        struct {
			Reason string `json:"reason" minLength:"1" maxLength:"300" doc:"How the document was looked at, for the second person; no name and no number"`
		}
	}
	verifyOutput struct {
		Body struct {
			Request string `json:"request" doc:"The approval that is waited for"`
		}
	}
	revokeInput struct {
		Interaction string `path:"interaction" maxLength:"40"`
		Mandate     string `path:"mandate" maxLength:"40"`
		Body        whyBody
	}
	endInput struct {
		Mandate string `path:"mandate" maxLength:"40"`
		Body    whyBody
	}
	speakerInput struct {
		Interaction string `path:"interaction" maxLength:"40"`
		Body        struct {
			Mandate string `json:"mandate" maxLength:"40" doc:"Empty: the customer speaks"`
		}
	}
)

func jsonOf(v View) viewJSON {
	return viewJSON{ID: v.ID, Kind: string(v.Kind), State: string(v.State), Name: v.Name, Document: v.Document, Format: v.Format,
		May: scopeJSON{some(v.May.Purposes), some(v.May.Verbs), some(v.May.Fields)}, Recorded: v.Recorded, Ends: v.Ends, Verified: v.Verified, Speaks: v.Speaks}
}

func some(list []string) []string { return append([]string{}, list...) }

func (s *Service) operations(rt *web.Router) {
	own := web.Access{Roles: servers.Roles, Scope: "serve"}
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/interactions/{interaction}/mandates", Summary: "Who may speak for the customer in the call, masked, and how the customer is spoken with", Access: own},
		func(ctx context.Context, c web.Call, in *callInput) (*listOutput, error) {
			look, err := s.Of(ctx, c.Actor, in.Interaction)
			out := &listOutput{}
			out.Body.Mandates = []viewJSON{}
			for _, v := range look.List {
				out.Body.Mandates = append(out.Body.Mandates, jsonOf(v))
			}
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/interactions/{interaction}/mandates", Summary: "Record who may speak for the customer in the call; V4, or for a child V2 and a second member of staff", Access: own, Status: http.StatusCreated, MaxBody: 16 << 10, Idempotent: true},
		func(ctx context.Context, c web.Call, in *recordInput) (*recordOutput, error) {
			b, out := in.Body, &recordOutput{}
			_, err := s.Record(ctx, c.Actor, in.Interaction, Draft{Kind: Kind(b.Kind), Name: b.Name, Contact: b.Contact, Value: b.Value, Also: b.Also, Document: b.Document, Number: b.Number,
				Dated: b.Dated, Until: b.Until, Born: b.Born, Format: b.Format, Reason: b.Reason, May: Scope{b.May.Purposes, b.May.Verbs, b.May.Fields}},
				func(tx *db.Tx, r Recorded) error {
					out.Body.ID, out.Body.State, out.Body.Request = r.ID, string(r.State), r.Request
					return c.Settle(tx, out)
				})
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/interactions/{interaction}/mandates/{mandate}/verify", Summary: "Ask a second person to verify the document of a mandate", Access: own, Status: http.StatusCreated, MaxBody: 8 << 10, Idempotent: true},
		func(ctx context.Context, c web.Call, in *verifyInput) (*verifyOutput, error) {
			out := &verifyOutput{}
			_, err := s.AskVerified(ctx, c.Actor, in.Interaction, in.Mandate, in.Body.Reason, func(tx *db.Tx, request string) error {
				out.Body.Request = request
				return c.Settle(tx, out)
			})
			return out, err
		})
	revoked := "End a mandate at once"
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/interactions/{interaction}/mandates/{mandate}/revoke", Summary: revoked + ", as the customer in the call asks", Access: own, MaxBody: 8 << 10, Idempotent: true},
		func(ctx context.Context, c web.Call, in *revokeInput) (*struct{}, error) {
			return nil, s.Revoke(ctx, c.Actor, in.Interaction, in.Mandate, in.Body.Why, func(tx *db.Tx) error { return c.Settle(tx, &struct{}{}) })
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/mandates/{mandate}/revoke", Summary: revoked + ", without a call", Access: web.Access{Roles: slices.Clone(officers), Scope: "serve", Fresh: true}, MaxBody: 8 << 10, Idempotent: true},
		func(ctx context.Context, c web.Call, in *endInput) (*struct{}, error) {
			return nil, s.Revoke(ctx, c.Actor, "", in.Mandate, in.Body.Why, func(tx *db.Tx) error { return c.Settle(tx, &struct{}{}) })
		})
	web.Operation(rt, web.Op{Method: http.MethodPut, Path: "/interactions/{interaction}/speaker", Summary: "Say who speaks: a representative by the mandate, or the customer; what was verified before counts for nothing", Access: own, MaxBody: 8 << 10,
		Unkeyed: "it names who speaks, and saying so again changes nothing but that proofs begin anew"},
		func(ctx context.Context, c web.Call, in *speakerInput) (*struct{}, error) {
			return nil, s.Speak(ctx, c.Actor, in.Interaction, in.Body.Mandate)
		})
}

// fixtures fill the page with made-up values, for the tests and the gallery.
func fixtures(p *i18n.Printer) []web.Fixture {
	const hostile = `"><script>alert(1)</script>`
	const call, pur = "itx_01k9xq3v7me8t0000z9w2h4r6n", "pur_01k9xq3v7me8t0000z9w2h4r6n"
	at := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	purposes := func(name string) []purpose.Purpose {
		return []purpose.Purpose{{ID: pur, Status: purpose.Active, Name: map[string]string{"id": name, "en": name}}}
	}
	fields := catalog.Shipped().Fields()
	made := 0
	view := func(kind Kind, state State, name string) View {
		made++
		return View{ID: fmt.Sprintf("man_01k9xq3v7me8t0000z9w2h4r%02d", made), Kind: kind, State: state, Name: name, Format: "none", Document: "power_of_attorney", Recorded: at, Ends: at.AddDate(1, 0, 0),
			May: Scope{[]string{pur}, []string{"mask", "compare"}, []string{"name", "address"}}}
	}
	speaker := view(Attorney, Valid, "B*** M***")
	speaker.Speaks = true
	help := view(Assistant, Valid, "D*** S***")
	help.Format, help.Document, help.May = "sign_language", "", Scope{}
	names := map[string]string{pur: "Status pesanan", "ctl_1": "Bank Contoh"}
	entry := func(v View, why string) Entry {
		out := Entry{View: v, Controller: "ctl_1", Customer: "S*** K***", Used: 3, Why: why}
		if why != "" {
			out.Revoked = at.AddDate(0, 1, 0)
		}
		return out
	}
	return []web.Fixture{
		{Name: "empty", Role: actor.Agent, Page: listPage(p, call, Look{}, purposes("Status pesanan"), fields)},
		{Name: "ordinary", Role: actor.Agent, Page: listPage(p, call, Look{List: []View{speaker, view(Parent, Valid, "A*** W***"), view(Guardian, Proposed, "R***"), view(Attorney, Expired, "T***"), help},
			Speaker: &speaker, Assistance: &help}, purposes("Status pesanan"), fields)},
		{Name: "hostile", Role: actor.Agent, Page: listPage(p, call, Look{List: []View{view(Attorney, Valid, hostile)}}, purposes(hostile), fields), Hostile: []string{hostile}},
		{Name: "empty", Role: actor.Supervisor, Page: mandatesPage(p, nil, nil, nil, false)},
		{Name: "empty over", Role: actor.Supervisor, Page: mandatesPage(p, nil, nil, nil, true)},
		{Name: "ordinary", Role: actor.DPO, Page: mandatesPage(p, []Entry{entry(speaker, ""), entry(view(Parent, Proposed, "A*** W***"), "")}, names, names, false)},
		{Name: "hostile", Role: actor.DPO, Page: mandatesPage(p, []Entry{entry(view(Attorney, Valid, hostile), "")}, map[string]string{pur: hostile}, names, false), Hostile: []string{hostile}},
		{Name: "ordinary", Role: actor.Supervisor, Page: mandatePage(p, entry(speaker, ""), names, names, fields)},
		{Name: "revoked", Role: actor.Supervisor, Page: mandatePage(p, entry(view(Guardian, Revoked, "R***"), "dispute"), names, names, fields)},
		{Name: "hostile", Role: actor.Supervisor, Page: mandatePage(p, entry(view(Attorney, Valid, hostile), ""), map[string]string{pur: hostile}, names, fields), Hostile: []string{hostile}},
	}
}
