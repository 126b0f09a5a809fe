package purpose

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
)

// Log is the part of audit.Log that the register uses.
type Log interface {
	Append(tx *db.Tx, e audit.Entry) (*audit.Pending, error)
}

// Setup is the name of the machine duty that may write the register besides the data
// protection officer: the first filling of a new data folder, started on the server's
// own terminal.
const Setup = "setup"

// Register keeps controllers, purposes and notices.
type Register struct {
	db        *db.DB
	log       Log
	catalogue *catalog.Catalogue

	parsed sync.Map // text of a purpose's fields -> compiled
	kept   atomic.Int64
}

// New makes a Register on a database, a log and the catalogue of fields.
func New(d *db.DB, log Log, c *catalog.Catalogue) *Register {
	return &Register{db: d, log: log, catalogue: c}
}

// mayWrite refuses everybody but the data protection officer and the set-up.
func mayWrite(a actor.Actor) error {
	if a.Is(actor.DPO) || a.Kind() == actor.Duty && a.ID() == Setup {
		return nil
	}
	return errs.New(errs.Denied, "purpose.dpo_only")
}

// mine keeps the register of one controller from the DPO of another: to him it is as unknown as one that does not exist.
func mine(a actor.Actor, controller, unknown string) error {
	if a.IsStaff() && !a.Serves(controller) {
		return errs.New(errs.NotFound, unknown)
	}
	return nil
}

// own is Get for a change.
func (r *Register) own(tx *db.Tx, a actor.Actor, purpose string) (Purpose, error) {
	p, err := r.Get(tx, purpose)
	if err == nil {
		err = mine(a, p.Controller, "purpose.unknown")
	}
	return p, err
}

func (r *Register) note(tx *db.Tx, a actor.Actor, action string, p Purpose, ref string, fields []string) error {
	_, err := r.log.Append(tx, audit.Entry{Action: action, Decision: audit.Done, Actor: a, Purpose: p.ID, Controller: p.Controller, Ref: ref, Fields: fields})
	return err
}

// AddController registers a controller. The slug is for files and command lines
// (lower-case letters, digits, underscores), the name is what customers are told.
func (r *Register) AddController(tx *db.Tx, a actor.Actor, slug, name string) (Controller, error) {
	if err := mayWrite(a); err != nil {
		return Controller{}, err
	}
	c := Controller{ID: id.NewAt(id.Controller, tx.Now()), Slug: slug, Name: strings.TrimSpace(name)}
	if !slugForm.MatchString(slug) {
		return Controller{}, errs.New(errs.Invalid, "purpose.slug")
	}
	if c.Name == "" || len(c.Name) > maxName {
		return Controller{}, errs.New(errs.Invalid, "purpose.text").With("field", "name").With("max", maxName)
	}
	if err := insertController(tx, c); err != nil {
		return Controller{}, err
	}
	return c, r.note(tx, a, "purpose.controller", Purpose{Controller: c.ID}, c.ID, nil)
}

// Propose writes a draft of a new purpose. It fills in the id and the status, and without
// an order the place after the last.
func (r *Register) Propose(tx *db.Tx, a actor.Actor, p Purpose) (Purpose, error) {
	if err := mayWrite(a); err != nil {
		return Purpose{}, err
	}
	if err := p.check(r.catalogue); err != nil {
		return Purpose{}, err
	}
	if err := mine(a, p.Controller, "purpose.controller_unknown"); err != nil {
		return Purpose{}, err
	}
	if _, err := r.Controller(tx, p.Controller); err != nil {
		return Purpose{}, err
	}
	if p.Order == 0 {
		last, err := lastPlace(tx, p.Controller)
		if err != nil {
			return Purpose{}, err
		}
		p.Order = min(last+1, maxOrder)
	}
	p.ID, p.Status, p.Notice, p.UpdatedAt = id.NewAt(id.Purpose, tx.Now()), Draft, 0, tx.Now()
	if err := insertPurpose(tx, p); err != nil {
		return Purpose{}, err
	}
	return p, r.note(tx, a, "purpose.proposed", p, "", p.AllFields())
}

