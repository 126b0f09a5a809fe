package audit_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/proof"
	"github.com/amanah-id/amanah/proof/folder"
)

var auditor = actor.NewStaff("stf_auditor", actor.Auditor, "ses_auditor", nil, noTime)

func TestSearchFindsWhatWasAskedForAndIsItselfLogged(t *testing.T) {
	clock := eight()
	each := func(t *testing.T, d *db.DB) {
		l := started(t, d, audit.Options{SignEvery: -1})
		for i := range 60 {
			e := reveal([]string{"sub_a", "sub_b"}[i%2])
			if i%3 == 0 {
				e.Action, e.Interaction = "export.download", ""
			}
			if i%5 == 0 {
				e.Decision, e.Reason = audit.Denied, "gate.no_call"
			}
			if i%4 == 0 {
				e.Purpose = "pur_other"
			}
			add(t, d, l, e)
			clock.Add(time.Minute)
		}
		count := func(q audit.Query) int {
			t.Helper()
			q.Limit = 200
			p, err := l.Search(ctx, auditor, q)
			if err != nil {
				t.Fatal(err)
			}
			for i := 1; i < len(p.Entries); i++ {
				if p.Entries[i].Time.After(p.Entries[i-1].Time) {
					t.Error("not newest first")
				}
			}
			return len(p.Entries)
		}
		start := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
		for _, c := range []struct {
			q    audit.Query
			want int
		}{
			{audit.Query{Action: "reveal"}, 40},
			{audit.Query{Action: "export.download"}, 20},
			{audit.Query{Decision: audit.Denied}, 12},
			{audit.Query{Decision: audit.Denied, Action: "reveal"}, 8},
			{audit.Query{Purpose: "pur_other"}, 15},
			{audit.Query{Interaction: reveal("").Interaction}, 40},
			{audit.Query{Actor: reveal("").Actor.ID()}, 60},
			{audit.Query{Subject: "sub_a", Action: "reveal"}, 20},
			{audit.Query{Action: "audit.read"}, 9}, // the eight above, and this one
			{audit.Query{From: start.Add(30 * time.Minute), Action: "reveal"}, 20},
			{audit.Query{To: start.Add(30 * time.Minute), Action: "reveal"}, 20},
			{audit.Query{From: start.Add(10 * time.Minute), To: start.Add(20 * time.Minute), Actor: reveal("").Actor.ID()}, 10},
			{audit.Query{From: start.Add(100 * time.Hour)}, 0},
			{audit.Query{Action: "nothing"}, 0},
			{audit.Query{Except: "audit.read", Actor: "stf_auditor"}, 0},
			{audit.Query{Except: "audit.read", Actor: reveal("").Actor.ID()}, 60},
			{audit.Query{Except: "reveal", Actor: reveal("").Actor.ID()}, 20},
			{audit.Query{Except: "audit.read", Action: "reveal"}, 40},
		} {
			if n := count(c.q); n != c.want {
				t.Errorf("%+v: %d entries, want %d", c.q, n, c.want)
			}
		}
		// The subject's trail shows who searched for it.
		p, err := l.Search(ctx, auditor, audit.Query{Subject: "sub_a", Limit: 5})
		if err != nil || len(p.Entries) != 5 || p.Next == "" || p.Entries[0].Leaf.Action != "audit.read" || p.Entries[0].Leaf.Actor != "stf_auditor" {
			t.Errorf("%+v %v", p, err)
		}
		// Page after page, no entry twice and none left out.
		seen := map[uint64]bool{}
		q := audit.Query{Action: "reveal", Limit: 7}
		for {
			p, err := l.Search(ctx, auditor, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range p.Entries {
				if seen[e.Index] {
					t.Fatal("twice", e.Index)
				}
				seen[e.Index] = true
			}
			if q.After = p.Next; q.After == "" {
				break
			}
		}
		if len(seen) != 40 {
			t.Errorf("%d entries in all pages", len(seen))
		}
		if err := l.Sign(ctx); err != nil {
			t.Fatal(err)
		}
		if r := verify(t, d); !r.OK() {
			t.Error(r.Faults)
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		each(t, dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: clock.Now}, schemas...))
	})
	t.Run("postgres", func(t *testing.T) {
		clock = eight()
		each(t, dbtest.OpenWith(t, db.Options{URL: dbtest.PostgresURL(t), Clock: clock.Now}, schemas...))
	})
}

func TestWhatWasDoneForAnotherControllerIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		l := started(t, d, audit.Options{SignEvery: -1})
		index := map[string][]uint64{}
		for range 6 {
			for _, c := range []string{"ctl_a", "ctl_b", ""} {
				e := reveal("sub_x" + c)
				if e.Controller = c; c == "" {
					e.Action, e.Subject = "identity.sign_in", ""
				}
				index[c] = append(index[c], add(t, d, l, e))
			}
		}
		if err := l.Sign(ctx); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			serves   []string
			finds    []string
			findsNot []string
		}{
			{[]string{"ctl_a"}, []string{"ctl_a", ""}, []string{"ctl_b"}},
			{[]string{"ctl_b"}, []string{"ctl_b", ""}, []string{"ctl_a"}},
			{[]string{"ctl_a", "ctl_b"}, []string{"ctl_a", "ctl_b", ""}, nil},
			{[]string{"ctl_z"}, []string{""}, []string{"ctl_a", "ctl_b"}},
			{[]string{}, []string{""}, []string{"ctl_a", "ctl_b"}},
			{nil, []string{"ctl_a", "ctl_b", ""}, nil},
		} {
			for _, q := range []audit.Query{{}, {Interaction: reveal("").Interaction}, {Actor: reveal("").Actor.ID()}} {
				// Two to a page: no page is shorter than it should be, and no cursor stands on an
				// entry that is not there.
				q.Controllers, q.Limit = c.serves, 2
				found := map[string]int{}
				for {
					p, err := l.Search(ctx, auditor, q)
					if err != nil || p.Next != "" && len(p.Entries) != 2 {
						t.Fatalf("serving %q: %d entries, next %q, %v", c.serves, len(p.Entries), p.Next, err)
					}
					for _, e := range p.Entries {
						if a := e.Leaf.Action; a != "audit.read" && a != "log.start" {
							found[e.Leaf.Controller]++
						}
					}
					if q.After = p.Next; p.Next == "" {
						break
					}
				}
				for _, is := range c.finds {
					if found[is] != 6 {
						t.Errorf("serving %q: %d entries of %q", c.serves, found[is], is)
					}
				}
				if len(found) != len(c.finds) {
					t.Errorf("serving %q found %v", c.serves, found)
				}
			}
			for _, is := range c.finds {
				f, inclusion, err := l.Entry(ctx, auditor, l.Origin(), index[is][3], c.serves)
				if err != nil || f.Leaf.Controller != is || inclusion == nil {
					t.Errorf("serving %q: the entry of %q: %v", c.serves, is, err)
				}
			}
			for _, not := range c.findsNot {
				f, inclusion, err := l.Entry(ctx, auditor, l.Origin(), index[not][3], c.serves)
				if code(err) != "audit.no_entry" || f.Leaf.Action != "" || f.Subject != "" || inclusion != nil {
					t.Errorf("serving %q: the entry of %q: %+v %v", c.serves, not, f, err)
				}
				p, err := l.Search(ctx, auditor, audit.Query{Subject: "sub_x" + not, Controllers: c.serves, Limit: 200})
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range p.Entries { // who looked for the customer is no secret of the other
					if e.Leaf.Controller == not {
						t.Errorf("serving %q: an entry about the customer of %q: %+v", c.serves, not, e)
					}
				}
			}
		}
		// A reading among the entries of one controller is an entry of that controller.
		p, err := l.Search(ctx, auditor, audit.Query{Action: "audit.read", Controllers: []string{"ctl_z"}, Limit: 1})
		if err != nil || len(p.Entries) != 1 || p.Entries[0].Leaf.Controller != "ctl_z" {
			t.Errorf("%+v %v", p, err)
		}
		if r := verify(t, d); !r.OK() {
			t.Error(r.Faults)
		}
	})
}

