package app

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/consent"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/vault"
)

// browser asks the console for pages with a session's cookie.
type browser struct {
	w      *world
	cookie string
}

// browsing is an agent at the console, in a verified call with person n.
func browsing(t testing.TB, w *world, slug string, n int) (b browser, a actor.Actor, itx string) {
	t.Helper()
	ctx := t.Context()
	a, cookie, err := w.Browsing(ctx, actor.Agent, w.controller)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.customer(ctx, n); err != nil {
		t.Fatal(err)
	}
	if itx, err = w.call(ctx, a, slug, n); err != nil {
		t.Fatal(err)
	}
	if err := w.verify(ctx, a, itx); err != nil {
		t.Fatal(err)
	}
	return browser{w, cookie}, a, itx
}

// do sends a request for a part of a page, a form when there is one.
func (b browser) do(method, path string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Amanah-Fragment", "1")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	r.AddCookie(&http.Cookie{Name: identity.CookieName, Value: b.cookie})
	w := httptest.NewRecorder()
	b.w.Web.Handler().ServeHTTP(w, r)
	return w
}

var stamped = regexp.MustCompile(`data-stamp="([0-9a-f]+)"`)

func TestACallThatStandsAsThePageShowsItIsNotShownAgain(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		b, a, itx := browsing(t, w, "order_status", 1)
		first := b.do("GET", "/calls/"+itx, nil)
		found := stamped.FindStringSubmatch(first.Body.String())
		if first.Code != 200 || found == nil {
			t.Fatalf("%d, stamp %q", first.Code, found)
		}
		stamp := `"` + found[1] + `"`
		before := len(trailOf(t, w, itx))
		if err := w.Interactions.Heartbeat(t.Context(), a, itx); err != nil {
			t.Fatal(err)
		}
		if again := b.do("GET", "/calls/"+itx, nil, "If-None-Match", stamp); again.Code != 304 || again.Body.Len() != 0 {
			t.Errorf("nothing changed: %d with %d bytes", again.Code, again.Body.Len())
		}
		if now := len(trailOf(t, w, itx)); now != before {
			t.Errorf("to say that nothing changed wrote %d entries", now-before)
		}
		if err := w.Interactions.Move(t.Context(), a, itx, "hold"); err != nil {
			t.Fatal(err)
		}
		if held := b.do("GET", "/calls/"+itx, nil, "If-None-Match", stamp); held.Code != 200 || strings.Contains(held.Body.String(), `id="fields-title"`) {
			t.Errorf("the call is on hold: %d", held.Code)
		}
	})
}

// openNotes reads the notes of a call and returns their texts.
func openNotes(t testing.TB, w *world, a actor.Actor, itx string) []string {
	t.Helper()
	out, err := w.Desk.Notes(t.Context(), a, itx)
	if err != nil {
		t.Fatal(err)
	}
	f, _, err := w.Audit.Entry(t.Context(), actor.NewDuty("test"), w.Audit.Origin(), out.Receipt.Index, nil)
	if err != nil || f.Leaf.Action != "reveal" || f.Leaf.Interaction != itx || len(f.Leaf.Fields) != 1 || f.Leaf.Fields[0] != "note" {
		t.Errorf("the receipt names %+v (%v)", f.Leaf, err)
	}
	var texts []string
	for _, n := range out.List {
		texts = append(texts, n.Text)
	}
	return texts
}

