package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
)

// see runs checks on a configuration and returns the findings.
func see(t *testing.T, cfg *Config, checks []doctorCheck) []finding {
	t.Helper()
	return seeAt(t, cfg, checks, time.Now)
}

func seeAt(t *testing.T, cfg *Config, checks []doctorCheck, now func() time.Time) []finding {
	t.Helper()
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	p := &patient{cfg: cfg, now: now}
	found := p.examine(t.Context(), checks)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return found
}

// mustFind wants a finding of that name and verdict that says something and tells what to do.
func mustFind(t *testing.T, found []finding, name string, v verdict, says, do string) {
	t.Helper()
	for _, f := range found {
		if f.Name == name && f.Verdict == v && strings.Contains(f.Text, says) && strings.Contains(f.Do, do) {
			return
		}
	}
	t.Errorf("no %s on %s that says %q and to do %q; found %+v", v, name, says, do, found)
}

func change(t *testing.T, cfg *Config, statements ...string) {
	t.Helper()
	d, err := openRuntime(t.Context(), cfg, cfg.Logger(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.write(t.Context(), func(tx bot.Tx) error {
		for _, s := range statements {
			if _, err := tx.ExecContext(t.Context(), s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

const (
	failedUpdate = `insert into inbox (channel, update_key, chat, session_key, user_key, state, attempts, due, accepted, finished, reason)
		values ('webchat', 'u1', 'c', 's', 'p', 'failed', 5, 0, 1700000000000, 1700000000000, 'panic')`
	pendingUpdate = `insert into inbox (channel, update_key, chat, session_key, user_key, state, attempts, due, accepted, finished, reason)
		values ('webchat', 'u2', 'c', 's', 'p', 'pending', 0, 0, 1700000000000, 0, '')`
	deadMessage = `insert into outbox (message_id, channel, chat, lane, state, in_group, due, queued, contact, thing)
		values ('m', 'webchat', 'c', 'reply', 'dead', 0, 0, 0, 0, '')`
	openSpread  = `insert into outbox_spreads (id, thing, state, due, quiet_from, quiet_to, version, since) values (3, 'news:7', 'open', 0, 0, 0, 1, 0)`
	waitingNews = `insert into outbox (message_id, channel, chat, lane, state, in_group, due, queued, contact, thing, spread, person)
		values ('s', 'telegram', 'c', 'broadcast', 'waiting', 0, 0, 0, 0, 'news:7', 3, 1)`
	pausedNews = `insert into outbox_holds (channel, lane, thing, since) values ('', 'broadcast', 'news:7', 0)`
)

func TestDoctorTellsOfWhatFailedAndWaits(t *testing.T) {
	cfg := filled(t)
	found := see(t, cfg, doctorChecks(nil))
	mustFind(t, found, "updates", fine, "none failed", "")
	mustFind(t, found, "messages", fine, "none given up", "")

	change(t, cfg, failedUpdate, deadMessage)
	found = see(t, cfg, doctorChecks(nil))
	mustFind(t, found, "updates", look, "1 update failed for good", "cchcbot outbox retry --failed TURN")
	mustFind(t, found, "messages", look, "given up: webchat 1", "cchcbot outbox list --state dead")

	change(t, cfg, pendingUpdate, openSpread, waitingNews, pausedNews)
	found = see(t, cfg, doctorChecks(nil))
	mustFind(t, found, "updates", look, "no bot was found running", "cchcbot serve")
	mustFind(t, found, "messages", look, "1 of news to follow at the pace of their channels", "")
	mustFind(t, found, "holds", look, "1 item of news is paused: 7", "/console/news/7/progress")
	// With a bot running nothing may wait that long.
	running := append([]doctorCheck{{"bot", func(_ context.Context, p *patient) []finding {
		p.alive = true
		return nil
	}}}, doctorChecks(nil)...)
	cfg.Listen = "127.0.0.1:0"
	mustFind(t, see(t, cfg, running), "updates", bad, "1 update waits for an answer; the oldest for", "restart")
}

func TestDoctorOnBadDatabases(t *testing.T) {
	path := func(cfg *Config) string { return filepath.Join(cfg.Data, databaseFile) }
	tests := map[string]struct {
		harm func(t *testing.T, cfg *Config)
		says string
		do   string
	}{
		"overwritten pages": {func(t *testing.T, cfg *Config) {
			b, err := os.ReadFile(path(cfg))
			if err != nil {
				t.Fatal(err)
			}
			for i := len(b) / 2; i < len(b)/2+20_000; i++ {
				b[i] = 0xa5
			}
			if err := os.WriteFile(path(cfg), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "damaged", "cchcbot restore"},
		"empty file": {func(t *testing.T, cfg *Config) {
			if err := os.Truncate(path(cfg), 0); err != nil {
				t.Fatal(err)
			}
		}, "holds no tables", "DATA"},
		"newer schema": {func(t *testing.T, cfg *Config) {
			change(t, cfg, `insert into bot_version (version_id, is_applied) values (99, 1)`)
		}, "bot is at 99", "newer program"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := filled(t)
			tt.harm(t, cfg)
			found := see(t, cfg, doctorChecks(nil))
			mustFind(t, found, "database", bad, tt.says, tt.do)
			mustFind(t, found, "updates", look, "not looked at", "")
			if err := report(found, io.Discard, false); err == nil {
				t.Error("the report does not fail")
			}
		})
	}
}

func TestDoctorFindsTheRunningBot(t *testing.T) {
	r := launch(t, &Config{})
	cfg := *r.cfg
	cfg.Listen = r.server.Addr()
	mustFind(t, see(t, &cfg, doctorChecks(nil)), "listen", fine, "a bot runs at "+cfg.Listen+" and is ready", "")
	if err := (HealthCmd{}).Run(t.Context(), &cfg); err != nil {
		t.Errorf("healthcheck: %v", err)
	}
	r.end()
	mustFind(t, see(t, &cfg, doctorChecks(nil)), "listen", fine, "the address is free", "")
	if err := (HealthCmd{}).Run(t.Context(), &cfg); err == nil {
		t.Error("healthcheck finds a bot that was stopped")
	}
}

func TestDoctorOnAnAddressThatOthersHave(t *testing.T) {
	cfg := filled(t)
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	cfg.Listen = strings.TrimPrefix(other.URL, "http://")
	mustFind(t, see(t, cfg, doctorChecks(nil)), "listen", bad, "another program, which answers 404", "LISTEN")
	if err := (HealthCmd{}).Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("healthcheck: %v", err)
	}

	unready := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"ready":false,"checks":[{"name":"server","ok":true},{"name":"knowledge","ok":false,"reason":"no procedure is published"}]}`)
	}))
	defer unready.Close()
	cfg.Listen = strings.TrimPrefix(unready.URL, "http://")
	mustFind(t, see(t, cfg, doctorChecks(nil)), "listen", bad, "not ready: knowledge: no procedure is published", "log")

	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	go func() {
		for {
			c, err := mute.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	cfg.Listen = mute.Addr().String()
	mustFind(t, see(t, cfg, doctorChecks(nil)), "listen", bad, "taken by a program that does not answer", "LISTEN")
}

// checkedChannel is a channel that can tell whether it works.
type checkedChannel struct {
	bot.Channel
	name string
	err  error
}

func (c checkedChannel) Name() string                { return c.name }
func (c checkedChannel) Check(context.Context) error { return c.err }

type plainChannel struct{ bot.Channel }

func (plainChannel) Name() string { return "plain" }

func TestDoctorAsksChannelsAndKeepsSecrets(t *testing.T) {
	cfg := filled(t)
	cfg.TelegramToken = "123456:a-token-of-telegram"
	cfg.RedisURL = "redis://:pass-word@redis.example/0"
	checks := channelChecks([]bot.Channel{
		checkedChannel{name: "good"},
		checkedChannel{name: "bad", err: errors.New("GET https://api.telegram.org/bot123456:a-token-of-telegram/getMe:\n401")},
		checkedChannel{name: "worse", err: errors.New("dial redis://:pass-word@redis.example/0")},
		plainChannel{},
	})
	found := see(t, cfg, checks)
	mustFind(t, found, "channel good", fine, "it answers", "")
	mustFind(t, found, "channel bad", bad, "bot[secret]/getMe: 401", "docs")
	mustFind(t, found, "channel worse", bad, "dial [secret]", "")
	mustFind(t, found, "channel plain", fine, "nothing outside", "")
	var out strings.Builder
	if err := report(found, &out, true); err == nil || strings.Contains(out.String(), "a-token-of") || strings.Contains(out.String(), "pass-word") {
		t.Errorf("%v %s", err, out.String())
	}
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("the JSON has %d lines", n)
	}
}

func TestDoctorOnClocks(t *testing.T) {
	cfg := filled(t)
	real := time.Now()
	for _, tt := range []struct {
		name string
		now  time.Time
		v    verdict
		says string
	}{
		{"right", real, fine, "in Vietnam"},
		{"an empty battery", time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), bad, "1970"},
		{"far ahead", time.Date(2150, 1, 1, 0, 0, 0, 0, time.UTC), bad, "2150"},
		{"gone back", real.Add(-time.Hour), bad, "it went back"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := seeAt(t, cfg, doctorChecks(nil), func() time.Time { return tt.now })
			do := ""
			if tt.v == bad {
				do = "NTP"
			}
			mustFind(t, found, "clock", tt.v, tt.says, do)
		})
	}
}

func TestDoctorOnPublicAddresses(t *testing.T) {
	for url, want := range map[string]struct {
		v    verdict
		says string
	}{
		"":                              {look, "PUBLIC_URL is not set"},
		"http://127.0.0.1:8080":         {look, "from this machine or network only"},
		"https://localhost":             {look, "from this machine or network only"},
		"http://hoidap.example.vn":      {look, "unencrypted"},
		"https://u:p@hoidap.example.vn": {bad, "more than an address"},
		"https://hoidap.example.vn":     {fine, "https://hoidap.example.vn"},
	} {
		cfg := &Config{PublicURL: url, TrustedProxy: []string{"127.0.0.1"}, MetricsListen: "127.0.0.1:9090"}
		found := see(t, cfg, []doctorCheck{{"public address", checkPublic}})
		if len(found) != 1 || found[0].Verdict != want.v || !strings.Contains(found[0].Text, want.says) {
			t.Errorf("%q: %+v", url, found)
		}
	}
	bare := see(t, &Config{PublicURL: "https://hoidap.example.vn"}, []doctorCheck{{"public address", checkPublic}})
	mustFind(t, bare, "public address", look, "TRUSTED_PROXY is not set", "TRUSTED_PROXY")
	mustFind(t, bare, "public address", look, "/metrics answers on the public address", "METRICS_LISTEN")
}

func TestDialable(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:8080": "127.0.0.1:8080", ":8080": "127.0.0.1:8080", "0.0.0.0:80": "127.0.0.1:80",
		"[::]:8080": "[::1]:8080", "bot.example:1": "bot.example:1",
	} {
		if got, err := dialable(listen); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", listen, got, err, want)
		}
	}
	if _, err := dialable("8080"); err == nil {
		t.Error("8080 alone was taken")
	}
}

func TestDoctorOnLooseRights(t *testing.T) {
	cfg := filled(t)
	for _, name := range []string{"", databaseFile, keyFile} {
		if err := os.Chmod(filepath.Join(cfg.Data, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	found := see(t, cfg, doctorChecks(nil))
	mustFind(t, found, "data folder", look, "other users", "chmod 700")
	mustFind(t, found, "database", look, "other users", "chmod 600")
	mustFind(t, found, "key", look, "other users", "chmod 600")
	// A loose key file is still the key: what it opens is looked at.
	mustFind(t, found, "updates", fine, "none failed", "")
}
