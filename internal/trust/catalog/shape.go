package catalog

// IsOfficial reports whether digits, without separators, have the shape of a number that the
// state gives out: NIK, KK or NPWP.
func IsOfficial(digits string) bool {
	if _, ok := nik(digits); ok { // every KK has the form of a NIK
		return true
	}
	_, ok := npwp(digits)
	return ok
}

// IsCard reports whether digits, without separators, are a whole number of a payment card:
// the length and beginning of a network's numbers, and the check digit of ISO/IEC 7812.
func IsCard(digits string) bool {
	if len(digits) < 13 || len(digits) > 19 || !allDigits(digits) || !luhn(digits) {
		return false
	}
	two, four := pair(digits, 0), pair(digits, 0)*100+pair(digits, 2)
	switch n := len(digits); {
	case digits[0] == '4':
		return n == 13 || n == 16 || n == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720:
		return n == 16
	case two == 34 || two == 37:
		return n == 15
	case two == 30 || two == 36 || two == 38 || two == 39:
		return n == 14
	case two == 35:
		return n >= 16
	case digits[0] == '6':
		return n >= 16 // 60, 62, 64, 65: Discover, UnionPay, RuPay, GPN
	}
	return false
}
