package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cchcbot/bot/web"
)

// idleDeadline is how long turns may take after the last delivery.
const idleDeadline = 3 * time.Minute

const (
	hookToken  = "123456789:AAtoken-of-the-webhook-tests-only"
	hookSecret = "secret-of-the-webhook-tests"
)

// hooked is the program with its web server and its dispatcher running, and no
// delivery: what is said stays in the outbox.
type hooked struct {
	*running
	client *http.Client
	url    string
}

// newHooked opens the program in mode webhook. Turns run only when answering is true.
func newHooked(t testing.TB, answering bool) *hooked {
	t.Helper()
	return newHookedAt(t, answering, telegramPath, &Config{
		TelegramToken: hookToken, TelegramAPIURL: "http://127.0.0.1:9", TelegramMode: "webhook",
		TelegramWebhookSecret: hookSecret, PublicURL: "https://hoidap.example.vn",
	})
}

func newHookedAt(t testing.TB, answering bool, path string, cfg *Config) *hooked {
	t.Helper()
	h := &hooked{running: prepare(t, cfg)}
	ctx, stop := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { h.report("server", h.server.Run(ctx)) })
	if answering {
		parts.Go(func() { h.report("dispatcher", h.house.dispatcher.Run(ctx)) })
	}
	h.client, h.url = keptAlive(t), "http://"+h.server.Addr()+path
	t.Cleanup(func() {
		h.client.CloseIdleConnections()
		stop()
		parts.Wait()
	})
	return h
}

// keptAlive is a client that has a connection ready for every poster.
func keptAlive(t testing.TB) *http.Client {
	tr := &http.Transport{MaxIdleConns: 64, MaxIdleConnsPerHost: 64}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 30 * time.Second}
}

// hookBody is an update as Telegram delivers it.
func hookBody(update, chat int64, text string) []byte {
	person := map[string]any{"id": chat, "is_bot": false, "first_name": "Người dân", "language_code": "vi"}
	body, err := json.Marshal(map[string]any{"update_id": update, "message": map[string]any{
		"message_id": update, "date": time.Now().Unix(), "text": text, "from": person,
		"chat": map[string]any{"id": chat, "type": "private", "first_name": "Người dân"},
	}})
	if err != nil {
		panic(err) // numbers and strings always marshal
	}
	return body
}

// post delivers one body as Telegram does and expects it to be acknowledged.
func post(client *http.Client, url string, body []byte) error {
	return postSigned(client, url, body, "X-Telegram-Bot-Api-Secret-Token", hookSecret)
}

func postSigned(client *http.Client, url string, body []byte, header, value string) error {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(header, value)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

// idle waits until every accepted update has had its turn.
func (h *hooked) idle(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), idleDeadline)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var pending int
		if err := h.data.db.Get(ctx, `select count(*) from inbox where state = 'pending'`, nil, &pending); err != nil {
			t.Fatal(err)
		}
		if pending == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d updates still wait for their turn", pending)
		}
	}
}

// bareHook is the least that could be done instead: the same server, and a
// handler that writes the same bytes down as durably, once.
func bareHook(b *testing.B) (client *http.Client, url string) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "bare.db")+
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=secure_delete(1)"+
		"&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-8000)&_pragma=wal_autocheckpoint(2000)")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { db.Close() })
	if _, err := db.Exec(`create table inbox (turn integer primary key, payload blob not null)`); err != nil {
		b.Fatal(err)
	}
	insert, err := db.Prepare(`insert into inbox (payload) values ($1)`)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { insert.Close() })
	log := slog.New(slog.NewTextHandler(&logged{}, nil))
	server, err := web.New(web.Options{Listen: "127.0.0.1:0", Log: log})
	if err != nil {
		b.Fatal(err)
	}
	server.Handle("POST /bare", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			_, err = insert.ExecContext(r.Context(), body)
		}
		if err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
		}
	}), web.CrossSite(), web.Unlimited())
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = server.Run(ctx) })
	client = keptAlive(b)
	b.Cleanup(func() {
		client.CloseIdleConnections()
		stop()
		running.Wait()
	})
	return client, "http://" + server.Addr() + "/bare"
}

