package bench

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/amanah-id/amanah/internal/app/fiction"
	"github.com/amanah-id/amanah/internal/intake"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/vault"
	"github.com/amanah-id/amanah/proof"
)

// Result is one thing that was measured. Rates are per second; latencies are milliseconds of one call.
type Result struct {
	What    string  `json:"what"`
	Unit    string  `json:"unit"` // of the rates, such as reveals
	Rate    float64 `json:"rate"`
	Floor   float64 `json:"floor"`    // rate of the floor in the same run; 0: there is none
	FloorIs string  `json:"floor_is"` // what the floor does
	Ratio   float64 `json:"ratio"`    // of our rate to the floor's, median over the rounds
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	P50Over float64 `json:"p50_over_floor"` // our p50 over the floor's, median over the rounds
	Goal    string  `json:"goal"`           // of docs/BENCHMARKS.md; "" if it sets none
	Met     bool    `json:"met"`
	Echo    float64 `json:"net_http,omitempty"` // over HTTP: the rate of net/http alone with the same answer
	Writer  float64 `json:"writer,omitempty"`   // over HTTP: the rate of the writer alone
	Both    float64 `json:"both,omitempty"`     // over HTTP: the rate of net/http and the writer together, with nothing else
}

// Bench is a measurement of a Center. Controller, Seats and Rounds must be set; MakeFloors must have been called.
type Bench struct {
	*Center
	Controller string
	Seats      []Seat
	Rounds     int // of floor and ours in turns
	Calls      int // of each in a round
	people     []fiction.Person
	next       atomic.Int64 // number of the next record that is created
	plain      atomic.Int64 // of the next plain record
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// turn measures the floor and ours by turns. Each gives the time of calls calls and how long each took.
func (b *Bench) turn(ctx context.Context, r Result, floors []func() (time.Duration, []time.Duration, error), ours func() (time.Duration, []time.Duration, error)) (Result, error) {
	rates := make([]float64, len(floors))
	var ratios, p50s []float64
	var all []time.Duration
	for range b.Rounds {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		if err := b.Beat(ctx, b.Seats); err != nil {
			return r, err
		}
		slowest, slowestP50 := time.Duration(0), time.Duration(0)
		for i, floor := range floors {
			took, each, err := floor()
			if err != nil {
				return r, fmt.Errorf("%s, floor: %w", r.What, err)
			}
			rates[i] += float64(len(each)) / took.Seconds() / float64(b.Rounds)
			if took > slowest {
				slowest, slowestP50 = took, Percentile(each, 50)
			}
		}
		took, each, err := ours()
		if err != nil {
			return r, fmt.Errorf("%s: %w", r.What, err)
		}
		r.Rate += float64(len(each)) / took.Seconds() / float64(b.Rounds)
		if len(floors) > 0 {
			ratios = append(ratios, slowest.Seconds()/took.Seconds())
			p50s = append(p50s, Percentile(each, 50).Seconds()/slowestP50.Seconds())
		}
		all = append(all, each...)
	}
	r.P50, r.P99 = milliseconds(Percentile(all, 50)), milliseconds(Percentile(all, 99))
	if len(floors) > 0 {
		r.Ratio, r.P50Over, r.Floor = median(ratios), median(p50s), rates[0]
	}
	if len(floors) == 2 {
		r.Echo, r.Writer, r.Floor = rates[0], rates[1], min(rates[0], rates[1])
	}
	return r, nil
}

type measured = func() (time.Duration, []time.Duration, error)

func (b *Bench) storm(callers int, do func(i int) error) measured {
	return func() (time.Duration, []time.Duration, error) { return Storm(callers, b.Calls, do) }
}

func (b *Bench) seat(i int) Seat { return b.Seats[i%len(b.Seats)] }

// Reveal measures the whole verb against its own business writes.
func (b *Bench) Reveal(ctx context.Context, callers int) (Result, error) {
	r := Result{What: fmt.Sprintf("reveal, %d callers", callers), Unit: "reveals", FloorIs: "its own three business writes through the same writer", Goal: "ratio >= 0.5"}
	if callers == 1 {
		r.What, r.Goal = "reveal, 1 caller", "p50 <= 2x the floor's"
	}
	r, err := b.turn(ctx, r,
		[]measured{b.storm(callers, func(i int) error { return b.BusinessWrites(ctx, b.seat(i)) })},
		b.storm(callers, func(i int) error {
			s := b.seat(i)
			_, err := b.Desk.Reveal(ctx, s.Agent, s.Interaction, []string{"name"}, "", "bench")
			return err
		}))
	r.Met = r.Ratio >= 0.5
	if callers == 1 {
		r.Met = r.P50Over <= 2
	}
	return r, err
}

// Compare measures comparing what the caller says; every seat compares for itself, one after the other.
func (b *Bench) Compare(ctx context.Context) (Result, error) {
	n := len(b.Seats)
	r := Result{What: fmt.Sprintf("compare, %d callers", n), Unit: "compares", FloorIs: "three business writes through the same writer", Met: true}
	said := map[string]string{}
	err := b.DB.Read(ctx, func(tx *db.Tx) error {
		for i := 1; i <= 4*n; i++ {
			hits, err := b.Vault.Find(tx, b.Controller, vault.Query{Field: "customer_number", Value: Number(i)}, 1)
			if err != nil {
				return err
			}
			for _, h := range hits.List {
				said[h.Subject] = Phone(i)
			}
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	return b.turn(ctx, r,
		[]measured{b.storm(n, func(i int) error { return b.BusinessWrites(ctx, b.seat(i)) })},
		func() (time.Duration, []time.Duration, error) {
			return storm(n, b.Calls, func(c int) (func(int) error, error) {
				s := b.Seats[c]
				return func(int) error {
					out, err := b.Desk.Compare(ctx, s.Agent, s.Interaction, "phone", said[s.Subject])
					if err == nil && !out.Match {
						err = fmt.Errorf("what is right does not match")
					}
					return err
				}, nil
			})
		})
}

// RevealHTTP measures reveals through the front desk, over so many connections on loopback, against net/http alone with
// the same answer and against the writer alone.
func (b *Bench) RevealHTTP(ctx context.Context, connections int) (Result, error) {
	r := Result{What: fmt.Sprintf("reveal over HTTP, %d connections", connections), Unit: "reveals", FloorIs: "the slower of net/http alone and the writer alone",
		Goal: "ratio >= 0.5, p99 <= 25 ms"}
	address, stop, err := Serve(b.Web.HTTP(""))
	if err != nil {
		return r, err
	}
	defer stop()
	requests := make([][]byte, len(b.Seats))
	for i, s := range b.Seats {
		requests[i] = JSONRequest("POST", "/api/v1/interactions/"+s.Interaction+"/reveal", s.Token, "", `{"fields":["name"],"reason":"bench"}`)
	}
	if err := b.Beat(ctx, b.Seats); err != nil {
		return r, err
	}
	seen, body, err := Once(address, requests[0])
	if err != nil || seen.StatusCode != http.StatusOK {
		return r, fmt.Errorf("the first reveal over HTTP: %w, %.300s", err, body)
	}
	echo, stopEcho, err := Serve(Echo(seen, body, nil))
	if err != nil {
		return r, err
	}
	defer stopEcho()
	var next atomic.Int64
	plain, stopPlain, err := Serve(Echo(seen, body, func() error { return b.BusinessWrites(ctx, b.seat(int(next.Add(1)))) }))
	if err != nil {
		return r, err
	}
	defer stopPlain()
	both := time.Duration(0)
	request := func(i int) []byte { return requests[i%len(requests)] }
	r, err = b.turn(ctx, r, []measured{
		func() (time.Duration, []time.Duration, error) {
			return Load(echo, connections, b.Calls, http.StatusOK, request)
		},
		b.storm(connections, func(i int) error { return b.BusinessWrites(ctx, b.seat(i)) }),
	}, func() (time.Duration, []time.Duration, error) {
		took, each, err := Load(plain, connections, b.Calls, http.StatusOK, request)
		if err != nil {
			return took, each, err
		}
		both += took
		return Load(address, connections, b.Calls, http.StatusOK, request)
	})
	r.Both = float64(b.Calls*b.Rounds) / max(both.Seconds(), 1e-9)
	r.Met = r.Ratio >= 0.5 && r.P99 <= 25
	return r, err
}

// Creating is what creating customers through the API takes: the address of a server, requests, and the purpose's id.
type Creating struct {
	Address string
	Stop    func()
	Client  actor.Actor
	Purpose string
	key     string
	bench   *Bench
}

// StartCreating serves the front desk and makes an API client that may import.
func (b *Bench) StartCreating(ctx context.Context) (*Creating, error) {
	purpose, err := b.Purpose(ctx, b.Controller, "registration")
	if err != nil {
		return nil, err
	}
	scopes := []string{identity.ScopeImport}
	client, key, err := b.Client(ctx, "Bench", scopes, []string{b.Controller})
	if err != nil {
		return nil, err
	}
	c := &Creating{Client: actor.NewClient(client, scopes, []string{b.Controller}), Purpose: purpose, key: key, bench: b}
	c.Address, c.Stop, err = Serve(b.Web.HTTP(""))
	return c, err
}

// Request is a request that creates the next customer.
func (c *Creating) Request(int) []byte {
	i := int(c.bench.next.Add(1))
	body := fmt.Appendf(nil, `{"controller":%q,"purpose":%q,"values":[`, c.bench.Controller, c.Purpose)
	for j, v := range Record(i) {
		if j > 0 {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"field":%q,"value":%q}`, v.Field, v.Value)
	}
	return JSONRequest("POST", "/api/v1/customers", c.key, fmt.Sprintf("bench-%012d", i), string(append(body, "]}"...)))
}

// CreateHTTP measures creating customers through the API against plain rows of the same record.
func (b *Bench) CreateHTTP(ctx context.Context, connections int) (Result, error) {
	r := Result{What: fmt.Sprintf("create a customer over HTTP, %d connections", connections), Unit: "customers",
		FloorIs: "as many rows in the clear, a transaction each, through the same writer", Goal: "ratio >= 0.5"}
	c, err := b.StartCreating(ctx)
	if err != nil {
		return r, err
	}
	defer c.Stop()
	r, err = b.turn(ctx, r, []measured{b.storm(connections, func(int) error {
		i := int(b.plain.Add(1))
		return b.PlainCustomers(ctx, b.Controller, i, i+1)
	})}, func() (time.Duration, []time.Duration, error) {
		return Load(c.Address, connections, b.Calls, http.StatusCreated, c.Request)
	})
	r.Met = r.Ratio >= 0.5
	return r, err
}

// Fill imports n made-up customers and as many plain records, half and half by turns.
func (b *Bench) Fill(ctx context.Context, slug string, n int, progress func(done, size int64)) (Result, error) {
	r := Result{What: fmt.Sprintf("import of %d customers", n), Unit: "customers", FloorIs: "about as many plain rows in chunks of 32", Goal: "ratio >= 0.4"}
	b.people = fiction.People(n, 1, b.DB.Now())
	var ours, plain time.Duration
	var ratios []float64
	done := 0
	for part := range 4 {
		people := b.people[n*part/4 : n*(part+1)/4]
		if len(people) == 0 {
			continue
		}
		file, err := fiction.CustomerFile(people)
		if err != nil {
			return r, err
		}
		m, err := intake.ParseMap([]byte(fmt.Sprintf(fiction.CustomerMap, slug)), b.Catalogue)
		if err != nil {
			return r, err
		}
		start := time.Now()
		run, err := b.Intake.Import(ctx, actor.NewDuty(vault.DutyImport), intake.Job{File: bytes.NewReader(file), Size: int64(len(file)), Map: m,
			Progress: func(p intake.Progress) {
				if progress != nil {
					progress(int64(done)+p.Records, int64(n))
				}
			}})
		if err != nil {
			return r, err
		}
		if run.Created < int64(len(people))*99/100 { // among very many made-up people a few share a NIK
			return r, fmt.Errorf("%d of %d customers were created", run.Created, len(people))
		}
		took := time.Since(start)
		const chunk = 32
		chunks := (len(people) + chunk - 1) / chunk
		first := int(b.plain.Add(int64(len(people)))) - len(people)
		floor, _, err := Storm(4, chunks, func(i int) error {
			return b.PlainCustomers(ctx, b.Controller, first+i*chunk+1, first+min((i+1)*chunk, len(people))+1)
		})
		if err != nil {
			return r, err
		}
		done += len(people)
		ours, plain, ratios = ours+took, plain+floor, append(ratios, floor.Seconds()/took.Seconds())
	}
	if progress != nil {
		progress(int64(n), int64(n))
	}
	r.Rate, r.Floor, r.Ratio = float64(n)/ours.Seconds(), float64(n)/plain.Seconds(), median(ratios)
	r.Met = r.Ratio >= 0.4
	return r, nil
}

// FindByPhone measures look-ups by phone among all customers.
func (b *Bench) FindByPhone(ctx context.Context, callers int) (Result, error) {
	r := Result{What: fmt.Sprintf("look-up by phone, %d callers", callers), Unit: "look-ups", FloorIs: "the same two reads by key, in the clear", Goal: "p99 <= 3 ms"}
	n := int(b.plain.Load())
	r, err := b.turn(ctx, r,
		[]measured{b.storm(callers, func(i int) error { return b.plainLookUp(ctx, 1+i*7919%n) })},
		b.storm(callers, func(i int) error {
			p := &b.people[i*7919%len(b.people)]
			return b.DB.Read(ctx, func(tx *db.Tx) error {
				hits, err := b.Vault.Find(tx, b.Controller, vault.Query{Field: "phone", Value: p.Phones[0].Value}, 3)
				if err == nil && len(hits.List) == 0 {
					err = fmt.Errorf("nobody has a number that somebody has")
				}
				return err
			})
		}))
	r.Met = r.P99 <= 3
	return r, err
}

// FindByName measures look-ups by a name with two letters in the wrong order.
func (b *Bench) FindByName(ctx context.Context, callers int) (Result, error) {
	r := Result{What: fmt.Sprintf("look-up by name with a typo, %d callers", callers), Unit: "look-ups", Goal: "p99 <= 10 ms"}
	if err := b.Names(ctx); err != nil {
		return r, err
	}
	r, err := b.turn(ctx, r, nil, b.storm(callers, func(i int) error {
		name := []byte(b.people[i*7919%len(b.people)].Name)
		at := 1 + i%(len(name)-2)
		name[at], name[at+1] = name[at+1], name[at]
		return b.DB.Read(ctx, func(tx *db.Tx) error {
			_, err := b.Vault.Find(tx, b.Controller, vault.Query{Field: "name", Value: string(name)}, 10)
			return err
		})
	}))
	r.Met = r.P99 <= 10
	return r, err
}

// Append measures one row with its entry in the log against the row alone.
func (b *Bench) Append(ctx context.Context, callers int) (Result, error) {
	r := Result{What: fmt.Sprintf("a row with its log entry, %d callers", callers), Unit: "entries", FloorIs: "the row alone, through the same writer", Met: true}
	duty := actor.NewDuty("bench")
	return b.turn(ctx, r,
		[]measured{b.storm(callers, func(int) error { return b.PlainRow(ctx) })},
		b.storm(callers, func(int) error {
			return b.DB.Write(ctx, func(tx *db.Tx) error {
				plainRow(tx)
				_, err := b.Log.Append(tx, audit.Entry{Action: "reveal", Decision: audit.Allowed, Actor: duty, Fields: []string{"phone"}, Ground: "duty:bench", Channel: "phone", Level: 2})
				return err
			})
		}))
}

// Verify measures the check of the whole log, as an outsider with the stores makes it, against hashing as many leaves.
func (b *Bench) Verify(ctx context.Context) (Result, error) {
	r := Result{What: "verify the log", Unit: "leaves", FloorIs: "SHA-256 of as many leaves", Goal: ">= 200,000 leaves/s a core"}
	if err := b.Log.Sign(ctx); err != nil {
		return r, err
	}
	leaf := make([]byte, 300)
	start := time.Now()
	report, err := audit.Verify(ctx, b.DB, proof.Options{})
	if err != nil {
		return r, err
	}
	took := time.Since(start)
	if !report.OK() {
		return r, fmt.Errorf("the log does not verify")
	}
	size := report.Logs[0].Size
	start = time.Now()
	for range size {
		_ = proof.LeafHash(leaf)
	}
	floor := time.Since(start)
	r.Rate, r.Floor, r.Ratio = float64(size)/took.Seconds(), float64(size)/floor.Seconds(), floor.Seconds()/took.Seconds()
	r.What = fmt.Sprintf("verify the log, %d entries", size)
	r.Met = r.Rate >= 200_000
	return r, nil
}
