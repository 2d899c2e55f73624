// Package faketelegram is Telegram for tests: a Bot API server in memory with
// the people who write to a bot. It was written from the public manual and the
// behaviour of the open-source API server, and shares no code with the client
// that it tests.
//
// It enforces what the real one does: lengths, buttons, markup, one poller at a
// time, the order of deliveries, which chats a bot may write to. It fails on
// demand, and it keeps what every chat shows, as a citizen reads it.
//
// [Server] is an http.Handler. [Transport] reaches a handler without a network,
// so that tests with a standing clock (testing/synctest) can use it.
package faketelegram

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options configure a Server.
type Options struct {
	Token    string // required
	Username string // "" means "cchc_bot"
	// Client delivers webhooks; nil means none can be delivered.
	Client *http.Client
	// Now dates messages; nil means time.Now. Waits use package time.
	Now func() time.Time
	// PerSecond (all chats), PerChatSecond (a private one, beyond a burst of three) and
	// PerGroupMinute are the rates above which sends get 429; 0 means any.
	PerSecond, PerChatSecond, PerGroupMinute int
	// Anybody means that whoever is unknown pressed Start long ago: a crowd costs nothing then.
	Anybody bool
}

// Server is the platform. Its methods are safe for concurrent use.
type Server struct {
	opt Options
	id  int64 // the bot's

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at every change
	closed   chan struct{}
	work     Work
	people   map[string]*Person
	groups   map[string]*Chat
	chats    map[int64]*Chat
	files    map[string]*file
	queries  map[string]*query
	queue    []*update
	nextID   int64 // of people, files and queries
	nextUpd  int64
	allowed  map[string]bool // nil: the default
	polling  int             // number of the newest getUpdates
	hook     webhook
	faults   []*Fault
	calls    []Call
	answers  map[int]int // by code
	commands map[string][]Command
	sends    []sendTime
	came     int // messages of the bot that arrived
	actions  int
}

type sendTime struct {
	at   time.Time
	chat int64
}

// Call is a request as the server saw it.
type Call struct {
	Method string
	Params map[string]string
	Code   int // of the answer; 0 when the connection was cut
}

// Command is a line of the menu of commands.
type Command struct{ Command, Description string }

// New returns a server without anybody on it. Close ends its deliveries.
func New(opt Options) *Server {
	if opt.Username == "" {
		opt.Username = "cchc_bot"
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	number, _, _ := strings.Cut(opt.Token, ":")
	id, _ := strconv.ParseInt(number, 10, 64) // a token without a number has the id 0
	return &Server{
		opt: opt, id: id, changed: make(chan struct{}), closed: make(chan struct{}),
		people: map[string]*Person{}, groups: map[string]*Chat{}, chats: map[int64]*Chat{}, files: map[string]*file{},
		queries: map[string]*query{}, answers: map[int]int{}, commands: map[string][]Command{}, nextID: 7000, nextUpd: 500_000_000,
	}
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

func (s *Server) number() int64 {
	s.nextID++
	return s.nextID
}

// apiError is an answer with ok false.
type apiError struct {
	code       int
	text       string
	retryAfter int
	migrateTo  int64
}

func (e *apiError) Error() string { return e.text }

func bad(format string, args ...any) error {
	return &apiError{code: 400, text: "Bad Request: " + fmt.Sprintf(format, args...)}
}

func forbidden(text string) error { return &apiError{code: 403, text: "Forbidden: " + text} }

// request is a call with its parameters and files.
type request struct {
	method string
	params map[string]string
	files  map[string][]byte
	names  map[string]string
	http   *http.Request
}

func (r *request) int(name string) int64 {
	n, _ := strconv.ParseInt(r.params[name], 10, 64) // not a number counts as 0, as the real server has it
	return n
}

func (r *request) bool(name string) bool { return r.params[name] == "true" || r.params[name] == "1" }

const maxRequest = 52 << 20

var tokenForm = regexp.MustCompile(`^[0-9]+:[A-Za-z0-9_-]{30,50}$`)

// ServeHTTP answers /bot<token>/<method> and /file/bot<token>/<path>.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.work.Enter() {
		panic(http.ErrAbortHandler)
	}
	defer s.work.Done()
	path, isFile := strings.CutPrefix(r.URL.Path, "/file")
	path, ok := strings.CutPrefix(path, "/bot")
	token, rest, ok2 := strings.Cut(path, "/")
	switch {
	case !ok || !ok2 || token != s.opt.Token && !tokenForm.MatchString(token):
		write(w, nil, &apiError{code: 404, text: "Not Found"})
	case token != s.opt.Token:
		write(w, nil, &apiError{code: 401, text: "Unauthorized"})
	case isFile:
		s.serveFile(w, rest)
	default:
		s.serveMethod(w, r, rest)
	}
}

func (s *Server) serveMethod(w http.ResponseWriter, r *http.Request, method string) {
	req, err := parse(r, method)
	if err != nil {
		write(w, nil, err)
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
		if f.refuses() {
			s.note(req, f.Code)
			f.answer(w)
			return
		}
	}
	result, err := s.run(req)
	if f != nil && f.Lost {
		s.note(req, 0)
		panic(http.ErrAbortHandler) // done, and nobody hears of it
	}
	s.note(req, codeOf(err))
	write(w, result, err)
}

