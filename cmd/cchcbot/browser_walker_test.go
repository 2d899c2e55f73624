//go:build browser

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"cchcbot/bot/bottest"
	"cchcbot/bot/bottest/faketelegram"
)

// do runs steps in the browser.
func (w *walker) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	if err := chromedp.Do(w.ctx, steps...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *walker) js(script string) string {
	w.t.Helper()
	s, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](script))
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *walker) run(script string) {
	w.t.Helper()
	w.do(chromedp.Evaluate[chromedp.Void](script))
}

func (w *walker) wait(js string) {
	w.t.Helper()
	for tries := 0; ; tries++ {
		_, err := chromedp.Run(w.ctx, chromedp.Poll[bool](js, chromedp.WithPollingTimeout(20*time.Second)))
		if err == nil {
			return
		}
		if tries == 20 || !strings.Contains(err.Error(), "context") && !strings.Contains(err.Error(), "navigated") {
			w.t.Fatalf("%s: %v; the page ends with %q", js, err, w.js("(document.body?.innerText ?? '').slice(-900)"))
		}
	}
}

func (w *walker) size(width int64) {
	w.t.Helper()
	if width < 500 {
		w.do(chromedp.EmulateViewport(width, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait))
		return
	}
	w.do(chromedp.EmulateViewport(width, 900))
}

func (w *walker) open(path string) {
	w.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = w.r.server.PublicURL() + path
	}
	w.do(chromedp.Navigate(path))
}

