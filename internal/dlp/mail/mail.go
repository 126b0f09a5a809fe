// Package mail stops personal data from leaving by mail: it is a mail filter (milter) beside Postfix.
//
// Postfix hands over each message while its sender still waits for an answer: envelope, headers, body. Package dlp looks at
// all of it, attachments and what is packed in them too, and the rules say what is done. The mail goes; it goes and somebody looks at it;
// it goes with the values in its subject and text replaced; its writer is asked for a reason, which he puts into the subject as
// [alasan: ...] or [reason: ...] and which is taken out before the mail goes; it waits in Postfix's queue until a second
// person lets it go or refuses it; or it does not go at all. Who is refused reads one sentence that names kinds, never values.
// What is masked is examined once more as it will go: a value that cannot be taken out, because it stands in a file, in another header or in a
// text whose letters cannot be written back exactly, makes it a mail that waits.
//
// It promises: no mail passes because it was not looked at. When the database does not answer, when looking fails or takes too
// long, the sender is told to try again (451); a message over a limit is refused for good (552). An operator who would rather
// have mail go unchecked writes that down, for mail to others and mail among colleagues by itself, and each mail that then
// goes is an alarm: in the log at once, in the audit log, in the supervisors' list and at /readyz for a day (Stands). A mail whose Postfix
// died before the answer leaves nothing behind, and when this program dies Postfix tells the sender to try again.
//
// Nothing of a mail is kept: what is long lies in a file without a name, encrypted under a key that exists in memory only. The
// envelope and the subject are in no log and no entry. An incident knows the sender by staff id where the address is somebody's login, and the
// mail by the machine and the id of its queue.
//
// Who would read a mail is a colleague where every recipient is in a domain of ours; a customer where one is the only other reader, at the
// registered address; and otherwise anybody. Whoever sends mail may learn from an answer that an address is a customer's.
//
// What it does not do: it trusts Postfix, which must see to it that nobody sends in somebody else's name; mails that Postfix
// makes itself (bounces) pass no filter; a mail that was asked about, or masked, is refused or changed for all its recipients alike.
//
// UU PDP art. 35, 36 and 39; procedure I4.
package mail

import (
	"errors"
	"io"
	"mime"
	stdmail "net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html/charset"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
)

// Choice is what is done with a mail that could not be looked at.
type Choice string

// The choices.
const (
	Closed Choice = "closed" // the sender is told to try again, or that it is too much
	Open   Choice = "open"   // it goes, and that is an alarm
)

// Settings are what the operator has written down.
type Settings struct {
	Domains    map[string]string // our own, in small letters -> the company's short name or id
	First      string            // the company of mail between others
	Outside    Choice            // for mail to others
	Inside     Choice            // for mail among our own domains
	MaxSize    int64             // bytes of a body
	Recipients int
	Sessions   int           // at once
	Within     time.Duration // to look at one mail
	Idle       time.Duration // a connection on which Postfix says nothing ends; it keeps one for as long as its own client
	Lang       i18n.Lang     // of answers to senders and of names that stand for values
	Dir        string        // of temporary files; empty is the system's
}

// ParseDomains reads "toko.co.id=utama" entries; false when one is not of that form, or given twice.
func ParseDomains(entries []string) (domains map[string]string, first string, ok bool) {
	domains = map[string]string{}
	for _, e := range entries {
		name, company, two := strings.Cut(e, "=")
		name, company = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(company)
		if _, twice := domains[name]; !two || twice || company == "" || !strings.Contains(name, ".") || strings.ContainsAny(name, " @/") {
			return nil, "", false
		}
		domains[name] = company
		if first == "" {
			first = company
		}
	}
	return domains, first, true
}

// The limits that are not the operator's.
const (
	maxHead     = 256 << 10 // bytes of all headers
	maxFields   = 1000
	maxText     = 4 << 20   // bytes of a text that is rewritten
	inMemory    = 256 << 10 // bytes of a body before it goes into a file
	chunk       = 60 << 10  // bytes of a body that are given back at once
	maxNesting  = 30
	maxOpened   = 1000           // mails that went unchecked and are not yet in the database
	AlarmLasts  = 24 * time.Hour // how long a mail that went unchecked is an alarm
	VerdictName = "Amanah-Verdict"
)

// Refusals and alarms.
var (
	errLooked   = errs.New(errs.Unavailable, "mail.not_checked")
	errTooBig   = errs.New(errs.Invalid, "mail.too_big")
	errHead     = errs.New(errs.Invalid, "mail.head_too_big")
	errAside    = errs.New(errs.Invalid, "mail.much_aside")
	errTwofold  = errs.New(errs.Invalid, "mail.head_twofold")
	errUnopened = errs.New(errs.Unavailable, "mail.went_unchecked")
	errMoved    = errors.New("mail: what is to be masked has changed meanwhile")
)

// field is a header as Postfix gives it: lines of its value are parted by LF.
type field struct{ name, value string }

func (f field) is(name string) bool { return strings.EqualFold(strings.TrimRight(f.name, " \t"), name) }

// domain is that of an address, in small letters; empty when there is none.
func domain(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(address[i+1:], "."))
}

// sentOn says whether an address may be read as one elsewhere: Postfix sends user%lain.id@toko.co.id to user@lain.id where toko.co.id is its own.
func sentOn(address string) bool {
	i := strings.LastIndexByte(address, '@')
	return i <= 0 || strings.ContainsAny(address[:i], "%!@:")
}

