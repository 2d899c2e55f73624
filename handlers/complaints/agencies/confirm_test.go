package agencies

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/bottest/fakemail"
	"cchcbot/handlers/complaints/cases"
)

// bare checks a mail to an address that nobody confirmed: the code, no word of
// the case, and a link that acts for nobody. It returns that link.
func (w *world) bare(m fakemail.Mail, code string) string {
	w.t.Helper()
	link := linkIn(w.t, m)
	if !strings.Contains(m.Subject+m.Text, code) || !strings.Contains(m.Subject, "xác nhận") || strings.Contains(m.Text+m.HTML, "xây lấn") || strings.Count(m.Text, answerPath) != 1 {
		w.t.Errorf("an unconfirmed address reads %q\n%s", m.Subject, m.Text)
	}
	w.get(link).wants(http.StatusOK, "Xác nhận đầu mối").hides("xây lấn", "Mở phản ánh")
	w.get(link + "/accept").wants(http.StatusNotFound)
	return link
}

// An address that nobody confirmed hears the code of a case and how to confirm; the
// front desk is told at once. After confirming the page leads to the case.
func TestAnUnconfirmedAddressHearsNothingOfTheCase(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an, desk := w.unconfirmed(commune, Officer, "An"), w.contact(front, Officer, "Dung")
	c := w.file()
	link := w.bare(w.mailTo(an), c.Code)
	if len(w.alerts) != 1 || !strings.Contains(w.alerts[0], commune) || !strings.Contains(w.alerts[0], "confirmed") {
		t.Errorf("alarms: %q", w.alerts)
	}
	if m := w.mailTo(desk); !strings.Contains(m.Subject, "chưa xác nhận") || !strings.Contains(strings.Join(m.Links, " "), bodyURL(commune)) {
		t.Errorf("the front desk reads %q\n%s\n%q", m.Subject, m.Text, m.Links)
	}
	// A link from before the address had to be confirmed opens nothing, and offers the way.
	old := w.service.link(an, commune, c.ID)
	w.get(old).wants(http.StatusGone, "chưa xác nhận").hides("xây lấn")
	before := len(w.mail.To(an.Email))
	w.post(old+"/fresh", nil).wants(http.StatusOK)
	w.settle()
	if got := w.mail.To(an.Email); len(got) != before+1 {
		t.Errorf("%d mails", len(got)-before)
	} else {
		w.bare(got[before], c.Code)
	}

	p := w.post(link+"/confirm", w.get(link).hidden()).wants(http.StatusOK, "Đã xác nhận", "Mở phản ánh")
	_, rest, _ := strings.Cut(p.body, `<a class="button" href="`)
	at, _, _ := strings.Cut(rest, `"`)
	w.get(at).wants(http.StatusOK, c.Code, "xây lấn")
	d := w.file()
	if m := w.mailTo(an); !strings.Contains(m.Subject, d.Code) || !strings.Contains(m.Text, "xây lấn") {
		t.Errorf("once confirmed, the contact reads %q\n%s", m.Subject, m.Text)
	}
	if len(w.alerts) != 1 {
		t.Errorf("alarms: %q", w.alerts)
	}
}

// While the officer has not confirmed his address, the leader who has hears instead.
func TestSomebodyConfirmedHearsInstead(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an, binh := w.unconfirmed(commune, Officer, "An"), w.contact(commune, Leader, "Bình")
	c := w.file()
	w.bare(w.mailTo(an), c.Code)
	if m := w.mailTo(binh); !strings.Contains(m.Text, "xây lấn") || len(w.alerts) != 0 {
		t.Errorf("the leader reads %q; alarms %q", m.Subject, w.alerts)
	}
}

