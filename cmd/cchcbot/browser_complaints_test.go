//go:build browser

package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/bottest/browser"
	"cchcbot/bot/bottest/fakemail"
	"cchcbot/bot/bottest/faketelegram"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
)

// What the citizens of the walk write, and of it what nobody but the front desk may read.
const (
	walkName  = "Nguyễn Thị Kín Tiếng"
	walkPhone = "0912 345 678"
	walkWords = "cống tắc nước tràn ra đường hôi thối quá, gọi tôi " + walkPhone
)

// walker is one browser, the program with its fakes, and the staff of the body.
type walker struct {
	*pane
	body string

	shift atomic.Int64 // of the program's clock, in nanoseconds

	clerk, head *staffAccount
	group       *faketelegram.Chat

	near  string // the commune that the citizen picks among those near his location
	field string // where a citizen types in the open chat
	say   string // selector of what the bot said in the open chat
	seen  int
}

func (w *walker) now() time.Time { return time.Now().Add(time.Duration(w.shift.Load())) }

// toHour moves the clock forward to an hour of a day that is no holiday.
func (w *walker) toHour(hour, minute int) {
	w.T.Helper()
	y, m, d := w.now().In(calendar.Zone).Date()
	at := time.Date(y, m, d, hour, minute, 0, 0, calendar.Zone)
	for {
		_, off := w.r.house.calendar.Calendar().DayOff(at)
		if !off && at.After(w.now()) {
			break
		}
		at = at.AddDate(0, 0, 1)
	}
	w.shift.Add(int64(at.Sub(w.now())))
}

