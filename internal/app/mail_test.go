package app

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-milter"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/testkit"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/watchlist"
)

const (
	rinasMail = "rina@toko.example"
	outsider  = "budi@lain.example"
	anNIK     = "3273014708870017"
	nikGone   = "[NIK ****0017]"
)

// office is a world whose mail is filtered, with Rina, whose login is her address.
type office struct {
	hands
	rina string
	addr string // of the filter
	stop func()
}

func eachOffice(t *testing.T, test func(t *testing.T, o *office), settings ...string) {
	t.Helper()
	begin := func(t *testing.T, url string) { test(t, openOffice(t, url, "127.0.0.1:0", settings...)) }
	t.Run("sqlite", func(t *testing.T) { begin(t, "") })
	t.Run("postgres", func(t *testing.T) { begin(t, dbtest.PostgresURL(t)) })
}

func openOffice(t *testing.T, url, listen string, settings ...string) *office {
	t.Helper()
	o := &office{}
	o.t = t
	o.world = openWorld(t, db.Options{URL: url}, append([]string{"mail.listen", listen, "mail.domains", "toko.example=toko", "language", "id"}, settings...)...)
	rina, _, err := o.Identity.Provision(t.Context(), identity.NewStaff{Login: rinasMail, Name: "Rina Wulandari", Role: actor.Agent, Controllers: []string{o.controller}}, "kuda biru menari pelan", "")
	o.must(err)
	o.rina = rina
	o.serve()
	return o
}

// serve begins to answer Postfix.
func (o *office) serve() {
	l, err := o.bindMail(o.t.Context())
	o.must(err)
	o.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.followMail(ctx, l)
	}()
	o.stop = sync.OnceFunc(func() { cancel(); <-done })
	o.t.Cleanup(o.stop)
}

// sent is what became of a mail.
type sent struct {
	reply   string // a refusal; empty when there was none
	hold    string // why it waits
	arrived string // as it goes
}

// send plays Postfix.
func (o *office) send(to []string, raw string) (s sent) {
	o.t.Helper()
	c, err := milter.NewClientWithOptions("tcp", o.addr, milter.ClientOptions{ReadTimeout: time.Minute, WriteTimeout: time.Minute, ActionMask: 0x3f, ProtocolMask: 0x7f}).Session()
	o.must(err)
	defer func() { _ = c.Close() }()
	told := func(a *milter.Action, err error) {
		o.t.Helper()
		if o.must(err); a.Code != milter.ActContinue {
			o.t.Fatalf("%+v", a)
		}
	}
	o.must(c.Macros(milter.CodeConn, "j", "mx.toko.example"))
	told(c.Conn("pc", milter.FamilyInet, 25, "127.0.0.1"))
	told(c.Mail(rinasMail, nil))
	for _, one := range to {
		told(c.Rcpt(one, nil))
	}
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	var lines [][2]string
	for line := range strings.SplitSeq(strings.ReplaceAll(strings.ReplaceAll(head, "\r\n ", "\n "), "\r\n\t", "\n\t"), "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		lines = append(lines, [2]string{name, strings.TrimPrefix(value, " ")})
		told(c.HeaderField(name, strings.TrimPrefix(value, " ")))
	}
	told(c.HeaderEnd())
	for rest := []byte(body); len(rest) > 0; rest = rest[min(len(rest), 60_000):] {
		told(c.BodyChunk(rest[:min(len(rest), 60_000)]))
	}
	o.must(c.Macros(milter.CodeEOB, "i", "4b7Qx1F2z8"))
	changes, act, err := c.End()
	o.must(err)
	if act.Code == milter.ActReplyCode {
		return sent{reply: fmt.Sprint(act.SMTPCode, " ", act.SMTPText)}
	}
	replaced := false
	for _, c := range changes {
		switch c.Code {
		case milter.ActAddHeader:
			lines = append(lines, [2]string{c.HeaderName, c.HeaderValue})
		case milter.ActChangeHeader:
			nth := 0
			for i, l := range lines {
				if strings.EqualFold(l[0], c.HeaderName) {
					if nth++; nth == int(c.HeaderIndex) {
						lines[i][1] = c.HeaderValue
					}
				}
			}
		case milter.ActReplBody:
			if !replaced {
				body, replaced = "", true
			}
			body += strings.ReplaceAll(string(c.Body), "\n", "\r\n")
		case milter.ActQuarantine:
			s.hold = c.Reason
		default:
			o.t.Errorf("%+v", c)
		}
	}
	for _, l := range lines {
		if l[1] != "" {
			s.arrived += l[0] + ": " + strings.ReplaceAll(l[1], "\n", "\r\n") + "\r\n"
		}
	}
	s.arrived += "\r\n" + body
	return s
}

