package story

import (
	"testing"
	"time"
)

func TestStoryTheAuditorPlaysTheKnownAttacksAndReadsTheVerdicts(t *testing.T) {
	auditor := somebody(t, "maria", "id")
	auditor.signsIn("auditor", indonesian)
	auditor.opens("/attacks")
	auditor.looks("attacks-none")
	auditor.clicks("button", "Mainkan serangan sekarang")
	auditor.sees("Serangan")
	auditor.within(2*time.Minute, "gets no report", `(fetch("/attacks").then(r => r.text()).then(t => { window.played = t.includes('id="row-20"') }), window.played === true)`)
	auditor.opens("/attacks")
	auditor.sees("Semua tertahan", "Tertahan", "Terbatas", "Tidak ada celahnya")
	auditor.waits("does not see twenty verdicts", `document.querySelectorAll("section[id^='row-'] > p > .chip").length === 20`)
	auditor.asks(`document.querySelectorAll("#row-1 summary")[1].click()`, nil)
	auditor.sees("Nomor di log", "gate.level_too_low")
	auditor.looks("attacks")
}
