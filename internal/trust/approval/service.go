package approval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// Keys is what approval needs of trust/keyring.
type Keys interface {
	SealStaff(ref keyring.Ref, plain []byte) []byte
	OpenStaff(ref keyring.Ref, sealed []byte) ([]byte, error)
}

// Log is what approval needs of trust/audit.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Options are what app gives beside the kinds.
type Options struct {
	Name   func(tx *db.Tx, staff string) (string, error) // who asks, for screens; identity.FirstName
	Expiry actor.Actor                                   // the duty in whose name requests expire
	// Active reports whether a member of staff may still work here; needed.
	Active func(tx *db.Tx, staff string) (bool, error)
	// Relief reports whether somebody else than decider and asker is on duty to decide for a controller; nil means never.
	Relief func(tx *db.Tx, controller, decider, asker string) (bool, error)
}

// Approvals keeps the requests and knows the kinds.
type Approvals struct {
	db      *db.DB
	log     Log
	keys    Keys
	options Options
	kinds   map[string]Kind
	roles   []actor.Role // everybody who may ask or decide something
}

// New makes the room. It fails on a kind that is not complete or named twice: what cannot
// be decided properly must not be asked.
func New(d *db.DB, log Log, keys Keys, o Options, kinds ...Kind) (*Approvals, error) {
	if o.Active == nil {
		return nil, errors.New("approval: who is still active must be known")
	}
	s := &Approvals{db: d, log: log, keys: keys, options: o, kinds: map[string]Kind{}}
	for _, k := range kinds {
		if _, twice := s.kinds[k.Name]; twice || k.Name == "" || len(k.Ask) == 0 || len(k.Decide) == 0 || k.Wait <= 0 || k.Effect == nil {
			return nil, fmt.Errorf("approval: kind %q is incomplete or named twice", k.Name)
		}
		s.kinds[k.Name] = k
		s.roles = append(s.roles, k.Ask...)
		s.roles = append(s.roles, k.Decide...)
	}
	slices.Sort(s.roles)
	s.roles = slices.Compact(s.roles)
	return s, nil
}

const (
	maxReason  = 300 // characters
	maxPayload = 2048
	shown      = 200 // requests in a list
)

func tidy(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return "", errReason
	}
	if utf8.RuneCountInString(reason) > maxReason {
		return "", errBad.With("field", "reason")
	}
	return reason, nil
}

func (s *Approvals) seal(row, column, text string) []byte {
	return s.keys.SealStaff(keyring.Ref{Table: "approval_request", Column: column, Row: row, Schema: 1}, []byte(text))
}

func (s *Approvals) open(row, column string, sealed []byte) (string, error) {
	if sealed == nil {
		return "", nil
	}
	plain, err := s.keys.OpenStaff(keyring.Ref{Table: "approval_request", Column: column, Row: row, Schema: 1}, sealed)
	return string(plain), err
}

func (s *Approvals) note(tx *db.Tx, by actor.Actor, what string, r Request, decision audit.Decision, refusal string) error {
	_, err := s.log.Append(tx, audit.Entry{
		Action: "approval." + what + "." + r.Kind, Decision: decision, Reason: refusal, Actor: by, Ref: r.ID, Controller: r.Controller,
	})
	return err
}

