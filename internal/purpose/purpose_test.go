package purpose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/policy"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

// logbook remembers entries; an entry of a transaction that failed is still in it, so
// tests look at what a successful one wrote.
type logbook struct {
	entries []audit.Entry
	err     error
}

func (l *logbook) Append(_ *db.Tx, e audit.Entry) (*audit.Pending, error) {
	l.entries = append(l.entries, e)
	return &audit.Pending{}, l.err
}

var (
	dpo   = actor.NewStaff("stf_dpo", actor.DPO, "ses_1", nil, noTime)
	agent = actor.NewStaff("stf_agent", actor.Agent, "ses_2", nil, noTime)
)

func register(d *db.DB) (*Register, *logbook) {
	l := &logbook{}
	return New(d, l, catalog.Shipped()), l
}

func write(t testing.TB, d *db.DB, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Write(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

// refused runs a write that must be refused with a code and change nothing.
func refused(t testing.TB, d *db.DB, code string, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Write(context.Background(), fn); err == nil || errs.Of(err).Code != code {
		t.Errorf("%v, want %s", err, code)
	}
}

func draftOf(controller string) Purpose {
	return Purpose{
		Controller: controller, Slug: "order_status", Basis: ByContract,
		Name:   map[string]string{"id": "Status pesanan", "en": "Order status"},
		Script: map[string]string{"id": "Selamat pagi, dengan {agent} dari {company}.", "en": "Good morning, this is {agent} from {company}."},
		Fields: map[gate.Verb][]string{gate.Compare: {"phone", "mother_maiden_name"}, gate.Reveal: {"address"}},
	}
}

var noTime time.Time

var notice = map[string]string{"id": "Kami memakai data Anda.", "en": "We use your data."}

func schemas() []db.Schema { return []db.Schema{Schema()} }

func TestAPurposeFromProposalToRetirement(t *testing.T) {
	dbtest.Each(t, schemas(), func(t *testing.T, d *db.DB) {
		r, log := register(d)
		var c Controller
		var p Purpose
		write(t, d, func(tx *db.Tx) (err error) { c, err = r.AddController(tx, dpo, "toko", " PT Toko "); return err })
		dpo := dpoOf(c)
		write(t, d, func(tx *db.Tx) (err error) { p, err = r.Propose(tx, dpo, draftOf(c.ID)); return err })
		facts := func() (f gate.PurposeFacts) {
			write(t, d, func(tx *db.Tx) (err error) { f, err = r.Facts(tx, p.ID); return err })
			return f
		}
		if f := facts(); !f.Found || f.Active || f.Controller != c.ID || f.Slug != "order_status" || f.Basis != "contract" {
			t.Errorf("draft: %+v", f)
		}
		refused(t, d, "purpose.no_notice", func(tx *db.Tx) error { return r.Publish(tx, dpo, p.ID) })
		write(t, d, func(tx *db.Tx) error {
			n, err := r.PublishNotice(tx, dpo, p.ID, notice)
			if n.Version != 1 || !id.Is(id.Notice, n.ID) {
				t.Errorf("notice %+v", n)
			}
			return err
		})
		write(t, d, func(tx *db.Tx) error { return r.Publish(tx, dpo, p.ID) })
		refused(t, d, "purpose.not_active", func(tx *db.Tx) error { return r.Publish(tx, dpo, p.ID) })
		f := facts()
		if !f.Active || !f.Uses(gate.Reveal, "address") || !f.Uses(gate.Mask, "phone") || f.Uses(gate.Reveal, "phone") || f.Uses(gate.Search, "phone") || f.Uses(gate.Compare, "nik") {
			t.Errorf("active: %+v", f)
		}
		write(t, d, func(tx *db.Tx) error { // both happen in one transaction: nothing may be remembered
			if before, err := r.Facts(tx, p.ID); err != nil || !before.Active {
				t.Errorf("%+v %v", before, err)
			}
			if err := r.Retire(tx, dpo, p.ID); err != nil {
				return err
			}
			again, err := r.Facts(tx, p.ID)
			if again.Active {
				t.Error("a purpose retired in this transaction is still active in it")
			}
			return err
		})
		refused(t, d, "purpose.not_retired", func(tx *db.Tx) error { return r.Retire(tx, dpo, p.ID) })
		refused(t, d, "purpose.not_active", func(tx *db.Tx) error { return r.Publish(tx, dpo, p.ID) })
		refused(t, d, "purpose.retired", func(tx *db.Tx) error { _, err := r.PublishNotice(tx, dpo, p.ID, notice); return err })
		refused(t, d, "purpose.retired", func(tx *db.Tx) error { _, err := r.Revise(tx, dpo, p); return err })
		if facts().Active {
			t.Error("retired, and still active")
		}
		var actions []string
		for _, e := range log.entries {
			actions = append(actions, e.Action)
			if e.Decision != audit.Done || e.Controller != c.ID || e.Actor.ID() != dpo.ID() || e.Action != "purpose.controller" && e.Purpose != p.ID {
				t.Errorf("entry %+v", e)
			}
		}
		if want := []string{"purpose.controller", "purpose.proposed", "purpose.notice", "purpose.published", "purpose.retired"}; !slices.Equal(actions, want) {
			t.Errorf("entries %v, want %v", actions, want)
		}
	})
}

func TestOnlyTheDPOAndTheSetUpWrite(t *testing.T) {
	d := dbtest.Open(t, schemas()...)
	r, _ := register(d)
	for name, a := range map[string]actor.Actor{
		"an agent": agent, "an admin": actor.NewStaff("stf_a", actor.Admin, "ses", nil, noTime), "nobody": {},
		"an API client": actor.NewClient("cli_1", []string{"serve"}, nil), "another duty": actor.NewDuty("name_index"),
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, d, "purpose.dpo_only", func(tx *db.Tx) error { _, err := r.AddController(tx, a, "x", "X"); return err })
			refused(t, d, "purpose.dpo_only", func(tx *db.Tx) error { _, err := r.Propose(tx, a, draftOf("ctl")); return err })
			refused(t, d, "purpose.dpo_only", func(tx *db.Tx) error { _, err := r.Revise(tx, a, Purpose{}); return err })
			refused(t, d, "purpose.dpo_only", func(tx *db.Tx) error { _, err := r.PublishNotice(tx, a, "pur", notice); return err })
			refused(t, d, "purpose.dpo_only", func(tx *db.Tx) error { return r.Publish(tx, a, "pur") })
			refused(t, d, "purpose.dpo_only", func(tx *db.Tx) error { return r.Retire(tx, a, "pur") })
		})
	}
	write(t, d, func(tx *db.Tx) error {
		_, err := r.AddController(tx, actor.NewDuty(Setup), "toko", "PT Toko")
		return err
	})
}

