package attack

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// Attacks from outside: who calls is not the customer, or who calls the customer is not the company.

// What refuses an attempt of somebody whose caller is not verified.
const (
	tooLow      = "gate.level_too_low"
	notServing  = "gate.not_serving"
	notInUse    = "gate.field_not_in_purpose"
	fourEyes    = "gate.four_eyes"
	neverShown  = "gate.secret_never"
	notFound    = "gate.not_found"
	frozen      = "gate.call_frozen"
	over        = "gate.call_over"
	notThere    = "gate.not_on_channel"
	locked      = "verification.compare_locked"
	deniedByWeb = "web.denied"
	invalid     = "web.invalid"
	unknown     = "interaction.unknown"
)

// facts are what an attacker can know of somebody without being them: none of it may raise the level. Another fact of the
// catalogue is one more row.
func (c *customer) facts() []struct{ field, said string } {
	return []struct{ field, said string }{
		{"customer_number", c.number}, {"phone", c.phone}, {"email", c.email}, {"birth_date", c.Born.Format("2006-01-02")}, {"nik", c.NIK},
		{"address", c.Address}, {"mother_maiden_name", c.Mother},
	}
}

// recite compares all that the caller knows. Right answers teach nothing and raise nothing; what may not be compared yet is refused.
func (s *scene) recite(p *person, itx string, c *customer, level int) {
	s.must(p.Move(s.ctx, itx, client.MoveServe))
	for _, f := range c.facts() {
		got, err := p.Compare(s.ctx, itx, f.field, f.said)
		if err != nil {
			s.refuses(p, itx, "compares", f.field, err, tooLow, notInUse)
			continue
		}
		s.holds(p.who, "compares", f.field, got.Match, s.either(got.Match, "attack.match", "attack.no_match"))
		s.level(p, itx, level)
	}
}

// helpdesk: the caller knows everything that a network of colleagues shows and wants the contact changed.
func helpdesk(s *scene) {
	c, p := s.victim(), s.agent()
	itx := s.claimed(p, c, "change_contact")
	s.recite(p, itx, c, 1)
	for _, field := range []string{"phone", "email", "address", "name"} {
		_, err := s.reveal(p, itx, field)
		s.refuses(p, itx, "reveals", field, err, tooLow)
	}
	// The contact itself: no member of staff may write it, whoever asks.
	change := client.Change{Purpose: s.purposes["registration"], Values: []client.NewValue{{Field: "phone", Value: "+6284900000001"}}}
	for _, who := range []*person{p, s.staff("supervisor", actor.Supervisor), s.staff("admin", actor.Admin)} {
		_, err := who.ChangeCustomer(s.ctx, c.subject, change)
		s.refuses(who, "", "changes", "phone", err, deniedByWeb)
	}
	// Nor may the caller have it changed at the desk, whatever was matched.
	_, err := p.ChangeContact(s.ctx, itx, client.NewContact{Field: "email", Value: thiefMail})
	s.refuses(p, itx, "changes", "email", err, tooLow)
	// Nor can the verification go to where the caller says.
	_, err = p.SendLink(s.ctx, itx, "val_00000000000000000000000000")
	s.refuses(p, itx, "sends_link", s.Text.T("attack.own_number"), err, "verification.no_contact")
	s.level(p, itx, 1)
	s.second()
}

// second is the gravest level, for an attacker who got as far as the third: nobody decides alone, and whoever decided cannot
// hurry the day in which the customer, told at the contact that was there before, stops it.
func (s *scene) second() {
	c, p, boss := s.victim(), s.agent(), s.staff("supervisor", actor.Supervisor)
	itx := s.claimed(p, c, "change_contact")
	s.proves("link", p, itx, c)
	s.proves("history", p, itx, c)
	s.level(p, itx, 3)
	asked, err := p.AskSecond(s.ctx, itx, "mendesak, mau ganti nomor")
	s.must(err)
	_, err = p.Approve(s.ctx, asked, "saya setuju")
	s.refuses(p, "", "approves", "V4", err, "approval.own_request", deniedByWeb)
	_, err = boss.Approve(s.ctx, asked, "disetujui")
	s.must(err)
	s.level(p, itx, 3)
	inbox, err := s.letters(s.ctx)
	s.must(err)
	notice := noticeForm.FindString(inbox)
	s.holds("customer", "reads", s.Text.T("attack.notice"), notice != "", s.either(notice != "", "attack.is_there", "attack.is_absent"))
	stopped, err := s.exchange(s.ctx, s.http(nil), http.MethodPost, notice+"/stop", url.Values{}, nil)
	s.must(err)
	v, err := p.Interaction(s.ctx, itx)
	s.must(err)
	s.holds("customer", "stops", "", stopped.status < 400 && v.State == "frozen", v.State)
	_, err = s.reveal(p, itx, "phone")
	s.refuses(p, itx, "reveals", "phone", err, frozen)
}

