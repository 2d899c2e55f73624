package media

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
)

// linkPath is where links lead.
const linkPath = "/m/"

// Purpose is what a link is for. It is part of what is signed, so that a link that
// was made for one reader says so wherever it turns up.
type Purpose string

// The purposes of links.
const (
	ForStaff   Purpose = "s" // an officer's page: seconds to hours
	ForAgency  Purpose = "a" // an agency's answer page or group
	ForCitizen Purpose = "c" // a message to a citizen
	ForLiaison Purpose = "l" // whoever has what is shut under lock: minutes; see [Keeper.Shut]
	ForPublic  Purpose = "p" // the public register: browsers may keep it for a while
)

// MaxLink is the longest time for which a link works.
const MaxLink = 60 * 24 * time.Hour

const publicCache = time.Hour // how long browsers keep what is public

func linkKey(secret []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("media link 1"))
	return m.Sum(nil)
}

// Link is an address at which an item can be read without an account until it expires;
// ttl is at most [MaxLink]. With thumb it leads to the thumbnail.
func (k *Keeper) Link(id string, p Purpose, thumb bool, ttl time.Duration) string {
	return k.opt.PublicURL + linkPath + k.token(link{id: id, purpose: p, thumb: thumb, until: k.opt.Now().Add(min(ttl, MaxLink))})
}

// Attachment is an item as a message carries it to a citizen's channel.
func (k *Keeper) Attachment(it Item, p Purpose, ttl time.Duration) bot.Media {
	return bot.Media{Kind: it.Kind, Ref: k.Link(it.ID, p, false, ttl), Name: it.Name, Type: it.Type, Size: it.Size}
}

// link is what a token says.
type link struct {
	id      string
	purpose Purpose
	thumb   bool
	until   time.Time
}

// token is id, purpose and part, and the time in seconds as hexadecimal, with a signature.
func (k *Keeper) token(l link) string {
	part := "f"
	if l.thumb {
		part = "t"
	}
	body := l.id + "." + string(l.purpose) + part + "." + strconv.FormatInt(l.until.Unix(), 16)
	return body + "." + k.sign(body)
}

func (k *Keeper) sign(body string) string {
	m := hmac.New(sha256.New, k.links)
	m.Write([]byte(body))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:24])
}

const maxToken = 120

// parse checks a token from outside. ok is false for one that nobody made here.
func (k *Keeper) parse(token string) (l link, ok bool) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 || len(token) > maxToken || !hmac.Equal([]byte(token[i+1:]), []byte(k.sign(token[:i]))) {
		return l, false
	}
	parts := strings.Split(token[:i], ".")
	if len(parts) != 3 || len(parts[1]) != 2 || !validID(parts[0]) {
		return l, false
	}
	secs, err := strconv.ParseInt(parts[2], 16, 64)
	if err != nil {
		return l, false
	}
	return link{id: parts[0], purpose: Purpose(parts[1][:1]), thumb: parts[1][1] == 't', until: time.Unix(secs, 0)}, true
}

// page serves a signed link: 404 for one that was never made or whose item is gone,
// 410 for one that expired.
func (k *Keeper) page(w http.ResponseWriter, r *http.Request) {
	l, ok := k.parse(r.PathValue("token"))
	switch {
	case !ok:
		k.fail(w, http.StatusNotFound, "media.link_unknown")
		return
	case !k.opt.Now().Before(l.until):
		k.fail(w, http.StatusGone, "media.link_expired")
		return
	}
	cache := "private, no-store"
	if l.purpose == ForPublic {
		left := min(l.until.Sub(k.opt.Now()), publicCache)
		cache = "public, max-age=" + strconv.Itoa(int(left/time.Second))
	}
	w.Header().Set("Cache-Control", cache)
	k.serve(w, r, l.id, l.thumb, l.purpose == ForLiaison)
}

// fail says in both languages why there is no file.
func (k *Keeper) fail(w http.ResponseWriter, status int, key string) {
	text := http.StatusText(status)
	if k.opt.Render != nil {
		vi, err := k.opt.Render("vi", key, nil)
		en, err2 := k.opt.Render("en", key, nil)
		if err == nil && err2 == nil {
			text = vi + "\n\n" + en
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, text, status)
}

// Serve answers a request with an item, for pages that have checked who asks.
func (k *Keeper) Serve(w http.ResponseWriter, r *http.Request, id string, thumb bool) {
	k.serve(w, r, id, thumb, true)
}

func (k *Keeper) serve(w http.ResponseWriter, r *http.Request, id string, thumb, inside bool) {
	it, f, err := k.openPart(r.Context(), id, thumb, inside)
	switch {
	case bot.IsCode(err, bot.NotFound):
		k.fail(w, http.StatusNotFound, "media.link_unknown")
		return
	case err != nil:
		if r.Context().Err() == nil {
			k.opt.Log.Error("a file cannot be read", "item", id, "err", err)
		}
		k.fail(w, http.StatusInternalServerError, "media.link_failed")
		return
	}
	defer f.Close()
	typ, show := it.Type, "attachment"
	if it.Kind == bot.Photo {
		show = "inline"
	}
	if thumb {
		typ = typeJPEG
	}
	h := w.Header()
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "private, no-store")
	}
	h.Set("Content-Type", typ)
	h.Set("Content-Disposition", mime.FormatMediaType(show, map[string]string{"filename": it.Name}))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	http.ServeContent(w, r, "", time.Time{}, f)
}

// OpenMedia opens an attachment of ours for a channel that uploads it: one whose Ref is
// a link of [Keeper.Attachment]. It fails with an *bot.Error NotFound for anything else.
func (k *Keeper) OpenMedia(ctx context.Context, m bot.Media) (io.ReadCloser, error) {
	rest, ok := strings.CutPrefix(m.Ref, k.opt.PublicURL+linkPath)
	if !ok {
		rest, ok = strings.CutPrefix(m.Ref, linkPath)
	}
	l, signed := k.parse(rest)
	if !ok || !signed || !k.opt.Now().Before(l.until) {
		return nil, notFound()
	}
	_, f, err := k.openPart(ctx, l.id, l.thumb, false)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return f, nil
}
