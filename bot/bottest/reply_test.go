package bottest

import (
	"context"
	"testing"

	"cchcbot/bot"
	"cchcbot/bot/telegram"
)

// replying is a feature that sends two cards and knows which one is answered.
func replying(b *Bot) bot.Feature {
	return bot.Feature{Name: "sample", Routes: []bot.Route{
		{Command: "card", Handle: func(_ context.Context, t *bot.Turn) error {
			t.Reply(bot.Reply{Text: "Thẻ " + t.Arg(), Thing: "card:" + t.Arg(), Buttons: []bot.Button{{Title: "Mở " + t.Arg(), Payload: "sample:open:" + t.Arg()}}})
			return nil
		}},
		{Button: "sample:open", Handle: func(_ context.Context, t *bot.Turn) error {
			t.Reply(bot.Reply{Text: "mở " + t.Arg(), Quiet: true})
			return nil
		}},
		{Replies: true, Handle: func(ctx context.Context, t *bot.Turn) error {
			thing, err := b.Store.SentThing(ctx, t.Address(), t.Update.ReplyTo)
			if err != nil || thing == "" {
				t.Reply(bot.Reply{Text: "never seen: the reply is undone"})
				return bot.ErrPass
			}
			text := thing + " ← " + t.Update.Text
			if t.Update.Edited {
				text += " (sửa)"
			}
			t.Reply(bot.Reply{Text: text, Quiet: true})
			return nil
		}},
		{Intents: []string{bot.IntentRest}, Handle: func(_ context.Context, t *bot.Turn) error {
			t.Reply(bot.Reply{Text: "tự do: " + t.Update.Text, Quiet: true})
			return nil
		}},
	}}
}

// An answer to one of the bot's messages finds what that was about; one to a
// message that is about nothing goes the usual way.
func TestRepliesFindTheirThing(t *testing.T) {
	script, err := Parse("reply", []byte(`@group to-1
> /card a
< Thẻ a
[Mở a]
> /card b
< Thẻ b
[Mở b]
> @reply [Mở a] Đã xong
< card:a ← Đã xong
> @reply thế à
< tự do: thế à
> @reply [Mở b] 1
< card:b ← 1
`))
	if err != nil {
		t.Fatal(err)
	}
	for name, driver := range map[string]Driver{"fake": nil, "telegram": NewTelegramDriver(telegram.ModePoll)} {
		t.Run(name, func(t *testing.T) {
			New(t, Options{Driver: driver, Build: func(b *Bot) ([]bot.Feature, error) { return []bot.Feature{replying(b)}, nil }}).Play(t, script)
		})
	}
	edited, err := Parse("edit", []byte("> /card a\n< Thẻ a\n[Mở a]\n> @edit [Mở a] khác\n< card:a ← khác (sửa)\n"))
	if err != nil {
		t.Fatal(err)
	}
	New(t, Options{Build: func(b *Bot) ([]bot.Feature, error) { return []bot.Feature{replying(b)}, nil }}).Play(t, edited)
	for _, bad := range []string{"> @reply", "> @reply [a", "> @edit [a]", "> @reply []x"} {
		if _, err := Parse("bad", []byte(bad+"\n")); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
