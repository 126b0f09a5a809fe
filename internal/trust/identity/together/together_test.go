package together

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhoAsksWhileAQuestionIsOnItsWaySharesTheNextOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked Asked[string, int64]
		var state, reads atomic.Int64
		read := func() (int64, error) {
			n := reads.Add(1)
			seen := state.Load()
			time.Sleep(time.Second) // the answer is of the beginning
			if n == 3 {
				return 0, errors.New("gone")
			}
			return seen, nil
		}
		answers := make(chan int64, 20)
		ask := func(want error) {
			v, err := asked.Ask("key", read)
			if (err == nil) != (want == nil) {
				t.Errorf("%d %v", v, err)
			}
			answers <- v
		}
		go ask(nil)
		synctest.Wait()
		state.Store(1) // from now on nobody who comes may be told 0
		for range 9 {
			go ask(nil)
		}
		synctest.Wait()
		time.Sleep(3 * time.Second)
		if first := <-answers; first != 0 {
			t.Error("the first was told", first)
		}
		for range 9 {
			if v := <-answers; v != 1 {
				t.Error("told", v, "after 1 was there")
			}
		}
		if n := reads.Load(); n != 2 {
			t.Errorf("%d reads for ten who asked in two lots", n)
		}
		ask(errors.New("gone"))
		ask(nil) // a failure is nobody else's
		if len(asked.last) != 0 {
			t.Error("something is left behind")
		}
	})
}

func TestAQuestionThatPanicsFailsForAllWhoShareIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked Asked[int, string]
		go func() {
			defer func() { _ = recover() }()
			_, _ = asked.Ask(1, func() (string, error) { time.Sleep(time.Second); return "", nil })
		}()
		synctest.Wait()
		go func() {
			defer func() { _ = recover() }()
			_, _ = asked.Ask(1, func() (string, error) { time.Sleep(time.Second); panic("a defect") })
		}()
		synctest.Wait()
		if c, err := asked.Ask(1, func() (string, error) { return "own", nil }); err == nil {
			t.Error("no error but", c)
		}
	})
}
