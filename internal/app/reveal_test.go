package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/proof"
)

// eachWorld runs a test in a world on each engine.
func eachWorld(t *testing.T, test func(t *testing.T, w *world), settings ...string) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, openWorld(t, db.Options{}, settings...)) })
	t.Run("postgres", func(t *testing.T) { test(t, openWorld(t, db.Options{URL: dbtest.PostgresURL(t)}, settings...)) })
}

// servingCall is an agent in a verified call with a customer.
func servingCall(t testing.TB, w *world, n int) (actor.Actor, string) {
	t.Helper()
	ctx := context.Background()
	a, err := w.staff(ctx, actor.Agent)
	if err != nil {
		t.Fatal(err)
	}
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
	return a, itx
}

// trailOf lists the decisions of the interaction's entries, oldest first: "reveal allowed name".
func trailOf(t testing.TB, w *world, itx string) (list []string) {
	t.Helper()
	page, err := w.Audit.Search(context.Background(), actor.NewDuty("test"), audit.Query{Interaction: itx, Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	for i := len(page.Entries) - 1; i >= 0; i-- {
		l := page.Entries[i].Leaf
		s := l.Action + " " + l.Decision
		if len(l.Fields) > 0 {
			s += " " + strings.Join(l.Fields, ",")
		}
		if l.Reason != "" {
			s += " (" + l.Reason + ")"
		}
		list = append(list, s)
	}
	return list
}

func verifyLog(t testing.TB, w *world) {
	t.Helper()
	if err := w.Audit.Sign(context.Background()); err != nil {
		t.Fatal(err)
	}
	report, err := audit.Verify(context.Background(), w.DB, proof.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() {
		t.Fatalf("the log does not verify: %+v", report)
	}
}

func TestAnAgentServesAVerifiedCallAndEachDisclosureIsInTheLog(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, itx := servingCall(t, w, 1)
		out, err := w.Desk.Reveal(ctx, a, itx, []string{"name"}, "", "menyapa pelanggan")
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Values) != 1 || out.Values[0].Text != "Budi Santoso" {
			t.Errorf("revealed %+v", out.Values)
		}
		f, _, err := w.Audit.Entry(ctx, actor.NewDuty("test"), w.Audit.Origin(), out.Receipt.Index, nil)
		if err != nil || f.Leaf.Action != "reveal" || f.Leaf.Interaction != itx {
			t.Errorf("the receipt names %+v (%v)", f.Leaf, err)
		}
		match, err := w.Desk.Compare(ctx, a, itx, "birth_date", "17 April 1988")
		if err != nil || !match.Match {
			t.Errorf("compare: %+v %v", match, err)
		}
		if match, err = w.Desk.Compare(ctx, a, itx, "birth_date", "18 April 1988"); err != nil || match.Match {
			t.Errorf("compare with a wrong date: %+v %v", match, err)
		}
		if _, err := w.Desk.Reveal(ctx, a, itx, []string{"mother_maiden_name"}, "", "ingin tahu"); errs.KindOf(err) != errs.Denied {
			t.Errorf("a secret was not refused: %v", err)
		}
		if _, err := w.Desk.Note(ctx, a, itx, "Pelanggan menanyakan pesanan."); err != nil {
			t.Error(err)
		}
		if _, err := w.Desk.Resend(ctx, a, itx, "email", "", nil); err != nil {
			t.Error(err)
		}
		want := []string{
			"interaction.offer done", "interaction.accept done", "interaction.greet done",
			"search allowed", "mask allowed customer_number", "interaction.identify done",
			"verify allowed email", "message.queue done email", "interaction.verify done", "message.sent done email",
			"verification.confirmed done", "verification.grant done", "interaction.serve done",
			"reveal allowed name",
			"compare allowed birth_date", "compare.outcome done birth_date",
			"compare allowed birth_date", "compare.outcome done birth_date (desk.no_match)",
			"reveal denied (gate.field_not_in_purpose)",
			"note allowed", "act allowed email", "message.queue done email",
		}
		if diff := cmp.Diff(want, trailOf(t, w, itx)); diff != "" {
			t.Error(diff)
		}
		if err := w.Interactions.Move(ctx, a, itx, "disconnect"); err != nil {
			t.Fatal(err)
		}
		if err := w.reveal(ctx, a, itx); errs.KindOf(err) != errs.Denied && errs.KindOf(err) != errs.NotFound {
			t.Errorf("after the end of the call: %v", err)
		}
		verifyLog(t, w)
	})
}