// letters are mails for tests: what is written, and what a reader must find in it afterwards.
func lettersOf(more ...string) string {
	head := append([]string{"Date: Mon, 30 Nov 2026 09:00:00 +0700", "Message-Id: <surat@toko.example>", "From: Rina <" + rinasMail + ">", "To: " + outsider, "Mime-Version: 1.0"}, more...)
	return strings.Join(head, "\r\n") + "\r\n"
}

func quoted(text string) string {
	var b bytes.Buffer
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

func wrapped(b []byte) string {
	text, out := base64.StdEncoding.EncodeToString(b), ""
	for len(text) > 76 {
		out, text = out+text[:76]+"\r\n", text[76:]
	}
	return out + text + "\r\n"
}

const aText = "Halo,\r\nNIK pelanggan " + anNIK + " sudah benar.\r\nSalam\r\n"

// masking are mails with a number in their text, and the same without it.
func masking() map[string][2]string {
	gone := strings.ReplaceAll(aText, anNIK, nikGone)
	alternative := func(text string) string {
		return lettersOf("Subject: Laporan", `Content-Type: multipart/alternative; boundary="=_a"`) + "\r\n--=_a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text +
			"\r\n--=_a\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted("<p style=\"color:red\">"+text+"</p>\r\n") + "\r\n--=_a--\r\n"
	}
	one := func(kind, encoding string, write func(string) string) [2]string {
		head := lettersOf("Subject: Laporan", "Content-Type: "+kind, "Content-Transfer-Encoding: "+encoding) + "\r\n"
		return [2]string{head + write(aText), head + write(gone)}
	}
	return map[string][2]string{
		"subject":          {plainMail("Data NIK "+anNIK, "Terlampir.\r\n"), plainMail("Data NIK "+nikGone, "Terlampir.\r\n")},
		"subject and text": {plainMail("=?utf-8?q?NIK_"+anNIK+"_=E2=9C=93?=", aText), plainMail("=?utf-8?q?NIK_[NIK_****0017]_=E2=9C=93?=", gone)},
		"plain":            one("text/plain; charset=utf-8", "7bit", func(s string) string { return s }),
		"quoted-printable": one("text/plain; charset=utf-8", "quoted-printable", func(s string) string { return quoted("Réna: " + s) }),
		"base64":           one("text/plain; charset=utf-8", "base64", func(s string) string { return wrapped([]byte(s)) }),
		"ISO-8859-1":       one("text/plain; charset=ISO-8859-1", "quoted-printable", func(s string) string { return quoted("R\xe9na: " + s) }),
		"alternative":      {alternative(aText), alternative(gone)},
	}
}

func attached(name string, file []byte) string {
	return lettersOf("Subject: Daftar", `Content-Type: multipart/mixed; boundary="=_m"`) + "\r\n--=_m\r\nContent-Type: text/plain\r\n\r\nTerlampir.\r\n--=_m\r\nContent-Type: application/octet-stream; name=\"" + name +
		"\"\r\nContent-Disposition: attachment; filename=\"" + name + "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped(file) + "--=_m--\r\n"
}