func TestTheNotesOfACallAreReadInItByWhoeverServesItAndNowhereElse(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		refused := func(who actor.Actor, itx, code string) {
			t.Helper()
			before := len(trailOf(t, w, itx))
			if out, err := w.Desk.Notes(ctx, who, itx); errs.CodeOf(err) != code || len(out.List) != 0 {
				t.Errorf("want %s: %v", code, err)
			}
			if now := len(trailOf(t, w, itx)); now != before+1 {
				t.Errorf("%s left %d entries", code, now-before)
			}
		}
		a, itx := servingCall(t, w, 1)
		refused(a, itx, "desk.no_notes")
		_, err := w.Desk.Note(ctx, a, itx, "Menanyakan pesanan.")
		must(err)
		_, err = w.Desk.Note(ctx, a, itx, "Minta dikirim ulang.")
		must(err)
		_, budget, _ := disclosed(t, w, a.ID())
		if got := openNotes(t, w, a, itx); !slices.Equal(got, []string{"Menanyakan pesanan.", "Minta dikirim ulang."}) {
			t.Errorf("notes %q", got)
		}
		if _, now, _ := disclosed(t, w, a.ID()); now != budget+1 {
			t.Errorf("reading them cost %d of the budget", now-budget)
		}

		colleague, err := w.staff(ctx, actor.Agent)
		must(err)
		refused(colleague, itx, "gate.not_found")
		must(w.Interactions.Transfer(ctx, a, itx, colleague.ID()))
		must(w.Interactions.Accept(ctx, colleague, itx))
		must(w.Interactions.Heartbeat(ctx, colleague, itx))
		_, err = w.Desk.Note(ctx, colleague, itx, "Diambil alih.")
		must(err)
		if got := openNotes(t, w, colleague, itx); len(got) != 3 || got[2] != "Diambil alih." {
			t.Errorf("after the transfer: %q", got)
		}
		refused(a, itx, "gate.not_found")

		must(w.Interactions.Move(ctx, colleague, itx, "hold"))
		refused(colleague, itx, "gate.call_held")
		must(w.Interactions.Move(ctx, colleague, itx, "resume"))
		must(w.Interactions.Move(ctx, colleague, itx, "disconnect"))
		refused(colleague, itx, "gate.call_over")
		must(w.Interactions.Seal(ctx, colleague, itx, "resolved"))
		refused(colleague, itx, "gate.call_over")

		// The next call of the same customer opens its own notes alone.
		again, err := w.call(ctx, a, "order_status", 1)
		must(err)
		_, err = w.Desk.Note(ctx, a, again, "Belum terverifikasi.")
		must(err)
		refused(a, again, "gate.not_serving")
		must(w.verify(ctx, a, again))
		if got := openNotes(t, w, a, again); !slices.Equal(got, []string{"Belum terverifikasi."}) {
			t.Errorf("the next call opens %q", got)
		}
		must(w.DB.Write(ctx, func(tx *db.Tx) error {
			p, err := w.Purposes.Bearing(tx, w.controller, "order_status")
			if err != nil {
				return err
			}
			p.Fields[gate.Reveal] = slices.DeleteFunc(p.Fields[gate.Reveal], func(f string) bool { return f == "note" })
			_, err = w.Purposes.Revise(tx, actor.NewDuty(purpose.Setup), p)
			return err
		}))
		refused(a, again, "gate.field_not_in_purpose")
		verifyLog(t, w)
	})
}

func TestTheNotePanelShowsNotesOnceTheyAreAskedFor(t *testing.T) {
	w := openWorld(t, db.Options{})
	b, a, itx := browsing(t, w, "order_status", 1)
	if kept := b.do("POST", "/calls/"+itx+"/notes", url.Values{"text": {"Minta dikirim ulang."}}); kept.Code != 200 || strings.Contains(kept.Body.String(), "dikirim ulang") || !strings.Contains(kept.Body.String(), "/notes/read") {
		t.Errorf("kept: %d %s", kept.Code, kept.Body)
	}
	if page := b.do("GET", "/calls/"+itx, nil); strings.Contains(page.Body.String(), "dikirim ulang") || !strings.Contains(page.Body.String(), "/notes/read") {
		t.Error("the page shows the notes unasked, or does not offer them")
	}
	open := b.do("POST", "/calls/"+itx+"/notes/read", url.Values{})
	if open.Code != 200 || !strings.Contains(open.Body.String(), "Minta dikirim ulang.") || !strings.Contains(open.Body.String(), `data-mask-after="60"`) || !strings.Contains(open.Body.String(), "Rina") {
		t.Errorf("read: %d %s", open.Code, open.Body)
	}
	if err := w.Interactions.Move(t.Context(), a, itx, "hold"); err != nil {
		t.Fatal(err)
	}
	if held := b.do("GET", "/calls/"+itx, nil); strings.Contains(held.Body.String(), "/notes/read") {
		t.Error("a held call offers to read its notes")
	}
}

