package message

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault"
)

// DeliverJob is the kind of the job that sends.
const DeliverJob = "message.deliver"

// Gate is what the room uses of trust/gate.
type Gate interface {
	Ask(tx *db.Tx, a actor.Actor, q gate.Question) (gate.Answer, error)
}

// Keys is what the room uses of trust/keyring.
type Keys interface {
	Seal(tx *db.Tx, ref keyring.Ref, plain []byte) ([]byte, error)
	Key(tx *db.Tx, subject, interaction string) (keyring.Key, error)
	Open(r gate.Receipt, key keyring.Key, sealed ...keyring.Sealed) ([][]byte, error)
	MAC(name string, value []byte) []byte
}

// Contacts is what the room uses of package vault.
type Contacts interface {
	Value(tx *db.Tx, subject, value string) (vault.Stored, error)
	Values(tx *db.Tx, subject string, fields ...string) ([]vault.Stored, error)
	History(tx *db.Tx, subject string, kinds ...string) ([]vault.Fact, error)
	ForDuty(v vault.Stored) (field string, sealed keyring.Sealed)
	Subject(tx *db.Tx, subject string) (vault.Subject, error)
}

// Log is where entries go: trust/audit.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Options are what the room needs; app gives them. All are needed but Prefer, and Reader with
// Catalogue, without which nothing that a person wrote is sent.
type Options struct {
	DB   *db.DB
	Log  Log
	Gate Gate // knows the duty Duty with Fields()
	Keys Keys
	// Contacts are the registered contacts: *vault.Vault.
	Contacts Contacts
	// Others are contacts that stand in another room, by the id of a mandate: those of representatives. May be nil.
	Others func(tx *db.Tx, subject, mandate string) (keyring.Sealed, error)
	// Texts writes the templates.
	Texts func(lang i18n.Lang) *i18n.Printer
	// Inspect is asked before a text leaves.
	Inspect Inspect
	// Senders by channel. A channel without one is not offered.
	Senders map[Channel]Sender
	// Prefer is the channel to take where several reach a contact.
	Prefer Channel
	// Reader is the actor of the duty message_read, and Catalogue says what may be written of
	// each field.
	Reader    actor.Actor
	Catalogue *catalog.Catalogue
	// Check is the code by which a customer can check a contact, and the page where; "" when there is none any more. May be nil.
	Check func(tx *db.Tx, interaction string) (code, page string, err error)
	// Duty is the actor of the duty message_deliver.
	Duty actor.Actor
}

// Service is the room's verbs.
type Service struct{ o Options }

// New makes the room.
func New(o Options) (*Service, error) {
	if o.DB == nil || o.Log == nil || o.Gate == nil || o.Keys == nil || o.Contacts == nil || o.Texts == nil || o.Inspect == nil ||
		o.Duty.Kind() != actor.Duty || o.Duty.ID() != Duty {
		return nil, errors.New("message: an option is missing")
	}
	return &Service{o}, nil
}

// Carries reports whether something can be sent to contacts of this field.
func (s *Service) Carries(field string) bool {
	return s.ChannelTo(field) != ""
}

// ChannelTo is the channel by which a message to contacts of this field would go; "" if none.
func (s *Service) ChannelTo(field string) (by Channel) {
	for _, c := range ChannelsOf(field) {
		if _, ok := s.o.Senders[c]; ok && (by == "" || c == s.o.Prefer) {
			by = c
		}
	}
	return by
}

