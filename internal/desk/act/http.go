package act

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/telephony/recorder"
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

// Schema is the room's migrations, for db.Migrate.
func Schema() db.Schema { return db.Schema{Room: "act", FS: schema} }

var servers = []actor.Role{actor.Agent, actor.Supervisor}

// Module is what the room brings to the house.
func (s *Service) Module() web.Module {
	return web.Module{Name: "act", Schema: schema, Messages: messages, Views: views, Routes: s.routes,
		Jobs: map[string]jobs.Handler{EffectJob: s.Effect}, Fixtures: fixtures}
}

func (s *Service) routes(rt *web.Router) {
	desk, customer := web.Access{Roles: servers}, web.Access{Customer: true}
	rt.Page("GET /calls/{interaction}/acts", desk, s.showActs)
	rt.Page("POST /calls/{interaction}/contact-changes", desk, s.postChange)
	rt.Page("POST /calls/{interaction}/contact-changes/{change}/withdraw", desk, s.postWithdraw)
	rt.Page("POST /calls/{interaction}/dial", desk, s.postDial)
	rt.Page("POST /calls/{interaction}/collect", desk, s.postCollect)
	rt.Page("POST /calls/{interaction}/captures", desk, s.postCapture)
	rt.Page("GET /calls/{interaction}/capture", desk, s.showCapture)
	rt.Page("GET /calls/{interaction}/recording", desk, s.showRecording)
	rt.Page("POST /calls/{interaction}/capture/leave", desk, s.postLeave)
	rt.Page("POST /calls/{interaction}/asks", desk, s.postAsk)
	rt.Page("GET /v/ask/{token}", customer, s.showAsk)
	rt.Page("POST /v/ask/{token}/give", customer, s.postGive)
	rt.Page("GET /v/change/{token}", customer, s.showNotice)
	rt.Page("POST /v/change/{token}/stop", customer, s.postStop)
	s.operations(rt)
	s.captureOperations(rt, web.Access{Roles: servers, Scope: "serve"})
}

// ActsPage is what an agent can do with the customer's data without seeing it.
type ActsPage struct {
	Call     string
	Notice   *web.Notice // what was refused just now
	Why      *web.Notice // why no contact can be changed
	Contacts []web.Choice
	Waiting  web.Table
	Stuck    *RecordingPart // the recording has not gone on after a capture
	Fields   []web.Choice   // that may be collected
	Quiet    []web.Choice   // that may be collected while the recorder is paused
	Silent   *web.Notice    // why no field can be opened so, or why nothing is paused
	Asked    []web.Choice   // that the customer may be asked to type
	Asks     web.Table
	Dial     []web.Action // one for each number
}

func (s *Service) showActs(r *web.Request) error {
	itx := r.Path("interaction")
	o, err := s.Changes(r.Context(), r.Actor, itx)
	if err != nil {
		return err
	}
	if o.Recording.Open != nil {
		return r.Redirect("/calls/" + itx + "/capture")
	}
	fields, err := s.Collectable(r.Context(), r.Actor, itx)
	if err != nil {
		return err
	}
	return r.Render(s.actsPage(r.Printer(), itx, o, fields))
}

// actsPage is the page with what the deployment's recorder makes of it.
func (s *Service) actsPage(p *i18n.Printer, itx string, o Overview, fields []catalog.Field) ActsPage {
	return actsPage(p, s.o.Catalogue, itx, o, fields, s.o.Recorder.Use())
}

// refused shows a refusal on the page where it was asked for, for whoever is still in the call.
func (s *Service) refused(r *web.Request, refusal error) error {
	itx := r.Path("interaction")
	o, none, err := s.overview(r.Context(), r.Actor, itx)
	if err != nil || none != nil || errs.KindOf(refusal) == errs.Internal {
		return refusal
	}
	fields, err := s.Collectable(r.Context(), r.Actor, itx)
	if err != nil {
		return refusal
	}
	notice := r.Refusal(refusal)
	if strings.HasPrefix(errs.CodeOf(refusal), "recorder.") {
		notice.Tone = web.Bad // what is said now is recorded
	}
	if o.Recording.Open != nil {
		page := capturePage(r.Printer(), s.o.Catalogue, *o.Recording.Open)
		page.Notice = &notice
		return r.RenderStatus(web.Status(refusal), page)
	}
	page := s.actsPage(r.Printer(), itx, o, fields)
	page.Notice = &notice
	return r.RenderStatus(web.Status(refusal), page)
}

