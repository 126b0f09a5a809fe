package identity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/identity/ticket"
	"github.com/amanah-id/amanah/internal/web"
)

// The names under which a browser and an API client bring their tokens.
const (
	// CookieName is the session's cookie: __Host- means Secure, this host only, Path=/.
	// Browsers send it to http://localhost too, which they treat as secure.
	CookieName = "__Host-amanah"
	// DeviceCookie is the mark of a browser in which somebody has signed in before.
	DeviceCookie = "__Host-amanah-device"
	// OnBehalfHeader holds a staff member's session token beside an API client's key.
	OnBehalfHeader = "Amanah-On-Behalf-Of"
	// BackgroundHeader marks requests that a page or program makes by itself (live parts):
	// they do not count as the person being there, so an empty chair idles out.
	BackgroundHeader = "Amanah-Background"
)

// The kinds of session.
const (
	consoleSession = "console" // comes in a cookie
	apiSession     = "api"     // comes in a header
)

// Step is the state between a right password and the second factor.
type Step struct {
	Token    string
	TOTP     bool // a TOTP code can be shown
	Passkeys bool // a passkey can be shown
}

// Place is where somebody signs in.
type Place struct {
	Address netip.Addr
	Device  string      // what the browser keeps since an earlier sign-in; "" when nothing, as with a program
	Former  actor.Actor // whose session the browser has until now; it ends in the commit in which the next begins
}

// Signed is a session that has just begun, or whose token was just renewed. The token is
// shown to its holder once and stored nowhere.
type Signed struct {
	Token   string
	Device  string // for the browser to keep in the place of the former one; "" for a program
	Session string
	Staff   string
	Ends    time.Time // at the latest
}

// SignIn checks login and password. The answer to a wrong login, a wrong password, and an
// account that is disabled or not yet enrolled is the same, after the same work.
//
// A browser in which this account signed in before has a counter of failures of its own;
// everybody else shares those of the account and of the address.
func (s *Identity) SignIn(ctx context.Context, login, password string, from Place) (Step, error) {
	login = normaliseLogin(login)
	if len(login) > 64 {
		login = login[:64] // nobody's: logins are shorter
	}
	address := addressBytes(from.Address)
	device, _ := ticket.Parse(ticket.Device, from.Device)
	var (
		pairKey    = s.keys.MAC("identity/pair", append([]byte(login+"\x00"), address...))
		accountKey = s.keys.MAC("identity/account", []byte(login))
		addressKey = s.keys.MAC("identity/address", address)
		own        = [][]byte{pairKey, accountKey} // forgotten after a success
		shared     = [][]byte{addressKey}          // loses the attempt
		row        staffRow
		found      bool
	)
	err := s.act(ctx, func(tx *db.Tx) (*errs.E, error) {
		var err error
		if row, found, err = s.staffByLogin(tx, login); err != nil {
			return nil, err
		}
		var known int64
		if err := tx.Data.Row(`select count(*) from identity_device where device_sha = $1 and staff_id = $2`, device, row.id).Scan(&known); err != nil {
			return nil, err
		}
		counters := []counter{{pairKey, pairLimit}, {accountKey, accountLimit}, {addressKey, addressLimit}}
		if known > 0 {
			deviceKey := s.keys.MAC("identity/device", append([]byte(row.id+"\x00"), device...))
			own, shared = [][]byte{deviceKey}, nil
			counters = []counter{{deviceKey, pairLimit}}
		}
		return s.reserve(tx, counters...)
	})
	if err != nil {
		return Step{}, err
	}

	// Outside the writer: this takes a core for tens of milliseconds.
	stored := s.nobody
	if found && row.password != nil {
		plain, err := s.open("identity_staff", "password_sealed", row.id, row.password)
		if err != nil {
			return Step{}, err
		}
		stored = string(plain)
	}
	right, err := s.hasher.Verify(ctx, stored, password)
	if err != nil {
		return Step{}, err
	}

	var step Step
	err = s.act(ctx, func(tx *db.Tx) (*errs.E, error) {
		now, err := staffByID(tx, row.id)
		if err != nil && !errors.Is(err, errNoStaff) {
			return nil, err
		}
		// The password that was checked must still be the one that counts.
		if !right || now.state != Active || string(now.password) != string(row.password) {
			return s.denied(tx, door(), "sign_in", now.id, errSignIn)
		}
		s.forgive(tx, own, shared)
		step, err = s.makeStep(tx, now)
		return nil, err
	})
	if err != nil {
		return Step{}, err
	}
	return step, nil
}

const stepFailures = 5 // wrong second factors before the password is asked again

