package app

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/verification/check"
)

// noted is a customer in a call in which the agent keeps a note; what stands in it afterwards.
func (h *hands) noted(text string) (kept string, j dlp.Judgement, a actor.Actor, itx string) {
	h.t.Helper()
	ctx := h.t.Context()
	a, itx, subject := h.firstFor("complaint", 1)
	h.prove(itx, subject, "link:email@40+history")
	j, err := h.Desk.Note(ctx, a, itx, text)
	h.must(err)
	notes, err := h.Desk.Notes(ctx, a, itx)
	h.must(err)
	if len(notes.List) != 1 {
		h.t.Fatalf("%d notes", len(notes.List))
	}
	return notes.List[0].Text, j, a, itx
}

const typed = "Pelanggan menyebut NIK 3273014708870017, kartu 4539 1488 0343 6467 dan OTP 482913. Minta dihubungi sore."

func TestANoteKeepsTheNamesOfValuesAndNotTheValues(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		kept, j, a, itx := h.noted(typed)
		if want := "Pelanggan menyebut NIK [NIK ****0017], kartu [nomor kartu ****6467] dan OTP [OTP]. Minta dihubungi sore."; kept != want {
			t.Errorf("%q", kept)
		}
		if diff := cmp.Diff([]string{"nik", "card", "otp"}, j.Kinds()); diff != "" || j.Verdict != dlp.Mask || j.People != 1 {
			t.Error(j.Verdict, j.People, diff)
		}
		if trail := trailOf(t, h.world, itx); !slices.Contains(trail, "dlp.mask done") {
			t.Errorf("no entry in %q", trail)
		}
		ctx := t.Context()
		mine, err := h.DLP.Mine(ctx, a)
		h.must(err)
		if len(mine) != 1 || mine[0].Verdict != dlp.Mask || strings.Contains(mine[0].Evidence, "3273") || !strings.Contains(mine[0].Evidence, "[NIK ****0017]") {
			t.Errorf("%+v", mine)
		}
		// Nothing of it lies anywhere in the clear.
		h.must(h.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.Data.Rows(`select facts from dlp_passage`, nil, func(r db.Row) error {
				var facts string
				err := r.Scan(&facts)
				if strings.Contains(facts, "0017") || strings.Contains(facts, "6467") {
					t.Errorf("a value in %s", facts)
				}
				return err
			})
		}))
	})
}

// A text full of numbers asks the rules once for those that are alike, and its facts stay small.
func TestAThousandNumbersThatAreAlikeAreOneFact(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		var text strings.Builder
		for i := range 1000 {
			fmt.Fprintf(&text, "Telepon 0812 3456 %04d milik pelanggan. ", i)
		}
		j, err := h.DLP.Inspect(ctx, dlp.Passage{Way: dlp.Program, Recipient: dlp.Outside, By: person(t, h.world, actor.DPO), Controller: h.controller, Lang: i18n.ID, Text: text.String()})
		h.must(err)
		if len(j.Found) != 1000 || j.Verdict != dlp.Block || slices.ContainsFunc(j.Found, func(f dlp.Found) bool { return f.Verdict != dlp.Block || len(f.Rules) != 2 }) {
			t.Errorf("%d found, %s", len(j.Found), j.Verdict)
		}
		var facts string
		h.must(h.DB.Read(ctx, func(tx *db.Tx) error { return tx.Data.Row(`select facts from dlp_passage`).Scan(&facts) }))
		if !strings.Contains(facts, `"findings":1000`) || strings.Count(facts, `"type"`) > 3 {
			t.Errorf("%.300s", facts)
		}
	})
}

func TestANoteWithoutPersonalDataLeavesNothingBehind(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		const text = "Menanyakan pesanan 99812 seharga Rp 1.250.000; dikirim besok."
		kept, j, a, _ := h.noted(text)
		mine, err := h.DLP.Mine(t.Context(), a)
		h.must(err)
		if kept != text || j.Verdict != dlp.Allow || len(mine) != 0 {
			t.Error(kept, j, mine)
		}
	})
}

// Brackets that the writer has typed are no finding's: what stands in them is kept no more than the rest.
func TestTypedBracketsBringNothingIntoTheEvidence(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		_, _, a, _ := h.noted("[Budi Santoso, pesanan 99812 dari Bandung NIK 3273014708870017 sudah dicek")
		mine, err := h.DLP.Mine(t.Context(), a)
		h.must(err)
		if want := "… dari ··· ··· [NIK ****0017] sudah dicek"; len(mine) != 1 || mine[0].Evidence != want {
			t.Errorf("%+v", mine)
		}
	})
}

