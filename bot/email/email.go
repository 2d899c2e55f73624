// Package email is a channel that only sends: complaints and reminders to agencies,
// alarms to whoever runs the program. A message's chat is the e-mail address; the first
// line of its text is the subject, the rest the body; buttons that open an address
// become links. Whoever wants to answer follows the link: nothing is received.
//
// A message goes to one mail server over SMTP (RFC 5321), by STARTTLS (RFC 3207) or
// TLS from the first byte (RFC 8314), as plain text and as simple HTML. Its Message-ID
// comes from the message's own id, so that a mail sent twice because a connection was
// lost at the wrong moment is known as the same one.
package email

import (
	"context"
	"crypto/tls"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
)

// Name is the channel's name.
const Name = "email"

//go:embed text
var textFiles embed.FS

// Texts is the catalog of why mails wait or were given up.
func Texts() fs.FS { return textFiles }

// Limits of the channel.
const (
	maxSubject  = 150              // letters; mail programs show about 70
	maxButtons  = 20               // links under a mail
	maxTitle    = 80               // letters of a link's title
	sendLimit   = 45 * time.Second // one mail, from the first packet to the last; delivery allows a minute
	dialLimit   = 15 * time.Second
	checkLimit  = 15 * time.Second
	connections = 4 // at a time; servers begin to refuse at about ten
)

// pace is what a provincial mail server bears without looking twice: about 3,600
// mails an hour, and no address more than one a second.
var pace = bot.Pace{PerSecond: 1, Burst: 10, PerChatSecond: 1, ChatBurst: 5}

// Options configure a Sender. URL, From and Now are required.
type Options struct {
	// URL is smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465.
	// STARTTLS is required unless the host is this machine or the address ends in ?tls=none.
	URL  string
	From string // address, or "Name <address>"
	Now  func() time.Time
	TLS  *tls.Config // what certificates are believed; nil: those of the system
	Pace bot.Pace    // zero: a mail a second
	// Dial reaches the server; nil: straight.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Sender is the channel. Its methods are safe for concurrent use.
type Sender struct {
	server server
	from   sender
	now    func() time.Time
	tls    *tls.Config
	pace   bot.Pace
	dialer func(ctx context.Context, network, address string) (net.Conn, error)
	slots  chan struct{}
}

var (
	_ bot.Channel = (*Sender)(nil)
	_ bot.Checker = (*Sender)(nil)
)

// server is where mails are handed over.
type server struct {
	host     string
	port     int
	implicit bool // TLS from the first byte
	plain    bool // no TLS at all
	user     string
	password string
}

// New checks the options. It connects to nothing.
func New(opt Options) (*Sender, error) {
	srv, err := parseURL(opt.URL)
	if err != nil {
		return nil, err
	}
	from, err := parseFrom(opt.From)
	if err != nil {
		return nil, err
	}
	if opt.Now == nil {
		return nil, errors.New("email: Now is missing")
	}
	if opt.Pace == (bot.Pace{}) {
		opt.Pace = pace
	}
	if opt.Dial == nil {
		opt.Dial = (&net.Dialer{}).DialContext
	}
	config := &tls.Config{}
	if opt.TLS != nil {
		config = opt.TLS.Clone()
	}
	config.ServerName, config.MinVersion = srv.host, tls.VersionTLS12
	return &Sender{
		server: srv, from: from, now: opt.Now, tls: config, pace: opt.Pace, dialer: opt.Dial, slots: make(chan struct{}, connections),
	}, nil
}

// Check reports what is wrong with the two settings, for a program that starts.
func Check(address, from string) error {
	_, err := New(Options{URL: address, From: from, Now: time.Now})
	return err
}

// errURL never shows what was given: it may hold a password.
var errURL = errors.New("email: SMTP_URL has to be smtp://user:password@host:587 or smtps://user:password@host:465")

func parseURL(raw string) (server, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return server{}, errURL
	}
	s := server{host: u.Hostname(), user: u.User.Username()}
	s.password, _ = u.User.Password()
	switch u.Scheme {
	case "smtp":
		s.port = 587
	case "smtps":
		s.port, s.implicit = 465, true
	default:
		return server{}, errURL
	}
	if p := u.Port(); p != "" {
		if s.port, err = strconv.Atoi(p); err != nil || s.port < 1 || s.port > 65535 {
			return server{}, errURL
		}
	}
	for name, values := range u.Query() {
		if name != "tls" || len(values) != 1 || values[0] != "none" || s.implicit {
			return server{}, fmt.Errorf("%w; the only addition is ?tls=none", errURL)
		}
		s.plain = true
	}
	if !s.implicit && loopback(s.host) {
		s.plain = true
	}
	return s, nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// Name is "email".
func (s *Sender) Name() string { return Name }

// Limits: a text of any length stays one mail, for its first line is the subject.
// Choices that would have to be pressed have no place in a mail and are left out.
func (s *Sender) Limits() bot.Limits {
	return bot.Limits{Buttons: maxButtons, ButtonTitle: maxTitle, RowButtons: 1, Pace: s.pace}
}

// Send hands a mail to the server.
func (s *Sender) Send(ctx context.Context, m bot.Message) (bot.Receipt, error) {
	if !ValidAddress(m.To.Chat) {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Rejected, Reason: reasonAddress, Err: errors.New("it is no e-mail address")}
	}
	id := s.messageID(m.ID)
	msg, err := s.compose(m, id)
	if err != nil {
		return bot.Receipt{}, &bot.SendError{Kind: bot.Rejected, Reason: reasonUnfit, Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	if err := s.slot(ctx); err != nil {
		return bot.Receipt{}, err
	}
	defer func() { <-s.slots }()
	if err := s.deliver(ctx, msg); err != nil {
		return bot.Receipt{}, err
	}
	return bot.Receipt{ID: id}, nil
}

func (s *Sender) slot(ctx context.Context) error {
	select {
	case s.slots <- struct{}{}:
		if ctx.Err() == nil {
			return nil
		}
		<-s.slots
	case <-ctx.Done():
	}
	return temporary("waiting for a connection", ctx.Err())
}

// Check connects, encrypts and signs in, as for a mail, and sends none.
func (s *Sender) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	return s.deliver(ctx, nil)
}

// ValidAddress reports whether a is an address that can be sent to: letters, digits
// and the signs of RFC 5322 atoms before the @, a name of at least two labels or this
// machine's behind it. Quoted and international addresses are not taken.
func ValidAddress(a string) bool {
	local, domain, ok := strings.Cut(a, "@")
	if !ok || len(a) > 254 || local == "" || len(local) > 64 || !utf8.ValidString(a) {
		return false
	}
	for part := range strings.SplitSeq(local, ".") {
		if part == "" {
			return false
		}
		for _, r := range part {
			if !alnum(r) && !strings.ContainsRune("!#$%&'*+/=?^_`{|}~-", r) {
				return false
			}
		}
	}
	labels := strings.Split(domain, ".")
	if len(labels) < 2 && domain != "localhost" {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for _, r := range l {
			if !alnum(r) && r != '-' {
				return false
			}
		}
	}
	return true
}

func alnum(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
