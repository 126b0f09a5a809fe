package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
)

// behind is a real Squid between a program and a site, which asks a house.
type behind struct {
	*asker
	client *http.Client
	squid  int // its process
	site   *httptest.Server
	got    atomic.Pointer[arrived] // what the site was sent last
	closed chan struct{}           // a connection of the proxy is over
	middle chan struct{}           // a connection has brought a part of a large request
	stop   context.CancelFunc      // kills our server
}

// arrived is a request at the site.
type arrived struct {
	query  string
	head   http.Header
	length int64
	sum    [32]byte
	body   []byte // of a short one
}

// notingListener says when a connection has brought a part of something large, and when it is over.
type notingListener struct {
	net.Listener
	closed, middle chan struct{}
}

func (l notingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &notingConn{Conn: c, l: l}, nil
}

type notingConn struct {
	net.Conn
	l    notingListener
	read int
	once atomic.Bool
}

func (c *notingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.read += n; c.read > 200_000 {
		note(c.l.middle)
	}
	return n, err
}

func (c *notingConn) Close() error {
	if !c.once.Swap(true) {
		note(c.l.closed)
	}
	return c.Conn.Close()
}

func note(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// behindSquid starts a Squid, when the environment names scripts/squid.
func behindSquid(t *testing.T) *behind {
	t.Helper()
	script := os.Getenv("AMANAH_TEST_SQUID")
	if script == "" {
		t.Skip("AMANAH_TEST_SQUID is not set: no real Squid is tested here (scripts/squid starts private ones)")
	}
	w := openWorld(t, db.Options{}, "icap.listen", "127.0.0.1:0", "icap.client", id.New(id.Client), "icap.controller", "toko")
	b := &behind{closed: make(chan struct{}, 1), middle: make(chan struct{}, 1)}
	l, stop := answersProxies(t, w, func(l net.Listener) net.Listener { return notingListener{l, b.closed, b.middle} })
	b.asker, b.stop = &asker{world: w, t: t, server: l}, stop
	t.Cleanup(b.stop)

	// Squid has an account of its own, which does not get into the folders of tests.
	home, err := os.MkdirTemp("", "amanah-squid-") //nolint:usetesting // as it says
	if err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "AMANAH_TEST_SQUID_DIR="+home)
	start := exec.Command(script, "start", l.Addr().String())
	start.Env, start.Stderr = env, os.Stderr
	out, err := start.Output()
	t.Cleanup(func() {
		if t.Failed() {
			said, _ := os.ReadFile(filepath.Join(home, "cache.log")) //nolint:gosec // Squid's own
			t.Logf("Squid said: %s", said)
		}
		end := exec.Command(script, "stop")
		end.Env = env
		if err := end.Run(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	address, pid, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if b.squid, err = strconv.Atoi(pid); err != nil {
		t.Fatal(err)
	}
	b.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &arrived{query: r.URL.RawQuery, head: r.Header.Clone()}
		sum := sha256.New()
		var short bytes.Buffer
		n, err := io.Copy(io.MultiWriter(sum, &limited{&short, 100_000}), r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // broken off: it did not arrive
		}
		a.length, a.body = n, short.Bytes()
		copy(a.sum[:], sum.Sum(nil))
		b.got.Store(a)
		_, _ = io.WriteString(w, "diterima")
	}))
	t.Cleanup(b.site.Close)
	way := &url.URL{Scheme: "http", Host: address}
	transport := &http.Transport{Proxy: http.ProxyURL(way), DisableKeepAlives: true, ExpectContinueTimeout: 1 << 40}
	t.Cleanup(transport.CloseIdleConnections)
	b.client = &http.Client{Transport: transport}
	return b
}

// limited keeps the beginning.
type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	keep := p[:min(len(p), l.left)]
	l.left -= len(keep)
	_, err := l.w.Write(keep)
	return len(p), err
}

// to is an address of the site under a name that Squid knows.
func (b *behind) to(host, path string) string {
	_, port, _ := net.SplitHostPort(b.site.Listener.Addr().String())
	return "http://" + host + ":" + port + path
}

