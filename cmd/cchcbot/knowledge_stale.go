package main

import (
	"strings"
	"time"

	"cchcbot/bot/email"
	"cchcbot/bot/fetch"
	"cchcbot/handlers/procedures/stale"
)

// maxLinkHops is how many redirects of a source are followed.
const maxLinkHops = 5

// openStale builds the part that finds what in the knowledge base to look at again.
func (h *house) openStale(o houseOptions) error {
	opt := stale.Options{
		Read: o.Knowledge.db.Read(), Desk: h.entries, Do: h.works.Do, Age: time.Duration(o.Config.StaleDays) * 24 * time.Hour, Staff: h.store,
		Mail: func() bool { return h.has(email.Name) }, Fallback: o.Config.alertAddress(), PublicURL: strings.TrimSuffix(o.PublicURL, "/"),
		Render:  func(key string, args map[string]any) (string, error) { return h.words.Render("vi", key, args) },
		Console: h.console, Now: o.Now, Log: o.Log,
	}
	if o.Config.CheckLinks {
		rules := fetch.Options{Hops: maxLinkHops}
		opt.Open, opt.Check = fetch.New(rules).Do, rules.Check
	}
	var err error
	if h.stale, err = stale.New(opt); err != nil {
		return err
	}
	part, err := stale.Part(h.stale)
	h.knowledgeParts = append(h.knowledgeParts, part)
	return err
}
