package client

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// schema is as much of JSON Schema as the document uses.
type schema struct {
	Ref        string             `json:"$ref"`
	Type       any                `json:"type"`
	Format     string             `json:"format"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
	Items      *schema            `json:"items"`
	Additional any                `json:"additionalProperties"`
}

type media map[string]struct {
	Schema *schema `json:"schema"`
}

type operation struct {
	OperationID string `json:"operationId"`
	Parameters  []struct {
		Name     string `json:"name"`
		In       string `json:"in"`
		Required bool   `json:"required"`
	} `json:"parameters"`
	Body *struct {
		Content media `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content media `json:"content"`
	} `json:"responses"`
}

type document struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`
}

// readDocument reads the golden file that the API tests compare with the running server.
func readDocument(t *testing.T) document {
	t.Helper()
	text, err := os.ReadFile("../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Paths) < 20 {
		t.Fatalf("the document has %d paths only", len(d.Paths))
	}
	return d
}

func (d document) resolve(s *schema) *schema {
	for s != nil && s.Ref != "" {
		s = d.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
	}
	return s
}

func (s *schema) is(kind string) bool {
	switch t := s.Type.(type) {
	case string:
		return t == kind
	case []any:
		return slices.Contains(t, any(kind))
	}
	return false
}

// example is a value of the schema with every property set, each to something that is not zero.
func (d document) example(s *schema) any {
	s = d.resolve(s)
	switch {
	case s.is("object") && s.Properties != nil:
		out := map[string]any{}
		for name, p := range s.Properties {
			out[name] = d.example(p)
		}
		return out
	case s.is("object"):
		if text, err := json.Marshal(s.Additional); err == nil && len(text) > 0 && text[0] == '{' {
			var of schema
			_ = json.Unmarshal(text, &of)
			return map[string]any{"id": d.example(&of)}
		}
		return map[string]any{}
	case s.is("array"):
		return []any{d.example(s.Items)}
	case s.is("integer"), s.is("number"):
		return 7
	case s.is("boolean"):
		return true
	case s.Format == "date-time":
		return "2026-11-23T08:04:05Z"
	}
	return "abcd"
}

// fill sets every exported field to something that is not zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 11, 23, 8, 4, 5, 0, time.UTC)))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value)
		v.SetMapIndex(reflect.ValueOf("id"), value)
	case reflect.String:
		v.SetString("itx_1")
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint64:
		v.SetUint(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Interface:
		if v.Type() == reflect.TypeFor[io.Reader]() {
			v.Set(reflect.ValueOf(strings.NewReader("file")))
		}
	}
}

// zeros lists the fields of an answer that stayed zero although the server sent every property it knows.
func zeros(v reflect.Value, at string) (out []string) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			break
		}
		for i := range v.NumField() {
			out = append(out, zeros(v.Field(i), at+"."+v.Type().Field(i).Name)...)
		}
		return out
	case reflect.Slice:
		if v.Len() > 0 {
			return zeros(v.Index(0), at+"[]")
		}
	case reflect.Pointer:
		if !v.IsNil() {
			return zeros(v.Elem(), at)
		}
	}
	if v.IsZero() {
		return []string{at}
	}
	return nil
}

// members is the tree of member names of a JSON value, as paths.
func members(v any, at string, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, below := range v {
			into[at+"."+name] = true
			members(below, at+"."+name, into)
		}
	case []any:
		for _, below := range v {
			members(below, at+"[]", into)
		}
	}
}

// TestTheClientHasAMethodForEveryOperationAndEveryMember calls every method of Client against a server made of the
// OpenAPI document: each request must be an operation of the document with all its members, each answer must find a
// place for all of its own, and no operation may be left without a method.
func TestTheClientHasAMethodForEveryOperationAndEveryMember(t *testing.T) {
	d := readDocument(t)
	type seen struct {
		method, path string
		query        []string
		key          bool
		body         []byte
		media        string
	}
	var last *seen
	parameter := regexp.MustCompile(`\\\{[a-z_]+\\\}`)
	find := func(method, path string) (string, *operation) {
		found, best := "", -1
		for p, item := range d.Paths {
			op, ok := item[strings.ToLower(method)]
			literal := strings.Count(p, "/") - strings.Count(p, "{")
			if ok && literal > best && regexp.MustCompile("^"+parameter.ReplaceAllString(regexp.QuoteMeta(p), `[^/]+`)+"$").MatchString(path) {
				found, best = op.OperationID, literal
			}
		}
		for _, item := range d.Paths {
			for _, op := range item {
				if op.OperationID == found {
					return found, &op
				}
			}
		}
		return "", nil
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		path := strings.TrimPrefix(r.URL.Path, "/api/v1")
		last = &seen{r.Method, path, slices.Sorted(maps.Keys(r.URL.Query())), r.Header.Get("Idempotency-Key") != "", body, r.Header.Get("Content-Type")}
		_, op := find(r.Method, path)
		if op == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		for status, response := range op.Responses {
			if status == "default" {
				continue
			}
			content, ok := response.Content["application/json"]
			if !ok {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(d.example(content.Schema))
		}
	}))
	defer server.Close()
	c, err := New(Options{Address: server.URL, Key: "key"})
	if err != nil {
		t.Fatal(err)
	}
	methods := map[string]string{}
	typ := reflect.TypeFor[*Client]()
	for i := range typ.NumMethod() {
		m := typ.Method(i)
		if m.Name == "As" || m.Name == "KeepAlive" || m.Name == "Entries" {
			continue // made of other methods
		}
		args := []reflect.Value{reflect.ValueOf(c), reflect.ValueOf(context.Background())}
		for a := 2; a < m.Type.NumIn(); a++ {
			v := reflect.New(m.Type.In(a)).Elem()
			fill(v)
			args = append(args, v)
		}
		last = nil
		out := m.Func.Call(args)
		if err, _ := out[len(out)-1].Interface().(error); err != nil {
			t.Errorf("%s: %v", m.Name, err)
			continue
		}
		id, op := find(last.method, last.path)
		if op == nil {
			t.Errorf("%s sends %s %s, which the document does not know", m.Name, last.method, last.path)
			continue
		}
		if other := methods[id]; other != "" {
			t.Errorf("%s and %s are both %s", m.Name, other, id)
		}
		methods[id] = m.Name
		// What is sent.
		known := map[string]bool{}
		hasKey := false
		for _, p := range op.Parameters {
			if p.In == "query" {
				known[p.Name] = true
			}
			hasKey = hasKey || p.Name == "Idempotency-Key"
		}
		if sent := last.query; !slices.Equal(sent, slices.Sorted(maps.Keys(known))) {
			t.Errorf("%s sends the query %v; the document has %v", m.Name, sent, slices.Sorted(maps.Keys(known)))
		}
		if hasKey != last.key {
			t.Errorf("%s: Idempotency-Key sent: %t, in the document: %t", m.Name, last.key, hasKey)
		}
		if (op.Body == nil) != (len(last.body) == 0) {
			t.Errorf("%s: a body is sent or missing against the document", m.Name)
		} else if op.Body != nil {
			content, ok := op.Body.Content[last.media]
			if !ok {
				t.Errorf("%s sends %s; the document has %v", m.Name, last.media, slices.Collect(maps.Keys(op.Body.Content)))
			} else if last.media == "application/json" {
				var sent any
				_ = json.Unmarshal(last.body, &sent)
				got, want := map[string]bool{}, map[string]bool{}
				members(sent, "", got)
				members(d.example(content.Schema), "", want)
				if m.Name == "RecordConsent" {
					delete(want, ".channel")
				}
				if m.Name == "ReportDocument" {
					clear(got) // a vendor's own document: the description knows no member of it
				}
				if diff := difference(got, want); diff != "" {
					t.Errorf("%s: its request and the document differ:%s", m.Name, diff)
				}
			}
		}
		// What is received: every member of ours was filled, and every member of the document has a place.
		if len(out) == 2 {
			for _, z := range zeros(out[0], m.Name) {
				t.Errorf("%s stays empty whatever the server sends", z)
			}
		}
	}
	for path, item := range d.Paths {
		for method, op := range item {
			if methods[op.OperationID] == "" {
				t.Errorf("%s %s (%s) has no method", strings.ToUpper(method), path, op.OperationID)
			}
		}
	}
	t.Logf("%d operations", len(methods))
}

func difference(got, want map[string]bool) string {
	var b strings.Builder
	for name := range got {
		if !want[name] {
			b.WriteString(" +" + name)
		}
	}
	for name := range want {
		if !got[name] {
			b.WriteString(" -" + name)
		}
	}
	return b.String()
}

// TestEveryMemberOfAnAnswerHasAPlace reads the types of the answers: each property of each schema that an operation
// answers with must be a member of the type that its method returns.
func TestEveryMemberOfAnAnswerHasAPlace(t *testing.T) {
	d := readDocument(t)
	types := map[string]reflect.Type{
		"ApprovalJSON": reflect.TypeFor[Approval](), "DlpInspectOutputBody": reflect.TypeFor[Judgement](), "DlpIncidentJSON": reflect.TypeFor[TextIncident](), "DlpDecidedJSON": reflect.TypeFor[DecidedText](), "DrillRunJSON": reflect.TypeFor[AttackRun](), "WatchlistEntryJSON": reflect.TypeFor[WatchEntry](), "WatchlistAlertJSON": reflect.TypeFor[Alert](), "ConsentCount": reflect.TypeFor[ConsentCount](), "ConsentEvent": reflect.TypeFor[Consent](), "DeskViewOutputBody": reflect.TypeFor[Customer](),
		"DeskRevealOutputBody": reflect.TypeFor[Revealed](), "DeskCompareOutputBody": reflect.TypeFor[Compared](), "DeskSearchOutputBody": reflect.TypeFor[Found](),
		"DeskNotesOutputBody": reflect.TypeFor[OpenedNotes](), "DeskSummaryOutputBody": reflect.TypeFor[Summary](), "IdentitySessionOutputBody": reflect.TypeFor[Identity](), "IdentitySignInOutputBody": reflect.TypeFor[Session](),
		"FileAnswer": reflect.TypeFor[FileJudgement](), "IntakeStatusOutputBody": reflect.TypeFor[Import](), "InteractionEventOutputBody": reflect.TypeFor[EventOutcome](), "InteractionOutcomeJSON": reflect.TypeFor[BatchOutcome](), "InteractionViewJSON": reflect.TypeFor[Interaction](),
		"Problem": reflect.TypeFor[problemJSON](), "PurposeController": reflect.TypeFor[Controller](), "PurposeFieldJSON": reflect.TypeFor[Declaration](), "PurposeJSON": reflect.TypeFor[Purpose](),
		"PurposeNoticeJSON": reflect.TypeFor[Notice](), "TrailEntryOutputBody": reflect.TypeFor[ProvedEntry](), "TrailHealthOutputBody": reflect.TypeFor[LogHealth](),
		"TrailSearchOutputBody": reflect.TypeFor[EntryPage](), "MessageItemBody": reflect.TypeFor[DeadMessage](), "VaultCustomerBody": reflect.TypeFor[Written](), "VerificationAttemptJSON": reflect.TypeFor[Attempt](),
		"VerificationDenialsOutputBody": reflect.TypeFor[DenialPage](), "VerificationDenialJSON": reflect.TypeFor[Denial](),
		"ActAskBody": reflect.TypeFor[CustomerAsk](), "ActCaptureBody": reflect.TypeFor[Capture](), "ActChangeBody": reflect.TypeFor[ContactChange](), "ActChangesOutputBody": reflect.TypeFor[ContactChanges](),
		"MandateViewJSON": reflect.TypeFor[Mandate](), "MandateMandatesOutputBody": reflect.TypeFor[MandatePage](), "MandateEntryJSON": reflect.TypeFor[HeldMandate](), "MandateRecordOutputBody": reflect.TypeFor[RecordedMandate](), "SupervisionBoardOutputBody": reflect.TypeFor[Board](),
		"VerificationStatusOutputBody": reflect.TypeFor[Verification](), "TelephonyDeliveryJSON": reflect.TypeFor[Delivery](), "TelephonyOutcome": reflect.TypeFor[BatchOutcome](),
	}
	for schemaName, typ := range types {
		s := d.Components.Schemas[schemaName]
		if s == nil {
			t.Errorf("the document has no %s", schemaName)
			continue
		}
		text, _ := json.Marshal(d.example(s))
		dec := json.NewDecoder(strings.NewReader(string(text)))
		dec.DisallowUnknownFields()
		if err := dec.Decode(reflect.New(typ).Interface()); err != nil {
			t.Errorf("%s does not fit %s: %v", schemaName, typ, err)
		}
	}
	// Every answer is one of them, or a list of one, so that nothing new stays outside of the table above.
	listed := map[string]bool{"ApprovalListOutputBody": true, "DlpIncidentsOutputBody": true, "DlpDecidedOutputBody": true, "DeskKeptOutputBody": true, "ConsentEventsOutputBody": true, "ConsentCountsOutputBody": true, "InteractionListOutputBody": true, "InteractionOpenOutputBody": true, "MessageDeadOutputBody": true,
		"PurposeControllersOutputBody": true, "PurposeFieldsOutputBody": true, "PurposeListOutputBody": true, "PurposeNoticesOutputBody": true, "VerificationAnswerOutputBody": true, "VerificationSecondOutputBody": true, "DeskReceiptOutputBody": true,
		"ActAsksOutputBody": true, "ActCapturesOutputBody": true, "ActDialOutputBody": true, "MandateListOutputBody": true, "MandateVerifyOutputBody": true, "SupervisionListenOutputBody": true,
		"DrillRunsOutputBody": true, "DrillStartOutputBody": true, "WatchlistAskOutputBody": true, "WatchlistAlertsOutputBody": true, "WatchlistEntriesOutputBody": true, "WatchlistProposedOutputBody": true, "TelephonyDeliveriesOutputBody": true, "TelephonyDocumentOutputBody": true}
	for path, item := range d.Paths {
		for _, op := range item {
			for status, r := range op.Responses {
				c, ok := r.Content["application/json"]
				if !ok || status == "default" {
					continue
				}
				name := c.Schema.Ref[strings.LastIndexByte(c.Schema.Ref, '/')+1:]
				switch {
				case types[name] != nil:
				case !listed[name]:
					t.Errorf("%s answers with %s, which is not in the table of this test", path, name)
				case len(d.Components.Schemas[name].Properties) != 1:
					t.Errorf("%s of %s has more than one member by now", name, path)
				}
			}
		}
	}
}
