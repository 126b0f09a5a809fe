package check

import (
	"math/big"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/pii/internal/region"
)

// The slow reference: regular expressions, big numbers and the calendar of the standard library, written from the rules and not from
// the code. Both must agree on whatever they are given.

var districts, regencies = func() (d, r map[string]bool) {
	raw, err := os.ReadFile("../region/codes.txt")
	if err != nil {
		panic(err)
	}
	d, r = map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		code, _, _ := strings.Cut(line, " ")
		d[code], r[code] = len(code) == 6, len(code) == 4
	}
	return d, r
}()

func slowDate(day, month, year int) bool {
	years := []int{year}
	if year < 100 {
		years = []int{1900 + year, 2000 + year}
	}
	for _, y := range years {
		if d := time.Date(y, time.Month(month), day, 0, 0, 0, 0, time.UTC); d.Day() == day && int(d.Month()) == month && d.Year() == y {
			return true
		}
	}
	return false
}

var nikForm = regexp.MustCompile(`^[1-9](\d{5})(\d\d)(\d\d)(\d\d)(\d{4})$`)

func slowNIK(s string) (valid, district bool) {
	m := nikForm.FindStringSubmatch(s)
	if m == nil {
		return false, false
	}
	day, _ := strconv.Atoi(m[2])
	month, _ := strconv.Atoi(m[3])
	year, _ := strconv.Atoi(m[4])
	if !slowDate(day, month, year) && !slowDate(day-40, month, year) || m[5] == "0000" {
		return false, false
	}
	district = districts[s[:6]]
	return district || regencies[s[:4]] && s[4:6] != "00", district
}

func slowLuhn(s string) bool {
	sum := 0
	for i := range len(s) {
		v := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			v = [10]int{0, 2, 4, 6, 8, 1, 3, 5, 7, 9}[v]
		}
		sum += v
	}
	return sum%10 == 0
}

var cardForms = []*regexp.Regexp{
	1: regexp.MustCompile(`^4(\d{12}|\d{15}|\d{18})$`), 2: regexp.MustCompile(`^(5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}$`), 3: regexp.MustCompile(`^3[47]\d{13}$`),
	4: regexp.MustCompile(`^(30[0-59]|3[89]\d)(\d{11}|\d{13}|\d{16})$|^36\d{12}$`), 5: regexp.MustCompile(`^(6011|64[4-9]\d|65\d\d)\d{12,15}$`), 6: regexp.MustCompile(`^35(2[89]|[3-8]\d)\d{12,15}$|^(1800|2131)\d{11}$`), 7: regexp.MustCompile(`^62\d{14,17}$`),
	8: regexp.MustCompile(`^[56]\d{11,18}$|^1946\d{12}$|^1\d{14}$`),
}

func slowCard(s string) int {
	if !slowLuhn(s) || strings.Trim(s, s[:1]) == "" {
		return 0
	}
	for scheme, form := range cardForms {
		if form != nil && form.MatchString(s) {
			return scheme
		}
	}
	return 0
}

func slowIBAN(s string) bool {
	at := strings.Index(countries, s[:2])
	if len(s) < 15 || at < 0 || at%4 != 0 || countries[at+2:at+4] != strconv.Itoa(len(s)) {
		return false
	}
	var b strings.Builder
	for _, c := range s[4:] + s[:4] {
		switch {
		case c >= 'A' && c <= 'Z':
			b.WriteString(strconv.Itoa(int(c-'A') + 10))
		case c >= '0' && c <= '9':
			b.WriteRune(c)
		default:
			return false
		}
	}
	n, _ := new(big.Int).SetString(b.String(), 10)
	return new(big.Int).Mod(n, big.NewInt(97)).Int64() == 1
}

func random(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + r.IntN(10))
	}
	return string(b)
}

