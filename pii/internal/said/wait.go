package said

// Waiting reports whether a word asks the listener to wait, so that an aside follows.
func Waiting(w string) bool {
	switch w {
	case "sebentar", "bentar", "tunggu", "ngapunten", "punten", "sakedap", "antosan", "sekedap", "sek", "hang", "hold", "wait":
		return true
	}
	return false
}