// Request asks for a decision and appends the entry approval.asked.
func (s *Approvals) Request(tx *db.Tx, by actor.Actor, a Ask) (Request, error) {
	kind, ok := s.kinds[a.Kind]
	if !ok {
		return Request{}, errKind
	}
	if !by.Is(kind.Ask...) {
		return Request{}, errAsk
	}
	reason, err := tidy(a.Reason)
	if err != nil {
		return Request{}, err
	}
	if a.Wait <= 0 || a.Wait > kind.Wait {
		a.Wait = kind.Wait
	}
	if a.Payload == nil {
		a.Payload = map[string]string{}
	}
	payload, err := json.Marshal(a.Payload)
	if err != nil || len(payload) > maxPayload || a.Controller != "" && !by.Serves(a.Controller) {
		return Request{}, errBad.With("field", "payload")
	}
	r := Request{
		ID: id.NewAt(id.Approval, tx.Now()), Kind: a.Kind, Ref: a.Ref, About: a.About, Controller: a.Controller, Payload: a.Payload,
		Reason: reason, State: Waiting, AskedBy: by.ID(), AskedAt: tx.Now(), Expires: tx.Now().Add(a.Wait),
	}
	tx.Data.Queue(`insert into approval_request (id, kind, ref, about, controller, payload, reason_sealed, state, asked_by, asked_at, expires_at, decided_by, decided_at, answer_sealed) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', 0, null)`,
		r.ID, r.Kind, r.Ref, r.About, r.Controller, string(payload), s.seal(r.ID, "reason_sealed", reason), string(Waiting), r.AskedBy, r.AskedAt.UnixMicro(), r.Expires.UnixMicro())
	return r, s.note(tx, by, "asked", r, audit.Done, "")
}

const columns = `id, kind, ref, about, controller, payload, reason_sealed, state, asked_by, asked_at, expires_at, decided_by, decided_at, answer_sealed`

// scan reads a row and opens its reasons.
func (s *Approvals) scan(tx *db.Tx, row db.Row) (r Request, err error) {
	var payload, state string
	var reason, answer []byte
	var asked, expires, decided int64
	err = row.Scan(&r.ID, &r.Kind, &r.Ref, &r.About, &r.Controller, &payload, &reason, &state, &r.AskedBy, &asked, &expires, &r.DecidedBy, &decided, &answer)
	if errors.Is(err, db.ErrNoRows) {
		return r, errMissing
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(payload), &r.Payload); err != nil {
		return r, errs.Wrap(errs.Internal, "approval.unreadable", err)
	}
	r.State, r.AskedAt, r.Expires = State(state), time.UnixMicro(asked).UTC(), time.UnixMicro(expires).UTC()
	if decided > 0 {
		r.DecidedAt = time.UnixMicro(decided).UTC()
	}
	if r.State == Waiting && !tx.Now().Before(r.Expires) {
		r.State = Expired
	}
	if r.Reason, err = s.open(r.ID, "reason_sealed", reason); err != nil {
		return r, err
	}
	r.Answer, err = s.open(r.ID, "answer_sealed", answer)
	return r, err
}

func (s *Approvals) byID(tx *db.Tx, request string) (Request, error) {
	return s.scan(tx, tx.Data.Row(`select `+columns+` from approval_request where id = $1`, request))
}

// sees reports whether by may know of the request at all.
func (s *Approvals) sees(by actor.Actor, r Request) bool {
	if r.AskedBy == by.ID() && by.IsStaff() {
		return true
	}
	return by.Is(s.kinds[r.Kind].Decide...) && (r.Controller == "" || by.Serves(r.Controller))
}

// mayDecide says why by may not decide on r, or nil. It looks at what the transaction sees.
func (s *Approvals) mayDecide(tx *db.Tx, by actor.Actor, r Request) error {
	kind := s.kinds[r.Kind]
	switch {
	case !s.sees(by, r):
		return errMissing
	case r.State == Expired:
		return errExpired
	case r.State != Waiting:
		return errDecided
	case r.AskedBy == by.ID():
		return errOwn
	case r.About == by.ID():
		return errAbout
	case kind.Fresh && tx.Now().Sub(by.SecondFactorAt()) > FreshLimit:
		return errFresh
	}
	over, err := s.over(tx, r)
	if err == nil && over {
		err = errOver
	}
	return err
}

func (s *Approvals) over(tx *db.Tx, r Request) (bool, error) {
	over := s.kinds[r.Kind].Over
	if over == nil {
		return false, nil
	}
	return over(tx, r)
}

