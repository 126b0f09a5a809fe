package app

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

// On a full disk nothing is disclosed and nothing is lost; when there is room again the
// same call goes on, and the log verifies.
func TestOnAFullDiskNothingIsDisclosedAndTheCallGoesOnWhenThereIsRoom(t *testing.T) {
	w := openWorld(t, db.Options{})
	ctx := t.Context()
	w.Desk.Budget = 1 << 30
	a, itx := servingCall(t, w, 1)
	limit := func(pages string) {
		t.Helper()
		if err := w.DB.Write(ctx, func(tx *db.Tx) error {
			return tx.Data.Rows("pragma max_page_count = "+pages, nil, func(db.Row) error { return nil })
		}); err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // SQLite takes the present size when that is larger: not one page more
	var refused error
	handed := 0
	for range 400 {
		if refused = w.reveal(ctx, a, itx); refused != nil {
			break
		}
		handed++
	}
	if errs.CodeOf(refused) != "db.full" || errs.KindOf(refused) != errs.Unavailable {
		t.Fatalf("after %d reveals: %v", handed, refused)
	}
	rows, budget, leaves := disclosed(t, w, a.ID())
	if rows != leaves || budget != leaves || leaves != int64(handed) {
		t.Errorf("%d handed out, %d disclosures, %d of the budget, %d entries", handed, rows, budget, leaves)
	}
	limit("1073741823")
	if err := w.reveal(ctx, a, itx); err != nil {
		t.Errorf("with room again: %v", err)
	}
	verifyLog(t, w)
}

// When PostgreSQL drops every connection, what was under way fails plainly, nothing is
// half done, and the next call finds new connections.
func TestADatabaseThatIsGoneForAMomentLosesNothing(t *testing.T) {
	at := dbtest.PostgresURL(t)
	w := openWorld(t, db.Options{URL: at})
	ctx := t.Context()
	a, itx := servingCall(t, w, 1)
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	name := u.Path[1:]
	u.Path = "/postgres"
	admin, err := pgx.Connect(ctx, u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	for range 3 {
		if _, err := admin.Exec(ctx, "select pg_terminate_backend(pid) from pg_stat_activity where datname like $1", name+"%"); err != nil {
			t.Fatal(err)
		}
		handed := false
		for range 20 {
			err := w.reveal(ctx, a, itx)
			if err == nil {
				handed = true
				break
			}
			if kind := errs.KindOf(err); kind != errs.Unavailable {
				t.Errorf("a lost database was told as %v", err)
			}
			time.Sleep(50 * time.Millisecond)
		}
		if !handed {
			t.Fatal("the database came back, the desk did not")
		}
	}
	rows, budget, leaves := disclosed(t, w, a.ID())
	if rows != leaves || budget != leaves || leaves < 3 {
		t.Errorf("%d disclosures, %d of the budget, %d entries", rows, budget, leaves)
	}
	verifyLog(t, w)
}
