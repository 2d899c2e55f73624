package fakezalo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// delivery is one event on its way.
type delivery struct {
	body  []byte
	stamp string
	retry int
}

// deliveryTries is how often an event is delivered: once, and five times more.
const deliveryTries = 6

func stamp(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

func itoa(n int) string { return strconv.Itoa(n) }

func toInt(v any) int64 {
	n, _ := strconv.ParseInt(text(v), 10, 64) // not a number counts as 0
	return n
}

// push queues an event. s.mu is held.
func (s *Server) push(event string, fields map[string]any) {
	now := s.opt.Now()
	if !now.After(s.stamped) { // two events never have the same time, also when the clock stands
		now = s.stamped.Add(time.Millisecond)
	}
	s.stamped = now
	body := map[string]any{"app_id": s.opt.AppID, "event_name": event, "timestamp": stamp(now)}
	if s.opt.NumericStamps {
		body["timestamp"] = now.UnixMilli()
	}
	for k, v := range fields {
		body[k] = v
	}
	raw, err := json.Marshal(body)
	if err != nil || s.opt.Client == nil || s.opt.WebhookURL == "" {
		return
	}
	s.queue = append(s.queue, delivery{body: raw, stamp: stamp(now)})
	s.start()
}

// start runs the deliverer while there is something to deliver. s.mu is held.
func (s *Server) start() {
	select {
	case <-s.closed:
		return
	default:
	}
	if s.running {
		return
	}
	s.running = true
	if s.work.Enter() {
		go s.deliverAll()
	}
}

func (s *Server) deliverAll() {
	defer s.work.Done()
	for {
		s.mu.Lock()
		if len(s.queue) == 0 {
			s.running = false
			s.notify()
			s.mu.Unlock()
			return
		}
		d := s.queue[0]
		s.queue = s.queue[1:]
		s.flying++
		s.mu.Unlock()
		s.deliver(d)
		s.mu.Lock()
		s.flying--
		s.notify()
		s.mu.Unlock()
	}
}

// deliver posts an event until it is taken, or too often.
func (s *Server) deliver(d delivery) {
	for ; d.retry < deliveryTries; d.retry++ {
		status, err := s.post(d.body, Sign(s.opt.AppID, string(d.body), d.stamp, s.opt.OASecret), d.retry)
		if err == nil && (status == http.StatusOK || !s.opt.RetryRefused) {
			return
		}
		t := time.NewTimer(s.opt.RetryAfter)
		select {
		case <-t.C:
		case <-s.closed:
			t.Stop()
			return
		}
	}
}

// Sign is the signature of a delivery.
func Sign(app, body, stamp, secret string) string {
	sum := sha256.Sum256([]byte(app + body + stamp + secret))
	return "mac=" + hex.EncodeToString(sum[:])
}

const postTimeout = 10 * time.Second

func (s *Server) post(body []byte, signature string, retry int) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), postTimeout)
	defer cancel()
	go func() {
		select {
		case <-s.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.opt.WebhookURL, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	if signature != "" {
		r.Header.Set("X-ZEvent-Signature", signature)
	}
	if retry > 0 {
		r.Header.Set("num_retry", itoa(retry))
	}
	resp, err := s.opt.Client.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	s.mu.Lock()
	s.posted++
	s.mu.Unlock()
	return resp.StatusCode, err
}

// Settled waits until every event was delivered, or done is closed: false then.
func (s *Server) Settled(done <-chan struct{}) bool {
	for {
		s.mu.Lock()
		idle, changed := len(s.queue) == 0 && s.flying == 0 && !s.running, s.changed
		s.mu.Unlock()
		if idle {
			return true
		}
		select {
		case <-changed:
		case <-done:
			return false
		}
	}
}

// Deliveries is how often an event was posted.
func (s *Server) Deliveries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.posted
}

// Redeliver posts a body as it is, signed, and returns the status: an event
// that came before, or one that a test made.
func (s *Server) Redeliver(body []byte, stamp string, retry int) (int, error) {
	return s.post(body, Sign(s.opt.AppID, string(body), stamp, s.opt.OASecret), retry)
}

// Probe posts what the console's trial of the address posts: no signature.
func (s *Server) Probe() (int, error) {
	return s.post([]byte(`{"event_name":"user_send_text","message":{"text":"This is testing message"}}`), "", 0)
}

// Shuffled reports the events that wait, in another order than they happened; a
// test that holds deliveries back uses it.
func (s *Server) Shuffled(order func(n int) []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := slices.Clone(s.queue)
	for i, j := range order(len(was)) {
		if i < len(was) && j < len(was) {
			s.queue[i] = was[j]
		}
	}
}
