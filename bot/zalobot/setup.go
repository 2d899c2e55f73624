package zalobot

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"time"

	"cchcbot/bot"
)

// account is the bot as getMe has it.
type account struct {
	ID      loose `json:"id"`
	Account string
	Display string
	Kind    string
	Groups  bool
}

// whoami asks who the bot is, and remembers it.
func (b *Bot) whoami(ctx context.Context) (*account, error) {
	var w struct {
		ID      loose `json:"id"`
		Account loose `json:"account_name"`
		Display loose `json:"display_name"`
		Kind    loose `json:"account_type"`
		Groups  any   `json:"can_join_groups"`
	}
	if err := b.api.get(ctx, "getMe", nil, &w); err != nil {
		return nil, err
	}
	me := &account{ID: w.ID, Account: cut(string(w.Account), 100), Display: cut(string(w.Display), 100), Kind: cut(string(w.Kind), 50), Groups: w.Groups == true}
	b.mu.Lock()
	b.me = me
	b.mu.Unlock()
	return me, nil
}

// Check asks the platform who we are: whether it is there and takes the token.
// What stands in the way of updates is no matter of sending: see [Bot.Describe].
func (b *Bot) Check(ctx context.Context) error {
	_, err := b.whoami(ctx)
	return err
}

// Status is what the platform says of the bot, for `doctor`.
type Status struct {
	ID      string
	Account string // account name
	Name    string // as people see it
	Groups  bool   // it may join groups
	Webhook string // the address that the platform delivers to, "" for none
	// Told is false when the platform did not say whether a webhook is set, which
	// it may do when there is none.
	Told     bool
	Expected bool // the webhook is as the mode wants it, as far as the platform says
	// Verification is what the platform's check of the webhook came to when this
	// process set it; nil when it set none or was not told.
	Verification *Verification
}

// Verification is the outcome of the check that setWebhook makes. The platform
// keeps an address that failed it.
type Verification struct {
	OK      bool
	Outcome string // "webhook.http.403"; "" when the platform gave none in a plain form
}

// Describe asks the platform who the bot is and how updates come to it.
func (b *Bot) Describe(ctx context.Context) (Status, error) {
	me, err := b.whoami(ctx)
	if err != nil {
		return Status{}, err
	}
	s := Status{ID: string(me.ID), Account: me.Account, Name: me.Display, Groups: me.Groups}
	if s.Webhook, s.Told, err = b.webhook(ctx); err != nil {
		return Status{}, err
	}
	want := ""
	if b.opt.Mode == ModeWebhook {
		want = b.opt.WebhookURL
	}
	s.Expected = s.Webhook == want || !s.Told
	b.mu.Lock()
	s.Verification = b.verified
	b.mu.Unlock()
	return s, nil
}

// webhook is the address that is set. told is false when the platform answers
// 404, which means that none is set or that it does not say.
func (b *Bot) webhook(ctx context.Context) (address string, told bool, err error) {
	result, err := b.api.call(ctx, callTimeout, "getWebhookInfo", nil)
	var f *failure
	if errors.As(err, &f) && f.code == http.StatusNotFound {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	var w struct {
		URL loose `json:"url"`
	}
	decode(result, &w)
	return string(w.URL), true, nil
}

// setup sets or removes the webhook, as the mode wants it. It tries until that
// works or ctx ends, and reports whether it got there. It also asks for the
// bot's name, by which it is addressed in groups; without it the bot works.
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
	if _, err := b.whoami(ctx); err != nil && ctx.Err() == nil {
		b.opt.Log.Warn("zalobot does not say who the bot is; its name stays in what groups write to it", "err", err)
	}
	return ctx.Err() == nil
}

func (b *Bot) setMode(ctx context.Context) error {
	if b.opt.Mode == ModeWebhook {
		return b.setWebhook(ctx)
	}
	_, err := b.api.call(ctx, callTimeout, "deleteWebhook", nil)
	var f *failure
	if errors.As(err, &f) && f.answered && (f.code == http.StatusBadRequest || f.code == http.StatusNotFound) {
		return nil // there was none; if that is not what it means, getUpdates says so
	}
	return err
}

var outcomeForm = regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+){0,5}$`)

// setWebhook sets it and tells what the platform's check of it came to. One
// that failed is no failure of ours: the address is kept, and deliveries may
// work all the same.
func (b *Bot) setWebhook(ctx context.Context) error {
	result, err := b.api.call(ctx, callTimeout, "setWebhook", params{"url": b.opt.WebhookURL, "secret_token": b.opt.WebhookSecret})
	if err != nil {
		return err
	}
	var w struct {
		Verification *struct {
			OK      any   `json:"ok"`
			Outcome loose `json:"outcome"`
		} `json:"verification"`
	}
	if !decode(result, &w) || w.Verification == nil {
		b.opt.Log.Info("the webhook of zalobot is set; whether it can be reached was not told")
		return nil
	}
	v := &Verification{OK: w.Verification.OK == true}
	if o := string(w.Verification.Outcome); len(o) <= 60 && outcomeForm.MatchString(o) {
		v.Outcome = o
	}
	b.mu.Lock()
	b.verified = v
	b.mu.Unlock()
	if v.OK {
		b.opt.Log.Info("the webhook of zalobot is set and can be reached")
		return nil
	}
	b.opt.Log.Warn("the webhook of zalobot is set, but the platform's check of it failed", "outcome", v.Outcome)
	b.alerts.Raise(ctx, "webhook check", "the webhook is set, but Zalo's check of it failed ("+v.Outcome+"); is its address reachable from outside, without a redirect?")
	return nil
}

// watchEvery is how often the webhook is looked after.
const watchEvery = 5 * time.Minute

// watch tells, until ctx ends, when the webhook is not ours any more.
func (b *Bot) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s, err := b.Describe(ctx)
		var f *failure
		switch {
		case ctx.Err() != nil:
			return
		case errors.As(err, &f) && f.judge().kind == bot.Misconfigured:
			v := f.judge()
			b.alerts.Raise(ctx, v.name, v.alert)
		case err != nil:
			b.opt.Log.Warn("zalobot does not tell how the webhook fares", "err", err)
		case !s.Expected:
			b.alerts.Raise(ctx, "webhook address", "the webhook was removed or set to another address; start the program again to set it back")
		}
	}
}
