package purpose

import (
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/trust/gate"
)

func TestAPurposeThatAnotherNodeRetiredIsUnusableInTheNextBatch(t *testing.T) {
	url := dbtest.PostgresURL(t)
	one, other := dbtest.OpenWith(t, db.Options{URL: url}, schemas()...), dbtest.OpenWith(t, db.Options{URL: url}, schemas()...)
	here, _ := register(one)
	there, _ := register(other)
	var c Controller
	var p Purpose
	write(t, one, func(tx *db.Tx) (err error) {
		c, err = here.AddController(tx, dpo, "toko", "Toko Nusantara")
		return err
	})
	dpo := dpoOf(c)
	write(t, one, func(tx *db.Tx) (err error) {
		p, err = here.Propose(tx, dpo, draftOf(c.ID))
		if err == nil {
			_, err = here.PublishNotice(tx, dpo, p.ID, notice)
		}
		if err == nil {
			err = here.Publish(tx, dpo, p.ID)
		}
		return err
	})
	facts := func() (f gate.PurposeFacts) {
		write(t, one, func(tx *db.Tx) (err error) {
			for range 2 {
				if f, err = here.Facts(tx, p.ID); err != nil {
					return err
				}
			}
			return nil
		})
		return f
	}
	if !facts().Active {
		t.Fatal("the purpose is not active")
	}
	write(t, other, func(tx *db.Tx) error { return there.Retire(tx, dpo, p.ID) })
	if facts().Active {
		t.Error("what another node wrote is not seen")
	}
}