// send sends a request through Squid.
func (b *behind) send(method, to string, body io.Reader, head ...string) (status int, text string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, to, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, h := range head {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	answer, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	all, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer.StatusCode, string(all)
}

func TestThroughSquidAnUploadOfCustomersIsStoppedAndAPromptIsMasked(t *testing.T) {
	b := behindSquid(t)
	form := upload(t, b.to("unggah.example", "/kirim"), "pelanggan.xlsx", workbook(200))
	status, page := b.send("POST", form.url, bytes.NewReader(form.body), form.head...)
	if status != 403 || !strings.Contains(page, "Permintaan ini dihentikan") || !strings.Contains(page, "lek_") || b.got.Load() != nil {
		t.Fatalf("%d %s; at the site: %+v", status, page, b.got.Load())
	}
	if list := b.incidents(); len(list) != 1 || list[0].People != 200 || list[0].Verdict != dlp.Block || list[0].Ref != "unggah.example" {
		t.Fatalf("%+v", list)
	}
	// The same in pieces of unknown length, and when the program waits to be told to go on.
	for _, body := range []io.Reader{struct{ io.Reader }{bytes.NewReader(form.body)}, bytes.NewReader(form.body)} {
		status, _ = b.send("POST", form.url, body, append([]string{"Expect: 100-continue"}, form.head...)...)
		if status != 403 || b.got.Load() != nil {
			t.Errorf("%d; at the site: %+v", status, b.got.Load())
		}
	}

	prompt := `{"messages":[{"role":"user","content":"Surat untuk NIK ` + madeUpNIK + `"}],"stream":false}`
	const masked = `{"messages":[{"role":"user","content":"Surat untuk NIK [NIK ****0017]"}],"stream":false}`
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, prompt)
	_ = z.Close()
	for name, s := range map[string]struct {
		body io.Reader
		head []string
	}{
		"plain":   {strings.NewReader(prompt), nil},
		"chunked": {struct{ io.Reader }{strings.NewReader(prompt)}, nil},
		"gzip":    {bytes.NewReader(packed.Bytes()), []string{"Content-Encoding: gzip"}},
		"expects": {strings.NewReader(prompt), []string{"Expect: 100-continue"}},
	} {
		b.got.Store(nil)
		status, _ := b.send("POST", b.to("api.openai.com", "/v1/chat/completions?nik="+madeUpNIK), s.body, append([]string{"Content-Type: application/json"}, s.head...)...)
		got := b.got.Load()
		if status != 200 || got == nil || string(got.body) != masked || !json.Valid(got.body) || got.query != "nik=%5BNIK+%2A%2A%2A%2A0017%5D" || got.head.Get("Content-Encoding") != "" {
			t.Errorf("%s: %d; at the site: %+v %s", name, status, got, got.body)
		}
	}

	b.got.Store(nil)
	secret := upload(t, b.to("unggah.example", "/kirim"), "rahasia.zip", archived(t, 1, "a.txt", "halo"))
	if status, _ := b.send("POST", secret.url, bytes.NewReader(secret.body), secret.head...); status != 403 || b.got.Load() != nil {
		t.Errorf("an encrypted archive: %d", status)
	}
	if status, _ := b.send("GET", b.to("situs.example", "/berita?h=2"), nil); status != 200 || b.got.Load().query != "h=2" {
		t.Errorf("an ordinary page: %d %+v", status, b.got.Load())
	}
}

// peak is the most that lived in memory whenever it was asked.
type peak struct{ most uint64 }

func (p *peak) look() {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	p.most = max(p.most, m.HeapAlloc)
}

// words is a clean upload of so many bytes that looks at memory while it is read.
type words struct {
	left int
	at   int
	sum  interface{ Write([]byte) (int, error) }
	look func()
}

func (w *words) Read(p []byte) (int, error) {
	if w.left == 0 {
		return 0, io.EOF
	}
	const text = "kata demi kata tanpa nilai apa pun\n"
	n := min(len(p), w.left)
	for i := range n {
		p[i] = text[(w.at+i)%len(text)]
	}
	if w.at/(5<<20) != (w.at+n)/(5<<20) {
		w.look()
	}
	w.at, w.left = w.at+n, w.left-n
	_, _ = w.sum.Write(p[:n])
	return n, nil
}

func TestThroughSquidALargeUploadArrivesByteForByteInFlatMemory(t *testing.T) {
	b := behindSquid(t)
	var p peak
	p.look()
	before := p.most
	for _, known := range []bool{true, false} {
		sum := sha256.New()
		body := &words{left: 50 << 20, sum: sum, look: p.look}
		r, err := http.NewRequestWithContext(t.Context(), "PUT", b.to("unggah.example", "/arsip/laporan.txt"), body)
		if err != nil {
			t.Fatal(err)
		}
		if known {
			r.ContentLength = 50 << 20
		}
		answer, err := b.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		got := b.got.Load()
		if answer.StatusCode != 200 || got == nil || got.length != 50<<20 || !bytes.Equal(got.sum[:], sum.Sum(nil)) {
			t.Fatalf("%d; at the site: %+v", answer.StatusCode, got)
		}
	}
	if p.most > before+20<<20 {
		t.Errorf("%d MB more in memory for an upload of 50 MB", (p.most-before)>>20)
	}
	if list := b.incidents(); len(list) != 0 {
		t.Errorf("%+v", list)
	}
}

