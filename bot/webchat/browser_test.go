//go:build browser

// The page in a real browser:
//
//	go test -tags browser -run Browser -artifacts -outputdir /tmp/shots ./bot/webchat
//
// It needs Chromium as /usr/bin/chromium, or where CHROMIUM says.
package webchat

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"cchcbot/bot"
	chromium "cchcbot/bot/bottest/browser"
)

// clerk answers like the real bot; its figures are made up for the test.
func clerk(u bot.Update) []bot.Message {
	pick := func(titles ...string) (rows [][]bot.MessageButton) {
		for i, t := range titles {
			b := bot.MessageButton{Title: t, Payload: fmt.Sprintf("test:pick:%d", i)}
			if i%2 == 0 {
				rows = append(rows, nil)
			}
			rows[len(rows)-1] = append(rows[len(rows)-1], b)
		}
		return rows
	}
	m := message("m-"+u.ID, u.Chat, u.ID, "")
	switch {
	case u.Event == bot.EventFollowed:
		m.Text = "Chào anh/chị. Tôi trả lời về thủ tục hành chính: giấy tờ cần mang, lệ phí, mất bao lâu, nộp ở đâu.\nAnh/chị viết câu hỏi, hoặc chọn:"
		m.Buttons = pick("📄 Hỏi thủ tục", "🏛 Nơi nộp hồ sơ", "☎️ Đường dây nóng", "🔔 Nhận tin")
	case strings.HasPrefix(u.Button, "test:"):
		m.Text = "Đã chọn " + u.Button + "\nTra thêm tại https://dichvucong.gov.vn/p/home/dvc-trang-chu.html.\n<img src=x onerror=\"document.title='hacked'\"> là chữ, không phải ảnh."
		m.Buttons = [][]bot.MessageButton{{{Title: "Gửi vị trí", Request: bot.RequestLocation}, {Title: "Mở Cổng Dịch vụ công", URL: "https://dichvucong.gov.vn/"}}}
	case u.Place != nil:
		m.Text = fmt.Sprintf("Vị trí %.3f, %.3f", u.Place.Lat, u.Place.Lon)
	default:
		m.Text = "Thử chữ: Ệ Ử Ỡ Ẵ ệ ử ỡ ẵ.\nĐăng ký kết hôn ở xã, phường: miễn phí (ví dụ).\n\nGiấy tờ cần mang:\n• Tờ khai đăng ký kết hôn\n• Căn cước của hai bên\n\nNguồn: ví dụ để thử trang, không phải số liệu thật."
		m.Buttons = pick("Giấy tờ cần mang", "Nộp ở đâu", "Mất bao lâu", "Với người nước ngoài")
	}
	return []bot.Message{m}
}

// tab drives one browser tab.
type tab struct {
	*chromium.Tab
	dir string

	mu       sync.Mutex
	problems []string
}

func openTab(t *testing.T) *tab {
	t.Helper()
	b := &tab{dir: t.ArtifactDir()}
	b.Tab = chromium.New(t, chromedp.WithListener(func(ev any) {
		if e, ok := ev.(*runtime.EventExceptionThrown); ok {
			b.mu.Lock()
			b.problems = append(b.problems, e.ExceptionDetails.Text)
			b.mu.Unlock()
		}
	}))
	return b
}

func (b *tab) shot(name string) {
	b.T.Helper()
	b.Picture(filepath.Join(b.dir, name+".png"), false)
}

func phone(b *tab) { b.Size(390, 844) }

func count(selector string, n int) string {
	return fmt.Sprintf("document.querySelectorAll(%q).length === %d", selector, n)
}

const lastBot = `[...document.querySelectorAll('.msg.bot .bubble')].at(-1).innerText`

// faults asks the page what a person would complain about: things wider than
// the screen, touch targets that are too small, text that is too small.
const faults = `(() => {
	const out = [];
	const shown = (e) => e.getClientRects().length > 0 && !e.closest('.vh, .skip');
	if (document.documentElement.scrollWidth > innerWidth) out.push('the page is wider than the screen');
	for (const e of document.querySelectorAll('button, textarea, .choice, nav a')) {
		const r = e.getBoundingClientRect();
		if (shown(e) && (r.height < 44 || r.width < 44)) out.push('small target: ' + (e.id || e.textContent) + ' ' + r.width + 'x' + r.height);
		if (shown(e) && (r.right > innerWidth + 1 || r.left < -1)) out.push('outside: ' + (e.id || e.textContent));
	}
	for (const e of document.querySelectorAll('.bubble p, .choice, textarea, .about')) {
		if (shown(e) && parseFloat(getComputedStyle(e).fontSize) < 16) out.push('small text: ' + e.textContent.slice(0, 20));
	}
	return out.join('; ');
})()`

