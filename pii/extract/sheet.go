package extract

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/pii/extract/internal/sniff"
)

// workbook reads the sheets of an Excel file, cell by cell.
func (p *parser) workbook(f files) error {
	shared, err := p.sharedStrings(f)
	if err != nil {
		return wrong(err)
	}
	dates, err := p.dateStyles(f)
	if err != nil {
		return wrong(err)
	}
	names, err := p.sheetNames(f)
	if err != nil {
		return wrong(err)
	}
	var first error
	for _, e := range f.z.File {
		if !strings.HasPrefix(e.Name, "xl/worksheets/sheet") || sniff.Extension(e.Name) != ".xml" {
			continue
		}
		name := names[strings.TrimPrefix(e.Name, "xl/")]
		if name == "" {
			name = strings.TrimSuffix(strings.TrimPrefix(e.Name, "xl/worksheets/"), ".xml")
		}
		r, err := f.entry(e)
		if err == nil {
			err = wrong(p.sheet(Origin{Sheet: name}, r, shared, dates))
		}
		if err != nil && (p.failed != nil || p.ctx.Err() != nil) {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// sharedStrings are the texts that cells point to.
func (p *parser) sharedStrings(f files) (texts []string, err error) {
	r, err := f.open("xl/sharedStrings.xml")
	if err != nil || r == nil {
		return nil, err
	}
	d := decoder(r)
	var text strings.Builder
	phonetic := 0
	for {
		t, err := d.RawToken()
		if err != nil {
			return texts, wrong(err)
		}
		switch e := t.(type) {
		case xml.StartElement:
			if e.Name.Local == "rPh" {
				phonetic++
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "rPh":
				phonetic--
			case "si":
				texts = append(texts, text.String())
				text.Reset()
			}
		case xml.CharData:
			if phonetic == 0 {
				text.Write(e)
			}
		}
	}
}

// dateStyles says which styles of cells show a number as a date.
func (p *parser) dateStyles(f files) (dates []bool, err error) {
	r, err := f.open("xl/styles.xml")
	if err != nil || r == nil {
		return nil, err
	}
	custom := map[string]bool{}
	inside := false
	d := decoder(r)
	for {
		t, err := d.RawToken()
		if err != nil {
			return dates, wrong(err)
		}
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "numFmt":
				custom[attribute(e, "numFmtId")] = dateFormat(attribute(e, "formatCode"))
			case "cellXfs":
				inside = true
			case "xf":
				if inside {
					id := attribute(e, "numFmtId")
					n, _ := strconv.Atoi(id)
					dates = append(dates, n >= 14 && n <= 17 || n == 22 || custom[id])
				}
			}
		case xml.EndElement:
			inside = inside && e.Name.Local != "cellXfs"
		}
	}
}

// dateFormat says whether a format shows days or years, outside what it quotes.
func dateFormat(code string) bool {
	quoted, bracket := false, false
	for _, c := range strings.ToLower(code) {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case !quoted && !bracket && (c == 'y' || c == 'd'):
			return true
		}
	}
	return false
}

