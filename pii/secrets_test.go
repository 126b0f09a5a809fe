package pii

// waysOfSecrets are more ways in which people give passwords and codes, and near misses beside them.
var waysOfSecrets = []struct {
	name  string
	texts []string
}{
	{"plain words as passwords", []string{
		"sandi wifi aula: [[password:mawarputih]] (huruf kecil semua), sinyalnya lemah",
		"password hotspot lantai atas: [[password:gurihnyoi]], dicoba ya",
		"kata kunci tamu hari ini [[password:RAMBUTAN]], besok diganti",
		"passwordnya hari ini [[password:SEROJA]] ya kak",
		"pw wifi klinik apaan? [[password:lekassembuh]] kan? kok ga nyambung",
		"sandi wifinya apa ya? [[password:kopisusu]] bukan?",
		"yg bener pw wifi tamu apa? [[password:salamhangat]] kan",
		"psw \"[[password:bajaj-biru]]\" dibacakan sendiri sama yang punya",
		"pasword saya [[password:batagorkuah]] nya kok ditolak",
		"bukan [[password:Melon09]] melainkan [[password:Melon90]] kata sandinya",
		"[[password:Kelinci77]] kata sandinya pak",
		"saya kasih tau passwordnya, [[password:pempekkapal9]], jangan disebar",
		"sandi lamaku [[password:Alhamdulillah12]] trs kubuat baru [[password:Alhamdulillah123]] eh kekunci",
		"password lama [[password:Gajah2019]] dibikin baru [[password:Gajah2026]]",
		"password default itu tgl jadian kan? gw coba [[password:21071999]] gabisa",
		"kolom sandi tertulis \"wajib diisi\" padahal sudah",
		"di layar kata sandi muncul \"mohon isi kolom ini\"",
		"pw hint \"minuman kesukaan\" saya lupa",
		"sandi wifi di lobi: tanya resepsionis",
		"password wifi apaan ya? lupa saya",
		"pw wifi apa? tolong dong kak",
		"ganti password hari ini WAJIB bagi semua pegawai",
		"password akun tamu: belum dibuat",
		"sandi pelanggan sudah direset, saya coba hubungi 3 kali",
	}},
	{"passwords of several words", []string{
		"sandinya [[password:arema juara 1987]] tapi hurufnya kecil semua",
		"kata sandinya dua kata, [[password:topi hijau]], pakai spasi",
		"sandi: [[password:aku cinta nenek]] (pakai spasi semua)",
		"passwordnya [[password:kuda lumping]] disambung ya",
		"password wifi: [[password:mie goreng jawa]] huruf kecil semua",
		"the password is [[password:purple elephant dance]] all lowercase",
		"password: [[password:green tea latte]] no spaces",
		"pw nya [[password:langit biru 88]] tanpa spasi",
		"passwordnya harus huruf besar dan angka",
		"sandinya minimal satu huruf besar",
		"password nya pakai huruf kecil semua",
		"passwordnya jangan pakai spasi",
		"sandinya terdiri dari huruf dan angka",
		"password: minimum eight letters, no spaces",
	}},
}
