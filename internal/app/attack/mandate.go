package attack

import (
	"time"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

const (
	notStanding = "mandate.not_standing"
	beyondScope = "gate.mandate_scope"
)

// child is a victim who comes of age in so many days.
func (s *scene) child(days int) *customer {
	s.birthday = s.Clock.Now().AddDate(-18, 0, days)
	defer func() { s.birthday = time.Time{} }()
	return s.victim()
}

// guardian is a mandate of a guardian for a child, as it is honestly asked for: until so many days from now.
func (s *scene) guardian(number string, days int) client.NewMandate {
	day := func(n int) string { return s.Clock.Now().AddDate(0, 0, n).Format(time.DateOnly) }
	return client.NewMandate{Kind: "guardian", Name: "Joko Priyono", Contact: "phone", Value: "+6284900000008", Document: "court_order", Number: number, Dated: day(-1), Until: day(days),
		Reason: "penetapan asli diperlihatkan", Scope: &client.Scope{Purposes: []string{s.purposes["order_status"]}, Verbs: []string{"mask", "reveal", "act"}, Fields: []string{"name", "address"}}}
}

// records has a guardian recorded in a call in which the child was verified, and a second person agree.
func (s *scene) records(p *person, itx string, boss *person, n client.NewMandate) string {
	made, err := p.RecordMandate(s.ctx, itx, n)
	s.must(err)
	_, err = boss.Approve(s.ctx, made.Request, "penetapan diperiksa")
	s.must(err)
	return made.ID
}

// verified is a call about a customer who has answered a link.
func (s *scene) verified(c *customer) (p *person, itx string) {
	p = s.agent()
	itx = s.claimed(p, c, "order_status")
	s.proves("link", p, itx, c)
	return p, itx
}

// mandates: somebody with a paper. A forged one, one that says more than any may, one of somebody else, one that ran out, one
// that is revoked while they speak, and a guardian's after the child's eighteenth birthday.
func (s *scene) mandates() {
	a, b, boss := s.child(20), s.child(900), s.staff("supervisor", actor.Supervisor)

	// The child alone: nothing, before the guardian speaks or has agreed.
	p, itx := s.verified(a)
	s.must(p.Move(s.ctx, itx, client.MoveServe))
	_, err := s.reveal(p, itx, "name")
	s.refuses(p, itx, "reveals", "name", err, "gate.guardian_needed")

	// What is asked for with the paper: more than any mandate gives, longer than a childhood.
	greedy := s.guardian("12/Pdt.P/1", 10)
	greedy.Scope.Fields = append(greedy.Scope.Fields, "mother_maiden_name")
	_, err = p.RecordMandate(s.ctx, itx, greedy)
	s.refuses(p, "", "records", s.Text.T("attack.paper_greedy"), err, "mandate.never")
	_, err = p.RecordMandate(s.ctx, itx, s.guardian("12/Pdt.P/1", 40))
	s.refuses(p, "", "records", s.Text.T("attack.paper_long"), err, "mandate.beyond_adulthood")
	waits, err := p.RecordMandate(s.ctx, itx, s.guardian("12/Pdt.P/0", 10))
	s.must(err)
	s.refuses(p, "", "speaks_by", s.Text.T("attack.paper_waiting"), p.Speaker(s.ctx, itx, waits.ID), notStanding)
	_, err = p.Approve(s.ctx, waits.Request, "saya setuju")
	s.refuses(p, "", "approves", s.Text.T("attack.paper"), err, "approval.own_request", deniedByWeb)
	short, long, forged := s.records(p, itx, boss, s.guardian("12/Pdt.P/1", 5)), s.records(p, itx, boss, s.guardian("12/Pdt.P/2", 18)), s.records(p, itx, boss, s.guardian("12/Pdt.P/3", 18))
	q, other := s.verified(b)
	theirs := s.records(q, other, boss, s.guardian("12/Pdt.P/4", 60))
	s.must(boss.EndMandate(s.ctx, forged, "forged"))
	_, err = q.RecordMandate(s.ctx, other, s.guardian("12 Pdt P 3", 30))
	s.refuses(q, "", "records", s.Text.T("attack.paper_forged"), err, "mandate.document_forged")

	// A week later: the one that ran out, the one of somebody else, and within the right one more than it says.
	s.pass(8 * 24 * time.Hour)
	p, boss = s.agent(), s.staff("supervisor", actor.Supervisor)
	itx = s.claimed(p, a, "order_status")
	s.refuses(p, "", "speaks_by", s.Text.T("attack.paper_over"), p.Speaker(s.ctx, itx, short), notStanding)
	s.refuses(p, "", "speaks_by", s.Text.T("attack.paper_other"), p.Speaker(s.ctx, itx, theirs), "mandate.unknown")
	s.must(p.Speaker(s.ctx, itx, long))
	s.proves("link", p, itx, a)
	s.level(p, itx, 2)
	s.seeing([]string{"name"}, func() {
		_, err = s.reveal(p, itx, "name")
		s.must(err)
	})
	for _, field := range []string{"phone", "case_reference"} {
		_, err := s.reveal(p, itx, field)
		s.refuses(p, itx, "reveals", field, err, beyondScope)
	}
	_, err = s.reveal(p, itx, "address")
	s.refuses(p, itx, "reveals", "address", err, tooLow)
	_, err = p.AskSecond(s.ctx, itx, "mau ganti nomor anak")
	s.refuses(p, "", "proves_by", s.Text.T("attack.way_second"), err, "verification.represented_level")
	_, err = p.RecordMandate(s.ctx, itx, s.guardian("12/Pdt.P/5", 10))
	s.refuses(p, itx, "records", s.Text.T("attack.paper_further"), err, "gate.mandate_appoints")

	// It is revoked while they speak.
	s.must(boss.EndMandate(s.ctx, long, "dispute"))
	_, err = s.reveal(p, itx, "name")
	s.refuses(p, itx, "reveals", "name", err, "gate.mandate_revoked")
	s.level(p, itx, 1)

	// And a guardian goes on speaking after the birthday.
	last := s.child(12)
	q, other = s.verified(last)
	grown := s.records(q, other, boss, s.guardian("12/Pdt.P/6", 11))
	s.pass(13 * 24 * time.Hour)
	p = s.agent()
	itx = s.claimed(p, last, "order_status")
	s.refuses(p, "", "speaks_by", s.Text.T("attack.paper_grown"), p.Speaker(s.ctx, itx, grown), notStanding)
	s.level(p, itx, 1)
}
