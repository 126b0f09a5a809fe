package vault

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault/name"
)

// buildNames builds the index as a start does.
func (h *house) buildNames() {
	h.t.Helper()
	if err := h.vault.BuildNames(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) findName(name, born string) []string {
	h.t.Helper()
	var out []string
	h.read(func(tx *db.Tx) error {
		hits, err := h.vault.Find(tx, h.ctl, Query{Field: "name", Value: name, BirthDate: born}, 10)
		for _, hit := range hits.List {
			out = append(out, hit.Subject)
		}
		return err
	})
	return out
}

func TestNamesAreFoundAfterAStartAndFollowTheWrites(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one := h.create("customer_number", "N-1", "name", "H. Moh. Djoko Soesilo, S.H.", "birth_date", "1980-05-01")
		two := h.create("customer_number", "N-2", "name", "Siti Nurhaliza", "birth_date", "1990-12-31")
		h.create("customer_number", "N-3")
		h.buildNames()
		if s := h.vault.Names(); !s.Ready || s.People != 2 {
			t.Errorf("%+v", s)
		}
		three := h.create("customer_number", "N-4", "name", "Siti Nurhaliza", "birth_date", "1991-01-01")
		for name, want := range map[string][]string{
			"Muhammad Joko Susilo": {one},
			"djoko susillo":        {one},
			"Siti Nurhalisa":       {two, three},
			"Nur Haliza":           {two, three},
			"Made Wirawan":         nil,
		} {
			if got := h.findName(name, ""); !slices.Equal(got, want) {
				t.Errorf("%q finds %v, want %v", name, got, want)
			}
		}
		if got := h.findName("siti nurhaliza", "31-12-1990"); !slices.Equal(got, []string{two}) {
			t.Errorf("with a birth date: %v", got)
		}
		if _, err := h.tryUpdate(two, "name", "Rahmawati", "birth_date", ""); err != nil {
			t.Fatal(err)
		}
		if _, err := h.tryUpdate(three, "name", ""); err != nil {
			t.Fatal(err)
		}
		if got := h.findName("siti nurhaliza", ""); got != nil {
			t.Errorf("an old name still finds %v", got)
		}
		if got := h.findName("rahmawati", ""); !slices.Equal(got, []string{two}) {
			t.Errorf("the new name finds %v", got)
		}
		if got := h.findName("rahmawati", "1990-12-31"); got != nil {
			t.Error("an emptied birth date still finds")
		}
		if err := h.write(func(tx *db.Tx) error { _, err := h.vault.Delete(tx, two); return err }); err != nil {
			t.Fatal(err)
		}
		if got := h.findName("rahmawati", ""); got != nil {
			t.Error("a deleted customer is found by name")
		}
		h.read(func(tx *db.Tx) error {
			if hits, err := h.vault.Find(tx, h.other, Query{Field: "name", Value: "joko susilo"}, 10); err != nil || len(hits.List) > 0 {
				t.Errorf("another controller finds %v, %v", hits, err)
			}
			if _, err := h.vault.Find(tx, h.ctl, Query{Field: "name", Value: "joko", BirthDate: "kemarin"}, 10); errs.KindOf(err) != errs.Invalid {
				t.Error(err)
			}
			return nil
		})
	})
}

func TestTheBuildOfNamesIsADutyWithAnEntryForEachChunk(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, schemas()...))
	for _, name := range []string{"Siti", "Budi", "Made"} {
		h.create("name", name)
	}
	h.buildNames()
	e := h.entries("process")
	if len(e) != 1 || e[0].Leaf.Ground != "duty:name_index" || e[0].Leaf.Count != 3 || !slices.Equal(e[0].Leaf.Fields, []string{"name", "birth_date"}) || e[0].Leaf.Decision != "allowed" {
		t.Errorf("%+v", e)
	}
	// a gate that refuses leaves the search warming up
	h.vault.UseGate(gate.New(h.log, h.gateSet(), gate.Providers{}))
	if err := h.vault.BuildNames(context.Background()); errs.KindOf(err) == "" {
		t.Error("the build went on without leave")
	}
	h.read(func(tx *db.Tx) error {
		if _, err := h.vault.Find(tx, h.ctl, Query{Field: "name", Value: "Siti"}, 1); code(err) != "vault.names_warming" {
			t.Error(err)
		}
		return nil
	})
}

