package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// Fictional, and recognisable in a raw file.
const (
	canaryName   = "Zubaidah Kenarisari"
	canaryPhone  = "0812-7777-4321"
	canaryNIK    = "3171234567890001"
	canaryEmail  = "zubaidah.kenarisari@contoh.example"
	canaryNumber = "KNR-900017"
)

func canary() []string {
	return []string{"name", canaryName, "customer_number", canaryNumber, "phone", canaryPhone, "nik", nik(1), "email", canaryEmail, "birth_date", "1980-02-29"}
}

// nik makes a well-formed number of nobody: born 29 Feb 1980.
func nik(n int) string {
	return "317101" + "290280" + string([]byte{'0' + byte(n/1000%10), '0' + byte(n/100%10), '0' + byte(n/10%10), '0' + byte(n%10)})
}

func TestACustomerIsFoundByEachIdentifierAndByNobodyElses(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one := h.create(canary()...)
		two := h.create("name", "Bagus Wirayuda", "customer_number", "KNR-2", "phone", canaryPhone, "nik", nik(2))
		for _, c := range []struct {
			field, value string
			want         []string
		}{
			{"customer_number", "knr-900017", []string{one}},
			{"nik", nik(1), []string{one}},
			{"nik", nik(3), nil},
			{"email", "Zubaidah.Kenarisari@Contoh.example", []string{one}},
			{"phone", "+62 812 7777 4321", []string{one, two}},
			{"phone", "0812-7777-4322", nil},
		} {
			got := h.find(c.field, c.value)
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("%s %q: %v, want %v", c.field, c.value, got, c.want)
			}
		}
		h.read(func(tx *db.Tx) error {
			hits, err := h.vault.Find(tx, h.other, Query{Field: "phone", Value: canaryPhone}, 5)
			if err != nil || len(hits.List) != 0 {
				t.Errorf("another controller finds %v, %v", hits, err)
			}
			hits, err = h.vault.Find(tx, h.ctl, Query{Field: "phone", Value: canaryPhone}, 1)
			if err != nil || len(hits.List) != 1 || !hits.More {
				t.Errorf("with room for one hit: %v, %v", hits, err)
			}
			for field, want := range map[string]string{"kk": "vault.not_searchable", "nobody_declared": "vault.not_searchable", "birth_date": "vault.not_searchable", "name": "vault.names_warming"} {
				value := "1990-01-01"
				if _, err := h.vault.Find(tx, h.ctl, Query{Field: field, Value: value + " Adi"}, 1); code(err) != want && field != "birth_date" {
					t.Errorf("%s: %v, want %s", field, err, want)
				}
			}
			if _, err := h.vault.Find(tx, h.ctl, Query{Field: "birth_date", Value: "1990-01-01"}, 1); code(err) != "vault.not_searchable" {
				t.Error(err)
			}
			if _, err := h.vault.Find(tx, h.ctl, Query{Field: "nik", Value: nik(1), BirthDate: "1990-01-01"}, 1); code(err) != "vault.not_searchable" {
				t.Error(err)
			}
			if _, err := h.vault.Find(tx, h.ctl, Query{Field: "nik", Value: "12"}, 1); errs.KindOf(err) != errs.Invalid {
				t.Error(err)
			}
			return nil
		})
	})
}

func TestACaseReferenceIsFoundInCallsAndInCustomers(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, schemas()...))
	one := h.create("customer_number", "A-1", "case_reference", "TIKET-77")
	two := h.create("customer_number", "A-2")
	gone := id.New(id.Subject)
	h.vault.UseCases(func(_ *db.Tx, controller, reference string) ([]string, error) {
		if controller == h.ctl && reference == "TIKET-77" {
			return []string{one, two, gone}, nil
		}
		return nil, errs.New(errs.Unavailable, "test.broken")
	})
	if got := h.find("case_reference", "tiket-77"); !slices.Equal(got, []string{one, two}) {
		t.Errorf("found %v", got)
	}
	h.read(func(tx *db.Tx) error {
		if _, err := h.vault.Find(tx, h.ctl, Query{Field: "case_reference", Value: "TIKET-78"}, 5); code(err) != "test.broken" {
			t.Error(err)
		}
		return nil
	})
}

