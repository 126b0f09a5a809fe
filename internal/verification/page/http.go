package page

import (
	"context"
	"net/http"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/internal/verification/check"
	"github.com/amanah-id/amanah/internal/web"
)

// The refusals that the pages show in a way of their own.
const (
	unknown   = "verification.link_unknown"
	malformed = "verification.answer_malformed"
)

// cookie is the browser's secret: this host only, gone after a day.
const cookie = "__Host-amanah-page"

func (s screens) routes(rt *web.Router) {
	customer := web.Access{Customer: true}
	rt.Page("GET /v/{token}", customer, s.showPage)
	rt.Page("POST /v/{token}/open", customer, s.postOpen)
	rt.Page("POST /v/{token}/answer", customer, s.postAnswer)
	rt.Page("POST /v/{token}/passkey/options", customer, s.postPasskeyOptions)
	rt.Page("POST /v/{token}/passkey", customer, s.postPasskey)
	rt.Page("POST /v/{token}/passkey/remove", customer, s.postRemove)
	s.denialRoutes(rt)
	s.checkRoutes(rt)
	rt.Page("GET /v/notice/{token}", customer, s.showNotice)
	rt.Page("POST /v/notice/{token}/stop", customer, s.postStop)
	s.operations(rt)
}

// NoticePage is the page on which a customer learns that a change was decided on, and can stop it.
type NoticePage struct {
	verification.NoticeView
	Token   string
	Problem string
}

func (s screens) showNotice(r *web.Request) error {
	v, err := s.Noticed(r.Context(), r.Path("token"))
	if verification.IsUnknown(err) {
		return r.RenderStatus(http.StatusNotFound, NoticePage{Problem: unknown})
	}
	if err != nil {
		return err
	}
	return r.Render(NoticePage{NoticeView: v, Token: r.Path("token")})
}

func (s screens) postStop(r *web.Request) error {
	if err := r.Decode(&struct{}{}); err != nil {
		return err
	}
	err := s.Object(r.Context(), r.Path("token"))
	if verification.IsUnknown(err) {
		return r.RenderStatus(http.StatusNotFound, NoticePage{Problem: unknown})
	}
	if err != nil {
		return err
	}
	return r.Redirect("/v/notice/" + r.Path("token"))
}

// CustomerPage is the page a customer's link leads to. It has a layout of its own: it must
// arrive over a slow network, and shares nothing with the console.
type CustomerPage struct {
	verification.View
	Token   string // of the link, for the forms; it is in the address already
	Problem string // code of what was wrong with the last answer; "" if nothing
	Again   bool   // what was typed is no number of two digits: it may be typed again
}

func (s screens) showPage(r *web.Request) error {
	v, err := s.Show(r.Context(), r.Path("token"), secretOf(r), r.Lang)
	if err != nil {
		return s.problem(r, err)
	}
	return r.Render(CustomerPage{View: v, Token: r.Path("token")})
}

// problem shows a clear page for a link that cannot be used, and passes on what is none of
// the customer's doing.
func (s screens) problem(r *web.Request, err error) error {
	e, ok := verification.Refusal(err)
	if !ok {
		return err
	}
	status := http.StatusConflict
	if e.Code == unknown {
		status = http.StatusNotFound
	}
	return r.RenderStatus(status, CustomerPage{Problem: e.Code})
}

func (s screens) postOpen(r *web.Request) error {
	if err := r.Decode(&struct{}{}); err != nil {
		return err
	}
	secret, err := s.Enter(r.Context(), r.Path("token"), secretOf(r))
	if err != nil {
		return s.problem(r, err)
	}
	http.SetCookie(r.Writer, &http.Cookie{
		Name: cookie, Value: secret, Path: "/", MaxAge: int(verification.PageLasts / time.Second), Secure: true, HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	})
	return r.Redirect("/v/" + r.Path("token"))
}

