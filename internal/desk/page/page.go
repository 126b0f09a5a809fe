package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/consent"
	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/internal/web"
)

// HomePage is the agent's list: what rings, what is his, and a contact by hand.
type HomePage struct {
	Rings       RingList
	Controllers []web.Choice
	Form        []web.Input
}

// RingList is the live part of the home page.
type RingList struct {
	Waiting []RingRow
	Mine    []RingRow
}

// RingRow is one contact in a list.
type RingRow struct {
	ID     string
	Queue  string
	Number string
	State  web.Chip
	Match  *web.Chip
	Risks  []web.Chip
	Since  time.Time
	Open   *web.Link
	Accept *web.Action
}

// CallPage is the screen of one call. What a state does not allow is not on it.
type CallPage struct {
	ID        string
	Mine      bool
	Live      bool
	Language  i18n.Lang   // in which the customer is spoken and written to
	Speak     *web.Action // changes it
	State     string      // for the colour of the whole screen
	Stamp     string      // of what it was made from
	Title     string
	Since     time.Time // the clock of the call counts from here; zero when it is over
	About     []string  // queue, purpose
	Head      []web.Chip
	Steps     []Step
	Notice    *web.Notice
	Accept    *web.Action
	Script    string
	Check     string // to say when whoever was called asks whether it is really us
	Purposes  []web.Action
	Search    []web.Input
	Callers   *web.Action
	Searched  bool
	Hits      []HitRow
	More      bool
	Attempt   *Attempt
	Links     []web.Action
	Second    *Second
	Passkeys  []PasskeyRow // of the customer, who may end them
	EndAll    *web.Action
	Questions []Ask
	Proven    bool // enough for the purpose: what else could be proven steps back
	Moves     []web.Action
	Hand      *web.Link    // leads to the colleagues
	Transfer  []web.Choice // the colleagues, once asked for
	Alone     bool         // asked for, and there is none
	Finish    *web.Action  // ends and seals at once
	Reasons   []web.Choice
	Asking    *ConsentRow  // the purpose of the call, until the customer has agreed to it
	Acts      *web.Link    // leads to what is done without showing: collect, change of a contact
	Speaks    *web.Link    // leads to who may speak for the customer
	Help      string       // how the customer is spoken with
	Consent   *web.Link    // leads to what the customer said about each
	Consents  []ConsentRow // every other one that rests on consent
	Opened    bool         // they were asked for
	Boss      *BossForm    // a supervisor must decide first
	Lines     []Line
	Left      string
	Receipt   string
	Letter    *Letter
	Say       []SayRow
	Voicemail string // the only sentence for an answering machine
	Write     *WriteForm
	Note      *NoteForm
	Done      web.Facts
	Closing   []web.Choice

	said    *i18n.Printer // what the customer hears and reads, in Language
	company string
}

// Step is one of the moments of a call, as the strip at the head shows them.
type Step struct {
	Name string
	Now  bool
	Past bool
}

// BossForm asks a supervisor to decide what the agent may not decide alone: that a protected person is served, or that more
// customers are opened in this shift.
type BossForm struct {
	To, Title, Text string
	Reason          web.Input
}

// bosses are the refusals that a supervisor can lift, with where he is asked.
var bosses = map[string]string{"gate.four_eyes": "four-eyes", "gate.breadth_spent": "raise"}

// boss is the form for the first of these refusals.
func (page *CallPage) boss(p *i18n.Printer, fields []desk.FieldView) {
	for _, f := range fields {
		for _, e := range []*errs.E{f.Why, f.May[gate.Reveal], f.May[gate.Compare]} {
			if e == nil || bosses[e.Code] == "" {
				continue
			}
			to := bosses[e.Code]
			page.Boss = &BossForm{To: "/calls/" + page.ID + "/" + to, Title: p.T("desk.ask_" + strings.ReplaceAll(to, "-", "_")), Text: p.T(e.Code),
				Reason: web.Input{ID: "boss-reason", Name: "reason", Label: p.T("desk.ask_reason"), Type: "text", Max: 300, Required: true, Key: "w"}}
			return
		}
	}
}

// HitRow is a customer that a search found, by the masked form of what matched.
type HitRow struct {
	Text string
	Bind web.Action
}

// Attempt is a link that was sent: the number to read out, and what became of it.
type Attempt struct {
	Number string // of the link that waits for an answer
	State  web.Chip
	Say    string
}

// Second is how a second member of staff is asked, what came of it, and how the contact counts as a call back.
type Second struct {
	State  *web.Chip
	Text   string
	Reason *web.Input // nil while one is asked, and once one agreed
	Back   *web.Action
	Called *web.Chip // the call back counts
}

// PasskeyRow is one passkey of the customer's: since when, and used when. Nothing says what device it is on.
type PasskeyRow struct {
	Text string
	End  *web.Action // nil where there is one alone, which EndAll ends
}

// Ask is one question from the account's history.
type Ask struct {
	ID, Call string
	Said     web.Input // its label is the question
}

// Line is one value of the masked view, or a field without one, with its verbs.
type Line struct {
	ID      string
	Call    string
	Field   string
	Label   string
	Value   web.Masked
	Why     string
	Reveal  *web.Action
	Resend  *web.Action
	Compare *web.Input
	Receipt string
}

// Letter is what Resend sends, for the agent to read before sending it.
type Letter struct{ Subject, Body, SMS string }

// Outcome is what a compare or an act says, in place.
type Outcome struct {
	ID      string
	Notice  *web.Notice
	Receipt string
}

// NoteForm is where a note is typed, and where those of the call are read; it is not touched by what else changes on
// the page.
type NoteForm struct {
	Call     string
	Text     web.Input
	Kept     string
	Replaced *web.Notice
	Read     *web.Action
	Why      string // why they cannot be read now
	Open     *OpenNotes
}

