// Package intake brings customers in from files: the vault's second room.
//
// A customer file is comma or semicolon separated values; a map file says which column
// becomes which field of the catalogue, for which controller, and what the data is
// collected for. What is not mapped is not imported: minimisation is the default and not
// a setting. Check is the dry run: what would be stored under which class and purpose,
// which columns look like something else than they are called, which contacts lack the day
// since when they are registered (without it they verify nobody).
//
// Import works in chunks small enough for the one writer. Normalising, hashing and sealing
// happen before, in workers; a chunk's rows, its checkpoint, its rejects and its one audit
// entry (count, fields, the import's id) are one transaction. An import that was killed
// goes on when it is started again with the same file and map. A customer is known again
// by the customer number; of a known customer only values that differ are replaced. To see
// which differ they are opened, as the registered duty import, with an entry for each chunk.
//
// A record that does not fit is rejected whole, with its line, the column and a reason
// code, and never with the value: a rejects file travels further than anybody thinks. So is
// one whose customer number, or another value that only one customer can have, stands on an
// earlier line of the same file: who of the two it belongs to, the file does not say.
//
// It promises little memory whatever the size of the file (64 bits of hash and a line number
// for each such value are all it keeps), and refuses records over 256 KiB,
// text that is not UTF-8, and what the purpose does not collect. It serves UU PDP art. 16
// (2) a and b (limited, for the stated purpose) and art. 27.
package intake

// Reject is a record that was not imported, and why. It holds nothing of the record.
type Reject struct {
	Line   int    `json:"line"`             // on which the record begins, from 1
	Column string `json:"column,omitempty"` // as the map file names it; "" when the whole record is at fault
	Code   string `json:"code"`             // error code, such as catalog.phone
	Other  int    `json:"other,omitempty"`  // another line that the reason speaks of: the first with the same value, the last an open quote took
}

// Progress is how far an import is.
type Progress struct {
	Bytes, Size int64 // read, of the file
	Counts
}
