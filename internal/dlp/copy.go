package dlp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/pii"
	"github.com/amanah-id/amanah/pii/extract"
	"github.com/amanah-id/amanah/pii/replace"
)

// Place is where a finding stands in a file: what its shape tells, never whose it is.
type Place struct {
	Kind       string
	Confidence int            // per cent
	Origin     extract.Origin // which file in the file, page, sheet
	At         string         // cell, or the way to the value
	Line       int            // 0: has none
	Start, End int64          // bytes of the stream; both 0: what was found was decoded
}

// maxPlaces is how many places of one stream are told; of more, the number.
const maxPlaces = 100

// place notes where a finding stands.
func (e *examiner) place(s *extract.Segment, f pii.Finding) {
	if len(e.Places) == maxPlaces {
		e.More++
		return
	}
	p := Place{Kind: f.Type.String(), Confidence: int(f.Confidence * 100), Origin: s.Origin, Line: s.Line}
	if m, ok := s.Place(f.Start, f.End); ok && len(s.Marks) > 0 {
		p.At, p.Line = m.Place, m.Line
	} else if s.Line > 0 {
		p.Line += bytes.Count(s.Text[:f.Start], []byte("\n"))
	}
	if s.Origin.Entry == "" {
		p.Start, p.End, _ = stands(s, f)
	}
	e.Places = append(e.Places, p)
}

// stands tells the bytes of its file that a finding is; false where its text was decoded.
func stands(s *extract.Segment, f pii.Finding) (start, end int64, exact bool) {
	if s.Offset >= 0 && len(s.Marks) == 0 {
		return s.Offset + int64(f.Start), s.Offset + int64(f.End), true
	}
	m, ok := s.At(f.Start)
	if !ok || !m.Source.Exact || f.End > m.End {
		return 0, 0, false
	}
	start = m.Source.Start + int64(f.Start-m.Start)
	return start, start + int64(f.End-f.Start), true
}

// inText says of a text, a table or JSON that it is the stream, and of nothing that lies in it: there a value is the bytes that a person reads.
func inText(o extract.Origin) bool {
	return o.Entry == "" && (o.Kind == extract.Text || o.Kind == extract.Table || o.Kind == extract.JSON)
}

// ExamineFile is ExamineChecked of a file. With replaceable, the values of one that is a text, a table or JSON can be replaced (MaskedCopy).
// What is not read within so long is said: somebody waits.
func (s *Service) ExamineFile(ctx context.Context, name string, r io.Reader, replaceable bool, within time.Duration) (*Content, error) {
	if !replaceable {
		return s.examine(ctx, name, r, nil, false, within)
	}
	return s.examine(ctx, name, r, inText, true, within)
}

// MaskedCopy writes a file as it may go: each value of a kind that is masked is replaced by its name. Whoever asked has the copy looked at
// again, since what stands beside a value may only be seen when the value is gone. What takes longer is extract.TooLong.
func (s *Service) MaskedCopy(ctx context.Context, j Judgement, lang i18n.Lang, name string, file func() Again, out io.Writer, within time.Duration) error {
	scanner := s.scanners.Get().(*pii.Scanner)
	defer s.scanners.Put(scanner)
	m := &masker{service: s, controller: j.controller, kinds: j.Replaced(), scanner: scanner, name: s.name(lang), from: file(), to: out}
	walker := &extract.Walker{Limits: s.o.Files.Limits}
	walker.Limits.Time = within
	if err := walker.Walk(ctx, name, file(), m); err != nil {
		return err
	}
	_, err := io.Copy(out, m.from)
	return err
}

// Again is a file that was read, from its beginning.
type Again interface {
	io.Reader
	extract.Sized
}

// masker copies a text and puts names in the places of values.
type masker struct {
	service    *Service
	controller string
	kinds      []string
	scanner    *pii.Scanner
	name       replace.Replacer
	from       Again
	to         io.Writer
	at         int64 // bytes of from that are copied, or passed over
}

func (m *masker) Segment(s *extract.Segment) error {
	if !inText(s.Origin) {
		return nil
	}
	all, list := m.service.foundIn(m.scanner, m.controller, s.Text)
	for i, f := range all {
		start, end, exact := stands(s, f)
		if _, own := s.Place(f.Start, f.End); !own || !exact || end <= m.at || !slices.Contains(m.kinds, list[i].Kind) {
			continue
		}
		bare, err := m.bare(s, f)
		if errors.Is(err, errPart) {
			continue
		} else if err != nil {
			return err
		}
		if _, err := io.CopyN(m.to, m.from, max(0, start-m.at)); err != nil {
			return err
		}
		name := m.name(nil, f, s.Text[f.Start:f.End], m.scanner.Value(nil, s.Text, f))
		if bare {
			name = slices.Concat([]byte(`"`), name, []byte(`"`))
		}
		if _, err := m.to.Write(name); err != nil {
			return err
		}
		if _, err := io.CopyN(io.Discard, m.from, end-max(start, m.at)); err != nil {
			return err
		}
		m.at = end
	}
	return nil
}

// errPart says of a finding that it is a part of a number of JSON, which nothing can be written into.
var errPart = errors.New("dlp: a part of a number")

// bare says of a finding in JSON that it is a number, which becomes a text: it has no quotation marks of its own.
func (m *masker) bare(s *extract.Segment, f pii.Finding) (bool, error) {
	v, ok := s.At(f.Start)
	if !ok || s.Origin.Kind != extract.JSON {
		return false, nil
	}
	before := []byte{' '}
	if v.Source.Start > 0 {
		if _, err := m.from.ReadAt(before, v.Source.Start-1); err != nil {
			return false, err
		}
	}
	switch {
	case before[0] == '"':
		return false, nil
	case f.Start > v.Start || f.End < v.End:
		return false, errPart
	}
	return true, nil
}

// Skip passes over what the first look has said already; a text that was not read to its end is no copy.
func (m *masker) Skip(s extract.Skip) error {
	if s.Reason == extract.TooLong {
		return s.Reason
	}
	return nil
}

// Holds reports whether a value of one of these kinds was found by its shape.
func (c *Content) Holds(kinds []string) bool {
	return slices.ContainsFunc(slices.Concat(c.found, c.known), func(f Found) bool { return !f.shapeless && slices.Contains(kinds, f.Kind) })
}