// Reminders and the digest of the day hold no link that acts for the body either.
func TestRemindersToAnUnconfirmedAddress(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an, binh := w.unconfirmed(commune, Officer, "An"), w.unconfirmed(commune, Leader, "Bình")
	c := w.file()
	k, _ := c.Clock(cases.StepAccept)
	w.bot.Clock.Set(k.Due.Add(time.Hour))
	w.must(w.desk.RunReminders(t.Context(), w.bot.Works))
	w.bot.Clock.Add(2 * reminderWait)
	before := len(w.mail.To(an.Email))
	w.must(w.service.sendReminders(t.Context()))
	w.settle()
	if got := w.mail.To(an.Email); len(got) != before+1 {
		t.Fatalf("%d reminders", len(got)-before)
	}
	w.bare(w.mailTo(an), c.Code)
	before = len(w.mail.To(binh.Email))
	when, err := time.ParseInLocation("2006-01-02 15:04", "2026-11-17 07:30", zone)
	w.must(err)
	w.bot.Clock.Set(when)
	for range 2 {
		w.must(w.service.sendDigests(t.Context()))
	}
	w.settle()
	if got := w.mail.To(binh.Email); len(got) != before+1 {
		t.Fatalf("%d digests", len(got)-before)
	}
	w.bare(w.mailTo(binh), c.Code)
}

// A changed address is asked to confirm, like a new one.
func TestAChangedAddressIsAskedToConfirm(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	_, head := w.officer("Bình", grant(bot.RoleHead, commune))
	an := w.contact(commune, Officer, "An")
	form := func(email string) map[string][]string {
		return map[string][]string{"id": {"1"}, "body": {commune}, "name": {an.Name}, "role": {"officer"}, "email": {email}, "active": {"1"}}
	}
	w.post(contactsPath+"/save", form("an.moi@haiphong.example.vn"), head).wants(http.StatusOK, "Đã lưu", "chưa xác nhận")
	w.settle()
	if got := w.mail.To("an.moi@haiphong.example.vn"); len(got) != 1 || !strings.Contains(got[0].Subject, "Thư thử") {
		t.Errorf("%d mails", len(got))
	}
}

// Who may approve the answer that somebody wrote by his link: with nobody, those
// who run the system and the front desk hear of it, and its author before he writes.
func TestAnAnswerThatNobodyMayApprove(t *testing.T) {
	for name, tt := range map[string]struct {
		people func(w *world) (author Contact, reader *Contact) // who is asked to approve
		stuck  bool
	}{
		"an officer alone": {func(w *world) (Contact, *Contact) { return w.contact(commune, Officer, "An"), nil }, true},
		"a leader alone":   {func(w *world) (Contact, *Contact) { return w.contact(commune, Leader, "An"), nil }, true},
		"two officers": {func(w *world) (Contact, *Contact) {
			w.contact(commune, Officer, "Bình")
			return w.contact(commune, Officer, "An"), nil
		}, true},
		"a leader who confirmed nothing": {func(w *world) (Contact, *Contact) {
			binh := w.unconfirmed(commune, Leader, "Bình")
			return w.contact(commune, Officer, "An"), &binh
		}, true},
		"a leader": {func(w *world) (Contact, *Contact) {
			binh := w.contact(commune, Leader, "Bình")
			return w.contact(commune, Officer, "An"), &binh
		}, false},
		"two leaders": {func(w *world) (Contact, *Contact) {
			binh := w.contact(commune, Leader, "Bình")
			return w.contact(commune, Leader, "An"), &binh
		}, false},
		"a head with an account": {func(w *world) (Contact, *Contact) {
			w.officer("Giang", grant(bot.RoleHead, commune))
			return w.contact(commune, Officer, "An"), nil
		}, false},
		"a head for everything": {func(w *world) (Contact, *Contact) {
			w.officer("Giang", grant(bot.RoleHead, ""))
			return w.contact(commune, Officer, "An"), nil
		}, true},
		"a leader who is away and left it to the author": {func(w *world) (Contact, *Contact) {
			an, binh := w.contact(commune, Officer, "An"), w.contact(commune, Leader, "Bình")
			w.must(w.do(func(ctx context.Context, work *bot.Work) error {
				tx, err := work.Tx(ctx)
				if err != nil {
					return err
				}
				return w.book.SetAway(ctx, tx, binh.ID, an.ID, w.bot.Clock.Now().AddDate(0, 0, 3))
			}))
			return an, &binh
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, bottest.Options{})
			desk := w.contact(front, Officer, "Dung")
			_, token := w.officer("Hà", grant(bot.RoleController, front))
			an, reader := tt.people(w)
			c := w.file()
			link := w.service.link(an, commune, c.ID)
			form := w.get(link + "/answer").wants(http.StatusOK)
			before := len(w.mail.To(an.Email))
			fields := with(form.hidden(), "text", answerText, "basis", "Điều 118", "every_point", "1", "next_step", "1", "no_photo", "trời tối", "sure", "1")
			done := w.post(link+"/answer", fields).wants(http.StatusOK)
			w.settle()
			if got := w.state(c.ID); got.State != cases.Drafted {
				t.Fatalf("the case is %s", got.State)
			}
			if got := w.mail.To(an.Email); len(got) != before {
				t.Errorf("the author is asked to approve: %q", got[len(got)-1].Subject)
			}
			warned := strings.Contains(form.body, "không có người duyệt")
			told := strings.Contains(done.body, "không có người duyệt")
			asked := strings.Contains(done.body, "cho lãnh đạo duyệt")
			mails := w.mail.To(desk.Email)
			desked := len(mails) > 0 && strings.Contains(mails[len(mails)-1].Subject, "không có người duyệt")
			if warned != tt.stuck || told != tt.stuck || asked == tt.stuck || len(w.alerts) > 0 != tt.stuck || desked != tt.stuck {
				t.Errorf("stuck %v: warned %v, told %v, asked %v, front desk %v, alarms %q", tt.stuck, warned, told, asked, desked, w.alerts)
			}
			if reader != nil {
				if m := w.mailTo(*reader); !strings.Contains(m.Subject+m.Text, c.Code) {
					t.Errorf("who may approve reads %q", m.Subject)
				}
			}
			alone := name == "an officer alone" || name == "a leader alone" || name == "two officers" || name == "a head for everything"
			if p := w.get(bodyURL(commune), token); strings.Contains(p.body, "không có người duyệt") != alone {
				t.Errorf("the page of contacts warns: %v", !alone)
			}
		})
	}
}