// OpenNotes are the notes of the call for RemaskNotesAfter.
type OpenNotes struct {
	List    []NoteRow
	Seconds int
	Mask    string
	Mark    string
	Receipt string
}

// NoteRow is one note: who wrote it, when, and what.
type NoteRow struct {
	By   string
	At   time.Time
	Text string
}

var tones = map[interaction.State]web.Tone{
	interaction.Offered: web.Info, interaction.Connected: web.Info, interaction.Identified: web.Info, interaction.Verifying: web.Warn,
	interaction.Serving: web.Good, interaction.Capture: web.Private, interaction.Held: web.Warn,
	interaction.Wrapup: web.Neutral, interaction.Sealed: web.Neutral, interaction.Refused: web.Bad, interaction.Frozen: web.Bad, interaction.Abandoned: web.Neutral,
}

func stateChip(p *i18n.Printer, s interaction.State) web.Chip {
	return web.Chip{Tone: tones[s], Text: p.T("desk.state_" + string(s))}
}

func levelChip(p *i18n.Printer, level int) web.Chip {
	return web.Chip{Tone: []web.Tone{web.Neutral, web.Info, web.Good, web.Good}[min(max(level, 0), 3)], Text: p.T(fmt.Sprintf("desk.level_%d", level))}
}

func ringRow(p *i18n.Printer, v interaction.View, waiting bool, key string) RingRow {
	row := RingRow{ID: v.ID, Queue: v.Queue, Number: v.Number, State: stateChip(p, v.State), Since: v.Started}
	if v.Match != "" {
		row.Match = &web.Chip{Tone: web.Info, Text: p.T("desk.match_" + v.Match)}
	}
	for _, risk := range v.Risks {
		row.Risks = append(row.Risks, web.Chip{Tone: web.Warn, Text: p.T("desk.risk_" + risk)})
	}
	if waiting {
		row.Accept = &web.Action{To: "/calls/" + v.ID + "/accept", Button: web.Button{Style: "primary", Label: p.T("desk.accept"), Key: key}}
	} else {
		row.Open = &web.Link{To: "/calls/" + v.ID, Label: p.T("desk.open"), Key: key}
	}
	return row
}

func rings(p *i18n.Printer, waiting, mine []interaction.View) (l RingList) {
	// What a colleague hands over comes first: the customer is on hold.
	waiting = slices.Clone(waiting)
	slices.SortStableFunc(waiting, func(a, b interaction.View) int {
		switch {
		case a.Handed == b.Handed:
			return 0
		case a.Handed:
			return -1
		}
		return 1
	})
	for i, v := range waiting {
		key := ""
		if i == 0 {
			key = "Enter"
		}
		l.Waiting = append(l.Waiting, ringRow(p, v, true, key))
	}
	for i, v := range mine {
		key := ""
		if i < 9 {
			key = fmt.Sprint(i + 1)
		}
		l.Mine = append(l.Mine, ringRow(p, v, false, key))
	}
	return l
}

func startInputs(p *i18n.Printer, controllers []web.Choice) []web.Input {
	choices := func(prefix string, values ...string) (list []web.Choice) {
		for i, v := range values {
			list = append(list, web.Choice{Value: v, Label: p.T(prefix + v), Selected: i == 0})
		}
		return list
	}
	return []web.Input{
		{Name: "controller", Label: p.T("desk.controller"), Type: "select", Choices: controllers, Required: true},
		{Name: "channel", Label: p.T("desk.channel"), Type: "select", Choices: choices("desk.channel_", "phone", "chat", "email"), Required: true},
		{Name: "direction", Label: p.T("desk.direction"), Type: "select", Choices: choices("desk.direction_", "inbound", "outbound"), Required: true},
		{Name: "number", Label: p.T("desk.number"), Type: "tel", Hint: p.T("desk.number_hint"), Max: 32},
		{Name: "case", Label: p.T("desk.case"), Type: "text", Max: 64},
	}
}

