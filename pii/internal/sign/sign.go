// Package sign reads what has a form of its own and needs no word beside it: e-mail addresses, URLs with credentials, network
// addresses, private keys, API keys, account numbers with a check, wallets.
//
// Each function is given a text and the place of the sign that led to it (an @, a colon, a piece of letters and digits), looks a
// bounded number of bytes to both sides, and returns where the thing begins and ends. It allocates nothing. Check sums are those of
// package check. What the words around say is not looked at here; the scanner does that where a form alone is too weak.
//
// A domain name needs no list of endings: beside an @ anything with a dot and a last label of letters is one.
package sign

import (
	"bytes"

	"github.com/amanah-id/amanah/pii/internal/check"
	"github.com/amanah-id/amanah/pii/internal/token"
)

// localPart and domainPart are the bytes that the two halves of an e-mail address may have.
var localPart, domainPart = func() (l, d [256]bool) {
	for c := range 256 {
		if token.IsAlnum(byte(c)) {
			l[c], d[c] = true, true
		}
	}
	for _, c := range []byte("._%+-'") {
		l[c] = true
	}
	d['.'], d['-'] = true, true
	return l, d
}()

// Email reads the address around the sign @ at the place; end is 0 when there is none.
func Email(text []byte, at int) (start, end int) {
	start = at
	for start > 0 && at-start < 64 && localPart[text[start-1]] {
		start--
	}
	for start < at && !token.IsAlnum(text[start]) && text[start] != '_' {
		start++
	}
	if start == at || text[at-1] == '.' || start > 0 && (text[start-1] == '@' || text[start-1] == '/' && (start < 2 || text[start-2] != '/')) {
		return 0, 0
	}
	return start, Domain(text, at+1)
}

// Domain returns where the domain name that begins at the place ends; 0 when there is none.
func Domain(text []byte, from int) int {
	end := from
	for end < len(text) && end-from < 253 && domainPart[text[end]] {
		end++
	}
	for end > from && (text[end-1] == '.' || text[end-1] == '-') {
		end--
	}
	// "…@gmail.com.Terima kasih": a sentence that lacks its space goes on with a capital letter.
	for dot := from; dot < end; {
		next := bytes.IndexByte(text[dot:end], '.')
		if next < 0 {
			break
		}
		dot += next + 1
		if dot < end && token.IsUpper(text[dot]) && dot+1 < end && !token.IsUpper(text[dot+1]) && bytes.IndexByte(text[from:dot-1], '.') >= 0 {
			end = dot - 1
			break
		}
	}
	last := bytes.LastIndexByte(text[from:end], '.')
	if last <= 0 || text[from] == '-' || text[from] == '.' || bytes.Contains(text[from:end], []byte("..")) {
		return 0
	}
	tld := text[from+last+1 : end]
	if len(tld) < 2 || len(tld) > 24 {
		return 0
	}
	if bytes.HasPrefix(tld, []byte("xn--")) {
		return end
	}
	for _, c := range tld {
		if !token.IsLetter(c) {
			return 0
		}
	}
	return end
}

// Run is where a run of hexadecimal digits and colons ends.
func Run(text []byte, i int) int {
	for i < len(text) && (token.IsHex(text[i]) || text[i] == ':' || text[i] == '.') {
		i++
	}
	return i
}

// Follows reports whether a letter or digit stands right after the first n bytes.
func Follows(rest []byte, n int) bool {
	return n < len(rest) && (token.IsAlnum(rest[n]) || rest[n] == '_')
}

// Prefix adds "/24" to an address of length n when it is there.
func Prefix(rest []byte, n, most int) int {
	if n >= len(rest) || rest[n] != '/' {
		return n
	}
	i, v := n+1, 0
	for i < len(rest) && i < n+5 && token.IsDigit(rest[i]) {
		v = v*10 + int(rest[i]-'0')
		i++
	}
	if i == n+1 || v > most || Follows(rest, i) {
		return n
	}
	return i
}

// secretParameters are names in the query of a URL whose value opens a door.
var secretParameters = [...]string{"password=", "passwd=", "pwd=", "token=", "access_token=", "api_key=", "apikey=", "secret=", "client_secret=", "key=", "sig=", "auth="}