func TestNobodyIsKeptInMemoryWithoutAnIndex(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, schemas()...))
	one := h.create("name", "Siti Aminah")
	if s := h.vault.Names(); s.Ready || s.People != 0 {
		t.Errorf("before a build: %+v", s)
	}
	h.buildNames()
	if got := h.findName("siti aminah", ""); !slices.Equal(got, []string{one}) {
		t.Errorf("found %v", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := h.vault.BuildNames(ctx); err == nil {
		t.Error("it went on")
	}
	h.create("name", "Siti Rohani")
	if s := h.vault.Names(); s.Ready || s.People != 0 {
		t.Errorf("after a build that failed: %+v", s)
	}
	if err := h.write(func(tx *db.Tx) error { _, err := h.vault.Delete(tx, one); return err }); err != nil {
		t.Fatal(err)
	}
	h.buildNames()
	if s := h.vault.Names(); s.People != 1 {
		t.Errorf("after a second build: %+v", s)
	}
}

func TestADamagedNameKeepsNobodyElseFromBeingFound(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, schemas()...))
	one, two := h.create("name", "Siti Aminah"), h.create("name", "Siti Rohani")
	if err := h.write(func(tx *db.Tx) error {
		_, err := tx.Data.Exec(`update vault_value set value_sealed = $1 where subject = $2`, []byte("not a sealed value at all, far from it"), one)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	h.buildNames()
	if got := h.findName("siti", ""); !slices.Equal(got, []string{two}) {
		t.Errorf("found %v", got)
	}
	if len(h.entries("open.failed")) != 1 {
		t.Error("the failed opening has no entry")
	}
}

func change(subject, text string) name.Change { return name.Change{Subject: subject, Name: &text} }

func TestAWriteDuringTheBuildWinsOverTheBuild(t *testing.T) {
	n := &names{indexes: map[string]*name.Index{}, building: true, touched: map[string]touch{}}
	who := id.New(id.Subject)
	n.apply("ctl", change(who, "rahmawati"))
	n.fill("ctl", []name.Change{change(who, "siti"), change(id.New(id.Subject), "siti")})
	ix := n.of("ctl")
	if hits, _ := ix.Search("siti", 0, 5); len(hits) != 1 {
		t.Errorf("%v", hits)
	}
	if hits, _ := ix.Search("rahmawati", 0, 5); len(hits) != 1 || hits[0].Subject != who {
		t.Errorf("%v", hits)
	}
}

// The build leaves alone what was written meanwhile and no more: who got a new birth date is still called something.
func TestAWriteOfOneFieldDuringTheBuildKeepsTheOther(t *testing.T) {
	n := &names{nameField: "name", dateField: "birth_date", indexes: map[string]*name.Index{}, building: true, touched: map[string]touch{}}
	dated, named, gone := id.New(id.Subject), id.New(id.Subject), id.New(id.Subject)
	old, born := uint32(19800501), uint32(19901231)
	n.apply("ctl", name.Change{Subject: dated, Born: &born})
	n.apply("ctl", change(named, "rahmawati"))
	n.remove("ctl", gone)
	var read []name.Change
	for _, who := range []string{dated, named, gone} {
		c := change(who, "siti")
		c.Born = &old
		read = append(read, c)
	}
	n.fill("ctl", read)
	ix := n.of("ctl")
	for _, c := range []struct {
		text string
		born uint32
		want string
	}{{"siti", 0, dated}, {"siti", born, dated}, {"siti", old, ""}, {"rahmawati", old, named}} {
		hits, _ := ix.Search(c.text, c.born, 5)
		if got := len(hits); c.want == "" && got != 0 || c.want != "" && (got != 1 || hits[0].Subject != c.want) {
			t.Errorf("%s %d: %v", c.text, c.born, hits)
		}
	}
}

// What another node writes, or an import beside the server, is found by name here too.
func TestTheIndexFollowsWhatOthersWrite(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		follow := func() {
			t.Helper()
			if err := h.vault.FollowNames(ctx); err != nil {
				t.Fatal(err)
			}
		}
		follow() // there is no index yet
		h.create("customer_number", "F-0", "name", "Made Wirawan")
		h.buildNames()
		follow()
		mine := h.vault
		theirs := New(Options{DB: h.db, Log: h.log, Gate: h.gate, Keys: h.keys, Catalogue: h.vault.catalogue, Purpose: h.vault.purpose, Duty: h.vault.duty})
		elsewhere := func(act func()) {
			h.vault = theirs
			act()
			h.vault = mine
		}
		var one, two string
		elsewhere(func() {
			one = h.create("customer_number", "F-1", "name", "Siti Aminah", "birth_date", "1990-12-31")
			two = h.create("customer_number", "F-2")
		})
		if got := h.findName("siti aminah", ""); got != nil {
			t.Fatalf("found before: %v", got)
		}
		follow()
		if got := h.findName("siti aminah", "1990-12-31"); !slices.Equal(got, []string{one}) {
			t.Errorf("created elsewhere: %v", got)
		}
		elsewhere(func() {
			if _, err := h.tryUpdate(one, "name", "Rahmawati"); err != nil {
				t.Fatal(err)
			}
			if _, err := h.tryUpdate(two, "name", "Budi Santoso"); err != nil {
				t.Fatal(err)
			}
		})
		follow()
		if got := h.findName("siti aminah", ""); got != nil {
			t.Errorf("an old name still finds %v", got)
		}
		if got := h.findName("rahmawati", "1990-12-31"); !slices.Equal(got, []string{one}) {
			t.Errorf("renamed elsewhere: %v", got)
		}
		if got := h.findName("budi santoso", ""); !slices.Equal(got, []string{two}) {
			t.Errorf("named elsewhere: %v", got)
		}
		elsewhere(func() {
			if _, err := h.tryUpdate(two, "name", ""); err != nil {
				t.Fatal(err)
			}
		})
		follow()
		if got := h.findName("budi santoso", ""); got != nil {
			t.Errorf("an emptied name finds %v", got)
		}
		// Nobody is opened twice for one write, nor for one of this node's own.
		h.create("customer_number", "F-3", "name", "Ayu Lestari")
		before := len(h.entries("process"))
		follow()
		follow()
		if after := len(h.entries("process")); after != before {
			t.Errorf("%d openings for nothing", after-before)
		}
		if s := h.vault.Names(); s.People != 3 { // Made, Rahmawati, Ayu
			t.Errorf("%+v", s)
		}
	})
}

