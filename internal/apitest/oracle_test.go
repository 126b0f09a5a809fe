package apitest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/proof"
)

// traces are the ids by which a request is found in the server's log.
var traces = regexp.MustCompile(`trc_[0-9a-z]{26}`)

// apart are the routes of a call that touch no customer, and why they may leave no entry or say more.
var apart = map[string]string{
	"GET /api/v1/interactions/{interaction}": "the state of a contact, without the customer",
	"GET /calls/{interaction}":               "the state of a contact, without the customer",
	"GET /calls/{interaction}/events":        "a stream of the person's own calls only",
	"GET /calls/{interaction}/transfer":      "the state of a contact, without the customer",
}

// TestACallThatIsNotTheAskersIsAnsweredLikeOneThatDoesNotExist asks with every verb that touches a customer, right in
// every way but the call: one that does not exist, a colleague's, and another company's. Nobody can tell them apart, and
// each attempt is entered once.
func TestACallThatIsNotTheAskersIsAnsweredLikeOneThatDoesNotExist(t *testing.T) {
	w := open(t, "")
	importer, _ := w.machine("CRM", []string{w.toko}, "import")
	subject := w.customer(importer, w.toko, 1)
	owner, colleague := w.agent("owner"), w.agent("colleague")
	banker := w.signIn(w.hire("bank-agent", actor.Agent, w.bank))
	w.sleep(31 * time.Second)
	w.browse(colleague)
	w.browse(banker)
	itx := w.serving(owner, 1)
	body := bodies(w, subject, owner.id)

	entries := func(of *person) (n int) {
		w.must(w.DB.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Data.Row(`select count(*) from audit_entry where actor = $1`, of.id).Scan(&n)
		}))
		return n
	}
	// newest is the newest entry of somebody, without its time.
	newest := func(of *person) (said string) {
		w.must(w.DB.Read(t.Context(), func(tx *db.Tx) error {
			var b []byte
			var subject string
			if err := tx.Data.Row(`select e.leaf, coalesce(d.subject, '') from audit_entry e left join audit_detail d on d.position = e.position
				where e.actor = $1 order by e.position desc limit 1`, of.id).Scan(&b, &subject); err != nil {
				return err
			}
			l, err := proof.ParseLeaf(b)
			l.Time, l.Skew = 0, 0
			said = fmt.Sprintf("%+v %s", l, subject)
			return err
		}))
		return said
	}
	type answer struct {
		status  int
		code    string
		shape   string // the names in a problem, or the whole page without what is each request's own
		entries int
	}
	asked := 0
	for _, route := range w.Web.Routes() {
		if !strings.Contains(route.Pattern, "{interaction}") || strings.Contains(route.Pattern, " /live/") || strings.Contains(route.Pattern, "/listen") || apart[route.Pattern] != "" {
			continue
		}
		ask := func(who *person, call string) answer {
			method, target, _ := strings.Cut(strings.ReplaceAll(route.Pattern, "{interaction}", call), " ")
			c := caller{name: who.login, cookie: who.cookie}
			if route.API {
				c = caller{name: who.login, key: who.token}
			}
			before := entries(who)
			r := w.ask(c, method, target, body[route.Pattern])
			out := answer{status: r.status, entries: entries(who) - before}
			var problem map[string]any
			if json.Unmarshal([]byte(r.body), &problem) == nil {
				out.code, _ = problem["code"].(string)
				out.shape = strings.Join(slices.Sorted(maps.Keys(problem)), " ")
			} else {
				out.shape = traces.ReplaceAllString(strings.ReplaceAll(r.body, call, "itx"), "trc")
			}
			return out
		}
		none := ask(colleague, id.New(id.Interaction))
		if none.status != 404 || none.entries != 1 {
			t.Errorf("%s of a call that does not exist: %+v, want 404 and one entry", route.Pattern, none)
		}
		if theirs := ask(colleague, itx); theirs != none {
			t.Errorf("%s of a colleague's call: %+v\nof one that does not exist: %+v", route.Pattern, theirs, none)
		}
		foreign := ask(banker, itx)
		told := newest(banker)
		never := id.New(id.Interaction)
		foreignNone := ask(banker, never)
		if want := strings.ReplaceAll(newest(banker), never, itx); told != want || !strings.Contains(told, itx) {
			t.Errorf("%s of another company's call is entered as %q\nof one that does not exist as %q", route.Pattern, told, want)
		}
		if foreign.status != none.status || foreign.code != none.code || foreign.entries != 1 || foreign != foreignNone {
			t.Errorf("%s of another company's call: %+v\nof one that does not exist: %+v", route.Pattern, foreign, foreignNone)
		}
		asked++
		w.sleep(time.Second)
	}
	if asked < 29 {
		t.Errorf("only %d routes were asked", asked)
	}
	w.verified()
}

// lek are the ids of incidents.
var lek = regexp.MustCompile(`lek_[0-9a-z]{26}`)

