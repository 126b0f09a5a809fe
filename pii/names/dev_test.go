package names

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

type message struct {
	ID, Channel, Text string
	Spans             []struct {
		Type       string
		Start, End int
	}
}

func readMessages(t testing.TB, path string) []message {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []message
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		var m message
		if err := json.Unmarshal(s.Bytes(), &m); err != nil {
			t.Fatal(path, err)
		}
		out = append(out, m)
	}
	return out
}

// score counts what was found, strictly: both ends and the kind.
type score struct{ hit, wrong, missed int }

func (s score) precision() float64 { return 100 * float64(s.hit) / float64(max(1, s.hit+s.wrong)) }
func (s score) recall() float64    { return 100 * float64(s.hit) / float64(max(1, s.hit+s.missed)) }
func (s score) f1() float64        { return 200 * float64(s.hit) / float64(max(1, 2*s.hit+s.wrong+s.missed)) }
func (s score) String() string {
	return fmt.Sprintf("F1 %.1f (P %.1f R %.1f, of %d)", s.f1(), s.precision(), s.recall(), s.hit+s.missed)
}
func (s score) and(o score) score {
	return score{s.hit + o.hit, s.wrong + o.wrong, s.missed + o.missed}
}

// measureMessages scores names in messages by kind, and by channel: persons under its name, places under "places in" it. What lies
// inside an address counts neither way.
func measureMessages(t testing.TB, messages []message, o Options, show bool) map[string]*score {
	out := map[string]*score{}
	at := func(name string) *score {
		if out[name] == nil {
			out[name] = new(score)
		}
		return out[name]
	}
	both := func(kind, channel string, count func(*score)) {
		count(at(kind))
		if kind == "place" {
			channel = "places in " + channel
		}
		count(at(channel))
	}
	for _, m := range messages {
		type span struct {
			kind       string
			start, end int
		}
		want := map[span]bool{}
		inAddress := func(start, end int) bool {
			for _, s := range m.Spans {
				if s.Type == "address" && start < s.End && s.Start < end {
					return true
				}
			}
			return false
		}
		for _, s := range m.Spans {
			switch s.Type {
			case "person", "mother_name":
				want[span{"person", s.Start, s.End}] = true
			case "place":
				want[span{"place", s.Start, s.End}] = true
			}
		}
		var notes []string
		for _, s := range Find(nil, []byte(m.Text), o) {
			g := span{s.Kind.String(), s.Start, s.End}
			switch {
			case want[g]:
				both(g.kind, m.Channel, func(s *score) { s.hit++ })
				delete(want, g)
			case !inAddress(s.Start, s.End):
				both(g.kind, m.Channel, func(s *score) { s.wrong++ })
				notes = append(notes, fmt.Sprintf("  wrong  %s %q %.2f %v", g.kind, m.Text[s.Start:s.End], s.Score, s.Reason))
			}
		}
		for w := range want {
			both(w.kind, m.Channel, func(s *score) { s.missed++ })
			notes = append(notes, fmt.Sprintf("  missed %s %q", w.kind, m.Text[w.start:w.end]))
		}
		if show && len(notes) > 0 {
			t.Log(m.ID, m.Text)
			for _, n := range notes {
				t.Log(n)
			}
		}
	}
	return out
}
