package pii

import "testing"

// What an honest company writes to its customers names secrets and links, and holds none.
func TestWarningsAboutSecretsHoldNone(t *testing.T) {
	s := New(Options{})
	for _, text := range []string{
		"Kami tidak pernah meminta OTP/PIN. Bukan Anda? Hentikan: https://localhost:8443/v/notice/abc",
		"Kami tidak pernah meminta OTP atau PIN. Bila ragu, Hubungi kami. Buka https://toko.example/v/4821",
		"Sebuah kunci sandi baru didaftarkan. Dengan kata sandi itu Anda dapat mengonfirmasi percakapan.",
		"Kami tidak pernah meminta OTP, PIN, kata sandi, atau CVV.\n\nUntuk memastikan, buka toko.example/check, lalu masukkan kode 482 913 077.",
		"We never ask for an OTP, PIN, password or CVV.\nCheck this call: toko.example/check code 482 913 077",
		"Kata sandi itu langsung kami hapus.",
		"We never ask for an OTP, PIN or password. Not you? Please stop it: https://toko.example:8443/n/123456",
	} {
		if found := s.Scan(nil, []byte(text)); len(found) > 0 {
			t.Errorf("%q: %s at %q", text, found[0].Type, text[found[0].Start:found[0].End])
		}
	}
	for text, want := range map[string]Type{"OTP-nya berapa? 482913": OTP, "PIN saya 482913": PIN, "kata sandi saya adalah rahasiaku1": Password, "otp yang masuk tadi adalah 482913": OTP} {
		if found := s.Scan(nil, []byte(text)); len(found) != 1 || found[0].Type != want {
			t.Errorf("%q: %v", text, found)
		}
	}
}

// News has years and numbers behind sentences that speak of messages, codes and safety.
func TestProseBehindProseIsNoAnswer(t *testing.T) {
	s := New(Options{})
	for _, text := range []string{
		"Petugas keamanan berjaga di depan gedung sejak pagi karena ramai pengunjung.\nKonser musik tahunan 2018 mengawali rangkaian acara kota di bulan itu, kata panitia kepada wartawan.",
		"Lima operator dihukum karena tarif pesan singkat (sms) yang mereka sepakati bersama.\n2002 menjadi tahun terakhir perusahaan itu membuka kantor cabang di luar pulau, menurut laporan.",
		"Sandi itu dipakai dalam perang dan baru dibuka setelah puluhan tahun.\nDalam bulan Juni 1946 rombongan tiba di pelabuhan dan disambut oleh penduduk setempat yang menunggu.",
	} {
		if found := s.Scan(nil, []byte(text)); len(found) > 0 {
			t.Errorf("%q: %s at %q", text, found[0].Type, text[found[0].Start:found[0].End])
		}
	}
}