var askTones = map[AskState]web.Tone{AskWaiting: web.Info, AskReceived: web.Good, AskExpired: web.Warn}

// actsPage is the page as it is drawn.
func actsPage(p *i18n.Printer, c *catalog.Catalogue, itx string, o Overview, fields []catalog.Field, use recorder.Use) ActsPage {
	label := func(name string) string {
		f, _ := c.Field(name)
		return f.Label.In(p.Lang())
	}
	page := ActsPage{Call: itx, Waiting: web.Table{Caption: p.T("act.waiting_title"),
		Columns: []web.Column{{Title: p.T("act.column_field")}, {Title: p.T("act.column_asked")}, {Title: p.T("act.column_due")}, {Title: ""}},
		Empty:   web.Empty{Title: p.T("act.waiting_none"), Text: p.T("act.waiting_none_next")}}}
	page.Asks = web.Table{Caption: p.T("act.asks_title"), Columns: []web.Column{{Title: p.T("act.column_field")}, {Title: p.T("act.column_asked")}, {Title: p.T("act.column_state")}},
		Empty: web.Empty{Title: p.T("act.asks_none"), Text: p.T("act.asks_none_next")}}
	for _, q := range o.Asks {
		page.Asks.Rows = append(page.Asks.Rows, web.Row{ID: q.ID, Cells: []web.Cell{{Text: label(q.Field)}, {Time: q.Asked},
			{Chip: &web.Chip{Tone: askTones[q.State], Text: p.T("act.ask_" + string(q.State))}}}})
	}
	if o.Refusal != nil {
		next := o.Refusal.Code + ".next"
		if o.Refusal.Code == "gate.level_too_low" {
			next = "act.change_needs" // what this level takes
		}
		page.Why = &web.Notice{Tone: web.Info, Title: p.Args(o.Refusal.Code, o.Refusal.Args), Text: p.Args(next, o.Refusal.Args)}
	} else {
		had := map[string]bool{}
		for i, text := range apart(p, o.Contacts, label, true) {
			one := o.Contacts[i]
			had[one.Field] = true
			page.Contacts = append(page.Contacts, web.Choice{Value: one.Field + " " + one.Value, Label: text})
		}
		for _, name := range changeables(c) {
			if !had[name] {
				page.Contacts = append(page.Contacts, web.Choice{Value: name, Label: p.T("act.contact_first", "field", label(name))})
			}
		}
	}
	for i, text := range apart(p, o.Phones, label, false) {
		page.Dial = append(page.Dial, web.Action{To: "/calls/" + itx + "/dial", Hidden: []web.Hidden{{Name: "field", Value: o.Phones[i].Field}, {Name: "value", Value: o.Phones[i].Value}},
			Button: web.Button{Style: map[bool]string{true: "primary"}[i == 0], Label: p.T("act.dial", "field", text), Key: map[bool]string{true: "c"}[i == 0]}})
	}
	for i, one := range o.Waiting {
		key := ""
		if i == 0 {
			key = "b b"
		}
		page.Waiting.Rows = append(page.Waiting.Rows, web.Row{ID: one.ID, Cells: []web.Cell{{Text: label(one.Field)}, {Time: one.Asked}, {Time: one.Due},
			{Action: &web.Action{To: "/calls/" + itx + "/contact-changes/" + one.ID + "/withdraw", Button: web.Button{Style: "danger", Label: p.T("act.withdraw"), Key: key, Again: true}}}}})
	}
	for _, f := range fields {
		if !isReached(f) {
			one := web.Choice{Value: f.Name, Label: label(f.Name)}
			page.Asked = append(page.Asked, one)
			switch {
			case !taken(f):
			case f.Unrecorded && o.Spoken && use == recorder.Unset:
				page.Silent = &web.Notice{Tone: web.Info, Title: p.T("act.capture_unset"), Text: p.T("act.capture_unset_next")}
			case f.Unrecorded && o.Spoken && use == recorder.None:
				page.Silent = &web.Notice{Tone: web.Info, Title: p.T("act.capture_none"), Text: p.T("act.capture_none_next")}
				page.Fields = append(page.Fields, one)
			case f.Unrecorded && o.Spoken:
				page.Quiet = append(page.Quiet, one)
			default:
				page.Fields = append(page.Fields, one)
			}
		}
	}
	if o.Recording.Stuck != nil {
		page.Stuck = &RecordingPart{itx, stuckNotice(p)}
	}
	return page
}

