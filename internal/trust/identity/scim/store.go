package scim

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

func (s *Service) seal(table, column, row, text string) []byte {
	if text == "" {
		return nil
	}
	return s.Keys.SealStaff(keyring.Ref{Table: table, Column: column, Row: row, Schema: 1}, []byte(text))
}

func (s *Service) open(table, column, row string, sealed []byte) (string, error) {
	if sealed == nil {
		return "", nil
	}
	plain, err := s.Keys.OpenStaff(keyring.Ref{Table: table, Column: column, Row: row, Schema: 1}, sealed)
	return string(plain), err
}

// mac is under what a word of the directory is found; nil for none, which is no two users' word.
func (s *Service) mac(of, text string) []byte {
	if text == "" {
		return nil
	}
	return s.Keys.MAC("scim/"+of, []byte(text))
}

// record is what is kept of a user beside the member of staff.
type record struct {
	external      string
	granted, gone bool
	changed       int64
}

func (s *Service) record(tx *db.Tx, staff string) (r record, known bool, err error) {
	var sealed []byte
	err = tx.Data.Row(`select external_sealed, granted, gone, changed_at from scim_user where staff_id = $1`, staff).Scan(&sealed, &r.granted, &r.gone, &r.changed)
	if errors.Is(err, db.ErrNoRows) {
		return record{}, false, nil
	}
	if err != nil {
		return record{}, false, err
	}
	r.external, err = s.open("scim_user", "external_sealed", staff, sealed)
	return r, true, err
}

// keepUser keeps a record. The caller has looked whether the external id is somebody else's.
func (s *Service) keepUser(tx *db.Tx, staff string, r record) {
	tx.Data.Queue(`insert into scim_user (staff_id, external_mac, external_sealed, granted, gone, changed_at) values ($1, $2, $3, $4, $5, $6)
on conflict (staff_id) do update set external_mac = excluded.external_mac, external_sealed = excluded.external_sealed, granted = excluded.granted, gone = excluded.gone, changed_at = excluded.changed_at`,
		staff, s.mac("external", r.external), s.seal("scim_user", "external_sealed", staff, r.external), r.granted, r.gone, tx.Now().UnixMicro())
}

// Find finds whom the directory calls by an id of its own; package oidc asks it for whom a token
// is. Whoever the directory deleted is nobody.
func (s *Service) Find(tx *db.Tx, external string) (staff string, found bool, err error) {
	if external == "" {
		return "", false, nil
	}
	err = tx.Data.Row(`select staff_id from scim_user where external_mac = $1`, s.mac("external", external)).Scan(&staff)
	if errors.Is(err, db.ErrNoRows) {
		return "", false, nil
	}
	return staff, err == nil, err
}

// groupsOf are the groups of a member of staff, without their members, by name.
func (s *Service) groupsOf(tx *db.Tx, staff string) ([]Group, error) {
	return s.groups(tx, `where id in (select group_id from scim_member where staff_id = $1)`, staff)
}

func (s *Service) groups(tx *db.Tx, where string, args ...any) (out []Group, err error) {
	err = tx.Data.Rows(`select id, name_sealed, external_sealed, created_at, changed_at from scim_group `+where+` order by id`, args, func(r db.Row) error {
		var g Group
		var name, external []byte
		var created, changed int64
		if err := r.Scan(&g.ID, &name, &external, &created, &changed); err != nil {
			return err
		}
		g.Created, g.Changed = time.UnixMicro(created).UTC(), time.UnixMicro(changed).UTC()
		var err, err2 error
		g.Name, err = s.open("scim_group", "name_sealed", g.ID, name)
		g.External, err2 = s.open("scim_group", "external_sealed", g.ID, external)
		out = append(out, g)
		return errors.Join(err, err2)
	})
	return out, err
}

func (s *Service) members(tx *db.Tx, key string) (out []string, err error) {
	err = tx.Data.Rows(`select staff_id from scim_member where group_id = $1 order by staff_id`, []any{key}, func(r db.Row) error {
		var one string
		err := r.Scan(&one)
		out = append(out, one)
		return err
	})
	return out, err
}

// keepGroup keeps a group without its members.
func (s *Service) keepGroup(tx *db.Tx, g Group) {
	tx.Data.Queue(`insert into scim_group (id, name_sealed, name_mac, external_mac, external_sealed, created_at, changed_at) values ($1, $2, $3, $4, $5, $6, $6)
on conflict (id) do update set name_sealed = excluded.name_sealed, name_mac = excluded.name_mac, external_mac = excluded.external_mac, external_sealed = excluded.external_sealed, changed_at = excluded.changed_at`,
		g.ID, s.seal("scim_group", "name_sealed", g.ID, g.Name), s.mac("group", g.Name), s.mac("group_external", g.External), s.seal("scim_group", "external_sealed", g.ID, g.External), tx.Now().UnixMicro())
}

// userOf is one member of staff as the directory sees one; errNone for whom it deleted.
func (s *Service) userOf(tx *db.Tx, one identity.Staff) (User, error) {
	r, known, err := s.record(tx, one.ID)
	if err != nil {
		return User{}, err
	}
	out := User{ID: one.ID, External: r.external, Login: one.Login, Name: one.Name, Active: one.State != identity.Disabled, Created: one.Created, Changed: one.Created, role: one.Role}
	if known {
		out.Changed = time.UnixMicro(r.changed).UTC()
	}
	if r.gone && !out.Active {
		return User{}, errNone
	}
	out.Groups, err = s.groupsOf(tx, one.ID)
	slices.SortFunc(out.Groups, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}