func TestTheRulesAgreeWithASlowReferenceOnHundredsOfThousandsOfNumbers(t *testing.T) {
	table := region.Load()
	var codes []string
	for c := range districts {
		if districts[c] || regencies[c] {
			codes = append(codes, c)
		}
	}
	r := rand.New(rand.NewPCG(3, 5))
	rounds := 100_000
	if testing.Short() {
		rounds = 20_000
	}
	valid := map[string]int{}
	for range rounds {
		s := random(r, 16)
		if r.IntN(3) > 0 { // near the truth, so that both answers are met
			c := codes[r.IntN(len(codes))]
			s = c + s[len(c):]
			if r.IntN(2) == 0 {
				s = s[:6] + strconv.Itoa(100 + r.IntN(100))[1:] + strconv.Itoa(100 + r.IntN(16))[1:] + s[10:]
			}
			if r.IntN(20) == 0 {
				s = s[:12] + "0000"
			}
		}
		got, ok := NIK([]byte(s), table)
		want, district := slowNIK(s)
		if ok != want || ok && got.District != district {
			t.Fatalf("NIK %s: %v %v, the reference says %v %v", s, ok, got.District, want, district)
		}
		if ok {
			valid["nik"]++
		}
		n := 12 + r.IntN(8)
		s = []string{"4", "51", "2221", "34", "36", "6011", "3528", "62", "6", "1946", "1", "30", "27", ""}[r.IntN(14)] + random(r, 19)
		s = s[:n]
		if got, want := int(Card([]byte(s))), slowCard(s); got != want {
			t.Fatalf("card %s: %d, the reference says %d", s, got, want)
		} else if got > 0 {
			valid["card"]++
		}
		if Luhn([]byte(s)) != slowLuhn(s) {
			t.Fatalf("Luhn %s", s)
		}
		if s = random(r, 15); NPWP15([]byte(s)) != (slowLuhn(s[:9]) && s[:9] != "000000000") || NPWP16([]byte("0"+s)) != NPWP15([]byte(s)) || NPWP16([]byte("1"+s)) {
			t.Fatalf("NPWP %s", s)
		}
		if IMEI([]byte(s)) != slowLuhn(s) {
			t.Fatalf("IMEI %s", s)
		}
		d, m, y := r.IntN(40), r.IntN(16), []int{r.IntN(100), 1800 + r.IntN(400)}[r.IntN(2)]
		if Date(d, m, y) != slowDate(d, m, y) {
			t.Fatalf("date %d-%d-%d", d, m, y)
		}
		c := r.IntN(len(countries)/4) * 4
		size, _ := strconv.Atoi(countries[c+2 : c+4])
		s = countries[c:c+2] + random(r, size-2)
		if r.IntN(2) == 0 { // give it the check digits it should have
			for k := 2; k < 99; k++ {
				if try := s[:2] + strconv.Itoa(100 + k)[1:] + s[4:]; slowIBAN(try) {
					s = try
					break
				}
			}
		}
		if IBAN([]byte(s)) != slowIBAN(s) {
			t.Fatalf("IBAN %s", s)
		} else if IBAN([]byte(s)) {
			valid["iban"]++
		}
	}
	for kind, least := range map[string]int{"nik": 100, "card": 100, "iban": 100} {
		if valid[kind] < least {
			t.Errorf("only %d valid %s among the numbers", valid[kind], kind)
		}
	}
}

func TestNetworkAddressesAgreeWithTheStandardLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	signs := "0123456789abcdefABCDEF:::....-"
	for range 30_000 {
		b := make([]byte, 2+r.IntN(26))
		for i := range b {
			b[i] = signs[r.IntN(len(signs))]
		}
		s := string(b)
		switch r.IntN(4) {
		case 0:
			s = strconv.Itoa(r.IntN(300)) + "." + strconv.Itoa(r.IntN(300)) + "." + strconv.Itoa(r.IntN(300)) + "." + strconv.Itoa(r.IntN(300))
		case 1:
			var a [16]byte
			for i := range a {
				a[i] = byte(r.IntN(256) * r.IntN(2))
			}
			s = netip.AddrFrom16(a).String()
		}
		addr, err := netip.ParseAddr(s)
		if whole := IPv4([]byte(s)) == len(s); whole != (err == nil && addr.Is4()) {
			t.Fatalf("IPv4 %q: %v", s, whole)
		}
		if whole := IPv6([]byte(s)) == len(s); whole != (err == nil && addr.Is6()) {
			t.Fatalf("IPv6 %q: %v %v", s, whole, err)
		}
		hw := make([]byte, 6)
		for i := range hw {
			hw[i] = byte(r.IntN(256))
		}
		mac := net.HardwareAddr(hw).String()
		for _, s := range []string{mac, strings.ReplaceAll(mac, ":", "-"), mac[:2] + mac[3:5] + "." + mac[6:8] + mac[9:11] + "." + mac[12:14] + mac[15:]} {
			if _, err := net.ParseMAC(s); err != nil || MAC([]byte(s)) != len(s) {
				t.Fatalf("MAC %q", s)
			}
		}
	}
	for _, s := range []string{"00:00:00:00:00:00", "FF-FF-FF-FF-FF-FF", "00:1A:2B:3C:4D", "00:1A-2B:3C:4D:5E", "001A:2B3C:4D5E", "0g:1A:2B:3C:4D:5E"} {
		if MAC([]byte(s)) != 0 {
			t.Errorf("MAC %q", s)
		}
	}
}

func slowBase58(s string) (*big.Int, bool) {
	n := new(big.Int)
	for _, c := range s {
		v := strings.IndexRune(base58, c)
		if v < 0 {
			return nil, false
		}
		n.Add(n.Mul(n, big.NewInt(58)), big.NewInt(int64(v)))
	}
	return n, true
}

