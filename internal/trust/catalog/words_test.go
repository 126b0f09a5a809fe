package catalog

import (
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

func TestWhatMayBeSaidIsDataAndItsLimitsAreNot(t *testing.T) {
	c := Shipped()
	for _, one := range []struct {
		field, outlet string
		want          [4]string // by level
	}{
		{"name", "phone", [4]string{"", "", Whole, Whole}},
		{"phone", "phone", [4]string{"", "", Masked, Whole}},
		{"phone", "chat", [4]string{"", "", Masked, Masked}},
		{"card_last_four", "phone", [4]string{"", "", Whole, Whole}},
		{"account_number", "phone", [4]string{"", "", Masked, Masked}},
		{"health_note", "phone", [4]string{"", "", "", Whole}},
		{"extra_tier", "chat", [4]string{"", "", Masked, Whole}},
		{"birth_date", "phone", [4]string{}},
		{"name", "email", [4]string{}},
		{"name", "voicemail", [4]string{}},
		{"nobody_declared_me", "phone", [4]string{}},
	} {
		f, _ := c.Field(one.field)
		for level, want := range one.want {
			if got := f.Say(one.outlet, level); got != want {
				t.Errorf("%s by %s at V%d: %q, want %q", one.field, one.outlet, level, got, want)
			}
		}
	}
	for _, f := range c.Fields() {
		for _, outlet := range Outlets {
			say := f.Say(outlet, MaxLevel)
			if say != "" && (f.wordless() || outlet != "phone" && outlet != "chat") {
				t.Errorf("%s may be said by %s", f.Name, outlet)
			}
			if f.Say(outlet, 1) != "" {
				t.Errorf("%s may be said by %s to somebody who is not verified", f.Name, outlet)
			}
		}
	}
}

func TestAWordsTableThatGoesBeyondTheLimitsIsRefused(t *testing.T) {
	file := string(shipped)
	change := func(from, to string) string {
		if !strings.Contains(file, from) {
			t.Fatalf("%q is not in the file", from)
		}
		return strings.Replace(file, from, to, 1)
	}
	for name, text := range map[string]string{
		"NIK":                     change("    levels: identity_search\n", "    levels: identity_search\n    words: open\n"),
		"a secret":                change("    levels: secret\n", "    levels: secret\n    words: open\n"),
		"a name by e-mail":        change("    chat:  {mask: 2, whole: 2}\n", "    email: {whole: 3}\n"),
		"a mask by SMS":           change("    chat:  {mask: 2, whole: 2}\n", "    sms: {mask: 3}\n"),
		"a word on voicemail":     change("    chat:  {mask: 2, whole: 2}\n", "    voicemail: {mask: 3}\n"),
		"below V2":                change("    phone: {whole: 3}\n", "    phone: {whole: 1}\n"),
		"the value before a mask": change("    phone: {mask: 2, whole: 3}\n", "    phone: {mask: 3, whole: 2}\n"),
		"an outlet unknown":       change("    phone: {whole: 3}\n", "    letter: {whole: 3}\n"),
		"a form unknown":          change("    phone: {whole: 3}\n", "    phone: {half: 3}\n"),
		"a level unknown":         change("    phone: {whole: 3}\n", "    phone: {whole: 5}\n"),
		"a table unknown":         change("    words: health\n", "    words: illness\n"),
	} {
		if _, err := Load([]byte(text)); errs.CodeOf(err) != "catalog.file" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestShapesOfNumbersThatNeverLeave(t *testing.T) {
	for digits, want := range map[string]bool{
		"3273014708870017": true, "3273012503120017": true, "0092542943407000": true, "092542943407000": true, "3273014799870017": false, "": false, "12": false,
	} {
		if IsOfficial(digits) != want {
			t.Errorf("%s: want %t", digits, want)
		}
	}
	for digits, want := range map[string]bool{
		"4111111111111111": true, "4222222222222": true, "5555555555554444": true, "2223003122003222": true, "378282246310005": true, "30569309025904": true,
		"3530111333300000": true, "6011111111111117": true, "4111111111111112": false, "411111111111111": false, "1111111111111117": false, "9999999999999995": false,
		"411111111111111x": false, "4111": false, "": false,
	} {
		if IsCard(digits) != want {
			t.Errorf("%s: want %t", digits, want)
		}
	}
}
