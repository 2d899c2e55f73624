package fakezalobot

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"
)

// webhook is how updates are delivered.
type webhook struct {
	url, secret string
	running     map[string]bool // chats with a delivery under way
	deliveries  int
}

// deliveryTimeout is how long a delivery may take; the real limit is not documented.
const deliveryTimeout = 30 * time.Second

func (s *Server) setWebhook(r *request) (any, error) {
	address, err := r.text("url")
	if err != nil {
		return nil, err
	}
	secret, err := r.text("secret_token")
	if err != nil {
		return nil, err
	}
	u, perr := url.Parse(address)
	switch {
	case perr != nil || u.Scheme != "https" || u.Host == "":
		return nil, bad("url must be https")
	case len(secret) < 8 || len(secret) > 256:
		return nil, bad("secret_token must have 8 to 256 characters")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook.url, s.hook.secret = address, secret
	s.handed = false
	if s.hook.running == nil {
		s.hook.running = map[string]bool{}
	}
	s.deliverAll()
	s.notify()
	out := map[string]any{"url": address, "updated_at": s.opt.Now().UnixMilli()}
	switch s.quirks.Check {
	case "none":
	case "":
		out["verification"] = map[string]any{"ok": true, "url": address}
	default: // the address is kept all the same
		out["verification"] = map[string]any{"ok": false, "url": address, "outcome": s.quirks.Check, "hint": "The webhook answered otherwise than with 200."}
	}
	return out, nil
}

// Webhook returns the address that updates go to, "" for none.
func (s *Server) Webhook() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hook.url
}

// Hook sets a webhook as somebody else would, with another program or by hand.
func (s *Server) Hook(address, secret string) {
	s.set(func() { s.hook.url, s.hook.secret, s.hook.running = address, secret, map[string]bool{} })
}

// Deliveries is how often an update was posted to the webhook.
func (s *Server) Deliveries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hook.deliveries
}

// deliverAll starts a delivery for every chat that has none. s.mu is held.
func (s *Server) deliverAll() {
	if s.hook.url == "" || s.opt.Client == nil {
		return
	}
	select {
	case <-s.closed:
		return
	default:
	}
	for _, u := range s.queue {
		if !s.hook.running[u.chat] {
			s.hook.running[u.chat] = true
			if s.work.Enter() {
				go s.deliverChat(u.chat)
			}
		}
	}
}

// deliverChat delivers the updates of a chat, one after the other.
func (s *Server) deliverChat(chat string) {
	defer s.work.Done()
	for {
		u := s.first(chat)
		if u == nil {
			return
		}
		ok := s.post(u)
		s.mu.Lock()
		u.sent++
		again := !ok && u.sent <= s.opt.Retries
		if !again {
			if !ok {
				s.lost++
			}
			s.remove(u)
		}
		s.notify()
		s.mu.Unlock()
		if again {
			select {
			case <-time.After(s.opt.RetryAfter):
			case <-s.closed:
			}
		}
	}
}

// first is the oldest update of a chat, nil when its deliveries are over.
func (s *Server) first(chat string) *update {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closed:
		return nil
	default:
	}
	for _, u := range s.queue {
		if u.chat == chat && s.hook.url != "" {
			return u
		}
	}
	delete(s.hook.running, chat)
	return nil
}

func (s *Server) remove(u *update) {
	for i, x := range s.queue {
		if x == u {
			s.queue = append(s.queue[:i:i], s.queue[i+1:]...)
			return
		}
	}
}

// post delivers once, and reports whether it was answered 200.
func (s *Server) post(u *update) bool {
	s.mu.Lock()
	address, secret, bare := s.hook.url, s.hook.secret, s.quirks.Bare
	s.hook.deliveries++
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), deliveryTimeout)
	defer cancel()
	go func() {
		select {
		case <-s.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(Body(u.body, bare)))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Bot-Api-Secret-Token", secret)
	client := *s.opt.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // nothing in it counts
	return resp.StatusCode == http.StatusOK
}

// Body is an update as it is posted: in an envelope, or bare.
func Body(update json.RawMessage, bare bool) []byte {
	if bare {
		return update
	}
	return append(append([]byte(`{"ok":true,"result":`), update...), '}')
}
