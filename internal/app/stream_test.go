package app

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/dlp/file"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/pii/extract"
)

// streams are files of a program, of at most so many bytes, as they come.
func streams(t *testing.T, w *world, most int64) func(r io.Reader, to dlp.Recipient, clean bool) (file.Taken, error) {
	t.Helper()
	files := file.New(file.Options{DB: w.DB, Log: w.Audit, DLP: w.DLP, MAC: w.Keys.MAC, Most: most})
	program := actor.NewClient("cli_1", []string{"inspect"}, []string{w.controller})
	return func(r io.Reader, to dlp.Recipient, clean bool) (file.Taken, error) {
		return files.Take(t.Context(), file.Offer{By: program, Controller: w.controller, Recipient: to, Body: r, Clean: clean, Lang: i18n.ID})
	}
}

// written counts what a file may leave behind.
func written(t *testing.T, w *world) (entries, incidents int) {
	t.Helper()
	if err := w.DB.Read(t.Context(), func(tx *db.Tx) error {
		return errors.Join(tx.Data.Row(`select count(*) from audit_entry`).Scan(&entries), tx.Data.Row(`select count(*) from dlp_incident`).Scan(&incidents))
	}); err != nil {
		t.Fatal(err)
	}
	return entries, incidents
}

// pieces gives at most n bytes at a time.
type pieces struct {
	r io.Reader
	n int
}

func (p pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.n)]) }

// A text of several windows is judged alike however it comes, a number is found over every border, and the copy is the text with the names in
// the places of the values.
func TestAStreamIsJudgedAlikeHoweverItIsCut(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		take := streams(t, w, 4<<20)
		line := "Pesanan sudah dikirim dengan kurir ke gudang, terima kasih.\n"
		// One number begins before the end of the first 64 KB and ends behind it, one likewise at the border of two windows of pii/extract.
		text := []byte(strings.Repeat(line, 12_000))
		var want []byte
		numbers := []struct {
			at           int
			value, named string
		}{{64<<10 - 7, "NIK 3273014708870017 ", "NIK [NIK ****0017] "}, {256<<10 - 4<<10 - 9, "NIK 3273014708870017 ", "NIK [NIK ****0017] "}, {600_000, "kartu 4111111111111111 ", "kartu [nomor kartu ****1111] "}}
		at := 0
		for _, n := range numbers {
			copy(text[n.at:], n.value)
			want = append(append(want, text[at:n.at]...), n.named...)
			at = n.at + len(n.value)
		}
		want = append(want, text[at:]...)
		for name, r := range map[string]io.Reader{
			"whole": bytes.NewReader(text), "byte by byte": iotest.OneByteReader(bytes.NewReader(text)), "of 7": pieces{bytes.NewReader(text), 7},
			"of 64 KB": pieces{bytes.NewReader(text), 64 << 10}, "with its end": iotest.DataErrReader(bytes.NewReader(text)),
		} {
			out, err := take(r, dlp.Outside, true)
			if err != nil {
				t.Fatal(name, err)
			}
			if out.Judgement.Verdict != dlp.Mask || !out.Goes() || out.Kind != extract.Text || out.Judgement.Incident == "" || len(out.Places) != len(numbers) || out.More != 0 {
				t.Errorf("%s: %+v", name, out)
			}
			for i, p := range out.Places {
				if n := numbers[i]; string(text[p.Start:p.End]) != strings.Fields(n.value)[1] || p.Line != 1+bytes.Count(text[:n.at], []byte("\n")) {
					t.Errorf("%s: %+v of %+v", name, p, n)
				}
			}
			if got := copied(t, &out); got != string(want) {
				t.Errorf("%s: the copy has %d bytes, want %d, and differs", name, len(got), len(want))
			}
		}
		// Nothing of it depends on whether a copy is wanted, but that it waits where it cannot be masked.
		out, err := take(bytes.NewReader(text), dlp.Outside, false)
		if err != nil || out.Judgement.Verdict != dlp.Hold || out.Copy != nil || len(out.Places) != len(numbers) {
			t.Errorf("%v %+v", err, out)
		}
		out.Close()
	})
}

