package db_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
)

// ownServer starts a PostgreSQL server that a test may kill, and returns its URL.
func ownServer(t *testing.T) string {
	t.Helper()
	if os.Getenv(dbtest.Env) == "" {
		t.Skip(dbtest.Env + " is not set: PostgreSQL is not tested here (scripts/postgres starts a private server)")
	}
	folder, err := os.MkdirTemp("", "amanah-killed-") //nolint:usetesting // t.TempDir is closed to the server's account
	if err != nil {
		t.Fatal(err)
	}
	run := func(what string) string {
		cmd := exec.Command("../../../scripts/postgres", what) //nolint:gosec // the repository's own script
		cmd.Env = append(os.Environ(), "AMANAH_TEST_POSTGRES_DIR="+folder)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	t.Cleanup(func() { run("stop") })
	return run("start")
}

// connect waits until a server answers.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := pgx.Connect(context.Background(), url)
		if err == nil {
			return c
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// ids are a table's ids.
func ids(t *testing.T, url, table string) map[string]bool {
	t.Helper()
	c := connect(t, url)
	defer func() { _ = c.Close(context.Background()) }()
	rows, _ := c.Query(context.Background(), "select id from "+table) // its error is in rows
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	set := map[string]bool{}
	for _, id := range list {
		set[id] = true
	}
	return set
}

// PostgreSQL is killed at, between and after the commits, again and again: no row is without
// its key, and what was acknowledged is there.
func TestAServerThatIsKilledLeavesNoRowWithoutItsKey(t *testing.T) {
	server := ownServer(t)
	data, keys := strings.Replace(server, "/postgres?", "/house?", 1), strings.Replace(server, "/postgres?", "/house_keys?", 1)
	var at atomic.Value // where the server is killed next
	var pid atomic.Int64
	kill := func() { // one process of it: the server ends all others and recovers
		if p := pid.Swap(0); p > 1 {
			_ = syscall.Kill(int(p), syscall.SIGKILL)
		}
	}
	at.Store("")
	d := dbtest.OpenWith(t, db.Options{URL: data, Fault: func(s db.Store, step string) error {
		if at.CompareAndSwap(s.String()+" "+step, "") {
			kill()
			time.Sleep(5 * time.Millisecond)
		}
		return nil
	}}, schema)
	var mu sync.Mutex
	known := map[string]bool{}
	round := func(r int) {
		var wg sync.WaitGroup
		for k := range 6 {
			wg.Go(func() {
				for i := range 8 {
					id := fmt.Sprintf("%d-%d-%d", r, k, i)
					err := d.Write(t.Context(), func(tx *db.Tx) error {
						tx.Keys.Queue("insert into test_slot (id) values ($1) on conflict do nothing", id)
						tx.Data.Queue("insert into test_thing (id, n) values ($1, 1)", id)
						return nil
					})
					if err != nil {
						time.Sleep(20 * time.Millisecond)
						continue
					}
					mu.Lock()
					known[id] = true
					mu.Unlock()
				}
			})
		}
		wg.Wait()
	}
	round(0)
	steps := []string{"keys commit", "keys committed", "data commit", "data committed", "by the clock"}
	for r := 1; r <= 2*len(steps); r++ {
		victim, watch := connect(t, server), connect(t, server)
		pid.Store(int64(victim.PgConn().PID()))
		step := steps[r%len(steps)]
		at.Store(step)
		if step == "by the clock" {
			time.AfterFunc(time.Duration(r)*time.Millisecond/4, kill)
		}
		round(r)
		kill() // in case the step did not come
		if _, err := watch.Exec(t.Context(), "select pg_sleep(30)"); err == nil {
			t.Fatalf("the server was not killed at %q", step)
		}
		_, _ = victim.Close(context.Background()), watch.Close(context.Background())
		rows, slots := ids(t, data, "test_thing"), ids(t, keys, "test_slot")
		for id := range rows {
			if !slots[id] {
				t.Fatalf("killed at %q: row %s has no key", step, id)
			}
		}
		for id := range known {
			if !rows[id] {
				t.Fatalf("killed at %q: row %s was acknowledged and is gone", step, id)
			}
		}
	}
}
