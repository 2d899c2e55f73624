package delivery

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"cchcbot/bot"
)

// memory is an outbox and a state in memory, with the contract's rules.
type memory struct {
	mu      sync.Mutex
	now     func() time.Time
	rows    []*memRow
	out     map[bot.ContactID]string
	buckets map[string]*bucket
	broken  error // what every outbox method fails with
	away    bool  // the state cannot be reached
	noSent  error // what Sent fails with
	noBury  error // what Bury fails with
	takes   int
}

type memRow struct {
	bot.Claimed
	state   bot.OutboxState
	due     time.Time
	lease   time.Time
	reason  string
	receipt string
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newMemory(now func() time.Time) *memory {
	return &memory{now: now, out: map[bot.ContactID]string{}, buckets: map[string]*bucket{}}
}

// add queues a message and returns its row.
func (m *memory) add(channel, chat string, lane bot.Lane, text string) *memRow {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := int64(len(m.rows) + 1)
	r := &memRow{Claimed: bot.Claimed{
		Row: id, Lane: lane, Contact: bot.ContactID(len(chat)), Queued: m.now(),
		Message: bot.Message{ID: text, To: bot.Address{Channel: channel, Chat: chat}, Text: text},
	}, state: bot.OutboxQueued, due: m.now()}
	m.rows = append(m.rows, r)
	return r
}

func (m *memory) Claim(_ context.Context, channel string, lane bot.Lane, n int, lease time.Duration) ([]bot.Claimed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return nil, m.broken
	}
	now := m.now()
	busy, passed := map[string]bool{}, map[string]bool{}
	for _, r := range m.rows {
		if r.state == bot.OutboxSending && r.lease.After(now) && r.Message.To.Channel == channel {
			busy[r.Message.To.Chat] = true
		}
	}
	var got []bot.Claimed
	for _, r := range m.rows {
		open := r.state == bot.OutboxQueued || r.state == bot.OutboxSending && !r.lease.After(now)
		chat := r.Message.To.Chat
		if !open || r.Message.To.Channel != channel || r.Lane != lane || len(got) == n {
			continue
		}
		if busy[chat] || passed[chat] || r.due.After(now) {
			passed[chat] = true
			continue
		}
		busy[chat] = true
		r.state, r.lease = bot.OutboxSending, now.Add(lease)
		got = append(got, r.Claimed)
	}
	return got, nil
}

func (m *memory) change(row int64, f func(*memRow)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	f(m.rows[row-1])
	return nil
}

func (m *memory) Sent(_ context.Context, row int64, r bot.Receipt) error {
	m.mu.Lock()
	failing := m.noSent
	m.mu.Unlock()
	if failing != nil {
		return failing
	}
	return m.change(row, func(x *memRow) { x.state, x.receipt = bot.OutboxSent, r.ID })
}

func (m *memory) Retry(_ context.Context, row int64, due time.Time, counts bool, reason string) error {
	return m.change(row, func(x *memRow) {
		x.state, x.due, x.reason, x.Doubt = bot.OutboxQueued, due, reason, time.Time{}
		if counts {
			x.Attempts++
		}
	})
}

func (m *memory) Doubt(_ context.Context, row int64, tried, due time.Time, reason string) error {
	return m.change(row, func(x *memRow) {
		x.state, x.due, x.reason, x.Doubt = bot.OutboxQueued, due, reason, tried
		x.Attempts++
	})
}

func (m *memory) Hold(_ context.Context, row int64, reason string) error {
	return m.change(row, func(x *memRow) { x.state, x.reason = bot.OutboxHeld, reason })
}

func (m *memory) Bury(_ context.Context, row int64, reason string) error {
	if m.noBury != nil {
		return m.noBury
	}
	return m.change(row, func(x *memRow) { x.state, x.reason = bot.OutboxDead, reason })
}

func (m *memory) Move(_ context.Context, row int64, to string) error {
	return m.change(row, func(x *memRow) { x.Message.To.Chat = to; x.Moves++ })
}

func (m *memory) OptOut(_ context.Context, c bot.ContactID, reason string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.out[c] = reason
	return nil
}

func (m *memory) NextDue(_ context.Context, channel string) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return time.Time{}, m.broken
	}
	var next time.Time
	for _, r := range m.rows {
		due := r.due
		if r.state == bot.OutboxSending {
			due = r.lease
		} else if r.state != bot.OutboxQueued {
			continue
		}
		if r.Message.To.Channel == channel && (next.IsZero() || due.Before(next)) {
			next = due
		}
	}
	return next, nil
}

func (m *memory) Take(_ context.Context, budget string, r bot.Rate, n int) (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return 0, errors.New("state is away")
	}
	m.takes++
	now := m.now()
	b := m.buckets[budget]
	if b == nil {
		b = &bucket{tokens: float64(r.Burst), at: now}
		m.buckets[budget] = b
	}
	b.tokens = min(b.tokens+now.Sub(b.at).Seconds()*r.PerSecond, float64(r.Burst))
	b.at = now
	if missing := float64(n) - b.tokens; missing > 1e-6 {
		return time.Duration(missing/r.PerSecond*float64(time.Second)) + time.Microsecond, nil
	}
	b.tokens -= float64(n)
	return 0, nil
}

func (*memory) Session(context.Context, string) ([]byte, int64, error) { return nil, 0, nil }
func (*memory) SaveSession(context.Context, string, []byte, int64, time.Duration) (int64, error) {
	return 1, nil
}
func (*memory) DeleteSession(context.Context, string) error { return nil }
func (*memory) Lock(context.Context, string, time.Duration) (func(context.Context) error, bool, error) {
	return func(context.Context) error { return nil }, true, nil
}
func (*memory) Seen(context.Context, string, time.Duration) (bool, error) { return false, nil }
func (*memory) Ping(context.Context) error                                { return nil }

// platform is a scripted channel: it answers each send of a chat with the next
// error of its script, then with success.
type platform struct {
	name   string
	limits bot.Limits
	took   func(context.Context, bot.Message) // called in each send, may be nil

	mu     sync.Mutex
	script map[string][]error
	sent   []string
	times  []time.Time
}

func (p *platform) Name() string       { return p.name }
func (p *platform) Limits() bot.Limits { return p.limits }

func (p *platform) Send(ctx context.Context, m bot.Message) (bot.Receipt, error) {
	if p.took != nil {
		p.took(ctx, m)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.script[m.To.Chat]; len(s) > 0 {
		p.script[m.To.Chat] = s[1:]
		if s[0] != nil {
			if errors.Is(s[0], errBoom) {
				panic("what a citizen wrote")
			}
			return bot.Receipt{}, s[0]
		}
	}
	p.sent = append(p.sent, m.Text)
	p.times = append(p.times, time.Now())
	return bot.Receipt{ID: "p-" + m.ID}, nil
}

func (p *platform) texts() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.sent)
}

var errBoom = errors.New("boom")

// count is how many messages were sent.
func (p *platform) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sent)
}
