package pbx

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

func amiRecorder(t *testing.T, how string, scripts ...func(p *peer)) AMI {
	x := AMI{Username: "amanah", Password: "rahasia", Recording: how}
	admitted := make([]func(*peer), len(scripts))
	for i, script := range scripts {
		admitted[i] = func(p *peer) {
			p.send(banner)
			p.message()
			p.send(success)
			script(p)
		}
	}
	x.Address = exchange(t, admitted...)
	return x
}

func eslRecorder(t *testing.T, scripts ...func(p *peer)) ESL {
	x := ESL{Password: "ClueCon", Recording: "/var/rec/{channel}.wav"}
	admitted := make([]func(*peer), len(scripts))
	for i, script := range scripts {
		admitted[i] = func(p *peer) { p.admit(); script(p) }
	}
	x.Address = exchange(t, admitted...)
	return x
}

func apiAnswer(body string) string {
	return fmt.Sprintf("Content-Type: api/response\nContent-Length: %d\n\n%s", len(body), body)
}

func TestAnExchangeIsAskedToMuteARecordingAndSaysSo(t *testing.T) {
	asked := make(chan []string, 1)
	for _, c := range []struct {
		how  string
		mute bool
		want []string
	}{
		{MixMonitor, true, []string{"Action: MixMonitorMute", "ActionID: amanah-record", "Channel: 1.7", "Direction: both", "State: 1"}},
		{MixMonitor, false, []string{"Action: MixMonitorMute", "ActionID: amanah-record", "Channel: 1.7", "Direction: both", "State: 0"}},
		{Monitor, true, []string{"Action: PauseMonitor", "ActionID: amanah-record", "Channel: 1.7"}},
		{Monitor, false, []string{"Action: UnpauseMonitor", "ActionID: amanah-record", "Channel: 1.7"}},
	} {
		x := amiRecorder(t, c.how, func(p *peer) {
			asked <- p.message()
			p.send("Event: MixMonitorMute\r\nActionID: amanah-record\r\nState: 1\r\n\r\nResponse: Success\r\nActionID: other\r\n\r\nResponse: Success\r\nActionID: amanah-record\r\n\r\n")
		})
		if err := x.Mute(t.Context(), "1.7", c.mute); err != nil {
			t.Errorf("%s %v: %v", c.how, c.mute, err)
		}
		if got := <-asked; !slices.Equal(got, c.want) {
			t.Errorf("%q", got)
		}
	}
	for mute, word := range map[bool]string{true: "mask", false: "unmask"} {
		x := eslRecorder(t, func(p *peer) {
			asked <- p.message()
			p.send(apiAnswer("+OK Success\n"))
		})
		if err := x.Mute(t.Context(), "2f-1", mute); err != nil {
			t.Error(err)
		}
		if got := <-asked; !slices.Equal(got, []string{"api uuid_record 2f-1 " + word + " /var/rec/2f-1.wav"}) {
			t.Errorf("%q", got)
		}
	}
}

func TestARIMutesALiveRecordingByItsName(t *testing.T) {
	status, got := http.StatusNoContent, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		got = r.Method + " " + r.URL.String() + " " + user + ":" + password
		w.WriteHeader(status)
	}))
	defer server.Close()
	x := ari1(server.URL + "/ari")
	x.Recording = "call-{channel}"
	for mute, method := range map[bool]string{true: "POST", false: "DELETE"} {
		if err := x.Mute(t.Context(), "1.7", mute); err != nil || got != method+" /ari/recordings/live/call-1.7/mute amanah:rahasia" {
			t.Errorf("%v %s", err, got)
		}
	}
	for given, code := range map[int]string{401: "pbx.login", 404: "pbx.no_channel", 409: "pbx.refused", 500: "pbx.unanswered", 302: "pbx.protocol"} {
		status = given
		if err := x.Mute(t.Context(), "1.7", true); errs.CodeOf(err) != code {
			t.Errorf("%d: %v", given, err)
		}
	}
	server.Close()
	want(t, x.Mute(t.Context(), "1.7", true), "pbx.unreachable")
}

