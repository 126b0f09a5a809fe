package token

// InLink reports whether what begins at a byte is a part of a link: a port or a piece of its path.
func InLink(text []byte, at int) bool {
	for p := at - 1; p >= 2 && at-p < 128 && text[p] > ' '; p-- {
		if text[p] == '/' && text[p-1] == '/' && text[p-2] == ':' {
			return true
		}
	}
	return false
}

// Numbered reports whether one of the two words before a byte says that a number follows.
func Numbered(text []byte, at int) bool {
	return Among(text, at, 2, "no", "nomor", "nomer", "nmr", "hub", "number", "nomornya", "nomerku")
}

// Among reports whether one of so many words before a byte is in the list.
func Among(text []byte, at, words int, list ...string) bool {
	for range words {
		for at > 0 && (text[at-1] == ' ' || text[at-1] == '.' || text[at-1] == ':' || text[at-1] == ',' || text[at-1] == '/') {
			at--
		}
		b := at
		for b > 0 && at-b < 12 && IsAlnum(text[b-1]) {
			b--
		}
		for _, w := range list {
			if EqualFold(text[b:at], w) {
				return true
			}
		}
		at = b
	}
	return false
}

// SentenceEnds reports whether one of so many words before a byte ends a sentence and the next begins another.
func SentenceEnds(text []byte, at, words int) bool {
	for p := at - 1; p > 0 && at-p < 160; p-- {
		if text[p] != ' ' {
			continue
		}
		if c := text[p-1]; (c == '.' || c == '?' || c == '!') && text[p+1] >= 'A' && text[p+1] <= 'Z' {
			return true
		}
		if words--; words <= 0 {
			return false
		}
	}
	return false
}

// OnBehalf reports whether the text goes on with "a.n." or "atas nama".
func OnBehalf(text []byte, at int) bool {
	for at < len(text) && (text[at] == ' ' || text[at] == ',' || text[at] == '(') {
		at++
	}
	rest := text[at:min(len(text), at+10)]
	for _, s := range [...]string{"a.n", "a/n", "a. n", "an ", "an. ", "atas nama "} {
		if len(rest) >= len(s) && EqualFold(rest[:len(s)], s) {
			return true
		}
	}
	return false
}

// LicenceKind reports whether the letter of a kind of driving licence stands alone a little before the place: SIM C.
func LicenceKind(text []byte, end int) bool {
	for p := max(1, end-24); p < end-1; p++ {
		if k := text[p] | 0x20; k >= 'a' && k <= 'd' && !IsAlnum(text[p-1]) && !IsAlnum(text[p+1]) {
			return true
		}
	}
	return false
}

// Prefix returns where two or three capitals begin that a code opens with, before the hyphen right before the place: AX-90-41. One letter is
// its sender's, and no part of it: G-442190.
func Prefix(text []byte, at int) int {
	b := at - 1
	for b > 0 && at-b <= 4 && IsUpper(text[b-1]) {
		b--
	}
	if n := at - 1 - b; n < 2 || n > 3 || b > 0 && IsAlnum(text[b-1]) {
		return at
	}
	return b
}

// Masked reports whether stars touch the number: it is what is left of another.
func Masked(text []byte, start, end int) bool {
	return start > 0 && (text[start-1] == '*' || start > 2 && text[start-1] == '-' && text[start-2]|0x20 == 'x' && text[start-3]|0x20 == 'x') || end < len(text) && text[end] == '*'
}

// OneOf reports whether a word is in the list, in small letters or with capitals.
func OneOf(w []byte, list ...string) bool {
	for _, s := range list {
		if EqualFold(w, s) {
			return true
		}
	}
	return false
}
