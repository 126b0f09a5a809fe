package token

// Cut tells where the window that begins at from ends: at a line end where there is one, else at a space, else anywhere.
func Cut(text []byte, from, window, ahead int) int {
	if len(text)-from <= window+ahead {
		return len(text)
	}
	to := from + window
	for i := to; i > to-window/4; i-- {
		if text[i-1] == '\n' {
			return i
		}
	}
	for i := to; i > to-ahead; i-- {
		if text[i-1] == ' ' {
			return i
		}
	}
	return to
}

// BackUp tells where the context of a window begins.
func BackUp(text []byte, from, behind int) int {
	lo := max(0, from-behind)
	if lo == 0 {
		return 0
	}
	for i := lo; i < from; i++ {
		if text[i] == '\n' {
			return i + 1
		}
	}
	for i := lo; i < from; i++ {
		if text[i] == ' ' {
			return i + 1
		}
	}
	return from
}
