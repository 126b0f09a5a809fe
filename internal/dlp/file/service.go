package file

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/spool"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/pii/extract"
)

// Options are what the room needs.
type Options struct {
	DB  *db.DB
	Log *audit.Log
	DLP *dlp.Service
	// MAC is keyring.MAC: a file that was held is known again by it.
	MAC func(purpose string, data []byte) []byte
	// Malware gives nil when a file is clean. When nil itself, nobody checks.
	Malware func(ctx context.Context, file io.Reader) error
	Most    int64 // bytes of one file
}

// Service is the room's verb.
type Service struct {
	o      Options
	looked chan struct{}

	mu    sync.Mutex
	taken map[string]int // files at the moment, by client
	all   int
}

// New makes a Service.
func New(o Options) *Service {
	return &Service{o: o, looked: make(chan struct{}, LookedAt), taken: map[string]int{}}
}

// place takes a place for one more file of a client. Nobody waits for one: whoever waits holds a connection.
func (s *Service) place(by string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == AtOnce || s.taken[by] == EachAtOnce {
		return nil, errBusy
	}
	s.all++
	s.taken[by]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		if s.taken[by]--; s.taken[by] == 0 {
			delete(s.taken, by)
		}
	}, nil
}

// Take reads a file, says whether it may go, and gives a copy of it if that was asked for. A refusal (its name lies, malware) is an error
// whose entry is in the log; what the rules say is no error. What is no error is closed by the caller.
func (s *Service) Take(ctx context.Context, f Offer) (out Taken, err error) {
	if !f.By.Serves(f.Controller) {
		return out, errCompany
	}
	if out.leave, err = s.place(f.By.ID()); err != nil {
		return out, err
	}
	kept := spool.New(inMemory, s.o.Most, "")
	defer func() {
		if err != nil {
			out.Close()
		}
		if out.Copy != kept {
			_ = kept.Close()
		}
	}()
	if _, err := io.Copy(kept, f.Body); errors.Is(err, spool.ErrFull) {
		return out, errTooLarge.With("max", s.o.Most>>20)
	} else if err != nil {
		return out, err // it broke off: nothing may be said of it
	}
	limited, cancel := context.WithTimeout(ctx, AnswerIn)
	defer cancel()
	select {
	case s.looked <- struct{}{}:
		defer func() { <-s.looked }()
		err = s.look(limited, f, kept, &out)
	case <-limited.Done():
		err = limited.Err()
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = errBusy
	}
	return out, err
}

// look says of a file that is there whether it may go.
func (s *Service) look(ctx context.Context, f Offer, kept *spool.Spool, out *Taken) (err error) {
	name := f.Name
	if len(name) > maxName {
		name = name[len(name)-maxName:]
	}
	name = strings.ToValidUTF8(name, "?")
	out.Kind = extract.KindIn(kept.Reader(0), kept.Size(), name)
	if lie := lies(name, out.Kind); lie != nil {
		return s.refuse(ctx, f, lie)
	}
	if s.o.Malware != nil {
		if err := s.o.Malware(ctx, kept.Reader(0)); err != nil {
			return s.refuse(ctx, f, errs.Of(err))
		}
		out.Scanned = true
	}
	going, what, left := kept, []string(nil), LeftNot // what a clean copy does not have does not go
	if f.Clean {
		if going, what, left, err = stripped(kept, out.Kind); err != nil {
			return err
		}
		defer func() {
			if going != kept && out.Copy != going {
				_ = going.Close()
			}
		}()
	}
	content, err := s.o.DLP.ExamineFile(ctx, name, going.Reader(0), f.Clean, lookIn)
	if err != nil {
		return err
	}
	p := dlp.Passage{Way: dlp.File, Recipient: f.Recipient, By: f.By, Controller: f.Controller, Reason: f.Reason, Ref: s.ref(f, content), Content: content, Lang: f.Lang}
	if out.Released, out.Judgement, err = s.o.DLP.LetGo(ctx, p); err == nil && out.Released == "" {
		err = s.judge(ctx, f, name, &p, going, out)
	}
	out.Unread, out.Places, out.More = p.Content.Unread, p.Content.Places, p.Content.More
	if err == nil && f.Clean && out.Goes() && out.Copy == nil {
		out.Copy, out.Stripped, out.Left = going, what, left
	}
	return err
}

