package attack

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/app/leak"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/proof"
	"github.com/amanah-id/amanah/proof/folder"
)

// Attacks from inside, and thefts.

// provider: the desk is outsourced, and the provider's people are the attackers.
func provider(s *scene) {
	c, p := s.victim(), s.agent()
	outsider := s.staff("hostile_agent", actor.Agent, s.bank)
	itx := s.claimed(p, c, "order_status")
	s.proves("link", p, itx, c)
	// Another company's agent: neither the call nor the customer exists for them.
	_, err := s.reveal(outsider, itx, "name")
	s.refuses(outsider, itx, "reveals", "name", err, notFound)
	_, err = outsider.StartInteraction(s.ctx, client.Opening{Controller: s.toko, Channel: "phone", Direction: "inbound"})
	s.refuses(outsider, "", "starts", "", err, "interaction.other_controller", "interaction.not_allowed", deniedByWeb)
	own, err := outsider.StartInteraction(s.ctx, client.Opening{Controller: s.bank, Channel: "phone", Direction: "inbound"})
	s.must(err)
	s.must(outsider.Heartbeat(s.ctx, own))
	purpose, err := s.Center.Purpose(s.ctx, s.bank, "order_status")
	s.must(err)
	s.must(outsider.ChoosePurpose(s.ctx, own, purpose, "id"))
	found, err := outsider.Search(s.ctx, own, "customer_number", c.number)
	s.must(err)
	s.holds(outsider.who, "searches", "customer_number", len(found.Hits) == 0, s.Text.T("attack.hits", "n", len(found.Hits)))
	err = outsider.Identify(s.ctx, own, c.subject)
	s.refuses(outsider, own, "binds", "", err, notFound, "desk.not_a_hit")
	// Of a protected person the provider's people open nothing by themselves, however well the caller proves.
	head := s.victim()
	s.watched("protected", head)
	guarded := s.claimed(p, head, "order_status")
	s.proves("link", p, guarded, head)
	_, err = s.reveal(p, guarded, "name")
	s.refuses(p, guarded, "reveals", "name", err, fourEyes)
	// The provider's program, with every scope there is, opens nothing by itself.
	program := s.program("hostile_client", []string{s.toko}, identity.Scopes()...)
	_, err = s.reveal(program, itx, "name")
	s.refuses(program, "", "reveals", "name", err, deniedByWeb)
	// Nor does the provider's administrator make his agent more than an agent: a second person must agree, and not himself.
	admin := s.console(s.staff("hostile_admin", actor.Admin, s.bank))
	a, err := s.page(s.ctx, admin, http.MethodPost, "/staff/"+outsider.id+"/role", url.Values{"role": {"dpo"}, "controllers": {s.toko}, "reason": {"naik jabatan"}})
	s.must(err)
	who, err := outsider.WhoAmI(s.ctx)
	s.must(err)
	s.holds(admin.who, "promotes", "dpo", who.Role == "agent" && !slices.Contains(who.Controllers, s.toko), who.Role+" ("+strconv.Itoa(a.status)+")")
	list, err := s.page(s.ctx, admin, http.MethodGet, "/approvals", nil)
	s.must(err)
	asked := slices.Compact(approvalForm.FindAllString(list.text, -1))
	s.holds(admin.who, "looks_for", s.Text.T("attack.own_requests"), len(asked) > 0, strconv.Itoa(len(asked)))
	for _, one := range asked {
		_, err := admin.Approve(s.ctx, one, "saya setuju")
		s.refuses(admin, "", "approves", "dpo", err, "approval.own_request")
	}
}

var approvalForm = regexp.MustCompile(`apr_[0-9a-z]{26}`)

