package items

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
)

// Figures is what became of an item. All numbers of people are of one moment: Reach is
// the sum of the five below it, also while more people are being found.
type Figures struct {
	Item     Item
	Reach    int // people it was queued for
	Waiting  int // in the outbox, not sent yet
	Held     int // until they write: the platform does not let us write first
	Sent     int
	Failed   int
	Dropped  int
	Rows     []bot.SpreadCount // by channel, state and reason
	Channels []ChannelFigures  // in the order of their names
	Left     int
	Opened   int
	// Looked is how many of a hundred subscribers were looked at, to find those who want it.
	Looked int
	// PerSecond is how fast it went in the last minute; 0 when nothing moves. Ends is when it
	// will be done at that pace, by the slowest channel; zero when that is not known.
	PerSecond float64
	Ends      time.Time
	// From is when it may go on: the end of the quiet hours; zero for now. Kept says that
	// it is paused, or that an operator keeps all of it.
	From time.Time
	Kept bool
}

// ChannelFigures is what became of an item on one channel.
type ChannelFigures struct {
	Channel   string
	Waiting   int
	Held      int
	Sent      int
	Failed    int
	Dropped   int
	PerSecond float64
	Ends      time.Time
	Kept      bool // an operator keeps what goes over this channel
}

// paceOver is the time by which the pace is measured.
const paceOver = time.Minute

// Figures counts what became of an item: from the outbox while it is sent, from what
// was written down afterwards when the rows are gone.
func (d *Desk) Figures(ctx context.Context, id int64, a Actor) (Figures, error) {
	it, err := d.Get(ctx, id, a)
	if err != nil {
		return Figures{}, err
	}
	f := Figures{Item: it, Left: it.Progress.Left, Opened: it.Progress.Opened, Looked: looked(it)}
	if it.spread == 0 {
		return f, nil
	}
	if f.Rows, err = d.counted(ctx, it); err != nil {
		return f, err
	}
	for _, c := range f.Rows {
		f.add(c)
	}
	if it.State != Sending && it.State != Paused {
		return f, nil
	}
	return f, d.watch(ctx, &f)
}

// looked is how far the search for subscribers came, in per cent.
func looked(it Item) int {
	switch {
	case it.expanded || it.spread == 0:
		return 100
	case it.top <= 0 || it.Corrects != 0:
		return 0
	}
	return int(min(99, 100*it.cursor/it.top))
}

// total is how many people rows are about.
func total(rows []bot.SpreadCount) (n int) {
	for _, c := range rows {
		n += c.Count
	}
	return n
}

// counted are the rows of an item. Those of the outbox go in the course of weeks, the
// sent ones first: what was written down then is more.
func (d *Desk) counted(ctx context.Context, it Item) ([]bot.SpreadCount, error) {
	rows, err := d.opt.Spreads.CountSpread(ctx, it.spread)
	if err != nil || it.Finished.IsZero() {
		return rows, err
	}
	noted, err := noted(ctx, d.opt.Read, it.ID)
	if err != nil || total(noted) <= total(rows) {
		return rows, err
	}
	return noted, nil
}

// noted are the figures that were written down.
func noted(ctx context.Context, q Reader, id int64) (out []bot.SpreadCount, err error) {
	if err := bot.EachRow(ctx, q, `select channel, state, reason, n from news_figures where item = $1 order by channel, state, reason`, []any{id}, func(s bot.Scanner) error {
		var c bot.SpreadCount
		err := s.Scan(&c.Channel, &c.State, &c.Reason, &c.Count)
		out = append(out, c)
		return err
	}); err != nil {
		return nil, fmt.Errorf("read figures: %w", err)
	}
	return out, nil
}

