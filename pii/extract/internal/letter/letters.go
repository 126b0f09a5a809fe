package letter

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"

	"github.com/amanah-id/amanah/pii/extract/internal/sniff"
)

// Western reads bytes that are no UTF-8 as Windows-1252, which contains Latin-1. Runs of valid UTF-8 stay as they are, so that a
// single byte at the beginning cannot hide what follows.
type Western struct{ transform.NopResetter }

// Transform is for package transform.
func (Western) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if !atEOF && !utf8.FullRune(src[nSrc:]) {
			return nDst, nSrc, transform.ErrShortSrc
		}
		r, n := utf8.DecodeRune(src[nSrc:])
		if r == utf8.RuneError && n == 1 {
			r = charmap.Windows1252.DecodeByte(src[nSrc])
		}
		if nDst+utf8.RuneLen(r) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += n
	}
	return nDst, nSrc, nil
}

// Charset is the encoding that a label names; nil: UTF-8, or what the text shows. known is false for a label that is not known here,
// which another program may know.
func Charset(label string) (e encoding.Encoding, known bool) {
	e, name := charset.Lookup(label)
	if known = e != nil && name != "replacement"; !known || name == "utf-8" {
		return nil, known
	}
	return e, true
}

// inLetters reads bytes in the encoding that they are said to have, unless they show that each letter has two. known is that of Charset.
func inLetters(text, label string) (out string, known bool) {
	e, known := Charset(label)
	if wide := sniff.Wide([]byte(text)); strings.HasPrefix(wide, "utf-16") {
		e, _ = Charset(wide)
	}
	if e == nil {
		out, _, _ = transform.String(Western{}, text) // never fails
	} else {
		out, _ = e.NewDecoder().String(text) // what is no letter becomes the sign for that
	}
	return out, known
}
