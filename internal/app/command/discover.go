package command

import (
	"errors"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app/discover"
	"github.com/amanah-id/amanah/internal/app/scan"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

// discoverCommand finds personal data in databases and folders. Its exit codes are those of scan.
func (c *cli) discoverCommand() *cobra.Command {
	var types, variables, files []string
	var least float64
	var rows int64
	var all, noNames bool
	var timeout time.Duration
	cmd := c.command("discover DSN|FOLDER...", "discover", nil, func(cmd *cobra.Command, args []string) error {
		s := discover.Setting{Out: c.out, Notices: c.errOut, JSON: c.json, Rows: rows, Timeout: timeout, Text: c.words()}
		var err error
		if s.Scan, err = c.scanSetting(cmd.Context(), nil, types, nil, least, false); err != nil {
			return &exit{scanUsage, err}
		}
		if s.Sources, err = c.sources(args, variables, files); err != nil {
			return &exit{scanUsage, err}
		}
		switch {
		case all:
			s.Rows = 0
		case rows < 1:
			return &exit{scanUsage, c.usage("discover.wrong_rows")}
		case timeout < time.Second:
			return &exit{scanUsage, c.usage("discover.wrong_timeout")}
		}
		s.Kinds, s.Least = s.Scan.Kinds, s.Scan.Least
		if len(types) == 0 && !noNames {
			s.Kinds = scan.KindsOfPeople()
		}
		if draw := c.progress("command.bar_discover"); draw != nil {
			s.Bar = func(done, size int64) { draw("", done, size) }
		}
		sum, err := s.Run(cmd.Context())
		switch {
		case errors.Is(err, discover.ErrWrite):
			return &exit{scanNotAll, errs.Wrap(errs.Unavailable, "app.output", err).With("file", "stdout")}
		case err != nil:
			return &exit{scanNotAll, err}
		case sum.With > 0:
			return &exit{code: scanFound}
		case sum.Unread > 0:
			return &exit{code: scanNotAll}
		}
		return nil
	})
	cmd.Example = c.examples("amanah discover postgres://reader@db.example/crm", "discover_postgres", "CRM=mysql://reader:...@db/crm amanah discover --dsn-env CRM", "discover_env",
		"amanah discover --all sqlite:crm.db", "discover_all", "amanah discover /srv/share", "discover_folder", "amanah discover --json sqlite:crm.db > found.jsonl", "discover_json")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exit{scanUsage, c.flagError(err)} })
	f := cmd.Flags()
	f.Int64Var(&rows, "rows", 1000, c.t("command.flag_rows"))
	f.BoolVar(&all, "all", false, c.t("command.flag_all"))
	f.DurationVar(&timeout, "timeout", 30*time.Second, c.t("command.flag_timeout"))
	f.StringArrayVar(&variables, "dsn-env", nil, c.t("command.flag_dsn-env"))
	f.StringArrayVar(&files, "dsn-file", nil, c.t("command.flag_dsn-file"))
	f.StringSliceVar(&types, "types", nil, c.t("command.flag_types", "types", strings.Join(scan.TypeNames(), ", ")))
	f.Float64Var(&least, "min-confidence", 0.5, c.t("command.flag_min-confidence"))
	f.BoolVar(&noNames, "no-names", false, c.t("command.flag_no-names"))
	return cmd
}

// sources reads where to look, from the command line, the environment and files.
func (c *cli) sources(args, variables, files []string) (out []discover.Source, err error) {
	add := func(text string, commandLine bool) {
		s, wrong := discover.Parse(text, commandLine)
		why := (*discover.WrongSourceError)(nil)
		if errors.As(wrong, &why) && err == nil {
			err = c.usage(why.Key)
		}
		out = append(out, s)
	}
	for _, a := range args {
		add(a, true)
	}
	for _, name := range variables {
		if c.env(name) == "" {
			return nil, c.usage("discover.wrong_env", "name", name)
		}
		add(c.env(name), false)
	}
	for _, path := range files {
		info, failed := os.Stat(path)
		text, unread := os.ReadFile(path)
		if failed != nil || unread != nil || info.Mode().Perm()&0o077 != 0 {
			return nil, c.usage("discover.wrong_dsn_file", "file", path)
		}
		add(strings.TrimSpace(string(text)), false)
	}
	if len(out) == 0 {
		return nil, c.usage("discover.wrong_nothing")
	}
	return out, err
}
