// Package name is the index of names in memory: the part of the vault that knows nothing of keys and stores.
//
// The name index answers "which customers are called something like this" from memory
// alone. Nothing of it is ever written down: names are so unevenly spread that any index
// of them at rest, however keyed, gives the commonest names away by their counts.
//
// It has two levels. The first knows every distinct word that occurs in a name (a few
// tens of thousands for a million people) and finds the words near a typed one: padded
// trigrams propose, the edit distance decides. The second knows which people carry a
// word. A query is the sum over its words of the best near word a person carries, rarer
// words counting more; the few hundred best are then compared with care.
//
// A person is a number; a word is a number; postings are sorted lists of the first per
// the second. A million people with three words each cost about 60 MB.
package name

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"sync"

	"github.com/amanah-id/amanah/internal/kit/id"
)

// limits of one query, chosen so that the worst query stays within its time.
const (
	maxQueryWords = 6   // further words of a typed name are ignored
	maxNameWords  = 12  // further words of a stored name are not searched
	maxWordBytes  = 40  // a longer word is cut; no Indonesian name needs it
	maxNearWords  = 96  // near words considered per typed word
	rerankDepth   = 256 // people compared with care
	blockShift    = 12  // people per block of the "touched" map: 4,096
	gramsPerWord  = maxWordBytes + 2
	weightExact   = 100 // the similarity of an equal word
	joined        = 85  // words run together or taken apart must be this near
	minSimilarity = 45  // a person whose whole score is below this is no hit
	farBelow      = 30  // a person so many points below the best is no hit: one slip in the shortest word costs 28
	emptySlot     = ^uint32(0)
	firstSlots    = 1024
	subjectPrefix = id.Subject + "_"
)

type personKey [26]byte // the body of a subject's id

// Change is what a write changes of a person; nil means untouched.
type Change struct {
	Subject string
	Name    *string // normalised; empty takes the person out
	Born    *uint32 // 19901231; 0: unknown
}

// Index is the names of one controller's customers. It is safe for concurrent use.
type Index struct {
	mu sync.RWMutex

	// words
	numbers  map[string]uint32
	words    []string
	grams    map[uint32][]uint32 // trigram -> word numbers, ascending
	postings [][]uint32          // word number -> people, ascending

	// people
	keys    []personKey
	start   []uint32 // where a person's words begin in carried
	count   []uint8  // how many words a person carries; 0: cannot be found
	born    []uint32 // 19901231; 0: unknown
	carried []uint32
	slots   []uint32 // open addressing: hash of key -> person number
	alive   int

	scratch sync.Pool
}

// New makes an empty index.
func New() *Index {
	ix := &Index{numbers: map[string]uint32{}, grams: map[uint32][]uint32{}}
	ix.resize(firstSlots)
	return ix
}

// Put applies changes: a name replaces the person's words, an empty one takes them out of
// the index. A person's number, once given, stays theirs; it holds an id and no name.
func (ix *Index) Put(changes ...Change) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	for _, c := range changes {
		key, ok := keyOf(c.Subject)
		if !ok {
			continue
		}
		number, known := ix.find(key)
		if !known {
			number = uint32(len(ix.keys))
			ix.keys = append(ix.keys, key)
			ix.start = append(ix.start, 0)
			ix.count = append(ix.count, 0)
			ix.born = append(ix.born, 0)
			ix.place(key, number)
		}
		if c.Born != nil {
			ix.born[number] = *c.Born
		}
		if c.Name == nil {
			continue
		}
		ix.forget(number)
		words := fields(*c.Name)
		if len(words) == 0 {
			continue
		}
		ix.start[number], ix.count[number] = uint32(len(ix.carried)), uint8(len(words))
		for _, w := range words {
			word := ix.word(w)
			ix.carried = append(ix.carried, word)
			ix.postings[word] = insertSorted(ix.postings[word], number)
		}
		ix.alive++
	}
}

