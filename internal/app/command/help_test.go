package command

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/i18n"
)

func TestTheCommandLinesTextsAreWholeInBothLanguages(t *testing.T) {
	for _, fault := range i18n.CheckFolder(".", i18n.Source{Room: "command"}, "../bench", "../walk") {
		t.Error(fault)
	}
}

// run runs a command line with the environment of a terminal in a language.
func run(t *testing.T, lang string, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	c := newCLI(strings.NewReader(""), &o, &e, []string{"LANG=" + lang})
	return c.run(t.Context(), args), o.String(), e.String()
}

// Every command explains itself in the reader's language, with an example, and --lang may stand anywhere.
func TestEveryCommandHasHelpAndAnExampleInBothLanguages(t *testing.T) {
	var paths [][]string
	var walk func(cmd *cobra.Command, path []string)
	walk = func(cmd *cobra.Command, path []string) {
		paths = append(paths, path)
		for _, sub := range cmd.Commands() {
			walk(sub, append(path[:len(path):len(path)], sub.Name()))
		}
	}
	walk(newCLI(nil, nil, nil, nil).root(), nil)
	if len(paths) < 25 {
		t.Fatalf("only %d commands", len(paths))
	}
	for _, path := range paths {
		code, id, _ := run(t, "en_US.UTF-8", append(path, "--help", "--lang", "id")...)
		_, en, _ := run(t, "id_ID.UTF-8", append([]string{"--lang=en"}, append(path, "--help")...)...)
		if code != exitDone || !strings.Contains(id, "Contoh:\n  amanah") || !strings.Contains(id, "Pemakaian:") || !strings.Contains(en, "Examples:\n  amanah") {
			t.Errorf("%v: code %d, without usage or example:\n%s\n%s", path, code, id, en)
		}
		if strings.Contains(id+en, "⟦") {
			t.Errorf("%v lacks a text:\n%s\n%s", path, id, en)
		}
		for line := range strings.SplitSeq(id, "\n") {
			if len(line) > 3 && !strings.Contains(line, "amanah") && !strings.Contains(line, "--") && strings.Contains(en, line) {
				t.Errorf("%v: the same line in both languages: %q", path, line)
			}
		}
	}
}

// A switch takes no value, and a flag that takes one names it: each has the text that is its own.
func TestAFlagNamesAValueWhereItTakesOne(t *testing.T) {
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if names := strings.Contains(f.Usage, "`"); names != (f.Value.Type() != "bool") {
				t.Errorf("%s --%s: %s", cmd.CommandPath(), f.Name, f.Usage)
			}
		})
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	for _, lang := range []string{"id_ID.UTF-8", "en_US.UTF-8"} {
		walk(newCLI(nil, nil, nil, []string{"LANG=" + lang}).root())
	}
}

func TestWhatIsWrongWithACommandLineIsSaidInBothLanguages(t *testing.T) {
	for _, c := range []struct {
		line   string
		id, en string
	}{
		{"serv", "mungkin maksud Anda: serve", "perhaps you meant: serve"},
		{"nonsense", "tidak ada perintah nonsense", "there is no command nonsense"},
		{"staff nonsense", "tidak ada perintah nonsense", "there is no command nonsense"},
		{"help nonsense", "tidak ada perintah nonsense", "there is no command nonsense"},
		{"serve --nonsense", "pilihan --nonsense tidak dikenal", "unknown flag --nonsense"},
		{"serve -x", "pilihan -x tidak dikenal", "unknown flag -x"},
		{"serve --listen", "pilihan --listen memerlukan nilai", "the flag --listen needs a value"},
		{"demo --customers many", "nilai many tidak dapat dipakai untuk --customers", "--customers does not take the value many"},
		{"serve extra", "argumen extra tidak diharapkan", "unexpected argument extra"},
		{"import customers.csv", "belum diberikan: --map", "missing: --map"},
		{"import", "tepat satu argumen: berkasnya", "expected one argument: the file"},
		{"staff add --login siti", "belum diberikan: --name, --role", "missing: --name, --role"},
		{"verify a b", "paling banyak satu", "at most one"},
		{"--lang fr version", "", "--lang is id or en"},
	} {
		for lang, want := range map[string]string{"id_ID.UTF-8": c.id, "C": c.en} {
			code, _, said := run(t, lang, strings.Fields(c.line)...)
			if code != exitUsage || !strings.Contains(said, want) || !strings.Contains(said, "[app.usage]") {
				t.Errorf("%s, %s: %d %s", c.line, lang, code, said)
			}
		}
	}
}

func TestTheVersionIsAFlagAndACommand(t *testing.T) {
	_, command, _ := run(t, "C", "version")
	code, flag, _ := run(t, "C", "--version")
	if code != exitDone || flag != command || !strings.HasPrefix(flag, "amanah ") {
		t.Errorf("%d %q, %q", code, flag, command)
	}
	if _, json, _ := run(t, "C", "--version", "--json"); !strings.Contains(json, `"version":`) {
		t.Error(json)
	}
}

// Whoever tries the demonstration plays the caller too, and must know what the caller knows.
func TestTheDemonstrationSaysWhatItsFirstCallerKnows(t *testing.T) {
	s := &demoState{URL: "http://localhost:8080", Person: demoPerson{Name: "Siti Rekaan", Number: "CN00000001",
		History: map[string]string{"last_payment": "150000", "last_order": "pulsa", "last_branch": "Cabang Dago", "product_opened": "Kartu Belanja"}}}
	for lang, say := range map[string]string{"id_ID.UTF-8": "menjawab: pembayaran terakhir 150000; pesanan terakhir pulsa; cabang terakhir Cabang Dago; produk terakhir Kartu Belanja.",
		"en_US.UTF-8": "answers: last payment 150000; last order pulsa; last branch Cabang Dago; last product Kartu Belanja."} {
		var out bytes.Buffer
		c := newCLI(strings.NewReader(""), &out, &out, []string{"LANG=" + lang})
		c.welcome(&config.Config{Data: demoFolder}, s, true, 1, 0)
		if text := out.String(); !strings.Contains(text, say) || !strings.Contains(text, "Siti Rekaan (CN00000001)") {
			t.Errorf("%s:\n%s", lang, text)
		}
		out.Reset()
		c.welcome(&config.Config{Data: demoFolder}, &demoState{}, false, 1, 0) // a folder of an earlier version
		if text := out.String(); strings.Contains(text, "()") || strings.Contains(text, "V3") {
			t.Errorf("%s, without a caller:\n%s", lang, text)
		}
	}
}
