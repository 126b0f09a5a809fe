package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/audit/cosign"
	"github.com/amanah-id/amanah/proof"
)

// steps fails the n-th step, once; 0 is none.
type steps struct{ done, failAt atomic.Int64 }

var errStep = errors.New("injected")

func (s *steps) fault(_ db.Store, step string) error {
	if step != "committed" && s.failAt.Load() > 0 && s.done.Add(1) == s.failAt.Load() {
		return errStep
	}
	return nil
}

// at runs act with its n-th step failing, and reports whether there was such a step.
func (s *steps) at(n int64, act func() error) (hit bool, err error) {
	s.done.Store(0)
	s.failAt.Store(n)
	defer s.failAt.Store(0)
	err = act()
	return s.done.Load() >= n, err
}

func erasing(d *db.DB, l *audit.Log, subject string) error {
	return d.Write(ctx, func(tx *db.Tx) error {
		_, err := l.DeleteDetails(tx, subject, audit.Entry{Action: "erasure", Decision: audit.Done, Actor: machine})
		return err
	})
}

// TestAFaultAtAnyStepOfTheWriterLeavesAWholeLog fails every statement and commit that the log
// makes in turn, from a start to a close: what is acknowledged is there, and the log verifies.
func TestAFaultAtAnyStepOfTheWriterLeavesAWholeLog(t *testing.T) {
	var s steps
	d := dbtest.OpenWith(t, db.Options{Clock: steady(), Dir: t.TempDir(), Fault: s.fault}, schemas...)
	w := openWitness(t, filepath.Join(t.TempDir(), "witness.json"))
	srv := httptest.NewServer(w)
	defer srv.Close()
	policy := policyFor(t, w, srv.URL)
	other := started(t, d, audit.Options{Node: "other", SignEvery: -1})
	about := func(l *audit.Log, n int, subject func(i int) string) error {
		return d.Write(ctx, func(tx *db.Tx) error {
			for i := range n {
				if _, err := l.Append(tx, reveal(subject(i))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	round := 0
	life := func() error {
		round++
		o := audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1, Witnesses: cosign.Witnesses{Policy: policy}}
		l := audit.New(d, o)
		if err := l.Start(ctx, plainSealer{}, key(1)); err != nil {
			if c := code(err); c == "audit.tampered" || c == "audit.behind" {
				t.Errorf("a fault looks like tampering: %v", err)
			}
			return err
		}
		gone := fmt.Sprintf("sub_gone%d", round)
		var err error
		do := func(acts ...func() error) {
			for _, act := range acts {
				err = errors.Join(err, act())
			}
		}
		do(
			func() error { return about(other, 1, func(int) string { return gone }) },
			func() error {
				return about(l, 515, func(i int) string { return []string{gone, "sub_old", "sub_b"}[min(i/3, 1+i%2)] })
			},
			func() error { l.Forget(); return about(l, 1, func(int) string { return "sub_a" }) },
			func() error { return about(l, 1, func(int) string { return "sub_old" }) },
			func() error { return erasing(d, l, gone) },
			func() error { return l.Sign(ctx) },
			func() error { return l.AskWitnesses(ctx) },
		)
		l.Back(func() { do(func() error { return about(l, 1, func(int) string { return "sub_b" }) }) })
		for range 3 {
			if e := about(l, 1, func(int) string { return "sub_b" }); code(e) != "audit.head_moved" {
				do(func() error { return e })
			}
		}
		do(func() error { return l.Close(ctx) })
		return err
	}
	failed := 0
	for n := int64(1); n < 1000; n++ {
		hit, err := s.at(n, life)
		if n%40 == 0 || !hit {
			if err := other.Sign(ctx); err != nil {
				t.Fatal(err)
			}
			if r := verify(t, d); !r.OK() {
				t.Fatalf("step %d (%v): %+v", n, err, r.Faults)
			}
		}
		if !hit {
			if err != nil {
				t.Errorf("nothing failed: %v", err)
			}
			break
		}
		if err != nil {
			failed++
		}
	}
	if failed < 50 {
		t.Errorf("only %d steps failed", failed)
	}
}

func TestAHeadThatMovedIsReadAgainUntilItIsRead(t *testing.T) {
	var s steps
	d := dbtest.OpenWith(t, db.Options{Clock: steady(), Dir: t.TempDir(), Fault: s.fault}, schemas...)
	l := started(t, d, audit.Options{SignEvery: -1})
	try := func() error {
		return d.Write(ctx, func(tx *db.Tx) error { _, err := l.Append(tx, reveal("sub_a")); return err })
	}
	for n := int64(1); ; n++ {
		l.Back(func() { add(t, d, l, reveal("sub_a")) })
		if err := try(); code(err) != "audit.head_moved" {
			t.Fatal(err)
		}
		hit, err := s.at(n, try)
		if hit == (err == nil) && n < 3 {
			t.Errorf("step %d: %v", n, err)
		}
		if err != nil {
			if err := try(); err != nil {
				t.Errorf("after step %d: %v", n, err)
			}
		}
		if !hit {
			break
		}
	}
	if r := verify(t, d); !r.OK() {
		t.Errorf("%+v", r.Faults)
	}
}

// A log that is to be continued in a new one is so once, whatever fails meanwhile.
func TestAFaultWhileALogIsContinuedLeavesWholeLogs(t *testing.T) {
	for n := int64(1); ; n++ {
		var s steps
		d := dbtest.OpenWith(t, db.Options{Clock: steady(), Dir: t.TempDir(), Fault: s.fault}, schemas...)
		if err := started(t, d, audit.Options{SignEvery: -1}).Close(ctx); err != nil {
			t.Fatal(err)
		}
		o := audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1, Continue: "key"}
		hit, err := s.at(n, func() error { return audit.New(d, o).Start(ctx, plainSealer{}, key(1)) })
		if !hit {
			if err != nil || n < 10 {
				t.Errorf("%d steps, %v", n-1, err)
			}
			return
		}
		o.Continue = ""
		if err := audit.New(d, o).Start(ctx, plainSealer{}, key(1)); err != nil {
			t.Errorf("step %d: the next start: %v", n, err)
		}
		if r := verify(t, d); !r.OK() {
			t.Errorf("step %d: %+v", n, r.Faults)
		}
	}
}

// TestAQuestionThatFailsFailsItsVerb fails every question that a reader asks in turn.
func TestAQuestionThatFailsFailsItsVerb(t *testing.T) {
	var s steps
	d := dbtest.OpenWith(t, db.Options{Clock: steady(), Dir: t.TempDir(), Readers: 1, ReadFault: s.fault}, schemas...)
	w := openWitness(t, filepath.Join(t.TempDir(), "witness.json"))
	srv := httptest.NewServer(w)
	defer srv.Close()
	l := started(t, d, audit.Options{SignEvery: -1, Witnesses: cosign.Witnesses{Policy: policyFor(t, w, srv.URL)}})
	_ = started(t, d, audit.Options{Node: "other", SignEvery: -1})
	var last *audit.Pending
	lots(t, d, l, 700, func(i int) string { return fmt.Sprintf("sub_%d", i%3) })
	erase(t, d, l, "sub_2")
	if err := errors.Join(l.Sign(ctx), l.AskWitnesses(ctx)); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(ctx, func(tx *db.Tx) (err error) { last, err = l.Append(tx, reveal("sub_1")); return err }); err != nil {
		t.Fatal(err)
	}
	if err := l.Sign(ctx); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	page, err := l.Search(ctx, auditor, audit.Query{Subject: "sub_0", Limit: 5})
	if err != nil || page.Next == "" {
		t.Fatal(page.Next, err)
	}
	for name, verb := range map[string]func() error{
		"search by word": func() error {
			_, err := l.Search(ctx, auditor, audit.Query{Subject: "sub_0", Limit: 200, From: time.Unix(1, 0), To: now, After: page.Next})
			return err
		},
		"search few by word": func() error {
			_, err := l.Search(ctx, auditor, audit.Query{Actor: "stf_01k9xq3v7me8t0000z9w2h4r6n", Limit: 200})
			return err
		},
		"entry":   func() error { _, _, err := l.Entry(ctx, auditor, l.Origin(), 1, nil); return err },
		"receipt": func() error { _, err := l.Receipt(ctx, last); return err },
		"extract": func() error { return l.ExportSubject(ctx, auditor, "sub_0", proof.NewZip(&bytes.Buffer{}), nil) },
		"export":  func() error { return l.Export(ctx, auditor, proof.NewZip(&bytes.Buffer{})) },
		"witness": func() error {
			if err := l.Sign(ctx); err != nil {
				return err
			}
			return l.AskWitnesses(ctx)
		},
		"verify": func() error {
			r, err := audit.Verify(ctx, d, proof.Options{})
			if err == nil && !r.OK() { // a tile that could not be read to compare it
				err = errors.New(string(r.Faults[0].Class))
			}
			return err
		},
		"start": func() error {
			m := audit.New(d, audit.Options{Deployment: "dep.example", Node: "next", Actor: machine, SignEvery: -1})
			err := m.Start(ctx, plainSealer{}, key(1))
			return errors.Join(err, m.Close(ctx))
		},
	} {
		if err := verb(); err != nil {
			t.Fatal(name, err)
		}
		for n := int64(1); ; n++ {
			add(t, d, l, reveal("sub_1")) // for the witness to see
			hit, err := s.at(n, verb)
			if !hit {
				if err != nil || n < 3 {
					t.Errorf("%s: %d steps, %v", name, n-1, err)
				}
				break
			}
			if err == nil {
				t.Errorf("%s succeeded although question %d failed", name, n)
			}
		}
	}
}

func TestASearchGoesOnByTheIndexUntilItHasEnough(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		l := started(t, d, audit.Options{SignEvery: -1})
		lots(t, d, l, 1600, func(i int) string { return fmt.Sprintf("sub_%d", i%40) })
		for _, limit := range []int{3, 39, 200} {
			found, after := 0, ""
			for {
				p, err := l.Search(ctx, auditor, audit.Query{Subject: "sub_7", Limit: limit, After: after})
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range p.Entries {
					if e.Subject != "sub_7" {
						t.Fatalf("%+v", e)
					}
				}
				found += len(p.Entries)
				if after = p.Next; after == "" {
					break
				}
			}
			if found < 40 {
				t.Errorf("pages of %d: %d found of 40", limit, found)
			}
		}
	})
}

func TestNumbersGoOnWhereOnlyTheIndexKnowsThem(t *testing.T) {
	for name, c := range map[string]struct {
		damage string
		code   string
	}{
		"as it was":            {"", ""},
		"the index is damaged": {"update audit_index set entries = x'00' where word = 'subject:sub_1'", "audit.tampered"},
		"the entry is gone":    {"delete from audit_detail where subject = 'sub_1'", "audit.tampered"},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			l := started(t, d, audit.Options{SignEvery: -1})
			lots(t, d, l, 600, func(i int) string { return fmt.Sprintf("sub_%d", i/300) })
			lots(t, d, l, 600, func(i int) string { return "sub_9" })
			l.ForgetNumbers()
			add(t, d, l, reveal("sub_9"))
			if c.damage != "" {
				change(t, d, c.damage)
			}
			err := d.Write(ctx, func(tx *db.Tx) error { _, err := l.Append(tx, reveal("sub_1")); return err })
			if code(err) != c.code {
				t.Errorf("%v, want %q", err, c.code)
			}
			if r := verify(t, d); c.damage == "" && !r.OK() {
				t.Errorf("%+v", r.Faults)
			}
			if err := erasing(d, l, "sub_1"); code(err) != c.code {
				t.Errorf("erasure: %v, want %q", err, c.code)
			}
		})
	}
}

