package fakezalobot

import (
	"net/http"
	"strings"
	"time"
)

// Fault makes calls fail. The zero value of a field matches any or does nothing.
type Fault struct {
	Method string // "" means every method that begins with "send"
	Chat   string
	Times  int // how often; 0 means once, -1 for ever

	// What the API answers.
	Code        int
	Description string
	RetryAfter  int // seconds, as a header
	// HTML is answered with Code instead, as a proxy in front would.
	HTML string
	Slow time.Duration // before anything else
	Cut  bool          // the connection breaks before anything happens
	Lost bool          // it happens, and the connection breaks before the answer
}

func (s *Server) refuse(w http.ResponseWriter, f *Fault) {
	if f.HTML != "" {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(f.Code)
		_, _ = w.Write([]byte(f.HTML)) // a caller who left notices by itself
		return
	}
	s.write(w, nil, &apiError{code: f.Code, text: f.Description, retry: f.RetryAfter})
}

// Fail adds a fault. Faults are used up in the order in which they were added.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults = append(s.faults, &f)
}

// Heal removes all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Server) fault(r *request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Times == 0 || f.Method == "" && !strings.HasPrefix(r.method, "send") || f.Method != "" && f.Method != r.method {
			continue
		}
		if f.Chat != "" && r.params["chat_id"] != f.Chat {
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		return f
	}
	return nil
}
