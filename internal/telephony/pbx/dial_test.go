package pbx

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

var dialled = Call{Channel: "dia_01k9xq3v7me8t0000z9w2h4r6n", Number: "+628123456789", Agent: "1001"}

func way(trunk string) Way { return Way{Trunk: trunk, Context: "agents", CallerID: "+62215550100"} }

func TestAnExchangeIsAskedToCallTheCustomerFirstAndThenTheAgent(t *testing.T) {
	x := AMI{Username: "amanah", Password: "rahasia", Way: way("PJSIP/{number}@trunk")}
	asked := make(chan []string, 1)
	x.Address = exchange(t, func(p *peer) {
		p.send(banner)
		p.message()
		p.send(success)
		asked <- p.message()
		p.send("Event: Newchannel\r\nActionID: amanah-originate\r\nChannel: x\r\n\r\nResponse: Success\r\nActionID: amanah-originate\r\nMessage: Originate successfully queued\r\n\r\n")
	})
	if err := x.Call(t.Context(), dialled); err != nil {
		t.Fatal(err)
	}
	want := []string{"Action: Originate", "ActionID: amanah-originate", "Channel: PJSIP/+628123456789@trunk", "Context: agents", "Exten: 1001", "Priority: 1",
		"CallerID: +62215550100", "ChannelId: dia_01k9xq3v7me8t0000z9w2h4r6n", "Async: true"}
	if got := <-asked; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}

	y := ESL{Password: "ClueCon", Way: way("sofia/gateway/trunk/{number}")}
	y.Address = exchange(t, func(p *peer) {
		p.admit()
		asked <- p.message()
		p.send("Content-Type: command/reply\nReply-Text: +OK Job-UUID: 1\n\n")
	})
	if err := y.Call(t.Context(), dialled); err != nil {
		t.Fatal(err)
	}
	if got := <-asked; !slices.Equal(got, []string{"bgapi originate {origination_uuid=dia_01k9xq3v7me8t0000z9w2h4r6n,origination_caller_id_number=+62215550100,ignore_early_media=true}sofia/gateway/trunk/+628123456789 1001 XML agents"}) {
		t.Errorf("%q", got)
	}
}

func TestARIIsAskedInTheBodyAndNeverInTheAddress(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Method != "POST" || r.URL.String() != "/ari/channels" || user != "amanah" || password != "rahasia" {
			t.Errorf("%s %s %v", r.Method, r.URL, err)
		}
		if body["endpoint"] != "PJSIP/+628123456789@trunk" || body["channelId"] != dialled.Channel || body["extension"] != "1001" || body["context"] != "agents" || body["callerId"] != "+62215550100" {
			t.Errorf("%v", body)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"id":"x"}`)
	}))
	defer server.Close()
	x := ari1(server.URL + "/ari")
	x.Way = way("PJSIP/{number}@trunk")
	for given, code := range map[int]string{200: "", 401: "pbx.login", 400: "pbx.refused", 500: "pbx.protocol", 302: "pbx.protocol"} {
		status = given
		if err := x.Call(t.Context(), dialled); err == nil && code != "" || err != nil && errs.CodeOf(err) != code {
			t.Errorf("%d: %v", given, err)
		}
	}
	server.Close()
	want(t, x.Call(t.Context(), dialled), "pbx.unreachable")
}

func TestACallThatIsRefusedIsCalledThat(t *testing.T) {
	x := AMI{Username: "amanah", Password: "rahasia", Way: way("PJSIP/{number}@trunk")}
	x.Address = exchange(t, func(p *peer) {
		p.send(banner)
		p.message()
		p.send(success)
		p.message()
		p.send("Response: Error\r\nActionID: amanah-originate\r\nMessage: Extension does not exist: +628123456789\r\n\r\n")
	}, func(*peer) {})
	err := x.Call(t.Context(), dialled)
	want(t, err, "pbx.refused")
	if strings.Contains(err.Error(), "628") {
		t.Error("the exchange's words are in the error")
	}
	want(t, x.Call(t.Context(), dialled), "pbx.protocol")
	y := ESL{Password: "ClueCon", Way: way("sofia/gateway/trunk/{number}")}
	y.Address = exchange(t, func(p *peer) {
		p.admit()
		p.message()
		p.send("Content-Type: command/reply\nReply-Text: -ERR no\n\n")
	})
	want(t, y.Call(t.Context(), dialled), "pbx.refused")
}

func TestNothingButAnOrdinaryNumberIsDialledAndNothingElseComesAlong(t *testing.T) {
	for _, n := range []string{"", "08123456789", "+0812345678", "+62812", "+628123456789012345", "*21*0812345678#", "+62 812 3456 789", "112", "+62809123456", "+979123456789",
		"+881612345678", "+628123456789\r\nAction: Command\r\nCommand: core stop now", "+628123456789\n\napi shutdown", "+628123456789@evil", "+628123456789,1,ChanSpy", "+６２8123456789", "+628123456789\x00"} {
		err := Dialable(n)
		if errs.CodeOf(err) != "pbx.number" || n != "" && strings.Contains(err.Error(), n) {
			t.Errorf("%q: %v", n, err)
		}
		c := dialled
		c.Number = n
		for name, x := range map[string]Dialler{"AMI": AMI{Way: way("PJSIP/{number}")}, "ARI": ARI{Way: way("PJSIP/{number}")}, "ESL": ESL{Way: way("sofia/gateway/x/{number}")}} {
			if err := x.Call(t.Context(), c); errs.CodeOf(err) != "pbx.number" { // before anything is connected
				t.Errorf("%s dials %q: %v", name, n, err)
			}
		}
	}
	for _, n := range []string{"+628123456789", "+622155501000", "+6591234567"} {
		if err := Dialable(n); err != nil {
			t.Errorf("%q: %v", n, err)
		}
	}
	bad := "1001\r\nAction: Command"
	for _, w := range []Way{{}, {Trunk: "PJSIP/trunk", Context: "a", CallerID: "1"}, {Trunk: "PJSIP/{number}\r\nX: 1", Context: "a", CallerID: "1"},
		{Trunk: "PJSIP/{number}", Context: bad, CallerID: "1"}, {Trunk: "PJSIP/{number}", Context: "a", CallerID: bad}} {
		want(t, w.Check(), "pbx.way")
	}
	for _, c := range []Call{{Channel: bad, Number: dialled.Number, Agent: "1"}, {Channel: "c", Number: dialled.Number, Agent: bad}, {Channel: "c", Number: dialled.Number}} {
		want(t, AMI{Way: way("PJSIP/{number}")}.Call(t.Context(), c), "pbx.way")
	}
}