// Who stands in for a leader gets the mail that asks for approval, and approves by
// it while the leader is away; the trail says in whose place. Afterwards he is an officer again.
func TestAStandInApprovesWhileTheLeaderIsAway(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an, binh, cuc := w.contact(commune, Officer, "An"), w.contact(commune, Leader, "Bình"), w.contact(commune, Officer, "Cúc")
	w.must(w.do(func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		return w.book.SetAway(ctx, tx, binh.ID, cuc.ID, w.bot.Clock.Now().AddDate(0, 0, 3))
	}))
	answer := func() (cases.Case, string) {
		t.Helper()
		c := w.file()
		link := linkIn(t, w.mailTo(an))
		form := w.get(link + "/answer").wants(http.StatusOK)
		w.post(link+"/answer", with(form.hidden(), "text", answerText, "basis", "Điều 118", "every_point", "1", "next_step", "1", "no_photo", "trời tối", "sure", "1")).wants(http.StatusOK)
		m := w.mailTo(cuc)
		if !strings.Contains(m.Subject, c.Code) || !strings.Contains(m.Subject, "chờ duyệt") {
			t.Fatalf("the stand-in reads %q", m.Subject)
		}
		return c, linkIn(t, m)
	}
	c, link := answer()
	w.get(link).wants(http.StatusOK, "Duyệt và gửi đi")
	form := w.get(link+"/approve").wants(http.StatusOK, "0,5 m")
	w.post(link+"/approve", with(form.hidden(), "sure", "1")).wants(http.StatusOK, "Đã duyệt")
	if got := w.state(c.ID); got.State != cases.Answered {
		t.Errorf("the case is %s", got.State)
	}
	var n int
	w.must(w.bot.DB.Read().QueryRowContext(t.Context(), `select count(*) from audit where action = 'complaints.stand_in' and detail = $1`,
		"approve in place of contact "+strconv.FormatInt(binh.ID, 10)).Scan(&n))
	if n != 1 {
		t.Errorf("the trail says it %d times", n)
	}
	_, link = answer()
	w.bot.Clock.Add(4 * 24 * time.Hour)
	w.get(link).wants(http.StatusOK).hides("Duyệt và gửi đi")
}
