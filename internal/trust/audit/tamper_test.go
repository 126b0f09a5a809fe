package audit_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/proof"
	"github.com/amanah-id/amanah/proof/folder"
)

const shard = int64(1) << 40

// story is a signed log of 600 entries about three subjects, one denied, with details, in a database
// whose clock goes on by two minutes at each checkpoint.
func story(t *testing.T) (*db.DB, *audit.Log) {
	return storyOn(t, db.Options{Dir: t.TempDir()})
}

func storyOn(t *testing.T, o db.Options) (*db.DB, *audit.Log) {
	clock := eight()
	o.Clock = clock.Now
	d := dbtest.OpenWith(t, o, schemas...)
	l := started(t, d, audit.Options{SignEvery: -1})
	write := func(from, to int) {
		clock.Add(2 * time.Minute)
		for at := from; at < to; at += 50 {
			err := d.Write(ctx, func(tx *db.Tx) error {
				for i := at; i < min(at+50, to); i++ {
					e := reveal(fmt.Sprintf("sub_%c", 'a'+i%3))
					e.Detail = map[string]any{"n": i}
					if i == 50 {
						e.Decision, e.Reason = audit.Denied, "gate.level"
					}
					if _, err := l.Append(tx, e); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Sign(ctx); err != nil {
			t.Fatal(err)
		}
	}
	write(0, 299) // checkpoints at 0, 1, 300, 600
	write(299, 599)
	return d, l
}

func leafAt(t *testing.T, d *db.DB, index int64) (leaf []byte) {
	err := d.Read(ctx, func(tx *db.Tx) error {
		return tx.Data.Row("select leaf from audit_entry where position = $1", shard+index).Scan(&leaf)
	})
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

// forged returns the leaf at index with another actor.
func forged(t *testing.T, d *db.DB, index int64, change func(*proof.Leaf)) []byte {
	l, err := proof.ParseLeaf(leafAt(t, d, index))
	if err != nil {
		t.Fatal(err)
	}
	change(&l)
	b, err := l.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func other(l *proof.Leaf) { l.Action = "compare" }

// rebuild makes every tile, and if told the head, fit the leaves that are stored: what a
// patient intruder does.
func rebuild(t *testing.T, d *db.DB, head bool) (root tlog.Hash, size int64) {
	tree := &proof.Tree{}
	put := func(tx *db.Tx) func(level int, number int64, hashes []byte) {
		return func(level int, number int64, hashes []byte) {
			tx.Data.Queue("insert into audit_tile (tile, hashes) values ($1, $2) on conflict (tile) do update set hashes = excluded.hashes", shard|int64(level)<<33|number, bytes.Clone(hashes))
		}
	}
	err := d.Write(ctx, func(tx *db.Tx) error {
		tree = &proof.Tree{}
		var leaves [][]byte
		err := tx.Data.Rows("select leaf from audit_entry order by position", nil, func(r db.Row) error {
			var b []byte
			err := r.Scan(&b)
			leaves = append(leaves, b)
			return err
		})
		if err != nil {
			return err
		}
		for _, b := range leaves {
			tree.Append(proof.LeafHash(b), put(tx))
		}
		tree.Partial(put(tx))
		if head {
			root := tree.Root()
			tx.Data.Queue("update audit_shard set root = $1, size = $2", root[:], tree.Size())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree.Root(), tree.Size()
}

// Each case edits the database behind the product's back; amanah verify names the first
// bad index and what was done, and a start refuses.
func TestTamperingWithTheDatabaseIsFound(t *testing.T) {
	cases := map[string]struct {
		edit    func(t *testing.T, d *db.DB)
		class   proof.Class
		index   int64
		through int64 // 0: exact
		quiet   bool  // a start does not look there: only verify finds it
	}{
		"a leaf is edited": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_entry set leaf = $1, action = 'compare' where position = $2", forged(t, d, 77, other), shard+77)
		}, proof.LeafEdited, 77, 0, true},
		"a young leaf is edited": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_entry set leaf = $1, action = 'compare' where position = $2", forged(t, d, 590, other), shard+590)
		}, proof.LeafEdited, 590, 0, false},
		"a searched column is edited": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_entry set actor = 'stf_other' where position = $1", shard+78)
		}, proof.ColumnEdited, 78, 0, true},
		"an entry is moved to another controller": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_entry set controller = 'ctl_other' where position = $1", shard+81)
		}, proof.ColumnEdited, 81, 0, true},
		"an entry is moved to no controller, where every reader finds it": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_entry set controller = null where position = $1", shard+82)
		}, proof.ColumnEdited, 82, 0, true},
		"a sealed detail is edited": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_detail set detail_sealed = $1 where position = $2", []byte("something else"), shard+79)
		}, proof.DetailEdited, 79, 0, true},
		"details change places": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_detail set detail_sealed = (select detail_sealed from audit_detail where position = $1) where position = $2", shard+84, shard+81)
		}, proof.DetailEdited, 81, 0, true},
		"a detail is removed from its row": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_detail set detail_sealed = null where position = $1", shard+82)
		}, proof.SideAbsent, 82, 0, true},
		"a subject is edited": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_detail set subject = 'sub_x' where position = $1", shard+80)
		}, proof.SubjectEdited, 80, 0, true},
		"a subject's number is edited": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_detail set n = 1000 where position = $1", shard+80)
		}, proof.SubjectEdited, 80, 0, true},
		"a leaf is deleted": {func(t *testing.T, d *db.DB) {
			change(t, d, "delete from audit_entry where position = $1", shard+100)
		}, proof.LeafDeleted, 100, 0, true},
		"a whole tile of leaves is deleted": {func(t *testing.T, d *db.DB) {
			change(t, d, "delete from audit_entry where position >= $1 and position < $2", shard+256, shard+512)
		}, proof.LeafDeleted, 256, 0, false},
		"a leaf is inserted after the end": {func(t *testing.T, d *db.DB) {
			change(t, d, "insert into audit_entry (position, leaf, time, action, decision, actor) values ($1, $2, 1, 'a', 'done', 'x')", shard+600, []byte{1})
		}, proof.LeafInserted, 600, 0, false},
		"a leaf is inserted in the middle": {func(t *testing.T, d *db.DB) {
			for i := int64(599); i >= 120; i-- {
				change(t, d, "update audit_entry set position = position + 1 where position = $1", shard+i)
			}
			change(t, d, "insert into audit_entry (position, leaf, time, action, decision, actor) values ($1, $2, 1, 'a', 'done', 'x')", shard+120, forged(t, d, 122, other))
		}, proof.LeafInserted, 120, 0, false},
		"a leaf is cut out and the others moved up": {func(t *testing.T, d *db.DB) {
			change(t, d, "delete from audit_entry where position = $1", shard+130)
			for i := int64(131); i < 600; i++ {
				change(t, d, "update audit_entry set position = position - 1 where position = $1", shard+i)
			}
		}, proof.LeafDeleted, 130, 0, false},
		"two leaves change places": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_entry set position = 1 where position = $1", shard+140)
			change(t, d, "update audit_entry set position = $1 where position = $2", shard+140, shard+141)
			change(t, d, "update audit_entry set position = $1 where position = 1", shard+141)
		}, proof.LeafReordered, 140, 0, true},
		"two distant leaves change places": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_entry set position = 1 where position = $1", shard+140)
			change(t, d, "update audit_entry set position = $1 where position = $2", shard+140, shard+150)
			change(t, d, "update audit_entry set position = $1 where position = 1", shard+150)
		}, proof.LeafReordered, 140, 0, true},
		"the end is cut off": {func(t *testing.T, d *db.DB) {
			change(t, d, "delete from audit_entry where position >= $1", shard+550)
		}, proof.LogTruncated, 550, 0, false},
		"the end is cut off and the head with it": {func(t *testing.T, d *db.DB) {
			change(t, d, "delete from audit_entry where position >= $1", shard+550)
			rebuild(t, d, true)
		}, proof.LogTruncated, 550, 599, false},
		"a stored hash is edited": {func(t *testing.T, d *db.DB) {
			tile := tileOf(t, d, 0, 0)
			tile[99*32] ^= 1
			change(t, d, "update audit_tile set hashes = $1 where tile = $2", tile, shard)
		}, proof.TileEdited, 99, 0, true},
		"a tile is deleted": {func(t *testing.T, d *db.DB) {
			change(t, d, "delete from audit_tile where tile = $1", shard+1)
		}, proof.TileEdited, 256, 0, false},
		"a hash above is edited": {func(t *testing.T, d *db.DB) {
			tile := tileOf(t, d, 1, 0)
			tile[32] ^= 1
			change(t, d, "update audit_tile set hashes = $1 where tile = $2", tile, shard|1<<33)
		}, proof.TileEdited, 256, 511, false},
		"a leaf is edited and its tile with it": {func(t *testing.T, d *db.DB) {
			b := forged(t, d, 300, other)
			change(t, d, "update audit_entry set leaf = $1, action = 'compare' where position = $2", b, shard+300)
			tile := tileOf(t, d, 0, 1)
			h := proof.LeafHash(b)
			copy(tile[(300-256)*32:], h[:])
			change(t, d, "update audit_tile set hashes = $1 where tile = $2", tile, shard+1)
		}, proof.LogRewritten, 300, 511, true},
		"everything after the edit is rebuilt": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_entry set leaf = $1, action = 'compare' where position = $2", forged(t, d, 310, other), shard+310)
			rebuild(t, d, true)
		}, proof.LogRewritten, 300, 599, false}, // the checkpoint at 300 still holds
		"everything is rebuilt and signed with another key": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_entry set leaf = $1, action = 'compare' where position = $2", forged(t, d, 310, other), shard+310)
			root, size := rebuild(t, d, true)
			resign(t, d, key(9), size, root)
		}, proof.BadSignature, 300, 599, false},
		"the clock ran back": {func(t *testing.T, d *db.DB) {
			// With the key: signed again, so only the time betrays it.
			b := forged(t, d, 400, func(l *proof.Leaf) { l.Time -= 1_000_000_000 })
			l, _ := proof.ParseLeaf(b)
			change(t, d, "update audit_entry set leaf = $1, time = $2 where position = $3", b, l.Time, shard+400)
			root, size := rebuild(t, d, true)
			resign(t, d, key(1), size, root)
		}, proof.ClockBack, 400, 0, false},
		"a detail is gone without an erasure": {func(t *testing.T, d *db.DB) {
			change(t, d, "delete from audit_detail where position = $1", shard+83)
		}, proof.SideAbsent, 83, 0, true},
		"a detail is set beside a leaf that has none": {func(t *testing.T, d *db.DB) {
			change(t, d, "insert into audit_detail (position, salt, subject, n) values ($1, $2, 'sub_a', 1)", shard, make([]byte, 32))
		}, proof.SideInserted, 0, 0, true},
		"a detail is set beside no leaf": {func(t *testing.T, d *db.DB) {
			change(t, d, "insert into audit_detail (position, salt, subject, n) values ($1, $2, 'sub_a', 1)", shard+5000, make([]byte, 32))
		}, proof.SideInserted, 5000, 0, true},
		"a detail is set where no log is": {func(t *testing.T, d *db.DB) {
			change(t, d, "insert into audit_detail (position, salt, subject, n) values ($1, $2, 'sub_a', 1)", 7*shard+9, make([]byte, 32))
		}, proof.SideInserted, 9, 0, true},
		"a salt is made longer": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_detail set salt = $1 where position = $2", make([]byte, 33), shard+80)
		}, proof.SubjectEdited, 80, 0, true},
		"two words of the index exchange their entries": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_index set word = 'subject:sub_x' where word = 'subject:sub_a'")
			change(t, d, "update audit_index set word = 'subject:sub_a' where word = 'subject:sub_b'")
			change(t, d, "update audit_index set word = 'subject:sub_b' where word = 'subject:sub_x'")
		}, proof.IndexEdited, 0, 511, true},
		"a word of the index loses its colon": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_index set word = 'subjectsub_a' where word = 'subject:sub_a'")
		}, proof.IndexEdited, 0, 511, true},
		"a word of the index gets a colon": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_index set word = 'denied:' where word = 'denied'")
		}, proof.IndexEdited, 0, 511, true},
		"a row is taken out of the index": {func(t *testing.T, d *db.DB) {
			change(t, d, "delete from audit_index where word = 'subject:sub_a'")
		}, proof.IndexEdited, 0, 511, true},
		"an entry is taken out of a row of the index": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_index set entries = $1 where word = 'subject:sub_a'", []byte{0, 1})
		}, proof.IndexEdited, 0, 511, true},
		"an entry is put under a word it does not bear": {func(t *testing.T, d *db.DB) {
			change(t, d, "insert into audit_index (word, run, entries) values ('subject:sub_x', $1, $2)", shard, []byte{0, 9})
		}, proof.IndexEdited, 0, 511, true},
		"a row of the index cannot be read": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_index set entries = $1 where word = 'subject:sub_a'", []byte{0})
		}, proof.IndexEdited, 0, 511, true},
		"a row of the index stands where no run begins": {func(t *testing.T, d *db.DB) {
			change(t, d, "insert into audit_index (word, run, entries) values ('subject:sub_a', $1, $2)", shard+600, []byte{0, 9})
		}, proof.IndexEdited, 600, 1111, true},
		"the head's root is edited": {func(t *testing.T, d *db.DB) {
			change(t, d, "update audit_shard set root = $1", make([]byte, 32))
		}, proof.LogRewritten, 600, 0, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d, l := story(t)
			size := l.Size()
			if r := verify(t, d); !r.OK() || size != 600 {
				t.Fatalf("before: %+v", r)
			}
			c.edit(t, d)
			r := verify(t, d)
			if r.OK() {
				t.Fatal("not found")
			}
			if c.through == 0 {
				c.through = c.index
			}
			f := r.Faults[0]
			if f.Class != c.class || f.Index != c.index || f.Through != c.through {
				t.Errorf("first of %+v; want %s at %d to %d", r.Faults, c.class, c.index, c.through)
			}
			next := audit.New(d, audit.Options{Deployment: "dep.example", Actor: machine, SignEvery: -1})
			err := next.Start(ctx, plainSealer{}, key(1))
			if c.quiet != (err == nil) || err != nil && code(err) != "audit.tampered" && code(err) != "audit.behind" {
				t.Errorf("start: %v", err)
			}
			if err == nil {
				if c.class != proof.SideInserted && c.class != proof.IndexEdited { // what no entry bears is left to amanah verify
					if err := next.Inspect(ctx); err != nil || next.Health().Found.Fault == nil || next.Health().Found.Fault.Index != c.index || code(next.Alarm()) != "audit.tampered" {
						t.Errorf("after the start: %+v %v", next.Health().Found, err)
					}
				}
				_ = next.Close(ctx)
			}
		})
	}
}

