// Package fakezalo is the Zalo Official Account platform for tests: the OA
// OpenAPI, the token endpoint and the webhook deliveries, in memory, with the
// people who write to an account. It was written from the platform's
// documentation and shares nothing with the client it tests but the table of
// error numbers.
//
// It enforces what the real one does: tokens that are good for one use, windows
// after a citizen's last word, limits of texts, buttons and uploads, hours of
// the day. Where the documentation leaves a question open, a switch in Options
// answers it either way. It fails on demand.
package fakezalo

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"cchcbot/bot/bottest/faketelegram"
	"cchcbot/bot/zalo/codes"
)

// Options configure a Server. The zero value of a switch is what the newest
// documentation says.
type Options struct {
	AppID, AppSecret, OASecret, OAID string // all required
	Name                             string // of the account; "" means "CCHC Hải Dương"
	WebhookURL                       string
	Client                           *http.Client // delivers webhooks; nil means none can be delivered
	Now                              func() time.Time
	Buttons, Lists                   bool          // the account may send them
	NumericStamps                    bool          // timestamps and expires_in as numbers
	NestedHistory                    bool          // a conversation as {"data": […]}
	History                          HistoryOrder  // in which a conversation is listed
	SplitImages                      bool          // several pictures as several events
	RetryRefused                     bool          // deliveries that are not answered 200 come again, too
	RetryAfter                       time.Duration // between deliveries of the same event; 0 means 30 s
	PerMinute                        int           // calls; 0 means 4000
	DayQuota                         int           // messages between 48 hours and seven days; 0 means 100
	ArticlesPerMonth                 int           // for one follower; 0 means 4
}

// HistoryOrder is how a conversation is listed, which the documentation leaves open.
type HistoryOrder int

// The orders.
const (
	NewestFirst   HistoryOrder = iota
	OldestFirst                // offset 0 is the first message ever
	NewestPages                // the newest page first, and in it the oldest message first
	NewestUntimed              // newest first, without times
)

// Lives and windows of the platform.
const (
	codeLife     = 10 * time.Minute
	accessLife   = 25 * time.Hour
	refreshLife  = 90 * 24 * time.Hour
	freeWindow   = 48 * time.Hour
	openWindow   = 7 * 24 * time.Hour
	uploadLife   = 7 * 24 * time.Hour
	welcomeMost  = 3
	maxKeptCalls = 20_000
)

var zone = time.FixedZone("ICT", 7*60*60)

// Server is the platform. Its methods are safe for concurrent use.
type Server struct {
	opt   Options
	codes codes.Table

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at every change
	closed   chan struct{}
	work     faketelegram.Work
	consents map[string]*consent // by code
	access   string
	accessAt time.Time
	refresh  string
	issued   time.Time
	spent    map[string]int // how often each refresh token was shown
	people   map[string]*person
	byID     map[string]*person
	groups   map[string]*group
	uploads  map[string]upload
	files    map[string][]byte // what citizens sent, by the path of its address
	articles map[string]*article
	faults   []*Fault
	calls    []Call
	answers  map[int]int // by error
	minute   time.Time
	inMinute int
	used     int // of DayQuota
	number   int64
	queue    []delivery
	flying   int
	running  bool
	posted   int
	stamped  time.Time // of the last event
}

// consent is an account's yes that waits for its exchange.
type consent struct {
	challenge string
	until     time.Time
}

// Call is a request as the platform saw it.
type Call struct {
	Method, Path string
	Body         map[string]any
	Code         int // error of the answer; -9999 when the connection was cut
}

// New returns a platform without anybody on it. Close ends its deliveries.
func New(opt Options) (*Server, error) {
	table, err := codes.Load()
	if err != nil {
		return nil, err
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Name == "" {
		opt.Name = "CCHC Hải Dương"
	}
	if opt.RetryAfter == 0 {
		opt.RetryAfter = 30 * time.Second
	}
	if opt.PerMinute == 0 {
		opt.PerMinute = 4000
	}
	if opt.DayQuota == 0 {
		opt.DayQuota = 100
	}
	if opt.ArticlesPerMonth == 0 {
		opt.ArticlesPerMonth = 4
	}
	return &Server{
		opt: opt, codes: table, changed: make(chan struct{}), closed: make(chan struct{}), consents: map[string]*consent{},
		spent: map[string]int{}, people: map[string]*person{}, byID: map[string]*person{}, groups: map[string]*group{},
		uploads: map[string]upload{}, files: map[string][]byte{}, articles: map[string]*article{}, answers: map[int]int{}, number: 24_000_000_000,
	}, nil
}

// Close ends deliveries and returns when they are over.
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

// Client is an HTTP client that reaches the platform, whatever host it asks for.
func (s *Server) Client() *http.Client {
	return &http.Client{Transport: faketelegram.Transport(s)}
}

// Settings are the options that the platform runs with.
func (s *Server) Settings() Options { return s.opt }

// notify wakes whoever waits for a change. s.mu is held.
func (s *Server) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// id returns a new id of the length that Zalo's have. s.mu is held.
func (s *Server) id(prefix string) string {
	s.number++
	return prefix + strconv.FormatInt(3_886_130_000_000_000_000+s.number, 10)
}

// fail is a no with a number.
type fail struct {
	code int
	text string
}

func (f *fail) Error() string { return f.text }

func no(code int, format string, args ...any) error {
	return &fail{code, fmt.Sprintf(format, args...)}
}

// ServeHTTP answers the API, the token endpoint and the host of attachments.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.work.Enter() {
		panic(http.ErrAbortHandler)
	}
	defer s.work.Done()
	if strings.HasPrefix(r.URL.Path, filesPath) {
		s.serveFile(w, r)
		return
	}
	q, err := parse(r)
	f := s.fault(r.URL.Path, q)
	if f != nil {
		if f.Slow > 0 && !s.pause(r, f.Slow) || f.Cut {
			s.note(r, q, -9999)
			panic(http.ErrAbortHandler)
		}
		if f.Status != 0 || f.Code != 0 {
			s.note(r, q, f.Code)
			f.answer(w)
			return
		}
	}
	var answer any
	if err == nil {
		answer, err = s.route(r, q)
	}
	if f != nil && f.Lost {
		s.note(r, q, -9999)
		panic(http.ErrAbortHandler) // done, and nobody hears of it
	}
	s.note(r, q, codeOf(err))
	s.write(w, r, answer, err)
}

