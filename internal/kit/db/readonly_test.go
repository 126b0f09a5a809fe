package db

import (
	"context"
	"testing"
	"testing/fstest"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

func TestAReadOnlyOpenSeesARunningServersCommitsAndWritesNothing(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	server, err := Open(ctx, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	schema := Schema{Room: "probe", FS: fstest.MapFS{"schema/0999_probe.sql": {Data: []byte("-- store: data\ncreate table probe_row (n bigint not null);\n")}}}
	if err := server.Migrate(ctx, schema); err != nil {
		t.Fatal(err)
	}
	beside, err := Open(ctx, Options{Dir: dir, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = beside.Close() }()
	for want := range int64(3) {
		var got int64
		err := beside.Read(ctx, func(tx *Tx) error { return tx.Data.Row("select count(*) from probe_row").Scan(&got) })
		if err != nil || got != want {
			t.Fatalf("%d rows seen, want %d: %v", got, want, err)
		}
		if err := server.Write(ctx, func(tx *Tx) error { _, err := tx.Data.Exec("insert into probe_row values (1)"); return err }); err != nil {
			t.Fatal(err)
		}
	}
	err = beside.Write(ctx, func(tx *Tx) error { _, err := tx.Data.Exec("delete from probe_row"); return err })
	if errs.Of(err).Code != "db.closed" {
		t.Errorf("a write beside the server: %v", err)
	}
	if err := beside.Read(ctx, func(tx *Tx) error { _, err := tx.Data.Exec("delete from probe_row"); return err }); err == nil {
		t.Error("a write inside a read was taken")
	}
}