func TestBrowserTalk(t *testing.T) {
	c, in := newChat(t, Options{Now: time.Now})
	in.answer = clerk
	s := httptest.NewServer(c.Handler(in))
	t.Cleanup(s.Close)
	t.Cleanup(c.Close)
	b := openTab(t)

	b.Media("", &emulation.MediaFeature{Name: "prefers-color-scheme", Value: "light"})
	phone(b)
	b.Open(s.URL + "/chat")
	b.Until(count(".msg.bot", 1))
	b.shot("phone-start")
	if got := b.Read(faults); got != "" {
		t.Error("first view:", got)
	}

	// Typed and sent with the Enter key; Shift+Enter makes a new line.
	b.Type("#text", "le phi dang ky")
	b.Key("\r", chromedp.KeyModifiers(chromedp.ModifierShift))
	b.Key("ket hon <b>bn</b>\r")
	b.Until(count(".msg.bot", 2))
	if got := b.Read(`[...document.querySelectorAll('.msg.me .bubble p')].at(-1).textContent`); got != "le phi dang ky\nket hon <b>bn</b>" {
		t.Errorf("the citizen's bubble says %q", got)
	}
	if got := b.Read(`document.getElementById('text').value`); got != "" {
		t.Errorf("the composer keeps %q", got)
	}
	b.shot("phone-answer")
	if got := b.Read(faults); got != "" {
		t.Error("answer:", got)
	}

	// A button by keyboard alone: from the composer backwards to the last choice.
	for range 3 {
		b.Key("\t", chromedp.KeyModifiers(chromedp.ModifierShift))
	}
	if got := b.Read(`document.activeElement.textContent`); got != "Với người nước ngoài" {
		t.Fatalf("Shift+Tab leads to %q", got)
	}
	b.shot("phone-focus")
	b.Key("\r")
	b.Until(count(".msg.bot", 3))
	if got := b.Read(`[...document.querySelectorAll('.msg.me .bubble p')].at(-1).textContent`); got != "Với người nước ngoài" {
		t.Errorf("the pressed choice shows as %q", got)
	}
	if got := b.Read(`document.title + document.querySelectorAll('#log img').length`); !strings.HasSuffix(got, "hành chính0") {
		t.Errorf("a message became markup: %q", got)
	}
	if got := b.Read(`[...document.querySelectorAll('#log p a')].map(a => a.getAttribute('href')).join()`); got != "https://dichvucong.gov.vn/p/home/dvc-trang-chu.html" {
		t.Errorf("links %q", got)
	}
	// An old button still works.
	b.Do(chromedp.Click(chromedp.CSS(".msg.bot .choice")))
	b.Until(count(".msg.bot", 4))

	// A later message arrives by the stream.
	citizen := in.all()[0].Chat
	until(func() bool { return c.open(citizen) == 1 })
	if _, err := c.Send(t.Context(), message("later", citizen, "", "Phản ánh đã được trả lời (ví dụ).")); err != nil {
		t.Fatal(err)
	}
	b.Until(lastBot + `.includes('đã được trả lời')`)
	b.shot("phone-later")

	// A reload keeps the talk and does not greet again.
	before, updates := b.Read(`document.getElementById('log').innerText`), len(in.all())
	b.Do(chromedp.Reload())
	b.Until(count(".msg.bot", 5))
	if after := b.Read(`document.getElementById('log').innerText`); after != before || len(in.all()) != updates {
		t.Errorf("after a reload: %d updates, before %d\n%s", len(in.all()), updates, after)
	}

	looks(b)
	failures(b, in)
	photo(b, in)
	b.Do(chromedp.Click(chromedp.CSS("#clear")))
	b.Until(`document.getElementById('ask').open`)
	b.shot("phone-clear")
	b.Do(chromedp.Click(chromedp.CSS("#ask button[value=yes]")))
	b.Until(count(".msg.bot", 1) + " && " + count(".msg.me:not([hidden])", 0))
	b.Open(s.URL + "/chat?lang=en")
	b.Until(`document.documentElement.lang === 'en' && ` + count(".msg.bot", 1))
	b.shot("phone-english")
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.problems) > 0 {
		t.Errorf("the script failed: %v", b.problems)
	}
}

