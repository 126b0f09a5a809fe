package watchlist

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/approval"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault"
)

// Log is the part of audit.Log that the room uses.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Keys is what the room needs of trust/keyring.
type Keys interface {
	MAC(name string, value []byte) []byte
	MACs(name string, value []byte) [][]byte
	SealStaff(ref keyring.Ref, plain []byte) []byte
	OpenStaff(ref keyring.Ref, sealed []byte) ([]byte, error)
}

// Controller is a company, as the form offers it.
type Controller struct{ ID, Name string }

// Options are what the room needs; app gives them.
type Options struct {
	DB           *db.DB
	Log          Log
	Keys         Keys
	Gate         *gate.Gate // set later with UseGate, because the gate asks this room too
	Catalogue    *catalog.Catalogue
	Vault        *vault.Vault
	Interactions *interaction.Service
	Duty         actor.Actor
	// Seconded reports whether a second member of staff, other than the one who serves the contact, decided in it for a
	// grave act: that decision counts here too.
	Seconded func(tx *db.Tx, interaction, subject string) (bool, error)
	// Staff is a colleague's name, and Peers among whom he is compared: his role and companies, and one of these.
	Staff func(tx *db.Tx, staff string) (string, error)
	Peers func(tx *db.Tx, staff string) (group, controller string, err error)
	// Revealed counts the fields that each member of staff revealed in the shift that lasts.
	Revealed    func(tx *db.Tx) (map[string]int, error)
	Controllers func(ctx context.Context) ([]Controller, error)
	// Tell sends word of an alert, by its id, to the configured address; nil when there is none.
	Tell func(ctx context.Context, alert string) error
	// Breadth is how many customers a member of staff may open under one purpose in a shift; 0 means DefaultBreadth.
	Breadth int
	// Ask is trust/approval; given later.
	Ask func(tx *db.Tx, by actor.Actor, a approval.Ask) (approval.Request, error)
}

// Service is the room's verbs.
type Service struct {
	o     Options
	marks *db.Kept[string, marked]
}

// New makes the room.
func New(o Options) *Service {
	if o.Breadth == 0 {
		o.Breadth = DefaultBreadth
	}
	s := &Service{o: o}
	s.marks = db.Keep(db.StoreData, 100_000, s.readMarks, "watchlist_mark", "watchlist_entry")
	return s
}

// UseGate sets the gate, for app, which makes this room before the gate that asks it.
func (s *Service) UseGate(g *gate.Gate) { s.o.Gate = g }

// AskWith gives the room its way to ask for a decision. Call it before serving.
func (s *Service) AskWith(ask func(tx *db.Tx, by actor.Actor, a approval.Ask) (approval.Request, error)) {
	s.o.Ask = ask
}

// The kinds of approval of this room.
const (
	AddKind    = "watchlist.add"
	RemoveKind = "watchlist.remove"
	SecondKind = "watchlist.second"
	RaiseKind  = "watchlist.raise"
)

// Decisions are the kinds of approval of this room.
func (s *Service) Decisions() []approval.Kind {
	return []approval.Kind{
		{Name: AddKind, Ask: keepers, Decide: keepers, Wait: AddWaits, Fresh: true, Effect: s.settle(Asked, Standing), Undone: s.settle(Asked, Refused)},
		{Name: RemoveKind, Ask: keepers, Decide: keepers, Wait: AddWaits, Fresh: true, Effect: s.settle(Leaving, Off), Undone: s.settle(Leaving, Standing)},
		{Name: SecondKind, Ask: serves, Decide: []actor.Role{actor.Supervisor}, Wait: SecondWaits, Effect: s.seconded("approved"), Undone: s.seconded("refused"), Over: s.over, Most: SecondMost},
		{Name: RaiseKind, Ask: serves, Decide: []actor.Role{actor.Supervisor}, Wait: RaiseWaits, Effect: s.raised("approved"), Undone: s.raised("refused")},
	}
}

