package scim

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/identity"
)

// change runs fn in a write transaction. What the directory may not do is undone whole, and the
// attempt is entered on its own.
func (s *Service) change(ctx context.Context, by actor.Actor, action, ref string, fn func(tx *db.Tx) error) error {
	err := s.DB.Write(ctx, fn)
	if errs.KindOf(err) != errs.Denied {
		return err
	}
	entered := s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := s.Log.Append(tx, audit.Entry{Action: action, Decision: audit.Denied, Actor: by, Ref: ref, Reason: errs.Of(err).Code})
		return err
	})
	return errors.Join(entered, err)
}

func (s *Service) note(tx *db.Tx, by actor.Actor, action, ref string) error {
	_, err := s.Log.Append(tx, audit.Entry{Action: action, Decision: audit.Done, Actor: by, Ref: ref})
	return err
}

func (s *Service) user(tx *db.Tx, staff string) (User, error) {
	if !id.Is(id.Staff, staff) {
		return User{}, errNone
	}
	one, err := s.Identity.Staff(tx, staff)
	if errs.KindOf(err) == errs.NotFound {
		return User{}, errNone
	}
	if err != nil {
		return User{}, err
	}
	return s.userOf(tx, one)
}

// User returns one.
func (s *Service) User(ctx context.Context, staff string) (out User, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = s.user(tx, staff)
		return err
	})
	return out, err
}

// Users returns a part of those whom a filter means, or of everybody, in the order of their ids,
// and how many there are.
func (s *Service) Users(ctx context.Context, p page) (out []User, total int, err error) {
	var all []identity.Staff
	if p.filter == (filter{}) {
		if all, err = s.Identity.ListStaff(ctx); err != nil {
			return nil, 0, err
		}
		slices.SortFunc(all, func(a, b identity.Staff) int { return strings.Compare(a.ID, b.ID) })
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		list, err := all, error(nil)
		if p.filter != (filter{}) {
			list, err = s.found(tx, p.filter)
		}
		if err != nil {
			return err
		}
		gone := map[string]bool{}
		err = tx.Data.Rows(`select staff_id from scim_user where gone`, nil, func(r db.Row) error {
			var one string
			err := r.Scan(&one)
			gone[one] = true
			return err
		})
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(slices.Clone(list), func(one identity.Staff) bool { return gone[one.ID] && one.State == identity.Disabled })
		out, total = nil, len(list)
		from := min(p.start-1, total)
		for _, one := range list[from:min(from+p.count, total)] {
			u, err := s.userOf(tx, one)
			if err != nil {
				return err
			}
			out = append(out, u)
		}
		return nil
	})
	return out, total, err
}

// found is whom a filter means: nobody or one.
func (s *Service) found(tx *db.Tx, f filter) (list []identity.Staff, err error) {
	var found bool
	staff := f.Value
	switch f.Attribute {
	case "username":
		staff, found, err = s.Identity.ByLogin(tx, f.Value)
	case "externalid":
		staff, found, err = s.Find(tx, f.Value)
	case "id":
		found = id.Is(id.Staff, f.Value)
	default:
		return nil, errFilter
	}
	if err != nil || !found {
		return nil, err
	}
	one, err := s.Identity.Staff(tx, staff)
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil
	}
	return []identity.Staff{one}, err
}

// wish is what a directory wants a user to be; nil leaves what is there.
type wish struct {
	Login    *string
	Name     *string
	External *string
	Active   *bool
}

// CreateUser makes a member of staff, who serves nobody before a group says whom.
func (s *Service) CreateUser(ctx context.Context, by actor.Actor, w wish) (out User, err error) {
	if w.Login == nil || w.Name == nil {
		return User{}, errValue.With("attribute", "userName, displayName")
	}
	err = s.change(ctx, by, "identity.staff_created."+string(actor.Agent), "", func(tx *db.Tx) error {
		staff, err := s.Identity.Admit(tx, by, identity.NewStaff{Login: *w.Login, Name: *w.Name, Role: actor.Agent})
		if err != nil {
			return err
		}
		s.keepUser(tx, staff, record{granted: true})
		if err := s.apply(tx, by, staff, wish{External: w.External, Active: w.Active}); err != nil {
			return err
		}
		out, err = s.user(tx, staff)
		return err
	})
	return out, err
}

// ChangeUser makes of a user what the directory wishes.
func (s *Service) ChangeUser(ctx context.Context, by actor.Actor, staff string, wishes func(User) (wish, error)) (out User, err error) {
	err = s.change(ctx, by, "scim.user_changed", staff, func(tx *db.Tx) error {
		now, err := s.user(tx, staff)
		if err != nil {
			return err
		}
		w, err := wishes(now)
		if err != nil {
			return err
		}
		if err := s.apply(tx, by, staff, w); err != nil {
			return err
		}
		out, err = s.user(tx, staff)
		return err
	})
	return out, err
}

