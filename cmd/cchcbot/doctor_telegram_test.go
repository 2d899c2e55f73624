package main

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cchcbot/bot/bottest/faketelegram"
	"cchcbot/bot/telegram"
)

// TestDoctorReadsTheWebhook: who the bot is, whether updates come the way the
// settings say, and what keeps them away; never the token.
func TestDoctorReadsTheWebhook(t *testing.T) {
	const token = "123456789:AAtoken-of-the-doctor-test-only"
	fake := faketelegram.New(faketelegram.Options{Token: token, Username: "haiduong_bot"})
	api := httptest.NewServer(fake)
	t.Cleanup(func() { fake.Close(); api.Close() })
	open := func(o telegram.Options) *telegram.Bot {
		o.APIURL = api.URL
		b, err := telegram.New(o)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	text := func(fs []finding) string {
		var out []string
		for _, f := range fs {
			out = append(out, string(f.Verdict)+" "+f.Text)
		}
		return strings.Join(out, "\n")
	}
	if got := text(telegramFindings(t.Context(), open(telegram.Options{Token: token}), time.Now())); got != string(fine)+" it answers as @haiduong_bot" {
		t.Errorf("by polling: %s", got)
	}
	hook := telegram.Options{Token: token, Mode: telegram.ModeWebhook, WebhookURL: "https://hoidap.example/telegram/webhook", WebhookSecret: "a-secret-of-good-length"}
	if got := text(telegramFindings(t.Context(), open(hook), time.Now())); !strings.Contains(got, string(look)+" Telegram brings messages to nowhere") {
		t.Errorf("by a webhook that nobody set: %s", got)
	}
	wrong := text(telegramFindings(t.Context(), open(telegram.Options{Token: "123456789:AAanother-token-of-some-length"}), time.Now()))
	if !strings.HasPrefix(wrong, string(bad)) || strings.Contains(wrong, "AAanother") {
		t.Errorf("with a wrong token: %s", wrong)
	}
}
