// Package config is what an operator may set, all of it in one struct.
//
// A value comes from the first of these that has it: the command line, the environment (AMANAH_TLS_KEY for the
// key tls.key), a file that the environment names (AMANAH_KEYS_PASSPHRASE_FILE, for secrets in containers), a systemd
// credential of the key's name, the configuration file, the default. Each value remembers where it came from, and
// `amanah config show` prints that, because "which of the five places won" is the question an operator asks.
//
// It refuses rather than guesses: an unknown key is an error that names the line and the nearest known key;
// so are a value of the wrong kind, an unknown AMANAH_ variable, and a secret in a file that everybody may read.
// Secrets print as [hidden] wherever they go.
//
// The reference pages docs/guide/{id,en}/configuration.md are made from the tags below; a test keeps them true.
package config

import (
	"log/slog"
	"time"
)

// Config is every setting. The tags are: key in the file; default; secret; what it is for, in Indonesian and English.
type Config struct {
	Name     string `key:"name" default:"Pusat Layanan" id:"Nama perusahaan seperti dikenal pelanggan; tampil di konsol dan halaman pelanggan." en:"The company's name as customers know it; shown on the console and the customer page."`
	Operator string `key:"operator" default:"" id:"Nama pusat layanan yang melayani atas nama perusahaan (prosesor); tampil bagi pelanggan di samping nama perusahaan. Kosong: perusahaan melayani sendiri." en:"Name of the call center that serves in the companies' name (processor); customers see it beside the company's name. Empty: the company serves itself."`
	Language string `key:"language" default:"id" one:"id en" id:"Bahasa konsol bila peramban tidak memintanya." en:"The console's language when the browser asks for none."`
	Node     string `key:"node" default:"" id:"Nama simpul ini; menamai cabang log audit yang ditulisnya. Dua simpul yang berjalan tidak boleh senama. Kosong: main." en:"This node's name; it names the shard of the audit log that this node writes. Two running nodes must not share one. Empty: main."`
	Data     string `key:"data" default:"./amanah-data" id:"Folder data: berkas SQLite, berkas kunci, sertifikat buatan sendiri. Dibuat dengan mode 0700." en:"The data folder: SQLite files, key file, self-signed certificate. Made with mode 0700."`
	Listen   string `key:"listen" default:"127.0.0.1:8443" id:"Alamat dan porta yang didengarkan." en:"Address and port to listen on."`
	URL      string `key:"url" default:"" id:"Alamat publik (asal, tanpa jalur) untuk passkey dan tautan pelanggan. Kosong: dari listen." en:"The public origin, without a path, for passkeys and customers' links. Empty: made from listen."`

	TLS struct {
		Certificate string `key:"certificate" default:"" id:"Berkas sertifikat (PEM, dengan rantainya). Kosong: sertifikat buatan sendiri di folder data." en:"Certificate file (PEM, with its chain). Empty: the self-signed one in the data folder."`
		Key         string `key:"key" default:"" id:"Berkas kunci sertifikat (PEM)." en:"The certificate's key file (PEM)."`
		Off         bool   `key:"off" default:"false" id:"HTTP tanpa TLS. Hanya di loopback, atau di belakang proksi yang tercantum di proxy.trusted." en:"HTTP without TLS. Only on loopback, or behind a proxy listed in proxy.trusted."`
	} `key:"tls"`

	Proxy struct {
		Trusted []string `key:"trusted" default:"" id:"Jaringan (CIDR) proksi yang X-Forwarded-For-nya dipercaya. Kosong: tidak ada." en:"Networks (CIDR) of proxies whose X-Forwarded-For is believed. Empty: none."`
	} `key:"proxy"`

	Database struct {
		URL      Secret `key:"url" default:"" id:"postgres://… untuk data. Kosong: berkas SQLite di folder data." en:"postgres://… of the data. Empty: SQLite files in the data folder."`
		KeysURL  Secret `key:"keys_url" default:"" id:"postgres://… untuk kunci subjek, bila di peladen lain." en:"postgres://… of the subject keys, when they live on another server."`
		IndexURL Secret `key:"index_url" default:"" id:"postgres://… untuk indeks buta, bila di peladen lain." en:"postgres://… of the blind indexes, when they live on another server."`
	} `key:"database"`

	Keys struct {
		File       string        `key:"file" default:"" id:"Berkas kunci induk yang tersegel. Kosong: root.key di folder data." en:"The sealed root key file. Empty: root.key in the data folder."`
		Passphrase Secret        `key:"passphrase" default:"" id:"Frasa sandi pembuka berkas kunci. Pakai kredensial systemd atau AMANAH_KEYS_PASSPHRASE_FILE, bukan berkas ini." en:"The passphrase that opens the key file. Use a systemd credential or AMANAH_KEYS_PASSPHRASE_FILE rather than this file."`
		Rotate     time.Duration `key:"rotate_every" default:"168h" id:"Umur masa kunci sebelum peladen memulai masa baru dan memusnahkan yang lama; 1h sampai 168h." en:"How old a key epoch gets before the server begins a new one and destroys the old one; 1h to 168h."`
	} `key:"keys"`

	Fields struct {
		File string `key:"file" default:"" id:"Berkas katalog data pelanggan milik sendiri (YAML). Kosong: katalog bawaan, lihat amanah config fields." en:"Your own catalogue of customer data (YAML). Empty: the one that comes with the program, see amanah config fields."`
	} `key:"fields"`

	Desk struct {
		Reveals   int `key:"reveals_per_shift" default:"40" id:"Jumlah kolom yang boleh ditampilkan seorang petugas dalam satu giliran kerja (12 jam sejak yang pertama)." en:"How many fields a member of staff may reveal in a shift (12 hours from the first)."`
		Searches  int `key:"searches_per_shift" default:"200" id:"Jumlah pencarian pelanggan seorang petugas dalam satu giliran kerja, di semua panggilannya." en:"How many customer searches a member of staff has in a shift, over all calls."`
		Calls     int `key:"calls_by_hand_per_hour" default:"30" id:"Jumlah panggilan yang boleh dimulai seorang petugas sendiri, bukan oleh telepon, dalam satu jam." en:"How many calls a member of staff may start by hand, not by telephony, in an hour."`
		Customers int `key:"customers_per_shift" default:"150" id:"Jumlah pelanggan yang boleh dibuka seorang petugas untuk satu tujuan dalam 12 jam terakhir." en:"How many customers a member of staff may open under one purpose within 12 hours."`

		ObjectWithin    time.Duration `key:"contact_change_waits" default:"24h" id:"Berapa lama perubahan telepon atau surel menunggu, agar pemilik kontak lama dapat menghentikannya; 24h sampai 168h." en:"How long a change of phone or e-mail waits, so that the owner of the old contact can stop it; 24h to 168h."`
		ListeningHidden bool          `key:"listening_hidden" default:"false" id:"Sembunyikan dari petugas bahwa supervisor mendengarkan kontaknya. Jejak pelanggan tetap mencatatnya." en:"Keep from the agent that a supervisor listens to the contact. The customer's trail shows it all the same."`
	} `key:"desk"`

	Alerts struct {
		Mail string `key:"mail" default:"" id:"Alamat surel tim keamanan yang diberi tahu tentang setiap peringatan, hanya dengan nomor. Kosong: peringatan hanya tampak di konsol." en:"E-mail address of the security team that is told of each alert, by its id alone. Empty: alerts are shown in the console only."`
	} `key:"alerts"`

	DLP struct {
		Known bool `key:"known" default:"true" id:"Simpan sidik nilai data pelanggan di memori (sekitar dua kilobita per pelanggan), supaya teks diperiksa milik siapa nilainya." en:"Keep prints of customers' values in memory (about two kilobytes for each customer), so that texts are checked for whose values they hold."`
		Most  int  `key:"stream_megabytes" default:"256" id:"Ukuran berkas atau teks terbesar yang boleh ditanyakan program lain lewat POST /api/v1/dlp/stream, 1 sampai 4096." en:"Size of the largest file or text that another program may ask about with POST /api/v1/dlp/stream, 1 to 4096."`
	} `key:"dlp"`

	Malware struct {
		Address string        `key:"address" default:"" id:"Alamat clamd yang memeriksa berkas: host:porta atau jalur soket Unix. Kosong: berkas tidak diperiksa." en:"Address of the clamd that checks files: host:port, or the path of a Unix socket. Empty: files are not checked."`
		Within  time.Duration `key:"within" default:"2m" id:"Lama menunggu putusan atas satu berkas; tanpa putusan, berkas ditolak." en:"How long to wait for the verdict on one file; without a verdict the file is refused."`
		Age     time.Duration `key:"signature_age" default:"72h" id:"Umur tanda pengenal clamd sebelum menjadi peringatan di /readyz. 0s: tidak ditanyakan." en:"How old clamd's signatures may get before it is an alarm in /readyz. 0s: not asked."`
	} `key:"malware"`

	ICAP struct {
		Listen      string   `key:"listen" default:"" id:"Alamat tempat proksi web (Squid) bertanya lewat ICAP apa yang boleh dikirim petugas, host:porta (biasanya 1344). Kosong: tidak ditanya." en:"Address where a web proxy (Squid) asks by ICAP what staff may send, host:port (usually 1344). Empty: nobody asks."`
		From        []string `key:"from" default:"" id:"Jaringan (CIDR) proksi yang boleh bertanya; proksi yang menyebut siapa pengirimnya. Kosong: hanya mesin ini." en:"Networks (CIDR) of the proxies that may ask; a proxy says who sends. Empty: this machine alone."`
		Client      string   `key:"client" default:"" id:"Id klien API, dengan cakupan inspect, yang menjadi akun proksi." en:"Id of the API client, with the scope inspect, that is the proxy's account."`
		Controller  string   `key:"controller" default:"" id:"Nama singkat atau id perusahaan yang DPO-nya melihat kejadian dari proksi ini." en:"Short name or id of the company whose DPO sees what the proxy stops."`
		Inside      []string `key:"inside" default:"" id:"Host milik sendiri, dengan semua yang berakhir padanya: kiriman ke sana tidak dihitung keluar." en:"Hosts of our own, with all that end in them: what goes there does not count as leaving."`
		Named       []string `key:"named" default:"" id:"Host lain yang disebut aturan (context.destination)." en:"Other hosts that rules name (context.destination)."`
		WhenFailing string   `key:"when_failing" default:"closed" one:"closed open" id:"Kiriman yang tidak dapat dinilai karena kegagalan di sini: closed menghentikannya; open meloloskannya, menghitungnya, dan menjadi peringatan." en:"What cannot be judged because of a failure here: closed stops it; open lets it go, counts it and is an alarm."`
		Most        int      `key:"megabytes" default:"256" id:"Ukuran terbesar satu kiriman; yang lebih besar dihentikan." en:"The largest request; what is larger is stopped."`
		Connections int      `key:"connections" default:"100" id:"Jumlah sambungan proksi pada satu saat." en:"How many connections proxies may have at a time."`
	} `key:"icap"`

	SMTP struct {
		Address    string `key:"address" default:"" id:"Peladen surel, host:porta. Kosong: pesan menunggu di kotak keluar." en:"Mail server, host:port. Empty: messages wait in the outbox."`
		Encryption string `key:"encryption" default:"starttls" one:"starttls tls none" id:"Penyandian ke peladen surel; none hanya untuk loopback." en:"Encryption towards the mail server; none on loopback only."`
		From       string `key:"from" default:"" id:"Alamat pengirim." en:"The sender's address."`
		Username   string `key:"username" default:"" id:"Nama pengguna SMTP." en:"SMTP user name."`
		Password   Secret `key:"password" default:"" id:"Sandi SMTP." en:"SMTP password."`
	} `key:"smtp"`

	Mail struct {
		Listen  string   `key:"listen" default:"" id:"Alamat untuk Postfix (milter): 127.0.0.1:8891, atau unix:/run/amanah/milter.sock. Kosong: surel tidak diperiksa." en:"Address for Postfix (milter): 127.0.0.1:8891, or unix:/run/amanah/milter.sock. Empty: mail is not checked."`
		Allow   []string `key:"allow" default:"" id:"Jaringan (CIDR) tempat Postfix berada, bila bukan di mesin ini. Lalu lintasnya tidak disandikan; pakailah jaringan sendiri." en:"Networks (CIDR) in which Postfix is, when it is not on this machine. What it sends is not encrypted; use a network of your own."`
		Domains []string `key:"domains" default:"" id:"Domain surel sendiri, masing-masing dengan nama singkat atau id perusahaannya: toko.co.id=utama. Penerima di domain lain adalah orang luar." en:"Your own mail domains, each with the short name or id of its company: toko.co.id=utama. Recipients in other domains are outsiders."`

		Outside string `key:"outside" default:"closed" one:"closed open" id:"Surel kepada orang luar yang tidak dapat diperiksa. closed: ditolak sementara, atau ditolak bila melewati batas; open: keluar tanpa diperiksa dan menjadi peringatan." en:"Mail to outsiders that cannot be checked. closed: the sender is told to try again, or refused when it is over a limit; open: it goes unchecked, and that is an alarm."`
		Inside  string `key:"inside" default:"closed" one:"closed open" id:"Sama, untuk surel antar-domain sendiri." en:"The same for mail among your own domains."`

		Megabytes  int           `key:"megabytes" default:"50" id:"Ukuran surel terbesar yang diperiksa, 1 sampai 500." en:"Size of the largest mail that is checked, 1 to 500."`
		Recipients int           `key:"recipients" default:"500" id:"Jumlah penerima satu surel." en:"How many recipients a mail may have."`
		Sessions   int           `key:"sessions" default:"50" id:"Jumlah sambungan Postfix pada satu waktu." en:"How many connections Postfix may have at a time."`
		Within     time.Duration `key:"within" default:"2m" id:"Lama memeriksa satu surel; 1s sampai 4m, lebih singkat daripada milter_content_timeout Postfix." en:"How long looking at one mail may take; 1s to 4m, shorter than Postfix's milter_content_timeout."`
	} `key:"mail"`

	Telephony struct {
		Mappings string   `key:"mappings" default:"" id:"Folder berkas pemetaan sendiri (YAML atau JSON) dan agents.yaml. Kosong: hanya yang disertakan." en:"Folder of your own mapping files (YAML or JSON) and agents.yaml. Empty: those that come with the program only."`
		Allow    []string `key:"allow" default:"" id:"Nama host di jaringan sendiri yang boleh diberi tahu, juga tanpa TLS. Kosong: hanya alamat umum." en:"Hosts of your own network that may be told of events, also without TLS. Empty: public addresses only."`

		Recorder     string `key:"recorder" default:"unset" one:"unset none exchange http" id:"Siapa yang merekam panggilan, agar dapat dijeda selagi petugas mengetik data yang tidak boleh direkam. none: panggilan tidak direkam; exchange: sentral telepon di bawah ini; http: perekam di recorder_url; unset: belum ditulis, jadi data itu tidak diketik petugas." en:"Who records the calls, to be paused while an agent types what must not be recorded. none: calls are not recorded; exchange: the exchanges below; http: the recorder at recorder_url; unset: not written down, so an agent does not type such data."`
		RecorderURL  string `key:"recorder_url" default:"" id:"Alamat perekam yang dijeda lewat HTTP, untuk recorder: http." en:"Address of the recorder that is paused over HTTP, for recorder: http."`
		RecorderFile string `key:"recorder_file" default:"" id:"Berkas (YAML) tentang cara vendor meminta jeda, sebagai ganti recorder_url. Kosong: permintaan kami sendiri." en:"File (YAML) of how a vendor wants to be asked for a pause, in place of recorder_url. Empty: our own request."`
		RecorderKey  Secret `key:"recorder_key" default:"" id:"Kunci bersama, sedikitnya 32 huruf, untuk menandatangani permintaan kepada perekam itu; untuk vendor: nilai {secret}." en:"Shared key, 32 characters at least, with which requests to that recorder are signed; for a vendor: what {secret} stands for."`

		AMI struct {
			Address    string `key:"address" default:"" id:"Asterisk Manager Interface, host:porta (biasanya 5038). Kosong: tidak dipakai." en:"Asterisk Manager Interface, host:port (usually 5038). Empty: not used."`
			Username   string `key:"username" default:"" id:"Nama di manager.conf; cukup hak read: call,agent (dan write: call untuk menjeda rekaman)." en:"The name in manager.conf; the right read: call,agent is enough (and write: call to pause recordings)."`
			Password   Secret `key:"password" default:"" id:"Sandi di manager.conf (secret)." en:"The password in manager.conf (secret)."`
			Controller string `key:"controller" default:"" id:"Nama singkat atau id perusahaan yang panggilannya datang dari sini." en:"Short name or id of the company whose calls come from here."`
			Trunk      string `key:"trunk" default:"" id:"Jalan telepon keluar dengan tempat nomornya, misalnya PJSIP/{number}@trunk. Kosong: tidak menelepon keluar." en:"The way out with a place for the number, such as PJSIP/{number}@trunk. Empty: no calls out."`
			Context    string `key:"context" default:"" id:"Konteks rencana nomor tempat ekstensi petugas dicapai." en:"Context of the dial plan in which agents' extensions are reached."`
			CallerID   string `key:"caller_id" default:"" id:"Nomor perusahaan yang dilihat pelanggan dan petugas." en:"The company's number that customer and agent see."`
			Recording  string `key:"recording" default:"mixmonitor" one:"mixmonitor monitor" id:"Cara Asterisk merekam, untuk recorder: exchange; dijeda pada kanal pemanggil." en:"How Asterisk records, for recorder: exchange; paused on the caller's channel."`
		} `key:"ami"`
		ARI struct {
			URL         string `key:"url" default:"" id:"Asterisk REST Interface, http(s)://host:porta/ari. Kosong: tidak dipakai." en:"Asterisk REST Interface, http(s)://host:port/ari. Empty: not used."`
			Application string `key:"application" default:"amanah" id:"Nama aplikasi Stasis yang didengarkan." en:"Name of the Stasis application to listen to."`
			Username    string `key:"username" default:"" id:"Nama di ari.conf; read_only cukup, kecuali untuk menelepon atau menjeda rekaman." en:"The name in ari.conf; read_only is enough, but for calls out and pausing."`
			Password    Secret `key:"password" default:"" id:"Sandi di ari.conf." en:"The password in ari.conf."`
			Controller  string `key:"controller" default:"" id:"Nama singkat atau id perusahaan yang panggilannya datang dari sini." en:"Short name or id of the company whose calls come from here."`
			Trunk       string `key:"trunk" default:"" id:"Jalan telepon keluar dengan tempat nomornya, misalnya PJSIP/{number}@trunk. Kosong: tidak menelepon keluar." en:"The way out with a place for the number, such as PJSIP/{number}@trunk. Empty: no calls out."`
			Context     string `key:"context" default:"" id:"Konteks rencana nomor tempat ekstensi petugas dicapai." en:"Context of the dial plan in which agents' extensions are reached."`
			CallerID    string `key:"caller_id" default:"" id:"Nomor perusahaan yang dilihat pelanggan dan petugas." en:"The company's number that customer and agent see."`
			Recording   string `key:"recording" default:"" id:"Nama rekaman dengan {channel}, untuk recorder: exchange. Kosong: tidak dapat dijeda." en:"Name of the recording with {channel}, for recorder: exchange. Empty: it cannot be paused."`
		} `key:"ari"`
		ESL struct {
			Address    string `key:"address" default:"" id:"FreeSWITCH event socket, host:porta (biasanya 8021). Kosong: tidak dipakai." en:"FreeSWITCH event socket, host:port (usually 8021). Empty: not used."`
			Username   string `key:"username" default:"" id:"Nama pengguna (user@domain) bila dipakai; kosong: hanya sandi." en:"User name (user@domain) where one is used; empty: password only."`
			Password   Secret `key:"password" default:"" id:"Sandi di event_socket.conf." en:"The password in event_socket.conf."`
			Controller string `key:"controller" default:"" id:"Nama singkat atau id perusahaan yang panggilannya datang dari sini." en:"Short name or id of the company whose calls come from here."`
			Trunk      string `key:"trunk" default:"" id:"Jalan telepon keluar dengan tempat nomornya, misalnya sofia/gateway/trunk/{number}. Kosong: tidak menelepon keluar." en:"The way out with a place for the number, such as sofia/gateway/trunk/{number}. Empty: no calls out."`
			Context    string `key:"context" default:"" id:"Konteks rencana nomor tempat ekstensi petugas dicapai." en:"Context of the dial plan in which agents' extensions are reached."`
			CallerID   string `key:"caller_id" default:"" id:"Nomor perusahaan yang dilihat pelanggan dan petugas." en:"The company's number that customer and agent see."`
			Recording  string `key:"recording" default:"" id:"Jalur berkas rekaman dengan {channel}, untuk recorder: exchange. Kosong: tidak dapat dijeda." en:"Path of the recording's file with {channel}, for recorder: exchange. Empty: it cannot be paused."`
		} `key:"esl"`
	} `key:"telephony"`

	SMS      Gateway `key:"sms"`
	WhatsApp Gateway `key:"whatsapp"`
	Push     Gateway `key:"push"`

	Message struct {
		Phone string `key:"phone" default:"sms" one:"sms whatsapp" id:"Saluran untuk nomor telepon bila SMS dan WhatsApp sama-sama ada." en:"The channel for telephone numbers where there are both SMS and WhatsApp."`
	} `key:"message"`
	Check struct {
		Numbers []string `key:"numbers" default:"" id:"Nomor telepon keluar perusahaan, yang dikenali halaman /check. Kosong: hanya kode." en:"The companies' outgoing telephone numbers, which the page /check knows. Empty: codes only."`
	} `key:"check"`
	Verification struct {
		Methods string `key:"methods" default:"" id:"Berkas (YAML) yang membatasi cara verifikasi; hanya dapat mempersempit bawaan. Kosong: bawaan." en:"File (YAML) that restricts the methods of verification; it can only narrow the shipped ones. Empty: the shipped ones."`
	} `key:"verification"`

	SIMSwap struct {
		URL    string        `key:"url" default:"" id:"Alamat antarmuka CAMARA SIM Swap operator, tanpa /check. Kosong: pergantian kartu SIM tidak diperiksa." en:"Address of the operator's CAMARA SIM Swap interface, without /check. Empty: nobody is asked whether a SIM was changed."`
		Token  Secret        `key:"token" default:"" id:"Token pembawa untuk antarmuka itu." en:"Bearer token for that interface."`
		Within time.Duration `key:"within" default:"3s" id:"Lama menunggu jawabannya; tanpa jawaban, bukti lewat kartu SIM tidak menaikkan tingkat." en:"How long to wait for its answer; without one, what hangs on the SIM raises no level."`
	} `key:"simswap"`

	OIDC struct {
		Issuer   string   `key:"issuer" default:"" id:"Penerbit (issuer) penyedia masuk OpenID Connect, persis seperti ditulis penyedia. Kosong: staf masuk dengan kata sandi saja." en:"Issuer of the OpenID Connect sign-in provider, exactly as the provider writes it. Empty: staff sign in with a password only."`
		Name     string   `key:"name" default:"SSO" id:"Nama penyedia pada tombol masuk." en:"The provider's name on the sign-in button."`
		ClientID string   `key:"client_id" default:"" id:"Pengenal Amanah di penyedia." en:"What the provider calls Amanah."`
		Secret   Secret   `key:"client_secret" default:"" id:"Rahasia Amanah di penyedia. Kosong: klien publik, dilindungi PKCE saja." en:"Amanah's secret at the provider. Empty: a public client, protected by PKCE alone."`
		Scopes   []string `key:"scopes" default:"" id:"Cakupan selain openid. Kosong adalah yang terbaik: nama dan alamat tidak diperlukan." en:"Scopes beside openid. Empty is best: no name and no address is needed."`
		ACR      []string `key:"second_factor_acr" default:"" id:"Nilai acr yang berarti faktor kedua telah ditunjukkan di penyedia. Tanpa nilai, faktor kedua Amanah diminta." en:"Values of acr that mean that a second factor was shown at the provider. Without any, Amanah's own second factor follows."`
		AMR      []string `key:"second_factor_amr" default:"" id:"Nilai amr yang berarti faktor kedua telah ditunjukkan di penyedia, misalnya mfa." en:"Values of amr that mean that a second factor was shown at the provider, such as mfa."`
		Claim    string   `key:"directory_claim" default:"sub" id:"Klaim token yang sama dengan externalId dari SCIM: sub untuk Keycloak, oid untuk Entra ID." en:"The token's claim that equals the externalId of SCIM: sub for Keycloak, oid for Entra ID."`
	} `key:"oidc"`

	SCIM struct {
		Groups []string `key:"groups" default:"" id:"Peran bagi anggota grup direktori: nama grup=peran@slug+slug; peran agent, supervisor, atau auditor. Yang pertama cocok yang berlaku." en:"What members of the directory's groups are: group name=role@slug+slug; the role is agent, supervisor or auditor. The first that fits counts."`
	} `key:"scim"`

	Witness struct {
		URL string `key:"url" default:"" id:"Alamat saksi yang menandatangani titik periksa log (lihat amanah witness)." en:"Address of the witness that cosigns the log's checkpoints (see amanah witness)."`
		Key string `key:"key" default:"" id:"Kunci publik saksi, seperti dicetak amanah witness." en:"The witness's public key, as amanah witness prints it."`
	} `key:"witness"`

	Metrics struct {
		Listen string `key:"listen" default:"" id:"Alamat tersendiri untuk /metrics. Kosong: di alamat utama, hanya untuk loopback." en:"An address of its own for /metrics. Empty: on the main address, for loopback only."`
	} `key:"metrics"`

	Log struct {
		Level  string `key:"level" default:"info" one:"debug info warn error" id:"Tingkat log terendah yang ditulis." en:"The lowest log level written."`
		Format string `key:"format" default:"json" one:"json text" id:"Bentuk log." en:"The log's form."`
	} `key:"log"`

	Stop struct {
		Within time.Duration `key:"within" default:"20s" id:"Lama menunggu permintaan dan pekerjaan yang berjalan saat berhenti." en:"How long stopping waits for requests and jobs under way."`
	} `key:"stop"`

	values map[string]Value
}

