package main

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/amanah-id/amanah/internal/app/command"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"amanah": func() { os.Exit(command.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// Each script in testdata is a story of the program as an operator meets it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("LANG", "en_US.UTF-8")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"served":  served,
			"listens": listens,
		},
	})
}

// listens waits until somebody answers requests at an address, with or without TLS: a port is open before that.
func listens(ts *testscript.TestScript, _ bool, args []string) {
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 10 * time.Second} //nolint:gosec // whoever answers will do
	defer client.CloseIdleConnections()
	for range 600 {
		time.Sleep(50 * time.Millisecond)
		for _, scheme := range []string{"https://", "http://"} {
			if answer, err := client.Get(scheme + args[0]); err == nil { //nolint:noctx // a test's own server
				_ = answer.Body.Close()
				return
			}
		}
	}
	ts.Fatalf("nobody answers at %s", args[0])
}

// served waits until the demonstration in a folder answers.
func served(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(filepath.Join(args[0], "demo.json"))
	for range 600 {
		time.Sleep(50 * time.Millisecond)
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		var state struct{ URL string }
		if json.Unmarshal(text, &state) != nil {
			continue
		}
		answer, err := http.Get(state.URL + "/readyz") //nolint:noctx // a test's own server
		if err != nil {
			continue
		}
		_ = answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return
		}
	}
	ts.Fatalf("the demonstration did not come up")
}

var commandLine = regexp.MustCompile(`(?m)^(?:\$ )?((?:amanah|amanah-verify|go run \./cmd/amanah) [^#\n]*)`)

// word is one word of a command line: bare, or quoted either way.
var word = regexp.MustCompile(`(?:"[^"]*"|'[^']*'|[^\s"'])+`)

// words splits a command line, without its quotes: a README quotes as a shell does, a script as testscript does.
func words(line string) []string {
	list := word.FindAllString(line, -1)
	for i, w := range list {
		list[i] = strings.NewReplacer(`"`, "", `'`, "").Replace(w)
	}
	return list
}

// runs reports whether a script's line runs a command of a README: its words in their order. Between and after them the
// line may have flags that the test needs (an address of its own) with their values, and the end of testscript's background.
func runs(line, command string) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(line, "! "), "exec ")
	if !ok {
		return false
	}
	want := words(command)
	flag := false
	for _, w := range words(rest) {
		switch {
		case len(want) > 0 && w == want[0]:
			want, flag = want[1:], false
		case strings.HasPrefix(w, "--"):
			flag = !strings.Contains(w, "=")
		case flag: // the value of an added flag
			flag = false
		case strings.HasPrefix(w, "&"):
		default:
			return false
		}
	}
	return len(want) == 0
}

// promises reads the markers of the scripts: each says which command of a README the next line runs, and must tell the truth.
func promises(t *testing.T) map[string]bool {
	t.Helper()
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]bool{}
	for _, path := range scripts {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		for i, line := range lines {
			command, ok := strings.CutPrefix(line, "# readme: ")
			if !ok {
				continue
			}
			if i+1 == len(lines) || !runs(lines[i+1], command) {
				t.Errorf("%s:%d promises `%s`, and the next line does not run it", path, i+1, command)
				continue
			}
			kept[command] = true
		}
	}
	return kept
}

// A command in a README that no script runs is a promise nobody checks.
func TestEveryCommandOfTheReadmesIsRunByAScript(t *testing.T) {
	kept := promises(t)
	used := map[string]bool{}
	for _, readme := range []string{"README.md", "README.id.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", readme))
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, block := range regexp.MustCompile("(?s)```[a-z]*\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
			for _, m := range commandLine.FindAllStringSubmatch(block[1], -1) {
				found++
				line := strings.TrimSpace(strings.Replace(m[1], "go run ./cmd/amanah", "amanah", 1))
				used[line] = true
				if !kept[line] {
					t.Errorf("%s: no script runs `%s` below `# readme: %s`", readme, line, line)
				}
			}
		}
		if found < 5 {
			t.Errorf("%s: only %d commands found", readme, found)
		}
		if lines := strings.Count(string(text), "\n"); lines > 160 {
			t.Errorf("%s has %d lines; a reader's patience ends at 160", readme, lines)
		}
	}
	for command := range kept {
		if !used[command] {
			t.Errorf("a script says that a README has `%s`; none does", command)
		}
	}
}

func TestAMarkerIsKeptOnlyByTheCommandItself(t *testing.T) {
	for _, c := range []struct {
		line, command string
		want          bool
	}{
		{"exec amanah serve --listen 127.0.0.1:1 &server&", "amanah serve", true},
		{"! exec amanah import a.csv --map m.yaml", "amanah import a.csv --map m.yaml", true},
		{"exec amanah staff add --name 'Siti Rahayu' --role agent", `amanah staff add --name "Siti Rahayu" --role agent`, true},
		{"exec amanah init --data=x --controller niaga=PT_Niaga", "amanah init", true},
		{"exec amanah import a.csv --map m.yaml --yes", "amanah import a.csv --map m.yaml", true}, // --yes is a flag; the next marker tells them apart
		{"exec amanah config show", "amanah config check", false},
		{"exec amanah import a.csv", "amanah import a.csv --map m.yaml", false},
		{"exec amanah key rotate now", "amanah key rotate", false},
		{"stdout amanah", "amanah version", false},
		{"# exec amanah version", "amanah version", false},
		{"", "amanah version", false},
	} {
		if got := runs(c.line, c.command); got != c.want {
			t.Errorf("%q for %q: %v", c.line, c.command, got)
		}
	}
}
