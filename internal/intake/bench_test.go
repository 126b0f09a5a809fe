package intake

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
)

// endless writes a customer file of n records without keeping it: flat memory of the test
// as well as of the import.
type endless struct {
	n, size  int64
	width    int64
	position int64
}

func newEndless(n int) *endless {
	e := &endless{n: int64(n), width: int64(len(customerLine(0)))}
	e.size = int64(len(header)) + e.n*e.width
	return e
}

func customerLine(i int64) string {
	return fmt.Sprintf("C-%09d;Orang Nomor %09d;0812%08d;05/06/2023;;orang%09d@contoh.example;3171%02d290280%04d;01/02/1990;;\n", i, i, i%100_000_000, i, i/9_999%90+10, 1+i%9_999)
}

func (e *endless) Read(p []byte) (int, error) {
	if e.position >= e.size {
		return 0, io.EOF
	}
	var text string
	if e.position < int64(len(header)) {
		text = header[e.position:]
	} else {
		at := e.position - int64(len(header))
		text = customerLine(at / e.width)[at%e.width:]
	}
	n := copy(p, text)
	e.position += int64(n)
	return n, nil
}

func (e *endless) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += e.position
	case io.SeekEnd:
		offset += e.size
	}
	e.position = offset
	return offset, nil
}

func records(t testing.TB) int {
	n := 5_000
	if s := os.Getenv("AMANAH_BENCH_RECORDS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func plainSchema() []db.Schema { return append(schemas(), db.Schema{Room: "plain", FS: plainTables}) }

// BenchmarkImport loads a file of AMANAH_BENCH_RECORDS customers and then the same number
// of plain records, in the same run: as many rows, in tables with as many indexes (unique
// ones as many), values in the clear, in chunks of the same size through the same writer.
func BenchmarkImport(b *testing.B) {
	n := records(b)
	for b.Loop() {
		h := newHouse(b, dbtest.Open(b, plainSchema()...))
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		peak := uint64(0)
		e := newEndless(n)
		began := b.Elapsed()
		run, err := h.intake.Import(context.Background(), h.duty, Job{File: e, Size: e.size, Map: h.m(), Progress: func(p Progress) {
			if p.Records%512 < chunkRows {
				runtime.ReadMemStats(&after)
				peak = max(peak, after.HeapAlloc)
			}
		}})
		if err != nil || run.Created != int64(n) {
			b.Fatal(run, err)
		}
		took := b.Elapsed() - began
		began = b.Elapsed()
		plainImport(b, h, n)
		floor := b.Elapsed() - began
		b.ReportMetric(float64(n)/took.Seconds(), "customers/s")
		b.ReportMetric(float64(n)/floor.Seconds(), "plain/s")
		b.ReportMetric(floor.Seconds()/took.Seconds(), "ratio")
		b.ReportMetric(float64(peak-min(peak, before.HeapAlloc))/(1<<20), "MB-peak")
	}
}

func plainImport(b *testing.B, h *house, n int) {
	var workers sync.WaitGroup
	chunks := make(chan int)
	for range max(inFlight, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for from := range chunks {
				err := h.db.Write(context.Background(), func(tx *db.Tx) error {
					for i := from; i < min(from+chunkRows, n); i++ {
						plainRecord(tx, i)
					}
					return nil
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	for from := 0; from < n; from += chunkRows {
		chunks <- from
	}
	close(chunks)
	workers.Wait()
}

// The rows of a plain record travel as ours do.
var (
	plainSlots    = db.NewInsert(`insert into plain_slot (subject, epoch, body, created_at)`, 4, "")
	plainLives    = db.NewInsert(`insert into plain_life (subject, interaction, state, ref, changed_at)`, 5, "")
	plainSubjects = db.NewInsert(`insert into plain_subject (subject, controller, version, created_at, updated_at, source)`, 6, "")
	plainValues   = db.NewInsert(`insert into plain_value (subject, field, ordinal, value, body, registered_at, verified_at, source, updated_at)`, 9, "")
	plainUniques  = db.NewInsert(`insert into plain_unique (body, controller, field, subject)`, 4, "")
	plainExacts   = db.NewInsert(`insert into plain_exact (body, subject, field, controller)`, 4, "")
)

// plainRecord writes what one customer of the file takes: 2 rows of keys, 1 of the
// customer, 6 values, 4 of indexes.
func plainRecord(tx *db.Tx, i int) {
	subject := fmt.Sprintf("sub_%026d", i)
	tx.Keys.QueueRows(plainSlots, subject, 1, subject, 0)
	tx.Data.QueueRows(plainLives, subject, "", "live", "", 0)
	tx.Data.QueueRows(plainSubjects, subject, controller, 1, 0, 0, "imp")
	phone, email, nik, number := fmt.Sprintf("+62812%08d", mix(i)), fmt.Sprintf("orang%09d@contoh.example", mix(i)), fmt.Sprintf("%016d", mix(i)), fmt.Sprintf("C-%09d", mix(i))
	for field, value := range map[string]string{"customer_number": number, "name": "Orang Nomor " + number, "phone": phone, "email": email, "nik": nik, "birth_date": "1990-02-01"} {
		tx.Data.QueueRows(plainValues, subject, field, 0, subject, value, 0, 0, "imp", 0)
	}
	for _, value := range []string{number, nik} {
		tx.Index.QueueRows(plainUniques, value, controller, "field", subject)
	}
	for _, value := range []string{phone, email} {
		tx.Index.QueueRows(plainExacts, value, subject, "field", controller)
	}
}

// mix scatters numbers, as real identifiers are scattered over an index.
func mix(i int) int { return int(uint64(i) * 2654435761 % 99_999_989) }
