package zalo

import (
	"strings"
	"sync"
	"time"

	"cchcbot/bot"
)

// Limits of what is remembered of echoes.
const (
	maxEchoes = 10_000 // up to twice as many before the oldest are forgotten
	echoLife  = 24 * time.Hour
)

// digestText names a text without keeping it. White space does not count: the
// platform may change it.
func digestText(sealer bot.Sealer, text string) string {
	return sealer.Digest("zalo text\x1f" + strings.Join(strings.Fields(text), " "))
}

// echo is a message of the account that Zalo delivered back.
type echo struct {
	chat, text, id string
	at             time.Time
}

// echoes remembers which messages of the account arrived. It lives as long as
// the process: what it does not know, the conversation shows.
type echoes struct {
	now func() time.Time

	mu   sync.Mutex
	list []echo // oldest first
}

func newEchoes(now func() time.Time) *echoes { return &echoes{now: now} }

func (e *echoes) add(chat, text, id string, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, echo{chat, text, id, at})
	if len(e.list) < 2*maxEchoes {
		return
	}
	old := e.now().Add(-echoLife)
	drop := len(e.list) - maxEchoes
	for drop < len(e.list) && e.list[drop].at.Before(old) {
		drop++
	}
	e.list = append([]echo(nil), e.list[drop:]...)
}

// find returns the message of that text in that chat at or after since, and
// forgets it: two messages of the same text have an echo each.
func (e *echoes) find(chat, text string, since time.Time) (id string, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, x := range e.list {
		if x.chat == chat && x.text == text && !x.at.Before(since) {
			e.list = append(e.list[:i], e.list[i+1:]...)
			return x.id, true
		}
	}
	return "", false
}
