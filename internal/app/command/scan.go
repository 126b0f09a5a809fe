package command

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/app/scan"
	"github.com/amanah-id/amanah/internal/dlp/malware"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/pii/extract"
)

// The exit codes of scan, which CI systems read; they are in its help.
const (
	scanFound  = 1
	scanNotAll = 2
	scanUsage  = 3
)

// exit ends the program with a code of a command's own.
type exit struct {
	code int
	err  error // nil: everything was said
}

func (e *exit) Error() string {
	if e.err == nil {
		return "exit " + strconv.Itoa(e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// scanCommand finds personal data in files.
func (c *cli) scanCommand() *cobra.Command {
	var types, limits []string
	var least float64
	var redact, strip, clamd string
	var sarif, noOCR, names bool
	cmd := c.command("scan PATH...|-", "scan", func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return &exit{scanUsage, c.usage("command.wrong_no_path")}
		}
		return nil
	}, func(cmd *cobra.Command, args []string) error {
		s, err := c.scanSetting(cmd.Context(), args, types, limits, least, sarif)
		if err != nil {
			return &exit{scanUsage, err}
		}
		s.Redact, s.Strip = redact, strip
		if clamd != "" {
			scanner, ok := malware.New(malware.Options{Address: clamd, Within: 2 * time.Minute, Now: c.clock})
			if !ok {
				return &exit{scanUsage, c.usage("command.wrong_clamd")}
			}
			s.Malware = scanner.Check
		}
		if names && len(types) == 0 {
			s.Kinds = scan.AllKinds()
		}
		if noOCR {
			s.Tools = extract.Tools{Ignore: true}
		}
		sum, err := s.Run(cmd.Context())
		var wrong *scan.UsageError
		switch {
		case errors.As(err, &wrong):
			return &exit{scanUsage, c.usage(wrong.Key, wrong.Args...)}
		case scan.Written(err):
			return &exit{scanNotAll, errs.Wrap(errs.Unavailable, "app.output", err).With("file", "stdout")}
		case err != nil:
			return &exit{scanNotAll, err}
		case sum.Findings > 0 || sum.Malware > 0:
			return &exit{code: scanFound}
		case sum.Unread > 0 || sum.Refused > 0:
			return &exit{code: scanNotAll}
		}
		return nil
	})
	cmd.Example = c.examples("amanah scan notes/ letters.zip", "scan_folder", "pg_dump crm | amanah scan -", "scan_pipe", "amanah scan --json . > findings.jsonl", "scan_json",
		"amanah scan --sarif . > findings.sarif", "scan_sarif", "amanah scan --types nik,card --min-confidence 0.8 export.csv", "scan_types",
		"amanah scan chat.txt --redact chat-clean.txt", "scan_redact", "amanah scan photo.jpg --malware 127.0.0.1:3310 --strip photo-clean.jpg", "scan_strip", "amanah scan --limit document=256MB --limit time=1h archive.pst.zip", "scan_limit")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exit{scanUsage, c.flagError(err)} })
	f := cmd.Flags()
	f.StringSliceVar(&types, "types", nil, c.t("command.flag_types", "types", strings.Join(scan.TypeNames(), ", ")))
	f.Float64Var(&least, "min-confidence", 0.5, c.t("command.flag_min-confidence"))
	f.StringVar(&redact, "redact", "", c.t("command.flag_redact"))
	f.StringVar(&strip, "strip", "", c.t("command.flag_strip"))
	f.StringVar(&clamd, "malware", "", c.t("command.flag_malware"))
	f.BoolVar(&sarif, "sarif", false, c.t("command.flag_sarif"))
	f.BoolVar(&names, "names", false, c.t("command.flag_names"))
	f.BoolVar(&noOCR, "no-ocr", false, c.t("command.flag_no-ocr"))
	f.StringArrayVar(&limits, "limit", nil, c.t("command.flag_limit"))
	return cmd
}

func (c *cli) scanSetting(ctx context.Context, paths, types, limits []string, least float64, sarif bool) (s scan.Setting, err error) {
	version, _, _ := app.Version()
	s = scan.Setting{
		In: c.in, Out: c.out, Notices: c.errOut, Paths: paths, Least: float32(least), Limits: extract.Usual(), Tools: extract.Installed(ctx), Text: c.words(), Version: version,
	}
	switch {
	case c.json && sarif:
		return s, c.usage("command.wrong_both_formats")
	case c.json:
		s.Format = scan.JSON
	case sarif:
		s.Format = scan.SARIF
	}
	if least < 0 || least > 1 {
		return s, c.usage("command.wrong_confidence")
	}
	if s.Least == 0 {
		s.Least = 0.01 // everything that has any confidence at all
	}
	var unknown string
	if s.Kinds, unknown = scan.ParseKinds(types); unknown != "" {
		return s, c.usage("command.wrong_type", "type", unknown, "types", strings.Join(scan.TypeNames(), ", "))
	}
	for _, l := range limits {
		if !setLimit(&s.Limits, l) {
			return s, c.usage("scan.wrong_limit", "value", l)
		}
	}
	s.Program = program()
	if draw := c.progress("command.bar_scan"); draw != nil && !sarif {
		s.Bar = func(done, size int64) { draw("", done, size) }
	}
	return s, nil
}

// setLimit reads name=value: a number, a size such as 128MB, or a time such as 20m.
func setLimit(l *extract.Limits, text string) bool {
	name, value, _ := strings.Cut(text, "=")
	if d, err := time.ParseDuration(value); err == nil && d > 0 {
		switch name {
		case "time":
			l.Time = d
			return true
		case "document-time":
			l.DocumentTime = d
			return true
		}
	}
	unit := int64(1)
	for suffix, n := range map[string]int64{"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30} {
		if number, ok := strings.CutSuffix(strings.ToUpper(value), suffix); ok {
			value, unit = number, n
		}
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n <= 0 || n > 1<<40/unit {
		return false
	}
	n *= unit
	switch name {
	case "depth":
		l.Depth = int(n)
	case "entries":
		l.Entries = int(n)
	case "pages":
		l.Pages = int(n)
	case "expanded":
		l.Expanded = n
	case "ratio":
		l.Ratio = n
	case "document":
		l.Document = n
	default:
		return false
	}
	return true
}

// program is the path of this program, which starts itself again to parse documents; without one it parses them itself.
func program() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	return path
}
