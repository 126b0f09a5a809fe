package command

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/trust/catalog"
)

func (c *cli) configCommand() *cobra.Command {
	cmd := c.group("config")
	cmd.Example = "  amanah config check\n  amanah config show --json\n  amanah config reference --lang id"
	check := c.command("check", "config_check", c.noArgs, func(*cobra.Command, []string) error {
		cfg, err := c.load()
		if err != nil {
			return err
		}
		set := 0
		for _, v := range cfg.Values() {
			if v.Origin != "default" {
				set++
			}
		}
		return c.print(map[string]any{"ok": true, "set": set}, func(w io.Writer) { fmt.Fprintln(w, c.n("command.config_good", int64(set))) })
	})
	check.Example = "  amanah config check --config /etc/amanah/amanah.yaml"
	show := c.command("show", "config_show", c.noArgs, func(*cobra.Command, []string) error {
		cfg, err := c.load()
		if err != nil {
			return err
		}
		return c.print(cfg.Values(), func(w io.Writer) {
			t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
			for _, v := range cfg.Values() {
				fmt.Fprintf(t, "%s\t%s\t%s\n", v.Key, v.Value, v.Origin)
			}
			_ = t.Flush()
		})
	})
	show.Example = "  amanah config show\n  AMANAH_LISTEN=:443 amanah config show --json"
	reference := c.command("reference", "config_reference", c.noArgs, func(*cobra.Command, []string) error {
		_, err := io.WriteString(c.out, config.Reference(string(c.language())))
		return err
	})
	reference.Example = "  amanah config reference --lang id"
	fields := c.command("fields", "config_fields", c.noArgs, func(*cobra.Command, []string) error {
		_, err := c.out.Write(catalog.ShippedFile())
		return err
	})
	fields.Example = "  amanah config fields > fields.yaml\n  AMANAH_FIELDS_FILE=fields.yaml amanah config check"
	cmd.AddCommand(check, show, reference, fields)
	return cmd
}