func (s screens) postAnswer(r *web.Request) error {
	var form struct {
		Answer     string `form:"answer" max:"8" required:"true"`
		Credential string `form:"credential" max:"6000"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := s.ReplyWith(r.Context(), r.Path("token"), secretOf(r), form.Answer, []byte(form.Credential)); err != nil {
		if errs.CodeOf(err) != malformed {
			return s.problem(r, err)
		}
		v, shown := s.Show(r.Context(), r.Path("token"), secretOf(r), r.Lang)
		if shown != nil {
			return s.problem(r, shown)
		}
		return r.RenderStatus(web.Status(err), CustomerPage{View: v, Token: r.Path("token"), Again: true})
	}
	return r.Redirect("/v/" + r.Path("token"))
}

// postPasskeyOptions answers the page's script: what the browser is asked for.
func (s screens) postPasskeyOptions(r *web.Request) error {
	options, err := s.PasskeyOptions(r.Context(), r.Path("token"), secretOf(r))
	if err != nil {
		return s.problem(r, err)
	}
	r.Writer.Header().Set("Content-Type", "application/json")
	_, _ = r.Writer.Write(options) // the browser is gone; there is nobody to tell
	return nil
}

func (s screens) postPasskey(r *web.Request) error {
	var form struct {
		Credential string `form:"credential" max:"6000" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := s.AddPasskey(r.Context(), r.Path("token"), secretOf(r), []byte(form.Credential)); err != nil {
		return s.problem(r, err)
	}
	return r.Redirect("/v/" + r.Path("token"))
}

func (s screens) postRemove(r *web.Request) error {
	if err := r.Decode(&struct{}{}); err != nil {
		return err
	}
	if err := s.RemovePasskeys(r.Context(), r.Path("token"), secretOf(r)); err != nil {
		return s.problem(r, err)
	}
	return r.Redirect("/v/" + r.Path("token"))
}

func secretOf(r *web.Request) string {
	c, err := r.HTTP.Cookie(cookie)
	if err != nil || len(c.Value) != 22 {
		return ""
	}
	return c.Value
}

// JSON: the same verbs.

type pathInput struct {
	Interaction string `path:"interaction" maxLength:"40"`
}

type passkeyInput struct {
	Interaction string `path:"interaction" maxLength:"40"`
	Passkey     string `path:"passkey" maxLength:"40"`
}

type linkInput struct {
	Interaction string `path:"interaction" maxLength:"40"`
	Body        struct {
		Value string `json:"value,omitempty" maxLength:"40" doc:"Id of the registered contact; absent: the best"`
	}
}

type answerInput struct {
	Interaction string `path:"interaction" maxLength:"40"`
	Body        struct {
		Kind string `json:"kind" maxLength:"64" doc:"Kind of the question"`
		Said string `json:"said" maxLength:"200" doc:"What the caller answered; never kept"`
	}
}

type secondInput struct {
	Interaction string `path:"interaction" maxLength:"40"`
	Body        struct {
		Reason string `json:"reason" maxLength:"300" doc:"For the one who decides; sealed"`
	}
}

type secondOutput struct {
	Body struct {
		Request string `json:"request" doc:"Id of the request among the approvals"`
	}
}

type attemptJSON struct {
	ID      string    `json:"id"`
	State   string    `json:"state" doc:"sent, opened, confirmed, mismatch, declined, denied, expired or withdrawn"`
	Number  int       `json:"number" doc:"The two digits to read to the customer; 0 for whoever does not serve the contact"`
	Contact string    `json:"contact" doc:"Field name of the registered contact"`
	Started time.Time `json:"started_at"`
	Expires time.Time `json:"expires_at"`
}

type wayJSON struct {
	Value   string     `json:"value"`
	Contact string     `json:"contact"`
	Reaches int        `json:"reaches" doc:"Level a link to it can lead to; 0 when it was registered too recently"`
	Since   *time.Time `json:"registered_at,omitempty" doc:"Since when it is registered: what tells two of one field apart"`
}

type passkeyJSON struct {
	ID         string     `json:"id"`
	Registered time.Time  `json:"registered_at"`
	Used       *time.Time `json:"used_at,omitempty" doc:"When it was last shown"`
}

type questionJSON struct {
	Kind  string `json:"kind" doc:"What to ask for, such as last_payment"`
	Asked bool   `json:"asked"`
}

type statusOutput struct {
	Body struct {
		Level     int            `json:"level"`
		Until     *time.Time     `json:"until,omitempty" doc:"When the level decays"`
		Locked    *time.Time     `json:"compares_locked_until,omitempty"`
		Attempts  []attemptJSON  `json:"attempts"`
		Contacts  []wayJSON      `json:"contacts"`
		Questions []questionJSON `json:"questions"`
		Passkeys  []passkeyJSON  `json:"passkeys,omitempty" doc:"The customer's own, for whoever serves one who was verified strongly"`
	}
}

type linkOutput struct{ Body attemptJSON }

type answerOutput struct {
	Body struct {
		Match bool `json:"match"`
	}
}

func (s screens) operations(rt *web.Router) {
	access := web.Access{Roles: []actor.Role{actor.Agent, actor.Supervisor}, Scope: "verify"}
	const path = "/interactions/{interaction}/verification"
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: path, Summary: "Level now, and what can be tried", Access: access},
		func(ctx context.Context, c web.Call, in *pathInput) (*statusOutput, error) {
			st, err := s.Status(ctx, c.Actor, in.Interaction)
			if err != nil {
				return nil, err
			}
			questions, err := s.Questions(ctx, c.Actor, in.Interaction)
			if err != nil {
				return nil, err
			}
			out := &statusOutput{}
			b := &out.Body
			b.Level, b.Until, b.Locked = st.Level, pointer(st.Until), pointer(st.Locked)
			b.Attempts, b.Contacts, b.Questions = []attemptJSON{}, []wayJSON{}, []questionJSON{}
			for _, a := range st.Attempts {
				b.Attempts = append(b.Attempts, toJSON(a))
			}
			for _, w := range st.Links {
				b.Contacts = append(b.Contacts, wayJSON{w.Value, w.Contact, w.Reaches, pointer(w.Since)})
			}
			for _, k := range st.Passkeys {
				b.Passkeys = append(b.Passkeys, passkeyJSON{k.ID, k.Registered, pointer(k.Used)})
			}
			for _, q := range questions {
				b.Questions = append(b.Questions, questionJSON(q))
			}
			return out, nil
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: path + "/link", Summary: "Send the customer page to a registered contact", Access: access, Status: http.StatusCreated, MaxBody: 8 << 10, Unkeyed: "each link is an attempt of its own, and its answer shows a part of the contact; read the verification to see what was sent"},
		func(ctx context.Context, c web.Call, in *linkInput) (*linkOutput, error) {
			a, err := s.SendLink(ctx, c.Actor, in.Interaction, in.Body.Value)
			if err != nil {
				return nil, err
			}
			return &linkOutput{toJSON(a)}, nil
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: path + "/second", Summary: "Ask a second member of staff to decide", Access: access, Status: http.StatusCreated, MaxBody: 8 << 10, Unkeyed: "a request that waits is answered by a conflict"},
		func(ctx context.Context, c web.Call, in *secondInput) (*secondOutput, error) {
			request, err := s.AskSecond(ctx, c.Actor, in.Interaction, in.Body.Reason)
			if err != nil {
				return nil, err
			}
			out := &secondOutput{}
			out.Body.Request = request
			return out, nil
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: path + "/call-back", Summary: "Take as proof that the exchange reported this contact as our call to a registered number", Access: access, MaxBody: 8 << 10, Unkeyed: "doing it twice proves no more"},
		func(ctx context.Context, c web.Call, in *pathInput) (*struct{}, error) {
			return nil, s.CallBack(ctx, c.Actor, in.Interaction)
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: path + "/passkeys/revoke", Summary: "End all passkeys of the customer, who was verified strongly by other means", Access: access, MaxBody: 8 << 10, Unkeyed: "ending them twice ends no more"},
		func(ctx context.Context, c web.Call, in *pathInput) (*struct{}, error) {
			return nil, s.RevokePasskeys(ctx, c.Actor, in.Interaction, "")
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: path + "/passkeys/{passkey}/revoke", Summary: "End one passkey of the customer, who was verified strongly by other means", Access: access, MaxBody: 8 << 10, Unkeyed: "one that was ended is gone"},
		func(ctx context.Context, c web.Call, in *passkeyInput) (*struct{}, error) {
			return nil, s.RevokePasskeys(ctx, c.Actor, in.Interaction, in.Passkey)
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: path + "/answer", Summary: "Compare an answer with the account's history", Access: access, MaxBody: 8 << 10, Unkeyed: "each answer is a try of its own"},
		func(ctx context.Context, c web.Call, in *answerInput) (*answerOutput, error) {
			match, err := s.Answer(ctx, c.Actor, in.Interaction, in.Body.Kind, in.Body.Said)
			if err != nil {
				return nil, err
			}
			out := &answerOutput{}
			out.Body.Match = match
			return out, nil
		})
}

