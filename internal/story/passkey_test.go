package story

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// answersFromHistory types what the caller answers to the first question.
func (p *person) answersFromHistory() {
	p.t.Helper()
	var question string // another one in each call
	p.waits("sees no question", `document.querySelector("[name=question]")`)
	p.asks(`document.querySelector("[name=question]").value`, &question)
	if history[question] == "" {
		p.t.Fatalf("nobody knows the answer to %q", question)
	}
	p.once("q")
	p.types(history[question])
	p.presses("Enter")
	p.waits("has not asked", `document.querySelector("[name=question]")?.value !== `+quoted(question))
}

// servesStrongly takes a call of the customer for a purpose with these words; a link and an answer verify the customer strongly.
func (p *person) servesStrongly(customer *person, purpose string) {
	p.t.Helper()
	p.signsIn("agent", indonesian)
	p.startsCall(indonesian)
	p.verifiesStrongly(customer, purpose)
}

// verifiesStrongly does that in a call that goes on already.
func (p *person) verifiesStrongly(customer *person, purpose string) {
	p.t.Helper()
	p.purposeOf(purpose)
	p.once("n")
	p.once("1")
	p.sees("Verifikasi penelepon")
	p.answersFromHistory()
	customer.confirms(p.sendsLink())
	p.sees("V3 terverifikasi kuat")
}

// In a call in which the customer is verified strongly the page offers a passkey; in the next call the page asks for it beside the number.
func TestStoryACustomerRegistersAPasskeyAndShowsItInTheNextCall(t *testing.T) {
	another(t)
	rina, customer := somebody(t, "rina", "id"), somebody(t, "customer", "id")
	customer.hasPasskeys()
	rina.signsIn("agent", indonesian)
	rina.startsCall(indonesian)
	rina.identifies("1")
	rina.sees("Verifikasi penelepon")
	rina.answersFromHistory()
	customer.confirms(rina.sendsLink())
	rina.sees("V3 terverifikasi kuat")
	customer.sees("Lebih cepat lain kali")
	customer.looks("customer-passkey")
	customer.clicks("button", "Daftarkan kunci sandi")
	customer.sees("Kunci sandi Anda yang terdaftar: 1.")
	customer.looks("customer-passkey-added")
	letters++ // the notice has a link too
	customer.getsLetter("kunci sandi baru")
	rina.sees("Kunci sandi pelanggan", "belum pernah dipakai")
	rina.once("e e")
	rina.sees("Penutupan")
	rina.once("Enter")
	rina.isAt("/desk")

	rina.startsCall(indonesian)
	rina.identifies("1")
	number := rina.sendsLink()
	customer.opensLink()
	customer.sees("Ya, dengan kunci sandi saya")
	customer.looks("customer-passkey-asked")
	customer.fills("Ketik dua angka yang dibacakan petugas kepada Anda:", number)
	customer.clicks("button", "Ya, dengan kunci sandi saya")
	customer.sees("Terima kasih, Anda sudah terverifikasi")
	customer.sees("Hapus semua kunci sandi saya")
	rina.sees("V2 terverifikasi") // a new passkey proves nothing beside the link
	rina.presses("u")
	rina.answersFromHistory()
	rina.sees("V3 terverifikasi kuat", "Kunci sandi pelanggan", "terakhir dipakai")
	rina.presses("Escape")
	rina.looks("passkeys")
	rina.once("k k")
	rina.waits("still sees a passkey", `!document.querySelector("#passkeys-title")`)
	customer.do(chromedp.Reload())
	customer.waits("still has a passkey", `document.readyState === "complete" && !document.body.textContent.includes("Hapus semua kunci sandi saya")`)
	rina.finishes()
}
