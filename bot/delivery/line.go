package delivery

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"cchcbot/bot"
)

// line is one channel's way out.
type line struct {
	opt    *Options
	pace   *pace
	ch     bot.Channel
	name   string
	limits bot.Limits
	wake   chan struct{} // something new may be due
	freed  chan struct{} // a send ended
	slots  int           // sends at a time

	mu         sync.Mutex
	flying     int
	flyingNews int
	settling   int // sends that ended and whose receipts are being written
	// Rows that were claimed here and may be at the platform without a receipt that is
	// written down.
	inHand     map[int64]bool
	quiet      throttled
	stop       stopped
	deadTold   time.Time
	unrecorded map[int64]bot.Receipt // sent, but the store could not be told
	unburied   map[int64]string      // given up, for a reason, but the store could not be told
	// Tokens of rows that were taken up and not sent: of all, and of news.
	back, backNews int

	// Used by the goroutine of run or drain only.
	tokens, news purse
	failures     int  // looks at the outbox that failed in a row
	more         bool // the last claim found as much as it asked for
}

// throttled is a platform's wish for less: news and follow-ups wait until its
// end. Platforms do not say whether they mean one chat or all of them, so
// replies to others go on until a second chat is refused; then all wait.
type throttled struct {
	until time.Time
	chat  string
	all   bool
}

// stopped is a channel that an operator has to mend. After until one send (or
// the channel's own check) tries whether it works again.
type stopped struct {
	on     bool
	reason string
	until  time.Time
	wait   time.Duration
}

func newLine(opt *Options, p *pace, c bot.Channel) *line {
	return &line{
		opt: opt, pace: p, ch: c, name: c.Name(), limits: c.Limits(), wake: make(chan struct{}, 1), freed: make(chan struct{}, 1),
		slots: opt.Slots, unrecorded: map[int64]bot.Receipt{}, unburied: map[int64]string{},
		inHand: map[int64]bool{},
	}
}

func (l *line) poke() { signal(l.wake) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (l *line) run(ctx context.Context) {
	var sends sync.WaitGroup
	defer sends.Wait()
	start := func(c bot.Claimed) {
		sends.Go(func() {
			// A send that began is finished even when the process is asked to stop.
			l.deliver(context.WithoutCancel(ctx), c)
			signal(l.freed)
		})
	}
	for ctx.Err() == nil {
		wait := l.look(ctx, start)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-l.freed:
			l.gather(ctx)
		case <-timer.C:
		}
		timer.Stop()
	}
}

// gather lets the sends under way end, for a moment, so that one claim fills all their
// slots: each claim waits for the disk once. What comes in new does not wait for it.
func (l *line) gather(ctx context.Context) {
	if !l.busy() {
		return
	}
	timer := time.NewTimer(gatherFor)
	defer timer.Stop()
	for l.busy() {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
			return
		case <-timer.C:
			return
		case <-l.freed:
		}
	}
}

func (l *line) busy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.flying > 0
}

// look starts what can be sent now and returns when to look again, if nothing
// wakes the line before. Failures are logged here.
func (l *line) look(ctx context.Context, start func(bot.Claimed)) time.Duration {
	wait, err := l.pass(ctx, start)
	if err == nil {
		l.failures = 0
		return wait
	}
	if ctx.Err() == nil {
		if l.failures == 0 {
			l.opt.Log.Error("outbox cannot be read", "channel", l.name, "err", err)
		}
		l.failures++
	}
	return backoff(min(l.failures, 3), l.opt.Jitter())
}

// pass fills the free slots, most urgent lane first, and starts over with the
// first lane after each claim.
func (l *line) pass(ctx context.Context, start func(bot.Claimed)) (time.Duration, error) {
	if err := l.record(ctx); err != nil {
		return 0, err
	}
	now, asked, n := l.opt.Now(), !l.more, 0
	if asked { // else there surely is something
		due, err := l.opt.Outbox.NextDue(ctx, l.name)
		if err != nil {
			return 0, err
		}
		if due.IsZero() || due.After(now) {
			return until(due, now), nil
		}
	}
	l.more = false
	if wait := l.stoppedFor(ctx, now); wait > 0 {
		return min(wait, sweepEvery), nil
	}
	wait := time.Duration(0)
	for {
		claimed, hint, err := l.claim(ctx)
		if err != nil {
			return 0, err
		}
		if hint > 0 && (wait == 0 || hint < wait) {
			wait = hint
		}
		if len(claimed) == 0 {
			break
		}
		n += len(claimed)
		for _, c := range claimed {
			if l.begin(c) {
				start(c)
			}
		}
		if ctx.Err() != nil {
			break
		}
		if l.more {
			l.gather(ctx)
		}
	}
	if !asked && n == 0 && wait == 0 && ctx.Err() == nil {
		return l.pass(ctx, start) // there was nothing, after all: when will there be?
	}
	if wait == 0 {
		wait = blockedEvery
	}
	return min(wait, sweepEvery), nil
}

