// Package nametest makes names of people who do not exist, for tests and measures of the index of names: a few words are
// very frequent and most are rare, as in a real list of customers, and a name can be given a slip of the keyboard. The
// same seed makes the same names. No list of real people went into it.
package nametest

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// Fictional names: common given names and family names of several islands, and a long
// tail of invented words, drawn so that a few words are very frequent and most are rare.
var commonWords = strings.Fields(`muhammad siti nur dewi sri agus budi eko dwi tri adi rina wati susanti santoso wijaya kusuma
	setiawan hidayat rahman ahmad abdul putri putra ayu indah lestari puspita sari kurniawan saputra pratama nugroho wibowo susilo
	hartono gunawan firmansyah ramadhan fitri fitriani yuliani handayani rahayu maulana hakim yusuf ibrahim ismail umar ali hasan
	husein zainal arifin syarif hidayah khadijah aisyah fatimah nurul aini made wayan ketut komang nyoman gede putu kadek luh
	simanjuntak siregar nasution lubis harahap sitompul hutapea sinaga tobing situmorang manurung pasaribu panjaitan sihombing
	tambunan wenas lumentut mandagi kandou rumengan tulus bambang joko slamet suparman sutrisno supriyadi suryadi mulyono haryanto
	purnomo utomo widodo cahyono prasetyo yulianto hendra andi rudi dedi yanto yudi heru doni rizki fajar bayu galih ilham reza
	dimas aditya bagus cahya dian eka endang fauzi hana intan jihad kartika laila mega nadia oktavia pandu qori ratna salma tari
	utami vina wulan yuni zahra`)

// Maker makes names.
type Maker struct {
	R    *rand.Rand
	rare []string
}

// New makes a Maker with so many invented words.
func New(seed uint64, rare int) *Maker {
	m := &Maker{R: rand.New(rand.NewPCG(seed, 7))} //nolint:gosec // the same seed must make the same names
	onset := strings.Fields("b c d f g h j k l m n p r s t w y kr pr sy ng")
	for range rare {
		var b strings.Builder
		for range 2 + m.R.IntN(3) {
			b.WriteString(onset[m.R.IntN(len(onset))])
			b.WriteByte("aiueo"[m.R.IntN(5)])
			if m.R.IntN(4) == 0 {
				b.WriteByte("nrslh"[m.R.IntN(5)])
			}
		}
		m.rare = append(m.rare, b.String())
	}
	return m
}

func (m *Maker) word() string {
	if len(m.rare) > 0 && m.R.IntN(5) == 0 {
		f := m.R.Float64()
		return m.rare[int(f*f*float64(len(m.rare)))]
	}
	f := m.R.Float64()
	return commonWords[int(f*f*float64(len(commonWords)))]
}

// Name makes a name of one to four words.
func (m *Maker) Name() string {
	words := make([]string, []int{1, 2, 2, 2, 3, 3, 3, 3, 4, 4}[m.R.IntN(10)])
	for i := range words {
		for {
			if w := m.word(); !slices.Contains(words, w) {
				words[i] = w
				break
			}
		}
	}
	return strings.Join(words, " ")
}

// Mistype makes one slip of the keyboard in a word of at least three letters.
func (m *Maker) Mistype(name string) string {
	words := strings.Fields(name)
	for range 20 {
		i := m.R.IntN(len(words))
		w := []byte(words[i])
		if len(w) < 3 {
			continue
		}
		at := m.R.IntN(len(w))
		letter := byte('a' + m.R.IntN(26))
		switch m.R.IntN(4) {
		case 0:
			w[at] = letter
		case 1:
			w = slices.Delete(w, at, at+1)
		case 2:
			w = slices.Insert(w, at, letter)
		default:
			at = min(at, len(w)-2)
			w[at], w[at+1] = w[at+1], w[at]
		}
		if string(w) != words[i] {
			words[i] = string(w)
			break
		}
	}
	return strings.Join(words, " ")
}