// begun is an upload that stops half-way and waits.
func (b *behind) begun(cut int) (form asked, sending *io.PipeWriter, failed chan error) {
	b.t.Helper()
	form = upload(b.t, b.to("unggah.example", "/kirim"), "pelanggan.xlsx", append(workbook(200), bytes.Repeat([]byte("x"), 1<<20)...))
	from, to := io.Pipe()
	failed = make(chan error, 1)
	r, err := http.NewRequestWithContext(b.t.Context(), "POST", form.url, from)
	if err != nil {
		b.t.Fatal(err)
	}
	r.ContentLength = int64(len(form.body))
	r.Header.Set("Content-Type", strings.TrimPrefix(form.head[0], "Content-Type: "))
	go func() {
		answer, err := b.client.Do(r)
		if err == nil {
			_ = answer.Body.Close()
			err = fmt.Errorf("answered %d", answer.StatusCode)
		}
		failed <- err
	}()
	if _, err := to.Write(form.body[:cut]); err != nil {
		b.t.Fatal(err)
	}
	<-b.middle
	return form, to, failed
}

func TestASquidThatIsKilledInMidStreamLeavesNoIncidentAndNoFile(t *testing.T) {
	b := behindSquid(t)
	_, to, failed := b.begun(600_000)
	if err := syscall.Kill(b.squid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-b.closed // our server has seen it, and has done with the request
	_ = to.CloseWithError(errors.New("over"))
	if err := <-failed; err == nil || strings.Contains(err.Error(), "answered 200") {
		t.Errorf("the upload: %v", err)
	}
	if list := b.incidents(); len(list) != 0 || b.got.Load() != nil {
		t.Errorf("%+v; at the site: %+v", list, b.got.Load())
	}
	open, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range open {
		if where, err := os.Readlink(one); err == nil && strings.Contains(where, "amanah-spool") {
			t.Errorf("%s is still open", where)
		}
	}
}

func TestWhileOurServerIsKilledSquidAnswersAnErrorAndNothingIsSent(t *testing.T) {
	b := behindSquid(t)
	form, to, failed := b.begun(600_000)
	go func() { // Squid may no longer take the rest
		_, _ = to.Write(form.body[600_000:])
		_ = to.Close()
	}()
	b.stop()
	if err := <-failed; err == nil || strings.Contains(err.Error(), "answered 200") || strings.Contains(err.Error(), "answered 403") && b.got.Load() != nil {
		t.Errorf("the upload: %v", err)
	}
	if b.got.Load() != nil {
		t.Errorf("at the site: %+v", b.got.Load())
	}
	// And while it is away.
	form.body = form.body[:100]
	if status, _ := b.send("POST", form.url, strings.NewReader("halo"), "Content-Type: text/plain"); status < 500 || b.got.Load() != nil {
		t.Errorf("%d; at the site: %+v", status, b.got.Load())
	}
}

func TestCICAPsClientIsServed(t *testing.T) {
	if os.Getenv("AMANAH_TEST_SQUID") == "" {
		t.Skip("AMANAH_TEST_SQUID is not set: c-icap-client, which comes with it, is not tried here (scripts/squid install)")
	}
	w := openWorld(t, db.Options{}, "icap.listen", "127.0.0.1:0", "icap.client", id.New(id.Client), "icap.controller", "toko")
	a := newAsker(t, w)
	host, port, _ := net.SplitHostPort(a.server.Addr().String())
	file := filepath.Join(t.TempDir(), "isi.txt")
	ask := func(content string, args ...string) string {
		t.Helper()
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "jawaban")
		said, err := exec.Command("c-icap-client", append([]string{"-i", host, "-p", port, "-v", "-o", out}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		text, _ := os.ReadFile(out) //nolint:gosec // of this test; there is none when the answer has no body
		return string(said) + string(text)
	}
	for _, service := range []string{"request", "response"} {
		if got := ask("", "-s", service); !strings.Contains(got, "amanah-"+service) && !strings.Contains(got, "Allow 204: Yes") {
			t.Errorf("OPTIONS: %s", got)
		}
	}
	clean, values := strings.Repeat("kata demi kata\n", 5000), "NIK "+madeUpNIK
	for _, more := range [][]string{nil, {"-nopreview"}, {"-no204"}, {"-nopreview", "-no204"}, {"-206"}, {"-w", "10"}, {"-w", "10", "-no204"}} {
		all := append([]string{"-s", "request", "-f", file, "-req", "http://unggah.example/kirim", "-method", "POST", "-hx", "Content-Type: application/octet-stream"}, more...)
		if got := ask(clean, all...); strings.Contains(got, "403") || strings.Contains(got, "rror") {
			t.Errorf("%v, clean: %s", more, got)
		}
		if got := ask(values, all...); !strings.Contains(got, "403 Forbidden") || !strings.Contains(got, "dlp.blocked") {
			t.Errorf("%v, with a value: %s", more, got)
		}
		back := append([]string{"-s", "response", "-f", file, "-resp", "http://unggah.example/"}, more...)
		if got := ask(values, back...); strings.Contains(got, "403") {
			t.Errorf("%v, a response: %s", more, got)
		}
	}
}