// thiefMail is where the thief wants the company to write.
const thiefMail = "maling@surel.example"

// reversed is an attacker whom everybody believed: even at the gravest level the contact does not change before its owner,
// told at every contact that was there, had time to stop it.
func (s *scene) reversed() {
	c, boss := s.victim(), s.staff("supervisor", actor.Supervisor)
	decided := func() (*person, string) {
		p := s.agent()
		itx := s.claimed(p, c, "change_contact")
		s.proves("link", p, itx, c)
		s.proves("history", p, itx, c)
		asked, err := p.AskSecond(s.ctx, itx, "sudah terverifikasi, mau ganti surel")
		s.must(err)
		_, err = boss.Approve(s.ctx, asked, "disetujui")
		s.must(err)
		_, err = s.letters(s.ctx) // the notice of the decision arrives
		s.must(err)
		return p, itx
	}
	first, early := decided()
	s.must(first.Move(s.ctx, early, client.MoveDisconnect))
	s.pass(25 * time.Hour)
	boss = s.staff("supervisor", actor.Supervisor)
	p, itx := decided()
	s.level(p, itx, 4)
	s.must(p.Move(s.ctx, itx, client.MoveServe))
	made, err := p.ChangeContact(s.ctx, itx, client.NewContact{Field: "email", Value: thiefMail})
	s.must(err)
	s.holds(p.who, "changes", "email", made.State == "waiting", made.State)
	inbox, err := s.letters(s.ctx)
	s.must(err)
	notice := strings.TrimRight(changeForm.FindString(inbox), ".") // a sentence may end with it
	s.holds("customer", "reads", s.Text.T("attack.notice"), notice != "", s.either(notice != "", "attack.is_there", "attack.is_absent"))
	stopped, err := s.exchange(s.ctx, s.http(nil), http.MethodPost, notice+"/stop", url.Values{}, nil)
	s.must(err)
	v, err := p.Interaction(s.ctx, itx)
	s.must(err)
	s.holds("customer", "stops", "", stopped.status < 400 && v.State == "frozen", v.State)
	// When its time comes, nothing happens: what is told to the new contact of a change that was made is not sent.
	s.pass(25 * time.Hour)
	after, err := s.letters(s.ctx)
	s.must(err)
	kept := !strings.Contains(after, thiefMail)
	s.holds("swindler", "waits_for", "", kept, s.either(kept, "attack.is_absent", "attack.is_there"))
}

// asked: somebody simply asks for the secret, several times in one day, and gets another agent each time.
func asked(s *scene) {
	c, pbx := s.victim(), s.program("telephony", []string{s.toko}, "events")
	agents := []*person{s.agent(), s.agent(), s.agent(), s.agent()}
	tries := 0
	for i, p := range agents {
		itx, _ := s.rings(pbx, p, c.phone, "change_contact")
		s.bind(p, itx, c)
		s.must(p.Move(s.ctx, itx, client.MoveServe))
		_, err := s.reveal(p, itx, "mother_maiden_name")
		s.refuses(p, itx, "reveals", "mother_maiden_name", err, tooLow, notInUse, neverShown)
		said := "salah" + strconv.Itoa(i) + "@surel.example"
		if i == len(agents)-1 {
			said = c.email // now even the right answer is not heard
		}
		got, err := p.Compare(s.ctx, itx, "email", said)
		if err == nil {
			tries++
			s.holds(p.who, "guesses", "email", !got.Match, s.either(got.Match, "attack.match", "attack.no_match"))
		} else {
			s.refuses(p, itx, "guesses", "email", err, locked)
		}
		if i == 2 {
			v, err := p.Interaction(s.ctx, itx)
			s.must(err)
			again := slices.Contains(v.Risks, "repeat_calls")
			s.holds(p.who, "looks_for", s.Text.T("attack.third_call"), again, s.either(again, "attack.is_there", "attack.is_absent"))
		}
	}
	s.measure("tries", tries)
	// And where the caller is the customer, a secret is compared and never shown.
	p := s.agent()
	other := s.victim()
	itx := s.claimed(p, other, "change_contact")
	s.proves("link", p, itx, other)
	s.proves("history", p, itx, other)
	s.level(p, itx, 3)
	_, err := s.reveal(p, itx, "mother_maiden_name")
	s.refuses(p, itx, "reveals", "mother_maiden_name", err, notInUse, neverShown)
	s.reversed()
}

