package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/internal/watchlist"
)

// theirs is a made-up customer with values that are nobody's.
func (h *hands) theirs(pairs ...string) string {
	h.t.Helper()
	var in []vault.Input
	for p := range slices.Chunk(pairs, 2) {
		in = append(in, vault.Input{Field: p[0], Value: p[1]})
	}
	p, err := h.Vault.Prepare(h.controller, in)
	h.must(err)
	d, err := h.Vault.Draft(p, "test")
	h.must(err)
	h.must(h.DB.Write(context.Background(), func(tx *db.Tx) error { return h.Vault.Add(tx, d) }))
	return d.Subject
}

// judged judges a text and enters what was decided.
func (h *hands) judged(to dlp.Recipient, way dlp.Way, subject, text string) dlp.Judgement {
	h.t.Helper()
	var j dlp.Judgement
	h.must(h.DB.Write(context.Background(), func(tx *db.Tx) (err error) {
		j, err = h.DLP.Pass(tx, dlp.Passage{Way: way, Recipient: to, By: h.writer, Controller: h.controller, Subject: subject, Lang: i18n.ID, Text: text})
		return err
	}))
	return j
}

func (h *hands) incidents() int {
	h.t.Helper()
	n := 0
	h.must(h.DB.Read(context.Background(), func(tx *db.Tx) error { return tx.Data.Row(`select count(*) from dlp_incident`).Scan(&n) }))
	return n
}

func TestTheAddresseesOwnDataMayGoToTheAddresseeAndAnotherCustomersMayNot(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		h.writer = person(t, h.world, actor.Agent)
		one := h.theirs("name", "Kartinah Wulan Sastro", "phone", "081277700011", "email", "kartinah@contoh.co.id", "account_number", "7700123456", "customer_number", "CST-00918", "nik", "3273014708870017",
			"address", "Jl. Kenanga Raya No. 12 RT 03 Sukajadi")
		two := h.theirs("name", "Wayan Agus Sudarsana", "phone", "081277700022", "customer_number", "CST-00777")
		const others = "Nomor 0812-7770-0022 sudah kami hubungi."
		if j := h.judged(dlp.Customer, dlp.Written, one, others); j.Verdict != dlp.Allow || j.Indexed || j.Customers != 0 {
			t.Errorf("before the index is built: %+v", j)
		}
		h.must(h.Known.Build(ctx))
		before := h.incidents()
		for _, text := range []string{
			"Kami akan menelepon Anda di 0812-7770-0011.", "Surel kartinah@contoh.co.id sudah benar?", "Rekening 7700123456 sudah kami catat, Ibu Kartinah Wulan Sastro.",
			"Nomor pelanggan Anda CST-00918.", "Dikirim ke Jl. Kenanga Raya No. 12 RT 03.",
		} {
			j := h.judged(dlp.Customer, dlp.Written, one, text)
			if j.Verdict != dlp.Allow || !j.Indexed || j.Customers != 1 || !j.Goes() || j.Text != text {
				t.Errorf("%q: %+v", text, j)
			}
			for _, f := range j.Found {
				if !f.Own {
					t.Errorf("%q: %s is not the addressee's own", text, f.Kind)
				}
			}
		}
		if n := h.incidents(); n != before {
			t.Errorf("%d incidents of the addressee's own data", n-before)
		}
		// What nobody may have in a text stays so, also of one's own.
		for text, kind := range map[string]string{"NIK 3273014708870017 terdaftar.": "nik", "PIN Anda 482913.": "pin"} {
			if j := h.judged(dlp.Customer, dlp.Written, one, text); j.Verdict != dlp.Block || j.Kinds()[0] != kind {
				t.Errorf("%q: %+v", text, j)
			}
		}
		// Another's value is stopped, with a shape or without.
		for _, text := range []string{others, "Pesanan itu milik pelanggan CST-00777."} {
			j := h.judged(dlp.Customer, dlp.Written, one, text)
			if j.Verdict != dlp.Block || !slices.Equal(j.Of, []string{two}) || j.Customers != 1 || j.Text != "" {
				t.Errorf("%q: %+v", text, j)
			}
			in, err := h.DLP.Incident(ctx, person(t, h.world, actor.Security), j.Incident)
			h.must(err)
			if !slices.Equal(in.Of, []string{two}) || in.Customers != 1 || strings.Contains(in.Evidence, "0022") && !strings.Contains(in.Evidence, "****0022") || strings.Contains(in.Evidence, "00777") {
				t.Errorf("%+v", in)
			}
		}
		// A name alone may be somebody else's: it goes, and somebody looks at it. Inside it is nothing.
		if j := h.judged(dlp.Customer, dlp.Written, one, "Tadi pak wayan agus sudarsana titip salam."); j.Verdict != dlp.Alert || !slices.Equal(j.Kinds(), []string{"name"}) || j.Incident == "" {
			t.Errorf("%+v", j)
		}
		if j := h.judged(dlp.Inside, dlp.Note, one, "Tadi Wayan Agus Sudarsana titip salam, CST-00777."); j.Verdict != dlp.Allow || len(j.Found) != 0 {
			t.Errorf("%+v", j)
		}
		// Once the customer is erased, the value is nobody's.
		h.must(h.DB.Write(ctx, func(tx *db.Tx) error { _, err := h.Vault.Delete(tx, two); return err }))
		if j := h.judged(dlp.Customer, dlp.Written, one, others); j.Verdict != dlp.Allow {
			t.Errorf("after the erasure: %+v", j)
		}
	})
}

