package story

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Every page of the house in every state that its room knows, as nobody's story goes through them all: in both languages and
// both themes nothing may be wrong with it for anybody, and nothing is cut off at 1280 by 720, enlarged twice or not.
func TestStoryEveryPageAndStateIsForEverybody(t *testing.T) {
	native := somebody(t, "native", "id")
	gallery := opensGallery(t)
	native.elsewhere, native.refused = gallery, true // pictures of made-up invitations are not there
	native.do(chromedp.Navigate(gallery + "/"))
	var pages []struct{ At, Name string }
	native.asks(`[...document.querySelectorAll("a[href*='theme=light']")].filter((a) => a.href.includes("in=id")).map((a) => ({At: a.getAttribute("href").replace("&theme=light", ""), Name: a.closest("tr, li, section")?.innerText.split("\n")[0] || ""}))`, &pages)
	if len(pages) < 200 {
		t.Fatalf("the gallery has %d pages", len(pages))
	}
	parts := 0
	for _, page := range pages {
		for _, lang := range []string{"id", "en"} {
			native.window(1280, 720, 100)
			native.do(chromedp.Navigate(gallery + strings.Replace(page.At, "in=id", "in="+lang, 1)))
			native.waits("sees no page "+page.At, `document.readyState === "complete"`)
			var whole bool
			if native.asks(`!!document.querySelector("main")`, &whole); !whole {
				parts++
				continue
			}
			what := page.At + " in " + lang + " (" + page.Name + ")"
			native.staysInside(what)
			if lang == "id" {
				native.looks(what)
			} else {
				native.scans(what)
			}
			native.window(1280, 720, 200)
			native.notCut(what + ", enlarged twice")
			native.staysInside(what + ", enlarged twice")
		}
	}
	t.Logf("%d pages, of which %d are parts of pages", len(pages), parts/2)
}

// notCut fails if the page is wider than the window.
func (p *person) notCut(name string) {
	p.t.Helper()
	var wide int
	if p.asks(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &wide); wide > 1 {
		p.t.Errorf("%s: %s is %d pixels wider than the window", p.name, name, wide)
	}
}

// staysInside fails if something sticks out of the frame that it stands in, or out of the window. What scrolls in itself may be wider inside.
func (p *person) staysInside(name string) {
	p.t.Helper()
	var out []string
	p.asks(`[...document.querySelectorAll("main :is(.card, .panel, section, form, li, p, header, dl)")].flatMap((frame) => {
  const right = Math.min(frame.getBoundingClientRect().right, innerWidth) + 1;
  const scrolls = (e) => { for (; e && e !== document.body; e = e.parentElement) if (getComputedStyle(e).overflowX !== "visible") return true; return false };
  return [...frame.querySelectorAll("*")].filter((e) => e.getClientRects().length && e.getBoundingClientRect().right > right && !scrolls(e)).slice(0, 1).map((e) => e.tagName + "." + e.className + " " + e.textContent.trim().slice(0, 60));
})`, &out)
	if len(out) > 0 {
		p.t.Errorf("%s: %s sticks out of its frame: %q", p.name, name, out[:min(2, len(out))])
	}
}

// opensGallery runs `amanah dev gallery` on an installation of its own.
func opensGallery(t *testing.T) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "gallery")
	runs(t, program, "init", "--data", data, "--key-file", "--name", "Nusantara Niaga")
	address, err := free()
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(filepath.Join(tools, program), "dev", "gallery", "--data", data, "--listen", address)
	server.Stderr, server.Env = os.Stderr, environment()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
	})
	_, port, _ := strings.Cut(address, ":")
	at := "http://localhost:" + port
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, at+"/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := http.DefaultClient.Do(r); err == nil {
			_ = a.Body.Close()
			return at
		}
		if time.Now().After(end) {
			t.Fatal("the gallery does not open")
		}
	}
}
