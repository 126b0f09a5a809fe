package proof

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/amanah-id/amanah/proof/folder"
)

// memory is a log in memory.
type memory struct {
	grown
	origin  string
	entries []Entry
	notes   [][]byte
	head    bool
	numbers map[string]int64

	fail error // of every call, when set
}

func newMemory(origin string) *memory {
	m := &memory{origin: origin, numbers: map[string]int64{}}
	m.grown.tiles = map[TileRef][]byte{}
	return m
}

func (m *memory) Head() (Checkpoint, bool, error) {
	return Checkpoint{m.origin, m.Size(), m.Root()}, m.head, m.fail
}

func (m *memory) Checkpoints() ([][]byte, error) { return m.notes, nil }

func (m *memory) Tile(ref TileRef) ([]byte, error) { return m.read(ref) }

func (m *memory) Entries(first int64, count int, into []Entry) ([]Entry, error) {
	from, _ := slices.BinarySearchFunc(m.entries, first, func(e Entry, at int64) int { return int(e.Index - at) })
	for _, e := range m.entries[from:] {
		if e.Index >= first+int64(count) && first < m.Size() {
			break
		}
		into = append(into, e)
	}
	return into, nil
}

func salt(i int64) []byte {
	h := sha256.Sum256(fmt.Append(nil, "salt", i))
	return h[:]
}

// add appends a leaf, about a subject and with a detail if told.
func (m *memory) add(t testing.TB, l Leaf, subject, detail string) {
	t.Helper()
	index := m.Size()
	l.Version = 1
	if l.Time == 0 {
		l.Time = 1_795_449_600_000_000 + index
	}
	if l.Decision == "" {
		l.Decision = "done"
	}
	e := Entry{Index: index}
	if subject != "" {
		m.numbers[subject]++
		e.Side = &Side{Index: index, Salt: salt(index), Subject: subject, N: m.numbers[subject]}
		l.SubjectCommitment = SubjectCommitment(e.Side.Salt, subject, e.Side.N)
		if detail != "" {
			e.Side.Sealed = []byte("sealed " + detail)
			l.DetailCommitment = DetailCommitment(e.Side.Salt, []byte(detail))
			l.SealedCommitment = SealedCommitment(e.Side.Salt, e.Side.Sealed)
		}
	}
	b, err := l.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	m.raw(b, e.Side)
}

func (m *memory) raw(leaf []byte, s *Side) {
	m.entries = append(m.entries, Entry{Index: m.Size(), Leaf: leaf, Side: s})
	m.Append(LeafHash(leaf), m.put)
}

func (m *memory) sign(t testing.TB, signers ...note.Signer) {
	m.Partial(m.put)
	if len(signers) == 0 {
		signers = []note.Signer{testLogSigner("dep", 1)}
	}
	m.notes = append(m.notes, signed(t, Checkpoint{m.origin, m.Size(), m.Root()}, signers...))
}

func act(name string) Leaf { return Leaf{Action: name, ActorKind: "staff", Actor: "stf_1"} }

// story is a log of n entries about three subjects.
func story(t testing.TB, origin string, n int) *memory {
	m := newMemory(origin)
	m.add(t, act("log.start"), "", "")
	for i := 1; i < n; i++ {
		m.add(t, act("reveal"), fmt.Sprintf("sub_%c", 'a'+i%3), []string{"", "a detail"}[i%2])
	}
	m.sign(t)
	return m
}

