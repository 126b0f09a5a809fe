package recorder

import (
	"context"

	"github.com/amanah-id/amanah/internal/telephony/pbx"
)

// OfExchange is the recorder of an exchange: what is said is muted in the recording of the contact's channel.
func OfExchange(r pbx.Recorder) Recorder { return exchange{r} }

type exchange struct{ r pbx.Recorder }

func (x exchange) Pause(ctx context.Context, t Target) error  { return x.r.Mute(ctx, t.Contact, true) }
func (x exchange) Resume(ctx context.Context, t Target) error { return x.r.Mute(ctx, t.Contact, false) }

// StandIn plays the recorder in the demonstration, where there is no exchange: it acknowledges at once, and records nothing.
type StandIn struct{}

// Pause implements Recorder.
func (StandIn) Pause(context.Context, Target) error { return nil }

// Resume implements Recorder.
func (StandIn) Resume(context.Context, Target) error { return nil }
