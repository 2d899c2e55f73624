package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"
)

// maxAnswer bounds an answer of the API, in bytes: a hundred updates.
const maxAnswer = 16 << 20

// How long one request may take, beside the caller's own limit.
const (
	callTimeout   = 25 * time.Second
	uploadTimeout = 3 * time.Minute
)

// api reaches the Bot API. Every error it returns is a *failure.
type api struct {
	token    string
	endpoint string // as the module wants it: %s for the token and the method
	files    *url.URL
	http     *http.Client
}

func newAPI(address, token string, client *http.Client) (*api, error) {
	u, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("telegram: the API address must be https://host")
	}
	if client == nil {
		client = &http.Client{}
	}
	c := *client
	c.Timeout = 0 // a limit for all calls would end long polls; each call has its own
	// The address holds the token: it is never followed to another host.
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.Jar = nil
	return &api{
		token: token, http: &c, files: u,
		endpoint: strings.ReplaceAll(u.String(), "%", "%%") + "/bot%s/%s",
	}, nil
}

// failure is a call that did not succeed. Its text holds neither the token nor
// what the API quoted of a message.
type failure struct {
	method     string
	code       int    // the API's error code, or the HTTP status where there is no such answer; 0 for none
	text       string // the API's description in lower case; may quote what was sent, so it is never shown
	answered   bool   // the API itself answered, in its own form
	reached    bool   // the request had a connection: it may have been processed
	retryAfter time.Duration
	movedTo    int64
	cause      error // of a request without answer, redacted
}

func (f *failure) Error() string {
	switch {
	case f.answered:
		return fmt.Sprintf("%s: %d %s", f.method, f.code, f.judge().name)
	case f.cause != nil && f.code != 0:
		return fmt.Sprintf("%s: HTTP %d and no answer of the API: %v", f.method, f.code, f.cause)
	default:
		return fmt.Sprintf("%s: no answer: %v", f.method, f.cause)
	}
}

func (f *failure) Unwrap() error { return f.cause }

// call runs a method and returns its result. Files are uploaded with it.
func (a *api) call(ctx context.Context, method string, params tgbotapi.Params, files ...tgbotapi.RequestFile) (json.RawMessage, error) {
	limit := callTimeout
	if len(files) > 0 {
		limit = uploadTimeout
	}
	return a.callFor(ctx, limit, method, params, files...)
}

func (a *api) callFor(ctx context.Context, limit time.Duration, method string, params tgbotapi.Params, files ...tgbotapi.RequestFile) (json.RawMessage, error) {
	if err := ctx.Err(); err != nil {
		return nil, &failure{method: method, cause: err}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	d := &doer{ctx: ctx, api: a}
	client := &tgbotapi.BotAPI{Token: a.token, Client: d} // a value of its own for each call: it carries the context
	client.SetAPIEndpoint(a.endpoint)
	var resp *tgbotapi.APIResponse
	var err error
	if len(files) > 0 {
		resp, err = client.UploadFiles(method, params, files)
	} else {
		resp, err = client.MakeRequest(method, params)
	}
	if err != nil {
		return nil, a.failure(d, method, err)
	}
	return resp.Result, nil
}

// failure says what went wrong. The module's error for an upload has no code.
func (a *api) failure(d *doer, method string, err error) *failure {
	f := &failure{method: method, reached: d.reached.Load(), code: d.status}
	var e *tgbotapi.Error
	if !errors.As(err, &e) || (e.Code == 0 && e.Message == "") {
		f.cause = a.redact(err)
		return f
	}
	f.answered, f.text = true, strings.ToLower(e.Message)
	f.retryAfter = time.Duration(min(max(e.RetryAfter, 0), 1<<30)) * time.Second // more would overflow
	f.movedTo = e.MigrateToChatID
	if e.Code != 0 {
		f.code = e.Code
	}
	if f.code < 400 {
		f.code = codeOf(f)
	}
	return f
}

// codeOf is the code of an error that came without one.
func codeOf(f *failure) int {
	for prefix, code := range map[string]int{
		"bad request": 400, "unauthorized": 401, "forbidden": 403, "not found": 404, "conflict": 409, "too many requests": 429,
	} {
		if strings.HasPrefix(f.text, prefix) {
			return code
		}
	}
	return http.StatusInternalServerError
}

// doer is the HTTP client of one call: it applies the call's context, takes the
// token out of errors, and notes how far the request came.
type doer struct {
	ctx     context.Context
	api     *api
	reached atomic.Bool
	status  int
}

func (d *doer) Do(req *http.Request) (*http.Response, error) {
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { d.reached.Store(true) }}
	resp, err := d.api.http.Do(req.WithContext(httptrace.WithClientTrace(d.ctx, trace)))
	if err != nil {
		return nil, d.api.redact(err)
	}
	d.status = resp.StatusCode
	resp.Body = &limited{ReadCloser: resp.Body, left: maxAnswer}
	return resp, nil
}

// redact returns an error without the token: net/http puts the whole address
// into its errors, so that layer is taken off; the rest is searched.
func (a *api) redact(err error) error {
	for {
		var u *url.Error
		if !errors.As(err, &u) {
			break
		}
		err = u.Err
	}
	if err == nil || !strings.Contains(err.Error(), a.token) {
		return err
	}
	told := errors.New(strings.ReplaceAll(err.Error(), a.token, "[token]"))
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return errors.Join(known, told)
		}
	}
	return told
}

// limited ends with an error where a body is longer than it may be.
type limited struct {
	io.ReadCloser
	left int64
}

var errTooLong = errors.New("the answer is longer than it may be")

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		// Whether this was the end shows only when one more byte is asked for.
		n, err := l.ReadCloser.Read(make([]byte, 1))
		if n > 0 {
			return 0, errTooLong
		}
		return 0, err
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.ReadCloser.Read(p)
	l.left -= int64(n)
	return n, err
}
