package trail

import (
	"context"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/proof"
)

type entryBody struct {
	Origin      string    `json:"origin"`
	Index       uint64    `json:"index"`
	At          time.Time `json:"at"`
	Action      string    `json:"action"`
	Decision    string    `json:"decision"`
	Reason      string    `json:"reason,omitempty"`
	ActorKind   string    `json:"actor_kind,omitempty"`
	Actor       string    `json:"actor,omitempty"`
	Role        string    `json:"role,omitempty"`
	Purpose     string    `json:"purpose,omitempty"`
	Interaction string    `json:"interaction,omitempty"`
	Ground      string    `json:"ground,omitempty"`
	Channel     string    `json:"channel,omitempty"`
	Level       int64     `json:"level"`
	Fields      []string  `json:"fields,omitempty"`
	Refused     []string  `json:"refused,omitempty"`
	Count       int64     `json:"count,omitempty"`
	Subject     string    `json:"subject,omitempty"`
	Policy      string    `json:"policy,omitempty"`
	Leaf        []byte    `json:"leaf,omitempty" doc:"The stored bytes that the tree hashes, base64"`
}

func bodyOf(f audit.Found) entryBody {
	l := f.Leaf
	return entryBody{Origin: f.Origin, Index: f.Index, At: f.Time, Action: l.Action, Decision: l.Decision, Reason: l.Reason,
		ActorKind: l.ActorKind, Actor: l.Actor, Role: l.Role, Purpose: l.Purpose, Interaction: l.Interaction, Ground: l.Ground,
		Channel: l.Channel, Level: l.Level, Fields: l.Fields, Refused: l.Refused, Count: l.Count, Subject: f.Subject, Policy: l.Policy}
}

