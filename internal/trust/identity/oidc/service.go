package oidc

import (
	"context"
	"errors"
	"time"

	"golang.org/x/oauth2"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/trust/identity/ticket"
)

// note appends the entry of what this room did or, with a refusal, did not do.
func (s *Service) note(tx *db.Tx, by actor.Actor, action, ref string, refusal *errs.E) error {
	e := audit.Entry{Action: action, Decision: audit.Done, Actor: by, Ref: ref}
	if refusal != nil {
		e.Decision, e.Reason = audit.Denied, refusal.Code
	}
	_, err := s.Log.Append(tx, e)
	return err
}

// Going is a browser that is sent to the provider.
type Going struct {
	To      string // at the provider
	Browser string // what the browser keeps until it comes back
}

// SignIn sends a browser to the provider. browser is what it kept of an earlier way, visit what
// it kept of an earlier visit: where somebody has not left, the provider must ask who is there.
func (s *Service) SignIn(ctx context.Context, browser, visit, next string) (Going, error) {
	again := false
	if sha, ok := ticket.Parse(ticket.Visit, visit); ok {
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			var n int64
			err := tx.Data.Row(`select count(*) from oidc_visit where visit_sha = $1`, sha).Scan(&n)
			again = n > 0
			return err
		})
		if err != nil {
			return Going{}, err
		}
	}
	return s.begin(ctx, browser, flow{Purpose: toSignIn, Next: next, Again: again})
}

// Connect sends a browser to the provider so that whoever signs in there, now, is known by it.
// It takes a fresh second factor of ours.
func (s *Service) Connect(ctx context.Context, by actor.Actor, browser string) (Going, error) {
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		if !s.Identity.Fresh(tx, by) {
			return errSecond
		}
		return nil
	})
	if err != nil {
		return Going{}, err
	}
	return s.begin(ctx, browser, flow{Purpose: toConnect, Session: by.Session(), Again: true})
}

// Refresh sends a browser to the provider to show a second factor again.
func (s *Service) Refresh(ctx context.Context, by actor.Actor, browser, next string) (Going, error) {
	if !s.Refreshes() {
		return Going{}, errFactor
	}
	return s.begin(ctx, browser, flow{Purpose: toRefresh, Session: by.Session(), Next: next, Again: true})
}

// Refreshes reports whether the provider's second factor counts here.
func (s *Service) Refreshes() bool { return s.provider.factors() }

func (s *Service) begin(ctx context.Context, browser string, f flow) (Going, error) {
	kept, ok := ticket.Parse(ticket.Flow, browser)
	if !ok {
		browser = ticket.New(ticket.Flow)
		kept, _ = ticket.Parse(ticket.Flow, browser)
	}
	state := ticket.New(ticket.Flow)
	sha, _ := ticket.Parse(ticket.Flow, state)
	f.Nonce, f.Verifier, f.Began = ticket.New(ticket.Flow), oauth2.GenerateVerifier(), s.DB.Now().Unix()
	to, err := s.provider.address(ctx, state, f, f.Again)
	if err != nil {
		return Going{}, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error { s.keepFlow(tx, sha, kept, f); return nil })
	return Going{To: to, Browser: browser}, err
}

// Answer is what the provider sent with the browser.
type Answer struct {
	State  string
	Code   string
	Issuer string // RFC 9207
	Failed bool   // in place of a code
}

// Back is a browser that came back.
type Back struct {
	Next   string
	Step   identity.Step   // our second factor follows
	Signed identity.Signed // a session began, or has a new token
	Visit  string          // for the browser to keep until it signs out there
	Linked bool            // who is signed in here is known by the provider's subject now
}

// Return takes the provider's answer.
func (s *Service) Return(ctx context.Context, by actor.Actor, a Answer, browser string, from identity.Place) (Back, error) {
	state, ok := ticket.Parse(ticket.Flow, a.State)
	kept, kept2 := ticket.Parse(ticket.Flow, browser)
	if !ok || !kept2 {
		return Back{}, errFlow
	}
	var f flow
	var refusal error
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		f, refusal = s.takeFlow(tx, state, kept)
		switch {
		case errors.Is(refusal, errReplayed):
			return s.note(tx, s.Door, "identity.sign_in", "", errReplayed)
		case errors.Is(refusal, errFlow):
			return nil
		}
		return refusal
	})
	if err := errors.Join(err, refusal); err != nil {
		return Back{}, errs.Of(err)
	}
	who, err := s.redeemed(ctx, f, a)
	if err != nil {
		if errs.KindOf(err) != errs.Unauthenticated {
			return Back{}, err // nobody showed anything, good or bad
		}
		return Back{}, s.refused(ctx, by, f, errs.Of(err))
	}
	switch f.Purpose {
	case toConnect:
		return s.connected(ctx, by, f, who)
	case toRefresh:
		return s.refreshed(ctx, by, f, who)
	}
	return s.signedIn(ctx, f, who, from)
}

