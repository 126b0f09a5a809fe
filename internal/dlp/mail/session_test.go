package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-milter"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/pii/extract"
)

const ctl = "ctl_00000000000000000000000001"

// judge is package dlp for tests: it says what the test wants.
type judge struct {
	mu      sync.Mutex
	says    dlp.Judgement
	after   *dlp.Judgement // of a mail that was looked at a second time
	moved   *dlp.Judgement // when it is entered, by rules that changed meanwhile
	fail    error          // of looking
	wait    chan struct{}  // looking waits until it is closed, or for the end of its context
	looking chan struct{}  // closed when looking has begun

	seen   []string // what was looked at
	fixed  []bool   // whether nothing of it could be replaced
	passed []dlp.Passage
}

func (j *judge) Examine(ctx context.Context, _ string, r io.Reader, replaceable func(extract.Origin) bool) (*dlp.Content, error) {
	if j.looking != nil {
		close(j.looking)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-j.wait:
		}
	}
	text, err := io.ReadAll(r)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seen, j.fixed = append(j.seen, string(text)), append(j.fixed, replaceable == nil)
	return &dlp.Content{}, errors.Join(err, j.fail)
}

func (j *judge) now(p dlp.Passage) dlp.Judgement {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := j.says
	if len(j.seen) > 1 && j.after != nil {
		out = *j.after
	}
	out.Given = p.Reason != ""
	if len(j.fixed) > 0 && j.fixed[len(j.fixed)-1] && out.Verdict == dlp.Mask {
		out.Verdict = dlp.Hold
	}
	return out
}

func (j *judge) Look(_ context.Context, p dlp.Passage) (dlp.Judgement, error) { return j.now(p), nil }

func (j *judge) Pass(_ *db.Tx, p dlp.Passage) (dlp.Judgement, error) {
	out := j.now(p)
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.after != nil && !slices.Contains(j.fixed, true) { // what is entered is the mail as it was written
		out = j.says
	}
	if j.moved != nil {
		out = *j.moved
	}
	j.passed = append(j.passed, p)
	return out, nil
}

func (j *judge) MaskedText(_ dlp.Judgement, _ i18n.Lang, text []byte) []byte { return stars(text) }

// journal keeps what was entered.
type journal struct {
	mu   sync.Mutex
	list []string
}

func (j *journal) Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error) {
	tx.AfterCommit(func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.list = append(j.list, e.Action+" "+e.Reason)
	})
	return &audit.Pending{}, nil
}

// house is the room with a listener, and the people who speak with it.
type house struct {
	t    *testing.T
	s    *Service
	j    *judge
	log  *journal
	db   *db.DB
	addr string
	stop func()

	alarms []string
}

