// Package fiction makes up the people of the demonstration and of the benchmarks.
//
// The same number, seed and day give the same people. They are consistent: a NIK names the regency that the
// address names, the birth date that the record holds and, by the day plus 40, the sex that the given name has; members of a household share
// address, family card and sometimes a phone; a customer's history fits the time since when the contacts are registered.
//
// None of them exists, and none of their numbers can be anybody's:
//
//   - NIK and KK carry the district code 99. The highest district ever given in a regency of Indonesia is 68 (all
//     tables from 2016 to 2025), so no population office has issued such a number. Province and regency are real.
//   - Phones are in +62 849. No operator held a number range beginning with 084 when this was written;
//     nothing is ever dialled from the demonstration.
//   - E-mail addresses are in surel.example; RFC 2606 keeps .example for this.
//   - Accounts begin with 999 and cards are four digits only.
//
// Names are ordinary Indonesian names (see NOTICE) in random pairs; a namesake is a coincidence.
package fiction

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

//go:embed people.txt
var words string

// Contact is a phone or e-mail address and since when it is registered; the zero time means unknown.
type Contact struct {
	Value      string
	Registered time.Time
}

// Fact is an item of account history, known to the customer only.
type Fact struct {
	Kind  string // last_payment, last_order, last_branch, product_opened
	Date  time.Time
	Value string
}

// Person is one customer.
type Person struct {
	Controller   int // 0 or 1: whose customer
	Number       string
	Name         string
	Woman        bool
	Born         time.Time
	NIK, KK      string
	Phones       []Contact
	Emails       []Contact
	Address      string
	Mother       string
	Account      string
	CardLastFour string
	Policy       string
	HealthNote   string // a few customers of controller 1
	History      []Fact
	Promotion    string // consent to promotions: "granted", "refused", "withdrawn" or ""
}

type vocabulary struct {
	men, women, menFamily, womenFamily, clans, streets []string
	places                                             [][2]string
}

func read() vocabulary {
	var v vocabulary
	for line := range strings.Lines(words) {
		head, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch head {
		case "men":
			v.men = strings.Fields(rest)
		case "women":
			v.women = strings.Fields(rest)
		case "men_family":
			v.menFamily = strings.Fields(rest)
		case "women_family":
			v.womenFamily = strings.Fields(rest)
		case "clan":
			v.clans = strings.Fields(rest)
		case "street":
			v.streets = strings.Fields(rest)
		case "place":
			code, name, _ := strings.Cut(rest, " ")
			v.places = append(v.places, [2]string{code, strings.TrimSpace(name)})
		}
	}
	return v
}

type household struct {
	place   [2]string
	address string
	kk      string
	clan    string
	phone   Contact
	left    int // members still to come
}

// People makes n customers. day is "today" in their world.
func People(n int, seed uint64, day time.Time) []Person {
	v := read()
	r := rand.New(rand.NewPCG(seed, 0x414d414e4148)) //nolint:gosec // fiction must be repeatable, not unpredictable
	day = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC)
	out := make([]Person, 0, n)
	var h household
	for i := range n {
		if h.left == 0 {
			h = v.household(r, i, day)
		}
		p := v.person(r, i, &h, day)
		// One in forty is spelled almost like somebody else: the same name from another registration office.
		if i > 40 && i%40 == 7 {
			twin := out[i-1-r.IntN(30)]
			p.Name, p.Woman = respell(twin.Name), twin.Woman
			p.NIK = nik(h.place[0], p.Born, p.Woman, i)
		}
		h.left--
		out = append(out, p)
	}
	return out
}

func (v vocabulary) household(r *rand.Rand, i int, day time.Time) household {
	h := household{place: v.places[r.IntN(len(v.places))], left: 1}
	if r.IntN(4) == 0 {
		h.left = 2 + r.IntN(4)
	}
	if r.IntN(6) == 0 {
		h.clan = pick(r, v.clans)
	}
	h.address = fmt.Sprintf("Jalan %s No. %d, RT %03d/RW %03d, %s %05d", pick(r, v.streets), 1+r.IntN(180), 1+r.IntN(12), 1+r.IntN(9), h.place[1], 10000+r.IntN(85000))
	issued := day.AddDate(-r.IntN(15), 0, -r.IntN(300))
	h.kk = fmt.Sprintf("%s99%s%04d", h.place[0], issued.Format("020106"), 1+i%9998)
	h.phone = Contact{phone(2 * i), registered(r, day)}
	return h
}

