package scan

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

func screenshot(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A file with malware is a finding that nothing else is done with; one that could not be checked never counts as clean.
func TestMalwareIsAFindingAndWhatWasNotCheckedIsSaid(t *testing.T) {
	dir := folder(t, file{"a.txt", "isi jahat, NIK " + nik}, file{"b.txt", "clamd mati"}, file{"c.txt", "halo"})
	var checked []string
	malware := func(_ context.Context, r io.Reader) error {
		b, err := io.ReadAll(r)
		checked = append(checked, string(b))
		switch {
		case err != nil:
			return err
		case bytes.Contains(b, []byte("jahat")):
			return errs.New(errs.Denied, "malware.found").With("signature", "Test.One")
		case bytes.Contains(b, []byte("mati")):
			return errs.New(errs.Unavailable, "malware.no_answer")
		}
		return nil
	}
	out, notices, sum := scanned(t, func(s *Setting) { s.Malware, s.Strip = malware, filepath.Join(dir, "..", "copies") }, dir)
	if sum.Findings != 0 || sum.Malware != 1 || sum.Unread != 1 || sum.Copies != 2 || sum.Refused != 1 || len(checked) != 3 || checked[2] != "halo" {
		t.Errorf("%+v %q", sum, checked)
	}
	for _, want := range []string{"Test.One", "malware", "b.txt", "the malware scanner (clamd) did not check it"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if !strings.Contains(notices, "no copy was made: it holds malware") || strings.Contains(out, "NIK") {
		t.Errorf("%s\n%s", out, notices)
	}
	// A stream cannot be checked beside being read.
	_, _, sum = scanned(t, func(s *Setting) { s.Malware, s.In = malware, strings.NewReader("halo") }, Stdin)
	if sum.Unread != 1 {
		t.Errorf("%+v", sum)
	}
}

func TestACopyLacksWhatTravelsUnseen(t *testing.T) {
	shot := screenshot(t)
	dir := folder(t, file{"foto " + nik + ".png", shot + "rahasia"}, file{"a.txt", "halo"}, file{"b.bmp", "BM" + strings.Repeat("\x00", 60)}, file{"rusak.png", shot[:20]})
	to := filepath.Join(t.TempDir(), "copies")
	_, notices, sum := scanned(t, func(s *Setting) { s.Strip = to }, dir)
	if sum.Copies != 2 || sum.Refused != 2 {
		t.Errorf("%+v\n%s", sum, notices)
	}
	list, err := filepath.Glob(filepath.Join(to, "foto*.png"))
	if err != nil || len(list) != 1 || strings.Contains(list[0], nik) {
		t.Fatal(list, err)
	}
	if got, err := os.ReadFile(list[0]); err != nil || string(got) != shot {
		t.Error("the copy is not the picture alone", err)
	}
	for _, want := range []string{"a copy without trailer is at", "there was nothing to take out", "nothing is taken out of files of this kind", "it is not built as its kind is"} {
		if !strings.Contains(notices, want) {
			t.Errorf("no %q in\n%s", want, notices)
		}
	}
	// Nothing is written over.
	_, notices, sum = scanned(t, func(s *Setting) { s.Strip = to }, dir)
	if sum.Copies != 0 || !strings.Contains(notices, "there is a file of that name") {
		t.Errorf("%+v\n%s", sum, notices)
	}
	one := filepath.Join(t.TempDir(), "bersih.png")
	out, _, sum := scanned(t, func(s *Setting) { s.Strip, s.Format = one, JSON }, filepath.Join(dir, "foto "+nik+".png"))
	if got, err := os.ReadFile(one); err != nil || string(got) != shot || sum.Copies != 1 || !strings.Contains(out, `"removed":["trailer"]`) {
		t.Errorf("%+v %v\n%s", sum, err, out)
	}
}
