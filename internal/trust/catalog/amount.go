package catalog

import (
	"strconv"
	"strings"
)

// Amounts of rupiah as they are said and written in Indonesia. Whoever compares must not be told "match" by a guess, so
// what people use for two amounts is read as none and stays the text that was typed: "1.500 juta" (a thousand and a half
// million, or one and a half), "dua juta lima ratus" (by which many mean two and a half million), "lima ratus".

// maxAmount bounds what is read as an amount.
const maxAmount int64 = 1e15

// scales are the words for thousands and more. M and mln are left out: to some they are million, to others miliar.
var scales = map[string]int64{
	"ribu": 1e3, "rb": 1e3, "k": 1e3, "juta": 1e6, "jt": 1e6, "miliar": 1e9, "milyar": 1e9, "triliun": 1e12, "trilyun": 1e12,
}

var ones = map[string]int64{
	"satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8, "sembilan": 9,
}

// amount reads an amount of rupiah in lower case with single spaces, and writes its digits.
func amount(s string) (string, bool) {
	s = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(s, "idr"), "rp"), "."))
	s = strings.TrimSpace(strings.TrimSuffix(s, "rupiah"))
	digits := s
	for _, tail := range []string{",00", ",-", ".00"} {
		if cut, ok := strings.CutSuffix(s, tail); ok {
			digits = cut
			break
		}
	}
	if whole, ok := thousands(digits); ok {
		return whole, true
	}
	n, ok := scaled(parted(s))
	return strconv.FormatInt(n, 10), ok
}

// maxWords is more than the longest amount in words has.
const maxWords = 32

// parted splits at spaces, between a digit and the letter behind it (2jt), and between se- and what it counts (sejuta).
func parted(s string) (out []string) {
	for _, w := range strings.Fields(s) {
		at := strings.IndexFunc(w, func(r rune) bool { return r >= 'a' && r <= 'z' })
		one, counts := strings.CutPrefix(w, "se")
		switch {
		case at > 0:
			out = append(out, w[:at], w[at:])
		case counts && (one == "ratus" || one == "puluh" || one == "belas" || one == "ribu" || one == "juta"):
			out = append(out, "satu", one)
		default:
			out = append(out, w)
		}
		if len(out) > maxWords {
			return nil
		}
	}
	return out
}

// scaled reads parts that each end in a word of scales, from the greatest down: 1,5 juta; 2 jt 500 rb; dua juta tiga
// ratus ribu. A rest without such a word is clear behind thousands only, and from a hundred on: dua ribu lima ratus.
func scaled(words []string) (sum int64, ok bool) {
	last, begin := maxAmount, 0
	for i, w := range words {
		scale := scales[w]
		if scale == 0 {
			continue
		}
		n, ok := times(words[begin:i], scale)
		if !ok || scale >= last || begin > 0 && (n%scale != 0 || n >= 1000*scale || sum%last != 0) {
			return 0, false
		}
		sum, last, begin = sum+n, scale, i+1
	}
	if rest := words[begin:]; len(rest) > 0 {
		n, ok := spoken(rest)
		if !ok || last != 1e3 || n < 100 || sum%last != 0 {
			return 0, false
		}
		sum += n
	}
	return sum, begin > 0 && sum < maxAmount
}

// times reads how often a scale is meant: digits (1,5), words (dua puluh), with a half at the end (dua setengah).
func times(quantity []string, scale int64) (int64, bool) {
	if len(quantity) == 1 && quantity[0][0] >= '0' && quantity[0][0] <= '9' {
		return decimal(quantity[0], scale)
	}
	half := int64(0)
	if last := len(quantity) - 1; last >= 0 && quantity[last] == "setengah" {
		if half, quantity = scale/2, quantity[:last]; last == 0 {
			return half, true
		}
	}
	n, ok := spoken(quantity)
	return n*scale + half, ok
}

// decimal reads digits with at most one mark among them. Three digits behind the mark may be thousands, so they are
// refused, and so is what leaves a part of a rupiah.
func decimal(s string, scale int64) (int64, bool) {
	whole, part, marked := strings.Cut(strings.Replace(s, ",", ".", 1), ".")
	n, ok := number(whole, 1, 9)
	if !ok || marked && (part == "" || len(part) == 3) || int64(n) > maxAmount/scale {
		return 0, false
	}
	sum := int64(n) * scale
	for i := range len(part) {
		if part[i] < '0' || part[i] > '9' || scale%10 != 0 {
			return 0, false
		}
		scale /= 10
		sum += int64(part[i]-'0') * scale
	}
	return sum, true
}

// spoken reads a number from 1 to 999 in words: dua ratus tujuh puluh lima.
func spoken(words []string) (sum int64, ok bool) {
	below := int64(1000) // what follows counts less than this
	for len(words) > 0 {
		digit, n, step, next := ones[words[0]], ones[words[0]], int64(1), int64(1)
		if words = words[1:]; len(words) > 0 {
			switch words[0] {
			case "ratus":
				n, step, next = digit*100, 100, 100
			case "puluh":
				n, step, next = digit*10, 10, 10
			case "belas":
				n, step = digit+10, 10
			}
			if step > 1 {
				words = words[1:]
			}
		}
		if digit == 1 && step == 10 {
			next = 1 // nothing follows sepuluh
		}
		if digit == 0 || step >= below {
			return 0, false
		}
		sum, below = sum+n, next
	}
	return sum, sum > 0
}
