//go:build browser

package web

import (
	"context"
	"net"
	"net/http"
	"testing"

	"cchcbot/bot/bottest/browser"
)

// TestBrowserFormOverPlainHTTP sends a form from a page that is not of this very machine and
// not encrypted, as in an office without a certificate: there a browser tells of a form only
// where it comes from, and nothing at all when the page forbids referrers.
func TestBrowserFormOverPlainHTTP(t *testing.T) {
	host := lanAddress(t)
	s, err := New(Options{Listen: net.JoinHostPort(host, "0")})
	if err != nil {
		t.Fatal(err)
	}
	s.Handle("GET /form", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<form method="post" action="/taken"><button>gửi</button></form>`))
	}))
	s.Handle("POST /taken", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("taken")) }))
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	}()
	b := browser.New(t)
	b.Open("http://" + s.Addr() + "/form")
	b.Press("document.querySelector('button')")
	b.Until("location.pathname === '/taken'")
	if got := b.Read("document.body.innerText.trim()"); got != "taken" {
		t.Errorf("the form was answered with %q", got)
	}
}

// lanAddress is an address of this machine that others reach it by.
func lanAddress(t *testing.T) string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String()
		}
	}
	t.Skip("this machine has no address but its own")
	return ""
}
