package web

import (
	"context"
	"errors"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/web/idempotency"
	"github.com/amanah-id/amanah/internal/web/read"
)

// Schema is what the front desk stores: the answers kept for repeated requests.
func Schema() db.Schema { return idempotency.Schema() }

// Sealer seals those answers.
type Sealer = idempotency.Sealer

// once runs handle and, when that fails because an earlier request under this caller's
// Idempotency-Key has done it already, gives that request's answer.
func once[O any](ctx context.Context, s *Server, c *Call, st *state, handle func() (*O, error)) (*O, error) {
	key := st.request.Header.Get("Idempotency-Key")
	if key == "" {
		return handle()
	}
	if !idempotency.Fits(key) {
		return nil, read.Invalid(read.Fault{Location: "header.Idempotency-Key", Reason: "format"})
	}
	c.keep = s.answers.Request(string(c.Actor.Kind())+":"+c.Actor.ID()+":"+c.Actor.ClientID(), key,
		st.request.Method, st.request.URL.Path, st.request.URL.RawQuery, string(st.body))
	out, failed := handle()
	if failed == nil {
		if !c.keep.Done() {
			return nil, errs.Wrap(errs.Internal, "app.internal", errors.New("an Idempotent operation did not Settle"))
		}
		return out, nil
	}
	first := new(O)
	switch kept, err := c.keep.Kept(ctx, first); {
	case errors.Is(err, idempotency.ErrReused):
		return nil, errs.Wrap(errs.Invalid, "web.idempotency_reused", err)
	case err != nil:
		return nil, err
	case !kept:
		return nil, failed
	}
	st.writer.Header().Set("Idempotent-Replay", "true")
	return first, nil
}
