package icap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// lines joins the lines of a message as they stand on the wire.
func lines(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

// services are those of the examples: pass lets everything go, change upper-cases a body, stop answers in place of it.
func services(seen *[]string) []Service {
	note := func(m *Message) ([]byte, error) {
		var all []byte
		var err error
		if m.Body != nil {
			all, err = io.ReadAll(m.Body)
		}
		if err == nil && seen != nil {
			*seen = append(*seen, m.Method+" "+string(all))
		}
		return all, err
	}
	pass := func(_ context.Context, m *Message) (Answer, error) {
		all, err := note(m)
		return Pass(bytes.NewReader(all)), err
	}
	unread := func(context.Context, *Message) (Answer, error) { return Pass(nil), nil }
	change := func(_ context.Context, m *Message) (Answer, error) {
		all, err := note(m)
		h, _ := ParseHead([]byte(lines("POST /origin-resource/form.pl HTTP/1.1\nHost: www.origin-server.com\nContent-Length: "+fmt.Sprint(len(all))+"\n\n")), Usual())
		return Answer{Head: h, Body: bytes.NewReader(bytes.ToUpper(all))}, err
	}
	rehead := func(_ context.Context, m *Message) (Answer, error) {
		h, _ := ParseHead([]byte(lines("POST /elsewhere HTTP/1.1\nHost: www.origin-server.com\n\n")), Usual())
		return Answer{Head: h, Unchanged: true}, nil
	}
	stop := func(context.Context, *Message) (Answer, error) {
		h, _ := ParseHead([]byte(lines("HTTP/1.1 403 Forbidden\nContent-Length: 3\n\n")), Usual())
		return Answer{Head: h, Instead: true, Body: strings.NewReader("no.")}, nil
	}
	fails := func(context.Context, *Message) (Answer, error) { return Answer{}, errors.New("broken") }
	return []Service{
		{Path: "/server", Method: Request, ID: "server", Preview: 1024, Tag: "W3E4R7U9-L2E4-2", Handle: pass},
		{Path: "/unread", Method: Request, ID: "unread", Preview: 1024, Tag: "t", Handle: unread},
		{Path: "/change", Method: Request, ID: "change", Preview: 1024, Tag: "t", Handle: change},
		{Path: "/rehead", Method: Request, ID: "rehead", Preview: 1024, Tag: "t", Handle: rehead},
		{Path: "/content-filter", Method: Request, ID: "filter", Preview: 1024, Tag: "t", Handle: stop},
		{Path: "/fails", Method: Request, ID: "fails", Preview: 1024, Tag: "t", Handle: fails},
		{Path: "/panics", Method: Request, Tag: "t", Handle: func(context.Context, *Message) (Answer, error) { panic("3273014101900007") }},
		{Path: "/satisf", Method: Response, ID: "satisf", Preview: 1024, Tag: "t", Handle: pass},
		{Path: "/sample-service", Method: Response, ID: "sample", Preview: 2048, Tag: "W3E4R7U9-L2E4-2", Handle: pass},
	}
}

// talk plays a client that sends its steps one after the other, each behind what it waits for, and returns all that was answered.
type step struct{ wait, send string }

// served answers what a client sends, cut into pieces of so many bytes; after sends, the client closes its side of sending.
func served(t testing.TB, s *Server, cut int, steps ...step) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if c, err := l.Accept(); err == nil {
			s.ServeConn(context.Background(), c)
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	var got strings.Builder
	piece := make([]byte, 4096)
	for _, one := range steps {
		for !strings.Contains(got.String(), one.wait) {
			n, err := c.Read(piece)
			got.Write(piece[:n])
			if err != nil {
				t.Fatalf("waited for %q, got %q: %v", one.wait, got.String(), err)
			}
		}
		text := []byte(one.send)
		for len(text) > 0 {
			n := len(text)
			if cut > 0 {
				n = min(cut, n)
			}
			if _, err := c.Write(text[:n]); err != nil {
				break // the server had heard enough
			}
			text = text[n:]
		}
	}
	_ = c.(*net.TCPConn).CloseWrite()
	rest, _ := io.ReadAll(c)
	got.Write(rest)
	<-done
	return got.String()
}

const get1 = "REQMOD icap://icap-server.net/server?arg=87 ICAP/1.0\nHost: icap-server.net\nEncapsulated: req-hdr=0, null-body=170\n\n" +
	"GET / HTTP/1.1\nHost: www.origin-server.com\nAccept: text/html, text/plain\nAccept-Encoding: compress\nCookie: ff39fk3jur@4ii0e02i\nIf-None-Match: \"xyzzy\", \"r2d2xxxx\"\n\n"

const post2 = "POST /origin-resource/form.pl HTTP/1.1\nHost: www.origin-server.com\nAccept: text/html, text/plain\nAccept-Encoding: compress\nPragma: no-cache\n\n"

const naughty = "REQMOD icap://icap-server.net/content-filter ICAP/1.0\nHost: icap-server.net\nEncapsulated: req-hdr=0, null-body=119\n\n" +
	"GET /naughty-content HTTP/1.1\nHost: www.naughty-site.com\nAccept: text/html, text/plain\nAccept-Encoding: compress\n\n"

const origin = "GET /origin-resource HTTP/1.1\nHost: www.origin-server.com\nAccept: text/html, text/plain, image/gif\nAccept-Encoding: gzip, compress\n\n" +
	"HTTP/1.1 200 OK\nDate: Mon, 10 Jan 2000 09:52:22 GMT\nServer: Apache/1.3.6 (Unix)\nETag: \"63840-1ab7-378d415b\"\nContent-Type: text/html\nContent-Length: 51\n\n"

const originBody = "33\nThis is data that was returned by an origin server.\n0\n\n"

func head2(path, more string) string {
	return "REQMOD icap://icap-server.net/" + path + " ICAP/1.0\nHost: icap-server.net\n" + more + "Encapsulated: req-hdr=0, req-body=147\n\n" + post2
}

const body2 = "1e\nI am posting this information.\n0\n\n"

// The examples of RFC 3507, and what it says in words beside them. Lines are written with LF and sent with CR LF.
var examples = []struct {
	name  string
	steps []step
	want  string // the whole answer
	seen  []string
}{
	{"4.8.3 example 1: a GET, back as it came for a client without 204", []step{{"", get1}},
		"ICAP/1.0 200 OK\nISTag: \"W3E4R7U9-L2E4-2\"\nEncapsulated: req-hdr=0, null-body=170\n\n" + get1[strings.Index(get1, "GET"):], []string{"REQMOD "}},
	{"4.6: the same for a client that allows 204", []step{{"", strings.Replace(get1, "Encapsulated", "Allow: 204\nEncapsulated", 1)}},
		"ICAP/1.0 204 No Content\nISTag: \"W3E4R7U9-L2E4-2\"\nEncapsulated: null-body=0\n\n", []string{"REQMOD "}},
	{"4.8.3 example 2: a POST whose body is changed", []step{{"", head2("change", "") + body2}},
		"ICAP/1.0 200 OK\nISTag: \"t\"\nEncapsulated: req-hdr=0, req-body=91\n\nPOST /origin-resource/form.pl HTTP/1.1\nHost: www.origin-server.com\nContent-Length: 30\n\n1e\nI AM POSTING THIS INFORMATION.\n0\n\n",
		[]string{"REQMOD I am posting this information."}},
	{"4.8.3 example 3: an answer in place of the request", []step{{"", naughty}},
		"ICAP/1.0 200 OK\nISTag: \"t\"\nEncapsulated: res-hdr=0, res-body=45\n\nHTTP/1.1 403 Forbidden\nContent-Length: 3\n\n3\nno.\n0\n\n", nil},
	{"4.9.3 example 4: a response, back as it came", []step{{"", "RESPMOD icap://icap.example.org/satisf ICAP/1.0\nHost: icap.example.org\nEncapsulated: req-hdr=0, res-hdr=137, res-body=296\n\n" + origin + originBody}},
		"ICAP/1.0 200 OK\nISTag: \"t\"\nEncapsulated: res-hdr=0, res-body=159\n\n" + origin[strings.Index(origin, "HTTP/1.1 200"):] + originBody,
		[]string{"RESPMOD This is data that was returned by an origin server."}},
	{"4.10.3 example 5: what a service does", []step{{"", "OPTIONS icap://icap.server.net/sample-service ICAP/1.0\nHost: icap.server.net\nUser-Agent: BazookaDotCom-ICAP-Client-Library/2.3\n\n"}},
		"ICAP/1.0 200 OK\nMethods: RESPMOD\nService: Amanah\nService-ID: sample\nISTag: \"W3E4R7U9-L2E4-2\"\nMax-Connections: 100\nOptions-TTL: 3600\nAllow: 204, 206\nPreview: 2048\nTransfer-Preview: *\nEncapsulated: null-body=0\n\n", nil},
	{"4.5: a preview that holds all of it", []step{{"", head2("server", "Preview: 1024\n") + "1e\nI am posting this information.\n0; ieof\n\n"}},
		"ICAP/1.0 204 No Content\nISTag: \"W3E4R7U9-L2E4-2\"\nEncapsulated: null-body=0\n\n", []string{"REQMOD I am posting this information."}},
	{"4.5: a preview, and the rest once it is asked for", []step{
		{"", head2("server", "Preview: 4\n") + "4\nI am\n0\n\n"}, {"100 Continue", "1a\n posting this information.\n0\n\n"}},
		"ICAP/1.0 100 Continue\n\nICAP/1.0 200 OK\nISTag: \"W3E4R7U9-L2E4-2\"\nEncapsulated: req-hdr=0, req-body=147\n\n" + post2 + "1e\nI am posting this information.\n0\n\n",
		[]string{"REQMOD I am posting this information."}},
	{"4.5: a preview, and the rest, for a client that keeps it", []step{
		{"", head2("server", "Preview: 4\nAllow: 204\n") + "4\nI am\n0\n\n"}, {"100 Continue", "1a\n posting this information.\n0\n\n"}},
		"ICAP/1.0 100 Continue\n\nICAP/1.0 204 No Content\nISTag: \"W3E4R7U9-L2E4-2\"\nEncapsulated: null-body=0\n\n", []string{"REQMOD I am posting this information."}},
	{"4.5: a preview of nothing", []step{{"", head2("unread", "Preview: 0\n") + "0\n\n"}},
		"ICAP/1.0 204 No Content\nISTag: \"t\"\nEncapsulated: null-body=0\n\n", nil},
	{"a preview that nobody reads is read to its end, and the next request is answered", []step{{"", head2("unread", "Preview: 4\n") + "4\nI am\n0\n\n" + naughty}},
		"ICAP/1.0 204 No Content\nISTag: \"t\"\nEncapsulated: null-body=0\n\nICAP/1.0 200 OK\nISTag: \"t\"\nEncapsulated: res-hdr=0, res-body=45\n\nHTTP/1.1 403 Forbidden\nContent-Length: 3\n\n3\nno.\n0\n\n", nil},
	{"an answer in place of a request whose preview was not read", []step{{"", head2("content-filter", "Preview: 4\n") + "4\nI am\n0\n\n"}},
		"ICAP/1.0 200 OK\nISTag: \"t\"\nEncapsulated: res-hdr=0, res-body=45\n\nHTTP/1.1 403 Forbidden\nContent-Length: 3\n\n3\nno.\n0\n\n", nil},
	{"206: another head, and the body that the client keeps", []step{{"", head2("rehead", "Preview: 4\nAllow: 206\n") + "4\nI am\n0\n\n"}},
		"ICAP/1.0 206 Partial Content\nISTag: \"t\"\nEncapsulated: req-hdr=0, req-body=57\n\nPOST /elsewhere HTTP/1.1\nHost: www.origin-server.com\n\n0; use-original-body=0\n\n", nil},
	{"another head for a client without 206: the rest is asked for before the answer begins", []step{
		{"", head2("rehead", "Preview: 4\n") + "4\nI am\n0\n\n"}, {"100 Continue", "1a\n posting this information.\n0\n\n"}},
		"ICAP/1.0 100 Continue\n\nICAP/1.0 200 OK\nISTag: \"t\"\nEncapsulated: req-hdr=0, req-body=57\n\nPOST /elsewhere HTTP/1.1\nHost: www.origin-server.com\n\n" +
			"1e\nI am posting this information.\n0\n\n", nil},
	{"a body that nobody reads comes back", []step{{"", head2("unread", "") + body2}},
		"ICAP/1.0 200 OK\nISTag: \"t\"\nEncapsulated: req-hdr=0, req-body=147\n\n" + post2 + body2, nil},
	{"extensions and trailers are left out", []step{{"", head2("change", "") + "1e;name=value\nI am posting this information.\n0\nX-Sum: 7\n\n"}},
		"ICAP/1.0 200 OK\nISTag: \"t\"\nEncapsulated: req-hdr=0, req-body=91\n\nPOST /origin-resource/form.pl HTTP/1.1\nHost: www.origin-server.com\nContent-Length: 30\n\n1e\nI AM POSTING THIS INFORMATION.\n0\n\n",
		[]string{"REQMOD I am posting this information."}},
	{"a client that closes is answered so", []step{{"", strings.Replace(naughty, "Encapsulated", "Connection: close\nEncapsulated", 1)}},
		"ICAP/1.0 200 OK\nISTag: \"t\"\nEncapsulated: res-hdr=0, res-body=45\nConnection: close\n\nHTTP/1.1 403 Forbidden\nContent-Length: 3\n\n3\nno.\n0\n\n", nil},
}

func TestTheExamplesOfRFC3507AreAnsweredAsItSays(t *testing.T) {
	t.Parallel()
	for _, x := range examples {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			for _, cut := range []int{0, 1, 7} { // however its bytes are cut on the wire
				var seen []string
				s := &Server{Services: services(&seen), Limits: Usual(), Now: time.Now, Failed: func(method string, err error) { t.Errorf("%s: %v", method, err) }}
				var steps []step
				for _, one := range x.steps {
					steps = append(steps, step{one.wait, lines(one.send)})
				}
				if diff := cmp.Diff(lines(x.want), served(t, s, cut, steps...)); diff != "" {
					t.Errorf("cut %d: %s", cut, diff)
				}
				if diff := cmp.Diff(x.seen, seen); diff != "" {
					t.Errorf("cut %d, what handlers saw: %s", cut, diff)
				}
			}
		})
	}
}