// bribed: an agent of ours harvests for money. Nobody can take away what his work needs; how much that is, is counted.
func bribed(s *scene) {
	c, p := s.victim(), s.newcomer(actor.Agent, s.toko)
	p.who = "hostile_agent"
	// Without a call there is nothing at all.
	_, err := s.reveal(p, "itx_00000000000000000000000000", "name")
	s.refuses(p, "", "reveals", s.Text.T("attack.without_call"), err, notFound)
	_, err = p.Search(s.ctx, "itx_00000000000000000000000000", "customer_number", c.number)
	s.refuses(p, "", "searches", s.Text.T("attack.without_call"), err, notFound)
	// In a call that he invents he has the customer before him, unverified.
	unverified := 0
	itx := s.claimed(p, c, "order_status")
	s.must(p.Move(s.ctx, itx, client.MoveServe))
	for _, field := range []string{"name", "phone", "address", "nik", "account_number"} {
		_, err := s.reveal(p, itx, field)
		if err == nil {
			unverified++
		}
		s.refuses(p, itx, "reveals", field, err, tooLow, notInUse)
	}
	s.measure("values_unverified", unverified)
	// So he invents as many as he can, and searches in each.
	calls, searches, widest := 1, 1, 1
	for calls <= 2*s.most("calls_by_hand") {
		itx, err := p.StartInteraction(s.ctx, client.Opening{Controller: s.toko, Channel: "phone", Direction: "inbound"})
		if err != nil {
			s.refuses(p, "", "starts", s.Text.T("attack.one_more", "n", calls+1), err, "interaction.too_often")
			break
		}
		calls++
		s.must(p.Heartbeat(s.ctx, itx))
		s.must(p.ChoosePurpose(s.ctx, itx, s.purposes["order_status"], "id"))
		for searches <= 2*s.most("searches") {
			found, err := p.Search(s.ctx, itx, "customer_number", c.number)
			if code := client.Code(err); code == "gate.searches_in_call_spent" || code == "gate.searches_spent" {
				break
			}
			s.must(err)
			searches++
			widest = max(widest, len(found.Hits))
		}
	}
	s.measure("calls_by_hand", calls)
	s.measure("searches", searches)
	s.measure("hits_each", widest)
	// Among those whom he looks at is one who does not exist. He sees a customer like any other; the security team sees him.
	bait, listed := s.accomplice(), s.newcomer(actor.Agent, s.toko)
	listed.who = "hostile_agent"
	keeper := s.watched("canary", bait)
	s.claimed(listed, bait, "order_status")
	alerts, err := keeper.Alerts(s.ctx, false)
	s.must(err)
	seen := slices.ContainsFunc(alerts, func(a client.Alert) bool { return a.Kind == "canary" && a.Staff == listed.id })
	s.holds(keeper.who, "looks_for", s.Text.T("attack.canary_alert"), seen, s.either(seen, "attack.is_there", "attack.is_absent"))
	_, err = listed.Alerts(s.ctx, false)
	s.refuses(listed, "", "looks_for", s.Text.T("attack.canary_alert"), err, deniedByWeb)
	// What a shift of real, verified calls gives: the budget of reveals, and not one more.
	q, accomplice := s.newcomer(actor.Agent, s.toko), s.accomplice()
	q.who = "hostile_agent"
	s.console(q)
	verified := s.claimed(q, accomplice, "order_status")
	s.proves("link", q, verified, accomplice)
	screen, err := s.page(s.ctx, q, http.MethodPost, "/calls/"+verified+"/reveal", url.Values{"field": {"name"}, "reason": {"difoto"}})
	s.must(err)
	first, _, _ := strings.Cut(q.name, " ")
	marked := strings.Contains(screen.text, accomplice.Name) && strings.Contains(screen.text, `class="mark">`+first)
	s.holds(q.who, "photographs", "", marked, s.either(marked, "attack.is_marked", "attack.is_unmarked"))
	reveals := 1
	for reveals <= 2*s.most("reveals") {
		if reveals%50 == 49 {
			s.must(q.Heartbeat(s.ctx, verified))
		}
		if _, err = s.reveal(q, verified, "name"); err != nil {
			break
		}
		reveals++
	}
	s.refuses(q, verified, "reveals", s.Text.T("attack.one_more", "n", reveals+1), err, "gate.budget_spent")
	s.measure("reveals", reveals)
}

// watched puts a customer on a list, with both decisions, and returns who keeps the lists.
func (s *scene) watched(list string, c *customer) *person {
	keeper, second := s.staff("dpo", actor.DPO), s.staff("analyst", actor.Security)
	_, err := keeper.Watch(s.ctx, client.NewWatch{List: list, Kind: "customer_number", Controller: s.toko, Persons: []string{c.number}, Reason: "diawasi", Review: s.Clock.Now().AddDate(0, 3, 0).Format("2006-01-02")})
	s.must(err)
	waiting, err := second.Approvals(s.ctx)
	s.must(err)
	for _, one := range waiting {
		if one.Kind == "watchlist.add" {
			_, err := second.Approve(s.ctx, one.ID, "sudah diperiksa")
			s.must(err)
		}
	}
	return keeper
}

