package app

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/testkit"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// asker is a proxy that asks a house about requests.
type asker struct {
	*world
	t      testing.TB
	server net.Listener
}

// eachAsker is eachWorld with a proxy in front.
func eachAsker(t *testing.T, test func(t *testing.T, a *asker), settings ...string) {
	t.Helper()
	settings = append([]string{"icap.listen", "127.0.0.1:0", "icap.client", id.New(id.Client), "icap.controller", "toko", "icap.inside", "kantor.example"}, settings...)
	eachWorld(t, func(t *testing.T, w *world) { test(t, newAsker(t, w)) }, settings...)
}

func newAsker(t testing.TB, w *world) *asker {
	t.Helper()
	l, stop := answersProxies(t, w, func(l net.Listener) net.Listener { return knownOnly{l, nil} })
	t.Cleanup(stop)
	return &asker{w, t, l}
}

// answersProxies answers what comes on a listener around l, by an account that is made for it, until it is stopped.
func answersProxies(t testing.TB, w *world, around func(net.Listener) net.Listener) (l net.Listener, stop func()) {
	t.Helper()
	client, _, err := w.Client(t.Context(), "Squid", []string{"inspect"}, []string{w.controller})
	if err != nil {
		t.Fatal(err)
	}
	w.Config.ICAP.Client = client
	if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.Proxy.Server().Serve(ctx, around(l))
	}()
	return l, func() { cancel(); <-done }
}

// asked is a request as a proxy asks about it.
type asked struct {
	method, url string
	head        []string // name: value
	body        []byte
	user        string
}

// manner is how a proxy asks: with 204 or 206, with a preview, in chunks of which size.
type manner struct {
	allow   string
	preview int // -1: none
	chunk   int
}

var manners = []manner{{"", -1, 100_000}, {"204", -1, 1000}, {"204, 206", 4096, 4096}, {"", 4096, 700}, {"206", 0, 5000}, {"", 1 << 20, 300_000}}

// told is what became of a request.
type told struct {
	unchanged bool
	status    int    // of an answer in place of the request
	first     string // of the request that goes
	head      http.Header
	body      string
}

// ask asks about one request.
func (a *asker) ask(s asked, m manner) told {
	a.t.Helper()
	out, err := a.try(s, m)
	if err != nil {
		a.t.Fatal(err)
	}
	return out
}

func (a *asker) try(s asked, m manner) (out told, err error) {
	c, err := net.Dial("tcp", a.server.Addr().String())
	if err != nil {
		return out, err
	}
	defer func() { _ = c.Close() }()
	u, err := url.Parse(s.url)
	if err != nil {
		return out, err
	}
	head := s.method + " " + s.url + " HTTP/1.1\r\nHost: " + u.Host + "\r\n"
	for _, line := range s.head {
		head += line + "\r\n"
	}
	head += "\r\n"
	ask := "REQMOD icap://127.0.0.1/request ICAP/1.0\r\nHost: 127.0.0.1\r\n"
	if m.allow != "" {
		ask += "Allow: " + m.allow + "\r\n"
	}
	if s.user != "" {
		ask += "X-Client-Username: " + s.user + "\r\n"
	}
	last := "null-body"
	if s.body != nil {
		last = "req-body"
		if m.preview >= 0 {
			ask += "Preview: " + strconv.Itoa(m.preview) + "\r\n"
		}
	}
	ask += "Encapsulated: req-hdr=0, " + last + "=" + strconv.Itoa(len(head)) + "\r\n\r\n" + head
	from := bufio.NewReader(c)
	failed := make(chan error, 1)
	first := s.body
	if m.preview >= 0 && len(first) > m.preview {
		first = first[:m.preview]
	}
	end := "0\r\n\r\n"
	if m.preview >= 0 && len(first) == len(s.body) {
		end = "0; ieof\r\n\r\n"
	}
	if s.body == nil {
		end = ""
	}
	go func() { failed <- sendChunks(c, ask, first, m.chunk, end) }()
	line, err := from.ReadString('\n')
	if err == nil && strings.HasPrefix(line, "ICAP/1.0 100") {
		if _, err = from.ReadString('\n'); err != nil {
			return out, err
		}
		if err = <-failed; err != nil {
			return out, err
		}
		go func() { failed <- sendChunks(c, "", s.body[len(first):], m.chunk, "0\r\n\r\n") }()
		line, err = from.ReadString('\n')
	}
	if err != nil {
		return out, err
	}
	return a.answer(line, from, s)
}