// frame fills what every state shows: where the call stands, and the moves from there. p writes what the agent reads,
// said what the customer hears and reads.
func frame(p, said *i18n.Printer, v interaction.View, now time.Time) CallPage {
	page := CallPage{ID: v.ID, said: said, Language: said.Lang(), State: string(v.State), Head: []web.Chip{stateChip(p, v.State)},
		Title: p.T("desk.title_" + string(v.Channel) + "_" + string(v.Direction)), About: []string{v.Queue}}
	if v.Number != "" {
		page.Title += " · " + v.Number
	}
	if !v.State.Ended() && v.State != interaction.Wrapup {
		page.Since = v.Started
	}
	if v.Identified && !v.State.Ended() && v.State != interaction.Wrapup {
		page.Head = append(page.Head, levelChip(p, v.Level))
	}
	for _, risk := range v.Risks {
		page.Head = append(page.Head, web.Chip{Tone: web.Warn, Text: p.T("desk.risk_" + risk)})
	}
	order := []string{"greet", "identify", "verify", "serve", "wrapup"}
	at := map[interaction.State]int{interaction.Offered: -1, interaction.Connected: 0, interaction.Identified: 2, interaction.Verifying: 2,
		interaction.Serving: 3, interaction.Capture: 3, interaction.Held: 3, interaction.Wrapup: 4,
		interaction.Sealed: 5, interaction.Refused: 5, interaction.Frozen: 5, interaction.Abandoned: 5}[v.State]
	if v.State == interaction.Connected && v.Purpose != "" {
		at = 1
	}
	if v.State == interaction.Frozen || v.State == interaction.Refused || v.State == interaction.Abandoned {
		order = nil // it did not go its way
	}
	for i, name := range order {
		page.Steps = append(page.Steps, Step{Name: p.T("desk.step_" + name), Now: i == at, Past: i < at})
	}
	if v.State == interaction.Offered || v.Handed || v.Released {
		page.Accept = &web.Action{To: "/calls/" + v.ID + "/accept", Button: web.Button{Style: "primary", Label: p.T("desk.accept"), Key: "Enter"}}
	}
	move := func(m, key, style string) {
		page.Moves = append(page.Moves, web.Action{To: "/calls/" + v.ID + "/move", Swap: "#call", Hidden: []web.Hidden{{Name: "move", Value: m}},
			Button: web.Button{Label: p.T("desk.move_" + m), Key: key, Style: style, Again: m == string(interaction.Disconnect)}})
	}
	pos := interaction.Position{State: v.State}
	if v.State == interaction.Held {
		pos.Back = interaction.Serving
	}
	for _, m := range []struct {
		move       interaction.Move
		key, style string
	}{{interaction.Serve, "w", "quiet"}, {interaction.Hold, "h", "quiet"}, {interaction.Resume, "h", "primary"}, {interaction.Lower, "o", "quiet"}, {interaction.Disconnect, "e e", "danger"}} {
		if m.move == interaction.Serve && v.State == interaction.Serving || m.move == interaction.Hold && v.State == interaction.Capture {
			continue
		}
		if to, ok := interaction.Next(pos, m.move); ok && !(v.State == interaction.Offered) && (to.State != v.State || m.move == interaction.Lower) {
			move(string(m.move), m.key, m.style)
		}
	}
	if v.State.InService() {
		page.Finish = &web.Action{To: "/calls/" + v.ID + "/seal", Hidden: []web.Hidden{{Name: "disposition", Value: interaction.Dispositions()[0]}},
			Button: web.Button{Label: p.T("desk.finish", "disposition", p.T("desk.disposition_"+interaction.Dispositions()[0])), Key: "e Enter", Again: true}}
		page.Hand = &web.Link{To: "/calls/" + v.ID + "/transfer", Label: p.T("desk.transfer"), Key: "x"}
		page.Acts = &web.Link{To: "/calls/" + v.ID + "/acts", Label: p.T("desk.acts"), Key: "d"}
	}
	if v.State == interaction.Capture {
		page.Hand = nil
		page.Acts = &web.Link{To: "/calls/" + v.ID + "/capture", Label: p.T("desk.capture"), Key: "d"}
		page.Notice = &web.Notice{Tone: web.Private, Title: p.T("desk.capturing"), Text: p.T("desk.capturing_next")}
	}
	if v.State.Talking() {
		other := map[bool]string{true: "id", false: "en"}[v.Language == "en"]
		page.Speak = &web.Action{To: "/calls/" + v.ID + "/language", Swap: "#call", Hidden: []web.Hidden{{Name: "language", Value: other}},
			Button: web.Button{Label: p.T("desk.speak_" + other), Key: "i", Style: "quiet"}}
		for _, reason := range interaction.Reasons() {
			page.Reasons = append(page.Reasons, web.Choice{Value: reason, Label: p.T("desk.reason_" + reason)})
		}
	}
	if v.State == interaction.Frozen {
		page.Notice = &web.Notice{Tone: web.Bad, Title: p.T("desk.frozen"), Text: p.T("desk.frozen_next"), Say: said.T("desk.frozen_say"), In: said.Lang()}
	}
	if v.State.Talking() && !v.Fresh && now.Sub(v.Changed) > interaction.HeartbeatLimit {
		page.Notice = &web.Notice{Tone: web.Warn, Title: p.T("desk.stale"), Text: p.T("desk.stale_next")}
	}
	return page
}

// notResumed says that a call's recorder has not gone on after a capture.
func notResumed(p *i18n.Printer) *web.Notice {
	return &web.Notice{Tone: web.Bad, Title: p.T("desk.not_resumed"), Text: p.T("desk.not_resumed_next")}
}

// purposes fills the greeting: the purposes to choose from, or the script of the chosen one.
func (page *CallPage) purposes(p *i18n.Printer, v interaction.View, list []purpose.Purpose, fill *strings.Replacer) {
	lang := string(p.Lang())
	for _, one := range list {
		if one.ID == v.Purpose {
			page.Script = fill.Replace(one.Script[string(page.Language)])
			said := page.said
			args := []any{"company", fill.Replace("{company}"), "purpose", one.Name[string(page.Language)], "time", said.DateTime(v.Started)}
			page.Letter = &Letter{said.T("desk.resend.subject", args[:2]...), said.T("desk.resend.body", args...), said.T("desk.resend.sms", args...)}
			page.About = append(page.About, one.Name[lang])
		}
	}
	if page.Mine && v.Purpose == "" && v.State.Talking() {
		n := 0
		for _, one := range list {
			if one.Status != purpose.Active {
				continue
			}
			n++
			key := ""
			if n < 10 {
				key = fmt.Sprint(n)
			}
			page.Purposes = append(page.Purposes, web.Action{To: "/calls/" + v.ID + "/purpose", Swap: "#call", Hidden: []web.Hidden{{Name: "purpose", Value: one.ID}},
				Button: web.Button{Label: one.Name[lang], Key: key}})
		}
	}
	if page.Mine && v.Purpose != "" && !v.Identified && v.State.Talking() {
		kinds := make([]web.Choice, 0, len(desk.Kinds()))
		for _, k := range desk.Kinds() {
			kinds = append(kinds, web.Choice{Value: string(k), Label: p.T("desk.by_" + string(k))})
		}
		page.Search = []web.Input{
			{Name: "by", Label: p.T("desk.by"), Type: "select", Choices: kinds, Required: true},
			{Name: "value", Label: p.T("desk.search_value"), Type: "search", Max: 200, Required: true, Key: "f"},
		}
		if v.Match == "one" || v.Match == "many" {
			page.Callers = &web.Action{To: "/calls/" + v.ID + "/callers", Swap: "#call", Button: web.Button{Style: "primary", Label: p.T("desk.callers"), Key: "n"}}
		}
	}
}

// hits fills the outcome of a search.
func (page *CallPage) hits(p *i18n.Printer, found desk.Found) {
	page.Searched, page.More = true, found.More
	for i, h := range found.Hits {
		var parts []string
		for _, v := range h.Values {
			parts = append(parts, v.Mask)
		}
		row := HitRow{Text: strings.Join(parts, " · "), Bind: web.Action{To: "/calls/" + page.ID + "/identify", Swap: "#call",
			Hidden: []web.Hidden{{Name: "subject", Value: h.Subject}}, Button: web.Button{Label: p.T("desk.bind"), Key: fmt.Sprint(i + 1)}}}
		if row.Text == "" {
			row.Text = p.T("desk.hit_hidden")
		}
		page.Hits = append(page.Hits, row)
	}
}

var attemptTones = map[verification.State]web.Tone{
	verification.Sent: web.Info, verification.Opened: web.Info, verification.Confirmed: web.Good, verification.Mismatch: web.Bad,
	verification.Declined: web.Warn, verification.Denied: web.Bad, verification.Expired: web.Neutral, verification.Withdrawn: web.Neutral,
}

// verify fills the ways to prove and what became of the last link.
func (page *CallPage) verify(p *i18n.Printer, st verification.Status) {
	page.Proven = st.Level >= verification.V2
	if len(st.Attempts) > 0 {
		a := st.Attempts[0]
		page.Attempt = &Attempt{State: web.Chip{Tone: attemptTones[a.State], Text: p.T("desk.attempt_" + string(a.State))}}
		if a.State.Answerable() {
			page.Attempt.Number = fmt.Sprintf("%02d", a.Number)
			page.Attempt.Say = page.said.T("desk.link_say", "number", page.Attempt.Number)
		}
	}
	if st.Level < verification.V3 {
		to := contacts(p, st.Links)
		for i, w := range st.Links {
			if w.Reaches == 0 {
				continue
			}
			key, style := "", ""
			if i == 0 {
				key = "v"
				if page.Attempt == nil || page.Attempt.Number == "" {
					style = "primary"
				}
			}
			page.Links = append(page.Links, web.Action{To: "/calls/" + page.ID + "/link", Swap: "#call", Hidden: []web.Hidden{{Name: "value", Value: w.Value}},
				Button: web.Button{Style: style, Label: p.T("desk.send_link", "contact", to[i], "level", w.Reaches), Key: key}})
		}
	}
	page.passkeys(p, st)
	if st.Level >= verification.V2 && st.Level < verification.V4 || st.Second.State == "approved" {
		page.second(p, st)
	}
	if !st.Locked.IsZero() {
		page.Notice = &web.Notice{Tone: web.Warn, Title: p.T("desk.locked"), Text: p.T("desk.locked_next", "until", p.DateTime(st.Locked))}
	}
}

// represented says through whom the customer speaks and how, and leads to where that is chosen.
func (page *CallPage) represented(p *i18n.Printer, speaker, assistance string) {
	if speaker != "" {
		page.Head = append(page.Head, web.Chip{Tone: web.Warn, Text: speaker})
	}
	page.Help = assistance
	page.Speaks = &web.Link{To: "/calls/" + page.ID + "/representatives", Label: p.T("desk.representatives"), Key: "l"}
}

// contacts names the contacts that a link can go to; two of one field by since when they are registered.
func contacts(p *i18n.Printer, links []verification.Way) []string {
	of := map[string][]time.Time{}
	for _, w := range links {
		of[w.Contact] = append(of[w.Contact], w.Since)
	}
	since := map[string][]string{}
	for contact, days := range of {
		since[contact] = p.Apart(days, "–")
	}
	out := make([]string, len(links))
	for i, w := range links {
		if out[i] = p.T("desk.contact_" + w.Contact); len(of[w.Contact]) > 1 {
			out[i] = p.T("desk.contact_since", "contact", out[i], "since", since[w.Contact][0])
		}
		since[w.Contact] = since[w.Contact][1:]
	}
	return out
}

var decisionTones = map[string]web.Tone{"asked": web.Info, "approved": web.Good, "refused": web.Warn, "stopped": web.Bad}

// second fills what the gravest acts need beside the customer's own proof.
func (page *CallPage) second(p *i18n.Printer, st verification.Status) {
	d := st.Second
	page.Second = &Second{}
	if d.State != "" {
		page.Second.State = &web.Chip{Tone: decisionTones[d.State], Text: p.T("desk.second_" + d.State)}
		page.Second.Text = p.T("desk.second_"+d.State+"_next", "until", p.DateTime(d.Until))
	}
	if d.State != "asked" && d.State != "approved" {
		page.Second.Reason = &web.Input{ID: "f-second", Name: "reason", Label: p.T("desk.second_reason"), Type: "text", Max: 200, Required: true, Key: "s"}
	}
	if st.Called {
		page.Second.Called = &web.Chip{Tone: web.Good, Text: p.T("desk.called_back")}
		if d.State == "approved" && st.Level < verification.V4 { // it was weighed before the notice left
			page.Second.Text = p.T("desk.called_back_again")
		}
	}
	if st.CallBack {
		page.Second.Back = &web.Action{To: "/calls/" + page.ID + "/call-back", Swap: "#call", Button: web.Button{Label: p.T("desk.call_back"), Key: "c"}}
	}
}

