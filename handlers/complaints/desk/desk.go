// Package desk is the console of complaints: the inbox of each body, the page
// of a case, the front desk, canned answers, the terms and the figures.
//
// It decides nothing. What may be done to a case is asked of package cases
// ([cases.Desk.May]) and done through its one door; the pages show the form that
// belongs to each action, keep what was typed when somebody else was first, and
// say what happened.
package desk

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/media"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
)

//go:embed sql/*.sql
var schemaFiles embed.FS

//go:embed page/*.html page/*.css page/*.js
var pageFiles embed.FS

// Schema is the package's part of the migrations of line "complaints": numbers 0050 to 0059.
func Schema() fs.FS {
	sub, err := fs.Sub(schemaFiles, "sql")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// Reader reads committed data, outside a unit of work. *sql.DB implements it.
type Reader = bot.Reader

// Options is what the pages work with. Media, Officers, Mask, Status and Log may be nil.
type Options struct {
	Desk    *cases.Desk
	Console *web.Console
	Read    Reader
	// Do runs a unit of work: bot.Works.Do.
	Do        func(ctx context.Context, f func(ctx context.Context, w *bot.Work) error) error
	Directory func() *directory.Directory
	Calendar  func() *calendar.Calendar
	Audit     cases.Audit
	Staff     bot.Staff
	// Officers lists the accounts, for those to whom a case can be given; nil: only oneself.
	Officers func(ctx context.Context) ([]bot.Officer, error)
	Media    *media.Keeper // nil: no files
	// Fold makes words comparable: knowledge/vietnamese.Fold.
	Fold func(string) string
	// Accuses reports whether a text is a denunciation, which the law does not let
	// anybody take here; nil takes none for one.
	Accuses func(string) bool
	// Status is where a citizen asks about a case, for the printed slip; nil or "": no QR code.
	Status func(code string) string
	Now    func() time.Time
	Log    *slog.Logger
}

type service struct {
	opt      Options
	kit      *web.Console
	views    map[string]*web.View
	officers roster
}

// Who may see what. The pages narrow by the body and place of each grant.
var (
	handlers = []bot.Role{bot.RoleOfficer, bot.RoleHead, bot.RoleController}
	front    = []bot.Role{bot.RoleController}
	rulers   = []bot.Role{bot.RoleOwner, bot.RoleController}
	watchers = []bot.Role{bot.RoleOfficer, bot.RoleHead, bot.RoleController, bot.RoleOwner}
)

// Paths of the pages.
const (
	listPath    = "/console/complaints"
	frontPath   = listPath + "/desk"
	sealedPath  = listPath + "/sealed"
	termsPath   = listPath + "/terms"
	figuresPath = listPath + "/figures"
	cannedPath  = listPath + "/canned"
	newPath     = listPath + "/new"
	exportPath  = listPath + "/export"
	assignPath  = listPath + "/assign"
	stylePath   = listPath + "/desk.css"
	publishPath = listPath + "/publish/preview" // of handlers/complaints/register
	scriptPath  = listPath + "/desk.js"
)

// New checks the options and builds the console's part of the feature "complaints".
func New(o Options) (bot.Feature, error) {
	if o.Desk == nil || o.Console == nil || o.Read == nil || o.Do == nil || o.Directory == nil || o.Calendar == nil ||
		o.Audit == nil || o.Staff == nil || o.Fold == nil {
		return bot.Feature{}, errors.New("desk: needs Desk, Console, Read, Do, Directory, Calendar, Audit, Staff and Fold")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Accuses == nil {
		o.Accuses = func(string) bool { return false }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &service{opt: o, kit: o.Console, views: map[string]*web.View{}}
	for _, name := range []string{"inbox", "case", "act", "answer", "preview", "front", "canned", "canned_edit", "new", "slip", "sealed", "sealed_case", "terms", "figures", "gone"} {
		v, err := o.Console.View(pageFiles, "page/"+name+".html", "page/parts.html")
		if err != nil {
			return bot.Feature{}, err
		}
		s.views[name] = v
	}
	return bot.Feature{
		Name: "complaints", Schema: Schema(), Pages: s.pages(), Figures: s.dashboard,
		Nav: []bot.Nav{
			{Key: "complaints.desk_nav", Path: listPath, Roles: handlers},
			{Key: "complaints.desk_nav_front", Path: frontPath, Roles: front},
			{Key: "complaints.desk_nav_figures", Path: figuresPath, Roles: watchers},
			{Key: "complaints.desk_nav_canned", Path: cannedPath, Roles: handlers},
			{Key: "complaints.desk_nav_terms", Path: termsPath, Roles: rulers},
		},
	}, nil
}

// Bodies of posted forms: texts, and files where an answer may have them.
const (
	maxForm  = 256 << 10
	maxFiles = 2*media.MaxDocument + 1<<20 // held in memory: what is not sealed yet stands on no disk
)

func (s *service) pages() []bot.Page {
	const one = listPath + "/case/{code}"
	page := func(pattern string, roles []bot.Role, h http.HandlerFunc) bot.Page {
		return bot.Page{Pattern: pattern, Roles: roles, Body: maxForm, Handler: h}
	}
	answer := page("POST "+one+"/answer", handlers, s.postAnswer)
	answer.Body = maxFiles
	return []bot.Page{
		page("GET "+listPath, watchers, s.showInbox),
		page("GET "+stylePath, watchers, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, pageFiles, "page/desk.css") }),
		page("GET "+scriptPath, handlers, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, pageFiles, "page/desk.js") }),
		page("GET "+exportPath, handlers, s.export),
		page("POST "+assignPath, handlers, s.postAssign),
		page("GET "+frontPath, front, s.showFront),
		page("GET "+sealedPath, front, s.showSealed),
		page("GET "+sealedPath+"/{code}", front, s.showSealedCase),
		page("POST "+sealedPath+"/{code}", front, s.postSealedCase),
		page("GET "+termsPath, rulers, s.showTerms),
		page("POST "+termsPath, rulers, s.postTerm),
		page("GET "+figuresPath, watchers, s.showFigures),
		page("GET "+cannedPath, handlers, s.showCanned),
		page("GET "+cannedPath+"/edit", handlers, s.showCannedEdit),
		page("POST "+cannedPath+"/edit", handlers, s.postCanned),
		page("POST "+cannedPath+"/remove", handlers, s.postCannedRemove),
		page("GET "+newPath, handlers, s.showNew),
		page("POST "+newPath, handlers, s.postNew),
		page("GET "+one, handlers, s.showCase),
		page("GET "+one+"/slip", handlers, s.showSlip),
		page("GET "+one+"/slip.png", handlers, s.slipCode),
		page("GET "+one+"/answer", handlers, s.showAnswer),
		answer,
		page("GET "+one+"/do/{action}", handlers, s.showAct),
		page("POST "+one+"/do/{action}", handlers, s.postAct),
	}
}

// render answers with a page of this package.
func (s *service) render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	s.kit.Render(w, r, status, s.views[name], data)
}

// actor is the officer behind a request, as package cases knows actors.
func actor(r *http.Request) cases.Actor {
	return cases.Actor{Kind: cases.Officer, Officer: web.OfficerFrom(r.Context()), Via: "console"}
}

func casePath(code string) string { return listPath + "/case/" + code }

func actPath(code string, a cases.Action) string { return casePath(code) + "/do/" + string(a) }