func codeOf(err error) int {
	if f, ok := err.(*fail); ok { //nolint:errorlint // made here, never wrapped
		return f.code
	}
	return 0
}

func (s *Server) note(r *http.Request, q *request, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[code]++
	if len(s.calls) < maxKeptCalls {
		s.calls = append(s.calls, Call{Method: r.Method, Path: r.URL.Path, Body: q.body, Code: code})
	}
	s.notify()
}

// Answers is how many calls were answered with an error's number; 0 is success.
func (s *Server) Answers(code int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers[code]
}

// Calls returns the calls of a path so far, "" for all of them.
func (s *Server) Calls(path string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Call
	for _, c := range s.calls {
		if path == "" || c.Path == path {
			out = append(out, c)
		}
	}
	return out
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, answer any, err error) {
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=utf-8")
	if raw, ok := answer.(rawAnswer); ok {
		w.WriteHeader(raw.status)
		_ = json.NewEncoder(w).Encode(raw.body) // a caller who left notices by itself
		return
	}
	s.mu.Lock()
	left := max(s.opt.PerMinute-s.inMinute, 0)
	s.mu.Unlock()
	h.Set("X-RateLimit-Limit", strconv.Itoa(s.opt.PerMinute))
	h.Set("X-RateLimit-Remain", strconv.Itoa(left))
	body := map[string]any{"error": 0, "message": "Success"}
	switch f, ok := err.(*fail); { //nolint:errorlint // made here, never wrapped
	case err == nil:
		body["data"] = answer
	case ok:
		body["error"], body["message"] = f.code, f.text
		if f.code == 404 {
			w.WriteHeader(http.StatusNotFound)
			body["message"] = "empty or invalid API"
		}
	default:
		body["error"], body["message"] = -200, "send message failed"
	}
	_ = json.NewEncoder(w).Encode(body) // as above
}

// rawAnswer is an answer outside of the envelope: the token endpoint's.
type rawAnswer struct {
	status int
	body   any
}

// route does what a path does.
func (s *Server) route(r *http.Request, q *request) (any, error) {
	switch r.URL.Path {
	case "/v4/oa/access_token":
		return s.token(r, q)
	case "/v4/oa/permission":
		return s.permission(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.notify()
	if err := s.admit(r); err != nil {
		return nil, err
	}
	switch path := r.URL.Path; {
	case path == "/v3.0/oa/message/cs":
		return s.consult(q)
	case path == "/v3.0/oa/group/message":
		return s.sendGroup(q)
	case path == "/v2.0/oa/message":
		return s.broadcast(q)
	case strings.HasPrefix(path, "/v2.0/oa/upload/"):
		return s.upload(strings.TrimPrefix(path, "/v2.0/oa/upload/"), q)
	case path == "/v3.0/oa/user/detail":
		return s.detail(q)
	case path == "/v2.0/oa/getoa":
		return s.account(), nil
	case path == "/v2.0/oa/conversation":
		return s.conversation(q)
	case path == "/v3.0/oa/quota/message":
		return s.quotaOf(q)
	case path == "/v2.0/article/create":
		return s.createArticle(q)
	case path == "/v2.0/article/update":
		return s.updateArticle(q)
	case path == "/v2.0/article/verify":
		return s.verifyArticle(q)
	}
	return nil, no(404, "no such API")
}

// admit checks the token and the calls of this minute. s.mu is held.
func (s *Server) admit(r *http.Request) error {
	now := s.opt.Now()
	if m := now.Truncate(time.Minute); !m.Equal(s.minute) {
		s.minute, s.inMinute = m, 0
	}
	if s.inMinute++; s.inMinute > s.opt.PerMinute {
		return no(-32, "your application reach limit call api")
	}
	shown := ""
	for name, values := range r.Header { // set as it is written, which is not canonical
		if strings.EqualFold(name, "access_token") && len(values) == 1 {
			shown = values[0]
		}
	}
	switch {
	case shown == "" || shown != s.access:
		return no(-216, "Access token is invalid")
	case !now.Before(s.accessAt.Add(accessLife)):
		return no(-220, "Access token has expired")
	}
	return nil
}

func (s *Server) account() any {
	return map[string]any{
		"oaid": s.opt.OAID, "name": s.opt.Name, "is_verified": true, "oa_type": 4, "num_follower": len(s.people),
		"package_name": "Nâng cao", "package_valid_through_date": "31/12/2027",
	}
}
