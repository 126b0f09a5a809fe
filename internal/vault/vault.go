// Package vault keeps the customers: who they are to which controller, one ciphertext per
// value, and the ways of finding them again.
//
// A customer (a subject) belongs to one controller and is a list of values, each of a field
// that the catalogue declares. A value is brought into its normal form, sealed under the
// subject's own key with its table, column, row and subject as associated data, and stored
// in a row of its own with the day since when a contact is registered: a number that was
// changed yesterday must not verify anybody today, so a contact that a change brings counts
// from the change on, whatever day its sender names (Put). Account history is sealed the
// same way and is for comparing only.
//
// Look-up happens in two ways, and never across controllers. Identifiers (customer number,
// NIK, account, phone, e-mail) are found by keyed hashes of 128 bits in the index store,
// under a key for each controller and kind of value; those of the catalogue's `unique`
// fields are unique by the database's own constraint, so of two simultaneous creates of one
// NIK exactly one wins. Names and birth dates are too unevenly spread for any index at
// rest; they are found by an index in memory (package name) that a registered duty builds
// in the background after the start, one audit entry for each chunk it opens, and that the
// writes keep current after their commit; what other nodes write comes into it by FollowNames.
// Until it is built, Find says that it is warming up.
//
// The vault opens nothing itself, except in the duties name_index and index_repair, and in
// the duty import when a change names contacts. It hands sealed records to rooms that hold
// a Receipt. There is no way to list customers.
//
// What it refuses: a field nobody declared, a value that does not fit its field, a second
// customer with a unique value (it says which field, never which customer), a customer of
// a controller whom the actor does not serve.
//
// The three stores are committed in the order keys, data, index. What a crash in between
// can leave is repaired at start (repair.go): keys nobody uses, index rows whose subject is
// gone, subjects whose index rows are missing. What index rows that came late leave, because
// another node was faster, is repaired while the program runs (RepairLate).
//
// It serves UU PDP art. 16 (2) a (collected for a stated purpose, limited to it), art. 27
// and 28 (limited, for the purpose) and art. 35 and 39 (protection against access).
package vault

import "time"

// The duties of this room. Duties lists them for gate.New.
const (
	DutyNameIndex   = "name_index"   // opens names and birth dates for the index in memory
	DutyIndexRepair = "index_repair" // opens indexed values whose index rows are missing
	DutyImport      = "import"       // creates customers from a file; opens stored values to see which ones a file or a change replaces
)

// Input is a value as it was given: typed, posted or read from a file.
type Input struct {
	Field        string
	Value        string
	RegisteredAt time.Time // since when the customer is known by it; zero: unknown. Contacts only; see Put
	VerifiedAt   time.Time // when it was last proved to be theirs; zero: never
}

// aheadOfUTC is by how much the day of the easternmost clock is ahead of ours.
const aheadOfUTC = 14 * time.Hour

// IsFuture reports whether a day of registration has not begun yet, anywhere on Earth.
func IsFuture(registered, now time.Time) bool { return registered.After(now.Add(aheadOfUTC)) }

// Since is from when a contact of an existing customer counts as registered, if somebody
// says given and known is on record: a later day than known is believed, an earlier one is
// not, because whoever may write customers could make a new contact an old one. Where
// nothing is known it counts from now on. Without a given day nothing changes.
func Since(given, known, now time.Time) time.Time {
	switch {
	case given.IsZero():
		return known
	case known.IsZero():
		known = now
	}
	if given.After(known) {
		return given
	}
	return known
}

// Subject is what is known of a customer without opening anything.
type Subject struct {
	ID         string
	Controller string
	Version    int64 // counts the changes, from 1
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Source     string
}

// Hit is a customer that a look-up found.
type Hit struct {
	Subject string
	Fields  []string // by which fields: phone, email, name…
	Score   int      // 100 for an exact hit; less for a name that is only near
}

// Hits is the answer to a look-up.
type Hits struct {
	List []Hit // best first
	More bool  // there are more than the caller asked for: ask the customer for something else
}
