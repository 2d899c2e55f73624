package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPublicAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"1.1.1.1": true, "103.1.209.5": true, "2606:4700::1111": true, "::ffff:1.1.1.1": true,
		"127.0.0.1": false, "127.9.9.9": false, "::1": false, "0.0.0.0": false, "::": false, "0.1.2.3": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "fd00::1": false, "fc00::1": false,
		"169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "224.0.0.1": false, "ff02::1": false, "255.255.255.255": false,
		"100.64.0.1": false, "198.18.0.1": false, "192.0.0.192": false, "::ffff:10.0.0.1": false, "::ffff:127.0.0.1": false, "::127.0.0.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:0:7f00:1::": false, "fec0::1": false,
	} {
		if got := Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("Public(%s) = %v, want %v", text, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	for address, want := range map[string]error{
		"https://baohaiduong.vn/rss": nil, "http://baohaiduong.vn/rss": nil, "https://1.1.1.1/": nil,
		"ftp://baohaiduong.vn/": ErrAddress, "file:///etc/passwd": ErrAddress, "gopher://x.vn": ErrAddress, "//x.vn/": ErrAddress, "": ErrAddress, "https://": ErrAddress,
		"https://u:p@baohaiduong.vn/": ErrAddress, "javascript:alert(1)": ErrAddress, "https://[::1/": ErrAddress,
		"http://localhost/": ErrPrivate, "http://LOCALHOST./": ErrPrivate, "http://a.internal/": ErrPrivate, "http://db/": ErrPrivate, "http://127.0.0.1/": ErrPrivate,
		"http://[::1]/": ErrPrivate, "http://[::ffff:10.0.0.1]/": ErrPrivate, "http://169.254.169.254/latest": ErrPrivate, "http://2130706433/": ErrPrivate, "http://0x7f000001/": ErrPrivate,
	} {
		if err := (Options{Plain: true}).Check(address); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("Check(%s) = %v, want %v", address, err, want)
		}
	}
	if err := (Options{}).Check("http://baohaiduong.vn/"); !errors.Is(err, ErrAddress) {
		t.Errorf("http is opened without Plain: %v", err)
	}
}

// world is a server on this machine and a client that may reach it and nothing else here.
func world(t *testing.T, h http.HandlerFunc, names map[string]string) (*http.Client, *httptest.Server) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	own := netip.MustParseAddrPort(srv.Listener.Addr().String())
	c := New(Options{Plain: true, Hops: 3, Let: func(ap netip.AddrPort) bool { return ap == own },
		Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
			if ip, ok := names[host]; ok {
				return []netip.Addr{netip.MustParseAddr(ip)}, nil
			}
			return nil, errors.New("no such host")
		}})
	t.Cleanup(c.CloseIdleConnections)
	return c, srv
}

func get(t *testing.T, c *http.Client, address string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := Read(resp.Body, 100)
	return string(b), err
}

// Whatever a server answers and a name resolves to, nothing private is dialled.
func TestNothingPrivateIsDialled(t *testing.T) {
	names := map[string]string{
		"feed.test": "127.0.0.1", "meta.test": "169.254.169.254", "ten.test": "10.1.2.3", "six.test": "::1", "mapped.test": "::ffff:192.168.0.1",
		"zero.test": "0.0.0.0", "nat.test": "64:ff9b::a00:1",
	}
	c, srv := world(t, func(w http.ResponseWriter, r *http.Request) {
		switch to := r.URL.Query().Get("to"); {
		case to != "":
			http.Redirect(w, r, to, http.StatusFound)
		case r.URL.Path == "/large":
			fmt.Fprint(w, strings.Repeat("x", 101))
		default:
			fmt.Fprint(w, "ok")
		}
	}, names)
	port := srv.URL[strings.LastIndex(srv.URL, ":"):]
	for address, want := range map[string]error{
		srv.URL:                              nil,
		"http://feed.test" + port + "/":      nil, // the name leads where the test allows
		srv.URL + "/?to=" + srv.URL:          nil,
		srv.URL + "/large":                   ErrTooLarge,
		"http://meta.test/":                  ErrPrivate,
		"http://ten.test/":                   ErrPrivate,
		"http://six.test" + port + "/":       ErrPrivate, // the same port on another address
		"http://mapped.test/":                ErrPrivate,
		"http://zero.test" + port + "/":      ErrPrivate,
		"http://nat.test/":                   ErrPrivate,
		"http://127.0.0.1:1/":                ErrPrivate,
		srv.URL + "/?to=http://meta.test/":   ErrPrivate,
		srv.URL + "/?to=http://[::1]" + port: ErrPrivate,
		srv.URL + "/?to=http://169.254.169.254/latest/meta-data/": ErrPrivate,
		srv.URL + "/?to=file:///etc/passwd":                       ErrAddress,
		srv.URL + "/?to=https://u:p@baohaiduong.vn/":              ErrAddress,
		"http://1.1.1.1:22/":                                      ErrPort,
	} {
		body, err := get(t, c, address)
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: %q, %v; want %v", address, body, err, want)
		}
	}
	if _, err := get(t, c, "http://nowhere.test/"); err == nil || !strings.Contains(err.Error(), "no such host") {
		t.Errorf("a name nobody has: %v", err)
	}
}

func TestRedirectsHaveAnEnd(t *testing.T) {
	c, srv := world(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }, nil)
	if _, err := get(t, c, srv.URL+"/a"); !errors.Is(err, ErrRedirects) {
		t.Errorf("a chain without an end: %v", err)
	} else if Bare(err).Error() != ErrRedirects.Error() {
		t.Errorf("the address stays in %v", Bare(err))
	}
}
