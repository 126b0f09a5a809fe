package purpose

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/gate"
)

// What a form page must show; what begins with ! it must not.
func shows(t *testing.T, page string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		word, not := strings.CutPrefix(part, "!")
		if strings.Contains(page, word) == not {
			t.Errorf("shows %q: %v\n%s", word, !not, page)
		}
	}
}

func TestFieldsAreChosenFromTheCatalogueAndWhatItForbidsCannotBe(t *testing.T) {
	w, r, d := desk(t)
	var c Controller
	write(t, d, func(tx *db.Tx) (err error) { c, err = r.AddController(tx, dpo, "toko", "PT Toko"); return err })
	w.Actor("dpo", dpoOf(c))
	shows(t, w.Do("dpo", "GET", "/purposes?lang=en", "").Body.String(), "General personal data", "Specific personal data", "Known to the customer only",
		`title="phone">`, `value="reveal:phone"><span class="unseen">`, `value="compare:mother_maiden_name"`, "!reveal:mother_maiden_name", "!compare:health_note", "To address the customer", `value="act:*"`, "! checked")
	write(t, d, func(tx *db.Tx) error {
		_, err := r.Propose(tx, dpoOf(c), Purpose{Controller: c.ID, Slug: "order_status", Basis: ByContract, Name: map[string]string{"id": "Status", "en": "Status"},
			Script: map[string]string{"id": "Salam", "en": "Hello"}, Fields: map[gate.Verb][]string{gate.Reveal: {"phone", "extra_branch"}}})
		return err
	})
	list, err := purposes(t, d, r)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	at := "/purposes/" + list[0].ID
	shows(t, w.Do("dpo", "GET", at+"?lang=en", "").Body.String(), `value="reveal:phone" checked>`, `value="reveal:extra_branch" checked>`, `value="act:extra_branch">`, "!value=\"compare:phone\" checked")
	// One more field by its name, one by its box, one taken away.
	rest := "name_id=Status&name_en=Status&script_id=Salam&script_en=Hello&use=reveal:extra_branch&use=compare:nik"
	if got := w.Do("dpo", "POST", at+"/revise", rest+"&use=act:*&free=extra_size"); got.Code != http.StatusSeeOther {
		t.Fatal(got.Code, got.Body)
	}
	if list, err = purposes(t, d, r); err != nil || !slices.Equal(list[0].AllFields(), []string{"extra_branch", "extra_size", "nik"}) || !slices.Equal(list[0].Fields[gate.Act], []string{"extra_size"}) {
		t.Errorf("%+v %v", list[0].Fields, err)
	}
}

func purposes(t *testing.T, d *db.DB, r *Register) (list []Purpose, err error) {
	t.Helper()
	err = d.Read(t.Context(), func(tx *db.Tx) (err error) {
		list, err = r.List(tx, "")
		return err
	})
	return list, err
}

func TestARefusedFormKeepsWhatWasTyped(t *testing.T) {
	w, r, d := desk(t)
	var c Controller
	write(t, d, func(tx *db.Tx) (err error) { c, err = r.AddController(tx, dpo, "toko", "PT Toko"); return err })
	w.Actor("dpo", dpoOf(c))
	typed := "controller=" + c.ID + "&basis=consent&name_id=Undian&name_en=Lottery&script_id=Salam+{agent}&script_en=Hello+{agent}&order=7&use=reveal:phone&use=compare:nik"
	kept := []string{`value="Undian"`, `value="Lottery"`, "Salam {agent}", `value="reveal:phone" checked>`, `value="compare:nik" checked>`, "!value=\"act:phone\" checked", `value="consent" selected`, `value="7"`, `name="slug"`}
	for name, q := range map[string]struct{ more, says string }{
		"a short name of no form":  {"&slug=Bad+Name", "A short name has 2 to 40"},
		"a secret to be revealed":  {"&slug=lottery&use=reveal:mother_maiden_name", "is secret"},
		"no name for a free field": {"&slug=lottery&use=act:*", "An additional field needs its name"},
		"a free field for nothing": {"&slug=lottery&free=extra_size", `value="extra_size"`},
		"no short name":            {"", `aria-invalid="true"`},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.Do("dpo", "POST", "/purposes", typed+q.more, "Accept-Language", "en")
			if got.Code != http.StatusUnprocessableEntity {
				t.Errorf("status %d", got.Code)
			}
			shows(t, got.Body.String(), append(kept, q.says)...)
		})
	}
	if list, err := purposes(t, d, r); err != nil || len(list) != 0 {
		t.Errorf("a refused purpose is there: %+v %v", list, err)
	}
	made := w.Do("dpo", "POST", "/purposes", typed+"&slug=lottery")
	at := made.Header().Get("Location")
	again := w.Do("dpo", "POST", "/purposes", typed+"&slug=lottery", "Accept-Language", "en")
	if made.Code != http.StatusSeeOther || again.Code != http.StatusConflict {
		t.Fatal(made.Code, again.Code)
	}
	shows(t, again.Body.String(), append(kept, "already has a purpose with that short name", `value="lottery"`)...)
	revised := w.Do("dpo", "POST", at+"/revise", "name_id=Lain&name_en=Other&script_id=Salam+{nama}&script_en=Hello&use=act:phone", "Accept-Language", "en")
	if revised.Code != http.StatusUnprocessableEntity {
		t.Error(revised.Code)
	}
	shows(t, revised.Body.String(), `value="Lain"`, `value="act:phone" checked>`, "!value=\"reveal:phone\" checked", "Salam {nama}", "only the placeholders")
	// Another company's officer gets an answer that shows nothing of it.
	if got := w.Do("agent", "POST", at+"/revise", "name_id=Lain&name_en=Other&script_id=S&script_en=H"); got.Code != http.StatusForbidden {
		t.Error(got.Code)
	}
}