// Left reports whether a message was handed over to the next server, and is not known to have been lost there.
func (s *Service) Left(tx *db.Tx, messageID string) (bool, error) {
	r, err := read(tx, messageID)
	if errors.Is(err, errUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return r.State == Sent || r.State == Delivered, nil
}

// letter is what is sealed: the finished text, and what it was made from.
type letter struct {
	Subject string            `json:"s"`
	Body    string            `json:"b"`
	Args    map[string]string `json:"a,omitempty"`
}

func textRef(messageID, subject string) keyring.Ref {
	return keyring.Ref{Table: "message_outbox", Column: "text_sealed", Row: messageID, Subject: subject, Schema: 1}
}

// Queue puts a message into the outbox in the caller's transaction, with its entry; it is
// sent after the commit. The result is the message's id. The caller has asked the gate
// for leave to use the contact.
func (s *Service) Queue(tx *db.Tx, a actor.Actor, m Outgoing) (string, error) {
	channel := s.ChannelTo(m.Contact)
	if channel == "" {
		return "", errNoSender
	}
	lang := i18n.Lang(m.Lang)
	if !lang.Valid() {
		lang = i18n.ID
	}
	p := s.o.Texts(lang)
	body := ".body"
	if channel != Email && p.Has(m.Template+".sms") {
		body = ".sms" // shorter; a template without one is short enough
	}
	if !p.Has(m.Template+body) || channel == Email && !p.Has(m.Template+".subject") {
		return "", errTemplate
	}
	l, err := s.write(p, m, channel, body)
	if err == nil {
		err = s.checkable(tx, p, m.Interaction, channel, &l)
	}
	if err != nil {
		return "", err
	}
	plain, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	of, err := s.o.Contacts.Subject(tx, m.Subject)
	if err != nil {
		return "", err
	}
	now := tx.Now()
	newID := id.NewAt(id.Message, now)
	sealed, err := s.o.Keys.Seal(tx, textRef(newID, m.Subject), plain)
	if err != nil {
		return "", err
	}
	tx.Data.Queue(sqlInsert, newID, m.Subject, of.Controller, m.Interaction, m.Value, m.Contact, string(channel), m.Template, string(lang),
		sealed, string(Queued), "", now.UnixMicro(), column.Micros(m.Expires))
	if _, err := s.o.Log.Append(tx, audit.Entry{
		Action: "message.queue", Decision: audit.Done, Actor: a, Controller: of.Controller, Interaction: m.Interaction, Channel: string(channel),
		Subject: m.Subject, Ref: newID, Fields: []string{m.Contact}, Ground: groundOf(m.Interaction),
	}); err != nil {
		return "", err
	}
	return newID, jobs.Insert(tx, jobs.Job{Kind: DeliverJob, Key: newID, Payload: payload{newID}, MaxAttempts: MaxAttempts})
}

// write makes the finished text, and holds it against what may be written. Links of ours are
// left out of that: they are tokens, which may look like anything.
func (s *Service) write(p *i18n.Printer, m Outgoing, channel Channel, body string) (letter, error) {
	args, shown := make(map[string]any, len(m.Args)), make(map[string]any, len(m.Args))
	l := letter{Args: make(map[string]string, len(m.Args))}
	for k, v := range m.Args {
		if !v.fits(m.Subject, channel) {
			return l, errArgument.With("name", k)
		}
		l.Args[k] = v.in(p)
		args[k], shown[k] = l.Args[k], l.Args[k]
		if v.kind == link {
			shown[k] = "-"
		}
	}
	if channel == Push {
		for _, v := range m.Args {
			if v.kind == link && l.Body == "" {
				l.Body, l.Args = v.text, map[string]string{"link": v.text}
			}
		}
		if l.Body == "" {
			return l, errArgument.With("name", "link")
		}
		return l, nil
	}
	if l.Body = p.Args(m.Template+body, args); channel == Email {
		l.Subject = p.Args(m.Template+".subject", args)
	}
	if strings.Contains(l.Subject+l.Body, "⟦") {
		return l, errUnfilled // a hole in a text is a defect of ours that a customer must not see
	}
	if err := header(l.Subject); err != nil {
		return l, err
	}
	text := p.Args(m.Template+body, shown)
	if channel == Email {
		text = p.Args(m.Template+".subject", shown) + "\n" + text
	}
	if why := May(text, Place{Outlet: string(channel)}); why != nil {
		return l, why
	}
	return l, nil
}

// checkable adds how the customer checks the contact that the message is of, where there is room. It is ours, like a link, and
// opens nothing: it says at the page, to whoever has it, whose contact that is, and only as long as it goes on.
func (s *Service) checkable(tx *db.Tx, p *i18n.Printer, interaction string, channel Channel, l *letter) error {
	if s.o.Check == nil || interaction == "" || channel == Push {
		return nil
	}
	code, page, err := s.o.Check(tx, interaction)
	if err != nil || code == "" {
		return err
	}
	l.Args["check_code"], l.Args["check_page"] = code, page // for providers that fill in templates of their own
	key, between := "message.check.sms", "\n"
	if channel == Email {
		key, between = "message.check.body", "\n\n"
	}
	if text := l.Body + between + p.T(key, "code", code, "page", page); channel != SMS || parts(text) <= MostParts {
		l.Body = text
	}
	return nil
}

// MostParts is how many parts an SMS may have because of a line that could be left out.
const MostParts = 3

// parts is how many parts an SMS has: 153 characters of the usual alphabet each, or 67 of any other.
func parts(text string) int {
	size, each := 0, 153
	for _, r := range text {
		switch {
		case r > unicode.MaxASCII:
			each = 67
		case strings.ContainsRune("^{}[]~|\\`", r):
			size++ // these take two places
		}
		size++
	}
	return (size + each - 1) / each
}

func groundOf(interaction string) string {
	if interaction == "" {
		return ""
	}
	return "interaction:" + interaction
}

type payload struct {
	Message string `json:"message"`
}

// Deliver is one attempt at a message: the handler of DeliverJob.
func (s *Service) Deliver(ctx context.Context, run jobs.Run) error {
	var p payload
	if err := run.Decode(&p); err != nil {
		return err
	}
	r, grant, key, address, err := s.take(ctx, p.Message)
	if err != nil || grant == nil {
		return err
	}
	var receipt string
	text, err := s.open(r, grant, key, address)
	if err == nil {
		receipt, err = s.send(ctx, &text)
	}
	return s.settle(ctx, r, receipt, err, run.Attempt >= MaxAttempts)
}

// take claims the message for an attempt and asks the gate for leave to open it. A nil
// grant without an error means that there is nothing to do.
func (s *Service) take(ctx context.Context, messageID string) (r *row, g *gate.Grant, key keyring.Key, address keyring.Sealed, err error) {
	err = s.o.DB.Write(ctx, func(tx *db.Tx) (err error) {
		g = nil
		if r, err = read(tx, messageID); errors.Is(err, errUnknown) {
			return nil
		} else if err != nil {
			return err
		}
		if r.State != Queued && r.State != Sending {
			return nil // sent already, or given up: a job that runs twice changes nothing
		}
		if !r.Expires.IsZero() && !tx.Now().Before(r.Expires) {
			return s.finish(tx, r, Expired, "message.too_late")
		}
		address, err = s.address(tx, r)
		if err == nil {
			key, err = s.o.Keys.Key(tx, r.subject, "")
		}
		switch errs.KindOf(err) {
		case "":
		case errs.NotFound, errs.Invalid, errs.Denied, errs.Conflict:
			// The contact or the whole subject was erased since: nothing is left to send to.
			return s.finish(tx, r, Dead, "message.contact_gone")
		default:
			return err
		}
		answer, err := s.o.Gate.Ask(tx, s.o.Duty, gate.Question{
			Ground: gate.Duty(Duty, id.NewAt(id.Duty, tx.Now())), Subject: r.subject, Verb: gate.Process,
			Fields: []string{r.Contact, BodyField},
		})
		if err != nil {
			return err
		}
		if answer.Refusal != nil || len(answer.Allowed) != 2 {
			return s.finish(tx, r, Dead, "message.not_opened")
		}
		g = answer.Grant
		tx.Data.Queue(sqlState, r.ID, string(Sending), "", r.Attempts+1, tx.Now().UnixMicro())
		r.Attempts++
		return nil
	})
	return r, g, key, address, err
}

// address is the sealed contact that a message goes to.
func (s *Service) address(tx *db.Tx, r *row) (keyring.Sealed, error) {
	if id.Is(id.Mandate, r.value) && s.o.Others != nil {
		return s.o.Others(tx, r.subject, r.value)
	}
	stored, err := s.o.Contacts.Value(tx, r.subject, r.value)
	return stored.Sealed(), err
}

func (s *Service) open(r *row, g *gate.Grant, key keyring.Key, address keyring.Sealed) (Text, error) {
	receipt, err := g.Receipt()
	if err != nil {
		return Text{}, err
	}
	if err := receipt.Require(gate.Process); err != nil {
		return Text{}, err
	}
	opened, err := s.o.Keys.Open(receipt, key, address, keyring.Sealed{Field: BodyField, Ref: textRef(r.ID, r.subject), Bytes: r.sealed})
	if err != nil {
		return Text{}, err
	}
	var l letter
	if err := json.Unmarshal(opened[1], &l); err != nil {
		return Text{}, errs.New(errs.Internal, "message.text_broken")
	}
	return Text{ID: r.ID, Channel: r.Channel, To: string(opened[0]), Subject: l.Subject, Body: l.Body, Lang: r.Language, Made: r.Created,
		Template: r.Template, Args: l.Args}, nil
}

func (s *Service) send(ctx context.Context, t *Text) (string, error) {
	verdict, err := s.o.Inspect(ctx, *t)
	if err != nil {
		return "", errs.Wrap(errs.Unavailable, "message.inspection_failed", err)
	}
	if !verdict.Allow {
		return "", errs.New(errs.Denied, "message.blocked").With("reason", verdict.Code)
	}
	sender, ok := s.o.Senders[t.Channel]
	if !ok {
		return "", errNoSender
	}
	ctx, cancel := context.WithTimeout(ctx, SendTimeout)
	defer cancel()
	return sender.Send(ctx, *t)
}

// settle writes down how an attempt ended. The job is tried again only when that may help.
func (s *Service) settle(ctx context.Context, r *row, receipt string, failed error, last bool) error {
	state, reason, again := Sent, "", false
	if failed != nil {
		e := errs.Of(failed)
		reason = e.Code
		switch {
		case e.Code == "message.blocked":
			state = Blocked
		case (e.Kind == errs.Unavailable || e.Kind == errs.TooMany || e.Kind == errs.Internal) && !last:
			state, again = Queued, true
		default:
			state = Dead
		}
	}
	// Not the job's context: a server that is stopping still notes what it has sent.
	err := s.o.DB.Write(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		if again {
			tx.Data.Queue(sqlState, r.ID, string(Queued), reason, r.Attempts, tx.Now().UnixMicro())
			return nil
		}
		if mac := s.receiptMAC(r.Channel, receipt); mac != "" {
			tx.Data.Queue(sqlSetReceipt, r.ID, mac)
		}
		return s.finish(tx, r, state, reason)
	})
	switch {
	case err != nil:
		return err
	case again:
		return failed
	case failed != nil:
		return jobs.Fatal(failed)
	}
	return nil
}