// mayApprove says why by, who may decide on r, may not say yes to it, or nil.
func (s *Approvals) mayApprove(tx *db.Tx, by actor.Actor, r Request) error {
	active, err := s.options.Active(tx, r.AskedBy)
	if err != nil {
		return err
	}
	if !active {
		return errLeft
	}
	most := s.kinds[r.Kind].Most
	if most == 0 || s.options.Relief == nil {
		return nil
	}
	var before int
	err = tx.Data.Row(`select count(*) from approval_request where kind = $1 and asked_by = $2 and decided_by = $3 and state = 'approved' and decided_at > $4`,
		r.Kind, r.AskedBy, by.ID(), tx.Now().Add(-Shift).UnixMicro()).Scan(&before)
	if err != nil || before < most {
		return err
	}
	relief, err := s.options.Relief(tx, r.Controller, by.ID(), r.AskedBy)
	if err == nil && relief {
		err = errRotate
	}
	return err
}

// Approve decides yes, appends its entry and runs the kind's Effect, all in tx.
func (s *Approvals) Approve(tx *db.Tx, by actor.Actor, request, reason string) (Request, error) {
	r, err := s.decide(tx, by, request, reason, Approved)
	if err != nil {
		return Request{}, err
	}
	return r, s.kinds[r.Kind].Effect(tx, r, by)
}

// Refuse decides no, appends its entry and runs the kind's Undone, if it has one.
func (s *Approvals) Refuse(tx *db.Tx, by actor.Actor, request, reason string) (Request, error) {
	r, err := s.decide(tx, by, request, reason, Refused)
	if err != nil {
		return Request{}, err
	}
	return r, s.undo(tx, r, by)
}

func (s *Approvals) undo(tx *db.Tx, r Request, by actor.Actor) error {
	if undone := s.kinds[r.Kind].Undone; undone != nil {
		return undone(tx, r, by)
	}
	return nil
}

func (s *Approvals) decide(tx *db.Tx, by actor.Actor, request, reason string, state State) (Request, error) {
	r, err := s.byID(tx, request)
	if err != nil {
		return r, err
	}
	if err := s.mayDecide(tx, by, r); err != nil {
		return r, err
	}
	if state == Approved {
		if err := s.mayApprove(tx, by, r); err != nil {
			return r, err
		}
	}
	if r.Answer, err = tidy(reason); err != nil {
		return r, err
	}
	return r, s.settle(tx, by, &r, state)
}

// settle writes the end of a request. The condition on the state makes two deciders of one
// moment into one decision and one conflict.
func (s *Approvals) settle(tx *db.Tx, by actor.Actor, r *Request, state State) error {
	r.State, r.DecidedBy, r.DecidedAt = state, by.ID(), tx.Now()
	var answer []byte
	if r.Answer != "" {
		answer = s.seal(r.ID, "answer_sealed", r.Answer)
	}
	n, err := tx.Data.Exec(`update approval_request set state = $1, decided_by = $2, decided_at = $3, answer_sealed = $4 where id = $5 and state = 'waiting'`,
		string(state), r.DecidedBy, r.DecidedAt.UnixMicro(), answer, r.ID)
	if err == nil && n == 0 {
		err = errDecided // somebody was faster
	}
	if err != nil {
		return err
	}
	return s.note(tx, by, string(state), *r, audit.Done, "")
}

// Withdraw takes back one's own waiting request.
func (s *Approvals) Withdraw(tx *db.Tx, by actor.Actor, request string) (Request, error) {
	r, err := s.byID(tx, request)
	switch {
	case err != nil:
		return Request{}, err
	case !by.IsStaff() || r.AskedBy != by.ID():
		return Request{}, errMissing
	case r.State == Expired:
		return Request{}, errExpired
	case r.State != Waiting:
		return Request{}, errDecided
	}
	if err := s.settle(tx, by, &r, Withdrawn); err != nil {
		return Request{}, err
	}
	return r, s.undo(tx, r, by)
}