func TestNamesAndValuesOfCustomersThatLeaveAreLookedAt(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		h.writer = person(t, h.world, actor.DPO)
		h.must(h.Known.Build(ctx))
		var table strings.Builder
		table.WriteString("nama,telepon\n")
		var all []string
		for i := range 12 {
			phone := fmt.Sprintf("0812777%05d", 200+i)
			all = append(all, h.theirs("name", fmt.Sprintf("Wayan Sudarsana %s", strings.Repeat("na", i+2)), "phone", phone))
			fmt.Fprintf(&table, "x%d,%s\n", i, phone)
		}
		if j := h.judged(dlp.Outside, dlp.Web, "", "ringkas keluhan wayan sudarsana nana tentang tagihan"); j.Verdict != dlp.Alert || !slices.Equal(j.Kinds(), []string{"name"}) {
			t.Errorf("%+v", j)
		}
		content, err := h.DLP.Examine(ctx, "daftar.csv", strings.NewReader(table.String()), nil)
		h.must(err)
		j, err := h.DLP.Inspect(ctx, dlp.Passage{Way: dlp.Mail, Recipient: dlp.Outside, By: h.writer, Controller: h.controller, Content: content})
		h.must(err)
		slices.Sort(all)
		slices.Sort(j.Of)
		if j.Verdict != dlp.Hold || j.Customers != 12 || !slices.Equal(j.Of, all) || len(j.Found) != 1 || j.Found[0].Count != 12 {
			t.Errorf("%+v", j)
		}
		// The same stream is nobody's at another company.
		var there dlp.Judgement
		h.must(h.DB.Write(ctx, func(tx *db.Tx) error {
			there, err = h.DLP.Pass(tx, dlp.Passage{Way: dlp.Mail, Recipient: dlp.Outside, By: h.writer, Controller: id.New(id.Controller), Content: content})
			return err
		}))
		if there.Customers != 0 || there.Of != nil || there.People != 12 {
			t.Errorf("at another company: %+v", there)
		}
	})
}

