package check

import (
	"bytes"
	"crypto/sha256"
	"strings"
)

// countries are the lengths of the account numbers: country, two digits, and so on.
const countries = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30"

// ibanLengths are the countries by their letters, as every piece that begins with two letters asks.
var ibanLengths = func() (t ['Z' - 'A' + 1]['Z' - 'A' + 1]uint8) {
	for i := 0; i < len(countries); i += 4 {
		t[countries[i]-'A'][countries[i+1]-'A'] = (countries[i+2]-'0')*10 + countries[i+3] - '0'
	}
	return t
}()

// IBANLength is how many letters and digits the account numbers of a country have; 0 for a country without.
func IBANLength(a, b byte) int {
	if a < 'A' || a > 'Z' || b < 'A' || b > 'Z' {
		return 0
	}
	return int(ibanLengths[a-'A'][b-'A'])
}

// IBAN checks letters (capital) and digits without spaces: the country's length, and the remainder of ISO 7064.
func IBAN(s []byte) bool {
	if len(s) < 15 || len(s) != IBANLength(s[0], s[1]) {
		return false
	}
	rest := 0
	for i := range s {
		c := s[(i+4)%len(s)]
		switch {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// values58 are the values of the letters of base58, plus one.
var values58 = letterValues(base58)

func letterValues(alphabet string) (t [256]uint8) {
	for i := range len(alphabet) {
		t[alphabet[i]] = uint8(i + 1)
	}
	return t
}

// Base58Check reads an address of 25 bytes with its check of four, and tells its version byte.
func Base58Check(s []byte) (version byte, ok bool) {
	if len(s) < 26 || len(s) > 35 {
		return 0, false
	}
	var out [25]byte
	for _, c := range s {
		carry := int(values58[c])
		if carry == 0 {
			return 0, false
		}
		carry--
		for i := len(out) - 1; i >= 0; i-- {
			carry += int(out[i]) * 58
			out[i] = byte(carry)
			carry >>= 8
		}
		if carry != 0 {
			return 0, false
		}
	}
	once := sha256.Sum256(out[:21])
	twice := sha256.Sum256(once[:])
	return out[0], bytes.Equal(twice[:4], out[21:])
}

const base32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

var values32 = letterValues(base32)

// Bech32 checks a lower-case address "bc1…" by BIP 173 or 350.
func Bech32(s []byte) bool {
	if len(s) < 14 || len(s) > 90 || s[0] != 'b' || s[1] != 'c' || s[2] != '1' {
		return false
	}
	sum := uint32(1)
	for _, v := range [5]uint32{3, 3, 0, 'b' & 31, 'c' & 31} {
		sum = step32(sum) ^ v
	}
	for _, c := range s[3:] {
		v := values32[c]
		if v == 0 {
			return false
		}
		sum = step32(sum) ^ uint32(v-1)
	}
	return sum == 1 || sum == 0x2bc830a3
}

func step32(sum uint32) uint32 {
	top := sum >> 25
	sum = (sum & 0x1ffffff) << 5
	for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
		if top>>i&1 != 0 {
			sum ^= g
		}
	}
	return sum
}

// IPv4 is the length of the address that the text begins with; 0 when there is none.
func IPv4(s []byte) int {
	i := 0
	for part := range 4 {
		if part > 0 {
			if i >= len(s) || s[i] != '.' {
				return 0
			}
			i++
		}
		start, n := i, 0
		for i < len(s) && i < start+3 && s[i] >= '0' && s[i] <= '9' {
			n = n*10 + int(s[i]-'0')
			i++
		}
		if i == start || n > 255 || i > start+1 && s[start] == '0' {
			return 0
		}
	}
	return i
}

// IPv6 is the length of the address that the text begins with; 0 when there is none.
func IPv6(s []byte) int {
	i, groups, gap := 0, 0, false
	if len(s) > 1 && s[0] == ':' {
		if s[1] != ':' {
			return 0
		}
		i, gap = 2, true
	}
	for groups < 8 {
		start := i
		for i < len(s) && i < start+4 && hex(s[i]) {
			i++
		}
		if i == start {
			break
		}
		if i+1 < len(s) && s[i] == '.' && s[i+1] >= '0' && s[i+1] <= '9' {
			n := IPv4(s[start:])
			if n == 0 || groups > 6 {
				return 0
			}
			i, groups = start+n, groups+2
			break
		}
		groups++
		if i+1 < len(s) && s[i] == ':' && s[i+1] == ':' {
			if gap {
				return 0
			}
			i, gap = i+2, true
		} else if i+1 < len(s) && s[i] == ':' && hex(s[i+1]) && groups < 8 {
			i++
		} else {
			break
		}
	}
	if gap && groups < 8 || groups == 8 && !gap {
		return i
	}
	return 0
}

func hex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// MAC is the length of the hardware address that the text begins with: six pairs or three fours with one sign between.
func MAC(s []byte) int {
	if n := joined(s, 6, 2, ":-"); n > 0 {
		return n
	}
	return joined(s, 3, 4, ".")
}

func joined(s []byte, parts, width int, signs string) int {
	n := parts*width + parts - 1
	if len(s) < n {
		return 0
	}
	sign, zeros, ones := s[width], 0, 0
	if strings.IndexByte(signs, sign) < 0 {
		return 0
	}
	for i := range n {
		c := s[i]
		switch {
		case i%(width+1) == width:
			if c != sign {
				return 0
			}
		case !hex(c):
			return 0
		case c == '0':
			zeros++
		case c|0x20 == 'f':
			ones++
		}
	}
	if zeros == 12 || ones == 12 {
		return 0
	}
	return n
}
