package exact

import (
	"strings"
	"sync/atomic"

	"github.com/amanah-id/amanah/pii/internal/siphash"
)

// plainWords are ordinary words that no value has: about half of any text, which needs no hashing then. Which words may be among
// them is fixed; whether they are is found out by each build, and an addition that has one takes it out.
type plainWords struct {
	slots [1 << plainBits]atomic.Uint64 // the word's bytes, little-endian; 0 is empty
	hash  map[uint64]uint16             // from the words' hashes to slots; never changed once made
}

const plainBits = 10

// plainSlot is the slot of a word, of which the first eight bytes are given.
func plainSlot(word uint64) uint16 { return uint16(word * 0x9e3779b97f4a7c15 >> (64 - plainBits)) }

// has reports whether the word, of at most seven letters, is in no value.
func (p *plainWords) has(word uint64) bool {
	return p.slots[plainSlot(word)%(1<<plainBits)].Load() == word
}

// fill takes the ordinary words that the gate does not let through. Where two share a slot, one is left out.
func (p *plainWords) fill(sip siphash.Key, words *gate) {
	p.hash = map[uint64]uint16{}
	for _, w := range strings.Fields(ordinaryWords) {
		hash, packed := sip.Sum([]byte(w)), pack([]byte(w))
		if slot := plainSlot(packed); words.four(hash) == 0 && p.slots[slot].CompareAndSwap(0, packed) {
			p.hash[hash] = slot
		}
	}
}

// forget takes a word out by its hash.
func (p *plainWords) forget(hash uint64) {
	if slot, ok := p.hash[hash]; ok {
		p.slots[slot].Store(0)
	}
}

// ordinaryWords are frequent in Indonesian and English, have at most seven letters, and mean no digit and no month.
const ordinaryWords = `
yang dan di ke dari untuk dengan pada adalah ini itu saya kami kita anda mereka dia ia aku kamu kalian nya para oleh sebagai dalam luar antara tentang seperti karena sebab jika kalau bila agar supaya maka namun tetapi tapi
atau juga pun lagi lah kah tidak tak bukan belum jangan sudah telah sedang akan masih pernah harus perlu bisa dapat boleh mau ingin mohon harap tolong silakan terima kasih maaf selamat pagi siang sore malam ya iya oke
baik benar salah ada jadi menjadi buat membuat bagi banyak sedikit semua setiap tiap seluruh bagian lain sama saja hanya lebih kurang paling sangat sekali amat cukup masih baru lama dulu nanti kemarin besok hari minggu
bulan tahun jam menit detik waktu saat ketika sampai hingga sejak setelah sesudah sebelum selama selalu sering kadang kembali masuk keluar datang pergi bawa ambil beri berikan kasih kirim terima dikirim bayar beli jual pakai
apa siapa mana kapan mengapa kenapa gimana berapa begitu begini sini situ sana tadi orang hal cara kali kalo yg dgn utk tdk gak nggak ga sdh udah aja dong sih deh nih tuh kok kan loh lho gitu gini banget bgt lagi
bantu dibantu proses selesai tunggu cek data kartu saldo nomor akun alamat nama kota jalan rumah kantor bank cabang petugas layanan keluhan pesan surat telepon hubungi info email barang harga paket promo
the and of to in is are was were be been it this that these those for on at by with from as or not no yes but if so we you your our us they them he she his her my me i a an have has had do does did will would can could
should please thank thanks hello hi dear sir madam good morning call back later now then here there what when where who why how which all any some more most than out up down over after before about into also just only
time day week month year name number account order card address phone send sent get got need want know check make made new old first last next per via okay sorry help`
