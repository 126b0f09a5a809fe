package discover

import (
	"context"
	"slices"
	"strings"

	"github.com/amanah-id/amanah/internal/app/scan"
)

// columnsOfFile bounds what is kept of one file; what is found in further columns is added to the last.
const columnsOfFile = 2000

// files searches a file or folder in the way of amanah scan.
func (r *run) files(ctx context.Context, path string) error {
	s := r.Scan
	s.Paths, s.Kinds, s.Least, s.Into = []string{path}, r.Kinds, r.Least, &byFile{run: r}
	_, err := s.Run(ctx)
	return err
}

// byFile adds up one file after the other.
type byFile struct {
	*run
	file    string
	columns []place
	sums    map[place]tally
	unread  []Unread
}

// place is a column of a file.
type place struct{ entry, sheet, name string }

// Finding adds one up.
func (b *byFile) Finding(f scan.Finding) error {
	b.file = f.File
	if f.Type == scan.Person && f.Header != "" && !named(f.Header) && !strings.Contains(f.Sample, " ") {
		return nil // a word of a table, as in databases
	}
	at := place{f.Entry, f.Sheet, f.Header}
	switch {
	case at.name != "":
	case f.Kind == "csv" || f.Kind == "xlsx" || f.Kind == "odf":
		at.name = strings.TrimRight(f.Place, "0123456789") // B of B7
	case f.Kind == "json" || f.Kind == "xml":
		at.name = unnumbered(f.Place)
	case f.Kind == "name":
		at.name = b.Text.T("discover.file_name")
	}
	if b.sums == nil {
		b.sums = map[place]tally{}
	}
	if b.sums[at] == nil {
		if len(b.columns) >= columnsOfFile {
			at = b.columns[len(b.columns)-1]
		} else {
			b.columns = append(b.columns, at)
			b.sums[at] = tally{}
		}
	}
	b.sums[at].kind(f.Type).add(f.Confidence, f.Sample)
	return nil
}

// unnumbered takes the numbers out of a way through JSON, so that the members of a list are one column: $.customers[12].nik.
func unnumbered(way string) string {
	var out strings.Builder
	inside := false
	for _, r := range way {
		switch {
		case r == '[':
			inside = true
		case r == ']':
			inside = false
			out.WriteString("[]")
		case !inside:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// Unread notes what was not inspected.
func (b *byFile) Unread(u scan.Unread) error {
	b.file = u.File
	if i := slices.IndexFunc(b.unread, func(o Unread) bool {
		return o.Reason == u.Reason && o.Entry == u.Entry || len(b.unread) >= columnsOfFile
	}); i >= 0 {
		b.unread[i].Count++
		return nil
	}
	b.unread = append(b.unread, Unread{Entry: u.Entry, Reason: u.Reason, Count: 1})
	return nil
}

// EndFile reports a file.
func (b *byFile) EndFile() error {
	b.sum.Files++
	b.sum.Unread += len(b.unread)
	out := File{File: b.file, Columns: []FileColumn{}, Unread: b.unread}
	for _, at := range b.columns {
		kinds := b.sums[at].kinds(func(*kindSum, *Kind) {})
		out.Columns = append(out.Columns, FileColumn{Entry: at.entry, Sheet: at.sheet, Name: at.name, Kinds: kinds})
		for _, k := range kinds {
			b.sum.Types[k.Type]++
		}
	}
	if len(out.Columns) > 0 {
		b.sum.With++
		b.sum.Columns += len(out.Columns)
	}
	b.file, b.columns, b.sums, b.unread = "", nil, nil, nil
	if len(out.Columns)+len(out.Unread) == 0 {
		return nil // the scan does not say how a clean file is called
	}
	return b.report.file(out)
}
