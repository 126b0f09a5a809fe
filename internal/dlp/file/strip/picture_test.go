package strip_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/amanah-id/amanah/internal/dlp/file/strip"
)

// sample is a picture that other programs wrote, with RAHASIA in every note that they can write.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte("RAHASIA")) {
		t.Fatal("the sample has nothing to strip")
	}
	return data
}

func TestWhatTelephonesAndMessengersWriteLosesItsNotes(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func([]byte) ([]byte, []string, error)
		want []string
	}{
		{"moving.gif", strip.GIF, []string{strip.Comment, strip.XMP}},
		{"picture.webp", strip.WebP, []string{strip.Exif, strip.XMP}},
		{"moving.webp", strip.WebP, []string{strip.Exif, strip.XMP}},
		{"picture.heic", strip.HEIF, []string{strip.Exif, strip.XMP}},
		{"picture.avif", strip.HEIF, []string{strip.Exif, strip.XMP}},
	} {
		data := sample(t, c.name)
		clean, gone, err := c.do(data)
		if err != nil || !slices.Equal(gone, c.want) {
			t.Errorf("%s: %v %v", c.name, gone, err)
			continue
		}
		if bytes.Contains(clean, []byte("RAHASIA")) {
			t.Errorf("%s holds it still", c.name)
		}
		again, _, err := c.do(clean)
		if err != nil || !bytes.Equal(again, clean) {
			t.Errorf("%s: a second time gives something else: %v", c.name, err)
		}
		for n := range data { // half a file is not understood, wherever it ends
			if _, _, err := c.do(data[:n]); !errors.Is(err, strip.ErrNotUnderstood) {
				t.Errorf("%s, %d bytes of it: %v", c.name, n, err)
				break
			}
		}
	}
}

