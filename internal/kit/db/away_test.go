package db_test

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
)

// relay stands between the program and its index server. While it is away, connections are
// taken and nothing is answered, as behind a firewall that drops packets.
type relay struct {
	net.Listener
	to    string
	mu    sync.Mutex
	away  bool
	conns []net.Conn
}

func newRelay(t *testing.T, to string) *relay {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: l, to: to}
	t.Cleanup(func() { _ = l.Close(); r.set(false) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.take(c)
		}
	}()
	return r
}

func (r *relay) take(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns = append(r.conns, c)
	if r.away {
		return
	}
	server, err := net.Dial("tcp", r.to)
	if err != nil {
		_ = c.Close()
		return
	}
	r.conns = append(r.conns, server)
	go func() { _, _ = io.Copy(server, c); _ = server.Close() }()
	go func() { _, _ = io.Copy(c, server); _ = c.Close() }()
}

// set ends every connection there is.
func (r *relay) set(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
	for _, c := range r.conns {
		_ = c.Close()
	}
	r.conns = nil
}

func TestAnIndexServerThatDoesNotAnswerHoldsUpNobodyWhoDoesWithoutIt(t *testing.T) {
	data, err := url.Parse(dbtest.PostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	r := newRelay(t, data.Host)
	index := *data
	index.Host, index.Path = r.Addr().String(), data.Path+"_index"
	d := dbtest.OpenWith(t, db.Options{URL: data.String(), IndexURL: index.String()}, schema)
	if err := both(d, "a", "there"); err != nil {
		t.Fatal(err)
	}
	r.set(true)
	if err := both(d, "b", "lost"); err == nil {
		t.Fatal("the index answered")
	}
	// From now on the data store alone is asked for, by many.
	began := time.Now()
	for i := range 50 {
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return insert(tx, fmt.Sprint("data", i), 1) }); err != nil {
			t.Fatal(err)
		}
		_ = both(d, fmt.Sprint("index", i), fmt.Sprint("mac", i)) // refused, sooner or later
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("100 writes took %v", took)
	}
	r.set(false)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if err = both(d, "z", "back"); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	if indexed(t, d, "there") != 1 || indexed(t, d, "back") != 1 {
		t.Error("rows are missing")
	}
}

func TestRowsOwedToAnIndexServerThatDoesNotAnswerComeWhenItDoes(t *testing.T) {
	data, err := url.Parse(dbtest.PostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	r := newRelay(t, data.Host)
	index := *data
	index.Host, index.Path = r.Addr().String(), data.Path+"_index"
	var cut atomic.Bool
	d := dbtest.OpenWith(t, db.Options{URL: data.String(), IndexURL: index.String(), Fault: func(s db.Store, step string) error {
		if s == db.StoreIndex && step == "commit" && cut.CompareAndSwap(true, false) {
			r.set(true)
		}
		return nil
	}}, schema)
	cut.Store(true)
	if err := both(d, "a", "owed"); err != nil {
		t.Fatal(err)
	}
	if d.IndexBehind() == nil {
		t.Fatal("the commit came through")
	}
	began := time.Now()
	for i := range 50 {
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return insert(tx, fmt.Sprint("data", i), 1) }); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("50 writes took %v", took)
	}
	r.set(false)
	for end := time.Now().Add(20 * time.Second); d.IndexBehind() != nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("still behind")
		}
	}
	if indexed(t, d, "owed") != 1 {
		t.Error("the row is missing")
	}
}
