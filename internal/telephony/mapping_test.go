package telephony

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

const rina = "stf_01k9xq3v7me8t0000z9w2h4r6n"

// example is a recorded document of a vendor, and what becomes of it.
type example struct {
	Name     string              `json:"name"`
	Document json.RawMessage     `json:"document"` // a text is a form
	Events   []interaction.Event `json:"events"`
}

// The documents were written by us after the vendors' descriptions; the events are written
// with AMANAH_UPDATE=1 and read by a person before they are kept.
func TestEveryShippedMappingReadsItsRecordedExamples(t *testing.T) {
	folder := t.TempDir()
	agents := "7a0a1c2e-0000-4000-8000-00000000a9e7: " + rina + "\n'201': " + rina + "\nWK00000000000000000000000000000001: " + rina + "\nrina: " + rina + "\n"
	if err := os.WriteFile(filepath.Join(folder, agentsFile), []byte(agents), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range l.Names() {
		m, _ := l.Get(name)
		path := filepath.Join("testdata", name+".json")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("%s has no recorded examples: %v", name, err)
			continue
		}
		var examples []example
		if err := json.Unmarshal(text, &examples); err != nil {
			t.Fatal(name, err)
		}
		arrived := int64(0)
		kinds := map[interaction.EventKind]bool{}
		for i, e := range examples {
			var form string
			doc, media := []byte(e.Document), "application/json"
			if json.Unmarshal(e.Document, &form) == nil {
				doc, media = []byte(form), "application/x-www-form-urlencoded"
			}
			read, err := document(media, doc)
			if err != nil {
				t.Fatal(name, e.Name, err)
			}
			got, err := m.Read(read, func() int64 { arrived++; return arrived })
			if err != nil {
				t.Errorf("%s, %s: %v", name, e.Name, err)
			}
			for _, event := range got {
				kinds[event.Kind] = true
			}
			if os.Getenv("AMANAH_UPDATE") != "" {
				examples[i].Events = got
			} else if !reflect.DeepEqual(got, e.Events) && len(got)+len(e.Events) > 0 {
				t.Errorf("%s, %s: %+v\nwant %+v", name, e.Name, got, e.Events)
			}
		}
		if os.Getenv("AMANAH_UPDATE") != "" {
			var out bytes.Buffer
			enc := json.NewEncoder(&out)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(examples); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range m.Events {
			for _, k := range r.Kind {
				if !kinds[k] {
					t.Errorf("%s: no recorded example becomes a %s", name, k)
				}
			}
		}
	}
}

const smallest = `mapping: acme
contact: {path: call}
events:
  - kind: [contact.offered]
`

func TestAMappingIsReadStrictlyAndItsFaultsHaveTheirPlace(t *testing.T) {
	if _, err := ParseMapping("a.yaml", []byte(smallest), nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, place string }{
		"an unknown word":            {smallest + "extra: 1\n", "YAML"},
		"no YAML":                    {"mapping: [\n", "YAML"},
		"no name":                    {strings.Replace(smallest, "acme", "A", 1), "mapping"},
		"no events":                  {"mapping: acme\ncontact: {path: a}\n", "events"},
		"an unknown kind":            {strings.Replace(smallest, "offered", "begun", 1), "events[0].kind"},
		"no kind":                    {"mapping: acme\ncontact: {path: a}\nevents: [{when: [{path: a, is: [b]}]}]\n", "events[0].kind"},
		"a path that is none":        {strings.Replace(smallest, "path: call", "path: a..b", 1), "contact.path"},
		"an item that is none":       {strings.Replace(smallest, "path: call", `path: "a[x]"`, 1), "contact.path"},
		"an open item":               {strings.Replace(smallest, "path: call", `path: "a[0"`, 1), "contact.path"},
		"a path without end":         {strings.Replace(smallest, "path: call", "path: "+strings.Repeat("a.", 20)+"a", 1), "contact.path"},
		"no contact":                 {"mapping: acme\nevents: [{kind: [contact.offered]}]\n", "contact"},
		"two ways to a text":         {strings.Replace(smallest, "path: call", "path: call, text: x", 1), "contact.text"},
		"a bad join":                 {strings.Replace(smallest, "path: call", "join: [a..b]", 1), "contact.join"},
		"a table nobody wrote":       {smallest + "data: {queue: {path: q, table: queues}}\n", "data.queue.table"},
		"data nobody knows":          {smallest + "data: {name: {path: q}}\n", "data.name"},
		"a channel that is guessed":  {smallest + "data: {channel: {path: q}}\n", "data.channel.otherwise"},
		"data from nowhere":          {smallest + "data: {queue: {otherwise: q}}\n", "data.queue"},
		"a condition without a test": {smallest + "when: [{path: a}]\n", "when[0]"},
		"a condition with two":       {smallest + "when: [{path: a, is: [b], not: [c]}]\n", "when[0]"},
		"a bad condition in a rule":  {"mapping: acme\ncontact: {path: a}\nevents: [{when: [{path: a.., is: [b]}], kind: [contact.offered]}]\n", "events[0].when[0]"},
		"two orders":                 {smallest + "order: {time: [a], count: [b]}\n", "order"},
		"a bad order":                {smallest + "order: {time: [a..b]}\n", "order"},
		"a bad each":                 {smallest + "each: a..b\n", "each"},
		"a bad same":                 {smallest + "when: [{path: a, same: b..c}]\n", "when[0]"},
	} {
		_, err := ParseMapping("a.yaml", []byte(c.text), nil)
		if e := errs.Of(err); err == nil || e.Code != "telephony.mapping_wrong" || e.Args["place"] != c.place || e.Args["file"] != "a.yaml" {
			t.Errorf("%s: %v %v, want the place %s", name, err, errs.Of(err), c.place)
		}
	}
	_, err := ParseMapping("a.yaml", []byte(smallest+"\n\nextra: 1\n"), nil)
	if line := errs.Of(err).Args["line"]; line != 7 {
		t.Errorf("line %v", line)
	}
}

func TestTheOperatorsFolderAddsAndReplacesMappings(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("acme.yaml", smallest)
	write("mine.json", `{"mapping":"twilio-voice","contact":{"path":"x"},"events":[{"kind":["contact.ended"]}]}`)
	write("readme.txt", "nothing")
	l, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	own, _ := l.Get("twilio-voice")
	if _, ok := l.Get("acme"); !ok || own.Contact.Path[0] != "x" {
		t.Errorf("%v %+v", l.Names(), own)
	}
	write("agents.yaml", "'201': somebody\n")
	if _, err := Load(folder); errs.Of(err).Args["place"] != "201" {
		t.Errorf("%v", errs.Of(err))
	}
	write("agents.yaml", "- a\n")
	if _, err := Load(folder); errs.Of(err).Code != "telephony.mapping_wrong" {
		t.Errorf("%v", err)
	}
	write("agents.yaml", "")
	write("huge.yaml", strings.Repeat("#", maxMapping+1))
	if _, err := Load(folder); errs.Of(err).Code != "telephony.mapping_folder" {
		t.Errorf("%v", err)
	}
	if _, err := Load(filepath.Join(folder, "none")); errs.Of(err).Code != "telephony.mapping_folder" {
		t.Errorf("%v", err)
	}
}

func read1(t *testing.T, text, doc string) ([]interaction.Event, error) {
	t.Helper()
	m, err := ParseMapping("a.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return m.Read(parseJSON([]byte(doc)), func() int64 { return 7 })
}

func TestWordsOfTheMappingLanguage(t *testing.T) {
	const rest = "\ncontact: {path: c}\nevents: [{kind: [contact.offered]}]\n"
	for name, c := range map[string]struct{ text, doc, want string }{
		"a name":                   {"{path: a.b}", `{"a":{"b":"x"}}`, "x"},
		"a number":                 {"{path: a}", `{"a":12345678901234567890}`, "12345678901234567890"},
		"a truth":                  {"{path: a}", `{"a":true}`, "true"},
		"an object is no text":     {"{path: a, otherwise: none}", `{"a":{}}`, "none"},
		"an empty text is none":    {"{path: [a, b]}", `{"a":"","b":"x"}`, "x"},
		"the first item":           {`{path: "a[0].b"}`, `{"a":[{"b":"x"},{"b":"y"}]}`, "x"},
		"the last item":            {`{path: "a[-1]"}`, `{"a":["x","y"]}`, "y"},
		"an item too far":          {`{path: "a[2]", otherwise: none}`, `{"a":["x"]}`, "none"},
		"an item too far back":     {`{path: "a[-2]", otherwise: none}`, `{"a":["x"]}`, "none"},
		"items of items":           {`{path: "a[0][1]"}`, `{"a":[["x","y"]]}`, "y"},
		"the last that says so":    {`{path: "a[k=v].b"}`, `{"a":[{"k":"v","b":"x"},{"k":"v","b":"y"},{"k":"w","b":"z"}]}`, "y"},
		"no item says so":          {`{path: "a[k=v].b", otherwise: none}`, `{"a":[{"k":"w","b":"z"}]}`, "none"},
		"a text that holds JSON":   {"{path: a.b}", `{"a":"{\"b\":\"x\"}"}`, "x"},
		"a text that is no JSON":   {"{path: a.b, otherwise: none}", `{"a":"{b"}`, "none"},
		"joined":                   {"{join: [a, b]}", `{"a":"x","b":"y"}`, "x/y"},
		"joined without one":       {"{join: [a, b], otherwise: none}", `{"a":"x"}`, "none"},
		"after the last mark":      {"{path: a, after: /}", `{"a":"x/y/z"}`, "z"},
		"before the first mark":    {"{path: a, before: '@'}", `{"a":"x@y@z"}`, "x"},
		"no mark":                  {"{path: a, after: /}", `{"a":"x"}`, "x"},
		"by a table":               {"{path: a, table: t}\ntables: {t: {x: y}}", `{"a":"x"}`, "y"},
		"not in the table":         {"{path: a, table: t, otherwise: z}\ntables: {t: {x: y}}", `{"a":"q"}`, "z"},
		"a constant":               {"{text: x}", `{}`, "x"},
		"what a reference can not": {"{path: a}", `{"a":"Kartu & Kredit: é"}`, "Kartu - Kredit: -"},
	} {
		value, tables, _ := strings.Cut(c.text, "\n")
		doc := `{"c":"1",` + strings.TrimPrefix(c.doc, "{")
		got, err := read1(t, "mapping: acme\ndata: {queue: "+value+"}"+rest+tables+"\n", strings.Replace(doc, ",}", "}", 1))
		if err != nil || len(got) != 1 || got[0].Data.Queue != c.want {
			t.Errorf("%s: %+v %v, want %q", name, got, err, c.want)
		}
	}
	if long, _ := read1(t, "mapping: acme\ndata: {queue: {path: a}, from: {path: a}}"+rest, `{"c":"1","a":"`+strings.Repeat("8", 100)+`"}`); len(long[0].Data.Queue) != 64 || long[0].Data.From != "" {
		t.Errorf("%+v", long)
	}
	for text, want := range map[string]string{"tel:+62812": "+62812", "sip:+62812@pbx.example;user=phone": "+62812", "0812;ext=3": "0812"} {
		if got := dialled(text); got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestConditionsHoldOrDoNot(t *testing.T) {
	for name, c := range map[string]struct {
		when string
		want int
	}{
		"is": {"{path: a, is: [x, y]}", 1}, "is another": {"{path: a, is: [y]}", 0}, "not": {"{path: a, not: [y]}", 1}, "not, but is": {"{path: a, not: [x]}", 0},
		"is there": {"{path: a, there: true}", 1}, "is not there": {"{path: z, there: false}", 1}, "should be there": {"{path: z, there: true}", 0},
		"the same": {"{path: a, same: b}", 1}, "not the same": {"{path: a, same: c}", 0}, "the same nothing": {"{path: y, same: z}", 0},
	} {
		got, err := read1(t, "mapping: acme\nwhen: ["+c.when+"]\ncontact: {path: c}\nevents: [{kind: [contact.offered]}]\n", `{"a":"x","b":"x","c":"1"}`)
		if err != nil || len(got) != c.want {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}

func TestTheOrderOfEventsIsCountedNumberedTimedOrThatOfTheirComing(t *testing.T) {
	run := func(order, doc string) (interaction.Event, error) {
		got, err := read1(t, "mapping: acme\norder: "+order+"\ncontact: {path: c}\nevents: [{kind: [contact.connected]}]\n", doc)
		if err != nil {
			return interaction.Event{}, err
		}
		return got[0], nil
	}
	for name, c := range map[string]struct {
		order, doc string
		want       int64
		loose      bool
	}{
		"counted":  {"{count: n}", `{"c":"1","n":3}`, 3, false},
		"numbered": {"{number: n}", `{"c":"1","n":"3"}`, 3*8 + 1, true},
		"arrived":  {"{}", `{"c":"1"}`, 7, true},
		"RFC 3339": {"{time: n}", `{"c":"1","n":"2026-11-23T03:00:00.5Z"}`, 1795402800500*8 + 1, true},
		"offset":   {"{time: n}", `{"c":"1","n":"2026-11-23T10:00:00.500+0700"}`, 1795402800500*8 + 1, true},
		"seconds":  {"{time: n}", `{"c":"1","n":1795402800}`, 1795402800000*8 + 1, true},
		"millis":   {"{time: n}", `{"c":"1","n":1795402800500}`, 1795402800500*8 + 1, true},
		"micros":   {"{time: n}", `{"c":"1","n":"1795402800500000"}`, 1795402800500*8 + 1, true},
		"RFC 1123": {"{time: n}", `{"c":"1","n":"Mon, 23 Nov 2026 03:00:00 +0000"}`, 1795402800000*8 + 1, true},
	} {
		got, err := run(c.order, c.doc)
		if err != nil || got.Sequence != c.want || got.Loose != c.loose {
			t.Errorf("%s: %d %v %v, want %d", name, got.Sequence, got.Loose, err, c.want)
		}
	}
	for order, n := range map[string]string{"{count: n}": `"x"`, "{number: n}": `-1`, "{time: n}": `"yesterday CANARY"`, "{time: [n, m]}": `null`, "{time: [m, n]}": `999999999999999999`} {
		if _, err := run(order, `{"c":"1","n":`+n+`}`); errs.Of(err).Code != "telephony.document" || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s of %s: %v", order, n, err)
		}
	}
}

func TestADocumentThatLacksWhatAnEventNeedsIsRefusedAndNotQuoted(t *testing.T) {
	for name, doc := range map[string]string{
		"no contact": `{"x":"CANARY"}`, "too many": "[" + strings.Repeat("{},", mostDocuments) + "{}]", "too long": `{"call":"` + strings.Repeat("CANARY", 60) + `"}`,
	} {
		_, err := read1(t, smallest, doc)
		if errs.Of(err).Code != "telephony.document" || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := read1(t, smallest, `[{"call":"1"},{"call":"2"}]`); err != nil || len(got) != 2 {
		t.Errorf("a list: %v %v", got, err)
	}
	if got, err := read1(t, smallest+"each: items\n", `{"items":[{"call":"1"}]}`); err != nil || len(got) != 1 {
		t.Errorf("a list inside: %v %v", got, err)
	}
}

// A way of contact that a mapping does not know is none on which more may be opened: numbers of the population office are
// shown on the telephone alone.
func TestAChannelThatAShippedMappingDoesNotKnowIsNoTelephoneCall(t *testing.T) {
	l := library(t)
	for _, vendor := range []struct {
		mapping, kind, begins, ends string
		known                       map[string]string
	}{
		{"twilio-taskrouter", "application/x-www-form-urlencoded", "WorkspaceSid=WS1&TaskSid=WT1&Sid=EV1&EventType=task.created&Timestamp=1795402800&TaskChannelUniqueName=", "",
			map[string]string{"voice": "phone", "chat": "chat", "email": "email"}},
		{"amazon-connect", "application/json", `{"id":"1","detail-type":"Amazon Connect Contact Event","time":"2026-11-23T03:00:00Z","detail":{"contactId":"c1","eventType":"INITIATED","initiationMethod":"INBOUND","channel":"`, `"}}`,
			map[string]string{"VOICE": "phone", "CHAT": "chat", "EMAIL": "email"}},
	} {
		m, ok := l.Get(vendor.mapping)
		if !ok {
			t.Fatal(vendor.mapping)
		}
		words := vendor.known
		for _, word := range []string{"sms", "SMS", "TASK", "default", "", "tomorrow's"} {
			words[word] = "chat"
		}
		for word, want := range words {
			read, err := document(vendor.kind, []byte(vendor.begins+word+vendor.ends))
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.Read(read, func() int64 { return 1 })
			if err != nil || len(got) != 1 || got[0].Data.Channel != want {
				t.Errorf("%s, %q: %+v %v, want %s", vendor.mapping, word, got, err, want)
			}
		}
	}
}

// Whatever comes in, reading it ends, and never with a panic.
func FuzzRead(f *testing.F) {
	l := library(f)
	for _, name := range l.Names() {
		text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		if err != nil {
			f.Fatal(err)
		}
		var examples []example
		if err := json.Unmarshal(text, &examples); err != nil {
			f.Fatal(err)
		}
		for _, e := range examples {
			f.Add([]byte(e.Document))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, name := range l.Names() {
			m, _ := l.Get(name)
			events, err := m.Read(parseJSON(text), func() int64 { return 1 })
			for _, e := range events {
				if err != nil || e.Check() != nil {
					t.Errorf("%s: %+v %v", name, e, err)
				}
			}
		}
		if values, err := url.ParseQuery(string(text)); err == nil && len(values) > 0 {
			_, _ = document("application/x-www-form-urlencoded", text)
		}
	})
}
