package page

import (
	"cmp"
	"context"
	"time"

	"github.com/amanah-id/amanah/internal/desk"
	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/web"
)

// The JSON of the desk: the same verbs as the screen's, for a desktop that is not ours.
// Every operation needs a member of staff behind the API client, and a live call.

// CallPath names the call. It is exported because huma reads the parameters of embedded structs only then.
type CallPath struct {
	Interaction string `path:"interaction" maxLength:"40" doc:"The live interaction"`
}

type receiptBody struct {
	Leaf uint64    `json:"leaf" doc:"Index of the audit leaf that proves it"`
	At   time.Time `json:"at"`
}

type valueBody struct {
	ID    string `json:"id"`
	Field string `json:"field"`
	Text  string `json:"text" doc:"Masked, or clear after a reveal"`
}

type searchInput struct {
	CallPath
	Body struct {
		By    string `json:"by" enum:"customer_number,phone,email,nik,name,case_reference"`
		Value string `json:"value" minLength:"1" maxLength:"200"`
	}
}

type hitBody struct {
	Subject string      `json:"subject"`
	Values  []valueBody `json:"values" doc:"The fields that matched, masked"`
}

type searchOutput struct {
	Body struct {
		Hits []hitBody `json:"hits"`
		More bool      `json:"more" doc:"There were more than three; ask for something narrower"`
	}
}

type identifyInput struct {
	CallPath
	Body struct {
		Subject string `json:"subject" maxLength:"40" doc:"A subject that a search in this call found"`
	}
}

type fieldBody struct {
	Name    string      `json:"name"`
	Class   string      `json:"class"`
	Values  []valueBody `json:"values"`
	Allowed []string    `json:"allowed" doc:"Verbs that would be allowed now: compare, act, reveal"`
	Say     string      `json:"may_say" enum:"whole,mask,nothing" doc:"What of it may be said or written on the call's channel at this level"`
	Why     string      `json:"why,omitempty" doc:"Code of the refusal when not even masked"`
}

type viewOutput struct {
	Body struct {
		Subject string      `json:"subject"`
		Level   int         `json:"level"`
		Left    int         `json:"reveals_left"`
		Fields  []fieldBody `json:"fields"`
		Receipt receiptBody `json:"receipt"`
	}
}

type revealInput struct {
	CallPath
	Body struct {
		Fields []string `json:"fields" minItems:"1" maxItems:"16"`
		Value  string   `json:"value,omitempty" maxLength:"40" doc:"One of several values of a single field"`
		Reason string   `json:"reason" minLength:"1" maxLength:"200"`
	}
}

type revealOutput struct {
	Body struct {
		Values  []valueBody   `json:"values"`
		Refused []refusedBody `json:"refused" doc:"What was asked for besides and is not shown, in the order asked, each with its reason. Where nothing at all is shown, the answer is a problem"`
		Remask  int           `json:"remask_seconds" doc:"After so many seconds the value must leave the screen"`
		Left    int           `json:"reveals_left"`
		Receipt receiptBody   `json:"receipt"`
	}
}

type refusedBody struct {
	Field string `json:"field" doc:"? stands for a name that the catalogue does not declare"`
	web.Reason
}

type compareInput struct {
	CallPath
	Body struct {
		Field string `json:"field" maxLength:"60"`
		Said  string `json:"said" minLength:"1" maxLength:"200"`
	}
}

type compareOutput struct {
	Body struct {
		Match   bool        `json:"match"`
		Receipt receiptBody `json:"receipt"`
	}
}

type resendInput struct {
	CallPath
	Body struct {
		Field string `json:"field" maxLength:"60"`
		Value string `json:"value,omitempty" maxLength:"40"`
	}
}

type receiptOutput struct {
	Body struct {
		Receipt *receiptBody `json:"receipt,omitempty" doc:"Left out only where an answer is repeated that an older version of the program kept"`
	}
}

type writeInput struct {
	CallPath
	Body struct {
		Field  string `json:"field" maxLength:"60" doc:"A contact field of the customer"`
		Value  string `json:"value,omitempty" maxLength:"40" doc:"One of several values of the field"`
		Text   string `json:"text" minLength:"1" maxLength:"1000"`
		Reason string `json:"reason,omitempty" maxLength:"300" doc:"Why it has to go, where a rule asks that; it holds no personal data"`
	}
}

type checkInput struct {
	CallPath
	Body struct {
		Text   string `json:"text" minLength:"1" maxLength:"1000"`
		Reason string `json:"reason,omitempty" maxLength:"300" doc:"Why it has to go, where a rule asks that; it holds no personal data"`
	}
}

