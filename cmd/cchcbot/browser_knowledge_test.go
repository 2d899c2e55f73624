//go:build browser

package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"cchcbot/bot"
	"cchcbot/knowledge/calendar"
)

// asks types a question into the chat page and returns the answer.
func (p *pane) asks(question string) string {
	p.t.Helper()
	p.open("/chat")
	p.wait("document.querySelectorAll('.msg.bot').length >= 1")
	before := p.text("String(document.querySelectorAll('.msg.bot').length)")
	p.do(chromedp.Focus(chromedp.CSS("#text")), chromedp.KeyEvent(question+"\r"))
	p.wait("document.querySelectorAll('.msg.bot').length > " + before)
	return p.text("[...document.querySelectorAll('.msg.bot')].at(-1).innerText")
}

// set puts a value into a field of the page, as a date picker does.
func (p *pane) set(name, value string) {
	p.t.Helper()
	p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelector('main [name=%s]').value = %q", name, value)))
}

// TestBrowserKnowledge: an officer enters a change of law ahead, a head reviews it, the office that controls
// procedures sets it to wait; it takes effect on its day, is rolled back, and the old words are read.
//
//	go test -tags browser -run BrowserKnowledge ./cmd/cchcbot -picture   # writes docs/console-procedure*.png too
func TestBrowserKnowledge(t *testing.T) {
	const code, question = "1.001193", "lệ phí đăng ký khai sinh"
	var shift atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(shift.Load())) }
	r := prepareAt(t, believed(), now)
	r.run()
	body := bot.Scope{Agency: "hp-so-tu-phap"}
	clerk := r.officer("Phạm Thị Hoa", "hoa@haiduong.gov.vn", bot.Grant{Role: bot.RoleOfficer, Scope: body})
	head := r.officer("Đỗ Văn Trường", "truong@haiduong.gov.vn", bot.Grant{Role: bot.RoleHead, Scope: body})
	front := r.officer("Lê Thu Dung", "dung@haiduong.gov.vn", bot.Grant{Role: bot.RoleController})
	due := now().In(calendar.Zone).AddDate(0, 0, 40)
	day := due.Format(time.DateOnly)

	p := &pane{t: t, r: r, ctx: newBrowser(t)}
	p.size(1280)
	if got := p.asks(question); strings.Contains(got, "12.345") {
		t.Errorf("before anything the answer is %q", got)
	}

	p.signIn(clerk)
	p.open("/console/procedures?q=khai+sinh")
	p.says(code)
	p.look("kb-list")
	p.open("/console/procedures/entry/" + code)
	p.look("kb-entry")
	p.press("Soạn sửa đổi")
	p.wait("location.pathname.endsWith('/edit')")
	p.set("fee", "12.345 đồng một bản, theo nghị quyết mới của Hội đồng nhân dân.")
	p.set("valid_from", day)
	p.set("decision", "Nghị quyết 12/NQ-HĐND")
	p.fill("note", "Mức lệ phí mới từ ngày có hiệu lực")
	// Lines of records come and go without a script, and nothing typed is lost.
	papers := p.text("String(document.querySelectorAll('[name=\"documents.name\"]').length)")
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('[value="add:documents"]').click()`))
	p.wait("document.querySelectorAll('[name=\"documents.name\"]').length == " + papers + " + 1")
	p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector('[value="drop:documents:%s"]').click()`, papers)))
	p.wait("document.readyState === 'complete' && document.querySelectorAll('[name=\"documents.name\"]').length == " + papers)
	if got := p.text("document.querySelector('[name=fee]').value"); !strings.HasPrefix(got, "12.345") {
		t.Errorf("after the lines the fee is %q", got)
	}
	p.look("kb-edit")
	p.do(chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll('[value=save]')].at(-1).click()`))
	p.says("Đã lưu bản soạn")
	draft := strings.TrimSuffix(p.text("location.pathname"), "/edit")
	p.look("kb-draft")
	p.signOut()

	p.signIn(head)
	p.open(draft)
	p.look("kb-review")
	p.open(draft + "/preview?facet=fee")
	p.says("12.345")
	p.look("kb-preview")
	p.open("/console/procedures/ask?q=" + strings.ReplaceAll("le phi lam giay khai sinh cho con", " ", "+") + "&draft=" + draft[strings.LastIndex(draft, "/")+1:])
	p.says(code)
	p.look("kb-ask")
	p.open(draft)
	p.press("Duyệt")
	p.says("Đã duyệt")
	p.signOut()

	p.signIn(front)
	p.open(draft)
	p.press("Hẹn ngày hiệu lực")
	p.says("sẽ có hiệu lực đầu ngày " + due.Format("02/01/2006"))
	p.look("kb-waits")
	// Taken back before its day, and set again.
	p.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('.flash button').click()"))
	p.says("Đã thôi hẹn")
	p.press("Hẹn ngày hiệu lực")
	p.says("sẽ có hiệu lực")
	p.open("/console/procedures/drafts")
	p.look("kb-drafts")
	effect := func() {
		t.Helper()
		if err := r.house.entries.RunEffect(t.Context(), r.house.works); err != nil {
			t.Fatal(err)
		}
	}
	effect()
	if got := p.asks(question); strings.Contains(got, "12.345") {
		t.Errorf("before its day the answer is %q", got)
	}

	// The clock moves to the first minute of the day in Vietnam. A browser has two minutes, so another goes on.
	p.ctx = newBrowser(t)
	p.size(1280)
	midnight := time.Date(due.Year(), due.Month(), due.Day(), 0, 0, 30, 0, calendar.Zone)
	shift.Store(int64(time.Until(midnight)))
	effect()
	if got := p.asks(question); !strings.Contains(got, "12.345") {
		t.Errorf("on its day the answer is %q", got)
	}
	p.signIn(front)
	p.open(draft)
	p.says("Có hiệu lực")
	p.look("kb-done")

	p.open("/console/procedures/revisions")
	p.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('main [name=to][value=\"1\"]').click()"))
	p.fill("reason", "nghị quyết tạm dừng")
	p.tick("sure")
	p.look("kb-revisions")
	p.press("Dùng lần đã chọn")
	p.says("Bot trả lời theo lần công bố 1")
	p.look("kb-rolled")
	if got := p.asks(question); strings.Contains(got, "12.345") {
		t.Errorf("after the rollback the answer is %q", got)
	}
	// What was rolled back is read, compared, and can be taken up again.
	p.open("/console/procedures/entry/" + code)
	p.says("Đã quay lui")
	p.look("kb-history")
	p.open("/console/procedures/entry/" + code + "/compare?from=1&to=2")
	p.says("12.345")
	p.look("kb-compare")
	p.open("/console/procedures/entry/" + code + "/preview?revision=2&facet=fee")
	p.says("12.345")
	p.open("/console/procedures/entry/" + code + "/end?how=replace")
	p.look("kb-end")
	p.open("/console/procedures/new")
	p.look("kb-new")
	for line := range strings.SplitSeq(r.log.String(), "\n") {
		if strings.Contains(line, "level=ERROR") {
			t.Error(line)
		}
	}
}
