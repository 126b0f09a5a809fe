package trail

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
	"github.com/amanah-id/amanah/proof"
)

// said are the words of the trail alone, with those of the gate.
func said(t *testing.T, lang i18n.Lang) words {
	t.Helper()
	c, err := i18n.Load(i18n.Source{Room: "trail", FS: messages}, i18n.Source{Room: "gate", FS: gate.Messages})
	if err != nil {
		t.Fatal(err)
	}
	return words{p: c.For(lang, nil), catalogue: catalog.Shipped(), names: map[string]string{}}
}

func TestEveryActionOfAChapterHasItsWordOnce(t *testing.T) {
	for _, lang := range i18n.Langs() {
		w, seen := said(t, lang), map[string]bool{}
		for _, c := range chapters() {
			for _, a := range c.actions {
				word := w.action(a)
				if seen[a] || word == a || strings.Contains(word, "⟦") {
					t.Errorf("%s: %s is %q (there already: %v)", lang, a, word, seen[a])
				}
				seen[a] = true
			}
		}
		for _, d := range duties {
			if w.duty(d) == d {
				t.Errorf("%s: the duty %s has no word", lang, d)
			}
		}
	}
}

// Every action that is written out in the source of a room, in an entry or in a call of a
// function that takes one, is in a chapter. Those that are put together are not found so.
func TestEveryActionThatARoomWritesIsInAChapter(t *testing.T) {
	known := map[string]bool{}
	for _, c := range chapters() {
		for _, a := range c.actions {
			known[a] = true
		}
	}
	files, err := filepath.Glob("../*/*.go")
	more, err2 := filepath.Glob("../trust/*/*.go")
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	takes := map[string]int{} // folder/function -> which argument is an action
	trees := map[string][]*ast.File{}
	for _, name := range append(files, more...) {
		folder := filepath.Base(filepath.Dir(name))
		if strings.HasSuffix(name, "_test.go") || folder == "trail" {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		trees[folder] = append(trees[folder], tree)
		for _, d := range tree.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			at := 0
			for _, p := range f.Type.Params.List {
				for _, n := range p.Names {
					if n.Name == "action" {
						takes[folder+"/"+f.Name.Name] = at
					}
					at++
				}
			}
		}
	}
	found := 0
	look := func(folder string, e ast.Expr) {
		lit, ok := e.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return
		}
		action, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		found++
		if action != reading && !known[action] && !known[folder+"."+action] {
			t.Errorf("%s writes %s, which is in no chapter", folder, action)
		}
	}
	for folder, list := range trees {
		for _, tree := range list {
			ast.Inspect(tree, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.KeyValueExpr:
					if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Action" {
						look(folder, n.Value)
					}
				case *ast.CallExpr:
					if f, ok := n.Fun.(*ast.SelectorExpr); ok {
						if at, ok := takes[folder+"/"+f.Sel.Name]; ok && at < len(n.Args) {
							look(folder, n.Args[at])
						}
					}
				}
				return true
			})
		}
	}
	if found < 50 {
		t.Errorf("only %d actions were found: the test looks in the wrong place", found)
	}
}

