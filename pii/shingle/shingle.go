// Package shingle finds documents in text: a script, a price list, a contract, whole or in part, copied into a message or another file.
//
// Every five neighbouring words of a document (a shingle) are hashed under the caller's key, without case, diacritics and punctuation.
// Of every eight neighbouring shingles the smallest hash is kept (winnowing: Schleimer, Wilkerson and Aiken, "Winnowing: Local Algorithms
// for Document Fingerprinting", 2003). That is about two of nine, it is the same choice wherever the words stand, and so whatever twelve
// words in a row a text has of a document, at least one fingerprint of theirs is found. Fewer than twelve may go unseen, and fewer than five do.
//
//	index, err := shingle.New(key)
//	err = index.Add(contract, text)
//	found, err = index.Match(found[:0], message)
//
// The answer says how much of the document the text contains, and how much of the text is the document's: a template of which everybody
// sends a part has a low share of the first, a leaked page a high share of the second.
//
// The index holds no words, only hashes that say nothing without the key, and has room for as many as it was made for: then Add
// fails and nothing of the document is kept. Add and Remove may run beside Match. Text of any bytes is taken, in time linear in its length.
package shingle

import (
	"cmp"
	"errors"
	"slices"
	"sync"

	"github.com/amanah-id/amanah/pii/internal/fold"
	"github.com/amanah-id/amanah/pii/internal/siphash"
)

const (
	words  = 5 // of a shingle
	window = 8 // shingles of which one is kept
)

// MaxPrints is how many fingerprints an index of New holds at most: some 4.7 million words of documents, in about 100 MB of memory.
const MaxPrints = 1 << 20

// Errors.
var (
	ErrKey   = errors.New("shingle: the key has 16 bytes")
	ErrShort = errors.New("shingle: a document needs five words")
	ErrFull  = errors.New("shingle: the index is full")
	ErrKnown = errors.New("shingle: the document is known already")
)

// Document is the caller's name for a document.
type Document [16]byte

// Found says how much a text and a document have in common, in fingerprints.
type Found struct {
	Document  Document
	Contained float64 // share of the document that stands in the text, 0 to 1
	Share     float64 // share of the text that is the document's; what is repeated in the text counts once
	Prints    int     // how many different fingerprints are common
	Start     int     // byte of the text where the first common shingle begins
	End       int     // and where the last ends
}

// Index knows documents. It is safe for concurrent use.
type Index struct {
	sip  siphash.Key
	most int
	pool sync.Pool // of *winnower

	mu        sync.RWMutex
	prints    map[uint64][]uint32 // which documents have a fingerprint, by number
	used      int                 // pairs of fingerprint and document
	documents []document          // by number
	numbers   map[Document]uint32
	free      []uint32
}

type document struct {
	name   Document
	prints []uint64 // distinct, sorted
}

// New makes an index with room for MaxPrints fingerprints. The key has 16 bytes, random and used for nothing else.
func New(key []byte) (*Index, error) { return NewSize(key, MaxPrints) }

// NewSize makes an index with room for so many fingerprints; a document has about two for nine words.
func NewSize(key []byte, most int) (*Index, error) {
	if len(key) != siphash.Size {
		return nil, ErrKey
	}
	x := &Index{sip: siphash.New([siphash.Size]byte(key)), most: most, prints: map[uint64][]uint32{}, numbers: map[Document]uint32{}}
	x.pool.New = func() any { return &winnower{known: map[uint64]struct{}{}, common: map[uint32]Found{}} }
	return x, nil
}

// mark is a fingerprint and where its shingle stands.
type mark struct {
	hash       uint64
	start, end int
}

// winnower makes fingerprints. It is kept for the next text.
type winnower struct {
	buf    [fold.Max + 16]byte
	words  [words]uint64
	starts [words]int
	row    [window]mark // the last shingles, in turn
	seen   int          // shingles
	least  int          // which of row was kept last, as a count of shingles; -1 before

	known  map[uint64]struct{} // fingerprints of the text that documents have
	common map[uint32]Found    // by number of the document
}

