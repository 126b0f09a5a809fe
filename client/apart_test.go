package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
)

// The copy of an answer goes where it is to go and the rest is the answer, however it comes; half of a copy is an error.
func TestACopyIsTakenOutOfAnAnswerHoweverItComes(t *testing.T) {
	file := strings.Repeat("isi surat ", 3000)
	letters := base64.StdEncoding.EncodeToString([]byte(file))
	for _, c := range []struct{ answer, rest, copy string }{
		{`{"verdict":"mask","more":0,"copy":"` + letters + `"}`, `{"verdict":"mask","more":0}`, file},
		{`{"stripped":["exif"],"not_stripped":"kind","copy":"` + letters + `"}` + "\n", `{"stripped":["exif"],"not_stripped":"kind"}` + "\n", file},
		{`{"more":0,"copy":""}`, `{"more":0}`, ""},
		{`{"verdict":"hold","more":0}`, `{"verdict":"hold","more":0}`, ""},
		{`{"at":"x,\"copy\":\"aGFsbw==","more":0}`, `{"at":"x,\"copy\":\"aGFsbw==","more":0}`, ""}, // a text of somebody's that looks like it
	} {
		for how, r := range map[string]io.Reader{"whole": strings.NewReader(c.answer), "byte by byte": iotest.OneByteReader(strings.NewReader(c.answer)), "by halves": iotest.HalfReader(strings.NewReader(c.answer))} {
			var to bytes.Buffer
			rest, err := io.ReadAll(&apart{from: bufio.NewReader(r), to: &to})
			if err != nil || string(rest) != c.rest || to.String() != c.copy {
				t.Errorf("%s, %.60s: %v, %q, %d bytes of a copy", how, c.answer, err, rest, to.Len())
			}
		}
	}
	for _, broken := range []string{`{"more":0,"copy":"` + letters[:5000], `{"more":0,"copy":"` + letters[:4001] + `"}`, `{"more":0,"copy":"` + letters + `"`} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprint(w, broken)
		}))
		c, err := New(Options{Address: server.URL, Key: "key"})
		if err != nil {
			t.Fatal(err)
		}
		if said, err := c.InspectStream(context.Background(), Stream{File: strings.NewReader(file), Clean: true, Copy: io.Discard}); err == nil || errors.Is(err, io.EOF) || said.Goes {
			t.Errorf("%.40s…: %v %+v", broken, err, said)
		}
		server.Close()
	}
}
