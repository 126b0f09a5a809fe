// Package packed finds what stands in a text packed and in letters: gzip, zlib or deflate, written as base64 (both alphabets, in lines
// or not), hexadecimal or base32, as programs write it and people paste it. Text in base32 that is not packed is found too; text in
// base64 and hexadecimal is package pii's.
//
// It promises: time in proportion to the text, whatever it is (Tries bounds how often a beginning that looks packed is tried, Most what comes out
// of one), and a word when there was more than that. A piece that merely could be packed and is not is no piece. It holds what
// it unpacks in memory. Where a line follows a piece that no sign ends, its first word counts as part of it. It refuses to guess: a stream without a frame is one only when it ends well and is readable.
package packed

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"unicode/utf8"
)

// The limits.
const (
	Least = 24      // letters of a piece
	Most  = 4 << 20 // bytes that come out of one
	Tries = 64      // of streams over several lines in one text
	ratio = 200     // bytes out for each byte in
	probe = 1024    // letters that are tried before all are
)

// Piece is a part of a text and what it stands for.
type Piece struct {
	Start, End int // bytes of the text
	Content    []byte
	Over       bool // it holds more, which a limit, damage or the end of the text keeps back
}

// letters are those of base64, in both alphabets, as they are decoded; 0: none.
var letters = func() (t [256]byte) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = c
	}
	t['-'], t['_'] = '+', '/'
	return t
}()

// finder goes over one text.
type finder struct {
	text   []byte
	tries  int
	long   int // where the last long run of letters ended
	pieces []Piece
	frame  io.Reader // of deflate, used again
}

// Find gives the pieces of a text. all is false when more of it looked packed than may be tried.
func Find(text []byte) (pieces []Piece, all bool) {
	f := finder{text: text}
	for at := 0; at+Least <= len(text); { // no letter stands before at
		last := at + Least - 1
		if letters[text[last]] == 0 {
			at = last + 1
			continue
		}
		start := last
		for start > at && letters[text[start-1]] != 0 {
			start--
		}
		if at = f.end(last); at-start >= Least {
			at = f.try(start, at)
			f.long = at
		}
	}
	return f.pieces, f.tries <= Tries
}

// Is says whether a text is one piece and nothing else.
func Is(text []byte) bool {
	pieces, _ := Find(text)
	return len(pieces) == 1 && pieces[0].Start == 0 && pieces[0].End == len(text)
}

// end is where the letters end that stand at a place.
func (f *finder) end(at int) int {
	for at < len(f.text) && letters[f.text[at]] != 0 {
		at++
	}
	return at
}

// try looks whether a run of letters is a piece, and says where that ends.
func (f *finder) try(start, end int) int {
	run := f.text[start:end]
	if plain, ok := text32(run); ok {
		return f.piece(start, end, plain, false)
	}
	to := end
	raw := sixteen(run)
	if raw == nil {
		raw = thirtyTwo(run)
	}
	if raw == nil {
		raw, to = f.sixtyFour(start, end)
	}
	if to > end { // a line of it may be tried again
		f.tries++
	}
	if len(raw) == 0 || f.tries > Tries {
		return end
	}
	if content, over, ok := f.unpack(raw); ok {
		return f.piece(start, to, content, over)
	}
	return end
}

// piece notes one, with the signs that fill it up.
func (f *finder) piece(start, end int, content []byte, over bool) int {
	for end < len(f.text) && f.text[end] == '=' {
		end++
	}
	f.pieces = append(f.pieces, Piece{start, end, content, over})
	return end
}

// framed says whether bytes begin as gzip or zlib do.
func framed(b []byte) (gz, z bool) {
	if len(b) < 3 {
		return false, false
	}
	gz = b[0] == 0x1f && b[1] == 0x8b && b[2] == 8
	z = b[0]&15 == 8 && b[0]>>4 <= 7 && b[1]&0x20 == 0 && (int(b[0])<<8|int(b[1]))%31 == 0
	return gz, z
}

// bare says whether bytes can begin a deflate stream: with a block that is packed, or with one that says twice how long it is.
func bare(b []byte) bool {
	kind := b[0] >> 1 & 3
	return kind == 1 || kind == 2 || kind == 0 && b[1]^b[3] == 0xff && b[2]^b[4] == 0xff
}

// sixteen undoes hexadecimal of what has a frame.
func sixteen(run []byte) []byte {
	raw := make([]byte, 3)
	if _, err := hex.Decode(raw, run[:6]); err != nil {
		return nil
	}
	if gz, z := framed(raw); !gz && !z {
		return nil
	}
	raw = make([]byte, len(run)/2)
	n, _ := hex.Decode(raw, run[:len(run)&^1]) // as far as it goes
	return raw[:n]
}

var base32Letters = base32.StdEncoding.WithPadding(base32.NoPadding)

