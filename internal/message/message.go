// Package message is the only way out: what leaves for a customer leaves here.
//
// A room says what to send (a template, its arguments, a registered contact by the id of
// its value) in its own transaction; the text is sealed under the subject's key beside the
// act that caused it, and a durable job delivers it after the commit. The row in the
// outbox holds ids and states only: neither address nor text can be read in the database,
// by an administrator, or in a backup after the subject was erased.
//
// Address and text are opened in one place, for the moment of sending: the job asks the
// gate on the ground of the registered duty message_deliver, which may open a contact and
// a message and nothing else, and whose output is no screen. So each attempt has its
// entry, before the opening, like every other opening in the house.
//
// What may be written is a table of the catalogue, and one function keeps it: May. Every text
// passes it when it is queued. A template's holes take typed arguments only (company, purpose,
// time, link), so no value of a customer can be in one. What a person wrote becomes an
// argument by Clear alone, which opens all that is stored about the customer, on the duty
// message_read whose output is one word, and holds the text against it.
//
// Senders are e-mail (SMTP), any provider of SMS or WhatsApp by HTTP, described in a file,
// and the company's own push service in the same way. A push goes past companies that make telephones and is shown on locked
// screens, so it carries a link of ours and nothing else: the app opens the page that it leads to.
// A provider may report what became of a message; a report is believed by its HMAC.
//
// A text of a contact that goes on carries the code of it and the address of the page where anybody checks a call, in an SMS
// only while it stays in three parts. Whoever reads it learns there what the page behind a link says as well, and no more.
//
// Every text also passes the inspection given by app before it leaves; New refuses to start
// without one. In the product that is package dlp.
//
// Sending is at least once: a server that dies between the hand-over and the note of it
// sends again with the same Message-ID. A failure that may pass is tried again, later and
// later; one that will not, and the last one, leave the row as dead, where it is seen and
// can be sent again by hand. A message that is worthless after a moment (a link) is not
// sent after it.
//
// What it refuses: an address that is not one plain ASCII mailbox, any control character
// in anything that becomes a header, a password over a connection that is not encrypted, a
// number in an address or a header, a redirect.
//
// Serves UU PDP articles 35 and 36 (confidentiality) and 39.
package message

import (
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Channel is how a message travels.
type Channel string

// The channels.
const (
	Email    Channel = "email"
	SMS      Channel = "sms"
	WhatsApp Channel = "whatsapp"
	Push     Channel = "push" // into the company's app, by the company's own push service
)

// State is where a message stands.
type State string

// The states.
const (
	Queued    State = "queued"    // waiting for its first or next attempt
	Sending   State = "sending"   // being handed over now
	Sent      State = "sent"      // the next server took it
	Delivered State = "delivered" // and says that it arrived
	Expired   State = "expired"   // worthless before it could be sent
	Blocked   State = "blocked"   // the inspection refused the text
	Dead      State = "dead"      // given up, or reported as not delivered; can be sent again by hand
)

// Text is a message ready to go. It exists in memory only.
type Text struct {
	ID      string // msg_…
	Channel Channel
	To      string
	Subject string // e-mail only
	Body    string
	Lang    string
	Made    time.Time
	// Template and Args are what Body was made from, for providers that want the parts.
	Template string
	Args     map[string]string
}

// Outgoing is what a room wants to send.
type Outgoing struct {
	Subject     string         // sub_…
	Interaction string         // itx_…, if any
	Value       string         // id of the registered contact's value in the vault
	Contact     string         // its field name
	Template    string         // key of the texts: <Template>.subject and <Template>.body
	Lang        string         // id or en
	Args        map[string]Arg // of the template; sealed with the text
	Expires     time.Time      // worthless after this; zero: never
}

// ChannelsOf are the channels that reach a contact field.
func ChannelsOf(field string) []Channel {
	switch field {
	case "email":
		return []Channel{Email}
	case "phone":
		return []Channel{SMS, WhatsApp}
	case "app":
		return []Channel{Push}
	}
	return nil
}

// MaxAttempts is how often a message is tried before it is dead: over about ten minutes.
const MaxAttempts = 8

// SendTimeout is how long one hand-over may take.
const SendTimeout = 30 * time.Second

// Duty is the machine duty that opens address and text, and Fields what it may open.
const Duty = "message_deliver"

// BodyField is the name under which a text is sealed and opened. It is no field of a
// customer.
const BodyField = "message"

// Fields lists what the duty may open.
func Fields() []string { return []string{"email", "phone", "app", BodyField} }

// Refusals of this room.
var (
	errUnknown    = errs.New(errs.NotFound, "message.unknown")
	errNoSender   = errs.New(errs.Unavailable, "message.no_sender")
	errTemplate   = errs.New(errs.Internal, "message.template_unknown")
	errArgument   = errs.New(errs.Invalid, "message.argument_unusable")
	errUnfilled   = errs.New(errs.Internal, "message.template_unfilled")
	errAddress    = errs.New(errs.Invalid, "message.address_unusable")
	errHeader     = errs.New(errs.Invalid, "message.header_unusable")
	errNotDead    = errs.New(errs.Conflict, "message.not_dead")
	errNotAllowed = errs.New(errs.Denied, "message.not_allowed")
)
