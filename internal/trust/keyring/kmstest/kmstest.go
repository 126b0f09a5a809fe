// Package kmstest is the suite that every KMS adapter must pass, the ones we ship and the
// ones to come (PKCS#11, TPM, a cloud's). The keyring relies on each of these promises:
// what is wrapped comes back after a restart, with the same aad and the same key only;
// another aad, another key, one flipped bit, one byte too few or too many gives nothing
// and an error; the key says who it is; many may use it at once.
//
// An adapter's own test calls Run with a way to open the same KMS key again and again, as
// starts of the service do, and a way to open another key of the same kind. The suite
// wraps only keys of its own making and leaves nothing behind.
package kmstest

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// Run runs the suite. open opens the same key each time; other opens another one.
func Run(t *testing.T, open, other func(t *testing.T) keyring.KMS) {
	t.Helper()
	ctx := context.Background()
	key := bytes.Repeat([]byte{7}, 32)
	wrap := func(t *testing.T, k keyring.KMS, aad string) []byte {
		t.Helper()
		w, err := k.Wrap(ctx, []byte(aad), key)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	refuses := func(t *testing.T, k keyring.KMS, aad string, wrapped []byte) {
		t.Helper()
		if got, err := k.Unwrap(ctx, []byte(aad), wrapped); err == nil || got != nil {
			t.Errorf("got %d bytes and error %v; want nothing and an error", len(got), err)
		}
	}
	t.Run("what is wrapped comes back", func(t *testing.T) {
		k := open(t)
		for _, size := range []int{32, 36, 64} {
			in := bytes.Repeat([]byte{byte(size)}, size)
			w, err := k.Wrap(ctx, []byte("aad"), in)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(w, in[:8]) {
				t.Error("the wrapped key holds the key")
			}
			out, err := k.Unwrap(ctx, []byte("aad"), w)
			if err != nil || !bytes.Equal(out, in) {
				t.Errorf("size %d: another key came back (%v)", size, err)
			}
		}
	})
	t.Run("it comes back after a restart", func(t *testing.T) {
		w := wrap(t, open(t), "aad")
		if out, err := open(t).Unwrap(ctx, []byte("aad"), w); err != nil || !bytes.Equal(out, key) {
			t.Errorf("another key came back (%v)", err)
		}
	})
	t.Run("wrapping one key twice gives two texts", func(t *testing.T) {
		k := open(t)
		if bytes.Equal(wrap(t, k, "aad"), wrap(t, k, "aad")) {
			t.Error("the same text twice")
		}
	})
	t.Run("another aad opens nothing", func(t *testing.T) {
		k := open(t)
		w := wrap(t, k, "aad")
		for _, aad := range []string{"", "aa", "aad ", "Aad", "aad\x00"} {
			refuses(t, k, aad, w)
		}
		refuses(t, k, "aad", wrap(t, k, ""))
	})
	t.Run("another key opens nothing", func(t *testing.T) {
		refuses(t, other(t), "aad", wrap(t, open(t), "aad"))
	})
	t.Run("a flipped bit opens nothing", func(t *testing.T) {
		k := open(t)
		w := wrap(t, k, "aad")
		for i := range w {
			bad := bytes.Clone(w)
			bad[i] ^= 1
			refuses(t, k, "aad", bad)
		}
	})
	t.Run("a shortened or lengthened text opens nothing", func(t *testing.T) {
		k := open(t)
		w := wrap(t, k, "aad")
		for n := range w {
			refuses(t, k, "aad", w[:n])
		}
		refuses(t, k, "aad", append(bytes.Clone(w), 0))
	})
	t.Run("it says which key it is", func(t *testing.T) {
		a, err := open(t).KeyInfo(ctx)
		if err != nil {
			t.Fatal(err)
		}
		again, err := open(t).KeyInfo(ctx)
		if err != nil || a != again {
			t.Errorf("two starts give %+v and %+v (%v)", a, again, err)
		}
		b, err := other(t).KeyInfo(ctx)
		if err != nil || a.ID == b.ID {
			t.Errorf("two keys have one id (%v)", err)
		}
		if a.ID == "" || a.Adapter == "" || a.Algorithm == "" {
			t.Errorf("%+v is incomplete", a)
		}
	})
	t.Run("it is healthy", func(t *testing.T) {
		if err := open(t).Health(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Run("it may be used by many at once", func(t *testing.T) {
		k := open(t)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 20 {
					w, err := k.Wrap(ctx, []byte("aad"), key)
					if err != nil {
						t.Error(err)
						return
					}
					if out, err := k.Unwrap(ctx, []byte("aad"), w); err != nil || !bytes.Equal(out, key) {
						t.Errorf("another key came back (%v)", err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}
