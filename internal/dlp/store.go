package dlp

import (
	"embed"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the room's migrations, for db.Migrate.
func Schema() db.Schema { return db.Schema{Room: "dlp", FS: schema} }

func (s *Service) seal(column, row, text string) []byte {
	return s.o.Keys.SealStaff(keyring.Ref{Table: "dlp_incident", Column: column, Row: row, Schema: 1}, []byte(text))
}

func (s *Service) open(column, row string, sealed []byte) (string, error) {
	if sealed == nil {
		return "", nil
	}
	plain, err := s.o.Keys.OpenStaff(keyring.Ref{Table: "dlp_incident", Column: column, Row: row, Schema: 1}, sealed)
	return string(plain), err
}

func insertPassage(tx *db.Tx, controller string, f facts, v Verdict) error {
	text, err := json.Marshal(f)
	if err != nil {
		return errs.Wrap(errs.Internal, "app.internal", err)
	}
	tx.Data.Queue(`insert into dlp_passage (id, controller, facts, verdict, at) values ($1, $2, $3, $4, $5)`, id.NewAt(id.Passage, tx.Now()), controller, string(text), string(v), tx.Now().UnixMicro())
	return nil
}

// passages reads the facts since a time, those that are alike once with their number.
func passages(tx *db.Tx, since time.Time, each func(f facts, was Verdict, n int)) error {
	return tx.Data.Rows(`select facts, verdict, count(*) from dlp_passage where at >= $1 group by facts, verdict`, []any{since.UnixMicro()}, func(r db.Row) error {
		var text, was string
		var n int
		if err := r.Scan(&text, &was, &n); err != nil {
			return err
		}
		var f facts
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			return errs.Wrap(errs.Internal, "app.internal", err)
		}
		each(f, Verdict(was), n)
		return nil
	})
}

func (s *Service) insertIncident(tx *db.Tx, in Incident, subject string, quiet, telling bool) {
	var why, whose []byte
	if len(in.Of) > 0 {
		whose = s.seal("whose_sealed", in.ID, strings.Join(in.Of, " "))
	}
	if in.Why != "" {
		why = s.seal("why_sealed", in.ID, in.Why)
	}
	tx.Data.Queue(`insert into dlp_incident (id, controller, staff, interaction, way, recipient, verdict, kinds, people, at, evidence_sealed, disposition, advice_sealed, reviewed_by, reviewed_at, read_at, subject, ref, why_sealed, held, held_by, held_at, carried_at, customers, whose_sealed, quiet, telling)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', null, '', 0, 0, $12, $13, $14, $15, '', 0, 0, $16, $17, $18, $19)`,
		in.ID, in.Controller, in.Staff, in.Interaction, string(in.Way), string(in.Recipient), string(in.Verdict), strings.Join(in.Kinds, " "), in.People, in.At.UnixMicro(),
		s.seal("evidence_sealed", in.ID, in.Evidence), subject, in.Ref, why, string(in.Held), in.Customers, whose, quiet, telling)
}

const columns = `id, controller, staff, interaction, way, recipient, verdict, kinds, people, at, evidence_sealed, disposition, advice_sealed, reviewed_by, reviewed_at, read_at, ref, why_sealed, held, held_by, held_at, carried_at, customers, whose_sealed, telling`

func (s *Service) scanIncident(r db.Row) (in Incident, err error) {
	var way, to, verdict, kinds, held string
	var evidence, advice, why, whose []byte
	var at, reviewed, read, decided, carried int64
	if err := r.Scan(&in.ID, &in.Controller, &in.Staff, &in.Interaction, &way, &to, &verdict, &kinds, &in.People, &at, &evidence, &in.Disposition, &advice, &in.ReviewedBy, &reviewed, &read,
		&in.Ref, &why, &held, &in.HeldBy, &decided, &carried, &in.Customers, &whose, &in.telling); err != nil {
		return in, err
	}
	in.Way, in.Recipient, in.Verdict, in.Kinds = Way(way), Recipient(to), Verdict(verdict), strings.Fields(kinds)
	in.At, in.ReviewedAt, in.ReadAt = column.Moment(at), column.Moment(reviewed), column.Moment(read)
	in.Held, in.HeldAt, in.CarriedAt = State(held), column.Moment(decided), column.Moment(carried)
	if in.Evidence, err = s.open("evidence_sealed", in.ID, evidence); err != nil {
		return in, err
	}
	if in.Why, err = s.open("why_sealed", in.ID, why); err != nil {
		return in, err
	}
	of, err := s.open("whose_sealed", in.ID, whose)
	if err != nil {
		return in, err
	}
	in.Of = strings.Fields(of)
	in.Advice, err = s.open("advice_sealed", in.ID, advice)
	return in, err
}

func (s *Service) incident(tx *db.Tx, incident string) (Incident, error) {
	in, err := s.scanIncident(tx.Data.Row(`select `+columns+` from dlp_incident where id = $1`, incident))
	if errors.Is(err, db.ErrNoRows) {
		err = errIncident
	}
	return in, err
}

// incidents lists those of these companies that wait, or those that were reviewed, the newest first.
func (s *Service) incidents(tx *db.Tx, controllers []string, reviewed bool) ([]Incident, error) {
	where := ` where disposition = ''`
	if reviewed {
		where = ` where disposition <> ''`
	}
	theirs, args := column.In("controller", controllers, nil)
	return s.list(tx, where+` and `+theirs, args, `case when held = 'waiting' then 0 else 1 end, `+newest)
}

func (s *Service) mine(tx *db.Tx, staff string) ([]Incident, error) {
	return s.list(tx, ` where staff = $1 and (not quiet or disposition <> '')`, []any{staff}, newest)
}

// tellings counts the texts of somebody since a time of which it could be seen that a value is a customer's.
func tellings(tx *db.Tx, staff string, since time.Time) (n int, err error) {
	err = tx.Data.Row(`select count(*) from dlp_incident where staff = $1 and at >= $2 and telling`, staff, since.UnixMicro()).Scan(&n)
	return n, err
}

// newest is the order that people read lists in.
const newest = `at desc, id desc`

func (s *Service) list(tx *db.Tx, where string, args []any, order string) (out []Incident, err error) {
	err = tx.Data.Rows(`select `+columns+` from dlp_incident`+where+` order by `+order+` limit `+strconv.Itoa(atOnce), args, func(r db.Row) error {
		in, err := s.scanIncident(r)
		out = append(out, in)
		return err
	})
	return out, err
}

// standing is the text of the rules in force beside the shipped ones; empty when there are none. There is one question.
var standing = db.Keep(db.StoreData, 1, func(tx *db.Tx, _ string) (own string, err error) {
	err = tx.Data.Row(`select cedar from dlp_rules where state = 'standing' order by decided_at desc, id desc limit 1`).Scan(&own)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return own, err
}, "dlp_rules")
