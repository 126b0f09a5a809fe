package command

import (
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/message"
)

func (c *cli) messageCommand() *cobra.Command {
	cmd := c.group("message")
	cmd.Example = "  amanah message check --to admin@example.co.id\n  amanah message check --channel sms --to +628120000000\n  amanah message key --channel sms"
	var to, channel string
	check := c.command("check", "message_check", c.noArgs, func(cmd *cobra.Command, _ []string) error { return c.checkMessage(cmd, message.Channel(channel), to) })
	check.Example = "  amanah message check --to admin@example.co.id"
	check.Flags().StringVar(&to, "to", "", c.t("command.flag_message_to"))
	check.Flags().StringVar(&channel, "channel", "email", c.t("command.flag_message_channel"))
	mustHave(check.Flags(), "to")
	var of string
	key := c.command("key", "message_key", c.noArgs, func(cmd *cobra.Command, _ []string) error {
		by := message.Channel(of)
		if by != message.SMS && by != message.WhatsApp && by != message.Push {
			return errs.New(errs.Invalid, "app.message_channel").With("channels", "sms, whatsapp, push")
		}
		return c.with(cmd.Context(), func(h *app.House) error {
			secret, err := h.Keys.Secret(message.CallbackSecret(by))
			if err != nil {
				return err
			}
			address := app.Origin(h.Config) + "/messages/status/" + of
			return c.print(map[string]string{"url": address, "key": hex.EncodeToString(secret)}, func(w io.Writer) {
				fmt.Fprintln(w, c.t("command.message_key", "url", address, "key", hex.EncodeToString(secret)))
			})
		})
	})
	key.Example = "  amanah message key --channel sms"
	key.Flags().StringVar(&of, "channel", "sms", c.t("command.flag_message_channel"))
	cmd.AddCommand(check, key)
	return cmd
}

// checkMessage sends one message that says nothing to the operator's own address, by the configuration alone: no data is
// opened, so the server may run.
func (c *cli) checkMessage(cmd *cobra.Command, by message.Channel, to string) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	ways, err := app.Senders(cfg)
	if err != nil {
		return err
	}
	sender, ok := ways[by]
	if !ok {
		if !slices.Contains([]message.Channel{message.Email, message.SMS, message.WhatsApp, message.Push}, by) {
			return errs.New(errs.Invalid, "app.message_channel").With("channels", "email, sms, whatsapp, push")
		}
		return errs.New(errs.Invalid, "app.message_not_set").With("channel", string(by))
	}
	now := c.clock()
	text := message.Text{
		ID: id.NewAt(id.Message, now), Channel: by, To: to, Subject: c.t("command.message_subject"), Body: c.t("command.message_body"), Lang: string(c.language()), Made: now,
		// Providers with a form for each template are asked with that of the verification.
		Template: "message.verification", Args: map[string]string{"company": cfg.Name, "link": app.Origin(cfg)},
	}
	started := c.clock()
	receipt, err := sender.Send(cmd.Context(), text)
	if err != nil {
		return err
	}
	took := c.clock().Sub(started).Round(time.Millisecond)
	return c.print(map[string]any{"taken": true, "channel": by, "receipt": receipt != "", "milliseconds": took.Milliseconds()}, func(w io.Writer) {
		fmt.Fprintln(w, c.t("command.message_taken", "channel", string(by), "took", took.String()))
	})
}
