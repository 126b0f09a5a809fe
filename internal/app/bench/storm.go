package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Storm runs do from several callers until n calls are made. It returns the time it took and how long each call took.
// The first error ends it.
func Storm(callers, n int, do func(i int) error) (time.Duration, []time.Duration, error) {
	return storm(callers, n, func(int) (func(i int) error, error) { return do, nil })
}

// storm is Storm whose callers each bring something of their own, such as a connection.
func storm(callers, n int, caller func(c int) (func(i int) error, error)) (time.Duration, []time.Duration, error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	each := make([]time.Duration, n)
	failed := make([]error, callers)
	work := make([]func(i int) error, callers)
	for c := range callers {
		var err error
		if work[c], err = caller(c); err != nil {
			return 0, nil, err
		}
	}
	start := time.Now()
	for c := range callers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				at := time.Now()
				if err := work[c](i); err != nil {
					failed[c] = err
					next.Store(int64(n))
					return
				}
				each[i] = time.Since(at)
			}
		})
	}
	wg.Wait()
	return time.Since(start), each, errors.Join(failed...)
}

// Percentile is the duration that p of a hundred do not exceed. It sorts the list.
func Percentile(list []time.Duration, p int) time.Duration {
	slices.Sort(list)
	return list[min(len(list)-1, len(list)*p/100)]
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// Load sends n requests over so many connections that stay open, and expects a status. A request is bytes made
// beforehand or on the spot: what a client library costs is the same for us and for the floor, and here next to nothing.
func Load(address string, connections, n, status int, request func(i int) []byte) (time.Duration, []time.Duration, error) {
	var open []net.Conn
	defer func() {
		for _, c := range open {
			_ = c.Close()
		}
	}()
	return storm(connections, n, func(int) (func(i int) error, error) {
		conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(context.Background(), "tcp", address)
		if err != nil {
			return nil, err
		}
		open = append(open, conn)
		in := bufio.NewReader(conn)
		return func(i int) error {
			answer, err := exchange(conn, in, request(i))
			if err != nil {
				return err
			}
			text, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if err == nil && answer.StatusCode != status {
				err = fmt.Errorf("answered %d: %.300s", answer.StatusCode, text)
			}
			return err
		}, nil
	})
}

func exchange(conn net.Conn, in *bufio.Reader, request []byte) (*http.Response, error) {
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	return http.ReadResponse(in, nil) //nolint:bodyclose // the connection is closed by who opened it
}

// JSONRequest is a request as bytes. key is for Idempotency-Key; "" leaves it out.
func JSONRequest(method, path, token, key, body string) []byte {
	if key != "" {
		key = "Idempotency-Key: " + key + "\r\n"
	}
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s",
		method, path, token, key, len(body), body)
}

// Serve serves on a free port of this machine until stop is called.
func Serve(s *http.Server) (address string, stop func(), err error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l) // ends when it is closed
	}()
	return l.Addr().String(), func() { _ = s.Close(); <-done }, nil
}

// Answer is the head of an answer whose body has been read.
type Answer struct {
	StatusCode int
	Header     http.Header
}

// Once sends one request and returns the whole answer.
func Once(address string, request []byte) (Answer, []byte, error) {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(context.Background(), "tcp", address)
	if err != nil {
		return Answer{}, nil, err
	}
	defer func() { _ = conn.Close() }()
	answer, err := exchange(conn, bufio.NewReader(conn), request)
	if err != nil {
		return Answer{}, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return Answer{answer.StatusCode, answer.Header}, text, err
}

// Echo is net/http alone: a server that reads the request and answers the bytes of an answer that was seen before.
// What act does comes before the answer; nil does nothing.
func Echo(seen Answer, body []byte, act func() error) *http.Server {
	return &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if act != nil {
			if err := act(); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		h := w.Header()
		for name, values := range seen.Header {
			if name != "Date" && name != "Content-Length" {
				h[name] = values
			}
		}
		w.WriteHeader(seen.StatusCode)
		_, _ = w.Write(body)
	})}
}
