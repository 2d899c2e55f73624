//go:build browser

// The whole program in a real browser: the talk of the README.
//
//	go test -tags browser -run Browser ./cmd/cchcbot            # checks
//	go test -tags browser -run Browser ./cmd/cchcbot -picture   # writes docs/webchat.png too
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

var picture = flag.Bool("picture", false, "write the pictures in docs")

// newBrowser starts a browser that ends with the test.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	path := os.Getenv("CHROMIUM")
	if path == "" {
		path = "/usr/bin/chromium"
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	t.Cleanup(stop)
	ctx, cancelBrowser := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Headless, chromedp.NoFirstRun,
		chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(t.TempDir()))...)
	t.Cleanup(cancelBrowser)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Error(err)
		}
	})
	return ctx
}

func TestBrowserConversation(t *testing.T) {
	p := startProgram(t, &Config{})
	ctx := newBrowser(t)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	messages := 0
	// say types a message and returns the answer.
	answer := func() string {
		t.Helper()
		messages++
		if _, err := chromedp.Run(ctx, chromedp.Poll[bool](fmt.Sprintf("document.querySelectorAll('.msg.bot').length >= %d", messages),
			chromedp.WithPollingTimeout(10*time.Second))); err != nil {
			t.Fatalf("answer %d never came: %v", messages, err)
		}
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("[...document.querySelectorAll('.msg.bot')].at(-1).innerText"))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	say := func(text string) string {
		t.Helper()
		do(chromedp.Focus(chromedp.CSS("#text")), chromedp.KeyEvent(text+"\r"))
		return answer()
	}

	do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait),
		chromedp.Navigate(p.server.PublicURL()+"/chat"))
	if got := answer(); !strings.Contains(got, "Hải Dương") {
		t.Errorf("the first words are %q", got)
	}
	for _, tt := range []struct{ question, want string }{
		{"lam giay khai sinh cho con can nhung gi", "1.001193"},
		{"lệ phí đăng ký kết hôn với người nước ngoài", "2.000806"},
		{"sang tên sổ đỏ mất bao lâu", "1.115619"},
	} {
		got := say(tt.question)
		if !strings.Contains(got, tt.want) || !strings.Contains(got, "Nguồn:") || !strings.Contains(got, "dữ liệu") {
			t.Errorf("%s: %q", tt.question, got)
		}
	}
	if got := say("thế nộp ở đâu?"); !strings.Contains(got, "1.115619") || !strings.Contains(got, "Nơi giải quyết") {
		t.Errorf("the follow-up is answered with %q", got)
	}
	if *picture {
		say("sang ten so do mat bao lau")
		say("thế nộp ở đâu?")
		do(chromedp.EmulateViewport(390, 1110, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait),
			chromedp.Evaluate[chromedp.Void](`document.getElementById('scroll').scrollTop = 1e6`))
		shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err == nil {
			err = os.WriteFile(filepath.Join("..", "..", "docs", "webchat.png"), shot, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// A button, pressed, leads to the directory.
	do(chromedp.Evaluate[chromedp.Void]("[...document.querySelectorAll('.msg.bot')].at(-1).querySelector('.choice').click()"))
	if got := answer(); !strings.Contains(got, "xã") {
		t.Errorf("the button is answered with %q", got)
	}
	do(chromedp.Navigate(p.server.PublicURL() + "/tthc/1.001193"))
	title, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.querySelector('h1').innerText + ' ' + document.querySelector('img').naturalWidth"))
	if err != nil || !strings.HasPrefix(title, "Đăng ký khai sinh ") || strings.HasSuffix(title, " 0") {
		t.Errorf("the page of a procedure shows %q, %v", title, err)
	}
}
