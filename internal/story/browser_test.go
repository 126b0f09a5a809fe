package story

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "embed"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe/axe.min.js
var axe string

// patience is how long a person waits for what should be there. The machine of a test may be busy.
const patience = 20 * time.Second

// person is somebody with a browser of their own: own cookies, own window of 1280 by 720.
type person struct {
	t    *testing.T
	ctx  context.Context
	name string

	mu      sync.Mutex
	trouble []string
	refused bool // this person expects the server to say no
	plain   bool // this person's pages run no scripts

	elsewhere string // the one other host that this person's story leads to
}

// pictures is where a failed test leaves what its people saw, for whoever reads the failure.
var pictures = os.TempDir()

// somebody opens a browser window in a language, for one test.
func somebody(t *testing.T, name, lang string) *person {
	t.Helper()
	return somebodyBehind(t, name, lang, "")
}

// somebodyBehind is somebody whose browser reaches other hosts through a proxy.
func somebodyBehind(t *testing.T, name, lang, proxy string) *person {
	t.Helper()
	needsBrowser(t)
	ctx, cancel := chromedp.NewContext(chrome, chromedp.WithNewBrowserContext(func(c *target.CreateBrowserContextParams) { c.ProxyServer = proxy }))
	p := &person{t: t, ctx: ctx, name: name}
	t.Cleanup(func() {
		if t.Failed() {
			p.picture(filepath.Join(pictures, "amanah-story-"+strings.ReplaceAll(t.Name(), "/", "-")+"-"+name+".png"), true)
		}
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, what := range p.trouble {
			t.Errorf("%s's browser: %s", name, what)
		}
	})
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	call(p, network.Enable, network.EnableParams{})
	call(p, log.Enable, cdp.Empty{})
	call(p, runtime.Enable, cdp.Empty{})
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	call(p, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": lang}})
	if _, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: downloads, BrowserContextID: chromedp.FromContext(ctx).BrowserContextID,
	}); err != nil {
		t.Fatal(err)
	}
	p.window(1280, 720, 100)
	p.theme("light")
	return p
}

// hear collects what no page of ours may cause.
func (p *person) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.trouble = append(p.trouble, "exception: "+e.ExceptionDetails.Text+" "+describe(e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			p.trouble = append(p.trouble, fmt.Sprint("console: ", e.Args[0].Value))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError || p.refused && e.Entry.Source == log.EntrySourceNetwork && (strings.Contains(e.Entry.Text, "status of 4") || strings.Contains(e.Entry.Text, "ERR_INTERNET_DISCONNECTED")) {
			return
		}
		p.trouble = append(p.trouble, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != "data" && u.Scheme != "blob" && u.Scheme+"://"+u.Host != site && u.Scheme+"://"+u.Host != p.elsewhere {
			p.trouble = append(p.trouble, "a request to another host: "+e.Request.URL)
		}
	}
}

// call sends a command of the devtools protocol.
func call[P, R any](p *person, command cdp.Command[P, R], with P) R {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 2*patience)
	defer cancel()
	answer, err := chromedp.Call(ctx, command, with)
	if err != nil {
		p.t.Fatalf("%s: %s: %v", p.name, command.Method, err)
	}
	return answer
}

func (p *person) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 2*patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// asks runs an expression in the page. A page on its way elsewhere cannot answer: ok is false.
func (p *person) asks(js string, out any) (ok bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	raw, err := chromedp.Run(ctx, chromedp.Evaluate[[]byte](js, chromedp.EvalAsValue, chromedp.EvalAwaitPromise))
	if errors.Is(err, context.DeadlineExceeded) {
		p.t.Fatalf("%s: the page does not answer", p.name)
	}
	return err == nil && (out == nil || json.Unmarshal(raw, out) == nil)
}

// waits asks until the answer is yes.
func (p *person) waits(what, js string) {
	p.t.Helper()
	p.within(patience, what, js)
}

