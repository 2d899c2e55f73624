package fakezalo

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"time"
)

const maxRequest = 8 << 20

// request is a call with its parameters.
type request struct {
	body map[string]any // of a JSON body, a form, or the "data" of the query
	file []byte
	name string
}

func parse(r *http.Request) (*request, error) {
	q := &request{body: map[string]any{}}
	if data := r.URL.Query().Get("data"); data != "" {
		if decode([]byte(data), &q.body) != nil {
			return q, no(-201, "data is invalid")
		}
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // unknown: no body is read
	switch kind {
	case "application/json":
		raw, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
		if err != nil || decode(raw, &q.body) != nil {
			return q, no(-201, "body is invalid")
		}
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return q, no(-201, "body is invalid")
		}
		for k := range r.PostForm {
			q.body[k] = r.PostForm.Get(k)
		}
	case "multipart/form-data":
		f, head, err := r.FormFile("file")
		if err != nil {
			return q, no(-201, "file is empty")
		}
		defer f.Close() //nolint:errcheck // it was read
		q.name = head.Filename
		if q.file, err = io.ReadAll(io.LimitReader(f, maxRequest)); err != nil {
			return q, no(-201, "file is empty")
		}
	}
	return q, nil
}

// decode keeps the digits of numbers: ids have more than a float holds.
func decode(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(v)
}

// object, list and text read what a body holds at a path of keys.
func object(v any, keys ...string) map[string]any {
	for _, k := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[k]
	}
	m, _ := v.(map[string]any) // nil when it is something else
	return m
}

func list(v any) []any {
	l, _ := v.([]any) // nil when it is something else
	return l
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case float64:
		b, _ := json.Marshal(v) // a float always has a form
		return string(b)
	}
	return ""
}

// Fault makes calls fail. The zero value of a field matches any or does nothing.
type Fault struct {
	Path  string // "" means sends
	User  string // recipient
	Times int    // how often; 0 means once, -1 for ever

	Code   int    // error of the answer
	Status int    // HTTP status; with HTML, what a gateway answers
	HTML   string // body instead of an answer
	Slow   time.Duration
	Cut    bool // the connection breaks before anything happens
	Lost   bool // it happens, and the connection breaks before the answer
}

func (f *Fault) answer(w http.ResponseWriter) {
	if f.HTML != "" || f.Code == 0 {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.HTML) // a caller who left notices by itself
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if f.Status != 0 {
		w.WriteHeader(f.Status)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"error": f.Code, "message": "as the test wants it"}) // as above
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

func (s *Server) fault(path string, q *request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Times == 0 || f.Path == "" && path != "/v3.0/oa/message/cs" || f.Path != "" && f.Path != path {
			continue
		}
		if f.User != "" && text(object(q.body, "recipient")["user_id"]) != f.User {
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		return f
	}
	return nil
}

// pause waits, and reports false when the caller left or the platform closed.
func (s *Server) pause(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
	case <-s.closed:
	}
	return false
}