// step finds whose second factor a step token waits for.
func (s *Identity) step(tx *db.Tx, token string) (sha []byte, row staffRow, failures int64, err error) {
	sha, ok := ticket.Parse(ticket.Step, token)
	if !ok {
		return nil, row, 0, errStep
	}
	var staff string
	err = tx.Data.Row(`select staff_id, failures from identity_step where token_sha = $1 and expires_at > $2`, sha, tx.Now().UnixMicro()).Scan(&staff, &failures)
	if errors.Is(err, db.ErrNoRows) {
		return nil, row, 0, errStep
	}
	if err != nil {
		return nil, row, 0, err
	}
	row, err = staffByID(tx, staff)
	if err == nil && row.state != Active {
		err = errStep
	}
	return sha, row, failures, err
}

// StepState says which second factors a step token may be finished with, for the page.
func (s *Identity) StepState(ctx context.Context, token string) (st Step, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		_, row, _, err := s.step(tx, token)
		if err != nil {
			return err
		}
		keys, err := s.passkeys(tx, row.id)
		st = Step{Token: token, TOTP: row.totp != nil && !s.config.FIPS, Passkeys: len(keys) > 0 && s.passkey != nil}
		return err
	})
	return st, err
}

// PasskeyOptions begins showing a passkey in a sign-in; the options go to the browser.
func (s *Identity) PasskeyOptions(ctx context.Context, step string) (options []byte, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		sha, row, _, err := s.step(tx, step)
		if err != nil {
			return err
		}
		options, err = s.beginGet(tx, hex.EncodeToString(sha), row)
		return err
	})
	return options, err
}

// Shown is what somebody shows as the second factor: a typed code (TOTP or recovery), or
// the browser's answer with a passkey, as JSON.
type Shown struct {
	Code    string
	Passkey []byte
}

// show tries a second factor, counting the failures of this account over all its attempts:
// whoever gets here knows the password, so there is nobody to be locked out by a stranger.
func (s *Identity) show(tx *db.Tx, owner string, row staffRow, shown Shown) (how factor, refusal *errs.E, err error) {
	counted := counter{s.keys.MAC("identity/second", []byte(row.id)), secondLimit}
	if refusal, err := s.reserve(tx, counted); refusal != nil || err != nil {
		return "", refusal, err
	}
	var ok bool
	if len(shown.Passkey) > 0 {
		refusal, how = errPasskey, byPasskey
		ok, err = s.finishGet(tx, owner, row, shown.Passkey)
	} else {
		refusal = errCode
		how, ok, err = s.showCode(tx, row, shown.Code)
	}
	if err != nil || !ok {
		return how, refusal, err
	}
	s.forgive(tx, [][]byte{counted.key}, nil)
	return how, nil, nil
}

// Finish shows the second factor and begins the session. kind is console unless api. Every
// session begins here, in Enrol or not at all; it always has a token of its own making.
func (s *Identity) Finish(ctx context.Context, step string, shown Shown, from Place, api bool) (out Signed, err error) {
	err = s.act(ctx, func(tx *db.Tx) (*errs.E, error) {
		sha, row, failures, err := s.step(tx, step)
		if err != nil {
			return nil, err
		}
		how, refusal, err := s.show(tx, hex.EncodeToString(sha), row, shown)
		if err != nil {
			return nil, err
		}
		if refusal != nil {
			if refusal.Kind == errs.TooMany {
				return refusal, nil
			}
			if failures+1 >= stepFailures {
				tx.Data.Queue(`delete from identity_step where token_sha = $1`, sha)
			} else {
				tx.Data.Queue(`update identity_step set failures = failures + 1 where token_sha = $1`, sha)
			}
			return s.denied(tx, door(), "second_factor", row.id, refusal)
		}
		tx.Data.Queue(`delete from identity_step where token_sha = $1`, sha)
		kind := consoleSession
		if api {
			kind = apiSession
		}
		out, err = s.begins(tx, row, kind, how, tx.Now(), from)
		return nil, err
	})
	if err != nil {
		return Signed{}, err
	}
	return out, nil
}

