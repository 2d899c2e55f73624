package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
)

// BroadcastPauseCmd is `cchcbot broadcast pause`.
type BroadcastPauseCmd struct {
	Item int64 `arg:"" help:"Number of the item."`
	who
}

// Help is the example below --help.
func (BroadcastPauseCmd) Help() string {
	return "Example:\n  cchcbot broadcast pause 12 --as lan@haiduong.gov.vn"
}

// Run pauses.
func (c *BroadcastPauseCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	return c.act(ctx, cfg, io, c.Item, items.Command{Action: items.Pause})
}

// act does one thing to an item and says how it stands then.
func (c who) act(ctx context.Context, cfg *Config, io streams, id int64, cmd items.Command) error {
	return c.withRoom(ctx, cfg, io, func(n *newsroom) error {
		if _, err := n.do(ctx, id, cmd, false); err != nil {
			return err
		}
		return n.status(ctx, id, false)
	})
}

// BroadcastResumeCmd is `cchcbot broadcast resume`.
type BroadcastResumeCmd struct {
	Item int64 `arg:"" help:"Number of the item."`
	who
}

// Help is the example below --help.
func (BroadcastResumeCmd) Help() string {
	return "Example:\n  cchcbot broadcast resume 12 --as lan@haiduong.gov.vn"
}

// Run resumes.
func (c *BroadcastResumeCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	return c.act(ctx, cfg, io, c.Item, items.Command{Action: items.Resume})
}

// BroadcastStopCmd is `cchcbot broadcast stop`.
type BroadcastStopCmd struct {
	Item   int64  `arg:"" help:"Number of the item."`
	Reason string `required:"" help:"Why."`
	who
}

// Help is the example below --help.
func (BroadcastStopCmd) Help() string {
	return "Example:\n  cchcbot broadcast stop 12 --reason 'wrong address of the office' --as lan@haiduong.gov.vn"
}

// Run stops.
func (c *BroadcastStopCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	return c.act(ctx, cfg, io, c.Item, items.Command{Action: items.Stop, Reason: c.Reason})
}

// watched is a command that may wait for the end of a sending.
type watched struct {
	Watch bool          `help:"Wait until it is sent; with a bar when standard error is a terminal."`
	For   time.Duration `default:"2h" help:"How long to watch, at most 24h."`
}

// BroadcastStatusCmd is `cchcbot broadcast status`.
type BroadcastStatusCmd struct {
	Item int64 `arg:"" help:"Number of the item."`
	watched
	JSON bool `help:"One JSON object instead of lines."`
}

// Help is the example below --help.
func (BroadcastStatusCmd) Help() string {
	return "Examples:\n  cchcbot broadcast status 12 --watch\n  cchcbot broadcast status 12 --json"
}

// Run says how far it is.
func (c *BroadcastStatusCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	return onlyLook(ctx, cfg, io, func(n *newsroom) error {
		if c.Watch {
			if err := n.wait(ctx, c.Item, c.For); err != nil {
				return err
			}
		}
		return n.status(ctx, c.Item, c.JSON)
	})
}

// sendingStatus is what `broadcast status --json` prints.
type sendingStatus struct {
	ID        int64       `json:"id"`
	State     items.State `json:"state"`
	Title     string      `json:"title"`
	Scheduled *time.Time  `json:"scheduled,omitempty"`
	Looked    int         `json:"looked_percent"` // of the subscribers
	Found     int         `json:"found"`
	Waiting   int         `json:"waiting"`
	Held      int         `json:"held"`
	Sent      int         `json:"sent"`
	Failed    int         `json:"failed"`
	Dropped   int         `json:"dropped"`
	Left      int         `json:"left"`
	Opened    int         `json:"opened"`
	PerSecond float64     `json:"per_second"`
	Ends      *time.Time  `json:"ends,omitempty"`
	Reasons   []reasonRow `json:"reasons"` // of what failed
}

type reasonRow struct {
	Channel string `json:"channel"`
	Reason  string `json:"reason"`
	Count   int    `json:"count"`
}

