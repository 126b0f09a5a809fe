package page

import (
	"fmt"

	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/web"
)

// SayRow is one line of what the agent may say on this channel at this level.
type SayRow struct {
	Label string
	What  web.Chip
	Why   string // from which level on it is more
}

// WriteForm is where the agent writes to a registered contact.
type WriteForm struct {
	Call string
	To   []web.Choice
	Text web.Input
	Why  *web.Input // nil while no rule asks for it
}

// said gives the fields of a fixture the words that the catalogue ships for them.
func said(view desk.View) desk.View {
	for i, f := range view.Fields {
		shipped, _ := catalog.Shipped().Field(f.Field.Name)
		view.Fields[i].Field.Words = shipped.Words
	}
	return view
}

// say fills what may be said, for the fields of the view, and the form to write with.
func (page *CallPage) say(p *i18n.Printer, v interaction.View, view desk.View, company string, carries func(field string) bool) {
	var fields []catalog.Field
	for _, f := range view.Fields {
		fields = append(fields, f.Field)
	}
	for _, one := range desk.Sayings(fields, string(v.Channel), view.Level) {
		row := SayRow{Label: one.Field.Label.In(p.Lang())}
		switch one.Form {
		case catalog.Whole:
			row.What = web.Chip{Tone: web.Good, Text: p.T("desk.say_whole")}
		case catalog.Masked:
			row.What = web.Chip{Tone: web.Info, Text: p.T("desk.say_mask")}
		default:
			row.What = web.Chip{Tone: web.Neutral, Text: p.T("desk.say_nothing")}
		}
		if one.From > 0 {
			row.Why = p.T("desk.say_from", "level", fmt.Sprint(one.From))
		}
		page.Say = append(page.Say, row)
	}
	if v.Channel == interaction.Phone && v.Direction == interaction.Outbound {
		page.Voicemail = page.said.T("desk.voicemail_text", "company", company)
	}
	form := WriteForm{Call: page.ID, Text: web.Input{ID: "write-text", Name: "text", Label: p.T("desk.write_text"), Type: "textarea", Max: 1000, Required: true, Hint: p.T("desk.write_hint")}}
	if view.AsksWhy {
		form.Why = &web.Input{ID: "write-why", Name: "reason", Label: p.T("desk.write_why"), Max: 300, Hint: p.T("desk.write_why_hint")}
	}
	for _, f := range view.Fields {
		if carries(f.Field.Name) && allowed(f, gate.Act) && view.Level >= 2 {
			label := f.Field.Label.In(p.Lang())
			for _, value := range f.Values {
				form.To = append(form.To, web.Choice{Value: f.Field.Name + " " + value.ID, Label: label + " " + value.Mask})
			}
		}
	}
	if len(form.To) > 0 {
		page.Write = &form
	}
}