func TestTheDeskAsksForConsentAndTheAnswerCountsAtOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		b, a, itx := browsing(t, w, "marketing", 1)
		page := func() string {
			t.Helper()
			r := b.do("GET", "/calls/"+itx, nil)
			if r.Code != 200 {
				t.Fatalf("%d %s", r.Code, r.Body)
			}
			return r.Body.String()
		}
		say := func(what, notice string) *httptest.ResponseRecorder {
			return b.do("POST", "/calls/"+itx+"/consents", url.Values{"purpose": {mustPurpose(t, w, "marketing")}, "what": {what}, "notice": {notice}})
		}
		asking := page()
		for _, want := range []string{`id="asking-title"`, "Dengan persetujuan Anda", `value="granted"`, `value="refused"`, `data-key="y"`, `data-key="n"`} {
			if !strings.Contains(asking, want) {
				t.Errorf("the page that asks has no %s", want)
			}
		}
		if strings.Contains(asking, `value="withdrawn"`) || strings.Contains(asking, "/reveal") {
			t.Error("it offers to withdraw what was never given, or to reveal")
		}
		if r := say("granted", "1"); r.Code != 200 || strings.Contains(r.Body.String(), `id="asking-title"`) || !strings.Contains(r.Body.String(), "/reveal") || !strings.Contains(r.Body.String(), `value="withdrawn"`) {
			t.Errorf("granted: %d %s", r.Code, r.Body)
		}
		said, err := w.Consents.OfCall(ctx, a, itx)
		if err != nil || len(said) != 1 || said[0].Proof != itx || said[0].Interaction != itx || said[0].Notice != 1 || said[0].Level != 2 {
			t.Errorf("recorded %+v %v", said, err)
		}
		if err := w.reveal(ctx, a, itx); err != nil {
			t.Errorf("with consent: %v", err)
		}

		// A newer notice has not been heard: it is read out again, and what was granted still holds.
		if err := w.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := w.Purposes.PublishNotice(tx, actor.NewDuty(purpose.Setup), mustPurpose(t, w, "marketing"), map[string]string{"id": "Teks kedua untuk pelanggan.", "en": "The second text for customers."})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if again := page(); !strings.Contains(again, "Teks kedua") || !strings.Contains(again, "/reveal") || !strings.Contains(again, `name="notice" value="2"`) {
			t.Error("the second notice is not offered")
		}

		if r := say("withdrawn", "2"); r.Code != 200 || strings.Contains(r.Body.String(), "/reveal") || !strings.Contains(r.Body.String(), `id="asking-title"`) {
			t.Errorf("withdrawn: %d %s", r.Code, r.Body)
		}
		if err := w.reveal(ctx, a, itx); errs.CodeOf(err) != "gate.no_consent" {
			t.Errorf("after the withdrawal: %v", err)
		}
		trail := trailOf(t, w, itx)
		for _, want := range []string{"consent.granted done", "consent.withdrawn done", "reveal denied (gate.no_consent)"} {
			if !slices.Contains(trail, want) {
				t.Errorf("no entry %q in %q", want, trail)
			}
		}
		verifyLog(t, w)
	})
}

