package proof

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Class says what kind of tampering was found.
type Class string

// The classes.
const (
	LeafEdited     Class = "leaf_edited"     // a leaf is not the one that was logged
	LeafDeleted    Class = "leaf_deleted"    // a leaf is gone, others follow it
	LeafInserted   Class = "leaf_inserted"   // a leaf that was never logged
	LeafReordered  Class = "leaf_reordered"  // leaves changed places
	LogTruncated   Class = "log_truncated"   // the last leaves are gone
	TileEdited     Class = "tile_edited"     // the leaves are true, a stored tree hash is not
	LogRewritten   Class = "log_rewritten"   // leaves and tree fit each other, not the signed root
	LogForked      Class = "log_forked"      // not a continuation of a checkpoint the reader holds
	LogRolledBack  Class = "log_rolled_back" // shorter than a checkpoint the reader holds
	BadSignature   Class = "bad_signature"   // checkpoint not signed by a trusted key
	NotWitnessed   Class = "not_witnessed"   // the witnesses that the policy asks for have not cosigned
	NotSigned      Class = "not_signed"      // entries that should be under a signature and are not
	CheckpointGone Class = "checkpoint_gone" // a checkpoint that was signed is not there
	LeafMalformed  Class = "leaf_malformed"  // a leaf that the format does not allow
	ClockBack      Class = "clock_back"      // time runs back
	SubjectEdited  Class = "subject_edited"  // subject or number beside the leaf is not the one logged
	DetailEdited   Class = "detail_edited"   // detail beside the leaf is not the one logged
	SideInserted   Class = "side_inserted"   // something beside a leaf that has no commitment to it
	SideAbsent     Class = "side_absent"     // missing, and no erasure or retention leaf covers it
	NotContiguous  Class = "not_contiguous"  // a subject's entries are not numbered without a gap
	ColumnEdited   Class = "column_edited"   // the columns that are searched differ from the leaf
	IndexEdited    Class = "index_edited"    // the index that searches use differs from the entries
	ShardMissing   Class = "shard_missing"   // the signed manifest names a log that is not there
	BundleUnusable Class = "bundle_unusable" // a file of the bundle is missing or malformed
)

// Fault is one finding.
type Fault struct {
	Origin  string `json:"origin,omitempty"`
	Index   int64  `json:"index"`   // the first bad index
	Through int64  `json:"through"` // equal to Index when it is exact; else the last index it may be
	Class   Class  `json:"class"`
}

// Exact reports whether Index is the bad one rather than the first that may be.
func (f Fault) Exact() bool { return f.Index == f.Through }

// LogReport is what Verify found about one log.
type LogReport struct {
	Origin     string `json:"origin"`
	Size       int64  `json:"size"`       // leaves checked
	Signed     int64  `json:"signed"`     // of these, under a valid log signature
	Anchored   int64  `json:"anchored"`   // of these, under an anchor (Options.Anchors)
	Witnessed  int64  `json:"witnessed"`  // of these, under the policy's quorum (if it asks for none: any known witness)
	Subjects   int64  `json:"subjects"`   // subjects with entries beside
	Sides      int64  `json:"sides"`      // commitments checked
	Authorised int64  `json:"authorised"` // absences that an erasure or retention leaf covers
	Lingering  int64  `json:"lingering"`  // covered as deleted, and still there
	Skewed     int64  `json:"skewed"`     // leaves that say the clock was behind
	Lost       int64  `json:"lost"`       // entries of earlier logs that a restore is on record to have lost
	From       int64  `json:"from"`       // time of the first leaf, UTC microseconds
	To         int64  `json:"to"`         // time of the last leaf
	Root       Hash   `json:"root"`       // of the leaves that were read
}

// Report is what Verify found.
type Report struct {
	Logs   []LogReport `json:"logs"`
	Faults []Fault     `json:"faults"` // by log, then by index; at most maxFaults a log
	// SelfKeyed: the trusted key came out of the bundle itself, so the report says only that
	// the bundle fits itself.
	SelfKeyed bool `json:"self_keyed,omitempty"`
}

// OK reports whether no tampering was found.
func (r *Report) OK() bool { return len(r.Faults) == 0 }

// Add puts in a fault that was found by other means, at its place.
func (r *Report) Add(f Fault) {
	at := slices.IndexFunc(r.Faults, func(g Fault) bool { return g.Origin == f.Origin && g.Index > f.Index })
	if at < 0 {
		at = len(r.Faults)
	}
	r.Faults = slices.Insert(r.Faults, at, f)
}

