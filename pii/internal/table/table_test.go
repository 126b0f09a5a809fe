package table

import (
	"strings"
	"testing"

	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// under asks about each word of the text, as the scanner does about words for secrets.
func under(text string) (cells []string, looked int) {
	var list token.List
	var room [12]Cell
	list.Read(word.New(), []byte(text))
	for line := range list.Lines {
		for _, t := range list.Tokens[list.Lines[line].From:list.Lines[line].To] {
			if t.Kind != token.Word || !strings.Contains(text[t.Start:t.End], "sandi") {
				continue
			}
			found, n := Under(room[:0], &list, []byte(text), int(t.Start), line)
			looked += n
			for _, c := range found {
				cells = append(cells, text[c.Start:c.End])
			}
		}
	}
	return cells, looked
}

func TestWhatStandsUnderAHead(t *testing.T) {
	for text, want := range map[string]string{
		"nama;sandi;unit\nBudi;rahasiaku;A\nRina;-;B":                             "rahasiaku",
		"Daftar akun;;\nnama;sandi;unit\nBudi;rahasiaku;A":                        "rahasiaku",
		"nama;keluhan;status\nRina;lupa sandi;selesai\nBudi;kartu hilang;selesai": "",
		"nama|sandi|unit\n" + strings.Repeat("a||b\n", 12) + "Budi|rahasiaku|A":   "",
		"a;b;c;d;e;f;g;h;i;j;k;l;sandi\n1;2;3;4;5;6;7;8;9;10;11;12;rahasiaku":     "",
		"a;b;c;d;e;f;g;h;i;j;k;sandi;l\n1;2;3;4;5;6;7;8;9;10;11;rahasiaku;12":     "rahasiaku",
	} {
		if cells, _ := under(text); strings.Join(cells, " ") != want {
			t.Errorf("%q: %q", text, cells)
		}
	}
}

func TestALineOfHeadsIsLookedAtAFewTimes(t *testing.T) {
	heads, empty := strings.Repeat("sandi;", 60)+"\n", strings.Repeat(";", 60)+"\n"
	for _, text := range []string{strings.Repeat(heads, 50), strings.Repeat(heads, 11) + strings.Repeat(empty, 1000), strings.Repeat(heads+empty, 50)} {
		if _, looked := under(text); looked > 120*len(text) {
			t.Errorf("%.20q: %d looks at each byte", text, looked/len(text))
		}
	}
}
