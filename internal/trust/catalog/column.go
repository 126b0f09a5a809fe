package catalog

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// Column is one stored column and its class, as its room's schema file declares it.
type Column struct {
	File   string // schema/0600_vault.sql
	Line   int
	Store  string // data, keys or index: the file's first line
	Table  string
	Name   string
	Type   string // first word of the type, lower case
	Class  Class  // "" when the column has no class comment, or an unknown one
	Reason string // what follows the class, if anything
}

// Sealed reports whether the column holds ciphertext or a keyed hash.
func (c Column) Sealed() bool {
	return strings.HasSuffix(c.Name, "_sealed") || strings.HasSuffix(c.Name, "_mac")
}

var (
	createTable = regexp.MustCompile(`(?i)^\s*create\s+table\s+(?:if\s+not\s+exists\s+)?"?([a-z0-9_]+)"?\s*\(\s*(.*)$`)
	addColumn   = regexp.MustCompile(`(?i)^\s*alter\s+table\s+(?:only\s+)?"?([a-z0-9_]+)"?\s+add\s+column\s+(?:if\s+not\s+exists\s+)?(.*)$`)
	columnLine  = regexp.MustCompile(`(?i)^\s*"?([a-z_][a-z0-9_]*)"?\s+(text|bigint|boolean|bytea|double\s+precision|integer|smallint|blob|timestamp\w*|varchar|char|numeric|real|jsonb?|uuid)\b`)
	constraint  = regexp.MustCompile(`(?i)^\s*(primary|unique|foreign|check|constraint|exclude)\b`)
	classWord   = regexp.MustCompile(`^\s*class:\s*([a-z]+)\s*(.*)$`)
	storeWord   = regexp.MustCompile(`^--\s*store:\s*([a-z]+)\s*$`)
)

// Columns reads every *.sql file under schema/ and returns the columns it makes, in order.
// It understands what our migrations may be written in: `create table name (`, one column
// or constraint a line, `);` on a line of its own, `alter table name add column …` on one
// line. A line inside `create table` that it cannot read is an error, never skipped.
func Columns(files fs.FS) ([]Column, error) {
	names, err := fs.Glob(files, "schema/*.sql")
	if err != nil {
		return nil, err
	}
	var all []Column
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		cols, err := columnsOf(name, string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, cols...)
	}
	return all, nil
}

func columnsOf(name, text string) ([]Column, error) {
	var cols []Column
	table, store, lineNumber := "", "", 0
	for l := range strings.Lines(text) {
		lineNumber++
		if m := storeWord.FindStringSubmatch(strings.TrimSpace(l)); m != nil && lineNumber == 1 {
			store = m[1]
		}
		code, comment, _ := strings.Cut(strings.TrimRight(l, "\r\n"), "--")
		if m := addColumn.FindStringSubmatch(code); m != nil && table == "" {
			col, ok := readColumn(m[2], comment)
			if !ok {
				return nil, fmt.Errorf("%s:%d: cannot read this column", name, lineNumber)
			}
			col.File, col.Line, col.Store, col.Table = name, lineNumber, store, m[1]
			cols = append(cols, col)
			continue
		}
		if m := createTable.FindStringSubmatch(code); m != nil && table == "" {
			if table, code = m[1], m[2]; strings.TrimSpace(code) != "" {
				return nil, fmt.Errorf("%s:%d: the columns of %s must start on a line of their own", name, lineNumber, table)
			}
			continue
		}
		switch trimmed := strings.TrimSpace(code); {
		case table == "" || trimmed == "" || constraint.MatchString(trimmed):
		case strings.HasPrefix(trimmed, ")"):
			table = ""
		default:
			col, ok := readColumn(code, comment)
			if !ok {
				return nil, fmt.Errorf("%s:%d: cannot read this line of table %s", name, lineNumber, table)
			}
			col.File, col.Line, col.Store, col.Table = name, lineNumber, store, table
			cols = append(cols, col)
		}
	}
	if table != "" {
		return nil, fmt.Errorf("%s: table %s does not end with `);` on a line of its own", name, table)
	}
	return cols, nil
}

func readColumn(code, comment string) (Column, bool) {
	m := columnLine.FindStringSubmatch(code)
	if m == nil {
		return Column{}, false
	}
	c := Column{Name: strings.ToLower(m[1]), Type: strings.ToLower(strings.Fields(m[2])[0])}
	if w := classWord.FindStringSubmatch(comment); w != nil {
		switch class := Class(w[1]); class {
		case Public, General, Specific, Secret:
			c.Class, c.Reason = class, strings.TrimSpace(w[2])
		}
	}
	return c, true
}

// Check reads a room's schema files and returns one line for every broken rule: a column
// without a class; a sealed column or keyed hash that is not bytea; a column of class
// specific that is neither, since only ciphertext of such data may reach a database
// server. No line means that all is well.
func Check(files fs.FS) []string {
	cols, err := Columns(files)
	if err != nil {
		return []string{err.Error()}
	}
	var broken []string
	for _, c := range cols {
		where := fmt.Sprintf("%s:%d: %s.%s", path.Base(c.File), c.Line, c.Table, c.Name)
		if c.Class == "" {
			broken = append(broken, where+" has no `-- class: public|general|specific|secret`")
		}
		if c.Sealed() && c.Type != "bytea" {
			broken = append(broken, where+" must be bytea")
		}
		if c.Class == Specific && !c.Sealed() {
			broken = append(broken, where+" is specific personal data and must end in _sealed or _mac")
		}
	}
	return broken
}
