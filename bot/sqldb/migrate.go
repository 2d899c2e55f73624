package sqldb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/pressly/goose/v3"
)

var lineName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,40}$`)

const versionTable = "_version"

// Migrate brings the tables of one line to the newest version in files, which
// holds goose's *.sql in its root. One that was added with a lower number than the
// newest is applied too: the parts of a line number theirs in ranges of their own. Each
// migration is one transaction. A database that is ahead of files was written by a newer
// program: ErrNewer, and nothing happens.
func (db *DB) Migrate(ctx context.Context, line string, files fs.FS) error {
	if !lineName.MatchString(line) {
		return fmt.Errorf("sqldb: %q is no name for a line of migrations", line)
	}
	if err := db.lock(ctx); err != nil {
		return err
	}
	defer db.unlock()
	if db.closed {
		return ErrClosed
	}
	// goose asks for a connection at every step; one is kept until the line is done.
	db.writer.SetMaxIdleConns(1)
	defer db.writer.SetMaxIdleConns(0)
	// The line's versions may be read without waiting; an up-to-date line costs no write.
	p, err := goose.NewProvider(goose.DialectSQLite3, db.writer, files,
		goose.WithTableName(line+versionTable), goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true))
	if err != nil {
		return fmt.Errorf("migrations of %s: %w", line, err)
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrations of %s: %w", line, db.explain(err))
	}
	if have > want {
		return fmt.Errorf("%w: %s is at version %d of its tables, this program knows %d; start the newer program or restore an older backup",
			ErrNewer, line, have, want)
	}
	pending, err := p.HasPending(ctx)
	if err != nil {
		return fmt.Errorf("migrations of %s: %w", line, db.explain(err))
	}
	if !pending {
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", line, db.explain(err))
	}
	return nil
}

// Versions lists the version of every line in the database.
func (db *DB) Versions(ctx context.Context) (map[string]int64, error) {
	rows, err := db.read.QueryContext(ctx, `select name from sqlite_master where type = 'table' and name like '%\_version' escape '\'`)
	if err != nil {
		return nil, db.explain(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		if line := strings.TrimSuffix(name, versionTable); lineName.MatchString(line) {
			lines = append(lines, line)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, db.explain(err)
	}
	out := make(map[string]int64, len(lines))
	for _, line := range lines {
		var v int64
		// The name cannot be a parameter; lineName allows nothing but letters and digits.
		err := db.read.QueryRowContext(ctx, "select coalesce(max(version_id), 0) from "+line+versionTable+" where is_applied").Scan(&v)
		if err != nil {
			return nil, fmt.Errorf("version of %s: %w", line, db.explain(err))
		}
		out[line] = v
	}
	return out, nil
}