func toJSON(a verification.Attempt) attemptJSON {
	return attemptJSON{ID: a.ID, State: string(a.State), Number: a.Number, Contact: a.Contact, Started: a.Started, Expires: a.Expires}
}

func pointer(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// fixtures fill the page with made-up values, for the tests and the gallery.
func fixtures(p *i18n.Printer) []web.Fixture {
	const hostile = `"><script>alert(1)</script>`
	const token = "token"
	at := time.Date(2026, 11, 23, 3, 32, 0, 0, time.UTC)
	view := func(state verification.ViewState, name string) CustomerPage {
		v := verification.View{State: state, Company: name, Operator: name, Since: at, Inbound: true, CanDeny: state != verification.ViewDenied}
		if state == verification.ViewQuestion || state == verification.ViewConfirmed {
			v.Agent, v.Purpose = name, name
		}
		return CustomerPage{View: v, Token: token}
	}
	seen := view(verification.ViewConfirmed, "Bank Contoh")
	seen.Agent, seen.Purpose, seen.Seen, seen.Ended = "Rina", "Status pesanan", []string{"phone", "address"}, true
	ask := view(verification.ViewQuestion, "Bank Contoh")
	ask.Agent, ask.Purpose = "Rina", "Status pesanan"
	offered, asked := seen, ask
	offered.Ended, offered.MayAdd, offered.Passkeys, asked.Passkeys = false, true, 1, 1
	out := []web.Fixture{
		{Name: "empty", Page: view(verification.ViewClosed, "Bank Contoh")},
		{Name: "ordinary", Page: ask},
		{Name: "hostile", Page: view(verification.ViewQuestion, hostile), Hostile: []string{hostile}},
		{Name: "again", Page: CustomerPage{View: ask.View, Token: token, Again: true}},
		{Name: "confirmed", Page: seen},
		{Name: "passkey_offered", Page: offered},
		{Name: "passkey_asked", Page: asked},
	}
	for _, state := range []verification.ViewState{verification.ViewElsewhere, verification.ViewMismatch, verification.ViewDeclined, verification.ViewDenied, verification.ViewExpired} {
		out = append(out, web.Fixture{Name: string(state), Page: view(state, "Bank Contoh")})
	}
	notice := NoticePage{NoticeView: verification.NoticeView{Company: "Bank Contoh", Decided: at}, Token: token}
	stopped := notice
	stopped.Stopped = true
	out = append(out, web.Fixture{Name: "empty", Page: NoticePage{Problem: "verification.link_unknown"}}, web.Fixture{Name: "ordinary", Page: notice},
		web.Fixture{Name: "hostile", Page: NoticePage{NoticeView: verification.NoticeView{Company: hostile, Decided: at}, Token: token}, Hostile: []string{hostile}},
		web.Fixture{Name: "stopped", Page: stopped})
	out = append(out, web.Fixture{Name: "problem", Page: CustomerPage{Problem: "verification.link_unknown"}})
	denied := verification.Denial{Seen: []string{"phone", "address"}, ID: "ver_01k9xq3v7me8t0000z9w2h4r6n", Interaction: "itx_01k9xq3v7me8t0000z9w2h4r6n", Controller: "ctl_1", Agent: "stf_1", Channel: interaction.Phone, State: interaction.Frozen, At: at}
	late := denied
	late.ID, late.Interaction, late.Channel, late.State = "ver_01k9xq3v7me8t0000z9w2h4r6p", "itx_01k9xq3v7me8t0000z9w2h4r6p", interaction.Chat, interaction.Sealed
	done := late
	done.Reviewed, done.ReviewedBy = at.Add(time.Hour), "stf_2"
	own := denied
	own.Own = true
	names := map[string]string{"ctl_1": "Bank Contoh", "stf_1": "Rina Wulandari", "stf_2": "Bagas Pradana"}
	odd := map[string]string{"ctl_1": hostile, "stf_1": hostile, "stf_2": hostile}
	again := denialPage(p, denied, names, false, hostile)
	again.Notice = &web.Notice{Tone: web.Bad, Title: hostile}
	ours := CheckPage{Asked: true, Entered: "482 193 705", Answer: check.Answer{State: check.Ours, Company: "Bank Contoh", Operator: "PT Layanan Kontak", Agent: "Rina", Purpose: "Status pesanan", Since: at}}
	theirs, odder := ours, ours
	theirs.Inbound = true
	odder.Entered, odder.Company, odder.Operator, odder.Agent, odder.Purpose = hostile, hostile, hostile, hostile, hostile
	reported := denied
	reported.Interaction, reported.Controller, reported.Agent, reported.Number, reported.State, reported.Channel = "", "", "", "+622150001234", "", ""
	out = append(out, web.Fixture{Name: "empty", Page: CheckPage{}}, web.Fixture{Name: "ordinary", Page: ours}, web.Fixture{Name: "inbound", Page: theirs}, web.Fixture{Name: "hostile", Page: odder, Hostile: []string{hostile}},
		web.Fixture{Name: "number", Page: CheckPage{Asked: true, Entered: "021 5000 1234", Answer: check.Answer{State: check.Number}}},
		web.Fixture{Name: "none", Page: CheckPage{Asked: true, Entered: "0812 0000 0000", Answer: check.Answer{State: check.None}}},
		web.Fixture{Name: "slow", Page: CheckPage{Entered: "482 193 705", Problem: "verification.check_slow"}},
		web.Fixture{Name: "reported", Page: CheckPage{Reported: true}})
	return append(out,
		web.Fixture{Name: "report", Page: denialPage(p, reported, names, false, ""), Role: actor.Security},
		web.Fixture{Name: "report_list", Page: denialsPage(p, []verification.Denial{reported}, names, false), Role: actor.Security},
		web.Fixture{Name: "empty", Page: denialsPage(p, nil, nil, false), Role: actor.Security},
		web.Fixture{Name: "ordinary", Page: denialsPage(p, []verification.Denial{late, denied}, names, false), Role: actor.Supervisor},
		web.Fixture{Name: "none_reviewed", Page: denialsPage(p, nil, nil, true), Role: actor.Security},
		web.Fixture{Name: "reviewed", Page: denialsPage(p, []verification.Denial{done}, names, true), Role: actor.DPO},
		web.Fixture{Name: "hostile", Page: denialsPage(p, []verification.Denial{done}, odd, true), Role: actor.DPO, Hostile: []string{hostile}},
		web.Fixture{Name: "empty", Page: denialPage(p, own, names, true, ""), Role: actor.Supervisor},
		web.Fixture{Name: "ordinary", Page: denialPage(p, denied, names, false, ""), Role: actor.Security},
		web.Fixture{Name: "reviewed", Page: denialPage(p, done, names, false, ""), Role: actor.DPO},
		web.Fixture{Name: "hostile", Page: again, Role: actor.Security, Hostile: []string{hostile}})
}
