// Package fakezalobot is the Zalo Bot Platform for tests: its API in memory with
// the people who write to a bot. It was written from the public manual and from
// what public clients tell of it, and shares no code with the client that it tests.
//
// It does what the real one does, as far as that is known: one update per
// getUpdates, forgotten when it is handed out; 408 when there is none; polling
// and webhook exclude each other; groups pass on mentions and replies only;
// photos are fetched from public addresses; nothing longer than 2000. Where
// sources differ (bodies with and without an envelope, the spelling of the error
// code, the status of errors) there are switches. It fails on demand, and it
// keeps what every chat shows.
//
// [Server] is an http.Handler. [Transport] reaches a handler without a network,
// so that tests with a standing clock (testing/synctest) can use it.
package fakezalobot

import (
	"cchcbot/bot/bottest/faketelegram"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options configure a Server.
type Options struct {
	Token   string // required, "<digits>:<secret>"
	Display string // the bot's name as people see it; "" means "Trợ lý CCHC"
	Account string // its account name; "" means "bot.cchc"
	// Client delivers webhooks; nil means none can be delivered.
	Client *http.Client
	// Retries is how often a delivery that was not answered 200 is repeated; the
	// real number is not documented. RetryAfter is the time between, 0 means 1 s.
	Retries    int
	RetryAfter time.Duration
	// Now dates messages; nil means time.Now. Waits use package time.
	Now func() time.Time
}

// Quirks are what sources tell differently of the platform. The zero value is
// what its manual shows.
type Quirks struct {
	Bare       bool   // webhook bodies without an envelope
	Lists      bool   // getUpdates answers lists of one
	Nulls      bool   // getUpdates answers null when there is nothing, and at once
	CamelCode  bool   // errors have "errorCode"
	Errors200  bool   // errors come with HTTP 200
	InfoAbsent bool   // getWebhookInfo answers 404 when no webhook is set
	Seconds    bool   // dates in seconds
	PlainNames bool   // "name" instead of "display_name"
	PhotoField string // "" means "photo"; may be "photo_url"
	// Check is the outcome of setWebhook's check, "" for success, "none" for an
	// answer without one.
	Check string
}

// Server is the platform. Its methods are safe for concurrent use.
type Server struct {
	opt Options

	mu      sync.Mutex
	quirks  Quirks
	changed chan struct{} // closed and replaced at every change
	closed  chan struct{}
	work    faketelegram.Work
	people  map[string]*Person
	groups  map[string]*Chat
	chats   map[string]*Chat
	files   map[string][]byte
	queue   []*update
	handed  bool // an update was handed out and nobody asked for the next one yet
	lost    int  // deliveries that were given up
	next    int  // of ids
	hook    webhook
	faults  []*Fault
	calls   []Call
	typing  map[string]int
}

// Call is a request as the server saw it.
type Call struct {
	Method string
	Params map[string]any
	Code   int // of the answer; 0 when the connection was cut
}

// New returns a server without anybody on it. Close ends its deliveries.
func New(opt Options) *Server {
	if opt.Display == "" {
		opt.Display = "Trợ lý CCHC"
	}
	if opt.Account == "" {
		opt.Account = "bot.cchc"
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.RetryAfter == 0 {
		opt.RetryAfter = time.Second
	}
	return &Server{
		opt: opt, changed: make(chan struct{}), closed: make(chan struct{}),
		people: map[string]*Person{}, groups: map[string]*Chat{}, chats: map[string]*Chat{}, files: map[string][]byte{}, typing: map[string]int{},
	}
}

// Be sets the quirks.
func (s *Server) Be(q Quirks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quirks = q
}

// Close ends deliveries and waiting requests, and returns when they are over.
func (s *Server) Close() {
	s.mu.Lock()
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	s.mu.Unlock()
	s.work.Close()
}

// Token is the bot's.
func (s *Server) Token() string { return s.opt.Token }

// notify wakes whoever waits for a change. s.mu is held.
func (s *Server) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// id returns a new id in the platform's style, no number. s.mu is held.
func (s *Server) id(kind string) string {
	s.next++
	return fmt.Sprintf("%s%016x", kind, 0x9f31_0000_0000+s.next*7919)
}

// apiError is an answer with ok false.
type apiError struct {
	code  int
	text  string
	retry int // seconds of a Retry-After header
}

func (e *apiError) Error() string { return e.text }

func bad(format string, args ...any) error {
	return &apiError{code: 400, text: "Bad Request: " + fmt.Sprintf(format, args...)}
}

var (
	errEmpty  = &apiError{code: 408, text: "Request timeout"}
	errHooked = &apiError{code: 400, text: "Bad Request: getUpdates cannot be used while a webhook is set"}
	errToken  = &apiError{code: 401, text: "Unauthorized"}
	errMethod = &apiError{code: 404, text: "Not Found"}
)

// request is a call with its parameters.
type request struct {
	method string
	params map[string]any
	http   *http.Request
}

// text is a parameter that has to be a string.
func (r *request) text(name string) (string, error) {
	v, ok := r.params[name]
	if !ok {
		return "", nil
	}
	t, ok := v.(string)
	if !ok {
		return "", bad("%s must be a string", name)
	}
	return t, nil
}

const maxRequest = 1 << 20

// ServeHTTP answers /bot<token>/<method>, and /files/<name> as the host of photos.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.work.Enter() {
		panic(http.ErrAbortHandler)
	}
	defer s.work.Done()
	if name, ok := strings.CutPrefix(r.URL.Path, "/files/"); ok {
		s.serveFile(w, r, name)
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/bot")
	token, method, ok2 := strings.Cut(path, "/")
	switch {
	case !ok || !ok2:
		s.write(w, nil, errMethod)
	case token != s.opt.Token:
		s.write(w, nil, errToken)
	case r.Method != http.MethodPost && r.Method != http.MethodGet:
		s.write(w, nil, errMethod)
	default:
		s.serveMethod(w, r, method)
	}
}

func (s *Server) serveMethod(w http.ResponseWriter, r *http.Request, method string) {
	req := &request{method: method, params: map[string]any{}, http: r}
	data, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil || len(data) > 0 && json.Unmarshal(data, &req.params) != nil || req.params == nil {
		s.write(w, nil, bad("the body is no JSON object"))
		return
	}
	f := s.fault(req)
	if f != nil {
		if f.Slow > 0 && !s.pause(r, f.Slow) {
			panic(http.ErrAbortHandler)
		}
		if f.Cut {
			s.note(req, 0)
			panic(http.ErrAbortHandler) // the connection breaks before anything happens
		}
		if f.Code != 0 {
			s.note(req, f.Code)
			s.refuse(w, f)
			return
		}
	}
	result, err := s.run(req)
	if f != nil && f.Lost {
		s.note(req, 0)
		panic(http.ErrAbortHandler) // done, and nobody hears of it
	}
	s.note(req, codeOf(err))
	s.write(w, result, err)
}

func codeOf(err error) int {
	if e, ok := err.(*apiError); ok { //nolint:errorlint // never wrapped here
		return e.code
	}
	return 200
}

func (s *Server) note(r *request, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, Call{Method: r.method, Params: r.params, Code: code})
	s.notify()
}

