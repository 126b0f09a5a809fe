package app

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/dlp/file"
	"github.com/amanah-id/amanah/internal/dlp/known"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/pii/extract"
)

// A real clamd looks into archives; what it finds goes no further, by the API's verb and by an import alike.
func TestARealClamdStopsAnInfectedArchive(t *testing.T) {
	address := os.Getenv("AMANAH_TEST_CLAMD")
	if address == "" {
		t.Skip("no clamd: set AMANAH_TEST_CLAMD=$(scripts/clamd start)")
	}
	w := openWorld(t, db.Options{}, "malware.address", address)
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	f, err := z.Create("surat.txt")
	if err == nil {
		_, err = f.Write([]byte("isi biasa lalu AMANAH-MADE-UP" + "-MALWARE-7f3a91c2"))
	}
	if err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	offer := file.Offer{By: actor.NewClient("cli_1", []string{"inspect"}, []string{w.controller}), Controller: w.controller, Recipient: dlp.Inside, Name: "surat.zip", Body: bytes.NewReader(archive.Bytes())}
	if _, err := w.Files.Take(t.Context(), offer); errs.CodeOf(err) != "malware.found" {
		t.Error(err)
	}
	for text, want := range map[string]bool{archive.String(): true, "isi biasa": false} {
		mail := "From: a@contoh.example\r\nTo: b@contoh.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=batas\r\n\r\n--batas\r\nContent-Type: text/plain\r\n\r\nhalo\r\n" +
			"--batas\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=surat.zip\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(text)) + "\r\n--batas--\r\n"
		content, err := w.DLP.Examine(t.Context(), "mail.eml", strings.NewReader(mail), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.ContainsFunc(content.Found(), func(f dlp.Found) bool { return f.Kind == dlp.Malware }); got != want {
			t.Errorf("a mail with malware %v: %+v", want, content.Found())
		}
	}
	offer.Name, offer.Body = "surat.txt", strings.NewReader("isi biasa")
	if out, err := w.Files.Take(t.Context(), offer); err != nil || !out.Scanned || !out.Goes() {
		t.Errorf("%+v %v", out, err)
	}
}

// copied reads the copy of a file, and makes room for another.
func copied(t *testing.T, out *file.Taken) string {
	t.Helper()
	defer out.Close()
	if out.Copy == nil {
		return ""
	}
	b, err := out.Copy.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A file is taken only when its name is true, clamd has found nothing, and the rules let it go; each refusal is an entry.
func TestAFileGoesWhenItIsWhatItSaysAndHasNeitherMalwareNorWhatTheRulesStop(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		files := file.New(file.Options{DB: w.DB, Log: w.Audit, DLP: w.DLP, MAC: w.Keys.MAC, Most: 1 << 20, Malware: func(_ context.Context, r io.Reader) error {
			b, err := io.ReadAll(r)
			switch {
			case err != nil:
				return err
			case bytes.Contains(b, []byte("jahat")):
				return errs.New(errs.Denied, "malware.found").With("signature", "Test.One")
			case bytes.Contains(b, []byte("mati")):
				return errs.New(errs.Unavailable, "malware.no_answer")
			}
			return nil
		}})
		program := actor.NewClient("cli_1", []string{"inspect"}, []string{w.controller})
		offer := func(name, data string) file.Offer {
			return file.Offer{By: program, Controller: w.controller, Recipient: dlp.Outside, Name: name, Body: strings.NewReader(data), Clean: true}
		}
		for _, c := range []struct{ name, data, code string }{
			{"surat.pdf", "bukan pdf", "file.name_lies"},
			{"surat.txt", "isi jahat", "malware.found"},
			{"surat.txt", "clamd mati di tengah", "malware.no_answer"},
			{"surat.txt", strings.Repeat("x", 1<<20+1), "file.too_large"},
		} {
			out, err := files.Take(ctx, offer(c.name, c.data))
			if errs.CodeOf(err) != c.code || out.Copy != nil || out.Judgement.Goes() && out.Judgement.Verdict != "" {
				t.Errorf("%s: %v %+v", c.code, err, out.Judgement)
			}
		}
		other := offer("surat.txt", "halo")
		other.Controller = "ctl_00000000000000000000000009"
		if _, err := files.Take(ctx, other); errs.CodeOf(err) != "file.other_company" {
			t.Error(err)
		}
		page, err := w.Audit.Search(ctx, actor.NewDuty("test"), audit.Query{Action: "file.refused", Limit: 10})
		must(err)
		var reasons []string
		for _, e := range page.Entries {
			reasons = append(reasons, e.Leaf.Reason)
		}
		if want := []string{"malware.no_answer", "malware.found", "file.name_lies"}; !slices.Equal(reasons, want) {
			t.Errorf("%v; want %v", reasons, want)
		}

		// A letter goes, with a copy; a list of many people is held; what cannot be read is held and said.
		out, err := files.Take(ctx, offer("surat.txt", "Pesanan Anda sudah dikirim."))
		must(err)
		if !out.Judgement.Goes() || !out.Scanned || out.Kind != extract.Text || copied(t, &out) != "Pesanan Anda sudah dikirim." || out.Left != file.LeftNot {
			t.Errorf("%+v", out)
		}
		var list strings.Builder
		list.WriteString("nama,surel\n")
		for i := range 20 {
			fmt.Fprintf(&list, "Orang,orang%d@contoh.example\n", i)
		}
		out, err = files.Take(ctx, offer("daftar.csv", list.String()))
		must(err)
		if out.Judgement.Verdict != dlp.Hold || out.Judgement.People != 20 || out.Judgement.Incident == "" || out.Copy != nil {
			t.Errorf("%+v", out)
		}
		// Let go by a second person, this very file goes to this very recipient when it is sent again, once.
		security, err := w.staff(ctx, actor.Security)
		must(err)
		must(w.DLP.Decide(ctx, security, out.Judgement.Incident, true))
		elsewhere, changed := offer("daftar.csv", list.String()), offer("daftar.csv", list.String()+"Orang,orang99@contoh.example\n")
		elsewhere.Recipient = dlp.Customer
		for _, o := range []file.Offer{elsewhere, changed} {
			other, err := files.Take(ctx, o)
			if err != nil || other.Goes() || other.Copy != nil {
				t.Errorf("%v %+v", err, other)
			}
			other.Close()
		}
		// What another program has sent is nothing of its own: it does not learn of it, cannot say that it is done, nor send it.
		stranger := actor.NewClient("cli_2", []string{"inspect", "mail"}, []string{w.controller})
		theirs := offer("daftar.csv", list.String())
		theirs.By = stranger
		foreign, err := files.Take(ctx, theirs)
		if err != nil || foreign.Goes() {
			t.Errorf("%v %+v", err, foreign)
		}
		foreign.Close()
		if decided, err := w.DLP.Decided(ctx, stranger, dlp.File); err != nil || len(decided) > 0 || errs.CodeOf(w.DLP.Carried(ctx, stranger, out.Judgement.Incident)) != "dlp.no_incident" {
			t.Errorf("%v %+v", err, decided)
		}
		gone, err := files.Take(ctx, offer("daftar.csv", list.String()))
		must(err)
		if !gone.Goes() || gone.Released != out.Judgement.Incident || copied(t, &gone) != list.String() || gone.Judgement.Incident != "" {
			t.Errorf("%+v", gone)
		}
		once, err := files.Take(ctx, offer("daftar.csv", list.String()))
		if err != nil || once.Goes() {
			t.Errorf("%v %+v", err, once)
		}
		once.Close()
		out.Close()
		out, err = files.Take(ctx, offer("kunci.7z", "7z\xbc\xaf\x27\x1c\x00\x04"))
		must(err)
		if out.Judgement.Goes() || out.Unread[extract.Unsupported] != 1 || out.Copy != nil {
			t.Errorf("%+v", out)
		}
		out.Close()
		var picture bytes.Buffer
		must(png.Encode(&picture, image.NewGray(image.Rect(0, 0, 4, 4))))
		inside := offer("foto.png", picture.String()+"tersembunyi")
		inside.Recipient = dlp.Inside
		out, err = files.Take(ctx, inside)
		must(err)
		if !out.Judgement.Goes() || copied(t, &out) != picture.String() || !slices.Equal(out.Stripped, []string{"trailer"}) {
			t.Errorf("%+v", out)
		}
		// What a clean copy does not have does not go, and is not held against it.
		var letter bytes.Buffer
		z := zip.NewWriter(&letter)
		for _, e := range [][2]string{
			{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`},
			{"word/document.xml", `<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>Pesanan sudah dikirim.</w:t></w:r></w:p></w:body></w:document>`},
			{"docProps/core.xml", `<cp:coreProperties xmlns:cp="c" xmlns:dc="d"><dc:creator>NIK 3273014708870017</dc:creator></cp:coreProperties>`},
		} {
			part, err := z.Create(e[0])
			must(err)
			_, err = part.Write([]byte(e[1]))
			must(err)
		}
		must(z.Close())
		out, err = files.Take(ctx, offer("surat.docx", letter.String()))
		must(err)
		if !out.Goes() || !slices.Contains(out.Stripped, "author") || strings.Contains(copied(t, &out), "3273014708870017") {
			t.Errorf("%+v", out)
		}
		asItIs := offer("surat.docx", letter.String())
		asItIs.Clean = false
		out, err = files.Take(ctx, asItIs)
		must(err)
		if out.Goes() || out.Copy != nil {
			t.Errorf("%+v", out)
		}
		out.Close()
	})
}

// A file that was let go goes once, also when it is sent several times at once, and however many decisions its sender has not asked for yet.
func TestAFileThatWasLetGoGoesOnceAmongManyDecisions(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		take := streams(t, w, 1<<20)
		security, err := w.staff(ctx, actor.Security)
		if err != nil {
			t.Fatal(err)
		}
		const held = "NIK 3273014708870017"
		hold := func(text string, release bool) {
			out, err := take(strings.NewReader(text), dlp.Outside, false)
			if err == nil {
				out.Close()
				err = w.DLP.Decide(ctx, security, out.Judgement.Incident, release)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		for i := range 200 {
			hold(fmt.Sprintf("%s, surat %d", held, i), false)
		}
		hold(held, true)
		var sent sync.WaitGroup
		var gone atomic.Int32
		for range file.EachAtOnce {
			sent.Go(func() {
				out, err := take(strings.NewReader(held), dlp.Outside, false)
				if err != nil {
					t.Error(err)
				}
				if out.Goes() {
					gone.Add(1)
				}
				out.Close()
			})
		}
		sent.Wait()
		if n := gone.Load(); n != 1 {
			t.Errorf("it went %d times", n)
		}
	})
}

// moving is an index of customers' values that says when a copy is being masked.
type moving struct {
	dlp.Known
	masked func()
}

func (m moving) Whose(controller string, text []byte) ([]known.Place, bool, error) {
	if controller != "" {
		m.masked()
	}
	return m.Known.Whose(controller, text)
}

// withMovingRules is the room of the rules with one more of a way, by which addresses are masked: from the moment on at which something is masked the first time.
func (w *world) withMovingRules(t *testing.T, way string) *dlp.Service {
	t.Helper()
	change := sync.OnceFunc(func() {
		if err := w.DB.Write(t.Context(), func(tx *db.Tx) error {
			tx.Data.Queue(`insert into dlp_rules (id, cedar, state, asked_by, asked_at, decided_at) values ($1, $2, 'standing', 'stf_1', 1, 1)`, id.New(id.Rules),
				`@id("no_mail") @verdict("mask") @sentence_id("Surel diganti.") @sentence_en("Addresses are replaced.")
forbid (principal, action == Action::"`+way+`", resource) when { resource.type == "email" };`)
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	room, err := dlp.New(dlp.Options{DB: w.DB, Log: w.Audit, Keys: w.Keys, Files: dlp.Reading{Limits: extract.Usual()}, Known: moving{w.Known, change},
		Texts: func(lang i18n.Lang) *i18n.Printer { return w.Web.Texts().For(lang, nil) }})
	if err != nil {
		t.Fatal(err)
	}
	return room
}

// A copy that was masked by the rules of a moment ago is not given when those in force take out more: whoever asks again gets one by these.
func TestACopyIsMaskedByTheRulesInForce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		room := w.withMovingRules(t, "file")
		files := file.New(file.Options{DB: w.DB, Log: w.Audit, DLP: room, MAC: w.Keys.MAC, Most: 1 << 20})
		take := func() (file.Taken, error) {
			return files.Take(ctx, file.Offer{By: actor.NewClient("cli_1", []string{"inspect"}, []string{w.controller}), Controller: w.controller, Recipient: dlp.Outside, Clean: true, Lang: i18n.ID,
				Body: strings.NewReader("NIK 3273014708870017, surel orang@contoh.example")})
		}
		if out, err := take(); errs.CodeOf(err) != "file.rules_moved" || out.Copy != nil {
			t.Errorf("%v %q", err, copied(t, &out))
		}
		out, err := take()
		if err != nil {
			t.Fatal(err)
		}
		if got := copied(t, &out); got != "NIK [NIK ****0017], surel [surel]" {
			t.Errorf("%q", got)
		}
	})
}
