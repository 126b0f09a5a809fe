package verification_test

import (
	. "github.com/amanah-id/amanah/internal/verification"

	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// disowned is a contact that its customer denied.
func (h *house) disowned() (attempt, itx string) {
	h.t.Helper()
	itx = h.identified("")
	a, link := h.link(itx)
	if code, body := (&browser{h: h}).do("POST", link+"/answer", "answer=denied"); code != 303 {
		h.t.Fatalf("%d %s", code, body)
	}
	h.log.take()
	return a.ID, itx
}

// reader is somebody of a role who serves controllers; the house's when none is named.
func (h *house) reader(name string, role actor.Role, controllers ...string) actor.Actor {
	if controllers == nil {
		controllers = []string{h.ctl}
	}
	a := actor.NewStaff(id.New(id.Staff), role, id.New(id.Session), controllers, h.clock())
	h.desk.Actor(name, a)
	return a
}

func TestWhatCustomersDenyIsListedForThoseWhoReviewItWithoutPersonalData(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		for _, role := range []actor.Role{actor.Supervisor, actor.DPO, actor.Security} {
			boss := h.reader(string(role), role)
			list, next, err := h.Denials(ctx, boss, false, Position{})
			if err != nil || len(list) != 0 || next.ID != "" {
				t.Fatal(list, next, err)
			}
			if w := h.desk.Do(string(role), "GET", "/denials", ""); w.Code != 200 || !strings.Contains(w.Body.String(), "Tidak ada kontak yang menunggu ditinjau") {
				t.Fatalf("%s: %d %s", role, w.Code, w.Body)
			}
		}
		attempt, itx := h.disowned()
		h.wait(time.Minute)
		late := h.identified("")
		sent, link := h.link(late)
		h.must(h.interactions.Seal(ctx, h.agent, late, "resolved"))
		h.wait(time.Hour)
		if code, _ := (&browser{h: h}).do("POST", link+"/answer", "answer=denied"); code != 303 { // long after the call
			t.Fatal(code)
		}
		boss := h.reader("supervisor", actor.Supervisor)
		list, next, err := h.Denials(ctx, boss, false, Position{})
		h.must(err)
		want := []Denial{
			{ID: sent.ID, Interaction: late, Controller: h.ctl, Agent: h.agent.ID(), Channel: interaction.Phone, State: interaction.Sealed, At: h.clock()},
			{ID: attempt, Interaction: itx, Controller: h.ctl, Agent: h.agent.ID(), Channel: interaction.Phone, State: interaction.Frozen, At: list[1].At},
		}
		if !reflect.DeepEqual(list, want) || next.ID != "" {
			t.Fatalf("%+v %+v", list, next)
		}
		for _, target := range []string{"/denials", "/denials/" + attempt, "/api/v1/denials"} {
			body := h.desk.Do("supervisor", "GET", target, "", "Accept-Language", "id").Body.String()
			if !strings.Contains(body, itx) || strings.Contains(body, "Kenanga") || strings.Contains(body, "4321") || strings.Contains(body, mail) || strings.Contains(body, h.subject) {
				t.Errorf("%s: %s", target, body)
			}
			if !strings.HasPrefix(target, "/api") && (!strings.Contains(body, "Dibekukan") || !strings.Contains(body, "Nama "+h.agent.ID()[len(h.agent.ID())-4:]) || !strings.Contains(body, "Bank Contoh")) {
				t.Errorf("%s does not say whose and how it stands: %s", target, body)
			}
		}
		// Nobody else, and nobody of another company.
		foreign := h.reader("foreign", actor.Security, id.New(id.Controller))
		if list, _, err := h.Denials(ctx, foreign, false, Position{}); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
		if w := h.desk.Do("foreign", "GET", "/denials/"+attempt, ""); w.Code != 404 || strings.Contains(w.Body.String(), itx) {
			t.Error(w.Code)
		}
		for _, role := range []actor.Role{actor.Agent, actor.Auditor, actor.Admin} {
			who := h.reader(string(role), role)
			_, _, err := h.Denials(ctx, who, false, Position{})
			h.refused(err, "verification.not_reviewer")
			_, err = h.Denial(ctx, who, attempt)
			h.refused(err, "verification.not_reviewer")
			h.refused(h.Review(ctx, who, attempt, "x"), "verification.not_reviewer")
			for _, target := range []string{"/denials", "/denials/" + attempt, "/api/v1/denials"} {
				if w := h.desk.Do(string(role), "GET", target, ""); w.Code != 403 || strings.Contains(w.Body.String(), itx) {
					t.Errorf("%s reads %s: %d", role, target, w.Code)
				}
			}
		}
	})
}

