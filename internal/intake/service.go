package intake

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/trust/keyring"
	"github.com/amanah-id/amanah/internal/vault"
)

// Options are what the room is made of.
type Options struct {
	DB        *db.DB
	Log       gate.Log
	Gate      *gate.Gate
	Keys      *keyring.Keyring
	Vault     *vault.Vault
	Catalogue *catalog.Catalogue
	// Resolve turns a controller's and a purpose's slug, or id, into their ids. When nil,
	// map files name ids.
	Resolve func(tx *db.Tx, controller, purpose string) (controllerID, purposeID string, err error)
	// Duty makes the actor of the duty of import, in whose name values are opened.
	Duty func(name string) actor.Actor
	// Malware checks a file before anything of it is stored; nil gives word that it is clean. When nil itself, nobody checks.
	Malware func(ctx context.Context, file io.Reader) error
}

// Service is the room's verbs.
type Service struct{ o Options }

// New makes a Service.
func New(o Options) *Service { return &Service{o} }

// Job is a file to be imported.
type Job struct {
	File io.ReadSeeker
	Size int64 // bytes, for progress
	Map  *Map  // of a customer file
	// Facts, instead of Map, says that the file is account history.
	Facts *FactMap
	// Progress, when set, is called after each chunk, from one goroutine at a time.
	Progress func(Progress)
}

const (
	// chunkRows is how many records one transaction takes: some 14 rows each, within the
	// writer's budget of 5 ms.
	chunkRows = 32
	// inFlight chunks wait for the writer at once, so that it commits several together.
	inFlight = 4
)

func (j Job) kind() string {
	if j.Facts != nil {
		return "history"
	}
	return "customers"
}

func (j Job) owner() (controller, purpose string) {
	if j.Facts != nil {
		return j.Facts.Controller, j.Facts.Purpose
	}
	return j.Map.Controller, j.Map.Purpose
}

// Import stores a file, or goes on with it where an interrupted import stopped. It ends
// with the run's totals; rejected records are no error (see WriteRejects). A refusal (the
// purpose does not collect a field, the actor may not import) is an error whose entry is
// in the log.
func (s *Service) Import(ctx context.Context, a actor.Actor, j Job) (Run, error) {
	if err := s.o.Vault.Indexed(ctx); err != nil {
		return Run{}, err
	}
	in, err := s.begin(ctx, a, j)
	if err != nil {
		return Run{}, err
	}
	if err := in.stream(ctx); err != nil {
		return in.run, err
	}
	return in.finish(ctx)
}

// importing is one import under way.
type importing struct {
	s    *Service
	a    actor.Actor
	j    Job
	run  Run
	work func(ctx context.Context, c *chunk) (Counts, error)

	reader   *reader
	layout   *layout
	facts    *factLayout
	dates    map[string]bool
	fields   []string
	done     map[int64]bool // chunks that an earlier attempt has stored
	seen     *seen
	duty     string
	mu       sync.Mutex
	progress Progress
}

// begin checks the header and the permission, and finds where to start.
func (s *Service) begin(ctx context.Context, a actor.Actor, j Job) (*importing, error) {
	in := &importing{s: s, a: a, j: j, done: map[int64]bool{}, duty: id.NewAt(id.Duty, s.o.DB.Now()), dates: s.dates(), seen: newSeen()}
	if err := in.open(); err != nil {
		return nil, err
	}
	mac, err := s.fingerprint(j)
	if err != nil {
		return nil, err
	}
	var controller, purpose string
	if err := s.o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		controller, purpose, err = s.resolve(tx, j)
		return err
	}); err != nil {
		return nil, err
	}
	if err := s.harmless(ctx, a, controller, j); err != nil {
		return nil, err
	}
	var refusal *errs.E
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		refusal, err = s.o.Vault.Permitted(tx, a, controller, purpose, in.fields)
		if err != nil {
			return err
		}
		if refusal != nil {
			return s.refused(tx, a, controller, refusal)
		}
		run, found, err := openRun(tx, j.kind(), controller, purpose, mac)
		if err != nil {
			return err
		}
		if !found {
			run = Run{ID: id.NewAt(id.Import, tx.Now()), Kind: j.kind(), Controller: controller, Purpose: purpose, StartedAt: tx.Now(), chunkRows: chunkRows}
			insertRun(tx, run, mac)
		}
		in.run = run
		return nil
	})
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		return nil, refusal
	}
	return in, in.resume(ctx)
}

