// Package news is the citizen's side of news: choosing topics in the chat, reading
// the latest items, leaving in one tap, joining two channels, and the column /tin.
// What an item is, and who gets it, is package items' business.
package news

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/media"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/intent"
)

//go:embed text/*.toml
var texts embed.FS

// Options is what the feature works with. Desk and Directory are required.
type Options struct {
	Desk      *items.Desk
	Directory func() *directory.Directory // of today
	Works     *bot.Works                  // for jobs and counting openings; nil leaves the jobs out
	Console   *web.Console                // nil: no pages
	Media     *media.Keeper               // nil: no pictures
	PublicURL string                      // "https://…", "" gives paths
	Parts     []bot.Feature               // the desk's pages
	Now       func() time.Time
	Log       *slog.Logger
}

type service struct {
	opt   Options
	place bot.Conversation
	views map[string]*web.View
}

// New checks the options and returns the feature.
func New(o Options) (bot.Feature, error) {
	if o.Desk == nil || o.Directory == nil {
		return bot.Feature{}, errors.New("news: needs Desk and Directory")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &service{opt: o}
	s.place = s.placeForm()
	f := bot.Feature{
		Name: "news", Schema: items.Schema(), Texts: texts,
		Routes:        s.routes(),
		Conversations: []bot.Conversation{s.place},
		Commands: []bot.CommandHelp{
			{Command: "tin", Key: "news.command_latest"}, {Command: "nhantin", Key: "news.command_mine"},
			{Command: "dung", Key: "news.command_stop"}, {Command: "ketnoi", Key: "news.command_link"},
		},
		Export: o.Desk.Export,
		Forget: o.Desk.Forget,
	}
	if o.Works != nil {
		f.Jobs = o.Desk.Jobs(o.Works)
	}
	if o.Console != nil && o.Works != nil {
		var err error
		if f.Pages, err = s.pages(); err != nil {
			return bot.Feature{}, err
		}
	}
	for _, p := range o.Parts {
		f.Routes = append(f.Routes, p.Routes...)
		f.Jobs = append(f.Jobs, p.Jobs...)
		f.Pages = append(f.Pages, p.Pages...)
		f.Nav = append(f.Nav, p.Nav...)
		f.Figures = together(f.Figures, p.Figures)
	}
	return f, nil
}

// figures are the numbers of a feature on the first page of the console.
type figures = func(context.Context, bot.Period, bot.Scope) ([]bot.Figure, error)

// together are the numbers of two sides of news, one behind the other.
func together(first, second figures) figures {
	if first == nil || second == nil {
		if first == nil {
			return second
		}
		return first
	}
	return func(ctx context.Context, p bot.Period, sc bot.Scope) ([]bot.Figure, error) {
		a, err := first(ctx, p, sc)
		if err != nil {
			return nil, err
		}
		b, err := second(ctx, p, sc)
		return append(a, b...), err
	}
}

func (s *service) routes() []bot.Route {
	return []bot.Route{
		{Name: "news.latest", Command: "tin", Button: "news:latest", Words: "news.words_latest", Intents: []string{string(intent.News)}, Leave: true, Handle: s.latest},
		{Button: "news:list", Handle: s.listed},
		{Button: "news:topics", Handle: s.topics},
		{Button: "news:item", Handle: s.item},

		{Name: "news.mine", Command: "nhantin", Button: "news:mine", Words: "news.words_mine", Handle: s.mine},
		{Button: "news:agree", Handle: s.agree},
		{Button: "news:no", Handle: say("news.declined")},
		{Button: "news:topic", Handle: s.toggle},
		{Button: "news:fields", Handle: s.fields},
		{Button: "news:often", Handle: s.often},
		{Button: "news:place", Handle: s.askPlace},
		{Button: "news:at", Handle: s.at},
		{Button: "news:out", Handle: s.out},
		{Name: "news.stop", Command: "dung", Button: "news:stop", Words: "news.words_stop", Handle: s.stop},
		{Button: "news:back", Handle: s.back},

		{Name: "news.link", Command: "ketnoi", Button: "news:link", Words: "news.words_link", Handle: s.link},
		{Button: "news:code", Handle: s.code},
		{Button: "news:unlink", Handle: s.unlink},
	}
}

// say answers with fixed words.
func say(key string) bot.Handler {
	return func(_ context.Context, t *bot.Turn) error {
		t.Reply(bot.Reply{Key: key, Quiet: true})
		return nil
	}
}

// Texts is the catalog of all sides of news, for tests and commands that need no feature.
func Texts() fs.FS { return texts }
