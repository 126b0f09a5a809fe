package proof

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// reference is a tree of golang.org/x/mod.
type reference struct{ hashes []Hash }

func (r *reference) ReadHashes(at []int64) ([]Hash, error) {
	var out []Hash
	for _, i := range at {
		out = append(out, r.hashes[i])
	}
	return out, nil
}

func (r *reference) add(n int64, h Hash) {
	more, err := tlog.StoredHashesForRecordHash(n, h, r)
	if err != nil {
		panic(err)
	}
	r.hashes = append(r.hashes, more...)
}

// grown is a tree with all its tiles, as a store keeps them.
type grown struct {
	Tree
	tiles map[TileRef][]byte
}

func grow(n int64) *grown {
	g := &grown{tiles: map[TileRef][]byte{}}
	g.grow(n)
	return g
}

func (g *grown) grow(n int64) {
	for i := range n {
		g.Append(LeafHash(fmt.Append(nil, g.Size(), i)), g.put)
	}
	g.Partial(g.put)
}

func (g *grown) put(level int, number int64, hashes []byte) {
	g.tiles[TileRef{Level: level, Number: number}] = bytes.Clone(hashes)
}

func (g *grown) read(ref TileRef) ([]byte, error) {
	ref.Width = 0
	return g.tiles[ref], nil
}

func TestTheTreeIsTheReferenceTree(t *testing.T) {
	ref, tree := &reference{}, &Tree{}
	tiles := map[TileRef][]byte{}
	put := func(level int, number int64, hashes []byte) {
		tiles[TileRef{Level: level, Number: number}] = bytes.Clone(hashes)
	}
	for n := int64(0); n < 70_000; n++ {
		if n < 600 || n%997 == 0 || n > 65_530 && n < 65_540 {
			want, _ := tlog.TreeHash(n, ref)
			if tree.Root() != want || tree.Size() != n {
				t.Fatalf("root at %d", n)
			}
			tree.Partial(put)
			again, err := Resume(n, func(r TileRef) ([]byte, error) { r.Width = 0; return tiles[r], nil })
			if err != nil || again.Root() != want {
				t.Fatalf("resumed at %d: %v", n, err)
			}
		}
		h := LeafHash(fmt.Append(nil, n))
		ref.add(n, h)
		tree.Append(h, put)
	}
	tree.Partial(put)
	for _, l := range tlog.NewTiles(8, 0, 70_000) {
		want, _ := tlog.ReadTileData(l, ref)
		if got := tiles[TileRef{Level: l.L, Number: l.N}]; !bytes.Equal(got, want) {
			t.Fatalf("%s: %d bytes, want %d", l.Path(), len(got), len(want))
		}
	}
}

func TestProofsComeOutOfTiles(t *testing.T) {
	const size = 66_000
	g := grow(size)
	root := g.Root()
	rapid.Check(t, func(rt *rapid.T) {
		old := rapid.Int64Range(1, size).Draw(rt, "old")
		n := rapid.Int64Range(0, old-1).Draw(rt, "n")
		hashes := NewHashes(size, g.read)
		was, err := tlog.TreeHash(old, hashes)
		if err != nil {
			rt.Fatal(err)
		}
		p, err := tlog.ProveTree(size, old, hashes)
		if err != nil || !Consistent(old, was, size, root, p) {
			rt.Fatalf("consistency of %d: %v", old, err)
		}
		leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
		if err != nil {
			rt.Fatal(err)
		}
		q, err := tlog.ProveRecord(old, n, NewHashes(old, g.read))
		if err != nil || tlog.CheckRecord(q, old, was, n, leaf[0]) != nil {
			rt.Fatalf("inclusion of %d in %d: %v", n, old, err)
		}
	})
}