func TestValuesAreStoredNormalisedAndEachWithItsOwnRow(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		out, err := h.vault.Create(context.Background(), h.client, NewCustomer{Controller: h.ctl, Purpose: h.pur, Source: "cli_x", Values: []Input{
			{Field: "phone", Value: canaryPhone, RegisteredAt: day("2024-05-01")},
			{Field: "phone", Value: "0813 0000 1111", VerifiedAt: day("2025-01-01")},
			{Field: "phone", Value: "+6281277774321"}, // the first one again
			{Field: "email", Value: canaryEmail, RegisteredAt: day("2020-05-01")},
			{Field: "address", Value: "Jl. Kenari 5,  Bandung", RegisteredAt: day("2021-01-01")},
			{Field: "customer_number", Value: "x-1", RegisteredAt: day("2019-01-01")}, // no contact: ignored
		}})
		if err != nil || out.Refusal != nil || out.Version != 1 {
			t.Fatal(out, err)
		}
		want := map[string]string{"phone/0": "+6281277774321", "phone/1": "+6281300001111", "email/0": canaryEmail, "address/0": "Jl. Kenari 5, Bandung", "customer_number/0": "X-1"}
		got := h.values(out.Subject)
		if len(got) != len(want) {
			t.Errorf("stored %v", got)
		}
		for k, v := range want {
			if got[k] != v {
				t.Errorf("%s is %q, want %q", k, got[k], v)
			}
		}
		h.read(func(tx *db.Tx) error {
			contacts, err := h.vault.Contacts(tx, out.Subject, catalog.Phone, catalog.Email)
			if err != nil {
				return err
			}
			var order []string
			for _, c := range contacts {
				order = append(order, c.Field+c.RegisteredAt.Format("2006"))
			}
			if !slices.Equal(order, []string{"email2020", "phone2024", "phone0001"}) {
				t.Errorf("contacts in the order %v", order)
			}
			if all, err := h.vault.Contacts(tx, out.Subject); err != nil || len(all) != 4 {
				t.Errorf("%d contacts of every kind, %v", len(all), err)
			}
			last := contacts[2]
			if !last.VerifiedAt.Equal(day("2025-01-01")) || last.Source != "cli_x" || !id.Is(id.Value, last.ID) {
				t.Errorf("read %+v", last)
			}
			one, err := h.vault.Value(tx, out.Subject, last.ID)
			if err != nil || one.Field != "phone" {
				t.Error(one, err)
			}
			if _, err := h.vault.Value(tx, out.Subject, id.New(id.Value)); code(err) != "vault.not_found" {
				t.Error(err)
			}
			s, err := h.vault.Subject(tx, out.Subject)
			if err != nil || s.Controller != h.ctl || s.Version != 1 || s.Source != "cli_x" || s.CreatedAt.IsZero() {
				t.Error(s, err)
			}
			return nil
		})
		var value string
		h.read(func(tx *db.Tx) error {
			c, err := h.vault.Contacts(tx, out.Subject, catalog.Email)
			value = c[0].ID
			return err
		})
		if err := h.write(func(tx *db.Tx) error {
			for since, want := range map[string]bool{"2019-12-31": false, "2022-02-02": true} {
				if changed, err := h.vault.Register(tx, out.Subject, value, day(since)); err != nil || changed != want {
					t.Errorf("registered since %s: changed %v, %v", since, changed, err)
				}
			}
			return h.vault.Verified(tx, out.Subject, value)
		}); err != nil {
			t.Fatal(err)
		}
		h.read(func(tx *db.Tx) error {
			c, err := h.vault.Value(tx, out.Subject, value)
			if c.VerifiedAt.IsZero() || !c.RegisteredAt.Equal(day("2022-02-02")) {
				t.Errorf("after a verification: %+v", c)
			}
			return err
		})
		if err := h.write(func(tx *db.Tx) error { return h.vault.Verified(tx, out.Subject, "val_none") }); code(err) != "vault.not_found" {
			t.Error(err)
		}
	})
}

