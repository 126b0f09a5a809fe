package message

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/catalog"
)

// Arg fills a hole of a template. What can be one is a closed list: the company, what the
// contact was about, a time, a link of ours, and a text that Clear has let pass. So no value
// of a customer can get into a template, whatever a room does.
type Arg struct {
	text string
	at   time.Time
	kind argKind
	// Of a cleared text: where and to whom it may go.
	subject string
	channel Channel
}

type argKind int

const (
	none argKind = iota
	plain
	moment
	link
	written
)

// Company is the name of the controller, as customers know it.
func Company(name string) Arg { return Arg{kind: plain, text: name} }

// About is the name of a purpose, or another word of the register.
func About(name string) Arg { return Arg{kind: plain, text: name} }

// At is a time, in the words of the message's language.
func At(t time.Time) Arg { return Arg{kind: moment, at: t} }

// Link is an address of this server.
func Link(address string) Arg { return Arg{kind: link, text: address} }

// Written is a text that Clear has let pass, to the customer and by the channel it was
// cleared for.
func Written(c Cleared) Arg {
	return Arg{kind: written, text: c.text, subject: c.subject, channel: c.channel}
}

// Cleared is a text that may be written to one customer by one channel. Only Clear makes one.
type Cleared struct {
	text    string
	subject string
	channel Channel
}

// MaxWritten is the longest text, in characters, that an agent may send.
const MaxWritten = 1000

// fits reports whether the argument may stand in a message to the subject by the channel.
func (a Arg) fits(subject string, by Channel) bool {
	switch a.kind {
	case plain:
		return a.text != "" && header(a.text) == nil
	case moment:
		return !a.at.IsZero()
	case link:
		u, err := url.Parse(a.text)
		return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && u.User == nil && len(a.text) <= 2000 && header(a.text[:min(len(a.text), 250)]) == nil
	case written:
		return a.text != "" && a.subject == subject && a.channel == by
	}
	return false
}

func (a Arg) in(p *i18n.Printer) string {
	if a.kind == moment {
		return p.DateTime(a.at)
	}
	return a.text
}

// Known is an opened value of the customer that a text is held against.
type Known struct {
	Field catalog.Field
	Value string
}

// Place is where a text would go: by which outlet (of catalog.Outlets), at which level of
// verification, and with what is known of the customer there. Free says that a person wrote
// it: then it may hold no address of a page, and name no secret.
type Place struct {
	Outlet string
	Level  int
	Known  []Known
	Free   bool
}

// Refusals of a text. What was found is never quoted.
var (
	errAsksSecret = errs.New(errs.Denied, "message.names_secret")
	errHoldsID    = errs.New(errs.Denied, "message.holds_official")
	errHoldsCard  = errs.New(errs.Denied, "message.holds_card")
	errHoldsLink  = errs.New(errs.Denied, "message.holds_link")
	errHoldsValue = errs.New(errs.Denied, "message.holds_value")
	errVoicemail  = errs.New(errs.Denied, "message.voicemail")
)

// May is the one function that every outgoing text passes. It returns nil or why the text may
// not go there: it names an OTP, PIN, password or CVV in other words than that we never ask
// for one; it holds a number of the shape of a NIK, KK, NPWP or payment card; it holds a value
// of the customer that the catalogue does not allow there at that level, however it is
// written (other spelling of the name, national or international number, spaces and dots
// between, full-width digits, percent codes). Nobody leaves more on an answering machine than
// the template of it.
func May(text string, p Place) *errs.E {
	if p.Outlet == "voicemail" && p.Free {
		return errVoicemail
	}
	for _, read := range readings(text) {
		if namesSecret(read) {
			return errAsksSecret
		}
		if e := shapes(read); e != nil {
			return e
		}
		if p.Free && linked.MatchString(strings.ToLower(read)) {
			return errHoldsLink
		}
		held := fold(read)
		for _, k := range p.Known {
			if k.Field.Say(p.Outlet, p.Level) != catalog.Whole && held.holds(k) {
				return errHoldsValue.With("field", k.Field.Name)
			}
		}
	}
	return nil
}

