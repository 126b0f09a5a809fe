// Package id makes sortable identifiers with a typed prefix, such as
// `sub_01k9xq3v7me8t0000z9w2h4r6n`.
//
// An identifier is a prefix that says what kind of thing it names, an underscore, and
// 26 characters of lower-case Crockford base 32: 48 bits of UTC milliseconds and 80 bits
// of randomness from the operating system. They sort by time of making, fit in a URL,
// say nothing about anybody, and cannot be guessed. Because the prefix is part of the
// value, an interaction's id handed to a place that expects a subject's is refused
// before a query is made.
package id

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"time"
)

// The prefixes in use. A room that names a new kind of thing adds its prefix here.
const (
	Subject      = "sub" // a customer
	Value        = "val" // one stored value of a customer's field
	Staff        = "stf"
	Session      = "ses"
	Client       = "cli" // API client
	Interaction  = "itx"
	Verification = "ver" // a verification attempt
	Purpose      = "pur"
	Notice       = "ntc"
	Consent      = "cns"
	Mandate      = "man" // who may speak for a customer
	Message      = "msg"
	Job          = "job"
	Approval     = "apr"
	Controller   = "ctl"
	Note         = "not"
	Event        = "evt"
	Key          = "key"
	Disclosure   = "dis"
	Trace        = "trc"
	Deployment   = "dpl" // one installation of Amanah
	Duty         = "dut" // one run of a machine duty
	Import       = "imp"
	History      = "his" // one item of account history
	Passkey      = "psk"
	Line         = "lin" // a telephony line: where signed events come in
	Hook         = "hok" // an address that is told what happened
	Group        = "grp" // a group of a company's directory
	Watch        = "wat" // an entry of a list of persons who are watched over
	Alert        = "alr" // something that must be looked at
	Dialled      = "dia" // a call that an exchange was asked for, as the exchange calls it
	Change       = "chg" // a change of contact that waits
	Request      = "ask" // a field that a customer is asked for on a page of their own
	Query        = "qry" // one search; names what an agent may be shown from it
	Listening    = "lis" // a supervisor listening to a contact
	Capture      = "cap" // a span in which a recorder was paused
	Passage      = "pas" // a text on its way, as dlp judged it
	Leak         = "lek" // an incident of dlp
	Rules        = "rul" // rules of a deployment
	Unchecked    = "unc" // a mail that went without having been looked at
	Drill        = "drl" // known attacks played once, with the report
)

const (
	alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	bodyLen  = 26
)

// New makes an identifier with the given prefix, using the current time.
func New(prefix string) string { return NewAt(prefix, time.Now()) }

// NewAt makes an identifier with the given prefix and time.
func NewAt(prefix string, t time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(t.UnixMilli())<<16) //nolint:gosec // milliseconds since 1970 fit in 48 bits until the year 10889
	_, _ = rand.Read(b[6:])                                      // never fails: crypto/rand ends the process instead
	return prefix + "_" + encode(b)
}

func encode(b [16]byte) string {
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	var out [bodyLen]byte
	for i := bodyLen - 1; i >= 0; i-- {
		out[i] = alphabet[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}

// Bytes are the 16 bytes of an identifier without its prefix, and From makes the identifier of them again: for indexes in
// memory, which hold many. Only what Is says is one has bytes.
func Bytes(s string) (b [16]byte) {
	var hi, lo uint64
	for i := len(s) - bodyLen; i < len(s); i++ {
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(strings.IndexByte(alphabet, s[i])) //nolint:gosec // at least 0 in what is an identifier
	}
	binary.BigEndian.PutUint64(b[:8], hi)
	binary.BigEndian.PutUint64(b[8:], lo)
	return b
}

// From makes an identifier of its prefix and bytes.
func From(prefix string, b [16]byte) string { return prefix + "_" + encode(b) }

// Is reports whether s is a well-formed identifier with the given prefix.
func Is(prefix, s string) bool {
	if len(s) != len(prefix)+1+bodyLen || !strings.HasPrefix(s, prefix) || s[len(prefix)] != '_' {
		return false
	}
	for i := len(prefix) + 1; i < len(s); i++ {
		if strings.IndexByte(alphabet, s[i]) < 0 {
			return false
		}
	}
	return true
}

// Letters is 64 random bits in letters: in digits they could look like a phone number to
// the check that keeps those out of the log.
func Letters() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	var out [2 * len(b)]byte
	for i, c := range b {
		out[2*i], out[2*i+1] = 'a'+c>>4, 'a'+c&15
	}
	return string(out[:])
}