func until(due, now time.Time) time.Duration {
	if due.IsZero() {
		return sweepEvery
	}
	return min(max(due.Sub(now), time.Millisecond), sweepEvery)
}

// claim leases rows of the first lane that has any and may send. hint is how
// long a lane has to wait that may not send now, 0 for none.
func (l *line) claim(ctx context.Context) (claimed []bot.Claimed, hint time.Duration, err error) {
	for _, lane := range bot.Lanes {
		room, wait := l.room(lane)
		if room > 0 {
			room, wait = l.budget(ctx, lane, room)
		}
		if wait > 0 && (hint == 0 || wait < hint) {
			hint = wait
		}
		if room == 0 {
			continue
		}
		claimed, err = l.opt.Outbox.Claim(ctx, l.name, lane, room, lease)
		if err != nil {
			return nil, hint, err
		}
		if n := len(claimed); n > 0 {
			l.more = n == room
			l.spend(lane, n)
			return claimed, hint, nil
		}
	}
	return nil, hint, nil
}

// room is how many sends of a lane may start, and how long to wait when a
// throttle forbids any. News leaves a quarter of the slots to others.
func (l *line) room(lane bot.Lane) (int, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.opt.Now()
	if left := l.quiet.until.Sub(now); left > 0 && (l.quiet.all || lane != bot.LaneReply) {
		return 0, left
	}
	if left := l.stop.until.Sub(now); left > 0 {
		return 0, left
	}
	// A crash repeats what is not written down, so that only so much may be.
	room := l.slots - l.flying - max(l.settling-l.slots, 0)
	if l.stop.on {
		room = min(room, 1-l.flying) // a single send shows whether the channel works again
	}
	if lane == bot.LaneBroadcast {
		room = min(room, max(l.slots*3/4, 1)-l.flyingNews)
	}
	return max(room, 0), 0
}

// budget fills the purses of a lane for up to want sends.
func (l *line) budget(ctx context.Context, lane bot.Lane, want int) (int, time.Duration) {
	p := l.limits.Pace
	if p.PerSecond <= 0 {
		return want, 0
	}
	l.takeBack()
	r := channelRate(p)
	want = min(want, purseOf(p))
	if lane != bot.LaneBroadcast {
		wait := l.tokens.fill(ctx, l.pace, "pace/"+l.name, r, want)
		return min(want, l.tokens.n), wait
	}
	wait := l.news.fill(ctx, l.pace, "pace/"+l.name+"/news", newsRate(p), want)
	if want = min(want, l.news.n); want == 0 {
		return 0, wait
	}
	// When news and replies together use up the pace, a token stays behind for
	// the next reply, and it is news that waits for another.
	spare := min(1, purseOf(p)-1)
	w := l.tokens.fill(ctx, l.pace, "pace/"+l.name, r, min(want+spare, purseOf(p)))
	return min(want, max(l.tokens.n-spare, 0)), max(w, wait)
}

func (l *line) spend(lane bot.Lane, n int) {
	l.tokens.n = max(l.tokens.n-n, 0)
	if lane == bot.LaneBroadcast {
		l.news.n = max(l.news.n-n, 0)
	}
}

// giveBack returns the tokens of a row that was not sent: the platform never heard of it.
func (l *line) giveBack(lane bot.Lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.back++
	if lane == bot.LaneBroadcast {
		l.backNews++
	}
}

// takeBack puts what was given back into the purses.
func (l *line) takeBack() {
	l.mu.Lock()
	all, news := l.back, l.backNews
	l.back, l.backNews = 0, 0
	l.mu.Unlock()
	if all == 0 {
		return
	}
	now := l.opt.Now()
	l.tokens.add(all, purseOf(l.limits.Pace), now)
	l.news.add(news, purseOf(l.limits.Pace), now)
}

// begin counts a claimed row as under way. It reports false for one that is so already:
// when the clock jumps, by more than a lease, a row can be claimed whose send has not ended.
func (l *line) begin(c bot.Claimed) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inHand[c.Row] {
		return false
	}
	l.inHand[c.Row] = true
	l.flying++
	if c.Lane == bot.LaneBroadcast {
		l.flyingNews++
	}
	return true
}

