package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app/witness"
)

func (c *cli) witnessCommand() *cobra.Command {
	var state, name, address string
	var logs []string
	cmd := c.command("witness", "witness", c.noArgs, func(cmd *cobra.Command, _ []string) error {
		return witness.Run(cmd.Context(), witness.Options{State: state, Name: name, Address: address, Logs: logs, Clock: c.clock, Up: func(address, key string) {
			fmt.Fprintf(c.out, "%s\n\n  witness:\n    url: http://%s\n    key: %s\n\n", c.t("command.witnessing", "name", name, "address", address), address, key)
		}})
	})
	cmd.Example = "  amanah witness --name dpo.example.co.id --state ./witness --listen 127.0.0.1:9500 --log LOGKEY"
	cmd.Flags().StringVar(&state, "state", "./amanah-witness", c.t("command.flag_state"))
	cmd.Flags().StringVar(&name, "name", "", c.t("command.flag_witness_name"))
	cmd.Flags().StringVar(&address, "listen", "127.0.0.1:9500", c.t("command.flag_listen"))
	cmd.Flags().StringArrayVar(&logs, "log", nil, c.t("command.flag_log"))
	mustHave(cmd.Flags(), "name", "log")
	return cmd
}
