package strip

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/xml"
	"errors"
	"hash/crc32"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

const (
	maxEntries = 10_000
	maxEntry   = 32 << 20
	maxInside  = 128 << 20
)

// people are the elements that say who had to do with a document, by the entry that they stand in.
var people = map[string]map[string]string{
	"docprops/core.xml": {"creator": Author, "lastModifiedBy": Author},
	"docprops/app.xml":  {"Company": Company, "Manager": Author},
	"meta.xml":          {"creator": Author, "initial-creator": Author, "printed-by": Author},
}

// Office gives back a document of Office or OpenDocument without what travels with it, and the words for what went.
func Office(data []byte) (clean []byte, what []string, err error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(z.File) == 0 || len(z.File) > maxEntries {
		return nil, nil, ErrNotUnderstood
	}
	for _, f := range z.File {
		switch name := strings.ToLower(f.Name); {
		case strings.HasPrefix(name, "_xmlsignatures/"), strings.HasPrefix(name, "meta-inf/") && strings.Contains(name, "signatures"):
			return nil, nil, ErrSigned
		case f.Flags&1 != 0, f.Method != zip.Store && f.Method != zip.Deflate:
			return nil, nil, ErrNotUnderstood
		}
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	o := &office{out: w, left: maxInside, people: maps.Clone(people), small: map[string]bool{}}
	for _, f := range z.File {
		if strings.ToLower(f.Name) == relationships {
			if err := o.parts(f); err != nil {
				return nil, nil, err
			}
		}
	}
	for _, f := range z.File {
		if err := o.entry(f); err != nil {
			return nil, nil, err
		}
		if out.Len() > 2*len(data) { // entries that lie in one another
			return nil, nil, ErrNotUnderstood
		}
	}
	if z.Comment != "" {
		o.gone.add(Comment)
	}
	if err := w.Close(); err != nil {
		return nil, nil, err
	}
	return out.Bytes(), o.gone, nil
}

// office packs an archive anew.
type office struct {
	out    *zip.Writer
	gone   removed
	left   int64                        // bytes that may still be opened
	people map[string]map[string]string // as people, with the entries that this document has for them
	small  map[string]bool              // its small pictures of itself
}

// relationships is the entry that says what a document's parts are for.
const relationships = "_rels/.rels"

// parts reads which entries say who made a document: not every program names them as Office does.
func (o *office) parts(f *zip.File) error {
	text, err := o.read(f)
	if err != nil {
		return err
	}
	_, err = cutOut(text, func(e xml.StartElement) bool {
		kind, target := "", ""
		for _, a := range e.Attr {
			switch a.Name.Local {
			case "Type":
				kind = path.Base(a.Value)
			case "Target":
				target = strings.ToLower(strings.TrimPrefix(path.Clean("/"+a.Value), "/"))
			}
		}
		switch kind {
		case "core-properties":
			o.people[target] = people["docprops/core.xml"]
		case "extended-properties":
			o.people[target] = people["docprops/app.xml"]
		case "thumbnail":
			o.small[target] = true
		}
		return false
	})
	return err
}

func (o *office) entry(f *zip.File) error {
	name := strings.ToLower(f.Name)
	change := picture
	switch {
	case o.people[name] != nil:
		change = func(b []byte) ([]byte, []string, error) { return emptied(b, o.people[name]) }
	case name == relationships:
		change = withoutThumbnail
	case name == "xl/workbook.xml":
		change = withoutFolder
	case name == "thumbnails/thumbnail.png": // the list of entries says that it is there
		change = func([]byte) ([]byte, []string, error) { return []byte(smallest), []string{Thumbnail}, nil }
	case o.small[name], strings.HasPrefix(name, "docprops/thumbnail."):
		o.gone.add(Thumbnail)
		return nil
	}
	b, err := o.read(f)
	if err != nil {
		return err
	}
	b, gone, err := change(b)
	if err != nil {
		return err
	}
	for _, word := range gone {
		o.gone.add(word)
	}
	return o.write(f, b)
}

// firstDay is the day that Office itself writes on entries: 1980-01-01.
const firstDay = 1<<5 | 1

// write packs an entry anew, with nothing but its name and its bytes: what else an archive has room for stays behind.
func (o *office) write(f *zip.File, b []byte) error {
	packed := b
	if f.Method == zip.Deflate {
		var out bytes.Buffer
		w, err := flate.NewWriter(&out, flate.DefaultCompression)
		if err == nil {
			_, err = w.Write(b)
		}
		if err != nil || w.Close() != nil {
			return ErrNotUnderstood
		}
		packed = out.Bytes()
	}
	to, err := o.out.CreateRaw(&zip.FileHeader{
		Name: f.Name, NonUTF8: f.NonUTF8, Flags: f.Flags & 0x800, Method: f.Method, CRC32: crc32.ChecksumIEEE(b),
		ModifiedDate:     firstDay, //nolint:staticcheck // the newer field would add one of its own to the entry
		CompressedSize64: uint64(len(packed)), UncompressedSize64: uint64(len(b)),
	})
	if err == nil {
		_, err = to.Write(packed)
	}
	if err != nil {
		return ErrNotUnderstood
	}
	return nil
}

// picture takes the notes out of a picture, whatever it is called, and leaves other entries as they are.
func picture(b []byte) ([]byte, []string, error) {
	begins := func(with string) bool { return bytes.HasPrefix(b, []byte(with)) }
	switch {
	case begins("\xff\xd8\xff"):
		return JPEG(b)
	case begins(pngHead):
		return PNG(b)
	case begins("GIF8"):
		return GIF(b)
	case begins("RIFF") && len(b) > 12 && string(b[8:12]) == "WEBP":
		return WebP(b)
	case IsHEIF(b):
		return HEIF(b)
	}
	return b, nil, nil
}

// smallest is a picture of one pixel that cannot be seen.
const smallest = pngHead + "\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\x0d\x49\x44\x41\x54\x78\xda\x63\x60\x60\x60\x60\x00\x00\x00\x05\x00\x01\x7a\xa8\x57\x50\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82"

func (o *office) read(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, ErrNotUnderstood
	}
	defer func() { _ = r.Close() }()
	most := min(o.left, maxEntry)
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil || int64(len(b)) > most {
		return nil, ErrNotUnderstood
	}
	o.left -= int64(len(b))
	return b, nil
}

