package bottest_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
)

// The fake channel passes the suite that the real ones pass.
func TestFakeChannel(t *testing.T) {
	payload := func(u bot.Update) []byte {
		u.Chat, u.From.ID, u.At = "lan", "lan", time.Unix(1, 0)
		if u.ID == "" {
			u.ID = "u1"
		}
		b, err := json.Marshal(u)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	fails := func(kind bot.SendKind) bottest.FailCase {
		return bottest.FailCase{Name: string(kind), Want: kind, Arrange: func(s bottest.Subject) {
			s.Channel.(*bottest.Fake).Fail("lan", &bot.SendError{Kind: kind})
		}}
	}
	bottest.Channel(t, bottest.ChannelSpec{
		Open: func(t *testing.T, _ *slog.Logger) bottest.Subject {
			f := bottest.NewFake("fake", bottest.FakeLimits())
			return bottest.Subject{
				Channel: f, Chat: "lan",
				Receive: func(ctx context.Context, in bot.Intake, p []byte) error { return f.Receive(ctx, in, p) },
				Saw: func(n int) (out []string) {
					for _, m := range f.Sent() {
						b, err := json.Marshal(m)
						if err != nil {
							t.Fatal(err)
						}
						out = append(out, string(b))
					}
					return out
				},
			}
		},
		In: []bottest.InCase{
			{Name: "text", Payload: payload(bot.Update{Text: "xin chào"}), Want: bot.Update{ID: "u1", Text: "xin chào", Chat: "lan"}, Stable: true},
			{Name: "place", Payload: payload(bot.Update{Place: &bot.Place{Lat: 20, Lon: 106}}), Want: bot.Update{Place: &bot.Place{Lat: 20, Lon: 106}}, Stable: true},
			{Name: "not JSON", Payload: []byte("{"), Nothing: true},
		},
		Text: func(s string) []byte { return payload(bot.Update{Text: s}) },
		Out: []bottest.OutCase{
			{Name: "buttons", Message: bot.Message{Text: "Chọn", Buttons: [][]bot.MessageButton{{{Title: "Nộp ở đâu", Payload: "a:b"}}}}, Shows: []string{"Chọn", "Nộp ở đâu", "a:b"}},
		},
		Fails: []bottest.FailCase{
			fails(bot.Throttled), fails(bot.Temporary), fails(bot.Ambiguous), fails(bot.Later),
			fails(bot.Moved), fails(bot.Rejected), fails(bot.Gone), fails(bot.Misconfigured),
		},
	})
}

// A turn tells its channel how many messages its answer has: one that is
// planned for tomorrow is none of them.
func TestAnAnswerIsCompleteWithoutWhatComesLater(t *testing.T) {
	c := newCrashed(t)
	for _, text := range talk[:5] {
		c.types("lan", text)
	}
	if n, ok := c.fake.SettledWith("u5"); !ok || n != 1 {
		t.Errorf("settled with %d messages (%v), want 1", n, ok)
	}
	c.wait(25 * time.Hour)
	if n := len(c.fake.Texts("lan")); n != 6 {
		t.Errorf("%d messages in all, want 6", n)
	}
}
