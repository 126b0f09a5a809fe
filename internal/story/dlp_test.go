package story

import "testing"

func TestStoryANumberTypedIntoANoteTurnsIntoItsNameAndTheWriterIsCoached(t *testing.T) {
	another(t)
	rina, customer := somebody(t, "rina", "id"), somebody(t, "customer", "id")
	rina.serves(customer)
	rina.notes("Pelanggan menyebut NIK 3273014708870017 dan OTP 482913.", "Diganti di catatan: NIK, OTP.")
	rina.looks("note-replaced")
	rina.once("b")
	rina.sees("Pelanggan menyebut NIK [NIK ****0017] dan OTP [OTP].")
	rina.seesNot("3273014708870017", "482913")
	rina.presses("Escape")
	rina.finishes()

	dpo := somebody(t, "dpo", "id")
	dpo.signsIn("dpo", indonesian)
	dpo.opens("/dlp")
	dpo.sees("Data pribadi di dalam teks", "catatan", "disamarkan")
	dpo.looks("dlp")
	dpo.clicks("link", "NIK, OTP")
	dpo.sees("[NIK ****0017]", "Beberapa kata di sekitar temuan")
	dpo.seesNot("3273014708870017")
	dpo.chooses("Hasil", "kebiasaan")
	dpo.fills("Pesan untuk penulisnya", "Cukup tulis datanya sudah dicocokkan.")
	dpo.looks("dlp-incident")
	dpo.clicks("button", "Simpan hasil")
	dpo.sees("Hasil tersimpan")

	rina.opens("/dlp/mine")
	rina.sees("Cukup tulis datanya sudah dicocokkan.", "Sudah saya baca")
	rina.looks("dlp-mine")
	rina.clicks("button", "Sudah saya baca")
	rina.sees("Tercatat bahwa Anda sudah membacanya")

	dpo.opens("/dlp/rules")
	dpo.sees("Aturan untuk data di dalam teks", "PIN, OTP, CVV, kata sandi")
	dpo.looks("dlp-rules")
	dpo.fills("Aturan tambahan", `@id("no_plates") @verdict("mask") @sentence_id("Pelat nomor disamarkan.") @sentence_en("Plates are masked.") forbid (principal, action == Action::"program", resource) when { resource.type == "plate" };`)
	dpo.clicks("button", "Coba pada tiga puluh hari terakhir")
	dpo.sees("Tidak ada yang berbeda")
	dpo.looks("dlp-tried")
}
