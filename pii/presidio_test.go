package pii

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// recogniser names the kind that answers for one of Presidio's.
var recogniser = map[string]Type{"credit_card": Card, "email": Email, "iban": IBAN, "ip": IP, "url": CredentialURL, "mac": MAC, "date": BirthDate, "phone": Phone, "crypto": Wallet}

type presidioCase struct {
	Recognizer string   `json:"recognizer"`
	Test       string   `json:"test"`
	Text       string   `json:"text"`
	IBAN       string   `json:"iban"`
	Want       int      `json:"expected_len"`
	Res        [][2]int `json:"expected_res"`
	Positions  [][2]int `json:"expected_positions"`
}

func TestPresidiosCasesAreAnsweredAlikeOrTheDeviationIsWrittenDown(t *testing.T) {
	file, err := os.Open("testdata/presidio.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	deviations := map[string]string{}
	raw, err := os.ReadFile("testdata/presidio-deviations.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &deviations); err != nil {
		t.Fatal(err)
	}
	s := New(Options{})
	used := map[string]bool{}
	total, same := 0, 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var c presidioCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Text == "" {
			c.Text = c.IBAN
		}
		places := append(c.Res, c.Positions...)
		total++
		var have, want []string
		for _, f := range s.Scan(nil, []byte(c.Text)) {
			if f.Type == recogniser[c.Recognizer] {
				have = append(have, fmt.Sprint(f.Start, "-", f.End))
			}
		}
		for _, p := range places {
			want = append(want, fmt.Sprint(p[0], "-", p[1]))
		}
		agree := len(have) == c.Want && (len(want) == 0 || strings.Join(have, " ") == strings.Join(want, " "))
		key := c.Recognizer + ": " + c.Text
		why := deviations[key]
		if why == "" {
			why = deviations[c.Recognizer+": *"]
		}
		switch {
		case agree:
			same++
			if deviations[key] != "" {
				t.Errorf("%q is answered alike now; its deviation can go", key)
			}
		case why == "":
			t.Errorf("%q: Presidio finds %d %v, this package %v", key, c.Want, want, have)
		default:
			used[why] = true
		}
	}
	for _, why := range deviations {
		if !used[why] {
			t.Errorf("no case deviates for the reason %q", why)
		}
	}
	if total < 300 || same < 200 {
		t.Errorf("%d of %d cases are answered alike", same, total)
	}
	t.Logf("%d of %d cases are answered alike", same, total)
}