func TestWalletsAreThoseOfTheirStandards(t *testing.T) {
	for s, version := range map[string]byte{"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa": 0, "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy": 5, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t": 0x41} {
		if v, ok := Base58Check([]byte(s)); !ok || v != version {
			t.Errorf("%s: %d %v", s, v, ok)
		}
		n, _ := slowBase58(s)
		if got := n.FillBytes(make([]byte, 25))[0]; got != version {
			t.Errorf("the reference reads version %d of %s", got, s)
		}
		for i := range s { // one letter off
			b := []byte(s)
			b[i] = base58[(strings.IndexByte(base58, b[i])+1)%58]
			if _, ok := Base58Check(b); ok {
				t.Errorf("%s passes", b)
			}
		}
	}
	for _, s := range []string{"", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN0", strings.Repeat("z", 35), "1A1zP1"} {
		if _, ok := Base58Check([]byte(s)); ok {
			t.Errorf("%q passes", s)
		}
	}
	// BIP 173 and BIP 350
	for _, s := range []string{"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"} {
		if !Bech32([]byte(s)) {
			t.Errorf("%s fails", s)
		}
		for i := 3; i < len(s); i++ {
			b := []byte(s)
			b[i] = base32[(strings.IndexByte(base32, b[i])+1)%32]
			if Bech32(b) {
				t.Errorf("%s passes", b)
			}
		}
	}
	for _, s := range []string{"", "bc1", "bc1b", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdb"} {
		if Bech32([]byte(s)) {
			t.Errorf("%q passes", s)
		}
	}
}

func TestOperatorsAreasAndCountriesAreThoseOfTheNumberingPlan(t *testing.T) {
	mobile := regexp.MustCompile(`^8(1[1-9]|2[1238]|3[1238]|5[1-9]|7[789]|8[1-9]|9[5-9])\d{6,9}$`)
	empty := regexp.MustCompile(`^8..0{7,}$`)
	landline := regexp.MustCompile(`^(2[124]|31|61|2(?:[35][1-4]|6[0-8]|7[1-6]|8\d|9[1-8])|3(?:[25][1-8]|3[1-68]|4[1-3]|6[1-3568]|7[0-469]|8\d)|4(?:0[1-589]|1[01347-9]|2[0-36-8]|3[0-24-68]|43|5[1-378]|6[1-5]|7[134]|8[1245])|5(?:1[1-35-9]|2[25-8]|3[124-9]|4[1-3589]|5[1-46]|6[1-8])|6(?:[25]\d|3[1-69]|4[1-6])|7(?:02|[125][1-9]|[36]\d|4[1-8]|7[0-36-9])|9(?:0[12]|1[013-8]|2[0-479]|5[125-8]|6[23679]|7[159]|8[01346]))`)
	r := rand.New(rand.NewPCG(2, 4))
	for range 30_000 {
		s := "8" + random(r, 7+r.IntN(5))
		if got, want := Mobile([]byte(s)) != "", mobile.MatchString(s) && !empty.MatchString(s); got != want {
			t.Fatalf("mobile %s: %v", s, got)
		}
		s = strconv.Itoa(2+r.IntN(8)) + random(r, 6+r.IntN(5))
		if got := Area([]byte(s)); got != len(landline.FindString(s)) {
			t.Fatalf("area %s: %d", s, got)
		}
	}
	for s, n := range map[string]int{"14155550132": 1, "6591234567": 2, "79161234567": 1, "447911123456": 2, "85212345678": 3, "97150123456": 3, "21212345678": 3, "28012345678": 0, "8312345678": 0, "0812345678": 0, "123": 0, "1234567890123456": 0, "99912345678": 0} {
		if got := Country([]byte(s)); got != n {
			t.Errorf("country of %s: %d", s, got)
		}
	}
	for s, want := range map[string]bool{"B": true, "AB": true, "dk": true, "C": false, "AC": false, "BX": false, "DF": false, "EC": false, "KX": false, "PX": false, "XX": false, "": false, "ABC": false, "kt": true, "pa": true, "ea": true} {
		if Plate([]byte(s)) != want {
			t.Errorf("plate %q", s)
		}
	}
	if BankLengths("bca") != 1<<10 || BankLengths("x") != 0 {
		t.Error("lengths of banks")
	}
	for _, s := range []string{"DE89", "DE89370400440532013", "DE8937040044053201300a"} {
		if IBAN([]byte(s)) {
			t.Errorf("IBAN %s", s)
		}
	}
	if IBANLength('D', 'E') != 22 || IBANLength('E', '2') != 0 || IBANLength('X', 'X') != 0 {
		t.Error("lengths of IBANs")
	}
}