// Gateway is how a provider of SMS or WhatsApp, or the company's push service, is reached.
type Gateway struct {
	File         string `key:"gateway" default:"" id:"Berkas yang menguraikan penyedia (lihat panduan pesan). Kosong: saluran ini tidak ada." en:"The file that describes the provider (see the guide on messages). Empty: there is no such channel."`
	Secret       Secret `key:"secret" default:"" id:"Kunci dari penyedia; mengisi {secret} dan {basic} di berkas itu." en:"The provider's key; fills {secret} and {basic} in that file."`
	StatusSecret Secret `key:"status_secret" default:"" id:"Kunci penanda laporan pengiriman. Kosong: kunci pemasangan ini, dicetak amanah message key." en:"The key that signs delivery reports. Empty: this installation's own, printed by amanah message key."`
}

// Secret is a setting that never prints.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[hidden]"
}

// GoString hides the secret from %#v too.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secret from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// Value is one setting as it ended up.
type Value struct {
	Key    string `json:"key"`
	Value  string `json:"value"` // secrets as [hidden]
	Origin string `json:"origin"`
}

// Values returns every setting with its origin, in the order of the struct.
func (c *Config) Values() []Value {
	out := make([]Value, 0, len(c.values))
	for _, k := range keys {
		out = append(out, c.values[k.name])
	}
	return out
}

// Origin says where the value of a key came from: "default", "amanah.yaml:3", "AMANAH_LISTEN", "--listen".
func (c *Config) Origin(key string) string { return c.values[key].Origin }