// figures reads how far an item is.
func (n *newsroom) figures(ctx context.Context, id int64) (sendingStatus, error) {
	f, err := n.h.news.Figures(ctx, id, n.actor)
	if err != nil {
		return sendingStatus{}, n.plain(err)
	}
	l := listedOf(f.Item)
	s := sendingStatus{ID: id, State: l.State, Title: l.Title, Scheduled: l.Scheduled, Looked: f.Looked, Found: f.Reach, Waiting: f.Waiting, Held: f.Held, Sent: f.Sent,
		Failed: f.Failed, Dropped: f.Dropped, Left: f.Left, Opened: f.Opened, PerSecond: f.PerSecond, Reasons: []reasonRow{}}
	if !f.Ends.IsZero() {
		at := f.Ends.In(vietnam)
		s.Ends = &at
	}
	for _, r := range f.Rows {
		if r.State == bot.OutboxDead && r.Count > 0 {
			s.Reasons = append(s.Reasons, reasonRow{r.Channel, r.Reason, r.Count})
		}
	}
	return s, nil
}

// status prints how far an item is.
func (n *newsroom) status(ctx context.Context, id int64, asJSON bool) error {
	s, err := n.figures(ctx, id)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(n.io.out, s)
	}
	fmt.Fprintf(n.io.out, "item %d is %s: %s\n", s.ID, s.State, s.Title)
	if s.Scheduled != nil && s.State == items.Scheduled {
		fmt.Fprintf(n.io.out, "goes out %s\n", s.Scheduled.Format("15:04 02/01/2006"))
	}
	if !s.State.Public() {
		return nil
	}
	fmt.Fprintf(n.io.out, "found %d (%d%% of subscribers looked at), sent %d, waiting %d, until they write %d, failed %d, dropped %d; left after it %d, opened %d\n",
		s.Found, s.Looked, s.Sent, s.Waiting, s.Held, s.Failed, s.Dropped, s.Left, s.Opened)
	for _, r := range s.Reasons {
		fmt.Fprintf(n.io.out, "  %s: %d failed, %s\n", r.Channel, r.Count, n.reason(r.Reason))
	}
	if s.PerSecond > 0 {
		fmt.Fprintf(n.io.out, "%.1f a second", s.PerSecond)
		if s.Ends != nil {
			fmt.Fprintf(n.io.out, ", done about %s", s.Ends.Format("15:04 02/01"))
		}
		fmt.Fprintln(n.io.out)
	}
	return nil
}

// reason is why messages failed, in words where there are some.
func (n *newsroom) reason(key string) string {
	if text, err := n.h.words.Render("en", key, nil); err == nil && key != "" {
		return text
	}
	return orNone(key)
}

// lookAgain is how often a watched sending is looked at.
const lookAgain = time.Second

// watch waits for the end of a sending and says how it went.
func (n *newsroom) watch(ctx context.Context, id int64, most time.Duration) error {
	return errors.Join(n.wait(ctx, id, most), n.status(ctx, id, false))
}

// wait waits until nothing of an item is left to send.
func (n *newsroom) wait(ctx context.Context, id int64, most time.Duration) error {
	if most <= 0 || most > 24*time.Hour {
		return &usageError{"--for is at most 24h"}
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	b := newBar(n.io.err, -1, "sending")
	defer b.done()
	total := -1
	for {
		s, err := n.figures(ctx, id)
		if err != nil {
			return err
		}
		switch s.State {
		case items.Scheduled, items.Sending:
		default: // paused, or ended
			return nil
		}
		if s.Looked == 100 && s.Found > 0 && total != s.Found {
			b.done()
			b, total = newBar(n.io.err, s.Found, "sending"), s.Found
		}
		b.set(s.Sent + s.Failed + s.Dropped)
		next := time.NewTimer(lookAgain)
		select {
		case <-ctx.Done():
			next.Stop()
			return fmt.Errorf("item %d is still %s; the bot goes on, and `cchcbot broadcast status %d` tells", id, s.State, id)
		case <-next.C:
		}
	}
}