// begins makes a session, and marks a browser as one in which this account signs in. The
// mark is a new one each time, so that a planted one is worthless; whoever else signed in
// there stays known by it.
func (s *Identity) begins(tx *db.Tx, row staffRow, kind string, how factor, second time.Time, from Place) (Signed, error) {
	now := tx.Now()
	out := Signed{Token: ticket.New(ticket.Session), Session: id.NewAt(id.Session, now), Staff: row.id, Ends: now.Add(AbsoluteLimit)}
	sha, _ := ticket.Parse(ticket.Session, out.Token)
	tx.Data.Queue(`insert into identity_session (id, staff_id, token_sha, kind, address_mac, created_at, seen_at, second_at, ended_at, end_reason) values ($1, $2, $3, $4, $5, $6, $6, $7, 0, '')`,
		out.Session, row.id, sha, kind, s.keys.MAC("identity/address", addressBytes(from.Address)), now.UnixMicro(), second.UnixMicro())
	if err := s.replaced(tx, from.Former); err != nil {
		return Signed{}, err
	}
	if kind == consoleSession {
		out.Device = ticket.New(ticket.Device)
		device, _ := ticket.Parse(ticket.Device, out.Device)
		if former, ok := ticket.Parse(ticket.Device, from.Device); ok {
			tx.Data.Queue(`update identity_device set device_sha = $1 where device_sha = $2`, device, former)
		}
		tx.Data.Queue(`insert into identity_device (device_sha, staff_id, seen_at) values ($1, $2, $3) on conflict (device_sha, staff_id) do update set seen_at = excluded.seen_at`,
			device, row.id, now.UnixMicro())
	}
	return out, s.note(tx, actor.NewStaff(row.id, row.role, out.Session, row.controllers, second), "sign_in."+string(how), row.id)
}

// SignOut ends the actor's own session.
func (s *Identity) SignOut(ctx context.Context, by actor.Actor) error {
	return s.EndSession(ctx, by, by.Session())
}

// EndSession ends one of the actor's own sessions. Nobody else's is ever found.
func (s *Identity) EndSession(ctx context.Context, by actor.Actor, session string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Data.Exec(`update identity_session set ended_at = $1, end_reason = 'signed_out' where id = $2 and staff_id = $3 and ended_at = 0`,
			tx.Now().UnixMicro(), session, by.ID())
		if err != nil || n == 0 {
			return err // ended already: what was wanted
		}
		return s.note(tx, by, "session_ended", session)
	})
}

// EndOthers ends all of the actor's sessions but the one that asks.
func (s *Identity) EndOthers(ctx context.Context, by actor.Actor) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		endSessions(tx, by.ID(), by.Session(), "signed_out")
		return s.note(tx, by, "other_sessions_ended", by.ID())
	})
}

// Sessions lists the actor's live sessions.
func (s *Identity) Sessions(ctx context.Context, by actor.Actor) (out []Session, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Data.Rows(`select id, kind, created_at, seen_at from identity_session where staff_id = $1 and ended_at = 0 order by id`, []any{by.ID()}, func(r db.Row) error {
			var row sessionRow
			err := r.Scan(&row.id, &row.kind, &row.created, &row.seen)
			if row.live(tx.Now()) {
				out = append(out, Session{ID: row.id, Kind: row.kind, Created: time.UnixMicro(row.created).UTC(), Seen: time.UnixMicro(row.seen).UTC(), Current: row.id == by.Session()})
			}
			return err
		})
	})
	return out, err
}

// RefreshOptions begins showing a passkey in a live session, for Refresh.
func (s *Identity) RefreshOptions(ctx context.Context, by actor.Actor) (options []byte, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := s.self(tx, by)
		if err != nil {
			return err
		}
		options, err = s.beginGet(tx, by.Session(), row)
		return err
	})
	return options, err
}

// self reads the row of the member of staff who acts in a session.
func (s *Identity) self(tx *db.Tx, by actor.Actor) (staffRow, error) {
	if !by.IsStaff() {
		return staffRow{}, errSession
	}
	row, err := staffByID(tx, by.ID())
	if err == nil && row.state != Active {
		err = errSession
	}
	return row, err
}

// Refresh shows the second factor again in a live session, which then counts as fresh for
// FreshLimit. The session keeps its id and gets a new token; the old one is dead.
func (s *Identity) Refresh(ctx context.Context, by actor.Actor, shown Shown) (out Signed, err error) {
	err = s.act(ctx, func(tx *db.Tx) (*errs.E, error) {
		row, err := s.self(tx, by)
		if err != nil {
			return nil, err
		}
		how, refusal, err := s.show(tx, by.Session(), row, shown)
		if err != nil {
			return nil, err
		}
		if refusal != nil {
			if refusal.Kind == errs.TooMany {
				return refusal, nil
			}
			return s.denied(tx, by, "second_factor", row.id, refusal)
		}
		out, err = s.renew(tx, by, row, how, tx.Now())
		return nil, err
	})
	if err != nil {
		return Signed{}, err
	}
	return out, nil
}