// forget takes a person's words out of the postings. A word that nobody carries any more
// is blanked: it may have been somebody's only name.
func (ix *Index) forget(number uint32) {
	if ix.count[number] == 0 {
		return
	}
	from := ix.start[number]
	for i := from; i < from+uint32(ix.count[number]); i++ {
		word := ix.carried[i]
		ix.carried[i] = 0
		ix.postings[word] = deleteSorted(ix.postings[word], number)
		if len(ix.postings[word]) == 0 && ix.words[word] != "" {
			for _, g := range gramsOf(nil, ix.words[word]) {
				ix.grams[g] = deleteSorted(ix.grams[g], word)
			}
			delete(ix.numbers, ix.words[word])
			ix.words[word] = ""
		}
	}
	ix.count[number] = 0
	ix.alive--
}

func (ix *Index) word(w string) uint32 {
	if n, ok := ix.numbers[w]; ok {
		return n
	}
	w = strings.Clone(w)
	n := uint32(len(ix.words))
	ix.numbers[w] = n
	ix.words = append(ix.words, w)
	ix.postings = append(ix.postings, nil)
	for _, g := range gramsOf(nil, w) {
		ix.grams[g] = insertSorted(ix.grams[g], n)
	}
	return n
}

func insertSorted(list []uint32, n uint32) []uint32 {
	if len(list) == 0 || list[len(list)-1] < n {
		return append(list, n)
	}
	at, found := slices.BinarySearch(list, n)
	if found {
		return list
	}
	return slices.Insert(list, at, n)
}

func deleteSorted(list []uint32, n uint32) []uint32 {
	at, found := slices.BinarySearch(list, n)
	if !found {
		return list
	}
	return slices.Delete(list, at, at+1)
}

// Hit is one person found, with a similarity from 0 to 100.
type Hit struct {
	Subject string
	Score   int
	met     int // how well the typed words are met, whatever else the person is called
	unmet   int // typed words that none of the person's is near
	order   int
	person  uint32
}

// near is a word of the index that may have been meant by a typed word.
type near struct {
	word       uint32
	similarity int
}

type scratchpad struct {
	scores  []uint32 // per person: score<<8 | mask of the typed words already counted
	touched []uint64 // bit per block of people
	shared  []uint8  // per word: trigrams shared with the typed word
	seen    []uint32 // words with shared > 0
	best    []scored
}

type scored struct {
	rank   uint32 // higher is better
	person uint32
}

// Search returns at most k people, best first, and whether further people meet what was
// typed as well as one of these. With born only people born that day are found.
func (ix *Index) Search(query string, born uint32, k int) (hits []Hit, more bool) {
	typed := fields(query)
	if len(typed) > maxQueryWords {
		typed = typed[:maxQueryWords]
	}
	if len(typed) == 0 || k <= 0 {
		return nil, false
	}
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	s := ix.takeScratch()
	defer ix.scratch.Put(s)

	meant := make([]meaning, len(typed))
	for i, t := range typed {
		candidates := ix.nearWords(s, t)
		if i+1 < len(typed) { // "nur hayati" may be stored as "nurhayati"
			if n, ok := ix.numbers[t+typed[i+1]]; ok {
				candidates = append(candidates, near{n, 98})
			}
		}
		if i > 0 {
			if n, ok := ix.numbers[typed[i-1]+t]; ok {
				candidates = append(candidates, near{n, 98})
			}
		}
		meant[i].words = append(candidates, ix.splits(t)...)
		// What a typed word is worth depends on how common the word is that was probably
		// meant, not on the near word at hand: a rare neighbour of "siti" is no clue.
		for _, c := range meant[i].words {
			carriers := len(ix.postings[c.word])
			meant[i].carriers += carriers
			meant[i].worth = max(meant[i].worth, carriers)
		}
	}
	slices.SortStableFunc(meant, func(a, b meaning) int { return cmp.Compare(a.carriers, b.carriers) })
	for i, m := range meant {
		// who shares nothing but the commonest of three words or more is not worth a look
		known := i >= 2 && i == len(meant)-1
		for _, c := range m.words {
			ix.add(s, c, ix.rarity(m.worth), uint32(1)<<i, known)
		}
	}
	ix.collect(s, born)
	return ix.rerank(s, typed, k)
}