// What is told of a file is the same whether its values are customers' or nobody's: order and counts, too.
func TestWhatIsToldOfAFileIsTheSameWhosesoeverItsValuesAre(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		h.writer = person(t, h.world, actor.DPO)
		h.theirs("name", "Wayan Agus Sudarsana", "phone", "081277700022", "email", "wayan@lain.example")
		h.must(h.Known.Build(ctx))
		told := func(text string) (dlp.Judgement, string) {
			content, err := h.DLP.Examine(ctx, "daftar.csv", strings.NewReader(text), nil)
			h.must(err)
			j, err := h.DLP.Inspect(ctx, dlp.Passage{Way: dlp.File, Recipient: dlp.Outside, By: h.writer, Controller: h.controller, Content: content})
			h.must(err)
			says := j.Told()
			var out strings.Builder
			fmt.Fprint(&out, says.Verdict, says.Goes(), says.People, says.Customers, says.Of, says.Incident != "")
			for _, f := range says.Found {
				fmt.Fprint(&out, f.Kind, f.Count, f.Confidence, f.Fixed, f.Known, f.Own, f.Verdict, f.Rules)
			}
			return j, out.String()
		}
		known, theirs := told("nama,surel,telepon\nWayan Agus Sudarsana,wayan@lain.example,081277700022\nx,budi@lain.example,081277700033\n")
		_, nobodys := told("nama,surel,telepon\nWayah Agus Sudarsono,wayah@lain.example,081277700044\nx,budi@lain.example,081277700033\n")
		if known.Customers != 1 || known.Verdict != dlp.Alert || theirs != nobodys {
			t.Errorf("%+v\n%s\n%s", known, theirs, nobodys)
		}
	})
}

// A name in small letters is no part of the evidence, whether package names finds it or the vault knows it.
func TestANameInSmallLettersIsNotInTheEvidence(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		h.writer = person(t, h.world, actor.Agent)
		h.theirs("name", "Cahaya Purnama Jaya", "phone", "081277700033")
		h.must(h.Known.Build(ctx))
		for text, kept := range map[string]string{
			"tadi pak budi hartono nik 3273014708870017 minta dicek":               "[NIK ****0017] minta dicek",
			"kata cahaya purnama nik 3273014708870017 itu sudah dicek":             "[NIK ****0017] itu sudah dicek",
			"saldo tidak cocok, NIK 3273014708870017 dicek lagi oleh tim besok ya": "[NIK ****0017] dicek lagi oleh …",
		} {
			j := h.judged(dlp.Inside, dlp.Note, "", text)
			in, err := h.DLP.Incident(ctx, person(t, h.world, actor.Security), j.Incident)
			h.must(err)
			if !strings.HasSuffix(in.Evidence, kept) {
				t.Errorf("%q: %q", text, in.Evidence)
			}
			for _, word := range []string{"budi", "hartono", "cahaya", "purnama"} {
				if strings.Contains(in.Evidence, word) {
					t.Errorf("%q: %q", text, in.Evidence)
				}
			}
		}
	})
}

// The writer of a text sees of its incident what a text of that shape would show, and nothing of one that only whoever knows
// the customers would have noticed, until it is reviewed.
func TestAWritersOwnIncidentsTellNotWhoseDataItWas(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		h.writer = person(t, h.world, actor.Agent)
		one := h.theirs("name", "Kartinah Wulan Sastro", "phone", "081277700011")
		h.theirs("name", "Wayan Agus Sudarsana", "customer_number", "CST-00777")
		h.must(h.Known.Build(ctx))
		quiet := h.judged(dlp.Customer, dlp.Written, one, "Pak Wayan Agus Sudarsana titip salam.")
		h.judged(dlp.Customer, dlp.Written, one, "Itu pesanan CST-00777.")
		mine, err := h.DLP.Mine(ctx, h.writer)
		h.must(err)
		if len(mine) != 1 || !slices.Equal(mine[0].Kinds, []string{dlp.Personal}) || mine[0].Of != nil || mine[0].Customers != 0 || !strings.Contains(mine[0].Evidence, "[data pribadi]") {
			t.Errorf("%+v", mine)
		}
		h.must(h.DLP.Review(ctx, person(t, h.world, actor.Security), quiet.Incident, "habit", "Jangan sebut nama pelanggan lain."))
		if mine, err = h.DLP.Mine(ctx, h.writer); err != nil || len(mine) != 2 {
			t.Errorf("%+v %v", mine, err)
		}
	})
}

