package apitest

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/app/leak"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// canaries are the personal values of the day, by what they are. Nobody has them: the NIK is of a district that does not
// exist, the numbers of a block that no operator uses.
var canaries = map[string][]string{
	"NIK":               {"3273995704880004", "3273 9957 0488 0004"},
	"phone":             {"+6289983746152", "0899-8374-6152", "0899 8374 6152", "6289983746152", "089983746152", "89983746152"},
	"e-mail":            {"kenariwati.p@rahasia-contoh.example", "kenariwati.p"},
	"name":              {"Kenariwati Puspitasarini", "Kenariwati", "Puspitasarini"},
	"address":           {"Jalan Flamboyan Ungu No. 83, Kelurahan Wirogunandani", "Flamboyan Ungu", "Wirogunandani"},
	"mother's name":     {"Sulastriningsihwati"},
	"account":           {"7712349876501"},
	"birth date":        {"1987-03-29", "29 Maret 1987", "29-03-1987", "29/03/1987"},
	"customer number":   {"CN83920174"},
	"note":              {"cicilan bufet kenari hijau zaitun"},
	"searched number":   {"0899-1122-3344", "+6289911223344", "089911223344"},
	"searched name":     {"Tukijowagimin Sastrokenaryo", "Tukijowagimin"},
	"compared":          {"Kebayoranlama Keliru 7741"},
	"compared date":     {"1977-06-21", "21 Juni 1977"},
	"answered":          {"transfer 8841230"},
	"reason of reveal":  {"karena beliau sepupu tetangga"},
	"case reference":    {"KASUS-KENARI-83920"},
	"malformed":         {"nilai.salah.kenarimerah@contoh.example"},
	"changed address":   {"Gang Cempakawangi 12, Desa Sumbermakmurjaya", "Sumbermakmurjaya"},
	"login":             {"masuk-kasir-kenari"},
	"name of staff":     {"Rina Wulandari", "Wulandari"},
	"password of staff": {password},
}

// found names the canaries in a text, each with the form in which it was found.
func found(list *leak.Finder, text []byte) (out []string) {
	for _, hit := range list.In(text) {
		out = append(out, hit.Name+" ("+hit.Form+")")
	}
	return out
}

// dump reads every column of every table of a store, each row as its bytes.
func (w *world) dump(each func(table, column string, value []byte)) {
	w.t.Helper()
	tables, columns, value := `select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`,
		`select name from pragma_table_info('%s')`, `select hex(cast(%s as blob)) from %s where %s is not null`
	if w.DB.Dialect() == db.Postgres {
		tables = `select table_name from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE'`
		columns = `select column_name from information_schema.columns where table_schema = current_schema() and table_name = '%s'`
		value = `select encode(convert_to(%[1]s::text, 'UTF8'), 'hex') from %[2]s where %[3]s is not null`
	}
	strings1 := func(h *db.Handle, sql string) (out []string, err error) {
		err = h.Rows(sql, nil, func(r db.Row) error {
			var s string
			err := r.Scan(&s)
			out = append(out, s)
			return err
		})
		return out, err
	}
	w.must(w.DB.Read(context.Background(), func(tx *db.Tx) error {
		for store, h := range map[string]*db.Handle{"data": tx.Data, "keys": tx.Keys, "index": tx.Index} {
			names, err := strings1(h, tables)
			if err != nil {
				return err
			}
			if len(names) == 0 {
				return fmt.Errorf("no tables in %s", store)
			}
			for _, table := range names {
				cols, err := strings1(h, fmt.Sprintf(columns, table))
				if err != nil {
					return err
				}
				for _, c := range cols {
					values, err := strings1(h, fmt.Sprintf(value, `"`+c+`"`, `"`+table+`"`, `"`+c+`"`))
					if err != nil {
						return err
					}
					for _, v := range values {
						raw, err := hex.DecodeString(v)
						if err != nil {
							return err
						}
						// PostgreSQL writes bytea as \x and hex.
						if text, ok := bytes.CutPrefix(raw, []byte(`\x`)); ok {
							if inner, err := hex.DecodeString(string(text)); err == nil {
								raw = inner
							}
						}
						each(store+"."+table, c, raw)
					}
				}
			}
		}
		return nil
	}))
}

