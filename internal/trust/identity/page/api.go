package page

import (
	"context"
	"net/http"
	"time"

	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/web"
)

// signInInput signs a member of staff in for a program.
type signInInput struct {
	Body struct {
		Login    string `json:"login" maxLength:"64" doc:"Login of the member of staff"`
		Password string `json:"password" maxLength:"1024" doc:"Password"`
		Code     string `json:"code" maxLength:"64" doc:"Six-digit TOTP code, or a recovery code"`
	}
}

type signInOutput struct {
	Body struct {
		Token   string    `json:"token" doc:"Session token; give it as bearer, or in Amanah-On-Behalf-Of beside an API client's key"`
		Session string    `json:"session" doc:"Session id"`
		Staff   string    `json:"staff" doc:"Staff id"`
		Ends    time.Time `json:"ends" doc:"When the session ends at the latest; 15 minutes without a request end it before"`
	}
}

type sessionOutput struct {
	Body struct {
		Session      string    `json:"session" doc:"Session id; empty for an API client alone"`
		Staff        string    `json:"staff" doc:"Staff id; empty for an API client alone"`
		Role         string    `json:"role" doc:"Role of the member of staff"`
		Client       string    `json:"client" doc:"API client id, when one is in between"`
		Controllers  []string  `json:"controllers" doc:"Controllers whose customers may be served"`
		SecondFactor time.Time `json:"second_factor_at" doc:"When the second factor was last shown"`
	}
}

func (s *pages) operations(rt *web.Router) {
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: "/sessions", Summary: "Sign a member of staff in", Access: public, Status: http.StatusCreated, MaxBody: 8 << 10, Unkeyed: "a code of the second factor is good once"},
		func(ctx context.Context, c web.Call, in *signInInput) (*signInOutput, error) {
			from := identity.Place{Address: c.Address()}
			step, err := s.SignIn(ctx, in.Body.Login, in.Body.Password, from)
			if err != nil {
				return nil, err
			}
			signed, err := s.Finish(ctx, step.Token, identity.Shown{Code: in.Body.Code}, from, true)
			if err != nil {
				return nil, err
			}
			out := &signInOutput{}
			out.Body.Token, out.Body.Session, out.Body.Staff, out.Body.Ends = signed.Token, signed.Session, signed.Staff, signed.Ends
			return out, nil
		})
	scope := web.Access{Roles: actor.Roles(), Scope: identity.ScopeInteractions}
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: "/sessions/current", Summary: "Who acts", Access: web.Access{Roles: actor.Roles(), Scope: identity.ScopeInteractions, Alone: true}},
		func(_ context.Context, c web.Call, _ *struct{}) (*sessionOutput, error) {
			out := &sessionOutput{}
			out.Body.Session, out.Body.Role, out.Body.Client = c.Actor.Session(), string(c.Actor.Role()), c.Actor.ClientID()
			out.Body.Controllers, out.Body.SecondFactor = c.Actor.Controllers(), c.Actor.SecondFactorAt()
			if c.Actor.IsStaff() {
				out.Body.Staff = c.Actor.ID()
			}
			return out, nil
		})
	web.Operation(rt, web.Op{Method: http.MethodDelete, Path: "/sessions/current", Summary: "Sign out", Access: scope, Unkeyed: "a session ends once"},
		func(ctx context.Context, c web.Call, _ *struct{}) (*struct{}, error) {
			return nil, s.SignOut(ctx, c.Actor)
		})
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