func TestACodeWithoutAWordIsShownAsItIs(t *testing.T) {
	w := said(t, i18n.EN)
	for got, want := range map[string]string{
		w.action("new.thing"): "new.thing", w.action("identity.sign_in.retina"): "Sign in (retina)", w.reason("new.reason"): "new.reason",
		w.reason("gate.level_too_low"): "The level of verification is too low.", w.channel("fax"): "fax", short("itx_01k9xq3v7me8t0000z9w2h4r6n"): "itx_…2h4r6n", short("x"): "x",
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// A log with one refused reveal, and a reader of it.
func reader(t *testing.T) (w *webtest.Desk, subject string) {
	t.Helper()
	d := dbtest.Open(t, audit.Schema(), web.Schema())
	log := audit.New(d, audit.Options{Deployment: "dep.example", Actor: actor.NewDuty("log"), SignEvery: -1})
	if err := log.Start(t.Context(), unsealed{}, audit.KeySigner{Key: ed25519.NewKeyFromSeed(make([]byte, 32))}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close(context.Background()) })
	subject = id.New(id.Subject)
	rina := actor.NewStaff(id.New(id.Staff), actor.Agent, id.New(id.Session), []string{"ctl_a"}, time.Unix(0, 0))
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := log.Append(tx, audit.Entry{Action: "reveal", Decision: audit.Denied, Reason: "gate.level_too_low", Actor: rina, Controller: "ctl_a", Purpose: "pur_a", Policy: "p",
			Interaction: id.New(id.Interaction), Ground: "interaction:itx_1", Channel: "phone", Level: 1, Subject: subject, Fields: []string{"customer_number"}, Refused: []string{"name:gate.level_too_low"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	room := New(Options{DB: d, Log: log, Catalogue: catalog.Shipped(),
		Owner: func(_ *db.Tx, s string) (string, bool, error) { return "ctl_a", s == subject, nil },
		Name:  func(*db.Tx, string) (string, error) { return "Rina", nil },
		Staff: func(context.Context) ([]identity.Staff, error) {
			return []identity.Staff{{ID: rina.ID(), Name: "Rina Kartika", Role: actor.Agent, Controllers: []string{"ctl_a"}}, {ID: "stf_z", Name: "Zaki Other", Role: actor.Agent, Controllers: []string{"ctl_z"}}}, nil
		},
		Purpose: func(*db.Tx, string, string) (string, error) { return "Status pesanan", nil },
		Company: func(*db.Tx, string) (string, error) { return "PT Toko Nusantara", nil },
	})
	w = webtest.New(t, func(o *web.Options) {
		o.DB, o.Sealer = d, keeper{}
		o.MAC = func(string, []byte) []byte { return make([]byte, 16) }
	}, room.Module(), web.Module{Name: "gate", Messages: gate.Messages})
	w.Actor("dpo", actor.NewStaff(id.New(id.Staff), actor.DPO, id.New(id.Session), []string{"ctl_a"}, w.Now))
	w.Actor("auditor", actor.NewStaff(id.New(id.Staff), actor.Auditor, id.New(id.Session), []string{"ctl_a"}, w.Now))
	return w, subject
}

func TestTheTrailIsReadInWordsWithTheirCodes(t *testing.T) {
	w, subject := reader(t)
	must := func(path string, words ...string) string {
		t.Helper()
		got := w.Do("dpo", "GET", path, "")
		for _, word := range words {
			if got.Code != 200 || !strings.Contains(got.Body.String(), word) {
				t.Errorf("%s: %d, without %q\n%s", path, got.Code, word, got.Body)
			}
		}
		return got.Body.String()
	}
	list := must("/log", `title="reveal">Menampilkan data`, ">Rina</a>", ">Agen</small>", "Nomor pelanggan; ditolak: Nama lengkap", "Tingkat verifikasi belum cukup.", "Telepon · V1", "Rina Kartika · Agen", `<optgroup label="Petugas">`)
	if strings.Contains(list, "Zaki") {
		t.Error("the filter offers staff of another company")
	}
	must("/log?lang=en", `title="reveal">Reveal data`, "Customer number; refused: Full name", "The level of verification is too low.", "Phone · V1")
	must("/subjects/"+subject+"/trail?lang=en", `title="reveal">Reveal data`, "/subjects/"+subject+"/consents")
	_, at, _ := strings.Cut(must("/log?action=reveal&lang=en", `<option value="reveal" selected>Reveal data`), `<a href="/log/entry?`)
	at, _, _ = strings.Cut(at, `"`)
	must("/log/entry?"+strings.ReplaceAll(at, "&amp;", "&")+"&lang=en", "Status pesanan", "PT Toko Nusantara", ">reveal</code>", "V1 · found", "Rina · Agent", "name:gate.level_too_low", "Contact with the customer")
	// An action that no chapter knows is a question like any other.
	must("/log?action=new.thing", `<option value="new.thing" selected>new.thing`)
	if auditor := w.Do("auditor", "GET", "/subjects/"+subject+"/trail", "").Body.String(); strings.Contains(auditor, "/consents") {
		t.Error("an auditor is led to a page that is closed to him")
	}
}

func TestAFullPageOfTheTrailKeepsItsWeight(t *testing.T) {
	w, found, staff := said(t, i18n.ID), []audit.Found{}, []colleague{}
	w.names["stf_01k9xq3v7me8t0000z9w2h4r6n"] = "Nurhasanah"
	for i := range 2 * mostStaff {
		staff = append(staff, colleague{fmt.Sprintf("stf_01k9xq3v7me8t0000z9w2h%04d", i), "Muhammad Rizky Ramadhan", "supervisor"})
	}
	for i := range perPage {
		found = append(found, audit.Found{Origin: "dpl_01m8fcmf6x836sw0yw3cxhzdtx/main/afilbmlbiioloang", Index: 1<<30 + uint64(i), Time: time.Unix(1e9, 0), Leaf: proof.Leaf{ //nolint:gosec // small
			Action: "identity.second_factor_shown.recovery", Decision: "denied", Reason: "gate.level_too_low", ActorKind: "staff", Actor: "stf_01k9xq3v7me8t0000z9w2h4r6n", Role: "supervisor",
			Interaction: "itx_01k9xq3v7me8t0000z9w2h4r6n", Channel: "phone", Level: 2, Policy: "p", Fields: []string{"customer_number", "phone"}, Refused: []string{"mother_maiden_name:gate.level_too_low"}}})
	}
	if got := len(w.actors(staff, staff[7].id)); got != 1+1+len(duties) {
		t.Errorf("%d actors to choose from where the staff is large", got)
	}
	m := New(Options{}).Module()
	m.Fixtures = func(p *i18n.Printer) []web.Fixture {
		w.p = p
		list := fixtures(p)
		full := SearchPage{Filters: w.filters(searchForm{}, staff[:mostStaff]), Table: w.table(audit.Page{Entries: found}, "/log?after=1"), Toggle: &web.Link{To: "/log", Label: "x", Key: "r"}}
		return append(list, web.Fixture{Name: "full", Page: full, Role: actor.DPO})
	}
	webtest.Pages(t, m, web.Module{Name: "gate", Messages: gate.Messages}, web.Module{Name: "audit", Messages: audit.Messages})
}

func TestReadingsOfTheTrailAreRecordedAndHiddenUntilTheyAreAskedFor(t *testing.T) {
	w, subject := reader(t)
	for _, path := range []string{"/log", "/subjects/" + subject + "/trail"} {
		for _, c := range []struct {
			query string
			shown bool
			says  string
		}{
			{"", false, "catatan itu tidak ditampilkan di sini"},
			{"?readings=true", true, "Termasuk catatan siapa yang melihat"},
			{"?readings=false", false, "catatan itu tidak ditampilkan di sini"},
		} {
			got := w.Do("dpo", "GET", path+c.query, "").Body.String()
			if strings.Contains(got, `title="audit.read">`) != c.shown || !strings.Contains(got, c.says) || !strings.Contains(got, `data-key="r"`) || !strings.Contains(got, `title="reveal">`) {
				t.Errorf("%s%s: readings %v\n%s", path, c.query, !c.shown, got)
			}
		}
	}
	// Who asks for them by name gets them, and needs no switch.
	got := w.Do("dpo", "GET", "/log?action=audit.read", "").Body.String()
	if !strings.Contains(got, `title="audit.read">`) || strings.Contains(got, `data-key="r"`) {
		t.Error(got)
	}
	// The switch and the next page keep the question.
	got = w.Do("dpo", "GET", "/log?decision=denied&after=zzzzzzzzzzz-0", "").Body.String()
	if !strings.Contains(got, fmt.Sprintf("href=%q", "/log?decision=denied&amp;readings=true")) {
		t.Error(got)
	}
}

// Entries are shown by the reader's clock; a day that is asked for must be the same day.
func TestADayThatIsAskedForIsTheOneThatIsShown(t *testing.T) {
	p := (&i18n.Catalogue{}).For(i18n.ID, i18n.WIB)
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC) // as the form reads it
	q := searchForm{Since: day, Until: day}.query(actor.Actor{}, p)
	for clock, within := range map[string]bool{
		"2026-11-22T23:59:59+07:00": false, "2026-11-23T00:00:00+07:00": true, "2026-11-23T06:30:00+07:00": true,
		"2026-11-23T23:59:59+07:00": true, "2026-11-24T00:00:00+07:00": false,
	} {
		at, err := time.Parse(time.RFC3339, clock)
		if err != nil {
			t.Fatal(err)
		}
		if got := !at.Before(q.From) && at.Before(q.To); got != within {
			t.Errorf("%s: %v, shown as %s", clock, got, p.DateTime(at))
		}
	}
	if q := (searchForm{}).query(actor.Actor{}, p); !q.From.IsZero() || !q.To.IsZero() {
		t.Errorf("%+v", q)
	}
}
