package app

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/url"
	"strings"
	"testing"
)

// machines are what mail programs and servers write into the heads of honest mails: numbers and addresses that are nobody's.
var machines = []string{
	"Received: from mx1.lain.example (mx1.lain.example [203.0.113.7])\r\n by mx.toko.example (Postfix) with ESMTPS id 4b7Qx1F2z8 for <pelanggan@lain.example>; Mon, 30 Nov 2026 09:00:00 +0700",
	"References: <20261130020000.4111111111111111@lain.example>\r\n <081234567890.1764468000123@surat.lain.example> <CAF7x-Kj3=9@mail.lain.example>",
	"In-Reply-To: <4539148803436467.5.1764468000@lain.example>",
	"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=lain.example; s=s1; t=1764468000; x=1765072800;\r\n bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=dGhpcyBpcyBubyBzaWduYXR1cmUsIGJ1dCBsb29rcyBsaWtlIG9uZQ==",
	"List-Unsubscribe: <mailto:keluar@daftar.lain.example?subject=08123456789>,\r\n <https://daftar.lain.example/keluar/5105105105105100>",
	"List-Id: Kabar mingguan <kabar.daftar.lain.example>",
	"Thread-Index: AQHZ4539148803436467Zm9vYmFy==",
	"X-MS-Exchange-Organization-Network-Message-Id: 0812a345-6789-4abc-0812-345678901234",
	"Authentication-Results: mx.toko.example; spf=pass smtp.mailfrom=pelanggan@lain.example; dkim=pass header.i=@lain.example",
}

// A writer can fill each header of a mail and of its parts, those of machines too, and no number leaves in one.
func TestNoHeaderOfAMailCarriesANumberOut(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		o.theirs("name", "Kartinah Wulan Sastro", "email", "kartinah.sastro@surat.example", "phone", "081277700011")
		o.must(o.Known.Build(t.Context()))
		hold(t, o.world, `@id("customers_in_mail") @verdict("hold") @sentence_id("Data pelanggan menunggu persetujuan.") @sentence_en("Customers' data waits for approval.")
forbid (principal, action == Action::"mail", resource) when { resource.known };`)
		honest := lettersOf(append([]string{"Subject: Rapat", "Content-Type: text/plain; charset=utf-8"}, machines...)...) + "\r\nBesok jam 10.\r\n"
		if got := o.send([]string{outsider}, honest); got.arrived != sealed(honest) || got.hold+got.reply != "" {
			t.Errorf("what machines write: %+v", got)
		}
		for _, header := range []string{
			"List-Unsubscribe: <https://situs.example/keluar?u=" + anNIK + ">", "List-Id: NIK " + anNIK + " <daftar.situs.example>", "List-Help: =?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte("NIK "+anNIK)) + "?=",
			"Content-Id: <" + anNIK + "@situs.example>", "References: <" + anNIK + "@situs.example>", "Thread-Index: NIK " + anNIK, "X-Google-Catatan: kartu 4539 1488 0343 6467",
			"In-Reply-To: <kartinah.sastro@surat.example>", "List-Owner: <tel:081277700011>", "Received: from a by b; NIK " + anNIK,
			"Content-Language: x-" + anNIK, "Content-Class: urn:" + anNIK, "DKIM-Signature: v=1; b=" + base64.StdEncoding.EncodeToString([]byte("nomor NIK saya "+anNIK)),
		} {
			raw := lettersOf("Subject: Rapat", header) + "\r\nBesok.\r\n"
			if got := o.send([]string{outsider}, raw); got.hold == "" && !strings.HasPrefix(got.reply, "550 5.7.1") {
				t.Errorf("%s: %+v", header, got)
			}
		}
		for name, raw := range map[string]string{
			"the id of a part":   strings.Replace(attached("a.txt", []byte("isi")), "\r\nContent-Type: text/plain\r\n", "\r\nContent-Type: text/plain\r\nContent-Id: <"+anNIK+"@a>\r\n", 1),
			"a boundary":         strings.ReplaceAll(attached("a.txt", []byte("isi")), "=_m", "=_"+anNIK+"."),
			"a known parameter":  strings.Replace(attached("a.txt", []byte("isi")), "text/plain\r\n", "text/plain; id=\"NIK "+anNIK+"\"\r\n", 1),
			"a trace of a part":  strings.Replace(attached("a.txt", []byte("isi")), "\r\nContent-Type: text/plain\r\n", "\r\nContent-Type: text/plain\r\nList-Post: NIK "+anNIK+"\r\n", 1),
			"an attached letter": attached("surat.eml", []byte("From: a@lain.example\r\nSubject: a\r\nList-Id: NIK "+anNIK+"\r\n\r\nHalo.\r\n")),
		} {
			if got := o.send([]string{outsider}, raw); got.hold == "" {
				t.Errorf("%s: %+v", name, got)
			}
		}
		words := lettersOf("Subject: Rapat", "Comments: NIK "+anNIK, "Keywords: NIK "+anNIK) + "\r\nBesok.\r\n"
		if got := o.send([]string{outsider}, words); got.arrived != sealed(strings.ReplaceAll(words, anNIK, nikGone)) {
			t.Errorf("words are masked: %+v", got)
		}
	})
}

