package page

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"

	"github.com/amanah-id/amanah/internal/consent"
	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/internal/web"
)

func (s screens) routes(rt *web.Router) {
	acc := web.Access{Roles: servers}
	call := func(pattern string, handle func(*web.Request) error) { rt.Page(pattern, acc, s.spoken(handle)) }
	rt.Page("GET /desk", acc, s.showHome)
	rt.Page("GET /desk/events", acc, s.events)
	rt.Page("POST /desk/start", acc, s.start)
	call("GET /calls/{interaction}", s.showCall)
	call("GET /calls/{interaction}/events", s.events)
	call("POST /calls/{interaction}/heartbeat", s.heartbeat)
	call("POST /calls/{interaction}/accept", s.then(func(r *web.Request, itx string) error {
		return s.Interactions.Accept(r.Context(), r.Actor, itx)
	}))
	call("POST /calls/{interaction}/purpose", s.choosePurpose)
	call("POST /calls/{interaction}/language", s.speak)
	call("POST /calls/{interaction}/callers", s.showCallers)
	call("POST /calls/{interaction}/search", s.doSearch)
	call("POST /calls/{interaction}/identify", s.identify)
	call("POST /calls/{interaction}/link", s.sendLink)
	call("POST /calls/{interaction}/answer", s.answer)
	call("POST /calls/{interaction}/second", s.askSecond)
	call("POST /calls/{interaction}/call-back", s.then(func(r *web.Request, itx string) error {
		return s.Verification.CallBack(r.Context(), r.Actor, itx)
	}))
	call("POST /calls/{interaction}/passkeys/end", s.endPasskeys)
	call("POST /calls/{interaction}/move", s.move)
	call("POST /calls/{interaction}/refuse", s.refuse)
	call("GET /calls/{interaction}/transfer", s.showTransfer)
	call("POST /calls/{interaction}/transfer", s.transfer)
	call("POST /calls/{interaction}/reveal", s.doReveal)
	call("POST /calls/{interaction}/compare", s.doCompare)
	call("POST /calls/{interaction}/resend", s.doResend)
	call("POST /calls/{interaction}/write", s.doWrite)
	call("POST /calls/{interaction}/notes", s.doNote)
	call("POST /calls/{interaction}/notes/read", s.readNotes)
	call("GET /calls/{interaction}/consents", s.showConsents)
	call("POST /calls/{interaction}/consents", s.sayConsent)
	call("POST /calls/{interaction}/seal", s.seal)
	s.operations(rt)
}

// said writes in the language of the contact, or in the reader's where there is none of his.
func (s screens) said(r *web.Request) *i18n.Printer {
	if v, err := s.Interactions.Get(r.Context(), r.Actor, r.Path("interaction")); err == nil {
		return s.Texts(i18n.Lang(v.Language))
	}
	return r.Printer()
}

// spoken has a refusal give the agent the sentence to say in the language that the customer is spoken to in.
func (s screens) spoken(handle func(*web.Request) error) func(*web.Request) error {
	return func(r *web.Request) error {
		err := handle(r)
		if err != nil {
			r.Speaks(s.said(r).Lang())
		}
		return err
	}
}

// then runs a verb without a form and shows the call again.
func (s screens) then(verb func(*web.Request, string) error) func(*web.Request) error {
	return func(r *web.Request) error {
		var none struct{}
		if err := r.Decode(&none); err != nil {
			return err
		}
		if err := verb(r, r.Path("interaction")); err != nil {
			return err
		}
		return s.again(r)
	}
}

// show answers with the call: in place for the script, as a page without it.
func show(r *web.Request, page CallPage) error {
	if r.Partial() {
		return r.Fragment("desk_call", page)
	}
	return r.Render(page)
}

// noticed shows the call with a notice.
func (s screens) noticed(r *web.Request, n *web.Notice) error {
	page, err := s.call(r)
	if err != nil {
		return err
	}
	page.Notice = n
	return show(r, page)
}

// again shows the call after a verb: in place for the script, by redirect without it.
func (s screens) again(r *web.Request) error {
	if !r.Partial() {
		return r.Redirect("/calls/" + r.Path("interaction"))
	}
	return s.showCall(r)
}

