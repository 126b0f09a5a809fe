package attack

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/app/leak"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/proof"
)

// scene is one row being played. Its verbs are what people do; each notes what was tried and what came of it.
type scene struct {
	*Stage
	ctx     context.Context //nolint:containedctx // a scene is as long as its context
	row     Row
	out     Result
	failed  bool
	victims []*customer
	finder  *leak.Finder // of the victims' values
	may     []string     // fields that may be seen in the clear just now
	owed    []owed       // entries that the log must have
}

// owed is an entry that a refusal must have left.
type owed struct{ actor, interaction, reason string }

// stuck ends a scene whose own preparation did not work: it could not be played, which is a failure.
type stuck struct{ error }

func newScene(ctx context.Context, st *Stage, row Row) *scene {
	return &scene{Stage: st, ctx: ctx, row: row, out: Result{
		Row: row.Number, Name: row.Name, Title: st.Text.T("attack.row_" + row.Name + "_title"), Control: st.Text.T("attack.row_" + row.Name + "_control"),
		Attempts: []Attempt{}, Entries: []Entry{},
	}}
}

// act plays the row. A scene that gets stuck is failed, and says where.
func (s *scene) act() {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case stuck:
			s.fail("attack.why_stuck", "problem", e.Error())
		default:
			panic(e)
		}
	}()
	for _, word := range s.row.Absent {
		has := ""
		for _, o := range s.paths {
			if strings.Contains(o.path, word) {
				has = o.method + " " + o.path
			}
		}
		s.holds("auditor", "looks_for", s.Text.T("attack.surface", "what", word), has == "", s.either(has == "", "attack.is_absent", "attack.is_there"))
	}
	s.row.play(s)
	s.prove()
}

// judge comes to the verdict.
func (s *scene) judge() {
	for _, l := range s.row.Limits {
		if !slices.ContainsFunc(s.out.Measured, func(m Measured) bool { return m.What == l.What }) {
			s.fail("attack.why_unmeasured", "what", s.Text.T("attack.bound_"+l.What))
		}
	}
	switch {
	case s.failed:
		s.out.Verdict = Failed
	case len(s.row.Absent) > 0:
		s.out.Verdict = NoSurface
	case s.row.Left:
		s.out.Verdict = Bounded
	default:
		s.out.Verdict = Blocked
	}
	if key := "attack.row_" + s.row.Name + "_left"; s.Text.Has(key) {
		s.out.Left = s.Text.T(key)
	}
}

// fail fails the row and keeps the first reason.
func (s *scene) fail(key string, pairs ...any) {
	if s.failed = true; s.out.Why == "" {
		s.out.Why = s.Text.T(key, pairs...)
	}
}

// must ends the scene when its preparation failed.
func (s *scene) must(err error) {
	if err != nil {
		panic(stuck{err})
	}
}

func (s *scene) either(yes bool, one, other string) string {
	if yes {
		return s.Text.T(one)
	}
	return s.Text.T(other)
}

// holds notes a check that has its answer already.
func (s *scene) holds(who, do, what string, ok bool, answer string) {
	if label := s.labels[what]; label != "" { // a field, by the name that people know
		what = label
	}
	a := Attempt{Who: s.Text.T("attack.who_" + who), What: s.Text.T("attack.do_"+do, "what", what), Answer: answer, Held: ok}
	s.out.Attempts = append(s.out.Attempts, a)
	if !ok {
		s.fail("attack.why_held", "who", a.Who, "what", a.What, "answer", a.Answer)
	}
}

// refuses notes an attempt that must be refused with one of the codes. What the gate refuses in a call leaves an entry.
func (s *scene) refuses(p *person, itx, do, what string, err error, codes ...string) {
	code := client.Code(err)
	ok := err != nil && slices.Contains(codes, code)
	answer := s.Text.T("attack.allowed")
	if e := (*client.Error)(nil); errors.As(err, &e) {
		answer = s.Text.T("attack.refused", "code", e.Code)
		if e.Code == "" {
			answer = s.Text.T("attack.refused", "code", strconv.Itoa(e.Status))
		}
	} else if err != nil {
		s.must(err)
	}
	s.holds(p.who, do, what, ok, answer)
	if ok && itx != "" && strings.HasPrefix(code, "gate.") {
		s.owed = append(s.owed, owed{p.id, itx, code})
	}
}

