package pii

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// message is one message of testdata/dev: see testdata/GUIDELINES.md.
type message struct {
	ID, Channel, Speech, About, Text string
	Spans                            []markedSpan
	back                             bool // kept back: its errors are never shown
}

type markedSpan struct {
	Type       string `json:"type"`
	Start, End int
}

// developmentSet are all labelled messages, in the order of the files.
func developmentSet(t testing.TB) []message {
	t.Helper()
	var out []message
	for _, set := range developmentSets {
		out = append(out, labelled(t, set.files)...)
	}
	return out
}

func labelled(t testing.TB, files []string) (out []message) {
	t.Helper()
	for _, file := range files {
		out = append(out, readLabelled(t, "testdata/dev/"+file)...)
	}
	return out
}

func readLabelled(t testing.TB, path string) (out []message) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
		var m message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(path, err)
		}
		m.back = strings.Contains(path, "_held")
		out = append(out, m)
	}
	return out
}

// tally counts what was found, strictly: both ends and the kind.
type tally struct{ hit, wrong, missed int }

func (s tally) precision() float64 { return 100 * float64(s.hit) / float64(max(1, s.hit+s.wrong)) }
func (s tally) recall() float64    { return 100 * float64(s.hit) / float64(max(1, s.hit+s.missed)) }
func (s tally) f1() float64        { return 200 * float64(s.hit) / float64(max(1, 2*s.hit+s.wrong+s.missed)) }
func (s tally) String() string {
	return fmt.Sprintf("recall %5.1f, precision %5.1f, %d of %d, %d wrong", s.recall(), s.precision(), s.hit, s.hit+s.missed, s.wrong)
}

// groupOf says in which row of the measure a span of a message counts: evasion and spoken values by how they are written, the rest by
// what the kind offers to be sure of it.
func groupOf(m message, kind, text string) string {
	spoken := !strings.ContainsFunc(text, unicode.IsNumber)
	switch kind {
	case "person", "place":
		return ""
	case "address", "mother_name":
		return kind
	}
	if m.About == "evasion" {
		return "evasion"
	}
	switch kind {
	case "birth_date", "password":
		return "context"
	case "nik", "family_card", "tax_number", "card", "phone", "email", "health_insurance", "iban", "ip", "imei":
		if spoken && !strings.Contains(text, "@") {
			return "spoken"
		}
		return "check"
	case "bank_account", "passport", "driving_licence", "plate", "pin", "otp", "cvv", "work_insurance":
		if spoken {
			return "spoken"
		}
		return "context"
	}
	return "other"
}

type floor struct {
	group             string
	recall, precision float64
}

