//go:build browser

package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"cchcbot/bot"
	"cchcbot/bot/bottest/browser"
	"cchcbot/bot/store"
	"cchcbot/handlers/news/items"
)

// newsWalker walks through the desk of news.
type newsWalker struct {
	*walker
	writer, editor, second, owner *staffAccount
}

// TestBrowserNews walks with an item of news from the draft to the finished sending, on
// the fake platforms: an approval that an edit voids, a test on staff, a stop in the middle, a correction to exactly those who
// got it, and a digest.
//
//	go test -tags browser -run BrowserNews ./cmd/cchcbot -picture   # writes docs/news-*.png too
func TestBrowserNews(t *testing.T) {
	w := &newsWalker{walker: &walker{pane: &pane{}}}
	w.r = launchFakesAt(t, &Config{ZaloButtons: "on", TrustedProxy: []string{"127.0.0.1"}}, w.now)
	w.Tab = browser.New(t)
	w.writer = w.r.officer("Phạm Thị Hoa", "hoa@soyte.example.vn", bot.Grant{Role: bot.RoleOfficer, Scope: bot.Scope{Agency: "hp-so-y-te"}})
	w.editor = w.r.officer("Lê Minh Biên", "bien@tttt.example.vn", bot.Grant{Role: bot.RoleEditor})
	w.second = w.r.officer("Đỗ Thu Duyệt", "duyet@tttt.example.vn", bot.Grant{Role: bot.RoleEditor})
	w.owner = w.r.officer("Bùi Văn Trì", "tri@noivu.example.vn", bot.Grant{Role: bot.RoleOwner})
	w.toHour(9, 0)
	var id int64
	for _, part := range []struct {
		name string
		do   func()
	}{
		{"citizens subscribe", w.subscribe},
		{"a department writes", func() { id = w.write() }},
		{"checked and approved", func() { w.approve(id) }},
		{"an edit voids the approval", func() { w.void(id) }},
		{"a test on staff, and who would get it", func() { w.try(id) }},
		{"sent, and stopped in the middle", func() { w.stop(id) }},
		{"a correction to exactly those who got it", func() { w.correct(id) }},
		{"a digest", w.digest},
		{"the other pages", func() { w.rest(id) }},
	} {
		if !t.Run(part.name, func(t *testing.T) { w.T = t; part.do() }) {
			break
		}
	}
	w.T = t
	for line := range strings.SplitSeq(w.r.log.String(), "\n") {
		if strings.Contains(line, "level=ERROR") && !strings.Contains(line, "needs attention") {
			t.Error(line)
		}
	}
}

// The people of the walk, by platform.
const (
	onTelegram = "Trần Thị Mai"
	onZalo     = "Phạm Văn Nam"
	onZaloBot  = "Vũ Đức Long"
	daily      = "Ngô Thị Thu"
	tester     = "Duyệt"
)

// talk says something on a fake platform and waits until an answer has the words.
func (w *newsWalker) talk(platform, person, text, want string) {
	w.T.Helper()
	n := 0
	for _, b := range w.shown(platform, person) {
		if strings.Contains(b, want) {
			n++
		}
	}
	w.r.onFake(platform, person, map[string]string{"text": text}, 0)
	w.until(fmt.Sprintf("%s: %q", platform, want), func() bool {
		k := 0
		for _, b := range w.shown(platform, person) {
			if strings.Contains(b, want) {
				k++
			}
		}
		return k > n
	}, func() string { return strings.Join(w.shown(platform, person), "\n") })
}

func (w *newsWalker) shown(platform, person string) []string {
	return w.r.fakeCall("GET", w.r.server.PublicURL()+fakesPath+"api/chat?"+urlQuery("platform", platform, "person", person), nil)
}

// until waits for what the program does by itself.
func (w *newsWalker) until(what string, is func() bool, instead ...func() string) {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.T.Context(), browser.Patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-ctx.Done():
			for _, f := range instead {
				what += ", but " + f()
			}
			w.T.Fatalf("%s never came", what)
		case <-tick.C:
		}
	}
}

func (w *newsWalker) has(platform, person, words string) bool {
	for _, b := range w.shown(platform, person) {
		if strings.Contains(b, words) {
			return true
		}
	}
	return false
}