// thirtyTwo undoes base32 of what has a frame.
func thirtyTwo(run []byte) []byte {
	raw := make([]byte, base32Letters.DecodedLen(len(run)))
	if n, err := base32Letters.Decode(raw, bytes.ToUpper(run[:8])); err != nil || n < 3 {
		return nil
	}
	if gz, z := framed(raw); !gz && !z {
		return nil
	}
	n, _ := base32Letters.Decode(raw, bytes.ToUpper(run))
	return raw[:n]
}

// text32 undoes base32 of readable text.
func text32(run []byte) ([]byte, bool) {
	first := make([]byte, 5)
	if n, err := base32Letters.Decode(first, bytes.ToUpper(run[:8])); err != nil || n < 5 || !readable(first) {
		return nil, false
	}
	raw := make([]byte, base32Letters.DecodedLen(len(run)))
	n, err := base32Letters.Decode(raw, bytes.ToUpper(run))
	return raw[:n], err == nil && readable(raw[:n])
}

// readable says whether bytes are text in UTF-8.
func readable(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return utf8.Valid(b)
}

// sixtyFour undoes base64 of what may be packed, over as many lines as it goes on.
func (f *finder) sixtyFour(start, end int) (raw []byte, to int) {
	first := decode64(f.text[start : start+16])
	gz, z := framed(first)
	if !gz && !z && (f.goesOn(start) || !bare(first)) {
		return nil, end
	}
	if !gz && end-start > probe {
		if content, _, err := f.read(decode64(f.text[start : start+probe])); !errors.Is(err, io.ErrUnexpectedEOF) && err != nil || !z && !readable(whole(content)) {
			return nil, end
		}
	}
	for to = end; ; {
		next := to
		for next < len(f.text) && next < to+2 && (f.text[next] == '\r' || f.text[next] == '\n') {
			next++
		}
		if next == to || next == len(f.text) || letters[f.text[next]] == 0 {
			break
		}
		to = f.end(next)
	}
	return decode64(f.text[start:to]), to
}

// goesOn says whether a run is the next line of one before.
func (f *finder) goesOn(start int) bool {
	return f.long > 0 && start-f.long <= 2 && len(bytes.TrimLeft(f.text[f.long:start], "\r\n")) == 0
}

// decode64 undoes base64 as far as it goes.
func decode64(run []byte) []byte {
	plain := make([]byte, 0, len(run))
	for _, c := range run {
		if l := letters[c]; l != 0 {
			plain = append(plain, l)
		}
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(plain)))
	n, _ := base64.RawStdEncoding.Decode(out, plain)
	return out[:n]
}

// unpack reads what bytes hold.
func (f *finder) unpack(raw []byte) (content []byte, over, ok bool) {
	gz, z := framed(raw)
	content, over, err := f.read(raw)
	broken := err != nil && !errors.Is(err, zlib.ErrChecksum) && !errors.Is(err, gzip.ErrChecksum)
	switch {
	case gz: // nothing else begins so
		return content, over || broken, true
	case len(content) < 16: // what is shorter can be chance
		return nil, false, false
	case z:
		return content, over || broken, !broken || readable(whole(content))
	}
	return content, over, !broken && readable(whole(content))
}

// read unpacks as far as the limits go. over: there is more.
func (f *finder) read(raw []byte) (content []byte, over bool, err error) {
	in := bytes.NewReader(raw)
	gz, z := framed(raw)
	var r io.Reader
	switch {
	case gz:
		r, err = gzip.NewReader(in)
	case z:
		r, err = zlib.NewReader(in)
	case f.frame == nil:
		f.frame = flate.NewReader(in)
		r = f.frame
	default:
		r, err = f.frame, f.frame.(flate.Resetter).Reset(in, nil)
	}
	if err != nil {
		return nil, false, err
	}
	if zip, is := r.(*gzip.Reader); is {
		zip.Multistream(false)
	}
	most := min(Most, len(raw)*ratio)
	content, err = io.ReadAll(io.LimitReader(r, int64(most)+1))
	for zip, is := r.(*gzip.Reader); is && err == nil && len(content) <= most; { // another may stand behind it, or something else
		if zip.Reset(in) != nil {
			break
		}
		zip.Multistream(false)
		var more []byte
		more, err = io.ReadAll(io.LimitReader(zip, int64(most-len(content))+1))
		content = append(content, more...)
	}
	if len(content) > most {
		return content[:most], true, err
	}
	return content, false, err
}

// whole is a text without what is cut off at its end.
func whole(b []byte) []byte {
	for i := 0; i < utf8.UTFMax && len(b) > 0; i++ {
		if r, n := utf8.DecodeLastRune(b); r != utf8.RuneError || n != 1 {
			break
		}
		b = b[:len(b)-1]
	}
	return b
}
