package interaction

import (
	"errors"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

const columns = `id, state, back, controller, channel, direction, queue, language, agent, purpose, notice,
	subject, subject_by, cli_match, match, candidates, claimed, risks, number_sealed, case_sealed, beat_at, rights_since,
	held_since, transfer_to, transfer_token, last_sequence, hold_sequence, agent_sequence, disposition,
	started_at, changed_at, ended_at`

const (
	sqlInsert = `insert into interaction_contact (` + columns + `, source_mac, case_mac) values
		($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27,$28,$29,$30,$31,$32,$33,$34)`
	sqlUpdate = `update interaction_contact set state=$2, back=$3, agent=$4, purpose=$5, notice=$6, subject=$7,
		subject_by=$8, cli_match=$9, risks=$10, number_sealed=$11, beat_at=$12, rights_since=$13, held_since=$14,
		transfer_to=$15, transfer_token=$16, last_sequence=$17, hold_sequence=$18, agent_sequence=$19,
		disposition=$20, changed_at=$21, ended_at=$22, candidates=$23 where id=$1`
	sqlByID     = `select ` + columns + ` from interaction_contact where id = $1`
	sqlBySource = `select ` + columns + ` from interaction_contact where source_mac = $1`
	// what the gate needs on every question: one row by its key, no sealed columns
	// the hour begins with its first contact
	sqlByHand = `insert into interaction_by_hand as b (staff, started_at, used) values ($1, $2, 1)
		on conflict (staff) do update set
			used = case when b.started_at <= $3 then 1 else b.used + 1 end,
			started_at = case when b.started_at <= $3 then excluded.started_at else b.started_at end
		returning used, started_at`
	sqlFacts = `select state, back, controller, channel, direction, language, agent, purpose, subject, cli_match, risks,
		beat_at, rights_since, held_since, started_at from interaction_contact where id = $1`
	sqlLanguage = `update interaction_contact set language = $2 where id = $1`
	sqlBeat     = `update interaction_contact set beat_at = $1 where id = $2 and agent = $3 and ended_at = 0`
	// the live lists: only what is open, which is as many rows as there are people on the line
	sqlByAgent      = `select ` + columns + ` from interaction_contact where agent = $1 and ended_at = 0 order by started_at`
	sqlByController = `select ` + columns + ` from interaction_contact where controller = $1 and ended_at = 0 order by started_at limit 500`
	sqlOpen         = `select id from interaction_contact where ended_at = 0 order by started_at desc, id limit $1`
	sqlWaiting      = `select ` + columns + ` from interaction_contact where controller = $1 and ended_at = 0
		and (state = 'offered' or (state = 'held' and (agent = '' or agent = $2 and beat_at = 0)) or transfer_to = $2) order by started_at limit 50`
	sqlStale = `select id from interaction_contact where ended_at = 0 and (
		(state = 'offered' and started_at < $1)
		or (state = 'wrapup' and changed_at < $2)
		or (state not in ('offered', 'wrapup') and beat_at < $3 and changed_at < $3))
		order by started_at limit 200`
	sqlSubjectAdd = `insert into interaction_subject (interaction, subject, bound_by, bound_at) values ($1,$2,$3,$4)
		on conflict (interaction, subject) do nothing`
	sqlOfSubject = `select count(*) from interaction_contact where subject = $1 and id <> $2 and started_at > $3`
	sqlCase      = `select distinct subject from interaction_contact where case_mac = $1 and subject <> '' limit 4`
	sqlEventAdd  = `insert into interaction_event (event_mac, interaction, kind, sequence, outcome, received_at, contact_mac, agent, loose)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9) on conflict (event_mac) do nothing`
	sqlEvent      = `select interaction, outcome from interaction_event where event_mac = $1`
	sqlHeard      = `select kind, sequence, agent, loose from interaction_event where contact_mac = $1 order by sequence limit 500`
	sqlMatch      = `update interaction_contact set match = $2 where id = $1`
	sqlOld        = `select (select count(*) from interaction_event where received_at < $1) + (select count(*) from interaction_ring where hour < $2)`
	sqlEventPurge = `delete from interaction_event where received_at < $1`
	sqlRingAdd    = `insert into interaction_ring (number_mac, hour, times) values ($1,$2,1)
		on conflict (number_mac, hour) do update set times = interaction_ring.times + 1`
	sqlRingCount = `select coalesce(sum(times), 0) from interaction_ring where number_mac = $1 and hour > $2`
	sqlRingPurge = `delete from interaction_ring where hour < $1`
)

// contact is a stored row.
type contact struct {
	id         string
	controller string
	channel    Channel
	direction  Direction
	queue      string
	language   string
	purpose    string
	notice     int64
	subject    string
	subjectBy  string
	cliMatch   bool
	match      string
	candidates []string
	claimed    bool // begun by staff, by hand: the number is good for finding, worth nothing as a signal
	risks      []string
	number     []byte // masked form, sealed under the staff key; nil once ended
	caseRef    []byte // sealed under the staff key
	beat       time.Time
	since      time.Time
	held       time.Time
	to         string // colleague it is handed to
	token      string // what proves the hand-over, for that colleague's session only
	started    time.Time
	changed    time.Time
	ended      time.Time
	outcome    string // disposition, or why it was refused

	was  string // who served it when the row was read
	from State  // and where it stood

	Contact
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func scan(r db.Row) (*contact, error) {
	var c contact
	var state, back, channel, direction, candidates, risks string
	var beat, since, held, started, changed, ended int64
	err := r.Scan(&c.id, &state, &back, &c.controller, &channel, &direction, &c.queue, &c.language, &c.Agent,
		&c.purpose, &c.notice, &c.subject, &c.subjectBy, &c.cliMatch, &c.match, &candidates, &c.claimed, &risks, &c.number,
		&c.caseRef, &beat, &since, &held, &c.to, &c.token, &c.LastSequence, &c.HoldSequence, &c.AgentSequence,
		&c.outcome, &started, &changed, &ended)
	if err != nil {
		return nil, err
	}
	c.State, c.Back, c.was, c.from = State(state), State(back), c.Agent, State(state)
	c.channel, c.direction = Channel(channel), Direction(direction)
	c.candidates, c.risks = list(candidates), list(risks)
	c.beat, c.since, c.held = column.Moment(beat), column.Moment(since), column.Moment(held)
	c.started, c.changed, c.ended = column.Moment(started), column.Moment(changed), column.Moment(ended)
	return &c, nil
}

func insert(tx *db.Tx, c *contact, source, caseMAC []byte) {
	tx.Data.Queue(sqlInsert, c.id, string(c.State), string(c.Back), c.controller, string(c.channel), string(c.direction),
		c.queue, c.language, c.Agent, c.purpose, c.notice, c.subject, c.subjectBy, c.cliMatch, c.match,
		strings.Join(c.candidates, ","), c.claimed, strings.Join(c.risks, ","), c.number, c.caseRef, column.Micros(c.beat), column.Micros(c.since),
		column.Micros(c.held), c.to, c.token, c.LastSequence, c.HoldSequence, c.AgentSequence, c.outcome, column.Micros(c.started),
		column.Micros(c.changed), column.Micros(c.ended), source, caseMAC)
}

func update(tx *db.Tx, c *contact) {
	tx.Data.Queue(sqlUpdate, c.id, string(c.State), string(c.Back), c.Agent, c.purpose, c.notice, c.subject, c.subjectBy,
		c.cliMatch, strings.Join(c.risks, ","), c.number, column.Micros(c.beat), column.Micros(c.since), column.Micros(c.held), c.to, c.token,
		c.LastSequence, c.HoldSequence, c.AgentSequence, c.outcome, column.Micros(c.changed), column.Micros(c.ended),
		strings.Join(c.candidates, ","))
}

func byID(tx *db.Tx, id string) (*contact, error) {
	c, err := scan(tx.Data.Row(sqlByID, id))
	if errors.Is(err, db.ErrNoRows) {
		return nil, errUnknown
	}
	return c, err
}

func many(tx *db.Tx, sql string, args ...any) ([]*contact, error) {
	var out []*contact
	err := tx.Data.Rows(sql, args, func(r db.Row) error {
		c, err := scan(r)
		if err == nil {
			out = append(out, c)
		}
		return err
	})
	return out, err
}

// Facts reads what decisions rest on: one row by its key. interaction.unknown when there
// is no such interaction.
func (s *Service) Facts(tx *db.Tx, id string) (Facts, error) { return keptFacts.Get(tx, id) }

var keptFacts = db.Keep(db.StoreData, 20_000, func(tx *db.Tx, id string) (Facts, error) {
	f := Facts{ID: id}
	var state, back, channel, direction, risks string
	var beat, since, held, started int64
	err := tx.Data.Row(sqlFacts, id).Scan(&state, &back, &f.Controller, &channel, &direction, &f.Language, &f.Agent, &f.Purpose,
		&f.Subject, &f.CLIMatch, &risks, &beat, &since, &held, &started)
	if errors.Is(err, db.ErrNoRows) {
		return Facts{}, errUnknown
	}
	if err != nil {
		return Facts{}, err
	}
	f.State, f.Back, f.Channel, f.Direction = State(state), State(back), Channel(channel), Direction(direction)
	f.Risks = list(risks)
	f.Beat, f.RightsSince, f.HeldSince, f.Started = column.Moment(beat), column.Moment(since), column.Moment(held), column.Moment(started)
	return f, nil
}, "interaction_contact")

// Refusals of this room.
var (
	errUnknown     = errs.New(errs.NotFound, "interaction.unknown")
	errNotAllowed  = errs.New(errs.Denied, "interaction.not_allowed")
	errOften       = errs.New(errs.TooMany, "interaction.too_often")
	errController  = errs.New(errs.Denied, "interaction.other_controller")
	errStale       = errs.New(errs.Denied, "interaction.desk_silent")
	errOver        = errs.New(errs.Conflict, "interaction.over")
	errMove        = errs.New(errs.Conflict, "interaction.wrong_state")
	errCapturing   = errs.New(errs.Conflict, "interaction.capturing")
	errTaken       = errs.New(errs.Conflict, "interaction.taken")
	errPurpose     = errs.New(errs.Invalid, "interaction.purpose_unusable")
	errSubject     = errs.New(errs.NotFound, "interaction.subject_unknown")
	errBound       = errs.New(errs.Conflict, "interaction.subject_bound")
	errColleague   = errs.New(errs.Invalid, "interaction.colleague_unusable")
	errReason      = errs.New(errs.Invalid, "interaction.reason_unknown")
	errLanguage    = errs.New(errs.Invalid, "interaction.language")
	errDisposition = errs.New(errs.Invalid, "interaction.disposition_unknown")
	errOpening     = errs.New(errs.Invalid, "interaction.opening_malformed")
	errEvent       = errs.New(errs.Invalid, "interaction.event_malformed")
	errBatch       = errs.New(errs.Invalid, "interaction.batch_size")
	errEventLarge  = errs.New(errs.Invalid, "interaction.event_too_large")
)

// OpenIDs lists the contacts of all controllers that have not ended, the newest first, at most so many.
func (s *Service) OpenIDs(tx *db.Tx, most int) (out []string, err error) {
	err = tx.Data.Rows(sqlOpen, []any{int64(most)}, func(r db.Row) error {
		var one string
		err := r.Scan(&one)
		out = append(out, one)
		return err
	})
	return out, err
}

// CaseReferences finds the subjects of interactions that carry this case reference of
// another system at one controller, at most four. The vault asks it in a look-up by case.
func (s *Service) CaseReferences(tx *db.Tx, controller, reference string) ([]string, error) {
	var out []string
	err := tx.Data.Rows(sqlCase, []any{s.caseMAC(controller, reference)}, func(r db.Row) error {
		var one string
		err := r.Scan(&one)
		out = append(out, one)
		return err
	})
	return out, err
}

func (s *Service) caseMAC(controller, reference string) []byte {
	return s.o.Keys.MAC("interaction/case", []byte(controller+"\x00"+strings.ToUpper(strings.TrimSpace(reference))))
}
