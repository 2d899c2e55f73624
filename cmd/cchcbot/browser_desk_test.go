//go:build browser

package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// pane is one browser window on the console.
type pane struct {
	t   *testing.T
	r   *running
	ctx context.Context
}

func (p *pane) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pane) text(js string) string {
	p.t.Helper()
	s, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](js))
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p *pane) open(path string) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.r.server.PublicURL() + path))
}

func (p *pane) fill(pairs ...string) {
	p.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		p.do(chromedp.Focus(chromedp.CSS("main [name="+pairs[i]+"]")), chromedp.KeyEvent(pairs[i+1]))
	}
}

func (p *pane) tick(name string) {
	p.t.Helper()
	p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelector('main [name=%s]').click()", name)))
}

func (p *pane) wait(js string) {
	p.t.Helper()
	for tries := 0; ; tries++ {
		_, err := chromedp.Run(p.ctx, chromedp.Poll[bool](js, chromedp.WithPollingTimeout(10*time.Second)))
		if err == nil {
			return
		}
		// A page that is left while it is asked ends the question, not the wait.
		if tries == 20 || !strings.Contains(err.Error(), "context") && !strings.Contains(err.Error(), "navigated") {
			p.t.Fatalf("%s: %v; the page is %q", js, err, p.text("document.body?.innerText ?? ''"))
		}
	}
}

func (p *pane) says(text string) {
	p.t.Helper()
	p.wait(fmt.Sprintf("document.body?.innerText.includes(%q)", text))
}

func (p *pane) press(button string) {
	p.t.Helper()
	p.wait("document.readyState === 'complete'")
	p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`[...document.querySelectorAll('main button, main a')].find(b => b.textContent.trim() === %q).click()`, button)))
}

// key presses a key when the page's script listens: its words show before that.
func (p *pane) key(k string) {
	p.t.Helper()
	p.wait("document.readyState === 'complete'")
	p.do(chromedp.KeyEvent(k))
}

func (p *pane) size(width int64) {
	p.t.Helper()
	if width < 500 {
		p.do(chromedp.EmulateViewport(width, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait))
		return
	}
	p.do(chromedp.EmulateViewport(width, 900))
}

// deskPictures are those that stand in docs.
var deskPictures = map[string]string{
	"desk-inbox-1280": "console-complaints.png", "desk-case-390": "console-complaint-phone.png",
	"desk-kb-review-1280": "console-procedure.png", "desk-kb-preview-390": "console-procedure-phone.png", "desk-kb-ask-1280": "console-ask.png",
}

