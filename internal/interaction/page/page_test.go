package page

import (
	"strings"
	"testing"

	"github.com/amanah-id/amanah/internal/interaction"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestPages(t *testing.T) { webtest.Pages(t, Module(&interaction.Service{})) }

// A button that can only be refused is not offered: the list says what can be done with each contact now.
func TestTheLiveListOffersOnlyTheMovesThatAContactCanMake(t *testing.T) {
	texts, err := i18n.Load(i18n.Source{Room: "interaction", FS: interaction.Messages})
	if err != nil {
		t.Fatal(err)
	}
	for state, want := range map[interaction.State]string{interaction.Offered: "disconnect", interaction.Connected: "lower disconnect", interaction.Serving: "lower disconnect", interaction.Held: "lower disconnect", interaction.Wrapup: ""} {
		var got []string
		for _, cell := range livePage(texts.For(i18n.ID, nil), []interaction.View{{ID: "itx_1", State: state}}, nil).Table.Rows[0].Cells {
			if cell.Action != nil {
				got = append(got, strings.TrimPrefix(cell.Action.To, "/live/itx_1/"))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %q", state, got, want)
		}
	}
}
