//go:build browser

package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/browser"
	"cchcbot/handlers/complaints/cases"
)

// deskPictures are those that stand in docs.
var deskPictures = map[string]string{
	"desk-inbox-1280": "console-complaints.png", "desk-case-390": "console-complaint-phone.png",
	"desk-kb-review-1280": "console-procedure.png", "desk-kb-preview-390": "console-procedure-phone.png", "desk-kb-ask-1280": "console-ask.png",
}

// both looks at a page of the desk at both widths, and keeps pictures.
func (p *pane) both(name string) {
	p.T.Helper()
	for _, width := range []int64{390, 1280} {
		p.size(width)
		at := fmt.Sprintf("desk-%s-%d", name, width)
		p.fits(at)
		p.touchable(at, "main button, main .button, .tabs a, main input:not([type=checkbox]):not([type=radio]):not([type=hidden]), select, .choices label")
		if kept := deskPictures[at]; kept != "" && *picture {
			p.Picture(filepath.Join("..", "..", "docs", kept), true)
		} else if *pictures != "" {
			p.Picture(filepath.Join(*pictures, at+".png"), true)
		}
	}
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
func photo(t testing.TB) []byte {
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

	p := &pane{Tab: browser.New(t), r: r}
	p.size(1280)
	p.signIn(clerk)
	p.open("/console")
	p.both("home")
	p.open("/console/complaints")
	p.Shows(c.Code)
	p.both("inbox")
	// The keyboard: j goes down, a takes the case, Enter opens it.
	p.Key("j")
	if got := p.Read("document.activeElement.className"); got != "code" {
		t.Errorf("j stands on %q", got)
	}
	p.Key("a")
	p.Shows("Đã giao 1 phản ánh")
	p.open("/console/complaints/case/" + c.Code)
	p.Until("document.querySelector('.photos img')?.naturalWidth > 100")
	p.both("case-new")
	p.Key("n")
	p.Shows("Đã nhận " + c.Code)
	p.Key("x")
	p.Until("location.pathname.endsWith('/do/reveal')")
	p.both("reveal")
	p.set("reason", "unclear")
	p.press("Ghi lý do và xem")
	p.Shows("Nguyễn Thị Lan")
	p.both("case")
	p.Key("t")
	p.Until("location.pathname.endsWith('/answer')")
	p.fill("text", "Thưa ông/bà, tổ kiểm tra đã đo ngày hôm nay: tường rào xây lấn 1,1 mét ra ngõ chung. Chủ nhà đã ký cam kết tự tháo dỡ trong 7 ngày. Nếu sau thời gian đó chưa tháo, phường sẽ cưỡng chế.")
	p.tick("points")
	p.tick("next")
	p.both("answer")
	p.press("Lưu và xem trước")
	p.Shows("Đúng nội dung sẽ gửi")
	p.both("preview")
	p.press("Trình duyệt")
	p.Shows("Đã trình duyệt câu trả lời")
	p.signOut()

	p.signIn(head)
	p.open("/console/complaints?tab=drafted")
	p.Shows(c.Code)
	p.open("/console/complaints/case/" + c.Code)
	p.Key("d")
	p.Until("location.pathname.endsWith('/do/approve')")
	p.both("approve")
	p.press("Duyệt và gửi")
	p.Shows("Đã gửi câu trả lời của " + c.Code)
	p.both("answered")
	// On paper: an office's heading, no menu and nothing to press.
	p.Media("print")
	if got := p.Read(`getComputedStyle(document.querySelector('#nav')).display + ' ' + getComputedStyle(document.querySelector('.office')).display + ' ' +
		[...document.querySelectorAll('main button, main a.button')].filter(e => e.offsetParent).length`); got != "none flex 0" {
		t.Errorf("on paper menu, heading and buttons are %q", got)
	}
	p.both("paper")
	p.Media("")
	p.signOut()

	p.signIn(front)
	for name, path := range map[string]string{
		"front": "/console/complaints/desk", "forward": "/console/complaints/case/" + atDesk.Code + "/do/forward?find=" + "so+noi+vu", "terms": "/console/complaints/terms?key=forward",
		"figures": "/console/complaints/figures", "new": "/console/complaints/new", "canned": "/console/complaints/canned/edit", "seal": "/console/complaints/case/" + atDesk.Code + "/do/seal",
		"slip": "/console/complaints/case/" + c.Code + "/slip", "all": "/console/complaints?q=tuong+rao",
	} {
		p.open(path)
		p.both(name)
	}
	for line := range strings.SplitSeq(r.log.String(), "\n") {
		// A body without contacts is an alarm, as it should be.
		if strings.Contains(line, "level=ERROR") && !strings.Contains(line, "needs attention") {
			t.Error(line)
		}
	}
}