// passkeys fills those that the agent may end, for a customer who lost a device and proved who he is by other means.
func (page *CallPage) passkeys(p *i18n.Printer, st verification.Status) {
	to := "/calls/" + page.ID + "/passkeys/end"
	for i, k := range st.Passkeys {
		text := p.T("desk.passkey_unused", "since", p.Date(k.Registered))
		if !k.Used.IsZero() {
			text = p.T("desk.passkey_used", "since", p.Date(k.Registered), "used", p.Date(k.Used))
		}
		row := PasskeyRow{Text: text}
		if len(st.Passkeys) > 1 {
			row.End = &web.Action{To: to, Swap: "#call", Hidden: []web.Hidden{{Name: "key", Value: k.ID}},
				Button: web.Button{Style: "danger", Label: p.T("desk.passkey_end"), Key: "k " + string(rune('a'+i)), Again: true}}
		}
		page.Passkeys = append(page.Passkeys, row)
	}
	if len(st.Passkeys) > 0 {
		page.EndAll = &web.Action{To: to, Swap: "#call", Button: web.Button{Style: "danger", Label: p.N("desk.passkey_end_all", len(st.Passkeys)), Key: "k k", Again: true}}
	}
}

// ask fills the questions from the account's history, as they are read out; the answers are never on the page.
func (page *CallPage) ask(itx string, qs []verification.Question) {
	for i, q := range qs {
		if q.Asked {
			continue
		}
		key := ""
		if len(page.Questions) == 0 {
			key = "q"
		}
		page.Questions = append(page.Questions, Ask{ID: q.Kind, Call: itx,
			Said: web.Input{ID: fmt.Sprintf("answer-%d", i), Name: "said", Label: verification.QuestionText(page.said, q.Kind), In: page.Language, Type: "text", Max: 200, Required: true, Key: key}})
	}
}

// line is one row of the masked view.
func line(p *i18n.Printer, itx string, label catalog.Text, v desk.Value) Line {
	l := Line{ID: "line-" + v.ID, Call: itx, Field: v.Field, Label: label.ID, Value: web.Masked{Text: v.Mask}}
	if p.Lang() == i18n.EN {
		l.Label = label.EN
	}
	return l
}

// open shows the value for RemaskAfter.
func (l *Line) open(p *i18n.Printer, v desk.Value, out desk.Revealed, mark string) {
	l.Value = web.Masked{Text: v.Text, Open: true, Seconds: int(desk.RemaskAfter / time.Second), Mask: v.Mask, Mark: mark}
	l.Receipt = receiptText(p, out.Receipt) + " · " + p.N("desk.left", out.Left)
}

func receiptText(p *i18n.Printer, r desk.Receipt) string {
	return p.T("desk.receipt", "index", r.Index)
}

// fields fills the masked view with the verbs that each field allows now.
func (page *CallPage) fields(p *i18n.Printer, v desk.View) {
	page.Left, page.Receipt = p.N("desk.left", v.Left), receiptText(p, v.Receipt)
	page.boss(p, v.Fields)
	letter := 'a'
	for _, f := range v.Fields {
		values := f.Values
		if absent(f) {
			continue
		}
		if len(values) == 0 {
			values = []desk.Value{{ID: f.Field.Name, Field: f.Field.Name, Mask: catalog.Hidden}}
		}
		for i, value := range values {
			page.Lines = append(page.Lines, row(p, page.ID, f, value, string(letter), i == 0))
			letter++
		}
	}
}

// row is the line of one value, or of a field without one, with the verbs it allows now.
func row(p *i18n.Printer, itx string, f desk.FieldView, value desk.Value, key string, first bool) Line {
	stored := len(f.Values) > 0
	l := line(p, itx, f.Field.Label, value)
	if f.Why != nil && bosses[f.Why.Code] == "" { // that is said once, where the supervisor is asked
		l.Why = why(p, f.Why)
	}
	target := []web.Hidden{{Name: "field", Value: f.Field.Name}}
	if stored {
		target = append(target, web.Hidden{Name: "value", Value: value.ID})
	}
	if allowed(f, gate.Reveal) { // also of what no mask may show: then nobody knows yet whether it is stored
		l.Reveal = &web.Action{To: "/calls/" + itx + "/reveal", Swap: "#" + l.ID, Hidden: append(slices.Clone(target), web.Hidden{Name: "key", Value: key}),
			Button: web.Button{Label: p.T("desk.reveal"), Key: "r " + key}}
	}
	if stored && f.Field.Contact != catalog.NoContact && allowed(f, gate.Act) {
		l.Resend = &web.Action{To: "/calls/" + itx + "/resend", Swap: "#compared-" + f.Field.Name, Hidden: target,
			Button: web.Button{Label: p.T("desk.resend"), Key: "a " + key}}
	}
	if first && allowed(f, gate.Compare) {
		l.Compare = &web.Input{ID: "said-" + f.Field.Name, Name: "said", Label: p.T("desk.said_of", "field", l.Label), Type: "text", Max: 200, Required: true, Key: "= " + key}
	}
	nothing := l.Reveal == nil && l.Resend == nil && l.Compare == nil
	if closed := f.May[gate.Reveal]; l.Why == "" && closed != nil && bosses[closed.Code] == "" && (nothing || slices.Contains(passing, closed.Code)) {
		l.Why = why(p, closed)
	}
	return l
}

// passing are the reasons that may pass within a call or a shift: what the agent can do about them is worth a line of the
// screen. That a purpose shows a field to nobody is not.
var passing = []string{"gate.level_too_low", "gate.guardian_needed", "gate.no_consent", "gate.training_missing", "gate.second_factor_stale", "gate.budget_spent", "gate.breadth_spent", "gate.four_eyes"}

// why says why a field is refused, and what would allow it.
func why(p *i18n.Printer, e *errs.E) string {
	next, who := e.Code+".next", ""
	if e.Args["represented"] == true {
		who = "represented_"
	}
	if reach := fmt.Sprintf("desk.reach_%s%v", who, e.Args["need"]); e.Code == "gate.level_too_low" && p.Has(reach) {
		next = reach
	}
	return p.Args(e.Code, e.Args) + " " + p.Args(next, e.Args)
}

