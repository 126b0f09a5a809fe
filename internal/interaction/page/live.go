package page

import (
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

func (s screens) routes(rt *web.Router) {
	rt.Page("GET /live", web.Access{Roles: watches}, s.showLive)
	rt.Page("POST /live/{interaction}/lower", web.Access{Roles: watches}, s.postLive(interaction.Lower))
	rt.Page("POST /live/{interaction}/disconnect", web.Access{Roles: watches}, s.postLive(interaction.Disconnect))
	s.operations(rt)
}

// LivePage is the supervisor's list of contacts that are not ended.
type LivePage struct {
	Table web.Table
}

func (s screens) showLive(r *web.Request) error {
	live, err := s.Live(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	names, err := s.Names(r.Context(), live)
	if err != nil {
		return err
	}
	return r.Render(livePage(r.Printer(), live, names))
}

func livePage(p *i18n.Printer, live []interaction.View, names map[string]string) LivePage {
	t := web.Table{
		Caption: p.T("interaction.live_title"),
		Columns: []web.Column{
			{Title: p.T("interaction.col_started")}, {Title: p.T("interaction.col_state") + ", " + p.T("interaction.col_agent")}, {Title: p.T("interaction.col_level")},
			{Title: p.T("interaction.col_channel")}, {Title: p.T("interaction.col_risks")},
			{Title: ""}, {Title: ""},
		},
		Empty: web.Empty{Title: p.T("interaction.live_empty"), Text: p.T("interaction.live_empty_next")},
	}
	for _, v := range live {
		state := web.Chip{Tone: toneOf(v), Text: p.T("interaction.state_" + string(v.State))}
		if v.State.Talking() && !v.Fresh {
			state = web.Chip{Tone: web.Bad, Text: p.T("interaction.state_silent")}
		}
		risk := web.Cell{Text: "–"}
		if len(v.Risks) > 0 {
			risk = web.Cell{Chip: &web.Chip{Tone: web.Warn, Text: p.T("interaction.risk_" + v.Risks[0])}}
		}
		agent := v.Agent
		if name := names[v.Agent]; name != "" {
			agent = name
		}
		means := p.T("interaction.level_" + string('0'+rune(v.Level)))
		level, _, _ := strings.Cut(means, " · ")
		// Few columns: the buttons must be seen without scrolling on a window of 1280 pixels.
		t.Rows = append(t.Rows, web.Row{ID: v.ID, Cells: []web.Cell{
			{Time: v.Started}, {Chip: &state, Note: agent}, {Chip: &web.Chip{Tone: levelTone(v.Level), Text: level}, Title: means},
			{Text: p.T("interaction.channel_" + string(v.Channel)), Note: v.Queue}, risk,
			offer(p, v, interaction.Lower, "quiet"), offer(p, v, interaction.Disconnect, "danger"),
		}})
	}
	return LivePage{t}
}

// offer is the button of a move that the contact can make now; an empty cell when it cannot.
func offer(p *i18n.Printer, v interaction.View, m interaction.Move, style string) web.Cell {
	if _, ok := interaction.Next(interaction.Position{State: v.State}, m); !ok {
		return web.Cell{}
	}
	return web.Cell{Action: &web.Action{To: "/live/" + v.ID + "/" + string(m), Button: web.Button{Style: style, Label: p.T("interaction.do_" + string(m))}}}
}

func toneOf(v interaction.View) web.Tone {
	switch v.State {
	case interaction.Serving:
		return web.Good
	case interaction.Verifying:
		return web.Info
	case interaction.Held:
		return web.Warn
	}
	return web.Neutral
}

func levelTone(level int) web.Tone {
	switch level {
	case 0:
		return web.Neutral
	case 1:
		return web.Info
	}
	return web.Good
}

func (s screens) postLive(m interaction.Move) func(*web.Request) error {
	return func(r *web.Request) error {
		if err := s.Move(r.Context(), r.Actor, r.Path("interaction"), m); err != nil {
			return err
		}
		r.Flash("interaction.done_" + string(m))
		return r.Redirect("/live")
	}
}

// fixtures fill every page with made-up values, for the tests and the gallery.
func fixtures(p *i18n.Printer) []web.Fixture {
	const hostile = `"><script>alert(1)</script>`
	at := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	row := func(id string, state interaction.State, level int, queue string) interaction.View {
		return interaction.View{ID: id, State: state, Level: level, Queue: queue, Channel: interaction.Phone, Direction: interaction.Inbound, Started: at,
			Agent: "stf_01k9xq3v7me8t0000z9w2h4r6n", Fresh: true}
	}
	silent := row("itx_01k9xq3v7me8t0000z9w2h4r6p", interaction.Held, 1, "Kartu")
	silent.Risks, silent.Fresh = []string{"sim_changed"}, false
	long := row("itx_01k9xq3v7me8t0000z9w2h4r6s", interaction.Frozen, 3, "Layanan pelanggan umum")
	long.Risks = []string{"repeat_calls"}
	return []web.Fixture{
		{Name: "empty", Page: livePage(p, nil, nil), Role: actor.Supervisor},
		{Name: "ordinary", Role: actor.Supervisor, Page: livePage(p, []interaction.View{
			row("itx_01k9xq3v7me8t0000z9w2h4r6n", interaction.Serving, 2, "Tagihan"), silent,
			row("itx_01k9xq3v7me8t0000z9w2h4r6q", interaction.Verifying, 1, "Umum"), row("itx_01k9xq3v7me8t0000z9w2h4r6r", interaction.Wrapup, 3, "Layanan pelanggan"), long,
		}, map[string]string{"stf_01k9xq3v7me8t0000z9w2h4r6n": "Bagas Pradana"})},
		{Name: "hostile", Role: actor.Supervisor, Page: livePage(p, []interaction.View{row("itx_01k9xq3v7me8t0000z9w2h4r6n", interaction.Connected, 0, hostile)}, map[string]string{"stf_01k9xq3v7me8t0000z9w2h4r6n": hostile}), Hostile: []string{hostile}},
	}
}