func TestAnUpdateReplacesTheFieldsItNamesAndNoOther(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		subject := h.create(canary()...)
		out, err := h.tryUpdate(subject, "phone", "0813-1111-2222", "phone", "0813-1111-3333", "email", "")
		if err != nil || out.Refusal != nil || out.Version != 2 || !slices.Equal(out.Changed, []string{"phone", "email"}) {
			t.Fatal(out, err)
		}
		got := h.values(subject)
		if got["phone/0"] != "+6281311112222" || got["phone/1"] != "+6281311113333" || got["email/0"] != "" || got["name/0"] != canaryName {
			t.Error(got)
		}
		if h.find("phone", canaryPhone) != nil || h.find("email", canaryEmail) != nil || len(h.find("phone", "081311113333")) != 1 {
			t.Error("the look-up does not follow the change")
		}
		e := h.entries("customer.update")
		if len(e) != 1 || e[0].Subject != subject || !slices.Equal(e[0].Leaf.Fields, []string{"phone", "email"}) || e[0].Leaf.Purpose != h.pur {
			t.Errorf("entries %+v", e)
		}
		stale, err := h.vault.Update(context.Background(), h.client, Change{Subject: subject, Purpose: h.pur, Version: 1, Values: values("email", canaryEmail)})
		if code(err) != "vault.changed_since" || stale.Subject != "" {
			t.Error(stale, err)
		}
		if _, err := h.tryUpdate(subject); code(err) != "vault.no_values" {
			t.Error(err)
		}
		// a customer number may be given again to its own customer
		if out, err := h.tryUpdate(subject, "customer_number", canaryNumber); err != nil || out.Refusal != nil {
			t.Error(out, err)
		}
	})
}

func TestAContactChangedOutsideACallIsNoOlderThanTheChange(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		const before = "2019-03-04"
		phone := func(value, since string) Input {
			in := Input{Field: "phone", Value: value}
			if since != "" {
				in.RegisteredAt = day(since)
			}
			return in
		}
		out, err := h.vault.Create(t.Context(), h.client, NewCustomer{Controller: h.ctl, Purpose: h.pur, Values: []Input{
			{Field: "customer_number", Value: "D-1"}, phone("081200000001", before), phone("081200000002", "2021-01-01"), phone("081200000003", ""),
		}})
		if err != nil || out.Refusal != nil {
			t.Fatal(out, err)
		}
		today := h.db.Now().Format(time.DateOnly)
		for _, step := range []struct {
			name  string
			given []Input
			want  string
		}{
			{"the same, in another order and without days", []Input{phone("081200000002", ""), phone("0812-0000-0001", ""), phone("081200000003", "")}, "2@2021-01-01 1@2019-03-04 3@0001-01-01"},
			{"an earlier day", []Input{phone("081200000001", "2001-01-01"), phone("081200000002", "2021-01-01")}, "1@2019-03-04 2@2021-01-01"},
			{"a later day", []Input{phone("081200000001", "2020-02-02"), phone("081200000002", "2021-01-01")}, "1@2020-02-02 2@2021-01-01"},
			{"a new number with the day of long ago", []Input{phone("081200000001", "2019-03-04"), phone("081200000009", before)}, "1@2020-02-02 9@" + today},
			{"a new number without a day", []Input{phone("081200000001", ""), phone("081200000008", "")}, "1@2020-02-02 8@0001-01-01"},
			{"a day for it afterwards", []Input{phone("081200000001", ""), phone("081200000008", before)}, "1@2020-02-02 8@" + today},
			{"away", []Input{{Field: "phone"}}, ""},
			{"and back", []Input{phone("081200000001", before)}, "1@" + today},
		} {
			u := Change{Subject: out.Subject, Purpose: h.pur, Values: step.given}
			if done, err := h.vault.Update(t.Context(), h.client, u); err != nil || done.Refusal != nil {
				t.Fatal(step.name, done.Refusal, err)
			}
			values := h.values(out.Subject, "phone")
			var got []string
			h.read(func(tx *db.Tx) error {
				stored, err := h.vault.Values(tx, out.Subject, "phone")
				for i, s := range stored {
					value := values[fmt.Sprintf("phone/%d", i)]
					got = append(got, value[len(value)-1:]+"@"+s.RegisteredAt.Format(time.DateOnly))
				}
				return err
			})
			if strings.Join(got, " ") != step.want {
				t.Errorf("%s: %q, want %q", step.name, got, step.want)
			}
		}
		e := h.entries("process")
		if len(e) == 0 || e[0].Leaf.Ground != "duty:import" || !slices.Equal(e[0].Leaf.Fields, []string{"phone"}) {
			t.Errorf("looking at what is stored has the entries %+v", e)
		}

		soon := phone("081200000007", "")
		soon.RegisteredAt = h.db.Now().Add(48 * time.Hour)
		if _, err := h.vault.Update(t.Context(), h.client, Change{Subject: out.Subject, Purpose: h.pur, Values: []Input{soon}}); code(err) != "vault.registered_future" {
			t.Error(err)
		}
		if _, err := h.vault.Create(t.Context(), h.client, NewCustomer{Controller: h.ctl, Purpose: h.pur, Values: []Input{soon}}); code(err) != "vault.registered_future" {
			t.Error(err)
		}

		// who may not change the customer opens nothing
		n := len(h.entries("process"))
		stranger := actor.NewClient(id.New(id.Client), []string{Scope}, []string{id.New(id.Controller)})
		for _, a := range []actor.Actor{stranger, actor.NewClient(id.New(id.Client), nil, []string{h.ctl})} {
			if done, err := h.vault.Update(t.Context(), a, Change{Subject: out.Subject, Purpose: h.pur, Values: []Input{phone("081200000001", "")}}); err != nil || done.Refusal == nil {
				t.Error(done, err)
			}
		}
		if now := len(h.entries("process")); now != n {
			t.Errorf("a refused change opened values: %d entries, %d before", now, n)
		}
	})
}

