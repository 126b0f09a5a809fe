// Package errs is the one error type of Amanah.
//
// Every failure that crosses a room's wall is an *E: a Kind (what class of thing
// happened, and so which HTTP status), a Code (the one word that names it from
// database to screen: message key, problem `type` suffix and audit reason at once)
// and Args (values for the message's placeholders). The wrapped Err is for the
// operator's log only; it never leaves the process, because texts of drivers and
// parsers like to quote what they choked on, and what they choke on here may be
// somebody's personal data.
//
// The package knows nothing of HTTP and has no side effects. What a person reads is
// made in one place, web, from the catalogues of kit/i18n: for a code `desk.no_call`
// the keys are `desk.no_call` (what happened) and `desk.no_call.next` (what to do
// next); a refusal that an agent meets in a call also has `desk.no_call.say` (the
// sentence to say to the customer).
//
// Args must hold no personal data. A canary test plants personal values in fixtures
// and fails when one of them shows up in an error.
package errs

import (
	"errors"
	"fmt"
)

// Kind is the class of a failure. The set is closed.
type Kind string

// The closed list of kinds.
const (
	Invalid         Kind = "invalid"         // the request is malformed; sending it again will not help
	Unauthenticated Kind = "unauthenticated" // no live session, or a second factor is needed first
	Denied          Kind = "denied"          // known, and not allowed
	NotFound        Kind = "not_found"       // no such thing, or not the asker's to know of
	Conflict        Kind = "conflict"        // the state moved; read again and decide again
	TooMany         Kind = "too_many"        // a limit; Args["retry_after"] (seconds) when known
	Unavailable     Kind = "unavailable"     // a part that is needed is down or full; nothing was done
	Internal        Kind = "internal"        // a defect of ours
)

// E is a failure with a kind, a code and the arguments of its message.
type E struct {
	Kind Kind
	Code string         // "room.reason"
	Args map[string]any // placeholders of the message; never personal data
	Err  error          // cause, for the operator's log; never shown
}

// New makes an E without arguments or cause.
func New(k Kind, code string) *E { return &E{Kind: k, Code: code} }

// Wrap makes an E around a cause. A nil cause is allowed.
func Wrap(k Kind, code string, cause error) *E { return &E{Kind: k, Code: code, Err: cause} }

// With returns a copy of e with one more argument.
func (e *E) With(key string, value any) *E {
	c := *e
	c.Args = make(map[string]any, len(e.Args)+1)
	for k, v := range e.Args {
		c.Args[k] = v
	}
	c.Args[key] = value
	return &c
}

// Error is for logs: kind, code and cause. It is not for people's screens.
func (e *E) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s (%s): %v", e.Code, e.Kind, e.Err)
	}
	return fmt.Sprintf("%s (%s)", e.Code, e.Kind)
}

// Unwrap returns the cause.
func (e *E) Unwrap() error { return e.Err }

// Is reports whether target is an *E with the same code, so that a code can be
// matched with errors.Is(err, errs.New(kind, code)).
func (e *E) Is(target error) bool {
	t, ok := target.(*E)
	return ok && t.Code == e.Code
}

// Of returns the E in err's chain; an error that is none becomes Internal with
// code "app.internal", so that a caller can always answer with a kind and a code.
func Of(err error) *E {
	if err == nil {
		return nil
	}
	var e *E
	if errors.As(err, &e) {
		return e
	}
	return Wrap(Internal, "app.internal", err)
}

// KindOf returns the kind of err, or "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	return Of(err).Kind
}

// CodeOf returns the code of err, or "" for nil.
func CodeOf(err error) string {
	if err == nil {
		return ""
	}
	return Of(err).Code
}
