package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"cchcbot/bot"
)

//go:embed kit
var kitFiles embed.FS

// Texts is the catalog of the kit's own words, keys "web.…".
func Texts() fs.FS {
	sub, err := fs.Sub(kitFiles, "kit")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// Paths of the console that the kit itself leads to. handlers/console serves them.
const (
	HomePath    = "/console"
	SignInPath  = "/console/sign-in"
	CodePath    = "/console/sign-in/code"
	SignOutPath = "/console/sign-out"
	AccountPath = "/console/account" // and below: open also to those who must set up their second factor
	SetUpPath   = "/console/account/second"
)

// Accounts says who is signed in. bot/store implements it.
type Accounts interface {
	// Signed finds the sign-in of a token and notes that it was used. It fails
	// with an *bot.Error NotFound when there is none, it ended, or the officer is
	// no longer active.
	Signed(ctx context.Context, token string) (bot.Signed, error)
}

// ConsoleOptions configure a Console. Texts, Accounts, Secret and Clean are required.
type ConsoleOptions struct {
	Texts    bot.Texts // asked only when a page is rendered, so it may be filled after NewConsole
	Accounts Accounts
	Secret   []byte              // signs what the kit keeps in a cookie; 32 bytes or more
	Clean    func(string) string // makes what people typed safe to keep and show
	// Nav are the features' lines of the menu, in order; asked for each page.
	Nav func() []bot.Nav
	// Granters names a few people who can give rights, for the page that refuses; may be nil.
	Granters  func(ctx context.Context) ([]string, error)
	PublicURL string // "https://…" makes the cookies secure
	Now       func() time.Time
	Log       *slog.Logger
}

// Console is the kit that every page of the console stands on: who is signed
// in, layout, language, forms, messages after an action. A feature builds its
// [View]s once with [Console.View] and answers with [Console.Render], [Console.Done]
// and [Console.Fail]; the program puts each page behind [Console.Guard].
type Console struct {
	opt    ConsoleOptions
	secure bool
	assets map[string]asset
	own    map[string]*View
	forms  sync.Map // voice to address
}

// NewConsole checks the options and loads the kit's templates and assets.
func NewConsole(o ConsoleOptions) (*Console, error) {
	if o.Texts == nil || o.Accounts == nil || o.Clean == nil || len(o.Secret) < 32 {
		return nil, errors.New("web: the console needs texts, accounts, a cleaner and a secret of 32 bytes")
	}
	if o.Nav == nil {
		o.Nav = func() []bot.Nav { return nil }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Console{opt: o, secure: strings.HasPrefix(o.PublicURL, "https://"), own: map[string]*View{}}
	var err error
	if c.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	for _, name := range []string{"away", "denied", "problem"} {
		if c.own[name], err = c.View(kitFiles, "kit/page/"+name+".html"); err != nil {
			return nil, err
		}
	}
	return c, nil
}

type signedKey struct{}

// SignedFrom returns the sign-in behind a request that [Console.Guard] let
// through; the zero value for anybody else.
func SignedFrom(ctx context.Context) bot.Signed {
	s, _ := ctx.Value(signedKey{}).(bot.Signed)
	return s
}

// OfficerFrom returns the officer behind a request that [Console.Guard] let
// through. The zero value, for anybody else, may do nothing.
func OfficerFrom(ctx context.Context) bot.Officer { return SignedFrom(ctx).Officer }

// Guard puts a page behind the sign-in. Nobody signed in is led to the sign-in
// and back; an officer without any of the page's roles reads a page that says who can
// give the right; one who must set up a second factor is led there first. A page
// without roles is public, and only gets to know who is signed in.
func (c *Console) Guard(page bot.Page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signed, err := c.signed(r)
		if err != nil {
			c.Fail(w, r, err)
			return
		}
		if signed.Session != 0 && signed.Stage != bot.StageCode {
			r = r.WithContext(context.WithValue(r.Context(), signedKey{}, signed))
		}
		switch {
		case len(page.Roles) == 0:
		case signed.Session == 0:
			if words := c.typed(r); words != "" {
				c.signedOut(w, r, words)
			} else {
				c.Redirect(w, r, signInURL(r))
			}
			return
		case signed.Stage == bot.StageCode:
			c.Redirect(w, r, CodePath)
			return
		case signed.Stage != bot.StageOpen && !below(r.URL.Path, AccountPath) && r.URL.Path != SignOutPath:
			if words := c.typed(r); words != "" {
				c.wordsBack(w, r, http.StatusForbidden, awayData{Words: words, Next: SetUpPath, Second: true})
			} else {
				c.Redirect(w, r, SetUpPath)
			}
			return
		case !signed.Officer.HasAny(page.Roles...):
			c.denied(w, r, page.Roles)
			return
		}
		page.Handler.ServeHTTP(w, r)
	})
}

