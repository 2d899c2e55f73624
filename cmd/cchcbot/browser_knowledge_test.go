//go:build browser

package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/browser"
	"cchcbot/knowledge/calendar"
)

// asks types a question into the chat page and returns the answer.
func (p *pane) asks(question string) string {
	p.T.Helper()
	p.open("/chat")
	p.Until("document.querySelectorAll('.msg.bot').length >= 1")
	before := p.Read("String(document.querySelectorAll('.msg.bot').length)")
	p.Type("#text", question+"\r")
	p.Until("document.querySelectorAll('.msg.bot').length > " + before)
	return p.Read("[...document.querySelectorAll('.msg.bot')].at(-1).innerText")
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

	p := &pane{Tab: browser.New(t), r: r}
	p.size(1280)
	if got := p.asks(question); strings.Contains(got, "12.345") {
		t.Errorf("before anything the answer is %q", got)
	}

	p.signIn(clerk)
	p.open("/console/procedures?q=khai+sinh")
	p.Shows(code)
	p.both("kb-list")
	p.open("/console/procedures/entry/" + code)
	p.both("kb-entry")
	p.press("Soạn sửa đổi")
	p.Until("location.pathname.endsWith('/edit')")
	p.set("fee", "12.345 đồng một bản, theo nghị quyết mới của Hội đồng nhân dân.")
	p.set("valid_from", day)
	p.set("decision", "Nghị quyết 12/NQ-HĐND")
	p.fill("note", "Mức lệ phí mới từ ngày có hiệu lực")
	// Lines of records come and go without a script, and nothing typed is lost.
	papers := p.Read("String(document.querySelectorAll('[name=\"documents.name\"]').length)")
	p.Run(`document.querySelector('[value="add:documents"]').click()`)
	p.Until("document.querySelectorAll('[name=\"documents.name\"]').length == " + papers + " + 1")
	p.Run(fmt.Sprintf(`document.querySelector('[value="drop:documents:%s"]').click()`, papers))
	p.Until("document.readyState === 'complete' && document.querySelectorAll('[name=\"documents.name\"]').length == " + papers)
	if got := p.Read("document.querySelector('[name=fee]').value"); !strings.HasPrefix(got, "12.345") {
		t.Errorf("after the lines the fee is %q", got)
	}
	p.both("kb-edit")
	p.Run(`[...document.querySelectorAll('[value=save]')].at(-1).click()`)
	p.Shows("Đã lưu bản soạn")
	draft := strings.TrimSuffix(p.Read("location.pathname"), "/edit")
	p.both("kb-draft")
	p.signOut()

	p.signIn(head)
	p.open(draft)
	p.both("kb-review")
	p.open(draft + "/preview?facet=fee")
	p.Shows("12.345")
	p.both("kb-preview")
	p.open("/console/procedures/ask?q=" + strings.ReplaceAll("le phi lam giay khai sinh cho con", " ", "+") + "&draft=" + draft[strings.LastIndex(draft, "/")+1:])
	p.Shows(code)
	p.both("kb-ask")
	p.open(draft)
	p.press("Duyệt")
	p.Shows("Đã duyệt")
	p.signOut()

	p.signIn(front)
	p.open(draft)
	p.press("Hẹn ngày hiệu lực")
	p.Shows("sẽ có hiệu lực đầu ngày " + due.Format("02/01/2006"))
	p.both("kb-waits")
	// Taken back before its day, and set again.
	p.Press("document.querySelector('.flash button')")
	p.Shows("Đã thôi hẹn")
	p.press("Hẹn ngày hiệu lực")
	p.Shows("sẽ có hiệu lực")
	p.open("/console/procedures/drafts")
	p.both("kb-drafts")
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

	// The clock moves to the first minute of the day in Vietnam.
	midnight := time.Date(due.Year(), due.Month(), due.Day(), 0, 0, 30, 0, calendar.Zone)
	shift.Store(int64(time.Until(midnight)))
	effect()
	if got := p.asks(question); !strings.Contains(got, "12.345") {
		t.Errorf("on its day the answer is %q", got)
	}
	p.signIn(front)
	p.open(draft)
	p.Shows("Có hiệu lực")
	p.both("kb-done")

	p.open("/console/procedures/revisions")
	p.Press("document.querySelector('main [name=to][value=\"1\"]')")
	p.fill("reason", "nghị quyết tạm dừng")
	p.tick("sure")
	p.both("kb-revisions")
	p.press("Dùng lần đã chọn")
	p.Shows("Bot trả lời theo lần công bố 1")
	p.both("kb-rolled")
	if got := p.asks(question); strings.Contains(got, "12.345") {
		t.Errorf("after the rollback the answer is %q", got)
	}
	// What was rolled back is read, compared, and can be taken up again.
	p.open("/console/procedures/entry/" + code)
	p.Shows("Đã quay lui")
	p.both("kb-history")
	p.open("/console/procedures/entry/" + code + "/compare?from=1&to=2")
	p.Shows("12.345")
	p.both("kb-compare")
	p.open("/console/procedures/entry/" + code + "/preview?revision=2&facet=fee")
	p.Shows("12.345")
	p.open("/console/procedures/entry/" + code + "/end?how=replace")
	p.both("kb-end")
	p.open("/console/procedures/new")
	p.both("kb-new")
	for line := range strings.SplitSeq(r.log.String(), "\n") {
		if strings.Contains(line, "level=ERROR") {
			t.Error(line)
		}
	}
}
