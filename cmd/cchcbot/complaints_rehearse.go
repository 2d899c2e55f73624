package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	calendarfeature "cchcbot/handlers/calendar"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/vietnamese"
)

// ComplaintsRehearseCmd is `cchcbot complaints rehearse`.
type ComplaintsRehearseCmd struct {
	Days int  `default:"365" help:"How many days of ended cases to look back on, 0 to 3650; open ones are all looked at."`
	JSON bool `help:"One JSON object instead of tables."`
}

// Help is the example below --help.
func (ComplaintsRehearseCmd) Help() string {
	return "Examples:\n  cchcbot complaints rehearse --as-of 2027-01-01\n  cchcbot complaints rehearse --as-of 2025-07-01 --json\n\n" +
		"Before a reorganisation: puts the cases to the bodies of another day and tells which would find no single owner, " +
		"who hands cases to whom, and how many each body would have. It changes nothing, and tells nothing that a citizen wrote."
}

// Run rehearses as of --as-of, today without it.
func (c *ComplaintsRehearseCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	day, err := cfg.Day()
	if err != nil {
		return err
	}
	const maxDays = 3650
	if c.Days < 0 || c.Days > maxDays {
		return &usageError{fmt.Sprintf("--days is 0 to %d", maxDays)}
	}
	dir, err := directory.Load(directory.Options{AsOf: day})
	if err != nil {
		return err
	}
	d, err := openRuntime(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	r, err := rehearseCases(ctx, cfg, d, dir, io, time.Now().AddDate(0, 0, -c.Days))
	if err := errors.Join(err, d.Close()); err != nil {
		return explainSubject(dir, err)
	}
	if !c.JSON {
		return printRehearsal(io, dir, r)
	}
	enc := json.NewEncoder(io.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

func rehearseCases(ctx context.Context, cfg *Config, d *data, dir *directory.Directory, io streams, since time.Time) (cases.Rehearsal, error) {
	desk, err := caseDesk(d, func() *directory.Directory { return dir }, cfg.Logger(io.err))
	if err != nil {
		return cases.Rehearsal{}, err
	}
	return desk.Rehearse(ctx, dir, since)
}

// caseDesk opens the cases of a folder for looking at them, apart from a bot.
func caseDesk(d *data, dir func() *directory.Directory, log *slog.Logger) (*cases.Desk, error) {
	live, err := calendarfeature.NewLive(d.db.Read(), log)
	if err != nil {
		return nil, err
	}
	return cases.New(cases.Options{
		Read: d.db.Read(), Sealer: d.keys, Directory: dir, Calendar: live.Calendar,
		Now: time.Now, Audit: d.store.Audit, Forget: d.store.ForgetThing, Fold: vietnamese.Fold, Log: log,
	})
}

// printRehearsal writes the tables: what needs people first.
func printRehearsal(io streams, dir *directory.Directory, r cases.Rehearsal) error {
	fmt.Fprintf(io.out, "As of %s: %s, %s filed since %s\n", r.AsOf, count(r.Open, "open case"), count(r.Ended, "ended case"), r.Since)
	body := func(id string) string {
		if id == "" {
			return "front desk"
		}
		if a, ok := dir.Agency(id); ok {
			return id + " " + a.Name
		}
		return id
	}
	table := func(title string, rows int, head string, row func(w *tabwriter.Writer, i int)) error {
		if rows == 0 {
			fmt.Fprintf(io.out, "\n%s: none\n", title)
			return nil
		}
		fmt.Fprintf(io.out, "\n%s:\n", title)
		w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, head)
		for i := range rows {
			row(w, i)
		}
		return w.Flush()
	}
	title := "Without a single owner"
	if r.UnownedAll > len(r.Unowned) {
		title = fmt.Sprintf("Without a single owner, the first %d of %d", len(r.Unowned), r.UnownedAll)
	}
	return errors.Join(
		table(title, len(r.Unowned), "CASE\tSTATE\tFIELD\tPLACE\tWHY\tUNTIL IT IS KNOWN", func(w *tabwriter.Writer, i int) {
			u := r.Unowned[i]
			why := strings.TrimSuffix(u.Why+", "+u.Reason, ", ")
			if len(u.Among) > 0 {
				why += ": one of " + strings.Join(u.Among, " ")
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", u.Code, u.State, u.Field, cmp.Or(u.Place, "-"), why, body(u.To))
		}),
		table("Bodies no longer in office", len(r.Moves), "FROM\tTO\tOPEN\tENDED", func(w *tabwriter.Writer, i int) {
			m := r.Moves[i]
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\n", body(m.From), body(m.To), m.Open, m.Ended)
		}),
		table("Cases by body", len(r.Bodies), "BODY\tHAS\tWOULD HAVE\tWOULD GET IF FILED THAT DAY", func(w *tabwriter.Writer, i int) {
			b := r.Bodies[i]
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", body(b.Body), b.Now, b.Then, b.Filed)
		}),
	)
}
