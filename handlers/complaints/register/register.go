// Package register is the public register /cong-khai: questions of citizens and
// the answers to them, for everybody to read.
//
// Nothing comes into it by itself. When an answer was sent and the citizen allows
// it, the program proposes a text in which personal matter is hidden ([Mask]); an
// officer mends it and proposes it; a second person confirms the very page that he
// saw, whose bytes are hashed, so that any change in between makes the confirmation
// void. What the citizen, the front desk or the liaison takes back is gone from pages,
// feeds and search in the same transaction.
//
// The texts are sealed at rest and found by keyed digests, though everybody may
// read them: so what is taken back leaves no readable byte in the database.
package register

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/media"
	"cchcbot/bot/web"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/directory"
)

//go:embed sql/*.sql
var schemaFiles embed.FS

//go:embed page/*.html page/*.css
var pageFiles embed.FS

// Schema is the package's part of the migrations of line "complaints": numbers 0060 to 0069.
func Schema() fs.FS {
	sub, err := fs.Sub(schemaFiles, "sql")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// Options is what the register works with. Media, Staff, PublicURL and Log may be left out.
type Options struct {
	Desk    *cases.Desk
	Console *web.Console
	Read    cases.Reader
	Sealer  bot.Sealer
	// Do runs a unit of work: bot.Works.Do.
	Do        func(ctx context.Context, f func(ctx context.Context, w *bot.Work) error) error
	Directory func() *directory.Directory
	Audit     cases.Audit
	Staff     bot.Staff     // names who did what; nil shows numbers
	Media     *media.Keeper // nil: no pictures
	// Fold makes words comparable: knowledge/vietnamese.Fold.
	Fold      func(string) string
	PublicURL string // "https://…", for feeds; "" gives paths
	Now       func() time.Time
	Log       *slog.Logger
}

// Register is the public register. It is safe for concurrent use.
type Register struct {
	opt     Options
	kit     *web.Console
	views   map[string]*web.View
	release string // of the pages, for caches

	mu      sync.Mutex
	figures map[int]*figures // by year, counted lately
}

// New checks the options, prepares the pages and listens to the desk.
func New(o Options) (*Register, error) {
	if o.Desk == nil || o.Console == nil || o.Read == nil || o.Sealer == nil || o.Do == nil || o.Directory == nil || o.Audit == nil || o.Fold == nil {
		return nil, errors.New("register: needs Desk, Console, Read, Sealer, Do, Directory, Audit and Fold")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.PublicURL = strings.TrimSuffix(o.PublicURL, "/")
	g := &Register{opt: o, kit: o.Console, views: map[string]*web.View{}, figures: map[int]*figures{}}
	for _, name := range []string{"list", "entry", "missing", "figures", "work", "edit", "preview"} {
		v, err := o.Console.View(pageFiles, "page/"+name+".html", "page/parts.html")
		if err != nil {
			return nil, err
		}
		g.views[name] = v
	}
	var err error
	if g.release, err = release(); err != nil {
		return nil, err
	}
	o.Desk.Listen(g.heard)
	o.Desk.ListenForget(g.forgotten)
	return g, nil
}

// release is a short hash of the pages' files: a new program makes old copies in caches void.
func release() (string, error) {
	h := sha256.New()
	err := fs.WalkDir(pageFiles, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := pageFiles.ReadFile(path)
		h.Write(b)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:4]), err
}

// Paths of the pages.
const (
	listPath    = "/cong-khai"
	figuresPath = listPath + "/so-lieu"
	feedPath    = listPath + "/feed.atom"
	stylePath   = listPath + "/style.css"
	jsonPath    = "/cong-khai.json"

	workPath    = "/console/complaints/publish"
	editPath    = workPath + "/edit"
	previewPath = workPath + "/preview"
	proposePath = workPath + "/propose"
	confirmPath = workPath + "/confirm"
	declinePath = workPath + "/decline"
	photoPath   = workPath + "/photo"
)

// roles may prepare what is published; who may propose and confirm it is package cases' to say.
var roles = []bot.Role{bot.RoleOfficer, bot.RoleHead, bot.RoleController}

// maxForm is the largest posted form, in bytes.
const maxForm = 256 << 10

// Feature is what the register adds to the feature "complaints".
func (g *Register) Feature() bot.Feature {
	page := func(pattern string, h http.HandlerFunc) bot.Page {
		return bot.Page{Pattern: pattern, Roles: roles, Body: maxForm, Handler: h}
	}
	open := func(pattern string, h http.HandlerFunc) bot.Page { return bot.Page{Pattern: pattern, Handler: h} }
	return bot.Feature{
		Name: "complaints", Schema: Schema(), Figures: g.dashboard, Export: g.export, Forget: g.forget,
		Nav: []bot.Nav{{Key: "complaints.register_nav", Path: workPath, Roles: roles}},
		Pages: []bot.Page{
			open("GET "+listPath, g.showList),
			open("GET "+listPath+"/{code}", g.showEntry),
			open("GET "+listPath+"/{code}/anh/{photo}", g.showPhoto),
			open("GET "+figuresPath, g.showFigures),
			open("GET "+feedPath, g.showFeed),
			open("GET "+jsonPath, g.showJSON),
			open("GET "+stylePath, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", "public, max-age=300")
				http.ServeFileFS(w, r, pageFiles, "page/style.css")
			}),
			page("GET "+workPath, g.showWork),
			page("GET "+editPath, g.showEdit),
			page("POST "+editPath, g.postEdit),
			page("GET "+previewPath, g.showPreview),
			page("POST "+proposePath, g.postPropose),
			page("POST "+confirmPath, g.postConfirm),
			page("POST "+declinePath, g.postDecline),
			page("GET "+photoPath, g.showOwnPhoto),
		},
	}
}

func refusal(code bot.Code, key string, args ...any) *bot.Error {
	return &bot.Error{Code: code, Key: key, Args: args}
}

func notFound() error { return refusal(bot.NotFound, "complaints.error_not_found") }
