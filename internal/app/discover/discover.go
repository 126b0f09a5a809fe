// Package discover is the command `amanah discover`: it finds personal data that lies outside the vault, in databases and folders.
//
// A database (PostgreSQL, MySQL or MariaDB, SQLite) is read table by table: a stated number of rows of each, half from the
// beginning of its primary key and half from the end, or all of them. Each value is looked at with the name of its column beside it. What
// comes out says for each column which kinds of personal data it holds, in how many rows, how sure that is, of how many people it
// tells at least, and a few samples, masked. Folders go through the same walk as `amanah scan`, and are summed by file and column.
//
// It promises to change nothing: every statement runs in a transaction that may only read, SQLite files are opened for reading, nothing is
// locked longer than one page of rows takes, and each statement has a time limit on both sides. Memory is bounded whatever the database holds: pages
// of rows, and of each value no more than the beginning. Names are quoted, so that a table may be called anything.
// Nothing that somebody wrote into a database of PostgreSQL runs with the rights of a superuser: views are left out then, and types of
// one's own are never cast.
// A password is refused on the command line, where every process of the machine sees it, and stands in no error and no report.
//
// What it could not inspect (no permission, rows hidden by a policy, over the time, binary values, values that are longer than what was read) is said, and never
// counts as clean. A sample proves that there is personal data, not that there is none.
package discover

import (
	"context"
	"embed"
	"errors"
	"io"
	"os"
	"time"

	"github.com/amanah-id/amanah/internal/app/scan"
	"github.com/amanah-id/amanah/internal/kit/i18n"
)

// Messages are the texts of the command, in Indonesian and English.
//
//go:embed messages/*.json
var Messages embed.FS

// Setting is one search.
type Setting struct {
	Out     io.Writer
	Sources []Source
	JSON    bool
	Rows    int64 // of each table; 0: all
	Timeout time.Duration
	Kinds   scan.Kinds
	Least   float32
	Text    *i18n.Printer
	Scan    scan.Setting           // how files are read: limits, tools, program, bar
	Bar     func(done, size int64) // tables
	Notices io.Writer              // where the bar stands
}

// Table is what was found in a table or view.
type Table struct {
	Source  string   `json:"source"`
	Schema  string   `json:"schema,omitempty"`
	Name    string   `json:"table"`
	View    bool     `json:"view,omitempty"`
	Rows    int64    `json:"rows_read"`
	About   int64    `json:"rows_about,omitempty"` // as the database estimates
	All     bool     `json:"all_rows"`
	People  int      `json:"people"` // at least
	Columns []Column `json:"columns"`
	Unread  []Unread `json:"not_inspected,omitempty"`
}

// Column is what was found in a column.
type Column struct {
	Name   string `json:"column"`
	Type   string `json:"type,omitempty"`
	Values int64  `json:"values"` // that are not empty
	Kinds  []Kind `json:"kinds"`
}

// Kind is one kind of personal data in a column.
type Kind struct {
	Type       string   `json:"type"`
	Count      int64    `json:"count"`
	Rows       int64    `json:"rows,omitempty"`
	Share      float64  `json:"share,omitempty"` // of the rows that were read
	Confidence float64  `json:"confidence"`      // on the average
	People     int      `json:"people,omitempty"`
	Samples    []string `json:"samples"`
}

// Unread is something that was not inspected.
type Unread struct {
	Column string `json:"column,omitempty"`
	Entry  string `json:"entry,omitempty"` // of an archive
	Reason string `json:"reason"`
	Code   string `json:"code,omitempty"` // the database's own word
	Count  int64  `json:"count,omitempty"`
}

// The reasons of tables and columns; those of files are pii/extract's.
const (
	denied  = "denied"
	overdue = "timeout"
	failed  = "failed"
	binary  = "binary" // values that are no text
	long    = "long"   // values of which only the beginning was read
	stuck   = "stuck"  // the key gives no order
	risky   = "risky"  // a view would run its owner's functions with the rights of a superuser
)

// File is what was found in a file.
type File struct {
	File    string       `json:"file"`
	Columns []FileColumn `json:"columns"`
	Unread  []Unread     `json:"not_inspected,omitempty"`
}

// FileColumn is a column, or a place of another sort, of a file.
type FileColumn struct {
	Entry string `json:"entry,omitempty"`
	Sheet string `json:"sheet,omitempty"`
	Name  string `json:"column,omitempty"`
	Kinds []Kind `json:"kinds"`
}

// Summary counts what a search did.
type Summary struct {
	Tables  int            `json:"tables"`
	Views   int            `json:"views"`
	Rows    int64          `json:"rows"`
	Files   int            `json:"files"`
	With    int            `json:"with_findings"` // tables, views and files
	Columns int            `json:"columns_with_findings"`
	Types   map[string]int `json:"types"` // in how many columns
	Unread  int            `json:"not_inspected"`
}

// ErrWrite is an error of the output.
var ErrWrite = errors.New("output")

// Run searches. Its errors are those of writing and of the context; what is wrong with a source is part of the result.
func (s Setting) Run(ctx context.Context) (Summary, error) {
	r := &run{Setting: s, looker: scan.NewLooker(s.Kinds, s.Least), sum: Summary{Types: map[string]int{}}}
	r.report = &lines{out: s.Out}
	if !s.JSON {
		r.report = &table{out: s.Out, text: s.Text, bar: s.Bar != nil, notices: s.Notices}
	}
	for _, source := range s.Sources {
		var err error
		if source.path != "" {
			err = r.files(ctx, source.path)
		} else {
			err = r.database(ctx, source)
		}
		if err != nil {
			return r.sum, err
		}
	}
	return r.sum, r.report.end(r.sum)
}

// run is a search that is going on.
type run struct {
	Setting
	looker *scan.Looker
	report report
	sum    Summary
}

// lost notes a source that could not be read at all.
func (r *run) lost(s Source, err error) error {
	r.sum.Unread++
	return r.report.lost(s.Name, s.quiet(err).Error())
}

// exists says whether a path names anything.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
