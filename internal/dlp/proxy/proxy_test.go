package proxy

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/amanah-id/amanah/internal/dlp/icap"
	"github.com/amanah-id/amanah/internal/web/webtest"
	"github.com/amanah-id/amanah/pii/extract"
)

func TestTexts(t *testing.T) { webtest.Texts(t, "proxy") }

func TestThePagesPolicyAllowsItsOneStyleAndNothingElse(t *testing.T) {
	text, err := views.ReadFile("views/stopped.html")
	if err != nil {
		t.Fatal(err)
	}
	styles := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllSubmatch(text, -1)
	if len(styles) != 1 || strings.Contains(string(text), "<script") || strings.Contains(string(text), "style=") {
		t.Fatalf("%q", styles)
	}
	sum := sha256.Sum256(styles[0][1])
	if want := "sha256-" + base64.StdEncoding.EncodeToString(sum[:]); style != want {
		t.Errorf("the policy allows %s, the page has %s", style, want)
	}
}

func TestHostsAreNamedWithAllThatEndInThem(t *testing.T) {
	list := Models()
	if len(list) < 30 || !slices.IsSortedFunc(list, func(a, b string) int {
		if a == strings.ToLower(a) && strings.Contains(a, ".") && !strings.ContainsAny(a, " /:") {
			return 0
		}
		return -1
	}) {
		t.Errorf("%d hosts: %q", len(list), list)
	}
	for host, want := range map[string]string{"api.openai.com": "openai.com", "openai.com": "openai.com", "notopenai.com": "", "openai.com.situs.example": "", "": ""} {
		if got, found := list.Find(host); got != want || found != (want != "") {
			t.Errorf("%s: %q", host, got)
		}
	}
	if got, _ := ReadHosts([]string{"# our own", "Kantor.Example # and all that end in it"}).Find("berkas.kantor.example"); got != "kantor.example" {
		t.Errorf("a name with capitals is not found: %q", got)
	}
}

func TestWhereARequestGoes(t *testing.T) {
	for first, want := range map[string]target{
		"GET http://Situs.Example:8080/a/b?c=d HTTP/1.1":        {method: "GET", host: "situs.example", path: "/a/b", query: "c=d", prefix: "http://Situs.Example:8080/a/b", version: "HTTP/1.1"},
		"GET http://orang:sandi@situs.example HTTP/1.1":         {method: "GET", host: "situs.example", path: "/", prefix: "http://orang:sandi@situs.example", version: "HTTP/1.1"},
		"POST /a?x HTTP/1.1":                                    {method: "POST", host: "lain.example", path: "/a", query: "x", prefix: "/a", version: "HTTP/1.1"},
		"CONNECT situs.example:443 HTTP/1.1":                    {method: "CONNECT", host: "situs.example", prefix: "situs.example:443", version: "HTTP/1.1"},
		"GET http://[2001:db8::1]:80/ HTTP/1.1":                 {method: "GET", host: "2001:db8::1", path: "/", prefix: "http://[2001:db8::1]:80/", version: "HTTP/1.1"},
		"GET https://situs.example./?a=http://b.example HTTP/2": {method: "GET", host: "situs.example", path: "/", query: "a=http://b.example", prefix: "https://situs.example./", version: "HTTP/2"},
	} {
		got, err := readTarget(&icap.Head{First: first, Fields: icap.Fields{{Name: "Host", Value: "lain.example:80"}}})
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(target{})); diff != "" || err != nil {
			t.Errorf("%s: %v %s", first, err, diff)
		}
		if again := got.first(got.query); again != first {
			t.Errorf("%s is written as %s", first, again)
		}
	}
	for _, first := range []string{"", "GET /", "GET / a HTTP/1.1", "GET / ICAP/1.0", "GET /two HTTP/1.1"} {
		fields := icap.Fields{{Name: "Host", Value: "a"}, {Name: "host", Value: "b"}} // two of them
		if _, err := readTarget(&icap.Head{First: first, Fields: fields}); err == nil {
			t.Errorf("%q is read", first)
		}
	}
}

