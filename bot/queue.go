package bot

import (
	"sync"
	"time"
)

// queue hands pending turns to workers: one chat's turns one after the other,
// different chats side by side. It holds at most maxScheduled turns.
type queue struct {
	mu       sync.Mutex
	ready    *sync.Cond
	chats    map[string]*chatQueue
	known    map[int64]bool // turns in memory
	runnable []*chatQueue
	stopped  bool
	full     bool          // the last look found no space
	room     chan struct{} // signalled when a full queue is half empty again
}

type chatQueue struct {
	key     string
	turns   []Pending
	running bool
	queued  bool        // stands in runnable
	timer   *time.Timer // a retry waits; the chat waits with it
}

func newQueue() *queue {
	q := &queue{chats: map[string]*chatQueue{}, known: map[int64]bool{}, room: make(chan struct{}, 1)}
	q.ready = sync.NewCond(&q.mu)
	return q
}

func (q *queue) space() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	space := maxScheduled - len(q.known)
	q.full = space == 0
	return space
}

// add schedules a turn that is not in memory yet.
func (q *queue) add(p Pending, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stopped || q.known[p.Turn] {
		return
	}
	q.known[p.Turn] = true
	c := q.chats[p.Chat]
	if c == nil {
		c = &chatQueue{key: p.Chat}
		q.chats[p.Chat] = c
	}
	c.turns = append(c.turns, p)
	if len(c.turns) == 1 && p.Due.After(now) {
		q.wait(c, p.Due.Sub(now))
		return
	}
	q.offer(c)
}

// offer makes a chat runnable if it has work and nothing holds it back.
func (q *queue) offer(c *chatQueue) {
	if c.running || c.queued || c.timer != nil || len(c.turns) == 0 || q.stopped {
		return
	}
	c.queued = true
	q.runnable = append(q.runnable, c)
	q.ready.Signal()
}

func (q *queue) wait(c *chatQueue, d time.Duration) {
	if q.stopped {
		return
	}
	c.timer = time.AfterFunc(d, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		c.timer = nil
		q.offer(c)
	})
}

// next returns the next turn, or false when the queue stopped.
func (q *queue) next() (Pending, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.stopped && len(q.runnable) == 0 {
		q.ready.Wait()
	}
	if q.stopped {
		return Pending{}, false
	}
	c := q.runnable[0]
	q.runnable = q.runnable[1:]
	c.queued, c.running = false, true
	return c.turns[0], true
}

// finished takes a turn out of the queue, or keeps it at the head of its chat
// until again.
func (q *queue) finished(p Pending, again time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.chats[p.Chat]
	c.running = false
	if !again.IsZero() {
		p.Attempts++ // the inbox row has the count that matters
		c.turns[0] = p
		q.wait(c, max(time.Until(again), time.Millisecond))
		return
	}
	delete(q.known, p.Turn)
	c.turns = c.turns[1:]
	if len(c.turns) == 0 {
		delete(q.chats, p.Chat)
	} else {
		q.offer(c)
	}
	if q.full && len(q.known) <= maxScheduled/2 {
		q.full = false
		select {
		case q.room <- struct{}{}:
		default:
		}
	}
}

func (q *queue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopped = true
	for _, c := range q.chats {
		if c.timer != nil {
			c.timer.Stop()
		}
	}
	q.ready.Broadcast()
}