// sim: the number is in the thief's hands since yesterday.
func sim(s *scene) {
	c, p, pbx := s.victim(), s.agent(), s.program("telephony", []string{s.toko}, "events")
	itx, _ := s.rings(pbx, p, c.phone, "order_status", "sim_changed")
	s.bind(p, itx, c)
	v, err := p.Verification(s.ctx, itx)
	s.must(err)
	for _, way := range v.Contacts {
		if way.Contact == "phone" {
			s.holds(p.who, "looks_for", s.Text.T("attack.reach", "what", "phone"), way.Reaches == 0, "V"+strconv.Itoa(way.Reaches))
			_, err := p.SendLink(s.ctx, itx, way.Value)
			s.refuses(p, itx, "sends_link", "phone", err, "verification.sim_changed", "verification.contact_too_new")
		}
	}
	// Steps that are skipped are not taken.
	_, err = s.reveal(p, itx, "name")
	s.refuses(p, itx, "reveals", "name", err, notServing, tooLow)
	s.must(p.Move(s.ctx, itx, client.MoveServe))
	_, err = s.reveal(p, itx, "name")
	s.refuses(p, itx, "skips_steps", "name", err, tooLow)
	s.level(p, itx, 1)
	// News that comes after the proof takes away what the proof gave.
	q, other := s.agent(), s.victim()
	late, contact := s.rings(pbx, q, other.phone, "order_status")
	s.bind(q, late, other)
	s.byPhone(q, late)
	s.level(q, late, 2)
	_, err = pbx.ReportEvent(s.ctx, client.Event{ID: contact + "-2", Source: "pbx", Type: "contact.connected", Contact: contact, Sequence: 2, Data: client.EventData{Risks: []string{"sim_changed"}}})
	s.must(err)
	s.level(q, late, 1)
	_, err = s.reveal(q, late, "name")
	s.refuses(q, late, "reveals", "name", err, tooLow)
}

// byPhone proves with a link to the registered telephone.
func (s *scene) byPhone(p *person, itx string) {
	v, err := p.Verification(s.ctx, itx)
	s.must(err)
	i := slices.IndexFunc(v.Contacts, func(c client.Contact) bool { return c.Contact == "phone" })
	if i < 0 {
		s.must(errors.New("the customer has no registered telephone"))
	}
	one, err := p.SendLink(s.ctx, itx, v.Contacts[i].Value)
	s.must(err)
	link, err := s.link(s.ctx)
	s.must(err)
	s.must(s.answer(s.ctx, link, strconv.Itoa(one.Number)))
}

