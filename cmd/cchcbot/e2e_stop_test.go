package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/webchat"
)

// load is what happened to citizens who ask at once.
type load struct {
	mu                sync.Mutex
	answered, refused int
	told              chan struct{} // one for each answer
}

// ask posts a question and reports whether it was taken. Whoever is told 200
// must have the whole answer.
func (l *load) ask(t *testing.T, v *visitor, id string) bool {
	body, err := json.Marshal(map[string]string{"text": "đăng ký khai sinh mất bao lâu", "id": id})
	if err != nil {
		t.Error(err)
		return false
	}
	a, err := v.post("application/json", bytes.NewReader(body))
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil: // the door was closed already
		l.refused++
		return false
	case a.status != http.StatusOK:
		t.Errorf("answered %d: %s", a.status, a.body)
	case len(a.said) != 1 || !bytes.Contains(a.body, []byte("1.001193")):
		t.Errorf("told 200 with %d messages: %s", len(a.said), a.body)
	default:
		l.answered++
		l.told <- struct{}{}
	}
	return true
}

// TestStopUnderLoad: 200 citizens ask at once, and again, while the program is
// asked to stop. What was accepted and not answered is answered after the next
// start; nothing is lost and nothing answered twice.
func TestStopUnderLoad(t *testing.T) {
	const citizens, questions, before = 200, 3, 20
	r := launch(t, believed())
	l := &load{told: make(chan struct{}, citizens*questions)}
	var asking sync.WaitGroup
	for i := range citizens {
		asking.Go(func() {
			v := r.visitor(i)
			for q := range questions {
				if !l.ask(t, v, fmt.Sprintf("m%d-%d", i, q)) {
					return
				}
			}
		})
	}
	for range before { // the others are on their way
		<-l.told
	}
	r.end()
	asking.Wait()
	t.Logf("%d answered, %d refused", l.answered, l.refused)
	if l.refused == 0 {
		t.Error("nobody was refused: the program was asked to stop too late for this test")
	}

	again := believed()
	again.Data = r.cfg.Data
	next := launch(t, again)
	next.mustAnswer(400)
	accepted, open, odd := next.counts()
	if open != 0 || odd != 0 || accepted < l.answered+1 {
		t.Errorf("%d updates accepted, %d of them not done, %d chats with too few or too many answers; %d were told", accepted, open, odd, l.answered)
	}
}

// counts are the updates accepted, those without an answer, and the chats with
// more or fewer messages than questions.
func (r *running) counts() (accepted, open, odd int) {
	r.t.Helper()
	for query, into := range map[string]*int{
		`select count(*) from inbox`:                       &accepted,
		`select count(*) from inbox where state <> 'done'`: &open,
		`select count(*) from (select chat, count(*) as n from inbox group by chat) i
			left join (select chat, count(*) as n from outbox group by chat) o on o.chat = i.chat
			where coalesce(o.n, 0) <> i.n`: &odd,
	} {
		if err := r.data.db.Read().QueryRow(query).Scan(into); err != nil {
			r.t.Fatal(err)
		}
	}
	return accepted, open, odd
}

// TestWhatWasAcceptedIsAnsweredAfterTheStart: the program ends before any turn;
// the next one owes the answers, and keeps them for citizens who went away.
func TestWhatWasAcceptedIsAnsweredAfterTheStart(t *testing.T) {
	const updates = 50
	r := prepare(t, believed())
	for i := range updates {
		u := bot.Update{
			ID: fmt.Sprint("u", i), Channel: webchat.Name, Chat: fmt.Sprint("c", i%10), From: bot.Sender{ID: fmt.Sprint("c", i%10)},
			At: time.Now(), Text: "đăng ký khai sinh mất bao lâu",
		}
		for range 2 { // platforms send twice
			if err := r.house.store.Accept(t.Context(), u); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.end()
	again := believed()
	again.Data = r.cfg.Data
	next := launch(t, again)
	for turn := range int64(updates) {
		if state := next.stateOf(turn + 1); state != "done" {
			t.Errorf("turn %d is %q", turn+1, state)
		}
	}
	accepted, open, odd := next.counts()
	if accepted < updates || open != 0 || odd != 0 {
		t.Errorf("%d updates, %d of them open, %d chats with too few or too many answers", accepted, open, odd)
	}
}
