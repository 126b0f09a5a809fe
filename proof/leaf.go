package proof

import (
	_ "embed"
	"fmt"
	"slices"
)

// CDDL is the published grammar of the leaf.
//
//go:embed leaf.cddl
var CDDL string

// Leaf is one entry of the log. The tags repeat leaf.cddl; a test keeps them the same.
type Leaf struct {
	Version           uint64    `cbor:"1,keyasint"`
	Time              int64     `cbor:"2,keyasint"` // UTC microseconds
	Action            string    `cbor:"3,keyasint"`
	Decision          string    `cbor:"4,keyasint"`
	Reason            string    `cbor:"5,keyasint,omitempty"`
	ActorKind         string    `cbor:"6,keyasint,omitempty"`
	Actor             string    `cbor:"7,keyasint,omitempty"`
	Role              string    `cbor:"8,keyasint,omitempty"`
	Session           string    `cbor:"9,keyasint,omitempty"`
	Client            string    `cbor:"10,keyasint,omitempty"`
	Policy            string    `cbor:"11,keyasint,omitempty"`
	Purpose           string    `cbor:"12,keyasint,omitempty"`
	Interaction       string    `cbor:"13,keyasint,omitempty"`
	Controller        string    `cbor:"14,keyasint,omitempty"`
	Ground            string    `cbor:"15,keyasint,omitempty"`
	Channel           string    `cbor:"16,keyasint,omitempty"`
	Level             int64     `cbor:"17,keyasint,omitempty"`
	Fields            []string  `cbor:"18,keyasint,omitempty"`
	Refused           []string  `cbor:"19,keyasint,omitempty"`
	Count             int64     `cbor:"20,keyasint,omitempty"`
	Ref               string    `cbor:"21,keyasint,omitempty"`
	SubjectCommitment []byte    `cbor:"22,keyasint,omitempty"`
	DetailCommitment  []byte    `cbor:"23,keyasint,omitempty"`
	SealedCommitment  []byte    `cbor:"24,keyasint,omitempty"`
	Covers            []Cover   `cbor:"25,keyasint,omitempty"`
	Previous          *Previous `cbor:"26,keyasint,omitempty"`
	Skew              int64     `cbor:"27,keyasint,omitempty"` // microseconds
}

// Cover names entries of one log whose Sides were deleted lawfully.
type Cover struct {
	_      struct{} `cbor:",toarray"`
	Origin string
	Runs   []Run
}

// Run is Count entries from index From.
type Run struct {
	_     struct{} `cbor:",toarray"`
	From  int64
	Count int64
}

// Previous is the log that a log continues: its origin, and the last state known of it.
type Previous struct {
	_      struct{} `cbor:",toarray"`
	Origin string
	Size   int64
	Root   []byte
}

const maxToken = 128

var tokenByte = func() (ok [256]bool) {
	for c := range 256 {
		b := byte(c)
		ok[c] = b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' ||
			b == '_' || b == '.' || b == ':' || b == '/' || b == '@' || b == '-'
	}
	return ok
}()

// IsToken reports whether s may stand in a leaf: 1 to 128 letters, digits and _.:/@-
func IsToken[S string | []byte](s S) bool {
	if len(s) == 0 || len(s) > maxToken {
		return false
	}
	for i := range len(s) {
		if !tokenByte[s[i]] {
			return false
		}
	}
	return true
}

