package dlp

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/amanah-id/amanah/internal/dlp/evidence"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/pii"
)

func judged(t *testing.T, own string, f facts) (Verdict, []Found) {
	t.Helper()
	r, err := ReadRules(own)
	if err != nil {
		t.Fatal(err, errs.Of(err).Args)
	}
	v, found, err := r.judge(f)
	if err != nil {
		t.Fatal(err)
	}
	return v, found
}

func TestWhatTheShippedRulesSay(t *testing.T) {
	for name, c := range map[string]struct {
		f    facts
		want Verdict
	}{
		"a NIK in a note":                        {facts{Way: Note, Recipient: Inside, People: 1, Found: []seen{{Type: "nik", Confidence: 99}}}, Mask},
		"a PIN in a note":                        {facts{Way: Note, Recipient: Inside, People: 1, Found: []seen{{Type: "pin", Confidence: 90}}}, Mask},
		"a phone in a note":                      {facts{Way: Note, Recipient: Inside, People: 1, Found: []seen{{Type: "phone", Confidence: 90}}}, Mask},
		"a phone to the customer":                {facts{Way: Written, Recipient: Customer, People: 1, Found: []seen{{Type: "phone", Confidence: 90}}}, Allow},
		"a card to the customer":                 {facts{Way: Written, Recipient: Customer, People: 1, Found: []seen{{Type: "phone", Confidence: 90}, {Type: "card", Confidence: 99}}}, Block},
		"an OTP to the customer":                 {facts{Way: Written, Recipient: Customer, People: 1, Found: []seen{{Type: "otp", Confidence: 90}}}, Block},
		"ten phones to the customer":             {facts{Way: Written, Recipient: Customer, People: 10, Found: []seen{{Type: "phone", Confidence: 90}}}, Block},
		"an e-mail address outside":              {facts{Way: Program, Recipient: Outside, People: 1, Found: []seen{{Type: "email", Confidence: 99}}}, Alert},
		"a NIK outside":                          {facts{Way: Program, Recipient: Outside, People: 1, Found: []seen{{Type: "nik", Confidence: 99}}}, Mask},
		"a card to the customer by a program":    {facts{Way: Program, Recipient: Customer, People: 1, Found: []seen{{Type: "card", Confidence: 99}}}, Block},
		"a NIK to the customer by a program":     {facts{Way: Program, Recipient: Customer, People: 1, Found: []seen{{Type: "nik", Confidence: 99}}}, Block},
		"two hundred customers outside":          {facts{Way: Program, Recipient: Outside, People: 200, Found: []seen{{Type: "email", Confidence: 99}}}, Block},
		"two hundred customers among colleagues": {facts{Way: Program, Recipient: Inside, People: 200, Found: []seen{{Type: "email", Confidence: 99}}}, Allow},
		"an API key in a note":                   {facts{Way: Note, Recipient: Inside, People: 1, Found: []seen{{Type: "api_key", Confidence: 99}}}, Mask},
		"a NIK in a mail's text":                 {facts{Way: Mail, Recipient: Outside, People: 1, Found: []seen{{Type: "nik", Confidence: 99}}}, Mask},
		"a NIK in a mail's attachment":           {facts{Way: Mail, Recipient: Outside, People: 1, Found: []seen{{Type: "nik", Confidence: 99, Fixed: true}}}, Hold},
		"a NIK in an upload":                     {facts{Way: Web, Recipient: Outside, People: 1, Found: []seen{{Type: "nik", Confidence: 99, Fixed: true}}}, Block},
		"a NIK in a file":                        {facts{Way: File, Recipient: Outside, People: 1, Found: []seen{{Type: "nik", Confidence: 99, Fixed: true}}}, Hold},
		"two hundred customers by mail":          {facts{Way: Mail, Recipient: Outside, People: 200, Found: []seen{{Type: "email", Confidence: 99}}}, Hold},
		"two hundred customers to the web":       {facts{Way: Web, Recipient: Outside, People: 200, Found: []seen{{Type: "email", Confidence: 99}}}, Block},
		"a signature in a mail":                  {facts{Way: Mail, Recipient: Outside, People: 1, Found: []seen{{Type: "email", Confidence: 99}, {Type: "phone", Confidence: 90}}}, Allow},
		"a mail with an encrypted archive":       {facts{Way: Mail, Recipient: Outside, Found: []seen{{Type: NotInspected, Confidence: 100, Fixed: true}}}, Hold},
		"an upload that cannot be read":          {facts{Way: Web, Recipient: Outside, Found: []seen{{Type: NotInspected, Confidence: 100, Fixed: true}}}, Block},
		"a mail to a colleague that cannot":      {facts{Way: Mail, Recipient: Inside, Found: []seen{{Type: NotInspected, Confidence: 100, Fixed: true}}}, Allow},
		"a PIN by mail":                          {facts{Way: Mail, Recipient: Outside, People: 1, Found: []seen{{Type: "pin", Confidence: 90}}}, Block},
		"malware to a colleague":                 {facts{Way: Mail, Recipient: Inside, Found: []seen{{Type: Malware, Confidence: 100, Fixed: true}}}, Block},
		"malware to the web":                     {facts{Way: Web, Recipient: Outside, Found: []seen{{Type: Malware, Confidence: 100, Fixed: true}}}, Block},
		"a mail that no scanner has checked":     {facts{Way: Mail, Recipient: Inside, Found: []seen{{Type: Unchecked, Confidence: 100, Fixed: true}}}, Hold},
		"an upload that no scanner has checked":  {facts{Way: Web, Recipient: Outside, Found: []seen{{Type: Unchecked, Confidence: 100, Fixed: true}}}, Block},
		"nothing":                                {facts{Way: Written, Recipient: Customer}, Allow},
	} {
		if got, _ := judged(t, "", c.f); got != c.want {
			t.Errorf("%s: %s, not %s", name, got, c.want)
		}
	}
}