func catalogue(t testing.TB) *i18n.Catalogue {
	t.Helper()
	room, err := dlp.New(dlp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := i18n.Load(i18n.Source{Room: "mail", FS: Messages}, i18n.Source{Room: "dlp", FS: room.Module().Messages})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func settings(t *testing.T) Settings {
	return Settings{Domains: map[string]string{"toko.co.id": "toko"}, First: "toko", Outside: Closed, Inside: Closed, MaxSize: 1 << 20, Recipients: 3, Sessions: 4,
		Within: time.Minute, Idle: time.Minute, Lang: i18n.EN, Dir: t.TempDir()}
}

func each(t *testing.T, do func(t *testing.T, h *house)) {
	dbtest.Each(t, []db.Schema{Schema()}, func(t *testing.T, d *db.DB) {
		texts := catalogue(t)
		h := &house{t: t, j: &judge{says: dlp.Judgement{Verdict: dlp.Allow}}, log: &journal{}, db: d}
		h.s = New(Options{DB: d, Log: h.log, Judge: h.j, Logger: slog.New(slog.DiscardHandler), Settings: settings(t), Duty: actor.NewDuty("mail"),
			Texts: func(l i18n.Lang) *i18n.Printer { return texts.For(l, nil) },
			Writer: func(_ *db.Tx, address string) (actor.Actor, bool, error) {
				return actor.NewStaff("stf_1", actor.Agent, "", []string{ctl}, time.Time{}), address == "rina@toko.co.id", nil
			},
			Alarm: func(_ *db.Tx, _ actor.Actor, controller string, n int) error {
				h.alarms = append(h.alarms, fmt.Sprint(controller, " ", n))
				return nil
			},
			Customer: func(_ *db.Tx, controller, address string) (string, error) {
				if controller == ctl && address == "siti@rumah.id" {
					return "sub_1", nil
				}
				return "", nil
			},
			Company: func(_ *db.Tx, name string) (string, error) {
				if name != "toko" {
					return "", errs.New(errs.NotFound, "app.internal")
				}
				return ctl, nil
			}})
		h.serve()
		do(t, h)
		h.stop()
		if list, err := os.ReadDir(h.s.o.Settings.Dir); err != nil || len(list) > 0 {
			t.Error("files are left:", list, err)
		}
	})
}

func (h *house) serve() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.s.Serve(ctx, l) }()
	h.addr = l.Addr().String()
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
	})
	h.t.Cleanup(h.stop)
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// talk begins a conversation as Postfix does.
func (h *house) talk() *milter.ClientSession {
	h.t.Helper()
	c := milter.NewClientWithOptions("tcp", h.addr, milter.ClientOptions{ReadTimeout: time.Minute, WriteTimeout: time.Minute, ActionMask: 0x3f, ProtocolMask: 0x7f})
	s, err := c.Session()
	h.must(err)
	h.must(s.Macros(milter.CodeConn, "j", "mx1.toko.co.id"))
	_, err = s.Conn("pc", milter.FamilyInet, 25, "127.0.0.1")
	h.must(err)
	return s
}

// mail is a mail for tests.
type sent struct {
	from, to, subject, body string
	more                    []string // headers
}

func ordinary() sent {
	return sent{from: "rina@toko.co.id", to: "budi@lain.id", subject: "Laporan", body: "Halo,\r\nNIK " + value + "\r\n"}
}

// give hands a mail over and tells what Postfix is to do.
func (h *house) give(s *milter.ClientSession, m sent) ([]milter.ModifyAction, *milter.Action) {
	h.t.Helper()
	_, err := s.Mail(m.from, nil)
	h.must(err)
	for to := range strings.FieldsSeq(m.to) {
		_, err := s.Rcpt(to, nil)
		h.must(err)
	}
	for i, head := range append([]string{"From: " + m.from, "Subject: " + m.subject}, m.more...) {
		name, value, _ := strings.Cut(head, ": ")
		if act, err := s.HeaderField(name, value); err != nil || act.Code != milter.ActContinue {
			h.t.Fatalf("header %d: %v %v", i, act, err)
		}
	}
	_, err = s.HeaderEnd()
	h.must(err)
	for rest := []byte(m.body); len(rest) > 0; {
		n := min(len(rest), milter.MaxBodyChunk)
		_, err := s.BodyChunk(rest[:n])
		h.must(err)
		rest = rest[n:]
	}
	h.must(s.Macros(milter.CodeEOB, "i", "4b7Qx1F2z8"))
	changes, act, err := s.End()
	h.must(err)
	return changes, act
}

// told is what Postfix was told in words.
func told(changes []milter.ModifyAction, act *milter.Action) (out []string) {
	for _, c := range changes {
		switch c.Code {
		case milter.ActAddHeader:
			out = append(out, "add "+c.HeaderName+": "+c.HeaderValue)
		case milter.ActChangeHeader:
			out = append(out, strings.TrimSpace("change "+string(rune('0'+c.HeaderIndex))+" "+c.HeaderName+": "+c.HeaderValue))
		case milter.ActQuarantine:
			out = append(out, "hold "+c.Reason)
		case milter.ActReplBody:
			out = append(out, "body "+string(c.Body))
		default:
			out = append(out, "?"+string(rune(c.Code)))
		}
	}
	if act.Code == milter.ActReplyCode {
		return append(out, strings.TrimSpace(act.SMTPText))
	}
	return append(out, map[milter.ActionCode]string{milter.ActAccept: "goes", milter.ActTempFail: "later"}[act.Code])
}

