// Package pdf reads the text of PDF files for package extract.
//
// It does not trust a file's table of contents: it goes through the bytes from the first to the last, takes every object
// that it finds, those packed in object streams too, and lets the later one of a number win, which is what the table would say of an
// honest file. A broken table, bytes before or after the file, and earlier versions of its pages therefore hide nothing:
// pages that no tree leads to any more are read as well. Text is put in the order in which it stands on the page, line by
// line, so that a value stands beside its label however the file was written.
//
// It refuses to decrypt (that is for whoever has the password), to guess letters of fonts without a table (they are counted,
// so that the caller can say so), and to unpack more than its budget. It reads no pictures; it says which pages have some. It never runs
// anything that a file brings. Nesting, objects, operators and unpacked bytes are bounded; a check of the caller's is
// asked often, so that time can be too.
package pdf

import (
	"bytes"
	"errors"
	"sort"
)

// What can be wrong with a file.
var (
	ErrEncrypted = errors.New("encrypted")
	ErrDamaged   = errors.New("damaged")
	ErrBudget    = errors.New("unpacks to more than its budget")
)

const (
	maxObjects = 1 << 20
	maxNesting = 64
	maxForms   = 12 // forms within forms
)

// Values of a file: nil, bool, float64, name, text, []any, dict, ref, *stream; and op in content.
type (
	name   string
	text   string
	op     string
	ref    int
	dict   map[name]any
	stream struct {
		dict dict
		raw  []byte
	}
)

// Document is a file that was gone through.
type Document struct {
	data    []byte
	objects map[int]any
	pages   []dict
	root    any
	info    any
	budget  int64
	check   func() error
	fonts   map[ref]*font
}

// Field is text of a document outside its pages: of a form, a note, a link, or about the document.
type Field struct{ Name, Value string }

// Page is the text of a page.
type Page struct {
	Text    string
	Glyphs  int
	Unknown int  // glyphs of fonts that do not say what letter they are
	Picture bool // has pictures large enough to read
	Broken  bool // could not be read to its end
}

// Read goes through a file. budget bounds the bytes that are unpacked; check is asked now and then and ends the reading with its error.
func Read(data []byte, budget int64, check func() error) (*Document, error) {
	d := &Document{data: data, objects: map[int]any{}, budget: budget, check: check, fonts: map[ref]*font{}}
	if err := d.gather(); err != nil {
		return nil, err
	}
	if len(d.objects) == 0 {
		return nil, ErrDamaged
	}
	d.findPages()
	return d, nil
}

// gather takes every object of the file.
func (d *Document) gather() error {
	data := d.data
	objects, trailers := word{text: "obj"}, word{text: "trailer"}
	for i := 0; i < len(data); {
		at, t := objects.from(data, i), trailers.from(data, i)
		if t < at {
			l := lexer{data: data, at: t + len("trailer")}
			if v, ok := l.value(0).(dict); ok {
				if err := d.trailer(v); err != nil {
					return err
				}
			}
			i = t + len("trailer")
			continue
		}
		if at == len(data) {
			break
		}
		i = at + 3
		number, ok := numberBefore(data, at)
		if !ok {
			continue
		}
		if err := d.check(); err != nil {
			return err
		}
		l := lexer{data: data, at: at + 3}
		v := l.value(0)
		i = max(i, l.at)
		if header, ok := v.(dict); ok {
			if raw, end, ok := streamAfter(data, l.at, header); ok {
				s := &stream{header, raw}
				v, i = s, end
				if err := d.special(s); err != nil {
					return err
				}
			}
		}
		d.objects[number] = v
		if len(d.objects) > maxObjects {
			return ErrBudget
		}
	}
	return nil
}

// word is found again and again, each place once: looked for anew behind each object, one that stands only at the end costs the square of the size.
type word struct {
	text string
	at   int // it is not before
	seen bool
}

// from is the first place at or behind i, or the end.
func (w *word) from(data []byte, i int) int {
	if w.seen && w.at >= i {
		return w.at
	}
	w.seen = true
	if n := bytes.Index(data[i:], []byte(w.text)); n >= 0 {
		w.at = i + n
	} else {
		w.at = len(data)
	}
	return w.at
}