// most is the bound of the row for what is measured.
func (s *scene) most(what string) int {
	for _, l := range s.row.Limits {
		if l.What == what {
			return l.Most
		}
	}
	return 0
}

// accomplice is a customer who is in it, and whose values are no secret from the attacker.
func (s *scene) accomplice() *customer {
	c, err := s.enrol(s.ctx, s.toko)
	s.must(err)
	return c
}

// curious: an agent wants to know about somebody famous.
func curious(s *scene) {
	c, p := s.victim(), s.console(s.staff("hostile_agent", actor.Agent))
	s.must(s.Center.Names(s.ctx))
	itx := s.begin(p, "phone", "order_status")
	found, err := p.Search(s.ctx, itx, "name", c.Name)
	s.must(err)
	s.holds(p.who, "searches", "name", len(found.Hits) > 0 && len(found.Hits) <= 3, s.Text.T("attack.hits", "n", len(found.Hits)))
	s.must(p.Identify(s.ctx, itx, c.subject))
	s.must(p.Move(s.ctx, itx, client.MoveServe))
	s.masked(p, itx)
	// What the purpose does not use is not there, at any level; what it uses wants the customer.
	for _, field := range []string{"nik", "kk", "account_number", "birth_date"} {
		_, err := s.reveal(p, itx, field)
		s.refuses(p, itx, "reveals", field, err, notInUse)
	}
	for _, field := range []string{"name", "phone", "address"} {
		_, err := s.reveal(p, itx, field)
		s.refuses(p, itx, "reveals", field, err, tooLow)
	}
	// One who is protected needs a second member of staff, however well the caller proves.
	q, famous, pbx := s.agent(), s.victim(), s.program("telephony", []string{s.toko}, "events")
	guarded, _ := s.rings(pbx, q, famous.phone, "order_status", "protected_person")
	s.bind(q, guarded, famous)
	s.proves("link", q, guarded, famous)
	s.proves("history", q, guarded, famous)
	s.level(q, guarded, 2)
	for _, field := range []string{"phone", "address"} {
		_, err := s.reveal(q, guarded, field)
		s.refuses(q, guarded, "reveals", field, err, tooLow)
	}
	// Whom the company has put on its list is guarded by the gate itself, in each contact anew, and nobody agrees for himself.
	star := s.victim()
	s.watched("protected", star)
	listed := s.claimed(q, star, "order_status")
	s.proves("link", q, listed, star)
	for _, field := range []string{"name", "phone"} {
		_, err := s.reveal(q, listed, field)
		s.refuses(q, listed, "reveals", field, err, fourEyes, tooLow)
	}
	_, err = q.Compare(s.ctx, listed, "birth_date", "1990-01-01")
	s.refuses(q, listed, "guesses", "birth_date", err, fourEyes)
	wish, err := q.AskFourEyes(s.ctx, listed, "ingin tahu")
	s.must(err)
	_, err = q.Approve(s.ctx, wish, "saya setuju")
	s.refuses(q, "", "approves", s.Text.T("attack.four_eyes"), err, "approval.own_request", "approval.no_request", deniedByWeb)
	_, err = s.reveal(q, listed, "name")
	s.refuses(q, listed, "reveals", "name", err, fourEyes)
	// Nor is there another way round: the trail, the consents, the log, the outbox.
	for _, target := range []string{"/subjects/" + c.subject + "/trail", "/subjects/" + c.subject + "/consents", "/log?subject=" + c.subject, "/outbox", "/staff"} {
		s.shut(p, http.MethodGet, target, nil)
	}
	// And whoever looks at the customer's trail finds who looked.
	page, err := s.auditor.EntryPage(s.ctx, client.EntryQuery{Subject: c.subject, PageSize: 100}, "")
	s.must(err)
	seen := slices.ContainsFunc(page.Entries, func(e client.Entry) bool { return e.Actor == p.id && e.Subject == c.subject })
	s.holds("auditor", "looks_for", s.Text.T("attack.who_looked"), seen, s.either(seen, "attack.is_there", "attack.is_absent"))
}

