package mandate

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/vault"
)

func TestWhatNoMandateGivesIsDataAndRefusedInWords(t *testing.T) {
	c := catalog.Shipped()
	for _, want := range []struct {
		field string
		kinds []Kind // that may
	}{
		{"mother_maiden_name", nil}, {"account_history", nil}, {"health_note", []Kind{Parent, Guardian}}, {"name", Kinds()}, {"account_number", Kinds()},
	} {
		f, _ := c.Field(want.field)
		for _, k := range Kinds() {
			if got := law.never(k, f); got == slices.Contains(want.kinds, k) {
				t.Errorf("%s through %s: never is %t", want.field, k, got)
			}
		}
	}
	for _, bad := range []string{
		"version: 2\nadult: 18\n", "version: 1\nadult: 0\n", strings.Replace(string(shipped), "family_card: 3", "family_card: 5", 1), strings.Replace(string(shipped), "  family_card: 3\n", "", 1),
		strings.Replace(string(shipped), "court_order: 4", "court_order: 4\n  letter: 4", 1), strings.Replace(string(shipped), "- {class: secret}", "", 1),
		strings.Replace(string(shipped), "[parent, guardian]", "[attorney]", 1), strings.Replace(string(shipped), "adult: 18", "adult: 18\nodd: 1", 1),
		strings.Replace(string(shipped), "{class: secret}", "{class: secret, but: [parent]}", 1),
	} {
		if _, err := readRules([]byte(bad)); err == nil {
			t.Errorf("taken:\n%s", bad)
		}
	}
	if p := (i18n.Langs()); len(p) != 2 || len(law.Acts) != 2 {
		t.Error("an act that no representative does has its refusal and its line on the page")
	}
}

// proves answers the links to the contacts of whoever speaks.
func (h *house) proves(itx string) {
	h.t.Helper()
	st, err := h.verify.Status(context.Background(), h.agent, itx)
	h.must(err)
	for _, way := range st.Links {
		a, err := h.verify.SendLink(context.Background(), h.agent, itx, way.Value)
		h.must(err)
		for _, letter := range h.deliver() {
			if _, rest, ok := strings.Cut(letter.Body, "https://cs.bank.example/v/"); ok && !strings.HasPrefix(rest, "notice/") {
				h.must(h.answer(a, strings.Fields(rest)[0]))
			}
		}
	}
}

// spoken is a call in which somebody speaks through a mandate and has answered over each of their contacts.
func (h *house) spoken(subject, mandate string) string {
	h.t.Helper()
	itx := h.call(subject)
	h.must(h.Speak(context.Background(), h.agent, itx, mandate))
	h.proves(itx)
	return itx
}

func (h *house) end(itx string) {
	h.t.Helper()
	h.must(h.interactions.Move(context.Background(), h.agent, itx, "disconnect"))
}

// two is an attorney with two contacts of their own, for everything that a mandate can hold of a contact.
func (h *house) two() Draft {
	n := h.draft()
	n.Also, n.Until = "bambang@contoh.example", "2027-10-31"
	n.May = Scope{[]string{h.pur}, []string{"mask", "reveal", "collect"}, []string{"phone", "address"}}
	return n
}

