package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/verification"
)

// Step names of a scripted call, in their order. Ring is from the telephone exchange's report to the screen that shows it.
const (
	stepRing     = "ring"
	stepPop      = "pop"
	stepAccept   = "accept"
	stepPurpose  = "purpose"
	stepSearch   = "search"
	stepIdentify = "identify"
	stepLink     = "link"
	stepLetter   = "letter"
	stepOpen     = "open"
	stepQuestion = "question"
	stepAnswer   = "answer"
	stepServe    = "serve"
	stepCompare  = "compare"
	stepReveal   = "reveal"
	stepNote     = "note"
	stepEnd      = "end"
	stepSeal     = "seal"
	stepBeat     = "beat"

	popped   = "screen pop"
	verified = "verification" // from the agent's one key to the level on his screen, with a customer who notices the message, reads and types as people do
)

// Desk is an agent at the console who takes calls of one customer.
type Desk struct {
	Agent  actor.Actor
	Cookie string
	Person int
}

// Traffic is a day of a call center by script: at each desk calls ring, are taken, verified by the customer on the
// customer page, served and ended, with the waits that people make. Everything goes over HTTP as browsers and a
// telephone exchange would send it.
type Traffic struct {
	*Center
	Controller string
	Purpose    string
	Key        string // of the API client that reports calls
	Desks      []Desk
	Pace       float64 // the waits of people are divided by it; 1 is life
}

