package watchlist

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
)

func TestAnOutlierLiesFarAboveThePeersOfTheSameGroup(t *testing.T) {
	rule := Rule{Kind: ManyCustomers, Floor: 30, Times: 3, Peers: 4}
	peers := func(group string, n ...int) (out []Count) {
		for i, one := range n {
			out = append(out, Count{Staff: group + string(rune('a'+i)), Group: group, N: one})
		}
		return out
	}
	for _, c := range []struct {
		name   string
		counts []Count
		want   []Outlier
	}{
		{"nobody works", nil, nil},
		{"all work alike", peers("x", 40, 38, 42, 41, 39), nil},
		{"one opens more than three times the median", peers("x", 100, 30, 32, 28, 33), []Outlier{{"xa", 100, 32}}},
		{"three times the median is not more than it", peers("x", 96, 30, 32, 28, 33), nil},
		{"below the floor nobody is one, however idle the others", peers("x", 29, 1, 1, 1, 1), nil},
		{"at the floor he is", peers("x", 30, 1, 1, 1, 1), []Outlier{{"xa", 30, 1}}},
		{"a team of four has no median worth the name", peers("x", 100, 1, 1, 1), nil},
		{"those who opened nothing today are no peers", peers("x", 100, 1, 1, 1, 0, 0, 0), nil},
		{"the others of another group are no peers", append(peers("x", 100, 90), peers("y", 1, 1, 1, 1)...), nil},
		{"two who harvest together are both seen while most do not", peers("x", 100, 120, 10, 11, 9, 10, 12), []Outlier{{"xa", 100, 11}, {"xb", 120, 11}}},
		{"of an even number the upper middle one counts", peers("x", 100, 10, 10, 40, 40), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := rule.Outliers(c.counts); !slices.Equal(got, c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
	for _, r := range Rules {
		if r.Floor < 1 || r.Times < 2 || r.Peers < 2 {
			t.Errorf("the shipped rule %+v calls ordinary work an outlier", r)
		}
	}
}

func TestWhatIsTypedIsCheckedAndComesBackInNoRefusal(t *testing.T) {
	s := New(Options{Catalogue: catalog.Shipped()})
	keeper := actor.NewStaff("stf_1", actor.DPO, "ses_1", []string{"ctl_1"}, time.Time{})
	ok := Proposal{List: Protected, Kind: ByPhone, Persons: []string{"0812 3456 7890", "", " +6281234567890 "}, Controller: "ctl_1", Reason: "tokoh publik"}
	many := make([]string, MaxPersons+1)
	for i := range many {
		many[i] = "sub_" + string(rune('0'+i%10)) + string(rune('a'+i/10))
	}
	for _, c := range []struct {
		name  string
		who   actor.Actor
		spoil func(n *Proposal)
		code  string
	}{
		{"two spellings of one number", keeper, func(*Proposal) {}, ""},
		{"an agent", actor.NewStaff("stf_2", actor.Agent, "ses_2", []string{"ctl_1"}, time.Time{}), func(*Proposal) {}, "watchlist.not_yours"},
		{"another company's DPO", actor.NewStaff("stf_3", actor.DPO, "ses_3", []string{"ctl_2"}, time.Time{}), func(*Proposal) {}, "watchlist.not_yours"},
		{"a list that there is not", keeper, func(n *Proposal) { n.List = "friends" }, "watchlist.list_unknown"},
		{"a way of naming that there is not", keeper, func(n *Proposal) { n.Kind = "name" }, "watchlist.list_unknown"},
		{"nobody", keeper, func(n *Proposal) { n.Persons = []string{" "} }, "watchlist.persons_missing"},
		{"too many", keeper, func(n *Proposal) { n.Persons = many }, "watchlist.persons_many"},
		{"a number that is none", keeper, func(n *Proposal) { n.Persons = []string{"rahasia-4471"} }, "watchlist.person_wrong"},
		{"an id that is none", keeper, func(n *Proposal) { n.Kind, n.Persons = BySubject, []string{"rahasia-4471"} }, "watchlist.person_wrong"},
		{"a NIK that is none", keeper, func(n *Proposal) { n.Kind, n.Persons = ByNIK, []string{"rahasia-4471"} }, "watchlist.person_wrong"},
		{"no reason", keeper, func(n *Proposal) { n.Reason = " … " }, "watchlist.reason_missing"},
		{"a reason with a control character", keeper, func(n *Proposal) { n.Reason = "tokoh\x00" }, "watchlist.reason_missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := ok
			c.spoil(&n)
			_, keys, err := s.sound(c.who, n)
			if errs.CodeOf(err) != c.code {
				t.Fatalf("%v, want %q", err, c.code)
			}
			if err == nil {
				if len(keys) != 1 && len(slices.Compact(keys)) != 1 {
					t.Errorf("%d persons", len(keys))
				}
				return
			}
			for name, v := range errs.Of(err).Args {
				if v == "rahasia-4471" {
					t.Errorf("%s repeats what was typed", name)
				}
			}
			if cause := errs.Of(err).Err; cause != nil {
				t.Errorf("the refusal carries a cause, which may quote: %v", cause)
			}
		})
	}
}

// Every verb that the gate can be asked about a customer of a call has its word on the page of an alert.
func TestEveryTouchOfACanaryHasItsWord(t *testing.T) {
	verbs := []gate.Verb{gate.Compare, gate.Act, gate.Collect, gate.Reveal, gate.Mask, gate.Search, gate.Note, gate.Consult, gate.Appoint, gate.Propose, gate.Verify}
	for _, lang := range []string{"id", "en"} {
		raw, err := messages.ReadFile("messages/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range verbs {
			if !strings.Contains(string(raw), `"watchlist.act_`+string(v)+`"`) {
				t.Errorf("%s: %s has no word", lang, v)
			}
		}
	}
}
