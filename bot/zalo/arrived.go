package zalo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/zalo/codes"
)

// Limits of the look for a message in doubt.
const (
	historyPage  = 10              // messages in one answer
	historyPages = 6               // a chat does not get more within the time of a doubt
	clockSlip    = 5 * time.Second // between Zalo's clock and ours
)

// errNotTold is a doubt that Zalo cannot settle.
var errNotTold = errors.New("zalo: whether the message arrived is not known")

// Arrived implements bot.Verifier: first by the echoes that Zalo delivered, else
// by what the conversation shows. A message of several calls arrived when its
// last call did; what arrived of it otherwise is remembered, and Send goes on
// after that. "No" needs the whole of the conversation since then.
func (o *OA) Arrived(ctx context.Context, m bot.Message, since time.Time) (bot.Receipt, bool, error) {
	since = since.Add(-clockSlip)
	echoes := o.unaccounted(o.echoes.of(m.To.Chat, since))
	l := o.look(m, echoes)
	if l.all() {
		return o.arrived(m, l), true, nil
	}
	if strings.HasPrefix(m.To.Chat, groupPrefix) {
		o.note(m, l)
		return bot.Receipt{}, false, errNotTold // a group's history is not offered in this form
	}
	shown, whole, err := o.talk(ctx, m.To.Chat, since)
	if err != nil {
		return bot.Receipt{}, false, o.askError(ctx, err)
	}
	l = o.look(m, merged(echoes, o.unaccounted(shown)))
	if l.all() {
		return o.arrived(m, l), true, nil
	}
	o.note(m, l)
	if !whole || !o.absent(l) {
		return bot.Receipt{}, false, errNotTold
	}
	return bot.Receipt{}, false, nil
}

// askError parts a question that could not be asked from one that Zalo does not
// answer: the account may lack the right to read conversations.
func (o *OA) askError(ctx context.Context, err error) error {
	var no *codeError
	var c *callError
	switch {
	case errors.As(err, &no):
		switch o.table[no.code].Action {
		case codes.NextMinute, codes.Retry, codes.Refresh, codes.Stop:
		default:
			return fmt.Errorf("%w (%d)", errNotTold, no.code)
		}
	case errors.As(err, &c) && c.reach != overload: // asking twice harms nobody
		return &bot.SendError{Kind: bot.Temporary, Reason: reasonDoubt, Err: err}
	case errors.Is(err, errNotTold):
		return err
	}
	return o.sendError(ctx, err, subject{})
}

// account remembers that a message at Zalo is one of ours, so that it settles no
// other doubt.
func (o *OA) account(id string) {
	if id != "" {
		o.settled.Put(id, true)
	}
}

func (o *OA) unaccounted(list []echo) []echo {
	var out []echo
	for _, e := range list {
		if known, _ := o.settled.Get(e.id); !known {
			out = append(out, e)
		}
	}
	return out
}

// merged joins what the conversation shows to the echoes, each message once. An
// echo says more of its kind.
func merged(echoes, shown []echo) []echo {
	out := append([]echo(nil), echoes...)
	known := map[string]bool{}
	for _, e := range echoes {
		known[e.id] = true
	}
	for _, e := range shown {
		if !known[e.id] {
			out = append(out, e)
		}
	}
	return out
}

// looked is what was found of a message.
type looked struct {
	at    progress
	steps []step
	found []string // ids of its calls that arrived since
	left  []echo   // of the account, and none of this message's
}

func (l looked) all() bool { return l.at.done == len(l.steps) && len(l.found) > 0 }

// absent reports whether the next call surely did not arrive: nothing is left
// that may be it. How a chat shows cards, pictures and buttons is not written
// down, so only a plain text is told from anything else.
func (o *OA) absent(l looked) bool {
	if l.at.done == len(l.steps) {
		return false
	}
	s := l.steps[l.at.done]
	if s.info != "" || s.media != nil {
		return len(l.left) == 0
	}
	empty := digestText(o.opt.Sealer, "")
	return len(s.rows) == 0 || !slices.ContainsFunc(l.left, func(e echo) bool { return e.text == empty })
}

