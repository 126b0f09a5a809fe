package extract

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"github.com/amanah-id/amanah/pii/extract/internal/sniff"
)

// tokenSize bounds one value of JSON; what has a longer one is scanned as text from there on.
const tokenSize = 4 << 20

// nesting bounds the objects and arrays that are open at once; what has more is scanned as text from there on.
const nesting = 10_000

// pathDepth bounds the places that are written for deep JSON; the values below are read all the same.
const pathDepth = 32

var errLongToken = errors.New("token too long")

// bounded refuses to read much further than the last token, and keeps what was read since.
type bounded struct {
	r    io.Reader
	raw  []byte
	base int64 // offset of raw[0]
	done int   // raw[:done] is behind us
	line int   // of raw[done]
}

func (b *bounded) Read(p []byte) (int, error) {
	if len(b.raw)-b.done > tokenSize {
		return 0, errLongToken
	}
	if b.done > 64<<10 {
		b.base += int64(b.done)
		b.raw, b.done = append(b.raw[:0], b.raw[b.done:]...), 0
	}
	n, err := b.r.Read(p)
	b.raw = append(b.raw, p[:n]...)
	return n, err
}

// token returns the bytes of the token that ends at an offset, without what stands before it, and its line.
func (b *bounded) token(end int64) (raw []byte, line int) {
	i := int(end - b.base)
	raw = bytes.TrimLeft(b.raw[b.done:i], " \t\r\n,:")
	b.line += bytes.Count(b.raw[b.done:i-len(raw)], []byte("\n"))
	line = b.line
	b.line += bytes.Count(raw, []byte("\n"))
	b.done = i
	return raw, line
}

// level is one open object or array.
type level struct {
	object bool
	key    string
	want   bool // an object's key comes next
	index  int
}

// json reads values one after the other, so that lines of JSON are read like one document. What is no JSON is scanned as text.
func (w *walk) json(at Origin, buffered *bufio.Reader) error {
	text, exact := decoded(buffered)
	in := &bounded{r: text, line: 1}
	if exact {
		if head, _ := buffered.Peek(3); bytes.Equal(head, []byte("\xef\xbb\xbf")) {
			_, _ = buffered.Discard(3)
			in.base = 3
		}
	}
	start := in.base
	dec := json.NewDecoder(in)
	dec.UseNumber()
	out := newLines(at, w.segment)
	var levels []level
	for {
		t, err := json.Token(nil), errLongToken
		if len(levels) <= nesting {
			t, err = dec.Token()
		}
		if err != nil {
			if e := out.flush(); e != nil {
				return e
			}
			if errors.Is(err, io.EOF) && len(levels) == 0 || w.stopped != nil {
				return w.stopped
			}
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) || errors.Is(err, errLongToken) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
				// The rest is no JSON, and is read as what it is.
				return w.plain(at, io.MultiReader(dec.Buffered(), text), exact, in.line, start+dec.InputOffset())
			}
			return w.failed(at, err)
		}
		end := start + dec.InputOffset()
		raw, line := in.token(end)
		if d, ok := t.(json.Delim); ok {
			if d == '{' || d == '[' {
				levels = append(levels, level{object: d == '{', want: d == '{'})
				continue
			}
			levels = levels[:len(levels)-1]
			if err := out.end(); err != nil {
				return err
			}
			next(levels)
			continue
		}
		value := scalar(t)
		m := Mark{Line: line}
		if exact {
			inner := bytes.TrimSuffix(bytes.TrimPrefix(raw, []byte(`"`)), []byte(`"`))
			quotes := int64(len(raw)-len(inner)) / 2
			m.Source = Span{Start: end - int64(len(raw)) + quotes, End: end - quotes, Exact: string(inner) == value}
		}
		top := len(levels) - 1
		if top >= 0 && levels[top].want {
			levels[top].key, levels[top].want = value, false
			if isKey(value) {
				continue
			}
			m.Place = place(levels[:top]) // a key that is data itself
			if err := out.add(value, m); err != nil {
				return err
			}
			continue
		}
		m.Place, m.Header = place(levels), header(levels)
		if err := out.add(value, m); err != nil {
			return err
		}
		next(levels)
	}
}

// next notes that a value has been read.
func next(levels []level) {
	if top := len(levels) - 1; top >= 0 {
		levels[top].want = levels[top].object
		levels[top].index++
	}
}

func scalar(t json.Token) string {
	switch v := t.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	default: // true, false and null are nobody's data
		return ""
	}
}

// place is the way to a value: $.customers[3].phone. Keys that are data themselves are not written.
func place(levels []level) string {
	b := []byte("$")
	for i, l := range levels {
		switch {
		case i >= pathDepth:
			return string(append(b, "…"...))
		case !l.object:
			b = append(strconv.AppendInt(append(b, '['), int64(l.index), 10), ']')
		case isKey(l.key):
			b = append(append(b, '.'), l.key...)
		default:
			b = append(b, ".*"...)
		}
	}
	return string(b)
}

// isKey says whether a key is a name that a program gave, and no data.
func isKey(s string) bool { return isHead("xx" + s) }

// header is the key that a value, or the array it is in, stands under.
func header(levels []level) string {
	for i := len(levels) - 1; i >= 0; i-- {
		if levels[i].object {
			if isHead(levels[i].key) {
				return sniff.Spaced(levels[i].key)
			}
			break
		}
	}
	return ""
}