// TestNobodyWhoWritesLearnsThatAValueIsACustomers asks about texts that differ in one thing: the value is a customer's, or it
// is nobody's. The answers are the same, byte for byte but for the ids. What must differ, a text to a customer that is stopped
// because of it, is answered as one that is stopped for its shape, and to whoever tries that again and again nothing is answered.
func TestNobodyWhoWritesLearnsThatAValueIsACustomers(t *testing.T) {
	w := open(t, "")
	importer, _ := w.machine("CRM", []string{w.toko}, "import")
	_, key := w.machine("gateway", []string{w.toko}, "inspect")
	w.customer(importer, w.toko, 1)
	w.must(w.KnowValues(t.Context()))
	ask := func(recipient, text string) response {
		body, err := json.Marshal(map[string]string{"text": text, "recipient": recipient, "controller": w.toko})
		w.must(err)
		return w.send("POST", "/api/v1/dlp/inspect", string(body), "Authorization", "Bearer "+key, "Content-Type", "application/json")
	}
	for _, c := range []struct{ theirs, nobodys string }{
		{"Hubungi +62 899 0000 0001 besok.", "Hubungi +62 899 0000 0009 besok."},
		{"Surel orang1@contoh.example dan telepon 089900000001.", "Surel orang9@contoh.example dan telepon 089900000009."},
		{"Keluhan siti rahmawati sudah selesai.", "Keluhan titi rahmawita sudah selesai."},
		{"Pelanggan CN00000001 menunggu.", "Pelanggan CN00000009 menunggu."},
		{"Rumahnya di jalan melati 7 rt 03 rw 05.", "Rumahnya di jalan melawi 7 rt 03 rw 05."},
	} {
		for _, to := range []string{"outside", "inside"} {
			known, unknown := ask(to, c.theirs), ask(to, c.nobodys)
			plain := func(r response, text string) string {
				return strings.ReplaceAll(lek.ReplaceAllString(r.body, "lek"), strings.Trim(fmt.Sprintf("%q", text), `"`), "text")
			}
			if known.status != 200 || known.status != unknown.status || plain(known, c.theirs) != plain(unknown, c.nobodys) {
				t.Errorf("%s, %s:\n%s\n%s", to, c.theirs, known.body, unknown.body)
			}
			stream := func(text string) (string, response) {
				r := w.send("POST", "/api/v1/dlp/stream?clean=true&recipient="+to+"&controller="+w.toko, text, "Authorization", "Bearer "+key)
				return strings.ReplaceAll(lek.ReplaceAllString(r.body, "lek"), base64.StdEncoding.EncodeToString([]byte(text)), "text"), r
			}
			said, known := stream(c.theirs)
			other, _ := stream(c.nobodys)
			if known.status != 200 || said != other {
				t.Errorf("as a stream, %s, %s:\n%s\n%s", to, c.theirs, said, other)
			}
			w.sleep(time.Second)
		}
	}
	// Stopped for whose it is, and stopped for its shape: one answer, but for the kind.
	shape := func(r response) string {
		var out struct {
			Verdict string
			Goes    bool
			People  int
			Text    string
			Found   []struct {
				Type, Verdict string
				Rules         []string
			}
		}
		w.must(json.Unmarshal([]byte(r.body), &out))
		for i := range out.Found {
			out.Found[i].Type = ""
		}
		return fmt.Sprintf("%d %+v", r.status, out)
	}
	whose, formal := ask("customer", "Hubungi 089900000001."), ask("customer", "NIK 3273014101900007.")
	if shape(whose) != shape(formal) || !strings.Contains(whose.body, `"block"`) || strings.Contains(whose.body, "customers_data") {
		t.Errorf("\n%s\n%s", whose.body, formal.body)
	}
	if r := ask("customer", "Pelanggan CN00000001 menunggu."); strings.Contains(r.body, "customer_number") || !strings.Contains(r.body, `"personal"`) {
		t.Error(r.body)
	}
	for range 48 { // two told it above
		w.sleep(time.Second) // the limit of requests is another
		ask("customer", "Hubungi 089900000001.")
	}
	known, unknown := ask("customer", "Hubungi 089900000001."), ask("customer", "Hubungi 089900000009.")
	if known.status != 429 || traces.ReplaceAllString(known.body, "") != traces.ReplaceAllString(unknown.body, "") || !strings.Contains(known.body, "dlp.probing") {
		t.Errorf("%d %s\n%d %s", known.status, known.body, unknown.status, unknown.body)
	}
	stream := func(text string) response {
		return w.send("POST", "/api/v1/dlp/stream?recipient=customer&controller="+w.toko, text, "Authorization", "Bearer "+key)
	}
	known, unknown = stream("Hubungi 089900000001."), stream("Hubungi 089900000009.")
	if known.status != 429 || traces.ReplaceAllString(known.body, "") != traces.ReplaceAllString(unknown.body, "") || !strings.Contains(known.body, "dlp.probing") {
		t.Errorf("as a stream: %d %s\n%d %s", known.status, known.body, unknown.status, unknown.body)
	}
	var refused int
	w.must(w.DB.Read(t.Context(), func(tx *db.Tx) error {
		return tx.Data.Row(`select count(*) from audit_entry where action = 'dlp.probing'`).Scan(&refused)
	}))
	if refused != 4 {
		t.Errorf("%d entries of four refusals", refused)
	}
	w.sleep(61 * time.Minute) // and then another hour begins
	if r := ask("customer", "Terima kasih, keluhan Anda kami periksa."); r.status != 200 {
		t.Errorf("after an hour: %d %s", r.status, r.body)
	}
}
