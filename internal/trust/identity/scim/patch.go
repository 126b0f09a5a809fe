package scim

import (
	"encoding/json"
	"slices"
	"strings"
)

// operation is one of RFC 7644, 3.5.2.
type operation struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

type patch struct {
	Operations []operation `json:"Operations"`
}

func parsePatch(body []byte) (patch, error) {
	var p patch
	if json.Unmarshal(body, &p) != nil || len(p.Operations) == 0 {
		return patch{}, errSyntax
	}
	if len(p.Operations) > maxOperations {
		return patch{}, errMany
	}
	for i := range p.Operations {
		o := &p.Operations[i]
		o.Op = strings.ToLower(o.Op)
		if !slices.Contains([]string{"add", "replace", "remove"}, o.Op) || len(o.Path) > maxFilter {
			return patch{}, errSyntax
		}
	}
	return p, nil
}

// person is what is read of a User. What else a directory sends is read over.
type person struct {
	UserName    *string         `json:"userName"`
	ExternalID  *string         `json:"externalId"`
	DisplayName *string         `json:"displayName"`
	Active      json.RawMessage `json:"active"`
	Name        *fullName       `json:"name"`
}

type fullName struct {
	Formatted  *string `json:"formatted"`
	GivenName  *string `json:"givenName"`
	FamilyName *string `json:"familyName"`
}

// text is the whole name, "" when no part of it is there.
func (n *fullName) text() string {
	if n == nil {
		return ""
	}
	if n.Formatted != nil && strings.TrimSpace(*n.Formatted) != "" {
		return *n.Formatted
	}
	var parts []string
	for _, part := range []*string{n.GivenName, n.FamilyName} {
		if part != nil && strings.TrimSpace(*part) != "" {
			parts = append(parts, *part)
		}
	}
	return strings.Join(parts, " ")
}

// wish is what a User asks for.
func (p person) wish() (w wish, err error) {
	w = wish{Login: p.UserName, External: p.ExternalID}
	switch whole := p.Name.text(); {
	case p.DisplayName != nil && strings.TrimSpace(*p.DisplayName) != "":
		w.Name = p.DisplayName
	case whole != "":
		w.Name = &whole
	}
	w.Active, err = truth(p.Active)
	return w, err
}

// truth reads a boolean, and the words that some directories send in the place of one.
func truth(raw json.RawMessage) (*bool, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil //nolint:nilnil // nothing was said
	}
	var yes bool
	if json.Unmarshal(raw, &yes) == nil {
		return &yes, nil
	}
	var word string
	if json.Unmarshal(raw, &word) != nil || !strings.EqualFold(word, "true") && !strings.EqualFold(word, "false") {
		return nil, errValue.With("attribute", "active")
	}
	yes = strings.EqualFold(word, "true")
	return &yes, nil
}

// personWish puts the operations on a User together.
func (p patch) personWish(User) (w wish, err error) {
	var name fullName
	for _, o := range p.Operations {
		path := plain(o.Path)
		var all person
		switch {
		case o.Op == "remove" && path == "":
			return wish{}, errPath
		case o.Op == "remove" && path == "externalid":
			nothing := ""
			all.ExternalID = &nothing
		case o.Op == "remove" && slices.Contains([]string{"username", "active", "displayname"}, path):
			return wish{}, errValue.With("attribute", path)
		case o.Op == "remove":
			continue // nothing that is kept here
		case path == "":
			if json.Unmarshal(o.Value, &all) != nil {
				return wish{}, errSyntax
			}
		default:
			// name.familyName is {"name": {"familyName": …}}; what is not known is read over.
			outer, inner, nested := strings.Cut(path, ".")
			value := o.Value
			if nested {
				value = json.RawMessage(`{` + quoted(inner) + `:` + string(value) + `}`)
			}
			if len(o.Value) == 0 || json.Unmarshal([]byte(`{`+quoted(outer)+`:`+string(value)+`}`), &all) != nil {
				return wish{}, errSyntax
			}
		}
		if n := all.Name; n != nil {
			for _, part := range []struct{ to, from **string }{{&name.Formatted, &n.Formatted}, {&name.GivenName, &n.GivenName}, {&name.FamilyName, &n.FamilyName}} {
				if *part.from != nil {
					*part.to = *part.from
				}
			}
		}
		one, err := all.wish()
		if err != nil {
			return wish{}, err
		}
		for _, part := range []struct{ to, from **string }{{&w.Login, &one.Login}, {&w.External, &one.External}} {
			if *part.from != nil {
				*part.to = *part.from
			}
		}
		if all.DisplayName != nil {
			w.Name = all.DisplayName
		}
		if one.Active != nil {
			w.Active = one.Active
		}
	}
	// A part of a name changes what is known as one: both parts must be there to make a new one.
	if w.Name == nil && (name.Formatted != nil || name.GivenName != nil && name.FamilyName != nil) {
		whole := name.text()
		w.Name = &whole
	}
	return w, nil
}

