// Package watch is the console of what goes out: how a sending goes, with pause,
// stop and another try, the figures of news, and the campaigns of the yearly plan.
//
// It decides nothing: what may be done to an item or a campaign, and by whom, is
// asked of package items and done through its one door.
package watch

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
)

//go:embed page/*.html page/*.css
var pageFiles embed.FS

// Halt is a channel that sends nothing now.
type Halt struct {
	Channel string
	Reason  string    // text key; "" when the platform asked to wait
	Until   time.Time // when it is tried again; zero when an operator has to act
}

// Options is what the pages work with. Halts, Staff, Now and Log may be nil.
type Options struct {
	Desk      *items.Desk
	Directory func() *directory.Directory // of today
	Works     *bot.Works
	Console   *web.Console
	Halts     func() []Halt
	Staff     bot.Staff // names who did something
	// Fold makes words comparable: knowledge/vietnamese.Fold.
	Fold func(string) string
	Now  func() time.Time
	Log  *slog.Logger
}

type service struct {
	opt   Options
	kit   *web.Console
	views map[string]*web.View

	mu   sync.Mutex
	seen map[int64]glance // figures of items that are being watched
}

// contributors are those who may look: everybody who may write news.
var contributors = []bot.Role{bot.RoleEditor, bot.RolePress, bot.RoleOfficer, bot.RoleHead, bot.RoleController, bot.RoleOwner}

// Paths of the pages. Those of an item are the desk's, and one below them is of this package.
const (
	newsPath    = "/console/news"
	figuresPath = newsPath + "/figures"
	bookPath    = newsPath + "/figures.xlsx"
	stylePath   = newsPath + "/watch.css"
)

const maxForm = 64 << 10

// New checks the options and builds the pages. The feature is a part of news.
func New(o Options) (bot.Feature, error) {
	if o.Desk == nil || o.Directory == nil || o.Works == nil || o.Console == nil || o.Fold == nil {
		return bot.Feature{}, errors.New("watch: needs Desk, Directory, Works, Console and Fold")
	}
	if o.Halts == nil {
		o.Halts = func() []Halt { return nil }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &service{opt: o, kit: o.Console, views: map[string]*web.View{}, seen: map[int64]glance{}}
	for _, name := range []string{"progress", "stop", "figures", "plan", "campaign", "campaign_edit", "campaign_import"} {
		v, err := o.Console.View(pageFiles, "page/"+name+".html", "page/parts.html")
		if err != nil {
			return bot.Feature{}, err
		}
		s.views[name] = v
	}
	return bot.Feature{Name: "news", Pages: s.pages(), Nav: []bot.Nav{
		{Key: "news.watch_nav_figures", Path: figuresPath, Roles: contributors},
		{Key: "news.plan_nav", Path: planPath, Roles: contributors},
	}, Figures: s.dashboard}, nil
}

func (s *service) pages() []bot.Page {
	page := func(pattern string, h http.HandlerFunc) bot.Page {
		return bot.Page{Pattern: pattern, Roles: contributors, Body: maxForm, Handler: h}
	}
	const progress = newsPath + "/{id}/progress"
	upload := page("POST "+planPath+"/import", s.postImport)
	upload.Body = planFile.File + maxForm
	return []bot.Page{
		page("GET "+stylePath, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, pageFiles, "page/watch.css") }),
		page("GET "+progress, s.showProgress),
		page("POST "+progress, s.postProgress),
		page("POST "+progress+"/article", s.postArticle),
		page("GET "+progress+"/stop", s.showStop),
		page("POST "+progress+"/stop", s.postStop),
		page("GET "+figuresPath, s.showFigures),
		page("GET "+bookPath, s.exportFigures),
		page("GET "+planPath, s.showPlan),
		page("GET "+planPath+"/plan.xlsx", s.exportPlan),
		page("GET "+planPath+"/new", s.showNew),
		page("POST "+planPath+"/new", s.postEdit),
		page("GET "+planPath+"/import", s.showImport),
		upload,
		page("GET "+planPath+"/{id}", s.showCampaign),
		page("GET "+planPath+"/{id}/edit", s.showEdit),
		page("POST "+planPath+"/{id}/edit", s.postEdit),
		page("POST "+planPath+"/{id}/done", s.postDone),
		page("POST "+planPath+"/{id}/drop", s.postDrop),
		page("POST "+planPath+"/{id}/restore", s.postRestore),
	}
}

func (s *service) render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	s.kit.Render(w, r, status, s.views[name], data)
}

// actor is the officer behind a request, as package items knows actors.
func actor(r *http.Request) items.Actor { return items.Actor{Officer: web.OfficerFrom(r.Context())} }

// number reads a number of a path, a query or a form; 0 for what is none.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || len(text) > 18 {
		return 0
	}
	return n
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func itemPath(id int64) string     { return newsPath + "/" + itoa(id) }
func progressPath(id int64) string { return itemPath(id) + "/progress" }

// channel is what a channel is called.
func (s *service) channel(r *http.Request, name string) string {
	switch name {
	case "telegram":
		return s.kit.T(r, "news.channel_telegram")
	case "zalo":
		return s.kit.T(r, "news.channel_zalo")
	case "zalobot":
		return s.kit.T(r, "news.channel_zalobot")
	case "webchat":
		return s.kit.T(r, "news.channel_webchat")
	}
	return name
}

// stateKey is the text key of a state's name, which the desk's pages have as well.
func stateKey(st items.State) string { return "news.desk_state_" + string(st) }

// who is the name of the officer behind an actor, or words for a job.
func (s *service) who(r *http.Request, actor string) string {
	id, ok := strings.CutPrefix(actor, "staff:")
	if !ok {
		return s.kit.T(r, "news.watch_by_system")
	}
	if s.opt.Staff == nil || number(id) == 0 {
		return actor
	}
	o, err := s.opt.Staff.Officer(r.Context(), number(id))
	if err != nil {
		return actor
	}
	return o.Name
}

// dashboard are the numbers of news on the first page; each opens its list.
func (s *service) dashboard(ctx context.Context, _ bot.Period, sc bot.Scope) ([]bot.Figure, error) {
	if sc != (bot.Scope{}) {
		return nil, nil // the plan is that of the whole province
	}
	n, err := s.opt.Desk.OverdueCampaigns(ctx)
	return []bot.Figure{{Key: "news.plan_figure_overdue", Value: float64(n), Link: planPath + "?state=" + stateOverdue}}, err
}

// today is midnight of this day in Vietnam.
func (s *service) today() time.Time {
	y, m, d := s.opt.Now().In(calendar.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, calendar.Zone)
}
