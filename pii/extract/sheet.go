package extract

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/amanah-id/amanah/pii/extract/internal/cell"
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
	out := newLines(Origin{Part: "xl/sharedStrings.xml"}, p.segment)
	for _, text := range shared.Left() { // of rows that were deleted
		if err := out.bound(text, Mark{}); err != nil {
			return err
		}
	}
	if err := out.flush(); err != nil {
		return err
	}
	return first
}

// sharedStrings are the texts that cells point to; those of a second file of the name, which no cell can mean, come behind them.
func (p *parser) sharedStrings(f files) (*cell.Texts, error) {
	texts := new(cell.Texts)
	for _, e := range f.z.File {
		if e.Name != "xl/sharedStrings.xml" {
			continue
		}
		r, err := f.entry(e)
		if err != nil {
			return texts, err
		}
		if err := readShared(texts, r); err != nil {
			return texts, err
		}
	}
	return texts, nil
}

func readShared(texts *cell.Texts, r io.Reader) error {
	d := decoder(r)
	var text strings.Builder
	phonetic := 0
	for {
		t, err := d.RawToken()
		if err != nil {
			return wrong(err)
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
				texts.Add(text.String())
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
				custom[attribute(e, "numFmtId")] = cell.DateFormat(attribute(e, "formatCode"))
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
func (p *parser) sheet(at Origin, r io.Reader, shared *cell.Texts, dates []bool) error {
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
				if n := cell.Number(attribute(e, "r")); n > 0 {
					row = n
				}
			case "c":
				kind, style, column = attribute(e, "t"), attribute(e, "s"), next
				if c, n, ok := cell.Parse(attribute(e, "r")); ok {
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
				value := cell.Value(text.String(), kind, style, shared, dates)
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
				column, rows = 0, max(1, cell.Number(attribute(e, "number-rows-repeated")))
				if row == 0 {
					row = 1
				}
			case "table-cell", "covered-table-cell":
				repeat = max(1, cell.Number(attribute(e, "number-columns-repeated")))
				text.Reset()
			case "tab":
				write = "\t"
			case "line-break":
				write = "\n"
			case "s":
				write = strings.Repeat(" ", min(max(1, cell.Number(attribute(e, "c"))), 100))
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
