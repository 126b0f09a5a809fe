package apitest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/dlp/file"
	"github.com/amanah-id/amanah/internal/kit/db"
)

// A program sends a text as it reads it, of no stated length, and gets what may go as it comes.
func TestAProgramAsksAboutAStream(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		asker, _ := w.machine("Gerbang", []string{w.toko}, "inspect")
		ctx := context.Background()
		line := "Pesanan sudah dikirim dengan kurir ke gudang.\n"
		text := strings.Repeat(line, 20_000) + "NIK 3273014708870017\n" + strings.Repeat(line, 20_000)
		want := strings.Replace(text, "3273014708870017", "[NIK ****0017]", 1)
		stream := func(to io.Writer) client.Stream {
			return client.Stream{File: io.MultiReader(strings.NewReader(text)), Ending: ".txt", Recipient: "outside", Controller: w.toko, Clean: true, Copy: to}
		}
		said, err := asker.InspectStream(ctx, stream(nil))
		w.must(err)
		if at := int64(strings.Index(text, "3273")); said.Verdict != "mask" || !said.Goes || said.Kind != "text" || string(said.Copy) != want || len(said.Places) != 1 || said.More != 0 ||
			said.Places[0] != (client.PlaceInFile{Kind: "nik", Confidence: said.Places[0].Confidence, Start: at, End: at + 16, Line: 20_001}) {
			t.Errorf("%+v", said.Places)
		}
		var apart bytes.Buffer
		again, err := asker.InspectStream(ctx, stream(&apart))
		w.must(err)
		if apart.String() != want || again.Copy != nil || again.Verdict != "mask" || len(again.Places) != 1 || again.Incident == said.Incident {
			t.Errorf("%d bytes, %+v", apart.Len(), again)
		}
		held, err := asker.InspectStream(ctx, client.Stream{File: strings.NewReader(text), Recipient: "outside", Controller: w.toko, Copy: &apart})
		w.must(err)
		if held.Verdict != "hold" || held.Goes || held.Copy != nil || apart.String() != want {
			t.Errorf("%+v", held)
		}
		for code, s := range map[string]client.Stream{
			"file.name_lies":     {File: strings.NewReader("bukan pdf"), Ending: ".pdf", Recipient: "inside", Controller: w.toko},
			"file.other_company": {File: strings.NewReader("x"), Recipient: "inside", Controller: w.bank},
			"dlp.reason_value":   {File: strings.NewReader("NIK 3273014708870017"), Recipient: "outside", Controller: w.toko, Reason: "NIK 3273014708870017"},
			"web.invalid":        {File: strings.NewReader("x"), Recipient: "nobody", Controller: w.toko},
		} {
			_, err := asker.InspectStream(ctx, s)
			var refused *client.Error
			if !errors.As(err, &refused) || refused.Code != code || refused.Next["id"] == "" || strings.Contains(err.Error(), "3273014708870017") {
				t.Errorf("%s: %v", code, err)
			}
		}
		if strings.Contains(w.log.String(), "3273014708870017") {
			t.Error("the log holds the value")
		}
	})
}

// wire is a connection on which a request is sent piece by piece.
type wire struct {
	*tls.Conn
	in *bufio.Reader
}

// asks sends the head of a request to the stream. What the server answers before the body is whether it wants it.
func (w *world) asks(key, length string) (wire, *http.Response) {
	w.t.Helper()
	c, err := tls.Dial("tcp", w.server.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the test's own server
	w.must(err)
	w.t.Cleanup(func() { _ = c.Close() })
	out := wire{c, bufio.NewReader(c)}
	out.send("POST /api/v1/dlp/stream?recipient=outside&controller=" + w.toko + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key + "\r\nExpect: 100-continue\r\n" + length + "\r\n\r\n")
	return out, out.answer(w)
}

func (c wire) send(text string) { _, _ = c.Write([]byte(text)) } // the server may have said enough

func (c wire) answer(w *world) *http.Response {
	w.t.Helper()
	a, err := http.ReadResponse(c.in, nil)
	w.must(err)
	return a
}

const chunked = "Transfer-Encoding: chunked"

// Whoever has as many streams under way as he may is refused before his body is read, and a stream that broke off leaves its place and nothing else.
func TestAStreamIsWantedOnlyWhenThereIsAPlaceAndLeavesNothingWhenItBreaksOff(t *testing.T) {
	w := open(t, "", "dlp.stream_megabytes", "1")
	_, key := w.machine("Gerbang", []string{w.toko}, "inspect")
	incidents := func() (n int) {
		w.must(w.DB.Read(t.Context(), func(tx *db.Tx) error { return tx.Data.Row(`select count(*) from dlp_incident`).Scan(&n) }))
		return n
	}
	code := func(a *http.Response, status int, code string) {
		t.Helper()
		body, _ := io.ReadAll(a.Body)
		if a.StatusCode != status || !strings.Contains(string(body), `"code":"`+code+`"`) || strings.Contains(string(body), "verdict") {
			t.Errorf("%d %s, want %d %s", a.StatusCode, body, status, code)
		}
	}
	var under []wire
	for range file.EachAtOnce {
		c, a := w.asks(key, chunked)
		if a.StatusCode != http.StatusContinue {
			t.Fatal(a.Status)
		}
		under = append(under, c)
	}
	_, a := w.asks(key, chunked)
	if a.Header.Get("Retry-After") == "" {
		t.Error("nobody says when to come again")
	}
	code(a, http.StatusTooManyRequests, "file.busy")

	// Broken off in a chunk, before the last chunk, and short of its length.
	text := "NIK 3273014708870017 dan kartu 4111111111111111\n"
	under[0].send(fmt.Sprintf("%x\r\n%s\r\nhuruf\r\n", len(text), text))
	code(under[0].answer(w), http.StatusBadRequest, "web.broken_off")
	under[1].send(fmt.Sprintf("%x\r\n%s\r\n", len(text), text))
	w.must(under[1].CloseWrite())
	code(under[1].answer(w), http.StatusBadRequest, "web.broken_off")
	short, a := w.asks(key, "Content-Length: 5000")
	if a.StatusCode != http.StatusContinue {
		t.Fatal(a.Status)
	}
	short.send(text)
	w.must(short.CloseWrite())
	code(short.answer(w), http.StatusBadRequest, "web.broken_off")
	// Too large: known before it is read, or when it is.
	_, a = w.asks(key, fmt.Sprintf("Content-Length: %d", 1<<20+1))
	code(a, http.StatusRequestEntityTooLarge, "web.too_large")
	go under[2].send(strings.Repeat("10000\r\n"+strings.Repeat("x", 1<<16)+"\r\n", 17)) // the answer comes before all of it is taken
	code(under[2].answer(w), http.StatusRequestEntityTooLarge, "web.too_large")
	if n := incidents(); n != 0 {
		t.Errorf("%d incidents of streams that were not whole", n)
	}
	// The last one is whole.
	under[3].send(fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(text), text))
	a = under[3].answer(w)
	body, _ := io.ReadAll(a.Body)
	if a.StatusCode != http.StatusOK || !strings.Contains(string(body), `"verdict":"hold"`) || incidents() != 1 {
		t.Errorf("%d %s", a.StatusCode, body)
	}
}
