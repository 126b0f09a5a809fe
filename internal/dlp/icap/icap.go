// Package icap lets a web proxy ask what it may let pass: the server's side of ICAP (RFC 3507), and nothing but the protocol.
//
// A proxy such as Squid sends the head of an HTTP message and its body, in chunks. The server answers for each that it goes
// as it is (204, or 206 where the proxy keeps the body), that it goes changed, or with an answer to the person in place of it (200).
// A proxy may send the beginning first (Preview); it is asked for the rest (100 Continue) when a handler reads on, and only then.
// So a handler sees one stream, Message.Body, and says one Answer; which of the forms it takes on the wire is decided here.
//
// It promises: what it hands to a handler is the message, however its bytes were cut on the wire; a message that is not
// well formed is answered with its status and the connection is closed, because nobody knows where the next one begins; a
// handler that fails gives 500, never 204; a body that broke off is an error of Body and never its end. Every length is
// bounded (Limits): lines, heads, fields, extensions of chunks, bodies, time for a message, time between two pieces, connections.
// Each byte is looked at once. Nothing is logged here, and no error holds a byte of what was sent.
//
// It is strict where leniency is how a message is read in two ways: lines end with CR LF, a field has one line, Encapsulated
// and Preview stand once, the parts stand in the order and at the places that Encapsulated gives, and a chunk's size is hexadecimal
// digits alone. Requests that come in a row on one connection are answered in their order. Trailers are read and left out.
//
// It has no TLS and no passwords of its own: who may connect is decided by whoever hands over the connections.
package icap

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"
)

// The methods of services.
const (
	Request  = "REQMOD"
	Response = "RESPMOD"
)

// Limits bound what a client may send, and how long it may take.
type Limits struct {
	Line        int           // bytes of a line, the first of a message among them
	Head        int           // bytes of the head of an ICAP message, and of each head within it
	Fields      int           // of a head
	Extension   int           // bytes of a chunk's size with its extensions
	Body        int64         // bytes of a body
	Drain       int64         // bytes of a body that are thrown away to keep a connection
	Idle        time.Duration // between two pieces, and between two messages
	Message     time.Duration // for a whole message with its answer
	Connections int
}

// Usual are limits for a proxy of a workplace.
func Usual() Limits {
	return Limits{Line: 16 << 10, Head: 64 << 10, Fields: 200, Extension: 256, Body: 4 << 30, Drain: 1 << 20, Idle: time.Minute, Message: 15 * time.Minute, Connections: 100}
}

// Field is one line of a head.
type Field struct{ Name, Value string }

// Fields are the lines of a head in their order.
type Fields []Field

// Get is the value of the first field of this name, or nothing.
func (f Fields) Get(name string) string {
	for _, one := range f {
		if strings.EqualFold(one.Name, name) {
			return one.Value
		}
	}
	return ""
}

// Count is how many fields have this name.
func (f Fields) Count(name string) (n int) {
	for _, one := range f {
		if strings.EqualFold(one.Name, name) {
			n++
		}
	}
	return n
}

// has reports whether a list in a field names a word.
func (f Fields) has(name, word string) bool {
	for _, one := range f {
		if strings.EqualFold(one.Name, name) {
			for part := range strings.SplitSeq(one.Value, ",") {
				if strings.EqualFold(strings.TrimSpace(part), word) {
					return true
				}
			}
		}
	}
	return false
}

// Head is the head of an HTTP message: its first line and its fields, and the bytes as they came, with the empty line.
type Head struct {
	First  string
	Fields Fields
	Raw    []byte
}

// Message is what a proxy asks about.
type Message struct {
	Method   string
	Fields   Fields    // of the ICAP message, not of the HTTP message
	Request  *Head     // nil when the proxy did not send it
	Response *Head     // of Response alone
	Body     io.Reader // nil when the message has none

	body      *body
	preview   bool
	allow204  bool
	allow206  bool
	mustClose bool
}

// Answer is what becomes of a message.
type Answer struct {
	Head      *Head     // nil: as it came
	Instead   bool      // Head and Body are an HTTP response to the person, and the message goes nowhere
	Unchanged bool      // the body is as it came
	Body      io.Reader // of an unchanged body: what the handler had read of it, for a proxy that did not keep it; else the new one, nil for none. It is closed when it can be
}

// Pass lets a message go as it is; read is what the handler had read of its body.
func Pass(read io.Reader) Answer { return Answer{Unchanged: true, Body: read} }

// Handler decides about a message. It reads as much of the body as it needs, and keeps nothing of the message after it returned but
// what it puts into the answer. Its error is answered with 500.
type Handler func(ctx context.Context, m *Message) (Answer, error)

// Service is one address that a proxy may ask.
type Service struct {
	Path    string // of the address: /reqmod
	Method  string // Request or Response
	ID      string // one word
	Preview int    // bytes that a proxy is to send before it waits
	Tag     string // at most 30 letters and digits; another one tells proxies that what they were answered before no longer holds
	Handle  Handler
}

// fault is a message that is answered with a status and ends its connection.
type fault struct {
	status int
	why    string // in fixed words
}

func (f fault) Error() string { return "icap: " + f.why }

func malformed(why string) error { return fault{400, why} }

// ErrTooLarge is a body over the limit, as an error of Message.Body.
var ErrTooLarge error = fault{413, "the body is over the limit"}

// IsFault reports whether an error is the client's: what it sent is malformed, over a limit, late or broken off.
func IsFault(err error) bool {
	var f fault
	return errors.As(err, &f)
}

var phrases = map[int]string{
	200: "OK", 204: "No Content", 206: "Partial Content", 400: "Bad Request", 404: "Service Not Found", 405: "Method Not Allowed For Service",
	408: "Request Timeout", 413: "Request Entity Too Large", 500: "Server Error", 501: "Method Not Implemented", 503: "Service Overloaded", 505: "ICAP Version Not Supported",
}
