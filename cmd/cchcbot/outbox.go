package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/user"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/email"
	"cchcbot/bot/store"
	"cchcbot/bot/telegram"
	"cchcbot/bot/webchat"
	"cchcbot/bot/words"
	"cchcbot/bot/zalo"
	"cchcbot/bot/zalobot"
)

// OutboxCmd groups the commands on waiting and dead messages.
type OutboxCmd struct {
	List    OutboxListCmd    `cmd:"" help:"List messages with their state and reason; never their text."`
	Hold    OutboxHoldCmd    `cmd:"" help:"Keep messages from being sent, those there are and those to come."`
	Release OutboxReleaseCmd `cmd:"" help:"End a hold."`
	Retry   OutboxRetryCmd   `cmd:"" help:"Send given-up messages again, or run failed updates again."`
	Drop    OutboxDropCmd    `cmd:"" help:"Give waiting messages up for good."`
}

// OutboxListCmd is `cchcbot outbox list`.
type OutboxListCmd struct {
	State   string `enum:",waiting,queued,sending,sent,held,dead,dropped" default:"" help:"waiting (of news, not in its lane yet), queued, sending, sent, held, dead or dropped."`
	Channel string `help:"Only this channel."`
	Lane    string `enum:",reply,followup,broadcast" default:"" help:"reply, followup or broadcast."`
	Failed  bool   `help:"List updates that failed instead of messages."`
	After   int64  `help:"Only rows above this number, for the next page."`
	Limit   int    `default:"100" help:"Rows to list, 1 to 1000."`
	JSON    bool   `help:"One JSON object a line."`
}

// maxListed is the most rows that the store lists at a time.
const maxListed = 1000

// Help is the example below --help.
func (OutboxListCmd) Help() string {
	return "Examples:\n  cchcbot outbox list --state dead\n  cchcbot outbox list --failed"
}

// Run lists.
func (c *OutboxListCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	if err := checkChannel(c.Channel); err != nil {
		return err
	}
	if c.Limit < 1 || c.Limit > maxListed { // the store lists no more, and the page would look like the last one
		return &usageError{fmt.Sprintf("--limit: it is 1 to %d; --after goes on behind a row", maxListed)}
	}
	d, err := openRuntime(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	if c.Failed {
		return c.failed(ctx, d, io.out)
	}
	rows, err := d.store.ListOutbox(ctx, store.OutboxFilter{
		State: bot.OutboxState(c.State), Channel: c.Channel, Lane: bot.Lane(c.Lane), After: c.After, Limit: c.Limit,
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return eachJSON(io.out, rows)
	}
	holds, err := d.store.ListHolds(ctx)
	if err != nil {
		return err
	}
	for _, h := range holds {
		fmt.Fprintf(io.out, "on hold since %s: channel=%s lane=%s thing=%s\n", stamp(h.Since), anyOf(h.Channel), anyOf(string(h.Lane)), anyOf(h.Thing))
	}
	if len(rows) == 0 {
		fmt.Fprintln(io.out, "no such messages")
		return nil
	}
	return printOutbox(io.out, rows, len(rows) == c.Limit)
}

func printOutbox(w io.Writer, rows []store.OutboxRow, more bool) error {
	texts, err := words.Load(append([]fs.FS{words.Shared()}, reasonTexts()...)...)
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "ROW\tCHANNEL\tLANE\tSTATE\tTRIES\tDUE\tQUEUED\tABOUT\tREASON")
	for _, r := range rows {
		state := string(r.State)
		if r.Held {
			state += " (on hold)"
		}
		reason := ""
		if r.Reason != "" {
			if reason, err = texts.Render("en", r.Reason, nil); err != nil {
				reason = r.Reason
			}
		}
		fmt.Fprintf(tw, "%d\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", r.Row, r.Channel, r.Lane, state, r.Attempts, stamp(r.Due), stamp(r.Queued), r.Thing, reason)
	}
	if more {
		fmt.Fprintf(tw, "more: --after %d\n", rows[len(rows)-1].Row)
	}
	return tw.Flush()
}

func (c *OutboxListCmd) failed(ctx context.Context, d *data, w io.Writer) error {
	rows, err := d.store.ListInbox(ctx, true, c.After, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return eachJSON(w, rows)
	}
	if len(rows) == 0 {
		fmt.Fprintln(w, "no update failed")
		return nil
	}
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "TURN\tCHANNEL\tTRIES\tACCEPTED\tREASON")
	for _, r := range rows {
		fmt.Fprintf(tw, "%d\t%s\t%d\t%s\t%s\n", r.Turn, r.Channel, r.Attempts, stamp(r.Accepted), r.Reason)
	}
	return tw.Flush()
}