// apart names contacts so that an agent, who sees no value, can tell two of one field from each other: by since when they are
// registered. One that is alone has its field's name, unless the age is wanted anyway.
func apart(p *i18n.Printer, list []Contact, label func(string) string, always bool) []string {
	of := map[string][]time.Time{}
	for _, one := range list {
		of[one.Field] = append(of[one.Field], one.Since)
	}
	since := map[string][]string{}
	for field, days := range of {
		since[field] = p.Apart(days, p.T("act.since_unknown"))
	}
	out := make([]string, len(list))
	for i, one := range list {
		if out[i] = label(one.Field); always || len(of[one.Field]) > 1 {
			out[i] = p.T("act.contact_since", "field", out[i], "since", since[one.Field][0])
		}
		since[one.Field] = since[one.Field][1:]
	}
	return out
}

func (s *Service) postChange(r *web.Request) error {
	var form struct {
		Contact string `form:"contact" max:"120" required:"true"`
		Value   string `form:"value" max:"400" required:"true" secret:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	field, old, _ := strings.Cut(form.Contact, " ")
	itx := r.Path("interaction")
	if _, err := s.ChangeContact(r.Context(), r.Actor, itx, field, old, form.Value); err != nil {
		return s.refused(r, err)
	}
	r.Flash("act.change_waits")
	return r.Redirect("/calls/" + itx + "/acts")
}

func (s *Service) postWithdraw(r *web.Request) error {
	if err := r.Decode(&struct{}{}); err != nil {
		return err
	}
	itx := r.Path("interaction")
	if err := s.Withdraw(r.Context(), r.Actor, itx, r.Path("change")); err != nil {
		return s.refused(r, err)
	}
	r.Flash("act.withdrawn")
	return r.Redirect("/calls/" + itx + "/acts")
}

func (s *Service) postDial(r *web.Request) error {
	var form struct {
		Field string `form:"field" max:"60" required:"true"`
		Value string `form:"value" max:"40"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	made, err := s.Dial(r.Context(), r.Actor, r.Path("interaction"), form.Field, form.Value)
	if err != nil {
		return s.refused(r, err)
	}
	r.Flash("act.dialled")
	return r.Redirect("/calls/" + made)
}

func (s *Service) postCollect(r *web.Request) error {
	var form struct {
		Field string `form:"field" max:"60" required:"true"`
		Value string `form:"value" max:"400" required:"true" secret:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	itx := r.Path("interaction")
	if err := s.Collect(r.Context(), r.Actor, itx, form.Field, form.Value); err != nil {
		return s.refused(r, err)
	}
	r.Flash("act.collected")
	return r.Redirect("/calls/" + itx + "/acts")
}

func (s *Service) postAsk(r *web.Request) error {
	var form struct {
		Field string `form:"field" max:"60" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	itx := r.Path("interaction")
	if _, err := s.AskCustomer(r.Context(), r.Actor, itx, form.Field, ""); err != nil {
		return s.refused(r, err)
	}
	r.Flash("act.ask_sent")
	return r.Redirect("/calls/" + itx + "/acts")
}

// CustomerAskPage is the page on which a customer types what was asked for.
type CustomerAskPage struct {
	AskView
	Label   string // of the field
	Token   string
	Wrong   string // code of why what was typed does not fit; it may be typed again
	Problem string
}

func (s *Service) askPage(r *web.Request, wrong string) error {
	v, err := s.Asked(r.Context(), r.Path("token"))
	if errors.Is(err, errAskLink) {
		return r.RenderStatus(http.StatusNotFound, CustomerAskPage{Problem: errAskLink.Code})
	}
	if err != nil {
		return err
	}
	f, _ := s.o.Catalogue.Field(v.Field)
	if v.State == AskExpired {
		return r.RenderStatus(http.StatusConflict, CustomerAskPage{Problem: errAskOver.Code})
	}
	page := CustomerAskPage{AskView: v, Token: r.Path("token"), Label: f.Label.In(r.Lang), Wrong: wrong}
	status := http.StatusOK
	if wrong != "" {
		status = http.StatusUnprocessableEntity
	}
	return r.RenderStatus(status, page)
}

func (s *Service) showAsk(r *web.Request) error { return s.askPage(r, "") }

func (s *Service) postGive(r *web.Request) error {
	var form struct {
		Value string `form:"value" max:"4000" secret:"true"` // what is too long or empty is said on the page itself
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	err := s.Give(r.Context(), r.Path("token"), form.Value)
	switch {
	case errors.Is(err, errAskLink), errors.Is(err, errAskOver):
		return r.RenderStatus(web.Status(err), CustomerAskPage{Problem: errs.CodeOf(err)})
	case errs.KindOf(err) == errs.Invalid:
		wrong := errs.CodeOf(err)
		if errors.Is(err, errValue) {
			wrong = "act.page_value" // the refusal's own words are for an agent
		}
		return s.askPage(r, wrong)
	case err != nil:
		return err
	}
	return r.Redirect("/v/ask/" + r.Path("token"))
}

// ChangeNoticePage is the page on which a customer learns that a contact is to change, and can stop it.
type ChangeNoticePage struct {
	Notice
	Label   string // of the field
	Token   string
	Problem string
}

func (s *Service) showNotice(r *web.Request) error {
	n, err := s.Noticed(r.Context(), r.Path("token"))
	if errors.Is(err, errLink) {
		return r.RenderStatus(http.StatusNotFound, ChangeNoticePage{Problem: errLink.Code})
	}
	if err != nil {
		return err
	}
	f, _ := s.o.Catalogue.Field(n.Field)
	return r.Render(ChangeNoticePage{Notice: n, Token: r.Path("token"), Label: f.Label.In(r.Lang)})
}

func (s *Service) postStop(r *web.Request) error {
	if err := r.Decode(&struct{}{}); err != nil {
		return err
	}
	err := s.Stop(r.Context(), r.Path("token"))
	if errors.Is(err, errLink) {
		return r.RenderStatus(http.StatusNotFound, ChangeNoticePage{Problem: errLink.Code})
	}
	if err != nil {
		return err
	}
	return r.Redirect("/v/change/" + r.Path("token"))
}

// JSON: the same verbs.

// CallPath names the call. It is exported because huma reads the parameters of embedded structs only then.
type CallPath struct {
	Interaction string `path:"interaction" maxLength:"40" doc:"The live interaction"`
}

type dialInput struct {
	CallPath
	Body struct {
		Field string `json:"field" maxLength:"60" doc:"A telephone field of the customer"`
		Value string `json:"value,omitempty" maxLength:"40" doc:"Id of one of several numbers; left out: the one registered longest"`
	}
}

type dialOutput struct {
	Body struct {
		Interaction string `json:"interaction" doc:"The contact that the call is; its caller has proved nothing"`
	}
}

type askInput struct {
	CallPath
	Body struct {
		Field   string `json:"field" maxLength:"60"`
		Contact string `json:"contact,omitempty" maxLength:"40" doc:"Id of the registered contact that gets the link; left out: the one registered longest"`
	}
}

type askBody struct {
	ID      string    `json:"id"`
	Field   string    `json:"field"`
	State   string    `json:"state" enum:"waiting,received,expired"`
	Asked   time.Time `json:"asked_at"`
	Expires time.Time `json:"expires_at"`
}

type askOutput struct{ Body askBody }

type asksOutput struct {
	Body struct {
		Asks []askBody `json:"asks" doc:"What was asked for in this call, and whether it came; never what"`
	}
}

type changeInput struct {
	CallPath
	Body struct {
		Field string `json:"field" maxLength:"60" doc:"A contact: phone or email"`
		Old   string `json:"old,omitempty" maxLength:"40" doc:"Id of the contact to be replaced; left out where there is one at most"`
		Value string `json:"value" minLength:"1" maxLength:"400" doc:"The new contact; sealed, and never shown"`
	}
}

type withdrawInput struct {
	CallPath
	Change string `path:"change" maxLength:"40"`
}

type collectInput struct {
	CallPath
	Body struct {
		Field string `json:"field" maxLength:"60"`
		Value string `json:"value" minLength:"1" maxLength:"400" doc:"Replaces what was stored; never shown back"`
	}
}

type changeBody struct {
	ID    string    `json:"id"`
	Field string    `json:"field"`
	State string    `json:"state" doc:"waiting: the old contact counts until due_at"`
	Asked time.Time `json:"asked_at"`
	Due   time.Time `json:"due_at"`
}

type contactBody struct {
	Value string     `json:"value" doc:"Id of the stored value"`
	Field string     `json:"field"`
	Since *time.Time `json:"registered_at,omitempty"`
}

type changeOutput struct{ Body changeBody }

type changesOutput struct {
	Body struct {
		Changes  []changeBody  `json:"changes" doc:"Those that wait"`
		Contacts []contactBody `json:"contacts" doc:"The contacts that count now, without their values"`
	}
}

func bodyOf(c Change) changeBody {
	return changeBody{c.ID, c.Field, string(c.State), c.Asked, c.Due}
}

func askOf(q Ask) askBody { return askBody{q.ID, q.Field, string(q.State), q.Asked, q.Expires} }

func (s *Service) operations(rt *web.Router) {
	acc := web.Access{Roles: servers, Scope: "serve"}
	const path = "/interactions/{interaction}/contact-changes"
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: path, Summary: "Have a contact become another after the time to object; needs level 4", Access: acc, Status: http.StatusCreated, Idempotent: true},
		func(ctx context.Context, c web.Call, in *changeInput) (*changeOutput, error) {
			made, err := s.ChangeContact(ctx, c.Actor, in.Interaction, in.Body.Field, in.Body.Old, in.Body.Value,
				func(tx *db.Tx, made Change) error { return c.Settle(tx, &changeOutput{bodyOf(made)}) })
			if err != nil {
				return nil, err
			}
			return &changeOutput{bodyOf(made)}, nil
		})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: path, Summary: "The changes of contact that wait, and the contacts that count; nothing below level 2", Access: acc},
		func(ctx context.Context, c web.Call, in *CallPath) (*changesOutput, error) {
			o, err := s.Changes(ctx, c.Actor, in.Interaction)
			if err != nil {
				return nil, err
			}
			out := &changesOutput{}
			out.Body.Changes, out.Body.Contacts = []changeBody{}, []contactBody{}
			for _, one := range o.Waiting {
				out.Body.Changes = append(out.Body.Changes, bodyOf(one))
			}
			for _, one := range o.Contacts {
				b := contactBody{Value: one.Value, Field: one.Field}
				if !one.Since.IsZero() {
					b.Since = &one.Since
				}
				out.Body.Contacts = append(out.Body.Contacts, b)
			}
			return out, nil
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: path + "/{change}/withdraw", Summary: "Take a change of contact back that waits", Access: acc, Unkeyed: "doing it twice is the same"},
		func(ctx context.Context, c web.Call, in *withdrawInput) (*struct{}, error) {
			return nil, s.Withdraw(ctx, c.Actor, in.Interaction, in.Change)
		})
	const asks = "/interactions/{interaction}/asks"
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: asks, Summary: "Send the customer a link to a page on which they type a field themselves", Access: acc, Status: http.StatusCreated, Idempotent: true},
		func(ctx context.Context, c web.Call, in *askInput) (*askOutput, error) {
			made, err := s.AskCustomer(ctx, c.Actor, in.Interaction, in.Body.Field, in.Body.Contact,
				func(tx *db.Tx, made Ask) error { return c.Settle(tx, &askOutput{askOf(made)}) })
			if err != nil {
				return nil, err
			}
			return &askOutput{askOf(made)}, nil
		})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: asks, Summary: "What the customer was asked to type in this call, and whether it came", Access: acc},
		func(ctx context.Context, c web.Call, in *CallPath) (*asksOutput, error) {
			o, err := s.Changes(ctx, c.Actor, in.Interaction)
			if err != nil {
				return nil, err
			}
			out := &asksOutput{}
			out.Body.Asks = []askBody{}
			for _, one := range o.Asks {
				out.Body.Asks = append(out.Body.Asks, askOf(one))
			}
			return out, nil
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/interactions/{interaction}/dial", Summary: "Have the exchange call a registered number without showing it", Access: acc, Status: http.StatusCreated, Unkeyed: "each call is a call of its own"},
		func(ctx context.Context, c web.Call, in *dialInput) (*dialOutput, error) {
			made, err := s.Dial(ctx, c.Actor, in.Interaction, in.Body.Field, in.Body.Value)
			if err != nil {
				return nil, err
			}
			out := &dialOutput{}
			out.Body.Interaction = made
			return out, nil
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/interactions/{interaction}/collect", Summary: "Write down what the caller gives of a field that the purpose collects", Access: acc, Idempotent: true},
		func(ctx context.Context, c web.Call, in *collectInput) (*struct{}, error) {
			return nil, s.Collect(ctx, c.Actor, in.Interaction, in.Body.Field, in.Body.Value, func(tx *db.Tx) error { return c.Settle(tx, &struct{}{}) })
		})
}