// A text that is stopped for a number that anybody sees says of the words beside it nothing: neither kinds, nor counts, nor evidence
// differ with whether they are a customer's.
func TestAStoppedTextTellsNotWhetherAnotherWordOfItIsACustomers(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		h.writer = person(t, h.world, actor.Agent)
		h.theirs("name", "Wayan Agus Sudarsana", "customer_number", "CST-00777")
		h.must(h.Known.Build(ctx))
		for _, text := range []string{"NIK 3273014708870017 milik %s ya.", "Daftar: %s, NIK 3273014708870017 dan 3273014708870025"} {
			seen := map[string]bool{}
			for _, word := range []string{"CST-00777", "CST-00778", "Wayan Agus Sudarsana", "Wayah Agus Sudarsono", "wayan agus sudarsana"} {
				content, err := h.DLP.Examine(ctx, "a.txt", strings.NewReader(fmt.Sprintf(text, word)), nil)
				h.must(err)
				j, err := h.DLP.Inspect(ctx, dlp.Passage{Way: dlp.Web, Recipient: dlp.Outside, By: h.writer, Controller: h.controller, Content: content})
				h.must(err)
				mine, err := h.DLP.Mine(ctx, h.writer)
				h.must(err)
				i := slices.IndexFunc(mine, func(in dlp.Incident) bool { return in.ID == j.Incident }) // those of one moment have no order
				if i < 0 {
					t.Fatalf("%s is not among the writer's own", j.Incident)
				}
				seen[fmt.Sprint(mine[i].Kinds, mine[i].People, mine[i].Customers, mine[i].Verdict, mine[i].Evidence)] = true
			}
			if len(seen) != 1 {
				t.Errorf("%q is seen as %q", text, slices.Collect(maps.Keys(seen)))
			}
		}
	})
}

// Whoever is stopped again and again because of other customers' values is an alarm for the security team, on the tenth within
// an hour and not before.
func TestWhoTriesOutWhoseValuesAreCustomersIsAnAlarm(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		h.writer = person(t, h.world, actor.Agent)
		one := h.theirs("name", "Kartinah Wulan Sastro", "phone", "081277700011")
		h.theirs("phone", "081277700022")
		h.must(h.Known.Build(ctx))
		security := person(t, h.world, actor.Security)
		alerts := func() []watchlist.Alert {
			list, err := h.Watchlist.AlertList(ctx, security, false)
			h.must(err)
			return list
		}
		for range 9 {
			h.judged(dlp.Customer, dlp.Written, one, "Nomor 0812-7770-0022.")
			h.judged(dlp.Customer, dlp.Written, one, "Nomor 0812-7770-0011.") // her own: nothing is told by it
		}
		if list := alerts(); len(list) != 0 {
			t.Fatalf("too early: %+v", list)
		}
		h.judged(dlp.Customer, dlp.Written, one, "Nomor 0812-7770-0022.")
		h.judged(dlp.Customer, dlp.Written, one, "Nomor 0812-7770-0022.")
		if list := alerts(); len(list) != 1 || list[0].Kind != watchlist.Probing || list[0].Staff != h.writer.ID() || list[0].Count != 11 {
			t.Errorf("%+v", list)
		}
		h.must(h.DB.Read(ctx, func(tx *db.Tx) error {
			list, err := h.Watchlist.Alerts(tx, []string{h.controller})
			if len(list) != 0 {
				t.Errorf("supervisors see %+v", list)
			}
			return err
		}))
	})
}

