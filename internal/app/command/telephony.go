package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/telephony"
	"github.com/amanah-id/amanah/internal/telephony/recorder"
)

func (c *cli) telephonyCommand() *cobra.Command {
	cmd := c.group("telephony")
	cmd.Example = "  amanah telephony check\n  amanah telephony check esl --wait 2m"
	var wait time.Duration
	var pause bool
	check := c.command("check [ami|ari|esl]", "telephony_check", func(_ *cobra.Command, args []string) error {
		if len(args) > 1 || len(args) == 1 && !slices.Contains([]string{"ami", "ari", "esl"}, args[0]) {
			return c.usage("command.wrong_exchange")
		}
		return nil
	}, func(cmd *cobra.Command, args []string) error {
		cfg, err := c.load()
		if err != nil {
			return err
		}
		mappings, err := telephony.Load(cfg.Telephony.Mappings)
		if err != nil {
			return err
		}
		all := slices.DeleteFunc(app.Exchanges(cfg), func(x telephony.Connection) bool { return len(args) == 1 && x.Name != args[0] })
		spoken := pause && len(args) == 0 && cfg.Telephony.Recorder == string(recorder.HTTP)
		if len(all) == 0 && !spoken {
			return c.usage("command.wrong_no_exchange")
		}
		var results []telephony.Checked
		good := true
		for _, x := range all {
			if !c.json {
				fmt.Fprintln(c.errOut, c.t("command.telephony_waits", "name", x.Name, "address", x.Address, "wait", wait.String()))
			}
			limit, cancel := context.WithTimeout(cmd.Context(), wait)
			r := telephony.Check(cmd.Context(), limit, mappings, x, pause && !spoken)
			cancel()
			if cmd.Context().Err() != nil {
				return cmd.Context().Err()
			}
			results, good = append(results, r), good && r.OK
		}
		if spoken {
			r := app.CheckRecorder(cmd.Context(), cfg)
			results, good = append(results, r), good && r.OK
		}
		if err := c.print(results, func(w io.Writer) { c.tellChecked(w, results) }); err != nil {
			return err
		}
		if !good {
			return errFound
		}
		return nil
	})
	check.Example = "  amanah telephony check\n  amanah telephony check ami --wait 30s --json\n  amanah telephony check --pause"
	check.Flags().DurationVar(&wait, "wait", time.Minute, c.t("command.flag_wait"))
	check.Flags().BoolVar(&pause, "pause", false, c.t("command.flag_pause"))
	cmd.AddCommand(check)
	return cmd
}

// tellChecked says in words what is right, what is wrong, and what to do next.
func (c *cli) tellChecked(w io.Writer, results []telephony.Checked) {
	for i, r := range results {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s  %s\n", r.Name, r.Address)
		for i, s := range r.Steps {
			if i > 0 && s.Code != "" && s.Code == r.Steps[i-1].Code {
				continue // the same once more, with the same that helps
			}
			key := "command.telephony_" + s.Name + "_" + s.Result
			mark := map[string]string{telephony.StepGood: "+", telephony.StepBad: "!", telephony.StepNone: "-"}[s.Result]
			if s.Result == telephony.StepBad {
				fmt.Fprintf(w, "  %s %s\n    %s\n", mark, c.words().Bare(s.Code), c.words().Bare(s.Code+".next"))
				continue
			}
			kind := ""
			if s.Kind != "" {
				kind = c.t("command.telephony_kind_" + s.Kind[len("contact."):])
			}
			fmt.Fprintf(w, "  %s %s\n", mark, c.t(key, "version", r.Version, "kind", kind))
		}
		if r.OK {
			fmt.Fprintf(w, "  %s\n", c.t("command.telephony_next"))
		}
	}
}