const maxFaults = 100

// Entry is a stored leaf with what stands beside it.
type Entry struct {
	Index int64
	Leaf  []byte
	Side  *Side
	Fault Class // what the source itself found wrong with the stored row

	Columns *Columns // nil if the source has no such columns
}

// Columns repeat beside a leaf what stands in it, for searching. What a leaf leaves out is "".
type Columns struct {
	Time                             int64
	Action, Decision, Actor, Purpose string
	Interaction, Controller          string
}

// fit compares the columns with a leaf's texts.
func (c *Columns) fit(time int64, t *texts) bool {
	return c.Time == time && string(t[keyAction]) == c.Action && string(t[keyDecision]) == c.Decision && string(t[keyActor]) == c.Actor &&
		string(t[keyPurpose]) == c.Purpose && string(t[keyInteraction]) == c.Interaction && string(t[keyController]) == c.Controller
}

// Log is a stored log: a bundle's, or a database's.
type Log interface {
	// Head is the state the store claims, signed or not. ok is false when there is no more
	// than the newest checkpoint.
	Head() (c Checkpoint, ok bool, err error)
	// Checkpoints returns the signed checkpoints that are stored, oldest first.
	Checkpoints() ([][]byte, error)
	// Tile returns a tile, perhaps wider than asked for; nil if it is not there. The hashes
	// of leaves that no checkpoint covers yet may be left out.
	Tile(TileRef) ([]byte, error)
	// Entries appends the entries with first <= Index < first+count that are there, in
	// order of Index, and after them any that are there and should not be. They may be
	// overwritten by the next call.
	Entries(first int64, count int, into []Entry) ([]Entry, error)
}

// Options say against what to verify.
type Options struct {
	Policy *Policy
	// Anchors are states that the logs are known to have had, from a place that whoever
	// changes the logs cannot write to; nil means that none are at hand. An anchor is written
	// after its checkpoint, so a log may be ahead of it and is never behind.
	Anchors []Checkpoint
	// Sparse keeps nothing in memory per subject or entry: the numbers of a subject's entries
	// are not checked, and details that linger are not counted.
	Sparse bool
	// Held are signed checkpoints that the reader kept from earlier; those of other logs
	// are ignored.
	Held [][]byte
	// Progress, if not nil, is called now and then with the number of leaves done.
	Progress func(origin string, done, size int64)
}

// SignedWithin is how far apart in time entries may be that no checkpoint covers: longer than
// signing ever takes on a log that is being written.
const SignedWithin = 5 * time.Second

// ErrHeld says that a checkpoint the reader brought is not signed by a trusted key.
var ErrHeld = errors.New("the older checkpoint is not signed by a trusted key")

// Verify checks logs that belong together: the shards of one deployment. An error means
// that the check could not be made; tampering is in the report.
func Verify(logs []Log, o Options) (*Report, error) {
	v := verifier{o: o, covers: map[string][]cover{}}
	for _, msg := range o.Held {
		c, err := o.Policy.Open(msg)
		if err != nil {
			if _, perr := ParseCheckpoint(string(msg)); perr == nil && errors.Is(err, ErrOrigin) {
				continue
			}
			return nil, fmt.Errorf("%w: %w", ErrHeld, err)
		}
		v.held = append(v.held, c.Checkpoint)
	}
	for _, l := range logs {
		if err := v.log(l); err != nil {
			return nil, err
		}
	}
	r := v.finish()
	for _, a := range o.Anchors {
		if a.Size > 0 && !slices.ContainsFunc(r.Logs, func(l LogReport) bool { return l.Origin == a.Origin }) {
			r.Faults = append(r.Faults, Fault{a.Origin, 0, a.Size - 1, ShardMissing})
		}
	}
	return r, nil
}

type cover struct {
	by   string // origin of the leaf that says so
	at   int64  // its index
	runs []Run
}

type gap struct {
	after, before int64 // indexes of the entries on both sides
	missing       int64
}

type logState struct {
	report LogReport
	faults []Fault
	absent []int64
	gaps   []gap
	sides  []int64 // indexes of sides under which a cover might lie; only kept where covers exist
	seen   map[string]*numbered

	bare    bool // there is no checkpoint at all
	partial bool // an extract: of what is not in it nothing is known but that it is covered
}

type numbered struct{ n, index int64 }

type verifier struct {
	o      Options
	held   []Checkpoint
	states []*logState
	covers map[string][]cover // by the origin they speak of
}