// sheetNames maps the file of a sheet to what people call it.
func (p *parser) sheetNames(f files) (map[string]string, error) {
	ids, names := map[string]string{}, map[string]string{}
	collect := func(file string, take func(xml.StartElement)) error {
		r, err := f.open(file)
		if err != nil || r == nil {
			return err
		}
		d := decoder(r)
		for {
			t, err := d.RawToken()
			if err != nil {
				return wrong(err)
			}
			if e, ok := t.(xml.StartElement); ok {
				take(e)
			}
		}
	}
	err := collect("xl/workbook.xml", func(e xml.StartElement) {
		if e.Name.Local == "sheet" {
			for _, a := range e.Attr {
				if a.Name.Local == "id" {
					ids[a.Value] = attribute(e, "name")
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	err = collect("xl/_rels/workbook.xml.rels", func(e xml.StartElement) {
		if e.Name.Local == "Relationship" {
			names[strings.TrimPrefix(attribute(e, "Target"), "/xl/")] = ids[attribute(e, "Id")]
		}
	})
	return names, err
}

// sheet reads the cells of one sheet.
func (p *parser) sheet(at Origin, r io.Reader, shared []string, dates []bool) error {
	g := &grid{out: newLines(at, p.segment)}
	d := decoder(r)
	var text, formula strings.Builder
	var kind, style string
	column, row, next := 0, 0, 0
	in := ""
	for {
		t, err := d.RawToken()
		if err != nil {
			return errors.Join(g.close(), wrong(err))
		}
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "row":
				row++
				next = 0
				if n := number(attribute(e, "r")); n > 0 {
					row = n
				}
			case "c":
				kind, style, column = attribute(e, "t"), attribute(e, "s"), next
				if c, n, ok := parseCell(attribute(e, "r")); ok {
					column, row = c, n
				}
				next = column + 1
				text.Reset()
				formula.Reset()
			case "v", "t", "f", "oddHeader", "oddFooter":
				in = e.Name.Local
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "c":
				value := cellValue(text.String(), kind, style, shared, dates)
				if strings.Contains(formula.String(), `"`) { // a formula that holds text
					value += "\n" + formula.String()
				}
				if err := g.cell(column, row, value, Mark{}); err != nil {
					return err
				}
			case "v", "t", "f", "oddHeader", "oddFooter":
				in = ""
			}
		case xml.CharData:
			switch in {
			case "v", "t":
				text.Write(e)
			case "f":
				formula.Write(e)
			case "oddHeader", "oddFooter":
				if err := g.out.add(string(e), Mark{Place: in}); err != nil {
					return err
				}
			}
		}
	}
}

// parseCell reads B7 as column 1, row 7.
func parseCell(s string) (column, row int, ok bool) {
	i := 0
	for ; i < len(s) && s[i] >= 'A' && s[i] <= 'Z' && i < 4; i++ {
		column = column*26 + int(s[i]-'A') + 1
	}
	row = number(s[i:])
	return column - 1, row, column > 0 && row > 0
}

// cellValue is what a person sees in a cell: the shared text, a whole number in full, a date as a date.
func cellValue(raw, kind, style string, shared []string, dates []bool) string {
	if kind == "s" {
		if i, err := strconv.Atoi(raw); err == nil && i >= 0 && i < len(shared) {
			return shared[i]
		}
		return ""
	}
	if kind != "" && kind != "n" {
		return raw
	}
	x, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return raw
	}
	if i, err := strconv.Atoi(style); err == nil && i >= 0 && i < len(dates) && dates[i] && x >= 1 && x < 100_000 {
		return time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(x)).Format("2006-01-02")
	}
	if x == math.Trunc(x) && math.Abs(x) < 1e18 && strings.ContainsAny(raw, "eE.") {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return raw
}

// openText writes the text of OpenDocument; tables become cells with places when the document is a spreadsheet.
func (p *parser) openText(at Origin, r io.Reader) error {
	out := newWindows(at, false, p.segment)
	out.line = 0
	var g *grid
	var text strings.Builder
	column, row, repeat, rows, depth := 0, 0, 1, 1, 0
	d := decoder(r)
	sheets := false
	for {
		t, err := d.RawToken()
		if err != nil {
			if g != nil {
				err = errors.Join(g.close(), err)
			}
			return errors.Join(out.Close(), wrong(err))
		}
		write := ""
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "spreadsheet":
				sheets = true
			case "table":
				if depth++; sheets && depth == 1 {
					g = &grid{out: newLines(Origin{Part: at.Part, Sheet: attribute(e, "name")}, p.segment)}
					row = 0
				}
			case "table-row":
				row += rows
				column, rows = 0, max(1, number(attribute(e, "number-rows-repeated")))
				if row == 0 {
					row = 1
				}
			case "table-cell", "covered-table-cell":
				repeat = max(1, number(attribute(e, "number-columns-repeated")))
				text.Reset()
			case "tab":
				write = "\t"
			case "line-break":
				write = "\n"
			case "s":
				write = strings.Repeat(" ", min(max(1, number(attribute(e, "c"))), 100))
			case "a":
				write = " " + strings.TrimPrefix(attribute(e, "href"), "mailto:") + " "
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "p", "h", "user-defined", "creator", "initial-creator", "title", "subject", "keyword", "description":
				write = "\n"
			case "table-cell", "covered-table-cell":
				if g != nil && depth == 1 {
					if err := g.cell(column, row, strings.TrimSpace(text.String()), Mark{}); err != nil {
						return err
					}
				} else {
					write = "\t"
				}
				column += repeat
			case "table-row":
				write = "\n"
			case "table":
				if depth--; depth == 0 && g != nil {
					if err := g.close(); err != nil {
						return err
					}
					g = nil
				}
			}
		case xml.CharData:
			write = string(e)
		}
		if write == "" {
			continue
		}
		if g != nil {
			text.WriteString(write)
		} else if _, err := io.WriteString(out, write); err != nil {
			return err
		}
	}
}
