package dlp

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amanah-id/amanah/internal/dlp/pasted"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/approval"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/pii"
	"github.com/amanah-id/amanah/pii/extract"
)

// Options are what the room needs.
type Options struct {
	DB   *db.DB
	Log  *audit.Log
	Keys *keyring.Keyring
	// Texts has the names that stand for values.
	Texts func(lang i18n.Lang) *i18n.Printer
	// Staff is what a colleague is called.
	Staff func(tx *db.Tx, staff string) (string, error)
	// Client is what an API client is called.
	Client func(ctx context.Context, client string) (string, error)
	Files  Reading
	// Known tells whose values a text holds; nil: nobody does.
	Known Known
	// Alarm is told of whoever's texts told again and again that values are customers': so many within an hour; nil: nobody is.
	Alarm func(tx *db.Tx, by actor.Actor, controller string, n int) error
	// Ask is trust/approval; given later.
	Ask func(tx *db.Tx, by actor.Actor, a approval.Ask) (approval.Request, error)
}

// Reading is what Examine reads files with. The zero value parses documents in this process, reads no pictures and has no limits.
type Reading struct {
	Documents extract.Documents
	Tools     func() extract.Tools // asked once, when the first picture may come
	Limits    extract.Limits
	// Malware checks a stream; nil says that it is clean. When nil itself, nobody checks.
	Malware func(ctx context.Context, r io.Reader) error
}

// Service is the room's verbs.
type Service struct {
	o        Options
	scanners sync.Pool
	current  atomic.Pointer[Rules]
	tools    func() extract.Tools
}

// New makes the room.
func New(o Options) (*Service, error) {
	if o.Files.Tools == nil {
		o.Files.Tools = func() (none extract.Tools) { return none }
	}
	s := &Service{o: o, tools: sync.OnceValue(o.Files.Tools)}
	s.scanners.New = func() any { return pii.New(pii.Options{}) }
	r, err := ReadRules("")
	s.current.Store(r)
	return s, err
}

// AskWith gives the room its way to ask for a decision. Call it before serving.
func (s *Service) AskWith(ask func(tx *db.Tx, by actor.Actor, a approval.Ask) (approval.Request, error)) {
	s.o.Ask = ask
}

// rules are those that the transaction sees. What was compiled last is taken again while its text is the same.
func (s *Service) rules(tx *db.Tx) (*Rules, error) {
	own, err := standing.Get(tx, "")
	if err != nil {
		return nil, err
	}
	if r := s.current.Load(); r.own == own {
		return r, nil
	}
	r, err := ReadRules(own)
	if err == nil {
		s.current.Store(r)
	}
	return r, err
}

// AsksWhy reports whether a rule in force can ask the writer of such a text why it has to go.
func (s *Service) AsksWhy(tx *db.Tx, way Way) (bool, error) {
	r, err := s.rules(tx)
	if errs.CodeOf(err) == errRules.Code {
		return false, nil // nothing with personal data goes at all
	}
	return err == nil && slices.Contains(can[way], Ask) && slices.ContainsFunc(r.list, func(one Rule) bool { return one.Verdict == Ask }), err
}

// holds reports whether package pii finds anything in a text.
func (s *Service) holds(text string) bool {
	scanner := s.scanners.Get().(*pii.Scanner)
	defer s.scanners.Put(scanner)
	return len(pasted.Scan(scanner, []byte(text))) > 0
}

