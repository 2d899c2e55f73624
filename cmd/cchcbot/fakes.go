package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"cchcbot/bot/bottest/fakemail"
	"cchcbot/bot/bottest/faketelegram"
	"cchcbot/bot/bottest/fakezalo"
	"cchcbot/bot/bottest/fakezalobot"
	"cchcbot/bot/bottest/playground"
)

// fakesPath is where the page of the fake platforms is.
const fakesPath = "/fakes/"

// fakes are the platforms of `serve --with-fakes`: each listens on a port of
// this machine, as the real one would somewhere else.
type fakes struct {
	folder    string // DATA of such a run; it goes with it
	telegram  *faketelegram.Server
	zalo      *fakezalo.Server
	zalobot   *fakezalobot.Server
	mail      *fakemail.Server // nil until it listens
	page      *playground.Playground
	servers   []*http.Server
	listening sync.WaitGroup
}

// checkFakes refuses to mix fake platforms with real ones, and to show them to
// anybody but this machine.
func checkFakes(cfg *Config) error {
	if cfg.TelegramToken != "" || cfg.ZaloAppID != "" || cfg.ZalobotToken != "" || cfg.SMTPURL != "" {
		return &usageError{"--with-fakes is for trying without accounts: leave the settings of Telegram, Zalo and the mail server out"}
	}
	host, _, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return &usageError{"LISTEN: it is not HOST:PORT"}
	}
	if a, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !a.IsLoopback()) {
		return &usageError{"--with-fakes answers to whoever reaches it: LISTEN has to be an address of this machine, like 127.0.0.1:8080"}
	}
	return nil
}

// startFakes starts the platforms for a program that listens at own and goes by
// the clock now, and returns the settings that lead to them.
func startFakes(cfg *Config, own string, now func() time.Time) (*fakes, *Config, error) {
	f := &fakes{}
	with := *cfg
	digits := "7700010001"
	f.telegram = faketelegram.New(faketelegram.Options{Token: digits + ":" + rand.Text() + rand.Text()[:14], Now: now})
	f.zalobot = fakezalobot.New(fakezalobot.Options{Token: digits + ":" + rand.Text(), Now: now})
	var err error
	if f.zalo, err = fakezalo.New(fakezalo.Options{
		AppID: "360846524940903967", AppSecret: rand.Text(), OASecret: rand.Text(), OAID: "388613280878808645",
		WebhookURL: own + "/zalo/webhook", Client: &http.Client{Timeout: 10 * time.Second}, RetryAfter: time.Second, Buttons: true, Now: now,
	}); err != nil {
		return nil, nil, err
	}
	zo := f.zalo.Settings()
	with.TelegramToken, with.TelegramMode = f.telegram.Token(), "poll"
	with.ZaloAppID, with.ZaloAppSecret, with.ZaloOASecret, with.ZaloRefreshToken = zo.AppID, zo.AppSecret, zo.OASecret, f.zalo.Grant()
	with.ZalobotToken, with.ZalobotMode = f.zalobot.Token(), "poll"
	for _, p := range []struct {
		handler http.Handler
		to      []*string
	}{
		{f.telegram, []*string{&with.TelegramAPIURL}},
		{f.zalo, []*string{&with.ZaloAPIURL, &with.ZaloOAuthURL}},
		{f.zalobot, []*string{&with.ZalobotAPIURL}},
	} {
		address, err := f.listen(p.handler)
		if err != nil {
			return nil, nil, errors.Join(err, f.Close())
		}
		for _, to := range p.to {
			*to = address
		}
	}
	if f.mail, err = fakemail.New(fakemail.Options{Now: now}); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	with.SMTPURL, with.MailFrom = f.mail.URL(), "cchcbot <hoidap@cchcbot.example>"
	if f.page, err = playground.New(now, playground.NewTelegram(f.telegram), playground.NewZalo(f.zalo), playground.NewZalobot(f.zalobot),
		playground.NewMailbox(f.mail)); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, &with, nil
}

// attachments is a client for what citizens sent on a fake platform: requests to
// the host where the real one keeps it go to the fake.
type attachments struct {
	host     string
	platform http.RoundTripper
	rest     *http.Transport
}

// CloseIdleConnections is called by http.Client.
func (a attachments) CloseIdleConnections() { a.rest.CloseIdleConnections() }

// RoundTrip implements http.RoundTripper.
func (a attachments) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() == a.host {
		return a.platform.RoundTrip(r)
	}
	return a.rest.RoundTrip(r)
}

// zaloClient and zalobotFiles reach what was sent on the two platforms of Zalo, whose
// addresses lead to hosts of Zalo's; nil where there are no fakes.
func (f *fakes) zaloClient() *http.Client {
	if f == nil {
		return nil
	}
	return &http.Client{Transport: attachments{fakezalo.FileHost, f.zalo.Client().Transport, &http.Transport{}}}
}

func (f *fakes) zalobotFiles() *http.Client {
	if f == nil {
		return nil
	}
	return f.zalobot.Client()
}

// listen serves a platform on a free port of this machine.
func (f *fakes) listen(h http.Handler) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	f.servers = append(f.servers, s)
	f.listening.Go(func() { _ = s.Serve(l) }) // ends with Close
	return "http://" + l.Addr().String(), nil
}

// tempData is the folder of a run with fakes: what is typed there is gone when it ends.
func tempData() (string, error) { return os.MkdirTemp("", "cchcbot-fakes-") }

// Close ends the platforms.
func (f *fakes) Close() error {
	if f == nil {
		return nil
	}
	var errs []error
	f.telegram.Close()
	f.zalobot.Close()
	f.zalo.Close()
	if f.mail != nil {
		errs = append(errs, f.mail.Close())
	}
	for _, s := range f.servers {
		errs = append(errs, s.Close())
	}
	f.listening.Wait()
	if f.folder != "" && strings.Contains(f.folder, "cchcbot-fakes-") {
		errs = append(errs, os.RemoveAll(f.folder))
	}
	return errors.Join(errs...)
}
