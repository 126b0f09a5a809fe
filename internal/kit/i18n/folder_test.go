package i18n_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/i18n"
)

// room writes a room's folder with these files and returns its path.
func room(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const goodTexts = `{"desk.a": "x", "desk.nav": "x", "desk.no_call": "x", "desk.no_call.next": "y", "desk.state_held": "x", "desk.state_live": "x"}`

func TestAFolderWithoutMissingOrUnusedKeysIsClean(t *testing.T) {
	dir := room(t, map[string]string{
		"messages/id.json": goodTexts, "messages/en.json": goodTexts,
		"views/call.html": `{{t "desk.a"}} {{t (printf "desk.state_%s" .State)}}`,
		"desk.go":         "package desk\nimport \"x/errs\"\nvar e = errs.New(errs.Denied, \"desk.no_call\")\n",
	})
	other := room(t, map[string]string{"app.go": "package app\nvar nav = `desk.nav`\n"})
	if faults := i18n.CheckFolder(dir, i18n.Source{Room: "desk"}, other); faults != nil {
		t.Error(faults)
	}
}

func TestCheckFolderFindsMissingAndUnusedKeysAndCodesWithoutTexts(t *testing.T) {
	dir := room(t, map[string]string{
		"messages/id.json": goodTexts, "messages/en.json": goodTexts,
		"views/call.html": `{{t "desk.b"}} {{n "desk.a" 2}}`,
		"desk.go":         "package desk\nimport \"x/errs\"\nvar e = errs.Wrap(errs.Denied, \"desk.gone\", nil)\nvar state = \"desk.state_\" + \"live\"\nvar f = other.New(1, \"desk.nothing\")\n",
		"desk_test.go":    "package desk\nvar x = `desk.nav`\n",
	})
	got := strings.Join(i18n.CheckFolder(dir, i18n.Source{Room: "desk"}), "\n")
	for _, want := range []string{"desk.b is used in a view and missing", "error code desk.gone: desk.gone is missing", "error code desk.gone: desk.gone.next is missing", "desk.nav is not used", "desk.no_call is not used", "desk.no_call.next is not used"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not found in\n%s", want, got)
		}
	}
	if strings.Contains(got, "state_") {
		t.Error("a prefix does not count as a use:\n" + got)
	}
}

func TestCheckFolderSaysWhenItCannotRead(t *testing.T) {
	broken := room(t, map[string]string{"messages/id.json": `{}`, "messages/en.json": `{}`, "desk.go": "package"})
	if faults := i18n.CheckFolder(broken, i18n.Source{Room: "desk"}); len(faults) == 0 {
		t.Error("Go that does not parse is no fault")
	}
	good := room(t, map[string]string{"messages/id.json": `{}`, "messages/en.json": `{}`})
	if faults := i18n.CheckFolder(good, i18n.Source{Room: "desk"}, broken); len(faults) == 0 {
		t.Error("Go elsewhere that does not parse is no fault")
	}
	if faults := i18n.CheckFolder(t.TempDir(), i18n.Source{Room: "desk"}); len(faults) == 0 {
		t.Error("a folder without texts is no fault")
	}
}
