//go:build browser

package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"cchcbot/bot/bottest/browser"

	"github.com/chromedp/chromedp"
)

// A question asked on each fake platform is answered on it, on a phone's width.
func TestBrowserFakes(t *testing.T) {
	p := launchFakes(t, &Config{ZaloButtons: "on"})
	b := &pane{Tab: browser.New(t), r: p}
	b.size(390)
	b.open(fakesPath)
	for _, c := range []struct{ platform, question, want, next, then string }{
		{"telegram", "le phi dang ky ket hon", "1.000894", "Mất bao lâu", "Mất bao lâu"},
		{"zalo", "làm giấy khai sinh cho con cần những gì", "1.001193", "", "2"},
		{"zalobot", "sang ten so do mat bao lau", "1.115619", "", "1"},
	} {
		t.Run(c.platform, func(t *testing.T) {
			b.T = t
			phone := "#phone-" + c.platform
			answers := 0
			await := func() string {
				t.Helper()
				answers++
				b.Until(fmt.Sprintf("document.querySelectorAll('%s .msg:not(.mine)').length >= %d", phone, answers))
				return b.Read(fmt.Sprintf("document.querySelectorAll('%s .msg:not(.mine)')[%d].innerText", phone, answers-1))
			}
			b.Press(fmt.Sprintf("document.querySelector('#tab-%s')", c.platform))
			b.Do(chromedp.WaitVisible(chromedp.CSS(phone + " textarea")))
			b.Type(phone+" textarea", c.question+"\r")
			if got := await(); !strings.Contains(got, c.want) || !strings.Contains(got, "Nguồn:") {
				t.Errorf("%s: %q", c.question, got)
			}
			if c.next != "" { // a button, pressed
				b.Press(browser.Button(phone+" .rows button", c.next))
			} else { // a number, typed
				b.Type(phone+" textarea", c.then+"\r")
			}
			if got := await(); got == "" {
				t.Error("the choice is not answered")
			}
			if *picture {
				b.Picture(filepath.Join("..", "..", "docs", "fake-"+c.platform+".png"), false)
			}
		})
	}
	b.T = t
	b.fits("the playground")
}
