package known

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/pii"
)

// labelled is a message of the development set, with the names of persons in it.
type labelled struct {
	Text  string
	Spans []struct {
		Type       string
		Start, End int
	}
}

func messages(t testing.TB) (out []labelled) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "pii", "testdata", "dev", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.Contains(name, "_pass") { // the spans of another pass over the same messages
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
			var m labelled
			if err := json.Unmarshal(s.Bytes(), &m); err != nil {
				t.Fatal(err)
			}
			out = append(out, m)
		}
	}
	return out
}

// The persons of the labelled messages, when they are customers, by whatever part of their name they are called there.
func TestNamesOfCustomersAreFoundInChatNotesMailAndTranscripts(t *testing.T) {
	h := build(t, dbtest.Open(t, schemas()...), filepath.Join(t.TempDir(), "kms.key"))
	h.build()
	list := messages(t)
	for _, m := range list {
		for _, s := range m.Spans {
			if s.Type != "person" {
				continue
			}
			name := m.Text[s.Start:s.End]
			if len(strings.Fields(name)) == 1 {
				name += " Puspita" // called by the first of two names
			}
			h.create("name", name, "customer_number", id.Letters())
		}
	}
	all, found := 0, 0
	for _, m := range list {
		persons := h.People(h.ctl, []byte(m.Text))
		for _, s := range m.Spans {
			if s.Type != "person" {
				continue
			}
			all++
			covered := false
			for _, p := range persons {
				covered = covered || p.Start <= s.Start && p.End >= s.End
			}
			if covered {
				found++
			} else {
				t.Logf("missed %q in %q", m.Text[s.Start:s.End], m.Text)
			}
		}
	}
	t.Logf("%d of %d names of customers (%.1f %%)", found, all, 100*float64(found)/float64(all))
	if all < 200 || float64(found) < 0.98*float64(all) {
		t.Errorf("%d of %d names of customers are found; at least 98 %%", found, all)
	}
}

// made is a made-up customer; no two have a value in common but by chance.
type made struct{ name, phone, email, nik, account, number string }

var (
	firstNames = strings.Fields("Budi Siti Agus Dewi Rahmat Wayan Hotmaida Ujang Yohanes Maria Slamet Nurul Putri Indra Bayu Fitri Galih Ratna Teguh Laras")
	lastNames  = strings.Fields("Santoso Rahayu Siregar Wijaya Hidayat Lestari Nugroho Kusuma Simanjuntak Pratama Handayani Saputra Maulana Permata Gunawan Utami")
)

func people(n int) (out []made) {
	r := rand.New(rand.NewPCG(7, 7))
	for i := range n {
		name := firstNames[r.IntN(len(firstNames))] + " " + lastNames[r.IntN(len(lastNames))] + " " + syllables(r)
		out = append(out, made{name, fmt.Sprintf("08%d%08d", 11+i%80, 10_000_000+i*37), fmt.Sprintf("%s.%d@contoh.co.id", strings.ToLower(name[:3]), i),
			fmt.Sprintf("3273%02d%02d%02d%02d%04d", 1+i%30, 1+i%28, 1+i%12, 60+i%40, 1+i/7), fmt.Sprintf("%010d", 7_700_000_000+i*113), fmt.Sprintf("CST-%07d", i)})
	}
	return out
}

func syllables(r *rand.Rand) string {
	var b strings.Builder
	for range 3 {
		b.WriteString([]string{"ka", "ri", "mo", "tu", "se", "na", "wi", "lo", "da", "ju"}[r.IntN(10)])
	}
	return strings.ToUpper(b.String()[:1]) + b.String()[1:]
}

func (m made) values() []string {
	return []string{"name", m.name, "phone", m.phone, "email", m.email, "nik", m.nik, "account_number", m.account, "customer_number", m.number}
}

// forms are ways in which the value is written in chat.
func (m made) forms(r *rand.Rand) (kind, text string) {
	words := strings.Fields(m.name)
	switch r.IntN(12) {
	case 0:
		return Name, strings.ToLower(m.name)
	case 1:
		return Name, strings.ToUpper(m.name)
	case 2:
		return Name, words[2] + ", " + words[0] + " " + words[1]
	case 3:
		return Name, m.name
	case 4:
		return "phone", m.phone[:4] + "-" + m.phone[4:8] + "-" + m.phone[8:]
	case 5:
		return "phone", "+62 " + m.phone[1:]
	case 6:
		return "phone", strings.Join(strings.Split(m.phone, ""), " ")
	case 7:
		return "email", strings.ToUpper(m.email)
	case 8:
		return "nik", m.nik[:6] + "." + m.nik[6:12] + "." + m.nik[12:]
	case 9:
		return "nik", m.nik
	case 10:
		return "bank_account", m.account[:3] + " " + m.account[3:6] + " " + m.account[6:]
	default:
		return CustomerNumber, strings.ToLower(strings.ReplaceAll(m.number, "-", " "))
	}
}

var sides = [][2]string{
	{"pagi min, ", " mau tanya tagihan bulan ini"}, {"tolong cek punya ", " ya kak"}, {"atas nama/nomor ", ", belum masuk dananya"}, {"", ""},
	{"Dear team, mohon bantu kendala ", ". Terima kasih."}, {"eh iya tadi katanya ", " gitu, terus gimana"},
}

