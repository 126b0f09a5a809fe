package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

// canaries are personal values that must not come back, nor reach the log.
const (
	canaryNIK   = "3273012345670004"
	canaryPhone = "081234567890"
	canaryMail  = "budi.santoso@example.id"
)

func desk(t testing.TB, change func(*web.Options)) *webtest.Desk {
	t.Helper()
	d := webtest.New(t, change, sample(nil))
	d.Staff("agent", actor.Agent)
	d.Staff("auditor", actor.Auditor)
	return d
}

func leaks(t *testing.T, d *webtest.Desk, w *httptest.ResponseRecorder) {
	t.Helper()
	var head strings.Builder
	_ = w.Result().Header.Write(&head)
	for place, text := range map[string]string{"body": w.Body.String(), "headers": head.String(), "log": d.Log.String()} {
		for _, canary := range []string{canaryNIK, canaryPhone, canaryMail, url.QueryEscape(canaryMail), "santoso"} {
			if strings.Contains(strings.ToLower(text), canary) {
				t.Errorf("%s comes back in the %s: %s", canary, place, text)
			}
		}
	}
}

func TestNoErrorOfTheAPIEchoesASubmittedValueInAnyPosition(t *testing.T) {
	good := `{"field":"phone","answer":"x"}`
	path := "/api/v1/interactions/itx_1/compare"
	long := strings.Repeat(canaryNIK, 100)
	for name, tc := range map[string]struct {
		target, body string
		header       []string
		status       int
		code         string
		location     string
		reason       string
	}{
		"a value that is no choice":          {path, `{"field":"` + canaryNIK + `","answer":"x"}`, nil, 422, "web.invalid", "body.field", "choice"},
		"a value that is too long":           {path, `{"field":"phone","answer":"` + canaryNIK + `"}`, nil, 422, "web.invalid", "body.answer", "too_long"},
		"a malformed e-mail":                 {path, `{"field":"phone","answer":"x","mail":"<` + canaryMail + `"}`, nil, 422, "web.invalid", "body.mail", "format"},
		"a wrong type":                       {path, `{"field":"phone","answer":` + canaryNIK + `}`, nil, 422, "web.invalid", "body.answer", "type"},
		"an unknown name":                    {path, `{"field":"phone","answer":"x","` + canaryMail + `":1}`, nil, 422, "web.invalid", "body.?", "unknown"},
		"an unknown name deep inside":        {path, `{"field":"phone","answer":"x","deep":{"inner":{"inner":{"` + canaryNIK + `":"` + canaryPhone + `"}}}}`, nil, 422, "web.invalid", "body.deep.inner.inner.?", "unknown"},
		"a wrong type in a free map":         {path, `{"field":"phone","answer":"x","deep":{"free":{"` + canaryMail + `":"` + canaryPhone + `"}}}`, nil, 422, "web.invalid", "body.deep.free.?", "type"},
		"a missing field":                    {path, `{"field":"phone"}`, nil, 422, "web.invalid", "body", "required"},
		"too many items":                     {path, `{"field":"phone","answer":"x","tags":["` + canaryNIK + `","b","c"]}`, nil, 422, "web.invalid", "body.tags", "too_long"},
		"an item of a wrong type":            {path, `{"field":"phone","answer":"x","tags":[1]}`, nil, 422, "web.invalid", "body.tags[0]", "type"},
		"a number too large":                 {path, `{"field":"phone","answer":"x","deep":{"count":1e999}}`, nil, 400, "web.malformed", "", ""},
		"a number in words":                  {path, `{"field":"phone","answer":"x","deep":{"count":` + canaryNIK + `.5}}`, nil, 422, "web.invalid", "", ""},
		"a body that is no object":           {path, `"` + canaryMail + `"`, nil, 422, "web.invalid", "body", "type"},
		"a body that is no JSON":             {path, canaryMail, nil, 400, "web.malformed", "", ""},
		"a body cut off":                     {path, `{"field":"` + canaryPhone, nil, 400, "web.malformed", "", ""},
		"something after the body":           {path, good + canaryNIK, nil, 400, "web.malformed", "", ""},
		"a second body":                      {path, good + good, nil, 400, "web.malformed", "", ""},
		"a name twice":                       {path, `{"field":"phone","answer":"x","answer":"` + canaryNIK + `"}`, nil, 400, "web.malformed", "", ""},
		"a name twice in another case":       {path, `{"field":"phone","answer":"x","Answer":"` + canaryNIK + `"}`, nil, 400, "web.malformed", "", ""},
		"a name twice after a nested object": {path, `{"deep":{"free":{"a":1}},"field":"phone","answer":"x","deep":{}}`, nil, 400, "web.malformed", "", ""},
		"text that is not UTF-8":             {path, "{\"field\":\"phone\",\"answer\":\"\xff" + canaryPhone + "\"}", nil, 400, "web.malformed", "", ""},
		"half a surrogate pair":              {path, `{"field":"phone","answer":"\ud800` + canaryPhone + `"}`, nil, 400, "web.malformed", "", ""},
		"nesting without end":                {path, strings.Repeat(`{"deep":`, 40) + `"` + canaryNIK + `"` + strings.Repeat("}", 40), nil, 400, "web.malformed", "", ""},
		"nesting of lists":                   {path, strings.Repeat("[", 100_0) + canaryNIK, nil, 400, "web.malformed", "", ""},
		"a body too large":                   {path, `{"field":"phone","answer":"` + strings.Repeat(canaryNIK, 400) + `"}`, nil, 413, "web.too_large", "", ""},
		"no body":                            {path, "", nil, 400, "web.malformed", "", ""},
		"another media type":                 {path, good, []string{"Content-Type", "text/" + canaryPhone}, 415, "web.media_type", "", ""},
		"another charset":                    {path, good, []string{"Content-Type", "application/json; charset=" + canaryPhone}, 415, "web.media_type", "", ""},
		"a media type that is none":          {path, good, []string{"Content-Type", ";;" + canaryPhone}, 415, "web.media_type", "", ""},
		"a path parameter too long":          {"/api/v1/interactions/" + strings.Repeat(canaryNIK, 4) + "/compare", good, nil, 422, "web.invalid", "path.interaction", "too_long"},
		"a query parameter of a wrong type":  {path + "?limit=" + canaryNIK + "x", good, nil, 422, "web.invalid", "query.limit", "type"},
		"a query parameter out of range":     {path + "?limit=" + canaryPhone[1:], good, nil, 422, "web.invalid", "query.limit", "range"},
		"an unknown query parameter":         {path + "?" + url.QueryEscape(canaryMail) + "=" + canaryNIK, good, nil, 422, "web.invalid", "query.?", "unknown"},
		"a NUL in a query":                   {path + "?limit=%00" + canaryNIK, good, nil, 400, "web.malformed", "", ""},
		"a NUL in a path":                    {path + "%00" + canaryNIK, good, nil, 404, "web.not_found", "", ""},
		"a NUL in a text":                    {path, `{"field":"phone","answer":"\u0000` + canaryPhone + `"}`, nil, 400, "web.malformed", "", ""},
		"a query that is not UTF-8":          {path + "?limit=%ff" + canaryNIK, good, nil, 400, "web.malformed", "", ""},
		"a query with a name twice":          {path + "?limit=1&limit=" + canaryNIK, good, nil, 400, "web.malformed", "", ""},
		"a query with a broken escape":       {path + "?limit=%zz" + canaryNIK, good, nil, 400, "web.malformed", "", ""},
		"a header parameter too long":        {path, good, []string{"Amanah-Mode", canaryNIK}, 422, "web.invalid", "header.Amanah-Mode", "too_long"},
		"an address too long":                {path + "?q=" + long + long, good, nil, 414, "web.address_long", "", ""},
		"no such operation":                  {"/api/v1/" + canaryPhone, good, nil, 404, "web.not_found", "", ""},
		"a path that is not clean":           {"/api/v1//" + canaryPhone + "/../x", good, nil, 404, "web.not_found", "", ""},
		"an unknown language":                {path + "?lang=" + canaryMail, `{"field":"nik"}`, nil, 422, "web.invalid", "query.?", "unknown"},
		"a strange Accept":                   {path, `{"field":"nik"}`, []string{"Accept", "text/" + canaryPhone}, 422, "web.invalid", "body", "required"},
	} {
		t.Run(name, func(t *testing.T) {
			d := desk(t, nil)
			header := append([]string{"Content-Type", "application/json"}, tc.header...)
			w := d.Do("agent", "POST", tc.target, tc.body, header...)
			leaks(t, d, w)
			var p web.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatalf("no problem: %d %s", w.Code, w.Body)
			}
			if w.Code != tc.status || p.Status != tc.status || p.Code != tc.code {
				t.Errorf("%d %s, not %d %s: %s", w.Code, p.Code, tc.status, tc.code, w.Body)
			}
			if ct := w.Header().Get("Content-Type"); ct != "application/problem+json" {
				t.Errorf("media type %s", ct)
			}
			if p.Trace == "" || p.Trace != w.Header().Get("Amanah-Trace") || p.Type != "/problems/"+p.Code || p.Title == "" || p.Titles["en"] == "" || p.Next["id"] == "" {
				t.Errorf("incomplete: %+v", p)
			}
			if tc.reason != "" && (len(p.Errors) == 0 || p.Errors[0] != web.Fault{Location: tc.location, Reason: tc.reason}) {
				t.Errorf("faults %+v, not %s %s", p.Errors, tc.location, tc.reason)
			}
		})
	}
}

