package webchat

import (
	"container/list"
	"sync"
)

// What is remembered, so that broken connections lose nothing.
const (
	maxChats   = 10_000   // chats
	maxRing    = 50       // messages of a chat
	maxTurns   = 8        // turns of a chat whose POST may be repeated
	maxBytes   = 32 << 20 // messages of all chats together
	maxPending = 4        // POSTs of one citizen that wait at once
	maxQueue   = 64       // messages that a slow stream may lag behind

	maxStreams        = 5000 // all streams
	maxCitizenStreams = 4    // of one citizen: the oldest makes room
	maxAddressStreams = 64   // of one network address
)

// hub brings messages to the requests that wait for them.
type hub struct {
	mu        sync.Mutex
	chats     map[string]*list.Element
	recent    *list.List // of *chat, most recent first
	bytes     int
	streams   int
	addresses map[string]int // open streams
	closed    bool
	done      chan struct{}
}

// entry is one message, encoded.
type entry struct {
	id    string
	data  []byte
	taken bool // a POST brought it to the page: no replay needed
}

type chat struct {
	id      string
	ring    []entry
	turns   []*turn
	streams []*stream // oldest first
	owed    bool      // a message was sent while nobody was there
}

// turn is an update whose POST waits, waited, or may be repeated.
type turn struct {
	id       string
	want     int // messages to come; -1 until the turn has settled
	messages []entry
	extra    []entry // others that arrived while the POST waited
	waiters  int
	changed  chan struct{} // closed and replaced at every change
}

func (t *turn) complete() bool { return t.want >= 0 && len(t.messages) >= min(t.want, maxRing) }

func (t *turn) notify() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// stream is an open event stream. quit is closed when it must end.
type stream struct {
	chat, address string
	out           chan frame
	quit          chan struct{}
	bye           bool // another stream took its place; the page should not come back by itself
}

// frame is one server-sent event.
type frame struct {
	event string
	entry
}

func newHub() *hub {
	return &hub{chats: map[string]*list.Element{}, recent: list.New(), addresses: map[string]int{}, done: make(chan struct{})}
}

// open returns a chat, new if need be, and makes room for it.
func (h *hub) open(id string) *chat {
	if e, ok := h.chats[id]; ok {
		h.recent.MoveToFront(e)
		return e.Value.(*chat)
	}
	c := &chat{id: id}
	h.chats[id] = h.recent.PushFront(c)
	h.trim()
	return c
}

// find returns a chat or nil.
func (h *hub) find(id string) *chat {
	if e, ok := h.chats[id]; ok {
		return e.Value.(*chat)
	}
	return nil
}

// trim forgets the chats that were quiet longest, but none that is in use.
func (h *hub) trim() {
	for e := h.recent.Back(); e != nil && e != h.recent.Front() && (h.recent.Len() > maxChats || h.bytes > maxBytes); {
		c := e.Value.(*chat)
		prev := e.Prev()
		if len(c.streams) == 0 && c.waiting() == nil {
			for _, m := range c.ring {
				h.bytes -= len(m.data)
			}
			h.recent.Remove(e)
			delete(h.chats, c.id)
		}
		e = prev
	}
}

func (c *chat) turn(id string) *turn {
	for _, t := range c.turns {
		if t.id == id {
			return t
		}
	}
	return nil
}

// waiting is the oldest turn whose POST waits, or nil.
func (c *chat) waiting() *turn {
	for _, t := range c.turns {
		if t.waiters > 0 {
			return t
		}
	}
	return nil
}

// begin registers a POST for a turn before its update is accepted, so that no
// answer comes too early. known says that the citizen's chat is remembered;
// again that this turn is. ok is false when too many wait already.
func (h *hub) begin(chatID, id string) (t *turn, known, again, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	known = h.find(chatID) != nil
	c := h.open(chatID)
	waiting := 0
	for _, t := range c.turns {
		waiting += t.waiters
	}
	if waiting >= maxPending {
		return nil, known, false, false
	}
	t = c.turn(id)
	if again = t != nil; !again {
		t = &turn{id: id, want: -1, changed: make(chan struct{})}
		c.turns = append(c.turns, t)
		for i := 0; len(c.turns) > maxTurns && i < len(c.turns); {
			if c.turns[i].waiters == 0 && c.turns[i] != t {
				c.turns = append(c.turns[:i], c.turns[i+1:]...)
			} else {
				i++
			}
		}
	}
	t.waiters++
	return t, known, again, true
}

// progress returns what a turn has so far and a channel that closes at the next change.
func (h *hub) progress(t *turn) (messages []entry, complete bool, changed <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	messages = append(append([]entry(nil), t.extra...), t.messages...)
	return messages, t.complete(), t.changed
}