// A table is masked in its cells. What stands otherwise in a file than a person reads it is not: that is held, and so is what is masked in vain.
func TestWhatCannotBeMaskedInAStreamIsHeld(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		take := streams(t, w, 4<<20)
		wide := []byte{0xff, 0xfe}
		for _, c := range utf16.Encode([]rune("NIK 3273014708870017 dan seterusnya")) {
			wide = append(wide, byte(c), byte(c>>8))
		}
		var packed bytes.Buffer
		z := zip.NewWriter(&packed)
		f, err := z.Create("surat.txt")
		if err == nil {
			_, err = f.Write([]byte("NIK 3273014708870017"))
		}
		if err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			data    string
			verdict dlp.Verdict
			copy    string
		}{
			"a table":             {"nama,nik\nBudi,3273014708870017\n", dlp.Mask, "nama,nik\nBudi,[NIK ****0017]\n"},
			"two bytes a letter":  {string(wide), dlp.Hold, ""},
			"JSON":                {`{"nik": 3273014708870017, "catatan": "NIK 3273014708870017 \u0026 telepon", "n": [3273014708870017]}`, dlp.Hold, ""},
			"plain JSON":          {`{"nik": 3273014708870017,  "catatan": "nomor NIK 3273014708870017 itu", "ktp": ["3273014708870017"]}` + "\n", dlp.Mask, `{"nik": "[NIK ****0017]",  "catatan": "nomor NIK [NIK ****0017] itu", "ktp": ["[NIK ****0017]"]}` + "\n"},
			"JSON by lines":       {"{\"nik\":\"3273014708870017\"}\n{\"nik\":3273014708870017}\n", dlp.Mask, "{\"nik\":\"[NIK ****0017]\"}\n{\"nik\":\"[NIK ****0017]\"}\n"},
			"an archive":          {packed.String(), dlp.Hold, ""},
			"nothing to be found": {"Pesanan sudah dikirim.", dlp.Allow, "Pesanan sudah dikirim."},
			"nothing":             {"", dlp.Allow, ""},
		} {
			out, err := take(strings.NewReader(c.data), dlp.Outside, true)
			if err != nil {
				t.Fatal(name, err)
			}
			if got := out.Judgement.Verdict; got != c.verdict || out.Goes() != (out.Copy != nil) {
				t.Errorf("%s: %s, %+v", name, got, out)
			}
			if got := copied(t, &out); got != c.copy {
				t.Errorf("%s: %q", name, got)
			}
		}
	})
}

// One that breaks off, or is too large, leaves neither a verdict nor an incident nor an entry.
func TestAStreamThatBreaksOffLeavesNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		take := streams(t, w, 1<<20)
		entries, incidents := written(t, w)
		text := "NIK 3273014708870017 dan kartu 4111111111111111\n"
		gone := errors.New("gone")
		for range file.EachAtOnce + 1 { // each leaves its place, too
			if out, err := take(io.MultiReader(strings.NewReader(text), iotest.ErrReader(gone)), dlp.Outside, true); !errors.Is(err, gone) || out.Judgement.Verdict != "" || out.Copy != nil {
				t.Errorf("%v %+v", err, out)
			}
			if out, err := take(strings.NewReader(strings.Repeat(text, 1<<20/len(text)+1)), dlp.Outside, true); errs.CodeOf(err) != "file.too_large" || out.Judgement.Verdict != "" || out.Copy != nil {
				t.Errorf("%v %+v", err, out)
			}
		}
		if e, i := written(t, w); e != entries || i != incidents {
			t.Errorf("%d entries and %d incidents more", e-entries, i-incidents)
		}
		out, err := take(strings.NewReader(text), dlp.Outside, true)
		if err != nil || out.Judgement.Incident == "" {
			t.Errorf("%v %+v", err, out)
		}
		out.Close()
		if e, i := written(t, w); e == entries || i != incidents+1 {
			t.Errorf("%d entries and %d incidents more: this test would see none", e-entries, i-incidents)
		}
	})
}

// What cannot be read is not inspected, never clean.
func TestWhatCannotBeReadInAStreamIsNotClean(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		take := streams(t, w, 4<<20)
		var bomb bytes.Buffer
		z := zip.NewWriter(&bomb)
		f, err := z.Create("isi.txt")
		for range 64 {
			if err == nil {
				_, err = f.Write(bytes.Repeat([]byte("isi "), 1<<18))
			}
		}
		if err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			data string
			why  extract.Reason
		}{
			"a bomb":           {bomb.String(), extract.TooDense},
			"an encrypted PDF": {"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R /Encrypt 2 0 R >>\n%%EOF\n", extract.Encrypted},
			"half an archive":  {bomb.String()[:bomb.Len()/2], extract.Truncated},
			"bytes":            {strings.Repeat("\x01\x8f\x00\x02\xfe", 500), extract.Unknown},
		} {
			out, err := take(strings.NewReader(c.data), dlp.Outside, true)
			if err != nil {
				t.Fatal(name, err)
			}
			if out.Goes() || out.Judgement.Verdict != dlp.Hold || out.Unread[c.why] == 0 || out.Copy != nil {
				t.Errorf("%s: %+v", name, out)
			}
			out.Close()
		}
	})
}

// waiting says when it is read, and ends when it is told to.
type waiting struct{ read, end chan struct{} }

func (a waiting) Read([]byte) (int, error) {
	select {
	case a.read <- struct{}{}:
	case <-a.end:
	}
	<-a.end
	return 0, io.EOF
}

// untouched fails when it is read.
type untouched struct{ t *testing.T }

