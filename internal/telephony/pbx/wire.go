package pbx

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// After calls f once d is over, unless it is stopped; nil means the machine's own clock.
type After func(d time.Duration, f func()) (stop func() bool)

func (a After) or() After {
	if a != nil {
		return a
	}
	return func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
}

// wire is a connection of lines.
type wire struct {
	conn  net.Conn
	r     *bufio.Reader
	after After

	mu   sync.Mutex // of writing
	once sync.Once
}

func open(ctx context.Context, dial Dial, after After, address string) (*wire, error) {
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, errUnreachable // its text holds the address
	}
	return &wire{conn: conn, r: bufio.NewReaderSize(conn, maxLine), after: after.or()}, nil
}

func (w *wire) Close() (err error) {
	w.once.Do(func() { err = w.conn.Close() })
	return err
}

// during runs read, and cuts the connection when ctx ends first.
func (w *wire) during(ctx context.Context, read func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = w.Close() })
	defer stop()
	err := read()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// line reads one line without its end.
func (w *wire) line() (string, error) {
	text, err := w.r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", errProtocol
	case err != nil:
		return "", errClosed
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// headers reads lines until an empty one. Of a name that comes twice the first counts.
func (w *wire) headers() (map[string]string, error) {
	out := map[string]string{}
	for size := 0; ; {
		text, err := w.line()
		if err != nil {
			return nil, err
		}
		if text == "" {
			if len(out) == 0 {
				continue // empty lines between messages say nothing
			}
			return out, nil
		}
		if size += len(text); size > maxMessage {
			return nil, errProtocol
		}
		name, value, ok := strings.Cut(text, ":")
		if _, twice := out[name]; ok && !twice {
			out[name] = strings.TrimPrefix(value, " ")
		}
	}
}

// body reads n bytes.
func (w *wire) body(n int) (string, error) {
	if n < 0 || n > maxMessage {
		return "", errProtocol
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(w.r, b); err != nil {
		return "", errClosed
	}
	return string(b), nil
}

// write sends a text.
func (w *wire) write(text string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := io.WriteString(w.conn, text); err != nil {
		return errClosed
	}
	return nil
}

// plain reports whether a text can stand in a line of a command.
func plain(texts ...string) bool {
	for _, t := range texts {
		if strings.ContainsAny(t, "\r\n\x00") || len(t) > 200 {
			return false
		}
	}
	return true
}

// opened ends an opening: the wire is closed when it failed.
func opened[S Session](w *wire, s S, err error) (Session, error) {
	if err == nil {
		return s, nil
	}
	_ = w.Close()
	if errors.Is(err, context.DeadlineExceeded) {
		err = errUnreachable // it answers, but never to the end
	}
	return nil, err
}

// named is an error of an opening as it is told: that the other side hung up before it said
// what was expected means that it is not what was expected.
func named(err error) error {
	if errs.CodeOf(err) == errClosed.Code {
		return errProtocol
	}
	return err
}
