package scim

import (
	"net/http"
	"slices"

	"github.com/amanah-id/amanah/internal/web"
)

// What a directory asks first (RFC 7643, 5 to 7): what there is, in which form.

func (s *Service) showConfig(r *web.Request) error {
	no := map[string]any{"supported": false}
	answer(r, http.StatusOK, map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch":   map[string]any{"supported": true}, "filter": map[string]any{"supported": true, "maxResults": maxPage},
		"bulk":           map[string]any{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"changePassword": no, "sort": no, "etag": no,
		"authenticationSchemes": []map[string]any{{"type": "oauthbearertoken", "name": "API client", "description": "The key of an API client with the scope scim, as a bearer token", "primary": true}},
		"meta":                  map[string]any{"resourceType": "ServiceProviderConfig", "location": s.Identity.Origin() + basePath + "/ServiceProviderConfig"},
	})
	return nil
}

func (s *Service) resourceTypes() []map[string]any {
	one := func(name, schema string) map[string]any {
		return map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": name, "name": name, "endpoint": "/" + name + "s", "schema": schema,
			"meta": map[string]any{"resourceType": "ResourceType", "location": s.Identity.Origin() + basePath + "/ResourceTypes/" + name}}
	}
	return []map[string]any{one("User", userSchema), one("Group", groupSchema)}
}

func (s *Service) schemas() []map[string]any {
	attribute := func(name, kind string, required bool, mutability, uniqueness string) map[string]any {
		return map[string]any{"name": name, "type": kind, "multiValued": false, "required": required, "caseExact": false, "mutability": mutability, "returned": "default", "uniqueness": uniqueness}
	}
	of := func(attribute map[string]any, many bool, inner ...map[string]any) map[string]any {
		attribute["multiValued"], attribute["subAttributes"] = many, inner
		return attribute
	}
	schema := func(id, name string, attributes ...map[string]any) map[string]any {
		return map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Schema"}, "id": id, "name": name, "attributes": attributes,
			"meta": map[string]any{"resourceType": "Schema", "location": s.Identity.Origin() + basePath + "/Schemas/" + id}}
	}
	text := func(name string) map[string]any { return attribute(name, "string", false, "readWrite", "none") }
	return []map[string]any{
		schema(userSchema, "User",
			attribute("userName", "string", true, "readWrite", "server"), attribute("displayName", "string", true, "readWrite", "none"),
			of(attribute("name", "complex", false, "readWrite", "none"), false, text("formatted"), text("givenName"), text("familyName")),
			attribute("active", "boolean", false, "readWrite", "none"),
			of(attribute("groups", "complex", false, "readOnly", "none"), true, text("value"), text("display"))),
		schema(groupSchema, "Group",
			attribute("displayName", "string", true, "readWrite", "server"),
			of(attribute("members", "complex", false, "readWrite", "none"), true, text("value"))),
	}
}

func (s *Service) showTypes(r *web.Request) error {
	all := s.resourceTypes()
	return list(r, page{start: 1}, len(all), all, itself)
}

func (s *Service) showSchemas(r *web.Request) error {
	all := s.schemas()
	return list(r, page{start: 1}, len(all), all, itself)
}

func itself(one map[string]any) map[string]any { return one }

func (s *Service) showType(r *web.Request) error {
	return named(r, s.resourceTypes(), r.Path("type"))
}

func (s *Service) showSchema(r *web.Request) error { return named(r, s.schemas(), r.Path("schema")) }

func named(r *web.Request, all []map[string]any, id string) error {
	at := slices.IndexFunc(all, func(one map[string]any) bool { return one["id"] == id })
	if at < 0 {
		return errNone
	}
	answer(r, http.StatusOK, all[at])
	return nil
}
