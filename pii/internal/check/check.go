// Package check holds the rules that an identifier must pass: check digits, calendars, code tables, lengths.
//
// Every function is pure, takes digits as bytes '0' to '9' (or the letters that the identifier has), allocates nothing
// and looks at each byte a bounded number of times. It answers whether the number can be of that kind; it never asks where
// the number stands or what is written beside it, which is the scanner's part. A rule that only makes a number likelier,
// like a bank's usual length, is given as a table to ask and not as a verdict.
//
// Sources: PP 37/2007 art. 37 (NIK), PMK 112/2022 (NPWP of 16 digits), ISO 7064 (IBAN), ISO/IEC 7812 (card), 3GPP 23.003 (IMEI),
// BIP 13, 173 and 350 (wallets), the numbering plan as libphonenumber states it (area codes and prefixes).
package check

import "github.com/amanah-id/amanah/pii/internal/region"

// Number reads up to eighteen digits.
func Number(d []byte) int {
	n := 0
	for _, c := range d {
		n = n*10 + int(c-'0')
	}
	return n
}

// Luhn is the check of ISO/IEC 7812.
func Luhn(d []byte) bool {
	sum, double := 0, false
	for i := len(d) - 1; i >= 0; i-- {
		v := int(d[i] - '0')
		if double {
			v *= 2
			if v > 9 {
				v -= 9
			}
		}
		sum += v
		double = !double
	}
	return sum%10 == 0
}

var days = [13]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// Date reports whether the day exists in that year; a year under 100 stands for either century.
func Date(day, month, year int) bool {
	if month < 1 || month > 12 || day < 1 || day > days[month] {
		return false
	}
	if day < 29 || month != 2 {
		return true
	}
	if year < 100 { // 1900 was no leap year, 2000 was one
		return year%4 == 0
	}
	return year%4 == 0 && (year%100 != 0 || year%400 == 0)
}

// Resident is what a number of sixteen digits says about its holder.
type Resident struct {
	District bool // the district's code was in a decree
	Regency  bool // at least the regency's was
	Female   bool // the day of birth is written plus 40
}

// NIK reads a resident number. The second result is false when the date or the serial cannot be.
func NIK(d []byte, table *region.Table) (r Resident, ok bool) {
	if len(d) != 16 || d[0] == '0' {
		return r, false
	}
	day := Number(d[6:8])
	if day > 40 {
		r.Female = true
		day -= 40
	}
	if !Date(day, Number(d[8:10]), Number(d[10:12])) || Number(d[12:]) == 0 {
		return r, false
	}
	r.District = table.District(Number(d[:6]))
	r.Regency = table.Regency(Number(d[:4])) && Number(d[4:6]) != 0
	return r, r.Regency || r.District
}

// Issued reports whether the digits are a resident number whose district's code was in a decree.
func Issued(d []byte, table *region.Table) bool {
	r, ok := NIK(d, table)
	return ok && r.District
}

// NPWP15 is the tax number until 2024: the ninth digit checks the first eight.
func NPWP15(d []byte) bool { return len(d) == 15 && Luhn(d[:9]) && Number(d[:9]) != 0 }

// NPWP16 is the tax number since 2024 of whoever is no resident: a zero and the old number. A resident's is the NIK.
func NPWP16(d []byte) bool { return len(d) == 16 && d[0] == '0' && NPWP15(d[1:]) }

// Scheme is a card scheme.
type Scheme uint8

// The schemes. Rare ones begin with digits that other numbers have too, so that the scanner asks for a word beside them.
const (
	NoScheme Scheme = iota
	Visa
	Mastercard
	Amex
	Diners
	Discover
	JCB
	UnionPay
	Rare
)

// Card tells the scheme of a number that passes Luhn, begins as the scheme's numbers do and is as long as they are.
func Card(d []byte) Scheme {
	n := len(d)
	if n < 12 || n > 19 {
		return NoScheme
	}
	s := scheme(n, Number(d[:4]))
	if s == NoScheme || !Luhn(d) || allSame(d) {
		return NoScheme
	}
	return s
}

