package oidc

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/identity/ticket"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

func place(table, column string, row []byte) keyring.Ref {
	return keyring.Ref{Table: table, Column: column, Row: hex.EncodeToString(row), Schema: 1}
}

// flow is one way to the provider and back.
type flow struct {
	Purpose  purpose `json:"purpose"`
	Nonce    string  `json:"nonce"`
	Verifier string  `json:"verifier"`
	Session  string  `json:"session,omitempty"` // in whose session it began; "" of a sign-in
	Next     string  `json:"next,omitempty"`
	Again    bool    `json:"again,omitempty"` // the provider was told to ask who is there
	Began    int64   `json:"began"`
}

// keepFlow remembers a flow by its state, for the browser that goes.
func (s *Service) keepFlow(tx *db.Tx, state, browser []byte, f flow) {
	data, _ := json.Marshal(f) // words and numbers: never fails
	tx.Data.Queue(`insert into oidc_flow (state_sha, browser_sha, data_sealed, expires_at) values ($1, $2, $3, $4)`,
		state, browser, s.Keys.SealStaff(place("oidc_flow", "data_sealed", state), data), tx.Now().Add(flowLimit).UnixMicro())
}

// takeFlow takes the flow of a state, which is gone by that. Another browser finds none, and
// whoever goes the same way twice is told so once.
func (s *Service) takeFlow(tx *db.Tx, state, browser []byte) (f flow, err error) {
	var sealed []byte
	err = tx.Data.Row(`select data_sealed from oidc_flow where state_sha = $1 and browser_sha = $2 and expires_at > $3`, state, browser, tx.Now().UnixMicro()).Scan(&sealed)
	if errors.Is(err, db.ErrNoRows) {
		return f, errFlow
	}
	if err != nil {
		return f, err
	}
	if sealed == nil {
		tx.Data.Queue(`delete from oidc_flow where state_sha = $1`, state)
		return f, errReplayed
	}
	n, err := tx.Data.Exec(`update oidc_flow set data_sealed = null where state_sha = $1 and data_sealed is not null`, state)
	if err != nil {
		return f, err
	}
	if n == 0 {
		return f, errReplayed
	}
	data, err := s.Keys.OpenStaff(place("oidc_flow", "data_sealed", state), sealed)
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(data, &f)
}

// subjectMAC is under what a subject of the provider is known here.
func (s *Service) subjectMAC(subject string) []byte {
	return s.Keys.MAC("oidc/subject", []byte(s.Issuer+"\x00"+subject))
}

func (s *Service) sessionMAC(sid string) []byte {
	if sid == "" {
		return []byte{}
	}
	return s.Keys.MAC("oidc/session", []byte(s.Issuer+"\x00"+sid))
}

// linked finds who is linked to a subject.
func (s *Service) linked(tx *db.Tx, subject string) (staff string, found bool, err error) {
	err = tx.Data.Row(`select staff_id from oidc_link where subject_mac = $1`, s.subjectMAC(subject)).Scan(&staff)
	if errors.Is(err, db.ErrNoRows) {
		return "", false, nil
	}
	return staff, err == nil, err
}

// link makes a member of staff known by a subject, in the place of the one before. Taken is a
// subject that is somebody else's.
func (s *Service) link(tx *db.Tx, subject, staff string) error {
	other, found, err := s.linked(tx, subject)
	if err != nil {
		return err
	}
	if found && other != staff {
		return errTaken
	}
	tx.Data.Queue(`delete from oidc_link where staff_id = $1`, staff)
	tx.Data.Queue(`insert into oidc_link (subject_mac, staff_id, made_at, used_at) values ($1, $2, $3, 0)`, s.subjectMAC(subject), staff, tx.Now().UnixMicro())
	return nil
}

// keepVisit remembers that a browser came back signed in at the provider, so that it can leave.
func (s *Service) keepVisit(tx *db.Tx, staff string, who identified) (token string) {
	token = ticket.New(ticket.Visit)
	sha, _ := ticket.Parse(ticket.Visit, token)
	var hint []byte
	if who.bare && len(who.raw) <= maxHint {
		hint = s.Keys.SealStaff(place("oidc_visit", "hint_sealed", sha), []byte(who.raw))
	}
	tx.Data.Queue(`insert into oidc_visit (visit_sha, staff_id, subject_mac, sid_mac, hint_sealed, expires_at) values ($1, $2, $3, $4, $5, $6)`,
		sha, staff, s.subjectMAC(who.subject), s.sessionMAC(who.sid), hint, tx.Now().Add(visitLimit).UnixMicro())
	return token
}

// takeVisit ends a visit and returns what the provider may be told by; found is false when the
// browser has not been there.
func (s *Service) takeVisit(tx *db.Tx, visit string) (hint string, found bool, err error) {
	sha, ok := ticket.Parse(ticket.Visit, visit)
	if !ok {
		return "", false, nil
	}
	var sealed []byte
	err = tx.Data.Row(`select hint_sealed from oidc_visit where visit_sha = $1`, sha).Scan(&sealed)
	if errors.Is(err, db.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	tx.Data.Queue(`delete from oidc_visit where visit_sha = $1`, sha)
	if sealed == nil {
		return "", true, nil
	}
	plain, err := s.Keys.OpenStaff(place("oidc_visit", "hint_sealed", sha), sealed)
	return string(plain), true, err
}

// visitors are the members of staff whom a logout token is about.
func (s *Service) visitors(tx *db.Tx, subject, sid string) (staff []string, err error) {
	about, value := `subject_mac = $1`, s.subjectMAC(subject)
	if sid != "" {
		about, value = `sid_mac = $1`, s.sessionMAC(sid)
	}
	err = tx.Data.Rows(`select distinct staff_id from oidc_visit where `+about+` order by staff_id`, []any{value}, func(r db.Row) error {
		var one string
		err := r.Scan(&one)
		staff = append(staff, one)
		return err
	})
	tx.Data.Queue(`delete from oidc_visit where `+about, value)
	return staff, err
}

// takeToken notes that a logout token was taken; once is false for one that was before.
func (s *Service) takeToken(tx *db.Tx, id string, until time.Time) (once bool, err error) {
	n, err := tx.Data.Exec(`insert into oidc_logout (token_mac, expires_at) values ($1, $2) on conflict (token_mac) do nothing`,
		s.Keys.MAC("oidc/logout", []byte(s.Issuer+"\x00"+id)), until.UnixMicro())
	return n == 1, err
}