func TestQueriesThatMakeNoSenseAreRefused(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	for _, q := range []audit.Query{{Limit: 201}, {Limit: -1}, {After: "x"}, {After: "1-"}, {After: "-1-1"}, {Action: "two words"}, {Controllers: []string{"two words"}}, {Except: "two words"}, {Subject: "'; drop table audit_entry"}} {
		if _, err := l.Search(ctx, auditor, q); code(err) != "audit.bad_query" {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if err := l.ExportSubject(ctx, auditor, "", nil, nil); code(err) != "audit.bad_query" {
		t.Error(err)
	}
	for _, o := range []string{"nowhere", "two words"} {
		if _, _, err := l.Entry(ctx, auditor, o, 0, nil); code(err) != "audit.no_entry" {
			t.Error(err)
		}
	}
	for _, i := range []uint64{1000, 123_456_789_012, 1 << 40, 1<<64 - 1} {
		if _, _, err := l.Entry(ctx, auditor, l.Origin(), i, nil); code(err) != "audit.no_entry" {
			t.Error(i, err)
		}
	}
	// Nobody reads.
	if _, err := l.Search(ctx, actor.Actor{}, audit.Query{}); code(err) != "audit.nobody" {
		t.Error(err)
	}
	if _, _, err := l.Entry(ctx, actor.Actor{}, l.Origin(), 0, nil); code(err) != "audit.nobody" {
		t.Error(err)
	}
	if err := l.Export(ctx, actor.Actor{}, nil); code(err) != "audit.nobody" {
		t.Error(err)
	}
	if err := l.ExportSubject(ctx, actor.Actor{}, "sub_a", nil, nil); code(err) != "audit.nobody" {
		t.Error(err)
	}
}

func TestAnEntryComesWithAProofThatStandsAlone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		l := started(t, d, audit.Options{SignEvery: -1})
		var p *audit.Pending
		for range 700 {
			err := d.Write(ctx, func(tx *db.Tx) (err error) {
				e := reveal("sub_a")
				p, err = l.Append(tx, e)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if r, err := l.Receipt(ctx, p); r != nil || err != nil {
			t.Errorf("a proof before the signature: %v %v", r, err)
		}
		if r, err := l.Receipt(ctx, nil); r != nil || err != nil {
			t.Errorf("a proof of nothing: %v %v", r, err)
		}
		if err := l.Sign(ctx); err != nil {
			t.Fatal(err)
		}
		policy, _ := proof.TrustKey(l.VerifierKey())
		r, err := l.Receipt(ctx, p)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := r.MarshalText()
		again, err := proof.ParseInclusion(text)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := again.Verify(nil, policy); err != nil || s.Size != 701 {
			t.Errorf("%+v %v", s, err)
		}
		for _, i := range []uint64{0, 255, 256, 511, 512, 699} {
			f, incl, err := l.Entry(ctx, auditor, l.Origin(), i, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := incl.Verify(nil, policy); err != nil || f.Index != i {
				t.Errorf("%d: %v", i, err)
			}
			incl.Extra[10] ^= 1
			if _, err := incl.Verify(nil, policy); !errors.Is(err, proof.ErrNotIncluded) {
				t.Errorf("%d edited: %v", i, err)
			}
		}
	})
}

func TestASubjectsExtractIsCompleteAndProvable(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	for i := range 50 {
		e := reveal([]string{"sub_a", "sub_b"}[i%2])
		e.Detail = map[string]any{"reason": "asked", "n": i}
		add(t, d, l, e)
	}
	policy, _ := proof.TrustKey(l.VerifierKey())
	write := func(open func(audit.Found) ([]byte, error)) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "extract.zip")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		z := proof.NewZip(f)
		if err := l.ExportSubject(ctx, auditor, "sub_a", z, open); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(z.Close(), f.Close()); err != nil {
			t.Fatal(err)
		}
		return path
	}
	check := func(path string) *proof.Report {
		t.Helper()
		files, closer, err := proof.OpenBundle(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = closer.Close() }()
		r, err := proof.VerifyBundle(files, proof.Options{Policy: policy})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := check(write(nil)); !r.OK() || r.Logs[0].Sides != 26 || r.Logs[0].Subjects != 1 {
		t.Errorf("%+v", r)
	}
	unsealed := func(f audit.Found) ([]byte, error) {
		i := bytes.Index(f.Sealed, []byte(audit.DetailRow(f.Leaf.DetailCommitment)+":"))
		return f.Sealed[i+33:], nil
	}
	if r := check(write(unsealed)); !r.OK() {
		t.Errorf("%+v", r)
	}
	// What was opened must be what was logged.
	if r := check(write(func(f audit.Found) ([]byte, error) { return []byte("lie"), nil })); r.OK() || r.Faults[0].Class != proof.DetailEdited || r.Faults[0].Index != 1 {
		t.Errorf("%+v", r)
	}
	boom := errors.New("boom")
	if err := l.ExportSubject(ctx, auditor, "sub_a", nil, func(audit.Found) ([]byte, error) { return nil, boom }); !errors.Is(err, boom) {
		t.Error(err)
	}
	// Somebody of whom nothing is known but the asking.
	z := proof.NewZip(&bytes.Buffer{})
	if err := l.ExportSubject(ctx, auditor, "sub_stranger", z, nil); err != nil {
		t.Error(err)
	}
}

func TestABundleThatCannotBeWrittenIsAnError(t *testing.T) {
	d := open(t)
	l := started(t, d, audit.Options{SignEvery: -1})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.New(dir); err == nil {
		t.Error("a folder that is not empty was taken")
	}
	gone := filepath.Join(t.TempDir(), "b")
	f, err := folder.New(gone)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(gone); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(gone, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Export(ctx, auditor, f); err == nil {
		t.Error("wrote into nowhere")
	}
}

func TestASearchUsesItsIndex(t *testing.T) {
	d := open(t)
	const key, byWord = "USING INTEGER PRIMARY KEY", "SEARCH audit_index USING PRIMARY KEY (word=? AND run>? AND run<?)"
	for _, q := range []audit.Query{
		{}, {Subject: "sub_a"}, {Subject: "sub_a", Action: "reveal"}, {Actor: "stf_a"}, {Interaction: "itx_a"}, {Action: "erasure"},
		{Decision: audit.Denied}, {Action: "reveal"}, {Purpose: "pur_a"}, {Controllers: []string{"ctl_a", "ctl_b"}},
		{Controllers: []string{"ctl_a"}, Interaction: "itx_a"}, {Controllers: []string{"ctl_a"}, Subject: "sub_a"},
	} {
		recent, named, index, err := audit.Plan(d, q)
		all := recent + named + index
		if err != nil || !strings.Contains(recent, key) || !strings.Contains(named, key) || !strings.Contains(index, byWord) ||
			strings.Contains(all, "TEMP B-TREE") || strings.Contains(all, "SCAN") {
			t.Errorf("%+v:\n%s\n%s\n%s%v", q, recent, named, index, err)
		}
	}
}

func TestAProofLooksThroughNoCheckpointsWithoutAWitness(t *testing.T) {
	d := open(t)
	plan := ""
	if err := d.Read(ctx, func(tx *db.Tx) error {
		return tx.Data.Rows("explain query plan "+audit.SelectWitnessed, []any{1, 2}, func(r db.Row) error {
			var a, b, c int64
			return r.Scan(&a, &b, &c, &plan)
		})
	}); err != nil || !strings.Contains(plan, "audit_checkpoint_witnessed (position>? AND position<?)") {
		t.Errorf("%s %v", plan, err)
	}
}
