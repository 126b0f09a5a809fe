// Package scan is the command `amanah scan`: it finds personal data in files, folders and whatever is piped in.
//
// Files are read by pii/extract, which opens archives, mail and documents within limits; documents of dangerous formats are
// parsed in a child process, which is this program started again. What was found is shown with file, place, kind, a masked sample,
// confidence and reason, as a table, as JSON lines or as SARIF; with Redact a copy of a text file is made in which it is replaced.
//
// It never prints a value. Samples are masked as pii/replace does, and names of files, entries, sheets and columns are
// masked where they are personal data themselves. What could not be inspected (encrypted, damaged, over a limit, unknown) is listed with
// its reason, and never counts as clean: the exit code says which of the two it was. A redacted copy is scanned again before it is
// kept; what cannot be redacted wholly is refused.
//
// It needs no installation, no configuration and no network, and it keeps nothing. Symbolic links within folders are not
// followed; devices and pipes are not read.
package scan

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/pii"
	"github.com/amanah-id/amanah/pii/extract"
	"github.com/amanah-id/amanah/pii/extract/child"
	"github.com/amanah-id/amanah/pii/names"
)

// Messages are the texts of the command, in Indonesian and English.
//
//go:embed messages/*.json
var Messages embed.FS

// Stdin is the path that stands for the standard input.
const Stdin = "-"

// ParserArgument makes the program a parser of documents: it is followed by the bytes of memory it may take.
const ParserArgument = "scan-parser"

// Format is how findings are written.
type Format int

// The formats.
const (
	Table Format = iota
	JSON
	SARIF
)

// Setting is one scan.
type Setting struct {
	In      io.Reader
	Out     io.Writer
	Notices io.Writer // for what is no result, while results go to Out
	Paths   []string
	Format  Format
	Redact  string                                          // where copies go: a file for one file, a folder for more; empty: no copies
	Strip   string                                          // likewise, of copies without what travels with a file unseen
	Malware func(ctx context.Context, file io.Reader) error // gives nil for a clean file; nil itself: nobody checks
	Kinds   Kinds
	Least   float32
	Limits  extract.Limits
	Tools   extract.Tools
	Text    *i18n.Printer
	Version string
	Program string // for the child that parses documents; empty: they are parsed in this process
	Bar     func(done, size int64)
	Into    Collector // takes what is found, in place of Out
}

// Finding is one piece of personal data, without its value.
type Finding struct {
	File       string  `json:"file"`
	Entry      string  `json:"entry,omitempty"`
	Kind       string  `json:"kind"`
	Page       int     `json:"page,omitempty"`
	Sheet      string  `json:"sheet,omitempty"`
	Part       string  `json:"part,omitempty"`
	Place      string  `json:"place,omitempty"`
	Header     string  `json:"header,omitempty"`
	Line       int     `json:"line,omitempty"`
	OCR        bool    `json:"ocr,omitempty"`
	Type       string  `json:"type"`
	Sample     string  `json:"sample"`
	Confidence float64 `json:"confidence"`
	Reason     string  `json:"reason"`

	never bool
}

// Unread is something that was not inspected.
type Unread struct {
	File   string `json:"file"`
	Entry  string `json:"entry,omitempty"`
	Page   int    `json:"page,omitempty"`
	Reason string `json:"not_inspected"`
}

// Summary counts what a scan did.
type Summary struct {
	Files    int            `json:"files"`
	Bytes    int64          `json:"bytes"`
	Findings int            `json:"findings"`
	Types    map[string]int `json:"types"`
	With     int            `json:"files_with_findings"`
	Unread   int            `json:"not_inspected"`
	Malware  int            `json:"files_with_malware,omitempty"`
	Copies   int            `json:"copies,omitempty"`
	Refused  int            `json:"refused,omitempty"`
}

// report is where results are written.
type report interface {
	begin() error
	finding(f Finding) error
	unread(u Unread) error
	endFile() error
	copied(file, to string, gone []string) error // gone: of a copy without what travels with a file; nil: of one without personal data
	refused(file, why string) error
	end(s Summary) error
}

// run is a scan that is going on.
type run struct {
	Setting
	walker *extract.Walker
	eye    *eye
	report report
	sum    Summary
	size   int64 // of all files, for the bar; negative when it is not known
}

