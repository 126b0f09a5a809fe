package trail

import (
	"slices"
	"strconv"
	"strings"

	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/proof"
)

// An entry holds codes: words of the program, the same in every language and for ever. A
// reader is shown what they mean in his language, with the code where it must be exact. A
// code without a word is shown as it is.

// reading is the action of looking at the log itself.
const reading = "audit.read"

// chapter is a part of what is done, with its actions.
type chapter struct {
	name    string // trail.chapter_<name>
	actions []string
}

// each are the actions that end in what was done it with or made of it: identity.sign_in.totp.
func each(action string, ends ...string) []string {
	for i, end := range ends {
		ends[i] = action + "." + end
	}
	return ends
}

func room(name string, words string) []string { return each(name, strings.Fields(words)...) }

// chapters are the actions of every room, in the order of the filter.
func chapters() []chapter {
	var roles []string
	for _, r := range actor.Roles() {
		roles = append(roles, string(r))
	}
	of := func(action string) []string { return each(action, slices.Clone(roles)...) }
	return []chapter{
		{"data", []string{"search", "mask", "compare", "compare.outcome", "reveal", "act", "collect", "note", "consult", "appoint", "propose", "verify", "process", "open.failed", "act.change", "act.withdraw", "act.stop", "act.effect", "act.collect", "act.dial", "act.ask", "act.received", "act.capture"}},
		{"call", room("interaction", "offer accept greet purpose language identify verify unverify serve heartbeat hold resume transfer lower capture capture_end approval approval_end disconnect seal refuse freeze move event.offered event.connected event.held event.resumed event.transferred event.ended event.wrapup event.doubt")},
		{"recorder", room("recorder", "pause paused left resumed")},
		{"verification", room("verification", "link confirmed mismatch declined denied reviewed expired compare history grant signal second call_back checked reported passkey passkey_added passkey_revoked")},
		{"mandate", room("mandate", "record agreed refused verify verified revoke speak customer_speaks")},
		{"supervision", room("supervision", "watch alarm settle settle.duress settle.frozen listen listen_end")},
		{"consent", room("consent", "granted refused withdrawn read")},
		{"message", room("message", "queue held sent delivered blocked expired dead retry")},
		{"telephony", room("telephony", "line_added line_key line_removed hook_added hook_key hook_removed key_shown refused dead replay")},
		{"watchlist", room("watchlist", "standing off refused alert reviewed")},
		{"drill", room("drill", "begun ended")},
		{"dlp", append(room("dlp", "allow alert mask ask hold block released refused carried reviewed read rules_standing rules_refused probing"), "file.refused")},
		{"mail", room("mail", "opened")},
		{"customer", room("customer", "import_check import import.done import_history import_history.done create update")},
		{"purpose", room("purpose", "controller proposed revised notice published retired")},
		{"staff", slices.Concat(
			room("identity", "sign_in sign_in.totp sign_in.passkey sign_in.recovery sign_in.provider second_factor second_factor_shown.totp second_factor_shown.passkey second_factor_shown.recovery second_factor_shown.provider session_ended other_sessions_ended password_changed passkey_added passkey_removed totp_renewed recovery_renewed"),
			room("identity", "link_made code_made invitation_opened enrol enrolled.totp enrolled.passkey reset staff_disabled staff_enabled"),
			room("oidc", "linked unlinked"), room("scim", "user_changed user_linked user_deleted group_changed"), []string{"identity.staff_renamed"},
			of("identity.staff_created"), of("identity.staff_provisioned"), of("identity.role_changed"),
			room("identity", "setup_token_made setup client_approved client_refused client_revoked key_issued"))},
		{"approval", slices.Concat(approvals("asked"), approvals("approved"), approvals("refused"), approvals("withdrawn"), approvals("expired"), approvals("decided"))},
		{"key", slices.Concat(room("key", "epoch_started epoch_destroyed index_started index_destroyed orphans_removed"), room("shred", "intent done"), []string{"erasure", "retention"})},
		{"log", []string{reading, "log.start", "log.continue"}},
	}
}

func approvals(what string) []string {
	return each("approval."+what, "identity.role_change", "identity.enable", "identity.client", "verification.second", "mandate.child", "mandate.verify", "watchlist.add", "watchlist.remove", "watchlist.second", "watchlist.raise", "supervision.listen", "dlp.rules")
}

// duties are the machine's own acts, by the names under which they stand in the log.
var duties = []string{"approval_expire", "contact_change", "drill", "import", "index_repair", "interaction_sweep", "keyring", "log", "mandate_record", "message_deliver", "message_read", "name_index", "provider", "recorder", "setup", "sign_in", "supervision", "telephony", "terminal", "value_prints", "verification_expire", "verification_sim", "watchlist"}

// words says what codes mean to one reader.
type words struct {
	p         *i18n.Printer
	catalogue *catalog.Catalogue
	names     map[string]string // of staff, by id
}

// action is the word for an action: its own, or that of its beginning with the rest behind.
func (w words) action(code string) string {
	for head := code; ; {
		if key := "trail.action." + head; w.p.Has(key) {
			if head == code {
				return w.p.T(key)
			}
			return w.p.T(key) + " (" + w.more(code[len(head)+1:]) + ")"
		}
		at := strings.LastIndexByte(head, '.')
		if at < 0 {
			return code
		}
		head = head[:at]
	}
}

