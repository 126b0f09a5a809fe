package app

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/jobs"
	"github.com/amanah-id/amanah/internal/telephony"
	"github.com/amanah-id/amanah/internal/telephony/pbx"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

func TestWrongSettingsOfTelephonyAreNamed(t *testing.T) {
	bad := t.TempDir()
	if err := os.WriteFile(filepath.Join(bad, "acme.yaml"), []byte("mapping: acme\nnonsense: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		flags     map[string]string
		code, key string
	}{
		"no port":           {map[string]string{"telephony.ami.address": "pbx", "telephony.ami.controller": "utama"}, "config.value", "telephony.ami.address"},
		"no port of ESL":    {map[string]string{"telephony.esl.address": "pbx", "telephony.esl.controller": "utama"}, "config.value", "telephony.esl.address"},
		"no address":        {map[string]string{"telephony.ari.url": "pbx:8088", "telephony.ari.controller": "utama"}, "config.value", "telephony.ari.url"},
		"a password in it":  {map[string]string{"telephony.ari.url": "http://a:b@pbx:8088/ari", "telephony.ari.controller": "utama"}, "config.value", "telephony.ari.url"},
		"no company":        {map[string]string{"telephony.esl.address": "pbx:8021"}, "config.value", "telephony.esl.controller"},
		"no folder":         {map[string]string{"telephony.mappings": filepath.Join(bad, "none")}, "telephony.mapping_folder", ""},
		"a mapping that is": {map[string]string{"telephony.mappings": bad}, "telephony.mapping_wrong", ""},
		"all is well":       {map[string]string{"telephony.esl.address": "pbx:8021", "telephony.esl.controller": "utama", "telephony.ari.url": "https://pbx:8089/ari", "telephony.ari.controller": "utama"}, "", ""},
	} {
		cfg, err := config.Load(config.Sources{Flags: c.flags})
		if err != nil {
			t.Fatal(err)
		}
		err = CheckConfig(cfg)
		if errs.CodeOf(err) != c.code || c.key != "" && errs.Of(err).Args["key"] != c.key {
			t.Errorf("%s: %v %v", name, err, errs.Of(err))
		}
	}
}

// A call from the exchange's first word to the company's own system: who rang is looked for, the agent whose extension
// answered has the call, and the hook is told of each move by ids alone.
func TestACallComesInOverAMIAndTheCompanysSystemIsTold(t *testing.T) {
	ctx := t.Context()
	w := openWorld(t, db.Options{})
	agent, err := w.staff(ctx, actor.Agent)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "agents.yaml"), []byte("'201': "+agent.ID()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mappings, err := telephony.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var told []string
	crm := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		told = append(told, string(body))
	}))
	defer crm.Close()
	room, err := telephony.New(telephony.Options{
		DB: w.DB, Log: w.Audit, Keys: w.Keys, Seal: staffSeal(w.Keys), Intake: w.Interactions, Mappings: mappings, Duty: actor.NewDuty(interaction.RelayDuty), Address: Origin(w.Config),
		Allow: []string{"127.0.0.1"}, Inspect: w.inspectHook,
		Controllers: func(context.Context) ([]telephony.Controller, error) {
			return []telephony.Controller{{ID: w.controller, Name: "Toko"}}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Interactions.SetAnnounce(room.Announce)
	admin, err := w.staff(ctx, actor.Admin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := room.AddHook(ctx, admin, w.controller, crm.URL); err != nil {
		t.Fatal(err)
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	const number = "081299990042"
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		call := "Uniqueid: 7.1\r\nLinkedid: 7.1\r\nCallerIDNum: " + number + "\r\n"
		_, _ = io.WriteString(c, "Asterisk Call Manager/9.0.0\r\nResponse: Success\r\nActionID: amanah-login\r\n\r\n"+
			"Event: QueueCallerJoin\r\nQueue: kartu\r\n"+call+"\r\n"+"Event: AgentConnect\r\nQueue: kartu\r\nInterface: PJSIP/201\r\n"+call+"\r\n")
	}()
	cfg, err := config.Load(config.Sources{Flags: map[string]string{"telephony.ami.address": l.Addr().String(), "telephony.ami.username": "amanah", "telephony.ami.password": "rahasia", "telephony.ami.controller": "toko"}})
	if err != nil {
		t.Fatal(err)
	}
	x := Exchanges(cfg)[0]
	if x.Controller, err = w.controllerOf(ctx, x.Controller); err != nil || x.Controller != w.controller {
		t.Fatal(x.Controller, err)
	}
	following, stop := context.WithCancel(ctx)
	room.Follow(following, x, func(context.Context, time.Duration) error { stop(); return context.Canceled })

	mine, err := w.Interactions.Mine(ctx, agent)
	if err != nil || len(mine) != 1 || mine[0].State != interaction.Connected || mine[0].Queue != "kartu" {
		t.Fatalf("%+v %v", mine, err)
	}
	worker := jobs.New(w.DB, jobs.Options{Node: "test", Handlers: map[string]jobs.Handler{telephony.DeliverJob: room.Deliver}})
	if _, err := worker.RunDue(ctx); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(told, "\n")
	if len(told) != 2 || !strings.Contains(all, `"type":"amanah.interaction.offer"`) || !strings.Contains(all, `"type":"amanah.interaction.event.connected"`) ||
		strings.Count(all, `"subject":"`+mine[0].ID+`"`) != 2 || !strings.Contains(all, `"agent":"`+agent.ID()+`"`) {
		t.Fatalf("told: %s", all)
	}
	if strings.Contains(all, number[1:]) {
		t.Error("the caller's number is told")
	}
}

func TestAnExchangeMakesCallsWhereAWayOutIsSetUpAndNotElsewhere(t *testing.T) {
	base := map[string]string{}
	for _, name := range []string{"ami", "ari", "esl"} {
		base["telephony."+name+".controller"] = "toko"
		base["telephony."+name+".context"], base["telephony."+name+".caller_id"] = name, "+62215550100"
	}
	base["telephony.ami.address"], base["telephony.ari.url"], base["telephony.esl.address"] = "pbx.example:5038", "http://pbx.example:8088/ari", "pbx.example:8021"
	for name, trunk := range map[string]string{"ami": "PJSIP/{number}@a", "ari": "PJSIP/{number}@b", "esl": "sofia/gateway/c/{number}"} {
		flags := maps.Clone(base)
		flags["telephony."+name+".trunk"] = trunk
		cfg, err := config.Load(config.Sources{Flags: flags})
		if err != nil {
			t.Fatal(err)
		}
		way := pbx.Way{Trunk: trunk, Context: name, CallerID: "+62215550100"}
		ways := map[string]pbx.Way{}
		for _, x := range Exchanges(cfg) {
			switch d := x.Dialler.(type) {
			case pbx.AMI:
				ways[x.Name] = d.Way
			case pbx.ARI:
				ways[x.Name] = d.Way
			case pbx.ESL:
				ways[x.Name] = d.Way
			}
		}
		if diff := cmp.Diff(map[string]pbx.Way{name: way}, ways); diff != "" {
			t.Error(diff)
		}
	}
}