// look checks what a page must never do, at both widths, and keeps pictures.
func (p *pane) look(name string) {
	p.t.Helper()
	for _, width := range []int64{390, 1280} {
		p.size(width)
		at := fmt.Sprintf("desk-%s-%d", name, width)
		if over := p.text("String(document.documentElement.scrollWidth - document.documentElement.clientWidth)"); over != "0" {
			p.t.Errorf("%s is %s px too wide", at, over)
		}
		small := p.text(`[...document.querySelectorAll('main button, main .button, .tabs a, main input:not([type=checkbox]):not([type=radio]):not([type=hidden]), select, .choices label')]
			.filter(e => e.offsetParent && e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML.slice(0, 80)).join('\n')`)
		if small != "" {
			p.t.Errorf("%s has targets that are too small: %s", at, small)
		}
		file := ""
		if kept := deskPictures[at]; kept != "" && *picture {
			file = filepath.Join("..", "..", "docs", kept)
		} else if *pictures != "" {
			file = filepath.Join(*pictures, at+".png")
		}
		if file == "" {
			continue
		}
		shot, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
		if err == nil {
			err = os.WriteFile(file, shot, 0o644)
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *pane) signIn(a *staffAccount) {
	p.t.Helper()
	p.open("/console/sign-in")
	p.fill("email", a.email, "password", consolePhrase)
	p.press("Đăng nhập")
	if len(a.recovery) > 0 {
		p.wait("location.pathname === '/console/sign-in/code'")
		p.fill("code", a.recovery[0])
		a.recovery = a.recovery[1:]
		p.press("Tiếp tục")
	}
	p.wait("location.pathname === '/console'")
}

func (p *pane) signOut() {
	p.t.Helper()
	p.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('.who form button').click()"))
	p.wait("location.pathname === '/console/sign-in'")
}

// complain files a case as the chat would.
func (r *running) complain(dr cases.Draft) cases.Case {
	r.t.Helper()
	var c cases.Case
	err := r.house.works.Do(r.t.Context(), func(ctx context.Context, w *bot.Work) (err error) {
		c, err = r.house.desk.Open(ctx, w, dr)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// photo is a picture of a wall, more or less.
func photo(t *testing.T) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for y := range 480 {
		for x := range 640 {
			c := color.RGBA{uint8(120 + x/16), uint8(110 + y/16), 90, 255}
			if y%60 < 3 || (x+y/60%2*60)%120 < 3 {
				c = color.RGBA{70, 60, 50, 255}
			}
			m.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestBrowserDesk walks a case over the console, on a desk and on a phone: inbox, case,
// answer, approval; then the front desk's pages.
//
//	go test -tags browser -run BrowserDesk ./cmd/cchcbot -picture   # writes docs/console-complaint*.png too
func TestBrowserDesk(t *testing.T) {
	const body = "xa25.kinh-te@10532"
	var shift atomic.Int64
	r := prepareAt(t, believed(), func() time.Time { return time.Now().Add(time.Duration(shift.Load())) })
	r.run()
	scope := func(role bot.Role, agency string) bot.Grant {
		return bot.Grant{Role: role, Scope: bot.Scope{Agency: agency}}
	}
	clerk := r.officer("Phạm Thị Hoa", "hoa@haiduong.gov.vn", scope(bot.RoleOfficer, body))
	r.officer("Vũ Quốc Cường", "cuong@haiduong.gov.vn", scope(bot.RoleOfficer, body))
	head := r.officer("Đỗ Văn Trường", "truong@haiduong.gov.vn", scope(bot.RoleHead, body))
	front := r.officer("Lê Thu Dung", "dung@haiduong.gov.vn", bot.Grant{Role: bot.RoleController})

	it, err := r.house.media.Keep(t.Context(), "test", "nha-xay-lan.jpg", bytes.NewReader(photo(t)))
	if err != nil {
		t.Fatal(err)
	}
	dr := cases.Draft{Kind: cases.Scene, Field: "xay-dung", Place: cases.Place{ID: "w10532", Landmark: "ngõ 12, cạnh chợ"}, Public: true,
		Contact: cases.Contact{Name: "Nguyễn Thị Lan", Phone: "0912 345 678"}, Holder: cases.Holder{Person: 9, Lang: "vi"}}
	shift.Store(int64(-9 * 24 * time.Hour)) // some came earlier
	for i, what := range []string{"Hàng quán lấn vỉa hè trước cổng trường tiểu học", "Công trình để vật liệu kín lối đi chung của ngõ", "Nhà số 8 cơi nới ban công ra đường điện"} {
		dr.Conversation, dr.What, dr.Holder.Person = fmt.Sprintf("old-%d", i), what, bot.PersonID(20+i)
		r.complain(dr)
	}
	shift.Store(0)
	for i, what := range []string{"Tường rào nhà hàng xóm xây ra mương thoát nước, mưa là ngập", "Biển quảng cáo to che hết đèn giao thông", "Nhà xưởng xây trên đất ruộng, làm cả ban đêm"} {
		dr.Conversation, dr.What, dr.Holder.Person, dr.Urgent = fmt.Sprintf("new-%d", i), what, bot.PersonID(30+i), i == 1
		r.complain(dr)
	}
	dr.Conversation, dr.Urgent, dr.Media, dr.MediaOwner, dr.Holder.Person = "walk", false, []string{it.ID}, "test", 9
	dr.What = "Nhà bên cạnh xây lấn ra ngõ chung hơn một mét, xe cứu hỏa không vào được. Tôi đã nói với tổ trưởng nhưng chưa ai xử lý. Cần hỏi thêm thì gọi 0912 345 678."
	c := r.complain(dr)
	dr.Conversation, dr.Kind, dr.Field, dr.Media, dr.What = "conduct", cases.Conduct, "can-bo-cong-chuc", nil, "Tôi nộp hồ sơ đã ba lần, lần nào cũng bị hẹn lại mà không có giấy hẹn"
	atDesk := r.complain(dr)

	p := &pane{t: t, r: r, ctx: newBrowser(t)}
	p.size(1280)
	p.signIn(clerk)
	p.open("/console")
	p.look("home")
	p.open("/console/complaints")
	p.says(c.Code)
	p.look("inbox")
	// The keyboard: j goes down, a takes the case, Enter opens it.
	p.key("j")
	if got := p.text("document.activeElement.className"); got != "code" {
		t.Errorf("j stands on %q", got)
	}
	p.key("a")
	p.says("Đã giao 1 phản ánh")
	p.open("/console/complaints/case/" + c.Code)
	p.wait("document.querySelector('.photos img')?.naturalWidth > 100")
	p.look("case-new")
	p.key("n")
	p.says("Đã nhận " + c.Code)
	p.key("x")
	p.wait("location.pathname.endsWith('/do/reveal')")
	p.look("reveal")
	p.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('[name=reason]').value = 'unclear'"))
	p.press("Ghi lý do và xem")
	p.says("Nguyễn Thị Lan")
	p.look("case")
	p.key("t")
	p.wait("location.pathname.endsWith('/answer')")
	p.fill("text", "Thưa ông/bà, tổ kiểm tra đã đo ngày hôm nay: tường rào xây lấn 1,1 mét ra ngõ chung. Chủ nhà đã ký cam kết tự tháo dỡ trong 7 ngày. Nếu sau thời gian đó chưa tháo, phường sẽ cưỡng chế.")
	p.tick("points")
	p.tick("next")
	p.look("answer")
	p.press("Lưu và xem trước")
	p.says("Đúng nội dung sẽ gửi")
	p.look("preview")
	p.press("Trình duyệt")
	p.says("Đã trình duyệt câu trả lời")
	p.signOut()

	p.signIn(head)
	p.open("/console/complaints?tab=drafted")
	p.says(c.Code)
	p.open("/console/complaints/case/" + c.Code)
	p.key("d")
	p.wait("location.pathname.endsWith('/do/approve')")
	p.look("approve")
	p.press("Duyệt và gửi")
	p.says("Đã gửi câu trả lời của " + c.Code)
	p.look("answered")
	// On paper: an office's heading, no menu and nothing to press.
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		return err
	}))
	if got := p.text(`getComputedStyle(document.querySelector('#nav')).display + ' ' + getComputedStyle(document.querySelector('.office')).display + ' ' +
		[...document.querySelectorAll('main button, main a.button')].filter(e => e.offsetParent).length`); got != "none flex 0" {
		t.Errorf("on paper menu, heading and buttons are %q", got)
	}
	p.look("paper")
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
		return err
	}))
	p.signOut()

	p.signIn(front)
	for name, path := range map[string]string{
		"front": "/console/complaints/desk", "forward": "/console/complaints/case/" + atDesk.Code + "/do/forward?find=" + "so+noi+vu", "terms": "/console/complaints/terms?key=forward",
		"figures": "/console/complaints/figures", "new": "/console/complaints/new", "canned": "/console/complaints/canned/edit", "seal": "/console/complaints/case/" + atDesk.Code + "/do/seal",
		"slip": "/console/complaints/case/" + c.Code + "/slip", "all": "/console/complaints?q=tuong+rao",
	} {
		p.open(path)
		p.look(name)
	}
	for line := range strings.SplitSeq(r.log.String(), "\n") {
		// A body without contacts is an alarm, as it should be.
		if strings.Contains(line, "level=ERROR") && !strings.Contains(line, "needs attention") {
			t.Error(line)
		}
	}
}