func TestARepresentativeReachesTheThirdLevelOverTwoContactsKnownForAMonth(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		out, lone := h.appoint(h.subject, h.two()), h.draft()
		lone.May = h.two().May
		single := h.appoint(h.subject, lone)
		h.wait(40 * 24 * time.Hour) // old, but never answered
		itx := h.spoken(h.subject, out.ID)
		if got := h.level(itx, h.subject); got != 2 {
			t.Fatalf("contacts that were never answered before: V%d", got)
		}
		h.asks(itx, gate.Reveal, map[string]string{"address": "gate.level_too_low"})
		h.end(itx)
		h.wait(29 * 24 * time.Hour)
		itx = h.spoken(h.subject, out.ID)
		if got := h.level(itx, h.subject); got != 2 {
			t.Fatalf("answered 29 days ago: V%d", got)
		}
		h.end(itx)
		h.wait(2 * 24 * time.Hour)
		itx = h.spoken(h.subject, out.ID)
		if got := h.level(itx, h.subject); got != 3 {
			t.Fatalf("answered 31 days ago, both: V%d", got)
		}
		h.asks(itx, gate.Reveal, map[string]string{"address": "", "phone": "", "email": "gate.mandate_scope"})
		h.asks(itx, gate.Collect, map[string]string{"phone": "gate.level_too_low"})
		h.wait(time.Second)
		h.must(h.Speak(context.Background(), h.agent, itx, single.ID))
		if got := h.level(itx, h.subject); got != 1 {
			t.Fatalf("somebody else speaks: V%d", got)
		}
		h.end(itx)

		for range 2 { // one contact, answered twice a month apart
			itx = h.spoken(h.subject, single.ID)
			st, err := h.verify.Status(context.Background(), h.agent, itx)
			h.must(err)
			if st.Level != 2 || len(st.Links) != 1 || st.Links[0].Reaches != 2 {
				t.Fatalf("with one contact: %+v", st)
			}
			h.end(itx)
			h.wait(35 * 24 * time.Hour)
		}
	})
}

func TestTheFourthLevelThroughAMandateNeedsTheDocumentASecondMemberOfStaffBothToldAndADay(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		out := h.appoint(h.subject, h.two())
		h.wait(8 * 24 * time.Hour)
		h.end(h.spoken(h.subject, out.ID))
		h.wait(31 * 24 * time.Hour)
		itx := h.spoken(h.subject, out.ID)
		if got := h.level(itx, h.subject); got != 3 {
			t.Fatalf("V%d", got)
		}

		// The document: a second person, and neither who recorded it nor who asks.
		h.log.take()
		_, err := h.verify.AskSecond(ctx, h.agent, itx, "ganti nomor")
		h.refused(err, "verification.document_unverified")
		h.entered("verify allowed", "verification.second denied verification.document_unverified")
		_, err = h.AskVerified(ctx, h.agent, itx, out.ID, " ")
		h.refused(err, "mandate.form")
		request, err := h.AskVerified(ctx, h.agent, itx, out.ID, "Aslinya diperlihatkan di cabang.")
		h.must(err)
		if _, err := h.approvals.Decide(ctx, h.agent, request, "saya sendiri", true); err == nil {
			t.Fatal("who asked verified it")
		}
		h.log.take()
		_, err = h.approvals.Decide(ctx, h.boss, request, "Akta diperiksa.", true)
		h.must(err)
		h.entered("approval.approved.mandate.verify done", "mandate.verified done")
		_, err = h.AskVerified(ctx, h.agent, itx, out.ID, "sekali lagi")
		h.refused(err, "mandate.verified_already")

		// The decision: the customer and the representative are told, and nothing is possible today.
		second, err := h.verify.AskSecond(ctx, h.agent, itx, "ganti nomor")
		h.must(err)
		other := actor.NewStaff("stf_00000000000000000000000009", actor.Supervisor, "ses_00000000000000000000000009", []string{h.ctl}, h.clock())
		_, err = h.approvals.Decide(ctx, other, second, "boleh", true)
		h.must(err)
		told := map[string]bool{}
		for _, letter := range h.deliver() {
			if strings.Contains(letter.Body, "/v/notice/") {
				told[letter.To[max(0, len(letter.To)-6):]] = true
			}
		}
		if len(told) != 2 || !told["990001"] {
			t.Fatalf("told: %v", told)
		}
		if got := h.level(itx, h.subject); got != 3 {
			t.Fatalf("on the same day: V%d", got)
		}
		h.end(itx)
		h.wait(25 * time.Hour)

		// A day later: the representative, proved anew, and nobody else.
		itx = h.call(h.subject)
		h.proves(itx)
		if got := h.level(itx, h.subject); got > 3 {
			t.Fatalf("the decision for the mandate serves the customer: V%d", got)
		}
		h.wait(time.Second)
		h.must(h.Speak(ctx, h.agent, itx, out.ID))
		if got := h.level(itx, h.subject); got != 1 {
			t.Fatalf("the decision alone: V%d", got)
		}
		h.end(itx)
		itx = h.spoken(h.subject, out.ID)
		if got := h.level(itx, h.subject); got != 4 {
			t.Fatalf("V%d", got)
		}
		h.must(h.interactions.Move(ctx, h.agent, itx, "serve"))
		h.asks(itx, gate.Collect, map[string]string{"phone": "", "email": "gate.mandate_scope"})
		h.log.take()
		_, err = h.Record(ctx, h.agent, itx, h.draft())
		h.refused(err, "gate.mandate_appoints")
		h.refused(h.verify.RevokePasskeys(ctx, h.agent, itx, ""), "verification.represented")
		h.refused(h.verify.CallBack(ctx, h.agent, itx), "verification.represented")

		// Who verified the document and then serves the contact is no second person in it.
		h.must(h.Revoke(ctx, h.boss, "", out.ID, "dispute"))
		if got := h.level(itx, h.subject); got != 1 {
			t.Fatalf("revoked: V%d", got)
		}
	})
}