func TestAPurposeThatCannotBeExplainedOrBackedIsRefused(t *testing.T) {
	d := dbtest.Open(t, schemas()...)
	r, _ := register(d)
	var c Controller
	write(t, d, func(tx *db.Tx) (err error) { c, err = r.AddController(tx, dpo, "toko", "PT Toko"); return err })
	dpo := dpoOf(c)
	for name, x := range map[string]struct {
		spoil func(p *Purpose)
		code  string
	}{
		"no slug":                   {func(p *Purpose) { p.Slug = "" }, "purpose.slug"},
		"a slug with a space":       {func(p *Purpose) { p.Slug = "order status" }, "purpose.slug"},
		"no English name":           {func(p *Purpose) { delete(p.Name, "en") }, "purpose.text"},
		"an empty script":           {func(p *Purpose) { p.Script["id"] = "  " }, "purpose.text"},
		"a script without end":      {func(p *Purpose) { p.Script["id"] = strings.Repeat("a", maxScript+1) }, "purpose.text"},
		"a script with a hole":      {func(p *Purpose) { p.Script["en"] = "Hello {customer}" }, "purpose.script_hole"},
		"a script with a torn hole": {func(p *Purpose) { p.Script["en"] = "Hello {agent" }, "purpose.script_hole"},
		"no lawful basis":           {func(p *Purpose) { p.Basis = "profit" }, "purpose.basis"},
		"a verb that is none":       {func(p *Purpose) { p.Fields = map[gate.Verb][]string{gate.Verify: {"phone"}} }, "purpose.verb"},
		"an undeclared field":       {func(p *Purpose) { p.Fields = map[gate.Verb][]string{gate.Reveal: {"shoe_size"}} }, "purpose.field_unknown"},
		"a secret to be revealed":   {func(p *Purpose) { p.Fields = map[gate.Verb][]string{gate.Reveal: {"mother_maiden_name"}} }, "purpose.field_secret"},
		"more fields than one entry of the log can name": {func(p *Purpose) {
			for i := range gate.MaxFields {
				p.Fields[gate.Compare] = append(p.Fields[gate.Compare], fmt.Sprintf("extra_%d", i))
			}
		}, "purpose.too_many_fields"},
		"no such controller": {func(p *Purpose) { p.Controller = "ctl_none" }, "purpose.controller_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			p := draftOf(c.ID)
			x.spoil(&p)
			refused(t, d, x.code, func(tx *db.Tx) error { _, err := r.Propose(tx, dpo, p); return err })
		})
	}
	var p Purpose
	write(t, d, func(tx *db.Tx) (err error) { p, err = r.Propose(tx, dpo, draftOf(c.ID)); return err })
	refused(t, d, "purpose.exists", func(tx *db.Tx) error { _, err := r.Propose(tx, dpo, draftOf(c.ID)); return err })
	refused(t, d, "purpose.text", func(tx *db.Tx) error {
		_, err := r.PublishNotice(tx, dpo, p.ID, map[string]string{"id": "Hanya satu bahasa."})
		return err
	})
	refused(t, d, "purpose.unknown", func(tx *db.Tx) error { _, err := r.PublishNotice(tx, dpo, "pur_none", notice); return err })
	refused(t, d, "purpose.unknown", func(tx *db.Tx) error { return r.Retire(tx, dpo, "pur_none") })
	refused(t, d, "purpose.unknown", func(tx *db.Tx) error { _, err := r.Revise(tx, dpo, draftOf(c.ID)); return err })
	refused(t, d, "purpose.slug", func(tx *db.Tx) error { _, err := r.AddController(tx, dpo, "X", "X"); return err })
	refused(t, d, "purpose.text", func(tx *db.Tx) error { _, err := r.AddController(tx, dpo, "bank", " "); return err })
	refused(t, d, "purpose.controller_exists", func(tx *db.Tx) error { _, err := r.AddController(tx, dpo, "toko", "Lain"); return err })
}

