package extract

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/amanah-id/amanah/pii/extract/internal/archive"
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
	if err := overfull(from, size, w.Limits); err != nil {
		return w.failed(at, err)
	}
	z, err := zip.NewReader(from, size)
	if err != nil {
		return w.failed(at, Damaged)
	}
	if archive.Hides(z, from, size) {
		if err := w.skip(at, Hidden); err != nil {
			return err
		}
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
	if err := w.remark(at, z.Comment); err != nil {
		return err
	}
	for _, f := range z.File {
		entry := inside(at, f.Name)
		if ok, err := w.entered(at, entry, f.Name, depth); !ok || err != nil {
			return err
		}
		if err := w.remark(entry, f.Comment); err != nil {
			return err
		}
		if strings.HasSuffix(f.Name, "/") && f.UncompressedSize64 == 0 {
			continue
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

// overfull is the reason why the directory of an archive is too large to be read in.
func overfull(r io.ReaderAt, size int64, l Limits) error {
	err := archive.Count(r, size, l.Entries, l.Document)
	switch {
	case errors.Is(err, archive.ErrEntries):
		return TooMany
	case errors.Is(err, archive.ErrSize):
		return TooBig
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return &readError{err}
	}
	return err
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

// KindOf tells what a whole file is by its content. The name helps only where content cannot tell one sort of text from another.
func KindOf(data []byte, name string) Kind {
	return KindIn(bytes.NewReader(data), int64(len(data)), name)
}

// KindIn is KindOf of a file that is not in memory.
func KindIn(r io.ReaderAt, size int64, name string) Kind {
	head := make([]byte, min(size, sniff.Size))
	n, _ := r.ReadAt(head, 0)
	word, _ := sniff.Of(head[:n], name)
	if Kind(word) == Zip && overfull(r, size, Usual()) == nil {
		if z, err := zip.NewReader(r, size); err == nil && officeKind(z) != "" {
			return officeKind(z)
		}
	}
	return Kind(word)
}
