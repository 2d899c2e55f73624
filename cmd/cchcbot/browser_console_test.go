//go:build browser

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

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"cchcbot/bot"
)

var pictures = flag.String("pictures", "", "a folder for a picture of every page of the console")

// TestBrowserConsole walks through the console as its first user, on a desk and
// on a phone: the printed link, the second factor, an invitation, rights, the audit trail.
//
//	go test -tags browser -run BrowserConsole ./cmd/cchcbot -picture   # writes docs/console-*.png too
func TestBrowserConsole(t *testing.T) {
	r := launch(t, believed())
	link, err := r.firstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx := newBrowser(t)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	text := func(js string) string {
		t.Helper()
		s, err := chromedp.Run(ctx, chromedp.Evaluate[string](js))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	open := func(path string) { t.Helper(); do(chromedp.Navigate(r.server.PublicURL() + path)) }
	fill := func(pairs ...string) {
		t.Helper()
		for i := 0; i < len(pairs); i += 2 {
			do(chromedp.Focus(chromedp.CSS("[name="+pairs[i]+"]")), chromedp.KeyEvent(pairs[i+1]))
		}
	}
	wait := func(js string) {
		t.Helper()
		for tries := 0; ; tries++ {
			_, err := chromedp.Run(ctx, chromedp.Poll[bool](js, chromedp.WithPollingTimeout(10*time.Second)))
			if err == nil {
				return
			}
			// A page that is left while it is asked ends the question, not the wait.
			if tries == 20 || !strings.Contains(err.Error(), "context") && !strings.Contains(err.Error(), "navigated") {
				t.Fatalf("%s: %v; the page is %q", js, err, text("document.body?.innerText ?? ''"))
			}
		}
	}
	press := func(button string) {
		t.Helper()
		do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`[...document.querySelectorAll('main button')].find(b => b.textContent.trim() === %q).click()`, button)))
	}
	size := func(width int64) {
		t.Helper()
		if width < 500 {
			do(chromedp.EmulateViewport(width, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait))
			return
		}
		do(chromedp.EmulateViewport(width, 900))
	}
	// look checks what a page must never do, and keeps a picture.
	look := func(name string) {
		t.Helper()
		if over := text("String(document.documentElement.scrollWidth - document.documentElement.clientWidth)"); over != "0" {
			t.Errorf("%s is %s px too wide", name, over)
		}
		small := text(`[...document.querySelectorAll('main button, .top a, .top button, #nav a, .tabs a, input:not([type=checkbox]):not([type=hidden]), select')]
			.filter(e => e.offsetParent && !e.closest('.brand') && e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML.slice(0, 80)).join('\n')`)
		if small != "" {
			t.Errorf("%s has targets that are too small: %s", name, small)
		}
		file, kept := map[string]string{"users-1280": "console-users.png", "phone-users-2": "console-phone.png"}[name]
		if !kept || !*picture {
			if *pictures == "" {
				return
			}
			file = filepath.Join(*pictures, name+".png")
		} else {
			file = filepath.Join("..", "..", "docs", file)
		}
		shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err == nil {
			err = os.WriteFile(file, shot, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}

	size(1280)
	do(chromedp.Navigate(link))
	look("first-1280")
	fill("name", "Nguyễn Văn An", "email", "an@haiduong.gov.vn", "password", consolePhrase, "again", consolePhrase)
	press("Đặt và đăng nhập")
	wait("location.pathname === '/console'")
	open("/console/account/second")
	press("Bắt đầu cài")
	wait("document.querySelector('img.qr')?.naturalWidth > 100")
	look("second-1280")
	secret := strings.ReplaceAll(text("document.querySelector('main .code').innerText"), " ", "")
	fill("code", totp(t, secret, time.Now()))
	press("Bật mã xác thực")
	wait("document.querySelectorAll('#codes li').length === 10")
	recovery := text("document.querySelector('#codes li').innerText")
	look("recovery-1280")

	open("/console/users/new")
	fill("name", "Phạm Thị Hoa", "email", "hoa@haiduong.gov.vn")
	do(chromedp.Evaluate[chromedp.Void](`document.querySelector('[name=role]').value = 'head'; document.querySelector('[name=agency]').value = [...document.querySelectorAll('#agencies option')].map(o => o.value).find(v => v.startsWith('Sở Nội vụ'))`))
	look("new-1280")
	press("Tạo và lấy đường dẫn")
	wait("document.querySelector('#link')?.value.includes('/console/invitation/')")
	look("link-1280")
	for i, name := range []string{"Trần Thị Bình", "Vũ Quốc Cường", "Lê Thu Dung"} {
		r.officer(name, fmt.Sprintf("canbo%d@haiduong.gov.vn", i), bot.Grant{Role: []bot.Role{bot.RoleOfficer, bot.RolePress, bot.RoleController}[i], Scope: bot.Scope{Agency: "hp-so-noi-vu"}})
	}
	open("/console/users/2")
	look("user-1280")
	press("Khóa tài khoản")
	wait("document.querySelector('.flash button')?.textContent === 'Hoàn tác'")
	look("undo-1280")
	do(chromedp.Evaluate[chromedp.Void]("document.querySelector('.flash button').click()"))
	wait("document.querySelector('.flash')?.innerText.includes('Đã mở khóa')")
	// The keyboard: n asks for a new user, j goes down the list, ? tells the keys.
	open("/console/users")
	look("users-1280")
	do(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"))
	if got := text("document.activeElement.innerText"); got != "Phạm Thị Hoa" {
		t.Errorf("j j stands on %q", got)
	}
	do(chromedp.KeyEvent("?"))
	wait("document.querySelector('#keys')?.open === true")
	do(chromedp.KeyEvent("\u001b"), chromedp.KeyEvent("n"))
	wait("location.pathname === '/console/users/new'")
	open("/console/audit")
	press("Kiểm tra nhật ký")
	wait("document.querySelector('.notice')?.innerText.includes('nguyên vẹn')")
	look("audit-1280")
	open("/console/letters")
	look("letters-1280")
	open("/console")
	look("home-1280")

	// By night, and on paper: the menu is not printed, the heading of an office is.
	media := func(p emulation.SetEmulatedMediaParams) {
		t.Helper()
		do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, p)
			return err
		}))
	}
	open("/console/users/2")
	media(emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
	look("dark-1280")
	open("/console/users")
	media(emulation.SetEmulatedMediaParams{Media: "print"})
	if got := text("getComputedStyle(document.querySelector('#nav')).display + ' ' + getComputedStyle(document.querySelector('.office')).display"); got != "none flex" {
		t.Errorf("on paper menu and heading are %q", got)
	}
	look("print-1280")
	media(emulation.SetEmulatedMediaParams{})

	size(390)
	for _, path := range []string{"", "/users", "/users/2", "/users/new", "/audit", "/letters", "/account", "/account/second", "/calendar"} {
		open("/console" + path)
		look("phone" + strings.ReplaceAll(path, "/", "-"))
	}
	// The menu of a phone opens and closes without a script.
	do(chromedp.Evaluate[chromedp.Void]("document.querySelector('.menu').click()"))
	wait("getComputedStyle(document.querySelector('#nav')).display === 'block'")
	look("phone-menu")
	do(chromedp.Evaluate[chromedp.Void]("document.querySelector('#nav .close').click()"))
	wait("getComputedStyle(document.querySelector('#nav')).display === 'none'")
	do(chromedp.Evaluate[chromedp.Void]("[...document.querySelectorAll('.top button')].at(-1).click()"))
	wait("location.pathname === '/console/sign-in'")
	look("phone-sign-in")
	fill("email", "an@haiduong.gov.vn", "password", consolePhrase)
	press("Đăng nhập")
	wait("location.pathname === '/console/sign-in/code'")
	fill("code", recovery)
	press("Tiếp tục")
	wait("location.pathname === '/console'")
}