// Outside is what stands before the file begins and behind its end: no reader of PDF shows it.
func (d *Document) Outside() (pieces [][]byte) {
	begins, ends := bytes.Index(d.data, []byte("%PDF-")), bytes.LastIndex(d.data, []byte("%%EOF"))
	if ends < 0 || d.Cut() {
		ends = len(d.data)
	}
	for _, piece := range [][]byte{d.data[:max(begins, 0)], bytes.TrimPrefix(d.data[ends:], []byte("%%EOF"))} {
		if len(bytes.Trim(piece, " \t\r\n\f\x00\x1a")) > 0 {
			pieces = append(pieces, bytes.TrimLeft(piece, "\r\n"))
		}
	}
	return pieces
}

// Cut says that no end stands behind the last object: the file breaks off.
func (d *Document) Cut() bool {
	end := max(bytes.LastIndex(d.data, []byte("startxref")), bytes.LastIndex(d.data, []byte("%%EOF")))
	return bytes.LastIndex(d.data, []byte(" obj")) > end
}

// special looks into streams that are part of the file's own order.
func (d *Document) special(s *stream) error {
	switch s.dict["Type"] {
	case name("XRef"):
		return d.trailer(s.dict)
	case name("ObjStm"):
		return d.unpackObjects(s)
	}
	return nil
}

func (d *Document) trailer(v dict) error {
	if e, ok := v["Encrypt"]; ok && e != nil {
		return ErrEncrypted
	}
	if r := v["Root"]; r != nil {
		d.root = r
	}
	if r := v["Info"]; r != nil {
		d.info = r
	}
	return nil
}

// unpackObjects takes the objects that are packed in a stream.
func (d *Document) unpackObjects(s *stream) error {
	body, err := d.decode(s)
	if errors.Is(err, ErrBudget) || errors.Is(err, ErrEncrypted) {
		return err
	}
	n, first := int(asNumber(s.dict["N"])), int(asNumber(s.dict["First"]))
	if first < 0 || first > len(body) {
		return nil
	}
	l := lexer{data: body[:first]}
	for range min(n, maxObjects) {
		number, ok1 := l.value(0).(float64)
		offset, ok2 := l.value(0).(float64)
		if !ok1 || !ok2 {
			break
		}
		if start := first + int(offset); start >= first && start <= len(body) && number >= 0 {
			inner := lexer{data: body, at: start}
			d.objects[int(number)] = inner.value(0)
		}
		if len(d.objects) > maxObjects {
			return ErrBudget
		}
	}
	return nil
}

// numberBefore reads the number of an object from the two numbers in front of the word obj.
func numberBefore(data []byte, at int) (int, bool) {
	i := at
	digits := func() (n int, ok bool) {
		for i > 0 && isSpace(data[i-1]) {
			i--
		}
		end := i
		for i > 0 && data[i-1] >= '0' && data[i-1] <= '9' && end-i < 10 {
			i--
		}
		for _, c := range data[i:end] {
			n = n*10 + int(c-'0')
		}
		return n, i < end
	}
	if _, ok := digits(); !ok {
		return 0, false
	}
	return digits()
}

// streamAfter finds the bytes of a stream that follow its dictionary.
func streamAfter(data []byte, at int, header dict) (raw []byte, end int, ok bool) {
	for at < len(data) && isSpace(data[at]) {
		at++
	}
	if !bytes.HasPrefix(data[at:], []byte("stream")) {
		return nil, 0, false
	}
	at += len("stream")
	if at < len(data) && data[at] == '\r' {
		at++
	}
	if at < len(data) && data[at] == '\n' {
		at++
	}
	if n, ok := header["Length"].(float64); ok && n >= 0 && n <= float64(len(data)-at) {
		after := at + int(n)
		rest := bytes.TrimLeft(data[after:min(len(data), after+16)], "\r\n \t")
		if bytes.HasPrefix(rest, []byte("endstream")) || bytes.HasPrefix(rest, []byte("endobj")) {
			return data[at:after], after, true
		}
	}
	n := bytes.Index(data[at:], []byte("endstream"))
	if n < 0 {
		return data[at:], len(data), true
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(data[at:at+n], []byte("\n")), []byte("\r")), at + n, true
}

// get follows references.
func (d *Document) get(v any) any {
	for range 16 {
		r, ok := v.(ref)
		if !ok {
			return v
		}
		v = d.objects[int(r)]
	}
	return nil
}

func (d *Document) dict(v any) dict {
	switch v := d.get(v).(type) {
	case dict:
		return v
	case *stream:
		return v.dict
	}
	return nil
}

func (d *Document) array(v any) []any {
	a, _ := d.get(v).([]any)
	return a
}