// enter writes what was decided about a passage in the transaction of its act: the entry, the facts for Simulate, and an
// incident when more was done than to let it go. A text in which nothing was found leaves nothing behind, and one whose
// writer is only asked why leaves the entry alone: the text comes again.
func (s *Service) enter(tx *db.Tx, p Passage, j *Judgement) error {
	if len(j.Found) == 0 {
		return nil
	}
	var rules []string
	for _, one := range j.Found {
		for _, r := range one.Rules {
			if !slices.Contains(rules, r) {
				rules = append(rules, r)
			}
		}
	}
	asked := j.Verdict == Ask && !j.Given
	if !asked {
		if err := insertPassage(tx, p.Controller, factsOf(p, *j), j.Verdict); err != nil {
			return err
		}
	}
	if j.Verdict != Allow && !asked {
		in := Incident{ID: id.NewAt(id.Leak, tx.Now()), Controller: p.Controller, Staff: p.By.ID(), Interaction: p.Interaction, Way: p.Way, Recipient: p.Recipient,
			Verdict: j.Verdict, Kinds: j.Kinds(), People: j.People, Ref: p.Ref, At: tx.Now(), Evidence: s.evidenceOf(p.Controller, j.Masked), Customers: j.Customers, Of: j.Of}
		if j.Verdict == Ask {
			in.Why = p.Reason
		}
		if j.Verdict == Hold {
			in.Held = Waiting
		}
		s.insertIncident(tx, in, p.Subject, j.Told().Verdict == Allow, j.telling())
		j.Incident = in.ID
		if err := s.alarm(tx, p, *j); err != nil {
			return err
		}
	}
	decision := audit.Done
	if !j.Goes() {
		decision = audit.Denied
	}
	e := audit.Entry{Action: "dlp." + string(j.Verdict), Decision: decision, Actor: p.By, Controller: p.Controller, Interaction: p.Interaction, Subject: p.Subject,
		Purpose: p.Purpose, Channel: p.Channel, Level: p.Level, Ref: j.Incident, Ground: "text:" + letters(s.o.Keys.MAC("dlp/passage", p.bytes()))}
	if p.Subject != "" { // details are sealed under a customer's key; without one the incident has them
		e.Detail = map[string]any{"way": string(p.Way), "to": string(p.Recipient), "kinds": j.Kinds(), "people": j.People, "customers": j.Customers, "indexed": j.Indexed, "rules": rules}
	}
	if decision == audit.Denied {
		e.Reason = Stopped(*j).Code
	}
	_, err := s.o.Log.Append(tx, e)
	return err
}

// bytes are what a passage is recognised by.
func (p Passage) bytes() []byte {
	if p.Content != nil {
		return p.Content.Digest
	}
	return []byte(p.Text)
}

// letters writes bytes in the letters a to p: in digits they could look like somebody's number.
func letters(b []byte) string {
	var out strings.Builder
	for _, c := range b {
		out.WriteByte('a' + c>>4)
		out.WriteByte('a' + c&15)
	}
	return out.String()
}

// Pass judges a passage and enters what was decided, in the transaction of its act.
func (s *Service) Pass(tx *db.Tx, p Passage) (Judgement, error) {
	j, err := s.judge(tx, p)
	if err != nil {
		return Judgement{}, err
	}
	err = s.enter(tx, p, &j)
	return j, err
}

// Stopped is the refusal of a passage that does not go: it names the kinds, never the values.
func Stopped(j Judgement) *errs.E {
	refusal := map[Verdict]*errs.E{Ask: errReason, Hold: errHeld}[j.Verdict]
	if refusal == nil {
		refusal = errBlocked
	}
	var kinds i18n.Texts
	for _, f := range j.Found {
		if k := "dlp.kind_" + told(f.Kind); f.Verdict.weight() >= Mask.weight() && !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return refusal.With("kinds", kinds)
}

// Look judges a passage and writes nothing: for whoever enters a refusal himself.
func (s *Service) Look(ctx context.Context, p Passage) (j Judgement, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error { j, err = s.judge(tx, p); return err })
	return j, err
}