// Proposal is what somebody wants to have watched over.
type Proposal struct {
	List       List
	Kind       Kind
	Persons    []string // ids or identifiers; they come back nowhere
	Controller string
	Reason     string
	Review     time.Time // when the entry must be looked at again
}

// Propose asks a second person of the DPO and the security team to put persons on a list. What names them is kept as
// keyed hashes; customers whom it names already are looked up now, those who come later when they are created. also runs
// in the transaction, with the entry's id.
func (s *Service) Propose(ctx context.Context, a actor.Actor, n Proposal, also ...func(tx *db.Tx, entry string) error) (entry string, err error) {
	reason, keys, err := s.sound(a, n)
	if err != nil {
		return "", err
	}
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		if n.Review.Before(tx.Now()) || n.Review.After(tx.Now().Add(MaxReview)) {
			return errReview
		}
		e := Entry{ID: id.NewAt(id.Watch, tx.Now()), List: n.List, Kind: n.Kind, Persons: len(keys), Controller: n.Controller, Reason: reason,
			Review: n.Review, State: Asked, AskedBy: a.ID(), AskedAt: tx.Now()}
		entry = e.ID
		s.insertEntry(tx, e)
		for i, key := range keys {
			if err := s.mark(tx, e, key); errs.KindOf(err) == errs.NotFound {
				return wrongPerson(i)
			} else if errors.Is(err, errShared) {
				return errShared.With("line", i+1).With("max", vault.MaxHits)
			} else if err != nil {
				return err
			}
		}
		if _, err := s.o.Ask(tx, a, approval.Ask{Kind: AddKind, Ref: e.ID, Controller: e.Controller, Reason: reason,
			Payload: map[string]string{"list": string(e.List), "kind": string(e.Kind)}}); err != nil {
			return err
		}
		for _, do := range also {
			if err := do(tx, entry); err != nil {
				return err
			}
		}
		return nil
	})
	return entry, err
}

func wrongPerson(i int) error {
	return errs.New(errs.Invalid, "watchlist.person_wrong").With("line", i+1)
}

// sound checks what was typed and brings it into the form by which it is compared.
func (s *Service) sound(a actor.Actor, n Proposal) (reason string, keys []string, err error) {
	if !a.Is(keepers...) || !a.Serves(n.Controller) {
		return "", nil, errKeeper
	}
	if n.List != Protected && n.List != Canary {
		return "", nil, errList
	}
	if reason, err = tidyReason(n.Reason); err != nil {
		return "", nil, err
	}
	persons := tidyPersons(n.Persons)
	switch {
	case len(persons) == 0:
		return "", nil, errPersons
	case len(persons) > MaxPersons:
		return "", nil, errMany
	}
	for i, one := range persons {
		switch n.Kind {
		case BySubject:
			if !id.Is(id.Subject, one) {
				return "", nil, wrongPerson(i)
			}
		case ByNumber, ByNIK, ByPhone:
			f, ok := s.o.Catalogue.Field(string(n.Kind))
			if !ok {
				return "", nil, errList
			}
			if one, err = f.Key(one); err != nil { // the catalogue's word for it may quote what was typed; ours does not
				return "", nil, wrongPerson(i)
			}
		default:
			return "", nil, errList
		}
		keys = append(keys, one)
	}
	return reason, keys, nil
}

func tidyReason(reason string) (string, error) {
	reason = strings.TrimSpace(strings.ReplaceAll(reason, "\r\n", "\n"))
	if !strings.ContainsFunc(reason, unicode.IsLetter) || utf8.RuneCountInString(reason) > maxReason || !utf8.ValidString(reason) ||
		strings.ContainsFunc(reason, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		return "", errReason
	}
	return reason, nil
}

