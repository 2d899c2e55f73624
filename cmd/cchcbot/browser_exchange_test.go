//go:build browser

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"cchcbot/bot"
	"cchcbot/bot/bottest/browser"
)

// TestBrowserExchange: an officer brings an edited workbook in, reads what it changes, confirms; then looks at what grew old.
//
//	go test -tags browser -run BrowserExchange ./cmd/cchcbot
func TestBrowserExchange(t *testing.T) {
	later := func() time.Time { return time.Now().AddDate(1, 6, 0) }
	r := prepareAt(t, believed(), later)
	r.run()
	clerk := r.officer("Phạm Thị Hoa", "hoa@haiduong.gov.vn", bot.Grant{Role: bot.RoleOfficer, Scope: bot.Scope{Agency: "hp-so-tu-phap"}})
	s := r.staffer(1)
	s.signIn(clerk)
	book, _ := edited(t, s.get(exchangePath+"/export.xlsx").body)
	file := filepath.Join(t.TempDir(), "ho-tich.xlsx")
	ok(t, os.WriteFile(file, book, 0o600))

	p := &pane{Tab: browser.New(t), r: r}
	p.size(1280)
	p.signIn(clerk)
	p.open(exchangePath)
	p.Shows("Xuất ra Excel")
	p.both("kb-exchange")
	p.Do(chromedp.SetUploadFiles(chromedp.CSS("#f-file"), []string{file}))
	p.press("Đọc và so sánh")
	p.Shows("Tạo 4 bản soạn")
	p.both("kb-exchange-report")
	p.press("Xác nhận")
	p.Shows("Đã tạo 4 bản soạn")
	p.open("/console/procedures/stale")
	p.Shows("Mục cần xem lại")
	p.both("kb-stale")
	for line := range strings.SplitSeq(r.log.String(), "\n") {
		if strings.Contains(line, "level=ERROR") {
			t.Error(line)
		}
	}
}