// A person who tries out values by uploads and requests is refused like a program that does, whatever the next one holds; others are not.
func TestWhoTriesOutWhoseValuesAreCustomersByUploadsIsRefused(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		ctx := t.Context()
		var numbers strings.Builder
		for i := range 10 {
			h.theirs("customer_number", fmt.Sprintf("CST-0077%d", i))
			fmt.Fprintf(&numbers, "CST-0077%d\n", i)
		}
		h.must(h.Known.Build(ctx))
		rina, other := person(t, h.world, actor.Agent), person(t, h.world, actor.Supervisor)
		send := func(by actor.Actor, way dlp.Way, text string) error {
			content, err := h.DLP.Examine(ctx, "a.txt", strings.NewReader(text), nil)
			h.must(err)
			_, err = h.DLP.Inspect(ctx, dlp.Passage{Way: way, Recipient: dlp.Outside, By: by, Controller: h.controller, Content: content})
			return err
		}
		for i := range 50 {
			h.must(send(rina, []dlp.Way{dlp.Web, dlp.File}[i%2], numbers.String()))
		}
		for _, way := range []dlp.Way{dlp.Web, dlp.File} {
			for _, text := range []string{numbers.String(), strings.ReplaceAll(numbers.String(), "CST", "CSU") + "NIK 3273014708870017"} {
				if err := send(rina, way, text); errs.CodeOf(err) != "dlp.probing" {
					t.Errorf("%s: %v", way, err)
				}
			}
			h.must(send(other, way, numbers.String()))
		}
		nobody := actor.NewClient("cli_1", []string{"inspect"}, []string{h.controller}) // a proxy that names nobody
		for range 51 {
			h.must(send(nobody, dlp.Web, numbers.String()))
		}
	})
}

// A build that cannot be done is an alarm and is tried again; one that was told to stop is neither.
func TestAnIndexOfKnownValuesThatCannotBeBuiltIsAnAlarm(t *testing.T) {
	eachHands(t, func(t *testing.T, h *hands) {
		alarmed := func() bool {
			for _, c := range h.checks() {
				if c.Name == "known_values" && c.Ask(t.Context()) != nil {
					return true
				}
			}
			return false
		}
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if h.buildKnown(stopped) || alarmed() || h.Known.State().Ready {
			t.Error("a build that was told to stop went on, or is an alarm")
		}
		if !h.buildKnown(t.Context()) || alarmed() || !h.Known.State().Ready {
			t.Error("the index was not built")
		}
		h.knownFailed.Store(true)
		if !alarmed() {
			t.Error("a build that failed is no alarm")
		}
	})
}

// A mail that goes to one customer alone may hold that customer's data, and no other's; what goes to anybody else is looked at.
func TestAMailToACustomerHoldsThatCustomersDataAlone(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		o.theirs("name", "Kartinah Wulan Sastro", "phone", "081277700011", "email", "kartinah@lain.example", "account_number", "7700123456")
		o.theirs("name", "Wayan Agus Sudarsana", "phone", "081277700022", "email", "wayan@lain.example")
		o.theirs("name", "Made Agus Sudarsana", "email", "wayan@lain.example") // one address for two
		o.must(o.Known.Build(ctx))
		mail := func(text string) string {
			return "From: " + rinasMail + "\r\nSubject: kabar\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text + "\r\n"
		}
		const own = "Ibu Kartinah Wulan Sastro, rekening 7700123456 dan telepon 0812-7770-0011 sudah kami catat."
		before := o.incidents()
		if s := o.send([]string{"kartinah@lain.example"}, mail(own)); s.reply != "" || s.hold != "" || !strings.Contains(s.arrived, "7700123456") {
			t.Errorf("%+v", s)
		}
		if n := o.incidents() - before; n != 0 {
			t.Errorf("%d incidents of the addressee's own data", n)
		}
		for _, to := range [][]string{{"kartinah@lain.example", outsider}, {outsider}, {"wayan@lain.example"}} {
			if s := o.send(to, mail(own)); s.reply != "" || strings.Contains(s.arrived, "7700123456") {
				t.Errorf("to %v: %+v", to, s)
			}
		}
		if s := o.send([]string{"kartinah@lain.example"}, mail("Telepon 0812-7770-0022 itu bukan milik Anda.")); !strings.HasPrefix(s.reply, "550") || strings.Contains(s.reply, "pelanggan") {
			t.Errorf("another customer's number: %+v", s)
		}
	})
}
