package identity

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/identity/password"
	"github.com/amanah-id/amanah/internal/trust/identity/ticket"
	"github.com/amanah-id/amanah/internal/trust/identity/together"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// Keys is what identity needs of trust/keyring.
type Keys interface {
	SealStaff(ref keyring.Ref, plain []byte) []byte
	OpenStaff(ref keyring.Ref, sealed []byte) ([]byte, error)
	MAC(name string, value []byte) []byte
}

// Log is what identity needs of trust/audit.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Config is what the deployment says.
type Config struct {
	Origin  string // "https://amanah.example", "http://localhost:8080": passkeys belong to its host
	Company string // shown in authenticators; its words may not be a password
	FIPS    bool   // PBKDF2 in place of argon2id, passkeys in place of TOTP (an HMAC-SHA-1)
}

// Asking puts a change before a second person; app gives one made of trust/approval, and
// gives trust/approval what Decisions returns.
type Asking func(tx *db.Tx, by actor.Actor, a Question) (request string, err error)

// Question is a change that waits for a second person.
type Question struct {
	Kind    string // the Name of a Decision
	Ref     string // a staff or client id
	About   string // the staff member it is about, who may not decide
	Payload map[string]string
	Reason  string
}

// Identity knows the staff, their sessions and the API clients.
type Identity struct {
	db      *db.DB
	log     Log
	keys    Keys
	config  Config
	passkey *webauthn.WebAuthn // nil when the origin has no name
	hasher  *password.Hasher
	ask     Asking
	nobody  string // a hash that belongs to nobody: what a wrong login is compared with

	clients together.Asked[clientKey, Client]
}

// New makes the room. It hashes one password, so that an unknown login costs what a known
// one does.
func New(d *db.DB, log Log, keys Keys, c Config) (*Identity, error) {
	use := password.Argon2id
	if c.FIPS {
		use = password.PBKDF2
	}
	return newIdentity(d, log, keys, c, password.New(use, 1))
}

func newIdentity(d *db.DB, log Log, keys Keys, c Config, h *password.Hasher) (*Identity, error) {
	s := &Identity{db: d, log: log, keys: keys, config: c, hasher: h}
	var err error
	if s.passkey, err = newWebAuthn(c.Origin, c.Company); err != nil {
		return nil, err
	}
	s.nobody, err = s.hasher.Hash(context.Background(), ticket.New(ticket.Setup))
	return s, err
}

// AskWith gives the room its way to trust/approval. Call it once, at wiring.
func (s *Identity) AskWith(ask Asking) { s.ask = ask }

// act runs fn in a write transaction. A refusal is an outcome: what fn wrote with it (the
// failed attempt, its entry) is committed, and only then the refusal is returned.
func (s *Identity) act(ctx context.Context, fn func(tx *db.Tx) (refusal *errs.E, err error)) error {
	var refusal *errs.E
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		var err error
		refusal, err = fn(tx)
		return err
	})
	if err == nil && refusal != nil {
		return refusal
	}
	return err
}

// note appends the entry of an act that succeeded.
func (s *Identity) note(tx *db.Tx, by actor.Actor, action, ref string) error {
	_, err := s.log.Append(tx, audit.Entry{Action: "identity." + action, Decision: audit.Done, Actor: by, Ref: ref})
	return err
}

// denied appends the entry of an act that was refused, and returns the refusal.
func (s *Identity) denied(tx *db.Tx, by actor.Actor, action, ref string, refusal *errs.E) (*errs.E, error) {
	_, err := s.log.Append(tx, audit.Entry{Action: "identity." + action, Decision: audit.Denied, Actor: by, Ref: ref, Reason: refusal.Code})
	return refusal, err
}

// door acts where nobody has signed in yet.
func door() actor.Actor { return actor.NewDuty("sign_in") }

// Terminal is who acts through the server's own command line.
func Terminal() actor.Actor { return actor.NewDuty("terminal") }

func onTerminal(a actor.Actor) bool { return a.Kind() == actor.Duty && a.ID() == "terminal" }

// fresh reports whether a second factor was shown lately enough for a risky act. The
// terminal has none to show: who holds it holds the server.
func fresh(tx *db.Tx, a actor.Actor) bool {
	return onTerminal(a) || a.IsStaff() && tx.Now().Sub(a.SecondFactorAt()) <= FreshLimit
}

// mayRun refuses who is neither an administrator with a fresh second factor nor the terminal.
func mayRun(tx *db.Tx, by actor.Actor) error {
	switch {
	case !onTerminal(by) && !by.Is(actor.Admin):
		return errRole
	case !fresh(tx, by):
		return errFresh
	}
	return nil
}

