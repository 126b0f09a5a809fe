package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"path"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/web/idempotency"
	"github.com/amanah-id/amanah/internal/web/read"
)

// apiRoot is where the operations live; a breaking change gets a new one beside it, with a
// document of its own. apiVersion is what the document calls itself: the API's version, which
// is not the program's (`amanah version` tells that), so the same routes are the same bytes.
const (
	apiRoot    = "/api/v" + apiVersion
	apiVersion = "1"
)

// Op describes an operation of the JSON API.
type Op struct {
	Method  string // GET, POST, PUT, PATCH, DELETE
	Path    string // below /api/v1, such as "/interactions/{interaction}/reveal"
	Summary string // one line of English for the OpenAPI document
	Tag     string // group in the document; "" is the room's name
	Access  Access
	// Status of success; 0 is 200, or 204 when the output has no Body.
	Status int
	// MaxBody in bytes; 0 is 1 MiB.
	MaxBody int64
	// Idempotent accepts an Idempotency-Key: a repeated request is answered with the first
	// answer for 24 hours. The handler calls Settle in the transaction of its effect. The
	// answer is kept sealed for that time, so an operation whose answer holds values of
	// customers must not be marked.
	Idempotent bool
	// Unkeyed says, in English for the OpenAPI document, why an operation that changes
	// something takes no Idempotency-Key: a request that brings one is refused, since whoever
	// sends a key relies on it. Such an operation is Idempotent or has this.
	Unkeyed string
	// Raw takes a body of any kind, which the handler reads from Call.HTTP as it comes, and refuses none for its type. Its errors,
	// and how slowly it may come, are package read's (Slowly).
	Raw bool
}

// Streamed is a Body that writes its JSON itself, as it comes; it is called once, whatever becomes of the client.
type Streamed interface{ WriteJSON(w io.Writer) error }

// Call is one request to an operation: who, in which language, under which trace.
type Call struct {
	Actor actor.Actor
	Lang  i18n.Lang
	Trace string
	HTTP  *http.Request

	server  *Server
	address netip.Addr
	keep    *idempotency.Request
}

// Address is the client's network address, honouring the trusted proxies of the configuration.
func (c Call) Address() netip.Addr { return c.address }

