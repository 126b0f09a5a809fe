package mandate

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestTexts(t *testing.T) { webtest.Texts(t, "mandate") }

func TestPages(t *testing.T) { webtest.Pages(t, (&Service{}).Module()) }

func TestWhatADraftMustHold(t *testing.T) {
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	good := func() Draft {
		return Draft{Kind: Guardian, Name: "Bambang", Contact: "phone", Value: "0812", Document: "court_order", Number: "12/Pdt.P/2026", Dated: "2026-11-23", Until: "2027-11-22",
			Reason: "asli diperlihatkan", May: Scope{[]string{"pur_1"}, []string{"mask"}, []string{"name"}}}
	}
	for _, c := range []struct {
		name  string
		spoil func(*Draft)
		code  string
		field string
	}{
		{"as it should be", func(*Draft) {}, "", ""},
		{"the last day is today", func(n *Draft) { n.Until = "2026-11-23" }, "", ""},
		{"an unknown kind", func(n *Draft) { n.Kind = "friend" }, "mandate.form", "kind"},
		{"no name", func(n *Draft) { n.Name = "" }, "mandate.form", "name"},
		{"a name of two lines", func(n *Draft) { n.Name = "A\nB" }, "mandate.form", "name"},
		{"a name that cannot be seen", func(n *Draft) { n.Name = "\u200b" }, "mandate.form", "name"},
		{"no end", func(n *Draft) { n.Until = "" }, "mandate.form", "until"},
		{"an end that is no day", func(n *Draft) { n.Until = "2027-02-30" }, "mandate.form", "until"},
		{"an end that is past", func(n *Draft) { n.Until = "2026-11-21" }, "mandate.form", "until"},
		{"more than two years", func(n *Draft) { n.Until = "2028-12-31" }, "mandate.too_long", ""},
		{"another contact", func(n *Draft) { n.Contact = "app" }, "mandate.form", "contact"},
		{"an unknown document", func(n *Draft) { n.Document = "letter" }, "mandate.form", "document"},
		{"no number", func(n *Draft) { n.Number = " " }, "mandate.form", "number"},
		{"a document of next week", func(n *Draft) { n.Dated = "2026-11-30" }, "mandate.form", "dated"},
		{"no word about the document", func(n *Draft) { n.Reason = "" }, "mandate.form", "reason"},
		{"no purpose", func(n *Draft) { n.May.Purposes = nil }, "mandate.form", "purposes"},
		{"a purpose twice", func(n *Draft) { n.May.Purposes = []string{"pur_1", "pur_1"} }, "mandate.form", "purposes"},
		{"a verb that no representative has", func(n *Draft) { n.May.Verbs = []string{"appoint"} }, "mandate.form", "verbs"},
		{"no field", func(n *Draft) { n.May.Fields = nil }, "mandate.form", "fields"},
		{"an assistant needs neither document nor scope", func(n *Draft) { *n = Draft{Kind: Assistant, Name: "Dewi", Until: "2027-01-01", Format: "slow"} }, "", ""},
		{"but a format", func(n *Draft) { *n = Draft{Kind: Assistant, Name: "Dewi", Until: "2027-01-01"} }, "mandate.form", "format"},
	} {
		n := good()
		c.spoil(&n)
		e := n.check(now)
		switch {
		case e == nil && c.code == "":
		case e == nil || e.Code != c.code || c.field != "" && e.Args["field"] != c.field:
			t.Errorf("%s: %v", c.name, e)
		}
	}
}

func TestAMandateForAChildEndsWithTheChildhood(t *testing.T) {
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	born := func(text string) time.Time { d, _ := day(text); return d }
	last := func(text string) time.Time { d, _ := day(text); return ends(d) }
	for _, c := range []struct{ born, until, code string }{
		{"2010-06-01", "2027-06-01", ""},
		{"2009-06-02", "2027-06-01", ""}, // the day before the birthday is the last
		{"2009-06-01", "2027-06-01", "mandate.beyond_adulthood"},
		{"2008-11-23", "2026-12-01", "mandate.adult"},
		{"1990-05-17", "2026-12-01", "mandate.adult"},
		{"2027-01-01", "2026-12-01", "mandate.form"},
	} {
		e := ofAge(born(c.born), last(c.until), now)
		if (e == nil) != (c.code == "") || e != nil && e.Code != c.code {
			t.Errorf("%+v: %v", c, e)
		}
	}
}