func TestATextToACustomerThatHoldsASecretIsStopped(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, subject := h.firstFor("complaint", 1)
		h.prove(itx, subject, "link:email@40+history")
		err := h.Desk.Check(ctx, a, itx, desk.Words{Text: "Paspor Anda bernomor C1234567 sudah kami terima."})
		if e := errs.Of(err); e == nil || e.Code != "dlp.blocked" {
			t.Fatal(err)
		} else if said := h.Web.Texts().For(i18n.ID, nil).Args(e.Code, e.Args); said != "Teks ini dihentikan karena berisi nomor paspor." {
			t.Error(said)
		}
		if trail := trailOf(t, h.world, itx); !slices.Contains(trail, "dlp.block denied (dlp.blocked)") {
			t.Errorf("no entry in %q", trail)
		}
		h.must(h.Desk.Check(ctx, a, itx, desk.Words{Text: "Keluhan Anda sedang kami periksa; kabar berikutnya besok."}))
	})
}

func TestWhatWasDecidedAboutATextStandsOrFallsWithItsSending(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		a, itx, subject := h.firstFor("complaint", 1)
		h.prove(itx, subject, "link:email@40+history")
		const text = "Silakan hubungi rekan kami di 0812 3456 7890 besok."
		undone := errs.New(errs.Unavailable, "db.unavailable")
		if _, err := h.Desk.Write(ctx, a, itx, "email", "", desk.Words{Text: text}, func(*db.Tx, desk.Receipt) error { return undone }); !errors.Is(err, undone) {
			t.Fatal(err)
		}
		if trail := trailOf(t, h.world, itx); slices.Contains(trail, "dlp.allow done") {
			t.Errorf("a text that was not sent was let go: %q", trail)
		}
		_, err := h.Desk.Write(ctx, a, itx, "email", "", desk.Words{Text: text}, nil)
		h.must(err)
		if trail := trailOf(t, h.world, itx); !slices.Contains(trail, "dlp.allow done") {
			t.Errorf("no entry in %q", trail)
		}
	})
}

const askWhy = `@id("why_a_phone") @verdict("ask") @sentence_id("Telepon hanya dikirim dengan alasan.") @sentence_en("A phone number is sent only with a reason.")
forbid (principal, action in [Action::"message", Action::"program"], resource) when { resource.type == "phone" };`

// The writer is asked why; with a reason the text goes, and whoever reviews it reads the reason.
func TestATextThatARuleAsksAboutGoesOnceItsWriterHasSaidWhy(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		dpo, security := person(t, h.world, actor.DPO), person(t, h.world, actor.Security)
		h.must(h.DLP.Propose(ctx, dpo, askWhy, "telepon hanya dengan alasan"))
		decide(t, h.world, security, true)
		a, itx, subject := h.firstFor("complaint", 1)
		h.prove(itx, subject, "link:email@40+history")
		words := desk.Words{Text: "Silakan hubungi rekan kami di 0812 3456 7890 besok."}
		view, err := h.Desk.View(ctx, a, itx)
		h.must(err)
		if !view.AsksWhy {
			t.Error("the desk has no field for the reason")
		}
		if err := h.Desk.Check(ctx, a, itx, words); errs.CodeOf(err) != "dlp.reason_needed" {
			t.Fatal(err)
		}
		words.Reason = "Rekannya di 0812 3456 7890"
		if err := h.Desk.Check(ctx, a, itx, words); errs.CodeOf(err) != "dlp.reason_value" {
			t.Error(err)
		}
		words.Reason = "Rekan menangani pengiriman."
		h.must(h.Desk.Check(ctx, a, itx, words))
		list, err := h.DLP.Incidents(ctx, security, false)
		h.must(err)
		if len(list) != 1 || list[0].Verdict != dlp.Ask || list[0].Why != words.Reason {
			t.Errorf("%+v", list)
		}
		trail := trailOf(t, h.world, itx)
		if !slices.Contains(trail, "dlp.ask denied (dlp.reason_needed)") || !slices.Contains(trail, "dlp.ask done") {
			t.Errorf("%q", trail)
		}
	})
}