// Inspect judges and enters a passage of its own transaction: the text of a program that asks before it sends it on, a mail,
// a request, a file.
func (s *Service) Inspect(ctx context.Context, p Passage, also ...func(tx *db.Tx, j Judgement) error) (j Judgement, err error) {
	if !p.By.Serves(p.Controller) {
		return j, errCompany
	}
	var refused bool
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		j = Judgement{}
		if refused, err = s.probed(tx, p); refused || err != nil {
			return err
		}
		if j, err = s.Pass(tx, p); err != nil {
			return err
		}
		for _, do := range also {
			if err := do(tx, j); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && refused {
		err = errProbing
	}
	return j, err
}

// Incidents lists the incidents of the asker's companies, the newest first: those that wait, or those that were reviewed.
func (s *Service) Incidents(ctx context.Context, a actor.Actor, reviewed bool) (out []Incident, err error) {
	if !a.Is(reviewers...) {
		return nil, errReviewer
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = s.incidents(tx, a.Controllers(), reviewed)
		return err
	})
	return out, err
}

// Incident reads one incident of the asker's companies.
func (s *Service) Incident(ctx context.Context, a actor.Actor, incident string) (out Incident, err error) {
	if !a.Is(reviewers...) {
		return out, errReviewer
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = s.theirs(tx, a, incident)
		return err
	})
	return out, err
}

// theirs reads an incident of the asker's companies; any other does not exist for the asker.
func (s *Service) theirs(tx *db.Tx, a actor.Actor, incident string) (Incident, error) {
	if !id.Is(id.Leak, incident) {
		return Incident{}, errIncident
	}
	in, err := s.incident(tx, incident)
	if err == nil && !a.Serves(in.Controller) {
		return Incident{}, errIncident
	}
	return in, err
}

// Review says what an incident turned out to be, with advice to the person whose text it was. Nobody reviews his own.
func (s *Service) Review(ctx context.Context, a actor.Actor, incident, disposition, advice string, also ...func(*db.Tx) error) error {
	if !a.Is(reviewers...) {
		return errReviewer
	}
	advice = strings.TrimSpace(strings.ReplaceAll(advice, "\r\n", "\n"))
	if !plausible(advice) || !slices.Contains(Dispositions(), disposition) {
		return errAdvice
	}
	if s.holds(advice) {
		return errAdvice // advice is read by the person; a value has no place in it either
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		in, err := s.theirs(tx, a, incident)
		if err != nil {
			return err
		}
		if in.Staff == a.ID() {
			return errOwn
		}
		n, err := tx.Data.Exec(`update dlp_incident set disposition = $1, advice_sealed = $2, reviewed_by = $3, reviewed_at = $4 where id = $5 and disposition = ''`,
			disposition, s.seal("advice_sealed", in.ID, advice), a.ID(), tx.Now().UnixMicro(), in.ID)
		if err == nil && n == 0 {
			err = errReviewed
		}
		if err != nil {
			return err
		}
		if _, err := s.o.Log.Append(tx, audit.Entry{Action: "dlp.reviewed", Decision: audit.Done, Reason: "dlp.disposition_" + disposition, Actor: a, Ref: in.ID, Controller: in.Controller, Interaction: in.Interaction}); err != nil {
			return err
		}
		return all(tx, also)
	})
}

// Mine lists the asker's own incidents, the newest first, with what the reviewers wrote, and nothing of whose data it was. What
// nobody but those who know the customers would have noticed stands there once it is reviewed, unless the text was stopped for it.
func (s *Service) Mine(ctx context.Context, a actor.Actor) (out []Incident, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = s.mine(tx, a.ID())
		return err
	})
	for i := range out {
		in := &out[i]
		in.Customers, in.Of, in.People = 0, nil, 0
		if in.Disposition == "" && !in.telling {
			in.Kinds = slices.DeleteFunc(in.Kinds, func(k string) bool { return told(k) == Personal })
			in.Evidence = s.plainEvidence(*in)
		}
		for k := range in.Kinds {
			in.Kinds[k] = told(in.Kinds[k])
		}
		in.Kinds = slices.Compact(in.Kinds)
	}
	return out, err
}

