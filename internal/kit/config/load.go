package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// key is one setting as its tags describe it.
type key struct {
	name, def, id, en string
	one               []string
	index             []int
	typ               reflect.Type
}

func (k key) env() string  { return "AMANAH_" + strings.ToUpper(strings.ReplaceAll(k.name, ".", "_")) }
func (k key) secret() bool { return k.typ == reflect.TypeFor[Secret]() }
func (k key) sort() string { return sorts[k.typ] }
func (k key) isList() bool { return k.typ.Kind() == reflect.Slice }

var sorts = map[reflect.Type]string{
	reflect.TypeFor[string]():        "text",
	reflect.TypeFor[Secret]():        "secret",
	reflect.TypeFor[bool]():          "true/false",
	reflect.TypeFor[int]():           "number",
	reflect.TypeFor[time.Duration](): "duration",
	reflect.TypeFor[[]string]():      "list",
}

// keys is every setting, in the order of the struct.
var keys = describe(reflect.TypeFor[Config](), "", nil)

func describe(t reflect.Type, prefix string, index []int) (out []key) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, ok := f.Tag.Lookup("key")
		if !ok {
			continue
		}
		at := append(slices.Clone(index), i)
		if f.Type.Kind() == reflect.Struct {
			out = append(out, describe(f.Type, prefix+name+".", at)...)
			continue
		}
		out = append(out, key{
			name: prefix + name, def: f.Tag.Get("default"), id: f.Tag.Get("id"), en: f.Tag.Get("en"),
			one: strings.Fields(f.Tag.Get("one")), index: at, typ: f.Type,
		})
	}
	return out
}

// Sources are the places that settings come from.
type Sources struct {
	// File is the configuration file's path. With Required false, a file that does not exist counts as empty.
	File     string
	Required bool
	Flags    map[string]string // key -> value from the command line
	Environ  []string          // as os.Environ returns it
}

// aside are variables that begin with AMANAH_ and are no settings.
var aside = []string{"AMANAH_CONFIG", "AMANAH_UPDATE", "AMANAH_TOOLS", "AMANAH_TOKEN", "AMANAH_URL_CLIENT"}

// Load reads the settings. Every error is errs.Invalid with code config.*, names the key and the place, and
// quotes no value.
func Load(s Sources) (*Config, error) {
	c := &Config{values: map[string]Value{}}
	env := map[string]string{}
	for _, e := range s.Environ {
		// An empty variable is one that is not set: shells, units and containers have no other way to unset one.
		if name, value, ok := strings.Cut(e, "="); ok && value != "" {
			env[name] = value
		}
	}
	if err := checkEnvironment(env); err != nil {
		return nil, err
	}
	file, err := readFile(s)
	if err != nil {
		return nil, err
	}
	for flag := range s.Flags {
		if !slices.ContainsFunc(keys, func(k key) bool { return k.name == flag }) {
			return nil, errs.New(errs.Internal, "config.flag").With("key", flag)
		}
	}
	for _, k := range keys {
		text, origin, err := k.find(s, env, file)
		if err != nil {
			return nil, err
		}
		if err := k.set(reflect.ValueOf(c).Elem().FieldByIndex(k.index), text); err != nil {
			return nil, errs.Wrap(errs.Invalid, "config.value", err).With("key", k.name).With("origin", origin).With("want", k.want())
		}
		shown := text
		if k.secret() {
			shown = Secret(text).String()
		}
		c.values[k.name] = Value{Key: k.name, Value: shown, Origin: origin}
	}
	return c, nil
}

// find returns the text of a setting and where it came from.
func (k key) find(s Sources, env map[string]string, file map[string]entry) (text, origin string, err error) {
	if v, ok := s.Flags[k.name]; ok {
		return v, "--" + strings.ReplaceAll(strings.TrimSuffix(k.name, ".url"), ".", "-"), nil
	}
	if v, ok := env[k.env()]; ok {
		return v, k.env(), nil
	}
	if path, ok := env[k.env()+"_FILE"]; ok {
		b, err := os.ReadFile(path)
		if err != nil {
			return "", "", errs.Wrap(errs.Invalid, "config.secret_file", err).With("key", k.name).With("origin", k.env()+"_FILE")
		}
		return strings.TrimRight(string(b), "\r\n"), k.env() + "_FILE", nil
	}
	if dir, ok := env["CREDENTIALS_DIRECTORY"]; ok && k.secret() {
		if b, err := os.ReadFile(filepath.Join(dir, k.name)); err == nil {
			return strings.TrimRight(string(b), "\r\n"), "systemd credential " + k.name, nil
		}
	}
	if e, ok := file[k.name]; ok {
		return e.text, e.origin, nil
	}
	return k.def, "default", nil
}