// A way never does less than the rules say: what it cannot do is held, or blocked where nothing can be held.
func TestAWayThatCannotDoSomethingDoesMore(t *testing.T) {
	for _, w := range Ways() {
		for _, v := range Verdicts() {
			got := w.carried(v)
			if got.weight() < v.weight() || got != v && got != Hold && got != Block {
				t.Errorf("%s by %s is %s", v, w, got)
			}
			if got.weight() > Alert.weight() && !slices.Contains(can[w], got) {
				t.Errorf("%s cannot do %s either", w, got)
			}
		}
	}
}

func TestEveryKindInANoteIsTakenOut(t *testing.T) {
	for _, k := range everyKind() {
		v, found := judged(t, "", facts{Way: Note, Recipient: Inside, People: 1, Found: []seen{{Type: k, Confidence: 50}}})
		if v != Mask || found[0].Verdict != Mask || len(found[0].Rules) == 0 {
			t.Errorf("%s: %s by %v", k, v, found[0].Rules)
		}
	}
}

func everyKind() (out []string) {
	for t := pii.Type(1); t.String() != ""; t++ {
		out = append(out, t.String())
	}
	return out
}

const sound = `@id("own_phone") @verdict("block") @sentence_id("Telepon tidak ditulis.") @sentence_en("No phones are written.")
forbid (principal, action == Action::"message", resource) when { resource.type == "phone" };`