func (p *person) within(d time.Duration, what, js string) {
	p.t.Helper()
	for end := time.Now().Add(d); ; time.Sleep(60 * time.Millisecond) {
		var yes bool
		if p.asks("!!("+js+")", &yes) && yes {
			return
		}
		if time.Now().After(end) {
			var text, at string
			p.asks("document.body.innerText", &text)
			p.asks("location.pathname", &at)
			p.t.Fatalf("%s: %s; on %s the page says:\n%s", p.name, what, at, text)
		}
	}
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// opens goes to a page of the site.
func (p *person) opens(path string) {
	p.t.Helper()
	p.waits("is still waiting for the last page", `document.readyState === "complete"`)
	p.do(chromedp.Navigate(site + path))
}

// looksAgain loads the page anew.
func (p *person) looksAgain() {
	p.t.Helper()
	p.asks(`(() => { window.before = true; location.reload() })()`, nil)
	p.waits("gets no new page", `!window.before && document.readyState === "complete"`)
}

// sees waits for texts that can be seen, in any order.
func (p *person) sees(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.waits("does not see "+quoted(text), `document.body.innerText.toLowerCase().includes(`+quoted(strings.ToLower(text))+`)`)
	}
}

// seesNot fails if a text can be seen now.
func (p *person) seesNot(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		var seen bool
		if p.asks(`document.documentElement.innerText.toLowerCase().includes(`+quoted(strings.ToLower(text))+`)`, &seen); seen {
			p.t.Errorf("%s sees %q", p.name, text)
		}
	}
}

// isAt waits until the page's path begins so.
func (p *person) isAt(path string) {
	p.t.Helper()
	p.waits("is not at "+path, `location.pathname.startsWith(`+quoted(path)+`) && document.readyState === "complete"`)
}

// find is the page's element of a role and a name, as a screen reader would name it. A name
// is whole, or its beginning when it ends in an ellipsis.
func find(role, label string) string {
	return `(() => {
  const kinds = {button: "button, input[type=submit], summary", link: "a[href]", field: "input:not([type=hidden]), textarea", list: "select", option: "input[type=radio], input[type=checkbox]"};
  const tidy = (s) => s.replace(/\s+/g, " ").trim();
  const text = (e) => { const c = e.cloneNode(true); c.querySelectorAll("kbd, .optional, [aria-hidden=true]").forEach((k) => k.remove()); return tidy(c.textContent); };
  const name = (e) => tidy(e.getAttribute("aria-label") || (e.labels && e.labels[0] ? text(e.labels[0]) : text(e)));
  const want = ` + quoted(label) + `, begins = want.endsWith("…") && want.slice(0, -1);
  return [...document.querySelectorAll(kinds[` + quoted(role) + `])].find((e) => e.getClientRects().length && !e.disabled && (begins ? name(e).startsWith(begins) : name(e) === want));
})()`
}

