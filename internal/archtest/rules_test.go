package archtest

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestOnlyIdentityAndAppMakeActors(t *testing.T) {
	for _, f := range load(t) {
		if f.Test || f.Room == "trust/identity" || f.Room == "trust/actor" || f.Room == "web/webtest" || f.Room == "trust/keyring/keytest" || strings.HasPrefix(f.Room, "app") {
			continue // webtest and keytest are for tests only, which the import table sees to
		}
		f.Calls(Module+"/internal/trust/actor", func(name string, call *ast.CallExpr) {
			if strings.HasPrefix(name, "New") {
				t.Errorf("%s makes an actor (actor.%s); it may only be handed one", f.Position(call), name)
			}
		})
	}
}

// secrets lists who may ask the keyring for a system secret, by file.
var secrets = map[string]bool{
	"trust/identity": true, // none yet stored elsewhere: TOTP seeds are sealed under the staff key
	"verification":   true, // signing of customers' links
	"message":        true, // SMTP and webhook keys
	"telephony":      true, // keys of lines and hooks
	"trust/audit":    true,
	"trust/keyring":  true,
	"app":            true,
}

func TestSystemSecretsHaveListedReaders(t *testing.T) {
	for _, f := range load(t) {
		if f.Test || secrets[f.Room] || f.NameOf(Module+"/internal/trust/keyring") == "" {
			continue
		}
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Secret" {
					t.Errorf("%s asks for a system secret; %s is not on the list", f.Position(call), f.Room)
				}
			}
			return true
		})
	}
}

func TestNoRoomReadsTheMachinesClock(t *testing.T) {
	for _, f := range load(t) {
		if f.Test || strings.HasPrefix(f.Room, "kit/") || strings.HasPrefix(f.Room, "app") || strings.HasPrefix(f.Room, "cmd/") || f.Room == "client" || f.Room == "archtest" {
			continue
		}
		f.Calls("time", func(name string, call *ast.CallExpr) {
			if name == "Now" || name == "Since" || name == "Until" {
				t.Errorf("%s calls time.%s; the clock is injected", f.Position(call), name)
			}
		})
	}
}

func TestThereAreNoInitFunctions(t *testing.T) {
	for _, f := range load(t) {
		for _, d := range f.Syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: init functions are registries in disguise; app wires in plain code", f.Position(fn))
			}
		}
	}
}

// pure is what a rules file must do without, so that it can be tested and read without a database or a request.
var pure = []string{"net/http", "context", Module + "/internal/kit/db", "database/sql"}

func TestRulesFilesArePure(t *testing.T) {
	for _, f := range load(t) {
		if !IsCapability(f.Room) || f.Name != f.Room+".go" {
			continue
		}
		for _, i := range f.Imports {
			if slices.Contains(pure, i) {
				t.Errorf("%s imports %s; it holds the room's rules and nothing else", f.Path, i)
			}
		}
	}
}

func TestEveryPackageBeginsWithAnEssay(t *testing.T) {
	essays := map[string]int{}
	for _, f := range load(t) {
		if f.Test {
			continue
		}
		n := 0
		if f.Syntax.Doc != nil {
			n = len(strings.Fields(f.Syntax.Doc.Text()))
		}
		essays[f.Room] = max(essays[f.Room], n)
	}
	for room, words := range essays {
		least := 50
		if strings.HasPrefix(room, "cmd/") {
			least = 15
		}
		if words < least {
			t.Errorf("%s: the package comment has %d words; it should say what the package promises and refuses", room, words)
		}
	}
}

func TestNoPackageIsAWarehouse(t *testing.T) {
	lines := map[string]int{}
	for _, f := range load(t) {
		if !f.Test {
			lines[f.Room] += f.Lines
		}
	}
	for room, n := range lines {
		if n > 3000 {
			t.Errorf("%s has %d lines; past 3,000 it is a warehouse: split it", room, n)
		}
	}
}