// lockedZip is an archive whose one entry is encrypted, as its header says.
func lockedZip(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateRaw(&zip.FileHeader{Name: "daftar.txt", Method: zip.Store, Flags: 1, CompressedSize64: 20, UncompressedSize64: 8, CRC32: 1})
	if err == nil {
		_, err = w.Write(make([]byte, 20))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func plainMail(subject, text string) string {
	return lettersOf("Subject: "+subject, "Content-Type: text/plain; charset=utf-8") + "\r\n" + text
}

const seal = "Amanah-Verdict: checked\r\n"

// sealed is a mail as it goes: with our header behind its own.
func sealed(raw string) string { return strings.Replace(raw, "\r\n\r\n", "\r\n"+seal+"\r\n", 1) }

func TestAMailIsJudgedByAllThatItHolds(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		clean := plainMail("Rapat", "Besok jam 10 di lantai 3.\r\n.\r\n..\r\nTotal Rp 1.250.000\r\n")
		if got := o.send([]string{outsider}, clean); got.arrived != sealed(clean) || got.reply+got.hold != "" {
			t.Errorf("a clean mail: %+v", got)
		}
		for name, m := range masking() {
			if got := o.send([]string{outsider}, m[0]); got.arrived != sealed(m[1]) || got.reply+got.hold != "" {
				t.Errorf("%s: %+v\nnot\n%q", name, got, sealed(m[1]))
			}
		}
		blocked := o.send([]string{outsider}, plainMail("Kartu", "Kartu 4539 1488 0343 6467, CVV 123.\r\n"))
		if !strings.HasPrefix(blocked.reply, "550 5.7.1 Surel tidak dikirim: berisi nomor kartu, CVV.") || strings.Contains(blocked.reply, "6467") {
			t.Errorf("%+v", blocked)
		}
		for name, raw := range map[string]string{
			"a list":                     attached("pelanggan.xlsx", testkit.Sheet(testkit.Customers(200))),
			"an archive that is shut":    attached("daftar.zip", lockedZip(t)),
			"a number in a file":         attached("catatan.txt", []byte("NIK "+anNIK)),
			"a number in a name":         strings.Replace(plainMail("Rapat", "Besok.\r\n"), "To: "+outsider, `To: "NIK `+anNIK+`" <`+outsider+`>`, 1),
			"a number between the parts": strings.Replace(attached("a.txt", []byte("isi")), "\r\n\r\n--=_m\r\n", "\r\n\r\nNIK "+anNIK+"\r\n--=_m\r\n", 1),
			"a number in a part's head":  strings.Replace(attached("a.txt", []byte("isi")), "\r\nContent-Type: text/plain\r\n", "\r\nContent-Type: text/plain\r\nContent-Description: NIK "+anNIK+"\r\n", 1),
			"a number as a program":      lettersOf("Subject: a", "X-Mailer: NIK "+anNIK) + "\r\nHalo.\r\n",
			"a signed mail":              lettersOf("Subject: a", "Content-Type: multipart/signed; boundary=s") + "\r\n--s\r\n\r\nNIK " + anNIK + "\r\n--s--\r\n",
		} {
			got := o.send([]string{outsider}, raw)
			if !strings.HasPrefix(got.hold, "amanah lek_") || got.arrived != sealed(raw) || got.reply != "" {
				t.Errorf("%s: %+v", name, got)
			}
		}
		ctx := t.Context()
		list, err := o.DLP.Incidents(ctx, person(t, o.world, actor.Security), false)
		o.must(err)
		most := 0
		for _, in := range list {
			if in.Staff != o.rina || in.Way != dlp.Mail || in.Ref != "mx.toko.example/4b7Qx1F2z8" || strings.Contains(in.Evidence, anNIK) {
				t.Errorf("%+v", in)
			}
			most = max(most, in.People)
		}
		if len(list) != len(masking())+1+8 || most != 200 {
			t.Errorf("%d incidents, %d people", len(list), most)
		}
	})
}

const askForList = `@id("why_a_phone_in_mail") @verdict("ask") @sentence_id("Telepon hanya dikirim dengan alasan.") @sentence_en("A phone number is sent only with a reason.")
forbid (principal, action == Action::"mail", resource) when { resource.type == "phone" };`

// asks has a rule agreed that asks for a reason.
func (o *office) asks() {
	o.t.Helper()
	o.must(o.DLP.Propose(o.t.Context(), person(o.t, o.world, actor.DPO), askForList, "telepon hanya dengan alasan"))
	decide(o.t, o.world, person(o.t, o.world, actor.Security), true)
}

const aPhone = "Hubungi pelanggan di 0812 3456 7890.\r\n"

