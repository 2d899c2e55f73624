package web

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"cchcbot/bot"
)

// Flash is what an officer reads at the top of the next page: that it was done,
// and how to undo it.
type Flash struct {
	Key     string // text key
	Args    []any  // pairs of name and value; values are texts and numbers
	Warning bool   // something to look at, not a confirmation
	Undo    *Undo  // nil when it cannot be undone
}

// Undo is the form behind an undo button: a POST of the fields to a path of the console.
type Undo struct {
	Key    string            `json:"k"` // text key of the button; "" for "web.button_undo"
	Path   string            `json:"p"`
	Fields map[string]string `json:"f,omitempty"`
}

// kept is a flash in its cookie.
type kept struct {
	Key     string         `json:"k"`
	Args    map[string]any `json:"a,omitempty"`
	Warning bool           `json:"w,omitempty"`
	Undo    *Undo          `json:"u,omitempty"`
}

// maxFlash is the most bytes of a flash cookie; a longer one is left out.
const maxFlash = 3000

// Done answers a form that was carried out: the browser goes to path, where the flash is shown once.
func (c *Console) Done(w http.ResponseWriter, r *http.Request, path string, f Flash) {
	c.Flash(w, r, f)
	c.Redirect(w, r, path)
}

// Flash keeps a message for the next page of this officer.
func (c *Console) Flash(w http.ResponseWriter, r *http.Request, f Flash) {
	args, err := argMap(f.Args)
	if err == nil {
		var b []byte
		if b, err = json.Marshal(kept{Key: f.Key, Args: args, Warning: f.Warning, Undo: f.Undo}); err == nil {
			text := base64.RawURLEncoding.EncodeToString(b)
			value := text + "." + c.sign("flash", flashOwner(r), text)
			if len(value) <= maxFlash {
				http.SetCookie(w, c.cookie(flashCookie, value, 60))
				return
			}
		}
	}
	c.opt.Log.Error("a message for the next page was left out", "key", f.Key, "err", err)
}

// flashOwner binds a flash to the sign-in that caused it, so that nobody else's is shown.
func flashOwner(r *http.Request) string {
	return strconv.FormatInt(SignedFrom(r.Context()).Session, 10)
}

// takeFlash reads the flash of the request and removes it.
func (c *Console) takeFlash(w http.ResponseWriter, r *http.Request) *kept {
	k, err := r.Cookie(c.cookie(flashCookie, "", 0).Name)
	if err != nil {
		return nil
	}
	http.SetCookie(w, c.cookie(flashCookie, "", -1))
	return c.readFlash(k.Value, flashOwner(r))
}

// readFlash believes only what this program signed for this sign-in.
func (c *Console) readFlash(value, owner string) *kept {
	text, mac, ok := strings.Cut(value, ".")
	if !ok || len(value) > maxFlash || !hmac.Equal([]byte(mac), []byte(c.sign("flash", owner, text))) {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	var f kept
	if json.Unmarshal(b, &f) != nil {
		return nil
	}
	if f.Undo != nil {
		if u, err := url.Parse(f.Undo.Path); err != nil || u.Host != "" || !below(u.Path, HomePath) {
			f.Undo = nil
		} else if f.Undo.Key == "" {
			f.Undo.Key = "web.button_undo"
		}
	}
	return &f
}

// Redirect sends the browser to a path of this site with a GET.
func (c *Console) Redirect(w http.ResponseWriter, r *http.Request, path string) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-Boosted") != "true" {
		// A part of a page would otherwise be replaced by a whole one.
		w.Header().Set("HX-Redirect", path)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
}

// Fail answers with a page that says what went wrong and what to do next. An
// *bot.Error is shown with its words, or those of its code; anything else is logged and
// the officer reads that it is our fault.
func (c *Console) Fail(w http.ResponseWriter, r *http.Request, err error) {
	status, p := c.problem(r, err)
	c.Render(w, r, status, c.own["problem"], p)
}

type problem struct{ Title, Text, Back string }

func (c *Console) problem(r *http.Request, err error) (int, problem) {
	title, key, args, status := c.explain(r, err)
	return status, problem{Title: c.T(r, title), Text: c.T(r, key, args...), Back: HomePath}
}