// fixtures fill the pages with made-up values, for the tests and the gallery.
func fixtures(p *i18n.Printer) []web.Fixture {
	const hostile, call = `"><script>alert(1)</script>`, "itx_01k9xq3v7me8t0000z9w2h4r6n"
	at := time.Date(2026, 11, 23, 3, 32, 0, 0, time.UTC)
	c := catalog.Shipped()
	address, _ := c.Field("address")
	nik, _ := c.Field("nik")
	full := Overview{Spoken: true, Phones: []Contact{{"val_01k9xq3v7me8t0000z9w2h4r6n", "phone", at.AddDate(-3, 0, 0)}, {"val_01k9xq3v7me8t0000z9w2h4r6p", "phone", at}}, Asks: []Ask{{ID: "ask_01k9xq3v7me8t0000z9w2h4r6n", Field: "health_note", State: AskReceived, Asked: at}, {ID: "ask_01k9xq3v7me8t0000z9w2h4r6p", Field: "address", State: AskWaiting, Asked: at}},
		Waiting:  []Change{{ID: "chg_01k9xq3v7me8t0000z9w2h4r6n", Field: "phone", State: Waiting, Asked: at, Due: at.Add(ObjectWithin)}},
		Contacts: []Contact{{Value: "val_1", Field: "phone", Since: at}, {Value: "val_2", Field: "email"}}}
	odd := actsPage(p, c, call, full, nil, recorder.None)
	odd.Contacts = []web.Choice{{Value: hostile, Label: hostile}}
	refused := actsPage(p, c, call, full, []catalog.Field{address, nik}, recorder.Exchange)
	refused.Notice = &web.Notice{Tone: web.Warn, Title: p.T(ErrNoExchange.Code), Text: p.T(ErrNoExchange.Code + ".next"), Say: p.T(ErrNoExchange.Code + ".say")}
	open := recorder.Span{ID: "cap_01k9xq3v7me8t0000z9w2h4r6n", Interaction: call, Field: "nik", State: recorder.Open, Paused: at, Until: at.Add(recorder.Lasts)}
	stuck := full
	stuck.Recording.Stuck = &open
	silent := actsPage(p, c, call, full, []catalog.Field{address, nik}, recorder.Exchange)
	silent.Notice = &web.Notice{Tone: web.Bad, Title: p.T("recorder.silent"), Text: p.T("recorder.silent.next"), Say: p.T("recorder.silent.say")}
	retype, odder := capturePage(p, c, open), capturePage(p, c, open)
	retype.Notice = &web.Notice{Tone: web.Warn, Title: p.T(errValue.Code), Text: p.T(errValue.Code + ".next"), Say: p.T(errValue.Code + ".say")}
	odder.Label, odder.Value.Label = hostile, hostile
	notice := func(state State, company string) ChangeNoticePage {
		return ChangeNoticePage{Notice: Notice{Company: company, Field: "phone", Asked: at, Due: at.Add(ObjectWithin), State: state}, Label: p.T("act.column_field"), Token: "token"}
	}
	out := []web.Fixture{
		{Name: "empty", Page: actsPage(p, c, call, Overview{Refusal: errNobodyTold}, nil, recorder.None), Role: actor.Agent},
		{Name: "ordinary", Page: actsPage(p, c, call, full, []catalog.Field{address, nik}, recorder.Exchange), Role: actor.Agent},
		{Name: "recording not resumed", Page: actsPage(p, c, call, stuck, []catalog.Field{address, nik}, recorder.HTTP), Role: actor.Agent},
		{Name: "recorder none", Page: actsPage(p, c, call, full, []catalog.Field{address, nik}, recorder.None), Role: actor.Agent},
		{Name: "recorder unset", Page: actsPage(p, c, call, full, []catalog.Field{address, nik}, recorder.Unset), Role: actor.Agent},
		{Name: "recorder silent", Page: silent, Role: actor.Agent},
		{Name: "ordinary", Page: capturePage(p, c, open), Role: actor.Agent},
		{Name: "refused", Page: retype, Role: actor.Agent},
		{Name: "hostile", Page: odder, Role: actor.Agent, Hostile: []string{hostile}},
		{Name: "refused", Page: refused, Role: actor.Agent},
		{Name: "hostile", Page: odd, Role: actor.Supervisor, Hostile: []string{hostile}},
		{Name: "empty", Page: ChangeNoticePage{Problem: errLink.Code}},
		{Name: "ordinary", Page: notice(Waiting, "Bank Contoh")},
		{Name: "hostile", Page: notice(Waiting, hostile), Hostile: []string{hostile}},
	}
	asked := func(state AskState, company, wrong string) CustomerAskPage {
		return CustomerAskPage{AskView: AskView{Company: company, Field: "address", State: state}, Label: p.T("act.column_field"), Token: "token", Wrong: wrong}
	}
	out = append(out, web.Fixture{Name: "empty", Page: CustomerAskPage{Problem: errAskLink.Code}}, web.Fixture{Name: "ordinary", Page: asked(AskWaiting, "Bank Contoh", "")},
		web.Fixture{Name: "wrong", Page: asked(AskWaiting, "Bank Contoh", "act.page_value")}, web.Fixture{Name: "received", Page: asked(AskReceived, "Bank Contoh", "")},
		web.Fixture{Name: "hostile", Page: asked(AskWaiting, hostile, ""), Hostile: []string{hostile}})
	for _, state := range []State{Stopped, Withdrawn, Done, Dropped} {
		out = append(out, web.Fixture{Name: string(state), Page: notice(state, "Bank Contoh")})
	}
	return out
}