// A mail that is asked about goes once its subject says why, and what would be masked in it is masked all the same.
func TestAMailThatIsAskedAboutGoesWithAReason(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		o.asks()
		if got := o.send([]string{outsider}, plainMail("Pelanggan", aPhone)); !strings.HasPrefix(got.reply, "550 5.7.1 Surel belum dikirim: berisi telepon.") {
			t.Errorf("%+v", got)
		}
		if got := o.send([]string{outsider}, plainMail("Pelanggan [alasan: telepon 0812 3456 7890]", aPhone)); !strings.HasPrefix(got.reply, "550 5.7.1 Surel belum dikirim: alasan di judul") {
			t.Errorf("%+v", got)
		}
		if got := o.send([]string{outsider}, plainMail("Pelanggan [alasan: kurir yang mengantar]", aPhone)); got.arrived != sealed(plainMail("Pelanggan", aPhone)) {
			t.Errorf("%+v", got)
		}
		if got := o.send([]string{outsider}, plainMail("Pelanggan [alasan: kurir yang mengantar]", aPhone+"NIK "+anNIK+"\r\n")); got.arrived != sealed(plainMail("Pelanggan", aPhone+"NIK "+nikGone+"\r\n")) {
			t.Errorf("%+v", got)
		}
		list, err := o.DLP.Incidents(t.Context(), person(t, o.world, actor.Security), false)
		o.must(err)
		if len(list) != 2 || list[0].Why != "kurir yang mengantar" {
			t.Errorf("%+v", list)
		}
	})
}

func TestColleaguesReadWhatOthersDoNot(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		raw := plainMail("Laporan", aText)
		if got := o.send([]string{"sari@toko.example"}, raw); got.arrived != sealed(raw) {
			t.Errorf("%+v", got)
		}
		if got := o.send([]string{"sari@toko.example", outsider}, raw); !strings.Contains(got.arrived, nikGone) {
			t.Errorf("one outsider among the recipients: %+v", got)
		}
	})
}

// What is a customer's own goes to the registered address and to no other; somebody else's does not go to a customer.
func TestACustomersOwnDataGoesToTheCustomer(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		for n := range 2 {
			_, err := o.customer(ctx, n+1)
			o.must(err)
		}
		o.must(o.House.Known.Build(ctx))
		own := plainMail("Rekening", "Nomor rekening Anda 770000000001.\r\n")
		if got := o.send([]string{"orang1@contoh.example", "sari@toko.example"}, own); got.arrived != sealed(own) {
			t.Errorf("own data: %+v", got)
		}
		if got := o.send([]string{"orang2@contoh.example"}, own); !strings.HasPrefix(got.reply, "550 5.7.1 ") {
			t.Errorf("another's data: %+v", got)
		}
		if got := o.send([]string{outsider}, own); got.arrived == sealed(own) {
			t.Errorf("to anybody: %+v", got)
		}
	})
}

// The database is gone: mail waits with its sender, or goes with an alarm, as was written down.
func TestAMailDoesNotPassByAStoppedDatabase(t *testing.T) {
	for _, open := range []bool{false, true} {
		eachOffice(t, func(t *testing.T, o *office) {
			before := o.DB
			o.DB = dbtest.Open(t)
			o.must(o.DB.Close())
			o.stop()
			o.Mail = mailOf(o.House, actor.NewDuty("mail"), building{log: o.Logger})
			o.DB = before
			o.serve()
			got := o.send([]string{outsider}, plainMail("Laporan", aText))
			if open && !strings.Contains(got.arrived, "Amanah-Verdict: unchecked\r\n") || !open && !strings.HasPrefix(got.reply, "451 4.7.1 ") {
				t.Errorf("%+v", got)
			}
			if err := o.Mail.Stands(t.Context()); open && errs.CodeOf(err) != "mail.went_unchecked" {
				t.Errorf("no alarm: %v", err)
			}
		}, "mail.outside", map[bool]string{true: "open", false: "closed"}[open])
	}
}

