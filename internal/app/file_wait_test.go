package app

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/dlp/file"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// The front desk hangs up on an answer that takes too long; a sender without an answer knows nothing of the file and sends it again.
func TestAFileIsAnsweredBeforeTheFrontDeskHangsUp(t *testing.T) {
	w := openWorld(t, db.Options{})
	web := w.Web.HTTP("")
	if web.ReadTimeout+file.AnswerIn >= web.WriteTimeout {
		t.Errorf("sent in %v and looked at for %v, of %v", web.ReadTimeout, file.AnswerIn, web.WriteTimeout)
	}
	var left time.Duration
	files := file.New(file.Options{DB: w.DB, Log: w.Audit, DLP: w.DLP, MAC: w.Keys.MAC, Most: 1 << 20, Malware: func(ctx context.Context, _ io.Reader) error {
		end, bounded := ctx.Deadline()
		if !bounded {
			return errors.New("no end")
		}
		left = time.Until(end)
		return nil
	}})
	offer := func() file.Offer {
		return file.Offer{By: actor.NewClient("cli_1", []string{"inspect"}, []string{w.controller}), Controller: w.controller, Recipient: dlp.Outside, Name: "a.txt", Body: strings.NewReader("halo")}
	}
	if out, err := files.Take(t.Context(), offer()); err != nil || !out.Goes() || left > file.AnswerIn {
		t.Errorf("%+v %v, left %v", out, err, left)
	}
}
