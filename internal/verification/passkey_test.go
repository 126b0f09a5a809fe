package verification_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/testkit/authenticator"
	. "github.com/amanah-id/amanah/internal/verification"
	"github.com/amanah-id/amanah/internal/verification/passkey"
)

// confirmed is a contact in which the customer has answered the page in a browser; its level is V2.
func (h *house) confirmed(passkey func(a Attempt, secret string) []byte) (itx string, a Attempt, secret string) {
	h.t.Helper()
	ctx := context.Background()
	itx = h.identified("")
	a, err := h.SendLink(ctx, h.agent, itx, "")
	h.must(err)
	secret, err = h.Enter(ctx, h.LinkOf(a), "")
	h.must(err)
	var shown []byte
	if passkey != nil {
		shown = passkey(a, secret)
	}
	h.must(h.ReplyWith(ctx, h.LinkOf(a), secret, answer(a.Number)[len("answer="):], shown))
	return itx, a, secret
}

// raised answers a question from the account's history too: V3.
func (h *house) raised(itx string) {
	h.t.Helper()
	ctx := context.Background()
	questions, err := h.Questions(ctx, h.agent, itx)
	h.must(err)
	match, err := h.Answer(ctx, h.agent, itx, questions[0].Kind, truth[questions[0].Kind])
	h.must(err)
	if !match || h.level(itx) != V3 {
		h.t.Fatalf("%v, V%d", match, h.level(itx))
	}
}

func (h *house) passkeys() (n int) {
	h.t.Helper()
	h.must(h.db.Read(context.Background(), func(tx *db.Tx) (err error) { n, err = h.passkeyRoom.Count(tx, h.subject); return err }))
	return n
}

// registered is a passkey of the customer's, just registered.
func (h *house) registered() (key *authenticator.Passkey, itx string, a Attempt, secret string) {
	h.t.Helper()
	ctx := context.Background()
	itx, a, secret = h.confirmed(nil)
	h.raised(itx)
	options, err := h.PasskeyOptions(ctx, h.LinkOf(a), secret)
	h.must(err)
	key = authenticator.New("https://cs.bank.example")
	h.log.take()
	h.must(h.AddPasskey(ctx, h.LinkOf(a), secret, key.Create(options)))
	return key, itx, a, secret
}

func TestACustomerRegistersAPasskeyAfterV3AndIsToldOnTheRegisteredContact(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		itx, a, secret := h.confirmed(nil)
		token, key := h.LinkOf(a), authenticator.New("https://cs.bank.example")
		_, err := h.PasskeyOptions(ctx, token, secret)
		h.refused(err, "verification.passkey_level") // V2 is not enough
		h.log.take()
		h.refused(h.AddPasskey(ctx, token, secret, []byte("{}")), "verification.passkey_level")
		if got := h.log.take(); !slices.Equal(got, []string{"verification.passkey_added denied verification.passkey_level"}) {
			t.Errorf("entries %q", got)
		}
		h.raised(itx)
		for _, other := range []string{"", strings.Repeat("A", 22)} {
			_, err = h.PasskeyOptions(ctx, token, other)
			h.refused(err, "verification.link_elsewhere")
			h.refused(h.AddPasskey(ctx, token, other, []byte("{}")), "verification.link_elsewhere")
		}
		options, err := h.PasskeyOptions(ctx, token, secret)
		h.must(err)
		for _, never := range []string{"Kenanga", mail, h.subject, "4321"} {
			if strings.Contains(string(options), never) {
				t.Errorf("%q stands in the options", never)
			}
		}
		phished := authenticator.New("https://cs.bank.example")
		phished.Origin = "https://cs.bank.example.evil.example"
		h.refused(h.AddPasskey(ctx, token, secret, phished.Create(options)), "verification.passkey_wrong")
		h.refused(h.AddPasskey(ctx, token, secret, key.Create(options)), "verification.passkey_wrong") // the challenge is used up
		options, err = h.PasskeyOptions(ctx, token, secret)
		h.must(err)
		late := key.Create(options)
		h.wait(6*time.Minute, itx)
		h.refused(h.AddPasskey(ctx, token, secret, late), "verification.passkey_wrong")
		if h.passkeys() != 0 {
			t.Fatal("a bad answer became a passkey")
		}
		options, err = h.PasskeyOptions(ctx, token, secret)
		h.must(err)
		h.deliver()
		h.log.take()
		h.must(h.AddPasskey(ctx, token, secret, key.Create(options)))
		h.deliver()
		if got := h.log.take(); !slices.Equal(got, []string{"verification.passkey_added done", "message.queue done", "process allowed", "message.sent done"}) {
			t.Errorf("entries %q", got)
		}
		if letter := h.inbox.List()[0]; letter.To != mail || !strings.Contains(letter.Body, "kunci sandi baru saja didaftarkan") || !strings.Contains(letter.Body, "/v/"+token) {
			t.Errorf("%+v", letter)
		}
		b := &browser{h: h, cookie: secret}
		if _, page := b.do("GET", "/v/"+token, ""); h.passkeys() != 1 || !strings.Contains(page, "Kunci sandi Anda yang terdaftar: 1") || !strings.Contains(page, "Hapus semua kunci sandi saya") {
			t.Errorf("%s", page)
		}
		// The same passkey is nobody else's.
		h.subject = h.customer("KNG-2", 60*24*time.Hour)
		itx, a, secret = h.confirmed(nil)
		h.raised(itx)
		options, err = h.PasskeyOptions(ctx, h.LinkOf(a), secret)
		h.must(err)
		h.refused(h.AddPasskey(ctx, h.LinkOf(a), secret, key.Create(options)), "verification.passkey_wrong")
	})
}