// A file about many people waits for somebody other than its sender, who lets it go or refuses it once.
func TestWhatIsHeldIsDecidedOnceByAnother(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		security, dpo := person(t, h.world, actor.Security), person(t, h.world, actor.DPO)
		var text strings.Builder
		for i := range 20 {
			fmt.Fprintf(&text, "orang%d@contoh.example\n", i)
		}
		send := func(by actor.Actor) dlp.Judgement {
			t.Helper()
			content, err := h.DLP.Examine(ctx, "surat.txt", strings.NewReader(text.String()), nil)
			h.must(err)
			j, err := h.DLP.Inspect(ctx, dlp.Passage{Way: dlp.Mail, Recipient: dlp.Outside, By: by, Controller: h.controller, Ref: "4b7Qx1F2z8", Content: content})
			h.must(err)
			if j.Verdict != dlp.Hold || j.Goes() || j.People != 20 {
				t.Fatalf("%+v", j)
			}
			return j
		}
		agent := person(t, h.world, actor.Agent)
		mails := actor.NewClient("cli_1", []string{"inspect", "mail"}, []string{h.controller})
		program := actor.NewClient("cli_3", []string{"inspect"}, []string{h.controller})
		first, second, own := send(agent).Incident, send(agent).Incident, send(security).Incident
		for code, err := range map[string]error{
			"dlp.not_yours":    h.DLP.Decide(ctx, agent, first, true),
			"dlp.own_incident": h.DLP.Decide(ctx, security, own, true),
			"dlp.held":         h.DLP.Carried(ctx, mails, first),
			"dlp.other_queue":  h.DLP.Carried(ctx, program, first),
		} {
			if errs.CodeOf(err) != code {
				t.Errorf("%v, not %s", err, code)
			}
		}
		h.must(h.DLP.Decide(ctx, security, first, true))
		h.must(h.DLP.Decide(ctx, dpo, second, false))
		if err := h.DLP.Decide(ctx, dpo, first, false); errs.CodeOf(err) != "dlp.decided" {
			t.Error(err)
		}
		if _, err := h.DLP.Decided(ctx, program, dlp.Mail); errs.CodeOf(err) != "dlp.other_queue" {
			t.Errorf("a program that looks after no queue: %v", err)
		}
		list, err := h.DLP.Decided(ctx, mails, dlp.Mail)
		h.must(err)
		became := map[string]dlp.State{}
		for _, in := range list {
			became[in.ID] = in.Held
			if in.Ref != "4b7Qx1F2z8" || in.HeldBy != map[string]string{first: security.ID(), second: dpo.ID()}[in.ID] {
				t.Errorf("%+v", in)
			}
		}
		if diff := cmp.Diff(map[string]dlp.State{first: dlp.Released, second: dlp.Refused}, became); diff != "" {
			t.Error(diff)
		}
		h.must(h.DLP.Carried(ctx, mails, first))
		h.must(h.DLP.Carried(ctx, mails, first))
		if list, err = h.DLP.Decided(ctx, mails, dlp.Mail); err != nil || len(list) != 1 {
			t.Errorf("%+v %v", list, err)
		}
		stranger := actor.NewClient("cli_2", []string{"inspect", "mail"}, []string{id.New(id.Controller)})
		if list, err = h.DLP.Decided(ctx, stranger, dlp.Mail); err != nil || len(list) != 0 || errs.CodeOf(h.DLP.Carried(ctx, stranger, second)) != "dlp.no_incident" {
			t.Errorf("%+v %v", list, err)
		}
		// What waits stands first, and nothing of the addresses lies in the clear.
		waiting, err := h.DLP.Incidents(ctx, security, false)
		h.must(err)
		if len(waiting) != 3 || waiting[0].ID != own || strings.Contains(waiting[0].Evidence, "contoh.example") {
			t.Errorf("%+v", waiting)
		}
	})
}

// A reviewer reads which program it was, not only its id; of one that there is no more the id is left.
func TestAnIncidentOfAProgramSaysItsName(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		known, _, err := w.Client(ctx, "Portal Mitra", []string{identity.ScopeInspect}, []string{w.controller})
		if err != nil {
			t.Fatal(err)
		}
		gone := id.New(id.Client)
		for _, client := range []string{known, gone} {
			by := actor.NewClient(client, []string{"inspect"}, []string{w.controller})
			if _, err := w.DLP.Inspect(ctx, dlp.Passage{Way: dlp.Program, Recipient: dlp.Outside, By: by, Controller: w.controller, Lang: i18n.ID, Text: "Telepon 0812 3456 7890."}); err != nil {
				t.Fatal(err)
			}
		}
		_, cookie, err := w.Browsing(ctx, actor.Security, w.controller)
		if err != nil {
			t.Fatal(err)
		}
		page := (browser{w, cookie}).do("GET", "/dlp", nil)
		if text := page.Body.String(); page.Code != 200 || !strings.Contains(text, "Portal Mitra") || strings.Contains(text, known) || !strings.Contains(text, gone) {
			t.Errorf("%d %s", page.Code, text)
		}
	})
}