func found(v dlp.Verdict, kinds ...string) dlp.Judgement {
	j := dlp.Judgement{Verdict: v, Incident: "lek_1"}
	for _, k := range kinds {
		j.Found = append(j.Found, dlp.Found{Kind: k, Verdict: v})
	}
	return j
}

func TestEachVerdictIsCarriedOut(t *testing.T) {
	with := func(change func(*sent)) sent { m := ordinary(); change(&m); return m }
	for _, c := range []struct {
		what string
		says dlp.Judgement
		mail sent
		want []string
	}{
		{"nothing found", dlp.Judgement{Verdict: dlp.Allow}, ordinary(), []string{"add Amanah-Verdict: checked", "goes"}},
		{"a verdict of others is taken out", dlp.Judgement{Verdict: dlp.Allow}, with(func(m *sent) { m.more = []string{"Amanah-Verdict: checked", "X: y", "amanah-verdict: block"} }),
			[]string{"change 2 Amanah-Verdict:", "change 1 Amanah-Verdict:", "add Amanah-Verdict: checked", "goes"}},
		{"others learn nothing of an alert", found(dlp.Alert, "phone"), ordinary(), []string{"add Amanah-Verdict: checked", "goes"}},
		{"colleagues do", found(dlp.Alert, "phone", "nik"), with(func(m *sent) { m.to = "sari@toko.co.id" }), []string{"add Amanah-Verdict: alert; incident=lek_1; kinds=phone,nik", "goes"}},
		{"masked", found(dlp.Mask, "nik"), ordinary(), []string{"add Amanah-Verdict: checked", "body Halo,\nNIK " + name + "\n", "goes"}},
		{"blocked", found(dlp.Block, "nik", "card"), ordinary(), []string{"5.7.1 The mail was not sent: it holds NIK, card number. Take the data out, or name it only, then send again."}},
		{"asked", found(dlp.Ask, "nik"), ordinary(), []string{"5.7.1 The mail was not sent yet: it holds NIK. If that is needed, send it again with a reason in the subject: [reason: why this data is sent]."}},
		{"said why", found(dlp.Ask, "nik"), with(func(m *sent) { m.subject = "Laporan [alasan: diminta OJK]" }), []string{"change 1 Subject: Laporan", "add Amanah-Verdict: checked", "goes"}},
		{"held", found(dlp.Hold, "nik"), ordinary(), []string{"add Amanah-Verdict: checked", "hold amanah lek_1", "goes"}},
	} {
		each(t, func(t *testing.T, h *house) {
			h.j.says = c.says
			if c.says.Verdict == dlp.Mask {
				h.j.after = &dlp.Judgement{Verdict: dlp.Allow}
			}
			if diff := cmp.Diff(c.want, told(h.give(h.talk(), c.mail))); diff != "" {
				t.Errorf("%s: %s", c.what, diff)
			}
			if len(h.j.passed) != 1 {
				t.Fatalf("%s: entered %d times", c.what, len(h.j.passed))
			}
			p := h.j.passed[0]
			if p.Ref != "mx1.toko.co.id/4b7Qx1F2z8" || p.Controller != ctl || p.By.ID() != "stf_1" || p.Way != dlp.Mail || p.Recipient != map[bool]dlp.Recipient{true: dlp.Inside, false: dlp.Outside}[strings.Contains(c.mail.to, "toko")] {
				t.Errorf("%s: %+v", c.what, p)
			}
			if c.what == "said why" && p.Reason != "diminta OJK" {
				t.Errorf("the reason is %q", p.Reason)
			}
			for _, text := range h.j.seen {
				if strings.Contains(text, "alasan") || strings.Contains(text, "Amanah-Verdict") {
					t.Errorf("%s: looked at what does not go: %q", c.what, text)
				}
			}
		})
	}
}

