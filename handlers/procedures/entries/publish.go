package entries

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge"
)

// Origin says where an entry's text comes from.
type Origin string

// The origins.
const (
	OriginEmbedded Origin = "embedded" // reviewed entries that ship with the program
	OriginImport   Origin = "import"   // a file an operator imported
	OriginEdited   Origin = "edited"   // changed in the console
)

// Record is a stored entry with its origin.
type Record struct {
	Entry  *knowledge.Entry
	Origin Origin
}

// Reader reads outside a unit of work. *sql.DB implements it.
type Reader = bot.Reader

// current selects, of each entry, the row that counts at the published revision.
const current = `
  from procedures_entries e
  where e.revision = (select max(x.revision) from procedures_entries x
      join procedures_revisions l on l.revision = x.revision and l.line = 1
      where x.code = e.code and x.revision <= (select revision from procedures_published where id = 1))
    and e.body is not null`

// head cuts an entry to what the index and lists need, so that the long texts
// stay on disk until somebody asks for them.
func head(e *knowledge.Entry) *knowledge.Entry {
	h := *e
	h.Documents, h.Steps, h.Methods, h.LegalBasis, h.Cases, h.Mistakes = nil, nil, nil, nil, nil, nil
	h.Conditions, h.Time, h.Fee = "", "", ""
	return &h
}

// Published is the number of the published revision; 0 before the first.
func Published(ctx context.Context, r Reader) (int64, error) {
	var n int64
	err := r.QueryRowContext(ctx, `select revision from procedures_published where id = 1`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("published revision: %w", err)
	}
	return n, nil
}