// more is the end of an action: a role, the kind of a second factor, or what was asked for.
func (w words) more(end string) string {
	for _, key := range []string{"trail.end_" + end, "web.role_" + end, end} {
		if w.p.Has(key) {
			return w.p.T(key)
		}
	}
	return end
}

// reason is why something was refused, or what came of it.
func (w words) reason(code string) string {
	switch {
	case w.p.Has("trail.reason." + code): // where the room's own text has holes that an entry cannot fill
		return w.p.T("trail.reason." + code)
	case w.p.Has(code):
		return w.p.Bare(code)
	}
	return code
}

// fields are the labels of a leaf's fields, few of which are no customer's (trail.field_).
// Of a reading they are the filters that were used.
func (w words) fields(l proof.Leaf, names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = name
		f, declared := w.catalogue.Field(name)
		label := f.Label.In(w.p.Lang())
		switch {
		case l.Action == reading && w.p.Has("trail."+name):
			out[i] = w.p.T("trail." + name)
		case w.p.Has("trail.field_" + name):
			out[i] = w.p.T("trail.field_" + name)
		case declared && !f.Free:
			out[i] = label
		case declared:
			out[i] = label + " (" + name + ")"
		}
	}
	return out
}

// few are the first of many, and how many more there are.
func (w words) few(all []string) string {
	const most = 3
	if len(all) <= most+1 {
		return strings.Join(all, ", ")
	}
	return strings.Join(all[:most], ", ") + " " + w.p.N("trail.and_more", len(all)-most)
}

// actor is who acted, and as what.
func (w words) actor(l proof.Leaf) (who, as string) {
	role := ""
	if l.Role != "" && w.p.Has("web.role_"+l.Role) {
		role = w.p.T("web.role_" + l.Role)
	}
	name := w.names[l.Actor]
	if name == "" {
		name = l.Actor
	}
	switch actor.Kind(l.ActorKind) {
	case actor.Staff:
		return name, role
	case actor.OnBehalf:
		return name, w.p.T("trail.by_client", "role", role)
	case actor.Client:
		return w.p.T("trail.client"), w.p.T("trail.alone")
	case actor.Customer:
		return w.p.T("trail.subject"), w.p.T("trail.by_link")
	case actor.Duty:
		return w.p.T("trail.machine"), w.duty(l.Actor)
	}
	return name, role
}

func (w words) duty(name string) string { return w.known("trail.duty_", name) }

func (w words) channel(code string) string { return w.known("trail.channel_", code) }

func (w words) known(prefix, code string) string {
	if key := prefix + code; w.p.Has(key) {
		return w.p.T(key)
	}
	return code
}

// level is how strongly the caller was verified; "" where the entry does not say: only the
// gate and the consents state it.
func (w words) level(l proof.Leaf) string {
	if l.Level == 0 && (l.Policy == "" || l.Interaction == "") {
		return ""
	}
	return w.known("trail.level_", strconv.FormatInt(l.Level, 10))
}

// ground is what an opening stood on, and where to read on.
func (w words) ground(l proof.Leaf) string {
	kind, name, _ := strings.Cut(l.Ground, ":")
	if kind == "duty" {
		return w.p.T("trail.machine") + ": " + w.duty(name)
	}
	return w.known("trail.ground_", kind)
}

// short is the end of an id, enough to tell the contacts of a page apart.
func short(id string) string {
	prefix, rest, ok := strings.Cut(id, "_")
	if !ok || len(rest) < 12 {
		return id
	}
	return prefix + "_…" + rest[len(rest)-6:]
}

// actions are the choices of the filter, with the one that was asked for by a code of no chapter.
func (w words) actions(chosen string) []web.Choice {
	list := []web.Choice{{Label: w.p.T("trail.any")}}
	known := chosen == ""
	for _, c := range chapters() {
		for _, a := range c.actions {
			list = append(list, web.Choice{Value: a, Label: w.action(a), Selected: a == chosen, Group: w.p.T("trail.chapter_" + c.name)})
			known = known || a == chosen
		}
	}
	if !known {
		list = append(list, web.Choice{Value: chosen, Label: chosen, Selected: true})
	}
	return list
}

// A page has its weight (webtest.MaxPage): how many entries it shows, and how many members of
// staff its filter still lists.
const (
	perPage   = 25
	mostStaff = 60
)

// colleague is a member of staff in the filter.
type colleague struct{ id, name, role string }

// actors are the choices of the filter for who acted: staff, then the machine.
func (w words) actors(staff []colleague, chosen string) []web.Choice {
	list := []web.Choice{{Label: w.p.T("trail.any")}}
	if len(staff) > mostStaff {
		staff = slices.DeleteFunc(slices.Clone(staff), func(c colleague) bool { return w.names[c.id] == "" && c.id != chosen })
	}
	known := chosen == ""
	add := func(value, label, group string) {
		list = append(list, web.Choice{Value: value, Label: label, Selected: value == chosen, Group: group})
		known = known || value == chosen
	}
	for _, c := range staff {
		add(c.id, c.name+" · "+w.p.T("web.role_"+c.role), w.p.T("trail.staff"))
	}
	for _, d := range duties {
		add(d, w.duty(d), w.p.T("trail.machine"))
	}
	if !known {
		add(chosen, chosen, "")
	}
	return list
}
