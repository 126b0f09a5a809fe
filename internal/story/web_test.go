package story

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/amanah-id/amanah/internal/kit/testkit"
)

// squid is a real one that asks the demonstration; the environment names scripts/squid.
func squid(t *testing.T) (proxy string) {
	t.Helper()
	script := os.Getenv("AMANAH_TEST_SQUID")
	if script == "" {
		t.Skip("AMANAH_TEST_SQUID is not set: no real Squid is tested here (scripts/squid starts private ones)")
	}
	home, err := os.MkdirTemp("", "amanah-squid-") //nolint:usetesting // Squid has an account of its own, which does not get into the folders of tests
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) *exec.Cmd {
		c := exec.Command(script, args...)
		c.Env, c.Stderr = append(os.Environ(), "AMANAH_TEST_SQUID_DIR="+home), os.Stderr
		return c
	}
	t.Cleanup(func() {
		if err := run("stop").Run(); err != nil {
			t.Error(err)
		}
	})
	out, err := run("start", asked).Output()
	if err != nil {
		t.Fatal(err)
	}
	address, _, _ := strings.Cut(string(out), " ")
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return "localhost:" + port
}

// uploads is a site of others where anybody can leave a file.
func uploads(t *testing.T) (at string, arrived *atomic.Int64) {
	t.Helper()
	arrived = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.Method == http.MethodPost {
			arrived.Add(1)
			_, _ = io.WriteString(w, `<!doctype html><html lang="id"><title>Diterima</title><main><h1>Terima kasih</h1></main></html>`)
			return
		}
		_, _ = io.WriteString(w, `<!doctype html><html lang="id"><title>Titip berkas</title><link rel="icon" href="data:,"><main><h1>Titip berkas</h1>
<form method="post" enctype="multipart/form-data"><label>Berkas <input type="file" name="berkas"></label> <button>Kirim</button></form></main></html>`)
	}))
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	return "http://unggah.example:" + port, arrived
}

func TestStoryAListOfCustomersIsStoppedOnItsWayToASite(t *testing.T) {
	needsBrowser(t)
	proxy := squid(t)
	at, arrived := uploads(t)
	files, rows := t.TempDir(), testkit.Customers(200)
	for name, file := range map[string][]byte{"pelanggan.xlsx": testkit.Sheet(rows), "stok.xlsx": testkit.Sheet([][]string{{"Barang", "Jumlah"}, {"Kipas angin", "12"}})} {
		if err := os.WriteFile(filepath.Join(files, name), file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rina := somebodyBehind(t, "rina", "id", proxy)
	rina.refused, rina.elsewhere = true, at
	leaves := func(file string) {
		t.Helper()
		rina.do(chromedp.Navigate(at + "/titip"))
		rina.sees("Titip berkas")
		rina.do(chromedp.SetUploadFiles("input[type=file]", []string{filepath.Join(files, file)}))
		rina.clicks("button", "Kirim")
	}
	leaves("stok.xlsx")
	rina.sees("Terima kasih")
	leaves("pelanggan.xlsx")
	rina.sees("Permintaan ini dihentikan", "NIK", "Nomor kejadian:", "lek_")
	rina.seesNot("327301", "pelanggan.xlsx")
	rina.looks("web-stopped")
	if n := arrived.Load(); n != 1 {
		t.Errorf("%d uploads have arrived, not the one without customers", n)
	}

	dpo := somebody(t, "dpo", "id")
	dpo.signsIn("dpo", indonesian)
	dpo.opens("/dlp")
	dpo.sees("200 orang")
	dpo.looks("dlp-web")
}
