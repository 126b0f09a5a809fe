package proof

import (
	"errors"
	"math/bits"
)

// The CBOR of RFC 8949 section 4.2.1 (core deterministic encoding), of which the formats
// here use unsigned integers, byte strings, text strings (ASCII tokens only, see IsToken),
// arrays, and maps with integer keys, all of definite length. Anything else is refused, so that one meaning has one text.

const (
	majorUint  = 0
	majorBytes = 2
	majorText  = 3
	majorArray = 4
	majorMap   = 5
)

// ErrMalformed is in the chain of every error about bytes that are not what the format
// demands.
var ErrMalformed = errors.New("malformed")

type malformed string

func (m malformed) Error() string { return "malformed: " + string(m) }

// Is makes every malformed text an ErrMalformed.
func (m malformed) Is(target error) bool { return target == ErrMalformed }

func appendHead(b []byte, major byte, n uint64) []byte {
	m := major << 5
	switch {
	case n < 24:
		return append(b, m|byte(n))
	case n < 1<<8:
		return append(b, m|24, byte(n))
	case n < 1<<16:
		return append(b, m|25, byte(n>>8), byte(n))
	case n < 1<<32:
		return append(b, m|26, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, m|27, byte(n>>56), byte(n>>48), byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

func appendText(b []byte, s string) []byte {
	return append(appendHead(b, majorText, uint64(len(s))), s...)
}

func appendBytes(b, s []byte) []byte {
	return append(appendHead(b, majorBytes, uint64(len(s))), s...)
}

// reader reads strict CBOR. After the first error it returns zeroes.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(why string) {
	if r.err == nil {
		r.err = malformed(why)
		r.b = nil
	}
}

// head reads an item's first bytes and returns its argument.
func (r *reader) head(major byte) uint64 {
	if len(r.b) == 0 {
		r.fail("ends early")
		return 0
	}
	first := r.b[0]
	if first>>5 != major {
		r.fail("item of another type")
		return 0
	}
	info := first & 31
	if info < 24 {
		r.b = r.b[1:]
		return uint64(info)
	}
	if info > 27 {
		r.fail("indefinite length or reserved")
		return 0
	}
	size := 1 << (info - 24)
	if len(r.b) < 1+size {
		r.fail("ends early")
		return 0
	}
	var n uint64
	for _, c := range r.b[1 : 1+size] {
		n = n<<8 | uint64(c)
	}
	// The shortest form only: an argument in 1 byte is at least 24, one in 2, 4 or 8 bytes
	// does not fit the half.
	if size == 1 && n < 24 || size > 1 && bits.Len64(n) <= size*4 {
		r.fail("integer not in its shortest form")
		return 0
	}
	r.b = r.b[1+size:]
	return n
}

// number reads an unsigned integer below 2^63.
func (r *reader) number() int64 {
	n := r.head(majorUint)
	if n >= 1<<63 {
		r.fail("integer too large")
		return 0
	}
	return int64(n)
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail("ends early")
		return nil
	}
	s := r.b[:n:n]
	r.b = r.b[n:]
	return s
}

func (r *reader) bytes() []byte { return r.take(r.head(majorBytes)) }

// count reads an array's length; each item takes at least one byte.
func (r *reader) count(major byte) int {
	n := r.head(major)
	if n > uint64(len(r.b)) {
		r.fail("ends early")
		return 0
	}
	return int(n)
}

func (r *reader) end() error {
	if r.err == nil && len(r.b) != 0 {
		r.fail("bytes after the end")
	}
	return r.err
}