// checkStaff tidies and checks what makes a member of staff.
func checkStaff(n *NewStaff) error {
	n.Login = normaliseLogin(n.Login)
	n.Name = strings.Join(strings.Fields(n.Name), " ")
	switch {
	case !validLogin(n.Login):
		return errBadStaff.With("field", "login")
	case n.Name == "" || utf8.RuneCountInString(n.Name) > 100 || strings.ContainsFunc(n.Name, unicode.IsControl):
		return errBadStaff.With("field", "name")
	case !slices.Contains(actor.Roles(), n.Role):
		return errBadStaff.With("field", "role")
	case !validControllers(n.Controllers):
		return errBadStaff.With("field", "controllers")
	}
	return nil
}

func validControllers(cs []string) bool {
	return !slices.ContainsFunc(cs, func(c string) bool { return !id.Is(id.Controller, c) })
}

// CreateStaff makes a member of staff, who can do nothing before enrolling (MakeLink).
// by is an administrator with a fresh second factor, or Terminal.
func (s *Identity) CreateStaff(ctx context.Context, by actor.Actor, n NewStaff) (staff string, err error) {
	if err := checkStaff(&n); err != nil {
		return "", err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := mayRun(tx, by); err != nil {
			return err
		}
		staff = id.NewAt(id.Staff, tx.Now())
		if err := s.insertStaff(tx, staff, n); err != nil {
			return err
		}
		return s.note(tx, by, "staff_created."+string(n.Role), staff)
	})
	return staff, err
}

// Provision makes a member of staff who is ready to sign in with the given password and
// TOTP secret. It is for the demo and for tests of other rooms: real people choose their
// own password on the enrolment page. It returns the recovery codes too.
func (s *Identity) Provision(ctx context.Context, n NewStaff, words, totpSecret string) (staff string, recovery []string, err error) {
	if err := checkStaff(&n); err != nil {
		return "", nil, err
	}
	if err := password.Check(words, n.Login, n.Name, s.config.Company); err != nil {
		return "", nil, err
	}
	hash, err := s.hasher.Hash(ctx, words)
	if err != nil {
		return "", nil, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		staff = id.NewAt(id.Staff, tx.Now())
		if err := s.insertStaff(tx, staff, n); err != nil {
			return err
		}
		s.activate(tx, staff, hash, totpSecret)
		recovery = s.renewRecovery(tx, staff)
		return s.note(tx, Terminal(), "staff_provisioned."+string(n.Role), staff)
	})
	return staff, recovery, err
}

// activate stores what makes an invited member of staff able to sign in.
func (s *Identity) activate(tx *db.Tx, staff, hash, totpSecret string) {
	var totp []byte
	if totpSecret != "" {
		totp = s.seal("identity_staff", "totp_sealed", staff, []byte(totpSecret))
	}
	tx.Data.Queue(`update identity_staff set state = 'active', password_sealed = $1, totp_sealed = $2, totp_step = 0, changed_at = $3 where id = $4`,
		s.seal("identity_staff", "password_sealed", staff, []byte(hash)), totp, tx.Now().UnixMicro(), staff)
}

// ListStaff returns everybody, names and logins opened, ordered by name. The caller checks
// that the asker may see the staff list.
func (s *Identity) ListStaff(ctx context.Context) (out []Staff, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		counts := map[string][2]int{}
		if err := tx.Data.Rows(`select staff_id, count(*) from identity_passkey group by staff_id`, nil, count(counts, 0)); err != nil {
			return err
		}
		if err := tx.Data.Rows(`select staff_id, count(*) from identity_recovery where used_at = 0 group by staff_id`, nil, count(counts, 1)); err != nil {
			return err
		}
		return tx.Data.Rows(`select `+staffColumns+` from identity_staff`, nil, func(r db.Row) error {
			row, failed := scanStaff(r)
			one, err := s.openStaff(row)
			one.Passkeys, one.Recovery = counts[row.id][0], counts[row.id][1]
			out = append(out, one)
			return errors.Join(failed, err)
		})
	})
	slices.SortFunc(out, func(a, b Staff) int {
		return strings.Compare(strings.ToLower(a.Name)+a.ID, strings.ToLower(b.Name)+b.ID)
	})
	return out, err
}

func count(into map[string][2]int, at int) func(db.Row) error {
	return func(r db.Row) error {
		var staff string
		var n int
		err := r.Scan(&staff, &n)
		c := into[staff]
		c[at] = n
		into[staff] = c
		return err
	}
}

