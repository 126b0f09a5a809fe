package message

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/catalog"
)

func field(t interface{ Fatal(...any) }, name string) catalog.Field {
	f, ok := catalog.Shipped().Field(name)
	if !ok {
		t.Fatal("no field ", name)
	}
	return f
}

func TestATextThatAsksForASecretIsStoppedHoweverItIsPut(t *testing.T) {
	for _, text := range []string{
		"Mohon sebutkan kode OTP Anda.", "Tolong kirim OTP-nya ya", "otp?", "O.T.P nya berapa Pak", "o t p", "o-t-p dong", "0TP Anda?", "ＯＴＰ", "O\u200bTP", "PIN ATM berapa?", "p1n",
		"CVV di belakang kartu", "3 angka cvc2", "kata  sandi m-banking", "Your password, please", "p@ssw0rd", "kode verifikasi yang masuk lewat SMS", "the verification code you received",
		"one-time code", "Kami tidak pernah meminta OTP, tetapi kali ini mohon kirim.", "Kami tidak pernah meminta PIN. Sebutkan OTP.", "We never ask for an OTP but we need it now", "Kami tidak pernah meminta OTP kepada orang lain selain Anda",
		"Never share your PIN; tell me only", "%4F%54%50", "Kode OTP Anda 482913", "PINnya", "pinmu",
	} {
		if e := May(text, Place{Outlet: "chat", Level: 3, Free: true}); e == nil || e.Code != "message.names_secret" {
			t.Errorf("%q: %v", text, e)
		}
	}
	for _, text := range []string{
		"Kami tidak pernah meminta OTP, PIN, kata sandi, atau CVV.", "We never ask for an OTP, PIN, password or CVV.", "We never ask for an OTP/PIN.", "Pinjaman Bapak sudah kami proses.",
		"Silakan datang ke loket opini, Pak Sandi.", "Pesanan dikirim hari ini.", "Tagihan Rp 1.250.000 jatuh tempo 23/11/2026 pukul 10.30.", "spinning", "Terima kasih!",
	} {
		if e := May(text, Place{Outlet: "chat", Level: 3, Free: true}); e != nil {
			t.Errorf("%q: %v", text, e)
		}
	}
}

func TestNoTemplateNamesASecretButToSayThatWeNeverAsk(t *testing.T) {
	s := &Service{}
	c, err := i18n.Load(i18n.Source{Room: "message", FS: s.Module().Messages})
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []i18n.Lang{i18n.ID, i18n.EN} {
		for _, form := range []string{"body", "sms", "subject"} {
			text := c.For(lang, nil).T("message.verification."+form, "company", "Bank", "link", "-")
			if e := May(text, Place{Outlet: "email"}); e != nil {
				t.Errorf("%s %s: %v", lang, form, e)
			}
		}
	}
}

func TestNumbersOfTheStateAndOfCardsAndAddressesOfPagesDoNotLeave(t *testing.T) {
	for code, texts := range map[string][]string{
		"message.holds_official": {"3273014708870017", "NIK 3273 0147 0887 0017", "3.2.7.3.0.1.4.7.0.8.8.7.0.0.1.7", "KK: 3273-0125-0312-0017", "NPWP 09.254.294.3-407.000", "nomor 1111111111111111", "３２７３０１４７０８８７００１７", "٣٢٧٣٠١٤٧٠٨٨٧٠٠١٧", "327301\u200b4708870017", "3273%20014708870017",
			"32,73,01,47,08,87,00,17", "3273\n0147\n0887\n0017"},
		"message.holds_card": {"kartu 5555 5555 5555 4444", "5555555555554444"[:4] + "-5555-5555-4444", "3782 822463 10005"},
		"message.holds_link": {"buka https://bank.example/x", "buka bank-anda.com/login", "www.bank", "cek promo.id", "klik bit.ly/abc", "lihat toko.co.id.", "HTTPS://X"},
	} {
		for _, text := range texts {
			if e := May(text, Place{Outlet: "chat", Level: 3, Free: true}); e == nil || e.Code != code {
				t.Errorf("%q: %v, want %s", text, e, code)
			}
		}
	}
	for _, text := range []string{"Hubungi 021-5000-1234 atau 1500888.", "Resi 0012345678", "S.H. dan M.Kn.", "cs@bank.example bukan alamat halaman", "dll.", "pukul 10.30.id"[:11]} {
		if e := May(text, Place{Outlet: "chat", Level: 3, Free: true}); e != nil {
			t.Errorf("%q: %v", text, e)
		}
	}
	if e := May("Ini dari Bank.", Place{Outlet: "voicemail", Level: 3, Free: true}); e == nil || e.Code != "message.voicemail" {
		t.Error(e)
	}
}