// others are the recipients outside our own domains, each once.
func (s Settings) others(to []string) (out []string) {
	for _, one := range to {
		if _, ours := s.Domains[domain(one)]; (!ours || sentOn(one)) && !slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, one) }) {
			out = append(out, one)
		}
	}
	return out
}

// company is whose mail it is: the sender's, else that of the first recipient of ours.
func (s Settings) company(from string, to []string) string {
	if c, ours := s.Domains[domain(from)]; ours {
		return c
	}
	for _, one := range to {
		if c, ours := s.Domains[domain(one)]; ours {
			return c
		}
	}
	return s.First
}

// named are headers that hold addresses of who writes and who reads. That they are there is no finding; what is hidden in a
// name or before the @ is.
var named = []string{"From", "To", "Cc", "Bcc", "Sender", "Reply-To", "Return-Path", "Delivered-To", "X-Original-To", "Disposition-Notification-To", "Errors-To",
	"Resent-From", "Resent-To", "Resent-Cc", "Resent-Sender", "Resent-Bcc", "Resent-Reply-To"}

// ways are headers in which machines write who sent the mail and to whom, as they may.
var ways = []string{"Received", "Received-Spf", "Authentication-Results", "Arc-Authentication-Results", "X-Received", "X-Google-Original-From"}

// preamble makes the headers recognisable as those of a mail, whatever stands in them.
var preamble = "Received: " + strings.Repeat("amanah ", 40) + "\r\nMime-Version: 1.0\r\n"

// examined is the head of the mail as it is looked at: each header once and readable, however it was written, and the
// addresses of the envelope's people taken apart.
func examined(fields []field) string {
	var out strings.Builder
	out.WriteString(preamble)
	for _, f := range fields {
		if f.is(VerdictName) {
			continue // taken out before it goes
		}
		name, value := strings.TrimRight(f.name, " \t"), f.value // many read over a blank before the colon
		for _, n := range named {
			if f.is(n) {
				value = apart(value)
			}
		}
		if slices.ContainsFunc(ways, f.is) {
			value = strings.ReplaceAll(value, "@", " ")
		}
		if !token(name) {
			name, value = "X-Unusual", name+" "+value
		}
		out.WriteString(name)
		out.WriteString(": ")
		out.WriteString(strings.TrimLeft(plain(value), " "))
		out.WriteString("\r\n")
	}
	out.WriteString("\r\n")
	return out.String()
}

// topic is where some programs write the subject once more.
const topic = "Thread-Topic"

// token is what the name of a header may be.
func token(name string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`:"(),/;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return name != ""
}

// plain puts blanks in the place of line ends and of what a reader of headers stumbles over.
func plain(value string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(value, "?"))
}

// apart writes addresses as words: name, what stands before the @, domain. What cannot be read as addresses stays.
func apart(value string) string {
	parser := stdmail.AddressParser{WordDecoder: &words}
	list, err := parser.ParseList(value)
	if err != nil {
		return value
	}
	var out []string
	for _, a := range list {
		local, host, _ := strings.Cut(a.Address, "@")
		out = append(out, strings.Join([]string{a.Name, local, host}, " "))
	}
	return mime.QEncoding.Encode("utf-8", plain(strings.Join(out, "; ")))
}

var words = mime.WordDecoder{CharsetReader: func(label string, in io.Reader) (io.Reader, error) { return charset.NewReaderLabel(label, in) }}

func decodedWords(value string) string {
	if d, err := words.DecodeHeader(value); err == nil {
		return d
	}
	return value
}

// unfolded is a header on one line.
func unfolded(value string) string {
	return strings.NewReplacer("\r\n", "", "\n", "").Replace(value)
}

var reasonTag = regexp.MustCompile(`(?i)\[\s*(?:alasan|reason)\s*:([^\[\]]*)\]`)

// withoutReason takes the reason out of a subject. false: there is none, and the subject stays as it is.
func withoutReason(subject string) (rest, reason string, has bool) {
	text := decodedWords(unfolded(subject))
	at := reasonTag.FindAllStringSubmatchIndex(text, -1)
	if at == nil {
		return subject, "", false
	}
	var reasons []string
	for _, m := range at {
		reasons = append(reasons, strings.TrimSpace(text[m[2]:m[3]]))
	}
	rest = strings.Join(strings.Fields(reasonTag.ReplaceAllString(text, " ")), " ")
	return mime.QEncoding.Encode("utf-8", rest), strings.TrimSpace(strings.Join(reasons, " ")), true
}

var (
	queueID = regexp.MustCompile(`^[0-9A-Za-z]{5,32}$`)
	machine = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$`)
)

// Place is what a mail is called: the machine and the id in its queue; empty when Postfix gave none.
func Place(host, queue string) string {
	if !machine.MatchString(host) || !queueID.MatchString(queue) || strings.EqualFold(queue, "ALL") {
		return ""
	}
	return strings.ToLower(host) + "/" + queue
}

// At is the queue id of a mail that lies on this machine; false for any other.
func At(place, host string) (queue string, here bool) {
	at, queue, ok := strings.Cut(place, "/")
	return queue, ok && Place(host, queue) == at+"/"+queue
}

// answer is a line that a mail server may say: ASCII, no longer than it may be.
func answer(code, text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case r < ' ' || r > '~' || r == '%': // a percent sign means something to mail servers
			return '?'
		}
		return r
	}, text)
	const most = 400
	if len(text) > most {
		text = text[:most-3] + "..."
	}
	return code + " " + text
}
