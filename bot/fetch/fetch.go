// Package fetch opens addresses that somebody outside named: attachments, feeds.
// It connects to public hosts only, whatever a name resolves to and wherever a
// redirect leads.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Why an address is not opened.
var (
	ErrAddress   = errors.New("fetch: this is no address of a web page")
	ErrPrivate   = errors.New("fetch: the address leads into a private network")
	ErrPort      = errors.New("fetch: the address names an unusual port")
	ErrRedirects = errors.New("fetch: the address redirects too often")
	ErrTooLarge  = errors.New("fetch: what came is too large")
)

// Limits of one connection.
const (
	dialLimit   = 10 * time.Second
	headerLimit = 20 * time.Second
	maxHeader   = 64 << 10
)

// Options of New. The zero value opens https on port 443 and follows no redirect.
type Options struct {
	Plain bool // http on port 80 is opened too
	Hops  int  // redirects that are followed
	// Lookup resolves names in place of the system.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Let lets addresses through besides those of public hosts: for tests, which run on this machine.
	Let func(netip.AddrPort) bool
}

// New is a client that opens what [Options.Check] allows, on public hosts. It knows no
// cookies and no proxy. Time and size are the caller's to limit; see [Read].
func New(o Options) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext: o.dial, TLSHandshakeTimeout: dialLimit, ResponseHeaderTimeout: headerLimit, MaxResponseHeaderBytes: maxHeader,
			ForceAttemptHTTP2: true, MaxIdleConns: 10, IdleConnTimeout: time.Minute,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			switch {
			case o.Hops == 0:
				return http.ErrUseLastResponse
			case len(via) > o.Hops:
				return ErrRedirects
			}
			return o.Check(r.URL.String())
		},
	}
}

// Check says what is wrong with an address, as far as its text tells: ErrAddress or
// ErrPrivate. Where a name leads is seen when it is dialled.
func (o Options) Check(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && (u.Scheme != "http" || !o.Plain) || u.User != nil || u.Hostname() == "" {
		return ErrAddress
	}
	if o.Let != nil {
		return nil // the dialler looks
	}
	if host := strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")); !PublicHost(host) {
		return ErrPrivate
	}
	return nil
}

// ports that are dialled.
func (o Options) ports() []uint16 {
	if o.Plain {
		return []uint16{443, 80}
	}
	return []uint16{443}
}

// allowed looks at the address that is dialled, after all names were resolved.
func (o Options) allowed(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	switch {
	case err != nil:
		return ErrPrivate
	case o.Let != nil && o.Let(netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())):
		return nil
	case !Public(ap.Addr()):
		return ErrPrivate
	case !slices.Contains(o.ports(), ap.Port()):
		return ErrPort
	}
	return nil
}

func (o Options) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: dialLimit, Control: o.allowed}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, ErrAddress
	}
	if _, err := netip.ParseAddr(host); err == nil || o.Lookup == nil {
		return d.DialContext(ctx, network, address)
	}
	list, err := o.Lookup(ctx, host)
	if err != nil {
		return nil, &net.DNSError{Err: err.Error(), Name: host, IsNotFound: true}
	}
	err = &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	for i, ip := range list {
		c, derr := d.DialContext(ctx, network, net.JoinHostPort(ip.String(), port))
		if derr == nil {
			return c, nil
		}
		if i == 0 {
			err = nil
		}
		err = errors.Join(err, derr)
	}
	return nil, err
}

// hidden are networks that no public host has, besides those that package netip
// knows: RFC 6890 and the registries it names; what RFC 6052, RFC 3056 and RFC 4380
// embed in an address may be private.
var hidden = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2001::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
}

// Public reports whether an IP address is one that everybody may reach.
func Public(ip netip.Addr) bool {
	ip = ip.WithZone("").Unmap()
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !slices.ContainsFunc(hidden[:], func(p netip.Prefix) bool { return p.Contains(ip) })
}

// PublicHost reports whether a host, in lower case, may be one that everybody may reach, as far as its name tells.
func PublicHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return Public(ip)
	}
	for _, end := range []string{".localhost", ".local", ".internal", ".home.arpa", ".lan"} {
		if strings.HasSuffix(host, end) {
			return false
		}
	}
	return strings.Contains(host, ".")
}

// Read reads all of a body, of at most limit bytes: ErrTooLarge when there is more.
func Read(body io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	if int64(len(b)) > limit {
		return nil, ErrTooLarge
	}
	return b, nil
}

// Bare takes the address off an error of a client: whoever has it may open what it names.
func Bare(err error) error {
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	return err
}
