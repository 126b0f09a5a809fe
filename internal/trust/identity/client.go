package identity

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity/ticket"
)

// NewClient is what makes an API client.
type NewClient struct {
	Name        string // of the program, such as "CRM"; no person's name
	Scopes      []string
	Controllers []string
	Life        time.Duration // of its key; at most 366 days, 0 means 90 days
}

func checkClient(n *NewClient) error {
	n.Name = strings.Join(strings.Fields(n.Name), " ")
	if n.Life == 0 {
		n.Life = 90 * 24 * time.Hour
	}
	slices.Sort(n.Scopes)
	n.Scopes = slices.Compact(n.Scopes)
	switch {
	case n.Name == "" || utf8.RuneCountInString(n.Name) > 60 || strings.ContainsFunc(n.Name, unicode.IsControl):
		return errBadClient.With("field", "name")
	case len(n.Scopes) == 0 || slices.ContainsFunc(n.Scopes, func(s string) bool { return !slices.Contains(Scopes(), s) }):
		return errBadClient.With("field", "scopes")
	case len(n.Controllers) == 0 || !validControllers(n.Controllers):
		return errBadClient.With("field", "controllers")
	case n.Life < time.Hour || n.Life > maxClientLife:
		return errBadClient.With("field", "life")
	}
	return nil
}

func (s *Identity) insertClient(tx *db.Tx, client string, n NewClient, state ClientState, by actor.Actor) error {
	_, err := tx.Data.Exec(`insert into identity_client (id, name, scopes, controllers, state, key_sha, hint, requester, created_at, expires_at, used_at) values ($1, $2, $3, $4, $5, null, '', $6, $7, $8, 0)`,
		client, n.Name, strings.Join(n.Scopes, " "), strings.Join(n.Controllers, " "), string(state), by.ID(), tx.Now().UnixMicro(), tx.Now().Add(n.Life).UnixMicro())
	return err
}

// AskClient asks a second person for a new API client. After the approval, who asked issues
// the key (IssueKey).
func (s *Identity) AskClient(ctx context.Context, by actor.Actor, n NewClient, reason string) (client string, err error) {
	if err := checkClient(&n); err != nil {
		return "", err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := mayRun(tx, by); err != nil {
			return err
		}
		client = id.NewAt(id.Client, tx.Now())
		if err := s.insertClient(tx, client, n, ClientAsked, by); err != nil {
			return err
		}
		_, err := s.ask(tx, by, Question{Kind: DecideClient, Ref: client, Payload: map[string]string{"scopes": strings.Join(n.Scopes, " "), "controllers": strings.Join(n.Controllers, " ")}, Reason: reason})
		return err
	})
	return client, err
}

func (s *Identity) approveClient(tx *db.Tx, client string, _ map[string]string, by actor.Actor) error {
	return s.moveClient(tx, client, ClientAsked, ClientApproved, by, "client_approved")
}

func (s *Identity) refuseClient(tx *db.Tx, client string, _ map[string]string, by actor.Actor) error {
	return s.moveClient(tx, client, ClientAsked, ClientRevoked, by, "client_refused")
}

func (s *Identity) moveClient(tx *db.Tx, client string, from, to ClientState, by actor.Actor, action string) error {
	n, err := tx.Data.Exec(`update identity_client set state = $1 where id = $2 and state = $3`, string(to), client, string(from))
	if err != nil {
		return err
	}
	if n == 0 {
		return errState
	}
	return s.note(tx, by, action, client)
}

// CreateClient makes an API client and its key at once. by must be Terminal: on the console
// an API client takes two people (AskClient).
func (s *Identity) CreateClient(ctx context.Context, by actor.Actor, n NewClient) (client, key string, err error) {
	if err := checkClient(&n); err != nil {
		return "", "", err
	}
	if !onTerminal(by) {
		return "", "", errRole
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		client = id.NewAt(id.Client, tx.Now())
		if err := s.insertClient(tx, client, n, ClientApproved, by); err != nil {
			return err
		}
		key, err = s.issue(tx, by, client)
		return err
	})
	return client, key, err
}

// IssueKey makes the key of an approved API client. Only who asked for the client may, with
// a fresh second factor, and once: a lost key means a new client.
func (s *Identity) IssueKey(ctx context.Context, by actor.Actor, client string) (key string, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := mayRun(tx, by); err != nil {
			return err
		}
		row, err := keptClients.Get(tx, clientKey{id: client})
		if err != nil {
			return err
		}
		if row.Requester != by.ID() {
			return errRole
		}
		key, err = s.issue(tx, by, client)
		return err
	})
	return key, err
}

func (s *Identity) issue(tx *db.Tx, by actor.Actor, client string) (key string, err error) {
	key = ticket.New(ticket.Key)
	sha, _ := ticket.Parse(ticket.Key, key)
	n, err := tx.Data.Exec(`update identity_client set state = 'active', key_sha = $1, hint = $2 where id = $3 and state = 'approved' and expires_at > $4`,
		sha, key[len(key)-4:], client, tx.Now().UnixMicro())
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "", errState
	}
	return key, s.note(tx, by, "key_issued", client)
}

// RevokeClient ends an API client at once, whatever its state. An administrator, a DPO or
// security may, without a second person: taking access away is never the risky direction.
func (s *Identity) RevokeClient(ctx context.Context, by actor.Actor, client string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		switch {
		case !onTerminal(by) && !by.Is(actor.Admin, actor.DPO, actor.Security):
			return errRole
		case !fresh(tx, by):
			return errFresh
		}
		row, err := keptClients.Get(tx, clientKey{id: client})
		if err != nil {
			return err
		}
		if row.State == ClientRevoked {
			return errState
		}
		tx.Data.Queue(`update identity_client set state = 'revoked', key_sha = null where id = $1`, client)
		return s.note(tx, by, "client_revoked", client)
	})
}

// Client returns one API client.
func (s *Identity) Client(ctx context.Context, client string) (Client, error) {
	return keptClients.Read(ctx, s.db, clientKey{id: client})
}

// ListClients returns every API client, newest first.
func (s *Identity) ListClients(ctx context.Context) (out []Client, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Data.Rows(`select `+clientColumns+` from identity_client order by id desc`, nil, func(r db.Row) error {
			c, err := scanClient(r)
			out = append(out, c)
			return err
		})
	})
	return out, err
}

// clientByKey finds the live API client of a key and notes its use, at most once a minute.
func (s *Identity) clientByKey(ctx context.Context, key string) (Client, error) {
	sha, ok := ticket.Parse(ticket.Key, key)
	if !ok {
		return Client{}, errClientKey
	}
	at := clientKey{sha: [sha256.Size]byte(sha)}
	client, err := s.clients.Ask(at, func() (Client, error) { return keptClients.Read(context.WithoutCancel(ctx), s.db, at) })
	now := s.db.Now()
	if errors.Is(err, errNoClient) || err == nil && !client.live(now) {
		return Client{}, errClientKey
	}
	if err != nil {
		return Client{}, err
	}
	if now.Sub(client.Used) >= clientTouchEvery {
		err = s.db.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Data.Exec(`update identity_client set used_at = $1 where id = $2 and used_at < $1`, tx.Now().UnixMicro(), client.ID)
			return err
		})
	}
	return client, err
}
