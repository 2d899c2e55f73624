package webchat

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
)

// method answers 405 unless the request has one of the methods.
func (c *Chat) method(w http.ResponseWriter, r *http.Request, allowed ...string) bool {
	for _, m := range allowed {
		if r.Method == m {
			return true
		}
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	c.fail(w, r, &problem{status: http.StatusMethodNotAllowed, code: "method"})
	return false
}

// api checks where an API request comes from and answers preflights. It
// returns whether the request is to be served.
func (c *Chat) api(w http.ResponseWriter, r *http.Request, method string) bool {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Origin")
	if !c.sameSite(r) {
		c.fail(w, r, &problem{status: http.StatusForbidden, code: "origin"})
		return false
	}
	if o := r.Header.Get("Origin"); c.origins[o] {
		h.Set("Access-Control-Allow-Origin", o)
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Set("Access-Control-Expose-Headers", "Retry-After")
	}
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", method)
		h.Set("Access-Control-Allow-Headers", "Content-Type")
		h.Set("Access-Control-Max-Age", "600")
		h.Set("Allow", method+", OPTIONS")
		w.WriteHeader(http.StatusNoContent)
		return false
	}
	return c.method(w, r, method)
}

// sameSite reports whether a request comes from our own page, a listed site,
// or no browser at all. Reading is checked like writing: an open stream makes
// the citizen present.
func (c *Chat) sameSite(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	site := r.Header.Get("Sec-Fetch-Site")
	switch {
	case c.origins[origin], site == "same-origin":
		return true
	case origin == "":
		return site == "" || site == "none"
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && u.Host == r.Host && site == ""
}

// embedded reports whether the page runs inside another site, where only a
// SameSite=None cookie works.
func (c *Chat) embedded(r *http.Request) bool {
	return len(c.origins) > 0 && (r.URL.Query().Get("embed") == "1" || c.origins[r.Header.Get("Origin")])
}

// fail answers with a problem as JSON, in the language of the page.
func (c *Chat) fail(w http.ResponseWriter, r *http.Request, p *problem) {
	type body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	said := c.texts.of(language(r)).Error[p.code]
	if p.key != "" && c.opt.Render != nil {
		if text, err := c.opt.Render(language(r), p.key); err == nil {
			said = text
		}
	}
	writeJSON(w, p.status, struct {
		Error body `json:"error"`
	}{body{Code: p.code, Message: said}})
}

// tooMany answers 429 and says when to come back.
func (c *Chat) tooMany(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	c.fail(w, r, &problem{status: http.StatusTooManyRequests, code: "too_many"})
}

func writeJSON(w http.ResponseWriter, status int, v any) bool {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return false
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, err = w.Write(append(b, '\n'))
	return err == nil
}

// post takes a message in and returns the messages of its turn.
func (c *Chat) post(w http.ResponseWriter, r *http.Request, in bot.Intake) {
	if wait := c.addresses.take(network(r)); wait > 0 {
		c.tooMany(w, r, wait)
		return
	}
	who := c.cookies.identify(r)
	if wait := c.citizens.take(who.id); wait > 0 {
		c.tooMany(w, r, wait)
		return
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		// A photo over a slow line takes longer than other requests may. Where
		// deadlines cannot be moved, in a test, there are none.
		ctl := http.NewResponseController(w)
		_ = ctl.SetReadDeadline(time.Now().Add(uploadLimit))
		_ = ctl.SetWriteDeadline(time.Now().Add(uploadLimit + turnLimit + writeLimit))
	}
	msg, err := read(w, r, c.opt.Clean, c.keeper(r.Context(), who.id))
	if err != nil {
		c.refuse(w, r, err)
		return
	}
	u := c.update(who.id, msg)
	t, known, again, ok := c.hub.begin(u.Chat, u.ID)
	if !ok {
		c.tooMany(w, r, time.Second)
		return
	}
	var seen []entry
	defer func() { c.hub.end(u.Chat, t, seen) }()
	if err := in.Accept(r.Context(), u); err != nil {
		c.refuse(w, r, err)
		return
	}
	if msg.id != "" && (again || !known && !who.fresh) {
		// The first answer to this message may be among those that are held.
		c.present(r.Context(), in, u.Chat)
	}
	got, complete := c.await(r.Context(), t)
	if r.Context().Err() != nil {
		return // the client is gone; it asks again or opens a stream
	}
	if who.cookie {
		c.cookies.set(w, who.id, c.embedded(r))
	}
	if writeJSON(w, http.StatusOK, answer(got, complete, who.fresh)) {
		seen = got
	}
}

// keeper keeps the files of a citizen's conversation; nil where nobody keeps any.
func (c *Chat) keeper(ctx context.Context, citizen string) keeper {
	if c.opt.Keep == nil {
		return nil
	}
	return func(name string, r io.Reader) (bot.Media, error) {
		return c.opt.Keep(ctx, bot.SessionKey{Channel: Name, Chat: citizen, User: citizen}, name, r)
	}
}

// update is what the kernel gets.
func (c *Chat) update(citizen string, msg input) bot.Update {
	u := bot.Update{
		ID: bot.NewID(), Channel: Name, Chat: citizen, From: bot.Sender{ID: citizen, Language: msg.lang},
		At: c.opt.Now(), Text: msg.text, Button: msg.button, Place: msg.place,
	}
	if msg.id != "" {
		u.ID = c.cookies.updateID(citizen, msg.id)
	}
	if msg.start {
		u.Event = bot.EventFollowed
	}
	if msg.media != nil {
		u.Media = []bot.Media{*msg.media}
	}
	return u
}

// refuse answers a message that was not taken.
func (c *Chat) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem
	switch {
	case errors.As(err, &p):
		c.fail(w, r, p)
	case bot.IsCode(err, bot.Invalid):
		c.fail(w, r, bad("refused"))
	case r.Context().Err() != nil: // the client is gone
	default:
		c.opt.Log.Error("update was not accepted", "channel", Name, "error", err)
		w.Header().Set("Retry-After", "5")
		c.fail(w, r, &problem{status: http.StatusServiceUnavailable, code: "unavailable"})
	}
}