func TestAScopeCoversWhatAllItsPartsName(t *testing.T) {
	list := func(t *rapid.T, name string, of []string) []string {
		return rapid.SliceOfDistinct(rapid.SampledFrom(of), rapid.ID[string]).Draw(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		all := [][]string{{"pur_a", "pur_b", ""}, Verbs(), {"name", "phone", "email"}}
		s := Scope{list(t, "purposes", all[0]), list(t, "verbs", all[1]), list(t, "fields", all[2])}
		p, v := rapid.SampledFrom(all[0]).Draw(t, "purpose"), rapid.SampledFrom(all[1]).Draw(t, "verb")
		f := rapid.SampledFrom(append(all[2], "")).Draw(t, "field")
		want := p != "" && slices.Contains(s.Purposes, p) && slices.Contains(s.Verbs, v) && (f == "" || slices.Contains(s.Fields, f))
		if s.Covers(p, gate.Verb(v), f) != want || (Scope{}).Covers(p, gate.Verb(v), f) {
			t.Fatalf("%+v covers %q %q %q: %t", s, p, v, f, !want)
		}
	})
}

func TestARepresentativeProvesThemselvesByTheirOwnContactAndGetsTheScope(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.call(h.subject)
		_, err := h.Record(ctx, h.agent, itx, h.draft())
		h.refused(err, "gate.level_too_low")
		h.entered("appoint denied gate.level_too_low")
		h.appointed = 3
		_, err = h.Record(ctx, h.agent, itx, h.draft())
		h.refused(err, "gate.level_too_low")
		h.log.take()
		h.appointed = 4
		out, err := h.Record(ctx, h.agent, itx, h.draft())
		h.must(err)
		h.entered("appoint allowed", "process allowed", "mandate.record done", "message.queue done")
		h.appointed = 0
		if letters := h.deliver(); len(letters) != 1 || !strings.HasSuffix(letters[0].To, "81277774321") && letters[0].To != "sri.kenanga@contoh.example" || !strings.Contains(letters[0].Body, "wakil") || strings.Contains(letters[0].Body, "Bambang") {
			t.Fatalf("the customer's notice: %+v", letters)
		}
		h.log.take()

		// A week later the representative calls. The customer had been verified before: that counts for nothing.
		h.must(h.interactions.Move(ctx, h.agent, itx, "disconnect"))
		h.wait(8 * 24 * time.Hour)
		itx = h.call(h.subject)
		a, token, _ := h.link(itx)
		h.must(h.answer(a, token))
		if h.level(itx, h.subject) != 2 {
			t.Fatalf("the customer: V%d", h.level(itx, h.subject))
		}
		h.wait(time.Second)
		h.log.take()
		h.must(h.Speak(ctx, h.agent, itx, out.ID))
		h.entered("note allowed", "interaction.lower done", "mandate.speak done")
		if h.level(itx, h.subject) != 1 {
			t.Fatalf("what was verified before: V%d", h.level(itx, h.subject))
		}
		st, err := h.verify.Status(ctx, h.agent, itx)
		h.must(err)
		if len(st.Links) != 1 || st.Links[0].Value != out.ID || st.History != 0 || st.CallBack {
			t.Fatalf("ways to prove: %+v", st)
		}
		_, err = h.verify.SendLink(ctx, h.agent, itx, "val_00000000000000000000000000")
		h.refused(err, "verification.no_contact")
		h.wait(11 * time.Minute)
		h.must(h.interactions.Heartbeat(ctx, h.agent, itx))
		a, token, to := h.link(itx)
		if !strings.HasSuffix(to, "81299990001") {
			t.Fatalf("the link went to %s", to)
		}
		secret, err := h.verify.Enter(ctx, token, "")
		h.must(err)
		v, err := h.verify.Show(ctx, token, secret, "id")
		h.must(err)
		if v.Stands.Kind != "attorney" || strings.Contains(v.Stands.Representative, "Bambang") || strings.Contains(v.Stands.Customer, "Kenanga") || v.Stands.Customer == "" {
			t.Fatalf("who answers for whom: %+v", v.Stands)
		}
		h.must(h.verify.Reply(ctx, token, secret, strconv.Itoa(a.Number)))
		if h.level(itx, h.subject) != 2 {
			t.Fatalf("the representative: V%d", h.level(itx, h.subject))
		}
		h.log.take()
		h.asks(itx, gate.Mask, map[string]string{"name": "", "address": "", "email": "gate.mandate_scope", "phone": "gate.mandate_scope"})
		if h.log.refs[0] != "mask "+out.ID {
			t.Errorf("the entry does not name the mandate: %v", h.log.refs)
		}
		h.asks(itx, gate.Reveal, map[string]string{"name": "gate.mandate_scope"})
		h.log.take()
		_, err = h.Record(ctx, h.agent, itx, h.draft())
		h.refused(err, "gate.mandate_appoints")
		h.entered("appoint denied gate.mandate_appoints")
		_, err = h.verify.AskSecond(ctx, h.agent, itx, "ganti nomor")
		h.refused(err, "verification.document_unverified")

		// The customer takes over: the representative's proof is none of theirs.
		h.wait(time.Second)
		h.log.take()
		h.must(h.Speak(ctx, h.agent, itx, ""))
		h.entered("note allowed", "interaction.lower done", "mandate.customer_speaks done")
		if h.level(itx, h.subject) != 1 {
			t.Fatalf("V%d", h.level(itx, h.subject))
		}
		h.asks(itx, gate.Mask, map[string]string{"email": "gate.level_too_low"})
	})
}

