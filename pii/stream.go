package pii

import "github.com/amanah-id/amanah/pii/internal/token"

// Stream scans a text that comes in pieces. The findings are the same however it is cut, and the same as those of Scan on the
// whole; memory is bounded by one window.
type Stream struct {
	s    *Scanner
	emit func(f Finding, found []byte)
	buf  []byte
	base int // where buf begins in the text
	from int // in buf: where the next window begins
	last int // in buf: where the last finding ended
	hits []Finding
}

// Stream begins a stream. Findings go to emit in order, with their place in the whole text and the bytes that were found, which
// are only good during the call. The scanner is the stream's until Close.
func (s *Scanner) Stream(emit func(f Finding, found []byte)) *Stream {
	return &Stream{s: s, emit: emit}
}

// Write takes the next piece. It never fails.
func (st *Stream) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		take := min(len(p), window)
		st.buf = append(st.buf, p[:take]...)
		p = p[take:]
		for len(st.buf)-st.from > window+ahead {
			st.next()
		}
	}
	return n, nil
}

// Close scans what is left.
func (st *Stream) Close() error {
	for st.from < len(st.buf) {
		st.next()
	}
	return nil
}

// next scans one window and forgets what is no longer needed: all but the context of the next.
func (st *Stream) next() {
	st.s.asked = st.s.asked[:0]
	to := token.Cut(st.buf, st.from, window, ahead)
	st.hits, st.last = st.s.step(st.hits[:0], st.buf, st.from, to, st.last)
	for _, f := range st.hits {
		found := st.buf[f.Start:f.End]
		f.Start, f.End = f.Start+st.base, f.End+st.base
		st.emit(f, found)
	}
	drop := max(0, to-behind-1)
	st.buf = st.buf[:copy(st.buf, st.buf[drop:])]
	st.base += drop
	st.from = to - drop
	st.last -= drop
}
