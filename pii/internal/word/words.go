package word

import "strings"

type line struct {
	cues  Cue
	part  Part
	value uint8
	words string
}

// endings are what speech hangs on a cue: "rekeningnya", "emailku".
var endings = []string{"", "nya", "ku", "mu", "ny"}

// list is the dictionary. A word may stand on several lines.
var list = []line{
	{NIK, 0, 0, "enika katepe nik ktp ektp noktp nonik induk kependudukan citizenship nric"},
	{NIK | Document, 0, 0, "penduduk identitas identity national"},
	{Family, 0, 0, "kk keluarga nokk family fam"},
	{Tax, 0, 0, "enpewepe npwp pajak tax taxpayer tin coretax bupot djp"},
	{TaxPlace, 0, 0, "nitku"},
	{Card, 0, 0, "kredit credit debit debet visa mastercard amex jcb cc unionpay creditcard"},
	{Card | Document, 0, 0, "kartu card krtu kartunya kertu atm"},
	{Phone, 0, 0, "hp nohp nope nopenya hapenya henpon henpun hempon telf tlfon telpun tilpun phonenumber mobilenumber hapeku nomerwa nomorwa nomerku nohpnya telpnya tlpnya hp2 hape hpnya handphone ponsel telp telpon telepon tlp tlpn telfon tlfn phone phones mobile cell cellphone seluler selular wa whatsapp whatsap watsap wasap wsp kontak contact hubungi hub fax faks faksimili sms call calls telephone tel hotline msisdn telegram dihubungi nowa notelp nomerhp nomorhp nohape ditelepon ditelpon dial"},
	{Phone | Ewallet, 0, 0, "gopay ovo dana shopeepay linkaja"},
	{Account, 0, 0, "rek rekening rekenin rekenning norekening nomorrekening norek rekg account acct acc akun rekenig reknya rekeningnya accnt rekeninge rekeningna rekeningnyo rekeningnye rekeningta reknyo rekna"},
	{Account, 0, 0, "tabungan giro deposito savings"},
	{Bank, 0, 0, "bca bni bri mandiri bsi btn danamon muamalat ocbc nisp cimb niaga permata bjb jago seabank jenius btpn maybank panin mega uob dbs hsbc sinarmas bukopin allobank neo bnc blu bpd bank superbank krom hibank nobu mayapada woori citibank citi commonwealth bpr digibank linebank bankjago bankbca"},
	{Transfer, 0, 0, "transfer ditransfer transferan tf trf trfs trsf setor disetor setoran krdt payroll refund pengembalian pencairan dicairkan mutasi uangnya uang duit duitnya rekon autodebet autodebit otomatis"},
	{Insurance, 0, 0, "bpjs"},
	{Health, 0, 0, "jkn mjkn kis noka bpjskes health"},
	{Health | Document, 0, 0, "kesehatan"},
	{Work, 0, 0, "kpj jamsostek bpjstk ketenagakerjaan bpjamsostek bpjsket jht bpjstku bpu jkp jkk jkm naker jamsos jmo"},
	{Passport, 0, 0, "paspor passport pasport passpor nopaspor paspore passportnumber"},
	{Licence, 0, 0, "sim nosim mengemudi driver driving drivers"},
	{Licence | Document, 0, 0, "licence license"},
	{Plate, 0, 0, "pelat angkot angkotnye bus bis oto taksi pickup plat nopol polisi plate kendaraan stnk tnkb bpkb mobil motor mobilnya vehicle platnomor nopolnya nrkb samsat bernopol avanza xenia innova brio pajero xpander vario beat nmax pcx rush terios agya ayla sigra calya fortuner jazz truk parkir tilang"},
	{Birth, 0, 0, "lahir ttl dob birth born birthday birthdate lahirnya kelahiran tgllahir tgllhr lhr dilahirkan ultah lair lahiran lahirna lahire brojol bday birthdays mbrojol lahia lahirka lahirki terlahir dibabarkeun lekad birthdate tgllhir milad lairipun embas zodiak zodiac"},
	{PIN, 0, 0, "pin pinnya mpin pincode puk pinnye"},
	{OTP, 0, 0, "otp otpnya otepe oteepe otipi kodeotp passcode onetime"},
	{Verify, 0, 0, "aktivasi activation konfirmasi confirmation verifikasi verification verify authentication otentikasi autentikasi verif authenticator rahasia login signin sms security keamanan pengaman"},
	{Lock, 0, 0, "brankas safe gembok padlock koper loker locker pintu gerbang gate door alarm smartlock keybox lockbox"},
	{Code, 0, 0, "kode code kodenya kd kodenye"},
	{CVV, 0, 0, "cvv cvc cvvnya csc ccv cvn sivivi siviivi siviviya ceveve"},
	{Password, 0, 0, "password sandi passwd pwd katasandi passwordnya pass passphrase pasword paswordnya passwort pw sandine sandina sandinyo passwordne passwordna passwordnyo paswot pswd kunciwifi psk psw sandinye passwordnye paswordnye psswd sandin paswod"},
	{Email, 0, 0, "surelna surele emailna emaile imele emel email mail emailnya surel imel imelnya gmailnya imail"},
	{IMEI, 0, 0, "imei aimei imeinya"},
	{Key, 0, 0, "apikey token secret bearer accesskey secretkey apitoken authtoken"},
	{Key | Document, 0, 0, "key kunci api keybca appli mtoken glpat"},
	{Wallet, 0, 0, "wallet bitcoin btc ethereum eth usdt crypto kripto"},
	{IP, 0, 0, "ip ipv"},
	{MAC, 0, 0, "mac macaddress macaddr bssid wlan ethernet dhcp router printer perangkat"},
	{Mother, 0, 0, "kandung kdg kanduang kndung kandug"},
	{Never, 0, 0, "pernah never"},
	{Back, 0, 0, "back belakang dibelakang balik dibaliknya signature"},
	{Parent, 0, 0, "ibu mother mothers mama mamah ibunya mom moms mum mums emak mbok simbok ambu inang mamak enyak nyak nyokap mak biyung indung mande bundo amak simak mami ummi umi mandeh meme amma biang mace ibunda"},
	{Mother | Maiden, 0, 0, "mmn ibukandung namaibu namaibukandung mothername mothersname maidenname melahirkan nglairaken"},
	{Maiden, 0, 0, "maiden gadis gadih"},

	{Order, 0, 0, "order pesanan orderan invoice inv faktur resi resinya tracking awb tiket ticket transaksi transaction trx trxid ref referensi reference booking bookingan sku po kwitansi struk receipt batch seri serial barcode kupon voucher nota noresi nopesanan noinv virtual va briva meter meteran idpel customerid pengaduan komplain complaint kasus antrian antrean queue isbn ean upc sn kontrak polis id uid userid orderid session nip nisn nim nidn npsn nuptk nis perkara registrasi pendaftaran airwaybill promo kurir penerbangan porsi stok stock shipment laporan part sertifikat cif sk nop sptpd timestamp epoch rangka mesin objek akta"},
	{Money, 0, 0, "rp rupiah idr usd sgd eur harga saldo nominal sebesar senilai seharga total jumlah price amount balance cost limit plafon gaji omzet harganya totalnya worth skor score hits views follower followers subscriber populasi suara"},
	{Home, 0, 0, "alamat alamatnya almt tinggal domisili berdomisili rumah rumahnya bertempat address kirim dikirim dikirimkan pengiriman antar diantar kediaman tinggalnya live lives residing penerima kost kos ngontrak addr omah omahku griyo rmh rmhku tingga calik griyane dom umah umahe bermukim menetap menempati mukim staying mailing deliver"},
	{Expiry, 0, 0, "berlaku exp expiry expired tempo terdaftar daftar kadaluarsa kedaluwarsa valid thru pembuatan dibuat janji kunjungan terbit issued jadwal deadline due libur cuti acara event promo update diterbitkan perpanjang masuk keluar berangkat tiba checkin checkout beli dibeli kirim dikirim kontrol imunisasi vaksin operasi"},
	{Number, 0, 0, "no nomor nomer nmr number num numbers nomornya nomernya nomorku nmor nomr"},
	{Wrong, 0, 0, "salah invalid incorrect wrong required benar lemah kuat weak strong sama same case sensitive must should wajib diperlukan dibutuhkan diisi digunakan tercantum cocok sesuai belum belom terlalu minimal maksimal"},
	{Reverse, 0, 0, "dibalik terbalik kebalik kebalikan reversed reverse backwards backward balik"},
	{Version, 0, 0, "rev revisi revision versi version ver build rilis release firmware v sdk kernel netmask mask miui hyperos coloros oneui funtouch originos android ios ipados macos osx windows chrome firefox safari edge"},
	{Speaker, 0, 0, "agent agen agt cs cso csr customer cust nasabah caller operator user penelepon penelpon konsumen klien client tamu admin petugas bot"},
	{Ack, 0, 0, "oke ok okay baik siap sip yes yup benar betul right correct good lanjut lanjutkan teruskan continue sure noted"},

	{Stop, 0, 0, "meninggal wafat beda berbeda sakit sehat hilang ada tinggal kerja bekerja ikut datang pergi tanya bilang ditanya ditanyakan cocok jelas penting pribadi kok wajib valid sama siapa lain kurang lengkap tersimpan tercatat dicatat diminta sejak sy sya aq ak km kmu sm bpk sdr sdri dr dri tsb saya aku gue gua gw gwe ane kami kita anda kamu lo lu elo dia beliau mereka ini itu yang yg dan dgn dengan di ke dari untuk utk pada adalah ialah yaitu atau atas apa siapa berapa brp kapan dimana bagaimana gimana kenapa bisa bs boleh mohon tolong minta mau ingin sudah sdh udah udh belum blm tidak tdk gak ga nggak ngga enggak bukan jangan juga jg lagi lg hanya cuma saja aja kok sih dong deh kan lah pun nih tuh loh lho ya iya tapi tp kalau kalo klo jika karena krn supaya agar maka sebagai seperti oleh akan sedang telah masih perlu harus akun nama bernama namanya nya the is are was my your his her our their i you he she we they it of in on at to from for and or but not no please can could would will what who when where how this that these those with as by an a be been have has had do does did so if then name names terima kasih makasih mksh thanks thank sama hari tgl tanggal bulan tahun jam pukul menit detik kak kakak pak bapak bu ibu mas mbak mba bang bapaknya ibunya sebutkan sebut siapakah lupa reset ganti ubah diganti diubah baru lama expired tersebut mother mothers father ayah anak istri suami mama mamah papa berikut sesuai data lengkap terdaftar didaftarkan terbaru sekarang jadi menjadi tadi kemarin besok lalu kalian silakan silahkan maaf sorry halo hai hello hi selamat pagi siang sore malam cek check verifikasi konfirmasi seharusnya disebut diisi isi kirim dikirim masuk terkirim via lewat pakai pake gunakan wifi nya sementara terakhir buat td barusan brusan masuknya dapat dapet diterima nyampe received sent got arrived texted teko saking ti kaka hj almh alm ny"},

	{0, Digit, 0, "nol kosong zero oh null nul enol nool nolnya kosongnya"},
	{0, Digit, 1, "satu one setunggal atu siji hiji ciek siki besik sada stu satuu"},
	{0, Digit, 2, "dua two duwa loro duo rua kalih due duaa duanya"},
	{0, Digit, 3, "tiga three telu tilu tigo tallu tige talu tolu tga tigaa tiganya"},
	{0, Digit, 4, "empat four pat sekawan ampat papat opat ampek appa ampa empt mpat empatnya"},
	{0, Digit, 5, "lima five limo gangsal lime lma limaa fife limanya"},
	{0, Digit, 6, "enam six anam anem nenem nem enem genep annang onom enm enamnya"},
	{0, Digit, 7, "tujuh tujoh seven tuju pitu tujuah tjuh tujuhnya"},
	{0, Digit, 8, "delapan eight lapan dlapan wolu dalapan kutus walu ualu delpan delapn dlpn lapn delapannya"},
	{0, Digit, 9, "sembilan nine smbilan sembilang songo sanga salapan sambilan salapang sia niner smbln sembilannya"},
	{0, Whole, 10, "sepuluh ten sapuluh sapuluah"}, {0, Whole, 11, "sebelas eleven sabelas sabaleh sewelas"}, {0, Whole, 12, "twelve rolas duabelas"}, {0, Whole, 13, "thirteen telulas tigabelas"}, {0, Whole, 14, "fourteen empatbelas"},
	{0, Whole, 15, "fifteen limabelas"}, {0, Whole, 16, "sixteen enambelas"}, {0, Whole, 17, "seventeen tujuhbelas"}, {0, Whole, 18, "eighteen delapanbelas"}, {0, Whole, 19, "nineteen sembilanbelas"},
	{0, Whole, 20, "twenty duapuluh"}, {0, Whole, 30, "thirty tigapuluh"}, {0, Whole, 40, "forty fourty empatpuluh"}, {0, Whole, 50, "fifty limapuluh"}, {0, Whole, 60, "sixty enampuluh"}, {0, Whole, 70, "seventy tujuhpuluh"}, {0, Whole, 80, "eighty delapanpuluh"}, {0, Whole, 90, "ninety sembilanpuluh"},
	{0, Teen, 10, "belas blas baleh welas"}, {0, Tens, 10, "puluh pulu puluah"}, {0, Hundred, 100, "ratus hundred ratuih"}, {0, HundredOf, 100, "seratus saratus saratuih"},
	{0, Repeat, 2, "double dobel dobl dabel kembar sepasang"}, {0, Repeat, 3, "triple tripel tripple treble"}, {0, Plural, 0, "zeros zeroes ohs ones fives sevens eights nines"}, {0, Repeat, 4, "quadruple kuadrupel"},
	{Money, Magnitude, 0, "ribu rb juta jt miliar milyar triliun thousand million billion seribu sejuta persen percent"},
	{0, Magnitude, 0, "orang buah hari minggu mgg bulan bln tahun thn th jam menit mnt detik kali kilo kilogram gram meter kilometer km cm liter lembar unit pcs biji ekor kamar lantai years year days months weeks hours minutes people times items dollars dollar malam tiket porsi bungkus dus box botol kg rumah anak kota provinsi poin bintang gol"},
	{0, Filler, 0, "dulu duluan deh sih nih eh em ehm emm hmm hm mm uh um uhm ya iya terus trus trs kemudian lalu habis abis strip setrip spasi space dash garis koma comma then and next lanjut oke ok baik pak bu kak mas mbak mba angka nomor nomer belakangnya depannya terakhir selanjutnya berikutnya sampai sebentar bentar tunggu angkanya digitnya anu nah gitu apa ke the digit digits titik lah yes betul benar siap ee eee lanjutnya lanjutannya ngapunten punten sakedap antosan sekedap sek hang hold wait"},
	{0, Ordinal, 0, "st nd rd th"},
	{0, Nth, 1, "first"}, {0, Nth, 2, "second"}, {0, Nth, 3, "third"}, {0, Nth, 4, "fourth"}, {0, Nth, 5, "fifth"}, {0, Nth, 6, "sixth"}, {0, Nth, 7, "seventh"}, {0, Nth, 8, "eighth"}, {0, Nth, 9, "ninth"},
	{0, Nth, 10, "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"}, {0, Nth, 20, "twentieth"}, {0, Nth, 30, "thirtieth"},
	{0, Month, 1, "januari january jan janu"}, {0, Month, 2, "februari february feb pebruari peb pebr febr"}, {0, Month, 3, "maret march mar mrt"}, {0, Month, 4, "april apr"}, {0, Month, 5, "mei may"}, {0, Month, 6, "juni june jun"},
	{0, Month, 7, "juli july jul"}, {0, Month, 8, "agustus august agu aug agt agst agus ags"}, {0, Month, 9, "september sept sep"}, {0, Month, 10, "oktober october okt oct okto"}, {0, Month, 11, "november nov nop nopember"}, {0, Month, 12, "desember december des dec"},

	{0, Road, 0, "jl jln jalan jlan jlm gg gang gng lorong lr lrg"},
	{0, Street, 0, "street road avenue ave boulevard blvd lane drive court crescent terrace"},
	{0, Estate, 0, "dk br korong perum perumahan komplek kompleks komp apartemen apartment apt ruko griya cluster kp kampung kmp dusun dsn dukuh lingkungan rusun villa tower residence graha gedung gdg wisma menara asrama mess jorong banjar lingk padukuhan pedukuhan nagori huta perumnas klaster apart aptm kondominium condominium townhouse kampong ling dasan afdeling ohoi susun"},
	{0, House, 0, "no nomor nomer number norumah"},
	{0, Block, 0, "blok blk bl block kav kavling"},
	{0, RT, 0, "rt erte"}, {0, RW, 0, "rw erwe"},
	{0, Village, 0, "kel kelurahan desa ds nagari gampong kalurahan pekon"},
	{0, Subdistrict, 0, "kec kecamatan distrik kapanewon kemantren"},
	{0, City, 0, "kab kabupaten kota kotamadya"},
	{0, Provincial, 0, "prov provinsi propinsi"},
	{0, Postcode, 0, "kodepos pos postcode zip zipcode postal"},
	{0, At, 0, "at et ed keong bundar bunder melingkar"}, {0, Dot, 0, "dot titik dott point titiak"}, {0, Underscore, 0, "underscore underskor anderskor"}, {0, Dash, 0, "strip dash hyphen minus colon"},
	{0, Domain, 0, "com co net org ac go sch id info biz io my web kom"},
	{0, Provider, 0, "gmail yahoo hotmail outlook icloud ymail rocketmail proton protonmail live aol jimel gimel jmail yahu"},
}

// New makes the dictionary.
func New() *Dictionary {
	d := &Dictionary{entries: make([]Entry, 1, 2500), keys: make([]Spelling, 1, 2500), cues: make([]Cue, 1, 2500), parts: make([]Part, 1, 2500)}
	for _, l := range list {
		for w := range strings.FieldsSeq(l.words) {
			last := 1
			if l.cues != 0 && l.cues&(Stop|Ack|Speaker|Money|Version|Number|Transfer|MAC|Never) == 0 && l.part == NoPart {
				last = len(endings)
			}
			for _, e := range endings[:last] {
				if len(w)+len(e) <= 16 {
					d.add(w+e, l.cues, l.part, l.value)
				}
			}
		}
	}
	for i, e := range d.entries {
		if i > 0 && (e.Cues&^(Stop|Wrong) != 0 || e.Part != NoPart) {
			d.loud.put(d.keys[i], len(e.Text), uint16(i))
		}
	}
	return d
}
