// Package desk is the console of news: the list of items, writing and what is
// said about the words, the page of an item with what can be done to it, previews,
// tests, who would get it, the text for loudspeakers, deputies and settings.
//
// It decides nothing. What may be done is asked of package items ([items.Desk.May])
// and done through its one door; the pages show the form that belongs to each
// action, keep what was typed when somebody else was first, and say what happened.
package desk

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/media"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
	"cchcbot/handlers/news/plain"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
)

//go:embed page/*.html page/*.css
var pageFiles embed.FS

// Options is what the pages work with. Media, Now and Log may be left out.
type Options struct {
	Desk    *items.Desk
	Console *web.Console
	// Do runs a unit of work: bot.Works.Do.
	Do        func(ctx context.Context, f func(ctx context.Context, w *bot.Work) error) error
	Directory func() *directory.Directory
	Calendar  func() *calendar.Calendar
	Staff     bot.Staff
	// Officers lists the accounts: deputies and those who get a test are chosen among them.
	Officers func(ctx context.Context) ([]bot.Officer, error)
	Media    *media.Keeper // nil: no files
	Now      func() time.Time
	Log      *slog.Logger
}

type service struct {
	opt    Options
	kit    *web.Console
	views  map[string]*web.View
	words  *plain.Language
	counts counter
}

// writers may write drafts; what else each may do is package items' to say.
var writers = []bot.Role{bot.RoleEditor, bot.RolePress, bot.RoleOfficer, bot.RoleHead, bot.RoleController, bot.RoleOwner}

// Paths of the pages.
const (
	listPath     = "/console/news"
	newPath      = listPath + "/new"
	checkPath    = listPath + "/plain"
	settingsPath = listPath + "/settings"
	deputyPath   = settingsPath + "/deputy"
	endPath      = settingsPath + "/end"
	stylePath    = listPath + "/desk.css"
)

// Bodies of posted forms: texts, and files where an item may have them.
const (
	maxForm  = 256 << 10
	maxFiles = media.MaxPhoto + media.MaxDocument + 1<<20
)

// New checks the options and builds the desk's part of the feature "news".
func New(o Options) (bot.Feature, error) {
	if o.Desk == nil || o.Console == nil || o.Do == nil || o.Directory == nil || o.Calendar == nil || o.Staff == nil || o.Officers == nil {
		return bot.Feature{}, errors.New("desk: needs Desk, Console, Do, Directory, Calendar, Staff and Officers")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &service{opt: o, kit: o.Console, views: map[string]*web.View{}}
	var err error
	if s.words, err = plain.Load(); err != nil {
		return bot.Feature{}, err
	}
	for _, name := range []string{"list", "edit", "item", "act", "preview", "revisions", "audience", "test", "speak", "settings"} {
		if s.views[name], err = o.Console.View(pageFiles, "page/"+name+".html", "page/parts.html"); err != nil {
			return bot.Feature{}, err
		}
	}
	return bot.Feature{Name: "news", Pages: s.pages(), Nav: []bot.Nav{{Key: "news.desk_nav", Path: listPath, Roles: writers}}}, nil
}

func (s *service) pages() []bot.Page {
	const one = listPath + "/{id}"
	page := func(pattern string, h http.HandlerFunc) bot.Page {
		return bot.Page{Pattern: pattern, Roles: writers, Body: maxForm, Handler: h}
	}
	upload := func(pattern string, h http.HandlerFunc) bot.Page {
		return bot.Page{Pattern: pattern, Roles: writers, Body: maxFiles, Handler: h}
	}
	return []bot.Page{
		page("GET "+listPath, s.showList),
		page("GET "+stylePath, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, pageFiles, "page/desk.css") }),
		page("GET "+newPath, s.showNew),
		upload("POST "+newPath, s.postNew),
		page("POST "+checkPath, s.postPlain),
		page("GET "+settingsPath, s.showSettings),
		page("POST "+settingsPath, s.postSetting),
		page("POST "+deputyPath, s.postDeputy),
		page("POST "+endPath, s.postEnd),
		page("GET "+one, s.showItem),
		page("GET "+one+"/edit", s.showEdit),
		upload("POST "+one+"/edit", s.postEdit),
		page("GET "+one+"/correct", s.showCorrect),
		upload("POST "+one+"/correct", s.postCorrect),
		page("GET "+one+"/do/{action}", s.showAct),
		page("POST "+one+"/do/{action}", s.postAct),
		page("GET "+one+"/preview", s.showPreview),
		page("GET "+one+"/revisions", s.showRevisions),
		page("GET "+one+"/audience", s.showAudience),
		page("GET "+one+"/test", s.showTest),
		page("POST "+one+"/test", s.postTest),
		page("GET "+one+"/speak", s.showSpeak),
		page("GET "+one+"/speak.txt", s.speakText),
	}
}

// render answers with a page of this package.
func (s *service) render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	s.kit.Render(w, r, status, s.views[name], data)
}

// actor is the officer behind a request, as package items knows actors.
func actor(r *http.Request) items.Actor { return items.Actor{Officer: web.OfficerFrom(r.Context())} }

// find is the item of a request's path, for the officer who asks. When there is
// none for him it answers and reports false.
func (s *service) find(w http.ResponseWriter, r *http.Request) (items.Item, bool) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != r.PathValue("id") {
		s.kit.NotFound(w, r)
		return items.Item{}, false
	}
	it, err := s.opt.Desk.Get(r.Context(), id, actor(r))
	switch {
	case bot.IsCode(err, bot.NotFound):
		s.kit.NotFound(w, r) // one page for what is not there and what is not his
		return it, false
	case err != nil:
		s.kit.Fail(w, r, err)
		return it, false
	}
	return it, true
}

func itemPath(id int64) string { return listPath + "/" + strconv.FormatInt(id, 10) }

func actPath(id int64, a items.Action) string { return itemPath(id) + "/do/" + string(a) }

// progressPath is a page of handlers/news/watch.
func progressPath(id int64) string { return itemPath(id) + "/progress" }
