package consent

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

// counters may see how many customers said what; no customer is named.
var counters = web.Access{Roles: []actor.Role{actor.DPO, actor.Auditor}}

// officers may see what one customer said; each look is in that customer's trail.
var officers = web.Access{Roles: []actor.Role{actor.DPO}}

// CountsPage is views/counts.html: how customers stand towards one purpose.
type CountsPage struct {
	Name    string
	Back    string
	Facts   web.Facts
	Table   web.Table
	MayLook bool // into one customer's consents
}

func countsPage(p *i18n.Printer, name, purpose string, counts []Count, mayLook bool) CountsPage {
	page := CountsPage{Name: name, Back: "/purposes/" + purpose, MayLook: mayLook, Table: web.Table{
		Caption: p.T("consent.counts_title"),
		Columns: []web.Column{{Title: p.T("consent.counts_notice")}, {Title: p.T("consent.counts_granted"), Numeric: true}, {Title: p.T("consent.counts_refused"), Numeric: true}, {Title: p.T("consent.counts_withdrawn"), Numeric: true}},
		Empty:   web.Empty{Title: p.T("consent.counts_none"), Text: p.T("consent.counts_none_next")},
	}}
	var all Count
	number := func(n int) web.Cell { return web.Cell{Text: p.Number(int64(n))} }
	for _, c := range counts {
		all.Granted, all.Refused, all.Withdrawn = all.Granted+c.Granted, all.Refused+c.Refused, all.Withdrawn+c.Withdrawn
		page.Table.Rows = append(page.Table.Rows, web.Row{Cells: []web.Cell{{Text: p.T("consent.counts_version", "version", c.Notice)}, number(c.Granted), number(c.Refused), number(c.Withdrawn)}})
	}
	page.Facts = web.Facts{
		{Label: p.T("consent.counts_granted"), Text: p.Number(int64(all.Granted))}, {Label: p.T("consent.counts_refused"), Text: p.Number(int64(all.Refused))},
		{Label: p.T("consent.counts_withdrawn"), Text: p.Number(int64(all.Withdrawn))},
	}
	return page
}

func (b *Book) showCounts(r *web.Request) error {
	p, counts, err := b.Counts(r.Context(), r.Actor, r.Path("purpose"))
	if err != nil {
		return err
	}
	return r.Render(countsPage(r.Printer(), p.Name[string(r.Lang)], p.ID, counts, r.Actor.Is(officers.Roles...)))
}

// SubjectPage is views/subject.html: what one customer said about every purpose.
type SubjectPage struct {
	Subject  string
	Purposes []standingRow
	History  web.Table
}

type standingRow struct {
	Name, To string
	State    web.Chip
	Inactive *web.Chip // the purpose is not in force, so what was said gives nothing
	Facts    web.Facts
	Newer    string // the notice has a newer version than the one heard
	Notice   string // the version heard, "" when nothing was said
	ID, EN   string // its text
}

// Standing is how one customer stands towards one purpose.
type Standing struct {
	Purpose purpose.Purpose
	Last    Event          // the last word; zero when nothing was said
	Notice  purpose.Notice // the version that it was said to
}

// Standings are how one customer stands towards the purposes that rest on consent and those
// spoken about, and everything that was said, newest first. It is Read, with its entry, and the register beside it.
func (b *Book) Standings(ctx context.Context, a actor.Actor, subject string) (list []Standing, history []Event, err error) {
	if _, err := b.Read(ctx, a, subject); err != nil {
		return nil, nil, err
	}
	err = b.db.Read(ctx, func(tx *db.Tx) error {
		controller, err := b.theirs(tx, a, subject)
		if err != nil {
			return err
		}
		purposes, err := b.purposes.List(tx, controller)
		if err != nil {
			return err
		}
		current, err := b.Current(tx, subject)
		if err != nil {
			return err
		}
		list = nil
		for _, p := range purposes {
			s := Standing{Purpose: p}
			at := slices.IndexFunc(current, func(e Event) bool { return e.Purpose == p.ID })
			if at < 0 && (p.Basis != purpose.ByConsent || p.Status != purpose.Active) {
				continue
			}
			if at >= 0 {
				s.Last = current[at]
				notices, err := b.purposes.Notices(tx, p.ID)
				if err != nil {
					return err
				}
				for _, n := range notices {
					if n.Version == s.Last.Notice {
						s.Notice = n
					}
				}
			}
			list = append(list, s)
		}
		history, err = b.History(tx, subject)
		return err
	})
	return list, history, err
}

