// Package testkit plants canaries: personal values that a test knows, so that it can look for them afterwards in every
// place where none may be.
//
// A canary is looked for in the forms in which it could have slipped out: as it was typed, in lower and upper case, with
// other separators, percent-encoded, base64, hex, quoted for JSON. What is sealed is found in none of them; what was only
// shortened, masked or encoded is. Values shorter than six characters are refused, because they would be found by chance.
//
// It is for tests only; archtest keeps it out of the product.
package testkit

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Canaries are known personal values by name.
type Canaries map[string]string

// Least is the shortest value that can be looked for.
const Least = 6

// forms are the ways in which a value could stand somewhere.
func forms(value string) [][]byte {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, value)
	out := []string{value, strings.ToLower(value), strings.ToUpper(value), url.QueryEscape(value), url.PathEscape(value), hex.EncodeToString([]byte(value))}
	quoted, err := json.Marshal(value)
	if err == nil {
		out = append(out, strings.Trim(string(quoted), `"`))
	}
	// Base64 of a value inside something longer begins at one of three offsets; what lies fully inside is the same.
	for shift := range 3 {
		text := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + value))
		if from, to := (shift*8+5)/6, len(text)-2; to-from >= 8 {
			out = append(out, text[from:to])
		}
	}
	if len(digits) >= 9 {
		out = append(out, digits, digits[len(digits)-9:]) // with another country code, or none
	}
	slices.Sort(out)
	var list [][]byte
	for _, f := range slices.Compact(out) {
		list = append(list, []byte(f))
	}
	return list
}

// Find returns the names of the canaries that stand in a text, sorted.
func (c Canaries) Find(text []byte) []string {
	var found []string
	for name, value := range c {
		if len(value) < Least {
			panic("testkit: canary " + name + " is too short to be looked for")
		}
		if slices.ContainsFunc(forms(value), func(f []byte) bool { return bytes.Contains(text, f) }) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

// Files looks through the raw bytes of every file below a folder and returns "file: canary" for each find.
func (c Canaries) Files(dir string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		for _, name := range c.Find(text) {
			found = append(found, rel+": "+name)
		}
		return err
	})
	return found, err
}
