//go:build browser

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/chromedp/chromedp"

	"cchcbot/bot/bottest"
	"cchcbot/bot/bottest/browser"
	"cchcbot/bot/bottest/faketelegram"
)

// pane is one browser window on the program.
type pane struct {
	*browser.Tab
	r *running
}

// open goes to a path of the program, or to a whole address.
func (p *pane) open(path string) {
	p.T.Helper()
	if strings.HasPrefix(path, "/") {
		path = p.r.server.PublicURL() + path
	}
	p.Open(path)
}

func (p *pane) size(width int64) {
	p.T.Helper()
	height := int64(900)
	if width < 500 {
		height = 844
	}
	p.Size(width, height)
}

// fill writes into fields by their names, each after what is in it.
func (p *pane) fill(pairs ...string) {
	p.T.Helper()
	for i := 0; i < len(pairs); i += 2 {
		p.Type("main [name="+pairs[i]+"]", pairs[i+1])
	}
}

// set puts a value into a field of the page, as a date picker does.
func (p *pane) set(name, value string) {
	p.T.Helper()
	field := fmt.Sprintf("document.querySelector('main [name=%s]')", name)
	p.Until(field)
	p.Run(field + ".value = " + browser.Quote(value))
}

// tick clicks boxes by their names.
func (p *pane) tick(names ...string) {
	p.T.Helper()
	for _, n := range names {
		p.Press(fmt.Sprintf("document.querySelector('main [name=%s]')", n))
	}
}

// press presses a button or a link of the page by its words.
func (p *pane) press(title string) {
	p.T.Helper()
	p.Press(browser.Button("main button, main a.button", title))
}

// signIn signs somebody in to the console, in place of whoever was.
func (p *pane) signIn(a *staffAccount) {
	p.T.Helper()
	p.open("/console/sign-in")
	if p.Read("location.pathname") != "/console/sign-in" {
		p.signOut()
	}
	p.fill("email", a.email, "password", consolePhrase)
	p.press("Đăng nhập")
	if len(a.recovery) > 0 {
		p.Until("location.pathname === '/console/sign-in/code'")
		p.fill("code", a.recovery[0])
		a.recovery = a.recovery[1:]
		p.press("Tiếp tục")
	}
	p.Until("location.pathname === '/console'")
}

func (p *pane) signOut() {
	p.T.Helper()
	p.Press("document.querySelector('.who form button')")
	p.Until("location.pathname === '/console/sign-in'")
}

// fits checks what a page must never do: be wider than its window.
func (p *pane) fits(name string) {
	p.T.Helper()
	if got := p.TooWide(); got != "" {
		p.T.Errorf("%s is %s", name, got)
	}
}

// touchable checks that what is pressed is large enough for a thumb.
func (p *pane) touchable(name, selector string) {
	p.T.Helper()
	small := p.Read(`[...document.querySelectorAll(` + browser.Quote(selector) + `)]
		.filter(e => e.offsetParent && !e.closest('.brand') && e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML.slice(0, 80)).join('\n')`)
	if small != "" {
		p.T.Errorf("%s has targets that are too small: %s", name, small)
	}
}

// look checks what a page must never do, and keeps a picture in docs when asked,
// but for names that begin with a dash.
func (p *pane) look(name string, whole bool) {
	p.T.Helper()
	p.fits(name)
	if *picture && name[0] != '-' {
		p.Picture(filepath.Join("..", "..", "docs", name+".png"), whole)
	}
}

// said waits until the bot said something with these words, after what was heard before,
// and returns it and what came with it. What comes later is still to be heard.
func (w *walker) said(words string) string {
	w.T.Helper()
	// Nobody types as fast as this test: where the chat asks for patience, it has it.
	w.Until(fmt.Sprintf(`(() => {
		const again = [...document.querySelectorAll('.problem + button')].at(-1);
		if (again && Date.now() - (window.again ?? 0) > 1500) { window.again = Date.now(); again.click(); }
		const said = [...document.querySelectorAll(%s)].map(m => m.innerText);
		const at = said.findIndex((text, i) => i >= %d && text.includes(%s));
		if (at >= 0) window.heard = [said.slice(%d, at + 1).join('\n'), at + 1];
		return at >= 0;
	})()`, browser.Quote(w.say), w.seen, browser.Quote(words), w.seen))
	text := w.Read("window.heard[0]")
	n, err := strconv.Atoi(w.Read("String(window.heard[1])"))
	w.must(err)
	w.seen = n
	return text
}

