package main

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cchcbot/bot/bottest/fakemail"
	"cchcbot/bot/bottest/faketelegram"
)

// TestAlertReachesTheChat: what needs a person is told to the chat of ALERT_TO,
// once, and the token shows up nowhere.
func TestAlertReachesTheChat(t *testing.T) {
	const token = "123456789:AAtoken-of-the-alarm-test-only"
	fake := faketelegram.New(faketelegram.Options{Token: token})
	api := httptest.NewServer(fake)
	operator := fake.Person("operator")
	fake.Type(operator, "/start")
	var log bytes.Buffer
	cfg := &Config{
		Data: filepath.Join(t.TempDir(), "data"), TelegramToken: token, TelegramAPIURL: api.URL, TelegramMode: "poll",
		AlertTo: "telegram:" + strconv.FormatInt(operator.ID, 10),
	}
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	p := launch(t, cfg)
	t.Cleanup(func() { p.end(); fake.Close(); api.Close() })
	p.house.alarm.log = slog.New(slog.NewTextHandler(&log, nil))
	p.house.alarm.raise(t.Context(), "turn 7 failed 3 times")
	p.house.alarm.raise(t.Context(), "turn 7 failed 3 times")
	end := make(chan struct{})
	timer := time.AfterFunc(time.Minute, func() { close(end) })
	defer timer.Stop()
	heard := func() int {
		n := 0
		for _, m := range fake.Shown(operator.ID) {
			n += strings.Count(m.Text, "turn 7 failed 3 times")
		}
		return n
	}
	if !fake.Wait(end, func() bool { return heard() > 0 }) {
		t.Fatal("the chat never heard of it")
	}
	if n := heard(); n != 1 {
		t.Errorf("the chat heard of it %d times", n)
	}
	if got := strings.Count(log.String(), "turn 7 failed"); got != 2 {
		t.Errorf("the log has it %d times, want 2", got)
	}
	if strings.Contains(log.String(), token) {
		t.Error("the log holds the token")
	}
}

// TestAlertReachesTheMailbox: ALERT_TO may be an e-mail address.
func TestAlertReachesTheMailbox(t *testing.T) {
	const operator, password = "truc@example.vn", "password-of-the-alarm-test"
	box, err := fakemail.New(fakemail.Options{User: "hoidap", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	cfg := &Config{Data: filepath.Join(t.TempDir(), "data"), SMTPURL: box.URL(), MailFrom: "hoidap@example.vn", AlertTo: operator}
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	p := launch(t, cfg)
	t.Cleanup(func() {
		p.end()
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	p.house.alarm.raise(t.Context(), "turn 7 failed 3 times")
	end := make(chan struct{})
	timer := time.AfterFunc(time.Minute, func() { close(end) })
	defer timer.Stop()
	if !box.Wait(end, func(mails []fakemail.Mail) bool { return len(mails) > 0 }) {
		t.Fatal("no mail came")
	}
	if m := box.To(operator); len(m) != 1 || !strings.Contains(m[0].Subject, "turn 7 failed 3 times") {
		t.Errorf("mails %+v", m)
	}
}

func TestMailSettings(t *testing.T) {
	for _, c := range []struct{ url, from, alert, want string }{
		{"smtp://mail.example.vn", "", "", "MAIL_FROM"},
		{"", "hoidap@example.vn", "", "SMTP_URL"},
		{"smtp://u:geheim@mail.example.vn/x", "hoidap@example.vn", "", "SMTP_URL"},
		{"", "", "truc@example.vn", "SMTP_URL"},
		{"", "", "telegram:1", "TELEGRAM_TOKEN"},
		{"", "", "zalo:1", "ALERT_TO"},
		{"", "", "telegram:", "ALERT_TO"},
		{"smtp://mail.example.vn", "hoidap@example.vn", "truc@example.vn", ""},
		{"smtp://mail.example.vn", "hoidap@example.vn", "email:truc@example.vn", ""},
	} {
		err := (&Config{SMTPURL: c.url, MailFrom: c.from, AlertTo: c.alert, ZalobotMode: "poll", TelegramMode: "poll"}).Check()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%+v: %v", c, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "geheim")):
			t.Errorf("%+v: %v", c, err)
		}
	}
}
