package app

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/proof"
)

// readiness asks /readyz, until every check has answered in its second: the code, the status, what fails and the alarms.
func readiness(t *testing.T, h *House) string {
	t.Helper()
	for {
		w := httptest.NewRecorder()
		h.Web.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
		var body struct {
			Status         string
			Failed, Alarms []string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(body.Failed, "timeout") {
			return fmt.Sprintf("%d %s %v %v", w.Code, body.Status, body.Failed, body.Alarms)
		}
	}
}

const wellAndReady = "200 ok [] []"

// metric is the value of a gauge or a counter with these labels; -1 when there is none.
func metric(t *testing.T, h *House, name string, labels map[string]string) float64 {
	t.Helper()
	all, err := h.Web.Metrics().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			have := map[string]string{}
			for _, l := range m.GetLabel() {
				have[l.GetName()] = l.GetValue()
			}
			fits := true
			for k, v := range labels {
				fits = fits && have[k] == v
			}
			if fits {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return -1
}

// An alarm shouts and takes nobody out of service: who can edit one row must not be able to stop the call center.
func TestAnOldEntryThatWasEditedIsAnAlarmWhileTheServerRuns(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, itx := servingCall(t, w, 1)
		if err := w.Audit.Inspect(ctx); err != nil {
			t.Fatal(err)
		}
		if got := readiness(t, w.House); got != wellAndReady || metric(t, w.House, "amanah_log_tampered", nil) != 0 {
			t.Error(got)
		}
		if err := w.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Data.Exec(`update audit_entry set actor = 'stf_other' where position = (select min(position) from audit_entry) + 2`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := w.Audit.Inspect(ctx); err != nil {
			t.Fatal(err)
		}
		if f := w.Audit.Health().Found; f.Fault == nil || f.Fault.Index != 2 || f.Fault.Class != proof.ColumnEdited {
			t.Errorf("%+v", f)
		}
		if got := readiness(t, w.House); got != "200 alarm [] [log]" {
			t.Error(got)
		}
		if metric(t, w.House, "amanah_log_tampered", nil) != 1 {
			t.Error("no metric")
		}
		size := w.Audit.Size()
		if err := w.reveal(ctx, a, itx); err != nil || w.Audit.Size() != size+1 {
			t.Errorf("the call does not go on: %v, %d entries more", err, w.Audit.Size()-size)
		}
		if err := w.Audit.Sign(ctx); err != nil {
			t.Errorf("what happens from now on is not signed: %v", err)
		}
	})
}

// A node that may not write its log, or cannot, discloses nothing, so it is taken out of service.
func TestANodeThatMayNotWriteItsLogIsNotReady(t *testing.T) {
	run := func(t *testing.T, o db.Options) {
		var now atomic.Int64
		now.Store(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC).UnixMicro())
		o.Clock = func() time.Time { return time.UnixMicro(now.Load()) }
		var full atomic.Bool
		o.Fault = func(s db.Store, step string) error {
			if full.Load() && s == db.StoreData && step == "commit" {
				return errs.New(errs.Unavailable, "db.full")
			}
			return nil
		}
		w := openWorld(t, o)
		ctx := t.Context()
		holder := func(set string) (was string) {
			t.Helper()
			if err := w.DB.Write(ctx, func(tx *db.Tx) error {
				if err := tx.Data.Row(`select holder from audit_shard`).Scan(&was); err != nil {
					return err
				}
				_, err := tx.Data.Exec(`update audit_shard set holder = $1`, set)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return was
		}
		goesOn := func() {
			t.Helper()
			if err := w.DB.Write(ctx, func(tx *db.Tx) error { // an entry renews the lease, as the log itself does a moment later
				_, err := w.Audit.Append(tx, audit.Entry{Action: "test", Decision: audit.Done, Actor: actor.NewDuty("test")})
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if got := readiness(t, w.House); got != wellAndReady {
				t.Error(got)
			}
		}
		goesOn()
		// Another process has taken over. Until its lease has run out the node cannot know; nothing it does is committed.
		mine := holder("another")
		now.Add((11 * time.Second).Microseconds())
		if got := readiness(t, w.House); got != "503 degraded [log] []" {
			t.Error(got)
		}
		holder(mine)
		goesOn()
		full.Store(true)
		now.Add((11 * time.Second).Microseconds())
		if got := readiness(t, w.House); got != "503 degraded [log] []" {
			t.Error(got)
		}
		full.Store(false)
		goesOn()
		if err := w.Audit.Close(ctx); err != nil {
			t.Fatal(err)
		}
		if got := readiness(t, w.House); got != "503 degraded [log] []" {
			t.Error(got)
		}
		if err := w.DB.Close(); err != nil {
			t.Fatal(err)
		}
		if got := readiness(t, w.House); got != "503 degraded [database keys log] []" {
			t.Error(got)
		}
	}
	t.Run("sqlite", func(t *testing.T) { run(t, db.Options{}) })
	t.Run("postgres", func(t *testing.T) { run(t, db.Options{URL: dbtest.PostgresURL(t)}) })
}

func TestAWitnessThatSawMoreThanTheLogHoldsIsAnAlarm(t *testing.T) {
	ctx := t.Context()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	var status atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(int(status.Load()))
		_, _ = rw.Write([]byte("99999\n"))
	}))
	defer srv.Close()
	trial, err := NewTrial(ctx, TrialOptions{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler), Controllers: []string{"toko=Toko Nusantara"}, Settings: map[string]string{
		"witness.url": srv.URL, "witness.key": proof.WitnessKey("dpo.example.co.id", key.Public().(ed25519.PublicKey)),
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = trial.Close(ctx) }()
	h := trial.house
	state := func(name string) float64 {
		return metric(t, h, "amanah_witness_state", map[string]string{"witness": "dpo.example.co.id", "state": name})
	}
	// One that is away is no alarm: customers are served.
	status.Store(http.StatusBadGateway)
	if err := h.Audit.AskWitnesses(ctx); errs.Of(err).Code != "audit.witness_answer" {
		t.Error(err)
	}
	if got := readiness(t, h); got != wellAndReady || state("audit.witness_answer") != 1 || state("good") != 0 {
		t.Error(got)
	}
	status.Store(http.StatusConflict)
	if err := h.Audit.AskWitnesses(ctx); errs.Of(err).Code != "audit.witness_ahead" {
		t.Error(err)
	}
	if got := readiness(t, h); got != "200 alarm [] [log]" {
		t.Error(got)
	}
	if state("audit.witness_ahead") != 1 || state("audit.witness_answer") != 0 {
		t.Error("no metric")
	}
}

func TestAKeyEpochIsRenewedWhenItsTimeHasCome(t *testing.T) {
	var late atomic.Int64
	w := openWorld(t, db.Options{Clock: func() time.Time { return time.Now().Add(time.Duration(late.Load())) }})
	ctx := t.Context()
	epoch := func() int64 {
		t.Helper()
		if _, err := w.Worker.RunDue(ctx); err != nil { // the schedule's first period begins
			t.Fatal(err)
		}
		late.Add(int64(11 * time.Minute))
		if _, err := w.Worker.RunDue(ctx); err != nil {
			t.Fatal(err)
		}
		s, err := w.Keys.Status(ctx)
		if err != nil || s.Alive != 1 {
			t.Fatal(s, err)
		}
		return s.Epoch
	}
	if _, err := w.customer(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if n := epoch(); n != 1 {
		t.Errorf("epoch %d on the first day", n)
	}
	late.Add(int64(6*24*time.Hour + 23*time.Hour))
	if n := epoch(); n != 1 {
		t.Errorf("epoch %d before a week", n)
	}
	late.Add(int64(time.Hour))
	if n := epoch(); n != 2 {
		t.Errorf("epoch %d after a week", n)
	}
	if n := epoch(); n != 2 {
		t.Errorf("epoch %d at once again", n)
	}
}

// A keys store that is older than the data lacks the keys of whom it has never heard. If it was copied while the server
// ran, a start cannot tell it from one that crashed; what is missing is found right after it.
func TestKeysThatAnOlderKeysStoreLacksAreAnAlarm(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, itx := servingCall(t, w, 1)
		lost, err := w.customer(ctx, 2)
		if err != nil {
			t.Fatal(err)
		}
		w.warmUp(ctx)
		if got := readiness(t, w.House); got != wellAndReady || metric(t, w.House, "amanah_keys_lost", nil) != 0 {
			t.Error(got)
		}
		if err := w.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Keys.Exec(`delete from keyring_slot where subject = $1`, lost)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		w.warmUp(ctx)
		if got := readiness(t, w.House); got != "200 alarm [] [keys]" || metric(t, w.House, "amanah_keys_lost", nil) != 1 {
			t.Error(got)
		}
		if err := w.reveal(ctx, a, itx); err != nil {
			t.Errorf("whoever has a key is not served: %v", err)
		}
		if err := w.DB.Read(ctx, func(tx *db.Tx) error {
			_, err := w.Keys.Key(tx, lost, "")
			if errs.CodeOf(err) != "keyring.slot_lost" {
				t.Errorf("the key that is missing: %v", err)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		verifyLog(t, w)
	})
}

// A row that comes late may be that of a customer whom another node has erased meanwhile.
func TestTheIndexIsRepairedWhileTheServerRunsWhenRowsOfItCameLate(t *testing.T) {
	run := func(t *testing.T, o db.Options) {
		ctx, repaired := context.WithCancel(t.Context())
		defer repaired()
		var down, noted atomic.Bool
		o.Fault = func(s db.Store, step string) error {
			switch {
			case s != db.StoreIndex:
			case step == "commit" && down.Load():
				return errors.New("injected")
			case strings.HasPrefix(step, "update vault_repair "):
				noted.Store(true)
			case step == "committed" && noted.Load():
				repaired()
			}
			return nil
		}
		w := openWorld(t, o)
		down.Store(true)
		if err := w.DB.Write(ctx, func(tx *db.Tx) error {
			tx.Index.Queue(`insert into vault_indexed (subject, version) values ('sub_erased', 2)`)
			return nil
		}); err != nil || w.DB.IndexBehind() == nil {
			t.Fatal(err, w.DB.IndexBehind())
		}
		down.Store(false)
		rows := func() (n int) {
			if err := w.DB.Write(t.Context(), func(tx *db.Tx) error { // what is owed comes first
				return tx.Index.Row(`select count(*) from vault_indexed where subject = 'sub_erased'`).Scan(&n)
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := rows(); n != 1 {
			t.Fatalf("the row did not come late: %d", n)
		}
		w.followIndex(ctx) // until a repair has been committed
		if n := rows(); n != 0 {
			t.Error("the row is there still")
		}
	}
	t.Run("sqlite", func(t *testing.T) { run(t, db.Options{}) })
	t.Run("postgres", func(t *testing.T) { run(t, db.Options{URL: dbtest.PostgresURL(t)}) })
}

func TestAClamdThatDoesNotAnswerOrIsOldIsAnAlarmAndTakesNobodyOutOfService(t *testing.T) {
	ctx := t.Context()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var answer atomic.Value
	answer.Store("ClamAV 1.4.6/27482/Sun Nov 22 20:00:00 2026\x00")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadFull(c, make([]byte, len("zVERSION\x00")))
			_, _ = c.Write([]byte(answer.Load().(string)))
			_ = c.Close()
		}
	}()
	defer func() { _ = l.Close() }()
	trial, err := NewTrial(ctx, TrialOptions{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler), Controllers: []string{"toko=Toko Nusantara"},
		Settings: map[string]string{"malware.address": l.Addr().String()}, Clock: func() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = trial.Close(ctx) }()
	h := trial.house
	stands := func(code, want string) {
		t.Helper()
		if err := h.askMalware(ctx); err != nil && errs.CodeOf(err) != code || err == nil && code != "" {
			t.Error(err)
		}
		alarm := 0.0
		if code != "" {
			alarm = 1
		}
		if got := readiness(t, h); got != want || metric(t, h, "amanah_malware_alarm", nil) != alarm {
			t.Error(got)
		}
	}
	stands("", wellAndReady)
	answer.Store("ClamAV 1.4.6/27482/Thu Nov 19 20:00:00 2026\x00")
	stands("malware.old", "200 alarm [] [malware]")
	answer.Store("ClamAV 1.4.6/27483/Mon Nov 23 07:00:00 2026\x00")
	stands("", wellAndReady)
	_ = l.Close()
	stands("malware.no_answer", "200 alarm [] [malware]")
}
