package story

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// In a call in which the customer is verified strongly the page offers a passkey; in the next call the page asks for it beside the number.
func TestStoryACustomerRegistersAPasskeyAndShowsItInTheNextCall(t *testing.T) {
	rina, customer := somebody(t, "rina", "id"), somebody(t, "customer", "id")
	customer.hasPasskeys()
	rina.signsIn("agent", indonesian)
	rina.startsCall(indonesian)
	rina.identifies("1")
	rina.sees("Verifikasi penelepon")
	var question string // another one in each call
	rina.asks(`document.querySelector("[name=question]").value`, &question)
	var demo struct {
		Person struct{ History map[string]string }
	}
	text, err := os.ReadFile(filepath.Join(folder, "demo.json"))
	if err != nil || json.Unmarshal(text, &demo) != nil || demo.Person.History[question] == "" {
		t.Fatalf("nobody knows the answer to %q (%v)", question, err)
	}
	rina.once("q")
	rina.types(demo.Person.History[question])
	rina.presses("Enter")
	rina.waits("has not asked", `document.querySelector("[name=question]")?.value !== `+quoted(question))
	customer.confirms(rina.sendsLink())
	rina.sees("V3 terverifikasi kuat")
	customer.sees("Lebih cepat lain kali")
	customer.looks("customer-passkey")
	customer.clicks("button", "Daftarkan kunci sandi")
	customer.sees("Kunci sandi Anda yang terdaftar: 1.")
	customer.looks("customer-passkey-added")
	letters++ // the notice has a link too
	customer.getsLetter("kunci sandi baru saja didaftarkan")
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
	customer.clicks("button", "Hapus semua kunci sandi saya")
	customer.waits("still has a passkey", `document.readyState === "complete" && !document.body.textContent.includes("Hapus semua kunci sandi saya")`)
	rina.once("e e")
	rina.once("Enter")
	rina.isAt("/desk")
}