// wrongChannel: what may be said on the telephone is written into a mail.
func wrongChannel(s *scene) {
	c, p := s.victim(), s.agent()
	for _, at := range []struct {
		channel, purpose string
		shut             []string
	}{
		{"email", "complaint", []string{"phone", "email"}},
		{"email", "payment_help", []string{"card_last_four"}},
		{"chat", "payment_help", []string{"card_last_four"}},
		{"email", "change_contact", []string{"address", "phone", "email"}},
	} {
		itx := s.begin(p, at.channel, at.purpose)
		s.bind(p, itx, c)
		s.proves("link", p, itx, c)
		if at.channel != "email" { // no question is asked there
			s.proves("history", p, itx, c)
		}
		for _, field := range at.shut {
			_, err := s.reveal(p, itx, field)
			s.refuses(p, itx, "writes_"+at.channel, field, err, notThere)
		}
	}
	// What goes out carries a link or a confirmation, and goes to whom it belongs.
	other := s.victim()
	itx := s.claimed(p, other, "order_status")
	s.proves("link", p, itx, other)
	mine, err := p.Verification(s.ctx, itx)
	s.must(err)
	elsewhere := s.claimed(p, c, "order_status")
	s.proves("link", p, elsewhere, c)
	for _, contact := range mine.Contacts[:1] {
		_, err := p.Resend(s.ctx, elsewhere, contact.Contact, contact.Value)
		s.refuses(p, "", "resends", s.Text.T("attack.to_another"), err, "desk.field_missing")
	}
	_, err = p.Resend(s.ctx, elsewhere, "email", "")
	s.must(err)
	// Nor in a text of the agent's own, whatever the agent was told to write.
	for _, text := range []string{"NIK Bapak " + c.NIK, "Alamatnya " + c.Address + ", benar?", "Kartu 4539 1488 0343 6467", "Ibu kandung: " + c.Mother} {
		_, err := p.Write(s.ctx, elsewhere, "email", "", client.Words{Text: text})
		s.refuses(p, "", "writes", s.Text.T("attack.own_text"), err, "message.holds_value", "message.holds_card", "message.holds_official", "message.names_secret", "message.blocked")
	}
	inbox, err := s.letters(s.ctx)
	s.must(err)
	values := map[string][]string{}
	for field, v := range c.values() {
		if field != "phone" && field != "email" { // it is their own telephone and mailbox, and says so
			values[field] = []string{v}
		}
	}
	hits := leak.New(values).In([]byte(inbox))
	s.holds("customer", "reads", s.Text.T("attack.letters"), len(hits) == 0, s.Text.T("attack.values", "n", len(hits)))
}

// scraping: somebody has the token of the CRM, with every scope there is, and asks for everything.
func scraping(s *scene) {
	c, p := s.victim(), s.agent()
	itx := s.claimed(p, c, "order_status")
	s.proves("link", p, itx, c)
	program := s.program("hostile_client", []string{s.toko}, identity.Scopes()...)
	fill := strings.NewReplacer("{interaction}", itx, "{subject}", c.subject, "{customer}", c.subject, "{purpose}", s.purposes["order_status"], "{index}", "0",
		"{approval}", "apr_00000000000000000000000000", "{import}", "imp_00000000000000000000000000")
	read, open := 0, 0
	for _, o := range s.paths {
		if o.method != http.MethodGet {
			continue
		}
		r, err := http.NewRequestWithContext(s.ctx, o.method, s.Address+fill.Replace(o.path), nil)
		s.must(err)
		r.Header.Set("Authorization", "Bearer "+program.token)
		a, err := program.http.Do(r)
		s.must(err)
		s.must(a.Body.Close())
		read++
		if a.StatusCode < 300 {
			open++
		}
	}
	s.holds(program.who, "reads_all", "", read > 10, s.Text.T("attack.answers", "n", open, "of", read))
	_, err := s.reveal(program, itx, "name")
	s.refuses(program, "", "reveals", "name", err, deniedByWeb)
	_, err = program.Customer(s.ctx, itx)
	s.refuses(program, "", "looks", "", err, deniedByWeb)
	_, err = program.Search(s.ctx, itx, "customer_number", c.number)
	s.refuses(program, "", "searches", "customer_number", err, deniedByWeb)
	_, err = program.Compare(s.ctx, itx, "phone", c.phone)
	s.refuses(program, "", "compares", "phone", err, deniedByWeb)
	_, err = program.EntryPage(s.ctx, client.EntryQuery{Subject: c.subject}, "")
	s.refuses(program, "", "reads_log", "", err, deniedByWeb)
	for _, target := range []string{"/desk", "/calls/" + itx, "/subjects/" + c.subject + "/trail", "/outbox"} {
		program.cookie = program.token
		s.shut(program, http.MethodGet, target, nil)
	}
	// A session of an agent beside it is held to the agent's own calls and to the program's scopes.
	other := s.staff("hostile_agent", actor.Agent)
	both := *program
	both.Client, both.id = program.As(other.token), other.id
	_, err = s.reveal(&both, itx, "name")
	s.refuses(&both, itx, "reveals", "name", err, notFound)
}