// mark keeps the hash of what names a person, and of the customers whom it names now.
func (s *Service) mark(tx *db.Tx, e Entry, key string) error {
	if e.Kind == BySubject {
		controller, exists, err := s.o.Vault.Owner(tx, key)
		if err == nil && (!exists || controller != e.Controller) {
			err = errEntry
		}
		if err == nil {
			s.addMark(tx, e.ID, "", BySubject, key)
		}
		return err
	}
	s.addMark(tx, e.ID, e.Controller, e.Kind, key)
	hits, err := s.o.Vault.Find(tx, e.Controller, vault.Query{Field: string(e.Kind), Value: key}, vault.MaxHits)
	if err == nil && hits.More { // those beyond would not be watched over
		err = errShared
	}
	for _, h := range hits.List {
		s.addMark(tx, e.ID, "", BySubject, h.Subject)
	}
	return err
}

// Named is told by the vault of each identifier that a customer is given: whoever was put on a list by it is watched over
// from that commit on.
func (s *Service) Named(tx *db.Tx, controller, subject, group, key string) error {
	kind := Kind(group)
	if kind != ByNumber && kind != ByNIK && kind != ByPhone {
		return nil
	}
	entries, err := s.entriesOf(tx, controller, kind, key)
	for _, entry := range entries {
		s.addMark(tx, entry, "", BySubject, subject)
	}
	return err
}

