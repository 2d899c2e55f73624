package news

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
)

//go:embed page/*.html page/*.css
var pageFiles embed.FS

// Paths of the column.
const (
	listPath  = "/tin"
	feedPath  = listPath + "/feed.atom"
	stylePath = listPath + "/style.css"
	shortPath = "/l"
)

// maxFeed is how many items the feed has.
const maxFeed = 30

// column is the public pages.
type column struct {
	*service
	kit     *web.Console
	release string // of the pages, for caches
}

func (s *service) pages() ([]bot.Page, error) {
	c := &column{service: s, kit: s.opt.Console}
	s.views = map[string]*web.View{}
	h := sha256.New()
	for _, name := range []string{"list", "entry", "missing"} {
		v, err := c.kit.View(pageFiles, "page/"+name+".html", "page/parts.html")
		if err != nil {
			return nil, err
		}
		s.views[name] = v
		b, err := fs.ReadFile(pageFiles, "page/"+name+".html")
		if err != nil {
			return nil, err
		}
		h.Write(b) // never fails
	}
	c.release = hex.EncodeToString(h.Sum(nil)[:4])
	open := func(pattern string, f http.HandlerFunc) bot.Page { return bot.Page{Pattern: pattern, Handler: f} }
	pages := []bot.Page{
		open("GET "+listPath, c.showList),
		open("GET "+listPath+"/{id}", c.showEntry),
		open("GET "+feedPath, c.showFeed),
		open("GET "+stylePath, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "public, max-age=300")
			http.ServeFileFS(w, r, pageFiles, "page/style.css")
		}),
		open("GET "+shortPath+"/{id}", c.follow),
	}
	if s.opt.Media != nil {
		pages = append(pages, open("GET "+listPath+"/{id}/anh", c.file(func(it items.Item) string { return it.Content.Picture })),
			open("GET "+listPath+"/{id}/tep", c.file(func(it items.Item) string { return it.Content.Attachment })))
	}
	return pages, nil
}

// fresh lets browsers keep a page and ask each time whether it still holds. It
// answers 304 and reports true when the reader has this very page.
func (c *column) fresh(w http.ResponseWriter, r *http.Request) (bool, error) {
	n, at, err := c.opt.Desk.Changed(r.Context())
	if err != nil {
		return false, err
	}
	h := w.Header()
	tag := c.release + "-" + strconv.FormatInt(n, 36)
	h.Set("ETag", `W/"`+tag+`"`)
	h.Set("Cache-Control", "public, no-cache")
	if !at.IsZero() {
		h.Set("Last-Modified", at.UTC().Format(http.TimeFormat))
	}
	for have := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if strings.Trim(strings.TrimPrefix(strings.TrimSpace(have), "W/"), `"`) == tag {
			w.WriteHeader(http.StatusNotModified)
			return true, nil
		}
	}
	return false, nil
}

// url is the address of a path for readers that are not on this site.
func (c *column) url(path string) string { return strings.TrimSuffix(c.opt.PublicURL, "/") + path }

func itemPath(id int64) string { return listPath + "/" + strconv.FormatInt(id, 10) }

type listData struct {
	Style, Feed, All string
	Filtered         bool
	Form             *web.Form
	Topics           []web.Option
	Items            []itemView
	Pager            web.Pager
}

type itemView struct {
	Title, Path, Source, Summary string
	Corrected                    string // where the right words are; "" when there are none
	Stopped                      bool   // and these may be wrong
	Published                    time.Time
}

// maxQuery is the longest search, in bytes.
const maxQuery = 300