// explain finds the text keys for an error.
func (c *Console) explain(r *http.Request, err error) (title, key string, args []any, status int) {
	e, known := asError(err)
	if !known {
		if r.Context().Err() == nil {
			c.opt.Log.Error("a page of the console failed", "method", method(r), "route", r.Pattern, "err", err)
		}
		return "web.failed_title", "web.failed", nil, http.StatusInternalServerError
	}
	switch e.Code {
	case bot.NotFound:
		status, title, key = http.StatusNotFound, "web.missing_title", "web.missing"
	case bot.Denied:
		status, title, key = http.StatusForbidden, "web.refused_title", "web.refused"
	case bot.Conflict:
		status, title, key = http.StatusConflict, "web.conflict_title", "web.conflict"
	default:
		status, title, key = http.StatusUnprocessableEntity, "web.invalid_title", "web.invalid"
	}
	if e.Key != "" {
		key, args = e.Key, e.Args
	}
	return title, key, args, status
}

// NotFound answers with the page for what is not there, or is not for this officer.
func (c *Console) NotFound(w http.ResponseWriter, r *http.Request) {
	c.Fail(w, r, &bot.Error{Code: bot.NotFound})
}

// FailPublic answers everybody with the view of a feature for what is not there
// (404, *bot.Error NotFound) and for what went wrong with us (500, ours is true). Nobody
// keeps such a page, and no search engine lists it.
func (c *Console) FailPublic(w http.ResponseWriter, r *http.Request, err error, v *View, data func(ours bool) any) {
	h := w.Header()
	for _, name := range []string{"ETag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	status := http.StatusNotFound
	if !bot.IsCode(err, bot.NotFound) {
		if r.Context().Err() == nil {
			c.opt.Log.Error("a public page failed", "route", r.Pattern, "err", err)
		}
		status = http.StatusInternalServerError
	}
	c.RenderPublic(w, r, status, v, data(status == http.StatusInternalServerError))
}

// longWords is how long something typed must be, in letters, to be shown again to
// somebody whose sign-in or right ended while he wrote it.
const longWords = 20

// typed is what somebody wrote into a form that is not taken, so that it can be
// copied: the longest of its texts, "" when there is nothing to keep.
func (c *Console) typed(r *http.Request) string {
	if r.Method != http.MethodPost {
		return ""
	}
	f, err := c.Form(r)
	if err != nil {
		return ""
	}
	words := ""
	for name, values := range f.values {
		if v := f.clean(values[0]); !strings.Contains(name, "password") && strings.Contains(v, " ") && len(v) > len(words) {
			words = v
		}
	}
	if r.MultipartForm != nil {
		_ = r.MultipartForm.RemoveAll() // left-overs in the temporary folder
	}
	if utf8.RuneCountInString(words) < longWords {
		return ""
	}
	return words
}

// signedOut answers a form of somebody whose sign-in has ended with what he wrote.
func (c *Console) signedOut(w http.ResponseWriter, r *http.Request, words string) {
	from := HomePath
	if u, err := url.Parse(r.Referer()); err == nil && u.Host == r.Host {
		from = LocalPath(u.RequestURI())
	}
	c.wordsBack(w, r, http.StatusUnauthorized, awayData{Words: words, Next: SignInPath + "?" + url.Values{"next": {from}}.Encode()})
}

// awayData is what somebody wrote who cannot send it now, and where that is mended.
type awayData struct {
	Words, Next string
	Second      bool // a right that he was given meanwhile asks for a second factor
}

func (c *Console) wordsBack(w http.ResponseWriter, r *http.Request, status int, d awayData) {
	c.Render(w, r, status, c.own["away"], d)
}

// denied says which roles a page is for and who can give them. Who lost the right while
// he wrote reads what he wrote.
func (c *Console) denied(w http.ResponseWriter, r *http.Request, roles []bot.Role) {
	var data struct {
		Roles    []bot.Role
		Granters []string
		Words    string
	}
	data.Roles, data.Words = roles, c.typed(r)
	if c.opt.Granters != nil {
		names, err := c.opt.Granters(r.Context())
		if err != nil {
			c.opt.Log.Error("those who can give rights cannot be listed", "err", err)
		}
		data.Granters = names[:min(len(names), 3)]
	}
	c.Render(w, r, http.StatusForbidden, c.own["denied"], data)
}
