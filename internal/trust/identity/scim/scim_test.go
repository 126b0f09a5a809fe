package scim

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestTexts(t *testing.T) { webtest.Texts(t, "scim") }

func filtered(f string) string { return "?filter=" + url.QueryEscape(f) }

func TestTheDirectoryBringsAMemberOfStaff(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		if out := h.says(200, "GET", "/Users"+filtered(`userName eq "rina@nusantara.example"`), ""); out["totalResults"] != 0.0 {
			t.Errorf("%v", out)
		}
		out := h.says(201, "POST", "/Users", `{"schemas":["`+userSchema+`"],"userName":"Rina@Nusantara.example","externalId":"ext-1","name":{"givenName":"Rina","familyName":"Wulandari"},
			"emails":[{"value":"x@canary.example"}],"phoneNumbers":[{"value":"+62811"}],"title":"x","password":"canary","active":true}`)
		h.logged("identity.staff_created.agent done", "scim.user_linked done")
		id := out["id"].(string)
		if out["userName"] != "rina@nusantara.example" || out["displayName"] != "Rina Wulandari" || out["externalId"] != "ext-1" || out["active"] != true || strings.Contains(fmt.Sprint(out), "canary") {
			t.Errorf("%v", out)
		}
		one := h.staff(id)
		if one.Role != actor.Agent || one.State != identity.Invited || len(one.Controllers) != 0 {
			t.Errorf("%+v", one)
		}
		for _, f := range []string{`userName eq "rina@nusantara.example"`, `USERNAME EQ "RINA@nusantara.example"`, `externalId eq "ext-1"`, `id eq "` + id + `"`, `urn:ietf:params:scim:schemas:core:2.0:User:userName eq "rina@nusantara.example"`} {
			out := h.says(200, "GET", "/Users"+filtered(f), "")
			if out["totalResults"] != 1.0 || out["Resources"].([]any)[0].(map[string]any)["id"] != id {
				t.Errorf("%s: %v", f, out)
			}
		}
		if got := h.says(200, "GET", "/Users/"+id, "")["meta"].(map[string]any)["location"]; got != testOrigin+"/scim/v2/Users/"+id {
			t.Error(got)
		}
		// The same login, the same person of the directory: once.
		h.refuses(409, "uniqueness", "POST", "/Users", `{"userName":"rina@nusantara.example","displayName":"X"}`)
		h.refuses(409, "uniqueness", "POST", "/Users", `{"userName":"sari","displayName":"X","externalId":"ext-1"}`)
		if out := h.says(200, "GET", "/Users"+filtered(`userName eq "sari"`), ""); out["totalResults"] != 0.0 {
			t.Error("half of a refused user stays")
		}
		h.logged()
		// What lies in the store says nothing.
		var text string
		h.ok(h.db.Read(h.ctx, func(tx *db.Tx) error {
			return tx.Data.Rows(`select external_sealed, external_mac from scim_user`, nil, func(r db.Row) error {
				var a, b []byte
				err := r.Scan(&a, &b)
				text += string(a) + string(b)
				return err
			})
		}))
		if strings.Contains(text, "ext-1") {
			t.Error("the directory's id lies open")
		}
	})
}

func TestWhoLeavesLeavesInTheSameCommit(t *testing.T) {
	for name, leave := range map[string]func(h *house, id string){
		"patch": func(h *house, id string) {
			h.says(200, "PATCH", "/Users/"+id, operations(`{"op":"replace","path":"active","value":false}`))
		},
		"patch of Entra": func(h *house, id string) {
			h.says(200, "PATCH", "/Users/"+id, operations(`{"op":"Replace","path":"active","value":"False"}`))
		},
		"patch, no path": func(h *house, id string) {
			h.says(200, "PATCH", "/Users/"+id, operations(`{"op":"replace","value":{"active":false}}`))
		},
		"put": func(h *house, id string) {
			h.says(200, "PUT", "/Users/"+id, `{"userName":"budi","displayName":"Budi Santoso","active":false}`)
		},
		"delete": func(h *house, id string) { h.says(204, "DELETE", "/Users/"+id, "") },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, h *house) {
				id, token := h.hire("budi", actor.Agent)
				leave(h, id)
				if h.lives(token) {
					t.Fatal("the session lives on")
				}
				if h.staff(id).State != identity.Disabled {
					t.Error("not disabled")
				}
				if got := h.log.take(); len(got) == 0 || got[0] != "identity.staff_disabled done" {
					t.Errorf("%q", got)
				}
				if _, err := h.Identity.SignIn(h.ctx, "budi", goodWords, identity.Place{}); err == nil {
					t.Error("signs in")
				}
			})
		})
	}
}

