package main

import (
	"context"
	"fmt"
	"strings"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/console"
	"cchcbot/knowledge/vietnamese"
)

// lateTexts are the house's words, which are loaded after the features are built.
type lateTexts struct{ h *house }

// Render implements bot.Texts.
func (t lateTexts) Render(lang, key string, args map[string]any) (string, error) {
	return t.h.words.Render(lang, key, args)
}

// openConsole makes the kit that every page of the console stands on.
func (h *house) openConsole(o houseOptions) (err error) {
	h.console, err = web.NewConsole(web.ConsoleOptions{
		Texts: lateTexts{h}, Accounts: h.store, Secret: o.Data.secret("console cookie"), Clean: vietnamese.Clean,
		Nav: h.nav, Granters: h.store.Granters, PublicURL: o.PublicURL, Now: o.Now, Log: o.Log,
	})
	return err
}

// nav is the console's menu: its own start page, the features' lines, and what
// is left of its own.
func (h *house) nav() []bot.Nav {
	var first, middle, last []bot.Nav
	for _, f := range h.features {
		if f.Name != "console" {
			middle = append(middle, f.Nav...)
			continue
		}
		if len(f.Nav) > 0 {
			first, last = f.Nav[:1], f.Nav[1:]
		}
	}
	return append(append(append([]bot.Nav{}, first...), middle...), last...)
}

func (h *house) consoleOptions(o houseOptions) console.Options {
	public := strings.TrimSuffix(o.PublicURL, "/")
	if public == "" {
		public = "http://localhost" // a house without a server shows no page
	}
	return console.Options{
		Console: h.console, Accounts: h.store, Trail: h.store, Letters: h.store, Directory: h.directory, PublicURL: public, Now: o.Now,
		Counts: func(ctx context.Context) (console.Counts, error) {
			stats, err := h.store.Stats(ctx)
			c := console.Counts{Failed: stats.InboxFailed}
			for _, s := range stats.Outbox {
				switch s.State {
				case bot.OutboxDead:
					c.Dead += s.Count
				case bot.OutboxHeld:
					c.Held += s.Count
				}
			}
			return c, err
		},
		Wake: func() {
			h.dispatcher.Wake()
			h.delivery.Wake()
		},
	}
}

// page mounts a page of a feature: behind the guard when it belongs to the console.
func (p *program) page(page bot.Page) {
	h := page.Handler
	if _, path, _ := strings.Cut(page.Pattern, " "); len(page.Roles) > 0 || path == web.HomePath || strings.HasPrefix(path, web.HomePath+"/") {
		h = p.house.console.Guard(page)
	}
	var opts []web.RouteOption
	if page.Body > 0 {
		opts = append(opts, web.Body(page.Body))
	}
	p.server.Handle(page.Pattern, h, opts...)
}

// pages mounts the features' pages and the kit's assets.
func (p *program) pages() {
	p.server.Handle(web.AssetsPattern, p.house.console.Assets())
	for _, f := range p.house.features {
		for _, page := range f.Pages {
			p.page(page)
		}
	}
}

// firstLink is the one-time link that makes the first account; "" once there is one.
func (p *program) firstLink(ctx context.Context) (string, error) {
	token, err := p.data.store.FirstInvitation(ctx)
	if bot.IsCode(err, bot.Conflict) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return invitationURL(p.server.PublicURL(), token), nil
}

// invitationURL is the address of an invitation.
func invitationURL(public, token string) string {
	return fmt.Sprintf("%s%s%s", strings.TrimSuffix(public, "/"), console.InvitationPath, token)
}
