package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
)

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %s", code)
	} else if got := errs.Of(err).Code; got != code {
		t.Errorf("error %s, want %s", got, code)
	}
}

func TestTheShippedCatalogueDeclaresWhatACallCenterHolds(t *testing.T) {
	c := Shipped()
	for _, name := range []string{
		"name", "nik", "kk", "npwp", "phone", "email", "address", "birth_date", "mother_maiden_name", "account_number",
		"card_last_four", "customer_number", "policy_number", "case_reference", "health_note", "account_history", "note", "extra_tier",
	} {
		f, ok := c.Field(name)
		if !ok || !f.Declared || f.Name != name {
			t.Errorf("%s is not declared", name)
		}
	}
	if names := c.Names(); slices.Contains(names, "extra") || len(names) != len(c.Fields())-1 {
		t.Errorf("names %v", names)
	}
	for _, f := range c.Fields() {
		if f.Class == Secret {
			for channel := range f.MinLevel {
				for _, verb := range []string{"reveal", "mask", "search"} {
					if _, ok := f.Level(channel, verb); ok {
						t.Errorf("the secret %s allows %s", f.Name, verb)
					}
				}
			}
		}
		if level, ok := f.Level("phone", "reveal"); ok && level < 2 {
			t.Errorf("%s is revealed below level 2", f.Name)
		}
	}
	if level, ok := must(c.Field("phone")).Level("phone", "act"); !ok || level != 1 {
		t.Errorf("a registered contact may be used at level %d, %v", level, ok)
	}
	if _, ok := must(c.Field("nik")).Level("email", "reveal"); ok {
		t.Error("a NIK may be revealed in e-mail")
	}
	for channel, want := range map[string]bool{"phone": true, "chat": true, "email": false} {
		if _, ok := must(c.Field("account_history")).Level(channel, "verify"); ok != want {
			t.Errorf("account history verifies by %s: %v", channel, ok)
		}
	}
}

func must(f Field, _ bool) Field { return f }

func TestWhatIsNotDeclaredIsSecret(t *testing.T) {
	c := Shipped()
	for _, name := range []string{"", "religion", "extra", "extra_", "extras_x", "Extra_x", "extra_X", "extra__x", "extra_" + strings.Repeat("x", 64), "name_x", "_"} {
		f, ok := c.Field(name)
		if ok || f.Declared || f.Class != Secret || f.Index != None || len(f.MinLevel) != 0 {
			t.Errorf("%q: %+v, %v", name, f, ok)
		}
		if _, err := f.Normalise("x"); errs.Of(err).Code != "catalog.undeclared" {
			t.Errorf("%q normalises (%v)", name, err)
		}
		if got := f.MaskValue("rahasia"); got != Hidden {
			t.Errorf("%q shows %q", name, got)
		}
	}
	if f, ok := c.Field("extra_loyalty_tier"); !ok || f.Name != "extra_loyalty_tier" {
		t.Error("a free field's names have several words")
	}
}

const oneField = `version: 1
levels:
  some:
    phone: {compare: 1}
fields:
  - name: tier
    class: general
    label: {id: Tingkat, en: Tier}
    necessity: {id: Perlu., en: Needed.}
    normaliser: text
    mask: hidden
    levels: some
`