// shut notes a page that must not open: sent away, forbidden, unknown or gone.
func (s *scene) shut(p *person, method, target string, form url.Values) {
	a, err := s.page(s.ctx, p, method, target, form)
	s.must(err)
	shut := a.status >= 400 && a.status < 500 || a.status == http.StatusSeeOther && strings.HasPrefix(a.header.Get("Location"), "/sign-in")
	s.holds(p.who, "opens", method+" "+anonymous(target), shut, strconv.Itoa(a.status))
}

// anonymous is an address without the ids in it.
func anonymous(target string) string {
	parts := strings.Split(target, "/")
	for i, part := range parts {
		if len(part) > 20 {
			parts[i] = "…"
		}
	}
	return strings.Join(parts, "/")
}

// measure notes how much is left and fails the row when it is more than the row promises.
func (s *scene) measure(what string, got int) {
	i := slices.IndexFunc(s.row.Limits, func(l Limit) bool { return l.What == what })
	if i < 0 {
		s.must(fmt.Errorf("%s is not among the limits of row %d", what, s.row.Number))
	}
	m := Measured{What: what, Text: s.Text.T("attack.bound_" + what), Got: got, Most: s.row.Limits[i].Most}
	s.out.Measured = append(s.out.Measured, m)
	if m.Got > m.Most {
		s.fail("attack.why_beyond", "what", m.Text, "got", m.Got, "most", m.Most)
	}
}

// answered looks for raw values of the victims in what somebody on stage was answered.
func (s *scene) answered(r *http.Request, a *http.Response, body []byte) {
	if s.finder == nil {
		return
	}
	var head bytes.Buffer
	_ = a.Header.Write(&head)
	for _, hit := range s.finder.In(append(head.Bytes(), body...)) {
		field, _, _ := strings.Cut(hit.Name, " ")
		if !slices.Contains(s.may, field) {
			s.holds("victim", "is_seen", field, false, r.Method+" "+anonymous(r.URL.Path))
		}
	}
}

// seeing lets fields be seen in the clear while do runs.
func (s *scene) seeing(fields []string, do func()) {
	s.may = fields
	defer func() { s.may = nil }()
	do()
}

// victim is a new customer whose values must not be seen.
func (s *scene) victim() *customer {
	c, err := s.enrol(s.ctx, s.toko)
	s.must(err)
	s.victims = append(s.victims, c)
	values := map[string][]string{}
	for _, v := range s.victims {
		for field, spellings := range v.known() {
			values[field+" "+v.subject] = spellings
		}
	}
	s.finder = leak.New(values)
	return c
}

// staff is a member of staff who is not in this scene yet; who is the name of their part.
func (s *scene) staff(who string, role actor.Role, controllers ...string) *person {
	if len(controllers) == 0 {
		controllers = []string{s.toko}
	}
	p := s.recast(s, role, controllers)
	if p == nil {
		p = s.newcomer(role, controllers...)
		s.pool = append(s.pool, p)
	}
	p.who, p.watch.scene, p.seen = who, s, s.Clock.Now()
	p.parts++
	return p
}

// newcomer is a member of staff who has done nothing yet, and plays in this scene only.
func (s *scene) newcomer(role actor.Role, controllers ...string) *person {
	p, err := s.hire(s.ctx, s, role, controllers...)
	s.must(err)
	p.who = string(role)
	return p
}

func (s *scene) agent() *person { return s.staff("agent", actor.Agent) }

// program is an API client on stage.
func (s *scene) program(who string, controllers []string, scopes ...string) *person {
	id, key, err := s.Center.Client(s.ctx, who, scopes, controllers)
	s.must(err)
	p := &person{who: who, id: id, token: key, http: s.http(&watch{s})}
	p.Client, err = s.client(p.http, key)
	s.must(err)
	return p
}

// console opens the console for a member of staff.
func (s *scene) console(p *person) *person {
	if p.cookie == "" {
		s.must(s.browse(s.ctx, p))
	}
	return p
}

// pass lets so much time go by that everybody's session is over: the auditor is another one then.
func (s *scene) pass(d time.Duration) {
	s.Clock.Wait(d)
	next, err := s.hire(s.ctx, nil, actor.Auditor, s.toko, s.bank)
	s.must(err)
	s.auditor = next
}

// begin starts a contact by hand and states its purpose.
func (s *scene) begin(p *person, channel, slug string) string {
	itx, err := p.StartInteraction(s.ctx, client.Opening{Controller: s.toko, Channel: channel, Direction: "inbound", Queue: "layanan"})
	s.must(err)
	s.must(p.Heartbeat(s.ctx, itx))
	s.must(p.ChoosePurpose(s.ctx, itx, s.purposes[slug], "id"))
	return itx
}