func TestAnIncidentIsReviewedAndItsWriterReadsTheAdvice(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		_, _, agent, _ := h.noted(typed)
		security := person(t, h.world, actor.Security)
		list, err := h.DLP.Incidents(ctx, security, false)
		h.must(err)
		if len(list) != 1 {
			t.Fatalf("%d incidents", len(list))
		}
		in := list[0].ID
		for code, err := range map[string]error{
			"dlp.not_yours":      h.DLP.Review(ctx, agent, in, "habit", "Cukup namanya."),
			"dlp.advice_missing": h.DLP.Review(ctx, security, in, "habit", "Nomor 4539 1488 0343 6467 jangan ditulis."),
			"dlp.no_incident":    h.DLP.Review(ctx, security, id.New(id.Leak), "habit", "Cukup namanya."),
		} {
			if errs.CodeOf(err) != code {
				t.Errorf("%v, not %s", err, code)
			}
		}
		if err := h.DLP.Read(ctx, agent, in); errs.CodeOf(err) != "dlp.no_incident" {
			t.Errorf("read before it was reviewed: %v", err)
		}
		h.must(h.DLP.Review(ctx, security, in, "habit", "Cukup namanya; nilainya ada di layar."))
		if err := h.DLP.Review(ctx, security, in, "intent", "Lagi."); errs.CodeOf(err) != "dlp.reviewed" {
			t.Error(err)
		}
		mine, err := h.DLP.Mine(ctx, agent)
		h.must(err)
		if mine[0].Advice != "Cukup namanya; nilainya ada di layar." || mine[0].Disposition != "habit" || !mine[0].ReadAt.IsZero() {
			t.Errorf("%+v", mine[0])
		}
		if err := h.DLP.Read(ctx, security, in); errs.CodeOf(err) != "dlp.no_incident" {
			t.Errorf("read by another: %v", err)
		}
		h.must(h.DLP.Read(ctx, agent, in))
		h.must(h.DLP.Read(ctx, agent, in))
		one, err := h.DLP.Incident(ctx, security, in)
		h.must(err)
		if one.ReadAt.IsZero() || one.ReviewedBy != security.ID() {
			t.Errorf("%+v", one)
		}
		stranger := actor.NewDuty("x")
		if _, err := h.DLP.Incidents(ctx, stranger, false); errs.CodeOf(err) != "dlp.not_yours" {
			t.Error(err)
		}
	})
}

const noPhones = `@id("no_phones") @verdict("block") @sentence_id("Telepon tidak keluar.") @sentence_en("No phones leave.")
forbid (principal, action == Action::"program", resource) when { resource.type == "phone" };`

