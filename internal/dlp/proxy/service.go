package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/dlp/icap"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/spool"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/pii/extract"
)

// Who sends a request, and for which company.
type Who struct {
	By         actor.Actor
	Controller string
}

// Options are what the room needs.
type Options struct {
	DLP   *dlp.Service
	Texts func(lang i18n.Lang) *i18n.Printer
	Log   *slog.Logger
	Now   func() time.Time
	// Who is the member of staff of this login, or, when there is none, the proxy's own account.
	Who func(ctx context.Context, login string) (Who, error)
	// Inside are hosts of our own.
	Inside Hosts
	// Named are other hosts that rules name.
	Named Hosts
	// Most is how large a body may be.
	Most int64
	// Folder is where bodies wait; empty is the system's for temporary files.
	Folder string
	// Open lets a request go that could not be judged because of our own failure.
	Open bool
	// Connections that may be open at a time.
	Connections int
}

// Service judges requests.
type Service struct {
	o        Options
	boundary string
	tag      string
	models   Hosts

	small, large chan struct{} // those that are looked at now

	counted  [6]atomic.Int64 // by the place of a verdict among dlp.Verdicts
	unjudged atomic.Int64
	failing  atomic.Bool // the request before could not be judged
}

// New makes the room.
func New(o Options) *Service {
	var secret [18]byte
	_, _ = rand.Read(secret[:]) // never fails
	word := strings.NewReplacer("-", "x", "_", "y").Replace(base64.RawURLEncoding.EncodeToString(secret[:]))
	return &Service{o: o, boundary: "amanah" + word, tag: "amanah-" + word[:16], models: Models(), small: make(chan struct{}, smallAtOnce), large: make(chan struct{}, largeAtOnce)}
}

// Server is what a proxy speaks with.
func (s *Service) Server() *icap.Server {
	l := icap.Usual()
	l.Connections = s.o.Connections
	return &icap.Server{Limits: l, Now: s.o.Now, Services: []icap.Service{
		{Path: "/request", Method: icap.Request, ID: "amanah-request", Preview: 4096, Tag: s.tag, Handle: s.Request},
		{Path: "/response", Method: icap.Response, ID: "amanah-response", Preview: 0, Tag: s.tag, Handle: pass},
	}, Failed: func(method string, err error) {
		if icap.IsFault(err) {
			s.o.Log.Warn("a proxy sent what is no ICAP, or broke off", slog.String("method", method))
			return
		}
		s.o.Log.Error("a request to the web could not be judged", slog.String("method", method), slog.String("code", errs.CodeOf(err)))
	}}
}

// pass lets a response go unread.
func pass(context.Context, *icap.Message) (icap.Answer, error) { return icap.Pass(nil), nil }

// Judged is how many requests got a verdict since the start.
func (s *Service) Judged(v dlp.Verdict) int64 {
	return s.counted[slices.Index(dlp.Verdicts(), v)].Load()
}

// Unjudged is how many requests went although they could not be judged.
func (s *Service) Unjudged() int64 { return s.unjudged.Load() }

// Stands is an error while requests cannot be judged: the last one could not be, or the proxy's account does not hold.
func (s *Service) Stands(ctx context.Context) error {
	if s.failing.Load() {
		return errFailing
	}
	_, err := s.o.Who(ctx, "")
	return err
}

// Request judges what leaves.
func (s *Service) Request(ctx context.Context, m *icap.Message) (icap.Answer, error) {
	if m.Request == nil {
		return icap.Answer{}, errUnreadable
	}
	r := &request{s: s, m: m, kept: spool.New(small, s.o.Most, s.o.Folder)}
	if err := r.keep(); err != nil {
		r.close()
		return icap.Answer{}, err // where it broke off, nothing may be said of it; what was not kept cannot be sent on
	}
	a, err := r.judge(ctx)
	if err == nil {
		s.failing.Store(false)
		return a, nil
	}
	s.failing.Store(true)
	if !s.o.Open || ctx.Err() != nil {
		r.close()
		return icap.Answer{}, err
	}
	s.o.Log.Error("a request to the web went unjudged", slog.String("code", errs.CodeOf(err)))
	s.unjudged.Add(1)
	return r.unchanged()
}

