package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
)

// BroadcastCmd groups the commands on news. They obey the desk's rules: one writes, another approves the exact bytes.
type BroadcastCmd struct {
	SignIn   BroadcastSignInCmd   `cmd:"" name:"sign-in" help:"Sign in for several commands; writes a file that --session takes."`
	SignOut  BroadcastSignOutCmd  `cmd:"" name:"sign-out" help:"End that sign-in and remove the file."`
	New      BroadcastNewCmd      `cmd:"" help:"Write a draft from a file or from flags."`
	List     BroadcastListCmd     `cmd:"" help:"List items, newest first."`
	Show     BroadcastShowCmd     `cmd:"" help:"Show an item: words, hash, what happened to it, how channels carry it."`
	Check    BroadcastCheckCmd    `cmd:"" help:"An editor says that a draft is ready to be approved."`
	Approve  BroadcastApproveCmd  `cmd:"" help:"Approve the exact bytes of an item; not by who wrote it."`
	Schedule BroadcastScheduleCmd `cmd:"" help:"Set the hour at which an approved item goes out."`
	Send     BroadcastSendCmd     `cmd:"" help:"Let an approved item go out as soon as it is fair."`
	Pause    BroadcastPauseCmd    `cmd:"" help:"Pause a sending."`
	Resume   BroadcastResumeCmd   `cmd:"" help:"Go on with a paused sending."`
	Stop     BroadcastStopCmd     `cmd:"" help:"End a sending for good; who has it, has it."`
	Status   BroadcastStatusCmd   `cmd:"" help:"How far a sending is."`
}

// withRoom runs f on the desk, open for the account.
func (c who) withRoom(ctx context.Context, cfg *Config, io streams, f func(n *newsroom) error) error {
	n, err := c.open(ctx, cfg, io)
	if err != nil {
		return err
	}
	return errors.Join(f(n), n.Close())
}

// onlyLook runs f on the desk for looking only: whoever may run commands may look.
func onlyLook(ctx context.Context, cfg *Config, io streams, f func(n *newsroom) error) error {
	n, err := openNewsroom(ctx, cfg, io)
	if err != nil {
		return err
	}
	return errors.Join(f(n), n.Close())
}

// BroadcastSignInCmd is `cchcbot broadcast sign-in`.
type BroadcastSignInCmd struct {
	As      string `required:"" placeholder:"ADDRESS" help:"E-mail address of the account."`
	Session string `required:"" placeholder:"FILE" help:"The file to write; it must not exist. Whoever can read it acts as the account."`
}

// Help is the example below --help.
func (BroadcastSignInCmd) Help() string {
	return "Example:\n  cchcbot broadcast sign-in --as hoa@haiduong.gov.vn --session ~/.cchcbot-hoa\n\n" +
		"It ends as a sign-in to the console does: after 30 minutes without a command, or when somebody ends it there."
}

// Run signs in.
func (c *BroadcastSignInCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	return onlyLook(ctx, cfg, io, func(n *newsroom) error {
		f, err := os.OpenFile(c.Session, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("--session: %w", err)
		}
		token, err := n.signIn(ctx, c.As)
		if err == nil {
			if err = n.enter(ctx, token); err != nil {
				n.token = token // it leads nowhere
			}
		}
		if err == nil {
			_, err = f.WriteString(token + "\n")
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return errors.Join(err, os.Remove(c.Session))
		}
		fmt.Fprintln(io.out, "signed in as", n.actor.Officer.Name)
		return nil
	})
}

