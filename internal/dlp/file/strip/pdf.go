package strip

import (
	"bytes"
	"cmp"
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
	d := &pdf{lexer: lexer{data: data, notes: map[ref]bool{}}, out: bytes.Clone(data), lengths: lengths(data), left: maxInside}
	d.remark = func(from, to int) { d.forget(from, to, begin) }
	if len(bytes.TrimSpace(data[:begin])) > 0 { // what a printer is told before
		d.blank(0, begin, Comment)
	}
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
	out     []byte
	lengths map[ref]int
	objects []object
	infos   map[ref]bool // where the notes stand; true: found
	ends    int          // how often the document says where its table stands
	left    int          // bytes that may still be unpacked
	gone    removed
}

// object is one with a number. Its value is read again when it is needed: kept, those of a large document were many times its size.
type object struct {
	ref
	from   int  // where its value begins
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
	d.infos = map[ref]bool{}
	linear := false
	for {
		d.space()
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
			case d.ends > most, d.again():
				return ErrOlder
			case d.signed:
				return ErrSigned
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
			if err := d.trailer(&t); err != nil {
				return err
			}
		case bytes.HasPrefix(rest, []byte("startxref")):
			d.at += len("startxref")
			if n, err := d.value(0); err != nil || n.kind != isNumber {
				return ErrNotUnderstood
			}
			d.ends++
		default:
			o, v, err := d.object()
			if err != nil {
				return err
			}
			linear = linear || len(d.objects) == 0 && v.get("Linearized") != nil
			d.objects = append(d.objects, o)
			if v.is("Type", "XRef") {
				if err := d.trailer(&v); err != nil {
					return err
				}
			}
		}
	}
}

// again says whether a number stands for two objects: one is of an older version. It sorts them.
func (d *pdf) again() bool {
	slices.SortFunc(d.objects, func(a, b object) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.generation, b.generation))
	})
	for i := 1; i < len(d.objects); i++ {
		if d.objects[i].ref == d.objects[i-1].ref {
			return true
		}
	}
	return false
}

// trailer reads where the notes stand.
func (d *pdf) trailer(t *node) error {
	if t.get("Encrypt") != nil {
		return ErrNotUnderstood
	}
	switch info := t.get("Info"); {
	case info == nil:
	case info.kind == isRef:
		d.infos[info.ref] = false
	case info.kind != isOther:
		return ErrNotUnderstood
	}
	return nil
}

// forget overwrites what stands behind a %: all but the version in the first line, the signs behind it by which programs know that this is no text,
// and the last line.
func (d *pdf) forget(from, to, begin int) {
	from++
	if from == begin+1 {
		from = min(begin+len("%PDF-1.7"), to)
	}
	line := bytes.TrimSpace(d.data[from:to])
	if len(line) == 0 || string(line) == "%EOF" || len(line) < 16 && bytes.IndexFunc(line, func(c rune) bool { return c < utf8.RuneSelf && c != ' ' && c != '%' }) < 0 {
		return
	}
	d.blank(from, to, Comment)
}

// blank overwrites a piece.
func (d *pdf) blank(from, to int, word string) {
	for i := from; i < to; i++ {
		d.out[i] = ' '
	}
	d.gone.add(word)
}

func (d *pdf) object() (o object, v node, err error) {
	if o.number, err = d.number(); err == nil {
		o.generation, err = d.number()
	}
	if err != nil || !d.word("obj") {
		return o, v, ErrNotUnderstood
	}
	o.from = d.at
	if v, err = d.value(0); err != nil {
		return o, v, err
	}
	if d.word("stream") {
		if o.stream, err = d.streamOf(&v); err != nil {
			return o, v, err
		}
		if !d.word("endstream") {
			return o, v, ErrNotUnderstood
		}
	}
	if !d.word("endobj") {
		return o, v, ErrNotUnderstood
	}
	return o, v, nil
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
	for _, o := range d.objects {
		_, isInfo := d.infos[o.ref]
		if o.stream.to == 0 && !isInfo {
			continue
		}
		d.at = o.from
		v, err := d.value(0)
		if err != nil {
			return err
		}
		if isInfo {
			switch {
			case d.infos[o.ref]: // it stood in a stream of objects before
				return ErrOlder
			case o.stream.to > 0:
				return ErrNotUnderstood
			}
			d.infos[o.ref] = true
			err = d.info(&v, d.out)
		} else {
			err = d.packed(o, &v)
		}
		if err != nil {
			return err
		}
	}
	for _, found := range d.infos {
		if !found {
			return ErrNotUnderstood
		}
	}
	return nil
}

// packed takes out what an object's stream has.
func (d *pdf) packed(o object, v *node) error {
	kind := v.get("Type")
	filters, known := filters(v)
	last := ""
	if len(filters) > 0 {
		last = filters[len(filters)-1]
	}
	switch {
	case kind != nil && kind.kind != isName:
		return ErrNotUnderstood
	case v.is("Type", "Metadata"), kind == nil && v.is("Subtype", "XML"), kind == nil && v.get("Subtype") == nil && d.notes[o.ref]:
		return d.packet(o, filters, known && !parameters(v))
	case v.is("Type", "ObjStm"):
		if parameters(v) {
			return ErrNotUnderstood
		}
		return d.inside(o, v, filters)
	case !known:
		return ErrNotUnderstood
	case last == "JPXDecode":
		return d.picture2000(o, filters)
	case last == "DCTDecode", last == "DCT":
		return d.photograph(o, v, filters)
	}
	return nil
}

