package supervision

import (
	"context"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/web"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func others() []web.Module {
	return []web.Module{{Name: "interaction", Messages: interaction.Messages}, {Name: "approval", Messages: os.DirFS("../trust/approval")}}
}

func TestPages(t *testing.T) { webtest.Pages(t, (&Service{}).Module(), others()...) }
func TestTexts(t *testing.T) { webtest.Texts(t, "supervision", "../trail", "../web") }

func TestAContactStandsAsItsGravestFactSays(t *testing.T) {
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	talking := interaction.View{State: interaction.Serving, Fresh: true, Level: 2}
	weak := talking
	weak.Level = 1
	silent := talking
	silent.Fresh = false
	in := func(s interaction.State) interaction.View { return interaction.View{State: s, Level: 2} }
	for name, c := range map[string]struct {
		v               interaction.View
		alarmed, wanted bool
		opened          time.Time
		want            Standing
	}{
		"alarm before all":                 {silent, true, true, now, Alarmed},
		"a decision before the desk":       {silent, false, true, now, Wanted},
		"silent":                           {silent, false, false, now, Silent},
		"a value on the screen":            {talking, false, false, now.Add(-Shows + time.Second), Revealing},
		"masked again":                     {talking, false, false, now.Add(-Shows), Verified},
		"never opened":                     {talking, false, false, time.Time{}, Verified},
		"V1 is not verified":               {weak, false, false, time.Time{}, Unverified},
		"the recorder is paused":           {interaction.View{State: interaction.Capture, Fresh: true, Level: 3}, false, false, now, Capturing},
		"a capture of a silent desk":       {in(interaction.Capture), false, false, now, Silent},
		"on hold nothing is on the screen": {in(interaction.Held), false, false, now, Paused},
		"rings":                            {in(interaction.Offered), false, false, time.Time{}, Ringing},
		"wrap-up":                          {in(interaction.Wrapup), false, false, time.Time{}, Closing},
	} {
		if got := Stand(c.v, c.alarmed, c.wanted, c.opened, now); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// However much happens, an open list is told once a second, and every five seconds when nothing does.
func TestAnOpenListIsToldAtMostOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		news, out := make(chan interaction.News), make(chan web.Event, 1)
		go pace(ctx, news, out)
		told := func(within time.Duration) (n int) {
			end := time.After(within)
			for {
				select {
				case <-out:
					n++
				case <-end:
					return n
				}
			}
		}
		time.Sleep(Pace / 2) // never on the beat itself
		for range 50 {
			news <- interaction.News{Kind: "changed"}
		}
		if n := told(4 * time.Second); n != 1 {
			t.Errorf("fifty moves in one second were told %d times", n)
		}
		busy := 0
		for range 4 {
			news <- interaction.News{}
			busy += told(time.Second)
		}
		if busy != 4 {
			t.Errorf("moves of four seconds were told %d times", busy)
		}
		if n := told(11 * time.Second); n != 2 {
			t.Errorf("eleven quiet seconds were told %d times", n)
		}
		stop()
		synctest.Wait()
		if _, open := <-out; open {
			t.Error("the stream goes on without its reader")
		}
	})
}

// A button that can only be refused is not offered.
func TestAContactOffersOnlyTheMovesThatItCanMake(t *testing.T) {
	texts, err := i18n.Load(i18n.Source{Room: "supervision", FS: messages}, i18n.Source{Room: "interaction", FS: interaction.Messages})
	if err != nil {
		t.Fatal(err)
	}
	for state, want := range map[interaction.State]string{
		interaction.Offered: "disconnect", interaction.Connected: "lower disconnect listen", interaction.Serving: "lower disconnect listen",
		interaction.Held: "lower disconnect listen", interaction.Wrapup: "", interaction.Frozen: "",
	} {
		page := contactPage(texts.For(i18n.ID, nil), Row{View: interaction.View{ID: "itx_1", State: state, Agent: "stf_1"}, Standing: Verified}, "stf_2")
		var got []string
		for _, m := range page.Moves {
			got = append(got, strings.TrimPrefix(m.To, "/live/itx_1/"))
		}
		if page.Listen {
			got = append(got, "listen")
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %q", state, got, want)
		}
	}
	if page := contactPage(texts.For(i18n.ID, nil), Row{View: interaction.View{State: interaction.Serving, Agent: "stf_1"}, Standing: Verified}, "stf_1"); page.Listen {
		t.Error("one's own contact is offered to be listened to")
	}
}

func TestALongListShowsTheGravestAndSaysHowManyMore(t *testing.T) {
	texts, err := i18n.Load(i18n.Source{Room: "supervision", FS: messages}, i18n.Source{Room: "interaction", FS: interaction.Messages})
	if err != nil {
		t.Fatal(err)
	}
	p := texts.For(i18n.EN, nil)
	b := Board{Rows: make([]Row, MostShown+7)}
	for i := range b.Rows {
		b.Rows[i] = Row{View: interaction.View{Channel: interaction.Phone}, Standing: Verified}
	}
	if list := contacts(p, b); len(list.Table.Rows) != MostShown || !strings.HasPrefix(list.More, "7 ") {
		t.Errorf("%d rows, %q", len(list.Table.Rows), list.More)
	}
	b.Rows = b.Rows[:MostShown]
	if list := contacts(p, b); list.More != "" {
		t.Errorf("%q", list.More)
	}
}
