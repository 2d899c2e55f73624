package agencies

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/handlers/complaints/cases"
)

// The answer page tells what was said with each step in words, never by the id of a
// reason, and lets the body above read what the citizen is not content with.
func TestHistoryInWords(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an := w.contact(commune, Officer, "An")
	do := func(c cases.Case, a cases.Actor, cmd cases.Command) cases.Case {
		t.Helper()
		w.must(w.do(func(ctx context.Context, work *bot.Work) (err error) {
			c, err = w.desk.Do(ctx, work, c.ID, a, cmd)
			return err
		}))
		w.settle()
		return c
	}
	boss := cases.Actor{Kind: cases.Officer, Via: "console", Officer: bot.Officer{ID: 900, Name: "Hùng", Active: true, Grants: []bot.Grant{grant(bot.RoleHead, commune)}}}
	clerk := cases.Actor{Kind: cases.Officer, Via: "console", Officer: bot.Officer{ID: 901, Name: "Hoa", Active: true, Grants: []bot.Grant{grant(bot.RoleOfficer, commune)}}}

	refused := w.file()
	link := linkIn(t, w.mailTo(an))
	do(refused, boss, cases.Command{Action: cases.Refuse, Reason: "outside", Text: "Gửi điện lực"})
	w.get(link).wants(http.StatusOK, "Không thuộc việc cơ quan nhà nước", "Gửi điện lực").hides("outside")

	read := w.file(func(d *cases.Draft) { d.Kind = cases.Petition })
	read = do(read, cases.Actor{Kind: cases.Officer, Via: "console", Officer: bot.Officer{ID: 902, Active: true, Grants: []bot.Grant{grant(bot.RoleController, front)}}},
		cases.Command{Action: cases.Forward, Agency: commune})
	w.get(w.service.link(an, commune, read.ID)).wants(http.StatusOK, "Loại này đầu mối đọc trước").hides("<small>kind")

	c := w.file()
	do(c, clerk, cases.Command{Action: cases.Accept})
	do(c, clerk, cases.Command{Action: cases.Submit, Text: answerText, Check: cases.Checklist{EveryPoint: true, NextStep: true, Basis: true, BasisText: "Điều 118"}, Reason: "không cần ảnh"})
	do(c, boss, cases.Command{Action: cases.Approve})
	lan := cases.Actor{Kind: cases.Citizen, Person: bot.PersonID(100 + w.cases), Via: "chat"}
	do(c, lan, cases.Command{Action: cases.Rate, Rating: cases.Rating{Overall: 1}})
	c = do(c, lan, cases.Command{Action: cases.Reopen, Text: "Tường vẫn còn đó, gọi tôi số 0912 345 678"})
	if c.Lead == "" || c.Lead == commune {
		t.Fatalf("reopened with %q", c.Lead)
	}
	above := w.contact(c.Lead, Officer, "Trên")
	form := w.get(w.service.link(above, c.Lead, c.ID)).wants(http.StatusOK, "Tường vẫn còn đó")
	form.hides("0912", "not_satisfied")
}

// TestTheDigestCountsEverything: a mail lists thirty cases of a heading and says how many there are.
func TestTheDigestCountsEverything(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	binh := w.contact(commune, Leader, "Bình")
	for range 33 { // a unit of work is short, and the race detector slow
		w.must(w.do(func(ctx context.Context, work *bot.Work) error {
			_, err := w.desk.Open(ctx, work, w.draft(""))
			return err
		}))
	}
	when, err := time.ParseInLocation("2006-01-02 15:04", "2026-11-17 07:30", zone)
	w.must(err)
	w.bot.Clock.Set(when)
	w.must(w.service.sendDigests(t.Context()))
	w.settle()
	m := w.mailTo(binh)
	if !strings.Contains(m.Subject, "33 việc") || !strings.Contains(m.Text, "QUÁ HẠN (33)") || !strings.Contains(m.Text, "và 3 việc khác") || strings.Count(m.Text, answerPath) != 30 {
		t.Errorf("%s\n%.600s\n%d links", m.Subject, m.Text, strings.Count(m.Text, answerPath))
	}
}
