package app

import (
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/app/bench"
	"github.com/amanah-id/amanah/internal/archtest"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/web"
)

// The stand-in that neither decides nor logs, for BenchmarkTraffic: this program, compiled once more for the measurement with
// another beginning of the five functions below. It makes the same pages, opens and seals the same values and writes the same
// rows of contacts, verifications, messages and disclosures; it asks for no facts, evaluates no rule, reads no text for personal
// data, and makes, seals, hashes and stores no entry. No program that anybody is given can be told to be it.
var standIn = []struct{ file, receiver, function, first string }{
	// Every question is answered with yes. Of the facts only the call and what its purpose uses are read: what to show follows from them.
	{"internal/trust/gate/ask.go", "Gate", "decide", `
	k := known{subject: q.Subject, answer: Answer{Allowed: q.Fields, Refused: map[string]*errs.E{}}}
	if q.Ground.kind == onInteraction {
		call, err := g.p.Interaction(tx, q.Ground.id)
		if err != nil {
			return known{}, err
		}
		if q.Bound {
			k.subject = call.Subject
		}
		k.facts.Interaction = call
		if call.Purpose != "" {
			if k.facts.Purpose, err = g.p.Purpose(tx, call.Purpose); err != nil {
				return known{}, err
			}
		}
	}
	k.answer.Facts = k.facts
	return k, nil`},
	{"internal/trust/gate/ask.go", "Gate", "entry", `
	return audit.Entry{Controller: k.facts.Interaction.Controller}, nil`},
	{"internal/trust/audit/append.go", "Log", "Append", `
	return l.stage(tx, &item{}), nil`},
	// What an act writes by the number of its entry still gets a number, that of no other.
	{"internal/trust/audit/append.go", "Log", "grow", `
	for i, x := range items {
		p := x.(*item).pending
		p.given = uint64(tx.Now().UnixMicro())<<10 + uint64(i)
		if p.then != nil {
			if err := p.then(tx, p.given); err != nil {
				return err
			}
		}
	}
	tx.AfterCommit(func() {
		for _, x := range items {
			p := x.(*item).pending
			p.index.Store(p.given + 1)
		}
	})
	return nil`},
	{"internal/dlp/engine.go", "Service", "judge", `
	return Judgement{Verdict: Allow, Text: p.Text}, nil`},
}

