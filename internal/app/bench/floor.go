package bench

import (
	"context"
	"fmt"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
)

// The floors: what a program without protection would write. The SQL of this package is here, and names its own tables.

// floorTables are made in the installation that is measured: as wide and as much indexed as those of interaction, desk,
// keyring and vault that the measured acts write.
var floorTables = []struct {
	store db.Store
	sql   string
}{
	{db.StoreData, `create table bench_contact (id text primary key, staff text not null, body text not null, beat_at bigint not null)`},
	{db.StoreData, `create table bench_budget (staff text primary key, started_at bigint not null, used bigint not null)`},
	{db.StoreData, `create table bench_disclosure (id text primary key, interaction text not null, subject text not null, staff text not null,
		verb text not null, fields text not null, purpose text not null, level bigint not null, at bigint not null)`},
	{db.StoreData, `create index bench_disclosure_interaction on bench_disclosure (interaction, at)`},
	{db.StoreData, `create table bench_row (id text primary key, body text not null)`},
	{db.StoreKeys, `create table bench_slot (subject text primary key, epoch bigint not null, body text not null, created_at bigint not null)`},
	{db.StoreData, `create table bench_life (subject text not null, interaction text not null, state text not null, ref text not null,
		changed_at bigint not null, primary key (subject, interaction))`},
	{db.StoreData, `create table bench_subject (subject text primary key, controller text not null, version bigint not null, created_at bigint not null,
		updated_at bigint not null, source text not null)`},
	{db.StoreData, `create table bench_value (subject text not null, field text not null, ordinal bigint not null, value text not null, body text not null,
		registered_at bigint, verified_at bigint, source text not null, updated_at bigint not null, primary key (subject, field, ordinal))`},
	{db.StoreIndex, `create table bench_unique (body text primary key, controller text not null, field text not null, subject text not null)`},
	{db.StoreIndex, `create index bench_unique_subject on bench_unique (subject)`},
	{db.StoreIndex, `create table bench_exact (body text not null, subject text not null, field text not null, controller text not null, primary key (body, subject, field))`},
	{db.StoreIndex, `create index bench_exact_subject on bench_exact (subject)`},
}

func store(tx *db.Tx, s db.Store) *db.Handle {
	switch s {
	case db.StoreKeys:
		return tx.Keys
	case db.StoreIndex:
		return tx.Index
	default:
		return tx.Data
	}
}

// MakeFloors makes the floors' tables, with a contact for each seat.
func (c *Center) MakeFloors(ctx context.Context, seats []Seat) error {
	return c.DB.Write(ctx, func(tx *db.Tx) error {
		for _, t := range floorTables {
			if _, err := store(tx, t.store).Exec(t.sql); err != nil {
				return err
			}
		}
		for _, s := range seats {
			if _, err := tx.Data.Exec(`insert into bench_contact (id, staff, body, beat_at) values ($1, $2, $3, 0)`, s.Interaction, s.Agent.ID(), fmt.Sprintf("%400d", 0)); err != nil {
				return err
			}
		}
		return nil
	})
}

// BusinessWrites is the floor of a reveal: the rows that the reveal itself would write without gate, log and keys: the
// touch of the interaction, the budget and the disclosure.
func (c *Center) BusinessWrites(ctx context.Context, s Seat) error {
	return c.DB.Write(ctx, func(tx *db.Tx) error {
		now := tx.Now().UnixMicro()
		tx.Data.Queue(`update bench_contact set beat_at = $1 where id = $2`, now, s.Interaction)
		tx.Data.Queue(`insert into bench_budget (staff, started_at, used) values ($1, $2, 1)
			on conflict (staff) do update set used = bench_budget.used + 1`, s.Agent.ID(), now)
		tx.Data.Queue(`insert into bench_disclosure (id, interaction, subject, staff, verb, fields, purpose, level, at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, id.New(id.Disclosure), s.Interaction, s.Subject, s.Agent.ID(),
			"floor", "name", "pur_00000000000000000000000000", 2, now)
		return nil
	})
}

// PlainRow writes one row.
func (c *Center) PlainRow(ctx context.Context) error {
	return c.DB.Write(ctx, func(tx *db.Tx) error { plainRow(tx); return nil })
}

func plainRow(tx *db.Tx) {
	tx.Data.Queue(`insert into bench_row (id, body) values ($1, 'a row like any other')`, id.New("row"))
}

// PlainCustomers writes customers from up to to in one transaction: as many rows as ours, the values in the clear.
func (c *Center) PlainCustomers(ctx context.Context, controller string, from, to int) error {
	return c.DB.Write(ctx, func(tx *db.Tx) error {
		for i := from; i < to; i++ {
			plainCustomer(tx, controller, i)
		}
		return nil
	})
}

// The rows of a plain customer travel as ours do.
var (
	plainSlots    = db.NewInsert(`insert into bench_slot (subject, epoch, body, created_at)`, 4, "")
	plainLives    = db.NewInsert(`insert into bench_life (subject, interaction, state, ref, changed_at)`, 5, "")
	plainSubjects = db.NewInsert(`insert into bench_subject (subject, controller, version, created_at, updated_at, source)`, 6, "")
	plainValues   = db.NewInsert(`insert into bench_value (subject, field, ordinal, value, body, registered_at, verified_at, source, updated_at)`, 9, "")
	plainUniques  = db.NewInsert(`insert into bench_unique (body, controller, field, subject)`, 4, "")
	plainExacts   = db.NewInsert(`insert into bench_exact (body, subject, field, controller)`, 4, "")
)

func plainCustomer(tx *db.Tx, controller string, i int) {
	subject := id.NewAt(id.Subject, tx.Now())
	tx.Keys.QueueRows(plainSlots, subject, 1, subject, 0)
	tx.Data.QueueRows(plainLives, subject, "", "live", "", 0)
	tx.Data.QueueRows(plainSubjects, subject, controller, 1, 0, 0, "imp")
	for _, v := range Record(i) {
		tx.Data.QueueRows(plainValues, subject, v.Field, 0, subject, v.Value, 0, 0, "imp", 0)
		switch v.Field {
		case "customer_number", "nik":
			tx.Index.QueueRows(plainUniques, v.Value, controller, v.Field, subject)
		case "phone", "email":
			tx.Index.QueueRows(plainExacts, v.Value, subject, v.Field, controller)
		}
	}
}

// plainLookUp is the floor of a look-up by phone: the same two reads by key.
func (c *Center) plainLookUp(ctx context.Context, i int) error {
	return c.DB.Read(ctx, func(tx *db.Tx) error {
		var subject, controller string
		if err := tx.Index.Row(`select subject from bench_exact where body = $1`, RecordPhone(i)).Scan(&subject); err != nil {
			return err
		}
		return tx.Data.Row(`select controller from bench_subject where subject = $1`, subject).Scan(&controller)
	})
}
