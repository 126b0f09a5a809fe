package pdf

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// font tells letters and widths of codes.
type font struct {
	wide    bool // two bytes a code
	table   map[string]string
	lengths [5]bool // of codes in the table
	simple  [256]string
	widths  map[int]float64
	usual   float64
	known   bool // codes without a table entry are letters all the same
}

// glyph is one code of a text.
type glyph struct {
	text  string // "" when unknown
	width float64
	space bool
}

func (d *Document) font(v any) *font {
	r, isRef := v.(ref)
	if isRef {
		if f := d.fonts[r]; f != nil {
			return f
		}
	}
	f := d.readFont(d.dict(v))
	if isRef {
		d.fonts[r] = f
	}
	return f
}

func (d *Document) readFont(v dict) *font {
	f := &font{widths: map[int]float64{}, usual: 500, known: true}
	if v == nil {
		f.encode("WinAnsiEncoding")
		return f
	}
	if s, ok := d.get(v["ToUnicode"]).(*stream); ok {
		if body, _ := d.decode(s); len(body) > 0 {
			f.cmap(body)
		}
	}
	encoding := d.get(v["Encoding"])
	if v["Subtype"] == name("Type0") {
		f.wide, f.known, f.usual = true, false, 1000
		if n, ok := encoding.(name); ok && (strings.HasPrefix(string(n), "UniGB-UCS2") || strings.Contains(string(n), "-UTF16-") || strings.Contains(string(n), "-UCS2-")) {
			f.known = true
		}
		if below := d.array(v["DescendantFonts"]); len(below) > 0 {
			d.wideWidths(f, d.dict(below[0]))
		}
		return f
	}
	first := int(d.number(v["FirstChar"]))
	for i, w := range d.array(v["Widths"]) {
		if first >= 0 && first+i < 256 {
			f.widths[first+i] = d.number(w)
		}
	}
	if v["Subtype"] == name("Type3") {
		if m := d.array(v["FontMatrix"]); len(m) == 6 {
			for i := range f.widths {
				f.widths[i] *= d.number(m[0]) * 1000
			}
		}
	}
	switch e := encoding.(type) {
	case name:
		f.encode(e)
	case dict:
		base, _ := d.get(e["BaseEncoding"]).(name)
		f.encode(base)
		code := 0
		for _, x := range d.array(e["Differences"]) {
			switch x := d.get(x).(type) {
			case float64:
				code = int(x)
			case name:
				if code >= 0 && code < 256 {
					f.simple[code] = letter(string(x))
				}
				code++
			}
		}
	default:
		f.encode("")
	}
	return f
}

// wideWidths reads the widths of a composite font: c [w w w] or c c w.
func (d *Document) wideWidths(f *font, v dict) {
	if w, ok := d.get(v["DW"]).(float64); ok {
		f.usual = w
	}
	list := d.array(v["W"])
	for i := 0; i+1 < len(list); {
		from := int(d.number(list[i]))
		if each := d.array(list[i+1]); each != nil {
			for k, w := range each {
				f.widths[from+k] = d.number(w)
			}
			i += 2
			continue
		}
		if i+2 >= len(list) {
			return
		}
		to, w := int(d.number(list[i+1])), d.number(list[i+2])
		for c := from; c <= to && c-from < 1<<16; c++ {
			f.widths[c] = w
		}
		i += 3
	}
}

// encode sets the letters of a simple font.
func (f *font) encode(n name) {
	cm := charmap.Windows1252
	if n == "MacRomanEncoding" {
		cm = charmap.Macintosh
	}
	for i := range 256 {
		if r := cm.DecodeByte(byte(i)); i >= 32 && r != utf8.RuneError {
			f.simple[i] = string(r)
		}
	}
	f.simple['\n'], f.simple['\t'] = " ", " "
}

// decode splits a string into glyphs.
func (f *font) decode(s string) []glyph {
	glyphs := make([]glyph, 0, len(s))
	for len(s) > 0 {
		n := 1
		if f.wide {
			n = min(2, len(s))
		}
		text, found := "", false
		if f.table != nil {
			for _, try := range [...]int{n, 1, 2, 3, 4} {
				if try <= len(s) && f.lengths[try] {
					if text, found = f.table[s[:try]]; found {
						n = try
						break
					}
				}
			}
		}
		code := int(s[0])
		if n == 2 {
			code = code<<8 | int(s[1])
		}
		switch {
		case found:
		case f.wide && f.known:
			text = utf16Text(s[:n])
		case !f.wide:
			text = f.simple[s[0]]
		}
		w, ok := f.widths[code]
		if !ok {
			w = f.usual
		}
		glyphs = append(glyphs, glyph{text: text, width: w / 1000, space: n == 1 && s[0] == ' '})
		s = s[n:]
	}
	return glyphs
}

