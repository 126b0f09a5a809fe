package telephony

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
)

// Mapping says how a vendor's document becomes events of ours. It is data: paths into the
// document and tables of words, and nothing that could run.
//
//	mapping: acme
//	each: items                          # left out: the document is one event, or a list of them
//	when: [{path: class, is: [call]}]    # left out: every document
//	id: {path: event_id}                 # left out: the same contact at the same moment is the same event
//	source: {text: acme}
//	contact: {path: call.id}
//	order: {time: [call.at]}             # or number: [path], count: [path]; left out: as they arrive
//	events:                              # the first that fits decides; none: not an event for us
//	  - when: [{path: call.state, is: [ringing]}]
//	    kind: [contact.offered]
//	data:
//	  from: {path: call.caller}
//	  agent: {path: call.extension, table: agents}
//	tables:
//	  agents: {"201": stf_01k9xq3v7me8t0000z9w2h4r6n}
//
// A path is names with dots between them; [2] is an item of a list, [-1] the last one, and
// [purpose=agent] the last one that says so. A text that holds JSON is read through.
type Mapping struct {
	Name    string                       `yaml:"mapping"`
	Each    string                       `yaml:"each"`
	When    []Condition                  `yaml:"when"`
	ID      Value                        `yaml:"id"`
	Source  Value                        `yaml:"source"`
	Contact Value                        `yaml:"contact"`
	Order   Order                        `yaml:"order"`
	Events  []Rule                       `yaml:"events"`
	Data    map[string]Value             `yaml:"data"`
	Tables  map[string]map[string]string `yaml:"tables"`

	each path
}

// Rule says which documents are which kinds of event.
type Rule struct {
	When []Condition             `yaml:"when"`
	Kind []interaction.EventKind `yaml:"kind"`
}

// Condition holds when the text at the path is one of Is, or none of Not, or the Same as at
// another path, or is there at all as There says.
type Condition struct {
	Path  string   `yaml:"path"`
	Is    []string `yaml:"is"`
	Not   []string `yaml:"not"`
	Same  string   `yaml:"same"`
	There *bool    `yaml:"there"`

	path, same path
}

// Value is where a text comes from. The first of Path that is there counts; Join are put
// together and must all be there. After cuts up to the last such mark, Before from the
// first one on. A Table changes the word; a word that is not in it is Otherwise.
type Value struct {
	Text      string `yaml:"text"`
	Path      Paths  `yaml:"path"`
	Join      Paths  `yaml:"join"`
	After     string `yaml:"after"`
	Before    string `yaml:"before"`
	Table     string `yaml:"table"`
	Otherwise string `yaml:"otherwise"`

	path, join []path
	table      map[string]string
}

// Order says how the events of a contact are ordered: by the source's own Count, which
// leaves none out; by a Number or a Time, which only grow; or as they arrive.
type Order struct {
	Count  Paths `yaml:"count"`
	Number Paths `yaml:"number"`
	Time   Paths `yaml:"time"`

	count, number, time []path
}

// Paths are one path or several.
type Paths []string

// UnmarshalYAML takes a text for a list of one.
func (p *Paths) UnmarshalYAML(text []byte) error {
	var one string
	if yaml.Unmarshal(text, &one) == nil {
		*p = Paths{one}
		return nil
	}
	return yaml.Unmarshal(text, (*[]string)(p))
}

//go:embed mappings/*.yaml
var shipped embed.FS

// Library is the mappings that are known, by name.
type Library struct {
	all    map[string]*Mapping
	agents map[string]string // vendors' names to staff ids
}

// Extension is what exchanges call a member of staff: the first name in the table of agents; "" when there is none.
func (l *Library) Extension(staff string) string {
	for _, name := range sortedKeys(l.agents) {
		if l.agents[name] == staff {
			return name
		}
	}
	return ""
}

// agentsFile holds the table from vendors' names of agents to our staff ids, for every
// mapping: the operator's own, beside his mappings.
const agentsFile = "agents.yaml"

const maxMapping = 1 << 20