// splits finds two stored words that make up a typed one: "nurhayati" for "nur hayati".
func (ix *Index) splits(typed string) []near {
	var out []near
	for cut := 3; cut+3 <= len(typed); cut++ {
		a, okA := ix.numbers[typed[:cut]]
		b, okB := ix.numbers[typed[cut:]]
		if okA && okB {
			// either half is enough to be looked at; the careful comparison sees both
			out = append(out, near{a, 60}, near{b, 60})
		}
	}
	return out
}

// meaning is the near words of one typed word.
type meaning struct {
	words    []near
	carriers int // of all of them
	worth    int // carriers of the commonest
}

// add counts a near word for everybody who carries it, once per typed word; with known,
// only for people whom another word has named already.
func (ix *Index) add(s *scratchpad, c near, worth int, bit uint32, known bool) {
	list := ix.postings[c.word]
	points := uint32(c.similarity*worth) << 8
	scores := s.scores
	if known {
		for _, p := range list {
			if v := scores[p]; v != 0 && v&bit == 0 {
				scores[p] = v + points | bit
			}
		}
		return
	}
	for _, p := range list {
		if v := scores[p]; v&bit == 0 {
			scores[p] = v + points | bit
			s.touched[p>>(blockShift+6)] |= 1 << (p >> blockShift & 63)
		}
	}
}

// rarity weighs a word by how few people carry it: 4 for one that everybody has, 24 at most.
func (ix *Index) rarity(carriers int) int {
	return 4 + min(20, bits.Len(uint(ix.alive/max(1, carriers))))
}

// collect gathers the best-scored people and leaves the scratch clean for its next user.
func (ix *Index) collect(s *scratchpad, born uint32) {
	s.best = s.best[:0]
	floor := uint32(0)
	full := false
	for w, word := range s.touched {
		for ; word != 0; word &= word - 1 {
			block := w<<6 | bits.TrailingZeros64(word)
			from := block << blockShift
			to := min(from+1<<blockShift, len(s.scores))
			for p, v := range s.scores[from:to] {
				if v == 0 {
					continue
				}
				person := from + p
				// people with fewer further words come first among equals
				rank := v&^0xff | (0xff - uint32(ix.count[person]))
				if full && rank <= floor || born != 0 && ix.born[person] != born {
					continue
				}
				s.best = append(s.best, scored{rank, uint32(person)})
				if len(s.best) >= 4*rerankDepth {
					slices.SortFunc(s.best, func(a, b scored) int { return cmp.Compare(b.rank, a.rank) })
					s.best = s.best[:rerankDepth]
					floor, full = s.best[rerankDepth-1].rank, true
				}
			}
			clear(s.scores[from:to])
		}
		s.touched[w] = 0
	}
	slices.SortFunc(s.best, func(a, b scored) int { return cmp.Compare(b.rank, a.rank) })
	if len(s.best) > rerankDepth {
		s.best = s.best[:rerankDepth]
	}
}