// clicks presses the mouse on a button or link, again if the page moved it away meanwhile.
func (p *person) clicks(role, label string) {
	p.t.Helper()
	there := find(role, label)
	for range 5 {
		p.waits(fmt.Sprintf("finds no %s %q", role, label), there)
		var at []float64
		p.asks(`(() => { const e = `+there+`; e.scrollIntoView({block: "center"}); window.landed = false;
			addEventListener("click", (ev) => { window.landed ||= !!`+there+`?.contains(ev.target); }, {capture: true, once: true});
			const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, &at)
		if len(at) != 2 {
			continue // it went away between the two questions
		}
		p.do(chromedp.MouseClickXY(at[0], at[1]))
		var missed bool // unknown on the page that the click led to, and where nothing listens
		if p.plain || !p.asks(`window.landed === false`, &missed) || !missed {
			return
		}
	}
	p.t.Fatalf("%s: %s %q does not hold still", p.name, role, label)
}

// fills types into the field with a label, in place of what is there.
func (p *person) fills(label, text string) {
	p.t.Helper()
	p.waits("finds no field "+quoted(label), find("field", label))
	p.waits("cannot enter the field "+quoted(label), `(() => { const e = `+find("field", label)+`; e.focus(); e.select(); return e === document.activeElement })()`)
	p.types(text)
}

// chooses an option of a list by its words.
func (p *person) chooses(label, option string) {
	p.t.Helper()
	p.waits("finds no list "+quoted(label), find("list", label))
	var ok bool
	p.asks(`(() => { const e = `+find("list", label)+`, o = [...e.options].find((o) => o.textContent.trim().startsWith(`+quoted(option)+`)); if (!o) return false; e.value = o.value; e.dispatchEvent(new Event("change", {bubbles: true})); return true })()`, &ok)
	if !ok {
		p.t.Fatalf("%s: %q has no choice %q", p.name, label, option)
	}
}

// presses strokes, one after the other: single characters or Enter, Escape, Tab and arrows.
// A page whose script has not run yet takes none: nobody strikes before it stands.
func (p *person) presses(strokes ...string) {
	p.t.Helper()
	p.waits("waits for the page to stand", `document.readyState === "complete"`)
	named := map[string]input.DispatchKeyEventParams{
		"Enter": {Text: "\r", WindowsVirtualKeyCode: 13}, "Escape": {WindowsVirtualKeyCode: 27}, "Tab": {WindowsVirtualKeyCode: 9},
		"ArrowRight": {WindowsVirtualKeyCode: 39}, "ArrowDown": {WindowsVirtualKeyCode: 40},
	}
	for _, s := range strokes {
		down, known := named[s]
		if !known {
			down.Text = s
		}
		// One event that types unless the page takes the stroke, as a keyboard does.
		down.Type, down.Key, down.Code = input.DispatchKeyEventTypeKeyDown, s, s
		call(p, input.DispatchKeyEvent, down)
		down.Type, down.Text = input.DispatchKeyEventTypeKeyUp, ""
		call(p, input.DispatchKeyEvent, down)
	}
}

// types writes where the cursor is, once there is one.
func (p *person) types(text string) {
	p.t.Helper()
	const at = `document.activeElement`
	p.waits("has no cursor", at+`.matches("input, textarea")`)
	call(p, input.InsertText, input.InsertTextParams{Text: text})
	p.waits("does not see what was typed", at+`.matches("input, textarea") ? `+at+`.value.includes(`+quoted(text)+`) : true`)
}

// once presses a stroke as soon as something on the page says that it takes it.
func (p *person) once(strokes string) {
	p.t.Helper()
	p.waits("finds nothing that takes "+quoted(strokes), `[...document.querySelectorAll("[data-key]")].some((e) => e.dataset.key === `+quoted(strokes)+` && e.getClientRects().length && !e.disabled && !e.closest("[aria-busy=true]")) && !document.querySelector("[aria-busy=true]")`)
	p.presses(strings.Split(strokes, " ")...)
}

// text is what an element shows.
func (p *person) text(selector string) string {
	p.t.Helper()
	var text string
	p.waits("does not see "+selector, `document.querySelector(`+quoted(selector)+`)`)
	p.asks(`document.querySelector(`+quoted(selector)+`).innerText.trim()`, &text)
	return text
}

// theme is how the person's system is set.
func (p *person) theme(which string) {
	p.t.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: which}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
}

// window sets the size of the window and how much everything is enlarged, in per cent.
func (p *person) window(width, height, zoom int64) {
	p.t.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width * 100 / zoom, Height: height * 100 / zoom, DeviceScaleFactor: float64(zoom) / 100})
}

// cut takes the connection away, or gives it back.
func (p *person) cut(away bool) {
	p.t.Helper()
	call(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: away, DownloadThroughput: -1, UploadThroughput: -1}},
	})
}

// slowly makes every answer take so many milliseconds longer.
func (p *person) slowly(ms float64) {
	p.t.Helper()
	call(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Latency: ms, DownloadThroughput: -1, UploadThroughput: -1}},
	})
}

// withoutScript turns the page's scripts off.
func (p *person) withoutScript() {
	p.t.Helper()
	p.plain = true
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// looks at the page as it is: in both themes nothing may be wrong with it for anybody, and
// nothing is cut off at the side. With AMANAH_LOOKS, pictures of it are kept.
func (p *person) looks(name string) {
	p.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		p.theme(theme)
		p.scans(name + ", " + theme)
		if folder := os.Getenv("AMANAH_LOOKS"); folder != "" {
			p.picture(filepath.Join(folder, name+"-"+theme+".png"), true)
		}
	}
	p.theme("light")
	var wide int
	if p.asks(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &wide); wide > 1 {
		p.t.Errorf("%s: %s is %d pixels wider than the window", p.name, name, wide)
	}
}

// guide keeps what the window shows as a picture of the guide, when asked to (AMANAH_SCREENSHOTS=1).
func (p *person) guide(lang, name string) {
	p.t.Helper()
	if os.Getenv("AMANAH_SCREENSHOTS") == "" {
		return
	}
	p.asks(`scrollTo(0, 0), document.activeElement.blur()`, nil)
	file := filepath.Join("..", "..", "docs", "guide", lang, name+".png")
	p.picture(file, false)
	raw, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		p.t.Fatal(err)
	}
	small := image.NewPaletted(picture.Bounds(), colours(picture, 256))
	draw.Draw(small, small.Bounds(), picture, image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small); err != nil {
		p.t.Fatal(err)
	}
	if out.Len() > 150<<10 {
		p.t.Errorf("%s is %d bytes; a picture of the guide has at most 150 KB", file, out.Len())
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// colours are the most frequent colours of a picture.
func colours(picture image.Image, most int) color.Palette {
	count := map[color.RGBA]int{}
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			count[color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)]++
		}
	}
	all := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), bytes.Compare([]byte{a.R, a.G, a.B}, []byte{b.R, b.G, b.B}))
	})
	var out color.Palette
	for _, c := range all[:min(most, len(all))] {
		out = append(out, c)
	}
	return out
}

// scans runs axe-core over the page.
func (p *person) scans(name string) {
	p.t.Helper()
	var found struct {
		Passes     int
		Violations []struct {
			ID, Help string
			Nodes    []struct{ Target, Summary string }
		}
	}
	for range 5 { // a page that renews itself meanwhile takes axe with it
		var there bool
		if p.asks(`typeof axe === "object"`, &there); !there {
			call(p, runtime.Evaluate, runtime.EvaluateParams{Expression: axe})
		}
		if p.asks(`axe.run(document, {runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}, resultTypes: ["violations"]})
		.then((r) => ({Passes: r.passes.length, Violations: r.violations.map((v) => ({ID: v.id, Help: v.help, Nodes: v.nodes.map((n) => ({Target: n.target.join(" "), Summary: n.failureSummary}))}))}))`, &found) {
			break
		}
	}
	if found.Passes < 5 {
		p.t.Errorf("%s: axe did not look at the page", name)
	}
	for _, v := range found.Violations {
		for _, n := range v.Nodes {
			p.t.Errorf("%s: axe %s: %s\n%s\n%s", name, v.ID, v.Help, n.Target, n.Summary)
		}
	}
}

// picture keeps what the window shows, or the whole page.
func (p *person) picture(file string, whole bool) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	shot := page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng}
	if whole {
		size, err := chromedp.Call(ctx, page.GetLayoutMetrics, cdp.Empty{})
		if err != nil || size.CSSContentSize == nil {
			return
		}
		beyond := true
		shot.CaptureBeyondViewport = &beyond
		shot.Clip = &page.Viewport{Width: size.CSSContentSize.Width, Height: size.CSSContentSize.Height, Scale: 1}
	}
	b, err := chromedp.Call(ctx, page.CaptureScreenshot, shot)
	if err == nil {
		err = errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, b.Data, 0o644))
	}
	if err != nil {
		p.t.Log("no picture:", err)
	}
}

// fits checks that what a selector finds lies within the window without scrolling.
func (p *person) fits(selector string) {
	p.t.Helper()
	var bottom float64
	p.asks(`scrollTo(0, 0), Math.max(...[...document.querySelectorAll(`+quoted(selector)+`)].map((e) => e.getBoundingClientRect().bottom))`, &bottom)
	if bottom <= 0 || bottom > 720 {
		p.t.Errorf("%s must scroll for %s: it ends at %s of 720", p.name, selector, strconv.FormatFloat(bottom, 'f', 0, 64))
	}
}

func describe(o *runtime.RemoteObject) string {
	if o == nil {
		return ""
	}
	return o.Description
}
