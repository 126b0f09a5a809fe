package command

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/amanah-id/amanah/internal/app/witness"
	"github.com/amanah-id/amanah/internal/kit/errs"
)

// The whole way: a new installation, a witness run by somebody else with the log's key, the installation started
// again with the witness's address and key, a checkpoint cosigned, and nothing left running at the end.
func TestAWitnessCosignsTheLogOfAnInstallationThatNamesIt(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	at := func(extra map[string]string) *cli {
		c := newCLI(strings.NewReader(""), io.Discard, io.Discard, nil)
		c.root()
		*c.settings["data"] = filepath.Join(dir, "data")
		for key, value := range extra {
			c.settings[key] = &value
		}
		return c
	}
	first := at(nil)
	cfg, err := first.load()
	if err != nil {
		t.Fatal(err)
	}
	h, err := first.found(ctx, cfg, "", false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	key := h.Audit.VerifierKey()
	if err := h.Close(ctx); err != nil {
		t.Fatal(err)
	}

	up := make(chan map[string]string, 1)
	watching, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- witness.Run(watching, witness.Options{State: filepath.Join(dir, "witness"), Name: "dpo.example", Address: "127.0.0.1:0", Logs: []string{key}, Clock: time.Now, Up: func(address, key string) {
			up <- map[string]string{"witness.url": "http://" + address, "witness.key": key}
		}})
	}()
	var settings map[string]string
	select {
	case settings = <-up:
	case <-ctx.Done():
		t.Fatal("the witness does not listen")
	}
	second := at(settings)
	if h, err = second.open(ctx, "", slog.New(slog.DiscardHandler), nil); err != nil {
		t.Fatal(err)
	}
	if err := h.AddControllers(ctx, []string{"niaga=PT Niaga"}); err != nil {
		t.Fatal(err)
	}
	if err := h.Audit.Sign(ctx); err != nil {
		t.Fatal(err)
	}
	if err := h.Audit.AskWitnesses(ctx); err != nil {
		t.Fatal(err)
	}
	if health := h.Audit.Health(); health.Witnessed == 0 || health.Unwitnessed != 0 {
		t.Errorf("after the witness was asked: %+v", health)
	}
	if err := h.Close(ctx); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}

	// A key that is none is refused at the start, and not silently left out.
	settings["witness.key"] = "nonsense"
	if _, err := at(settings).open(ctx, "", slog.New(slog.DiscardHandler), nil); errs.Of(err).Code != "config.value" {
		t.Errorf("a malformed witness key: %v", err)
	}
}
