package faketelegram

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// webhook is how updates are delivered.
type webhook struct {
	url, secret string
	parallel    int
	running     map[string]bool // lines with a delivery under way
	flying      int
	errorAt     time.Time
	errorText   string
	deliveries  int
	sets        int
}

// Delivery limits of the real server.
const (
	deliveryTimeout = 60 * time.Second
	retryMost       = time.Minute
	retryAfterMost  = time.Hour
)

var secretForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

func (s *Server) setWebhook(r *request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.notify()
	address := r.params["url"]
	if address == "" {
		return s.dropWebhook(r)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, bad("bad webhook: An HTTPS URL must be provided for webhook")
	}
	switch u.Port() {
	case "", "80", "88", "443", "8443":
	default:
		return nil, bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
	}
	secret := r.params["secret_token"]
	if secret != "" && !secretForm.MatchString(secret) {
		return nil, bad("secret token contains unallowed characters")
	}
	if err := s.allow(r); err != nil {
		return nil, err
	}
	if r.bool("drop_pending_updates") {
		s.queue = nil
	}
	n := int(r.int("max_connections"))
	if n < 1 || n > 100 {
		n = 40
	}
	s.hook.url, s.hook.secret, s.hook.parallel = address, secret, n
	if s.hook.running == nil {
		s.hook.running = map[string]bool{}
	}
	s.hook.sets++
	s.deliverAll()
	return true, nil
}

func (s *Server) deleteWebhook(r *request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.notify()
	return s.dropWebhook(r)
}

func (s *Server) dropWebhook(r *request) (any, error) {
	s.hook.url, s.hook.secret = "", ""
	if r.bool("drop_pending_updates") {
		s.queue = nil
	}
	return true, nil
}

func (s *Server) webhookInfo() map[string]any {
	info := map[string]any{"url": s.hook.url, "has_custom_certificate": false, "pending_update_count": len(s.queue)}
	if !s.hook.errorAt.IsZero() {
		info["last_error_date"], info["last_error_message"] = s.hook.errorAt.Unix(), s.hook.errorText
	}
	return info
}

// Webhook returns the address that updates go to, "" for none.
func (s *Server) Webhook() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hook.url
}

// Deliveries is how often an update was posted to the webhook.
func (s *Server) Deliveries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hook.deliveries
}

// deliverAll starts a delivery for every line that has none, within the number
// of connections. s.mu is held.
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
		if s.hook.flying >= s.hook.parallel {
			return
		}
		if s.hook.running[u.line] {
			continue
		}
		s.hook.running[u.line] = true
		s.hook.flying++
		if s.work.Enter() {
			go s.deliverLine(u.line)
		}
	}
}

// deliverLine delivers the updates of a line, one after the other.
func (s *Server) deliverLine(line string) {
	defer s.work.Done()
	for {
		s.mu.Lock()
		s.expire()
		var next *update
		for _, u := range s.queue {
			if u.line == line {
				next = u
				break
			}
		}
		if next == nil || s.hook.url == "" {
			delete(s.hook.running, line)
			s.hook.flying--
			s.deliverAll()
			s.notify()
			s.mu.Unlock()
			return
		}
		address, secret := s.hook.url, s.hook.secret
		s.hook.deliveries++
		next.sent++
		attempt := next.sent
		s.mu.Unlock()

		wait, why := s.post(next, address, secret, attempt)
		s.mu.Lock()
		if why == "" {
			kept := s.queue[:0:0]
			for _, u := range s.queue {
				if u != next {
					kept = append(kept, u)
				}
			}
			s.queue = kept
		} else {
			s.hook.errorAt, s.hook.errorText = s.opt.Now(), why
		}
		s.notify()
		s.mu.Unlock()
		if why != "" && !s.rest(wait) {
			s.mu.Lock()
			delete(s.hook.running, line)
			s.hook.flying--
			s.mu.Unlock()
			return
		}
	}
}

// rest waits before the next attempt; false means that the server closed.
func (s *Server) rest(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.closed:
		return false
	}
}

// post delivers one update. why is "" when it was taken.
func (s *Server) post(u *update, address, secret string, attempt int) (wait time.Duration, why string) {
	if attempt > 1 { // the first retry comes at once, then after 2, 4, 8 s …
		wait = min(time.Second<<min(attempt-1, 10), retryMost)
	}
	ctx, cancel := context.WithTimeout(context.Background(), deliveryTimeout)
	defer cancel()
	go func() {
		select {
		case <-s.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	body, err := json.Marshal(u.body)
	if err != nil {
		return wait, "the update cannot be written"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return wait, err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	if secret != "" {
		req.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
	}
	client := *s.opt.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return wait, "Connection failed"
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20)) // what cannot be read is no call
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && n > 0 {
			wait = min(time.Duration(n)*time.Second, retryAfterMost)
		}
		return wait, "Wrong response from the webhook: " + resp.Status
	}
	s.inBody(answer)
	return 0, ""
}

// inBody runs the call that an answer may carry. Its outcome is told to nobody.
func (s *Server) inBody(answer []byte) {
	req := &request{params: map[string]string{}, files: map[string][]byte{}, names: map[string]string{}}
	if len(answer) == 0 || req.json(answer) != nil || req.params["method"] == "" {
		return
	}
	req.method = req.params["method"]
	if len(req.method) >= 3 && req.method[:3] == "get" || req.method == "setWebhook" || req.method == "deleteWebhook" {
		return
	}
	_, err := s.run(req)
	s.note(req, codeOf(err))
}
