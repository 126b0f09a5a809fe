package piece

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/token"
)

// Told is a number that was said, which may be read back: whole, or its last piece.
type Told struct {
	End    int // where it ends in the text
	digits [Longest]byte
	size   int
}

// Note keeps the digits of a number that was said in words from one place to another. What has figures in it is not kept: who writes it again in another
// way hides it.
func (n *Told) Note(text []byte, start, end int, digits []byte) {
	if n.End, n.size = end, copy(n.digits[:], digits); n.size == 0 || figured(text[start:end]) {
		n.End = -1
	}
}

// figured reports whether there is a figure in the text.
func figured(text []byte) bool {
	for _, c := range text {
		if token.IsDigit(c) {
			return true
		}
	}
	return false
}

// Echoes reports whether digits that are said from one place to another read the number back: all of it in the same turn or within three, or its end in the
// very next.
func (n *Told) Echoes(text []byte, at, end int, digits []byte) bool {
	if n.End < 0 || at < n.End || at-n.End > 120 || len(digits) > n.size || len(digits) < 3 || !bytes.Equal(n.digits[n.size-len(digits):n.size], digits) || figured(text[n.End:end]) {
		return false
	}
	between := text[n.End:at]
	turns := bytes.Count(between, []byte("\n"))
	if len(digits) == n.size {
		return turns <= 3
	}
	return n.size >= 8 && turns == 1 && len(between)-bytes.IndexByte(between, '\n') < 40
}

// Within are the digits of the atoms between two places; none when they are not the row's.
func (r *Row) Within(start, end int) []byte {
	from, to := -1, 0
	for i := range r.Atoms {
		if a := &r.Atoms[i]; int(a.Start) >= start && int(a.End) <= end {
			if from < 0 {
				from = int(a.From)
			}
			to = int(a.To)
		}
	}
	if from < 0 {
		return nil
	}
	return r.Digits[from:to]
}

// Behind are the digits that were told behind a place, and where they stand.
func (r *Row) Behind(place int, retold bool) (start, end int, digits []byte) {
	atoms := r.Atoms
	if retold {
		atoms = r.Told
	}
	k := len(atoms)
	for k > 0 && int(atoms[k-1].Start) >= place {
		k--
	}
	if k == len(atoms) {
		return 0, 0, nil
	}
	last := &atoms[len(atoms)-1]
	return int(atoms[k].Start), int(last.End), r.Digits[atoms[k].From:last.To]
}