func (s screens) showHome(r *web.Request) error {
	waiting, err := s.Interactions.Waiting(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	mine, err := s.Interactions.Mine(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	page := HomePage{Controllers: nil}
	err = s.DB.Read(r.Context(), func(tx *db.Tx) error {
		all, err := s.Purposes.Controllers(tx)
		for _, c := range all {
			if r.Actor.Serves(c.ID) {
				page.Controllers = append(page.Controllers, web.Choice{Value: c.ID, Label: c.Name})
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	page.Rings = rings(r.Printer(), waiting, mine)
	page.Form = startInputs(r.Printer(), page.Controllers)
	if r.Partial() {
		return r.Fragment("desk_rings", page.Rings)
	}
	return r.Render(page)
}

// events turns the hub's news into names without values: "rings" for the list, "changed"
// for the call on the screen. The page then asks for what it may see.
func (s screens) events(r *web.Request) error {
	itx, name := r.Path("interaction"), "rings"
	if itx != "" {
		name = "changed" // a call, and not the list
	}

	// It listens before the page is told that it does.
	news, cancel := s.Interactions.Hub().Subscribe(r.Actor)
	defer cancel()
	stream, err := r.Events()
	if err != nil {
		return err
	}
	out := make(chan web.Event, 1)
	out <- web.Event{Name: name} // what happened between the page and this
	done := r.Context().Done()
	go func() {
		defer close(out)
		for {
			select {
			case <-done:
				return
			case n, ok := <-news:
				if !ok {
					return
				}
				if itx != "" && n.Interaction != itx {
					continue
				}
				select {
				case out <- web.Event{Name: name}:
				case <-done:
					return
				}
			}
		}
	}()
	return stream.Run(r.Context(), out)
}

func (s screens) start(r *web.Request) error {
	var form struct {
		Controller string `form:"controller" max:"40" required:"true"`
		Channel    string `form:"channel" choice:"phone chat email" required:"true"`
		Direction  string `form:"direction" choice:"inbound outbound" required:"true"`
		Case       string `form:"case" max:"64"`
		Number     string `form:"number" max:"32"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	itx, err := s.Interactions.Start(r.Context(), r.Actor, interaction.Opening{
		Controller: form.Controller, Channel: interaction.Channel(form.Channel), Direction: interaction.Direction(form.Direction),
		Queue: "manual", Language: string(r.Lang), Case: form.Case, Number: form.Number,
	})
	if err != nil {
		return err
	}
	return r.Redirect("/calls/" + itx)
}

// endPasskeys ends one of the customer's passkeys, or without a name all.
func (s screens) endPasskeys(r *web.Request) error {
	var form struct {
		Key string `form:"key" max:"40"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := s.Verification.RevokePasskeys(r.Context(), r.Actor, r.Path("interaction"), form.Key); err != nil {
		return err
	}
	return s.again(r)
}

// heartbeat answers 205 when the asker's own call has ended meanwhile: no failure, but the page must look again.
func (s screens) heartbeat(r *web.Request) error {
	status := http.StatusNoContent
	err := s.Interactions.Heartbeat(r.Context(), r.Actor, r.Path("interaction"))
	if errs.CodeOf(err) == "interaction.over" {
		status, err = http.StatusResetContent, nil
	}
	if err == nil {
		r.Writer.WriteHeader(status)
	}
	return err
}

func (s screens) choosePurpose(r *web.Request) error {
	var form struct {
		Purpose string `form:"purpose" max:"40" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := s.Interactions.ChoosePurpose(r.Context(), r.Actor, r.Path("interaction"), form.Purpose, ""); err != nil {
		return err
	}
	return s.again(r)
}

func (s screens) speak(r *web.Request) error {
	var form struct {
		Language string `form:"language" choice:"id en" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := s.Interactions.Speak(r.Context(), r.Actor, r.Path("interaction"), form.Language); err != nil {
		return err
	}
	return s.again(r)
}

func (s screens) showCallers(r *web.Request) error {
	var none struct{}
	if err := r.Decode(&none); err != nil {
		return err
	}
	found, err := s.Callers(r.Context(), r.Actor, r.Path("interaction"))
	if err != nil {
		return err
	}
	return s.showHits(r, found)
}

func (s screens) doSearch(r *web.Request) error {
	var form struct {
		By    string `form:"by" max:"20" required:"true"`
		Value string `form:"value" max:"200" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	found, err := s.Search(r.Context(), r.Actor, r.Path("interaction"), desk.Kind(form.By), form.Value)
	if err != nil {
		return err
	}
	return s.showHits(r, found)
}

func (s screens) showHits(r *web.Request, found desk.Found) error {
	page, err := s.call(r)
	if err != nil {
		return err
	}
	page.hits(r.Printer(), found)
	return show(r, page)
}

func (s screens) identify(r *web.Request) error {
	var form struct {
		Subject string `form:"subject" max:"40" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := s.Identify(r.Context(), r.Actor, r.Path("interaction"), form.Subject); err != nil {
		return err
	}
	return s.again(r)
}

func (s screens) sendLink(r *web.Request) error {
	var form struct {
		Value string `form:"value" max:"40"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	if _, err := s.Verification.SendLink(r.Context(), r.Actor, r.Path("interaction"), form.Value); err != nil {
		return err
	}
	return s.again(r)
}

func (s screens) answer(r *web.Request) error {
	var form struct {
		Question string `form:"question" max:"40" required:"true"`
		Said     string `form:"said" max:"200" required:"true" secret:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	match, err := s.Verification.Answer(r.Context(), r.Actor, r.Path("interaction"), form.Question, form.Said)
	if err != nil {
		return err
	}
	return s.noticed(r, matchNotice(r.Printer(), s.said(r), match))
}

func (s screens) askSecond(r *web.Request) error {
	var form struct {
		Reason string `form:"reason" max:"200" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	if _, err := s.Verification.AskSecond(r.Context(), r.Actor, r.Path("interaction"), form.Reason); err != nil {
		return err
	}
	return s.again(r)
}

func (s screens) move(r *web.Request) error {
	var form struct {
		Move string `form:"move" choice:"serve hold resume lower disconnect" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := s.Interactions.Move(r.Context(), r.Actor, r.Path("interaction"), interaction.Move(form.Move)); err != nil {
		return err
	}
	return s.again(r)
}

func (s screens) refuse(r *web.Request) error {
	var form struct {
		Reason string `form:"reason" max:"40" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := s.Interactions.Refuse(r.Context(), r.Actor, r.Path("interaction"), form.Reason); err != nil {
		return err
	}
	return r.Redirect("/desk")
}

// showTransfer is the call with the colleagues to choose from. Their names are read only when asked for.
func (s screens) showTransfer(r *web.Request) error {
	page, err := s.call(r)
	if err != nil {
		return err
	}
	if page.Mine && page.Hand != nil {
		v, err := s.Interactions.Get(r.Context(), r.Actor, page.ID)
		if err != nil {
			return err
		}
		if page.Transfer, err = s.Colleagues(r.Context(), v.Controller, r.Actor.ID()); err != nil {
			return err
		}
		page.Alone = len(page.Transfer) == 0
	}
	return show(r, page)
}

func (s screens) transfer(r *web.Request) error {
	var form struct {
		To string `form:"to" max:"40" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := s.Interactions.Transfer(r.Context(), r.Actor, r.Path("interaction"), form.To); err != nil {
		return err
	}
	r.Flash("desk.handed_over")
	return r.Redirect("/desk")
}

func (s screens) doReveal(r *web.Request) error {
	var form struct {
		Field  string `form:"field" max:"60" required:"true"`
		Value  string `form:"value" max:"40"`
		Key    string `form:"key" max:"2"`
		Reason string `form:"reason" max:"200"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	itx := r.Path("interaction")
	if form.Reason == "" {
		form.Reason = "purpose" // the purpose chosen at the greeting is the reason
	}
	out, err := s.Reveal(r.Context(), r.Actor, itx, []string{form.Field}, form.Value, form.Reason)
	if err != nil {
		return err
	}
	mark, err := s.mark(r)
	if err != nil {
		return err
	}
	if !r.Partial() {
		page, err := s.call(r)
		if err != nil {
			return err
		}
		page.show(r.Printer(), out, mark)
		return r.Render(page)
	}
	f, err := s.may(r, itx, form.Field)
	if err != nil {
		return err
	}
	f.Values = out.Values
	for i, v := range out.Values {
		if form.Value != "" && v.ID != form.Value {
			continue
		}
		l := row(r.Printer(), itx, f, v, form.Key, i == 0)
		l.open(r.Printer(), v, out, mark)
		return r.Fragment("desk_line", l)
	}
	return errs.New(errs.NotFound, "desk.field_missing")
}

// may says which verbs a field still allows, for the line that replaces an opened one. It is a preview: nothing
// is opened by it and nothing recorded.
func (s screens) may(r *web.Request, itx, field string) (desk.FieldView, error) {
	f, _ := s.Catalogue.Field(field)
	v := desk.FieldView{Field: f, May: map[gate.Verb]*errs.E{}}
	err := s.DB.Read(r.Context(), func(tx *db.Tx) error {
		for _, verb := range []gate.Verb{gate.Compare, gate.Act, gate.Reveal} {
			ans, err := s.Gate.Preview(tx, r.Actor, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: verb, Fields: []string{field}})
			if err != nil {
				return err
			}
			if slices.Contains(ans.Allowed, field) && (verb != gate.Act || s.Messages.Carries(field)) {
				v.May[verb] = nil
			}
		}
		return nil
	})
	return v, err
}

// mark is the watermark of an opened value: who looks, and when.
func (s screens) mark(r *web.Request) (string, error) {
	var name string
	err := s.DB.Read(r.Context(), func(tx *db.Tx) (err error) {
		name, err = s.Name(tx, r.Actor.ID())
		return err
	})
	return name + " · " + r.Printer().DateTime(s.DB.Now()), err
}

func (s screens) doCompare(r *web.Request) error {
	var form struct {
		Field string `form:"field" max:"60" required:"true"`
		Said  string `form:"said" max:"200" required:"true" secret:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	out, err := s.Compare(r.Context(), r.Actor, r.Path("interaction"), form.Field, form.Said)
	if err != nil {
		return err
	}
	notice := matchNotice(r.Printer(), s.said(r), out.Match)
	if r.Partial() {
		return r.Fragment("desk_compared", Outcome{ID: "compared-" + form.Field, Notice: notice, Receipt: receiptText(r.Printer(), out.Receipt)})
	}
	return s.noticed(r, notice)
}

func (s screens) doResend(r *web.Request) error {
	var form struct {
		Field string `form:"field" max:"60" required:"true"`
		Value string `form:"value" max:"40"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	out, err := s.Resend(r.Context(), r.Actor, r.Path("interaction"), form.Field, form.Value, nil)
	if err != nil {
		return err
	}
	said := s.said(r)
	notice := &web.Notice{Tone: web.Good, Title: r.T("desk.resent"), Text: receiptText(r.Printer(), out), Say: said.T("desk.resent_say"), In: said.Lang()}
	if r.Partial() {
		return r.Fragment("desk_compared", Outcome{ID: "compared-" + form.Field, Notice: notice})
	}
	return s.noticed(r, notice)
}

func (s screens) doWrite(r *web.Request) error {
	var form struct {
		To     string `form:"to" max:"120" required:"true"`
		Text   string `form:"text" max:"1000" required:"true" lines:"true"`
		Reason string `form:"reason" max:"300"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	field, value, _ := strings.Cut(form.To, " ")
	out, err := s.Write(r.Context(), r.Actor, r.Path("interaction"), field, value, desk.Words{Text: form.Text, Reason: form.Reason}, nil)
	if err != nil {
		return err
	}
	notice := &web.Notice{Tone: web.Good, Title: r.T("desk.written"), Text: receiptText(r.Printer(), out)}
	if r.Partial() {
		return r.Fragment("desk_compared", Outcome{ID: "written", Notice: notice})
	}
	return s.noticed(r, notice)
}

func (s screens) doNote(r *web.Request) error {
	var form struct {
		Text string `form:"text" max:"4000" required:"true" lines:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	itx := r.Path("interaction")
	j, err := s.Note(r.Context(), r.Actor, itx, form.Text)
	if err != nil {
		return err
	}
	out := j.Replaced()
	if !r.Partial() {
		if len(out) > 0 {
			r.Flash("desk.note_replaced_flash")
		} else {
			r.Flash("desk.note_kept")
		}
		return r.Redirect("/calls/" + itx)
	}
	fresh, err := s.noteForm(r, itx, true)
	if err != nil {
		return err
	}
	fresh.replaced(r.Printer(), out)
	return r.Fragment("desk_note", fresh)
}

// noteForm is the form with what may be done with the notes that were kept.
func (s screens) noteForm(r *web.Request, itx string, fresh bool) (*NoteForm, error) {
	sum, err := s.Summary(r.Context(), r.Actor, itx)
	if err != nil {
		return nil, err
	}
	f := noteForm(r.Printer(), itx, sum.Notes, fresh)
	return f, s.reading(r, f, sum.Notes)
}

// reading asks, without opening anything, whether the notes could be read; for the serving agent only.
func (s screens) reading(r *web.Request, f *NoteForm, kept int) error {
	if kept == 0 {
		return nil
	}
	return s.DB.Read(r.Context(), func(tx *db.Tx) error {
		ans, err := s.Gate.Preview(tx, r.Actor, gate.Question{Ground: gate.Interaction(f.Call), Bound: true, Verb: gate.Reveal, Fields: []string{desk.NoteField}})
		if err == nil && interaction.State(ans.Facts.Interaction.State).InService() {
			f.reading(r.Printer(), ans.Refusal)
		}
		return err
	})
}

func (s screens) readNotes(r *web.Request) error {
	var none struct{}
	if err := r.Decode(&none); err != nil {
		return err
	}
	itx := r.Path("interaction")
	out, err := s.Notes(r.Context(), r.Actor, itx)
	if err != nil {
		return err
	}
	mark, err := s.mark(r)
	if err != nil {
		return err
	}
	by := map[string]string{}
	err = s.DB.Read(r.Context(), func(tx *db.Tx) (err error) {
		for _, n := range out.List {
			if by[n.Staff], err = s.Name(tx, n.Staff); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	f := noteForm(r.Printer(), itx, len(out.List), false)
	f.reading(r.Printer(), nil)
	f.open(r.Printer(), out, by, mark)
	if r.Partial() {
		return r.Fragment("desk_note", f)
	}
	page, err := s.call(r)
	if err != nil {
		return err
	}
	page.Note = f
	return r.Render(page)
}

func (s screens) seal(r *web.Request) error {
	var form struct {
		Disposition string `form:"disposition" max:"40" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := s.Interactions.Seal(r.Context(), r.Actor, r.Path("interaction"), form.Disposition); err != nil {
		return err
	}
	r.Flash("desk.sealed")
	return r.Redirect("/desk")
}

// showCall shows the call. To a page that shows it already as it stands it says so with 304: nothing is rendered
// again under the agent's hands, and no masked view is opened for it.
func (s screens) showCall(r *web.Request) error {
	now, err := s.standing(r)
	if err != nil {
		return err
	}
	if r.Partial() && r.HTTP.Header.Get("If-None-Match") == `"`+now.stamp+`"` {
		r.Writer.WriteHeader(http.StatusNotModified)
		return nil
	}
	page, err := s.screen(r, now, nil)
	if err != nil {
		return err
	}
	return show(r, page)
}

// standing is what others than the serving agent can change about a call, and its stamp: equal stamps, equal screens.
type standing struct {
	interaction.View
	proof    verification.Status
	listened bool // a supervisor listens
	unheard  bool // the recording has not gone on after a capture
	stamp    string
	// who speaks for the customer, and how the customer is spoken with
	speaker, assistance string
}

func (s screens) standing(r *web.Request) (now standing, err error) {
	if now.View, err = s.Interactions.Get(r.Context(), r.Actor, r.Path("interaction")); err != nil {
		return now, err
	}
	if now.Agent == r.Actor.ID() && now.Identified && now.State.Talking() {
		if now.proof, err = s.Verification.Status(r.Context(), r.Actor, now.ID); err != nil {
			return now, err
		}
	}
	if now.listened, err = s.Listened(r.Context(), now.ID); err != nil {
		return now, err
	}
	if s.Unrecorded != nil && now.Agent == r.Actor.ID() {
		if now.unheard, err = s.Unrecorded(r.Context(), now.ID); err != nil {
			return now, err
		}
	}
	if s.Represented != nil && now.Agent == r.Actor.ID() && now.Identified && now.State.Talking() && now.Fresh {
		if now.speaker, now.assistance, err = s.Represented(r.Context(), r.Actor, now.ID, r.Printer()); err != nil {
			return now, err
		}
	}
	var openable map[string][2]string
	if now.Agent == r.Actor.ID() && now.Purpose != "" && now.State.InService() {
		if openable, err = s.Openable(r.Context(), r.Actor, now.ID); err != nil {
			return now, err
		}
	}
	hash := fnv.New64a()
	_, _ = fmt.Fprint(hash, now.View, now.proof, now.speaker, now.assistance, now.listened, now.unheard, openable) // a hash never fails
	now.stamp = fmt.Sprintf("%016x", hash.Sum64())
	return now, nil
}

// call reads what the screen of one call shows now.
func (s screens) call(r *web.Request) (CallPage, error) {
	now, err := s.standing(r)
	if err != nil {
		return CallPage{}, err
	}
	return s.screen(r, now, nil)
}

// screen is the page of a call. last are the customer's consents where they were asked for, nil otherwise.
func (s screens) screen(r *web.Request, now standing, last []consent.Event) (CallPage, error) {
	v, itx := now.View, now.ID
	page := frame(r.Printer(), s.Texts(i18n.Lang(v.Language)), v, s.DB.Now())
	page.Stamp = now.stamp
	mine := v.Agent == r.Actor.ID()
	page.Mine = mine
	if now.listened {
		page.Head = append(page.Head, web.Chip{Tone: web.Info, Text: r.T("desk.listened")})
	}
	if now.unheard && page.Notice == nil {
		page.Notice = notResumed(r.Printer())
	}
	page.Live = mine && !v.State.Ended() && !v.Handed // on hold and in wrap-up the desk beats as well; before it is taken, not
	err := s.DB.Read(r.Context(), func(tx *db.Tx) error {
		list, err := s.Purposes.List(tx, v.Controller)
		if err != nil {
			return err
		}
		company, err := s.Company(tx, v.Controller)
		if err != nil {
			return err
		}
		agent, err := s.Name(tx, r.Actor.ID())
		if err != nil {
			return err
		}
		page.company = company
		page.purposes(r.Printer(), v, list, strings.NewReplacer("{company}", company, "{agent}", agent))
		return nil
	})
	if err != nil {
		return page, err
	}
	if mine && v.Direction == interaction.Outbound && v.State.Talking() && s.CheckCode != nil {
		code, where := s.CheckCode(itx)
		page.Check = page.said.T("desk.check_say", "code", code, "where", where)
	}
	if mine && v.Identified && v.State.Talking() {
		page.verify(r.Printer(), now.proof)
		page.represented(r.Printer(), now.speaker, now.assistance)
		if qs, err := s.Verification.Questions(r.Context(), r.Actor, itx); err == nil {
			page.ask(itx, qs)
		} else if errs.KindOf(err) == errs.Internal {
			return page, err
		}
	}
	if mine && v.Identified && v.State.Talking() {
		if err := s.consents(r, &page, v, last); err != nil {
			return page, err
		}
	}
	// A purpose that waits for consent gives nothing yet: the masked view is not even asked for.
	if mine && v.Purpose != "" && v.State.InService() && page.Asking == nil {
		view, err := s.View(r.Context(), r.Actor, itx)
		switch {
		case err != nil && errs.KindOf(err) != errs.Denied:
			return page, err
		case err != nil:
			page.refusal(r.Printer(), errs.Of(err))
		default:
			page.fields(r.Printer(), view)
			page.say(r.Printer(), v, view, page.company, s.Messages.Carries)
		}
	}
	if v.State == interaction.Wrapup || v.State == interaction.Sealed || mine && v.Identified {
		sum, err := s.Summary(r.Context(), r.Actor, itx)
		if err != nil {
			return page, err
		}
		page.summary(r.Printer(), v, sum, func(field string) string {
			f, _ := s.Catalogue.Field(field)
			return f.Label.In(r.Lang)
		})
		if page.Note != nil {
			if err := s.reading(r, page.Note, sum.Notes); err != nil {
				return page, err
			}
		}
	}
	return page, nil
}
