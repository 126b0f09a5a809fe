// Package idempotency lets a caller repeat a request whose answer did not arrive. The request carries an
// Idempotency-Key of the caller's choosing; whoever sends the same request again under the same key gets
// the first answer, and nothing is done a second time.
//
// The answer is written in the transaction of the act it tells of (Request.Keep). So there is no moment
// at which one exists without the other: a crash before the commit has done nothing, and the repetition
// acts; after it, the repetition is answered. Nor is there a claim to be taken first and given back: the
// key of the row is unique, and of two requests that come at once the database lets one commit. The
// other's act is undone with its entry, and it reads the first one's answer (Request.Kept).
//
// What it promises for a day (ForgetEvery longer at most): one effect and one answer for each caller and key. It refuses a key that
// comes back with another request (ErrReused). A request that was refused or failed keeps
// nothing, so it may be corrected and sent under its key again. Who has lost the right since
// gets the first answer to a repetition too, beside an entry that says he was refused now.
//
// Keys and requests are kept as keyed hashes, answers sealed. An answer that holds values of customers
// must not be kept at all: to show one again is a new act, which needs its own decision and its own entry.
package idempotency

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"sync/atomic"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the one table of answers.
func Schema() db.Schema { return db.Schema{Room: "idempotency", FS: schema} }

const keepFor = 24 * time.Hour

// ForgetJob and ForgetEvery are when Forget is due: an answer outlives its day by so much at most.
const (
	ForgetJob   = "idempotency.forget"
	ForgetEvery = 10 * time.Minute
)

// MaxKey is the length of the longest key that is taken.
const MaxKey = 200

// ErrReused says that the key was used for another request.
var ErrReused = errors.New("idempotency: the key of another request")

// Sealer seals kept answers; app gives one made of keyring.
type Sealer interface {
	Seal(row string, plain []byte) ([]byte, error)
	Open(row string, sealed []byte) ([]byte, error)
}

// Keeper keeps the answers of one deployment.
type Keeper struct {
	DB     *db.DB
	MAC    func(name string, value []byte) []byte
	Sealer Sealer
}

// Request is one request under a key.
type Request struct {
	keeper  *Keeper
	key     []byte
	request []byte
	kept    atomic.Bool
}

// Fits reports whether a text may be a key: printable ASCII without spaces, and not too long.
func Fits(key string) bool {
	for i := range len(key) {
		if key[i] < 0x21 || key[i] > 0x7e {
			return false
		}
	}
	return key != "" && len(key) <= MaxKey
}

// Request names a request: by whom, under which key, and everything that makes it this request.
func (k *Keeper) Request(caller, key string, parts ...string) *Request {
	var all []byte
	for _, p := range parts {
		all = append(append(all, p...), 0)
	}
	return &Request{keeper: k, key: k.MAC("web/idempotency_key", []byte(caller+"\x00"+key)), request: k.MAC("web/idempotency_request", all)}
}

// row names the row in the seal, so that one answer cannot stand in for another.
func (r *Request) row() string { return string(r.key) }

var newAnswers = db.NewInsert(`insert into idempotency_answer (key_mac, request_mac, answer_sealed, expires_at)`, 4, "")

// Keep writes the answer in the transaction of the act. If the key has one already, the closure of tx
// fails, at the latest when it ends.
func (r *Request) Keep(tx *db.Tx, answer any) error {
	sealed, err := r.seal(answer)
	if err != nil {
		return err
	}
	tx.Data.QueueRows(newAnswers, r.key, r.request, sealed, tx.Now().Add(keepFor).UnixMicro())
	tx.AfterCommit(func() { r.kept.Store(true) })
	return nil
}

// Forget deletes the answers whose day is over.
func Forget(tx *db.Tx) error {
	_, err := tx.Data.Exec(`delete from idempotency_answer where expires_at < $1`, tx.Now().UnixMicro())
	return err
}

// Amend puts another answer in place of the one that Keep wrote in the same transaction: what is known only at its end.
func (r *Request) Amend(tx *db.Tx, answer any) error {
	sealed, err := r.seal(answer)
	if err == nil {
		tx.Data.Queue(`update idempotency_answer set answer_sealed = $2 where key_mac = $1`, r.key, sealed)
	}
	return err
}

func (r *Request) seal(answer any) ([]byte, error) {
	plain, err := json.Marshal(answer)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "app.internal", err)
	}
	return r.keeper.Sealer.Seal(r.row(), plain)
}

// Done reports whether Keep was committed.
func (r *Request) Done() bool { return r.kept.Load() }

// Kept reads the answer that the key has from an earlier request; false when there is none. The key of
// another request is ErrReused.
func (r *Request) Kept(ctx context.Context, answer any) (bool, error) {
	var request, sealed []byte
	err := r.keeper.DB.Read(ctx, func(tx *db.Tx) error {
		request, sealed = nil, nil
		return tx.Data.Row(`select request_mac, answer_sealed from idempotency_answer where key_mac = $1`, r.key).Scan(&request, &sealed)
	})
	switch {
	case errors.Is(err, db.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	case string(request) != string(r.request):
		return false, ErrReused
	}
	plain, err := r.keeper.Sealer.Open(r.row(), sealed)
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(plain, answer); err != nil {
		return false, errs.Wrap(errs.Internal, "app.internal", errors.New("kept answer does not fit the operation"))
	}
	return true, nil
}
