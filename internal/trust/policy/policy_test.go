package policy

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

func shippedSet(t testing.TB, rooms ...Text) *Set {
	t.Helper()
	s, err := New(rooms...)
	if err != nil {
		t.Fatalf("%v (%v)", err, errs.Of(err).Args)
	}
	return s
}

// with changes a good request.
func with(change func(r *Request)) Request {
	r := good()
	change(&r)
	return r
}

func duty() Request {
	return Request{
		Principal: Principal{Kind: "duty", SignedIn: true, Scoped: true},
		Verb:      "process",
		Resource:  Resource{Class: "general", MinLevel: 2},
		Context:   Context{Ground: "duty", Known: true, DutyField: true},
	}
}

// search, hit and verify are what else an agent may do: look for a customer, see the masked
// field by which one was found, send the customer a link.
func search() Request {
	return with(func(r *Request) {
		r.Verb, r.Resource = "search", Resource{}
		r.Context.SubjectBound, r.Context.Level, r.Context.State, r.Context.CallLeft = false, 0, "connected", 1
	})
}

func hit() Request {
	return with(func(r *Request) {
		r.Verb, r.Resource = "mask", Resource{Class: "general", MinLevel: 2, Hit: true}
		r.Context.SubjectBound, r.Context.Found, r.Context.Level, r.Context.State = false, true, 0, "connected"
	})
}

func verify() Request {
	return with(func(r *Request) {
		r.Verb, r.Resource = "verify", Resource{Class: "general", MinLevel: 1, Verifies: true}
		r.Context.Level, r.Context.State = 1, "identified"
	})
}