// frames are what a decoder sees of a moving picture, with how long each is shown and how often.
func frames(t testing.TB, data []byte) []byte {
	t.Helper()
	g, err := gif.DecodeAll(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out := []byte{byte(g.LoopCount), byte(len(g.Image))}
	for i, m := range g.Image {
		out = append(append(out, byte(g.Delay[i]), g.Disposal[i]), flat(m)...)
	}
	return out
}

func TestAMovingPictureMovesOn(t *testing.T) {
	data := sample(t, "moving.gif")
	dirty := append(slices.Clone(data[:len(data)-1]), "\x21\xff\x0bMADEBYSOMEB\x07RAHASIA\x00\x21\xce\x07RAHASIA\x00;RAHASIA"...)
	clean, gone, err := strip.GIF(dirty)
	if err != nil || !slices.Equal(gone, []string{strip.Comment, strip.Trailer, strip.Vendor, strip.XMP}) || bytes.Contains(clean, []byte("RAHASIA")) {
		t.Fatal(gone, err)
	}
	if !bytes.Equal(frames(t, clean), frames(t, data)) || !bytes.Contains(clean, []byte("NETSCAPE2.0")) {
		t.Error("it moves otherwise")
	}
}

// riffs are the chunks of a WebP, also those within its pictures.
func riffs(t testing.TB, data []byte) (kinds []string, shown []byte) {
	t.Helper()
	for len(data) >= 8 {
		kind, size := string(data[:4]), int(binary.LittleEndian.Uint32(data[4:]))
		payload := data[8 : 8+size]
		data = data[8+size+size%2:]
		kinds = append(kinds, kind)
		switch kind {
		case "ANMF":
			inside, pixels := riffs(t, payload[16:])
			kinds, shown = append(kinds, inside...), append(append(shown, payload[:16]...), pixels...)
		case "VP8 ", "VP8L", "ALPH", "ANIM", "ICCP":
			shown = append(append(shown, kind...), payload...)
		}
	}
	return kinds, shown
}

func TestAPictureOfTheWebKeepsItsPixelsAndItsWayUp(t *testing.T) {
	for _, name := range []string{"picture.webp", "moving.webp"} {
		data := sample(t, name)
		odd := append(slices.Clone(data), "ODD \x07\x00\x00\x00RAHASIA\x00"...)
		binary.LittleEndian.PutUint32(odd[4:], uint32(len(odd)-8))
		odd = append(odd, "RAHASIA"...)
		clean, gone, err := strip.WebP(odd)
		if err != nil || !slices.Equal(gone, []string{strip.Exif, strip.Trailer, strip.Vendor, strip.XMP}) || bytes.Contains(clean, []byte("RAHASIA")) {
			t.Fatal(name, gone, err)
		}
		_, was := riffs(t, data[12:])
		kinds, is := riffs(t, clean[12:])
		if !bytes.Equal(was, is) || int(binary.LittleEndian.Uint32(clean[4:])) != len(clean)-8 {
			t.Errorf("%s: another picture", name)
		}
		// The sample is turned: 6 of 8.
		if slices.Contains(kinds, "XMP ") || kinds[len(kinds)-1] != "EXIF" || clean[20]&0x0c != 0x08 || !bytes.Contains(clean, []byte("\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06")) {
			t.Errorf("%s: %v, flags %x", name, kinds, clean[20])
		}
	}
}

func TestInAPictureOfATelephoneOnlyNotesChangeAndNothingMoves(t *testing.T) {
	for _, name := range []string{"picture.heic", "picture.avif"} {
		data := sample(t, name)
		clean, _, err := strip.HEIF(data)
		if err != nil || len(clean) != len(data) {
			t.Fatal(name, err)
		}
		exif, xmp := bytes.Index(data, []byte("\x00\x00\x00\x06Exif")), bytes.Index(data, []byte("<?xpacket begin"))
		if exif < 0 {
			exif = bytes.Index(data, []byte("\x00\x00\x00\x00MM\x00*"))
		}
		end := bytes.Index(data, []byte("<?xpacket end='w'?>")) + len("<?xpacket end='w'?>")
		if exif < 0 || xmp < exif || end < xmp {
			t.Fatal(name, exif, xmp, end)
		}
		if !bytes.Equal(clean[:exif], data[:exif]) || !bytes.Equal(clean[end:], data[end:]) {
			t.Errorf("%s: more than its notes changed", name)
		}
		// A note that is a part of the picture too is left alone, with all others.
		from := bytes.Index(data, []byte("iloc"))
		shared := slices.Clone(data)
		for i := from; i < from+200 && i+4 < len(shared); i++ {
			if binary.BigEndian.Uint32(shared[i:]) == uint32(exif) {
				binary.BigEndian.PutUint32(shared[i:], uint32(len(data)-40))
			}
		}
		if _, _, err := strip.HEIF(shared); bytes.Equal(shared, data) || !errors.Is(err, strip.ErrNotUnderstood) {
			t.Errorf("%s: a shared place: %v", name, err)
		}
		if !strip.IsHEIF(data) || strip.IsHEIF([]byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42")) || strip.IsHEIF(data[:15]) {
			t.Error("takes others for one, or not this")
		}
	}
}

func FuzzGIF(f *testing.F) {
	f.Add(sample(f, "moving.gif"))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x80\x00\x00\x00\xff\xff\xff\x02\x02\x44\x01\x00\x3b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		same(t, data, strip.GIF, func(r io.Reader) (image.Image, error) { return gif.Decode(r) }, gif.DecodeConfig)
	})
}

func FuzzWebP(f *testing.F) {
	f.Add(sample(f, "moving.webp"))
	f.Add(sample(f, "picture.webp"))
	f.Fuzz(func(t *testing.T, data []byte) { twice(t, data, strip.WebP, 64) })
}

func FuzzHEIF(f *testing.F) {
	f.Add(sample(f, "picture.heic"))
	f.Add(sample(f, "picture.avif"))
	f.Fuzz(func(t *testing.T, data []byte) { twice(t, data, strip.HEIF, 0) })
}

// twice holds a stripper to this: the file grows by no more, and a second time changes nothing.
func twice(t *testing.T, data []byte, do func([]byte) ([]byte, []string, error), more int) []byte {
	t.Helper()
	clean, _, err := do(data)
	if err != nil {
		return nil
	}
	if len(clean) > len(data)+more {
		t.Fatalf("%d bytes became %d", len(data), len(clean))
	}
	again, _, err := do(clean)
	if err != nil || !bytes.Equal(again, clean) {
		t.Fatal("a second time gives something else", err)
	}
	return clean
}
