//go:build browser

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// A question asked on each fake platform is answered on it, on a phone's width.
func TestBrowserFakes(t *testing.T) {
	p := launchFakes(t, &Config{ZaloButtons: "on"})
	ctx := newBrowser(t)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait),
		chromedp.Navigate(p.server.PublicURL()+fakesPath))
	for _, c := range []struct{ platform, question, want, next, then string }{
		{"telegram", "le phi dang ky ket hon", "1.000894", "Mất bao lâu", "Mất bao lâu"},
		{"zalo", "làm giấy khai sinh cho con cần những gì", "1.001193", "", "2"},
		{"zalobot", "sang ten so do mat bao lau", "1.115619", "", "1"},
	} {
		t.Run(c.platform, func(t *testing.T) {
			phone := "#phone-" + c.platform
			answers := 0
			await := func() string {
				t.Helper()
				answers++
				if _, err := chromedp.Run(ctx, chromedp.Poll[bool](fmt.Sprintf("document.querySelectorAll('%s .msg:not(.mine)').length >= %d", phone, answers),
					chromedp.WithPollingTimeout(15*time.Second))); err != nil {
					t.Fatalf("answer %d never came: %v", answers, err)
				}
				text, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf("[...document.querySelectorAll('%s .msg:not(.mine)')].at(-1).innerText", phone)))
				if err != nil {
					t.Fatal(err)
				}
				return text
			}
			do(chromedp.WaitVisible(chromedp.CSS("#tab-"+c.platform)), chromedp.Click(chromedp.CSS("#tab-"+c.platform)),
				chromedp.WaitVisible(chromedp.CSS(phone+" textarea")),
				chromedp.Focus(chromedp.CSS(phone+" textarea")), chromedp.KeyEvent(c.question+"\r"))
			if got := await(); !strings.Contains(got, c.want) || !strings.Contains(got, "Nguồn:") {
				t.Errorf("%s: %q", c.question, got)
			}
			if c.next != "" { // a button, pressed
				do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("[...document.querySelectorAll('%s .rows button')].find(b => b.textContent === %q).click()", phone, c.next)))
			} else { // a number, typed
				do(chromedp.Focus(chromedp.CSS(phone+" textarea")), chromedp.KeyEvent(c.then+"\r"))
			}
			if got := await(); got == "" {
				t.Error("the choice is not answered")
			}
			if *picture {
				shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
				if err == nil {
					err = os.WriteFile(filepath.Join("..", "..", "docs", "fake-"+c.platform+".png"), shot, 0o644)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("document.documentElement.scrollWidth <= innerWidth"))
	if err != nil || !wide {
		t.Errorf("the page is wider than the phone: %v", err)
	}
}
