package page

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/trust/keyring/keytest"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

const (
	ctl      = "ctl_00000000000000000000000001"
	otherCtl = "ctl_00000000000000000000000002"
	pur1     = "pur_00000000000000000000000001"
)

// room is the room of verbs behind the pages, with those who use it.
type room struct {
	*interaction.Service
	d                    *db.DB
	agent, other, client actor.Actor
}

func staffID(n int) string { return fmt.Sprintf("stf_%026d", n) }

func newRoom(t *testing.T, clock *time.Time) *room {
	d := dbtest.OpenWith(t, db.Options{Dir: t.TempDir(), Clock: func() time.Time { return *clock }},
		audit.Schema(), db.Schema{Room: "keyring", FS: keyring.Schema}, interaction.Schema(), web.Schema())
	staff := func(n int) actor.Actor {
		return actor.NewStaff(staffID(n), actor.Agent, fmt.Sprintf("ses_%026d", n), []string{ctl}, *clock)
	}
	log, keys := keytest.Start(t, d)
	verbs, err := interaction.New(interaction.Options{
		DB: d, Log: log, Keys: keys,
		Seal: interaction.StaffSeal{
			Seal: func(_, _, _ string, plain []byte) ([]byte, error) { return plain, nil },
			Open: func(_, _, _ string, sealed []byte) ([]byte, error) { return sealed, nil },
		},
		Purpose: func(_ *db.Tx, p string) (purpose.Purpose, error) {
			return purpose.Purpose{ID: p, Controller: ctl, Status: purpose.Active, Notice: 2}, nil
		},
		Subject: func(*db.Tx, string) (string, bool, error) { return ctl, true, nil },
		Staff: func(*db.Tx, string) (interaction.Colleague, error) {
			return interaction.Colleague{Active: true, Controllers: []string{ctl}}, nil
		},
		Duty: actor.NewDuty("interaction_sweep"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &room{verbs, d, staff(1), staff(2),
		actor.NewClient("cli_00000000000000000000000001", []string{"events", "interactions"}, []string{ctl})}
}

// ring is an offer in the structured mode.
func ring(n int, more string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"e%d","source":"pbx","type":"contact.offered","subject":"c%d","sequence":1%s}`, n, n, more)
}

func TestABatchIsTakenEventByEventOrRefusedWhole(t *testing.T) {
	clock := time.Date(2026, 11, 23, 8, 4, 5, 0, time.UTC)
	r := newRoom(t, &clock)
	desk := webtest.New(t, func(o *web.Options) { o.DB = r.d }, Module(r.Service), web.Module{Name: "keyring"})
	desk.Actor("pbx", r.client)
	post := func(body string) (int, string) {
		t.Helper()
		w := desk.Do("pbx", "POST", "/api/v1/interactions/events", body, "Content-Type", "application/cloudevents-batch+json")
		return w.Code, w.Body.String()
	}
	code, body := post(" [" + ring(1, "") + "," + ring(2, `,"data":{"controller":"`+otherCtl+`"}`) + "," + ring(1, "") + "," + ring(3, "") + "]")
	if code != 202 || strings.Count(body, `"applied"`) != 3 || !strings.Contains(body, `"outcome":"refused","code":"interaction.other_controller"`) || !strings.Contains(body, `"duplicate"`) {
		t.Fatalf("%d %s", code, body)
	}
	many := strings.Repeat(ring(9, "")+",", interaction.MostEvents) + ring(9, "")
	for name, body := range map[string]string{
		"empty": "[]", "one of them broken": "[" + ring(4, "") + `,{"specversion":"1.0","id":"0812CANARY"}]`, "no event": "[1]", "too many": "[" + many + "]",
		"one too large": "[" + ring(5, `,"data":{"x":"`+strings.Repeat("x", interaction.MaxEvent)+`"}`) + "]",
	} {
		code, body := post(body)
		if code != 400 && code != 422 || strings.Contains(body, "CANARY") {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
	if live, err := r.Waiting(context.Background(), r.agent); err != nil || len(live) != 2 {
		t.Fatalf("%d contacts, %v: a batch that was refused left something", len(live), err)
	}
}

// A flood is slowed down with 429 and the moment to come back; who does loses nothing.
func TestAFloodOfEventsIsSlowedAndNothingIsLost(t *testing.T) {
	clock := time.Date(2026, 11, 23, 8, 4, 5, 0, time.UTC)
	r := newRoom(t, &clock)
	desk := webtest.New(t, func(o *web.Options) {
		o.DB, o.Clock = r.d, func() time.Time { return clock }
		o.ActorLimit = web.Limits{Rate: 1, Burst: 3}
	}, Module(r.Service), web.Module{Name: "keyring"})
	desk.Actor("pbx", r.client)
	slowed := 0
	for n := range 12 {
		for {
			w := desk.Do("pbx", "POST", "/api/v1/interactions/events", ring(n, ""), "Content-Type", "application/cloudevents+json")
			if w.Code == 202 {
				break
			}
			if w.Code != 429 || w.Header().Get("Retry-After") == "" {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			slowed++
			clock = clock.Add(time.Second)
		}
	}
	live, err := r.Waiting(context.Background(), r.agent)
	if err != nil || len(live) != 12 || slowed != 9 {
		t.Fatalf("%d contacts, slowed %d times, %v", len(live), slowed, err)
	}
}

func TestTheJSONOperationsUseTheSameVerbs(t *testing.T) {
	clock := time.Date(2026, 11, 23, 8, 4, 5, 0, time.UTC)
	r := newRoom(t, &clock)
	desk := webtest.New(t, func(o *web.Options) { o.DB = r.d }, Module(r.Service), web.Module{Name: "keyring"})
	desk.Actor("agent", r.agent)
	desk.Actor("other", r.other)
	desk.Actor("pbx", r.client)
	post := func(as, path, body string, header ...string) (int, string) {
		t.Helper()
		w := desk.Do(as, "POST", "/api/v1/interactions"+path, body, append([]string{"Content-Type", "application/json"}, header...)...)
		return w.Code, w.Body.String()
	}
	code, body := post("agent", "", `{"controller":"`+ctl+`","channel":"phone","direction":"inbound"}`)
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(body), &made); err != nil || code != 201 || !id.Is(id.Interaction, made.ID) {
		t.Fatalf("%d %s", code, body)
	}
	for _, c := range []struct {
		as, path, body string
		want           int
	}{
		{"agent", "/heartbeat", ``, 204},
		{"agent", "/purpose", `{"purpose":"` + pur1 + `","language":"id"}`, 204},
		{"agent", "/move", `{"move":"hold"}`, 204},
		{"agent", "/move", `{"move":"resume"}`, 204},
		{"agent", "/move", `{"move":"freeze"}`, 422},
		{"agent", "/move", `{"move":"capture"}`, 422},
		{"other", "/move", `{"move":"hold"}`, 404},
		{"agent", "/transfer", `{"to":"` + staffID(2) + `"}`, 204},
		{"other", "/accept", ``, 204},
		{"other", "/refuse", `{"reason":"because"}`, 422},
		{"other", "/seal", `{"disposition":"resolved"}`, 204},
		{"other", "/refuse", `{"reason":"abuse"}`, 409},
		{"other", "/accept", ``, 409},
		{"", "/accept", ``, 401},
		{"pbx", "/accept", ``, 403},
	} {
		if code, body := post(c.as, "/"+made.ID+c.path, c.body); code != c.want {
			t.Errorf("%s %s %s: %d %s, want %d", c.as, c.path, c.body, code, body, c.want)
		}
	}
	code, body = post("pbx", "/events", `{"specversion":"1.0","id":"e1","source":"pbx","type":"contact.offered","subject":"c1","sequence":"1","data":{"from":"081234564471"}}`, "Content-Type", "application/cloudevents+json")
	if code != 202 || !strings.Contains(body, `"applied"`) {
		t.Fatalf("%d %s", code, body)
	}
	code, body = post("pbx", "/events", `{"agent":"`+staffID(1)+`"}`, "Ce-Specversion", "1.0", "Ce-Id", "e2", "Ce-Source", "pbx", "Ce-Type", "contact.connected", "Ce-Subject", "c1", "Ce-Sequence", "2")
	if code != 202 || !strings.Contains(body, `"applied"`) {
		t.Fatalf("%d %s", code, body)
	}
	if code, body = post("pbx", "/events", `{"specversion":"1.0","id":"081299CANARY"}`); code != 400 && code != 422 || strings.Contains(body, "CANARY") {
		t.Fatalf("%d %s", code, body)
	}
	if code, _ := post("agent", "/events", `{}`); code != 403 {
		t.Fatalf("an agent posts events: %d", code)
	}
	w := desk.Do("agent", "GET", "/api/v1/interactions", "")
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"+62 8** **** 4471"`) || strings.Contains(w.Body.String(), "81234564471") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := desk.Do("agent", "GET", "/api/v1/interactions/"+made.ID, ""); w.Code != 404 {
		t.Fatalf("somebody else's contact: %d", w.Code)
	}
}
