package bench

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/i18n"
)

func TestAStormMakesEveryCallOnceAndEndsWithTheFirstError(t *testing.T) {
	var seen [500]atomic.Int64
	_, each, err := Storm(16, len(seen), func(i int) error { seen[i].Add(1); return nil })
	if err != nil || len(each) != len(seen) {
		t.Fatal(len(each), err)
	}
	for i := range seen {
		if n := seen[i].Load(); n != 1 {
			t.Fatalf("call %d was made %d times", i, n)
		}
	}
	var made atomic.Int64
	broken := errors.New("broken")
	_, _, err = Storm(4, 100_000, func(i int) error {
		made.Add(1)
		if i == 10 {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) || made.Load() == 100_000 {
		t.Fatal(made.Load(), err)
	}
}

func TestPercentilesAreOfTheSortedList(t *testing.T) {
	list := make([]time.Duration, 100)
	for i := range list {
		list[99-i] = time.Duration(i + 1)
	}
	for p, want := range map[int]time.Duration{0: 1, 50: 51, 99: 100, 100: 100} {
		if got := Percentile(list, p); got != want {
			t.Errorf("p%d is %d, want %d", p, got, want)
		}
	}
	if m := median([]float64{3, 1, 2}); m != 2 {
		t.Error(m)
	}
}

func TestTheLoadSendsWhatItIsGivenAndWantsTheStatus(t *testing.T) {
	var bodies atomic.Int64
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		if string(text) == `{"a":1}` && r.Header.Get("Authorization") == "Bearer token" && r.Header.Get("Idempotency-Key") == "key" {
			bodies.Add(1)
		}
		w.Header().Set("X-Seen", "yes")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte("made"))
	})}
	address, stop, err := Serve(s)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	request := JSONRequest("POST", "/x", "token", "key", `{"a":1}`)
	if _, each, err := Load(address, 3, 50, http.StatusCreated, func(int) []byte { return request }); err != nil || len(each) != 50 || bodies.Load() != 50 {
		t.Fatal(len(each), bodies.Load(), err)
	}
	if _, _, err := Load(address, 2, 10, http.StatusOK, func(int) []byte { return request }); err == nil || !strings.Contains(err.Error(), "201") {
		t.Fatal(err)
	}
	seen, body, err := Once(address, request)
	if err != nil || string(body) != "made" {
		t.Fatal(string(body), err)
	}
	echo, stopEcho, err := Serve(Echo(seen, body, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer stopEcho()
	again, same, err := Once(echo, request)
	if err != nil || again.StatusCode != http.StatusCreated || string(same) != "made" || again.Header.Get("X-Seen") != "yes" {
		t.Fatal(again.StatusCode, string(same), again.Header, err)
	}
	failing, stopFailing, err := Serve(Echo(seen, body, func() error { return errors.New("not written") }))
	if err != nil {
		t.Fatal(err)
	}
	defer stopFailing()
	if again, _, err := Once(failing, request); err != nil || again.StatusCode != http.StatusInternalServerError {
		t.Fatal(again.StatusCode, err)
	}
}

func TestTheTableSaysWhichGoalsAreMissed(t *testing.T) {
	var out strings.Builder
	r := &Report{Results: []Result{
		{What: "slow", Rate: 10, Floor: 100, Ratio: 0.1, FloorIs: "plain rows", Goal: "ratio >= 0.5"},
		{What: "quick", Rate: 90, Goal: "ratio >= 0.5", Met: true},
		{What: "told", Rate: 7, FloorIs: "both", Echo: 5, Writer: 6, Both: 3},
	}}
	texts, err := i18n.Load(i18n.Source{Room: "command", FS: os.DirFS(filepath.Join("..", "command"))})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Print(&out, texts.For(i18n.EN, nil)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ratio >= 0.5: missed", "ratio >= 0.5: met", "slow: plain rows", "told: both (5 and 6 a second; both at once 3)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}

func TestEveryBenchmarkThatThePageNamesExists(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "BENCHMARKS.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("`(Benchmark[A-Za-z0-9]+)[^`]*` in `([a-z/]+)`").FindAllStringSubmatch(string(text), -1)
	if len(found) < 12 {
		t.Fatalf("the page names %d benchmarks", len(found))
	}
	for _, f := range found {
		files, _ := filepath.Glob(filepath.Join(root, filepath.FromSlash(f[2]), "*_test.go"))
		is := false
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			is = is || strings.Contains(string(text), "func "+f[1]+"(")
		}
		if !is {
			t.Errorf("docs/BENCHMARKS.md names %s in %s, which does not exist", f[1], f[2])
		}
	}
}