func (w *newsWalker) subscribe() {
	for _, c := range []struct{ platform, person string }{{"telegram", onTelegram}, {"zalo", onZalo}, {"zalobot", onZaloBot}, {"telegram", daily}} {
		w.talk(c.platform, c.person, "nhận tin", "đồng ý nhận tin không")
		w.talk(c.platform, c.person, "Đồng ý nhận tin", "Cách nhận: có tin là gửi")
	}
	w.talk("telegram", daily, "Đổi cách nhận", "nhận tin thế nào")
	w.talk("telegram", daily, "Mỗi ngày một lần", "gộp mỗi ngày một lần")
	// And one in the browser.
	w.size(390)
	w.open("/chat")
	w.field, w.say, w.seen = "#text", ".msg.bot", 0
	w.said("Hải Dương")
	w.typed(w.field, "nhận tin")
	w.said("đồng ý nhận tin không")
	w.choose("Đồng ý nhận tin")
	w.said("có tin là gửi")
	// The second editor is on Telegram too, linked with the account.
	w.talk("telegram", tester, "menu", "thủ tục")
	person := bot.PersonID(w.r.number(`select person from contacts order by id desc limit 1`))
	w.must(w.r.house.works.Do(w.T.Context(), func(ctx context.Context, u *bot.Work) error {
		tx, err := u.Tx(ctx)
		if err != nil {
			return err
		}
		return w.r.data.store.LinkOfficer(ctx, tx, w.second.id, person)
	}))
}

// as signs somebody in, on a desk.
func (w *newsWalker) as(a *staffAccount) {
	w.T.Helper()
	w.size(1280)
	w.signIn(a)
}

// newsPictures are those that stand in docs.
var newsPictures = map[string]bool{
	"news-list": true, "news-edit": true, "news-approve": true, "news-item-phone": true, "news-schedule": true, "news-audience-phone": true,
	"news-stop-phone": true, "news-speak": true,
}

// both looks at a page on a desk and on a phone, and keeps both pictures.
func (w *newsWalker) both(name string) {
	w.T.Helper()
	for _, width := range []int64{390, 1280} {
		w.size(width)
		w.touchable(fmt.Sprintf("%s at %d", name, width), "main button, main .button, .tabs a, main input:not([type=checkbox]):not([type=radio]):not([type=hidden]), select, .tick")
		if wide := w.Read(`[...document.querySelectorAll('main *')].filter(e => !e.closest('thead') && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(e => e.outerHTML.slice(0, 120)).slice(0, 3).join('\n')`); wide != "" {
			w.T.Errorf("%s at %d has what is too wide: %s", name, width, wide)
		}
		file := name
		if width < 500 {
			file += "-phone"
		}
		if !newsPictures[file] {
			file = "-" + file
		}
		w.look(file, true)
	}
}

// retype writes into a field in place of what is there.
func (w *newsWalker) retype(name, text string) {
	w.T.Helper()
	w.set(name, "")
	w.fill(name, text)
}

func (w *newsWalker) item(id int64) items.Item {
	w.T.Helper()
	it, err := w.r.house.news.Get(w.T.Context(), id, items.Actor{System: true})
	w.must(err)
	return it
}

const (
	newsTitle   = "Từ tháng sau tiêm nhắc cho trẻ ở trạm y tế"
	newsSummary = "Trẻ từ 1 đến 5 tuổi tiêm nhắc miễn phí tại trạm y tế xã, từ 7h30 đến 16h các ngày làm việc. Phụ huynh mang thẻ BHYT và sổ tiêm. Hỏi thêm: gọi 1022."
	newsRight   = "Tiêm nhắc cho trẻ: bắt đầu từ ngày 5 tháng sau"
)

// wall is a file with a picture that a page can take.
func (w *newsWalker) wall() string {
	w.T.Helper()
	name := filepath.Join(w.T.TempDir(), "tram-y-te.jpg")
	if err := os.WriteFile(name, photo(w.T), 0o600); err != nil {
		w.T.Fatal(err)
	}
	return name
}

