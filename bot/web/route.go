package web

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// RouteOption changes how requests of one route are treated.
type RouteOption func(*route)

// Body sets the largest body in bytes.
func Body(n int64) RouteOption { return func(r *route) { r.body = n } }

// Framed lets the listed origins ("https://…") show the route in a frame
// beside this site itself. Without it nobody may.
func Framed(origins ...string) RouteOption {
	return func(r *route) { r.ancestors = strings.Join(append([]string{"'self'"}, origins...), " ") }
}

// CrossSite takes unsafe methods from other sites too: for routes that check
// the origin or a signature themselves.
func CrossSite() RouteOption { return func(r *route) { r.crossSite = true } }

// Unlimited takes the route out of the rate limit per address: for platforms,
// which send everybody's messages from a few addresses.
func Unlimited() RouteOption { return func(r *route) { r.unlimited = true } }

type route struct {
	name      string // pattern, for the log and the measurements
	handler   http.Handler
	body      int64
	ancestors string
	crossSite bool
	unlimited bool
}

// Handle registers h for a pattern of net/http.ServeMux. It panics on a
// pattern that is malformed or clashes, as the mux does: a mistake of the
// programmer, seen at the start.
func (s *Server) Handle(pattern string, h http.Handler, opts ...RouteOption) {
	rt := &route{name: pattern, handler: h, body: MaxBody, ancestors: "'none'"}
	for _, o := range opts {
		o(rt)
	}
	s.mux.Handle(pattern, s.guard(rt))
}

// serve answers a request, also one that no route wants.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	h, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	// The mux knows whether the path or only the method is wrong; the page is ours.
	s.guard(&route{name: "none", body: MaxBody, ancestors: "'none'", crossSite: true,
		handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			probe := &probe{header: http.Header{}}
			h.ServeHTTP(probe, r)
			if allow := probe.header.Get("Allow"); allow != "" {
				w.Header().Set("Allow", allow)
			}
			status := probe.status
			if status < http.StatusBadRequest {
				status = http.StatusNotFound // the mux would lead to a tidier path, which nobody serves either
			}
			s.pages.fail(w, r, status)
		})}).ServeHTTP(w, r)
}

// probe finds out which status a handler would answer with.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header { return p.header }
func (p *probe) WriteHeader(status int) {
	if p.status == 0 {
		p.status = status
	}
}
func (p *probe) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	return len(b), nil
}

// guard does for a route what the package comment promises.
func (s *Server) guard(rt *route) http.Handler {
	forged := http.NewCrossOriginProtection()
	csp := "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors " + rt.ancestors
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.opt.Now()
		body := &limitedBody{}
		rec := &recorder{ResponseWriter: w, body: body}
		rec.tooLarge = func() { s.pages.fail(w, r, http.StatusRequestEntityTooLarge) }
		defer s.finish(rt, rec, r, start)
		s.secure(w.Header(), csp)

		client := s.clientAddr(r)
		if !rt.unlimited {
			if wait := s.limit.take(client); wait > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
				s.pages.fail(rec, r, http.StatusTooManyRequests)
				return
			}
		}
		if !rt.crossSite && forged.Check(r) != nil {
			s.pages.fail(rec, r, http.StatusForbidden)
			return
		}
		if r.ContentLength > rt.body {
			s.pages.fail(rec, r, http.StatusRequestEntityTooLarge)
			return
		}
		if client.IsValid() {
			r.RemoteAddr = netip.AddrPortFrom(client, 0).String()
		}
		if r.ContentLength > MaxBody {
			s.patience(w)
		}
		body.ReadCloser = http.MaxBytesReader(w, r.Body, rt.body)
		r.Body = body
		rt.handler.ServeHTTP(rec, r)
	})
}

// patience gives files that come over a slow line the time they need: the timeouts of
// the server are meant for forms. A handler that knows better sets its own.
func (s *Server) patience(w http.ResponseWriter) {
	ctl := http.NewResponseController(w)
	until := time.Now().Add(UploadTimeout) // of the connection, which knows no other clock
	err := errors.Join(ctl.SetReadDeadline(until), ctl.SetWriteDeadline(until.Add(WriteTimeout)))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.opt.Log.Warn("an upload keeps the time of a form", "err", err)
	}
}

func (s *Server) secure(h http.Header, csp string) {
	h.Set("Content-Security-Policy", csp)
	h.Set("X-Content-Type-Options", "nosniff")
	// With no-referrer browsers send "Origin: null" along with a form, and over plain http
	// nothing else tells that the form is ours. Other sites learn nothing either way.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), payment=(), usb=(), geolocation=(self)")
	if s.public.Scheme == "https" {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// finish runs last for every request: it recovers, measures and logs.
func (s *Server) finish(rt *route, rec *recorder, r *http.Request, start time.Time) {
	p := recover()
	if p == http.ErrAbortHandler { //nolint:errorlint // the sentinel is compared as net/http does
		panic(p) // the handler wants the connection cut; net/http sees to it quietly
	}
	cut := p != nil && rec.status != 0 // half an answer is out
	if p != nil {
		s.opt.Log.Error("request panicked", "route", rt.name, "method", method(r), "panic", panicText(p), "stack", string(debug.Stack()))
		if rec.status == 0 {
			s.pages.fail(rec, r, http.StatusInternalServerError)
		}
	}
	status := rec.status
	if status == 0 {
		status = http.StatusOK
	}
	took := s.opt.Now().Sub(start)
	if s.opt.Meter != nil {
		s.opt.Meter.Observe(rt.name, method(r), status, took)
	}
	// The pattern, not the path: paths hold tokens and codes.
	s.opt.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("route", rt.name), slog.String("method", method(r)),
		slog.Int("status", status), slog.Int64("bytes", rec.bytes), slog.Duration("took", took))
	if cut {
		panic(http.ErrAbortHandler) // net/http cuts the connection, so that the half is not taken for a whole
	}
}

// panicText says what panicked without what a citizen may have written: only
// the runtime's own errors are free of it.
func panicText(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", p)
}

// method keeps invented methods out of the log and the measurements.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "OTHER"
}