func (s *logState) fault(c Class, index, through int64) {
	if len(s.faults) < maxFaults {
		s.faults = append(s.faults, Fault{s.report.Origin, index, through, c})
	}
}

// expectation is a root that the tree must have at a size.
type expectation struct {
	size int64
	root Hash
	kind Class // what it means if it has not
}

func (v *verifier) log(l Log) error {
	s := &logState{seen: map[string]*numbered{}}
	v.states = append(v.states, s)
	expected, size, err := v.expect(l, s)
	if err != nil {
		return err
	}
	w := walker{v: v, s: s, log: l, expected: expected, size: size, first: -1, upper: Fault{Index: -1}, hasher: newHasher()}
	return w.walk()
}

// expect gathers the roots that the log must have, and its size.
func (v *verifier) expect(l Log, s *logState) (list []expectation, size int64, err error) {
	notes, err := l.Checkpoints()
	if err != nil {
		return nil, 0, err
	}
	head, haveHead, err := l.Head()
	if err != nil {
		return nil, 0, err
	}
	if haveHead {
		s.report.Origin, size = head.Origin, head.Size
	} else if len(notes) > 0 {
		if c, err := ParseCheckpoint(string(notes[len(notes)-1])); err == nil {
			s.report.Origin, size = c.Origin, c.Size
		}
	}
	for _, msg := range notes {
		c, err := v.o.Policy.Open(msg)
		if err != nil || c.Origin != s.report.Origin {
			s.fault(BadSignature, s.report.Signed, max(s.report.Signed, size-1))
			break
		}
		if c.Size > size {
			// The store claims less than it signed.
			s.fault(LogTruncated, size, c.Size-1)
			continue
		}
		list = append(list, expectation{c.Size, c.Root, LogRewritten})
		if c.Size < s.report.Signed {
			continue // not oldest first
		}
		s.report.Signed = c.Size
		if c.Quorum && (v.o.Policy.NeedsWitnesses() || len(c.Cosignatures) > 0) {
			s.report.Witnessed = c.Size
		}
	}
	if v.o.Policy.NeedsWitnesses() && s.report.Witnessed == 0 && size > 0 {
		s.fault(NotWitnessed, 0, size-1)
	}
	for _, c := range v.o.Anchors {
		if c.Origin != s.report.Origin {
			continue
		}
		s.report.Anchored = min(c.Size, size)
		switch {
		case c.Size > size:
			s.fault(LogTruncated, size, c.Size-1)
		case c.Size > s.report.Signed:
			s.fault(CheckpointGone, s.report.Signed, c.Size-1)
			fallthrough
		default:
			list = append(list, expectation{c.Size, c.Root, LogRewritten})
		}
	}
	if haveHead {
		list = append(list, expectation{head.Size, head.Root, LogRewritten})
	}
	if s.bare = size > 0 && len(notes) == 0; s.bare {
		s.fault(NotSigned, 0, size-1)
	}
	for _, c := range v.held {
		switch {
		case c.Origin != s.report.Origin:
		case c.Size > size:
			s.fault(LogRolledBack, size, c.Size-1)
		default:
			list = append(list, expectation{c.Size, c.Root, LogForked})
		}
	}
	slices.SortStableFunc(list, func(a, b expectation) int { return int(a.size - b.size) })
	return list, size, nil
}

// walker reads one log from its first leaf to its last.
type walker struct {
	v        *verifier
	s        *logState
	log      Log
	hasher   *hasher
	expected []expectation
	size     int64

	leaves *Tree // built from leaves; the same as tiles until they differ
	tiles  *Tree // built from the tiles of level 0

	first    int64 // first index at which leaf and tile differ; -1 if none
	kind     Class // and how the leaf differs
	gone     bool  // the leaf is not there at all
	verdict  bool  // first has been judged
	good     int64 // largest size at which the root was as expected
	upper    Fault // first difference in a tile above level 0
	lastTime int64
	unsigned int64 // time of the first leaf that no checkpoint covers

	above   []byte // tile of level 1 over the leaves being read
	aboveAt int64
}