// readSession reads a file of sign-in.
func readSession(path string) (string, error) {
	raw, err := readSetting(path)
	if err != nil {
		return "", fmt.Errorf("--session: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// BroadcastSignOutCmd is `cchcbot broadcast sign-out`.
type BroadcastSignOutCmd struct {
	Session string `required:"" placeholder:"FILE" help:"The file that sign-in wrote."`
}

// Help is the example below --help.
func (BroadcastSignOutCmd) Help() string {
	return "Example:\n  cchcbot broadcast sign-out --session ~/.cchcbot-hoa"
}

// Run signs out.
func (c *BroadcastSignOutCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	token, err := readSession(c.Session)
	if err != nil {
		return err
	}
	if len(token) != len(bot.NewID()) { // it would be removed
		return &usageError{"--session is not a file that broadcast sign-in wrote"}
	}
	return onlyLook(ctx, cfg, io, func(n *newsroom) error {
		if err := n.h.store.SignOut(ctx, token); err != nil {
			return err
		}
		return os.Remove(c.Session)
	})
}

// BroadcastListCmd is `cchcbot broadcast list`.
type BroadcastListCmd struct {
	State []string `enum:"draft,checked,approved,scheduled,sending,paused,stopped,done,corrected,cancelled" help:"Only items in these states."`
	Topic string   `help:"Only items of this topic."`
	Limit int      `default:"20" help:"Items to list, 1 to 100."`
	Below int64    `help:"Only items below this number, for the next page."`
	JSON  bool     `help:"One JSON object a line."`
}

// Help is the example below --help.
func (BroadcastListCmd) Help() string {
	return "Example:\n  cchcbot broadcast list --state checked,approved"
}

// listedItem is what `broadcast list --json` prints.
type listedItem struct {
	ID        int64       `json:"id"`
	State     items.State `json:"state"`
	Title     string      `json:"title"`
	Topics    []string    `json:"topics"`
	Author    string      `json:"author"`
	Updated   time.Time   `json:"updated"`
	Scheduled *time.Time  `json:"scheduled,omitempty"`
}

func listedOf(it items.Item) listedItem {
	out := listedItem{ID: it.ID, State: it.State, Title: it.Content.Title, Topics: it.Content.Topics, Author: it.Author, Updated: it.Updated.In(vietnam)}
	if !it.Scheduled.IsZero() {
		at := it.Scheduled.In(vietnam)
		out.Scheduled = &at
	}
	return out
}

// Run lists.
func (c *BroadcastListCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	if c.Limit < 1 || c.Limit > 100 {
		return &usageError{"--limit is 1 to 100"}
	}
	return onlyLook(ctx, cfg, io, func(n *newsroom) error {
		f := items.Filter{Topic: c.Topic, Before: c.Below, Limit: c.Limit}
		for _, s := range c.State {
			f.States = append(f.States, items.State(s))
		}
		list, err := n.h.news.List(ctx, n.actor, f)
		if err != nil {
			return n.plain(err)
		}
		if c.JSON {
			rows := make([]listedItem, len(list))
			for i, it := range list {
				rows[i] = listedOf(it)
			}
			return eachJSON(io.out, rows)
		}
		if len(list) == 0 {
			fmt.Fprintln(io.out, "no such items")
			return nil
		}
		tw := tabwriter.NewWriter(io.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(tw, "ITEM\tSTATE\tCHANGED\tGOES OUT\tAUTHOR\tTITLE")
		for _, it := range list {
			fmt.Fprintf(tw, "%d\t%s\t%s\t%s\t%s\t%s\n", it.ID, it.State, stamp(it.Updated), stamp(it.Scheduled), it.Author, it.Content.Title)
		}
		if len(list) == c.Limit {
			fmt.Fprintf(tw, "more: --below %d\n", list[len(list)-1].ID)
		}
		return tw.Flush()
	})
}

// BroadcastShowCmd is `cchcbot broadcast show`.
type BroadcastShowCmd struct {
	Item int64 `arg:"" help:"Number of the item."`
	JSON bool  `help:"One JSON object instead of lines."`
}

// Help is the example below --help.
func (BroadcastShowCmd) Help() string { return "Example:\n  cchcbot broadcast show 12" }

// shownItem is what `broadcast show --json` prints.
type shownItem struct {
	listedItem
	Hash     string        `json:"hash"`
	Content  items.Content `json:"content"`
	Checker  string        `json:"checker,omitempty"`
	Approver string        `json:"approver,omitempty"`
	Corrects int64         `json:"corrects,omitempty"`
	Urgent   bool          `json:"urgent,omitempty"`
}

// Run shows.
func (c *BroadcastShowCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	return onlyLook(ctx, cfg, io, func(n *newsroom) error {
		it, err := n.get(ctx, c.Item)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(io.out, shownItem{listedOf(it), it.Hash, it.Content, it.Checker, it.Approver, it.Corrects, it.Urgent})
		}
		k := it.Content
		fmt.Fprintf(io.out, "%s\n\n%s\n", k.Title, k.Summary)
		if k.Body != "" {
			fmt.Fprintf(io.out, "\n%s\n", k.Body)
		}
		fmt.Fprintf(io.out, "\nlink      %s\nsource    %s\ntopics    %s\nplaces    %s\n", orNone(k.Link), n.h.news.Source("vi", k), strings.Join(k.Topics, ", "), orNone(strings.Join(k.Places, ", ")))
		fmt.Fprintf(io.out, "state     %s, by %s\nhash      %s\ngoes out  %s\n", it.State, it.Author, it.Hash, stamp(it.Scheduled))
		list, err := n.h.news.Timeline(ctx, it.ID, n.actor)
		if err != nil {
			return n.plain(err)
		}
		for _, e := range list {
			fmt.Fprintf(io.out, "%s  %s by %s, now %s %s\n", stamp(e.At), e.Action, e.Actor, e.After, e.Reason)
		}
		return n.preview(ctx, it)
	})
}

func orNone(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// BroadcastCheckCmd is `cchcbot broadcast check`.
type BroadcastCheckCmd struct {
	Item int64 `arg:"" help:"Number of the item."`
	who
}

// Help is the example below --help.
func (BroadcastCheckCmd) Help() string {
	return "Example:\n  cchcbot broadcast check 12 --as lan@haiduong.gov.vn"
}

// Run checks.
func (c *BroadcastCheckCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	return c.withRoom(ctx, cfg, io, func(n *newsroom) error {
		it, err := n.do(ctx, c.Item, items.Command{Action: items.Check}, false)
		if err != nil {
			return err
		}
		fmt.Fprintf(io.out, "checked; somebody else approves it with\n  cchcbot broadcast approve %d --hash %s --as ADDRESS\n", it.ID, it.Hash[:hashLetters])
		return nil
	})
}

// hashLetters is how much of a hash says which bytes were read.
const hashLetters = 12

// BroadcastApproveCmd is `cchcbot broadcast approve`.
type BroadcastApproveCmd struct {
	Item int64  `arg:"" help:"Number of the item."`
	Hash string `required:"" help:"Hash of the bytes that were read, as broadcast show prints it; the first 12 letters are enough."`
	who
}

// Help is the example below --help.
func (BroadcastApproveCmd) Help() string {
	return "Example:\n  cchcbot broadcast show 12\n  cchcbot broadcast approve 12 --hash 3f2a9c0d11be --as nam@haiduong.gov.vn"
}

// Run approves.
func (c *BroadcastApproveCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	if c.Hash = strings.ToLower(strings.TrimSpace(c.Hash)); len(c.Hash) < hashLetters {
		return &usageError{fmt.Sprintf("--hash needs at least %d letters", hashLetters)}
	}
	return c.withRoom(ctx, cfg, io, func(n *newsroom) error {
		it, err := n.get(ctx, c.Item)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(it.Hash, c.Hash) {
			return fmt.Errorf("item %d says something else now: read it again with `cchcbot broadcast show %d`", it.ID, it.ID)
		}
		if it, err = n.do(ctx, it.ID, items.Command{Action: items.Approve, Version: it.Version, Hash: it.Hash}, false); err != nil {
			return err
		}
		fmt.Fprintf(io.out, "approved by %s: %s\n", n.actor.Officer.Name, it.Hash)
		return nil
	})
}

// dangerous is what goes out at any hour.
type dangerous struct {
	Urgent bool   `help:"At any hour: for danger to life. Only owners may, with --reason."`
	Reason string `help:"Why."`
	DryRun bool   `help:"Only say when it would go out, to whom, and how channels carry it."`
}

// BroadcastScheduleCmd is `cchcbot broadcast schedule`.
type BroadcastScheduleCmd struct {
	Item int64  `arg:"" help:"Number of the item."`
	At   string `required:"" placeholder:"'2026-12-01 08:00'" help:"Day and time in Vietnam."`
	dangerous
	who
}

// Help is the example below --help.
func (BroadcastScheduleCmd) Help() string {
	return "Example:\n  cchcbot broadcast schedule 12 --at '2026-12-01 08:00' --as lan@haiduong.gov.vn"
}

// Run schedules.
func (c *BroadcastScheduleCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	at, err := time.ParseInLocation("2006-01-02 15:04", strings.TrimSpace(c.At), calendar.Zone)
	if err != nil {
		return &usageError{"--at is a day and a time in Vietnam, like '2026-12-01 08:00'"}
	}
	if !at.After(time.Now()) {
		return &usageError{"--at is past"}
	}
	return c.withRoom(ctx, cfg, io, func(n *newsroom) error { return n.goesOut(ctx, c.Item, at, c.dangerous) })
}

// goesOut schedules an item and says when it goes out, and to whom.
func (n *newsroom) goesOut(ctx context.Context, id int64, at time.Time, d dangerous) error {
	it, err := n.do(ctx, id, items.Command{Action: items.Schedule, At: at, Urgent: d.Urgent, Reason: d.Reason}, d.DryRun)
	if err != nil {
		return err
	}
	fmt.Fprintf(n.io.out, "goes out %s: %s\n", it.Scheduled.In(vietnam).Format("15:04 02/01/2006"), it.Content.Title)
	if err := n.audience(ctx, it); err != nil || !d.DryRun {
		return err
	}
	if err := n.preview(ctx, it); err != nil {
		return err
	}
	fmt.Fprintln(n.io.out, "dry run: nothing was written")
	return nil
}

// BroadcastSendCmd is `cchcbot broadcast send`.
type BroadcastSendCmd struct {
	Item int64 `arg:"" help:"Number of the item."`
	dangerous
	watched
	who
}

// Help is the example below --help.
func (BroadcastSendCmd) Help() string {
	return "Examples:\n  cchcbot broadcast send 12 --dry-run --as lan@haiduong.gov.vn\n  cchcbot broadcast send 12 --watch --as lan@haiduong.gov.vn\n\n" +
		"The running bot sends; the command only lets the item go. In quiet hours and on holidays it waits for the next fair hour."
}

// Run sends.
func (c *BroadcastSendCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	return c.withRoom(ctx, cfg, io, func(n *newsroom) error {
		if err := n.goesOut(ctx, c.Item, time.Time{}, c.dangerous); err != nil || c.DryRun || !c.Watch {
			return err
		}
		return n.watch(ctx, c.Item, c.For)
	})
}