// cmap reads the table from codes to letters.
func (f *font) cmap(body []byte) {
	f.table = map[string]string{}
	l := lexer{data: body, content: true}
	var stack []any
	for {
		v := l.value(0)
		switch v := v.(type) {
		case end:
			if len(f.table) == 0 {
				f.table = nil
			}
			return
		case op:
			switch v {
			case "endbfchar":
				for i := 0; i+1 < len(stack); i += 2 {
					f.entry(stack[i], stack[i+1], 0)
				}
			case "endbfrange":
				for i := 0; i+2 < len(stack); i += 3 {
					f.entries(stack[i], stack[i+1], stack[i+2])
				}
			}
			stack = stack[:0]
		default:
			if len(stack) < 1<<16 {
				stack = append(stack, v)
			}
		}
	}
}

const maxEntries = 1 << 17

func (f *font) entry(code, letters any, plus int) {
	from, ok := code.(text)
	if !ok || len(from) == 0 || len(from) > 4 || len(f.table) > maxEntries {
		return
	}
	to, ok := letters.(text)
	if !ok || len(to) == 0 || len(to) > 128 {
		return
	}
	if len(to) == 1 {
		to = "\x00" + to
	}
	b := []byte(to)
	if plus > 0 { // the last unit is counted up
		n := int(b[len(b)-2])<<8 + int(b[len(b)-1]) + plus
		if n > 0xffff {
			return
		}
		b[len(b)-2], b[len(b)-1] = byte(n>>8), byte(n) //nolint:gosec // of 16 bits
	}
	f.table[string(from)] = utf16Text(string(b))
	f.lengths[len(from)] = true
}

func (f *font) entries(low, high, to any) {
	a, ok1 := low.(text)
	b, ok2 := high.(text)
	if !ok1 || !ok2 || len(a) != len(b) || len(a) == 0 || len(a) > 4 {
		return
	}
	from, until := number(a), number(b)
	list, isList := to.([]any)
	for c := from; c <= until && c-from < 1<<16; c++ {
		code := make([]byte, len(a))
		for i, rest := len(a)-1, c; i >= 0; i, rest = i-1, rest>>8 {
			code[i] = byte(rest) //nolint:gosec // its lowest byte
		}
		if !isList {
			f.entry(text(code), to, c-from)
		} else if c-from < len(list) {
			f.entry(text(code), list[c-from], 0)
		}
	}
}

func number(s text) (n int) {
	for i := range len(s) {
		n = n<<8 | int(s[i])
	}
	return n
}

// letter is what a glyph is called in the Adobe glyph list, of which the Latin part is here; "" when the name says nothing.
func letter(glyph string) string {
	base, _, _ := strings.Cut(glyph, ".")
	if len(base) == 1 {
		return base
	}
	if s := latin[base]; s != "" {
		return s
	}
	for _, prefix := range []string{"uni", "u"} {
		if h, ok := strings.CutPrefix(base, prefix); ok && len(h) >= 4 && len(h) <= 6 {
			if n, err := strconv.ParseUint(h, 16, 32); err == nil && n < 0x110000 {
				return string(rune(n))
			}
		}
	}
	for accent, mark := range accents {
		if l, ok := strings.CutSuffix(base, accent); ok && len(l) == 1 {
			return l + mark
		}
	}
	return ""
}

var accents = map[string]string{"grave": "\u0300", "acute": "\u0301", "circumflex": "\u0302", "tilde": "\u0303", "dieresis": "\u0308", "ring": "\u030a", "cedilla": "\u0327", "caron": "\u030c", "macron": "\u0304", "breve": "\u0306"}

var latin = glyphNames(`space  exclam ! quotedbl " numbersign # dollar $ percent % ampersand & quotesingle ' parenleft ( parenright ) asterisk * plus + comma , hyphen - minus - period . slash /
zero 0 one 1 two 2 three 3 four 4 five 5 six 6 seven 7 eight 8 nine 9 colon : semicolon ; less < equal = greater > question ? at @ bracketleft [ backslash \ bracketright ] asciicircum ^ underscore _
grave ` + "`" + ` braceleft { bar | braceright } asciitilde ~ bullet • endash – emdash — quoteleft ‘ quoteright ’ quotedblleft “ quotedblright ” ellipsis … fi fi fl fl ff ff ffi ffi ffl ffl
degree ° section § copyright © registered ® trademark ™ Euro € sterling £ yen ¥ germandbls ß ae æ AE Æ oslash ø Oslash Ø dotlessi ı nbspace - softhyphen - sfthyphen - periodcentered · multiply × divide ÷
zerooldstyle 0 oneoldstyle 1 twooldstyle 2 threeoldstyle 3 fouroldstyle 4 fiveoldstyle 5 sixoldstyle 6 sevenoldstyle 7 eightoldstyle 8 nineoldstyle 9`)

func glyphNames(list string) map[string]string {
	m := map[string]string{}
	words := strings.Fields(strings.TrimPrefix(list, "space"))
	for i := 0; i+1 < len(words); i += 2 {
		m[words[i]] = words[i+1]
	}
	m["space"], m["nbspace"], m["nonbreakingspace"] = " ", " ", " "
	return m
}