func TestACatalogueFileIsReadStrictly(t *testing.T) {
	if c, err := Load([]byte(oneField)); err != nil || len(c.Fields()) != 1 || c.Fields()[0].Index != None {
		t.Fatalf("the smallest file: %v", err)
	}
	change := func(old, with string) string {
		if !strings.Contains(oneField, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(oneField, old, with, 1)
	}
	for name, text := range map[string]string{
		"empty":                            "",
		"not YAML":                         "\t{",
		"another version":                  change("version: 1", "version: 2"),
		"an unknown word":                  change("    mask: hidden", "    mask: hidden\n    colour: red"),
		"a word twice":                     change("    mask: hidden", "    mask: hidden\n    mask: hidden"),
		"no fields":                        "version: 1\nfields: []\n",
		"too big":                          oneField + strings.Repeat("# x\n", maxFile/4),
		"a field twice":                    oneField + oneField[strings.Index(oneField, "  - name"):],
		"a name in capitals":               change("name: tier", "name: Tier"),
		"no name":                          change("name: tier", "name: ''"),
		"no class":                         change("class: general", "class: ''"),
		"an unknown class":                 change("class: general", "class: private"),
		"specific without its kind":        change("class: general", "class: specific"),
		"an unknown kind":                  change("class: general", "class: specific\n    kind: taste"),
		"a kind that is not specific":      change("class: general", "class: general\n    kind: health"),
		"no label":                         change("label: {id: Tingkat, en: Tier}", "label: {id: Tingkat}"),
		"no necessity":                     change("necessity: {id: Perlu., en: Needed.}", "necessity: {en: Needed.}"),
		"an unknown normaliser":            change("normaliser: text", "normaliser: txt"),
		"an unknown mask":                  change("mask: hidden", "mask: none"),
		"a whole mask of personal data":    change("mask: hidden", "mask: whole"),
		"no levels":                        change("levels: some", "levels: other"),
		"an unknown channel":               change("phone: {compare: 1}", "fax: {compare: 1}"),
		"an unknown verb":                  change("compare: 1", "copy: 1"),
		"a level above four":               change("compare: 1", "compare: 5"),
		"a level below nought":             change("compare: 1", "compare: -1"),
		"an unknown index":                 change("mask: hidden", "mask: hidden\n    index: full"),
		"an index of free text at rest":    change("mask: hidden", "mask: hidden\n    index: exact"),
		"a search without an index":        change("compare: 1", "search: 0"),
		"a secret that shows":              change("class: general", "class: secret\n    index: none") + "", // made whole below
		"a secret with an index":           change("class: general", "class: secret\n    index: memory"),
		"a free field with an index":       change("class: general", "class: general\n    free: true\n    index: memory"),
		"a contact that nothing can reach": change("class: general", "class: general\n    contact: phone"),
	} {
		if name == "a secret that shows" {
			text = strings.Replace(text, "compare: 1", "reveal: 1", 1)
		}
		c, err := Load([]byte(text))
		if err == nil || errs.Of(err).Code != "catalog.file" || c != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	secretMask := strings.Replace(change("class: general", "class: secret"), "mask: hidden", "mask: tail", 1)
	if _, err := Load([]byte(secretMask)); err == nil {
		t.Error("a secret with a mask that shows something")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(oneField))
	f.Add(shipped)
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Load(text)
		if (c == nil) == (err == nil) {
			t.Error("neither a catalogue nor an error")
		}
	})
}

func TestAValueOnItsWayToAScreenDoesNotPrint(t *testing.T) {
	v := NewValue("canary")
	if v.Text() != "canary" {
		t.Error("Text is another")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if got := fmt.Sprintf(verb, v); got != Sealed {
			t.Errorf("%s prints %q", verb, got)
		}
	}
	j, err := json.Marshal(map[string]any{"v": v, "l": []Value{v}})
	if err != nil || strings.Contains(string(j), "canary") {
		t.Errorf("%s (%v)", j, err)
	}
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", slog.Any("v", v), slog.Any("l", []Value{v}))
	if strings.Contains(b.String(), "canary") {
		t.Error(b.String())
	}
	if v.String() != Sealed || v.GoString() != Sealed || v.LogValue().String() != Sealed {
		t.Error("a value shows itself")
	}
}

func TestEveryCodeHasItsTextsInBothLanguages(t *testing.T) {
	codes := map[string]bool{"catalog.undeclared": true, "catalog.too_long": true, "catalog.file": true}
	for _, n := range normalisers {
		codes[n.code] = true
	}
	for _, lang := range []string{"id", "en"} {
		texts := map[string]string{}
		b, err := fs.ReadFile(Messages, "messages/"+lang+".json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &texts); err != nil {
			t.Fatal(err)
		}
		for code := range codes {
			if texts[code] == "" || texts[code+".next"] == "" {
				t.Errorf("%s: %s has no text or no next step", lang, code)
			}
		}
		for key := range texts {
			if !codes[strings.TrimSuffix(key, ".next")] {
				t.Errorf("%s: %s is nobody's", lang, key)
			}
		}
	}
}

func TestTheHeadOfTheFileNamesEveryWordThatMayBeUsed(t *testing.T) {
	head, _, _ := strings.Cut(string(shipped), "version: 1")
	for name := range normalisers {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(head) {
			t.Errorf("normaliser %s is not explained", name)
		}
	}
	for name := range masks {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(head) {
			t.Errorf("mask %s is not explained", name)
		}
	}
}

func schema(text string) fs.FS {
	return fstest.MapFS{"schema/0600_vault.sql": {Data: []byte("-- store: data\n" + text)}}
}

