package web

import (
	"errors"
	"io"
	"net/http"
)

// recorder remembers how a request was answered. When the handler fails after
// the body turned out too large, the client reads 413 and not the handler's
// guess at what was wrong.
type recorder struct {
	http.ResponseWriter
	body     *limitedBody
	tooLarge func()
	status   int
	bytes    int64
	swallow  bool // the 413 is out; the handler's own words are dropped
}

func (r *recorder) WriteHeader(status int) {
	if r.status != 0 {
		return
	}
	if status < 200 {
		r.ResponseWriter.WriteHeader(status)
		return
	}
	if status >= 400 && status != http.StatusRequestEntityTooLarge && r.body.exceeded {
		r.status, r.swallow = http.StatusRequestEntityTooLarge, true
		r.tooLarge()
		return
	}
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	if r.swallow {
		return len(b), nil
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach deadlines and flushing.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush serves handlers that look for an http.Flusher.
func (r *recorder) Flush() {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	_ = http.NewResponseController(r.ResponseWriter).Flush() // nothing to do for a client that is gone
}

// limitedBody remembers that the limit was hit.
type limitedBody struct {
	io.ReadCloser
	exceeded bool
}

func (b *limitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		b.exceeded = true
	}
	return n, err
}
