package catalog

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// personName cleans a name and keeps its spelling: people want to be called by it.
func personName(s string) (string, bool) {
	s, ok := clean(s, false)
	if !ok || len(s) > 512 {
		return "", false
	}
	return s, strings.ContainsFunc(s, unicode.IsLetter)
}

var titles = words(`h hj haji hajah kh ir dr dra drs drg prof ust ustad ustadz ustadzah kyai r rr raden rm ra
	bpk bapak ibu sdr sdri tn tuan ny nyonya nn nona mr mrs ms alm almh`)

var degrees = words(`se sh st sp si sos ssos spd skom sikom skep skm smn sak spt sag shi ssi sst sked sfarm spsi stp spi
	amd amdkeb mm mh mt mpd msi mkom mkes mkn mhum msc ma mag mba mphil phd ak ca cpa ners apt bsc ba llm spog spa spb sppd`)

var muhammads = words(`m moh mohd mhd muh much moch mohamad mohammad mohamed mohammed mochamad mochammad mokhamad
	mokhammad muchamad muchammad mukhamad muhamad muhammad muhamed muhammed`)

func words(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// FoldName brings the spellings of one Indonesian name together, for comparing and for
// the index in memory: lower case without accents; titles before and degrees after the
// name dropped (H., Hj., Ir., dr., S.H., M.Kn.); Moh., Mohd., M. and the spellings of
// Muhammad made one; old spelling made new (dj = j, tj = c, oe = u, sj = sy, nj = ny at
// the start); ch and kh made one h, but c where a modern name starts with it (Chandra =
// Candra); double letters made single. The order of the words is kept. What would leave
// nothing (a person called Haji) is not dropped.
func FoldName(s string) string {
	list := nameWords(plainLetters(s))
	for len(list) > 1 {
		if list[0] == "k" && list[1] == "h" && len(list) > 2 { // K. H.
			list = list[2:]
		} else if titles[list[0]] {
			list = list[1:]
		} else {
			break
		}
	}
	for len(list) > 1 && degrees[list[len(list)-1]] {
		list = list[:len(list)-1]
	}
	for i, w := range list {
		if muhammads[w] && (w != "m" || i == 0 && len(list) > 1) {
			w = "muhamad"
		}
		list[i] = foldSpelling(w)
	}
	return strings.Join(list, " ")
}

// plainLetters makes lower case and takes accents off.
func plainLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}

// nameWords splits at spaces, commas and hyphens. A word with dots is one word when it is
// a degree (S.H.), and several when it is not (Moh.Yusuf). Apostrophes are dropped
// (Ma'ruf).
func nameWords(s string) []string {
	var list []string
	for _, w := range strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && !apostrophe(r)
	}) {
		whole := strings.Map(func(r rune) rune {
			if r == '.' || apostrophe(r) {
				return -1
			}
			return r
		}, w)
		if degrees[whole] {
			list = append(list, whole)
			continue
		}
		for _, part := range strings.Split(w, ".") {
			if part = strings.Map(func(r rune) rune {
				if apostrophe(r) {
					return -1
				}
				return r
			}, part); part != "" {
				list = append(list, part)
			}
		}
	}
	return list
}

func apostrophe(r rune) bool {
	switch r {
	case '\'', '`', '\u2018', '\u2019', '\u02bc', '\u02bb', '\u00b4':
		return true
	}
	return false
}

// foldSpelling makes one spelling of a lower-case word.
func foldSpelling(w string) string {
	switch {
	case strings.HasPrefix(w, "nj"):
		w = "ny" + w[2:]
	case strings.HasPrefix(w, "chr"): // Christine
		w = "kr" + w[3:]
	case strings.HasPrefix(w, "cho"), strings.HasPrefix(w, "chu"), strings.HasPrefix(w, "chai"): // Choirul, Chusnul, Chairul
		w = "h" + w[2:]
	case strings.HasPrefix(w, "ch"): // Chandra
		w = "c" + w[2:]
	}
	w = oldSpelling.Replace(w)
	var b strings.Builder
	var last rune
	for _, r := range w {
		if r != last || unicode.IsDigit(r) {
			b.WriteRune(r)
		}
		last = r
	}
	return b.String()
}

var oldSpelling = strings.NewReplacer("dj", "j", "tj", "c", "oe", "u", "sj", "sy", "kh", "h", "ch", "h")
