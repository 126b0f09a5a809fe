package letter

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// Message ends where the next one of a mailbox begins.
type Message struct {
	r       *bufio.Reader
	first   bool // the line of the mailbox is still to come
	inside  bool // of a line
	empty   bool // the line before was
	pending []byte
	end     error
}

// NewMessage is the message of a mailbox that r stands before.
func NewMessage(r *bufio.Reader) *Message { return &Message{r: r, first: true} }

// Read leaves out the line that begins the message in the mailbox.
func (m *Message) Read(p []byte) (int, error) {
	for len(m.pending) == 0 {
		if m.end != nil {
			return 0, m.end
		}
		if start, _ := m.r.Peek(5); m.empty && !m.inside && string(start) == "From " {
			m.end = io.EOF
			return 0, m.end
		}
		line, err := m.r.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			m.end = err
		}
		m.empty = !m.inside && len(bytes.TrimRight(line, "\r\n")) == 0
		m.inside = errors.Is(err, bufio.ErrBufferFull)
		if m.first {
			m.first = m.inside
			continue
		}
		m.pending = line
	}
	n := copy(p, m.pending)
	m.pending = m.pending[n:]
	return n, nil
}
