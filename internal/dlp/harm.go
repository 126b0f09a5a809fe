package dlp

import (
	"context"
	"io"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/pii/extract"
)

// The kinds of findings that stand for what a scanner of malware says of a stream.
const (
	Malware   = "malware"
	Unchecked = "malware_unchecked" // it could not check the stream, or not all of it
)

// Examine looks at a stream: a file, an archive with everything in it, a mail with what is attached. It takes bounded memory,
// and belongs before the transaction that judges. Text of an origin for which replaceable is true can be given back with values
// replaced (MaskedText); a value elsewhere cannot be masked, and what would be masked is held. What could not be read is a
// finding of the kind NotInspected; malware is one too, and so is that it could not be looked for, where that is done. Errors are
// those of reading r, and the context's.
func (s *Service) Examine(ctx context.Context, name string, r io.Reader, replaceable func(extract.Origin) bool) (*Content, error) {
	if s.o.Files.Malware == nil {
		return s.ExamineChecked(ctx, name, r, replaceable)
	}
	from, to := io.Pipe()
	said := make(chan error, 1)
	go func() {
		err := s.o.Files.Malware(ctx, from)
		_, _ = io.Copy(io.Discard, from) // a verdict may come before the end, and the others read on
		said <- err
	}()
	c, err := s.ExamineChecked(ctx, name, io.TeeReader(r, to), replaceable)
	_ = to.CloseWithError(err) // nil is the end of the stream; anything else leaves the scanner without a verdict
	harm := <-said
	switch {
	case err != nil:
		return nil, err
	case errs.CodeOf(harm) == "malware.found":
		c.found = append(c.found, Found{Kind: Malware, Count: 1, Confidence: 100, Fixed: true})
	case harm != nil:
		c.found = append(c.found, Found{Kind: Unchecked, Count: 1, Confidence: 100, Fixed: true})
	}
	return c, nil
}
