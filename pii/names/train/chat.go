package main

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
)

// chat turns templates into labelled lines: the tagger must also meet the words that stand around names in a call center, which
// no news text has. The names come from the lists, and one in three is made of syllables, so that the words around it have to do.
type chat struct {
	templates             []string
	given, family, places []string
	districts, brands     []string
	random                chance
}

func pick[T any](c *chance, list []T) T { return list[c.below(len(list))] }

var (
	onsets = strings.Fields("b c d f g h j k l m n p r s t w y br dr pr tr ny ng kr st sy kh th ch sh v z r l m n s")
	nuclei = strings.Fields("a a a i i u e o ia ua ai au ee oe")
	codas  = strings.Fields("n n r s ng t l h m k - - - - - -")
	months = strings.Fields("Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember")
	before = strings.Fields("Jl. Jl Jalan jln Jln. Gang Gg. Komplek Perumahan Perum Kompleks")
	kinds  = strings.Fields("Kecamatan Kec. Kelurahan Kel. Desa Ds. Kampung Dusun Kp.")
	inside = strings.Fields("Melati Mawar Kenanga Merdeka Sudirman Diponegoro Veteran Pahlawan Raya Cempaka Flamboyan Anggrek Pemuda Mangga Rambutan Cendana Kartini Hasanuddin Imam Bonjol Ahmad Yani Gajah Mada Gatot Subroto Teuku Umar")
)

func title(s string) string {
	b := []byte(s)
	first := true
	for i, c := range b {
		if first && c >= 'a' && c <= 'z' {
			b[i] = c - 32
		}
		first = c == ' ' || c == '.' || c == '-'
	}
	return string(b)
}

func (c *chat) madeUp() string {
	var b strings.Builder
	for range 2 + c.random.below(2) {
		b.WriteString(pick(&c.random, onsets))
		b.WriteString(pick(&c.random, nuclei))
		if coda := pick(&c.random, codas); coda != "-" {
			b.WriteString(coda)
		}
	}
	return b.String()
}

func (c *chat) one() string {
	switch c.random.below(10) {
	case 0, 1, 2:
		return c.madeUp()
	case 3, 4:
		return pick(&c.random, c.family)
	}
	return pick(&c.random, c.given)
}

func (c *chat) person() string {
	switch c.random.below(12) {
	case 0, 1, 2:
		return c.one()
	case 3:
		return c.one() + " " + c.one() + " " + pick(&c.random, c.family)
	case 4:
		return pick(&c.random, []string{"Muhammad", "M.", "Siti", "Moh.", "Ni Made", "I Wayan", "Muh", "Abdul", "Sri", "Nur", "Ni Luh", "I Gede", "Andi", "R."}) + " " + c.one()
	case 5:
		return c.one() + " " + string(rune('A'+c.random.below(26))) + pick(&c.random, []string{"", "."})
	case 6:
		return c.one() + " " + c.one()
	}
	return pick(&c.random, c.given) + " " + pick(&c.random, c.family)
}

func (c *chat) number() string {
	n := 1 + c.random.below(3)
	if c.random.below(3) == 0 {
		n = 8 + c.random.below(8)
	}
	var b strings.Builder
	for range n {
		b.WriteByte(byte('0' + c.random.below(10)))
	}
	return b.String()
}

func (c *chat) date() string {
	d, m, y := 1+c.random.below(28), c.random.below(12), 1960+c.random.below(66)
	switch c.random.below(3) {
	case 0:
		return strconv.Itoa(d) + " " + months[m] + " " + strconv.Itoa(y)
	case 1:
		return strconv.Itoa(d) + "/" + strconv.Itoa(m+1)
	}
	return strconv.Itoa(d) + "-" + strconv.Itoa(m+1) + "-" + strconv.Itoa(y)
}

func (c *chat) fill(slot byte) (text string, entity, person bool) {
	switch slot {
	case 'P':
		return title(c.person()), true, true
	case 'F':
		return title(c.one()), true, true
	case 'L':
		return pick(&c.random, c.places), true, false
	case 'J':
		name := pick(&c.random, inside)
		if c.random.below(2) == 0 {
			name = title(c.one())
		}
		if c.random.below(3) == 0 {
			name += " " + pick(&c.random, []string{"Raya", "Indah", "Barat", "Timur", "Permai", "Utara", "II", "Asri"})
		}
		return pick(&c.random, before) + " " + name, true, false
	case 'K':
		return pick(&c.random, kinds) + " " + pick(&c.random, c.districts), true, false
	case 'N':
		return c.number(), false, false
	case 'M':
		return pick(&c.random, []string{"Rp", "Rp ", "rp", ""}) + strconv.Itoa(1+c.random.below(900)) + pick(&c.random, []string{".000", "rb", "ribu", " juta", ".500,-", "k"}), false, false
	case 'D':
		return c.date(), false, false
	case 'T':
		return strconv.Itoa(c.random.below(24)) + pick(&c.random, []string{".", ":"}) + "30", false, false
	}
	return pick(&c.random, c.brands), false, false
}

// line makes one labelled line of a template.
func (c *chat) line(template string) Example {
	var e Example
	for i := 0; i < len(template); i++ {
		if template[i] == '\\' && i+1 < len(template) && template[i+1] == 'n' {
			e.Text = append(e.Text, '\n')
			i++
			continue
		}
		if template[i] != '{' {
			e.Text = append(e.Text, template[i])
			continue
		}
		text, entity, person := c.fill(template[i+1])
		start := len(e.Text)
		e.Text = append(e.Text, text...)
		if entity {
			e.Entities = append(e.Entities, Entity{Start: start, End: len(e.Text), Person: person})
		}
		i += 2
	}
	switch c.random.below(8) {
	case 0:
		e.Text = bytes.Map(unicode.ToUpper, e.Text)
	case 1, 2, 3, 4:
		e.Text = bytes.Map(unicode.ToLower, e.Text)
	}
	return e
}

// lines makes n lines of every template. All of one template are in one fold.
func (c *chat) lines(n int) [][]Example {
	out := make([][]Example, folds)
	for range n {
		for i, t := range c.templates {
			out[i%folds] = append(out[i%folds], c.line(t))
		}
	}
	return out
}
