package mail

import (
	"bufio"
	"net/textproto"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestTexts(t *testing.T) { webtest.Texts(t, "mail", "../../trail") }

func TestDomainsAreReadWithTheirCompanies(t *testing.T) {
	got, first, ok := ParseDomains([]string{"Toko.co.id=utama", " cabang.toko.co.id = cabang"})
	if diff := cmp.Diff(map[string]string{"toko.co.id": "utama", "cabang.toko.co.id": "cabang"}, got); diff != "" || first != "utama" || !ok {
		t.Error(diff, first, ok)
	}
	for _, wrong := range [][]string{{"toko.co.id"}, {"toko.co.id="}, {"=utama"}, {"toko=utama"}, {"a@toko.co.id=utama"}, {"toko.co.id=utama", "TOKO.co.id=lain"}, {"to ko.id=utama"}} {
		if _, _, ok := ParseDomains(wrong); ok {
			t.Errorf("%q taken", wrong)
		}
	}
}

func TestOneRecipientElsewhereMakesAMailOneToOthers(t *testing.T) {
	s := Settings{Domains: map[string]string{"toko.co.id": "utama", "mitra.co.id": "mitra"}, First: "utama"}
	for to, inside := range map[string]bool{
		"rina@toko.co.id": true, "rina@TOKO.co.id.": true, "rina@toko.co.id budi@mitra.co.id": true,
		"rina@toko.co.id budi@lain.co.id": false, "rina@toko.co.id.lain.id": false, "rina@x.toko.co.id": false, "root": false, "": false,
		`"budi@toko.co.id"@lain.id`: false, "rina@toko.co.id@lain.id": false,
	} {
		if got := to != "" && len(s.others(strings.Fields(to))) == 0; got != inside {
			t.Errorf("%q: inside %t", to, got)
		}
	}
	for _, c := range []struct{ from, to, want string }{
		{"a@mitra.co.id", "b@toko.co.id", "mitra"}, {"a@lain.id", "b@mitra.co.id", "mitra"}, {"a@lain.id", "b@lain.id", "utama"}, {"", "b@lain.id", "utama"},
	} {
		if got := s.company(c.from, []string{c.to}); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestAReasonIsTakenOutOfTheSubject(t *testing.T) {
	for subject, want := range map[string][2]string{
		"Laporan [alasan: diminta OJK]":                            {"Laporan", "diminta OJK"},
		"[Reason: asked by the auditor] Report":                    {"Report", "asked by the auditor"},
		"Laporan [ALASAN : a] Juni [reason:b]":                     {"Laporan Juni", "a b"},
		"Laporan\n\t[alasan: diminta\n regulator] Juni":            {"Laporan Juni", "diminta regulator"},
		"=?utf-8?q?Laporan_=5Balasan=3A_diminta_OJK=5D?=":          {"Laporan", "diminta OJK"},
		"=?utf-8?b?TGFwb3JhbiDigJ4gW2FsYXNhbjogZGltaW50YSBPSktd?=": {"=?utf-8?q?Laporan_=E2=80=9E?=", "diminta OJK"},
		"[alasan: ]": {"", ""},
	} {
		rest, reason, has := withoutReason(subject)
		if !has || rest != want[0] || reason != want[1] {
			t.Errorf("%q: %q %q %t", subject, rest, reason, has)
		}
	}
	for _, subject := range []string{"Laporan", "Laporan [alasan]", "Laporan alasan: a", "=?utf-8?q?caf=C3=A9?=", "a\n b"} {
		if rest, _, has := withoutReason(subject); has || rest != subject {
			t.Errorf("%q became %q", subject, rest)
		}
	}
}

func TestAPlaceNamesOneMailOnOneMachine(t *testing.T) {
	if got := Place("MX1.toko.co.id", "4b7Qx1F2z8"); got != "mx1.toko.co.id/4b7Qx1F2z8" {
		t.Error(got)
	}
	if queue, here := At("mx1.toko.co.id/4b7Qx1F2z8", "mx1.toko.co.id"); queue != "4b7Qx1F2z8" || !here {
		t.Error(queue, here)
	}
	for _, wrong := range [][2]string{{"mx1", ""}, {"mx1", "ALL"}, {"mx1", "all"}, {"mx1", "-d"}, {"mx1", "4b7Qx ALL"}, {"", "4b7Qx"}, {"-x", "4b7Qx"}, {"mx 1", "4b7Qx"}} {
		if got := Place(wrong[0], wrong[1]); got != "" {
			t.Errorf("%q: %q", wrong, got)
		}
	}
	for place, host := range map[string]string{"mx1/4b7Qx": "mx2", "mx1/ALL": "mx1", "mx1/-dALL": "mx1", "4b7Qx": "mx1", "/4b7Qx": "", "": ""} {
		if _, here := At(place, host); here {
			t.Errorf("%q is taken on %q", place, host)
		}
	}
}

func TestTheHeadIsReadableWhateverStandsInIt(t *testing.T) {
	head := examined([]field{
		{"From", "Rina <rina@toko.co.id>"}, {"To", `"NIK 3273014708870017" <budi@lain.id>, 4539148803436467@lain.id`}, {"Cc", "bukan alamat <"},
		{"Subject", "satu\x01dua\n\ttiga\x00"}, {"Odd Name", "isi"}, {"Amanah-Verdict", "checked"}, {"Content-Type", "text/plain;\n\tcharset=utf-8"}, {"X-Late", "akhir"},
		{"User-Agent", "NIK 1"}, {"Content-Description", "NIK 2"}, {"Content-ID", "<a@b>"},
	})
	h, err := textproto.NewReader(bufio.NewReader(strings.NewReader(head))).ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"From": "Rina rina toko.co.id", "To": "NIK 3273014708870017 budi lain.id;  4539148803436467 lain.id", "Cc": "bukan alamat <", "Subject": "satu dua  tiga ",
		"X-Unusual": "Odd Name isi", "Content-Type": "text/plain;  charset=utf-8", "X-Late": "akhir", "Amanah-Verdict": "", "User-Agent": "NIK 1", "Content-Description": "NIK 2", "Content-Id": "<a@b>",
	} {
		if got := h.Get(name); strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if at := strings.Index(head, "From:"); at < 300 {
		t.Error("what a mail writes may stand where kinds of files are told by their bytes:", at)
	}
}

func TestAnAnswerIsOneLineOfLettersThatEveryMailServerKnows(t *testing.T) {
	got := answer("550 5.7.1", "Surel\r\nberisi “NIK” 100% "+strings.Repeat("x", 600))
	if len(got) > 420 || strings.ContainsAny(got, "\r\n%“") || !strings.HasPrefix(got, "550 5.7.1 Surel  berisi ?NIK? 100? ") {
		t.Errorf("%q", got)
	}
}

func TestABlankBeforeTheColonHidesNoHeader(t *testing.T) {
	if got := examined([]field{{"Content-Type ", "text/html"}}); !strings.Contains(got, "\r\nContent-Type: text/html\r\n") {
		t.Errorf("%q", got)
	}
	l := letter{}
	if l.add("Content-Type", "text/plain"); l.over != nil {
		t.Fatal(l.over)
	}
	if l.add("Content-Type ", "multipart/mixed; boundary=b"); l.over == nil {
		t.Error("two types are one")
	}
}

// Postfix sends user%lain.id@toko.co.id on to user@lain.id where toko.co.id is its own, and some more of that kind.
func TestARecipientWhoIsSentOnIsNoColleague(t *testing.T) {
	s := Settings{Domains: map[string]string{"toko.co.id": "utama"}, First: "utama"}
	for _, to := range []string{"budi%lain.id@toko.co.id", "lain.id!budi@toko.co.id", `"budi@lain.id"@toko.co.id`, "budi@lain.id@toko.co.id", "@lain.id:rina@toko.co.id", "@toko.co.id"} {
		if len(s.others([]string{to})) == 0 {
			t.Errorf("%s is a colleague", to)
		}
	}
	if got := s.others([]string{"rina.s+jualan@toko.co.id", "=?x?=@toko.co.id", "o'neil@toko.co.id"}); len(got) > 0 {
		t.Error(got)
	}
}
