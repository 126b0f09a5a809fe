package command

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/app/terminal"
	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/pii/names"
)

// Messages are the texts of the command line itself, in Indonesian and English.
//
//go:embed messages/*.json
var messages embed.FS

// cli is one run of the command line.
type cli struct {
	in      io.Reader
	out     io.Writer
	errOut  io.Writer
	environ []string
	clock   func() time.Time

	json     bool
	restored bool // of serve: a backup was put back
	lang     string
	file     string
	settings map[string]*string // settings that have a flag of their own
	cfg      *config.Config
	own      *i18n.Catalogue // of the command line, and of what may fail before any room is made
	rooms    *i18n.Catalogue // of all rooms, once they are open
}

func newCLI(in io.Reader, out, errOut io.Writer, environ []string) *cli {
	own, err := i18n.Load(texts()...)
	if err != nil {
		// A message file of our own does not parse: a defect that every test of the command line meets.
		panic(err)
	}
	return &cli{in: in, out: out, errOut: errOut, environ: environ, clock: time.Now, settings: map[string]*string{}, own: own}
}

func (c *cli) env(name string) string {
	for _, e := range c.environ {
		if k, v, ok := strings.Cut(e, "="); ok && k == name {
			return v
		}
	}
	return ""
}

func (c *cli) run(ctx context.Context, args []string) int {
	c.lang = askedLanguage(args) // before the commands are made: their help is in that language
	root := c.root()
	root.SetArgs(args)
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.errOut)
	err := root.ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil && !errors.Is(err, errFound) &&
		(errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)) || errs.Of(err).Code == "db.busy") {
		err = errs.Wrap(errs.Unavailable, "app.interrupted", err)
	}
	own := (*exit)(nil)
	said := errors.As(err, &own) && own.err == nil
	if err != nil && !said && !errors.Is(err, errFound) && !errors.Is(err, errSucceeded) {
		c.complain(err)
	}
	return exitCode(err)
}

// askedLanguage finds --lang among the arguments; "" when it is not there.
func askedLanguage(args []string) (lang string) {
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if value, ok := strings.CutPrefix(arg, "--lang="); ok {
			lang = value
		} else if arg == "--lang" && i+1 < len(args) {
			lang = args[i+1]
		}
	}
	return lang
}

func (c *cli) root() *cobra.Command {
	version := false
	root := c.command("amanah", "root", c.onlyCommands, func(cmd *cobra.Command, _ []string) error {
		if version {
			return c.printVersion()
		}
		return cmd.Help()
	})
	root.Example = c.examples("amanah demo", "root_demo", "amanah init && amanah serve", "root_init", "amanah verify --data ./amanah-data", "root_verify")
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetHelpCommand(c.helpCommand())
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { c.help(cmd) })
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return c.flagError(err) })
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if c.lang != "" && !i18n.Lang(c.lang).Valid() {
			return c.usage("command.wrong_lang")
		}
		return c.required(cmd)
	}
	f := root.PersistentFlags()
	f.StringVar(&c.file, "config", "", c.t("command.flag_config"))
	f.BoolVar(&c.json, "json", false, c.t("command.flag_json"))
	f.StringVar(&c.lang, "lang", c.lang, c.t("command.flag_lang"))
	f.BoolP("help", "h", false, c.t("command.flag_help"))
	c.setting(f, "data")
	c.setting(f, "database.url")
	root.Flags().BoolVar(&version, "version", false, c.t("command.help_version"))
	root.AddCommand(
		c.initCommand(), c.serveCommand(), c.demoCommand(), c.staffCommand(), c.keyCommand(), c.importCommand(), c.verifyCommand(), c.auditCommand(), c.witnessCommand(),
		c.telephonyCommand(), c.messageCommand(), c.mailCommand(), c.configCommand(), c.attackCommand(), c.scanCommand(), c.discoverCommand(), c.benchCommand(), c.devCommand(), c.versionCommand(),
	)
	return root
}

// setting gives a configuration key a flag: database.url becomes --database (the plain word), keys.passphrase would
// become --keys-passphrase.
func (c *cli) setting(f interface {
	StringVar(p *string, name, value, usage string)
}, key string) {
	name := strings.ReplaceAll(strings.TrimSuffix(key, ".url"), ".", "-")
	if c.settings[key] == nil { // several commands may have a flag for the same setting
		c.settings[key] = new(string)
	}
	f.StringVar(c.settings[key], name, "", c.t("command.flag_"+name))
}