func TestWhoMayDoWhat(t *testing.T) {
	s := shippedSet(t)
	role := func(role string) func(*Request) { return func(r *Request) { r.Principal.Role = role } }
	state := func(state string) func(*Request) { return func(r *Request) { r.Context.State = state } }
	for _, c := range []struct {
		name string
		ask  Request
		code string // empty: allowed
	}{
		{"an agent reveals a field of the purpose in a verified call of their own", good(), ""},
		{"a supervisor does in a call they serve", with(role("supervisor")), ""},
		{"an API client does on behalf of an agent with its scope", with(func(r *Request) { r.Principal.Kind = "on_behalf" }), ""},
		{"an API client on behalf without the scope does not", with(func(r *Request) { r.Principal.Kind = "on_behalf"; r.Principal.Scoped = false }), "gate.scope_missing"},
		{"an API client alone never reveals", with(func(r *Request) { r.Principal = Principal{Kind: "api_client", SignedIn: true, Scoped: true} }), "gate.client_alone"},
		{"an API client alone never compares", with(func(r *Request) {
			r.Principal = Principal{Kind: "api_client", SignedIn: true, Scoped: true}
			r.Verb = "compare"
		}), "gate.client_alone"},
		{"a customer's link reveals nothing", with(func(r *Request) { r.Principal = Principal{Kind: "customer", SignedIn: true, Scoped: true} }), "gate.role_not_permitted"},
		{"nobody is not signed in", with(func(r *Request) { r.Principal.Kind = "" }), "gate.session_ended"},
		{"a kind of actor the rules do not know is nobody", with(func(r *Request) { r.Principal.Kind = "ghost" }), "gate.session_ended"},
		{"an ended session gets nothing, whoever it was", with(func(r *Request) { r.Principal.SignedIn = false; r.Principal.Role = "admin" }), "gate.session_ended"},
		{"an admin gets nothing in a call", with(role("admin")), "gate.admin_no_data"},
		{"an admin gets nothing on a request", with(func(r *Request) {
			r.Principal.Role = "admin"
			r.Context = Context{Ground: "request", GroundBuilt: true, Known: true}
		}), "gate.admin_no_data"},
		{"an auditor gets no value", with(role("auditor")), "gate.auditor_no_values"},
		{"a DPO gets nothing in a call", with(role("dpo")), "gate.role_not_permitted"},
		{"a security analyst gets nothing in a call", with(role("security")), "gate.role_not_permitted"},
		{"a DPO on a request gets nothing while that ground is not built", with(func(r *Request) {
			r.Principal.Role = "dpo"
			r.Context = Context{Ground: "request", Training: "not_built"}
		}), "gate.ground_not_built"},
		{"a DPO on a request is still permitted nothing once it is built without its own policy", with(func(r *Request) {
			r.Principal.Role = "dpo"
			r.Context = Context{Ground: "request", GroundBuilt: true, Known: true, Training: "not_built"}
		}), CodeNotPermitted},
		{"an export stands on an agreement that is not built", with(func(r *Request) { r.Context = Context{Ground: "agreement"} }), "gate.ground_not_built"},

		{"a registered duty processes its own field", duty(), ""},
		{"a duty does not open another field", func() Request { r := duty(); r.Context.DutyField = false; return r }(), "gate.duty_field"},
		{"a duty that is not registered is not found", func() Request { r := duty(); r.Context.Known = false; return r }(), "gate.not_found"},
		{"a duty reveals nothing", func() Request { r := duty(); r.Verb = "reveal"; return r }(), CodeNotPermitted},
		{"an agent has no duties", with(func(r *Request) { r.Verb = "process"; r.Context = duty().Context }), "gate.duty_only_machine"},
		{"a machine has no calls", with(func(r *Request) { r.Principal = duty().Principal }), "gate.role_not_permitted"},
		{"an agent does not process in a call", with(func(r *Request) { r.Verb = "process" }), CodeNotPermitted},
		{"a verb the rules do not know is not permitted", with(func(r *Request) { r.Verb = "sell" }), CodeNotPermitted},

		{"an unknown call is not found", with(func(r *Request) { r.Context.Known = false; r.Context.OwnCall = false }), "gate.not_found"},
		{"a colleague's call is not yours", with(func(r *Request) { r.Context.OwnCall = false }), "gate.not_found"},
		{"a frozen call gives nothing", with(state("frozen")), "gate.call_frozen"},
		{"a sealed call gives nothing", with(state("sealed")), "gate.call_over"},
		{"wrap-up reveals nothing", with(state("wrapup")), "gate.call_over"},
		{"wrap-up takes a note", with(func(r *Request) { r.Verb = "note"; r.Resource = Resource{}; r.Context.State = "wrapup" }), ""},
		{"a ringing call gives nothing", with(state("offered")), "gate.call_not_answered"},
		{"a held call reveals nothing", with(state("held")), "gate.call_held"},
		{"a held call takes a note", with(func(r *Request) { r.Verb = "note"; r.Resource = Resource{}; r.Context.State = "held" }), ""},
		{"a silent desk gives nothing", with(func(r *Request) { r.Context.Beating = false }), "gate.heartbeat_lost"},
		{"another subject is not found", with(func(r *Request) { r.Context.SubjectBound = false }), "gate.not_found"},
		{"another subject is not found even if a search found it", with(func(r *Request) { r.Context.SubjectBound = false; r.Context.Found = true }), "gate.not_found"},
		{"before serving nothing is revealed", with(state("verifying")), "gate.not_serving"},
		{"while data is captured nothing is revealed", with(state("capture")), "gate.capturing"},
		{"while data is captured it is collected", with(func(r *Request) { r.Verb = "collect"; r.Context.State = "capture" }), ""},
		{"approval is serving", with(state("approval")), ""},
		{"a state the rules do not know gives nothing", with(state("dreaming")), "gate.not_serving"},
		{"a state the rules do not know takes no note", with(func(r *Request) { r.Verb = "note"; r.Context.State = "dreaming" }), "gate.not_serving"},

		{"without a purpose nothing", with(func(r *Request) { r.Context.PurposeChosen = false; r.Context.PurposeActive = false }), "gate.no_purpose"},
		{"a retired purpose gives nothing", with(func(r *Request) { r.Context.PurposeActive = false }), "gate.purpose_inactive"},
		{"a search needs a purpose", with(func(r *Request) {
			r.Verb = "search"
			r.Resource = Resource{}
			r.Context = Context{Ground: "interaction", Known: true, OwnCall: true, State: "connected", Beating: true, Training: "not_built"}
		}), "gate.no_purpose"},
		{"a search needs no subject and no level", search(), ""},
		{"a field outside the purpose is refused", with(func(r *Request) { r.Resource.InPurpose = false }), "gate.field_not_in_purpose"},
		{"a secret is never revealed, at any level", with(func(r *Request) { r.Resource.Class = "secret"; r.Resource.MinLevel = 0 }), "gate.secret_never"},
		{"a secret is never masked", with(func(r *Request) { r.Verb = "mask"; r.Resource.Class = "secret" }), "gate.secret_never"},
		{"a secret is never sent", with(func(r *Request) { r.Verb = "act"; r.Resource.Class = "secret" }), "gate.secret_never"},
		{"a secret is compared", with(func(r *Request) { r.Verb = "compare"; r.Resource.Class = "secret" }), ""},
		{"a verb the catalogue does not allow on the channel is refused", with(func(r *Request) { r.Resource.MinLevel = Never }), "gate.not_on_channel"},
		{"a purpose on consent gives nothing without it", with(func(r *Request) { r.Context.Basis = "consent" }), "gate.no_consent"},
		{"a purpose on consent lets a caller be verified before he consents", with(func(r *Request) {
			r.Verb = "verify"
			r.Resource = Resource{Class: "general", MinLevel: 1, Verifies: true}
			r.Context.Basis, r.Context.Level, r.Context.State = "consent", 1, "verifying"
		}), ""},
		{"a purpose on consent gives with it", with(func(r *Request) { r.Context.Basis = "consent"; r.Context.Consented = true }), ""},
		{"a level too low is refused", with(func(r *Request) { r.Context.Level = 2 }), "gate.level_too_low"},

		{"a search hit is masked at V0 on its hit field", with(func(r *Request) {
			r.Verb = "mask"
			r.Resource = Resource{Class: "general", MinLevel: 2, Hit: true}
			r.Context.SubjectBound, r.Context.Found, r.Context.Level, r.Context.State = false, true, 0, "connected"
		}), ""},
		{"a search hit shows no other field, even of the purpose", with(func(r *Request) {
			r.Verb = "mask"
			r.Resource = Resource{Class: "general", MinLevel: 0, InPurpose: true}
			r.Context.SubjectBound, r.Context.Found, r.Context.Level, r.Context.State = false, true, 0, "connected"
		}), "gate.field_not_in_purpose"},
		{"a bound customer's field of the purpose is masked at its level", with(func(r *Request) { r.Verb = "mask" }), ""},
		{"and not below", with(func(r *Request) { r.Verb = "mask"; r.Context.Level = 1 }), "gate.level_too_low"},

		{"a registered contact verifies the caller at V1", with(func(r *Request) {
			r.Verb = "verify"
			r.Resource = Resource{Class: "general", MinLevel: 1, Verifies: true}
			r.Context.Level, r.Context.State = 1, "identified"
		}), ""},
		{"at V0 too: verifying is how a level is reached", with(func(r *Request) { *r = verify(); r.Context.Level = 0 }), ""},
		{"not where the catalogue does not compare it on the channel", with(func(r *Request) { *r = verify(); r.Resource.MinLevel = Never }), "gate.not_on_channel"},
		{"nothing else does", with(func(r *Request) { r.Verb = "verify"; r.Context.State = "verifying" }), "gate.not_for_verification"},

		{"training that lapsed closes everything", with(func(r *Request) { r.Context.Training = "missing" }), "gate.training_missing"},
		{"training not read at all closes everything", with(func(r *Request) { r.Context.Training = "" }), "gate.training_missing"},
		{"valid training", with(func(r *Request) { r.Context.Training = "valid" }), ""},
		{"a second factor of this morning reveals general data", with(func(r *Request) { r.Principal.SecondFactorMinutes = 719 }), ""},
		{"and not specific data", with(func(r *Request) { r.Principal.SecondFactorMinutes = 241; r.Resource.Class = "specific" }), "gate.second_factor_stale"},
		{"a second factor of yesterday opens nothing", with(func(r *Request) { r.Principal.SecondFactorMinutes = 721 }), "gate.second_factor_stale"},
		{"a spent budget reveals nothing", with(func(r *Request) { r.Context.BudgetLeft = 0 }), "gate.budget_spent"},
		{"one field more than may be told today is not revealed", with(func(r *Request) { r.Resource.Beyond = true }), "gate.facts_spent"},
		{"nor compared", with(func(r *Request) { r.Resource.Beyond = true; r.Verb = "compare" }), "gate.facts_spent"},
		{"a representative within the mandate", with(func(r *Request) { r.Context.Mandate, r.Resource.InScope = "valid", true }), ""},
		{"a representative beyond the mandate", with(func(r *Request) { r.Context.Mandate = "valid" }), "gate.mandate_scope"},
		{"what no mandate gives, though this one names it", with(func(r *Request) { r.Context.Mandate, r.Resource.InScope, r.Resource.OwnOnly = "valid", true, true }), "gate.mandate_own_only"},
		{"which the customer is given", with(func(r *Request) { r.Resource.OwnOnly = true }), ""},
		{"a child without a parent or guardian", with(func(r *Request) { r.Context.GuardianNeeded = true }), "gate.guardian_needed"},
		{"nothing of a child is changed either", with(func(r *Request) { r.Context.GuardianNeeded, r.Verb = true, "collect" }), "gate.guardian_needed"},
		{"that a child calls is said after that the caller is not verified", with(func(r *Request) { r.Context.GuardianNeeded, r.Context.Level = true, 1 }), "gate.level_too_low"},
		{"a child is found all the same", func() Request { r := hit(); r.Context.GuardianNeeded = true; return r }(), ""},
		{"and verified like anybody", func() Request { r := verify(); r.Context.GuardianNeeded = true; return r }(), ""},
		{"a representative is proposed for a child", with(func(r *Request) { r.Context.GuardianNeeded, r.Verb = true, "propose" }), ""},
		{"a mandate that ran out", with(func(r *Request) { r.Context.Mandate, r.Resource.InScope = "expired", true }), "gate.mandate_expired"},
		{"a mandate that was revoked", with(func(r *Request) { r.Context.Mandate, r.Resource.InScope = "revoked", true }), "gate.mandate_revoked"},
		{"its representative is not verified either", with(func(r *Request) { r.Context.Mandate, r.Verb, r.Resource.Verifies = "revoked", "verify", true }), "gate.mandate_revoked"},
		{"a representative appoints nobody", with(func(r *Request) { r.Context.Mandate, r.Context.Level, r.Verb = "valid", 4, "appoint" }), "gate.mandate_appoints"},
		{"the customer appoints at the fourth level", with(func(r *Request) { r.Context.Level, r.Resource.MinLevel, r.Verb = 4, 4, "appoint" }), ""},
		{"and not at the third", with(func(r *Request) { r.Resource.MinLevel, r.Verb = 4, "appoint" }), "gate.level_too_low"},
		{"but masked", with(func(r *Request) { r.Resource.Beyond = true; r.Verb = "mask" }), ""},
		{"a call's searches are used up", func() Request { r := search(); r.Context.CallLeft = 0; return r }(), "gate.searches_in_call_spent"},
		{"a shift's searches are used up, in whatever call", func() Request { r := search(); r.Context.BudgetLeft = 0; return r }(), "gate.searches_spent"},
		{"a protected person is not revealed before a second member of staff decides, at any level", with(func(r *Request) { r.Context.Guarded, r.Context.Level = true, 4 }), "gate.four_eyes"},
		{"nor compared", with(func(r *Request) { r.Context.Guarded, r.Verb = true, "compare" }), "gate.four_eyes"},
		{"nor acted for", with(func(r *Request) { r.Context.Guarded, r.Verb = true, "act" }), "gate.four_eyes"},
		{"nor masked", with(func(r *Request) { r.Context.Guarded, r.Verb = true, "mask" }), "gate.four_eyes"},
		{"a protected person is found all the same", func() Request { r := hit(); r.Context.Guarded = true; return r }(), ""},
		{"a protected person is verified like anybody", func() Request { r := verify(); r.Context.Guarded = true; return r }(), ""},
		{"that the caller is not verified is said before that the customer is protected", with(func(r *Request) { r.Context.Guarded, r.Context.Level = true, 1 }), "gate.level_too_low"},
		{"one customer too many is not opened", with(func(r *Request) { r.Context.Broad = true }), "gate.breadth_spent"},
		{"nor masked, but for the hit", with(func(r *Request) { r.Context.Broad, r.Verb = true, "mask" }), "gate.breadth_spent"},
		{"nor compared", with(func(r *Request) { r.Context.Broad, r.Verb = true, "compare" }), "gate.breadth_spent"},
		{"one customer too many is acted for, which shows nothing", with(func(r *Request) { r.Context.Broad, r.Verb = true, "act" }), ""},
		{"a spent budget still compares", with(func(r *Request) { r.Context.BudgetLeft = 0; r.Verb = "compare" }), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := s.Decide(c.ask)
			if d.Allowed != (c.code == "") || d.Code != c.code {
				t.Fatalf("allowed %v, code %q, by %v; want code %q", d.Allowed, d.Code, d.Policies, c.code)
			}
		})
	}
}