// times are durations of one side.
type times []time.Duration

// at is what the part p of them does not exceed, 0.5 for the median.
func (ts times) at(p float64) time.Duration {
	sorted := slices.Sorted(slices.Values(ts))
	return sorted[max(int(math.Ceil(p*float64(len(sorted))))-1, 0)]
}

// reportAgainst prints the median, the 90th and the 99th percentile of ours and of the
// baseline, in microseconds, and ours in parts of the baseline's.
func reportAgainst(b *testing.B, ours, base times) {
	b.ReportMetric(0, "ns/op") // says nothing here
	for _, p := range []struct {
		name string
		at   float64
	}{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}} {
		o, n := ours.at(p.at), base.at(p.at)
		b.ReportMetric(float64(o.Microseconds()), "ours-"+p.name+"-µs")
		b.ReportMetric(float64(n.Microseconds()), "base-"+p.name+"-µs")
		b.ReportMetric(float64(o)/float64(n), p.name+"-ratio")
	}
}

// BenchmarkWebhookAck compares how long Telegram waits for the acknowledgement
// of an update with a bare handler that makes the same durable insert. "taking"
// runs no turns; in "answering" the turns of the updates just acknowledged run
// beside, on the same processor, disk and database.
//
//	go test -run '^$' -bench WebhookAck -benchtime 12x ./cmd/cchcbot
func BenchmarkWebhookAck(b *testing.B) {
	for platform, hook := range map[string]hookKind{
		"telegram": {newHooked, func(client *http.Client, url string, n int64, text string) error {
			return post(client, url, hookBody(n, 1000+n%500, text))
		}},
		"zalo": {newZaloHooked, func(client *http.Client, url string, n int64, text string) error {
			body := zaloBody(n, 1000+n%500, text)
			return postSigned(client, url, body, zaloHeader, zaloSign(body))
		}},
	} {
		for _, answering := range []bool{false, true} {
			for _, posters := range []int{1, 16} {
				b.Run(fmt.Sprintf("%s/%s/posters=%d", platform, map[bool]string{false: "taking", true: "answering"}[answering], posters), func(b *testing.B) {
					benchAck(b, hook, answering, posters)
				})
			}
		}
	}
}

// hookKind is a platform that delivers.
type hookKind struct {
	open func(t testing.TB, answering bool) *hooked
	post func(client *http.Client, url string, n int64, text string) error
}

func benchAck(b *testing.B, kind hookKind, answering bool, posters int) {
	const block = 320 // a block of each side by turns, so that what else the machine does falls on both
	h := kind.open(b, answering)
	client, url := bareHook(b)
	questions := []string{"lam giay khai sinh cho con can nhung gi", "sang tên sổ đỏ mất bao lâu", "le phi dang ky ket hon", "thế nộp ở đâu?"}
	var next atomic.Int64
	side := func(client *http.Client, url string) times {
		took := make([]times, posters)
		var posting sync.WaitGroup
		for p := range posters {
			posting.Go(func() {
				for range block / posters {
					n := next.Add(1)
					start := time.Now()
					if err := kind.post(client, url, n, questions[n%int64(len(questions))]); err != nil {
						b.Error(err)
						return
					}
					took[p] = append(took[p], time.Since(start))
				}
			})
		}
		posting.Wait()
		return slices.Concat(took...)
	}
	side(h.client, h.url) // connections, statements, tables
	side(client, url)
	var ours, base times
	for b.Loop() {
		if answering {
			h.idle(b)
		}
		base = append(base, side(client, url)...)
		ours = append(ours, side(h.client, h.url)...)
	}
	if answering {
		h.idle(b)
	}
	reportAgainst(b, ours, base)
}