// look checks what a page must never do, and keeps a picture in docs when asked,
// but for names that begin with a dash.
func (w *walker) look(name string, whole bool) {
	w.t.Helper()
	if over := w.js("String(document.documentElement.scrollWidth - document.documentElement.clientWidth)"); over != "0" {
		w.t.Errorf("%s is %s px too wide", name, over)
	}
	if !*picture || name[0] == '-' {
		return
	}
	shot, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
	if whole {
		shot, err = chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
	}
	if err == nil {
		err = os.WriteFile(filepath.Join("..", "..", "docs", name+".png"), shot, 0o644)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// press presses a button or a link of the page by its words.
func (w *walker) press(title string) {
	w.t.Helper()
	w.wait(fmt.Sprintf(`[...document.querySelectorAll('main button, main a.button')].some(b => b.offsetParent && b.textContent.trim() === %q)`, title))
	w.run(fmt.Sprintf(`[...document.querySelectorAll('main button, main a.button')].find(b => b.offsetParent && b.textContent.trim() === %q).click()`, title))
}

// fill writes into a field by its name.
func (w *walker) fill(name, text string) {
	w.t.Helper()
	w.wait(fmt.Sprintf(`document.querySelector('[name=%s]') !== null`, name))
	w.do(chromedp.Focus(chromedp.CSS("[name="+name+"]")), chromedp.KeyEvent(text))
}

func (w *walker) tick(names ...string) {
	w.t.Helper()
	for _, n := range names {
		w.run(fmt.Sprintf(`document.querySelector('input[type=checkbox][name=%s]').checked = true`, n))
	}
}

// said waits until the bot said something with these words, after what it had said before.
func (w *walker) said(words string) string {
	w.t.Helper()
	// Nobody types as fast as this test: where the chat asks for patience, it has it.
	w.wait(fmt.Sprintf(`(() => {
		const again = [...document.querySelectorAll('.problem + button')].at(-1);
		if (again && Date.now() - (window.again ?? 0) > 1500) { window.again = Date.now(); again.click(); }
		return [...document.querySelectorAll(%q)].slice(%d).some(m => m.innerText.includes(%q));
	})()`, w.say, w.seen, words))
	text := w.js(fmt.Sprintf(`[...document.querySelectorAll(%q)].slice(%d).map(m => m.innerText).join('\n')`, w.say, w.seen))
	w.run(fmt.Sprintf(`window.talked = document.querySelectorAll(%q).length`, w.say))
	n, err := chromedp.Run(w.ctx, chromedp.Evaluate[int]("window.talked"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.seen = n
	return text
}

// choose presses the newest choice of that title in the open chat, or types its number.
func (w *walker) choose(title string) {
	w.t.Helper()
	script := fmt.Sprintf(`(() => {
		const b = [...document.querySelectorAll('.rows button, button.choice')].filter(b => b.offsetParent && b.textContent === %q).at(-1);
		if (b) { b.click(); return ''; }
		const last = [...document.querySelectorAll(%q)].at(-1).innerText.split('\n');
		return last.find(l => /^\d+\. /.test(l) && l.replace(/^\d+\. /, '').trim() === %q) ?? 'none';
	})()`, title, w.say, title)
	line := w.js(script)
	if line == "none" {
		w.t.Fatalf("no choice %q", title)
	}
	if n, _, ok := strings.Cut(line, "."); ok {
		w.typed(w.field, n)
	}
}

func (w *walker) typed(field, text string) {
	w.t.Helper()
	w.do(chromedp.Focus(chromedp.CSS(field)), chromedp.KeyEvent(text+"\r"))
}

var walkCode = regexp.MustCompile(`[0-9A-Z]{4}-[0-9A-Z]{4}`)

func walkPhoto() []byte { return bottest.SamplePhoto(1200, 900) }

// photoFile is that photo in a file that a page can take.
func (w *walker) photoFile() string {
	w.t.Helper()
	name := filepath.Join(w.t.TempDir(), "IMG_2026.jpg")
	if err := os.WriteFile(name, walkPhoto(), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return name
}

// file goes through the form from the first words to the code. A location is
// near three communes: the citizen picks his.
func (w *walker) file(locate, photo func()) string {
	w.t.Helper()
	w.typed(w.field, walkWords)
	w.said("Hạ tầng, vệ sinh, chiếu sáng")
	w.choose("Đúng")
	w.said("Việc ở đâu")
	locate()
	w.said("mấy nơi gần vị trí")
	w.choose(w.near)
	w.said("Gần chỗ nào")
	w.typed(w.field, "trước cổng chợ")
	w.said("từ ngày nào")
	w.choose("Hôm nay")
	w.said("ảnh hoặc tệp")
	photo()
	w.said("Đã nhận")
	w.choose("Xong")
	if text := w.said("Cho đăng công khai"); strings.Contains(text, walkPhone) {
		w.t.Errorf("the preview of what is public shows the number: %q", text)
	}
	w.choose("Cho công khai")
	w.said("xem lại trước khi gửi")
	w.choose("Gửi")
	return walkCode.FindString(w.said("Đã nhận. Mã của anh/chị"))
}

// phone opens the page of the playground for one platform.
func (w *walker) phone(platform string) {
	w.t.Helper()
	w.size(390)
	w.open("about:blank")
	w.open(fakesPath + "#" + platform)
	w.field, w.say, w.seen = "#phone-"+platform+" textarea", "#phone-"+platform+" .msg:not(.mine)", 0
	w.do(chromedp.WaitVisible(chromedp.CSS(w.field)))
	w.run(fmt.Sprintf(`document.getElementById('person').value = %q; document.getElementById('person').dispatchEvent(new Event('change'))`, walkName))
}

func (w *walker) act(platform, title string) {
	w.t.Helper()
	w.run(fmt.Sprintf(`[...document.querySelectorAll('#phone-%s .acts button')].find(b => b.textContent === %q).click()`, platform, title))
}

func (w *walker) onZalo() string {
	w.t.Helper()
	w.phone("zalo")
	return w.file(func() { w.act("zalo", "Gửi vị trí") }, func() { w.r.fakes.zalo.AttachFile(walkName, "image", "", "", walkPhoto()) })
}

func (w *walker) onTelegram() string {
	w.t.Helper()
	w.phone("telegram")
	return w.file(func() { w.act("telegram", "Gửi vị trí") }, func() {
		w.r.fakes.telegram.Send(faketelegram.Incoming{From: w.r.fakes.telegram.Person(walkName), Photo: walkPhoto()})
	})
}

func (w *walker) onWeb() string {
	w.t.Helper()
	w.size(1280)
	w.open("/chat")
	w.field, w.say, w.seen = "#text", ".msg.bot", 0
	w.said("Hải Dương")
	// Where the browser is: the sensor is not what is tried here.
	w.run(`Object.defineProperty(navigator, 'geolocation', {value: {getCurrentPosition: ok => ok({coords: {latitude: 20.9401, longitude: 106.3330}})}})`)
	code := w.file(func() { w.do(chromedp.Click(chromedp.CSS("#place"))) }, func() { w.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{w.photoFile()})) })
	w.look("complaint-chat-wide", false)
	w.size(390)
	w.run(`document.getElementById('scroll').scrollTop = 1e6`)
	w.look("complaint-chat", false)
	return code
}
