package child

import (
	"context"
	"errors"

	"github.com/amanah-id/amanah/pii/extract"
)

// Pool parses with several processes at a time: for a server, where one long document must not stop all others. Whoever comes while
// all are busy waits, as long as its context lets it.
type Pool struct {
	free chan *Process
	all  []*Process
}

// NewPool makes a pool of n processes, each started when it is first needed.
func NewPool(n int, makes func() *Process) *Pool {
	p := &Pool{free: make(chan *Process, n)}
	for range n {
		one := makes()
		p.all = append(p.all, one)
		p.free <- one
	}
	return p
}

// Parse parses one document.
func (p *Pool) Parse(ctx context.Context, task extract.Task, sink extract.Sink) error {
	select {
	case one := <-p.free:
		defer func() { p.free <- one }()
		return one.Parse(ctx, task, sink)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends the processes, each once it has done what it is doing.
func (p *Pool) Close() error {
	var all error
	for _, one := range p.all {
		all = errors.Join(all, one.Close())
	}
	return all
}
