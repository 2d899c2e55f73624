package watch

import (
	"context"
	"net/http"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
)

// postLine is the item as an article on a channel.
type postLine struct {
	Channel, Name string
	State         items.ArticleState
	StateKey      string
	Reason        string
	Waits         bool
	Due           time.Time // of the next step, when it waits for one
	Announced     time.Time
	Doubt         bool   // it may have been announced: a person says
	Failed        bool   // a person may try again
	Action        string // path
}

// posts are the item's articles.
func (s *service) posts(r *http.Request, f items.Figures) ([]postLine, error) {
	list, err := s.opt.Desk.Articles(r.Context(), f.Item.ID, actor(r))
	if err != nil {
		return nil, err
	}
	decides, err := s.opt.Desk.Settles(r.Context(), f.Item, actor(r))
	if err != nil {
		return nil, err
	}
	var out []postLine
	for _, a := range list {
		l := postLine{Channel: a.Channel, Name: s.channel(r, a.Channel), State: a.State, StateKey: "news.article_state_" + string(a.State), Announced: a.Announced,
			Doubt: decides && a.State == items.ArticleUnknown, Failed: decides && a.State == items.ArticleFailed, Action: progressPath(f.Item.ID) + "/article"}
		if a.Reason != "" {
			l.Reason = s.kit.T(r, a.Reason)
		}
		if l.Waits = a.Waits(); l.Waits {
			l.Due = a.Due
		}
		out = append(out, l)
	}
	return out, nil
}

// seenOf says what a page of an item shows beside its numbers: when it is another, the page is loaded anew.
func seenOf(f items.Figures, posts []postLine) string {
	out := itoa(f.Item.Version)
	for _, p := range posts {
		out += "." + string(p.State)
	}
	return out
}

// postArticle takes the word of a person who looked at the account.
func (s *service) postArticle(w http.ResponseWriter, r *http.Request) {
	id := number(r.PathValue("id"))
	f, err := s.kit.Form(r)
	if err == nil {
		_, err = s.opt.Desk.Get(r.Context(), id, actor(r)) // a stranger's draft is not there
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	err = s.opt.Works.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		return s.opt.Desk.SettleArticle(ctx, work, id, actor(r), f.Line("channel"), f.On("arrived"))
	})
	if err != nil {
		s.refused(w, r, err)
		return
	}
	s.kit.Done(w, r, progressPath(id), web.Flash{Key: "news.article_settled"})
}