func TestWhatIsNotALeafIsNotLogged(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	boom := errors.New("boom")
	size := l.Size()
	if err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := l.DeleteDetails(tx, "sub_a", audit.Entry{Action: "erasure", Decision: audit.Done, Actor: machine, Fields: strings.Fields(strings.Repeat("a_field_with_a_long_name ", 300))})
		return err
	}); code(err) != "audit.leaf_refused" {
		t.Errorf("a leaf that is too large: %v", err)
	}
	// Closed between an append and its commit.
	var again func()
	if err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := l.Append(tx, reveal("sub_a"))
		again = l.Stop()
		return err
	}); code(err) != "audit.not_started" {
		t.Errorf("closed in between: %v", err)
	}
	if again(); l.Size() != size {
		t.Errorf("%d entries, want %d", l.Size(), size)
	}
	m := audit.New(d, audit.Options{Deployment: "dep.example", Node: "m", Actor: machine, SignEvery: -1})
	if err := m.Start(ctx, noSealer{boom}, key(1)); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close(context.Background()) }()
	if err := d.Write(ctx, func(tx *db.Tx) error {
		e := reveal("sub_a")
		e.Detail = map[string]any{"a": 1}
		_, err := m.Append(tx, e)
		return err
	}); !errors.Is(err, boom) {
		t.Errorf("a subject without a key: %v", err)
	}
}