func TestWhoIsNamedWithoutADomain(t *testing.T) {
	for _, x := range []struct{ name, value, want string }{
		{"X-Client-Username", "siti", "siti"}, {"X-Client-Username", `TOKO\siti`, "siti"}, {"X-Client-Username", "siti@TOKO.EXAMPLE", "siti"}, {"X-Client-Username", "-", ""},
		{"X-Authenticated-User", base64.StdEncoding.EncodeToString([]byte("Local://siti")), "siti"}, {"X-Authenticated-User", base64.StdEncoding.EncodeToString([]byte("siti")), "siti"},
		{"X-Authenticated-User", "?", ""}, {"X-Client-IP", "10.0.0.7", ""},
	} {
		if got := loginOf(icap.Fields{{Name: x.name, Value: x.value}}); got != x.want {
			t.Errorf("%s: %s is %q", x.name, x.value, got)
		}
	}
}

func TestOnlyAHostThatCanBeNoValueStandsBesideAnIncident(t *testing.T) {
	for host, want := range map[string]bool{"api.openai.com": true, "s3.unggah.example": true, "3273014708870017.situs.example": false, "nik-3273014708870017.example": false, "10.0.0.7": false, "": false} {
		if got := plainHost(host); (got != "") != want {
			t.Errorf("%s: %q", host, got)
		}
	}
}

// shout is a masking that changes every value without a small letter.
func shout(text string) string {
	name, value, _ := strings.Cut(text, ": ")
	if value == "" || value != strings.ToUpper(value) || !strings.ContainsAny(value, "0123456789") {
		return text
	}
	return name + ": [" + value + "]"
}

func TestValuesInJSONAreReplacedAndTheRestStaysByteForByte(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":"ABC1", "b": [1, "X2", "x"], "c":{"d":-1.5e3 , "e":null},"f":true}`: `{"a":"[ABC1]", "b": ["[1]", "[X2]", "x"], "c":{"d":-1.5e3 , "e":null},"f":true}`,
		`"A1"`:                     `"[A1]"`,
		` 7 `:                      ` "[7]" `,
		"{\"a\":\"1\"}\n{\"b\":2}": "{\"a\":\"[1]\"}\n{\"b\":\"[2]\"}",
		`{"a\"1":"\u00411\n"}`:     `{"a\"1":"[A1\n]"}`,
		`{"<a>":"<1>"}`:            `{"<a>":"[<1>]"}`,
		`[]`:                       `[]`,
	} {
		if got := string(masking(shout).json([]byte(text))); got != want {
			t.Errorf("%s is %s, not %s", text, got, want)
		}
	}
}

