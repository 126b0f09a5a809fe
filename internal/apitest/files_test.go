package apitest

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/client"
)

// A program asks about files and gets copies without what travels with them unseen.
func TestAProgramAsksAboutFiles(t *testing.T) {
	w := open(t, "")
	asker, _ := w.machine("Berkas", []string{w.toko}, "inspect")
	ctx := context.Background()
	var photo bytes.Buffer
	w.must(jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 40, 30)), nil))
	with := append(slices.Clone(photo.Bytes()[:2]), "\xff\xfe\x00\x0arahasia!"...)
	with = append(with, photo.Bytes()[2:]...)
	said, err := asker.InspectFile(ctx, client.File{File: with, Name: "foto rumah.jpg", Recipient: "inside", Controller: w.toko, Clean: true})
	w.must(err)
	if !said.Goes || said.Kind != "picture" || said.Malware != "not_checked" || !slices.Equal(said.Stripped, []string{"comment"}) || !bytes.Equal(said.Copy, photo.Bytes()) {
		t.Errorf("%+v", said)
	}
	said, err = asker.InspectFile(ctx, client.File{File: []byte("NIK 3273014708870017, telepon 081234567890"), Name: "surat.txt", Recipient: "customer", Controller: w.toko, Clean: true})
	w.must(err)
	if said.Goes || said.Verdict != "block" || said.Copy != nil || !slices.ContainsFunc(said.Found, func(f client.InFile) bool { return f.Kind == "nik" && f.Count == 1 && len(f.Rules) > 0 }) {
		t.Errorf("%+v", said)
	}
	for code, f := range map[string]client.File{
		"file.name_lies":     {File: []byte("bukan pdf"), Name: "NIK 3273014708870017.pdf", Recipient: "inside", Controller: w.toko},
		"file.other_company": {File: []byte("x"), Name: "x", Recipient: "inside", Controller: "ctl_00000000000000000000000009"},
		"file.too_large":     {File: make([]byte, 8<<20+1), Name: "x", Recipient: "inside", Controller: w.toko},
		"web.too_large":      {File: make([]byte, 9<<20), Name: "x", Recipient: "inside", Controller: w.toko},
	} {
		_, err := asker.InspectFile(ctx, f)
		var refused *client.Error
		if !errors.As(err, &refused) || refused.Code != code || strings.Contains(err.Error(), "3273014708870017") {
			t.Errorf("%s: %v", code, err)
		}
	}
}
