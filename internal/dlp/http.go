package dlp

import (
	"context"
	"embed"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/dlp/known"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/pii"
)

//go:embed messages/*.json
var messages embed.FS

//go:embed views/*.html
var views embed.FS

// Module is what the room brings to the house.
func (s *Service) Module() web.Module {
	return web.Module{
		Name: "dlp", Schema: schema, Messages: messages, Views: views, Routes: s.routes, Fixtures: fixtures,
		Jobs: map[string]jobs.Handler{ForgetJob: s.Forget},
		Nav: []web.NavItem{
			{Key: "dlp.nav", Path: "/dlp", Roles: reviewers, Order: 18},
			{Key: "dlp.nav_mine", Path: "/dlp/mine", Roles: writers, Order: 80},
		},
	}
}

// DlpPage lists incidents: those that wait, or those that were reviewed.
type DlpPage struct {
	Other web.Link
	Rules web.Link
	Table web.Table
}

// DlpIncidentPage is one incident, with the form of its review.
type DlpIncidentPage struct {
	Facts        web.Facts
	Evidence     string
	Whose        []web.Link // the trails of the customers whose data it is
	More         string     // how many there are besides
	Look         *web.Link
	Decide       string // of the form that lets go or refuses; "" when nothing waits
	Do           []web.Button
	To           string // of the form; "" when it is reviewed
	StepUp       string
	Notice       *web.Notice
	Dispositions []web.Choice
	Advice       web.Input
}

// DlpMinePage is what stopped in the reader's own texts, and what reviewers wrote about it.
type DlpMinePage struct {
	Incidents []OwnIncident
	Empty     web.Empty
}

// OwnIncident is one of them.
type OwnIncident struct {
	Facts    web.Facts
	Evidence string
	Advice   string
	Read     string // where the button goes; "" when there is nothing new to read
}

// DlpRulesPage is the rules in words, with the form for a deployment's own.
type DlpRulesPage struct {
	Rules     []RuleInWords
	Notice    *web.Notice
	StepUp    string
	Own       web.Input
	Reason    web.Input
	Do        []web.Button
	Simulated *web.Table
	Tried     string
}

// RuleInWords is one rule.
type RuleInWords struct {
	Chip     web.Chip
	Sentence string
	ID       string
	Cedar    string
	Own      bool
}

func (s *Service) routes(rt *web.Router) {
	reads, changes := web.Access{Roles: reviewers}, web.Access{Roles: reviewers, Fresh: true}
	rt.Page("GET /dlp", reads, s.show)
	rt.Page("GET /dlp/incidents/{incident}", reads, s.showIncident)
	rt.Page("POST /dlp/incidents/{incident}/review", changes, s.postReview)
	rt.Page("POST /dlp/incidents/{incident}/decide", changes, s.postDecide)
	rt.Page("GET /dlp/rules", reads, s.showRules)
	rt.Page("POST /dlp/rules", changes, s.postRules)
	own := web.Access{Roles: writers}
	rt.Page("GET /dlp/mine", own, s.showMine)
	rt.Page("POST /dlp/look", own, s.postLook)
	rt.Page("POST /dlp/mine/{incident}/read", own, s.postRead)
	s.operations(rt)
}

var tones = map[Verdict]web.Tone{Alert: web.Info, Mask: web.Warn, Ask: web.Warn, Hold: web.Bad, Block: web.Bad}

func chip(p *i18n.Printer, v Verdict) *web.Chip {
	tone := tones[v]
	if tone == "" {
		tone = web.Neutral
	}
	return &web.Chip{Tone: tone, Text: p.T("dlp.verdict_" + string(v))}
}

// KindNames are the names of the given kinds in the reader's language, in their order, parted by commas.
func KindNames(p *i18n.Printer, list []string) string {
	out := make([]string, len(list))
	for i, k := range list {
		out[i] = p.T("dlp.kind_" + k)
	}
	return strings.Join(out, ", ")
}