// TakeOff asks a second person to take an entry off its list. Until then it counts.
func (s *Service) TakeOff(ctx context.Context, a actor.Actor, entry, reason string, also ...func(*db.Tx) error) error {
	if !a.Is(keepers...) {
		return errKeeper
	}
	reason, err := tidyReason(reason)
	if err != nil {
		return err
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		e, err := s.theirs(tx, a, entry)
		if err != nil {
			return err
		}
		if err := setState(tx, e.ID, Standing, Leaving, e.DecidedBy); err != nil {
			return err
		}
		if _, err := s.o.Ask(tx, a, approval.Ask{Kind: RemoveKind, Ref: e.ID, Controller: e.Controller, Reason: reason,
			Payload: map[string]string{"list": string(e.List), "kind": string(e.Kind)}}); err != nil {
			return err
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

// theirs reads an entry of the asker's companies; any other does not exist for the asker.
func (s *Service) theirs(tx *db.Tx, a actor.Actor, entry string) (Entry, error) {
	if !id.Is(id.Watch, entry) {
		return Entry{}, errEntry
	}
	e, err := s.entry(tx, entry)
	if err == nil && !a.Serves(e.Controller) {
		return Entry{}, errEntry
	}
	return e, err
}

// settle is what a decision on an entry does, with its entry in the log.
func (s *Service) settle(from, to State) approval.Effect {
	return func(tx *db.Tx, r approval.Request, by actor.Actor) error {
		e, err := s.entry(tx, r.Ref)
		if err != nil {
			return err
		}
		if err := setState(tx, e.ID, from, to, by.ID()); err != nil {
			return err
		}
		if to == Off || to == Refused {
			dropMarks(tx, e.ID)
		}
		_, err = s.o.Log.Append(tx, audit.Entry{Action: "watchlist." + string(to), Decision: audit.Done, Actor: by, Ref: e.ID, Controller: e.Controller})
		return err
	}
}

// Entries lists the entries of the asker's companies, the newest first: those that ended only when all is set.
func (s *Service) Entries(ctx context.Context, a actor.Actor, ended bool) (out []Entry, err error) {
	if !a.Is(keepers...) {
		return nil, errKeeper
	}
	where := ` where state not in ('` + string(Off) + `', '` + string(Refused) + `')`
	if ended {
		where = ` where state in ('` + string(Off) + `', '` + string(Refused) + `')`
	}
	theirs, args := column.In("controller", a.Controllers(), nil)
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Data.Rows(`select `+entryColumns+` from watchlist_entry`+where+` and `+theirs+` order by asked_at desc, id desc limit `+strconv.Itoa(atOnce), args, func(r db.Row) error {
			e, err := s.scanEntry(r)
			out = append(out, e)
			return err
		})
	})
	return out, err
}

// Protected reports whether a subject is a protected person: a signal for package verification.
func (s *Service) Protected(tx *db.Tx, subject string) (bool, error) {
	m, err := s.marks.Get(tx, subject)
	return m.protected, err
}

// Watch is the gate's provider.
func (s *Service) Watch(tx *db.Tx, a actor.Actor, itx, purpose, subject string) (w gate.Watched, err error) {
	m, err := s.marks.Get(tx, subject)
	if err != nil {
		return w, err
	}
	w.Canary = m.canary
	if m.protected {
		agreed, err := s.agreed(tx, a.ID(), itx, subject)
		if err != nil {
			return w, err
		}
		w.Guarded = !agreed
	}
	at, err := keptOpenings.Get(tx, place{a.ID(), purpose, subject})
	if err != nil || column.Moment(at).After(tx.Now().Add(-Shift)) {
		return w, err
	}
	w.New = true
	b, err := keptBreadth.Get(tx, desk{a.ID(), purpose})
	if err != nil || b.used < s.o.Breadth || !column.Moment(b.started).After(tx.Now().Add(-Shift)) {
		return w, err
	}
	state, _, err := raise(tx, a.ID(), purpose, column.Moment(b.started))
	w.Broad = state != "approved" || b.used >= 2*s.o.Breadth
	return w, err
}

// agreed reports whether somebody other than staff has agreed that the subject is served in the contact.
func (s *Service) agreed(tx *db.Tx, staff, itx, subject string) (bool, error) {
	list, err := keptSeconds.Get(tx, itx)
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(list, func(d decided) bool {
		return d.subject == subject && d.state == "approved" && d.by != staff && tx.Now().Sub(d.at) < SecondLasts
	}) {
		return true, nil
	}
	return s.o.Seconded(tx, itx, subject)
}

// Touched is told by the gate of each question about a customer of the asker's call.
func (s *Service) Touched(tx *db.Tx, a actor.Actor, t gate.Touch) (alert string, err error) {
	if t.Watched.New && t.Allowed && t.Bound && (t.Verb == gate.Compare || t.Verb == gate.Mask || t.Verb == gate.Reveal) {
		now := tx.Now()
		b, err := keptBreadth.Get(tx, desk{a.ID(), t.Purpose})
		if err != nil {
			return "", err
		}
		if !column.Moment(b.started).After(now.Add(-Shift)) {
			b = breadth{started: column.Micros(now)}
		}
		b.used++
		keptOpenings.Put(tx, place{a.ID(), t.Purpose, t.Subject}, column.Micros(now), putOpening, a.ID(), t.Purpose, t.Subject, column.Micros(now))
		keptBreadth.Put(tx, desk{a.ID(), t.Purpose}, b, putBreadth, a.ID(), t.Purpose, b.started, b.used)
	}
	if !t.Watched.Canary {
		return "", nil
	}
	return s.raiseAlert(tx, a, Alert{Kind: CanaryTouched, Controller: t.Controller, Staff: a.ID(), Ref: t.Interaction, Acts: []string{string(t.Verb)}, Count: 1})
}

// Probed raises an alert about whoever tries out whose values are customers', or counts it on: so many texts within an hour.
func (s *Service) Probed(tx *db.Tx, by actor.Actor, controller string, n int) error {
	_, err := s.raiseAlert(tx, s.o.Duty, Alert{Kind: Probing, Controller: controller, Staff: by.ID(), Ref: tx.Now().UTC().Format(time.DateOnly), Count: n})
	return err
}

// Unchecked raises an alert about mails of a company that went without having been looked at, or counts it on: so many of this day.
func (s *Service) Unchecked(tx *db.Tx, by actor.Actor, controller string, n int) error {
	_, err := s.raiseAlert(tx, s.o.Duty, Alert{Kind: Unchecked, Controller: controller, Staff: by.ID(), Ref: tx.Now().UTC().Format(time.DateOnly) + " " + controller, Count: n})
	return err
}

// raiseAlert writes an alert, or that one goes on: then it waits for a review again. The entries of a canary's touches name
// the alert; one about peers has an entry of its own.
func (s *Service) raiseAlert(tx *db.Tx, by actor.Actor, a Alert) (string, error) {
	old, err := s.scanAlert(tx.Data.Row(`select `+alertColumns+` from watchlist_alert where kind = $1 and ref = $2 and staff = $3`, a.Kind, a.Ref, a.Staff))
	if err == nil {
		if a.Kind == CanaryTouched {
			a.Count += old.Count
		} else if a.Count <= old.Count {
			return old.ID, nil
		}
		for _, act := range a.Acts {
			if !slices.Contains(old.Acts, act) {
				old.Acts = append(old.Acts, act)
			}
		}
		tx.Data.Queue(`update watchlist_alert set acts = $1, count = $2, median = $3, last_at = $4, disposition = '' where id = $5`,
			strings.Join(old.Acts, " "), a.Count, a.Median, column.Micros(tx.Now()), old.ID)
		return old.ID, nil
	}
	if !errors.Is(err, db.ErrNoRows) {
		return "", err
	}
	a.ID = id.NewAt(id.Alert, tx.Now())
	tx.Data.Queue(`insert into watchlist_alert (id, kind, controller, staff, ref, acts, count, median, first_at, last_at, disposition, note_sealed, reviewed_by, reviewed_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, '', null, '', 0)`,
		a.ID, a.Kind, a.Controller, a.Staff, a.Ref, strings.Join(a.Acts, " "), a.Count, a.Median, column.Micros(tx.Now()))
	if a.Kind != CanaryTouched {
		if _, err := s.o.Log.Append(tx, audit.Entry{Action: "watchlist.alert", Decision: audit.Done, Reason: "watchlist.alert_" + a.Kind, Actor: by, Ref: a.ID, Controller: a.Controller}); err != nil {
			return "", err
		}
	}
	if s.o.Tell == nil {
		return a.ID, nil
	}
	return a.ID, jobs.Insert(tx, jobs.Job{Kind: TellJob, Key: a.ID, Payload: told{a.ID}})
}

// TellJob sends word of an alert; OutliersJob compares peers and forgets openings of past shifts.
const (
	TellJob     = "watchlist.tell"
	OutliersJob = "watchlist.outliers"
	// OutliersEvery is how often peers are compared.
	OutliersEvery = 5 * time.Minute
)

type told struct {
	Alert string `json:"alert"`
}

// Told is the handler of TellJob.
func (s *Service) Told(ctx context.Context, run jobs.Run) error {
	var p told
	if err := run.Decode(&p); err != nil || s.o.Tell == nil {
		return err
	}
	return s.o.Tell(ctx, p.Alert)
}

// Compare is the handler of OutliersJob: who opened or revealed far more than peers in this shift is an alert.
func (s *Service) Compare(ctx context.Context) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Data.Queue(`delete from watchlist_opened where opened_at < $1`, column.Micros(tx.Now().Add(-2*Shift)))
		customers, err := opened(tx, tx.Now().Add(-Shift))
		if err != nil {
			return err
		}
		reveals, err := s.o.Revealed(tx)
		if err != nil {
			return err
		}
		companies := map[string]string{}
		for _, rule := range Rules {
			var counts []Count
			for staff, n := range map[string]map[string]int{ManyCustomers: customers, ManyReveals: reveals}[rule.Kind] {
				group, controller, err := s.o.Peers(tx, staff)
				if err != nil {
					return err
				}
				companies[staff] = controller
				counts = append(counts, Count{staff, group, n})
			}
			slices.SortFunc(counts, func(x, y Count) int { return cmp.Compare(x.Staff, y.Staff) })
			for _, o := range rule.Outliers(counts) {
				if _, err := s.raiseAlert(tx, s.o.Duty, Alert{Kind: rule.Kind, Controller: companies[o.Staff], Staff: o.Staff,
					Ref: tx.Now().UTC().Format(time.DateOnly), Count: o.N, Median: o.Median}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Alerts lists what waits at these companies, for the live list of supervisors: who opens far more than peers. A canary is
// not among them: that a customer is one is told to nobody who could serve him.
func (s *Service) Alerts(tx *db.Tx, controllers []string) ([]Alert, error) {
	return s.alerts(tx, controllers, false, false)
}

// AlertList lists alerts of the asker's companies, for those who keep the lists: those that wait, or those that were reviewed.
func (s *Service) AlertList(ctx context.Context, a actor.Actor, reviewed bool) (out []Alert, err error) {
	if !a.Is(keepers...) {
		return nil, errKeeper
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = s.alerts(tx, a.Controllers(), reviewed, true)
		return err
	})
	return out, err
}

// Alert reads one alert of the asker's companies.
func (s *Service) Alert(ctx context.Context, a actor.Actor, alert string) (out Alert, err error) {
	if !a.Is(keepers...) {
		return out, errKeeper
	}
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = s.theirAlert(tx, a, alert)
		return err
	})
	return out, err
}

func (s *Service) theirAlert(tx *db.Tx, a actor.Actor, alert string) (Alert, error) {
	if !id.Is(id.Alert, alert) {
		return Alert{}, errAlert
	}
	one, err := s.alert(tx, alert)
	if err == nil && !a.Serves(one.Controller) {
		return Alert{}, errAlert
	}
	return one, err
}

// Waiting counts the alerts that nobody has looked into.
func (s *Service) Waiting(ctx context.Context) (n int, err error) {
	err = s.o.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Data.Row(`select count(*) from watchlist_alert where disposition = ''`).Scan(&n)
	})
	return n, err
}

