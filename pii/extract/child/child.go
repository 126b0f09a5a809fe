// Package child parses documents in a process of its own, for package extract.
//
// Parsers of PDF, Office, Outlook and pictures read what strangers made. Process starts a program (usually the same one again,
// with a hidden argument at which it calls Serve), hands it one document at a time over its standard input and takes text from
// its standard output. The process has no environment but what its memory needs, no open files of its parent, limits of the operating system
// on memory, processor time, open files and the files that it may write (none), where the system has them, and a
// process group that is killed with everything in it when a document takes too long. It dies with its parent.
//
// A process that dies takes its document with it and nothing else: the caller hears extract.Died, which is "not inspected", and the next
// document gets a new process. After a number of documents it is replaced anyway. What it sends is not trusted: lengths are
// bounded, and it can say nothing about where a document lies, which the parent knows.
//
// It is no wall against an exploited kernel, and it does not take the network away; the parsers are Go, where bytes cannot become code.
package child

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/amanah-id/amanah/pii/extract"
)

// maxFrame bounds what is sent in one piece; a document has its own limit.
const maxFrame = 16 << 20

// Process parses documents in a child, one after the other. It is safe for use by several goroutines, which wait for each other.
type Process struct {
	Program string   // usually os.Executable()
	Args    []string // that make it call Serve
	Memory  int64    // bytes; 0: 768 MB
	Renew   int      // documents after which the process is replaced; 0: 100

	mu    sync.Mutex
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	count int
}

// request is what the child is asked; the bytes of the document follow.
type request struct {
	Kind   extract.Kind   `json:"kind"`
	Size   int64          `json:"size"`
	Limits extract.Limits `json:"limits"`
	Tools  extract.Tools  `json:"tools"`
}

// answer is one thing that the child found, or its last word.
type answer struct {
	Segment *extract.Segment `json:"segment,omitempty"`
	Skip    *extract.Skip    `json:"skip,omitempty"`
	Part    *part            `json:"part,omitempty"`
	Done    bool             `json:"done,omitempty"`
	Reason  extract.Reason   `json:"reason,omitempty"`
}

// part is a piece of a file within the document; More says that it goes on.
type part struct {
	Name string `json:"name"`
	Data []byte `json:"data"`
	More bool   `json:"more,omitempty"`
}

// Parse parses one document.
func (p *Process) Parse(ctx context.Context, task extract.Task, sink extract.Sink) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.cmd == nil {
		if err := p.start(); err != nil {
			return extract.Died
		}
	}
	cmd := p.cmd
	stop := context.AfterFunc(ctx, func() { kill(cmd) })
	err := p.exchange(task, sink)
	stop()
	p.count++
	var own *sinkError
	var why extract.Reason
	switch {
	case ctx.Err() != nil:
		p.end()
		return ctx.Err()
	case errors.As(err, &own):
		p.end() // it would go on talking
		return own.err
	case err == nil, errors.As(err, &why):
		if p.count >= p.renew() {
			p.end()
		}
		return err
	default:
		p.end()
		return extract.Died
	}
}

func (p *Process) renew() int {
	if p.Renew > 0 {
		return p.Renew
	}
	return 100
}

// Close ends the process.
func (p *Process) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
	return nil
}

func (p *Process) end() {
	if p.cmd == nil {
		return
	}
	_ = p.in.Close()
	kill(p.cmd)
	_ = p.cmd.Wait()
	p.cmd, p.in, p.out, p.count = nil, nil, nil, 0
}

