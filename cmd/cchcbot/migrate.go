package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// MigrateCmd is `cchcbot migrate`.
type MigrateCmd struct{}

// Help is the example below --help.
func (MigrateCmd) Help() string { return "Example:\n  cchcbot migrate" }

// Run migrates and prints each owner's version. `serve` does the same at its start.
func (MigrateCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	d, err := openData(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	versions, err := d.db.Versions(ctx)
	if err != nil {
		return err
	}
	for _, line := range slices.Sorted(maps.Keys(versions)) {
		fmt.Fprintf(io.out, "%-12s %d\n", line, versions[line])
	}
	fmt.Fprintln(io.out, "the database is at this version's schema")
	return nil
}
