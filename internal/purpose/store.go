package purpose

import (
	"embed"
	"encoding/json"
	"errors"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/gate"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the tables of this room.
func Schema() db.Schema { return db.Schema{Room: "purpose", FS: schema} }

const purposeColumns = `id, controller, slug, name_id, name_en, basis, status, fields, script_id, script_en, notice, updated_at, place`

func scanPurpose(r db.Row) (Purpose, error) {
	var p Purpose
	var basis, status, fields, nameID, nameEN, scriptID, scriptEN string
	var updated int64
	err := r.Scan(&p.ID, &p.Controller, &p.Slug, &nameID, &nameEN, &basis, &status, &fields, &scriptID, &scriptEN, &p.Notice, &updated, &p.Order)
	if err != nil {
		return Purpose{}, err
	}
	p.Basis, p.Status = Basis(basis), Status(status)
	p.Name = map[string]string{"id": nameID, "en": nameEN}
	p.Script = map[string]string{"id": scriptID, "en": scriptEN}
	p.UpdatedAt = time.UnixMicro(updated).UTC()
	if err := json.Unmarshal([]byte(fields), &p.Fields); err != nil {
		return Purpose{}, errs.Wrap(errs.Internal, "purpose.damaged", err)
	}
	return p, nil
}

func (r *Register) one(tx *db.Tx, where string, args ...any) (Purpose, error) {
	p, err := scanPurpose(tx.Data.Row(`select `+purposeColumns+` from purpose_purpose where `+where, args...))
	if errors.Is(err, db.ErrNoRows) {
		return Purpose{}, errs.New(errs.NotFound, "purpose.unknown")
	}
	return p, err
}

func insertPurpose(tx *db.Tx, p Purpose) error {
	now := tx.Now().UnixMicro()
	_, err := tx.Data.Exec(`insert into purpose_purpose (`+purposeColumns+`, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		p.ID, p.Controller, p.Slug, p.Name["id"], p.Name["en"], string(p.Basis), string(p.Status), encode(p.Fields), p.Script["id"], p.Script["en"], p.Notice, now, p.Order, now)
	if db.IsUnique(err) {
		return errs.Wrap(errs.Conflict, "purpose.exists", err)
	}
	return err
}

func updatePurpose(tx *db.Tx, p Purpose) error {
	_, err := tx.Data.Exec(`update purpose_purpose set slug = $2, name_id = $3, name_en = $4, basis = $5, status = $6, fields = $7, script_id = $8, script_en = $9, notice = $10, updated_at = $11, place = $12 where id = $1`,
		p.ID, p.Slug, p.Name["id"], p.Name["en"], string(p.Basis), string(p.Status), encode(p.Fields), p.Script["id"], p.Script["en"], p.Notice, tx.Now().UnixMicro(), p.Order)
	if db.IsUnique(err) {
		return errs.Wrap(errs.Conflict, "purpose.exists", err)
	}
	return err
}

// encode writes the fields as JSON; maps of strings cannot fail, and their keys come out
// sorted, so that the same fields are the same text.
func encode(fields map[gate.Verb][]string) string {
	if fields == nil {
		return "{}"
	}
	text, _ := json.Marshal(fields)
	return string(text)
}

// Get reads one purpose; purpose.unknown when there is none.
func (r *Register) Get(tx *db.Tx, id string) (Purpose, error) { return r.one(tx, `id = $1`, id) }

// Bearing reads a purpose by its controller and slug; purpose.unknown when there is none.
func (r *Register) Bearing(tx *db.Tx, controller, slug string) (Purpose, error) {
	return r.one(tx, `controller = $1 and slug = $2`, controller, slug)
}

// lastPlace is the highest place in a controller's list; 0 when it has none.
func lastPlace(tx *db.Tx, controller string) (n int, err error) {
	err = tx.Data.Row(`select coalesce(max(place), 0) from purpose_purpose where controller = $1`, controller).Scan(&n)
	return n, err
}

// List reads a controller's purposes, or every controller's when controller is empty, by
// controller and in their order.
func (r *Register) List(tx *db.Tx, controller string) ([]Purpose, error) {
	where, args := ``, []any(nil)
	if controller != "" {
		where, args = ` where controller = $1`, []any{controller}
	}
	var out []Purpose
	err := tx.Data.Rows(`select `+purposeColumns+` from purpose_purpose`+where+` order by controller, place, slug`, args, func(row db.Row) error {
		p, err := scanPurpose(row)
		out = append(out, p)
		return err
	})
	return out, err
}

// Facts are what the gate asks about a purpose: one row. A purpose that does not exist is
// no error: Found is false.
func (r *Register) Facts(tx *db.Tx, id string) (gate.PurposeFacts, error) {
	k, err := keptFacts.Get(tx, id)
	if err != nil || !k.Found {
		return k.PurposeFacts, err
	}
	c, err := r.compiled(k.fields)
	if err != nil {
		return gate.PurposeFacts{}, err
	}
	k.Uses, k.Listed = c.uses, c.listed
	return k.PurposeFacts, nil
}

// facts are a purpose's facts with the text of its fields.
type facts struct {
	gate.PurposeFacts
	fields string
}

var keptFacts = db.Keep(db.StoreData, 1000, func(tx *db.Tx, id string) (facts, error) {
	f := facts{PurposeFacts: gate.PurposeFacts{Found: true}}
	var status string
	err := tx.Data.Row(`select controller, slug, basis, status, fields from purpose_purpose where id = $1`, id).
		Scan(&f.Controller, &f.Slug, &f.Basis, &status, &f.fields)
	if errors.Is(err, db.ErrNoRows) {
		return facts{}, nil
	}
	f.Active = Status(status) == Active
	return f, err
}, "purpose_purpose")

// compiled remembers what the text of a purpose's fields says. The key is the text
// itself, so what is remembered cannot be out of date.
func (r *Register) compiled(text string) (compiled, error) {
	if c, ok := r.parsed.Load(text); ok {
		return c.(compiled), nil
	}
	var fields map[gate.Verb][]string
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return nil, errs.Wrap(errs.Internal, "purpose.damaged", err)
	}
	c := compile(fields)
	if r.kept.Add(1) > 1000 { // a register has dozens of purposes; this is for one that is rewritten all day
		r.parsed.Clear()
		r.kept.Store(0)
	}
	r.parsed.Store(text, c)
	return c, nil
}

// Controllers lists all controllers by slug.
func (r *Register) Controllers(tx *db.Tx) ([]Controller, error) {
	var out []Controller
	err := tx.Data.Rows(`select id, slug, name from purpose_controller order by slug`, nil, func(row db.Row) error {
		var c Controller
		err := row.Scan(&c.ID, &c.Slug, &c.Name)
		out = append(out, c)
		return err
	})
	return out, err
}

// Controller reads one; purpose.controller_unknown when there is none.
func (r *Register) Controller(tx *db.Tx, id string) (Controller, error) {
	c := Controller{ID: id}
	err := tx.Data.Row(`select slug, name from purpose_controller where id = $1`, id).Scan(&c.Slug, &c.Name)
	if errors.Is(err, db.ErrNoRows) {
		return Controller{}, errs.New(errs.NotFound, "purpose.controller_unknown")
	}
	return c, err
}

func insertController(tx *db.Tx, c Controller) error {
	_, err := tx.Data.Exec(`insert into purpose_controller (id, slug, name, created_at) values ($1, $2, $3, $4)`, c.ID, c.Slug, c.Name, tx.Now().UnixMicro())
	if db.IsUnique(err) {
		return errs.Wrap(errs.Conflict, "purpose.controller_exists", err)
	}
	return err
}

func insertNotice(tx *db.Tx, n Notice) error {
	_, err := tx.Data.Exec(`insert into purpose_notice (id, purpose, version, text_id, text_en, published_at) values ($1, $2, $3, $4, $5, $6)`,
		n.ID, n.Purpose, n.Version, n.Text["id"], n.Text["en"], n.PublishedAt.UnixMicro())
	return err
}

// Notices lists a purpose's notice versions, newest first.
func (r *Register) Notices(tx *db.Tx, purpose string) ([]Notice, error) {
	var out []Notice
	err := tx.Data.Rows(`select id, version, text_id, text_en, published_at from purpose_notice where purpose = $1 order by version desc`, []any{purpose}, func(row db.Row) error {
		n := Notice{Purpose: purpose}
		var textID, textEN string
		var at int64
		err := row.Scan(&n.ID, &n.Version, &textID, &textEN, &at)
		n.Text = map[string]string{"id": textID, "en": textEN}
		n.PublishedAt = time.UnixMicro(at).UTC()
		out = append(out, n)
		return err
	})
	return out, err
}
