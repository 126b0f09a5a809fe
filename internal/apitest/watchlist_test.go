package apitest

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/trust/actor"
)

// listed puts a customer on a list through the API, with both decisions, and returns the entry.
func (w *world) listed(keeper *person, list, kind, person string) (entry string) {
	w.t.Helper()
	body := `{"list":"` + list + `","kind":"` + kind + `","controller":"` + w.toko + `","persons":["` + person + `"],"reason":"diawasi","review":"` + w.DB.Now().AddDate(0, 3, 0).Format(time.DateOnly) + `"}`
	r := w.send(http.MethodPost, "/api/v1/watchlist", body, "Authorization", "Bearer "+keeper.token, "Content-Type", "application/json")
	var out struct{ ID string }
	w.must(json.Unmarshal([]byte(r.body), &out))
	if r.status != http.StatusCreated || strings.Contains(r.body, person) {
		w.t.Fatalf("%d %s", r.status, r.body)
	}
	w.decided(w.signIn(w.hire("analyst-"+list+"-"+kind, actor.Security)))
	return out.ID
}

// decided lets somebody approve the one request that waits for him.
func (w *world) decided(by *person) {
	w.t.Helper()
	r := w.send(http.MethodGet, "/api/v1/approvals", "", "Authorization", "Bearer "+by.token)
	var out struct{ Waiting []struct{ ID string } }
	w.must(json.Unmarshal([]byte(r.body), &out))
	if len(out.Waiting) != 1 {
		w.t.Fatalf("%d requests wait: %s", len(out.Waiting), r.body)
	}
	r = w.send(http.MethodPost, "/api/v1/approvals/"+out.Waiting[0].ID+"/approve", `{"reason":"sudah diperiksa"}`, "Authorization", "Bearer "+by.token, "Content-Type", "application/json")
	if r.status != http.StatusOK {
		w.t.Fatalf("%d %s", r.status, r.body)
	}
}

// watched is an entry in force, and an alert that its person was touched: by the agent, in the call that he serves.
func (w *world) watched(agent, keeper *person) (entry, alert string) {
	w.t.Helper()
	entry = w.listed(keeper, "canary", "phone", phone(1))
	r := w.send(http.MethodGet, "/api/v1/alerts", "", "Authorization", "Bearer "+keeper.token)
	if strings.Contains(r.body, "alr_") {
		w.t.Fatal("an alert before anybody touched the canary")
	}
	w.serving(agent, 1)
	r = w.send(http.MethodGet, "/api/v1/alerts", "", "Authorization", "Bearer "+keeper.token)
	var out struct {
		Items []struct{ ID, Kind, Staff string }
	}
	w.must(json.Unmarshal([]byte(r.body), &out))
	if len(out.Items) != 1 || out.Items[0].Kind != "canary" || out.Items[0].Staff != agent.id {
		w.t.Fatalf("alerts: %s", r.body)
	}
	return entry, out.Items[0].ID
}
