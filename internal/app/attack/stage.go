package attack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/app/fiction"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/proof"
)

// Clock is the time of the play. It begins at the machine's and moves only when somebody on stage waits, so that no verdict
// hangs on how fast the machine is. Give Now to the installation.
type Clock struct {
	begin time.Time
	ahead atomic.Int64
}

// NewClock is the time of a play that begins now.
func NewClock() *Clock { return &Clock{begin: time.Now()} }

// Now is the time of the play.
func (c *Clock) Now() time.Time { return c.begin.Add(time.Duration(c.ahead.Load())) }

// Wait lets the play's people wait, without waiting.
func (c *Clock) Wait(d time.Duration) { c.ahead.Add(int64(d)) }

// breath is how long a person needs between two requests: it keeps one who is not in a hurry below the front desk's limits.
const breath = 60 * time.Millisecond

// Options say where the attacks are played.
type Options struct {
	Center  *bench.Center // of the installation, with the controllers toko and bank
	Address string        // of its server, http://host:port
	Clock   *Clock        // the installation's
	Text    *i18n.Printer // of the report
	// Steal reads everything that lies in the installation's stores, as a thief of them would.
	Steal func(ctx context.Context, look func(name string, text []byte)) error
}

// Stage is an installation with what all rows share.
type Stage struct {
	Options
	toko, bank string
	policy     *proof.Policy
	key        string            // the log's, pinned
	held       []byte            // a checkpoint that the auditor kept from the beginning
	paths      []operation       // of the API
	purposes   map[string]string // of toko, by slug
	labels     map[string]string // of fields, in the report's language
	auditor    *person
	pool       []*person // members of staff who have played before
	importer   *client.Client
	people     []fiction.Person
	cast       int // members of staff made
	customers  int
	birthday   time.Time // of the next customer; zero: as fiction has it
}

// operation is one of the OpenAPI document.
type operation struct{ method, path string }

// NewStage prepares the installation: an auditor who pins the log's key, a client that imports customers.
func NewStage(ctx context.Context, o Options) (*Stage, error) {
	st := &Stage{Options: o, toko: o.Center.Controllers["toko"], bank: o.Center.Controllers["bank"], purposes: map[string]string{}, labels: map[string]string{}}
	if st.toko == "" || st.bank == "" {
		return nil, errors.New("the companies toko and bank are missing")
	}
	st.people = distinct(fiction.People(400, 20, o.Clock.Now()))
	var err error
	if st.auditor, err = st.hire(ctx, nil, actor.Auditor, st.toko, st.bank); err != nil {
		return nil, err
	}
	health, err := st.auditor.LogHealth(ctx)
	if err != nil {
		return nil, err
	}
	st.key, st.held = health.Verifier, []byte(health.Checkpoint)
	if st.policy, err = proof.TrustKey(st.key); err != nil {
		return nil, err
	}
	_, key, err := o.Center.Client(ctx, "CRM", []string{identity.ScopeImport}, []string{st.toko, st.bank})
	if err != nil {
		return nil, err
	}
	if st.importer, err = st.client(st.http(nil), key); err != nil {
		return nil, err
	}
	list, err := st.auditor.Purposes(ctx, st.toko)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		st.purposes[p.Slug] = p.ID
	}
	fields, err := st.auditor.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range fields {
		st.labels[f.Name] = f.Label[string(o.Text.Lang())]
	}
	return st, st.readDocument(ctx)
}

// distinct are the people whose names nobody else bears and that are long enough to be looked for.
func distinct(all []fiction.Person) (out []fiction.Person) {
	bearers := map[string]int{}
	for _, p := range all {
		bearers[p.Name]++
	}
	for _, p := range all {
		if bearers[p.Name] == 1 && len(p.Name) > 12 && strings.Contains(p.Name, " ") {
			out = append(out, p)
		}
	}
	return out
}

