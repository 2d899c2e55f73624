// Package sources brings drafts of news: from feeds (RSS, Atom) that an administrator
// named, and from what changed in the knowledge base. A draft is all that comes
// of them: a person edits it, and a second one approves it.
package sources

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/fetch"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
)

//go:embed sql/*.sql
var schemaFiles embed.FS

//go:embed page/*.html
var pageFiles embed.FS

// Line is the name of the package's tables and migrations.
const Line = "news_sources"

// Schema is the package's line of migrations.
func Schema() fs.FS {
	sub, err := fs.Sub(schemaFiles, "sql")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// Options is what the package works with. Desk, Do, Read, Audit, Alert, Render, Clean and Fold are required.
type Options struct {
	Desk  *items.Desk
	Read  items.Reader
	Audit items.Audit
	// Do runs a unit of work: bot.Works.Do.
	Do func(ctx context.Context, f func(ctx context.Context, w *bot.Work) error) error
	// Alert tells whoever runs the program, in English, what needs a person.
	Alert func(ctx context.Context, text string)
	// Render renders words in a language: drafts are written in Vietnamese.
	Render func(lang, key string, args map[string]any) (string, error)
	Clean  func(string) string // makes what strangers wrote NFC, printable and trimmed
	Fold   func(string) string // makes words comparable
	// Fetch says which addresses are opened; nil: those of public hosts.
	Fetch *fetch.Options
	// Knowledge is what was published in the knowledge base; nil: it proposes nothing.
	Knowledge Knowledge
	PublicURL string       // "https://…"; "" leaves links to procedures out
	Console   *web.Console // nil: no pages
	Staff     bot.Staff    // names who changed what; nil shows numbers
	Now       func() time.Time
	Log       *slog.Logger
}

type service struct {
	opt    Options
	fetch  fetch.Options
	client *http.Client
	kit    *web.Console
	views  map[string]*web.View
	trying sync.Mutex // one test at a time
}

// New checks the options and returns the part of the feature "news".
func New(o Options) (bot.Feature, error) {
	s, err := newService(o)
	if err != nil {
		return bot.Feature{}, err
	}
	f := bot.Feature{
		Name: "news",
		Jobs: []bot.Job{
			{Name: "news.sources", Every: lookEvery, Run: s.poll},
			{Name: "news.sources_forget", Every: forgetEvery, Run: s.forgetOld},
		},
	}
	if o.Knowledge != nil {
		f.Jobs = append(f.Jobs, bot.Job{Name: "news.knowledge", Every: lookEvery, Run: s.propose})
	}
	if o.Console != nil {
		if f.Pages, err = s.pages(); err != nil {
			return bot.Feature{}, err
		}
		f.Nav = []bot.Nav{{Key: "news.sources_nav", Path: listPath, Roles: roles}}
	}
	return f, nil
}

func newService(o Options) (*service, error) {
	if o.Desk == nil || o.Read == nil || o.Audit == nil || o.Do == nil || o.Alert == nil || o.Render == nil || o.Clean == nil || o.Fold == nil {
		return nil, errors.New("sources: needs Desk, Read, Audit, Do, Alert, Render, Clean and Fold")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.PublicURL = strings.TrimSuffix(o.PublicURL, "/")
	s := &service{opt: o, kit: o.Console, fetch: fetch.Options{Plain: true, Hops: maxHops}}
	if o.Fetch != nil {
		s.fetch = *o.Fetch
	}
	s.client = fetch.New(s.fetch)
	return s, nil
}

// roles look after the sources.
var roles = []bot.Role{bot.RoleOwner, bot.RoleOperator}

func refusal(code bot.Code, key string, args ...any) error {
	return &bot.Error{Code: code, Key: key, Args: args}
}
