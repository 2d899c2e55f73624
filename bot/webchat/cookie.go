package webchat

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	cookieName    = "cchcbot_chat"
	cookieLife    = 180 * 24 * time.Hour
	cookieRefresh = 30 * 24 * time.Hour // a cookie older than this is renewed by the next answer
	idLength      = 26                  // of crypto/rand.Text
)

// cookies tells citizens apart by a signed random id. Who changes a cookie is
// a new citizen, and nothing worse.
type cookies struct {
	key    []byte
	secure bool
	now    func() time.Time
}

func newCookies(secret []byte, secure bool, now func() time.Time) (*cookies, error) {
	if len(secret) < 32 {
		return nil, errors.New("webchat: the secret must have at least 32 bytes")
	}
	// A key of its own, so that what signs cookies signs nothing else.
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("webchat cookie 1"))
	return &cookies{key: mac.Sum(nil), secure: secure, now: now}, nil
}

// identity is who a request comes from.
type identity struct {
	id     string
	fresh  bool // a new citizen
	cookie bool // the answer must set the cookie
}

// identify reads the cookie, or makes up a new citizen.
func (c *cookies) identify(r *http.Request) identity {
	for _, k := range r.CookiesNamed(cookieName) {
		if id, set, ok := c.open(k.Value); ok {
			return identity{id: id, cookie: c.now().Sub(set) > cookieRefresh}
		}
	}
	return identity{id: rand.Text(), fresh: true, cookie: true}
}

// open checks a cookie "id.time.signature".
func (c *cookies) open(v string) (id string, set time.Time, ok bool) {
	if len(v) > 200 {
		return "", time.Time{}, false
	}
	payload, sig, ok := cutLast(v, ".")
	if !ok {
		return "", time.Time{}, false
	}
	got, err := base64.RawURLEncoding.DecodeString(sig)
	if err != nil || !hmac.Equal(got, c.sign(payload)) {
		return "", time.Time{}, false
	}
	id, at, ok := strings.Cut(payload, ".")
	secs, err := strconv.ParseInt(at, 36, 64)
	if !ok || err != nil || len(id) != idLength {
		return "", time.Time{}, false
	}
	set = time.Unix(secs, 0)
	return id, set, c.now().Sub(set) < cookieLife
}

// set writes the cookie. A page inside a frame of another site gets its cookie
// only as SameSite=None, which browsers take over https alone; Partitioned
// keeps it apart for each embedding site.
func (c *cookies) set(w http.ResponseWriter, id string, embedded bool) {
	payload := id + "." + strconv.FormatInt(c.now().Unix(), 36)
	k := &http.Cookie{
		Name:     cookieName,
		Value:    payload + "." + base64.RawURLEncoding.EncodeToString(c.sign(payload)),
		Path:     "/chat",
		MaxAge:   int(cookieLife / time.Second),
		HttpOnly: true,
		Secure:   c.secure,
		SameSite: http.SameSiteLaxMode,
	}
	if embedded {
		k.SameSite, k.Secure, k.Partitioned = http.SameSiteNoneMode, true, true
	}
	http.SetCookie(w, k)
}

// updateID derives the id of an update from the client's own, so that a
// repeated request is the same update, and nobody's ids meet another's.
func (c *cookies) updateID(citizen, client string) string {
	return base64.RawURLEncoding.EncodeToString(c.sign("update\x00" + citizen + "\x00" + client))
}

func (c *cookies) sign(s string) []byte {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(s))
	return mac.Sum(nil)
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
