package app

import (
	"context"
	"strings"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/purpose"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/gate"
)

// registration is the purpose for which customers' data is taken in at all: without it no import could be allowed,
// because an import is a collection like any other. It reveals and compares nothing; the others do.
func registration(controller string) (purpose.Purpose, map[string]string) {
	return purpose.Purpose{
			Controller: controller, Slug: "registration", Basis: purpose.ByContract,
			Name: map[string]string{"id": "Pendaftaran pelanggan", "en": "Customer registration"},
			Fields: map[gate.Verb][]string{gate.Collect: {
				"name", "customer_number", "policy_number", "phone", "email", "address", "birth_date", "nik", "kk", "npwp", "mother_maiden_name",
				"account_number", "card_last_four", "health_note", "account_history",
			}},
			Script: map[string]string{
				"id": "Selamat datang di {company}, dengan {agent}. Saya bantu mencatat data pendaftaran Anda.",
				"en": "Welcome to {company}, {agent} speaking. I will take down your registration.",
			},
		}, map[string]string{
			"id": "Kami mencatat data Anda untuk membuat dan menjalankan perjanjian layanan (UU PDP pasal 20 ayat 2 huruf b). Data hanya dipakai untuk tujuan yang terdaftar, dan Anda dapat meminta salinan, perbaikan, atau penghapusannya.",
			"en": "We record your data to make and carry out the service agreement (UU PDP art. 20 (2) b). It is used for registered purposes only, and you may ask for a copy, a correction or its erasure.",
		}
}

// Controller finds a company's id by its slug.
func (h *House) Controller(tx *db.Tx, slug string) (string, error) {
	all, err := h.Purposes.Controllers(tx)
	if err != nil {
		return "", err
	}
	var known []string
	for _, c := range all {
		if c.Slug == slug {
			return c.ID, nil
		}
		known = append(known, c.Slug)
	}
	return "", errs.New(errs.NotFound, "app.controller_unknown").With("slugs", strings.Join(known, ", "))
}

// AddControllers registers the companies and gives each the example register of purposes, which its data protection
// officer then makes his own. Each is slug=Name.
func (h *House) AddControllers(ctx context.Context, list []string) error {
	setup := actor.NewDuty(purpose.Setup)
	for _, s := range list {
		slug, name, _ := strings.Cut(s, "=")
		err := h.DB.Write(ctx, func(tx *db.Tx) error {
			c, err := h.Purposes.AddController(tx, setup, slug, name)
			if err != nil {
				return err
			}
			// The example's purposes come first: calls are about them.
			if _, err = h.Purposes.LoadExample(tx, setup, c.ID); err != nil {
				return err
			}
			p, notice := registration(c.ID)
			if p, err = h.Purposes.Propose(tx, setup, p); err != nil {
				return err
			}
			if _, err = h.Purposes.PublishNotice(tx, setup, p.ID, notice); err != nil {
				return err
			}
			return h.Purposes.Publish(tx, setup, p.ID)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