func TestWhateverTheJSONItStaysJSONWithItsShape(t *testing.T) {
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		simple := []*rapid.Generator[any]{rapid.String().AsAny(), rapid.Float64Range(-1e9, 1e9).AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil).AsAny(), rapid.SampledFrom([]string{"A1", "3273", `"`, `\`}).AsAny()}
		if depth > 0 {
			simple = append(simple, rapid.SliceOfN(value(depth-1), 0, 4).AsAny(), rapid.MapOfN(rapid.String(), value(depth-1), 0, 4).AsAny())
		}
		return rapid.OneOf(simple...)
	}
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(value(3).Draw(t, "value"))
		if err != nil { // every one of them can be written: texts of letters, finite numbers, lists, and objects with names of text
			t.Fatal(err)
		}
		if got := masking(func(text string) string { return text }).json(text); !bytes.Equal(got, text) {
			t.Fatalf("without values %s is %s", text, got)
		}
		if got := masking(shout).json(text); !json.Valid(got) {
			t.Fatalf("%s is no JSON: %s", text, got)
		}
	})
}

func TestValuesInAFormAreReplacedAndTheRestStaysAsItIsWritten(t *testing.T) {
	text := "a=A1&b=x+y%21&&c&d=%41%42+7"
	if got, want := masking(shout).fields(pairs(text)), "a=%5BA1%5D&b=x+y%21&c&d=%5BAB+7%5D"; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

// A form that is too large to be changed is read as it is meant, however it is cut.
func TestALargeFormIsReadAsItIsMeant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := url.Values{"nik": {rapid.String().Draw(t, "value")}}
		text := values.Encode() + rapid.SampledFrom([]string{"", "%", "%4", "%zz"}).Draw(t, "end")
		whole, err := io.ReadAll(unescapingOf(strings.NewReader(text)))
		if err != nil {
			t.Fatal(err)
		}
		cut, err := io.ReadAll(iotest.OneByteReader(unescapingOf(iotest.OneByteReader(strings.NewReader(text)))))
		if err != nil || !bytes.Equal(whole, cut) || !strings.HasPrefix(string(whole), "nik:"+values.Get("nik")) {
			t.Fatalf("%q is %q, in pieces %q: %v", text, whole, cut, err)
		}
	})
}

// FuzzARequestIsOneDocument: whatever a body holds, it is written within the document, once, however it is cut, and its parts are ours.
func FuzzARequestIsOneDocument(f *testing.F) {
	for _, seed := range []struct{ kind, encoding, body string }{
		{"multipart/form-data; boundary=x", "", "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b.txt\"\r\n\r\nisi\r\n--x--\r\n"},
		{"multipart/form-data; boundary=x", "gzip", "--x--"}, {"multipart/mixed", "", ""}, {"application/json", "", `{"a":[1,"b"]}`},
		{"application/x-www-form-urlencoded", "", "a=b&c=%41"}, {"text/plain; charset=utf-16", "", "a\x00b\x00"}, {"text/plain", "deflate", "x\x9c"}, {"", "br", "\x0b"},
	} {
		f.Add(seed.kind, seed.encoding, seed.body, "GET", "/a/b.txt")
	}
	f.Add("application/json", "", `{"a":"data:text/csv;base64,TklLDQo\/==","b":"UEsDBAAA\nAAAA","c":"JVBER`+strings.Repeat("i0xLj", 60_000)+`"}`, "POST", "/")
	f.Fuzz(func(t *testing.T, kind, encoding, body, method, path string) {
		once := func(r io.Reader) (string, []extract.Reason) {
			var fields icap.Fields
			for _, one := range []icap.Field{{Name: "Content-Type", Value: kind}, {Name: "Content-Encoding", Value: encoding}, {Name: method, Value: path}} {
				if one.Value != "" {
					fields = append(fields, one)
				}
			}
			d := document{boundary: "amanahfuzzboundary0123456789", target: target{method: method, host: "situs.example", path: path}, fields: fields, again: func() io.Reader { return strings.NewReader(body) }}
			var out bytes.Buffer
			var unread []extract.Reason
			if err := d.readBody(r); err != nil {
				t.Fatal(err)
			}
			if err := d.write(&out, func(why extract.Reason) { unread = append(unread, why) }); err != nil {
				t.Fatal(err)
			}
			return out.String(), unread
		}
		whole, unread := once(strings.NewReader(body))
		pieces, again := once(iotest.OneByteReader(strings.NewReader(body)))
		if whole != pieces || !slices.Equal(unread, again) {
			t.Errorf("at once %q %v, in pieces %q %v", whole, unread, pieces, again)
		}
		head, _, _ := strings.Cut(whole, "\r\n\r\n")
		for line := range strings.SplitSeq(head, "\r\n") { // a field of the request is one line, whatever is in it
			if name, _, found := strings.Cut(line, ": "); !found || !slices.Contains([]string{"From", "Subject", "MIME-Version", "X-Mailer", "X-Web-Field", "Content-Type"}, name) || strings.ContainsAny(line, "\r\n\x00") {
				t.Errorf("%q stands in the head", line)
			}
		}
		if !strings.HasSuffix(whole, "\r\n--amanahfuzzboundary0123456789--\r\n") {
			t.Errorf("%q has no end", whole)
		}
	})
}

func TestFilesInJSONAreParts(t *testing.T) {
	zip := base64.StdEncoding.EncodeToString(append([]byte("PK\x03\x04"), bytes.Repeat([]byte{0xff, 0xee, 0x01}, 40_000)...))
	table := base64.URLEncoding.EncodeToString([]byte("NIK;nama\n\xff"))
	text := `{"token":"` + strings.Repeat("abcd", 100) + `","file":"` + strings.ReplaceAll(zip, "/", `\/`) + `","url":"data:text/csv;base64,` + table + `","word":"base64, halo"}`
	var out bytes.Buffer
	d := document{boundary: "b"}
	if err := d.writeEmbedded(&parts{&out, "b"}, iotest.OneByteReader(strings.NewReader(text)), func(why extract.Reason) { t.Error(why) }); err != nil {
		t.Fatal(err)
	}
	files := strings.Split(out.String(), "--b\r\n")
	if len(files) != 3 {
		t.Fatalf("%d files", len(files)-1)
	}
	for i, want := range []string{zip, table} {
		_, body, _ := strings.Cut(files[i+1], "\r\n\r\n")
		got := base64.StdEncoding.EncodeToString([]byte(strings.TrimSuffix(body, "\r\n")))
		if got != strings.NewReplacer("-", "+", "_", "/").Replace(want) {
			t.Errorf("file %d is %d letters, not %d", i, len(got), len(want))
		}
	}
}