func TestTheDeskOffersNoConsentThatCannotBeRecorded(t *testing.T) {
	w := openWorld(t, db.Options{})
	ctx := t.Context()
	a, cookie, err := w.Browsing(ctx, actor.Agent, w.controller)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.customer(ctx, 1); err != nil {
		t.Fatal(err)
	}
	itx, err := w.call(ctx, a, "order_status", 1)
	if err != nil {
		t.Fatal(err)
	}
	b := browser{w, cookie}
	// Found, not verified: a refusal can be recorded, consent cannot; the call's own purpose is another.
	page := b.do("GET", "/calls/"+itx, nil).Body.String()
	if strings.Contains(page, `id="asking-title"`) || strings.Contains(page, `value="granted"`) || !strings.Contains(page, `value="refused"`) {
		t.Error("before verification the page offers consent, or no refusal")
	}
	r := b.do("POST", "/calls/"+itx+"/consents", url.Values{"purpose": {mustPurpose(t, w, "marketing")}, "what": {"granted"}, "notice": {"1"}})
	if r.Code != 403 || !strings.Contains(r.Body.String(), "consent.not_verified") {
		t.Errorf("granted all the same: %d %s", r.Code, r.Body)
	}
}

// What a customer agreed to is personal data: for a caller who is only found, the screen, the interface and every answer
// are the same whether the customer agreed, refused or never said a word. Verified, each look has its entry.
func TestAnUnverifiedCallersAgentLearnsNothingOfTheConsents(t *testing.T) {
	w := openWorld(t, db.Options{})
	ctx := t.Context()
	a, cookie, err := w.Browsing(ctx, actor.Agent, w.controller)
	if err != nil {
		t.Fatal(err)
	}
	b, marketing := browser{w, cookie}, mustPurpose(t, w, "marketing")
	traces := regexp.MustCompile(`(?s)<form[^>]*class="row ask".*?</form>|(itx|sub|val|pur)_[0-9a-z]+|data-stamp="[^"]*"|data-since="[^"]*"|datetime="[^"]*"|[0-9]+:[0-9]+|[0-9]{2}\.[0-9]{2} WIB|#[0-9]+|[0-9* +]{6,}`)
	for n, c := range []struct {
		slug string
		word consent.What
	}{{"order_status", consent.Granted}, {"order_status", consent.Refused}, {"marketing", consent.Granted}, {"marketing", consent.Refused}} {
		var seen []string
		slug := c.slug
		subject, err := w.customer(ctx, n+1)
		if err != nil {
			t.Fatal(err)
		}
		for _, said := range []consent.What{"", c.word} {
			itx, err := w.call(ctx, a, slug, n+1)
			if err != nil {
				t.Fatal(err)
			}
			if said != "" {
				if err := w.DB.Write(ctx, func(tx *db.Tx) error {
					_, err := w.Consents.Record(tx, actor.NewDuty(purpose.Setup), consent.Event{Subject: subject, Purpose: marketing, What: said, Channel: "paper"})
					return err
				}); err != nil {
					t.Fatal(err)
				}
			}
			page := func() string {
				t.Helper()
				r := b.do("GET", "/calls/"+itx, nil)
				if r.Code != 200 {
					t.Fatalf("%d %s", r.Code, r.Body)
				}
				return traces.ReplaceAllString(r.Body.String(), "")
			}
			before := page()
			if strings.Contains(before, `value="withdrawn"`) || strings.Contains(before, `value="granted"`) || !strings.Contains(before, `value="refused"`) {
				t.Errorf("%s, %q: a no is not offered, or a word that tells what was said", slug, said)
			}
			if _, err := w.Consents.OfCall(ctx, a, itx); errs.CodeOf(err) != "gate.level_too_low" || errs.Of(err).Args["need"] != 2 {
				t.Errorf("%s, %q: the look: %v", slug, said, err)
			}
			if trail := trailOf(t, w, itx); trail[len(trail)-1] != "consult denied (gate.level_too_low)" {
				t.Errorf("the refused look is not entered: %q", trail)
			}
			if err := w.Interactions.Move(ctx, a, itx, interaction.Serve); err != nil { // goes on without a proof
				t.Fatal(err)
			}
			served := page()
			answer := b.do("POST", "/calls/"+itx+"/consents", url.Values{"purpose": {marketing}, "what": {"refused"}, "notice": {"1"}})
			if answer.Code != 200 {
				t.Errorf("a no: %d %s", answer.Code, answer.Body)
			}
			e, err := w.Consents.Say(ctx, a, itx, consent.Event{Purpose: marketing, What: consent.Withdrawn})
			if err != nil || e.What != consent.Withdrawn {
				t.Errorf("%s, %q: withdrawn again: %+v %v", slug, said, e, err)
			}
			want := "consent.refused done"
			if said == consent.Granted {
				want = "consent.withdrawn done"
			}
			if trail := trailOf(t, w, itx); !slices.Contains(trail, want) {
				t.Errorf("%s, %q: no entry %q in %q", slug, said, want, trail)
			}
			seen = append(seen, before+served+traces.ReplaceAllString(answer.Body.String(), ""))
			if err := w.Interactions.Seal(ctx, a, itx, "resolved"); err != nil {
				t.Fatal(err)
			}
		}
		if seen[0] != seen[1] {
			t.Errorf("%s: the screens tell what the customer said: %s", slug, cmp.Diff(seen[0], seen[1]))
		}
	}

	b, a, itx := browsing(t, w, "order_status", 5)
	if page := b.do("GET", "/calls/"+itx, nil).Body.String(); strings.Contains(page, "Belum ditanyakan") || !strings.Contains(page, `href="/calls/`+itx+`/consents"`) {
		t.Error("the verified caller's screen shows consents unasked, or no way to them")
	}
	before := len(trailOf(t, w, itx))
	if look := b.do("GET", "/calls/"+itx+"/consents", nil); look.Code != 200 || !strings.Contains(look.Body.String(), "Belum ditanyakan") {
		t.Errorf("%d %s", look.Code, look.Body)
	}
	if looks := slices.DeleteFunc(trailOf(t, w, itx)[before:], func(e string) bool { return e != "consult allowed" }); len(looks) != 1 {
		t.Errorf("one look left %d entries", len(looks))
	}
	if _, err := w.Consents.OfCall(ctx, a, itx); err != nil {
		t.Error(err)
	}
}