func (s *Service) apply(tx *db.Tx, by actor.Actor, staff string, w wish) error {
	now, err := s.user(tx, staff)
	if err != nil {
		return err
	}
	if w.Active != nil && *w.Active && !now.Active {
		return errTwoPeople
	}
	if w.External != nil && *w.External != now.External {
		if err := s.call(tx, by, now, *w.External); err != nil {
			return err
		}
	}
	login, name := now.Login, now.Name
	if w.Login != nil {
		login = *w.Login
	}
	if w.Name != nil {
		name = *w.Name
	}
	if err := s.Identity.Rename(tx, by, staff, login, name); err != nil {
		return err
	}
	if w.Active != nil && !*w.Active {
		return s.Identity.Retire(tx, by, staff)
	}
	return nil
}

// call gives a user the directory's own id, by which the sign-in provider may know the person too.
// Whom the directory could not have made, it cannot say who it is.
func (s *Service) call(tx *db.Tx, by actor.Actor, now User, external string) error {
	if !identity.MayProvision(now.role) {
		return errTwoPeople
	}
	if len(external) > maxExternal {
		return errValue.With("attribute", "externalId")
	}
	if other, found, err := s.Find(tx, external); err != nil || found && other != now.ID {
		return orElse(err, errUnique)
	}
	r, _, err := s.record(tx, now.ID)
	if err != nil {
		return err
	}
	r.external = external
	s.keepUser(tx, now.ID, r)
	return s.note(tx, by, "scim.user_linked", now.ID)
}

func orElse(err error, refusal *errs.E) error {
	if err != nil {
		return err
	}
	return refusal
}

// DeleteUser disables a user, who is then gone for the directory.
func (s *Service) DeleteUser(ctx context.Context, by actor.Actor, staff string) error {
	return s.change(ctx, by, "scim.user_deleted", staff, func(tx *db.Tx) error {
		if _, err := s.user(tx, staff); err != nil {
			return err
		}
		if err := s.Identity.Retire(tx, by, staff); err != nil {
			return err
		}
		tx.Data.Queue(`delete from scim_member where staff_id = $1`, staff)
		s.keepUser(tx, staff, record{gone: true})
		return s.note(tx, by, "scim.user_deleted", staff)
	})
}

// Group returns one, with its members.
func (s *Service) Group(ctx context.Context, key string) (out Group, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = s.group(tx, key)
		return err
	})
	return out, err
}

func (s *Service) group(tx *db.Tx, key string) (Group, error) {
	list, err := s.groups(tx, `where id = $1`, key)
	if err != nil {
		return Group{}, err
	}
	if len(list) == 0 {
		return Group{}, errNone
	}
	g := list[0]
	g.Members, err = s.members(tx, key)
	return g, err
}

