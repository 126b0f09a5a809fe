package web

import (
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/i18n"
)

// The components: typed values that a page struct holds and a view shows with the template
// of the same (lower-case) name. Texts in them are already in the reader's language.

// Tone colours a chip or notice. Colour never stands alone: the text says it too.
type Tone string

// The tones.
const (
	Neutral Tone = "neutral"
	Info    Tone = "info"
	Good    Tone = "good"
	Warn    Tone = "warn"
	Bad     Tone = "bad"
	Private Tone = "private" // not recorded
)

// Chip is a small label of a state.
type Chip struct {
	Tone Tone
	Text string
}

// Button submits the form it stands in. Key is the single stroke that presses it.
type Button struct {
	Style string // "primary", "quiet" or "danger"; "" is an ordinary one
	Label string
	Key   string
	Name  string // of the submitted value, when a form has several buttons
	Value string
	Again bool // asks for a second stroke, and shows that it does: what cannot be taken back
}

// Hidden is a value an Action carries.
type Hidden struct{ Name, Value string }

// Action is a form with nothing but a button.
type Action struct {
	To     string // path of the POST
	Button Button
	Hidden []Hidden
	Swap   string // "#element" to be replaced by the answer's fragment; "" loads a page
}

// Link goes somewhere; Key as for Button.
type Link struct {
	To    string
	Label string
	Key   string
}

// Masked is a value of a customer: its shape, or, after a reveal, itself for Seconds.
type Masked struct {
	Text    string
	Open    bool
	Seconds int    // until it is masked again; counted down on screen
	Mask    string // what stands there afterwards
	Mark    string // watermark: who and when
}

// Field is a row of the masked view: what is known of one customer field and what may be
// done with it now.
type Field struct {
	ID      string // unique on the page
	Label   string
	Class   Chip
	Value   Masked
	Actions []Action // the verbs allowed now
	Reason  string   // why nothing is allowed, when nothing is
	Receipt *Link    // of an opened value: its leaf
}

// Fact is a name and what is known under it.
type Fact struct {
	Label string
	Text  string
	Time  time.Time // shown in place of Text when set
	Exact bool      // Time to the second, as evidence is read
	Chip  *Chip
	To    string // link of Text
	Code  string // what Text is exactly: an id or a word of the log, shown below it
}

// Facts is a list of them.
type Facts []Fact

// Column of a Table.
type Column struct {
	Title   string
	Numeric bool
}

// Cell of a Table: the first of Chip, Time, Action and Text that is set.
type Cell struct {
	Text   string
	To     string // link of Text
	Code   bool   // an identifier or hash
	Chip   *Chip
	Time   time.Time
	Exact  bool // Time to the second, as evidence is read
	Action *Action
	Note   string // more of it, below and smaller
	Title  string // what it is exactly, such as an id or a word of the log: shown on pointing
}

// Row of a Table. To, when set, is where Enter on the row leads.
type Row struct {
	ID    string
	Cells []Cell
}

// Table is a list with a caption for those who cannot see it.
type Table struct {
	Caption string
	Columns []Column
	Rows    []Row
	Empty   Empty // shown when there are no rows
	Pager   Pager
}

// Empty is what stands where nothing is: what it means and what to do.
type Empty struct {
	Title string
	Text  string
	Link  *Link
}

// Pager leads to the next page of a list; Newer is for those that go both ways.
type Pager struct {
	Older string // path with cursor, or ""
	Newer string
}

// Choice is an option of an Input. Choices of one Group, which stand together, come under
// its name in a select.
type Choice struct {
	Value    string
	Label    string
	Selected bool
	Group    string
}

// Input is a labelled form field.
type Input struct {
	ID           string // "" is f-Name; needed when two forms of a page share a name
	Name         string
	Label        string
	Type         string // text, search, password, email, tel, number, date, select, textarea, checkbox, radio
	Value        string
	Hint         string
	Error        string
	Required     bool
	Max          int    // length; must not be more than the form's tag
	Autocomplete string // as HTML names it; "" is "off"
	Mode         string // inputmode
	Pattern      string
	Choices      []Choice
	Checked      bool
	Key          string // stroke that focuses it
	Asks         string // of a textarea: where what is typed is asked about meanwhile; the answer stands below
	Autofocus    bool
	In           i18n.Lang // of the Label, where it is not the page's: a question to read out
}

// Notice is a message in the page. Say is the sentence to say to the customer, in the customer's language: In, where
// that is not the page's.
type Notice struct {
	Tone  Tone
	Title string
	Text  string
	Say   string
	In    i18n.Lang
}

// makers are the functions with which a view makes a component on the spot.
var makers = map[string]any{
	"chip": func(tone any, text string) Chip {
		t, ok := tone.(Tone)
		if !ok {
			s, _ := tone.(string)
			t = Tone(s)
		}
		return Chip{Tone: t, Text: text}
	},
	// button: style, label, and if wanted the key.
	"button": func(style, label string, key ...string) Button {
		return Button{Style: style, Label: label, Key: strings.Join(key, "")}
	},
	// action: where the post goes, its button, and names and values to carry by turns.
	"action": func(to string, b Button, hidden ...string) Action {
		a := Action{To: to, Button: b}
		for i := 0; i+1 < len(hidden); i += 2 {
			a.Hidden = append(a.Hidden, Hidden{hidden[i], hidden[i+1]})
		}
		return a
	},
	// swap: the same action, answered in place of the element named.
	"swap": func(element string, a Action) Action { a.Swap = element; return a },
	"link": func(to, label string, key ...string) Link {
		return Link{To: to, Label: label, Key: strings.Join(key, "")}
	},
	// input: name, label, type, then names of Input's fields and their values by turns.
	"input": func(name, label, kind string, pairs ...any) (Input, error) {
		in := Input{Name: name, Label: label, Type: kind}
		err := set(&in, pairs)
		return in, err
	},
	"choice": func(value, label string, selected bool) Choice {
		return Choice{Value: value, Label: label, Selected: selected}
	},
	"choices": func(c ...Choice) []Choice { return c },
	"empty":   func(title, text string) Empty { return Empty{Title: title, Text: text} },
	"notice": func(tone, title, text string, say ...string) Notice {
		return Notice{Tone: Tone(tone), Title: title, Text: text, Say: strings.Join(say, "")}
	},
	"pager": func(older string, newer ...string) Pager {
		return Pager{Older: older, Newer: strings.Join(newer, "")}
	},
}
