package strip

import (
	"bytes"
	"slices"
	"strconv"
)

const (
	maxNested = 64      // lists and dictionaries within one another
	maxListed = 8       // values of a list that are kept: of filters there are one or two
	maxKeys   = 1 << 16 // of a dictionary
)

// steers are the keys by which it is decided what a value is. Readers differ on which counts where one stands twice.
var steers = []string{"Type", "Subtype", "Filter", "DecodeParms", "Length", "N", "First", "Info", "Encrypt"}

// What a value of PDF is (ISO 32000-1, section 7.3).
const (
	isOther = iota // true, false, null, a number that is none of the natural ones
	isNumber
	isName
	isText
	isArray
	isDict
	isRef
)

// ref is the number of an object.
type ref struct{ number, generation int }

// node is a value and where it ends.
type node struct {
	kind int
	to   int
	n    int
	name string
	ref  ref
	list []node // the first of them
	more bool   // there are more
	dict []item // of one that stands within another value: none
}

// item is a key and its value; from is where the key begins.
type item struct {
	key   string
	from  int
	value node
}

// get is the value of a key, or nil.
func (n *node) get(key string) *node {
	for i := range n.dict {
		if n.dict[i].key == key {
			return &n.dict[i].value
		}
	}
	return nil
}

// is says whether a key stands for a name.
func (n *node) is(key, name string) bool {
	v := n.get(key)
	return v != nil && v.kind == isName && v.name == name
}

// lexer reads values of PDF.
type lexer struct {
	data   []byte
	at     int
	signed bool               // there is a signature among the values
	notes  map[ref]bool       // what a key Metadata refers to
	remark func(from, to int) // told of what stands behind a %; may be nil
}

// space passes over blanks and remarks.
func (l *lexer) space() {
	for l.at < len(l.data) {
		switch c := l.data[l.at]; {
		case blank(c):
			l.at++
		case c == '%':
			from := l.at
			for l.at < len(l.data) && l.data[l.at] != '\n' && l.data[l.at] != '\r' {
				l.at++
			}
			if l.remark != nil {
				l.remark(from, l.at)
			}
		default:
			return
		}
	}
}

func blank(c byte) bool {
	return c == 0 || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' '
}

func regular(c byte) bool { return !blank(c) && bytes.IndexByte([]byte("()<>[]{}/%"), c) < 0 }

// token is the word that stands here.
func (l *lexer) token() []byte {
	end := l.at
	for end < len(l.data) && regular(l.data[end]) {
		end++
	}
	return l.data[l.at:end]
}

// word takes a word, if it stands here.
func (l *lexer) word(want string) bool {
	l.space()
	if string(l.token()) != want {
		return false
	}
	l.at += len(want)
	return true
}

// number takes a natural number.
func (l *lexer) number() (int, error) {
	l.space()
	t := l.token()
	n, err := strconv.ParseUint(string(t), 10, 31)
	if err != nil {
		return 0, ErrNotUnderstood
	}
	l.at += len(t)
	return int(n), nil
}

// value takes the value that stands here.
func (l *lexer) value(depth int) (node, error) {
	l.space()
	rest := l.data[l.at:]
	switch {
	case depth > maxNested || len(rest) == 0:
		return node{}, ErrNotUnderstood
	case bytes.HasPrefix(rest, []byte("<<")):
		return l.dictionary(depth)
	case rest[0] == '<':
		i := bytes.IndexByte(rest, '>')
		if i < 0 {
			return node{}, ErrNotUnderstood
		}
		l.at += i + 1
		return node{kind: isText, to: l.at}, nil
	case rest[0] == '(':
		return l.literal()
	case rest[0] == '[':
		l.at++
		list := node{kind: isArray}
		for {
			l.space()
			if l.at < len(l.data) && l.data[l.at] == ']' {
				l.at++
				list.to = l.at
				return list, nil
			}
			v, err := l.value(depth + 1)
			if err != nil {
				return node{}, err
			}
			if list.more = len(list.list) == maxListed; !list.more {
				list.list = append(list.list, v)
			}
		}
	case rest[0] == '/':
		return l.nameOf()
	}
	t := l.token()
	if len(t) == 0 {
		return node{}, ErrNotUnderstood
	}
	n, err := strconv.ParseUint(string(t), 10, 31)
	l.at += len(t)
	out := node{kind: isOther, to: l.at}
	if err != nil {
		return out, nil
	}
	out.kind, out.n = isNumber, int(n)
	// Two numbers and an R are a reference.
	back := l.at
	if generation, err := l.number(); err == nil && l.word("R") {
		return node{kind: isRef, to: l.at, ref: ref{int(n), generation}}, nil
	}
	l.at = back
	return out, nil
}

func (l *lexer) dictionary(depth int) (node, error) {
	l.at += 2
	d := node{kind: isDict}
	for {
		l.space()
		if bytes.HasPrefix(l.data[l.at:], []byte(">>")) {
			l.at += 2
			d.to = l.at
			return d, nil
		}
		from := l.at
		key, err := l.nameOf()
		if err != nil {
			return node{}, err
		}
		v, err := l.value(depth + 1)
		if err != nil {
			return node{}, err
		}
		l.signed = l.signed || key.name == "ByteRange"
		if key.name == "Metadata" && v.kind == isRef && l.notes != nil {
			l.notes[v.ref] = true
		}
		if depth > 0 {
			continue
		}
		if len(d.dict) == maxKeys || slices.Contains(steers, key.name) && d.get(key.name) != nil {
			return node{}, ErrNotUnderstood
		}
		d.dict = append(d.dict, item{key.name, from, v})
	}
}

// nameOf takes a name; #41 in one is an A.
func (l *lexer) nameOf() (node, error) {
	if l.at >= len(l.data) || l.data[l.at] != '/' {
		return node{}, ErrNotUnderstood
	}
	l.at++
	t := l.token()
	l.at += len(t)
	name := make([]byte, 0, len(t))
	for i := 0; i < len(t); i++ {
		c := t[i]
		if c == '#' && i+2 < len(t) {
			if n, err := strconv.ParseUint(string(t[i+1:i+3]), 16, 8); err == nil {
				c = byte(n)
				i += 2
			}
		}
		name = append(name, c)
	}
	return node{kind: isName, to: l.at, name: string(name)}, nil
}

// literal takes a text in brackets, which may stand in one another.
func (l *lexer) literal() (node, error) {
	depth := 0
	for ; l.at < len(l.data); l.at++ {
		switch l.data[l.at] {
		case '\\':
			l.at++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				l.at++
				return node{kind: isText, to: l.at}, nil
			}
		}
	}
	return node{}, ErrNotUnderstood
}
