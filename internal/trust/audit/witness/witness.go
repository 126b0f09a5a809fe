// Package witness is the other side of the log's witnessing: a server that another
// administrator (the DPO, a parent company, the regulator) runs for logs whose keys he was
// given. It keeps one number and one hash per log, in one file, and cosigns a checkpoint only
// if it continues what it cosigned before (C2SP tlog-witness). So whoever rules the log's
// server and its key still cannot rewrite what a witness has seen.
//
// It promises that the state is durable before a cosignature leaves, and refuses to begin
// anew over a state file it cannot read: forgetting is the one thing a witness must not do.
// It holds no personal data and knows nothing of entries. The client is in trust/audit.
package witness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/proof"
)

// Server is a witness.
type Server struct {
	name   string
	signer audit.Signer
	logs   *proof.Policy
	clock  func() time.Time
	file   string
	unlock func()

	mu    sync.Mutex // checking and keeping are one step
	state map[string]witnessed
}

type witnessed struct {
	Size int64      `json:"size"`
	Root proof.Hash `json:"root"`
}

// Open opens the state file, which is made if it does not exist; only one process
// may have it open. name is the witness's key name, such as "dpo.example.co.id"; logs are
// the verifier keys of the logs it serves.
func Open(file, name string, signer audit.Signer, logs []string, clock func() time.Time) (*Server, error) {
	if !proof.IsToken(name) {
		return nil, errs.New(errs.Invalid, "audit.bad_name")
	}
	text := "quorum none\n"
	for _, k := range logs {
		text += "log " + k + "\n"
	}
	p, err := proof.ParsePolicy([]byte(text))
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "audit.key_unreadable", err)
	}
	w := &Server{name: name, signer: signer, logs: p, clock: clock, file: file, state: map[string]witnessed{}}
	lock, err := os.OpenFile(file+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "audit.witness_file", err)
	}
	w.unlock = func() { _ = lock.Close() }
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		w.unlock()
		return nil, errs.Wrap(errs.Conflict, "audit.witness_in_use", err)
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &w.state)
	}
	if err != nil {
		// Beginning anew would forget what was cosigned, which is all a witness is for.
		w.unlock()
		return nil, errs.Wrap(errs.Unavailable, "audit.witness_file", err)
	}
	return w, nil
}

// Close lets go of the state file.
func (w *Server) Close() { w.unlock() }

// Key is the line that the log's operator writes into his policy: the verifier key.
func (w *Server) Key() string { return proof.WitnessKey(w.name, w.signer.Public()) }

const maxRequest = 64 << 10

// ServeHTTP answers POST /add-checkpoint.
func (w *Server) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/add-checkpoint" {
		http.NotFound(rw, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxRequest))
	if err != nil {
		http.Error(rw, "request too large", http.StatusRequestEntityTooLarge)
		return
	}
	status, kind, answer := w.add(body)
	rw.Header().Set("Content-Type", kind)
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	rw.WriteHeader(status)
	_, _ = rw.Write(answer)
}

const plainText = "text/plain; charset=utf-8"

func (w *Server) add(body []byte) (status int, kind string, answer []byte) {
	refuse := func(status int, why string) (int, string, []byte) { return status, plainText, []byte(why + "\n") }
	a, err := proof.ParseAddCheckpoint(body)
	if err != nil {
		return refuse(http.StatusBadRequest, "malformed request")
	}
	if _, err := proof.ParseCheckpoint(string(a.Checkpoint)); err != nil {
		return refuse(http.StatusBadRequest, "malformed checkpoint")
	}
	c, err := w.logs.Open(a.Checkpoint)
	if errors.Is(err, proof.ErrOrigin) {
		return refuse(http.StatusNotFound, "unknown log")
	}
	if err != nil {
		return refuse(http.StatusForbidden, "not signed by the log")
	}
	if a.Old > c.Size {
		return refuse(http.StatusBadRequest, "old size is larger than the checkpoint")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	have := w.state[c.Origin]
	conflict := func() (int, string, []byte) {
		return http.StatusConflict, proof.SizeType, []byte(strconv.FormatInt(have.Size, 10) + "\n")
	}
	if a.Old != have.Size {
		return conflict()
	}
	if have.Size == c.Size && have.Size > 0 && have.Root != c.Root {
		return conflict()
	}
	if !proof.Consistent(have.Size, have.Root, c.Size, c.Root, a.Hashes) {
		return refuse(http.StatusUnprocessableEntity, "the consistency proof does not hold")
	}
	signed, err := note.Sign(&note.Note{Text: c.Text()}, proof.WitnessSigner(w.name, w.signer.Public(), w.signer.Sign, w.clock))
	if err != nil {
		return refuse(http.StatusInternalServerError, "cannot sign")
	}
	if err := w.keep(c.Origin, witnessed{c.Size, c.Root}); err != nil {
		return refuse(http.StatusInternalServerError, "cannot write the state")
	}
	_, lines, _ := bytes.Cut(signed, []byte("\n\n"))
	return http.StatusOK, plainText, lines
}

// keep writes the state durably before the cosignature leaves.
func (w *Server) keep(origin string, s witnessed) error {
	next := map[string]witnessed{origin: s}
	for k, v := range w.state {
		if k != origin {
			next[k] = v
		}
	}
	data, _ := json.MarshalIndent(next, "", "  ") // strings and numbers: cannot fail
	if err := writeDurably(w.file, data); err != nil {
		return err
	}
	w.state = next
	return nil
}

// writeDurably replaces a file such that after a crash it is the old or the new one.
func writeDurably(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".witness-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	dir, err := os.Open(filepath.Dir(path))
	return errors.Join(err, dir.Sync(), dir.Close()) // without a folder the last two fail as well
}

// Serve answers requests on a listener until ctx ends.
func (w *Server) Serve(ctx context.Context, ln net.Listener) error {
	s := &http.Server{Handler: w, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = s.Shutdown(grace)
	})
	defer stop()
	if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