// photograph takes the notes out of a picture. What it is told for unpacking changes none of its bytes.
func (d *pdf) photograph(o object, v *node, filters []string) error {
	was := d.out[o.stream.from:o.stream.to]
	packed := len(filters) == 2 && filters[0] == "FlateDecode" && !parameters(v)
	if !packed && len(filters) > 1 {
		return ErrNotUnderstood
	}
	picture := was
	if packed {
		var err error
		if picture, err = d.unpacked(was); err != nil {
			return err
		}
	}
	clean, gone, err := JPEG(bytes.TrimRight(picture, "\x00"))
	switch {
	case err != nil || !packed && len(clean) > len(was):
		return ErrNotUnderstood
	case len(gone) == 0:
		return nil
	case packed && !d.replace(was, clean):
		return ErrNotUnderstood
	case !packed:
		clear(was[copy(was, clean):])
	}
	for _, word := range gone {
		d.gone.add(word)
	}
	return nil
}

// picture2000 overwrites the notes of a picture of JPEG 2000 (ISO/IEC 15444-1, annex I).
func (d *pdf) picture2000(o object, filters []string) error {
	was := d.out[o.stream.from:o.stream.to]
	switch {
	case len(filters) > 1:
		return ErrNotUnderstood
	case bytes.HasPrefix(was, []byte("\xff\x4f\xff\x51")): // pixels alone
		return nil
	}
	_, err := boxes(was, 0, int64(len(was)), func(b box) error {
		switch b.kind {
		case "jP  ", "ftyp", "rreq", "jp2h", "jp2c", "jpch", "jplh":
			return nil
		case "uuid", "xml ", "uinf", "free":
			if payload := was[b.from:b.to]; len(bytes.Trim(payload, "\x00")) > 0 {
				clear(payload)
				d.gone.add(Vendor)
			}
			return nil
		}
		return ErrNotUnderstood
	})
	return err
}

// parameters says whether a stream has some for its filters.
func parameters(v *node) bool {
	p := v.get("DecodeParms")
	return p != nil && p.kind != isOther && (p.kind != isArray || p.more || slices.ContainsFunc(p.list, func(n node) bool { return n.kind != isOther })) // null
}

// filters are the ones by which a stream is packed; known: all of them are.
func filters(v *node) (names []string, known bool) {
	f := v.get("Filter")
	switch {
	case f == nil || f.kind == isOther:
		return nil, true
	case f.kind == isName:
		return []string{f.name}, true
	case f.kind != isArray || f.more:
		return nil, false
	}
	for _, n := range f.list {
		if n.kind != isName {
			return nil, false
		}
		names = append(names, n.name)
	}
	return names, true
}

// nothing is a packet of XMP that says nothing.
const nothing = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"/><?xpacket end="r"?>`

// packet empties a stream of XMP.
func (d *pdf) packet(o object, filters []string, plain bool) error {
	was := d.out[o.stream.from:o.stream.to]
	switch {
	case !plain || len(filters) > 1:
		return ErrNotUnderstood
	case len(filters) == 0:
		if bytes.HasPrefix(was, []byte(nothing)) && len(bytes.TrimSpace(was)) == len(nothing) {
			return nil
		}
		for i := range was {
			was[i] = ' '
		}
		if len(was) >= len(nothing) {
			copy(was, nothing)
		}
	case filters[0] == "FlateDecode":
		if text, err := d.unpacked(was); err == nil && (string(text) == nothing || len(text) == 0) {
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

// maxUnpacked bounds what a stream of objects or notes becomes.
const maxUnpacked = 8 << 20

func (d *pdf) unpacked(packed []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, ErrNotUnderstood
	}
	most := min(d.left, maxUnpacked)
	text, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	d.left -= len(text)
	if err != nil || len(text) > most {
		return nil, ErrNotUnderstood
	}
	return text, nil
}

// inside takes the notes out that stand in a stream of objects.
func (d *pdf) inside(o object, v *node, filters []string) error {
	count, first := v.get("N"), v.get("First")
	packed := len(filters) == 1 && filters[0] == "FlateDecode"
	if !packed && len(filters) > 0 || count == nil || first == nil || count.kind != isNumber || first.kind != isNumber {
		return ErrNotUnderstood
	}
	room := d.out[o.stream.from:o.stream.to]
	text := bytes.Clone(room)
	if packed {
		var err error
		if text, err = d.unpacked(room); err != nil {
			return err
		}
	}
	inner := lexer{data: text}
	changed := text
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
		if _, isInfo := d.infos[r]; !isInfo {
			continue
		}
		if d.infos[r] { // it stood somewhere before
			return ErrOlder
		}
		d.infos[r] = true
		one := lexer{data: text, at: first.n + offset}
		v, err := one.value(0)
		if err != nil {
			return err
		}
		if &changed[0] == &text[0] {
			changed = bytes.Clone(text)
		}
		if err := d.info(&v, changed); err != nil {
			return err
		}
	}
	switch {
	case bytes.Equal(text, changed):
	case !packed:
		copy(room, changed)
	case !d.replace(room, changed):
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