// Credentials reads the URL around the sign :// at the place, and reports whether it carries credentials: a name and a password
// before the host, or a secret in its query. End is where it has read to.
func Credentials(text []byte, at int) (start, end int, secret bool) {
	start = at
	for start > 0 && at-start < 16 && (token.IsAlnum(text[start-1]) || text[start-1] == '+' || text[start-1] == '.' || text[start-1] == '-') {
		start--
	}
	from := at + 3
	end = from
	colon, host, slash, question := 0, 0, 0, 0
	for ; end < len(text) && end-from < 2048; end++ {
		c := text[end]
		if c <= ' ' || c == '"' || c == '<' || c == '>' || c == '`' || c >= 0x80 {
			break
		}
		switch {
		case slash == 0 && c == ':' && colon == 0:
			colon = end
		case slash == 0 && c == '@':
			host = end
		case slash == 0 && (c == '/' || c == '?' || c == '#'):
			slash = end
		}
		if c == '?' && question == 0 {
			question = end
		}
	}
	for end > from && (text[end-1] == '.' || text[end-1] == ',' || text[end-1] == ')' || text[end-1] == '\'' || text[end-1] == ';') {
		end--
	}
	if start == at || end == from {
		return 0, end, false
	}
	if colon > 0 && host > colon+1 {
		return start, end, true
	}
	if question == 0 || question >= end {
		return 0, end, false
	}
	query := text[question:end]
	for i := range query {
		if query[i] != '?' && query[i] != '&' {
			continue
		}
		for _, name := range secretParameters {
			if rest := query[i+1:]; len(rest) >= len(name)+6 && token.EqualFold(rest[:len(name)], name) {
				return start, end, true
			}
		}
	}
	return 0, end, false
}

// Armour reads a private key from its first line to its last, at most reach bytes far. It returns where it has read to, and
// whether that is a private key.
func Armour(text []byte, start, reach int) (end int, private bool) {
	head := text[start:min(len(text), start+64)]
	eol := bytes.Index(head[11:], []byte("-----"))
	if eol < 0 || !bytes.Contains(head[:11+eol], []byte("PRIVATE KEY")) {
		return start + 11, false
	}
	end = start + 11 + eol + 5
	body := text[end:min(len(text), end+reach)]
	if i := bytes.Index(body, []byte("-----END ")); i >= 0 {
		body = body[:min(len(body), i+64)]
		end += i
		if j := bytes.Index(body[i+9:], []byte("-----")); j >= 0 {
			end += 9 + j + 5
		}
	} else {
		end += len(body)
	}
	return end, true
}

// keyForm is how an API key begins, and how many signs follow at least.
type keyForm struct {
	prefix string
	least  int
}

var keyForms = [...]keyForm{
	{"AKIA", 16}, {"ASIA", 16}, {"AIza", 30}, {"ya29.", 20}, {"ghp_", 30}, {"gho_", 30}, {"ghu_", 30}, {"ghs_", 30}, {"ghr_", 30}, {"github_pat_", 40}, {"glpat-", 20},
	{"sk_live_", 16}, {"sk_test_", 16}, {"rk_live_", 16}, {"pk_live_", 16}, {"sk-proj-", 20}, {"sk-ant-", 20}, {"sk-", 20}, {"xoxb-", 20}, {"xoxp-", 20}, {"xoxa-", 20}, {"xoxr-", 20}, {"xapp-", 20},
	{"SG.", 20}, {"npm_", 30}, {"pypi-", 40}, {"dop_v1_", 40}, {"shpat_", 30}, {"hf_", 30}, {"EAAG", 30}, {"xnd_production_", 16}, {"xnd_development_", 16}, {"Mid-server-", 16}, {"SB-Mid-server-", 16}, {"eyJ", 40}, {"whsec_", 20}, {"pk_test_", 16}, {"rk_test_", 16}, {"Mid-client-", 16}, {"SB-Mid-client-", 16}, {"VT-server-", 16}, {"VT-client-", 16}, {"xnd_public_", 16}, {"GOCSPX-", 20}, {"xoxe-", 20}, {"glsa_", 30}, {"dckr_pat_", 20}, {"ATATT", 40}, {"sq0atp-", 20}, {"sq0csp-", 20}, {"shpss_", 30}, {"shpca_", 30}, {"lin_api_", 30}, {"ntn_", 30}, {"figd_", 30}, {"EAAC", 40}, {"EAAJ", 40}, {"key-", 32}, {"AC", 32}, {"SK", 32},
}