func TestAPasskeyWithTheNumberCountsByItsAgeAndAWrongOneCountsForNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		key, _, first, _ := h.registered()
		use := func(key *authenticator.Passkey) func(a Attempt, secret string) []byte {
			return func(a Attempt, secret string) []byte {
				options, err := h.PasskeyOptions(ctx, h.LinkOf(a), secret)
				h.must(err)
				h.log.take()
				return key.Get(options)
			}
		}
		for _, c := range []struct {
			days  int
			level int
		}{{8, V2}, {31, V3}} {
			h.wait(first.Started.Add(time.Duration(c.days) * 24 * time.Hour).Sub(h.clock()))
			itx, _, _ := h.confirmed(use(key))
			if got := h.log.take(); !slices.Equal(got, []string{"verification.confirmed done", "verification.passkey done", "verification.grant done", "interaction.serve done"}) {
				t.Errorf("entries %q", got)
			}
			if h.level(itx) != c.level {
				t.Errorf("a passkey of %d days leads to V%d, want V%d", c.days, h.level(itx), c.level)
			}
		}
		stranger, site := authenticator.New("https://cs.bank.example"), *key
		stranger.ID, stranger.User = key.ID, key.User
		site.Origin = "https://evil.example"
		copied := *key
		copied.Counter = 1
		for name, other := range map[string]*authenticator.Passkey{"another key under its id": stranger, "on a false site": &site, "copied": &copied} {
			h.wait(time.Hour)
			itx, _, _ := h.confirmed(use(other))
			got := h.log.take()
			if !slices.Contains(got, "verification.passkey denied verification.passkey_wrong") || h.level(itx) != V2 {
				t.Errorf("%s: V%d, %q", name, h.level(itx), got)
			}
		}
		// With a wrong number a passkey is not even looked at.
		h.wait(time.Hour)
		itx := h.identified("")
		a, err := h.SendLink(ctx, h.agent, itx, "")
		h.must(err)
		secret, err := h.Enter(ctx, h.LinkOf(a), "")
		h.must(err)
		shown := use(key)(a, secret)
		h.must(h.ReplyWith(ctx, h.LinkOf(a), secret, map[bool]string{true: "11", false: "10"}[a.Number == 10], shown))
		if got := h.log.take(); h.level(itx) != V1 || slices.Contains(got, "verification.passkey done") {
			t.Errorf("V%d, %q", h.level(itx), got)
		}
	})
}

func TestAPasskeyIsRevokedByTheCustomerByTheAgentAtV3AndByADenial(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		_, _, a, secret := h.registered()
		h.refused(h.RemovePasskeys(ctx, h.LinkOf(a), "x"), "verification.link_elsewhere")
		h.log.take()
		b := &browser{h: h, cookie: secret}
		if code, _ := b.do("POST", "/v/"+h.LinkOf(a)+"/passkey/remove", ""); code != 303 || h.passkeys() != 0 {
			t.Errorf("%d, %d passkeys", code, h.passkeys())
		}
		if got := h.log.take(); !slices.Equal(got, []string{"verification.passkey_revoked done"}) {
			t.Errorf("entries %q", got)
		}
		h.wait(25 * time.Hour)
		_, itx, _, _ := h.registered()
		h.refused(h.RevokePasskeys(ctx, h.other, itx, ""), "gate.not_found")
		weak := h.identified("")
		h.refused(h.RevokePasskeys(ctx, h.agent, weak, ""), "verification.passkey_level")
		if st, err := h.Status(ctx, h.agent, weak); err != nil || st.Passkeys != nil {
			t.Errorf("%+v %v", st.Passkeys, err)
		}
		if h.passkeys() != 1 {
			t.Fatal("revoked without V3")
		}
		h.wait(25 * time.Hour)
		itx, _, _ = h.confirmed(nil)
		h.raised(itx)
		h.log.take()
		h.must(h.RevokePasskeys(ctx, h.agent, itx, ""))
		if got := h.log.take(); h.passkeys() != 0 || !slices.Equal(got, []string{"verification.passkey_revoked done"}) {
			t.Errorf("%d passkeys, entries %q", h.passkeys(), got)
		}
		h.wait(25 * time.Hour)
		_, itx, a, _ = h.registered()
		h.log.take()
		h.must(h.Reply(ctx, h.LinkOf(a), "", AnswerDenied)) // from the notice, in any browser
		if got := h.log.take(); h.passkeys() != 0 || h.state(itx) != interaction.Frozen || !slices.Contains(got, "verification.passkey_revoked done") {
			t.Errorf("%d passkeys, entries %q", h.passkeys(), got)
		}
	})
}

