package mail

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-milter"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/spool"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/pii/extract"
)

// Judge is what the room needs of package dlp.
type Judge interface {
	Examine(ctx context.Context, name string, r io.Reader, replaceable func(extract.Origin) bool) (*dlp.Content, error)
	Look(ctx context.Context, p dlp.Passage) (dlp.Judgement, error)
	Pass(tx *db.Tx, p dlp.Passage) (dlp.Judgement, error)
	MaskedText(j dlp.Judgement, lang i18n.Lang, text []byte) []byte
}

// Options are what the room needs.
type Options struct {
	DB  *db.DB
	Log interface {
		Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
	}
	Judge    Judge
	Texts    func(lang i18n.Lang) *i18n.Printer
	Logger   *slog.Logger
	Settings Settings
	// Writer is the member of staff whose login an address is; false when it is nobody's.
	Writer func(tx *db.Tx, address string) (actor.Actor, bool, error)
	// Duty stands for every other sender.
	Duty actor.Actor
	// Customer is the one customer of a controller whose registered address this is; empty when there is none, or more than one.
	Customer func(tx *db.Tx, controller, address string) (subject string, err error)
	// Alarm tells the security team and the supervisors that so many mails of a company went unchecked today.
	Alarm func(tx *db.Tx, by actor.Actor, controller string, n int) error
	// Company is the id of a company by its short name or id.
	Company func(tx *db.Tx, name string) (string, error)
}

// Service judges mails.
type Service struct {
	o Options

	mu     sync.Mutex
	opened []opening // mails that went unchecked, until the database has them
}

// New makes the room.
func New(o Options) *Service { return &Service{o: o} }

func (s *Service) words() *i18n.Printer { return s.o.Texts(s.o.Settings.Lang) }

// outcome is what Postfix is told about a mail.
type outcome struct {
	reply   string // a line that refuses it; empty lets it go
	hold    string // why it waits; empty when it does not
	changes []change
	verdict string       // of the header that says it was looked at
	body    *spool.Spool // in place of its own; nil leaves that
}

// change is a header that becomes another, the nth of its name; an empty value takes it out.
type change struct {
	n           int
	name, value string
}

func (o outcome) close() {
	if o.body != nil {
		_ = o.body.Close()
	}
}

// tell tells it in the words of the protocol.
func (o outcome) tell(m *milter.Modifier) (milter.Response, error) {
	if o.reply != "" {
		return reply(o.reply), nil
	}
	for _, c := range o.changes {
		if err := m.ChangeHeader(c.n, c.name, c.value); err != nil {
			return nil, err
		}
	}
	if err := m.AddHeader(VerdictName, o.verdict); err != nil {
		return nil, err
	}
	if o.body != nil {
		if err := giveBack(o.body, m.ReplaceBody); err != nil {
			return nil, err
		}
	}
	if o.hold != "" {
		if err := m.Quarantine(o.hold); err != nil {
			return nil, err
		}
	}
	return milter.RespAccept, nil
}

// giveBack hands a body over in pieces that end where a line does, or between two letters of it: Postfix wants its own line ends.
func giveBack(body *spool.Spool, give func([]byte) error) error {
	r := body.Reader(0)
	buffer, have := make([]byte, chunk), 0
	for {
		n, err := r.Read(buffer[have:])
		have += n
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		send := have
		if err == nil && have > 0 && buffer[have-1] == '\r' { // its other half is still to come
			send--
		}
		if have < chunk && err == nil {
			continue
		}
		if send > 0 {
			if e := give(buffer[:send]); e != nil {
				return e
			}
		}
		have = copy(buffer, buffer[send:have])
		if errors.Is(err, io.EOF) {
			return nil
		}
	}
}

// judge decides about a mail. It always has an answer.
func (s *Service) judge(ctx context.Context, l *letter, host string) (out outcome) {
	inside := len(l.to) > 0 && len(s.o.Settings.others(l.to)) == 0
	defer func() {
		if fault := recover(); fault != nil { // a mail that makes us stumble is one that was not looked at
			out.close()
			out = s.unchecked(ctx, l, inside, host, errLooked)
		}
	}()
	if l.over != nil {
		return s.unchecked(ctx, l, inside, host, l.over)
	}
	limited, cancel := context.WithTimeout(ctx, s.o.Settings.Within)
	defer cancel()
	out, err := s.look(limited, l, inside, host)
	if err != nil {
		out.close()
		return s.unchecked(ctx, l, inside, host, err)
	}
	return out
}

// reasonValue is dlp's refusal of a reason that holds personal data, or that nobody can read.
const reasonValue = "dlp.reason_value"

