package faketelegram

import (
	"encoding/json"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"
)

// update waits until the bot confirmed it.
type update struct {
	id   int64
	kind string
	line string // updates with the same one are delivered one after the other
	at   time.Time
	body any
	sent int // deliveries by webhook so far
}

// keepFor is how long an update waits for the bot.
const keepFor = 24 * time.Hour

// push queues an update, unless the bot did not ask for its kind. s.mu is held.
func (s *Server) push(kind, line string, content map[string]any) int64 {
	if !s.wants(kind) {
		return 0
	}
	s.nextUpd++
	u := &update{id: s.nextUpd, kind: kind, line: line, at: s.opt.Now(), body: map[string]any{"update_id": s.nextUpd, kind: content}}
	s.queue = append(s.queue, u)
	s.deliverAll()
	s.notify()
	return u.id
}

func (s *Server) wants(kind string) bool {
	if s.allowed == nil {
		return kind != "chat_member" && kind != "message_reaction" && kind != "message_reaction_count"
	}
	return s.allowed[kind]
}

// Raw queues an update as it stands, JSON with an update_id, whatever else is in it.
func (s *Server) Raw(data []byte) int64 {
	var head struct {
		ID int64 `json:"update_id"`
	}
	_ = json.Unmarshal(data, &head) // without an id it is 0
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextUpd = max(s.nextUpd, head.ID)
	s.queue = append(s.queue, &update{id: head.ID, line: "raw" + strconv.FormatInt(head.ID, 10), at: s.opt.Now(), body: json.RawMessage(data)})
	sort.SliceStable(s.queue, func(i, j int) bool { return s.queue[i].id < s.queue[j].id })
	s.deliverAll()
	s.notify()
	return head.ID
}

// Forget drops every update that waits.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = nil
	s.notify()
}

// Pending is how many updates wait for the bot's confirmation.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

// Wait returns true when ok reports true, which is looked at again after every
// change on the platform, and false when done is closed first.
func (s *Server) Wait(done <-chan struct{}, ok func() bool) bool {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if ok() {
			return true
		}
		select {
		case <-changed:
		case <-done:
			return false
		}
	}
}

// Confirmed waits until the bot confirmed every update.
func (s *Server) Confirmed(done <-chan struct{}) bool {
	return s.Wait(done, func() bool { return s.Pending() == 0 })
}

// allow takes over allowed_updates; without it the list of before stays.
func (s *Server) allow(r *request) error {
	raw, ok := r.params["allowed_updates"]
	if !ok || raw == "" {
		return nil
	}
	var list []string
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		return bad("can't parse allowed_updates")
	}
	s.allowed = nil
	if len(list) > 0 {
		s.allowed = map[string]bool{}
		for _, k := range list {
			s.allowed[k] = true
		}
	}
	return nil
}

var (
	errHooked = &apiError{code: 409, text: "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"}
	errOther  = &apiError{code: 409, text: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"}
)

// getUpdates waits for updates. A newer request ends an older one.
func (s *Server) getUpdates(r *request) (any, error) {
	limit := r.int("limit")
	if limit < 1 || limit > 100 {
		limit = 100
	}
	timeout := time.Duration(min(max(r.int("timeout"), 0), 50)) * time.Second
	s.mu.Lock()
	if s.hook.url != "" {
		s.mu.Unlock()
		return nil, errHooked
	}
	if err := s.allow(r); err != nil {
		s.mu.Unlock()
		return nil, err
	}
	s.polling++
	mine := s.polling
	s.confirm(r.int("offset"))
	s.notify()
	s.mu.Unlock()

	timer := time.NewTimer(timeout)
	defer timer.Stop()
	over := timeout == 0
	for {
		s.mu.Lock()
		s.expire()
		changed := s.changed
		var out []any
		for _, u := range s.queue[:min(len(s.queue), int(limit))] {
			out = append(out, u.body)
		}
		newest, hooked := s.polling == mine, s.hook.url != ""
		s.mu.Unlock()
		switch {
		case !newest:
			return nil, errOther
		case hooked:
			return nil, errHooked
		case len(out) > 0:
			return out, nil
		case over:
			return []any{}, nil
		}
		select {
		case <-changed:
		case <-timer.C:
			over = true
		case <-s.closed:
			over = true
		case <-r.http.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
}

// confirm forgets the updates below offset; a negative one keeps so many.
func (s *Server) confirm(offset int64) {
	if offset < 0 {
		s.queue = s.queue[max(0, len(s.queue)+int(offset)):]
		return
	}
	kept := s.queue[:0:0]
	for _, u := range s.queue {
		if u.id >= offset {
			kept = append(kept, u)
		}
	}
	s.queue = kept
}

// expire drops what nobody fetched for a day.
func (s *Server) expire() {
	now := s.opt.Now()
	kept := s.queue[:0:0]
	for _, u := range s.queue {
		if now.Sub(u.at) < keepFor {
			kept = append(kept, u)
		}
	}
	s.queue = kept
}

func trimNumber(s string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	return n, err == nil
}
