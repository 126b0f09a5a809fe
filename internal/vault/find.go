package vault

import (
	"slices"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/catalog"
)

// Query is what a customer is looked up by: one field and what the caller said. BirthDate
// narrows a search by name.
type Query struct {
	Field     string
	Value     string
	BirthDate string // any form the catalogue takes for dates; "" if not asked
}

// MaxHits is the most that one look-up returns. Screens show fewer.
const MaxHits = 50

// Find looks a customer up at one controller; several hits are given as several. It opens
// nothing. Finding nobody is no error. The caller has asked its gate (verb search) in the
// same transaction.
//
// A value that does not fit its field is refused with the catalogue's code, a field that
// cannot be looked up with vault.not_searchable, a name before the index is built with
// vault.names_warming.
func (v *Vault) Find(tx *db.Tx, controller string, q Query, limit int) (Hits, error) {
	limit = max(1, min(limit, MaxHits))
	f, ok := v.catalogue.Field(q.Field)
	if !ok || f.Index == catalog.None {
		return Hits{}, errs.New(errs.Invalid, "vault.not_searchable")
	}
	if q.BirthDate != "" && f.Name != v.names.nameField {
		return Hits{}, errs.New(errs.Invalid, "vault.not_searchable")
	}
	key, err := f.Key(q.Value)
	if err != nil {
		return Hits{}, err
	}
	var found Hits
	switch f.Index {
	case catalog.Unique:
		found, err = v.findUnique(tx, controller, f, key)
	case catalog.Exact:
		found, err = v.findExact(tx, controller, f, key, limit)
	default:
		if f.Name != v.names.nameField {
			return Hits{}, errs.New(errs.Invalid, "vault.not_searchable") // a birth date alone names nobody
		}
		found, err = v.findName(controller, key, q.BirthDate, limit)
	}
	if err != nil {
		return Hits{}, err
	}
	return v.standing(tx, controller, found)
}

func (v *Vault) findUnique(tx *db.Tx, controller string, f catalog.Field, key string) (Hits, error) {
	for _, mac := range v.macs(controller, f, key) {
		subject, err := holder(tx, controller, mac)
		if err != nil {
			return Hits{}, err
		}
		if subject != "" {
			return Hits{List: []Hit{{Subject: subject, Fields: []string{f.Name}, Score: 100}}}, nil
		}
	}
	return Hits{}, nil
}

func (v *Vault) findExact(tx *db.Tx, controller string, f catalog.Field, key string, limit int) (Hits, error) {
	// one customer may hold a number in several fields
	var list []Hit
	for _, mac := range v.macs(controller, f, key) {
		some, err := holders(tx, controller, mac, 4*limit+1)
		if err != nil {
			return Hits{}, err
		}
		for _, h := range some {
			if !slices.ContainsFunc(list, func(o Hit) bool { return o.Subject == h.Subject }) {
				list = append(list, h)
			}
		}
	}
	if f.Name == CaseField && v.cases != nil {
		subjects, err := v.cases(tx, controller, key)
		if err != nil {
			return Hits{}, err
		}
		for _, s := range subjects {
			if !slices.ContainsFunc(list, func(h Hit) bool { return h.Subject == s }) {
				list = append(list, Hit{Subject: s, Fields: []string{CaseField}, Score: 100})
			}
		}
	}
	more := len(list) > limit
	return Hits{List: list[:min(limit, len(list))], More: more}, nil
}

// CaseField is the field of case references of other systems, which interactions carry too.
const CaseField = "case_reference"

func (v *Vault) findName(controller, key, birthDate string, limit int) (Hits, error) {
	born := uint32(0)
	if birthDate != "" {
		f, ok := v.catalogue.Field(v.names.dateField)
		if !ok {
			return Hits{}, errs.New(errs.Invalid, "vault.not_searchable")
		}
		form, err := f.Key(birthDate)
		if err != nil {
			return Hits{}, err
		}
		born = dayNumber(form)
	}
	return v.names.search(controller, key, born, limit)
}

// standing drops hits whose customer is gone: the index store is committed last, and the
// index in memory a moment after it.
func (v *Vault) standing(tx *db.Tx, controller string, found Hits) (Hits, error) {
	kept := found.List[:0]
	for _, h := range found.List {
		s, err := subjectByID(tx, h.Subject)
		if errs.KindOf(err) == errs.NotFound || err == nil && s.Controller != controller {
			continue
		}
		if err != nil {
			return Hits{}, err
		}
		kept = append(kept, h)
	}
	found.List = kept
	return found, nil
}