func (w *walker) walk() error {
	w.leaves = &Tree{}
	w.tiles = w.leaves
	w.check() // expectations at size 0
	var entries []Entry
	hashes := make([]Hash, TileWidth)
	present := make([]*Entry, TileWidth)
	for at := int64(0); at < w.size; at += TileWidth {
		width := int(min(TileWidth, w.size-at))
		ref := TileRef{0, at / TileWidth, width}
		tile, err := w.log.Tile(ref)
		if err != nil {
			return err
		}
		if entries, err = w.log.Entries(at, width, entries[:0]); err != nil {
			return err
		}
		clear(present)
		for i := range entries {
			e := &entries[i]
			if at <= e.Index && e.Index < at+int64(width) {
				present[e.Index-at] = e
				w.hasher.leaf(e.Leaf, &hashes[e.Index-at])
			}
		}
		w.chunk(at, width, tile, hashes, present)
		if n := len(entries); n > 0 && entries[n-1].Index >= at+int64(width) {
			w.differ(at+int64(width), LeafInserted, false)
		}
		if w.v.o.Progress != nil {
			w.v.o.Progress(w.s.report.Origin, at+int64(width), w.size)
		}
	}
	var err error
	if entries, err = w.log.Entries(w.size, 1, entries[:0]); err != nil {
		return err
	}
	if len(entries) > 0 {
		w.differ(entries[0].Index, LeafInserted, false)
	}
	w.tiles.Partial(w.compare)
	w.judge(nil)
	if w.unsigned > 0 && !w.s.bare && time.Duration(w.lastTime-w.unsigned)*time.Microsecond > SignedWithin {
		w.s.fault(NotSigned, w.s.report.Signed, w.size-1)
	}
	w.s.report.Size = w.size
	w.s.report.Root = w.leaves.Root()
	w.s.report.Subjects = int64(len(w.s.seen))
	return nil
}

func (w *walker) chunk(at int64, width int, tile []byte, hashes []Hash, present []*Entry) {
	for i := range width {
		index := at + int64(i)
		e := present[i]
		var stored Hash
		have := (i+1)*tlog.HashSize <= len(tile)
		if have {
			stored = Hash(tile[i*tlog.HashSize:])
		}
		switch {
		case e == nil:
			w.differ(index, w.missing(index, i, width, present), true)
			hashes[i] = stored
		case !have:
			if index < w.s.report.Signed {
				w.differ(index, TileEdited, false)
			}
			stored = hashes[i]
		case stored != hashes[i]:
			w.differ(index, shift(tile, hashes, present, i, width), false)
		}
		if w.leaves == w.tiles && stored != hashes[i] {
			w.leaves = w.tiles.Clone()          // they part here
			w.leaves.tiles = [maxLevel][]byte{} // only its root is wanted; and both may not grow one tile
		}
		if w.leaves != w.tiles {
			w.leaves.Append(hashes[i], nil)
		}
		w.tiles.Append(stored, w.compare)
		if e != nil && stored == hashes[i] {
			w.content(e)
		}
		if (index+1)%TileWidth == 0 {
			w.rise(index / TileWidth)
		}
		w.check()
	}
}

// rise compares the hash of the n-th full tile of level 0 with the one stored above it, so
// that a later wrong root can be traced to here. (The last hash of a tile of level 1 is
// compared with the whole of it.)
func (w *walker) rise(n int64) {
	number, j := n>>tileBits, int(n%TileWidth)
	if w.above == nil || w.aboveAt != number {
		w.aboveAt = number
		w.above, _ = w.log.Tile(TileRef{1, number, int(min(TileWidth, w.size>>tileBits-number<<tileBits))})
	}
	from, to := j*tlog.HashSize, (j+1)*tlog.HashSize
	have := w.tiles.tiles[1]
	if w.upper.Index >= 0 || len(have) < to || (n+1)<<tileBits > w.s.report.Signed {
		return
	}
	if len(w.above) < to || !bytes.Equal(have[from:to], w.above[from:to]) {
		w.upper = Fault{Index: n << tileBits, Through: (n+1)<<tileBits - 1}
	}
}

// missing tells a hole from a cut: nothing follows a cut.
func (w *walker) missing(index int64, i, width int, present []*Entry) Class {
	if w.first >= 0 {
		return LeafDeleted // only the first counts
	}
	if slices.ContainsFunc(present[i:width], func(e *Entry) bool { return e != nil }) {
		return LeafDeleted
	}
	for at := (index/TileWidth + 1) * TileWidth; at < w.size; at += TileWidth {
		rest, err := w.log.Entries(at, int(min(TileWidth, w.size-at)), nil)
		if err == nil && len(rest) > 0 {
			return LeafDeleted
		}
	}
	return LogTruncated
}