// Staff returns one member of staff, name and login opened.
func (s *Identity) Staff(tx *db.Tx, staff string) (Staff, error) {
	row, err := staffByID(tx, staff)
	if err != nil {
		return Staff{}, err
	}
	out, err := s.openStaff(row)
	if err != nil {
		return Staff{}, err
	}
	if err := tx.Data.Row(`select count(*) from identity_passkey where staff_id = $1`, staff).Scan(&out.Passkeys); err != nil {
		return Staff{}, err
	}
	err = tx.Data.Row(`select count(*) from identity_recovery where staff_id = $1 and used_at = 0`, staff).Scan(&out.Recovery)
	return out, err
}

// StaffByID is Staff in a transaction of its own.
func (s *Identity) StaffByID(ctx context.Context, staff string) (out Staff, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		out, err = s.Staff(tx, staff)
		return err
	})
	return out, err
}

// UsesTOTP reports whether this deployment takes TOTP codes; a FIPS one does not.
func (s *Identity) UsesTOTP() bool { return !s.config.FIPS }

// UsesPasskeys reports whether the origin has a name that passkeys can belong to.
func (s *Identity) UsesPasskeys() bool { return s.passkey != nil }

// Origin is where the console is, without a slash at the end.
func (s *Identity) Origin() string { return s.config.Origin }

// StaffByLogin finds a member of staff by login, for the command line.
func (s *Identity) StaffByLogin(ctx context.Context, login string) (out Staff, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		row, found, err := s.staffByLogin(tx, login)
		if err != nil {
			return err
		}
		if !found {
			return errNoStaff
		}
		out, err = s.Staff(tx, row.id)
		return err
	})
	return out, err
}

// FirstName is what customers are told of a member of staff: the first word of the name.
func (s *Identity) FirstName(tx *db.Tx, staff string) (string, error) {
	row, err := staffByID(tx, staff)
	if err != nil {
		return "", err
	}
	name, err := s.open("identity_staff", "name_sealed", row.id, row.name)
	return firstWord(string(name)), err
}

// Disable ends what a member of staff may do, at once: the sessions end in the same
// transaction, and no request after it finds one. by is an administrator, a DPO or
// security, or Terminal; nobody disables himself, nor the last administrator.
func (s *Identity) Disable(ctx context.Context, by actor.Actor, staff string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := staffByID(tx, staff)
		switch {
		case err != nil:
			return err
		case !onTerminal(by) && !by.Is(actor.Admin, actor.DPO, actor.Security):
			return errRole
		case !fresh(tx, by):
			return errFresh
		case by.ID() == staff:
			return errNotSelf
		case row.state == Disabled:
			return errState
		}
		return s.disable(tx, by, row)
	})
}

// disable is the end of Disable and of Retire.
func (s *Identity) disable(tx *db.Tx, by actor.Actor, row staffRow) error {
	if err := notLastAdmin(tx, row); err != nil {
		return err
	}
	tx.Data.Queue(`update identity_staff set state = 'disabled', changed_at = $1 where id = $2`, tx.Now().UnixMicro(), row.id)
	tx.Data.Queue(`delete from identity_invitation where staff_id = $1`, row.id)
	endSessions(tx, row.id, "", "disabled")
	return s.note(tx, by, "staff_disabled", row.id)
}

// notLastAdmin refuses what would leave the house without an administrator.
func notLastAdmin(tx *db.Tx, row staffRow) error {
	if row.role != actor.Admin || row.state != Active {
		return nil
	}
	others, err := admins(tx, row.id)
	if err == nil && others == 0 {
		return errLastAdmin
	}
	return err
}

// admins counts the administrators who can sign in, but for one.
func admins(tx *db.Tx, except string) (n int64, err error) {
	err = tx.Data.Row(`select count(*) from identity_staff where role = 'admin' and state = 'active' and id <> $1`, except).Scan(&n)
	return n, err
}

// AskRole asks a second person to change what a member of staff is employed to do and whose
// customers are served.
func (s *Identity) AskRole(ctx context.Context, by actor.Actor, staff string, role actor.Role, controllers []string, reason string) (request string, err error) {
	if !slices.Contains(actor.Roles(), role) || !validControllers(controllers) {
		return "", errBadStaff.With("field", "role")
	}
	return s.askAbout(ctx, by, staff, Question{
		Kind: DecideRole, Payload: map[string]string{"role": string(role), "controllers": strings.Join(controllers, " ")}, Reason: reason,
	})
}

// AskEnable asks a second person to let a disabled member of staff in again.
func (s *Identity) AskEnable(ctx context.Context, by actor.Actor, staff, reason string) (request string, err error) {
	return s.askAbout(ctx, by, staff, Question{Kind: DecideEnable, Reason: reason})
}

func (s *Identity) askAbout(ctx context.Context, by actor.Actor, staff string, q Question) (request string, err error) {
	q.Ref, q.About = staff, staff
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := mayRun(tx, by); err != nil {
			return err
		}
		row, err := staffByID(tx, staff)
		if err != nil {
			return err
		}
		if (q.Kind == DecideEnable) != (row.state == Disabled) {
			return errState
		}
		request, err = s.ask(tx, by, q)
		return err
	})
	return request, err
}