func allowed(f desk.FieldView, verb gate.Verb) bool {
	why, asked := f.May[verb]
	return asked && why == nil && !absent(f)
}

// absent reports whether the masked view tells that nothing is stored: there is nothing to do with such a field.
func absent(f desk.FieldView) bool { return f.Why == nil && len(f.Values) == 0 }

// show puts opened values into the page, for browsers without the script.
func (page *CallPage) show(p *i18n.Printer, out desk.Revealed, mark string) {
	at := func(id string) int {
		return slices.IndexFunc(page.Lines, func(l Line) bool { return l.ID == "line-"+id })
	}
	for n, v := range out.Values {
		i := at(v.ID)
		if whole := at(v.Field); i < 0 && whole >= 0 { // a field that no mask shows stands there once, without its values
			l := page.Lines[whole]
			l.ID, l.Why = "line-"+v.ID, ""
			i = whole
			if last := n+1 == len(out.Values) || out.Values[n+1].Field != v.Field; last {
				page.Lines[i] = l
			} else {
				page.Lines = slices.Insert(page.Lines, i, l)
			}
		}
		if i >= 0 {
			page.Lines[i].open(p, v, out, mark)
		}
	}
}

func (page *CallPage) refusal(p *i18n.Printer, e *errs.E) {
	n := &web.Notice{Tone: web.Warn, Title: p.Args(e.Code, e.Args)}
	if p.Has(e.Code + ".next") {
		n.Text = p.Args(e.Code+".next", e.Args)
	}
	if page.said.Has(e.Code + ".say") {
		n.Say, n.In = page.said.Args(e.Code+".say", e.Args), page.Language
	}
	page.Notice = n
}

func matchNotice(p, said *i18n.Printer, match bool) *web.Notice {
	if match {
		return &web.Notice{Tone: web.Good, Title: p.T("desk.match"), Text: p.T("desk.match_next")}
	}
	return &web.Notice{Tone: web.Warn, Title: p.T("desk.no_match"), Text: p.T("desk.no_match.next"), Say: said.T("desk.no_match.say"), In: said.Lang()}
}

func noteForm(p *i18n.Printer, itx string, kept int, fresh bool) *NoteForm {
	f := &NoteForm{Call: itx, Text: web.Input{Name: "text", Label: p.T("desk.note"), Type: "textarea", Max: desk.MaxNote, Required: true, Key: "t", Hint: p.T("desk.note_hint"), Asks: "/dlp/look"}}
	if kept > 0 || fresh {
		f.Kept = p.N("desk.notes", kept)
	}
	return f
}

// replaced says what the note that was kept does not hold any more.
func (f *NoteForm) replaced(p *i18n.Printer, kinds []string) {
	if len(kinds) == 0 {
		return
	}
	f.Replaced = &web.Notice{Tone: web.Warn, Title: p.T("desk.note_replaced", "kinds", dlp.KindNames(p, kinds)), Text: p.T("desk.note_replaced.next")}
}

// reading says whether the notes that were kept can be read now.
func (f *NoteForm) reading(p *i18n.Printer, why *errs.E) {
	if why != nil {
		f.Why = p.Args(why.Code, why.Args)
		return
	}
	f.Read = &web.Action{To: "/calls/" + f.Call + "/notes/read", Swap: "#note", Button: web.Button{Label: p.T("desk.read_notes"), Key: "b"}}
}

// open shows the notes; by names who wrote each.
func (f *NoteForm) open(p *i18n.Printer, n desk.Notes, by map[string]string, mark string) {
	f.Open = &OpenNotes{Seconds: int(desk.RemaskNotesAfter / time.Second), Mask: p.N("desk.notes", len(n.List)), Mark: mark, Receipt: receiptText(p, n.Receipt) + " · " + p.N("desk.left", n.Left)}
	for _, one := range n.List {
		f.Open.List = append(f.Open.List, NoteRow{By: by[one.Staff], At: one.At, Text: one.Text})
	}
	f.Kept = "" // once masked, the notes say themselves how many there are
}

// summary fills the note form while the call lives, and the facts of the wrap-up.
func (page *CallPage) summary(p *i18n.Printer, v interaction.View, sum desk.Summary, label func(field string) string) {
	if page.Mine && (v.State.OnLine() || v.State == interaction.Wrapup) {
		page.Note = noteForm(p, page.ID, sum.Notes, false)
	}
	if v.State != interaction.Wrapup && !v.State.Ended() {
		return
	}
	verified := p.T(fmt.Sprintf("desk.level_%d", sum.Level))
	page.Done = web.Facts{{Label: p.T("desk.verified"), Text: verified}, {Label: p.T("desk.note"), Text: p.N("desk.notes", sum.Notes)}}
	for _, verb := range []gate.Verb{gate.Reveal, gate.Mask, gate.Compare, gate.Act} {
		var names []string
		for _, d := range sum.Disclosures {
			if d.Verb == string(verb) {
				for _, f := range d.Fields {
					if name := label(f); !slices.Contains(names, name) {
						names = append(names, name)
					}
				}
			}
		}
		text := strings.Join(names, ", ")
		if text == "" {
			text = p.T("desk.nothing")
		}
		page.Done = append(page.Done, web.Fact{Label: p.T("desk.done_" + string(verb)), Text: text})
	}
	if v.State == interaction.Wrapup && page.Mine {
		for i, d := range interaction.Dispositions() {
			page.Closing = append(page.Closing, web.Choice{Value: d, Label: p.T("desk.disposition_" + d), Selected: i == 0})
		}
	}
}