// mustPurpose is the id of a purpose of the world's controller.
func mustPurpose(t testing.TB, w *world, slug string) string {
	t.Helper()
	p, err := w.Purpose(t.Context(), w.controller, slug)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPageThatIsOpenedOnHoldOrInWrapUpBeatsSoThatANoteIsTaken(t *testing.T) {
	var late atomic.Int64
	w := openWorld(t, db.Options{Clock: func() time.Time { return time.Now().Add(time.Duration(late.Load())) }})
	b, a, itx := browsing(t, w, "order_status", 1)
	const beats = `data-beat="/calls/`
	for _, move := range []interaction.Move{interaction.Hold, interaction.Disconnect} {
		if err := w.Interactions.Move(t.Context(), a, itx, move); err != nil {
			t.Fatal(err)
		}
		if r := b.do("GET", "/calls/"+itx, nil); r.Code != 200 || !strings.Contains(r.Body.String(), beats) {
			t.Errorf("after %s the page does not beat: %d", move, r.Code)
		}
	}
	late.Store(int64(interaction.HeartbeatLimit))
	note := url.Values{"text": {"Pelanggan minta dihubungi besok."}}
	if r := b.do("POST", "/calls/"+itx+"/notes", note); r.Code != 403 {
		t.Errorf("a note without a heartbeat: %d", r.Code)
	}
	if r := b.do("POST", "/calls/"+itx+"/heartbeat", nil); r.Code != 204 {
		t.Errorf("the heartbeat of the page: %d", r.Code)
	}
	if r := b.do("POST", "/calls/"+itx+"/notes", note); r.Code != 200 {
		t.Errorf("a note in wrap-up: %d\n%s", r.Code, r.Body)
	}
	if err := w.Interactions.Seal(t.Context(), a, itx, "resolved"); err != nil {
		t.Fatal(err)
	}
	if r := b.do("GET", "/calls/"+itx, nil); strings.Contains(r.Body.String(), beats) {
		t.Error("the page of a call that is over beats")
	}
}

func TestAHeartbeatOfACallThatIsOverTellsThePageToLookAgain(t *testing.T) {
	w := openWorld(t, db.Options{})
	b, a, itx := browsing(t, w, "order_status", 1)
	if r := b.do("POST", "/calls/"+itx+"/heartbeat", nil); r.Code != 204 {
		t.Errorf("in the call: %d", r.Code)
	}
	if err := w.Interactions.Seal(t.Context(), a, itx, "resolved"); err != nil {
		t.Fatal(err)
	}
	if r := b.do("POST", "/calls/"+itx+"/heartbeat", nil); r.Code != 205 || r.Body.Len() != 0 {
		t.Errorf("after the call: %d", r.Code)
	}
}

// The contact's language, not the console's, decides what is read out and what the customer gets; the agent may change it.
func TestTheContactsLanguageDecidesScriptAndLink(t *testing.T) {
	w := openWorld(t, db.Options{})
	ctx := t.Context()
	a, cookie, err := w.Browsing(ctx, actor.Agent, w.controller)
	if err != nil {
		t.Fatal(err)
	}
	b := browser{w, cookie}
	itx, err := w.Interactions.Start(ctx, a, interaction.Opening{Controller: w.controller, Channel: interaction.Phone, Direction: interaction.Inbound, Queue: "test", Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	language := func() (l string) {
		if err := w.DB.Read(ctx, func(tx *db.Tx) error {
			f, err := w.Interactions.Facts(tx, itx)
			l = f.Language
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return l
	}
	chosen := b.do("POST", "/calls/"+itx+"/purpose", url.Values{"purpose": {mustPurpose(t, w, "order_status")}})
	if chosen.Code != 200 || !strings.Contains(chosen.Body.String(), "Thank you for contacting") || language() != "en" {
		t.Errorf("an English contact at an Indonesian console is greeted in %q: %d %s", language(), chosen.Code, chosen.Body)
	}
	if r := b.do("POST", "/calls/"+itx+"/language", url.Values{"language": {"id"}}); r.Code != 200 || !strings.Contains(r.Body.String(), "Terima kasih telah menghubungi") || language() != "id" {
		t.Errorf("switched: %d, %q", r.Code, language())
	}
	if trail := trailOf(t, w, itx); trail[len(trail)-1] != "interaction.language done" {
		t.Errorf("the switch is not entered: %q", trail)
	}
}

// What the agent is given to say, to ask and to send is in the language of the contact, wherever on the screen it stands;
// what the agent alone reads stays in the console's.
func TestWhatTheAgentSaysIsInTheContactsLanguage(t *testing.T) {
	w := openWorld(t, db.Options{})
	b, _, itx := browsing(t, w, "order_status", 1)
	call := "/calls/" + itx
	fill := func(text string) *regexp.Regexp { // a sentence with holes, as it stands in a page
		return regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(html.EscapeString(text)), "…", ".*"))
	}
	for _, c := range []struct{ console, contact i18n.Lang }{{i18n.ID, i18n.EN}, {i18n.EN, i18n.ID}} {
		b.do("POST", call+"/language", url.Values{"language": {string(c.contact)}})
		header := []string{"Accept-Language", string(c.console)}
		own, said := w.Web.Texts().For(c.console, nil), w.Web.Texts().For(c.contact, nil)
		for _, step := range []struct {
			name, method, path string
			form               url.Values
			read, say          string // keys
		}{
			{"the screen", "GET", "", nil, "desk.preview", "desk.resend.sms"},
			{"a link", "POST", "/link", url.Values{}, "desk.attempt_sent", "desk.link_say"},
			{"a question", "GET", "", nil, "desk.verify", "verification.question_last_payment"},
			{"a compare", "POST", "/compare", url.Values{"field": {"customer_number"}, "said": {"1"}}, "desk.no_match", "desk.no_match.say"},
			{"a resend", "POST", "/resend", url.Values{"field": {"email"}}, "desk.resent", "desk.resent_say"},
			{"a refusal", "POST", "/reveal", url.Values{"field": {"nik"}}, "gate.field_not_in_purpose", "gate.field_not_in_purpose.say"},
		} {
			got := b.do(step.method, call+step.path, step.form, header...).Body.String()
			if !fill(own.Bare(step.read)).MatchString(got) {
				t.Errorf("%s, console %s: the agent does not read %q in %s", step.name, c.console, own.Bare(step.read), got)
			}
			if !fill(said.Bare(step.say)).MatchString(got) || !strings.Contains(got, `lang="`+string(c.contact)+`"`) {
				t.Errorf("%s, contact %s: the agent is not given %q to say in %s", step.name, c.contact, said.Bare(step.say), got)
			}
			if fill(own.Bare(step.say)).MatchString(got) {
				t.Errorf("%s: %q is in the console's language", step.name, own.Bare(step.say))
			}
		}
	}
}

// A line of the masked view whose value cannot be opened says why and what would allow it, also where something else can
// be done with it; where the purpose shows the field to nobody, nothing would.
func TestALineSaysWhyItCannotBeOpenedAndWhatWouldAllowIt(t *testing.T) {
	w := openWorld(t, db.Options{})
	b, _, itx := browsing(t, w, "order_status", 1)
	page := b.do("GET", "/calls/"+itx, nil, "Accept-Language", "en").Body.String()
	lines := regexp.MustCompile(`(?s)<dt>([^<]+)</dt>(.*?)</dd>`).FindAllStringSubmatch(page, -1)
	why := regexp.MustCompile(`<span class="why">([^<]*)</span>`)
	got := map[string]string{}
	for _, l := range lines {
		if found := why.FindStringSubmatch(l[2]); found != nil {
			got[l[1]] = found[1]
		}
	}
	const reach = "Verification has reached V2; V3 is needed. Send a link and ask one question from the account history."
	if want := map[string]string{"Phone number": reach, "Address": reach}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

// What resend sends is what it says: a confirmation with company, purpose and time, in words that fit the channel; and it
// is offered only where something can be sent.
func TestAConfirmationSaysWhatItIsAndGoesOnlyWhereItCanBeSent(t *testing.T) {
	w := openWorld(t, db.Options{})
	ctx := t.Context()
	b, a, itx := browsing(t, w, "order_status", 1)
	view, err := w.Desk.View(ctx, a, itx)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range view.Fields {
		want := f.Field.Name == "email" || f.Field.Name == "phone"
		if why, asked := f.May[gate.Act]; (asked && why == nil) != want {
			t.Errorf("%s: offered %v, %v", f.Field.Name, !want, why)
		}
	}
	if _, err := w.Desk.Resend(ctx, a, itx, "address", "", nil); errs.CodeOf(err) != "desk.no_sender" {
		t.Errorf("to a postal address: %v", err)
	}
	page := b.do("GET", "/calls/"+itx, nil).Body.String()
	for _, want := range []string{"Konfirmasi percakapan dengan Toko Nusantara", "Surel ini mengonfirmasi percakapan itu", "Status pesanan dan pengiriman", "Pesan ini tidak perlu dibalas"} {
		if !strings.Contains(page, want) {
			t.Errorf("the preview does not say %q", want)
		}
	}
	for _, lang := range []i18n.Lang{i18n.ID, i18n.EN} {
		if sms := w.Web.Texts().For(lang, nil).Args("desk.resend.sms", map[string]any{"company": "Toko", "purpose": "x", "time": "y"}); strings.Contains(sms, "surel") || strings.Contains(sms, "e-mail") || len(sms) > 300 {
			t.Errorf("the SMS: %q", sms)
		}
	}
	for _, field := range []string{"email", "phone"} {
		if _, err := w.Desk.Resend(ctx, a, itx, field, "", nil); err != nil {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// A field that no mask may show is revealed like any other, with the script and without it.
func TestAFieldWithoutAMaskIsRevealedOnTheDesk(t *testing.T) {
	w := openWorld(t, db.Options{})
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	subject, err := w.customer(ctx, 1)
	must(err)
	must(w.DB.Write(ctx, func(tx *db.Tx) error {
		p, err := w.Purposes.Bearing(tx, w.controller, "order_status")
		if err != nil {
			return err
		}
		p.Fields[gate.Reveal] = append(p.Fields[gate.Reveal], "health_note")
		_, err = w.Purposes.Revise(tx, actor.NewDuty(purpose.Setup), p)
		return err
	}))
	notes, err := w.Vault.Prepare(w.controller, []vault.Input{{Field: "health_note", Value: "Alergi udang"}, {Field: "health_note", Value: "Asma"}})
	must(err)
	must(w.DB.Write(ctx, func(tx *db.Tx) error { _, err := w.Vault.Put(tx, subject, notes, "test"); return err }))
	a, cookie, err := w.Browsing(ctx, actor.Agent, w.controller)
	must(err)
	itx, err := w.call(ctx, a, "order_status", 1)
	must(err)
	must(w.verify(ctx, a, itx))
	_, err = w.Verification.Answer(ctx, a, itx, "last_payment", "150000")
	must(err)
	b := browser{w, cookie}
	page := b.do("GET", "/calls/"+itx, nil).Body.String()
	if !strings.Contains(page, `id="line-health_note"`) || strings.Contains(page, "Alergi") {
		t.Fatal("the desk does not offer the field, or shows it")
	}
	form := url.Values{"field": {"health_note"}, "key": {"h"}}
	if part := b.do("POST", "/calls/"+itx+"/reveal", form); part.Code != 200 || !strings.Contains(part.Body.String(), "Alergi udang") {
		t.Errorf("with the script: %d %s", part.Code, part.Body)
	}
	if whole := b.do("POST", "/calls/"+itx+"/reveal", form, "Amanah-Fragment", ""); whole.Code != 200 || !strings.Contains(whole.Body.String(), "Alergi udang") || !strings.Contains(whole.Body.String(), "Asma") || strings.Contains(whole.Body.String(), `id="line-health_note"`) {
		t.Errorf("without it: %d %s", whole.Code, whole.Body)
	}
}

func TestTheDeskAsksASecondPersonAndSaysWhatBecameOfIt(t *testing.T) {
	w := openWorld(t, db.Options{})
	ctx := t.Context()
	b, _, itx := browsing(t, w, "order_status", 1)
	head, err := w.staff(ctx, actor.Supervisor)
	if err != nil {
		t.Fatal(err)
	}
	screen := func() string { return b.do("GET", "/calls/"+itx, nil).Body.String() }
	before := screen()
	for _, want := range []string{"Petugas kedua", `data-key="s"`, "Minta supervisor"} {
		if !strings.Contains(before, want) {
			t.Errorf("the desk does not offer %q", want)
		}
	}
	if strings.Contains(before, "/call-back") {
		t.Error("a call that came in is offered as a call back")
	}
	if got := b.do("POST", "/calls/"+itx+"/call-back", url.Values{}); got.Code != 403 || !strings.Contains(got.Body.String(), "telepon") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if got := b.do("POST", "/calls/"+itx+"/second", url.Values{"reason": {"ganti nomor"}}); got.Code != 200 || !strings.Contains(got.Body.String(), "Menunggu supervisor") || strings.Contains(got.Body.String(), `data-key="s"`) {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	err = w.DB.Write(ctx, func(tx *db.Tx) error {
		waiting, err := w.Approvals.Waiting(tx, head)
		if err != nil || len(waiting) != 1 {
			return fmt.Errorf("%v %w", waiting, err)
		}
		_, err = w.Approvals.Approve(tx, head, waiting[0].ID, "cocok")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	after := screen()
	if !strings.Contains(after, "Disetujui supervisor") || strings.Contains(after, `data-key="s"`) {
		t.Error("the desk does not say that the second person agreed")
	}
	if strings.Contains(after, "ganti nomor") {
		t.Error("the reason stands on the page")
	}
}
