package pii

import (
	"fmt"
	"strings"
)

// Reason says in words why the finding was made: "16 digits; district 32.73.01 exists; date valid; word nik 2 words before". It
// is written when it is asked for, from a few numbers that the finding carries, and shows nothing of the value but a district.
func (f Finding) Reason() string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	has := func(x fact) bool { return f.why.facts&x != 0 }
	if f.Type == Address {
		add("%d parts of an address", f.why.digits)
	} else if f.why.digits > 0 {
		add("%d digits", f.why.digits)
	}
	code := f.why.code
	for _, w := range []struct {
		fact fact
		text string
	}{
		{fDistrict, fmt.Sprintf("district %02d.%02d.%02d exists", code/10000, code/100%100, code%100)},
		{fRegency, fmt.Sprintf("regency %02d.%02d exists", code/10000, code/100%100)},
		{fDate, "date valid"},
		{fFemale, "day of birth of a woman"},
		{fLuhn, "check digit valid"},
		{fScheme, "begins as a card scheme's numbers do"},
		{fBoth, "also passes as a card"},
		{fCheck, "check sum valid"},
		{fOperator, "prefix of a mobile operator"},
		{fArea, "area code exists"},
		{fCountry, "country code exists"},
		{fFormat, "written as these are"},
		{fLength, "length as these have"},
		{fSpoken, "said in words"},
		{fAlike, "letters for digits"},
		{fReversed, "written backwards"},
		{fLines, "over several lines"},
		{fPlain, "disguised"},
		{fSwapped, "its last part first"},
	} {
		if w.fact == fRegency && f.Type == Address {
			w.text = "place exists"
		}
		if has(w.fact) {
			add("%s", w.text)
		}
	}
	if f.why.cue != "" {
		where := [...]string{before: "%s before", after: "%s after", question: "in the turn before", header: "at the head of the column"}[f.why.place]
		words := "1 word"
		if f.why.dist != 1 {
			words = fmt.Sprintf("%d words", f.why.dist)
		}
		add("word %s %s", f.why.cue, strings.Replace(where, "%s", words, 1))
	}
	return strings.Join(parts, "; ")
}

// AlsoCard reports whether a resident number passes as a card as well: then it is masked as one.
func (f Finding) AlsoCard() bool { return f.why.facts&fBoth != 0 }

// Spoken reports whether the value was said in words.
func (f Finding) Spoken() bool { return f.why.facts&fSpoken != 0 }

// Disguised reports whether the value was written so that a filter overlooks it.
func (f Finding) Disguised() bool { return f.why.facts&(fPlain|fAlike|fReversed) != 0 }