// TestBrowserComplaint walks with a complaint from the message on a phone to the
// answer: a photo and a shared location on Zalo's page of the playground and in
// the web chat, the body that answers there today, and the answer in each of the
// three ways: by the link of a mail, in a Telegram group, in the console.
//
//	go test -tags browser -run BrowserComplaint ./cmd/cchcbot -picture   # writes docs/complaint-*.png too
func TestBrowserComplaint(t *testing.T) {
	w := &walker{pane: &pane{}, near: "Phường Thành Đông"}
	w.r = launchFakesAt(t, &Config{ZaloButtons: "on", TrustedProxy: []string{"127.0.0.1"}}, w.now)
	w.Tab = browser.New(t)
	r := w.r
	dir := r.house.directory()
	w.body = "xa25.kinh-te@10507"
	if a, ok := dir.Agency(w.body); !ok || !dir.InOffice(a) {
		t.Fatalf("%s is not in office today", w.body)
	}
	w.staff()
	w.toHour(9, 0) // Zalo takes nothing but answers at night
	var codes []string
	t.Run("a citizen on Zalo", func(t *testing.T) { w.T = t; codes = append(codes, w.onZalo()) })
	t.Run("a citizen in the web chat", func(t *testing.T) { w.T = t; codes = append(codes, w.onWeb()) })
	t.Run("a citizen on Telegram", func(t *testing.T) { w.T = t; codes = append(codes, w.onTelegram()) })
	if w.T = t; t.Failed() {
		return
	}
	for _, code := range codes {
		c := w.find(code)
		if c.Lead != w.body || c.State != cases.Forwarded || c.Photos != 1 {
			t.Errorf("%s is %s with %q and has %d photos", code, c.State, c.Lead, c.Photos)
		}
	}
	t.Run("answered by the link of a mail", func(t *testing.T) { w.T = t; w.byMail(codes[0]) })
	t.Run("answered in a group", func(t *testing.T) { w.T = t; w.inGroup(codes[1]) })
	t.Run("answered in the console", func(t *testing.T) { w.T = t; w.inConsole(codes[2]) })
	t.Run("rated on Zalo", func(t *testing.T) { w.T = t; w.rateOnZalo(codes[0]) })
	t.Run("published", func(t *testing.T) { w.T = t; w.publish(codes[0]) })
	w.T = t
	for _, secret := range []string{walkPhone, walkName, "cống tắc", "Thông cống xong", "example.vn"} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// TestBrowserComplaintOf2021 is the same talk with the bodies of 2021: before the
// districts went, the ward itself answered.
func TestBrowserComplaintOf2021(t *testing.T) {
	r := launchFakes(t, &Config{ZaloButtons: "on", AsOf: "2021-06-01"})
	w := &walker{pane: &pane{Tab: browser.New(t), r: r}, near: "Phường Trần Phú"}
	code := w.onZalo()
	c := w.find(code)
	if c.Lead != "xa.ubnd@10528" || c.Place.ID != "c10528" || c.State != cases.Forwarded {
		t.Errorf("%s is %s with %q at %q", code, c.State, c.Lead, c.Place.ID)
	}
}

func (w *walker) find(code string) cases.Case {
	w.T.Helper()
	c, err := w.r.house.desk.ByCode(w.T.Context(), code, cases.Actor{Kind: cases.System, Via: "job"})
	if err != nil {
		w.T.Fatal(err)
	}
	return c
}

func (w *walker) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// The people of the body: the first two by mail, all three with accounts.
const (
	mailOfficer = "can@xa.example.vn"
	mailLeader  = "lanh@xa.example.vn"
)

// staff makes the people of the body: contacts for mails, accounts for the
// console, and a group on Telegram that they link with their one-time codes.
func (w *walker) staff() {
	w.T.Helper()
	r := w.r
	at := bot.Scope{Agency: w.body}
	w.clerk = r.officer("Phạm Thị Hoa", "hoa@staff.example.vn", bot.Grant{Role: bot.RoleOfficer, Scope: at})
	w.head = r.officer("Đỗ Văn Trưởng", "truong@staff.example.vn", bot.Grant{Role: bot.RoleHead, Scope: at})
	tg := r.fakes.telegram
	w.group = tg.Group("Tổ xử lý phường")
	tg.Admit(w.group)
	clerk, head := r.staffer(1), r.staffer(2)
	clerk.signIn(w.clerk)
	head.signIn(w.head)
	for _, c := range [][3]string{{"officer", "Trần Văn Cán", mailOfficer}, {"leader", "Lê Thị Lãnh", mailLeader}} {
		if a := head.post("/console/complaints/contacts/save", "body", w.body, "role", c[0], "name", c[1], "email", c[2]); a.status != 303 {
			w.T.Fatalf("a contact is answered %d %.2000s", a.status, a.body)
		}
		w.open(w.mailed(c[2], "", "Thư thử"))
		w.press("Đúng là địa chỉ này")
		w.Shows("Đã xác nhận")
	}
	code := func(by *staffer, a answer) string {
		w.T.Helper()
		if a.status == 303 {
			a = by.get(a.header.Get("Location"))
		}
		_, rest, _ := strings.Cut(string(a.body), "/lienket ")
		c := walkCode.FindString(rest)
		if a.status != 200 || c == "" {
			w.T.Fatalf("no code: %d %.2000s", a.status, a.body)
		}
		return c
	}
	for _, name := range []string{"Hoa", "Trưởng"} { // who wrote before is known
		tg.Type(tg.Person(name), "menu")
		w.telegram(tg.Person(name).ID, "thủ tục")
	}
	tg.Type(tg.Person("Hoa"), "/lienket "+code(clerk, clerk.post("/console/complaints/contacts/own")))
	tg.Type(tg.Person("Trưởng"), "/lienket "+code(head, head.post("/console/complaints/contacts/own")))
	w.telegram(tg.Person("Hoa").ID, "Đã liên kết")
	w.telegram(tg.Person("Trưởng").ID, "Đã liên kết")
	tg.Send(faketelegram.Incoming{From: tg.Person("Trưởng"), Chat: w.group, Text: "/lienket " + code(head, head.post("/console/complaints/contacts/code", "body", w.body))})
	w.telegram(w.group.ID, "Từ nay nhóm này nhận việc")
}

// telegram waits until a chat shows a message of the bot with these words.
func (w *walker) telegram(chat int64, words ...string) (found faketelegram.Message) {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.T.Context(), browser.Patience)
	defer cancel()
	ok := w.r.fakes.telegram.Wait(ctx.Done(), func() bool {
		for _, m := range w.r.fakes.telegram.Shown(chat) {
			if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(m.Text, word) }) {
				found = m
				return true
			}
		}
		return false
	})
	if !ok {
		w.T.Fatalf("%q never came: %+v", words, w.r.fakes.telegram.Shown(chat))
	}
	return found
}

// mailed waits for the newest mail to somebody about a case and returns the path of its link.
func (w *walker) mailed(to, code, subject string) string {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.T.Context(), browser.Patience)
	defer cancel()
	link := ""
	ok := w.r.fakes.mail.Wait(ctx.Done(), func(all []fakemail.Mail) bool {
		for _, m := range all {
			if slices.Contains(m.To, to) && strings.Contains(m.Subject, code) && strings.Contains(m.Subject, subject) {
				for _, l := range m.Links {
					if strings.Contains(l, "/a/") {
						link = l
					}
				}
				for _, secret := range []string{walkPhone, walkName} {
					if strings.Contains(m.Text+m.HTML, secret) {
						w.T.Errorf("the mail holds %q", secret)
					}
				}
			}
		}
		return link != ""
	})
	if !ok {
		w.T.Fatalf("no mail to %s on %s", to, code)
	}
	return link
}

const walkAnswer = "Thông cống xong lúc 15 giờ, nước rút hết. Anh/chị thấy còn đọng thì nhắn lại mã này."

