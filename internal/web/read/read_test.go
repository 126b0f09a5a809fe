package read_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/web/read"
)

type noteForm struct {
	Note    string    `form:"note" max:"20" required:"true" lines:"true"`
	Outcome string    `form:"outcome" choice:"done open"`
	Level   int       `form:"level" low:"0" high:"3"`
	Fields  []string  `form:"field" max:"10" count:"3"`
	Agree   bool      `form:"agree"`
	Since   time.Time `form:"since"`
}

func TestAFormIsTakenWholeOrRefusedByFieldAndReason(t *testing.T) {
	var form noteForm
	if err := read.Form("note=+baris+1%0D%0Abaris+2+&outcome=open&level=3&field=a&field=&field=b&agree=on&since=2026-11-23&lang=en", &form); err != nil {
		t.Fatal(err)
	}
	want := noteForm{Note: "baris 1\nbaris 2", Outcome: "open", Level: 3, Fields: []string{"a", "b"}, Agree: true, Since: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, form); diff != "" {
		t.Error(diff)
	}
	for raw, want := range map[string]read.Fault{
		"":                                       {Location: "form.note", Reason: "required"},
		"note=+":                                 {Location: "form.note", Reason: "required"},
		"note=x%00":                              {Location: "form.note", Reason: "format"},
		"note=%ff":                               {Location: "form.note", Reason: "format"},
		"note=a&note=b":                          {Location: "form.note", Reason: "duplicate"},
		"note=a&level=4":                         {Location: "form.level", Reason: "range"},
		"note=a&level=-1":                        {Location: "form.level", Reason: "range"},
		"note=a&level=1.5":                       {Location: "form.level", Reason: "type"},
		"note=a&agree=maybe":                     {Location: "form.agree", Reason: "type"},
		"note=a&since=23-11-2026":                {Location: "form.since", Reason: "format"},
		"note=a&since=2026-02-30":                {Location: "form.since", Reason: "format"},
		"note=a&outcome=x":                       {Location: "form.outcome", Reason: "choice"},
		"note=a&field=a\nb":                      {Location: "form.field", Reason: "format"},
		"note=a&field=1&field=2&field=3&field=4": {Location: "form.field", Reason: "too_long"},
		"note=" + strings.Repeat("é", 21):        {Location: "form.note", Reason: "too_long"},
		"note=a&other=1":                         {Location: "form.?", Reason: "unknown"},
	} {
		err := read.Form(raw, &noteForm{})
		if e := errs.Of(err); e == nil || e.Code != "web.invalid" || !strings.Contains(faultsText(e), want.Location+" "+want.Reason) {
			t.Errorf("%q: %v %s, not %v", raw, err, faultsText(e), want)
		}
	}
	if err := read.Form("note="+strings.Repeat("é", 20), &noteForm{}); err != nil {
		t.Error("twenty characters are counted as bytes:", err)
	}
	secret := struct {
		Password string `form:"password" max:"64" min:"3" secret:"true"`
		Accept   bool   `form:"accept" required:"true"`
	}{}
	if err := read.Form("password=+a+b+&accept=true", &secret); err != nil || secret.Password != " a b " {
		t.Error("a secret is trimmed:", err, secret)
	}
	if err := read.Form("password=ab&accept=false", &secret); !strings.Contains(faultsText(errs.Of(err)), "form.password too_short") || !strings.Contains(faultsText(errs.Of(err)), "form.accept required") {
		t.Error(err)
	}
}

func faultsText(e *errs.E) string {
	if e == nil {
		return ""
	}
	var b strings.Builder
	for _, f := range read.Faults(e) {
		b.WriteString(f.Location + " " + f.Reason + "\n")
	}
	return b.String()
}

func TestAFormWithoutLimitsIsADefect(t *testing.T) {
	for name, form := range map[string]any{
		"no max": &struct {
			A string `form:"a"`
		}{},
		"no tag": &struct{ A string }{},
		"a strange type": &struct {
			A float64 `form:"a" max:"1"`
		}{},
		"a name twice": &struct {
			A string `form:"a" max:"1"`
			B string `form:"a" max:"1"`
		}{},
		"a max that is no number": &struct {
			A string `form:"a" max:"x"`
		}{},
	} {
		if err := read.Form("a=1", form); errs.KindOf(err) != errs.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := read.Form("a=1", new(int)); errs.KindOf(err) != errs.Internal {
		t.Error("a form that is no struct:", err)
	}
}

func FuzzForm(f *testing.F) {
	for _, seed := range []string{"note=halo&level=2&field=a&field=b", "note=%00", "%zz", "note=a;b", "since=2026-11-23&note=x", "note=%F0%9F%98%80&agree=1", strings.Repeat("&", 501)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var form noteForm
		err := read.Form(raw, &form)
		if err != nil {
			if k := errs.KindOf(err); k != errs.Invalid {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		if n := len([]rune(form.Note)); n == 0 || n > 20 || strings.ContainsAny(form.Note, "\x00\r") || form.Note != strings.TrimSpace(form.Note) {
			t.Fatalf("%q gave the note %q", raw, form.Note)
		}
		if form.Level < 0 || form.Level > 3 || len(form.Fields) > 3 || form.Outcome != "" && form.Outcome != "done" && form.Outcome != "open" {
			t.Fatalf("%q gave %+v", raw, form)
		}
	})
}

func TestHalfASurrogatePairIsRefusedAndNotReplaced(t *testing.T) {
	for text, fine := range map[string]bool{
		`{"a":"\ud800"}`: false, `{"a":"\uDFFF"}`: false, `{"a":"x\ud83dx"}`: false, `{"a":"\ud83d\u0041"}`: false, `{"a":"\ude00\ud83d"}`: false,
		`{"a":"\ud83d\ud83d\ude00"}`: false, `{"\udc00":1}`: false, `{"a":"\ud83d`: false, `{"a":"\ud83d\`: false,
		`{"a":"\ud83d\ude00"}`: true, `{"a":"\\ud800"}`: true, `{"a":"\u0041\n\\\ud83d\ude00"}`: true, `{"a":"\ufffd"}`: true,
	} {
		if err := read.JSON([]byte(text)); (err == nil) != fine || err != nil && errs.Of(err).Code != "web.malformed" {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzStrictJSON(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `[1,{"a":[]}]`, `{"a":1,"A":2}`, `{} {}`, `"x"`, `{"a":{"b":{}},"c":1}`, `"\ud83d\ude00"`, `"\ud800"`, `"\\\ud800"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var v any
		strict, plain := read.JSON(body), json.Unmarshal(body, &v)
		if strict == nil && plain != nil && !strings.Contains(plain.Error(), "cannot unmarshal number") {
			t.Fatalf("%q is taken and is no JSON: %v", body, plain)
		}
		if strict == nil && plain == nil && !bytes.Contains(body, []byte("\ufffd")) && !bytes.Contains(bytes.ToLower(body), []byte(`\ufffd`)) {
			if again, err := json.Marshal(v); err != nil || bytes.Contains(again, []byte("\ufffd")) {
				t.Fatalf("%q is taken and something in it was replaced: %q", body, again)
			}
		}
	})
}

// BenchmarkForm decodes a form of six fields.
func BenchmarkForm(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := read.Form("note=halo+dunia&outcome=open&level=3&field=a&field=b&agree=on&since=2026-11-23", &noteForm{}); err != nil {
			b.Fatal(err)
		}
	}
}
