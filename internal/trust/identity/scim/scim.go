// Package scim lets a company's directory bring and take staff: SCIM 2.0 (RFC 7643, RFC 7644),
// Users and Groups, for an API client with the scope scim.
//
// It promises:
//   - Whoever leaves, leaves at once: a user that the directory makes inactive or deletes is
//     disabled, and every live session ends in the same commit.
//   - The directory may take away from anybody, and give only what a directory may give: a
//     group of the configuration's mapping makes agents, supervisors and auditors. Whoever is,
//     or is to be, data protection officer, security or administrator is made so by two people
//     in Amanah; the directory can neither rename such an account nor say who it is.
//   - Nobody comes back by the directory's word: a disabled member of staff is enabled by two
//     people, as ever. A user deleted in the directory is gone for it and stays in the log.
//   - It keeps what it needs: login, name, the directory's own id of the person. Addresses,
//     telephone numbers, titles and passwords that a directory sends are read over and stored
//     nowhere. Names and logins are sealed; the directory's ids are found by keyed hashes.
//   - Every input has a limit, every error has SCIM's form and repeats nothing that was sent,
//     and every change has its entry, refused ones too.
//
// What it leaves out, and says so in ServiceProviderConfig: bulk, sorting, entity tags and
// passwords. Of filters it knows eq on the attributes that directories search by.
package scim

import (
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// The limits of what a directory may send and ask for.
const (
	maxExternal   = 255
	maxName       = 100
	maxGroupName  = 200
	maxMembers    = 10_000
	maxTouched    = 200 // members that one request adds or takes
	maxGroups     = 500
	maxOperations = 100
	maxFilter     = 400
	maxPage       = 200
)

// Keys is what scim needs of trust/keyring.
type Keys interface {
	SealStaff(ref keyring.Ref, plain []byte) []byte
	OpenStaff(ref keyring.Ref, sealed []byte) ([]byte, error)
	MAC(name string, value []byte) []byte
}

// Log is what scim needs of trust/audit.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Mapping says what the members of a group of the directory are here.
type Mapping struct {
	Group       string // displayName, as the directory writes it
	Role        actor.Role
	Controllers []string // slugs
}

// ParseMapping reads "Group name=role" or "Group name=role@slug+slug" of the configuration.
func ParseMapping(text string) (Mapping, bool) {
	at := strings.LastIndexByte(text, '=')
	if at < 1 {
		return Mapping{}, false
	}
	role, slugs, _ := strings.Cut(strings.TrimSpace(text[at+1:]), "@")
	m := Mapping{Group: strings.TrimSpace(text[:at]), Role: actor.Role(strings.TrimSpace(role))}
	for slug := range strings.SplitSeq(slugs, "+") {
		if slug = strings.TrimSpace(slug); slug != "" {
			m.Controllers = append(m.Controllers, slug)
		}
	}
	return m, m.Group != "" && len(m.Group) <= maxGroupName && identity.MayProvision(m.Role)
}

// Options are what app gives.
type Options struct {
	DB       *db.DB
	Log      Log
	Keys     Keys
	Identity *identity.Identity
	Mapping  []Mapping // where somebody is in several groups, the first counts
	// Controller finds a controller by the slug of the mapping.
	Controller func(tx *db.Tx, slug string) (string, error)
}

// Service is the room.
type Service struct{ Options }

// New makes the room.
func New(o Options) *Service { return &Service{o} }

// User is a member of staff as a directory sees one.
type User struct {
	ID       string
	External string
	Login    string
	Name     string
	Active   bool
	Created  time.Time
	Changed  time.Time
	Groups   []Group // without their members

	role actor.Role
}

// Group is a group of the directory.
type Group struct {
	ID       string
	External string
	Name     string
	Members  []string
	Created  time.Time
	Changed  time.Time
}

// grants says what somebody in these groups is here; found is false when none of them says anything.
func (s *Service) grants(groups []Group) (m Mapping, found bool) {
	for _, m := range s.Mapping {
		if slices.ContainsFunc(groups, func(g Group) bool { return g.Name == m.Group }) {
			return m, true
		}
	}
	return Mapping{}, false
}

// Refusals, with the words of RFC 7644, 3.12 for those that have one.
var (
	errSyntax    = errs.New(errs.Invalid, "scim.invalid_syntax")
	errFilter    = errs.New(errs.Invalid, "scim.invalid_filter")
	errPath      = errs.New(errs.Invalid, "scim.invalid_path")
	errValue     = errs.New(errs.Invalid, "scim.invalid_value")
	errMany      = errs.New(errs.Invalid, "scim.too_many")
	errUnique    = errs.New(errs.Conflict, "scim.uniqueness")
	errNone      = errs.New(errs.NotFound, "scim.not_found")
	errTwoPeople = errs.New(errs.Denied, "scim.two_people")
)

// types are SCIM's words for kinds of refusals.
var types = map[string]string{
	"scim.invalid_syntax": "invalidSyntax", "scim.invalid_filter": "invalidFilter", "scim.invalid_path": "invalidPath", "scim.invalid_value": "invalidValue",
	"scim.too_many": "tooMany", "scim.uniqueness": "uniqueness", "identity.login_taken": "uniqueness", "identity.bad_staff": "invalidValue",
	"scim.two_people": "mutability", "identity.role_denied": "mutability",
}
