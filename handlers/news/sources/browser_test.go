//go:build browser

package sources

import (
	"context"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

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
	path := os.Getenv("CHROMIUM")
	if path == "" {
		path = "/usr/bin/chromium"
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	defer stop()
	ctx, end := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Headless, chromedp.NoFirstRun, chromedp.UserDataDir(t.TempDir()))...)
	defer end()
	ctx, _ = chromedp.NewContext(ctx)
	defer func() { must(t, chromedp.Cancel(ctx)) }()
	do := func(steps ...chromedp.Action[chromedp.Void]) { t.Helper(); must(t, chromedp.Do(ctx, steps...)) }
	press := func(button, want string) {
		t.Helper()
		do(chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll('main button')].find(b => b.innerText.includes('` + button + `')).click()`))
		for tries := 0; ; tries++ {
			_, err := chromedp.Run(ctx, chromedp.Poll[bool](`document.readyState === 'complete' && document.body.innerText.includes('`+want+`')`, chromedp.WithPollingTimeout(10*time.Second)))
			if err == nil {
				return
			}
			if tries == 5 || !strings.Contains(err.Error(), "navigated") && !strings.Contains(err.Error(), "context") { // the page went away while it was looked at
				t.Fatalf("%s leads not to %q: %v", button, want, err)
			}
		}
	}
	shot := func(name string) {
		t.Helper()
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
		must(t, err)
		if wide {
			t.Errorf("%s is wider than the screen", name)
		}
		if !*picture {
			return
		}
		b, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		must(t, err)
		must(t, os.WriteFile(filepath.Join("..", "..", "..", "docs", name+".png"), b, 0o644))
	}
	do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(srv.URL+newPath))
	fill := func(name, value string) {
		t.Helper()
		do(chromedp.Focus(chromedp.CSS("[name="+name+"]")), chromedp.KeyEvent(value))
	}
	fill("url", w.at("/rss/trang-chu.rss"))
	fill("name", "Báo Hải Dương")
	press("Thêm nguồn", "Đã thêm nguồn")
	press("Đọc thử ngay", "2 bài mới")
	shot("nguon-tin")
	do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait), chromedp.Navigate(srv.URL+listPath))
	shot("nguon-tin-phone")
	if strings.Contains(w.log.String(), "level=ERROR") {
		t.Error(w.log.String())
	}
}