// finish writes a state that will not change by itself, with its entry.
func (s *Service) finish(tx *db.Tx, r *row, state State, reason string) error {
	tx.Data.Queue(sqlState, r.ID, string(state), reason, r.Attempts, tx.Now().UnixMicro())
	_, err := s.o.Log.Append(tx, audit.Entry{
		Action: "message." + string(state), Decision: audit.Done, Reason: reason, Actor: s.o.Duty, Controller: r.controller, Interaction: r.Interaction,
		Channel: string(r.Channel), Subject: r.subject, Ref: r.ID, Fields: []string{r.Contact}, Ground: "duty:" + Duty,
	})
	return err
}

// Retry sends a dead or blocked message again, by hand. A message of a controller that the
// actor does not serve is unknown, like one that never was, and both attempts are entered.
func (s *Service) Retry(ctx context.Context, a actor.Actor, messageID string) error {
	if !a.Is(actor.Admin, actor.Supervisor) {
		return errNotAllowed
	}
	var refusal *errs.E
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		refusal = nil
		r, err := read(tx, messageID)
		if err != nil && !errors.Is(err, errUnknown) {
			return err
		}
		e := audit.Entry{Action: "message.retry", Decision: audit.Done, Actor: a}
		if err != nil || !sees(a, r.controller) {
			if id.Is(id.Message, messageID) {
				e.Ref = messageID
			}
			refusal, e.Decision, e.Reason = errUnknown, audit.Denied, errUnknown.Code
			_, err := s.o.Log.Append(tx, e)
			return err
		}
		if r.State != Dead && r.State != Blocked {
			return errNotDead
		}
		tx.Data.Queue(sqlState, r.ID, string(Queued), "", int64(0), tx.Now().UnixMicro())
		e.Controller, e.Interaction, e.Channel = r.controller, r.Interaction, string(r.Channel)
		e.Subject, e.Ref, e.Fields = r.subject, r.ID, []string{r.Contact}
		if _, err := s.o.Log.Append(tx, e); err != nil {
			return err
		}
		return jobs.Insert(tx, jobs.Job{Kind: DeliverJob, Key: r.ID, Payload: payload{r.ID}, MaxAttempts: MaxAttempts})
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return err
}