// The kinds of decision this room asks for.
const (
	DecideRole   = "identity.role_change"
	DecideEnable = "identity.enable"
	DecideClient = "identity.client"
)

// Decision is a change of this room that needs a second person, in the terms of
// trust/approval (which this room may not import; app translates).
type Decision struct {
	Name   string
	Ask    []actor.Role
	Decide []actor.Role
	Wait   time.Duration
	Fresh  bool
	Effect func(tx *db.Tx, ref string, payload map[string]string, by actor.Actor) error // on yes
	Undone func(tx *db.Tx, ref string, payload map[string]string, by actor.Actor) error // on no; may be nil
}

// Decisions lists them. An administrator asks; a DPO or security decides: no two
// administrators can agree on a new DPO.
func (s *Identity) Decisions() []Decision {
	ask, decide := []actor.Role{actor.Admin}, []actor.Role{actor.DPO, actor.Security}
	return []Decision{
		{Name: DecideRole, Ask: ask, Decide: decide, Wait: 72 * time.Hour, Fresh: true, Effect: s.changeRole},
		{Name: DecideEnable, Ask: ask, Decide: decide, Wait: 72 * time.Hour, Fresh: true, Effect: s.enable},
		{Name: DecideClient, Ask: ask, Decide: decide, Wait: 72 * time.Hour, Fresh: true, Effect: s.approveClient, Undone: s.refuseClient},
	}
}

// changeRole ends the sessions too: rights are never carried over from the old role.
func (s *Identity) changeRole(tx *db.Tx, staff string, payload map[string]string, by actor.Actor) error {
	row, err := staffByID(tx, staff)
	if err != nil {
		return err
	}
	if payload["role"] != string(actor.Admin) {
		if err := notLastAdmin(tx, row); err != nil {
			return err
		}
	}
	tx.Data.Queue(`update identity_staff set role = $1, controllers = $2, changed_at = $3 where id = $4`,
		payload["role"], payload["controllers"], tx.Now().UnixMicro(), staff)
	endSessions(tx, staff, "", "role_changed")
	return s.note(tx, by, "role_changed."+payload["role"], staff)
}

// enable lets a disabled member of staff enrol anew; the old password and factors are gone.
func (s *Identity) enable(tx *db.Tx, staff string, _ map[string]string, by actor.Actor) error {
	row, err := staffByID(tx, staff)
	if err != nil {
		return err
	}
	if row.state != Disabled {
		return errState
	}
	s.forget(tx, staff)
	return s.note(tx, by, "staff_enabled", staff)
}

// forget takes every means of signing in away; the person is invited again.
func (s *Identity) forget(tx *db.Tx, staff string) {
	tx.Data.Queue(`update identity_staff set state = 'invited', password_sealed = null, totp_sealed = null, totp_step = 0, changed_at = $1 where id = $2`, tx.Now().UnixMicro(), staff)
	tx.Data.Queue(`delete from identity_passkey where staff_id = $1`, staff)
	tx.Data.Queue(`delete from identity_recovery where staff_id = $1`, staff)
	tx.Data.Queue(`delete from identity_step where staff_id = $1`, staff)
	tx.Data.Queue(`delete from identity_device where staff_id = $1`, staff)
	endSessions(tx, staff, "", "enrols_anew")
}

// Sweep deletes what has expired and what is too old to matter: steps, ceremonies,
// invitations, counters, and sessions that ended more than 90 days ago. It touches at most
// a thousand rows of each, and is meant to run every few minutes.
func (s *Identity) Sweep(ctx context.Context) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		now := tx.Now()
		for _, q := range []struct {
			sql    string
			before time.Time
		}{
			{`delete from identity_step where token_sha in (select token_sha from identity_step where expires_at < $1 limit 1000)`, now},
			{`delete from identity_ceremony where expires_at < $1`, now},
			{`delete from identity_invitation where expires_at < $1`, now},
			{`delete from identity_throttle where key_mac in (select key_mac from identity_throttle where last_at < $1 limit 1000)`, now.Add(-24 * time.Hour)},
			{`delete from identity_session where id in (select id from identity_session where created_at < $1 limit 1000)`, now.Add(-90 * 24 * time.Hour)},
			{`delete from identity_device where device_sha in (select device_sha from identity_device where seen_at < $1 limit 1000) and seen_at < $1`, now.Add(-DeviceLimit)},
		} {
			tx.Data.Queue(q.sql, q.before.UnixMicro())
		}
		return nil
	})
}
