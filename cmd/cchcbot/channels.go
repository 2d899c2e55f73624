package main

import (
	"strings"

	"cchcbot/bot"
	"cchcbot/bot/webchat"
	"cchcbot/knowledge/vietnamese"
)

// channels builds every configured channel, a line each.
func (p *program) channels() ([]bot.Channel, error) {
	var err error
	p.chat, err = webchat.New(webchat.Options{
		Secret: p.data.secret("webchat cookie"), Origins: p.cfg.ChatOrigins, Clean: vietnamese.Clean,
		Secure: strings.HasPrefix(p.server.PublicURL(), "https://"), Log: p.log, Now: p.now,
	})
	if err != nil {
		return nil, err
	}
	return []bot.Channel{p.chat}, nil
}
