package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/audit/cosign"
	"github.com/amanah-id/amanah/internal/trust/audit/witness"
	"github.com/amanah-id/amanah/proof"
)

func witnessClock() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

func logKey() string { return proof.VerifierKey("dep.example", key(1).Public()) }

func openWitness(t *testing.T, file string) *witness.Server {
	t.Helper()
	w, err := witness.Open(file, "dpo.example", key(50), []string{logKey()}, witnessClock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// policyFor is a policy that wants the witness at that address.
func policyFor(t *testing.T, w *witness.Server, url string) *proof.Policy {
	t.Helper()
	p, err := proof.ParsePolicy([]byte("witness dpo " + w.Key() + " " + url + "\nquorum dpo\n"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAWitnessCosignsWhatOnlyGrew(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		file := filepath.Join(t.TempDir(), "witness.json")
		w := openWitness(t, file)
		srv := httptest.NewServer(w)
		defer srv.Close()
		policy := policyFor(t, w, srv.URL+"/")
		l := started(t, d, audit.Options{SignEvery: -1, Witnesses: cosign.Witnesses{Policy: policy, Every: time.Hour}})
		full, err := policy.With(l.VerifierKey())
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			for range 100 {
				add(t, d, l, reveal("sub_a"))
			}
			if err := l.Sign(ctx); err != nil {
				t.Fatal(err)
			}
			if err := l.AskWitnesses(ctx); err != nil {
				t.Fatal(err)
			}
			if err := l.AskWitnesses(ctx); err != nil { // nothing new to show
				t.Fatal(err)
			}
			h := l.Health()
			if h.Witnessed != h.Size || h.Unwitnessed != 0 || !h.WitnessedAt.Equal(witnessClock()) || len(h.Witnesses) != 1 || h.Witnesses[0].Size != h.Size {
				t.Errorf("%+v", h)
			}
		}
		add(t, d, l, reveal("sub_a"))
		if h := l.Health(); h.Unwitnessed != 1 {
			t.Errorf("%+v", h)
		}
		r, err := audit.Verify(ctx, d, proof.Options{Policy: full})
		if err != nil || !r.OK() || r.Logs[0].Witnessed != 301 || r.Logs[0].Size != 302 {
			t.Errorf("%+v %v", r, err)
		}
		// Proofs are given under a witnessed checkpoint.
		_, incl, err := l.Entry(ctx, auditor, l.Origin(), 5, nil)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := incl.Verify(nil, full); err != nil || !s.Quorum || len(s.Cosignatures) != 1 {
			t.Errorf("%+v %v", s, err)
		}
		// A client that was restarted asks the witness for its size.
		if err := l.Close(ctx); err != nil {
			t.Fatal(err)
		}
		again := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1, Witnesses: cosign.Witnesses{Policy: policy}})
		if err := again.Start(ctx, plainSealer{}, key(1)); err != nil {
			t.Fatal(err)
		}
		if err := again.AskWitnesses(ctx); err != nil {
			t.Error(err)
		}
		if h := again.Health(); h.Unwitnessed != 0 {
			t.Errorf("%+v", h)
		}
		if !strings.Contains(string(again.Policy()), "witness dpo dpo.example+") {
			t.Errorf("%s", again.Policy())
		}
		_ = again.Close(ctx)
	})
}

