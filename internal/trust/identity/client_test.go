package identity

import (
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity/ticket"
)

func crm() NewClient {
	return NewClient{Name: " CRM ", Scopes: []string{ScopeServe, ScopeImport, ScopeServe}, Controllers: []string{controllerB}}
}

func TestAnAPIClientTakesTwoPeopleAndActsAloneOrForSomebody(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		boss := h.hire("boss", actor.Admin)
		rina := h.hire("rina", actor.Agent)
		onAPI, token := h.signIn(rina, true)
		_, cookieToken := h.signIn(rina, false)
		admin, _ := h.signIn(boss, false)
		other, _ := h.signIn(h.hire("boss2", actor.Admin), false)
		h.log.take()
		client, err := h.AskClient(h.ctx, admin, crm(), "Penghubung CRM")
		h.ok(err)
		if len(h.asked) != 1 || h.asked[0].Ref != client || h.asked[0].Payload["scopes"] != "import serve" {
			t.Fatalf("%+v", h.asked)
		}
		_, err = h.IssueKey(h.ctx, admin, client)
		h.wants(err, "identity.wrong_state") // nobody approved it yet
		decide := func(do func(*db.Tx, string, map[string]string, actor.Actor) error) error {
			return h.db.Write(h.ctx, func(tx *db.Tx) error { return do(tx, client, nil, Terminal()) })
		}
		h.ok(decide(h.Decisions()[2].Effect))
		h.wants(decide(h.Decisions()[2].Undone), "identity.wrong_state")
		_, err = h.IssueKey(h.ctx, other, client)
		h.wants(err, "identity.role_denied") // only who asked
		key, err := h.IssueKey(h.ctx, admin, client)
		h.ok(err)
		_, err = h.IssueKey(h.ctx, admin, client)
		h.wants(err, "identity.wrong_state") // once
		h.logged("identity.client_approved done", "identity.key_issued done")

		// Alone.
		who, name, err := h.asks("Authorization", "Bearer "+key)
		h.ok(err)
		if who.Kind() != actor.Client || who.ID() != client || !who.HasScope(ScopeImport) || who.HasScope(ScopeEvents) || !who.Serves(controllerB) || who.Serves(controllerA) || name != "" {
			t.Errorf("%v %s", who, name)
		}
		seen, err := h.Client(h.ctx, client)
		h.ok(err)
		if seen.Used.IsZero() || seen.Hint != key[len(key)-4:] || seen.Name != "CRM" || seen.State != ClientActive {
			t.Errorf("%+v", seen)
		}
		// For a member of staff: the narrower of both.
		who, name, err = h.asks("Authorization", "Bearer "+key, OnBehalfHeader, token)
		h.ok(err)
		if who.Kind() != actor.OnBehalf || who.ID() != rina.id || who.ClientID() != client || who.Serves(controllerA) || !who.Serves(controllerB) || name != "Rina" {
			t.Errorf("%v", who)
		}
		// A session made through the API also stands by itself.
		who, _, err = h.asks("Authorization", "Bearer "+token)
		h.ok(err)
		if who.Kind() != actor.Staff || who.Session() != onAPI.Session() {
			t.Errorf("%v", who)
		}
		// Tokens do not change places between cookie and header.
		for _, header := range [][]string{{"Cookie", CookieName + "=" + token}, {"Authorization", "Bearer " + cookieToken}, {"Authorization", "Bearer " + key, OnBehalfHeader, cookieToken}, {"Authorization", "Bearer " + key, OnBehalfHeader, "rubbish"}} {
			_, _, err := h.asks(header...)
			h.wants(err, "web.session")
		}
		for _, header := range [][]string{{"Authorization", "Basic x"}, {"Authorization", "Bearer rubbish"}, {"Authorization", "Bearer " + ticket.New(ticket.Key)}} {
			_, _, err := h.asks(header...)
			h.wants(err, "identity.bad_key")
		}
		h.log.take()
		h.ok(h.RevokeClient(h.ctx, h.again(admin), client))
		h.wants(h.RevokeClient(h.ctx, h.again(admin), client), "identity.wrong_state")
		h.logged("identity.client_revoked done")
		_, _, err = h.asks("Authorization", "Bearer "+key)
		h.wants(err, "identity.bad_key")
		list, err := h.ListClients(h.ctx)
		h.ok(err)
		if len(list) != 1 || list[0].State != ClientRevoked {
			t.Errorf("%+v", list)
		}
	})
}