func TestNoErrorPageEchoesASubmittedValueInAnyPosition(t *testing.T) {
	for name, tc := range map[string]struct {
		method, target, body string
		header               []string
		status               int
		must                 string
	}{
		"a text too long":            {"POST", "/calls/itx_1/note", "note=" + strings.Repeat(canaryNIK, 3), nil, 422, "terlalu panjang"},
		"an unknown field":           {"POST", "/calls/itx_1/note", "note=x&" + canaryPhone + "=" + canaryNIK, nil, 422, "tidak dikenal"},
		"a field twice":              {"POST", "/calls/itx_1/note", "note=x&note=" + canaryPhone, nil, 422, "lebih dari sekali"},
		"a choice that is none":      {"POST", "/calls/itx_1/note", "note=x&outcome=" + url.QueryEscape(canaryMail), nil, 422, "pilihan"},
		"a number that is none":      {"POST", "/calls/itx_1/note", "note=x&level=" + canaryPhone + "x", nil, 422, "jenis"},
		"a number out of range":      {"POST", "/calls/itx_1/note", "note=x&level=" + canaryNIK, nil, 422, "batas"},
		"a broken escape":            {"POST", "/calls/itx_1/note", "note=%zz" + canaryPhone, nil, 400, "tidak dapat dibaca"},
		"a semicolon":                {"POST", "/calls/itx_1/note", "note=x;" + canaryPhone, nil, 400, "tidak dapat dibaca"},
		"a form too large":           {"POST", "/calls/itx_1/note", "note=" + strings.Repeat(canaryNIK, 5000), nil, 413, "terlalu besar"},
		"too many fields":            {"POST", "/calls/itx_1/note", strings.Repeat("field=x&", 600) + canaryPhone, nil, 413, "terlalu besar"},
		"a query on a post":          {"POST", "/calls/itx_1/note?note=" + canaryPhone, "note=x", nil, 422, "tidak dikenal"},
		"another media type":         {"POST", "/calls/itx_1/note", `{"note":"` + canaryPhone + `"}`, []string{"Content-Type", "application/json"}, 415, "Jenis isi"},
		"a page that is not there":   {"GET", "/" + canaryPhone, "", nil, 404, "tidak ada"},
		"a method that is not there": {"DELETE", "/calls/" + canaryNIK, "", nil, 405, "Cara permintaan"},
		"a method nobody knows":      {canaryPhone[:3] + "X", "/calls/" + canaryNIK, "", nil, 405, "Cara permintaan"},
		"a role that may not":        {"GET", "/calls/" + canaryNIK, "", []string{"Webtest-Actor", "auditor"}, 403, "Peran Anda"},
	} {
		for _, partial := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				d := desk(t, nil)
				header := tc.header
				if partial {
					header = append([]string{"Amanah-Fragment", "1"}, header...)
				}
				w := d.Do("agent", tc.method, tc.target, tc.body, header...)
				leaks(t, d, w)
				if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.must) {
					t.Errorf("%d, not %d with %q: %s", w.Code, tc.status, tc.must, w.Body)
				}
				if whole := strings.Contains(w.Body.String(), "<!doctype"); whole == partial {
					t.Errorf("whole page: %v, asked for a part: %v", whole, partial)
				}
				if !partial {
					for _, fault := range webtest.Inspect(w.Body.Bytes(), i18n.ID, web.Fixture{}) {
						t.Error(fault)
					}
				}
			})
		}
	}
}

