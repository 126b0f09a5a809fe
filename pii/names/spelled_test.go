package names

import "testing"

func TestNamesInsideAMailAddressThatIsSaidAreNone(t *testing.T) {
	for _, text := range []string{
		"emailnya rina titik wulandari at gmail titik com ya",
		"email saya hendra underscore saputra et yahoo titik co titik id",
		"kirim ke siti [dot] aminah (at) contoh [dot] id",
		"my email is maria dot tan at outlook dot com",
		"alamatnya rina @ gmail . com",
	} {
		if got := found(text, Options{}); got != "" {
			t.Errorf("%q: found %q", text, got)
		}
	}
	for text, want := range map[string]string{
		"saya ketemu pak hendra at the office":                    "person hendra",
		"nama saya rina wulandari, email rina at gmail titik com": "person rina wulandari",
		"at":     "",
		"@":      "",
		"a @ ":   "",
		" @ b":   "",
		"x at y": "",
	} {
		if got := found(text, Options{}); got != want {
			t.Errorf("%q: found %q, not %q", text, got, want)
		}
	}
}

func TestTitlesOfWorksAreNobody(t *testing.T) {
	for text, want := range map[string]string{
		`saya pesan buku "Siti Nurbaya" kemarin`: "",
		`putar lagu “Rina Wulandari” dong`:       "",
		`film berjudul "Laskar" dan kak rina`:    "person rina",
		`buku "`:                                 "",
		`buku "dari kak rina`:                    "person rina",
		`buku punya kak rina`:                    "person rina",
	} {
		if got := found(text, Options{}); got != want {
			t.Errorf("%q: found %q, not %q", text, got, want)
		}
	}
}

func TestWhatIsCalledAfterPersonsIsNobody(t *testing.T) {
	for _, text := range []string{
		"misa di Gereja Santo Antonius jam enam", "Tata Usaha SMP Santa Maria", "makan di warung bu Tini yuk", "toko Pak Haji Jaya pindah",
	} {
		if got := found(text, Options{}); got != "" {
			t.Errorf("%q: found %q", text, got)
		}
	}
}