// fake: somebody calls the customer in the company's name.
func fake(s *scene) {
	c, p := s.victim(), s.agent()
	// A real call says on the customer's page who calls, for whom and who called whom.
	itx, err := p.StartInteraction(s.ctx, client.Opening{Controller: s.toko, Channel: "phone", Direction: "outbound", Queue: "layanan"})
	s.must(err)
	s.must(p.Heartbeat(s.ctx, itx))
	s.must(p.ChoosePurpose(s.ctx, itx, s.purposes["order_status"], "id"))
	s.bind(p, itx, c)
	one, err := p.SendLink(s.ctx, itx, "")
	s.must(err)
	link, err := s.link(s.ctx)
	s.must(err)
	h := s.http(nil)
	opened, err := s.exchange(s.ctx, h, http.MethodPost, link+"/open", url.Values{}, nil)
	s.must(err)
	page, err := s.exchange(s.ctx, h, http.MethodGet, link, nil, opened.cookies)
	s.must(err)
	first, _, _ := strings.Cut(p.name, " ")
	for _, on := range [][2]string{{"company", "Toko Nusantara"}, {"agent", first}} {
		says := strings.Contains(page.text, on[1])
		s.holds("customer", "reads", s.Text.T("attack.letter_"+on[0]), says, s.either(says, "attack.is_there", "attack.is_absent"))
	}
	secret := !slices.Contains(numbers(page.text), strconv.Itoa(one.Number))
	s.holds("customer", "reads", s.Text.T("attack.letter_number"), secret, s.either(secret, "attack.is_absent", "attack.is_there"))
	// A swindler has no link: what he makes up, alters or replays opens nothing.
	for _, bad := range [][2]string{{"made_up", "/v/" + strings.Repeat("A", 43)}, {"altered", link[:len(link)-2] + flip(link[len(link)-2:])}} {
		a, err := s.exchange(s.ctx, h, http.MethodGet, bad[1], nil, nil)
		s.must(err)
		closed := a.status >= 400 && !strings.Contains(a.text, first)
		s.holds("swindler", "opens", s.Text.T("attack.link_"+bad[0]), closed, strconv.Itoa(a.status))
	}
	elsewhere, err := s.exchange(s.ctx, s.http(nil), http.MethodPost, link+"/open", url.Values{}, nil)
	s.must(err)
	s.holds("swindler", "opens", s.Text.T("attack.link_forwarded"), elsewhere.status >= 400, strconv.Itoa(elsewhere.status))
	// "I am not being called by them": one tap, and the call gives nothing any more.
	_, err = s.exchange(s.ctx, h, http.MethodPost, link+"/answer", url.Values{"answer": {"denied"}}, opened.cookies)
	s.must(err)
	v, err := p.Interaction(s.ctx, itx)
	s.must(err)
	s.holds("customer", "denies", "", v.State == "frozen", v.State)
	_, err = s.reveal(p, itx, "name")
	s.refuses(p, itx, "reveals", "name", err, frozen)
	s.called(c)
	// And somebody who did not serve the call looks into it.
	list, err := s.staff("supervisor", actor.Supervisor).Denials(s.ctx, false, "")
	s.must(err)
	waits := slices.ContainsFunc(list.Items, func(d client.Denial) bool { return d.Interaction == itx })
	s.holds("supervisor", "looks_for", s.Text.T("attack.denial"), waits, s.either(waits, "attack.is_there", "attack.is_absent"))
	// The company never asks for what only swindlers ask for: not by mail, not in a chat.
	q, other := s.agent(), s.victim()
	chat := s.begin(q, "chat", "order_status")
	s.bind(q, chat, other)
	s.proves("link", q, chat, other)
	for _, ask := range []string{"Mohon sebutkan kode OTP yang Anda terima.", "Berapa PIN dan CVV kartunya?"} {
		_, err := q.Write(s.ctx, chat, "email", "", client.Words{Text: ask})
		s.refuses(q, "", "asks_by_mail", "OTP, PIN, CVV", err, "message.names_secret")
		s.refuses(q, "", "asks_in_chat", "OTP, PIN, CVV", q.Check(s.ctx, chat, client.Words{Text: ask}), "message.names_secret")
	}
}

