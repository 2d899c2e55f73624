// Package fakemail is a mail server that keeps what it is given: a real SMTP
// receiver on this machine, with faults that tests ask for, and the mailbox that
// `serve --with-fakes` shows. Nothing leaves it.
package fakemail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Limits of the mailbox.
const (
	maxMail  = 4 << 20 // bytes of one mail
	maxMails = 500     // the oldest make room
	idle     = time.Minute
)

// Options configure a Server.
type Options struct {
	TLS      *tls.Config // nil: no encryption is offered
	Implicit bool        // TLS from the first byte
	User     string      // "" for nobody
	Password string
	Now      func() time.Time // nil: time.Now
}

// Stage is where a delivery can fail.
type Stage string

// The stages.
const (
	AtConnect Stage = "connect"
	AtAuth    Stage = "auth"
	AtFrom    Stage = "from"
	AtTo      Stage = "to"
	AtData    Stage = "data"  // after the content came
	AtDone    Stage = "done"  // after the mail was taken: the answer is lost
	AtStart   Stage = "start" // in the middle of the content
)

// Fault makes deliveries fail. A Code of 0 drops the connection.
type Fault struct {
	Stage   Stage
	To      string // only for this recipient; "" for any
	Code    int
	Message string
	Times   int // how often; 0 means always
}

// Server is the mail server.
type Server struct {
	opt    Options
	smtp   *smtp.Server
	listen net.Listener
	served sync.WaitGroup

	mu      sync.Mutex
	mails   []Mail
	faults  []Fault
	open    int
	most    int
	changed chan struct{}
}

// New starts a server on a free port of this machine.
func New(opt Options) (*Server, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if opt.Implicit {
		l = tls.NewListener(l, opt.TLS)
	}
	s := &Server{opt: opt, listen: l, changed: make(chan struct{})}
	srv := smtp.NewServer(smtp.BackendFunc(s.session))
	srv.Domain, srv.MaxMessageBytes, srv.MaxRecipients = "localhost", maxMail, 50
	srv.ReadTimeout, srv.WriteTimeout = idle, idle
	srv.AllowInsecureAuth, srv.ErrorLog = true, log.New(io.Discard, "", 0)
	if !opt.Implicit {
		srv.TLSConfig = opt.TLS
	}
	s.smtp = srv
	s.served.Go(func() { _ = srv.Serve(l) }) // ends with Close
	return s, nil
}

// Addr is host and port.
func (s *Server) Addr() string { return s.listen.Addr().String() }

// URL is SMTP_URL for this server.
func (s *Server) URL() string {
	scheme, who := "smtp://", ""
	if s.opt.Implicit {
		scheme = "smtps://"
	}
	if s.opt.User != "" {
		who = s.opt.User + ":" + s.opt.Password + "@"
	}
	return scheme + who + s.Addr()
}

// Close ends the server and every connection.
func (s *Server) Close() error {
	err := s.smtp.Close()
	// A server that was closed before it began to serve does not know its listener.
	_ = s.listen.Close()
	s.served.Wait()
	if errors.Is(err, smtp.ErrServerClosed) {
		return nil
	}
	return err
}

// Fail adds faults; none takes all away.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(faults) == 0 {
		s.faults = nil
	}
	s.faults = append(s.faults, faults...)
}

// Mails are those that were taken, oldest first.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// To are the mails to one address.
func (s *Server) To(address string) []Mail {
	return slices.DeleteFunc(s.Mails(), func(m Mail) bool { return !slices.Contains(m.To, address) })
}

// MostAtOnce is how many connections there were at the same time.
func (s *Server) MostAtOnce() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// Wait waits until ok is true of the mails, asked after each that is taken. false: end came first.
func (s *Server) Wait(end <-chan struct{}, ok func([]Mail) bool) bool {
	for {
		s.mu.Lock()
		mails, changed := slices.Clone(s.mails), s.changed
		s.mu.Unlock()
		if ok(mails) {
			return true
		}
		select {
		case <-changed:
		case <-end:
			return false
		}
	}
}

// fault is what happens at a stage: nothing, an answer, or the end of the connection.
func (s *Server) fault(c *smtp.Conn, at Stage, to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Stage != at || f.To != "" && f.To != to {
			continue
		}
		if f.Times > 0 {
			if s.faults[i].Times--; s.faults[i].Times == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
		}
		if f.Code == 0 {
			_ = c.Conn().Close() // that is the fault
			return io.ErrUnexpectedEOF
		}
		return &smtp.SMTPError{Code: f.Code, EnhancedCode: smtp.NoEnhancedCode, Message: f.Message + " " + to}
	}
	return nil
}

func (s *Server) session(c *smtp.Conn) (smtp.Session, error) {
	if err := s.fault(c, AtConnect, ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	s.most = max(s.most, s.open)
	return &session{server: s, conn: c, signed: s.opt.User == ""}, nil
}

type session struct {
	server *Server
	conn   *smtp.Conn
	signed bool
	ended  bool
	from   string
	to     []string
}

// AuthMechanisms are those of most mail servers.
func (s *session) AuthMechanisms() []string {
	if s.server.opt.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth signs in.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if err := s.server.fault(s.conn, AtAuth, ""); err != nil {
			return err
		}
		if user != s.server.opt.User || password != s.server.opt.Password {
			return smtp.ErrAuthFailed
		}
		s.signed = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.signed {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	s.from = from
	return s.server.fault(s.conn, AtFrom, from)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.server.fault(s.conn, AtTo, to); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	to := strings.Join(s.to, ",")
	if err := s.server.fault(s.conn, AtStart, to); err != nil {
		return err
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxMail))
	if err != nil {
		return err
	}
	if err := s.server.fault(s.conn, AtData, to); err != nil {
		return err
	}
	m, err := read(raw)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "The mail cannot be read"}
	}
	_, m.Encrypted = s.conn.TLSConnectionState()
	m.Sender, m.To, m.At, m.Raw = s.from, slices.Clone(s.to), s.server.opt.Now(), bytes.Clone(raw)
	s.server.keep(m)
	return s.server.fault(s.conn, AtDone, to)
}

func (s *Server) keep(m Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails[max(0, len(s.mails)+1-maxMails):], m)
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *session) Reset() { s.from, s.to = "", nil }

func (s *session) Logout() error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if !s.ended {
		s.ended = true
		s.server.open--
	}
	return nil
}
