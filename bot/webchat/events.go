package webchat

import (
	"fmt"
	"net/http"
	"time"

	"cchcbot/bot"
)

// events serves the stream of messages that come later. Each has its id, so
// that a browser which comes back says what it saw last.
func (c *Chat) events(w http.ResponseWriter, r *http.Request, in bot.Intake) {
	address := network(r)
	if wait := c.addresses.take(address); wait > 0 {
		c.tooMany(w, r, wait)
		return
	}
	after := r.Header.Get("Last-Event-ID")
	if after == "" {
		after = r.URL.Query().Get("after")
	}
	if after != "" && !validID(after) {
		c.fail(w, r, bad("bad_id"))
		return
	}
	who := c.cookies.identify(r)
	s, replay, owed, ok := c.hub.join(who.id, address, after)
	if !ok {
		c.tooMany(w, r, 30*time.Second)
		return
	}
	defer c.hub.leave(s)
	out := newEventWriter(w)
	if who.cookie {
		c.cookies.set(w, who.id, c.embedded(r))
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // proxies must not hold events back
	if out.start() != nil {
		return
	}
	for _, m := range replay {
		if out.event(frame{event: "message", entry: m}) != nil {
			return
		}
	}
	c.present(r.Context(), in, who.id)
	c.stream(r, in, s, out, owed)
}

// stream writes events until the client leaves, the stream is dropped or the
// server stops.
func (c *Chat) stream(r *http.Request, in bot.Intake, s *stream, out *eventWriter, owed bool) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	end := time.NewTimer(streamLimit)
	defer end.Stop()
	for {
		var err error
		select {
		case f := <-s.out:
			err = out.event(f)
		case <-beat.C:
			if err = out.beat(); err == nil && owed {
				// A message that was refused just before the stream opened may have
				// been put aside just after: call for it once more.
				owed = false
				c.present(r.Context(), in, s.chat)
			}
		case <-s.quit:
			if s.bye {
				_ = out.event(frame{event: "bye"}) // a page that is gone needs no farewell
			}
			return
		case <-c.hub.done:
			return
		case <-end.C:
			return
		case <-r.Context().Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// eventWriter writes server-sent events, each within writeLimit.
type eventWriter struct {
	w   http.ResponseWriter
	ctl *http.ResponseController
}

// newEventWriter lifts the deadlines that the server sets for ordinary
// requests. Where there are none to lift, in a test, that fails and changes nothing.
func newEventWriter(w http.ResponseWriter) *eventWriter {
	e := &eventWriter{w: w, ctl: http.NewResponseController(w)}
	_ = e.ctl.SetReadDeadline(time.Time{})
	return e
}

func (e *eventWriter) start() error {
	return e.write(fmt.Sprintf("retry: %d\n\n", retryAfter.Milliseconds()))
}

func (e *eventWriter) beat() error { return e.write(":\n\n") }

// event writes a frame. Its data is JSON and therefore one line.
func (e *eventWriter) event(f frame) error {
	text := "event: " + f.event + "\n"
	if f.id != "" {
		text += "id: " + f.id + "\n"
	}
	data := f.data
	if data == nil {
		data = []byte("{}")
	}
	return e.write(text + "data: " + string(data) + "\n\n")
}

func (e *eventWriter) write(s string) error {
	_ = e.ctl.SetWriteDeadline(time.Now().Add(writeLimit)) // see newEventWriter
	if _, err := e.w.Write([]byte(s)); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	if err := e.ctl.Flush(); err != nil {
		return fmt.Errorf("flush event: %w", err)
	}
	return nil
}