func TestValuesOfCustomersAreFoundAndValuesOneCharacterOffAreNot(t *testing.T) {
	h := build(t, dbtest.Open(t, schemas()...), filepath.Join(t.TempDir(), "kms.key"))
	h.build()
	list := people(300)
	ids := make([]string, len(list))
	for i, m := range list {
		ids[i] = h.create(m.values()...)
	}
	r := rand.New(rand.NewPCG(11, 3))
	const rounds = 3000
	found, alerts := 0, 0
	for range rounds {
		i := r.IntN(len(list))
		kind, value := list[i].forms(r)
		side := sides[r.IntN(len(sides))]
		text := side[0] + value + side[1]
		places, _, err := h.Whose(h.ctl, []byte(text))
		h.must(err)
		if slices.ContainsFunc(places, func(p Place) bool { return p.Subject == ids[i] && p.Kind == kind }) {
			found++
		} else {
			t.Logf("missed %s in %q", kind, text)
		}
		// One of the last characters is another: what stands before a telephone number, such as another country's prefix, is no part
		// of the number as it is dialled at home.
		off := []byte(value)
		for at := len(off) - 1 - r.IntN(5); ; at = len(off) - 1 - r.IntN(5) {
			if c := off[at]; c >= '0' && c <= '9' {
				off[at] = '0' + (c-'0'+1+byte(r.IntN(9)))%10
				break
			} else if c|0x20 >= 'a' && c|0x20 <= 'z' {
				off[at] = c&^0x1f | (c&0x1f)%25 + 1
				break
			}
		}
		text = side[0] + string(off) + side[1]
		if places, _, err = h.Whose(h.ctl, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(places, func(p Place) bool { return p.Subject == ids[i] && p.Confidence > half }) {
			alerts++
			t.Logf("one off: %q is %v", text, places)
		}
	}
	t.Logf("%d of %d values found, %d alerts for values one character off", found, rounds, alerts)
	if found < rounds*98/100 || alerts > 0 {
		t.Errorf("%d of %d values found (at least 98 %%), %d alerts for values one character off (none)", found, rounds, alerts)
	}
}

// BenchmarkWhose measures what it takes to say whose values a text of 140 bytes holds, beside the first tier on the same text,
// with so many customers of six values; the memory of the index, and how long its start takes.
func BenchmarkWhose(b *testing.B) {
	h := build(b, dbtest.Open(b, schemas()...), filepath.Join(b.TempDir(), "kms.key"))
	h.build()
	s := h.shelf(h.ctl)
	const customers = 125_000 // eight prints each: a million values and their other forms
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	list := people(customers)
	before, began := heap(), time.Now()
	for _, m := range list {
		fields := map[string][]string{"address": {"Jl. " + m.name + " No. 12 RT 03/RW 05, Bandung"}, "birth_date": {fmt.Sprintf("19%02d-%02d-%02d", 50+len(m.name), 1+len(m.name)%12, 1+m.phone[9]%28)}}
		for p := range slices.Chunk(m.values(), 2) {
			fields[p[0]] = []string{p[1]}
		}
		h.put(s, id.New(id.Subject), fields)
	}
	h.must(s.renew())
	took, after := time.Since(began), heap()
	r := rand.New(rand.NewPCG(1, 1))
	texts := make([][]byte, 2000)
	for i := range texts {
		a := sides[r.IntN(len(sides))]
		text := a[0] + "sudah dicoba tapi belum bisa, mohon dibantu segera karena besok jatuh tempo dan saya di luar kota sampai akhir pekan" + a[1]
		if i%10 == 0 { // every tenth names a customer
			_, v := list[r.IntN(len(list))].forms(r)
			text += " " + v
		}
		texts[i] = []byte(text)
	}
	scanner := pii.New(pii.Options{})
	var shapes, ours time.Duration
	n := 0
	for b.Loop() {
		text := texts[n%len(texts)]
		n++
		at := time.Now()
		_ = scanner.Scan(nil, text)
		middle := time.Now()
		if _, _, err := h.Whose(h.ctl, text); err != nil {
			b.Fatal(err)
		}
		shapes, ours = shapes+middle.Sub(at), ours+time.Since(middle)
	}
	b.ReportMetric(float64(shapes.Nanoseconds())/float64(n), "shapes-ns")
	b.ReportMetric(float64(ours.Nanoseconds())/float64(n), "whose-ns")
	b.ReportMetric(float64(after-before)/customers, "bytes/customer")
	b.ReportMetric(float64(took.Microseconds())/customers, "start-us/customer")
}

// BenchmarkStart measures how long the index takes from everybody's sealed values to being ready, for each customer.
func BenchmarkStart(b *testing.B) {
	h := build(b, dbtest.Open(b, schemas()...), filepath.Join(b.TempDir(), "kms.key"))
	const customers = 10_000
	list := people(customers)
	for some := range slices.Chunk(list, 200) {
		h.must(h.db.Write(b.Context(), func(tx *db.Tx) error {
			for i, m := range some {
				p, err := h.vault.Prepare(h.ctl, append(values(m.values()...), values("address", fmt.Sprintf("Jl. %s No. %d RT 03/RW 05, Bandung", m.name, i), "birth_date", fmt.Sprintf("19%02d-03-%02d", 50+i%40, 1+i%28), "mother_maiden_name", "Sumiyati")...))
				if err != nil {
					return err
				}
				d, err := h.vault.Draft(p, "bench")
				if err != nil {
					return err
				}
				if err := h.vault.Add(tx, d); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	for b.Loop() {
		h.build()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/customers, "us/customer")
}