// fixtures are the pages of this room filled with invented values, for the gallery and the
// tests that render everything.
func fixtures(p *i18n.Printer) []web.Fixture {
	hostile := `"><script>alert(1)</script>`
	now := time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC)
	ring := interaction.View{ID: "itx_01k9xq3v7me8t0000z9w2h4r6n", State: interaction.Offered, Queue: "Pesanan", Channel: interaction.Phone,
		Direction: interaction.Inbound, Number: "+62 8** **** 4471", Match: "one", Risks: []string{"sim_changed"}, Started: now, Changed: now, Fresh: true}
	home := HomePage{Rings: rings(p, []interaction.View{ring}, nil), Controllers: []web.Choice{{Value: "ctl_1", Label: "Toko Nusantara"}}}
	home.Form = startInputs(p, home.Controllers)
	empty := HomePage{Form: startInputs(p, nil)}

	lang := map[i18n.Lang][]string{
		i18n.ID: {"Status pesanan", "Terima kasih telah menghubungi Nusantara Niaga, dengan Rina. Panggilan ini dicatat untuk memeriksa pesanan Bapak/Ibu."},
		i18n.EN: {"Order status", "Thank you for calling Nusantara Niaga, Rina speaking. This call is recorded so that I can look into your order."},
	}[p.Lang()]
	label := func(field string) string { return map[string]string{"name": p.T("desk.by_name")}[field] }
	build := func(state interaction.State, text string) CallPage {
		v := ring
		v.State, v.Level, v.Risks = state, 2, nil
		v.Purpose, v.Identified = "pur_1", state != interaction.Connected
		name, script := lang[0], lang[1]
		if text != "" {
			v.Queue, v.Number, name, script = text, text, text, text
		}
		page := frame(p, p, v, now)
		page.Mine, page.Live = true, !state.Ended()
		page.purposes(p, v, []purpose.Purpose{{ID: "pur_1", Name: map[string]string{"id": name, "en": name}, Script: map[string]string{"id": script, "en": script}, Status: purpose.Active}}, strings.NewReplacer("{company}", "Nusantara Niaga"))
		return page
	}
	may := map[gate.Verb]*errs.E{gate.Reveal: nil, gate.Compare: nil, gate.Act: nil}
	compare := map[gate.Verb]*errs.E{gate.Compare: nil}
	field := func(name, id, en string, contact catalog.Contact, may map[gate.Verb]*errs.E, mask string) desk.FieldView {
		return desk.FieldView{Field: catalog.Field{Name: name, Label: catalog.Text{ID: id, EN: en}, Contact: contact}, May: may, Values: []desk.Value{{ID: "val_" + name, Field: name, Mask: mask}}}
	}
	serving := func(text string) CallPage {
		page := build(interaction.Serving, text)
		name := "Belinda Mandasari"
		if text != "" {
			name = text
		}
		page.verify(p, verification.Status{Level: 2, Attempts: []verification.Attempt{{Number: 47, State: verification.Confirmed}}, Links: []verification.Way{{Value: "val_phone", Contact: "phone", Reaches: 3}}})
		page.ask(page.ID, []verification.Question{{Kind: "last_payment"}})
		view := desk.View{Level: 2, Left: 37, AsksWhy: true, Receipt: desk.Receipt{Index: 4711, At: now}, Fields: []desk.FieldView{
			field("name", "Nama lengkap", "Full name", catalog.NoContact, may, "B****** M********"),
			field("customer_number", "Nomor pelanggan", "Customer number", catalog.NoContact, compare, "****001"),
			field("phone", "Nomor telepon", "Phone number", catalog.Phone, may, "+62 8** **** 4471"),
			field("address", "Alamat", "Address", catalog.NoContact, compare, "***, Kabupaten Malang 92821"),
			{Field: catalog.Field{Name: "nik", Label: catalog.Text{ID: "NIK", EN: "NIK"}}, Why: errs.New(errs.Denied, "gate.level_too_low").With("have", 2).With("need", 3), May: map[gate.Verb]*errs.E{}}}}
		page.fields(p, view)
		page.say(p, interaction.View{Channel: interaction.Phone, Direction: interaction.Outbound}, said(view), "Nusantara Niaga", func(field string) bool { return field == "phone" })
		page.show(p, desk.Revealed{Values: []desk.Value{{ID: "val_name", Field: "name", Text: name, Mask: "B****** M********"}}, Receipt: view.Receipt, Left: 36}, "Rina · 08.30")
		page.summary(p, interaction.View{State: interaction.Serving}, desk.Summary{Notes: 1}, label)
		page.Note.reading(p, nil)
		return page
	}
	guarded := serving("")
	guarded.boss(p, []desk.FieldView{{Why: errs.New(errs.Denied, "gate.four_eyes")}})
	broad := serving("")
	broad.boss(p, []desk.FieldView{{Why: errs.New(errs.TooMany, "gate.breadth_spent")}})
	offers := purpose.Purpose{ID: "pur_2", Basis: purpose.ByConsent, Name: map[string]string{"id": "Penawaran", "en": "Offers"}}
	read := func(text string) purpose.Notice {
		return purpose.Notice{Version: 2, Text: map[string]string{"id": text, "en": text}}
	}
	words := map[i18n.Lang]string{i18n.ID: "Dengan persetujuan Anda, kami memakai nama dan kontak Anda untuk menyampaikan penawaran.", i18n.EN: "With your consent, we use your name and contacts to tell you about offers."}[p.Lang()]
	unheard := serving("")
	unheard.Notice = notResumed(p)
	asking := build(interaction.Serving, "")
	asking.consents(p, []asked{{Purpose: offers, notice: read(words)}}, offers.ID, true)
	unverified := build(interaction.Verifying, "")
	unverified.consents(p, []asked{{Purpose: offers, notice: read(words)}}, offers.ID, false)
	agreed := serving("")
	agreed.consents(p, []asked{{Purpose: offers, notice: read(words), last: consent.Event{What: consent.Granted, Notice: 1, At: now}},
		{Purpose: offers, notice: read(words), last: consent.Event{What: consent.Withdrawn, Notice: 2, At: now}}}, "pur_1", true)
	unasked := serving("")
	unasked.Consent = &web.Link{To: "/calls/" + ring.ID + "/consents", Label: p.T("desk.consents"), Key: "p"}
	badly := build(interaction.Serving, "")
	bad := offers
	bad.Name = map[string]string{"id": hostile, "en": hostile}
	badly.consents(p, []asked{{Purpose: bad, notice: read(hostile)}}, bad.ID, true)
	noted := func(text string) *NoteForm {
		f := noteForm(p, ring.ID, 2, false)
		f.reading(p, nil)
		f.open(p, desk.Notes{List: []desk.Note{{Staff: "stf_1", At: now, Text: text}, {Staff: "stf_2", At: now, Text: text}}, Receipt: desk.Receipt{Index: 4712}, Left: 35},
			map[string]string{"stf_1": "Rina", "stf_2": "Bagas"}, "Bagas · 08.30")
		return f
	}
	closed := noteForm(p, ring.ID, 2, false)
	closed.reading(p, errs.New(errs.Denied, "gate.field_not_in_purpose"))
	hit := build(interaction.Connected, "")
	hit.hits(p, desk.Found{Hits: []desk.Hit{{Subject: "sub_1", Values: []desk.Value{{Mask: "+62 8** **** 4471"}}}}, More: true})
	verify := build(interaction.Verifying, "")
	verify.verify(p, verification.Status{Level: 1, Attempts: []verification.Attempt{{Number: 47, State: verification.Sent, Expires: now}},
		Links: []verification.Way{{Value: "val_1", Contact: "email", Reaches: 3}, {Value: "val_2", Contact: "phone", Reaches: 3, Since: now.AddDate(-3, 0, 0)}, {Value: "val_3", Contact: "phone", Reaches: 2, Since: now.AddDate(0, 0, -9)}}, Locked: now})
	verify.ask(verify.ID, []verification.Question{{Kind: "last_payment"}})
	waiting, decided := serving(""), serving("")
	waiting.second(p, verification.Status{Level: 3, Second: verification.Decision{State: "asked", Until: now.Add(time.Minute)}, CallBack: true, Called: true})
	decided.second(p, verification.Status{Level: 3, Second: verification.Decision{State: "approved", Until: now.Add(24 * time.Hour)}})
	decided.passkeys(p, verification.Status{Passkeys: []verification.Passkey{{ID: "pky_1", Registered: now.AddDate(-1, 0, 0), Used: now.AddDate(0, 0, -3)}, {ID: "pky_2", Registered: now}}})
	hand := build(interaction.Serving, "")
	hand.Transfer = []web.Choice{{Value: "stf_1", Label: "Bagas Pradana"}}
	alone := build(interaction.Serving, "")
	alone.Alone = true
	wrap := build(interaction.Wrapup, "")
	wrap.summary(p, interaction.View{State: interaction.Wrapup}, desk.Summary{Level: 2, Notes: 1, Disclosures: []desk.Disclosure{{Verb: "reveal", Fields: []string{"name"}, Level: 2}}}, label)
	return []web.Fixture{
		{Name: "empty", Page: empty, Role: actor.Agent},
		{Name: "ordinary", Page: home, Role: actor.Agent},
		{Name: "hostile", Page: HomePage{Rings: rings(p, []interaction.View{{ID: "itx_1", Queue: hostile, Number: hostile, State: interaction.Offered}}, nil), Form: startInputs(p, []web.Choice{{Value: hostile, Label: hostile}})}, Role: actor.Agent, Hostile: []string{hostile}},
		{Name: "empty", Page: build(interaction.Offered, ""), Role: actor.Agent},
		{Name: "capture", Page: build(interaction.Capture, ""), Role: actor.Agent},
		{Name: "recording not resumed", Page: unheard, Role: actor.Agent},
		{Name: "identify", Page: hit, Role: actor.Agent},
		{Name: "verify", Page: verify, Role: actor.Agent},
		{Name: "ordinary", Page: serving(""), Role: actor.Agent},
		{Name: "transfer", Page: hand, Role: actor.Agent},
		{Name: "second_asked", Page: waiting, Role: actor.Agent},
		{Name: "second_approved", Page: decided, Role: actor.Agent},
		{Name: "protected", Page: guarded, Role: actor.Agent},
		{Name: "broad", Page: broad, Role: actor.Agent},
		{Name: "alone", Page: alone, Role: actor.Agent},
		{Name: "frozen", Page: build(interaction.Frozen, ""), Role: actor.Supervisor},
		{Name: "wrapup", Page: wrap, Role: actor.Agent},
		{Name: "hostile", Page: serving(hostile), Role: actor.Agent, Hostile: []string{hostile}},
		{Name: "asking", Page: asking, Role: actor.Agent},
		{Name: "unverified", Page: unverified, Role: actor.Agent},
		{Name: "unasked", Page: unasked, Role: actor.Agent},
		{Name: "agreed", Page: agreed, Role: actor.Agent},
		{Name: "hostile_notice", Page: badly, Role: actor.Agent, Hostile: []string{hostile}},
		{Name: "notes", Fragment: "desk_note", Page: noted(map[i18n.Lang]string{i18n.ID: "Pelanggan menanyakan pesanan terakhir.", i18n.EN: "The customer asked about the last order."}[p.Lang()]), Role: actor.Agent},
		{Name: "closed_notes", Fragment: "desk_note", Page: closed, Role: actor.Agent},
		{Name: "hostile_notes", Fragment: "desk_note", Page: noted(hostile), Role: actor.Agent, Hostile: []string{hostile}},
		{Name: "compared", Fragment: "desk_compared", Page: Outcome{ID: "compared-phone", Notice: matchNotice(p, p, false), Receipt: receiptText(p, desk.Receipt{Index: 9})}, Role: actor.Agent},
	}
}