func TestAValueIsFoundHoweverItIsSpelt(t *testing.T) {
	for name, c := range map[string]struct {
		value string
		said  []string
		not   []string
	}{
		"phone":              {"+6281277774321", []string{"0812-7777-4321", "+62 812 7777 4321", "81277774321", "0 8 1 2 7 7 7 7 4 3 2 1", "０８１２７７７７４３２１", "nomor 0812.7777.4321.", "0812\n7777\n4321"}, []string{"0812 7777 4322", "4321"}},
		"name":               {"Muhammad Sukarno", []string{"Moh. Soekarno", "Yth. Bapak MUHAMMAD SUKARNO,", "H. Muhamad Sukarno, S.H.", "m u h a m m a d s u k a r n o", "MuhammadSukarno"}, []string{"Bapak Muhammad", "Sukarno Hatta"}},
		"email":              {"budi.s@toko.example", []string{"BUDI.S@toko.example", "budi . s @ toko . example", "<budi.s@toko.example>"}, []string{"toko kami"}},
		"birth_date":         {"1987-08-17", []string{"17 Agustus 1987", "lahir 17-08-1987.", "17081987", "17 / 8 / 1987", "17 August 1987"}, []string{"17 Agustus 2026", "1987"}},
		"customer_number":    {"CN00000123", []string{"cn00000123", "CN 0000 0123", "(CN-0000-0123)"}, []string{"CN0000"}},
		"account_number":     {"12004", []string{"rekening 12004", "1-2-0-0-4", "'12004'"}, []string{"912004", "Rp12.004.500"}},
		"account_history":    {"150000", []string{"Rp 150.000,00", "sebesar Rp150.000"}, []string{"Rp 15.000"}},
		"mother_maiden_name": {"Siti", []string{"Ibu Siti", "siti."}, []string{"sitiran"}},
		"extra_tier":         {"xy", nil, []string{"xy"}},
	} {
		f := field(t, name)
		for _, said := range c.said {
			if !fold(visible(said)).holds(Known{f, c.value}) {
				t.Errorf("%s: %q is not found", name, said)
			}
		}
		for _, said := range c.not {
			if fold(visible(said)).holds(Known{f, c.value}) {
				t.Errorf("%s: %q is found", name, said)
			}
		}
	}
}

// spellings are ways to write a value that a receiver reads as the value.
var spellings = map[string]func(string) string{
	"plain":  func(s string) string { return s },
	"digits": func(s string) string { return onlyDigits(s) },
	"spaced": func(s string) string { return strings.Join(strings.Split(s, ""), " ") },
	"dotted": func(s string) string { return strings.Join(strings.Split(s, ""), ".") },
	"dashes": func(s string) string { return strings.Join(strings.Split(s, ""), "-") },
	"upper":  strings.ToUpper,
	"wide": func(s string) string {
		return strings.Map(func(r rune) rune {
			if r > ' ' && r < 0x7f {
				return r + 0xfee0
			}
			return r
		}, s)
	},
	"percent": func(s string) string { return url.QueryEscape(strings.ReplaceAll(s, " ", "\u00a0")) },
	"hidden":  func(s string) string { return strings.Join(strings.Split(s, ""), "\u200b") },
}

func onlyDigits(s string) string {
	d := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
	if d == "" {
		return s
	}
	return d
}

// Whatever the field, the outlet, the level, the spelling and the words around it: a text that
// holds a value which its cell forbids does not leave, and a text without one does.
func TestNoTextLeavesWithAValueThatItsCellForbids(t *testing.T) {
	c := catalog.Shipped()
	letters := rapid.SliceOfN(rapid.SampledFrom([]string{"Mawar", "Kenanga", "Cempaka", "Dahlia", "Seruni", "Anggrek", "Teratai"}), 2, 3)
	values := map[string]*rapid.Generator[string]{
		"nik": rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("327301%02d0887%04d", rapid.IntRange(1, 28).Draw(t, "day"), rapid.IntRange(1, 9999).Draw(t, "n"))
		}),
		"phone":     rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("+62812%08d", rapid.IntRange(0, 99999999).Draw(t, "n")) }),
		"number":    rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("%010d", rapid.IntRange(0, 9999999999).Draw(t, "n")) }),
		"reference": rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("PX%08d", rapid.IntRange(0, 99999999).Draw(t, "n")) }),
		"date": rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("19%02d-%02d-%02d", rapid.IntRange(10, 99).Draw(t, "y"), rapid.IntRange(1, 12).Draw(t, "m"), rapid.IntRange(1, 28).Draw(t, "d"))
		}),
		"words": rapid.Custom(func(t *rapid.T) string { return strings.Join(letters.Draw(t, "w"), " ") }),
		"mail": rapid.Custom(func(t *rapid.T) string {
			return strings.ToLower(strings.Join(letters.Draw(t, "w"), ".")) + "@contoh.example"
		}),
	}
	of := map[string]string{"nik": "nik", "nik_region": "nik", "kk": "nik", "npwp": "nik", "phone": "phone", "account": "number", "reference": "reference", "customer_number": "reference",
		"date": "date", "name": "words", "text": "words", "address": "words", "fact": "words", "email": "mail"}
	var fields []catalog.Field
	for _, f := range c.Fields() {
		if of[f.Normaliser] != "" {
			fields = append(fields, f)
		}
	}
	ways := slices.Sorted(maps.Keys(spellings))
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(fields).Draw(t, "field")
		outlet := rapid.SampledFrom(catalog.Outlets).Draw(t, "outlet")
		level := rapid.IntRange(0, 3).Draw(t, "level")
		value := values[of[f.Normaliser]].Draw(t, "value")
		way := rapid.SampledFrom(ways).Draw(t, "way")
		free := outlet != "voicemail" && rapid.Bool().Draw(t, "free")
		before := rapid.SampledFrom([]string{"", "Yth. ", "data: ", "(", "Baik, jadi "}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", ".", " ya", ")", ", terima kasih"}).Draw(t, "after")
		place := Place{Outlet: outlet, Level: level, Known: []Known{{f, value}}, Free: free}
		e := May(before+spellings[way](value)+after, place)
		if f.Say(outlet, level) != catalog.Whole && e == nil {
			t.Fatalf("%s leaves by %s at V%d, %s: %q", f.Name, outlet, level, way, spellings[way](value))
		}
		if e != nil && strings.Contains(fmt.Sprintf("%v %+v", e, e.Args), value) {
			t.Fatalf("the refusal quotes the value: %v", e)
		}
		if e := May("Baik, pesanan sedang kami proses.", place); e != nil {
			t.Fatalf("a text without it is refused: %v", e)
		}
	})
}