// bases are what is allowed, each in its own way.
var bases = []func() Request{good, duty, search, hit, verify}

// fact is one thing a request says: the values it is drawn from (its range, and now and then
// something outside it), each as what sets it.
type fact []func(*Request)

func of[T any](at func(*Request) *T, values ...T) fact {
	var f fact
	for _, v := range values {
		f = append(f, func(r *Request) { *at(r) = v })
	}
	return f
}

func flag(at func(*Request) *bool) fact { return of(at, false, true) }

var facts = []fact{
	of(func(r *Request) *string { return &r.Principal.Kind }, "staff", "on_behalf", "api_client", "customer", "duty", ""),
	of(func(r *Request) *string { return &r.Principal.Role }, "agent", "supervisor", "dpo", "security", "auditor", "admin", ""),
	flag(func(r *Request) *bool { return &r.Principal.SignedIn }),
	flag(func(r *Request) *bool { return &r.Principal.Scoped }),
	of(func(r *Request) *int { return &r.Principal.SecondFactorMinutes }, 0, 240, 245, 720, 725, 1440),
	of(func(r *Request) *string { return &r.Verb }, Verbs()...),
	of(func(r *Request) *string { return &r.Resource.Class }, "public", "general", "specific", "secret"),
	of(func(r *Request) *int { return &r.Resource.MinLevel }, 0, 1, 2, 3, 4, Never),
	flag(func(r *Request) *bool { return &r.Resource.InPurpose }),
	flag(func(r *Request) *bool { return &r.Resource.Hit }),
	flag(func(r *Request) *bool { return &r.Resource.Verifies }),
	flag(func(r *Request) *bool { return &r.Resource.Beyond }),
	flag(func(r *Request) *bool { return &r.Resource.InScope }),
	flag(func(r *Request) *bool { return &r.Resource.OwnOnly }),
	flag(func(r *Request) *bool { return &r.Context.GuardianNeeded }),
	of(func(r *Request) *string { return &r.Context.Mandate }, "none", "valid", "expired", "revoked", ""),
	of(func(r *Request) *string { return &r.Context.Ground }, "interaction", "duty", "request", "agreement", ""),
	flag(func(r *Request) *bool { return &r.Context.Known }),
	flag(func(r *Request) *bool { return &r.Context.OwnCall }),
	of(func(r *Request) *string { return &r.Context.State }, "offered", "connected", "identified", "verifying", "serving", "held", "capture", "approval", "wrapup", "sealed", "refused", "frozen", "abandoned", "odd"),
	flag(func(r *Request) *bool { return &r.Context.Beating }),
	flag(func(r *Request) *bool { return &r.Context.SubjectBound }),
	flag(func(r *Request) *bool { return &r.Context.Found }),
	of(func(r *Request) *string { return &r.Context.Channel }, "phone", "chat", "email"),
	of(func(r *Request) *int { return &r.Context.Level }, 0, 1, 2, 3, 4),
	flag(func(r *Request) *bool { return &r.Context.PurposeChosen }),
	flag(func(r *Request) *bool { return &r.Context.PurposeActive }),
	of(func(r *Request) *string { return &r.Context.Basis }, "consent", "contract", ""),
	flag(func(r *Request) *bool { return &r.Context.Consented }),
	of(func(r *Request) *int { return &r.Context.BudgetLeft }, -1, 0, 1, 2),
	of(func(r *Request) *int { return &r.Context.CallLeft }, -1, 0, 1, 2),
	of(func(r *Request) *string { return &r.Context.Training }, "valid", "not_built", "missing", ""),
	flag(func(r *Request) *bool { return &r.Context.Guarded }),
	flag(func(r *Request) *bool { return &r.Context.Broad }),
	flag(func(r *Request) *bool { return &r.Context.DutyField }),
	flag(func(r *Request) *bool { return &r.Context.GroundBuilt }),
}

