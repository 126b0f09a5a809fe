// Package actor says who acts.
//
// Every verb of every room takes an Actor as an explicit argument; nothing about who
// acts is ever hidden in a context. An Actor is one of: a member of staff with a live
// session; an API client on behalf of such a member of staff; an API client alone (which
// may open interactions, import and post events, and never see a value); a customer on a
// signed link; or a machine duty (a named job with fixed fields whose output is no screen).
//
// The fields are unexported and the makers may be called from trust/identity and app
// only (internal/archtest says so): a room can be handed an Actor, it cannot make one up.
// The zero Actor is nobody and is refused everywhere.
package actor

import (
	"log/slog"
	"slices"
	"time"
)

// Kind says what sort of actor it is.
type Kind string

// The kinds of actor.
const (
	Nobody   Kind = ""
	Staff    Kind = "staff"      // a member of staff, in a session
	OnBehalf Kind = "on_behalf"  // an API client with a staff member's session
	Client   Kind = "api_client" // an API client alone
	Customer Kind = "customer"   // the holder of a signed link
	Duty     Kind = "duty"       // a named machine job
)

// Role is what a member of staff is employed to do. One person has one role.
type Role string

// The roles.
const (
	Agent      Role = "agent"
	Supervisor Role = "supervisor"
	DPO        Role = "dpo"
	Security   Role = "security"
	Auditor    Role = "auditor"
	Admin      Role = "admin" // runs the machine; sees no personal data
)

// Roles lists every role, in the order screens show them.
func Roles() []Role { return []Role{Agent, Supervisor, DPO, Security, Auditor, Admin} }

// Actor is who acts. It is a small value; copy it freely.
type Actor struct {
	kind        Kind
	id          string
	role        Role
	session     string
	client      string
	scopes      []string
	controllers []string
	secondAt    time.Time
}

// NewStaff makes a member of staff in a live session. secondAt is when the second factor
// was last shown. controllers are those whose customers this person may serve.
func NewStaff(staffID string, role Role, sessionID string, controllers []string, secondAt time.Time) Actor {
	return Actor{kind: Staff, id: staffID, role: role, session: sessionID, controllers: controllers, secondAt: secondAt}
}

// NewOnBehalf makes an API client that acts with a staff member's session: the staff
// member's rights, narrowed by the client's scopes.
func NewOnBehalf(clientID string, scopes []string, staff Actor) Actor {
	staff.kind, staff.client, staff.scopes = OnBehalf, clientID, scopes
	return staff
}

// NewClient makes an API client that acts alone.
func NewClient(clientID string, scopes, controllers []string) Actor {
	return Actor{kind: Client, id: clientID, client: clientID, scopes: scopes, controllers: controllers}
}

// NewCustomer makes the holder of a signed link; id is the link's own, never the subject's.
func NewCustomer(linkID string) Actor { return Actor{kind: Customer, id: linkID} }

// NewDuty makes a machine duty by its registered name, such as "name_index".
func NewDuty(name string) Actor { return Actor{kind: Duty, id: name} }

// Kind says what sort of actor it is; Nobody for the zero value.
func (a Actor) Kind() Kind { return a.kind }

// ID is the staff member's, API client's or link's id, or the duty's name.
func (a Actor) ID() string { return a.id }

// Role is the staff member's role; empty for others.
func (a Actor) Role() Role { return a.role }

// Session is the staff session's id; empty for others.
func (a Actor) Session() string { return a.session }

// ClientID is the API client's id, when one is in between; else empty.
func (a Actor) ClientID() string { return a.client }

// SecondFactorAt is when the second factor was last shown; zero if never.
func (a Actor) SecondFactorAt() time.Time { return a.secondAt }

// IsStaff reports whether a member of staff is acting, directly or through an API client.
func (a Actor) IsStaff() bool { return a.kind == Staff || a.kind == OnBehalf }

// Is reports whether a member of staff with one of these roles is acting.
func (a Actor) Is(roles ...Role) bool { return a.IsStaff() && slices.Contains(roles, a.role) }

// HasScope reports whether an API client may do this; staff without a client always may.
func (a Actor) HasScope(scope string) bool {
	return a.kind == Staff || a.client != "" && slices.Contains(a.scopes, scope)
}

// Serves reports whether the actor may serve customers of this controller.
func (a Actor) Serves(controller string) bool { return slices.Contains(a.controllers, controller) }

// Controllers returns the controllers whose customers the actor may serve.
func (a Actor) Controllers() []string { return slices.Clone(a.controllers) }

// LogValue shows ids only.
func (a Actor) LogValue() slog.Value {
	return slog.GroupValue(slog.String("kind", string(a.kind)), slog.String("id", a.id), slog.String("role", string(a.role)))
}
