package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
)

// RevisionsCmd is `cchcbot knowledge revisions`.
type RevisionsCmd struct {
	Limit int  `default:"20" help:"Revisions to list, 1 to 1000, newest first."`
	JSON  bool `help:"One JSON object a line."`
}

// Help is the example below --help.
func (RevisionsCmd) Help() string {
	return "Example:\n  cchcbot knowledge revisions --limit 50\n\n" +
		"* marks the one that is answered from. One in brackets was rolled back; it can be taken up again by knowledge rollback --to."
}

// revisionLine is a line of `knowledge revisions --json`.
type revisionLine struct {
	Revision  int64     `json:"revision"`
	Base      int64     `json:"base"`
	Published time.Time `json:"published"`
	Actor     string    `json:"actor"`
	Note      string    `json:"note"`
	Added     int       `json:"added"`
	Changed   int       `json:"changed"`
	Counts    bool      `json:"counts"`
	InForce   bool      `json:"in_force"`
}

// Run lists what was published.
func (c *RevisionsCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	if c.Limit < 1 || c.Limit > 1000 {
		return &usageError{"--limit is 1 to 1000"}
	}
	d, err := openData(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	list, err := entries.Revisions(ctx, d.db.Read(), 0, c.Limit)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(io.out)
	enc.SetEscapeHTML(false)
	for _, r := range list {
		if c.JSON {
			line := revisionLine{r.Number, r.Base, r.Published.UTC(), r.Actor, r.Note, r.Added, r.Changed, r.Line, r.InForce}
			if err := enc.Encode(line); err != nil {
				return err
			}
			continue
		}
		number := fmt.Sprint(r.Number)
		switch {
		case r.InForce:
			number = "*" + number
		case !r.Line:
			number = "[" + number + "]"
		}
		fmt.Fprintf(io.out, "%6s  %s  %5d new  %5d changed  %s: %s\n", number, stamp(r.Published), r.Added, r.Changed, r.Actor, r.Note)
	}
	return nil
}

// RollbackCmd is `cchcbot knowledge rollback`.
type RollbackCmd struct {
	To int64 `help:"The revision to answer from; the one before when left out."`
}

// Help is the example below --help.
func (RollbackCmd) Help() string {
	return "Examples:\n  cchcbot knowledge rollback\n  cchcbot knowledge rollback --to 12\n\n" +
		"Nothing is removed: knowledge revisions still lists what was rolled back, and rollback --to takes it up again. " +
		"A running bot answers from the other revision within 5 seconds."
}

// Run makes another revision count.
func (c *RollbackCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	if c.To < 0 {
		return &usageError{"--to is the number of a revision; knowledge revisions lists them"}
	}
	d, err := openData(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	var from, now int64
	err = d.write(ctx, func(tx bot.Tx) error {
		if from, now, err = entries.Rollback(ctx, tx, c.To); err != nil {
			return err
		}
		return d.store.Audit(ctx, tx, "command", "procedures.rollback", "knowledge", fmt.Sprintf("%d>%d", from, now))
	})
	switch {
	case bot.IsCode(err, bot.NotFound):
		return errors.New("there is no such revision; knowledge revisions lists them")
	case bot.IsCode(err, bot.Conflict):
		return errors.New("that revision is the one that counts already; nothing was changed")
	case err != nil:
		return fmt.Errorf("nothing was changed: %w", err)
	}
	fmt.Fprintf(io.out, "revision %d counts, no longer %d; a running bot takes it up within seconds\n", now, from)
	fmt.Fprintf(io.out, "to take it back: cchcbot knowledge rollback --to %d\n", from)
	return nil
}