const closed = "\nConnection: close\nEncapsulated: null-body=0\n\n"

func TestWhatIsNotWellFormedIsRefusedAndEndsTheConnection(t *testing.T) {
	t.Parallel()
	small := Usual()
	small.Line, small.Head, small.Fields, small.Extension, small.Body = 100, 400, 6, 20, 60
	for _, x := range []struct{ name, send, status string }{
		{"LF alone", "REQMOD icap://h/server ICAP/1.0\x00\n", "400 Bad Request"},
		{"CR in a line", lines("REQMOD icap://h/ser\rver ICAP/1.0\n"), "400 Bad Request"},
		{"HTTP", lines("GET / HTTP/1.1\nHost: h\n\n"), "400 Bad Request"},
		{"another version", lines("REQMOD icap://h/server ICAP/2.0\n"), "505 ICAP Version Not Supported"},
		{"an address of HTTP", lines("REQMOD http://h/server ICAP/1.0\n"), "400 Bad Request"},
		{"no host in the address", lines("REQMOD icap:///server ICAP/1.0\n"), "400 Bad Request"},
		{"a method of nobody", lines("TRACE icap://h/server ICAP/1.0\nHost: h\nEncapsulated: null-body=0\n\n"), "501 Method Not Implemented"},
		{"another method of the service", lines("RESPMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: null-body=0\n\n"), "405 Method Not Allowed For Service"},
		{"no such service", lines("REQMOD icap://h/nowhere ICAP/1.0\nHost: h\nEncapsulated: null-body=0\n\n"), "404 Service Not Found"},
		{"no Host", lines("REQMOD icap://h/server ICAP/1.0\nEncapsulated: null-body=0\n\n"), "400 Bad Request"},
		{"no Encapsulated", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\n\n"), "400 Bad Request"},
		{"two of it", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: null-body=0\nEncapsulated: null-body=0\n\n"), "400 Bad Request"},
		{"a folded field", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\n more\n\n"), "400 Bad Request"},
		{"a field without a name", lines("REQMOD icap://h/server ICAP/1.0\n: h\n\n"), "400 Bad Request"},
		{"a blank before the colon", lines("REQMOD icap://h/server ICAP/1.0\nHost : h\n\n"), "400 Bad Request"},
		{"a part that does not belong there", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: res-hdr=0, req-body=10\n\n"), "400 Bad Request"},
		{"parts in another order", lines("RESPMOD icap://h/satisf ICAP/1.0\nHost: h\nEncapsulated: res-hdr=0, req-hdr=10, res-body=20\n\n"), "400 Bad Request"},
		{"places that go back", lines("RESPMOD icap://h/satisf ICAP/1.0\nHost: h\nEncapsulated: req-hdr=0, res-hdr=10, res-body=9\n\n"), "400 Bad Request"},
		{"places that do not begin at 0", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: req-hdr=2, null-body=9\n\n"), "400 Bad Request"},
		{"something behind the body", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: null-body=0, req-hdr=9\n\n"), "400 Bad Request"},
		{"no body in it", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: req-hdr=0\n\n"), "400 Bad Request"},
		{"a sign in it", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: null-body=+0\n\n"), "400 Bad Request"},
		{"a head that is shorter", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: req-hdr=0, null-body=16\n\nGET / HTTP/1.1\nA: b\n\n"), "400 Bad Request"},
		{"a head that is longer", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: req-hdr=0, null-body=20\n\nGET / HTTP/1.1\n\nxx"), "400 Bad Request"},
		{"a preview of no number", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nPreview: 0x4\nEncapsulated: null-body=0\n\n"), "400 Bad Request"},
		{"more than the preview says", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nPreview: 3\nEncapsulated: req-body=0\n\n4\nabcd\n0\n\n"), "400 Bad Request"},
		{"ieof without a preview", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: req-body=0\n\n4\nabcd\n0; ieof\n\n"), "400 Bad Request"},
		{"a size of no number", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: req-body=0\n\n0x4\nabcd\n0\n\n"), "400 Bad Request"},
		{"a size below zero", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: req-body=0\n\n-4\nabcd\n0\n\n"), "400 Bad Request"},
		{"a chunk that is longer", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: req-body=0\n\n4\nabcde\n0\n\n"), "400 Bad Request"},
		{"a body that breaks off", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nAllow: 204\nEncapsulated: req-body=0\n\n4\nab"), "400 Bad Request"},
		{"a body that nobody reads and that breaks off", lines("REQMOD icap://h/unread ICAP/1.0\nHost: h\nAllow: 204\nEncapsulated: req-body=0\n\n4\nabcd\n"), "400 Bad Request"},
		{"a preview that breaks off before the answer", lines("REQMOD icap://h/rehead ICAP/1.0\nHost: h\nPreview: 9\nEncapsulated: req-body=0\n\n4\nab"), "400 Bad Request"},
		{"a head that breaks off", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\n"), "400 Bad Request"},
		{"a body over the limit", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: req-body=0\n\n3d\n" + strings.Repeat("a", 61) + "\n0\n\n"), "413 Request Entity Too Large"},
		{"an extension over the limit", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: req-body=0\n\n4;" + strings.Repeat("a", 30) + "\nabcd\n0\n\n"), "400 Bad Request"},
		{"a line over the limit", lines("REQMOD icap://h/" + strings.Repeat("a", 100) + " ICAP/1.0\n"), "400 Bad Request"},
		{"a line without an end", strings.Repeat("a", 70_000), "400 Bad Request"},
		{"a head over the limit", lines("REQMOD icap://h/server ICAP/1.0\n" + strings.Repeat("A: "+strings.Repeat("b", 90)+"\n", 5)), "400 Bad Request"},
		{"fields over the limit", lines("REQMOD icap://h/server ICAP/1.0\n" + strings.Repeat("A: b\n", 7)), "400 Bad Request"},
		{"an inner head over the limit", lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: req-hdr=0, null-body=401\n\n"), "400 Bad Request"},
		{"a handler that panics", lines("REQMOD icap://h/panics ICAP/1.0\nHost: h\nAllow: 204\nEncapsulated: null-body=0\n\n"), "500 Server Error"},
		{"a handler that fails", lines("REQMOD icap://h/fails ICAP/1.0\nHost: h\nAllow: 204\nEncapsulated: null-body=0\n\n"), "500 Server Error"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			failed := 0
			s := &Server{Services: services(nil), Limits: small, Now: time.Now, Failed: func(string, error) { failed++ }}
			// What follows is never read as a message of its own.
			got := served(t, s, 0, step{"", x.send})
			if want := lines("ICAP/1.0 " + x.status + closed); got != want || failed != 1 {
				t.Errorf("answered %q, want %q; told %d times", got, want, failed)
			}
		})
	}
}

func TestAnAnswerThatBreaksOffIsLeftWithoutItsEnd(t *testing.T) {
	t.Parallel()
	s := &Server{Services: services(nil), Limits: Usual(), Now: time.Now}
	got := served(t, s, 0, step{"", lines(head2("unread", "") + strings.Repeat("1e\nI am posting this information.\n", 10_000) + "1e\nI am")})
	if !strings.HasPrefix(got, "ICAP/1.0 200 OK") || strings.HasSuffix(got, "0\r\n\r\n") || strings.Count(got, "ICAP/1.0") != 1 {
		t.Errorf("answered %q", got)
	}
}

func TestConnectionsBeyondTheLimitAreTurnedAway(t *testing.T) {
	t.Parallel()
	l := Usual()
	l.Connections = 0
	got := served(t, &Server{Services: services(nil), Limits: l, Now: time.Now}, 0, step{"", lines(naughty)})
	if got != lines("ICAP/1.0 503 Service Overloaded"+closed) {
		t.Errorf("answered %q", got)
	}
}

func TestAClientThatIsTooSlowIsSentAway(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		every time.Duration // between two bytes
		send  string
		want  string
		after time.Duration
	}{
		"silent before a message": {time.Hour, "", "", time.Minute},
		"silent within one":       {time.Hour, "REQMOD icap://h", "ICAP/1.0 408", time.Minute},
		"a byte each 50 seconds":  {50 * time.Second, lines(naughty), "ICAP/1.0 408", 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				began := time.Now()
				done := make(chan time.Duration)
				go func() {
					(&Server{Services: services(nil), Limits: Usual(), Now: time.Now}).ServeConn(t.Context(), server)
					done <- time.Since(began)
				}()
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					for i := range len(x.send) {
						if _, err := client.Write([]byte{x.send[i]}); err != nil {
							return
						}
						if x.every < time.Hour {
							time.Sleep(x.every)
						}
					}
				}()
				got, _ := io.ReadAll(client)
				if after := <-done; !strings.HasPrefix(string(got), x.want) || x.want == "" && len(got) > 0 || after > x.after+time.Minute {
					t.Errorf("answered %q after %v", got, after)
				}
				_ = client.Close()
				<-sent
			})
		})
	}
}

func TestAServerThatIsToldToStopClosesWhatIsOpen(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- (&Server{Services: services(nil), Limits: Usual(), Now: time.Now}).Serve(ctx, l) }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, lines(naughty)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := io.ReadAll(c); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
		t.Error(err)
	}
}

// collect is what handlers see of a message, and its answer, when its bytes come at once.
func FuzzAMessageIsReadTheSameHoweverItIsCut(f *testing.F) {
	for _, x := range examples {
		f.Add([]byte(lines(x.steps[0].send)), uint16(3))
	}
	f.Add([]byte(lines("REQMOD icap://h/server ICAP/1.0\nHost: h\nEncapsulated: req-body=0\n\n4\nab")), uint16(1))
	f.Add([]byte(lines("RESPMOD icap://h/satisf ICAP/1.0\nHost: h\nEncapsulated: req-hdr=0, res-hdr=10, res-body=9\n\n")), uint16(2))
	f.Fuzz(func(t *testing.T, wire []byte, cut uint16) {
		l := Usual()
		l.Body = 1 << 16
		once := func(cut int) (string, string) {
			var seen []string
			c := &script{in: wire, cut: cut}
			(&Server{Services: services(&seen), Limits: l, Now: time.Now}).ServeConn(context.Background(), c)
			return c.out.String(), strings.Join(seen, "\x00")
		}
		whole, sawWhole := once(0)
		pieces, sawPieces := once(int(cut)%97 + 1)
		if whole != pieces || sawWhole != sawPieces {
			t.Errorf("at once %q (%q), in pieces %q (%q)", whole, sawWhole, pieces, sawPieces)
		}
		if len(whole) > 0 && !strings.HasPrefix(whole, "ICAP/1.0 ") {
			t.Errorf("answered %q", whole)
		}
	})
}

// script is a connection whose other side sends this, in pieces, and takes everything.
type script struct {
	in  []byte
	cut int
	out bytes.Buffer
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.in) == 0 {
		return 0, io.EOF
	}
	n := min(len(p), len(s.in))
	if s.cut > 0 {
		n = min(n, s.cut)
	}
	copy(p, s.in[:n])
	s.in = s.in[n:]
	return n, nil
}
func (s *script) Write(p []byte) (int, error)    { return s.out.Write(p) }
func (*script) Close() error                     { return nil }
func (*script) LocalAddr() net.Addr              { return nil }
func (*script) RemoteAddr() net.Addr             { return nil }
func (*script) SetDeadline(time.Time) error      { return nil }
func (*script) SetReadDeadline(time.Time) error  { return nil }
func (*script) SetWriteDeadline(time.Time) error { return nil }