func TestEveryColumnMustHaveAClass(t *testing.T) {
	good := `-- a comment; with a semicolon
create table vault_value (
  value text primary key,          -- class: general, an opaque id
  value_sealed bytea not null,     -- class: specific

  phone_mac bytea,                 -- class: secret
  primary key (value),
  unique (value, phone_mac)
);
create index vault_value_x on vault_value (phone_mac);
alter table vault_value add column at bigint not null default 0; -- class: public
`
	cols, err := Columns(schema(good))
	if err != nil {
		t.Fatal(err)
	}
	if broken := Check(schema(good)); len(broken) != 0 {
		t.Errorf("refused: %v", broken)
	}
	if len(cols) != 4 || cols[0] != (Column{"schema/0600_vault.sql", 4, "data", "vault_value", "value", "text", General, ", an opaque id"}) || cols[3].Name != "at" {
		t.Errorf("%+v", cols)
	}
	for name, c := range map[string]struct{ text, want string }{
		"no class":            {"create table t (\n  a text\n);", "0600_vault.sql:3: t.a has no"},
		"an unknown class":    {"create table t (\n  a text -- class: private\n);", "has no"},
		"added, no class":     {"alter table t add column a text;", "t.a has no"},
		"sealed as text":      {"create table t (\n  a_sealed text -- class: general\n);", "must be bytea"},
		"specific and open":   {"create table t (\n  a text -- class: specific\n);", "must end in _sealed"},
		"an unknown type":     {"create table t (\n  a money -- class: public\n);", "cannot read this line of table t"},
		"an unreadable add":   {"alter table t add column money;", "cannot read this column"},
		"columns on the line": {"create table t (a text);", "must start on a line of their own"},
		"no end":              {"create table t (\n  a text -- class: public\n", "does not end"},
	} {
		broken := Check(schema(c.text))
		if len(broken) != 1 || !strings.Contains(broken[0], c.want) {
			t.Errorf("%s: %v", name, broken)
		}
	}
}

// brokenFS fails to list or to read.
type brokenFS struct{ list bool }

func (b brokenFS) Open(string) (fs.File, error) { return nil, errors.New("broken") }

func (b brokenFS) Glob(string) ([]string, error) {
	if b.list {
		return nil, errors.New("broken")
	}
	return []string{"schema/x.sql"}, nil
}

func TestASchemaThatCannotBeReadIsBroken(t *testing.T) {
	for _, list := range []bool{true, false} {
		if broken := Check(brokenFS{list}); len(broken) != 1 {
			t.Errorf("%v", broken)
		}
	}
}

func TestAFileThatShipsBrokenEndsTheProcess(t *testing.T) {
	defer func(was []byte) {
		shipped = was
		if recover() == nil {
			t.Error("a broken shipped catalogue was accepted")
		}
	}(shipped)
	shipped = []byte("version: 9")
	Shipped()
}

func TestThePlacesAndDistrictsAreWhole(t *testing.T) {
	if n := len(districts()); n != 7879 {
		t.Errorf("%d districts", n)
	}
	for _, p := range []string{"Bandung", "Kota Bandung", "kab. Bandung 40132", "DKI Jakarta", "Kabupaten Sleman", "Provinsi Bali", "Prov. Bali", "Kab Gowa", "Surabaya60111"} {
		if !Place(p) {
			t.Errorf("%q is a place", p)
		}
	}
	for _, p := range []string{"", "12345", "Rumah Pak Budi", "Kota", "Bandung Budi"} {
		if Place(p) {
			t.Errorf("%q is no place", p)
		}
	}
	if b, err := os.ReadFile("districts.txt"); err != nil || !strings.Contains(string(b), "MIT") {
		t.Errorf("the source is not named (%v)", err)
	}
}

func TestTheExampleOfEveryNormaliserIsInItsFormAndEveryShippedMaskShowsIt(t *testing.T) {
	for name, n := range normalisers {
		if form, ok := n.form(n.example); !ok || form != n.example {
			t.Errorf("%s: the example %q is not in its form: %q %t", name, n.example, form, ok)
		}
	}
	for _, f := range Shipped().Fields() {
		value, mask := f.Example()
		if hidden := mask == Hidden; value == "" || mask == value || hidden != (f.Mask == "hidden") {
			t.Errorf("%s: %q under the mask %s is %q", f.Name, value, f.Mask, mask)
		}
	}
	unknown, _ := Shipped().Field("salary")
	if value, mask := unknown.Example(); value != "" || mask != "" {
		t.Errorf("an undeclared field has the example %q, %q", value, mask)
	}
}

func TestATextIsReadInTheLanguageThatIsAskedFor(t *testing.T) {
	text := Text{ID: "Alamat surel", EN: "E-mail address"}
	if text.In(i18n.ID) != text.ID || text.In(i18n.EN) != text.EN {
		t.Error(text.In(i18n.ID), text.In(i18n.EN))
	}
}