func (s *Service) show(r *web.Request) error {
	var form struct {
		Reviewed bool `form:"reviewed"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	list, err := s.Incidents(r.Context(), r.Actor, form.Reviewed)
	if err != nil {
		return err
	}
	names, err := s.names(r.Context(), list)
	if err != nil {
		return err
	}
	return r.Render(listPage(r.Printer(), list, names, form.Reviewed))
}

// names is what the staff and the API clients of incidents are called.
func (s *Service) names(ctx context.Context, list []Incident) (names map[string]string, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		names = map[string]string{}
		for _, in := range list {
			for _, one := range []string{in.Staff, in.ReviewedBy, in.HeldBy} {
				if _, known := names[one]; known || !strings.HasPrefix(one, "stf_") {
					continue
				}
				if names[one], err = s.o.Staff(tx, one); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for _, in := range list {
		if _, known := names[in.Staff]; err != nil || known || !id.Is(id.Client, in.Staff) {
			continue
		}
		if names[in.Staff], err = s.o.Client(ctx, in.Staff); errs.KindOf(err) == errs.NotFound {
			delete(names, in.Staff) // its id is all that is left
			err = nil
		}
	}
	return names, err
}

func listPage(p *i18n.Printer, list []Incident, names map[string]string, reviewed bool) DlpPage {
	page := DlpPage{
		Other: web.Link{To: "/dlp?reviewed=true", Label: p.T("dlp.reviewed_list")}, Rules: web.Link{To: "/dlp/rules", Label: p.T("dlp.rules_title")},
		Table: web.Table{Caption: p.T("dlp.waiting_list"), Empty: web.Empty{Title: p.T("dlp.none"), Text: p.T("dlp.none_next")}},
	}
	for _, key := range []string{"at", "kinds", "way", "staff", "verdict"} {
		page.Table.Columns = append(page.Table.Columns, web.Column{Title: p.T("dlp.col_" + key)})
	}
	if reviewed {
		page.Other = web.Link{To: "/dlp", Label: p.T("dlp.waiting_list")}
		page.Table.Caption, page.Table.Empty = p.T("dlp.reviewed_list"), web.Empty{Title: p.T("dlp.none_reviewed"), Text: p.T("dlp.none_reviewed_next")}
		page.Table.Columns = append(page.Table.Columns, web.Column{Title: p.T("dlp.col_disposition")})
	}
	for _, in := range list {
		row := web.Row{ID: in.ID, Cells: []web.Cell{{Time: in.At}, {Text: KindNames(p, in.Kinds), To: "/dlp/incidents/" + in.ID, Note: p.N("dlp.people", in.People)},
			{Text: p.T("dlp.way_" + string(in.Way))}, who(p, names, in.Staff), {Chip: chip(p, in.Verdict), Note: heldNote(p, in.Held)}}}
		if reviewed {
			row.Cells = append(row.Cells, web.Cell{Text: p.T("dlp.disposition_" + in.Disposition), Note: names[in.ReviewedBy]})
		}
		page.Table.Rows = append(page.Table.Rows, row)
	}
	return page
}

// heldNote says what became of a passage that was held.
func heldNote(p *i18n.Printer, held State) string {
	if held == "" {
		return ""
	}
	return p.T("dlp.held_" + string(held))
}

// who is what a writer is called; a way that does not know the writer of its passage stands for him itself.
func who(p *i18n.Printer, names map[string]string, id string) web.Cell {
	if name, known := names[id]; known {
		return web.Cell{Text: name}
	}
	if !strings.Contains(id, "_") {
		return web.Cell{Text: p.T("dlp.writer_unknown")}
	}
	return web.Cell{Text: id, Code: true}
}

func (s *Service) showIncident(r *web.Request) error {
	return s.incidentPage(r, http.StatusOK, nil, "")
}

func (s *Service) incidentPage(r *web.Request, status int, n *web.Notice, typed string) error {
	in, err := s.Incident(r.Context(), r.Actor, r.Path("incident"))
	if err != nil {
		return err
	}
	names, err := s.names(r.Context(), []Incident{in})
	if err != nil {
		return err
	}
	page := incidentPage(r.Printer(), s.inWords(r.Printer(), in), names, typed)
	page.Notice, page.StepUp = n, r.StepUp()
	return r.RenderStatus(status, page)
}

// inWords names what stands for values in the reader's language; it is kept in that of the text.
func (s *Service) inWords(p *i18n.Printer, in Incident) Incident {
	var names []string
	for _, k := range in.Kinds {
		for _, lang := range i18n.Langs() {
			for _, end := range []string{" ", "]"} {
				names = append(names, "["+s.o.Texts(lang).T("dlp.kind_"+k)+end, "["+p.T("dlp.kind_"+k)+end)
			}
		}
	}
	in.Evidence = strings.NewReplacer(names...).Replace(in.Evidence)
	return in
}

func factsOfIncident(p *i18n.Printer, in Incident) web.Facts {
	return web.Facts{
		{Label: p.T("dlp.col_at"), Time: in.At, Exact: true}, {Label: p.T("dlp.col_kinds"), Text: KindNames(p, in.Kinds)},
		{Label: p.T("dlp.col_way"), Text: p.T("dlp.way_" + string(in.Way))}, {Label: p.T("dlp.col_verdict"), Chip: chip(p, in.Verdict)},
	}
}

func incidentPage(p *i18n.Printer, in Incident, names map[string]string, typed string) DlpIncidentPage {
	staff := who(p, names, in.Staff)
	page := DlpIncidentPage{
		Evidence: in.Evidence,
		Facts: append(factsOfIncident(p, in), web.Fact{Label: p.T("dlp.to"), Text: p.T("dlp.to_" + string(in.Recipient))}, web.Fact{Label: p.T("dlp.people_field"), Text: p.Number(int64(in.People))},
			web.Fact{Label: p.T("dlp.col_staff"), Text: staff.Text}),
		Advice: web.Input{Name: "advice", Label: p.T("dlp.advice"), Type: "textarea", Value: typed, Max: maxAdvice, Required: true, Hint: p.T("dlp.advice_hint")},
	}
	if in.Customers > 0 {
		page.Facts = append(page.Facts, web.Fact{Label: p.T("dlp.customers"), Text: p.Number(int64(in.Customers))})
	}
	for _, subject := range in.Of {
		page.Whose = append(page.Whose, web.Link{To: "/subjects/" + subject + "/trail", Label: subject})
	}
	if more := in.Customers - len(in.Of); more > 0 && len(in.Of) > 0 {
		page.More = p.N("dlp.whose_more", more)
	}
	if in.Ref != "" {
		page.Facts = append(page.Facts, web.Fact{Label: p.T("dlp.ref"), Text: in.Ref})
	}
	if in.Why != "" {
		page.Facts = append(page.Facts, web.Fact{Label: p.T("dlp.why"), Text: in.Why})
	}
	switch in.Held {
	case "":
	case Waiting:
		page.Decide = "/dlp/incidents/" + in.ID + "/decide"
		page.Do = []web.Button{{Label: p.T("dlp.do_release"), Name: "do", Value: "release"}, {Label: p.T("dlp.do_refuse"), Style: "primary", Name: "do", Value: "refuse"}}
	default:
		carried := web.Fact{Label: p.T("dlp.carried"), Text: p.T("dlp.not_carried")}
		if !in.CarriedAt.IsZero() {
			carried = web.Fact{Label: p.T("dlp.carried"), Time: in.CarriedAt}
		}
		page.Facts = append(page.Facts, web.Fact{Label: p.T("dlp.held_by"), Text: who(p, names, in.HeldBy).Text}, web.Fact{Label: p.T("dlp.decision"), Text: heldNote(p, in.Held)},
			web.Fact{Label: p.T("dlp.held_at"), Time: in.HeldAt}, carried)
	}
	if in.Interaction != "" {
		page.Look = &web.Link{To: "/log?interaction=" + in.Interaction, Label: p.T("dlp.look")}
	}
	if in.Disposition != "" {
		page.Facts = append(page.Facts, web.Fact{Label: p.T("dlp.col_disposition"), Text: p.T("dlp.disposition_" + in.Disposition)}, web.Fact{Label: p.T("dlp.advice"), Text: in.Advice},
			web.Fact{Label: p.T("dlp.reviewed_by"), Text: names[in.ReviewedBy]}, web.Fact{Label: p.T("dlp.reviewed_at"), Time: in.ReviewedAt})
		if in.ReadAt.IsZero() {
			page.Facts = append(page.Facts, web.Fact{Label: p.T("dlp.read"), Text: p.T("dlp.not_read")})
		} else {
			page.Facts = append(page.Facts, web.Fact{Label: p.T("dlp.read"), Time: in.ReadAt})
		}
		return page
	}
	page.To = "/dlp/incidents/" + in.ID + "/review"
	for _, d := range Dispositions() {
		page.Dispositions = append(page.Dispositions, web.Choice{Value: d, Label: p.T("dlp.disposition_" + d)})
	}
	return page
}

func (s *Service) postReview(r *web.Request) error {
	var form struct {
		Disposition string `form:"disposition" choice:"habit needed false_alarm intent" required:"true"`
		Advice      string `form:"advice" max:"300" lines:"true" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	switch err := s.Review(r.Context(), r.Actor, r.Path("incident"), form.Disposition, form.Advice); errs.CodeOf(err) {
	case "":
		r.Flash("dlp.review_done")
		return r.Redirect("/dlp")
	case errAdvice.Code, errReviewed.Code, errOwn.Code:
		notice := r.Refusal(err)
		return s.incidentPage(r, web.Status(err), &notice, form.Advice)
	default:
		return err
	}
}

func (s *Service) postDecide(r *web.Request) error {
	var form struct {
		Do string `form:"do" choice:"release refuse" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	incident := r.Path("incident")
	switch err := s.Decide(r.Context(), r.Actor, incident, form.Do == "release"); errs.CodeOf(err) {
	case "":
		r.Flash("dlp.decide_done")
		return r.Redirect("/dlp/incidents/" + incident)
	case errDecided.Code, errOwn.Code:
		notice := r.Refusal(err)
		return s.incidentPage(r, web.Status(err), &notice, "")
	default:
		return err
	}
}

func (s *Service) showMine(r *web.Request) error {
	list, err := s.Mine(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	for i := range list {
		list[i] = s.inWords(r.Printer(), list[i])
	}
	return r.Render(minePage(r.Printer(), list))
}

func minePage(p *i18n.Printer, list []Incident) DlpMinePage {
	page := DlpMinePage{Empty: web.Empty{Title: p.T("dlp.mine_none"), Text: p.T("dlp.mine_none_next")}}
	for _, in := range list {
		one := OwnIncident{Facts: factsOfIncident(p, in), Evidence: in.Evidence, Advice: in.Advice}
		if in.Disposition != "" {
			one.Facts = append(one.Facts, web.Fact{Label: p.T("dlp.col_disposition"), Text: p.T("dlp.disposition_" + in.Disposition)})
			if in.ReadAt.IsZero() {
				one.Read = "/dlp/mine/" + in.ID + "/read"
			}
		}
		page.Incidents = append(page.Incidents, one)
	}
	return page
}

func (s *Service) postRead(r *web.Request) error {
	if err := s.Read(r.Context(), r.Actor, r.Path("incident")); err != nil {
		return err
	}
	r.Flash("dlp.read_done")
	return r.Redirect("/dlp/mine")
}

// NoteLook is what a note that is being typed would not hold any more.
type NoteLook struct{ Kinds string }

// postLook says what a note would not hold any more once it is kept. It is about the text alone, of no contact, and keeps nothing.
func (s *Service) postLook(r *web.Request) error {
	var form struct {
		Text string `form:"text" max:"4000" lines:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	j, err := s.Look(r.Context(), Passage{Way: Note, Recipient: Inside, By: r.Actor, Lang: r.Printer().Lang(), Text: form.Text})
	if err != nil {
		return err
	}
	return r.Fragment("dlp_look", NoteLook{Kinds: KindNames(r.Printer(), j.Replaced())})
}

// showRules shows the rules with those that wait for a decision, tried, or else with a deployment's own.
func (s *Service) showRules(r *web.Request) error {
	asked, waits, err := s.Asked(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	if waits {
		c, err := s.Simulate(r.Context(), r.Actor, asked)
		if err != nil {
			return s.rulesAnswer(r, err, rulesForm{Own: asked}, nil)
		}
		p := r.Printer()
		return s.rulesPage(r, http.StatusOK, &web.Notice{Tone: web.Info, Title: p.T("dlp.rules_waiting"), Text: p.T("dlp.rules_waiting_text")}, asked, "", &c)
	}
	now, err := s.Standing(r.Context())
	if now == nil {
		return err
	}
	return s.rulesPage(r, http.StatusOK, nil, now.own, "", nil)
}

func (s *Service) rulesPage(r *web.Request, status int, n *web.Notice, own, reason string, c *Change) error {
	now, err := s.Standing(r.Context())
	if now == nil {
		return err
	}
	if err != nil && n == nil {
		unsound := r.Refusal(err)
		n = &unsound
	}
	page := rulesPage(r.Printer(), now.List(), own, reason, c)
	if page.Notice == nil {
		page.Notice = n
	}
	page.StepUp = r.StepUp()
	return r.RenderStatus(status, page)
}

func rulesPage(p *i18n.Printer, list []Rule, own, reason string, c *Change) DlpRulesPage {
	page := DlpRulesPage{
		Own:    web.Input{Name: "own", Label: p.T("dlp.own"), Type: "textarea", Value: own, Max: maxRules, Hint: p.T("dlp.own_hint")},
		Reason: web.Input{Name: "reason", Label: p.T("dlp.reason"), Type: "textarea", Value: reason, Max: maxAdvice, Hint: p.T("dlp.reason_hint")},
	}
	page.Do = []web.Button{{Label: p.T("dlp.simulate"), Name: "do", Value: "simulate"}, {Label: p.T("dlp.propose"), Style: "primary", Name: "do", Value: "propose"}}
	for _, rule := range list {
		page.Rules = append(page.Rules, RuleInWords{Chip: *chip(p, rule.Verdict), Sentence: rule.Sentence[string(p.Lang())], ID: rule.ID, Cedar: rule.Cedar, Own: rule.Own})
	}
	if c == nil {
		return page
	}
	page.Tried = p.N("dlp.simulated", c.Passages)
	if c.Failed > 0 {
		page.Notice = &web.Notice{Tone: web.Bad, Title: p.N("dlp.rules_fail", c.Failed), Text: p.T("dlp.rules_fail.next")}
	}
	t := web.Table{Caption: p.T("dlp.simulation"), Columns: []web.Column{{Title: p.T("dlp.col_was")}, {Title: p.T("dlp.col_would")}, {Title: p.T("dlp.col_texts")}},
		Empty: web.Empty{Title: p.T("dlp.simulation_same"), Text: p.T("dlp.simulation_same_next")}}
	for _, was := range Verdicts() {
		for _, is := range Verdicts() {
			if n := c.Moves[[2]Verdict{was, is}]; n > 0 {
				t.Rows = append(t.Rows, web.Row{ID: string(was + "_" + is), Cells: []web.Cell{{Chip: chip(p, was)}, {Chip: chip(p, is)}, {Text: p.Number(int64(n))}}})
			}
		}
	}
	page.Simulated = &t
	return page
}

type rulesForm struct {
	Own    string `form:"own" max:"16384" lines:"true"`
	Reason string `form:"reason" max:"300" lines:"true"`
	Do     string `form:"do" choice:"simulate propose" required:"true"`
}

func (s *Service) postRules(r *web.Request) error {
	var form rulesForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	form.Own = strings.ReplaceAll(form.Own, "\r\n", "\n")
	if form.Do == "simulate" {
		c, err := s.Simulate(r.Context(), r.Actor, form.Own)
		return s.rulesAnswer(r, err, form, &c)
	}
	if err := s.Propose(r.Context(), r.Actor, form.Own, form.Reason); err != nil {
		return s.rulesAnswer(r, err, form, nil)
	}
	r.Flash("dlp.rules_asked")
	return r.Redirect("/dlp/rules")
}

func (s *Service) rulesAnswer(r *web.Request, err error, form rulesForm, c *Change) error {
	switch code := errs.CodeOf(err); {
	case code == "":
		return s.rulesPage(r, http.StatusOK, nil, form.Own, form.Reason, c)
	case strings.HasPrefix(code, "dlp.rules_"), code == "approval.reason_missing":
		notice := r.Refusal(err)
		return s.rulesPage(r, web.Status(err), &notice, form.Own, form.Reason, nil)
	default:
		return err
	}
}

type foundJSON struct {
	Kind       string   `json:"kind"`
	Start      int      `json:"start" doc:"Byte of the text"`
	End        int      `json:"end" doc:"Byte after the last"`
	Confidence int      `json:"confidence" doc:"Per cent"`
	Verdict    string   `json:"verdict" enum:"allow,alert,mask,ask,hold,block"`
	Rules      []string `json:"rules"`
}

type inspectInput struct {
	Body struct {
		Text       string `json:"text" minLength:"1" maxLength:"65536"`
		Recipient  string `json:"recipient" enum:"inside,customer,outside"`
		Controller string `json:"controller" maxLength:"40"`
		Language   string `json:"language,omitempty" enum:"id,en" doc:"Of the names that stand for masked values; Indonesian when left out"`
		Reason     string `json:"reason,omitempty" maxLength:"300" doc:"What the writer says when the verdict was ask; it holds no personal data"`
	}
}

type inspectOutput struct {
	Body struct {
		Verdict  string      `json:"verdict" enum:"allow,alert,mask,ask,hold,block"`
		Goes     bool        `json:"goes" doc:"Whether the text may go now"`
		People   int         `json:"people" doc:"How many persons the text tells of, at least"`
		Text     string      `json:"text" doc:"As it may go; empty when it does not"`
		Incident string      `json:"incident,omitempty" doc:"What is decided about a text that is held stands under this id in /dlp/decided"`
		Found    []foundJSON `json:"found"`
	}
}

type incidentJSON struct {
	ID          string     `json:"id"`
	Controller  string     `json:"controller"`
	Staff       string     `json:"staff" doc:"Whose text it was: a staff id or an API client's"`
	Interaction string     `json:"interaction,omitempty"`
	Way         string     `json:"way" enum:"note,message,program,mail,web,file"`
	Recipient   string     `json:"recipient" enum:"inside,customer,outside"`
	Verdict     string     `json:"verdict" enum:"alert,mask,ask,hold,block"`
	Held        string     `json:"held,omitempty" enum:"waiting,released,refused"`
	Ref         string     `json:"ref,omitempty" doc:"What the way calls it: the id in a mail's queue"`
	Kinds       []string   `json:"kinds"`
	Customers   int        `json:"customers,omitempty" doc:"How many customers of yours it tells of, at least"`
	Whose       []string   `json:"whose,omitempty" doc:"Ids of these customers, at most 200"`
	People      int        `json:"people"`
	At          time.Time  `json:"at"`
	Disposition string     `json:"disposition,omitempty"`
	ReviewedBy  string     `json:"reviewed_by,omitempty" doc:"Staff id"`
	ReviewedAt  *time.Time `json:"reviewed_at,omitempty"`
}

type incidentsInput struct {
	Reviewed bool `query:"reviewed" doc:"Those that were reviewed; otherwise those that wait"`
}

type incidentsOutput struct {
	Body struct {
		Items []incidentJSON `json:"items"`
	}
}

type decidedInput struct {
	Way string `query:"way" required:"true" enum:"program,mail,file" doc:"Of program and file the client's own; mail wants the scope mail as well"`
}

// decidedJSON is what a way needs to carry out a decision, and nothing of what was found: that would tell it whose the values are.
type decidedJSON struct {
	ID         string    `json:"id"`
	Controller string    `json:"controller"`
	Way        string    `json:"way" enum:"program,mail,file"`
	Held       string    `json:"held" enum:"released,refused"`
	Ref        string    `json:"ref,omitempty" doc:"What the way calls it: the id in a mail's queue"`
	HeldAt     time.Time `json:"held_at" doc:"When it was decided"`
}

type decidedOutput struct {
	Body struct {
		Items []decidedJSON `json:"items"`
	}
}

type incidentInput struct {
	Incident string `path:"incident" maxLength:"40"`
}

type decideInput struct {
	Incident string `path:"incident" maxLength:"40"`
	Body     struct {
		Release bool `json:"release" doc:"false refuses"`
	}
}

func (in Incident) json() incidentJSON {
	j := incidentJSON{ID: in.ID, Controller: in.Controller, Staff: in.Staff, Interaction: in.Interaction, Way: string(in.Way), Recipient: string(in.Recipient), Verdict: string(in.Verdict),
		Held: string(in.Held), Ref: in.Ref, Kinds: in.Kinds, Customers: in.Customers, Whose: in.Of, People: in.People, At: in.At, Disposition: in.Disposition, ReviewedBy: in.ReviewedBy}
	if !in.ReviewedAt.IsZero() {
		j.ReviewedAt = &in.ReviewedAt
	}
	return j
}

func (in Incident) decided() decidedJSON {
	return decidedJSON{in.ID, in.Controller, string(in.Way), string(in.Held), in.Ref, in.HeldAt}
}

type reviewInput struct {
	Incident string `path:"incident" maxLength:"40"`
	Body     struct {
		Disposition string `json:"disposition" enum:"habit,needed,false_alarm,intent"`
		Advice      string `json:"advice" minLength:"1" maxLength:"300" doc:"To the person whose text it was; sealed"`
	}
}

func (s *Service) operations(rt *web.Router) {
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/dlp/inspect", Summary: "Ask what is to be done with a text before it is sent on; an incident is written when it is more than to let it go",
		Access: web.Access{Scope: "inspect", Alone: true}, Unkeyed: "asking again judges again"},
		func(ctx context.Context, c web.Call, in *inspectInput) (*inspectOutput, error) {
			lang := i18n.ID
			if in.Body.Language == string(i18n.EN) {
				lang = i18n.EN
			}
			j, err := s.Inspect(ctx, Passage{Way: Program, Recipient: Recipient(in.Body.Recipient), By: c.Actor, Controller: in.Body.Controller, Lang: lang,
				Text: in.Body.Text, Reason: in.Body.Reason})
			out := &inspectOutput{}
			j = j.Told()
			out.Body.Verdict, out.Body.Goes, out.Body.People, out.Body.Text, out.Body.Incident, out.Body.Found = string(j.Verdict), j.Goes(), j.People, j.Text, j.Incident, []foundJSON{}
			for _, f := range j.Found {
				out.Body.Found = append(out.Body.Found, foundJSON{f.Kind, f.Start, f.End, f.Confidence, string(f.Verdict), append([]string{}, f.Rules...)})
			}
			return out, err
		})
	reads, changes := web.Access{Roles: reviewers, Scope: "audit"}, web.Access{Roles: reviewers, Fresh: true}
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/dlp/incidents", Summary: "Texts about which more was done than to let them go; kinds and counts, no values", Access: reads},
		func(ctx context.Context, c web.Call, in *incidentsInput) (*incidentsOutput, error) {
			list, err := s.Incidents(ctx, c.Actor, in.Reviewed)
			out := &incidentsOutput{}
			out.Body.Items = []incidentJSON{}
			for _, one := range list {
				out.Body.Items = append(out.Body.Items, one.json())
			}
			return out, err
		})
	ways := web.Access{Scope: "inspect", Alone: true}
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/dlp/decided", Summary: "Passages of a way that were held and are decided now, until the way says that it has carried the decision out", Access: ways},
		func(ctx context.Context, c web.Call, in *decidedInput) (*decidedOutput, error) {
			list, err := s.Decided(ctx, c.Actor, Way(in.Way))
			out := &decidedOutput{}
			out.Body.Items = []decidedJSON{}
			for _, one := range list {
				out.Body.Items = append(out.Body.Items, one.decided())
			}
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/dlp/incidents/{incident}/carried", Summary: "Say that the way has done what was decided about a passage that was held", Access: ways, Idempotent: true},
		func(ctx context.Context, c web.Call, in *incidentInput) (*struct{}, error) {
			return nil, s.Carried(ctx, c.Actor, in.Incident, func(tx *db.Tx) error { return c.Settle(tx, &struct{}{}) })
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/dlp/incidents/{incident}/decide", Summary: "Let a passage go that was held for a second person, or refuse it", Access: changes, Idempotent: true},
		func(ctx context.Context, c web.Call, in *decideInput) (*struct{}, error) {
			return nil, s.Decide(ctx, c.Actor, in.Incident, in.Body.Release, func(tx *db.Tx) error { return c.Settle(tx, &struct{}{}) })
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/dlp/incidents/{incident}/review", Summary: "Say what an incident turned out to be, with advice to the person whose text it was", Access: changes, Idempotent: true},
		func(ctx context.Context, c web.Call, in *reviewInput) (*struct{}, error) {
			return nil, s.Review(ctx, c.Actor, in.Incident, in.Body.Disposition, in.Body.Advice, func(tx *db.Tx) error { return c.Settle(tx, &struct{}{}) })
		})
}

// fixtures fill every page with made-up values, for the tests and the gallery.
func fixtures(p *i18n.Printer) []web.Fixture {
	const hostile = `"><script>alert(1)</script>`
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	names := map[string]string{"stf_1": "Rina Wulandari", "stf_2": "Bagas Pradana"}
	say := func(id, en string) string { return map[i18n.Lang]string{i18n.ID: id, i18n.EN: en}[p.Lang()] }
	waits := Incident{ID: "lek_01k9xq3v7me8t0000z9w2h4r6n", Controller: "ctl_1", Staff: "stf_1", Interaction: "itx_01k9xq3v7me8t0000z9w2h4r6n", Way: Note, Recipient: Inside, Verdict: Mask,
		Kinds: []string{pii.NIK.String(), pii.Phone.String()}, People: 1, At: now, Evidence: say("pelanggan minta dicek [NIK ****0007] lalu hubungi [telepon ****3607]", "customer asks to check [NIK ****0007] then call [phone ****3607]")}
	blocked := waits
	blocked.ID, blocked.Way, blocked.Recipient, blocked.Verdict, blocked.Kinds, blocked.Staff = "lek_01k9xq3v7me8t0000z9w2h4r6p", Program, Outside, Block, []string{pii.Card.String()}, "cli_01k9xq3v7me8t0000z9w2h4r6n"
	blocked.Interaction, blocked.People = "", 12
	held := blocked
	held.ID, held.Way, held.Verdict, held.Ref, held.Held, held.Staff, held.People, held.Kinds = "lek_01k9xq3v7me8t0000z9w2h4r6q", Mail, Hold, "4b7Qx1F2z8", Waiting, "stf_1", 200, []string{pii.NIK.String(), known.Name, NotInspected}
	held.Customers, held.Of = 3, []string{"sub_01k9xq3v7me8t0000z9w2h4r6n", "sub_01k9xq3v7me8t0000z9w2h4r6p"}
	released := held
	released.Held, released.HeldBy, released.HeldAt = Released, "stf_2", now.Add(time.Hour)
	asked := waits
	asked.Way, asked.Recipient, asked.Verdict, asked.Why = Written, Customer, Ask, say("pelanggan meminta nomor tiketnya", "the customer asked for the number of the ticket")
	done := waits
	done.Disposition, done.Advice, done.ReviewedBy, done.ReviewedAt = "habit", say("Nomor pelanggan sudah ada di layar; tidak perlu dicatat lagi.", "The customer's number is on the screen; it need not be noted again."), "stf_2", now
	read := done
	read.ReadAt = now.Add(time.Hour)
	odd := done
	odd.Evidence, odd.Advice = hostile, hostile
	oddNames := map[string]string{"stf_1": hostile, "stf_2": hostile}
	rules, _ := ReadRules("") // held by a test
	change := &Change{Passages: 240, Moves: map[[2]Verdict]int{{Allow, Block}: 12, {Alert, Mask}: 3}}
	refused := rulesPage(p, rules.List(), "forbid (principal, action, resource);", "", nil)
	refused.Notice = &web.Notice{Tone: web.Warn, Title: p.T("dlp.rules_unsound", "rule", "#1", "why", i18n.Texts{"dlp.why_no_id"}), Text: p.T("dlp.rules_unsound.next")}
	waiting := rulesPage(p, rules.List(), "forbid (principal, action, resource);", "", change)
	waiting.Notice = &web.Notice{Tone: web.Info, Title: p.T("dlp.rules_waiting"), Text: p.T("dlp.rules_waiting_text")}
	own := slices.Clone(rules.List())
	own[0].Own = true
	own[0].Sentence = map[string]string{"id": hostile, "en": hostile}
	stepped := incidentPage(p, waits, names, "")
	stepped.StepUp = "/second-factor?next=%2Fdlp"
	return []web.Fixture{
		{Name: "empty", Role: actor.Security, Page: listPage(p, nil, names, false)},
		{Name: "ordinary", Role: actor.Security, Page: listPage(p, []Incident{held, waits, blocked}, names, false)},
		{Name: "reviewed", Role: actor.Security, Page: listPage(p, []Incident{done}, names, true)},
		{Name: "hostile", Role: actor.Security, Page: listPage(p, []Incident{waits}, oddNames, false), Hostile: []string{hostile}},
		{Name: "empty", Role: actor.Security, Page: stepped},
		{Name: "ordinary", Role: actor.Security, Page: incidentPage(p, waits, names, "")},
		{Name: "held", Role: actor.Security, Page: incidentPage(p, held, names, "")},
		{Name: "released", Role: actor.Security, Page: incidentPage(p, released, names, "")},
		{Name: "asked", Role: actor.Security, Page: incidentPage(p, asked, names, "")},
		{Name: "reviewed", Role: actor.Security, Page: incidentPage(p, read, names, "")},
		{Name: "hostile", Role: actor.Security, Page: incidentPage(p, odd, oddNames, ""), Hostile: []string{hostile}},
		{Name: "empty", Role: actor.Agent, Page: minePage(p, nil)},
		{Name: "ordinary", Role: actor.Agent, Page: minePage(p, []Incident{waits, done, read})},
		{Name: "hostile", Role: actor.Agent, Page: minePage(p, []Incident{odd}), Hostile: []string{hostile}},
		{Name: "look", Fragment: "dlp_look", Role: actor.Agent, Page: NoteLook{Kinds: KindNames(p, waits.Kinds)}},
		{Name: "empty", Role: actor.DPO, Page: rulesPage(p, rules.List(), "", "", &Change{})},
		{Name: "ordinary", Role: actor.DPO, Page: rulesPage(p, rules.List(), "", "", change)},
		{Name: "failing", Role: actor.DPO, Page: rulesPage(p, rules.List(), "forbid (principal, action, resource);", "", &Change{Passages: 240, Failed: 3, Moves: map[[2]Verdict]int{{Mask, Block}: 3}})},
		{Name: "waiting", Role: actor.DPO, Page: waiting},
		{Name: "refused", Role: actor.DPO, Page: refused},
		{Name: "hostile", Role: actor.DPO, Page: rulesPage(p, own, hostile, hostile, nil), Hostile: []string{hostile}},
	}
}