func TestWhatWasProvedOfAContactStaysWithIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		subject := h.create("customer_number", "D-2", "phone", "081200000001", "phone", "081200000002")
		var first Stored
		h.read(func(tx *db.Tx) error {
			stored, err := h.vault.Values(tx, subject, "phone")
			first = stored[0]
			return err
		})
		if err := h.write(func(tx *db.Tx) error { return h.vault.Verified(tx, subject, first.ID) }); err != nil {
			t.Fatal(err)
		}
		if out, err := h.tryUpdate(subject, "phone", "081200000003", "phone", "081200000001"); err != nil || out.Refusal != nil {
			t.Fatal(out, err)
		}
		h.read(func(tx *db.Tx) error {
			stored, err := h.vault.Values(tx, subject, "phone")
			if !stored[0].VerifiedAt.IsZero() || stored[1].VerifiedAt.IsZero() {
				t.Errorf("the new one was verified %v, the one that stays %v", stored[0].VerifiedAt, stored[1].VerifiedAt)
			}
			return err
		})
	})
}

func TestWhoMayWriteCustomersAndForWhat(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, schemas()...))
	subject := h.create("customer_number", "W-1")
	staff := actor.NewStaff(id.New(id.Staff), actor.Supervisor, id.New(id.Session), []string{h.ctl}, time.Time{})
	for name, c := range map[string]struct {
		actor      actor.Actor
		controller string
		purpose    string
		field      string
		want       string
	}{
		"staff outside a call":        {staff, h.ctl, h.pur, "name", "vault.not_permitted"},
		"another duty":                {actor.NewDuty("name_index"), h.ctl, h.pur, "name", "vault.not_permitted"},
		"the duty of import":          {actor.NewDuty(DutyImport), h.ctl, h.pur, "name", ""},
		"a client for staff":          {actor.NewOnBehalf(id.New(id.Client), []string{Scope}, staff), h.ctl, h.pur, "name", ""},
		"a client without the scope":  {actor.NewClient(id.New(id.Client), []string{"events:write"}, []string{h.ctl}), h.ctl, h.pur, "name", "vault.no_scope"},
		"a client of somebody else":   {actor.NewClient(id.New(id.Client), []string{Scope}, []string{h.other}), h.ctl, h.pur, "name", "vault.not_found"},
		"an unknown purpose":          {h.client, h.ctl, id.New(id.Purpose), "name", "vault.purpose_unusable"},
		"a purpose that is no id":     {h.client, h.ctl, "budi@contoh.example", "name", "vault.purpose_unusable"},
		"a purpose of somebody else":  {actor.NewClient(id.New(id.Client), []string{Scope}, []string{h.other}), h.other, h.pur, "name", "vault.purpose_unusable"},
		"a field the purpose omits":   {h.client, h.ctl, h.pur, "policy_number", "vault.field_not_in_purpose"},
		"a free field in the purpose": {h.client, h.ctl, h.pur, "extra_tier", ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(h.entries("customer.create"))
			out, err := h.vault.Create(context.Background(), c.actor, NewCustomer{Controller: c.controller, Purpose: c.purpose, Values: values(c.field, "Emas")})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if out.Refusal != nil {
				got = out.Refusal.Code
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			e := h.entries("customer.create")
			if len(e) != before+1 {
				t.Fatal("no entry")
			}
			if last := e[len(e)-1]; c.want != "" && (last.Leaf.Reason != c.want || last.Leaf.Decision != string(audit.Denied) || last.Subject != "") {
				t.Errorf("entry %+v", last.Leaf)
			}
		})
	}
	if _, err := h.vault.Create(context.Background(), actor.Actor{}, NewCustomer{Controller: h.ctl, Purpose: h.pur, Values: values("name", "Emas")}); err == nil {
		t.Error("nobody may write")
	}
	foreign := actor.NewClient(id.New(id.Client), []string{Scope}, []string{h.other})
	for _, who := range []string{subject, id.New(id.Subject), "../../etc"} {
		out, err := h.vault.Update(context.Background(), foreign, Change{Subject: who, Purpose: h.pur, Values: values("name", "Emas")})
		if err != nil || out.Refusal == nil || out.Refusal.Code != "vault.not_found" {
			t.Errorf("update of %s by another controller's client: %v, %v", who, out, err)
		}
	}
	e := h.entries("customer.update")
	if len(e) != 3 || slices.ContainsFunc(e, func(f audit.Found) bool { return f.Subject != "" || f.Leaf.Controller != "" }) {
		t.Errorf("the entries of attempts from outside: %+v", e)
	}
	out, err := h.tryUpdate(subject, "policy_number", "P-1")
	if err != nil || out.Refusal == nil {
		t.Error(out, err)
	}
	h.vault.purpose = nil
	if out, err := h.tryCreate("name", "Emas"); err != nil || out.Refusal == nil {
		t.Error("without a register everything is allowed")
	}
}