func TestEveryColumnThatIsSearchedIsCompared(t *testing.T) {
	for column, value := range map[string]any{
		"time": 1, "action": "compare", "decision": "done", "actor": "stf_other", "purpose": nil, "interaction": "itx_other", "controller": "",
	} {
		d, _ := story(t)
		change(t, d, "update audit_entry set "+column+" = $1 where position = $2", value, shard+301)
		if r := verify(t, d); len(r.Faults) != 1 || r.Faults[0].Class != proof.ColumnEdited || r.Faults[0].Index != 301 {
			t.Errorf("%s: %+v", column, r.Faults)
		}
	}
}

func TestADetailWhoseLeafIsDeletedIsNamedToo(t *testing.T) {
	d, _ := story(t)
	change(t, d, "delete from audit_entry where position in ($1, $2)", shard+100, shard+599)
	want := []proof.Class{proof.LeafDeleted, proof.SideInserted}
	r := verify(t, d)
	if len(r.Faults) < 2 || r.Faults[0].Class != want[0] || r.Faults[1].Class != want[1] || r.Faults[1].Index != 100 {
		t.Errorf("%+v", r.Faults)
	}
}

func tileOf(t *testing.T, d *db.DB, level, number int64) (data []byte) {
	err := d.Read(ctx, func(tx *db.Tx) error {
		return tx.Data.Row("select hashes from audit_tile where tile = $1", shard|level<<33|number).Scan(&data)
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// resign replaces the newest checkpoint by one over that root.
func resign(t *testing.T, d *db.DB, k audit.KeySigner, size int64, root tlog.Hash) {
	var origin string
	_ = d.Read(ctx, func(tx *db.Tx) error { return tx.Data.Row("select origin from audit_shard").Scan(&origin) })
	c := proof.Checkpoint{Origin: origin, Size: size, Root: root}
	msg, err := note.Sign(&note.Note{Text: c.Text()}, proof.LogSigner("dep.example", k.Public(), k.Sign))
	if err != nil {
		t.Fatal(err)
	}
	change(t, d, "update audit_checkpoint set note = $1 where position = $2", msg, shard+size)
}

// bundle exports the log into a folder and returns it with the log's policy.
func bundle(t *testing.T, l *audit.Log) (string, *proof.Policy) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bundle")
	f, err := folder.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Export(ctx, machine, f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := proof.TrustKey(l.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	return dir, p
}

func rewrite(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func leaves(t *testing.T, path string, change func([][]byte) [][]byte) {
	rewrite(t, path, func(data []byte) []byte {
		list, err := proof.ParseEntries(data, nil)
		if err != nil {
			t.Fatal(err)
		}
		var out []byte
		for _, b := range change(list) {
			out = proof.AppendEntry(out, b)
		}
		return out
	})
}

// Each case edits an exported bundle.
func TestTamperingWithABundleIsFound(t *testing.T) {
	d, l := story(t)
	pristine, policy := bundle(t, l) // 601 entries: the export is logged as well
	entries, sides := "0001/tile/entries/000", "0001/side/000"
	cases := map[string]struct {
		edit    func(t *testing.T, dir string)
		class   proof.Class
		index   int64
		through int64
	}{
		"edit a leaf": {func(t *testing.T, dir string) {
			leaves(t, filepath.Join(dir, entries), func(list [][]byte) [][]byte {
				list[70] = forged(t, d, 70, other)
				return list
			})
		}, proof.LeafEdited, 70, 70},
		"edit a detail": {func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, sides), func(b []byte) []byte {
				i := bytes.Index(b, []byte("sealed:sub_b:"))
				b[i] = 'S'
				return b
			})
		}, proof.DetailEdited, 2, 2},
		"edit a subject": {func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, sides), func(b []byte) []byte {
				return bytes.Replace(b, []byte("\x65sub_b"), []byte("\x65sub_x"), 1)
			})
		}, proof.SubjectEdited, 2, 2},
		"delete a leaf": {func(t *testing.T, dir string) {
			leaves(t, filepath.Join(dir, entries), func(list [][]byte) [][]byte { return slices.Delete(list, 60, 61) })
		}, proof.LeafDeleted, 60, 60},
		"delete the last leaf of a tile": {func(t *testing.T, dir string) {
			leaves(t, filepath.Join(dir, entries), func(list [][]byte) [][]byte { return list[:255] })
		}, proof.LeafDeleted, 255, 255},
		"delete a tile of leaves": {func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, entries)); err != nil {
				t.Fatal(err)
			}
		}, proof.LeafDeleted, 0, 0},
		"insert a leaf": {func(t *testing.T, dir string) {
			leaves(t, filepath.Join(dir, entries), func(list [][]byte) [][]byte {
				return slices.Insert(list, 50, forged(t, d, 50, other))
			})
		}, proof.LeafInserted, 50, 50},
		"insert a leaf at the end": {func(t *testing.T, dir string) {
			leaves(t, filepath.Join(dir, "0001/tile/entries/002.p/89"), func(list [][]byte) [][]byte {
				return append(list, forged(t, d, 50, other))
			})
		}, proof.LeafInserted, 601, 601},
		"reorder leaves": {func(t *testing.T, dir string) {
			leaves(t, filepath.Join(dir, entries), func(list [][]byte) [][]byte {
				list[40], list[41] = list[41], list[40]
				return list
			})
		}, proof.LeafReordered, 40, 40},
		"truncate": {func(t *testing.T, dir string) {
			leaves(t, filepath.Join(dir, "0001/tile/entries/002.p/89"), func(list [][]byte) [][]byte { return list[:20] })
		}, proof.LogTruncated, 532, 532},
		"make leaves unreadable": {func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, entries), func(b []byte) []byte {
				at := 0
				for range 30 {
					at += 2 + int(binary.BigEndian.Uint16(b[at:]))
				}
				b[at] = 0xff
				return b[:at+2000]
			})
		}, proof.LeafDeleted, 30, 30},
		"make sides unreadable": {func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, sides), func(b []byte) []byte { b[0] = 0xff; return b })
		}, proof.BundleUnusable, 0, 0},
		"edit a tile": {func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, "0001/tile/0/000"), func(b []byte) []byte { b[32*30] ^= 1; return b })
		}, proof.TileEdited, 30, 30},
		"shorten a tile": {func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, "0001/tile/0/000"), func(b []byte) []byte { return b[:32*30+5] })
		}, proof.TileEdited, 30, 30},
		"edit a tile above": {func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, "0001/tile/1/000.p/2"), func(b []byte) []byte { b[33] ^= 1; return b })
		}, proof.TileEdited, 256, 511},
		"remove a side": {func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, sides), func(b []byte) []byte {
				list, _ := proof.ParseSides(b, nil)
				var out []byte
				for _, s := range list {
					if s.Index != 33 {
						out = s.Append(out)
					}
				}
				return out
			})
		}, proof.SideAbsent, 33, 33},
		"swap the key": {func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, "0001/checkpoint"), func(b []byte) []byte {
				c, _ := proof.ParseCheckpoint(string(b))
				out, _ := note.Sign(&note.Note{Text: c.Text()}, proof.LogSigner("dep.example", key(7).Public(), key(7).Sign))
				return out
			})
		}, proof.BadSignature, 600, 600},
		"remove the checkpoint's signature": {func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, "0001/checkpoint"), func(b []byte) []byte {
				return append(b[:bytes.Index(b, []byte("\n\n"))], "\n\n— dep.example AAAAAAAAAA==\n"...)
			})
		}, proof.BadSignature, 600, 600},
		"leave a log out": {func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, "manifest"), func([]byte) []byte {
				m := proof.Manifest{Deployment: "dep.example", Time: 1, Origins: []string{l.Origin(), "dep.example/other/1"}}
				out, _ := note.Sign(&note.Note{Text: m.Text()}, proof.LogSigner("dep.example", key(1).Public(), key(1).Sign))
				return out
			})
		}, proof.ShardMissing, 0, 0},
		"forge the manifest": {func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, "manifest"), func(b []byte) []byte { b[30]++; return b })
		}, proof.BadSignature, 0, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "copy")
			if err := os.CopyFS(dir, os.DirFS(pristine)); err != nil {
				t.Fatal(err)
			}
			r, err := proof.VerifyBundle(os.DirFS(dir), proof.Options{Policy: policy})
			if err != nil || !r.OK() || r.Logs[0].Size != 601 || r.Logs[0].Sides != 599 {
				t.Fatalf("before: %+v %v", r, err)
			}
			c.edit(t, dir)
			r, err = proof.VerifyBundle(os.DirFS(dir), proof.Options{Policy: policy})
			if err != nil {
				t.Fatal(err)
			}
			if r.OK() || r.Faults[0].Class != c.class || r.Faults[0].Index != c.index || r.Faults[0].Through != c.through {
				t.Errorf("found %+v; want %s at %d to %d", r.Faults, c.class, c.index, c.through)
			}
		})
	}
}

