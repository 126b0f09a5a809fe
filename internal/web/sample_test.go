package web_test

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

//go:embed testdata/sample/views/*.html testdata/sample/messages/*.json
var sampleFiles embed.FS

// CallPage is shown by testdata/sample/views/call.html.
type CallPage struct {
	Purpose   string
	Since     time.Time
	Level     web.Chip
	Recording web.Chip
	Fields    []web.Field
	Refusal   *web.Notice
	Facts     web.Facts
	Trail     web.Table
}

var since = time.Date(2026, 11, 23, 8, 1, 9, 0, time.UTC)

func samplePage(p *i18n.Printer) CallPage {
	id := p.Lang() == i18n.ID
	say := func(idText, enText string) string {
		if id {
			return idText
		}
		return enText
	}
	reveal := func(field, key string) []web.Action {
		return []web.Action{
			{To: "/calls/x/compare", Swap: "#fields", Button: web.Button{Label: say("Cocokkan", "Compare"), Key: "= " + key}, Hidden: []web.Hidden{{Name: "field", Value: field}}},
			{To: "/calls/x/reveal", Swap: "#fields", Button: web.Button{Label: say("Buka", "Reveal"), Key: "r " + key}, Hidden: []web.Hidden{{Name: "field", Value: field}}},
		}
	}
	return CallPage{
		Purpose: say("Status pesanan", "Order status"), Since: since,
		Level:     web.Chip{Tone: web.Good, Text: "V2 " + say("terverifikasi", "verified")},
		Recording: web.Chip{Tone: web.Private, Text: say("tidak direkam", "not recorded")},
		Fields: []web.Field{
			{ID: "field-name", Label: say("Nama", "Name"), Class: web.Chip{Tone: web.Neutral, Text: say("umum", "general")}, Value: web.Masked{Text: "B••• S•••••••"}, Actions: reveal("name", "n")[:1]},
			{ID: "field-phone", Label: say("Telepon", "Phone"), Class: web.Chip{Tone: web.Neutral, Text: say("umum", "general")},
				Value:   web.Masked{Text: "+62 812 0000 4471", Open: true, Seconds: 20, Mask: "+62 8•• •••• 4471", Mark: "Rina · 15.04.05 WIB"},
				Receipt: &web.Link{To: "/trail/1042", Label: say("Bukti 1.042", "Receipt 1,042")}},
			{ID: "field-address", Label: say("Alamat", "Address"), Class: web.Chip{Tone: web.Neutral, Text: say("umum", "general")}, Value: web.Masked{Text: "Jl. K••••• No. •, Bandung"}, Actions: reveal("address", "a")},
			{ID: "field-nik", Label: "NIK", Class: web.Chip{Tone: web.Warn, Text: say("khusus", "specific")}, Value: web.Masked{Text: "3273•••••••••004"}, Reason: say("Perlu V3 melalui telepon", "Needs V3 by phone")},
		},
		Refusal: &web.Notice{Tone: web.Warn, Title: p.T("sample.refused"), Text: p.T("sample.refused.next"), Say: p.T("sample.refused.say")},
		Facts: web.Facts{
			{Label: say("Cara", "Method"), Text: say("Tautan ke nomor terdaftar", "Link to the registered number")},
			{Label: say("Pada", "At"), Time: since},
			{Label: say("Catatan audit", "Audit entry"), Text: "1.041", To: "/trail/1041"},
		},
		Trail: web.Table{
			Caption: say("Yang sudah dibuka", "What was opened"),
			Columns: []web.Column{{Title: say("Waktu", "Time")}, {Title: say("Tindakan", "Action")}, {Title: say("Bidang", "Fields")}, {Title: say("Putusan", "Decision")}, {Title: say("Entri", "Entry"), Numeric: true}},
			Rows: []web.Row{
				{Cells: []web.Cell{{Time: since}, {Text: "reveal"}, {Text: "phone", Code: true}, {Chip: &web.Chip{Tone: web.Good, Text: say("diizinkan", "allowed")}}, {Text: p.Number(1042), To: "/trail/1042"}}},
				{Cells: []web.Cell{{Time: since}, {Text: "reveal"}, {Text: "nik", Code: true}, {Chip: &web.Chip{Tone: web.Bad, Text: say("ditolak", "denied")}}, {Text: p.Number(1041), To: "/trail/1041"}}},
			},
			Pager: web.Pager{Older: "/calls?after=abc"},
		},
	}
}

const evil = `"><img src=x onerror=alert(1)><script>alert(2)</script>'{{.}}`

func sampleFixtures(p *i18n.Printer) []web.Fixture {
	ordinary := samplePage(p)
	hostile := samplePage(p)
	hostile.Purpose = evil
	hostile.Level = web.Chip{Tone: web.Tone(evil), Text: evil}
	hostile.Refusal = &web.Notice{Tone: web.Bad, Title: evil, Text: evil, Say: evil}
	hostile.Fields = []web.Field{{ID: "field-x", Label: evil, Class: web.Chip{Tone: web.Info, Text: evil}, Reason: evil,
		Value:   web.Masked{Text: evil, Open: true, Seconds: 20, Mask: evil, Mark: evil},
		Actions: []web.Action{{To: "javascript:alert(1)", Swap: "#fields", Button: web.Button{Label: evil, Key: evil, Style: evil}, Hidden: []web.Hidden{{Name: evil, Value: evil}}}}}}
	hostile.Trail.Rows = []web.Row{{ID: "row", Cells: []web.Cell{{Text: evil, To: "javascript:alert(1)"}, {Text: evil, Code: true}}}}
	return []web.Fixture{
		{Name: "empty", Page: CallPage{Trail: web.Table{Empty: web.Empty{Title: p.T("sample.none"), Text: p.T("sample.none_next")}}}, Role: actor.Agent},
		{Name: "ordinary", Page: ordinary, Role: actor.Agent},
		{Name: "hostile", Page: hostile, Role: actor.Agent, Hostile: []string{evil}},
		{Name: "ordinary", Fragment: "sample_fields", Page: ordinary.Fields},
	}
}

