package known

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/pii/exact"
)

func TestATextTellsWhoseValuesItHolds(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one := h.create("name", "Raden Ajeng Kartinah Wulandari", "phone", "081234567890", "email", "kartinah@contoh.co.id", "nik", "3273014708870017",
			"account_number", "7700123456", "customer_number", "CST-00918", "birth_date", "1987-08-07", "address", "Jl. Kenanga Raya No. 12 RT 03/RW 05, Sukajadi, Bandung 40162", "mother_maiden_name", "Sumiyati")
		if got := h.whose("0812-3456-7890"); !slices.Equal(got, []string{"not ready"}) {
			t.Fatal(got)
		}
		h.build()
		two := h.create("name", "Indah", "phone", "+62 813 1111 2222", "policy_number", "POL-2024-7788") // the writes are followed
		for text, want := range map[string][]string{
			"telepon 0812-3456-7890 ya": {one + ` phone "0812-3456-7890" 100`},
			"nol delapan satu dua tiga empat lima enam tujuh delapan sembilan nol": {one + ` phone "nol delapan satu dua tiga empat lima enam tujuh delapan sembilan nol" 100`},
			"KARTINAH@CONTOH.CO.ID":                          {one + ` email "KARTINAH@CONTOH.CO.ID" 100`},
			"rekening 7700 1234 56":                          {one + ` bank_account "7700 1234 56" 100`},
			"pelanggan cst00918":                             {one + ` customer_number "cst00918" 100`},
			"bu raden ajeng kartinah wulandari":              {one + ` name "raden ajeng kartinah wulandari" 50`},
			"Kartinah":                                       nil,
			"lahir 7 Agustus 1987":                           nil, // names nobody by itself
			"Raden Ajeng Kartinah Wulandari, 7 Agustus 1987": {one + ` name "Raden Ajeng Kartinah Wulandari" 99`, one + ` birth_date "7 Agustus 1987" 99`},
			"rumahnya di jalan kenanga raya 12 rt 03":        {one + ` address "jalan kenanga raya 12 rt 03" 100`},
			"kenanga raya 12":                                nil,
			"polis POL 2024 7788":                            {two + ` reference "POL 2024 7788" 100`},
			"a.n. Indah":                                     {two + ` name "Indah" 50`},
			"layanannya indah sekali":                        nil,
			"0812-3456-7891, 3273014708870018, 7700 1234 57": nil, // one character off
		} {
			if diff := cmp.Diff(want, h.whose(text)); diff != "" {
				t.Errorf("%s: %s", text, diff)
			}
		}
		h.update(one, "phone", "081299998888", "name", "Kartinah Wulandari Sastro")
		for text, want := range map[string][]string{
			"0812-3456-7890":                 nil,
			"081299998888":                   {one + ` phone "081299998888" 100`},
			"raden ajeng kartinah wulandari": nil,
			"kartinah wulandari sastro":      {one + ` name "kartinah wulandari sastro" 50`},
			"kartinah@contoh.co.id":          {one + ` email "kartinah@contoh.co.id" 100`},
		} {
			if diff := cmp.Diff(want, h.whose(text)); diff != "" {
				t.Errorf("after the change, %s: %s", text, diff)
			}
		}
		h.erase(one)
		if got := h.whose("081299998888 kartinah@contoh.co.id 3273014708870017"); got != nil {
			t.Errorf("after the erasure: %v", got)
		}
		h.must(h.Tidy(context.Background()))
		if got := h.State(); got.People != 1 || !got.Ready {
			t.Errorf("%+v", got)
		}
	})
}

// A list of numbers of two words is as many places as it has lines, whatever parts them: a number is not found once more turned round with
// the word behind it, which would make one place of the whole list.
func TestAListOfNumbersIsAsManyPlaces(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.build()
		numbers := []string{"CST-00770", "CST-00771", "CST-00772"}
		var want []string
		for _, n := range numbers {
			want = append(want, h.create("customer_number", n)+" customer_number \""+n+"\" 100")
		}
		for _, between := range []string{"\n", ",", " ; ", "\r\n", ", nomor "} {
			if diff := cmp.Diff(want, h.whose(strings.Join(numbers, between)+between)); diff != "" {
				t.Errorf("%q: %s", between, diff)
			}
		}
	})
}

func TestNoLookUpCrossesControllers(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.build()
		mine := h.create("phone", "081234567890")
		theirs := h.createAt(h.other, "pur_other", "phone", "081234567890")
		if diff := cmp.Diff([]string{mine + ` phone "081234567890" 100`}, h.whose("081234567890")); diff != "" {
			t.Error(diff)
		}
		places, _, err := h.Whose("", []byte("081234567890"))
		h.must(err)
		h.must(h.db.Read(context.Background(), func(tx *db.Tx) error {
			of, err := h.Of(tx, h.other, places)
			if len(places) != 2 || len(of) != 1 || of[0].Subject != theirs {
				t.Errorf("%v of %v", of, places)
			}
			return err
		}))
	})
}