// await waits for the messages of a turn and returns what there is when the
// turn is complete, the time is up or the client is gone.
func (c *Chat) await(ctx context.Context, t *turn) (got []entry, complete bool) {
	limit := time.NewTimer(turnLimit)
	defer limit.Stop()
	for {
		got, complete, changed := c.hub.progress(t)
		if complete {
			return got, true
		}
		select {
		case <-changed:
		case <-limit.C:
			return got, false
		case <-ctx.Done():
			return got, false
		}
	}
}

type reply struct {
	Messages []json.RawMessage `json:"messages"`
	// Pending says that the turn is not over: the rest comes by the stream.
	Pending bool `json:"pending,omitempty"`
	// Fresh says that the citizen is new: a stream opened before is somebody else's.
	Fresh bool `json:"fresh,omitempty"`
}

func answer(got []entry, complete, fresh bool) reply {
	out := reply{Messages: []json.RawMessage{}, Pending: !complete, Fresh: fresh}
	for _, m := range got {
		out.Messages = append(out.Messages, json.RawMessage(m.data))
	}
	return out
}

// present tells the intake that the citizen is here, so that held messages are let go.
func (c *Chat) present(ctx context.Context, in bot.Intake, citizen string) {
	p, ok := in.(bot.Presence)
	if !ok {
		return
	}
	if err := p.Present(ctx, bot.Address{Channel: Name, Chat: citizen}); err != nil && ctx.Err() == nil {
		c.opt.Log.LogAttrs(ctx, slog.LevelWarn, "held messages were not released", slog.String("channel", Name), slog.Any("error", err))
	}
}
