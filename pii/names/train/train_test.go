package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/amanah-id/amanah/pii/names/internal/tagger"
)

// little is a small part of the data, with a recipe to match.
func little(t *testing.T) (fstest.MapFS, recipe) {
	t.Helper()
	data := fstest.MapFS{}
	for _, file := range corpora {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		blocks := strings.SplitN(string(text), "\n\n", 121)
		data[file] = &fstest.MapFile{Data: []byte(strings.Join(blocks[:120], "\n\n"))}
	}
	for _, file := range written {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		data[file] = &fstest.MapFile{Data: []byte(strings.Join(strings.SplitAfterN(string(text), "\n", 41)[:40], ""))}
	}
	files := []string{"chat.txt", "brands.txt"}
	for _, l := range lists {
		files = append(files, "lists/"+l.file)
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		data[file] = &fstest.MapFile{Data: text}
	}
	r := final
	r.epochs, r.seeds, r.chat, r.blocks = 3, 2, 1, 1<<12
	return data, r
}

func TestTheSameDataMakeTheSameModel(t *testing.T) {
	data, r := little(t)
	first, err := build(data, r)
	if err != nil {
		t.Fatal(err)
	}
	second, err := build(data, r)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two trainings made two models")
	}
	m, err := tagger.Read(first)
	if err != nil {
		t.Fatal(err)
	}
	news, err := read(data, corpora[0])
	if err != nil {
		t.Fatal(err)
	}
	person, place := measured(m, news)
	if person.f1() < 60 || place.f1() < 60 {
		t.Error("what was learned is not known:", person, place)
	}
	out := filepath.Join(t.TempDir(), "model")
	if err := run(data, out, r); err != nil {
		t.Fatal(err)
	}
	if written, err := os.ReadFile(out); err != nil || !bytes.Equal(written, first) {
		t.Error("another model was written", err)
	}
}

func TestAFoldThatIsKeptOutIsNotLearnedFrom(t *testing.T) {
	data, r := little(t)
	whole, _, err := examples(data, r)
	if err != nil {
		t.Fatal(err)
	}
	r.without = 3
	rest, left, err := examples(data, r)
	if err != nil || len(rest[3]) != 0 || len(left[0])+len(left[1]) != len(whole[3]) || len(rest[2]) != len(whole[2]) {
		t.Error("the fold is not kept out", err)
	}
}

func TestPowersOfEAreRight(t *testing.T) {
	for _, x := range []float64{-100, -59, -3.2, -0.1, 0, 0.3, 1, 7, 55, 60, 99} {
		want := math.Exp(min(x, 60))
		if x < -60 {
			want = 0
		}
		if got := exp(x); math.Abs(got-want) > 1e-12*want {
			t.Errorf("exp(%v) is %v, not %v", x, got, want)
		}
	}
}

// Whoever changes data must train again: the digests of both stand beside the model.
func TestTheModelWasMadeOfTheseData(t *testing.T) {
	const place = "../internal/tagger/model.bin"
	model, err := os.ReadFile(place)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(place + ".sum")
	if err != nil {
		t.Fatal(err)
	}
	got, err := digests(os.DirFS("testdata"), model)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Error("data or model are not those of model.bin.sum; run make model")
	}
}

func TestTheTrainingMakesTheModelBitForBit(t *testing.T) {
	if os.Getenv("AMANAH_TEST_MODEL") == "" {
		t.Skip("a minute of training; AMANAH_TEST_MODEL=1 asks for it")
	}
	out := filepath.Join(t.TempDir(), "model.bin")
	if err := run(os.DirFS("testdata"), out, final); err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"", ".sum"} {
		got, err := os.ReadFile(out + end)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile("../internal/tagger/model.bin" + end)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("model.bin%s is another", end)
		}
	}
}

func TestColumnsAreReadWithTheirLabels(t *testing.T) {
	got, err := readColumns(strings.NewReader("Budi\tB-PER\nSantoso\tI-PER\ndi\tO\nSolo\tB-LOC\nRaya\tI-ORG\n\n\nya\tO\n"))
	if err != nil || len(got) != 2 || string(got[0].Text) != "Budi Santoso di Solo Raya" || len(got[0].Entities) != 3 {
		t.Fatal(got, err)
	}
	for i, want := range []Entity{{Start: 0, End: 12, Person: true}, {Start: 16, End: 20}, {Start: 21, End: 25, Other: true}} {
		if got[0].Entities[i] != want {
			t.Error(got[0].Entities[i], want)
		}
	}
	for _, bad := range []string{"Budi\n", "Budi\tX\n"} {
		if _, err := readColumns(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestSmallLettersKeepTheirPlaces(t *testing.T) {
	for text, want := range map[string]string{"BUDI É İ": "budi é İ", "\xffA": "\xffA"} {
		if got := lowered(Example{Text: []byte(text)}); string(got.Text) != want {
			t.Errorf("%q: %q", text, got.Text)
		}
	}
}

func TestAMissingFileIsAnError(t *testing.T) {
	data, r := little(t)
	for file := range data {
		less := fstest.MapFS{}
		for name, f := range data {
			if name != file {
				less[name] = f
			}
		}
		if _, err := build(less, r); err == nil {
			t.Errorf("without %s a model is made", file)
		}
	}
	out := filepath.Join(t.TempDir(), "model")
	if err := run(fstest.MapFS{}, out, r); err == nil {
		t.Error("a model is made of nothing")
	}
	if err := run(data, filepath.Join(out, "nowhere"), r); err == nil {
		t.Error("a model is written nowhere")
	}
}
