package watch

import (
	"net/http"
	"slices"
	"strings"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
)

// reason is why in words; a key of a channel that has no words is left out.
func (s *service) reason(r *http.Request, key string) string {
	if key == "" {
		return s.kit.T(r, "news.watch_reason_none")
	}
	return s.kit.T(r, key)
}

// on is a reason with the channel that it is about; many name it themselves.
func (s *service) on(r *http.Request, channel, reason string) string {
	name, text := s.channel(r, channel), s.reason(r, reason)
	if strings.HasPrefix(text, name) {
		return text
	}
	return name + ": " + text
}

// advice is the text key of what can be done about a failure.
func advice(reason string) string {
	switch {
	case reason == mayHaveArrived:
		return "news.watch_advice_arrived"
	case reason == erased, strings.HasSuffix(reason, "_blocked"), strings.HasSuffix(reason, "_gone"), strings.HasSuffix(reason, "_no_chat"), strings.HasSuffix(reason, "_kind"):
		return "news.watch_advice_gone"
	case strings.HasSuffix(reason, "_misconfigured"), strings.HasSuffix(reason, "_stopped"), strings.HasSuffix(reason, "_consent"), strings.HasSuffix(reason, "_feature"), strings.HasSuffix(reason, "_fault"),
		strings.HasSuffix(reason, "_unreadable"):
		return "news.watch_advice_operator"
	case strings.HasSuffix(reason, "_rejected"), strings.HasSuffix(reason, "_unfit"), strings.HasSuffix(reason, "_file"), strings.HasSuffix(reason, "_request"), strings.HasSuffix(reason, "_person"):
		return "news.watch_advice_content"
	}
	return "news.watch_advice_again"
}

// whys are the reasons why something waits, the ones that a person can end first.
func (s *service) whys(r *http.Request, f items.Figures) (out []why) {
	it := f.Item
	switch it.State {
	case items.Paused:
		return []why{{Text: s.kit.T(r, "news.watch_why_paused"), Count: f.Waiting, Bad: true}}
	case items.Sending:
	default:
		return s.heldWhys(r, f)
	}
	if f.Waiting > 0 {
		out = s.waitingWhys(r, f)
	}
	return append(out, s.heldWhys(r, f)...)
}

func (s *service) waitingWhys(r *http.Request, f items.Figures) (out []why) {
	if f.Kept {
		return []why{{Text: s.kit.T(r, "news.watch_why_kept"), Count: f.Waiting, Bad: true}}
	}
	if !f.From.IsZero() {
		return []why{{Text: s.kit.T(r, "news.watch_why_quiet", "when", f.From.In(calendar.Zone).Format("15:04 02/01/2006")), Count: f.Waiting}}
	}
	halts := map[string]Halt{}
	for _, h := range s.opt.Halts() {
		halts[h.Channel] = h
	}
	for _, c := range f.Channels {
		if c.Waiting == 0 {
			continue
		}
		name := s.channel(r, c.Channel)
		h, halted := halts[c.Channel]
		switch {
		case c.Kept:
			out = append(out, why{Text: s.kit.T(r, "news.watch_why_kept_channel", "channel", name), Count: c.Waiting, Bad: true})
		case halted && h.Reason != "":
			out = append(out, why{Text: name + ": " + s.kit.T(r, h.Reason), Count: c.Waiting, Bad: true})
		case halted:
			out = append(out, why{Text: s.kit.T(r, "news.watch_why_rest", "channel", name, "when", web.Clock(h.Until)), Count: c.Waiting})
		default:
			out = append(out, why{Text: s.kit.T(r, "news.watch_why_pace", "channel", name), Count: c.Waiting - s.retried(f, c.Channel)})
			out = append(out, s.retryWhys(r, f, c.Channel)...)
		}
	}
	return slices.DeleteFunc(out, func(w why) bool { return w.Count == 0 })
}

// retried is how many on a channel wait for another try.
func (s *service) retried(f items.Figures, channel string) (n int) {
	for _, c := range f.Rows {
		if c.Channel == channel && waits(c.State) && c.Reason != "" {
			n += c.Count
		}
	}
	return n
}

func waits(st bot.OutboxState) bool {
	return st == bot.OutboxQueued || st == bot.OutboxWaiting || st == bot.OutboxSending
}

func (s *service) retryWhys(r *http.Request, f items.Figures, channel string) (out []why) {
	sums := map[string]int{}
	for _, c := range f.Rows {
		if c.Channel == channel && waits(c.State) && c.Reason != "" {
			sums[c.Reason] += c.Count
		}
	}
	for reason, n := range sums {
		out = append(out, why{Text: s.on(r, channel, reason), Count: n})
	}
	slices.SortFunc(out, func(a, b why) int { return strings.Compare(a.Text, b.Text) })
	return out
}

// heldWhys are the reasons why messages wait until people write.
func (s *service) heldWhys(r *http.Request, f items.Figures) (out []why) {
	for _, c := range f.Rows {
		if c.State == bot.OutboxHeld && c.Count > 0 {
			out = append(out, why{Text: s.on(r, c.Channel, c.Reason), Count: c.Count})
		}
	}
	return out
}