// developmentSets are the files that are measured together, and their floors. The rows are those of the goal for this package; a floor is
// what was reached, a little below, or the goal.
var developmentSets = []struct {
	name   string
	files  []string
	floors []floor
}{
	{"the first four", []string{"names.jsonl", "names_second.jsonl", "calls.jsonl", "calls_held.jsonl"}, []floor{
		{"check", 99, 98}, {"context", 95, 93}, {"spoken", 95, 97}, {"evasion", 95, 98}, {"address", 95, 97}, {"address by words", 97, 98}, {"mother_name", 93, 98}, {"other", 100, 100},
	}},
	{"later", []string{"later.jsonl"}, []floor{
		{"check", 98, 98}, {"context", 98, 98}, {"spoken", 98, 98}, {"evasion", 98, 98}, {"address", 98, 98}, {"address by words", 98, 98}, {"mother_name", 98, 98}, {"other", 98, 98},
	}},
	{"later, kept back", []string{"later_held.jsonl"}, []floor{
		{"check", 97, 97}, {"context", 95, 98}, {"spoken", 92, 98}, {"evasion", 98, 98}, {"address", 76, 86}, {"address by words", 88, 98}, {"mother_name", 98, 98}, {"other", 93, 98},
	}},
	{"values", []string{"values.jsonl"}, []floor{
		{"check", 96, 96}, {"context", 92, 96}, {"spoken", 93, 93}, {"evasion", 94, 98}, {"address", 89, 90}, {"address by words", 95, 98}, {"mother_name", 92, 95}, {"other", 95, 98},
	}},
	{"last", []string{"last.jsonl"}, []floor{
		{"check", 98, 98}, {"context", 93, 98}, {"spoken", 98, 98}, {"evasion", 98, 98}, {"address", 87, 87}, {"address by words", 95, 98}, {"mother_name", 98, 98}, {"other", 98, 98},
	}},
	{"last, kept back", []string{"last_held.jsonl"}, []floor{
		{"check", 95, 97}, {"context", 84, 94}, {"spoken", 98, 98}, {"evasion", 81, 98}, {"address", 98, 98}, {"address by words", 98, 98}, {"mother_name", 98, 89}, {"other", 98, 98},
	}},
	{"ways of giving", []string{"ways1.jsonl"}, []floor{
		{"check", 98, 98}, {"context", 78, 98}, {"spoken", 74, 98}, {"evasion", 62, 98}, {"mother_name", 92, 97}, {"other", 98, 98},
	}},
	{"ways of saying and hiding", []string{"ways2.jsonl"}, []floor{
		{"check", 49, 98}, {"context", 49, 98}, {"spoken", 87, 93}, {"evasion", 80, 98}, {"other", 39, 98},
	}},
	{"ways of writing", []string{"ways3.jsonl"}, []floor{
		{"check", 95, 97}, {"context", 90, 98}, {"spoken", 93, 93}, {"address", 94, 96}, {"address by words", 95, 98}, {"other", 98, 95},
	}},
	{"natural", []string{"natural.jsonl"}, []floor{
		{"check", 98, 98}, {"context", 93, 98}, {"spoken", 98, 98}, {"evasion", 98, 98}, {"address", 98, 98}, {"address by words", 98, 98}, {"mother_name", 98, 98}, {"other", 98, 98},
	}},
	{"natural, kept back", []string{"natural_held.jsonl"}, []floor{
		{"check", 96, 98}, {"context", 96, 96}, {"spoken", 98, 98}, {"evasion", 98, 98}, {"address", 86, 98}, {"address by words", 90, 98}, {"mother_name", 98, 98}, {"other", 98, 98},
	}},
	{"mixed", []string{"mixed.jsonl"}, []floor{
		{"check", 98, 98}, {"context", 93, 97}, {"spoken", 98, 98}, {"evasion", 89, 93}, {"address", 98, 98}, {"address by words", 98, 98}, {"mother_name", 98, 98}, {"other", 98, 98},
	}},
	{"mixed, kept back", []string{"mixed_held.jsonl"}, []floor{
		{"check", 96, 98}, {"context", 95, 98}, {"spoken", 91, 87}, {"evasion", 53, 98}, {"address", 89, 93}, {"address by words", 96, 97}, {"mother_name", 89, 98}, {"other", 98, 98},
	}},
	{"ways of all kinds", []string{"ways4.jsonl"}, []floor{
		{"check", 98, 98}, {"context", 87, 98}, {"spoken", 78, 87}, {"evasion", 85, 98}, {"address", 98, 98}, {"address by words", 98, 98}, {"mother_name", 95, 98},
	}},
	{"newest", []string{"newest.jsonl"}, []floor{
		{"check", 98, 98}, {"context", 94, 98}, {"spoken", 94, 98}, {"evasion", 98, 98}, {"address", 98, 98}, {"address by words", 98, 98}, {"mother_name", 98, 98}, {"other", 98, 98},
	}},
	{"newest, kept back", []string{"newest_held.jsonl"}, []floor{
		{"check", 98, 98}, {"context", 89, 96}, {"spoken", 94, 94}, {"evasion", 92, 92}, {"address", 98, 98}, {"address by words", 98, 98}, {"mother_name", 98, 98}, {"other", 98, 98},
	}},
	{"farther", []string{"farther.jsonl"}, []floor{
		{"check", 98, 98}, {"context", 93, 97}, {"spoken", 83, 94}, {"evasion", 92, 98}, {"address", 98, 98}, {"address by words", 98, 98}, {"mother_name", 93, 98}, {"other", 98, 98},
	}},
	{"farther, kept back", []string{"farther_held.jsonl"}, []floor{
		{"check", 96, 98}, {"context", 85, 90}, {"spoken", 87, 87}, {"evasion", 71, 91}, {"address", 85, 91}, {"address by words", 94, 98}, {"mother_name", 44, 82}, {"other", 74, 98},
	}},
	{"day1", []string{"day1.jsonl"}, []floor{
		{"check", 96, 98}, {"context", 97, 93}, {"spoken", 98, 98}, {"evasion", 69, 98}, {"address", 98, 98}, {"address by words", 98, 98}, {"mother_name", 59, 74}, {"other", 98, 98},
	}},
	{"day1, kept back", []string{"day1_held.jsonl"}, []floor{
		{"check", 95, 98}, {"context", 92, 94}, {"spoken", 98, 98}, {"evasion", 98, 98}, {"address", 98, 98}, {"address by words", 98, 98}, {"mother_name", 74, 98}, {"other", 98, 98},
	}},
	{"day2", []string{"day2.jsonl"}, []floor{
		{"check", 98, 98}, {"context", 94, 98}, {"spoken", 87, 95}, {"evasion", 98, 98}, {"address", 82, 89}, {"address by words", 90, 98}, {"mother_name", 98, 98}, {"other", 98, 98},
	}},
	{"day2, kept back", []string{"day2_held.jsonl"}, []floor{
		{"check", 98, 98}, {"context", 95, 98}, {"spoken", 74, 80}, {"evasion", 58, 84}, {"address", 98, 98}, {"address by words", 98, 98}, {"mother_name", 98, 98}, {"other", 65, 98},
	}},
	{"day3", []string{"day3.jsonl"}, []floor{
		{"check", 95, 98}, {"context", 88, 96}, {"spoken", 89, 98}, {"evasion", 46, 79}, {"address", 98, 98}, {"address by words", 98, 98}, {"mother_name", 86, 76}, {"other", 98, 98},
	}},
	{"day3, kept back", []string{"day3_held.jsonl"}, []floor{
		{"check", 98, 98}, {"context", 88, 95}, {"spoken", 80, 75}, {"evasion", 71, 98}, {"address", 98, 98}, {"address by words", 98, 98}, {"mother_name", 76, 86}, {"other", 98, 98},
	}},
	{"day4", []string{"day4.jsonl"}, []floor{
		{"check", 98, 98}, {"context", 82, 98}, {"spoken", 93, 98}, {"evasion", 92, 98}, {"address", 98, 98}, {"address by words", 98, 98}, {"mother_name", 74, 98}, {"other", 95, 98},
	}},
	{"day4, kept back", []string{"day4_held.jsonl"}, []floor{
		{"check", 97, 94}, {"context", 82, 90}, {"spoken", 94, 98}, {"evasion", 79, 91}, {"address", 98, 98}, {"address by words", 98, 98}, {"mother_name", 98, 98}, {"other", 98, 98},
	}},
	{"ways of secrets and dates", []string{"ways5.jsonl"}, []floor{{"check", 98, 91}, {"context", 70, 92}, {"spoken", 75, 91}}},
	{"ways of saying", []string{"ways6.jsonl"}, []floor{{"spoken", 81, 89}}},
	{"ways of hiding", []string{"ways7.jsonl"}, []floor{{"evasion", 55, 91}}},
	{"ways of documents", []string{"ways8.jsonl"}, []floor{
		{"check", 90, 95}, {"context", 91, 96}, {"spoken", 82, 98}, {"mother_name", 57, 83},
	}},
}

