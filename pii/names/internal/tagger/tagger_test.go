package tagger

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTheModelIsTheOneThatTheTrainingWrote(t *testing.T) {
	sums, err := os.ReadFile("model.bin.sum")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%x  model\n", sha256.Sum256(modelBytes)); !strings.HasSuffix(string(sums), want) {
		t.Error("the model is not the one of model.bin.sum; run make model")
	}
	if len(modelBytes) > 2_500_000 {
		t.Errorf("the model has %d bytes", len(modelBytes))
	}
}

func cut(text string) string {
	var out []string
	for _, t := range Tokens(nil, []byte(text)) {
		out = append(out, text[t.Start:t.End])
	}
	return strings.Join(out, "|")
}

func TestTokensAreWordsNumbersMarksAndAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"Saya Budi.":                    "Saya|Budi|.",
		"Ja'far Qur’an 'kata'":          "Ja'far|Qur’an|'|kata|'",
		"Widya's Widya’s Ja'sir":        "Widya|'|s|Widya|’|s|Ja'sir",
		"jae-eun 2x B1234":              "jae|-|eun|2x|B1234",
		"budi.santoso@contoh.id, ya":    "budi.santoso@contoh.id|,|ya",
		"a+b@c.id.":                     "a+b@c.id|.",
		"lihat https://a.id/x?y=1) dan": "lihat|https://a.id/x?y=1|)|dan",
		"@budi halo":                    "@budi|halo",
		"a @ b":                         "a|@|b",
		"a\r\n\n b":                     "a|\r\n\n |b",
		"“Siti” – é\u00a0ñ":             "“|Siti|”|–|é|ñ",
		"\u200bdi\u200d 😀":              "di\u200d|😀",
		"\xff\xfeab":                    "\xff|\xfe|ab",
		"x.y z":                         "x|.|y|z",
		"e.g. a-b_c":                    "e|.|g|.|a|-|b|_|c",
	} {
		if got := cut(text); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}

func TestShapesAndHashes(t *testing.T) {
	text := "budi Budi BUDI B bUdi b1 12 . Ünal"
	want := []Shape{Lower, Title, Upper, Initial, Mixed, Alnum, Digits, Punct, Title}
	tokens := Tokens(nil, []byte(text))
	for i, w := range want {
		if tokens[i].Shape != w {
			t.Errorf("%s has shape %d, not %d", text[tokens[i].Start:tokens[i].End], tokens[i].Shape, w)
		}
	}
	if tokens[0].Hash != tokens[1].Hash || tokens[0].Hash != tokens[2].Hash || tokens[0].Hash != HashOf("budi") || tokens[0].Hash == HashOf("budii") {
		t.Error("a word's hash is to be the same in any case, and another word's another")
	}
	if HashOf("perumahanindah") == HashOf("perumahanindaj") || HashOf("ñu") == HashOf("nu") {
		t.Error("different words have one hash")
	}
}

func TestCapitalsSaySomethingOnlyBesideSmallLetters(t *testing.T) {
	tokens := Tokens(nil, []byte("SAYA BUDI\nsaya Budi\nsaya budi"))
	See(tokens)
	var got []Shape
	for _, t := range tokens {
		got = append(got, t.Seen)
	}
	want := []Shape{Lower, Lower, Break, lowerAmongCapitals, Title, Break, Lower, Lower}
	if !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

// A model with weights drawn by chance.
func drawn(random *rand.Rand) (*Model, []Row, [Labels][Labels]int32) {
	rows := make([]Row, 500)
	for i := range rows {
		rows[i].Hash = random.Uint32()
		if i%50 == 0 {
			rows[i].Hash &^= 0xffff // the tag that stands for none
		}
		for y := range rows[i].Weights {
			rows[i].Weights[y] = int8(random.IntN(255) - 127)
		}
	}
	var pair [Labels][Labels]int32
	for a := range pair {
		for b := range pair[a] {
			pair[a][b] = int32(random.IntN(200) - 100)
		}
	}
	m, err := Read(Write(NewLexicon(map[uint32]Class{HashOf("budi"): Given, HashOf("dan"): Ordinary, HashOf("tiada"): 0}), rows, 1<<12, pair, 7))
	if err != nil {
		panic(err)
	}
	return m, rows, pair
}

func TestWeightsAreAddedAsTheyWereWritten(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	m, rows, _ := drawn(random)
	for range 200 {
		var features []uint32
		var want [Labels - 1]int
		for range 40 {
			if random.IntN(3) == 0 {
				features = append(features, random.Uint32()) // never met
				continue
			}
			r := rows[random.IntN(len(rows))]
			features = append(features, r.Hash)
			for y, w := range r.Weights {
				want[y] += int(w)
			}
		}
		var got [8]int16
		m.sum(features, &got)
		for y, w := range want {
			if int(got[y]) != w {
				t.Fatalf("label %d: %d, not %d", y+1, got[y], w)
			}
		}
	}
}

func TestTheBestPathIsTheBestOfAll(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	m, _, pair := drawn(random)
	m.pair = pair
	total := func(e []Emission, labels []uint8) int32 {
		sum := e[0][labels[0]]
		for i := 1; i < len(labels); i++ {
			sum += m.pair[labels[i-1]][labels[i]] + e[i][labels[i]]
		}
		return sum
	}
	for range 50 {
		e := make([]Emission, 4)
		for i := range e {
			for y := range e[i] {
				e[i][y] = int32(random.IntN(400) - 200)
			}
		}
		best := int32(never)
		for n := range Labels * Labels * Labels * Labels {
			labels := make([]uint8, 4)
			legal := true
			for i := range labels {
				labels[i] = uint8(n % Labels)
				n /= Labels
				legal = legal && (i == 0 && Begins(int(labels[i])) || i > 0 && Follows(int(labels[i-1]), int(labels[i])))
			}
			if legal {
				best = max(best, total(e, labels))
			}
		}
		var p Path
		got := m.Best(nil, &p, e)
		if total(e, got) != best {
			t.Fatalf("%v has %d, the best has %d", got, total(e, got), best)
		}
		for i := range got {
			if got[i]&1 == 1 { // the margin of a name is what is lost without it
				end := i + 1
				for end < len(got) && got[end] == got[i]+1 {
					end++
				}
				without := append([]uint8(nil), got...)
				for j := i; j < end; j++ {
					without[j] = Outside
				}
				if m.Margin(e, got, i, end) != total(e, got)-total(e, without) {
					t.Fatal("the margin is not the difference")
				}
			}
		}
	}
	if m.Best(nil, &Path{}, nil) != nil {
		t.Error("nothing has a path")
	}
	long := make([]Emission, 20000)
	for i := range long {
		long[i] = Nothing
	}
	for _, y := range m.Best(nil, &Path{}, long) {
		if y != Outside {
			t.Fatal("sums of what cannot be run over")
		}
	}
}

func TestTheTrainedModelReadsASentence(t *testing.T) {
	m := Trained()
	text := "Presiden Joko Widodo mengunjungi Kabupaten Sleman bersama menteri dan wartawan ."
	tokens := Tokens(nil, []byte(text))
	m.Classify(tokens, []byte(text))
	See(tokens)
	got := m.Best(nil, &Path{}, m.Emit(nil, tokens))
	want := []uint8{0, FirstPerson, FirstPerson + 1, 0, FirstPlace, FirstPlace + 1, 0, 0, 0, 0, 0}
	if !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
	if tokens[1].Known() || !tokens[7].Known() || !Lexical(0) || Lexical(1) {
		t.Error("menteri is an ordinary word, Joko is none")
	}
}

func TestTheEmbeddedModelIsRead(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("bytes that are no model are taken")
		}
	}()
	must([]byte("no model"))
}