// TestNoPersonalValueIsFoundWhereItMustNotBe lets known values go through a day of work, refusals and errors included, and
// then looks for them everywhere.
func TestNoPersonalValueIsFoundWhereItMustNotBe(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		list := leak.New(canaries)
		answers, shown := 0, 0
		w.heard = func(x exchange) {
			answers++
			hits := found(list, []byte(x.text))
			if len(hits) == 0 {
				return
			}
			// A value may be answered in two places only: a reveal that was allowed, and the demonstration's inbox, which is
			// the customer's own telephone. Staff see their own names and those of colleagues.
			reveal := strings.HasSuffix(x.path, "/reveal") && x.status == 200
			inbox := x.path == "/demo/inbox"
			for _, hit := range hits {
				staff := strings.HasPrefix(hit, "name of staff") && x.status < 300 && !strings.HasPrefix(x.path, "/api/") && !strings.HasPrefix(x.path, "/v/")
				staff = staff || strings.HasPrefix(hit, "login") && x.path == "/staff"
				console := strings.HasPrefix(hit, "name of staff") && !strings.HasPrefix(x.path, "/api/") && !strings.HasPrefix(x.path, "/v/") // the head of every page
				if !reveal && !inbox && !staff && !console {
					t.Errorf("%s %s answers %d with the %s", x.method, x.path, x.status, hit)
				}
			}
			if reveal {
				shown++
			}
		}
		day(t, w)
		if answers < 100 || shown < 2 {
			t.Errorf("%d answers, %d of them with values: the day was too short to prove anything", answers, shown)
		}
		t.Logf("%d answers, %d forms of %d values", answers, list.Forms(), len(canaries))

		// What the server says about itself. Metrics are read by the machine itself only.
		metrics, err := w.server.Client().Get(w.server.URL + "/metrics")
		w.must(err)
		text, err := io.ReadAll(metrics.Body)
		w.must(err)
		_ = metrics.Body.Close()
		if !bytes.Contains(text, []byte("amanah_http_requests_total")) {
			t.Errorf("no metrics: %d", metrics.StatusCode)
		}
		for what, text := range map[string][]byte{"the log of the server": []byte(w.log.String()), "the metrics": text} {
			for _, hit := range found(list, text) {
				t.Errorf("%s holds the %s", what, hit)
			}
		}
		if !strings.Contains(w.log.String(), "web.malformed") {
			t.Error("the day had no refusals in the log")
		}

		// Rows: sealed values, entries and their side rows, jobs, messages, kept answers, indexes.
		rows, tables := 0, map[string]bool{}
		w.dump(func(table, column string, value []byte) {
			rows++
			tables[table] = true
			for _, hit := range found(list, value) {
				t.Errorf("%s.%s holds the %s", table, column, hit)
			}
		})
		for _, table := range []string{"data.audit_entry", "data.vault_value", "data.message_outbox", "index.vault_unique", "data.jobs_job", "data.idempotency_answer"} {
			if !tables[table] {
				t.Errorf("%s has no rows or is called otherwise by now", table)
			}
		}
		if rows < 500 {
			t.Errorf("%d values in %d tables", rows, len(tables))
		}
		w.verified()

		// Files, while they are open (with their write-ahead logs) and after they were closed.
		w.files(t, list, "open", false)
		w.close()
		w.files(t, list, "closed", false)
		t.Logf("%d values in %d tables", rows, len(tables))
	})
}

// files searches every file on the disk. planted says that something is to be found.
func (w *world) files(t *testing.T, list *leak.Finder, when string, planted bool) {
	t.Helper()
	files, size, hits := 0, 0, 0
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.Contains(path, "canary") || strings.Contains(path, "kenari") {
			t.Error("a name of a file:", path)
		}
		text, err := os.ReadFile(path) //nolint:gosec // the test's own folder
		if err != nil {
			return err
		}
		files++
		size += len(text)
		for _, hit := range found(list, text) {
			if hits++; !planted {
				t.Errorf("%s (%s) holds the %s", filepath.Base(path), when, hit)
			}
		}
		return nil
	})
	w.must(err)
	if files == 0 || size == 0 || planted && hits == 0 {
		t.Errorf("%d files, %d bytes were read and %d values found", files, size, hits)
	}
	t.Logf("%d files, %d bytes, %s", files, size, when)
}

