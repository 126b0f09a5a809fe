package telephony

import (
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/web"
)

// LinkState is how a connection to an exchange stands.
type LinkState string

// The states.
const (
	LinkUp      LinkState = "up"
	LinkWaiting LinkState = "waiting" // connecting, or waiting to
	LinkDown    LinkState = "down"    // refused for a reason that a person must mend
)

// Link is a connection to an exchange as the page shows it: kept in memory on its node.
type Link struct {
	Name    string // ami, ari or esl
	Address string
	State   LinkState
	Reason  string // code of the last failure
	Version string // what the exchange calls itself
	Since   time.Time
	Events  int64 // taken since it is up
}

// Links lists the connections of this node.
func (s *Service) Links() []Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Link, 0, len(s.links))
	for _, l := range s.links {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b Link) int { return strings.Compare(a.Name, b.Name) })
	return out
}

var linkTones = map[LinkState]web.Tone{LinkUp: web.Good, LinkWaiting: web.Warn, LinkDown: web.Bad}

func linkTable(p *i18n.Printer, links []Link) web.Table {
	t := web.Table{Caption: p.T("telephony.links_title"), Columns: columns(p, "link", "state", "version", "since", "events"),
		Empty: web.Empty{Title: p.T("telephony.links_empty"), Text: p.T("telephony.links_empty_next")}}
	for _, l := range links {
		state := web.Cell{Chip: &web.Chip{Tone: linkTones[l.State], Text: p.T("telephony.link_" + string(l.State))}}
		if l.Reason != "" {
			state.Note = p.Bare(l.Reason)
		}
		t.Rows = append(t.Rows, web.Row{ID: l.Name, Cells: []web.Cell{
			{Text: strings.ToUpper(l.Name), Note: l.Address}, state, {Text: l.Version}, {Time: l.Since}, {Text: p.Number(l.Events)},
		}})
	}
	return t
}
