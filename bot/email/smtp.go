package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"sync"

	gomail "github.com/wneessen/go-mail"
	gosmtp "github.com/wneessen/go-mail/smtp"

	"cchcbot/bot"
)

// Reasons that operators read; keys of this package's catalog and delivery's.
const (
	reasonTemporary = "delivery.reason_temporary"
	reasonUnknown   = "delivery.reason_unknown"
	reasonUnfit     = "delivery.reason_unfit"
	reasonAddress   = "delivery.reason_email_address"
	reasonMailbox   = "delivery.reason_email_mailbox"
	reasonContent   = "delivery.reason_email_content"
	reasonSender    = "delivery.reason_email_sender"
	reasonSignIn    = "delivery.reason_email_signin"
	reasonTLS       = "delivery.reason_email_tls"
)

// temporary is a failure after which nothing was handed over.
func temporary(doing string, err error) *bot.SendError {
	return &bot.SendError{Kind: bot.Temporary, Reason: reasonTemporary, Err: fmt.Errorf("%s: %w", doing, bare(err))}
}

// bare is an error without what a server quoted of an address, or a resolver of a name.
func bare(err error) error {
	var reply *textproto.Error
	var op *net.OpError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &reply):
		return fmt.Errorf("the server answers %d", reply.Code)
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.As(err, &op):
		return fmt.Errorf("%s: %w", op.Op, op.Err)
	}
	return err
}

// session is one connection to the server.
type session struct {
	mu   sync.Mutex
	conn net.Conn
	over bool
}

// dial opens the connection; the library does not close one on which it failed.
func (s *Sender) dial(sess *session) gomail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialLimit)
		defer cancel()
		conn, err := s.dialer(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if s.server.implicit {
			over := tls.Client(conn, s.tls)
			if err := over.HandshakeContext(ctx); err != nil {
				return nil, errors.Join(err, conn.Close())
			}
			conn = over
		}
		sess.mu.Lock()
		defer sess.mu.Unlock()
		if sess.over {
			return nil, errors.Join(context.Canceled, conn.Close())
		}
		sess.conn = conn
		return conn, nil
	}
}

// close ends the connection, whoever waits on it.
func (sess *session) close() {
	sess.mu.Lock()
	defer sess.mu.Unlock()
	sess.over = true
	if sess.conn != nil {
		_ = sess.conn.Close() // what was said on it is known
	}
}

// client prepares the library for one connection.
func (s *Sender) client(sess *session) (*gomail.Client, error) {
	opts := []gomail.Option{
		gomail.WithPort(s.server.port), gomail.WithTimeout(sendLimit), gomail.WithHELO(s.from.domain),
		gomail.WithDialContextFunc(s.dial(sess)), gomail.WithTLSConfig(s.tls), gomail.WithoutNoop(), gomail.WithoutRset(), gomail.WithoutSMTPUTF8(),
	}
	switch {
	case s.server.implicit:
		opts = append(opts, gomail.WithSSL())
	case s.server.plain:
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.server.user != "" {
		opts = append(opts, gomail.WithSMTPAuthCustom(&signIn{server: s.server}))
	}
	return gomail.NewClient(s.server.host, opts...)
}

// signIn picks the way to sign in that the server offers.
type signIn struct {
	server server
	chosen gosmtp.Auth
}

func (a *signIn) Start(info *gosmtp.ServerInfo) (string, []byte, error) {
	has := func(name string) bool {
		return slices.ContainsFunc(info.Auth, func(s string) bool { return strings.EqualFold(s, name) })
	}
	switch {
	case has("PLAIN"):
		a.chosen = gosmtp.PlainAuth("", a.server.user, a.server.password, a.server.host, a.server.plain)
	case has("LOGIN"):
		a.chosen = gosmtp.LoginAuth(a.server.user, a.server.password, a.server.host, a.server.plain)
	default:
		return "", nil, errNoSignIn
	}
	return a.chosen.Start(info)
}

func (a *signIn) Next(from []byte, more bool) ([]byte, error) { return a.chosen.Next(from, more) }

var errNoSignIn = errors.New("the server offers no way to sign in that is known here (PLAIN, LOGIN)")

// deliver opens a connection and hands one mail over; none for nil.
func (s *Sender) deliver(ctx context.Context, msg *gomail.Msg) error {
	sess := &session{}
	defer sess.close()
	// Whoever waits for an answer of the server stops waiting when the time is up.
	defer context.AfterFunc(ctx, sess.close)()
	c, err := s.client(sess)
	if err != nil {
		return &bot.SendError{Kind: bot.Misconfigured, Reason: reasonSignIn, Err: errors.New("the settings of the mail server make no sense")}
	}
	conn, err := c.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return notReached(ctx, err)
	}
	if msg != nil {
		err = c.SendWithSMTPClient(conn, msg)
		if err != nil && !msg.IsDelivered() { // what fails after the mail was taken is no matter
			return refused(ctx, err)
		}
	}
	_ = c.CloseWithSMTPClient(conn) // a server that does not take leave has the mail all the same
	return nil
}

// notReached is why there is no connection on which a mail could be sent.
func notReached(ctx context.Context, err error) error {
	var reply *textproto.Error
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	stop := func(reason string) error {
		return &bot.SendError{Kind: bot.Misconfigured, Reason: reason, Err: bare(err)}
	}
	switch {
	case ctx.Err() != nil:
		return temporary("connecting", ctx.Err())
	case errors.As(err, &cert), errors.As(err, &record), strings.Contains(err.Error(), "does not support STARTTLS"):
		return stop(reasonTLS)
	case errors.Is(err, errNoSignIn), strings.Contains(err.Error(), "does not support SMTP AUTH"), strings.Contains(err.Error(), "unencrypted connection"):
		return stop(reasonSignIn)
	case errors.As(err, &reply) && reply.Code >= 500 && strings.Contains(err.Error(), "SMTP AUTH failed"):
		return stop(reasonSignIn)
	}
	return temporary("connecting", err)
}

// refused is what it means that a mail was not taken.
func refused(ctx context.Context, err error) error {
	var se *gomail.SendError
	if !errors.As(err, &se) {
		return temporary("sending", err)
	}
	code := se.ErrorCode()
	detail := fmt.Errorf("%s: the server answers %d %s", se.Reason, code, se.EnhancedStatusCode())
	switch {
	case code == 0 && se.Reason == gomail.ErrSMTPDataClose:
		// The mail was out to its last byte and the answer did not come.
		return &bot.SendError{Kind: bot.Ambiguous, Reason: reasonUnknown, Err: errors.New("the connection was lost before the server said whether it has the mail")}
	case code == 0 && ctx.Err() != nil:
		return temporary("sending", ctx.Err())
	case code < 500: // also a connection that was lost before the end
		return &bot.SendError{Kind: bot.Temporary, Reason: reasonTemporary, Err: detail}
	case code == 530, code == 534, code == 535, code == 538: // RFC 4954: it wants us to sign in
		return &bot.SendError{Kind: bot.Misconfigured, Reason: reasonSignIn, Err: detail}
	case se.Reason == gomail.ErrSMTPMailFrom:
		return &bot.SendError{Kind: bot.Misconfigured, Reason: reasonSender, Err: detail}
	case se.Reason == gomail.ErrSMTPRcptTo:
		return &bot.SendError{Kind: bot.Rejected, Reason: reasonMailbox, Err: detail}
	}
	return &bot.SendError{Kind: bot.Rejected, Reason: reasonContent, Err: detail}
}