func TestWhatDoesNotFitIsRefusedWithoutQuotingIt(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, schemas()...))
	many := []string{}
	for i := range MaxValues + 1 {
		many = append(many, "phone", "0812777"+nik(i)[12:]) // 0812777 and four digits
	}
	for name, c := range map[string]struct {
		pairs []string
		want  string
	}{
		"an undeclared field":         {[]string{"shoe_size", canaryName}, "vault.unknown_field"},
		"account history":             {[]string{HistoryField, canaryName}, "vault.history_field"},
		"two customer numbers":        {[]string{"customer_number", "A1", "customer_number", "A2"}, "vault.one_value"},
		"a value and an empty one":    {[]string{"phone", canaryPhone, "phone", ""}, "vault.one_value"},
		"a phone number that is none": {[]string{"phone", canaryName}, "catalog.phone"},
		"nothing":                     {nil, "vault.no_values"},
		"too many":                    {many, "vault.too_many_values"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.tryCreate(c.pairs...)
			if code(err) != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
			for _, word := range []string{canaryName, "7777"} {
				if err != nil && strings.Contains(err.Error(), word) {
					t.Errorf("%q quotes the value", err)
				}
			}
		})
	}
	if _, err := h.vault.Prepare("nobody", nil); code(err) != "vault.no_controller" {
		t.Error(err)
	}
}

func TestTextsAreCompleteInBothLanguages(t *testing.T) {
	for _, fault := range i18n.CheckFolder(".", i18n.Source{Room: "vault"}) {
		t.Error(fault)
	}
}

