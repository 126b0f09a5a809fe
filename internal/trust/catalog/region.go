package catalog

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed districts.txt
var districtFile string

//go:embed places.txt
var placeFile string

var districts = sync.OnceValue(func() map[string]bool {
	m := make(map[string]bool, 8000)
	for l := range strings.Lines(districtFile) {
		regency, list, ok := strings.Cut(strings.TrimSpace(l), " ")
		if !ok || len(regency) != 4 {
			continue // the heading
		}
		for ; len(list) >= 2; list = list[2:] {
			m[regency+list[:2]] = true
		}
	}
	return m
})

var places = sync.OnceValue(func() map[string]bool {
	m := make(map[string]bool, 600)
	for l := range strings.Lines(placeFile) {
		m[strings.TrimSpace(l)] = true
	}
	return m
})

// District reports whether a six-digit code was a district of Indonesia in any official
// table from 2016 to 2025.
func District(code string) bool { return districts()[code] }

// Place reports whether s is the name of a province, regency or city, with or without
// the words Kota, Kab., Kabupaten, Provinsi before it and a postal code after it.
func Place(s string) bool {
	if i := len(s) - 5; i > 0 && allDigits(s[i:]) {
		s = s[:i]
	}
	s = strings.ToLower(strings.TrimSpace(s))
	for _, word := range []string{"kota ", "kab. ", "kabupaten ", "kab ", "provinsi ", "prov. "} {
		if rest, ok := strings.CutPrefix(s, word); ok {
			s = rest
			break
		}
	}
	return places()[s]
}