func TestADenialIsReviewedOnceByWhoDidNotServeItAndTheReasonIsInTheLogAlone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		attempt, itx := h.disowned()
		boss := h.reader("boss", actor.Supervisor)
		for name, reason := range map[string]string{"none": " \n ", "too long": strings.Repeat("é", 301), "a control character": "a\x00b", "no text": "\xff", "nothing to be seen": "\u202e", "no word": "-"} {
			if err := h.Review(ctx, boss, attempt, reason); err == nil || h.log.take() != nil {
				t.Errorf("%s is taken as a reason", name)
			}
		}
		for name, c := range map[string]struct {
			who     actor.Actor
			attempt string
		}{
			"nobody's":            {boss, id.New(id.Verification)},
			"no id":               {boss, "x' or 1=1"},
			"another company's":   {h.reader("foreign", actor.DPO, id.New(id.Controller)), attempt},
			"one that was not":    {boss, func() string { a, _ := h.link(h.identified("")); return a.ID }()},
			"a contact, not that": {boss, itx},
		} {
			h.log.take()
			h.refused(h.Review(ctx, c.who, c.attempt, "Ditelusuri."), "verification.denial_unknown")
			if e := h.log.take(); !slices.Equal(e, []string{"verification.reviewed denied verification.denial_unknown"}) {
				t.Errorf("%s: %q", name, e)
			}
		}
		// A supervisor may serve contacts, and does not look into his own.
		served := actor.NewStaff(h.agent.ID(), actor.Supervisor, id.New(id.Session), []string{h.ctl}, h.clock())
		h.desk.Actor("served", served)
		h.refused(h.Review(ctx, served, attempt, "Semua baik."), "verification.own_contact")
		if e := h.log.take(); !slices.Equal(e, []string{"verification.reviewed denied verification.own_contact"}) {
			t.Errorf("%q", e)
		}
		if body := h.desk.Do("served", "GET", "/denials/"+attempt, "").Body.String(); strings.Contains(body, "<textarea") || !strings.Contains(body, "Anda layani sendiri") {
			t.Error(body)
		}
		path := "/denials/" + attempt
		w := h.desk.Do("boss", "POST", path+"/review", "reason=")
		if w.Code != 422 || !strings.Contains(w.Body.String(), "<textarea") {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		const reason = "Ibu Seruni menelepon balik; nomornya dipalsukan."
		if w := h.desk.Do("boss", "POST", path+"/review", url.Values{"reason": {reason}}.Encode()); w.Code != 303 || w.Header().Get("Location") != "/denials" {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if e := h.log.take(); !slices.Equal(e, []string{"verification.reviewed done"}) {
			t.Errorf("%q", e)
		}
		h.refused(h.Review(ctx, h.reader("dpo", actor.DPO), attempt, reason), "verification.reviewed_already")
		if w := h.desk.Do("dpo", "POST", path+"/review", "reason=x"); w.Code != 409 || strings.Contains(w.Body.String(), "<textarea") {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if list, _, err := h.Denials(ctx, boss, false, Position{}); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
		list, _, err := h.Denials(ctx, boss, true, Position{})
		if err != nil || len(list) != 1 || list[0].ReviewedBy != boss.ID() || !list[0].Reviewed.Equal(h.clock()) {
			t.Fatal(list, err)
		}
		for _, target := range []string{path, "/denials?reviewed=true", "/api/v1/denials?reviewed=true"} {
			if body := h.desk.Do("boss", "GET", target, "").Body.String(); strings.Contains(body, "Seruni") || !strings.Contains(body, itx) {
				t.Errorf("%s: %s", target, body)
			}
		}
		h.must(h.db.Read(ctx, func(tx *db.Tx) error {
			var leaf, detail []byte
			var subject string
			if err := tx.Data.Row("select e.leaf, d.subject, d.detail_sealed from audit_entry e join audit_detail d on d.position = e.position where e.action = 'verification.reviewed' and e.decision = 'done'").Scan(&leaf, &subject, &detail); err != nil {
				return err
			}
			if subject != h.subject || len(detail) == 0 || bytes.Contains(detail, []byte("Seruni")) || bytes.Contains(leaf, []byte("Seruni")) || !bytes.Contains(leaf, []byte(boss.ID())) || !bytes.Contains(leaf, []byte(itx)) {
				t.Errorf("subject %s, detail %q, leaf %q", subject, detail, leaf)
			}
			return nil
		}))
	})
}

