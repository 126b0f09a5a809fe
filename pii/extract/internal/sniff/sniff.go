// Package sniff tells what bytes are, for package extract: a kind of file by its first bytes, the encoding of text, the
// separator of a table.
//
// The content decides. A name helps only where content cannot tell a table or a mail from other text, and it never makes
// a binary file text, so that renaming a file hides nothing. What is known and not read (7z, rar, films) is told from what is not known
// at all. Nothing is an error here: whatever the bytes are, there is an answer, in time linear in the few thousand that are looked at.
package sniff

import (
	"bytes"
	"path"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Size is how much of an item should be looked at to tell what it is.
const Size = 8192

// Reading says what can be done with an item.
type Reading int

// What can be done.
const (
	Read    Reading = iota
	Unread          // a kind that is known and not read
	Unknown         // binary of no kind that is known
)

// Extension is the ending of a name, in small letters, with its dot.
func Extension(name string) string {
	return strings.ToLower(path.Ext(strings.ReplaceAll(name, "\\", "/")))
}

// signature is a kind that is known by its first bytes.
type signature struct {
	at    int
	bytes string
	kind  string
}

var signatures = []signature{
	{0, "PK\x03\x04", "zip"}, {0, "PK\x05\x06", "zip"}, {0, "PK\x07\x08", "zip"}, {0, "\x1f\x8b", "gzip"}, {0, "BZh", "bzip2"}, {257, "ustar", "tar"},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "msg"}, {0, "{\\rtf", "rtf"},
	{0, "\x89PNG\r\n\x1a\n", "picture"}, {0, "\xff\xd8\xff", "picture"}, {0, "GIF87a", "picture"}, {0, "GIF89a", "picture"}, {0, "II*\x00", "picture"}, {0, "MM\x00*", "picture"},
}

// unread are formats that are known and not read.
var unread = []signature{
	{0, "7z\xbc\xaf\x27\x1c", "other"}, {0, "Rar!\x1a\x07", "other"}, {0, "\xfd7zXZ\x00", "other"}, {0, "\x28\xb5\x2f\xfd", "other"}, {0, "SQLite format 3\x00", "other"},
	{4, "ftyp", "other"}, {0, "MSCF", "other"}, {0, "!BDN", "other"}, {0, "\x30\x80", "other"}, {0, "\x30\x82", "other"}, {0, "\x30\x83", "other"}, {0, "ID3", "other"}, {0, "OggS", "other"}, {0, "fLaC", "other"},
}

func (s signature) match(head []byte) bool {
	return len(head) >= s.at+len(s.bytes) && string(head[s.at:s.at+len(s.bytes)]) == s.bytes
}

// Of tells what an item is by its first bytes.
func Of(head []byte, name string) (kind string, r Reading) {
	for _, s := range signatures {
		if s.match(head) {
			return s.kind, Read
		}
	}
	for _, s := range unread {
		if s.match(head) {
			return "other", Unread
		}
	}
	if len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP" {
		return "picture", Read
	}
	if len(head) >= 14 && head[0] == 'B' && head[1] == 'M' && bytes.IndexByte(head[2:14], 0) >= 0 {
		return "picture", Read
	}
	if i := bytes.Index(head[:min(len(head), 1024)], []byte("%PDF-")); i >= 0 && (i == 0 || !Textual(head[:i])) || i > 0 && bytes.Contains(head, []byte(" obj")) {
		return "pdf", Read
	}
	if Wide(head) != "" {
		return textKind(narrow(head), name), Read
	}
	switch {
	case mainframe(head):
		return "other", Unread
	case !Textual(head):
		return "other", Unknown
	}
	return textKind(head, name), Read
}

// mainframe tells text in EBCDIC, whose letters and digits are where other encodings have nothing that is often: nine in ten bytes are one of them or
// its blank.
func mainframe(b []byte) bool {
	high, fits := 0, 0
	for _, c := range b {
		low := c & 15
		switch {
		case c >= 0x81 && low >= 1 && low <= 9, c >= 0xf0 && low == 0:
			high++
			fits++
		case c == 0x40, c == 0x4b, c == 0x6b, c == 0x15, c == 0x25:
			fits++
		}
	}
	return high*2 > len(b) && fits*10 >= len(b)*9 && !ValidPrefix(b)
}

// Textual says whether bytes are text: few control characters, whatever the encoding, and hardly any where many letters are not those of
// ASCII, since what is packed or encrypted has one in nine.
func Textual(b []byte) bool {
	n, high := controls(b), 0
	for _, c := range b {
		high += int(c >> 7)
	}
	return n*10 <= len(b) && (n*50 <= utf8.RuneCount(b) || high*5 < len(b))
}

// controls counts the bytes that no text has.
func controls(b []byte) (n int) {
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b || c == 0x7f {
			n++
		}
	}
	return n
}

