package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
)

func (c *cli) staffCommand() *cobra.Command {
	cmd := c.group("staff")
	cmd.Example = `  amanah staff add --login siti --name "Siti Rahayu" --role agent --controller utama
  amanah staff list
  amanah staff reset-second-factor siti`
	var name, login, role string
	var controllers []string
	add := c.command("add", "staff_add", c.noArgs, func(cmd *cobra.Command, _ []string) error {
		r := actor.Role(role)
		if !slices.Contains(actor.Roles(), r) {
			return errs.New(errs.Invalid, "app.role").With("roles", roles())
		}
		return c.with(cmd.Context(), func(h *app.House) error {
			ids, err := controllerIDs(cmd.Context(), h, controllers)
			if err != nil {
				return err
			}
			staff, err := h.Identity.CreateStaff(cmd.Context(), identity.Terminal(), identity.NewStaff{Name: name, Login: login, Role: r, Controllers: ids})
			if err != nil {
				return err
			}
			return c.printLink(cmd, h, staff)
		})
	})
	add.Example = `  amanah staff add --login siti --name "Siti Rahayu" --role agent --controller utama`
	add.Flags().StringVar(&login, "login", "", c.t("command.flag_login"))
	add.Flags().StringVar(&name, "name", "", c.t("command.flag_staff_name"))
	add.Flags().StringVar(&role, "role", "", c.t("command.flag_role", "roles", roles()))
	add.Flags().StringArrayVar(&controllers, "controller", nil, c.t("command.flag_controller"))
	mustHave(add.Flags(), "login", "name", "role")
	list := c.command("list", "staff_list", c.noArgs, func(cmd *cobra.Command, _ []string) error {
		return c.with(cmd.Context(), func(h *app.House) error {
			all, err := h.Identity.ListStaff(cmd.Context())
			if err != nil {
				return err
			}
			rows := make([]staffRow, len(all))
			for i, s := range all {
				rows[i] = staffRow{s.ID, s.Login, s.Name, string(s.Role), string(s.State), secondFactors(s)}
			}
			return c.print(rows, func(w io.Writer) {
				t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, c.t("command.staff_head"))
				for _, r := range rows {
					has := strings.Join(r.SecondFactors, ", ")
					if has == "" {
						has = c.t("command.none_yet")
					}
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.Login, r.Name, r.Role, c.t("command.state_"+r.State), has)
				}
				_ = t.Flush()
			})
		})
	})
	list.Example = "  amanah staff list --json"
	disable := c.command("disable LOGIN", "staff_disable", c.oneArg("command.the_login"), func(cmd *cobra.Command, args []string) error {
		return c.with(cmd.Context(), func(h *app.House) error {
			s, err := h.Identity.StaffByLogin(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := h.Identity.Disable(cmd.Context(), identity.Terminal(), s.ID); err != nil {
				return err
			}
			return c.print(map[string]string{"staff": s.ID, "state": "disabled"}, func(w io.Writer) { fmt.Fprintln(w, c.t("command.disabled", "login", args[0])) })
		})
	})
	disable.Example = "  amanah staff disable siti"
	reset := c.command("reset-second-factor LOGIN", "staff_reset", c.oneArg("command.the_login"), func(cmd *cobra.Command, args []string) error {
		return c.with(cmd.Context(), func(h *app.House) error {
			s, err := h.Identity.StaffByLogin(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.printLink(cmd, h, s.ID)
		})
	})
	reset.Example = "  amanah staff reset-second-factor siti"
	cmd.AddCommand(add, list, disable, reset)
	return cmd
}

// staffRow is a member of staff in a list.
type staffRow struct {
	ID            string   `json:"id"`
	Login         string   `json:"login"`
	Name          string   `json:"name"`
	Role          string   `json:"role"`
	State         string   `json:"state"`
	SecondFactors []string `json:"second_factors"`
}

func secondFactors(s identity.Staff) []string {
	has := []string{}
	if s.Passkeys > 0 {
		has = append(has, "passkey")
	}
	if s.TOTP {
		has = append(has, "totp")
	}
	return has
}

func roles() string {
	var names []string
	for _, r := range actor.Roles() {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

// printLink makes and prints an enrolment link. It goes to the terminal only; whoever has it enrols.
func (c *cli) printLink(cmd *cobra.Command, h *app.House, staff string) error {
	token, err := h.Identity.MakeLink(cmd.Context(), identity.Terminal(), staff)
	if err != nil {
		return err
	}
	link := app.Origin(h.Config) + "/welcome/" + token
	return c.print(map[string]string{"staff": staff, "link": link}, func(w io.Writer) {
		fmt.Fprintf(w, "%s\n\n  %s\n", c.t("command.link"), link)
	})
}

// controllerIDs turns slugs into ids.
func controllerIDs(ctx context.Context, h *app.House, slugs []string) (ids []string, err error) {
	err = h.DB.Read(ctx, func(tx *db.Tx) error {
		ids = nil
		for _, slug := range slugs {
			one, err := h.Controller(tx, slug)
			if err != nil {
				return err
			}
			ids = append(ids, one)
		}
		return nil
	})
	return ids, err
}