// draw makes a request: one that is allowed, in which up to five facts are then drawn anew.
// Drawing every fact anew would hardly ever meet an allowed request.
func draw(t *rapid.T) Request {
	r := rapid.SampledFrom(bases).Draw(t, "base")()
	if rapid.Bool().Draw(t, "other verb") && r.Verb != "process" {
		r.Verb = rapid.SampledFrom(Verbs()).Draw(t, "verb")
	}
	for range rapid.IntRange(0, 5).Draw(t, "how many") {
		f := facts[rapid.IntRange(0, len(facts)-1).Draw(t, "fact")]
		f[rapid.IntRange(0, len(f)-1).Draw(t, "value")](&r)
	}
	return r
}

// near calls each with every allowed request, and with every request that differs from one
// in one fact or two: the same requests every time, in the same order.
func near(each func(Request)) {
	for _, base := range bases {
		each(base())
		for i, one := range facts {
			for _, set := range one {
				r := base()
				set(&r)
				each(r)
				for _, other := range facts[i+1:] {
					for _, also := range other {
						pair := r
						also(&pair)
						each(pair)
					}
				}
			}
		}
	}
}

// many runs a property over many drawn requests.
func many(t *testing.T, property func(t *rapid.T, r Request)) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		for range 50 {
			property(t, draw(t))
		}
	})
}

