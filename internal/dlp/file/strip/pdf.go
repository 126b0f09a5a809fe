package strip

import (
	"bytes"
	"compress/zlib"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"
)

// PDF gives back a document without what travels with it, and the words for what went. Its parts are found by their places, so that what goes is
// overwritten where it stands and nothing moves: keys and words with blanks, a packed stream with a shorter one and zeroes behind it, which
// readers pass over.
func PDF(data []byte) (clean []byte, what []string, err error) {
	begin := bytes.Index(data[:min(len(data), 1024)], []byte("%PDF-"))
	if begin < 0 {
		return nil, nil, ErrNotUnderstood
	}
	d := &pdf{lexer: lexer{data: data}, out: bytes.Clone(data), lengths: lengths(data)}
	if err := d.read(begin); err != nil {
		return nil, nil, err
	}
	if err := d.strip(); err != nil {
		return nil, nil, err
	}
	return d.out, d.gone, nil
}

// pdf is a document, and the copy in which things are overwritten.
type pdf struct {
	lexer
	out      []byte
	lengths  map[ref]int
	objects  []object
	trailers []node
	ends     int // how often the document says where its table stands
	gone     removed
}

// object is one with a number.
type object struct {
	ref
	value  node
	stream span // of its bytes; from 0 to 0: it has none
}

// lengths are the objects that are nothing but a number: what a stream's length may refer to.
func lengths(data []byte) map[ref]int {
	out := map[ref]int{}
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte("endobj"))
		if i < 0 {
			return out
		}
		end := at + i
		at = end + len("endobj")
		words := bytes.Fields(data[max(0, end-64):end])
		if n := len(words); n >= 4 && string(words[n-2]) == "obj" {
			number, err := strconv.Atoi(string(words[n-4]))
			generation, err2 := strconv.Atoi(string(words[n-3]))
			value, err3 := strconv.Atoi(string(words[n-1]))
			if err == nil && err2 == nil && err3 == nil {
				out[ref{number, generation}] = value
			}
		}
	}
}

// read goes through the document from its beginning, object by object.
func (d *pdf) read(begin int) error {
	d.at = begin
	linear := false
	for {
		d.remarks(begin)
		rest := d.data[d.at:]
		switch {
		case len(rest) == 0:
			most := 1
			if linear { // the first page has a table of its own
				most = 2
			}
			switch {
			case d.ends == 0:
				return ErrNotUnderstood
			case d.ends > most:
				return ErrOlder
			}
			return nil
		case bytes.HasPrefix(rest, []byte("xref")):
			i := bytes.Index(rest, []byte("trailer"))
			if i < 0 || len(bytes.Trim(rest[4:i], "0123456789 nf\r\n\t")) > 0 {
				return ErrNotUnderstood
			}
			d.at += i + len("trailer")
			t, err := d.value(0)
			if err != nil || t.kind != isDict {
				return ErrNotUnderstood
			}
			d.trailers = append(d.trailers, t)
		case bytes.HasPrefix(rest, []byte("startxref")):
			d.at += len("startxref")
			if n, err := d.value(0); err != nil || n.kind != isNumber {
				return ErrNotUnderstood
			}
			d.ends++
		default:
			o, err := d.object()
			if err != nil {
				return err
			}
			linear = linear || len(d.objects) == 0 && o.value.get("Linearized") != nil
			d.objects = append(d.objects, o)
			if kind := o.value.get("Type"); kind != nil && kind.name == "XRef" {
				d.trailers = append(d.trailers, o.value)
			}
			if o.value.get("ByteRange") != nil {
				return ErrSigned
			}
		}
	}
}