// Load reads the shipped mappings and those of the operator's folder; one of the folder
// takes the place of a shipped one of its name. The error names the file and what is wrong.
func Load(folder string) (*Library, error) {
	l := &Library{all: map[string]*Mapping{}}
	own, err := files(folder)
	if err != nil {
		return nil, err
	}
	agents := map[string]string{}
	if text, ok := own[agentsFile]; ok {
		if agents, err = readAgents(text); err != nil {
			return nil, err
		}
		delete(own, agentsFile)
	}
	l.agents = agents
	names, err := fs.Glob(shipped, "mappings/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := shipped.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if err := l.add(filepath.Base(name), text, agents); err != nil {
			return nil, err
		}
	}
	for _, name := range sortedKeys(own) {
		if err := l.add(name, own[name], agents); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// files reads the YAML and JSON files of the operator's folder.
func files(folder string) (map[string][]byte, error) {
	out := map[string][]byte{}
	if folder == "" {
		return out, nil
	}
	list, err := os.ReadDir(folder)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "telephony.mapping_folder", err).With("folder", folder)
	}
	for _, f := range list {
		if ext := filepath.Ext(f.Name()); f.IsDir() || ext != ".yaml" && ext != ".yml" && ext != ".json" {
			continue
		}
		info, err := f.Info()
		if err == nil && info.Size() > maxMapping {
			err = errors.New("too large")
		}
		var text []byte
		if err == nil {
			text, err = os.ReadFile(filepath.Join(folder, f.Name()))
		}
		if err != nil {
			return nil, errs.Wrap(errs.Invalid, "telephony.mapping_folder", err).With("folder", filepath.Join(folder, f.Name()))
		}
		out[f.Name()] = text
	}
	return out, nil
}