func TestNoPackageIsCalledByWhatItIsNot(t *testing.T) {
	for _, f := range load(t) {
		switch f.Syntax.Name.Name {
		case "util", "utils", "common", "helper", "helpers", "manager", "core", "misc", "shared", "types", "models":
			t.Errorf("%s: a package is named for what it gives", f.Path)
		}
	}
}

var (
	sqlVerb     = regexp.MustCompile(`(?i)^\s*(select|insert|update|delete|with|create|drop|alter)\b`)
	sqlTable    = regexp.MustCompile(`(?i)\b(?:from|into|update|join|table|on)\s+(?:if\s+(?:not\s+)?exists\s+)?([a-z][a-z0-9]*_[a-z0-9_]+)`)
	sqlForbade  = regexp.MustCompile(`(?i)\b(for update|pg_advisory\w*|listen|notify|serial|bigserial|autoincrement|nextval)\b`)
	migration   = regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.sql$`)
	columnLine  = regexp.MustCompile(`^\s+([a-z_]+) (text|bigint|boolean|bytea|double precision)\b`)
	columnClass = regexp.MustCompile(`-- class: (public|general|specific|secret)\b`)
)

// owner is the room whose name a table begins with.
func owner(table string) string { return table[:strings.IndexByte(table, '_')] }

func base(room string) string { return room[strings.LastIndexByte(room, '/')+1:] }

func TestARoomsSQLTouchesItsOwnTablesOnly(t *testing.T) {
	for _, f := range load(t) {
		if f.Test || f.Room == "archtest" {
			continue
		}
		f.Strings(func(text string, n ast.Node) {
			if !sqlVerb.MatchString(text) {
				return
			}
			for _, m := range sqlTable.FindAllStringSubmatch(text, -1) {
				if name := strings.ToLower(m[1]); owner(name) != base(f.Room) && !strings.HasPrefix(name, "sqlite_") && !strings.HasPrefix(name, "pg_") && !strings.HasPrefix(name, "information_") {
					t.Errorf("%s: SQL of %s touches %s", f.Position(n), f.Room, name)
				}
			}
		})
	}
}

func TestSQLKeepsToWhatEveryEngineAndSeveralNodesCanDo(t *testing.T) {
	for _, f := range load(t) {
		if f.Test || f.Room == "archtest" {
			continue
		}
		f.Strings(func(text string, n ast.Node) {
			if sqlVerb.MatchString(text) && strings.Contains(text, " ") {
				if m := sqlForbade.FindString(text); m != "" && sqlTable.MatchString(text) {
					t.Errorf("%s: %q in SQL (DESIGN 4)", f.Position(n), m)
				}
			}
		})
	}
}

// ranges are the numbers that each room's migrations may have: from, to.
var ranges = map[string][2]int{
	"jobs": {50, 59}, "idempotency": {60, 69}, "audit": {100, 199}, "keyring": {200, 299}, "identity": {300, 329}, "oidc": {330, 339}, "scim": {340, 349}, "approval": {350, 399},
	"purpose": {400, 449}, "consent": {450, 499}, "interaction": {500, 549}, "verification": {550, 599}, "vault": {600, 649}, "intake": {650, 699},
	"desk": {700, 799}, "message": {800, 849}, "trail": {850, 869}, "telephony": {870, 889}, "recorder": {890, 899}, "app": {900, 949}, "passkey": {995, 999}, "mandate": {950, 959}, "watchlist": {960, 969}, "act": {980, 989}, "supervision": {970, 979}, "dlp": {990, 994}, "mail": {1000, 1009}, "drill": {1010, 1014},
}

func TestEveryStoredColumnHasAClass(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(Root(), "internal", "*", "schema", "*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	deeper, _ := filepath.Glob(filepath.Join(Root(), "internal", "*", "*", "schema", "*.sql"))
	deepest, _ := filepath.Glob(filepath.Join(Root(), "internal", "*", "*", "*", "schema", "*.sql"))
	files = slices.Concat(files, deeper, deepest)
	if len(files) < 3 {
		t.Fatalf("only %d migrations found", len(files))
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		room := filepath.Base(filepath.Dir(filepath.Dir(path)))
		name := filepath.Base(path)
		if m := migration.FindStringSubmatch(name); m == nil {
			t.Errorf("%s: not NNNN_name.sql", path)
		} else if n, _ := strconv.Atoi(m[1]); n < ranges[room][0] || n > ranges[room][1] {
			t.Errorf("%s: %d is outside the numbers of %s", path, n, room)
		}
		inTable := false
		for i, line := range strings.Split(string(text), "\n") {
			low := strings.ToLower(line)
			if strings.HasPrefix(strings.TrimSpace(low), "create table") {
				inTable = true
				if m := sqlTable.FindStringSubmatch(line); m == nil || owner(m[1]) != room {
					t.Errorf("%s:%d: a table of another room, or without the room's name in front", path, i+1)
				}
			}
			if (inTable && columnLine.MatchString(low) || strings.Contains(low, " add column ")) && !columnClass.MatchString(line) {
				t.Errorf("%s:%d: a column without `-- class: public|general|specific|secret`", path, i+1)
			}
			if strings.HasPrefix(strings.TrimSpace(line), ")") {
				inTable = false
			}
		}
	}
}

// readMessages returns the keys of a room's message file.
func readMessages(t *testing.T, room, lang string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(Root(), "internal", filepath.FromSlash(room), "messages", lang+".json"))
	if err != nil {
		return nil
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Errorf("%s: %s.json: %v", room, lang, err)
	}
	return out
}

// otherWords are Indonesian words for which the console says another: one thing has one name on every screen.
var otherWords = map[string]string{"penyelia": "supervisor", "sif": "giliran kerja", "shift": "giliran kerja", "kanal": "saluran", "riwayat rekening": "riwayat akun"}

var wordText = regexp.MustCompile(`[\p{L}_]+`)

func TestOneThingHasOneNameInIndonesian(t *testing.T) {
	rooms, texts := map[string]bool{}, 0
	for _, f := range load(t) {
		if rooms[f.Room] {
			continue
		}
		rooms[f.Room] = true
		for key, text := range readMessages(t, f.Room, "id") {
			texts++
			said := " " + strings.Join(wordText.FindAllString(strings.ToLower(fmt.Sprint(text)), -1), " ") + " "
			for words, better := range otherWords {
				if strings.Contains(said, " "+words+" ") {
					t.Errorf("%s: %s says %q in place of %q", f.Room, key, words, better)
				}
			}
		}
	}
	if texts < 1000 {
		t.Errorf("only %d texts were read", texts)
	}
}

// Whatever level is missing, the next step says how it is reached.
func TestTheNextStepOfALevelThatIsTooLowNamesEveryLevel(t *testing.T) {
	for _, lang := range []string{"id", "en"} {
		next := fmt.Sprint(readMessages(t, "trust/gate", lang)["gate.level_too_low.next"])
		for _, level := range []string{"V1:", "V2:", "V3:", "V4:"} {
			if !strings.Contains(next, level) {
				t.Errorf("%s: %q does not say how to reach %s", lang, next, level)
			}
		}
	}
}

// Who is told to wait for words, or to press a key by its words, finds them on the screen.
func TestNextStepsNameTheWordsOnTheScreen(t *testing.T) {
	for _, lang := range []string{"id", "en"} {
		for _, step := range [][4]string{{"trust/gate", "gate.heartbeat_lost.next", "web", "web.offline"}, {"interaction", "interaction.subject_bound.next", "desk", "desk.move_lower"}} {
			shown, _, _ := strings.Cut(fmt.Sprint(readMessages(t, step[2], lang)[step[3]]), ";")
			if next := fmt.Sprint(readMessages(t, step[0], lang)[step[1]]); !strings.Contains(next, `"`+shown+`"`) {
				t.Errorf("%s: %q does not name %q", lang, next, shown)
			}
		}
	}
}

func TestEveryErrorCodeSaysWhatHappenedAndWhatToDoInBothLanguages(t *testing.T) {
	type words map[string]map[string]any
	texts := map[string]words{} // first word of the code -> lang -> keys
	files := load(t)
	for _, f := range files {
		prefix := base(f.Room)
		if texts[prefix] == nil {
			texts[prefix] = words{"id": readMessages(t, f.Room, "id"), "en": readMessages(t, f.Room, "en")}
		}
	}
	seen := map[string]bool{}
	for _, f := range files {
		if f.Test {
			continue
		}
		f.Calls(Module+"/internal/kit/errs", func(name string, call *ast.CallExpr) {
			if name != "New" && name != "Wrap" || len(call.Args) < 2 {
				return
			}
			lit, ok := call.Args[1].(*ast.BasicLit)
			if !ok {
				return
			}
			code, _ := strconv.Unquote(lit.Value)
			if seen[code] {
				return
			}
			seen[code] = true
			prefix, _, ok := strings.Cut(code, ".")
			if !ok {
				t.Errorf("%s: the code %q is not room.reason", f.Position(call), code)
				return
			}
			for _, lang := range []string{"id", "en"} {
				for _, key := range []string{code, code + ".next"} {
					_, ok := texts[prefix][lang][key]
					if _, web := texts["web"][lang][key]; !ok && !web { // the front desk brings the words of app.internal
						t.Errorf("%s: no text %q in %s.json of %s", f.Position(call), key, lang, prefix)
					}
				}
			}
		})
	}
	if len(seen) < 50 {
		t.Errorf("only %d codes found", len(seen))
	}
}

// speaking are the rooms whose refusals an agent meets while a customer is on the line.
var speaking = []string{"gate", "desk", "verification", "interaction", "consent", "message", "approval", "act", "mandate", "watchlist", "supervision", "recorder", "dlp", "web"}

// unspoken are refusals of those rooms that no customer waits for, each with the reason.
var unspoken = map[string]string{
	"gate.admin_no_data": "serves no contact", "gate.auditor_no_values": "serves no contact", "gate.role_not_permitted": "serves no contact",
	"gate.client_alone": "a program", "gate.scope_missing": "a program", "gate.duty_field": "a program", "gate.duty_only_machine": "a program", "gate.ground_not_built": "no contact",
	"gate.call_held": "nobody listens", "gate.call_not_answered": "nobody listens", "gate.call_over": "nobody listens",
	"consent.not_permitted": "serves no contact", "consent.needs_interaction": "no contact",
	"supervision.alert_unknown": "a supervisor beside the contact", "supervision.listens_already": "a supervisor beside the contact", "supervision.listens_not": "a supervisor beside the contact", "supervision.not_allowed": "a supervisor beside the contact",
	"supervision.not_live": "a supervisor beside the contact", "supervision.own_alarm": "a supervisor beside the contact", "supervision.own_contact": "a supervisor beside the contact", "supervision.settled": "a supervisor beside the contact",
	"interaction.not_allowed": "serves no contact", "interaction.other_controller": "begins no contact", "interaction.too_often": "begins no contact",
	"interaction.over": "nobody listens", "interaction.taken": "a colleague speaks", "interaction.unknown": "no contact",
	"verification.call_over": "said to the customer himself", "verification.link_answered": "said to the customer himself", "verification.link_elsewhere": "said to the customer himself",
	"verification.link_unknown": "said to the customer himself", "verification.not_yours": "a colleague speaks",
	"verification.denial_unknown": "a reviewer reads", "verification.not_reviewer": "a reviewer reads", "verification.own_contact": "a reviewer reads", "verification.reviewed_already": "a reviewer reads",
	"message.blocked": "a job", "message.gateway_later": "a job", "message.not_allowed": "no contact", "message.not_dead": "no contact", "message.unknown": "no contact",
	"message.report_not_signed": "a program", "message.report_too_old": "a program", "message.voicemail": "nobody listens",
	"approval.about_you": "whoever decides reads it", "approval.again": "whoever decides reads it", "approval.already_decided": "whoever decides reads it", "approval.asker_disabled": "whoever decides reads it",
	"approval.expired": "whoever decides reads it", "approval.no_request": "whoever decides reads it", "approval.over": "whoever decides reads it", "approval.own_request": "whoever decides reads it",
	"watchlist.alert_reviewed": "a reviewer reads", "watchlist.no_alert": "a reviewer reads", "watchlist.no_entry": "a reviewer reads", "watchlist.not_standing": "a reviewer reads",
	"watchlist.not_yours": "a reviewer reads", "watchlist.own_alert": "a reviewer reads",
	"dlp.no_incident": "a reviewer reads", "dlp.decided": "a reviewer reads", "dlp.other_company": "a program", "dlp.other_queue": "a program", "dlp.not_yours": "a reviewer reads", "dlp.own_incident": "a reviewer reads", "dlp.reviewed": "a reviewer reads",
	"dlp.rules_same": "a reviewer reads", "dlp.rules_waiting": "a reviewer reads",
	"web.cross_site": "a page of somebody else", "web.not_found": "no page",
}

var policyCode = regexp.MustCompile(`@code\("([^"]+)"\)`)