func TestAskingForAValueThatIsNotStoredLeavesItsEntry(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, itx := servingCall(t, w, 1)
		before := len(trailOf(t, w, itx))
		if _, err := w.Desk.Reveal(ctx, a, itx, []string{"name"}, "val_none", "menyapa pelanggan"); errs.CodeOf(err) != "desk.field_missing" {
			t.Errorf("reveal: %v", err)
		}
		if _, err := w.Desk.Resend(ctx, a, itx, "email", "val_none", nil); errs.CodeOf(err) != "desk.field_missing" {
			t.Errorf("resend: %v", err)
		}
		if diff := cmp.Diff([]string{"reveal allowed name", "act allowed email"}, trailOf(t, w, itx)[before:]); diff != "" {
			t.Error(diff)
		}
		if rows, budget, _ := disclosed(t, w, a.ID()); rows != 0 || budget != 0 {
			t.Errorf("%d disclosures, %d of the budget", rows, budget)
		}
	})
}

func TestWithoutALiveVerifiedCallWithAPurposeNobodySeesAnything(t *testing.T) {
	w := openWorld(t, db.Options{})
	ctx := t.Context()
	a, itx := servingCall(t, w, 1)
	for _, role := range actor.Roles() {
		who, err := w.staff(ctx, role)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.reveal(ctx, who, itx); err == nil {
			t.Errorf("another person's call opened to a %s", role)
		}
	}
	if err := w.reveal(ctx, actor.Actor{}, itx); err == nil {
		t.Error("nobody saw something")
	}
	if err := w.reveal(ctx, actor.NewClient("cli_1", []string{"desk"}, []string{w.controller}), itx); err == nil {
		t.Error("an API client alone saw something")
	}
	if err := w.reveal(ctx, actor.NewDuty("name_index"), itx); err == nil {
		t.Error("a machine duty saw something on a screen")
	}
	if _, err := w.customer(ctx, 2); err != nil {
		t.Fatal(err)
	}
	unverified, err := w.call(ctx, a, "order_status", 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.reveal(ctx, a, unverified); err == nil {
		t.Error("an unverified caller's name was shown")
	}
	entries := trailOf(t, w, unverified)
	if last := entries[len(entries)-1]; !strings.HasPrefix(last, "reveal denied") {
		t.Errorf("the refusal left no entry; last is %q", last)
	}
	verifyLog(t, w)
}

// disclosed counts, behind the product's back, what a reveal leaves: rows, budget, entries.
func disclosed(t testing.TB, w *world, staff string) (rows, budget, leaves int64) {
	t.Helper()
	if err := w.DB.Read(context.Background(), func(tx *db.Tx) error {
		return errors.Join(
			tx.Data.Row(`select count(*) from desk_disclosure where verb = 'reveal'`).Scan(&rows),
			tx.Data.Row(`select coalesce(sum(used), 0) from desk_budget where staff = $1`, staff).Scan(&budget),
			tx.Data.Row(`select count(*) from audit_entry where action = 'reveal' and decision = 'allowed'`).Scan(&leaves))
	}); err != nil {
		t.Fatal(err)
	}
	return rows, budget, leaves
}

// A write error at any step of a reveal, alone or among others in a batch, leaves the
// disclosure with its entry, or neither; and no value is handed out without a durable entry.
func TestAnInjectedFaultAtAnyStepOfARevealNeverPartsDisclosureAndEntry(t *testing.T) {
	var armed atomic.Int64
	w := openWorld(t, db.Options{Fault: func(_ db.Store, step string) error {
		if armed.Load() > 0 && armed.Add(-1) == 0 && step != "committed" {
			return errors.New("injected: disk full")
		}
		return nil
	}})
	w.Desk.Budget = 1 << 30
	a, itx := servingCall(t, w, 1)
	ctx := t.Context()
	points, refused := 0, 0
	for round := 0; points < 1000; round++ {
		callers := 1 + 3*(round%6)
		for step := int64(1); ; step++ {
			if points%100 == 0 {
				if err := w.Interactions.Heartbeat(ctx, a, itx); err != nil {
					t.Fatal(err)
				}
			}
			_, _, before := disclosed(t, w, a.ID())
			armed.Store(step)
			var wg sync.WaitGroup
			var handed, failed atomic.Int64
			for range callers {
				wg.Go(func() {
					if err := w.reveal(ctx, a, itx); err != nil {
						failed.Add(1)
					} else {
						handed.Add(1)
					}
				})
			}
			wg.Wait()
			if armed.Swap(0) > 0 {
				break // every step of this round was hit
			}
			points++
			refused += int(failed.Load())
			rows, budget, leaves := disclosed(t, w, a.ID())
			if rows != leaves || budget != leaves {
				t.Fatalf("callers %d, step %d: %d disclosures, %d of the budget, %d entries", callers, step, rows, budget, leaves)
			}
			if leaves-before < handed.Load() {
				t.Fatalf("callers %d, step %d: %d values handed out, %d new entries", callers, step, handed.Load(), leaves-before)
			}
		}
	}
	t.Logf("%d points, %d refused", points, refused)
	verifyLog(t, w)
}

// scene is what a child process needs to go on where its parent stopped.
type scene struct {
	Dir, Staff, Session, Controller, Interaction string
}

const sceneEnv, killEnv = "AMANAH_TEST_SCENE", "AMANAH_TEST_KILL_AT"

// TestMain lets this binary also be the process that is killed in the middle of a reveal.
func TestMain(m *testing.M) {
	if path := os.Getenv(sceneEnv); path != "" {
		if err := revealUntilKilled(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// revealUntilKilled opens the world that the last victim left, checks it as a server does
// at its start, and reveals from several callers until the step it is to die at. Every
// value handed out is told to the parent first, by the index of its entry.
func revealUntilKilled(path string) error {
	text, err := os.ReadFile(path) //nolint:gosec // the test's own file
	if err != nil {
		return err
	}
	var s scene
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	at, err := strconv.ParseInt(os.Getenv(killEnv), 10, 64)
	if err != nil {
		return err
	}
	var armed atomic.Int64
	ctx := context.Background()
	w, err := newWorld(ctx, db.Options{Fault: func(_ db.Store, _ string) error {
		if armed.Load() > 0 && armed.Add(-1) == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	}}, s.Dir)
	if err != nil {
		return err
	}
	w.Desk.Budget = 1 << 30
	a := actor.NewStaff(s.Staff, actor.Agent, s.Session, []string{s.Controller}, w.DB.Now())
	if err := w.Interactions.Heartbeat(ctx, a, s.Interaction); err != nil {
		return err
	}
	fmt.Println("ready")
	armed.Store(at)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 { // a few steps each; the victim dies long before the last
				out, err := w.Desk.Reveal(ctx, a, s.Interaction, []string{"name"}, "", "test")
				if err != nil {
					fmt.Println("error", err)
					return
				}
				fmt.Println("disclosed", out.Receipt.Index)
			}
		})
	}
	wg.Wait()
	return errors.New("was not killed: fewer steps than " + strconv.FormatInt(at, 10))
}

func TestAKillAtAnyStepOfARevealNeverPartsDisclosureAndEntry(t *testing.T) {
	kills := 40
	if n, err := strconv.Atoi(os.Getenv("AMANAH_TEST_KILLS")); err == nil {
		kills = n
	}
	if testing.Short() {
		kills = 5
	}
	ctx := t.Context()
	dir := t.TempDir()
	w, err := newWorld(ctx, db.Options{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	a, itx := servingCall(t, w, 1)
	s := scene{Dir: dir, Staff: a.ID(), Session: a.Session(), Controller: w.controller, Interaction: itx}
	text, _ := json.Marshal(s)
	path := filepath.Join(t.TempDir(), "scene.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(ctx); err != nil {
		t.Fatal(err)
	}
	told := map[uint64]bool{}
	for n := range kills {
		cmd := exec.Command(os.Args[0]) //nolint:gosec // this very test binary
		cmd.Env = append(os.Environ(), sceneEnv+"="+path, killEnv+"="+strconv.Itoa(1+n*7%500))
		var out, problems bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &problems
		err := cmd.Run()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("victim %d: %v\n%s%s", n, err, out.String(), problems.String())
		}
		for lines := bufio.NewScanner(&out); lines.Scan(); {
			var index uint64
			if _, err := fmt.Sscanf(lines.Text(), "disclosed %d", &index); err == nil {
				told[index] = true
			}
		}
	}
	w, err = newWorld(ctx, db.Options{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close(ctx) }()
	rows, budget, leaves := disclosed(t, w, a.ID())
	if rows != leaves || budget != leaves {
		t.Errorf("%d disclosures, %d of the budget, %d entries", rows, budget, leaves)
	}
	for index := range told {
		f, _, err := w.Audit.Entry(ctx, actor.NewDuty("test"), w.Audit.Origin(), index, nil)
		if err != nil || f.Leaf.Action != "reveal" || f.Leaf.Decision != "allowed" {
			t.Errorf("a value was handed out under entry %d, which is %+v (%v)", index, f.Leaf, err)
		}
	}
	t.Logf("%d kills, %d values handed out, %d entries", kills, len(told), leaves)
	verifyLog(t, w)
}

// Each field costs one of the budget: a question for more fields than are left opens
// nothing, whatever else speaks against some of them.
func TestTheBudgetCountsFieldsAndNotQuestions(t *testing.T) {
	w := openWorld(t, db.Options{})
	w.Desk.Budget = 2
	ctx := t.Context()
	a, itx := servingCall(t, w, 1)
	ask := func(fields ...string) (int, string) {
		out, err := w.Desk.Reveal(ctx, a, itx, fields, "", "test")
		return out.Left, errs.CodeOf(err)
	}
	if _, code := ask("name", "address", "phone"); code == "" {
		t.Error("the name was opened in a question for three fields with two left")
	}
	if left, code := ask("name"); left != 1 || code != "" {
		t.Errorf("one of two: %d left, %q", left, code)
	}
	if _, code := ask("name", "address"); code == "" {
		t.Error("the name was opened in a question for two fields with one left")
	}
	if left, code := ask("name"); left != 0 || code != "" {
		t.Errorf("the last one: %d left, %q", left, code)
	}
	if _, code := ask("name"); code != "gate.budget_spent" {
		t.Errorf("none left: %q", code)
	}
}

// Whoever learns one fact a call, from one agent after another, finds that they count together: below V2 three of a customer's
// fields are compared in a day, and no fourth, in whatever contact.
func TestFactsGainedOverSeveralCallsCountTogether(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		if _, err := w.customer(ctx, 1); err != nil {
			t.Fatal(err)
		}
		said := map[string]string{}
		for _, in := range bench.Person(1, time.Time{}) {
			said[in.Field] = in.Value
		}
		compare := func(slug string, verified bool, fields ...string) (codes []string) {
			a, err := w.staff(ctx, actor.Agent)
			if err != nil {
				t.Fatal(err)
			}
			itx, err := w.call(ctx, a, slug, 1)
			if err != nil {
				t.Fatal(err)
			}
			if verified {
				err = w.verify(ctx, a, itx)
			} else {
				err = w.Interactions.Move(ctx, a, itx, "serve")
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range fields {
				value, stored := said[f]
				if !stored {
					value = "POL-1"
				}
				_, err := w.Desk.Compare(ctx, a, itx, f, value)
				codes = append(codes, errs.CodeOf(err))
			}
			return codes
		}
		for _, c := range []struct {
			slug     string
			verified bool
			fields   []string
			want     []string
		}{
			{"order_status", false, []string{"customer_number", "phone"}, []string{"", ""}},
			{"complaint", false, []string{"email", "policy_number", "phone"}, []string{"", "gate.facts_spent", ""}},
			{"payment_help", false, []string{"policy_number", "customer_number"}, []string{"gate.facts_spent", ""}},
			{"order_status", true, []string{"birth_date", "phone"}, []string{"", ""}},
		} {
			if got := compare(c.slug, c.verified, c.fields...); !slices.Equal(got, c.want) {
				t.Errorf("%s, verified %v: %q, want %q", c.slug, c.verified, got, c.want)
			}
		}
	})
}

// A field that is not stored cannot be guessed: comparing it is not offered, and whoever asks all the same is told what
// the screen shows, without closing compares for the customer.
func TestComparingWhatIsNotStoredCountsForNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, itx := servingCall(t, w, 1)
		view, err := w.Desk.View(ctx, a, itx)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(view.Fields, func(f desk.FieldView) bool { return f.Field.Name == "case_reference" })
		if i < 0 || len(view.Fields[i].Values) != 0 || view.Fields[i].Why != nil {
			t.Fatalf("the customer of this test has a case, or its mask is closed: %+v", view.Fields)
		}
		for range 4 {
			if out, err := w.Desk.Compare(ctx, a, itx, "case_reference", "TKT-1"); errs.CodeOf(err) != "desk.field_missing" || out.Match {
				t.Errorf("compare: %+v %v", out, err)
			}
		}
		if out, err := w.Desk.Compare(ctx, a, itx, "birth_date", "17 April 1988"); err != nil || !out.Match {
			t.Errorf("what is stored is closed: %+v %v", out, err)
		}
		if trail := trailOf(t, w, itx); !slices.Contains(trail, "compare allowed case_reference") {
			t.Errorf("the question is not entered: %q", trail)
		}
	})
}