func TestWhatIsPublishedKeepsItsBasisAndItsNotices(t *testing.T) {
	d := dbtest.Open(t, schemas()...)
	r, _ := register(d)
	var p, other Purpose
	write(t, d, func(tx *db.Tx) error {
		c, err := r.AddController(tx, dpo, "toko", "PT Toko")
		dpo := dpoOf(c)
		if err != nil {
			return err
		}
		if p, err = r.Propose(tx, dpo, draftOf(c.ID)); err != nil {
			return err
		}
		second := draftOf(c.ID)
		second.Slug = "complaint"
		other, err = r.Propose(tx, dpo, second)
		return err
	})
	dpo := actor.NewStaff("stf_dpo", actor.DPO, "ses_1", []string{p.Controller}, noTime)
	taken := p
	taken.Slug = "complaint"
	refused(t, d, "purpose.exists", func(tx *db.Tx) error { _, err := r.Revise(tx, dpo, taken); return err })
	write(t, d, func(tx *db.Tx) error { // a draft may still change its basis
		p.Basis = ByLegitimateInterest
		_, err := r.Revise(tx, dpo, p)
		return err
	})
	write(t, d, func(tx *db.Tx) error { _, err := r.PublishNotice(tx, dpo, p.ID, notice); return err })
	write(t, d, func(tx *db.Tx) error { return r.Publish(tx, dpo, p.ID) })
	moved := p
	moved.Basis = ByConsent
	refused(t, d, "purpose.fixed", func(tx *db.Tx) error { _, err := r.Revise(tx, dpo, moved); return err })
	bad := p
	bad.Script = nil
	refused(t, d, "purpose.text", func(tx *db.Tx) error { _, err := r.Revise(tx, dpo, bad); return err })
	p.Fields = nil
	write(t, d, func(tx *db.Tx) error { _, err := r.Revise(tx, dpo, p); return err })
	write(t, d, func(tx *db.Tx) error {
		_, err := r.PublishNotice(tx, dpo, p.ID, map[string]string{"id": "Baru.", "en": "New."})
		return err
	})
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		got, err := r.Get(tx, p.ID)
		if err != nil {
			return err
		}
		if got.Notice != 2 || got.Status != Active || got.Basis != ByLegitimateInterest || len(got.Fields) != 0 {
			t.Errorf("%+v", got)
		}
		list, err := r.Notices(tx, p.ID)
		if len(list) != 2 || list[0].Version != 2 || list[1].Text["id"] != notice["id"] || list[1].Text["en"] != notice["en"] {
			t.Errorf("the first notice changed: %+v", list)
		}
		if f, err := r.Facts(tx, "pur_none"); f.Found || err != nil {
			t.Errorf("an unknown purpose: %+v %v", f, err)
		}
		of, err2 := r.List(tx, p.Controller)
		if len(of) != 2 || of[0].ID != p.ID || of[1].ID != other.ID { // as proposed
			t.Errorf("list %+v", of)
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
	sql := readAll(t)
	if strings.Contains(sql, "update purpose_notice") || strings.Contains(sql, "delete from purpose_") {
		t.Error("a statement changes a notice or deletes from the register")
	}
}

func readAll(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, name := range []string{"store.go", "service.go", "http.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}

func TestAnEntryThatCannotBeWrittenUndoesTheChange(t *testing.T) {
	d := dbtest.Open(t, schemas()...)
	r, log := register(d)
	log.err = errors.New("no log")
	if err := d.Write(t.Context(), func(tx *db.Tx) error { _, err := r.AddController(tx, dpo, "toko", "PT Toko"); return err }); !errors.Is(err, log.err) {
		t.Fatal(err)
	}
	log.err = nil
	write(t, d, func(tx *db.Tx) error { _, err := r.AddController(tx, dpo, "toko", "PT Toko"); return err })
}

func TestTheExampleRegisterIsSoundAndLoadsOnce(t *testing.T) {
	dbtest.Each(t, schemas(), func(t *testing.T, d *db.DB) {
		r, _ := register(d)
		var c Controller
		var first, again []Purpose
		write(t, d, func(tx *db.Tx) (err error) { c, err = r.AddController(tx, dpo, "toko", "PT Toko"); return err })
		dpo := dpoOf(c)
		write(t, d, func(tx *db.Tx) (err error) { first, err = r.LoadExample(tx, dpo, c.ID); return err })
		write(t, d, func(tx *db.Tx) (err error) { again, err = r.LoadExample(tx, dpo, c.ID); return err })
		if len(first) != 6 || len(again) != 6 || first[0].ID != again[0].ID {
			t.Fatalf("%d, then %d purposes", len(first), len(again))
		}
		for _, p := range first {
			if p.Status != Active || p.Notice != 1 {
				t.Errorf("%s: %+v", p.Slug, p)
			}
			for _, lang := range []string{"id", "en"} {
				if g := p.Greeting(lang, "PT Toko", "Rina"); !strings.Contains(g, "PT Toko") || !strings.Contains(g, "Rina") || strings.Contains(g, "{") {
					t.Errorf("%s greets: %s", p.Slug, g)
				}
			}
		}
		write(t, d, func(tx *db.Tx) error { return r.Retire(tx, dpo, first[0].ID) })
		write(t, d, func(tx *db.Tx) (err error) { again, err = r.LoadExample(tx, dpo, c.ID); return err })
		if len(again) != 5 {
			t.Error("a retired purpose came back")
		}
		refused(t, d, "purpose.dpo_only", func(tx *db.Tx) error { _, err := r.LoadExample(tx, agent, "ctl_x"); return err })
	})
}

func TestEveryFieldOfTheExampleCanBeReachedOnAChannel(t *testing.T) {
	// A purpose may list what the catalogue then never gives; in the example that would
	// be a promise to the reader that cannot be kept.
	list, err := Example()
	if err != nil {
		t.Fatal(err)
	}
	c := catalog.Shipped()
	for _, e := range list {
		for v, names := range e.Purpose.Fields {
			for _, n := range names {
				f, _ := c.Field(n)
				if _, ok := f.Level("phone", string(v)); !ok {
					t.Errorf("%s lists %s to %s, which the catalogue never allows on the phone", e.Purpose.Slug, n, v)
				}
			}
		}
	}
	if _, err := read([]byte("purposes: [{slug: x, price: 3}]")); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a key that does not exist: %v", err)
	}
}

func TestADamagedRowIsAnErrorAndGivesNothing(t *testing.T) {
	d := dbtest.Open(t, schemas()...)
	r, _ := register(d)
	var p Purpose
	write(t, d, func(tx *db.Tx) error {
		c, err := r.AddController(tx, dpo, "toko", "PT Toko")
		dpo := dpoOf(c)
		if err == nil {
			p, err = r.Propose(tx, dpo, draftOf(c.ID))
		}
		return err
	})
	write(t, d, func(tx *db.Tx) error {
		_, err := tx.Data.Exec(`update purpose_purpose set fields = $1 where id = $2`, "{", p.ID)
		return err
	})
	refused(t, d, "purpose.damaged", func(tx *db.Tx) error { _, err := r.Facts(tx, p.ID); return err })
	refused(t, d, "purpose.damaged", func(tx *db.Tx) error { _, err := r.Get(tx, p.ID); return err })
	refused(t, d, "purpose.damaged", func(tx *db.Tx) error { _, err := r.List(tx, ""); return err })
}

func TestTheMemoryOfFieldsIsBounded(t *testing.T) {
	r, _ := register(nil)
	for i := range 1100 {
		if _, err := r.compiled(encode(map[gate.Verb][]string{gate.Act: {strings.Repeat("a", i+1)}})); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.kept.Load(); n > 1000 {
		t.Errorf("%d texts remembered", n)
	}
}

func TestAllFieldsAndUses(t *testing.T) {
	p := draftOf("c")
	if got := p.AllFields(); !slices.Equal(got, []string{"address", "mother_maiden_name", "phone"}) {
		t.Errorf("%v", got)
	}
	if !p.Uses(gate.Mask, "address") || p.Uses(gate.Act, "address") {
		t.Error("uses")
	}
}

func desk(t *testing.T) (*webtest.Desk, *Register, *db.DB) {
	t.Helper()
	d := dbtest.Open(t, schemas()...)
	r, _ := register(d)
	set, err := policy.New()
	if err != nil {
		t.Fatal(err)
	}
	w := webtest.New(t, func(o *web.Options) { o.DB, o.Fresh = d, "/step-up" }, r.Module(set))
	w.Actor("dpo", dpo)
	w.Actor("agent", agent)
	return w, r, d
}

// Every field, in words, with the purposes of the reader's companies; nobody else's, and none that is retired.
func TestTheCatalogueIsReadInWordsWithThePurposesOfTheReadersCompanies(t *testing.T) {
	w, r, d := desk(t)
	var own, foreign Controller
	write(t, d, func(tx *db.Tx) (err error) {
		if own, err = r.AddController(tx, dpo, "toko", "PT Toko"); err != nil {
			return err
		}
		if foreign, err = r.AddController(tx, dpo, "bank", "PT Bank"); err != nil {
			return err
		}
		ours, over, theirs := draftOf(own.ID), draftOf(own.ID), draftOf(foreign.ID)
		ours.Fields[gate.Collect] = []string{"extra_branch"}
		over.Slug, over.Name = "gone", map[string]string{"id": "Sudah berhenti", "en": "Over"}
		theirs.Name = map[string]string{"id": "Tujuan bank", "en": "Purpose of the bank"}
		for _, p := range []Purpose{ours, over, theirs} {
			by := dpoOf(own)
			if p.Controller == foreign.ID {
				by = dpoOf(foreign)
			}
			made, err := r.Propose(tx, by, p)
			if err == nil && p.Slug == "gone" {
				err = r.Retire(tx, by, made.ID)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	w.Actor("reader", actor.NewStaff("stf_auditor", actor.Auditor, "ses_1", []string{own.ID}, noTime))
	if got := w.Do("agent", "GET", "/fields", "").Code; got != http.StatusForbidden {
		t.Errorf("an agent reads the catalogue: %d", got)
	}
	for lang, say := range map[string][]string{
		"id": {"Yang tidak tercantum di sini dianggap rahasia.", "Nama gadis ibu kandung", "62 8** **** 4471", "Indeks buta, satu pelanggan", "Kesehatan", "Status pesanan, Rancangan", "Menerima"},
		"en": {"What is not listed here is secret.", "Blind index, one customer", "Health", "Order status, ", "strongly verified"},
	} {
		got := w.Do("reader", "GET", "/fields", "", "Accept-Language", lang)
		page := got.Body.String()
		for _, want := range say {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page does not say %q", lang, want)
			}
		}
		for _, not := range []string{"Tujuan bank", "Purpose of the bank", "Sudah berhenti", "PT Bank"} {
			if strings.Contains(page, not) {
				t.Errorf("%s: the page says %q", lang, not)
			}
		}
		for _, f := range catalog.Shipped().Fields() {
			if !strings.Contains(page, `id="f-`+f.Name) {
				t.Errorf("%s: no %s", lang, f.Name)
			}
		}
	}
	var body struct{ Fields []FieldJSON }
	if err := json.Unmarshal(w.Do("reader", "GET", "/api/v1/fields", "").Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	uses := map[string]int{}
	for _, f := range body.Fields {
		uses[f.Name] = len(f.Purposes)
		if f.Class == "secret" && (f.Masked != catalog.Hidden || f.Levels["phone"]["reveal"] != 0) {
			t.Errorf("a secret: %+v", f)
		}
	}
	if want := len(catalog.Shipped().Fields()); len(uses) != want || uses["phone"] != 1 || uses["extra"] != 1 || uses["nik"] != 0 {
		t.Errorf("%d fields of %d: %v", len(uses), want, uses)
	}
}

// Who left a desk unlocked has not left the register open: what takes effect wants the second factor again.
func TestWhatTakesEffectInTheRegisterWantsAFreshSecondFactor(t *testing.T) {
	w, r, d := desk(t)
	var c Controller
	var p Purpose
	write(t, d, func(tx *db.Tx) (err error) {
		if c, err = r.AddController(tx, dpo, "toko", "PT Toko"); err == nil {
			p, err = r.Propose(tx, dpoOf(c), draftOf(c.ID))
		}
		return err
	})
	w.Actor("dpo", dpoOf(c))
	at := "/purposes/" + p.ID
	if page := w.Do("dpo", "GET", at, "").Body.String(); !strings.Contains(page, at+"/revise") || strings.Contains(page, "step-up") {
		t.Error("a fresh DPO is not given the form")
	}
	w.Now = w.Now.Add(2 * time.Minute)
	if page := w.Do("dpo", "GET", at, "").Body.String(); strings.Contains(page, at+"/revise") || strings.Contains(page, at+"/retire") || !strings.Contains(page, "/step-up?next=") {
		t.Error("a DPO whose second factor is old is given a form that will be refused")
	}
	for path, body := range map[string]string{"/notices": "text_id=Kami+memakai+data.&text_en=We+use+data.", "/publish": "", "/retire": "", "/revise": "name_id=Status&name_en=Status&script_id=Salam&script_en=Hello&use=compare:phone"} {
		if got := w.Do("dpo", "POST", at+path, body); !strings.HasPrefix(got.Header().Get("Location"), "/step-up") {
			t.Errorf("%s: %d to %q", path, got.Code, got.Header().Get("Location"))
		}
	}
	for path, body := range map[string]string{"/notices": `{"text":{"id":"Satu.","en":"One."}}`, "/publish": "", "/retire": ""} {
		if got := w.Do("dpo", "POST", "/api/v1"+at+path, body, "Content-Type", "application/json"); got.Code != http.StatusUnauthorized || !strings.Contains(got.Body.String(), "web.second_factor") {
			t.Errorf("/api/v1%s: %d %s", path, got.Code, got.Body)
		}
	}
	write(t, d, func(tx *db.Tx) error {
		now, err := r.Get(tx, p.ID)
		if now.Status != Draft || now.Notice != 0 {
			t.Errorf("%+v", now)
		}
		return err
	})
	if got := w.Do("dpo", "POST", "/api/v1/purposes", `{"controller":"`+c.ID+`","slug":"two","basis":"contract","name":{"id":"Dua","en":"Two"},"fields":{},"script":{"id":"Salam","en":"Hello"}}`, "Content-Type", "application/json"); got.Code != http.StatusCreated {
		t.Errorf("a draft gives nothing and is refused: %d %s", got.Code, got.Body)
	}
}

func TestTheRegisterOverHTTP(t *testing.T) {
	w, r, d := desk(t)
	var c Controller
	write(t, d, func(tx *db.Tx) (err error) { c, err = r.AddController(tx, dpo, "toko", "PT Toko"); return err })
	w.Actor("dpo", dpoOf(c))

	form := "controller=" + c.ID + "&slug=order_status&basis=contract&name_id=Status+pesanan&name_en=Order+status&script_id=Salam+{agent}&script_en=Hello+{agent}&use=reveal:address&use=reveal:phone"
	if got := w.Do("agent", "POST", "/purposes", form).Code; got != http.StatusForbidden {
		t.Errorf("an agent proposes: %d", got)
	}
	made := w.Do("dpo", "POST", "/purposes", form)
	at := made.Header().Get("Location")
	if made.Code != http.StatusSeeOther || !strings.HasPrefix(at, "/purposes/pur_") {
		t.Fatalf("proposed: %d %s", made.Code, made.Body)
	}
	steps := []struct{ path, body string }{
		{"/notices", "text_id=Kami+memakai+data.&text_en=We+use+data."}, {"/publish", ""},
		{"/revise", "name_id=Status&name_en=Status&script_id=Salam&script_en=Hello&use=compare:phone"},
	}
	for _, s := range steps {
		if got := w.Do("dpo", "POST", at+s.path, s.body); got.Code != http.StatusSeeOther {
			t.Errorf("%s: %d %s", s.path, got.Code, got.Body)
		}
	}
	for _, page := range []string{"/purposes", at, "/rules"} {
		got := w.Do("agent", "GET", page, "")
		if got.Code != http.StatusOK || strings.Contains(got.Body.String(), "<form method=\"post\" action=\"/purposes") {
			t.Errorf("%s for an agent: %d, or it shows a form", page, got.Code)
		}
	}
	if got := w.Do("dpo", "GET", "/purposes/pur_none", ""); got.Code != http.StatusNotFound {
		t.Errorf("unknown: %d", got.Code)
	}
	if got := w.Do("dpo", "POST", at+"/retire", ""); got.Code != http.StatusSeeOther {
		t.Errorf("retire: %d", got.Code)
	}

	var list struct{ Purposes []JSON }
	get := w.Do("agent", "GET", "/api/v1/purposes?controller="+c.ID, "")
	if err := json.Unmarshal(get.Body.Bytes(), &list); err != nil || len(list.Purposes) != 1 || list.Purposes[0].Status != "retired" || !slices.Equal(list.Purposes[0].Fields["compare"], []string{"phone"}) {
		t.Errorf("%v %s", err, get.Body)
	}
	var controllers struct{ Controllers []Controller }
	get = w.Do("agent", "GET", "/api/v1/controllers", "")
	if err := json.Unmarshal(get.Body.Bytes(), &controllers); err != nil || len(controllers.Controllers) != 1 {
		t.Errorf("%v %s", err, get.Body)
	}

	body := `{"controller":"` + c.ID + `","slug":"complaint","name":{"id":"Keluhan","en":"Complaint"},"basis":"contract","fields":{"act":["phone"]},"script":{"id":"Salam","en":"Hello"}}`
	post := w.Do("dpo", "POST", "/api/v1/purposes", body, "Content-Type", "application/json")
	var one JSON
	if err := json.Unmarshal(post.Body.Bytes(), &one); err != nil || post.Code != http.StatusCreated || one.Status != "draft" {
		t.Fatalf("%d %s", post.Code, post.Body)
	}
	if got := w.Do("dpo", "POST", "/api/v1/purposes/"+one.ID+"/publish", "", "Content-Type", "application/json"); got.Code != http.StatusConflict || !strings.Contains(got.Body.String(), "purpose.no_notice") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if got := w.Do("dpo", "POST", "/api/v1/purposes/"+one.ID+"/notices", `{"text":{"id":"Satu.","en":"One."}}`, "Content-Type", "application/json"); got.Code != http.StatusCreated {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if got := w.Do("dpo", "POST", "/api/v1/purposes/"+one.ID+"/publish", "", "Content-Type", "application/json"); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), `"active"`) {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	for _, path := range []string{"", "/notices"} {
		if got := w.Do("agent", "GET", "/api/v1/purposes/"+one.ID+path, ""); got.Code != http.StatusOK {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
	if got := w.Do("agent", "POST", "/api/v1/purposes/"+one.ID+"/retire", "", "Content-Type", "application/json"); got.Code != http.StatusForbidden {
		t.Errorf("an agent retires: %d", got.Code)
	}
}

func TestPages(t *testing.T) {
	r, _ := register(nil)
	set, err := policy.New()
	if err != nil {
		t.Fatal(err)
	}
	webtest.Pages(t, r.Module(set))
}

func TestTexts(t *testing.T) { webtest.Texts(t, "purpose") }

// dpoOf is the DPO of a controller.
func dpoOf(c Controller) actor.Actor {
	return actor.NewStaff("stf_dpo", actor.DPO, "ses_1", []string{c.ID}, time.Date(2026, 11, 23, 8, 0, 5, 0, time.UTC)) // four minutes before webtest's clock
}

func TestTheDPOOfOneControllerDoesNotWriteTheRegisterOfAnother(t *testing.T) {
	d := dbtest.Open(t, schemas()...)
	r, _ := register(d)
	var c, other Controller
	var p Purpose
	write(t, d, func(tx *db.Tx) (err error) {
		if c, err = r.AddController(tx, dpo, "toko", "PT Toko"); err == nil {
			other, err = r.AddController(tx, dpo, "bank", "PT Bank")
		}
		if err == nil {
			p, err = r.Propose(tx, dpoOf(c), draftOf(c.ID))
		}
		return err
	})
	stranger := dpoOf(other)
	refused(t, d, "purpose.controller_unknown", func(tx *db.Tx) error { _, err := r.Propose(tx, stranger, draftOf(c.ID)); return err })
	refused(t, d, "purpose.unknown", func(tx *db.Tx) error { _, err := r.Revise(tx, stranger, p); return err })
	refused(t, d, "purpose.unknown", func(tx *db.Tx) error { _, err := r.PublishNotice(tx, stranger, p.ID, notice); return err })
	refused(t, d, "purpose.unknown", func(tx *db.Tx) error { return r.Publish(tx, stranger, p.ID) })
	refused(t, d, "purpose.unknown", func(tx *db.Tx) error { return r.Retire(tx, stranger, p.ID) })
}

func TestPurposesStandInTheOrderThatTheOfficerGivesThem(t *testing.T) {
	dbtest.Each(t, schemas(), func(t *testing.T, d *db.DB) {
		r, _ := register(d)
		var c Controller
		write(t, d, func(tx *db.Tx) (err error) { c, err = r.AddController(tx, dpo, "toko", "PT Toko"); return err })
		dpo := dpoOf(c)
		slugs := func() (list []string) {
			write(t, d, func(tx *db.Tx) error {
				list = nil
				all, err := r.List(tx, c.ID)
				for _, p := range all {
					list = append(list, p.Slug)
				}
				return err
			})
			return list
		}
		var last Purpose
		for _, slug := range []string{"zakat", "asuransi", "migrasi"} {
			write(t, d, func(tx *db.Tx) (err error) {
				p := draftOf(c.ID)
				p.Slug = slug
				last, err = r.Propose(tx, dpo, p)
				return err
			})
		}
		if got := slugs(); !slices.Equal(got, []string{"zakat", "asuransi", "migrasi"}) || last.Order != 3 {
			t.Errorf("as proposed: %q, the last at %d", got, last.Order)
		}
		last.Order = 1 // beside zakat: equal places stand by slug
		write(t, d, func(tx *db.Tx) error { _, err := r.Revise(tx, dpo, last); return err })
		if got := slugs(); !slices.Equal(got, []string{"migrasi", "zakat", "asuransi"}) {
			t.Errorf("moved up: %q", got)
		}
		last.Order = 0
		write(t, d, func(tx *db.Tx) (err error) { last, err = r.Revise(tx, dpo, last); return err })
		if last.Order != 1 {
			t.Errorf("a change that names no place moved it to %d", last.Order)
		}
		for _, wrong := range []int{-1, 1000} {
			last.Order = wrong
			refused(t, d, "purpose.order", func(tx *db.Tx) error { _, err := r.Revise(tx, dpo, last); return err })
		}
	})
}
