package file

import (
	"context"
	"embed"
	"maps"
	"net/http"
	"slices"

	"github.com/amanah-id/amanah/internal/dlp"
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
		Clean      bool   `json:"clean,omitempty" doc:"Give back a copy without what travels with the file unseen"`
	}
}

type foundJSON struct {
	Kind       string   `json:"kind"`
	Count      int      `json:"count"`
	Confidence int      `json:"confidence" doc:"Per cent"`
	Verdict    string   `json:"verdict" enum:"allow,alert,mask,ask,hold,block"`
	Rules      []string `json:"rules"`
}

type unreadJSON struct {
	Reason string `json:"reason" doc:"encrypted, damaged, a limit and so on"`
	Count  int    `json:"count"`
}

type takeOutput struct {
	Body struct {
		Verdict      string       `json:"verdict" enum:"allow,alert,mask,ask,hold,block"`
		Goes         bool         `json:"goes" doc:"Whether it may go now; one that was held goes when it is sent again after a second person has let it go"`
		Incident     string       `json:"incident,omitempty"`
		Kind         string       `json:"kind" doc:"What the file is, by its content"`
		Malware      string       `json:"malware" enum:"clean,not_checked" doc:"not_checked: no scanner is configured"`
		People       int          `json:"people" doc:"How many persons it tells of, at least"`
		Found        []foundJSON  `json:"found"`
		NotInspected []unreadJSON `json:"not_inspected"`
		Stripped     []string     `json:"stripped" doc:"What was taken out of the copy: exif, xmp, iptc, thumbnail, comment, text, time, author, company, trailer, vendor"`
		NotStripped  string       `json:"not_stripped,omitempty" doc:"Why the copy is the file as it was: kind, signed or not_understood"`
		Copy         []byte       `json:"copy,omitempty" doc:"The copy in base64, when one was asked for and the file may go"`
	}
}

func (s *Service) routes(rt *web.Router) {
	web.Operation(rt, web.Op{
		Method: http.MethodPost, Path: "/dlp/files", Summary: "Ask what is to be done with a file: what it is, malware, personal data in it; and get it without what travels with it unseen",
		Access: web.Access{Scope: "inspect", Alone: true}, MaxBody: MaxFile/3*4 + 16<<10, Unkeyed: "asking again judges again",
	}, s.postFile)
}

func (s *Service) postFile(ctx context.Context, c web.Call, in *takeInput) (*takeOutput, error) {
	b := &in.Body
	taken, err := s.Take(ctx, Offer{By: c.Actor, Controller: b.Controller, Recipient: dlp.Recipient(b.Recipient), Reason: b.Reason, Name: b.Name, Data: b.File, Clean: b.Clean})
	if err != nil {
		return nil, err
	}
	j, out := taken.Judgement.Told(), &takeOutput{}
	o := &out.Body
	o.Verdict, o.Goes, o.Incident, o.Kind, o.Malware, o.People = string(j.Verdict), taken.Goes(), j.Incident+taken.Released, string(taken.Kind), "not_checked", j.People
	if taken.Scanned {
		o.Malware = "clean"
	}
	o.Found, o.NotInspected, o.Stripped = []foundJSON{}, []unreadJSON{}, append([]string{}, taken.Stripped...)
	for _, f := range j.Found {
		o.Found = append(o.Found, foundJSON{f.Kind, f.Count, f.Confidence, string(f.Verdict), append([]string{}, f.Rules...)})
	}
	for _, why := range slices.Sorted(maps.Keys(taken.Unread)) {
		o.NotInspected = append(o.NotInspected, unreadJSON{string(why), taken.Unread[why]})
	}
	o.NotStripped, o.Copy = string(taken.Left), taken.Copy
	return out, nil
}