// ofBrowsers are fields as browsers and programs send them: ids of sessions and keys that are nobody's data.
var ofBrowsers = []string{
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "Accept: application/json", "Accept-Language: id-ID,id;q=0.9",
	"Cookie: _ga=GA1.2.0812345678.1764468000; _fbp=fb.1.1764468000123.1116446470; sid=4111111111111111; NID=" + madeUpNIK + "; tok=Zm9v08123456789; session=AAF3-5105105105105100",
	"Authorization: Bearer sk-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL", "X-Request-Id: 0812a345-6789-4abc-0812-345678901234", "X-Amz-Date: 20261130T020000Z",
	"Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "If-None-Match: \"4539148803436467\"", "X-Client-Ip: 10.0.0.7", "X-User: rina@toko.example",
	"X-Token: eyJhbGciOiJIUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"4111111111111111","email":"rina@toko.example","iat":1764468000}`)) + ".c2lnbmF0dXJl",
	"X-Odd: =?x?= \"=?utf-7?q?a?=\"",
}

// What staff or a page write into the fields of a request and its cookies is looked at, with what is packed in them, and sessions go on.
func TestNoFieldOfARequestCarriesANumberOut(t *testing.T) {
	eachAsker(t, func(t *testing.T, a *asker) {
		(&hands{world: a.world, t: t}).theirs("name", "Kartinah Wulan Sastro", "phone", "081277700011", "nik", "3273015507880003", "email", "kartinah.sastro@surat.example")
		if err := a.Known.Build(t.Context()); err != nil {
			t.Fatal(err)
		}
		get := func(head ...string) asked { return asked{method: "GET", url: "http://situs.example/a", head: head} }
		if got := a.ask(get(ofBrowsers...), manners[1]); !got.unchanged || len(a.incidents()) > 0 {
			t.Fatalf("a session does not go on: %+v %+v", got, a.incidents())
		}
		token := "eyJhbGciOiJIUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(`{"nik":"`+madeUpNIK+`"}`)) + ".c2lnbmF0dXJl"
		for _, field := range []string{
			"X-Nik: " + madeUpNIK, "X-Catatan: NIK pelanggan " + madeUpNIK, "Cookie: sid=1; nik=" + madeUpNIK, "Cookie: a=nik%3D" + madeUpNIK, "Cookie: a=" + base64.StdEncoding.EncodeToString([]byte("NIK "+madeUpNIK)),
			"Cookie: a=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte("kartu 4539148803436467 ok"))), "Cookie: kartu=4539148803436467", "Authorization: Bearer " + token, "Cookie: jwt=" + token,
			"Referer: http://crm.example/cari?nik=" + madeUpNIK, "User-Agent: NIK " + madeUpNIK, "Accept: text/x-nik-" + madeUpNIK,
			"Cookie: a=3273015507880003", "X-A: 0812-7770-0011", "Cookie: u=kartinah.sastro@surat.example", "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("nik:"+madeUpNIK)),
			"If-None-Match: \"NIK " + madeUpNIK + "\"", "X-Http-Method: =?utf-8?q?NIK_" + madeUpNIK + "?=",
		} {
			before := len(a.incidents())
			got := a.ask(get(field), manners[1])
			if list := a.incidents(); len(list) != before+1 || strings.Contains(list[0].Evidence, madeUpNIK) {
				t.Errorf("%s: %+v, %d incidents", field, got, len(list)-before)
			}
		}
	})
}

