package main

import (
	"context"
	"net/url"
	"strings"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/desk"
	days "cchcbot/knowledge/calendar"
	"cchcbot/knowledge/intent"
	"cchcbot/knowledge/vietnamese"
)

// deskPages builds the console of complaints.
func (h *house) deskPages(o houseOptions) (bot.Feature, error) {
	return desk.New(desk.Options{
		Desk: h.desk, Console: h.console, Read: o.Data.db.Read(), Do: h.works.Do, Directory: h.directory, Calendar: h.calendar.Calendar,
		Audit: h.store.Audit, Staff: h.store, Officers: h.store.Officers, Media: h.media, Fold: vietnamese.Fold,
		Accuses: func(text string) bool { return h.classify(text).Name == string(intent.Denunciation) },
		Status: func(code string) string {
			if o.PublicURL == "" {
				return ""
			}
			return strings.TrimSuffix(o.PublicURL, "/") + "/chat?" + url.Values{"text": {code}}.Encode()
		},
		Now: o.Now, Log: o.Log,
	})
}

// affected says of how many open cases a change of the calendar moves a term.
func (h *house) affected(ctx context.Context, _, now *days.Calendar) (int, error) {
	return h.desk.RecountPreview(ctx, now)
}
