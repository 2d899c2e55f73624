//go:build soak

package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/faketelegram"
	"cchcbot/bot/telegram"
	"cchcbot/handlers/news/items"
)

// Sizes of the run at real pace.
const (
	replyBlocks = 4
	replyEach   = 120                    // questions of a block
	replyTempo  = 150 * time.Millisecond // between two questions
)

// TestAQuestionBesideAMillion runs the whole program with a Telegram that answers at once
// and asks questions one after the other: before there is any news, while a million people
// are being found for an item, and then by turns while it goes out at Telegram's real pace
// and while it is paused. It prints how long an answer took, from the citizen's message to
// the bot's in his chat.
//
//	go test -tags soak -run AQuestionBesideAMillion -v -timeout 30m ./cmd/cchcbot
func TestAQuestionBesideAMillion(t *testing.T) {
	a := newAsking(t, sizeOf("SOAK_NEWS_PEOPLE", 1_000_000))
	quiet := a.block(2 * replyEach)
	t.Logf("without news: %s", spanOf(quiet))
	it := publish(t, a.house, "Giờ làm việc mới", true)
	var finding times
	began := time.Now()
	for !a.item(it.ID).Progress.Expanded {
		finding = append(finding, a.block(10)...)
	}
	t.Logf("while the people are found (%s): %s", time.Since(began).Round(time.Second), spanOf(finding))
	var busy, paused times
	sent, took := 0, time.Duration(0)
	for range replyBlocks {
		before, start := a.fake.Came(), time.Now()
		busy = append(busy, a.block(replyEach)...)
		sent, took = sent+a.fake.Came()-before, took+time.Since(start)
		a.do(it.ID, items.Pause)
		paused = append(paused, a.block(replyEach)...)
		a.do(it.ID, items.Resume)
	}
	t.Logf("with %d waiting, %.1f messages a second going out: %s", a.item(it.ID).Progress.Queued, float64(sent)/took.Seconds(), spanOf(busy))
	t.Logf("the same, paused: %s", spanOf(paused))
	if p := busy.at(0.99); p > 300*time.Millisecond {
		t.Errorf("an answer beside the news takes %s, want p99 below 300 ms", p)
	}
	if p := finding.at(0.99); p > 300*time.Millisecond {
		t.Errorf("an answer while the people are found takes %s, want p99 below 300 ms", p)
	}
}

func spanOf(ts times) string {
	return fmt.Sprintf("%d questions, p50 %s, p90 %s, p99 %s, longest %s", len(ts), ts.at(0.5).Round(time.Millisecond/10), ts.at(0.9).Round(time.Millisecond/10),
		ts.at(0.99).Round(time.Millisecond/10), ts.at(1).Round(time.Millisecond/10))
}

// asking is the program and its platform.
type asking struct {
	*running
	fake  *faketelegram.Server
	asked int
}

func newAsking(t *testing.T, people int) *asking {
	t.Helper()
	a := &asking{fake: faketelegram.New(faketelegram.Options{Token: soakToken, PerSecond: 30, PerChatSecond: 1, Anybody: true})}
	api := httptest.NewServer(a.fake)
	a.running = prepare(t, &Config{TelegramToken: soakToken, TelegramAPIURL: api.URL, PublicURL: "https://hoidap.example"})
	t.Cleanup(func() { a.end(); a.fake.Close(); api.Close() })
	list := make([]reader, people)
	for i := range list {
		list[i].user = strconv.Itoa(1_000_000_000 + i)
	}
	readers(t, a.data, telegram.Name, firstReader, list)
	a.run()
	return a
}

// block asks questions, each by somebody new, and waits for each answer.
func (a *asking) block(n int) (took times) {
	a.t.Helper()
	tick := time.NewTicker(replyTempo)
	defer tick.Stop()
	limit, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	for range n {
		a.asked++
		p := a.fake.Person(fmt.Sprint("Người hỏi ", a.asked))
		began := time.Now()
		a.fake.Type(p, codes[a.asked%len(codes)])
		if !a.fake.Wait(limit.Done(), func() bool { return len(a.fake.Shown(p.ID)) > 0 }) {
			a.t.Fatal("a question was never answered")
		}
		took = append(took, time.Since(began))
		<-tick.C
	}
	return took
}

func (a *asking) item(id int64) items.Item {
	a.t.Helper()
	it, err := a.house.news.Get(a.t.Context(), id, items.Actor{System: true})
	if err != nil {
		a.t.Fatal(err)
	}
	return it
}

func (a *asking) do(id int64, action items.Action) {
	a.t.Helper()
	who := items.Actor{Officer: bot.Officer{ID: 1, Active: true, Grants: []bot.Grant{{Role: bot.RoleEditor}}}}
	if err := a.house.works.Do(a.t.Context(), func(ctx context.Context, w *bot.Work) error {
		_, err := a.house.news.Do(ctx, w, id, who, items.Command{Action: action})
		return err
	}); err != nil {
		a.t.Fatal(err)
	}
}