func TestTheAgentEndsOnePasskeyOfTheCustomerAndSeesSinceWhenAndWhenItWasUsed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		key, itx, a, secret := h.registered()
		since := h.clock()
		h.wait(time.Second, itx)
		options, err := h.PasskeyOptions(ctx, h.LinkOf(a), secret)
		h.must(err)
		h.must(h.AddPasskey(ctx, h.LinkOf(a), secret, authenticator.New("https://cs.bank.example").Create(options)))
		foreign := h.subject
		h.subject = h.customer("KNG-2", 60*24*time.Hour)
		_, theirs, _, _ := h.registered()
		st, err := h.Status(ctx, h.agent, theirs)
		h.must(err)
		other := st.Passkeys[0].ID
		h.subject = foreign
		h.wait(31 * 24 * time.Hour)
		itx, _, _ = h.confirmed(func(a Attempt, secret string) []byte {
			options, err := h.PasskeyOptions(ctx, h.LinkOf(a), secret)
			h.must(err)
			return key.Get(options)
		})
		if st, err = h.Status(ctx, h.agent, itx); err != nil || len(st.Passkeys) != 2 {
			t.Fatalf("%+v %v", st.Passkeys, err)
		}
		if first, second := st.Passkeys[0], st.Passkeys[1]; !first.Registered.Equal(since) || !first.Used.Equal(h.clock()) || !second.Used.IsZero() {
			t.Errorf("%+v", st.Passkeys)
		}
		h.log.take()
		h.refused(h.RevokePasskeys(ctx, h.agent, itx, other), "verification.passkey_gone") // another customer's
		h.must(h.RevokePasskeys(ctx, h.agent, itx, st.Passkeys[0].ID))
		h.refused(h.RevokePasskeys(ctx, h.agent, itx, st.Passkeys[0].ID), "verification.passkey_gone")
		if got := h.log.take(); h.passkeys() != 1 || !slices.Equal(got, []string{"verification.passkey_revoked denied verification.passkey_gone", "verification.passkey_revoked done", "verification.passkey_revoked denied verification.passkey_gone"}) {
			t.Errorf("%d passkeys, entries %q", h.passkeys(), got)
		}
	})
}

func TestACustomerHasFivePasskeysAtMostAndIsOfferedNoSixth(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		_, _, a, secret := h.registered()
		b := &browser{h: h, cookie: secret}
		const offer = "Daftarkan kunci sandi"
		for n := 2; n <= passkey.Most; n++ {
			if _, page := b.do("GET", "/v/"+h.LinkOf(a), ""); !strings.Contains(page, offer) {
				t.Fatalf("no passkey number %d is offered", n)
			}
			options, err := h.PasskeyOptions(ctx, h.LinkOf(a), secret)
			h.must(err)
			h.must(h.AddPasskey(ctx, h.LinkOf(a), secret, authenticator.New("https://cs.bank.example").Create(options)))
		}
		if _, page := b.do("GET", "/v/"+h.LinkOf(a), ""); strings.Contains(page, offer) || !strings.Contains(page, "Kunci sandi Anda yang terdaftar: 5") {
			t.Error(page)
		}
		_, err := h.PasskeyOptions(ctx, h.LinkOf(a), secret)
		h.refused(err, "verification.passkey_most")
		h.log.take()
		h.refused(h.AddPasskey(ctx, h.LinkOf(a), secret, []byte("{}")), "verification.passkey_most")
		if got := h.log.take(); h.passkeys() != passkey.Most || !slices.Equal(got, []string{"verification.passkey_added denied verification.passkey_most"}) {
			t.Errorf("%d passkeys, entries %q", h.passkeys(), got)
		}
		h.must(h.RemovePasskeys(ctx, h.LinkOf(a), secret))
		if _, page := b.do("GET", "/v/"+h.LinkOf(a), ""); !strings.Contains(page, offer) {
			t.Error("after all were removed none is offered")
		}
	})
}

func TestAnErasureLeavesNoPasskey(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.registered()
		h.must(h.db.Write(context.Background(), func(tx *db.Tx) error { return h.passkeyRoom.EraseTx(tx, h.subject) }))
		h.must(h.db.Read(context.Background(), func(tx *db.Tx) error {
			var left int
			err := tx.Data.Row(`select count(*) from passkey_key`).Scan(&left)
			if left != 0 {
				t.Errorf("%d passkeys", left)
			}
			return err
		}))
	})
}