func chipOf(p *i18n.Printer, what What) web.Chip {
	tone := map[What]web.Tone{Granted: web.Good, Refused: web.Warn, Withdrawn: web.Bad, "": web.Neutral}[what]
	if what == "" {
		return web.Chip{Tone: tone, Text: p.T("consent.state_none")}
	}
	return web.Chip{Tone: tone, Text: p.T("consent.state_" + string(what))}
}

// level is how strongly a caller was verified; outside a contact nobody was.
func level(p *i18n.Printer, e Event) string {
	if e.Level == 0 {
		return p.T("consent.level_none")
	}
	return "V" + strconv.Itoa(e.Level)
}

// proofOf is the reference to the proof, and where to read on if it is a contact.
func proofOf(p *i18n.Printer, e Event) (text, to string) {
	switch {
	case e.Proof == "":
		return p.T("consent.proof_none"), ""
	case id.Is(id.Interaction, e.Proof):
		return e.Proof, "/log?interaction=" + e.Proof
	}
	return e.Proof, ""
}

// recorder is what sort of actor wrote an event down; who it was is in the trail.
func recorder(p *i18n.Printer, by string) string {
	switch {
	case id.Is(id.Staff, by):
		return p.T("consent.by_staff")
	case id.Is(id.Client, by):
		return p.T("consent.by_client")
	case id.Is(id.Verification, by): // a customer acts through a link
		return p.T("consent.by_customer")
	}
	return p.T("consent.by_machine")
}

func subjectPage(p *i18n.Printer, subject string, list []Standing, history []Event) SubjectPage {
	page, lang, names := SubjectPage{Subject: subject}, string(p.Lang()), map[string]string{}
	for _, s := range list {
		names[s.Purpose.ID] = s.Purpose.Name[lang]
		row := standingRow{Name: s.Purpose.Name[lang], To: "/purposes/" + s.Purpose.ID, State: chipOf(p, s.Last.What)}
		if s.Purpose.Status != purpose.Active {
			row.Inactive = &web.Chip{Tone: web.Warn, Text: p.T("consent.inactive")}
		}
		if e := s.Last; e.What != "" {
			proof, to := proofOf(p, e)
			row.Notice, row.ID, row.EN = p.T("consent.counts_version", "version", e.Notice), s.Notice.Text["id"], s.Notice.Text["en"]
			row.Facts = web.Facts{
				{Label: p.T("consent.since"), Time: e.At, Exact: true}, {Label: p.T("consent.counts_notice"), Text: row.Notice},
				{Label: p.T("consent.by_channel"), Text: p.T("consent.channel_" + e.Channel)}, {Label: p.T("consent.level"), Text: level(p, e)},
				{Label: p.T("consent.proof_label"), Text: proof, To: to}, {Label: p.T("consent.recorded_by"), Text: recorder(p, e.RecordedBy), Code: e.RecordedBy, To: "/log?actor=" + url.QueryEscape(e.RecordedBy)},
			}
			if s.Purpose.Notice > e.Notice {
				row.Newer = p.T("consent.newer", "version", s.Purpose.Notice)
			}
		}
		page.Purposes = append(page.Purposes, row)
	}
	page.History = web.Table{
		Caption: p.T("consent.history"),
		Columns: []web.Column{{Title: p.T("consent.when")}, {Title: p.T("consent.purpose")}, {Title: p.T("consent.said")}, {Title: p.T("consent.counts_notice")}, {Title: p.T("consent.by_channel")}, {Title: p.T("consent.recorded_by")}, {Title: p.T("consent.proof_label")}},
		Empty:   web.Empty{Title: p.T("consent.history_none"), Text: p.T("consent.counts_none_next")},
	}
	for _, e := range history {
		chip := chipOf(p, e.What)
		proof, to := proofOf(p, e)
		page.History.Rows = append(page.History.Rows, web.Row{ID: e.ID, Cells: []web.Cell{
			{Time: e.At, Exact: true}, {Text: cmp.Or(names[e.Purpose], e.Purpose), To: "/purposes/" + e.Purpose}, {Chip: &chip}, {Text: p.T("consent.counts_version", "version", e.Notice)},
			{Text: p.T("consent.channel_" + e.Channel), Note: level(p, e)}, {Text: recorder(p, e.RecordedBy), Title: e.RecordedBy}, {Text: proof, To: to, Code: e.Proof != ""},
		}})
	}
	return page
}

