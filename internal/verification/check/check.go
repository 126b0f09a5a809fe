// Package check answers, to anybody and without signing in, whether a call is a call of the company's.
//
// The caller's side of trust: an agent proves who is calling by a code of nine digits that belongs to this one contact. Whoever
// was called enters it on the public page and learns which company is calling, who serves in its name, the agent's first
// name, for what, who called whom and since when. A telephone number can be looked up too, but only among the company's
// own outgoing numbers, and never as proof: what a telephone displays can be forged, and the page says so.
//
// It is no oracle. A code is made from the contact's id under a key of this server's: nothing is stored, nobody can compute it,
// it is worth something until the line is closed and nothing afterwards. A customer's number, name or anything else of a
// customer's leads nowhere: all that is not a code of an open contact and not a number of the company's gets the same
// answer, after the same search over all open contacts.
//
// Who guesses. There are 900 million codes. With a hundred contacts open, one try in nine million is right: it shows an agent's
// first name and a purpose, never whom the agent speaks with, and it could freeze that contact by a report. A right code cannot be exempt from
// the limits: whoever is answered only when he is right is told everything by the silence. So all tries count, but not in
// one pot: a network (an IPv4 address, an IPv6 /48) that entered two wrong codes in a day is a guesser, and all guessers share two tries a second; all
// others share ten. Whoever is called types the right code at the first or second try and meets no guesser. To close the page for
// them takes 600 tries and then ten a second, each from a network that was not wrong twice: 18,000 networks an hour, where one pot
// of two a second fell to twenty addresses. To find one code of a hundred takes on average 52 days of guessers alone, and nine days with
// 430,000 networks a day besides. What is remembered of networks has a fixed size, so a flood makes guessers of some who are none, and
// nobody who guesses fresh. Each node counts by itself.
//
// A code of a contact that began by contacting us is no proof that we call: whoever is served has one, in every letter of ours,
// and could read it to somebody else on another line. So the page says of it that we are calling nobody, before all else.
//
// "Somebody called me" opens a record among what customers deny; when what was entered is the code of an open contact, that
// contact is frozen at once, as it is by the button on a customer's own page. Serves PP 33/2026 article 61 (a processor names its
// controller) and the call-center notes, sections 3 and 8.
package check

import (
	"encoding/binary"
	"strings"
	"time"
)

// The limits of asking.
const (
	CodeDigits     = 9
	MaxEntered     = 40 // characters of what is entered
	AddressEvery   = 10 // seconds for one more try from an address
	AddressBurst   = 10 // tries at once from an address
	FreshWrong     = 2  // wrong codes after which a network is a guesser
	Memory         = 24 * time.Hour
	FreshASecond   = 10     // tries of codes by all networks together that are no guessers
	FreshBurst     = 600    // and at once
	CodesASecond   = 2      // tries of codes by all guessers together
	CodesBurst     = 120    // and at once
	ReportsASecond = 0.5    // reports by everybody together that name no open contact
	ReportsBurst   = 60     // and at once
	MaxOpen        = 10_000 // open contacts whose codes are known; the newest
)

// code makes the nine digits out of a contact's keyed hash. The first is no zero: what begins with one is a telephone number.
func code(mac []byte) string {
	n := binary.BigEndian.Uint64(mac)%900_000_000 + 100_000_000
	digits := make([]byte, CodeDigits)
	for i := CodeDigits - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return string(digits)
}

// Spoken writes a code as it is read out: in threes.
func Spoken(code string) string {
	if len(code) != CodeDigits {
		return code
	}
	return code[:3] + " " + code[3:6] + " " + code[6:]
}

// digits keeps what a person means by a number or a code: digits, and a plus in front. "" is neither.
func digits(entered string) string {
	if len(entered) > MaxEntered {
		return ""
	}
	var b strings.Builder
	for _, r := range strings.TrimSpace(entered) {
		switch {
		case r >= '0' && r <= '9', r == '+' && b.Len() == 0:
			b.WriteRune(r)
		case strings.ContainsRune(" .-()\u00a0\u2011", r):
		default:
			return ""
		}
	}
	return b.String()
}

// isCode reports whether digits can be a code.
func isCode(d string) bool { return len(d) == CodeDigits && d[0] >= '1' && d[0] <= '9' }

// number brings a telephone number into the form in which numbers are compared. Short numbers stay as they are.
func number(d string) string {
	switch {
	case strings.HasPrefix(d, "+"):
		return d
	case strings.HasPrefix(d, "00"):
		return "+" + d[2:]
	case strings.HasPrefix(d, "0"):
		return "+62" + d[1:]
	case strings.HasPrefix(d, "62") && len(d) >= 10:
		return "+" + d
	}
	return d
}

// State is what an answer says.
type State string

// The answers.
const (
	Ours   State = "ours"   // a contact of ours, now
	Number State = "number" // one of our outgoing numbers; what displays it may be somebody else
	None   State = "none"   // neither
)

// Answer is what a stranger learns.
type Answer struct {
	State    State
	Company  string
	Operator string // who serves in the company's name; "" when the company does itself
	Agent    string // first name
	Purpose  string
	Inbound  bool
	Since    time.Time
}