// load reads the configuration once.
func (c *cli) load() (*config.Config, error) {
	if c.cfg != nil {
		return c.cfg, nil
	}
	file, required := c.file, c.file != ""
	if file == "" {
		if file = c.env("AMANAH_CONFIG"); file != "" {
			required = true
		} else {
			file = "amanah.yaml"
		}
	}
	flags := map[string]string{}
	for key, v := range c.settings {
		if *v != "" {
			flags[key] = *v
		}
	}
	cfg, err := config.Load(config.Sources{File: file, Required: required, Flags: flags, Environ: c.environ})
	if err != nil {
		return nil, err
	}
	if err := app.CheckConfig(cfg); err != nil {
		return nil, err
	}
	c.cfg = cfg
	return cfg, nil
}

// language is the operator's: --lang, else what the terminal speaks, else English.
func (c *cli) language() i18n.Lang {
	for _, l := range []string{c.lang, c.env("LC_ALL"), c.env("LC_MESSAGES"), c.env("LANG")} {
		if l == "" {
			continue
		}
		if strings.HasPrefix(l, "id") {
			return i18n.ID
		}
		break
	}
	return i18n.EN
}

// words prints in the operator's language.
func (c *cli) words() *i18n.Printer { return c.own.For(c.language(), time.UTC) }

// t is a text in the operator's language.
func (c *cli) t(key string, pairs ...any) string { return c.words().T(key, pairs...) }

// n is a text in the operator's language, in the plural form for n things.
func (c *cli) n(key string, n int64, pairs ...any) string { return c.words().N(key, int(n), pairs...) }

// complain writes an error: what happened, what to do next.
func (c *cli) complain(err error) {
	e := errs.Of(err)
	p, code := c.words(), e.Code
	if !p.Has(code) && c.rooms != nil {
		p = c.rooms.For(c.language(), time.UTC)
	}
	if !p.Has(code) {
		p, code = c.words(), "app.defect"
	}
	what, next := p.Args(code, e.Args), ""
	if p.Has(code + ".next") {
		next = p.Args(code+".next", e.Args)
	}
	if c.json {
		_ = json.NewEncoder(c.errOut).Encode(map[string]any{"error": map[string]string{
			"code": e.Code, "kind": string(e.Kind), "message": what, "next": next,
		}})
		return
	}
	fmt.Fprintf(c.errOut, "amanah: %s\n", what)
	if next != "" {
		fmt.Fprintf(c.errOut, "        %s\n", next)
	}
	fmt.Fprintf(c.errOut, "        [%s]\n", e.Code)
	if e.Kind == errs.Internal && e.Err != nil {
		// Only for defects: without the cause nobody can report them. It goes to the operator's own terminal.
		fmt.Fprintf(c.errOut, "        %v\n", e.Err)
	}
}

// print writes a result: as JSON when asked, else with text.
func (c *cli) print(v any, text func(w io.Writer)) error {
	w := bufio.NewWriter(c.out)
	if c.json {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		if err := enc.Encode(v); err != nil {
			return err
		}
	} else {
		text(w)
	}
	if err := w.Flush(); err != nil { // a full disk behind a redirection
		return errs.Wrap(errs.Unavailable, "app.output", err).With("file", "stdout")
	}
	return nil
}

// secret asks for a secret with the text of a key; app.no_passphrase when there is nobody to ask.
func (c *cli) secret(key string, pairs ...any) (string, error) {
	text, err := terminal.Secret(c.in, c.errOut, c.t(key, pairs...)+" ")
	if err != nil {
		return "", errs.Wrap(errs.Invalid, "app.no_passphrase", err)
	}
	return text, nil
}

func (c *cli) versionCommand() *cobra.Command {
	notices := false
	cmd := c.command("version", "version", c.noArgs, func(*cobra.Command, []string) error {
		if notices {
			_, err := io.WriteString(c.out, names.Notice)
			return err
		}
		return c.printVersion()
	})
	cmd.Example = "  amanah version --json\n  amanah version --notices"
	cmd.Flags().BoolVar(&notices, "notices", false, c.t("command.flag_notices"))
	return cmd
}

func (c *cli) printVersion() error {
	version, commit, goVersion := app.Version()
	return c.print(map[string]string{"version": version, "commit": commit, "go": goVersion}, func(w io.Writer) {
		fmt.Fprintf(w, "amanah %s (%s)\n", version, goVersion)
	})
}
