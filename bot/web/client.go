package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// maxHops is how many forwarded addresses are looked at, from the right.
const maxHops = 20

// clientAddr is the address of who asks. A peer that is not a trusted proxy is
// the client itself, whatever it claims. Behind trusted proxies the client is
// the rightmost address that is not one of them: what stands further left was
// written by the client.
func (s *Server) clientAddr(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	client := peer.Addr().Unmap()
	if !s.trusted(client) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i, n := len(hops)-1, 0; i >= 0 && n < maxHops; i, n = i-1, n+1 {
		a, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return client // the last address that could be believed
		}
		client = a.Unmap()
		if !s.trusted(client) {
			return client
		}
	}
	return client
}

func (s *Server) trusted(a netip.Addr) bool {
	for _, p := range s.opt.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
