package limit

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Trusted reports whether an address is in one of the networks.
func Trusted(a netip.Addr, networks []netip.Prefix) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Peer is the address at the other end of the connection.
func Peer(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.IPv4Unspecified()
	}
	return a.Unmap().WithZone("")
}

// Address is the client of a request: it walks X-Forwarded-For from its end, past the proxies we trust, to the first
// address that none of them vouches for any further.
func Address(r *http.Request, proxies []netip.Prefix) netip.Addr {
	a := Peer(r)
	if !Trusted(a, proxies) {
		return a
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return a
		}
		if a = hop.Unmap(); !Trusted(a, proxies) {
			return a
		}
	}
	return a
}

// Network is the caller that an address stands for: an IPv6 customer owns a /64.
func Network(a netip.Addr) string {
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