func quoted(word string) string {
	b, _ := json.Marshal(word) // a string: never fails
	return string(b)
}

// circle is what is read of a Group.
type circle struct {
	DisplayName *string  `json:"displayName"`
	ExternalID  *string  `json:"externalId"`
	Members     []member `json:"members"`
}

type member struct {
	Value string `json:"value"`
}

func ids(list []member) []string {
	out := []string{}
	for _, m := range list {
		out = append(out, m.Value)
	}
	return out
}

// group is what a Group asks for.
func (c circle) group() Group {
	g := Group{Members: ids(c.Members)}
	if c.DisplayName != nil {
		g.Name = strings.TrimSpace(*c.DisplayName)
	}
	if c.ExternalID != nil {
		g.External = *c.ExternalID
	}
	return g
}

// on is the group that the operations make of one.
func (p patch) on(g Group) (Group, error) {
	for _, o := range p.Operations {
		path := plain(o.Path)
		var c circle
		switch {
		case path == "" && o.Op != "remove":
			if json.Unmarshal(o.Value, &c) != nil {
				return Group{}, errSyntax
			}
			if strings.Contains(strings.ToLower(string(o.Value)), `"members"`) {
				g.Members = join(o.Op, g.Members, ids(c.Members))
			}
		case path == "members":
			var list []member
			if len(o.Value) > 0 && json.Unmarshal(o.Value, &list) != nil {
				return Group{}, errSyntax
			}
			switch {
			case o.Op == "remove" && len(o.Value) == 0:
				g.Members = []string{}
			case o.Op == "remove":
				g.Members = without(g.Members, ids(list))
			default:
				g.Members = join(o.Op, g.Members, ids(list))
			}
		case strings.HasPrefix(path, "members["):
			one, ok := memberPath(o.Path)
			if !ok || o.Op != "remove" {
				return Group{}, errPath
			}
			g.Members = without(g.Members, []string{one})
		case path == "externalid" && o.Op == "remove":
			g.External = ""
		case slices.Contains([]string{"displayname", "externalid"}, path) && o.Op != "remove":
			if json.Unmarshal([]byte(`{`+quoted(path)+`:`+string(o.Value)+`}`), &c) != nil {
				return Group{}, errSyntax
			}
		case path == "id": // Entra ID names the group it changes
		default:
			return Group{}, errPath
		}
		if c.DisplayName != nil {
			g.Name = strings.TrimSpace(*c.DisplayName)
		}
		if c.ExternalID != nil {
			g.External = *c.ExternalID
		}
	}
	return g, nil
}

func join(op string, have, more []string) []string {
	if op == "replace" {
		return more
	}
	return slices.Concat(have, more)
}

func without(have, gone []string) []string {
	return slices.DeleteFunc(slices.Clone(have), func(one string) bool { return slices.Contains(gone, one) })
}
