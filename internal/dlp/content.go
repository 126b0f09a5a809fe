package dlp

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/dlp/crowd"
	"github.com/amanah-id/amanah/internal/dlp/evidence"
	"github.com/amanah-id/amanah/internal/dlp/known"
	"github.com/amanah-id/amanah/internal/dlp/trace"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/pii"
	"github.com/amanah-id/amanah/pii/extract"
	"github.com/amanah-id/amanah/pii/replace"
)

// Content is what a stream holds: kinds and counts, never a value. It belongs to the Service that made it.
type Content struct {
	People int                    // how many different persons it tells of, at least
	Unread map[extract.Reason]int // how often something could not be inspected, and why
	Places []Place                // of the first findings that have a shape
	More   int                    // how many more there are
	Digest []byte                 // SHA-256 of the stream
	found  []Found
	masked string // words around the first findings, for the evidence

	known   []Found // that customers of some controller own, with whose they are
	indexed bool    // the values of customers were known
}

// Found are its findings, those that are alike together.
func (c *Content) Found() []Found { return slices.Clone(c.found) }

// Clean reports whether nothing was found, nor left unread.
func (c *Content) Clean() bool { return len(c.found)+len(c.known) == 0 }

// NotRead says of what was sent, beside the stream, that a part of it could not be inspected.
func (c *Content) NotRead(why extract.Reason) {
	c.Unread[why]++
	i := slices.IndexFunc(c.found, func(f Found) bool { return f.Kind == NotInspected })
	if i < 0 {
		c.found = append(c.found, Found{Kind: NotInspected, Confidence: 100, Fixed: true})
		i = len(c.found) - 1
	}
	c.found[i].Count++
}

// ExamineChecked is Examine of what was checked for malware already, or cannot hold any.
func (s *Service) ExamineChecked(ctx context.Context, name string, r io.Reader, replaceable func(extract.Origin) bool) (*Content, error) {
	return s.examine(ctx, name, r, replaceable, false, 0)
}

// examine looks at a stream; exact: only what stands in it byte for byte can be replaced. An archive that can be read anywhere is not held
// in memory.
func (s *Service) examine(ctx context.Context, name string, r io.Reader, replaceable func(extract.Origin) bool, exact bool, within time.Duration) (*Content, error) {
	scanner := s.scanners.Get().(*pii.Scanner)
	defer s.scanners.Put(scanner)
	e := &examiner{Content: &Content{Unread: map[extract.Reason]int{}}, whose: s.o.Known, scanner: scanner, crowd: crowd.New(), name: s.name(i18n.ID), replaceable: replaceable, exact: exact}
	seen := &watched{r: r, sum: sha256.New()}
	walker := &extract.Walker{Limits: s.o.Files.Limits, Tools: s.tools(), Documents: s.o.Files.Documents, Traces: true}
	if within > 0 {
		walker.Limits.Time = within
	}
	var from io.Reader = seen
	if a, ok := r.(extract.Sized); ok {
		from = struct {
			io.Reader
			extract.Sized
		}{seen, a}
	}
	if err := walker.Walk(ctx, name, from, e); err != nil {
		return nil, err
	}
	// The digest is of all of it, also of what a limit left unread.
	if _, err := io.Copy(io.Discard, seen); err != nil {
		return nil, err
	}
	if seen.err != nil {
		return nil, seen.err
	}
	e.People, e.Digest = e.crowd.Count(), seen.sum.Sum(nil)
	if n := len(e.Unread); n > 0 {
		all := 0
		for _, k := range e.Unread {
			all += k
		}
		e.found = append(e.found, Found{Kind: NotInspected, Count: all, Confidence: 100, Fixed: true})
	}
	return e.Content, nil
}

// watched hashes what is read, and keeps the error of reading apart from what is wrong with a file.
type watched struct {
	r   io.Reader
	sum hash.Hash
	err error
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.r.Read(b)
	_, _ = w.sum.Write(b[:n]) // never fails
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// examiner looks at the segments of one stream.
type examiner struct {
	*Content
	whose       Known
	scanner     *pii.Scanner
	crowd       *crowd.Crowd
	name        replace.Replacer
	replaceable func(extract.Origin) bool
	exact       bool
	hits        []pii.Finding
}

func (e *examiner) Segment(s *extract.Segment) error {
	shapes := trace.Scan(e.scanner, e.hits[:0], s)
	var places []known.Place
	if e.whose != nil {
		var err error
		if places, e.indexed, err = e.whose.Whose("", s.Text); err != nil {
			return err
		}
		places = trace.Known(s, places)
	}
	if len(shapes)+len(places) == 0 {
		return nil
	}
	own := func(f pii.Finding) bool { _, ok := s.Place(f.Start, f.End); return ok }
	e.crowd.Add(e.scanner, s.Text, shapes, own)
	fixed := e.replaceable == nil || !e.replaceable(s.Origin)
	var list []Found
	e.hits, list = found(shapes, places)
	for i, f := range e.hits {
		if !own(f) {
			continue
		}
		_, _, exact := stands(s, f)
		list[i].Start, list[i].End, list[i].Fixed = 0, 0, fixed || e.exact && !exact
		if !list[i].shapeless {
			e.place(s, f)
		}
		if len(list[i].of) > 0 && len(e.known) < maxKnown {
			e.known = append(e.known, list[i])
		} else if !list[i].shapeless {
			e.found = alike(e.found, list[i])
		}
	}
	if len(e.hits) > 0 && s.Origin.Part != extract.Trace { // what stands around may be a secret
		e.remember(s.Text, own)
	}
	return nil
}

// maxKnown is how many values of customers are told apart in one stream; of more, only what their shape says counts.
const maxKnown = 20_000

func (e *examiner) Skip(s extract.Skip) error {
	e.Unread[s.Reason]++
	return nil
}

// around is how much text beside a finding is looked at for words of the evidence.
const around = 60

// remember keeps what stands around a segment's first findings, every value masked, until there is enough for the evidence.
func (e *examiner) remember(text []byte, own func(pii.Finding) bool) {
	first := slices.IndexFunc(e.hits, own)
	if first < 0 || utf8.RuneCountInString(e.masked) > evidence.Most {
		return
	}
	last := min(first+10, len(e.hits))
	from, to := max(0, e.hits[first].Start-around), min(len(text), e.hits[last-1].End+around)
	if first > 0 {
		from = max(from, e.hits[first-1].End) // nothing of a value that is left out
	}
	if last < len(e.hits) {
		to = min(to, e.hits[last].Start)
	}
	for from > 0 && from < e.hits[first].Start && text[from-1] > ' ' { // no half of a word, which could be a name without its capital
		from++
	}
	for to < len(text) && to > e.hits[last-1].End && text[to] > ' ' {
		to--
	}
	shown := make([]pii.Finding, 0, last-first)
	for _, f := range e.hits[first:last] {
		f.Start, f.End = f.Start-from, f.End-from
		shown = append(shown, f)
	}
	part := []byte(round.Replace(readable(text[from:to])))
	e.masked = strings.TrimSpace(e.masked + " " + string(replace.Text(e.scanner, nil, part, shown, e.name)))
}

// readable puts a question mark in the place of each byte that is no UTF-8; every place stays what it is.
func readable(b []byte) string {
	out := slices.Clone(b)
	for i := 0; i < len(out); {
		r, n := utf8.DecodeRune(out[i:])
		if r == utf8.RuneError && n == 1 {
			out[i] = '?'
		}
		i += n
	}
	return string(out)
}