// Whom another node writes or erases is followed, and nobody is opened twice for one write.
func TestTheIndexFollowsOtherNodes(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		h.must(h.Follow(ctx)) // nothing to follow yet
		h.must(h.Tidy(ctx))
		h.build()
		h.must(h.Follow(ctx))
		mine, theirs := h.vault, h.newVault()
		h.vault = theirs
		one := h.create("name", "Wayan Sudarsana", "phone", "081234567890")
		two := h.create("phone", "081300000002")
		h.vault = mine
		if got := h.whose("081234567890"); got != nil {
			t.Fatal(got)
		}
		h.must(h.Follow(ctx))
		if diff := cmp.Diff([]string{one + ` phone "081234567890" 100`}, h.whose("081234567890")); diff != "" {
			t.Error(diff)
		}
		h.vault = theirs
		h.update(one, "phone", "")
		h.erase(two)
		h.vault = mine
		h.must(h.Follow(ctx))
		if got := h.whose("081234567890"); got != nil {
			t.Errorf("emptied elsewhere: %v", got)
		}
		// Who was erased elsewhere is nobody's, even before the memory forgets.
		places, _, err := h.Whose(h.ctl, []byte("081300000002"))
		h.must(err)
		h.must(h.db.Read(ctx, func(tx *db.Tx) error {
			of, err := h.Of(tx, h.ctl, places)
			if len(places) != 1 || of != nil {
				t.Errorf("%v of %v", of, places)
			}
			return err
		}))
		h.must(h.Tidy(ctx))
		if got := h.whose("081300000002"); got != nil {
			t.Errorf("erased elsewhere: %v", got)
		}
		h.create("phone", "081300000003")
		before := h.openings()
		h.must(h.Follow(ctx))
		h.must(h.Follow(ctx))
		if after := h.openings(); after != before {
			t.Errorf("%d openings for nothing", after-before)
		}
	})
}

func TestTheBuildStopsWhenItIsTold(t *testing.T) {
	h := build(t, dbtest.Open(t, schemas()...), filepath.Join(t.TempDir(), "kms.key"))
	h.create("phone", "081234567890")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := h.Build(ctx); err == nil || h.State().Ready {
		t.Error("an unfinished index is ready", err)
	}
	h.build()
	if got := h.State(); !got.Ready || got.People != 1 || got.Prints == 0 {
		t.Errorf("%+v", got)
	}
}

// What a write has changed since the build read it stays changed, and who was erased stays erased.
func TestAWriteWinsOverTheBuildThatHasReadBefore(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		one := h.create("name", "Wayan Agus Sudarsana", "phone", "081234567890")
		two := h.create("phone", "081300000002")
		var read []vault.Opened
		h.must(h.vault.Everybody(ctx, []string{"name", "phone"}, func(list []vault.Opened) { read = append(read, list...) }))
		h.begin()
		h.update(one, "phone", "081299998888")
		h.erase(two)
		three := h.create("phone", "081400000003")
		h.fill(read)
		h.must(h.end(nil))
		got := h.whose("081234567890, 081299998888, 081300000002, 081400000003, wayan agus sudarsana")
		want := []string{one + ` phone "081299998888" 100`, three + ` phone "081400000003" 100`, one + ` name "wayan agus sudarsana" 100`}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// The index after any order of writes, changes and erasures, with builds and follow-ups in between, answers as one that is
// built from the vault alone.
func TestTheIndexIsWhatTheVaultHolds(t *testing.T) {
	dbtest.Each(t, schemas(), func(t *testing.T, d *db.DB) {
		h := build(t, d, filepath.Join(t.TempDir(), "kms.key"))
		ctx := context.Background()
		// A second field of a kind: what is in both stays while one of them has it.
		pool := map[string][]string{
			"name": {"Budi Santoso", "Siti Aminah Rahayu", "Slamet", ""}, "phone": {"081200000001", "081200000002", ""}, "email": {"a@contoh.id", "b@contoh.id", ""},
			"policy_number": {"POL-10001", "POL-10002", ""}, "birth_date": {"1990-01-02", "1991-02-03", ""}, "address": {"Jl. Mawar Merah No. 5 RT 01 Depok", ""},
		}
		var universe strings.Builder
		for _, list := range pool {
			for _, v := range list {
				universe.WriteString(v + " ; Bapak " + v + " lahir 2 Januari 1990 . ")
			}
		}
		var alive []string
		made := 0
		rapid.Check(t, func(r *rapid.T) {
			for range rapid.IntRange(1, 6).Draw(r, "steps") {
				var pairs []string
				for field, list := range pool {
					if rapid.Bool().Draw(r, field) {
						pairs = append(pairs, field, rapid.SampledFrom(list).Draw(r, "value"))
					}
				}
				switch rapid.IntRange(0, 6).Draw(r, "step") {
				case 0, 1:
					made++
					alive = append(alive, h.create(append(pairs, "nik", fmt.Sprintf("327301470887%04d", made), "customer_number", id.Letters())...))
				case 2, 3:
					if len(alive) > 0 && len(pairs) > 0 {
						h.update(rapid.SampledFrom(alive).Draw(r, "who"), pairs...)
					}
				case 4:
					if len(alive) > 0 {
						i := rapid.IntRange(0, len(alive)-1).Draw(r, "who")
						h.erase(alive[i])
						alive = slices.Delete(alive, i, i+1)
					}
				case 5:
					h.must(h.Follow(ctx))
					h.must(h.Tidy(ctx))
				default:
					h.build()
				}
			}
			if !h.State().Ready {
				h.build()
			}
			fresh := New(h.db, h.vault, h.cat)
			h.must(fresh.Build(ctx))
			h.vault.UseFollower(h.Index)
			if diff := cmp.Diff(h.whoseBy(fresh, universe.String()), h.whose(universe.String())); diff != "" {
				r.Fatal(diff)
			}
		})
	})
}

// Prints are nowhere but in this process's memory: no file of any store has one, before or after an erasure, and what is
// erased is gone from the memory of the index.
func TestNoPrintIsInAnyFile(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		noPrint(t, dbtest.OpenWith(t, db.Options{Dir: filepath.Join(dir, "data")}, schemas()...), dir)
	})
	t.Run("postgres", func(t *testing.T) {
		d := dbtest.OpenPostgres(t, schemas()...)
		dir := os.Getenv("AMANAH_TEST_POSTGRES_DIR")
		if dir == "" {
			t.Skip("AMANAH_TEST_POSTGRES_DIR does not say where the server's files are")
		}
		noPrint(t, d, dir) // its log of writes holds what was written a moment ago, too
	})
}

