package zalo

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Limits of a call.
const (
	maxAnswer   = 1 << 20          // bytes of an answer
	callTimeout = 20 * time.Second // below what delivery gives a send
	fewLeft     = 20               // calls of this minute: below, sends wait for the next
)

// api carries calls to Zalo. It knows nothing of tokens but how to show one.
type api struct {
	base, oauth string
	app, secret string
	proof       bool
	http        *http.Client
}

func newAPI(opt Options) (*api, error) {
	a := &api{app: opt.AppID, secret: opt.AppSecret, proof: opt.Proof}
	for _, u := range []struct {
		text string
		to   *string
	}{{opt.APIURL, &a.base}, {opt.OAuthURL, &a.oauth}} {
		p, err := url.Parse(u.text)
		if err != nil || p.Host == "" || p.Scheme != "https" && p.Scheme != "http" || p.User != nil {
			return nil, errors.New("zalo: an API address is not like https://openapi.zalo.me")
		}
		*u.to = strings.TrimSuffix(p.Scheme+"://"+p.Host+p.Path, "/")
	}
	client := http.Client{}
	if opt.HTTP != nil {
		client = *opt.HTTP
	} else if own, ok := http.DefaultTransport.(*http.Transport); ok {
		client.Transport = own.Clone()
	}
	client.Timeout = 0 // each call has its own
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a.http = &client
	return a, nil
}

// reply is the envelope of every answer. Numbers come as strings, too.
type reply struct {
	Error   *number         `json:"error"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`

	left int // calls left in this minute; -1 when the answer did not say
}

// number is an integer that may stand in quotes.
type number int64

// UnmarshalJSON reads 5, "5", "" and null.
func (n *number) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "" || text == "null" {
		*n = 0
		return nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(text, 64)
		if ferr != nil || f > 1e15 || f < -1e15 {
			return errors.New("not a number")
		}
		v = int64(f)
	}
	*n = number(v)
	return nil
}

// length is a number that nothing hangs on: what is none ("1.2 MB") reads as 0.
type length int64

// UnmarshalJSON never fails: a message is not lost for it.
func (l *length) UnmarshalJSON(b []byte) error {
	var n number
	if n.UnmarshalJSON(b) != nil {
		n = 0
	}
	*l = length(n)
	return nil
}

// ident is an id: digits beyond 53 bits, as a string or as a number.
type ident string

// UnmarshalJSON keeps the digits as they stand.
func (i *ident) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*i = ident(s)
		return nil
	}
	if text := string(b); text != "null" {
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return errors.New("not an id")
		}
		*i = ident(text)
	}
	return nil
}

// reach says how far a call came that has no answer.
type reach int

const (
	unsent   reach = iota // it never left
	sent                  // it left: it may have been done
	refused               // an answer without a verdict: a gateway's page, or no JSON
	overload              // too many calls
)

// callError is a call without a usable answer.
type callError struct {
	reach  reach
	status int
	wait   time.Duration
	err    error // holds no address
}

func (e *callError) Error() string {
	if e.status != 0 {
		return fmt.Sprintf("HTTP %d: %v", e.status, e.err)
	}
	return e.err.Error()
}

func (e *callError) Unwrap() error { return e.err }

// codeError is Zalo's own no. Its message is not kept: it may repeat what was sent.
type codeError struct{ code int }

func (e *codeError) Error() string { return "zalo answers " + strconv.Itoa(e.code) }

// call is one request.
type call struct {
	method, path string
	query        url.Values
	body         any // as JSON
	file         *upload
	token        string
}

// upload is a file for a multipart body.
type upload struct {
	name string
	data []byte
}

// do sends a call and returns the envelope when Zalo said yes.
func (a *api) do(ctx context.Context, c call) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := a.request(ctx, c)
	if err != nil {
		return reply{}, &callError{reach: unsent, err: err}
	}
	resp, err := a.ask(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	return read(resp)
}

