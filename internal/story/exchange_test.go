package story

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// exchange is a company's telephone system, as any real one would speak: to the address of its line with the line's key, or to the
// API with the key of its client. It knows no more.
type exchange struct {
	t         *testing.T
	address   string
	key       string // that signs; empty for a client of the API
	direction string
	said      int64 // events of its one call
}

// calls is an exchange that calls the customer for us and tells it by the API.
func calls(t *testing.T) *exchange {
	return &exchange{t: t, address: site + "/api/v1/interactions/events", direction: "outbound"}
}

// signature is what stands in the header Amanah-Signature over a body.
func signature(key, body string, at time.Time) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = io.WriteString(mac, seconds+"."+body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// sends posts a body with a signature, and returns the status and the code of the problem.
func (x *exchange) sends(body, signed string) (status int, code string) {
	x.t.Helper()
	r, err := http.NewRequestWithContext(x.t.Context(), http.MethodPost, x.address, strings.NewReader(body))
	if err != nil {
		x.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/cloudevents+json")
	if x.key == "" {
		r.Header.Set("Authorization", "Bearer "+clientKey)
	} else {
		r.Header.Set("Amanah-Signature", signed)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		x.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var problem struct{ Code string }
	_ = json.NewDecoder(answer.Body).Decode(&problem) // what was taken has no body
	return answer.StatusCode, problem.Code
}

// event is the next one of a call.
func (x *exchange) event(call, kind, queue string) string {
	x.said++
	data := map[string]string{}
	if queue != "" {
		data = map[string]string{"controller": company, "channel": "phone", "direction": x.direction, "queue": queue, "language": "id", "from": caller}
	}
	b, err := json.Marshal(map[string]any{"specversion": "1.0", "id": fmt.Sprintf("%s-%d", call, x.said), "source": "//pbx.nusantara.example", "type": kind, "subject": call, "sequence": strconv.FormatInt(x.said, 10), "data": data})
	if err != nil {
		x.t.Fatal(err)
	}
	return string(b)
}

// tells the desk what happened, so that it is taken.
func (x *exchange) tells(kind, queue string) (body, signed string) {
	x.t.Helper()
	body = x.event(x.t.Name(), kind, queue)
	signed = signature(x.key, body, time.Now())
	if status, code := x.sends(body, signed); status != http.StatusNoContent && status != http.StatusAccepted {
		x.t.Fatalf("%s: %d %s", kind, status, code)
	}
	return body, signed
}

// crm is another system of the company's, which is told of calls: it does not know the first event and takes the others.
type crm struct {
	*httptest.Server

	mu   sync.Mutex
	told []string
	how  []string // the signatures
}

func newCRM(t *testing.T) *crm {
	c := &crm{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.told, c.how = append(c.told, string(body)), append(c.how, r.Header.Get("Amanah-Signature"))
		if len(c.told) == 1 {
			w.WriteHeader(http.StatusGone)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(c.Close)
	return c
}

// takes the call of a queue.
func (p *person) takes(queue string) {
	p.t.Helper()
	p.waits("cannot take the call", `(() => { const b = [...document.querySelectorAll(".ring")].find((c) => c.innerText.includes(`+quoted(queue)+`))?.querySelector("button"); b?.click(); return b; })()`)
	p.isAt("/calls/")
}

func TestStoryTheExchangeRingsAndTheDeskFollows(t *testing.T) {
	another(t)
	needsBrowser(t)
	teguh, rina, hooked := somebody(t, "teguh", "id"), somebody(t, "rina", "id"), newCRM(t)
	teguh.signsIn("admin", indonesian)
	teguh.opens("/telephony")
	teguh.looks("telephony-empty")
	teguh.waits("cannot choose the hook's company", `(() => { const e = document.querySelector("select[id$=hook-controller]"), o = [...e.options].find((o) => o.textContent.includes("Niaga")); e.value = o.value; return o; })()`)
	teguh.fills("Alamat", hooked.URL)
	teguh.clicks("button", "Tambahkan")
	teguh.isAt("/telephony/hooks/")
	hookKey := teguh.text("main section code")
	teguh.opens("/telephony")
	teguh.chooses("Perusahaan", "Nusantara Niaga")
	teguh.clicks("button", "Buat jalur")
	teguh.isAt("/telephony/lines/")
	x := &exchange{t: t, key: teguh.text("main section code"), direction: "inbound"}
	teguh.asks(`location.href`, &x.address)

	rina.signsIn("agent", indonesian)
	rina.opens("/desk")
	forged := (&exchange{t: t, direction: "inbound"}).event("a call that is none", "contact.offered", "palsu")
	if status, code := x.sends(forged, signature("another key", forged, time.Now())); status != http.StatusUnauthorized || code != "telephony.signature" {
		t.Errorf("a forged event: %d %s", status, code)
	}
	if status, code := x.sends(forged, signature(x.key, forged, time.Now().Add(-time.Hour))); status != http.StatusUnauthorized || code != "telephony.stale" {
		t.Errorf("an old event: %d %s", status, code)
	}
	body, signed := x.tells("contact.offered", "keluhan")
	rina.sees("keluhan", "Nomor cocok dengan satu pelanggan") // by itself
	rina.seesNot("palsu", caller)
	if status, code := x.sends(body, signed); status != http.StatusConflict || code != "telephony.replayed" {
		t.Errorf("a replayed event: %d %s", status, code)
	}
	rina.takes("keluhan")
	x.tells("contact.connected", "")
	rina.identifies("1")
	rina.sees("Verifikasi penelepon")
	x.tells("contact.held", "")
	rina.sees("Ditahan")
	rina.looks("exchange-held")
	x.tells("contact.resumed", "")
	rina.waits("is still on hold", `!document.querySelector("#call").className.includes("held")`)
	x.tells("contact.ended", "")
	rina.sees("Penutupan", "Segel kontak")
	rina.once("Enter")
	rina.isAt("/desk")

	teguh.finds("/telephony", "Menyerah")
	teguh.sees("Kiriman yang sama persis sudah diterima", "Sistem itu tidak ada lagi")
	teguh.seesNot(caller)
	teguh.looks("telephony")
	teguh.clicks("button", "Kirim ulang")
	teguh.sees("Kabar dikirim ulang")
	teguh.finds("/telephony", "Semua kabar sudah sampai")
	hooked.mu.Lock()
	defer hooked.mu.Unlock()
	if len(hooked.told) < 5 {
		t.Errorf("told %d times", len(hooked.told))
	}
	for i, told := range hooked.told {
		at, err := strconv.ParseInt(strings.TrimPrefix(strings.Split(hooked.how[i], ",")[0], "t="), 10, 64)
		if err != nil || hooked.how[i] != signature(hookKey, told, time.Unix(at, 0)) {
			t.Errorf("%s is signed %q", told, hooked.how[i])
		}
		if strings.Contains(told, caller[3:]) {
			t.Errorf("the hook is told the number: %s", told)
		}
	}
	teguh.waits("finds no hook", `document.querySelector("td a[href^='/telephony/hooks/']")`)
	teguh.asks(`document.querySelector("td a[href^='/telephony/hooks/']").click()`, nil)
	teguh.isAt("/telephony/hooks/")
	teguh.clicks("button", "Hapus")
	teguh.sees("Sudah dihapus")
}