// A value that is still there after the masking makes the mail wait, and nothing of its text is changed.
func TestWhatCannotBeMaskedWaits(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.j.says, h.j.after = found(dlp.Mask, "nik"), new(dlp.Judgement)
		*h.j.after = found(dlp.Mask, "nik")
		if diff := cmp.Diff([]string{"add Amanah-Verdict: checked", "hold amanah lek_1", "goes"}, told(h.give(h.talk(), ordinary()))); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]bool{false, false, true}, h.j.fixed); diff != "" {
			t.Error(diff)
		}
	})
}

// What was masked by the rules of a moment ago does not go when those in force take out more, or take out nothing.
func TestAMailThatWasMaskedByOtherRulesIsNotChecked(t *testing.T) {
	for _, now := range []dlp.Judgement{found(dlp.Mask, "nik", "email"), found(dlp.Alert, "nik")} {
		each(t, func(t *testing.T, h *house) {
			h.j.says, h.j.after, h.j.moved = found(dlp.Mask, "nik"), &dlp.Judgement{Verdict: dlp.Allow}, &now
			if diff := cmp.Diff([]string{"4.7.1 The mail could not be checked yet. Please send it again later."}, told(h.give(h.talk(), ordinary()))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAMailOfAnOutsiderIsTheServices(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		m := ordinary()
		m.from, m.to = "orang@lain.id", "rina@toko.co.id"
		h.give(h.talk(), m)
		if p := h.j.passed[0]; p.By.ID() != "mail" || p.Recipient != dlp.Inside {
			t.Errorf("%+v", p)
		}
	})
}

func TestACustomerIsOneWhoAloneReadsAtTheRegisteredAddress(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		postfix := h.talk()
		for to, want := range map[string]string{
			"siti@rumah.id": "customer sub_1", "siti@rumah.id Siti@rumah.id sari@toko.co.id": "customer sub_1", "siti@rumah.id budi@lain.id": "outside ", "budi@lain.id": "outside ", "sari@toko.co.id": "inside ",
		} {
			h.j.passed = nil
			m := ordinary()
			m.to = to
			h.give(postfix, m)
			if p := h.j.passed[0]; string(p.Recipient)+" "+p.Subject != want {
				t.Errorf("%q: %s %s", to, p.Recipient, p.Subject)
			}
		}
	})
}

func TestWhatCannotBeLookedAtIsRefusedOrIsAnAlarm(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		what string
		make func(h *house, m *sent)
		want string // the answer where mail does not go unchecked
		code string // of the alarm where it does; empty where it never goes
	}{
		{"looking fails", func(h *house, _ *sent) { h.j.fail = broken }, "4.7.1 The mail could not be checked yet. Please send it again later.", "mail.not_checked"},
		{"too large", func(_ *house, m *sent) { m.body = strings.Repeat("a", 1<<20+1) }, "5.3.4 The mail is larger than 1 MB and cannot be checked. Send it without the large attachment.", "mail.too_big"},
		{"many headers", func(_ *house, m *sent) { m.more = slices.Repeat([]string{"X: y"}, maxFields) }, "5.3.4 The mail's headers are too long to be checked. Write a new mail.", "mail.head_too_big"},
		{"long headers", func(_ *house, m *sent) { m.more = []string{"X: " + strings.Repeat("y", maxHead)} }, "5.3.4 The mail's headers are too long to be checked. Write a new mail.", "mail.head_too_big"},
		{"two types", func(_ *house, m *sent) { m.more = []string{"Content-Type: text/plain", "content-type: text/html"} }, "5.6.0 The mail's headers say the same thing twice. Write a new mail with an ordinary mail program.", ""},
		{"much that is not shown", func(_ *house, m *sent) {
			m.more, m.body = []string{"Content-Type: multipart/mixed; boundary=a"}, strings.Repeat("a\r\n", maxAside)
		}, "5.6.0 The mail holds too much text that no program shows. Write a new mail with an ordinary mail program.", ""},
		{"a value in the reason", func(h *house, _ *sent) { h.j.fail = errs.New(errs.Invalid, reasonValue) }, "5.7.1 The mail was not sent yet: the reason in the subject must hold no personal data. Say it in words only, then send again.", ""},
		{"no company", func(h *house, _ *sent) { h.s.o.Settings.Domains = nil; h.s.o.Settings.First = "nobody" }, "4.7.1 The mail could not be checked yet. Please send it again later.", "-"},
		{"no folder for long mails", func(h *house, m *sent) { h.s.o.Settings.Dir += "/none"; m.body = strings.Repeat("a", 512<<10) }, "4.7.1 The mail could not be checked yet. Please send it again later.", "mail.not_checked"},
	} {
		for _, open := range []bool{false, true} {
			each(t, func(t *testing.T, h *house) {
				m, dir := ordinary(), h.s.o.Settings.Dir
				c.make(h, &m)
				if open {
					h.s.o.Settings.Outside = Open
				}
				h.must(h.s.Stands(t.Context()))
				got := told(h.give(h.talk(), m))
				h.stop()
				h.s.o.Settings.Dir = dir
				if !open || c.code == "" {
					if diff := cmp.Diff([]string{c.want}, got); diff != "" {
						t.Errorf("%s: %s", c.what, diff)
					}
					h.must(h.s.Stands(t.Context()))
					return
				}
				if diff := cmp.Diff([]string{"add Amanah-Verdict: unchecked", "goes"}, got); diff != "" {
					t.Errorf("%s: %s", c.what, diff)
				}
				if err := h.s.Stands(t.Context()); errs.CodeOf(err) != errUnopened.Code {
					t.Errorf("%s: no alarm before it is in the database: %v", c.what, err)
				}
				if c.code == "-" { // the alarm waits until its company is known
					if err := h.s.Enter(t.Context()); err == nil {
						t.Error("entered for nobody")
					}
					return
				}
				h.must(h.s.Enter(t.Context()))
				h.must(h.s.Enter(t.Context()))
				if err := h.s.Stands(t.Context()); errs.CodeOf(err) != errUnopened.Code {
					t.Errorf("%s: no alarm: %v", c.what, err)
				}
				if diff := cmp.Diff([]string{"mail.opened " + c.code}, h.log.list); diff != "" {
					t.Errorf("%s: %s", c.what, diff)
				}
				if diff := cmp.Diff([]string{ctl + " 1"}, h.alarms); diff != "" {
					t.Errorf("%s: %s", c.what, diff)
				}
			})
		}
	}
}

