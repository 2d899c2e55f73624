package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// launchFakes runs `serve --with-fakes` on a free port until the test ends.
func launchFakes(t testing.TB, cfg *Config) *running {
	t.Helper()
	return launchFakesAt(t, cfg, nil)
}

// launchFakesAt does it with a clock of the test's own; nil is the real one. The platforms go by it too.
func launchFakesAt(t testing.TB, cfg *Config, now func() time.Time) *running {
	t.Helper()
	before := goleak.IgnoreCurrent()
	cfg.Listen, cfg.ZaloPaid = "127.0.0.1:0", "case"
	if err := checkFakes(cfg); err != nil {
		t.Fatal(err)
	}
	folder, err := tempData()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Data = folder
	l := &logged{}
	r := &running{t: t, log: l, program: &program{
		cfg: cfg, now: now, log: slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})), withFakes: true, fakesFolder: folder,
	}}
	if err := r.open(context.Background()); err != nil {
		t.Fatal(err, r.Close())
	}
	t.Cleanup(func() {
		r.end()
		goleak.VerifyNone(t, before)
	})
	r.data.now = now
	r.run()
	return r
}

// onFake does something as a citizen on a platform and waits for the n-th answer.
func (r *running) onFake(platform, person string, what map[string]string, n int) []string {
	r.t.Helper()
	what["platform"], what["person"] = platform, person
	body, err := json.Marshal(what)
	if err != nil {
		r.t.Fatal(err)
	}
	base := r.server.PublicURL() + fakesPath + "api/chat"
	r.fakeCall(http.MethodPost, base, body)
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		got := r.fakeCall(http.MethodGet, base+"?"+url.Values{"platform": {platform}, "person": {person}}.Encode(), nil)
		if len(got) >= n {
			return got
		}
		select {
		case <-ctx.Done():
			r.t.Fatalf("%s: %d answers, want %d: %q", platform, len(got), n, got)
		case <-tick.C:
		}
	}
}

// fakeCall returns what the platform shows of the bot.
func (r *running) fakeCall(method, address string, body []byte) (texts []string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, address, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	var got struct {
		Bubbles []struct {
			Mine bool   `json:"mine"`
			Text string `json:"text"`
		} `json:"bubbles"`
		Error string `json:"error"`
	}
	if err != nil || json.Unmarshal(raw, &got) != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatalf("%s answers %d %s, %v", address, resp.StatusCode, raw, err)
	}
	for _, b := range got.Bubbles {
		if !b.Mine {
			texts = append(texts, b.Text)
		}
	}
	return texts
}

// The whole program with fake platforms over real connections: a question on
// each, a menu by number, an officer who takes over; and nothing of it in the log.
func TestWithFakes(t *testing.T) {
	r := launchFakes(t, &Config{})
	const person = "Nguyễn Thị Bí Mật"
	for _, platform := range []string{"telegram", "zalo", "zalobot"} {
		got := r.onFake(platform, person, map[string]string{"text": "lam giay khai sinh cho con can nhung gi"}, 1)
		if !strings.Contains(got[0], "1.001193") {
			t.Errorf("%s answers %q", platform, got)
		}
		if got = r.onFake(platform, person, map[string]string{"text": "thế nộp ở đâu?"}, 2); !strings.Contains(got[1], "1.001193") {
			t.Errorf("%s answers the follow-up with %q", platform, got)
		}
	}
	if got := r.onFake("zalo", person, map[string]string{"do": "officer"}, 3); len(got) != 3 {
		t.Errorf("after an officer's word %q", got)
	}
	r.onFake("zalo", person, map[string]string{"text": "chị ơi"}, 3)
	if got := r.onFake("zalo", person, map[string]string{"text": "menu"}, 4); !strings.Contains(got[3], "Tôi trả lời về thủ tục") {
		t.Errorf("called back, the bot says %q", got[3])
	}
	log := r.log.String()
	secrets := append(r.fakes.zalo.Secrets(), r.cfg.TelegramToken, r.cfg.ZalobotToken, r.cfg.ZaloAppSecret, r.cfg.ZaloOASecret,
		person, "Bí Mật", "khai sinh", "chị ơi", r.fakes.zalo.Person(person))
	for _, s := range secrets {
		if s != "" && strings.Contains(log, s) {
			t.Errorf("the log holds %q", s)
		}
	}
}

func TestFakesAreNeverMixedWithRealPlatforms(t *testing.T) {
	for name, cfg := range map[string]*Config{
		"Telegram":  {Listen: "127.0.0.1:0", TelegramToken: "1:x"},
		"Zalo":      {Listen: "127.0.0.1:0", ZaloAppID: "1"},
		"Zalo Bot":  {Listen: "127.0.0.1:0", ZalobotToken: "1:x"},
		"the world": {Listen: "0.0.0.0:8080"},
		"no port":   {Listen: "127.0.0.1"},
	} {
		if err := checkFakes(cfg); err == nil {
			t.Errorf("%s: fakes start", name)
		}
	}
}