func TestADocumentThatDoesNotLeadSoHighAndAFieldThatNoMandateGivesAreRefused(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		child := h.customer("KNG-2", "2012-06-01")
		n := h.two()
		n.Kind, n.Document, n.Reason, n.Until = Parent, "family_card", "Asli diperlihatkan.", "2028-10-31"
		itx := h.call(child)
		h.appointed = 2
		n.May.Fields = append(n.May.Fields, "mother_maiden_name")
		_, err := h.Record(ctx, h.agent, itx, n)
		h.refused(err, "mandate.never")
		n.May.Fields = []string{"phone", "health_note"}
		out, err := h.Record(ctx, h.agent, itx, n)
		h.must(err)
		n.Kind = Attorney
		_, err = h.Record(ctx, h.agent, itx, n)
		h.refused(err, "mandate.never")
		h.appointed = 0
		_, err = h.approvals.Decide(ctx, h.boss, out.Request, "Kartu diperiksa.", true)
		h.must(err)
		h.end(itx)
		h.wait(8 * 24 * time.Hour)
		h.end(h.spoken(child, out.ID))
		h.wait(31 * 24 * time.Hour)
		itx = h.spoken(child, out.ID)
		if got := h.level(itx, child); got != 3 {
			t.Fatalf("V%d", got)
		}
		_, err = h.verify.AskSecond(ctx, h.agent, itx, "ganti nomor anak")
		h.refused(err, "verification.document_level")
	})
}

