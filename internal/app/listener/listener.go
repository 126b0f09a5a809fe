// Package listener is how the server stands on the network: a bound address, TLS with a certificate that can be
// renewed without a restart, a stop that lets requests finish, and a word to systemd.
//
// It promises: an address is bound before anybody is told that the server is up; SIGHUP reads the certificate again
// and keeps the old one when the new one does not load; a stop takes no new connection, gives requests under way a
// second, ends event streams, and gives up after the configured time. It speaks TLS 1.2 and 1.3 only. It knows
// nothing of what is served.
package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// Bind binds the address before anything else is told that the server is up.
func Bind(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "app.listen", err).With("address", address)
	}
	return l, nil
}

// Server is an HTTP server on a bound listener.
type Server struct {
	server   *http.Server
	listener net.Listener
	keys     *keypair
}

// New puts a server on a bound listener, with TLS when a certificate is given.
func New(l net.Listener, server *http.Server, certificate, key string) (*Server, error) {
	s := &Server{listener: l, server: server}
	if certificate != "" {
		s.keys = &keypair{certificate: certificate, key: key}
		if err := s.keys.read(); err != nil {
			return nil, err
		}
		s.server.TLSConfig = tlsConfig(s.keys)
		s.listener = tls.NewListener(l, s.server.TLSConfig)
	}
	return s, nil
}

// Run serves until ctx ends, then lets requests under way finish for as long as the configuration says. Requests
// see their context end at that point, so that event streams let go.
func (s *Server) Run(ctx context.Context, within time.Duration, log *slog.Logger) error {
	base, release := context.WithCancelCause(context.WithoutCancel(ctx))
	defer release(nil)
	s.server.BaseContext = func(net.Listener) context.Context { return base }
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	failed := make(chan error, 1)
	go func() { failed <- s.server.Serve(s.listener) }()
	for {
		select {
		case err := <-failed:
			return errs.Wrap(errs.Unavailable, "app.serve", err)
		case <-hup:
			if s.keys == nil {
				continue
			}
			if err := s.keys.read(); err != nil {
				log.Error("certificate not reloaded; the old one stays", slog.String("code", errs.Of(err).Code))
				continue
			}
			log.Info("certificate reloaded")
		case <-ctx.Done():
			Notify("STOPPING=1")
			stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
			defer cancel()
			// A request gets a second; what lasts longer is an event stream and lets go when its context ends.
			time.AfterFunc(min(within/4, time.Second), func() { release(http.ErrServerClosed) })
			err := s.server.Shutdown(stopping)
			if err != nil {
				_ = s.server.Close()
			}
			if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
				return errs.Wrap(errs.Unavailable, "app.serve", served)
			}
			return nil
		}
	}
}

// Notify tells systemd how the service is doing (sd_notify): one datagram, if it asked for one.
func Notify(state string) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	if path[0] == '@' {
		path = "\x00" + path[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	_, _ = c.Write([]byte(state))
}

// Plain serves without TLS until ctx ends: what has an address of its own, such as metrics.
func Plain(ctx context.Context, l net.Listener, handler http.Handler, log *slog.Logger) {
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics ended", slog.String("code", "app.serve"))
		}
	}()
	<-ctx.Done()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = s.Shutdown(stopping)
	<-done
}
