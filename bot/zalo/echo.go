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

// echo is a message of the account that Zalo delivered back, or that the
// conversation shows.
type echo struct {
	chat, text, id string // text is a digest
	kind           string // as the event has it: "text", "image", "template"
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

func (e *echoes) add(x echo) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, x)
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

// of returns the echoes of a chat at or after since.
func (e *echoes) of(chat string, since time.Time) []echo {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []echo
	for _, x := range e.list {
		if x.chat == chat && !x.at.Before(since) {
			out = append(out, x)
		}
	}
	return out
}