func eachJSON[T any](w io.Writer, rows []T) error {
	enc := json.NewEncoder(w)
	for _, r := range rows {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

func stamp(t time.Time) string {
	if t.IsZero() || t.UnixMilli() == 0 {
		return "-"
	}
	return t.In(vietnam).Format("02/01 15:04:05")
}

func anyOf(s string) string {
	if s == "" {
		return "any"
	}
	return s
}

// actor names who runs a command, for the audit trail.
func actor() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return "shell:" + u.Username
	}
	return "shell"
}

// what is the part of the outbox a hold covers.
type what struct {
	Channel string `help:"Messages of this channel."`
	Lane    string `enum:",reply,followup,broadcast" default:"" help:"Messages of this lane."`
	Thing   string `help:"Messages about this thing, as the list shows it."`
}

func (w what) hold() store.Hold {
	return store.Hold{Channel: w.Channel, Lane: bot.Lane(w.Lane), Thing: w.Thing}
}

// check refuses a hold of nothing in particular, and one of a channel that there is not:
// it would be believed, and keep nothing.
func (w what) check() error {
	if w == (what{}) {
		return &usageError{"say which --channel, --lane or --thing"}
	}
	return checkChannel(w.Channel)
}

func checkChannel(name string) error {
	all := []string{email.Name, telegram.Name, webchat.Name, zalo.Name, zalobot.Name}
	if name == "" || slices.Contains(all, name) {
		return nil
	}
	return &usageError{fmt.Sprintf("--channel: there is no channel %q; they are %s", name, strings.Join(all, ", "))}
}

// OutboxHoldCmd is `cchcbot outbox hold`.
type OutboxHoldCmd struct {
	what
}

// Help is the example below --help.
func (OutboxHoldCmd) Help() string { return "Example:\n  cchcbot outbox hold --lane broadcast" }

// Run holds.
func (c *OutboxHoldCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	if err := c.check(); err != nil {
		return err
	}
	d, err := openRuntime(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.store.HoldAll(ctx, c.hold(), actor()); err != nil {
		return err
	}
	fmt.Fprintln(io.out, "held; `cchcbot outbox release` with the same words ends it")
	return nil
}

// OutboxReleaseCmd is `cchcbot outbox release`.
type OutboxReleaseCmd struct {
	what
}

// Help is the example below --help.
func (OutboxReleaseCmd) Help() string { return "Example:\n  cchcbot outbox release --lane broadcast" }

// Run releases.
func (c *OutboxReleaseCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	if c.what == (what{}) { // one of a wrong channel may be there from an earlier version
		return c.check()
	}
	d, err := openRuntime(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.store.ReleaseAll(ctx, c.hold(), actor()); err != nil {
		return err
	}
	fmt.Fprintln(io.out, "released")
	return nil
}

// OutboxRetryCmd is `cchcbot outbox retry`.
type OutboxRetryCmd struct {
	Rows   []int64 `arg:"" name:"row" help:"Numbers as the list shows them."`
	Failed bool    `help:"The numbers are turns of failed updates."`
	Reason string  `help:"Why, for the audit trail."`
}

// Help is the example below --help.
func (OutboxRetryCmd) Help() string { return "Example:\n  cchcbot outbox retry 17 18" }

// Run retries.
func (c *OutboxRetryCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	return eachRow(ctx, cfg, io, c.Rows, "will be tried again", func(d *data, row int64) error {
		if c.Failed {
			return d.store.RetryInbox(ctx, row, actor(), c.Reason)
		}
		return d.store.RetryRow(ctx, row, actor(), c.Reason)
	})
}

// OutboxDropCmd is `cchcbot outbox drop`.
type OutboxDropCmd struct {
	Rows   []int64 `arg:"" name:"row" help:"Numbers as the list shows them."`
	Failed bool    `help:"The numbers are turns of failed updates."`
	Reason string  `help:"Why, for the audit trail."`
}

// Help is the example below --help.
func (OutboxDropCmd) Help() string { return "Example:\n  cchcbot outbox drop 17" }

// Run drops.
func (c *OutboxDropCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	return eachRow(ctx, cfg, io, c.Rows, "dropped", func(d *data, row int64) error {
		if c.Failed {
			return d.store.DropInbox(ctx, row, actor(), c.Reason)
		}
		return d.store.DropRow(ctx, row, actor(), c.Reason)
	})
}

func eachRow(ctx context.Context, cfg *Config, io streams, rows []int64, done string, f func(*data, int64) error) error {
	d, err := openRuntime(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	var errs []error
	for _, row := range rows {
		if err := f(d, row); err != nil {
			errs = append(errs, fmt.Errorf("%d: %w", row, explained(err)))
			continue
		}
		fmt.Fprintf(io.out, "%d: %s\n", row, done)
	}
	return errors.Join(errs...)
}
