package names

import (
	_ "embed"
	"strconv"
	"strings"

	"github.com/amanah-id/amanah/pii/names/internal/tagger"
)

// Reason is what the witnesses said of a name.
type Reason struct {
	Cue    Cue     // what announced it
	Lists  Lists   // where its words stand
	Margin float64 // of the reading with the name over the one without, cue included, in nats
}

// Lists is a set of lists.
type Lists uint8

// The lists.
const (
	GivenNames Lists = 1 << iota
	FamilyNames
	ForeignNames
	Places
	Countries
	CallersNames // see Known
)

var listNames = [...]string{"given names", "family names", "foreign names", "places", "countries and foreign cities", "known names"}

func listsOf(c tagger.Class) Lists {
	var l Lists
	for _, p := range [...]struct {
		class tagger.Class
		list  Lists
	}{
		{tagger.Given, GivenNames}, {tagger.Family, FamilyNames}, {tagger.Abroad, ForeignNames},
		{tagger.Place | tagger.District | tagger.PlaceHead | tagger.PlaceTail, Places}, {tagger.World, Countries},
	} {
		if c&p.class != 0 {
			l |= p.list
		}
	}
	return l
}

// String explains the reason: which cue, which lists, the margin.
func (r Reason) String() string {
	var b strings.Builder
	if r.Cue != NoCue {
		b.WriteString(r.Cue.String())
		b.WriteString("; ")
	}
	said := false
	for i, name := range listNames {
		if r.Lists&(1<<i) == 0 {
			continue
		}
		if said {
			b.WriteString(", ")
		} else {
			b.WriteString("on the lists of ")
		}
		b.WriteString(name)
		said = true
	}
	if !said {
		b.WriteString("on no list")
	}
	b.WriteString("; margin ")
	b.WriteString(strconv.FormatFloat(r.Margin, 'f', 1, 64))
	return b.String()
}

// Notice names the texts and lists that the model was learned from, and their licences. A program that ships this package shows it
// where it shows such notices.
//
//go:embed NOTICE
var Notice string