func (p *Process) start() error {
	memory := p.Memory
	if memory == 0 {
		memory = 768 << 20
	}
	cmd := exec.Command(p.Program, append(p.Args[:len(p.Args):len(p.Args)], strconv.FormatInt(memory, 10))...) //nolint:gosec // the caller's own program
	cmd.Env = []string{"GOMEMLIMIT=" + strconv.FormatInt(memory/3*2, 10), "GOMAXPROCS=1", "GOTRACEBACK=none"}
	cmd.Dir = os.TempDir()
	cmd.WaitDelay = time.Second
	apart(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.cmd, p.in, p.out, p.count = cmd, in, bufio.NewReaderSize(out, 64<<10), 0
	return nil
}

// sinkError is an error of the sink, as against one of the process.
type sinkError struct{ err error }

func (e *sinkError) Error() string { return e.err.Error() }

// exchange sends a document and takes the answers.
func (p *Process) exchange(task extract.Task, sink extract.Sink) error {
	if err := send(p.in, request{task.Kind, int64(len(task.Data)), task.Limits, task.Tools}); err != nil {
		return err
	}
	if _, err := p.in.Write(task.Data); err != nil {
		return err
	}
	var data []byte
	for {
		var a answer
		if err := receive(p.out, &a); err != nil {
			return err
		}
		var err error
		switch {
		case a.Done:
			if a.Reason != "" {
				return a.Reason
			}
			return nil
		case a.Segment != nil:
			if err := checked(a.Segment); err != nil {
				return err
			}
			err = sink.Segment(a.Segment)
		case a.Skip != nil:
			err = sink.Skip(*a.Skip)
		case a.Part != nil:
			if data = append(data, a.Part.Data...); int64(len(data)) > task.Limits.Document {
				return &sinkError{extract.TooBig}
			}
			if !a.Part.More {
				err = sink.Part(a.Part.Name, data)
				data = nil
			}
		}
		if err != nil {
			return &sinkError{err}
		}
	}
}

var errNonsense = errors.New("the process sent nonsense")

// checked makes sure that a segment's numbers lie within its text.
func checked(s *extract.Segment) error {
	last := 0
	for _, m := range s.Marks {
		if m.Start < last || m.End < m.Start || m.End > len(s.Text) {
			return errNonsense
		}
		last = m.End
	}
	if s.From < 0 || s.To < s.From || s.To > len(s.Text) {
		return errNonsense
	}
	return nil
}

func send(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(text))) //nolint:gosec // far below
	_, err = w.Write(append(frame, text...))
	return err
}

func receive(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return errNonsense
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// Serve is what the child does until its input ends: it limits itself to so many bytes of memory and parses what it is sent. It returns the exit code.
func Serve(memory string, in io.Reader, out io.Writer) int {
	limit, err := strconv.ParseInt(memory, 10, 64)
	if err != nil || confine(limit) != nil {
		return 2
	}
	buffered := bufio.NewWriterSize(out, 64<<10)
	for {
		var q request
		if err := receive(in, &q); err != nil {
			return 0
		}
		if q.Size < 0 || q.Size > q.Limits.Document {
			return 2
		}
		data := make([]byte, q.Size)
		if _, err := io.ReadFull(in, data); err != nil {
			return 0
		}
		ctx, cancel := context.Background(), func() {}
		if q.Limits.DocumentTime > 0 {
			ctx, cancel = context.WithTimeout(ctx, q.Limits.DocumentTime)
		}
		err := extract.Here{}.Parse(ctx, extract.Task{Kind: q.Kind, Data: data, Limits: q.Limits, Tools: q.Tools}, &outlet{buffered})
		cancel()
		last := answer{Done: true}
		switch {
		case err == nil:
		case errors.As(err, &last.Reason):
		case errors.Is(err, context.DeadlineExceeded):
			last.Reason = extract.TooLong
		default:
			last.Reason = extract.Damaged
		}
		if send(buffered, last) != nil || buffered.Flush() != nil {
			return 0
		}
	}
}

// outlet sends what a parser finds to the parent.
type outlet struct{ w *bufio.Writer }

func (o *outlet) Segment(s *extract.Segment) error { return send(o.w, answer{Segment: s}) }
func (o *outlet) Skip(s extract.Skip) error        { return send(o.w, answer{Skip: &s}) }

func (o *outlet) Part(name string, data []byte) error {
	const piece = 4 << 20
	for len(data) > piece {
		if err := send(o.w, answer{Part: &part{name, data[:piece], true}}); err != nil {
			return err
		}
		data = data[piece:]
	}
	return send(o.w, answer{Part: &part{name, data, false}})
}
