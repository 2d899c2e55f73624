package zalobot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// maxAnswer bounds an answer of the API, in bytes. It holds one update.
const maxAnswer = 4 << 20

// callTimeout is how long one request may take, beside the caller's own limit.
const callTimeout = 25 * time.Second

// params are the fields of a request's body.
type params map[string]any

// api reaches the platform. Every error it returns is a *failure.
type api struct {
	token string
	base  string
	http  *http.Client
}

func newAPI(address, token string, client *http.Client) (*api, error) {
	u, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("zalobot: the API address must be https://host")
	}
	if client == nil {
		client = &http.Client{}
	}
	c := *client
	c.Timeout = 0 // a limit for all calls would end long polls; each call has its own
	// The address holds the token: it is never followed to another host.
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.Jar = nil
	return &api{token: token, base: u.String(), http: &c}, nil
}

// failure is a call that did not succeed. Its text holds neither the token nor
// what the platform quoted of a message.
type failure struct {
	method     string
	code       int    // the platform's error code, or the HTTP status where there is none; 0 for no answer
	text       string // the description in lower case; may quote what was sent, so it is never shown as it is
	answered   bool   // the platform itself answered, in its own form
	reached    bool   // the request had a connection: it may have been processed
	retryAfter time.Duration
	cause      error // of a request without answer, redacted
}

func (f *failure) Error() string {
	switch {
	case f.answered:
		return fmt.Sprintf("%s: %d %s", f.method, f.code, f.judge().name)
	case f.cause != nil && f.code != 0:
		return fmt.Sprintf("%s: HTTP %d and no answer of the platform: %v", f.method, f.code, f.cause)
	default:
		return fmt.Sprintf("%s: no answer: %v", f.method, f.cause)
	}
}

func (f *failure) Unwrap() error { return f.cause }

// envelope is every answer. Both spellings of the code occur.
type envelope struct {
	OK          *bool           `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        loose           `json:"error_code"`
	CamelCode   loose           `json:"errorCode"`
	Description loose           `json:"description"`
}

// call runs a method and returns its result, which is empty where the platform
// sends none.
func (a *api) call(ctx context.Context, limit time.Duration, method string, p params) (json.RawMessage, error) {
	if err := ctx.Err(); err != nil {
		return nil, &failure{method: method, cause: err}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if p == nil {
		p = params{}
	}
	body, err := json.Marshal(p)
	if err != nil {
		return nil, &failure{method: method, cause: errors.New("the request cannot be written")}
	}
	var reached atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { reached.Store(true) }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodPost, a.base+"/bot"+a.token+"/"+method, bytes.NewReader(body))
	if err != nil {
		return nil, &failure{method: method, cause: a.redact(err)}
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.http.Do(req)
	if err != nil {
		return nil, &failure{method: method, reached: reached.Load(), cause: a.redact(err)}
	}
	defer resp.Body.Close()
	return a.read(method, resp)
}

// read understands an answer.
func (a *api) read(method string, resp *http.Response) (json.RawMessage, error) {
	f := &failure{method: method, code: resp.StatusCode, reached: true}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		f.cause = a.redact(err)
		return nil, f
	case len(raw) > maxAnswer:
		f.cause = errors.New("the answer is longer than it may be")
		return nil, f
	}
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil || e.OK == nil {
		f.cause = errors.New("the answer has another form")
		return nil, f
	}
	if *e.OK {
		return e.Result, nil
	}
	f.answered, f.text = true, strings.ToLower(string(e.Description))
	for _, c := range []loose{e.Code, e.CamelCode} {
		if n, err := strconv.Atoi(string(c)); err == nil && n > 0 {
			f.code = n
			break
		}
	}
	if f.code < 400 {
		f.code = http.StatusInternalServerError // it says that it failed, and not how
	}
	if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && n > 0 {
		f.retryAfter = min(time.Duration(n)*time.Second, throttleMost)
	}
	return nil, f
}

// get runs a method and reads its result.
func (a *api) get(ctx context.Context, method string, p params, into any) error {
	result, err := a.call(ctx, callTimeout, method, p)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(result, into); err != nil {
		return &failure{method: method, reached: true, code: http.StatusOK, cause: errors.New("the answer has another form")}
	}
	return nil
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

// loose is a string that the platform may print as a number: ids are longer
// than what a float64 keeps. Anything else reads as "".
type loose string

// UnmarshalJSON takes a string or a number, and passes over other values.
func (l *loose) UnmarshalJSON(b []byte) error {
	*l = ""
	var s string
	if json.Unmarshal(b, &s) == nil {
		*l = loose(s)
		return nil
	}
	var n json.Number
	if json.Unmarshal(b, &n) == nil {
		*l = loose(n)
	}
	return nil
}