// remarks goes to the next object, and overwrites what stands behind a % on the way: all but the first line, the signs behind it by which
// programs know that this is no text, and the last line.
func (d *pdf) remarks(begin int) {
	for d.at < len(d.data) {
		from := d.at
		switch c := d.data[d.at]; {
		case blank(c):
			d.at++
			continue
		case c != '%':
			return
		}
		d.at += len(d.data[from:]) - len(bytes.TrimLeftFunc(d.data[from:], func(c rune) bool { return c != '\n' && c != '\r' }))
		line := d.data[from+1 : d.at]
		if from == begin || string(bytes.TrimSpace(line)) == "%EOF" || bytes.IndexFunc(line, func(c rune) bool { return c < utf8.RuneSelf }) < 0 {
			continue
		}
		for i := from + 1; i < d.at; i++ {
			d.out[i] = ' '
		}
		d.gone.add(Comment)
	}
}

func (d *pdf) object() (o object, err error) {
	if o.number, err = d.number(); err == nil {
		o.generation, err = d.number()
	}
	if err != nil || !d.word("obj") {
		return o, ErrNotUnderstood
	}
	if o.value, err = d.value(0); err != nil {
		return o, err
	}
	if d.word("stream") {
		if o.stream, err = d.streamOf(&o.value); err != nil {
			return o, err
		}
		if !d.word("endstream") {
			return o, ErrNotUnderstood
		}
	}
	if !d.word("endobj") {
		return o, ErrNotUnderstood
	}
	return o, nil
}

// streamOf takes the bytes that the dictionary announces.
func (d *pdf) streamOf(dict *node) (span, error) {
	if bytes.HasPrefix(d.data[d.at:], []byte("\r\n")) {
		d.at += 2
	} else if d.at < len(d.data) && d.data[d.at] == '\n' {
		d.at++
	}
	n := -1
	switch length := dict.get("Length"); {
	case length == nil:
	case length.kind == isNumber:
		n = length.n
	case length.kind == isRef:
		if value, known := d.lengths[length.ref]; known {
			n = value
		}
	}
	if n < 0 || n > len(d.data)-d.at {
		return span{}, ErrNotUnderstood
	}
	s := span{int64(d.at), int64(d.at + n)}
	d.at += n
	return s, nil
}

// strip overwrites what goes.
func (d *pdf) strip() error {
	var infos []ref
	for _, t := range d.trailers {
		if t.get("Encrypt") != nil {
			return ErrNotUnderstood
		}
		switch info := t.get("Info"); {
		case info == nil:
		case info.kind == isRef:
			infos = append(infos, info.ref)
		case info.kind != isOther:
			return ErrNotUnderstood
		}
	}
	found := map[ref]bool{}
	for i := range d.objects {
		o := &d.objects[i]
		if slices.Contains(infos, o.ref) {
			found[o.ref] = true
			if o.stream.to > 0 {
				return ErrNotUnderstood
			}
			if err := d.info(&o.value, d.out); err != nil {
				return err
			}
		}
		if err := d.packed(o, infos, found); err != nil {
			return err
		}
	}
	for _, r := range infos {
		if !found[r] {
			return ErrNotUnderstood
		}
	}
	return nil
}

// packed takes out what an object's stream has.
func (d *pdf) packed(o *object, infos []ref, found map[ref]bool) error {
	if o.stream.to == 0 {
		return nil
	}
	is := func(key, name string) bool { n := o.value.get(key); return n != nil && n.name == name }
	switch {
	case is("Type", "Metadata"):
		return d.packet(o)
	case is("Type", "ObjStm"):
		return d.inside(o, infos, found)
	case o.filter() == "DCTDecode":
		was := d.out[o.stream.from:o.stream.to]
		if clean, gone, err := JPEG(bytes.TrimRight(was, "\x00")); err == nil && len(clean) <= len(was) {
			clear(was[copy(was, clean):])
			for _, word := range gone {
				d.gone.add(word)
			}
		}
	}
	return nil
}