// noteFigures writes the figures of an item down, unless more was written before: then rows of the outbox are gone already.
func noteFigures(ctx context.Context, tx bot.Tx, id int64, counts []bot.SpreadCount) error {
	before, err := noted(ctx, tx, id)
	if err != nil || total(before) > total(counts) {
		return err
	}
	if _, err := tx.ExecContext(ctx, `delete from news_figures where item = $1`, id); err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	sent, failed := 0, 0
	for _, c := range counts {
		switch c.State {
		case bot.OutboxSent:
			sent += c.Count
		case bot.OutboxDead:
			failed += c.Count
		}
		if _, err := tx.ExecContext(ctx, `insert into news_figures (item, channel, state, reason, n) values ($1, $2, $3, $4, $5)`, id, c.Channel, string(c.State), c.Reason, c.Count); err != nil {
			return fmt.Errorf("write figures: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, `update news_items set sent = $2, failed = $3 where id = $1`, id, sent, failed); err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	return nil
}

// add puts a row to the sums.
func (f *Figures) add(c bot.SpreadCount) {
	at := slices.IndexFunc(f.Channels, func(x ChannelFigures) bool { return x.Channel == c.Channel })
	if at < 0 {
		f.Channels = append(f.Channels, ChannelFigures{Channel: c.Channel})
		slices.SortFunc(f.Channels, func(a, b ChannelFigures) int { return strings.Compare(a.Channel, b.Channel) })
		at = slices.IndexFunc(f.Channels, func(x ChannelFigures) bool { return x.Channel == c.Channel })
	}
	x := &f.Channels[at]
	one, all := &x.Waiting, &f.Waiting
	switch c.State {
	case bot.OutboxHeld:
		one, all = &x.Held, &f.Held
	case bot.OutboxSent:
		one, all = &x.Sent, &f.Sent
	case bot.OutboxDead:
		one, all = &x.Failed, &f.Failed
	case bot.OutboxDropped:
		one, all = &x.Dropped, &f.Dropped
	}
	*one += c.Count
	*all += c.Count
	f.Reach += c.Count
}

// watch says how fast it goes and what keeps it.
func (d *Desk) watch(ctx context.Context, f *Figures) error {
	now := d.opt.Now()
	over := paceOver
	if age := now.Sub(f.Item.Published); age < over {
		over = max(age, time.Second)
	}
	w, err := d.opt.Spreads.WatchSpread(ctx, f.Item.spread, now.Add(-over))
	if err != nil {
		return err
	}
	f.From, f.Kept = w.From, contains(w.Held, "")
	known := f.Item.expanded
	for i := range f.Channels {
		c := &f.Channels[i]
		c.Kept = contains(w.Held, c.Channel)
		c.PerSecond = float64(w.Sent[c.Channel]) / over.Seconds()
		f.PerSecond += c.PerSecond
		if c.Waiting == 0 {
			continue
		}
		if c.PerSecond == 0 {
			known = false
			continue
		}
		c.Ends = now.Add(time.Duration(float64(c.Waiting) / c.PerSecond * float64(time.Second)))
		if c.Ends.After(f.Ends) {
			f.Ends = c.Ends
		}
	}
	if !known {
		f.Ends = time.Time{}
	}
	return nil
}

// Audience says who would get an item if it were sent now.
type Audience struct {
	Channels  map[string]int // people by channel
	ByArticle int            // on a channel where it goes by article: they have it when they follow the account
	Gone      int            // asked for it, and blocked us or left since
	Digest    int            // asked for it in a digest
	Counted   time.Time      // when the count began
}

// People is how many would get it at once.
func (a Audience) People() int {
	n := 0
	for _, c := range a.Channels {
		n += c
	}
	return n
}

// Counting is a count of an audience that can be broken off and gone on with.
type Counting struct {
	Audience
	Done   bool
	often  int // of allOften, under way
	cursor int64
	top    int64
}

// allOften are the ways of getting news, in the order in which they are counted.
var allOften = [...]string{Now, Day, Week}

// Share is how much of it is done, 0 to 1.
func (c *Counting) Share() float64 {
	if c.Done {
		return 1
	}
	if c.top == 0 {
		return 0
	}
	return (float64(c.often) + float64(c.cursor)/float64(c.top)) / float64(len(allOften))
}

// Audience counts who would get an item, in batches beside everything else. A million
// take some seconds; a page counts with [Desk.Count], a while at a time.
func (d *Desk) Audience(ctx context.Context, it Item) (Audience, error) {
	var c Counting
	err := d.Count(ctx, it, &c, time.Time{})
	return c.Audience, err
}

// Count goes on counting who would get an item until a time, to the end when it is zero.
// The zero Counting begins. For a correction it counts who got, or is to get, the item before.
func (d *Desk) Count(ctx context.Context, it Item, c *Counting, until time.Time) error {
	if c.Channels == nil {
		c.Audience = Audience{Channels: map[string]int{}, Counted: d.opt.Now()}
		if it.Corrects != 0 {
			return d.countBefore(ctx, it, c)
		}
		if err := d.opt.Read.QueryRowContext(ctx, `select coalesce(max(id), 0) from news_subscribers`).Scan(&c.top); err != nil {
			return fmt.Errorf("count audience: %w", err)
		}
	}
	for ; c.often < len(allOften); c.often, c.cursor = c.often+1, 0 {
		for c.cursor < c.top {
			if err := d.countBatch(ctx, it, c); err != nil {
				return err
			}
			if !until.IsZero() && d.opt.Now().After(until) {
				return nil
			}
		}
	}
	c.Done = true
	return nil
}

func (d *Desk) countBatch(ctx context.Context, it Item, c *Counting) error {
	rows, next, err := d.next(ctx, d.opt.Read, allOften[c.often], it.Content.Topics, it.Content.Places, c.cursor, c.top, bot.MaxBatch)
	if err != nil {
		return err
	}
	c.cursor = next
	if allOften[c.often] != Now {
		c.Digest += len(rows)
		return nil
	}
	to := make([]bot.Recipient, len(rows))
	for i, r := range rows {
		to[i] = r.to
	}
	channels, err := d.opt.Spreads.Reachable(ctx, to)
	if err != nil {
		return err
	}
	publishers, err := d.publishers(it)
	if err != nil {
		return err
	}
	for _, name := range channels {
		switch {
		case name == "":
			c.Gone++
		case publishers[name] != nil:
			c.ByArticle++
		default:
			c.Channels[name]++
		}
	}
	return nil
}

// countBefore counts those who got the item that a correction corrects: the correction goes to them.
func (d *Desk) countBefore(ctx context.Context, it Item, c *Counting) error {
	c.Done = true
	of, err := rootOf(ctx, d.opt.Read, it) // a correction of before went to none but those
	if err != nil || of.spread == 0 {
		return err
	}
	rows, err := d.opt.Spreads.CountSpread(ctx, of.spread)
	if err != nil {
		return fmt.Errorf("count audience: %w", err)
	}
	for _, r := range rows {
		if r.State == bot.OutboxSent {
			c.Channels[r.Channel] += r.Count
		}
	}
	return nil
}