func (c *column) showList(w http.ResponseWriter, r *http.Request) {
	if done, err := c.fresh(w, r); done || err != nil {
		c.fail(w, r, err)
		return
	}
	v := r.URL.Query()
	get := func(name string) string {
		s := v.Get(name)
		return strings.TrimSpace(strings.ToValidUTF8(s[:min(len(s), maxQuery)], ""))
	}
	q := items.Search{Words: get("q"), Topic: get("topic")}
	if ms, id, ok := strings.Cut(get("after"), "."); ok {
		m, err1 := strconv.ParseInt(ms, 10, 64)
		n, err2 := strconv.ParseInt(id, 10, 64)
		if err1 == nil && err2 == nil {
			q.Before, q.BeforeID = time.UnixMilli(m), n
		}
	}
	list, more, err := c.opt.Desk.Column(r.Context(), q)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	lang := c.kit.Lang(r)
	d := listData{Style: stylePath, Feed: feedPath, All: c.here(r, listPath), Filtered: q.Words != "" || q.Topic != "",
		Form: c.kit.NewForm(url.Values{"q": {q.Words}, "topic": {q.Topic}}), Topics: []web.Option{{Label: c.kit.T(r, "news.page_any_topic")}}}
	for _, t := range c.opt.Desk.Topics() {
		d.Topics = append(d.Topics, web.Option{Value: t, Label: c.opt.Desk.TopicName(lang, t)})
	}
	corrected, err := c.opt.Desk.Corrections(r.Context(), list)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	for _, it := range list {
		v := itemView{Title: it.Content.Title, Path: c.here(r, itemPath(it.ID)), Source: c.opt.Desk.Source(lang, it.Content),
			Summary: it.Content.Summary, Published: it.Published}
		if by, is := corrected[it.ID]; is {
			v.Corrected = c.here(r, itemPath(by.ID))
		}
		v.Stopped = it.State == items.Stopped && v.Corrected == ""
		d.Items = append(d.Items, v)
	}
	next := ""
	if more {
		last := list[len(list)-1]
		next = strconv.FormatInt(last.Published.UnixMilli(), 10) + "." + strconv.FormatInt(last.ID, 10)
	}
	d.Pager = web.PagerOf(r, "after", v.Get("after"), next)
	c.kit.RenderPublic(w, r, http.StatusOK, c.views["list"], d)
}

// here is a path in the reader's language.
func (c *column) here(r *http.Request, path string) string {
	if c.kit.Lang(r) == "en" || r.URL.Query().Get("lang") == "en" {
		return path + "?lang=en"
	}
	return path
}

type entryData struct {
	Style, List, URL           string
	Title, Summary, Body, Link string
	Source, Image, Attachment  string
	Corrected, Corrects        string
	Stopped                    bool
	Trial                      bool // it was sent to staff only, to try it
	Published                  time.Time
	Topics                     []web.Option
}

func (c *column) showEntry(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || strconv.FormatInt(id, 10) != r.PathValue("id") {
		c.fail(w, r, missing())
		return
	}
	it, corrected, trial, err := c.read(w, r, id)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	if trial == "" {
		if done, err := c.fresh(w, r); done || err != nil {
			c.fail(w, r, err)
			return
		}
	}
	lang := c.kit.Lang(r)
	d := entryData{Style: stylePath, List: c.here(r, listPath), URL: c.url(itemPath(id)), Title: it.Content.Title, Summary: it.Content.Summary, Body: it.Content.Body,
		Link: it.Content.Link, Source: c.opt.Desk.Source(lang, it.Content), Published: it.Published, Trial: trial != ""}
	if corrected > 0 {
		d.Corrected = c.here(r, itemPath(corrected))
	}
	d.Stopped = it.State == items.Stopped && corrected == 0
	if it.Corrects > 0 {
		d.Corrects = c.here(r, itemPath(it.Corrects))
	}
	if c.opt.Media != nil && it.Content.Picture != "" {
		d.Image = c.url(itemPath(id) + "/anh" + trial)
	}
	if c.opt.Media != nil && it.Content.Attachment != "" {
		d.Attachment = itemPath(id) + "/tep" + trial
	}
	for _, t := range it.Content.Topics {
		d.Topics = append(d.Topics, web.Option{Value: listPath + "?topic=" + url.QueryEscape(t), Label: c.opt.Desk.TopicName(lang, t)})
	}
	c.kit.RenderPublic(w, r, http.StatusOK, c.views["entry"], d)
}

// read reads a public item, and the number of its correction; or one that is not public yet, for who has the link of a test:
// then trial is the query that goes on with it, and nobody keeps the page or tells where it was.
func (c *column) read(w http.ResponseWriter, r *http.Request, id int64) (it items.Item, corrected int64, trial string, err error) {
	it, corrected, err = c.opt.Desk.Public(r.Context(), id)
	key := r.URL.Query().Get(items.TrialParam)
	if !bot.IsCode(err, bot.NotFound) || key == "" {
		return it, corrected, "", err
	}
	if it, err = c.opt.Desk.Trial(r.Context(), id, key); err != nil {
		return it, 0, "", err
	}
	unseen(w)
	return it, 0, "?" + url.Values{items.TrialParam: {key}}.Encode(), nil
}

