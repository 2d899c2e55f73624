package news

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
)

// perScreen is how many items the chat lists at once.
const perScreen = 5

// latest lists items, the newest first.
func (s *service) latest(ctx context.Context, t *bot.Turn) error {
	return s.list(ctx, t, items.Search{Limit: perScreen})
}

// listed goes on with a list: the argument is a topic, an item to go on from, or
// both: "thu-tuc:1764400000000.12".
func (s *service) listed(ctx context.Context, t *bot.Turn) error {
	q := items.Search{Limit: perScreen}
	topic, after, _ := strings.Cut(t.Arg(), ":")
	if slices.Contains(s.opt.Desk.Topics(), topic) {
		q.Topic = topic
	}
	if ms, id, ok := strings.Cut(after, "."); ok {
		m, err1 := strconv.ParseInt(ms, 10, 64)
		n, err2 := strconv.ParseInt(id, 10, 64)
		if err1 == nil && err2 == nil {
			q.Before, q.BeforeID = time.UnixMilli(m), n
		}
	}
	return s.list(ctx, t, q)
}

func (s *service) list(ctx context.Context, t *bot.Turn, q items.Search) error {
	list, more, err := s.opt.Desk.Column(ctx, q)
	if err != nil {
		return err
	}
	sub, err := s.subscription(ctx, t)
	if err != nil {
		return err
	}
	topic := ""
	if q.Topic != "" {
		topic = s.opt.Desk.TopicName(t.Lang(), q.Topic)
	}
	own := bot.Button{Key: "news.button_subscribe", Payload: "news:mine"}
	if sub.On {
		own.Key = "news.button_mine"
	}
	if len(list) == 0 {
		t.Reply(bot.Reply{Key: "news.latest_none", Args: []any{"topic", topic}, Buttons: []bot.Button{{Key: "news.button_topics", Payload: "news:topics"}, own}})
		return nil
	}
	corrected, err := s.opt.Desk.Corrections(ctx, list)
	if err != nil {
		return err
	}
	var lines strings.Builder
	r := bot.Reply{Key: "news.latest"}
	for _, it := range list {
		fmt.Fprintf(&lines, "\n• %s (%s", it.Content.Title, web.Day(it.Published))
		_, is := corrected[it.ID]
		if key := markOf(it, is); key != "" { // its title may be what was wrong
			mark, err := s.opt.Desk.Words(t.Lang(), key)
			if err != nil {
				return err
			}
			lines.WriteString(", " + mark)
		}
		lines.WriteString(")")
		r.Buttons = append(r.Buttons, bot.Button{Title: it.Content.Title, Payload: "news:item:" + strconv.FormatInt(it.ID, 10)})
	}
	if more {
		last := list[len(list)-1]
		r.Buttons = append(r.Buttons, bot.Button{Key: "news.button_more", Payload: fmt.Sprintf("news:list:%s:%d.%d", q.Topic, last.Published.UnixMilli(), last.ID)})
	}
	r.Buttons = append(r.Buttons, bot.Button{Key: "news.button_topics", Payload: "news:topics"}, own)
	r.Args = []any{"topic", topic, "list", lines.String()}
	t.Reply(r)
	return nil
}

// markOf is the text key of what a list says of an item that is not to be relied on; "" for one that is.
func markOf(it items.Item, corrected bool) string {
	switch {
	case corrected:
		return "news.latest_corrected"
	case it.State == items.Stopped:
		return "news.latest_stopped"
	}
	return ""
}

// topics offers the topics to read.
func (s *service) topics(_ context.Context, t *bot.Turn) error {
	all := s.opt.Desk.Topics()
	page, err := strconv.Atoi(t.Arg())
	if err != nil {
		page = 0
	}
	page = max(min(page, (len(all)-1)/fieldsPerPage), 0)
	from := page * fieldsPerPage
	r := bot.Reply{Key: "news.topics"}
	for _, topic := range all[from:min(from+fieldsPerPage, len(all))] {
		r.Buttons = append(r.Buttons, bot.Button{Title: s.opt.Desk.TopicName(t.Lang(), topic), Payload: "news:list:" + topic})
	}
	if from+fieldsPerPage < len(all) {
		r.Buttons = append(r.Buttons, bot.Button{Key: "news.button_more", Payload: "news:topics:" + strconv.Itoa(page+1)})
	}
	t.Reply(r)
	return nil
}

// item shows one item.
func (s *service) item(ctx context.Context, t *bot.Turn) error {
	id, err := strconv.ParseInt(t.Arg(), 10, 64)
	if err != nil {
		id = 0
	}
	it, corrected, err := s.opt.Desk.Public(ctx, id)
	if bot.IsCode(err, bot.NotFound) {
		t.Reply(bot.Reply{Key: "news.gone", Buttons: []bot.Button{{Key: "news.button_latest", Payload: "news:latest"}}})
		return nil
	}
	if err != nil {
		return err
	}
	text := it.Content.Summary
	if it.Content.Body != "" {
		text += "\n\n" + it.Content.Body
	}
	r := bot.Reply{Key: "news.article", Args: []any{"title", it.Content.Title, "text", text, "corrected", corrected > 0, "stopped", it.State == items.Stopped,
		"source", s.opt.Desk.Source(t.Lang(), it.Content), "day", web.Day(it.Published)}}
	if corrected > 0 {
		r.Buttons = append(r.Buttons, bot.Button{Key: "news.button_correction", Payload: "news:item:" + strconv.FormatInt(corrected, 10)})
	}
	if it.Content.Link != "" {
		r.Buttons = append(r.Buttons, bot.Button{Key: "news.button_open", URL: it.Content.Link})
	}
	r.Buttons = append(r.Buttons, bot.Button{Key: "news.button_latest", Payload: "news:latest"})
	t.Reply(r)
	return nil
}