func TestTheDirectoryTakesAwayFromAnybodyAndBringsNobodyBack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		boss, _ := h.hire("boss", actor.Admin)
		dpo, token := h.hire("dewi", actor.DPO)
		inactive := operations(`{"op":"replace","path":"active","value":false}`)
		h.says(200, "PATCH", "/Users/"+dpo, inactive)
		h.logged("identity.staff_disabled done")
		if h.lives(token) {
			t.Error("the session lives on")
		}
		// But not the last administrator: nobody could let anybody in again.
		h.refuses(409, "", "PATCH", "/Users/"+boss, inactive)
		h.logged()
		for _, back := range []string{operations(`{"op":"replace","path":"active","value":true}`), operations(`{"op":"add","value":{"active":"True"}}`)} {
			h.refuses(403, "mutability", "PATCH", "/Users/"+dpo, back)
			h.logged("scim.user_changed denied scim.two_people")
		}
		h.refuses(403, "mutability", "PUT", "/Users/"+dpo, `{"userName":"dewi","displayName":"Budi Santoso","active":true}`)
		if h.staff(dpo).State != identity.Disabled {
			t.Error("the directory brought somebody back")
		}
		// Whoever was deleted is gone for the directory, and the login is not free.
		h.says(204, "DELETE", "/Users/"+dpo, "")
		h.refuses(404, "", "GET", "/Users/"+dpo, "")
		h.refuses(404, "", "DELETE", "/Users/"+dpo, "")
		h.refuses(404, "", "PATCH", "/Users/"+dpo, inactive)
		if out := h.says(200, "GET", "/Users"+filtered(`userName eq "dewi"`), ""); out["totalResults"] != 0.0 {
			t.Errorf("%v", out)
		}
		h.refuses(409, "uniqueness", "POST", "/Users", `{"userName":"dewi","displayName":"Dewi"}`)
	})
}

func TestAGroupGivesTheRoleOfTheMappingAndTakesIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.make("rina", "ext-1")
		is := func(role actor.Role, controllers ...string) {
			t.Helper()
			if s := h.staff(id); s.Role != role || !slices.Equal(s.Controllers, controllers) {
				t.Errorf("%s %q, want %s %q", s.Role, s.Controllers, role, controllers)
			}
		}
		agents := h.circle("Agents", id)
		h.logged("scim.group_changed done", "identity.role_changed.agent done")
		is(actor.Agent, controllerA)
		leaders := h.circle("Team leaders")
		h.logged("scim.group_changed done")
		add, gone := operations(`{"op":"Add","path":"members","value":[{"value":"`+id+`"}]}`), operations(`{"op":"Remove","path":"members[value eq \"`+id+`\"]"}`)
		h.says(200, "PATCH", "/Groups/"+leaders, add)
		h.logged("scim.group_changed done", "identity.role_changed.supervisor done")
		is(actor.Supervisor, controllerA, controllerB)
		groups := h.says(200, "GET", "/Users/"+id, "")["groups"].([]any)
		if len(groups) != 2 || groups[0].(map[string]any)["display"] != "Agents" {
			t.Errorf("%v", groups)
		}
		h.says(200, "PATCH", "/Groups/"+leaders, gone)
		is(actor.Agent, controllerA)
		h.says(200, "PATCH", "/Groups/"+leaders, operations(`{"op":"replace","path":"members","value":[{"value":"`+id+`"}]}`))
		is(actor.Supervisor, controllerA, controllerB)
		h.says(200, "PATCH", "/Groups/"+leaders, operations(`{"op":"remove","path":"members","value":[{"value":"`+id+`"}]}`))
		is(actor.Agent, controllerA)
		// A group that is renamed gives what its new name gives.
		h.log.take()
		h.says(200, "PATCH", "/Groups/"+agents, operations(`{"op":"replace","path":"displayName","value":"Audit"}`))
		h.logged("scim.group_changed done", "identity.role_changed.auditor done")
		is(actor.Auditor)
		h.says(200, "PUT", "/Groups/"+agents, `{"displayName":"Agents","members":[{"value":"`+id+`"}]}`)
		is(actor.Agent, controllerA)
		// Whoever is in no group serves nobody.
		h.says(204, "DELETE", "/Groups/"+agents, "")
		is(actor.Agent)
		h.refuses(404, "", "GET", "/Groups/"+agents, "")
		// A group that means nothing here is kept and gives nothing.
		h.log.take()
		h.circle("Chess club", id)
		h.logged("scim.group_changed done")
		is(actor.Agent)
	})
}