// ask sends a request. One that never had a connection (no address, nobody
// there, no agreement on TLS) cannot have been done; with one, nobody knows.
func (a *api) ask(req *http.Request) (*http.Response, error) {
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	resp, err := a.http.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err == nil {
		return resp, nil
	}
	at := unsent
	if connected.Load() {
		at = sent
	}
	return nil, &callError{reach: at, err: bare(err)}
}

func (a *api) request(ctx context.Context, c call) (*http.Request, error) {
	address := a.base + c.path
	if len(c.query) > 0 {
		address += "?" + c.query.Encode()
	}
	var body io.Reader
	kind := ""
	switch {
	case c.file != nil:
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		part, err := w.CreateFormFile("file", c.file.name)
		if err != nil {
			return nil, errors.New("the upload cannot be written")
		}
		if _, err := part.Write(c.file.data); err != nil {
			return nil, errors.New("the upload cannot be written")
		}
		if err := w.Close(); err != nil {
			return nil, errors.New("the upload cannot be written")
		}
		body, kind = &b, w.FormDataContentType()
	case c.body != nil:
		b, err := json.Marshal(c.body)
		if err != nil {
			return nil, errors.New("the request cannot be written")
		}
		body, kind = bytes.NewReader(b), "application/json"
	}
	req, err := http.NewRequestWithContext(ctx, c.method, address, body)
	if err != nil {
		return nil, errors.New("the request cannot be made")
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	// Names with an underscore, set as they are written in the documentation.
	req.Header["access_token"] = []string{c.token}
	if a.proof {
		mac := hmac.New(sha256.New, []byte(a.secret))
		mac.Write([]byte(c.token))
		req.Header["appsecret_proof"] = []string{hex.EncodeToString(mac.Sum(nil))}
	}
	return req, nil
}

// read judges an answer by its body, whatever the status: Zalo says no with
// 200, and sometimes with 400.
func read(resp *http.Response) (reply, error) {
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return reply{}, &callError{reach: sent, status: resp.StatusCode, err: bare(err)}
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		return reply{}, &callError{reach: overload, status: resp.StatusCode, wait: retryAfter(resp), err: errors.New("too many calls")}
	}
	r := reply{left: -1}
	if len(raw) > maxAnswer || json.Unmarshal(raw, &r) != nil || r.Error == nil {
		at := refused
		if resp.StatusCode == http.StatusServiceUnavailable {
			at = unsent // a gateway that passes nothing on
		}
		return reply{}, &callError{reach: at, status: resp.StatusCode, err: errors.New("the answer is none of the API's")}
	}
	if left, err := strconv.Atoi(resp.Header.Get("X-RateLimit-Remain")); err == nil {
		r.left = left
	}
	if *r.Error != 0 {
		return r, &codeError{int(*r.Error)}
	}
	return r, nil
}

func retryAfter(resp *http.Response) time.Duration {
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 && s < 3600 {
		return time.Duration(s) * time.Second
	}
	return time.Minute
}

// bare takes the address out of an error: it may hold what must not be logged.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// get is a call of the reading kind, whose argument is JSON in the query.
func get(path string, data any) (call, error) {
	c := call{method: http.MethodGet, path: path}
	if data != nil {
		b, err := json.Marshal(data)
		if err != nil {
			return c, errors.New("the request cannot be written")
		}
		c.query = url.Values{"data": {string(b)}}
	}
	return c, nil
}

// call makes a call with the current token. A token that died meanwhile, since
// somebody renewed it, is read anew once; one that Zalo no longer takes is renewed once.
func (o *OA) call(ctx context.Context, c call) (reply, error) {
	t, err := o.keeper.token(ctx)
	if err != nil {
		return reply{}, err
	}
	c.token = t.Access
	r, err := o.api.do(ctx, c)
	var code *codeError
	if !errors.As(err, &code) || o.table[code.code].Action != actionRefresh {
		return r, err
	}
	if t, err = o.keeper.after(ctx, t.Generation); err != nil {
		return reply{}, err
	}
	c.token = t.Access
	return o.api.do(ctx, c)
}
