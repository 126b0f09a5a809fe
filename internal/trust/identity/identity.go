// Package identity knows who works here and lets nobody else in.
//
// It promises:
//   - Everyone signs in with a password and a second factor: a passkey (WebAuthn) or a
//     six-digit code (TOTP, RFC 6238), with ten recovery codes for the day the phone is
//     lost. There is no way to sign in with one factor and no setting that allows it.
//   - No default account and no default password exist. The first administrator is made
//     with a one-time token that is printed on the server's own terminal; a stranger who
//     reaches the port first meets a form and gains nothing.
//   - Nobody alone can make himself somebody else. A new member of staff, or one who lost
//     the second factor, enrols with a link from an administrator and a code from a second
//     person of another role, and the second factor is made only after that code, for the
//     one browser in which it was given: who looked at the link before knows nothing of
//     it. Role changes, re-enabling and API clients go through trust/approval. An administrator therefore cannot make himself DPO. Whoever holds
//     the server's terminal can (package app's `staff` commands); the log then says so.
//   - A session is 256 random bits whose SHA-256 is a row. It ends after 15 minutes
//     without a request, 12 hours after sign-in, at sign-out, and at once when its owner
//     is disabled, changes role or enrols anew. Its token is renewed whenever the rights
//     it carries grow (sign-in, fresh second factor), so a planted token is worthless.
//   - A guess costs the guesser, not the call center: a browser in which an account signed
//     in before keeps a random mark and has a counter of failures of its own for that
//     account. Without the mark (strangers, programs, a browser that keeps no cookies)
//     delays are kept per account and address together, per account, and per address; so
//     whoever guesses behind the address of a call center slows only those who are new there.
//     A wrong login, a wrong password and a disabled account answer with the same words
//     after the same work.
//   - Names and logins are sealed under the staff key, found through a keyed hash, and
//     appear in no log, no URL and no audit entry; network addresses are kept as keyed
//     hashes only. Every act here appends its audit entry in its own transaction.
//
// Passwords follow NIST SP 800-63B-4, 3.1.1: 15 characters for a password that stands
// alone, at least 8 beside a second factor. Everyone here has a second factor; Amanah asks
// for 12, checks a blocklist and the words of the context (login, name, company), and has
// no composition rules, no expiry and no obstacle to pasting.
//
// UU PDP (Law 27/2022) art. 35 and 36 (protect, and keep confidential) and art. 39 (prevent
// unlawful access) are the articles served; ISO 27701 A.3.23 (user registration) is the
// control auditors will ask for.
package identity

