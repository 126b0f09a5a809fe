package packed

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

const hidden = "Pelanggan baru: NIK 3273014505900001, mohon diproses hari ini juga.\n"

func pack(t testing.TB, text string, with func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := with(&b)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gz(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }

// streams are a text in each frame.
func streams(t testing.TB, text string) map[string][]byte {
	t.Helper()
	return map[string][]byte{
		"gzip": pack(t, text, gz), "zlib": pack(t, text, func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil }),
		"zlib, best": pack(t, text, func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriterLevel(w, 9) }),
		"deflate":    pack(t, text, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 6) }),
		"stored":     pack(t, text, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 0) }),
	}
}

func lined(text string) string {
	var out strings.Builder
	for len(text) > 76 {
		out.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	return out.String() + text
}

func TestWhatIsPackedAndInLettersIsFound(t *testing.T) {
	long := hidden + strings.Repeat("Baris ini ada untuk panjangnya saja, nomor 7 dan 12.\n", 300)
	for _, text := range []string{hidden, long} {
		for name, raw := range streams(t, text) {
			for how, written := range map[string]string{
				"base64": base64.StdEncoding.EncodeToString(raw), "base64 for addresses": base64.RawURLEncoding.EncodeToString(raw), "base64 in lines": lined(base64.StdEncoding.EncodeToString(raw)),
				"hexadecimal": hex.EncodeToString(raw), "base32": base32.StdEncoding.EncodeToString(raw),
			} {
				if (how == "hexadecimal" || how == "base32") && (name == "deflate" || name == "stored") {
					continue // which have no frame
				}
				for around, whole := range map[string]string{"alone": written, "within": "Tolong buka: (" + written + ")\nTerima kasih.", "on a line": "Lampiran\n" + written + "\n(Salam)"} {
					pieces, all := Find([]byte(whole))
					if len(pieces) != 1 || !all || string(pieces[0].Content) != text || pieces[0].Over || whole[pieces[0].Start:pieces[0].End] != written {
						t.Errorf("%s in %s, %s: %d pieces of %q", name, how, around, len(pieces), whole[:min(len(whole), 60)])
					}
				}
			}
		}
	}
	text32 := base32.StdEncoding.EncodeToString([]byte(hidden))
	if pieces, _ := Find([]byte("kode " + strings.ToLower(text32) + ".")); len(pieces) != 1 || string(pieces[0].Content) != hidden {
		t.Errorf("base32 of a text: %v", pieces)
	}
}

func TestWhatIsNotPackedIsNoPiece(t *testing.T) {
	random := rand.NewChaCha8([32]byte{7})
	noise := make([]byte, 1<<20)
	_, _ = random.Read(noise)
	for name, text := range map[string]string{
		"words":            strings.Repeat("Pertanggungjawabannya diperpanjang sampai akhir bulan, kata petugas itu.\n", 1000),
		"capitals":         strings.Repeat("PERTANGGUNGJAWABANNYADIPERPANJANG ", 1000),
		"base64 of noise":  base64.StdEncoding.EncodeToString(noise), // a picture
		"lines of noise":   lined(base64.StdEncoding.EncodeToString(noise)),
		"base64 of text":   base64.StdEncoding.EncodeToString([]byte(strings.Repeat(hidden, 100))), // package pii's
		"tokens":           "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
		"hexadecimal":      hex.EncodeToString(noise),
		"base32 of noise":  base32.StdEncoding.EncodeToString(noise),
		"too short for it": "H4sIAAAAAAAA", "nothing": "",
	} {
		if pieces, all := Find([]byte(text)); len(pieces) > 0 || !all {
			t.Errorf("%s: %d pieces, all %t: %+q", name, len(pieces), all, pieces[0].Content)
		}
	}
}

func TestALimitThatIsReachedIsSaid(t *testing.T) {
	bomb := base64.StdEncoding.EncodeToString(pack(t, strings.Repeat("0", 64<<20), gz))
	pieces, _ := Find([]byte(bomb))
	if len(pieces) != 1 || !pieces[0].Over || len(pieces[0].Content) > Most {
		t.Errorf("a bomb: %d pieces", len(pieces))
	}
	cut := base64.StdEncoding.EncodeToString(pack(t, strings.Repeat(hidden, 50), gz))
	if pieces, _ = Find([]byte(cut[:len(cut)/4*3])); len(pieces) != 1 || !pieces[0].Over || !strings.HasPrefix(string(pieces[0].Content), "Pelanggan baru: NIK") {
		t.Errorf("one that is cut: %v", pieces)
	}
	line := base64.StdEncoding.EncodeToString(append([]byte{0x78, 0x9c}, bytes.Repeat([]byte{0xff}, 55)...)) + "\n"
	if _, all := Find([]byte(strings.Repeat(line, 1000))); all {
		t.Error("a thousand lines that look packed are all tried")
	}
}

func FuzzFind(f *testing.F) {
	for _, raw := range streams(f, hidden) {
		f.Add([]byte(base64.StdEncoding.EncodeToString(raw)))
		f.Add([]byte("a " + hex.EncodeToString(raw) + " b"))
		f.Add([]byte(base32.StdEncoding.EncodeToString(raw)))
	}
	f.Add([]byte(base32.StdEncoding.EncodeToString([]byte(hidden))))
	f.Fuzz(func(t *testing.T, text []byte) {
		pieces, _ := Find(text)
		behind := 0
		for _, p := range pieces {
			if p.Start < behind || p.End < p.Start+Least || p.End > len(text) || len(p.Content) > Most {
				t.Fatalf("from %d to %d of %d, %d bytes", p.Start, p.End, len(text), len(p.Content))
			}
			behind = p.End
		}
	})
}

func BenchmarkFind(b *testing.B) {
	text := []byte(strings.Repeat("Selamat pagi Bu, pesanan nomor 17 sudah dikirim hari ini lewat kurir; terima kasih banyak.\n", 2000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Find(text)
	}
}