func TestTheGateAsksForTheGuardianOfWhoeverIsAChildByTheStoredBirthDate(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		child := h.customer("KNG-2", "2009-06-01") // of age on 1 June 2027
		attorney := h.appoint(h.subject, h.draft())
		facts := func(itx string) (f gate.MandateFacts) {
			h.must(h.db.Read(ctx, func(tx *db.Tx) (err error) { f, err = h.Facts(tx, itx, child); return err }))
			return f
		}
		itx := h.call(child)
		h.proves(itx)
		h.asks(itx, gate.Mask, map[string]string{"name": "gate.guardian_needed", "birth_date": "gate.guardian_needed"})
		if f := facts(itx); !f.GuardianNeeded || f.ID != "" {
			t.Fatalf("%+v", f)
		}
		// What the guardian agreed to is open to the child too; what a representative of another kind or a program said is not.
		h.consented = attorney.ID
		if !facts(itx).GuardianNeeded {
			t.Fatal("somebody else's attorney agreed")
		}
		h.consented = "man_00000000000000000000000000"
		if !facts(itx).GuardianNeeded {
			t.Fatal("nobody agreed")
		}
		n := h.draft()
		n.Kind, n.Document, n.Reason, n.Until = Guardian, "court_order", "Penetapan asli diperlihatkan.", "2027-05-31"
		h.appointed = 2
		out, err := h.Record(ctx, h.agent, itx, n)
		h.must(err)
		h.appointed = 0
		_, err = h.approvals.Decide(ctx, h.boss, out.Request, "Penetapan diperiksa.", true)
		h.must(err)
		if !facts(itx).GuardianNeeded {
			t.Fatal("that a guardian is recorded is no agreement")
		}
		h.consented = out.ID
		if facts(itx).GuardianNeeded {
			t.Fatal("the guardian agreed to the purpose")
		}
		// To a stranger whom the child has appointed the guardian has agreed to nothing.
		h.end(itx)
		stranger := h.appoint(child, h.draft())
		itx = h.call(child)
		h.must(h.Speak(ctx, h.agent, itx, stranger.ID))
		if f := facts(itx); !f.GuardianNeeded || f.Standing != gate.MandateValid {
			t.Fatalf("an attorney of the child's: %+v", f)
		}
		h.must(h.Speak(ctx, h.agent, itx, ""))
		h.consented, h.basis = "", "vital_interest"
		if facts(itx).GuardianNeeded {
			t.Fatal("a life is at stake")
		}
		h.basis = ""
		h.end(itx)
		h.wait(8 * 24 * time.Hour)
		itx = h.spoken(child, out.ID)
		if f := facts(itx); f.GuardianNeeded || f.Standing != gate.MandateValid {
			t.Fatalf("the guardian speaks: %+v", f)
		}
		h.asks(itx, gate.Mask, map[string]string{"name": "", "email": "gate.mandate_scope"})
		h.end(itx)

		// The birth date is put right: the childhood ends earlier than the mandate was given.
		h.must(h.db.Write(ctx, func(tx *db.Tx) error { return h.Born(tx, child, "2009-01-01") }))
		itx = h.call(child)
		look, err := h.Of(ctx, h.agent, itx)
		h.must(err)
		for _, v := range look.List {
			if v.Ends.Format(time.DateOnly) != "2027-05-31" {
				t.Errorf("the screen tells the child's birthday: %s", v.Ends)
			}
		}
		h.end(itx)
		h.wait(time.Date(2026, 12, 31, 16, 59, 59, 0, time.UTC).Sub(h.clock()))
		itx = h.spoken(child, out.ID)
		if f := facts(itx); f.Standing != gate.MandateValid {
			t.Fatalf("the second before the birthday: %+v", f)
		}
		news, cancel := h.interactions.Hub().Subscribe(h.agent)
		defer cancel()
		h.wait(time.Second) // no job has run
		if f := facts(itx); f.Standing != gate.MandateExpired || f.GuardianNeeded {
			t.Fatalf("the birthday: %+v", f)
		}
		h.asks(itx, gate.Mask, map[string]string{"name": "gate.mandate_expired"})
		if got := h.level(itx, child); got > 1 {
			t.Fatalf("V%d", got)
		}
		h.deliver()
		for told := range news {
			if told.Kind == "mandate" && told.Interaction == itx {
				break
			}
		}
		look, err = h.Of(ctx, h.agent, itx)
		h.must(err)
		if i := slices.IndexFunc(look.List, func(v View) bool { return v.ID == out.ID }); look.List[i].State != Expired {
			t.Fatalf("%+v", look.List[i])
		}

		// A birth date that is gone: what the mandates say counts again.
		h.must(h.db.Write(ctx, func(tx *db.Tx) error { return h.Born(tx, child, "") }))
		if f := facts(itx); f.Standing != gate.MandateValid {
			t.Fatalf("%+v", f)
		}
	})
}