// filter is the one by which a stream is packed; "" for none, "?" for several or one with parameters.
func (o *object) filter() string {
	f := o.value.get("Filter")
	parameters := o.value.get("DecodeParms")
	if parameters != nil && parameters.kind != isOther { // null
		return "?"
	}
	switch {
	case f == nil || f.kind == isOther:
		return ""
	case f.kind == isArray && len(f.list) == 1:
		return f.list[0].name
	case f.kind == isName:
		return f.name
	}
	return "?"
}

// nothing is a packet of XMP that says nothing.
const nothing = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"/><?xpacket end="r"?>`

// packet empties a stream of XMP.
func (d *pdf) packet(o *object) error {
	was := d.out[o.stream.from:o.stream.to]
	switch o.filter() {
	case "":
		if bytes.HasPrefix(was, []byte(nothing)) && len(bytes.TrimSpace(was)) == len(nothing) {
			return nil
		}
		for i := range was {
			was[i] = ' '
		}
		if len(was) >= len(nothing) {
			copy(was, nothing)
		}
	case "FlateDecode":
		if text, err := unpacked(was); err == nil && (string(text) == nothing || len(text) == 0) {
			return nil
		}
		if !d.replace(was, []byte(nothing)) && !d.replace(was, nil) {
			return ErrNotUnderstood
		}
	default:
		return ErrNotUnderstood
	}
	d.gone.add(XMP)
	return nil
}

// replace packs a text into the room of another.
func (d *pdf) replace(room, text []byte) bool {
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, zlib.BestCompression)
	if err == nil {
		_, err = w.Write(text)
	}
	if err != nil || w.Close() != nil || out.Len() > len(room) {
		return false
	}
	clear(room[copy(room, out.Bytes()):])
	return true
}

func unpacked(packed []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, ErrNotUnderstood
	}
	text, err := io.ReadAll(io.LimitReader(r, maxEntry+1))
	if err != nil || len(text) > maxEntry {
		return nil, ErrNotUnderstood
	}
	return text, nil
}

// inside takes the notes out that stand in a stream of objects.
func (d *pdf) inside(o *object, infos []ref, found map[ref]bool) error {
	count, first := o.value.get("N"), o.value.get("First")
	if o.filter() != "FlateDecode" || count == nil || first == nil || count.kind != isNumber || first.kind != isNumber {
		return ErrNotUnderstood
	}
	room := d.out[o.stream.from:o.stream.to]
	text, err := unpacked(room)
	if err != nil {
		return err
	}
	inner := &pdf{lexer: lexer{data: text}}
	changed := bytes.Clone(text)
	for range count.n {
		number, err := inner.number()
		if err != nil {
			return err
		}
		offset, err := inner.number()
		if err != nil || offset > len(text) || first.n > len(text)-offset {
			return ErrNotUnderstood
		}
		r := ref{number, 0}
		if !slices.Contains(infos, r) {
			continue
		}
		found[r] = true
		one := &pdf{lexer: lexer{data: text, at: first.n + offset}}
		v, err := one.value(0)
		if err != nil {
			return err
		}
		if err := d.info(&v, changed); err != nil {
			return err
		}
	}
	if !bytes.Equal(text, changed) && !d.replace(room, changed) {
		return ErrNotUnderstood
	}
	return nil
}

// info overwrites who made a document, with what and when, with blanks. Its title, subject and keywords are its own words.
func (d *pdf) info(v *node, out []byte) error {
	if v.kind != isDict || v.get("Type") != nil { // what has a type is something else as well
		return ErrNotUnderstood
	}
	for _, e := range v.dict {
		word := Author
		switch e.key {
		case "Title", "Subject", "Keywords", "Trapped":
			continue
		case "CreationDate", "ModDate":
			word = Time
		case "Creator", "Producer":
			word = Vendor
		case "Company":
			word = Company
		}
		if e.value.kind == isRef { // what it refers to would stay
			return ErrNotUnderstood
		}
		for i := e.from; i < e.value.to; i++ {
			out[i] = ' '
		}
		d.gone.add(word)
	}
	return nil
}