func (u untouched) Read([]byte) (int, error) {
	u.t.Error("the body is read before there is a place for it")
	return 0, io.EOF
}

// Who has all his places full is told so before a byte of the next file is read; others are not kept waiting, up to as many as there are places in all.
func TestAFileForWhichThereIsNoPlaceIsNotRead(t *testing.T) {
	w := openWorld(t, db.Options{})
	files := file.New(file.Options{DB: w.DB, Log: w.Audit, DLP: w.DLP, MAC: w.Keys.MAC, Most: 1 << 20})
	offer := func(client string, r io.Reader) file.Offer {
		return file.Offer{By: actor.NewClient(client, []string{"inspect"}, []string{w.controller}), Controller: w.controller, Recipient: dlp.Inside, Body: r}
	}
	read, end, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	begin := func(client string) {
		go func() {
			out, err := files.Take(t.Context(), offer(client, waiting{read, end}))
			out.Close()
			ended <- err
		}()
		<-read
	}
	busy := func(client string) {
		t.Helper()
		if out, err := files.Take(t.Context(), offer(client, untouched{t})); errs.CodeOf(err) != "file.busy" || errs.KindOf(err) != errs.TooMany || out.Judgement.Verdict != "" {
			t.Errorf("%s: %v", client, err)
		}
	}
	for range file.EachAtOnce {
		begin("cli_1")
	}
	busy("cli_1")
	for range file.AtOnce - file.EachAtOnce {
		begin("cli_2")
	}
	busy("cli_3")
	close(end)
	for range file.AtOnce {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	out, err := files.Take(t.Context(), offer("cli_3", strings.NewReader("halo")))
	if err != nil || !out.Goes() {
		t.Error(err)
	}
	out.Close()
}

// endless gives a line again and again, so many bytes of it.
type endless struct {
	line []byte
	at   int
	left int64
}

func (e *endless) Read(b []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(b) && e.left > 0 {
		k := copy(b[n:min(int64(len(b)), int64(n)+e.left)], e.line[e.at:])
		n, e.at, e.left = n+k, (e.at+k)%len(e.line), e.left-int64(k)
	}
	return n, nil
}

// 200 MB of text, read, looked at and masked in one number at its end, take no more memory than a text of some windows.
func TestAStreamOf200MBTakesBoundedMemory(t *testing.T) {
	w := openWorld(t, db.Options{})
	take := streams(t, w, 256<<20)
	line := []byte("Pesanan sudah dikirim dengan kurir ke gudang, terima kasih atas kesabarannya.\n")
	round := func(size int64) {
		out, err := take(io.MultiReader(&endless{line: line, left: size}, strings.NewReader("NIK 3273014708870017\n")), dlp.Outside, true)
		if err != nil || out.Judgement.Verdict != dlp.Mask || len(out.Places) != 1 || out.Places[0].Start != size+4 || out.Copy == nil || out.Copy.Size() != size+int64(len("NIK [NIK ****0017]\n")) {
			t.Fatalf("%v %+v", err, out)
		}
		out.Close()
	}
	peak := func() int64 { // the most that the heap ever had
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapSys) //nolint:gosec // a machine has less
	}
	defer debug.SetGCPercent(debug.SetGCPercent(10)) // what is used, and not what nobody has swept yet
	round(2 << 20)
	before := peak()
	round(200 << 20)
	if more := peak() - before; more > 100<<20 {
		t.Errorf("the heap grew by %d MB", more>>20)
	}
}

// What a sender offers twice with another ending of its name is judged by its content.
func TestAStreamsEndingIsNotBelieved(t *testing.T) {
	w := openWorld(t, db.Options{})
	files := file.New(file.Options{DB: w.DB, Log: w.Audit, DLP: w.DLP, MAC: w.Keys.MAC, Most: 64 << 20})
	by := actor.NewClient("cli_1", []string{"inspect"}, []string{w.controller})
	var document bytes.Buffer
	z := zip.NewWriter(&document)
	var err error
	for name, size := range map[string]int{"[Content_Types].xml": 10, "word/document.xml": 100, "word/media/image1.bin": file.MaxFile + 1} {
		f, e := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err = errors.Join(err, e); err == nil {
			_, err = f.Write(bytes.Repeat([]byte{' '}, size))
		}
	}
	if err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for ending, code := range map[string]string{".docx": "", ".pdf": "file.name_lies"} {
		out, err := files.Take(context.WithoutCancel(t.Context()), file.Offer{By: by, Controller: w.controller, Recipient: dlp.Inside, Name: "stream" + ending, Body: bytes.NewReader(document.Bytes()), Clean: true})
		if errs.CodeOf(err) != code || err == nil && (out.Kind != extract.Word || out.Left != file.LeftLarge || !slices.Equal(out.Stripped, nil)) {
			t.Errorf("%s: %v %+v", ending, err, out)
		}
		out.Close()
	}
}