// Run scans. Its errors are those of writing and of the context, and *UsageError.
func (s Setting) Run(ctx context.Context) (Summary, error) {
	r := &run{Setting: s, eye: newEye(s.Kinds, s.Least), sum: Summary{Types: map[string]int{}}}
	r.walker = &extract.Walker{Limits: s.Limits, Tools: s.Tools}
	if s.Program != "" {
		p := &child.Process{Program: s.Program, Args: []string{ParserArgument}}
		defer func() { _ = p.Close() }()
		r.walker.Documents = p
	}
	for _, out := range []string{r.Redact, r.Strip} {
		if err := r.checkOut(out); err != nil {
			return r.sum, err
		}
	}
	switch {
	case s.Into != nil:
		r.report = collected{s.Into}
	case s.Format == JSON:
		r.report = &lines{out: s.Out}
	case s.Format == SARIF:
		r.report = &sarif{out: s.Out, version: s.Version}
	default:
		r.report = &table{out: s.Out, text: s.Text, bar: s.Bar != nil, notices: s.Notices}
	}
	if s.Bar != nil {
		r.size = size(ctx, s.Paths)
	}
	if err := r.report.begin(); err != nil {
		return r.sum, err
	}
	for _, path := range s.Paths {
		if err := r.path(ctx, path); err != nil {
			return r.sum, err
		}
	}
	return r.sum, r.report.end(r.sum)
}

// UsageError is something wrong with the command line: the key of its text, and its arguments.
type UsageError struct {
	Key  string
	Args []any
}

func (e *UsageError) Error() string { return e.Key }

// size adds the files up, for the bar.
func size(ctx context.Context, paths []string) (sum int64) {
	for _, path := range paths {
		if path == Stdin {
			return -1
		}
		_ = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
			if err != nil || ctx.Err() != nil {
				return ctx.Err()
			}
			if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
				sum += info.Size()
			}
			return nil
		})
	}
	return sum
}

// path scans what was named on the command line.
func (r *run) path(ctx context.Context, path string) error {
	if path == Stdin {
		return r.stdin(ctx)
	}
	info, err := os.Stat(path)
	if err != nil {
		return r.unreadable(path)
	}
	if !info.IsDir() {
		return r.file(ctx, path, "")
	}
	return filepath.WalkDir(path, func(at string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return r.unreadable(at)
		case !d.Type().IsRegular():
			return nil
		}
		inside, err := filepath.Rel(path, at)
		if err != nil {
			inside = d.Name()
		}
		if len(r.Paths) > 1 {
			inside = filepath.Join(filepath.Base(path), inside)
		}
		return r.file(ctx, at, inside)
	})
}

func (r *run) unreadable(path string) error {
	r.sum.Files++
	r.sum.Unread++
	if err := r.report.unread(Unread{File: r.eye.hidePath(filepath.ToSlash(path)), Reason: string(extract.Unreadable)}); err != nil {
		return err
	}
	return r.report.endFile()
}

func (r *run) stdin(ctx context.Context) error {
	if r.Redact == "" {
		return r.scanned(ctx, Stdin, "", r.In, nil)
	}
	data, err := io.ReadAll(io.LimitReader(r.In, r.Limits.Document+1))
	if err != nil || int64(len(data)) > r.Limits.Document {
		if err := r.scanned(ctx, Stdin, "", io.MultiReader(bytes.NewReader(data), r.In), nil); err != nil {
			return err
		}
		return r.refuse(Stdin, extract.TooBig)
	}
	return r.scanned(ctx, Stdin, "", bytes.NewReader(data), bytes.NewReader(data))
}

// file scans one file; inside is its way within the folder that was named.
func (r *run) file(ctx context.Context, path, inside string) error {
	f, err := os.Open(path)
	if err != nil {
		return r.unreadable(path)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return r.unreadable(path)
	}
	if !info.Mode().IsRegular() { // a pipe that the shell made
		return r.scanned(ctx, path, inside, f, nil)
	}
	before := r.sum.Bytes
	err = r.scanned(ctx, path, inside, &opened{File: f, size: info.Size(), run: r}, f)
	r.sum.Bytes = max(r.sum.Bytes, before+info.Size()) // what was read where it lies
	r.progress(false)
	return err
}

// scanned walks a file and hands what is found to the report; again reads it once more, for a copy.
func (r *run) scanned(ctx context.Context, path, inside string, from io.Reader, again io.ReaderAt) error {
	r.sum.Files++
	if _, ok := from.(*opened); !ok {
		from = &piped{from, r}
	}
	name := filepath.ToSlash(path)
	v := &visitor{run: r, file: r.eye.hidePath(name)}
	if path != Stdin {
		if err := v.fileName(name); err != nil {
			return err
		}
	}
	if r.Malware != nil {
		if clean, err := r.harmless(ctx, path, again, v); err != nil || !clean {
			return err
		}
	}
	if err := r.walker.Walk(ctx, name, from, v); err != nil {
		return err
	}
	if v.found > 0 {
		r.sum.With++
	}
	if r.Redact != "" {
		if again == nil {
			return r.refuse(path, extract.Unsupported)
		}
		if err := r.redact(ctx, path, inside, again, v); err != nil {
			return err
		}
	}
	if r.Strip != "" {
		if err := r.strip(path, inside, again, v); err != nil {
			return err
		}
	}
	return r.report.endFile()
}