func TestNewRulesAreTriedAndHoldOnceTwoHaveAgreed(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		dpo, security := person(t, h.world, actor.DPO), person(t, h.world, actor.Security)
		ask := func() dlp.Judgement {
			t.Helper()
			j, err := h.DLP.Inspect(ctx, dlp.Passage{Way: dlp.Program, Recipient: dlp.Outside, By: dpo, Controller: h.controller, Lang: i18n.EN, Text: "Call 0812 3456 7890 about order 7."})
			h.must(err)
			return j
		}
		if j := ask(); j.Verdict != dlp.Alert || !strings.Contains(j.Text, "0812") {
			t.Fatalf("%+v", j)
		}
		c, err := h.DLP.Simulate(ctx, dpo, noPhones)
		h.must(err)
		if diff := cmp.Diff(dlp.Change{Passages: 1, Moves: map[[2]dlp.Verdict]int{{dlp.Alert, dlp.Block}: 1}}, c); diff != "" {
			t.Error(diff)
		}
		if c, err = h.DLP.Simulate(ctx, dpo, strings.Replace(noPhones, `== "phone"`, "> 3", 1)); err != nil || c.Failed != 1 || c.Moves[[2]dlp.Verdict{dlp.Alert, dlp.Block}] != 1 {
			t.Errorf("a rule that cannot be evaluated: %+v %v", c, err)
		}
		if j := ask(); j.Verdict != dlp.Alert {
			t.Error("a rule that was only tried holds:", j.Verdict)
		}
		h.must(h.DLP.Propose(ctx, dpo, noPhones, "telepon tidak perlu keluar"))
		if err := h.DLP.Propose(ctx, dpo, noPhones+"\n", "lagi"); errs.CodeOf(err) != "dlp.rules_waiting" {
			t.Error(err)
		}
		// The second person reads what there is to decide, and what it would do.
		_, cookie, err := h.Browsing(ctx, actor.Security, h.controller)
		h.must(err)
		if page := (browser{h.world, cookie}).do("GET", "/dlp/rules", nil); page.Code != 200 || !strings.Contains(page.Body.String(), "@id(&#34;no_phones&#34;)") || !strings.Contains(page.Body.String(), "Yang akan berbeda") {
			t.Errorf("%d %s", page.Code, page.Body)
		}
		if _, _, err := h.DLP.Asked(ctx, person(t, h.world, actor.Agent)); errs.CodeOf(err) != "dlp.not_yours" {
			t.Error(err)
		}
		if j := ask(); j.Verdict != dlp.Alert {
			t.Error("a rule that one has agreed on holds:", j.Verdict)
		}
		decide(t, h.world, security, true)
		if j := ask(); j.Verdict != dlp.Block || j.Text != "" {
			t.Errorf("%+v", j)
		}
		if err := h.DLP.Propose(ctx, dpo, noPhones, "sama"); errs.CodeOf(err) != "dlp.rules_same" {
			t.Error(err)
		}
		// Back to the shipped ones, refused once, agreed once.
		for _, yes := range []bool{false, true} {
			h.must(h.DLP.Propose(ctx, dpo, "", "kembali"))
			decide(t, h.world, security, yes)
		}
		if j := ask(); j.Verdict != dlp.Alert {
			t.Error("the old rules hold still:", j.Verdict)
		}
	})
}

// A new version may ship a rule with the name of a deployment's own: then nothing with personal data passes until the own
// rules are mended, on the page as before.
func TestOwnRulesThatANewVersionMadeUnsoundLetNothingPassAndAreMended(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		dpo, cookie, err := h.Browsing(ctx, actor.DPO, h.controller)
		h.must(err)
		security := person(t, h.world, actor.Security)
		h.must(h.DB.Write(ctx, func(tx *db.Tx) error {
			tx.Data.Queue(`insert into dlp_rules (id, cedar, state, asked_by, asked_at, decided_at) values ($1, $2, 'standing', $3, 1, 1)`, id.New(id.Rules), strings.Replace(noPhones, "no_phones", "note_values", 1), dpo.ID())
			return nil
		}))
		p := dlp.Passage{Way: dlp.Program, Recipient: dlp.Outside, By: dpo, Controller: h.controller, Lang: i18n.ID, Text: "Telepon 0812 3456 7890."}
		if _, err := h.DLP.Inspect(ctx, p); errs.CodeOf(err) != "dlp.rule_failed" {
			t.Error(err)
		}
		if page := (browser{h.world, cookie}).do("GET", "/dlp/rules", nil); page.Code != 200 || !strings.Contains(page.Body.String(), "Aturan tidak dapat dipakai") || !strings.Contains(page.Body.String(), "Telepon tidak keluar.") {
			t.Errorf("%d %s", page.Code, page.Body)
		}
		h.must(h.DLP.Propose(ctx, dpo, noPhones, "nama aturan sudah dipakai"))
		decide(t, h.world, security, true)
		if j, err := h.DLP.Inspect(ctx, p); err != nil || j.Verdict != dlp.Block {
			t.Error(j, err)
		}
	})
}

func TestFactsAndIncidentsAreForgottenInTime(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		_, _, agent, _ := h.noted(typed)
		left := func() (facts, incidents int) {
			h.must(h.DB.Read(ctx, func(tx *db.Tx) error {
				if err := tx.Data.Row(`select count(*) from dlp_passage`).Scan(&facts); err != nil {
					return err
				}
				return tx.Data.Row(`select count(*) from dlp_incident where staff = $1`, agent.ID()).Scan(&incidents)
			}))
			return facts, incidents
		}
		for _, c := range []struct {
			wait             time.Duration
			facts, incidents int
		}{{dlp.KeepFacts, 1, 1}, {time.Second, 0, 1}, {dlp.KeepFor - dlp.KeepFacts, 0, 0}} {
			h.wait(c.wait)
			h.must(h.DLP.Forget(ctx, jobs.Run{}))
			if f, i := left(); f != c.facts || i != c.incidents {
				t.Errorf("%d and %d left, want %d and %d", f, i, c.facts, c.incidents)
			}
		}
	})
}

