package scan

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/amanah-id/amanah/pii/extract"
)

// span is a piece of a file that is to be replaced.
type span struct {
	start, end int64
	with       string
	value      int64 // where the value that it is in begins; -1: not known
}

// rounds is how often a copy is redacted: what stands beside a value may only be seen when the value is gone.
const rounds = 4

// checkOut refuses what would write over something, before anything is read.
func (r *run) checkOut(out string) error {
	if out == "" {
		return nil
	}
	info, err := os.Stat(out)
	switch {
	case r.many():
		if err == nil && !info.IsDir() {
			return &UsageError{Key: "scan.redact_folder", Args: []any{"out", out}}
		}
	case err == nil:
		return &UsageError{Key: "scan.redact_exists", Args: []any{"out", out}}
	}
	return nil
}

// many says that copies go into a folder.
func (r *run) many() bool {
	if len(r.Paths) != 1 {
		return true
	}
	info, err := os.Stat(r.Paths[0])
	return r.Paths[0] != Stdin && err == nil && info.IsDir()
}

// maxSpans bounds what is kept of a file to make a copy of it.
const maxSpans = 2_000_000

func (r *run) refuse(path string, why extract.Reason) error {
	r.sum.Refused++
	return r.report.refused(r.eye.hidePath(filepath.ToSlash(path)), string(why))
}

// unclean is the reason of a copy in which something would be left.
const unclean extract.Reason = "unclean"

// exists is the reason of a copy that would write over a file.
const exists extract.Reason = "exists"

// redact writes a copy of a text file in which everything that was found is replaced by its kind.
func (r *run) redact(ctx context.Context, path, inside string, from io.ReaderAt, v *visitor) error {
	if !v.kind.Textual() && (v.kind != "" || v.unseen > 0) { // a file without a kind is empty, or could not be read
		return r.refuse(path, extract.Unsupported)
	}
	if len(v.spans) > maxSpans {
		return r.refuse(path, extract.TooBig)
	}
	to, free, err := r.target(r.Redact, path, inside)
	if err != nil {
		return err
	}
	if !free {
		return r.refuse(path, exists)
	}
	spans, loose := v.spans, v.loose
	if v.kind == extract.HTML || v.kind == extract.XML {
		loose = 1 // their text is not their bytes
	}
	var last *os.File // the copy of the round before
	defer func() { discard(last) }()
	for round := range rounds {
		if loose > 0 || round > 0 {
			again, err := r.inRaw(ctx, path, from)
			if err != nil {
				return err
			}
			spans = append(spans, again.spans...)
		}
		next, err := r.copy(from, spans, filepath.Dir(to), v.kind)
		if err != nil {
			return err
		}
		discard(last)
		last, from = next, next
		left, err := r.left(ctx, path, from)
		if err != nil {
			return err
		}
		if left.unseen > v.unseen {
			break
		}
		if left.found == 0 {
			named, err := r.name(last, filepath.Dir(to))
			if err != nil {
				return err
			}
			if err := place(named, to); err != nil {
				discard(named)
				return fmt.Errorf("%w: %w", errWrite, err)
			}
			r.sum.Copies++
			return r.report.copied(v.file, r.eye.hidePath(filepath.ToSlash(to)), nil)
		}
		spans, loose = left.spans, left.loose
	}
	return r.refuse(path, unclean)
}

// target is where the copy of a file goes. false: something is there.
func (r *run) target(out, path, inside string) (to string, free bool, err error) {
	to = out
	if r.many() {
		if inside == "" {
			inside = filepath.Base(path)
		}
		to = filepath.Join(out, strings.ReplaceAll(r.eye.hide(inside), "*", "x")) // names may be personal data, too
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return "", false, fmt.Errorf("%w: %w", errWrite, err)
		}
	}
	_, err = os.Lstat(to)
	return to, err != nil, nil
}