// Heads reads all published entries without their long texts, in order of code.
func Heads(ctx context.Context, r Reader) ([]*knowledge.Entry, error) {
	rows, err := r.QueryContext(ctx, `select e.head`+current+` order by e.code`)
	if err != nil {
		return nil, fmt.Errorf("published entries: %w", err)
	}
	defer rows.Close()
	var out []*knowledge.Entry
	var raw sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&raw); err != nil {
			return nil, fmt.Errorf("published entries: %w", err)
		}
		e := new(knowledge.Entry)
		if err := json.Unmarshal(raw, e); err != nil {
			return nil, fmt.Errorf("published entries: %w", err)
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// Each calls f with every published entry in full, in order of code.
func Each(ctx context.Context, r Reader, f func(Record) error) error {
	rows, err := r.QueryContext(ctx, `select e.origin, e.body`+current+` order by e.code`)
	if err != nil {
		return fmt.Errorf("published entries: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var rec Record
		var raw sql.RawBytes
		if err := rows.Scan(&rec.Origin, &raw); err != nil {
			return fmt.Errorf("published entries: %w", err)
		}
		rec.Entry = new(knowledge.Entry)
		if err := json.Unmarshal(raw, rec.Entry); err != nil {
			return fmt.Errorf("published entries: %w", err)
		}
		if err := f(rec); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Get reads one published entry in full. It fails with *bot.Error NotFound.
func Get(ctx context.Context, r Reader, code string) (*knowledge.Entry, error) {
	rec, err := GetRecord(ctx, r, code)
	return rec.Entry, err
}

// GetRecord is Get with the entry's origin.
func GetRecord(ctx context.Context, r Reader, code string) (Record, error) {
	var rec Record
	var raw []byte
	err := r.QueryRowContext(ctx, `select e.origin, e.body`+current+` and e.code = $1`, code).Scan(&rec.Origin, &raw)
	if errors.Is(err, sql.ErrNoRows) {
		return Record{}, &bot.Error{Code: bot.NotFound, Detail: "no published procedure of that code"}
	}
	if err != nil {
		return Record{}, fmt.Errorf("procedure: %w", err)
	}
	rec.Entry = new(knowledge.Entry)
	if err := json.Unmarshal(raw, rec.Entry); err != nil {
		return Record{}, fmt.Errorf("procedure: %w", err)
	}
	return rec, nil
}

// Change is one entry to publish.
type Change struct {
	Entry  *knowledge.Entry
	Origin Origin
	New    bool
	Was    *Record // what it was made from, for [Unmoved]; nil for one that is new
}

// Unmoved parts changes that were made some time ago: those whose entry is still the one they were made from, and the
// codes of the others, which somebody else changed meanwhile. Call it in the transaction that publishes.
func Unmoved(ctx context.Context, tx bot.Tx, changes []Change) (still []Change, moved []string, err error) {
	for _, c := range changes {
		now, err := GetRecord(ctx, tx, c.Entry.Code)
		switch {
		case bot.IsCode(err, bot.NotFound):
			if c.Was == nil {
				still = append(still, c)
				continue
			}
		case err != nil:
			return nil, nil, err
		case c.Was != nil && now.Origin == c.Was.Origin && len(Compare(now.Entry, c.Was.Entry)) == 0:
			still = append(still, c)
			continue
		}
		moved = append(moved, c.Entry.Code)
	}
	return still, moved, nil
}

// PublishAll writes a new revision with the changes and makes it the one that
// counts. It belongs to the caller's transaction: all of it or nothing. With
// no changes it does nothing and returns the revision in force. After a rollback it is made on the
// revision in force; those that were left behind stay readable.
func PublishAll(ctx context.Context, tx bot.Tx, at time.Time, actor, note string, changes []Change) (int64, error) {
	var published, last int64
	err := tx.QueryRowContext(ctx, `select p.revision, coalesce((select max(revision) from procedures_revisions), 0)
		from procedures_published p where p.id = 1`).Scan(&published, &last)
	if err != nil {
		return 0, fmt.Errorf("published revision: %w", err)
	}
	if len(changes) == 0 {
		return published, nil
	}
	next := last + 1
	added := 0
	for _, c := range changes {
		h, err := json.Marshal(head(c.Entry))
		if err != nil {
			return 0, fmt.Errorf("entry %s: %w", c.Entry.Code, err)
		}
		b, err := json.Marshal(c.Entry)
		if err != nil {
			return 0, fmt.Errorf("entry %s: %w", c.Entry.Code, err)
		}
		if _, err := tx.ExecContext(ctx, `insert into procedures_entries (code, revision, origin, head, body) values ($1, $2, $3, $4, $5)`,
			c.Entry.Code, next, string(c.Origin), string(h), string(b)); err != nil {
			return 0, fmt.Errorf("store entry %s: %w", c.Entry.Code, err)
		}
		if c.New {
			added++
		}
	}
	if _, err := tx.ExecContext(ctx, `insert into procedures_revisions (revision, published, actor, note, added, changed, base, line) values ($1, $2, $3, $4, $5, $6, $7, 1)`,
		next, at.UnixMilli(), actor, note, added, len(changes)-added, published); err != nil {
		return 0, fmt.Errorf("store revision: %w", err)
	}
	return next, count(ctx, tx, next)
}

// count makes a revision the one that counts.
func count(ctx context.Context, tx bot.Tx, revision int64) error {
	if _, err := tx.ExecContext(ctx, `update procedures_published set revision = $1 where id = 1`, revision); err != nil {
		return fmt.Errorf("publish revision: %w", err)
	}
	return nil
}

// Seed returns the digest of the embedded content that was last taken in.
func Seed(ctx context.Context, r Reader) (string, error) {
	var seed string
	if err := r.QueryRowContext(ctx, `select seed from procedures_published where id = 1`).Scan(&seed); err != nil {
		return "", fmt.Errorf("seed: %w", err)
	}
	return seed, nil
}

// SetSeed records it.
func SetSeed(ctx context.Context, tx bot.Tx, seed string) error {
	if _, err := tx.ExecContext(ctx, `update procedures_published set seed = $1 where id = 1`, seed); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	return nil
}