func TestTheRulesSayWhatTheSameRulesInGoSay(t *testing.T) {
	s := shippedSet(t)
	many(t, func(t *rapid.T, r Request) {
		if r.Principal.Kind == "" {
			r.Principal.SignedIn = false
		}
		ok, code := floor(r)
		if d := s.Decide(r); d.Allowed != ok || d.Code != code {
			t.Fatalf("%+v\ncedar: %v %q, floor: %v %q", r, d.Allowed, d.Code, ok, code)
		}
	})
}

func TestMoreRightNeverGivesLess(t *testing.T) {
	s := shippedSet(t)
	many(t, func(t *rapid.T, less Request) {
		more := less
		switch rapid.SampledFrom([]string{"level", "consent", "budget", "second factor", "purpose", "ledger", "second person", "breadth", "heartbeat", "scope", "session"}).Draw(t, "which") {
		case "level":
			more.Context.Level = rapid.IntRange(less.Context.Level, 4).Draw(t, "higher level")
		case "consent": // read backwards: withdrawing never allows more
			less.Context.Consented, more.Context.Consented = false, true
		case "budget":
			more.Context.BudgetLeft, more.Context.CallLeft = less.Context.BudgetLeft+1, less.Context.CallLeft+1
		case "second factor":
			more.Principal.SecondFactorMinutes = less.Principal.SecondFactorMinutes - 30
		case "purpose":
			less.Resource.InPurpose, more.Resource.InPurpose = false, true
		case "ledger":
			less.Resource.Beyond, more.Resource.Beyond = true, false
		case "second person":
			less.Context.Guarded, more.Context.Guarded = true, false
		case "breadth":
			less.Context.Broad, more.Context.Broad = true, false
		case "heartbeat":
			less.Context.Beating, more.Context.Beating = false, true
		case "scope":
			less.Principal.Scoped, more.Principal.Scoped = false, true
		case "session":
			less.Principal.SignedIn, more.Principal.SignedIn = false, true
		}
		if s.Decide(less).Allowed && !s.Decide(more).Allowed {
			t.Fatalf("allowed:\n%+v\nrefused (%s):\n%+v", less, s.Decide(more).Code, more)
		}
	})
}