func (w *walker) byMail(code string) {
	w.size(390)
	w.open(w.mailed(mailOfficer, code, ""))
	w.Shows("nước tràn ra đường")
	if text := w.Read("document.documentElement.innerHTML"); strings.Contains(text, walkPhone) || strings.Contains(text, walkName) {
		w.T.Error("the page tells who wrote")
	}
	w.Until("document.querySelector('.files img')?.naturalWidth > 10")
	w.look("answer-page", false)
	w.press("Nhận việc")
	w.Until("location.pathname.endsWith('/accept')")
	w.press("Nhận việc")
	w.Shows("Đã nhận việc. Người dân được báo ngay.")
	w.press("Trả lời")
	w.fill("text", walkAnswer)
	w.fill("basis", "Quyết định 12/2024/QĐ-UBND")
	w.tick("every_point", "next_step")
	w.Do(chromedp.SetUploadFiles(chromedp.CSS("#f-files"), []string{w.photoFile()}))
	w.look("-answer-form", true)
	w.press("Xem lại")
	w.Shows("Xem lại lần cuối")
	w.look("-answer-confirm", true)
	w.press("Trả lời")
	w.Shows("Đã chuyển câu trả lời cho lãnh đạo duyệt.")
	w.open(w.mailed(mailLeader, code, "chờ duyệt"))
	w.press("Duyệt và gửi đi")
	w.press("Xem lại")
	w.Shows("Xem lại lần cuối")
	w.press("Duyệt và gửi đi")
	w.Shows("Đã duyệt. Người dân nhận câu trả lời ngay.")
	w.answered(code, "link")
}

func (w *walker) inGroup(code string) {
	tg, hoa, head := w.r.fakes.telegram, w.r.fakes.telegram.Person("Hoa"), w.r.fakes.telegram.Person("Trưởng")
	card := w.telegram(w.group.ID, "Có phản ánh mới", code)
	if strings.Contains(card.Text, walkPhone) || strings.Contains(card.Text, walkName) {
		w.T.Errorf("the card tells who wrote: %q", card.Text)
	}
	press := func(who *faketelegram.Person, m faketelegram.Message, title string) {
		w.T.Helper()
		for _, row := range m.Buttons {
			for _, b := range row {
				if b.Title == title {
					if _, err := tg.PressData(who, w.group, b.Data); err != nil {
						w.T.Fatal(err)
					}
					return
				}
			}
		}
		w.T.Fatalf("no button %q under %q", title, m.Text)
	}
	press(hoa, card, "Nhận")
	w.telegram(w.group.ID, "đã nhận", code)
	tg.Send(faketelegram.Incoming{From: hoa, Chat: w.group, Text: walkAnswer, Photo: walkPhoto(), ReplyTo: card.ID})
	press(hoa, w.telegram(w.group.ID, "Sẽ gửi cho người dân", code), "Đúng, gửi đi")
	press(head, w.telegram(w.group.ID, "Có câu trả lời chờ duyệt", code), "Duyệt")
	press(head, w.telegram(w.group.ID, "Câu trả lời của "+code), "Duyệt và gửi đi")
	w.telegram(w.group.ID, "đã gửi câu trả lời", code)
	w.answered(code, "group")
}

func (w *walker) inConsole(code string) {
	w.size(1280)
	w.signIn(w.clerk)
	w.open("/console/complaints")
	w.Shows(code)
	w.look("console-inbox", false)
	w.size(390)
	w.look("console-inbox-phone", false)
	w.size(1280)
	w.open("/console/complaints/case/" + code)
	w.Shows("nước tràn ra đường")
	if text := w.Read("document.documentElement.innerHTML"); strings.Contains(text, walkPhone) || strings.Contains(text, walkName) {
		w.T.Error("the page of the case tells who wrote")
	}
	w.press("Nhận xử lý")
	w.Shows("Đã nhận " + code)
	w.Until("document.querySelector('.photos img')?.naturalWidth > 10")
	w.look("-console-case", false)
	w.press("Trả lời")
	w.fill("text", walkAnswer)
	w.fill("basis_text", "Quyết định 12/2024/QĐ-UBND")
	w.tick("points", "basis", "next", "evidence")
	w.Do(chromedp.SetUploadFiles(chromedp.CSS("#f-files"), []string{w.photoFile()}))
	w.press("Lưu và xem trước")
	w.Shows("Đúng nội dung sẽ gửi")
	w.press("Trình duyệt")
	w.Shows("Đã trình duyệt")
	w.signIn(w.head)
	w.open("/console/complaints/case/" + code)
	w.press("Xem và duyệt")
	w.Until("location.pathname.endsWith('/approve')")
	w.Shows("Thông cống xong")
	w.press("Duyệt và gửi")
	w.Shows("Đã gửi câu trả lời của " + code)
	w.answered(code, "console")
}

// answered holds what is kept of an answer.
func (w *walker) answered(code, via string) {
	w.T.Helper()
	system := cases.Actor{Kind: cases.System, Via: "job"}
	c := w.find(code)
	answers, err := w.r.house.desk.Answers(w.T.Context(), c.ID, system)
	w.must(err)
	if c.State != cases.Answered || len(answers) != 1 || answers[0].Text != walkAnswer || len(answers[0].Media) != 1 || answers[0].OnePerson {
		w.T.Errorf("%s is %s with %+v", code, c.State, answers)
	}
	line, err := w.r.house.desk.Timeline(w.T.Context(), c.ID, system)
	w.must(err)
	if last := line[len(line)-1]; last.Action != cases.Approve || last.Via != via {
		w.T.Errorf("the last line is %s by %s", last.Action, last.Via)
	}
}

func (w *walker) rateOnZalo(code string) {
	w.phone("zalo")
	w.said("đã trả lời " + code)
	w.choose("Đánh giá")
	w.said("đã được giải quyết chưa")
	w.choose("Đã giải quyết")
	w.said("Anh/chị thấy việc giải quyết thế nào")
	w.choose("5 - Rất hài lòng")
	w.said("Cảm ơn anh/chị")
	w.look("complaint-rating", false)
	if c := w.find(code); c.Rating.Overall != 5 || c.Rating.Solved == nil || !*c.Rating.Solved {
		w.T.Errorf("rated %+v", c.Rating)
	}
}

// publish puts a case into the register: one proposes, another one confirms on a
// preview of the very page, and everybody reads it without what tells who wrote.
func (w *walker) publish(code string) {
	const work = "/console/complaints/publish"
	w.size(1280)
	w.signIn(w.clerk)
	w.open(work)
	w.Shows(code)
	w.open(work + "/edit?code=" + code)
	w.Shows("Máy đã che")
	w.Run(`document.querySelector('[name=title]').value = 'Cống tắc, nước tràn ra đường'; document.querySelectorAll('[name=photo]').forEach(b => b.checked = true)`)
	w.press("Xem trước")
	w.Until("location.pathname.endsWith('/preview')")
	w.Shows("nước tràn ra đường")
	w.look("register-preview", true)
	confirm := func(button string) {
		w.T.Helper()
		w.Run(fmt.Sprintf(`[...document.querySelectorAll('form')].find(f => f.innerText.includes(%q)).querySelectorAll('input[type=checkbox]').forEach(b => b.checked = true)`, button))
		w.press(button)
	}
	confirm("Đề nghị đăng")
	w.Until("document.querySelector('.flash') !== null")
	w.signIn(w.head)
	w.open(work + "/preview?code=" + code)
	w.Shows("nước tràn ra đường")
	confirm("Xác nhận, đăng ngay")
	w.Until("document.querySelector('.flash') !== null")
	w.signOut()

	w.open("/cong-khai?" + url.Values{"q": {"Cẩm Thượng"}}.Encode())
	w.open("/cong-khai")
	w.Shows("Phường Thành Đông")
	w.look("register", false)
	w.size(390)
	w.look("register-phone", false)
	w.open(w.Read("[...document.querySelectorAll('main a')].find(a => /^\\/cong-khai\\/[^/?.]+$/.test(a.getAttribute('href')) && !a.href.endsWith('so-lieu')).href"))
	w.Shows("Thông cống xong")
	w.Until("[...document.querySelectorAll('main img')].filter(i => i.naturalWidth > 10).length === 2")
	w.look("register-entry", true)
	v := w.r.visitor(7)
	pages := []string{w.Read("location.pathname"), "/cong-khai", "/cong-khai.json", "/cong-khai/feed.atom", "/cong-khai/so-lieu"}
	for _, page := range pages {
		a := v.get(page)
		if a.status != 200 {
			w.T.Errorf("%s answers %d", page, a.status)
		}
		for _, secret := range []string{walkPhone, "0912", "345678", walkName, "Kín Tiếng", "Phạm Thị Hoa", "Trần Văn Cán"} {
			if strings.Contains(string(a.body), secret) {
				w.T.Errorf("%s shows %q", page, secret)
			}
		}
	}
	for src := range strings.FieldsSeq(w.Read("[...document.querySelectorAll('main img')].map(i => new URL(i.src).pathname + new URL(i.src).search).join(' ')")) {
		a := v.get(src)
		if a.status != 200 || len(a.body) < 1000 || strings.Contains(string(a.body), "Exif") || strings.Contains(string(a.body), bottest.SecretPlace) {
			w.T.Errorf("%s: %d, %d bytes; it must be a photo that does not tell where it was taken", src, a.status, len(a.body))
		}
	}
}
