package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/amanah-id/amanah/internal/app"
)

func (c *cli) devCommand() *cobra.Command {
	cmd := c.group("dev")
	cmd.Hidden, cmd.Example = true, "  amanah dev gallery"
	gallery := c.command("gallery", "dev_gallery", c.noArgs, func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		return c.with(ctx, func(h *app.House) error {
			l, err := c.demoListen(ctx)
			if err != nil {
				return err
			}
			s := &http.Server{Handler: h.Web.Gallery(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
			fmt.Fprintln(c.out, c.t("command.gallery", "url", "http://"+l.Addr().String()+"/"))
			ended := make(chan error, 1)
			go func() { ended <- s.Serve(l) }()
			<-ctx.Done()
			stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_ = s.Shutdown(stopping)
			if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
	})
	gallery.Example = "  amanah dev gallery --data ./amanah-demo"
	c.setting(gallery.Flags(), "listen")
	cmd.AddCommand(gallery)
	return cmd
}
