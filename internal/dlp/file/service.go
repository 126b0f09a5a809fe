package file

import (
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
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
}

// Service is the room's verb.
type Service struct {
	o     Options
	rooms chan struct{}
}

// New makes a Service.
func New(o Options) *Service { return &Service{o, make(chan struct{}, AtOnce)} }

// Take says whether a file may go, and gives a copy of it if that was asked for. A refusal (its name lies, malware) is an error
// whose entry is in the log; what the rules say is no error.
func (s *Service) Take(ctx context.Context, f Offer) (out Taken, err error) {
	switch {
	case !f.By.Serves(f.Controller):
		return out, errCompany
	case len(f.Data) > MaxFile:
		return out, errTooLarge
	}
	select {
	case s.rooms <- struct{}{}:
		defer func() { <-s.rooms }()
	case <-ctx.Done():
		return out, ctx.Err()
	}
	name := f.Name
	if len(name) > maxName {
		name = name[len(name)-maxName:] // its ending counts
	}
	name = strings.ToValidUTF8(name, "?")
	out.Kind = extract.KindOf(f.Data, name)
	if lie := lies(name, out.Kind); lie != nil {
		return out, s.refuse(ctx, f, lie)
	}
	if s.o.Malware != nil {
		if err := s.o.Malware(ctx, bytes.NewReader(f.Data)); err != nil {
			return out, s.refuse(ctx, f, errs.Of(err))
		}
		out.Scanned = true
	}
	content, err := s.o.DLP.ExamineChecked(ctx, name, bytes.NewReader(f.Data), nil)
	if err != nil {
		return out, err
	}
	out.Unread = content.Unread
	p := dlp.Passage{Way: dlp.File, Recipient: f.Recipient, By: f.By, Controller: f.Controller, Reason: f.Reason, Ref: s.ref(f), Content: content}
	if out.Released, err = s.released(ctx, p); err != nil {
		return out, err
	}
	if out.Released != "" {
		if out.Judgement, err = s.o.DLP.Look(ctx, p); err != nil {
			return out, err
		}
	}
	switch {
	case out.Released == "", out.Judgement.Verdict == dlp.Block: // by rules that are newer than the decision
		out.Released = ""
		out.Judgement, err = s.o.DLP.Inspect(ctx, p)
	default:
		err = s.o.DLP.Carried(ctx, f.By, out.Released)
	}
	if err == nil && f.Clean && out.Goes() {
		out.Copy, out.Stripped, out.Left = Strip(f.Data, out.Kind)
	}
	return out, err
}

// ref is what a file on its way to somebody is known by: a keyed hash in letters, because digits could look like a number.
func (s *Service) ref(f Offer) string {
	var out strings.Builder
	sum := s.o.MAC("dlp/file", append([]byte(f.Controller+"\x00"+string(f.Recipient)+"\x00"), f.Data...))
	for _, c := range sum[:10] {
		out.WriteByte('a' + c>>4)
		out.WriteByte('a' + c&15)
	}
	return out.String()
}

// released finds the decision to let this file go to this recipient, which was held before and has not gone since.
func (s *Service) released(ctx context.Context, p dlp.Passage) (incident string, err error) {
	list, err := s.o.DLP.Decided(ctx, p.By, dlp.File)
	for _, in := range list {
		if in.Held == dlp.Released && in.Ref == p.Ref && in.Controller == p.Controller {
			return in.ID, err
		}
	}
	return "", err
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
