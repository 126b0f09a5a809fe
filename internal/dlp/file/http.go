package file

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"embed"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/web"
)

//go:embed messages/*.json
var messages embed.FS

// Module is what the room brings to the house.
func (s *Service) Module() web.Module {
	return web.Module{Name: "file", Messages: messages, Routes: s.routes}
}

type takeInput struct {
	Body struct {
		File       []byte `json:"file" doc:"The file, at most 8 MiB, in base64"`
		Name       string `json:"name" minLength:"1" maxLength:"1000" doc:"What it is called; a name that says another kind than the content is refused"`
		Recipient  string `json:"recipient" enum:"inside,customer,outside"`
		Controller string `json:"controller" maxLength:"40"`
		Reason     string `json:"reason,omitempty" maxLength:"300" doc:"What the sender says when the verdict was ask; it holds no personal data"`
		Clean      bool   `json:"clean,omitempty" doc:"Give back a copy without what travels with the file unseen; in that of a text, a table or JSON values are masked"`
		Language   string `json:"language,omitempty" enum:"id,en" doc:"Of the names that stand for masked values; Indonesian when left out"`
	}
}

type streamInput struct {
	Recipient  string `query:"recipient" required:"true" enum:"inside,customer,outside"`
	Controller string `query:"controller" required:"true" maxLength:"40"`
	Ending     string `query:"ending" maxLength:"24" pattern:"^(\\.[A-Za-z0-9]{1,10}){0,2}$" doc:"How its name ends, such as .pdf or .tar.gz; one that says another kind than the content is refused. A name has no place in an address, which others keep"`
	Reason     string `query:"reason" maxLength:"300" doc:"What the sender says when the verdict was ask; it holds no personal data"`
	Clean      bool   `query:"clean" doc:"Give back a copy without what travels with the file unseen; in that of a text, a table or JSON values are masked"`
	Language   string `query:"language" enum:"id,en" doc:"Of the names that stand for masked values; Indonesian when left out"`
}

type foundJSON struct {
	Kind       string   `json:"kind"`
	Count      int      `json:"count"`
	Confidence int      `json:"confidence" doc:"Per cent"`
	Verdict    string   `json:"verdict" enum:"allow,alert,mask,ask,hold,block"`
	Rules      []string `json:"rules"`
}

type placeJSON struct {
	Kind       string `json:"kind"`
	Confidence int    `json:"confidence" doc:"Per cent"`
	Start      int64  `json:"start,omitempty" doc:"Byte of the file; end 0: what was found was decoded, and has no bytes of its own"`
	End        int64  `json:"end,omitempty" doc:"Byte after the last"`
	Line       int    `json:"line,omitempty"`
	Page       int    `json:"page,omitempty"`
	Sheet      string `json:"sheet,omitempty"`
	At         string `json:"at,omitempty" doc:"The cell, or the way to the value: B7, $.customer.nik"`
	Entry      string `json:"entry,omitempty" doc:"The way through archives and attachments: letters.zip!june.docx"`
}

type unreadJSON struct {
	Reason string `json:"reason" doc:"encrypted, damaged, a limit and so on"`
	Count  int    `json:"count"`
}

// answer is what is said of a file.
type answer struct {
	Verdict      string       `json:"verdict" enum:"allow,alert,mask,ask,hold,block"`
	Goes         bool         `json:"goes" doc:"Whether it may go now, when the verdict is mask: the copy; one that was held goes when it is sent again after a second person has let it go"`
	Incident     string       `json:"incident,omitempty"`
	Kind         string       `json:"kind" doc:"What the file is, by its content"`
	Malware      string       `json:"malware" enum:"clean,not_checked" doc:"not_checked: no scanner is configured"`
	People       int          `json:"people" doc:"How many persons it tells of, at least"`
	Found        []foundJSON  `json:"found"`
	Places       []placeJSON  `json:"places" doc:"Where the first 100 values stand that are known by their shape"`
	More         int          `json:"more" doc:"How many more there are"`
	NotInspected []unreadJSON `json:"not_inspected"`
	Stripped     []string     `json:"stripped" doc:"What was taken out of the copy: exif, xmp, iptc, thumbnail, comment, text, time, author, company, trailer, vendor"`
	NotStripped  string       `json:"not_stripped,omitempty" doc:"Why the copy is the file as it was: kind, signed, not_understood, older_versions or too_large"`
	Copy         []byte       `json:"copy,omitempty" doc:"The copy in base64, when one was asked for and the file may go; it comes last"`

	taken *Taken
}

