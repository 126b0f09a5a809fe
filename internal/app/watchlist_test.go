package app

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/internal/watchlist"
)

// person is a member of staff who is there for a moment.
func person(t testing.TB, w *world, role actor.Role) actor.Actor {
	t.Helper()
	a, err := w.staff(t.Context(), role)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// decide lets somebody decide the one request that waits for him.
func decide(t testing.TB, w *world, by actor.Actor, yes bool) {
	t.Helper()
	id := ""
	err := w.DB.Read(t.Context(), func(tx *db.Tx) error {
		list, err := w.Approvals.Waiting(tx, by)
		if len(list) != 1 {
			t.Fatalf("%d requests wait, want one", len(list))
		}
		id = list[0].ID
		return err
	})
	if err == nil {
		_, err = w.Approvals.Decide(t.Context(), by, id, "sudah diperiksa", yes)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// list puts persons on a list, with both decisions.
func list(t testing.TB, w *world, l watchlist.List, kind watchlist.Kind, persons ...string) string {
	t.Helper()
	entry, err := w.Watchlist.Propose(t.Context(), person(t, w, actor.DPO), watchlist.Proposal{List: l, Kind: kind, Persons: persons, Controller: w.controller,
		Reason: "tokoh publik", Review: w.DB.Now().Add(90 * 24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	decide(t, w, person(t, w, actor.Security), true)
	return entry
}

func TestAProtectedPersonIsServedOnlyOnceASecondMemberOfStaffHasDecidedInThisContact(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		boss := person(t, w, actor.Supervisor)
		subject, err := w.customer(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		entry := list(t, w, watchlist.Protected, watchlist.BySubject, subject)
		a := person(t, w, actor.Agent)
		itx, err := w.call(ctx, a, "order_status", 1) // found and bound: otherwise nobody could serve him
		if err != nil {
			t.Fatal(err)
		}
		if err := w.verify(ctx, a, itx); err != nil {
			t.Fatal(err)
		}
		refused := func(why string, err error) {
			t.Helper()
			if errs.CodeOf(err) != why {
				t.Fatalf("%v, want %s", err, why)
			}
		}
		shut := func(a actor.Actor, itx string) {
			t.Helper()
			refused("gate.four_eyes", w.reveal(ctx, a, itx))
			_, err := w.Desk.Compare(ctx, a, itx, "birth_date", "17 April 1988")
			refused("gate.four_eyes", err)
			_, err = w.Desk.Resend(ctx, a, itx, "email", "", nil)
			refused("gate.four_eyes", err)
			v, err := w.Desk.View(ctx, a, itx)
			if err != nil {
				t.Fatal(err)
			}
			closed := []string{"gate.four_eyes", "gate.secret_never", "gate.level_too_low", "gate.field_not_in_purpose", "gate.not_on_channel"}
			for _, f := range v.Fields {
				if f.Field.Name != "customer_number" && (f.Why == nil || !slices.Contains(closed, f.Why.Code)) {
					t.Errorf("%s is masked: %v", f.Field.Name, f.Why)
				}
			}
		}
		shut(a, itx)
		if _, err := w.Watchlist.Second(ctx, a, itx, "menanyakan pesanan"); err != nil {
			t.Fatal(err)
		}
		_, err = w.Watchlist.Second(ctx, a, itx, "menanyakan pesanan")
		refused("watchlist.waiting", err)
		decide(t, w, boss, false)
		shut(a, itx)
		if _, err := w.Watchlist.Second(ctx, a, itx, "menanyakan pesanan lagi"); err != nil {
			t.Fatal(err)
		}
		decide(t, w, boss, true)
		if err := w.reveal(ctx, a, itx); err != nil {
			t.Fatal(err)
		}
		_, err = w.Watchlist.Second(ctx, a, itx, "lagi")
		refused("watchlist.not_needed", err)
		// In the next contact it is asked again, and who decided is no second one in a contact of his own.
		if err := w.Interactions.Move(ctx, a, itx, "disconnect"); err != nil {
			t.Fatal(err)
		}
		if err := w.Interactions.Seal(ctx, a, itx, "resolved"); err != nil {
			t.Fatal(err)
		}
		next, err := w.call(ctx, a, "order_status", 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.verify(ctx, a, next); err != nil {
			t.Fatal(err)
		}
		refused("gate.four_eyes", w.reveal(ctx, a, next))
		// Taken off, by two.
		if err := w.Watchlist.TakeOff(ctx, person(t, w, actor.Security), entry, "masa jabatan berakhir"); err != nil {
			t.Fatal(err)
		}
		refused("gate.four_eyes", w.reveal(ctx, a, next))
		decide(t, w, person(t, w, actor.DPO), true)
		if err := w.reveal(ctx, a, next); err != nil {
			t.Fatal(err)
		}
		var marks int
		if err := w.DB.Read(ctx, func(tx *db.Tx) error { return tx.Data.Row(`select count(*) from watchlist_mark`).Scan(&marks) }); err != nil || marks != 0 {
			t.Errorf("%d marks are left of an entry that was taken off (%v)", marks, err)
		}
		verifyLog(t, w)
	})
}

func TestWhoeverIsListedBeforeHeIsACustomerIsWatchedOverFromHisFirstDay(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		number := bench.Number(5)
		list(t, w, watchlist.Protected, watchlist.ByNumber, number)
		a := person(t, w, actor.Agent)
		for n, want := range map[int]string{5: "gate.four_eyes", 6: ""} {
			if _, err := w.customer(ctx, n); err != nil {
				t.Fatal(err)
			}
			itx, err := w.call(ctx, a, "order_status", n)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.verify(ctx, a, itx); err != nil {
				t.Fatal(err)
			}
			if err := w.reveal(ctx, a, itx); errs.CodeOf(err) != want {
				t.Errorf("person %d: %v, want %q", n, err, want)
			}
		}
	})
}

func TestACanaryRaisesAnAlertAtOnceAndNobodyWhoServesCanTellItFromACustomer(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a := person(t, w, actor.Agent)
		for n := range 2 {
			if _, err := w.customer(ctx, n+1); err != nil {
				t.Fatal(err)
			}
		}
		list(t, w, watchlist.Canary, watchlist.ByNumber, bench.Number(2))
		alerts := func() []watchlist.Alert {
			t.Helper()
			out, err := w.Watchlist.AlertList(ctx, person(t, w, actor.Security), false)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		var trails [2][]string
		var calls [2]string
		for n := range 2 {
			itx, err := w.call(ctx, a, "order_status", n+1)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(alerts()); got != n { // the hit alone is a touch
				t.Fatalf("%d alerts after finding customer %d", got, n+1)
			}
			if err := w.verify(ctx, a, itx); err != nil {
				t.Fatal(err)
			}
			if err := w.reveal(ctx, a, itx); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Desk.View(ctx, a, itx); err != nil {
				t.Fatal(err)
			}
			calls[n], trails[n] = itx, trailOf(t, w, itx)
		}
		// The entries are the same; those of the touches name the alert.
		if diff := cmp.Diff(trails[0], trails[1]); diff != "" {
			t.Error(diff)
		}
		got := alerts()
		if len(got) != 1 || got[0].Kind != watchlist.CanaryTouched || got[0].Staff != a.ID() || got[0].Ref != calls[1] || !slices.Contains(got[0].Acts, "reveal") {
			t.Fatalf("alerts %+v", got)
		}
		page, err := w.Audit.Search(ctx, actor.NewDuty("test"), audit.Query{Interaction: calls[1], Limit: 200})
		if err != nil {
			t.Fatal(err)
		}
		var named []string
		for _, e := range slices.Backward(page.Entries) {
			if e.Leaf.Ref == got[0].ID {
				named = append(named, e.Leaf.Action+" "+e.Leaf.Decision)
			}
		}
		if diff := cmp.Diff([]string{"mask allowed", "verify allowed", "reveal allowed", "mask allowed"}, named); diff != "" {
			t.Error(diff)
		}
		// Supervisors are not told either, and nobody but those who keep the lists may look.
		err = w.DB.Read(ctx, func(tx *db.Tx) error {
			out, err := w.Watchlist.Alerts(tx, []string{w.controller})
			if len(out) != 0 {
				t.Errorf("supervisors are told of %+v", out)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range []actor.Role{actor.Agent, actor.Supervisor, actor.Admin, actor.Auditor} {
			if _, err := w.Watchlist.AlertList(ctx, person(t, w, role), false); errs.KindOf(err) != errs.Denied {
				t.Errorf("%s reads alerts: %v", role, err)
			}
		}
		promoted := actor.NewStaff(a.ID(), actor.Security, "ses_promoted", []string{w.controller}, w.DB.Now())
		if err := w.Watchlist.Review(ctx, promoted, got[0].ID, "explained", "tidak apa-apa"); errs.CodeOf(err) != "watchlist.own_alert" {
			t.Errorf("who raised the alert reviews it: %v", err)
		}
		analyst := person(t, w, actor.Security)
		if err := w.Watchlist.Review(ctx, analyst, got[0].ID, "incident", "agen diperiksa"); err != nil {
			t.Fatal(err)
		}
		if err := w.Watchlist.Review(ctx, analyst, got[0].ID, "test", "lagi"); errs.CodeOf(err) != "watchlist.alert_reviewed" {
			t.Errorf("reviewed twice: %v", err)
		}
		if len(alerts()) != 0 {
			t.Error("a reviewed alert waits")
		}
		if err := w.reveal(ctx, a, calls[1]); err != nil { // it goes on
			t.Fatal(err)
		}
		if len(alerts()) != 1 {
			t.Error("an alert that goes on does not wait again")
		}
		verifyLog(t, w)
	})
}

func TestAnAgentOpensOnlySoManyCustomersForAPurposeInAShift(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, boss := person(t, w, actor.Agent), person(t, w, actor.Supervisor)
		serve := func(n int, want string) string {
			t.Helper()
			itx, err := w.call(ctx, a, "order_status", n)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.verify(ctx, a, itx); err != nil {
				t.Fatal(err)
			}
			if err := w.reveal(ctx, a, itx); errs.CodeOf(err) != want {
				t.Fatalf("customer %d: %v, want %q", n, err, want)
			}
			return itx
		}
		raise := func(itx, want string) {
			t.Helper()
			if _, err := w.Watchlist.Raise(ctx, a, itx, "antrean panjang"); errs.CodeOf(err) != want {
				t.Fatalf("asked for more: %v, want %q", err, want)
			}
		}
		for n := 1; n <= 5; n++ {
			if _, err := w.customer(ctx, n); err != nil {
				t.Fatal(err)
			}
		}
		serve(1, "")
		serve(2, "")
		raise(serve(1, ""), "watchlist.not_broad") // opened already, in a new contact too
		third := serve(3, "gate.breadth_spent")
		raise(third, "")
		raise(third, "watchlist.waiting")
		decide(t, w, boss, true)
		if err := w.reveal(ctx, a, third); err != nil {
			t.Fatal(err)
		}
		serve(4, "")
		raise(serve(5, "gate.breadth_spent"), "watchlist.raised")
		verifyLog(t, w)
	}, "desk.customers_per_shift", "2")
}

// own is what differs in two answers of one kind whoever the customer is: ids, times, a link, which question of the history
// comes first by chance. The index of the leaf is not: an entry more would tell.
var own = regexp.MustCompile(`(?s)<form method="post" action="/calls/[^/]+/answer".*?</form>|\b(itx|sub|val|stf|trc|apr|msg|ver|not|evt|qry|pur)_[0-9a-z]{26}\b|data-stamp="[0-9a-f]+"|\d{4}-\d\d-\d\d[T ][0-9:.]+Z?|\b\d\d[.:]\d\d\b|/v/[A-Za-z0-9_-]+`)

// answers is what an agent's screens say of the customer n, who is the same in every world, from the search to the consents.
func answers(t *testing.T, w *world) (out []string) {
	t.Helper()
	ctx := t.Context()
	a, cookie, err := w.Browsing(ctx, actor.Agent, w.controller)
	if err != nil {
		t.Fatal(err)
	}
	b := browser{w, cookie}
	note := func(r *httptest.ResponseRecorder) {
		var head strings.Builder
		for _, name := range slices.Sorted(maps.Keys(r.Header())) {
			fmt.Fprintf(&head, "%s: %s\n", name, strings.Join(r.Header()[name], ", "))
		}
		out = append(out, own.ReplaceAllString(fmt.Sprintf("%d\n%s\n%s", r.Code, head.String(), r.Body.String()), "…"))
	}
	itx, err := w.Interactions.Start(ctx, a, interaction.Opening{Controller: w.controller, Channel: interaction.Phone, Direction: interaction.Inbound, Queue: "test", Number: bench.Phone(1)})
	if err == nil {
		err = w.Interactions.Heartbeat(ctx, a, itx)
	}
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := w.Purpose(ctx, w.controller, "order_status")
	if err != nil {
		t.Fatal(err)
	}
	at := "/calls/" + itx
	note(b.do(http.MethodPost, at+"/purpose", url.Values{"purpose": {chosen}}))
	note(b.do(http.MethodPost, at+"/callers", url.Values{}))
	note(b.do(http.MethodPost, at+"/search", url.Values{"by": {"customer_number"}, "value": {bench.Number(1)}}))
	found, err := w.Desk.Search(ctx, a, itx, desk.ByCustomerNumber, bench.Number(1))
	if err != nil || len(found.Hits) != 1 {
		t.Fatal(err, found)
	}
	note(b.do(http.MethodPost, at+"/identify", url.Values{"subject": {found.Hits[0].Subject}}))
	note(b.do(http.MethodPost, at+"/reveal", url.Values{"field": {"name"}, "reason": {"terlalu dini"}}))
	if err := w.verify(ctx, a, itx); err != nil {
		t.Fatal(err)
	}
	note(b.do(http.MethodGet, at, nil))
	note(b.do(http.MethodPost, at+"/reveal", url.Values{"field": {"name"}, "reason": {"menyapa"}}))
	note(b.do(http.MethodPost, at+"/compare", url.Values{"field": {"birth_date"}, "said": {"1 Januari 1990"}}))
	note(b.do(http.MethodPost, at+"/resend", url.Values{"field": {"email"}}))
	note(b.do(http.MethodPost, at+"/notes", url.Values{"text": {"Menanyakan pesanan."}}))
	note(b.do(http.MethodGet, at+"/consents", nil))
	note(b.do(http.MethodGet, "/desk", nil))
	for _, closed := range []string{"/alerts", "/watchlist", "/log?interaction=" + itx} {
		note(b.do(http.MethodGet, closed, nil))
	}
	_, cookie, err = w.Browsing(ctx, actor.Supervisor, w.controller)
	if err != nil {
		t.Fatal(err)
	}
	boss := browser{w, cookie}
	for _, page := range []string{"/live", "/approvals", at, "/outbox", "/alerts", "/desk"} {
		note(boss.do(http.MethodGet, page, nil))
	}
	return out
}

func TestWhatAgentsAndSupervisorsSeeOfACanaryIsByteForByteWhatTheySeeOfACustomer(t *testing.T) {
	var seen [2][]string
	for n := range seen {
		w := openWorld(t, db.Options{})
		if _, err := w.customer(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if _, err := w.customer(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		list(t, w, watchlist.Canary, watchlist.ByNumber, bench.Number(2-n)) // another customer in the first world, this one in the second
		seen[n] = answers(t, w)
		out, err := w.Watchlist.AlertList(t.Context(), person(t, w, actor.DPO), false)
		if err != nil || len(out) != n {
			t.Fatalf("%d alerts, want %d (%v)", len(out), n, err)
		}
	}
	for i := range seen[0] {
		if diff := cmp.Diff(seen[0][i], seen[1][i]); diff != "" {
			t.Errorf("answer %d differs:\n%s", i, diff)
		}
	}
}

func TestTheListsOfAnotherCompanyPushNothingOfOursOffThePage(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ours := list(t, w, watchlist.Protected, watchlist.ByNumber, bench.Number(1))
		at := w.DB.Now().Add(time.Hour).UnixMicro() // newer than ours
		err := w.DB.Write(t.Context(), func(tx *db.Tx) error {
			for i := range 2100 {
				n := strconv.Itoa(i)
				tx.Data.Queue(`insert into watchlist_entry (id, list, kind, persons, controller, reason_sealed, review_at, state, asked_by, decided_by, asked_at, changed_at)
					select 'wle_' || $1, list, kind, persons, 'ctl_other', reason_sealed, review_at, state, asked_by, decided_by, $2, $2 from watchlist_entry where id = $3`, n, at, ours)
				tx.Data.Queue(`insert into watchlist_alert (id, kind, controller, staff, ref, acts, count, median, first_at, last_at, disposition, note_sealed, reviewed_by, reviewed_at)
					values ('alr_' || $1, 'customers', 'ctl_other', 'stf_' || $1, 'day', '', 1, 1, $2, $2, '', null, '', 0)`, n, at)
			}
			tx.Data.Queue(`insert into watchlist_alert (id, kind, controller, staff, ref, acts, count, median, first_at, last_at, disposition, note_sealed, reviewed_by, reviewed_at)
				values ('alr_ours', 'customers', $1, 'stf_ours', 'day', '', 1, 1, 1, 1, '', null, '', 0)`, w.controller)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		dpo := person(t, w, actor.DPO)
		if entries, err := w.Watchlist.Entries(t.Context(), dpo, false); err != nil || len(entries) != 1 || entries[0].ID != ours {
			t.Errorf("%d entries, want ours alone (%v)", len(entries), err)
		}
		if alerts, err := w.Watchlist.AlertList(t.Context(), dpo, false); err != nil || len(alerts) != 1 || alerts[0].ID != "alr_ours" {
			t.Errorf("%d alerts, want ours alone (%v)", len(alerts), err)
		}
	})
}

func TestWhoOpensFarMoreThanPeersIsAnAlertThatSupervisorsSeeAndNobodyIsStopped(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		busy := person(t, w, actor.Agent)
		opened := func(a actor.Actor, n int) {
			t.Helper()
			err := w.DB.Write(ctx, func(tx *db.Tx) error {
				for i := range n {
					tx.Data.Queue(`insert into watchlist_opened (staff, purpose, subject, opened_at) values ($1, 'pur_1', $2, $3) on conflict (staff, purpose, subject) do nothing`,
						a.ID(), fmt.Sprintf("sub_%d", i), tx.Now().UnixMicro())
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		waiting := func() (out []watchlist.Alert) {
			t.Helper()
			if err := w.Watchlist.Compare(ctx); err != nil {
				t.Fatal(err)
			}
			err := w.DB.Read(ctx, func(tx *db.Tx) (err error) {
				out, err = w.Watchlist.Alerts(tx, []string{w.controller})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		for range 5 {
			opened(person(t, w, actor.Agent), 10)
		}
		opened(person(t, w, actor.Supervisor), 1)
		opened(busy, 25)
		if got := waiting(); len(got) != 0 {
			t.Fatalf("ordinary work: %+v", got)
		}
		opened(busy, 40)
		for range 2 { // compared again, it is the same alert
			if got := waiting(); len(got) != 1 || got[0].Kind != watchlist.ManyCustomers || got[0].Staff != busy.ID() || got[0].Count != 40 || got[0].Median != 10 {
				t.Fatalf("%+v", got)
			}
		}
		var entries int
		if err := w.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.Data.Row(`select count(*) from audit_entry where action = 'watchlist.alert'`).Scan(&entries)
		}); err != nil || entries != 1 {
			t.Errorf("%d entries of one alert (%v)", entries, err)
		}
		if _, err := w.customer(ctx, 1); err != nil {
			t.Fatal(err)
		}
		itx, err := w.call(ctx, busy, "order_status", 1)
		if err == nil {
			err = w.verify(ctx, busy, itx)
		}
		if err == nil {
			err = w.reveal(ctx, busy, itx)
		}
		if err != nil {
			t.Errorf("an alert stopped somebody: %v", err)
		}
		verifyLog(t, w)
	})
}

func TestTheStoredListsTellNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		subject, err := w.customer(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		list(t, w, watchlist.Protected, watchlist.BySubject, subject)
		list(t, w, watchlist.Canary, watchlist.ByPhone, bench.Phone(1))
		list(t, w, watchlist.Protected, watchlist.ByPhone, bench.Phone(1))
		var rows []string
		macs := map[string]bool{}
		err = w.DB.Read(ctx, func(tx *db.Tx) error {
			for _, table := range []string{"watchlist_mark", "watchlist_entry"} {
				columns := map[string]string{"watchlist_mark": "person_mac, entry, '', ''", "watchlist_entry": "reason_sealed, id, kind, controller"}[table]
				err := tx.Data.Rows(`select `+columns+` from `+table, nil, func(r db.Row) error {
					var sealed []byte
					var a, b, c string
					err := r.Scan(&sealed, &a, &b, &c)
					rows = append(rows, string(sealed)+" "+a+" "+b+" "+c)
					if table == "watchlist_mark" {
						macs[string(sealed)] = true
					}
					return err
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != 8 { // five marks: the subject thrice, the number twice; three entries
			t.Fatalf("%d rows", len(rows))
		}
		if len(macs) != 2 { // one person is one hash, whatever list he stands on; his number is another
			t.Errorf("%d hashes", len(macs))
		}
		digits := strings.TrimPrefix(bench.Phone(1), "+62")
		for _, row := range rows {
			for _, value := range []string{subject, digits, bench.Number(1), "tokoh publik", "Budi", "Santoso"} {
				if strings.Contains(row, value) {
					t.Errorf("a row holds %q", value)
				}
			}
		}
	})
}

func TestWhatMoreCustomersShareThanCanBeWatchedOverNamesNobody(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for n := range vault.MaxHits + 1 {
			p, err := w.Vault.Prepare(w.controller, []vault.Input{{Field: "customer_number", Value: bench.Number(n + 1)}, {Field: "phone", Value: bench.Phone(1)}})
			if err != nil {
				t.Fatal(err)
			}
			d, err := w.Vault.Draft(p, "test")
			if err == nil {
				err = w.DB.Write(ctx, func(tx *db.Tx) error { return w.Vault.Add(tx, d) })
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := w.Watchlist.Propose(ctx, person(t, w, actor.DPO), watchlist.Proposal{List: watchlist.Protected, Kind: watchlist.ByPhone, Persons: []string{bench.Phone(1)},
			Controller: w.controller, Reason: "nomor kantor", Review: w.DB.Now().Add(time.Hour)})
		if errs.CodeOf(err) != "watchlist.person_shared" {
			t.Errorf("some are watched over and some are not: %v", err)
		}
	})
}

// The screen is asked for anew when somebody decides, and is sent again only when it would say something else.
func TestTheDeskIsSentAgainOnceASecondMemberOfStaffHasDecided(t *testing.T) {
	w := openWorld(t, db.Options{})
	boss := person(t, w, actor.Supervisor)
	b, a, itx := browsing(t, w, "order_status", 1)
	v, err := w.Desk.View(t.Context(), a, itx)
	if err != nil {
		t.Fatal(err)
	}
	list(t, w, watchlist.Protected, watchlist.BySubject, v.Subject)
	before := b.do("GET", "/calls/"+itx, nil)
	stamp := stamped.FindStringSubmatch(before.Body.String())
	if len(stamp) != 2 || !strings.Contains(before.Body.String(), "/four-eyes") || strings.Count(before.Body.String(), "datanya baru terbuka") != 1 {
		t.Fatalf("%v %s", stamp, before.Body)
	}
	again := func() int { return b.do("GET", "/calls/"+itx, nil, "If-None-Match", `"`+stamp[1]+`"`).Code }
	if _, err := w.Watchlist.Second(t.Context(), a, itx, "menanyakan pesanan"); err != nil {
		t.Fatal(err)
	}
	if code := again(); code != 304 {
		t.Errorf("nothing has changed yet: %d", code)
	}
	decide(t, w, boss, true)
	if code := again(); code != 200 {
		t.Errorf("the desk does not hear that it may go on: %d", code)
	}
}