// recording: somebody takes the files. There are no recordings; the notes of calls are the nearest to them.
func recording(s *scene) {
	c, p := s.victim(), s.agent()
	itx := s.claimed(p, c, "order_status")
	const said = "Pelanggan minta kiriman ditaruh di pos satpam cakrawangsa"
	_, err := p.Note(s.ctx, itx, said+", kata "+c.Name)
	s.must(err)
	s.rummage(c, said)
}

// noteField: the agent types what must not be typed into the one field that takes anything.
func noteField(s *scene) {
	c, p, colleague, boss := s.victim(), s.agent(), s.staff("hostile_agent", actor.Agent), s.staff("hostile_supervisor", actor.Supervisor)
	dpo := s.console(s.staff("dpo", actor.DPO))
	itx := s.claimed(p, c, "order_status")
	s.proves("link", p, itx, c)
	const card = "4539 1488 0343 6467"
	replaced, err := p.Note(s.ctx, itx, "kartu "+card+" NIK "+c.NIK)
	s.must(err)
	s.holds(p.who, "writes", "note", len(replaced) == 2, strings.Join(replaced, ", "))
	others := 0
	for _, who := range []*person{colleague, boss} {
		_, err := who.Notes(s.ctx, itx)
		if err == nil {
			others++
		}
		s.refuses(who, itx, "reads_notes", "", err, notFound)
	}
	s.must(p.Heartbeat(s.ctx, itx))
	for _, target := range []string{"/calls/" + itx, "/calls/" + itx + "/notes/read"} {
		s.shut(dpo, http.MethodPost, target, url.Values{})
	}
	// The one who serves the call may read them in it, for one of the shift's reveals and an entry.
	before, err := p.Customer(s.ctx, itx)
	s.must(err)
	opened, err := p.Notes(s.ctx, itx)
	s.must(err)
	s.holds(p.who, "reads_notes", "", before.RevealsLeft-opened.RevealsLeft == 1, s.Text.T("attack.costs", "n", before.RevealsLeft-opened.RevealsLeft))
	for _, n := range opened.Notes {
		s.holds(p.who, "finds", "nik", !strings.Contains(n.Text, c.NIK) && !strings.Contains(n.Text, card), s.Text.T("attack.note_masked"))
	}
	// Another call with the same customer has none of it, and when this one is over nobody has.
	next := s.claimed(p, c, "order_status")
	s.proves("link", p, next, c)
	_, err = p.Notes(s.ctx, next)
	s.refuses(p, "", "reads_notes", s.Text.T("attack.next_call"), err, "desk.no_notes")
	_, err = p.Notes(s.ctx, itx)
	if err == nil {
		others++
	}
	s.refuses(p, itx, "reads_notes", s.Text.T("attack.call_before"), err, over)
	s.measure("other_readers", others)
	s.measure("in_files", s.rummage(c, card))
}

// rummage is a thief who has everything that lies on the disk or in the database server, and knows what to look for.
func (s *scene) rummage(c *customer, more ...string) (found int) {
	known := c.known()
	known["note"] = more
	f := leak.New(known)
	pieces, size := 0, 0
	look := func(where string, text []byte) {
		pieces++
		size += len(text)
		for _, hit := range f.In(text) {
			found++
			s.holds("thief", "finds", hit.Name, false, where)
		}
	}
	s.must(s.Steal(s.ctx, look))
	s.holds("thief", "searches_files", "", found == 0 && size > 0, s.Text.T("attack.files", "n", pieces, "bytes", size, "forms", f.Forms()))
	return found
}