type noSealer struct{ err error }

func (s noSealer) SealDetail(*db.Tx, string) (func(string, []byte) ([]byte, error), error) {
	return nil, s.err
}

// A note has room for a hundred signatures, and two are the log's own.
func TestAWitnessThatFillsTheNoteIsRefused(t *testing.T) {
	d := open(t)
	w := openWitness(t, filepath.Join(t.TempDir(), "witness.json"))
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		rw.WriteHeader(rec.Code)
		_, _ = rw.Write(append(rec.Body.Bytes(), strings.Repeat("— someone AAAAAAAA\n", 99)...))
	}))
	defer srv.Close()
	l := started(t, d, audit.Options{SignEvery: -1, Witnesses: cosign.Witnesses{Policy: policyFor(t, w, srv.URL)}})
	if err := l.AskWitnesses(ctx); code(err) != "audit.witness_signature" {
		t.Error(err)
	}
	if h := l.Health(); h.Witnessed != 0 {
		t.Errorf("%+v", h)
	}
}

func TestWhatAWitnessSaysTwiceOrWhereNoneCanBeIsAnError(t *testing.T) {
	d := open(t)
	w := openWitness(t, filepath.Join(t.TempDir(), "witness.json"))
	knows := 3
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		knows--
		rw.WriteHeader(http.StatusConflict)
		_, _ = fmt.Fprintln(rw, knows)
	}))
	defer srv.Close()
	for node, url := range map[string]string{"a": srv.URL, "b": "http://%zz"} {
		l := started(t, d, audit.Options{Node: node, SignEvery: -1, Witnesses: cosign.Witnesses{Policy: policyFor(t, w, url)}})
		lots(t, d, l, 5, func(int) string { return "sub_a" })
		want := map[string]string{"a": "audit.witness_answer", "b": "audit.witness_gone"}[node]
		if err := errors.Join(l.Sign(ctx), l.AskWitnesses(ctx)); code(err) != want {
			t.Errorf("%s: %v, want %s", node, err, want)
		}
	}
}

