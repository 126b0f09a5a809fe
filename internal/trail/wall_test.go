package trail

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

type unsealed struct{}

func (unsealed) SealDetail(*db.Tx, string) (func(string, []byte) ([]byte, error), error) {
	return func(_ string, plain []byte) ([]byte, error) { return plain, nil }, nil
}

type keeper struct{}

func (keeper) Seal(_ string, b []byte) ([]byte, error) { return b, nil }
func (keeper) Open(_ string, b []byte) ([]byte, error) { return b, nil }

// Two companies, one log: their readers find by search, by call, by index and by proof what
// was done for their own company and for none.
func TestAReaderFindsNothingOfACompanyHeDoesNotServe(t *testing.T) {
	d := dbtest.Open(t, audit.Schema(), web.Schema())
	log := audit.New(d, audit.Options{Deployment: "dep.example", Actor: actor.NewDuty("log"), SignEvery: -1})
	if err := log.Start(t.Context(), unsealed{}, audit.KeySigner{Key: ed25519.NewKeyFromSeed(make([]byte, 32))}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close(context.Background()) })
	type company struct {
		controller, subject, call string
		entry, message            uint64 // the latter names no company
	}
	var a, z company
	whose := map[string]string{}
	for c, name := range map[*company]string{&a: "ctl_a", &z: "ctl_z"} {
		*c = company{controller: name, subject: id.New(id.Subject), call: id.New(id.Interaction)}
		whose[c.subject] = name
		var entry, message *audit.Pending
		err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
			e := audit.Entry{Action: "reveal", Decision: audit.Allowed, Actor: actor.NewDuty("test"), Controller: name, Interaction: c.call, Subject: c.subject, Fields: []string{"name"}}
			if entry, err = log.Append(tx, e); err != nil {
				return err
			}
			e.Action, e.Controller = "message.queue", ""
			message, err = log.Append(tx, e)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		c.entry, _ = entry.Index()
		c.message, _ = message.Index()
	}
	room := New(Options{DB: d, Log: log, Catalogue: catalog.Shipped(),
		Owner: func(_ *db.Tx, s string) (string, bool, error) { c, ok := whose[s]; return c, ok, nil },
		Name:  func(*db.Tx, string) (string, error) { return "", nil }, Staff: func(context.Context) ([]identity.Staff, error) { return nil, nil },
		Company: func(*db.Tx, string) (string, error) { return "", errs.New(errs.NotFound, "purpose.controller_unknown") }})
	w := webtest.New(t, func(o *web.Options) {
		o.DB, o.Sealer = d, keeper{}
		o.MAC = func(string, []byte) []byte { return make([]byte, 16) }
	}, room.Module())
	for name, serves := range map[string][]string{"a": {"ctl_a"}, "z": {"ctl_z"}, "both": {"ctl_a", "ctl_z"}, "none": nil} {
		w.Actor(name, actor.NewStaff("stf_"+name, actor.DPO, "ses_"+name, serves, w.Now))
	}
	get := func(as, path string) (int, string) {
		got := w.Do(as, "GET", path, "")
		return got.Code, got.Body.String()
	}
	for as, sees := range map[string][]company{"a": {a}, "z": {z}, "both": {a, z}, "none": nil} {
		for _, c := range []company{a, z} {
			own := slices.Contains(sees, c)
			for path, mark := range map[string]string{
				"/log?action=reveal": c.call, "/api/v1/log/entries": c.subject, "/api/v1/log/entries?interaction=" + c.call: c.subject,
				"/log?interaction=" + c.call: fmt.Sprintf("index=%d&amp;", c.entry), // the page repeats the call that was asked for
			} {
				if code, body := get(as, path); code != 200 || strings.Contains(body, mark) != own {
					t.Errorf("%s reads %s: %d\n%s", as, path, code, body)
				}
			}
			want := 404
			if own {
				want = 200
			}
			for _, index := range []uint64{c.entry, c.message} {
				at := fmt.Sprintf("?index=%d&origin=%s", index, url.QueryEscape(log.Origin()))
				for _, path := range []string{"/log/entry" + at, "/log/proof" + at, fmt.Sprintf("/api/v1/log/entries/%d?origin=%s", index, url.QueryEscape(log.Origin()))} {
					if code, body := get(as, path); code != want || !own && (strings.Contains(body, c.subject) || strings.Contains(body, c.call)) {
						t.Errorf("%s reads %s of %s: %d, want %d\n%s", as, path, c.controller, code, want, body)
					}
				}
			}
			for _, path := range []string{"/subjects/" + c.subject + "/trail", "/log?subject=" + c.subject, "/api/v1/log/entries?subject=" + c.subject} {
				if code, body := get(as, path); code != want {
					t.Errorf("%s reads %s of %s: %d, want %d\n%s", as, path, c.controller, code, want, body)
				}
			}
		}
	}
}