func (w *newsWalker) write() int64 {
	w.as(w.writer)
	w.open("/console/news")
	w.Shows("Chưa có tin nào")
	w.both("news-empty")
	w.press("Viết tin")
	w.Shows("Nội dung đầy đủ")
	w.fill("title", newsTitle)
	w.fill("summary", newsSummary+" Làm theo quy định của pháp luật.")
	w.Shows("nêu luật nào") // advice comes by itself
	w.retype("summary", newsSummary)
	w.fill("body", "Trạm y tế xã tiêm vào buổi sáng thứ Tư và thứ Sáu.\nTrẻ đang sốt thì tiêm sau.")
	w.fill("places", "huyện Gia Lộc")
	w.Press(`document.querySelector('[name=topics][value=cchc]')`)
	w.Do(chromedp.SetUploadFiles(chromedp.CSS("#f-picture"), []string{w.wall()}))
	w.both("news-edit")
	w.press("Lưu")
	w.Shows("Đã lưu")
	w.Until("document.querySelector('.kept img')?.naturalWidth > 100")
	id := int64(w.r.number(`select max(id) from news_items`))
	if got := w.item(id); got.Agency != "hp-so-y-te" || got.State != items.Draft || len(got.Content.Places) == 0 || got.Content.Picture == "" {
		w.T.Fatalf("the draft is %+v", got)
	}
	// Nobody has asked for one commune only: take the places away, everybody gets it.
	w.press("Sửa")
	w.Shows("Sửa tin")
	w.set("places", "")
	w.press("Lưu")
	w.Shows("Toàn tỉnh")
	return id
}

// one does one thing at an item's page.
func (w *newsWalker) one(id int64, button, then string) {
	w.T.Helper()
	w.open(fmt.Sprintf("/console/news/%d", id))
	w.press(button)
	w.Shows(then)
}

// sure ticks the box of the form and sends it.
func (w *newsWalker) sure(button, then string) {
	w.T.Helper()
	w.Press("document.querySelector('main [name=sure]')")
	w.press(button)
	w.Shows(then)
}

func (w *newsWalker) approve(id int64) {
	w.as(w.editor)
	w.open("/console/news?tab=draft")
	w.Shows(newsTitle)
	w.both("news-list")
	w.one(id, "Đã kiểm tra xong", "Đã chuyển sang chờ duyệt")
	w.as(w.second)
	w.one(id, "Duyệt", "Đúng nội dung sẽ gửi")
	w.Until("[...document.querySelectorAll('.bubble img')].every(i => i.naturalWidth > 100)")
	w.both("news-approve")
	w.sure("Duyệt đúng nội dung này", "Giờ hẹn giờ gửi được")
}

func (w *newsWalker) void(id int64) {
	w.as(w.editor)
	w.one(id, "Sửa", "Lưu thay đổi thì phải kiểm tra và duyệt lại")
	w.retype("summary", newsSummary+" Không phải xếp hàng lấy số.")
	w.press("Lưu")
	w.Shows("Lần duyệt trước không còn hiệu lực")
	if got := w.item(id); got.State != items.Draft || got.Approver != "" {
		w.T.Fatalf("after the edit: %s by %q", got.State, got.Approver)
	}
	w.open(fmt.Sprintf("/console/news/%d", id))
	w.Shows("Lê Minh Biên đã sửa nội dung lúc")
	w.both("news-item")
	w.press("Đã kiểm tra xong")
	w.Shows("không tự duyệt được")
	w.as(w.second)
	w.one(id, "Duyệt", "Đúng nội dung sẽ gửi")
	w.sure("Duyệt đúng nội dung này", "Giờ hẹn giờ gửi được")
}

func (w *newsWalker) try(id int64) {
	w.open(fmt.Sprintf("/console/news/%d/test", id))
	w.Shows("Đỗ Thu Duyệt")
	w.Press("document.querySelector('main [name=to]')")
	w.both("news-test")
	w.press("Gửi thử")
	w.Shows("Đã gửi thử cho 1 người")
	w.until("the test", func() bool { return w.has("telegram", tester, newsTitle) })
	if w.has("telegram", onTelegram, newsTitle) {
		w.T.Error("a citizen got the test")
	}
	w.open(fmt.Sprintf("/console/news/%d/audience", id))
	w.Shows("Sẽ gửi tới 4 người")
	w.Shows("1 người nhận trong bản tin gộp")
	w.both("news-audience")
}

