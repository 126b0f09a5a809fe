package proxy

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"strings"
)

// masking replaces the values in a text.
type masking func(text string) string

// value replaces the values in one field. Its name is context, as for whoever examined it; a value in the name itself stays, and is
// found again when the whole is examined once more.
func (m masking) value(name, text string) (string, bool) {
	before := name + ": "
	out, found := strings.CutPrefix(m(before+text), before)
	return out, found && out != text
}

// fields replaces values in a query or a form. What holds none stays as it is written.
func (m masking) fields(list []pair) string {
	var out []string
	for _, p := range list {
		if text, changed := m.value(p.name, p.value); changed {
			p.raw = url.QueryEscape(p.name) + "=" + url.QueryEscape(text)
		}
		out = append(out, p.raw)
	}
	return strings.Join(out, "&")
}

// sound reports whether a body is JSON, one document or one a line.
func sound(text []byte) bool {
	d := json.NewDecoder(bytes.NewReader(text))
	for n := 0; ; n++ {
		var one json.RawMessage
		err := d.Decode(&one)
		if err == io.EOF { //nolint:errorlint // a wrapped end is no end
			return n > 0
		}
		if err != nil {
			return false
		}
	}
}

// json replaces values in JSON that is sound. A number that is one becomes a text; everything else stays byte for byte.
func (m masking) json(text []byte) []byte {
	var out bytes.Buffer
	w := walker{in: text}
	for {
		from, to, name, value := w.next()
		out.Write(text[w.copied:from])
		if w.copied = to; from == len(text) {
			return out.Bytes()
		}
		changed := false
		if value != "" {
			value, changed = m.value(name, value)
		}
		if !changed {
			out.Write(text[from:to])
			continue
		}
		// Encode never fails for a string, and ends it with a line.
		var one bytes.Buffer
		e := json.NewEncoder(&one)
		e.SetEscapeHTML(false)
		_ = e.Encode(value)
		out.Write(bytes.TrimRight(one.Bytes(), "\n"))
	}
}

// walker goes over the strings and numbers of JSON that is sound.
type walker struct {
	in     []byte
	at     int
	copied int
	open   []level
	name   string
}

// level is an object or a list that is open.
type level struct {
	object bool
	value  bool   // a value comes next, not a name
	name   string // under which it stands
}

// next finds the next value that is a string or a number, with the name that it stands under. At the end from is the length.
func (w *walker) next() (from, to int, name, value string) {
	for w.at < len(w.in) {
		top := len(w.open) - 1
		switch c := w.in[w.at]; {
		case c == '{' || c == '[':
			w.open = append(w.open, level{object: c == '{', name: w.name})
			w.at++
		case c == '}' || c == ']':
			w.name = w.open[top].name
			w.open = w.open[:top]
			w.at++
		case c == ':':
			w.open[top].value = true
			w.at++
		case c == ',':
			if top >= 0 {
				w.open[top].value = false
			}
			w.at++
		case c == '"':
			from = w.at
			to = w.text()
			_ = json.Unmarshal(w.in[from:to], &value) // it is sound
			if top >= 0 && w.open[top].object && !w.open[top].value {
				w.name = value
				value = ""
				continue
			}
			return from, to, w.name, value
		case c == '-' || c >= '0' && c <= '9':
			from = w.at
			for w.at < len(w.in) && strings.IndexByte("+-.eE0123456789", w.in[w.at]) >= 0 {
				w.at++
			}
			return from, w.at, w.name, string(w.in[from:w.at])
		default:
			w.at++
		}
	}
	return len(w.in), len(w.in), "", ""
}

// text goes behind the string that begins here.
func (w *walker) text() int {
	for w.at++; w.in[w.at] != '"'; w.at++ {
		if w.in[w.at] == '\\' {
			w.at++
		}
	}
	w.at++
	return w.at
}