// open reads the header.
func (in *importing) open() (err error) {
	delimiter := byte(0)
	if in.j.Map != nil {
		delimiter = in.j.Map.delimiter()
	} else {
		delimiter = in.j.Facts.delimiter()
	}
	if _, err = in.j.File.Seek(0, io.SeekStart); err != nil {
		return errs.Wrap(errs.Unavailable, "intake.read", err)
	}
	if in.reader, err = newReader(in.j.File, delimiter); err != nil {
		return err
	}
	head, err := in.reader.read()
	if err != nil {
		return headerError(err)
	}
	header := slices.Clone(head.Columns)
	if in.j.Facts != nil {
		in.facts, err = layFacts(in.j.Facts, header)
		in.fields, in.work = []string{vault.HistoryField}, in.storeFacts
		return err
	}
	in.layout, err = lay(in.j.Map, header)
	in.fields, in.work = in.j.Map.Fields(), in.storeCustomers
	return err
}

func headerError(err error) error {
	var f *fault
	switch {
	case errors.Is(err, io.EOF):
		return errs.New(errs.Invalid, "intake.empty")
	case errors.As(err, &f):
		return errs.New(errs.Invalid, f.Code).With("other", f.Last)
	}
	return err
}

// resume finds out what an earlier attempt has stored. It is read again, since what follows
// may repeat it, and not stored again.
func (in *importing) resume(ctx context.Context) error {
	var done []checkpoint
	if err := in.s.o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		done, err = doneChunks(tx, in.run.ID)
		return err
	}); err != nil {
		return err
	}
	for _, c := range done {
		in.progress.add(c.Counts)
		in.progress.Bytes = max(in.progress.Bytes, c.position)
		in.done[c.number] = true
	}
	in.progress.Size = in.j.Size
	return nil
}

// stream reads chunks and hands them to workers.
func (in *importing) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	chunks := make(chan *chunk)
	var workers sync.WaitGroup
	for range max(inFlight, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for c := range chunks {
				counts, err := in.work(ctx, c)
				if err != nil {
					cancel(err)
					continue
				}
				in.report(c, counts)
			}
		})
	}
	var failed error
	for number := int64(0); ; number++ {
		var c *chunk
		if c, failed = in.next(number); failed != nil || c == nil {
			break
		}
		if in.done[number] {
			continue
		}
		select {
		case chunks <- c:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(chunks)
	workers.Wait()
	if failed != nil {
		return failed
	}
	return context.Cause(ctx)
}

// next reads the next chunk; nil at the end of the file.
func (in *importing) next(number int64) (*chunk, error) {
	c := &chunk{number: number}
	for int64(len(c.rows)) < in.run.chunkRows {
		rec, err := in.reader.read()
		var f *fault
		switch {
		case errors.Is(err, io.EOF):
			if len(c.rows) == 0 {
				return nil, nil
			}
			return c, nil
		case errors.As(err, &f):
			r := row{line: f.Line, fault: f.Code}
			if f.Code == codeOpen {
				r.other = f.Last
			}
			c.rows = append(c.rows, r)
		case err != nil:
			return nil, err
		default:
			r := row{line: rec.Line, columns: slices.Clone(rec.Columns)}
			if in.layout != nil {
				in.layout.repeats(&r, in.seen, in.s.o.Catalogue)
			}
			c.rows = append(c.rows, r)
		}
		c.line, c.position = in.reader.line, in.reader.offset
	}
	return c, nil
}

func (in *importing) report(c *chunk, counts Counts) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.progress.add(counts)
	in.progress.Bytes = max(in.progress.Bytes, c.position)
	if in.j.Progress != nil {
		in.j.Progress(in.progress)
	}
}

// finish writes the totals from the checkpoints and drops those.
func (in *importing) finish(ctx context.Context) (Run, error) {
	err := in.s.o.DB.Write(ctx, func(tx *db.Tx) error {
		run, _, err := readRun(tx, in.run.ID)
		if err != nil {
			return err
		}
		in.run = run
		in.run.FinishedAt = tx.Now()
		if err := finishRun(tx, run.ID, run.Counts); err != nil {
			return err
		}
		_, err = in.s.o.Log.Append(tx, audit.Entry{
			Action: in.action() + ".done", Decision: audit.Done, Actor: in.a, Controller: run.Controller, Purpose: run.Purpose,
			Ref: run.ID, Count: run.Created + run.Changed, Fields: in.spelled(),
		})
		return err
	})
	for below, left := int64(500), true; err == nil && left; below += 500 {
		err = in.s.o.DB.Write(ctx, func(tx *db.Tx) (err error) {
			left, err = dropChunks(tx, in.run.ID, below)
			return err
		})
	}
	return in.run, err
}

