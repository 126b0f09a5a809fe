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