func TestAGroupEndsTheSessionsOfWhoseRoleItChanges(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id, token := h.hire("budi", actor.Agent)
		h.circle("Agents", id) // what he is already
		if !h.lives(token) {
			t.Error("a session ended though nothing changed")
		}
		h.circle("Team leaders", id)
		if h.lives(token) {
			t.Error("rights of the old role live on")
		}
	})
}

func TestTheDirectoryMakesNobodyWhoDecidesAndTouchesNoneOfThem(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, word := range []string{"Agents=agent", "Team leaders = supervisor@a+b", "A=B=auditor"} {
			if _, ok := ParseMapping(word); !ok {
				t.Errorf("%q is refused", word)
			}
		}
		for _, word := range []string{"", "=agent", "Agents", "Agents=", "Agents=boss", "Privacy=dpo", "Security=security", "IT=admin", strings.Repeat("x", 201) + "=agent"} {
			if _, ok := ParseMapping(word); ok {
				t.Errorf("%q is taken", word)
			}
		}
		if m, _ := ParseMapping("Team leaders = supervisor@a + b"); m.Group != "Team leaders" || m.Role != actor.Supervisor || !slices.Equal(m.Controllers, []string{"a", "b"}) {
			t.Errorf("%+v", m)
		}
		h.hire("boss2", actor.Admin)
		for _, role := range []actor.Role{actor.DPO, actor.Security, actor.Admin} {
			id, token := h.hire("x-"+string(role), role)
			h.circle("Agents", id)
			if h.staff(id).Role != role || !h.lives(token) {
				t.Errorf("a group changed a %s", role)
			}
			group := h.says(200, "GET", "/Groups"+filtered(`displayName eq "Agents"`), "")["Resources"].([]any)[0].(map[string]any)["id"].(string)
			h.says(204, "DELETE", "/Groups/"+group, "")
			h.log.take()
			// Nor can it say who that is: the sign-in provider would believe it.
			h.refuses(403, "mutability", "PATCH", "/Users/"+id, operations(`{"op":"add","path":"externalId","value":"ext-9"}`))
			h.logged("scim.user_changed denied scim.two_people")
			h.refuses(403, "mutability", "PATCH", "/Users/"+id, operations(`{"op":"replace","path":"userName","value":"somebody"}`))
			h.logged("scim.user_changed denied identity.role_denied")
			h.refuses(403, "mutability", "PATCH", "/Users/"+id, operations(`{"op":"replace","path":"displayName","value":"Somebody"}`))
			h.log.take()
		}
		if _, found, err := find(h, "ext-9"); found || err != nil {
			t.Errorf("%v %v", found, err)
		}
	})
}

func find(h *house, external string) (staff string, found bool, err error) {
	err = h.db.Read(h.ctx, func(tx *db.Tx) error {
		staff, found, err = h.Find(tx, external)
		return err
	})
	return staff, found, err
}