func TestTheChoiceForColleaguesIsItsOwn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.j.fail = errors.New("broken")
		h.s.o.Settings.Inside = Open
		m := ordinary()
		if got := told(h.give(h.talk(), m)); !strings.HasPrefix(got[0], "4.7.1") {
			t.Error(got)
		}
		m.to = "sari@toko.co.id"
		if got := told(h.give(h.talk(), m)); got[0] != "add Amanah-Verdict: unchecked" {
			t.Error(got)
		}
	})
}

func TestOneRecipientTooManyIsRefusedAlone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		s := h.talk()
		_, err := s.Mail("rina@toko.co.id", nil)
		h.must(err)
		for i := range 4 {
			act, err := s.Rcpt("a@toko.co.id", nil)
			h.must(err)
			if refused := act.Code == milter.ActReplyCode && act.SMTPCode == 452; refused != (i == 3) {
				t.Errorf("recipient %d: %+v", i, act)
			}
		}
	})
}

func TestMailsOnOneConnectionKnowNothingOfEachOther(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		s := h.talk()
		h.give(s, ordinary())
		m := ordinary()
		m.to, m.body, m.subject = "sari@toko.co.id", "kedua", "Lain"
		h.give(s, m)
		_, err := s.Mail("rina@toko.co.id", nil) // one that is given up
		h.must(err)
		_, err = s.Rcpt("orang@lain.id", nil)
		h.must(err)
		_, err = s.BodyChunk([]byte("ketiga"))
		h.must(err)
		h.must(s.Abort())
		h.give(s, m)
		h.stop()
		if len(h.j.passed) != 3 || h.j.passed[1].Recipient != dlp.Inside || h.j.passed[2].Recipient != dlp.Inside {
			t.Errorf("%+v", h.j.passed)
		}
		for _, text := range h.j.seen[1:] {
			if strings.Contains(text, value) || strings.Contains(text, "ketiga") || strings.Contains(text, "Laporan") || !strings.HasSuffix(text, "\r\n\r\nkedua") {
				t.Errorf("%q", text)
			}
		}
	})
}

