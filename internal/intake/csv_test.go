package intake

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/trust/catalog"
	"testing/iotest"
)

// readAll reads a text and writes its records as line:col|col, faults as line!code.
func readAll(t *testing.T, text string, delimiter byte) (out []string) {
	t.Helper()
	r, err := newReader(strings.NewReader(text), delimiter)
	if err != nil {
		return []string{code(err)}
	}
	for {
		rec, err := r.read()
		var f *fault
		switch {
		case errors.Is(err, io.EOF):
			if r.offset != int64(len(text)) {
				t.Errorf("%q: ended at %d of %d", text, r.offset, len(text))
			}
			return out
		case errors.As(err, &f):
			lines := fmt.Sprint(f.Line)
			if f.Last != f.Line {
				lines += fmt.Sprintf("-%d", f.Last)
			}
			out = append(out, lines+"!"+f.Error())
		case err != nil:
			t.Fatal(err)
		default:
			out = append(out, fmt.Sprintf("%d:%s", rec.Line, strings.Join(rec.Columns, "|")))
		}
	}
}

func TestTheFilesThatSpreadsheetsWrite(t *testing.T) {
	long := strings.Repeat("x", MaxRecord)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing":                             {"", nil},
		"commas":                              {"a,b\n1,2\n", []string{"1:a|b", "2:1|2"}},
		"semicolons with commas inside":       {"a;b\n1,5;2\n", []string{"1:a|b", "2:1,5|2"}},
		"tabs":                                {"a\tb\n1\t2", []string{"1:a|b", "2:1|2"}},
		"a byte order mark":                   {"\ufeffa;b\r\n1;2\r\n", []string{"1:a|b", "2:1|2"}},
		"carriage returns only":               {"a,b\r1,2\r", []string{"1:a|b", "2:1|2"}},
		"a quoted delimiter in the head":      {"\"a;;;\",b\n1,2\n", []string{"1:a;;;|b", "2:1|2"}},
		"quoted line ends":                    {"a,b\n\"x\ny\r\nz\",2\n3,4\n", []string{"1:a|b", "2:x\ny\nz|2", "5:3|4"}},
		"doubled quotes":                      {"a\n\"\"\"x\"\"\"\n", []string{"1:a", "2:\"x\""}},
		"an empty quoted value":               {"a,b\n\"\",2\n", []string{"1:a|b", "2:|2"}},
		"space after a quote":                 {"a,b\n\"x\" ,2\n", []string{"1:a|b", "2:x|2"}},
		"text after a quote":                  {"a,b\n\"x\"y,2\n3,4\n", []string{"1:a|b", "2!intake.quote", "3:3|4"}},
		"a quote inside a plain value":        {"a,b\n5\" pipe,2\n", []string{"1:a|b", "2:5\" pipe|2"}},
		"a quote that is never closed":        {"a,b\n1,2\n\"x,2\n3,4\n", []string{"1:a|b", "2:1|2", "3-4!intake.quote_open"}},
		"the same on the last line":           {"a,b\n\"x,2", []string{"1:a|b", "2!intake.quote"}},
		"an open quote, later in a record":    {"a,b\n\"x\ny\",\"2\n3,4\n", []string{"1:a|b", "3-4!intake.quote_open"}},
		"an open quote, closed by another":    {"a,b\n\"x,2\n3,4\n5,\"y\"\n7,8\n", []string{"1:a|b", "2-4!intake.quote_open", "5:7|8"}},
		"empty lines":                         {"a,b\n\n\n1,2\n\n", []string{"1:a|b", "4:1|2"}},
		"a line too long":                     {"a,b\n" + long + "y,2\n3,4\n", []string{"1:a|b", "2!intake.record_too_long", "3:3|4"}},
		"a line too long, at its end":         {"a\n" + long + "\n3\n", []string{"1:a", "2!intake.record_too_long", "3:3"}},
		"an open quote that is too long":      {"a,b\n\"" + long + "\nx\n3,4\n", []string{"1:a|b", "2!intake.record_too_long", "3:x", "4:3|4"}},
		"an open quote before too many lines": {"a,b\n\"x\n" + long + "\n3,4\n", []string{"1:a|b", "2-3!intake.quote_open", "4:3|4"}},
		"too many columns":                    {"a\n" + strings.Repeat(",", MaxColumns) + "\n1\n", []string{"1:a", "2!intake.too_many_columns", "3:1"}},
		"no UTF-8":                            {"a\n\xff\xfe\n1\n", []string{"1:a", "2!intake.encoding", "3:1"}},
		"a zero byte":                         {"a\n\x00\n1\n", []string{"1:a", "2!intake.encoding", "3:1"}},
		"UTF-16":                              {"\xff\xfea\x00", []string{"intake.utf16"}},
		"the last line without a newline":     {"a,b\n1,", []string{"1:a|b", "2:1|"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := readAll(t, c.text, 0); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	if got := readAll(t, "a;b,c\n", ','); fmt.Sprint(got) != "[1:a;b|c]" {
		t.Errorf("a delimiter that is named: %q", got)
	}
}

func TestAFileThatCannotBeReadSaysSo(t *testing.T) {
	broken := errors.New("disk gone")
	if _, err := newReader(iotest.ErrReader(broken), 0); code(err) != "intake.read" {
		t.Error(err)
	}
	r, err := newReader(io.MultiReader(strings.NewReader(strings.Repeat("a,b\n", 40_000)), iotest.ErrReader(broken)), 0)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = r.read()
	}
	if code(err) != "intake.read" || !errors.Is(err, broken) {
		t.Error(err)
	}
}

func FuzzReader(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\ufeffa;b\r\n\"x\r\ny\";\"\"\"\"\r\n", "\"", "a\n\xff", ",,,\n\r\r\n\"x\"y\n1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := newReader(bytes.NewReader(text), ',')
		if err != nil {
			return
		}
		line, offset := 0, int64(-1)
		clean := true
		var ours [][]string
		for {
			rec, err := r.read()
			if errors.Is(err, io.EOF) {
				break
			}
			var bad *fault
			if err != nil && !errors.As(err, &bad) {
				t.Fatal(err)
			}
			if bad != nil {
				clean = false
				rec.Line = bad.Line
			}
			if rec.Line <= line && line > 0 && r.offset <= offset {
				t.Fatalf("no progress at line %d", rec.Line)
			}
			line, offset = rec.Line, r.offset
			if bad == nil {
				ours = append(ours, append([]string(nil), rec.Columns...))
			}
		}
		if r.offset != int64(len(text)) {
			t.Fatalf("%d of %d bytes read", r.offset, len(text))
		}
		// what the standard library reads without complaint, we read alike
		plain := bytes.TrimPrefix(text, bom)
		if !clean || bytes.ContainsRune(plain, '\r') || len(text) > MaxRecord {
			return
		}
		theirs := csv.NewReader(bytes.NewReader(plain))
		theirs.FieldsPerRecord = -1
		want, err := theirs.ReadAll()
		if err != nil {
			return
		}
		kept := want[:0]
		for _, w := range want {
			if len(w) > 1 || w[0] != "" {
				kept = append(kept, w)
			}
		}
		if fmt.Sprint(ours) != fmt.Sprint(kept) {
			t.Fatalf("%q\nours   %q\ntheirs %q", text, ours, kept)
		}
	})
}