// asks previews a verb on fields and says which are refused, and enters one question.
func (h *house) asks(itx string, verb gate.Verb, want map[string]string) {
	h.t.Helper()
	var ans gate.Answer
	h.must(h.db.Write(context.Background(), func(tx *db.Tx) (err error) {
		ans, err = h.gate.Ask(tx, h.agent, gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: verb, Fields: slices.Sorted(maps.Keys(want))})
		return err
	}))
	for field, code := range want {
		got := ""
		if e := ans.Refused[field]; e != nil {
			got = e.Code
		}
		if got != code {
			h.t.Errorf("%s of %s: %q, want %q", verb, field, got, code)
		}
	}
}

func TestAMandateOfSomebodyElseOneThatRanOutAndOneThatWasRevokedGiveNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		other := h.customer("KNG-2", "1980-01-01")
		theirs := h.appoint(other, h.draft())
		n := h.draft()
		n.Until = "2026-12-02"
		short, long := h.appoint(h.subject, n), h.appoint(h.subject, h.draft())
		h.wait(8 * 24 * time.Hour)
		itx := h.call(h.subject)
		for _, mandate := range []string{theirs.ID, id.New(id.Mandate), "man_x", h.subject} {
			h.refused(h.Speak(ctx, h.agent, itx, mandate), "mandate.unknown")
			h.entered("note allowed", "mandate.speak denied mandate.unknown")
		}
		h.refused(h.Revoke(ctx, h.boss, itx, long.ID, "dispute"), "gate.not_found") // not the boss's call
		h.log.take()

		// It runs out in the middle of the call.
		h.must(h.Speak(ctx, h.agent, itx, short.ID))
		a, token, _ := h.link(itx)
		h.must(h.answer(a, token))
		if h.level(itx, h.subject) != 2 {
			t.Fatalf("V%d", h.level(itx, h.subject))
		}
		h.must(h.interactions.Move(ctx, h.agent, itx, interaction.Disconnect))
		h.wait(48 * time.Hour)
		itx = h.call(h.subject)
		h.refused(h.Speak(ctx, h.agent, itx, short.ID), "mandate.not_standing")
		h.entered("note allowed", "mandate.speak denied mandate.not_standing")
		h.must(h.db.Write(ctx, func(tx *db.Tx) error { // as it stands in a call in which it ran out
			tx.Data.Queue(sqlSpeak, itx, h.subject, short.ID, h.agent.ID(), int64(1))
			return nil
		}))
		_, err := h.verify.SendLink(ctx, h.agent, itx, "")
		h.refused(err, "gate.mandate_expired")
		h.asks(itx, gate.Mask, map[string]string{"name": "gate.mandate_expired"})

		// It is revoked between the link and its answer.
		h.must(h.Speak(ctx, h.agent, itx, long.ID))
		a, token, _ = h.link(itx)
		h.log.take()
		h.refused(h.Revoke(ctx, h.agent, "", long.ID, "dispute"), "mandate.not_permitted")
		h.must(h.Revoke(ctx, h.boss, "", long.ID, "dispute"))
		h.entered("mandate.revoke done", "message.queue done", "message.queue done") // both sides are told
		if letters := h.deliver(); len(letters) != 2 || !strings.Contains(letters[0].Body, "dicabut") {
			t.Fatalf("%+v", letters)
		}
		h.refused(h.answer(a, token), "verification.link_expired")
		if h.level(itx, h.subject) > 1 {
			t.Fatalf("answered after the revocation: V%d", h.level(itx, h.subject))
		}
		h.asks(itx, gate.Mask, map[string]string{"name": "gate.mandate_revoked"})
		h.refused(h.Revoke(ctx, h.boss, "", long.ID, "dispute"), "mandate.over")
		h.refused(h.Revoke(ctx, h.boss, "", long.ID, "a bad day"), "mandate.reason")
	})
}

