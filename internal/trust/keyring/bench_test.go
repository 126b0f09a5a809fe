package keyring

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
)

// record is a customer of ten fields of 100 bytes in their places.
func record() []Plain {
	var out []Plain
	for i := range 10 {
		out = append(out, Plain{
			Ref{Table: "vault_value", Column: "value_sealed/phone", Row: fmt.Sprintf("val_01k9xq3v7me8t0000z9w2h4r%02d", i), Subject: "sub_01k9xq3v7me8t0000z9w2h4r6n", Schema: 1},
			make([]byte, 100),
		})
	}
	return out
}

// BenchmarkSealRecord reports, of the same run, the floor (ten raw random-nonce
// AES-256-GCM calls with the same associated data, key in hand), our figure, and their
// ratio; DESIGN wants at most 1.5.
func BenchmarkSealRecord(b *testing.B) {
	k, key, plains, aads := benchRecord(b)
	c := must(key.k.open())
	var floor, ours time.Duration
	b.ReportAllocs()
	for b.Loop() {
		t0 := time.Now()
		for i := range plains {
			_ = c.aead.Seal(nil, nil, plains[i].Bytes, aads[i])
		}
		t1 := time.Now()
		if _, err := k.SealRecord(key, plains...); err != nil {
			b.Fatal(err)
		}
		floor += t1.Sub(t0)
		ours += time.Since(t1)
	}
	report(b, floor, ours)
}

// BenchmarkOpenRecord is the same for opening, the Receipt's spending included.
func BenchmarkOpenRecord(b *testing.B) {
	k, key, plains, aads := benchRecord(b)
	c := must(key.k.open())
	raw, in := make([][]byte, len(plains)), make([]Sealed, len(plains))
	out := must(k.SealRecord(key, plains...))
	for i := range plains {
		raw[i] = c.aead.Seal(nil, nil, plains[i].Bytes, aads[i])
		in[i] = Sealed{fmt.Sprint("field", i), plains[i].Ref, out[i]}
	}
	r := may(key.Subject(), fieldNames(in)...)
	var floor, ours time.Duration
	b.ReportAllocs()
	for b.Loop() {
		t0 := time.Now()
		for i := range raw {
			if _, err := c.aead.Open(nil, nil, raw[i], aads[i]); err != nil {
				b.Fatal(err)
			}
		}
		t1 := time.Now()
		r.spent = false
		if _, err := k.openWith(r, key, in); err != nil {
			b.Fatal(err)
		}
		floor += t1.Sub(t0)
		ours += time.Since(t1)
	}
	report(b, floor, ours)
}

func report(b *testing.B, floor, ours time.Duration) {
	b.Helper()
	b.ReportMetric(float64(floor.Nanoseconds())/float64(b.N), "floor-ns/record")
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "ours-ns/record")
	b.ReportMetric(float64(ours)/float64(floor), "ratio")
}

func benchRecord(b *testing.B) (*Keyring, Key, []Plain, [][]byte) {
	b.Helper()
	d := dbtest.Open(b, schemas...)
	k, _ := start(b, d, newKMS(b))
	plains := record()
	subject := plains[0].Ref.Subject
	newSubject(b, k, subject)
	key := keyOf(b, k, subject, "")
	c := must(key.k.open())
	aads := make([][]byte, len(plains))
	for i := range plains {
		head := append([]byte{version}, c.id[:]...)
		aads[i] = k.place(nil, domainField, head, &plains[i].Ref)
	}
	return k, key, plains, aads
}

// BenchmarkUnwrap is what a reveal pays once for the key of its subject.
func BenchmarkUnwrap(b *testing.B) {
	k, key, _, _ := benchRecord(b)
	for b.Loop() {
		d := &dataKey{ring: k, subject: key.k.subject, epoch: key.k.epoch, wrapped: key.k.wrapped}
		if _, err := d.open(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMAC(b *testing.B) {
	k, _, _, _ := benchRecord(b)
	value := []byte("+6281234564471")
	for b.Loop() {
		_ = k.MAC("vault/ctl_01k9xq3v7me8t0000z9w2h4r6n/phone", value)
	}
}

func BenchmarkToken(b *testing.B) {
	k, _, _, _ := benchRecord(b)
	now := time.Now()
	for b.Loop() {
		if _, err := k.OpenToken("verification/link", k.Token("verification/link", []byte("ver_01k9xq3v7me8t0000z9w2h4r6n"), now.Add(time.Hour)), now); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRotateEpoch rotates the epoch of a million subjects (of a hundred thousand with
// -short), the service going on.
func BenchmarkRotateEpoch(b *testing.B) {
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	d := dbtest.Open(b, schemas...)
	k, _ := start(b, d, newKMS(b))
	for from := 0; from < n; from += 1000 {
		write(b, k, func(tx *db.Tx) error {
			for i := from; i < from+1000; i++ {
				if err := k.NewSubject(tx, fmt.Sprintf("sub_01k9xq3v7me8t00%09d", i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	before := d.Stats().SlowClosures
	for b.Loop() {
		r, err := k.RotateEpoch(context.Background(), duty, nil)
		if err != nil || r.Moved != int64(n) {
			b.Fatalf("%+v (%v)", r, err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "keys/s")
	b.ReportMetric(float64(d.Stats().SlowClosures-before), "closures-over-budget")
}
