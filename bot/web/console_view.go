package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
)

// zone is the time zone of every date an officer reads. Vietnam has had no
// summer time since 1975.
var zone = time.FixedZone("ICT", 7*60*60)

// translate renders a text key; args are pairs of name and value.
type translate func(key string, args ...any) (string, error)

// voice is how a page speaks: a language and a form of address.
type voice struct{ lang, form string }

// voices are the ways in which every template is prepared.
var voices = [...]voice{{"vi", bot.FormPlain}, {"vi", bot.FormComrade}, {"en", bot.FormPlain}}

// voiceOf is the voice for a request: the officer's choice, or ?lang= of a visitor.
func voiceOf(r *http.Request) voice {
	v := voice{lang: r.URL.Query().Get("lang"), form: bot.FormPlain}
	if s := SignedFrom(r.Context()); s.Session != 0 {
		v = voice{s.Lang, s.Form}
	}
	if v.lang != "en" {
		v.lang = "vi"
	}
	if v.lang == "en" || v.form != bot.FormComrade {
		v.form = bot.FormPlain
	}
	return v
}

// Lang is the language in which a request is answered, "vi" or "en".
func (c *Console) Lang(r *http.Request) string { return voiceOf(r).lang }

// T renders a text key for the reader of a request; args are pairs of name and
// value. Every text may use {{.you}}, how the reader is addressed, and {{.you_first}} where a sentence begins.
func (c *Console) T(r *http.Request, key string, args ...any) string {
	text, err := c.text(voiceOf(r), key, args)
	if err != nil {
		c.opt.Log.Error("a text of the console cannot be rendered", "key", key, "err", err)
	}
	return text
}

func (c *Console) text(v voice, key string, args []any) (string, error) {
	m, err := argMap(args)
	if err != nil {
		return key, fmt.Errorf("text %s: %w", key, err)
	}
	return c.textOf(v, key, m)
}

func (c *Console) textOf(v voice, key string, m map[string]any) (string, error) {
	you, err := c.address(v)
	if err != nil {
		return key, err
	}
	all := map[string]any{"you": you.inside, "you_first": you.first}
	for name, value := range m {
		if f, ok := value.(float64); ok && f == float64(int64(f)) {
			value = int64(f) // a count that was kept as JSON
		}
		if w, ok := value.(bot.Words); ok {
			if value, err = c.textOf(v, string(w), nil); err != nil {
				return key, err
			}
		}
		all[name] = value
	}
	return c.opt.Texts.Render(v.lang, key, all)
}

// address is how a reader is addressed, inside a sentence and at its beginning.
type address struct{ inside, first string }

// address renders the form of address of a voice once: every text is given it.
func (c *Console) address(v voice) (address, error) {
	if a, ok := c.forms.Load(v); ok {
		return a.(address), nil
	}
	inside, first := "web.you", "web.you_first"
	if v.form == bot.FormComrade {
		inside, first = "web.comrade", "web.comrade_first"
	}
	var a address
	var err error
	if a.inside, err = c.opt.Texts.Render(v.lang, inside, nil); err != nil {
		return a, err
	}
	if a.first, err = c.opt.Texts.Render(v.lang, first, nil); err != nil {
		return a, err
	}
	c.forms.Store(v, a)
	return a, nil
}

func argMap(args []any) (map[string]any, error) {
	if len(args)%2 != 0 {
		return nil, fmt.Errorf("arguments must be pairs of name and value, got %d", len(args))
	}
	m := make(map[string]any, len(args)/2)
	for i := 0; i < len(args); i += 2 {
		name, ok := args[i].(string)
		if !ok {
			return nil, fmt.Errorf("argument %d is %T, want the name of an argument", i, args[i])
		}
		m[name] = args[i+1]
	}
	return m, nil
}

// View is a page template, prepared in every voice.
type View struct {
	name string
	sets map[voice]*template.Template
}

