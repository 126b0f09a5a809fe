package story

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"

	"github.com/amanah-id/amanah/internal/web"
)

// tongue is the words by which a person finds his way in a language.
type tongue struct{ login, password, code, next, company, number, start string }

var (
	indonesian = tongue{"Nama masuk", "Kata sandi", "Kode enam angka", "Lanjut", "Perusahaan", "Nomor penelepon", "Mulai"}
	english    = tongue{"Login", "Password", "Six-digit code", "Continue", "Company", "Caller's number", "Start"}
)

// sessions are those of who signed in in this run: a code counts only once, and nobody waits half a minute for the next.
var sessions = map[string]session{}

// session is one, in cookies, for as long as its second factor is not asked for again.
type session struct {
	began   time.Time
	cookies []*network.CookieParam
}

// signsIn does it with password and code, as everybody in the demonstration can.
func (p *person) signsIn(login string, in tongue) {
	p.t.Helper()
	if s, ok := sessions[login]; ok && time.Since(s.began) < web.SecondFactorFor/2 {
		call(p, network.SetCookies, network.SetCookiesParams{Cookies: s.cookies})
		p.opens("/")
		p.isSignedIn()
		return
	}
	p.opens("/sign-in")
	p.fills(in.login, login)
	p.fills(in.password, password)
	p.clicks("button", in.next)
	p.fills(in.code, nextCode(p.t, login))
	p.presses("Enter")
	p.isSignedIn()
	p.keepsSession(login)
}

// codes are the ones that counted last.
var codes = map[string]string{}

