package app

import (
	"bytes"
	"context"
	"io"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/dlp/icap"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/id"
)

// used is the processor time of this process, both sides of the connection in it.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRequestsToTheWeb asks about clean forms with a file of text, and by turns about the same bytes at a service that reads
// them all and sends them back. Rates are bytes a second of processor time, the asking side's in it.
//
//	go test -run '^$' -bench RequestsToTheWeb -benchtime 1x -cpu 1 ./internal/app
func BenchmarkRequestsToTheWeb(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
		times int
		m     manner
	}{{"4KB", 4 << 10, 500, manner{"204, 206", 4096, 4096}}, {"1MB", 1 << 20, 30, manner{"", 4096, 16 << 10}}, {"50MB", 50 << 20, 1, manner{"", 4096, 16 << 10}}} {
		b.Run(size.name, func(b *testing.B) {
			w := openWorld(b, db.Options{}, "icap.listen", "127.0.0.1:0", "icap.client", id.New(id.Client), "icap.controller", "toko")
			ours := newAsker(b, w)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			copying := &icap.Server{Limits: icap.Usual(), Now: time.Now, Services: []icap.Service{{Path: "/request", Method: icap.Request, Preview: 4096, Tag: "t",
				Handle: func(_ context.Context, m *icap.Message) (icap.Answer, error) {
					all, err := io.ReadAll(m.Body)
					return icap.Pass(bytes.NewReader(all)), err
				}}}}
			go func() { _ = copying.Serve(ctx, l) }()
			floor := &asker{world: w, t: b, server: l}
			form := upload(b, "http://unggah.example/kirim", "a.txt", bytes.Repeat([]byte("Kata demi kata, tanpa nilai apa pun; pesanan 17 dikirim hari ini.\n"), size.bytes/66))
			rate := func(a *asker) float64 {
				began := used()
				for range size.times {
					if got := a.ask(form, size.m); len(got.body) != len(form.body) {
						b.Fatal("it did not come back")
					}
				}
				return float64(len(form.body)*size.times) / (used() - began).Seconds() / 1e6
			}
			for b.Loop() {
				var plain, judged, ratios []float64
				for range 6 {
					plain, judged = append(plain, rate(floor)), append(judged, rate(ours))
					ratios = append(ratios, judged[len(judged)-1]/plain[len(plain)-1])
				}
				slices.Sort(ratios)
				b.ReportMetric(mean(plain), "floor-MB/s")
				b.ReportMetric(mean(judged), "MB/s")
				b.ReportMetric(ratios[len(ratios)/2], "ratio")
			}
		})
	}
}

func mean(list []float64) (sum float64) {
	for _, x := range list {
		sum += x
	}
	return sum / float64(len(list))
}