// look finds the calls of a message among what arrived. Whether its choices were
// numbered after all is not known when the process that sent it died.
func (o *OA) look(m bot.Message, list []echo) looked {
	at, _ := o.halfway.Get(m.ID)
	best := o.lookAs(m, at, list)
	if rows, _ := split(m.Buttons); len(rows) > 0 && !at.plain {
		at.plain = true
		if l := o.lookAs(m, at, list); len(l.found) > len(best.found) {
			return l
		}
	}
	return best
}

func (o *OA) lookAs(m bot.Message, at progress, list []echo) looked {
	l := looked{at: at, steps: o.plan(m, at), left: append([]echo(nil), list...)}
	for i := at.done; i < len(l.steps); i++ {
		for j, e := range l.left {
			if !o.shows(l.steps[i], e) {
				continue
			}
			// Calls follow each other: what stands before it arrived, too.
			l.at.done, l.at.id = i+1, e.id
			l.found = append(l.found, e.id)
			l.left = append(l.left[:j], l.left[j+1:]...)
			break
		}
	}
	return l
}

// shows reports whether a message at Zalo is the one that a step sent.
func (o *OA) shows(s step, e echo) bool {
	var texts []string
	kind := "" // of a message without a text of ours
	switch {
	case s.info != "":
		texts, kind = []string{s.info, cardTitle(s), cardSubtitle(s)}, "template"
	case s.media != nil:
		texts, kind = []string{withLine(s.text, s.line)}, "file"
		if s.text != "" {
			texts = append(texts, s.text)
		}
		if s.media.Kind == bot.Photo {
			kind = "image"
		}
	default:
		texts = []string{s.text}
	}
	for _, text := range texts {
		if e.text == digestText(o.opt.Sealer, text) {
			return true
		}
	}
	return kind != "" && e.kind == kind && e.text == digestText(o.opt.Sealer, "")
}

// arrived takes a message's calls for settled.
func (o *OA) arrived(m bot.Message, l looked) bot.Receipt {
	for _, id := range l.found {
		o.account(id)
	}
	o.halfway.Forget(m.ID)
	return bot.Receipt{ID: l.at.id}
}

// note remembers which calls arrived, for the next Send.
func (o *OA) note(m bot.Message, l looked) {
	if len(l.found) == 0 {
		return
	}
	for _, id := range l.found {
		o.account(id)
	}
	o.keepHalfway(m.ID, l.at)
}

// said is a message of a conversation.
type said struct {
	Src  number `json:"src"` // 0 is the account
	Time number `json:"time"`
	Type string `json:"type"`
	Text string `json:"message"`
	ID   ident  `json:"message_id"`
}

func (s said) ours() bool { return s.Src == 0 }

func (s said) at() (time.Time, bool) { return believed(int64(s.Time)) }

// talk reads a conversation until everything since then is known, or the limit is
// reached; whole is false then. In which order Zalo lists messages is not written
// down: it is seen from their times, page by page.
func (o *OA) talk(ctx context.Context, user string, since time.Time) (out []echo, whole bool, err error) {
	whole = true
	seen := map[said]bool{}
	var before time.Time // the oldest of the page before
	for page := range historyPages {
		list, err := o.history(ctx, user, page*historyPage)
		if err != nil {
			return nil, false, err
		}
		var oldest, newest time.Time
		for _, h := range list {
			if seen[h] {
				continue // another message came meanwhile and moved it here
			}
			seen[h] = true
			at, ok := h.at()
			if !ok {
				whole = false
				continue
			}
			if oldest.IsZero() || at.Before(oldest) {
				oldest = at
			}
			if at.After(newest) {
				newest = at
			}
			if h.ours() && !at.Before(since) {
				out = append(out, echo{chat: user, text: digestText(o.opt.Sealer, h.Text), kind: h.Type, id: string(h.ID), at: at})
			}
		}
		if oldest.IsZero() {
			return out, whole, nil // nothing new: that was all
		}
		backwards := page > 0 && oldest.Before(before) && !newest.After(before)
		if backwards && oldest.Before(since) {
			return out, whole, nil // what follows is older
		}
		before = oldest
	}
	return out, false, nil
}

// history reads a page of a conversation.
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