// Operation registers an operation. I holds path, query and header parameters and Body as
// huma's tags name them (`path:"interaction"`, `query:"after"`, Body struct{…} with
// maxLength and so on); unknown fields and parameters are refused. O holds Body and headers.
// The handler's error is answered as a Problem.
func Operation[I, O any](rt *Router, op Op, handle func(ctx context.Context, c Call, in *I) (*O, error)) {
	s := rt.server
	pattern := op.Method + " " + apiRoot + op.Path
	defer rt.recovered(pattern)
	if op.Summary == "" {
		rt.fail(pattern, errors.New("an operation needs a Summary"))
		return
	}
	if op.MaxBody == 0 {
		op.MaxBody = 1 << 20
	}
	if op.Idempotent && (s.answers.DB == nil || s.answers.Sealer == nil || s.answers.MAC == nil) {
		rt.fail(pattern, errors.New("an Idempotent operation needs DB, Sealer and MAC"))
		return
	}
	if op.Method != http.MethodGet && op.Idempotent == (op.Unkeyed != "") {
		rt.fail(pattern, errors.New("an operation that changes something is Idempotent or says in Unkeyed why it is not"))
		return
	}
	tag := op.Tag
	if tag == "" {
		tag = rt.room
	}
	description := huma.Operation{
		OperationID:     operationID(op.Method, op.Path),
		Method:          op.Method,
		Path:            op.Path,
		Summary:         op.Summary,
		Tags:            []string{tag},
		DefaultStatus:   op.Status,
		MaxBodyBytes:    op.MaxBody + 2,
		BodyReadTimeout: -1, // the body is in memory by then
		Security:        security(op.Access),
		Responses: map[string]*huma.Response{"default": {
			Description: "Refused or failed. Never holds a value that was sent.",
			Content: map[string]*huma.MediaType{"application/problem+json": {
				Schema: s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem"),
			}},
		}},
	}
	if op.Raw { // a media type without a schema: huma leaves the body alone
		description.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/octet-stream": {}}}
	}
	if op.Idempotent {
		most := idempotency.MaxKey
		description.Parameters = append(description.Parameters, &huma.Param{
			Name: "Idempotency-Key", In: "header", Description: "A repeated request with the same key and body is answered with the first answer for 24 hours.",
			Schema: &huma.Schema{Type: "string", MaxLength: &most},
		})
	}
	description.Description = describeAccess(op.Access)
	if op.Unkeyed != "" {
		description.Description = strings.TrimSpace(description.Description + " An Idempotency-Key is refused: " + op.Unkeyed + ".")
	}
	s.pending = &route{Route: Route{Room: rt.room, Method: op.Method, Pattern: pattern, API: true, Access: op.Access, Summary: op.Summary}, maxBody: op.MaxBody, router: rt, unkeyed: op.Unkeyed != "", raw: op.Raw}
	huma.Register(s.api, description, func(ctx context.Context, in *I) (*O, error) {
		st := stateOf(ctx)
		c := Call{Actor: st.visitor.Actor, Lang: st.lang, Trace: st.trace, HTTP: st.request, server: s, address: s.address(st.request)}
		out, err := func() (*O, error) {
			if !op.Idempotent {
				return handle(ctx, c, in)
			}
			return once(ctx, s, &c, st, func() (*O, error) { return handle(ctx, c, in) })
		}()
		if err != nil {
			st.err = errs.Of(err)
			return nil, s.problem(err, st.lang, st.trace)
		}
		return out, nil
	})
}

// Settle keeps the answer of an Idempotent operation in the transaction of its effect, so
// that no crash can leave one without the other. out is the output the handler will
// return. If an earlier request had the same key, the closure fails, and with it its
// effect; the caller is then given the first answer. It does nothing when the request has
// no Idempotency-Key.
func (c Call) Settle(tx *db.Tx, out any) error {
	if c.keep == nil {
		return nil
	}
	return c.keep.Keep(tx, out)
}

// Amend keeps out in place of what Settle kept in the same transaction, for an answer that is whole only when it ends.
func (c Call) Amend(tx *db.Tx, out any) error {
	if c.keep == nil {
		return nil
	}
	return c.keep.Amend(tx, out)
}