// unseen keeps a page out of caches and search, and its address from the page that comes next.
func unseen(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Robots-Tag", "noindex, nofollow")
	w.Header().Set("Referrer-Policy", "no-referrer")
}

// file serves a file of a public item.
func (c *column) file(of func(items.Item) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err != nil {
			c.fail(w, r, missing())
			return
		}
		it, _, trial, err := c.read(w, r, id)
		if err == nil && of(it) == "" {
			err = missing()
		}
		if err != nil {
			c.fail(w, r, err)
			return
		}
		if trial == "" {
			w.Header().Set("Cache-Control", "public, no-cache")
			w.Header().Set("ETag", `"`+of(it)+`"`) // an id never stands for other bytes
		}
		c.opt.Media.Serve(w, r, of(it), false)
	}
}

// follow counts an opening of an item's short link and leads on to it. Nothing is kept of who opened it. The link of a
// test leads to what was sent, and counts nothing.
func (c *column) follow(w http.ResponseWriter, r *http.Request) {
	unseen(w)
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		c.fail(w, r, missing())
		return
	}
	it, corrected, trial, err := c.read(w, r, id)
	if err == nil && r.Method == http.MethodGet && !r.URL.Query().Has(items.TrialParam) {
		err = c.opt.Works.Do(r.Context(), func(ctx context.Context, w *bot.Work) (err error) {
			it, err = c.opt.Desk.Open(ctx, w, id)
			return err
		})
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	// An item with words of its own is read here; one that only points elsewhere leads there, while it holds.
	if it.Content.Body == "" && it.Content.Link != "" && corrected == 0 && it.State != items.Stopped {
		http.Redirect(w, r, it.Content.Link, http.StatusFound)
		return
	}
	http.Redirect(w, r, itemPath(id)+trial, http.StatusFound)
}

func missing() error { return &bot.Error{Code: bot.NotFound, Key: "news.error_not_found"} }

type missingData struct {
	Style, List string
	Ours        bool
}

// fail answers what is not there, and what went wrong with us. Without an error it does nothing.
func (c *column) fail(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil {
		return
	}
	c.kit.FailPublic(w, r, err, c.views["missing"], func(ours bool) any { return missingData{Style: stylePath, List: c.here(r, listPath), Ours: ours} })
}

// showFeed is the column for feed readers.
func (c *column) showFeed(w http.ResponseWriter, r *http.Request) {
	if done, err := c.fresh(w, r); done || err != nil {
		c.fail(w, r, err)
		return
	}
	list, _, err := c.opt.Desk.Column(r.Context(), items.Search{Limit: maxFeed})
	if err != nil {
		c.fail(w, r, err)
		return
	}
	_, at, err := c.opt.Desk.Changed(r.Context())
	if err != nil {
		c.fail(w, r, err)
		return
	}
	f := web.Feed{Lang: "vi", Title: c.kit.T(r, "news.page_title"), Author: c.kit.T(r, "web.name"), Self: c.url(feedPath), Page: c.url(listPath), Updated: at}
	corrected, err := c.opt.Desk.Corrections(r.Context(), list)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	for _, it := range list {
		e := web.FeedEntry{Address: c.url(itemPath(it.ID)), Title: it.Content.Title, Published: it.Published, Updated: it.Published,
			Author: c.opt.Desk.Source("vi", it.Content), Summary: it.Content.Summary}
		for _, t := range it.Content.Topics {
			e.Categories = append(e.Categories, web.FeedCategory{Term: t, Label: c.opt.Desk.TopicName("vi", t)})
		}
		if by, is := corrected[it.ID]; is { // readers who have it already are told, too
			e.Updated, e.Summary = by.At, c.kit.T(r, "news.page_corrected")+" "+c.url(itemPath(by.ID))+"\n"+e.Summary
		}
		if _, is := corrected[it.ID]; !is && it.State == items.Stopped {
			e.Updated, e.Summary = it.Finished, c.kit.T(r, "news.page_stopped")+"\n"+e.Summary
		}
		f.Entries = append(f.Entries, e)
	}
	if err := web.ServeFeed(w, f, calendar.Zone); err != nil {
		c.fail(w, r, err)
	}
}
