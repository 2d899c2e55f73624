package main

import (
	"context"
	"encoding/json"
	"fmt"

	"cchcbot/handlers/complaints/mask"
	"cchcbot/handlers/procedures"
)

// GapsCmd is `cchcbot knowledge gaps`.
type GapsCmd struct {
	Limit int  `default:"50" help:"Questions to list, at most 20000."`
	JSON  bool `help:"One JSON object a line."`
	Raw   bool `help:"Names, phone numbers and other personal data too, as citizens wrote them."`
}

// Help is the example below --help.
func (GapsCmd) Help() string {
	return "Example:\n  cchcbot knowledge gaps --limit 200\n\n" +
		"The questions are kept sealed and without their sender, and personal data in them is masked. With --raw it is not: treat it so."
}

// Run lists the questions that nobody could answer, newest first, for the curators.
func (c *GapsCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	if c.Limit < 1 || c.Limit > 20_000 {
		return &usageError{"--limit is 1 to 20000"}
	}
	d, err := openData(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	n := 0
	enc := json.NewEncoder(io.out)
	enc.SetEscapeHTML(false)
	err = procedures.EachUnanswered(ctx, d.db.Read(), d.keys, c.Limit, func(u procedures.Unanswered) error {
		n++
		if !c.Raw {
			u.Question = mask.Public(u.Question)
		}
		if c.JSON {
			return enc.Encode(u)
		}
		_, err := fmt.Fprintf(io.out, "%s  %q\n", stamp(u.Asked), u.Question)
		return err
	})
	if err == nil && n == 0 && !c.JSON {
		fmt.Fprintln(io.out, "no unanswered question is kept")
	}
	return err
}
