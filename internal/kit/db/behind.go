package db

// behind is the writer's connection to the index, whose commit may still be on its way while
// the next batch begins: the index comes last, so nothing but its own next statement has to
// wait for it.
type behind struct {
	conn
	notes  bool          // queued statements are only noted down until they are sent
	failed func()        // forgets what was kept, after a commit that failed
	owed   *owed         // rows of commits that failed
	redo   []statement   // what the transaction at hand has written
	mark   int           // how much of it the closure's savepoint keeps
	done   chan struct{} // closed when the commit has ended; nil when none is on its way
	err    error
}

// commitBehind commits on a goroutine of its own and then calls then, whatever came of it.
func (c *behind) commitBehind(then func()) {
	commit, done := c.conn.commitLater(), make(chan struct{})
	list := c.redo
	c.done, c.redo = done, nil
	go func() {
		if c.err = commit(); c.err != nil {
			_ = c.conn.undo()
			c.owed.add(list)
		}
		then()
		close(done)
	}()
}

// wait lets the commit end.
func (c *behind) wait() {
	if c.done == nil {
		return
	}
	<-c.done
	if c.done = nil; c.err != nil {
		c.failed()
	}
}

// notes down a statement that writes, or refuses it while rows are owed.
func (c *behind) wrote(sql string, args []any) error {
	if c.owed.n.Load() > 0 {
		return errIndexBehind
	}
	c.redo = append(c.redo, statement{sql, args})
	return nil
}

func (c *behind) exec(sql string, args []any) (int64, error) {
	c.wait()
	if err := c.wrote(sql, args); err != nil {
		return 0, err
	}
	return c.conn.exec(sql, args)
}

func (c *behind) queue(sql string, args []any) error {
	if !c.notes {
		c.wait()
	}
	if err := c.wrote(sql, args); err != nil {
		return err
	}
	return c.conn.queue(sql, args)
}

func (c *behind) flush() error {
	c.wait()
	if len(c.redo) > 0 && c.owed.n.Load() > 0 {
		return errIndexBehind // noted down before the commit was known to have failed
	}
	return c.conn.flush()
}

// asked is before a statement that returns rows.
func (c *behind) asked(sql string, args []any) error {
	if c.wait(); reads(sql) {
		return nil
	}
	return c.wrote(sql, args)
}

func (c *behind) row(sql string, args, dest []any) error {
	if err := c.asked(sql, args); err != nil {
		return err
	}
	return c.conn.row(sql, args, dest)
}

func (c *behind) rows(sql string, args []any, each func(Row) error) error {
	if err := c.asked(sql, args); err != nil {
		return err
	}
	return c.conn.rows(sql, args, each)
}

func (c *behind) begin(readonly bool) error {
	if !c.notes {
		c.wait()
	}
	c.redo = nil
	return c.conn.begin(readonly)
}

func (c *behind) savepoint() error {
	c.mark = len(c.redo)
	return c.conn.savepoint()
}

func (c *behind) rollback() error {
	c.wait()
	c.redo = nil
	return c.conn.rollback()
}

func (c *behind) rollbackTo() error {
	c.wait()
	c.redo = c.redo[:c.mark]
	return c.conn.rollbackTo()
}

func (c *behind) broken() bool {
	c.wait()
	return c.conn.broken()
}

func (c *behind) close() {
	c.wait()
	c.conn.close()
}