// rerank compares the gathered people word by word with what was typed.
func (ix *Index) rerank(s *scratchpad, typed []string, k int) ([]Hit, bool) {
	hits := make([]Hit, 0, len(s.best))
	var words [maxNameWords]string
	for _, b := range s.best {
		carried := words[:0]
		for _, w := range ix.wordsOf(b.person) {
			carried = append(carried, ix.words[w])
		}
		score, met, unmet := compareNames(typed, carried)
		if score >= minSimilarity {
			hits = append(hits, Hit{person: b.person, Score: score, met: met, unmet: unmet, order: score*8 + ix.usual(b.person)})
		}
	}
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.order, a.order), cmp.Compare(a.person, b.person))
	})
	hits = cut(hits)
	ix.spread(hits)
	more := false
	if len(hits) > k {
		worst := slices.MinFunc(hits[:k], func(a, b Hit) int { return cmp.Compare(a.met, b.met) })
		more = slices.ContainsFunc(hits[k:], func(h Hit) bool { return h.met >= worst.met })
		hits = hits[:k]
	}
	for i := range hits {
		hits[i].Subject = subjectPrefix + string(ix.keys[hits[i].person][:])
	}
	return hits, more
}

// cut drops who is far from the best, and who leaves more of what was typed unmet than the
// best: beside somebody called "dewi kusumawardani", everybody else of that family is a
// stranger whose name nobody asked for.
func cut(hits []Hit) []Hit {
	if len(hits) == 0 {
		return hits
	}
	best := hits[0]
	return slices.DeleteFunc(hits, func(h Hit) bool { return h.Score < best.Score-farBelow || h.unmet > best.unmet })
}

// usual says how common the rarest word of a person is, from 0 to 20: among people as near
// to what was typed, the usual name is the likelier one to have been meant.
func (ix *Index) usual(person uint32) int {
	least := 20
	for _, w := range ix.wordsOf(person) {
		least = min(least, bits.Len(uint(len(ix.postings[w]))))
	}
	return least
}

func (ix *Index) wordsOf(person uint32) []uint32 {
	from := ix.start[person]
	return ix.carried[from : from+uint32(ix.count[person])]
}

// spread rearranges people who are about as near as each other, so that one frequent name
// does not hide the others: who types "ayu dai" should see the first of a hundred people
// called "ayu dwi" and also "ayu adi". Nothing moves among exact matches.
func (ix *Index) spread(hits []Hit) {
	const (
		together = 3 // bearers of one name that stay in front
		window   = 3 // points within which people are about as near
	)
	for len(hits) > 0 && hits[0].Score < weightExact {
		head := hits[0]
		end := 1
		for end < len(hits) && hits[end].Score >= head.Score-window {
			end++
		}
		var front, bearers, longer []Hit
		seen := map[string]int{}
		for _, h := range hits[:end] {
			words := ix.wordsOf(h.person)
			if len(words) != int(ix.count[head.person]) {
				longer = append(longer, h)
				continue
			}
			key := nameKey(words)
			if seen[key]++; seen[key] <= together {
				front = append(front, h)
			} else {
				bearers = append(bearers, h)
			}
		}
		copy(hits, slices.Concat(front, bearers, longer))
		hits = hits[end:]
	}
}

// nameKey is the same for the same words in any order.
func nameKey(words []uint32) string {
	var sorted [maxNameWords]uint32
	n := copy(sorted[:], words)
	slices.Sort(sorted[:n])
	key := make([]byte, 0, 4*maxNameWords)
	for _, w := range sorted[:n] {
		key = binary.LittleEndian.AppendUint32(key, w)
	}
	return string(key)
}