func TestIdentifiersInTheDevelopmentSet(t *testing.T) {
	if n := len(developmentSet(t)); n < 800 {
		t.Errorf("there are %d messages, the goal is 800", n)
	}
	for _, set := range developmentSets {
		t.Run(set.name, func(t *testing.T) {
			groups := measured(t, labelled(t, set.files), os.Getenv("AMANAH_PII_SHOW") != "")
			for _, floor := range set.floors {
				got := groups[floor.group]
				t.Logf("%-17s %v", strings.ToUpper(floor.group), got)
				if got.recall() < floor.recall || got.precision() < floor.precision {
					t.Errorf("%s: %v; the floors are %.1f and %.1f", floor.group, got, floor.recall, floor.precision)
				}
			}
		})
	}
}

// measured scans the messages and counts by groups.
func measured(t *testing.T, messages []message, show bool) map[string]*tally {
	t.Helper()
	groups, kinds := map[string]*tally{}, map[string]*tally{}
	at := func(in map[string]*tally, name string) *tally {
		if in[name] == nil {
			in[name] = new(tally)
		}
		return in[name]
	}
	var addressed tally // addresses by their words
	s := New(Options{})
	for _, m := range messages {
		findings := s.Scan(nil, []byte(m.Text))
		var addresses []markedSpan
		for _, f := range findings {
			if f.Type == Address {
				addresses = append(addresses, markedSpan{Type: "address", Start: f.Start, End: f.End})
			}
		}
		for _, at := range wordStarts(m.Text) {
			labelled, found := labelOf(m.Spans, at) == "address", labelOf(addresses, at) == "address"
			switch {
			case labelled && found:
				addressed.hit++
			case labelled:
				addressed.missed++
			case found:
				addressed.wrong++
			}
		}
		want := map[markedSpan]bool{}
		for _, span := range m.Spans {
			if groupOf(m, span.Type, m.Text[span.Start:span.End]) != "" {
				want[span] = true
			}
		}
		var notes []string
		for _, f := range findings {
			span := markedSpan{Type: f.Type.String(), Start: f.Start, End: f.End}
			if f.Type == TaxPlace {
				span.Type = TaxNumber.String() // labels know no other kind
			}
			text := m.Text[f.Start:f.End]
			group, kind := at(groups, groupOf(m, span.Type, text)), at(kinds, span.Type)
			if want[span] {
				group.hit, kind.hit = group.hit+1, kind.hit+1
				delete(want, span)
				continue
			}
			group.wrong, kind.wrong = group.wrong+1, kind.wrong+1
			notes = append(notes, fmt.Sprintf("  wrong  %s %s %q %.2f %s", groupOf(m, span.Type, text), span.Type, text, f.Confidence, f.Reason()))
		}
		for span := range want {
			text := m.Text[span.Start:span.End]
			at(groups, groupOf(m, span.Type, text)).missed++
			at(kinds, span.Type).missed++
			notes = append(notes, fmt.Sprintf("  missed %s %s %q", groupOf(m, span.Type, text), span.Type, text))
		}
		if show && !m.back && len(notes) > 0 {
			t.Logf("%s %q\n%s", m.ID, m.Text, strings.Join(notes, "\n"))
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		t.Logf("%-17s %v", kind, kinds[kind])
	}
	groups["address by words"] = &addressed
	return groups
}
