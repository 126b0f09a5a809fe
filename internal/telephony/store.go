package telephony

import (
	"embed"
	"errors"
	"time"

	"github.com/amanah-id/amanah/internal/kit/column"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the room's migrations, for db.Migrate.
func Schema() db.Schema { return db.Schema{Room: "telephony", FS: schema} }

const (
	lineColumns = `id, controller, mapping, signing, token_sealed, generation, previous_until, refused, refused_at, refused_code, created_at, removed_at`
	hookColumns = `id, controller, address, generation, previous_until, created_at, removed_at`
	sentColumns = `id, hook, controller, interaction, action, agent, contact_state, state, reason, attempts, created_at, changed_at`

	sqlLineAdd     = `insert into telephony_line (` + lineColumns + `) values ($1,$2,$3,$4,$5,1,0,0,0,'',$6,0)`
	sqlLine        = `select ` + lineColumns + ` from telephony_line where id = $1 and removed_at = 0`
	sqlLines       = `select ` + lineColumns + ` from telephony_line where removed_at = 0 order by id limit 100`
	sqlLineKey     = `update telephony_line set generation = generation + 1, previous_until = $2 where id = $1`
	sqlLineRemove  = `update telephony_line set removed_at = $2, token_sealed = null where id = $1`
	sqlLineRefused = `update telephony_line set refused = refused + 1, refused_at = $2, refused_code = $3 where id = $1`
	sqlSeen        = `select count(*) from telephony_seen where signature_mac = $1`
	sqlSeenAdd     = `insert into telephony_seen (signature_mac, seen_at) values ($1,$2) on conflict (signature_mac) do nothing`
	sqlSeenPurge   = `delete from telephony_seen where seen_at < $1`

	sqlHookAdd    = `insert into telephony_hook (` + hookColumns + `) values ($1,$2,$3,1,0,$4,0)`
	sqlHook       = `select ` + hookColumns + ` from telephony_hook where id = $1 and removed_at = 0`
	sqlHooks      = `select ` + hookColumns + ` from telephony_hook where removed_at = 0 order by id limit 100`
	sqlHooksOf    = `select id from telephony_hook where controller = $1 and removed_at = 0 order by id limit 20`
	sqlHookKey    = `update telephony_hook set generation = generation + 1, previous_until = $2 where id = $1`
	sqlHookRemove = `update telephony_hook set removed_at = $2 where id = $1`

	sqlSentAdd   = `insert into telephony_delivery (` + sentColumns + `) values ($1,$2,$3,$4,$5,$6,$7,'queued','',0,$8,$8)`
	sqlSent      = `select ` + sentColumns + ` from telephony_delivery where id = $1`
	sqlSentState = `update telephony_delivery set state = $2, reason = $3, attempts = $4, changed_at = $5 where id = $1`
	sqlUnsent    = `select ` + sentColumns + ` from telephony_delivery where state = 'dead' or (state = 'queued' and attempts > 0) order by changed_at desc, id desc limit 100`
	sqlSentPurge = `delete from telephony_delivery where state = 'sent' and changed_at < $1`
)

// Line is an address of ours on which signed events come in.
type Line struct {
	ID         string
	Controller string
	Mapping    string // "" takes CloudEvents
	Signing    Signing
	Generation int64
	// Previous is until when the key before is good; zero when there is none.
	Previous    time.Time
	Refused     int64 // requests that were refused
	RefusedAt   time.Time
	RefusedCode string
	Created     time.Time

	token []byte // sealed: Twilio's
}

// Hook is an address that is told what happened.
type Hook struct {
	ID         string
	Controller string
	Address    string
	Generation int64
	Previous   time.Time
	Created    time.Time
}

// Delivery is one event on its way out: ids only.
type Delivery struct {
	ID          string
	Hook        string
	Controller  string
	Interaction string
	Action      string
	Agent       string
	Position    string // state of the interaction then
	State       State
	Reason      string // code of the last failure
	Attempts    int64
	Created     time.Time
	Changed     time.Time
}

func scanLine(r db.Row) (l Line, err error) {
	var signing string
	var previous, refused, created, removed int64
	err = r.Scan(&l.ID, &l.Controller, &l.Mapping, &signing, &l.token, &l.Generation, &previous, &l.Refused, &refused, &l.RefusedCode, &created, &removed)
	l.Signing, l.Previous, l.RefusedAt, l.Created = Signing(signing), column.Moment(previous), column.Moment(refused), column.Moment(created)
	return l, err
}

func scanHook(r db.Row) (h Hook, err error) {
	var previous, created, removed int64
	err = r.Scan(&h.ID, &h.Controller, &h.Address, &h.Generation, &previous, &created, &removed)
	h.Previous, h.Created = column.Moment(previous), column.Moment(created)
	return h, err
}

func scanDelivery(r db.Row) (d Delivery, err error) {
	var state string
	var created, changed int64
	err = r.Scan(&d.ID, &d.Hook, &d.Controller, &d.Interaction, &d.Action, &d.Agent, &d.Position, &state, &d.Reason, &d.Attempts, &created, &changed)
	d.State, d.Created, d.Changed = State(state), column.Moment(created), column.Moment(changed)
	return d, err
}

// one reads a row by its id; telephony.unknown when there is none.
func one[T any](tx *db.Tx, prefix, sql, rowID string, scan func(db.Row) (T, error)) (T, error) {
	var none T
	if !id.Is(prefix, rowID) {
		return none, errUnknown
	}
	v, err := scan(tx.Data.Row(sql, rowID))
	if errors.Is(err, db.ErrNoRows) {
		return none, errUnknown
	}
	return v, err
}

func many[T any](tx *db.Tx, sql string, scan func(db.Row) (T, error), args ...any) (out []T, err error) {
	err = tx.Data.Rows(sql, args, func(r db.Row) error {
		v, err := scan(r)
		if err == nil {
			out = append(out, v)
		}
		return err
	})
	return out, err
}

// keptHooks answers which hooks a controller has: asked with every move of every call.
var keptHooks = db.Keep(db.StoreData, 1000, func(tx *db.Tx, controller string) ([]string, error) {
	return many(tx, sqlHooksOf, func(r db.Row) (hook string, err error) { err = r.Scan(&hook); return hook, err }, controller)
}, "telephony_hook")
