package i18n

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Check says what is wrong with the texts of one room, one sentence a fault; nothing when
// all is well. It asks that both languages have the same keys, in sorted order, with the
// same placeholders, the right number of plural forms and no empty text; and that every
// key with a .next or .say has the code it belongs to.
func Check(s Source) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	files := map[Lang]file{}
	for _, l := range Langs() {
		f, err := readFile(s.FS, l)
		if err != nil {
			return []string{err.Error()}
		}
		files[l] = f
		if !slices.IsSorted(f.keys) {
			for i := 1; i < len(f.keys); i++ {
				if f.keys[i] < f.keys[i-1] {
					fault("%s: %s stands after %s: keys are sorted", l, f.keys[i], f.keys[i-1])
					break
				}
			}
		}
		for _, key := range f.keys {
			e := f.entries[key]
			if !s.owns(key) {
				fault("%s: %s does not begin with the room's name", l, key)
			}
			if e.plural && len(e.forms) != l.Forms() {
				fault("%s: %s has %d plural forms, not %d", l, key, len(e.forms), l.Forms())
			}
			for _, form := range e.forms {
				if len(form) == 0 {
					fault("%s: %s is empty", l, key)
				}
			}
			for _, suffix := range []string{".next", ".say"} {
				code, ok := strings.CutSuffix(key, suffix)
				if _, there := f.entries[code]; ok && strings.Contains(code, ".") && !there {
					fault("%s: %s has no %s", l, key, code)
				}
			}
		}
	}
	for _, pair := range [][2]Lang{{ID, EN}, {EN, ID}} {
		for _, key := range files[pair[0]].keys {
			mine, theirs := files[pair[0]].entries[key], files[pair[1]].entries[key]
			switch {
			case theirs.forms == nil:
				fault("%s: %s is missing", pair[1], key)
			case pair[0] == EN: // compared the other way round already
			case mine.plural != theirs.plural:
				fault("%s is a plural in one language only", key)
			case !slices.Equal(mine.holes(), theirs.holes()):
				fault("%s: placeholders differ: %v and %v", key, mine.holes(), theirs.holes())
			}
		}
	}
	return faults
}

// CheckCodes says which of these error codes lack the text of what happened or of what to
// do next, in either language.
func CheckCodes(s Source, codes []string) []string {
	var faults []string
	for _, l := range Langs() {
		f, err := readFile(s.FS, l)
		if err != nil {
			return []string{err.Error()}
		}
		for _, code := range codes {
			for _, key := range []string{code, code + ".next"} {
				if _, ok := f.entries[key]; !ok {
					faults = append(faults, fmt.Sprintf("%s: error code %s: %s is missing", l, code, key))
				}
			}
		}
	}
	return faults
}

// Usage is what the code of one room mentions.
type Usage struct {
	Keys     map[string]bool // whole keys
	Prefixes map[string]bool // beginnings of keys that are put together: "desk.state_"
	Codes    map[string]bool // codes of errors made with errs.New and errs.Wrap
}

// Used reads the Go files and views of one folder and collects every key it mentions. A
// string that is a whole key is a use of it; a string that ends in "_" or "." or holds a
// % verb is a use of every key that begins with what stands before. Texts under
// testdata and in _test.go files do not count.
func Used(folder fs.FS, s Source) (Usage, error) {
	u := Usage{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	files, err := fs.Glob(folder, "*.go")
	if err != nil {
		return u, err
	}
	views, err := fs.Glob(folder, "views/*.html")
	if err != nil {
		return u, err
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return u, err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path.Base(name), text, 0)
		if err != nil {
			return u, err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if n.Kind == token.STRING {
					if v, err := strconv.Unquote(n.Value); err == nil {
						u.note(v, s)
					}
				}
			case *ast.CallExpr:
				f, ok := n.Fun.(*ast.SelectorExpr)
				if !ok || (f.Sel.Name != "New" && f.Sel.Name != "Wrap") || len(n.Args) < 2 {
					return true
				}
				if pkg, ok := f.X.(*ast.Ident); !ok || pkg.Name != "errs" {
					return true
				}
				if lit, ok := n.Args[1].(*ast.BasicLit); ok {
					if v, err := strconv.Unquote(lit.Value); err == nil && s.owns(v) {
						u.Codes[v] = true
					}
				}
			}
			return true
		})
	}
	for _, name := range views {
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return u, err
		}
		for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
			u.note(m[1]+m[2], s)
		}
	}
	return u, nil
}

var (
	quoted = regexp.MustCompile("\"([a-z0-9_.%]+)\"|`([a-z0-9_.%]+)`")
	keyish = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$`)
)

func (u Usage) note(v string, s Source) {
	if !s.owns(v) {
		return
	}
	if i := strings.IndexByte(v, '%'); i >= 0 {
		v = v[:i]
		if strings.HasSuffix(v, "_") || strings.HasSuffix(v, ".") {
			u.Prefixes[v] = true
		}
		return
	}
	if strings.HasSuffix(v, "_") || strings.HasSuffix(v, ".") {
		u.Prefixes[v] = true
		return
	}
	if keyish.MatchString(v) {
		u.Keys[v] = true
	}
}

// CheckFolder checks a room's texts (Check), that every error code it makes has them
// (CheckCodes), that every key its views and code mention is there, and that no key is
// there for nothing. folder is the room's source folder. elsewhere are further folders
// that may mention the room's keys, such as app.
func CheckFolder(folder string, s Source, elsewhere ...string) []string {
	root := os.DirFS(folder)
	if s.FS == nil {
		s.FS = root
	}
	faults := Check(s)
	f, err := readFile(s.FS, ID)
	if err != nil {
		return faults
	}
	u, err := Used(root, s)
	if err != nil {
		return append(faults, err.Error())
	}
	faults = append(faults, CheckCodes(s, sortedKeys(u.Codes))...)
	for _, other := range elsewhere {
		more, err := Used(os.DirFS(other), s)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, err.Error())
		}
		for k := range more.Keys {
			u.Keys[k] = true
		}
		for k := range more.Prefixes {
			u.Prefixes[k] = true
		}
	}
	texts := viewKeys(root, s)
	for _, key := range texts {
		if _, ok := f.entries[key]; !ok {
			faults = append(faults, fmt.Sprintf("%s is used in a view and missing", key))
		}
	}
	for _, key := range f.keys {
		if !u.uses(key) {
			faults = append(faults, fmt.Sprintf("%s is not used", key))
		}
	}
	return faults
}

func (u Usage) uses(key string) bool {
	for _, suffix := range []string{"", ".next", ".say"} {
		code, ok := strings.CutSuffix(key, suffix)
		if ok && u.Keys[code] {
			return true
		}
		for prefix := range u.Prefixes {
			if ok && strings.HasPrefix(code, prefix) {
				return true
			}
		}
	}
	return false
}

var inView = regexp.MustCompile("\\b[tn] \"([a-z0-9_.]+)\"")

// viewKeys are the whole keys that a view hands to t and n.
func viewKeys(folder fs.FS, s Source) []string {
	views, _ := fs.Glob(folder, "views/*.html") // the pattern is valid
	seen := map[string]bool{}
	for _, name := range views {
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			continue // Used has said so
		}
		for _, m := range inView.FindAllStringSubmatch(string(text), -1) {
			if s.owns(m[1]) {
				seen[m[1]] = true
			}
		}
	}
	return sortedKeys(seen)
}

func sortedKeys(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
