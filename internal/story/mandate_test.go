package story

import "testing"

func TestStoryAnAttorneySpeaksSeesTheScopeAndIsCutOffWhenTheMandateIsRevoked(t *testing.T) {
	usual := caller
	caller = principal.Phone
	t.Cleanup(func() { caller = usual })
	rina, sekar, dewi := somebody(t, "rina", "id"), somebody(t, "sekar", "id"), somebody(t, "dewi", "id")
	rina.signsIn("agent", indonesian)
	rina.startsCall(indonesian)
	rina.identifies("1")
	rina.once("l")
	rina.waits("is not at the representatives", `location.pathname.endsWith("/representatives")`)
	rina.sees("Kuasa · S*** M***", "Berlaku", "Diperiksa petugas kedua", "V4, menurut dokumennya")
	rina.seesNot("Sekar", "Maharani")
	rina.looks("mandate-list")
	// Four reasons to revoke, none with a key: the first click only asks, and asks for no other.
	rina.asks(`(() => { window.sent = []; addEventListener("submit", (ev) => { if (!sent) return; sent.push(ev.defaultPrevented ? "asked" : ev.submitter.textContent.trim()); ev.preventDefault(); }) })()`, nil)
	rina.clicks("button", "Cabut kuasa")
	rina.clicks("button", "Diminta wakil")
	rina.presses("Tab", "Enter")
	rina.waits("revokes for a reason that was not asked about", `sent.join() === "asked,asked"`)
	rina.clicks("button", "Diminta wakil")
	rina.clicks("button", "Diminta wakil")
	rina.waits("cannot revoke with the mouse", `sent.join() === "asked,asked,asked,Diminta wakil"`)
	rina.asks(`sent = null`, nil)
	rina.once("1")
	rina.waits("is not back at the call", `!location.pathname.endsWith("/representatives") && document.querySelector("#call")`)
	rina.sees("Kuasa · S*** M*** · Berlaku")
	rina.looks("mandate-speaks")

	// The attorney proves who they are, over a telephone and by e-mail of their own.
	sekar.confirms(rina.sendsLink())
	rina.sees("V2 terverifikasi", "Kirim tautan ke kedua kontak wakil sendiri")
	rina.once("u")
	rina.clicks("button", "Kirim tautan ke surel…")
	sekar.confirms(rina.hearsNumber())
	rina.sees("V3 terverifikasi kuat", "Nama lengkap", "Alamat", "Alamat surel")
	rina.waits("sees a field beyond the mandate", `![...document.querySelectorAll(".field dt")].some((e) => e.textContent.includes("Nomor telepon") || e.textContent.includes("Nomor pelanggan"))`)
	rina.looks("mandate-scope")
	rina.reveals()
	rina.presses("Escape")
	rina.clicks("button", "Konfirmasi") // sent to the customer's registered address, which nobody sees
	rina.sees("dikirim")
	rina.looks("mandate-acted")

	// A supervisor ends it without a call, and the screen closes by itself.
	dewi.signsIn("supervisor", indonesian)
	dewi.once("g k")
	dewi.isAt("/mandates")
	dewi.sees("Kuasa · S*** M***", "Nusantara Niaga", "Status pesanan")
	dewi.looks("mandates")
	dewi.clicks("link", "Kuasa · S*** M***")
	dewi.sees("Percakapan melalui kuasa ini")
	dewi.looks("mandate")
	dewi.chooses("Alasan pencabutan", "Sengketa")
	dewi.once("x x")
	dewi.sees("Kuasa sudah dicabut")
	rina.sees("Dicabut", "V1 dikenali", "Kuasa wakil ini sudah dicabut")
	rina.waits("still has the customer's data", `!document.querySelector(".secret") && !document.body.innerText.includes("@s***") && !document.querySelector(".field form")`)
	rina.looks("mandate-revoked")
	rina.finishes()
	dewi.opens("/mandates?over=true")
	dewi.sees("Dicabut")
	dewi.looks("mandates-over")
}