// day is a day of work with the canaries: a customer comes, changes, is looked for rightly and wrongly, calls, is
// verified, served and noted; others try what they must not; then everything is closed.
func day(t *testing.T, w *world) {
	t.Helper()
	ctx := t.Context()
	importer, key := w.machine("CRM", []string{w.toko}, "import")
	pbx, _ := w.machine("PBX", []string{w.toko}, "events", "interactions")
	agent := w.signIn(w.hire("kasir-kenari", actor.Agent))
	other := w.agent("colleague")
	dpo, auditor, admin := w.signIn(w.hire("dpo", actor.DPO)), w.signIn(w.hire("auditor", actor.Auditor)), w.signIn(w.hire("admin", actor.Admin))
	w.sleep(31 * time.Second)
	for _, p := range []*person{agent, other, dpo, auditor, admin} {
		w.browse(p)
	}
	value := func(what string) string { return canaries[what][0] }
	since := w.now().AddDate(0, -6, 0).UTC().Truncate(time.Second)
	create := client.NewCustomer{Controller: w.toko, Purpose: w.purpose("registration"), IdempotencyKey: "kenari", Values: []client.NewValue{
		{Field: "customer_number", Value: value("customer number")}, {Field: "name", Value: value("name")}, {Field: "nik", Value: value("NIK")},
		{Field: "phone", Value: canaries["phone"][1], RegisteredAt: &since}, {Field: "email", Value: value("e-mail"), RegisteredAt: &since},
		{Field: "address", Value: value("address")}, {Field: "birth_date", Value: value("birth date")},
		{Field: "mother_maiden_name", Value: value("mother's name")}, {Field: "account_number", Value: value("account")},
	}}
	made, err := importer.CreateCustomer(ctx, create)
	w.must(err)
	if again, err := importer.CreateCustomer(ctx, create); err != nil || again.Customer != made.Customer {
		t.Error("repeated:", err)
	}
	second := create
	second.IdempotencyKey = ""
	_, err = importer.CreateCustomer(ctx, second) // the number is taken
	refused(t, err, 409, "vault.taken")
	for _, field := range []string{"nik", "phone", "email", "birth_date", "name", "nothing_of_the_kind"} {
		broken := second
		broken.Values = []client.NewValue{{Field: field, Value: value("malformed")}, {Field: field, Value: value("NIK") + value("phone")}}
		if _, err := importer.CreateCustomer(ctx, broken); err == nil {
			t.Errorf("a broken %s was taken", field)
		}
	}
	_, err = importer.ChangeCustomer(ctx, made.Customer, client.Change{Purpose: w.purpose("registration"), Values: []client.NewValue{{Field: "address", Value: value("changed address")}}})
	w.must(err)
	w.must(w.Names(ctx))

	// Personal values where no honest program puts them.
	for _, values := range canaries {
		for _, v := range values {
			for _, r := range []response{
				w.send("POST", "/api/v1/customers", `{"`+v+`":"`+v+`"`, "Authorization", "Bearer "+key, "Content-Type", "application/json"),
				w.send("POST", "/api/v1/customers", `{"`+v+`":"`+v+`"}`, "Authorization", "Bearer "+key, "Content-Type", "application/json", "Idempotency-Key", url.QueryEscape(v)),
				w.send("GET", "/api/v1/interactions/"+url.PathEscape(v), "", "Authorization", "Bearer "+agent.token),
				w.send("GET", "/api/v1/log/entries?subject="+url.QueryEscape(v)+"&"+url.QueryEscape(v)+"=1", "", "Authorization", "Bearer "+auditor.token),
				w.send("GET", "/calls/"+url.PathEscape(v)+"?q="+url.QueryEscape(v), "", "Accept", "text/html"),
				w.send("GET", "/"+url.PathEscape(v), "", "Authorization", "Bearer "+url.QueryEscape(v), "User-Agent", url.QueryEscape(v)),
				w.send("POST", "/sign-in", url.Values{"login": {v}, "password": {v}}.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html"),
			} {
				if r.status >= 500 {
					t.Errorf("%d\n%.300s", r.status, r.body)
				}
			}
			w.sleep(500 * time.Millisecond)
		}
	}

	// The call.
	rung, err := pbx.ReportEvent(ctx, client.Event{ID: "sip:" + value("phone"), Source: "pbx/" + value("phone"), Type: "contact.offered", Contact: canaries["phone"][2], Sequence: 1,
		Data: client.EventData{Controller: w.toko, Channel: "phone", Direction: "inbound", Queue: "layanan", From: canaries["phone"][1], Case: value("case reference")}})
	w.must(err)
	itx := rung.Interaction
	w.must(agent.Accept(ctx, itx))
	w.must(agent.Heartbeat(ctx, itx))
	w.must(agent.ChoosePurpose(ctx, itx, w.purpose("order_status"), "id"))
	for by, said := range map[string]string{"phone": value("searched number"), "name": value("searched name"), "email": value("malformed"), "nik": value("NIK") + "1", "case_reference": value("case reference")} {
		_, _ = agent.Search(ctx, itx, by, said) // finds nobody, or is refused
	}
	hits, err := agent.Search(ctx, itx, "phone", canaries["phone"][2])
	w.must(err)
	if len(hits.Hits) != 1 {
		t.Fatalf("%d hits", len(hits.Hits))
	}
	w.must(agent.Identify(ctx, itx, hits.Hits[0].Subject))
	ask := client.Reveal{Fields: []string{"name", "address", "phone"}, Reason: value("reason of reveal")}
	_, err = agent.Reveal(ctx, itx, ask)
	refused(t, err, 403, "")
	one, err := agent.SendLink(ctx, itx, "")
	w.must(err)
	w.confirm(w.link(), one.Number)
	if r, err := agent.Reveal(ctx, itx, ask); err != nil || len(r.Values) == 0 {
		t.Errorf("%+v %v", r, err)
	}
	_, err = other.Reveal(ctx, itx, ask)
	if err == nil {
		t.Error("a colleague saw it")
	}
	w.must(agent.Heartbeat(ctx, itx))
	for field, said := range map[string]string{"birth_date": value("compared date"), "email": value("compared")} {
		_, _ = agent.Compare(ctx, itx, field, said)
	}
	if m, err := agent.Compare(ctx, itx, "birth_date", canaries["birth date"][1]); err != nil || !m.Match {
		t.Errorf("%+v %v", m, err)
	}
	_, _ = agent.Answer(ctx, itx, "last_payment", value("answered"))
	_, err = agent.Resend(ctx, itx, "email", "")
	w.must(err)
	w.must(w.Work(ctx))
	_, err = agent.Note(ctx, itx, value("note")+" "+value("name")+" "+value("NIK"))
	w.must(err)
	if _, err := agent.Customer(ctx, itx); err != nil {
		t.Error(err)
	}

	// The same on the screen.
	w.must(agent.Heartbeat(ctx, itx))
	b := w.console(agent)
	for _, step := range []struct {
		target string
		form   url.Values
	}{
		{"/desk", nil}, {"/calls/" + itx, nil},
		{"/calls/" + itx + "/reveal", url.Values{"field": {"name"}, "reason": {value("reason of reveal")}}},
		{"/calls/" + itx + "/compare", url.Values{"field": {"phone"}, "said": {value("searched number")}}},
		{"/calls/" + itx + "/search", url.Values{"by": {"name"}, "value": {value("searched name")}}},
		{"/calls/" + itx + "/notes", url.Values{"text": {value("note")}}},
		{"/calls/" + itx + "/notes", url.Values{"text": {value("note") + "\x00"}, value("NIK"): {value("NIK")}}},
		{"/calls/" + itx, nil}, {"/demo/inbox", nil},
	} {
		method := "GET"
		if step.form != nil {
			method = "POST"
		}
		if r := b.do(method, step.target, step.form); r.status >= 500 {
			t.Errorf("%s: %d\n%.400s", step.target, r.status, r.body)
		}
	}
	w.must(agent.Move(ctx, itx, client.MoveDisconnect))
	w.must(agent.Seal(ctx, itx, "resolved"))
	_, err = agent.Reveal(ctx, itx, ask)
	refused(t, err, 403, "")

	// Those who look after it.
	for p, pages := range map[*person][]string{
		dpo:     {"/log", "/log?interaction=" + itx, "/subjects/" + made.Customer + "/trail", "/purposes", "/outbox", "/staff", "/approvals"},
		auditor: {"/log?subject=" + made.Customer, "/log/health", "/subjects/" + made.Customer + "/trail"},
		admin:   {"/staff", "/clients", "/outbox", "/log/health"},
	} {
		for _, page := range pages {
			if r := w.console(p).do("GET", page, nil); r.status != 200 {
				t.Errorf("%s by %s: %d", page, p.login, r.status)
			}
		}
	}
	for _, err := range auditor.Entries(ctx, client.EntryQuery{Subject: made.Customer}) {
		w.must(err)
	}
	if _, err := dpo.CustomerConsents(ctx, made.Customer); err != nil {
		t.Error(err)
	}
	w.must(w.Work(ctx))
	for _, p := range []*person{agent, other, dpo, auditor, admin} {
		w.must(p.SignOut(ctx))
	}
}

// TestAPlantedValueIsFound shows that the search of the test above can find something.
func TestAPlantedValueIsFound(t *testing.T) {
	w := open(t, "")
	list := leak.New(canaries)
	importer, _ := w.machine("CRM", []string{w.toko}, "import")
	w.customer(importer, w.toko, 1)
	w.must(w.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Data.Exec(`update vault_subject set source = $1`, "client:"+canaries["NIK"][0])
		return err
	}))
	caught := ""
	w.dump(func(table, column string, value []byte) {
		if len(found(list, value)) > 0 {
			caught = table + "." + column
		}
	})
	if caught != "data.vault_subject.source" {
		t.Errorf("found in %q", caught)
	}
	w.files(t, list, "open", true)
}
