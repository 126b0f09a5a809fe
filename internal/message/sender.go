package message

import (
	"context"
	"regexp"
)

// Sender hands one text over to the next server. An error of kind unavailable or too_many
// means that trying again may help; any other that it will not. Its text never holds the
// address or what the server said about it. The receipt is the next server's own name for
// the message, by which it may report later what became of it; "" when it gives none. A
// sender is used by many goroutines at once.
//
// What every sender keeps is in one suite of tests, which each passes against a server that
// does as the test tells it to.
type Sender interface {
	Send(ctx context.Context, t Text) (receipt string, err error)
}

// e164 is a telephone number as the catalogue stores it.
var e164 = regexp.MustCompile(`^\+[1-9][0-9]{7,14}$`)

// device is an app's reference as the company's push service gave it out.
var device = regexp.MustCompile(`^[A-Za-z0-9_.:-]{16,200}$`)

// checkAddress refuses what is no address of the channel, before anything is connected to.
func checkAddress(c Channel, to string) error {
	switch c {
	case Email:
		_, err := mailbox(to)
		return err
	case Push:
		if device.MatchString(to) {
			return nil
		}
	case SMS, WhatsApp:
		if e164.MatchString(to) {
			return nil
		}
	}
	return errAddress
}

// Verdict is what an inspection of an outgoing text says.
type Verdict struct {
	Allow bool
	Code  string // why not
}

// Inspect looks at an outgoing text before it leaves.
type Inspect func(ctx context.Context, t Text) (Verdict, error)

// NotInspected lets every text through; for tests of what happens before and after.
func NotInspected(context.Context, Text) (Verdict, error) { return Verdict{Allow: true}, nil }