// pastes are ways in which a number is packed and written in letters.
func pastes(t *testing.T, text string) map[string]string {
	t.Helper()
	write := func(with func(io.Writer) (io.WriteCloser, error)) []byte {
		var b bytes.Buffer
		w, err := with(&b)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	zip := write(func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
	z := write(func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil })
	bare := write(func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 6) })
	return map[string]string{
		"gzip": base64.StdEncoding.EncodeToString(zip), "zlib": base64.StdEncoding.EncodeToString(z), "deflate": base64.StdEncoding.EncodeToString(bare), "for addresses": base64.RawURLEncoding.EncodeToString(z),
		"hexadecimal": hex.EncodeToString(zip), "base32": base32.StdEncoding.EncodeToString(z), "base32 of the text": base32.StdEncoding.EncodeToString([]byte(text)),
	}
}

// What is packed and pasted as letters is found in prompts, forms and queries, and replaced as a whole.
func TestWhatIsPackedAndPastedDoesNotLeaveByTheWeb(t *testing.T) {
	eachAsker(t, func(t *testing.T, a *asker) {
		stopped := func(name string, got told) bool { return name == "gzip" && got.status == 403 } // which is a file
		for name, blob := range pastes(t, "Pelanggan baru dengan NIK "+madeUpNIK+" di Bandung") {
			send := func(kind, body string) asked {
				return asked{method: "POST", url: "http://api.openai.com/v1/chat", head: []string{"Content-Type: " + kind}, body: []byte(body)}
			}
			if got := a.ask(send("application/json", `{"content":"buka: `+blob+` ya"}`), manners[1]); got.body != `{"content":"buka: [NIK] ya"}` && !stopped(name, got) {
				t.Errorf("%s in JSON: %+v", name, got)
			}
			if got := a.ask(send("application/x-www-form-urlencoded", "a=1&isi="+url.QueryEscape(blob)), manners[1]); got.body != "a=1&isi=%5BNIK%5D" && !stopped(name, got) {
				t.Errorf("%s in a form: %+v", name, got)
			}
			if got := a.ask(send("text/plain", "lihat "+blob+"\n(salam)"), manners[1]); got.body != "lihat [NIK]\n(salam)" && !stopped(name, got) {
				t.Errorf("%s in a text: %+v", name, got)
			}
			if got := a.ask(asked{method: "GET", url: "http://cari.example/a?q=" + url.QueryEscape(blob)}, manners[1]); got.first != "GET http://cari.example/a?q=%5BNIK%5D HTTP/1.1" && !stopped(name, got) {
				t.Errorf("%s in a query: %+v", name, got)
			}
			if got := a.ask(asked{method: "GET", url: "http://cari.example/a", head: []string{"Cookie: a=" + blob}}, manners[1]); got.status != 403 {
				t.Errorf("%s in a cookie: %+v", name, got)
			}
		}
		before := len(a.incidents())
		for name, blob := range pastes(t, "Pesanan nomor 17 sudah dikirim hari ini lewat kurir") {
			if got := a.ask(asked{method: "POST", url: "http://situs.example/a", head: []string{"Content-Type: application/json"}, body: []byte(`{"content":"` + blob + `"}`)}, manners[1]); !got.unchanged {
				t.Errorf("%s without a number: %+v", name, got)
			}
		}
		if n := len(a.incidents()); n != before {
			t.Errorf("%d incidents for nothing", n-before)
		}
	})
}

func TestWhatIsPackedAndPastedDoesNotLeaveByMail(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		card := "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Budi\r\nNOTE;ENCODING=QUOTED-PRINTABLE:NIK=0A" + anNIK[:8] + "=\r\n" + anNIK[8:] + "\r\nEND:VCARD\r\n"
		if got := o.send([]string{outsider}, attached("kontak.vcf", []byte(card))); !strings.HasPrefix(got.hold, "amanah lek_") {
			t.Errorf("a card: %+v", got)
		}
		for name, blob := range pastes(t, "Pelanggan baru dengan NIK "+anNIK+" di Bandung") {
			if got := o.send([]string{outsider}, plainMail("Laporan", "Buka ini: "+blob+"\r\n(salam)\r\n")); !strings.HasPrefix(got.hold, "amanah lek_") {
				t.Errorf("%s: %+v", name, got)
			}
		}
		for name, blob := range pastes(t, "Pesanan nomor 17 sudah dikirim hari ini lewat kurir") {
			if got := o.send([]string{outsider}, plainMail("Laporan", "Buka ini: "+blob+"\r\n(salam)\r\n")); got.hold+got.reply != "" {
				t.Errorf("%s without a number: %+v", name, got)
			}
		}
	})
}