// span is a piece of a text.
type span struct{ from, to int64 }

// emptied takes the words out of elements, and leaves every other byte as it is.
func emptied(text []byte, names map[string]string) ([]byte, []string, error) {
	var gone removed
	var cut []span
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // names of elements are ASCII
	depth, inside, from := 0, 0, int64(0)
	word := ""
	for {
		before := d.InputOffset()
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, ErrNotUnderstood
		}
		switch e := t.(type) {
		case xml.Comment:
			if inside == 0 {
				cut = append(cut, span{before, d.InputOffset()})
				gone.add(Comment)
			}
		case xml.StartElement:
			depth++
			if w := names[e.Name.Local]; w != "" && inside == 0 {
				inside, from, word = depth, d.InputOffset(), w
			}
		case xml.EndElement:
			if inside == depth && inside > 0 {
				if before > from {
					cut = append(cut, span{from, before})
					gone.add(word)
				}
				inside = 0
			}
			depth--
		}
	}
	if depth != 0 {
		return nil, nil, ErrNotUnderstood
	}
	return without(text, cut), gone, nil
}

// withoutThumbnail takes the way to the thumbnail out of the list of a document's parts.
func withoutThumbnail(text []byte) ([]byte, []string, error) {
	clean, err := cutOut(text, func(e xml.StartElement) bool {
		return e.Name.Local == "Relationship" && slices.ContainsFunc(e.Attr, func(a xml.Attr) bool {
			return a.Name.Local == "Type" && strings.HasSuffix(a.Value, "/metadata/thumbnail")
		})
	})
	return clean, nil, err
}

// withoutFolder takes out in which folder of whose computer a workbook was kept.
func withoutFolder(text []byte) ([]byte, []string, error) {
	clean, err := cutOut(text, func(e xml.StartElement) bool { return e.Name.Local == "absPath" })
	if len(clean) == len(text) {
		return clean, nil, err
	}
	return clean, []string{Vendor}, err
}

// cutOut takes out elements, and leaves every other byte as it is.
func cutOut(text []byte, goes func(xml.StartElement) bool) ([]byte, error) {
	var cut []span
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // names of elements are ASCII
	from, open, inside := int64(0), 0, 0
	for {
		before := d.InputOffset()
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, ErrNotUnderstood
		}
		switch e := t.(type) {
		case xml.StartElement:
			open++
			if inside == 0 && goes(e) {
				from, inside = before, open
			}
		case xml.EndElement:
			if inside == open && inside > 0 {
				cut = append(cut, span{from, d.InputOffset()})
				inside = 0
			}
			open--
		}
	}
	if open != 0 {
		return nil, ErrNotUnderstood
	}
	return without(text, cut), nil
}

func without(text []byte, cut []span) []byte {
	out := make([]byte, 0, len(text))
	at := int64(0)
	for _, c := range cut {
		out = append(out, text[at:c.from]...)
		at = c.to
	}
	return append(out, text[at:]...)
}