// called is the victim who does not know whether it is the company who calls: anybody may ask, by the code that the agent reads
// out, and ends the call by a report. What is made up, and the victim's own number, are answered alike.
func (s *scene) called(c *customer) {
	p, h := s.agent(), s.http(nil)
	itx, err := p.StartInteraction(s.ctx, client.Opening{Controller: s.toko, Channel: "phone", Direction: "outbound", Queue: "layanan"})
	s.must(err)
	s.must(p.Heartbeat(s.ctx, itx))
	s.must(p.ChoosePurpose(s.ctx, itx, s.purposes["order_status"], "id"))
	s.bind(p, itx, c)
	desk, err := s.page(s.ctx, s.console(p), http.MethodGet, "/calls/"+itx, nil)
	s.must(err)
	code := codeForm.FindString(markup.ReplaceAllString(desk.text, " "))
	first, _, _ := strings.Cut(p.name, " ")
	for _, asked := range []struct {
		what, entered string
		ours          bool
	}{{"attack.code_made_up", "111 222 333", false}, {"attack.code_own_number", c.phone, false}, {"attack.code_true", code, true}} {
		a, err := s.exchange(s.ctx, h, http.MethodPost, "/check", url.Values{"entered": {asked.entered}}, nil)
		s.must(err)
		ours := strings.Contains(a.text, "Toko Nusantara") && strings.Contains(a.text, first)
		s.holds("victim", "asks_whose_call", s.Text.T(asked.what), a.status == http.StatusOK && ours == asked.ours, s.either(ours, "attack.is_ours", "attack.is_not_ours"))
	}
	_, err = s.exchange(s.ctx, h, http.MethodPost, "/check/report", url.Values{"entered": {code}}, nil)
	s.must(err)
	v, err := p.Interaction(s.ctx, itx)
	s.must(err)
	s.holds("victim", "denies", "", v.State == "frozen", v.State)
}

// codeForm is the code of a contact as it is read out.
var codeForm = regexp.MustCompile(`\b[1-9]\d\d \d{3} \d{3}\b`)

var (
	markup = regexp.MustCompile(`<style.*?</style>|<[^>]*>`)
	clock  = regexp.MustCompile(`\d\d[.:]\d\d`)
	number = regexp.MustCompile(`\d+`)
)

// numbers are those that somebody can read on a page, without the time of day.
func numbers(page string) []string {
	return number.FindAllString(clock.ReplaceAllString(markup.ReplaceAllString(page, " "), " "), -1)
}

// flip exchanges letters for others.
func flip(text string) string {
	return strings.Map(func(c rune) rune {
		if c == 'A' {
			return 'B'
		}
		return 'A'
	}, text)
}

// spoofed: the display shows the customer's number, and it is not the customer.
func spoofed(s *scene) {
	c, pbx := s.victim(), s.program("telephony", []string{s.toko}, "events")
	for _, risks := range [][]string{nil, {"number_spoofed"}} {
		p := s.agent()
		itx, _ := s.rings(pbx, p, c.phone, "order_status", risks...)
		v, err := p.Interaction(s.ctx, itx)
		s.must(err)
		s.holds(p.who, "looks_for", s.Text.T("attack.cli_match"), v.Match == "one" && v.Level == 0, v.Match+", V"+strconv.Itoa(v.Level))
		s.bind(p, itx, c)
		s.level(p, itx, 1)
		s.must(p.Move(s.ctx, itx, client.MoveServe))
		for _, field := range []string{"name", "address", "phone"} {
			_, err := s.reveal(p, itx, field)
			s.refuses(p, itx, "reveals", field, err, tooLow)
		}
		if risks == nil {
			continue
		}
		// Where the number is known to be spoofed it helps no other proof along either.
		s.recalls(p, itx, c)
		s.level(p, itx, 1)
	}
	// Nor where whoever writes has typed it into the form of a chat.
	p, other := s.agent(), s.victim()
	itx, _ := s.comes(pbx, p, "chat", other.phone, "order_status")
	s.bind(p, itx, other)
	s.recalls(p, itx, other)
	s.level(p, itx, 1)
}

// recalls answers two questions from the account's history rightly.
func (s *scene) recalls(p *person, itx string, c *customer) {
	v, err := p.Verification(s.ctx, itx)
	s.must(err)
	for _, q := range v.Questions[:min(2, len(v.Questions))] {
		match, err := p.Answer(s.ctx, itx, q.Kind, c.said(q.Kind))
		s.must(err)
		s.holds(p.who, "guesses", q.Kind, match, s.either(match, "attack.match", "attack.no_match"))
	}
}