func TestEveryRefusalMetInACallGivesTheAgentASentence(t *testing.T) {
	codes := map[string]string{} // code -> where
	says := map[string]map[string]any{"id": {}, "en": {}}
	read := map[string]bool{}
	for _, f := range load(t) {
		if f.Test {
			continue
		}
		if !read[f.Room] {
			read[f.Room] = true
			for lang, all := range says {
				for key, text := range readMessages(t, f.Room, lang) {
					all[key] = text
				}
			}
		}
		f.Calls(Module+"/internal/kit/errs", func(name string, call *ast.CallExpr) {
			if name != "New" && name != "Wrap" || len(call.Args) < 2 {
				return
			}
			kind, ok := call.Args[0].(*ast.SelectorExpr)
			lit, isText := call.Args[1].(*ast.BasicLit)
			if !ok || !isText || !slices.Contains([]string{"Denied", "TooMany", "Conflict", "NotFound", "Unauthenticated"}, kind.Sel.Name) {
				return
			}
			code, _ := strconv.Unquote(lit.Value)
			codes[code] = f.Position(call)
		})
	}
	policies, err := filepath.Glob(filepath.Join(Root(), "internal", "trust", "policy", "*.cedar"))
	if err != nil || len(policies) == 0 {
		t.Fatal("no policies found", err)
	}
	for _, path := range policies {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range policyCode.FindAllStringSubmatch(string(text), -1) {
			codes[m[1]] = path
		}
	}
	spoken := 0
	for code, where := range codes {
		room, _, _ := strings.Cut(code, ".")
		if !slices.Contains(speaking, room) || unspoken[code] != "" {
			continue
		}
		spoken++
		for lang, all := range says {
			for _, key := range []string{code, code + ".next", code + ".say"} {
				if all[key] == nil {
					t.Errorf("%s: no text %q in %s: the agent has nothing to say, or nothing to do next", where, key, lang)
				}
			}
		}
	}
	for code := range unspoken {
		if codes[code] == "" || says["id"][code+".say"] != nil {
			t.Errorf("%q is on the list of the unspoken, and is not made anywhere or has its sentence", code)
		}
	}
	if spoken < 40 {
		t.Errorf("only %d refusals found", spoken)
	}
}