func TestWhatEveryAllowedRequestImplies(t *testing.T) {
	s := shippedSet(t)
	allowed := 0
	many(t, func(t *rapid.T, r Request) {
		d := s.Decide(r)
		if !d.Allowed {
			if d.Code == "" {
				t.Fatalf("refused without a reason: %+v", r)
			}
			return
		}
		allowed++
		c, p, f := r.Context, r.Principal, r.Resource
		must := func(ok bool, what string) {
			if !ok {
				t.Fatalf("allowed although not: %s\n%+v", what, r)
			}
		}
		must(p.SignedIn && p.Scoped, "signed in and in scope")
		must(c.Known, "the ground is known")
		must(p.Role != "admin" && p.Role != "auditor" || p.Kind == "duty", "no admin, no auditor")
		if c.Ground == "duty" {
			must(p.Kind == "duty" && r.Verb == "process" && c.DutyField, "a machine, its own field")
			return
		}
		must(c.Ground == "interaction", "an interaction or a duty")
		must(p.Kind == "staff" || p.Kind == "on_behalf", "a member of staff")
		must(p.Role == "agent" || p.Role == "supervisor", "an agent or a supervisor")
		must(c.OwnCall && c.Beating, "a live call of one's own")
		must(!slices.Contains([]string{"offered", "sealed", "refused", "frozen", "abandoned", "odd"}, c.State), "a call going on")
		if r.Verb == "note" {
			return
		}
		must(c.Mandate != "expired" && c.Mandate != "revoked" || r.Verb == "search", "no mandate that has ended")
		if r.Verb == "appoint" || r.Verb == "propose" {
			must(c.SubjectBound && c.Mandate != "valid" && c.Level >= f.MinLevel && c.State != "held" && c.State != "wrapup", "the bound customer, who speaks, verified, on the line")
			return
		}
		must(c.Mandate != "valid" || f.InScope || r.Verb == "search" || r.Verb == "verify", "within the mandate")
		if r.Verb == "consult" {
			must(c.SubjectBound && c.Level >= f.MinLevel && c.State != "held" && c.State != "wrapup", "the bound customer, verified, on the line")
			return
		}
		must(c.PurposeChosen && c.PurposeActive, "a stated, active purpose")
		must(c.State != "held" && c.State != "wrapup", "the call is neither held nor over")
		if r.Verb == "search" {
			return
		}
		if r.Verb == "verify" {
			must(c.SubjectBound && f.Verifies && f.MinLevel <= 4, "a contact or history of the bound customer that may be compared on the channel")
			return
		}
		if r.Verb == "mask" && f.Hit {
			must(c.SubjectBound || c.Found, "bound or found")
			return
		}
		must(!c.GuardianNeeded, "no child alone")
		must(c.Mandate != "valid" || !f.OwnOnly, "nothing that no mandate gives")
		must(c.Basis != "consent" || c.Consented, "consent where the purpose rests on it")
		must(c.SubjectBound && f.InPurpose && c.Level >= f.MinLevel, "the bound customer's field of the purpose at its level")
		if r.Verb == "reveal" {
			must(f.Class != "secret" && c.BudgetLeft > 0 && slices.Contains([]string{"serving", "approval"}, c.State), "no secret, budget, serving")
		}
	})
	if allowed == 0 {
		t.Fatal("no request drawn was allowed: the test shows nothing")
	}
}