// Append appends the leaf's one encoding to b. A leaf that the format does not allow, or
// that is larger than MaxLeaf, is an error and b is returned as it was.
func (l *Leaf) Append(b []byte) ([]byte, error) {
	start := len(b)
	e := encoder{b: append(b, 0)}
	e.number(1, int64(l.Version), true)
	e.number(2, l.Time, true)
	e.token(3, l.Action, true)
	e.token(4, l.Decision, true)
	e.token(5, l.Reason, false)
	e.token(6, l.ActorKind, false)
	e.token(7, l.Actor, false)
	e.token(8, l.Role, false)
	e.token(9, l.Session, false)
	e.token(10, l.Client, false)
	e.token(11, l.Policy, false)
	e.token(12, l.Purpose, false)
	e.token(13, l.Interaction, false)
	e.token(14, l.Controller, false)
	e.token(15, l.Ground, false)
	e.token(16, l.Channel, false)
	e.number(17, l.Level, false)
	e.tokens(18, l.Fields)
	e.tokens(19, l.Refused)
	e.number(20, l.Count, false)
	e.token(21, l.Ref, false)
	e.commitment(22, l.SubjectCommitment)
	e.commitment(23, l.DetailCommitment)
	e.commitment(24, l.SealedCommitment)
	e.covers(25, l.Covers)
	e.previous(26, l.Previous)
	e.number(27, l.Skew, false)
	if e.err == nil && l.Version != 1 {
		e.err = malformed("version")
	}
	if e.err == nil && e.keys > 23 {
		// A map of more than 23 pairs has a head of two bytes: make room.
		e.b = slices.Insert(e.b, start, byte(majorMap<<5|24))
		e.b[start+1] = byte(e.keys)
	} else {
		e.b[start] = majorMap<<5 | byte(e.keys)
	}
	if e.err == nil && len(e.b)-start > MaxLeaf {
		e.err = malformed("leaf larger than 4096 bytes")
	}
	if e.err != nil {
		return b, e.err
	}
	return e.b, nil
}

type encoder struct {
	b    []byte
	keys int
	err  error
}

func (e *encoder) key(k uint64) {
	e.keys++
	e.b = appendHead(e.b, majorUint, k)
}

func (e *encoder) number(k uint64, n int64, must bool) {
	if n == 0 && !must {
		return
	}
	if n < 0 {
		e.err = malformed(fmt.Sprintf("key %d is negative", k))
		return
	}
	e.key(k)
	e.b = appendHead(e.b, majorUint, uint64(n))
}

func (e *encoder) token(k uint64, s string, must bool) {
	if s == "" && !must {
		return
	}
	if !IsToken(s) {
		e.err = malformed(fmt.Sprintf("key %d is no token", k))
		return
	}
	e.key(k)
	e.b = appendText(e.b, s)
}

func (e *encoder) tokens(k uint64, list []string) {
	if len(list) == 0 {
		return
	}
	e.key(k)
	e.b = appendHead(e.b, majorArray, uint64(len(list)))
	for _, s := range list {
		if !IsToken(s) {
			e.err = malformed(fmt.Sprintf("key %d holds what is no token", k))
			return
		}
		e.b = appendText(e.b, s)
	}
}

func (e *encoder) commitment(k uint64, c []byte) {
	if len(c) == 0 {
		return
	}
	if len(c) != 32 {
		e.err = malformed(fmt.Sprintf("key %d is no commitment", k))
		return
	}
	e.key(k)
	e.b = appendBytes(e.b, c)
}

func (e *encoder) covers(k uint64, list []Cover) {
	if len(list) == 0 {
		return
	}
	e.key(k)
	e.b = appendHead(e.b, majorArray, uint64(len(list)))
	for _, c := range list {
		if err := c.check(); err != nil {
			e.err = err
			return
		}
		e.b = append(e.b, majorArray<<5|2)
		e.b = appendText(e.b, c.Origin)
		e.b = appendHead(e.b, majorArray, uint64(len(c.Runs)))
		for _, r := range c.Runs {
			e.b = append(e.b, majorArray<<5|2)
			e.b = appendHead(e.b, majorUint, uint64(r.From))
			e.b = appendHead(e.b, majorUint, uint64(r.Count))
		}
	}
}

func (c *Cover) check() error {
	if !IsToken(c.Origin) || len(c.Runs) == 0 {
		return malformed("cover")
	}
	next := int64(0)
	for i, r := range c.Runs {
		if r.From < 0 || r.From > maxSize || r.Count <= 0 || r.Count > maxSize || i > 0 && r.From <= next {
			return malformed("runs of a cover do not ascend")
		}
		next = r.From + r.Count
	}
	return nil
}

func (e *encoder) previous(k uint64, p *Previous) {
	if p == nil {
		return
	}
	if !IsToken(p.Origin) || p.Size < 0 || len(p.Root) != 32 {
		e.err = malformed("previous")
		return
	}
	e.key(k)
	e.b = append(e.b, majorArray<<5|3)
	e.b = appendText(e.b, p.Origin)
	e.b = appendHead(e.b, majorUint, uint64(p.Size))
	e.b = appendBytes(e.b, p.Root)
}

// ParseLeaf reads a leaf and refuses every text that Append would not have written.
func ParseLeaf(b []byte) (Leaf, error) {
	var l Leaf
	var t texts
	err := l.parse(b, &t, true)
	for k, into := range l.tokens() {
		if into != nil {
			*into = string(t[k])
		}
	}
	return l, err
}