func TestRulesThatAreUnsoundAreRefusedAndSaidWhy(t *testing.T) {
	for name, c := range map[string]struct{ cedar, rule, why string }{
		"no Cedar":             {"forbid everything", "Cedar", "unreadable"},
		"no name":              {sound + strings.Replace(sound, `@id("own_phone")`, "", 1), "#2", "no_id"},
		"no sentence":          {strings.Replace(sound, `@sentence_en("No phones are written.")`, "", 1), "own_phone", "no_sentence"},
		"no verdict":           {strings.Replace(sound, `@verdict("block")`, "", 1), "own_phone", "verdict"},
		"a verdict that lets":  {strings.Replace(sound, `"block"`, `"allow"`, 1), "own_phone", "verdict"},
		"a permit":             {strings.Replace(sound, "forbid", "permit", 1), "own_phone", "no_forbid"},
		"an unknown way":       {strings.Replace(sound, `Action::"message"`, `Action::"fax"`, 1), "own_phone, fax", "way"},
		"an action in a group": {strings.Replace(sound, `action == Action::"message"`, `action in Action::"message"`, 1), "own_phone", "action"},
		"a writer in the head": {strings.Replace(sound, "(principal,", `(principal == Staff::"stf_1",`, 1), "own_phone", "head"},
		"a kind in the head":   {strings.Replace(sound, "resource)", `resource == Finding::"phone")`, 1), "own_phone", "head"},
		"an unknown attribute": {strings.Replace(sound, "resource.type", "resource.kind", 1), "own_phone, resource.kind", "attribute"},
		"a shipped name":       {strings.Replace(sound, "own_phone", "note_values", 1), "note_values", "twice"},
		"too long":             {sound + strings.Repeat(" ", maxRules), "Cedar", "long"},
	} {
		_, err := ReadRules(c.cedar)
		if e := errs.Of(err); e.Code != "dlp.rules_unsound" || e.Args["rule"] != c.rule || fmt.Sprint(e.Args["why"]) != "[dlp.why_"+c.why+"]" {
			t.Errorf("%s: %v %v", name, err, e.Args)
		}
	}
	if v, _ := judged(t, sound, facts{Way: Written, Recipient: Customer, People: 1, Found: []seen{{Type: "phone", Confidence: 90}}}); v != Block {
		t.Errorf("a sound rule of one's own: %s", v)
	}
}

// A rule that cannot be evaluated lets nothing pass.
func TestARuleThatFailsBlocks(t *testing.T) {
	r, err := ReadRules(strings.Replace(sound, `resource.type == "phone"`, `resource.type > 3`, 1))
	if err != nil {
		t.Fatal(err)
	}
	if v, _, err := r.judge(facts{Way: Written, Recipient: Customer, Found: []seen{{Type: "phone", Confidence: 90}}}); errs.CodeOf(err) != "dlp.rule_failed" || v != Block {
		t.Errorf("%s %v", v, err)
	}
}

// Simulate and the way itself answer alike: a person's words to a customer are stopped rather than changed.
func TestWordsToACustomerAreStoppedWhereOthersAreMasked(t *testing.T) {
	own := strings.Replace(sound, `"block"`, `"mask"`, 1)
	v, found := judged(t, own, facts{Way: Written, Recipient: Customer, People: 1, Found: []seen{{Type: "phone", Confidence: 90}}})
	if v != Block || found[0].Verdict != Mask {
		t.Errorf("%s, %s", v, found[0].Verdict)
	}
}