func TestAForgedDocumentIsRefusedFromThenOn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		out := h.appoint(h.subject, h.draft())
		h.must(h.Revoke(ctx, h.boss, "", out.ID, "forged"))
		other := h.customer("KNG-2", "")
		itx := h.call(other)
		h.appointed = 4
		n := h.draft()
		n.Number = "sk 12 2026" // the same, written otherwise
		_, err := h.Record(ctx, h.agent, itx, n)
		h.refused(err, "mandate.document_forged")
		h.entered("appoint allowed", "mandate.record denied mandate.document_forged")
		n.Number, n.May.Purposes = "SK-13/2026", []string{id.New(id.Purpose)}
		_, err = h.Record(ctx, h.agent, itx, n)
		h.refused(err, "mandate.purpose_unknown")
	})
}

func TestADocumentFoundToBeForgedWhileItIsRecordedIsRefused(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		out := h.appoint(h.subject, h.draft())
		itx := h.call(h.customer("KNG-2", ""))
		h.appointed = 4
		h.log.take()
		h.meanwhile = func() { h.must(h.Revoke(context.Background(), h.boss, "", out.ID, "forged")) }
		_, err := h.Record(context.Background(), h.agent, itx, h.draft())
		h.refused(err, "mandate.document_forged")
		if got := h.log.take(); got[len(got)-1] != "mandate.record denied mandate.document_forged" {
			t.Errorf("entries %q", got)
		}
	})
}

func TestAnErasureLeavesNoMandate(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		out := h.appoint(h.subject, h.draft())
		itx := h.call(h.subject)
		h.must(h.Speak(context.Background(), h.agent, itx, out.ID))
		h.must(h.db.Write(context.Background(), func(tx *db.Tx) error { return h.EraseTx(tx, h.subject) }))
		h.must(h.db.Read(context.Background(), func(tx *db.Tx) error {
			var left int
			h.must(tx.Data.Row(`select count(*) from mandate_record`).Scan(&left))
			facts, err := h.Facts(tx, itx, h.subject)
			if left != 0 || facts.Standing != gate.MandateRevoked {
				t.Errorf("%d mandates, %+v", left, facts)
			}
			return err
		}))
	})
}

