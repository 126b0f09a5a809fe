package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page reads a page of docs.
func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rowsOf are the cells of the Markdown table rows of a page, without heads and rules.
func rowsOf(text string) (rows [][]string) {
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|--") || strings.HasPrefix(line, "| --") {
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		rows = append(rows, cells)
	}
	return rows
}

// hasTest reports whether a package of the project declares the test.
func hasTest(t *testing.T, pkg, test string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", pkg, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f) //nolint:gosec // a file of this repository
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "func "+test+"(") {
			return true
		}
	}
	return false
}

var codeSpan = regexp.MustCompile("`([^`]+)`")

// testsIn checks the rows that end in a test and its package.
func testsIn(t *testing.T, name string, least int) {
	t.Helper()
	n := 0
	for _, row := range rowsOf(page(t, name)) {
		if len(row) < 3 {
			continue
		}
		test, pkg := codeSpan.FindStringSubmatch(row[len(row)-2]), codeSpan.FindStringSubmatch(row[len(row)-1])
		if test == nil || pkg == nil || !strings.HasPrefix(test[1], "Test") {
			continue
		}
		n++
		if !hasTest(t, pkg[1], test[1]) {
			t.Errorf("docs/%s names %s in %s, which does not exist", name, test[1], pkg[1])
		}
	}
	if n < least {
		t.Errorf("docs/%s names %d tests; at least %d were expected", name, n, least)
	}
}

func TestTheArchitecturePageNamesRealTests(t *testing.T) {
	testsIn(t, "ARCHITECTURE.md", 30)
	if lines := strings.Count(page(t, "ARCHITECTURE.md"), "\n"); lines > 250 {
		t.Errorf("docs/ARCHITECTURE.md has %d lines; 250 is what somebody reads", lines)
	}
}

func TestTheThreatsPageNamesRealTests(t *testing.T) { testsIn(t, "THREATS.md", 20) }

// The ids of the procedure: what a call center must do with customers' data.
var procedure = strings.Fields("C1 C2 C3 C4 S1 S2 S3 S4 U1 U2 U3 H1 H2 H3 R1 R2 R3 T1 T2 T3 T4 I1 I2 I3 I4 I5 A1 A2 A3 W1 W2")

// Every line of the procedure has its row: a room that exists, a page or command, and a
// test that exists; or it says plainly that it is not built yet.
func TestEveryLineOfTheProcedureHasARoomAPageAndATestOrSaysNotYet(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range rowsOf(page(t, "PROCEDURE.md")) {
		if len(row) != 5 || !slices.Contains(procedure, row[0]) {
			continue
		}
		if seen[row[0]] {
			t.Errorf("docs/PROCEDURE.md has two rows for %s: one of them says what is no longer so", row[0])
		}
		seen[row[0]] = true
		for _, cell := range codeSpan.FindAllStringSubmatch(row[2], -1) {
			if _, err := os.Stat(filepath.Join("..", "..", "internal", cell[1])); err != nil {
				t.Errorf("%s: there is no room %s", row[0], cell[1])
			}
		}
		tests := codeSpan.FindAllStringSubmatch(row[4], -1)
		if len(tests) == 0 && !strings.Contains(strings.ToLower(row[1]), "not yet") {
			t.Errorf("%s has neither a test nor the words \"not yet\"", row[0])
		}
		for _, cell := range tests {
			pkg, test, ok := strings.Cut(cell[1], ".")
			if !ok || !hasTest(t, pkg, test) {
				t.Errorf("%s names %s, which does not exist (write package/path.TestName)", row[0], cell[1])
			}
		}
		if !strings.Contains(strings.ToLower(row[1]), "not yet") && codeSpan.FindString(row[3]) == "" {
			t.Errorf("%s names no page or command", row[0])
		}
		for _, cell := range codeSpan.FindAllStringSubmatch(row[3], -1) {
			if strings.HasPrefix(cell[1], "/") && !hasRoute(t, cell[1]) {
				t.Errorf("%s: no room registers the page %s", row[0], cell[1])
			}
		}
	}
	for _, id := range procedure {
		if !seen[id] {
			t.Errorf("docs/PROCEDURE.md has no row for %s", id)
		}
	}
}

var routePattern = regexp.MustCompile(`"(?:GET|POST|PUT|PATCH|DELETE) (/[^"]*)"|Path: +"(/[^"]*)"|op\("[A-Z]+", "(/[^"]*)"`)

// routes are the paths that rooms register, as the sources write them.
func routes(t *testing.T) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join("..", "..", "internal"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "webtest") {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // a file of this repository
		if err != nil {
			return err
		}
		for _, m := range routePattern.FindAllStringSubmatch(string(text), -1) {
			paths = append(paths, m[1]+m[2]+m[3])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func hasRoute(t *testing.T, path string) bool {
	t.Helper()
	return slices.Contains(routes(t), path)
}

// A newcomer can look every package and every noun of a route up, in both languages.
func TestEveryPackageAndRouteIsInTheGlossary(t *testing.T) {
	known := map[string]bool{}
	for _, row := range rowsOf(page(t, "GLOSSARY.md")) {
		known[strings.ToLower(row[0])] = true
	}
	knows := func(word string) bool {
		word = strings.ToLower(strings.ReplaceAll(word, "_", "-"))
		one := strings.TrimSuffix(word, "s")
		return known[word] || known[one] || known[strings.TrimSuffix(word, "ies")+"y"] || known[strings.TrimSuffix(word, "es")]
	}
	err := filepath.WalkDir(filepath.Join("..", "..", "internal"), func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if base := d.Name(); base == "testdata" || base == "static" {
			return filepath.SkipDir
		}
		if files, _ := filepath.Glob(filepath.Join(path, "*.go")); len(files) > 0 && !knows(d.Name()) {
			t.Errorf("package %s is not in docs/GLOSSARY.md", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes(t) {
		parts := strings.Split(strings.Trim(r, "/"), "/")
		for i, part := range parts {
			// The first word and what a parameter names are nouns; the others are acts.
			noun := i == 0 || i+1 < len(parts) && strings.HasPrefix(parts[i+1], "{")
			if part == "" || strings.ContainsAny(part, "{.") || !noun {
				continue
			}
			for word := range strings.SplitSeq(part, "-") {
				if !knows(word) && !knows(part) {
					t.Errorf("%q of the route %s is not in docs/GLOSSARY.md", part, r)
					break
				}
			}
		}
	}
}