// readDocument learns which operations the API has, as its OpenAPI document says.
func (st *Stage) readDocument(ctx context.Context) error {
	document, err := st.exchange(ctx, &http.Client{}, http.MethodGet, "/api/openapi.json", nil, nil)
	if err != nil {
		return err
	}
	var d struct {
		Servers []struct {
			URL string `json:"url"`
		} `json:"servers"`
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal([]byte(document.text), &d); err != nil {
		return err
	}
	if len(d.Servers) == 0 {
		return errors.New("the OpenAPI document does not say where the API is")
	}
	for path, methods := range d.Paths {
		for method := range methods {
			st.paths = append(st.paths, operation{strings.ToUpper(method), d.Servers[0].URL + path})
		}
	}
	slices.SortFunc(st.paths, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	if len(st.paths) < 20 {
		return errors.New("the OpenAPI document has hardly any paths")
	}
	return nil
}

// person is a member of staff, or a program with a key.
type person struct {
	who              string // in the report: agent, hostile_agent, …
	role             actor.Role
	controllers      []string
	watch            *watch
	parts            int       // how often they have been on stage
	seen             time.Time // when they began their last part
	id, login, name  string
	password, secret string
	*client.Client   // by a session for programs, or a key
	token, cookie    string
	http             *http.Client
}

// cast are the first names of the people on stage; none of them is a customer's.
var cast = []string{"Rina", "Bagas", "Tiara", "Yoga", "Laras", "Galih", "Nindya", "Raka", "Sekar", "Panji"}

// hire makes a member of staff and signs them in for programs. on is the scene that sees what they are answered; nil for none.
func (st *Stage) hire(ctx context.Context, on *scene, role actor.Role, controllers ...string) (*person, error) {
	st.cast++
	p := &person{
		who: string(role), login: fmt.Sprintf("%s-%d", role, st.cast), name: cast[st.cast%len(cast)] + " Adiwangsa",
		password: identity.NewTOTPSecret(), secret: identity.NewTOTPSecret(), role: role, controllers: controllers, watch: &watch{on},
	}
	p.http = st.http(p.watch)
	var err error
	if p.id, err = st.Center.Staff(ctx, p.login, p.name, role, controllers, p.password, p.secret); err != nil {
		return nil, err
	}
	if p.Client, err = st.client(p.http, ""); err != nil {
		return nil, err
	}
	code, err := identity.TOTPCode(p.secret, st.Clock.Now())
	if err != nil {
		return nil, err
	}
	s, err := p.SignIn(ctx, p.login, p.password, code)
	if err != nil {
		return nil, err
	}
	p.token, p.Client = s.Token, p.As(s.Token)
	return p, nil
}

// browse signs a member of staff in at the console, through its forms. A code is good once, so they wait for the next.
func (st *Stage) browse(ctx context.Context, p *person) error {
	st.Clock.Wait(31 * time.Second)
	code, err := identity.TOTPCode(p.secret, st.Clock.Now())
	if err != nil {
		return err
	}
	first, err := st.exchange(ctx, p.http, http.MethodPost, "/sign-in", url.Values{"login": {p.login}, "password": {p.password}}, nil)
	if err != nil {
		return err
	}
	second, err := st.exchange(ctx, p.http, http.MethodPost, "/sign-in/second", url.Values{"code": {code}}, first.cookies)
	if err != nil {
		return err
	}
	for _, c := range second.cookies {
		if c.Name == identity.CookieName && c.MaxAge >= 0 {
			p.cookie = c.Value
		}
	}
	if p.cookie == "" {
		return fmt.Errorf("the console answers a sign-in with %d", second.status)
	}
	return nil
}

// Somebody who has played plays again, in another scene: hashing passwords is most of what a run would cost. They leave
// before their session idles out or an hour's calls by hand are near, and take nothing along but who they are.
const (
	longestRest = 5 * time.Minute
	mostParts   = 8
)

// recast is somebody of the pool who is not in this scene yet, or nobody.
func (st *Stage) recast(on *scene, role actor.Role, controllers []string) *person {
	now := st.Clock.Now()
	st.pool = slices.DeleteFunc(st.pool, func(p *person) bool { return p.parts >= mostParts || now.Sub(p.seen) > longestRest })
	for _, p := range st.pool {
		if p.role == role && slices.Equal(p.controllers, controllers) && p.watch.scene != on {
			return p
		}
	}
	return nil
}

// client is a program with a key, or with none.
func (st *Stage) client(h *http.Client, key string) (*client.Client, error) {
	// A refusal is what is waited for: nothing is repeated.
	return client.New(client.Options{Address: st.Address, Key: key, HTTP: h, Attempts: 1, Language: string(st.Text.Lang())})
}

// watch is the scene that sees what somebody is answered.
type watch struct{ *scene }

// transport breathes before each request and shows each answer to the scene.
type transport struct {
	clock *Clock
	watch *watch
	next  http.RoundTripper
}

func (x transport) RoundTrip(r *http.Request) (*http.Response, error) {
	x.clock.Wait(breath)
	a, err := x.next.RoundTrip(r)
	if err != nil || x.watch == nil || x.watch.scene == nil {
		return a, err
	}
	body, err := io.ReadAll(io.LimitReader(a.Body, 8<<20))
	_ = a.Body.Close()
	if err != nil {
		return nil, err
	}
	a.Body = io.NopCloser(strings.NewReader(string(body)))
	x.watch.answered(r, a, body)
	return a, nil
}

func (st *Stage) http(watch *watch) *http.Client {
	return &http.Client{
		Timeout: 2 * time.Minute, Transport: transport{st.Clock, watch, http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// reply is an answer, read whole.
type reply struct {
	status  int
	header  http.Header
	text    string
	cookies []*http.Cookie
}

// exchange asks for a page, or posts a form, as a browser does.
func (st *Stage) exchange(ctx context.Context, h *http.Client, method, target string, form url.Values, cookies []*http.Cookie) (reply, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, st.Address+target, body)
	if err != nil {
		return reply{}, err
	}
	r.Header.Set("Accept-Language", string(st.Text.Lang()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	a, err := h.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = a.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(a.Body, 8<<20))
	return reply{a.StatusCode, a.Header, string(text), a.Cookies()}, err
}

// page is what somebody at the console gets.
func (st *Stage) page(ctx context.Context, p *person, method, target string, form url.Values) (reply, error) {
	return st.exchange(ctx, p.http, method, target, form, []*http.Cookie{{Name: identity.CookieName, Value: p.cookie, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}})
}

// customer is somebody whose data the company keeps. They do not exist.
type customer struct {
	fiction.Person
	subject, phone, email, number string
}

// values are what is kept of them, by field.
func (c *customer) values() map[string]string {
	return map[string]string{
		"name": c.Name, "customer_number": c.number, "phone": c.phone, "email": c.email, "nik": c.NIK, "kk": c.KK, "birth_date": c.Born.Format("2006-01-02"),
		"address": c.Address, "mother_maiden_name": c.Mother, "account_number": c.Account,
	}
}

// known are the spellings in which a raw value would be seen, by field.
func (c *customer) known() map[string][]string {
	out := map[string][]string{}
	for field, v := range c.values() {
		out[field] = []string{v}
	}
	local := strings.TrimPrefix(c.phone, "+62")
	out["phone"] = append(out["phone"], "0"+local, "0"+local[:3]+"-"+local[3:7]+"-"+local[7:])
	out["birth_date"] = append(out["birth_date"], c.Born.Format("02-01-2006"), c.Born.Format("02/01/2006"))
	return out
}

// enrol stores a customer of a company through the API, with contacts registered half a year ago and their history.
func (st *Stage) enrol(ctx context.Context, controller string) (*customer, error) {
	if st.customers == len(st.people) {
		return nil, errors.New("nobody is left to be a customer")
	}
	p := st.people[st.customers]
	st.customers++
	c := &customer{Person: p, number: p.Number, phone: p.Phones[0].Value, email: fmt.Sprintf("%s.%d@surel.example", strings.ToLower(strings.Fields(p.Name)[0]), st.customers)}
	if !st.birthday.IsZero() {
		c.Born = st.birthday
	}
	c.phone = fmt.Sprintf("+62849%08d", (int64(st.customers)*61803399+7182818)%100_000_000) // their own, not the household's
	since := st.Clock.Now().AddDate(0, -6, 0).UTC().Truncate(time.Second)
	purpose, err := st.Center.Purpose(ctx, controller, "registration")
	if err != nil {
		return nil, err
	}
	n := client.NewCustomer{Controller: controller, Purpose: purpose}
	values := c.values()
	for _, field := range slices.Sorted(maps.Keys(values)) {
		v := client.NewValue{Field: field, Value: values[field]}
		if field == "phone" || field == "email" {
			v.RegisteredAt = &since
		}
		n.Values = append(n.Values, v)
	}
	made, err := st.importer.CreateCustomer(ctx, n)
	if err != nil {
		return nil, err
	}
	c.subject = made.Customer
	return c, st.Center.Remember(ctx, controller, c.subject, c.History)
}

var (
	linkForm   = regexp.MustCompile(`/v/[A-Za-z0-9_\-.~]{20,}`)
	changeForm = regexp.MustCompile(`/v/change/[A-Za-z0-9_\-.~]{20,}`)
	noticeForm = regexp.MustCompile(`/v/notice/[A-Za-z0-9_\-.~]{20,}`)
)

// letters is what arrived on the customers' telephones and in their mail, newest first.
func (st *Stage) letters(ctx context.Context) (string, error) {
	if err := st.Center.Work(ctx); err != nil {
		return "", err
	}
	inbox, err := st.exchange(ctx, st.http(nil), http.MethodGet, "/demo/inbox", nil, nil)
	return inbox.text, err
}

// link is the newest link that a customer got.
func (st *Stage) link(ctx context.Context) (string, error) {
	text, err := st.letters(ctx)
	if err != nil {
		return "", err
	}
	link := linkForm.FindString(text)
	if link == "" {
		return "", errors.New("no message with a link arrived")
	}
	return link, nil
}

// answer is the customer, or whoever holds their telephone: opens the link and answers.
func (st *Stage) answer(ctx context.Context, link, answer string) error {
	h := st.http(nil)
	opened, err := st.exchange(ctx, h, http.MethodPost, link+"/open", url.Values{}, nil)
	if err != nil {
		return err
	}
	said, err := st.exchange(ctx, h, http.MethodPost, link+"/answer", url.Values{"answer": {answer}}, opened.cookies)
	if err == nil && said.status >= http.StatusBadRequest {
		err = fmt.Errorf("the customer's page answers %d", said.status)
	}
	return err
}