// SessionFacts is gate's provider: what the database says now about who asks. It is one
// query; a session that has ended, idled out or belongs to somebody disabled is not live,
// nor is one behind an API client that was revoked or has expired.
func (s *Identity) SessionFacts(tx *db.Tx, a actor.Actor) (gate.SessionFacts, error) {
	switch a.Kind() {
	case actor.Staff, actor.OnBehalf:
		row, live, err := session(tx, sessionKey{id: a.Session(), client: a.ClientID()})
		if err != nil || !live || row.staff != a.ID() {
			return gate.SessionFacts{}, err
		}
		if a.ClientID() != "" && !row.behindClient(tx.Now()) {
			return gate.SessionFacts{}, nil
		}
		return gate.SessionFacts{Live: true, Role: row.role, Controllers: row.serves(a.ClientID()), SecondFactorAt: time.UnixMicro(row.second).UTC()}, nil
	case actor.Client:
		c, err := keptClients.Get(tx, clientKey{id: a.ID()})
		if errors.Is(err, errNoClient) {
			return gate.SessionFacts{}, nil
		}
		if err != nil || !c.live(tx.Now()) {
			return gate.SessionFacts{}, err
		}
		return gate.SessionFacts{Live: true, Controllers: c.Controllers}, nil
	}
	return gate.SessionFacts{}, nil
}

// behindClient reports whether the API client in between may still act.
func (r sessionRow) behindClient(now time.Time) bool {
	return r.clientState == string(ClientActive) && now.UnixMicro() < r.clientExpires
}

// serves is whose customers may be served: the person's, narrowed by the API client's.
func (r sessionRow) serves(client string) []string {
	if client == "" {
		return r.controllers
	}
	return slices.DeleteFunc(slices.Clone(r.controllers), func(c string) bool { return !slices.Contains(r.clientServes, c) })
}

// Lookup says who is behind a request; it is web.Lookup. Nobody is no error; a cookie, key
// or token that is presented and no longer good is one, of kind unauthenticated.
func (s *Identity) Lookup(ctx context.Context, r *http.Request) (web.Visitor, error) {
	if h := r.Header.Get("Authorization"); h != "" {
		bearer, ok := strings.CutPrefix(h, "Bearer ")
		if !ok {
			return web.Visitor{}, errClientKey
		}
		return s.bearer(ctx, bearer, r)
	}
	c, err := r.Cookie(CookieName)
	if err != nil || c.Value == "" {
		return web.Visitor{}, nil
	}
	return s.bySession(ctx, c.Value, consoleSession, Client{}, r)
}

// heartbeat is how the path of every heartbeat of a call ends, in the console and in the API.
const heartbeat = "/heartbeat"

// background reports whether a page or program made the request by itself. An event stream
// cannot bring a header of ours; it brings what it accepts. A heartbeat is made by a clock,
// whatever it brings: a program that leaves the header out has no empty chair that works.
func background(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, heartbeat) || r.Header.Get(BackgroundHeader) != "" || r.Header.Get("Accept") == "text/event-stream"
}

// bearer finds an API client by its key, alone or on behalf of a session, or a session that
// was made through the API.
func (s *Identity) bearer(ctx context.Context, bearer string, r *http.Request) (web.Visitor, error) {
	if strings.HasPrefix(bearer, "amanah_"+string(ticket.Session)+"_") {
		return s.bySession(ctx, bearer, apiSession, Client{}, r)
	}
	client, err := s.clientByKey(ctx, bearer)
	if err != nil {
		return web.Visitor{}, err
	}
	if token := r.Header.Get(OnBehalfHeader); token != "" {
		return s.bySession(ctx, token, apiSession, client, r)
	}
	return web.Visitor{Actor: actor.NewClient(client.ID, client.Scopes, client.Controllers)}, nil
}

func (s *Identity) bySession(ctx context.Context, token, kind string, client Client, r *http.Request) (web.Visitor, error) {
	sha, ok := ticket.Parse(ticket.Session, token)
	if !ok {
		return web.Visitor{}, errSession
	}
	row, err := keptSessions.Read(ctx, s.db, sessionKey{sha: [sha256.Size]byte(sha), client: client.ID})
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return web.Visitor{}, err
	}
	now := s.db.Now()
	// A token that came in a header is never good in a cookie, nor the other way round: a
	// page cannot make the browser send what only programs hold.
	if err != nil || !row.live(now) || row.kind != kind {
		return web.Visitor{}, errSession
	}
	if !background(r) && now.Sub(time.UnixMicro(row.seen)) >= touchEvery {
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Data.Exec(`update identity_session set seen_at = $1 where id = $2 and seen_at < $1`, tx.Now().UnixMicro(), row.id)
			return err
		})
		if err != nil {
			return web.Visitor{}, err
		}
	}
	name, err := s.open("identity_staff", "name_sealed", row.staff, row.name)
	if err != nil {
		return web.Visitor{}, err
	}
	who := actor.NewStaff(row.staff, row.role, row.id, row.serves(client.ID), time.UnixMicro(row.second).UTC())
	if client.ID != "" {
		who = actor.NewOnBehalf(client.ID, client.Scopes, who)
	}
	return web.Visitor{Actor: who, Name: firstWord(string(name))}, nil
}
