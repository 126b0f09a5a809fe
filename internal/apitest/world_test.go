package apitest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/proof"
)

const password = "kapal-biru-di-laut-tenang-77"

// person is a member of staff with a session for programs and one for the console.
type person struct {
	id, login, secret string
	role              actor.Role
	*client.Client           // acts for the session alone
	token             string // of that session
	cookie            string // of the console's session
}

// world is an installation behind a server.
type world struct {
	*app.Trial
	t      testing.TB
	server *httptest.Server
	log    *safeBuffer
	ahead  atomic.Int64 // how far the world's clock is ahead of the machine's
	dir    string
	from   atomic.Int64 // counts the addresses that requests come from

	heard  func(exchange) // told of every answer, when set
	closed sync.Once

	toko, bank string // the companies' ids
	people     map[string]*person
}

// safeBuffer takes what the server logs.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func (w *world) sleep(d time.Duration) { w.ahead.Add(int64(d)) }

// open makes a world. database is a postgres:// address, or "" for SQLite files; settings are keys and values by turns.
func open(t testing.TB, database string, settings ...string) *world {
	t.Helper()
	all := map[string]string{"proxy.trusted": "127.0.0.0/8"}
	for i := 0; i+1 < len(settings); i += 2 {
		all[settings[i]] = settings[i+1]
	}
	w := &world{t: t, log: &safeBuffer{}, dir: t.TempDir(), people: map[string]*person{}}
	trial, err := app.NewTrial(context.Background(), app.TrialOptions{
		Dir: w.dir, Database: database, Controllers: []string{"toko=Toko Nusantara", "bank=Bank Cendana"}, Clock: w.now,
		Log: slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		// Requests of a test come from one machine. The addresses it claims are believed, so that one test's requests do
		// not use up another's share.
		Settings: all,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Trial, w.toko, w.bank = trial, trial.Controllers["toko"], trial.Controllers["bank"]
	h := trial.Web.HTTP("")
	w.server = httptest.NewUnstartedServer(h.Handler)
	w.server.Config = h
	w.server.StartTLS()
	t.Cleanup(w.close)
	return w
}

// close stops the server and lets go of the stores.
func (w *world) close() {
	w.closed.Do(func() {
		w.server.Close()
		if err := w.Trial.Close(context.Background()); err != nil {
			w.t.Error(err)
		}
	})
}

// exchange is a request and its answer.
type exchange struct {
	method, path string
	status       int
	text         string // of the answer: head and body
}

// transport gives every request an address of its own and keeps connections.
type transport struct {
	w    *world
	next http.RoundTripper
}

func (x transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("X-Forwarded-For") == "" {
		n := x.w.from.Add(1)
		r.Header.Set("X-Forwarded-For", net.IPv4(10, byte(n>>16), byte(n>>8), byte(n)).String())
	}
	a, err := x.next.RoundTrip(r)
	if err != nil || x.w.heard == nil {
		return a, err
	}
	body, err := io.ReadAll(a.Body)
	if err != nil {
		return nil, err
	}
	_ = a.Body.Close()
	a.Body = io.NopCloser(bytes.NewReader(body))
	x.w.heard(exchange{r.Method, r.URL.Path, a.StatusCode, response{a.StatusCode, a.Header, string(body)}.text()})
	return a, nil
}

func (w *world) http() *http.Client {
	return &http.Client{
		Timeout:       30 * time.Second,
		Transport:     transport{w, w.server.Client().Transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// client is a program with an API client's key, or with none.
func (w *world) client(key string) *client.Client {
	w.t.Helper()
	c, err := client.New(client.Options{Address: w.server.URL, Key: key, HTTP: w.http()})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// machine is a program that acts alone, with scopes.
func (w *world) machine(name string, controllers []string, scopes ...string) (*client.Client, string) {
	w.t.Helper()
	_, key, err := w.Client(context.Background(), name, scopes, controllers)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.client(key), key
}

// hire makes a member of staff, who is not signed in yet.
func (w *world) hire(name string, role actor.Role, controllers ...string) *person {
	w.t.Helper()
	p := &person{login: "masuk-" + name, secret: identity.NewTOTPSecret(), role: role}
	if len(controllers) == 0 {
		controllers = []string{w.toko}
	}
	var err error
	if p.id, err = w.Staff(context.Background(), p.login, "Rina Wulandari", role, controllers, password, p.secret); err != nil {
		w.t.Fatal(err)
	}
	w.people[name] = p
	return p
}

func (w *world) code(p *person) string {
	w.t.Helper()
	code, err := totp.GenerateCode(p.secret, w.now())
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

// signIn gives a member of staff a session for programs.
func (w *world) signIn(p *person) *person {
	w.t.Helper()
	s, err := w.client("").SignIn(context.Background(), p.login, password, w.code(p))
	if err != nil {
		w.t.Fatal(err)
	}
	p.token, p.Client = s.Token, w.client("").As(s.Token)
	return p
}

// browse gives a member of staff a session for the console, through the forms.
func (w *world) browse(p *person) *person {
	w.t.Helper()
	b := w.browser()
	if r := b.do("POST", "/sign-in", url.Values{"login": {p.login}, "password": {password}}); r.status != 200 {
		w.t.Fatalf("sign-in of %s: %d", p.login, r.status)
	}
	if r := b.do("POST", "/sign-in/second", url.Values{"code": {w.code(p)}}); r.status != 303 {
		w.t.Fatalf("second factor of %s: %d\n%.1500s", p.login, r.status, r.body)
	}
	p.cookie = b.cookies[identity.CookieName]
	return p
}

// agent is a signed-in agent of toko.
func (w *world) agent(name string) *person { return w.signIn(w.hire(name, actor.Agent)) }

// response is an answer, read whole.
type response struct {
	status int
	header http.Header
	body   string
}

// text is everything that was answered, head and body.
func (r response) text() string {
	var b strings.Builder
	_ = r.header.Write(&b)
	return b.String() + r.body
}

// send sends a request as it is. header holds names and values by turns; a name may come twice.
func (w *world) send(method, target, body string, header ...string) response {
	w.t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, w.server.URL+target, in)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return w.roundTrip(r)
}

func (w *world) roundTrip(r *http.Request) response {
	w.t.Helper()
	a, err := w.http().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(a.Body, 8<<20))
	if err != nil {
		w.t.Fatal(err)
	}
	return response{a.StatusCode, a.Header, string(text)}
}

// browser keeps cookies, as a browser does.
type browser struct {
	w       *world
	cookies map[string]string
	header  []string
}

func (w *world) browser() *browser { return &browser{w: w, cookies: map[string]string{}} }

// console is the browser of a member of staff.
func (w *world) console(p *person) *browser {
	b := w.browser()
	b.cookies[identity.CookieName] = p.cookie
	return b
}

// do asks for a page, or posts a form when there is one.
func (b *browser) do(method, target string, form url.Values) response {
	b.w.t.Helper()
	var in io.Reader
	if form != nil {
		in = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequest(method, b.w.server.URL+target, in)
	if err != nil {
		b.w.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i+1 < len(b.header); i += 2 {
		r.Header.Set(b.header[i], b.header[i+1])
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	out := b.w.roundTrip(r)
	for _, c := range (&http.Response{Header: out.header}).Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return out
}

var linkForm = regexp.MustCompile(`/v/[A-Za-z0-9_\-.~]+`)

// link is the newest link in the inbox of the customer's telephone or mail.
func (w *world) link() string {
	w.t.Helper()
	if err := w.Work(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	for _, m := range w.Inbox.List() {
		if link := linkForm.FindString(m.Body); link != "" {
			return link
		}
	}
	w.t.Fatal("no message with a link arrived")
	return ""
}

// confirm is the customer: opens the link and types the number.
func (w *world) confirm(link string, number int) response {
	w.t.Helper()
	b := w.browser()
	if r := b.do("GET", link, nil); r.status != 200 || !strings.Contains(r.body, "Toko Nusantara") {
		w.t.Fatalf("the customer's page: %d", r.status)
	}
	if r := b.do("POST", link+"/open", url.Values{}); r.status != 303 {
		w.t.Fatalf("opening the customer's page: %d", r.status)
	}
	if r := b.do("POST", link+"/answer", url.Values{"answer": {fmt.Sprintf("%02d", number)}}); r.status != 303 {
		w.t.Fatalf("answering on the customer's page: %d\n%.1500s", r.status, r.body)
	}
	return b.do("GET", link, nil)
}

func (w *world) purpose(slug string) string { return w.purposeOf(w.toko, slug) }

func (w *world) purposeOf(controller, slug string) string {
	w.t.Helper()
	p, err := w.Purpose(context.Background(), controller, slug)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// values are customer number n, who does not exist.
func (w *world) values(n int) []client.NewValue {
	since := w.now().AddDate(0, -6, 0).UTC().Truncate(time.Second)
	return []client.NewValue{
		{Field: "customer_number", Value: number(n)},
		{Field: "name", Value: "Siti Rahmawati"},
		{Field: "phone", Value: phone(n), RegisteredAt: &since},
		{Field: "email", Value: "orang" + strconv.Itoa(n) + "@contoh.example", RegisteredAt: &since},
		{Field: "birth_date", Value: "1988-04-17"},
		{Field: "address", Value: "Jalan Melati No. 7, RT 03/RW 05, Sukamaju"},
	}
}

func number(n int) string { return fmt.Sprintf("CN%08d", n) }

func phone(n int) string { return fmt.Sprintf("+62899%08d", n) }

// customer creates customer n of a company through the API.
func (w *world) customer(importer *client.Client, controller string, n int) string {
	w.t.Helper()
	out, err := importer.CreateCustomer(context.Background(), client.NewCustomer{Controller: controller, Purpose: w.purposeOf(controller, "registration"), Values: w.values(n)})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.Customer
}

// call is an agent in a call with customer n, who is identified and not verified.
func (w *world) call(a *person, n int) string {
	w.t.Helper()
	ctx := context.Background()
	itx, err := a.StartInteraction(ctx, client.Opening{Controller: w.toko, Channel: "phone", Direction: "inbound", Queue: "layanan", From: phone(n)})
	w.must(err)
	w.must(a.Heartbeat(ctx, itx))
	w.must(a.ChoosePurpose(ctx, itx, w.purpose("order_status"), "id"))
	found, err := a.Search(ctx, itx, "customer_number", number(n))
	w.must(err)
	if len(found.Hits) != 1 {
		w.t.Fatalf("%d customers have one number", len(found.Hits))
	}
	w.must(a.Identify(ctx, itx, found.Hits[0].Subject))
	return itx
}

// serving is an agent in a verified call with customer n.
func (w *world) serving(a *person, n int) string {
	w.t.Helper()
	itx := w.call(a, n)
	one, err := a.SendLink(context.Background(), itx, "")
	w.must(err)
	w.confirm(w.link(), one.Number)
	return itx
}

// fourth has the agent serve customer n, who wants a contact changed, at level 4. How its proofs are shown is verification's test.
func (w *world) fourth(a *person, n int) string {
	w.t.Helper()
	ctx := context.Background()
	itx := w.serving(a, n)
	w.must(a.ChoosePurpose(ctx, itx, w.purpose("change_contact"), "id"))
	w.must(w.DB.Write(ctx, func(tx *db.Tx) error {
		now := tx.Now()
		var subject string
		if err := tx.Data.Row(`select subject from interaction_contact where id = $1`, itx).Scan(&subject); err != nil {
			return err
		}
		tx.Data.Queue(`insert into verification_grant (id, interaction, subject, level, methods, granted_at, expires_at) values ($1,$2,$3,4,$4,$5,$6)`,
			id.NewAt(id.Verification, now), itx, subject, "link:email@40+history+supervisor+notice:email@40+call_back:phone@40",
			now.UnixMicro(), now.Add(verification.LevelLasts).UnixMicro())
		return nil
	}))
	return itx
}

// denied is a call with customer n that the customer denies: the id of the denial.
func (w *world) denied(a *person, n int) string {
	w.t.Helper()
	one, err := a.SendLink(context.Background(), w.call(a, n), "")
	w.must(err)
	if r := w.browser().do("POST", w.link()+"/answer", url.Values{"answer": {"denied"}}); r.status != 303 {
		w.t.Fatalf("the customer denies: %d", r.status)
	}
	return one.ID
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// verified checks the whole log as an outsider would who has the stores.
func (w *world) verified() {
	w.t.Helper()
	w.must(w.Log.Sign(context.Background()))
	report, err := audit.Verify(context.Background(), w.DB, proof.Options{})
	w.must(err)
	if !report.OK() {
		w.t.Fatalf("the log does not verify: %+v", report)
	}
	w.owned()
}

// code expects a refusal.
func refused(t testing.TB, err error, status int, code string) *client.Error {
	t.Helper()
	e, ok := err.(*client.Error) //nolint:errorlint // it is not wrapped
	if !ok || e.Status != status || code != "" && e.Code != code {
		t.Errorf("%v; want %d %s", err, status, code)
		return &client.Error{}
	}
	return e
}

// heldMails are incidents of mails that wait for a decision.
func (w *world) heldMails(n int) (incidents []string) {
	w.t.Helper()
	for range n {
		incident, err := w.HoldMail(w.t.Context(), w.toko)
		w.must(err)
		incidents = append(incidents, incident)
	}
	return incidents
}
