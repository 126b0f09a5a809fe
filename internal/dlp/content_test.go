package dlp

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/amanah-id/amanah/internal/dlp/evidence"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/pii/extract"
)

// reader is a room that examines in this process, without texts of a house.
func reader(t testing.TB) *Service {
	t.Helper()
	s, err := New(Options{Files: Reading{Limits: extract.Usual()}, Texts: func(lang i18n.Lang) *i18n.Printer {
		texts, err := i18n.Load(i18n.Source{Room: "dlp", FS: messages})
		if err != nil {
			t.Fatal(err)
		}
		return texts.For(lang, nil)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func zipOf(t testing.TB, entries map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range entries {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// customers is a table of made-up people: NIKs of nobody, whose serial numbers run on.
func customers(n int) string {
	var out strings.Builder
	out.WriteString("nama,NIK,email\n")
	for i := range n {
		fmt.Fprintf(&out, "Orang %d,327301410190%04d,orang%d@contoh.example\n", i, i+1, i)
	}
	return out.String()
}

func TestAFileSaysWhatItHoldsAndHowManyPeople(t *testing.T) {
	s := reader(t)
	c, err := s.Examine(t.Context(), "pelanggan.zip", bytes.NewReader(zipOf(t, map[string]string{"pelanggan.csv": customers(200)})), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.People != 200 || len(c.Unread) != 0 {
		t.Errorf("%d people, %v unread", c.People, c.Unread)
	}
	kinds := map[string]int{}
	for _, f := range c.Found() {
		kinds[f.Kind] += f.Count
		if !f.Fixed {
			t.Errorf("a value in an archive could be replaced: %+v", f)
		}
	}
	if diff := cmp.Diff(map[string]int{"nik": 200, "email": 200}, kinds); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(c.masked, "327301") || !strings.Contains(c.masked, "[NIK ****0001]") || len([]rune(evidence.Of(c.masked))) > evidence.Most+1 {
		t.Errorf("%q", c.masked)
	}
}

// What cannot be read is a finding, never clean: an encrypted archive, a cut one, one that is too deep.
func TestWhatCannotBeReadIsAFinding(t *testing.T) {
	s := reader(t)
	sound := zipOf(t, map[string]string{"a.txt": "halo"})
	encrypted := bytes.Clone(sound)
	for _, head := range [][]byte{[]byte("PK\x03\x04"), []byte("PK\x01\x02")} {
		i := bytes.Index(encrypted, head) + map[byte]int{3: 6, 1: 8}[head[2]]
		encrypted[i] |= 1
	}
	deep := sound
	for range extract.Usual().Depth + 1 {
		deep = zipOf(t, map[string]string{"a.zip": string(deep)})
	}
	for name, data := range map[string][]byte{"encrypted": encrypted, "cut": sound[:len(sound)-30], "deep": deep} {
		c, err := s.Examine(t.Context(), "a.zip", bytes.NewReader(data), nil)
		if err != nil {
			t.Fatal(err)
		}
		found := c.Found()
		if len(found) == 0 || found[len(found)-1].Kind != NotInspected || len(c.Unread) == 0 {
			t.Errorf("%s is clean: %+v", name, c)
		}
	}
}

// An error of reading is no end of the file.
func TestAStreamThatBreaksOffIsNoVerdict(t *testing.T) {
	s := reader(t)
	broken := errors.New("the line is dead")
	_, err := s.Examine(t.Context(), "a.txt", io.MultiReader(strings.NewReader("halo"), iotest.ErrReader(broken)), nil)
	if !errors.Is(err, broken) {
		t.Error(err)
	}
}

// However the stream is cut, the same is found, and the evidence shows none of the values.
func TestTheEvidenceOfAStreamShowsNoValue(t *testing.T) {
	s := reader(t)
	words := []string{"Budi", "minta", "cek", "NIK 3273014101900007", "email orang@contoh.example", "telepon 0812-3456-7890", "PIN saya 482913", "kartu 4556737586899855", "ya\n", "\xff\xfe", "[", "]", "nomor rekening BCA 1234567890"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 60).Draw(t, "words"), " ")
		whole, err := s.Examine(t.Context(), "a.txt", strings.NewReader(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		cut, err := s.Examine(t.Context(), "a.txt", iotest.OneByteReader(strings.NewReader(text)), nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole, cut, cmp.AllowUnexported(Content{}, Found{}, bare{})); diff != "" {
			t.Fatal(diff)
		}
		for _, value := range []string{"3273014101900007", "orang@contoh", "3456-7890", "482913", "4556737586899855", "1234567890"} {
			if strings.Contains(whole.masked, value) {
				t.Fatalf("%q shows %s of %q", whole.masked, value, text)
			}
		}
	})
}

func TestTheValuesOfMaskedKindsAreReplacedInAText(t *testing.T) {
	s := reader(t)
	j := Judgement{Found: []Found{{Kind: "nik", Verdict: Mask}, {Kind: "phone", Verdict: Alert}}}
	got := string(s.MaskedText(j, i18n.EN, []byte("NIK 3273014101900007, phone 0812-3456-7890")))
	if want := "NIK [NIK ****0007], phone 0812-3456-7890"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestWhatIsNotReadInTimeIsSaid(t *testing.T) {
	content, err := reader(t).ExamineFile(t.Context(), "a.txt", strings.NewReader("halo"), false, time.Nanosecond)
	if err != nil || content.Unread[extract.TooLong] != 1 || content.Clean() {
		t.Errorf("%+v %v", content, err)
	}
}
