package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// What becomes of personal data in texts.

// Text is a text about to be sent on.
type Text struct {
	Text       string `json:"text"`      // at most 65,536 bytes
	Recipient  string `json:"recipient"` // inside, customer or outside
	Controller string `json:"controller"`
	Language   string `json:"language,omitempty"` // of the names that stand for masked values: id or en; Indonesian when left out
	Reason     string `json:"reason,omitempty"`   // what the writer says when the verdict was ask; it holds no personal data
}

// PersonalData is one piece of personal data in a text.
type PersonalData struct {
	Kind       string   `json:"kind"`
	Start      int      `json:"start"` // byte of the text
	End        int      `json:"end"`   // byte after the last
	Confidence int      `json:"confidence"`
	Verdict    string   `json:"verdict"` // allow, alert, mask, ask, hold or block
	Rules      []string `json:"rules"`   // that said so
}

// Judgement is what is to be done with a text.
type Judgement struct {
	Verdict  string         `json:"verdict"`            // allow, alert, mask, ask, hold or block
	Goes     bool           `json:"goes"`               // whether it may go now
	People   int            `json:"people"`             // how many persons it tells of, at least
	Text     string         `json:"text"`               // as it may go; empty when it does not
	Incident string         `json:"incident,omitempty"` // under which DecidedTexts names it once it was held and decided
	Found    []PersonalData `json:"found"`
}

// TextIncident is a text about which more was done than to let it go; it holds no value.
type TextIncident struct {
	ID          string     `json:"id"`
	Controller  string     `json:"controller"`
	Staff       string     `json:"staff"` // whose text it was: a staff id or an API client's
	Interaction string     `json:"interaction,omitempty"`
	Way         string     `json:"way"`
	Recipient   string     `json:"recipient"`
	Verdict     string     `json:"verdict"`
	Held        string     `json:"held,omitempty"` // waiting, released or refused; empty when it was not held
	Ref         string     `json:"ref,omitempty"`  // what the way calls it: the id in a mail's queue
	Kinds       []string   `json:"kinds"`
	Customers   int        `json:"customers,omitempty"` // how many customers of yours it tells of, at least
	Whose       []string   `json:"whose,omitempty"`     // ids of these, at most 200
	People      int        `json:"people"`
	At          time.Time  `json:"at"`
	Disposition string     `json:"disposition,omitempty"`
	ReviewedBy  string     `json:"reviewed_by,omitempty"`
	ReviewedAt  *time.Time `json:"reviewed_at,omitempty"`
}

// Inspect asks what is to be done with a text before it is sent on.
func (c *Client) Inspect(ctx context.Context, t Text) (Judgement, error) {
	return ask[Judgement](ctx, c, call{method: http.MethodPost, path: "/dlp/inspect", in: t})
}

// File is a file about to be sent on, or just come in.
type File struct {
	File       []byte `json:"file"` // at most 8 MiB
	Name       string `json:"name"`
	Recipient  string `json:"recipient"` // inside, customer or outside
	Controller string `json:"controller"`
	Reason     string `json:"reason,omitempty"`   // what the sender says when the verdict was ask; it holds no personal data
	Clean      bool   `json:"clean,omitempty"`    // give back a copy without what travels with the file unseen; in that of a text, a table or JSON values are masked
	Language   string `json:"language,omitempty"` // of the names that stand for masked values: id or en; Indonesian when left out
}

// Stream is a file or a text of any length about to be sent on, or just come in.
type Stream struct {
	File       io.Reader // read once, as it is sent
	Ending     string    // how its name ends, such as .pdf; may be left out
	Recipient  string    // inside, customer or outside
	Controller string
	Reason     string // what the sender says when the verdict was ask; it holds no personal data
	Clean      bool   // give back a copy without what travels with the file unseen; in that of a text, a table or JSON values are masked
	Language   string // of the names that stand for masked values: id or en; Indonesian when left out
	// Copy takes the copy as it comes. Nil: it is FileJudgement.Copy, within Options.MaxAnswer. After an error, what it holds is no copy.
	Copy io.Writer
}

// FileJudgement is what is to be done with a file.
type FileJudgement struct {
	Verdict      string         `json:"verdict"`            // allow, alert, mask, ask, hold or block
	Goes         bool           `json:"goes"`               // whether it may go now; when the verdict is mask, its copy
	Incident     string         `json:"incident,omitempty"` // under which DecidedTexts names it once it was held and decided
	Kind         string         `json:"kind"`               // what it is, by its content
	Malware      string         `json:"malware"`            // clean, or not_checked when no scanner is configured
	People       int            `json:"people"`             // how many persons it tells of, at least
	Found        []InFile       `json:"found"`
	Places       []PlaceInFile  `json:"places"` // of the first 100 values that are known by their shape
	More         int            `json:"more"`   // how many more there are
	NotInspected []NotInspected `json:"not_inspected"`
	Stripped     []string       `json:"stripped"`               // what was taken out of the copy
	NotStripped  string         `json:"not_stripped,omitempty"` // why the copy is the file as it was: kind, signed, not_understood, older_versions or too_large
	Copy         []byte         `json:"copy,omitempty"`
}

