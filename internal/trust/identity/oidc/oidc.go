// Package oidc lets staff sign in at the provider of identities that their company already
// has: OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636, S256), RP-Initiated
// Logout 1.0 and Back-Channel Logout 1.0.
//
// It promises:
//   - Who an ID token is, is a link and nothing else: the pair of issuer and subject that a
//     member of staff connected in a session of the own, with a fresh second factor here and
//     a sign-in at the provider that was made for it; or what the directory said of somebody
//     it provisioned (package scim). An e-mail address, a name or a login in a token is never
//     looked at.
//   - One factor is half a sign-in. The provider's second factor counts when the token says
//     so in the words that the configuration lists (acr, amr), and says when it was shown,
//     not long ago. In every other case our own second factor follows.
//   - An answer of the provider is good once, in the browser that asked, for what was asked:
//     state, nonce and PKCE verifier are of one flow, which is gone when it was answered.
//     Signatures are checked against the provider's published keys, with asymmetric
//     algorithms only; issuer, audience, times and nonce must be exact.
//   - Whoever signs out at a shared computer is signed out at the provider too, and the next
//     who signs in there is asked who he is. A sign-out at the provider ends the sessions here.
//   - A provider that is down keeps nobody with a password out, and is told apart from a
//     token that is not good.
//
// Staff, sessions and entries are trust/identity's: what is decided for everybody (who is
// disabled, who was only invited, what a session is) is decided there. What this package
// asks of the provider is the scope openid, so that no name and no address comes back; an ID
// token that holds more is never put into an address.
package oidc

import (
	"net/http"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// How long things live, and how far the provider's clock may be from ours.
const (
	flowLimit  = 10 * time.Minute   // from leaving for the provider to coming back
	factorAge  = identity.IdleLimit // a second factor shown there before that does not count here
	clockSkew  = time.Minute        // between the two machines
	maxToken   = 16 << 10           // of an ID token or logout token
	maxHint    = 4 << 10            // of an ID token that goes into an address
	maxAnswer  = 1 << 20            // of anything the provider sends
	retryAfter = 10 * time.Second   // a provider that did not answer is asked again
	renewAfter = time.Hour          // what a provider says of itself is asked for again
	fetchLimit = 5 * time.Second    // one request to the provider
	visitLimit = identity.AbsoluteLimit
)

// Keys is what oidc needs of trust/keyring.
type Keys interface {
	SealStaff(ref keyring.Ref, plain []byte) []byte
	OpenStaff(ref keyring.Ref, sealed []byte) ([]byte, error)
	MAC(name string, value []byte) []byte
}

// Log is what oidc needs of trust/audit.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Options are what app gives.
type Options struct {
	DB       *db.DB
	Log      Log
	Keys     Keys
	Identity *identity.Identity

	Issuer string // exactly as the provider writes it
	Client string // client_id
	Secret string // client_secret; "" for a public client, which PKCE alone protects
	Name   string // of the provider, on the button
	// ACR and AMR are the values that say that a second factor was shown; without any, ours follows.
	ACR, AMR []string
	// Directory finds whom the directory provisioned by the value of Claim; nil without a directory.
	Directory func(tx *db.Tx, external string) (staff string, found bool, err error)
	Claim     string   // "sub" unless said
	Scopes    []string // beside openid

	Door     actor.Actor       // who acts where nobody has signed in yet
	Provider actor.Actor       // who acts when the provider says that somebody signed out there
	Through  http.RoundTripper // nil is the machine's
}

// Service is the room.
type Service struct {
	Options
	provider provider
}

// New makes the room. It asks the provider nothing: a provider that is down at a start is asked
// when somebody wants to sign in.
func New(o Options) *Service {
	s := &Service{Options: o}
	if s.Claim == "" {
		s.Claim = "sub"
	}
	s.provider = newProvider(s.Options, s.ReturnURL())
	return s
}

// Where the pages are. The provider must know ReturnPath letter by letter.
const (
	signInPath  = identity.SignInPath + "/provider"
	ReturnPath  = identity.SignInPath + "/return"
	logoutPath  = identity.SignInPath + "/logout"
	stepUpPath  = identity.StepUpPath + "/provider"
	accountPath = "/account/provider"
)

// ReturnURL is the redirect URI: the provider sends browsers there and nowhere else.
func (s *Service) ReturnURL() string { return s.Identity.Origin() + ReturnPath }

// LeftURL is where the provider sends browsers that signed out there.
func (s *Service) LeftURL() string { return s.Identity.Origin() + identity.SignInPath }

// purpose is what a flow is for.
type purpose string

const (
	toSignIn  purpose = "sign_in"
	toConnect purpose = "connect"
	toRefresh purpose = "refresh"
)

// Refusals and failures.
var (
	errDown      = errs.New(errs.Unavailable, "oidc.provider_down")
	errExchange  = errs.New(errs.Unavailable, "oidc.bad_exchange")
	errFlow      = errs.New(errs.Unauthenticated, "oidc.no_flow")
	errReplayed  = errs.New(errs.Unauthenticated, "oidc.replayed")
	errDeclined  = errs.New(errs.Unauthenticated, "oidc.declined")
	errToken     = errs.New(errs.Unauthenticated, "oidc.bad_token")
	errStale     = errs.New(errs.Unauthenticated, "oidc.not_shown_again")
	errFactor    = errs.New(errs.Unauthenticated, "oidc.no_second_factor")
	errNoFactor  = errs.New(errs.Denied, "oidc.no_factor_at_all")
	errNotLinked = errs.New(errs.Unauthenticated, "oidc.not_linked")
	errTaken     = errs.New(errs.Conflict, "oidc.taken")
	errOther     = errs.New(errs.Denied, "oidc.somebody_else")
	errNoLink    = errs.New(errs.NotFound, "oidc.no_link")
	errLogout    = errs.New(errs.Invalid, "oidc.bad_logout")
	errSession   = errs.New(errs.Unauthenticated, "web.session")
	errSecond    = errs.New(errs.Unauthenticated, "web.second_factor") // web sends the browser to the step-up page
)