// Item is one message as the outbox page shows it: no address, no text, nobody's name.
type Item struct {
	ID          string
	Interaction string
	Contact     string // field name
	Channel     Channel
	Template    string
	Language    string
	State       State
	Reason      string // code of the last failure
	Attempts    int64
	Created     time.Time
	Changed     time.Time
	Expires     time.Time
}

// Outbox lists the newest messages of the controllers that the reader serves, at most 100.
func (s *Service) Outbox(ctx context.Context, a actor.Actor) ([]Item, error) {
	return s.list(ctx, a)
}

// DeadLetters lists the newest of those that did not leave, or did not arrive, and will not be
// tried again by themselves.
func (s *Service) DeadLetters(ctx context.Context, a actor.Actor) ([]Item, error) {
	return s.list(ctx, a, Dead, Blocked)
}

func (s *Service) list(ctx context.Context, a actor.Actor, in ...State) (out []Item, err error) {
	if !a.Is(actor.Admin, actor.Supervisor, actor.DPO, actor.Security) {
		return nil, errNotAllowed
	}
	which, theirs := "1 = 1", "1 = 1"
	var args []any
	if len(in) > 0 {
		which, args = column.In("state", in, args)
	}
	if !a.Is(actor.Admin) {
		theirs, args = column.In("controller", a.Controllers(), args)
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Data.Rows(`select `+columns+` from message_outbox where `+which+` and `+theirs+` order by created_at desc, id desc limit 100`, args, func(r db.Row) error {
			one, err := scan(r)
			if err == nil {
				out = append(out, one.Item)
			}
			return err
		})
	})
	return out, err
}