func sendChunks(c net.Conn, head string, body []byte, size int, end string) error {
	w := bufio.NewWriter(c)
	_, _ = w.WriteString(head)
	for len(body) > 0 {
		n := min(size, len(body))
		_, _ = fmt.Fprintf(w, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	_, _ = w.WriteString(end)
	return w.Flush()
}

// readFields reads the lines of a head to its empty line.
func readFields(from *bufio.Reader) (http.Header, error) {
	out := http.Header{}
	for {
		line, err := from.ReadString('\n')
		if err != nil || line == "\r\n" {
			return out, err
		}
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		out.Add(name, value)
	}
}

// answer reads an answer of ICAP.
func (a *asker) answer(line string, from *bufio.Reader, s asked) (out told, err error) {
	var status int
	if _, err := fmt.Sscanf(line, "ICAP/1.0 %d", &status); err != nil {
		return out, err
	}
	said, err := readFields(from)
	if err != nil {
		return out, err
	}
	encapsulated := said.Get("Encapsulated")
	switch {
	case status == 204:
		return told{unchanged: true, body: string(s.body)}, nil
	case status != 200 && status != 206:
		return out, fmt.Errorf("ICAP %d", status)
	case strings.HasPrefix(encapsulated, "res-hdr"):
		r, err := http.ReadResponse(from, nil)
		if err != nil {
			return out, err
		}
		out.status, out.head = r.StatusCode, r.Header
	default:
		if out.first, err = from.ReadString('\n'); err != nil {
			return out, err
		}
		out.first = strings.TrimSpace(out.first)
		if out.head, err = readFields(from); err != nil {
			return out, err
		}
	}
	var body strings.Builder
	defer func() { out.body += body.String() }()
	for !strings.Contains(encapsulated, "null-body") {
		line, err := from.ReadString('\n')
		if err != nil {
			return out, err
		}
		if strings.HasPrefix(line, "0; use-original-body=0") {
			out.body = string(s.body)
			return out, nil
		}
		n, err := strconv.ParseInt(strings.TrimSpace(line), 16, 64)
		if err != nil {
			return out, err
		}
		piece := make([]byte, n+2)
		if _, err := io.ReadFull(from, piece); err != nil {
			return out, err
		}
		if n == 0 {
			break
		}
		body.Write(piece[:n])
	}
	return out, nil
}

// everyManner asks in all manners and wants one outcome.
func (a *asker) everyManner(s asked) told {
	a.t.Helper()
	var first told
	for i, m := range manners {
		got := a.ask(s, m)
		if strings.Contains(got.body, "lek_") { // each has an incident of its own
			got.body = got.body[:strings.Index(got.body, "lek_")]
		}
		if got.first == s.method+" "+s.url+" HTTP/1.1" && got.body == string(s.body) && got.head.Get("Amanah-Reason") == "" && !slices.ContainsFunc(s.head, func(h string) bool { return strings.HasPrefix(h, "Amanah-Reason") }) {
			got = told{unchanged: true, body: got.body} // brought back as it came
		}
		if i == 0 {
			first = got
		} else if diff := cmp.Diff(first, got, cmp.AllowUnexported(told{})); diff != "" {
			a.t.Fatalf("%+v: %s", m, diff)
		}
	}
	return first
}

const madeUpNIK = "3273014708870017"

// workbook is an XLSX of so many made-up customers.
func workbook(customers int) []byte {
	return testkit.Sheet(testkit.Customers(customers))
}

// wide writes a text with two bytes a letter.
func wide(text string) string {
	var out strings.Builder
	for i := range len(text) {
		out.WriteString(text[i:i+1] + "\x00")
	}
	return out.String()
}

// archived is a ZIP of names and texts; flags are bits of its entries, such as 1 for an encrypted one.
func archived(t testing.TB, flags uint16, entries ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(entries); i += 2 {
		f, err := w.CreateHeader(&zip.FileHeader{Name: entries[i], Method: zip.Deflate, Flags: flags})
		if err == nil {
			_, err = io.WriteString(f, entries[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// upload is a form with a file, as a browser sends it.
func upload(t testing.TB, to, name string, file []byte) asked {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.SetBoundary("----formulir0123456789"); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteField("catatan", "laporan bulanan"); err != nil {
		t.Fatal(err)
	}
	f, err := w.CreateFormFile("berkas", name)
	if err == nil {
		_, err = f.Write(file)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return asked{method: "POST", url: to, head: []string{"Content-Type: " + w.FormDataContentType(), "Accept: text/html", "Accept-Language: id"}, body: body.Bytes()}
}

// proxied are the incidents of the world, the newest first.
func (a *asker) incidents() []dlp.Incident {
	a.t.Helper()
	list, err := a.DLP.Incidents(a.t.Context(), person(a.t, a.world, actor.DPO), false)
	if err != nil {
		a.t.Fatal(err)
	}
	return list
}

func TestAnUploadOfManyCustomersIsStoppedAndACleanOneGoes(t *testing.T) {
	eachAsker(t, func(t *testing.T, a *asker) {
		got := a.everyManner(upload(t, "http://unggah.example/kirim", "pelanggan.xlsx", workbook(200)))
		if got.status != 403 || !strings.Contains(got.body, "Permintaan ini dihentikan") || strings.Contains(got.body, "pelanggan.xlsx") || strings.Contains(got.body, "3273010") || got.head.Get("Cache-Control") != "no-store" {
			t.Errorf("%+v", got)
		}
		list := a.incidents()
		if len(list) != len(manners) || list[0].Verdict != dlp.Block || list[0].People != 200 || list[0].Way != dlp.Web || list[0].Ref != "unggah.example" || !strings.HasPrefix(list[0].Staff, "cli_") {
			t.Fatalf("%d incidents: %+v", len(list), list)
		}
		if clean := a.everyManner(upload(t, "http://unggah.example/kirim", "stok.xlsx", workbook(0))); !clean.unchanged {
			t.Errorf("%+v", clean)
		}
		if n := len(a.incidents()); n != len(manners) {
			t.Errorf("%d incidents", n)
		}
		inside := upload(t, "http://berkas.kantor.example/kirim", "pelanggan.xlsx", workbook(200))
		if got := a.everyManner(inside); !got.unchanged {
			t.Errorf("to our own: %+v", got)
		}
	})
}

func TestValuesInAPromptAreMaskedAndItStaysJSON(t *testing.T) {
	eachAsker(t, func(t *testing.T, a *asker) {
		prompt := `{"model":"m-1", "messages":[{"role":"user","content":"Tolong buat surat untuk NIK ` + madeUpNIK + ` \u2014 \"segera\""}],"nik":` + madeUpNIK + `,"n":1}`
		agent := person(t, a.world, actor.Agent)
		one, err := a.Identity.StaffByID(t.Context(), agent.ID())
		if err != nil {
			t.Fatal(err)
		}
		got := a.everyManner(asked{method: "POST", url: "http://api.openai.com/v1/chat/completions", head: []string{"Content-Type: application/json", "Content-Length: " + strconv.Itoa(len(prompt))}, body: []byte(prompt), user: `TOKO\` + one.Login})
		want := `{"model":"m-1", "messages":[{"role":"user","content":"Tolong buat surat untuk NIK [NIK ****0017] — \"segera\""}],"nik":"[NIK ****0017]","n":1}`
		if got.body != want || !json.Valid([]byte(got.body)) || got.head.Get("Content-Length") != strconv.Itoa(len(want)) {
			t.Errorf("%+v", got)
		}
		if list := a.incidents(); list[0].Verdict != dlp.Mask || list[0].Staff != agent.ID() || list[0].Ref != "api.openai.com" {
			t.Errorf("%+v", list[0])
		}
		got = a.everyManner(asked{method: "POST", url: "http://api.openai.com/v1/chat/completions", head: []string{"Content-Type: application/x-www-form-urlencoded"}, body: []byte(prompt)})
		if got.body != want {
			t.Errorf("JSON that calls itself a form: %+v", got)
		}
		form := "nama=Budi&nik=" + madeUpNIK + "&pesan=halo+dunia%21"
		got = a.everyManner(asked{method: "POST", url: "http://mitra.example/daftar?id=7", head: []string{"Content-Type: application/x-www-form-urlencoded"}, body: []byte(form)})
		if got.body != "nama=Budi&nik=%5BNIK+%2A%2A%2A%2A0017%5D&pesan=halo+dunia%21" || got.first != "POST http://mitra.example/daftar?id=7 HTTP/1.1" {
			t.Errorf("%+v", got)
		}
		got = a.everyManner(asked{method: "GET", url: "http://cari.example/cari?q=nik+" + madeUpNIK + "&x=%20y"})
		if got.first != "GET http://cari.example/cari?q=nik+%5BNIK+%2A%2A%2A%2A0017%5D&x=%20y HTTP/1.1" {
			t.Errorf("%+v", got)
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write([]byte(prompt))
		_ = z.Close()
		got = a.everyManner(asked{method: "POST", url: "http://api.openai.com/v1/chat", head: []string{"Content-Type: application/json", "Content-Encoding: gzip"}, body: packed.Bytes()})
		if got.body != want || got.head.Get("Content-Encoding") != "" {
			t.Errorf("%+v", got)
		}
	})
}

// A customer of ours is known by name and number, in a prompt too, and reviewers learn whose data it was.
func TestWhoseDataIsInAPromptIsKnown(t *testing.T) {
	eachAsker(t, func(t *testing.T, a *asker) {
		of := (&hands{world: a.world, t: t}).theirs("name", "Kartinah Wulan Sastro", "phone", "081277700011", "customer_number", "CST-00918")
		if err := a.Known.Build(t.Context()); err != nil {
			t.Fatal(err)
		}
		hold(t, a.world, `@id("customers_to_models") @verdict("mask") @sentence_id("Pelanggan tidak disebut kepada model bahasa.") @sentence_en("Customers are not named to language models.")
forbid (principal, action == Action::"web", resource) when { context.languageModel && resource.known };`)
		prompt := `{"content":"Telepon pelanggan CST-00918, 0812-7770-0011, sudah aktif","nama":"Kartinah Wulan Sastro"}`
		got := a.everyManner(asked{method: "POST", url: "http://claude.ai/api", head: []string{"Content-Type: application/json"}, body: []byte(prompt)})
		if strings.Contains(got.body, "00918") || strings.Contains(got.body, "7770") || !strings.Contains(got.body, "sudah aktif") || !json.Valid([]byte(got.body)) {
			t.Errorf("%+v", got)
		}
		if list := a.incidents(); list[0].Verdict != dlp.Mask || !slices.Equal(list[0].Of, []string{of}) {
			t.Errorf("%+v", list[0])
		}
	})
}

// Each is stopped: the value stands where it cannot be replaced, or nobody can read what is sent.
func TestWhatCannotBeMaskedOrReadIsStopped(t *testing.T) {
	eachAsker(t, func(t *testing.T, a *asker) {
		long := `{"isi":"` + strings.Repeat("kata ", 250_000) + `", "nik":"` + madeUpNIK + `"}`
		deflated := func(text string) []byte {
			var out bytes.Buffer
			z := zlib.NewWriter(&out)
			_, _ = z.Write([]byte(text))
			_ = z.Close()
			return out.Bytes()
		}
		multi := "Content-Type: multipart/form-data; boundary=x"
		gzipped := func(text string) string {
			var out bytes.Buffer
			z := gzip.NewWriter(&out)
			_, _ = z.Write([]byte(text))
			_ = z.Close()
			return out.String()
		}
		packed := gzipped("NIK " + madeUpNIK)
		letters := base64.StdEncoding.EncodeToString([]byte(packed))
		numbers := ""
		for i := range 200 {
			numbers += fmt.Sprintf("nama %d,3174012%03d85%04d\n", i, 100+i%28, (i*7919)%9000+1)
		}
		part := func(head, body string) asked {
			return asked{method: "POST", url: "http://situs.example/", head: []string{multi}, body: []byte("--x\r\nContent-Disposition: form-data; name=\"a\"" + head + "\r\n\r\n" + body + "\r\n--x--\r\n")}
		}
		for name, s := range map[string]asked{
			"a value in the path":                 {method: "GET", url: "http://situs.example/nik/" + madeUpNIK},
			"a value in the host":                 {method: "GET", url: "http://nik-" + madeUpNIK + ".situs.example/"},
			"a value in the host of a tunnel":     {method: "CONNECT", url: "nik-" + madeUpNIK + ".situs.example:443"},
			"a body before a tunnel":              {method: "CONNECT", url: "situs.example:443", head: []string{"Content-Type: application/octet-stream"}, body: []byte("NIK " + madeUpNIK)},
			"a value in a name of JSON":           {method: "POST", url: "http://situs.example/", head: []string{"Content-Type: application/json"}, body: []byte(`{"nik ` + madeUpNIK + `":1}`)},
			"JSON that is too long to be changed": {method: "POST", url: "http://situs.example/", head: []string{"Content-Type: application/json"}, body: []byte(long)},
			"the same in deflate":                 {method: "POST", url: "http://situs.example/", head: []string{"Content-Type: application/json", "Content-Encoding: deflate"}, body: deflated(long)},
			"a file of text":                      upload(t, "http://situs.example/", "a.txt", []byte("NIK "+madeUpNIK)),
			"a name of a file":                    upload(t, "http://situs.example/", "NIK "+madeUpNIK+".txt", []byte("halo")),
			"a workbook in a prompt":              {method: "POST", url: "http://api.openai.com/v1/chat", head: []string{"Content-Type: application/json"}, body: []byte(`{"file_data":"data:application/octet-stream;base64,` + base64.StdEncoding.EncodeToString(workbook(200)) + `"}`)},
			"the same in a large one":             {method: "POST", url: "http://api.openai.com/v1/chat", head: []string{"Content-Type: application/json"}, body: []byte(`{"isi":"` + strings.Repeat("kata ", 250_000) + `","data":"` + base64.StdEncoding.EncodeToString(workbook(200)) + `"}`)},
			"a field of a form with files":        {method: "POST", url: "http://situs.example/", head: []string{multi}, body: []byte("--x\r\nContent-Disposition: form-data; name=\"nik\"\r\n\r\n" + madeUpNIK + "\r\n--x--\r\n")},
			"an archive in an archive":            upload(t, "http://situs.example/", "a.zip", archived(t, 0, "b.zip", string(archived(t, 0, "c.csv", "NIK\n"+madeUpNIK+"\n")))),
			"an encrypted archive":                upload(t, "http://situs.example/", "a.zip", archived(t, 1, "a.txt", "halo")),
			"a cut archive":                       upload(t, "http://situs.example/", "a.zip", archived(t, 0, "a.txt", "halo")[:40]),
			"a field in wide letters":             {method: "POST", url: "http://situs.example/", head: []string{multi}, body: []byte("--x\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: text/plain; charset=utf-16le\r\n\r\n" + wide("NIK "+madeUpNIK) + "\r\n--x--\r\n")},
			"brotli":                              {method: "POST", url: "http://situs.example/", head: []string{"Content-Type: application/json", "Content-Encoding: br"}, body: []byte("\x0b\x02\x80{}\x03")},
			"packed twice":                        {method: "POST", url: "http://situs.example/", head: []string{"Content-Type: text/plain", "Content-Encoding: gzip, gzip"}, body: []byte("halo")},
			"gzip that is none":                   {method: "POST", url: "http://situs.example/", head: []string{"Content-Type: application/x-www-form-urlencoded", "Content-Encoding: gzip"}, body: []byte("halo")},
			"something before the first part":     {method: "POST", url: "http://situs.example/", head: []string{multi}, body: []byte("rahasia\r\n--x\r\n\r\na\r\n--x--\r\n")},
			"something behind the last part":      {method: "POST", url: "http://situs.example/", head: []string{multi}, body: []byte("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\na\r\n--x--\r\nrahasia")},
			"a form without its end":              {method: "POST", url: "http://situs.example/", head: []string{multi}, body: []byte("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\na\r\n")},
			"a part in base64":                    {method: "POST", url: "http://situs.example/", head: []string{multi}, body: []byte("--x\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64\r\n\r\naGFsbw==\r\n--x--\r\n")},
			"a line of a part's head":             part("\r\nX-Data: NIK "+madeUpNIK, "halo"),
			"what a part's head says besides":     part("; data=\"NIK "+madeUpNIK+"\"", "halo"),
			"a kind of a part":                    part("\r\nContent-Type: text/plain; data=\"NIK "+madeUpNIK+"\"", "halo"),
			"a field that is packed":              part("", packed),
			"a long field that is packed":         part("", gzipped(numbers)),
			"a packed file in a field":            part("", letters),
			"a packed file as text in a file":     part("; filename=\"a.txt\"", letters),
			"a packed file in a form":             {method: "POST", url: "http://situs.example/", head: []string{"Content-Type: application/x-www-form-urlencoded"}, body: []byte("a=" + url.QueryEscape(letters))},
			"the same in a long form":             {method: "POST", url: "http://situs.example/", head: []string{"Content-Type: application/x-www-form-urlencoded"}, body: []byte("b=" + strings.Repeat("kata+", 60_000) + "&a=" + url.QueryEscape(letters))},
			"a packed file in a query":            {method: "GET", url: "http://situs.example/?a=" + url.QueryEscape(letters)},
			"a packed file in XML":                {method: "POST", url: "http://situs.example/", head: []string{"Content-Type: application/xml"}, body: []byte("<a>" + letters + "</a>")},
			"a file that nobody can unpack":       {method: "POST", url: "http://situs.example/", head: []string{"Content-Type: application/json"}, body: []byte(`{"a":"` + base64.StdEncoding.EncodeToString([]byte("BZh91AY&SY"+strings.Repeat("\xaa\x01", 40))) + `"}`)},
			"a form without a boundary":           {method: "POST", url: "http://situs.example/", head: []string{"Content-Type: multipart/form-data"}, body: []byte("--x--\r\n")},
		} {
			t.Run(name, func(t *testing.T) {
				b := *a
				b.t = t
				got := b.everyManner(s)
				if got.status != 403 || strings.Contains(got.body, madeUpNIK) {
					t.Errorf("%+v", got)
				}
			})
		}
	})
}

func TestAProgramThatIsAskedGivesAReasonThatGoesNoFurther(t *testing.T) {
	eachAsker(t, func(t *testing.T, a *asker) {
		hold(t, a.world, `@id("ask_models") @verdict("ask") @sentence_id("Surel ke model bahasa ditanya alasannya.") @sentence_en("E-mail addresses to language models are asked about.")
forbid (principal, action == Action::"web", resource) when { context.languageModel && context.destination == "claude.ai" && resource.type == "email" };`)
		s := asked{method: "POST", url: "http://claude.ai/api", head: []string{"Content-Type: text/plain", "Accept: application/json", "Accept-Language: en"}, body: []byte("Tulis surat ke budi@contoh.example")}
		got := a.everyManner(s)
		var problem struct{ Code, Title, Next, Incident string }
		if err := json.Unmarshal([]byte(got.body), &problem); got.status != 403 || problem.Code != "dlp.reason_needed" || got.head.Get("Content-Type") != "application/problem+json" {
			t.Fatalf("%v: %+v", err, got)
		}
		s.head = append(s.head, "Amanah-Reason: pelanggan meminta surat ini")
		if got = a.everyManner(s); got.body != string(s.body) || got.status != 0 || got.head.Get("Amanah-Reason") != "" || got.head.Get("Accept") == "" {
			t.Errorf("%+v", got)
		}
		if list := a.incidents(); list[0].Why != "pelanggan meminta surat ini" || list[0].Verdict != dlp.Ask {
			t.Errorf("%+v", list[0])
		}
		s.head[len(s.head)-1] = "Amanah-Reason: NIK " + madeUpNIK
		if got = a.everyManner(s); got.status != 403 || !strings.Contains(got.body, "dlp.reason_value") {
			t.Errorf("%+v", got)
		}
		s.url, s.head[len(s.head)-1] = "http://tempat.example/api", "Amanah-Reason: pelanggan meminta surat ini"
		if got = a.everyManner(s); got.status != 0 || got.body != string(s.body) || got.head.Get("Amanah-Reason") != "" {
			t.Errorf("elsewhere: %+v", got)
		}
	})
}

// hold puts a deployment's own rule in force.
func hold(t testing.TB, w *world, rule string) {
	t.Helper()
	if _, err := dlp.ReadRules(rule); err != nil {
		t.Fatal(err)
	}
	err := w.DB.Write(t.Context(), func(tx *db.Tx) error {
		tx.Data.Queue(`insert into dlp_rules (id, cedar, state, asked_by, asked_at, decided_at) values ($1, $2, 'standing', $3, 1, 1)`, id.New(id.Rules), rule, "stf_x")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestARequestThatBreaksOffLeavesNothing(t *testing.T) {
	eachAsker(t, func(t *testing.T, a *asker) {
		s := upload(t, "http://unggah.example/kirim", "pelanggan.xlsx", workbook(200))
		s.head = append(s.head, "X-Pad: "+strings.Repeat("a", 100))
		for _, at := range []int{1, 300, len(s.body) / 2, len(s.body) - 3} {
			c, err := net.Dial("tcp", a.server.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			head := "POST " + s.url + " HTTP/1.1\r\nHost: unggah.example\r\n" + s.head[0] + "\r\n\r\n"
			_, err = fmt.Fprintf(c, "REQMOD icap://h/request ICAP/1.0\r\nHost: h\r\nAllow: 204\r\nEncapsulated: req-hdr=0, req-body=%d\r\n\r\n%s%x\r\n%s", len(head), head, len(s.body), s.body[:at])
			if err != nil {
				t.Fatal(err)
			}
			if err := c.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(c) // the server has done with it
			if err != nil || !strings.HasPrefix(string(answer), "ICAP/1.0 400 ") {
				t.Errorf("%d: %q %v", at, answer, err)
			}
			_ = c.Close()
		}
		if list := a.incidents(); len(list) != 0 {
			t.Errorf("%+v", list)
		}
	})
}

// More uploads than are looked at at a time stop half-way; others are answered meanwhile.
func TestAnUploadThatComesSlowlyKeepsNobodyWaiting(t *testing.T) {
	eachAsker(t, func(t *testing.T, a *asker) {
		s := upload(t, "http://unggah.example/kirim", "a.txt", []byte(strings.Repeat("kata demi kata\n", 50_000)))
		head := "POST " + s.url + " HTTP/1.1\r\nHost: unggah.example\r\n" + s.head[0] + "\r\n\r\n"
		for range 60 {
			c, err := net.Dial("tcp", a.server.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			if _, err := fmt.Fprintf(c, "REQMOD icap://h/request ICAP/1.0\r\nHost: h\r\nAllow: 204\r\nPreview: 0\r\nEncapsulated: req-hdr=0, req-body=%d\r\n\r\n%s0\r\n\r\n", len(head), head); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c, make([]byte, len("ICAP/1.0 100 Continue\r\n\r\n"))); err != nil { // it waits for the body
				t.Fatal(err)
			}
		}
		if got := a.everyManner(s); !got.unchanged {
			t.Errorf("%+v", got)
		}
	})
}

// What cannot be judged is stopped, or goes and is an alarm, as the settings say.
func TestARequestThatCannotBeJudgedIsStoppedUnlessSettingsSayOtherwise(t *testing.T) {
	s := upload(t, "http://unggah.example/kirim", "a.txt", []byte("NIK "+madeUpNIK+strings.Repeat("\nkata kata", 100_000)))
	for _, open := range []bool{false, true} {
		setting := map[bool]string{false: "closed", true: "open"}[open]
		t.Run(setting, func(t *testing.T) {
			eachAsker(t, func(t *testing.T, a *asker) {
				good := a.Config.ICAP.Client
				a.Config.ICAP.Client = id.New(id.Client) // nobody's
				for _, m := range manners {
					got, err := a.try(s, m)
					if !open && (err == nil || err.Error() != "ICAP 500") || open && (err != nil || got.body != string(s.body) || got.status != 0) {
						t.Errorf("%+v: %d bytes, %v", m, len(got.body), err)
					}
				}
				unjudged := 0.0
				if open {
					unjudged = float64(len(manners))
				}
				if got := readiness(t, a.House); got != "200 alarm [] [web_requests]" {
					t.Error(got)
				}
				if got := metric(t, a.House, "amanah_web_requests_unjudged", nil); got != unjudged {
					t.Errorf("%v unjudged", got)
				}
				a.Config.ICAP.Client = good
				if got := readiness(t, a.House); got != "200 alarm [] [web_requests]" {
					t.Errorf("before one is judged again: %s", got)
				}
				if got := a.ask(s, manners[0]); got.status != 403 {
					t.Errorf("%+v", got)
				}
				if got := readiness(t, a.House); got != "200 ok [] []" {
					t.Errorf("once it is judged again: %s", got)
				}
			}, "icap.when_failing", setting)
		})
	}
}

func TestALargeRequestGoesByteForByteAndOneOverTheLimitIsStopped(t *testing.T) {
	eachAsker(t, func(t *testing.T, a *asker) {
		large := upload(t, "http://unggah.example/kirim", "a.txt", bytes.Repeat([]byte("kata demi kata\n"), 200_000))
		if got := a.everyManner(large); !got.unchanged {
			t.Errorf("%+v", got.head)
		}
		over := upload(t, "http://unggah.example/kirim", "a.txt", bytes.Repeat([]byte("kata demi kata\n"), 300_000))
		if got := a.everyManner(over); got.status != 403 || !strings.Contains(got.body, "terlalu besar") {
			t.Errorf("%+v", got)
		}
	}, "icap.megabytes", "4")
}

// Nothing of a request stays in files once it was answered, nor while it is not.
func TestNoFileOfARequestHasAName(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	eachAsker(t, func(t *testing.T, a *asker) {
		s := upload(t, "http://unggah.example/kirim", "a.txt", bytes.Repeat([]byte("kata demi kata\n"), 100_000))
		a.everyManner(s)
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			if !f.IsDir() {
				t.Errorf("%s is left", f.Name())
			}
		}
	})
}

func TestWhoSendsIsWhoTheProxyNames(t *testing.T) {
	eachAsker(t, func(t *testing.T, a *asker) {
		agent := person(t, a.world, actor.Agent)
		one, err := a.Identity.StaffByID(t.Context(), agent.ID())
		if err != nil {
			t.Fatal(err)
		}
		for login, want := range map[string]string{"": a.Config.ICAP.Client, "nobody": a.Config.ICAP.Client, one.Login: agent.ID()} {
			who, err := a.whoSends(t.Context(), login)
			if err != nil || who.By.ID() != want || who.Controller != a.controller || who.By.HasScope("serve") {
				t.Errorf("%s: %+v %v", login, who, err)
			}
		}
	})
}

// A request that was masked by the rules of a moment ago does not go when those in force take out more; sent again, it goes by these.
func TestARequestIsMaskedByTheRulesInForce(t *testing.T) {
	eachAsker(t, func(t *testing.T, a *asker) {
		a.DLP = a.withMovingRules(t, "web")
		a.Proxy = a.judgeOfRequests(a.Config)
		ask := func() told {
			l, stop := answersProxies(t, a.world, func(l net.Listener) net.Listener { return l })
			defer stop()
			return (&asker{a.world, t, l}).ask(asked{method: "POST", url: "http://lain.example/kirim", head: []string{"Content-Type: text/plain"}, body: []byte("NIK 3273014708870017, surel orang@contoh.example")}, manners[0])
		}
		if out := ask(); out.status != http.StatusForbidden || strings.Contains(out.body, "contoh.example") {
			t.Errorf("%+v", out)
		}
		if out := ask(); out.status != 0 || out.body != "NIK [NIK ****0017], surel [surel]" {
			t.Errorf("%+v", out)
		}
	})
}