func TestTheLogShowsItselfToItsWitnesses(t *testing.T) {
	d := open(t)
	w := openWitness(t, filepath.Join(t.TempDir(), "witness.json"))
	srv := httptest.NewServer(w)
	defer srv.Close()
	l := started(t, d, audit.Options{SignEvery: 5 * time.Millisecond, Witnesses: cosign.Witnesses{Policy: policyFor(t, w, srv.URL), Every: time.Millisecond}})
	rare := started(t, d, audit.Options{Node: "rare", SignEvery: 5 * time.Millisecond, Witnesses: cosign.Witnesses{Policy: policyFor(t, w, srv.URL)}})
	defer func() {
		// Asked once at its first turn, and then not for ten seconds.
		add(t, d, rare, reveal(""))
		if h := rare.Health(); h.Unwitnessed == 0 {
			t.Errorf("%+v", h)
		}
	}()
	add(t, d, l, reveal(""))
	for range 1000 {
		if l.Health().Unwitnessed == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%+v", l.Health())
}

// A log that was put back to an older state, or that forked, is refused by the witness,
// and the health of the log says so.
func TestAWitnessShowsRollbackAndFork(t *testing.T) {
	file := filepath.Join(t.TempDir(), "witness.json")
	w := openWitness(t, file)
	srv := httptest.NewServer(w)
	defer srv.Close()
	o := audit.Options{SignEvery: -1, Witnesses: cosign.Witnesses{Policy: policyFor(t, w, srv.URL)}}
	d := open(t)
	l := started(t, d, o)
	for range 9 {
		add(t, d, l, reveal("sub_a"))
	}
	if err := errors.Join(l.Sign(ctx), l.AskWitnesses(ctx)); err != nil {
		t.Fatal(err)
	}
	another := func(size int) *audit.Log {
		d2 := open(t)
		m := audit.New(d2, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
		if err := m.Start(ctx, plainSealer{}, key(1)); err != nil {
			t.Fatal(err)
		}
		for range size {
			add(t, d2, m, reveal("sub_b"))
		}
		if err := m.Close(ctx); err != nil {
			t.Fatal(err)
		}
		change(t, d2, "update audit_shard set origin = $1", l.Origin())
		root, n := rebuild(t, d2, true)
		resignAs(t, d2, l.Origin(), n, root[:])
		forget(t, d2)
		o := o
		o.Deployment, o.Actor = "dep.example", machine
		m = audit.New(d2, o)
		if err := m.Start(ctx, plainSealer{}, key(1)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = m.Close(ctx) })
		return m
	}
	for want, size := range map[string]int{"audit.witness_ahead": 2, "audit.witness_disagrees": 20} {
		m := another(size)
		if err := m.AskWitnesses(ctx); code(err) != want {
			t.Errorf("%s: %v", want, err)
		}
		if h := m.Health(); h.Witnesses[0].Code != want || h.Unwitnessed != h.Size || h.Witnesses[0].Name != "dpo.example" || !h.Witnesses[0].Alarm() {
			t.Errorf("%+v", h)
		}
		if want == "audit.witness_ahead" && m.Health().Witnesses[0].Knows != 10 {
			t.Errorf("%+v", m.Health())
		}
		if err := m.Alarm(); code(err) != want {
			t.Errorf("alarm: %v", err)
		}
	}
	same := another(8) // as many entries, others
	if err := same.AskWitnesses(ctx); code(err) != "audit.witness_disagrees" {
		t.Error(err)
	}
}

// resignAs replaces all checkpoints by one.
func resignAs(t *testing.T, d *db.DB, origin string, size int64, root []byte) {
	c := proof.Checkpoint{Origin: origin, Size: size, Root: proof.Hash(root)}
	msg, err := note.Sign(&note.Note{Text: c.Text()}, proof.LogSigner("dep.example", key(1).Public(), key(1).Sign))
	if err != nil {
		t.Fatal(err)
	}
	change(t, d, "delete from audit_checkpoint")
	change(t, d, "insert into audit_checkpoint (position, root, time, note, witnessed) values ($1, $2, 0, $3, 0)", shard+size, root, msg)
}

// signedAt is a signed checkpoint of a made-up log of n equal leaves, and the tree.
func signedAt(t *testing.T, origin string, n int, k audit.KeySigner) ([]byte, *proof.Tree) {
	t.Helper()
	tree := &proof.Tree{}
	for i := range n {
		tree.Append(proof.LeafHash(fmt.Append(nil, i)), nil)
	}
	c := proof.Checkpoint{Origin: origin, Size: int64(n), Root: tree.Root()}
	msg, err := note.Sign(&note.Note{Text: c.Text()}, proof.LogSigner("dep.example", k.Public(), k.Sign))
	if err != nil {
		t.Fatal(err)
	}
	return msg, tree
}

func TestTheWitnessAnswersAsTheSpecificationSays(t *testing.T) {
	w := openWitness(t, filepath.Join(t.TempDir(), "witness.json"))
	post := func(body []byte) (int, string, string) {
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(body)))
		return rec.Code, rec.Header().Get("Content-Type"), rec.Body.String()
	}
	ask := func(old int64, msg []byte, hashes ...proof.Hash) (int, string, string) {
		body, _ := proof.AddCheckpoint{Old: old, Checkpoint: msg, Hashes: hashes}.MarshalText()
		return post(body)
	}
	five, _ := signedAt(t, "dep.example/main/a", 5, key(1))
	six, _ := signedAt(t, "dep.example/main/a", 6, key(1))
	if status, _, answer := ask(0, five); status != 200 || !strings.HasPrefix(answer, "— dpo.example ") {
		t.Errorf("first: %d %s", status, answer)
	}
	if status, _, answer := ask(5, five); status != 200 || answer == "" {
		t.Errorf("the same again: %d %s", status, answer)
	}
	if status, kind, answer := ask(0, six); status != 409 || kind != "text/x.tlog.size" || answer != "5\n" {
		t.Errorf("other size: %d %s %s", status, kind, answer)
	}
	if status, _, _ := ask(5, six); status != 422 {
		t.Errorf("no proof: %d", status)
	}
	if status, _, _ := ask(9, six); status != 400 {
		t.Errorf("old larger than new: %d", status)
	}
	other := proof.Checkpoint{Origin: "dep.example/main/a", Size: 5}
	forked, _ := note.Sign(&note.Note{Text: other.Text()}, proof.LogSigner("dep.example", key(1).Public(), key(1).Sign))
	if status, _, answer := ask(5, forked); status != 409 || answer != "5\n" {
		t.Errorf("fork: %d %s", status, answer)
	}
	stranger, _ := signedAt(t, "elsewhere", 5, key(1))
	if status, _, _ := ask(0, stranger); status != 404 {
		t.Errorf("unknown log: %d", status)
	}
	unsigned, _ := signedAt(t, "dep.example/main/a", 6, key(2))
	if status, _, _ := ask(5, unsigned); status != 403 {
		t.Errorf("not signed: %d", status)
	}
	for _, body := range []string{"", "old x\n\nx", "old 1\n\nnot a checkpoint"} {
		if status, _, _ := post([]byte(body)); status != 400 {
			t.Errorf("%q: %d", body, status)
		}
	}
	if status, _, _ := post(make([]byte, 1<<20)); status != 413 {
		t.Errorf("too large: %d", status)
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/add-checkpoint", nil))
	if rec.Code != 404 {
		t.Errorf("GET: %d", rec.Code)
	}
}