// Review says what an alert turned out to be, with a note; once, unless the alert goes on.
func (s *Service) Review(ctx context.Context, a actor.Actor, alert, disposition, note string, also ...func(*db.Tx) error) error {
	if !a.Is(keepers...) {
		return errKeeper
	}
	if !slices.Contains(Dispositions(), disposition) {
		return errs.New(errs.Invalid, "watchlist.disposition_unknown")
	}
	note, err := tidyReason(note)
	if err != nil {
		return err
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		one, err := s.theirAlert(tx, a, alert)
		if err == nil && one.Staff == a.ID() { // who served customers before and keeps the lists now
			err = errOwn
		}
		if err != nil {
			return err
		}
		n, err := tx.Data.Exec(`update watchlist_alert set disposition = $1, note_sealed = $2, reviewed_by = $3, reviewed_at = $4 where id = $5 and disposition = ''`,
			disposition, s.seal("watchlist_alert", "note_sealed", one.ID, note), a.ID(), column.Micros(tx.Now()), one.ID)
		if err == nil && n == 0 {
			err = errReviewed
		}
		if err != nil {
			return err
		}
		e := audit.Entry{Action: "watchlist.reviewed", Decision: audit.Done, Reason: "watchlist.disposition_" + disposition, Actor: a, Ref: one.ID, Controller: one.Controller}
		if one.Kind == CanaryTouched {
			e.Interaction = one.Ref
		}
		if _, err := s.o.Log.Append(tx, e); err != nil {
			return err
		}
		return all(tx, also)
	})
}