// Mail that goes unchecked is seen by everybody who should: in the mail, at /readyz, in the supervisors' list, in the log.
func TestAMailThatGoesUncheckedIsAnAlarm(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		if got := o.send([]string{outsider}, plainMail("Besar", strings.Repeat("Isi yang panjang.\r\n", 100_000))); !strings.Contains(got.arrived, "Amanah-Verdict: unchecked\r\n") {
			t.Errorf("%.300s %s", got.arrived, got.reply)
		}
		o.send([]string{outsider}, plainMail("Besar", strings.Repeat("Isi yang panjang.\r\n", 100_000)))
		if got := readiness(t, o.House); !strings.HasPrefix(got, "200") || !strings.Contains(got, "mail") {
			t.Error(got)
		}
		o.must(o.Mail.Enter(ctx))
		if got := readiness(t, o.House); !strings.HasPrefix(got, "200") || !strings.Contains(got, "mail") {
			t.Error(got)
		}
		board, err := o.Supervision.Watch(ctx, person(t, o.world, actor.Supervisor), false)
		o.must(err)
		if len(board.Alerts) != 1 || board.Alerts[0].Kind != watchlist.Unchecked || board.Alerts[0].Controller != o.controller {
			t.Errorf("%+v", board.Alerts)
		}
		alerts, err := o.Watchlist.AlertList(ctx, person(t, o.world, actor.Security), false)
		o.must(err)
		if len(alerts) != 1 || alerts[0].Kind != watchlist.Unchecked || alerts[0].Count != 2 || alerts[0].Staff != "mail" {
			t.Errorf("%+v", alerts)
		}
		var place, code string
		o.must(o.DB.Read(ctx, func(tx *db.Tx) error { return tx.Data.Row(`select place, code from mail_opened`).Scan(&place, &code) }))
		if place != "mx.toko.example/4b7Qx1F2z8" || code != "mail.too_big" {
			t.Error(place, code)
		}
	}, "mail.outside", "open", "mail.megabytes", "1")
}

func TestOnlyThisMachineAndNamedNetworksAreServed(t *testing.T) {
	for settings, ok := range map[string]bool{
		"mail.listen 127.0.0.1:8891 mail.domains toko.example=toko":                     true,
		"mail.listen unix:/tmp/milter.sock mail.domains toko.example=toko":              true,
		"mail.listen 0.0.0.0:8891 mail.domains toko.example=toko mail.allow 10.0.0.0/8": true,
		"mail.listen 0.0.0.0:8891 mail.domains toko.example=toko":                       false,
		"mail.listen 0.0.0.0:8891 mail.domains toko.example=toko mail.allow 10.0.0.0":   false,
		"mail.listen unix:milter.sock mail.domains toko.example=toko":                   false,
		"mail.listen 8891 mail.domains toko.example=toko":                               false,
		"mail.listen 127.0.0.1:8891":                                                    false,
		"mail.listen 127.0.0.1:8891 mail.domains toko.example":                          false,
		"mail.listen 127.0.0.1:8891 mail.domains toko.example=toko mail.within 5m":      false,
		"mail.listen 127.0.0.1:8891 mail.domains toko.example=toko mail.megabytes 501":  false,
	} {
		flags, words := map[string]string{}, strings.Fields(settings)
		for i := 0; i+1 < len(words); i += 2 {
			flags[words[i]] = words[i+1]
		}
		cfg, err := config.Load(config.Sources{Flags: flags})
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckConfig(cfg); (err == nil) != ok {
			t.Errorf("%s: %v", settings, err)
		}
	}
	// A peer elsewhere is turned away before a word is said.
	l := knownOnly{Listener: &peers{}}
	if c, err := l.Accept(); err == nil || c != nil {
		t.Error("served", c)
	}
}

// peers is a listener to which somebody of another machine comes.
type peers struct {
	net.Listener
	had bool
}

type elsewhere struct{ net.Conn }

func (elsewhere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4000} }
func (elsewhere) Close() error         { return nil }

func (p *peers) Accept() (net.Conn, error) {
	if p.had {
		return nil, io.EOF
	}
	p.had = true
	return elsewhere{}, nil
}

// A socket of a program that was killed makes room; whatever else lies there stays.
func TestOnlyAnOldSocketMakesRoomForTheMailFilter(t *testing.T) {
	w := openWorld(t, db.Options{})
	path := filepath.Join(t.TempDir(), "milter.sock")
	w.Config.Mail.Listen = "unix:" + path
	for range 2 { // the second finds what the first left
		l, err := w.bindMail(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("penting"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.bindMail(t.Context()); errs.CodeOf(err) != "app.listen" {
		t.Error(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "penting" {
		t.Error(string(text), err)
	}
}