// View prepares a page from files: the first defines "title" and "main", which
// get the data given to [Console.Render], and may define "head" for lines of the head; more may define partials. Templates have the
// kit's partials (input, area, select, check, pager, empty) and these functions:
//
//	T "key" "name" value …     text of a key
//	day t, clock t, when t     a time in Vietnam: 23/11/2026, 09:12, 09:12 23/11/2026; "–" for none
//	number n                   a count as people read it: 12.345, in English 12,345
//	iso t                      for the datetime attribute of a time element
//	url "/path" "name" value … a path with a query; empty values are left out
//	input form "field" "label.key" options …  see Input, for the partials of fields
//	role r                     the name of a role
//	asset "kit.css"            address of an asset
//	lang                       "vi" or "en"
//	args "name" value …        several values for a partial, as a map
func (c *Console) View(files fs.FS, patterns ...string) (*View, error) {
	view := &View{sets: map[voice]*template.Template{}}
	if len(patterns) > 0 {
		view.name = patterns[0]
	}
	for _, v := range voices {
		t, err := template.New("layout").Option("missingkey=error").Funcs(c.funcs(v)).ParseFS(kitFiles, "kit/page/layout.html", "kit/page/partials.html")
		if err != nil {
			return nil, fmt.Errorf("web: layout: %w", err)
		}
		if t, err = t.ParseFS(files, patterns...); err != nil {
			return nil, fmt.Errorf("web: page %s: %w", view.name, err)
		}
		if t.Lookup("title") == nil || t.Lookup("main") == nil {
			return nil, fmt.Errorf("web: page %s defines no title or no main", view.name)
		}
		view.sets[v] = t
	}
	return view, nil
}

func (c *Console) funcs(v voice) template.FuncMap {
	t := func(key string, args ...any) (string, error) {
		text, err := c.text(v, key, args)
		if err != nil {
			// A page with one wrong label is better than none.
			c.opt.Log.Error("a text of the console cannot be rendered", "key", key, "err", err)
		}
		return text, nil
	}
	return template.FuncMap{
		"T": t, "lang": func() string { return v.lang }, "asset": c.assetURL,
		"day": Day, "clock": Clock, "when": When, "url": URL, "args": argsOf,
		"number": func(n int) string { return Number(v.lang, n) },
		"iso":    func(at time.Time) string { return at.In(zone).Format(time.RFC3339) },
		"input": func(f *Form, name, label string, options ...any) (Input, error) {
			return newInput(t, f, name, label, options...)
		},
		"role": func(r bot.Role) (string, error) { return t(RoleKey(r)) },
		"flashText": func(k *kept) (string, error) {
			text, err := c.textOf(v, k.Key, k.Args)
			if err != nil {
				c.opt.Log.Error("a text of the console cannot be rendered", "key", k.Key, "err", err)
			}
			return text, nil
		},
	}
}

// RoleKey is the text key of a role's name.
func RoleKey(r bot.Role) string {
	if r == bot.AnyRole {
		return "web.role_any"
	}
	return "web.role_" + string(r)
}

func argsOf(pairs ...any) (map[string]any, error) { return argMap(pairs) }

// Day is a date in Vietnam, "–" for the zero time.
func Day(t time.Time) string { return stamp(t, "02/01/2006") }

// Clock is a time of day in Vietnam.
func Clock(t time.Time) string { return stamp(t, "15:04") }

// When is a time of day with its date.
func When(t time.Time) string { return stamp(t, "15:04 02/01/2006") }

func stamp(t time.Time, layout string) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(zone).Format(layout)
}

// Number is a count as people read it in a language: 12.345, in English 12,345.
func Number(lang string, n int) string {
	text, sign, first := strconv.Itoa(n), ".", 0
	if lang == "en" {
		sign = ","
	}
	if n < 0 {
		first = 1
	}
	for i := len(text) - 3; i > first; i -= 3 {
		text = text[:i] + sign + text[i:]
	}
	return text
}

// URL is a path with a query of names and values. Empty values are left out.
func URL(path string, pairs ...any) (string, error) {
	m, err := argMap(pairs)
	if err != nil {
		return "", err
	}
	q := url.Values{}
	for name, value := range m {
		if s := fmt.Sprint(value); s != "" {
			q.Set(name, s)
		}
	}
	if len(q) == 0 {
		return path, nil
	}
	return path + "?" + q.Encode(), nil
}

// Pager leads to the pages before and after; "" where there is none.
type Pager struct{ First, Next string }

