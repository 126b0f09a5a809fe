package letter

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
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

// inLetters reads bytes in the encoding that they are said to have. known is false for one that is not known here.
func inLetters(text, label string) (out string, known bool) {
	e, name := charset.Lookup(label)
	if wide := sniff.Wide([]byte(text)); strings.HasPrefix(name, "utf-16") && strings.HasPrefix(wide, "utf-16") { // which end comes first, the text shows
		e, name = charset.Lookup(wide)
	}
	if known = e != nil && name != "replacement"; known && name != "utf-8" {
		out, _ = e.NewDecoder().String(text) // what is no letter becomes the sign for that
		return out, true
	}
	out, _, _ = transform.String(Western{}, text) // never fails
	return out, known
}
