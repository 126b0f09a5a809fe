package verification

import (
	"errors"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

const (
	attemptColumns = `id, interaction, subject, controller, purpose, agent, direction, language, contact, contact_value, contact_age,
		number, state, browser_mac, started_at, expires_at, answered_at`
	sqlAttemptAdd = `insert into verification_attempt (` + attemptColumns + `) values
		($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)`
	sqlAttempt        = `select ` + attemptColumns + ` from verification_attempt where id = $1`
	sqlAttempts       = `select ` + attemptColumns + ` from verification_attempt where interaction = $1 order by started_at desc, id desc limit 20`
	sqlAttemptState   = `update verification_attempt set state = $2, browser_mac = $3, answered_at = $4 where id = $1`
	sqlAttemptsBefore = `update verification_attempt set state = 'withdrawn' where interaction = $1 and state in ('sent', 'opened')`
	sqlLinksOfCall    = `select count(*), coalesce(min(started_at), 0) from verification_attempt where interaction = $1 and started_at > $2`
	sqlLinksOfSubject = `select count(*), coalesce(min(started_at), 0) from verification_attempt where subject = $1 and started_at > $2`
	sqlConfirmed      = `select contact, contact_age, answered_at from verification_attempt
		where interaction = $1 and subject = $2 and state = 'confirmed' and started_at >= $3 and answered_at > $4`

	sqlCompareAdd = `insert into verification_compare (id, interaction, subject, agent, item, outcome, tried_at)
		values ($1,$2,$3,$4,$5,'open',$6)`
	sqlCompareSet = `update verification_compare set outcome = $2 where id = $1 and outcome = 'open'`
	sqlFailures   = `select tried_at from verification_compare
		where subject = $1 and tried_at > $2 and outcome <> 'match' order by tried_at desc limit 3`
	sqlMatched = `select item, max(tried_at) from verification_compare
		where interaction = $1 and subject = $2 and item <> '' and outcome = 'match' and tried_at >= $3 and tried_at > $4 group by item`
	sqlAsked = `select item from verification_compare where interaction = $1 and subject = $2 and item <> ''`

	// what a customer denied on the page of a link, stopped on that of a notice, or somebody reported where calls are checked
	denialColumns = `a.id, a.interaction, a.controller, a.staff, a.subject, a.number, a.denied_at, coalesce(r.staff, ''), coalesce(r.reviewed_at, 0)
		from (select id, interaction, controller, agent as staff, subject, '' as number, answered_at as denied_at from verification_attempt where state = 'denied'
			union all select id, interaction, controller, decided_by, subject, '', stopped_at from verification_second where state = 'stopped'
			union all select id, interaction, controller, staff, subject, number, reported_at from verification_report
			union all select id, interaction, controller, staff, subject, '', objected_at from verification_objection) a
		left join verification_review r on r.attempt = a.id`
	sqlDenial  = `select ` + denialColumns + ` where a.id = $1`
	sqlDenials = `select ` + denialColumns + ` where a.controller = $1 and (r.attempt is not null) = $2
		and (a.denied_at < $3 or a.denied_at = $3 and a.id < $4) order by a.denied_at desc, a.id desc limit $5`
	sqlObjectionAdd = `insert into verification_objection (id, interaction, subject, controller, staff, objected_at) values ($1,$2,$3,$4,$5,$6)`
	sqlDeniedSince  = `select count(*) from verification_signal where subject = $1 and kind = 'known_fraud' and until_at >= $2`
	sqlReportAdd    = `insert into verification_report (id, interaction, controller, staff, subject, number, reported_at) values ($1,$2,$3,$4,$5,$6,$7)`
	sqlReviewAdd    = `insert into verification_review (attempt, staff, reviewed_at, reason_sealed) values ($1,$2,$3,$4)`
	sqlFinding      = `select reason_sealed from verification_review where attempt = $1 and reason_sealed is not null`

	sqlGrantAdd = `insert into verification_grant (id, interaction, subject, level, methods, granted_at, expires_at)
		values ($1,$2,$3,$4,$5,$6,$7)`
	secondColumns = `id, interaction, subject, controller, language, contact, contact_value, contact_age, state, decided_by, message, asked_at, decided_at, stopped_at,
		mandate, own_contact, own_value, own_message`
	sqlSecondAdd   = `insert into verification_second (` + secondColumns + `) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)`
	sqlSecondState = `update verification_second set state = $2, decided_by = $3, message = $4, decided_at = $5, stopped_at = $6, own_message = $7 where id = $1`
	sqlSecond      = `select ` + secondColumns + ` from verification_second where id = $1`
	sqlSeconds     = `select ` + secondColumns + ` from verification_second where subject = $1 and asked_at > $2 order by asked_at, id`

	sqlProofAdd = `insert into verification_proof (id, interaction, subject, method, contact, age, proved_at) values ($1,$2,$3,$4,$5,$6,$7)`
	sqlProofs   = `select method, contact, age, proved_at from verification_proof
		where interaction = $1 and subject = $2 and proved_at >= $3 and proved_at > $4`

	// a later end takes the place of an earlier one
	sqlSignalSet = `insert into verification_signal as s (subject, kind, until_at) values ($1,$2,$3)
		on conflict (subject, kind) do update set until_at = excluded.until_at where s.until_at < excluded.until_at`
	sqlSignals = `select kind, until_at from verification_signal where subject = $1`
	// what the gate needs on every question: the few grants of one interaction
	sqlGrants = `select level, methods, expires_at from verification_grant
		where interaction = $1 and granted_at >= $2 and subject = $3`
)

// Attempt is one link that was sent.
type Attempt struct {
	ID          string
	Interaction string
	Controller  string
	Purpose     string
	Agent       string
	Direction   string
	Language    string
	Contact     string        // field name of the registered contact, such as "email"
	Age         time.Duration // how long the contact had been registered
	Number      int           // the two digits the agent reads out
	State       State
	Started     time.Time
	Expires     time.Time
	Answered    time.Time

	subject string
	value   string // id of the contact's value
	browser []byte
}

func scan(r db.Row, now time.Time) (Attempt, error) {
	var a Attempt
	var age, number, started, expires, answered int64
	var state string
	err := r.Scan(&a.ID, &a.Interaction, &a.subject, &a.Controller, &a.Purpose, &a.Agent, &a.Direction, &a.Language,
		&a.Contact, &a.value, &age, &number, &state, &a.browser, &started, &expires, &answered)
	if err != nil {
		return a, err
	}
	a.Age, a.Number, a.State = time.Duration(age)*time.Microsecond, int(number), State(state)
	a.Started, a.Expires, a.Answered = column.Moment(started), column.Moment(expires), column.Moment(answered)
	if a.State.Answerable() && !now.Before(a.Expires) {
		a.State = Expired
	}
	return a, nil
}

func (a *Attempt) insert(tx *db.Tx) {
	tx.Data.Queue(sqlAttemptAdd, a.ID, a.Interaction, a.subject, a.Controller, a.Purpose, a.Agent, a.Direction, a.Language,
		a.Contact, a.value, a.Age.Microseconds(), int64(a.Number), string(a.State), a.browser,
		column.Micros(a.Started), column.Micros(a.Expires), column.Micros(a.Answered))
}

func (a *Attempt) save(tx *db.Tx) {
	tx.Data.Queue(sqlAttemptState, a.ID, string(a.State), a.browser, column.Micros(a.Answered))
}

func attempt(tx *db.Tx, attemptID string) (Attempt, error) {
	a, err := scan(tx.Data.Row(sqlAttempt, attemptID), tx.Now())
	if errors.Is(err, db.ErrNoRows) {
		return a, errLink
	}
	return a, err
}

// denials reads what customers of a controller denied, the newest first.
func denials(tx *db.Tx, controller string, reviewed bool, after Position, most int) (out []Denial, err error) {
	err = tx.Data.Rows(sqlDenials, []any{controller, reviewed, after.At, after.ID, int64(most)}, func(r db.Row) error {
		d, _, err := scanDenial(r)
		out = append(out, d)
		return err
	})
	return out, err
}

func scanDenial(r db.Row) (d Denial, subject string, err error) {
	var at, reviewed int64
	err = r.Scan(&d.ID, &d.Interaction, &d.Controller, &d.Agent, &subject, &d.Number, &at, &d.ReviewedBy, &reviewed)
	d.At, d.Reviewed = column.Moment(at), column.Moment(reviewed)
	return d, subject, err
}

// grants reads what was reached in an interaction since a moment and has not decayed.
func grants(tx *db.Tx, interaction, subject string, since time.Time) ([]Grant, error) {
	return keptGrants.Get(tx, grantKey{interaction, subject, column.Micros(since)})
}

type grantKey struct {
	interaction, subject string
	since                int64
}

var keptGrants = db.Keep(db.StoreData, 20_000, func(tx *db.Tx, k grantKey) ([]Grant, error) {
	var out []Grant
	err := tx.Data.Rows(sqlGrants, []any{k.interaction, k.since, k.subject}, func(r db.Row) error {
		g := Grant{Interaction: k.interaction, Subject: k.subject}
		var level, expires int64
		var methods string
		if err := r.Scan(&level, &methods, &expires); err != nil {
			return err
		}
		g.Level, g.Methods, g.Expires = int(level), strings.Split(methods, "+"), column.Moment(expires)
		out = append(out, g)
		return nil
	})
	return out, err
}, "verification_grant")

// known is a signal about a subject, and until when it counts.
type known struct {
	kind  string
	until time.Time
}

var keptSignals = db.Keep(db.StoreData, 20_000, func(tx *db.Tx, subject string) ([]known, error) {
	var out []known
	err := tx.Data.Rows(sqlSignals, []any{subject}, func(r db.Row) error {
		var one known
		var until int64
		err := r.Scan(&one.kind, &until)
		one.until = column.Moment(until)
		out = append(out, one)
		return err
	})
	return out, err
}, "verification_signal")

// locked says until when comparing is closed for a subject; zero when it is open. It
// opens again when the oldest of the last three failures is a day old.
func locked(tx *db.Tx, subject string) (time.Time, error) {
	var failed []int64
	err := tx.Data.Rows(sqlFailures, []any{subject, column.Micros(tx.Now().Add(-LockWindow))}, func(r db.Row) error {
		var at int64
		err := r.Scan(&at)
		failed = append(failed, at)
		return err
	})
	if err != nil || len(failed) < LockAfter {
		return time.Time{}, err
	}
	return column.Moment(failed[LockAfter-1]).Add(LockWindow), nil
}

// Refusals of this room.
var (
	errLink             = errs.New(errs.NotFound, "verification.link_unknown")
	errExpired          = errs.New(errs.Conflict, "verification.link_expired")
	errAnswered         = errs.New(errs.Conflict, "verification.link_answered")
	errBrowser          = errs.New(errs.Conflict, "verification.link_elsewhere")
	errOver             = errs.New(errs.Conflict, "verification.call_over")
	errAnswer           = errs.New(errs.Invalid, "verification.answer_malformed")
	errNoContact        = errs.New(errs.Denied, "verification.no_contact")
	errNewContact       = errs.New(errs.Denied, "verification.contact_too_new")
	errSIM              = errs.New(errs.Denied, "verification.sim_changed")
	errSlow             = errs.New(errs.TooMany, "verification.slow_down")
	errLocked           = errs.New(errs.TooMany, "verification.compare_locked")
	errNoHistory        = errs.New(errs.Denied, "verification.no_history")
	errQuestion         = errs.New(errs.NotFound, "verification.question_unknown")
	errAsked            = errs.New(errs.Conflict, "verification.question_asked")
	errNotYours         = errs.New(errs.NotFound, "verification.not_yours")
	errNotCalled        = errs.New(errs.Denied, "verification.denied_by_customer")
	errReviewer         = errs.New(errs.Denied, "verification.not_reviewer")
	errDenial           = errs.New(errs.NotFound, "verification.denial_unknown")
	errOwn              = errs.New(errs.Denied, "verification.own_contact")
	errReviewed         = errs.New(errs.Conflict, "verification.reviewed_already")
	errReason           = errs.New(errs.Invalid, "verification.reason_missing")
	errNoCallBack       = errs.New(errs.Denied, "verification.no_call_back")
	errSecondLevel      = errs.New(errs.Denied, "verification.second_level")
	errSecondAsked      = errs.New(errs.Conflict, "verification.second_asked")
	errRepresented      = errs.New(errs.Denied, "verification.represented")
	errRepresentedLevel = errs.New(errs.Denied, "verification.represented_level")
	errDocument         = errs.New(errs.Denied, "verification.document_unverified")
	errDocumentLevel    = errs.New(errs.Denied, "verification.document_level")
	errPasskey          = errs.New(errs.Denied, "verification.passkey_wrong")
	errPasskeyLevel     = errs.New(errs.Denied, "verification.passkey_level")
	errPasskeyGone      = errs.New(errs.NotFound, "verification.passkey_gone")
	errPasskeyMost      = errs.New(errs.Conflict, "verification.passkey_most")
	errSecondRefused    = errs.New(errs.Denied, "verification.second_refused")
)