func check(t testing.TB, p *Policy, held [][]byte, logs ...Log) *Report {
	t.Helper()
	r, err := Verify(logs, Options{Policy: p, Held: held})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func first(t testing.TB, r *Report, class Class, index, through int64) {
	t.Helper()
	if r.OK() || r.Faults[0].Class != class || r.Faults[0].Index != index || r.Faults[0].Through != through {
		t.Errorf("found %+v, want %s at %d to %d", r.Faults, class, index, through)
	}
}

func TestASoundLogIsFoundSound(t *testing.T) {
	p := policy(t, logLine(1), "quorum none")
	for _, n := range []int{1, 2, 255, 256, 257, 700} {
		m := story(t, "dep/main/1", n)
		var calls int
		r, err := Verify([]Log{m}, Options{Policy: p, Progress: func(origin string, done, size int64) { calls++ }})
		if err != nil || !r.OK() || r.Logs[0].Size != int64(n) || r.Logs[0].Signed != int64(n) || r.Logs[0].Sides != int64(n-1) || r.Logs[0].Root != m.Root() || calls == 0 {
			t.Errorf("%d: %+v %v", n, r, err)
		}
	}
	if r := check(t, p, nil, newMemory("dep/main/1")); !r.OK() {
		t.Errorf("empty: %+v", r)
	}
}

func TestFaultsOfWhatALeafSays(t *testing.T) {
	p := policy(t, logLine(1), "quorum none")
	build := func(change func(m *memory)) *memory {
		m := story(t, "dep/main/1", 300)
		change(m)
		m.notes = nil
		m.sign(t)
		return m
	}
	first(t, check(t, p, nil, build(func(m *memory) { m.raw([]byte{1}, nil) })), LeafMalformed, 300, 300)
	first(t, check(t, p, nil, build(func(m *memory) { m.add(t, Leaf{Action: "a", Time: 5}, "", "") })), ClockBack, 300, 300)
	first(t, check(t, p, nil, build(func(m *memory) { m.entries[0].Side = &Side{Salt: salt(0)} })), SideInserted, 0, 0)
	first(t, check(t, p, nil, build(func(m *memory) { m.entries[9].Side.N++ })), SubjectEdited, 9, 9)
	first(t, check(t, p, nil, build(func(m *memory) { m.entries[9].Side.Sealed = []byte("x") })), DetailEdited, 9, 9)
	first(t, check(t, p, nil, build(func(m *memory) { m.entries[9].Side.Detail = []byte("x") })), DetailEdited, 9, 9)
	first(t, check(t, p, nil, build(func(m *memory) { m.entries[9].Side.Sealed = nil })), SideAbsent, 9, 9)
	first(t, check(t, p, nil, build(func(m *memory) { m.entries[9].Side = nil })), SideAbsent, 9, 9)
	first(t, check(t, p, nil, build(func(m *memory) { m.entries[9].Fault = BundleUnusable })), BundleUnusable, 9, 9)
	columns := func(change func(*Columns)) func(m *memory) {
		return func(m *memory) {
			l, _ := ParseLeaf(m.entries[9].Leaf)
			c := &Columns{l.Time, l.Action, l.Decision, l.Actor, l.Purpose, l.Interaction, l.Controller}
			change(c)
			m.entries[9].Columns = c
		}
	}
	if r := check(t, p, nil, build(columns(func(*Columns) {}))); !r.OK() {
		t.Errorf("true columns: %+v", r.Faults)
	}
	for _, change := range []func(*Columns){
		func(c *Columns) { c.Time++ }, func(c *Columns) { c.Action += "x" }, func(c *Columns) { c.Decision = "" }, func(c *Columns) { c.Actor = "x" },
		func(c *Columns) { c.Purpose = "x" }, func(c *Columns) { c.Interaction = "x" }, func(c *Columns) { c.Controller = "x" },
	} {
		first(t, check(t, p, nil, build(columns(change))), ColumnEdited, 9, 9)
	}
	first(t, check(t, p, nil, build(func(m *memory) { m.numbers["sub_a"] = 3; m.add(t, act("x"), "sub_a", "") })), NotContiguous, 300, 300)
	first(t, check(t, p, nil, build(func(m *memory) { m.numbers["sub_a"] += 3; m.add(t, act("x"), "sub_a", "") })), NotContiguous, 300, 300)
	if r := check(t, p, nil, build(func(m *memory) { m.entries[9].Side.Sealed, m.entries[9].Side.Detail = nil, []byte("a detail") })); !r.OK() {
		t.Errorf("an opened detail: %+v", r.Faults)
	}
	if r := check(t, p, nil, build(func(m *memory) { m.add(t, Leaf{Action: "a", Skew: 5}, "", "") })); !r.OK() || r.Logs[0].Skewed != 1 {
		t.Errorf("a skewed leaf: %+v", r)
	}
	// Many faults are cut.
	m := build(func(m *memory) {
		for i := range m.entries {
			m.entries[i].Side = nil
		}
	})
	if r := check(t, p, nil, m); len(r.Faults) != maxFaults {
		t.Errorf("%d faults", len(r.Faults))
	}
}

func TestAbsencesMustBeCovered(t *testing.T) {
	p := policy(t, logLine(1), "quorum none")
	a, b := story(t, "dep/main/1", 300), story(t, "dep/main/2", 300)
	for _, i := range []int64{3, 6, 9, 12, 15} {
		a.entries[i].Side = nil
		b.entries[i].Side = nil
	}
	runs := []Run{{From: 3, Count: 1}, {From: 6, Count: 1}, {From: 9, Count: 7}}
	a.add(t, Leaf{Action: "erasure", Covers: []Cover{{Origin: "dep/main/1", Runs: runs}, {Origin: "dep/main/2", Runs: runs}}}, "", "")
	a.add(t, Leaf{Action: "erasure", Covers: []Cover{{Origin: "dep/main/1", Runs: runs[1:2]}}}, "", "") // twice does not matter
	a.sign(t)
	r := check(t, p, nil, a, b)
	if !r.OK() || r.Logs[0].Authorised != 5 || r.Logs[1].Authorised != 5 || r.Logs[0].Lingering != 4 {
		t.Errorf("%+v", r)
	}
	// Without the log that says so, the other's absences are unexplained.
	first(t, check(t, p, nil, b), SideAbsent, 3, 3)
	// A leaf cannot cover what comes after it.
	c := story(t, "dep/main/1", 10)
	c.add(t, Leaf{Action: "erasure", Covers: []Cover{{Origin: "dep/main/1", Runs: []Run{{From: 0, Count: 20}}}}}, "", "")
	c.add(t, act("x"), "sub_a", "")
	c.entries[11].Side = nil
	c.sign(t)
	first(t, check(t, p, nil, c), SideAbsent, 11, 11)
}

func TestFaultsOfTheTree(t *testing.T) {
	p := policy(t, logLine(1), "quorum none")
	build := func(change func(m *memory)) *memory {
		m := story(t, "dep/main/1", 300)
		for i := 300; i < 700; i++ {
			m.add(t, act("x"), "", "")
		}
		m.sign(t)
		m.head = true
		change(m)
		return m
	}
	edit := func(i int) func(m *memory) {
		return func(m *memory) {
			m.entries[i].Leaf = bytes.Replace(m.entries[i].Leaf, []byte("stf_1"), []byte("stf_2"), 1)
		}
	}
	tile := func(level int, number int64) TileRef { return TileRef{Level: level, Number: number} }
	if r := check(t, p, nil, build(func(*memory) {})); !r.OK() {
		t.Fatal(r.Faults)
	}
	first(t, check(t, p, nil, build(edit(400))), LeafEdited, 400, 400)
	first(t, check(t, p, nil, build(func(m *memory) { m.tiles[tile(0, 1)][32*7] ^= 1 })), TileEdited, 263, 263)
	first(t, check(t, p, nil, build(func(m *memory) { m.tiles[tile(1, 0)][32] ^= 1 })), TileEdited, 256, 511)
	first(t, check(t, p, nil, build(func(m *memory) { m.tiles[tile(1, 0)] = m.tiles[tile(1, 0)][:40] })), TileEdited, 256, 511)
	first(t, check(t, p, nil, build(func(m *memory) { delete(m.tiles, tile(0, 1)) })), TileEdited, 256, 256)
	// Leaf and tile are edited, the tile above betrays where.
	first(t, check(t, p, nil, build(func(m *memory) {
		edit(520)(m)
		h := LeafHash(m.entries[520].Leaf)
		copy(m.tiles[tile(0, 2)][(520-512)*32:], h[:])
	})), LogRewritten, 300, 699) // 520 is in a tile that is not full: nothing above it
	first(t, check(t, p, nil, build(func(m *memory) {
		edit(400)(m)
		h := LeafHash(m.entries[400].Leaf)
		copy(m.tiles[tile(0, 1)][(400-256)*32:], h[:])
	})), LogRewritten, 300, 511)
	first(t, check(t, p, nil, build(func(m *memory) {
		edit(10)(m)
		h := LeafHash(m.entries[10].Leaf)
		copy(m.tiles[tile(0, 0)][10*32:], h[:])
	})), LogRewritten, 0, 255)
	// Two edits of which the first one hides its tile: the tile above tells.
	first(t, check(t, p, nil, build(func(m *memory) {
		m.notes = m.notes[1:]
		edit(10)(m)
		h := LeafHash(m.entries[10].Leaf)
		copy(m.tiles[tile(0, 0)][10*32:], h[:])
		edit(650)(m)
	})), LogRewritten, 0, 255)
	first(t, check(t, p, nil, build(func(m *memory) {
		edit(600)(m)
		edit(650)(m)
		h := LeafHash(m.entries[650].Leaf)
		copy(m.tiles[tile(0, 2)][(650-512)*32:], h[:])
	})), LeafEdited, 600, 600)
	// Leaves of the store itself are missing, moved or too many.
	gone := func(from, to int) func(m *memory) {
		return func(m *memory) { m.entries = append(m.entries[:from:from], m.entries[to:]...) }
	}
	shifted := func(m *memory) {
		for i := range m.entries {
			m.entries[i].Index = int64(i)
		}
	}
	first(t, check(t, p, nil, build(gone(40, 41))), LeafDeleted, 40, 40)
	first(t, check(t, p, nil, build(gone(256, 512))), LeafDeleted, 256, 256)
	first(t, check(t, p, nil, build(gone(650, 700))), LogTruncated, 650, 650)
	first(t, check(t, p, nil, build(func(m *memory) { gone(650, 700)(m); gone(40, 41)(m) })), LeafDeleted, 40, 40)
	first(t, check(t, p, nil, build(func(m *memory) { gone(40, 41)(m); shifted(m) })), LeafDeleted, 40, 40)
	first(t, check(t, p, nil, build(func(m *memory) {
		e := Entry{Leaf: bytes.Replace(m.entries[40].Leaf, []byte("stf_1"), []byte("stf_2"), 1)}
		m.entries = append(m.entries[:40:40], append([]Entry{e}, m.entries[40:]...)...)
		shifted(m)
	})), LeafInserted, 40, 40)
	first(t, check(t, p, nil, build(func(m *memory) {
		m.entries[40], m.entries[41] = m.entries[41], m.entries[40]
		shifted(m)
	})), LeafReordered, 40, 40)
	first(t, check(t, p, nil, build(func(m *memory) {
		m.entries[40], m.entries[60] = m.entries[60], m.entries[40]
		shifted(m)
	})), LeafReordered, 40, 40)
	first(t, check(t, p, nil, build(func(m *memory) {
		m.entries = append(m.entries, Entry{Index: 700, Leaf: []byte("x")})
	})), LeafInserted, 700, 700)
	// Unsigned young leaves have no tile yet.
	young := build(func(m *memory) { m.add(t, act("x"), "", "") })
	if r := check(t, p, nil, young); !r.OK() || r.Logs[0].Size != 701 || r.Logs[0].Signed != 700 {
		t.Errorf("%+v", r)
	}
	edit(700)(young)
	first(t, check(t, p, nil, young), LogRewritten, 700, 700)
	// A store that claims less than it signed.
	short := build(func(*memory) {})
	small := story(t, "dep/main/1", 300)
	small.head, small.notes = true, short.notes
	first(t, check(t, p, nil, small), LogTruncated, 300, 699)
	// Checkpoints out of order are all checked.
	mixed := build(func(m *memory) { m.notes[0], m.notes[1] = m.notes[1], m.notes[0] })
	if r := check(t, p, nil, mixed); !r.OK() || r.Logs[0].Signed != 700 {
		t.Errorf("%+v", r)
	}
	mixed.notes[1] = signed(t, Checkpoint{mixed.origin, 300, LeafHash([]byte("another history"))}, testLogSigner("dep", 1))
	first(t, check(t, p, nil, mixed), LogRewritten, 0, 299)
}

func TestWitnessesAndHeldCheckpoints(t *testing.T) {
	none := policy(t, logLine(1), "quorum none")
	needs := policy(t, logLine(1), witnessLine("a", 10), "quorum a")
	m := story(t, "dep/main/1", 30)
	held := m.notes[0]
	first(t, check(t, needs, nil, m), NotWitnessed, 0, 29)
	m.add(t, act("x"), "", "")
	m.sign(t, testLogSigner("dep", 1), testWitnessSigner("a.example", 10))
	m.add(t, act("x"), "", "")
	m.sign(t)
	if r := check(t, needs, nil, m); !r.OK() || r.Logs[0].Witnessed != 31 || r.Logs[0].Size != 32 {
		t.Errorf("%+v", r)
	}
	if r := check(t, none, [][]byte{held}, m); !r.OK() {
		t.Errorf("%+v", r.Faults)
	}
	foreign := signed(t, Checkpoint{Origin: "elsewhere", Size: 3}, testLogSigner("elsewhere", 1))
	if r := check(t, none, [][]byte{foreign, signed(t, Checkpoint{Origin: "dep/other", Size: 3}, testLogSigner("dep", 1))}, m); !r.OK() {
		t.Errorf("%+v", r.Faults)
	}
	first(t, check(t, none, [][]byte{signed(t, Checkpoint{Origin: "dep/main/1", Size: 20}, testLogSigner("dep", 1))}, m), LogForked, 0, 19)
	first(t, check(t, none, [][]byte{signed(t, Checkpoint{Origin: "dep/main/1", Size: 90}, testLogSigner("dep", 1))}, m), LogRolledBack, 32, 89)
	for _, bad := range [][]byte{[]byte("nonsense"), signed(t, Checkpoint{Origin: "dep/main/1", Size: 20}, testLogSigner("dep", 2))} {
		if _, err := Verify([]Log{m}, Options{Policy: none, Held: [][]byte{bad}}); !errors.Is(err, ErrHeld) {
			t.Error(err)
		}
	}
	stranger := story(t, "dep/main/1", 30)
	stranger.notes = nil
	stranger.sign(t, testLogSigner("dep", 2))
	first(t, check(t, none, nil, stranger), BadSignature, 0, 29)
	garbage := story(t, "dep/main/1", 30)
	garbage.notes = [][]byte{[]byte("garbage")}
	first(t, check(t, none, nil, garbage), BadSignature, 0, 0)
}

func TestAddKeepsTheOrder(t *testing.T) {
	r := &Report{}
	for _, i := range []int64{5, 3, 9, 4} {
		r.Add(Fault{Origin: "a", Index: i})
	}
	for i, want := range []int64{3, 4, 5, 9} {
		if r.Faults[i].Index != want {
			t.Errorf("%+v", r.Faults)
		}
	}
}

// broken fails one of a log's calls, the n-th.
type broken struct {
	Log
	call string
	n    int
	err  error
}

func (b *broken) hit(call string) error {
	if call == b.call {
		if b.n--; b.n < 0 {
			return b.err
		}
	}
	return nil
}

func (b *broken) Head() (Checkpoint, bool, error) {
	if err := b.hit("head"); err != nil {
		return Checkpoint{}, false, err
	}
	return b.Log.Head()
}

func (b *broken) Checkpoints() ([][]byte, error) {
	if err := b.hit("checkpoints"); err != nil {
		return nil, err
	}
	return b.Log.Checkpoints()
}

func (b *broken) Tile(r TileRef) ([]byte, error) {
	if err := b.hit("tile"); err != nil {
		return nil, err
	}
	return b.Log.Tile(r)
}

func (b *broken) Entries(first int64, count int, into []Entry) ([]Entry, error) {
	if err := b.hit("entries"); err != nil {
		return nil, err
	}
	return b.Log.Entries(first, count, into)
}

// nowhere is a place that takes n files, and of the last some bytes.
type nowhere struct {
	n   int
	err error
}

func (w *nowhere) Create(string) (io.Writer, error) {
	if w.n--; w.n < 0 {
		return nil, w.err
	}
	return io.Discard, nil
}

func TestAStoreThatFailsIsAnErrorNotAFinding(t *testing.T) {
	p := policy(t, logLine(1), "quorum none")
	boom := errors.New("boom")
	for call, calls := range map[string]int{"head": 1, "checkpoints": 1, "tile": 1, "entries": 3} {
		for n := range calls {
			m := story(t, "dep/main/1", 300)
			_, err := Verify([]Log{&broken{m, call, n, boom}}, Options{Policy: p})
			if !errors.Is(err, boom) {
				t.Errorf("%s %d: %v", call, n, err)
			}
			if call == "head" || call == "entries" && n == 2 {
				continue // writing does not ask
			}
			if err := WriteBundle(&nowhere{1000, boom}, Bundle{Logs: []Log{&broken{m, call, n, boom}}}); !errors.Is(err, boom) {
				t.Errorf("%s %d: %v", call, n, err)
			}
		}
	}
	m := story(t, "dep/main/1", 300)
	x := Extract{Checkpoint: m.notes[0], Leaves: []ExtractLeaf{{Leaf: m.entries[0].Leaf}}}
	for n := range 12 {
		err := WriteBundle(&nowhere{n, boom}, Bundle{Logs: []Log{m}})
		err2 := WriteExtract(&nowhere{n, boom}, nil, nil, []Extract{x})
		if n < 11 && !errors.Is(err, boom) || n < 6 && !errors.Is(err2, boom) {
			t.Errorf("%d: %v %v", n, err, err2)
		}
	}
	if err := WriteBundle(&nowhere{99, boom}, Bundle{Logs: []Log{newMemory("x")}}); !errors.Is(err, errNoCheckpoint) {
		t.Error(err)
	}
	m.notes[0] = []byte("garbage")
	if err := WriteBundle(&nowhere{99, boom}, Bundle{Logs: []Log{m}}); !errors.Is(err, ErrMalformed) {
		t.Error(err)
	}
	if err := WriteExtract(&nowhere{99, boom}, nil, nil, []Extract{{Checkpoint: []byte("garbage")}}); !errors.Is(err, ErrMalformed) {
		t.Error(err)
	}
}

func manifest(t testing.TB, seed byte, origins ...string) []byte {
	t.Helper()
	m, err := note.Sign(&note.Note{Text: Manifest{"dep", 5, origins}.Text()}, testLogSigner("dep", seed))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// written is a bundle of a log of 300 entries with two checkpoints, as a file system.
func written(t testing.TB) fstest.MapFS {
	t.Helper()
	m := story(t, "dep/main/1", 200)
	for i := 200; i < 300; i++ {
		m.add(t, act("x"), "sub_a", "")
	}
	m.sign(t)
	m.add(t, act("later"), "", "") // a live log has more than it signed
	var buf bytes.Buffer
	z := NewZip(&buf)
	b := Bundle{Policy: []byte(logLine(1) + "\nquorum none\n"), Manifest: manifest(t, 1, "dep/main/1"), Logs: []Log{m}}
	if err := errors.Join(WriteBundle(z, b), z.Close()); err != nil {
		t.Fatal(err)
	}
	return unzipped(t, buf.Bytes())
}

func unzipped(t testing.TB, data []byte) fstest.MapFS {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, f := range r.File {
		data, err := fs.ReadFile(r, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = &fstest.MapFile{Data: data}
	}
	return files
}

func TestABundleIsCheckedWithAndWithoutAKey(t *testing.T) {
	files := written(t)
	r, err := VerifyBundle(files, Options{Policy: policy(t, logLine(1), "quorum none")})
	if err != nil || !r.OK() || r.SelfKeyed || r.Logs[0].Size != 300 {
		t.Errorf("%+v %v", r, err)
	}
	r, err = VerifyBundle(files, Options{})
	if err != nil || !r.OK() || !r.SelfKeyed {
		t.Errorf("%+v %v", r, err)
	}
	r, err = VerifyBundle(files, Options{Policy: policy(t, logLine(2), "quorum none")})
	if err != nil || r.OK() || r.Faults[0].Class != BadSignature {
		t.Errorf("%+v %v", r, err)
	}
	// Older checkpoints and sides may be left out where there are none.
	delete(files, "0001/checkpoints")
	if r, err := VerifyBundle(files, Options{}); err != nil || !r.OK() {
		t.Errorf("%+v %v", r, err)
	}
	files["0001/side/000"] = &fstest.MapFile{Data: append(files["0001/side/000"].Data, (&Side{Index: 999, Salt: salt(1), Subject: "x"}).Append(nil)...)}
	if r, err := VerifyBundle(files, Options{}); err != nil || !r.OK() {
		t.Errorf("a side of nothing: %+v %v", r, err)
	}
	delete(files, "0001/side/000")
	if r, err := VerifyBundle(files, Options{}); err != nil || r.OK() || r.Faults[0].Class != SideAbsent {
		t.Errorf("%+v %v", r, err)
	}
}

func TestWhatIsMissingFromABundleIsAFinding(t *testing.T) {
	for name, c := range map[string]struct {
		change         func(fstest.MapFS)
		class          Class
		index, through int64
	}{
		"tile":         {func(f fstest.MapFS) { delete(f, "0001/tile/0/000") }, TileEdited, 0, 0},
		"entries":      {func(f fstest.MapFS) { delete(f, "0001/tile/entries/000") }, LeafDeleted, 0, 0},
		"last entries": {func(f fstest.MapFS) { delete(f, "0001/tile/entries/001.p/44") }, LogTruncated, 256, 256},
		"sides":        {func(f fstest.MapFS) { f["0001/side/001"].Data = []byte("x") }, BundleUnusable, 256, 256},
		"an entry more": {func(f fstest.MapFS) {
			f["0001/tile/entries/001.p/44"].Data = AppendEntry(f["0001/tile/entries/001.p/44"].Data, []byte("x"))
		}, LeafInserted, 300, 300},
		"an entry short": {func(f fstest.MapFS) { f["0001/tile/entries/001.p/44"].Data = f["0001/tile/entries/001.p/44"].Data[:10] }, LogTruncated, 256, 256},
	} {
		files := written(t)
		c.change(files)
		r, err := VerifyBundle(files, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		first(t, r, c.class, c.index, c.through)
	}
}

// The levels above need a log of more than 65,536 leaves.
func TestFaultsOfTheUpperTiles(t *testing.T) {
	p := policy(t, logLine(1), "quorum none")
	m := newMemory("dep/main/1")
	for i := range 66_000 {
		if i == 300 {
			m.sign(t)
		}
		m.add(t, act("x"), "", "")
	}
	m.sign(t)
	if r := check(t, p, nil, m); !r.OK() {
		t.Fatal(r.Faults)
	}
	for _, c := range []struct {
		level, number  int64
		hash           int
		index, through int64
	}{{1, 0, 255, 65_280, 65_535}, {1, 0, 3, 768, 1023}, {1, 1, 0, 65_536, 65_791}, {2, 0, 0, 0, 65_535}} {
		ref := TileRef{Level: int(c.level), Number: c.number}
		m.tiles[ref][c.hash*32] ^= 1
		first(t, check(t, p, nil, m), TileEdited, c.index, c.through)
		m.tiles[ref][c.hash*32] ^= 1
	}
	// Of what no checkpoint covers, the store need not have tiles yet.
	m.head, m.notes = true, m.notes[:1]
	kept := [][]byte{m.tiles[TileRef{}], m.tiles[TileRef{Number: 1}][:44*32], m.tiles[TileRef{Level: 1}][:32]}
	clear(m.tiles)
	m.tiles[TileRef{}], m.tiles[TileRef{Number: 1}], m.tiles[TileRef{Level: 1}] = kept[0], kept[1], kept[2]
	if r := check(t, p, nil, m); !r.OK() || r.Logs[0].Size != 66_000 || r.Logs[0].Signed != 300 {
		t.Error(r)
	}
}

func TestABundleThatCannotBeReadIsAnError(t *testing.T) {
	for name, change := range map[string]func(fstest.MapFS){
		"no head": func(f fstest.MapFS) { delete(f, "bundle.json") },
		"head":    func(f fstest.MapFS) { f["bundle.json"].Data = []byte("{") },
		"format":  func(f fstest.MapFS) { f["bundle.json"].Data = []byte(`{"format":"x"}`) },
		"kind":    func(f fstest.MapFS) { f["bundle.json"].Data = []byte(`{"format":"amanah-bundle@v1","kind":"x"}`) },
		"path": func(f fstest.MapFS) {
			f["bundle.json"].Data = bytes.ReplaceAll(f["bundle.json"].Data, []byte("0001"), []byte("../x"))
		},
		"path, extract": func(f fstest.MapFS) {
			f["bundle.json"].Data = []byte(`{"format":"amanah-bundle@v1","kind":"extract","logs":[{"dir":"/etc"}]}`)
		},
		"no policy":        func(f fstest.MapFS) { delete(f, "policy") },
		"policy":           func(f fstest.MapFS) { f["policy"].Data = nil },
		"policy of no log": func(f fstest.MapFS) { f["policy"].Data = []byte("quorum none\n") },
		"no manifest":      func(f fstest.MapFS) { delete(f, "manifest") },
		"no checkpoint":    func(f fstest.MapFS) { delete(f, "0001/checkpoint") },
		"checkpoints":      func(f fstest.MapFS) { f["0001/checkpoints"].Data = []byte{1} },
		"checkpoints dir":  func(f fstest.MapFS) { f["0001/checkpoints"].Mode = fs.ModeDir },
		"tile dir":         func(f fstest.MapFS) { f["0001/tile/0/000"].Mode = fs.ModeDir },
		"entries dir":      func(f fstest.MapFS) { f["0001/tile/entries/000"].Mode = fs.ModeDir },
		"side dir":         func(f fstest.MapFS) { f["0001/side/000"].Mode = fs.ModeDir },
	} {
		files := written(t)
		change(files)
		if r, err := VerifyBundle(files, Options{}); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestManifestsAreReadStrictly(t *testing.T) {
	m := Manifest{Deployment: "dep", Time: 5, Origins: []string{"dep/a", "dep/b"}}
	got, err := ParseManifest(m.Text())
	if err != nil || got.Text() != m.Text() {
		t.Errorf("%+v %v", got, err)
	}
	for _, bad := range []string{"", "x\ndep\n5\na\n", manifestHeader + "\ndep\nx\na\n", manifestHeader + "\ndep\n5\ntwo words\n", manifestHeader + "\ndep\n5\na"} {
		if _, err := ParseManifest(bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q was read", bad)
		}
	}
	p := policy(t, logLine(1), "quorum none")
	if _, err := p.OpenManifest(manifest(t, 2, "a")); !errors.Is(err, ErrSignature) {
		t.Error(err)
	}
	files := written(t)
	files["manifest"].Data = manifest(t, 1, "dep/main/1", "dep/main/2")
	r, err := VerifyBundle(files, Options{Policy: p})
	if err != nil || r.OK() || r.Faults[0].Class != ShardMissing || r.Faults[0].Origin != "dep/main/2" {
		t.Errorf("%+v %v", r, err)
	}
	files["manifest"].Data = manifest(t, 2, "dep/main/1")
	r, err = VerifyBundle(files, Options{Policy: p})
	if err != nil || r.OK() || r.Faults[0].Class != BadSignature {
		t.Errorf("%+v %v", r, err)
	}
}

// extracted is an extract of one subject's entries.
func extracted(t testing.TB, change func(m *memory, x *Extract), signers ...note.Signer) fstest.MapFS {
	t.Helper()
	m := story(t, "dep/main/1", 300)
	m.entries[4].Side = nil
	m.add(t, Leaf{Action: "erasure", Covers: []Cover{{Origin: "dep/main/1", Runs: []Run{{From: 4, Count: 1}}}}}, "", "")
	m.notes = nil
	m.sign(t, signers...)
	x := Extract{Checkpoint: m.notes[0]}
	for _, e := range m.entries {
		if e.Side != nil && e.Side.Subject == "sub_b" || e.Index == 300 {
			hashes, err := tlog.ProveRecord(301, e.Index, NewHashes(301, m.read))
			if err != nil {
				t.Fatal(err)
			}
			x.Leaves = append(x.Leaves, ExtractLeaf{e.Index, e.Leaf, hashes, e.Side})
		}
	}
	change(m, &x)
	var buf bytes.Buffer
	z := NewZip(&buf)
	if err := errors.Join(WriteExtract(z, []byte(logLine(1)+"\nquorum none\n"), manifest(t, 1, "dep/main/1"), []Extract{x}), z.Close()); err != nil {
		t.Fatal(err)
	}
	return unzipped(t, buf.Bytes())
}

func TestAnExtractIsChecked(t *testing.T) {
	p := policy(t, logLine(1), "quorum none")
	verify := func(p *Policy, change func(m *memory, x *Extract), signers ...note.Signer) *Report {
		t.Helper()
		r, err := VerifyBundle(extracted(t, change, signers...), Options{Policy: p})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	nothing := func(*memory, *Extract) {}
	if r := verify(p, nothing); !r.OK() || r.Logs[0].Size != 100 || r.Logs[0].Subjects != 1 {
		t.Errorf("%+v", r)
	}
	if r := verify(p, func(_ *memory, x *Extract) { x.Leaves[5].Side = nil }); r.OK() {
		t.Error("an entry without its side")
	}
	// An entry left out in the middle leaves a gap that nothing explains.
	r := verify(p, func(_ *memory, x *Extract) { x.Leaves = append(x.Leaves[:5], x.Leaves[6:]...) })
	first(t, r, NotContiguous, 22, 22)
	r = verify(p, func(_ *memory, x *Extract) { x.Leaves[5].Leaf = x.Leaves[6].Leaf })
	first(t, r, LeafEdited, 19, 19)
	r = verify(p, func(m *memory, x *Extract) {
		x.Leaves[len(x.Leaves)-1].Side = &Side{Index: 2, Salt: salt(2), Subject: "x"}
	})
	first(t, r, SideInserted, 2, 2)
	r = verify(p, nothing, testLogSigner("dep", 2))
	first(t, r, BadSignature, 0, 300)
	r = verify(policy(t, logLine(1), witnessLine("a", 10), "quorum a"), nothing)
	first(t, r, NotWitnessed, 0, 300)
	r = verify(policy(t, logLine(1), witnessLine("a", 10), "quorum a"), nothing, testLogSigner("dep", 1), testWitnessSigner("a.example", 10))
	if !r.OK() || r.Logs[0].Witnessed != 301 {
		t.Errorf("%+v", r)
	}
	for name, change := range map[string]func(fstest.MapFS){
		"no checkpoint": func(f fstest.MapFS) { delete(f, "0001/checkpoint") },
		"checkpoint":    func(f fstest.MapFS) { f["0001/checkpoint"].Data = []byte("x") },
		"no sides":      func(f fstest.MapFS) { delete(f, "0001/sides") },
		"sides":         func(f fstest.MapFS) { f["0001/sides"].Data = []byte("x") },
		"proof":         func(f fstest.MapFS) { f["0001/proof/000000000001.tlog-proof"].Data = []byte("x") },
		"proof dir":     func(f fstest.MapFS) { f["0001/proof/000000000001.tlog-proof"].Mode = fs.ModeDir },
		"another checkpoint": func(f fstest.MapFS) {
			f["0001/checkpoint"].Data = append(f["0001/checkpoint"].Data, "— x AAAAAAAAAA==\n"...)
		},
		"sides dir": func(f fstest.MapFS) { f["0001/sides"].Mode = fs.ModeDir },
		"pattern": func(f fstest.MapFS) {
			f["bundle.json"].Data = bytes.ReplaceAll(f["bundle.json"].Data, []byte("0001"), []byte("["))
		},
	} {
		files := extracted(t, nothing)
		change(files)
		if r, err := VerifyBundle(files, Options{Policy: p}); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestBundlesAreFoldersOrZipFiles(t *testing.T) {
	m := story(t, "dep/main/1", 300)
	b := Bundle{Policy: []byte(logLine(1) + "\nquorum none\n"), Manifest: manifest(t, 1, "dep/main/1"), Logs: []Log{m}}
	dir := filepath.Join(t.TempDir(), "folder")
	f, err := folder.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(WriteBundle(f, b), f.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	zipped := filepath.Join(t.TempDir(), "bundle.zip")
	out, err := os.Create(zipped)
	if err != nil {
		t.Fatal(err)
	}
	z := NewZip(out)
	if err := errors.Join(WriteBundle(z, b), z.Close(), out.Close()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, zipped} {
		files, closer, err := OpenBundle(path)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := VerifyBundle(files, Options{}); err != nil || !r.OK() {
			t.Errorf("%s: %+v %v", path, r, err)
		}
		_ = closer.Close()
	}
	if _, _, err := OpenBundle(filepath.Join(dir, "nothing")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, _, err := OpenBundle(filepath.Join(dir, "bundle.json")); !errors.Is(err, ErrMalformed) {
		t.Error(err)
	}
	if _, err := folder.New(dir); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	if _, err := folder.New(filepath.Join(dir, "bundle.json")); err == nil {
		t.Error("a file is no folder")
	}
	g, err := folder.New(filepath.Join(t.TempDir(), "other"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Create("../outside"); !errors.Is(err, fs.ErrInvalid) {
		t.Error(err)
	}
	w, err := g.Create("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Create("a/b"); err == nil {
		t.Error("a file is no folder")
	}
	if _, err := g.Create("a"); err == nil {
		t.Error("made twice")
	}
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("the file before is closed")
	}
}

// A bundle comes from somebody who may not wish us well.
func TestAZipFileThatUnpacksWithoutEndIsNoBundle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bomb.zip")
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("bundle.json") // deflated
	if err == nil {
		_, err = w.Write(make([]byte, 8<<20))
	}
	if err = errors.Join(err, z.Close(), os.WriteFile(path, b.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenBundle(path); !errors.Is(err, ErrMalformed) {
		t.Errorf("%d bytes that stand for %d were opened: %v", b.Len(), 8<<20, err)
	}
}

func TestTheReportSpeaksBothLanguages(t *testing.T) {
	for key := range words[English] {
		if strings.Count(words[English][key], "%") != strings.Count(words[Indonesian][key], "%") || words[Indonesian][key] == "" {
			t.Errorf("%s differs between the languages", key)
		}
	}
	if len(words[English]) != len(words[Indonesian]) {
		t.Error("words are missing")
	}
	p := policy(t, logLine(1), "quorum none")
	good := check(t, p, nil, story(t, "dep/main/1", 30))
	good.SelfKeyed = true
	good.Logs[0].Lingering, good.Logs[0].Skewed = 1, 1
	m := story(t, "dep/main/1", 300)
	for i := 20; i < 60; i++ {
		m.entries[i].Side = nil
	}
	bad := check(t, p, nil, m)
	bad.Faults[1].Through = 99
	for lang, want := range map[Language][]string{
		Indonesian: {"BAIK: ", "BURUK: ", "Indeks rusak pertama: 20 ", "rincian hilang", "s.d. 99", "23 temuan lain", "PERHATIAN: kunci", "jam mundur", "masih ada"},
		English:    {"GOOD: ", "BAD: ", "First bad index: 20 ", "a detail is missing", "to 99", "more findings: 23", "NOTE: the key", "the clock was behind", "still there"},
		"de":       {"GOOD: "},
	} {
		var b bytes.Buffer
		if err := errors.Join(good.Text(&b, lang), bad.Text(&b, lang)); err != nil {
			t.Error(err)
		}
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%s: %q is missing in\n%s", lang, w, b.String())
			}
		}
	}
	text, err := json.Marshal(bad)
	if err != nil || !strings.Contains(string(text), `"class":"side_absent"`) {
		t.Errorf("%s %v", text, err)
	}
}

// The speed of offline verification on one core, beside its floor: SHA-256 over the same
// leaves, nothing else.
func BenchmarkVerify(b *testing.B) {
	const n = 1 << 18
	for _, c := range []struct {
		name    string
		subject string
		detail  string
	}{{"leaves+tiles+root", "", ""}, {"commitments", "sub_01k9xq3v7me8t0000z9w2h4r6n", "a detail of some sixty bytes, as a reason in free text may be"}} {
		b.Run(c.name, func(b *testing.B) {
			m := newMemory("dep/main/1")
			l := fullLeaf()
			l.Covers, l.Previous, l.SubjectCommitment, l.DetailCommitment, l.SealedCommitment = nil, nil, nil, nil, nil
			l.Time, l.Skew, l.Reason, l.Client, l.Refused = 0, 0, "", "", nil
			l.Interaction, l.Actor, l.Session, l.Purpose, l.Policy = "itx_01k9xq3v7me8t0000z9w2h4r6n", "stf_01k9xq3v7me8t0000z9w2h4r6n", "ses_01k9xq3v7me8t0000z9w2h4r6n", "pur_01k9xq3v7me8t0000z9w2h4r6n", "5f3c7a9e0b1d2c3f5f3c7a9e0b1d2c3f"
			for i := range n {
				s := c.subject
				if s != "" {
					s = s[:26] + fmt.Sprintf("%04x", i%5000)
				}
				m.add(b, l, s, c.detail)
			}
			m.sign(b)
			var buf bytes.Buffer
			z := NewZip(&buf)
			if err := errors.Join(WriteBundle(z, Bundle{Policy: []byte(logLine(1) + "\nquorum none\n"), Manifest: manifest(b, 1, "dep/main/1"), Logs: []Log{m}}), z.Close()); err != nil {
				b.Fatal(err)
			}
			files, err := zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
			if err != nil {
				b.Fatal(err)
			}
			var size int
			for _, e := range m.entries {
				size += len(e.Leaf)
			}
			var floor, took time.Duration // of the processor, since the machine may be busy with other things
			b.ResetTimer()
			for range b.N {
				start := processor(b)
				for _, e := range m.entries {
					_ = sha256.Sum256(e.Leaf)
				}
				floor += processor(b) - start
				start = processor(b)
				r, err := VerifyBundle(files, Options{})
				if err != nil || !r.OK() || r.Logs[0].Size != n {
					b.Fatal(r, err)
				}
				took += processor(b) - start
			}
			rate := func(d time.Duration) float64 { return float64(n) * float64(b.N) / d.Seconds() }
			b.ReportMetric(rate(took), "leaves/s")
			b.ReportMetric(rate(floor), "floor-sha256/s")
			b.ReportMetric(rate(took)/rate(floor), "of-floor")
			b.ReportMetric(float64(size)/n, "leaf-bytes")
		})
	}
}

// processor is the time this process has spent on processors.
func processor(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
