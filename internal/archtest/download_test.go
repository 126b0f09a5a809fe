package archtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"golang.org/x/mod/module"
)

// maxDownload is what a newcomer's first `go build ./...` may fetch.
const maxDownload = 120 << 20

func TestAColdBuildDownloadsLittle(t *testing.T) {
	if testing.Short() {
		t.Skip("short: asks the go command for the list of modules")
	}
	list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if .Version}}{{.Path}} {{.Version}}{{end}}{{end}}", "./...")
	list.Dir = Root()
	out, err := list.Output()
	if err != nil {
		t.Skipf("go list does not work here: %v", err)
	}
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Skipf("go env does not work here: %v", err)
	}
	type item struct {
		name string
		size int64
	}
	var items []item
	var total int64
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		path, version, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || seen[path] {
			continue
		}
		seen[path] = true
		p, err1 := module.EscapePath(path)
		v, err2 := module.EscapeVersion(version)
		if err1 != nil || err2 != nil {
			t.Errorf("%s %s: not a module", path, version)
			continue
		}
		info, err := os.Stat(filepath.Join(strings.TrimSpace(string(cache)), "cache", "download", filepath.FromSlash(p), "@v", v+".zip"))
		if err != nil {
			t.Skipf("the module cache has no zip of %s: nothing to measure", path)
		}
		items = append(items, item{path + " " + version, info.Size()})
		total += info.Size()
	}
	sort.Slice(items, func(i, j int) bool { return items[i].size > items[j].size })
	var biggest []string
	for _, i := range items[:min(5, len(items))] {
		biggest = append(biggest, fmt.Sprintf("%s %.1f MB", i.name, float64(i.size)/(1<<20)))
	}
	t.Logf("%.1f MB in %d modules; biggest: %s", float64(total)/(1<<20), len(items), strings.Join(biggest, ", "))
	if total > maxDownload {
		t.Errorf("a cold build downloads %.1f MB, more than %d MB; biggest: %s", float64(total)/(1<<20), maxDownload>>20, strings.Join(biggest, ", "))
	}
	if len(items) > 0 && items[0].size > 30<<20 {
		t.Errorf("%s is over 30 MB", biggest[0])
	}
}

func TestEveryDirectDependencyHasItsReasons(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(Root(), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(Root(), "docs", "DEPENDENCIES.md"))
	if err != nil {
		t.Fatal(err)
	}
	direct := map[string]bool{}
	for line := range strings.Lines(string(mod)) {
		fields := strings.Fields(line)
		if len(fields) == 2 && strings.Contains(fields[0], "/") && strings.HasPrefix(line, "\t") {
			direct[fields[0]] = true
		}
	}
	if len(direct) < 10 {
		t.Fatalf("only %d direct dependencies found", len(direct))
	}
	for path := range direct {
		if !strings.Contains(string(table), "| `"+path+"` |") {
			t.Errorf("docs/DEPENDENCIES.md does not say why %s is needed", path)
		}
	}
	for line := range strings.Lines(string(table)) {
		if rest, ok := strings.CutPrefix(line, "| `"); ok {
			if path, _, _ := strings.Cut(rest, "`"); !direct[path] {
				t.Errorf("docs/DEPENDENCIES.md speaks of %s, which go.mod does not require", path)
			}
		}
	}
}