// plainEvidence is the evidence without what only somebody who knows the customers could have marked: a text is stopped for a
// number that anybody sees, and whether a word beside it is a customer's is not told with that. In a note nothing of the kind is marked.
func (s *Service) plainEvidence(in Incident) string {
	if in.Way == Note {
		return in.Evidence
	}
	var kinds []string
	for _, rest, found := strings.Cut(in.Evidence, "["); found; _, rest, found = strings.Cut(rest, "[") {
		kind, _, _ := strings.Cut(rest, "]")
		if kind != s.o.Texts(i18n.ID).T("dlp.kind_"+Personal) && kind != s.o.Texts(i18n.EN).T("dlp.kind_"+Personal) {
			kinds = append(kinds, "["+kind+"]")
		}
	}
	return strings.Join(kinds, " … ")
}

// Read says that the asker has read the advice on an own incident.
func (s *Service) Read(ctx context.Context, a actor.Actor, incident string, also ...func(*db.Tx) error) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		in, err := s.incident(tx, incident)
		if err != nil {
			return err
		}
		if in.Staff != a.ID() || in.Disposition == "" {
			return errIncident
		}
		if in.ReadAt.IsZero() {
			tx.Data.Queue(`update dlp_incident set read_at = $1 where id = $2`, tx.Now().UnixMicro(), in.ID)
			if _, err := s.o.Log.Append(tx, audit.Entry{Action: "dlp.read", Decision: audit.Done, Actor: a, Ref: in.ID, Controller: in.Controller}); err != nil {
				return err
			}
		}
		return all(tx, also)
	})
}

func all(tx *db.Tx, also []func(*db.Tx) error) error {
	for _, do := range also {
		if err := do(tx); err != nil {
			return err
		}
	}
	return nil
}

// Change is what new rules would have done with the passages of the last thirty days.
type Change struct {
	Passages int                // that were judged
	Moves    map[[2]Verdict]int // how many from which verdict to which; those that stay are left out
	Failed   int                // that the new rules could not judge, and would stop
}

// Simulate judges the passages of the last thirty days by the shipped rules and these.
func (s *Service) Simulate(ctx context.Context, a actor.Actor, own string) (c Change, err error) {
	if !a.Is(reviewers...) {
		return c, errReviewer
	}
	rules, err := ReadRules(own)
	if err != nil {
		return c, err
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		c = Change{Moves: map[[2]Verdict]int{}}
		return passages(tx, tx.Now().Add(-KeepFacts), func(f facts, was Verdict, n int) {
			c.Passages += n
			is, _, err := rules.judge(f) // stops what it cannot judge
			if err != nil {
				c.Failed += n
			}
			if is != was {
				c.Moves[[2]Verdict{was, is}] += n
			}
		})
	})
	return c, err
}

// RulesKind is the room's kind of approval.
const RulesKind = "dlp.rules"

// Decisions are the kinds of approval of this room.
func (s *Service) Decisions() []approval.Kind {
	return []approval.Kind{{Name: RulesKind, Ask: reviewers, Decide: reviewers, Wait: 72 * time.Hour, Fresh: true, Effect: s.settle("standing"), Undone: s.settle("refused")}}
}

// Propose asks a second person for new rules of this deployment in place of its old ones. Those must be sound.
func (s *Service) Propose(ctx context.Context, a actor.Actor, own, reason string, also ...func(tx *db.Tx, rules string) error) error {
	if !a.Is(reviewers...) {
		return errReviewer
	}
	if _, err := ReadRules(own); err != nil {
		return err
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		if now, err := standing.Get(tx, ""); err != nil || own == now {
			return cmp.Or(err, error(errSame))
		}
		var waiting int
		if err := tx.Data.Row(`select count(*) from dlp_rules where state = 'asked'`).Scan(&waiting); err != nil {
			return err
		}
		if waiting > 0 {
			return errWaiting
		}
		rules := id.NewAt(id.Rules, tx.Now())
		tx.Data.Queue(`insert into dlp_rules (id, cedar, state, asked_by, asked_at, decided_at) values ($1, $2, 'asked', $3, $4, 0)`, rules, own, a.ID(), tx.Now().UnixMicro())
		if _, err := s.o.Ask(tx, a, approval.Ask{Kind: RulesKind, Ref: rules, Reason: reason, Payload: map[string]string{"rules_title": "/dlp/rules"}}); err != nil {
			return err
		}
		for _, do := range also {
			if err := do(tx, rules); err != nil {
				return err
			}
		}
		return nil
	})
}

