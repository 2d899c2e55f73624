package main

import (
	"context"
	"net/url"
	"strings"

	"cchcbot/bot"
	"cchcbot/bot/email"
	"cchcbot/bot/redis"
	"cchcbot/bot/telegram"
	"cchcbot/bot/webchat"
	"cchcbot/bot/zalo"
	"cchcbot/bot/zalobot"
	"cchcbot/knowledge/vietnamese"
)

// channels builds every configured channel.
func (p *program) channels(h *house) ([]bot.Channel, error) {
	var all []bot.Channel
	for _, build := range []func(*house) (bot.Channel, error){
		p.webchatChannel,
		p.zaloChannel,
		p.zalobotChannel,
		p.telegramChannel,
		p.emailChannel,
	} {
		c, err := build(h)
		if err != nil {
			return nil, err
		}
		if c != nil {
			all = append(all, c)
		}
	}
	return all, nil
}

func (p *program) webchatChannel(h *house) (bot.Channel, error) {
	chat, err := webchat.New(webchat.Options{
		Keep: h.media.Came, Kept: h.media.Settled, Render: func(lang, key string) (string, error) { return h.words.Render(lang, key, nil) },
		Secret: p.data.secret("webchat cookie"), Origins: p.cfg.ChatOrigins, Clean: vietnamese.Clean,
		Secure: strings.HasPrefix(p.publicURL(), "https://"), Log: p.log, Now: p.now,
	})
	if err != nil {
		return nil, err
	}
	p.chat = chat
	return chat, nil
}

func (p *program) emailChannel(*house) (bot.Channel, error) {
	if p.cfg.SMTPURL == "" {
		return nil, nil
	}
	c, err := email.New(email.Options{URL: p.cfg.SMTPURL, From: p.cfg.MailFrom, Now: p.now})
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (p *program) telegramChannel(h *house) (bot.Channel, error) {
	if p.cfg.TelegramToken == "" {
		return nil, nil
	}
	c, err := telegram.New(telegram.Options{
		Token: p.cfg.TelegramToken, APIURL: p.cfg.TelegramAPIURL, Mode: p.cfg.TelegramMode,
		WebhookURL: strings.TrimSuffix(p.publicURL(), "/") + telegramPath, WebhookSecret: p.cfg.TelegramWebhookSecret,
		Clean: vietnamese.Clean, Commands: h.commands(), State: h.state, Sealer: p.data.keys, Open: h.media.OpenMedia,
		Render: func(lang, key string) (string, error) { return h.words.Render(lang, key, nil) },
		Log:    p.log, Alert: h.alarm.raise, Now: p.now,
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (p *program) zaloChannel(h *house) (bot.Channel, error) {
	if p.cfg.ZaloAppID == "" {
		return nil, nil
	}
	opt := zaloOptions(p.cfg, p.data.store, p.data.keys)
	opt.RedirectURL = strings.TrimSuffix(p.publicURL(), "/") + zaloConsentPath
	opt.Open, opt.HTTP = h.media.OpenMedia, p.fakes.zaloClient()
	opt.Render, opt.Log, opt.Alert, opt.Now = h.words.Render, p.log, h.alarm.raise, p.now
	opt.Connected = func() {
		if h.delivery != nil {
			h.delivery.Resume(zalo.Name)
		}
	}
	c, err := zalo.New(opt)
	if err != nil {
		return nil, err
	}
	p.zalo = c
	return c, nil
}

// zaloConsentPath is where the consent of the Official Account comes back to.
const zaloConsentPath = "/zalo/oauth"

// zaloOptions are the account's settings, over a vault.
func zaloOptions(cfg *Config, vault bot.Vault, sealer bot.Sealer) zalo.Options {
	return zalo.Options{
		AppID: cfg.ZaloAppID, AppSecret: cfg.ZaloAppSecret, OASecret: cfg.ZaloOASecret, RefreshToken: cfg.ZaloRefreshToken,
		APIURL: cfg.ZaloAPIURL, OAuthURL: cfg.ZaloOAuthURL, Buttons: cfg.ZaloButtons, Proof: cfg.ZaloProof,
		PaidNews: cfg.ZaloPaid == "all", PaidFollowUps: cfg.ZaloPaid != "none",
		Vault: vault, Sealer: sealer, Clean: vietnamese.Clean,
	}
}

func (p *program) zalobotChannel(h *house) (bot.Channel, error) {
	if p.cfg.ZalobotToken == "" {
		return nil, nil
	}
	public := p.publicURL()
	if u, err := url.Parse(public); err != nil || u.Scheme != "https" || isPrivate(u.Hostname()) {
		public = "" // the platform fetches photos itself and could not
	}
	c, err := zalobot.New(zalobot.Options{
		Token: p.cfg.ZalobotToken, APIURL: p.cfg.ZalobotAPIURL, Mode: p.cfg.ZalobotMode,
		WebhookURL: strings.TrimSuffix(p.publicURL(), "/") + "/zalobot/webhook", WebhookSecret: p.cfg.ZalobotWebhookSecret,
		PublicURL: public, Files: p.fakes.zalobotFiles(), Clean: vietnamese.Clean, Render: h.words.Render, Log: p.log, Alert: h.alarm.raise, Now: p.now,
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// telegramPath is where Telegram delivers in mode webhook.
const telegramPath = "/telegram/webhook"

// openState connects to Redis when it is configured. It does not wait for it:
// the bot starts without, says so in /readyz, and takes it up when it is there.
func (p *program) openState() (bot.State, error) {
	if p.cfg.RedisURL == "" {
		return nil, nil
	}
	s, err := redis.New(redis.Options{URL: p.cfg.RedisURL, Log: p.log})
	if err != nil {
		return nil, err
	}
	p.redis = s
	return s, nil
}

// poll runs a channel's way in until ctx ends.
func (p *program) poll(ctx context.Context, c bot.Poller, name string) {
	if err := c.Poll(ctx, intake{p.house}); err != nil && ctx.Err() == nil {
		p.log.Error("a channel no longer takes messages in", "channel", name, "err", err)
	}
}

// publicURL is the server's address; of a command that runs beside a bot, the one in the settings.
func (p *program) publicURL() string {
	if p.server == nil {
		return publicURL(p.cfg)
	}
	return p.server.PublicURL()
}
