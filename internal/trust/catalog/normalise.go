package catalog

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normaliser is one way to bring values into one form. form makes the stored form; key,
// when set, folds a stored form further for comparing.
type normaliser struct {
	code    string // error code of a value that does not fit
	form    func(string) (string, bool)
	key     func(string) string
	skewed  bool   // a few values are very frequent: a keyed hash at rest would show them
	contact string // the kind of contact its values can be
	example string // a value of nobody, in stored form
}

var normalisers = map[string]normaliser{
	"text":            {code: "catalog.text", form: paragraph, key: foldText, skewed: true, example: "Minta dihubungi sore hari"},
	"name":            {code: "catalog.name", form: personName, key: FoldName, skewed: true, example: "Budi Contoh"},
	"address":         {code: "catalog.address", form: line, key: foldText, skewed: true, contact: "post", example: "Jalan Contoh 1, Kota Bandung"},
	"fact":            {code: "catalog.text", form: line, key: fact, skewed: true, example: "150000"},
	"nik":             {code: "catalog.nik", form: nik, example: "3273014708870017"},
	"nik_region":      {code: "catalog.nik", form: nikRegion, example: "3273014708870017"},
	"kk":              {code: "catalog.kk", form: kk, example: "3273012503120017"},
	"npwp":            {code: "catalog.npwp", form: npwp, key: npwpKey, example: "0092542943407000"},
	"phone":           {code: "catalog.phone", form: phone, contact: "phone", example: "+6281200004471"},
	"email":           {code: "catalog.email", form: email, contact: "email", example: "budi@toko.example"},
	"device":          {code: "catalog.device", form: device, contact: "app", example: "dev-0000000000000001"},
	"date":            {code: "catalog.date", form: date, skewed: true, example: "1987-08-17"},
	"account":         {code: "catalog.account", form: account, example: "1200004471"},
	"last_four":       {code: "catalog.last_four", form: lastFour, skewed: true, example: "4471"},
	"customer_number": {code: "catalog.customer_number", form: reference, example: "CN00000123"},
	"reference":       {code: "catalog.reference", form: reference, example: "POL-2026-00123"},
}

// device takes what a push service calls an app on a telephone: opaque, without a space, in one line.
func device(s string) (string, bool) {
	s, ok := clean(s, false)
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.:-", r)
	}
	return s, ok && len(s) >= 16 && len(s) <= 200 && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) })
}

// clean makes a text valid, composed (NFC) and free of characters that cannot be seen:
// they break look-ups and let one text pass for another. White space becomes one space,
// or one line feed where it held one and lines are kept. Other control characters are
// refused.
func clean(s string, lines bool) (string, bool) {
	if !utf8.ValidString(s) {
		return "", false
	}
	var b strings.Builder
	b.Grow(len(s))
	gap := byte(0)
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			if gap = max(gap, ' '); r == '\n' && lines {
				gap = '\n' + ' ' // any mark above a plain space
			}
			continue
		case unicode.Is(unicode.Cf, r):
			continue
		case unicode.IsControl(r):
			return "", false
		}
		if gap != 0 && b.Len() > 0 {
			if gap == ' ' {
				b.WriteByte(' ')
			} else {
				b.WriteByte('\n')
			}
		}
		gap = 0
		b.WriteRune(r)
	}
	out := norm.NFC.String(b.String())
	return out, out != "" && len(out) <= MaxValue
}

func line(s string) (string, bool)      { return clean(s, false) }
func paragraph(s string) (string, bool) { return clean(s, true) }

func foldText(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(s)), " ")
}

// separator reports the characters people put between digits.
func separator(r rune) bool {
	switch r {
	case '-', '.', '/', '(', ')', '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2212', '\u200b', '\u200e', '\u200f', '\u202a', '\u202c', '\ufeff':
		return true
	}
	return unicode.IsSpace(r)
}

// digits takes the separators out of a number of least to most digits.
func digits(s string, least, most int) (string, bool) {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			if b.Len() == most {
				return "", false
			}
			b.WriteByte(byte(r))
		case !separator(r):
			return "", false
		}
	}
	return b.String(), b.Len() >= least
}

func pair(s string, i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }

func dayExists(year, month, day int) bool {
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return month >= 1 && month <= 12 && day >= 1 && t.Day() == day && t.Month() == time.Month(month)
}