type searchInput struct {
	Subject     string    `query:"subject" maxLength:"40"`
	Interaction string    `query:"interaction" maxLength:"40"`
	Actor       string    `query:"actor" maxLength:"40"`
	Action      string    `query:"action" maxLength:"60"`
	Decision    string    `query:"decision" enum:"allowed,denied,done"`
	From        time.Time `query:"from"`
	To          time.Time `query:"to" doc:"Exclusive"`
	After       string    `query:"after" maxLength:"200" doc:"Cursor: next of the page before"`
	Limit       int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type searchOutput struct {
	Body struct {
		Entries []entryBody `json:"entries"`
		Next    string      `json:"next,omitempty"`
	}
}

type entryInput struct {
	Origin string `query:"origin" required:"true" maxLength:"200"`
	Index  int64  `path:"index" minimum:"0"`
}

type entryOutput struct {
	Body struct {
		Entry entryBody `json:"entry"`
		Proof string    `json:"proof" doc:"A c2sp.org/tlog-proof file"`
	}
}

type healthOutput struct {
	Body struct {
		Origin      string     `json:"origin"`
		Size        int64      `json:"size"`
		Signed      int64      `json:"signed"`
		SignedAt    *time.Time `json:"signed_at,omitempty"`
		Witnessed   int64      `json:"witnessed"`
		Unwitnessed int64      `json:"unwitnessed"`
		Checkpoint  string     `json:"checkpoint" doc:"A signed note (c2sp.org/tlog-checkpoint)"`
		Verifier    string     `json:"verifier" doc:"The key that checks its signature"`
	}
}

func (t *Trail) operations(rt *web.Router, acc, health web.Access) {
	web.Operation(rt, web.Op{Method: "GET", Path: "/log/entries", Summary: "Search the audit trail, newest first", Access: acc},
		func(ctx context.Context, c web.Call, in *searchInput) (*searchOutput, error) {
			if in.Subject != "" {
				if err := t.mayRead(ctx, c.Actor, in.Subject); err != nil {
					return nil, err
				}
			}
			page, err := t.Log.Search(ctx, c.Actor, audit.Query{Controllers: served(c.Actor), From: in.From, To: in.To, Subject: in.Subject, Interaction: in.Interaction,
				Actor: in.Actor, Action: in.Action, Decision: audit.Decision(in.Decision), After: in.After, Limit: in.Limit})
			if err != nil {
				return nil, err
			}
			if page.Entries, err = t.theirs(ctx, c.Actor, page.Entries); err != nil {
				return nil, err
			}
			out := &searchOutput{}
			out.Body.Entries, out.Body.Next = []entryBody{}, page.Next
			for _, f := range page.Entries {
				out.Body.Entries = append(out.Body.Entries, bodyOf(f))
			}
			return out, nil
		})
	web.Operation(rt, web.Op{Method: "GET", Path: "/log/entries/{index}", Summary: "One entry with its inclusion proof", Access: acc},
		func(ctx context.Context, c web.Call, in *entryInput) (*entryOutput, error) {
			f, inclusion, err := t.entry(ctx, c.Actor, in.Origin, uint64(in.Index)) //nolint:gosec // minimum:"0"
			if err != nil {
				return nil, err
			}
			if inclusion == nil {
				return nil, errs.New(errs.Conflict, "trail.unsigned")
			}
			text, err := inclusion.MarshalText()
			if err != nil {
				return nil, err
			}
			out := &entryOutput{}
			out.Body.Entry, out.Body.Proof = bodyOf(f), string(text)
			if out.Body.Entry.Leaf, err = f.Leaf.Append(nil); err != nil {
				return nil, err
			}
			return out, nil
		})
	web.Operation(rt, web.Op{Method: "GET", Path: "/log/health", Summary: "How the log stands: size, signature, witnesses", Access: health},
		func(_ context.Context, _ web.Call, _ *struct{}) (*healthOutput, error) {
			h, out := t.Log.Health(), &healthOutput{}
			b := &out.Body
			b.Origin, b.Size, b.Signed, b.Witnessed, b.Unwitnessed = h.Origin, h.Size, h.Signed, h.Witnessed, h.Unwitnessed
			if !h.SignedAt.IsZero() {
				b.SignedAt = &h.SignedAt
			}
			b.Checkpoint, b.Verifier = string(t.Log.Checkpoint()), t.Log.VerifierKey()
			return out, nil
		})
}

// fixtures are this room's pages filled with invented values.
func fixtures(p *i18n.Printer) []web.Fixture {
	now := time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC)
	entry := func(text string) audit.Found {
		return audit.Found{Origin: "amanah.example/log/1", Index: 4711, Subject: "sub_01k9xq3v7me8t0000z9w2h4r6n", Time: now, Sealed: []byte{1},
			Leaf: proof.Leaf{Time: now.UnixMicro(), Action: "reveal", Decision: "denied", Reason: "gate.level_too_low", ActorKind: "staff", Actor: "stf_1", Role: text,
				Purpose: "pur_1", Interaction: "itx_1", Controller: "ctl_1", Ground: "interaction:itx_1", Channel: "phone", Level: 1,
				Fields: []string{"name"}, Refused: []string{"phone:gate.level_too_low"}, Count: 3, Ref: text, SubjectCommitment: []byte{1}, DetailCommitment: []byte{1}}}
	}
	said := func(text string) words {
		return words{p: p, catalogue: catalog.Shipped(), names: map[string]string{"stf_1": text}}
	}
	list := func(text string) SearchPage {
		return SearchPage{Filters: said(text).filters(searchForm{Action: "reveal", Since: now}, []colleague{{"stf_1", text, "agent"}}),
			Table: said(text).table(audit.Page{Entries: []audit.Found{entry(text)}}, "/log?after=1"), Toggle: &web.Link{To: "/log?readings=true", Label: p.T("trail.readings_show"), Key: "r"}}
	}
	hostile := `"><script>alert(1)</script>`
	subject := list("Rina")
	subject.Subject, subject.Filters, subject.Readings = "sub_01k9xq3v7me8t0000z9w2h4r6n", nil, true
	subject.Consents = &web.Link{To: "/subjects/sub_01k9xq3v7me8t0000z9w2h4r6n/consents", Label: p.T("trail.consents"), Key: "c"}
	one := EntryPage{Index: 4711, Facts: said("Rina").facts(entry("agent"), "Status pesanan", "PT Toko Nusantara"), Signed: true, Proof: &web.Link{To: "/log/proof", Label: p.T("trail.proof")}}
	bad := EntryPage{Index: 1, Facts: said(hostile).facts(entry(hostile), hostile, hostile)}
	well := health(p, audit.Health{Origin: "amanah.example/log/1", Size: 12, Signed: 10, SignedAt: now, Witnessed: 9, Unwitnessed: 3,
		Witnesses: []audit.WitnessState{{Name: "induk.example", Size: 9, At: now}, {Name: "dpo.example", Code: "audit.witness_ahead", Knows: 15}}, Found: &audit.Finding{At: now, Size: 12, Fault: &proof.Fault{Origin: "amanah.example/log/1", Index: 7, Through: 7, Class: proof.LeafEdited}}}, "origin\n12\nhash\n", "key", map[string]int64{"verification.denied_by_customer": 2})
	return []web.Fixture{
		{Name: "empty", Page: SearchPage{Filters: said("").filters(searchForm{}, nil), Table: said("").table(audit.Page{}, "")}, Role: actor.Auditor},
		{Name: "ordinary", Page: list("Rina"), Role: actor.Auditor},
		{Name: "subject", Page: subject, Role: actor.DPO},
		{Name: "hostile", Page: list(hostile), Role: actor.Auditor, Hostile: []string{hostile}},
		{Name: "empty", Page: EntryPage{}, Role: actor.Auditor},
		{Name: "ordinary", Page: one, Role: actor.Auditor},
		{Name: "hostile", Page: bad, Role: actor.Auditor, Hostile: []string{hostile}},
		{Name: "empty", Page: health(p, audit.Health{}, "", "", nil), Role: actor.Admin},
		{Name: "ordinary", Page: well, Role: actor.Admin},
		{Name: "hostile", Page: health(p, audit.Health{Origin: hostile}, hostile, hostile, map[string]int64{hostile: 1}), Role: actor.Admin, Hostile: []string{hostile}},
	}
}
