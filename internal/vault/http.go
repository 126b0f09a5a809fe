package vault

import (
	"context"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/web"
)

func (v *Vault) routes(rt *web.Router) {
	access := web.Access{Scope: Scope, Alone: true}
	web.Operation(rt, web.Op{
		Method: "POST", Path: "/customers", Summary: "Create a customer", Access: access, Status: 201, Idempotent: true,
	}, v.postCustomer)
	web.Operation(rt, web.Op{
		Method: "PATCH", Path: "/customers/{customer}", Summary: "Replace values of a customer", Access: access, Idempotent: true,
	}, v.patchCustomer)
}

type valueBody struct {
	Field        string     `json:"field" maxLength:"64" doc:"Name of a field in the catalogue"`
	Value        string     `json:"value" maxLength:"4096" doc:"The value; empty to empty the field"`
	RegisteredAt *time.Time `json:"registered_at,omitempty" doc:"Contacts: since when the customer is known by it; not in the future. Without it the contact proves nothing. Of an existing customer, a contact that is new counts from the time of the change whatever is said here, and one that stays keeps its day, which this can only make later"`
}

func inputs(values []valueBody) []Input {
	out := make([]Input, len(values))
	for i, b := range values {
		out[i] = Input{Field: b.Field, Value: b.Value}
		if b.RegisteredAt != nil {
			out[i].RegisteredAt = *b.RegisteredAt
		}
	}
	return out
}

type createInput struct {
	Body struct {
		Controller string      `json:"controller" maxLength:"64" doc:"Whose customer it is (ctl_…)"`
		Purpose    string      `json:"purpose" maxLength:"64" doc:"What the data is collected for (pur_…); it must list every field"`
		Values     []valueBody `json:"values" minItems:"1" maxItems:"100"`
	}
}

type customerOutput struct {
	Body customerBody
}

type customerBody struct {
	Customer string   `json:"customer" doc:"Id of the customer (sub_…)"`
	Version  int64    `json:"version"`
	Fields   []string `json:"fields" doc:"Names of the fields that were written"`
}

func output(out Outcome) *customerOutput {
	return &customerOutput{Body: customerBody{Customer: out.Subject, Version: out.Version, Fields: out.Changed}}
}

func (v *Vault) postCustomer(ctx context.Context, c web.Call, in *createInput) (*customerOutput, error) {
	out, err := v.Create(ctx, c.Actor, NewCustomer{
		Controller: in.Body.Controller, Purpose: in.Body.Purpose, Values: inputs(in.Body.Values), Source: c.Actor.ClientID(),
		Settle: func(tx *db.Tx, out Outcome) error { return c.Settle(tx, output(out)) },
	})
	return answer(out, err)
}

type changeInput struct {
	Customer string `path:"customer" maxLength:"64"`
	Body     struct {
		Purpose string      `json:"purpose" maxLength:"64" doc:"What the data is collected for (pur_…)"`
		Version int64       `json:"version,omitempty" minimum:"0" doc:"The version last seen; a customer changed since is refused"`
		Values  []valueBody `json:"values" minItems:"1" maxItems:"100" doc:"All values of each field that is named; other fields stay"`
	}
}

func (v *Vault) patchCustomer(ctx context.Context, c web.Call, in *changeInput) (*customerOutput, error) {
	out, err := v.Update(ctx, c.Actor, Change{
		Subject: in.Customer, Purpose: in.Body.Purpose, Version: in.Body.Version, Values: inputs(in.Body.Values), Source: c.Actor.ClientID(),
		Settle: func(tx *db.Tx, out Outcome) error { return c.Settle(tx, output(out)) },
	})
	return answer(out, err)
}

// answer makes a refusal the error of the request, now that its entry is committed.
func answer(out Outcome, err error) (*customerOutput, error) {
	if err != nil {
		return nil, err
	}
	if out.Refusal != nil {
		return nil, out.Refusal
	}
	return output(out), nil
}