// PagerOf is the pager of a list by keys: now is the key that this page begins
// after ("" for the first page), next that of the page after it ("" for none).
func PagerOf(r *http.Request, param, now, next string) Pager {
	at := func(key string) string {
		q := r.URL.Query()
		q.Del(param)
		if key != "" {
			q.Set(param, key)
		}
		if len(q) == 0 {
			return r.URL.Path
		}
		return r.URL.Path + "?" + q.Encode()
	}
	var p Pager
	if now != "" {
		p.First = at("")
	}
	if next != "" {
		p.Next = at(next)
	}
	return p
}

// layoutData is what the layout shows around a page.
type layoutData struct {
	Signed   bot.Signed
	In       bool // somebody is signed in
	Public   bool // a page for everybody: no menu, no sign-in
	Nav      []navLine
	Flash    *kept
	Other    string // the same page in the other language, for visitors
	SignOut  string
	Account  string
	Home     string
	Data     any
	Rendered time.Time
}

type navLine struct {
	Key, Path string
	Here      bool
}

// Render answers with a page of the console in the reader's language. data is
// what the view's "title" and "main" get.
func (c *Console) Render(w http.ResponseWriter, r *http.Request, status int, view *View, data any) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Robots-Tag", "noindex")
	c.render(w, r, status, view, layoutData{Data: data})
}

// RenderPublic answers with a page for everybody in the kit's look: without menu and
// sign-in. Caching is the caller's.
func (c *Console) RenderPublic(w http.ResponseWriter, r *http.Request, status int, view *View, data any) {
	c.render(w, r, status, view, layoutData{Data: data, Public: true})
}

func (c *Console) render(w http.ResponseWriter, r *http.Request, status int, view *View, d layoutData) {
	d.Signed = SignedFrom(r.Context())
	d.In = d.Signed.Session != 0 && !d.Public
	d.SignOut, d.Account, d.Home, d.Rendered = SignOutPath, AccountPath, HomePath, c.opt.Now()
	if !d.Public {
		d.Flash = c.takeFlash(w, r)
	}
	v := voiceOf(r)
	if d.Public {
		v = voice{c.visitorLang(r), bot.FormPlain}
	}
	if d.In && d.Signed.Stage == bot.StageOpen {
		d.Nav = c.nav(r, d.Signed.Officer)
	}
	if !d.In {
		d.Other = otherLang(r, v.lang)
	}
	c.execute(w, status, view, v, "layout", d)
}

// visitorLang is the language of a page for everybody.
func (c *Console) visitorLang(r *http.Request) string {
	if r.URL.Query().Get("lang") == "en" {
		return "en"
	}
	return "vi"
}

// otherLang is the address of this page in the other language.
func otherLang(r *http.Request, lang string) string {
	q := r.URL.Query()
	q.Set("lang", "en")
	if lang == "en" {
		q.Set("lang", "vi")
	}
	return r.URL.Path + "?" + q.Encode()
}

// Fragment answers with one named template of a view: a part of a page that
// htmx asked for. It gets data as "main" does.
func (c *Console) Fragment(w http.ResponseWriter, r *http.Request, view *View, name string, data any) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "HX-Request")
	c.execute(w, http.StatusOK, view, voiceOf(r), name, data)
}

// WantsFragment reports whether htmx asks for a part of the page.
func WantsFragment(r *http.Request) bool {
	return r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-Boosted") != "true" && r.Header.Get("HX-History-Restore-Request") != "true"
}

func (c *Console) execute(w http.ResponseWriter, status int, view *View, v voice, name string, data any) {
	var b bytes.Buffer
	if err := view.sets[v].ExecuteTemplate(&b, name, data); err != nil {
		c.opt.Log.Error("a page cannot be rendered", "page", view.name, "err", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a client that went away needs no answer
}

// nav are the lines of the menu for an officer; the one with the longest path above the page is here.
func (c *Console) nav(r *http.Request, o bot.Officer) []navLine {
	var out []navLine
	best := -1
	for _, n := range c.opt.Nav() {
		if !o.HasAny(n.Roles...) {
			continue
		}
		out = append(out, navLine{Key: n.Key, Path: n.Path})
		here := n.Path == r.URL.Path || n.Path != HomePath && strings.HasPrefix(r.URL.Path, n.Path+"/")
		if here && (best < 0 || len(n.Path) > len(out[best].Path)) {
			best = len(out) - 1
		}
	}
	if best >= 0 {
		out[best].Here = true
	}
	return out
}
