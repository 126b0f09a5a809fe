package strip

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/xml"
	"errors"
	"hash/crc32"
	"io"
	"path"
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
	o := &office{out: w, left: maxInside}
	for _, f := range z.File {
		if err := o.entry(f); err != nil {
			return nil, nil, err
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
	out  *zip.Writer
	gone removed
	left int64 // bytes that may still be opened
}

func (o *office) entry(f *zip.File) error {
	name := strings.ToLower(f.Name)
	var change func([]byte) ([]byte, []string, error)
	switch ext := path.Ext(name); {
	case people[name] != nil:
		change = func(b []byte) ([]byte, []string, error) { return emptied(b, people[name]) }
	case name == "_rels/.rels":
		change = withoutThumbnail
	case strings.HasPrefix(name, "docprops/thumbnail."):
		o.gone.add(Thumbnail)
		return nil
	case ext == ".jpg" || ext == ".jpeg":
		change = leniently(JPEG)
	case ext == ".png":
		change = leniently(PNG)
	case ext == ".gif":
		change = leniently(GIF)
	}
	b, err := o.read(f)
	if err != nil {
		return err
	}
	if change != nil {
		var gone []string
		if b, gone, err = change(b); err != nil {
			return err
		}
		for _, word := range gone {
			o.gone.add(word)
		}
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

// leniently leaves a picture that is not understood as it is: it is a part of the document, which is.
func leniently(strip func([]byte) ([]byte, []string, error)) func([]byte) ([]byte, []string, error) {
	return func(b []byte) ([]byte, []string, error) {
		clean, gone, err := strip(b)
		if err != nil {
			return b, nil, nil
		}
		return clean, gone, nil
	}
}

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
	var cut []span
	d := xml.NewDecoder(bytes.NewReader(text))
	from, open := int64(-1), 0
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
		case xml.StartElement:
			open++
			for _, a := range e.Attr {
				if e.Name.Local == "Relationship" && a.Name.Local == "Type" && strings.HasSuffix(a.Value, "/metadata/thumbnail") {
					from = before
				}
			}
		case xml.EndElement:
			open--
			if from >= 0 {
				cut = append(cut, span{from, d.InputOffset()})
				from = -1
			}
		}
	}
	if open != 0 {
		return nil, nil, ErrNotUnderstood
	}
	return without(text, cut), nil, nil
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