// operationID names an operation by its method and path: postInteractionsByInteractionReveal.
func operationID(method, p string) string {
	var b strings.Builder
	b.WriteString(strings.ToLower(method))
	for segment := range strings.SplitSeq(strings.Trim(p, "/"), "/") {
		if strings.HasPrefix(segment, "{") {
			b.WriteString("By")
			segment = strings.Trim(segment, "{}.")
		}
		for word := range strings.FieldsFuncSeq(segment, func(c rune) bool { return c == '-' || c == '_' }) {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

func security(a Access) []map[string][]string {
	if a.Public || a.Customer {
		return []map[string][]string{{}}
	}
	return []map[string][]string{{"client": {}}}
}

func describeAccess(a Access) string {
	var parts []string
	if len(a.Roles) > 0 {
		names := make([]string, len(a.Roles))
		for i, r := range a.Roles {
			names[i] = string(r)
		}
		parts = append(parts, "Staff: "+strings.Join(names, ", ")+".")
	}
	if a.Scope != "" {
		parts = append(parts, "API clients need the scope "+a.Scope+map[bool]string{true: ".", false: " and a member of staff's session."}[a.Alone])
	}
	if a.Fresh {
		parts = append(parts, fmt.Sprintf("The second factor must have been shown within %d minutes.", int(SecondFactorFor.Minutes())))
	}
	return strings.Join(parts, " ")
}

// newAPI makes huma's half of the desk. It gets none of huma's defaults: no link headers,
// no documentation page from a content network, one format.
func (s *Server) newAPI() huma.API {
	format := huma.Format{Unmarshal: json.Unmarshal, Marshal: func(w io.Writer, v any) error {
		if s, ok := v.(Streamed); ok {
			return s.WriteJSON(w)
		}
		return huma.DefaultJSONFormat.Marshal(w, v)
	}}
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Amanah", Version: apiVersion,
				Description: "Handling of customers' personal data in a call center. Times are RFC 3339 in UTC. Lists are paged by cursor. No error ever holds a value that was sent.",
				License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", s.schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"client": {Type: "http", Scheme: "bearer", Description: "The key of an API client; acts for a member of staff together with the token of that member's session."},
				},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{s.transform},
	}
	for _, base := range s.options.Servers {
		config.OpenAPI.Servers = append(config.OpenAPI.Servers, &huma.Server{URL: base + apiRoot})
	}
	if len(s.options.Servers) == 0 {
		config.OpenAPI.Servers = []*huma.Server{{URL: apiRoot}}
	}
	return huma.NewAPI(config, humago.NewAdapter(apiMux{s}, apiRoot))
}

// schemaName puts the room in front of a type's name, so that two rooms may both have an Item. A struct
// without a name is of the room whose operation is being registered.
func (s *Server) schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	room := path.Base(strings.TrimSuffix(t.PkgPath(), "/page")) // a room's screens may stand apart
	switch {
	case t.Kind() == reflect.Struct && t.Name() == "" && s.pending != nil:
		room = s.pending.Room
	case t.Name() == "" || t.PkgPath() == "" || !strings.Contains(t.PkgPath(), "/internal/"):
		return name
	}
	if room == "web" {
		return name
	}
	return strings.ToUpper(room[:1]) + room[1:] + name
}

// apiMux takes the patterns huma registers and puts our checks in front of them.
type apiMux struct{ s *Server }

func (m apiMux) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.s.mux.ServeHTTP(w, r) }

func (m apiMux) HandleFunc(pattern string, handle func(http.ResponseWriter, *http.Request)) {
	rt := m.s.pending
	m.s.pending = nil
	m.s.register(rt, func(st *state, w http.ResponseWriter, r *http.Request) error {
		if rt.unkeyed && len(r.Header.Values("Idempotency-Key")) > 0 {
			return errs.New(errs.Invalid, "web.idempotency_unsupported")
		}
		err := read.Query(r.URL.RawQuery)
		switch {
		case err != nil:
		case rt.raw:
			w, err = read.Slowly(w, r, rt.maxBody)
		default:
			err = readJSON(st, r)
		}
		if err == nil {
			handle(w, r)
		}
		return err
	})
}

// readJSON takes the body in and refuses what no honest client sends: another media type,
// text that is not UTF-8, nesting without end, a name twice in one object, and anything
// after the value. What is refused here never reaches a parser that would quote it.
func readJSON(st *state, r *http.Request) error {
	body, err := read.All(r)
	if err != nil {
		return err
	}
	st.body = body
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	if len(body) == 0 {
		return nil
	}
	ct, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || ct != "application/json" && !(strings.HasPrefix(ct, "application/") && strings.HasSuffix(ct, "+json")) {
		return errs.New(errs.Invalid, "web.media_type")
	}
	if c := params["charset"]; c != "" && !strings.EqualFold(c, "utf-8") {
		return errs.New(errs.Invalid, "web.media_type")
	}
	r.Header.Set("Content-Type", "application/json") // all of huma's choosing by media type is done
	return read.JSON(body)
}

