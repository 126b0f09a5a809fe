package policy

import (
	"testing"
)

// floor is what the shipped rules come to when written by hand in Go: the cost of the
// decision itself, without an engine that a DPO can read.
func floor(r Request) (bool, string) {
	p, f, c := &r.Principal, &r.Resource, &r.Context
	staff := p.Kind == "staff" || p.Kind == "on_behalf"
	front := p.Role == "agent" || p.Role == "supervisor"
	call := c.Ground == "interaction"
	on := func(verbs ...string) bool {
		for _, v := range verbs {
			if v == r.Verb {
				return true
			}
		}
		return false
	}
	valued := on("compare", "act", "collect", "mask", "reveal")
	rules := [...]struct {
		applies bool
		code    string
	}{
		{!p.SignedIn, "gate.session_ended"},
		{p.Kind == "api_client", "gate.client_alone"},
		{p.Role == "admin", "gate.admin_no_data"},
		{p.Role == "auditor", "gate.auditor_no_values"},
		{!p.Scoped, "gate.scope_missing"},
		{call && !front, "gate.role_not_permitted"},
		{(c.Ground == "request" || c.Ground == "agreement") && !c.GroundBuilt, "gate.ground_not_built"},
		{(c.Ground == "duty") != (p.Kind == "duty"), "gate.duty_only_machine"},
		{!c.Known, "gate.not_found"},
		{c.Ground == "duty" && !c.DutyField, "gate.duty_field"},
		{call && !c.OwnCall, "gate.not_found"},
		{call && c.State == "frozen", "gate.call_frozen"},
		{call && (c.State == "sealed" || c.State == "refused" || c.State == "abandoned" || c.State == "wrapup" && r.Verb != "note"), "gate.call_over"},
		{call && c.State == "offered", "gate.call_not_answered"},
		{call && c.State == "held" && r.Verb != "note", "gate.call_held"},
		{call && !c.Beating, "gate.heartbeat_lost"},
		{call && (valued || on("verify", "note", "consult", "appoint", "propose")) && !(c.SubjectBound || r.Verb == "mask" && c.Found), "gate.not_found"},
		{call && on("compare", "act", "collect", "reveal") && c.State != "serving" && c.State != "capture" && c.State != "approval", "gate.not_serving"},
		{call && on("compare", "act", "reveal") && c.State == "capture", "gate.capturing"},
		{call && on("search", "verify", "mask", "note", "consult", "appoint", "propose") && !knownState[c.State], "gate.not_serving"},
		{call && (valued || on("verify", "consult", "appoint", "propose")) && c.Mandate == "revoked", "gate.mandate_revoked"},
		{call && (valued || on("verify", "consult", "appoint", "propose")) && c.Mandate == "expired", "gate.mandate_expired"},
		{call && on("appoint", "propose") && c.Mandate == "valid", "gate.mandate_appoints"},
		{call && (valued || on("search", "verify")) && !c.PurposeChosen, "gate.no_purpose"},
		{call && (valued || on("search", "verify")) && !c.PurposeActive, "gate.purpose_inactive"},
		{call && valued && !(f.InPurpose && c.SubjectBound || f.Hit && r.Verb == "mask"), "gate.field_not_in_purpose"},
		{call && valued && c.Mandate == "valid" && f.OwnOnly, "gate.mandate_own_only"},
		{call && (valued || on("consult")) && c.Mandate == "valid" && !f.InScope, "gate.mandate_scope"},
		{on("reveal", "mask", "act") && f.Class == "secret", "gate.secret_never"},
		{r.Verb == "verify" && !f.Verifies, "gate.not_for_verification"},
		{call && (valued || on("verify")) && f.MinLevel > 4, "gate.not_on_channel"},
		{call && (valued || on("consult", "appoint", "propose")) && c.Level < f.MinLevel && !(r.Verb == "mask" && f.Hit), "gate.level_too_low"},
		{call && valued && c.GuardianNeeded && !(r.Verb == "mask" && f.Hit), "gate.guardian_needed"},
		{call && c.Basis == "consent" && valued && !c.Consented && !(r.Verb == "mask" && f.Hit), "gate.no_consent"},
		{call && on("compare", "act", "mask", "reveal") && c.Guarded && !(r.Verb == "mask" && f.Hit), "gate.four_eyes"},
		{staff && c.Training != "valid" && c.Training != "not_built", "gate.training_missing"},
		{staff && (p.SecondFactorMinutes > 720 || p.SecondFactorMinutes > 240 && r.Verb == "reveal" && f.Class == "specific"), "gate.second_factor_stale"},
		{call && r.Verb == "reveal" && c.BudgetLeft < 1, "gate.budget_spent"},
		{call && on("compare", "mask", "reveal") && c.Broad && !(r.Verb == "mask" && f.Hit), "gate.breadth_spent"},
		{call && on("compare", "reveal") && f.Beyond, "gate.facts_spent"},
		{call && r.Verb == "search" && c.CallLeft < 1, "gate.searches_in_call_spent"},
		{call && r.Verb == "search" && c.BudgetLeft < 1, "gate.searches_spent"},
	}
	for _, rule := range rules {
		if rule.applies {
			return false, rule.code
		}
	}
	switch {
	case staff && front && call && r.Verb != "process", p.Kind == "duty" && c.Ground == "duty" && r.Verb == "process":
		return true, ""
	}
	return false, CodeNotPermitted
}

var knownState = map[string]bool{
	"connected": true, "identified": true, "verifying": true, "serving": true, "held": true, "capture": true,
	"approval": true, "wrapup": true,
}

// good is an agent who may reveal a general field in a call of their own.
func good() Request {
	return Request{
		Principal: Principal{Kind: "staff", Role: "agent", SignedIn: true, Scoped: true, SecondFactorMinutes: 10},
		Verb:      "reveal",
		Resource:  Resource{Class: "general", MinLevel: 3, InPurpose: true},
		Context: Context{
			Ground: "interaction", Known: true, OwnCall: true, State: "serving", Beating: true, SubjectBound: true,
			Channel: "phone", Level: 3, PurposeChosen: true, PurposeActive: true, Basis: "contract",
			BudgetLeft: 3, Training: "not_built",
		},
	}
}

// BenchmarkDecision measures one decision over the whole shipped set:
//
//	floor     the same rules as hand-written Go, in the same run
//	built     entities and context built anew, then the engine (the figure of the goal)
//	engine    entities at hand, the engine asked every time
//	remembered  as the gate meets it: the same small world asked again
func BenchmarkDecision(b *testing.B) {
	s, err := New()
	if err != nil {
		b.Fatal(err)
	}
	r := good()
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			if ok, _ := floor(r); !ok {
				b.Fatal("refused")
			}
		}
	})
	b.Run("built", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.principals.n.Store(remembered) // a full memory forgets
			s.resources.n.Store(remembered)
			s.contexts.n.Store(remembered)
			if !s.evaluate(r).Allowed {
				b.Fatal("refused")
			}
		}
	})
	b.Run("engine", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !s.evaluate(r).Allowed {
				b.Fatal("refused")
			}
		}
	})
	b.Run("remembered", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !s.Decide(r).Allowed {
				b.Fatal("refused")
			}
		}
	})
}
