package web

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// tokens reads the custom properties of one theme out of the style sheet.
func tokens(t *testing.T, css, selector string) map[string]string {
	t.Helper()
	_, rest, ok := strings.Cut(css, selector+" {")
	if !ok {
		t.Fatal("no", selector)
	}
	block, _, _ := strings.Cut(rest, "}")
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{3,6})`).FindAllStringSubmatch(block, -1) {
		out[m[1]] = m[2]
	}
	return out
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, color string) float64 {
	t.Helper()
	hex := strings.TrimPrefix(color, "#")
	if len(hex) == 3 {
		hex = fmt.Sprintf("%c%c%c%c%c%c", hex[0], hex[0], hex[1], hex[1], hex[2], hex[2])
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || len(hex) != 6 {
		t.Fatal("no colour:", color)
	}
	linear := func(c uint64) float64 {
		v := float64(c&0xff) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
}

func TestBothThemesHaveTheContrastOfWCAG22AA(t *testing.T) {
	css := string(mustRead(t, "static/amanah.css"))
	dark := tokens(t, css, `:root[data-theme="dark"]`)
	if auto := tokens(t, css, `:root[data-theme="auto"]`); fmt.Sprint(auto) != fmt.Sprint(dark) {
		t.Error("the dark theme by choice and the one by system differ")
	}
	const text, part = 4.5, 3 // 1.4.3 and 1.4.11
	for theme, c := range map[string]map[string]string{"light": tokens(t, css, ":root"), "dark": dark} {
		for _, pair := range []struct {
			front, back string
			least       float64
		}{
			{"ink", "paper", text}, {"ink", "card", text}, {"ink", "sunk", text}, {"ink", "tint", text}, {"ink", "warn-bg", text},
			{"soft", "paper", text}, {"soft", "card", text}, {"soft", "sunk", text}, {"soft", "tint", text},
			{"accent", "paper", text}, {"accent", "card", text}, {"accent", "tint", text}, {"accent-strong", "tint", text}, {"accent-strong", "paper", text},
			{"on-accent", "accent", text}, {"on-accent", "accent-strong", text},
			{"good", "good-bg", text}, {"warn", "warn-bg", text}, {"bad", "bad-bg", text}, {"info", "info-bg", text}, {"private", "private-bg", text},
			{"soft", "bad-bg", text}, {"bad", "card", text}, {"bad", "paper", text}, {"good", "paper", text},
			{"edge", "card", part}, {"edge", "paper", part}, {"accent", "sunk", part},
		} {
			a, b := luminance(t, c[pair.front]), luminance(t, c[pair.back])
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < pair.least {
				t.Errorf("%s: %s on %s is %.2f, less than %.1f", theme, pair.front, pair.back, ratio, pair.least)
			}
		}
	}
}

func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	b, err := ownStatics.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