func noPrint(t *testing.T, d *db.DB, dir string) {
	t.Helper()
	h := build(t, d, filepath.Join(t.TempDir(), "kms.key"))
	h.build()
	h.create("phone", "081200000009", "name", "Ayu Lestari Dewi")
	subject := h.create("name", "Raden Ajeng Kartinah", "phone", "081234567890", "nik", "3273014708870017", "address", "Jl. Kenanga Raya 12 RT 03")
	s := h.shelf(h.ctl)
	prints := func() (out [][]byte) {
		h.must(s.table.Each(func(p exact.Print) bool {
			out = append(out, bytes.Clone(p.Exact[:]))
			for _, w := range p.Words {
				var little, big [8]byte
				for i := range 8 {
					little[i], big[7-i] = byte(w>>(8*i)), byte(w>>(8*i))
				}
				out = append(out, little[:], big[:])
			}
			return true
		}))
		return out
	}
	all := prints()
	if len(all) < 20 {
		t.Fatalf("%d prints", len(all))
	}
	if found := inFiles(t, dir, all); found != "" {
		t.Errorf("before the erasure a print is in %s", found)
	}
	var sealed []byte
	h.must(d.Read(context.Background(), func(tx *db.Tx) error {
		return tx.Data.Row(`select value_sealed from vault_value where subject = $1 and field = 'phone'`, subject).Scan(&sealed)
	}))
	if inFiles(t, dir, [][]byte{sealed}) == "" {
		t.Fatal("what is stored is in no file: the test looks in the wrong place")
	}
	h.erase(subject)
	h.must(h.Tidy(context.Background()))
	// What is left is what an index has that never knew the customer.
	left := prints()
	never := build(t, dbtest.Open(t, schemas()...), filepath.Join(t.TempDir(), "kms.key"))
	never.build()
	never.create("phone", "081200000009", "name", "Ayu Lestari Dewi")
	n := 0
	h.must(never.shelf(never.ctl).table.Each(func(p exact.Print) bool { n += 1 + 2*len(p.Words); return true }))
	if len(left) != n || len(h.whose("081234567890")) != 0 {
		t.Errorf("%d pieces are left, %d belong to the other customer", len(left), n)
	}
	if c := (customers{s.keys, s.names.Load()}); c.Word([]byte("kartinah")) || !c.Word([]byte("lestari")) {
		t.Error("her name is still known, or another's no more")
	}
	h.must(h.log.Close(context.Background()))
	h.must(d.Close())
	if found := inFiles(t, dir, all); found != "" {
		t.Errorf("after the erasure a print is in %s", found)
	}
}

func inFiles(t *testing.T, dir string, traces [][]byte) (found string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // the server goes on with its work, and other tests drop their databases
			return nil
		}
		if err != nil || e.IsDir() {
			return err
		}
		if !e.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for _, trace := range traces {
			if bytes.Contains(text, trace) {
				found = filepath.Base(path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A name of a customer is seen in small letters and in part.
func TestNamesOfCustomersAreSeenInSmallLettersAndInPart(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		const text = "tadi lentera senja tanya tagihan, menurut senja belum lunas"
		see := func() (out []string) {
			for _, n := range h.People(h.ctl, []byte(text)) {
				out = append(out, text[n.Start:n.End])
			}
			return out
		}
		if got := see(); slices.Contains(got, "lentera senja") {
			t.Fatalf("found without the vault: %v", got)
		}
		h.build()
		h.create("name", "Raden Lentera Senja")
		if diff := cmp.Diff([]string{"lentera senja", "senja"}, see()); diff != "" {
			t.Error(diff)
		}
	})
}
