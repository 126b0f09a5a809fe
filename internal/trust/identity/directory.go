package identity

import (
	"slices"
	"strings"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// What package scim does in the name of a company's directory: an API client with the scope
// for it. It may take away from anybody, and give only to those whose role it could have given
// (MayProvision). Each verb runs in its caller's transaction.

// provisions refuses who is not a directory, and what a directory may not do to such a role.
func provisions(by actor.Actor, role actor.Role) error {
	if by.Kind() != actor.Client || !by.HasScope(ScopeDirectory) || !MayProvision(role) {
		return errRole
	}
	return nil
}

// Admit makes a member of staff whom the directory knows, who can do nothing before enrolling
// here or signing in at the provider with a second factor.
func (s *Identity) Admit(tx *db.Tx, by actor.Actor, n NewStaff) (staff string, err error) {
	if err := checkStaff(&n); err != nil {
		return "", err
	}
	if err := provisions(by, n.Role); err != nil {
		return "", err
	}
	if _, taken, err := s.staffByLogin(tx, n.Login); err != nil || taken {
		return "", orTaken(err)
	}
	staff = id.NewAt(id.Staff, tx.Now())
	if err := s.insertStaff(tx, staff, n); err != nil {
		return "", err
	}
	return staff, s.note(tx, by, "staff_created."+string(n.Role), staff)
}

func orTaken(err error) error {
	if err == nil {
		return errLoginTaken
	}
	return err
}

// Rename gives a member of staff the name and login that the directory has.
func (s *Identity) Rename(tx *db.Tx, by actor.Actor, staff, login, name string) error {
	row, err := staffByID(tx, staff)
	if err != nil {
		return err
	}
	now, err := s.openStaff(row)
	if err != nil {
		return err
	}
	n := NewStaff{Login: login, Name: name, Role: row.role}
	if err := checkStaff(&n); err != nil || n.Login == now.Login && n.Name == now.Name {
		return err
	}
	if err := provisions(by, row.role); err != nil {
		return err
	}
	if other, taken, err := s.staffByLogin(tx, n.Login); err != nil || taken && other.id != staff {
		return orTaken(err)
	}
	tx.Data.Queue(`update identity_staff set login_sealed = $1, login_mac = $2, name_sealed = $3, changed_at = $4 where id = $5`,
		s.seal("identity_staff", "login_sealed", staff, []byte(n.Login)), s.loginMAC(n.Login), s.seal("identity_staff", "name_sealed", staff, []byte(n.Name)), tx.Now().UnixMicro(), staff)
	return s.note(tx, by, "staff_renamed", staff)
}

// Assign gives a member of staff the role and controllers of a group of the directory. The
// sessions end, as with every change of role.
func (s *Identity) Assign(tx *db.Tx, by actor.Actor, staff string, role actor.Role, controllers []string) error {
	row, err := staffByID(tx, staff)
	if err != nil || row.role == role && slices.Equal(row.controllers, controllers) {
		return err
	}
	if err := provisions(by, row.role); err != nil {
		return err
	}
	if err := provisions(by, role); err != nil {
		return err
	}
	return s.changeRole(tx, staff, map[string]string{"role": string(role), "controllers": strings.Join(controllers, " ")}, by)
}

// Retire disables whoever left, as Disable does; one who is disabled stays so.
func (s *Identity) Retire(tx *db.Tx, by actor.Actor, staff string) error {
	row, err := staffByID(tx, staff)
	if err != nil || row.state == Disabled {
		return err
	}
	if by.Kind() != actor.Client || !by.HasScope(ScopeDirectory) {
		return errRole
	}
	return s.disable(tx, by, row)
}

// ByLogin finds a member of staff by login; found is false when nobody has it.
func (s *Identity) ByLogin(tx *db.Tx, login string) (staff string, found bool, err error) {
	row, found, err := s.staffByLogin(tx, login)
	return row.id, found, err
}