// Desks makes so many agents signed in at the console, each with a customer, persons from+1 and up.
func (c *Center) Desks(ctx context.Context, controller string, from, n int) (list []Desk, err error) {
	for i := from + 1; i <= from+n; i++ {
		d := Desk{Person: i}
		if d.Agent, d.Cookie, err = c.Browsing(ctx, actor.Agent, controller); err != nil {
			return nil, err
		}
		if _, err = c.Customer(ctx, controller, i); err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}

// Seen is what was measured of a Traffic.
type Seen struct {
	Calls    int
	Handling time.Duration            // mean over the calls: all the waiting for answers in one call
	Call     time.Duration            // mean over the calls: from the ring to the seal
	Steps    map[string]time.Duration // 95th percentile of each step
	Verified time.Duration            // median over the calls: of a verification, the customer's own time included
	Grown    int64                    // bytes of memory in use at the end, less those when half of the time was over
	Held     int64                    // bytes that are still referred to at the end, after a collection, less those at half time
	Bytes    int64                    // mean over the calls: of all answers in one call
	Entries  int64                    // of the log, meanwhile
}

// ledger collects what desks measure.
type ledger struct {
	mu     sync.Mutex
	steps  map[string][]time.Duration
	calls  int
	waited time.Duration
	lasted time.Duration
	bytes  int64
}

func (l *ledger) add(step string, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.steps[step] = append(l.steps[step], took)
}

// Run seats everybody, and ends when the time is over and the calls that were going on are ended.
func (t *Traffic) Run(ctx context.Context, lasts time.Duration) (Seen, error) {
	address, stop, err := Serve(t.Web.HTTP(""))
	if err != nil {
		return Seen{}, err
	}
	defer stop()
	defer t.working(ctx)()
	l := &ledger{steps: map[string][]time.Duration{}}
	failed := make([]error, len(t.Desks))
	began, entries := time.Now(), t.Log.Size()
	type memory struct{ used, held int64 }
	look := func() (m memory) { m.held = held(); m.used = inUse(); return m }
	half := make(chan memory, 1)
	time.AfterFunc(lasts/2, func() { half <- look() })
	var desks sync.WaitGroup
	for i := range t.Desks {
		desks.Go(func() {
			for calls := 1; time.Since(began) < lasts && ctx.Err() == nil; calls++ {
				if failed[i] = t.seat(ctx, "http://"+address, i, uint64(calls), l); failed[i] != nil { //nolint:gosec // a count
					failed[i] = fmt.Errorf("desk %d, call %d: %w", i, calls, failed[i])
					return
				}
			}
		})
	}
	desks.Wait()
	was, is := <-half, look()
	s := Seen{Calls: l.calls, Steps: map[string]time.Duration{}, Grown: is.used - was.used, Held: is.held - was.held, Entries: t.Log.Size() - entries}
	for step, list := range l.steps {
		s.Steps[step] = Percentile(list, 95)
	}
	if l.calls > 0 {
		s.Verified = Percentile(l.steps[verified], 50)
		s.Handling, s.Call, s.Bytes = l.waited/time.Duration(l.calls), l.lasted/time.Duration(l.calls), l.bytes/int64(l.calls)
	}
	return s, errors.Join(failed...)
}

// working runs the jobs until it is called, as the program does.
func (t *Traffic) working(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var worker sync.WaitGroup
	worker.Go(func() { t.Worker.Run(ctx) })
	return func() { cancel(); worker.Wait() }
}

// held is how many bytes are left of this process's heap after a collection.
func held() int64 {
	runtime.GC()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return int64(live[0].Value.Uint64()) //nolint:gosec // far below
}

// inUse is the memory of this process that lies in the machine's memory, in bytes; 0 where the system does not say.
func inUse() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// letter waits for the link that a customer gets and returns its token.
func (t *Traffic) letter(ctx context.Context, person int) (string, error) {
	to := fmt.Sprintf("orang%d@contoh.example", person)
	for range 1000 {
		for _, m := range t.Inbox.List() {
			if m.To != to {
				continue
			}
			if _, after, ok := strings.Cut(m.Body, "/v/"); ok {
				token := strings.Fields(after)[0]
				if v, err := t.Verification.Show(ctx, token, "", i18n.ID); err == nil && v.State == verification.ViewClosed {
					return token, nil
				}
			}
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return "", errors.New("no message with a link arrived")
}

// seat is one desk's next call.
type seat struct {
	*Traffic
	Desk
	url    string
	random *rand.Rand
	http   *http.Client
	ledger *ledger
	waited time.Duration // of this call, for answers
	bytes  int64         // of these answers
}

var (
	foundSubject = regexp.MustCompile(`name="subject" value="(sub_[0-9a-z]+)"`)
	foundNumber  = regexp.MustCompile(`class="number"[^>]*>([0-9]{2})<`)
)

// seat serves one call at a desk, from the wait before it rings to the seal.
func (t *Traffic) seat(ctx context.Context, address string, number int, call uint64, l *ledger) (err error) {
	transport := &http.Transport{MaxIdleConnsPerHost: 4}
	defer transport.CloseIdleConnections()
	s := &seat{Traffic: t, Desk: t.Desks[number], url: address, random: rand.New(rand.NewPCG(uint64(number), call)), ledger: l, //nolint:gosec // waits, no secrets
		http: &http.Client{Transport: transport, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	rings, closeRings, err := s.listen(ctx, "/desk/events")
	if err != nil {
		return err
	}
	defer closeRings()
	if s.wait(ctx, 2, 10); call == 1 {
		s.wait(ctx, 0, 100) // a shift does not begin with everybody's telephone ringing at once
	}

	rang := time.Now()
	body, _ := json.Marshal(map[string]string{"controller": t.Controller, "channel": "phone", "direction": "inbound", "queue": "traffic", "from": Phone(s.Person)})
	var opened struct {
		ID string `json:"id"`
	}
	answer, err := s.send(ctx, stepRing, "POST", "/api/v1/interactions", string(body), "Authorization", "Bearer "+t.Key, "Content-Type", "application/json")
	if err == nil {
		err = json.Unmarshal(answer.text, &opened)
	}
	if err != nil {
		return err
	}
	path := "/calls/" + opened.ID
	for there := false; !there; {
		select {
		case <-rings:
		case <-time.After(20 * time.Second):
			return errors.New("it rang, and no screen showed it")
		}
		if answer, err = s.send(ctx, stepPop, "GET", "/desk", ""); err != nil {
			return err
		}
		there = bytes.Contains(answer.text, []byte(opened.ID))
	}
	l.add(popped, time.Since(rang))
	closeRings()

	s.wait(ctx, 1, 3)
	if _, err = s.form(ctx, stepAccept, path+"/accept", nil); err != nil {
		return err
	}
	changes, closeChanges, err := s.listen(ctx, path+"/events")
	if err != nil {
		return err
	}
	defer closeChanges()
	beats := make(chan error, 1)
	beating, stopBeats := context.WithCancel(ctx)
	go func() { beats <- s.beat(beating, path) }()
	defer func() {
		stopBeats()
		if e := <-beats; err == nil {
			err = e
		}
	}()
	s.wait(ctx, 3, 8)
	if _, err = s.form(ctx, stepPurpose, path+"/purpose", url.Values{"purpose": {t.Purpose}}); err != nil {
		return err
	}
	s.wait(ctx, 4, 10)
	if answer, err = s.form(ctx, stepSearch, path+"/search", url.Values{"by": {"customer_number"}, "value": {Number(s.Person)}}); err != nil {
		return err
	}
	subject := foundSubject.FindSubmatch(answer.text)
	if subject == nil {
		return errors.New("the search found nobody")
	}
	if _, err = s.form(ctx, stepIdentify, path+"/identify", url.Values{"subject": {string(subject[1])}}); err != nil {
		return err
	}
	s.wait(ctx, 1, 3)
	asked := time.Now()
	if answer, err = s.form(ctx, stepLink, path+"/link", nil); err != nil {
		return err
	}
	shown := foundNumber.FindSubmatch(answer.text)
	if shown == nil {
		return errors.New("the page shows no number to match")
	}
	if err = s.customer(ctx, string(shown[1])); err != nil {
		return err
	}
	select {
	case <-changes:
	case <-time.After(20 * time.Second):
		return errors.New("the customer answered, and the desk was not told")
	}
	if _, err = s.send(ctx, stepServe, "GET", path, ""); err != nil {
		return err
	}
	l.add(verified, time.Since(asked))
	s.wait(ctx, 5, 15)
	if answer, err = s.form(ctx, stepCompare, path+"/compare", url.Values{"field": {"phone"}, "said": {Phone(s.Person)}}); err != nil {
		return err
	}
	s.wait(ctx, 5, 20)
	if answer, err = s.form(ctx, stepReveal, path+"/reveal", url.Values{"field": {"name"}}); err != nil {
		return err
	}
	s.wait(ctx, 10, 30)
	if _, err = s.form(ctx, stepNote, path+"/notes", url.Values{"text": {"Menanyakan pesanan, sudah dijawab."}}); err != nil {
		return err
	}
	s.wait(ctx, 5, 20)
	if _, err = s.form(ctx, stepEnd, path+"/move", url.Values{"move": {"disconnect"}}); err != nil {
		return err
	}
	s.wait(ctx, 5, 15)
	stopBeats()
	if _, err = s.form(ctx, stepSeal, path+"/seal", url.Values{"disposition": {"resolved"}}); err != nil {
		return err
	}
	l.mu.Lock()
	l.calls, l.waited, l.lasted, l.bytes = l.calls+1, l.waited+s.waited, l.lasted+time.Since(rang), l.bytes+s.bytes
	l.mu.Unlock()
	return nil
}

// customer opens the link and types the number that the agent said.
func (s *seat) customer(ctx context.Context, number string) error {
	s.wait(ctx, 3, 8)
	token, err := s.letter(ctx, s.Person)
	if err != nil {
		return err
	}
	page, waited := "/v/"+token, s.waited
	defer func() { s.waited = waited }() // the customer's own waiting is not the desk's
	if _, err = s.send(ctx, stepLetter, "GET", page, ""); err != nil {
		return err
	}
	answer, err := s.form(ctx, stepOpen, page+"/open", nil)
	if err != nil {
		return err
	}
	cookie, _, _ := strings.Cut(answer.header.Get("Set-Cookie"), ";")
	if _, err = s.send(ctx, stepQuestion, "GET", page, "", "Cookie", cookie); err != nil {
		return err
	}
	s.wait(ctx, 3, 8)
	_, err = s.send(ctx, stepAnswer, "POST", page+"/answer", url.Values{"answer": {number}}.Encode(), "Cookie", cookie, "Content-Type", "application/x-www-form-urlencoded")
	return err
}

// beat says that the desk is alive, every five seconds.
func (s *seat) beat(ctx context.Context, call string) error {
	own := *s // its waiting is nobody's
	for {
		if _, err := own.form(ctx, stepBeat, call+"/heartbeat", nil); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(5 * time.Second):
		}
	}
}

// wait is what people need for something, between two numbers of seconds.
func (s *seat) wait(ctx context.Context, from, to float64) {
	seconds := (from + s.random.Float64()*(to-from)) / s.Pace
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(seconds * float64(time.Second))):
	}
}

type got struct {
	header http.Header
	text   []byte
}

func (s *seat) form(ctx context.Context, step, path string, form url.Values) (got, error) {
	return s.send(ctx, step, "POST", path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func (s *seat) request(ctx context.Context, method, path, body string, headers ...string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Amanah-Fragment", "1")
	r.Header.Set("Cookie", identity.CookieName+"="+s.Cookie)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if r.Header.Get("Authorization") != "" {
		r.Header.Del("Cookie")
		r.Header.Del("Amanah-Fragment")
		r.Header.Set("Accept", "application/json")
	}
	return r, nil
}

// send sends one request and reads the whole answer.
func (s *seat) send(ctx context.Context, step, method, path, body string, headers ...string) (got, error) {
	r, err := s.request(ctx, method, path, body, headers...)
	if err != nil {
		return got{}, err
	}
	began := time.Now()
	answer, err := s.http.Do(r)
	if err != nil {
		return got{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	took := time.Since(began)
	s.waited += took
	s.bytes += int64(len(text))
	s.ledger.add(step, took)
	if err == nil && answer.StatusCode >= 400 {
		err = fmt.Errorf("%s: answered %d: %.300s", step, answer.StatusCode, text)
	}
	return got{answer.Header, text}, err
}

// listen opens a stream of events. Each event is one value; closing twice is allowed.
func (s *seat) listen(ctx context.Context, path string) (events <-chan struct{}, closes func(), err error) {
	ctx, stop := context.WithCancel(ctx)
	r, err := s.request(ctx, "GET", path, "", "Accept", "text/event-stream")
	if err != nil {
		stop()
		return nil, nil, err
	}
	r.Header.Del("Amanah-Fragment")
	answer, err := (&http.Client{Transport: s.http.Transport}).Do(r) //nolint:bodyclose // whoever reads the events closes it
	if err != nil {
		stop()
		return nil, nil, err
	}
	if answer.StatusCode != http.StatusOK {
		stop()
		_ = answer.Body.Close()
		return nil, nil, fmt.Errorf("%s: answered %d", path, answer.StatusCode)
	}
	out := make(chan struct{}, 1)
	go func() {
		defer func() { _ = answer.Body.Close() }()
		lines := bufio.NewScanner(answer.Body)
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event:"); ok && (strings.Contains(name, "rings") || strings.Contains(name, "changed")) {
				select {
				case out <- struct{}{}:
				default: // one that was not looked at yet says the same
				}
			}
		}
	}()
	return out, stop, nil
}