// judge has the rules say what is done. What they mask is masked in a copy, and what cannot be is judged as what it is: values that stay where
// they are.
func (s *Service) judge(ctx context.Context, f Offer, name string, p *dlp.Passage, going *spool.Spool, out *Taken) error {
	j, err := s.o.DLP.Look(ctx, *p)
	if err != nil {
		return err
	}
	masks := func() bool { return j.Goes() && len(j.Replaced()) > 0 }
	if masks() {
		if out.Copy, err = s.masked(ctx, j, f.Lang, name, p.Content, going); err != nil {
			return err
		}
		if out.Copy == nil {
			if p.Content, err = s.o.DLP.ExamineFile(ctx, name, going.Reader(0), false, lookIn); err != nil {
				return err
			}
		}
	}
	replaced := j.Replaced()
	j, err = s.o.DLP.Inspect(ctx, *p, func(_ *db.Tx, now dlp.Judgement) error {
		if j = now; masks() && (out.Copy == nil || !slices.Equal(j.Replaced(), replaced)) {
			return errMoved // the rules are others than a moment ago
		}
		return nil
	})
	if out.Judgement = j; err == nil && !masks() && out.Copy != nil {
		_ = out.Copy.Close()
		out.Copy = nil
	}
	return err
}

// masked is a copy with the values replaced; nil when not all of them could be.
func (s *Service) masked(ctx context.Context, j dlp.Judgement, lang i18n.Lang, name string, was *dlp.Content, kept *spool.Spool) (*spool.Spool, error) {
	out := spool.New(inMemory, 2*s.o.Most, "") // names are longer than some values
	err := s.o.DLP.MaskedCopy(ctx, j, lang, name, func() dlp.Again { return kept.Reader(0) }, out, lookIn)
	var again *dlp.Content
	if err == nil {
		again, err = s.o.DLP.ExamineFile(ctx, name, out.Reader(0), false, lookIn)
	}
	if err == nil && !again.Holds(j.Replaced()) && maps.Equal(again.Unread, was.Unread) {
		return out, nil
	}
	_ = out.Close()
	if errors.Is(err, spool.ErrFull) || errors.Is(err, extract.TooLong) {
		err = nil
	}
	return nil, err
}

// stripped is a copy of a file without what travels with it.
func stripped(kept *spool.Spool, kind extract.Kind) (out *spool.Spool, what []string, left Left, err error) {
	if kept.Size() > MaxFile {
		if _, _, left = Strip(nil, kind); left == LeftOdd || kind == extract.Picture {
			left = LeftLarge
		}
		return kept, nil, left, nil
	}
	data, err := kept.Bytes()
	if err != nil {
		return nil, nil, LeftNot, err
	}
	clean, what, left := Strip(data, kind)
	if len(what) == 0 {
		return kept, nil, left, nil
	}
	out = spool.New(inMemory, 2*MaxFile, "") // an archive that is written anew may be longer
	_, err = out.Write(clean)
	return out, what, left, err
}

// ref is what a file on its way to somebody is known by: a keyed hash in letters, because digits could look like a number.
func (s *Service) ref(f Offer, c *dlp.Content) string {
	var out strings.Builder
	sum := s.o.MAC("dlp/file", append([]byte(f.Controller+"\x00"+string(f.Recipient)+"\x00"), c.Digest...))
	for _, c := range sum[:10] {
		out.WriteByte('a' + c>>4)
		out.WriteByte('a' + c&15)
	}
	return out.String()
}

// refuse enters a refusal and gives it back.
func (s *Service) refuse(ctx context.Context, f Offer, refusal *errs.E) error {
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := s.o.Log.Append(tx, audit.Entry{Action: "file.refused", Decision: audit.Denied, Reason: refusal.Code, Actor: f.By, Controller: f.Controller})
		return err
	})
	if err != nil {
		return err
	}
	return refusal
}
