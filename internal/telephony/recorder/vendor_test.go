package recorder

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

const twilio = `version: 1
url: https://api.twilio.example/2010-04-01/Accounts/AC1/Calls/{contact}/Recordings/Twilio.CURRENT.json
headers: {Authorization: "Basic {secret}"}
pause: {form: {Status: paused, PauseBehavior: silence}}
resume: {form: {Status: in-progress}}
`

const genesys = `version: 1
url: https://api.genesys.example/api/v2/conversations/calls/{contact}/recordingstate
headers: {Authorization: "Bearer {secret}"}
pause: {method: PUT, json: {recordingState: PAUSED, note: "{contact} {staff} {secret}"}}
resume: {method: PUT, json: {recordingState: ACTIVE}}
`

func TestAVendorIsAskedInItsOwnWords(t *testing.T) {
	var got []string
	status := 200
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.String()+" "+r.Header.Get("Authorization")+" "+r.Header.Get("Content-Type")+" "+string(body))
		w.WriteHeader(status)
	}))
	defer server.Close()
	target := Target{Span: "cap_1", Staff: "stf_1", Contact: "CA0123456789abcdef"}
	for file, want := range map[string][]string{
		twilio: {"POST /2010-04-01/Accounts/AC1/Calls/CA0123456789abcdef/Recordings/Twilio.CURRENT.json Basic s3cret application/x-www-form-urlencoded PauseBehavior=silence&Status=paused",
			"POST /2010-04-01/Accounts/AC1/Calls/CA0123456789abcdef/Recordings/Twilio.CURRENT.json Basic s3cret application/x-www-form-urlencoded Status=in-progress"},
		genesys: {`PUT /api/v2/conversations/calls/CA0123456789abcdef/recordingstate Bearer s3cret application/json {"note":"CA0123456789abcdef stf_1 {secret}","recordingState":"PAUSED"}`,
			`PUT /api/v2/conversations/calls/CA0123456789abcdef/recordingstate Bearer s3cret application/json {"recordingState":"ACTIVE"}`},
	} {
		at := strings.Index(file, "https://")
		v, err := ParseVendor([]byte(file[:at] + server.URL + file[at+8+strings.Index(file[at+8:], "/"):]))
		if err != nil {
			t.Fatal(err)
		}
		got = nil
		w := Web{Vendor: &v, Key: []byte("s3cret")}
		if err := w.Pause(t.Context(), target); err != nil {
			t.Error(err)
		}
		if err := w.Resume(t.Context(), target); err != nil {
			t.Error(err)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s", strings.Join(got, "\n"))
		}
		// What looks like a number of a person, or is no name at all, is put into no address.
		got = nil
		for _, contact := range []string{"", "0812345678", "+62812345678", "a/../../x", "sip:1@x"} {
			if err := w.Pause(t.Context(), Target{Contact: contact}); errs.CodeOf(err) != "recorder.no_leg" || len(got) != 0 {
				t.Errorf("%q: %v %v", contact, err, got)
			}
		}
	}
}

// A call begun by hand has no name at the vendor: a request without one would pause the recorder of whoever is meant by nothing.
func TestAVendorIsNotAskedAboutACallThatItHasNoNameFor(t *testing.T) {
	for _, body := range []string{"json: {state: %, call: {id: \"{contact}\"}}", "form: {state: %, call: \"{contact}\"}"} {
		v, err := ParseVendor([]byte("version: 1\nurl: https://recorder.example/state\npause: {" + strings.Replace(body, "%", "paused", 1) + "}\nresume: {" + strings.Replace(body, "%", "active", 1) + "}\n"))
		if err != nil {
			t.Fatal(err)
		}
		for _, action := range []string{PauseAction, ResumeAction} {
			if _, _, _, body, _, err := v.request(action, Target{Span: "cap_1", Staff: "stf_1"}, "s"); errs.CodeOf(err) != "recorder.no_leg" {
				t.Errorf("%s: %v %s", action, err, body)
			}
			if _, _, _, _, _, err := v.request(action, Target{Contact: "+62812345678"}, "s"); err != nil { // a document may hold what an address may not
				t.Error(err)
			}
		}
	}
}

func TestAVendorsFileIsReadStrictly(t *testing.T) {
	for name, change := range map[string][2]string{
		"no version":            {"version: 1", "version: 2"},
		"an unknown word":       {"pause:", "stop: 1\npause:"},
		"a hole in the host":    {"api.twilio.example", "{contact}.example"},
		"a secret in the path":  {"{contact}", "{secret}"},
		"another hole":          {"{contact}", "{number}"},
		"a contact in a header": {"{secret}", "{contact}"},
		"a password in it":      {"https://api", "https://a:b@api"},
		"another scheme":        {"https://", "ftp://"},
		"a method that reads":   {"pause: {form", "pause: {method: GET, form"},
		"two bodies":            {"pause: {form", "pause: {json: {a: b}, form"},
		"nobody's recorder":     {"Calls/{contact}", "Calls/all"},
		"pause is resume":       {"resume: {form: {Status: in-progress}}", "resume: {form: {Status: paused, PauseBehavior: silence}}"},
	} {
		if !strings.Contains(twilio, change[0]) {
			t.Fatal(name)
		}
		if _, err := ParseVendor([]byte(strings.Replace(twilio, change[0], change[1], 1))); errs.CodeOf(err) != "recorder.vendor" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseVendor(make([]byte, maxVendor+1)); errs.CodeOf(err) != "recorder.vendor" {
		t.Error(err)
	}
}

func FuzzParseVendor(f *testing.F) {
	f.Add([]byte(twilio))
	f.Add([]byte(genesys))
	f.Fuzz(func(t *testing.T, text []byte) {
		if v, err := ParseVendor(text); err == nil {
			_, address, _, _, _, err := v.request(PauseAction, Target{Contact: "CA0123456789abcdef", Staff: "stf_1"}, "s")
			if err == nil && strings.ContainsAny(address, "\r\n {}") && !strings.ContainsAny(v.URL, "\r\n {}") {
				t.Errorf("%q", address)
			}
		}
	})
}
