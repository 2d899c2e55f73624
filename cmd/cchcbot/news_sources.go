package main

import (
	"context"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/sources"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// newsSources is the part of news that brings drafts: feeds, and the knowledge base.
func (h *house) newsSources(o houseOptions) (bot.Feature, error) {
	return sources.New(sources.Options{
		Desk: h.news, Read: o.Data.db.Read(), Do: h.works.Do, Audit: h.store.Audit, Alert: h.alarm.raise, Staff: h.store, Console: h.console,
		Render: func(lang, key string, args map[string]any) (string, error) { return h.words.Render(lang, key, args) },
		Clean:  vietnamese.Clean, Fold: vietnamese.Fold, Knowledge: published{o.Knowledge.db.Read()}, PublicURL: o.PublicURL, Now: o.Now, Log: o.Log,
	})
}

// published is the knowledge base as news looks at it.
type published struct{ r entries.Reader }

// Published implements sources.Knowledge.
func (p published) Published(ctx context.Context, after int64) (revision int64, first, last time.Time, err error) {
	return entries.PublishedSince(ctx, p.r, after)
}

// Changed implements sources.Knowledge.
func (p published) Changed(ctx context.Context, from, to int64, f func(before, now *knowledge.Entry) error) error {
	return entries.ChangedBetween(ctx, p.r, from, to, f)
}

// Each implements sources.Knowledge.
func (p published) Each(ctx context.Context, revision int64, f func(*knowledge.Entry) error) error {
	return entries.EachAt(ctx, p.r, revision, f)
}