func TestTheBuildStopsWhenItIsTold(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, schemas()...))
	h.create("name", "Siti")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := h.vault.BuildNames(ctx); err == nil {
		t.Error("it went on")
	}
	if h.vault.Names().Ready {
		t.Error("an unfinished index is ready")
	}
}

func TestHistoryIsSealedBoundToItsKindAndKeptOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		subject := h.create("customer_number", "H-1")
		facts := []NewFact{
			{Kind: "last_payment", Date: day("2026-03-01"), Value: "Rp 150.000"},
			{Kind: "last_payment", Date: day("2026-03-01"), Value: "rp 150.000"}, // the same, spelled otherwise
			{Kind: "last_visit", Date: day("2026-03-02"), Value: "Bandung"},
		}
		add := func() (added, known int) {
			var d *FactDraft
			h.read(func(tx *db.Tx) (err error) {
				d, err = h.vault.DraftFacts(tx, h.ctl, subject, facts)
				return err
			})
			if err := h.write(func(tx *db.Tx) (err error) {
				if added, err = h.vault.AddFacts(tx, d, "imp_x"); err != nil {
					return err
				}
				again, err := h.vault.AddFacts(tx, d, "imp_x")
				if again != 0 {
					t.Errorf("%d items twice", again)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return added, d.Known
		}
		if added, known := add(); added != 2 || known != 1 {
			t.Errorf("%d added, %d known", added, known)
		}
		if added, known := add(); added != 0 || known != 3 {
			t.Errorf("again: %d added, %d known", added, known)
		}
		var stored []Fact
		h.read(func(tx *db.Tx) (err error) {
			if stored, err = h.vault.History(tx, subject); err != nil {
				return err
			}
			some, err := h.vault.History(tx, subject, "last_visit")
			if len(some) != 1 {
				t.Errorf("%d visits", len(some))
			}
			return err
		})
		if len(stored) != 2 {
			t.Fatal(stored)
		}
		plain, err := h.openSealed(subject, []string{HistoryField}, []keyring.Sealed{stored[0].Sealed()})
		if err != nil {
			t.Fatal(err)
		}
		when, value, err := ReadFact([]byte(plain[0]))
		if err != nil || !when.Equal(day("2026-03-01")) || value != "Rp 150.000" {
			t.Error(when, value, err)
		}
		moved := stored[0]
		moved.Kind = "last_visit"
		if _, err := h.openSealed(subject, []string{HistoryField}, []keyring.Sealed{moved.Sealed()}); err == nil {
			t.Error("the answer to one question opens as that to another")
		}
		for _, bad := range []struct {
			fact NewFact
			want string
		}{
			{NewFact{Kind: "Last", Date: day("2026-03-01"), Value: "x"}, "vault.bad_kind"},
			{NewFact{Kind: "last_", Value: "x"}, "vault.bad_date"},
			{NewFact{Kind: "last", Date: day("2026-03-01")}, "catalog.text"},
		} {
			if err := h.vault.CheckFact(bad.fact); code(err) != bad.want {
				t.Errorf("%v, want %s", err, bad.want)
			}
			h.read(func(tx *db.Tx) error {
				if _, err := h.vault.DraftFacts(tx, h.ctl, subject, []NewFact{bad.fact}); code(err) != bad.want {
					t.Error(err)
				}
				return nil
			})
		}
		for _, text := range []string{"{", `{"date":"kemarin"}`} {
			if _, _, err := ReadFact([]byte(text)); code(err) != "vault.bad_fact" {
				t.Error(err)
			}
		}
	})
}

