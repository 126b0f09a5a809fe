package story

import (
	"strings"
	"testing"
)

// A field that must not be recorded, from start to end, with the agent's keys alone: the recorder is paused, the bar says so, the
// field is saved, and the recording goes on; once more, and it is left.
func TestStoryAnIdentityNumberIsTypedWhileNothingIsRecorded(t *testing.T) {
	another(t)
	rina, customer, dewi := somebody(t, "rina", "id"), somebody(t, "customer", "id"), somebody(t, "dewi", "id")
	rina.servesStrongly(customer, "Layanan polis dan klaim")
	rina.once("d")
	rina.sees("Catat tanpa direkam")
	rina.looks("capture-before")
	rina.once("r")
	rina.sees("Tidak direkam · NIK")
	rina.sees("Tidak direkam", "NIK yang disebutkan pelanggan")
	rina.waits("is not in the field", `document.activeElement.id === "f-capture-value"`)
	rina.looks("capture")
	dewi.signsIn("supervisor", indonesian)
	dewi.opens("/live")
	dewi.sees("Tidak direkam: data dicatat")
	dewi.looks("capture-live")
	var at string
	rina.asks(`location.pathname`, &at)
	rina.opens(strings.TrimSuffix(at, "/capture")) // the call itself says so too, and leads back
	rina.sees("Tidak direkam: satu isian terbuka")
	rina.looks("capture-call")
	rina.once("d")
	rina.sees("Tidak direkam · NIK")
	rina.waits("is not in the field", `document.activeElement.id === "f-capture-value"`)
	rina.types("3273014708870017")
	rina.presses("Enter")
	rina.sees("Data diterima dan disimpan tersegel")
	rina.seesNot("3273014708870017")
	rina.waits("is told that the recording stands still", `!document.querySelector("#stuck .bad")`)
	rina.once("r")
	rina.sees("Tidak direkam · NIK")
	rina.presses("Escape")
	rina.once("k")
	rina.sees("Rekaman dilanjutkan")
	rina.waits("is told that the recording stands still", `!document.querySelector("#stuck .bad")`)
	rina.once("h")
	rina.finishes()
	dewi.waits("still sees the capture", `!document.body.innerText.includes("Tidak direkam: data dicatat")`)
}