// place waits until there is room to look at a body of a size. What is large keeps nothing that is small waiting, and a body that
// comes slowly nobody, because it is looked at once it is there.
func (s *Service) place(ctx context.Context, size int64) (leave func(), err error) {
	lane := s.large
	if size <= small {
		lane = s.small
	}
	select {
	case lane <- struct{}{}:
		return func() { <-lane }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// request is one request on its way through the room.
type request struct {
	s    *Service
	m    *icap.Message
	kept *spool.Spool // what was read of the body
	doc  document

	over bool // the body is over the limit
}

func (r *request) close() { _ = r.kept.Close() }

// keep reads the whole body. One over the limit is read no further.
func (r *request) keep() error {
	piece := make([]byte, 16<<10)
	for r.m.Body != nil && !r.over {
		n, end := r.m.Body.Read(piece)
		if _, err := r.kept.Write(piece[:n]); errors.Is(err, spool.ErrFull) {
			r.over = true
		} else if err != nil {
			r.s.failing.Store(true)
			return err
		}
		if end == io.EOF { //nolint:errorlint // a wrapped end is no end
			return nil
		}
		if end != nil {
			return end
		}
	}
	return nil
}

func (r *request) judge(ctx context.Context) (icap.Answer, error) {
	h := r.m.Request
	t, err := readTarget(h)
	if err != nil {
		return r.stopped(errs.Of(err), "")
	}
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	leave, err := r.s.place(ctx, r.kept.Size())
	if err != nil {
		return icap.Answer{}, err
	}
	defer leave()
	r.doc = document{boundary: r.s.boundary, target: t, fields: h.Fields, query: pairs(t.query), again: func() io.Reader { return r.kept.Reader(0) }}
	if r.m.Body != nil && !r.over {
		if err := r.doc.readBody(r.kept.Reader(0)); err != nil {
			return icap.Answer{}, err
		}
	}
	content, err := r.examine(ctx, &r.doc, r.doc.replaceable)
	if err != nil {
		return icap.Answer{}, err
	}
	if r.over {
		content.NotRead(extract.TooLarge)
	}
	if content.Clean() {
		r.s.count(dlp.Allow)
		return r.goes(r.doc.query, nil)
	}
	return r.decide(ctx, content)
}

// examine has dlp look at a request.
func (r *request) examine(ctx context.Context, d *document, replaceable func(extract.Origin) bool) (*dlp.Content, error) {
	from, to := io.Pipe()
	var unread []extract.Reason
	written := make(chan struct{})
	go func() {
		defer close(written)
		out := bufio.NewWriterSize(to, 16<<10) // in large pieces, however small they came
		err := d.write(out, func(why extract.Reason) { unread = append(unread, why) })
		if err == nil {
			err = out.Flush()
		}
		_ = to.CloseWithError(err)
	}()
	look := r.s.o.DLP.Examine
	if r.m.Body == nil {
		look = r.s.o.DLP.ExamineChecked // an address holds no malware
	}
	content, err := look(ctx, "request.eml", from, replaceable)
	_ = from.Close()
	<-written
	if err != nil {
		return nil, err
	}
	for _, why := range unread {
		content.NotRead(why)
	}
	return content, nil
}

// decide asks the rules, and carries out what they say.
func (r *request) decide(ctx context.Context, content *dlp.Content) (icap.Answer, error) {
	who, err := r.s.o.Who(ctx, loginOf(r.m.Fields))
	if err != nil {
		return icap.Answer{}, err
	}
	p := dlp.Passage{Way: dlp.Web, Recipient: dlp.Outside, By: who.By, Controller: who.Controller, Lang: language(r.doc.fields), Content: content,
		Reason: reasonOf(r.doc.fields), Ref: plainHost(r.doc.target.host)}
	if _, inside := r.s.o.Inside.Find(r.doc.target.host); inside {
		p.Recipient = dlp.Inside
	}
	if p.Destination, p.LanguageModel = r.s.models.Find(r.doc.target.host); !p.LanguageModel {
		p.Destination, _ = r.s.o.Named.Find(r.doc.target.host)
	}
	j, err := r.s.o.DLP.Look(ctx, p)
	var changed *document
	replaced := j.Replaced()
	if err == nil && len(j.Replaced()) > 0 && j.Goes() && !r.over {
		if changed, err = r.masked(ctx, p, j); err != nil {
			return icap.Answer{}, err
		}
		if changed == nil { // it cannot be masked, and is judged as what it is: values that stand where they are
			if p.Content, err = r.fixed(ctx); err != nil {
				return icap.Answer{}, err
			}
		}
	}
	if err == nil {
		j, err = r.s.o.DLP.Inspect(ctx, p)
	}
	switch e := errs.Of(err); errs.KindOf(err) {
	case errs.Invalid: // the reason is none
		r.s.count(dlp.Ask)
		return r.stopped(e, "")
	case errs.TooMany: // too much of what was sent told whose the values are
		r.s.count(dlp.Block)
		return r.stopped(e, "")
	default:
	}
	if err != nil {
		return icap.Answer{}, err
	}
	r.s.count(j.Verdict)
	switch {
	case r.over:
		return r.stopped(errTooLarge, j.Incident)
	case !j.Goes():
		return r.stopped(dlp.Stopped(j), j.Incident)
	case len(j.Replaced()) > 0 && (changed == nil || !slices.Equal(j.Replaced(), replaced)): // the rules have changed meanwhile
		return r.stopped(errNoMask, j.Incident)
	case changed != nil:
		return r.goes(changed.query, changed)
	}
	return r.goes(r.doc.query, nil)
}

// fixed examines the request once more, as one in which nothing can be replaced.
func (r *request) fixed(ctx context.Context) (*dlp.Content, error) {
	again := r.doc
	if again.body != nil {
		again.body = r.kept.Reader(0)
	}
	return r.examine(ctx, &again, nil)
}

// masked is the request with its values replaced; nil when one is still found.
func (r *request) masked(ctx context.Context, p dlp.Passage, j dlp.Judgement) (*document, error) {
	kinds := j.Replaced()
	changed := r.doc
	changed.body = nil // a value in it could not be replaced, and the verdict would be another one
	m := masking(func(text string) string { return string(r.s.o.DLP.MaskedText(j, p.Lang, []byte(text))) })
	changed.query = pairs(m.fields(r.doc.query))
	switch {
	case changed.text == nil:
	case changed.as == form:
		changed.text = []byte(m.fields(pairs(string(r.doc.text))))
	case changed.as == jsonText:
		changed.text = m.json(r.doc.text)
	default:
		changed.text = []byte(m(string(r.doc.text)))
	}
	var err error
	if p.Content, err = r.examine(ctx, &changed, nil); err != nil {
		return nil, err
	}
	again, err := r.s.o.DLP.Look(ctx, p)
	if err != nil {
		return nil, err
	}
	for _, kind := range again.Kinds() {
		if slices.Contains(kinds, kind) {
			return nil, nil
		}
	}
	return &changed, nil
}

func (s *Service) count(v dlp.Verdict) {
	s.counted[slices.Index(dlp.Verdicts(), v)].Add(1)
}

// unchanged lets the request go as it came.
func (r *request) unchanged() (icap.Answer, error) {
	return icap.Answer{Unchanged: true, Body: r.spooled()}, nil
}

// spooled is what was read of the body, for a proxy that did not keep it.
func (r *request) spooled() io.Reader { return spooled{r.kept.Reader(0), r.kept} }

type spooled struct {
	io.Reader
	io.Closer
}

// goes lets the request go: as it came, or with another query or body. What a program said to us goes no further.
func (r *request) goes(query []pair, changed *document) (icap.Answer, error) {
	said := r.doc.fields.Count(reasonName) > 0
	if changed == nil && !said {
		return r.unchanged()
	}
	raw := make([]string, len(query))
	for i, p := range query {
		raw[i] = p.raw
	}
	first := r.m.Request.First
	if changed != nil {
		first = r.doc.target.first(strings.Join(raw, "&"))
	}
	text := changed != nil && changed.text != nil
	var out bytes.Buffer
	out.WriteString(first + "\r\n")
	for _, f := range r.doc.fields {
		if strings.EqualFold(f.Name, reasonName) || text && replacedField(f.Name) {
			continue
		}
		out.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	if text {
		out.WriteString("Content-Length: " + strconv.Itoa(len(changed.text)) + "\r\n")
	}
	out.WriteString("\r\n")
	head := &icap.Head{First: first, Raw: out.Bytes()}
	if !text {
		return icap.Answer{Head: head, Unchanged: true, Body: r.spooled()}, nil
	}
	r.close()
	return icap.Answer{Head: head, Body: bytes.NewReader(changed.text)}, nil
}

// replacedField are fields that say of a body what is not so once it is changed.
func replacedField(name string) bool {
	switch strings.ToLower(name) {
	case "content-length", "transfer-encoding", "content-encoding", "content-md5", "digest", "content-digest", "repr-digest", "trailer":
		return true
	}
	return false
}

// loginOf is who sits at the browser, as the proxy says.
func loginOf(f icap.Fields) string {
	if name := f.Get("X-Client-Username"); name != "" {
		return plainLogin(name)
	}
	if text, err := base64.StdEncoding.DecodeString(f.Get("X-Authenticated-User")); err == nil {
		_, name, found := strings.Cut(string(text), "://")
		if found {
			return plainLogin(name)
		}
		return plainLogin(string(text))
	}
	return ""
}

// plainLogin is a login without the domain of Windows or Kerberos before or behind it.
func plainLogin(name string) string {
	if i := strings.LastIndexAny(name, `\/`); i >= 0 {
		name = name[i+1:]
	}
	name, _, _ = strings.Cut(name, "@")
	if name == "-" || len(name) > 100 || !utf8.ValidString(name) {
		return ""
	}
	return name
}

// hostShape is a host that can stand beside an incident: nobody's number hides in it.
var hostShape = regexp.MustCompile(`^[a-z][a-z-]*[0-9]{0,3}(\.[a-z][a-z-]*[0-9]{0,3}){1,4}$`)

// plainHost is the host for whoever reviews an incident; empty when it could be a value itself.
func plainHost(host string) string {
	if len(host) > 60 || !hostShape.MatchString(host) {
		return ""
	}
	return host
}
