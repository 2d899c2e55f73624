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
	timer := time.AfterFunc(20*time.Second, func() { close(end) })
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