func (in *importing) action() string {
	if in.j.Facts != nil {
		return "customer.import_history"
	}
	return "customer.import"
}

// spelled are the fields as far as the catalogue spells their names.
func (in *importing) spelled() []string {
	names := in.s.o.Catalogue.Names()
	return slices.DeleteFunc(slices.Clone(in.fields), func(f string) bool { return !slices.Contains(names, f) })
}

// refused enters a refusal. The controller that was named is entered only for who serves it.
func (s *Service) refused(tx *db.Tx, a actor.Actor, controller string, refusal *errs.E) error {
	e := audit.Entry{Action: "customer.import", Decision: audit.Denied, Reason: refusal.Code, Actor: a}
	if a.Serves(controller) {
		e.Controller = controller
	}
	_, err := s.o.Log.Append(tx, e)
	return err
}

// harmless has the whole file checked for malware, where somebody does that. A file that is not clean, or could not be checked, is
// refused with an entry.
func (s *Service) harmless(ctx context.Context, a actor.Actor, controller string, j Job) error {
	if s.o.Malware == nil {
		return nil
	}
	at, err := j.File.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = j.File.Seek(0, io.SeekStart)
	}
	if err != nil {
		return errs.Wrap(errs.Unavailable, "intake.read", err)
	}
	if err := s.o.Malware(ctx, reading{j.File}); err != nil {
		refusal := errs.Of(err)
		if err := s.o.DB.Write(ctx, func(tx *db.Tx) error { return s.refused(tx, a, controller, refusal) }); err != nil {
			return err
		}
		return refusal
	}
	if _, err := j.File.Seek(at, io.SeekStart); err != nil {
		return errs.Wrap(errs.Unavailable, "intake.read", err)
	}
	return nil
}

// reading gives a disk's errors the word that they have here.
type reading struct{ io.Reader }

func (r reading) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = errs.Wrap(errs.Unavailable, "intake.read", err)
	}
	return n, err
}

func (s *Service) resolve(tx *db.Tx, j Job) (string, string, error) {
	controller, purpose := j.owner()
	if s.o.Resolve == nil {
		return controller, purpose, nil
	}
	return s.o.Resolve(tx, controller, purpose)
}

// dates are the fields that are days, whose format a map may name.
func (s *Service) dates() map[string]bool {
	out := map[string]bool{}
	for _, f := range s.o.Catalogue.Fields() {
		if f.Normaliser == "date" {
			out[f.Name] = true
		}
	}
	return out
}

// fingerprint knows a file and its map again: a keyed hash over all of both.
func (s *Service) fingerprint(j Job) ([]byte, error) {
	const block = 1 << 20
	at, err := j.File.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = j.File.Seek(0, io.SeekStart)
	}
	text, failed := json.Marshal(struct {
		Map   *Map
		Facts *FactMap
	}{j.Map, j.Facts})
	mac := s.o.Keys.MAC("intake/file", text)
	for buffer := make([]byte, len(mac)+block); err == nil; { // each hash covers the one before it
		var n int
		n, err = io.ReadFull(j.File, buffer[len(mac):])
		copy(buffer, mac)
		mac = s.o.Keys.MAC("intake/file", buffer[:len(mac)+n])
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		_, err = j.File.Seek(at, io.SeekStart)
	}
	if err = errors.Join(err, failed); err != nil {
		return nil, errs.Wrap(errs.Unavailable, "intake.read", err)
	}
	return mac, nil
}

// Status reads an import; intake.not_found.
func (s *Service) Status(ctx context.Context, a actor.Actor, run string) (Run, error) {
	var out Run
	err := s.o.DB.Read(ctx, func(tx *db.Tx) error {
		r, found, err := readRun(tx, run)
		if err != nil {
			return err
		}
		if !found || a.Kind() != actor.Duty && !a.Serves(r.Controller) {
			return errs.New(errs.NotFound, "intake.not_found")
		}
		out = r
		return nil
	})
	return out, err
}
