package items

import (
	"context"

	"cchcbot/bot"
)

// langs are the languages that news is sent in: the words around an item, for the
// item itself is written once.
func langs() []string { return []string{"vi", "en"} }

// bodies renders an item for every channel and language. It fails with
// *bot.Error Invalid when it does not fit one message of a channel.
func (d *Desk) bodies(ctx context.Context, q Reader, it Item) ([]bot.Body, error) {
	publishers, err := d.publishers(it)
	if err != nil {
		return nil, err
	}
	if len(publishers) == len(d.opt.Channels()) {
		return nil, nil // everywhere by article
	}
	return d.messages(ctx, q, it, publishers)
}

// messages renders an item as messages, for every channel but some.
func (d *Desk) messages(ctx context.Context, q Reader, it Item, but map[string]bot.Publisher) ([]bot.Body, error) {
	var media []bot.Media
	if it.Content.Picture != "" && d.opt.Picture != nil {
		m, err := d.opt.Picture(ctx, q, it.Content.Picture)
		if err != nil {
			return nil, err
		}
		media = []bot.Media{m}
	}
	return d.render(0, but, func(lang string, l bot.Limits) bot.Reply {
		r := d.message(it, lang, l)
		r.Media = media
		return r
	})
}

// render renders a message for every language and every channel but some.
func (d *Desk) render(variant int, but map[string]bot.Publisher, message func(lang string, l bot.Limits) bot.Reply) ([]bot.Body, error) {
	var out []bot.Body
	for channel, limits := range d.opt.Channels() {
		if but[channel] != nil {
			continue
		}
		for _, lang := range langs() {
			parts, err := d.opt.Compose(bot.Outgoing{To: bot.Address{Channel: channel, Chat: "news"}, Lang: lang, Lane: bot.LaneBroadcast, Reply: message(lang, limits)})
			if err != nil {
				return nil, err
			}
			if len(parts) != 1 {
				return nil, invalid("news.invalid_long", "channel", channel)
			}
			out = append(out, bot.Body{Variant: variant, Channel: channel, Lang: lang, Message: parts[0].Message})
		}
	}
	if len(out) == 0 {
		return nil, invalid("news.invalid_no_channel")
	}
	return out, nil
}

// Preview is an item as a channel would carry it.
type Preview struct {
	Channel string
	Lang    string
	Message bot.Message
}

// Preview renders an item for the desk, for every channel and language.
func (d *Desk) Preview(ctx context.Context, it Item) ([]Preview, error) {
	bodies, err := d.bodies(ctx, d.opt.Read, it)
	if err != nil {
		return nil, err
	}
	out := make([]Preview, len(bodies))
	for i, b := range bodies {
		out[i] = Preview{b.Channel, b.Lang, b.Message}
	}
	return out, nil
}

// Short is the address that counts openings of an item; "" when the program has none of its own.
func (d *Desk) Short(id int64) string {
	if d.opt.PublicURL == "" {
		return ""
	}
	return d.opt.PublicURL + "/l/" + itoa(id)
}

// message is an item as one message. Where a channel shows no buttons, what would
// be pressed is said instead: a number under a message that nobody asked for means nothing.
func (d *Desk) message(it Item, lang string, l bot.Limits) bot.Reply {
	key := "news.item"
	if it.Corrects != 0 {
		key = "news.item_corrected"
	}
	r := bot.Reply{Key: key, Args: []any{"title", it.Content.Title, "summary", it.Content.Summary, "source", d.Source(lang, it.Content), "plain", l.Buttons == 0}}
	if url := d.Short(it.ID); url != "" {
		if it.trial != "" {
			url += "?" + TrialParam + "=" + it.trial
		}
		r.Buttons = append(r.Buttons, bot.Button{Key: "news.button_read", URL: url})
	}
	if l.Buttons == 0 {
		return r
	}
	most := max(min(l.Buttons, 5)-1-len(r.Buttons), 0)
	for _, t := range it.Content.Topics[:min(len(it.Content.Topics), most)] {
		r.Buttons = append(r.Buttons, bot.Button{Key: "news.button_out", Args: []any{"topic", d.TopicName(lang, t)}, Payload: "news:out:" + t + ":" + itoa(it.ID)})
	}
	if l.Buttons >= 2 {
		r.Buttons = append(r.Buttons, bot.Button{Key: "news.button_mine", Payload: "news:mine"})
	}
	return r
}

// Source is where an item comes from, in words.
func (d *Desk) Source(lang string, c Content) string {
	if c.SourceName != "" {
		return c.SourceName
	}
	key := map[string]string{SourceStation: "news.source_station", SourceNewspaper: "news.source_newspaper",
		SourcePortal: "news.source_portal", SourceDepartment: "news.source_department"}[c.SourceKind]
	s, err := d.opt.Render(lang, key, nil)
	if err != nil {
		d.opt.Log.Error("a source has no name", "kind", c.SourceKind, "err", err)
	}
	return s
}