// without writes the sources of the stand-in and returns the file that puts them in the places of ours.
func without(t testing.TB) (overlay string) {
	t.Helper()
	places := map[string]string{}
	for _, cut := range standIn {
		from := filepath.Join(archtest.Root(), cut.file)
		source := from
		if places[from] != "" {
			source = places[from]
		}
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		places[from] = filepath.Join(t.TempDir(), filepath.Base(from))
		if err := os.WriteFile(places[from], beginning(t, cut.receiver, cut.function, cut.first, text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": places})
	if err != nil {
		t.Fatal(err)
	}
	overlay = filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return overlay
}

// beginning puts a text at the beginning of a method. What stood there remains, so that its imports are used, and never runs.
func beginning(t testing.TB, receiver, function, first string, text []byte) []byte {
	t.Helper()
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, "", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != function || f.Recv == nil {
			continue
		}
		if star, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok && star.X.(*ast.Ident).Name == receiver {
			at := files.Position(f.Body.Lbrace).Offset + 1
			return slices.Concat(text[:at], []byte("\n\t{"+first+"\n\t}"), text[at:]) // a block has names of its own
		}
	}
	t.Fatalf("there is no method %s of %s any more: say what the stand-in leaves out in its place", function, receiver)
	return nil
}

// The stand-in is compiled by whoever measures only, so this looks after its being made of what there is.
func TestTheStandInIsMadeOfThisProgram(t *testing.T) {
	text, err := os.ReadFile(without(t))
	if err != nil {
		t.Fatal(err)
	}
	var overlay struct{ Replace map[string]string }
	if err := json.Unmarshal(text, &overlay); err != nil || len(overlay.Replace) != 3 {
		t.Fatal(len(overlay.Replace), err)
	}
}

// played is one process's part of BenchmarkTraffic.
type played struct {
	bench.Seen
	Used time.Duration // processor time of the whole process, its callers with it, for a call
}

// BenchmarkTraffic plays 200 agents' calls against one node, and the same against a stand-in that neither decides nor
// logs, in turns, each in a process of its own: half of the stand-in's time before and half of it after. AMANAH_BENCH_MINUTES is how
// long each lasts (one minute unless told), AMANAH_BENCH_DESKS how many agents there are.
func BenchmarkTraffic(b *testing.B) {
	minutes := size(b, "AMANAH_BENCH_MINUTES", 1)
	lasts := time.Duration(minutes) * time.Minute
	if out := os.Getenv("AMANAH_BENCH_PART"); out != "" {
		if os.Getenv("AMANAH_BENCH_HALF") != "" {
			lasts /= 2
		}
		text, err := json.Marshal(playTraffic(b, lasts))
		if err == nil {
			err = os.WriteFile(out, text, 0o600)
		}
		if err != nil {
			b.Fatal(err)
		}
		return
	}
	program, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	other := filepath.Join(b.TempDir(), "standin.test")
	build := exec.CommandContext(b.Context(), "go", "test", "-c", "-vet=off", "-overlay", without(b), "-o", other, ".")
	if said, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, said)
	}
	GiveHeapRoom()
	before := part(b, other, "AMANAH_BENCH_HALF=1")
	ours := part(b, program)
	after := part(b, other, "AMANAH_BENCH_HALF=1")
	if before.Entries+after.Entries > 0 || ours.Entries < int64(10*ours.Calls) {
		b.Fatalf("the stand-in made %d entries, the program %d in %d calls", before.Entries+after.Entries, ours.Entries, ours.Calls)
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	mean := func(of func(p played) float64) float64 {
		return (of(before)*float64(before.Calls) + of(after)*float64(after.Calls)) / float64(before.Calls+after.Calls)
	}
	both := func(name string, of func(p played) float64) {
		b.ReportMetric(of(ours), name)
		b.ReportMetric(mean(of), "floor-"+name)
		b.ReportMetric(of(ours)/mean(of), "ratio-of-"+name)
	}
	b.ReportMetric(float64(ours.Calls), "calls")
	b.ReportMetric(ms(ours.Steps["screen pop"]), "pop-p95-ms")
	b.ReportMetric(ms(ours.Steps["compare"]), "compare-p95-ms")
	b.ReportMetric(ms(ours.Steps["reveal"]), "reveal-p95-ms")
	b.ReportMetric(ours.Verified.Seconds(), "verification-median-s")
	b.ReportMetric(ours.Steps["verification"].Seconds(), "verification-p95-s")
	b.ReportMetric(float64(ours.Grown)/(1<<20), "MB-grown-in-second-half")
	b.ReportMetric(float64(ours.Held)/(1<<20), "MB-held-in-second-half")
	both("waiting-ms/call", func(p played) float64 { return ms(p.Handling) })
	both("s/call", func(p played) float64 { return p.Call.Seconds() })
	both("processor-ms/call", func(p played) float64 { return ms(p.Used) })
	both("kB/call", func(p played) float64 { return float64(p.Bytes) / 1000 })
}

// part plays the traffic in a process of a program and says what it saw.
func part(b *testing.B, program string, also ...string) (p played) {
	b.Helper()
	out := filepath.Join(b.TempDir(), "seen.json")
	run := exec.CommandContext(b.Context(), program, "-test.run=^$", "-test.bench=^BenchmarkTraffic$", "-test.benchtime=1x", "-test.timeout=2h")
	run.Env = append(append(os.Environ(), "AMANAH_BENCH_PART="+out), also...)
	if said, err := run.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, said)
	}
	text, err := os.ReadFile(out)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func playTraffic(b *testing.B, lasts time.Duration) (p played) {
	b.Helper()
	ctx := b.Context()
	t, err := NewTrial(ctx, TrialOptions{Dir: b.TempDir(), Controllers: []string{"toko=Toko Nusantara"}, Log: slog.New(slog.NewJSONHandler(nowhere{}, nil)),
		Limits: web.Limits{Rate: 1e9, Burst: 1e9}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = t.Close(context.WithoutCancel(ctx)) }()
	t.Desk.Budget = 1 << 40
	traffic := bench.Traffic{Center: t.Center, Controller: t.Controllers["toko"], Pace: 1}
	if traffic.Purpose, err = t.Purpose(ctx, traffic.Controller, "order_status"); err != nil {
		b.Fatal(err)
	}
	if _, traffic.Key, err = t.Client(ctx, "Exchange", []string{identity.ScopeInteractions, identity.ScopeEvents}, []string{traffic.Controller}); err != nil {
		b.Fatal(err)
	}
	if traffic.Desks, err = t.Center.Desks(ctx, traffic.Controller, 0, size(b, "AMANAH_BENCH_DESKS", 200)); err != nil {
		b.Fatal(err)
	}
	GiveHeapRoom()
	began := used()
	if p.Seen, err = traffic.Run(ctx, lasts); err == nil && p.Calls == 0 {
		err = errors.New("no call was ended")
	}
	if err != nil {
		b.Fatal(err)
	}
	p.Used = (used() - began) / time.Duration(p.Calls)
	return p
}