func TestAWitnessRemembersAcrossRestartsAndIsAloneWithItsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "witness.json")
	w, err := witness.Open(file, "dpo.example", key(50), []string{logKey()}, witnessClock)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := witness.Open(file, "dpo.example", key(50), nil, witnessClock); code(err) != "audit.witness_in_use" {
		t.Error(err)
	}
	five, _ := signedAt(t, "dep.example/main/a", 5, key(1))
	body, _ := proof.AddCheckpoint{Checkpoint: five}.MarshalText()
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(body)))
	if rec.Code != 200 {
		t.Fatal(rec.Code)
	}
	w.Close()
	w = openWitness(t, file)
	rec = httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(body)))
	if rec.Code != 409 {
		t.Errorf("forgot: %d", rec.Code)
	}
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := witness.Open(broken, "dpo.example", key(50), nil, witnessClock); code(err) != "audit.witness_file" {
		t.Error(err)
	}
	if _, err := witness.Open(filepath.Join(t.TempDir(), "no", "folder"), "dpo.example", key(50), nil, witnessClock); code(err) != "audit.witness_file" {
		t.Error(err)
	}
	if _, err := witness.Open(file, "two words", key(50), nil, witnessClock); code(err) != "audit.bad_name" {
		t.Error(err)
	}
	if _, err := witness.Open(file, "dpo.example", key(50), []string{"nonsense"}, witnessClock); code(err) != "audit.key_unreadable" {
		t.Error(err)
	}
}