// shift says how the leaf at i came to differ from what the tile says.
func shift(tile []byte, hashes []Hash, present []*Entry, i, width int) Class {
	width = min(width, len(tile)/tlog.HashSize)
	stored := func(j int) Hash { return Hash(tile[j*tlog.HashSize:]) }
	next := i+1 < width
	switch {
	case next && hashes[i] == stored(i+1) && present[i+1] != nil && hashes[i+1] == stored(i):
		return LeafReordered
	case next && hashes[i] == stored(i+1):
		return LeafDeleted
	case next && present[i+1] != nil && hashes[i+1] == stored(i):
		return LeafInserted
	}
	for j := range width {
		if hashes[i] == stored(j) {
			return LeafReordered
		}
	}
	return LeafEdited
}

func (w *walker) differ(index int64, kind Class, gone bool) {
	if w.first < 0 {
		w.first, w.kind, w.gone = index, kind, gone
	}
}

// compare looks at a tile that follows from level 0 and at the one that is stored.
func (w *walker) compare(level int, number int64, hashes []byte) {
	if level == 0 || w.upper.Index >= 0 {
		return
	}
	if n := int64(len(hashes)/tlog.HashSize) + number<<tileBits; n<<(tileBits*level) > w.s.report.Signed {
		// A partial tile that no checkpoint needs yet may be narrower.
		n = w.s.report.Signed>>(tileBits*level) - number<<tileBits
		if n <= 0 {
			return
		}
		hashes = hashes[:n*tlog.HashSize]
	}
	stored, err := w.log.Tile(TileRef{level, number, len(hashes) / tlog.HashSize})
	if err == nil && len(stored) >= len(hashes) && bytes.Equal(stored[:len(hashes)], hashes) {
		return
	}
	j := 0
	for err == nil && (j+1)*tlog.HashSize <= min(len(stored), len(hashes)) && bytes.Equal(stored[j*tlog.HashSize:(j+1)*tlog.HashSize], hashes[j*tlog.HashSize:(j+1)*tlog.HashSize]) {
		j++
	}
	from := (number<<tileBits + int64(j)) << (tileBits * level)
	w.upper = Fault{Index: from, Through: min(from+int64(1)<<(tileBits*level), w.size) - 1}
}

// check compares the roots that are expected at the present size.
func (w *walker) check() {
	for len(w.expected) > 0 && w.expected[0].size == w.tiles.Size() {
		x := w.expected[0]
		w.expected = w.expected[1:]
		w.judge(&x)
	}
}

// judge draws the conclusion at an expected root, or at the end (nil).
func (w *walker) judge(x *expectation) {
	if w.verdict {
		return
	}
	byLeaves, byTiles := true, true
	if x != nil {
		byLeaves = w.leaves.Root() == x.root
		byTiles = w.leaves == w.tiles && byLeaves || w.leaves != w.tiles && w.tiles.Root() == x.root
	}
	differs := w.first >= 0 && (x == nil || w.first < x.size)
	switch {
	case differs && x != nil && byLeaves && !w.gone && (w.leaves != w.tiles || w.kind != LeafInserted):
		w.s.fault(TileEdited, w.first, w.first)
	case differs && (x == nil || byTiles):
		w.s.fault(w.kind, w.first, w.first)
	case differs:
		// Neither leaves nor tiles lead to the root: more was changed than the first
		// difference. A tile above that kept its old hash may point further back.
		if w.upper.Index >= 0 && w.upper.Through < w.first {
			w.s.fault(LogRewritten, w.upper.Index, w.upper.Through)
		} else {
			w.s.fault(w.kind, w.first, w.first)
		}
	case x == nil && w.upper.Index >= 0:
		w.s.fault(TileEdited, w.upper.Index, w.upper.Through)
	case x != nil && !byLeaves:
		from, through := w.good, x.size-1
		if w.upper.Index >= 0 && w.upper.Index <= through && w.upper.Through >= from {
			from, through = max(from, w.upper.Index), min(through, w.upper.Through)
		}
		w.s.fault(x.kind, from, max(from, through))
	default:
		if x != nil {
			w.good = x.size
		}
		return
	}
	w.verdict = true
}