// Groups returns a part of those whom a filter means, or of all, and how many there are.
func (s *Service) Groups(ctx context.Context, p page) (out []Group, total int, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var all []Group
		var err error
		switch p.filter.Attribute {
		case "":
			all, err = s.groups(tx, ``)
		case "displayname":
			all, err = s.groups(tx, `where name_mac = $1`, s.mac("group", p.filter.Value))
		case "externalid":
			all, err = s.groups(tx, `where external_mac = $1`, s.mac("group_external", p.filter.Value))
		case "id":
			all, err = s.groups(tx, `where id = $1`, p.filter.Value)
		default:
			return errFilter
		}
		if err != nil {
			return err
		}
		total = len(all)
		from := min(p.start-1, total)
		out = all[from:min(from+p.count, total)]
		for i := range out {
			if p.bareMembers {
				break
			}
			if out[i].Members, err = s.members(tx, out[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	return out, total, err
}

// CreateGroup makes a group; its members get what the mapping gives.
func (s *Service) CreateGroup(ctx context.Context, by actor.Actor, g Group) (out Group, err error) {
	err = s.change(ctx, by, "scim.group_changed", "", func(tx *db.Tx) error {
		var n int64
		if err := tx.Data.Row(`select count(*) from scim_group`).Scan(&n); err != nil {
			return err
		}
		if n >= maxGroups {
			return errMany
		}
		g.ID = id.NewAt(id.Group, tx.Now())
		out, err = s.become(tx, by, Group{ID: g.ID}, g)
		return err
	})
	return out, err
}

// ChangeGroup makes of a group what becomes returns for it.
func (s *Service) ChangeGroup(ctx context.Context, by actor.Actor, key string, becomes func(Group) (Group, error)) (out Group, err error) {
	err = s.change(ctx, by, "scim.group_changed", key, func(tx *db.Tx) error {
		before, err := s.group(tx, key)
		if err != nil {
			return err
		}
		before.Members = slices.Clip(before.Members)
		after, err := becomes(before)
		if err != nil {
			return err
		}
		out, err = s.become(tx, by, before, after)
		return err
	})
	return out, err
}

// DeleteGroup takes a group away, and from its members what it gave.
func (s *Service) DeleteGroup(ctx context.Context, by actor.Actor, key string) error {
	return s.change(ctx, by, "scim.group_changed", key, func(tx *db.Tx) error {
		before, err := s.group(tx, key)
		if err != nil {
			return err
		}
		tx.Data.Queue(`delete from scim_member where group_id = $1`, key)
		tx.Data.Queue(`delete from scim_group where id = $1`, key)
		if err := s.note(tx, by, "scim.group_changed", key); err != nil {
			return err
		}
		return s.regrant(tx, by, before.Members)
	})
}

// become puts a group in the place of what it was, and gives all whom that touches what their
// groups say now.
func (s *Service) become(tx *db.Tx, by actor.Actor, before, after Group) (Group, error) {
	switch {
	case after.Name == "" || len(after.Name) > maxGroupName:
		return Group{}, errValue.With("attribute", "displayName")
	case len(after.External) > maxExternal:
		return Group{}, errValue.With("attribute", "externalId")
	case len(after.Members) > maxMembers:
		return Group{}, errMany
	}
	for _, same := range []struct {
		where string
		mac   []byte
	}{{`where name_mac = $1`, s.mac("group", after.Name)}, {`where external_mac = $1`, s.mac("group_external", after.External)}} {
		list, err := s.groups(tx, same.where, same.mac)
		if err != nil {
			return Group{}, err
		}
		if len(list) > 0 && list[0].ID != after.ID {
			return Group{}, errUnique
		}
	}
	s.keepGroup(tx, after)
	slices.Sort(after.Members)
	after.Members = slices.Compact(after.Members)
	touched := []string{}
	for _, staff := range before.Members {
		if !slices.Contains(after.Members, staff) {
			tx.Data.Queue(`delete from scim_member where group_id = $1 and staff_id = $2`, after.ID, staff)
			touched = append(touched, staff)
		}
	}
	for _, staff := range after.Members {
		if slices.Contains(before.Members, staff) {
			continue
		}
		if _, err := s.user(tx, staff); err != nil {
			return Group{}, orElse(notNone(err), errValue.With("attribute", "members"))
		}
		tx.Data.Queue(`insert into scim_member (group_id, staff_id) values ($1, $2) on conflict do nothing`, after.ID, staff)
		touched = append(touched, staff)
	}
	if len(touched) > maxTouched {
		return Group{}, errMany
	}
	if before.Name != after.Name {
		touched = append(touched, after.Members...) // another name may mean another role
	}
	if err := s.note(tx, by, "scim.group_changed", after.ID); err != nil {
		return Group{}, err
	}
	if err := s.regrant(tx, by, touched); err != nil {
		return Group{}, err
	}
	return s.group(tx, after.ID)
}

func notNone(err error) error {
	if errors.Is(err, errNone) {
		return nil
	}
	return err
}

// regrant gives members of staff what their groups say. Whoever is in no group of the mapping, and
// had the role from one, serves nobody until a group says otherwise. Whose role is two people's to
// give keeps it.
func (s *Service) regrant(tx *db.Tx, by actor.Actor, staff []string) error {
	slices.Sort(staff)
	for _, one := range slices.Compact(staff) {
		now, err := s.user(tx, one)
		if errors.Is(err, errNone) {
			continue
		}
		if err != nil {
			return err
		}
		r, _, err := s.record(tx, one)
		if err != nil {
			return err
		}
		m, found := s.grants(now.Groups)
		if !identity.MayProvision(now.role) || !found && !r.granted {
			continue
		}
		role, controllers := actor.Agent, []string{}
		if found {
			role = m.Role
			for _, slug := range m.Controllers {
				c, err := s.Controller(tx, slug)
				if err != nil {
					return err
				}
				controllers = append(controllers, c)
			}
		}
		if err := s.Identity.Assign(tx, by, one, role, controllers); err != nil {
			return err
		}
		if !r.granted {
			r.granted = true
			s.keepUser(tx, one, r)
		}
	}
	return nil
}