// Revise changes a purpose: everything of a draft; names, script, fields and order of an active
// one, from this transaction on; nothing of a retired one.
func (r *Register) Revise(tx *db.Tx, a actor.Actor, p Purpose) (Purpose, error) {
	if err := mayWrite(a); err != nil {
		return Purpose{}, err
	}
	old, err := r.own(tx, a, p.ID)
	if err != nil {
		return Purpose{}, err
	}
	if err := p.check(r.catalogue); err != nil {
		return Purpose{}, err
	}
	if old.Status == Retired {
		return Purpose{}, errs.New(errs.Conflict, "purpose.retired")
	}
	if old.Status == Active && (p.Slug != old.Slug || p.Basis != old.Basis) {
		return Purpose{}, errs.New(errs.Conflict, "purpose.fixed")
	}
	if p.Order == 0 {
		p.Order = old.Order
	}
	p.Controller, p.Status, p.Notice, p.UpdatedAt = old.Controller, old.Status, old.Notice, tx.Now()
	if err := updatePurpose(tx, p); err != nil {
		return Purpose{}, err
	}
	return p, r.note(tx, a, "purpose.revised", p, "", p.AllFields())
}

// PublishNotice adds the next version of a purpose's notice, in Indonesian and English.
// Consents given from now on name this version.
func (r *Register) PublishNotice(tx *db.Tx, a actor.Actor, purpose string, text map[string]string) (Notice, error) {
	if err := mayWrite(a); err != nil {
		return Notice{}, err
	}
	p, err := r.own(tx, a, purpose)
	if err != nil {
		return Notice{}, err
	}
	if p.Status == Retired {
		return Notice{}, errs.New(errs.Conflict, "purpose.retired")
	}
	if err := both("notice", text, maxNotice); err != nil {
		return Notice{}, err
	}
	n := Notice{ID: id.NewAt(id.Notice, tx.Now()), Purpose: p.ID, Version: p.Notice + 1, Text: text, PublishedAt: tx.Now()}
	if err := insertNotice(tx, n); err != nil {
		return Notice{}, err
	}
	p.Notice = n.Version
	if err := updatePurpose(tx, p); err != nil {
		return Notice{}, err
	}
	return n, r.note(tx, a, "purpose.notice", p, n.ID, nil)
}

// Publish makes a draft active. It needs a published notice.
func (r *Register) Publish(tx *db.Tx, a actor.Actor, purpose string) error {
	return r.move(tx, a, purpose, Draft, Active, "purpose.published")
}

// Retire ends a draft or an active purpose at once and for good.
func (r *Register) Retire(tx *db.Tx, a actor.Actor, purpose string) error {
	return r.move(tx, a, purpose, "", Retired, "purpose.retired")
}

func (r *Register) move(tx *db.Tx, a actor.Actor, purpose string, from, to Status, action string) error {
	if err := mayWrite(a); err != nil {
		return err
	}
	p, err := r.own(tx, a, purpose)
	if err != nil {
		return err
	}
	if p.Status == Retired || from != "" && p.Status != from {
		return errs.New(errs.Conflict, "purpose.not_"+string(to))
	}
	if to == Active && p.Notice == 0 {
		return errs.New(errs.Conflict, "purpose.no_notice")
	}
	p.Status = to
	if err := updatePurpose(tx, p); err != nil {
		return err
	}
	return r.note(tx, a, action, p, "", p.AllFields())
}

// LoadExample registers the shipped example register (example.yaml) for a controller:
// purposes with scripts and notices, published. What is already there by its slug is left
// as it is. It returns the controller's active purposes of the example.
func (r *Register) LoadExample(tx *db.Tx, a actor.Actor, controller string) ([]Purpose, error) {
	list, err := Example()
	if err != nil {
		return nil, err
	}
	var out []Purpose
	for _, e := range list {
		p, err := r.Bearing(tx, controller, e.Purpose.Slug)
		if errs.KindOf(err) == errs.NotFound {
			p, err = r.publishNew(tx, a, controller, e)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return slices.DeleteFunc(out, func(p Purpose) bool { return p.Status != Active }), nil
}

func (r *Register) publishNew(tx *db.Tx, a actor.Actor, controller string, e Entry) (Purpose, error) {
	e.Purpose.Controller = controller
	p, err := r.Propose(tx, a, e.Purpose)
	if err == nil {
		_, err = r.PublishNotice(tx, a, p.ID, e.Notice)
	}
	if err == nil {
		err = r.Publish(tx, a, p.ID)
	}
	if err != nil {
		return Purpose{}, err
	}
	return r.Get(tx, p.ID)
}