// unchecked is the answer about a mail that could not be looked at, as the operator has chosen.
func (s *Service) unchecked(ctx context.Context, l *letter, inside bool, host string, why error) outcome {
	choice := s.o.Settings.Outside
	if inside {
		choice = s.o.Settings.Inside
	}
	code := errs.CodeOf(why)
	if errs.KindOf(why) == errs.Internal || code == "" {
		code = errLooked.Code
	}
	told := code == errTwofold.Code || code == errAside.Code || code == reasonValue // no failure: its writer can mend it
	if ctx.Err() != nil || choice != Open || told {                                 // a stop of ours is no reason to let anything go
		s.o.Logger.Warn("mail refused", slog.String("code", code))
		p := s.words()
		switch code {
		case errTooBig.Code:
			return outcome{reply: answer("552 5.3.4", p.T("mail.reply_too_big", "max", s.o.Settings.MaxSize>>20))}
		case errHead.Code:
			return outcome{reply: answer("552 5.3.4", p.T("mail.reply_head"))}
		case errTwofold.Code:
			return outcome{reply: answer("550 5.6.0", p.T("mail.reply_twofold"))}
		case errAside.Code:
			return outcome{reply: answer("550 5.6.0", p.T("mail.reply_aside"))}
		case reasonValue:
			return outcome{reply: answer("550 5.7.1", p.T("mail.reply_reason"))}
		default:
			return outcome{reply: answer("451 4.7.1", p.T("mail.reply_later"))}
		}
	}
	s.open(opening{company: s.o.Settings.company(l.from, l.to), inside: inside, code: code, place: Place(host, l.queue), at: s.o.DB.Now()})
	fields, _ := withoutReasons(l.fields)
	return outcome{changes: changesOf(l.fields, fields), verdict: "unchecked"}
}

// changesOf are the changes of the head: what became another, and no verdict but ours.
func changesOf(was, is []field) (changes []change) {
	nth := map[string]int{}
	for i, f := range was {
		name := strings.ToLower(f.name)
		if nth[name]++; is[i].value != f.value {
			changes = append(changes, change{nth[name], f.name, is[i].value})
		}
	}
	for n := nth[strings.ToLower(VerdictName)]; n > 0; n-- { // from the last on, since those behind move up
		changes = append(changes, change{n: n, name: VerdictName})
	}
	return changes
}

// withoutReasons is the head without the reasons that its subject gives, and these.
func withoutReasons(fields []field) (out []field, reason string) {
	out = slices.Clone(fields)
	for i, f := range out {
		if !f.titles() {
			continue
		}
		var said string
		if out[i].value, said, _ = withoutReason(f.value); f.is("Subject") {
			reason = strings.TrimSpace(reason + " " + said)
		}
	}
	return out, reason
}

// titles are headers that are the title of a mail.
func (f field) titles() bool { return f.is("Subject") || f.is(topic) }

// replaceable are the texts of the mail itself, not of what is attached. Of its head only words are; what is found elsewhere in it is found
// again in the masked mail.
func replaceable(at extract.Origin) bool {
	return at.Entry == "" && (at.Part == "body" || at.Part == "header")
}

// look looks at a mail and enters what was decided.
func (s *Service) look(ctx context.Context, l *letter, inside bool, host string) (out outcome, err error) {
	fields, reason := withoutReasons(l.fields)
	p := dlp.Passage{Way: dlp.Mail, Channel: "email", Lang: s.o.Settings.Lang, Ref: Place(host, l.queue)}
	if err := s.o.DB.Read(ctx, func(tx *db.Tx) error { return s.whose(tx, l, &p) }); err != nil {
		return out, err
	}
	_, ok, err := between(l.fields, l.body.Reader(0))
	if err == nil && !ok {
		err = errAside
	}
	if err != nil {
		return out, err
	}
	examine := func(fields []field, body *spool.Spool, may func(extract.Origin) bool) (err error) {
		p.Content, err = s.o.Judge.Examine(ctx, "mail.eml", io.MultiReader(strings.NewReader(examined(fields)), body.Reader(0)), may)
		return err
	}
	if err := examine(fields, l.body, replaceable); err != nil {
		return out, err
	}
	first, err := s.o.Judge.Look(ctx, p)
	if err != nil {
		return out, err
	}
	if first.Verdict == dlp.Ask {
		p.Reason = reason
	}
	masked := false
	if len(first.Replaced()) > 0 && (first.Verdict == dlp.Mask || first.Verdict == dlp.Ask && p.Reason != "") {
		whole := p.Content
		head := s.maskedHead(fields, first)
		if out.body, err = s.maskedBody(l, first); err != nil {
			return out, err
		}
		if out.body != nil || !slices.Equal(head, fields) {
			if err := examine(head, cmp.Or(out.body, l.body), replaceable); err != nil {
				return out, err
			}
			again, err := s.o.Judge.Look(ctx, p)
			if err != nil {
				return out, err
			}
			masked = len(again.Replaced()) == 0 // otherwise something is left
		}
		if p.Content = whole; masked {
			fields = head
		} else {
			out.close()
			out.body = nil
			if err := examine(fields, l.body, nil); err != nil {
				return out, err
			}
		}
	}
	var j dlp.Judgement
	err = s.o.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if err = s.whose(tx, l, &p); err != nil { // again: a leaver, or a company that was renamed
			return err
		}
		j, err = s.o.Judge.Pass(tx, p)
		wanted := j.Goes() && len(j.Replaced()) > 0
		if err == nil && (wanted != masked || masked && !slices.Equal(j.Replaced(), first.Replaced()) || j.Verdict == dlp.Ask && first.Verdict != dlp.Ask) {
			return errs.Wrap(errs.Unavailable, errLooked.Code, errMoved) // the rules are others than a moment ago
		}
		return err
	})
	if err != nil {
		return out, err
	}
	return s.carried(j, inside, changesOf(l.fields, fields), out.body), nil
}