// Get returns a request that by asked or may decide; any other does not exist for by.
func (s *Approvals) Get(tx *db.Tx, by actor.Actor, request string) (Request, error) {
	r, err := s.byID(tx, request)
	if err == nil && !s.sees(by, r) {
		err = errMissing
	}
	if err != nil {
		return Request{}, err
	}
	return r, nil
}

// Latest returns the newest request of a kind about ref, for the room that asked. found is
// false when there is none.
func (s *Approvals) Latest(tx *db.Tx, kind, ref string) (r Request, found bool, err error) {
	r, err = s.scan(tx, tx.Data.Row(`select `+columns+` from approval_request where kind = $1 and ref = $2 order by id desc limit 1`, kind, ref))
	if errors.Is(err, errMissing) {
		return Request{}, false, nil
	}
	return r, err == nil, err
}

// Waiting lists what by may decide now, oldest first, and no more than shown.
func (s *Approvals) Waiting(tx *db.Tx, by actor.Actor) ([]Request, error) {
	all, err := s.list(tx, `where state = 'waiting' and expires_at > $1 order by id limit 1000`, []any{tx.Now().UnixMicro()}, func(r Request) bool {
		return s.sees(by, r) && r.AskedBy != by.ID() && r.About != by.ID()
	})
	var out []Request
	for _, r := range all {
		over, err := s.over(tx, r)
		if err != nil {
			return nil, err
		}
		if !over && len(out) < shown {
			out = append(out, r)
		}
	}
	return out, err
}

// Mine lists what by asked, newest first, and no more than shown.
func (s *Approvals) Mine(tx *db.Tx, by actor.Actor) ([]Request, error) {
	return s.list(tx, `where asked_by = $1 order by id desc limit $2`, []any{by.ID(), shown}, func(Request) bool { return by.IsStaff() })
}

func (s *Approvals) list(tx *db.Tx, where string, args []any, keep func(Request) bool) (out []Request, err error) {
	err = tx.Data.Rows(`select `+columns+` from approval_request `+where, args, func(row db.Row) error {
		r, err := s.scan(tx, row)
		if err == nil && keep(r) {
			out = append(out, r)
		}
		return err
	})
	return out, err
}

// Decide runs Approve or Refuse in a transaction of its own. What the person may not decide
// is refused with an entry that says so.
func (s *Approvals) Decide(ctx context.Context, by actor.Actor, request, reason string, yes bool) (r Request, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) (err error) {
		if yes {
			r, err = s.Approve(tx, by, request, reason)
		} else {
			r, err = s.Refuse(tx, by, request, reason)
		}
		return err
	})
	if refusal := errs.Of(err); err != nil && refusal.Kind == errs.Denied {
		logged := s.db.Write(ctx, func(tx *db.Tx) error {
			r, err := s.byID(tx, request)
			return errors.Join(err, s.note(tx, by, "decided", r, audit.Denied, refusal.Code))
		})
		if logged != nil {
			return Request{}, logged
		}
	}
	return r, err
}

// Expire ends, in the name of Options.Expiry, what has waited too long, a hundred at a time,
// so that what hangs on a request (an API client that was asked for) does not hang for ever.
func (s *Approvals) Expire(ctx context.Context) error {
	var old []Request
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		old, err = s.list(tx, `where state = 'waiting' and expires_at <= $1 order by id limit 100`, []any{tx.Now().UnixMicro()}, func(Request) bool { return true })
		return err
	})
	for _, one := range old { // each by itself: one that fails must not keep the others waiting
		err = errors.Join(err, s.db.Write(ctx, func(tx *db.Tx) error {
			still, err := s.list(tx, `where id = $1 and state = 'waiting'`, []any{one.ID}, func(Request) bool { return true })
			if err != nil || len(still) == 0 {
				return err // decided meanwhile
			}
			if err := s.settle(tx, s.options.Expiry, &still[0], Expired); err != nil {
				return err
			}
			return s.undo(tx, still[0], s.options.Expiry)
		}))
	}
	return err
}