func (d *Document) number(v any) float64 { return asNumber(d.get(v)) }

func asNumber(v any) float64 {
	n, _ := v.(float64)
	return n
}

// findPages puts the pages in their order: first those of the tree, then those that no tree leads to.
func (d *Document) findPages() {
	seen := map[int]bool{}
	numbers := d.numbers()
	if d.dict(d.root) == nil {
		for _, n := range numbers {
			if c := d.dict(ref(n)); c != nil && c["Type"] == name("Catalog") {
				d.root = ref(n)
			}
		}
	}
	var walk func(v any, inherited any, depth int)
	walk = func(v, inherited any, depth int) {
		r, isRef := v.(ref)
		if depth > maxNesting || isRef && seen[int(r)] {
			return
		}
		if isRef {
			seen[int(r)] = true
		}
		node := d.dict(v)
		if node == nil {
			return
		}
		if own := node["Resources"]; own != nil {
			inherited = own
		}
		if kids := d.array(node["Kids"]); kids != nil {
			for _, kid := range kids {
				walk(kid, inherited, depth+1)
			}
			return
		}
		d.addPage(node, inherited)
	}
	if root := d.dict(d.root); root != nil {
		walk(root["Pages"], nil, 0)
	}
	for _, n := range numbers {
		if page := d.dict(ref(n)); !seen[n] && page != nil && page["Type"] == name("Page") {
			resources := page["Resources"]
			for up, i := d.dict(page["Parent"]), 0; resources == nil && up != nil && i < maxNesting; i++ {
				resources, up = up["Resources"], d.dict(up["Parent"])
			}
			d.addPage(page, resources)
		}
	}
}

func (d *Document) addPage(page dict, resources any) {
	whole := dict{}
	for k, v := range page {
		whole[k] = v
	}
	whole["Resources"] = resources
	d.pages = append(d.pages, whole)
}

// numbers are those of all objects, in order.
func (d *Document) numbers() []int {
	all := make([]int, 0, len(d.objects))
	for n := range d.objects {
		all = append(all, n)
	}
	sort.Ints(all)
	return all
}

// Pages is how many pages there are.
func (d *Document) Pages() int { return len(d.pages) }

// Fields are the texts of forms, notes and links, and those about the document.
func (d *Document) Fields() (fields []Field) {
	add := func(name string, v any) {
		if s, ok := d.get(v).(text); ok && s != "" {
			fields = append(fields, Field{name, decodeText(string(s))})
		}
	}
	for _, k := range []name{"Title", "Author", "Subject", "Keywords"} {
		if info := d.dict(d.info); info != nil {
			add(string(k), info[k])
		}
	}
	for _, n := range d.numbers() {
		v, ok := d.objects[n].(dict)
		if !ok {
			continue
		}
		label := ""
		if t, ok := d.get(v["T"]).(text); ok {
			label = decodeText(string(t))
		}
		add(label, v["V"])
		add("note", v["Contents"])
		add("link", v["URI"])
		if action := d.dict(v["A"]); action != nil {
			if _, ok := v["A"].(dict); ok {
				add("link", action["URI"])
			}
		}
	}
	return fields
}

// Attachments hands over the files that are embedded, and the form in XML that some documents have instead of pages.
func (d *Document) Attachments(take func(name string, data []byte) error) error {
	names := map[ref]string{}
	form := d.dict(d.dict(d.root)["AcroForm"])
	for _, v := range append(d.array(form["XFA"]), form["XFA"]) {
		if r, ok := v.(ref); ok {
			names[r] = "form.xml"
		}
	}
	for _, n := range d.numbers() {
		v, _ := d.objects[n].(dict)
		for _, file := range d.dict(v["EF"]) {
			if r, ok := file.(ref); ok {
				for _, k := range []name{"UF", "F"} {
					if s, ok := d.get(v[k]).(text); ok && names[r] == "" {
						names[r] = decodeText(string(s))
					}
				}
			}
		}
	}
	for _, n := range d.numbers() {
		s, ok := d.objects[n].(*stream)
		if !ok || names[ref(n)] == "" && s.dict["Type"] != name("EmbeddedFile") {
			continue
		}
		data, err := d.decode(s)
		if errors.Is(err, ErrBudget) {
			return err
		}
		label := names[ref(n)]
		if label == "" {
			label = "attachment"
		}
		if err := take(label, data); err != nil {
			return err
		}
	}
	return nil
}