func (w *newsWalker) stop(id int64) {
	// One platform is kept back by an operator, so that the sending stands in the middle.
	w.must(w.r.data.store.HoldAll(w.T.Context(), store.Hold{Channel: "zalobot", Lane: bot.LaneBroadcast}, "test"))
	w.one(id, "Hẹn giờ gửi", "Sẽ gửi tới 4 người")
	w.both("news-schedule")
	w.sure("Hẹn giờ gửi", "Đã hẹn gửi lúc")
	w.until("the item", func() bool {
		return w.has("telegram", onTelegram, newsTitle) && w.has("zalo", onZalo, newsTitle)
	})
	w.size(390)
	w.open("/chat")
	w.field, w.say, w.seen = "#text", ".msg.bot", 0
	w.said(newsTitle)
	w.look("-news-chat", false)
	w.size(1280)
	w.open(fmt.Sprintf("/console/news/%d/progress", id))
	w.Shows("Dừng")
	w.both("news-progress")
	w.one(id, "Dừng hẳn", "không thu về được")
	w.fill("reason", "Sai ngày bắt đầu")
	w.both("news-stop")
	w.sure("Dừng hẳn", "Đã dừng hẳn")
	w.must(w.r.data.store.ReleaseAll(w.T.Context(), store.Hold{Channel: "zalobot", Lane: bot.LaneBroadcast}, "test"))
	w.until("the end of what waits", func() bool {
		return w.r.number(`select count(*) from outbox where state in ('waiting', 'queued', 'sending')`) == 0
	})
	if w.has("zalobot", onZaloBot, newsTitle) {
		w.T.Error("it went on after the stop")
	}
}

func (w *newsWalker) correct(id int64) {
	w.as(w.editor)
	w.one(id, "Đính chính", "đúng 3 người đã nhận")
	w.retype("title", newsRight)
	w.both("news-correct")
	w.press("Lưu")
	w.Shows("Tin này đính chính một tin đã gửi")
	right := int64(w.r.number(`select max(id) from news_items`))
	w.press("Đã kiểm tra xong")
	w.Shows("Đã chuyển sang chờ duyệt")
	w.as(w.second)
	w.one(right, "Duyệt", "Đúng nội dung sẽ gửi")
	w.sure("Duyệt đúng nội dung này", "Giờ hẹn giờ gửi được")
	w.one(right, "Hẹn giờ gửi", "đúng 3 người đã nhận tin")
	w.sure("Hẹn giờ gửi", "Đã hẹn gửi lúc")
	w.until("the correction", func() bool {
		return w.has("telegram", onTelegram, newsRight) && w.has("zalo", onZalo, newsRight)
	})
	w.until("the end of what waits", func() bool {
		return w.r.number(`select count(*) from outbox where state in ('waiting', 'queued', 'sending')`) == 0
	})
	if w.has("zalobot", onZaloBot, newsRight) || w.has("telegram", daily, newsRight) {
		w.T.Error("the correction went to somebody who had not got the item")
	}
	if n := w.r.number(fmt.Sprintf(`select queued from news_items where id = %d`, right)); n != 3 {
		w.T.Errorf("the correction goes to %d", n)
	}
	w.size(390)
	w.open("/chat")
	w.said(newsRight)
	w.size(1280)
}

func (w *newsWalker) digest() {
	w.toHour(17, 1)
	w.must(w.r.house.news.RunDigest(w.T.Context(), w.r.house.works))
	w.r.house.delivery.Wake()
	w.until("the digest", func() bool {
		return w.has("telegram", daily, "Tin hôm nay:") && w.has("telegram", daily, newsRight)
	})
	if w.has("telegram", daily, newsTitle) {
		w.T.Error("the digest has the item that was wrong")
	}
}

func (w *newsWalker) rest(id int64) {
	w.as(w.owner)
	for _, p := range []struct{ name, path, says string }{
		{"news-speak", fmt.Sprintf("/console/news/%d/speak", id), "bảo hiểm y tế"},
		{"news-revisions", fmt.Sprintf("/console/news/%d/revisions", id), "Không phải xếp hàng"},
		{"news-preview", fmt.Sprintf("/console/news/%d/preview", id), "Chuyên mục tin trên web"},
		{"news-settings", "/console/news/settings?key=quiet_from", "Người duyệt thay"},
		{"news-done", "/console/news?tab=done", newsTitle},
	} {
		w.open(p.path)
		w.Shows(p.says)
		w.both(p.name)
	}
}

func urlQuery(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}