// breached: everything that does not change about the victim was sold long ago.
func breached(s *scene) {
	c := s.victim()
	p := s.agent()
	itx := s.claimed(p, c, "change_contact")
	s.recite(p, itx, c, 1)
	// What changes is guessed: a few times over all agents, channels and calls, and then not at all.
	tries := 0
	for i, channel := range []string{"phone", "chat", "phone", "chat"} {
		p := s.agent()
		itx := s.begin(p, channel, "order_status")
		s.bind(p, itx, c)
		v, err := p.Verification(s.ctx, itx)
		s.must(err)
		if len(v.Questions) == 0 {
			s.must(errors.New("there is no question to ask"))
		}
		kind, said := v.Questions[0].Kind, "tidak tahu "+strconv.Itoa(i)
		if i == 3 {
			said = c.said(kind)
		}
		match, err := p.Answer(s.ctx, itx, kind, said)
		if err == nil {
			tries++
			s.holds(p.who, "guesses", kind, !match, s.either(match, "attack.match", "attack.no_match"))
		} else {
			s.refuses(p, itx, "guesses", kind, err, locked)
		}
		s.level(p, itx, 1)
	}
	s.measure("tries", tries)
}

// voice: the agent is sure to know the voice and says so wherever something can be said.
func voice(s *scene) {
	c, p, boss, pbx := s.victim(), s.agent(), s.staff("supervisor", actor.Supervisor), s.program("telephony", []string{s.toko}, "events")
	itx, contact := s.rings(pbx, p, c.phone, "order_status")
	s.bind(p, itx, c)
	for _, move := range []client.Move{"verify", "verified", "raise", "identify", "unlock"} {
		for _, who := range []*person{p, boss} {
			err := who.Move(s.ctx, itx, move)
			s.refuses(who, "", "moves", string(move), err, invalid, "interaction.not_allowed", "interaction.wrong_state", unknown)
		}
	}
	_, err := p.Answer(s.ctx, itx, "voice", "suaranya saya kenal")
	s.refuses(p, "", "proves_by", "voice", err, "verification.question_unknown", invalid, notInUse)
	for _, target := range []string{"/verification/voice", "/verification/opinion", "/level"} {
		a, err := s.exchange(s.ctx, p.http, http.MethodPost, "/api/v1/interactions/"+itx+target, url.Values{"level": {"3"}}, nil)
		s.must(err)
		s.holds(p.who, "proves_by", target, a.status == http.StatusNotFound || a.status == http.StatusMethodNotAllowed, strconv.Itoa(a.status))
	}
	for _, w := range ways() {
		if w.word {
			w.prove(s, p, itx, c)
		}
	}
	s.level(p, itx, 1)
	// A verdict of a machine about the voice is a signal: it lowers.
	s.proves("link", p, itx, c)
	s.proves("history", p, itx, c)
	s.level(p, itx, 3)
	_, err = pbx.ReportEvent(s.ctx, client.Event{ID: contact + "-2", Source: "pbx", Type: "contact.connected", Contact: contact, Sequence: 2, Data: client.EventData{Risks: []string{"voice_suspect"}}})
	s.must(err)
	s.level(p, itx, 2)
	_, err = s.reveal(p, itx, "address")
	s.refuses(p, itx, "reveals", "address", err, tooLow)
}

// relay: the attacker has the customer on the other line and reads the number over.
func relay(s *scene) {
	c, p := s.victim(), s.agent()
	itx := s.claimed(p, c, "order_status")
	reached := 0
	var link string
	for _, w := range ways() {
		if !w.relay {
			continue
		}
		w.prove(s, p, itx, c)
		v, err := p.Verification(s.ctx, itx)
		s.must(err)
		reached = max(reached, v.Level)
		s.holds("swindler", "relays", w.name, v.Level <= w.level, "V"+strconv.Itoa(v.Level))
	}
	s.measure("level", reached)
	link, err := s.link(s.ctx)
	s.must(err)
	page, err := s.exchange(s.ctx, s.http(nil), http.MethodGet, link, nil, nil)
	s.must(err)
	offers := strings.Contains(page.text, `value="denied"`)
	s.holds("customer", "reads", s.Text.T("attack.letter_denied"), offers, s.either(offers, "attack.is_there", "attack.is_absent"))
	// What a level without a second proof shows, field by field.
	seen := 0
	for _, field := range []string{"name", "phone", "address", "nik", "account_number"} {
		s.seeing([]string{"name"}, func() {
			_, err := s.reveal(p, itx, field)
			if err == nil {
				seen++
				s.holds("swindler", "reveals", field, field == "name", s.Text.T("attack.allowed"))
				return
			}
			s.refuses(p, itx, "reveals", field, err, tooLow, notInUse)
		})
	}
	s.measure("fields_seen", seen)
	// The customer notices, and taps.
	_, err = s.exchange(s.ctx, s.http(nil), http.MethodPost, link+"/answer", url.Values{"answer": {"denied"}}, nil)
	s.must(err)
	after := 0
	for _, field := range []string{"name", "phone"} {
		_, err := s.reveal(p, itx, field)
		if err == nil {
			after++
		}
		s.refuses(p, itx, "reveals", field, err, frozen)
	}
	s.measure("after_denial", after)
}

