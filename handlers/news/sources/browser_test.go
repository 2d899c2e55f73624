//go:build browser

package sources

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"cchcbot/bot/bottest/browser"
	"cchcbot/bot/web"
)

var picture = flag.Bool("picture", false, "write docs/nguon-tin.png and docs/nguon-tin-phone.png")

// TestBrowserSources adds a source and tries it, on a desk and on a phone.
//
//	go test -tags browser -run Browser ./handlers/news/sources -picture
func TestBrowserSources(t *testing.T) {
	w := newWorld(t)
	w.serve(200, "text/xml", []byte(rss(
		article("1", "Từ 05/12, một cửa phường Hải Tân làm việc sáng thứ bảy", "https://bao.example.vn/mot-cua-sang-thu-bay.html?utm_source=rss", "10"),
		article("2", "Nộp hồ sơ đất đai qua mạng: những điều cần biết", "https://bao.example.vn/ho-so-dat-dai-qua-mang.html", "09"))))
	w.signed.Officer.Name = "Phạm Thị Hoa"
	must(t, w.store.Rename(t.Context(), w.signed.Officer.ID, "Phạm Thị Hoa", "hoa@haiduong.gov.vn", "test"))
	mux := http.NewServeMux()
	mux.Handle(web.AssetsPattern, w.s.kit.Assets())
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "cchcbot_console", Value: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"})
		w.mux.ServeHTTP(rw, r)
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	b := browser.New(t)
	press := func(button, want string) {
		t.Helper()
		b.Press(browser.Button("main button", button))
		b.Shows(want)
	}
	look := func(name string) {
		t.Helper()
		if got := b.TooWide(); got != "" {
			t.Errorf("%s is %s", name, got)
		}
		if *picture {
			b.Picture(filepath.Join("..", "..", "..", "docs", name+".png"), true)
		}
	}
	b.Size(1280, 900)
	b.Open(srv.URL + newPath)
	b.Type("[name=url]", w.at("/rss/trang-chu.rss"))
	b.Type("[name=name]", "Báo Hải Dương")
	press("Thêm nguồn", "Đã thêm nguồn")
	press("Đọc thử ngay", "2 bài mới")
	look("nguon-tin")
	b.Size(390, 844)
	b.Open(srv.URL + listPath)
	look("nguon-tin-phone")
	if strings.Contains(w.log.String(), "level=ERROR") {
		t.Error(w.log.String())
	}
}
