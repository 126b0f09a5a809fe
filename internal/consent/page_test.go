package consent

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func (r register) List(_ *db.Tx, controller string) (out []purpose.Purpose, err error) {
	for name, p := range r {
		if p.ID, p.Name = name, map[string]string{"id": "Tujuan " + name, "en": "Purpose " + name}; p.Controller == controller {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b purpose.Purpose) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

func (r register) Notices(_ *db.Tx, name string) (out []purpose.Notice, err error) {
	for v := r[name].Notice; v > 0; v-- {
		text := name + " version " + string(rune('0'+v))
		out = append(out, purpose.Notice{Purpose: name, Version: v, Text: map[string]string{"id": "Teks " + text, "en": "Text " + text}})
	}
	return out, nil
}

// What one customer said, on one page: where each purpose stands, with the notice that was
// heard, and everything that was said. Each look is an entry in the customer's trail.
func TestTheOfficerSeesHowOneCustomerStandsAndEachLookIsEntered(t *testing.T) {
	p := sqlite(t)
	w := webtest.New(t, func(o *web.Options) {
		o.DB, o.Sealer = p.db, sealer{}
		o.MAC = func(string, []byte) []byte { return make([]byte, 16) }
	}, p.book.Module())
	w.Actor("dpo", p.dpo)
	w.Actor("auditor", actor.NewStaff("stf_auditor", actor.Auditor, "ses_3", []string{"ctl_a"}, time.Time{}))
	path := "/subjects/" + p.subject + "/consents"
	look := func(words ...string) string {
		t.Helper()
		before := len(p.log.entries)
		got := w.Do("dpo", "GET", path+"?lang=en", "")
		for _, word := range words {
			if got.Code != http.StatusOK || !strings.Contains(got.Body.String(), word) {
				t.Errorf("%d, without %q\n%s", got.Code, word, got.Body)
			}
		}
		if len(p.log.entries) != before+1 || p.log.entries[before].Action != "consent.read" || p.log.entries[before].Subject != p.subject || p.log.entries[before].Actor.ID() != "stf_dpo" {
			t.Errorf("the look left no entry of its own: %+v", p.log.entries[before:])
		}
		return got.Body.String()
	}
	// Nobody asked: what rests on consent and is in force is there, the retired is not.
	body := look("Purpose pur_a", "Purpose pur_b", "Not asked yet", "has not said anything yet")
	if strings.Contains(body, "pur_old") || strings.Contains(body, "pur_z") {
		t.Error(body)
	}
	if _, err := p.book.Say(t.Context(), p.agent, p.itx, Event{Purpose: "pur_a", What: Granted, Notice: 2}); err != nil {
		t.Fatal(err)
	}
	body = look(">Agreed<", "23 November 2026 <span>16:00:00 WIB</span>", "Text pur_a version 2", "Teks pur_a version 2", "The version in force now is version 3", "Phone", ">V3", `href="/log?interaction=`+p.itx, "stf_agent")
	if strings.Contains(body, "pur_a version 3") {
		t.Error("the page shows a notice that the customer did not hear")
	}
	// The clock is set back: the last word counts all the same.
	p.now = p.now.Add(-time.Minute)
	err := p.db.Write(t.Context(), func(tx *db.Tx) error {
		_, err := p.book.Record(tx, p.dpo, Event{Subject: p.subject, Purpose: "pur_a", What: Withdrawn, Channel: "paper", Proof: "scan/7"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	body = look(">Withdrawn<", "Text pur_a version 3", "scan/7", "outside a contact", ">Agreed<") // the last in the history
	if state, _, _ := strings.Cut(body, `id="cns_`); strings.Contains(state, ">Agreed<") {
		t.Error("a consent that was withdrawn stands as given")
	}
	before := len(p.log.entries)
	for _, c := range []struct {
		as, path string
		want     int
	}{
		{"dpo", "/subjects/" + p.foreign + "/consents", 404}, {"dpo", "/subjects/" + id.New(id.Subject) + "/consents", 404}, {"auditor", path, 403},
		{"dpo", "/consents?subject=" + p.subject, 303}, {"dpo", "/consents?subject=Budi", 404}, {"auditor", "/consents?subject=" + p.subject, 403},
	} {
		got := w.Do(c.as, "GET", c.path, "")
		if got.Code != c.want || c.want == 303 && got.Header().Get("Location") != path {
			t.Errorf("%s at %s: %d %s", c.as, c.path, got.Code, got.Header())
		}
	}
	if len(p.log.entries) != before {
		t.Errorf("what showed nothing is entered: %+v", p.log.entries[before:])
	}
	// The counts lead there, for those who may go.
	if got := w.Do("dpo", "GET", "/purposes/pur_a/consents", "").Body.String(); !strings.Contains(got, `action="/consents"`) {
		t.Error(got)
	}
	if got := w.Do("auditor", "GET", "/purposes/pur_a/consents", "").Body.String(); strings.Contains(got, `action="/consents"`) {
		t.Error("an auditor is led to a page that is closed to him")
	}
}