// textKind tells kinds of text apart.
func textKind(head []byte, name string) string {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	start := bytes.TrimLeft(head, " \t\r\n")
	low := bytes.ToLower(start[:min(len(start), 1024)])
	ext := Extension(name)
	switch {
	case bytes.HasPrefix(low, []byte("<!doctype html")), bytes.HasPrefix(low, []byte("<html")), bytes.HasPrefix(low, []byte("<head")), bytes.HasPrefix(low, []byte("<body")),
		(ext == ".html" || ext == ".htm") && bytes.IndexByte(low, '<') >= 0:
		return "html"
	case bytes.HasPrefix(low, []byte("<?xml")), bytes.HasPrefix(low, []byte("<svg")), ext == ".xml" && bytes.HasPrefix(low, []byte("<")):
		return "xml"
	case looksLikeJSON(start):
		return "json"
	case bytes.HasPrefix(head, []byte("From ")) && looksLikeMail(head[len(firstLine(head)):]):
		return "mbox"
	case looksLikeMail(head) || ext == ".eml" && (mailHeader(firstLine(head)) != "" || len(mailHeaders(head, false)) > 0):
		return "eml"
	}
	if Delimiter(head, ext) != 0 {
		return "csv"
	}
	return "text"
}

func looksLikeJSON(start []byte) bool {
	if len(start) == 0 || start[0] != '{' && start[0] != '[' {
		return false
	}
	next := bytes.TrimLeft(start[1:], " \t\r\n")
	if len(next) == 0 {
		return false
	}
	if start[0] == '{' {
		return next[0] == '"' || next[0] == '}'
	}
	return strings.IndexByte(`{["]-0123456789tfn`, next[0]) >= 0
}

func firstLine(b []byte) []byte {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		b = b[:i]
	}
	return bytes.TrimRight(b, "\r")
}

// mailHeader is the name of the header that a line begins.
func mailHeader(line []byte) string {
	i := bytes.IndexByte(line, ':')
	if i <= 0 || i > 60 {
		return ""
	}
	for _, c := range line[:i] {
		if c <= ' ' || c >= 0x7f {
			return ""
		}
	}
	return strings.ToLower(string(line[:i]))
}

// looksLikeMail wants two different headers that only mail has, before anything else.
func looksLikeMail(head []byte) bool { return len(mailHeaders(head, true)) >= 2 }

// mailHeaders are the headers that only mail has, in the first lines. strict: none when a line among them is no header.
func mailHeaders(head []byte, strict bool) map[string]bool {
	seen := map[string]bool{}
	if bytes.IndexByte(head, '\r') >= 0 {
		head = bytes.ReplaceAll(bytes.ReplaceAll(head, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	}
	for i, line := range bytes.Split(bytes.TrimPrefix(head, []byte("\n")), []byte("\n")) {
		if len(line) == 0 || i > 200 {
			break
		}
		if i > 0 && (line[0] == ' ' || line[0] == '\t') {
			continue
		}
		name := mailHeader(line)
		if name == "" && strict {
			return nil
		}
		switch name {
		case "from", "to", "subject", "date", "received", "return-path", "message-id", "mime-version", "delivered-to", "content-type", "cc":
			seen[name] = true
		}
	}
	return seen
}

// Wide tells UTF-16 and UTF-32 by the mark at the beginning or by zeros in every second byte.
func Wide(head []byte) string {
	switch {
	case narrowBehind(head):
		return ""
	case bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")):
		return "utf-32le"
	case bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")):
		return "utf-32be"
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return "utf-16le"
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return "utf-16be"
	case len(head) < 8:
		return ""
	}
	var zeros [2]int
	odd := 0
	for i := 0; i+1 < len(head); i += 2 {
		for j := range 2 {
			if head[i+j] == 0 {
				zeros[j]++
			} else if c := head[i+j]; c < 9 {
				odd++
			}
		}
	}
	half := len(head) / 2
	switch {
	case odd*10 > half:
	case zeros[1]*10 >= half*7 && zeros[0]*20 <= half:
		return "utf-16le"
	case zeros[0]*10 >= half*7 && zeros[1]*20 <= half:
		return "utf-16be"
	}
	return ""
}

// narrowBehind says whether the mark of wide text stands before text that is not wide: nearly all of it ASCII, and read by twos it would be no word of
// any language.
func narrowBehind(head []byte) bool {
	if len(head) < 8 || head[0] < 0xfe || head[1] < 0xfe {
		return false
	}
	ascii := 0
	for _, c := range head[2:] {
		if c < 0x7f && (c >= ' ' || c == '\n' || c == '\r' || c == '\t') {
			ascii++
		}
	}
	return ascii*10 >= (len(head)-2)*9
}

// narrow makes wide text ASCII, to look at it.
func narrow(head []byte) []byte {
	if strings.HasPrefix(Wide(head), "utf-32") {
		return nil
	}
	low := Wide(head) == "utf-16le"
	units := make([]uint16, 0, len(head)/2)
	for i := 0; i+1 < len(head); i += 2 {
		a, b := uint16(head[i]), uint16(head[i+1])
		if low {
			a, b = b, a
		}
		if u := a<<8 | b; u != 0xfeff {
			units = append(units, u)
		}
	}
	return []byte(string(utf16.Decode(units)))
}

// ValidPrefix says whether bytes are UTF-8, of which the last rune may be cut off.
func ValidPrefix(b []byte) bool {
	for i := 0; i < utf8.UTFMax && len(b) > 0 && !utf8.Valid(b); i++ {
		if r, n := utf8.DecodeLastRune(b); r != utf8.RuneError || n != 1 {
			return false
		}
		b = b[:len(b)-1]
	}
	return utf8.Valid(b)
}
