package identity

import (
	"crypto/sha256"
	"errors"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

func (s *Identity) seal(table, column, row string, plain []byte) []byte {
	return s.keys.SealStaff(keyring.Ref{Table: table, Column: column, Row: row, Schema: 1}, plain)
}

func (s *Identity) open(table, column, row string, sealed []byte) ([]byte, error) {
	return s.keys.OpenStaff(keyring.Ref{Table: table, Column: column, Row: row, Schema: 1}, sealed)
}

// staffRow is a row of identity_staff, still sealed.
type staffRow struct {
	id             string
	login, name    []byte
	role           actor.Role
	controllers    []string
	state          State
	password, totp []byte // nil when there is none
	totpStep       int64
	created        int64
}

const staffColumns = `id, login_sealed, name_sealed, role, controllers, state, password_sealed, totp_sealed, totp_step, created_at`

func scanStaff(r db.Row) (row staffRow, err error) {
	var role, state, controllers string
	err = r.Scan(&row.id, &row.login, &row.name, &role, &controllers, &state, &row.password, &row.totp, &row.totpStep, &row.created)
	row.role, row.state, row.controllers = actor.Role(role), State(state), strings.Fields(controllers)
	if errors.Is(err, db.ErrNoRows) {
		err = errNoStaff
	}
	return row, err
}

func staffByID(tx *db.Tx, staff string) (staffRow, error) {
	return scanStaff(tx.Data.Row(`select `+staffColumns+` from identity_staff where id = $1`, staff))
}

// staffByLogin finds who has this login. found is false when nobody has.
func (s *Identity) staffByLogin(tx *db.Tx, login string) (row staffRow, found bool, err error) {
	row, err = scanStaff(tx.Data.Row(`select `+staffColumns+` from identity_staff where login_mac = $1`, s.loginMAC(login)))
	if errors.Is(err, errNoStaff) {
		return row, false, nil
	}
	return row, err == nil, err
}

func (s *Identity) loginMAC(login string) []byte {
	return s.keys.MAC("identity/login", []byte(normaliseLogin(login)))
}

// openStaff opens the name and login of a row, without counting factors.
func (s *Identity) openStaff(row staffRow) (Staff, error) {
	login, err := s.open("identity_staff", "login_sealed", row.id, row.login)
	if err != nil {
		return Staff{}, err
	}
	name, err := s.open("identity_staff", "name_sealed", row.id, row.name)
	if err != nil {
		return Staff{}, err
	}
	return Staff{
		ID: row.id, Name: string(name), Login: string(login), Role: row.role, State: row.state,
		Controllers: row.controllers, Created: time.UnixMicro(row.created).UTC(), TOTP: row.totp != nil,
	}, nil
}

func (s *Identity) insertStaff(tx *db.Tx, staff string, n NewStaff) error {
	now := tx.Now().UnixMicro()
	_, err := tx.Data.Exec(`insert into identity_staff (id, login_sealed, login_mac, name_sealed, role, controllers, state, totp_step, created_at, changed_at) values ($1, $2, $3, $4, $5, $6, $7, 0, $8, $8)`,
		staff, s.seal("identity_staff", "login_sealed", staff, []byte(n.Login)), s.loginMAC(n.Login),
		s.seal("identity_staff", "name_sealed", staff, []byte(n.Name)), string(n.Role), strings.Join(n.Controllers, " "), string(Invited), now)
	if db.IsUnique(err) {
		return errLoginTaken
	}
	return err
}

// sessionRow is a live session with its owner.
type sessionRow struct {
	id, kind                  string
	created, seen, second     int64
	staff, clientState        string
	role                      actor.Role
	controllers, clientServes []string
	name                      []byte
	clientExpires             int64
}

// live says whether the session is one now. It is the only place that knows the limits.
func (r sessionRow) live(now time.Time) bool {
	return now.Sub(time.UnixMicro(r.seen)) < IdleLimit && now.Sub(time.UnixMicro(r.created)) < AbsoluteLimit
}

// One query answers for session, owner and API client: the gate asks it in every decision.
const sessionQuery = `select s.id, s.kind, s.created_at, s.seen_at, s.second_at, f.id, f.role, f.controllers, f.name_sealed, coalesce(c.state, ''), coalesce(c.controllers, ''), coalesce(c.expires_at, 0)
from identity_session s join identity_staff f on f.id = s.staff_id left join identity_client c on c.id = $2
where s.ended_at = 0 and f.state = 'active' and `

// sessionKey finds a session by its id, or by the hash of its token, with the API client
// that came along ("" for none).
type sessionKey struct {
	id     string
	sha    [sha256.Size]byte
	client string
}

// session finds a live session; found is false when there is none, whatever the reason.
func session(tx *db.Tx, key sessionKey) (row sessionRow, found bool, err error) {
	row, err = keptSessions.Get(tx, key)
	if errors.Is(err, db.ErrNoRows) {
		return row, false, nil
	}
	return row, err == nil && row.live(tx.Now()), err
}

var keptSessions = db.Keep(db.StoreData, 20_000, func(tx *db.Tx, key sessionKey) (row sessionRow, err error) {
	found := tx.Data.Row(sessionQuery+`s.token_sha = $1`, key.sha[:], key.client)
	if key.id != "" {
		found = tx.Data.Row(sessionQuery+`s.id = $1`, key.id, key.client)
	}
	var role, controllers, serves string
	err = found.Scan(&row.id, &row.kind, &row.created, &row.seen, &row.second,
		&row.staff, &role, &controllers, &row.name, &row.clientState, &serves, &row.clientExpires)
	row.role, row.controllers, row.clientServes = actor.Role(role), strings.Fields(controllers), strings.Fields(serves)
	return row, err
}, "identity_session", "identity_staff", "identity_client")

// endSessions ends the sessions of a member of staff, but for one (or none, "").
func endSessions(tx *db.Tx, staff, except, reason string) {
	tx.Data.Queue(`update identity_session set ended_at = $1, end_reason = $2 where staff_id = $3 and id <> $4 and ended_at = 0`,
		tx.Now().UnixMicro(), reason, staff, except)
}

const clientColumns = `id, name, scopes, controllers, state, hint, requester, created_at, expires_at, used_at`

func scanClient(r db.Row) (c Client, err error) {
	var scopes, controllers, state string
	var created, expires, used int64
	err = r.Scan(&c.ID, &c.Name, &scopes, &controllers, &state, &c.Hint, &c.Requester, &created, &expires, &used)
	c.Scopes, c.Controllers, c.State = strings.Fields(scopes), strings.Fields(controllers), ClientState(state)
	c.Created, c.Expires = time.UnixMicro(created).UTC(), time.UnixMicro(expires).UTC()
	if used > 0 {
		c.Used = time.UnixMicro(used).UTC()
	}
	if errors.Is(err, db.ErrNoRows) {
		err = errNoClient
	}
	return c, err
}

// live says whether the client may act now.
func (c Client) live(now time.Time) bool { return c.State == ClientActive && now.Before(c.Expires) }

// clientKey finds an API client by its id, or by the hash of its key.
type clientKey struct {
	id  string
	sha [sha256.Size]byte
}

var keptClients = db.Keep(db.StoreData, 1000, func(tx *db.Tx, key clientKey) (Client, error) {
	if key.id != "" {
		return scanClient(tx.Data.Row(`select `+clientColumns+` from identity_client where id = $1`, key.id))
	}
	return scanClient(tx.Data.Row(`select `+clientColumns+` from identity_client where key_sha = $1`, key.sha[:]))
}, "identity_client")
