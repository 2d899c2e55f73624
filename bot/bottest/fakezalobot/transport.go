package fakezalobot

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
)

// Transport reaches a handler without a network. A handler that panics with
// http.ErrAbortHandler breaks the connection, as it does on a real server.
func Transport(h http.Handler) http.RoundTripper { return transport{h} }

type transport struct{ h http.Handler }

var errBroken = errors.New("the connection broke")

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	done := make(chan *http.Response, 1)
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "192.0.2.1:1234"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	go func() {
		var resp *http.Response
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler { //nolint:errorlint // panics are compared as they are
				panic(p)
			}
			_ = in.Body.Close()
			done <- resp
		}()
		w := httptest.NewRecorder()
		t.h.ServeHTTP(w, in)
		resp = w.Result()
		body, _ := io.ReadAll(resp.Body) // of a recorder, which cannot fail
		resp.Body = io.NopCloser(bytes.NewReader(body))
		resp.ContentLength = int64(len(body))
		resp.Request = r
	}()
	select {
	case resp := <-done:
		if resp == nil {
			return nil, errBroken
		}
		return resp, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// Client is an HTTP client that reaches the server, whatever host it asks for.
func (s *Server) Client() *http.Client { return &http.Client{Transport: Transport(s)} }
