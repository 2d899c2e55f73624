//go:build soak

package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cchcbot/bot"
)

// Sizes of the run at full speed.
const (
	fullChats   = 2000
	fullRounds  = 5  // updates of each chat
	fullPosters = 16 // deliveries at a time
	fullTwice   = 7  // every so many updates are delivered once more
)

// TestTenThousandUpdatesKeepTheirOrder delivers 10,000 updates of 2,000 chats
// as fast as they are acknowledged, many of them twice, as Telegram does when
// an acknowledgement is lost: each is answered once, and in each chat the
// answers stand in the order of the questions.
//
//	go test -tags soak -run TenThousand -v ./cmd/cchcbot
func TestTenThousandUpdatesKeepTheirOrder(t *testing.T) {
	h := newHooked(t, true)
	start := time.Now()
	var posts atomic.Int64
	var posting sync.WaitGroup
	for p := range fullPosters {
		posting.Go(func() {
			for round := range fullRounds {
				for c := p; c < fullChats; c += fullPosters {
					if err := h.deliver(round, c, &posts); err != nil {
						t.Errorf("round %d of chat %d: %v", round, c, err)
						return
					}
				}
			}
		})
	}
	posting.Wait()
	acknowledged := time.Since(start)
	h.idle(t)
	answered := time.Since(start)
	const all = fullChats * fullRounds
	t.Logf("%d updates in %d deliveries: %.0f deliveries/s acknowledged, %.0f updates/s answered",
		all, posts.Load(), float64(posts.Load())/acknowledged.Seconds(), all/answered.Seconds())
	for query, want := range map[string]int{
		`select count(*) from inbox`:                                    all,
		`select count(*) from inbox where state = 'done'`:               all,
		`select count(*) from outbox`:                                   all,
		`select count(*) from (select distinct message_id from outbox)`: all,
		`select count(distinct chat) from outbox`:                       fullChats,
	} {
		if got := h.number(query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	h.checkOrder()
}

// fullCode is what a chat asks in a round: neighbouring rounds ask for
// different things, and other chats ask in another order.
func fullCode(round, chat int) string { return codes[(round+chat)%len(codes)] }

// deliver posts an update, and every so often once more: the same one at once,
// or the chat's update before, as one that was on its way for long.
func (h *hooked) deliver(round, chat int, posts *atomic.Int64) error {
	body := func(round int) []byte {
		return hookBody(int64(1+round*fullChats+chat), int64(1_000_000+chat), fullCode(round, chat))
	}
	posts.Add(1)
	if err := post(h.client, h.url, body(round)); err != nil || (round+chat)%fullTwice != 0 {
		return err
	}
	posts.Add(1)
	return post(h.client, h.url, body(max(round-chat%2, 0)))
}

// checkOrder opens the outbox and reads each chat's answers in the order in
// which they will be sent.
func (h *hooked) checkOrder() {
	h.t.Helper()
	rows, err := h.data.db.Read().QueryContext(h.t.Context(), `select message_id, payload from outbox order by id`)
	if err != nil {
		h.t.Fatal(err)
	}
	defer rows.Close()
	got := map[string][]string{}
	for rows.Next() {
		var id string
		var sealed []byte
		if err := rows.Scan(&id, &sealed); err != nil {
			h.t.Fatal(err)
		}
		m := h.open(id, sealed)
		got[m.To.Chat] = append(got[m.To.Chat], answeredCode(m))
	}
	if err := rows.Err(); err != nil {
		h.t.Fatal(err)
	}
	wrong := 0
	for c := range fullChats {
		var want []string
		for round := range fullRounds {
			want = append(want, fullCode(round, c))
		}
		if have := got[fmt.Sprint(1_000_000+c)]; !slices.Equal(have, want) {
			if wrong++; wrong <= 5 {
				h.t.Errorf("chat %d was answered %v, want %v", c, have, want)
			}
		}
	}
	if wrong > 0 {
		h.t.Errorf("%d of %d chats have not the answers to their questions in order", wrong, fullChats)
	}
}

func (h *hooked) open(id string, sealed []byte) (m bot.Message) {
	h.t.Helper()
	plain, err := h.data.keys.Open(sealed, "outbox/payload/"+id)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := json.Unmarshal(plain, &m); err != nil {
		h.t.Fatal(err)
	}
	return m
}

// answeredCode is the procedure that a card names.
func answeredCode(m bot.Message) string {
	for _, c := range codes {
		if strings.Contains(m.Text, "mã "+c) {
			return c
		}
	}
	return "something else"
}