// bind finds the customer by number and binds them: the caller claims to be the customer, which is worth V1.
func (s *scene) bind(p *person, itx string, c *customer) {
	found, err := p.Search(s.ctx, itx, "customer_number", c.number)
	s.must(err)
	if len(found.Hits) != 1 {
		s.must(fmt.Errorf("%d customers have one number", len(found.Hits)))
	}
	s.must(p.Identify(s.ctx, itx, found.Hits[0].Subject))
}

// claimed is a phone call in which somebody claims to be the customer.
func (s *scene) claimed(p *person, c *customer, slug string) string {
	itx := s.begin(p, "phone", slug)
	s.bind(p, itx, c)
	return itx
}

// rings lets a call ring as the telephone system reports it, and the agent takes it.
func (s *scene) rings(pbx, p *person, from, slug string, risks ...string) (itx, contact string) {
	return s.comes(pbx, p, "phone", from, slug, risks...)
}

// comes lets a contact come in on a channel, as rings does.
func (s *scene) comes(pbx, p *person, channel, from, slug string, risks ...string) (itx, contact string) {
	contact = "call-" + p.login + strconv.Itoa(len(s.out.Attempts)) + strconv.FormatInt(s.Clock.Now().UnixNano(), 36)
	out, err := pbx.ReportEvent(s.ctx, client.Event{ID: contact + "-1", Source: "pbx", Type: "contact.offered", Contact: contact, Sequence: 1,
		Data: client.EventData{Controller: s.toko, Channel: channel, Direction: "inbound", Queue: "layanan", From: from, Risks: risks}})
	s.must(err)
	s.must(p.Accept(s.ctx, out.Interaction))
	s.must(p.Heartbeat(s.ctx, out.Interaction))
	s.must(p.ChoosePurpose(s.ctx, out.Interaction, s.purposes[slug], "id"))
	return out.Interaction, contact
}

// level is the level of the caller now, noted against what it must be.
func (s *scene) level(p *person, itx string, want int) {
	v, err := p.Verification(s.ctx, itx)
	s.must(err)
	s.holds(p.who, "level", "V"+strconv.Itoa(want), v.Level == want, "V"+strconv.Itoa(v.Level))
}

// reveal asks for values and says why it was refused, if it was.
func (s *scene) reveal(p *person, itx string, fields ...string) (client.Revealed, error) {
	return p.Reveal(s.ctx, itx, client.Reveal{Fields: fields, Reason: "diminta penelepon"})
}

// way is a way to prove to be the customer. A new method of verification is one more row; the document test fails until it has one.
type way struct {
	name   string
	routes []string // of the API that belong to it
	level  int      // what it gives when it is answered rightly, alone
	relay  bool     // a deceived customer can be talked into it by somebody who relays
	word   bool     // it rests on somebody's word: without what must stand behind it, it is refused
	prove  func(s *scene, p *person, itx string, c *customer)
}

// ways are those that the suite knows how to play.
func ways() []way {
	return []way{
		{name: "link", routes: []string{"POST /api/v1/interactions/{interaction}/verification/link"}, level: 2, relay: true, prove: func(s *scene, p *person, itx string, _ *customer) {
			one, err := p.SendLink(s.ctx, itx, "")
			s.must(err)
			link, err := s.link(s.ctx)
			s.must(err)
			s.must(s.answer(s.ctx, link, strconv.Itoa(one.Number)))
		}},
		{name: "history", routes: []string{"POST /api/v1/interactions/{interaction}/verification/answer"}, level: 1, prove: func(s *scene, p *person, itx string, c *customer) {
			v, err := p.Verification(s.ctx, itx)
			s.must(err)
			if len(v.Questions) > 0 {
				_, err = p.Answer(s.ctx, itx, v.Questions[0].Kind, c.said(v.Questions[0].Kind))
				s.must(err)
			}
		}},
		// Somebody's word that we called, and that a colleague agrees, is worth nothing: the exchange must have reported the one,
		// and a second person must have decided the other.
		{name: "call_back", routes: []string{"POST /api/v1/interactions/{interaction}/verification/call-back"}, word: true, level: 1, prove: func(s *scene, p *person, itx string, _ *customer) {
			s.refuses(p, "", "proves_by", s.Text.T("attack.way_call_back"), p.CallBack(s.ctx, itx), "verification.no_call_back")
		}},
		{name: "second", routes: []string{"POST /api/v1/interactions/{interaction}/verification/second"}, word: true, level: 1, prove: func(s *scene, p *person, itx string, _ *customer) {
			_, err := p.AskSecond(s.ctx, itx, "saya yakin ini orangnya")
			s.refuses(p, "", "proves_by", s.Text.T("attack.way_second"), err, "verification.second_level")
		}},
		// Ending the passkeys proves nothing; who could do it for an unverified caller would leave only the weaker ways.
		{name: "passkeys", routes: []string{"POST /api/v1/interactions/{interaction}/verification/passkeys/revoke", "POST /api/v1/interactions/{interaction}/verification/passkeys/{passkey}/revoke"}, word: true, level: 1, prove: func(s *scene, p *person, itx string, _ *customer) {
			s.refuses(p, "", "proves_by", s.Text.T("attack.way_passkeys"), p.EndPasskeys(s.ctx, itx), "verification.passkey_level")
			s.refuses(p, "", "proves_by", s.Text.T("attack.way_passkeys"), p.EndPasskey(s.ctx, itx, "pky_00000000000000000000000000"), "verification.passkey_level")
		}},
	}
}