func TestEveryColumnHasAClassAndPersonalOnesAreSealed(t *testing.T) {
	columns, err := catalog.Columns(schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range columns {
		if c.Class == "" || c.Class == catalog.Secret && !c.Sealed() {
			t.Errorf("%s.%s: class %q", c.Table, c.Name, c.Class)
		}
	}
}

// What follows are those of the ten failures of this class of product (notes, vault-peers
// 3.2) that concern the customers' store.

func TestFailure01NoWriteWithoutItsEntryUnderContention(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for w := range 16 {
			wg.Go(func() {
				for i := range 10 {
					out, err := h.tryCreate("customer_number", "C-"+string(rune('A'+w))+nik(i)[12:], "phone", canaryPhone)
					if err == nil {
						if _, durable := out.Entry.Index(); !durable {
							t.Error("answered before the entry was durable")
						}
						mu.Lock()
						made++
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
		var rows, entries int64
		h.read(func(tx *db.Tx) error {
			if err := tx.Data.Row(`select count(*) from vault_subject`).Scan(&rows); err != nil {
				return err
			}
			return tx.Data.Row(`select count(*) from audit_entry where action = 'customer.create'`).Scan(&entries)
		})
		if made != 160 || rows != 160 || entries != 160 {
			t.Errorf("%d answers, %d customers, %d entries", made, rows, entries)
		}
	})
}

func TestFailure04AKeyOrAValueMovedToAnotherPlaceDoesNotOpen(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one := h.create(canary()...)
		two := h.create("name", "Bagus Wirayuda", "mother_maiden_name", "Ratnawulan", "customer_number", "KNR-2")
		read := func(subject, field string) Stored {
			var out []Stored
			h.read(func(tx *db.Tx) (err error) {
				out, err = h.vault.Values(tx, subject, field)
				return err
			})
			return out[0]
		}
		theirs, mother := read(one, "name"), read(two, "mother_maiden_name")
		for name, moved := range map[string]Stored{
			"another customer's value":  {ID: theirs.ID, Subject: two, Field: "name", sealed: theirs.sealed},
			"a secret in a shown field": {ID: mother.ID, Subject: two, Field: "name", sealed: mother.sealed},
			"another row":               {ID: id.New(id.Value), Subject: two, Field: "mother_maiden_name", sealed: mother.sealed},
			"a flipped bit":             {ID: mother.ID, Subject: two, Field: "mother_maiden_name", sealed: flip(mother.sealed)},
		} {
			if got, err := h.open(two, moved); err == nil {
				t.Errorf("%s opens: %q", name, got)
			}
		}
		if got, err := h.open(two, mother); err != nil || got[0] != "Ratnawulan" {
			t.Error(got, err)
		}
		// the same, done to the database
		if err := h.write(func(tx *db.Tx) error {
			_, err := tx.Data.Exec(`update vault_value set field = 'email' where subject = $1 and field = 'mother_maiden_name'`, two)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if got, err := h.open(two, read(two, "email")); err == nil {
			t.Errorf("a secret opens as an e-mail address: %q", got)
		}
	})
}

func flip(b []byte) []byte {
	c := bytes.Clone(b)
	c[len(c)/2] ^= 1
	return c
}

func TestFailure05AfterErasureNeitherValueNorCiphertextIsInAnyFile(t *testing.T) {
	dir := t.TempDir()
	d := dbtest.OpenWith(t, db.Options{Dir: filepath.Join(dir, "data")}, schemas()...)
	h := build(t, d, filepath.Join(dir, "kms.key"))
	ctx := context.Background()
	keep := h.create("customer_number", "STAY-1", "phone", "081200000001")
	subject := h.create(canary()...)
	var traces [][]byte
	h.read(func(tx *db.Tx) error {
		all, err := h.vault.Values(tx, subject)
		for _, s := range all {
			traces = append(traces, bytes.Clone(s.sealed))
		}
		return err
	})
	for _, word := range []string{canaryName, "81277774321", nik(1), canaryEmail, canaryNumber, "Kenarisari"} {
		traces = append(traces, []byte(word))
	}
	plain := len(traces) - 6
	if found := inFiles(t, dir, traces[plain:]); found != "" {
		t.Fatalf("before erasure %s is in the clear", found)
	}
	duty := actor.NewDuty("retention")
	if err := h.write(func(tx *db.Tx) error {
		if _, err := h.keys.BeginShred(tx, keyring.Shredding{Subject: subject, Actor: duty, Ground: "duty:retention"}); err != nil {
			return err
		}
		rows, err := h.vault.Delete(tx, subject)
		if err == nil && rows < 10 {
			t.Errorf("%d rows deleted", rows)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := h.keys.FinishShred(ctx, duty, subject, ""); err != nil {
		t.Fatal(err)
	}
	if h.find("phone", canaryPhone) != nil || h.find("customer_number", canaryNumber) != nil {
		t.Error("still found")
	}
	if got := h.values(keep); got["phone/0"] != "+6281200000001" {
		t.Error("somebody else was erased too", got)
	}
	if out, err := h.tryUpdate(subject, "name", "Emas"); err != nil || out.Refusal == nil {
		t.Error("an erased customer can be written", out, err)
	}
	if err := h.log.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil { // the last connection folds the write-ahead log in
		t.Fatal(err)
	}
	if found := inFiles(t, dir, traces); found != "" {
		t.Errorf("after erasure %s is still in a file", found)
	}
}

func inFiles(t *testing.T, dir string, traces [][]byte) (found string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for i, trace := range traces {
			if bytes.Contains(text, trace) {
				found = filepath.Base(path) + " trace " + string(rune('0'+i))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestFailure06OfTwoSimultaneousCreatesOfOneNumberOneWins(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for round, c := range []struct{ field, value string }{{"nik", nik(1)}, {"customer_number", "ONE"}, {"account_number", "1234567890"}} {
			var wg sync.WaitGroup
			var mu sync.Mutex
			won, lost := 0, 0
			for i := range 8 {
				wg.Go(func() {
					out, err := h.tryCreate("name", "Emas", "case_reference", "P-"+nik(i + 8*round)[12:], c.field, c.value)
					mu.Lock()
					defer mu.Unlock()
					var e *errs.E
					switch {
					case err == nil && out.Subject != "":
						won++
					case errors.As(err, &e) && e.Kind == errs.Conflict && e.Code == "vault.taken" && e.Args["field"] == c.field && IsTaken(err):
						lost++
					default:
						t.Errorf("%v, %v", out, err)
					}
				})
			}
			wg.Wait()
			if won != 1 || lost != 7 {
				t.Errorf("%s: %d won, %d lost", c.field, won, lost)
			}
			if got := h.find(c.field, c.value); len(got) != 1 {
				t.Errorf("%s finds %v", c.field, got)
			}
		}
		// and nothing of the losers is left behind
		var subjects, slots int64
		h.read(func(tx *db.Tx) error {
			if err := tx.Data.Row(`select count(*) from vault_subject`).Scan(&subjects); err != nil {
				return err
			}
			return tx.Keys.Row(`select count(*) from keyring_slot`).Scan(&slots)
		})
		if subjects != 3 || slots != 3 {
			t.Errorf("%d customers, %d keys", subjects, slots)
		}
		// an update cannot take somebody's number either
		other := h.create("customer_number", "TWO")
		if _, err := h.tryUpdate(other, "nik", nik(1)); code(err) != "vault.taken" {
			t.Error(err)
		}
		if got := h.values(other); got["customer_number/0"] != "TWO" || len(got) != 1 {
			t.Error("a refused update left something", got)
		}
	})
}

func TestFailure07NoValueReachesEntriesOrErrors(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, schemas()...))
	subject := h.create(canary()...)
	_, err := h.tryCreate(canary()...)
	if code(err) != "vault.taken" {
		t.Fatal(err)
	}
	texts := []string{err.Error()}
	if _, err := h.tryUpdate(subject, "extra_"+strings.ToLower("kenarisari"), "x", "policy_number", "P-1"); err != nil {
		texts = append(texts, err.Error())
	}
	h.read(func(tx *db.Tx) error {
		return tx.Data.Rows(`select leaf from audit_entry`, nil, func(r db.Row) error {
			var leaf []byte
			err := r.Scan(&leaf)
			texts = append(texts, string(leaf))
			return err
		})
	})
	for _, text := range texts {
		for _, word := range []string{"Kenarisari", "kenarisari", "81277774321", nik(1), canaryNumber, "zubaidah"} {
			if strings.Contains(text, word) {
				t.Errorf("%q holds %q", text, word)
			}
		}
	}
	if len(texts) < 4 {
		t.Error("there was nothing to look at")
	}
}

// Who was created between the look and the removal stays, and the orphans after it go all the same.
func TestARemovalOfOrphansPassesOverWhoIsThereByNow(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, schemas()...))
	here, gone := h.create("customer_number", "ORPHAN-1"), id.New(id.Subject)
	if err := h.write(func(tx *db.Tx) error {
		noteIndexed(tx, gone, 2)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if n, err := h.vault.drop(context.Background(), []string{here, gone}); err != nil || n != 1 {
		t.Errorf("%d dropped (%v)", n, err)
	}
	if got := h.find("customer_number", "ORPHAN-1"); !slices.Equal(got, []string{here}) {
		t.Errorf("found %v", got)
	}
}
