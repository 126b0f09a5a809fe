// Package archtest holds the rules of the house as tests: what docs/ARCHITECTURE.md promises about the shape of
// the code is read off the code here, so that the promise cannot go stale.
//
// It reads source text and syntax trees only; it never runs a room. The rules are: the import table (who may know
// whom), who may use cryptography, who may make an Actor, who may ask for a system secret, whose SQL touches whose
// tables, that every stored column has a class, that rules files stay pure, that clocks are injected, that every
// error code has its words in both languages, that every package begins with an essay, and that no package has become a warehouse.
//
// A new capability adds one row to the table in imports_test.go. A rule that stands in the way of something good is changed here,
// in the open, with an ADR; it is not worked around.
package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Module is the module path.
const Module = "github.com/amanah-id/amanah"

// File is one Go file of the house.
type File struct {
	Path    string // from the root, with slashes
	Room    string // folder from the root, without "internal/"
	Name    string // base name
	Test    bool
	Imports []string
	Syntax  *ast.File
	Lines   int
	Set     *token.FileSet
}

// Position names a place in the file.
func (f File) Position(n ast.Node) string {
	return f.Path + ":" + strconv.Itoa(f.Set.Position(n.Pos()).Line)
}

// Root is the folder of go.mod, seen from this package.
func Root() string { return filepath.Join("..", "..") }

// Load parses every Go file below the root.
func Load(root string) ([]File, error) {
	var files []File
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if base == "testdata" || base == ".git" || base == "dist" || base == "bin" || strings.HasPrefix(base, "amanah-d") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		tree, err := parser.ParseFile(set, path, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		f := File{
			Path: rel, Room: strings.TrimPrefix(strings.TrimSuffix(rel[:len(rel)-len(base)], "/"), "internal/"), Name: base,
			Test: strings.HasSuffix(base, "_test.go"), Syntax: tree, Lines: strings.Count(string(text), "\n"), Set: set,
		}
		for _, i := range tree.Imports {
			p, _ := strconv.Unquote(i.Path.Value)
			f.Imports = append(f.Imports, p)
		}
		files = append(files, f)
		return nil
	})
	return files, err
}

// Ours returns the rooms that the file imports.
func (f File) Ours() []string {
	var out []string
	for _, i := range f.Imports {
		if rest, ok := strings.CutPrefix(i, Module+"/"); ok {
			out = append(out, strings.TrimPrefix(rest, "internal/"))
		}
	}
	return out
}

// NameOf returns the name by which the file knows an imported path, or "" when it does not import it.
func (f File) NameOf(path string) string {
	for _, i := range f.Syntax.Imports {
		if p, _ := strconv.Unquote(i.Path.Value); p == path {
			if i.Name != nil {
				return i.Name.Name
			}
			return path[strings.LastIndexByte(path, '/')+1:]
		}
	}
	return ""
}

// Calls visits every call of a function of an imported package: pkg.Name(…).
func (f File) Calls(path string, visit func(name string, call *ast.CallExpr)) {
	local := f.NameOf(path)
	if local == "" {
		return
	}
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == local {
				visit(sel.Sel.Name, call)
			}
		}
		return true
	})
}

// Strings visits every string literal.
func (f File) Strings(visit func(text string, n ast.Node)) {
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				visit(text, lit)
			}
		}
		return true
	})
}

// IsCapability reports whether the room is a chapter of the procedure: neither kit, trust, web, app nor a public library.
func IsCapability(room string) bool {
	first, _, _ := strings.Cut(room, "/")
	return !slices.Contains([]string{"kit", "trust", "web", "app", "archtest", "cmd", "pii", "proof", "anonymise", "client", "docs", "scripts"}, first)
}