// end takes a POST away. seen are the messages that it wrote to the client;
// what it could not write goes to the streams.
func (h *hub) end(chatID string, t *turn, seen []entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t.waiters--
	c := h.find(chatID)
	if c == nil {
		return
	}
	for _, m := range seen {
		for i := range c.ring {
			if c.ring[i].id == m.id {
				c.ring[i].taken = true
			}
		}
	}
	if t.waiters > 0 || len(c.streams) == 0 {
		return
	}
	for _, list := range [][]entry{t.extra, t.messages} {
		for _, m := range list {
			if i := c.position(m.id); i >= 0 && !c.ring[i].taken {
				h.push(c, frame{event: "message", entry: m})
			}
		}
	}
}

func (c *chat) position(id string) int {
	for i := range c.ring {
		if c.ring[i].id == id {
			return i
		}
	}
	return -1
}

// deliver brings a message to whoever is there and reports whether anybody was.
// A message that was delivered before is not shown twice.
func (h *hub) deliver(chatID, update string, m entry) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.find(chatID)
	if c == nil {
		return false
	}
	if c.position(m.id) >= 0 {
		return true
	}
	var own *turn
	if update != "" {
		own = c.turn(update)
	}
	other := c.waiting()
	switch {
	case own != nil && own.waiters > 0:
	case len(c.streams) > 0:
		h.push(c, frame{event: "message", entry: m})
	case other != nil:
		// A client without a stream still gets what was held for it.
		other.extra = append(other.extra, m)
		if len(other.extra) > maxRing {
			other.extra = other.extra[1:]
		}
		other.notify()
	default:
		c.owed = true
		return false
	}
	if own != nil && len(own.messages) < maxRing {
		own.messages = append(own.messages, m)
		own.notify()
	}
	h.keep(c, m)
	return true
}

// keep remembers a message for replay.
func (h *hub) keep(c *chat, m entry) {
	c.ring = append(c.ring, m)
	h.bytes += len(m.data)
	if len(c.ring) > maxRing {
		h.bytes -= len(c.ring[0].data)
		c.ring = append([]entry(nil), c.ring[1:]...)
	}
	h.recent.MoveToFront(h.chats[c.id])
	h.trim()
}

// push gives a frame to all streams of a chat. One that lags too far is ended:
// the page opens another, which replays what is missing.
func (h *hub) push(c *chat, f frame) {
	for _, s := range append([]*stream(nil), c.streams...) {
		select {
		case s.out <- f:
		default:
			h.drop(c, s)
		}
	}
}

func (h *hub) settled(chatID, id string, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.find(chatID); c != nil {
		if t := c.turn(id); t != nil {
			t.want = n
			t.notify()
		}
	}
}

func (h *hub) typing(chatID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.find(chatID); c != nil {
		for _, s := range c.streams {
			select {
			case s.out <- frame{event: "typing"}:
			default: // a stream that lags needs no typing sign
			}
		}
	}
}

// join opens a stream and returns what it must replay first: when after is
// given, what came after the message with that id. owed says that a message
// found nobody since the last stream. It fails when there are too many streams.
func (h *hub) join(chatID, address, after string) (s *stream, replay []entry, owed bool, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || h.streams >= maxStreams || h.addresses[address] >= maxAddressStreams {
		return nil, nil, false, false
	}
	c := h.open(chatID)
	if len(c.streams) >= maxCitizenStreams {
		c.streams[0].bye = true
		h.drop(c, c.streams[0])
	}
	s = &stream{chat: chatID, address: address, out: make(chan frame, maxQueue), quit: make(chan struct{})}
	c.streams = append(c.streams, s)
	h.streams++
	h.addresses[address]++
	if after != "" {
		for _, m := range c.ring[c.position(after)+1:] { // an unknown id replays all there is
			if !m.taken {
				replay = append(replay, m)
			}
		}
	}
	owed, c.owed = c.owed, false
	return s, replay, owed, true
}

// leave takes a stream away; one that was dropped before is gone already.
func (h *hub) leave(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.find(s.chat); c != nil {
		h.drop(c, s)
	}
}

func (h *hub) drop(c *chat, s *stream) {
	for i := range c.streams {
		if c.streams[i] != s {
			continue
		}
		c.streams = append(c.streams[:i], c.streams[i+1:]...)
		close(s.quit)
		h.streams--
		if h.addresses[s.address]--; h.addresses[s.address] == 0 {
			delete(h.addresses, s.address)
		}
		return
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.done)
	}
}
