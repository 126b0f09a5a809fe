package pdf

import (
	"bytes"
	"strconv"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
)

// lexer reads values one after the other.
type lexer struct {
	data    []byte
	at      int
	content bool // words are operators, and there are no references
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool {
	return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0
}

func (l *lexer) space() {
	for l.at < len(l.data) {
		c := l.data[l.at]
		if c == '%' {
			for l.at < len(l.data) && l.data[l.at] != '\n' && l.data[l.at] != '\r' {
				l.at++
			}
		} else if !isSpace(c) {
			return
		} else {
			l.at++
		}
	}
}

// end is what value returns at the end of the bytes, closing what it returns for a bracket that closes.
type (
	end     struct{}
	closing byte
)

// value reads the next value; in a file's body words that are none are taken as nothing.
func (l *lexer) value(depth int) any {
	l.space()
	if l.at >= len(l.data) {
		return end{}
	}
	c := l.data[l.at]
	if depth > maxNesting && (c == '[' || c == '<') {
		l.at++ // too deep to be honest: what is inside is read as if it stood outside
		return nil
	}
	switch {
	case c == '/':
		l.at++
		return l.name()
	case c == '(':
		return l.literal()
	case c == '<' && l.at+1 < len(l.data) && l.data[l.at+1] == '<':
		l.at += 2
		return l.dictionary(depth)
	case c == '<':
		return l.hex()
	case c == '[':
		l.at++
		var a []any
		for {
			before := l.at
			v := l.value(depth + 1)
			switch v := v.(type) {
			case end:
				return a
			case closing:
				if v == '>' { // the bracket was forgotten
					l.at = before
				}
				if v == '>' || v == ']' {
					return a
				}
				continue
			}
			a = append(a, v)
		}
	case c == ']', c == '}', c == ')':
		l.at++
		return closing(c)
	case c == '>':
		l.at++
		if l.at < len(l.data) && l.data[l.at] == '>' {
			l.at++
		}
		return closing('>')
	case c == '{':
		l.at++
		return op("{")
	}
	start := l.at
	for l.at < len(l.data) && !isSpace(l.data[l.at]) && !isDelimiter(l.data[l.at]) {
		l.at++
	}
	word := l.data[start:l.at]
	if n, ok := numeral(word); ok {
		if !l.content {
			if r, ok := l.reference(n); ok {
				return r
			}
		}
		return n
	}
	switch string(word) {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	}
	if l.content {
		return op(word)
	}
	if string(word) == "endobj" || string(word) == "stream" {
		l.at = start
		return end{}
	}
	return nil
}

// numeral reads a number; odd ones such as 1.-2 and --5 as other readers do.
func numeral(w []byte) (float64, bool) {
	if len(w) == 0 || len(w) > 40 || w[0] != '-' && w[0] != '+' && w[0] != '.' && (w[0] < '0' || w[0] > '9') {
		return 0, false
	}
	if n, err := strconv.ParseFloat(string(w), 64); err == nil {
		return n, true
	}
	w = bytes.TrimLeft(w, "+-")
	if i := bytes.IndexByte(w, '-'); i > 0 {
		w = w[:i]
	}
	n, err := strconv.ParseFloat(string(w), 64)
	return n, err == nil
}

// reference looks whether a number begins a reference: 12 0 R.
func (l *lexer) reference(n float64) (ref, bool) {
	if n < 0 || n != float64(int(n)) {
		return 0, false
	}
	i := l.at
	skip := func(ok func(byte) bool) (moved bool) {
		for i < len(l.data) && ok(l.data[i]) {
			i++
			moved = true
		}
		return moved
	}
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	if !skip(isSpace) || !skip(digit) || !skip(isSpace) || i >= len(l.data) || l.data[i] != 'R' {
		return 0, false
	}
	if i+1 < len(l.data) && !isSpace(l.data[i+1]) && !isDelimiter(l.data[i+1]) {
		return 0, false
	}
	l.at = i + 1
	return ref(n), true
}

func (l *lexer) name() name {
	var b []byte
	for l.at < len(l.data) && !isSpace(l.data[l.at]) && !isDelimiter(l.data[l.at]) {
		c := l.data[l.at]
		if c == '#' && l.at+2 < len(l.data) {
			if n, err := strconv.ParseUint(string(l.data[l.at+1:l.at+3]), 16, 8); err == nil {
				c = byte(n)
				l.at += 2
			}
		}
		b = append(b, c)
		l.at++
	}
	return name(b)
}

func (l *lexer) dictionary(depth int) any {
	d := dict{}
	for {
		key := l.value(depth + 1)
		switch k := key.(type) {
		case end:
			return d
		case closing:
			if k == '>' {
				return d
			}
			continue
		case name:
			v := l.value(depth + 1)
			switch v.(type) {
			case end, closing:
				return d
			}
			d[k] = v
		}
	}
}

func (l *lexer) literal() text {
	var b []byte
	depth := 0
	for ; l.at < len(l.data); l.at++ {
		c := l.data[l.at]
		switch c {
		case '(':
			if depth++; depth == 1 {
				continue
			}
		case ')':
			if depth--; depth == 0 {
				l.at++
				return text(b)
			}
		case '\\':
			l.at++
			if l.at >= len(l.data) {
				return text(b)
			}
			c = l.data[l.at]
			if i := bytes.IndexByte([]byte("nrtbf"), c); i >= 0 {
				c = "\n\r\t\b\f"[i]
			} else if c >= '0' && c <= '7' {
				n := 0
				for k := 0; k < 3 && l.at < len(l.data) && l.data[l.at] >= '0' && l.data[l.at] <= '7'; k++ {
					n = n*8 + int(l.data[l.at]-'0')
					l.at++
				}
				l.at--
				c = byte(n)
			} else if c == '\r' || c == '\n' {
				if c == '\r' && l.at+1 < len(l.data) && l.data[l.at+1] == '\n' {
					l.at++
				}
				continue
			}
		}
		b = append(b, c)
	}
	return text(b)
}

func (l *lexer) hex() text {
	l.at++
	var b []byte
	half, have := byte(0), false
	for ; l.at < len(l.data); l.at++ {
		c := l.data[l.at]
		if c == '>' {
			l.at++
			break
		}
		n := hexDigit(c)
		if n < 0 {
			continue
		}
		if have {
			b = append(b, half<<4|byte(n))
		} else {
			half = byte(n)
		}
		have = !have
	}
	if have {
		b = append(b, half<<4)
	}
	return text(b)
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// decodeText reads a text string: UTF-16, UTF-8 with its mark, or one byte a letter.
func decodeText(s string) string {
	switch {
	case len(s) >= 2 && s[:2] == "\xfe\xff":
		return utf16Text(s[2:])
	case len(s) >= 3 && s[:3] == "\xef\xbb\xbf":
		return s[3:]
	}
	out := make([]rune, 0, len(s))
	for i := range len(s) {
		out = append(out, charmap.Windows1252.DecodeByte(s[i]))
	}
	return string(out)
}

func utf16Text(s string) string {
	units := make([]uint16, 0, len(s)/2)
	for i := 0; i+1 < len(s); i += 2 {
		units = append(units, uint16(s[i])<<8|uint16(s[i+1]))
	}
	return string(utf16.Decode(units))
}
