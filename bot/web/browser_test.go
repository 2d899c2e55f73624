//go:build browser

package web

import (
	"context"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
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
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	}()
	path := os.Getenv("CHROMIUM")
	if path == "" {
		path = "/usr/bin/chromium"
	}
	in, end := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Headless, chromedp.NoFirstRun, chromedp.UserDataDir(t.TempDir()))...)
	defer end()
	in, _ = chromedp.NewContext(in)
	defer func() { _ = chromedp.Cancel(in) }()
	if err := chromedp.Do(in, chromedp.Navigate("http://"+s.Addr()+"/form"),
		chromedp.Evaluate[chromedp.Void](`document.querySelector('button').click()`)); err != nil {
		t.Fatal(err)
	}
	// The page goes away while it is looked at, so a look may fail.
	var text string
	for range 100 {
		if text, err = chromedp.Run(in, chromedp.Evaluate[string](`location.pathname + " " + document.body.innerText`)); err == nil && strings.HasPrefix(text, "/taken") {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil || strings.TrimSpace(text) != "/taken taken" {
		t.Errorf("the form was answered with %q, %v", text, err)
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
