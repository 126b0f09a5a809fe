package page

import (
	"slices"
	"strconv"
	"time"

	"github.com/amanah-id/amanah/internal/consent"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/web"
)

// Consents on the desk: what the customer in the call said about each purpose that rests on consent, the notice in force
// to read out, and one key for each answer that makes sense now. Purposes on another basis ask for no consent, so none is
// offered for them. Room consent records the answer, with this interaction as its proof.

// ConsentRow is one purpose that rests on consent.
type ConsentRow struct {
	Name  string
	State web.Chip
	Since time.Time // when that was said; zero if nothing was
	Read  string    // which version of the notice is to be read out
	Text  string    // the notice
	In    i18n.Lang // of Text
	Why   string    // what is missing before consent can be recorded
	Acts  []web.Action
}

// asked is one purpose that rests on consent, with its notice in force and the last word; "" when nothing was said.
type asked struct {
	purpose.Purpose
	notice purpose.Notice
	last   consent.Event
}

// asked lists the controller's active purposes that rest on consent, the call's own first. last are the customer's last
// words; nil when nobody has looked.
func (s screens) asked(r *web.Request, v interaction.View, last []consent.Event) (out []asked, err error) {
	return out, s.DB.Read(r.Context(), func(tx *db.Tx) error {
		out = nil
		list, err := s.Purposes.List(tx, v.Controller)
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.Basis != purpose.ByConsent || p.Status != purpose.Active {
				continue
			}
			one := asked{Purpose: p}
			notices, err := s.Purposes.Notices(tx, p.ID)
			if err != nil {
				return err
			}
			if len(notices) > 0 {
				one.notice = notices[0]
			}
			if i := slices.IndexFunc(last, func(e consent.Event) bool { return e.Purpose == p.ID }); i >= 0 {
				one.last = last[i]
			}
			if p.ID == v.Purpose {
				out = append([]asked{one}, out...)
			} else {
				out = append(out, one)
			}
		}
		return nil
	})
}

// consents puts onto the screen what it needs of the customer's consents: all of them where somebody has looked (last)
// or the call's own purpose rests on one, otherwise the way to them. An unverified caller's agent sees none of them.
func (s screens) consents(r *web.Request, page *CallPage, v interaction.View, last []consent.Event) error {
	list, err := s.asked(r, v, last)
	if err != nil || len(list) == 0 {
		return err
	}
	page.Opened = last != nil
	verified := v.Level >= gate.ConsentLevel
	if verified && last == nil {
		if list[0].ID != v.Purpose {
			page.Consent = &web.Link{To: "/calls/" + v.ID + "/consents", Label: r.T("desk.consents"), Key: "p"}
			return nil
		}
		if last, err = s.Consents.OfCall(r.Context(), r.Actor, v.ID); err != nil {
			if errs.KindOf(err) == errs.Denied || errs.KindOf(err) == errs.NotFound {
				return nil // refused: the screen has nothing to ask
			}
			return err
		}
		if list, err = s.asked(r, v, last); err != nil {
			return err
		}
	}
	page.consents(r.Printer(), list, v.Purpose, verified)
	return nil
}

var consentTones = map[consent.What]web.Tone{"": web.Neutral, consent.Granted: web.Good, consent.Refused: web.Warn, consent.Withdrawn: web.Warn}

// consents fills the panel. The purpose of the call stands in the middle of the screen until the customer is known to
// have agreed to it; every other one waits at the side, behind one key. The first of all has the keys.
func (page *CallPage) consents(p *i18n.Printer, list []asked, callPurpose string, verified bool) {
	for i, a := range list {
		row := page.consentRow(p, a, verified, i == 0)
		if a.ID == callPurpose && (!verified || a.last.What != consent.Granted) {
			page.Asking = &row
		} else {
			page.Consents = append(page.Consents, row)
		}
	}
}

func (page *CallPage) consentRow(p *i18n.Printer, a asked, verified, keys bool) ConsentRow {
	row := ConsentRow{Name: a.Name[string(p.Lang())], In: page.Language}
	act := func(what consent.What, label, key, style string) {
		if !keys {
			key = ""
		}
		row.Acts = append(row.Acts, web.Action{To: "/calls/" + page.ID + "/consents", Swap: "#call",
			Hidden: []web.Hidden{{Name: "purpose", Value: a.ID}, {Name: "notice", Value: strconv.Itoa(a.notice.Version)}, {Name: "what", Value: string(what)}},
			Button: web.Button{Label: p.T(label), Key: key, Style: style, Again: what == consent.Withdrawn}})
	}
	if !verified { // the same whatever the customer said
		row.State, row.Why = web.Chip{Tone: web.Neutral, Text: p.T("desk.consent_unseen")}, p.T("desk.consent_verify_first")
		act(consent.Refused, "desk.say_no", "n", "")
		return row
	}
	state := "none"
	if a.last.What != "" {
		state = string(a.last.What)
	}
	row.State, row.Since = web.Chip{Tone: consentTones[a.last.What], Text: p.T("desk.consent_" + state)}, a.last.At
	if a.last.What != consent.Granted || a.last.Notice < a.notice.Version {
		row.Read, row.Text = p.T("desk.consent_read", "version", a.notice.Version), a.notice.Text[string(page.Language)]
		act(consent.Granted, "desk.say_granted", "y", "primary")
	}
	switch a.last.What {
	case "":
		act(consent.Refused, "desk.say_refused", "n", "")
	case consent.Granted:
		act(consent.Withdrawn, "desk.say_withdrawn", "c c", "danger")
	}
	return row
}

// showConsents is the call with what the customer said about each purpose: one look, one leaf.
func (s screens) showConsents(r *web.Request) error {
	last, err := s.Consents.OfCall(r.Context(), r.Actor, r.Path("interaction"))
	if err != nil {
		return err
	}
	now, err := s.standing(r)
	if err != nil {
		return err
	}
	page, err := s.screen(r, now, last)
	if err != nil {
		return err
	}
	return show(r, page)
}

// sayConsent records what the customer answers; it counts from the very commit on.
func (s screens) sayConsent(r *web.Request) error {
	var form struct {
		Purpose string `form:"purpose" max:"40" required:"true"`
		Notice  int    `form:"notice" required:"true"`
		What    string `form:"what" choice:"granted refused withdrawn" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	said, err := s.Consents.Say(r.Context(), r.Actor, r.Path("interaction"), consent.Event{Purpose: form.Purpose, Notice: form.Notice, What: consent.What(form.What)})
	if err != nil {
		return err
	}
	if !r.Partial() {
		r.Flash("desk.said_" + string(said.What))
		return r.Redirect("/calls/" + r.Path("interaction"))
	}
	return s.noticed(r, &web.Notice{Tone: web.Good, Title: r.T("desk.said_" + string(said.What))})
}