func TestADefectOfOursLeavesOnlyATraceAndACleanLog(t *testing.T) {
	d := desk(t, nil)
	w := d.Do("agent", "GET", "/boom", "")
	leaks(t, d, w)
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), w.Header().Get("Amanah-Trace")) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if log := d.Log.String(); !strings.Contains(log, "panic of type string at internal/web/sample_test.go:") || !strings.Contains(log, `"route":"GET /boom"`) {
		t.Error("the log does not say where:", log)
	}
	d.Log.Reset()
	w = d.Do("agent", "GET", "/broken", "")
	leaks(t, d, w)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d", w.Code)
	}
	if log := d.Log.String(); !strings.Contains(log, "table locked") || strings.Contains(log, "a@b.id") {
		t.Error("the cause is lost or leaks:", log)
	}
	for _, path := range []string{"/away", "/unseen"} {
		if w = d.Do("agent", "GET", path, ""); w.Code != http.StatusInternalServerError {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestARefusalOfTheAPICarriesTheSentenceToSay(t *testing.T) {
	d := desk(t, nil)
	w := d.Do("agent", "POST", "/api/v1/interactions/itx_1/compare", `{"field":"phone","answer":"refuse"}`, "Content-Type", "application/json", "Accept-Language", "en")
	var p web.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != 403 {
		t.Fatal(w.Code, err, w.Body)
	}
	if p.Code != "sample.refused" || p.Title != "This value may not be opened." || p.Say["id"] != "Mohon maaf, kami perlu memastikan dahulu." || p.Next["en"] != "Send a verification link." {
		t.Errorf("%+v", p)
	}
	if w = d.Do("agent", "POST", "/api/v1/interactions/itx_1/compare", `{"field":"phone","answer":"x"}`, "Content-Type", "application/json"); w.Code != 200 || !strings.Contains(w.Body.String(), `"match":true`) {
		t.Error(w.Code, w.Body)
	}
}