func readAgents(text []byte) (map[string]string, error) {
	agents := map[string]string{}
	if err := yaml.Unmarshal(text, &agents); err != nil {
		return nil, wrongMapping(agentsFile, "agents: stf_…", lineOf(err))
	}
	for _, name := range sortedKeys(agents) {
		if !id.Is(id.Staff, agents[name]) {
			return nil, wrongMapping(agentsFile, name, 0)
		}
	}
	return agents, nil
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// wrongMapping names the file, the place in it, and the line where that is known.
func wrongMapping(file, place string, line int) *errs.E {
	return errs.New(errs.Invalid, "telephony.mapping_wrong").With("file", file).With("place", place).With("line", line)
}

// lineOf is the line that a YAML error speaks of; its text may quote the file and is dropped.
func lineOf(err error) int {
	if m := regexp.MustCompile(`\[(\d+):\d+\]`).FindStringSubmatch(err.Error()); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}

func (l *Library) add(file string, text []byte, agents map[string]string) error {
	m, err := ParseMapping(file, text, agents)
	if err != nil {
		return err
	}
	l.all[m.Name] = m
	return nil
}

// Names lists the mappings.
func (l *Library) Names() []string { return sortedKeys(l.all) }

// Get finds a mapping by name.
func (l *Library) Get(name string) (*Mapping, bool) {
	m, ok := l.all[name]
	return m, ok
}

var mappingName = regexp.MustCompile(`^[a-z][a-z0-9-]{1,39}$`)

// dataNames are what a mapping may fill besides the contact itself.
var dataNames = []string{"controller", "channel", "direction", "queue", "language", "agent", "from", "case"}

var eventKinds = []interaction.EventKind{interaction.ContactOffered, interaction.ContactConnected, interaction.ContactHeld, interaction.ContactResumed,
	interaction.ContactTransferred, interaction.ContactWrapup, interaction.ContactEnded, interaction.ContactDoubt}

// ParseMapping reads one mapping, strictly: an unknown word, a path that is none, a table
// nobody wrote and a kind of event that we do not have are refused with their place.
func ParseMapping(file string, text []byte, agents map[string]string) (*Mapping, error) {
	m := &Mapping{}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(m); err != nil {
		return nil, wrongMapping(file, "YAML", lineOf(err))
	}
	if m.Tables == nil {
		m.Tables = map[string]map[string]string{}
	}
	if m.Tables["agents"] == nil {
		m.Tables["agents"] = agents
	}
	if place := m.compile(); place != "" {
		return nil, wrongMapping(file, place, 0)
	}
	return m, nil
}

// compile reads the paths and says where something is wrong; "" when nothing is.
func (m *Mapping) compile() (place string) {
	var ok bool
	if m.each, ok = parsePath(m.Each); !ok && m.Each != "" {
		return "each"
	}
	if !mappingName.MatchString(m.Name) {
		return "mapping"
	}
	if len(m.Events) == 0 || len(m.Events) > 50 {
		return "events"
	}
	if place := compileConditions(m.When, "when"); place != "" {
		return place
	}
	for i := range m.Events {
		at := "events[" + strconv.Itoa(i) + "]"
		if place := compileConditions(m.Events[i].When, at+".when"); place != "" {
			return place
		}
		if len(m.Events[i].Kind) == 0 || len(m.Events[i].Kind) > 4 {
			return at + ".kind"
		}
		for _, k := range m.Events[i].Kind {
			if !slices.Contains(eventKinds, k) {
				return at + ".kind"
			}
		}
	}
	for i, v := range []*Value{&m.ID, &m.Source, &m.Contact} {
		if place := v.compile(m.Tables); place != "" {
			return []string{"id", "source", "contact"}[i] + place
		}
	}
	if m.Contact.empty() {
		return "contact"
	}
	for _, name := range sortedKeys(m.Data) {
		v := m.Data[name]
		if !slices.Contains(dataNames, name) || v.empty() {
			return "data." + name
		}
		if place := v.compile(m.Tables); place != "" {
			return "data." + name + place
		}
		if name == "channel" && v.Text == "" && v.Otherwise == "" { // what is left out is a telephone call, on which most is opened
			return "data.channel.otherwise"
		}
		m.Data[name] = v
	}
	set := 0
	for _, o := range []struct {
		from Paths
		to   *[]path
	}{{m.Order.Count, &m.Order.count}, {m.Order.Number, &m.Order.number}, {m.Order.Time, &m.Order.time}} {
		if *o.to, ok = parsePaths(o.from); !ok {
			return "order"
		}
		if len(o.from) > 0 {
			set++
		}
	}
	if set > 1 {
		return "order"
	}
	return ""
}

func compileConditions(list []Condition, at string) string {
	for i := range list {
		c := &list[i]
		var ok bool
		c.path, ok = parsePath(c.Path)
		if same, fine := parsePath(c.Same); c.Same != "" {
			c.same, ok = same, ok && fine
		}
		said := 0
		for _, is := range []bool{len(c.Is) > 0, len(c.Not) > 0, c.Same != "", c.There != nil} {
			if is {
				said++
			}
		}
		if !ok || said != 1 {
			return at + "[" + strconv.Itoa(i) + "]"
		}
	}
	return ""
}

func (v *Value) empty() bool { return v.Text == "" && len(v.Path) == 0 && len(v.Join) == 0 }

func (v *Value) compile(tables map[string]map[string]string) string {
	var ok bool
	if v.path, ok = parsePaths(v.Path); !ok {
		return ".path"
	}
	if v.join, ok = parsePaths(v.Join); !ok {
		return ".join"
	}
	ways := 0
	for _, is := range []bool{v.Text != "", len(v.Path) > 0, len(v.Join) > 0} {
		if is {
			ways++
		}
	}
	if ways > 1 {
		return ".text"
	}
	if v.Table != "" {
		if v.table, ok = tables[v.Table]; !ok {
			return ".table"
		}
	}
	return ""
}

// path is a compiled path.
type path []step

type step struct {
	name  string // "" when only an item is taken
	item  bool
	index int
	key   string // of an item by what it says
	value string
}

var stepText = regexp.MustCompile(`^([^.\[\]=]*)((?:\[[^\[\]]+\])*)$`)

func parsePaths(list Paths) ([]path, bool) {
	out := make([]path, len(list))
	for i, text := range list {
		var ok bool
		if out[i], ok = parsePath(text); !ok {
			return nil, false
		}
	}
	return out, true
}

func parsePath(text string) (path, bool) {
	if text == "" || len(text) > 300 {
		return nil, false
	}
	var out path
	for part := range strings.SplitSeq(text, ".") {
		m := stepText.FindStringSubmatch(part)
		if m == nil || part == "" {
			return nil, false
		}
		if m[1] != "" {
			out = append(out, step{name: m[1]})
		}
		for item := range strings.SplitSeq(strings.TrimSuffix(strings.TrimPrefix(m[2], "["), "]"), "][") {
			if item == "" {
				continue
			}
			s := step{item: true}
			var err error
			if key, value, by := strings.Cut(item, "="); by {
				s.key, s.value = key, value
			} else if s.index, err = strconv.Atoi(item); err != nil {
				return nil, false
			}
			out = append(out, s)
		}
	}
	return out, len(out) > 0 && len(out) <= 16
}

// at follows the path; nil when there is nothing.
func (p path) at(doc any) any {
	for _, s := range p {
		if text, ok := doc.(string); ok && (strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")) {
			doc = parseJSON([]byte(text))
		}
		if !s.item {
			object, _ := doc.(map[string]any)
			doc = object[s.name]
			continue
		}
		list, _ := doc.([]any)
		doc = nil
		switch {
		case s.key != "":
			for _, item := range slices.Backward(list) {
				object, _ := item.(map[string]any)
				if text, ok := textOf(object[s.key]); ok && text == s.value {
					doc = item
					break
				}
			}
		case s.index >= 0 && s.index < len(list):
			doc = list[s.index]
		case s.index < 0 && -s.index <= len(list):
			doc = list[len(list)+s.index]
		}
	}
	return doc
}

// parseJSON reads one value with its numbers as they are written; nil when it is none.
func parseJSON(text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var out any
	if d.Decode(&out) != nil {
		return nil
	}
	return out
}

// textOf is a value as a text; false for what has none, and for the empty text.
func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, v != ""
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

func first(paths []path, doc any) (string, bool) {
	for _, p := range paths {
		if text, ok := textOf(p.at(doc)); ok {
			return text, true
		}
	}
	return "", false
}

func (c Condition) holds(doc any) bool {
	text, there := textOf(c.path.at(doc))
	switch {
	case c.There != nil:
		return there == *c.There
	case c.same != nil:
		other, too := textOf(c.same.at(doc))
		return there && too && text == other
	case len(c.Not) > 0:
		return !slices.Contains(c.Not, text)
	}
	return there && slices.Contains(c.Is, text)
}

func all(list []Condition, doc any) bool {
	for _, c := range list {
		if !c.holds(doc) {
			return false
		}
	}
	return true
}

// of is the value's text in a document; "" when there is none.
func (v Value) of(doc any) string {
	text, ok := v.Text, v.Text != ""
	switch {
	case len(v.path) > 0:
		text, ok = first(v.path, doc)
	case len(v.join) > 0:
		parts := make([]string, 0, len(v.join))
		for _, p := range v.join {
			part, there := textOf(p.at(doc))
			if !there {
				return v.Otherwise
			}
			parts = append(parts, part)
		}
		text, ok = strings.Join(parts, "/"), true
	}
	if !ok {
		return v.Otherwise
	}
	if v.After != "" {
		if i := strings.LastIndex(text, v.After); i >= 0 {
			text = text[i+len(v.After):]
		}
	}
	if v.Before != "" {
		text, _, _ = strings.Cut(text, v.Before)
	}
	if v.Table != "" {
		if text, ok = v.table[text]; !ok {
			return v.Otherwise
		}
	}
	return text
}

// mostDocuments is how many events one request may hold.
const mostDocuments = 100

// Read makes events of a document. arrival numbers those of a source without an order of
// its own. A document that is no event for us makes none; one that should be and lacks what
// an event needs is refused, without quoting it.
func (m *Mapping) Read(doc any, arrival func() int64) ([]interaction.Event, error) {
	if m.Each != "" {
		doc = m.each.at(doc)
	}
	list, many := doc.([]any)
	if !many {
		list = []any{doc}
	}
	if len(list) > mostDocuments {
		return nil, errDocument.With("place", "each")
	}
	var out []interaction.Event
	for _, one := range list {
		events, err := m.one(one, arrival)
		if err != nil {
			return nil, err
		}
		out = append(out, events...)
	}
	return out, nil
}

func (m *Mapping) one(doc any, arrival func() int64) ([]interaction.Event, error) {
	if !all(m.When, doc) {
		return nil, nil
	}
	i := slices.IndexFunc(m.Events, func(r Rule) bool { return all(r.When, doc) })
	if i < 0 {
		return nil, nil
	}
	d := func(name string) string { v := m.Data[name]; return v.of(doc) }
	base := interaction.Event{
		Source: cmp.Or(m.Source.of(doc), m.Name), Contact: m.Contact.of(doc),
		Data: interaction.Data{
			Controller: d("controller"), Channel: d("channel"), Direction: d("direction"), Queue: reference(d("queue")), Language: d("language"),
			Case: reference(d("case")), From: dialled(d("from")), Agent: d("agent"),
		},
	}
	if base.Contact == "" {
		return nil, errDocument.With("place", "contact")
	}
	var out []interaction.Event
	for n, kind := range m.Events[i].Kind {
		e := base
		e.Kind = kind
		var ok bool
		if e.Sequence, e.Loose, ok = m.Order.of(doc, kind, n, arrival); !ok {
			return nil, errDocument.With("place", "order")
		}
		// Several events of one document are told apart by their kinds.
		e.ID = cmp.Or(m.ID.of(doc), base.Contact+"/"+strconv.FormatInt(e.Sequence, 10)) + "/" + string(kind)
		if e.Check() != nil {
			return nil, errDocument.With("place", "id")
		}
		out = append(out, e)
	}
	return out, nil
}

// of is the number of an event within its contact. Where numbers only grow, several events
// of one moment are ordered as they happen in a call.
func (o Order) of(doc any, kind interaction.EventKind, nth int, arrival func() int64) (sequence int64, loose, ok bool) {
	rank := int64(slices.Index(eventKinds, kind))
	switch {
	case len(o.count) > 0:
		text, there := first(o.count, doc)
		n, err := strconv.ParseInt(text, 10, 64)
		return n, false, there && err == nil && n >= 0 && nth == 0
	case len(o.number) > 0:
		text, there := first(o.number, doc)
		n, err := strconv.ParseInt(text, 10, 64)
		return n*8 + rank, true, there && err == nil && n >= 0 && n < 1<<49
	case len(o.time) > 0:
		text, there := first(o.time, doc)
		at, known := moment(text)
		return at.UnixMilli()*8 + rank, true, there && known
	}
	return arrival(), true, true
}

// moment reads the ways in which the sources write a time.
func moment(text string) (time.Time, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		switch {
		case n < 1e11: // seconds until the year 5138
			return time.Unix(n, 0), true
		case n < 1e14:
			return time.UnixMilli(n), true
		case n < 1e17:
			return time.UnixMicro(n), true
		}
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999-0700", time.RFC1123Z, time.RFC1123} {
		if at, err := time.Parse(layout, text); err == nil && at.Year() > 2000 && at.Year() < 2200 {
			return at, true
		}
	}
	return time.Time{}, false
}

// reference keeps of a queue's or a case's name what a reference may hold.
func reference(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._-/#: ", r):
			b.WriteRune(r)
		default:
			b.WriteByte('-')
		}
		if b.Len() == 64 {
			break
		}
	}
	return b.String()
}

// dialled drops what is no number: a withheld one, a SIP address with a name. What is too
// long to be one is nobody's.
func dialled(text string) string {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "tel:"), "sip:")
	text, _, _ = strings.Cut(text, "@")
	text, _, _ = strings.Cut(text, ";")
	if len(text) > 64 {
		return ""
	}
	return text
}
