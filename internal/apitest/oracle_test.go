package apitest

import (
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
