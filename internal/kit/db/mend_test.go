package db

import (
	"context"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"
)

// The answer to a commit can be lost when the commit was not: its rows are there already,
// and making them again must neither double them nor keep the index closed.
func TestAnIndexCommitWhoseAnswerWasLostIsNotMadeTwice(t *testing.T) {
	ctx := t.Context()
	d, err := Open(ctx, Options{Dir: filepath.Join(t.TempDir(), "data")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(ctx, Schema{Room: "test", FS: fstest.MapFS{"schema/0001_mac.sql": {Data: []byte("-- store: index\ncreate table test_mac (mac bytea primary key);\n")}}}); err != nil {
		t.Fatal(err)
	}
	const add = "insert into test_mac (mac) values ($1)"
	if err := d.Write(ctx, func(tx *Tx) error { tx.Index.Queue(add, []byte("there")); return nil }); err != nil {
		t.Fatal(err)
	}
	err = d.writer.enqueue(&request{ctx: context.Background(), done: make(chan error, 1), queued: time.Now(), alone: func(*session) error {
		d.owed.add([]statement{{add, []any{[]byte("missing")}}, {add, []any{[]byte("there")}}})
		return nil
	}})
	if err != nil || d.IndexBehind() == nil {
		t.Fatal(err, d.IndexBehind())
	}
	if err := d.Write(ctx, func(tx *Tx) error { tx.Index.Queue(add, []byte("next")); return nil }); err != nil || d.IndexBehind() != nil {
		t.Errorf("%v, %v", err, d.IndexBehind())
	}
	if err := d.Read(ctx, func(tx *Tx) error {
		var n int
		if err := tx.Index.Row("select count(*) from test_mac").Scan(&n); err != nil || n != 3 {
			t.Errorf("%d rows, %v", n, err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}