func TestAParentSpeaksForAChildAfterASecondMemberOfStaffAgreedAndUntilTheBirthday(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		child := h.customer("KNG-2", "2009-06-01")
		n := h.draft()
		n.Kind, n.Document, n.Reason, n.Until = Parent, "birth_certificate", "Asli diperlihatkan di cabang.", "2027-06-01"
		n.May.Verbs = append(n.May.Verbs, Consents)
		itx := h.call(child)
		_, err := h.Record(ctx, h.agent, itx, n)
		h.refused(err, "gate.level_too_low")
		h.appointed = 2
		_, err = h.Record(ctx, h.agent, itx, n)
		h.refused(err, "mandate.beyond_adulthood")
		n.Until = "2027-05-31"
		h.log.take()
		out, err := h.Record(ctx, h.agent, itx, n)
		h.must(err)
		h.entered("propose allowed", "process allowed", "mandate.record done", "approval.asked.mandate.child done")
		if out.State != Proposed || out.Request == "" {
			t.Fatalf("%+v", out)
		}
		h.refused(h.Speak(ctx, h.agent, itx, out.ID), "mandate.not_standing")
		if _, err := h.approvals.Decide(ctx, h.agent, out.Request, "saya sendiri", true); err == nil {
			t.Fatal("who proposed it agreed")
		}
		h.log.take()
		_, err = h.approvals.Decide(ctx, h.boss, out.Request, "Akta diperiksa.", true)
		h.must(err)
		if got := h.log.take(); !slices.Contains(got, "mandate.agreed done") || !slices.Contains(got, "approval.approved.mandate.child done") {
			t.Fatal(got)
		}
		if letters := h.deliver(); len(letters) != 2 {
			t.Fatalf("the child's contact and the parent's: %+v", letters)
		}

		// Consent is the parent's, to refuse is open to the child.
		may := func(grants bool) string {
			var e *errs.E
			h.must(h.db.Read(ctx, func(tx *db.Tx) (err error) { _, e, err = h.MayConsent(tx, itx, child, h.pur, grants); return err }))
			if e == nil {
				return ""
			}
			return e.Code
		}
		if may(true) != "mandate.guardian_needed" || may(false) != "" {
			t.Fatal(may(true), may(false))
		}
		h.must(h.Speak(ctx, h.agent, itx, out.ID))
		if may(true) != "" || may(false) != "" {
			t.Fatal(may(true), may(false))
		}
		h.must(h.db.Write(ctx, func(tx *db.Tx) error { // of age
			tx.Data.Queue(`update mandate_record set ends_at = $1 where id = $2`, column.Micros(h.clock()), out.ID)
			return nil
		}))
		if may(true) != "mandate.not_standing" {
			t.Fatal(may(true))
		}

		// Whose birth date nobody knows says it, and who is of age has no parent here.
		h.appointed = 0
		h.must(h.interactions.Move(ctx, h.agent, itx, interaction.Disconnect))
		unknown, grown := h.call(h.customer("KNG-3", "")), ""
		h.appointed = 2
		_, err = h.Record(ctx, h.agent, unknown, n)
		h.refused(err, "mandate.birth_date_needed")
		n.Born = "2015-01-01"
		_, err = h.Record(ctx, h.agent, unknown, n)
		h.must(err)
		h.must(h.interactions.Move(ctx, h.agent, unknown, interaction.Disconnect))
		grown = h.call(h.subject)
		_, err = h.Record(ctx, h.agent, grown, n) // what was typed is not looked at: the vault knows it
		h.refused(err, "mandate.adult")
	})
}