func TestTheMostFundamentalReasonIsGiven(t *testing.T) {
	s := shippedSet(t)
	// From the top of the file downwards: spoil a good request with everything from this
	// point on, and the reason must be the first of what was spoiled.
	spoil := []struct {
		code string
		do   func(*Request)
	}{
		{"gate.session_ended", func(r *Request) { r.Principal.SignedIn = false }},
		{"gate.scope_missing", func(r *Request) { r.Principal.Scoped = false }},
		{"gate.role_not_permitted", func(r *Request) { r.Principal.Role = "dpo" }},
		{"gate.not_found", func(r *Request) { r.Context.Known = false }},
		{"gate.not_found", func(r *Request) { r.Context.OwnCall = false }},
		{"gate.call_held", func(r *Request) { r.Context.State = "held" }},
		{"gate.heartbeat_lost", func(r *Request) { r.Context.Beating = false }},
		{"gate.not_found", func(r *Request) { r.Context.SubjectBound = false }},
		{"gate.no_purpose", func(r *Request) { r.Context.PurposeChosen = false }},
		{"gate.purpose_inactive", func(r *Request) { r.Context.PurposeActive = false }},
		{"gate.field_not_in_purpose", func(r *Request) { r.Resource.InPurpose = false }},
		{"gate.level_too_low", func(r *Request) { r.Context.Level = 0 }},
		{"gate.no_consent", func(r *Request) { r.Context.Basis = "consent" }},
		{"gate.training_missing", func(r *Request) { r.Context.Training = "missing" }},
		{"gate.second_factor_stale", func(r *Request) { r.Principal.SecondFactorMinutes = 1440 }},
		{"gate.budget_spent", func(r *Request) { r.Context.BudgetLeft = 0 }},
	}
	last := 0
	for i := len(spoil) - 1; i >= 0; i-- {
		r := good()
		for _, sp := range spoil[i:] {
			sp.do(&r)
		}
		d := s.Decide(r)
		if d.Code != spoil[i].code {
			t.Errorf("spoiled from %s on: reason %s", spoil[i].code, d.Code)
		}
		if last != 0 && d.Rank >= last {
			t.Errorf("%s ranks %d, behind what is less fundamental (%d)", d.Code, d.Rank, last)
		}
		last = d.Rank
	}
}

func TestEveryRuleDecidesSomething(t *testing.T) {
	// A forbid that is never the first reason is dead text, or is masked by another; a permit
	// that never permits is not needed. A rule must show what it is for within two facts of
	// an allowed request: one that nobody could meet so is not one a reader can follow.
	s := shippedSet(t)
	first, allowed := map[string]int{}, 0
	near(func(r Request) {
		d := s.Decide(r)
		if d.Allowed {
			allowed++
		}
		if len(d.Policies) > 0 {
			first[d.Policies[0]]++
		}
		if ok, code := floor(r); r.Principal.Kind != "" && (d.Allowed != ok || d.Code != code) {
			t.Errorf("%+v\ncedar: %v %q, floor: %v %q", r, d.Allowed, d.Code, ok, code)
		}
	})
	if allowed == 0 {
		t.Error("nothing was allowed")
	}
	for _, rule := range s.Rules() {
		if first[rule.ID] == 0 {
			t.Errorf("%s never gave the reason", rule.ID)
		}
	}
}

func TestEveryDecisionIsAskedOfTheEngineOnlyOnce(t *testing.T) {
	s := shippedSet(t)
	a, b := good(), good()
	a.Principal.SecondFactorMinutes, b.Principal.SecondFactorMinutes = 6, 10
	a.Context.BudgetLeft, b.Context.BudgetLeft = 1, 7
	s.Decide(a)
	s.Decide(b)
	if n := s.decisions.n.Load(); n != 1 {
		t.Fatalf("%d decisions remembered for two requests that differ in nothing a rule reads", n)
	}
}

func TestAFullMemoryForgetsAndStaysRight(t *testing.T) {
	var m memory[int, int]
	for i := range remembered + 10 {
		if m.get(i, func(k int) int { return 2 * k }) != 2*i {
			t.Fatal("wrong")
		}
	}
	if n := m.n.Load(); n != 10 {
		t.Fatalf("%d remembered", n)
	}
}

