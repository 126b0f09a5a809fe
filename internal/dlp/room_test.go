package dlp

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/dlp/known"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func room(t *testing.T) *Service {
	t.Helper()
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPages(t *testing.T) { webtest.Pages(t, room(t).Module()) }

func TestTexts(t *testing.T) { webtest.Texts(t, "dlp") }

// A program whose text was held asks for the decision: two incidents that differ in whose data it was are one to it.
func TestAWayLearnsOfADecisionNothingButTheDecision(t *testing.T) {
	nobodys := Incident{ID: "lek_1", Controller: "ctl_1", Way: File, Verdict: Hold, Kinds: []string{"phone"}, People: 1, Held: Refused, Ref: "abc"}
	customers := nobodys
	customers.Kinds, customers.People, customers.Customers, customers.Of = []string{"phone", known.CustomerNumber}, 12, 12, []string{"sub_1"}
	a, err := json.Marshal(nobodys.decided())
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(customers.decided())
	if err != nil || string(a) != string(b) || !strings.Contains(string(a), "refused") {
		t.Errorf("%s\n%s\n%v", a, b, err)
	}
}