func TestAFullBlockKeepsTheFirstRows(t *testing.T) {
	var rows []Row
	for i := range 6 {
		rows = append(rows, Row{Hash: uint32(i + 1), Weights: [6]int8{int8(i + 1)}})
	}
	m, err := Read(Write(NewLexicon(nil), rows, 1, [Labels][Labels]int32{}, 0))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		var got [8]int16
		m.sum([]uint32{r.Hash}, &got)
		if want := int16(i + 1); i < slots && got[0] != want || i >= slots && got[0] != 0 {
			t.Errorf("row %d: %d", i, got[0])
		}
	}
}

func TestBytesThatAreNoModelAreRefused(t *testing.T) {
	good := Write(NewLexicon(nil), nil, 1, [Labels][Labels]int32{}, 0)
	if _, err := Read(good); err != nil {
		t.Fatal(err)
	}
	for i := range good {
		if _, err := Read(good[:i]); err == nil {
			t.Fatalf("%d bytes of it are taken", i)
		}
	}
	if _, err := Read(append(good, 0)); err == nil {
		t.Error("a byte more is taken")
	}
}

func TestTheLexiconKnowsItsWordsAndNoOthers(t *testing.T) {
	words := map[uint32]Class{}
	random := rand.New(rand.NewPCG(5, 6))
	for range 20000 {
		words[random.Uint32()] = Class(1 + random.IntN(511))
	}
	l := NewLexicon(words)
	for h, c := range words {
		if l.Of(h) != c {
			t.Fatal("a word has other classes")
		}
	}
	last := map[uint32]Class{} // words whose place is the last one: the others go on at the beginning
	for h := uint32(1); len(last) < 3; h++ {
		if home(h, 3+1+8) == 11 {
			last[h] = Given
		}
	}
	end := NewLexicon(last)
	for h := range last {
		if end.Of(h) != Given {
			t.Error("a word at the end is lost")
		}
	}
	wrong := 0
	for range 100000 {
		if h := random.Uint32(); words[h] == 0 && l.Of(h) != 0 {
			wrong++
		}
	}
	if wrong > 10 {
		t.Errorf("%d of 100000 strangers are known", wrong)
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"Saya Budi.", "\xff\xfe", "é\u0301", "a@b", "a.b@", "://", "'", "’’a", "x’", "\u200b", "@@a", "1:2", "a://b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		end := uint32(0)
		for _, tok := range Tokens(nil, text) {
			if tok.Start < end || tok.End <= tok.Start || int(tok.End) > len(text) {
				t.Fatal(tok)
			}
			end = tok.End
			if utf8.Valid(text) && !utf8.Valid(text[tok.Start:tok.End]) {
				t.Fatalf("%q cuts a character", text[tok.Start:tok.End])
			}
		}
	})
}

func TestALongLineWithoutWordsOfServiceReadsLikeNews(t *testing.T) {
	lexicon := NewLexicon(map[uint32]Class{HashOf("kak"): Ordinary | Service})
	for text, want := range map[string]bool{
		"satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas":                           false,
		"satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas belas puluh ratus":         true,
		"satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas belas puluh ratus kak":     false,
		"satu dua tiga empat lima enam tujuh\ndelapan sembilan sepuluh sebelas belas puluh ratus ribuan": false,
	} {
		tokens := Tokens(nil, []byte(text))
		lexicon.Classify(tokens, []byte(text))
		See(tokens)
		if tokens[0].News() != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
