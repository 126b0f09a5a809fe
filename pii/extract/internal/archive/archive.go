// Package archive looks at the directory of a zip archive for package extract: how large it is, before anybody reads it in, and whether the archive
// holds bytes that it does not list.
//
// Programs differ on what is in an archive: most believe the directory at its end, some take each entry as it comes. Whatever stands outside the
// entries that are listed would be read by the latter only, and brought back by a repair. It is not read here; it is told of. Memory is bounded by the
// number of entries.
package archive

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// What a directory has too much of.
var (
	ErrEntries = errors.New("archive: too many entries")
	ErrSize    = errors.New("archive: too large a directory")
)

// Hides says whether bytes stand before, between or behind the entries that the directory lists.
func Hides(z *zip.Reader, r io.ReaderAt, size int64) bool {
	type span struct{ from, to int64 }
	listed := make([]span, 0, len(z.File))
	for _, f := range z.File {
		at, err := f.DataOffset()
		if err != nil {
			return false // the entry itself will be said to be damaged
		}
		listed = append(listed, span{at, at + int64(min(f.CompressedSize64, uint64(size)))}) //nolint:gosec // a size is not negative
	}
	slices.SortFunc(listed, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	end := int64(0)
	for i, e := range listed {
		if end <= e.from && !adjoins(r, end, e.from, i == 0) {
			return true
		}
		end = max(end, e.to)
	}
	starts, closes, err := directory(r, size)
	if err != nil || closes < size {
		return true
	}
	return !slices.ContainsFunc(starts, func(start int64) bool { return slices.Contains(lengths, start-end) })
}

// lengths are those of what may stand behind an entry whose length was not known before: nothing, a sum and two lengths, with a mark and without.
var lengths = []int64{0, 12, 16, 20, 24}

// adjoins says whether nothing but the head of an entry stands between the end of the one before and its data.
func adjoins(r io.ReaderAt, end, data int64, first bool) bool {
	var head [30]byte
	for _, n := range append([]int64{4}, lengths...) { // an archive in pieces begins with a mark of four bytes
		if n == 4 && !first || n > 4 && first {
			continue
		}
		if k, _ := r.ReadAt(head[:], end+n); k < len(head) || string(head[:4]) != "PK\x03\x04" {
			continue
		}
		if end+n+30+int64(binary.LittleEndian.Uint16(head[26:]))+int64(binary.LittleEndian.Uint16(head[28:])) == data {
			return true
		}
	}
	return false
}

// Count walks the directory of an archive without keeping it, so that one of millions of entries, or of very long names, is
// refused before it is read in.
func Count(r io.ReaderAt, size int64, entries int, most int64) error {
	starts, _, err := directory(r, size)
	if err != nil {
		return err
	}
	for _, start := range starts {
		if err := countHeaders(io.NewSectionReader(r, start, size-start), entries, most); err != nil {
			return err
		}
	}
	return nil
}

// countHeaders goes over the headers of a directory, one after the other.
func countHeaders(r io.Reader, entries int, most int64) error {
	in := bufio.NewReaderSize(r, 64<<10)
	sum := int64(0)
	for n := 0; ; n++ {
		h, err := in.Peek(46)
		if err != nil || binary.LittleEndian.Uint32(h) != 0x02014b50 {
			return nil //nolint:nilerr // the end of the headers
		}
		if n >= entries {
			return ErrEntries
		}
		length := 46 + int(binary.LittleEndian.Uint16(h[28:])) + int(binary.LittleEndian.Uint16(h[30:])) + int(binary.LittleEndian.Uint16(h[32:]))
		if sum += int64(length); sum > most {
			return ErrSize
		}
		if _, err := in.Discard(length); err != nil {
			return nil //nolint:nilerr // likewise
		}
	}
}

// directory finds where the directory may begin, and where the archive ends: archive/zip tries the place that is written, and the one before the end.
func directory(r io.ReaderAt, size int64) (starts []int64, closes int64, err error) {
	tail := make([]byte, min(size, 66<<10))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || i+22 > len(tail) {
		return nil, 0, io.ErrUnexpectedEOF
	}
	end := size - int64(len(tail)) + int64(i)
	add := func(at uint64) {
		if at < uint64(size) { //nolint:gosec // a size is not negative
			starts = append(starts, int64(at))
		}
	}
	add(uint64(binary.LittleEndian.Uint32(tail[i+16:])))
	add(uint64(end - int64(binary.LittleEndian.Uint32(tail[i+12:])))) //nolint:gosec // one below zero is beyond the size
	if i >= 20 && string(tail[i-20:i-16]) == "PK\x06\x07" {
		big := make([]byte, 56)
		if at := binary.LittleEndian.Uint64(tail[i-12:]); at < uint64(size) { //nolint:gosec // likewise
			if n, _ := r.ReadAt(big, int64(at)); n == len(big) && string(big[:4]) == "PK\x06\x06" {
				add(binary.LittleEndian.Uint64(big[48:]))
				add(at - binary.LittleEndian.Uint64(big[40:]))
			}
		}
	}
	return starts, end + 22 + int64(binary.LittleEndian.Uint16(tail[i+20:])), nil
}