func TestTheDirectoryRenamesAndAdoptsWhoIsHere(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id, token := h.hire("budi", actor.Agent)
		other := h.make("sari", "ext-2")
		out := h.says(200, "PATCH", "/Users/"+id, operations(`{"op":"add","path":"externalId","value":"ext-1"}`, `{"op":"replace","path":"userName","value":"budi.s"}`, `{"op":"replace","path":"name.givenName","value":"Budi"}`, `{"op":"replace","path":"name.familyName","value":"Setiawan"}`, `{"op":"add","path":"emails[type eq \"work\"].value","value":"x@canary.example"}`, `{"op":"replace","path":"title","value":"x"}`))
		h.logged("scim.user_linked done", "identity.staff_renamed done")
		if out["userName"] != "budi.s" || out["displayName"] != "Budi Setiawan" || out["externalId"] != "ext-1" {
			t.Errorf("%v", out)
		}
		if !h.lives(token) {
			t.Error("a name ended a session")
		}
		if staff, found, err := find(h, "ext-1"); staff != id || !found || err != nil {
			t.Errorf("%s %v %v", staff, found, err)
		}
		h.refuses(409, "uniqueness", "PATCH", "/Users/"+id, operations(`{"op":"replace","path":"userName","value":"sari"}`))
		h.refuses(409, "uniqueness", "PATCH", "/Users/"+id, operations(`{"op":"replace","path":"externalId","value":"ext-2"}`))
		h.logged()
		h.says(200, "PATCH", "/Users/"+id, operations(`{"op":"remove","path":"externalId"}`, `{"op":"remove","path":"nickName"}`))
		if _, found, _ := find(h, "ext-1"); found {
			t.Error("the directory's id stays")
		}
		// PUT without an id of the directory's takes it away too.
		h.says(200, "PUT", "/Users/"+other, `{"userName":"sari","displayName":"Sari Dewi","nickName":"x"}`)
		if _, found, _ := find(h, "ext-2"); found {
			t.Error("the directory's id stays")
		}
		// Nothing changed: nothing is entered.
		h.log.take()
		h.says(200, "PUT", "/Users/"+other, `{"userName":"SARI","displayName":"Sari Dewi"}`)
		h.logged()
	})
}

func TestListsComeInParts(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for i := range 5 {
			h.make(fmt.Sprintf("agent%d", i), fmt.Sprintf("ext-%d", i))
			h.circle(fmt.Sprintf("Group %d", i))
		}
		for query, want := range map[string][3]float64{"": {5, 1, 5}, "?startIndex=2&count=2": {5, 2, 2}, "?startIndex=5&count=9": {5, 5, 1}, "?startIndex=99": {5, 99, 0}, "?count=0": {5, 1, 0}, "?count=-3": {5, 1, 0}, "?startIndex=-1&count=100000": {5, 1, 5}, "?count=x": {5, 1, 5}} {
			for _, of := range []string{"/Users", "/Groups"} {
				out := h.says(200, "GET", of+query, "")
				if got := [3]float64{out["totalResults"].(float64), out["startIndex"].(float64), out["itemsPerPage"].(float64)}; got != want || len(out["Resources"].([]any)) != int(want[2]) {
					t.Errorf("%s%s: %v, want %v", of, query, got, want)
				}
			}
		}
		out := h.says(200, "GET", "/Groups?excludedAttributes=members&count=1", "")
		if _, there := out["Resources"].([]any)[0].(map[string]any)["members"]; there {
			t.Error("members that were not wanted")
		}
	})
}

func TestOnlyADirectorysKeyOpensTheDoor(t *testing.T) {
	h := one(t)
	_, token := h.hire("boss", actor.Admin)
	other := h.client(identity.ScopeImport)
	for name, c := range map[string]struct {
		header, value string
		status        int
	}{
		"nobody":           {"Authorization", "", 401},
		"a made-up key":    {"Authorization", "Bearer amanah_key_x", 401},
		"basic":            {"Authorization", "Basic eDp5", 401},
		"another scope":    {"Authorization", "Bearer " + other, 403},
		"an administrator": {"Cookie", identity.CookieName + "=" + token, 403},
		"on behalf":        {"Amanah-On-Behalf-Of", "amanah_ses_x", 401},
	} {
		header := []string{c.header, c.value}
		if c.header == "Cookie" {
			header = append(header, "Authorization", "")
		}
		status, head, text := h.send("GET", "/Users", "", header...)
		if status != c.status || head.Get("Content-Type") != mediaType || !strings.Contains(text, errorSchema) {
			t.Errorf("%s: %d %s", name, status, text)
		}
		if status == http.StatusUnauthorized && head.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no challenge", name)
		}
	}
}

