package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	calendarfeature "cchcbot/handlers/calendar"
	"cchcbot/knowledge/calendar"
)

// CalendarCmd groups the commands on the calendar of working days. Entering a
// year is done in the console, where the change is shown before it is saved.
type CalendarCmd struct {
	Show CalendarShowCmd `cmd:"" help:"The days off of a year, and what is not decided yet."`
	Due  CalendarDueCmd  `cmd:"" help:"When a term of working days ends."`
}

// openCalendar is the calendar in force in the data folder.
func openCalendar(ctx context.Context, cfg *Config, io streams) (c *calendar.Calendar, err error) {
	log := cfg.Logger(io.err)
	d, err := openRuntime(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	live, err := calendarfeature.NewLive(d.db.Read(), log)
	if err != nil {
		return nil, err
	}
	if err := live.Refresh(ctx); err != nil {
		return nil, err
	}
	return live.Calendar(), nil
}

// CalendarShowCmd is `cchcbot calendar show`.
type CalendarShowCmd struct {
	Year int  `arg:"" help:"2000 to 2100."`
	JSON bool `help:"The year as it was entered, as one JSON object; nothing when nobody entered it."`
}

// Help is the example below --help.
func (CalendarShowCmd) Help() string { return "Example:\n  cchcbot calendar show 2027" }

// Run prints the year.
func (c *CalendarShowCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	if c.Year < calendar.FirstYear || c.Year > calendar.LastYear {
		return &usageError{fmt.Sprintf("the calendar knows the years %d to %d", calendar.FirstYear, calendar.LastYear)}
	}
	all, err := openCalendar(ctx, cfg, io)
	if err != nil {
		return err
	}
	y, ok := all.Year(c.Year)
	if c.JSON {
		if !ok {
			return nil
		}
		enc := json.NewEncoder(io.out)
		enc.SetEscapeHTML(false)
		return enc.Encode(y)
	}
	days := all.Between(time.Date(c.Year-1, 12, 31, 0, 0, 0, 0, vietnam), time.Date(c.Year, 12, 31, 0, 0, 0, 0, vietnam))
	fmt.Fprintf(io.out, "%d: %s, %d working days, calendar %s\n", c.Year, all.Status(c.Year), days, all.Version())
	for _, d := range y.Decisions {
		fmt.Fprintf(io.out, "decision  %s\n", strings.TrimSpace(d.Number+"  "+d.Date+"  "+d.Kind))
	}
	for _, m := range all.Marks(c.Year) {
		fmt.Fprintln(io.out, markLine(m))
	}
	return nil
}

// markLine is a marked day on a line of its own.
func markLine(m calendar.Mark) string {
	line := fmt.Sprintf("%s  %-10s  %s", m.Date.Format("02/01/2006 Mon"), m.Kind, m.Name)
	if m.Other != "" {
		line += " (" + m.Other + ")"
	}
	if m.Estimated {
		line += " [estimated]"
	}
	return line
}

// CalendarDueCmd is `cchcbot calendar due`.
type CalendarDueCmd struct {
	From string `required:"" placeholder:"DATE" help:"When it was received: 2026-11-20, or 2026-11-20T16:45; without a time within office hours."`
	Days int    `required:"" help:"Working days, 1 to 1000."`
	JSON bool   `help:"One JSON object."`
}

// Help is the example below --help.
func (CalendarDueCmd) Help() string {
	return "Example:\n  cchcbot calendar due --from 2026-02-13 --days 3"
}

// Run counts.
func (c *CalendarDueCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	from, err := receipt(c.From)
	if err != nil {
		return err
	}
	if c.Days < 1 || c.Days > 1000 {
		return &usageError{"--days is 1 to 1000"}
	}
	all, err := openCalendar(ctx, cfg, io)
	if err != nil {
		return err
	}
	due, err := all.Add(from, c.Days)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(io.out).Encode(struct {
			Due         string `json:"due"`
			Provisional bool   `json:"provisional"`
			Version     string `json:"version"`
		}{due.At.Format(time.RFC3339), due.Provisional, due.Version})
	}
	note := ""
	if due.Provisional {
		note = ", provisional: a year on the way is not decided"
	}
	fmt.Fprintf(io.out, "due %s%s\n", due.At.Format("15:04 Mon 02/01/2006"), note)
	for y := from.Year(); y <= due.At.Year(); y++ {
		for _, m := range all.Marks(y) {
			if m.Date.After(from) && !m.Date.After(due.At) {
				fmt.Fprintln(io.out, "  "+markLine(m))
			}
		}
	}
	return nil
}

// receipt reads a moment; a day alone is its morning.
func receipt(text string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04", time.DateOnly} {
		t, err := time.ParseInLocation(layout, text, vietnam)
		if err != nil {
			continue
		}
		if t.Year() < calendar.FirstYear || t.Year() > calendar.LastYear {
			break
		}
		if layout == time.DateOnly {
			t = t.Add(8 * time.Hour)
		}
		return t, nil
	}
	return time.Time{}, &usageError{fmt.Sprintf("--from is a day like 2026-11-20, or 2026-11-20T16:45, of the years %d to %d", calendar.FirstYear, calendar.LastYear)}
}

// checkCalendar says whether this year and, from October on, the next are decided.
func checkCalendar(ctx context.Context, p *patient) []finding {
	if p.store == nil && !p.absent {
		return p.notLooked()
	}
	all, err := calendar.Load(calendar.Options{})
	if err != nil {
		return isBad("", "%v", err)
	}
	if p.store != nil {
		live, err := calendarfeature.NewLive(p.db.Read(), slog.New(slog.DiscardHandler))
		if err != nil {
			return isBad("", "%v", err)
		}
		if err := live.Refresh(ctx); err != nil {
			return isBad(databaseAdvice(err), "%v", err)
		}
		if _, broken := live.Revision(); len(broken) > 0 {
			return toLookAt("enter it again in the console", "what was entered for the year %d cannot be read: what ships with the program counts", broken[0])
		}
		all = live.Calendar()
	}
	missing := all.MissingSoon(p.now())
	if len(missing) == 0 {
		return isFine("the working days of %d are decided", p.now().In(vietnam).Year())
	}
	return toLookAt(fmt.Sprintf("enter it at /console/calendar/%d when the decision is out", missing[0]),
		"the working days of %d are not decided: deadlines that touch the year are provisional", missing[0])
}