// Calls returns the calls of a method so far, "" for all of them.
func (s *Server) Calls(method string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Call
	for _, c := range s.calls {
		if method == "" || c.Method == method {
			out = append(out, c)
		}
	}
	return out
}

// pause waits d, and reports false when the caller left or the server closed.
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

// noResult is what a method without a result returns.
type noResult struct{}

func (s *Server) write(w http.ResponseWriter, result any, err error) {
	s.mu.Lock()
	q := s.quirks
	s.mu.Unlock()
	body := map[string]any{"ok": err == nil}
	code := 200
	if _, without := result.(noResult); err == nil && !without {
		body["result"] = result
	}
	if err != nil {
		e, ok := err.(*apiError) //nolint:errorlint // never wrapped here
		if !ok {
			e = &apiError{code: 500, text: "Internal Server Error"}
		}
		name := "error_code"
		if q.CamelCode {
			name = "errorCode"
		}
		body[name], body["description"] = e.code, e.text
		if code = e.code; q.Errors200 {
			code = 200
		}
		if e.retry > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(e.retry))
		}
	}
	data, merr := json.Marshal(body)
	if merr != nil {
		http.Error(w, "the fake cannot write its answer", 500)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(data) // a caller who left notices by itself
}

// run does what a method does.
func (s *Server) run(r *request) (any, error) {
	switch r.method {
	case "getUpdates":
		return s.getUpdates(r)
	case "setWebhook":
		return s.setWebhook(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.notify()
	switch r.method {
	case "getMe":
		number, _, _ := strings.Cut(s.opt.Token, ":")
		return map[string]any{"id": number, "account_name": s.opt.Account, "account_type": "BASIC", "can_join_groups": true, "display_name": s.opt.Display}, nil
	case "getWebhookInfo":
		if s.hook.url == "" && s.quirks.InfoAbsent {
			return nil, errMethod
		}
		return map[string]any{"url": s.hook.url, "updated_at": s.opt.Now().UnixMilli()}, nil
	case "deleteWebhook":
		s.hook.url, s.hook.secret = "", ""
		return true, nil
	case "testWebhook":
		return nil, &apiError{code: 426, text: "testWebhook: daily quota exceeded"}
	case "sendMessage", "sendPhoto", "sendSticker", "sendVoice":
		return s.send(r)
	case "sendChatAction":
		return s.chatAction(r)
	}
	return nil, errMethod
}