func TestALogWithoutACheckpointGivesNoExtract(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	other := started(t, d, audit.Options{Node: "other", SignEvery: -1})
	add(t, d, l, reveal("sub_a"))
	add(t, d, other, reveal("sub_a"))
	change(t, d, "delete from audit_checkpoint where position >= $1", 2*shard)
	var files bytes.Buffer
	z := proof.NewZip(&files)
	if err := errors.Join(l.ExportSubject(ctx, auditor, "sub_a", z, nil), z.Close()); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(files.String(), "/checkpoint"); n != 2 { // before the file and in the list of files
		t.Errorf("what nobody signed is in the extract: %d", n)
	}
}

// The first fault of a start stands, also when the closer look fails.
func TestATamperedLogIsRefusedEvenIfTheCloserLookFails(t *testing.T) {
	var s steps
	d := dbtest.OpenWith(t, db.Options{Clock: steady(), Dir: t.TempDir(), Readers: 1, ReadFault: s.fault}, schemas...)
	l := started(t, d, audit.Options{SignEvery: -1})
	add(t, d, l, reveal("sub_a"))
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	change(t, d, "update audit_entry set leaf = $1 where position = $2", []byte{1}, shard+1)
	for n := int64(1); ; n++ {
		m := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
		hit, err := s.at(n, func() error { return m.Start(ctx, plainSealer{}, key(1)) })
		if err == nil || !errors.Is(err, errStep) && code(err) != "audit.tampered" {
			t.Errorf("question %d: %v", n, err)
		}
		if !hit {
			return
		}
	}
}
