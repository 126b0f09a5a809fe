// Package pasted looks at what people paste into a text packed and in letters: a letter that was packed by gzip and written as base64, as package
// pii/extract/packed finds it. For the texts that package dlp has as a whole (notes, chats, texts of programs); in files package extract does it.
//
// It promises that a piece is one finding, over all of its letters, so that it can be replaced as a whole: the gravest that is in it, and whose values
// it holds. It keeps nothing of what it unpacks. Its limit follows: kinds beside the gravest are not told, and neither are persons counted in
// a piece. A text of which not everything could be unpacked within the limits is not judged at all (Whole).
package pasted

import (
	"cmp"
	"slices"

	"github.com/amanah-id/amanah/internal/dlp/known"
	"github.com/amanah-id/amanah/pii"
	"github.com/amanah-id/amanah/pii/extract/packed"
)

// Scan are the shapes in a text. What stands packed in it is one finding a piece, the gravest of it: a piece is replaced as a whole.
func Scan(scanner *pii.Scanner, text []byte) []pii.Finding {
	shapes := scanner.Scan(nil, text)
	pieces, _ := packed.Find(text)
	if len(pieces) == 0 {
		return shapes
	}
	for _, p := range pieces {
		within := scanner.Scan(nil, p.Content)
		if len(within) == 0 {
			continue
		}
		worst := slices.MaxFunc(within, func(a, b pii.Finding) int {
			if secret := a.Type.NeverStore(); secret != b.Type.NeverStore() {
				return map[bool]int{true: 1, false: -1}[secret]
			}
			return cmp.Compare(a.Confidence, b.Confidence)
		})
		worst.Start, worst.End = p.Start, p.End
		shapes = append(slices.DeleteFunc(shapes, func(f pii.Finding) bool { return f.Start < p.End && p.Start < f.End }), worst)
	}
	_ = scanner.Scan(nil, text) // which it is asked about next
	slices.SortFunc(shapes, func(a, b pii.Finding) int { return a.Start - b.Start })
	return shapes
}

// Known adds the places of customers' values in what stands packed in a text, each as the whole piece.
func Known(text []byte, places []known.Place, look func(content []byte) ([]known.Place, error)) ([]known.Place, error) {
	pieces, _ := packed.Find(text)
	for _, p := range pieces {
		more, err := look(p.Content)
		if err != nil {
			return nil, err
		}
		for _, m := range more {
			m.Start, m.End = p.Start, p.End
			places = append(places, m)
		}
	}
	slices.SortStableFunc(places, func(a, b known.Place) int { return cmp.Or(a.Start-b.Start, b.End-a.End) })
	return places, nil
}

// Whole says whether all that stands packed in a text was unpacked.
func Whole(text []byte) bool {
	pieces, all := packed.Find(text)
	return all && !slices.ContainsFunc(pieces, func(p packed.Piece) bool { return p.Over })
}