func TestARefusalOfARecorderIsToldFromOneThatIsNotThere(t *testing.T) {
	for answer, code := range map[string]string{"No such channel": "pbx.no_channel", "Permission denied: +6281234": "pbx.refused"} {
		x := amiRecorder(t, MixMonitor, func(p *peer) {
			p.message()
			p.send("Response: Error\r\nActionID: amanah-record\r\nMessage: " + answer + "\r\n\r\n")
		})
		err := x.Mute(t.Context(), "1.7", true)
		want(t, err, code)
		if strings.Contains(err.Error(), "6281234") {
			t.Error("the exchange's words are in the error")
		}
	}
	for answer, code := range map[string]string{"-ERR Cannot locate session!\n": "pbx.no_channel", "-ERR Operation failed\n": "pbx.refused"} {
		x := eslRecorder(t, func(p *peer) {
			p.message()
			p.send(apiAnswer(answer))
		})
		want(t, x.Mute(t.Context(), "2f-1", true), code)
	}
	x := AMI{Address: "127.0.0.1:1", Recording: MixMonitor}
	want(t, x.Mute(t.Context(), "1.7", true), "pbx.unreachable")
}

// Whoever was asked and says nothing may have done it all the same: that is told from a refusal.
func TestARecorderThatWasAskedAndDoesNotAnswerLeavesItOpen(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	x := amiRecorder(t, MixMonitor, func(p *peer) { // silent until the time is over
		p.message()
		cancel()
		p.stays()
	}, func(p *peer) { p.message() }, // the connection is lost
		func(p *peer) {})
	want(t, x.Mute(ctx, "1.7", true), "pbx.unanswered")
	want(t, x.Mute(t.Context(), "1.7", true), "pbx.unanswered")
	ctx, cancel = context.WithCancel(t.Context())
	y := eslRecorder(t, func(p *peer) {
		p.message()
		cancel()
		p.stays()
	})
	want(t, y.Mute(ctx, "2f-1", false), "pbx.unanswered")

	ctx, cancel = context.WithCancel(t.Context())
	held := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { cancel(); <-held }))
	defer server.Close()
	defer close(held)
	z := ari1(server.URL + "/ari")
	z.Recording = "{channel}"
	want(t, z.Mute(ctx, "1.7", true), "pbx.unanswered")

	// Nothing was asked yet when the time was over before the login.
	ctx, cancel = context.WithCancel(t.Context())
	q := AMI{Recording: MixMonitor, Address: exchange(t, func(p *peer) { cancel(); p.stays() })}
	want(t, q.Mute(ctx, "1.7", true), "pbx.unreachable")
}

func TestNothingComesAlongWithTheNameOfARecording(t *testing.T) {
	for _, bad := range []string{"", "1.7\r\nAction: Command", "1.7 unmask", "a/b", "../x", "\x00", strings.Repeat("1", 129)} {
		for name, x := range map[string]Recorder{"AMI": AMI{Recording: MixMonitor}, "ARI": ARI{URL: "http://127.0.0.1:1/ari", Recording: "{channel}"}, "ESL": ESL{Recording: "/r/{channel}.wav"}} {
			want(t, x.Mute(t.Context(), bad, true), "pbx.recording")
			_ = name
		}
	}
	for _, x := range []interface{ CheckRecording() error }{AMI{}, AMI{Recording: "x"}, ARI{}, ARI{Recording: "name"}, ARI{Recording: "a/{channel}"}, ESL{Recording: "/r/{channel}.wav\n\napi shutdown"}, ESL{Recording: "/r/x.wav"}, ESL{Recording: "/r x/{channel}"}} {
		want(t, x.CheckRecording(), "pbx.recording")
	}
	for _, x := range []interface{ CheckRecording() error }{AMI{Recording: Monitor}, ARI{Recording: "rec-{channel}"}, ESL{Recording: "/var/{channel}.wav"}} {
		if err := x.CheckRecording(); err != nil {
			t.Error(err)
		}
	}
}
