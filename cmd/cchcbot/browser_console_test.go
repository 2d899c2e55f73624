//go:build browser

package main

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"cchcbot/bot"
	"cchcbot/bot/bottest/browser"
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
	p := &pane{Tab: browser.New(t), r: r}
	// look checks what a page must never do, and keeps a picture.
	look := func(name string) {
		t.Helper()
		p.fits(name)
		p.touchable(name, "main button, .top a, .top button, #nav a, .tabs a, input:not([type=checkbox]):not([type=hidden]), select")
		if kept := map[string]string{"users-1280": "console-users.png", "phone-users-2": "console-phone.png"}[name]; kept != "" && *picture {
			p.Picture(filepath.Join("..", "..", "docs", kept), true)
		} else if *pictures != "" {
			p.Picture(filepath.Join(*pictures, name+".png"), true)
		}
	}

	p.size(1280)
	p.open(link)
	look("first-1280")
	p.fill("name", "Nguyễn Văn An", "email", "an@haiduong.gov.vn", "password", consolePhrase, "again", consolePhrase)
	p.press("Đặt và đăng nhập")
	p.Until("location.pathname === '/console'")
	p.open("/console/account/second")
	p.press("Bắt đầu cài")
	p.Until("document.querySelector('img.qr')?.naturalWidth > 100")
	look("second-1280")
	secret := strings.ReplaceAll(p.Read("document.querySelector('main .code').innerText"), " ", "")
	p.fill("code", totp(t, secret, time.Now()))
	p.press("Bật mã xác thực")
	p.Until("document.querySelectorAll('#codes li').length === 10")
	recovery := p.Read("document.querySelector('#codes li').innerText")
	look("recovery-1280")

	p.open("/console/users/new")
	p.fill("name", "Phạm Thị Hoa", "email", "hoa@haiduong.gov.vn")
	p.Run(`document.querySelector('[name=role]').value = 'head'; document.querySelector('[name=agency]').value = [...document.querySelectorAll('#agencies option')].map(o => o.value).find(v => v.startsWith('Sở Nội vụ'))`)
	look("new-1280")
	p.press("Tạo và lấy đường dẫn")
	p.Until("document.querySelector('#link')?.value.includes('/console/invitation/')")
	look("link-1280")
	for i, name := range []string{"Trần Thị Bình", "Vũ Quốc Cường", "Lê Thu Dung"} {
		r.officer(name, fmt.Sprintf("canbo%d@haiduong.gov.vn", i), bot.Grant{Role: []bot.Role{bot.RoleOfficer, bot.RolePress, bot.RoleController}[i], Scope: bot.Scope{Agency: "hp-so-noi-vu"}})
	}
	p.open("/console/users/2")
	look("user-1280")
	p.press("Khóa tài khoản")
	p.Until("document.querySelector('.flash button')?.textContent === 'Hoàn tác'")
	look("undo-1280")
	p.Press("document.querySelector('.flash button')")
	p.Until("document.querySelector('.flash')?.innerText.includes('Đã mở khóa')")
	// The keyboard: n asks for a new user, j goes down the list, ? tells the keys.
	p.open("/console/users")
	look("users-1280")
	p.Key("jj")
	if got := p.Read("document.activeElement.innerText"); got != "Phạm Thị Hoa" {
		t.Errorf("j j stands on %q", got)
	}
	p.Key("?")
	p.Until("document.querySelector('#keys')?.open === true")
	p.Key("\u001b")
	p.Until("!document.querySelector('#keys').open")
	p.Key("n")
	p.Until("location.pathname === '/console/users/new'")
	p.open("/console/audit")
	p.press("Kiểm tra nhật ký")
	p.Until("document.querySelector('.notice')?.innerText.includes('nguyên vẹn')")
	look("audit-1280")
	p.open("/console/letters")
	look("letters-1280")
	p.open("/console")
	look("home-1280")

	// By night, and on paper: the menu is not printed, the heading of an office is.
	p.open("/console/users/2")
	p.Media("", &emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"})
	look("dark-1280")
	p.open("/console/users")
	p.Media("print")
	if got := p.Read("getComputedStyle(document.querySelector('#nav')).display + ' ' + getComputedStyle(document.querySelector('.office')).display"); got != "none flex" {
		t.Errorf("on paper menu and heading are %q", got)
	}
	look("print-1280")
	p.Media("")

	p.size(390)
	for _, path := range []string{"", "/users", "/users/2", "/users/new", "/audit", "/letters", "/account", "/account/second", "/calendar"} {
		p.open("/console" + path)
		look("phone" + strings.ReplaceAll(path, "/", "-"))
	}
	// The menu of a phone opens and closes without a script.
	p.Press("document.querySelector('.menu')")
	p.Until("getComputedStyle(document.querySelector('#nav')).display === 'block'")
	look("phone-menu")
	p.Press("document.querySelector('#nav .close')")
	p.Until("getComputedStyle(document.querySelector('#nav')).display === 'none'")
	p.Press("[...document.querySelectorAll('.top button')].at(-1)")
	p.Until("location.pathname === '/console/sign-in'")
	look("phone-sign-in")
	p.fill("email", "an@haiduong.gov.vn", "password", consolePhrase)
	p.press("Đăng nhập")
	p.Until("location.pathname === '/console/sign-in/code'")
	p.fill("code", recovery)
	p.press("Tiếp tục")
	p.Until("location.pathname === '/console'")
}