func discard(f *os.File) {
	if f != nil {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
}

// place puts a finished copy where it belongs, and never over a file.
func place(f *os.File, to string) error {
	hold, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(hold.Close(), f.Close(), os.Rename(f.Name(), to))
}

// silent reports nothing.
type silent struct{}

func (silent) begin() error                          { return nil }
func (silent) finding(Finding) error                 { return nil }
func (silent) unread(Unread) error                   { return nil }
func (silent) endFile() error                        { return nil }
func (silent) copied(string, string, []string) error { return nil }
func (silent) refused(string, string) error          { return nil }
func (silent) end(Summary) error                     { return nil }

// again reads a file once more, with nobody told.
func (r *run) again(ctx context.Context, path string, from io.ReaderAt, raw bool) (*visitor, error) {
	w := *r.walker
	w.Raw = raw
	quiet := &run{Setting: r.Setting, walker: &w, eye: r.eye, report: silent{}, sum: Summary{Types: map[string]int{}}}
	v := &visitor{run: quiet}
	err := w.Walk(ctx, filepath.ToSlash(path), struct{ io.Reader }{io.NewSectionReader(from, 0, 1<<62)}, v)
	return v, err
}

// inRaw finds what can be found in the bytes as they stand.
func (r *run) inRaw(ctx context.Context, path string, from io.ReaderAt) (*visitor, error) {
	return r.again(ctx, path, from, true)
}

// left finds what is left in a copy, in every way that there is to look at it.
func (r *run) left(ctx context.Context, path string, from io.ReaderAt) (*visitor, error) {
	v, err := r.again(ctx, path, from, false)
	if err != nil {
		return nil, err
	}
	raw, err := r.again(ctx, path, from, true)
	if err != nil {
		return nil, err
	}
	v.found, v.unseen, v.spans = v.found+raw.found, max(v.unseen, raw.unseen), append(v.spans, raw.spans...)
	return v, nil
}

// What stands for a finding until the copy is finished: a letter that nobody uses, and that is no word beside a number as "[otp]" would be.
const firstStand = 0xF0000

// stands are the kinds in the order of their letters.
var stands = TypeNames()

func stand(h hit) rune { return firstStand + 1 + rune(slices.Index(stands, h.kind)) }

// name writes a copy with the kinds in words.
func (r *run) name(from *os.File, folder string) (out *os.File, err error) {
	if out, err = os.CreateTemp(folder, ".amanah-redact-*"); err != nil {
		return nil, fmt.Errorf("%w: %w", errWrite, err)
	}
	in, w := bufio.NewReaderSize(io.NewSectionReader(from, 0, 1<<62), 64<<10), bufio.NewWriterSize(out, 64<<10)
	for err == nil {
		piece, end := in.Peek(utf8.UTFMax)
		if len(piece) == 0 {
			if !errors.Is(end, io.EOF) {
				err = end
			}
			break
		}
		letter, n := utf8.DecodeRune(piece)
		if i := int(letter) - firstStand - 1; i >= 0 && i < len(stands) {
			_, err = w.WriteString("[" + stands[i] + "]")
		} else {
			_, err = w.Write(piece[:n])
		}
		_, _ = in.Discard(n)
	}
	if err = errors.Join(err, w.Flush()); err != nil {
		discard(out)
		return nil, fmt.Errorf("%w: %w", errWrite, err)
	}
	return out, nil
}

// note keeps where a finding stands in the file's own bytes.
func (v *visitor) note(s *extract.Segment, f hit, m extract.Mark) {
	if v.Redact == "" || len(v.spans) > maxSpans {
		return
	}
	with := string(stand(f))
	switch {
	case s.Origin.Entry != "" || s.Origin.Kind == extract.Name:
	case s.Offset >= 0:
		v.spans = append(v.spans, span{s.Offset + int64(f.start), s.Offset + int64(f.end), with, -1})
		return
	case m.Source.Exact:
		start, end := max(f.start, m.Start), min(f.end, m.End)
		v.spans = append(v.spans, span{m.Source.Start + int64(start-m.Start), m.Source.Start + int64(end-m.Start), with, m.Source.Start})
		return
	case m.Source.End > m.Source.Start:
		v.spans = append(v.spans, span{m.Source.Start, m.Source.End, with, m.Source.Start})
		return
	}
	v.loose++
}

// copy writes the file with its spans replaced into a new file of a folder.
func (r *run) copy(from io.ReaderAt, spans []span, folder string, kind extract.Kind) (out *os.File, err error) {
	if out, err = os.CreateTemp(folder, ".amanah-redact-*"); err != nil {
		return nil, fmt.Errorf("%w: %w", errWrite, err)
	}
	defer func() {
		if err != nil {
			discard(out)
			out = nil
		}
	}()
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
	w := bufio.NewWriterSize(out, 64<<10)
	at := int64(0)
	for _, s := range spans {
		if s.end <= at {
			continue
		}
		if s.start < at { // it overlaps the one before
			at = s.end
			continue
		}
		if err := pour(w, io.NewSectionReader(from, at, s.start-at)); err != nil {
			return out, err
		}
		with := s.with
		if kind == extract.JSON && bare(from, s) {
			with = `"` + with + `"`
		}
		if _, err := w.WriteString(with); err != nil {
			return out, fmt.Errorf("%w: %w", errWrite, err)
		}
		at = s.end
	}
	if err := pour(w, io.NewSectionReader(from, at, 1<<62)); err != nil {
		return out, err
	}
	if err := w.Flush(); err != nil {
		return out, fmt.Errorf("%w: %w", errWrite, err)
	}
	return out, nil
}

func pour(w io.Writer, r io.Reader) error {
	if _, err := io.Copy(w, r); err != nil {
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	return nil
}

// bare says that a value of JSON is a number, whose replacement needs quotes.
func bare(from io.ReaderAt, s span) bool {
	start := s.value
	if start < 0 {
		start = s.start
	}
	before := make([]byte, min(16, start))
	if _, err := from.ReadAt(before, start-int64(len(before))); err != nil {
		return false
	}
	if s.value >= 0 {
		return !bytes.HasSuffix(before, []byte(`"`))
	}
	before = bytes.TrimRight(before, " \t\r\n") // found in the bytes as they stand: a number stands behind a key
	before, colon := bytes.CutSuffix(before, []byte(":"))
	return colon && bytes.HasSuffix(bytes.TrimRight(before, " \t\r\n"), []byte(`"`))
}
