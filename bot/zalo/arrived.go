package zalo

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"cchcbot/bot"
)

// Limits of the look for a message in doubt.
const (
	historyPage  = 10              // messages in one answer
	historyPages = 3               // a chat does not get more within the time of a doubt
	clockSlip    = 5 * time.Second // between Zalo's clock and ours
)

// errNotTold is a doubt that Zalo cannot settle.
var errNotTold = errors.New("zalo: whether the message arrived is not known")

// Arrived implements bot.Verifier: first by the echo that Zalo delivered of the
// message, else by what the conversation shows. A message of several calls is
// looked for by its text, which stands in the last but a request for the contact.
func (o *OA) Arrived(ctx context.Context, m bot.Message, since time.Time) (bot.Receipt, bool, error) {
	since = since.Add(-clockSlip)
	text := o.shownText(m)
	if text == "" {
		return bot.Receipt{}, false, errNotTold
	}
	if id, ok := o.echoes.find(m.To.Chat, digestText(o.opt.Sealer, text), since); ok {
		return bot.Receipt{ID: id}, true, nil
	}
	if strings.HasPrefix(m.To.Chat, groupPrefix) {
		return bot.Receipt{}, false, errNotTold // a group's history is not offered in this form
	}
	for page := range historyPages {
		list, err := o.history(ctx, m.To.Chat, page*historyPage)
		if err != nil {
			return bot.Receipt{}, false, err
		}
		for _, h := range list {
			if !h.at().Before(since) && h.ours() && sameText(h.Text, text) {
				return bot.Receipt{ID: string(h.ID)}, true, nil
			}
			if h.at().Before(since) {
				return bot.Receipt{}, false, nil // newest first: nothing later comes
			}
		}
		if len(list) < historyPage {
			break
		}
	}
	return bot.Receipt{}, false, nil
}

// shownText is the text that the chat shows of a message.
func (o *OA) shownText(m bot.Message) string {
	for _, s := range o.plan(m, strings.HasPrefix(m.To.Chat, groupPrefix)) {
		if s.info == "" && s.text != "" {
			return s.text
		}
	}
	return ""
}

// sameText compares as the platform may have changed it: white space.
func sameText(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

// said is a message of a conversation.
type said struct {
	Src  number `json:"src"` // 0 is the account
	Time number `json:"time"`
	Text string `json:"message"`
	ID   ident  `json:"message_id"`
}

func (s said) ours() bool    { return s.Src == 0 }
func (s said) at() time.Time { return time.UnixMilli(int64(s.Time)) }

// history reads a page of a conversation, newest first.
func (o *OA) history(ctx context.Context, user string, offset int) ([]said, error) {
	c, err := get("/v2.0/oa/conversation", object{"user_id": user, "offset": offset, "count": historyPage})
	if err != nil {
		return nil, err
	}
	r, err := o.call(ctx, c)
	if err != nil {
		return nil, err
	}
	var list []said
	if json.Unmarshal(r.Data, &list) == nil {
		return list, nil
	}
	var inner struct {
		Data []said `json:"data"`
	}
	if err := json.Unmarshal(r.Data, &inner); err != nil {
		return nil, errNotTold
	}
	return inner.Data, nil
}
