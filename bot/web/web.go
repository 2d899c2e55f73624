// Package web is the HTTP server of the program: it carries the platforms'
// webhooks, the web chat, public pages and the console, and answers /healthz,
// /readyz and /metrics itself.
//
// Every route gets the same care before its handler runs: the client's address
// (believed from X-Forwarded-For only when a trusted proxy says it), a rate
// limit, a limit on the body, protection against requests forged by other
// sites, security headers, recovery from panics, a log line without query,
// body or address, and a measurement. A [RouteOption] loosens one of these where
// a route needs it. Handlers find the client's address in Request.RemoteAddr.
//
// A stop is graceful: requests under way finish within [StopLimit]. Streams do
// not end by themselves; whoever serves them registers with [Server.OnStop].
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"

	"cchcbot/bot"
)

// Limits of the server. Handlers that stream move their own write deadline
// with http.ResponseController.
const (
	HeaderTimeout = 5 * time.Second
	ReadTimeout   = 15 * time.Second
	UploadTimeout = 3 * time.Minute // in place of ReadTimeout, for bodies that say to be larger than MaxBody
	WriteTimeout  = 45 * time.Second
	IdleTimeout   = 60 * time.Second
	StopLimit     = 15 * time.Second // how long requests under way may take when the server stops
	MaxHeader     = 16 << 10         // bytes of a request's header
	MaxBody       = 1 << 20          // bytes of a body where the route says nothing else
)

// Options configure a Server.
type Options struct {
	Listen    string // "127.0.0.1:8080"; port 0 takes a free one
	PublicURL string // what citizens reach, "https://…"; "" for http:// and the listening address
	// MetricsListen is where /metrics answers; "" means beside everything else.
	MetricsListen string
	// TrustedProxies are the peers whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Rate is the budget of one client address; the zero value means 10 requests a second, 60 at once.
	Rate bot.Rate
	// MaxClients is how many addresses are told apart, 20,000 when 0; the longest silent is forgotten first.
	MaxClients int
	// MaxConns is how many connections are open at once, 4096 when 0; more wait.
	MaxConns int
	Log      *slog.Logger
	Now      func() time.Time
	// Ready reports what must work for the program to be useful. It is called
	// for each /readyz with five seconds to answer.
	Ready func(ctx context.Context) []Check
	// Meter measures requests and serves /metrics; nil means neither.
	Meter Meter
}

// Check is one thing that must work. Reason says in plain English what is
// wrong and what to do; it is public, so it never holds an address or a secret.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

// Meter counts requests by route pattern and shows the counts.
type Meter interface {
	http.Handler
	Observe(route, method string, status int, took time.Duration)
}

// Server is one HTTP server. Its methods are safe for concurrent use.
type Server struct {
	opt       Options
	public    *url.URL
	mux       *http.ServeMux
	pages     *pages
	limit     *limiter
	http      *http.Server
	listener  net.Listener
	metrics   *http.Server
	metricsIn net.Listener
	stopping  atomic.Bool
}

// New opens the listening sockets. Requests are served from Run on; a server
// that never runs must be closed.
func New(opt Options) (*Server, error) {
	if opt.Listen == "" {
		return nil, errors.New("web: no address to listen on")
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Rate == (bot.Rate{}) {
		opt.Rate = bot.Rate{PerSecond: 10, Burst: 60}
	}
	if opt.Rate.PerSecond <= 0 || opt.Rate.Burst < 1 {
		return nil, fmt.Errorf("web: rate of %g a second and %d at once lets nothing through", opt.Rate.PerSecond, opt.Rate.Burst)
	}
	if opt.MaxClients <= 0 {
		opt.MaxClients = 20_000
	}
	if opt.MaxConns <= 0 {
		opt.MaxConns = 4096
	}
	p, err := loadPages()
	if err != nil {
		return nil, err
	}
	s := &Server{opt: opt, mux: http.NewServeMux(), pages: p, limit: newLimiter(opt.Rate, opt.MaxClients, opt.Now)}
	if err := s.listen(); err != nil {
		return nil, err
	}
	if err := s.setPublic(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.routes()
	return s, nil
}

func (s *Server) listen() error {
	var l net.ListenConfig
	in, err := l.Listen(context.Background(), "tcp", s.opt.Listen)
	if err != nil {
		return fmt.Errorf("web: listen: %w", err)
	}
	s.listener = netutil.LimitListener(in, s.opt.MaxConns)
	s.http = s.newHTTP(http.HandlerFunc(s.serve))
	if s.opt.MetricsListen == "" || s.opt.Meter == nil {
		return nil
	}
	if s.metricsIn, err = l.Listen(context.Background(), "tcp", s.opt.MetricsListen); err != nil {
		return errors.Join(fmt.Errorf("web: listen for metrics: %w", err), s.listener.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.opt.Meter)
	s.metrics = s.newHTTP(mux)
	return nil
}

func (s *Server) newHTTP(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: HeaderTimeout,
		ReadTimeout:       ReadTimeout,
		WriteTimeout:      WriteTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    MaxHeader,
		// The standard library's own lines name peers, so they are for debugging only.
		ErrorLog: slog.NewLogLogger(s.opt.Log.Handler(), slog.LevelDebug),
	}
}

func (s *Server) setPublic() error {
	if s.opt.PublicURL == "" {
		s.opt.PublicURL = "http://" + s.Addr()
	}
	u, err := url.Parse(s.opt.PublicURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("web: the public URL must be http:// or https:// with a host")
	}
	s.public = u
	return nil
}

// Addr is the address the server really listens on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// MetricsAddr is where /metrics is served, "" when nowhere.
func (s *Server) MetricsAddr() string {
	switch {
	case s.metricsIn != nil:
		return s.metricsIn.Addr().String()
	case s.opt.Meter != nil:
		return s.Addr()
	}
	return ""
}

// PublicURL is where citizens reach the server, without a slash at the end.
func (s *Server) PublicURL() string {
	u := *s.public
	for len(u.Path) > 0 && u.Path[len(u.Path)-1] == '/' {
		u.Path = u.Path[:len(u.Path)-1]
	}
	return u.String()
}

// OnStop registers f to be called once when the server begins to stop: the
// place to end streams. It must not block.
func (s *Server) OnStop(f func()) { s.http.RegisterOnShutdown(f) }

// Run serves until ctx ends, then stops gracefully. It returns nil after a
// stop that was asked for, also by Shutdown.
func (s *Server) Run(ctx context.Context) error {
	failed := make(chan error, 2)
	running := 1
	go func() { failed <- s.http.Serve(s.listener) }()
	if s.metrics != nil {
		running++
		go func() { failed <- s.metrics.Serve(s.metricsIn) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		running--
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), StopLimit)
	defer cancel()
	err = errors.Join(err, s.Shutdown(stop))
	for ; running > 0; running-- {
		if e := <-failed; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// Shutdown takes no new requests, tells streams to end and waits until the
// requests under way are answered. When ctx ends first, their connections are
// cut and ctx's error is returned.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopping.Store(true)
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("web: stop: %w", err), s.http.Close())
	}
	if s.metrics != nil {
		err = errors.Join(err, s.metrics.Close())
	}
	return err
}

// Close stops at once and cuts what is under way.
func (s *Server) Close() error {
	s.stopping.Store(true)
	err := s.http.Close()
	// A server that never served does not know its listener.
	if e := s.listener.Close(); e != nil && !errors.Is(e, net.ErrClosed) {
		err = errors.Join(err, e)
	}
	if s.metrics != nil {
		err = errors.Join(err, s.metrics.Close())
		if e := s.metricsIn.Close(); e != nil && !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}