// population checks what NIK and KK numbers share: PPRRSS, a date DDMMYY that exists in
// 19YY or 20YY, and a serial from 0001 (PP 37/2007 art. 37). The day of a woman's NIK is
// 41 to 71; 32 to 40 and 72 to 99 exist for nobody, so the day is never taken modulo 40.
func population(s string, women bool) (string, bool) {
	n, ok := digits(s, 16, 16)
	if !ok || n[0] == '0' || n[12:] == "0000" {
		return "", false
	}
	day, month, year := pair(n, 6), pair(n, 8), pair(n, 10)
	if women && day > 40 {
		day -= 40
	}
	return n, dayExists(1900+year, month, day) || dayExists(2000+year, month, day)
}

func nik(s string) (string, bool) { return population(s, true) }
func kk(s string) (string, bool)  { return population(s, false) }

// nikRegion also asks that the first six digits are a district of today or of the years
// since 2016: a NIK keeps the code of where it was issued.
func nikRegion(s string) (string, bool) {
	n, ok := nik(s)
	return n, ok && District(n[:6])
}

// npwp takes the old 15 digits (a Luhn check over the first nine) and the new 16: a
// citizen's NIK, or a zero and the old number (PMK 112/2022).
func npwp(s string) (string, bool) {
	n, ok := digits(s, 15, 16)
	switch {
	case !ok:
		return "", false
	case len(n) == 15:
		return n, luhn(n[:9])
	case n[0] == '0':
		return n, luhn(n[1:10])
	}
	return nik(n)
}

func npwpKey(n string) string {
	if len(n) == 16 && n[0] == '0' {
		return n[1:]
	}
	return n
}

