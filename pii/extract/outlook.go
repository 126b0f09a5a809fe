package extract

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/richardlehane/mscfb"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/amanah-id/amanah/pii/extract/internal/letter"
	"github.com/amanah-id/amanah/pii/extract/internal/rtf"
)

// said are the properties of a message that people write and read, and what they are called.
var said = []struct{ id, name string }{
	{"0037", "Subject"}, {"0C1A", "From"}, {"0C1F", "From"}, {"5D01", "From"}, {"0042", "From"}, {"0065", "From"}, {"5D02", "From"}, {"0E04", "To"}, {"0E03", "Cc"}, {"0E02", "Bcc"},
	{"3001", "Name"}, {"3003", "Address"}, {"39FE", "Address"}, {"0050", "Reply-To"}, {"0070", "Topic"},
	{"3A00", "Account"}, {"3A02", "Phone"}, {"3A08", "Phone"}, {"3A09", "Phone"}, {"3A1A", "Phone"}, {"3A1C", "Phone"}, {"3A06", "Name"}, {"3A11", "Name"}, {"3A16", "Company"}, {"3A27", "City"}, {"3A29", "Street"}, {"3A15", "Address"},
}

// outlook reads a message of Outlook. Other files of the same container (Word, Excel and PowerPoint before 2007, Access, installers) are not read.
func (p *parser) outlook() error {
	doc, err := mscfb.New(bytes.NewReader(p.task.Data))
	if err != nil {
		return Damaged
	}
	properties := map[string]map[string][]byte{} // of each storage, by the eight digits of its streams
	message := false
	for {
		f, err := doc.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Damaged
		}
		switch f.Name {
		case "EncryptedPackage", "EncryptionInfo":
			return Encrypted
		case "__properties_version1.0":
			message = true
		}
		id, ok := strings.CutPrefix(f.Name, "__substg1.0_")
		if !ok || len(id) != 8 || f.Size == 0 {
			continue
		}
		data, err := p.unpack(io.LimitReader(f, int64(len(p.task.Data))), int64(len(p.task.Data)))
		if err != nil {
			return wrong(err)
		}
		place := strings.Join(f.Path, "/")
		if properties[place] == nil {
			properties[place] = map[string][]byte{}
		}
		properties[place][strings.ToUpper(id)] = data
	}
	if !message {
		return Unsupported
	}
	var first error
	for _, place := range slices.Sorted(maps.Keys(properties)) {
		if strings.HasPrefix(place, "__nameid") {
			continue
		}
		if err := p.message(place, properties[place]); err != nil {
			if p.failed != nil || p.ctx.Err() != nil {
				return err
			}
			if first == nil {
				first = err
			}
		}
	}
	return first
}

// message reads the properties of a message, a recipient or an attachment.
func (p *parser) message(place string, properties map[string][]byte) error {
	at := Origin{Part: "header"}
	out := newLines(at, p.segment)
	property := func(id string) string {
		if v := properties[id+"001F"]; v != nil {
			text, _ := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Bytes(v)
			return strings.TrimRight(string(text), "\x00")
		}
		text, _, _ := transform.Bytes(letter.Western{}, properties[id+"001E"])
		return strings.TrimRight(string(text), "\x00")
	}
	add := func(id, name string) error { return out.add(property(id), Mark{Place: name, Header: name}) }
	for _, s := range said {
		if err := add(s.id, s.name); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(properties)) {
		if (strings.HasSuffix(id, "001F") || strings.HasSuffix(id, "001E")) && id >= "8000" { // fields of one's own
			if err := add(id[:4], "Field"); err != nil {
				return err
			}
		}
	}
	if err := out.flush(); err != nil {
		return err
	}
	if data := properties["37010102"]; data != nil && strings.Contains(place, "__attach") {
		name := property("3707")
		if name == "" {
			name = property("3704")
		}
		if name == "" {
			name = "attachment"
		}
		return p.part(name, data)
	}
	return p.outlookBody(properties, property)
}

// outlookBody reads the body in each form that there is.
func (p *parser) outlookBody(properties map[string][]byte, property func(string) string) error {
	at := Origin{Part: "body"}
	body := property("1000")
	if err := p.text(at, body); err != nil {
		return err
	}
	html := properties["10130102"]
	if html == nil {
		html = []byte(property("1013"))
	}
	if len(html) > 0 {
		return p.part("body.html", html)
	}
	packed := properties["10090102"]
	if body != "" || packed == nil {
		return nil
	}
	text, err := rtf.Unpack(packed, p.task.Limits.Document)
	if errors.Is(err, rtf.ErrTooBig) {
		return TooBig
	}
	if err != nil {
		return Damaged
	}
	return p.rtf(at, text)
}

// rtf reads the text of RTF. Objects within it are said to be not inspected.
func (p *parser) rtf(at Origin, data []byte) error {
	out := newWindows(at, false, p.segment)
	out.line = 0
	object, err := rtf.Text(data, out, p.ctx.Err)
	if err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	if object {
		return p.skip(at, Unsupported)
	}
	return nil
}