func TestAnErasureTakesTheIncidentsOfTheCustomerAndNobodyElses(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		_, _, agent, itx := h.noted(typed)
		_, err := h.DLP.Inspect(ctx, dlp.Passage{Way: dlp.Program, Recipient: dlp.Outside, By: agent, Controller: h.controller, Lang: i18n.ID, Text: "Telepon 0812 3456 7890."})
		h.must(err)
		h.must(h.DB.Write(ctx, func(tx *db.Tx) error {
			facts, err := h.Interactions.Facts(tx, itx)
			if err != nil {
				return err
			}
			return h.DLP.EraseTx(tx, facts.Subject)
		}))
		mine, err := h.DLP.Mine(ctx, agent)
		h.must(err)
		if len(mine) != 1 || mine[0].Way != dlp.Program {
			t.Errorf("%+v", mine)
		}
	})
}

func TestWhatIsLetGoIsNoIncidentAndWhatIsTooLongIsNotLookedAt(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		dpo := person(t, h.world, actor.DPO)
		p := dlp.Passage{Way: dlp.Program, Recipient: dlp.Inside, By: dpo, Controller: h.controller, Lang: i18n.ID, Text: "Telepon 0812 3456 7890."}
		if j, err := h.DLP.Inspect(ctx, p); err != nil || j.Verdict != dlp.Allow || j.Text != p.Text || len(j.Found) != 1 {
			t.Errorf("%+v %v", j, err)
		}
		p.Text += strings.Repeat(" ", dlp.MaxText-len(p.Text))
		_, err := h.DLP.Inspect(ctx, p)
		h.must(err)
		p.Text += " "
		if j, err := h.DLP.Inspect(ctx, p); errs.CodeOf(err) != "dlp.too_long" || j.Text != "" || j.Verdict != "" {
			t.Errorf("%+v %v", j, err)
		}
		mine, err := h.DLP.Mine(ctx, dpo)
		h.must(err)
		if len(mine) != 0 {
			t.Errorf("%+v", mine)
		}
	})
}

func TestATextOfACompanyThatTheAskerDoesNotServeIsNotJudged(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		dpo := person(t, h.world, actor.DPO)
		h.must(h.AddControllers(ctx, []string{"bank=Bank Nusantara"}))
		h.must(h.Learn(ctx))
		other := h.Controllers["bank"]
		p := dlp.Passage{Way: dlp.Program, Recipient: dlp.Outside, By: dpo, Controller: other, Lang: i18n.ID, Text: "Telepon 0812 3456 7890."}
		if j, err := h.DLP.Inspect(ctx, p); errs.CodeOf(err) != "dlp.other_company" || len(j.Found) != 0 {
			t.Errorf("%+v %v", j, err)
		}
		mine, err := h.DLP.Mine(ctx, dpo)
		h.must(err)
		if len(mine) != 0 {
			t.Errorf("%+v", mine)
		}
		// One's own text is another's to review, and the texts of a company are its own people's.
		p.Controller = h.controller
		_, err = h.DLP.Inspect(ctx, p)
		h.must(err)
		mine, err = h.DLP.Mine(ctx, dpo)
		h.must(err)
		if err := h.DLP.Review(ctx, dpo, mine[0].ID, "needed", "Sudah benar."); errs.CodeOf(err) != "dlp.own_incident" {
			t.Error(err)
		}
		stranger, _, err := h.SignedIn(ctx, actor.Security, other)
		h.must(err)
		list, err := h.DLP.Incidents(ctx, stranger, false)
		h.must(err)
		_, unknown := h.DLP.Incident(ctx, stranger, mine[0].ID)
		if len(list) != 0 || errs.CodeOf(unknown) != "dlp.no_incident" || errs.CodeOf(h.DLP.Review(ctx, stranger, mine[0].ID, "needed", "Sudah benar.")) != "dlp.no_incident" {
			t.Error(list, unknown)
		}
	})
}

