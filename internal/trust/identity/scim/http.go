package scim

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/read"
)

// SCIM's names.
const (
	userSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
	listSchema  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	errorSchema = "urn:ietf:params:scim:api:messages:2.0:Error"
	mediaType   = "application/scim+json"
	basePath    = "/scim/v2"
)

var directory = web.Access{Scope: identity.ScopeDirectory, Alone: true}

func (s *Service) routes(rt *web.Router) {
	for pattern, handle := range map[string]func(*web.Request) error{
		"GET /scim/v2/ServiceProviderConfig": s.showConfig,
		"GET /scim/v2/ResourceTypes":         s.showTypes,
		"GET /scim/v2/ResourceTypes/{type}":  s.showType,
		"GET /scim/v2/Schemas":               s.showSchemas,
		"GET /scim/v2/Schemas/{schema}":      s.showSchema,
		"GET /scim/v2/Users":                 s.listUsers,
		"POST /scim/v2/Users":                s.postUser,
		"GET /scim/v2/Users/{user}":          s.getUser,
		"PUT /scim/v2/Users/{user}":          s.putUser,
		"PATCH /scim/v2/Users/{user}":        s.patchUser,
		"DELETE /scim/v2/Users/{user}":       s.deleteUser,
		"GET /scim/v2/Groups":                s.listGroups,
		"POST /scim/v2/Groups":               s.postGroup,
		"GET /scim/v2/Groups/{group}":        s.getGroup,
		"PUT /scim/v2/Groups/{group}":        s.putGroup,
		"PATCH /scim/v2/Groups/{group}":      s.patchGroup,
		"DELETE /scim/v2/Groups/{group}":     s.deleteGroup,
		"GET /scim/v2/{unknown...}":          none,
	} {
		rt.Foreign(pattern, directory, fails, handle)
	}
}

func none(*web.Request) error { return errNone }

// fails writes an error in SCIM's form (RFC 7644, 3.12). Its text is ours and repeats nothing.
func fails(r *web.Request, status int, e *errs.E) {
	if e.Kind == errs.Invalid && status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	if status == http.StatusUnauthorized {
		r.Writer.Header().Set("WWW-Authenticate", `Bearer realm="amanah"`)
	}
	body := map[string]any{"schemas": []string{errorSchema}, "status": strconv.Itoa(status), "detail": e.Code + ": " + r.Printer().Args(e.Code, e.Args) + " " + r.Printer().Args(e.Code+".next", e.Args)}
	if word, ok := types[e.Code]; ok {
		body["scimType"] = word
	}
	answer(r, status, body)
}

// answer writes JSON. The directory may be gone by then; there is nobody to tell.
func answer(r *web.Request, status int, body any) {
	r.Writer.Header().Set("Content-Type", mediaType)
	r.Writer.WriteHeader(status)
	_ = json.NewEncoder(r.Writer).Encode(body)
}

// body reads a request strictly: SCIM's media type or JSON's, UTF-8, no name twice, no end of nesting.
func body(r *web.Request) ([]byte, error) {
	ct, _, err := mime.ParseMediaType(r.HTTP.Header.Get("Content-Type"))
	if err != nil || ct != mediaType && ct != "application/json" {
		return nil, errs.New(errs.Invalid, "web.media_type")
	}
	text, err := io.ReadAll(r.HTTP.Body)
	if err != nil {
		return nil, errs.New(errs.Invalid, "web.too_large")
	}
	if len(text) == 0 || read.JSON(text) != nil {
		return nil, errSyntax
	}
	return text, nil
}

func decode[T any](r *web.Request) (out T, err error) {
	text, err := body(r)
	if err == nil && json.Unmarshal(text, &out) != nil {
		err = errSyntax
	}
	return out, err
}

// page is a part of a list, as RFC 7644, 3.4.2.4 asks for it.
type page struct {
	filter      filter
	start       int
	count       int
	bareMembers bool // members are not wanted
}

func paged(r *web.Request) (p page, err error) {
	q := r.HTTP.URL.Query()
	if p.filter, err = parseFilter(q.Get("filter")); err != nil {
		return page{}, err
	}
	number := func(name string, without, least int) int {
		n, err := strconv.Atoi(q.Get(name))
		if err != nil {
			return without
		}
		return max(n, least)
	}
	p.start, p.count = number("startIndex", 1, 1), min(number("count", 100, 0), maxPage)
	p.bareMembers = strings.EqualFold(q.Get("excludedAttributes"), "members")
	return p, nil
}

// list answers with a part of a list.
func list[T any](r *web.Request, p page, total int, part []T, show func(T) map[string]any) error {
	resources := []map[string]any{}
	for _, one := range part {
		resources = append(resources, show(one))
	}
	answer(r, http.StatusOK, map[string]any{"schemas": []string{listSchema}, "totalResults": total, "startIndex": p.start, "itemsPerPage": len(part), "Resources": resources})
	return nil
}

func (s *Service) meta(kind, path string, created, changed time.Time) map[string]any {
	return map[string]any{"resourceType": kind, "created": created.Format(time.RFC3339), "lastModified": changed.Format(time.RFC3339), "location": s.Identity.Origin() + basePath + path}
}

