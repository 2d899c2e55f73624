// Package desk is the console of the knowledge base: the list of procedures, the pages of an
// entry and of a change on its way, the editor, comparisons, previews of every
// channel, the revisions and their rollback, and the box that shows how a question is answered.
//
// It decides nothing. What may be done to a draft is asked of package entries ([entries.Desk.May]) and done
// through its one door.
package desk

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

//go:embed page/*.html page/*.css
var pageFiles embed.FS

// Options is what the pages work with. Explain and Log may be nil; the rest is required.
type Options struct {
	Desk    *entries.Desk
	Console *web.Console
	Read    entries.Reader
	// Do runs a unit of work: bot.Works.Do.
	Do     func(ctx context.Context, f func(ctx context.Context, w *bot.Work) error) error
	Search knowledge.Searcher // of what is published
	Staff  bot.Staff
	// Card is what the bot says of one side of an entry.
	Card func(e *knowledge.Entry, f knowledge.Facet) bot.Reply
	// Page answers with the page of an entry, as /tthc/{code} shows it.
	Page func(w http.ResponseWriter, e *knowledge.Entry)
	// Compose renders a message for a channel: bot.Composer.Compose of the program.
	Compose func(bot.Outgoing) ([]bot.Queued, error)
	// Channels are the channels a preview is shown for, in order.
	Channels func() []string
	// Explain asks a question and tells how the answer was found; with, when not nil, stands in place of the
	// published entry of its code. nil: there is no such page.
	Explain func(ctx context.Context, question string, with *knowledge.Entry) (Explanation, error)
	// StaleAfter is how old the facts of an entry may grow before somebody should look again; 0 means a year.
	StaleAfter time.Duration
	Fold       func(string) string // makes words comparable: knowledge/vietnamese.Fold
	Clean      func(string) string // as the console cleans what was typed: knowledge/vietnamese.Clean
	Now        func() time.Time
	Log        *slog.Logger
}

type service struct {
	opt    Options
	kit    *web.Console
	views  map[string]*web.View
	roster roster
}

// Who may see what. The pages narrow by the field of an entry.
var (
	writers  = []bot.Role{bot.RoleOfficer, bot.RoleHead, bot.RoleController}
	watchers = []bot.Role{bot.RoleOfficer, bot.RoleHead, bot.RoleController, bot.RoleOwner}
	rulers   = []bot.Role{bot.RoleController}
)

// Paths of the pages.
const (
	listPath      = "/console/procedures"
	draftsPath    = listPath + "/drafts"
	newPath       = listPath + "/new"
	askPath       = listPath + "/ask"
	revisionsPath = listPath + "/revisions"
	stylePath     = listPath + "/desk.css"
	entryPath     = listPath + "/entry/"
	draftPath     = listPath + "/draft/"
)

// maxForm is the largest form in bytes: an entry has at most 512 KiB of text, which a
// browser may send three times as long.
const maxForm = 2 << 20

// New checks the options and builds the console's part of the feature "procedures".
func New(o Options) (bot.Feature, error) {
	if o.Desk == nil || o.Console == nil || o.Read == nil || o.Do == nil || o.Search == nil || o.Staff == nil || o.Card == nil ||
		o.Page == nil || o.Compose == nil || o.Channels == nil || o.Fold == nil || o.Clean == nil || o.Now == nil {
		return bot.Feature{}, errors.New("desk: everything but Explain and Log is required")
	}
	if o.StaleAfter <= 0 {
		o.StaleAfter = 365 * 24 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &service{opt: o, kit: o.Console, views: map[string]*web.View{}}
	for _, name := range []string{"list", "drafts", "new", "entry", "end", "draft", "edit", "compare", "preview", "ask", "revisions"} {
		v, err := o.Console.View(pageFiles, "page/"+name+".html", "page/parts.html")
		if err != nil {
			return bot.Feature{}, err
		}
		s.views[name] = v
	}
	f := bot.Feature{
		Name: "procedures", Pages: s.pages(), Figures: s.figures,
		Nav: []bot.Nav{{Key: "procedures.desk_nav", Path: listPath, Roles: watchers}},
	}
	if o.Explain != nil {
		f.Pages = append(f.Pages, bot.Page{Pattern: "GET " + askPath, Roles: watchers, Handler: http.HandlerFunc(s.showAsk)})
		f.Nav = append(f.Nav, bot.Nav{Key: "procedures.desk_nav_ask", Path: askPath, Roles: watchers})
	}
	return f, nil
}

func (s *service) pages() []bot.Page {
	page := func(pattern string, roles []bot.Role, h http.HandlerFunc) bot.Page {
		return bot.Page{Pattern: pattern, Roles: roles, Body: maxForm, Handler: h}
	}
	const entry, draft = entryPath + "{code}", draftPath + "{id}"
	return []bot.Page{
		page("GET "+listPath, watchers, s.showList),
		page("GET "+stylePath, watchers, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, pageFiles, "page/desk.css") }),
		page("GET "+draftsPath, watchers, s.showDrafts),
		page("GET "+newPath, writers, s.showNew),
		page("POST "+newPath, writers, s.postNew),
		page("GET "+entry, watchers, s.showEntry),
		page("POST "+entry+"/draft", writers, s.postDraft),
		page("GET "+entry+"/end", writers, s.showEnd),
		page("POST "+entry+"/end", writers, s.postEnd),
		page("GET "+entry+"/compare", watchers, s.showCompare),
		page("GET "+entry+"/preview", watchers, s.showPreview),
		page("GET "+entry+"/page", watchers, s.showPage),
		page("GET "+draft, watchers, s.showDraft),
		page("GET "+draft+"/edit", writers, s.showEdit),
		page("POST "+draft+"/edit", writers, s.postEdit),
		page("POST "+draft+"/do/{action}", writers, s.postDo),
		page("GET "+draft+"/preview", watchers, s.showDraftPreview),
		page("GET "+draft+"/page", watchers, s.showDraftPage),
		page("GET "+revisionsPath, watchers, s.showRevisions),
		page("POST "+revisionsPath, rulers, s.postRollback),
	}
}

// render answers with a page of this package.
func (s *service) render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	s.kit.Render(w, r, status, s.views[name], data)
}

// actor is the officer behind a request, as package entries knows actors.
func actor(r *http.Request) entries.Actor {
	return entries.Actor{Officer: web.OfficerFrom(r.Context())}
}

// figures are the drafts under way, for the start page.
func (s *service) figures(ctx context.Context, _ bot.Period, _ bot.Scope) ([]bot.Figure, error) {
	n, err := s.opt.Desk.Counts(ctx)
	if err != nil {
		return nil, err
	}
	return []bot.Figure{
		{Key: "procedures.figure_drafts", Value: float64(n[entries.Writing]), Link: draftsPath + "?state=draft"},
		{Key: "procedures.figure_scheduled", Value: float64(n[entries.Scheduled]), Link: draftsPath + "?state=scheduled"},
	}, nil
}