// readings are the ways in which a receiver may read a text: as it stands, and with percent
// codes resolved. Both in one form: composed letters, ASCII digits, nothing invisible.
func readings(text string) []string {
	out := []string{visible(text)}
	if strings.Contains(text, "%") {
		if resolved := percent.ReplaceAllStringFunc(text, func(code string) string {
			s, err := url.PathUnescape(code)
			if err != nil {
				return code
			}
			return s
		}); resolved != text {
			out = append(out, visible(strings.ToValidUTF8(resolved, " ")))
		}
	}
	return out
}

var percent = regexp.MustCompile(`(%[0-9A-Fa-f]{2})+`)

func visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Mn, r) && r > 0x36f:
			return -1
		case r > unicode.MaxASCII && unicode.Is(unicode.Nd, r):
			n := rune(0) // digits of every script stand in rows of ten
			for n < 9 && unicode.Is(unicode.Nd, r-n-1) {
				n++
			}
			return '0' + n
		}
		return r
	}, norm.NFKC.String(text))
}

// linked is an address of a page: with a scheme, or a name under a usual ending that is no
// part of an e-mail address.
var linked = regexp.MustCompile(`[a-z]+://|\bwww\.|(?:^|[^@a-z0-9._%+-])[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:com|id|net|org|co|link|me|ly|xyz|site|online|app|info|io|to|gl|gg|cc|biz|top|shop|page|dev|example)(?:[/:?#]|[^a-z0-9.@-]|\.?$|\.\s)`)

// secrets are the words for what only the customer may know.
var secrets = words(`otp pin mpin epin tpin cvv cvc cvv2 cvc2 password passwd pwd passcode passphrase katasandi`)

// pairs are two words that mean one of them together.
var pairs = []string{"kata sandi", "sandi anda", "sandi kamu", "kode verifikasi", "kode akses", "kode keamanan", "kode rahasia", "kode aktivasi", "kode sms", "kode konfirmasi", "kode otentikasi", "kode autentikasi",
	"verification code", "security code", "access code", "confirmation code", "authentication code", "secret code", "sms code", "one time", "kata kunci"}

func words(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// warning is the one way in which a secret may be named: we never ask for it. What follows
// may be secrets and the words between them, and nothing else, so that no request hides
// behind a warning.
var warning = []string{"kami tidak pernah meminta", "we never ask for"}

var between = words(`atau or and dan an a any your anda kode code kata sandi ataupun maupun`)

// namesSecret reports whether a text names a secret outside of a warning. That is stricter
// than to ask whether it asks for one: how a request can be put has no end.
func namesSecret(text string) bool {
	for sentence := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '.' || r == '!' || r == '?' || r == '\n' || r == ';' || r == ':' }) {
		list := tokens(sentence)
		if warns(list) {
			continue
		}
		if names(list) {
			return true
		}
	}
	return names(tokens(text)) && !allWarned(text) // letters with dots between are no sentences: O.T.P.
}

// allWarned reports whether the text names nothing once its warnings are taken out.
func allWarned(text string) bool {
	var rest []string
	for sentence := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '.' || r == '!' || r == '?' || r == '\n' || r == ';' || r == ':' }) {
		if !warns(tokens(sentence)) {
			rest = append(rest, sentence)
		}
	}
	return !names(tokens(strings.Join(rest, ".")))
}

// warns reports whether the words are a warning and nothing else.
func warns(list []string) bool {
	text := strings.Join(list, " ")
	for _, w := range warning {
		if rest, ok := strings.CutPrefix(text, w+" "); ok {
			for word := range strings.FieldsSeq(rest) {
				if !secrets[word] && !between[word] {
					return false
				}
			}
			return true
		}
	}
	return false
}