// sees reports whether a message is the actor's business: an administrator looks after the
// machine (the mail server that takes nothing) and sees the ids of all; others those of the
// controllers they serve.
func sees(a actor.Actor, controller string) bool {
	return a.Is(actor.Admin) || a.Serves(controller)
}

// EraseTx deletes a subject's messages, in the transaction of an erasure.
func (s *Service) EraseTx(tx *db.Tx, subject string) error {
	_, err := tx.Data.Exec(sqlErase, subject)
	return err
}

// Jobs are the room's handlers.
func (s *Service) Jobs() map[string]jobs.Handler {
	return map[string]jobs.Handler{DeliverJob: s.Deliver}
}

type row struct {
	Item
	subject    string
	controller string
	value      string
	sealed     []byte
}

const (
	sqlInsert = `insert into message_outbox (id, subject, controller, interaction, value, contact, channel, template, language,
		text_sealed, state, reason, attempts, created_at, changed_at, expires_at)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,0,$13,$13,$14)`
	columns       = `id, subject, controller, interaction, value, contact, channel, template, language, text_sealed, state, reason, attempts, created_at, changed_at, expires_at`
	sqlRead       = `select ` + columns + ` from message_outbox where id = $1`
	sqlState      = `update message_outbox set state = $2, reason = $3, attempts = $4, changed_at = $5 where id = $1`
	sqlSetReceipt = `update message_outbox set receipt = $2 where id = $1`
	sqlReceipt    = `select ` + columns + ` from message_outbox where receipt = $1`
	sqlErase      = `delete from message_outbox where subject = $1`
)

func read(tx *db.Tx, messageID string) (*row, error) {
	if !id.Is(id.Message, messageID) {
		return nil, errUnknown
	}
	r, err := scan(tx.Data.Row(sqlRead, messageID))
	if errors.Is(err, db.ErrNoRows) {
		return nil, errUnknown
	}
	return r, err
}

func scan(from db.Row) (*row, error) {
	var r row
	var channel, state string
	var created, changed, expires int64
	err := from.Scan(&r.ID, &r.subject, &r.controller, &r.Interaction, &r.value, &r.Contact, &channel, &r.Template, &r.Language, &r.sealed,
		&state, &r.Reason, &r.Attempts, &created, &changed, &expires)
	if err != nil {
		return nil, err
	}
	r.Channel, r.State = Channel(channel), State(state)
	r.Created, r.Changed = time.UnixMicro(created).UTC(), time.UnixMicro(changed).UTC()
	if expires > 0 {
		r.Expires = time.UnixMicro(expires).UTC()
	}
	return &r, nil
}
