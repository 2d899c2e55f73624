package fakezalobot

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// update waits to be handed out or delivered.
type update struct {
	chat string // deliveries of one chat follow each other
	body json.RawMessage
	sent int // deliveries so far
}

// push queues an update. s.mu is held.
func (s *Server) push(chat string, body map[string]any) {
	data, err := json.Marshal(body)
	if err != nil {
		return // it is made of strings
	}
	s.add(&update{chat: chat, body: data})
}

func (s *Server) add(u *update) {
	s.queue = append(s.queue, u)
	s.deliverAll()
	s.notify()
}

// Raw queues an update as it stands, JSON.
func (s *Server) Raw(data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(&update{chat: s.id("raw"), body: data})
}

// Pending is how many updates the bot is not done with: those that wait, and
// one that was handed out by getUpdates until the next call.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.queue)
	if s.handed {
		n++
	}
	return n
}

// Lost is how many updates were given up because no delivery was answered 200.
func (s *Server) Lost() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
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

// Confirmed waits until the bot is done with every update: a bot that asks for
// the next one is done with the one before.
func (s *Server) Confirmed(done <-chan struct{}) bool {
	return s.Wait(done, func() bool { return s.Pending() == 0 })
}

// pollMost is the longest that getUpdates waits.
const pollMost = 60 * time.Second

// getUpdates hands one update out and forgets it, or answers 408.
func (s *Server) getUpdates(r *request) (any, error) {
	text, err := r.text("timeout")
	if err != nil {
		return nil, err
	}
	seconds := 30
	if text != "" {
		if seconds, err = strconv.Atoi(text); err != nil || seconds < 0 {
			return nil, bad("timeout is invalid")
		}
	}
	s.mu.Lock()
	if r.http.Context().Err() != nil {
		s.mu.Unlock()
		panic(http.ErrAbortHandler) // the caller left before it was heard
	}
	if s.hook.url == "" {
		s.handed = false
	}
	quirks := s.quirks
	s.notify()
	s.mu.Unlock()
	timer := time.NewTimer(min(time.Duration(seconds)*time.Second, pollMost))
	defer timer.Stop()
	for over := false; ; {
		out, changed, err := s.handOut(r)
		switch {
		case err != nil:
			return nil, err
		case out != nil && quirks.Lists:
			return []any{out}, nil
		case out != nil:
			return out, nil
		case quirks.Nulls:
			return nil, nil
		case over:
			return nil, errEmpty
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

// handOut takes the oldest update off the queue, but not for a caller who left:
// the real platform may do that, and then the update is lost; a test that wants
// it so says it with a Fault.
func (s *Server) handOut(r *request) (out json.RawMessage, changed <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.http.Context().Err() != nil {
		return nil, s.changed, nil
	}
	if s.hook.url != "" {
		return nil, nil, errHooked
	}
	if len(s.queue) > 0 {
		out = s.queue[0].body
		s.queue = s.queue[1:]
		s.handed = true
	}
	return out, s.changed, nil
}