// fishing: many calls, each for one small fact.
func fishing(s *scene) {
	c := s.victim()
	tries, gained := 0, 0
	guesses := []struct{ field, said string }{{"phone", "+6284900000002"}, {"email", "siapa@surel.example"}, {"phone", "+6284900000003"}, {"email", c.email}, {"phone", c.phone}}
	for i, g := range guesses {
		p := s.agent()
		itx := s.claimed(p, c, "order_status")
		s.must(p.Move(s.ctx, itx, client.MoveServe))
		got, err := p.Compare(s.ctx, itx, g.field, g.said)
		switch {
		case err != nil:
			s.refuses(p, itx, "guesses", g.field, err, locked)
		default:
			tries++
			if got.Match {
				gained++
			}
			s.holds(p.who, "guesses", g.field, !got.Match, s.either(got.Match, "attack.match", "attack.no_match"))
		}
		if i == 0 { // what is not compared is not told either
			_, err := s.reveal(p, itx, g.field)
			s.refuses(p, itx, "reveals", g.field, err, tooLow)
			s.masked(p, itx)
		}
	}
	s.measure("tries", tries)
	s.measure("facts_gained", gained)
}

// masked looks at the customer before they are verified: the shape of what they were found by, and nothing more.
func (s *scene) masked(p *person, itx string) {
	view, err := p.Customer(s.ctx, itx)
	if err != nil {
		s.refuses(p, itx, "looks", "", err, tooLow, notServing)
		return
	}
	shown := []string{}
	for _, f := range view.Fields {
		if len(f.Values) > 0 {
			shown = append(shown, f.Name)
		}
	}
	s.holds(p.who, "looks", "", len(shown) <= 1, s.Text.T("attack.masked", "n", len(shown)))
}

// authority: "I am the director", "this is the police", and it is urgent.
func authority(s *scene) {
	c, p, boss := s.victim(), s.agent(), s.staff("hostile_supervisor", actor.Supervisor)
	itx := s.claimed(p, c, "order_status")
	s.must(p.Move(s.ctx, itx, client.MoveServe))
	_, err := s.reveal(p, itx, "address")
	s.refuses(p, itx, "reveals", "address", err, tooLow)
	if e := (*client.Error)(nil); errors.As(err, &e) {
		helped := e.Say["id"] != "" && e.Say["en"] != "" && e.Next["id"] != "" && e.Next["en"] != ""
		s.holds(p.who, "looks_for", s.Text.T("attack.sentence"), helped, s.either(helped, "attack.is_there", "attack.is_absent"))
	}
	// The supervisor is talked into it: there is nothing in his hands that opens it.
	_, err = s.reveal(boss, itx, "address")
	s.refuses(boss, itx, "reveals", "address", err, notFound)
	for _, move := range []client.Move{client.MoveServe, client.MoveResume} {
		s.refuses(boss, "", "moves", string(move), boss.Move(s.ctx, itx, move), "interaction.not_allowed", unknown, deniedByWeb)
	}
	s.console(boss)
	s.must(p.Heartbeat(s.ctx, itx))
	s.shut(boss, http.MethodPost, "/live/"+itx+"/raise", url.Values{})
	s.shut(boss, http.MethodPost, "/calls/"+itx+"/reveal", url.Values{"field": {"address"}, "reason": {"polisi"}})
	s.level(p, itx, 1)
	s.threatened()
}