// nextCode of the login, which did not count yet: after a signing out that takes up to half a minute.
func nextCode(t *testing.T, login string) string {
	t.Helper()
	for range 400 {
		if code := runs(t, program, "demo", "code", login, "--data", folder); code != codes[login] {
			codes[login] = code
			return code
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s has the same code for more than half a minute", login)
	return ""
}

// isSignedIn waits until the page says who is there.
func (p *person) isSignedIn() {
	p.t.Helper()
	p.waits("is not signed in", `document.readyState === "complete" && document.querySelector(".who")`)
}

// keepsSession of the browser for the stories to come.
func (p *person) keepsSession(login string) {
	p.t.Helper()
	kept := session{began: time.Now()}
	for _, c := range call(p, network.GetCookies, network.GetCookiesParams{URLs: []string{site}}).Cookies {
		if strings.HasPrefix(c.Name, "__Host-") {
			kept.cookies = append(kept.cookies, &network.CookieParam{Name: c.Name, Value: c.Value, URL: site, Path: "/", Secure: c.Secure, HTTPOnly: c.HTTPOnly, SameSite: c.SameSite})
		}
	}
	sessions[login] = kept
}

var digits = regexp.MustCompile(`[0-9]+`)

// startsCall begins a contact by hand, for the number of the customer whom the stories are about.
func (p *person) startsCall(in tongue) {
	p.t.Helper()
	p.opens("/desk")
	p.chooses(in.company, "Nusantara Niaga")
	p.fills(in.number, caller)
	p.clicks("button", in.start)
	p.isAt("/calls/")
}

// another customer calls in this story.
func another(t *testing.T) {
	t.Helper()
	if site == "" {
		return // no browser
	}
	if len(others) == 0 {
		t.Fatal("the demonstration names no more customers: more than three contacts of one in a day lower his level")
	}
	usual, known := caller, history
	caller, history, others = others[0].Phone, others[0].History, others[1:]
	t.Cleanup(func() { caller, history = usual, known })
}

// identifies the caller by number and chooses the purpose that a stroke stands for.
func (p *person) identifies(stroke string) {
	p.t.Helper()
	p.once(stroke)
	p.once("n")
	p.waits("sees no hit", `document.querySelector(".hits button")`)
	p.once("1")
}

// opensLink opens the newest one in the customer's inbox, up to the question.
func (p *person) opensLink() {
	p.t.Helper()
	p.opensInbox()
	p.clicks("link", "Buka tautan")
	p.clicks("button", "Lihat siapa yang berbicara")
}

// confirms opens the newest link and types the number that the agent reads out.
func (p *person) confirms(number string) {
	p.t.Helper()
	p.opensLink()
	p.fills("Ketik dua angka yang dibacakan petugas kepada Anda:", number)
	p.clicks("button", "Ya, ini saya")
	p.sees("Terima kasih, Anda sudah terverifikasi")
}

// letters counts the links that were sent, so that nobody opens the inbox's last but one.
var letters int

// opensInbox of the customer, again until the newest letter is there.
func (p *person) opensInbox() {
	p.t.Helper()
	for range 100 {
		p.opens("/demo/inbox")
		var there int
		if p.asks(`document.querySelectorAll("main article a.link").length`, &there); there >= letters {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	p.t.Fatalf("%s: the letter does not come", p.name)
}

// getsLetter finds a letter in the customer's inbox that says so.
func (p *person) getsLetter(text string) {
	p.t.Helper()
	p.finds("/demo/inbox", text)
}

// follows the link in the customer's inbox that leads there.
func (p *person) follows(path string) {
	p.t.Helper()
	p.getsLetter(path)
	link := `[...document.querySelectorAll("main article a.link")].find((a) => a.href.includes(` + quoted(path) + `))`
	p.waits("finds no link", link)
	var to string
	p.asks(link+`.getAttribute("href")`, &to)
	p.opens(strings.TrimPrefix(to, site))
}

// finds a text on a page that does not renew itself.
func (p *person) finds(path, text string) {
	p.t.Helper()
	for range 100 {
		p.opens(path)
		var there bool
		if p.asks(`document.body.innerText.includes(`+quoted(text)+`)`, &there); there {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	p.t.Fatalf("%s: %s does not say %q", p.name, path, text)
}

// sendsLink and hears the number to read out.
func (p *person) sendsLink() (number string) {
	p.t.Helper()
	p.once("v")
	return p.hearsNumber()
}

// hearsNumber that goes with the link that was just sent.
func (p *person) hearsNumber() string {
	p.t.Helper()
	letters++
	return digits.FindString(p.text(".number"))
}

// serves takes a call of the customer, who is verified in it: what the purpose gives is on the agent's screen.
func (p *person) serves(customer *person) {
	p.t.Helper()
	p.signsIn("agent", indonesian)
	p.startsCall(indonesian)
	p.identifies("1")
	customer.confirms(p.sendsLink())
	p.sees("Data untuk tujuan ini")
}

// reveals the first field.
func (p *person) reveals() {
	p.t.Helper()
	p.once("r a")
	p.waits("sees no opened value", opened)
}

// notes something down and sees that it is kept.
func (p *person) notes(text string, kept ...string) {
	p.t.Helper()
	p.once("t")
	p.types(text)
	p.presses("Tab", "Enter")
	p.sees(kept...)
	p.presses("Escape")
}

// finishes the call and seals it in one go.
func (p *person) finishes() {
	p.t.Helper()
	p.once("e Enter")
	p.isAt("/desk")
}

// ends a call with two strokes of its own, and seals it.
func (p *person) ends() {
	p.t.Helper()
	p.once("e e")
	p.once("Enter")
	p.isAt("/desk")
}

// hasPasskeys gives the browser an authenticator that agrees by itself.
func (p *person) hasPasskeys() {
	p.t.Helper()
	call(p, webauthn.Enable, webauthn.EnableParams{})
	call(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
}

const (
	opened = `document.querySelector(".value.open .secret")`
	never  = `!document.querySelector(".value.open") && !document.body.textContent.includes("Mandasari")`
)

func TestStoryAnAgentServesACallWithoutTouchingTheMouse(t *testing.T) {
	rina, customer := somebody(t, "rina", "id"), somebody(t, "customer", "id")
	rina.opens("/sign-in")
	rina.looks("sign-in")
	rina.signsIn("agent", indonesian)
	rina.isAt("/desk")
	rina.sees("Menunggu dijawab", "Nomor cocok dengan satu pelanggan")
	rina.waits("is not told by the title that it rings", `document.title.startsWith("(1) ")`)
	rina.looks("home")
	rina.guide("id", "1-ring")

	rina.once("Enter")
	rina.isAt("/calls/")
	rina.sees("Tanpa tujuan yang dinyatakan, tidak ada data yang terbuka")
	rina.looks("greet")
	rina.guide("id", "2-greet")
	rina.once("1")
	rina.sees("Bacakan", "dengan Rina")
	rina.once("n")
	rina.sees("Ini orangnya", "6218")
	rina.looks("identify")
	rina.guide("id", "3-identify")
	rina.once("1")
	rina.sees("Verifikasi penelepon", "V1 dikenali")
	rina.seesNot("Data untuk tujuan ini")
	rina.looks("verify")
	number := rina.sendsLink()
	rina.sees("Katakan", "ketik angka "+number)
	rina.looks("verify-sent")
	rina.guide("id", "4-verify")
	rina.fits(".attempt, .ask")

	customer.opensInbox()
	customer.looks("inbox")
	customer.clicks("link", "Buka tautan")
	customer.looks("customer-closed")
	customer.clicks("button", "Lihat siapa yang berbicara")
	customer.sees("Rina", "Nusantara Niaga", "Ketik dua angka")
	customer.looks("customer-question")
	customer.guide("id", "5-customer")
	customer.fills("Ketik dua angka yang dibacakan petugas kepada Anda:", number)
	customer.clicks("button", "Ya, ini saya")
	customer.sees("Terima kasih, Anda sudah terverifikasi")
	customer.looks("customer-confirmed")

	rina.sees("V2 terverifikasi", "Data untuk tujuan ini") // by itself: nobody reloaded the page
	rina.looks("serving")
	rina.fits("#call h1, .steps, .moves, .field, #note button")
	rina.reveals()
	rina.sees("Belinda Mandasari", "Bukti #")
	rina.waits("sees no countdown and no watermark", `document.querySelector(".value.open progress") && document.querySelector(".value.open .mark").textContent.includes("Rina")`)
	rina.looks("revealed")
	rina.guide("id", "6-serve")
	rina.within(25*time.Second, "sees the value after twenty seconds", never)
	rina.reveals()
	rina.asks(`dispatchEvent(new Event("blur"))`, nil) // another window is in front
	rina.waits("sees the value in a window without focus", never)

	rina.once("= c")
	rina.types(caller)
	rina.presses("Enter")
	rina.sees("nilainya sendiri tidak perlu dibuka")
	rina.looks("compared")
	rina.presses("Escape")
	rina.notes("Pelanggan menanyakan pesanan terakhir.", "1 catatan tersimpan")
	rina.asks(`document.activeElement.blur()`, nil)

	rina.once("e e")
	rina.sees("Penutupan", "Nama lengkap", "Nomor telepon", "1 catatan tersimpan")
	rina.seesNot("Data untuk tujuan ini")
	rina.looks("wrapup")
	rina.guide("id", "7-wrapup")
	rina.once("Enter")
	rina.isAt("/desk")
	rina.sees("Kontak disegel")
}

func TestStoryACustomerWhoDidNotCallStopsTheCall(t *testing.T) {
	rina, customer := somebody(t, "rina", "id"), somebody(t, "customer", "id")
	rina.signsIn("agent", indonesian)
	rina.startsCall(indonesian)
	rina.identifies("1")
	rina.sendsLink()
	customer.opensLink()
	customer.clicks("button", "Saya tidak menghubungi…")
	customer.sees("percakapan itu kami bekukan")
	customer.looks("customer-denied")
	rina.sees("Dibekukan", "bukan ia yang menghubungi", "Katakan", "harus saya akhiri")
	rina.seesNot("Data untuk tujuan ini", "Kirim tautan")
	rina.looks("frozen")

	// Those who look into it find it, and say what they found.
	tari := somebody(t, "tari", "id")
	tari.signsIn("security", indonesian)
	tari.opens("/denials")
	tari.sees("Kontak yang disangkal pelanggan", "Menunggu ditinjau", "Dibekukan")
	tari.seesNot(caller)
	tari.looks("denials")
	tari.clicks("link", tari.text("tbody a"))
	tari.sees("Jejak audit kontak ini")
	tari.fills("Hasil tinjauan", "Pelanggan dihubungi kembali lewat nomor terdaftar; pemanggilnya orang lain.")
	tari.looks("denial")
	tari.clicks("button", "Tandai sudah ditinjau")
	tari.sees("Tinjauan tercatat", "Tidak ada kontak yang menunggu ditinjau")
	tari.clicks("link", "Sudah ditinjau")
	tari.sees("Dibekukan", "Ditinjau")
	tari.seesNot("nomor terdaftar")
}

func TestStoryAnAgentWhoBendsThePageIsRefusedAndToldWhatToSay(t *testing.T) {
	another(t)
	rina, customer := somebody(t, "rina", "id"), somebody(t, "customer", "id")
	rina.serves(customer)
	rina.refused = true
	// Whatever the page says by then, what it sends is another field.
	rina.waits("cannot bend the page", `addEventListener("submit", (ev) => { if (ev.target.action.endsWith("/reveal")) ev.target.elements.namedItem("field").value = "mother_maiden_name"; }, true) === undefined`)
	rina.once("r a")
	rina.waits("is not told what to say and what to do", `document.querySelector("#alert .say") && document.querySelector("#alert p:nth-of-type(2)").textContent.length > 10`)
	rina.waits("sees a value", never)
	rina.looks("refused")
	rina.finishes()
}

func TestStoryAnAgentTypesFasterThanTheLineAnswers(t *testing.T) {
	another(t)
	rina := somebody(t, "rina", "id")
	rina.signsIn("agent", indonesian)
	rina.startsCall(indonesian)
	rina.slowly(400)
	rina.waits("is offered no purpose", `document.readyState === "complete" && document.querySelector("[data-key='1']")`)
	rina.presses("1", "1", "n", "1") // the purpose, once more out of impatience, who calls, the first of them
	rina.sees("Verifikasi penelepon", "V1 dikenali")
	rina.presses("t")
	rina.types("Menunggu tautan.")
	rina.presses("Escape", "v", "v") // one letter all the same
	rina.sees("ketik angka " + rina.hearsNumber())
	rina.slowly(0)
	rina.waits("has lost the note", `document.querySelector("#note textarea").value === "Menunggu tautan."`)
	rina.ends()
}

func TestStoryABrokenPairOfKeysDoesNothing(t *testing.T) {
	another(t)
	rina, customer := somebody(t, "rina", "id"), somebody(t, "customer", "id")
	rina.serves(customer)
	rina.reveals() // the page is at rest
	rina.presses("Escape")
	quiet := func(what string) {
		t.Helper()
		rina.sees("Data untuk tujuan ini", "V2 terverifikasi")
		rina.waits(what, `document.querySelector("#call.is-serving") && !document.querySelector("[aria-busy=true]") && document.activeElement.tagName !== "INPUT"`)
	}
	rina.presses("=", "z") // meant for a field that is not compared here
	rina.sees("= z: tidak berarti apa pun di sini. Tidak ada yang dilakukan.")
	quiet("is at the end of the call")
	rina.presses("2", "7", "5", "Enter")
	quiet("is at another page")
	rina.presses("=")
	rina.sees("= – ")
	time.Sleep(1500 * time.Millisecond) // longer than a hurried pair takes
	rina.presses("h")
	rina.sees("= h: tidak berarti")
	quiet("has put the call on hold")
	rina.presses("e")
	rina.sees("e: Akhiri", "Enter: Akhiri dan segel")
	rina.looks("second-stroke")
	rina.presses("Escape", "h")
	rina.sees("Lanjutkan") // one stroke by itself still acts
	rina.once("h")
	rina.clicks("button", "Akhiri")
	rina.sees("Sekali lagi: Akhiri")
	quiet("has ended the call with one click")
	rina.clicks("button", "Akhiri")
	rina.sees("Penutupan", "Segel kontak")
	rina.once("Enter")
	rina.isAt("/desk")
}

func TestStoryACallIsHandedToAColleague(t *testing.T) {
	another(t)
	rina, bagas, customer := somebody(t, "rina", "id"), somebody(t, "bagas", "id"), somebody(t, "customer", "id")
	bagas.signsIn("agent2", indonesian)
	rina.serves(customer)
	var call string
	rina.asks(`location.pathname`, &call)
	rina.notes("Barang pecah, minta dikirim ulang.", "1 catatan tersimpan", "Baca catatan")
	rina.once("x")
	rina.chooses("Rekan", "Bagas Pradana")
	rina.looks("transfer")
	rina.clicks("button", "Alihkan")
	rina.isAt("/desk")
	rina.sees("Kontak ditawarkan kepada rekan Anda", "Sedang Anda layani", "Ditahan")
	rina.opens(call)
	bagas.opens("/desk")
	bagas.sees("Ditahan")
	bagas.looks("handed")
	rina.refused = true
	bagas.once("Enter")
	bagas.isAt("/calls/")
	bagas.sees("V2 terverifikasi", "Data untuk tujuan ini")
	rina.sees("Percakapan ini tidak ada, atau bukan bagian Anda") // by itself: what is no longer hers leaves her screen
	bagas.seesNot("Barang pecah")
	bagas.once("b")
	bagas.sees("Rina", "Barang pecah, minta dikirim ulang.", "Bukti #")
	bagas.looks("notes")
	bagas.asks(`dispatchEvent(new Event("blur"))`, nil) // another window is in front
	bagas.waits("sees the note in a window without focus", `!document.body.textContent.includes("Barang pecah")`)
	bagas.once("e e")
	bagas.sees("Penutupan")
	bagas.opens(call)
	bagas.waits("is at a page in wrap-up that says nothing of him", `performance.getEntriesByType("resource").some((e) => e.name.endsWith("/heartbeat"))`)
	bagas.notes("Kurir dihubungi.", "2 catatan tersimpan")
	bagas.asks(`document.activeElement.blur()`, nil)
	bagas.once("Enter")
	bagas.isAt("/desk")
}

func TestStoryACustomerTakesConsentBackAndGivesItAgain(t *testing.T) {
	rina, customer, dpo := somebody(t, "rina", "id"), somebody(t, "customer", "id"), somebody(t, "hendra", "id")
	rina.signsIn("agent", indonesian)
	rina.startsCall(indonesian)
	rina.identifies("6")
	rina.sees("Penawaran produk dan promosi", "Verifikasi penelepon", "Belum terlihat", "Persetujuan terlihat dan dicatat setelah pelanggan terverifikasi")
	rina.seesNot("Tarik persetujuan")
	rina.looks("consent-unseen")
	rina.once("n")
	rina.sees("Penolakan dicatat", "Belum terlihat")
	rina.looks("consent-unverified")
	customer.confirms(rina.sendsLink())
	rina.sees("V2 terverifikasi", "Bacakan pemberitahuan versi 1", "Dengan persetujuan Anda")
	rina.waits("is offered a value without consent", `!document.querySelector("[action$=reveal]")`)
	rina.looks("consent-asking")
	rina.once("y")
	rina.sees("Persetujuan dicatat dan berlaku sekarang", "Data untuk tujuan ini")
	rina.looks("consent-agreed")
	rina.reveals()
	rina.once("p")
	rina.once("c c")
	rina.sees("Ditarik kembali")
	rina.waits("sees a value", never)
	rina.finishes()

	dpo.signsIn("dpo", indonesian)
	dpo.opens("/purposes")
	dpo.clicks("link", "Penawaran produk dan promosi")
	dpo.isAt("/purposes/")
	dpo.clicks("link", "Persetujuan pelanggan untuk tujuan ini")
	dpo.sees("Persetujuan menurut versi pemberitahuan", "Versi 1")
	dpo.seesNot("sub_0", "Mandasari")
	dpo.looks("consents")
	// From an entry of the trail to everything this customer said.
	dpo.opens("/log?action=consent.withdrawn")
	dpo.sees("Pelanggan menarik persetujuan", "itu pun tercatat")
	dpo.asks(`document.querySelector("td a[href^='/log/entry']").click()`, nil)
	dpo.isAt("/log/entry")
	dpo.sees("Penawaran produk dan promosi", "consent.withdrawn", "Telepon")
	dpo.asks(`document.querySelector("dd a[href^='/subjects/']").click()`, nil)
	dpo.isAt("/subjects/")
	dpo.seesNot("Melihat jejak audit")
	dpo.looks("subject-trail")
	dpo.once("r")
	dpo.sees("Melihat jejak audit", "Termasuk catatan siapa yang melihat jejak ini")
	dpo.once("c")
	dpo.sees("Persetujuan satu pelanggan", "Ditarik kembali", "Versi 1", "Riwayat")
	dpo.seesNot("Mandasari")
	dpo.looks("subject-consents")
}

func TestStoryTheDPOPublishesANoticeAndTheAuditorTakesItsProofHome(t *testing.T) {
	dpo, auditor := somebody(t, "hendra", "id"), somebody(t, "maria", "id")
	dpo.signsIn("dpo", indonesian)
	dpo.opens("/purposes")
	dpo.looks("purposes")
	dpo.waits("sees no purpose", `document.querySelector("td a")`)
	dpo.asks(`document.querySelector("td a").click()`, nil)
	dpo.isAt("/purposes/")
	dpo.looks("purpose")
	dpo.fills("Bahasa Indonesia", "Kami memakai nomor telepon Anda untuk layanan ini saja.")
	dpo.fills("Bahasa Inggris", "We use your phone number for this service only.")
	dpo.clicks("button", "Terbitkan versi baru")
	dpo.sees("Versi baru pemberitahuan terbit", "untuk layanan ini saja")
	// The boxes of the fields by the keyboard alone: arrows move, space ticks.
	at := func(box string) string { return `document.activeElement?.value === "` + box + `"` }
	dpo.asks(`document.querySelector("input[value='collect:nik']").focus()`, nil)
	dpo.presses("ArrowRight")
	dpo.waits("is at no other verb", at("reveal:nik"))
	dpo.presses("ArrowDown")
	dpo.waits("is at no other field", at("reveal:kk"))
	dpo.presses(" ")
	dpo.waits("ticks nothing", `document.activeElement.checked !== document.activeElement.defaultChecked`)
	dpo.clicks("button", "Simpan perubahan")
	dpo.sees("Perubahan tersimpan")
	dpo.waits("sees no field of the change", `document.querySelector("input[value='reveal:kk']").checked`)

	auditor.signsIn("auditor", indonesian)
	auditor.opens("/log")
	auditor.looks("log")
	auditor.chooses("Tindakan", "Menerbitkan pemberitahuan")
	auditor.clicks("button", "Cari")
	auditor.waits("finds no entry", `location.search.includes("purpose.notice") && document.readyState === "complete" && document.querySelector("td a[href^='/log/entry']")`)
	auditor.looks("log-found")
	auditor.asks(`document.querySelector("td a[href^='/log/entry']").click()`, nil)
	auditor.isAt("/log/entry")
	auditor.looks("entry")
	auditor.clicks("link", "Unduh bukti (.tlog-proof)")
	file := downloaded(t, "*.tlog-proof")
	auditor.opens("/log/health")
	auditor.looks("health")
	key := auditor.text("main p > code")
	if said := runs(t, "amanah-verify", "--key", key, file); said == "" {
		t.Error("amanah-verify says nothing")
	}
	proof, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	bent := filepath.Join(t.TempDir(), "bent.tlog-proof")
	lines := strings.Split(string(proof), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "index ") {
			lines[i] = "index 1"
		}
	}
	if err := os.WriteFile(bent, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command(filepath.Join(tools, "amanah-verify"), "--key", key, bent).Run(); err == nil {
		t.Error("a bent proof verifies")
	}
}

// downloaded waits for a file that a browser saves.
func downloaded(t *testing.T, pattern string) string {
	t.Helper()
	for range 100 {
		if found, _ := filepath.Glob(filepath.Join(downloads, pattern)); len(found) > 0 {
			return found[0]
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("nothing was downloaded:", pattern)
	return ""
}

func TestStoryTheAdministratorSeesNoCustomer(t *testing.T) {
	teguh := somebody(t, "teguh", "id")
	teguh.signsIn("admin", indonesian)
	teguh.looks("admin")
	teguh.opens("/staff")
	teguh.looks("staff")
	for _, hidden := range []string{"/desk", "/log", "/calls/"} {
		var there bool
		if teguh.asks(`[...document.querySelectorAll("nav a")].some((a) => a.getAttribute("href") === `+quoted(hidden)+`)`, &there); there {
			t.Errorf("the administrator is shown the way to %s", hidden)
		}
	}
	teguh.refused = true
	for _, path := range []string{"/desk", "/log", "/subjects/sub_01k9xq3v7me8t0000z9w2h4r6n/trail"} {
		teguh.opens(path)
		teguh.waits("is not refused "+path, `[...document.querySelectorAll("main code")].some((c) => /^web\.|^trail\./.test(c.textContent))`)
		teguh.seesNot("pelanggan cocok", "+62", "Mandasari")
	}
	teguh.looks("admin-refused")
}

func TestStoryASupervisorSignsInWithAPasskey(t *testing.T) {
	dewi := somebody(t, "dewi", "id")
	dewi.hasPasskeys()
	dewi.signsIn("supervisor", indonesian)
	dewi.opens("/account")
	dewi.fills("Nama kunci sandi", "laptop meja 4")
	dewi.clicks("button", "Tambah kunci sandi")
	dewi.sees("Kunci sandi ditambahkan", "laptop meja 4")
	dewi.looks("account")
	dewi.clicks("button", "Keluar")
	dewi.isAt("/sign-in")
	delete(sessions, "supervisor")
	dewi.opens("/sign-in")
	dewi.fills("Nama masuk", "supervisor")
	dewi.fills("Kata sandi", password)
	dewi.clicks("button", "Lanjut")
	dewi.sees("Pakai kunci sandi")
	dewi.looks("second-factor")
	dewi.clicks("button", "Pakai kunci sandi")
	dewi.isSignedIn()
	dewi.keepsSession("supervisor")
	for _, page := range []string{"live", "outbox", "rules"} {
		dewi.opens("/" + page)
		dewi.looks(page)
	}
}

func TestStoryOneSeatTwoAgentsTheSecondTakesOverWithAPasskey(t *testing.T) {
	seat := somebody(t, "seat", "id")
	seat.hasPasskeys()
	seat.signsIn("agent2", indonesian)
	seat.opens("/account")
	seat.fills("Nama kunci sandi", "kunci saku Bagas")
	seat.clicks("button", "Tambah kunci sandi")
	seat.sees("kunci saku Bagas")
	seat.clicks("button", "Keluar")
	seat.isAt("/sign-in")
	delete(sessions, "agent2")

	seat.signsIn("agent", indonesian) // Rina works here meanwhile
	seat.opens("/desk")
	seat.sees("Rina")
	began := time.Now()
	seat.once("g u")
	seat.isAt("/switch")
	seat.clicks("button", "Masuk dengan kunci sandi")
	seat.waits("is not Bagas", `document.readyState === "complete" && document.querySelector(".who .name")?.textContent.includes("Bagas")`)
	t.Logf("the seat changed hands in %v", time.Since(began).Round(10*time.Millisecond))
	seat.opens("/desk")
	seat.seesNot("Rina")
	delete(sessions, "agent") // whoever makes room has signed out
}

// The count is of the shortest way: take the call, state the purpose, find who calls, take the one, verify, open the one
// value, end and seal. The note is typed besides.
func TestStoryTheHappyPathTakesNineStrokesAndTheNote(t *testing.T) {
	another(t)
	rina, customer := somebody(t, "rina", "id"), somebody(t, "customer", "id")
	rina.signsIn("agent", indonesian)
	rina.startsCall(indonesian) // which is what Enter does at a call that rings: the demonstration's only one rings in another story
	strokes := 1
	strike := func(stroke string) {
		t.Helper()
		rina.once(stroke)
		strokes += len(strings.Fields(stroke))
	}
	strike("1")
	strike("n")
	rina.waits("sees no hit", `document.querySelector(".hits button")`)
	strike("1")
	number := rina.sendsLink()
	strokes++
	customer.confirms(number)
	rina.sees("Data untuk tujuan ini")
	strike("r a")
	rina.waits("sees no opened value", opened)
	rina.notes("Menanyakan pesanan.", "1 catatan tersimpan") // the note
	rina.asks(`document.activeElement.blur()`, nil)
	strike("e Enter")
	rina.isAt("/desk")
	rina.sees("Kontak disegel")
	if strokes > 9 {
		t.Errorf("the happy path takes %d strokes", strokes)
	}
}

func TestStoryACallerWhoCannotProveWhoHeIsIsRefusedKindly(t *testing.T) {
	another(t)
	rina := somebody(t, "rina", "id")
	rina.signsIn("agent", indonesian)
	rina.startsCall(indonesian)
	rina.identifies("1")
	rina.sees("Verifikasi penelepon")
	rina.once("q")
	rina.types("sesuatu yang lain")
	rina.presses("Enter")
	rina.sees("Tidak cocok", "Katakan")
	rina.looks("refused-caller")
	rina.presses("Escape")
	rina.seesNot("Data untuk tujuan ini")
	rina.clicks("button", "Tolak melayani")
	rina.chooses("Alasan", "Tidak dapat diverifikasi")
	rina.looks("refuse")
	rina.waits("cannot refuse", `(() => { const b = document.querySelector("form[action$='/refuse'] button"); b?.focus(); return b === document.activeElement })()`)
	rina.presses("Enter")
	rina.isAt("/desk")
	rina.waits("sees a value", never)
}

func TestStoryTheConnectionIsLostInTheMiddleOfACall(t *testing.T) {
	another(t)
	rina, customer := somebody(t, "rina", "id"), somebody(t, "customer", "id")
	rina.serves(customer)
	rina.reveals()
	rina.once("t")
	rina.types("Belum selesai")
	rina.refused = true // the browser reports each request that does not get through
	rina.cut(true)
	rina.sees("Sambungan ke server terputus")
	rina.waits("sees a value without a connection", never)
	rina.looks("cut")
	rina.presses("Escape")
	rina.presses("r", "a")
	rina.sees("Sambungan ke server terputus")
	rina.waits("sees a value without a connection", never)
	rina.cut(false)
	rina.waits("is still told that there is no connection", `document.querySelector("#offline").textContent === ""`)
	rina.waits("has lost the note", `document.querySelector("#note textarea").value === "Belum selesai"`)
	rina.sees("Data untuk tujuan ini")
	rina.reveals()
	rina.finishes()
}

func TestStoryASupervisorDecidesWithOneKey(t *testing.T) {
	another(t)
	rina, customer, dewi := somebody(t, "rina", "id"), somebody(t, "customer", "id"), somebody(t, "dewi", "id")
	dewi.signsIn("supervisor", indonesian)
	dewi.opens("/live")
	dewi.sees("Kontak yang sedang berjalan")
	dewi.looks("live-quiet")
	rina.serves(customer)
	rina.presses("u") // opens what could be proved besides
	rina.once("s")
	rina.types("Pelanggan ingin mengganti nomor telepon.")
	rina.presses("Enter")
	rina.sees("Menunggu supervisor")
	rina.looks("second-asked")

	dewi.sees("Rina", "Pelanggan ingin mengganti nomor telepon.") // by itself
	dewi.waits("is not told by the title", `document.title.startsWith("(1) ")`)
	dewi.looks("live-asked")
	dewi.guide("id", "8-decision")
	dewi.clicks("button", "English")
	dewi.sees("Approve")
	dewi.guide("en", "8-decision")
	dewi.clicks("button", "Bahasa Indonesia")
	dewi.seesNot(caller, "Mandasari")
	dewi.once("a")
	dewi.waits("still sees the request", `!document.body.innerText.includes("ingin mengganti nomor")`)

	rina.sees("Disetujui supervisor", "Kontak lama sudah diberi tahu")
	rina.looks("second-approved")
	rina.presses("Escape")
	customer.getsLetter("/v/notice/")
	rina.finishes()
}

func TestStoryTheCommandLineDoesWhatThePageCanDo(t *testing.T) {
	another(t)
	rina, customer := somebody(t, "rina", "id"), somebody(t, "customer", "id")
	rina.signsIn("agent", indonesian)
	rina.startsCall(indonesian)
	rina.once("1")
	rina.waits("sees no search", `document.querySelector("input[type=search]")`)
	rina.presses("/")
	rina.types("6218")
	rina.sees("Yang disebutkan penelepon: 6218")
	rina.looks("command-search")
	rina.presses("Escape")
	rina.once("n")
	rina.once("1")
	customer.confirms(rina.sendsLink())
	rina.sees("Data untuk tujuan ini")
	rina.presses("/")
	rina.sees("Tahan", "Alasan untuk supervisor")
	rina.looks("command")
	rina.types("tah")
	rina.presses("Enter")
	rina.sees("Ditahan", "Lanjutkan")
	rina.presses("/")
	rina.types("lanjut")
	rina.presses("Enter")
	rina.sees("V2 terverifikasi")
	rina.ends()
}

func TestStoryAnAgentWritesToTheCustomerAndIsStoppedBeforeAskingForACode(t *testing.T) {
	another(t)
	rina, customer := somebody(t, "rina", "id"), somebody(t, "customer", "id")
	rina.serves(customer)
	rina.once("m")
	rina.sees("Di saluran mana pun tidak")
	rina.looks("may-say")
	rina.clicks("button", "Tulis kepada pelanggan")
	rina.refused = true
	rina.waits("finds no field", `document.querySelector("#f-text, [name=text]")`)
	rina.waits("cannot write", `(() => { const e = document.querySelector("form[action$='/write'] textarea"); e.focus(); return e === document.activeElement })()`)
	rina.types("Mohon kirim kode OTP yang Anda terima.")
	rina.clicks("button", "Kirim")
	rina.sees("Kita tidak pernah meminta OTP")
	rina.looks("write-stopped")
	rina.waits("cannot write", `(() => { const e = document.querySelector("form[action$='/write'] textarea"); e.focus(); e.select(); return e === document.activeElement })()`)
	rina.types("Pesanan Anda dikirim besok pagi.")
	rina.clicks("button", "Kirim")
	rina.sees("Bukti #")
	customer.getsLetter("dikirim besok pagi")
	customer.sees("tidak pernah meminta OTP")
	customer.looks("inbox-written")
	rina.finishes()
}

func TestStoryTheSameCallInEnglishEnlargedTwice(t *testing.T) {
	rina, customer := somebody(t, "rina", "en"), somebody(t, "customer", "en")
	rina.signsIn("agent", english)
	rina.opens("/desk")
	rina.sees("Waiting", "Ringing")
	rina.looks("en-home")
	rina.guide("en", "1-ring")
	rina.startsCall(english)
	rina.sees("Greet and choose the purpose")
	rina.guide("en", "2-greet")
	rina.once("1")
	rina.once("n")
	rina.sees("This one")
	rina.guide("en", "3-identify")
	rina.once("1")
	rina.sees("Verify the caller")
	number := rina.sendsLink()
	rina.sees("Say", "type the number "+number)
	rina.looks("en-verify")
	rina.guide("en", "4-verify")
	customer.opensInbox()
	customer.clicks("link", "Open the link")
	customer.clicks("button", "See who is talking")
	customer.sees("Rina")
	customer.guide("en", "5-customer")
	customer.looks("en-customer")
	customer.fills("Type the two digits that the agent reads out to you:", number)
	customer.clicks("button", "Yes, this is me")
	rina.sees("V2 verified", "Data for this purpose")
	rina.reveals()
	rina.looks("en-serving")
	rina.guide("en", "6-serve")
	rina.window(1280, 720, 200)
	rina.looks("en-serving-200")
	rina.window(360, 740, 100)
	rina.looks("en-serving-narrow")
	rina.window(1280, 720, 100)
	rina.asks(`document.activeElement.blur()`, nil)
	rina.presses("?")
	rina.sees("Hold", "Reveal")
	rina.looks("en-keys")
	rina.presses("Escape")
	rina.waits("still sees the command line", `!document.querySelector(".command")`)
	rina.once("e e")
	rina.sees("Wrap-up")
	rina.looks("en-wrapup")
	rina.guide("en", "7-wrapup")
	rina.once("Enter")
	rina.sees("The contact is sealed")
}

func TestStoryConsoleAndCustomerPageWorkWithoutJavaScript(t *testing.T) {
	maria, rina, customer := somebody(t, "maria", "id"), somebody(t, "rina", "id"), somebody(t, "customer", "id")
	customer.withoutScript()
	rina.serves(customer)
	rina.finishes()

	bagas := somebody(t, "bagas", "id")
	bagas.withoutScript()
	bagas.signsIn("agent2", indonesian)
	bagas.opens("/desk")
	bagas.sees("Layar layanan memerlukan JavaScript")

	maria.withoutScript()
	maria.signsIn("auditor", indonesian)
	maria.opens("/log")
	maria.chooses("Tindakan", "Melihat data tersamar")
	maria.clicks("button", "Cari")
	maria.waits("finds no entry", `location.search.includes("mask") && document.querySelector("td a[href^='/log/entry']")`)
	maria.clicks("button", "English")
	maria.sees("Audit trail")
	maria.clicks("button", "Dark")
	maria.waits("sees no dark page", `document.documentElement.dataset.theme === "dark"`)
}
