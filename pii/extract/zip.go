package extract

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/amanah-id/amanah/pii/extract/internal/sniff"
)

// Sized is what an archive needs to be read where it lies.
type Sized interface {
	io.ReaderAt
	Size() int64
}

// zip reads an archive, or an Office document, which is one.
func (w *walk) zip(at Origin, r io.Reader, random any, depth int) error {
	var from io.ReaderAt
	var size int64
	if s, ok := random.(Sized); ok {
		from, size = s, s.Size()
	} else {
		data, err := w.hold(r)
		if err != nil {
			return w.failed(at, err)
		}
		from, size = bytes.NewReader(data), int64(len(data))
	}
	if err := countDirectory(from, size, w.Limits); err != nil {
		return w.failed(at, err)
	}
	z, err := zip.NewReader(from, size)
	if err != nil {
		return w.failed(at, Damaged)
	}
	if kind := officeKind(z); kind != "" {
		at.Kind = kind
		data, err := w.hold(io.NewSectionReader(from, 0, size))
		if err != nil {
			return w.failed(at, err)
		}
		return w.parse(at, kind, data, depth)
	}
	if len(z.File) == 0 && size > 1024 {
		return w.skip(at, Damaged)
	}
	if unlisted(z, size) {
		if err := w.skip(at, Hidden); err != nil {
			return err
		}
	}
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") && f.UncompressedSize64 == 0 {
			continue
		}
		entry := inside(at, f.Name)
		if ok, err := w.entered(at, entry, f.Name, depth); !ok || err != nil {
			return err
		}
		if err := w.zipEntry(entry, f, size, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) zipEntry(at Origin, f *zip.File, size int64, depth int) error {
	at.Kind = Other
	if f.Flags&1 != 0 {
		return w.skip(at, Encrypted)
	}
	if f.Method != zip.Store && f.Method != zip.Deflate {
		return w.skip(at, Unsupported)
	}
	r, err := f.Open()
	if err != nil {
		return w.skip(at, Damaged)
	}
	defer func() { _ = r.Close() }()
	packed := int64(min(f.CompressedSize64, uint64(size))) //nolint:gosec // a size is not negative; the directory may lie
	return w.item(at, f.Name, &expanding{w: w, r: r, in: func() int64 { return packed }}, nil, depth+1)
}

// unlisted says whether an archive has more bytes than its directory accounts for: entries that a repair would bring back.
func unlisted(z *zip.Reader, size int64) bool {
	const slack = 64 << 10
	listed := int64(0)
	for _, f := range z.File {
		// Header here and in the directory, extra fields twice, and what may stand behind the data.
		listed += int64(min(f.CompressedSize64, uint64(size))) + 2*int64(len(f.Name)+len(f.Extra)+64) + int64(len(f.Comment)) //nolint:gosec // a size is not negative
	}
	return size-listed-int64(len(z.Comment)) > slack
}

// officeKind tells documents that are archives.
func officeKind(z *zip.Reader) Kind {
	types, kind := false, Kind("")
	for i, f := range z.File {
		if i == 0 && f.Name == "mimetype" && f.UncompressedSize64 < 200 {
			if r, err := f.Open(); err == nil {
				text, _ := io.ReadAll(io.LimitReader(r, 200))
				_ = r.Close()
				if strings.HasPrefix(string(text), "application/vnd.oasis.opendocument.") {
					return Open
				}
			}
		}
		name := strings.ToLower(f.Name)
		types = types || name == "[content_types].xml"
		for prefix, k := range map[string]Kind{"word/": Word, "xl/": Sheet, "ppt/": Slides} {
			if kind == "" && strings.HasPrefix(name, prefix) {
				kind = k
			}
		}
	}
	if !types {
		return ""
	}
	return kind
}

// countDirectory walks the directory of an archive without keeping it, so that one of millions of entries, or of very long names, is
// refused before it is read in.
func countDirectory(r io.ReaderAt, size int64, l Limits) error {
	starts, err := directoryStarts(r, size)
	if err != nil {
		return err
	}
	for _, start := range starts {
		if err := countHeaders(io.NewSectionReader(r, start, size-start), l); err != nil {
			return err
		}
	}
	return nil
}

// countHeaders goes over the headers of a directory, one after the other.
func countHeaders(r io.Reader, l Limits) error {
	in := bufio.NewReaderSize(r, 64<<10)
	sum := int64(0)
	for n := 0; ; n++ {
		h, err := in.Peek(46)
		if err != nil || binary.LittleEndian.Uint32(h) != 0x02014b50 {
			return nil //nolint:nilerr // the end of the headers
		}
		if n >= l.Entries {
			return TooMany
		}
		length := 46 + int(binary.LittleEndian.Uint16(h[28:])) + int(binary.LittleEndian.Uint16(h[30:])) + int(binary.LittleEndian.Uint16(h[32:]))
		if sum += int64(length); sum > l.Document {
			return TooBig
		}
		if _, err := in.Discard(length); err != nil {
			return nil //nolint:nilerr // likewise
		}
	}
}

// directoryStarts finds where the directory may begin: archive/zip tries the place that is written, and the one before the end.
func directoryStarts(r io.ReaderAt, size int64) (starts []int64, err error) {
	tail := make([]byte, min(size, 66<<10))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return nil, &readError{err}
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || i+22 > len(tail) {
		return nil, io.ErrUnexpectedEOF
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
	return starts, nil
}

// KindOf tells what a whole file is by its content. The name helps only where content cannot tell one sort of text from another.
func KindOf(data []byte, name string) Kind {
	return KindIn(bytes.NewReader(data), int64(len(data)), name)
}

// KindIn is KindOf of a file that is not in memory.
func KindIn(r io.ReaderAt, size int64, name string) Kind {
	head := make([]byte, min(size, sniff.Size))
	n, _ := r.ReadAt(head, 0)
	word, _ := sniff.Of(head[:n], name)
	if Kind(word) == Zip && countDirectory(r, size, Usual()) == nil {
		if z, err := zip.NewReader(r, size); err == nil && officeKind(z) != "" {
			return officeKind(z)
		}
	}
	return Kind(word)
}