// said is what the customer would answer to a question about their history.
func (c *customer) said(kind string) string {
	for _, f := range c.History {
		if f.Kind == kind {
			return f.Value
		}
	}
	return ""
}

// prove proves with a way by its name.
func (s *scene) proves(name string, p *person, itx string, c *customer) {
	for _, w := range ways() {
		if w.name == name {
			w.prove(s, p, itx, c)
		}
	}
}

// prove finds the entries that the refusals left and proves each, offline, against the pinned key.
func (s *scene) prove() {
	if len(s.owed) == 0 {
		return
	}
	s.must(s.sign())
	found := map[string][]client.Entry{} // by interaction
	seen := map[uint64]bool{}
	for _, o := range s.owed {
		if _, ok := found[o.interaction]; !ok {
			page, err := s.auditor.EntryPage(s.ctx, client.EntryQuery{Interaction: o.interaction, PageSize: 200}, "")
			s.must(err)
			found[o.interaction] = page.Entries
		}
		i := slices.IndexFunc(found[o.interaction], func(e client.Entry) bool {
			return e.Actor == o.actor && e.Reason == o.reason && e.Decision == "denied" && !seen[e.Index]
		})
		if i < 0 {
			s.holds("auditor", "looks_for", s.Text.T("attack.an_entry", "code", o.reason), false, s.Text.T("attack.no_entry"))
			continue
		}
		e := found[o.interaction][i]
		seen[e.Index] = true
		s.proved(e)
	}
	slices.SortFunc(s.out.Entries, func(a, b Entry) int { return cmp.Compare(a.Index, b.Index) })
	s.holds("auditor", "proves", strconv.Itoa(len(s.out.Entries)), len(s.out.Entries) == len(s.owed), s.Text.T("attack.proved", "n", len(s.out.Entries)))
}

// proved fetches an entry with its proof and checks it with nothing but package proof and the key.
func (s *scene) proved(e client.Entry) {
	got, err := s.auditor.Entry(s.ctx, e.Origin, e.Index)
	s.must(err)
	inclusion, err := proof.ParseInclusion([]byte(got.Proof))
	if err == nil {
		var signed proof.Signed
		if signed, err = inclusion.Verify(got.Entry.Leaf, s.policy); err == nil && inclusion.Index == int64(e.Index) { //nolint:gosec // an index of a log
			var leaf proof.Leaf
			if leaf, err = proof.ParseLeaf(got.Entry.Leaf); err == nil && leaf.Reason == e.Reason && leaf.Decision == e.Decision && leaf.Actor == e.Actor && leaf.Interaction == e.Interaction {
				s.out.Entries = append(s.out.Entries, Entry{Origin: e.Origin, Index: e.Index, Action: leaf.Action, Decision: leaf.Decision, Reason: leaf.Reason, Size: signed.Size, Proof: got.Proof})
				return
			}
		}
	}
	s.holds("auditor", "proves", strconv.FormatUint(e.Index, 10), false, s.Text.T("attack.not_proved"))
}

// sign has the log signed now, so that the newest entries can be proved.
func (s *scene) sign() error {
	if s.auditor.cookie == "" {
		if err := s.browse(s.ctx, s.auditor); err != nil {
			return err
		}
	}
	_, err := s.page(s.ctx, s.auditor, http.MethodPost, "/log/sign", url.Values{})
	return err
}
