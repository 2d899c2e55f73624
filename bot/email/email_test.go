package email_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/bottest/fakemail"
	"cchcbot/bot/email"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	from   = "Trợ lý cải cách hành chính <hoidap@example.vn>"
	agency = "vanphong@thanhmien.example.vn"
	user   = "hoidap"
	secret = "mat-khau-rieng"
)

// certificate makes one for this machine, and who believes it.
func certificate(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"mail.example.vn"}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: pool}
}

func server(t testing.TB, opt fakemail.Options) *fakemail.Server {
	t.Helper()
	s, err := fakemail.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func channel(t testing.TB, opt email.Options) *email.Sender {
	t.Helper()
	if opt.From == "" {
		opt.From = from
	}
	opt.Now = bottest.NewClock(bottest.Start()).Now
	c, err := email.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mail(text string, buttons ...bot.MessageButton) bot.Message {
	m := bot.Message{ID: bot.NewID(), To: bot.Address{Channel: email.Name, Chat: agency}, Lang: "vi", Text: text}
	for _, b := range buttons {
		m.Buttons = append(m.Buttons, []bot.MessageButton{b})
	}
	return m
}

// The suite that every channel passes, as far as one that only sends can.
func TestEmailIsAChannel(t *testing.T) {
	var box *fakemail.Server
	open := func(t *testing.T, _ *slog.Logger) bottest.Subject {
		box = server(t, fakemail.Options{User: user, Password: secret})
		box.Fail(fakemail.Fault{Stage: fakemail.AtTo, To: "nobody", Code: 550, Message: "no such mailbox"})
		return bottest.Subject{Channel: channel(t, email.Options{URL: box.URL()}), Chat: agency, Saw: func(int) (out []string) {
			for _, m := range box.To(agency) {
				out = append(out, strings.TrimPrefix(m.Subject+"\n", m.Text)+m.Text)
			}
			return out
		}}
	}
	fault := func(f fakemail.Fault) func(bottest.Subject) {
		return func(bottest.Subject) { box.Fail(f) }
	}
	bottest.Channel(t, bottest.ChannelSpec{
		Open: open, Unknown: bot.Rejected, Secrets: []string{secret, agency},
		Out: []bottest.OutCase{
			{Name: "text", Message: bot.Message{Text: "Phản ánh mới\nĐường hỏng ở thôn Đông."}, Shows: []string{"Phản ánh mới\n", "Đường hỏng ở thôn Đông."}},
			{Name: "links", Message: bot.Message{Text: "a\nb", Buttons: [][]bot.MessageButton{{{Title: "Trả lời", URL: "https://x.vn/a/1?b=1&c=2"}}}},
				Shows: []string{"Trả lời:\nhttps://x.vn/a/1?b=1&c=2"}},
		},
		Fails: []bottest.FailCase{
			{Name: "busy", Arrange: fault(fakemail.Fault{Stage: fakemail.AtTo, Code: 450, Message: "greylisted"}), Want: bot.Temporary},
			{Name: "not now", Arrange: fault(fakemail.Fault{Stage: fakemail.AtFrom, Code: 421, Message: "too many connections"}), Want: bot.Temporary},
			{Name: "no mailbox", Arrange: fault(fakemail.Fault{Stage: fakemail.AtTo, Code: 550, Message: "unknown"}), Want: bot.Rejected},
			{Name: "spam", Arrange: fault(fakemail.Fault{Stage: fakemail.AtData, Code: 554, Message: "spam"}), Want: bot.Rejected},
			{Name: "content later", Arrange: fault(fakemail.Fault{Stage: fakemail.AtData, Code: 452, Message: "disk full"}), Want: bot.Temporary},
			{Name: "not from us", Arrange: fault(fakemail.Fault{Stage: fakemail.AtFrom, Code: 550, Message: "sender refused"}), Want: bot.Misconfigured},
			{Name: "signed out", Arrange: fault(fakemail.Fault{Stage: fakemail.AtTo, Code: 530, Message: "sign in first"}), Want: bot.Misconfigured},
			{Name: "wrong password", Arrange: fault(fakemail.Fault{Stage: fakemail.AtAuth, Code: 535, Message: "wrong"}), Want: bot.Misconfigured},
			{Name: "sign-in busy", Arrange: fault(fakemail.Fault{Stage: fakemail.AtAuth, Code: 454, Message: "later"}), Want: bot.Temporary},
			{Name: "closed at once", Arrange: fault(fakemail.Fault{Stage: fakemail.AtConnect, Code: 0}), Want: bot.Temporary},
			{Name: "lost in the middle", Arrange: fault(fakemail.Fault{Stage: fakemail.AtTo, Code: 0}), Want: bot.Temporary},
			{Name: "lost before the answer", Arrange: fault(fakemail.Fault{Stage: fakemail.AtData, Code: 0}), Want: bot.Ambiguous},
			{Name: "taken, and lost", Arrange: fault(fakemail.Fault{Stage: fakemail.AtDone, Code: 0}), Want: bot.Ambiguous},
			{Name: "nothing to say", Message: bot.Message{ID: "x", Text: "\x00\u202e"}, Want: bot.Rejected},
		},
	})
}

func TestAMail(t *testing.T) {
	box := server(t, fakemail.Options{})
	c := channel(t, email.Options{URL: box.URL()})
	m := mail("Phản ánh K7M3-9QX2: đường hỏng\n\nThôn Đông,\nxã Thanh Miện.\n\n<script>alert(1)</script>",
		bot.MessageButton{Title: "Xem và trả lời", URL: "https://hoidap.example.vn/a/tok"},
		bot.MessageButton{Title: "Không bấm được", Payload: "complaints:take"},
		bot.MessageButton{Title: "Lừa", URL: "javascript:alert(1)"})
	receipt, err := c.Send(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	mails := box.Mails()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	got := mails[0]
	if got.Subject != "Phản ánh K7M3-9QX2: đường hỏng" || got.From != from || got.Sender != "hoidap@example.vn" {
		t.Errorf("subject %q from %q, %q", got.Subject, got.From, got.Sender)
	}
	if want := "Thôn Đông,\nxã Thanh Miện.\n\n<script>alert(1)</script>\n\nXem và trả lời:\nhttps://hoidap.example.vn/a/tok\n"; strings.TrimSpace(got.Text) != strings.TrimSpace(want) {
		t.Errorf("text %q", got.Text)
	}
	if strings.Contains(got.HTML, "<script") || !strings.Contains(got.HTML, "Thôn Đông,<br>xã Thanh Miện.") || strings.Contains(got.HTML, "javascript:") {
		t.Errorf("HTML %s", got.HTML)
	}
	if len(got.Links) != 1 || got.Links[0] != "https://hoidap.example.vn/a/tok" {
		t.Errorf("links %q", got.Links)
	}
	if got.MessageID != receipt.ID || got.MessageID != m.ID+"@example.vn" {
		t.Errorf("Message-ID %q, receipt %q", got.MessageID, receipt.ID)
	}
	for name, want := range map[string]string{"Auto-Submitted": "auto-generated", "Content-Language": "vi", "To": "<" + agency + ">"} {
		if v := got.Header.Get(name); v != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
	if d, err := got.Header.Date(); err != nil || !d.Equal(bottest.Start()) {
		t.Errorf("date %v, %v", d, err)
	}
	for name := range got.Header {
		if strings.HasPrefix(name, "List-") {
			t.Errorf("a mail about one case is no list: %s", name)
		}
	}
}

// A mail that is sent again is known as the same.
func TestARepeatIsTheSameMail(t *testing.T) {
	box := server(t, fakemail.Options{})
	c := channel(t, email.Options{URL: box.URL()})
	m := mail("a\nb")
	box.Fail(fakemail.Fault{Stage: fakemail.AtDone, Times: 1})
	if _, err := c.Send(t.Context(), m); err == nil {
		t.Fatal("the answer was lost")
	}
	if _, err := c.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := box.Mails(); len(got) != 2 || got[0].MessageID != got[1].MessageID {
		t.Errorf("%d mails with the ids %q", len(got), []string{got[0].MessageID, got[len(got)-1].MessageID})
	}
}

func TestEncryption(t *testing.T) {
	srv, believed := certificate(t)
	starttls := server(t, fakemail.Options{TLS: srv, User: user, Password: secret})
	implicit := server(t, fakemail.Options{TLS: srv, Implicit: true, User: user, Password: secret})
	plain := server(t, fakemail.Options{User: user, Password: secret})
	// A host that is not this machine by its name: nothing is forgiven.
	elsewhere := func(s *fakemail.Server) string { return strings.Replace(s.URL(), "127.0.0.1", "mail.example.vn", 1) }
	lead := func(ctx context.Context, network, address string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, strings.Replace(address, "mail.example.vn", "127.0.0.1", 1))
	}
	for name, c := range map[string]struct {
		box       *fakemail.Server
		url       string
		tls       *tls.Config
		want      bot.SendKind
		encrypted bool
	}{
		"implicit":                      {implicit, implicit.URL(), believed, "", true},
		"implicit, unknown certificate": {implicit, implicit.URL(), nil, bot.Misconfigured, false},
		"this machine, without":         {plain, plain.URL(), nil, "", false},
		"TLS where there is none":       {plain, strings.Replace(plain.URL(), "smtp://", "smtps://", 1), believed, bot.Misconfigured, false},
		"this machine, offered":         {starttls, starttls.URL(), believed, "", false},
		"STARTTLS":                      {starttls, elsewhere(starttls), believed, "", true},
		"STARTTLS, unknown certificate": {starttls, elsewhere(starttls), nil, bot.Misconfigured, false},
		"STARTTLS where there is none":  {plain, elsewhere(plain), believed, bot.Misconfigured, false},
		"none, in so many words":        {plain, elsewhere(plain) + "?tls=none", nil, "", false},
		"another host's certificate":    {implicit, strings.Replace(implicit.URL(), "127.0.0.1", "localhost", 1), believed, bot.Misconfigured, false},
	} {
		t.Run(name, func(t *testing.T) {
			ch := channel(t, email.Options{URL: c.url, TLS: c.tls, Dial: lead})
			before := len(c.box.Mails())
			_, err := ch.Send(t.Context(), mail("a\nb"))
			var se *bot.SendError
			if c.want != "" {
				if !errors.As(err, &se) || se.Kind != c.want {
					t.Errorf("Send = %v, want %s", err, c.want)
				}
				if check := ch.Check(t.Context()); check == nil {
					t.Error("Check is content")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := ch.Check(t.Context()); err != nil {
				t.Errorf("Check = %v", err)
			}
			if got := c.box.Mails()[before:]; len(got) != 1 || got[0].Encrypted != c.encrypted {
				t.Errorf("%d mails, encrypted %v, want %v", len(got), got[0].Encrypted, c.encrypted)
			}
		})
	}
}

func TestWrongSignIn(t *testing.T) {
	box := server(t, fakemail.Options{User: user, Password: secret})
	for _, who := range []string{"", "hoidap:falsch@", "nobody:" + secret + "@"} {
		c := channel(t, email.Options{URL: "smtp://" + who + box.Addr()})
		_, err := c.Send(t.Context(), mail("a\nb"))
		var se *bot.SendError
		if !errors.As(err, &se) || se.Kind != bot.Misconfigured {
			t.Errorf("%q: %v, want misconfigured", who, err)
		}
		if strings.Contains(err.Error(), "falsch") || strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows the password: %v", err)
		}
	}
	// A server that asks nobody is not told a password.
	open := server(t, fakemail.Options{})
	_, err := channel(t, email.Options{URL: "smtp://a:b@" + open.Addr()}).Send(t.Context(), mail("a\nb"))
	var se *bot.SendError
	if !errors.As(err, &se) || se.Kind != bot.Misconfigured {
		t.Errorf("an account at a server without accounts: %v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	box := server(t, fakemail.Options{})
	address := box.URL()
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := channel(t, email.Options{URL: address}).Send(t.Context(), mail("a\nb"))
	var se *bot.SendError
	if !errors.As(err, &se) || se.Kind != bot.Temporary {
		t.Errorf("Send = %v, want temporary", err)
	}
}

// A server that says nothing keeps nobody longer than the caller wants to wait.
func TestASilentServer(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		c, err := l.Accept()
		cancel() // connected: now the caller's time is up
		if err == nil {
			defer c.Close()
			_, _ = c.Read(make([]byte, 1)) // until the other side ends it
		}
	}()
	_, err = channel(t, email.Options{URL: "smtp://" + l.Addr().String()}).Send(ctx, mail("a\nb"))
	var se *bot.SendError
	if !errors.As(err, &se) || se.Kind != bot.Temporary {
		t.Errorf("Send = %v, want temporary", err)
	}
	<-accepted // the connection was closed
}

// Nothing that somebody wrote becomes a header or a second recipient.
func TestHeadersCannotBeInjected(t *testing.T) {
	box := server(t, fakemail.Options{})
	c := channel(t, email.Options{URL: box.URL()})
	for _, text := range []string{
		"Subject\r\nBcc: victim@example.vn\r\n\r\nbody", "a\rBcc: victim@example.vn", "a\u2028Bcc: victim@example.vn", "a\x00\x0bBcc: x\nb",
		"=?utf-8?q?Bcc:_victim?=\nb", strings.Repeat("ă", 500) + "\n.\r\n.\r\nMAIL FROM:<x@y.vn>\r\n", ".\n.\n..\n",
	} {
		if _, err := c.Send(t.Context(), mail(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, m := range box.Mails() {
		if len(m.To) != 1 || m.Header.Get("Bcc") != "" || m.Header.Get("Cc") != "" {
			t.Errorf("recipients %q, header %v", m.To, m.Header)
		}
		if strings.ContainsAny(m.Subject, "\r\n") || len([]rune(m.Subject)) > 150 {
			t.Errorf("subject %q", m.Subject)
		}
	}
	before := len(box.Mails())
	for _, to := range []string{
		"", "a", "a@b", "a@@b.vn", "a b@c.vn", "a@b.vn\r\nBcc: c@d.vn", "<a@b.vn>", "a@b.vn,c@d.vn", "a@b.vn;c@d.vn", "\"x\"@b.vn", "a@-b.vn",
		"a@b..vn", ".a@b.vn", "a@b.vn>", "ă@b.vn", "a@[127.0.0.1]", strings.Repeat("a", 65) + "@b.vn", "a@" + strings.Repeat("b.", 130) + "vn", "Ten <a@b.vn>",
	} {
		m := mail("a\nb")
		m.To.Chat = to
		_, err := c.Send(t.Context(), m)
		var se *bot.SendError
		if !errors.As(err, &se) || se.Kind != bot.Rejected {
			t.Errorf("%q: %v, want rejected", to, err)
		}
	}
	if n := len(box.Mails()); n != before {
		t.Errorf("%d mails went to what is no address", n-before)
	}
	for _, ok := range []string{"a@b.vn", "ub.nd+1@hai-duong.gov.vn", "x@localhost"} {
		if !email.ValidAddress(ok) {
			t.Errorf("%q is an address", ok)
		}
	}
}

func TestConnectionsAreFew(t *testing.T) {
	box := server(t, fakemail.Options{})
	c := channel(t, email.Options{URL: box.URL()})
	done := make(chan error)
	const n = 20
	for range n {
		go func() {
			_, err := c.Send(t.Context(), mail("a\nb"))
			done <- err
		}()
	}
	for range n {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if most := box.MostAtOnce(); most > 5 {
		t.Errorf("%d connections at the same time", most)
	}
}

func TestSettings(t *testing.T) {
	for _, c := range []struct{ url, from string }{
		{"", from}, {"http://mail.example.vn", from}, {"smtp://", from}, {"smtp://mail.example.vn:0", from}, {"smtp://mail.example.vn:99999", from},
		{"smtp://mail.example.vn/path", from}, {"smtp://mail.example.vn?tls=maybe", from}, {"smtps://mail.example.vn?tls=none", from},
		{"smtp://u:" + secret + "@mail.example.vn?x=1", from}, {"smtp://u:" + secret + "%zz@h", from},
		{"smtp://mail.example.vn", ""}, {"smtp://mail.example.vn", "nobody"}, {"smtp://mail.example.vn", "a@b.vn, c@d.vn"},
		{"smtp://mail.example.vn", "x\r\nBcc: c@d.vn <a@b.vn>"},
	} {
		err := email.Check(c.url, c.from)
		if err == nil {
			t.Errorf("%q, %q is taken", c.url, c.from)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows the password: %v", err)
		}
	}
	for _, url := range []string{"smtp://mail.example.vn", "smtp://u:p%40ss@mail.example.vn:25?tls=none", "smtps://u@mail.example.vn", "smtp://[::1]:25"} {
		if err := email.Check(url, "hoidap@example.vn"); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func FuzzSend(f *testing.F) {
	box := server(f, fakemail.Options{})
	c := channel(f, email.Options{URL: box.URL()})
	f.Add("Chủ đề\nNội dung", agency)
	f.Add("a\r\n.\r\nQUIT\r\n", "a@b.vn")
	f.Fuzz(func(t *testing.T, text, to string) {
		before := len(box.Mails())
		m := mail(text)
		m.To.Chat = to
		_, err := c.Send(t.Context(), m)
		mails := box.Mails()
		if err != nil {
			return
		}
		got := mails[len(mails)-1]
		if before < len(mails) && (len(got.To) != 1 || got.To[0] != to || got.Header.Get("Bcc") != "") {
			t.Errorf("%q to %q arrived at %q", text, to, got.To)
		}
	})
}
