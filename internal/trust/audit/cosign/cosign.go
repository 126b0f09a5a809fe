// Package cosign shows a log's checkpoints to its witnesses and remembers how each stands.
//
// Witnesses are other administrators' machines that cosign a checkpoint after checking that
// the log only grew (C2SP tlog-witness). What they have seen cannot be rewritten any more
// without its showing, and a witness that has seen another log says so: that is an alarm.
// Disclosures never wait for a witness.
package cosign

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/proof"
)

// Witnesses says who cosigns; the zero value is nobody.
type Witnesses struct {
	// Policy lists the witnesses with their URLs and the quorum; nil means none.
	Policy *proof.Policy
	// Every is how often a changed log is shown to them; 0 means 10 seconds.
	Every time.Duration
	// Client makes the requests; nil means one with a timeout of 10 seconds.
	Client *http.Client
}

// List lists them.
func (w Witnesses) List() []proof.Witness {
	if w.Policy == nil {
		return nil
	}
	return w.Policy.Witnesses()
}

// Checkpoint is what is shown: a state with the note that signs it.
type Checkpoint struct {
	proof.Checkpoint
	Note []byte
}

// Consistency proves that a log at one size is the beginning of the log at another.
type Consistency func(ctx context.Context, origin string, old, size int64) ([]proof.Hash, error)

// Circle is what is known of the witnesses, in memory. The zero value knows none; New makes one.
type Circle struct {
	o      Witnesses
	mu     sync.Mutex
	asking sync.Mutex
	last   time.Time // of the last attempt
	states map[string]State
}

// New makes a circle of witnesses.
func New(o Witnesses) *Circle { return &Circle{o: o, states: map[string]State{}} }

// State is how one witness stands.
type State struct {
	Name string
	Size int64     // newest size it cosigned
	At   time.Time // when, by its own clock
	Code string    // what went wrong last; empty when all is well
	// Knows is how many entries it has seen, when its answer says that this log is another.
	Knows int64
}

// Alarm reports whether the witness has seen another log than this one: an older state was
// put back, or the log forked.
func (s State) Alarm() bool {
	return s.Code == "audit.witness_ahead" || s.Code == "audit.witness_disagrees"
}

// Alarm is the first witness's word that it has seen another log; one that cannot be reached is none.
func (c *Circle) Alarm() error {
	for _, s := range c.States() {
		if s.Alarm() {
			return errs.New(errs.Conflict, s.Code).With("size", s.Knows)
		}
	}
	return nil
}

// Codes are what may be wrong with a witness.
func Codes() []string {
	return []string{"audit.witness_ahead", "audit.witness_disagrees", "audit.witness_gone", "audit.witness_answer", "audit.witness_signature", "audit.witness_stranger"}
}

// Due reports whether it is time to ask, and notes that it was asked.
func (c *Circle) Due(now time.Time) bool {
	if len(c.o.List()) == 0 {
		return false
	}
	every := c.o.Every
	if every == 0 {
		every = 10 * time.Second
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.last) < every && !now.Before(c.last) {
		return false
	}
	c.last = now
	return true
}

// known is how a witness stood last. Its name is that of its key, which it gave itself.
func (c *Circle) known(of proof.Witness) State {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.states[of.Name]
	s.Name = of.Key.Name()
	return s
}

// set notes how a witness stands, and says so in the program's log when that has changed.
func (c *Circle) set(of proof.Witness, s State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.states[of.Name].Code
	c.states[of.Name] = s
	switch s.Code {
	case before:
	case "":
		slog.Info("witness cosigns again", slog.String("witness", s.Name))
	default:
		slog.Error("witness does not cosign", slog.String("witness", s.Name), slog.String("code", s.Code), slog.Int64("knows", s.Knows))
	}
}

// States are how the witnesses stand, in the order of the policy.
func (c *Circle) States() (list []State) {
	for _, w := range c.o.List() {
		list = append(list, c.known(w))
	}
	return list
}

// Show shows a checkpoint to every witness that has not cosigned it. It returns the note with
// the cosignatures that came, or nil when none did, and what failed.
func (c *Circle) Show(ctx context.Context, shown Checkpoint, consistency Consistency) (msg []byte, failed error) {
	c.asking.Lock()
	defer c.asking.Unlock()
	for _, w := range c.o.List() {
		s := c.known(w)
		if w.URL == "" || s.Size == shown.Size && s.Code == "" {
			continue
		}
		lines, err := c.ask(ctx, w, shown, s.Size, consistency)
		s.Code, s.Knows = "", 0
		if err == nil {
			if at, ok := w.Key.CosignedAt(shown.Note, lines); ok {
				s.Size, s.At = shown.Size, at
				if msg == nil {
					msg = bytes.Clone(shown.Note)
				}
				msg = append(msg, lines...)
			} else {
				err = errs.New(errs.Unavailable, "audit.witness_signature")
			}
		}
		if err != nil {
			e := errs.Of(err)
			s.Code = e.Code
			s.Knows, _ = e.Args["size"].(int64)
			failed = errors.Join(failed, err)
		}
		c.set(w, s)
	}
	return msg, failed
}

// ask makes one request, and a second one if the witness knows another size.
func (c *Circle) ask(ctx context.Context, w proof.Witness, shown Checkpoint, old int64, consistency Consistency) (lines []byte, err error) {
	for range 2 {
		hashes, err := consistency(ctx, shown.Origin, old, shown.Size)
		if err != nil {
			return nil, err
		}
		body, _ := proof.AddCheckpoint{Old: old, Hashes: hashes, Checkpoint: shown.Note}.MarshalText() // cannot fail
		status, answer, err := c.post(ctx, strings.TrimSuffix(w.URL, "/")+"/add-checkpoint", body)
		if err != nil {
			return nil, errs.Wrap(errs.Unavailable, "audit.witness_gone", err)
		}
		switch status {
		case http.StatusOK:
			return answer, nil
		case http.StatusConflict:
			knows, err := strconv.ParseInt(strings.TrimSuffix(string(answer), "\n"), 10, 64)
			switch {
			case err != nil || knows < 0:
				return nil, errs.New(errs.Unavailable, "audit.witness_answer")
			case knows > shown.Size:
				// The witness saw entries that are not here: this log was put back to an older state.
				return nil, errs.New(errs.Conflict, "audit.witness_ahead").With("size", knows)
			case knows == old:
				// Same size, another root.
				return nil, errs.New(errs.Conflict, "audit.witness_disagrees").With("size", knows)
			}
			old = knows
		case http.StatusUnprocessableEntity:
			return nil, errs.New(errs.Conflict, "audit.witness_disagrees").With("size", old)
		case http.StatusForbidden, http.StatusNotFound:
			return nil, errs.New(errs.Unavailable, "audit.witness_stranger")
		default:
			return nil, errs.New(errs.Unavailable, "audit.witness_answer").With("status", status)
		}
	}
	return nil, errs.New(errs.Unavailable, "audit.witness_answer")
}

func (c *Circle) post(ctx context.Context, url string, body []byte) (status int, answer []byte, err error) {
	client := c.o.Client
	if client == nil {
		client = &http.Client{Timeout: 10 * time.Second}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err = io.ReadAll(io.LimitReader(res.Body, 64<<10))
	return res.StatusCode, answer, err
}
