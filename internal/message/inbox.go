package message

import (
	"context"
	"slices"
	"sync"
)

// Inbox is a sender for the demo: it keeps the last messages in memory, where the demo's
// own page shows them in place of the customer's telephone. It is never used outside the
// demo: what it holds is readable without a login.
type Inbox struct {
	mu   sync.Mutex
	kept []Text
}

// kept is how many messages an Inbox remembers.
const inboxSize = 50

// Send keeps the text.
func (i *Inbox) Send(_ context.Context, t Text) (string, error) {
	if err := checkAddress(t.Channel, t.To); err != nil {
		return "", err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.kept = append(i.kept, t)
	if len(i.kept) > inboxSize {
		i.kept = slices.Clone(i.kept[len(i.kept)-inboxSize:])
	}
	return "", nil
}

// List returns what was sent, the newest first.
func (i *Inbox) List() []Text {
	i.mu.Lock()
	defer i.mu.Unlock()
	out := slices.Clone(i.kept)
	slices.Reverse(out)
	return out
}