// Whoever has server and key can write a new history and sign it. A checkpoint that
// somebody else kept shows it.
func TestAHeldCheckpointShowsForkAndRollback(t *testing.T) {
	d, l := story(t)
	kept := l.Checkpoint()
	dir, policy := bundle(t, l)
	r, err := proof.VerifyBundle(os.DirFS(dir), proof.Options{Policy: policy, Held: [][]byte{kept}})
	if err != nil || !r.OK() {
		t.Fatalf("%+v %v", r, err)
	}

	// Another history of the same log: the same origin, key and first entries.
	fork, m := story(t)
	_, _ = bundle(t, m)
	copyRows(t, d, fork, 200)
	root, size := rebuild(t, fork, true)
	change(t, fork, "delete from audit_checkpoint where position < $1", shard+600)
	forget(t, fork)
	resign(t, fork, key(1), size, root)
	r, err = audit.Verify(ctx, fork, proof.Options{Policy: policy, Held: [][]byte{kept}})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(r.Faults, func(f proof.Fault) bool { return f.Class == proof.LogForked })
	if i < 0 || r.Faults[i].Index != 0 || r.Faults[i].Through != 599 {
		t.Errorf("%+v", r.Faults)
	}

	// Rolled back: a consistent older state, with its older checkpoint.
	short, _ := story(t)
	copyRows(t, d, short, 600)
	change(t, short, "delete from audit_entry where position >= $1", shard+300)
	change(t, short, "delete from audit_detail where position >= $1", shard+300)
	change(t, short, "delete from audit_checkpoint where position <> $1", shard+300)
	forget(t, short)
	change(t, short, "delete from audit_index")
	change(t, short, "update audit_shard set indexed = 0")
	root, size = rebuild(t, short, true)
	resign(t, short, key(1), size, root)
	r, err = audit.Verify(ctx, short, proof.Options{Policy: policy})
	if err != nil || !r.OK() {
		t.Errorf("without a held checkpoint: %+v %v", r, err)
	}
	r, err = audit.Verify(ctx, short, proof.Options{Policy: policy, Held: [][]byte{kept}})
	if err != nil || r.OK() || r.Faults[0].Class != proof.LogRolledBack || r.Faults[0].Index != 300 || r.Faults[0].Through != 599 {
		t.Errorf("%+v %v", r, err)
	}
	// A checkpoint of another key proves nothing.
	c, _ := proof.ParseCheckpoint(string(kept))
	stranger, _ := note.Sign(&note.Note{Text: c.Text()}, proof.LogSigner("dep.example", key(7).Public(), key(7).Sign))
	if _, err = audit.Verify(ctx, short, proof.Options{Policy: policy, Held: [][]byte{stranger}}); err == nil {
		t.Error("a checkpoint of a stranger was believed")
	}
}