// What a call leaves behind says how strongly the caller was verified, also when nothing was revealed, and the customer's
// own page names every field that was masked, compared or used, not only those that were revealed.
func TestACallWithoutARevealIsSummedUpAndToldToTheCustomer(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, itx := servingCall(t, w, 1)
		for range 2 {
			if _, err := w.Desk.View(ctx, a, itx); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Desk.Compare(ctx, a, itx, "birth_date", "17 April 1988"); err != nil {
			t.Fatal(err)
		}
		if err := w.Interactions.Move(ctx, a, itx, "disconnect"); err != nil {
			t.Fatal(err)
		}
		sum, err := w.Desk.Summary(ctx, a, itx)
		if err != nil || sum.Level != 2 || len(sum.Disclosures) != 2 {
			t.Errorf("summary %+v %v", sum, err)
		}
		var seen, stranger []string
		if err := w.DB.Read(ctx, func(tx *db.Tx) (err error) {
			f, err := w.Interactions.Facts(tx, itx)
			if err != nil {
				return err
			}
			if stranger, err = w.Desk.Seen(tx, itx, id.New(id.Subject)); err != nil {
				return err
			}
			seen, err = w.Desk.Seen(tx, itx, f.Subject)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"customer_number", "name", "phone", "email", "address", "birth_date"} {
			if !slices.Contains(seen, want) {
				t.Errorf("the customer is not told of %s: %q", want, seen)
			}
		}
		if len(stranger) != 0 {
			t.Errorf("somebody else is told of %q", stranger)
		}
	})
}