func TestWhatIsNotSCIMIsRefusedInItsForm(t *testing.T) {
	h := one(t)
	id := h.make("rina", "ext-1")
	group := h.circle("Agents", id)
	for _, c := range []struct {
		status             int
		word, method, path string
		body               string
	}{
		{400, "invalidSyntax", "POST", "/Users", `{"userName":"canary"`},
		{400, "invalidSyntax", "POST", "/Users", `["canary"]`},
		{400, "invalidSyntax", "POST", "/Users", `{"userName":7}`},
		{400, "invalidSyntax", "POST", "/Users", `{"userName":"canary","userName":"b","displayName":"x"}`},
		{400, "invalidSyntax", "POST", "/Users", `{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`},
		{400, "invalidSyntax", "POST", "/Users", "{\"userName\":\"\xff\"}"},
		{413, "", "POST", "/Users", `{"userName":"` + strings.Repeat("x", 70_000) + `"}`},
		{400, "invalidValue", "POST", "/Users", `{"userName":"canary"}`},
		{400, "invalidValue", "POST", "/Users", `{"displayName":"canary"}`},
		{400, "invalidValue", "POST", "/Users", `{"userName":"x y canary","displayName":"x"}`},
		{400, "invalidValue", "POST", "/Users", `{"userName":"canary","displayName":"` + strings.Repeat("x", 101) + `"}`},
		{400, "invalidValue", "POST", "/Users", `{"userName":"canary","displayName":"x","externalId":"` + strings.Repeat("x", 256) + `"}`},
		{400, "invalidValue", "POST", "/Users", `{"userName":"canary","displayName":"x","active":"canary"}`},
		{400, "invalidFilter", "GET", "/Users" + filtered(`userName co "canary"`), ""},
		{400, "invalidFilter", "GET", "/Users" + filtered(`userName eq canary`), ""},
		{400, "invalidFilter", "GET", "/Users" + filtered(`userName eq "a" or userName eq "canary"`), ""},
		{400, "invalidFilter", "GET", "/Users" + filtered(`emails.value eq "canary"`), ""},
		{400, "invalidFilter", "GET", "/Users" + filtered(`userName eq "`+strings.Repeat("x", 500)+`"`), ""},
		{400, "invalidFilter", "GET", "/Groups" + filtered(`members.value eq "canary"`), ""},
		{404, "", "GET", "/Users/canary", ""},
		{404, "", "GET", "/Users/stf_01k9xq3v7me8t0000z9w2h4r6a", ""},
		{404, "", "GET", "/Groups/canary", ""},
		{404, "", "GET", "/canary", ""},
		{404, "", "GET", "/Schemas/canary", ""},
		{404, "", "GET", "/ResourceTypes/canary", ""},
		{400, "invalidSyntax", "PATCH", "/Users/" + id, `{"Operations":[]}`},
		{400, "invalidSyntax", "PATCH", "/Users/" + id, operations(`{"op":"canary","path":"active","value":true}`)},
		{400, "invalidSyntax", "PATCH", "/Users/" + id, operations(`{"op":"replace","path":"userName"}`)},
		{400, "invalidSyntax", "PATCH", "/Users/" + id, operations(`{"op":"replace","path":"userName","value":["canary"]}`)},
		{400, "invalidSyntax", "PATCH", "/Users/" + id, operations(`{"op":"replace","value":"canary"}`)},
		{400, "invalidPath", "PATCH", "/Users/" + id, operations(`{"op":"remove"}`)},
		{400, "invalidValue", "PATCH", "/Users/" + id, operations(`{"op":"remove","path":"userName"}`)},
		{400, "invalidValue", "PATCH", "/Users/" + id, operations(`{"op":"replace","path":"active","value":"canary"}`)},
		{400, "tooMany", "PATCH", "/Users/" + id, operations(strings.Split(strings.Repeat(`{"op":"remove","path":"x"}|`, 101), "|")[:101]...)},
		{400, "invalidPath", "PATCH", "/Groups/" + group, operations(`{"op":"replace","path":"canary","value":"x"}`)},
		{400, "invalidPath", "PATCH", "/Groups/" + group, operations(`{"op":"remove","path":"members[type eq \"canary\"]"}`)},
		{400, "invalidSyntax", "PATCH", "/Groups/" + group, operations(`{"op":"add","path":"members","value":"canary"}`)},
		{400, "invalidSyntax", "PATCH", "/Groups/" + group, operations(`{"op":"add","value":"canary"}`)},
		{400, "invalidSyntax", "PATCH", "/Groups/" + group, operations(`{"op":"replace","path":"displayName","value":7}`)},
		{400, "invalidValue", "PATCH", "/Groups/" + group, operations(`{"op":"add","path":"members","value":[{"value":"canary"}]}`)},
		{400, "invalidValue", "POST", "/Groups", `{"displayName":"  "}`},
		{400, "invalidValue", "POST", "/Groups", `{"displayName":"` + strings.Repeat("x", 201) + `"}`},
		{409, "uniqueness", "POST", "/Groups", `{"displayName":"Agents"}`},
	} {
		h.refuses(c.status, c.word, c.method, c.path, c.body)
	}
	status, _, text := h.send("POST", "/Users", `{}`, "Content-Type", "text/plain")
	if status != 415 || !strings.Contains(text, errorSchema) {
		t.Errorf("%d %s", status, text)
	}
	if s := h.staff(id); s.Login != "rina" || s.State != identity.Invited {
		t.Errorf("%+v", s)
	}
	if text := h.desk.Log.String(); strings.Contains(text, "canary") || strings.Contains(text, "rina") {
		t.Error("something that was sent is in the log")
	}
}