// threatened is an agent who is told at the workplace to open what a verified call would give. One stroke that looks like any other
// holds it back, and the supervisors alone learn of it.
func (s *scene) threatened() {
	c, p, guard := s.victim(), s.newcomer(actor.Agent, s.toko), s.staff("supervisor", actor.Supervisor) // who stays held plays no other part
	itx := s.claimed(p, c, "order_status")
	s.proves("link", p, itx, c)
	s.must(p.Duress(s.ctx, itx))
	_, err := s.reveal(p, itx, "name")
	s.refuses(p, itx, "reveals", "name", err, "gate.budget_spent")
	page, err := s.page(s.ctx, s.console(p), http.MethodGet, "/calls/"+itx, nil)
	s.must(err)
	silent := !alarmForm.MatchString(page.text)
	s.holds("caller", "looks_for", s.Text.T("attack.alarm_desk"), silent, s.either(silent, "attack.is_absent", "attack.is_there"))
	board, err := guard.Live(s.ctx)
	s.must(err)
	rings := slices.ContainsFunc(board.Alerts, func(a client.LiveAlert) bool { return a.Kind == "duress" && a.Interaction == itx && a.Staff == p.id })
	s.holds(guard.who, "looks_for", s.Text.T("attack.alarm_list"), rings, s.either(rings, "attack.is_there", "attack.is_absent"))
}

// alarmForm is how a page would give the alarm away.
var alarmForm = regexp.MustCompile(`(?i)duress|alarm`)

// thirdParty: a spouse, a lawyer, a friend, with good reasons.
func thirdParty(s *scene) {
	c, p, pbx := s.victim(), s.agent(), s.program("telephony", []string{s.toko}, "events")
	itx, _ := s.rings(pbx, p, "+6284900000009", "order_status")
	s.bind(p, itx, c)
	v, err := p.Interaction(s.ctx, itx)
	s.must(err)
	s.holds(p.who, "looks_for", s.Text.T("attack.cli_match"), v.Match == "none", v.Match)
	s.must(p.Move(s.ctx, itx, client.MoveServe))
	for _, field := range []string{"name", "address"} {
		_, err := s.reveal(p, itx, field)
		s.refuses(p, itx, "reveals", field, err, tooLow)
	}
	_, err = p.SendLink(s.ctx, itx, "val_00000000000000000000000000")
	s.refuses(p, itx, "sends_link", s.Text.T("attack.own_number"), err, "verification.no_contact")
	// Even two right answers from the account's history are not enough when the call does not come from the customer.
	verification, err := p.Verification(s.ctx, itx)
	s.must(err)
	for _, q := range verification.Questions[:min(2, len(verification.Questions))] {
		_, err := p.Answer(s.ctx, itx, q.Kind, c.said(q.Kind))
		s.must(err)
	}
	s.level(p, itx, 1)
	// A verified customer who hands the telephone over is not verified any more.
	q, other := s.agent(), s.victim()
	handed := s.claimed(q, other, "order_status")
	s.proves("link", q, handed, other)
	s.level(q, handed, 2)
	s.must(q.Move(s.ctx, handed, client.MoveLower))
	s.level(q, handed, 1)
	s.must(q.Move(s.ctx, handed, client.MoveServe))
	_, err = s.reveal(q, handed, "name")
	s.refuses(q, handed, "reveals", "name", err, tooLow)
	s.mandates()
}

// request: somebody demands the customer's whole file by telephone.
func request(s *scene) {
	c, p := s.victim(), s.agent()
	itx := s.claimed(p, c, "complaint")
	s.must(p.Move(s.ctx, itx, client.MoveServe))
	_, err := s.reveal(p, itx, "name", "phone", "email", "policy_number", "case_reference")
	s.refuses(p, itx, "reveals", s.Text.T("attack.everything"), err, tooLow)
	s.must(p.Move(s.ctx, itx, client.MoveDisconnect))
	s.must(p.Seal(s.ctx, itx, "data_request"))
	before, err := s.letters(s.ctx)
	s.must(err)
	s.Clock.Wait(time.Minute)
	after, err := s.letters(s.ctx)
	s.must(err)
	sent := strings.Count(after, "<article") - strings.Count(before, "<article")
	s.holds("caller", "waits_for", "", sent == 0, strconv.Itoa(sent))
	_, err = s.reveal(p, itx, "name")
	s.refuses(p, itx, "reveals", "name", err, over)
}