// looks takes the page through screens and wishes.
func looks(b *tab) {
	b.T.Helper()
	for _, v := range []struct {
		name          string
		width, height int64
		scheme        string
	}{
		{"wide", 1280, 800, "light"},
		{"wide-dark", 1280, 800, "dark"},
		{"phone-dark", 390, 844, "dark"},
		{"phone-360", 360, 640, "light"},
		{"wide-zoom-200", 640, 400, "light"},
		{"phone-zoom-200", 195, 422, "light"},
	} {
		b.Media("", &emulation.MediaFeature{Name: "prefers-color-scheme", Value: v.scheme}, &emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"})
		b.Do(chromedp.EmulateViewport(v.width, v.height))
		b.Run(`document.getElementById('scroll').scrollTop = 1e6`)
		b.shot(v.name)
		if got := b.Read(faults); got != "" {
			b.T.Errorf("%s: %s", v.name, got)
		}
	}
	b.Media("", &emulation.MediaFeature{Name: "prefers-color-scheme", Value: "light"})
	phone(b)
}

// failures: the server refuses, the text stays and can be sent again.
func failures(b *tab, in *memory) {
	b.T.Helper()
	in.err = fmt.Errorf("the disk is full")
	b.Do(chromedp.SendKeys(chromedp.CSS("#text"), "câu hỏi lúc bận\r"))
	b.Until(count(".msg.me .problem", 1))
	b.shot("phone-failed")
	if got := b.Read(faults); got != "" {
		b.T.Error("failed:", got)
	}
	b.Do(chromedp.Reload()) // the text survives even that
	b.Until(count(".msg.me .problem", 1))
	in.err = nil
	b.Do(chromedp.Click(chromedp.CSS(".msg.me .meta .choice")))
	b.Until(count(".msg.me .problem", 0) + " && " + count(".msg.bot", 6))
	us := in.all()
	if got := us[len(us)-1].Text; got != "câu hỏi lúc bận" {
		b.T.Errorf("sent again: %q", got)
	}
	// No permission for the place: the page explains.
	b.Do(chromedp.Click(chromedp.CSS("#place")))
	b.Until(`[...document.querySelectorAll('.msg.note')].some(e => e.innerText.includes('gõ tên xã'))`)
	b.shot("phone-place-denied")
}

// photo chooses a picture: it is sent, shown, and known by its content.
func photo(b *tab, in *memory) {
	b.T.Helper()
	name := filepath.Join(b.T.TempDir(), "giay-hen.png")
	f, err := os.Create(name)
	if err == nil {
		err = errors.Join(png.Encode(f, image.NewGray(image.Rect(0, 0, 60, 40))), f.Close())
	}
	if err != nil {
		b.T.Fatal(err)
	}
	b.Do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{name}))
	b.Until(count(".msg.bot", 7) + ` && document.querySelector('.msg.me img').naturalWidth === 60`)
	us := in.all()
	if m := us[len(us)-1].Media; len(m) != 1 || m[0].Kind != bot.Photo || m[0].Type != "image/png" || m[0].Name != "giay-hen.png" {
		b.T.Errorf("photo arrived as %+v", m)
	}
	b.shot("phone-photo")
}

func TestBrowserEmbedded(t *testing.T) {
	var chat *httptest.Server
	portal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!doctype html><html lang="vi"><title>Cổng</title><body style="font-family:sans-serif"><h1>Cổng thông tin (trang thử)</h1><script src="`+chat.URL+`/chat/static/embed.js"></script>`)
	}))
	t.Cleanup(portal.Close)
	site := strings.Replace(portal.URL, "127.0.0.1", "localhost", 1) // another site than 127.0.0.1
	c, in := newChat(t, Options{Now: time.Now, Origins: []string{site}})
	in.answer = clerk
	chat = httptest.NewServer(c.Handler(in))
	t.Cleanup(chat.Close)
	t.Cleanup(c.Close)
	b := openTab(t)
	b.Size(1280, 800)
	b.Open(site)
	b.Do(chromedp.Click(chromedp.CSS("body > button")))
	until(func() bool { return len(in.all()) == 1 })
	until(func() bool { return c.open(in.all()[0].Chat) == 1 })
	b.shot("embedded")
	// The frame's cookie holds: the stream belongs to the citizen of the POST.
	if _, err := c.Send(t.Context(), message("later", in.all()[0].Chat, "", "tin")); err != nil {
		t.Error(err)
	}
	b.Do(chromedp.EmulateViewport(390, 844))
	b.shot("embedded-phone")
}