// shingleHash makes one hash of five, in which their order counts.
func shingleHash(w *[words]uint64, oldest int) uint64 {
	h := uint64(0)
	for i := range words {
		h = (h ^ w[(oldest+i)%words]) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h
}

// walk visits the fingerprints of a text.
func (n *winnower) walk(sip siphash.Key, text []byte, visit func(mark)) {
	n.seen, n.least = 0, -1
	count := 0
	for i := 0; ; {
		t := fold.Next(text, i, n.buf[:0])
		if t.Kind == fold.None {
			break
		}
		n.words[count%words], n.starts[count%words] = sip.Sum(t.Norm), t.Start
		count++
		if count >= words {
			n.shingle(mark{shingleHash(&n.words, count%words), n.starts[count%words], t.End}, visit)
		}
		i = t.End
	}
	// A text of fewer shingles than a window is one window.
	if n.seen > 0 && n.seen < window {
		visit(slices.MinFunc(n.row[:n.seen], func(a, b mark) int { return cmp.Compare(a.hash, b.hash) }))
	}
}

// shingle takes the next shingle and visits the smallest of the last eight, the last of equal ones, when it was not visited before.
func (n *winnower) shingle(p mark, visit func(mark)) {
	n.row[n.seen%window] = p
	n.seen++
	if n.seen < window {
		return
	}
	if first := n.seen - window; n.least < first {
		n.least = first
		for i := first + 1; i < n.seen; i++ {
			if n.row[i%window].hash <= n.row[n.least%window].hash {
				n.least = i
			}
		}
	} else if p.hash <= n.row[n.least%window].hash {
		n.least = n.seen - 1
	} else {
		return
	}
	visit(n.row[n.least%window])
}

// Add makes a document known. Its text is not kept.
func (x *Index) Add(name Document, text []byte) error {
	n := x.pool.Get().(*winnower)
	defer x.pool.Put(n)
	var prints []uint64
	n.walk(x.sip, text, func(p mark) { prints = append(prints, p.hash) })
	slices.Sort(prints)
	prints = slices.Clone(slices.Compact(prints))

	x.mu.Lock()
	defer x.mu.Unlock()
	if _, known := x.numbers[name]; known {
		return ErrKnown
	}
	switch {
	case len(prints) == 0:
		return ErrShort
	case x.used+len(prints) > x.most:
		return ErrFull
	}
	number := uint32(len(x.documents))
	if last := len(x.free) - 1; last >= 0 {
		number, x.free = x.free[last], x.free[:last]
		x.documents[number] = document{name, prints}
	} else {
		x.documents = append(x.documents, document{name, prints})
	}
	x.numbers[name] = number
	for _, h := range prints {
		x.prints[h] = append(x.prints[h], number)
	}
	x.used += len(prints)
	return nil
}

// Remove forgets a document and reports whether it was known.
func (x *Index) Remove(name Document) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	number, known := x.numbers[name]
	if !known {
		return false
	}
	for _, h := range x.documents[number].prints {
		if rest := slices.DeleteFunc(x.prints[h], func(n uint32) bool { return n == number }); len(rest) > 0 {
			x.prints[h] = rest
		} else {
			delete(x.prints, h)
		}
	}
	x.used -= len(x.documents[number].prints)
	clear(x.documents[number].prints)
	x.documents[number] = document{}
	delete(x.numbers, name)
	x.free = append(x.free, number)
	return true
}

// Match appends the documents of which the text has a part, those with the largest contained share first.
func (x *Index) Match(dst []Found, text []byte) []Found {
	n := x.pool.Get().(*winnower)
	defer x.pool.Put(n)
	x.mu.RLock()
	defer x.mu.RUnlock()
	all := 0
	n.walk(x.sip, text, func(p mark) {
		all++
		documents := x.prints[p.hash]
		if _, again := n.known[p.hash]; again || len(documents) == 0 {
			return // so the work for a fingerprint of many documents is done once, however often it stands in the text
		}
		n.known[p.hash] = struct{}{}
		for _, number := range documents {
			f, begun := n.common[number]
			if !begun {
				f.Start = p.start
			}
			f.Prints++
			f.End = max(f.End, p.end)
			n.common[number] = f
		}
	})
	first := len(dst)
	for number, f := range n.common {
		d := &x.documents[number]
		f.Document = d.name
		f.Contained = float64(f.Prints) / float64(len(d.prints))
		f.Share = float64(f.Prints) / float64(all)
		dst = append(dst, f)
	}
	slices.SortFunc(dst[first:], func(a, b Found) int {
		return cmp.Or(cmp.Compare(b.Contained, a.Contained), cmp.Compare(b.Share, a.Share), slices.Compare(a.Document[:], b.Document[:]))
	})
	n.forget()
	return dst
}

// forget makes ready for the next text. Large maps are left to the collector: to clear them costs by their size each time.
func (n *winnower) forget() {
	const large = 1 << 12
	if len(n.known) > large {
		n.known, n.common = map[uint64]struct{}{}, map[uint32]Found{}
	}
	if len(n.common) > large {
		n.common = map[uint32]Found{}
	}
	clear(n.known)
	clear(n.common)
	clear(n.buf[:])
}
