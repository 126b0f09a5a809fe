// Package together answers those who ask the same at the same time with one answer.
//
// It promises that no answer is older than who is given it: whoever comes while a question is on
// its way waits for the next one, which begins after he came. It keeps no answer beyond that, so
// nothing that was true once is told later; and a question that panics leaves nobody waiting.
package together

import (
	"sync"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Asked lets those who ask the same at the same time share an answer: a program with many
// requests under way shows the same key in each of them. Whoever comes while a question is on
// its way waits for the next one, which begins after he came; so no answer is older than who
// is given it. The zero value is ready.
type Asked[K comparable, V any] struct {
	mu   sync.Mutex
	last map[K]*question[V] // the newest that was begun or waits to begin
}

type question[V any] struct {
	begun bool
	done  chan struct{} // closed when value and err are there
	value V
	err   error
}

// Ask reads the answer of a key, or shares the one that somebody else is about to read.
func (t *Asked[K, V]) Ask(key K, read func() (V, error)) (V, error) {
	t.mu.Lock()
	before := t.last[key]
	if before != nil && !before.begun {
		t.mu.Unlock()
		<-before.done
		return before.value, before.err
	}
	q := &question[V]{begun: before == nil, done: make(chan struct{}), err: errs.New(errs.Internal, "app.internal")} // should read panic
	if t.last == nil {
		t.last = map[K]*question[V]{}
	}
	t.last[key] = q
	t.mu.Unlock()
	if before != nil {
		<-before.done
		t.mu.Lock()
		q.begun = true
		t.mu.Unlock()
	}
	defer func() {
		t.mu.Lock()
		if t.last[key] == q {
			delete(t.last, key)
		}
		t.mu.Unlock()
		close(q.done)
	}()
	q.value, q.err = read()
	return q.value, q.err
}