func TestTheBirthDateOfAnAgreedDocumentTellsTheChildWhereNoneIsStored(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		child := h.customer("KNG-2", "")
		is := func() (yes bool) {
			h.must(h.db.Read(ctx, func(tx *db.Tx) (err error) { yes, err = h.isChild(tx, child); return err }))
			return yes
		}
		n := h.draft()
		n.Kind, n.Document, n.Reason, n.Until, n.Born = Parent, "birth_certificate", "Akta asli diperlihatkan.", "2026-12-31", "2012-06-01"
		itx := h.call(child)
		h.appointed = 2
		out, err := h.Record(ctx, h.agent, itx, n)
		h.must(err)
		h.appointed = 0
		if is() {
			t.Fatal("an agent alone makes somebody a child")
		}
		_, err = h.approvals.Decide(ctx, h.boss, out.Request, "Akta diperiksa.", true)
		h.must(err)
		h.wait(365 * 24 * time.Hour) // the mandate is long over, the childhood is not
		if !is() {
			t.Fatal("not known as a child any more")
		}
		h.wait(3 * 365 * 24 * time.Hour)
		if is() {
			t.Fatal("of age, and still a child")
		}
	})
}

func TestTheDayOfAgeStandsSealedBesideEveryBirthDate(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.customer("KNG-2", "2012-06-01")
		h.customer("KNG-3", "")
		var rows [][]byte
		h.must(h.db.Read(context.Background(), func(tx *db.Tx) error {
			return tx.Data.Rows(`select adult_sealed from mandate_age`, nil, func(r db.Row) error {
				var sealed []byte
				err := r.Scan(&sealed)
				rows = append(rows, sealed)
				return err
			})
		}))
		if len(rows) != 2 || len(rows[0]) != len(rows[1]) {
			t.Fatalf("%d rows", len(rows))
		}
	})
}

func TestTheGuardianIsToldInTheChildsPlaceWhereTheChildHasNoContact(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		client := actor.NewClient(id.New(id.Client), []string{vault.Scope}, []string{h.ctl})
		made, err := h.vault.Create(ctx, client, vault.NewCustomer{Controller: h.ctl, Purpose: h.pur, Source: client.ID(), Values: []vault.Input{
			{Field: "name", Value: "Sri Kenanga"}, {Field: "customer_number", Value: "KNG-2"}, {Field: "birth_date", Value: "2014-06-01"}}})
		h.must(err)
		child := made.Subject
		n := h.two()
		n.Kind, n.Document, n.Reason = Parent, "birth_certificate", "Akta asli diperlihatkan."
		itx := h.call(child)
		h.appointed = 2
		out, err := h.Record(ctx, h.agent, itx, n)
		h.must(err)
		h.appointed = 0
		_, err = h.approvals.Decide(ctx, h.boss, out.Request, "Akta diperiksa.", true)
		h.must(err)
		h.end(itx)
		h.wait(8 * 24 * time.Hour)
		h.end(h.spoken(child, out.ID))
		h.wait(31 * 24 * time.Hour)
		itx = h.spoken(child, out.ID)
		request, err := h.verify.AskSecond(ctx, h.agent, itx, "kontak pertama anak")
		h.must(err)
		// Who verified the document may decide: it is two who never serve the contact.
		_, err = h.approvals.Decide(ctx, h.boss, request, "boleh", true)
		h.must(err)
		told := 0
		for _, letter := range h.deliver() {
			if strings.Contains(letter.Body, "/v/notice/") && strings.HasSuffix(letter.To, "81299990001") {
				told++
			}
		}
		if told != 1 {
			t.Fatalf("%d notices", told)
		}
		h.end(itx)
		h.wait(25 * time.Hour)
		itx = h.spoken(child, out.ID)
		if got := h.level(itx, child); got != 4 {
			t.Fatalf("V%d", got)
		}
	})
}

