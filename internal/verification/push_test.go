package verification_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/vault"
	. "github.com/amanah-id/amanah/internal/verification"
)

// The app is one more registered contact: what goes to it is a link and nothing else, and it is worth what its age is worth.
func TestAPushIntoTheAppIsALinkAloneAndCountsWithTheAgeOfTheApp(t *testing.T) {
	const device = "dev-7f3a9c0015de4b21"
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		for _, c := range []struct {
			number string
			age    time.Duration
			level  int
		}{{"KNG-A", 3 * 24 * time.Hour, V1}, {"KNG-B", 8 * 24 * time.Hour, V2}, {"KNG-C", 31 * 24 * time.Hour, V3}} {
			h.subject = h.customerWith(c.number, c.age, vault.Input{Field: "app", Value: device})
			itx := h.identified("")
			st, err := h.Status(ctx, h.agent, itx)
			h.must(err)
			i := slices.IndexFunc(st.Links, func(w Way) bool { return w.Contact == "app" })
			if i < 0 || c.level == V1 && st.Links[i].Reaches != 0 || c.level > V1 && st.Links[i].Reaches != c.level {
				t.Fatalf("an app of %s: %+v", c.age, st.Links)
			}
			if c.level == V1 {
				_, err = h.SendLink(ctx, h.agent, itx, st.Links[i].Value)
				h.refused(err, "verification.contact_too_new")
				continue
			}
			h.log.take()
			a, err := h.SendLink(ctx, h.agent, itx, st.Links[i].Value)
			h.must(err)
			h.deliver()
			letter := h.inbox.List()[0]
			link := "https://cs.bank.example/v/" + h.LinkOf(a)
			if letter.Channel != message.Push || letter.To != device || letter.Body != link || letter.Subject != "" || len(letter.Args) != 1 || letter.Args["link"] != link {
				t.Fatalf("%+v", letter)
			}
			secret, err := h.Enter(ctx, h.LinkOf(a), "")
			h.must(err)
			h.must(h.Reply(ctx, h.LinkOf(a), secret, answer(a.Number)[len("answer="):]))
			if h.level(itx) != c.level {
				t.Errorf("an app of %s leads to V%d, want V%d", c.age, h.level(itx), c.level)
			}
			got := h.log.take()
			want := []string{"message.queue done", "interaction.verify done", "message.sent done", "verification.confirmed done", "verification.grant done", "interaction.serve done"}
			got = slices.DeleteFunc(got, func(line string) bool { return !slices.Contains(want, line) })
			if !slices.Equal(got, want) {
				t.Errorf("entries %q", got)
			}
			if strings.Contains(h.desk.Log.String(), device) {
				t.Error("the device stands in an event")
			}
		}
	})
}