func scheme(n, p int) Scheme {
	switch {
	case p >= 4000 && p < 5000 && (n == 16 || n == 13 || n == 19):
		return Visa
	case n == 16 && (p >= 5100 && p < 5600 || p >= 2221 && p <= 2720):
		return Mastercard
	case n == 15 && (p/100 == 34 || p/100 == 37):
		return Amex
	case (n == 14 || n == 16 || n == 19) && (p/10 >= 300 && p/10 <= 305 || p/10 == 309 || p/100 == 38 || p/100 == 39), n == 14 && p/100 == 36:
		return Diners
	case n >= 16 && (p == 6011 || p/10 >= 644 && p/10 <= 659):
		return Discover
	case n >= 16 && p >= 3528 && p <= 3589, n == 15 && (p == 1800 || p == 2131):
		return JCB
	case n >= 16 && p/100 == 62:
		return UnionPay
	case p/1000 == 5 && n >= 12, p/1000 == 6 && n >= 12, n == 16 && p == 1946, n == 15 && p/1000 == 1:
		return Rare // Maestro, the national debit card, UATP
	}
	return NoScheme
}

func allSame(d []byte) bool {
	for _, c := range d {
		if c != d[0] {
			return false
		}
	}
	return true
}

// IMEI is a handset's number with its check digit.
func IMEI(d []byte) bool { return len(d) == 15 && Luhn(d) && !allSame(d) }

// prefixes are the two digits after the 8 of a mobile number that an operator has, with the operator.
var prefixes = [100]string{
	11: "Telkomsel", 12: "Telkomsel", 13: "Telkomsel", 21: "Telkomsel", 22: "Telkomsel", 23: "Telkomsel", 51: "Telkomsel", 52: "Telkomsel", 53: "Telkomsel", 54: "Telkomsel",
	14: "Indosat", 15: "Indosat", 16: "Indosat", 55: "Indosat", 56: "Indosat", 57: "Indosat", 58: "Indosat", 95: "Indosat", 96: "Indosat", 97: "Indosat", 98: "Indosat", 99: "Indosat",
	17: "XL", 18: "XL", 19: "XL", 59: "XL", 77: "XL", 78: "XL", 79: "XL", 31: "XL", 32: "XL", 33: "XL", 38: "XL",
	81: "Smartfren", 82: "Smartfren", 83: "Smartfren", 84: "Smartfren", 85: "Smartfren", 86: "Smartfren", 87: "Smartfren", 88: "Smartfren", 89: "Smartfren", 28: "Sampoerna",
}

// Mobile tells the operator of a national number, without the zero or 62 in front: 8, the prefix, and seven to ten digits more.
func Mobile(national []byte) string {
	if len(national) < 9 || len(national) > 12 || national[0] != '8' || allSame(national[3:]) && len(national) > 9 && national[3] == '0' {
		return ""
	}
	return prefixes[Number(national[1:3])]
}

// areas are the three-digit area codes, without the zero: for each pair of first digits the third digits there are.
var areas = [100]string{
	23: "1234", 25: "1234", 26: "012345678", 27: "123456", 28: "0123456789", 29: "12345678",
	32: "12345678", 33: "1234568", 34: "123", 35: "12345678", 36: "123568", 37: "0123469", 38: "0123456789",
	40: "1234589", 41: "0134789", 42: "0123678", 43: "0124568", 44: "3", 45: "12378", 46: "12345", 47: "134", 48: "1245",
	51: "12356789", 52: "25678", 53: "12456789", 54: "123589", 55: "12346", 56: "12345678",
	62: "0123456789", 63: "1234569", 64: "123456", 65: "0123456789",
	70: "2", 71: "123456789", 72: "123456789", 73: "0123456789", 74: "12345678", 75: "123456789", 76: "0123456789", 77: "01236789",
	90: "12", 91: "01345678", 92: "0123479", 95: "125678", 96: "23679", 97: "159", 98: "01346",
}

// Area is the length of the area code, without the zero, that the national number begins with; 0 when there is none.
func Area(national []byte) int {
	if len(national) < 7 || len(national) > 11 {
		return 0
	}
	switch two := Number(national[:2]); two {
	case 21, 22, 24, 31, 61:
		return 2
	default:
		for i := range len(areas[two]) {
			if areas[two][i] == national[2] {
				return 3
			}
		}
	}
	return 0
}

