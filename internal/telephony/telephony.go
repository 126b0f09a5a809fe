// Package telephony is where the call center's telephone system and Amanah tell each other
// what happened: events of calls come in, ids of what became of them go out.
//
// In. An event may come four ways, and all end in interaction.Relay or Receive, which take
// it once, in any order: as a CloudEvent of an API client (the endpoint of package
// interaction), as a vendor's own document of an API client, on a line (a web address of
// ours whose requests are signed), or over a connection that this program opens itself to
// an exchange (package pbx). What a vendor's document means is said by a Mapping: data, not
// code, shipped for some vendors and written by the operator for others. A document is read,
// mapped and thrown away; of the caller's number nothing is kept here.
//
// A line has a key of its own, derived from the deployment's secret, that can be shown again
// and rotated; the old key is good for RotationTime more. A request is signed over its time
// and its body, must not be older than Window, and is taken once: the same signature again
// is refused as a replay, the same event with a fresh one is a duplicate. Forged, late and
// replayed requests are counted on the line and entered in the log, one entry a minute, so
// that a flood of them cannot fill it.
//
// Out. A hook is an address of the company's own systems. It is told in signed CloudEvents
// which interaction moved, by ids only, never a value. A row in the same transaction as the
// move becomes a durable job; what cannot be delivered is tried later and later, and in the
// end listed as a dead letter that can be sent again by hand. The address is looked up once
// and that very machine is dialled; one of this network is refused unless the operator has
// named the host; no redirect is followed.
//
// What it refuses: a mapping with a word it does not know; a document without the contact or
// its place in order; any text of a request in an error, a log or an entry.
//
// Serves UU PDP articles 35, 36 and 39.
package telephony

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Window is how far a signed request's time may be from ours.
const Window = 5 * time.Minute

// RotationTime is how long the key before is still good.
const RotationTime = 24 * time.Hour

// Signing says how the requests of a line are signed.
type Signing string

// The ways.
const (
	Signed Signing = "signed" // with the line's own key, in the header SignatureHeader
	Twilio Signing = "twilio" // with the account's own token, as Twilio does
)

// State of a delivery.
type State string

// The states.
const (
	Queued State = "queued" // waiting for its first or next attempt
	Sent   State = "sent"
	Dead   State = "dead" // given up; can be sent again by hand
)

// SignatureHeader carries the signature of a request, in and out: t=<unix seconds>,v1=<hex>,
// with one v1 for each key that is good while a key is rotated. What is signed is the time,
// a dot, and the body.
const SignatureHeader = "Amanah-Signature"

// MaxAttempts is how often a delivery is tried: over about three hours.
const MaxAttempts = 12

// SendTimeout is how long one delivery may take.
const SendTimeout = 10 * time.Second

// Kept is how long a delivery that arrived stays on the list, and a signature is remembered
// beyond its window.
const Kept = 7 * 24 * time.Hour

// signature is the header's content.
type signature struct {
	at   time.Time
	sums []string // hex
}

// signed is the text that is signed.
func signed(at time.Time, body []byte) []byte {
	return append([]byte(strconv.FormatInt(at.Unix(), 10)+"."), body...)
}

func (s signature) String() string {
	out := "t=" + strconv.FormatInt(s.at.Unix(), 10)
	for _, sum := range s.sums {
		out += ",v1=" + sum
	}
	return out
}

// parseSignature reads the header strictly: one time, one to four sums, nothing else twice.
func parseSignature(text string) (s signature, ok bool) {
	if len(text) > 512 {
		return s, false
	}
	for part := range strings.SplitSeq(text, ",") {
		name, value, found := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case !found:
			return s, false
		case name == "t" && s.at.IsZero():
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n <= 0 || n > 1<<40 {
				return s, false
			}
			s.at = time.Unix(n, 0).UTC()
		case name == "v1" && len(value) == 64 && len(s.sums) < 4:
			s.sums = append(s.sums, value)
		case name == "t", name == "v1":
			return s, false
		}
	}
	return s, !s.at.IsZero() && len(s.sums) > 0
}

// within reports whether a signed time is close enough to now.
func within(at, now time.Time) bool {
	return at.After(now.Add(-Window)) && at.Before(now.Add(Window))
}

// reserved are the networks that are no one else's address: none of them is dialled for a
// hook, unless the operator has named the host.
var reserved = prefixes("0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 " +
	"192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 " +
	"::/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8")

func prefixes(list string) (out []netip.Prefix) {
	for text := range strings.FieldsSeq(list) {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

// Public reports whether an address is one of the public network.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsValid() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Refusals of this room.
var (
	errUnknown    = errs.New(errs.NotFound, "telephony.unknown")
	errNotAllowed = errs.New(errs.Denied, "telephony.not_allowed")
	errMapping    = errs.New(errs.NotFound, "telephony.mapping_unknown")
	errDocument   = errs.New(errs.Invalid, "telephony.document")
	errSignature  = errs.New(errs.Unauthenticated, "telephony.signature")
	errStale      = errs.New(errs.Unauthenticated, "telephony.stale")
	errReplayed   = errs.New(errs.Conflict, "telephony.replayed")
	errForm       = errs.New(errs.Invalid, "telephony.form")
	errAddress    = errs.New(errs.Invalid, "telephony.address")
	errHolds      = errs.New(errs.Denied, "telephony.holds_data")
	errForbidden  = errs.New(errs.Denied, "telephony.address_refused")
	errNotDead    = errs.New(errs.Conflict, "telephony.not_dead")
	errAnswer     = errs.New(errs.Unavailable, "telephony.answer")
	errReach      = errs.New(errs.Unavailable, "telephony.unreachable")
	errNoRecorder = errs.New(errs.Unavailable, "telephony.no_recorder")
	errGone       = errs.New(errs.Denied, "telephony.gone")
)
