package story

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// dayLater ends the demonstration and starts it again, on the same folder, as it would be the day after tomorrow. The program
// is the same one, built with a clock that is ahead: there is no switch for that in what is shipped.
func dayLater(t *testing.T) {
	t.Helper()
	const file, clock = "../app/command/cli.go", "clock: time.Now,"
	text, err := os.ReadFile(file)
	if err != nil || strings.Count(string(text), clock) != 1 {
		t.Fatal("the clock is set elsewhere", err)
	}
	ahead := strings.Replace(string(text), clock, "clock: func() time.Time { return time.Now().Add(49 * time.Hour) },", 1)
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	overlay, _ := json.Marshal(map[string]any{"Replace": map[string]string{path: filepath.Join(tools, "cli.go")}})
	for name, content := range map[string][]byte{"cli.go": []byte(ahead), "overlay.json": overlay} {
		if err := os.WriteFile(filepath.Join(tools, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program = "amanah-later"
	if out, err := exec.Command("go", "build", "-overlay", filepath.Join(tools, "overlay.json"), "-o", filepath.Join(tools, program), "../../cmd/amanah").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	stop()
	if err := demonstrate(strings.TrimPrefix(strings.Replace(site, "localhost", "127.0.0.1", 1), "http://")); err != nil {
		t.Fatal(err)
	}
	clear(sessions) // nobody works for two days
	letters = 0     // the inbox of the demonstration is new
}

// asksForAnotherPhone goes all the way to a change of the customer's telephone number: a call of ours that the exchange reports, the
// customer's link and an answer, the call back, and a second member of staff.
func asksForAnotherPhone(t *testing.T, rina, dewi, customer *person, another string) {
	t.Helper()
	dewi.signsIn("supervisor", indonesian)
	dewi.opens("/live")
	rina.signsIn("agent", indonesian)
	rina.opens("/desk")
	x := calls(t)
	x.tells("contact.offered", "panggilan balik")
	rina.takes("panggilan balik")
	x.tells("contact.connected", "")
	rina.verifiesStrongly(customer, "Perubahan kontak dan alamat")
	rina.presses("u")
	rina.once("s")
	rina.types("Nomor lama akan tidak aktif, kami yang menelepon.")
	rina.presses("Enter")
	dewi.sees("Nomor lama akan tidak aktif")
	dewi.once("a")
	rina.sees("Disetujui supervisor")
	customer.getsLetter("/v/notice/")
	rina.once("c")
	rina.sees("Panggilan balik tercatat", "V4 terverifikasi berdua")
	rina.looks("call-back")
	rina.once("d")
	rina.sees("Ganti kontak")
	rina.chooses("Kontak yang diganti", "Nomor telepon")
	rina.fills("Kontak baru", another)
	rina.presses("Enter")
	rina.sees("Perubahan menunggu", "Kontak lama sudah diberi tahu")
	rina.seesNot(another, caller)
}

// getsNotice opens the page of the notice that a contact is to change.
func (p *person) getsNotice() {
	p.t.Helper()
	p.follows("/v/change/")
	p.sees("Apakah Anda yang meminta perubahan ini?", "Nomor telepon")
}

func TestStoryTheOldContactStopsAChange(t *testing.T) {
	another(t)
	rina, dewi, customer := somebody(t, "rina", "id"), somebody(t, "dewi", "id"), somebody(t, "customer", "id")
	asksForAnotherPhone(t, rina, dewi, customer, "+6284900000902")
	rina.looks("change-waits")
	customer.getsNotice()
	customer.looks("change-notice")
	customer.clicks("button", "Bukan saya, hentikan")
	customer.sees("Perubahan dihentikan", "sedang diperiksa")
	customer.looks("change-stopped")
	rina.once("h")
	rina.sees("Dibekukan")
	rina.seesNot("Data untuk tujuan ini")
	rina.looks("change-frozen")
	dewi.opens("/denials")
	dewi.sees("Dibekukan")
}

func TestStoryANewPhoneIsInForceWhenTheTimeToObjectIsOver(t *testing.T) {
	another(t)
	next := "+6284900000901"
	rina, dewi, customer := somebody(t, "rina", "id"), somebody(t, "dewi", "id"), somebody(t, "customer", "id")
	asksForAnotherPhone(t, rina, dewi, customer, next)
	customer.getsNotice()
	rina.once("h")
	rina.finishes()
	for _, home := range []*person{rina, dewi} {
		home.opens("/account") // where nothing listens to the server
	}
	dayLater(t)

	rina.signsIn("agent", indonesian)
	rina.startsCall(indonesian) // from the old number: nobody's
	rina.once("1")
	rina.sees("Kenali penelepon")
	rina.waits("is offered a customer", `!document.querySelector("[data-key='n']")`)
	rina.ends()
	caller = next
	rina.startsCall(indonesian)
	rina.identifies("1")
	rina.sees("V1 dikenali", "Verifikasi penelepon") // the new number says who calls; it proves nothing yet
	rina.looks("change-in-force")
	rina.ends()
}
