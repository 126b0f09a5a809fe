package app

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/app/fiction"
	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/vault"
)

// size reads a number from the environment.
func size(b *testing.B, name string, otherwise int) int {
	b.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(name, err)
	}
	return n
}

// fill adds customers and leaves to a world until it has so many. It goes on where an earlier run ended.
func fill(b *testing.B, w *world, people, leaves int) {
	b.Helper()
	ctx := context.Background()
	counter := filepath.Join(w.Config.Data, "people")
	text, _ := os.ReadFile(counter)
	have, _ := strconv.Atoi(string(text))
	const chunk, part = 32, 32 * 1000
	if have < people {
		all := fiction.People(people, 1, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
		for ; have < people; have = min(have+part, people) {
			some := all[have:min(have+part, people)]
			_, _, err := bench.Storm(4, (len(some)+chunk-1)/chunk, func(i int) error {
				var drafts []*vault.Draft
				for j, p := range some[i*chunk : min((i+1)*chunk, len(some))] {
					r := bench.Record(have + i*chunk + j + 1)
					r[1].Value, r[5].Value = p.Name, p.Born.Format(time.DateOnly)
					prepared, err := w.Vault.Prepare(w.controller, r)
					if err != nil {
						return err
					}
					d, err := w.Vault.Draft(prepared, "imp_bench")
					if err != nil {
						return err
					}
					drafts = append(drafts, d)
				}
				return w.DB.Write(ctx, func(tx *db.Tx) error {
					for _, d := range drafts {
						if err := w.Vault.Add(tx, d); err != nil {
							return err
						}
					}
					return nil
				})
			})
			if err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(counter, []byte(strconv.Itoa(have+len(some))), 0o600); err != nil {
				b.Fatal(err)
			}
		}
	}
	duty := actor.NewDuty("bench")
	for w.Audit.Size() < int64(leaves) {
		err := w.DB.Write(ctx, func(tx *db.Tx) error {
			for range 256 {
				if _, err := w.Audit.Append(tx, audit.Entry{Action: "reveal", Decision: audit.Allowed, Actor: duty, Fields: []string{"phone"},
					Ground: "duty:bench", Channel: "phone", Level: 2}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// resident is the memory of a process that is in the machine's, and the part of it that is no file's, in MB.
func resident(b *testing.B, pid int) (all, own float64) {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kib, _ := strconv.ParseFloat(f[1], 64)
		switch f[0] {
		case "VmRSS:":
			all = kib / 1024
		case "RssAnon:":
			own = kib / 1024
		}
	}
	return all, own
}

// processorTime is what a process has used of processors. The kernel counts it in hundredths of a second.
func processorTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// BenchmarkStart starts the real program on AMANAH_BENCH_PEOPLE customers and AMANAH_BENCH_LEAVES entries of the log, and
// measures from the start of the process to the first call that it takes, to the moment when names can be searched, how
// long reveals take until then (an agent whose call was going on), and its memory. AMANAH_BENCH_DIR keeps the installation for the next run. Its floor is the same start with
// nobody in it, in the same run.
func BenchmarkStart(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("memory is read from /proc")
	}
	program := filepath.Join(b.TempDir(), "amanah")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/amanah-id/amanah/cmd/amanah").CombinedOutput(); err != nil {
		b.Fatal(err, string(out))
	}
	people, leaves := size(b, "AMANAH_BENCH_PEOPLE", 2_000), size(b, "AMANAH_BENCH_LEAVES", 10_000)
	for _, c := range []struct {
		name           string
		people, leaves int
	}{{"nobody", 0, 0}, {fmt.Sprintf("people=%d/leaves=%d", people, leaves), people, leaves}} {
		b.Run(c.name, func(b *testing.B) {
			dir := b.TempDir()
			if keep := os.Getenv("AMANAH_BENCH_DIR"); keep != "" && c.people > 0 {
				dir = keep
			}
			ctx := context.Background()
			w, err := newWorld(ctx, db.Options{}, dir)
			if err != nil {
				b.Fatal(err)
			}
			fill(b, w, c.people, c.leaves)
			if err := w.Close(ctx); err != nil {
				b.Fatal(err)
			}
			for range b.N {
				r := serving(b, dir)
				start(b, program, dir, r)
			}
		})
	}
}

// requests are what an agent sends to the program: to start a call, and in a verified call to show a name and to say that
// the desk is alive.
type requests struct{ call, reveal, beat []byte }

// serving prepares a verified call that goes on when the program starts.
func serving(b *testing.B, dir string) requests {
	b.Helper()
	ctx := context.Background()
	w, err := newWorld(ctx, db.Options{}, dir)
	if err != nil {
		b.Fatal(err)
	}
	s, err := w.Seats(ctx, w.controller, int(time.Now().Unix()%9_000_000), 1) // somebody whom no earlier run has made
	if err != nil {
		b.Fatal(err)
	}
	_, colleague, err := w.SignedIn(ctx, actor.Agent, w.controller) // who starts a call ends the one before
	if err != nil {
		b.Fatal(err)
	}
	controller, call := w.controller, "/api/v1/interactions/"+s[0].Interaction
	if err := errors.Join(w.Beat(ctx, s), w.Close(ctx)); err != nil {
		b.Fatal(err)
	}
	post := func(path, body string) []byte { return bench.JSONRequest("POST", path, s[0].Token, "", body) }
	return requests{
		call:   bench.JSONRequest("POST", "/api/v1/interactions", colleague, "", fmt.Sprintf(`{"controller":%q,"channel":"phone","direction":"inbound","queue":"layanan"}`, controller)),
		reveal: post(call+"/reveal", `{"fields":["name"],"reason":"bench"}`),
		beat:   post(call+"/heartbeat", ""),
	}
}

// send sends a request that must be answered well, and returns how long that took.
func send(b *testing.B, address string, request []byte) time.Duration {
	b.Helper()
	began := time.Now()
	answer, text, err := bench.Once(address, request)
	if err != nil || answer.StatusCode >= 300 {
		b.Fatalf("%v %v %.300s", answer.StatusCode, err, text)
	}
	return time.Since(began)
}

func start(b *testing.B, program, dir string, r requests) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	cmd := exec.Command(program, "serve", "--data", dir, "--listen", address, "--url", "http://"+address)
	cmd.Env = append(os.Environ(), "AMANAH_TLS_OFF=true", "AMANAH_LOG_LEVEL=info", "AMANAH_LOG_FORMAT=json")
	pipe, err := cmd.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	var searchable atomic.Int64
	var said bytes.Buffer
	read := make(chan struct{})
	go func() {
		defer close(read)
		for s := bufio.NewScanner(pipe); s.Scan(); {
			if strings.Contains(s.Text(), "names can be searched") {
				searchable.Store(int64(time.Since(began)))
			} else {
				said.WriteString(s.Text() + "\n")
			}
		}
	}()
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-read
		if err := cmd.Wait(); err != nil {
			b.Errorf("%v\n%s", err, said.String())
		}
	}()
	var first time.Duration
	for first == 0 {
		if answer, _, err := bench.Once(address, r.call); err == nil && answer.StatusCode == http.StatusCreated {
			first = time.Since(began)
		} else if time.Since(began) > 5*time.Minute {
			b.Fatalf("takes no call: %v %v", answer, err)
		} else {
			time.Sleep(2 * time.Millisecond)
		}
	}
	before, own := resident(b, cmd.Process.Pid)
	peak := before
	var reveals []time.Duration // while names are read
	for i := 0; searchable.Load() == 0; i++ {
		if time.Since(began) > 15*time.Minute {
			b.Fatal("names cannot be searched")
		}
		if i%50 == 0 {
			send(b, address, r.beat)
		}
		if i%20 == 0 && len(reveals) < desk.DefaultBudget {
			reveals = append(reveals, send(b, address, r.reveal))
		}
		now, _ := resident(b, cmd.Process.Pid)
		peak = max(peak, now)
		time.Sleep(20 * time.Millisecond)
	}
	for busy := processorTime(b, cmd.Process.Pid); ; { // the blind index is checked after the names; then it is idle
		time.Sleep(2 * time.Second)
		rss, _ := resident(b, cmd.Process.Pid)
		peak = max(peak, rss)
		now := processorTime(b, cmd.Process.Pid)
		if now-busy < 100*time.Millisecond || time.Since(began) > 15*time.Minute {
			break
		}
		busy = now
	}
	after, ownAfter := resident(b, cmd.Process.Pid)
	b.ReportMetric(first.Seconds(), "s-first-call")
	b.ReportMetric(time.Duration(searchable.Load()).Seconds(), "s-names")
	if len(reveals) > 0 {
		b.ReportMetric(bench.Percentile(reveals, 50).Seconds()*1000, "ms-reveal-p50-warming")
		b.ReportMetric(bench.Percentile(reveals, 100).Seconds()*1000, "ms-reveal-max-warming")
	}
	b.ReportMetric(before, "MB-first-call")
	b.ReportMetric(own, "MB-own-first-call")
	b.ReportMetric(peak, "MB-peak")
	b.ReportMetric(after, "MB-idle")
	b.ReportMetric(ownAfter, "MB-own-idle")
	b.ReportMetric(0, "ns/op")
}