// forget deletes the anchors, as whoever can write to the keys store as well would.
func forget(t *testing.T, d *db.DB) {
	t.Helper()
	if err := d.Write(ctx, func(tx *db.Tx) error { _, err := tx.Keys.Exec("delete from audit_anchor"); return err }); err != nil {
		t.Fatal(err)
	}
}

// copyRows makes another deployment's database one of the same log: same origin, and the
// first n entries the same.
func copyRows(t *testing.T, from, to *db.DB, n int64) {
	var origin string
	type row struct {
		position, time, number           int64
		leaf, salt, sealed               []byte
		action, decision, actor, purpose *string
		itx, controller, subject         *string
	}
	var rows []row
	err := from.Read(ctx, func(tx *db.Tx) error {
		if err := tx.Data.Row("select origin from audit_shard").Scan(&origin); err != nil {
			return err
		}
		return tx.Data.Rows("select e.position, e.time, coalesce(d.n, 0), e.leaf, d.salt, d.detail_sealed, e.action, e.decision, e.actor, e.purpose, e.interaction, e.controller, d.subject from audit_entry e left join audit_detail d on d.position = e.position where e.position < $1", []any{shard + n}, func(r db.Row) error {
			var x row
			err := r.Scan(&x.position, &x.time, &x.number, &x.leaf, &x.salt, &x.sealed, &x.action, &x.decision, &x.actor, &x.purpose, &x.itx, &x.controller, &x.subject)
			rows = append(rows, x)
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	err = to.Write(ctx, func(tx *db.Tx) error {
		tx.Data.Queue("update audit_shard set origin = $1", origin)
		tx.Data.Queue("delete from audit_entry where position < $1", shard+n)
		tx.Data.Queue("delete from audit_detail where position < $1", shard+n)
		for _, x := range rows {
			tx.Data.Queue("insert into audit_entry (position, leaf, time, action, decision, actor, purpose, interaction, controller) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)", x.position, x.leaf, x.time, x.action, x.decision, x.actor, x.purpose, x.itx, x.controller)
			if x.subject != nil {
				tx.Data.Queue("insert into audit_detail (position, salt, subject, n, detail_sealed) values ($1, $2, $3, $4, $5)", x.position, x.salt, x.subject, x.number, x.sealed)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