// Second asks a supervisor to agree that a protected person is served in this contact.
func (s *Service) Second(ctx context.Context, a actor.Actor, itx, reason string) (request string, err error) {
	return s.inContact(ctx, a, itx, func(tx *db.Tx, f interaction.Facts) (string, error) {
		m, err := s.marks.Get(tx, f.Subject)
		if err != nil {
			return "", err
		}
		agreed := false
		if m.protected {
			agreed, err = s.agreed(tx, a.ID(), itx, f.Subject)
		}
		if err == nil && (!m.protected || agreed) {
			err = errNotNeeded
		}
		if err != nil {
			return "", err
		}
		list, err := keptSeconds.Get(tx, itx)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(list, func(d decided) bool { return d.state == "asked" && tx.Now().Sub(d.asked) < SecondWaits }) {
			return "", errWaiting
		}
		ref := id.NewAt(id.Watch, tx.Now())
		tx.Data.Queue(`insert into watchlist_second (id, interaction, subject, state, decided_by, asked_at, decided_at) values ($1, $2, $3, 'asked', '', $4, 0)`, ref, itx, f.Subject, column.Micros(tx.Now()))
		r, err := s.o.Ask(tx, a, approval.Ask{Kind: SecondKind, Ref: ref, Controller: f.Controller, Payload: map[string]string{"interaction": itx}, Reason: reason})
		return r.ID, err
	})
}