func TestTheDeskSaysWhatItReplacedInANote(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		b, _, itx := browsing(t, w, "complaint", 1)
		r := b.do("POST", "/calls/"+itx+"/notes", url.Values{"text": {"Kartu " + "4539 1488 0343 6467"}})
		if r.Code != 200 || !strings.Contains(r.Body.String(), "Diganti di catatan: nomor kartu.") || strings.Contains(r.Body.String(), "6467") {
			t.Errorf("%d %s", r.Code, r.Body)
		}
	})
}

// Ids are random letters and digits: none may look like anybody's number, or an event about it would never leave.
func TestNoEventOfIdsIsStoppedOnItsWayOut(t *testing.T) {
	w := openWorld(t, db.Options{})
	for range 300 {
		var body strings.Builder
		for range 60 {
			fmt.Fprintf(&body, `{"specversion":"1.0","id":"%s","source":"https://amanah.example","type":"amanah.interaction.accept","subject":"%s","time":"2026-11-23T03:00:00Z","data":{"controller":"%s","agent":"%s"}}`,
				id.New(id.Event), id.New(id.Interaction), id.New(id.Controller), id.New(id.Staff))
		}
		if err := w.inspectHook(t.Context(), w.controller, body.String()); err != nil {
			t.Fatal(err, errs.Of(err).Args, body.String())
		}
	}
	if err := w.inspectHook(t.Context(), w.controller, `{"data":{"nik":"3273014708870017"}}`); errs.CodeOf(err) != "dlp.blocked" {
		t.Error(err)
	}
}

// A template that package dlp stops would never be read by anybody. The words around the link differ, and so do the links.
func TestEveryMessageOfTheMachineItselfPasses(t *testing.T) {
	w := openWorld(t, db.Options{})
	n := 0
	for _, lang := range i18n.Langs() {
		p := w.Web.Texts().For(lang, nil)
		for _, key := range w.Web.Texts().Keys(lang) {
			ending := filepath.Ext(key)
			if ending != ".body" && ending != ".sms" || !p.Has(strings.TrimSuffix(key, ending)+".subject") {
				continue
			}
			n++
			for i := range 200 {
				link := "https://amanah.example:8443/v/" + id.New("tok") + id.Letters()
				text := p.T(strings.TrimSuffix(key, ending)+".subject", "company", "Toko Nusantara") + "\n" + p.T(key, "company", "Toko Nusantara", "link", link, "time", p.DateTime(w.DB.Now()), "until", p.Date(w.DB.Now()), "text", "Pesanan Anda dikirim besok.") +
					"\n\n" + p.T("message.check.body", "page", "amanah.example:8443/check", "code", check.Spoken(fmt.Sprintf("%09d", i*4_997_311%1_000_000_000)))
				j, err := w.DLP.Look(t.Context(), dlp.Passage{Way: dlp.Written, Recipient: dlp.Customer, By: actor.NewDuty("message_deliver"), Lang: lang, Text: text})
				if err != nil || j.Verdict == dlp.Block {
					t.Fatalf("%s in %s: %v of %v\n%s", key, lang, err, j.Kinds(), j.Masked)
				}
			}
		}
	}
	if n < 16 {
		t.Errorf("%d templates", n)
	}
}

// Evidence is kept in the language of the text and read in that of the reader.
func TestEvidenceIsReadInTheReadersLanguage(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		by := actor.NewClient(id.New(id.Client), []string{"inspect"}, []string{w.controller})
		if _, err := w.DLP.Inspect(t.Context(), dlp.Passage{Way: dlp.Program, Recipient: dlp.Outside, By: by, Controller: w.controller, Lang: i18n.ID, Text: "hubungi 0812 3456 7890 atau orang@contoh.example ya"}); err != nil {
			t.Fatal(err)
		}
		reader, cookie, err := w.Browsing(t.Context(), actor.Security, w.controller)
		if err != nil {
			t.Fatal(err)
		}
		list, err := w.DLP.Incidents(t.Context(), reader, false)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		for lang, want := range map[string]string{"id": "hubungi [telepon ****7890] atau [surel] ya", "en": "hubungi [phone ****7890] atau [e-mail] ya"} {
			if page := (browser{w, cookie}).do("GET", "/dlp/incidents/"+list[0].ID+"?lang="+lang, nil); page.Code != 200 || !strings.Contains(page.Body.String(), want) {
				t.Errorf("%s: %d %s", lang, page.Code, page.Body)
			}
		}
	})
}