func TestALongMailIsLookedAtWhole(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		m := ordinary()
		m.body = strings.Repeat("0123456789abcde\r\n", 40_000) + value
		if got := told(h.give(h.talk(), m)); got[len(got)-1] != "goes" {
			t.Error(got)
		}
		if !strings.HasSuffix(h.j.seen[0], m.body) {
			t.Error("looked at less")
		}
		h.j.says, h.j.after = found(dlp.Mask, "nik"), &dlp.Judgement{Verdict: dlp.Allow}
		h.j.seen = nil
		changes, _ := h.give(h.talk(), m)
		var body bytes.Buffer
		for _, c := range changes {
			body.Write(c.Body)
		}
		if want := strings.ReplaceAll(strings.ReplaceAll(m.body, value, name), "\r\n", "\n"); body.String() != want {
			t.Errorf("%d bytes given back, %d wanted", body.Len(), len(want))
		}
	})
}

// Postfix is killed while its mail is looked at: looking ends, nothing is entered, nothing is left.
func TestAMailWhosePostfixDiesLeavesNothingBehind(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.j.looking, h.j.wait = make(chan struct{}), make(chan struct{})
		c, err := net.Dial("tcp", h.addr)
		h.must(err)
		for _, packet := range []string{"O\x00\x00\x00\x06\x00\x00\x00\x3f\x00\x00\x00\x00", "M<rina@toko.co.id>\x00", "R<budi@lain.id>\x00", "N", "BNIK " + value, "E"} {
			_, err := c.Write(append([]byte{0, 0, 0, byte(len(packet))}, packet...))
			h.must(err)
		}
		<-h.j.looking
		h.must(c.Close())
		h.stop() // waits for the end of every conversation
		if len(h.j.passed) > 0 || len(h.s.opened) > 0 {
			t.Errorf("%+v %+v", h.j.passed, h.s.opened)
		}
	})
}

// This program stops: whoever is in the middle of a mail is cut off, whose mail is being looked at is told to try again, also
// where mail may go unchecked.
func TestAStopLetsNothingGo(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.s.o.Settings.Outside = Open
		idle := h.talk()
		_, err := idle.Mail("rina@toko.co.id", nil)
		h.must(err)
		_, err = idle.BodyChunk([]byte("setengah"))
		h.must(err)
		h.j.looking, h.j.wait = make(chan struct{}), make(chan struct{})
		go func() {
			<-h.j.looking
			h.stop()
		}()
		if got := told(h.give(h.talk(), ordinary())); !strings.HasPrefix(got[0], "4.7.1") {
			t.Error(got)
		}
		h.stop()
		if _, err := idle.BodyChunk([]byte("sisa")); err == nil {
			t.Error("the other mail goes on")
		}
		if len(h.j.passed) > 0 {
			t.Errorf("%+v", h.j.passed)
		}
	})
}

