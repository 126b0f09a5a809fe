package method

import (
	"bytes"
	_ "embed" // the shipped rules
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

//go:embed methods.yaml
var shipped []byte

// maxFile bounds a file; ours has some 3 KiB.
const maxFile = 64 << 10

// maxAge bounds an age that a file may ask for.
const maxAge = 3650

// Shipped are the rules that come with the product.
func Shipped() *Rules {
	r, err := load(shipped)
	if err != nil {
		panic(err) // our own file; a test loads it
	}
	return r
}

// age is a number of days, written 7d.
type age time.Duration

// UnmarshalYAML reads an age.
func (a *age) UnmarshalYAML(text []byte) error {
	word := strings.Trim(strings.TrimSpace(string(text)), `"'`)
	digits, isDays := strings.CutSuffix(word, "d")
	n, err := strconv.Atoi(digits)
	if err != nil || !isDays || n < 0 || n > maxAge || strconv.Itoa(n) != digits {
		return fmt.Errorf("an age is whole days, such as 30d")
	}
	*a = age(time.Duration(n) * 24 * time.Hour)
	return nil
}

type fileSignal struct {
	Voids []string `yaml:"voids"`
	Calm  bool     `yaml:"calm"`
	Asks  string   `yaml:"asks"`
}

type fileStep struct {
	Method string `yaml:"method"`
	Over   string `yaml:"over"`
	Age    age    `yaml:"age"`
	Times  *int   `yaml:"times"`
}

type fileWay struct {
	Level  int        `yaml:"level"`
	From   int        `yaml:"from"`
	By     []fileStep `yaml:"by"`
	Number bool       `yaml:"number"`
	Calm   bool       `yaml:"calm"`
}

type file struct {
	Version int                   `yaml:"version"`
	Methods []string              `yaml:"methods"`
	Signals map[string]fileSignal `yaml:"signals"`
	Ways    []fileWay             `yaml:"ways"`
	Through []fileWay             `yaml:"represented"`
}

func refuse(what string, cause error) error {
	return errs.Wrap(errs.Invalid, "verification.methods_file", cause).With("what", what)
}

func decode(text []byte, into any) error {
	if len(text) > maxFile {
		return fmt.Errorf("the file is larger than %d bytes", maxFile)
	}
	return yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(into)
}

// known are the methods that the program can carry out; a file names those it uses.
var known = []string{Link, Push, Passkey, CallBack, History, Supervisor, Notice, Wait, Document}

// load reads a whole file of rules.
func load(text []byte) (*Rules, error) {
	var f file
	if err := decode(text, &f); err != nil {
		return nil, refuse("syntax", err)
	}
	if f.Version != 1 {
		return nil, refuse("version", fmt.Errorf("version %d, want 1", f.Version))
	}
	r := &Rules{methods: f.Methods, signals: map[string]signal{}}
	for i, m := range f.Methods {
		if !slices.Contains(known, m) || slices.Contains(f.Methods[:i], m) {
			return nil, refuse("methods", fmt.Errorf("method %q is unknown or named twice", m))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Signals)) {
		in := f.Signals[name]
		for _, v := range in.Voids {
			if v != "sim" && v != "number" {
				return nil, refuse("signals", fmt.Errorf("%s voids %q; it can void sim and number", name, v))
			}
		}
		if in.Asks != "" && (!r.Uses(in.Asks) || in.Calm) {
			return nil, refuse("signals", fmt.Errorf("%s asks for %q, which is no method here, or is calm and asks", name, in.Asks))
		}
		r.signals[name] = signal{VoidsSIM: slices.Contains(in.Voids, "sim"), VoidsNumber: slices.Contains(in.Voids, "number"), Calm: in.Calm, Asks: in.Asks}
	}
	r.through = &Rules{methods: r.methods, signals: r.signals}
	if err := r.readWays("ways", f.Ways); err != nil {
		return nil, err
	}
	return r, r.through.readWays("represented", f.Through)
}

func (r *Rules) readWays(list string, ways []fileWay) error {
	for i, in := range ways {
		w, err := r.readWay(in)
		if err != nil {
			return refuse(fmt.Sprintf("%s[%d]", list, i), err)
		}
		if i > 0 && w.Level < ways[i-1].Level {
			return refuse(fmt.Sprintf("%s[%d]", list, i), fmt.Errorf("ways stand in the order of their levels"))
		}
		r.ways = append(r.ways, w)
	}
	if len(r.ways) == 0 {
		return refuse(list, fmt.Errorf("there are none"))
	}
	return nil
}

func (r *Rules) readWay(in fileWay) (way, error) {
	w := way{Level: in.Level, From: in.From, Number: in.Number, Calm: in.Calm}
	switch {
	case in.Level < 2 || in.Level > Highest:
		return w, fmt.Errorf("level %d is not 2 to %d", in.Level, Highest)
	case in.From != 0 && in.From != in.Level-1 || in.Level == Highest && in.From == 0:
		return w, fmt.Errorf("from is the level below; level %d needs it", Highest)
	case in.Level > 2 && !in.Calm:
		return w, fmt.Errorf("a way above level 2 is calm")
	case len(in.By) == 0:
		return w, fmt.Errorf("a way needs a proof")
	}
	alone := true // staff's word, a notice and time prove nothing about the caller
	for _, s := range in.By {
		times := 1
		if s.Times != nil {
			times = *s.Times
		}
		if s.Over != "" && (s.Method != Link || s.Over != "phone" && s.Over != "email") {
			return w, fmt.Errorf("%s over %q: a link goes over phone or email", s.Method, s.Over)
		}
		if !r.Uses(s.Method) || times < 1 || times > 9 {
			return w, fmt.Errorf("method %q is not named above, or its times are not 1 to 9", s.Method)
		}
		w.By = append(w.By, step{Method: s.Method, Over: s.Over, Age: time.Duration(s.Age), Times: times})
		alone = alone && slices.Contains([]string{Supervisor, Notice, Wait, Document}, s.Method)
	}
	if alone && in.From == 0 {
		return w, fmt.Errorf("nothing in it proves who the caller is")
	}
	return w, nil
}

type restriction struct {
	Version int            `yaml:"version"`
	Without []string       `yaml:"without"`
	AtMost  map[string]int `yaml:"at_most"`
	Ages    map[string]age `yaml:"ages"`
}

// Restrict narrows rules by a deployment's own file. An empty text changes nothing.
//
//	version: 1
//	without: [history]     # methods that are not used here
//	at_most: {link: 2}     # a method leads no higher than this
//	ages: {push: 60d}      # contacts must be at least so old; what is asked already stays
func (r *Rules) Restrict(text []byte) (*Rules, error) {
	if len(text) == 0 {
		return r, nil
	}
	var f restriction
	if err := decode(text, &f); err != nil {
		return nil, refuse("syntax", err)
	}
	if f.Version != 1 {
		return nil, refuse("version", fmt.Errorf("version %d, want 1", f.Version))
	}
	named := slices.Concat(f.Without, slices.Sorted(maps.Keys(f.AtMost)), slices.Sorted(maps.Keys(f.Ages)))
	for _, m := range named {
		if !r.Uses(m) {
			return nil, refuse("methods", fmt.Errorf("there is no method %q", m))
		}
	}
	for m, level := range f.AtMost {
		if level < 1 || level > Highest {
			return nil, refuse("at_most", fmt.Errorf("level %d of %s is not 1 to %d", level, m, Highest))
		}
	}
	for m, a := range f.Ages {
		if time.Duration(a) < r.Age(m) {
			return nil, refuse("ages", fmt.Errorf("%s: the product asks for more already; a file can only restrict", m))
		}
	}
	out := r.narrowed(f)
	out.through = r.through.narrowed(f)
	return out, nil
}

func (r *Rules) narrowed(f restriction) *Rules {
	out := &Rules{signals: r.signals}
	for _, m := range r.methods {
		if !slices.Contains(f.Without, m) {
			out.methods = append(out.methods, m)
		}
	}
	for _, w := range r.ways {
		w.By = slices.Clone(w.By)
		keep := true
		for i, s := range w.By {
			most, capped := f.AtMost[s.Method]
			keep = keep && out.Uses(s.Method) && !(capped && w.Level > most)
			w.By[i].Age = max(s.Age, time.Duration(f.Ages[s.Method]))
		}
		if keep {
			out.ways = append(out.ways, w)
		}
	}
	return out
}