func luhn(n string) bool {
	sum := 0
	for i := range len(n) {
		d := int(n[len(n)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// phone makes E.164. A number without country code is Indonesian: 0 and the national
// number, 62 and the national number, or a mobile number that a spreadsheet has robbed of
// its zero. Mobile: 81 to 89, 9 to 12 digits in all. Landline: 2 to 7 and 9, 7 to 11
// digits. Freephone and premium numbers (080x) belong to no customer. A number of another
// country must begin with + and have 8 to 15 digits (ITU-T E.164).
func phone(s string) (string, bool) {
	s = strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	rest, plus := strings.CutPrefix(s, "+")
	n, ok := digits(rest, 7, 17)
	if !ok {
		return "", false
	}
	if !plus {
		switch {
		case strings.HasPrefix(n, "0062"):
			n = n[4:]
		case strings.HasPrefix(n, "62"):
			n = n[2:]
		case n[0] == '0':
			n = n[1:]
		case n[0] == '8':
		default:
			return "", false
		}
	} else if n, ok = strings.CutPrefix(n, "62"); !ok {
		return "+" + n, len(n) >= 8 && len(n) <= 15 && n[0] != '0'
	} else {
		n = strings.TrimPrefix(n, "0") // +62 (0)812…
	}
	switch {
	case len(n) < 7 || n[0] < '2':
		return "", false
	case n[0] == '8':
		return "+62" + n, n[1] != '0' && len(n) >= 9 && len(n) <= 12
	}
	return "+62" + n, len(n) <= 11
}

// email makes lower case of an address of RFC 5321's common form: an atom with dots, and
// a host name of at least two labels. Quoted local parts and address literals are refused.
func email(s string) (string, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	local, host, ok := strings.Cut(s, "@")
	if !ok || len(s) > 254 || len(local) > 64 || !strings.Contains(host, ".") {
		return "", false
	}
	for _, atom := range strings.Split(local, ".") {
		if atom == "" || strings.Trim(atom, "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~") != "" {
			return "", false
		}
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
		for i := range len(label) {
			if c := label[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return "", false
			}
		}
	}
	top := labels[len(labels)-1]
	return s, len(top) >= 2 && (top[0] < '0' || top[0] > '9')
}

var months = map[string]int{
	"januari": 1, "january": 1, "jan": 1, "februari": 2, "pebruari": 2, "february": 2, "feb": 2, "peb": 2,
	"maret": 3, "march": 3, "mar": 3, "april": 4, "apr": 4, "mei": 5, "may": 5, "juni": 6, "june": 6, "jun": 6,
	"juli": 7, "july": 7, "jul": 7, "agustus": 8, "august": 8, "agu": 8, "ags": 8, "agt": 8, "aug": 8,
	"september": 9, "sept": 9, "sep": 9, "oktober": 10, "october": 10, "okt": 10, "oct": 10,
	"november": 11, "nopember": 11, "nov": 11, "nop": 11, "desember": 12, "december": 12, "des": 12, "dec": 12,
}

// date makes YYYY-MM-DD of a day from 1900 to 2099. The Indonesian order is day, month,
// year, with a four-digit year; a date that starts with a four-digit year is ISO 8601. A
// month before the day (08/17/1987) and two-digit years are refused: they would be guesses.
func date(s string) (string, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if day, clock, ok := strings.Cut(strings.Replace(s, "t", " ", 1), " "); ok && len(day) == 10 && midnight(clock) {
		s = day // what spreadsheets and databases make of a date
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return separator(r) || r == ',' })
	if len(parts) == 1 && len(s) == 8 {
		// 19870817 or 17081987: no text can be read both ways, since 19 and 20 are no months.
		if iso, ok := ymd(s[:4], s[4:6], s[6:]); ok {
			return iso, true
		}
		return ymd(s[4:], s[2:4], s[:2])
	}
	if len(parts) != 3 {
		return "", false
	}
	if len(parts[0]) == 4 {
		return ymd(parts[0], parts[1], parts[2])
	}
	return ymd(parts[2], parts[1], parts[0])
}

func midnight(clock string) bool {
	return clock != "" && strings.Trim(clock, "0:.z+ ") == ""
}

func ymd(year, month, day string) (string, bool) {
	y, okYear := number(year, 4, 4)
	m, okMonth := number(month, 1, 2)
	if named, ok := months[month]; ok {
		m, okMonth = named, true
	}
	d, okDay := number(day, 1, 2)
	if !okYear || !okMonth || !okDay || y < 1900 || y > 2099 || !dayExists(y, m, d) {
		return "", false
	}
	return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), true
}

func number(s string, least, most int) (int, bool) {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || i == most {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, len(s) >= least
}

// account takes a bank or service account of 5 to 20 digits; leading zeros count. Banks
// publish no check digit, so there is nothing more to check.
func account(s string) (string, bool) { return digits(s, 5, 20) }

// lastFour takes the last four digits of a card, with or without the stars before them. A
// whole card number is refused: it must not be stored at all (PCI DSS 3.2).
func lastFour(s string) (string, bool) {
	return digits(strings.Map(func(r rune) rune {
		if strings.ContainsRune("*xX•·", r) {
			return ' '
		}
		return r
	}, s), 4, 4)
}

// reference takes a number that the company itself gives out: 1 to 64 letters, digits and
// - . _ / and single spaces, in upper case. Separators count: 12-3 is not 1-23.
func reference(s string) (string, bool) {
	s = strings.ToUpper(strings.Join(strings.Fields(s), " "))
	if s == "" || len(s) > 64 {
		return "", false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("-._/ ", c) < 0 {
			return "", false
		}
	}
	return s, true
}

// fact folds the answer to a question about account history: a date, an amount in rupiah
// ("Rp 150.000,00", "150 ribu" and "150000" are one), or else the text in lower case. Eight
// digits without a mark are an amount, although they might be a day.
func fact(s string) string {
	t := foldText(s)
	if _, bare := number(t, 8, 8); !bare {
		if d, ok := date(s); ok {
			return d
		}
	}
	if n, ok := amount(t); ok {
		return n
	}
	return t
}

// thousands reads digits that are grouped by threes with dots, commas or spaces, or not
// grouped at all.
func thousands(s string) (string, bool) {
	var b strings.Builder
	group, grouped := 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			b.WriteByte(c)
			group++
		case (c == '.' || c == ',' || c == ' ') && group > 0 && (group == 3 || !grouped && group < 3):
			group, grouped = 0, true
		default:
			return "", false
		}
	}
	if grouped && group != 3 || b.Len() == 0 {
		return "", false
	}
	if n := strings.TrimLeft(b.String(), "0"); n != "" {
		return n, true
	}
	return "0", true
}