// content checks what a leaf says and what stands beside it.
func (w *walker) content(e *Entry) {
	s := w.s
	if e.Fault != "" {
		s.fault(e.Fault, e.Index, e.Index)
	}
	var l Leaf
	var t texts
	if err := l.parse(e.Leaf, &t, false); err != nil {
		s.fault(LeafMalformed, e.Index, e.Index)
		return
	}
	if e.Columns != nil && !e.Columns.fit(l.Time, &t) {
		s.fault(ColumnEdited, e.Index, e.Index)
	}
	if l.Time < w.lastTime {
		s.fault(ClockBack, e.Index, e.Index)
	}
	if e.Index == 0 {
		s.report.From = l.Time
	}
	w.lastTime, s.report.To = l.Time, l.Time
	if e.Index == s.report.Signed {
		w.unsigned = l.Time
	}
	if l.Previous != nil {
		s.report.Lost += l.Count
	}
	if l.Skew > 0 {
		s.report.Skewed++
	}
	for _, c := range l.Covers {
		w.v.covers[c.Origin] = append(w.v.covers[c.Origin], cover{s.report.Origin, e.Index, c.Runs})
	}
	switch {
	case l.SubjectCommitment == nil && e.Side == nil:
	case l.SubjectCommitment == nil:
		s.fault(SideInserted, e.Index, e.Index)
	case e.Side == nil:
		s.absent = append(s.absent, e.Index)
	default:
		w.side(e, &l)
	}
}

func (w *walker) side(e *Entry, l *Leaf) {
	s := w.s
	s.report.Sides++
	if !w.v.o.Sparse {
		s.sides = append(s.sides, e.Index)
	}
	if c := e.Side.check(l, w.hasher); c != "" {
		s.fault(c, e.Index, e.Index)
		return
	}
	if l.SealedCommitment != nil && e.Side.Sealed == nil && e.Side.Detail == nil {
		s.absent = append(s.absent, e.Index)
	}
	if w.first < 0 && !w.v.o.Sparse {
		s.number(e.Side.Subject, e.Side.N, e.Index) // after a bad leaf numbers are missing anyway
	}
}

// number checks that a subject's entries are numbered 1, 2, 3, …
func (s *logState) number(subject string, n, index int64) {
	last := s.seen[subject]
	if last == nil {
		last = &numbered{0, -1}
		s.seen[subject] = last
	}
	switch {
	case n == last.n+1:
	case n > last.n+1:
		s.gaps = append(s.gaps, gap{last.index, index, n - last.n - 1})
	default:
		s.fault(NotContiguous, index, index)
	}
	*last = numbered{n, index}
}

// finish resolves what needs the whole of all logs: which absences are authorised.
func (v *verifier) finish() *Report {
	r := &Report{Faults: []Fault{}}
	for _, s := range v.states {
		covered := v.covered(s.report.Origin)
		ok := s.absent[:0:0]
		for _, index := range s.absent {
			if covered.has(index) {
				ok = append(ok, index)
			} else {
				s.fault(SideAbsent, index, index)
			}
		}
		s.report.Authorised = int64(len(ok))
		for _, g := range s.gaps {
			from, _ := slices.BinarySearch(ok, g.after+1)
			to, _ := slices.BinarySearch(ok, g.before)
			explained := int64(to - from)
			if s.partial {
				explained = covered.between(g.after+1, g.before)
			}
			if explained < g.missing {
				s.fault(NotContiguous, g.before, g.before)
			}
		}
		for _, index := range s.sides {
			if len(covered) > 0 && covered.has(index) {
				s.report.Lingering++
			}
		}
		sort.SliceStable(s.faults, func(i, j int) bool { return s.faults[i].Index < s.faults[j].Index })
		r.Logs = append(r.Logs, s.report)
		r.Faults = append(r.Faults, s.faults...)
	}
	return r
}

// runs are ascending and do not overlap.
type runs []Run

// covered gathers what the leaves of all logs say was deleted from this one. A leaf of
// the same log speaks of earlier entries only.
func (v *verifier) covered(origin string) runs {
	var all runs
	for _, c := range v.covers[origin] {
		for _, r := range c.runs {
			if c.by == origin && r.From+r.Count > c.at {
				r.Count = max(0, c.at-r.From)
			}
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Run) int { return int(a.From - b.From) })
	var out runs
	for _, r := range all {
		if n := len(out); n > 0 && r.From <= out[n-1].From+out[n-1].Count {
			out[n-1].Count = max(out[n-1].Count, r.From+r.Count-out[n-1].From)
		} else {
			out = append(out, r)
		}
	}
	return out
}

func (c runs) has(index int64) bool {
	i := sort.Search(len(c), func(i int) bool { return c[i].From > index })
	return i > 0 && index < c[i-1].From+c[i-1].Count
}

// between counts the covered indexes from ≤ index < to.
func (c runs) between(from, to int64) (n int64) {
	for _, r := range c {
		n += max(0, min(to, r.From+r.Count)-max(from, r.From))
	}
	return n
}