func (b *Book) showSubject(r *web.Request) error {
	list, history, err := b.Standings(r.Context(), r.Actor, r.Path("subject"))
	if err != nil {
		return err
	}
	return r.Render(subjectPage(r.Printer(), r.Path("subject"), list, history))
}

// find leads to the page of the customer whose identifier was typed.
func (b *Book) find(r *web.Request) error {
	var form struct {
		Subject string `form:"subject" max:"40" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	if !id.Is(id.Subject, form.Subject) {
		return errs.New(errs.NotFound, "consent.subject_unknown")
	}
	return r.Redirect("/subjects/" + form.Subject + "/consents")
}

func fixtures(p *i18n.Printer) []web.Fixture {
	const hostile = `"><script>alert(1)</script>`
	const pur, subject = "pur_01k9xq3v7me8t0000z9w2h4r6n", "sub_01k9xq3v7me8t0000z9w2h4r6n"
	offers := purpose.Purpose{ID: pur, Status: purpose.Active, Basis: purpose.ByConsent, Notice: 2, Name: map[string]string{"id": "Penawaran produk dan promosi", "en": "Offers and promotions"}}
	survey, old, bad := offers, offers, offers
	survey.ID, survey.Name = "pur_01k9xq3v7me8t0000z9w2h4r6m", map[string]string{"id": "Survei kepuasan", "en": "Satisfaction survey"}
	old.ID, old.Status, old.Name = "pur_01k9xq3v7me8t0000z9w2h4r6k", purpose.Retired, map[string]string{"id": "Undian akhir tahun", "en": "Year-end draw"}
	bad.Name = map[string]string{"id": hostile, "en": hostile}
	name := offers.Name[string(p.Lang())]
	at := time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC)
	said := Event{ID: "cns_01k9xq3v7me8t0000z9w2h4r6n", Subject: subject, Purpose: pur, What: Granted, Notice: 1, Channel: "phone", Interaction: "itx_01k9xq3v7me8t0000z9w2h4r6n",
		Proof: "itx_01k9xq3v7me8t0000z9w2h4r6n", Level: 2, RecordedBy: "stf_01k9xq3v7me8t0000z9w2h4r6n", At: at}
	withdrawn := Event{ID: "cns_01k9xq3v7me8t0000z9w2h4r6m", Subject: subject, Purpose: old.ID, What: Withdrawn, Notice: 2, Channel: "paper", RecordedBy: "import", At: at}
	notice := purpose.Notice{Version: 1, Text: map[string]string{"id": "Kami memakai nomor telepon Anda untuk menawarkan produk.", "en": "We use your phone number to offer products."}}
	worse := said
	worse.Proof, worse.RecordedBy = hostile, hostile
	return []web.Fixture{
		{Name: "empty", Page: countsPage(p, name, pur, nil, true), Role: actor.DPO},
		{Name: "ordinary", Page: countsPage(p, name, pur, []Count{{2, 1204, 87, 40}, {1, 310, 22, 19}}, true), Role: actor.DPO},
		{Name: "hostile", Page: countsPage(p, hostile, pur, []Count{{1, 1, 0, 0}}, false), Role: actor.Auditor, Hostile: []string{hostile}},
		{Name: "empty", Page: subjectPage(p, subject, nil, nil), Role: actor.DPO},
		{Name: "ordinary", Page: subjectPage(p, subject, []Standing{{offers, said, notice}, {survey, Event{}, purpose.Notice{}}, {old, withdrawn, notice}}, []Event{said, withdrawn}), Role: actor.DPO},
		{Name: "hostile", Page: subjectPage(p, subject, []Standing{{bad, worse, purpose.Notice{Text: bad.Name}}}, []Event{worse}), Role: actor.DPO, Hostile: []string{hostile}},
	}
}