func (r *run) progress(last bool) {
	if r.Bar == nil {
		return
	}
	total := r.size
	if last {
		total = r.sum.Bytes
	} else if r.sum.Bytes >= total && total >= 0 {
		total = r.sum.Bytes + 1 // the bar ends its line when it is full
	}
	r.Bar(r.sum.Bytes, total)
}

// opened is a file that can be read anywhere.
type opened struct {
	*os.File
	size int64
	run  *run
}

// Size makes the file one that archives are read from where it lies.
func (o *opened) Size() int64 { return o.size }

func (o *opened) Read(p []byte) (int, error) {
	n, err := o.File.Read(p)
	o.run.sum.Bytes += int64(n)
	o.run.progress(false)
	return n, err
}

// piped is a stream.
type piped struct {
	io.Reader
	run *run
}

func (s *piped) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.run.sum.Bytes += int64(n)
	s.run.progress(false)
	return n, err
}

// visitor looks at the segments of one file.
type visitor struct {
	*run
	file   string // as it is shown
	kind   extract.Kind
	found  int
	spans  []span // of what was found, in the file's own bytes
	unseen int    // what was not inspected
	loose  int    // findings that have no place in the file's own bytes
}

// fileName looks at the name of the file itself.
func (v *visitor) fileName(path string) error {
	base := []byte(filepath.Base(path))
	return v.look(&extract.Segment{Origin: extract.Origin{File: path, Kind: extract.Name}, Text: base, To: len(base), Offset: -1})
}

func (v *visitor) Segment(s *extract.Segment) error {
	if v.kind == "" {
		v.kind = s.Origin.Kind
		if s.Origin.Entry != "" { // an archive
			v.kind = extract.Other
		}
	}
	return v.look(s)
}

func (v *visitor) Skip(s extract.Skip) error {
	v.sum.Unread++
	v.unseen++
	return v.report.unread(Unread{File: v.file, Entry: v.eye.hide(s.Origin.Entry), Page: s.Origin.Page, Reason: string(s.Reason)})
}

// look scans a segment.
func (v *visitor) look(s *extract.Segment) error {
	for _, f := range v.eye.see(s.Text, s.Origin.Kind != extract.Name) {
		m, marked := s.Place(f.start, f.end)
		if !marked {
			continue
		}
		v.note(s, f, m)
		o := s.Origin
		shown := Finding{
			File: v.file, Entry: v.eye.hide(o.Entry), Kind: string(o.Kind), Page: o.Page, Sheet: v.eye.hide(o.Sheet), Part: v.eye.hide(o.Part), Place: v.eye.hide(m.Place), Header: v.eye.hide(m.Header), OCR: o.OCR,
			Line: m.Line, Type: f.kind, Sample: v.eye.masked(s.Text, f), Confidence: float64(int(f.confidence*100+0.5)) / 100, Reason: f.reason, never: f.never(),
		}
		if m.Line == 0 && s.Line > 0 {
			shown.Line = s.Line + countLines(s.Text[:f.start])
		}
		v.found++
		v.sum.Findings++
		v.sum.Types[shown.Type]++
		if err := v.report.finding(shown); err != nil {
			return err
		}
	}
	return nil
}

// Kinds are what is looked for. The zero value is everything but names.
type Kinds struct {
	types []pii.Type
	names []names.Kind
	also  bool // names beside everything else
}

// AllKinds is everything, names of people and places too.
func AllKinds() Kinds { return Kinds{names: []names.Kind{names.Person, names.Place}, also: true} }

// ParseKinds reads words of kinds; the first that is none is returned.
func ParseKinds(list []string) (k Kinds, unknown string) {
	for _, n := range list {
		t, ok := pii.ParseType(n)
		switch {
		case n == Person:
			k.names = append(k.names, names.Person)
		case n == Place:
			k.names = append(k.names, names.Place)
		case ok:
			k.types = append(k.types, t)
		default:
			return Kinds{}, n
		}
	}
	return k, ""
}

// TypeNames are the kinds that there are.
func TypeNames() []string {
	list := []string{Person, Place}
	for t := pii.NIK; t.String() != ""; t++ {
		if t != pii.Custom {
			list = append(list, t.String())
		}
	}
	slices.Sort(list)
	return list
}

var errWrite = errors.New("output")

// Written reports whether an error is one of writing results.
func Written(err error) bool { return errors.Is(err, errWrite) }