// Own rules can only make a verdict stronger, whatever they say.
func TestOwnRulesNeverWeaken(t *testing.T) {
	shippedOnly, err := ReadRules("")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		own := strings.Replace(sound, `"block"`, `"`+rapid.SampledFrom([]string{"alert", "mask", "ask", "hold", "block"}).Draw(t, "verdict")+`"`, 1)
		own = strings.Replace(own, "message", string(rapid.SampledFrom(Ways()).Draw(t, "of")), 1)
		own = strings.Replace(own, `"phone"`, `"`+rapid.SampledFrom(everyKind()).Draw(t, "kind")+`"`, 1)
		both, err := ReadRules(own)
		if err != nil {
			t.Fatal(err)
		}
		f := facts{Way: rapid.SampledFrom(Ways()).Draw(t, "way"), Recipient: rapid.SampledFrom(Recipients()).Draw(t, "to"), Kind: "staff", Role: "agent",
			Level: rapid.IntRange(0, 4).Draw(t, "level"), People: rapid.IntRange(0, 300).Draw(t, "people"), InContact: rapid.Bool().Draw(t, "contact")}
		for _, k := range rapid.SliceOfN(rapid.SampledFrom(everyKind()), 1, 5).Draw(t, "kinds") {
			f.Found = append(f.Found, seen{Type: k, Confidence: rapid.IntRange(0, 100).Draw(t, "confidence")})
		}
		was, a, err := shippedOnly.judge(f)
		is, b, err2 := both.judge(f)
		if err != nil || err2 != nil || is.weight() < was.weight() {
			t.Fatalf("%s became %s (%v %v)", was, is, err, err2)
		}
		for i := range a {
			if b[i].Verdict.weight() < a[i].Verdict.weight() {
				t.Fatalf("finding %d: %s became %s", i, a[i].Verdict, b[i].Verdict)
			}
		}
	})
}

// A rule that asks why takes nothing away from one that masks: with a reason the text goes masked, and where the value cannot be
// replaced it is held as it was before.
func TestARuleThatAsksKeepsTheMask(t *testing.T) {
	ask := func(way Way) string {
		own := strings.Replace(strings.Replace(sound, `"block"`, `"ask"`, 1), "message", string(way), 1)
		return strings.Replace(own, `"phone"`, `"nik"`, 1)
	}
	for _, way := range []Way{Program, Mail, Web, File} {
		f := facts{Way: way, Recipient: Outside, People: 1, Found: []seen{{Type: "nik", Confidence: 99, Fixed: true}}}
		was, _ := judged(t, "", f)
		if is, _ := judged(t, ask(way), f); is != was {
			t.Errorf("%s: a NIK in a file was %s and became %s", way, was, is)
		}
	}
	for _, way := range []Way{Program, Mail, Web} {
		v, found := judged(t, ask(way), facts{Way: way, Recipient: Outside, People: 1, Found: []seen{{Type: "nik", Confidence: 99}}})
		j := Judgement{Verdict: v, Found: found, Given: true}
		if v != Ask || !j.Goes() || !slices.Equal(j.Replaced(), []string{"nik"}) {
			t.Errorf("%s: %s, and with a reason it goes with %q replaced", way, v, j.Replaced())
		}
	}
}

// The evidence holds nothing of what stood around the findings but small words.
func TestTheEvidenceHoldsNoNameAndNoNumber(t *testing.T) {
	masked := "Halo ini Budi Santoso dari Bandung, minta tolong cek [NIK ****0007] punya ibu Siti ya, nomor pesanan 99812 sudah lama sekali tidak ada kabar apa pun dari toko"
	got := evidence.Of(masked)
	if want := "… minta tolong cek [NIK ****0007] punya ibu ··· …"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	words := []string{"pelanggan", "Budi", "minta", "8812", "Jl.Mawar", "[NIK ****0007]", "[nomor kartu ****6467]", "a@b.id", "ya", "tolong", "SITI"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 40).Draw(t, "words"), " ")
		got := evidence.Of(text)
		for _, w := range []string{"Budi", "8812", "Jl", "a@b", "SITI"} {
			if strings.Contains(got, w) {
				t.Fatalf("%q keeps %q of %q", got, w, text)
			}
		}
		if strings.Count(got, "[") != strings.Count(text, "[") {
			t.Fatalf("%q lost a finding of %q", got, text)
		}
	})
	if long := evidence.Of(strings.Repeat("[NIK ****0007] kata ", 500)); len([]rune(long)) > evidence.Most+1 {
		t.Error("the evidence is too long")
	}
}

func TestEveryKindHasAName(t *testing.T) {
	if !slices.Contains(everyKind(), "custom") {
		t.Error("a kind is missing")
	}
}