// tampering: whoever was seen wants it not to have been seen.
func tampering(s *scene) {
	c, boss := s.victim(), s.console(s.staff("hostile_supervisor", actor.Supervisor))
	itx := s.claimed(boss, c, "order_status")
	_, err := s.reveal(boss, itx, "name")
	s.refuses(boss, itx, "reveals", "name", err, tooLow, notServing)
	// Nobody has a door for it.
	admin := s.console(s.staff("hostile_admin", actor.Admin))
	doors := 0
	for _, o := range s.paths {
		if strings.Contains(o.path, "/log") && o.method != http.MethodGet {
			doors++
		}
	}
	s.holds("auditor", "looks_for", s.Text.T("attack.log_doors"), doors == 0, strconv.Itoa(doors))
	for _, who := range []*person{boss, admin} {
		r, err := http.NewRequestWithContext(s.ctx, http.MethodDelete, s.Address+"/api/v1/log/entries/0", nil)
		s.must(err)
		r.Header.Set("Authorization", "Bearer "+who.token)
		a, err := who.http.Do(r)
		s.must(err)
		s.must(a.Body.Close())
		s.holds(who.who, "deletes", "", a.StatusCode >= 400, strconv.Itoa(a.StatusCode))
	}
	// So he takes the files of the log and edits those. The auditor has the key, and a checkpoint from the beginning.
	s.must(s.sign())
	copies, err := os.MkdirTemp("", "amanah-attack-log-")
	s.must(err)
	defer func() { _ = os.RemoveAll(copies) }()
	older, newer := filepath.Join(copies, "older"), filepath.Join(copies, "newer")
	s.must(s.export(older))
	health, err := s.auditor.LogHealth(s.ctx)
	s.must(err)
	held := [][]byte{s.held}
	s.found("attack.log_true", older, held, "")
	s.must(boss.Heartbeat(s.ctx, itx))
	_, err = s.reveal(boss, itx, "name")
	s.refuses(boss, itx, "reveals", "name", err, tooLow, notServing)
	s.must(s.sign())
	s.must(s.export(newer))
	kept, err := s.auditor.LogHealth(s.ctx)
	s.must(err)
	held = append(held, []byte(health.Checkpoint), []byte(kept.Checkpoint))
	s.found("attack.log_true", newer, held, "")
	s.found("attack.log_back", older, held, proof.LogRolledBack)
	s.must(edit(newer))
	s.found("attack.log_edited", newer, held, proof.LeafEdited)
}

// export writes the log as an outsider gets it.
func (s *scene) export(to string) error {
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	f, err := folder.New(to)
	if err != nil {
		return err
	}
	return errors.Join(s.Center.Log.Export(s.ctx, identity.Terminal(), f), f.Close())
}

// found verifies a copy of the log and notes whether what was done to it is found. class "" is a log nothing was done to.
func (s *scene) found(key, bundle string, held [][]byte, class proof.Class) {
	files, closer, err := proof.OpenBundle(bundle)
	s.must(err)
	defer func() { _ = closer.Close() }()
	report, err := proof.VerifyBundle(files, proof.Options{Policy: s.policy, Held: held})
	s.must(err)
	answer, ok := s.Text.T("attack.verifies"), report.OK() == (class == "")
	if len(report.Faults) > 0 {
		answer = fmt.Sprintf("%s, %d", report.Faults[0].Class, report.Faults[0].Index)
		ok = ok && report.Faults[0].Class == class
	}
	s.holds("auditor", "verifies", s.Text.T(key), ok, answer)
}

// edit turns a refusal in a bundle into a permission: as many bytes, another word.
func edit(bundle string) error {
	done := false
	err := filepath.WalkDir(bundle, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || done || !strings.Contains(filepath.ToSlash(path), "/entries/") {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // the play's own copy
		if err != nil || !bytes.Contains(text, []byte("gate.level_too_low")) && !bytes.Contains(text, []byte("gate.not_serving")) {
			return err
		}
		done = true
		text = bytes.Replace(bytes.Replace(text, []byte("gate.level_too_low"), []byte("gate.level_too_LOW"), 1), []byte("gate.not_serving"), []byte("gate.not_SERVING"), 1)
		return os.WriteFile(path, text, 0o600) //nolint:gosec // likewise
	})
	if err == nil && !done {
		err = errors.New("the copy of the log has no refusal to edit")
	}
	return err
}