// A batch that is rolled back is a clone that is thrown away.
func TestAThrownAwayCloneLeavesNoTrace(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ref, tree := &reference{}, &Tree{}
		for range rapid.IntRange(1, 20).Draw(rt, "batches") {
			c := tree.Clone()
			keep := rapid.Bool().Draw(rt, "keep")
			for i := range rapid.IntRange(0, 300).Draw(rt, "leaves") {
				h := LeafHash(fmt.Append(nil, keep, c.Size(), i))
				if keep {
					ref.add(c.Size(), h)
				}
				c.Append(h, nil)
			}
			if keep {
				tree = c
			}
		}
		want, _ := tlog.TreeHash(tree.Size(), ref)
		if tree.Root() != want {
			rt.Fatal("roots differ")
		}
		tree.Partial(func(level int, number int64, hashes []byte) {
			data, err := tlog.ReadTileData(tlog.Tile{H: 8, L: level, N: number, W: len(hashes) / 32}, ref)
			if err != nil || !bytes.Equal(data, hashes) {
				rt.Fatal("tiles differ")
			}
		})
	})
}

func TestTilesThatAreMissingOrShortAreErrors(t *testing.T) {
	g := grow(300)
	boom := errors.New("boom")
	fail := func(TileRef) ([]byte, error) { return nil, boom }
	short := func(TileRef) ([]byte, error) { return make([]byte, 31), nil }
	if _, err := Resume(300, fail); !errors.Is(err, boom) {
		t.Error(err)
	}
	if _, err := Resume(300, short); !errors.Is(err, ErrMalformed) {
		t.Error(err)
	}
	for _, n := range []int64{-1, 1<<40 + 1} {
		if _, err := Resume(n, g.read); !errors.Is(err, ErrMalformed) {
			t.Error(err)
		}
	}
	if _, err := tlog.ProveRecord(300, 5, NewHashes(300, fail)); !errors.Is(err, boom) {
		t.Error(err)
	}
	if _, err := tlog.ProveRecord(300, 5, NewHashes(300, short)); !errors.Is(err, ErrMalformed) {
		t.Error(err)
	}
	for _, outside := range []int64{tlog.StoredHashIndex(0, 300), tlog.StoredHashIndex(0, 600), tlog.StoredHashIndex(9, 0)} {
		if _, err := NewHashes(300, g.read).ReadHashes([]int64{outside}); !errors.Is(err, ErrMalformed) {
			t.Error(outside, err)
		}
	}
}

func TestPathsAreThoseOfTheSpecification(t *testing.T) {
	for want, got := range map[string]string{
		"tile/0/x001/x234/067":        TileRef{0, 1234067, 256}.Path(),
		"tile/1/000.p/17":             TileRef{1, 0, 17}.Path(),
		"tile/entries/x001/x234/067":  EntriesPath(1234067, 256),
		"tile/entries/000.p/1":        EntriesPath(0, 1),
		"tile/entries/x273/x000/000a": EntriesPath(273000000, 256) + "a",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	// The example of the specification: 70,000 entries.
	refs := PartialTiles(70_000)
	want := []TileRef{{0, 273, 112}, {1, 1, 17}, {2, 0, 1}}
	if len(refs) != 3 || refs[0] != want[0] || refs[1] != want[1] || refs[2] != want[2] {
		t.Errorf("%+v", refs)
	}
}

func TestEntryBundles(t *testing.T) {
	var b []byte
	for _, s := range []string{"", "a", string(make([]byte, 4096))} {
		b = AppendEntry(b, []byte(s))
	}
	list, err := ParseEntries(b, nil)
	if err != nil || len(list) != 3 || string(list[1]) != "a" || len(list[2]) != 4096 {
		t.Errorf("%d %v", len(list), err)
	}
	for _, bad := range [][]byte{{0}, {0, 1}, {255, 255, 1}} {
		if _, err := ParseEntries(bad, nil); !errors.Is(err, ErrMalformed) {
			t.Error(err)
		}
	}
}

func FuzzParseEntries(f *testing.F) {
	f.Add(AppendEntry(AppendEntry(nil, []byte("a")), nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ParseEntries(b, nil)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range list {
			again = AppendEntry(again, e)
		}
		if !bytes.Equal(again, b) {
			t.Error("read and written differ")
		}
	})
}

func FuzzResume(f *testing.F) {
	f.Add(int64(3), make([]byte, 96))
	f.Fuzz(func(t *testing.T, size int64, tile []byte) {
		tree, err := Resume(size, func(TileRef) ([]byte, error) { return tile, nil })
		if err == nil {
			tree.Append(Hash{}, nil)
			_ = tree.Root()
		}
	})
}
