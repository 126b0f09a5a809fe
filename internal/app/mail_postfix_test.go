package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/smtp"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	gosmtp "github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/app/delivery"
	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/kit/testkit"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// postfix is the one that scripts/postfix has started, with the server to which it delivers.
type postfix struct {
	t               *testing.T
	smtp, sink, etc string
	took            chan string
}

// withPostfix is an office whose mail is filtered beside a real Postfix.
func withPostfix(t *testing.T, settings ...string) (*office, *postfix) {
	t.Helper()
	where := strings.Fields(os.Getenv("AMANAH_TEST_POSTFIX"))
	if len(where) != 4 {
		t.Skip("needs a Postfix: export AMANAH_TEST_POSTFIX=$(scripts/postfix start)")
	}
	p := &postfix{t: t, smtp: where[0], sink: where[2], etc: where[3], took: make(chan string, 10)}
	o := openOffice(t, "", where[1], settings...)
	l, err := net.Listen("tcp", p.sink)
	o.must(err)
	server := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) { return &taking{p}, nil }))
	server.Domain = "sink.example"
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	p.run("postsuper", "-d", "ALL") // what a test before has left
	return o, p
}

// taking takes a mail.
type taking struct{ p *postfix }

func (s *taking) Reset()                                 {}
func (s *taking) Logout() error                          { return nil }
func (s *taking) Mail(string, *gosmtp.MailOptions) error { return nil }
func (s *taking) Rcpt(string, *gosmtp.RcptOptions) error { return nil }
func (s *taking) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err == nil {
		s.p.took <- string(text)
	}
	return err
}

// run runs one of Postfix's programs.
func (p *postfix) run(name string, args ...string) string {
	p.t.Helper()
	out, err := exec.Command("/usr/sbin/"+name, append([]string{"-c", p.etc}, args...)...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("%s %q: %s", name, args, out)
	}
	return string(out)
}

// held are the ids of what waits in the queue.
func (p *postfix) held() (ids []string) {
	p.t.Helper()
	for line := range strings.SplitSeq(p.run("postqueue", "-p"), "\n") {
		if id, rest, ok := strings.Cut(line, "!"); ok && !strings.Contains(id, " ") && strings.HasPrefix(rest, " ") {
			ids = append(ids, id)
		}
	}
	return ids
}

// begin begins a mail: what follows is its text.
func (p *postfix) begin(to ...string) (*smtp.Client, io.WriteCloser) {
	p.t.Helper()
	must := func(err error) {
		p.t.Helper()
		if err != nil {
			p.t.Fatal(err)
		}
	}
	c, err := smtp.Dial(p.smtp)
	must(err)
	must(c.Hello("pc.toko.example"))
	must(c.Mail(rinasMail))
	for _, one := range to {
		must(c.Rcpt(one))
	}
	w, err := c.Data()
	must(err)
	return c, w
}

// send sends a mail; the answer is empty when it was taken.
func (p *postfix) send(raw string, to ...string) (refused string) {
	p.t.Helper()
	c, w := p.begin(to...)
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(w, raw); err != nil {
		p.t.Fatal(err)
	}
	return said(w.Close())
}

