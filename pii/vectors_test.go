package pii

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// vector is one case of testdata/vectors.json: a text, what was asked before it, and what is to be found in it.
type vector struct {
	About string `json:"about"`
	Asked string `json:"asked,omitempty"`
	Text  string `json:"text"`
	Find  []struct {
		Type  string `json:"type"`
		Start int    `json:"start"`
		End   int    `json:"end"`
		Value string `json:"value,omitempty"`
	} `json:"find"`
}

func vectors(t testing.TB) []vector {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryPublishedVectorIsFoundAsItSays(t *testing.T) {
	s := New(Options{})
	for _, v := range vectors(t) {
		var got []Finding
		if v.Asked != "" {
			got = s.ScanAfter(nil, []byte(v.Asked), []byte(v.Text))
		} else {
			got = s.Scan(nil, []byte(v.Text))
		}
		var want, have []string
		for _, f := range v.Find {
			want = append(want, f.Type+" "+v.Text[f.Start:f.End])
		}
		for _, f := range got {
			have = append(have, f.Type.String()+" "+v.Text[f.Start:f.End])
		}
		if strings.Join(want, "\n") != strings.Join(have, "\n") {
			t.Errorf("%s: %q\n  want %q\n  have %q", v.About, v.Text, want, have)
			for _, f := range got {
				t.Logf("    %s %.2f %s", f.Type, f.Confidence, f.Reason())
			}
			continue
		}
		for i, f := range v.Find {
			if value := string(s.Value(nil, []byte(v.Text), got[i])); f.Value != "" && value != f.Value {
				t.Errorf("%s: %q: the value is %q, not %q", v.About, v.Text, value, f.Value)
			}
		}
	}
}