func (s *Service) showUser(u User) map[string]any {
	groups := []map[string]any{}
	for _, g := range u.Groups {
		groups = append(groups, map[string]any{"value": g.ID, "display": g.Name, "$ref": s.Identity.Origin() + basePath + "/Groups/" + g.ID})
	}
	out := map[string]any{"schemas": []string{userSchema}, "id": u.ID, "userName": u.Login, "displayName": u.Name, "name": map[string]any{"formatted": u.Name}, "active": u.Active,
		"groups": groups, "meta": s.meta("User", "/Users/"+u.ID, u.Created, u.Changed)}
	if u.External != "" {
		out["externalId"] = u.External
	}
	return out
}

func (s *Service) showGroup(g Group, bare bool) map[string]any {
	out := map[string]any{"schemas": []string{groupSchema}, "id": g.ID, "displayName": g.Name, "meta": s.meta("Group", "/Groups/"+g.ID, g.Created, g.Changed)}
	if g.External != "" {
		out["externalId"] = g.External
	}
	if !bare {
		members := []map[string]any{}
		for _, m := range g.Members {
			members = append(members, map[string]any{"value": m, "type": "User", "$ref": s.Identity.Origin() + basePath + "/Users/" + m})
		}
		out["members"] = members
	}
	return out
}

func (s *Service) shown(r *web.Request, status int, u User, err error) error {
	if err != nil {
		return err
	}
	if status == http.StatusCreated {
		r.Writer.Header().Set("Location", s.Identity.Origin()+basePath+"/Users/"+u.ID)
	}
	answer(r, status, s.showUser(u))
	return nil
}

func (s *Service) shownGroup(r *web.Request, status int, g Group, err error) error {
	if err != nil {
		return err
	}
	if status == http.StatusCreated {
		r.Writer.Header().Set("Location", s.Identity.Origin()+basePath+"/Groups/"+g.ID)
	}
	answer(r, status, s.showGroup(g, false))
	return nil
}

func (s *Service) listUsers(r *web.Request) error {
	p, err := paged(r)
	if err != nil {
		return err
	}
	part, total, err := s.Users(r.Context(), p)
	if err != nil {
		return err
	}
	return list(r, p, total, part, s.showUser)
}

func (s *Service) getUser(r *web.Request) error {
	u, err := s.User(r.Context(), r.Path("user"))
	return s.shown(r, http.StatusOK, u, err)
}

func (s *Service) postUser(r *web.Request) error {
	p, err := decode[person](r)
	if err != nil {
		return err
	}
	w, err := p.wish()
	if err != nil {
		return err
	}
	u, err := s.CreateUser(r.Context(), r.Actor, w)
	return s.shown(r, http.StatusCreated, u, err)
}

// putUser replaces what is kept of a user. A name or a login that is not there is left as it is:
// nobody here is without.
func (s *Service) putUser(r *web.Request) error {
	p, err := decode[person](r)
	if err != nil {
		return err
	}
	w, err := p.wish()
	if err != nil {
		return err
	}
	if w.External == nil {
		nothing := ""
		w.External = &nothing
	}
	u, err := s.ChangeUser(r.Context(), r.Actor, r.Path("user"), func(User) (wish, error) { return w, nil })
	return s.shown(r, http.StatusOK, u, err)
}

func (s *Service) patchUser(r *web.Request) error {
	p, err := patched(r)
	if err != nil {
		return err
	}
	u, err := s.ChangeUser(r.Context(), r.Actor, r.Path("user"), p.personWish)
	return s.shown(r, http.StatusOK, u, err)
}

// patched reads the changes of a PATCH.
func patched(r *web.Request) (patch, error) {
	text, err := body(r)
	if err != nil {
		return patch{}, err
	}
	return parsePatch(text)
}

func (s *Service) deleteUser(r *web.Request) error {
	if err := s.DeleteUser(r.Context(), r.Actor, r.Path("user")); err != nil {
		return err
	}
	r.Writer.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Service) listGroups(r *web.Request) error {
	p, err := paged(r)
	if err != nil {
		return err
	}
	part, total, err := s.Groups(r.Context(), p)
	if err != nil {
		return err
	}
	return list(r, p, total, part, func(g Group) map[string]any { return s.showGroup(g, p.bareMembers) })
}

func (s *Service) getGroup(r *web.Request) error {
	p, err := paged(r)
	if err != nil {
		return err
	}
	g, err := s.Group(r.Context(), r.Path("group"))
	if err != nil {
		return err
	}
	answer(r, http.StatusOK, s.showGroup(g, p.bareMembers))
	return nil
}

func (s *Service) postGroup(r *web.Request) error {
	c, err := decode[circle](r)
	if err != nil {
		return err
	}
	g, err := s.CreateGroup(r.Context(), r.Actor, c.group())
	return s.shownGroup(r, http.StatusCreated, g, err)
}

func (s *Service) putGroup(r *web.Request) error {
	c, err := decode[circle](r)
	if err != nil {
		return err
	}
	g, err := s.ChangeGroup(r.Context(), r.Actor, r.Path("group"), func(before Group) (Group, error) {
		after := c.group()
		after.ID = before.ID
		return after, nil
	})
	return s.shownGroup(r, http.StatusOK, g, err)
}

func (s *Service) patchGroup(r *web.Request) error {
	p, err := patched(r)
	if err != nil {
		return err
	}
	g, err := s.ChangeGroup(r.Context(), r.Actor, r.Path("group"), p.on)
	return s.shownGroup(r, http.StatusOK, g, err)
}

func (s *Service) deleteGroup(r *web.Request) error {
	if err := s.DeleteGroup(r.Context(), r.Actor, r.Path("group")); err != nil {
		return err
	}
	r.Writer.WriteHeader(http.StatusNoContent)
	return nil
}