func TestWhatAnAgentWritesIsHeldAgainstAllThatIsKnown(t *testing.T) {
	each(t, func(t *testing.T, o *outbox) {
		ctx := context.Background()
		held := func(outlet string, level int, text string) (Cleared, error) {
			t.Helper()
			var r *Reading
			o.must(o.db.Write(ctx, func(tx *db.Tx) (err error) { r, err = o.Read(tx, o.subject, ""); return err }))
			return o.Clear(ctx, o.admin, r, outlet, level, text)
		}
		o.log.take()
		ok, err := held("email", 2, "  Pesanan dikirim besok.\r\nSalam ")
		o.must(err)
		if got := o.log.take(); !slices.Equal(got, []string{"process allowed"}) {
			t.Error(got)
		}
		for text, code := range map[string]string{
			"Nomor Anda 0812-7777-4321": "message.holds_value", "ke " + canaryMail: "message.holds_value", "Kirim OTP": "message.names_secret",
			"": "message.text_unusable", "a\x00": "message.text_unusable", strings.Repeat("x", MaxWritten+1): "message.text_unusable", "\xff": "message.text_unusable",
		} {
			if _, err := held("email", 3, text); errs.CodeOf(err) != code {
				t.Errorf("%.20q: %v", text, err)
			}
		}
		if got := o.log.take(); !slices.Contains(got, "message.held denied message.holds_value") || !slices.Contains(got, "message.held denied message.names_secret") {
			t.Error(got)
		}
		if _, err := held("phone", 3, "Nomor Anda 0812-7777-4321, benar?"); err != nil {
			t.Errorf("what may be said at V3 is refused: %v", err)
		}
		if _, err := held("fax", 3, "x"); errs.CodeOf(err) != "message.outlet_unknown" {
			t.Error(err)
		}
		// A cleared text goes to the customer and the channel it was cleared for, and nowhere else.
		other, value := o.customer(o.bank, "KNR-9")
		send := func(c Cleared, change func(*Outgoing)) error {
			_, err := o.queue(func(m *Outgoing) {
				m.Template, m.Args = "message.written", map[string]Arg{"company": Company("Bank Contoh"), "text": Written(c)}
				change(m)
			})
			return err
		}
		o.must(send(ok, func(*Outgoing) {}))
		o.work()
		if len(o.sent) != 1 || !strings.Contains(o.sent[0].Body, "Pesanan dikirim besok.\nSalam") || !strings.Contains(o.sent[0].Body, "tidak pernah meminta OTP") {
			t.Errorf("%+v", o.sent)
		}
		if err := send(ok, func(m *Outgoing) { m.Subject, m.Value = other, value }); errs.CodeOf(err) != "message.argument_unusable" {
			t.Error(err)
		}
		spoken, err := held("chat", 3, "Baik.")
		o.must(err)
		if err := send(spoken, func(*Outgoing) {}); errs.CodeOf(err) != "message.argument_unusable" {
			t.Error(err)
		}
		// A reading is worth nothing twice, nor before its commit.
		var r *Reading
		o.must(o.db.Write(ctx, func(tx *db.Tx) (err error) { r, err = o.Read(tx, o.subject, ""); return err }))
		if _, err := o.Clear(ctx, o.admin, r, "chat", 2, "Baik."); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Clear(ctx, o.admin, r, "chat", 2, "Baik."); err == nil {
			t.Error("one leave to open is used twice")
		}
		_ = o.db.Write(ctx, func(tx *db.Tx) error {
			r, _ = o.Read(tx, o.subject, "")
			return errNotDead
		})
		if _, err := o.Clear(ctx, o.admin, r, "chat", 2, "Baik."); err == nil {
			t.Error("a leave that was rolled back opens")
		}
		o.o.Reader = o.o.Duty
		o.o.Catalogue = nil
		if err := o.db.Write(ctx, func(tx *db.Tx) error { _, err := o.Read(tx, o.subject, ""); return err }); errs.CodeOf(err) != "message.no_reader" {
			t.Error(err)
		}
	})
}
