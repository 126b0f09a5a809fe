// Package desk is where an agent serves a customer: the screen of one call, and the verbs
// behind it.
//
// It holds the one idea of Amanah at its sharpest point. An agent seldom needs to see
// data, so there are four verbs, in order of preference: compare (the agent types what the
// caller said; the answer is match or no match), act (use the value without showing it),
// collect (write what the caller gives: room desk/act) and reveal (one field, one reason, seconds,
// budgeted). Everything else on the screen is the shape of values, never the values.
//
// Every verb opens one write transaction and in it asks trust/gate, which reads the facts
// itself, decides per field and appends the leaf. A refusal is an outcome: the closure
// returns nil, so that the leaf of the refusal is committed with everything else, and only
// then does the verb return the refusal. A permission is a Grant, which becomes a Receipt
// when the commit is durable; only with the Receipt, and outside the writer, does the
// keyring open anything. An entry whose answer was never delivered counts as disclosed.
//
// What it refuses: a look-up without a live call, more than three hits, browsing, a value
// by the search box's own echo, a second reveal for one reason's budget. What it keeps:
// how many reveals and searches an agent has left in the shift, which customers a search in this call
// hit, what was disclosed (field names, not values), and the notes, sealed under the
// interaction's own key so that one call's notes can be erased or held alone. Notes are read
// in the call they were written in and nowhere else: to the gate that is a reveal of the
// catalogue's field note, so the purpose must list it. Earlier calls' notes are not shown,
// and nobody reads those of a call that is over.
//
// UU PDP art. 16(2), 35 and 39; PROCEDURE lines C3, S2, U1, U3, T2 and T3.
package desk

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// HitLimit is how many customers one search may show. More is browsing.
	HitLimit = 3
	// SearchLimit is how many searches one interaction may make.
	SearchLimit = 12
	// RemaskAfter is how long a revealed value stays on the screen.
	RemaskAfter = 20 * time.Second
	// Shift is how long one budget of reveals, or of searches, lasts, from its first use on.
	Shift = 12 * time.Hour
	// DefaultBudget is the number of reveals per agent and shift when the configuration
	// says nothing.
	DefaultBudget = 40
	// DefaultSearches is the same for searches: a shift of some hundred calls with a typing
	// mistake in every second. Whoever needs more is looking for something else.
	DefaultSearches = 200

	// ToldUnverified is how many of a customer's fields may be compared in a day while the
	// callers are not verified, over all contacts.
	ToldUnverified = 3
	// ToldVerified is the same at V2, for what is compared and revealed. From V3 on there is no
	// limit but the purposes'.
	ToldVerified = 8
	toldAgain    = time.Hour                // for which the same field's row is not written again
	toldWithin   = 24*time.Hour + toldAgain // so that at least a day counts

	// MaxNote is the longest note, in characters.
	MaxNote   = 4000
	maxReason = 200
)

// Kind is what an agent searches by.
type Kind string

// The kinds of search.
const (
	ByCustomerNumber Kind = "customer_number"
	ByPhone          Kind = "phone"
	ByEmail          Kind = "email"
	ByNIK            Kind = "nik"
	ByName           Kind = "name"
	ByCase           Kind = "case_reference"
)

// Kinds lists them in the order of the screen.
func Kinds() []Kind { return []Kind{ByPhone, ByCustomerNumber, ByName, ByEmail, ByNIK, ByCase} }

// Known reports whether k is one of Kinds.
func (k Kind) Known() bool { return slices.Contains(Kinds(), k) }

// tidy trims a free text and reports whether it is usable: valid UTF-8, with something that
// can be seen, not longer than limit characters, and without control characters other than
// line breaks.
func tidy(text string, limit int) (string, bool) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if !strings.ContainsFunc(text, seen) || !utf8.ValidString(text) || utf8.RuneCountInString(text) > limit {
		return "", false
	}
	for _, r := range text {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return "", false
		}
	}
	return text, true
}

// seen reports whether a character can be seen: a mark that only turns or joins others is no
// reason and no note.
func seen(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }
