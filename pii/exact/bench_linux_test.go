package exact

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/amanah-id/amanah/pii"
)

// The words that text is made of here: those of a call center, and those among them that are names as well.
var (
	ordinary = strings.Fields(`yang dan di ke dari untuk dengan pada adalah ini itu saya kami kita anda ibu bapak mohon maaf terima kasih selamat pagi siang sore malam ada bisa sudah belum akan tidak juga atau karena
		pelanggan nomor rekening kartu transaksi saldo pembayaran tagihan kirim terima cek data alamat nama lahir tanggal bulan tahun hari jam menit keluhan laporan proses selesai tunggu hubungi telepon pesan surat aplikasi
		masuk keluar buka tutup blokir aktif layanan bantuan informasi konfirmasi verifikasi petugas cabang kantor pusat kota jalan rumah lantai gedung toko barang pesanan paket kurir resi ongkos bayar harga diskon promo
		batal kembali ganti rusak hilang salah benar cepat lambat hari besok kemarin minggu senin selasa rabu kamis jumat sabtu setelah sebelum sampai sejak hingga lagi masih pernah sering coba ulang silakan baik oke iya
		the please check your account order payment customer number today thank you help with for and call back later address name card we will send email code never share`)
	both  = strings.Fields(`sari indah putri dewi murni cahaya bunga mega surya bayu permata kasih setia budi jaya mulia harapan hadi agus juli april mei rahayu lestari purnama wulan intan mutiara kusuma wijaya`)
	names = strings.Fields(`muhammad ahmad abdul siti nur sri dwi tri eka agung santoso saputra pratama hidayat setiawan nugroho kurniawan susanto gunawan rahman hakim maulana fauzi ramadhan firmansyah handoko prabowo suryadi utami wahyuni
		lestari anggraini puspita kartika yuliana susanti fitriani handayani ningsih astuti rahmawati safitri andayani dian rina rini tuti yanti wati yudi joko bambang slamet suharto sutrisno hendra rudi dedi asep ujang cecep wayan made nyoman ketut`)
)

// fiction makes people and text, as unevenly spread as real names are.
type fiction struct {
	r     *rand.Rand
	names []string
	zipf  *rand.Zipf

	content []string
}

func newFiction(seed uint64) *fiction {
	r := rand.New(rand.NewPCG(seed, 5))
	f := &fiction{r: r, names: slices.Concat(names, both)}
	r.Shuffle(len(f.names), func(i, j int) { f.names[i], f.names[j] = f.names[j], f.names[i] })
	seeded := rand.New(rand.NewPCG(1, 1))
	for range 60000 {
		f.names = append(f.names, syllables(seeded, 3+seeded.IntN(2)))
	}
	for range 4000 {
		f.content = append(f.content, []string{"", "me", "di", "pe"}[seeded.IntN(4)]+syllables(seeded, 2)+[]string{"", "ng", "kan", "nya", "an"}[seeded.IntN(5)])
	}
	f.zipf = rand.NewZipf(r, 1.05, 20, uint64(len(f.names)-1))
	return f
}

func (f *fiction) name() string {
	words := make([]string, 0, 4)
	for range []int{1, 2, 2, 2, 2, 3, 3, 3, 4}[f.r.IntN(9)] {
		words = append(words, f.names[f.zipf.Uint64()])
	}
	if len(words) == 1 && len(words[0]) < minName {
		words = append(words, "santoso")
	}
	return strings.Join(words, " ")
}

// values are those of record n: the same whenever asked, so that text can name records.
func (f *fiction) values(n int, name string) [5]string {
	return [5]string{
		NIK - 1: fmt.Sprintf("32%014d", n*104729), 1: fmt.Sprintf("08%d%08d", 11+n%88, n), 2: fmt.Sprintf("%s%d@contoh%d.co.id", name[:3], n, n%7), 3: name, 4: fmt.Sprintf("%d-%02d-%02d", 1940+n%65, 1+n%12, 1+n%28),
	}
}

var benchFields = [5]Field{NIK, Phone, Email, Name, BirthDate}

// message is about 140 bytes: ordinary words, numbers that nobody has, of a hundred words so many names, and in one message of a hundred
// a record's own number.
func (f *fiction) message(records, names int) string {
	var b strings.Builder
	for b.Len() < 130 {
		switch k := f.r.IntN(100); {
		case k < 5:
			b.WriteString(digits(f.r, 4+f.r.IntN(13)))
		case k < 5+names*5/7:
			b.WriteString(both[f.r.IntN(len(both))])
		case k < 5+names:
			b.WriteString(strings.ToUpper(f.names[f.zipf.Uint64()]))
		case k < 55:
			b.WriteString(ordinary[f.r.IntN(len(ordinary))])
		default: // what such text is about: words that are no names and on no list
			b.WriteString(f.content[f.r.IntN(len(f.content))])
		}
		b.WriteByte(" ,. "[f.r.IntN(4)])
		if f.r.IntN(3) == 0 {
			b.WriteByte(' ')
		}
	}
	if f.r.IntN(100) == 0 {
		b.WriteString(f.values(f.r.IntN(records), "abc")[f.r.IntN(2)])
	}
	b.WriteByte('\n')
	return b.String()
}

// processor is the time that this thread computed.
func processor(b *testing.B) time.Duration {
	const threadClock = 3 // CLOCK_THREAD_CPUTIME_ID
	var at syscall.Timespec
	if _, _, failed := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, threadClock, uintptr(unsafe.Pointer(&at)), 0); failed != 0 { //nolint:gosec // the way to ask a clock that package syscall does not wrap
		b.Fatal(failed)
	}
	return time.Duration(at.Nano())
}

// BenchmarkMatch measures exact matching of 52 MB of messages against as many keys as AMANAH_BENCH_KEYS says (a million), with and without
// names in it, by turns with the floor, a loop over a class table for the same bytes, and with the scanner of the first tier. Times are of this thread's processor.
func BenchmarkMatch(b *testing.B) {
	keys := 1_000_000
	if text := os.Getenv("AMANAH_BENCH_KEYS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		keys = n
	}
	records := keys / 4 // some of their values are shared
	h := newHouse(b)
	f := newFiction(1)
	runtime.LockOSThread()
	started := processor(b)
	for i := range records {
		prints := make([]Print, 0, 6)
		for j, v := range f.values(i, f.name()) {
			p, err := h.keys.Prints(benchFields[j], v)
			if err != nil {
				b.Fatal(benchFields[j], v, err)
			}
			prints = append(prints, p...)
		}
		h.table.Put(record(i), prints...)
	}
	filled := processor(b)
	h.build()
	built := processor(b)
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	runtime.UnlockOSThread()
	for _, names := range []int{0, 7} { // of a hundred words
		b.Run(fmt.Sprintf("names=%d", names), func(b *testing.B) {
			measure(b, h, f, records, names)
			b.ReportMetric(float64(memory.HeapAlloc)/1e6, "heap-MB")
			b.ReportMetric((filled - started).Seconds(), "fill-s")
			b.ReportMetric((built - filled).Seconds(), "build-s")
		})
	}
}

// measure measures one kind of text.
func measure(b *testing.B, h *house, f *fiction, records, names int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const piece = 1 << 20
	var text []byte
	var ends []int
	for len(text) < 52*piece {
		text = append(text, f.message(records, names)...)
		ends = append(ends, len(text))
	}
	var hits []Hit
	found := 0
	match := func(piece []byte) {
		var err error
		if hits, err = h.index.Match(hits[:0], piece); err != nil {
			b.Fatal(err)
		}
		found += len(hits)
	}
	floor := func(from, to int) {
		n := 0
		for _, c := range text[from:to] {
			n += int(classes[c])
		}
		if n == 0 {
			b.Fatal("no letters")
		}
	}
	whole := func(from, to int) { match(text[from:to]) }
	each := func(from, to int) { // the messages that end in the piece
		k, _ := slices.BinarySearch(ends, from+1)
		for ; k < len(ends) && ends[k] <= to; k++ {
			begin := 0
			if k > 0 {
				begin = ends[k-1]
			}
			match(text[begin:ends[k]])
		}
	}
	scanner := pii.New(pii.Options{})
	var findings []pii.Finding
	scan := func(from, to int) { findings = scanner.Scan(findings[:0], text[from:to]) }
	// Of each piece of the text the fastest of all rounds counts, since other programs share the processor and its caches.
	var best [4][]time.Duration
	for b.Loop() {
		for i, run := range []func(from, to int){floor, scan, whole, each} {
			found = 0
			for k, from := 0, 0; from < len(text); k, from = k+1, from+piece {
				at := processor(b)
				run(from, min(from+piece, len(text)))
				d := processor(b) - at
				if k == len(best[i]) {
					best[i] = append(best[i], d)
				}
				best[i][k] = min(best[i][k], d)
			}
		}
	}
	total := func(durations []time.Duration) (sum time.Duration) {
		for _, d := range durations {
			sum += d
		}
		return sum
	}
	rate := func(d []time.Duration) float64 { return float64(len(text)) / 1e6 / total(d).Seconds() }
	b.ReportMetric(rate(best[0]), "floor-MB/s")
	b.ReportMetric(rate(best[1]), "tier1-MB/s")
	b.ReportMetric(rate(best[2]), "whole-MB/s")
	b.ReportMetric(rate(best[3]), "messages-MB/s")
	b.ReportMetric(rate(best[3])/rate(best[0]), "of-floor")
	b.ReportMetric(float64(len(text))/1e6/(total(best[1])+total(best[2])).Seconds(), "both-tiers-MB/s")
	b.ReportMetric(float64(h.index.Bytes())/1e6, "index-MB")
	b.ReportMetric(float64(len(h.index.state.Load().filter.checks))/1.125/1e6, "Mkeys")
	b.ReportMetric(float64(found), "hits")
}

// BenchmarkHostile measures text that is made to cost: each kind in two lengths.
func BenchmarkHostile(b *testing.B) {
	h := newHouse(b)
	f := newFiction(1)
	for i := range 20000 {
		for j, v := range f.values(i, f.name()) {
			h.put(i, benchFields[j], v)
		}
	}
	h.put(1, Name, "aa bb")
	h.put(2, Name, "raden mas agung wijaya kusuma")
	h.build()
	for name, piece := range map[string]string{"digits": "1", "lone-digits": "1 ", "at": "@", "mail": "a@", "names": "aa bb ", "stored": "budi sari 1950-03-04 agus dewi ", "letters": "a", "invisible": "\u200b", "accents": "é ", "hidden": "1*1x"} {
		b.Run(name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var hits []Hit
			cost := func(n int) time.Duration {
				text := []byte(strings.Repeat(piece, n/len(piece)))
				best := time.Duration(1<<63 - 1)
				for range 3 {
					at := processor(b)
					var err error
					if hits, err = h.index.Match(hits[:0], text); err != nil {
						b.Fatal(err)
					}
					best = min(best, processor(b)-at)
				}
				return best
			}
			for b.Loop() {
				once, tenfold := cost(100_000), cost(1_000_000)
				b.ReportMetric(1/tenfold.Seconds(), "MB/s")
				b.ReportMetric(float64(tenfold)/float64(once), "ten-times-as-long")
			}
		})
	}
}