func TestRepairRebuildsWhatACrashLeftUnindexed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		one := h.create(canary()...)
		two := h.create("customer_number", "R-2", "phone", "081300000002", "phone", "081300000003")
		gone := h.create("customer_number", "R-3", "phone", "081300000004")
		if r, err := h.vault.Repair(ctx, false); err != nil || r.Rebuilt+r.Orphans+r.Conflicts+r.Unopened != 0 || r.Checked != 3 {
			t.Fatalf("a whole index: %+v, %v", r, err)
		}
		var d *FactDraft
		h.read(func(tx *db.Tx) (err error) {
			d, err = h.vault.DraftFacts(tx, h.ctl, two, []NewFact{{Kind: "last_visit", Date: day("2026-03-02"), Value: "Bandung"}})
			return err
		})
		if err := h.write(func(tx *db.Tx) error {
			if _, err := h.vault.AddFacts(tx, d, "imp_x"); err != nil {
				return err
			}
			for _, text := range []string{
				`delete from vault_unique where subject = '` + one + `' and field = 'nik'`,
				`delete from vault_exact where subject = '` + two + `'`,
				`delete from vault_history_seen where subject = '` + two + `'`,
			} {
				if _, err := tx.Index.Exec(text); err != nil {
					return err
				}
			}
			for _, text := range []string{`delete from vault_value where subject = $1`, `delete from vault_subject where subject = $1`} {
				if _, err := tx.Data.Exec(text, gone); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if h.find("nik", nik(1)) != nil || h.find("phone", "081300000003") != nil || h.find("customer_number", "R-3") != nil {
			t.Fatal("the damage was not done")
		}
		r, err := h.vault.Repair(ctx, false)
		if err != nil || r.Rebuilt != 2 || r.Orphans != 1 || r.Conflicts+r.Unopened != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		if !slices.Equal(h.find("nik", nik(1)), []string{one}) || !slices.Equal(h.find("phone", "081300000003"), []string{two}) {
			t.Error("not found after the repair")
		}
		e := h.entries("process")
		if len(e) != 1 || e[0].Leaf.Ground != "duty:index_repair" || e[0].Leaf.Count != 2 {
			t.Errorf("%+v", e)
		}
		h.read(func(tx *db.Tx) error {
			again, err := h.vault.DraftFacts(tx, h.ctl, two, []NewFact{{Kind: "last_visit", Date: day("2026-03-02"), Value: "Bandung"}})
			if again.Known != 1 {
				t.Error("history is not known again")
			}
			return err
		})
		// the number of somebody who is gone is free again
		if h.create("customer_number", "R-3") == "" {
			t.Error("R-3")
		}
	})
}

