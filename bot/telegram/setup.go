package telegram

import (
	"context"
	"errors"
	"regexp"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"cchcbot/bot"
)

// setup sets or removes the webhook, as the mode wants it, and the menu of
// commands. It tries until that works or ctx ends; waiting updates are never
// dropped. It reports whether it got there.
func (b *Bot) setup(ctx context.Context) bool {
	for nth := 1; ; nth++ {
		err := b.setMode(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return false
		}
		wait(ctx, b.troubled(ctx, err, nth))
		if ctx.Err() != nil {
			return false
		}
	}
	if err := b.setCommands(ctx); err != nil && ctx.Err() == nil {
		b.opt.Log.Warn("the menu of commands was not set", "err", err)
	}
	return ctx.Err() == nil
}

func (b *Bot) setMode(ctx context.Context) error {
	if b.opt.Mode == ModePoll {
		_, err := b.api.call(ctx, "deleteWebhook", nil)
		return err
	}
	_, err := b.api.call(ctx, "setWebhook", tgbotapi.Params{
		"url": b.opt.WebhookURL, "secret_token": b.opt.WebhookSecret, "allowed_updates": allowedUpdates,
	})
	return err
}

// Limits of the menu of commands (core.telegram.org/bots/api#botcommand).
const (
	maxCommands    = 100
	maxDescription = 256
)

var commandForm = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)

// setCommands sets the menu in Vietnamese for everybody, and in English for
// those whose app speaks it.
func (b *Bot) setCommands(ctx context.Context) error {
	if len(b.opt.Commands) == 0 {
		return nil
	}
	for _, m := range []struct{ code, lang string }{{"", "vi"}, {"vi", "vi"}, {"en", "en"}} {
		list, err := b.menu(m.lang)
		if err != nil {
			return err
		}
		params := tgbotapi.Params{"commands": encode(list)}
		params.AddNonEmpty("language_code", m.code)
		if _, err := b.api.call(ctx, "setMyCommands", params); err != nil {
			return err
		}
	}
	return nil
}

type menuLine struct {
	Command     string `json:"command"`
	Description string `json:"description"`
}

func (b *Bot) menu(lang string) ([]menuLine, error) {
	var out []menuLine
	for _, c := range b.opt.Commands {
		text, err := b.opt.Render(lang, c.Key)
		if err != nil {
			return nil, err
		}
		if !commandForm.MatchString(c.Command) || text == "" {
			return nil, errors.New("telegram: the command " + c.Command + " is no word of a-z 0-9 _, or has no description")
		}
		if parts := bot.Split(text, maxDescription, bot.UTF16); len(parts) > 0 {
			text = parts[0]
		}
		if len(out) < maxCommands {
			out = append(out, menuLine{c.Command, text})
		}
	}
	return out, nil
}

// watchEvery is how often the webhook is looked after.
const watchEvery = 5 * time.Minute

// watch keeps albums until ctx ends and tells when Telegram cannot deliver.
func (b *Bot) watch(ctx context.Context, in bot.Intake) {
	b.shelf.open(ctx, in)
	defer b.shelf.close()
	began := b.opt.Now()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	left := time.NewTicker(orphanEvery)
	defer left.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-left.C:
			b.shelf.sweep(ctx, in)
			continue
		case <-tick.C:
		}
		s, err := b.Status(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			b.opt.Log.Warn("telegram does not tell how the webhook fares", "err", err)
		case !s.Expected:
			b.alerts.Raise(ctx, "webhook address", "the webhook was set to another address; start the program again to set it back")
		case s.LastError.After(began):
			began = s.LastError
			b.opt.Log.Warn("telegram could not deliver an update", "at", s.LastError, "pending", s.Pending)
			b.alerts.Raise(ctx, "webhook delivery", "Telegram could not deliver updates to the webhook; `doctor` shows why")
		}
	}
}