// names reports whether one of the words is a secret's.
func names(list []string) bool {
	for i, w := range list {
		for _, end := range []string{"", "nya", "mu", "ku", "s"} {
			if bare, ok := strings.CutSuffix(w, end); ok && secrets[bare] {
				return true
			}
		}
		if i > 0 && slices.Contains(pairs, list[i-1]+" "+w) {
			return true
		}
	}
	return false
}

// lookalike undoes the digits that stand for letters.
var lookalike = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "|", "i")

// tokens are the words of a text in lower case, with look-alike digits as letters; single
// letters in a row are one word (o t p, O.T.P).
func tokens(text string) (list []string) {
	var single strings.Builder
	flush := func() {
		if single.Len() > 0 {
			list = append(list, single.String())
			single.Reset()
		}
	}
	for word := range strings.FieldsFuncSeq(strings.ToLower(plainLetters(text)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '@' && r != '$' && r != '|'
	}) {
		letters := strings.ContainsFunc(word, unicode.IsLetter)
		short := len([]rune(word)) == 1
		if letters || short {
			word = lookalike.Replace(word)
		}
		if short {
			single.WriteString(word)
			continue
		}
		flush()
		list = append(list, word)
	}
	flush()
	return list
}

func plainLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}

// shapes finds numbers that never leave. Digits count as one number when nothing but the
// usual separators stands between them; a number begins and ends with a group.
func shapes(text string) *errs.E {
	for _, run := range runs(text) {
		for from := range run {
			number := ""
			for _, group := range run[from:] {
				if number += group; len(number) > 19 {
					break
				}
				switch {
				case catalog.IsOfficial(number), number == group && len(number) == 16:
					return errHoldsID
				case catalog.IsCard(number):
					return errHoldsCard
				}
			}
		}
	}
	return nil
}

// runs are the groups of digits with separators between, in their order.
func runs(text string) (out [][]string) {
	var run []string
	var group strings.Builder
	end := func() {
		if group.Len() > 0 {
			run = append(run, group.String())
			group.Reset()
		}
	}
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			group.WriteRune(r)
		case r == ' ', r == '.', r == '-', r == '/', r == '_', r == '+', r == '(', r == ')', r == '*', r == ',', r == '\n', unicode.Is(unicode.Pd, r):
			end()
		default:
			end()
			if len(run) > 0 {
				out, run = append(out, run), nil
			}
		}
	}
	end()
	if len(run) > 0 {
		out = append(out, run)
	}
	return out
}

// folded is a text in the forms that values are looked for in.
type folded struct {
	words   []string
	compact string // letters and digits only, in lower case
	digits  string // digits only
}

func fold(text string) folded {
	f := folded{compact: compact(text)}
	f.digits = digitsOf(f.compact)
	for _, w := range strings.Fields(text) {
		f.words = append(f.words, strings.Trim(w, `.,;:!?"'()[]<>“”‘’`))
	}
	return f
}

func compact(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, plainLetters(text))
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

// least is the shortest value that is looked for between other letters; what is shorter must
// stand as words of its own. A value of fewer characters than tiny is in every text.
const (
	least = 6
	tiny  = 3
)

// holds reports whether the text holds the value, however it is written.
func (f folded) holds(k Known) bool {
	whole := compact(k.Value)
	if k.Field.Normaliser == "phone" {
		whole = strings.TrimPrefix(whole, "62") // 0812…, +62 812… and 812… end alike
	}
	if len(whole) >= least && strings.Contains(f.compact, whole) {
		return true
	}
	if number := digitsOf(whole); len(number) >= least && strings.Contains(f.digits, number) {
		return true
	}
	key, err := k.Field.Key(k.Value)
	if err != nil || len(whole) < tiny {
		return false // nothing that could be recognised
	}
	size := len(strings.Fields(k.Value))
	for n := max(1, size-3); n <= size+4; n++ {
		for i := 0; i+n <= len(f.words); i++ {
			if said, err := k.Field.Key(strings.Join(f.words[i:i+n], " ")); err == nil && said == key {
				return true
			}
		}
	}
	return false
}
