package proxy

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"strconv"

	"github.com/amanah-id/amanah/internal/dlp/icap"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Messages are the room's texts, in Indonesian and English.
//
//go:embed messages/*.json
var Messages embed.FS

//go:embed views/stopped.html
var views embed.FS

var stoppedPage = template.Must(template.ParseFS(views, "views/stopped.html"))

// style is the digest of the page's one style, which its policy allows and nothing else.
const style = "sha256-iJCVVKcRuZI+Jcf0yobF274pPtZ6WWw48XBa9+LPRqU="

// page is what a person reads in place of what the site would have answered.
type page struct {
	Lang, Title, Say, Next, Number, Incident string
}

// problem is what a program reads.
type problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Code     string `json:"code"`
	Next     string `json:"next"`
	Incident string `json:"incident,omitempty"`
}

// stopped answers in place of the request. Nothing of the request is in it.
func (r *request) stopped(why *errs.E, incident string) (icap.Answer, error) {
	r.close()
	fields := r.m.Request.Fields
	lang := language(fields)
	said := r.s.o.Texts(lang)
	next := said.T("proxy.next")
	switch why.Code {
	case "dlp.reason_needed", "dlp.reason_value":
		next = said.T("proxy.next_ask")
	case errUnreadable.Code, errTooLarge.Code, errNoMask.Code:
		next = said.T(why.Code + ".next")
	}
	kind := "application/problem+json"
	var body []byte
	sentence := said.Args(why.Code, why.Args)
	if wantsPage(fields) {
		var out bytes.Buffer
		if err := stoppedPage.Execute(&out, page{string(lang), said.T("proxy.title"), sentence, next, said.T("proxy.number"), incident}); err != nil {
			return icap.Answer{}, err
		}
		kind, body = "text/html; charset=utf-8", out.Bytes()
	} else {
		// A struct of texts is always JSON.
		body, _ = json.Marshal(problem{"/problems/" + why.Code, sentence, 403, why.Code, next, incident})
	}
	head := "HTTP/1.1 403 Forbidden\r\nContent-Type: " + kind + "\r\nContent-Length: " + strconv.Itoa(len(body)) +
		"\r\nContent-Language: " + string(lang) + "\r\nCache-Control: no-store\r\nVary: *\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer" +
		"\r\nContent-Security-Policy: default-src 'none'; style-src '" + style + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\r\n"
	a := icap.Answer{Head: &icap.Head{Raw: []byte(head)}, Instead: true, Body: bytes.NewReader(body)}
	if r.doc.target.method == "HEAD" {
		a.Body = nil
	}
	return a, nil
}
