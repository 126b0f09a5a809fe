package command

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/amanah-id/amanah/internal/telephony"
)

// manager is an exchange that speaks AMI: it takes one password, and tells of one call.
func manager(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer func() { _ = c.Close() }()
				_, _ = io.WriteString(c, "Asterisk Call Manager/9.0.0\r\n")
				r, good := bufio.NewReader(c), false
				for {
					line, err := r.ReadString('\n')
					if err != nil {
						return
					}
					good = good || line == "Secret: rahasia\r\n"
					if line == "\r\n" {
						break
					}
				}
				if !good {
					_, _ = io.WriteString(c, "Response: Error\r\nActionID: amanah-login\r\nMessage: Authentication failed\r\n\r\n")
					return
				}
				_, _ = io.WriteString(c, "Response: Success\r\nActionID: amanah-login\r\n\r\nEvent: QueueCallerJoin\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\nQueue: kartu\r\nCallerIDNum: 08990000001\r\nCallerIDName: CANARY\r\n\r\n"+
					"Event: AgentConnect\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\nQueue: kartu\r\nInterface: PJSIP/201\r\n\r\n")
				for action := ""; ; { // then it pauses and resumes what is asked for
					line, err := r.ReadString('\n')
					switch {
					case err != nil:
						return
					case line != "\r\n":
						action += line
						continue
					case strings.Contains(action, "MixMonitorMute") && strings.Contains(action, "Channel: 1.1\r\n"):
						_, _ = io.WriteString(c, "Response: Success\r\nActionID: amanah-record\r\n\r\n")
					}
					action = ""
				}
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	return l.Addr().String()
}

func TestTelephonyCheckSaysInWordsWhatIsRightAndWhatToDoNext(t *testing.T) {
	address := manager(t)
	run := func(password string, args ...string) (int, string, string) {
		var out, errOut bytes.Buffer
		environ := []string{"AMANAH_TELEPHONY_AMI_ADDRESS=" + address, "AMANAH_TELEPHONY_AMI_USERNAME=amanah", "AMANAH_TELEPHONY_AMI_PASSWORD=" + password, "AMANAH_TELEPHONY_AMI_CONTROLLER=utama"}
		code := newCLI(strings.NewReader(""), &out, &errOut, environ).run(t.Context(), append([]string{"telephony", "check"}, args...))
		for _, secret := range []string{"08990000001", "CANARY", password} {
			if strings.Contains(out.String()+errOut.String(), secret) {
				t.Errorf("%v: %q is told", args, secret)
			}
		}
		return code, out.String(), errOut.String()
	}
	if code, out, errOut := run("rahasia", "--lang", "id"); code != 0 || !strings.Contains(out, "+ Tersambung dan masuk: Asterisk Call Manager/9.0.0") || !strings.Contains(out, "panggilan ditawarkan") || !strings.Contains(out, "amanah serve") {
		t.Errorf("%d %s %s", code, out, errOut)
	}
	if code, out, errOut := run("rahasia", "ami", "--lang", "en"); code != 0 || !strings.Contains(out, "The mapping knows it: call offered") || !strings.Contains(errOut, "Make a test call now") {
		t.Errorf("%d %s %s", code, out, errOut)
	}
	if code, out, _ := run("salah-sama-sekali", "--lang", "en"); code != exitFound || !strings.Contains(out, "! The exchange refused the name or the password.") || !strings.Contains(out, "try again") {
		t.Errorf("%d %s", code, out)
	}
	code, out, _ := run("rahasia", "--json")
	var results []telephony.Checked
	if err := json.Unmarshal([]byte(out), &results); err != nil || code != 0 || len(results) != 1 || !results[0].OK || results[0].Version != "Asterisk Call Manager/9.0.0" || len(results[0].Steps) != 3 {
		t.Errorf("%d %v %s", code, err, out)
	}
	for _, args := range [][]string{{"esl"}, {"sip"}, {"ami", "ami"}} {
		if code, out, errOut := run("rahasia", args...); code != exitUsage || out != "" || errOut == "" {
			t.Errorf("%v: %d %s %s", args, code, out, errOut)
		}
	}
}

func TestTelephonyCheckTriesTheRecorder(t *testing.T) {
	address := manager(t)
	var asked []string
	status := http.StatusNoContent
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, string(body))
		w.WriteHeader(status)
	}))
	defer web.Close()
	run := func(environ []string, args ...string) (int, string) {
		var out, errOut bytes.Buffer
		code := newCLI(strings.NewReader(""), &out, &errOut, environ).run(t.Context(), append([]string{"telephony", "check", "--pause", "--lang", "en"}, args...))
		return code, out.String() + errOut.String()
	}
	exchange := []string{"AMANAH_TELEPHONY_AMI_ADDRESS=" + address, "AMANAH_TELEPHONY_AMI_USERNAME=amanah", "AMANAH_TELEPHONY_AMI_PASSWORD=rahasia", "AMANAH_TELEPHONY_AMI_CONTROLLER=utama"}
	if code, out := run(append(slices.Clone(exchange), "AMANAH_TELEPHONY_RECORDER=exchange"), "ami"); code != 0 || !strings.Contains(out, "+ The recorder confirmed the pause.") || !strings.Contains(out, "+ The recorder confirmed that it records again.") {
		t.Errorf("%d %s", code, out)
	}
	if code, out := run(exchange, "ami"); code != exitFound || !strings.Contains(out, "! The recorder of this exchange is not set up.") || !strings.Contains(out, "telephony.recorder: exchange") {
		t.Errorf("%d %s", code, out)
	}
	hook := []string{"AMANAH_TELEPHONY_RECORDER=http", "AMANAH_TELEPHONY_RECORDER_URL=" + web.URL, "AMANAH_TELEPHONY_RECORDER_KEY=" + strings.Repeat("k", 32)}
	if code, out := run(hook); code != 0 || len(asked) != 2 || !strings.Contains(out, "+ The recorder confirmed the pause.") {
		t.Errorf("%d %v %s", code, asked, out)
	}
	status = http.StatusUnauthorized
	if code, out := run(hook); code != exitFound || !strings.Contains(out, "! The recorder refused this request.") || !strings.Contains(out, "shared key") {
		t.Errorf("%d %s", code, out)
	}
}
