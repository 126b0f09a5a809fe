package archtest

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A route whose scope nobody can be given is closed to every API client, and no other test would notice: the refusal looks
// like any other. So every scope that is asked for is read off the code here and looked up among those identity gives out,
// and the other way round.
func TestEveryScopeThatIsAskedForCanBeGivenToAClient(t *testing.T) {
	files := load(t)
	words := wordsOf(files)
	given := map[string]bool{} // value -> somebody asks for it
	for name, value := range words {
		if strings.HasPrefix(name, "trust/identity.Scope") {
			given[value] = false
		}
	}
	if len(given) < 5 {
		t.Fatalf("only %d scopes found in trust/identity", len(given))
	}
	asked := func(f File, e ast.Expr) {
		values := scopesOf(files, words, f, e)
		if len(values) == 0 {
			t.Errorf("%s asks for a scope that cannot be read off the code", f.Position(e))
		}
		for _, v := range values {
			if _, ok := given[v]; !ok {
				t.Errorf("%s asks for the scope %q; identity gives out no such scope", f.Position(e), v)
				continue
			}
			given[v] = true
		}
	}
	for _, f := range files {
		if f.Test || f.Room == "trust/actor" {
			continue
		}
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				// The front desk asks for what an Access holds, which is looked at where it is written.
				if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "HasScope" && f.Room != "web" {
					asked(f, n.Args[0])
				}
			case *ast.CompositeLit:
				if sel, ok := n.Type.(*ast.SelectorExpr); !ok || sel.Sel.Name != "Access" || text(sel.X) != f.NameOf(Module+"/internal/web") {
					return true
				}
				for _, el := range n.Elts {
					if kv, ok := el.(*ast.KeyValueExpr); ok && text(kv.Key) == "Scope" {
						asked(f, kv.Value)
					}
				}
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if sel, ok := left.(*ast.SelectorExpr); ok && sel.Sel.Name == "Scope" && len(n.Lhs) == len(n.Rhs) {
						asked(f, n.Rhs[i])
					}
				}
			}
			return true
		})
	}
	for scope, used := range given {
		if !used {
			t.Errorf("identity gives out the scope %q, which opens nothing", scope)
		}
	}
}

func text(e ast.Expr) string {
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// wordsOf returns the constants of the house that are plain strings, as "room.Name".
func wordsOf(files []File) map[string]string {
	words := map[string]string{}
	for _, f := range files {
		for _, d := range f.Syntax.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || f.Test || decl.Tok != token.CONST {
				continue
			}
			for _, s := range decl.Specs {
				v := s.(*ast.ValueSpec)
				for i, name := range v.Names {
					if i < len(v.Values) {
						if word, ok := literal(v.Values[i]); ok {
							words[f.Room+"."+name.Name] = word
						}
					}
				}
			}
		}
	}
	return words
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	word, err := strconv.Unquote(lit.Value)
	return word, err == nil
}

// scopesOf returns what an expression can be: a literal, a constant, or what a function of the same room returns.
func scopesOf(files []File, words map[string]string, f File, e ast.Expr) []string {
	if word, ok := literal(e); ok {
		return []string{word}
	}
	switch e := e.(type) {
	case *ast.Ident:
		if word, ok := words[f.Room+"."+e.Name]; ok {
			return []string{word}
		}
	case *ast.SelectorExpr:
		for _, room := range f.Ours() {
			if word, ok := words[room+"."+e.Sel.Name]; ok && f.NameOf(Module+"/internal/"+room) == text(e.X) {
				return []string{word}
			}
		}
	case *ast.CallExpr:
		var out []string
		for _, other := range files {
			for _, d := range other.Syntax.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || other.Test || other.Room != f.Room || fn.Recv != nil || fn.Name.Name != text(e.Fun) {
					continue
				}
				ast.Inspect(fn.Body, func(n ast.Node) bool {
					if r, ok := n.(*ast.ReturnStmt); ok {
						for _, v := range r.Results {
							out = append(out, scopesOf(files, words, other, v)...)
						}
					}
					return true
				})
			}
		}
		return slices.Compact(out)
	}
	return nil
}