// signed finds who is behind the request's cookie; the zero value is nobody.
func (c *Console) signed(r *http.Request) (bot.Signed, error) {
	token := c.Token(r)
	if token == "" {
		return bot.Signed{}, nil
	}
	s, err := c.opt.Accounts.Signed(r.Context(), token)
	if bot.IsCode(err, bot.NotFound) {
		return bot.Signed{}, nil
	}
	return s, err
}

// below reports whether p is the path base or stands under it.
func below(p, base string) bool { return p == base || strings.HasPrefix(p, base+"/") }

// signInURL leads to the sign-in, and from there back to what was asked for.
func signInURL(r *http.Request) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || r.URL.Path == HomePath {
		return SignInPath
	}
	return SignInPath + "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
}

// LocalPath returns next when it is a path of the console on this site, else
// [HomePath]: what a link asks for after the sign-in is never believed further.
func LocalPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || len(next) > 2000 ||
		strings.ContainsAny(next, "\\\r\n\t\x00") || path.Clean(u.Path) != strings.TrimRight(u.Path, "/") ||
		!below(u.Path, HomePath) || below(u.Path, SignInPath) || u.Path == SignOutPath {
		return HomePath
	}
	return u.RequestURI()
}

// Names of the cookies; __Host- forbids other hosts and plain connections to set them.
const (
	sessionCookie = "cchcbot_console"
	flashCookie   = "cchcbot_flash"
	hostPrefix    = "__Host-"
	tokenLength   = 26 // as bot.NewID makes them
)

func (c *Console) cookie(name, value string, age int) *http.Cookie {
	if c.secure {
		name = hostPrefix + name
	}
	// Lax: a link in a message must lead an officer who is signed in to the record.
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode}
}

// SetToken gives the browser the token of a new sign-in. It ends with the browser.
func (c *Console) SetToken(w http.ResponseWriter, token string) {
	http.SetCookie(w, c.cookie(sessionCookie, token, 0))
}

// ClearToken takes the token back.
func (c *Console) ClearToken(w http.ResponseWriter) {
	http.SetCookie(w, c.cookie(sessionCookie, "", -1))
}

// Token is the request's token, "" when there is none that could be one.
func (c *Console) Token(r *http.Request) string {
	k, err := r.Cookie(c.cookie(sessionCookie, "", 0).Name)
	if err != nil || !tokenShaped(k.Value) {
		return ""
	}
	return k.Value
}

// tokenShaped reports whether s looks like what bot.NewID returns.
func tokenShaped(s string) bool {
	if len(s) != tokenLength {
		return false
	}
	for _, b := range []byte(s) {
		if (b < 'A' || b > 'Z') && (b < '2' || b > '7') {
			return false
		}
	}
	return true
}

// sign is a keyed hash of what the kit keeps in a cookie.
func (c *Console) sign(purpose, session, text string) string {
	m := hmac.New(sha256.New, c.opt.Secret)
	fmt.Fprintf(m, "%s\x1f%s\x1f%s", purpose, session, text)
	return hex.EncodeToString(m.Sum(nil))
}