// Asked are the rules that wait for a second person, who reads them before deciding; false when none do.
func (s *Service) Asked(ctx context.Context, a actor.Actor) (own string, waits bool, err error) {
	if !a.Is(reviewers...) {
		return "", false, errReviewer
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		err := tx.Data.Row(`select cedar from dlp_rules where state = 'asked'`).Scan(&own)
		if waits = err == nil; errors.Is(err, db.ErrNoRows) {
			return nil
		}
		return err
	})
	return own, waits, err
}

// settle is what a decision on rules does.
func (s *Service) settle(state string) approval.Effect {
	return func(tx *db.Tx, r approval.Request, by actor.Actor) error {
		var own string
		if err := tx.Data.Row(`select cedar from dlp_rules where id = $1 and state = 'asked'`, r.Ref).Scan(&own); err != nil {
			return err
		}
		if state == "standing" {
			if _, err := ReadRules(own); err != nil {
				return err
			}
			tx.Data.Queue(`update dlp_rules set state = 'over' where state = 'standing'`)
		}
		tx.Data.Queue(`update dlp_rules set state = $2, decided_at = $3 where id = $1`, r.Ref, state, tx.Now().UnixMicro())
		_, err := s.o.Log.Append(tx, audit.Entry{Action: "dlp.rules_" + state, Decision: audit.Done, Actor: by, Ref: r.Ref})
		return err
	}
}

// Standing are the rules in force. Where a new version makes a deployment's own unsound nothing with personal data passes;
// the shipped ones then come beside the error, with the text that is to be mended.
func (s *Service) Standing(ctx context.Context) (r *Rules, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		if r, err = s.rules(tx); errs.CodeOf(err) != errRules.Code {
			return err
		}
		own, _ := standing.Get(tx, "") // as s.rules has just read it
		sound, _ := ReadRules("")      // held by a test
		r = &Rules{set: sound.set, list: sound.list, by: sound.by, own: own}
		return err
	})
	return r, err
}

// EraseTx deletes the incidents of a customer's contacts, in the transaction of an erasure: their evidence is not under the
// customer's key, and a word in it may be a name.
func (s *Service) EraseTx(tx *db.Tx, subject string) error {
	_, err := tx.Data.Exec(`delete from dlp_incident where subject = $1`, subject)
	return err
}

// ForgetJob and ForgetEvery are when Forget is due.
const (
	ForgetJob   = "dlp.forget"
	ForgetEvery = time.Hour
)

// forgetAtOnce is how many rows one transaction deletes: writers wait for it.
const forgetAtOnce = 1000

// Forget deletes facts of passages and incidents whose time is over.
func (s *Service) Forget(ctx context.Context, _ jobs.Run) error {
	for query, keep := range map[string]time.Duration{
		`delete from dlp_passage where id in (select id from dlp_passage where at < $1 order by at limit $2)`:   KeepFacts,
		`delete from dlp_incident where id in (select id from dlp_incident where at < $1 order by at limit $2)`: KeepFor,
	} {
		for left := true; left; {
			err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
				n, err := tx.Data.Exec(query, tx.Now().Add(-keep).UnixMicro(), forgetAtOnce)
				left = n == forgetAtOnce
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