func TestAnAssistantHasNoRightsAndTheAgentSeesHowToSpeak(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx := h.call(h.subject)
		h.appointed = 2
		out, err := h.Record(ctx, h.agent, itx, Draft{Kind: Assistant, Name: "Dewi Sartika", Until: "2027-01-31", Format: "sign_language",
			May: Scope{[]string{h.pur}, []string{"reveal"}, []string{"name"}}}) // a scope is not taken
		h.must(err)
		h.refused(h.Speak(ctx, h.agent, itx, out.ID), "mandate.not_standing")
		h.appointed = 0
		h.must(h.interactions.Move(ctx, h.agent, itx, interaction.Disconnect))
		itx = h.call(h.subject)
		look, err := h.Of(ctx, h.agent, itx)
		h.must(err)
		if look.Assistance == nil || look.Assistance.Format != "sign_language" || len(look.Assistance.May.Verbs) != 0 || look.Speaker != nil || strings.Contains(look.Assistance.Name, "Dewi") {
			t.Fatalf("%+v", look.Assistance)
		}
		speaker, help, err := h.Line(ctx, h.agent, itx, h.desk.Texts().For("id", nil))
		h.must(err)
		if speaker != "" || !strings.Contains(help, "Juru bahasa isyarat") {
			t.Fatal(speaker, help)
		}
		if _, help, err = h.Line(ctx, h.boss, itx, h.desk.Texts().For("id", nil)); err != nil || help != "" {
			t.Fatal(help, err)
		}
		h.log.take()
		_, err = h.Of(ctx, h.boss, itx)
		h.refused(err, "gate.not_found")
		h.entered("note denied gate.not_found")
	})
}

func TestNoNameContactOrDocumentStandsReadableInTheTables(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.appoint(h.subject, h.two())
		h.must(h.db.Read(context.Background(), func(tx *db.Tx) error {
			m, err := of(tx, h.subject)
			if err != nil || len(m) != 1 {
				t.Fatal(m, err)
			}
			for _, b := range [][]byte{m[0].shown, m[0].details, m[0].value, m[0].mac, m[0].also} {
				for _, secret := range []string{"Bambang", "Mulyono", "81299990001", "bambang", "12/2026", "B***"} {
					if strings.Contains(string(b), secret) {
						t.Errorf("%s is readable", secret)
					}
				}
			}
			return nil
		}))
	})
}

// The page of representatives keeps the desk alive while a form is filled in, and does what the operations do.
func TestTheAgentsPageBeatsRecordsAndChoosesTheSpeaker(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		out := h.appoint(h.subject, h.draft())
		itx := h.call(h.subject)
		h.desk.Actor("agent", h.agent)
		h.desk.Now = h.clock()
		page := "/calls/" + itx + "/representatives"
		w := h.desk.Do("agent", "GET", page, "")
		if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `data-beat="/calls/`+itx+`/heartbeat"`) || !strings.Contains(body, "B*** M***") || strings.Contains(body, "Bambang") || strings.Contains(body, "81299990001") {
			t.Fatalf("%d %s", w.Code, body)
		}
		h.log.take()
		if w = h.desk.Do("agent", "POST", "/calls/"+itx+"/speaker", "mandate="+out.ID); w.Code != 303 || w.Header().Get("Location") != "/calls/"+itx {
			t.Fatal(w.Code, w.Body)
		}
		h.entered("note allowed", "interaction.lower done", "mandate.speak done")
		if w = h.desk.Do("agent", "GET", page, ""); !strings.Contains(w.Body.String(), "Melalui wakil") {
			t.Fatal(w.Body)
		}
		if w = h.desk.Do("agent", "POST", "/calls/"+itx+"/speaker", "mandate="); w.Code != 303 {
			t.Fatal(w.Code, w.Body)
		}
		h.appointed = 2
		if w = h.desk.Do("agent", "POST", page, "kind=assistant&name=Dewi&until=2027-01-31&format=slow"); w.Code != 303 {
			t.Fatal(w.Code, w.Body)
		}
		if w = h.desk.Do("agent", "POST", page, "kind=attorney&name=Rahasia+Sekali&until=besok"); w.Code != 422 || strings.Contains(w.Body.String(), "Rahasia") {
			t.Fatal(w.Code, w.Body)
		}
		h.log.take()
		if w = h.desk.Do("agent", "POST", page+"/"+out.ID+"/revoke", "why=customer_asked"); w.Code != 303 {
			t.Fatal(w.Code, w.Body)
		}
		h.entered("propose allowed", "mandate.revoke done", "message.queue done", "message.queue done")
	})
}