func TestAKeyExpires(t *testing.T) {
	h := one(t)
	n := crm()
	n.Life = 24 * time.Hour
	_, key, err := h.CreateClient(h.ctx, Terminal(), n)
	h.ok(err)
	before := h.db.Stats().Writes
	for range 5 {
		_, _, err = h.asks("Authorization", "Bearer "+key)
		h.ok(err)
		h.later(time.Second)
	}
	if n := h.db.Stats().Writes - before; n != 1 {
		t.Errorf("%d writes for the last use", n)
	}
	h.later(24 * time.Hour)
	_, _, err = h.asks("Authorization", "Bearer "+key)
	h.wants(err, "identity.bad_key")
}

func TestWhatMakesAnAPIClientIsChecked(t *testing.T) {
	h := one(t)
	agent, _ := h.signIn(h.hire("rina", actor.Agent), false)
	admin, _ := h.signIn(h.hire("boss", actor.Admin), false)
	for field, change := range map[string]func(*NewClient){
		"name": func(n *NewClient) { n.Name = " " }, "scopes": func(n *NewClient) { n.Scopes = []string{"reveal"} }, "none": func(n *NewClient) { n.Scopes = nil },
		"controllers": func(n *NewClient) { n.Controllers = nil }, "life": func(n *NewClient) { n.Life = 400 * 24 * time.Hour }, "short": func(n *NewClient) { n.Life = time.Minute },
	} {
		n := crm()
		change(&n)
		_, err := h.AskClient(h.ctx, admin, n, field)
		h.wants(err, "identity.bad_client")
		_, _, err = h.CreateClient(h.ctx, Terminal(), n)
		h.wants(err, "identity.bad_client")
	}
	_, err := h.AskClient(h.ctx, agent, crm(), "x")
	h.wants(err, "identity.role_denied")
	_, _, err = h.CreateClient(h.ctx, admin, crm())
	h.wants(err, "identity.role_denied") // the console takes two people
	_, err = h.IssueKey(h.ctx, admin, "cli_none")
	h.wants(err, "identity.no_client")
	_, err = h.IssueKey(h.ctx, agent, "cli_none")
	h.wants(err, "identity.role_denied")
	_, err = h.Client(h.ctx, "cli_none")
	h.wants(err, "identity.no_client")
	h.wants(h.RevokeClient(h.ctx, agent, "cli_none"), "identity.role_denied")
	h.wants(h.RevokeClient(h.ctx, admin, "cli_none"), "identity.no_client")
	h.later(6 * time.Minute)
	h.wants(h.RevokeClient(h.ctx, admin, "cli_none"), "web.second_factor")
	client, err := h.AskClient(h.ctx, h.again(admin), crm(), "x")
	h.ok(err)
	h.ok(h.db.Write(h.ctx, func(tx *db.Tx) error { return h.refuseClient(tx, client, nil, Terminal()) }))
	if c, err := h.Client(h.ctx, client); err != nil || c.State != ClientRevoked {
		t.Errorf("%+v %v", c, err)
	}
}

func TestAClientThatAnotherNodeRevokedIsRefusedAtOnce(t *testing.T) {
	url := dbtest.PostgresURL(t)
	here, there := open(t, db.Options{URL: url}, Config{}), open(t, db.Options{URL: url}, Config{})
	client, key, err := here.CreateClient(here.ctx, Terminal(), crm())
	here.ok(err)
	for range 2 { // whatever is kept is kept now
		_, _, err = here.asks("Authorization", "Bearer "+key)
		here.ok(err)
	}
	there.ok(there.RevokeClient(there.ctx, Terminal(), client))
	_, _, err = here.asks("Authorization", "Bearer "+key)
	here.wants(err, "identity.bad_key")
}