// Raise asks a supervisor for as many customers again under the purpose of this contact, once a shift.
func (s *Service) Raise(ctx context.Context, a actor.Actor, itx, reason string) (request string, err error) {
	return s.inContact(ctx, a, itx, func(tx *db.Tx, f interaction.Facts) (string, error) {
		w, err := s.Watch(tx, a, itx, f.Purpose, f.Subject)
		if err == nil && !w.Broad {
			err = errNotBroad
		}
		if err != nil {
			return "", err
		}
		b, err := keptBreadth.Get(tx, desk{a.ID(), f.Purpose})
		if err != nil {
			return "", err
		}
		state, asked, err := raise(tx, a.ID(), f.Purpose, column.Moment(b.started))
		switch {
		case err != nil:
			return "", err
		case state == "approved":
			return "", errRaised
		case state == "asked" && tx.Now().Sub(asked) < RaiseWaits:
			return "", errWaiting
		}
		ref := id.NewAt(id.Watch, tx.Now())
		tx.Data.Queue(`insert into watchlist_raise (id, staff, purpose, state, asked_at) values ($1, $2, $3, 'asked', $4)`, ref, a.ID(), f.Purpose, column.Micros(tx.Now()))
		r, err := s.o.Ask(tx, a, approval.Ask{Kind: RaiseKind, Ref: ref, Controller: f.Controller, Payload: map[string]string{"interaction": itx}, Reason: reason})
		return r.ID, err
	})
}

// inContact runs ask in the asker's own live contact with a customer bound. What the gate refuses is an outcome with its
// entry.
func (s *Service) inContact(ctx context.Context, a actor.Actor, itx string, ask func(tx *db.Tx, f interaction.Facts) (string, error)) (request string, err error) {
	var refusal *errs.E
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		request, refusal = "", nil
		q := gate.Question{Ground: gate.Interaction(itx), Bound: true, Verb: gate.Note}
		look, err := s.o.Gate.Preview(tx, a, q)
		if err != nil {
			return err
		}
		if look.Refusal != nil { // asked again for its entry
			answer, err := s.o.Gate.Ask(tx, a, q)
			refusal = answer.Refusal
			return err
		}
		f, err := s.o.Interactions.Facts(tx, itx)
		if err != nil {
			return err
		}
		request, err = ask(tx, f)
		return err
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return request, err
}

// seconded is the effect of a decision on a protected person, and of no decision.
func (s *Service) seconded(state string) approval.Effect {
	return func(tx *db.Tx, r approval.Request, by actor.Actor) error {
		tx.Data.Queue(`update watchlist_second set state = $1, decided_by = $2, decided_at = $3 where id = $4 and state = 'asked'`, state, by.ID(), column.Micros(tx.Now()), r.Ref)
		return s.tellDesk(tx, r)
	}
}

// raised is the effect of a decision on more customers, and of no decision.
func (s *Service) raised(state string) approval.Effect {
	return func(tx *db.Tx, r approval.Request, _ actor.Actor) error {
		tx.Data.Queue(`update watchlist_raise set state = $1 where id = $2 and state = 'asked'`, state, r.Ref)
		return s.tellDesk(tx, r)
	}
}

// over reports whether the contact in which was asked has ended meanwhile.
func (s *Service) over(tx *db.Tx, r approval.Request) (bool, error) {
	f, err := s.o.Interactions.Facts(tx, r.Payload["interaction"])
	return f.State.Ended() || f.State == interaction.Wrapup, err
}

// tellDesk has the screen of the contact look again.
func (s *Service) tellDesk(tx *db.Tx, r approval.Request) error {
	f, err := s.o.Interactions.Facts(tx, r.Payload["interaction"])
	if err == nil {
		s.o.Interactions.Notify(tx, "verification", f)
	}
	return err
}