// What cannot be kept is not cosigned.
func TestAWitnessThatCannotWriteDoesNotSign(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w := openWitness(t, filepath.Join(dir, "witness.json"))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	five, _ := signedAt(t, "dep.example/main/a", 5, key(1))
	body, _ := proof.AddCheckpoint{Checkpoint: five}.MarshalText()
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(body)))
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "—") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	// Something else stands where the file is to be: what was written beside it goes.
	if err := os.MkdirAll(filepath.Join(dir, "witness.json", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	rec = httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(body)))
	left, err := os.ReadDir(dir)
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "—") || err != nil || len(left) != 1 {
		t.Errorf("%d %s, left behind: %v (%v)", rec.Code, rec.Body, left, err)
	}
}

// What it cannot sign it does not remember either: the log may come again.
func TestAWitnessThatCannotSignRemembersNothing(t *testing.T) {
	left := 0
	w, err := witness.Open(filepath.Join(t.TempDir(), "witness.json"), "dpo.example", failing{key(50), &left}, []string{logKey()}, witnessClock)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	five, _ := signedAt(t, "dep.example/main/a", 5, key(1))
	body, _ := proof.AddCheckpoint{Checkpoint: five}.MarshalText()
	for _, want := range []int{500, 200} {
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(body)))
		if rec.Code != want || strings.Contains(rec.Body.String(), "—") != (want == 200) {
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
		left = 1
	}
}

func TestTwoRequestsAtOnceNeverRollAWitnessBack(t *testing.T) {
	w := openWitness(t, filepath.Join(t.TempDir(), "witness.json"))
	one, _ := signedAt(t, "dep.example/main/a", 3, key(1))
	two, _ := signedAt(t, "dep.example/main/a", 9, key(1))
	var wg sync.WaitGroup
	var mu sync.Mutex
	signed := 0
	for i := range 40 {
		wg.Go(func() {
			msg := one
			if i%2 == 0 {
				msg = two
			}
			body, _ := proof.AddCheckpoint{Checkpoint: msg}.MarshalText()
			rec := httptest.NewRecorder()
			w.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(body)))
			if rec.Code == 200 {
				mu.Lock()
				signed++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if signed != 1 {
		t.Errorf("%d answers from size 0", signed)
	}
}

func TestWhatAWitnessMayAnswerIsUnderstood(t *testing.T) {
	var status int
	var answer string
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, answer)
	}))
	defer srv.Close()
	w := openWitness(t, filepath.Join(t.TempDir(), "witness.json"))
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1, Witnesses: cosign.Witnesses{Policy: policyFor(t, w, srv.URL)}})
	for range 5 {
		add(t, d, l, reveal(""))
	}
	if err := l.Sign(ctx); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status       int
		answer, want string
	}{
		{200, "— dpo.example AAAAAAAA\n", "audit.witness_signature"},
		{200, "", "audit.witness_signature"},
		{403, "", "audit.witness_stranger"},
		{404, "", "audit.witness_stranger"},
		{409, "x", "audit.witness_answer"},
		{409, "-3\n", "audit.witness_answer"},
		{409, "2\n", "audit.witness_disagrees"},
		{409, "900\n", "audit.witness_ahead"},
		{422, "", "audit.witness_disagrees"},
		{500, "", "audit.witness_answer"},
	} {
		status, answer = c.status, c.answer
		if err := l.AskWitnesses(ctx); code(err) != c.want || !slices.Contains(cosign.Codes(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	srv.Close()
	if err := l.AskWitnesses(ctx); code(err) != "audit.witness_gone" {
		t.Error(err)
	}
	// A customer is served all the same.
	add(t, d, l, reveal(""))
}

func TestAWitnessServesUntilToldToStop(t *testing.T) {
	w := openWitness(t, filepath.Join(t.TempDir(), "witness.json"))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	run, stop := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- w.Serve(run, ln) }()
	res, err := http.Post("http://"+ln.Addr().String()+"/add-checkpoint", "text/plain", strings.NewReader("x"))
	if err != nil || res.StatusCode != 400 {
		t.Errorf("%v %v", res, err)
	}
	if err == nil {
		_ = res.Body.Close()
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := w.Serve(ctx, ln); err == nil {
		t.Error("served on a closed listener")
	}
}
