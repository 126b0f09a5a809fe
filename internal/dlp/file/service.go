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
	content, err := s.o.DLP.Examine(ctx, name, bytes.NewReader(f.Data), nil)
	if err != nil {
		return out, err
	}
	out.Unread = content.Unread
	out.Judgement, err = s.o.DLP.Inspect(ctx, dlp.Passage{Way: dlp.File, Recipient: f.Recipient, By: f.By, Controller: f.Controller, Reason: f.Reason, Content: content})
	if err == nil && f.Clean && out.Judgement.Goes() {
		out.Copy, out.Stripped, out.Left = Strip(f.Data, out.Kind)
	}
	return out, err
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
