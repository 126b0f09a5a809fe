package story

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-milter"

	"github.com/amanah-id/amanah/internal/kit/testkit"
)

// mails plays a Postfix whose user sends a file to an outsider, and tells whether the mail is to wait.
func mails(t *testing.T, name string, file []byte) (waits bool) {
	t.Helper()
	s, err := milter.NewClientWithOptions("tcp", filter, milter.ClientOptions{ReadTimeout: time.Minute, WriteTimeout: time.Minute, ActionMask: 0x3f, ProtocolMask: 0x7f}).Session()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	says := func(a *milter.Action, err error) {
		t.Helper()
		if err != nil || a.Code != milter.ActContinue {
			t.Fatal(a, err)
		}
	}
	if err := s.Macros(milter.CodeConn, "j", "mx.niaga.example"); err != nil {
		t.Fatal(err)
	}
	says(s.Conn("pc", milter.FamilyInet, 25, "127.0.0.1"))
	says(s.Mail("rina@niaga.example", nil))
	says(s.Rcpt("budi@lain.example", nil))
	for _, head := range [][2]string{{"From", "rina@niaga.example"}, {"To", "budi@lain.example"}, {"Subject", "Daftar"}, {"Content-Type", "application/octet-stream; name=" + name},
		{"Content-Disposition", "attachment; filename=" + name}, {"Content-Transfer-Encoding", "base64"}} {
		says(s.HeaderField(head[0], head[1]))
	}
	says(s.HeaderEnd())
	for text := base64.StdEncoding.EncodeToString(file); text != ""; text = text[min(len(text), 76):] {
		says(s.BodyChunk([]byte(text[:min(len(text), 76)] + "\r\n")))
	}
	if err := s.Macros(milter.CodeEOB, "i", "4b7Qx1F2z8"); err != nil {
		t.Fatal(err)
	}
	changes, act, err := s.End()
	if err != nil || act.Code != milter.ActAccept {
		t.Fatal(act, err)
	}
	for _, c := range changes {
		waits = waits || c.Code == milter.ActQuarantine && strings.HasPrefix(c.Reason, "amanah lek_")
	}
	return waits
}

// knowsCustomers waits until texts are checked for values of customers, as they are soon after a start.
func knowsCustomers(t *testing.T) {
	t.Helper()
	for range 600 {
		answer, err := http.Get(site + "/metrics") //nolint:noctx // a test's own server
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\namanah_known_ready 1\n") {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the values of customers are not known")
}

func TestStoryAMailWithAListOfCustomersWaitsAndASecondPersonRefusesIt(t *testing.T) {
	dpo := somebody(t, "dpo", "id")
	knowsCustomers(t)
	rows := testkit.Customers(200)
	rows[1][2] = caller // one of them is a customer
	if !mails(t, "pelanggan.xlsx", testkit.Sheet(rows)) {
		t.Fatal("the mail goes")
	}
	dpo.signsIn("dpo", indonesian)
	dpo.opens("/dlp")
	dpo.sees("ditahan", "surel", "200 orang", "pengirim tidak dikenal")
	dpo.looks("dlp-held")
	dpo.clicks("link", "NIK, surel, telepon")
	dpo.sees("mx.niaga.example/4b7Qx1F2z8", "Loloskan", "Tolak")
	dpo.sees("Pelanggan kita, paling sedikit", "Data siapa", "sub_")
	dpo.seesNot("327301", caller)
	dpo.looks("dlp-held-incident")
	dpo.clicks("button", "Tolak")
	dpo.sees("ditolak", "Diputuskan oleh", "Hendra")
	dpo.seesNot("Loloskan")
	dpo.looks("dlp-refused")
}