// texts are a leaf's tokens by their keys, slices of its bytes.
type texts [22][]byte

// The keys of the tokens that databases repeat in columns.
const (
	keyAction      = 3
	keyDecision    = 4
	keyActor       = 7
	keyPurpose     = 12
	keyInteraction = 13
	keyController  = 14
)

// parse reads b into l, but tokens into t, which spares a verifier of millions of leaves the
// allocations; lists of tokens are checked, and kept if told.
func (l *Leaf) parse(b []byte, t *texts, keep bool) error {
	*l = Leaf{}
	if len(b) > MaxLeaf {
		return malformed("leaf larger than 4096 bytes")
	}
	r := reader{b: b}
	pairs := r.count(majorMap)
	last := uint64(0)
	for range pairs {
		k := r.head(majorUint)
		if r.err != nil {
			break
		}
		if k <= last {
			r.fail("keys not ascending")
			break
		}
		if last < 4 && k != last+1 {
			r.fail("a required key is missing")
			break
		}
		last = k
		switch k {
		case 1:
			l.Version = uint64(r.number())
			if l.Version != 1 {
				r.fail("version")
			}
		case 2:
			l.Time = r.number()
		case 17:
			l.Level = r.positive()
		case 18:
			l.Fields = r.tokens(keep)
		case 19:
			l.Refused = r.tokens(keep)
		case 20:
			l.Count = r.positive()
		case 22:
			l.SubjectCommitment = r.digest()
		case 23:
			l.DetailCommitment = r.digest()
		case 24:
			l.SealedCommitment = r.digest()
		case 25:
			l.Covers = r.covers()
		case 26:
			l.Previous = r.previous()
		case 27:
			l.Skew = r.positive()
		default:
			if k > 16 && k != 21 {
				r.fail("unknown key")
				break
			}
			t[k] = r.token()
		}
	}
	if last < 4 {
		r.fail("a required key is missing")
	}
	return r.end()
}

// tokens are the leaf's tokens by their keys.
func (l *Leaf) tokens() [22]*string {
	return [22]*string{
		3: &l.Action, 4: &l.Decision, 5: &l.Reason, 6: &l.ActorKind, 7: &l.Actor, 8: &l.Role, 9: &l.Session, 10: &l.Client,
		11: &l.Policy, 12: &l.Purpose, 13: &l.Interaction, 14: &l.Controller, 15: &l.Ground, 16: &l.Channel, 21: &l.Ref,
	}
}

// positive reads an optional number, which is left out when it is zero.
func (r *reader) positive() int64 {
	n := r.number()
	if n == 0 {
		r.fail("zero is not written")
	}
	return n
}

func (r *reader) token() []byte {
	s := r.take(r.head(majorText))
	if r.err == nil && !IsToken(s) {
		r.fail("not a token")
	}
	return s
}

func (r *reader) tokens(keep bool) []string {
	n := r.count(majorArray)
	if n == 0 {
		r.fail("empty list is not written")
	}
	var list []string
	if keep {
		list = make([]string, 0, n)
	}
	for range n {
		s := r.token()
		if keep {
			list = append(list, string(s))
		}
	}
	return list
}

// digest reads a byte string of 32 bytes.
func (r *reader) digest() []byte {
	s := r.bytes()
	if r.err == nil && len(s) != 32 {
		r.fail("byte string of another size")
	}
	return s
}

func (r *reader) array(n int) {
	if r.count(majorArray) != n {
		r.fail("array of another length")
	}
}

func (r *reader) covers() []Cover {
	n := r.count(majorArray)
	if n == 0 {
		r.fail("empty list is not written")
	}
	list := make([]Cover, 0, n)
	for range n {
		r.array(2)
		c := Cover{Origin: string(r.token())}
		m := r.count(majorArray)
		for range m {
			r.array(2)
			c.Runs = append(c.Runs, Run{From: r.number(), Count: r.number()})
			if r.err != nil {
				return nil
			}
		}
		if err := c.check(); err != nil {
			r.fail("cover")
			return nil
		}
		list = append(list, c)
	}
	return list
}

func (r *reader) previous() *Previous {
	r.array(3)
	return &Previous{Origin: string(r.token()), Size: r.number(), Root: r.digest()}
}
