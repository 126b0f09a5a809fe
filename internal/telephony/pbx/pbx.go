// Package pbx speaks with exchanges: Asterisk by AMI and ARI, FreeSWITCH by ESL. Each client
// is small and written from the protocol's public description: it connects, proves who it
// is, subscribes, and gives one event after another as a document, names and texts, that a
// mapping of package telephony can read. In the exchange it changes nothing: it sends a
// login, a subscription, and what keeps the connection alive; and, where its operator has set up a
// way out, it asks for a call to an ordinary number (Dialler); and, where its recorder may be paused, to mute and unmute the
// recording of one channel (Recorder): each on a connection of its own.
//
// What it promises: an event is given whole however its bytes were cut on the way; a
// wrong password is told from an exchange that is away, because only a person can mend the
// first; a session ends at once when its context does, and leaves no goroutine behind.
//
// What it refuses: an answer of another protocol, a line or a message without end, and any
// number that is none of a person or that more than a number could come along with, and any
// text of the exchange in an error, since a caller's name and number may be in it.
package pbx

import (
	"context"
	"embed"
	"net"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Messages are the texts of this package's error codes, in Indonesian and English.
//
//go:embed messages/*.json
var Messages embed.FS

// Document is an event as the exchange words it.
type Document = map[string]any

// Session is a connection that has logged in and subscribed.
type Session interface {
	// Version is what the exchange calls itself.
	Version() string
	// Next waits for the next event. It ends with ctx, and with pbx.closed when the exchange
	// has closed the connection.
	Next(ctx context.Context) (Document, error)
	Close() error
}

// Exchange opens sessions.
type Exchange interface {
	Open(ctx context.Context) (Session, error)
}

// Dial opens a connection; nil means the machine's own.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// OpenTime is how long connecting, login and subscription may take together.
const OpenTime = 15 * time.Second

// Quiet is how long an exchange may say nothing before it is asked whether it is there.
const Quiet = 60 * time.Second

const (
	maxLine    = 16 << 10
	maxMessage = 1 << 20
)

// What goes wrong.
var (
	errUnreachable = errs.New(errs.Unavailable, "pbx.unreachable")
	errLogin       = errs.New(errs.Denied, "pbx.login")
	errProtocol    = errs.New(errs.Invalid, "pbx.protocol")
	errClosed      = errs.New(errs.Unavailable, "pbx.closed")
	errNumber      = errs.New(errs.Denied, "pbx.number")
	errWay         = errs.New(errs.Unavailable, "pbx.way")
	errRefused     = errs.New(errs.Denied, "pbx.refused")
)