func TestOneRequestTouchesOnlySoMany(t *testing.T) {
	h := one(t)
	members := []string{}
	for i := range maxTouched + 1 {
		members = append(members, h.make(fmt.Sprintf("agent%d", i), ""))
	}
	ops := func(list []string) string {
		return operations(`{"op":"add","path":"members","value":[{"value":"` + strings.Join(list, `"},{"value":"`) + `"}]}`)
	}
	group := h.circle("Agents")
	h.refuses(400, "tooMany", "PATCH", "/Groups/"+group, ops(members))
	h.says(200, "PATCH", "/Groups/"+group, ops(members[:maxTouched]))
	h.says(200, "PATCH", "/Groups/"+group, ops(members))
	if got := len(h.says(200, "GET", "/Groups/"+group, "")["members"].([]any)); got != maxTouched+1 {
		t.Errorf("%d members", got)
	}
}

func TestTheDirectoryLearnsWhatThereIs(t *testing.T) {
	h := one(t)
	config := h.says(200, "GET", "/ServiceProviderConfig", "")
	for feature, want := range map[string]bool{"patch": true, "filter": true, "bulk": false, "sort": false, "etag": false, "changePassword": false} {
		if got := config[feature].(map[string]any)["supported"]; got != want {
			t.Errorf("%s: %v", feature, got)
		}
	}
	if out := h.says(200, "GET", "/ResourceTypes", ""); out["totalResults"] != 2.0 {
		t.Errorf("%v", out)
	}
	if out := h.says(200, "GET", "/ResourceTypes/User", ""); out["endpoint"] != "/Users" || out["schema"] != userSchema {
		t.Errorf("%v", out)
	}
	if out := h.says(200, "GET", "/Schemas", ""); out["totalResults"] != 2.0 {
		t.Errorf("%v", out)
	}
	if out := h.says(200, "GET", "/Schemas/"+userSchema, ""); len(out["attributes"].([]any)) != 5 {
		t.Errorf("%v", out)
	}
}

// Whatever a directory sends as a filter or a path, the answer is a refusal or a meaning.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{`userName eq "x"`, `members[value eq "x"]`, `a eq "\u0000"`, "", `"`, `[`, "x eq"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseFilter(text)
		if err != nil && got != (filter{}) || err == nil && got.Attribute != "" && got.Value == "" {
			t.Errorf("%q: %+v %v", text, got, err)
		}
		if _, ok := memberPath(text); ok && !strings.HasPrefix(strings.TrimSpace(text), "members[") {
			t.Errorf("%q is a path to a member", text)
		}
	})
}