const room = `
@id("night")
@code("desk.closed")
@sentence_id("Tidak ada penampilan lewat obrolan.")
@sentence_en("Nothing is revealed in chat.")
forbid (principal, action in [Action::"reveal"], resource)
when { context.channel == "chat" };
`

func TestARoomCanNarrowAndNotWiden(t *testing.T) {
	plain := shippedSet(t)
	s := shippedSet(t, Text{"desk", room}, Text{"sharing", `
		@id("all") @sentence_id("Semua.") @sentence_en("Everything.")
		permit (principal, action, resource);`})
	r := with(func(r *Request) { r.Context.Channel = "chat" })
	if d := s.Decide(r); d.Code != "desk.closed" {
		t.Errorf("the room's forbid does not apply: %+v", d)
	}
	if s.Hash() == plain.Hash() {
		t.Error("the hash does not tell the sets apart")
	}
	if !slices.Contains(s.Codes(), "desk.closed") {
		t.Error("the room's code is not listed")
	}
	many(t, func(t *rapid.T, r Request) {
		if d := plain.Decide(r); d.Code != "" && d.Code != CodeNotPermitted && s.Decide(r).Allowed {
			t.Fatalf("a room's permit overcame %s: %+v", d.Code, r)
		}
	})
}

func TestARoomMayNameARoleAsAGroup(t *testing.T) {
	s := shippedSet(t, Text{"desk", `
		@id("supervisors") @code("desk.supervisors") @sentence_id("x") @sentence_en("x")
		forbid (principal in Role::"supervisor", action == Action::"reveal", resource);`})
	r := with(func(r *Request) { r.Principal.Role = "supervisor" })
	if d := s.Decide(r); d.Code != "desk.supervisors" {
		t.Errorf("%+v", d)
	}
	if d := s.Decide(good()); !d.Allowed {
		t.Errorf("%+v", d)
	}
}

func TestAPolicyThatCannotBeEvaluatedRefuses(t *testing.T) {
	s := shippedSet(t, Text{"desk", `
		@id("broken") @code("desk.broken") @sentence_id("x") @sentence_en("x")
		forbid (principal, action, resource) when { context.channel < 3 };`})
	d := s.Decide(good())
	if d.Allowed || d.Code != CodeFailed || !slices.Equal(d.Policies, []string{"desk.broken"}) {
		t.Fatalf("%+v", d)
	}
}

func TestAnUnsoundSetIsRefused(t *testing.T) {
	const says = ` @sentence_id("x") @sentence_en("x") `
	for name, text := range map[string]string{
		"no policy language":             `forbid everything`,
		"no id":                          says + `permit (principal, action, resource);`,
		"no sentence":                    `@id("a") permit (principal, action, resource);`,
		"a forbid without a code":        `@id("a")` + says + `forbid (principal, action, resource);`,
		"a code of another room":         `@id("a") @code("gate.no_purpose")` + says + `forbid (principal, action, resource);`,
		"a permit with a code":           `@id("a") @code("desk.a")` + says + `permit (principal, action, resource);`,
		"an unknown verb":                `@id("a")` + says + `permit (principal, action == Action::"sell", resource);`,
		"an unknown attribute":           `@id("a")` + says + `permit (principal, action, resource) when { context.lvel > 2 };`,
		"an unknown attribute, nested":   `@id("a")` + says + `permit (principal, action, resource) when { [1, 2].contains(resource.min) };`,
		"an unknown attribute, with has": `@id("a")` + says + `permit (principal, action, resource) when { principal has name };`,
		"an action group":                `@id("a")` + says + `permit (principal, action in Action::"all", resource);`,
		"an id given twice":              `@id("a")` + says + `permit (principal, action, resource); @id("a")` + says + `permit (principal, action, resource);`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(Text{"desk", text}); errs.KindOf(err) != errs.Invalid {
				t.Fatalf("accepted: %v", err)
			}
		})
	}
}

func TestEveryRuleCanBeReadByADPO(t *testing.T) {
	s := shippedSet(t)
	for _, r := range s.Rules() {
		for _, lang := range []string{"id", "en"} {
			if text := r.Sentence[lang]; len(text) < 20 || !strings.HasSuffix(text, ".") {
				t.Errorf("%s: not a sentence in %s: %q", r.ID, lang, text)
			}
		}
		if strings.Contains(r.Cedar, "@") || !strings.HasPrefix(r.Cedar, r.Effect) {
			t.Errorf("%s: %q", r.ID, r.Cedar)
		}
	}
	if len(s.Hash()) != 64 {
		t.Errorf("hash %q", s.Hash())
	}
	if c := s.Codes(); c[0] != CodeFailed || c[len(c)-1] != CodeNotPermitted {
		t.Errorf("codes %v", c)
	}
}