// putDown is called when a row's receipt is written down, or the platform did not take it.
func (l *line) putDown(c bot.Claimed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.inHand, c.Row)
}

func (l *line) end(c bot.Claimed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flying--
	if c.Lane == bot.LaneBroadcast {
		l.flyingNews--
	}
}

func (l *line) settle(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settling += n
}

// stoppedFor is how long a stopped channel stays so. When its time is over the
// channel's own check decides, if it has one; else the next send.
func (l *line) stoppedFor(ctx context.Context, now time.Time) time.Duration {
	l.mu.Lock()
	s := l.stop
	l.mu.Unlock()
	if !s.on {
		return 0
	}
	if wait := s.until.Sub(now); wait > 0 {
		return wait
	}
	c, ok := l.ch.(bot.Checker)
	if !ok {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if c.Check(ctx) == nil {
		return 0
	}
	return l.halt(ctx, s.reason)
}

// halt stops the channel, or keeps it stopped for longer, and returns for how long.
func (l *line) halt(ctx context.Context, reason string) time.Duration {
	l.mu.Lock()
	if left := l.stop.until.Sub(l.opt.Now()); left > 0 { // another send under way found out first
		l.mu.Unlock()
		return left
	}
	first := !l.stop.on
	wait := probeFirst
	if !first {
		wait = min(2*l.stop.wait, probeMost)
	}
	l.stop = stopped{on: true, reason: reason, wait: wait, until: l.opt.Now().Add(wait)}
	l.mu.Unlock()
	if first {
		l.opt.Log.Error("channel stopped", "channel", l.name, "reason", reason)
		l.opt.Alert(ctx, "channel "+l.name+" sends nothing any more: "+reason+". Messages wait; it is tried again by itself.")
	}
	return wait
}

// works notes that the platform dealt with a message.
func (l *line) works(ctx context.Context) {
	l.mu.Lock()
	// A send that began before the stop and succeeded after it proves nothing.
	was := l.stop.on && !l.opt.Now().Before(l.stop.until)
	if was {
		l.stop = stopped{}
	}
	l.mu.Unlock()
	if was {
		l.opt.Log.Info("channel sends again", "channel", l.name)
		l.opt.Alert(ctx, "channel "+l.name+" sends again.")
	}
}

// slowDown notes a throttle by the platform.
func (l *line) slowDown(chat string, end time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.opt.Now().Before(l.quiet.until) {
		l.quiet = throttled{chat: chat}
	}
	if chat != l.quiet.chat {
		l.quiet.all = true
	}
	if end.After(l.quiet.until) {
		l.quiet.until = end
	}
}

func (l *line) status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{Channel: l.name, Stopped: l.stop.on, Reason: l.stop.reason, Until: l.stop.until, Flying: l.flying}
	if !s.Stopped && l.opt.Now().Before(l.quiet.until) {
		s.Until = l.quiet.until
	}
	return s
}

// drain sends what is due, one after the other.
func (l *line) drain(ctx context.Context) error {
	slots := l.slots
	l.slots = 1 // each claim is a fresh look at what is most urgent
	defer func() { l.slots = slots }()
	for {
		n := 0
		one := func(c bot.Claimed) { n++; l.deliver(ctx, c) }
		if _, err := l.pass(ctx, one); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
}

// record tells the store of messages that were sent, or given up, while it was away.
func (l *line) record(ctx context.Context) error {
	l.mu.Lock()
	rows, graves := maps.Clone(l.unrecorded), maps.Clone(l.unburied)
	l.mu.Unlock()
	for row, r := range rows {
		err := l.opt.Outbox.Sent(ctx, row, r)
		if err != nil && !bot.IsCode(err, bot.NotFound) {
			return err
		}
		l.forget(row)
	}
	for row, why := range graves {
		if err := l.opt.Outbox.Bury(ctx, row, why); err != nil {
			return err
		}
		l.forget(row)
	}
	return nil
}

func (l *line) keep(row int64, r bot.Receipt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.unrecorded) < maxUnrecorded {
		l.unrecorded[row] = r
	}
}

func (l *line) keepBurial(row int64, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.unburied) < maxUnrecorded {
		l.unburied[row] = why
	}
}

func (l *line) forget(row int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.unrecorded, row)
	delete(l.unburied, row)
}

var errPanicked = errors.New("the channel's code panicked")