type noteInput struct {
	CallPath
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"4000"`
	}
}

type keptOutput struct {
	Body struct {
		Replaced []string `json:"replaced" doc:"Kinds of personal data that the note does not hold any more: their names stand in their place"`
	}
}

type noteBody struct {
	ID    string    `json:"id"`
	Staff string    `json:"staff" doc:"Who wrote it"`
	At    time.Time `json:"at"`
	Text  string    `json:"text"`
}

type notesOutput struct {
	Body struct {
		Notes   []noteBody  `json:"notes" doc:"Oldest first"`
		Remask  int         `json:"remask_seconds" doc:"After so many seconds the notes must leave the screen"`
		Left    int         `json:"reveals_left"`
		Receipt receiptBody `json:"receipt"`
	}
}

type disclosureBody struct {
	Verb   string    `json:"verb"`
	Fields []string  `json:"fields"`
	Level  int       `json:"level"`
	At     time.Time `json:"at"`
}

type summaryOutput struct {
	Body struct {
		Level       int              `json:"level"`
		Notes       int              `json:"notes"`
		Disclosures []disclosureBody `json:"disclosures"`
	}
}

func bodies(values []desk.Value) []valueBody {
	out := make([]valueBody, 0, len(values))
	for _, v := range values {
		out = append(out, valueBody{v.ID, v.Field, v.Text})
	}
	return out
}

func receiptOf(r desk.Receipt) receiptBody { return receiptBody{r.Index, r.At} }

func (s screens) operations(rt *web.Router) {
	acc := web.Access{Roles: []actor.Role{actor.Agent, actor.Supervisor}, Scope: "serve"}
	op := func(method, path, summary string) web.Op {
		return web.Op{Method: method, Path: "/interactions/{interaction}" + path, Summary: summary, Access: acc}
	}
	unkeyed := func(o web.Op, why string) web.Op { o.Unkeyed = why; return o }
	keyed := func(o web.Op) web.Op { o.Idempotent = true; return o }
	const shows = "its answer shows values, and showing them again is a new decision and a new entry"
	web.Operation(rt, unkeyed(op("POST", "/search", "Find the caller among the controller's customers; at most three, masked"), shows),
		func(ctx context.Context, c web.Call, in *searchInput) (*searchOutput, error) {
			found, err := s.Search(ctx, c.Actor, in.Interaction, desk.Kind(in.Body.By), in.Body.Value)
			if err != nil {
				return nil, err
			}
			out := &searchOutput{}
			out.Body.Hits, out.Body.More = []hitBody{}, found.More
			for _, h := range found.Hits {
				out.Body.Hits = append(out.Body.Hits, hitBody{h.Subject, bodies(h.Values)})
			}
			return out, nil
		})
	web.Operation(rt, unkeyed(op("PUT", "/subject", "Bind a customer that a search in this call found"), "it names a state"),
		func(ctx context.Context, c web.Call, in *identifyInput) (*struct{}, error) {
			return nil, s.Identify(ctx, c.Actor, in.Interaction, in.Body.Subject)
		})
	web.Operation(rt, op("GET", "/customer", "The masked view: the fields of the purpose, and what may be done with each"),
		func(ctx context.Context, c web.Call, in *CallPath) (*viewOutput, error) {
			v, err := s.View(ctx, c.Actor, in.Interaction)
			if err != nil {
				return nil, err
			}
			out := &viewOutput{}
			out.Body.Subject, out.Body.Level, out.Body.Left, out.Body.Receipt = v.Subject, v.Level, v.Left, receiptOf(v.Receipt)
			out.Body.Fields = []fieldBody{}
			for _, f := range v.Fields {
				say := cmp.Or(f.Field.Say(v.Channel, v.Level), "nothing")
				b := fieldBody{Say: say, Name: f.Field.Name, Class: string(f.Field.Class), Values: bodies(f.Values), Allowed: []string{}}
				if f.Why != nil {
					b.Why = f.Why.Code
				}
				for _, verb := range []gate.Verb{gate.Compare, gate.Act, gate.Reveal} {
					if allowed(f, verb) {
						b.Allowed = append(b.Allowed, string(verb))
					}
				}
				out.Body.Fields = append(out.Body.Fields, b)
			}
			return out, nil
		})
	web.Operation(rt, unkeyed(op("POST", "/reveal", "Show values for a reason, after the entry is durable"), shows),
		func(ctx context.Context, c web.Call, in *revealInput) (*revealOutput, error) {
			r, err := s.Reveal(ctx, c.Actor, in.Interaction, in.Body.Fields, in.Body.Value, in.Body.Reason)
			if err != nil {
				return nil, err
			}
			out := &revealOutput{}
			out.Body.Values, out.Body.Remask, out.Body.Left = bodies(r.Values), int(desk.RemaskAfter/time.Second), r.Left
			out.Body.Receipt, out.Body.Refused = receiptOf(r.Receipt), []refusedBody{}
			for _, one := range r.Refused {
				out.Body.Refused = append(out.Body.Refused, refusedBody{one.Field, c.Reason(one.Why)})
			}
			return out, nil
		})
	web.Operation(rt, unkeyed(op("POST", "/compare", "Match or no match, never the value"), "each comparison is a try of its own"),
		func(ctx context.Context, c web.Call, in *compareInput) (*compareOutput, error) {
			r, err := s.Compare(ctx, c.Actor, in.Interaction, in.Body.Field, in.Body.Said)
			if err != nil {
				return nil, err
			}
			out := &compareOutput{}
			out.Body.Match, out.Body.Receipt = r.Match, receiptOf(r.Receipt)
			return out, nil
		})
	web.Operation(rt, keyed(op("POST", "/resend", "Send to a registered contact without showing it")),
		func(ctx context.Context, c web.Call, in *resendInput) (*receiptOutput, error) {
			answer := func(r desk.Receipt) *receiptOutput {
				out, made := &receiptOutput{}, receiptOf(r)
				out.Body.Receipt = &made
				return out
			}
			r, err := s.Resend(ctx, c.Actor, in.Interaction, in.Body.Field, in.Body.Value, func(tx *db.Tx, r *desk.Receipt) error {
				if r == nil {
					return c.Settle(tx, &receiptOutput{})
				}
				return c.Amend(tx, answer(*r))
			})
			if err != nil {
				return nil, err
			}
			return answer(r), nil
		})
	web.Operation(rt, keyed(op("POST", "/write", "Send a text of one's own to a registered contact, after it was held against what may be written there")),
		func(ctx context.Context, c web.Call, in *writeInput) (*receiptOutput, error) {
			answer := func(r desk.Receipt) *receiptOutput {
				out, made := &receiptOutput{}, receiptOf(r)
				out.Body.Receipt = &made
				return out
			}
			r, err := s.Write(ctx, c.Actor, in.Interaction, in.Body.Field, in.Body.Value, desk.Words{Text: in.Body.Text, Reason: in.Body.Reason}, func(tx *db.Tx, r desk.Receipt) error { return c.Settle(tx, answer(r)) })
			if err != nil {
				return nil, err
			}
			return answer(r), nil
		})
	web.Operation(rt, unkeyed(op("POST", "/check", "Say whether a text may be written on the call's own channel; sends nothing"), "each check is one of the few that a call has"),
		func(ctx context.Context, c web.Call, in *checkInput) (*struct{}, error) {
			return nil, s.Check(ctx, c.Actor, in.Interaction, desk.Words{Text: in.Body.Text, Reason: in.Body.Reason})
		})
	web.Operation(rt, keyed(op("POST", "/notes", "Keep a note, sealed under the interaction's own key")),
		func(ctx context.Context, c web.Call, in *noteInput) (*keptOutput, error) {
			answer := func(j dlp.Judgement) *keptOutput {
				out := &keptOutput{}
				out.Body.Replaced = append([]string{}, j.Replaced()...)
				return out
			}
			j, err := s.Note(ctx, c.Actor, in.Interaction, in.Body.Text, func(tx *db.Tx, j dlp.Judgement) error { return c.Settle(tx, answer(j)) })
			if err != nil {
				return nil, err
			}
			return answer(j), nil
		})
	web.Operation(rt, unkeyed(op("POST", "/notes/read", "Show the notes of this very call, after the entry is durable; one of the shift's reveals"), shows),
		func(ctx context.Context, c web.Call, in *CallPath) (*notesOutput, error) {
			n, err := s.Notes(ctx, c.Actor, in.Interaction)
			if err != nil {
				return nil, err
			}
			out := &notesOutput{}
			out.Body.Notes, out.Body.Remask, out.Body.Left, out.Body.Receipt = []noteBody{}, int(desk.RemaskNotesAfter/time.Second), n.Left, receiptOf(n.Receipt)
			for _, one := range n.List {
				out.Body.Notes = append(out.Body.Notes, noteBody(one))
			}
			return out, nil
		})
	web.Operation(rt, op("GET", "/summary", "The facts of a call for its wrap-up; names of fields, no values"),
		func(ctx context.Context, c web.Call, in *CallPath) (*summaryOutput, error) {
			sum, err := s.Summary(ctx, c.Actor, in.Interaction)
			if err != nil {
				return nil, err
			}
			out := &summaryOutput{}
			out.Body.Level, out.Body.Notes, out.Body.Disclosures = sum.Level, sum.Notes, []disclosureBody{}
			for _, d := range sum.Disclosures {
				out.Body.Disclosures = append(out.Body.Disclosures, disclosureBody{d.Verb, d.Fields, d.Level, d.At})
			}
			return out, nil
		})
}