func TestTheListOfDenialsHasPagesThroughTheAPI(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, itx := h.disowned()
		h.must(h.db.Write(context.Background(), func(tx *db.Tx) error {
			for i := range 2*DenialsAPage + 3 {
				at := h.clock().Add(-time.Duration(i/2) * time.Second) // some at the same moment
				one := Attempt{ID: id.NewAt(id.Verification, at), Interaction: itx, Controller: h.ctl, Agent: h.agent.ID(), State: Denied, Started: at, Answered: at}
				Insert(tx, one, h.subject)
			}
			return nil
		}))
		h.reader("boss", actor.Security)
		seen, pages := map[string]bool{}, 0
		var last time.Time
		for after := ""; ; pages++ {
			w := h.desk.Do("boss", "GET", "/api/v1/denials?after="+after, "")
			var page struct {
				Items []struct {
					ID string    `json:"id"`
					At time.Time `json:"denied_at"`
				}
				Next string
			}
			if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != 200 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			for _, one := range page.Items {
				if seen[one.ID] || !last.IsZero() && one.At.After(last) {
					t.Fatalf("%s comes twice, or out of order", one.ID)
				}
				seen[one.ID], last = true, one.At
			}
			if after = page.Next; after == "" {
				break
			}
		}
		if len(seen) != 2*DenialsAPage+4 || pages != 2 {
			t.Errorf("%d denials on %d pages", len(seen), pages+1)
		}
		body := h.desk.Do("boss", "GET", "/denials", "").Body.String()
		if strings.Count(body, "<tr id=") != DenialsAPage || !strings.Contains(body, "/denials?reviewed=false&amp;after=") {
			t.Errorf("%d rows", strings.Count(body, "<tr id="))
		}
		for _, target := range []string{"/denials?after=AAAA", "/api/v1/denials?after=AAAA", "/denials?reviewed=perhaps"} {
			if w := h.desk.Do("boss", "GET", target, ""); w.Code != 422 {
				t.Errorf("%s: %d", target, w.Code)
			}
		}
		h.desk.Actor("tired", actor.NewStaff(id.New(id.Staff), actor.Security, id.New(id.Session), []string{h.ctl}, h.clock().Add(-time.Hour)))
		for at := range seen {
			if w := h.desk.Do("tired", "POST", "/api/v1/denials/"+at+"/review", `{"reason":"x"}`, "Content-Type", "application/json"); w.Code != 401 || !strings.Contains(w.Body.String(), "web.second_factor") {
				t.Errorf("with an old second factor: %d", w.Code)
			}
			if w := h.desk.Do("boss", "POST", "/api/v1/denials/"+at+"/review", fmt.Sprintf(`{"reason":%q}`, strings.Repeat("x", 300)), "Content-Type", "application/json"); w.Code != 204 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			break
		}
	})
}