// redeemed says who an answer is about, or why it is good for nothing.
func (s *Service) redeemed(ctx context.Context, f flow, a Answer) (identified, error) {
	switch {
	case a.Issuer != "" && a.Issuer != s.Issuer:
		return identified{}, errToken // RFC 9207: another provider's answer
	case a.Failed:
		return identified{}, errDeclined
	case a.Code == "":
		return identified{}, errToken
	}
	m, err := s.provider.metadata(ctx)
	if err != nil {
		return identified{}, err
	}
	if m.NamesSelf && a.Issuer == "" {
		return identified{}, errToken
	}
	return s.provider.redeem(ctx, f, a.Code)
}

// refused appends the entry of an answer that was not good, and returns the refusal.
func (s *Service) refused(ctx context.Context, by actor.Actor, f flow, refusal *errs.E) error {
	action, ref := "identity.sign_in", ""
	switch f.Purpose {
	case toSignIn:
		by = s.Door
	case toConnect:
		action, ref = "oidc.linked", by.ID()
	case toRefresh:
		action, ref = "identity.second_factor", by.ID()
	}
	return s.outcome(ctx, func(tx *db.Tx) (*errs.E, error) { return refusal, s.note(tx, s.whoever(by), action, ref, refusal) })
}

// whoever is who came back: somebody in a session, or who stands at the door.
func (s *Service) whoever(by actor.Actor) actor.Actor {
	if by.IsStaff() {
		return by
	}
	return s.Door
}

// outcome runs fn in a write transaction. A refusal is an outcome: what fn wrote is committed.
func (s *Service) outcome(ctx context.Context, fn func(tx *db.Tx) (refusal *errs.E, err error)) error {
	var refusal *errs.E
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		refusal, err = fn(tx)
		return err
	})
	if err == nil && refusal != nil {
		return refusal
	}
	return err
}

// shown is when a second factor was shown at the provider, if it counts here.
func (s *Service) shown(tx *db.Tx, who identified) time.Time {
	if !who.second || who.at.IsZero() || tx.Now().Sub(who.at) > factorAge {
		return time.Time{}
	}
	return who.at
}

// anew reports whether who came back signed in at the provider for this flow, and not before.
func anew(f flow, who identified) bool {
	return !who.at.IsZero() && !who.at.Before(time.Unix(f.Began, 0).Add(-clockSkew))
}

func (s *Service) signedIn(ctx context.Context, f flow, who identified, from identity.Place) (back Back, err error) {
	err = s.outcome(ctx, func(tx *db.Tx) (*errs.E, error) {
		back = Back{Next: f.Next}
		vouch := identity.Vouch{}
		staff, found, err := s.linked(tx, who.subject)
		if err == nil && !found && s.Directory != nil && who.external != "" {
			staff, found, err = s.Directory(tx, who.external)
			vouch.Directory = found
		}
		if err != nil {
			return nil, err
		}
		if !found {
			return errNotLinked, s.note(tx, s.Door, "identity.sign_in", "", errNotLinked)
		}
		// A provider that was told to ask and did not may have the person before in mind.
		if vouch.Staff, vouch.Second = staff, s.shown(tx, who); f.Again && !anew(f, who) {
			vouch.Second = time.Time{}
		}
		var refusal *errs.E
		back.Step, back.Signed, refusal, err = s.Identity.Vouched(tx, vouch, from)
		if err != nil || refusal != nil {
			return refusal, err
		}
		back.Visit = s.keepVisit(tx, staff, who)
		tx.Data.Queue(`update oidc_link set used_at = $1 where subject_mac = $2`, tx.Now().UnixMicro(), s.subjectMAC(who.subject))
		if back.Signed.Token == "" && !back.Step.Passkeys && !back.Step.TOTP {
			return errNoFactor, s.note(tx, s.Door, "identity.sign_in", staff, errNoFactor)
		}
		return nil, nil
	})
	if err != nil {
		return Back{}, err
	}
	return back, nil
}