func TestRepairFindsEverythingAfterTheIndexStoreWasLost(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		one, two := h.create(canary()...), h.create("customer_number", "R-2", "phone", "081300000002")
		broken := h.create("customer_number", "R-4")
		if _, err := h.vault.Repair(ctx, false); err != nil {
			t.Fatal(err)
		}
		if err := h.write(func(tx *db.Tx) error {
			for _, table := range []string{"vault_unique", "vault_exact", "vault_history_seen", "vault_indexed", "vault_repair"} {
				if _, err := tx.Index.Exec("delete from " + table); err != nil {
					return err
				}
			}
			_, err := tx.Data.Exec(`update vault_value set value_sealed = $1 where subject = $2`, []byte("not a sealed value at all, far from it"), broken)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		// meanwhile somebody else takes a number
		three := h.create("customer_number", "R-2")
		r, err := h.vault.Repair(ctx, false)
		if err != nil || r.Rebuilt != 1 || r.Conflicts != 1 || r.Unopened != 1 {
			t.Errorf("%+v, %v", r, err)
		}
		if !slices.Equal(h.find("nik", nik(1)), []string{one}) || !slices.Equal(h.find("customer_number", "R-2"), []string{three}) {
			t.Error("not found")
		}
		_ = two
		if all, err := h.vault.Repair(ctx, true); err != nil || all.Rebuilt < 2 {
			t.Errorf("everything anew: %+v, %v", all, err)
		}
	})
}

