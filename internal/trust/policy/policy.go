// Package policy decides who may do what with a customer's data, and why not.
//
// The rules are Cedar policies, in files a data protection officer can read: policy.cedar
// in this folder holds the ones every deployment has, and a room may bring more. Each one
// carries its name and one sentence in each language (@id, @sentence_id, @sentence_en).
//
// The shape is always the same. A few permits say who may use which verb at all. The
// forbids name the conditions, one each, and carry the code of the refusal. A forbid
// always wins, whatever any permit says, so a room that brings policies of its own can
// narrow what the shipped set allows and never widen it past a condition.
//
// When several forbids apply, the one written first gives the reason: the shipped file
// goes from the most fundamental to the most particular (no session, no such call, not
// your call, call not live, no purpose, ... budget spent), because telling an agent that
// the budget is spent when the call is somebody else's would send them the wrong way.
// Where nothing permits, the answer is no (gate.not_permitted). Where a policy cannot be
// evaluated, the answer is no (gate.policy_failed): an engine that skips a broken forbid
// and goes on would turn a typing error into a leak.
//
// A decision is pure: it is a function of the Request alone. No clock, no database. The
// Request is a comparable value made of small closed ranges, so decisions already made are
// remembered (the Set never changes after New), and the same call does not pay the engine
// twice for two fields of one class.
package policy

// Principal is who asks.
type Principal struct {
	Kind string // actor.Kind
	Role string // actor.Role; empty for those who are no staff
	// SignedIn: the session is live and its owner enabled, as the database says now. For an
	// API client alone, a customer's link and a machine duty: that they are what they say.
	SignedIn bool
	// Scoped: the API client in between was given the scope for this verb. True without one.
	Scoped bool
	// SecondFactorMinutes since the second factor was last shown, rounded up. A large
	// number when it never was. Decide rounds it up further, to five minutes.
	SecondFactorMinutes int
}

// Resource is the field asked for. A verb without fields (search, note) has the zero value.
type Resource struct {
	Class     string // public, general, specific, secret; secret when the catalogue does not know the field
	MinLevel  int    // the verification level this verb needs on this channel, 0 to 4; Never when there is none
	InPurpose bool   // the interaction's purpose may use the field with this verb
	Verifies  bool   // a registered contact, or account history: may serve to verify the caller
	Beyond    bool   // the field is one more than may be told of the customer today at this level
	OwnOnly   bool   // no mandate reaches the field: only the customer in person; read while a representative speaks
	InScope   bool   // the representative's mandate covers purpose, verb and field; true when the customer speaks
	Hit       bool   // the field is the one by which a search in this interaction found the subject
}

// Never is the MinLevel of a field that no level opens for a verb on a channel.
const Never = 9

// Context is everything else the decision rests on, read in the transaction of the act.
type Context struct {
	Ground string // interaction, request, agreement, duty
	Known  bool   // the ground exists and its controller is one the asker serves

	// Ground interaction.
	OwnCall      bool   // the asker is the one serving it now
	State        string // offered, connected, identified, verifying, serving, held, capture, approval, wrapup, sealed, refused, frozen, abandoned
	Beating      bool   // the desk's last heartbeat is younger than 15 s
	SubjectBound bool   // the subject asked about is the one the interaction was bound to
	Found        bool   // a search in this interaction found the subject
	Channel      string // phone, chat, email
	Level        int    // verification level now, 0 to 4

	// Mandate is through whom the bound customer speaks: none, or the mandate's standing valid, expired, revoked.
	Mandate string
	// GuardianNeeded: the customer is a child, and neither does the parent or guardian speak nor have they agreed to the purpose.
	GuardianNeeded bool

	PurposeChosen bool
	PurposeActive bool   // published, not retired, and the controller's own
	Basis         string // lawful basis, UU PDP art. 20 (2): consent, contract, legal_obligation, vital_interest, public_task, legitimate_interest
	Consented     bool   // the subject's last word on this purpose is "granted"

	BudgetLeft int    // reveals, or searches, left in this shift; Decide counts 1 and more as 1
	CallLeft   int    // searches left in this call; counted like BudgetLeft
	Training   string // valid, missing, not_built
	Guarded    bool   // the subject is a protected person, and no second member of staff has decided in this contact
	Broad      bool   // the subject is one customer more than the asker may open under this purpose in this shift

	// Ground duty.
	DutyField bool // the duty is registered and the field is one of its own
	// Grounds request and agreement: the room that keeps them exists in this build.
	GroundBuilt bool
}

// Request is one question: may this principal use this verb on this field here and now?
// It is comparable, holds no ids and no personal data.
type Request struct {
	Principal Principal
	Verb      string
	Resource  Resource
	Context   Context
}

// Decision is the answer.
type Decision struct {
	Allowed bool
	// Code is why not: the code of the first forbid that applied. Empty when allowed.
	Code string
	// Rank orders codes from the most fundamental (0) on; used to choose one reason for
	// several refused fields.
	Rank int
	// Policies are the ids of the policies that made the decision, in the order written.
	// The slice is shared with equal decisions: read it only.
	Policies []string
}

// Codes that no policy file writes.
const (
	CodeNotPermitted = "gate.not_permitted" // nothing permits it
	CodeFailed       = "gate.policy_failed" // a policy could not be evaluated
)

// Text is one file of policies, and the room that brings it.
type Text struct {
	Room  string
	Cedar string
}

// Rule is one policy as a person reads it.
type Rule struct {
	ID       string   // unique in the set, "room.name"
	Room     string   // who brings it
	Effect   string   // permit, forbid
	Code     string   // the refusal's code; empty for a permit
	Verbs    []string // what it is about; empty means every verb
	Sentence map[string]string
	Cedar    string
}