// InFile is a kind of personal data in a file.
type InFile struct {
	Kind       string   `json:"kind"`
	Count      int      `json:"count"`
	Confidence int      `json:"confidence"`
	Verdict    string   `json:"verdict"`
	Rules      []string `json:"rules"`
}

// PlaceInFile is where a value stands in a file.
type PlaceInFile struct {
	Kind       string `json:"kind"`
	Confidence int    `json:"confidence"`
	Start      int64  `json:"start,omitempty"` // byte of the file
	End        int64  `json:"end,omitempty"`   // byte after the last; 0: what was found was decoded, and has no bytes of its own
	Line       int    `json:"line,omitempty"`
	Page       int    `json:"page,omitempty"`
	Sheet      string `json:"sheet,omitempty"`
	At         string `json:"at,omitempty"`    // the cell, or the way to the value
	Entry      string `json:"entry,omitempty"` // the way through archives and attachments
}

// NotInspected is something in a file that could not be read.
type NotInspected struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// InspectFile asks what is to be done with a file. A copy of a file over 6 MiB wants a larger Options.MaxAnswer.
func (c *Client) InspectFile(ctx context.Context, f File) (FileJudgement, error) {
	return ask[FileJudgement](ctx, c, call{method: http.MethodPost, path: "/dlp/files", in: f})
}

// InspectStream asks what is to be done with a file or a text that is sent as it is read, and never held whole. It waits as long as its
// context lets it, whatever the timeout of Options.HTTP, and repeats nothing, since the file can be read but once.
func (c *Client) InspectStream(ctx context.Context, s Stream) (FileJudgement, error) {
	query := url.Values{"recipient": {s.Recipient}, "controller": {s.Controller}}
	for name, value := range map[string]string{"ending": s.Ending, "reason": s.Reason, "language": s.Language} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if s.Clean {
		query.Set("clean", "true")
	}
	return ask[FileJudgement](ctx, c, call{method: http.MethodPost, path: "/dlp/stream", query: query, from: s.File, media: "application/octet-stream", to: s.Copy})
}

// TextIncidents lists the texts that wait for a review, or those that were reviewed.
func (c *Client) TextIncidents(ctx context.Context, reviewed bool) ([]TextIncident, error) {
	out, err := ask[struct {
		Items []TextIncident `json:"items"`
	}](ctx, c, call{method: http.MethodGet, path: "/dlp/incidents", query: url.Values{"reviewed": {strconv.FormatBool(reviewed)}}, repeat: true})
	return out.Items, err
}

// ReviewTextIncident says what an incident turned out to be (habit, needed, false_alarm or intent), with advice to the person
// whose text it was.
func (c *Client) ReviewTextIncident(ctx context.Context, incident, disposition, advice string) error {
	in := struct {
		Disposition string `json:"disposition"`
		Advice      string `json:"advice"`
	}{disposition, advice}
	return c.tell(ctx, call{method: http.MethodPost, path: "/dlp/incidents/%s/review", in: in, key: repeatKey(""), repeat: true}, incident)
}

// DecideTextIncident lets a passage go that was held for a second person, or refuses it.
func (c *Client) DecideTextIncident(ctx context.Context, incident string, release bool) error {
	in := struct {
		Release bool `json:"release"`
	}{release}
	return c.tell(ctx, call{method: http.MethodPost, path: "/dlp/incidents/%s/decide", in: in, key: repeatKey(""), repeat: true}, incident)
}

// DecidedText is a passage that was held and is decided now: what its way needs to carry the decision out, and nothing of what was found.
type DecidedText struct {
	ID         string    `json:"id"` // of the incident
	Controller string    `json:"controller"`
	Way        string    `json:"way"`
	Held       string    `json:"held"`          // released or refused
	Ref        string    `json:"ref,omitempty"` // what the way calls it: the id in a mail's queue
	HeldAt     time.Time `json:"held_at"`       // when it was decided
}

// DecidedTexts lists the passages of a way that were held and are decided now, until CarriedOut: of program and file the client's
// own; mail wants the scope mail beside inspect.
func (c *Client) DecidedTexts(ctx context.Context, way string) ([]DecidedText, error) {
	out, err := ask[struct {
		Items []DecidedText `json:"items"`
	}](ctx, c, call{method: http.MethodGet, path: "/dlp/decided", query: url.Values{"way": {way}}, repeat: true})
	return out.Items, err
}

// CarriedOut says that the way has done what was decided about a passage.
func (c *Client) CarriedOut(ctx context.Context, incident string) error {
	return c.tell(ctx, call{method: http.MethodPost, path: "/dlp/incidents/%s/carried", key: repeatKey(""), repeat: true}, incident)
}