// Country is the length of the calling code that an international number begins with; 0 when there is none.
func Country(d []byte) int {
	if len(d) < 8 || len(d) > 15 || d[0] == '0' {
		return 0
	}
	if d[0] == '1' || d[0] == '7' {
		return 1
	}
	switch two := Number(d[:2]); two {
	case 20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98:
		return 2
	}
	switch three := Number(d[:3]); {
	case three >= 211 && three <= 269 && three != 214 && three != 215 && three != 217 && three != 219 && three != 259, three >= 290 && three <= 299, three >= 350 && three <= 359,
		three >= 370 && three <= 389, three >= 420 && three <= 423, three >= 500 && three <= 509, three >= 590 && three <= 599, three >= 670 && three <= 692,
		three == 850, three >= 852 && three <= 856, three == 880, three == 886, three >= 960 && three <= 968, three >= 970 && three <= 977, three >= 992 && three <= 998:
		return 3
	}
	return 0
}

// lengths are how many digits the accounts of a bank have, as bits.
var lengths = map[string]uint32{
	"bca": 1 << 10, "bni": 1<<10 | 1<<16, "bsi": 1 << 10, "mandiri": 1 << 13, "bri": 1 << 15, "btn": 1<<16 | 1<<10, "danamon": 1<<10 | 1<<12, "muamalat": 1 << 10, "ocbc": 1 << 12, "nisp": 1 << 12,
	"cimb": 1<<12 | 1<<13 | 1<<14, "niaga": 1<<12 | 1<<13 | 1<<14, "permata": 1<<10 | 1<<16, "bjb": 1 << 13, "jago": 1 << 12, "seabank": 1 << 12, "jenius": 1 << 11, "btpn": 1 << 11, "maybank": 1 << 10, "panin": 1 << 10,
	"mega": 1 << 15, "uob": 1 << 10, "dbs": 1 << 10, "hsbc": 1<<12 | 1<<9, "sinarmas": 1 << 10, "bukopin": 1 << 10, "allobank": 1 << 12, "neo": 1 << 16, "bnc": 1 << 16, "blu": 1 << 12, "bpd": 1<<10 | 1<<11 | 1<<12 | 1<<13,
}

// BankLengths are the usual lengths of a bank's accounts, as bits; 0 when the bank is not known.
func BankLengths(bank string) uint32 { return lengths[bank] }

// Plate reports whether the letters in front of a plate are a region's. Lower-case letters count.
func Plate(letters []byte) bool {
	switch len(letters) {
	case 1:
		switch letters[0] | 0x20 {
		case 'a', 'b', 'd', 'e', 'f', 'g', 'h', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'w', 'z':
			return true
		}
	case 2:
		second := ""
		switch letters[0] | 0x20 {
		case 'a':
			second = "abdeg"
		case 'b':
			second = "abdeghklmnp"
		case 'd':
			second = "abcdeghklmnprst"
		case 'e':
			second = "abd"
		case 'k':
			second = "bhtu"
		case 'p':
			second = "abgst"
		}
		for i := range len(second) {
			if second[i] == letters[1]|0x20 {
				return true
			}
		}
	}
	return false
}

// Counting reports whether somebody counts: each digit one more than the last.
func Counting(d []byte) bool {
	for i := 1; i < len(d); i++ {
		if d[i] != d[i-1]+1 && !(d[i] == '0' && d[i-1] == '9') && !(d[i] == '0' && d[i-1] == '1' && i > 1 && d[i-2] == '9') {
			return false
		}
	}
	return true
}

// BirthDigits reports whether six or eight digits are the date of somebody's birth, the year last or first.
func BirthDigits(d []byte) bool {
	if len(d) == 6 {
		return Date(Number(d[:2]), Number(d[2:4]), Number(d[4:]))
	}
	year := func(y int) bool { return y >= 1900 && y < 2030 }
	return Date(Number(d[:2]), Number(d[2:4]), Number(d[4:])) && year(Number(d[4:])) ||
		Date(Number(d[6:]), Number(d[4:6]), Number(d[:4])) && year(Number(d[:4]))
}