// carried is a judgement as Postfix carries it out.
func (s *Service) carried(j dlp.Judgement, inside bool, changes []change, body *spool.Spool) outcome {
	w, told := s.words(), j.Told() // whoever wrote learns from no answer whose the values are
	kinds := dlp.KindNames(w, told.Kinds())
	switch {
	case j.Verdict == dlp.Block:
		return outcome{reply: answer("550 5.7.1", w.T("mail.reply_block", "kinds", kinds))}
	case j.Verdict == dlp.Ask && !j.Given:
		return outcome{reply: answer("550 5.7.1", w.T("mail.reply_ask", "kinds", kinds))}
	}
	out := outcome{changes: changes, body: body, verdict: "checked"}
	if inside && told.Verdict != dlp.Allow {
		out.verdict = string(told.Verdict) + "; incident=" + told.Incident + "; kinds=" + strings.Join(told.Kinds(), ",")
	}
	if j.Verdict == dlp.Hold {
		out.hold = "amanah " + j.Incident
	}
	return out
}

// whose fills in who wrote a mail, for which company, and who would read it: a customer where one is the only reader who is no
// colleague, and his address is the registered one.
func (s *Service) whose(tx *db.Tx, l *letter, p *dlp.Passage) (err error) {
	if p.Controller, err = s.o.Company(tx, s.o.Settings.company(l.from, l.to)); err != nil {
		return err
	}
	who, known, err := s.o.Writer(tx, l.from)
	if p.By = s.o.Duty; known {
		p.By = who
	}
	if err != nil {
		return err
	}
	p.Recipient, p.Subject = dlp.Outside, ""
	switch others := s.o.Settings.others(l.to); {
	case len(l.to) > 0 && len(others) == 0:
		p.Recipient = dlp.Inside
	case len(others) == 1:
		if p.Subject, err = s.o.Customer(tx, p.Controller, others[0]); p.Subject != "" {
			p.Recipient = dlp.Customer
		}
	}
	return err
}

// spoken are headers that hold words and nothing else, so that a value in them can be replaced.
func (f field) spoken() bool { return f.titles() || f.is("Comments") || f.is("Keywords") }

// maskedHead is the head with the values in its words replaced.
func (s *Service) maskedHead(fields []field, j dlp.Judgement) []field {
	out := slices.Clone(fields)
	for i, f := range out {
		if !f.spoken() {
			continue
		}
		text := decodedWords(unfolded(f.value))
		if masked := string(s.o.Judge.MaskedText(j, s.o.Settings.Lang, []byte(text))); masked != text {
			out[i].value = mime.QEncoding.Encode("utf-8", masked)
		}
	}
	return out
}

// maskedBody is the body with its values replaced; nil when nothing could be.
func (s *Service) maskedBody(l *letter, j dlp.Judgement) (*spool.Spool, error) {
	out := spool.New(inMemory, s.o.Settings.MaxSize+s.o.Settings.MaxSize/2, s.o.Settings.Dir) // encodings may make it longer
	changed, err := rewrite(l.fields, l.body.Reader(0), out, func(text []byte) []byte { return s.o.Judge.MaskedText(j, s.o.Settings.Lang, text) })
	if err != nil || !changed {
		_ = out.Close()
		return nil, err
	}
	return out, nil
}

// open remembers a mail that went unchecked.
func (s *Service) open(o opening) {
	s.o.Logger.Error("mail went unchecked", slog.String("code", o.code), slog.Bool("inside", o.inside))
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.opened) < maxOpened { // of more, the log knows
		s.opened = append(s.opened, o)
	}
}

// Enter writes the alarms about mails that went unchecked, those that the database did not take before too.
func (s *Service) Enter(ctx context.Context) error {
	s.mu.Lock()
	list := s.opened
	s.mu.Unlock()
	if len(list) == 0 {
		return nil
	}
	list = list[:min(len(list), 50)] // a closure has little time
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		for _, o := range list {
			if err := s.enter(tx, o); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.mu.Lock()
		s.opened = s.opened[len(list):]
		s.mu.Unlock()
	}
	return err
}

// EnterEvery is how often Enter is due.
const EnterEvery = 10 * time.Second

// Stands says whether all mail of the last day was looked at, for /readyz.
func (s *Service) Stands(ctx context.Context) error {
	s.mu.Lock()
	waiting := len(s.opened)
	s.mu.Unlock()
	if waiting > 0 {
		return errUnopened
	}
	n := 0
	err := s.o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		n, err = openedSince(tx, tx.Now().Add(-AlarmLasts))
		return err
	})
	if err == nil && n > 0 {
		return errUnopened
	}
	return nil // a database that is gone has a line of its own
}
