package db

// Fault lets a test fail, or end the process at, any step the writer makes. It is called
// before each statement with its text, before each commit with "commit", and after each
// durable commit with "committed" (whose error is not looked at: what is durable is
// durable). An error takes the place of the step's own. No configuration reaches it.
type Fault func(s Store, step string) error

// faulty is the writer's connection under a Fault.
type faulty struct {
	conn
	store Store
	fault Fault
}

func withFault(s *session, f Fault) *session {
	if f != nil {
		for i, c := range s.conns {
			s.conns[i] = &faulty{conn: c, store: Store(i), fault: f}
		}
	}
	return s
}

// at does a step unless the fault takes its place.
func (c *faulty) at(step string, do func() error) error {
	if err := c.fault(c.store, step); err != nil {
		return err
	}
	return do()
}

func (c *faulty) exec(sql string, args []any) (n int64, err error) {
	err = c.at(sql, func() (err error) { n, err = c.conn.exec(sql, args); return err })
	return n, err
}

func (c *faulty) queue(sql string, args []any) error {
	return c.at(sql, func() error { return c.conn.queue(sql, args) })
}

func (c *faulty) row(sql string, args, dest []any) error {
	return c.at(sql, func() error { return c.conn.row(sql, args, dest) })
}

func (c *faulty) rows(sql string, args []any, each func(Row) error) error {
	return c.at(sql, func() error { return c.conn.rows(sql, args, each) })
}

func (c *faulty) begin(readonly bool) error {
	return c.at("begin", func() error { return c.conn.begin(readonly) })
}

func (c *faulty) savepoint() error {
	return c.at("savepoint", func() error { return c.conn.savepoint() })
}

func (c *faulty) release() error {
	return c.at("release", func() error { return c.conn.release() })
}

func (c *faulty) commit() error { return c.commitLater()() }

func (c *faulty) commitLater() func() error {
	later := c.conn.commitLater()
	return func() error {
		if err := c.fault(c.store, "commit"); err != nil {
			return err
		}
		if err := later(); err != nil {
			return err
		}
		_ = c.fault(c.store, "committed")
		return nil
	}
}