type output struct{ Body answer }

// WriteJSON writes the answer with the copy as it comes out of the spool.
func (a answer) WriteJSON(w io.Writer) error {
	defer a.taken.Close()
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 64<<10)
	_, _ = out.Write(text[:len(text)-1]) // its error is that of Flush
	if a.taken.Copy != nil {
		_, _ = out.WriteString(`,"copy":"`)
		letters := base64.NewEncoder(base64.StdEncoding, out)
		_, err = io.Copy(letters, a.taken.Copy.Reader(0))
		_ = letters.Close()
		_, _ = out.WriteString(`"`)
	}
	if err == nil { // of a copy that could not be read there is no whole answer
		_, _ = out.WriteString("}\n")
	}
	if out.Flush() != nil {
		return nil //nolint:nilerr // the client is gone, and there is nobody to tell
	}
	return err
}

func (s *Service) routes(rt *web.Router) {
	const unkeyed = "asking again judges again"
	access := web.Access{Scope: "inspect", Alone: true}
	web.Operation(rt, web.Op{
		Method: http.MethodPost, Path: "/dlp/files", Summary: "Ask what is to be done with a file: what it is, malware, personal data in it; and get it without what travels with it unseen",
		Access: access, MaxBody: MaxFile/3*4 + 16<<10, Unkeyed: unkeyed,
	}, s.postFile)
	web.Operation(rt, web.Op{
		Method: http.MethodPost, Path: "/dlp/stream", Summary: "The same for a file or a text that is the body itself, of any media type and with or without its length, read as it comes",
		Access: access, MaxBody: s.o.Most, Unkeyed: unkeyed, Raw: true,
	}, s.postStream)
}

func (s *Service) postFile(ctx context.Context, c web.Call, in *takeInput) (*output, error) {
	b := &in.Body
	if len(b.File) > MaxFile {
		return nil, errTooLarge.With("max", MaxFile>>20)
	}
	return s.answer(ctx, Offer{By: c.Actor, Controller: b.Controller, Recipient: dlp.Recipient(b.Recipient), Reason: b.Reason, Name: b.Name,
		Body: bytes.NewReader(b.File), Clean: b.Clean, Lang: i18n.Lang(cmp.Or(b.Language, string(i18n.ID)))})
}

func (s *Service) postStream(ctx context.Context, c web.Call, in *streamInput) (*output, error) {
	return s.answer(ctx, Offer{By: c.Actor, Controller: in.Controller, Recipient: dlp.Recipient(in.Recipient), Reason: in.Reason, Name: "stream" + in.Ending,
		Body: c.HTTP.Body, Clean: in.Clean, Lang: i18n.Lang(cmp.Or(in.Language, string(i18n.ID)))})
}

func (s *Service) answer(ctx context.Context, f Offer) (*output, error) {
	taken, err := s.Take(ctx, f)
	if err != nil {
		return nil, err
	}
	j, out := taken.Judgement.Told(), &output{}
	o := &out.Body
	o.taken = &taken
	o.Verdict, o.Goes, o.Incident, o.Kind, o.Malware, o.People = string(j.Verdict), taken.Goes(), j.Incident+taken.Released, string(taken.Kind), "not_checked", j.People
	if taken.Scanned {
		o.Malware = "clean"
	}
	o.Found, o.Places, o.More, o.NotInspected, o.Stripped = []foundJSON{}, []placeJSON{}, taken.More, []unreadJSON{}, append([]string{}, taken.Stripped...)
	for _, f := range j.Found {
		o.Found = append(o.Found, foundJSON{f.Kind, f.Count, f.Confidence, string(f.Verdict), append([]string{}, f.Rules...)})
	}
	for _, p := range taken.Places {
		o.Places = append(o.Places, placeJSON{p.Kind, p.Confidence, p.Start, p.End, p.Line, p.Origin.Page, p.Origin.Sheet, p.At, p.Origin.Entry})
	}
	for _, why := range slices.Sorted(maps.Keys(taken.Unread)) {
		o.NotInspected = append(o.NotInspected, unreadJSON{string(why), taken.Unread[why]})
	}
	o.NotStripped = string(taken.Left)
	return out, nil
}