func codeOf(err error) int {
	if e, ok := err.(*apiError); ok {
		return e.code
	}
	return 200
}

func (s *Server) note(r *request, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[code]++
	if len(s.calls) < maxKeptCalls {
		s.calls = append(s.calls, Call{Method: r.method, Params: r.params, Code: code})
	}
	s.notify()
}

// maxKeptCalls is how many calls are kept; all are counted.
const maxKeptCalls = 20_000

// Answers is how many calls were answered with a code; 0: the connection was cut.
func (s *Server) Answers(code int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers[code]
}

// Came is how many messages of the bot arrived.
func (s *Server) Came() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.came
}

// Calls returns the first calls of a method, "" for all methods.
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

// parse reads parameters from the address, a form, a multipart body or JSON.
func parse(r *http.Request, method string) (*request, error) {
	req := &request{method: method, params: map[string]string{}, files: map[string][]byte{}, names: map[string]string{}, http: r}
	take := func(v url.Values) {
		for k := range v {
			req.params[k] = v.Get(k)
		}
	}
	take(r.URL.Query())
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // unknown: no parameters
	switch kind {
	case "application/json":
		data, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
		if err != nil {
			return nil, bad("can't read the request")
		}
		return req, req.json(data)
	case "application/x-www-form-urlencoded":
		data, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
		if err != nil {
			return nil, bad("can't read the request")
		}
		v, err := url.ParseQuery(string(data))
		if err != nil {
			return nil, bad("can't parse the request")
		}
		take(v)
	case "multipart/form-data":
		return req, req.multipart(r)
	}
	return req, nil
}

func (r *request) json(data []byte) error {
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		return bad("can't parse the request as JSON")
	}
	for k, v := range m {
		if text, ok := v.(string); ok {
			r.params[k] = text
			continue
		}
		b, err := json.Marshal(v)
		if err != nil {
			return bad("can't parse the request as JSON")
		}
		r.params[k] = string(b)
	}
	return nil
}

func (r *request) multipart(h *http.Request) error {
	reader, err := h.MultipartReader()
	if err != nil {
		return bad("can't parse the multipart request")
	}
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return bad("can't parse the multipart request")
		}
		data, err := io.ReadAll(io.LimitReader(part, maxRequest))
		if err != nil {
			return bad("can't read the multipart request")
		}
		if part.FileName() == "" {
			r.params[part.FormName()] = string(data)
			continue
		}
		r.files[part.FormName()], r.names[part.FormName()] = data, part.FileName()
	}
}

func write(w http.ResponseWriter, result any, err error) {
	body := map[string]any{"ok": err == nil}
	code := 200
	if err == nil {
		body["result"] = result
	} else {
		e, ok := err.(*apiError)
		if !ok {
			e = &apiError{code: 500, text: "Internal Server Error"}
		}
		code = e.code
		body["error_code"], body["description"] = e.code, e.text
		extra := map[string]any{}
		if e.retryAfter > 0 {
			extra["retry_after"] = e.retryAfter
		}
		if e.migrateTo != 0 {
			extra["migrate_to_chat_id"] = e.migrateTo
		}
		if len(extra) > 0 {
			body["parameters"] = extra
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
	switch strings.ToLower(r.method) {
	case "getupdates":
		return s.getUpdates(r)
	case "setwebhook":
		return s.setWebhook(r)
	case "deletewebhook":
		return s.deleteWebhook(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.notify()
	switch strings.ToLower(r.method) {
	case "getme":
		return map[string]any{"id": s.id, "is_bot": true, "first_name": "Cải cách hành chính", "username": s.opt.Username, "can_join_groups": true, "can_read_all_group_messages": false}, nil
	case "getwebhookinfo":
		return s.webhookInfo(), nil
	case "sendmessage", "sendphoto", "senddocument", "sendvideo", "sendvoice", "sendsticker", "sendmediagroup":
		return s.send(r)
	case "editmessagetext", "editmessagereplymarkup":
		return s.edit(r)
	case "answercallbackquery":
		return s.answerQuery(r)
	case "sendchataction":
		if _, err := s.target(r); err != nil {
			return nil, err
		}
		s.actions++
		return true, nil
	case "setmycommands":
		return s.setCommands(r)
	case "getfile":
		return s.getFile(r)
	}
	return nil, &apiError{code: 404, text: "Not Found: method not found"}
}

var commandForm = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)

func (s *Server) setCommands(r *request) (any, error) {
	var list []Command
	if err := json.Unmarshal([]byte(r.params["commands"]), &list); err != nil {
		return nil, bad("can't parse BotCommand")
	}
	if len(list) > 100 {
		return nil, bad("BOT_COMMANDS_TOO_MUCH")
	}
	for _, c := range list {
		if !commandForm.MatchString(c.Command) {
			return nil, bad("BOT_COMMAND_INVALID")
		}
		if n := len([]rune(c.Description)); n < 1 || n > 256 {
			return nil, bad("BOT_COMMAND_DESCRIPTION_INVALID")
		}
	}
	s.commands[r.params["language_code"]] = list
	return true, nil
}

// Commands returns the menu for a language code, "" for everybody's.
func (s *Server) Commands(code string) []Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Command(nil), s.commands[code]...)
}
