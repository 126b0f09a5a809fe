package dlp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// What a scanner says of a stream is a finding; a stream that it did not get whole is never clean.
func TestMalwareInAStreamIsAFindingAndSoIsThatNobodyLookedForIt(t *testing.T) {
	text := strings.Repeat("Pesanan sudah dikirim. ", 1<<16)
	for name, c := range map[string]struct {
		scanner func(ctx context.Context, r io.Reader) error
		want    string
	}{
		"clean": {func(_ context.Context, r io.Reader) error {
			b, err := io.ReadAll(r)
			if string(b) != text {
				t.Errorf("%d bytes of %d", len(b), len(text))
			}
			return err
		}, ""},
		"found, before the end": {func(_ context.Context, r io.Reader) error {
			_, err := io.ReadFull(r, make([]byte, 10))
			return errors.Join(err, errs.New(errs.Denied, "malware.found").With("signature", "Test.One"))
		}, Malware},
		"no answer":      {func(context.Context, io.Reader) error { return errs.New(errs.Unavailable, "malware.no_answer") }, Unchecked},
		"something else": {func(context.Context, io.Reader) error { return errors.New("anything") }, Unchecked},
	} {
		s := reader(t)
		s.o.Files.Malware = c.scanner
		got, err := s.Examine(t.Context(), "a.txt", strings.NewReader(text), nil)
		if err != nil {
			t.Fatal(name, err)
		}
		kind := ""
		for _, f := range got.Found() {
			kind += f.Kind
		}
		if kind != c.want || got.Clean() != (c.want == "") {
			t.Errorf("%s: %q", name, kind)
		}
		plain, err := reader(t).ExamineChecked(t.Context(), "a.txt", strings.NewReader(text), nil)
		if err != nil || !bytes.Equal(plain.Digest, got.Digest) {
			t.Error(name, "the digest is not that of the stream", err)
		}
	}
	// A stream that breaks off is no verdict, and the scanner hears that it broke off.
	s, broken, heard := reader(t), errors.New("broken"), error(nil)
	s.o.Files.Malware = func(_ context.Context, r io.Reader) error {
		_, heard = io.ReadAll(r)
		return heard
	}
	if _, err := s.Examine(t.Context(), "a.txt", io.MultiReader(strings.NewReader("halo"), iotest.ErrReader(broken)), nil); !errors.Is(err, broken) || !errors.Is(heard, broken) {
		t.Error(err, heard)
	}
}