// choose presses the newest choice of that title in the open chat, or types its number.
func (w *walker) choose(title string) {
	w.T.Helper()
	w.Until(fmt.Sprintf(`(() => {
		const b = [...document.querySelectorAll('.rows button, button.choice')].filter(b => b.offsetParent && b.textContent === %s).at(-1);
		if (b) { b.click(); window.chosen = ''; return true; }
		const last = [...document.querySelectorAll(%s)].at(-1).innerText.split('\n');
		window.chosen = last.find(l => /^\d+\. /.test(l) && l.replace(/^\d+\. /, '').trim() === %s);
		return window.chosen !== undefined;
	})()`, browser.Quote(title), browser.Quote(w.say), browser.Quote(title)))
	if n, _, ok := strings.Cut(w.Read("window.chosen"), "."); ok {
		w.typed(w.field, n)
	}
}

func (w *walker) typed(field, text string) {
	w.T.Helper()
	w.Type(field, text+"\r")
}

var walkCode = regexp.MustCompile(`[0-9A-Z]{4}-[0-9A-Z]{4}`)

func walkPhoto() []byte { return bottest.SamplePhoto(1200, 900) }

// photoFile is that photo in a file that a page can take.
func (w *walker) photoFile() string {
	w.T.Helper()
	name := filepath.Join(w.T.TempDir(), "IMG_2026.jpg")
	if err := os.WriteFile(name, walkPhoto(), 0o600); err != nil {
		w.T.Fatal(err)
	}
	return name
}

// file goes through the form from the first words to the code. A location is
// near three communes: the citizen picks his.
func (w *walker) file(locate, photo func()) string {
	w.T.Helper()
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
		w.T.Errorf("the preview of what is public shows the number: %q", text)
	}
	w.choose("Cho công khai")
	w.said("xem lại trước khi gửi")
	w.choose("Gửi")
	return walkCode.FindString(w.said("Đã nhận. Mã của anh/chị"))
}

// phone opens the page of the playground for one platform.
func (w *walker) phone(platform string) {
	w.T.Helper()
	w.size(390)
	w.open("about:blank")
	w.open(fakesPath + "#" + platform)
	w.field, w.say, w.seen = "#phone-"+platform+" textarea", "#phone-"+platform+" .msg:not(.mine)", 0
	w.Do(chromedp.WaitVisible(chromedp.CSS(w.field)))
	w.Run(fmt.Sprintf(`document.getElementById('person').value = %s; document.getElementById('person').dispatchEvent(new Event('change'))`, browser.Quote(walkName)))
}

func (w *walker) act(platform, title string) {
	w.T.Helper()
	w.Press(browser.Button("#phone-"+platform+" .acts button", title))
}

func (w *walker) onZalo() string {
	w.T.Helper()
	w.phone("zalo")
	return w.file(func() { w.act("zalo", "Gửi vị trí") }, func() { w.r.fakes.zalo.AttachFile(walkName, "image", "", "", walkPhoto()) })
}

func (w *walker) onTelegram() string {
	w.T.Helper()
	w.phone("telegram")
	return w.file(func() { w.act("telegram", "Gửi vị trí") }, func() {
		w.r.fakes.telegram.Send(faketelegram.Incoming{From: w.r.fakes.telegram.Person(walkName), Photo: walkPhoto()})
	})
}

func (w *walker) onWeb() string {
	w.T.Helper()
	w.size(1280)
	w.open("/chat")
	w.field, w.say, w.seen = "#text", ".msg.bot", 0
	w.said("Hải Dương")
	// Where the browser is: the sensor is not what is tried here.
	w.Run(`Object.defineProperty(navigator, 'geolocation', {value: {getCurrentPosition: ok => ok({coords: {latitude: 20.9401, longitude: 106.3330}})}})`)
	code := w.file(func() { w.Do(chromedp.Click(chromedp.CSS("#place"))) }, func() { w.Do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{w.photoFile()})) })
	w.look("complaint-chat-wide", false)
	w.size(390)
	w.Run(`document.getElementById('scroll').scrollTop = 1e6`)
	w.look("complaint-chat", false)
	return code
}