// compareNames scores a whole name from 0 to 100: how well each typed word is met by a
// word of its own, less a little for words left over on the stored side and for another
// order. Initials meet the words they may stand for; words run together are met as one.
// met is the score before anything is taken off it, unmet how many typed words no word is near.
func compareNames(typed, carried []string) (score, met, unmet int) {
	if len(carried) == 0 {
		return 0, 0, len(typed)
	}
	var taken [maxNameWords]bool
	total, letters, last, disorder := 0, 0, -1, 0
	for i := 0; i < len(typed); i++ {
		t := typed[i]
		bestAt, best, bestTwo, bestEats := -1, 0, false, false
		for j, c := range carried {
			if taken[j] {
				continue
			}
			if sim := wordSimilarity(t, c); sim > best {
				bestAt, best, bestTwo, bestEats = j, sim, false, false
			}
			if best == weightExact {
				continue
			}
			if j+1 < len(carried) && !taken[j+1] && len(t) > len(c) && len(carried[j+1]) > 1 { // typed as one, stored as two
				if sim := wordSimilarity(t, c+carried[j+1]) - 2; sim > best && sim >= joined {
					bestAt, best, bestTwo, bestEats = j, sim, true, false
				}
			}
			if i+1 < len(typed) && len(c) > len(t) { // typed as two, stored as one
				if sim := wordSimilarity(t+typed[i+1], c) - 2; sim > best && sim >= joined {
					bestAt, best, bestTwo, bestEats = j, sim, false, true
				}
			}
		}
		weight := len(t)
		if bestEats {
			weight += len(typed[i+1])
		}
		letters += weight
		if bestAt >= 0 {
			total += best * weight
			taken[bestAt] = true
			if bestTwo {
				taken[bestAt+1] = true
			}
			if bestAt < last {
				disorder++
			}
			last = bestAt
		} else {
			unmet++
		}
		if bestEats {
			i++
		}
	}
	left := 0
	for j := range carried {
		if !taken[j] {
			left++
		}
	}
	met = total / letters
	return max(0, met-2*min(left, 5)-disorder), met, unmet
}

// wordSimilarity is 100 for equal words, falls with the edit distance relative to the
// length, and is 0 for words that are not near.
func wordSimilarity(a, b string) int {
	switch {
	case a == b:
		return weightExact
	case len(a) == 0 || len(b) == 0:
		return 0
	case len(a) == 1 || len(b) == 1:
		if a[0] == b[0] {
			return 60 // an initial
		}
		return 0
	}
	reach := reachOf(max(len(a), len(b)))
	if d := distance(a, b, reach); d <= reach {
		sim := weightExact - 100*d/max(len(a), len(b), 4)
		if a[0] != b[0] {
			sim -= 3 // people seldom mistype the first letter
		}
		return sim
	}
	if len(a) >= 3 && strings.HasPrefix(b, a) || len(b) >= 3 && strings.HasPrefix(a, b) {
		return 60 + 20*min(len(a), len(b))/max(len(a), len(b))
	}
	return 0
}

// reachOf says how many edits apart two words of this length may be and still be near.
func reachOf(length int) int {
	switch {
	case length <= 2:
		return 0
	case length <= 6:
		return 1
	default:
		return 2
	}
}

// nearWords finds the words of the index near a typed one, best first.
func (ix *Index) nearWords(s *scratchpad, typed string) []near {
	if len(typed) == 1 {
		return nil // an initial alone proposes nobody; it still counts in the comparison
	}
	var buffer [gramsPerWord]uint32
	for _, g := range gramsOf(buffer[:0], typed) {
		for _, w := range ix.grams[g] {
			if s.shared[w] == 0 {
				s.seen = append(s.seen, w)
			}
			s.shared[w]++
		}
	}
	reach := reachOf(len(typed) + 1)
	// one edit spoils three padded trigrams, a transposition four
	enough := uint8(max(1, len(typed)+2-4*reach))
	var out []near
	for _, w := range s.seen {
		if s.shared[w] >= enough {
			if sim := wordSimilarity(typed, ix.words[w]); sim > 0 {
				out = append(out, near{w, sim})
			}
		}
		s.shared[w] = 0
	}
	s.seen = s.seen[:0]
	slices.SortFunc(out, func(a, b near) int {
		return cmp.Or(cmp.Compare(b.similarity, a.similarity), cmp.Compare(len(ix.postings[b.word]), len(ix.postings[a.word])))
	})
	return out[:min(len(out), maxNearWords)]
}