// After a restore the index follows what came after the backup: customers who changed, who are
// new, history that is not there any more.
func TestAnIndexThatIsNewerThanTheDataIsBroughtBackToIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		tables := []string{"vault_history", "vault_value", "vault_subject"}
		changed, twice := h.create("customer_number", "K-1", "phone", "081300000001"), h.create("customer_number", "K-4")
		change := func(subject string, pairs ...string) {
			t.Helper()
			if out, err := h.tryUpdate(subject, pairs...); err != nil || out.Refusal != nil {
				t.Fatal(err, out.Refusal)
			}
		}
		visit := []NewFact{{Kind: "last_visit", Date: day("2026-03-02"), Value: "Bandung"}}
		known := func() (d *FactDraft) {
			t.Helper()
			h.read(func(tx *db.Tx) (err error) {
				d, err = h.vault.DraftFacts(tx, h.ctl, twice, visit)
				return err
			})
			return d
		}
		change(twice, "customer_number", "K-5")
		if err := h.write(func(tx *db.Tx) error { // the backup
			for _, table := range tables {
				if _, err := tx.Data.Exec(`create table kept_` + table + ` as select * from ` + table); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		change(changed, "customer_number", "K-9", "phone", "081300000009", "email", "new@example.com")
		change(twice, "customer_number", "K-6")
		if err := h.write(func(tx *db.Tx) error { _, err := h.vault.AddFacts(tx, known(), "imp_x"); return err }); err != nil {
			t.Fatal(err)
		}
		h.create("customer_number", "K-1", "phone", "081300000003") // a number that had become free
		if _, err := h.vault.Repair(ctx, false); err != nil {
			t.Fatal(err)
		}
		if err := h.write(func(tx *db.Tx) error { // is put back
			for _, table := range tables {
				for _, text := range []string{`delete from ` + table, `insert into ` + table + ` select * from kept_` + table} {
					if _, err := tx.Data.Exec(text); err != nil {
						return err
					}
				}
			}
			_, err := tx.Data.Exec(`update vault_subject set updated_at = 1`) // long ago
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := h.vault.Indexed(ctx); err != nil || h.find("phone", "081300000001") != nil || known().Known != 1 {
			t.Fatal("the index is not newer than the data", err)
		}
		if err := errors.Join(DoubtIndex(ctx, h.db), h.vault.Indexed(ctx)); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			field, value string
			want         []string
		}{
			{"customer_number", "K-1", []string{changed}}, {"phone", "081300000001", []string{changed}}, {"customer_number", "K-5", []string{twice}},
			{"customer_number", "K-9", nil}, {"phone", "081300000009", nil}, {"email", "new@example.com", nil}, {"customer_number", "K-6", nil}, {"phone", "081300000003", nil},
		} {
			if got := h.find(c.field, c.value); !slices.Equal(got, c.want) {
				t.Errorf("by %s %s: %v, want %v", c.field, c.value, got, c.want)
			}
		}
		if known().Known != 0 {
			t.Error("history that was lost is taken for known")
		}
		if err := DoubtIndex(ctx, h.db); err != nil {
			t.Fatal(err)
		}
		if r, err := h.vault.Repair(ctx, false); err != nil || r != (Repaired{Checked: 2}) {
			t.Errorf("a second repair: %+v, %v", r, err)
		}
	})
}

// Whose key is missing is not found by new rows, and keeps those that are there for when the
// keys store is put back. Everybody else is repaired.
func TestARepairGoesOnPastWhoseKeyIsMissing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		lost, other := h.create("customer_number", "K-1", "phone", "081300000001"), h.create("customer_number", "K-2", "phone", "081300000002")
		if err := h.write(func(tx *db.Tx) error {
			for _, text := range []string{`create table kept_slot as select * from keyring_slot`, `delete from keyring_slot where subject = '` + lost + `'`} {
				if _, err := tx.Keys.Exec(text); err != nil {
					return err
				}
			}
			_, err := tx.Index.Exec(`delete from vault_exact`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if r, err := h.vault.Repair(ctx, false); err != nil || r.Unopened != 1 || r.Rebuilt != 1 {
			t.Errorf("%+v, %v", r, err)
		}
		if !slices.Equal(h.find("phone", "081300000002"), []string{other}) || !slices.Equal(h.find("customer_number", "K-1"), []string{lost}) {
			t.Error("not found")
		}
		if err := h.write(func(tx *db.Tx) error {
			_, err := tx.Keys.Exec(`insert into keyring_slot select * from kept_slot where subject = $1`, lost)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if r, err := h.vault.Repair(ctx, false); err != nil || r.Unopened != 0 || r.Rebuilt != 1 {
			t.Errorf("with the keys store back: %+v, %v", r, err)
		}
		if !slices.Equal(h.find("phone", "081300000001"), []string{lost}) {
			t.Error("not found with the keys store back")
		}
	})
}

func TestANewIndexKeyLosesNobodyAndLetsNobodyInTwice(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		one := h.create(canary()...)
		if err := h.keys.BeginIndexEpoch(ctx, actor.NewDuty("rotation")); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(h.find("nik", nik(1)), []string{one}) || !slices.Equal(h.find("phone", canaryPhone), []string{one}) {
			t.Error("rows under the old key are not found")
		}
		if _, err := h.tryCreate("customer_number", canaryNumber); code(err) != "vault.taken" {
			t.Errorf("a number under the old key is given again: %v", err)
		}
		if r, err := h.vault.Repair(ctx, true); err != nil || r.Rebuilt != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		if err := h.keys.EndIndexEpoch(ctx, actor.NewDuty("rotation")); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(h.find("nik", nik(1)), []string{one}) || !slices.Equal(h.find("phone", canaryPhone), []string{one}) {
			t.Error("not found under the new key")
		}
	})
}

func TestADraftFromBeforeANewEpochIsSealedAgain(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, schemas()...))
	p, err := h.vault.Prepare(h.ctl, values("customer_number", "E-1"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := h.vault.Draft(p, "cli_x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.keys.RotateEpoch(context.Background(), actor.NewDuty("rotation"), nil); err != nil {
		t.Fatal(err)
	}
	if err := h.write(func(tx *db.Tx) error { return h.vault.Add(tx, d) }); code(err) != "keyring.draft_stale" {
		t.Error(err)
	}
}