// The stop comes between the end of looking and the answer.
func TestAnAnswerIsWrittenBeforeAConnectionIsLeft(t *testing.T) {
	there, here := net.Pipe()
	c := newConn(here, time.Minute)
	_, done := c.watch(context.Background())
	if done() {
		t.Fatal("gone")
	}
	c.leave()
	heard := make(chan string)
	go func() {
		b, _ := io.ReadAll(there)
		heard <- string(b)
	}()
	if _, err := c.Write([]byte("again later")); err != nil {
		t.Error(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Error("the next command is read", err)
	}
	_ = here.Close()
	if got := <-heard; got != "again later" {
		t.Errorf("%q", got)
	}
}

func TestOneConnectionTooManyIsClosed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for range h.s.o.Settings.Sessions {
			h.talk()
		}
		c, err := net.Dial("tcp", h.addr)
		h.must(err)
		defer func() { _ = c.Close() }()
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Error("served")
		}
	})
}

func TestAConnectionOnWhichNothingIsSaidEnds(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.stop()
		h.s.o.Settings.Idle = time.Nanosecond
		h.serve()
		c, err := net.Dial("tcp", h.addr)
		h.must(err)
		defer func() { _ = c.Close() }()
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Error("still open")
		}
	})
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Whatever comes in, the room says something sensible or ends the conversation; nothing is left.
func FuzzConversation(f *testing.F) {
	frame := func(packets ...string) (out []byte) {
		for _, p := range packets {
			out = append(append(out, byte(len(p)>>24), byte(len(p)>>16), byte(len(p)>>8), byte(len(p))), p...)
		}
		return out
	}
	hello := "O\x00\x00\x00\x06\x00\x00\x00\x3f\x00\x00\x00\x00"
	f.Add(frame(hello, "DCj\x00mx1\x00", "Cpc\x004\x00\x19127.0.0.1\x00", "M<a@toko.co.id>\x00", "R<b@lain.id>\x00", "LSubject\x00a [alasan: b]\x00", "N", "Bisi", "DEi\x00abcdef\x00", "E", "Q"))
	f.Add(frame(hello, "E", "E", "A", "E"))
	f.Add(frame("C", "D", "L", "LContent-Type\x00", "M", "R", "B", "N", "T", "K", "\x00"))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 'B'})
	f.Add([]byte{0, 0, 0, 0})
	f.Add(frame("LSubject\x00a\x00b\x00c\x00", "E"))
	texts := catalogue(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		ours, theirs := net.Pipe()
		s := New(Options{Judge: &judge{fail: errors.New("nothing to look with")}, Logger: slog.New(slog.DiscardHandler), Settings: settings(t),
			Texts: func(l i18n.Lang) *i18n.Printer { return texts.For(l, nil) }})
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		go func() {
			_, _ = theirs.Write(in)
			_ = theirs.Close()
		}()
		s.one(t.Context(), ours)
	})
}

// A mail is the same however its pieces come.
func FuzzCollecting(f *testing.F) {
	f.Add([]byte("satu dua tiga"), uint8(3))
	f.Add([]byte{}, uint8(1))
	f.Fuzz(func(t *testing.T, body []byte, piece uint8) {
		s := New(Options{Settings: settings(t)})
		x := &session{s: s}
		m := &milter.Modifier{}
		for rest := body; len(rest) > 0; {
			n := min(len(rest), int(piece)+1)
			if _, err := x.BodyChunk(rest[:n], m); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if got, err := x.begun().body.Bytes(); err != nil || !bytes.Equal(got, body) {
			t.Fatalf("%q %v", got, err)
		}
		x.reset()
	})
}

// stumbling is a listener to whom the system gives no connection the first time.
type stumbling struct {
	net.Listener
	asked int
	again chan struct{}
}

func (s *stumbling) Accept() (net.Conn, error) {
	if s.asked++; s.asked == 1 {
		return nil, syscall.EMFILE
	}
	if s.asked == 2 {
		close(s.again)
	}
	return s.Listener.Accept()
}

func TestASystemWithoutAFileForAConnectionDoesNotEndTheFilter(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	s := New(Options{Logger: slog.New(slog.DiscardHandler), Settings: settings(t)})
	odd, ended := &stumbling{Listener: l, again: make(chan struct{})}, make(chan error, 1)
	go func() { ended <- s.Serve(ctx, odd) }()
	select {
	case <-odd.again:
	case err := <-ended:
		t.Fatal("the filter ended:", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