func keySign(c byte) bool {
	return token.IsAlnum(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == '+' || c == '='
}

// Key reads the key that the piece text[from:to] belongs to, when it begins as keys of a known service do.
func Key(text []byte, from, to int) (start, end int, known bool) {
	start, end = from, to
	if start > 8 && text[start-1] == ':' && text[start] == 'A' && text[start+1] == 'A' { // of a bot: 1234567890:AA…
		b := start - 1
		for b > 0 && start-b < 12 && token.IsDigit(text[b-1]) {
			b--
		}
		for end < len(text) && end-from < 40 && (token.IsAlnum(text[end]) || text[end] == '_' || text[end] == '-') {
			end++
		}
		if n := start - 1 - b; n >= 8 && n <= 10 && end-start >= 33 && end-start <= 36 {
			return b, end, true
		}
		end = to
	}
	for start > 0 && from-start < 48 && keySign(text[start-1]) && text[start-1] != '=' && text[start-1] != '/' {
		start--
	}
	for _, f := range keyForms {
		if start+len(f.prefix) > len(text) || string(text[start:start+len(f.prefix)]) != f.prefix {
			continue
		}
		for end < len(text) && end-from < 2048 && keySign(text[end]) {
			end++
		}
		for end > to && (text[end-1] == '.' || text[end-1] == '=' || text[end-1] == '-' || text[end-1] == '/') {
			end--
		}
		whole := text[start:end]
		if len(whole) < len(f.prefix)+f.least || f.prefix == "eyJ" && bytes.IndexByte(whole, '.') < 0 || len(f.prefix) == 2 && (len(whole) != 34 || !allHex(whole[2:])) {
			end = to
			continue
		}
		return start, end, true
	}
	return start, end, false
}

// Whole is the key around a piece of letters and digits, with the signs that keys have inside.
func Whole(text []byte, from, to int) (start, end int) {
	for start = from; start > 0 && from-start < 48 && keySign(text[start-1]) && text[start-1] != '=' && text[start-1] != '/'; {
		start--
	}
	for end = to; end < len(text) && end-from < 256 && keySign(text[end]); {
		end++
	}
	for end > to && !token.IsAlnum(text[end-1]) && text[end-1] != '=' {
		end--
	}
	return start, end
}

// Joined reports whether a piece of twelve signs may be an address of hardware: hexadecimal, with letters of one size.
func Joined(b []byte) bool {
	small, big, digits := 0, 0, 0
	for _, c := range b {
		switch {
		case token.IsDigit(c):
			digits++
		case token.IsUpper(c):
			big++
		default:
			small++
		}
	}
	return allHex(b) && digits >= 3 && (small == 0) != (big == 0)
}

func allHex(b []byte) bool {
	for _, c := range b {
		if !token.IsHex(c) {
			return false
		}
	}
	return true
}

// Mixture reports whether letters and digits change often, as they do by chance.
func Mixture(b []byte) bool {
	digits, changes := 0, 0
	for i, c := range b {
		if token.IsDigit(c) {
			digits++
		}
		if i > 0 && token.IsDigit(c) != token.IsDigit(b[i-1]) {
			changes++
		}
	}
	return digits >= 2 && changes*6 >= len(b)
}

// IBAN reads an account number that begins at the place, in one piece or in fours. It returns how many letters and digits it has
// and where it ends; 0 for none.
func IBAN(text []byte, start int) (size, end int) {
	if start+15 > len(text) || !token.IsLetter(text[start]) || token.IsUpper(text[start]) != token.IsUpper(text[start+1]) || !token.IsLetter(text[start+1]) || !token.IsDigit(text[start+2]) || !token.IsDigit(text[start+3]) {
		return 0, 0
	}
	upper := token.IsUpper(text[start]) // in small letters it must have digits for the most part
	want := check.IBANLength(text[start]&^0x20, text[start+1]&^0x20)
	var b [34]byte
	i, n, digits := start, 0, 0
	for i < len(text) && n < want {
		switch c := text[i]; {
		case token.IsDigit(c):
			b[n] = c
			n++
			digits++
		case token.IsLetter(c) && token.IsUpper(c) == upper:
			b[n] = c &^ 0x20
			n++
		case (c == ' ' || c == '-' || c == '.' || c == '_' || c == '/') && n%4 == 0 && n > 0 && token.IsAlnum(text[i-1]):
		default:
			return 0, 0
		}
		i++
	}
	if want == 0 || n != want || i < len(text) && token.IsAlnum(text[i]) || !check.IBAN(b[:n]) || !upper && digits < 12 {
		return 0, 0
	}
	return n, i
}

// Wallet reports whether the piece is an address of Bitcoin, Tron or Ethereum.
func Wallet(piece []byte) bool {
	switch n := len(piece); {
	case n == 42 && piece[0] == '0' && piece[1]|0x20 == 'x':
		return allHex(piece[2:])
	case n >= 26 && n <= 35 && (piece[0] == '1' || piece[0] == '3' || piece[0] == 'T'):
		version, good := check.Base58Check(piece)
		return good && (version == 0 || version == 5 || version == 0x41)
	case n >= 14 && n <= 90 && piece[0] == 'b' && piece[1] == 'c' && piece[2] == '1':
		return check.Bech32(piece)
	}
	return false
}

// Passport reads digits of a passport at the place behind a letter and a space or hyphen, in at most three groups. It returns where they
// end and how many they are; 0 for something else.
func Passport(text []byte, start int) (end, digits int) {
	sep := text[start-1]
	if !between(sep) || start > 2 && token.IsAlnum(text[start-3]) {
		return 0, 0
	}
	for groups := 0; groups < 3; groups++ {
		p := start
		for p < len(text) && token.IsDigit(text[p]) && p-start <= 7 {
			p++
		}
		if p-start < 3 && digits+p-start < 6 || p < len(text) && token.IsAlnum(text[p]) {
			return 0, 0
		}
		digits += p - start
		if end = p; digits >= 6 {
			break
		}
		if start = p + 1; p+1 >= len(text) || text[p] != ' ' && text[p] != '-' && text[p] != sep || !token.IsDigit(text[start]) {
			return 0, 0
		}
	}
	if digits < 6 || digits > 7 || end+1 < len(text) && (text[end] == ' ' || text[end] == '-') && token.IsDigit(text[end+1]) {
		return 0, 0
	}
	return end, digits
}

// Work reports whether a piece is a number of the insurance of employees as it was before 2015: the year, a letter, eight digits.
func Work(piece []byte) bool {
	for i, c := range piece {
		if i != 2 && !token.IsDigit(c) {
			return false
		}
	}
	return true
}

// between are signs that may part the pieces of a plate; a space or a hyphen is usual.
func between(c byte) bool {
	return c == ' ' || c == '-' || c == '.' || c == '_' || c == '*' || c == '/' || c == '|' || c == '~'
}

// Plate reads the letters around the digits text[from:to]: B 1234 XYZ. End is 0 when it is no plate; odd says that other signs than a space or a
// hyphen part its pieces.
func Plate(text []byte, from, to int) (start, end int, odd bool) {
	a := from
	if a > 0 && between(text[a-1]) {
		a--
		odd = text[a] != ' ' && text[a] != '-'
	}
	start = a
	for start > 0 && a-start < 3 && token.IsLetter(text[start-1]) {
		start--
	}
	if n := a - start; n == 0 || n > 2 || start > 0 && (token.IsAlnum(text[start-1]) || text[start-1] == '.' || text[start-1] == '\'' || text[start-1] >= 0x80) || !check.Plate(text[start:a]) || text[from] == '0' {
		return 0, 0, false
	}
	b := to
	if b < len(text) && between(text[b]) {
		odd = odd || text[b] != ' ' && text[b] != '-'
		b++
	}
	for end = b; end < len(text) && end-b < 4 && token.IsLetter(text[end]); {
		end++
	}
	if n := end - b; n == 0 || n > 3 || end < len(text) && (token.IsAlnum(text[end]) || text[end] >= 0x80) {
		return 0, 0, false
	}
	return start, end, odd
}

// hexPair reports whether two hexadecimal digits stand alone at p.
func hexPair(text []byte, p int) bool {
	return p >= 0 && p+2 <= len(text) && token.IsHex(text[p]) && token.IsHex(text[p+1]) && (p == 0 || !token.IsAlnum(text[p-1])) && (p+2 == len(text) || !token.IsAlnum(text[p+2]))
}

// Pairs reads a hardware address whose pairs have a space or a word between, around the pair at the place: F0 9F C2 55 0A 17, A4 strip BB strip 6D.
// End is 0 when there are not six; lettered is how many of them have a letter.
func Pairs(text []byte, at int) (start, end, lettered int) {
	start = at
	for n := 0; n < 6 && start > 2 && text[start-1] == ' ' && hexPair(text, start-3); n++ {
		start -= 3
	}
	p := start
	for n := 1; ; n++ {
		if !hexPair(text, p) {
			return 0, 0, 0
		}
		if !token.IsDigit(text[p]) || !token.IsDigit(text[p+1]) {
			lettered++
		}
		end = p + 2
		next := end
		for next < len(text) && next-end < 2 && (text[next] == ' ' || text[next] == ',' || text[next] == '_' || text[next] == '/' || text[next] == '.') {
			next++
		}
		if w := token.WordEnd(text[:min(len(text), next+8)], next); w-next > 3 && w < len(text) && text[w] == ' ' {
			for _, s := range [...]string{"strip", "dash", "colon", "spasi", "space", "titik"} {
				if token.EqualFold(text[next:w], s) {
					if next = w + 1; s == "titik" && next+4 < len(text) && token.EqualFold(text[next:next+4], "dua ") {
						next += 4
					}
					break
				}
			}
		}
		if n == 6 {
			if hexPair(text, next) && next > end {
				return 0, 0, 0
			}
			return start, end, lettered
		}
		if p = next; p == end {
			return 0, 0, 0
		}
	}
}

// Devices and Travels are words that speak of telephones and of journeys.
var (
	Devices = []string{"imei", "*#06#", "sinyal", "device", "dev:", "gadget", "handphone", "samsung", "iphone", "oppo", "vivo", "xiaomi", "redmi", "infinix", "handset", "smartphone"}
	Travels = []string{"umroh", "umrah", "haji", "jemaah", "jamaah", "pax", "terbang", "penerbangan", "bandara", "imigrasi", "check-in", "checkin", "penumpang", "travel", "buku hijau", "visa", "kedutaan", "boarding", "wna", "halaman pertama", "booking tiket", "p<idn", "perjalanan"}
)

// Beside reports whether one of the words stands within a hundred bytes of the place, in the same text.
func Beside(text []byte, start, end int, words []string) bool {
	for _, side := range [2][]byte{text[max(0, start-100):start], text[end:min(len(text), end+100)]} {
		for i := range side {
			if i > 0 && token.IsAlnum(side[i-1]) {
				continue
			}
			for _, w := range words {
				if c := side[i]; (c|0x20 == w[0] || c == w[0]) && i+len(w) <= len(side) && token.EqualFold(side[i:i+len(w)], w) {
					return true
				}
			}
		}
	}
	return false
}

// Checked adds to an account that has points inside what belongs to it behind a hyphen: the last digit, as banks of the provinces print it, and
// the branch before it: 700-01.01.08064-9.
func Checked(text []byte, start, end int) (from, to int) {
	if bytes.IndexByte(text[start:end], '.') < 0 {
		return start, end
	}
	if end+1 < len(text) && text[end] == '-' && token.IsDigit(text[end+1]) && (end+2 == len(text) || !token.IsAlnum(text[end+2])) {
		end += 2
	}
	if start > 3 && text[start-1] == '-' && token.IsDigit(text[start-2]) && token.IsDigit(text[start-3]) && token.IsDigit(text[start-4]) && (start == 4 || !token.IsAlnum(text[start-5])) {
		start -= 4
	}
	return start, end
}

// Plated reports whether letters and digits are a plate though no word says so: four digits, or three with letters enough, in three parts or in
// one, and no year, dose or size.
func Plated(text []byte, start, from, to, b, end int) bool {
	digits, head, tail := to-from, len(bytes.Trim(text[start:from], " -")), end-b
	year := digits == 4 && (text[from] == '1' && text[from+1] == '9' || text[from] == '2' && text[from+1] == '0')
	size := token.EqualFold(text[b:end], "iu") || token.EqualFold(text[b:end], "xl") || token.EqualFold(text[b:end], "ml") || token.EqualFold(text[b:end], "mg") || token.EqualFold(text[b:end], "kg") || token.EqualFold(text[b:end], "km")
	if digits < 3 || tail < 2 || year || size {
		return false
	}
	if apart := from-start > head; apart != (b > to) || apart && text[from-1] != text[to] {
		return false
	} else if !apart {
		return digits == 4 && head+tail >= 4
	}
	return head == 2 && digits == 4 || !shouted(text, start, end)
}

// shouted reports whether everything around is in capitals too.
func shouted(text []byte, start, end int) bool {
	for _, side := range [2][]byte{text[max(0, start-24):start], text[end:min(len(text), end+24)]} {
		for _, c := range side {
			if c >= 'a' && c <= 'z' {
				return false
			}
		}
	}
	return true
}

// Closes reports whether a bracket closes in the text that none opens.
func Closes(b []byte) bool {
	for _, c := range b {
		if c == '(' {
			return false
		}
		if c == ')' {
			return true
		}
	}
	return false
}

// Vowelled reports whether a piece has a vowel in small letters.
func Vowelled(piece []byte) bool {
	for _, c := range piece {
		if c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' {
			return true
		}
	}
	return false
}

// Boxed takes the outer signs of a number whose every digit stands in a pair of them: (5)(3)(1), <7><9>.
func Boxed(text []byte, start, end int) (from, to int) {
	if start == 0 || end >= len(text) || end-start < 5 || start+2 >= end {
		return start, end
	}
	open, closing := text[start-1], text[end]
	if (open != '(' || closing != ')') && (open != '<' || closing != '>') && (open != '[' || closing != ']') && (open != '{' || closing != '}') || text[start+1] != closing || text[start+2] != open {
		return start, end
	}
	return start - 1, end + 1
}