func TestWhoWasStoredBeforeTheDayOfAgeWasKeptIsReadOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		var children []string
		h.vault.UseBorn(nil)
		for i := range agesChunk + 1 {
			children = append(children, h.customer("KNG-1"+strconv.Itoa(i), "2012-06-01"))
		}
		h.vault.UseBorn(h.Born)
		needed := func() (n int) {
			h.must(h.db.Read(ctx, func(tx *db.Tx) error {
				n = 0
				for _, child := range children {
					is, err := h.isChild(tx, child)
					if err != nil {
						return err
					}
					if is {
						n++
					}
				}
				return nil
			}))
			return n
		}
		if needed() != 0 {
			t.Fatal("known before they were read")
		}
		h.log.take()
		h.must(h.Ages(ctx, jobs.Run{}))
		h.entered("process allowed", "process allowed")
		if got := needed(); got != len(children) {
			t.Fatalf("%d of %d are known", got, len(children))
		}
		h.must(h.Ages(ctx, jobs.Run{}))
		h.entered()
	})
}

func TestARevocationWithoutACallClosesTheScreensAndTellsBothSides(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		out := h.appoint(h.subject, h.draft())
		h.deliver()
		h.wait(8 * 24 * time.Hour)
		itx := h.spoken(h.subject, out.ID)
		h.boss = actor.NewStaff(h.boss.ID(), actor.Supervisor, h.boss.Session(), h.boss.Controllers(), h.clock()) // has just shown the second factor
		h.desk.Actor("boss", h.boss)
		h.desk.Actor("agent", h.agent)
		h.desk.Now = h.clock()
		body := func(path string) string {
			w := h.desk.Do("boss", "GET", path, "")
			if w.Code != 200 {
				t.Fatalf("%s: %d %s", path, w.Code, w.Body)
			}
			return w.Body.String()
		}
		list := body("/mandates")
		for _, must := range []string{"Berlaku", "Status pesanan", "B*** M***", `href="/mandates/` + out.ID, "S*** K***"} {
			if !strings.Contains(list, must) {
				t.Errorf("%q is not in the list", must)
			}
		}
		for _, never := range []string{"Bambang", "Kenanga", h.subject, "81299990001", "SK-12"} {
			if strings.Contains(list+body("/mandates/"+out.ID), never) {
				t.Errorf("%q is shown", never)
			}
		}
		if w := h.desk.Do("agent", "GET", "/mandates", ""); w.Code != 403 {
			t.Fatalf("an agent: %d", w.Code)
		}
		stranger := actor.NewStaff("stf_00000000000000000000000008", actor.DPO, "ses_00000000000000000000000008", []string{"ctl_00000000000000000000000008"}, h.clock())
		if _, err := h.One(ctx, stranger, out.ID); errs.CodeOf(err) != "mandate.unknown" {
			t.Fatal(err)
		}
		if all, _, err := h.List(ctx, stranger, false, Position{}); err != nil || len(all) != 0 {
			t.Fatal(all, err)
		}
		_, _, err := h.List(ctx, h.agent, false, Position{})
		h.refused(err, "mandate.not_permitted")

		news, cancel := h.interactions.Hub().Subscribe(h.agent)
		defer cancel()
		h.log.take()
		if w := h.desk.Do("boss", "POST", "/mandates/"+out.ID+"/revoke", "why=dispute"); w.Code != 303 {
			t.Fatal(w.Code, w.Body)
		}
		h.entered("mandate.revoke done", "message.queue done", "message.queue done")
		for told := range news {
			if told.Kind == "mandate" && told.Interaction == itx {
				break
			}
		}
		h.asks(itx, gate.Mask, map[string]string{"name": "gate.mandate_revoked"})
		if letters := h.deliver(); len(letters) != 2 {
			t.Fatalf("%+v", letters)
		}
		if strings.Contains(body("/mandates"), out.ID) || !strings.Contains(body("/mandates?over=true"), "Dicabut") || !strings.Contains(body("/mandates/"+out.ID), "Sengketa") {
			t.Fatal("it stands in the wrong half")
		}
	})
}
