package main

import (
	"context"

	"cchcbot/bot"
	"cchcbot/bot/email"
	"cchcbot/bot/media"
	"cchcbot/handlers/news"
	"cchcbot/handlers/news/desk"
	"cchcbot/handlers/news/items"
	"cchcbot/handlers/news/watch"
	"cchcbot/knowledge/vietnamese"
)

// openNews builds the one door to news.
func (h *house) openNews(o houseOptions) (err error) {
	h.news, err = items.New(items.Options{
		Read: o.Data.db.Read(), Sealer: o.Data.keys, Spreads: h.store, Links: h.store, Directory: h.directory, Calendar: h.calendar.Calendar,
		Compose: func(out bot.Outgoing) ([]bot.Queued, error) { return h.works.Composer.Compose(out) },
		Channels: func() map[string]bot.Limits {
			out := map[string]bot.Limits{}
			for _, c := range h.channels {
				if c.Name() != email.Name { // mails go to bodies
					out[c.Name()] = c.Limits()
				}
			}
			return out
		},
		Publishers: func() map[string]bot.Publisher {
			out := map[string]bot.Publisher{}
			for _, c := range h.channels {
				if p, ok := c.(bot.Publisher); ok {
					out[c.Name()] = p
				}
			}
			return out
		},
		Render: func(lang, key string, args map[string]any) (string, error) { return h.words.Render(lang, key, args) },
		Picture: func(ctx context.Context, q items.Reader, id string) (bot.Media, error) {
			list, err := h.media.Items(ctx, q, id)
			if err != nil {
				return bot.Media{}, err
			}
			if len(list) == 0 || list[0].State != media.Ready {
				return bot.Media{}, &bot.Error{Code: bot.Invalid, Key: "news.invalid_file"}
			}
			return h.media.Attachment(list[0], media.ForCitizen, media.MaxLink), nil
		},
		Clean: vietnamese.Clean, Fold: vietnamese.Fold, PublicURL: o.PublicURL, Audit: h.store.Audit, Now: o.Now, Log: o.Log,
	})
	return err
}

// openNewsParts builds the sides of news besides the citizen's, in the order of the menu.
func (h *house) openNewsParts(o houseOptions) error {
	for _, part := range []func(houseOptions) (bot.Feature, error){h.newsDesk, h.newsWatch, h.newsSources} {
		f, err := part(o)
		if err != nil {
			return err
		}
		h.newsParts = append(h.newsParts, f)
	}
	return nil
}

// newsDesk is where news is written, approved and sent.
func (h *house) newsDesk(o houseOptions) (bot.Feature, error) {
	return desk.New(desk.Options{
		Desk: h.news, Console: h.console, Do: h.works.Do, Directory: h.directory, Calendar: h.calendar.Calendar, Staff: h.store, Officers: h.store.Officers,
		Media: h.media, Now: o.Now, Log: o.Log,
	})
}

func (h *house) newsOptions(o houseOptions) news.Options {
	return news.Options{Desk: h.news, Directory: h.directory, Works: h.works, Console: h.console, Media: h.media, PublicURL: o.PublicURL, Parts: h.newsParts, Now: o.Now, Log: o.Log}
}

// newsWatch are the pages on what goes out: progress, figures and the yearly plan.
func (h *house) newsWatch(o houseOptions) (bot.Feature, error) {
	return watch.New(watch.Options{
		Desk: h.news, Directory: h.directory, Works: h.works, Console: h.console, Staff: h.store, Fold: vietnamese.Fold, Now: o.Now, Log: o.Log,
		Halts: func() (out []watch.Halt) {
			if h.delivery == nil {
				return nil
			}
			for _, s := range h.delivery.Status() {
				if s.Stopped || !s.Until.IsZero() {
					out = append(out, watch.Halt{Channel: s.Channel, Reason: s.Reason, Until: s.Until})
				}
			}
			return out
		},
	})
}