// said is what a mail server has answered; empty when all is well.
func said(err error) string {
	if answer := (*textproto.Error)(nil); errors.As(err, &answer) {
		return fmt.Sprint(answer.Code, " ", answer.Msg)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// arrives waits for a mail, without what Postfix writes at its head.
func (p *postfix) arrives() string {
	p.t.Helper()
	text := <-p.took
	head, rest, ok := strings.Cut(text, "\r\nDate: ")
	if !ok || !strings.HasPrefix(head, "Received: ") {
		p.t.Errorf("%q", text)
	}
	return "Date: " + rest
}

func TestPostfixDeliversWhatTheFilterSays(t *testing.T) {
	o, p := withPostfix(t)
	clean := plainMail("Rapat", "Besok jam 10 di lantai 3.\r\n.\r\n..\r\n\r\n  Total Rp 1.250.000\t\r\n"+strings.Repeat("Baris biasa. \xc3\xa9\r\n", 20_000))
	if refused := p.send(clean, outsider); refused != "" {
		t.Fatal(refused)
	}
	if got := p.arrives(); got != sealed(clean) {
		t.Errorf("a clean mail of %d bytes became one of %d: %.400q", len(sealed(clean)), len(got), got)
	}
	forged := strings.Replace(clean, "Subject:", "Amanah-Verdict: checked\r\nAmanah-Verdict: allow\r\nSubject:", 1)
	if refused := p.send(forged, outsider); refused != "" {
		t.Fatal(refused)
	}
	if got := p.arrives(); got != sealed(clean) {
		t.Errorf("a forged verdict: %.400q", got)
	}
	for name, m := range masking() {
		if refused := p.send(m[0], outsider); refused != "" {
			t.Fatal(name, refused)
		}
		if got := p.arrives(); got != sealed(m[1]) {
			t.Errorf("%s: %q\nnot\n%q", name, got, sealed(m[1]))
		}
	}
	if refused := p.send(plainMail("Kartu", "Kartu 4539 1488 0343 6467, CVV 123.\r\n"), outsider); !strings.HasPrefix(refused, "550 5.7.1 Surel tidak dikirim: berisi nomor kartu, CVV.") {
		t.Error(refused)
	}
	o.asks()
	if refused := p.send(plainMail("Pelanggan", aPhone), outsider); !strings.HasPrefix(refused, "550 5.7.1 Surel belum dikirim: berisi telepon.") {
		t.Error(refused)
	}
	if refused := p.send(plainMail("Pelanggan [alasan: kurir yang mengantar]", aPhone), outsider); refused != "" {
		t.Error(refused)
	}
	if got := p.arrives(); got != sealed(plainMail("Pelanggan", aPhone)) {
		t.Errorf("with a reason: %q", got)
	}
	if held := p.held(); len(held) > 0 {
		t.Errorf("%q waits", held)
	}
}

// Two lists wait in the queue; one is let go by a second person and arrives, the other is refused and is gone.
func TestPostfixHoldsAMailUntilASecondPersonDecides(t *testing.T) {
	o, p := withPostfix(t)
	ctx := t.Context()
	list := attached("pelanggan.xlsx", testkit.Sheet(testkit.Customers(200)))
	for range 2 {
		if refused := p.send(list, outsider); refused != "" {
			t.Fatal(refused)
		}
	}
	security := person(t, o.world, actor.Security)
	waiting, err := o.DLP.Incidents(ctx, security, false)
	o.must(err)
	queue := map[string]string{}
	for _, in := range waiting {
		if in.Held != dlp.Waiting || in.People != 200 || in.Staff != o.rina || !strings.HasPrefix(in.Ref, "mx.uji.example/") {
			t.Errorf("%+v", in)
		}
		queue[in.ID] = strings.TrimPrefix(in.Ref, "mx.uji.example/")
	}
	held := p.held()
	if slices.Sort(held); len(waiting) != 2 || len(held) != 2 || !slices.Contains(held, queue[waiting[0].ID]) || !slices.Contains(held, queue[waiting[1].ID]) {
		t.Fatalf("%q is held, the incidents name %q", held, queue)
	}
	web := httptest.NewServer(o.Web.HTTP("").Handler)
	defer web.Close()
	_, key, err := o.Client(ctx, "postfix", []string{"inspect", "mail"}, []string{o.controller})
	o.must(err)
	server, err := client.New(client.Options{Address: web.URL, Key: key})
	o.must(err)
	carry := func() []delivery.Done {
		t.Helper()
		done, err := delivery.Once(ctx, delivery.Options{Server: server, Config: p.etc, Clock: o.DB.Now})
		o.must(err)
		return done
	}
	if done := carry(); len(done) > 0 || len(p.held()) != 2 {
		t.Errorf("before anybody has decided: %+v", done)
	}
	released, refused := waiting[0].ID, waiting[1].ID
	o.must(o.DLP.Decide(ctx, security, released, true))
	o.must(o.DLP.Decide(ctx, person(t, o.world, actor.DPO), refused, false))
	done := carry()
	slices.SortFunc(done, func(a, b delivery.Done) int { return strings.Compare(b.Outcome, a.Outcome) })
	if diff := cmp.Diff([]delivery.Done{{Incident: released, Queue: queue[released], Outcome: delivery.Released}, {Incident: refused, Queue: queue[refused], Outcome: delivery.Deleted}}, done); diff != "" {
		t.Error(diff)
	}
	if got := p.arrives(); got != sealed(list) {
		t.Errorf("what was let go became %.400q", got)
	}
	if done := carry(); len(done) > 0 || len(p.held()) > 0 {
		t.Errorf("again: %+v", done)
	}
}

// The filter ends in the middle of a mail: its sender is told to try again, and the next mail passes once the filter is back.
func TestPostfixLetsNothingPassAStoppedFilter(t *testing.T) {
	for _, choice := range []string{"closed", "open"} {
		t.Run(choice, func(t *testing.T) { stopped(t, choice) })
	}
}

func stopped(t *testing.T, choice string) {
	o, p := withPostfix(t, "mail.outside", choice)
	c, w := p.begin(outsider)
	_, err := io.WriteString(w, plainMail("Laporan", aText))
	o.must(err)
	o.stop()
	if refused := said(w.Close()); !strings.HasPrefix(refused, "451 4.7.1") {
		t.Errorf("%s: %s", choice, refused)
	}
	_ = c.Close()
	if refused := p.tries(outsider); !strings.HasPrefix(refused, "451 4.7.1") {
		t.Errorf("%s: without a filter: %s", choice, refused)
	}
	if waits := p.run("postqueue", "-p"); !strings.Contains(waits, "Mail queue is empty") {
		t.Errorf("%s: %s", choice, waits)
	}
	o.serve()
	if refused := p.send(plainMail("Rapat", "Besok.\r\n"), outsider); refused != "" {
		t.Error(refused)
	}
	p.arrives()
	o.stop()
	list, err := o.DLP.Incidents(t.Context(), person(t, o.world, actor.Security), false)
	o.must(err)
	if len(list) > 0 {
		t.Errorf("%+v", list)
	}
}

// tries begins a conversation and tells where it is refused.
func (p *postfix) tries(to string) string {
	p.t.Helper()
	c, err := smtp.Dial(p.smtp)
	if err == nil {
		defer func() { _ = c.Close() }()
		if err = c.Mail(rinasMail); err == nil {
			err = c.Rcpt(to)
		}
	}
	return said(err)
}

// Postfix is killed in the middle of a mail: nothing of it is entered and nothing of it is left.
func TestAKilledPostfixLeavesNothingOfItsMailBehind(t *testing.T) {
	o, p := withPostfix(t)
	c, w := p.begin(outsider)
	_, err := io.WriteString(w, plainMail("Laporan", strings.Repeat("Isi yang panjang.\r\n", 50_000)+aText))
	o.must(err)
	if n := p.kill("smtpd", "cleanup"); n == 0 {
		t.Fatal("no process of this Postfix found")
	}
	if err := w.Close(); err == nil {
		t.Error("taken")
	}
	_ = c.Close()
	if refused := p.send(plainMail("Rapat", "Besok.\r\n"), outsider); refused != "" { // its master has begun others
		t.Error(refused)
	}
	p.arrives()
	o.stop() // waits for the end of every conversation
	list, err := o.DLP.Incidents(t.Context(), person(t, o.world, actor.Security), false)
	o.must(err)
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), "amanah-spool-*")) //nolint:usetesting // where the product puts them
	if len(list) > 0 || len(left) > 0 {
		t.Errorf("%+v %q", list, left)
	}
}

// kill kills the programs of these names that this Postfix's master has started.
func (p *postfix) kill(names ...string) (n int) {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(p.etc), "queue", "pid", "master.pid"))
	if err != nil {
		p.t.Fatal(err)
	}
	master := strings.TrimSpace(string(text))
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range all {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		open, shut := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
		fields := strings.Fields(string(stat[shut+1:]))
		if !slices.Contains(names, string(stat[open+1:shut])) || fields[1] != master {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil {
			n++
		}
	}
	return n
}