// transform turns huma's own errors into Problems, and drops every text and value of theirs.
func (s *Server) transform(ctx huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	st := stateOf(ctx.Context())
	var e *errs.E
	switch m.Status {
	case http.StatusBadRequest:
		e = errs.New(errs.Invalid, "web.malformed")
	case http.StatusRequestEntityTooLarge:
		e = errs.New(errs.Invalid, "web.too_large")
	case http.StatusUnsupportedMediaType:
		e = errs.New(errs.Invalid, "web.media_type")
	case http.StatusUnprocessableEntity:
		var faults []read.Fault
		for _, d := range m.Errors {
			if len(faults) == 20 {
				break
			}
			faults = append(faults, read.Fault{Location: s.place(d.Location), Reason: reason(d.Message)})
		}
		e = read.Invalid(faults...)
	default:
		e = errs.Wrap(errs.Internal, "app.internal", fmt.Errorf("api answered %d", m.Status))
	}
	st.err = e
	p := s.problem(e, st.lang, st.trace)
	p.Status = m.Status // already decided
	return p, nil
}

// place keeps of a location what our own description names; any other part is "?", since it
// is somebody's text.
func (s *Server) place(location string) string {
	parts := strings.Split(location, ".")
	for i, part := range parts {
		name, index, _ := strings.Cut(part, "[")
		if index != "" {
			digits := strings.TrimRight(strings.ReplaceAll(index, "][", ""), "]")
			if len(digits) > 5 || strings.Trim(digits, "0123456789") != "" {
				return strings.Join(append(parts[:i], "?"), ".")
			}
		}
		if !s.known[name] {
			// Names with dots in them may hide anything: nothing after an unknown one is kept.
			return strings.Join(append(parts[:i], "?"), ".")
		}
	}
	return strings.Join(parts, ".")
}

// names collects every name the OpenAPI document knows.
func (s *Server) names() map[string]bool {
	known := map[string]bool{"body": true, "path": true, "query": true, "header": true, "cookie": true}
	var visit func(*huma.Schema)
	visit = func(sc *huma.Schema) {
		if sc == nil {
			return
		}
		for name, p := range sc.Properties {
			known[name] = true
			visit(p)
		}
		visit(sc.Items)
	}
	doc := s.api.OpenAPI()
	for _, sc := range doc.Components.Schemas.Map() {
		visit(sc)
	}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			for _, p := range op.Parameters {
				known[p.Name] = true
			}
			if op.RequestBody != nil {
				for _, m := range op.RequestBody.Content {
					visit(m.Schema)
				}
			}
		}
	}
	return known
}

// reasons maps the beginnings of huma's messages to our words, longest first where they overlap.
var reasons = []struct{ begins, reason string }{
	{"required", "required"},
	{"expected required property", "required"},
	{"unexpected property", "unknown"},
	{"unknown query parameter", "unknown"},
	{"expected length <=", "too_long"},
	{"expected array length <=", "too_long"},
	{"expected object with at most", "too_long"},
	{"expected length >=", "too_short"},
	{"expected array length >=", "too_short"},
	{"expected object with at least", "too_short"},
	{"expected string to match pattern", "pattern"},
	{"expected string to be", "format"},
	{"expected value to be one of", "choice"},
	{"expected number >", "range"},
	{"expected number <", "range"},
	{"expected number to be a multiple", "range"},
	{"expected array items to be unique", "duplicate"},
	{"expected boolean", "type"}, {"expected number", "type"}, {"expected integer", "type"},
	{"expected string", "type"}, {"expected array", "type"}, {"expected object", "type"},
	{"invalid ", "type"},
}

func reason(message string) string {
	for _, r := range reasons {
		if strings.HasPrefix(message, r.begins) {
			return r.reason
		}
	}
	return "invalid"
}

// OpenAPI is the OpenAPI 3.1 document of /api/v1, the same bytes for the same routes.
func (s *Server) OpenAPI() []byte { return s.document }

func (s *Server) makeDocument() ([]byte, error) {
	doc := s.api.OpenAPI()
	// huma documents its own error type, which never leaves this house.
	schemas := doc.Components.Schemas.Map()
	delete(schemas, "ErrorModel")
	delete(schemas, "ErrorDetail")
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}
