package vault

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

type staffSealer struct{ keys *keyring.Keyring }

func (s staffSealer) ref(row string) keyring.Ref {
	return keyring.Ref{Table: "idempotency_answer", Column: "answer_sealed", Row: row}
}

func (s staffSealer) Seal(row string, plain []byte) ([]byte, error) {
	return s.keys.SealStaff(s.ref(row), plain), nil
}

func (s staffSealer) Open(row string, sealed []byte) ([]byte, error) {
	return s.keys.OpenStaff(s.ref(row), sealed)
}

func TestTheAPICreatesAndChangesCustomersAndNeverEchoesAValue(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, append(schemas(), web.Schema())...))
	d := webtest.New(t, func(o *web.Options) { o.DB, o.MAC, o.Sealer = h.db, h.keys.MAC, staffSealer{h.keys} }, h.vault.Module())
	d.Actor("client", h.client)
	d.Actor("foreign", actor.NewClient("cli_00000000000000000000000009", []string{Scope}, []string{h.other}))
	d.Actor("reader", actor.NewClient("cli_00000000000000000000000008", []string{"events:write"}, []string{h.ctl}))
	d.Staff("agent", actor.Agent)

	do := func(as, method, path string, body map[string]any) *httptest.ResponseRecorder {
		t.Helper()
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return d.Do(as, method, "/api/v1"+path, string(text), "Content-Type", "application/json")
	}
	body := func(pairs ...string) map[string]any {
		var list []map[string]any
		for _, in := range values(pairs...) {
			list = append(list, map[string]any{"field": in.Field, "value": in.Value, "registered_at": "2024-05-01T00:00:00Z"})
		}
		return map[string]any{"controller": h.ctl, "purpose": h.pur, "values": list}
	}
	w := do("client", "POST", "/customers", body(canary()...))
	if w.Code != 201 {
		t.Fatal(w.Code, w.Body)
	}
	var made customerBody
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || made.Version != 1 || len(made.Fields) != 6 {
		t.Fatal(w.Body, err)
	}
	change := func(pairs ...string) map[string]any {
		b := body(pairs...)
		delete(b, "controller")
		b["version"] = 1
		return b
	}
	for name, c := range map[string]struct {
		as, method, path string
		body             map[string]any
		status           int
		code             string
	}{
		"the same customer again":        {"client", "POST", "/customers", body(canary()...), 409, "vault.taken"},
		"a phone number that is none":    {"client", "POST", "/customers", body("phone", canaryName), 422, "catalog.phone"},
		"a field nobody declared":        {"client", "POST", "/customers", body("shoe_size", canaryName), 422, "vault.unknown_field"},
		"a field outside the purpose":    {"client", "POST", "/customers", body("policy_number", canaryNumber), 403, "vault.field_not_in_purpose"},
		"a client without the scope":     {"reader", "POST", "/customers", body(canary()...), 403, ""},
		"an agent":                       {"agent", "POST", "/customers", body(canary()...), 403, ""},
		"another controller's client":    {"foreign", "POST", "/customers", body("name", canaryName), 404, "vault.not_found"},
		"another controller's change":    {"foreign", "PATCH", "/customers/" + made.Customer, change("name", canaryName), 404, "vault.not_found"},
		"a customer that does not exist": {"client", "PATCH", "/customers/sub_00000000000000000000000000", change("name", canaryName), 404, "vault.not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			w := do(c.as, c.method, c.path, c.body)
			if w.Code != c.status && (w.Code < 400 || c.status != 422 || w.Code != 400) {
				t.Errorf("status %d, want %d: %s", w.Code, c.status, w.Body)
			}
			if !strings.Contains(w.Body.String(), c.code) {
				t.Errorf("%s does not say %s", w.Body, c.code)
			}
			for _, word := range []string{"Kenarisari", "7777-4321", "81277774321", canaryEmail, "KNR-900017"} {
				if strings.Contains(w.Body.String(), word) {
					t.Errorf("%q is echoed: %s", word, w.Body)
				}
			}
		})
	}
	w = do("client", "PATCH", "/customers/"+made.Customer, change("phone", "081300009999"))
	var changed customerBody
	if err := json.Unmarshal(w.Body.Bytes(), &changed); err != nil || w.Code != 200 || changed.Version != 2 {
		t.Fatal(w.Code, w.Body)
	}
	if w = do("client", "PATCH", "/customers/"+made.Customer, change("phone", "081300009999")); w.Code != 409 {
		t.Error("a stale version is taken", w.Code, w.Body)
	}
	for _, word := range []string{"Kenarisari", "81277774321", canaryEmail} {
		if strings.Contains(d.Log.String(), word) {
			t.Errorf("%q is in the log", word)
		}
	}

	// a repeated request is answered with the first answer
	again := func() *httptest.ResponseRecorder {
		text, _ := json.Marshal(body("customer_number", "IDEM-1"))
		return d.Do("client", "POST", "/api/v1/customers", string(text), "Content-Type", "application/json", "Idempotency-Key", "key-0001")
	}
	first, second := again(), again()
	if first.Code != 201 || second.Code != 201 || first.Body.String() != second.Body.String() {
		t.Errorf("%d %s, then %d %s", first.Code, first.Body, second.Code, second.Body)
	}
}