func (v vocabulary) person(r *rand.Rand, i int, h *household, day time.Time) Person {
	p := Person{Controller: i % 2, Number: fmt.Sprintf("AMN-%06d", i+1), Woman: r.IntN(2) == 0, Address: h.address, KK: h.kk}
	if i == 0 {
		p.Woman = true // the caller of the demonstration
	}
	p.Born = day.AddDate(-18-r.IntN(58), -r.IntN(12), -r.IntN(28))
	given, family := v.men, v.menFamily
	if p.Woman {
		given, family = v.women, v.womenFamily
	}
	p.Name = pick(r, given)
	if r.IntN(5) == 0 {
		p.Name += " " + pick(r, given)
	}
	switch {
	case h.clan != "":
		p.Name += " " + h.clan
	case r.IntN(12) != 0: // one in twelve has a single name, as many Indonesians do
		p.Name += " " + pick(r, family)
	}
	p.NIK = nik(h.place[0], p.Born, p.Woman, i)
	switch own := phone(2*i + 1); {
	case i == 0 || h.left == 1 && r.IntN(3) > 0:
		p.Phones = []Contact{{own, registered(r, day)}}
	case r.IntN(3) == 0:
		p.Phones = []Contact{{own, registered(r, day)}, h.phone}
	default:
		p.Phones = []Contact{h.phone}
	}
	if r.IntN(5) < 3 || i == 0 {
		local := strings.ToLower(strings.ReplaceAll(p.Name, " ", "."))
		p.Emails = []Contact{{fmt.Sprintf("%s%d@surel.example", local, i+1), registered(r, day)}}
	}
	p.Mother = pick(r, v.women) + " " + pick(r, v.womenFamily)
	p.Account = fmt.Sprintf("999%07d", permuted(int64(i), 10_000_000))
	p.CardLastFour = fmt.Sprintf("%04d", r.IntN(10000))
	if p.Controller == 1 {
		p.Policy = fmt.Sprintf("POL-%07d", 2000000+i*11)
		if r.IntN(15) == 0 {
			p.HealthNote = pick(r, []string{"Alergi penisilin.", "Rawat jalan rutin setiap bulan.", "Menggunakan alat bantu dengar."})
		}
	}
	p.History = history(r, day)
	switch c := r.IntN(10); {
	case c < 5:
		p.Promotion = "granted"
	case c < 7:
		p.Promotion = "refused"
	case c < 8:
		p.Promotion = "withdrawn"
	}
	if i == 0 { // so that the story can be told: known for years, reachable, nothing unusual
		p.Controller, p.Policy, p.HealthNote, p.Promotion = 0, "", "", "granted"
		p.Phones[0].Registered = day.AddDate(-3, 0, 0)
		p.Emails[0].Registered = day.AddDate(-3, 0, 0)
	}
	return p
}

// registered is mostly years ago, sometimes last week (a fresh contact proves little), sometimes unknown.
func registered(r *rand.Rand, day time.Time) time.Time {
	switch n := r.IntN(20); {
	case n == 0:
		return time.Time{}
	case n < 3:
		return day.AddDate(0, 0, -r.IntN(10))
	default:
		return day.AddDate(-r.IntN(6), -r.IntN(12), -15-r.IntN(15))
	}
}

func history(r *rand.Rand, day time.Time) []Fact {
	ago := func(days int) time.Time { return day.AddDate(0, 0, -1-r.IntN(days)) }
	amount := func() string { return fmt.Sprintf("%d", (15+r.IntN(400))*5000) }
	return []Fact{
		{"last_payment", ago(40), amount()},
		{"last_order", ago(90), pick(r, []string{"pulsa", "token listrik", "tiket kereta", "paket data", "pembalut luka", "beras 5 kg", "buku tulis", "kipas angin"})},
		{"last_branch", ago(700), pick(r, []string{"Cabang Menteng", "Cabang Dago", "Cabang Tunjungan", "Cabang Malioboro", "Cabang Pemuda", "Cabang Panakkukang"})},
		{"product_opened", ago(2500), pick(r, []string{"Tabungan Harian", "Tabungan Berjangka", "Kartu Belanja", "Perlindungan Keluarga"})},
	}
}

// nik puts the number together as the population office would, in a district that does not exist.
func nik(regency string, born time.Time, woman bool, i int) string {
	d := born.Day()
	if woman {
		d += 40
	}
	return fmt.Sprintf("%s99%02d%s%04d", regency, d, born.Format("0106"), 1+i%9999)
}

// phone numbers the fictional block.
func phone(i int) string { return fmt.Sprintf("+62849%08d", permuted(int64(i), 100_000_000)) }

// permuted is the i-th number below a power of ten, each once, in an order that looks like none: the multiplier has no
// factor in common with ten. Counted from zero, a number would be a row of zeros, as in many a decimal fraction, and who
// searches a text for planted values would find it there by chance.
func permuted(i, block int64) int64 { return (i*61803399 + 27182819) % block }

// respell writes a name as another office would have.
func respell(name string) string {
	for _, pair := range [][2]string{{"Muhammad", "Mohamad"}, {"Yusuf", "Yusup"}, {"Siti", "Sitti"}, {"Rahm", "Rachm"}, {"oe", "u"}, {"Dwi", "Dewi"}, {"Tj", "C"}, {"sy", "si"}, {"dj", "j"}, {"ti", "tie"}, {"ya", "ia"}, {"f", "p"}, {"an", "ann"}, {"u", "oe"}, {"i", "y"}} {
		if strings.Contains(name, pair[0]) {
			return strings.Replace(name, pair[0], pair[1], 1)
		}
	}
	return name + "h"
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }
