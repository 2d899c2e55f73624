package agencies

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/telegram"
	"cchcbot/handlers/complaints/cases"
)

// Codes of the scripts: for the group of the body, and for the chats of its staff.
const (
	codeGroup = "GGGG-GGGG"
	codeAn    = "AAAA-AAAA"
	codeBinh  = "BBBB-BBBB"
)

// code keeps a one-time code that a script can know.
func (w *world) code(code, body string, officer int64) {
	w.t.Helper()
	w.must(w.do(func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `insert into complaints_codes (code_key, body, officer, expires) values ($1, $2, $3, $4)`,
			w.service.codeKey(code), body, officer, w.bot.Clock.Now().Add(CodeTTL).UnixMilli())
		return err
	}))
}

// office is a body with an officer, a leader, a stranger's officer and the codes of the scripts.
func office(t *testing.T, opt bottest.Options) *world {
	w := newWorld(t, opt)
	an, _ := w.officer("An", grant(bot.RoleOfficer, commune))
	binh, _ := w.officer("Bình", grant(bot.RoleHead, commune))
	w.contact(commune, Officer, "Cúc")
	w.code(codeGroup, commune, binh)
	w.code(codeAn, "", an)
	w.code(codeBinh, "", binh)
	return w
}

// TestScripts plays the talks of testdata in a group with buttons.
func TestScripts(t *testing.T) {
	bottest.Run(t, "testdata", func(t *testing.T) *bottest.Bot { return office(t, bottest.Options{}).bot })
}

// TestScriptsOfButtons plays what only buttons can do.
func TestScriptsOfButtons(t *testing.T) {
	bottest.Run(t, "testdata/buttons", func(t *testing.T) *bottest.Bot { return office(t, bottest.Options{}).bot })
}

// TestScriptsWithoutButtons plays them where choices are numbered.
func TestScriptsWithoutButtons(t *testing.T) {
	bottest.Run(t, "testdata", func(t *testing.T) *bottest.Bot {
		return office(t, bottest.Options{Driver: bottest.NewFakeDriver(bottest.FakeName, bottest.PlainLimits())}).bot
	})
}

// TestScriptsOnTelegram plays them through bot/telegram and a fake Bot API.
func TestScriptsOnTelegram(t *testing.T) {
	bottest.Run(t, "testdata", func(t *testing.T) *bottest.Bot {
		return office(t, bottest.Options{Driver: bottest.NewTelegramDriver(telegram.ModePoll)}).bot
	})
}

// A photo that came with the answer goes to the case, and so to the citizen.
func TestAnAnswerWithAPhotoFromTheGroup(t *testing.T) {
	w := office(t, bottest.Options{})
	w.talk("An", "", bottest.Input{Text: "chào"})
	w.talk("An", "", bottest.Input{Text: "/lienket " + codeAn})
	w.talk("An", "to", bottest.Input{Text: "/lienket " + codeGroup})
	c := w.file()
	w.talk("An", "to", bottest.Input{Reply: true, To: "Nhận", Text: "Đã tháo dỡ xong phần xây lấn, có ảnh kèm theo.", Media: bot.Photo})
	w.talk("An", "to", bottest.Input{Press: "Đúng, gửi đi"})
	got := w.state(c.ID)
	if got.State != cases.Drafted {
		t.Fatalf("the case is %s", got.State)
	}
	p, err := w.desk.Pending(t.Context(), c.ID, system)
	if err != nil || len(p.Media) != 1 || p.Name != "An" {
		t.Fatalf("%+v, %v", p, err)
	}
	if items, err := w.files.Of(t.Context(), nil, cases.Thing(c.Code)); err != nil || len(items) != 1 || items[0].ID != p.Media[0] {
		t.Errorf("%+v, %v", items, err)
	}
}

// talk does what somebody does on the first channel and returns what is seen.
func (w *world) talk(user, group string, in bottest.Input) []bottest.Said {
	w.t.Helper()
	who := bottest.Citizen{Name: user, Group: group}
	w.must(w.bot.Driver.Do(w.t.Context(), who, in))
	w.settle()
	return w.bot.Driver.Seen(who)
}

func play(t *testing.T, w *world, text string) {
	t.Helper()
	s, err := bottest.Parse(t.Name(), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	w.bot.Play(t, s)
}

// A code works once, for half an hour, for what it was made for; guessing ends soon.
func TestOneTimeCodes(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an, _ := w.officer("An", grant(bot.RoleOfficer, commune))
	use := func(code string, group bool) bool {
		ok := false
		w.must(w.do(func(ctx context.Context, work *bot.Work) error {
			tx, err := work.Tx(ctx)
			if err != nil {
				return err
			}
			_, _, ok, err = w.service.useCode(ctx, tx, code, group)
			return err
		}))
		return ok
	}
	w.code("CCCC-CCCC", commune, an)
	w.code("DDDD-DDDD", "", an)
	for _, tt := range []struct {
		code  string
		group bool
		want  bool
	}{{"CCCC-CCCC", false, false}, {"CCCC-CCCC", true, true}, {"CCCC-CCCC", true, false}, {"DDDD-DDDD", true, false}, {"DDDD-DDDD", false, true}, {"", true, false}, {"EEEE-EEEE", true, false}} {
		if got := use(tt.code, tt.group); got != tt.want {
			t.Errorf("%s in a group %v: %v", tt.code, tt.group, got)
		}
	}
	w.code("FFFF-FFFF", commune, an)
	w.bot.Clock.Add(CodeTTL)
	if use("FFFF-FFFF", true) {
		t.Error("a code works after half an hour")
	}
	play(t, w, `@user Kẻ đoán
> chao
< …
> /lienket ZZZZ-ZZZ2
< Mã này không dùng được{…}
> /lienket ZZZZ-ZZZ3
< Mã này không dùng được{…}
> /lienket ZZZZ-ZZZ4
< Mã này không dùng được{…}
> /lienket ZZZZ-ZZZ5
< Mã này không dùng được{…}
> /lienket ZZZZ-ZZZ6
< Mã này không dùng được{…}
> /lienket ZZZZ-ZZZ7
< Đã thử sai nhiều lần.{…}
@wait 61m
> /lienket ZZZZ-ZZZ8
< Mã này không dùng được{…}
`)
}

// One officer's codes keep nobody from making his: a new one for the same body
// replaces the old one, and for other bodies there are ten.
func TestOneOfficerCannotUseUpTheCodes(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an, _ := w.officer("An", grant(bot.RoleController, front))
	binh, _ := w.officer("Bình", grant(bot.RoleHead, commune))
	code := func(body string, officer int64) (code string, err error) {
		err = w.do(func(ctx context.Context, work *bot.Work) error {
			tx, err := work.Tx(ctx)
			if err == nil {
				code, err = w.service.makeCode(ctx, tx, body, officer)
			}
			return err
		})
		return code, err
	}
	var codes []string
	for range maxCodes + 10 {
		c, err := code(commune, an)
		w.must(err)
		codes = append(codes, c)
	}
	if _, err := code(commune, binh); err != nil {
		t.Errorf("another officer: %v", err)
	}
	use := func(code string) (ok bool) {
		w.must(w.do(func(ctx context.Context, work *bot.Work) error {
			tx, err := work.Tx(ctx)
			if err == nil {
				_, _, ok, err = w.service.useCode(ctx, tx, code, true)
			}
			return err
		}))
		return ok
	}
	if use(codes[0]) || !use(codes[len(codes)-1]) {
		t.Error("the newest code counts, and no older one")
	}
	var refused error
	for i := 0; refused == nil && i < maxCodes; i++ {
		if _, refused = code(fmt.Sprintf("body-%d", i), an); refused != nil && i != maxOwnCodes {
			t.Errorf("refused after %d bodies, want %d", i, maxOwnCodes)
		}
	}
	if key(refused) != "complaints.agency_code_too_many" {
		t.Errorf("%v", refused)
	}
	if _, err := code("", binh); err != nil {
		t.Errorf("another officer's own chat: %v", err)
	}
}

// The bot is taken out of the group: it is marked, told to those who run the
// system, and the body hears by mail only.
func TestTheBotIsTakenOutOfTheGroup(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an, _ := w.officer("An", grant(bot.RoleOfficer, commune))
	w.code(codeGroup, commune, an)
	play(t, w, "@user An\n@group to\n> /lienket GGGG-GGGG\n< Đã liên kết.{…}\n")
	w.file()
	fake := w.bot.Driver.(*bottest.FakeDriver).Fake()
	cards := func() int { return len(fake.Texts("group:to")) }
	if cards() != 2 || len(w.alerts) != 0 {
		t.Fatalf("%d messages in the group, alarms %q", cards(), w.alerts)
	}
	w.talk("An", "to", bottest.Input{Event: bot.EventLeft})
	if len(w.alerts) != 2 || !strings.Contains(w.alerts[0], "taken out") || !strings.Contains(w.alerts[1], "cannot be reached") {
		t.Errorf("alarms: %q", w.alerts)
	}
	n := cards()
	w.file()
	if cards() != n {
		t.Error("a group that the bot left still gets cases")
	}
	if said := w.talk("An", "to", bottest.Input{Event: bot.EventJoined}); len(said) == 0 || !strings.Contains(said[len(said)-1].Text, "Tôi đã trở lại") {
		t.Errorf("back in the group the bot says %+v", said)
	}
}

// Reminders of one body at one moment are one mail to each and one message to the group.
func TestRemindersComeTogether(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an, binh, desk := w.contact(commune, Officer, "An"), w.contact(commune, Leader, "Bình"), w.contact(front, Officer, "Dung")
	officer, _ := w.officer("Em", grant(bot.RoleOfficer, commune))
	w.code(codeGroup, commune, officer)
	play(t, w, "@user Em\n@group to\n> /lienket GGGG-GGGG\n< Đã liên kết.{…}\n")
	var list []cases.Case
	for range 3 {
		list = append(list, w.file())
	}
	count := func(c Contact) int { return len(w.mail.To(c.Email)) }
	fake := w.bot.Driver.(*bottest.FakeDriver).Fake()
	before := [3]int{count(an), count(binh), len(fake.Texts("group:to"))}
	k, _ := list[0].Clock(cases.StepAccept)
	w.bot.Clock.Set(k.Due.Add(time.Hour))
	w.must(w.desk.RunReminders(t.Context(), w.bot.Works))
	w.must(w.service.sendReminders(t.Context()))
	w.settle()
	if count(an) != before[0] {
		t.Error("reminders go out before those of the same moment came together")
	}
	w.bot.Clock.Add(2 * reminderWait)
	for range 2 {
		w.must(w.service.sendReminders(t.Context()))
	}
	w.settle()
	if count(an) != before[0]+1 || count(binh) != before[1]+1 || len(fake.Texts("group:to")) != before[2]+1 {
		t.Errorf("officer %d, leader %d, group %d more", count(an)-before[0], count(binh)-before[1], len(fake.Texts("group:to"))-before[2])
	}
	m := w.mailTo(an)
	for _, c := range list {
		if !strings.Contains(m.Text, c.Code) {
			t.Errorf("%s is not in the mail:\n%s", c.Code, m.Text)
		}
	}
	if strings.Contains(m.Text, "xây lấn") || strings.Contains(m.Text, hidden) {
		t.Error("a reminder holds what a citizen wrote")
	}
	// Long overdue: the leader, then the front desk.
	w.bot.Clock.Add(20 * 24 * time.Hour)
	w.must(w.desk.RunReminders(t.Context(), w.bot.Works))
	w.bot.Clock.Add(2 * reminderWait)
	w.must(w.service.sendReminders(t.Context()))
	w.settle()
	if m := w.mailTo(binh); !strings.Contains(m.Text, "QUÁ HẠN lâu") {
		t.Errorf("the leader reads\n%s", m.Text)
	}
	if m := w.mailTo(desk); !strings.Contains(m.Text, "QUÁ HẠN lâu") || strings.Contains(m.Text, answerPath) {
		t.Errorf("the front desk reads\n%s", m.Text)
	}
}

// One mail a working day and leader, at half past seven, when there is something.
func TestTheDigestOfTheDay(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	binh, em := w.contact(commune, Leader, "Bình"), w.contact(other, Leader, "Em")
	w.contact(commune, Officer, "An")
	c := w.file()
	run := func(at string) int {
		t.Helper()
		when, err := time.ParseInLocation("2006-01-02 15:04", at, zone)
		w.must(err)
		w.bot.Clock.Set(when)
		w.must(w.service.sendDigests(t.Context()))
		w.settle()
		return len(w.mail.To(binh.Email))
	}
	for _, tt := range []struct {
		at   string
		want int
	}{
		{"2026-11-10 07:29", 0}, {"2026-11-10 07:30", 1}, {"2026-11-10 07:35", 1}, {"2026-11-10 17:00", 1},
		{"2026-11-14 07:30", 1}, {"2026-11-15 08:00", 1}, // a weekend
		{"2026-11-16 19:00", 1}, {"2026-11-17 09:00", 2}, // late on Monday, so on Tuesday
	} {
		if got := run(tt.at); got != tt.want {
			t.Errorf("at %s: %d mails, want %d", tt.at, got, tt.want)
		}
	}
	m := w.mailTo(binh)
	if !strings.Contains(m.Subject, "17/11/2026") || !strings.Contains(m.Text, "QUÁ HẠN (1)") || !strings.Contains(m.Text, c.Code) {
		t.Errorf("%s\n%s", m.Subject, m.Text)
	}
	if got := w.mail.To(em.Email); len(got) != 0 {
		t.Error("a leader without cases is written to")
	}
	at := m.Text[strings.Index(m.Text, w.url+answerPath):]
	w.get(strings.Fields(at)[0]).wants(200, c.Code)
}

// A consulted body is asked for its opinion; what its group replies is kept for the lead body and confirmed.
func TestAConsultedBodyGivesItsOpinionInTheGroup(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an, _ := w.officer("An", grant(bot.RoleOfficer, other))
	dung, _ := w.officer("Dung", grant(bot.RoleController, front))
	w.code(codeGroup, other, an)
	w.code(codeAn, "", an)
	w.talk("An", "", bottest.Input{Text: "chào"})
	w.talk("An", "", bottest.Input{Text: "/lienket " + codeAn})
	w.talk("An", "to", bottest.Input{Text: "/lienket " + codeGroup})
	desk := cases.Actor{Kind: cases.Officer, Agency: front, Via: "console", Officer: bot.Officer{ID: dung, Name: "Dung", Active: true, Grants: []bot.Grant{grant(bot.RoleController, front)}}}
	clerk := cases.Actor{Kind: cases.Officer, Agency: commune, Via: "console", Officer: bot.Officer{ID: 901, Name: "Hoa", Active: true, Grants: []bot.Grant{grant(bot.RoleOfficer, commune)}}}
	c := w.file()
	w.must(w.do(func(ctx context.Context, work *bot.Work) (err error) {
		if _, err = w.desk.Do(ctx, work, c.ID, clerk, cases.Command{Action: cases.Return, Reason: "several"}); err != nil {
			return err
		}
		c, err = w.desk.Do(ctx, work, c.ID, desk, cases.Command{Action: cases.Forward, Agency: commune, Joint: []string{other}})
		return err
	}))
	w.settle()
	fake := w.bot.Driver.(*bottest.FakeDriver).Fake()
	texts := fake.Texts("group:to")
	if card := texts[len(texts)-1]; !strings.Contains(card, "Xin ý kiến phối hợp") || !strings.Contains(card, "góp ý kiến") || strings.Contains(card, "câu trả lời cho người dân") {
		t.Errorf("the card of a consulted body:\n%s", card)
	}
	said := func(text string) string {
		t.Helper()
		all := w.talk("An", "to", bottest.Input{Reply: true, Text: text})
		if len(all) == 0 {
			t.Fatal("silence")
		}
		return all[len(all)-1].Text
	}
	if got := said("ok"); !strings.Contains(got, "Chưa ghi gì") {
		t.Errorf("too short: %q", got)
	}
	if got := said("Phường đã lập biên bản ngày 05/11, gửi kèm theo sau."); !strings.Contains(got, "Đã ghi ý kiến về "+c.Code) {
		t.Errorf("an opinion: %q", got)
	}
	entries, err := w.desk.Timeline(t.Context(), c.ID, system)
	w.must(err)
	last := entries[len(entries)-1]
	if last.Action != cases.Note || last.Agency != other || !strings.Contains(last.Text, "lập biên bản") || last.Shown {
		t.Errorf("kept as %+v", last)
	}
}

// A group that Telegram makes a supergroup of stays linked: cases come to the new
// chat, an answer on show there is sent, and the move may be told again.
func TestAGroupThatBecomesASupergroupStaysLinked(t *testing.T) {
	driver := bottest.NewTelegramDriver(telegram.ModePoll)
	w := office(t, bottest.Options{Driver: driver})
	w.talk("An", "", bottest.Input{Text: "chào"})
	w.talk("An", "", bottest.Input{Text: "/lienket " + codeAn})
	w.talk("An", "to", bottest.Input{Text: "/lienket " + codeGroup})
	first := w.file()
	w.talk("An", "to", bottest.Input{Reply: true, To: "Nhận", Text: "Đã tháo dỡ xong phần xây lấn. Không có ảnh: trời tối"})
	fake := driver.Fake()
	old, an := fake.Group("to"), fake.Person("An")
	to := fake.Migrate(an, old)
	if !fake.Confirmed(t.Context().Done()) {
		t.Fatal("the bot does not confirm the move")
	}
	w.settle()
	for range 2 { // told again: nothing changes
		w.must(w.do(func(ctx context.Context, work *bot.Work) error {
			tx, err := work.Tx(ctx)
			if err != nil {
				return err
			}
			at := func(id int64) bot.Address { return bot.Address{Channel: telegram.Name, Chat: fmt.Sprint(id)} }
			return w.service.moveGroup(ctx, tx, at(old.ID), at(to.ID))
		}))
	}
	if shown := fake.Shown(to.ID); len(shown) != 0 {
		t.Errorf("the move was talked about: %+v", shown)
	}
	second := w.file()
	shown := fake.Shown(to.ID)
	if len(shown) != 1 || !strings.Contains(shown[0].Text, second.Code) {
		t.Fatalf("the new chat shows %+v", shown)
	}
	var send string
	w.must(w.bot.DB.Read().QueryRowContext(t.Context(), `select 'complaints:gsend:' || id from complaints_chat_drafts`).Scan(&send))
	fake.Forge(an, to, send)
	if !fake.Confirmed(t.Context().Done()) {
		t.Fatal("the bot does not confirm the press")
	}
	w.settle()
	if got := w.state(first.ID); got.State != cases.Drafted {
		t.Errorf("the answer on show was not sent: the case is %s", got.State)
	}
	if len(w.alerts) != 0 {
		t.Errorf("alarms: %q", w.alerts)
	}
}