func (ix *Index) takeScratch() *scratchpad {
	s, _ := ix.scratch.Get().(*scratchpad)
	if s == nil {
		s = &scratchpad{}
	}
	if len(s.scores) < len(ix.keys) {
		room := len(ix.keys) + len(ix.keys)/8
		s.scores = make([]uint32, room)
		s.touched = make([]uint64, room>>(blockShift+6)+1)
	}
	if len(s.shared) < len(ix.words) {
		s.shared = make([]uint8, len(ix.words)+len(ix.words)/8)
	}
	return s
}

// Size is the number of people in the index.
func (ix *Index) Size() int {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return ix.alive
}

// fields splits a normalised name into its words, at most maxNameWords and each once.
func fields(name string) []string {
	var out []string
	for w := range strings.FieldsSeq(name) {
		if len(w) > maxWordBytes {
			w = w[:maxWordBytes]
		}
		if len(out) < maxNameWords && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// gramsOf appends the padded trigrams of a word, each once.
func gramsOf(out []uint32, word string) []uint32 {
	var window uint32
	for i := range len(word) + 2 {
		var c uint32
		if i < len(word) {
			c = uint32(word[i])
		}
		window = window<<8&0xffffff | c
		if !slices.Contains(out, window) {
			out = append(out, window)
		}
	}
	return out
}

// distance is the optimal string alignment distance (insert, delete, change, swap of
// neighbours), or limit+1 when it is more than limit.
func distance(a, b string, limit int) int {
	if abs(len(a)-len(b)) > limit {
		return limit + 1
	}
	if len(a) > maxWordBytes*2 || len(b) > maxWordBytes*2 {
		return limit + 1
	}
	var rows [3][maxWordBytes*2 + 1]uint8
	before, previous, current := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		previous[j] = uint8(j)
	}
	for i := 1; i <= len(a); i++ {
		current[0] = uint8(i)
		lowest := current[0]
		for j := 1; j <= len(b); j++ {
			cost := uint8(1)
			if a[i-1] == b[j-1] {
				cost = 0
			}
			v := min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				v = min(v, before[j-2]+1)
			}
			current[j] = v
			lowest = min(lowest, v)
		}
		if int(lowest) > limit {
			return limit + 1
		}
		before, previous, current = previous, current, before
	}
	return min(int(previous[len(b)]), limit+1)
}

func abs(n int) int { return max(n, -n) }

// The table of people by key: open addressing over person numbers, at most half full.

func keyOf(subject string) (personKey, bool) {
	var key personKey
	if len(subject) != len(subjectPrefix)+len(key) || subject[:len(subjectPrefix)] != subjectPrefix {
		return key, false
	}
	copy(key[:], subject[len(subjectPrefix):])
	return key, true
}

// hash mixes the random part of the id; its first half is a time.
func (key personKey) hash() uint32 {
	h := uint64(14695981039346656037)
	for _, c := range key[10:] {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return uint32(h ^ h>>32)
}

func (ix *Index) find(key personKey) (uint32, bool) {
	mask := uint32(len(ix.slots) - 1)
	for at := key.hash() & mask; ; at = (at + 1) & mask {
		n := ix.slots[at]
		if n == emptySlot {
			return 0, false
		}
		if ix.keys[n] == key {
			return n, true
		}
	}
}

func (ix *Index) place(key personKey, number uint32) {
	if 2*len(ix.keys) > len(ix.slots) {
		ix.resize(2 * len(ix.slots))
		return // number is among the keys already
	}
	ix.occupy(key, number)
}

func (ix *Index) occupy(key personKey, number uint32) {
	mask := uint32(len(ix.slots) - 1)
	at := key.hash() & mask
	for ix.slots[at] != emptySlot {
		at = (at + 1) & mask
	}
	ix.slots[at] = number
}

func (ix *Index) resize(slots int) {
	ix.slots = make([]uint32, slots)
	for i := range ix.slots {
		ix.slots[i] = emptySlot
	}
	for n, key := range ix.keys {
		ix.occupy(key, uint32(n))
	}
}