import (
	"embed"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed schema/*.sql
var schema embed.FS

// Messages are the room's texts: messages/{id,en}.json.
//
//go:embed messages/*.json
var Messages embed.FS

// Schema is the room's migrations, for db.Migrate.
func Schema() db.Schema { return db.Schema{Room: "identity", FS: schema} }

// SweepJob is the kind of the job that runs Sweep; app schedules it every ten minutes.
const SweepJob = "identity.sweep"

// How long things live. They are constants because a promise that a file can loosen is none.
const (
	IdleLimit        = 15 * time.Minute     // a session without a request ends
	AbsoluteLimit    = 12 * time.Hour       // a session ends, busy or not
	FreshLimit       = web.SecondFactorFor  // a second factor counts as fresh
	StepLimit        = 5 * time.Minute      // from password to second factor
	InvitationLimit  = 72 * time.Hour       // an enrolment link
	SetupLimit       = 30 * time.Minute     // the setup token, unless the maker says less
	DeviceLimit      = 180 * 24 * time.Hour // a browser without a sign-in is known no longer
	touchEvery       = 30 * time.Second     // a session's last use is written at most this often
	clientTouchEvery = time.Minute
	maxClientLife    = 366 * 24 * time.Hour
	recoveryCount    = 10
)

// State is where a member of staff stands.
type State string

// The states of a member of staff.
const (
	Invited  State = "invited"  // no password and second factor yet
	Active   State = "active"   // may sign in
	Disabled State = "disabled" // may not; sessions have ended
)

// Staff is a member of staff as screens show it. Name and Login are opened from their
// sealed columns: show them, never log them.
type Staff struct {
	ID          string
	Name        string
	Login       string
	Role        actor.Role
	State       State
	Controllers []string
	Created     time.Time
	Passkeys    int  // how many passkeys are enrolled
	TOTP        bool // a TOTP secret is enrolled
	Recovery    int  // unused recovery codes
}

// FirstName is what customers are told: the first word of the name.
func (s Staff) FirstName() string { return firstWord(s.Name) }

func firstWord(name string) string {
	if f := strings.Fields(name); len(f) > 0 {
		return f[0]
	}
	return ""
}

// NewStaff is what makes a member of staff.
type NewStaff struct {
	Name        string
	Login       string
	Role        actor.Role
	Controllers []string // the controllers whose customers this person may serve
}

// Session is one sign-in as its owner sees it.
type Session struct {
	ID      string
	Kind    string // "console" or "api"
	Created time.Time
	Seen    time.Time
	Current bool
}

// Client is an API client.
type Client struct {
	ID          string
	Name        string
	Scopes      []string
	Controllers []string
	State       ClientState
	Hint        string // last four characters of the key, to tell keys apart
	Created     time.Time
	Expires     time.Time
	Used        time.Time // zero when never
	Requester   string    // staff id
}

// ClientState is where an API client stands.
type ClientState string

// The states of an API client.
const (
	ClientAsked    ClientState = "asked"    // waits for a second person
	ClientApproved ClientState = "approved" // two people agreed; the key is not issued yet
	ClientActive   ClientState = "active"
	ClientRevoked  ClientState = "revoked"
)

// Scopes lists what an API client can be allowed. A client that acts alone has the use of
// the first group only; the second needs a member of staff's session beside the key.
func Scopes() []string {
	return []string{
		ScopeInteractions, ScopeEvents, ScopeImport, ScopeAuditRead, ScopeDirectory, ScopeInspect, ScopeMail,
		ScopeServe, ScopeVerify, ScopeApprove,
	}
}

// The scopes.
const (
	ScopeInteractions = "interactions" // open and read interactions
	ScopeEvents       = "events"       // post telephony and chat events
	ScopeInspect      = "inspect"      // ask what is to be done with a text
	ScopeMail         = "mail"         // with inspect: carry out what was decided about mails that are held
	ScopeImport       = "import"       // import customers and account history
	ScopeAuditRead    = "audit"        // read checkpoints, proofs and entries
	ScopeDirectory    = "scim"         // provision staff from the company's directory
	ScopeServe        = "serve"        // with a staff session: identify, compare, reveal, act, note
	ScopeVerify       = "verify"       // with a staff session: start and read verifications
	ScopeApprove      = "approve"      // with a staff session: approve and refuse
)

// Refusals. Their texts are in messages/; none says more than the person may know.
var (
	errSignIn        = errs.New(errs.Unauthenticated, "identity.wrong_sign_in")
	errSession       = errs.New(errs.Unauthenticated, "web.session") // web sends the browser to sign in
	errStep          = errs.New(errs.Unauthenticated, "identity.step_over")
	errCode          = errs.New(errs.Unauthenticated, "identity.wrong_code")
	errPasskey       = errs.New(errs.Unauthenticated, "identity.wrong_passkey")
	errNoPasskeys    = errs.New(errs.Invalid, "identity.no_passkeys")
	errSlow          = errs.New(errs.TooMany, "identity.slow_down")
	errSetup         = errs.New(errs.Denied, "identity.wrong_setup_token")
	errSetupDone     = errs.New(errs.Conflict, "identity.has_admin")
	errInvitation    = errs.New(errs.NotFound, "identity.no_invitation")
	errHandover      = errs.New(errs.Denied, "identity.wrong_handover")
	errBrowser       = errs.New(errs.Denied, "identity.not_opened_here")
	errNoStaff       = errs.New(errs.NotFound, "identity.no_staff")
	errNoClient      = errs.New(errs.NotFound, "identity.no_client")
	errClientKey     = errs.New(errs.Unauthenticated, "identity.bad_key")
	errLoginTaken    = errs.New(errs.Conflict, "identity.login_taken")
	errBadStaff      = errs.New(errs.Invalid, "identity.bad_staff")
	errBadClient     = errs.New(errs.Invalid, "identity.bad_client")
	errNotSelf       = errs.New(errs.Denied, "identity.not_yourself")
	errSecondPerson  = errs.New(errs.Denied, "identity.second_person")
	errState         = errs.New(errs.Conflict, "identity.wrong_state")
	errRole          = errs.New(errs.Denied, "identity.role_denied")
	errFresh         = errs.New(errs.Unauthenticated, "web.second_factor") // web sends the browser to the step-up page
	errLastPasskey   = errs.New(errs.Conflict, "identity.last_factor")
	errPasskeyName   = errs.New(errs.Invalid, "identity.no_passkey_host")
	errFIPS          = errs.New(errs.Invalid, "identity.fips_totp")
	errLastAdmin     = errs.New(errs.Conflict, "identity.last_admin")
	errWrongPassword = errs.New(errs.Denied, "identity.wrong_password")
)

// ErrPasswordsDiffer is the refusal of a form whose two new passwords are not the same.
var ErrPasswordsDiffer = errs.New(errs.Invalid, "identity.passwords_differ")

// Where the pages are; app gives them to web.
const (
	SignInPath  = "/sign-in"
	StepUpPath  = "/step-up"
	SignOutPath = "/sign-out"
)

// normaliseLogin is how a login is compared: lower case, no spaces around it.
func normaliseLogin(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// validLogin says what a login may look like: 3 to 64 letters, digits, dots, dashes,
// underscores, plus and at signs.
func validLogin(s string) bool {
	if len(s) < 3 || len(s) > 64 {
		return false
	}
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', strings.ContainsRune("._-+@", r):
		default:
			return false
		}
	}
	return true
}

// MayProvision says which roles a directory may give and take by itself (package scim). Whoever
// decides on others, or could, is made one by two people here.
func MayProvision(role actor.Role) bool {
	return role == actor.Agent || role == actor.Supervisor || role == actor.Auditor
}

// MayHandOver says whose second half of an enrolment a role may hand over: the person who
// stands beside the newcomer, never an administrator.
func MayHandOver(by actor.Role, target actor.Role) bool {
	switch by {
	case actor.DPO, actor.Security:
		return true
	case actor.Supervisor:
		return target == actor.Agent
	}
	return false
}
