package extract

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/extract/internal/sniff"
	"github.com/amanah-id/amanah/pii/extract/packed"
)

// maxPacked is how often something may be packed in letters within what was packed so.
const maxPacked = 3

// unpack reads the texts that stand packed and in letters in a text. Whatever else is packed so stays letters.
func (w *walk) unpack(s *Segment) error {
	pieces, all := packed.Find(s.Text)
	over := !all
	for _, p := range pieces {
		if !s.Owns(p.Start) || w.Raw {
			continue
		}
		over = over || p.Over || w.opened == maxPacked
		if w.expanded += int64(len(p.Content)); w.opened == maxPacked || !sniff.Textual(p.Content[:min(len(p.Content), sniff.Size)]) {
			continue
		}
		entry := inside(s.Origin, "packed")
		entry.Kind = Text
		w.opened++
		err := w.plain(entry, bytes.NewReader(p.Content), false, 1, 0)
		w.opened--
		if err != nil {
			return err
		}
	}
	if over && !w.Raw {
		return w.skip(s.Origin, TooDense)
	}
	return nil
}
