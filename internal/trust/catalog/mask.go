package catalog

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hidden is the mask that shows nothing. It has the same length whatever it hides.
const Hidden = "********"

// masks are the ways to show the shape of a value. Each takes the normalised form and
// falls back to Hidden for anything else.
//
//	hidden      ********               nothing
//	whole       the value itself       public fields only
//	initials    B*** S***              first letters of at most three words
//	phone       +62 8** **** 4471      country and kind for Indonesia, last four
//	email       b***@g***.com          first letter of both parts, top-level domain
//	population  32** **** **** **17    province and the last two; never the birth date
//	last_four   **** 4471              of eight digits or more; else the last two
//	last_two    **71
//	tail        ****123                of six characters or more; else nothing
//	year        **-**-1987
//	place       ***, Kota Bandung      a last part that is a known province or city
var masks = map[string]func(string) string{
	"hidden":     func(string) string { return Hidden },
	"whole":      func(s string) string { return s },
	"initials":   maskInitials,
	"phone":      maskPhone,
	"email":      maskEmail,
	"population": maskPopulation,
	"last_four":  maskLastFour,
	"last_two":   maskLastTwo,
	"tail":       maskTail,
	"year":       maskYear,
	"place":      maskPlace,
}

func maskInitials(s string) string {
	var out []string
	for _, w := range strings.Fields(s) {
		r, _ := utf8.DecodeRuneInString(w)
		if unicode.IsLetter(r) && len(out) < 3 {
			out = append(out, string(unicode.ToUpper(r))+"***")
		}
	}
	if len(out) == 0 {
		return Hidden
	}
	return strings.Join(out, " ")
}

func allDigits(s string) bool {
	_, ok := number(s, 1, len(s))
	return ok
}

func maskPhone(s string) string {
	n, ok := strings.CutPrefix(s, "+")
	if !ok || len(n) < 8 || !allDigits(n) {
		return Hidden
	}
	head := "+** ***"
	if rest, ok := strings.CutPrefix(n, "62"); ok {
		if head = "+62 ***"; rest[0] == '8' {
			head = "+62 8**"
		}
	}
	return head + " **** " + n[len(n)-4:]
}

func maskEmail(s string) string {
	local, host, ok := strings.Cut(s, "@")
	dot := strings.LastIndexByte(host, '.')
	if !ok || local == "" || dot < 1 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return Hidden
	}
	return local[:1] + "***@" + host[:1] + "***" + host[dot:]
}

func maskPopulation(s string) string {
	if len(s) != 15 && len(s) != 16 || !allDigits(s) {
		return Hidden
	}
	return s[:2] + "** **** **** **" + s[len(s)-2:]
}

func maskLastFour(s string) string {
	if len(s) < 5 || !allDigits(s) {
		return Hidden
	}
	if len(s) < 8 {
		return "**** **" + s[len(s)-2:]
	}
	return "**** " + s[len(s)-4:]
}

func maskLastTwo(s string) string {
	if len(s) != 4 || !allDigits(s) {
		return Hidden
	}
	return "**" + s[2:]
}

func maskTail(s string) string {
	if r, ok := reference(s); !ok || r != s || len(s) < 6 {
		return Hidden
	}
	return "****" + s[len(s)-3:]
}

func maskYear(s string) string {
	if d, ok := date(s); !ok || d != s {
		return Hidden
	}
	return "**-**-" + s[:4]
}

func maskPlace(s string) string {
	i := strings.LastIndexByte(s, ',')
	if i < 0 {
		return Hidden
	}
	last := strings.Trim(s[i+1:], " .")
	if !Place(last) {
		return Hidden
	}
	return "***, " + last
}