func (s *Service) connected(ctx context.Context, by actor.Actor, f flow, who identified) (back Back, err error) {
	err = s.outcome(ctx, func(tx *db.Tx) (*errs.E, error) {
		back = Back{Next: accountPath, Linked: true}
		var refusal *errs.E
		switch {
		case by.Session() != f.Session || !by.IsStaff():
			refusal = errSession
		case !anew(f, who):
			refusal = errStale
		default:
			err := s.link(tx, who.subject, by.ID())
			if err != nil && !errors.Is(err, errTaken) {
				return nil, err
			}
			refusal = errs.Of(err)
		}
		if refusal == nil {
			back.Visit = s.keepVisit(tx, by.ID(), who)
		}
		return refusal, s.note(tx, s.whoever(by), "oidc.linked", by.ID(), refusal)
	})
	if err != nil {
		return Back{}, err
	}
	return back, nil
}

func (s *Service) refreshed(ctx context.Context, by actor.Actor, f flow, who identified) (back Back, err error) {
	err = s.outcome(ctx, func(tx *db.Tx) (*errs.E, error) {
		back = Back{Next: f.Next}
		staff, found, err := s.linked(tx, who.subject)
		if err == nil && !found && s.Directory != nil && who.external != "" {
			staff, found, err = s.Directory(tx, who.external)
		}
		if err != nil {
			return nil, err
		}
		var refusal *errs.E
		switch at := s.shown(tx, who); {
		case by.Session() != f.Session || !by.IsStaff():
			refusal = errSession
		case !found || staff != by.ID():
			refusal = errOther
		case !anew(f, who):
			refusal = errStale
		case at.IsZero():
			refusal = errFactor
		default:
			back.Signed, err = s.Identity.Reshown(tx, by, at)
			return nil, err
		}
		return refusal, s.note(tx, s.whoever(by), "identity.second_factor", by.ID(), refusal)
	})
	if err != nil {
		return Back{}, err
	}
	return back, nil
}

// Leave ends the visit of a browser and says where it signs out at the provider: there is "" for
// a browser that was not there. The visit is over even when the provider does not answer.
func (s *Service) Leave(ctx context.Context, visit string) (to string, err error) {
	var hint string
	var found bool
	err = s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		hint, found, err = s.takeVisit(tx, visit)
		return err
	})
	if err != nil || !found {
		return "", err
	}
	return s.provider.leave(ctx, hint, s.LeftURL())
}

// LoggedOut takes a logout token of the provider: all sessions of whom it is about end.
func (s *Service) LoggedOut(ctx context.Context, raw string) error {
	token, err := s.provider.loggedOut(ctx, raw)
	if err != nil {
		return err
	}
	return s.outcome(ctx, func(tx *db.Tx) (*errs.E, error) {
		once, err := s.takeToken(tx, token.TokenID, token.Expiry)
		if err != nil {
			return nil, err
		}
		if !once {
			return errLogout, s.note(tx, s.Provider, "identity.other_sessions_ended", "", errLogout)
		}
		staff, err := s.visitors(tx, token.Subject, token.SessionID)
		for _, one := range staff {
			err = errors.Join(err, s.Identity.LeftElsewhere(tx, s.Provider, one))
		}
		return nil, err
	})
}

// Link is how a member of staff is known at the provider.
type Link struct{ Made, Used time.Time }

// Link returns the actor's own; found is false when there is none.
func (s *Service) Link(ctx context.Context, by actor.Actor) (out Link, found bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var made, used int64
		err := tx.Data.Row(`select made_at, used_at from oidc_link where staff_id = $1`, by.ID()).Scan(&made, &used)
		if errors.Is(err, db.ErrNoRows) {
			found = false
			return nil
		}
		out, found = Link{Made: time.UnixMicro(made).UTC()}, err == nil
		if used > 0 {
			out.Used = time.UnixMicro(used).UTC()
		}
		return err
	})
	return out, found, err
}

// Disconnect takes the actor's own link away, with a fresh second factor.
func (s *Service) Disconnect(ctx context.Context, by actor.Actor) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if !s.Identity.Fresh(tx, by) {
			return errSecond
		}
		n, err := tx.Data.Exec(`delete from oidc_link where staff_id = $1`, by.ID())
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoLink
		}
		return s.note(tx, by, "oidc.unlinked", by.ID(), nil)
	})
}

// Sweep deletes what has expired, at most a thousand rows of each.
func (s *Service) Sweep(ctx context.Context) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		for _, q := range []string{
			`delete from oidc_flow where state_sha in (select state_sha from oidc_flow where expires_at < $1 limit 1000)`,
			`delete from oidc_visit where visit_sha in (select visit_sha from oidc_visit where expires_at < $1 limit 1000)`,
			`delete from oidc_logout where token_mac in (select token_mac from oidc_logout where expires_at < $1 limit 1000)`,
		} {
			tx.Data.Queue(q, tx.Now().UnixMicro())
		}
		return nil
	})
}