func TestMapsAreReadStrictly(t *testing.T) {
	head := "version: 1\ncontroller: ctl_x\npurpose: pur_x\n"
	number := "  No: {field: customer_number}\n"
	for what, text := range map[string]string{
		"version":           "version: 2\ncontroller: c\npurpose: p\ncolumns:\n" + number,
		"controller":        "version: 1\npurpose: p\ncolumns:\n" + number,
		"purpose":           "version: 1\ncontroller: c\ncolumns:\n" + number,
		"delimiter":         head + "delimiter: ab\ncolumns:\n" + number,
		"columns":           head,
		"date_format":       head + "date_format: DD/MM\ncolumns:\n" + number,
		"column_name":       head + "columns:\n" + number + "  \"\": {field: name}\n",
		"format":            head + "columns:\n" + number + "  X: {field: name, format: DD/MM/YYYY}\n",
		"registered":        head + "columns:\n" + number + "  X: {field: name, registered_at: 2020-01-01}\n",
		"registered_format": head + "columns:\n" + number + "  X: {field: phone, registered_column: Y, registered_format: HH}\n",
		"customer_number":   head + "columns:\n  X: {field: name}\n",
		"file_too_big":      strings.Repeat("#", maxMap+1),
	} {
		_, err := ParseMap([]byte(text), catalog.Shipped())
		if got := whatOf(err); got != what {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, text := range []string{
		head + "columns:\n" + number + "  X: {field: birth_date, format: DD}\n",
		head + "columns:\n" + number + "  X: {field: birth_date, format: DD/DD/MM/YYYY}\n",
		head + "columns:\n" + number + "  X: {field: phone, registered_at: kemarin}\n",
		head + "columns:\n" + number + "  X: {field: phone, registered_at: 2020-01-01, registered_column: Y}\n",
	} {
		if _, err := ParseMap([]byte(text), catalog.Shipped()); code(err) != "intake.map" {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, line := range map[string]int{
		head + "colums: {}\n": 4,
		head + "columns:\n" + number + "  \"X: {field: name}\n": 0,
		"version: 1\ncontroller: [c\npurpose: p\n":              3,
		"version: 1\n\tcontroller: c\n":                         2,
		"version: one\n":                                        1,
	} {
		_, err := ParseMap([]byte(text), catalog.Shipped())
		_, other := ParseFactMap([]byte(text))
		for _, err := range []error{err, other} {
			if got, _ := argsOf(err)["line"].(int); code(err) != "intake.map_line" || line > 0 && got != line || got == 0 {
				t.Errorf("%q: %v, line %d, want %d", text, err, got, line)
			}
		}
	}
	_, err := ParseMap([]byte(head+"columns:\n"+number+"  X: {field: nmae}\n"), catalog.Shipped())
	if args := argsOf(err); code(err) != "intake.map_field" || args["column"] != "X" || args["field"] != "nmae" || !strings.Contains(args["fields"].(string), "mother_maiden_name") {
		t.Error(err)
	}
	_, err = ParseMap([]byte(head+"columns:\n"+number+"  X: {field: name}\n  Y: {field: name}\n"), catalog.Shipped())
	if args := argsOf(err); code(err) != "intake.map_twice" || args["column"] == args["other"] || args["field"] != "name" {
		t.Error(err)
	}
	facts := "version: 1\ncontroller: c\npurpose: p\ncustomer: A\nkind: B\ndate: C\nvalue: D\n"
	for what, text := range map[string]string{
		"version":      strings.Replace(facts, "version: 1", "version: 3", 1),
		"controller":   strings.Replace(facts, "controller: c\n", "", 1),
		"purpose":      strings.Replace(facts, "purpose: p\n", "", 1),
		"delimiter":    facts + "delimiter: xx\n",
		"customer":     strings.Replace(facts, "customer: A\n", "", 1),
		"value":        strings.Replace(facts, "value: D\n", "", 1),
		"date_format":  facts + "date_format: kapan\n",
		"kinds":        facts + "kinds: {Bayar: \"Last Payment\"}\n",
		"file_too_big": strings.Repeat("#", maxMap+1),
		"":             facts,
	} {
		if _, err := ParseFactMap([]byte(text)); whatOf(err) != what {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func whatOf(err error) string {
	if err == nil {
		return ""
	}
	what, _ := argsOf(err)["what"].(string)
	return what
}

func FuzzParseMap(f *testing.F) {
	f.Add([]byte(mapText))
	f.Add([]byte("version: 1\ncolumns: {a: {field: name}}"))
	c := catalog.Shipped()
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseMap(text, c)
		if err != nil {
			if !strings.HasPrefix(code(err), "intake.map") {
				t.Fatal(err)
			}
			return
		}
		for name, col := range m.Columns {
			if _, ok := c.Field(col.Field); !ok || name == "" {
				t.Fatalf("%q goes to %q", name, col.Field)
			}
		}
		if _, err := lay(m, m.names()); err != nil && code(err) != "intake.column_missing" && code(err) != "intake.column_twice" {
			t.Fatal(err)
		}
		_, _ = ParseFactMap(text)
	})
}

// A birth date of 1945 must not become one of 2045: which century two digits mean would be a guess.
func TestATwoDigitYearOfABirthDateIsRefused(t *testing.T) {
	for _, text := range []string{
		"columns:\n  No: {field: customer_number}\n  Lahir: {field: birth_date, format: DD/MM/YY}\n",
		"date_format: DD/MM/YY\ncolumns:\n  No: {field: customer_number}\n  Lahir: {field: birth_date}\n",
	} {
		if _, err := ParseMap([]byte("version: 1\ncontroller: c\npurpose: p\n"+text), catalog.Shipped()); code(err) != "intake.map_century" {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		"date_format: DD/MM/YY\ncolumns:\n  No: {field: customer_number}\n  Lahir: {field: birth_date, format: DD/MM/YYYY}\n",
		"date_format: DD/MM/YY\ncolumns:\n  No: {field: customer_number}\n  HP: {field: phone, registered_column: Sejak}\n", // a day of registration is not in the future
	} {
		if _, err := ParseMap([]byte("version: 1\ncontroller: c\npurpose: p\n"+text), catalog.Shipped()); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A file whose lines end in CR alone: one bad record must not take the rest of the file with it.
func TestABadRecordEndsAtItsLineWhateverEndsLines(t *testing.T) {
	bad := strings.Repeat(",", MaxColumns)
	for _, end := range []string{"\n", "\r\n", "\r"} {
		r, err := newReader(strings.NewReader("a,b"+end+`"x"y,2`+end+bad+end+"c,d"+end), ',')
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			rec, err := r.read()
			if errors.Is(err, io.EOF) {
				break
			}
			if f := (*fault)(nil); errors.As(err, &f) {
				got = append(got, fmt.Sprint(f.Code, " ", f.Line, " ", f.Last))
				continue
			}
			got = append(got, fmt.Sprint(rec.Line, " ", strings.Join(rec.Columns, "|")))
		}
		if want := []string{"1 a|b", "intake.quote 2 2", "intake.too_many_columns 3 3", "4 c|d"}; !slices.Equal(got, want) {
			t.Errorf("%q: %q", end, got)
		}
	}
}

func TestDatesInTheFormsPeopleWrite(t *testing.T) {
	for format, text := range map[string]string{
		"DD/MM/YYYY": "05/06/2023", "D": "", "YYYY-MM-DD": "2023-06-05", "DD.MM.YY": "5.6.23", "DDMMYYYY": "05062023", "DD MM YYYY": "5 6 2023",
	} {
		layout, err := dateLayout(format)
		if text == "" {
			if err == nil {
				t.Errorf("%q is a format", format)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parseDay(layout, text); err != nil || got.Format("2006-01-02") != "2023-06-05" {
			t.Errorf("%s %q: %v, %v", format, text, got, err)
		}
	}
}

func TestAHeaderMustFitTheMap(t *testing.T) {
	m, err := ParseMap([]byte(mapText), catalog.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	full := strings.Split(strings.TrimSpace(header), ";")
	if _, err := lay(m, full[1:]); code(err) != "intake.column_missing" {
		t.Error(err)
	}
	if _, err := lay(m, append(full[:3:3], full[4:]...)); code(err) != "intake.column_missing" {
		t.Error(err)
	}
	if _, err := lay(m, append(full[:len(full):len(full)], "Nama")); code(err) != "intake.column_twice" {
		t.Error(err)
	}
	if _, err := lay(m, append(full[:len(full):len(full)], "Lain", "Lain")); err != nil {
		t.Errorf("two columns that are not imported have one name: %v", err)
	}
	f := &FactMap{Customer: "A", Kind: "B", Date: "C", Value: "D", DateFormat: "kapan"}
	for want, h := range map[string][]string{"intake.column_missing": {"A", "B", "C"}, "intake.column_twice": {"A", "A", "B", "C", "D"}} {
		if _, err := layFacts(f, h); code(err) != want {
			t.Error(err)
		}
	}
	if _, err := layFacts(f, []string{"A", "B", "C", "D"}); err == nil {
		t.Error("a format that is none")
	}
}

func TestWhatColumnsLookLike(t *testing.T) {
	for text, want := range map[string]string{
		"31-12-1990": "date", "05-06-1988": "date", "05/06/1988": "date", "05.06.1988": "date", "5/6/1988": "date", "05 06 1988": "date",
		"1988-06-05": "date", "1988/06/05": "date", "02/28/1990": "date", "02-28-1990": "date", "05-06-88": "date", "05061988": "date", "19880605": "date",
		"05-06-1988 13:45": "date", "1988-06-05T13:45:00Z": "date", "1988-06-05 13:45:00.000": "date", "5 Juni 1988": "date",
		"0812-1111-2222": "phone", "+62 812 1111 2222": "phone", "021-5551234": "phone", "021 555 1234": "phone", "0812-34-5678": "phone", "(021) 555-1234": "phone",
		"99-99-9999":          "",
		"siti@contoh.example": "email", "3171012902800001": "nik", "081211112222": "phone", "4111111111111111": "card",
		"1990-12-31": "date", "Siti": "", strings.Repeat("x", 200): "", "4111 1111 1111 1112": "npwp",
	} {
		if got := looksLike(text); got != want {
			t.Errorf("%q looks like %q, want %q", text, got, want)
		}
	}
	if harmless("=cmd()") != "'=cmd()" || harmless("HP") != "HP" || harmless("") != "" {
		t.Error("a column's name could be run as a formula")
	}
}

func TestTheDryRunNamesWhatAColumnHidesAndNotWhatItIs(t *testing.T) {
	for _, c := range []struct {
		field, looks string
		want         string
	}{
		{"nik", "npwp", ""}, // a person's NPWP is the NIK
		{"npwp", "nik", ""},
		{"kk", "nik", ""},
		{"nik", "phone", "phone"},
		{"account_number", "phone", ""},
		{"account_number", "card", "card"},
		{"", "nik", "nik"},
	} {
		l := looks{seen: 100, counts: map[string]int{c.looks: 93}}
		r := ColumnReport{Field: c.field}
		l.conclude(&r, catalog.Shipped())
		if r.LooksLike != c.want {
			t.Errorf("a column of %q full of %s is said to look like %q, want %q", c.field, c.looks, r.LooksLike, c.want)
		}
	}
	l, r := looks{seen: 100, counts: map[string]int{"date": 100}}, ColumnReport{DayOf: "HP"}
	if l.conclude(&r, catalog.Shipped()); r.LooksLike != "" {
		t.Errorf("days of registration are said to look like %q", r.LooksLike)
	}
}