type noteForm struct {
	Note    string    `form:"note" max:"20" required:"true" lines:"true"`
	Outcome string    `form:"outcome" choice:"done open"`
	Level   int       `form:"level" low:"0" high:"3"`
	Fields  []string  `form:"field" max:"10" count:"3"`
	Agree   bool      `form:"agree"`
	Since   time.Time `form:"since"`
}

type compareInput struct {
	Interaction string `path:"interaction" maxLength:"30"`
	Limit       int    `query:"limit" minimum:"1" maximum:"100"`
	Mode        string `header:"Amanah-Mode" maxLength:"10"`
	Body        struct {
		Field  string   `json:"field" enum:"phone,nik"`
		Answer string   `json:"answer" maxLength:"10"`
		Mail   string   `json:"mail,omitempty" format:"email"`
		Deep   *deep    `json:"deep,omitempty"`
		Tags   []string `json:"tags,omitempty" maxItems:"2"`
	}
}

type deep struct {
	Inner *deep          `json:"inner,omitempty"`
	Count int            `json:"count,omitempty"`
	Free  map[string]int `json:"free,omitempty"`
}

type compareOutput struct {
	Location string `header:"Location"`
	Body     struct {
		ID    string `json:"id"`
		Match bool   `json:"match"`
	}
}

// sample is a room like any other.
func sample(routes func(*web.Router)) web.Module {
	files, err := fs.Sub(sampleFiles, "testdata/sample")
	if err != nil {
		panic(err)
	}
	agents := web.Access{Roles: []actor.Role{actor.Agent}}
	return web.Module{
		Name: "sample", Views: files, Messages: files, Fixtures: sampleFixtures,
		Nav: []web.NavItem{
			{Key: "sample.nav", Path: "/calls", Roles: []actor.Role{actor.Agent}, Order: 1, Hint: "d"},
			{Key: "sample.nav_trail", Path: "/trail", Roles: []actor.Role{actor.Agent, actor.Auditor}, Order: 2, Hint: "t"},
		},
		Routes: func(rt *web.Router) {
			rt.Page("GET /calls/{interaction}", agents, func(r *web.Request) error { return r.Render(samplePage(r.Printer())) })
			rt.Page("POST /calls/{interaction}/note", agents, func(r *web.Request) error {
				var form noteForm
				if err := r.Decode(&form); err != nil {
					return err
				}
				if r.Partial() {
					return r.Fragment("sample_fields", samplePage(r.Printer()).Fields)
				}
				r.Flash("sample.flash")
				return r.Redirect("/calls/" + r.Path("interaction"))
			})
			rt.Page("GET /boom", agents, func(*web.Request) error { panic("NIK 3273012345670004") })
			rt.Page("GET /broken", agents, func(*web.Request) error {
				return errs.Wrap(errs.Unavailable, "sample.refused", errors.New(`near "3273012345670004": a@b.id 081234567890 table locked`))
			})
			rt.Page("GET /away", agents, func(r *web.Request) error { return r.Redirect("//evil.example/x") })
			rt.Page("GET /unseen", agents, func(r *web.Request) error { return r.Render(struct{}{}) })
			rt.Page("GET /settings", web.Access{Roles: []actor.Role{actor.Agent}, Fresh: true}, func(r *web.Request) error { return r.Render(samplePage(r.Printer())) })
			rt.Page("GET /v/{token}", web.Access{Customer: true}, func(r *web.Request) error { return r.Render(CallPage{}) })
			web.Operation(rt, web.Op{Method: "POST", Path: "/interactions/{interaction}/compare", Summary: "Compare an answer", Unkeyed: "each comparison is a new one", Access: web.Access{Roles: []actor.Role{actor.Agent}, Scope: "compare"}, MaxBody: 4096},
				func(_ context.Context, _ web.Call, in *compareInput) (*compareOutput, error) {
					if in.Body.Answer == "refuse" {
						return nil, errs.New(errs.Denied, "sample.refused")
					}
					out := &compareOutput{}
					out.Body.ID, out.Body.Match = in.Interaction, true
					return out, nil
				})
			if routes != nil {
				routes(rt)
			}
		},
	}
}

func TestTheSampleRoomsPagesPassInspection(t *testing.T) { webtest.Pages(t, sample(nil)) }

func TestTheFrontDesksOwnPagesPassInspection(t *testing.T) {
	d := webtest.New(t, nil)
	webtest.Inspected(t, d.Server, "web", web.OwnFixtures)
}

func TestTheFrontDesksTextsAreCompleteAndUsed(t *testing.T) {
	for _, fault := range i18n.CheckFolder(".", i18n.Source{Room: "web", Also: []string{"app"}, FS: os.DirFS(".")}, "read", "held", "cursor") {
		t.Error(fault)
	}
}

func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

func nobody(context.Context, *http.Request) (web.Visitor, error) { return web.Visitor{}, nil }