func (k key) set(v reflect.Value, text string) error {
	if len(k.one) > 0 && !slices.Contains(k.one, text) {
		return errors.New("not one of the known words")
	}
	switch k.typ {
	case reflect.TypeFor[time.Duration]():
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return errors.New("no duration")
		}
		v.SetInt(int64(d))
	case reflect.TypeFor[int]():
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 1 {
			return errors.New("no number from 1 on")
		}
		v.SetInt(n)
	case reflect.TypeFor[bool]():
		b, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("neither true nor false")
		}
		v.SetBool(b)
	case reflect.TypeFor[[]string]():
		var list []string
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
		v.Set(reflect.ValueOf(list))
	default:
		v.SetString(text)
	}
	return nil
}

// want says what a setting takes, for error messages and the reference page.
func (k key) want() string {
	switch {
	case len(k.one) > 0:
		return strings.Join(k.one, " | ")
	case k.typ == reflect.TypeFor[time.Duration]():
		return "duration (20s, 5m)"
	case k.isList():
		return "list"
	default:
		return k.sort()
	}
}

func checkEnvironment(env map[string]string) error {
	known := map[string]bool{}
	names := make([]string, 0, 2*len(keys))
	for _, k := range keys {
		known[k.env()], known[k.env()+"_FILE"] = true, true
		names = append(names, k.env())
	}
	for _, a := range aside {
		known[a] = true
	}
	for name := range env {
		if strings.HasPrefix(name, "AMANAH_") && !known[name] && !strings.HasPrefix(name, "AMANAH_TEST_") && !strings.HasPrefix(name, "AMANAH_BENCH_") {
			return errs.New(errs.Invalid, "config.unknown_variable").With("name", name).With("nearest", nearest(name, names))
		}
	}
	return nil
}

// entry is a setting in the file.
type entry struct{ text, origin string }

func readFile(s Sources) (map[string]entry, error) {
	if s.File == "" {
		return nil, nil
	}
	text, err := os.ReadFile(s.File)
	if errors.Is(err, fs.ErrNotExist) && !s.Required {
		return nil, nil
	}
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "config.file", err).With("file", s.File)
	}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		// The parser's text shows the line it choked on, which may hold a secret.
		return nil, errs.New(errs.Invalid, "config.yaml").With("file", s.File).With("line", lineOf(err))
	}
	out := map[string]entry{}
	for _, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		if err := flatten(doc.Body, "", filepath.Base(s.File), out); err != nil {
			return nil, err
		}
	}
	for name := range out {
		k := keys[slices.IndexFunc(keys, func(k key) bool { return k.name == name })]
		if !k.secret() || out[name].text == "" {
			continue
		}
		if info, err := os.Stat(s.File); err == nil && info.Mode().Perm()&0o077 != 0 {
			return nil, errs.New(errs.Invalid, "config.readable_secret").With("key", name).With("file", s.File)
		}
	}
	return out, nil
}

// flatten turns nested mappings into dotted keys.
func flatten(n ast.Node, prefix, file string, out map[string]entry) error {
	var pairs []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		pairs = m.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{m}
	case *ast.NullNode, *ast.CommentGroupNode:
		return nil
	default:
		return errs.New(errs.Invalid, "config.shape").With("file", file).With("line", n.GetToken().Position.Line)
	}
	for _, p := range pairs {
		name := prefix + strings.Trim(p.Key.GetToken().Value, `"'`)
		line := p.Key.GetToken().Position.Line
		i := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
		section := slices.ContainsFunc(keys, func(k key) bool { return strings.HasPrefix(k.name, name+".") })
		switch {
		case section:
			if err := flatten(p.Value, name+".", file, out); err != nil {
				return err
			}
			continue
		case i < 0:
			all := make([]string, len(keys))
			for j, k := range keys {
				all[j] = k.name
			}
			return errs.New(errs.Invalid, "config.unknown_key").With("key", name).With("file", file).With("line", line).With("nearest", nearest(name, all))
		}
		if _, twice := out[name]; twice {
			return errs.New(errs.Invalid, "config.twice").With("key", name).With("file", file).With("line", line)
		}
		text, ok := scalar(p.Value, keys[i].isList())
		if !ok {
			return errs.New(errs.Invalid, "config.value").With("key", name).With("origin", fmt.Sprintf("%s:%d", file, line)).With("want", keys[i].want())
		}
		out[name] = entry{text, fmt.Sprintf("%s:%d", file, line)}
	}
	return nil
}

func scalar(n ast.Node, list bool) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return v.GetToken().Value, true
	case *ast.NullNode:
		return "", true
	case *ast.SequenceNode:
		if !list {
			return "", false
		}
		parts := make([]string, len(v.Values))
		for i, item := range v.Values {
			text, ok := scalar(item, false)
			if !ok {
				return "", false
			}
			parts[i] = text
		}
		return strings.Join(parts, ","), true
	}
	return "", false
}

// lineOf takes the line out of a parser's message such as "[3:7] …".
func lineOf(err error) int {
	var line int
	_, _ = fmt.Sscanf(err.Error(), "[%d:", &line)
	return line
}

// nearest returns the known word with the least edit distance.
func nearest(word string, known []string) string {
	best, least := "", 1<<30
	for _, k := range known {
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	return best
}

func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