// What a customer was told of stays on their ledger for a day from the last time, also where the same was told again a
// little later and its row was not written anew.
func TestWhatIsToldBelowV3CountsForADay(t *testing.T) {
	var ahead atomic.Int64
	run := func(t *testing.T, o db.Options) {
		ahead.Store(0)
		o.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		w := openWorld(t, o)
		ctx := t.Context()
		subject, err := w.customer(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		reveal := func() {
			t.Helper()
			a, err := w.staff(ctx, actor.Agent)
			if err != nil {
				t.Fatal(err)
			}
			itx, err := w.call(ctx, a, "order_status", 1)
			if err == nil {
				err = w.verify(ctx, a, itx)
			}
			if err == nil {
				err = w.reveal(ctx, a, itx)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		told := func(want ...string) {
			t.Helper()
			var got []string
			if err := w.DB.Read(ctx, func(tx *db.Tx) (err error) { got, _, err = w.Desk.Told(tx, subject, 2); return err }); err != nil || !slices.Equal(got, want) {
				t.Errorf("told %q, want %q (%v)", got, want, err)
			}
		}
		told()
		reveal()
		told("name")
		ahead.Add(int64(50 * time.Minute))
		reveal()
		ahead.Add(int64(24 * time.Hour))
		told("name") // a day after the last time
		ahead.Add(int64(11 * time.Minute))
		told()
		reveal()
		told("name")
		ahead.Add(int64(2 * time.Hour))
		reveal()
		ahead.Add(int64(24*time.Hour - time.Minute))
		told("name")
	}
	t.Run("sqlite", func(t *testing.T) { run(t, db.Options{}) })
	t.Run("postgres", func(t *testing.T) { run(t, db.Options{URL: dbtest.PostgresURL(t)}) })
}
