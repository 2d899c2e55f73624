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

// Revision is one publication: of one entry from the console, of many from a file.
type Revision struct {
	Number    int64
	Base      int64 // the revision it was made on; 0 for the first
	Published time.Time
	Actor     string
	Note      string
	Added     int
	Changed   int
	Line      bool // it counts; false after it was rolled back
	InForce   bool // it is the published one
}

const revisionColumns = `r.revision, r.base, r.published, r.actor, r.note, r.added, r.changed, r.line,
	r.revision = (select p.revision from procedures_published p where p.id = 1)`

func scanRevision(s bot.Scanner, r *Revision, more ...any) error {
	var at int64
	err := s.Scan(append([]any{&r.Number, &r.Base, &at, &r.Actor, &r.Note, &r.Added, &r.Changed, &r.Line, &r.InForce}, more...)...)
	r.Published = bot.FromMillis(at)
	return err
}

// Revisions lists publications, newest first: those below the number before (0: from the newest), at most limit
// (1 to 1000).
func Revisions(ctx context.Context, q Reader, before int64, limit int) ([]Revision, error) {
	if before <= 0 {
		before = 1 << 62
	}
	var out []Revision
	err := bot.EachRow(ctx, q, `select `+revisionColumns+` from procedures_revisions r where r.revision < $1 order by r.revision desc limit $2`,
		[]any{before, min(max(limit, 1), 1000)}, func(s bot.Scanner) error {
			var r Revision
			err := scanRevision(s, &r)
			out = append(out, r)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list revisions: %w", err)
	}
	return out, nil
}

// Rollback makes another revision the one that counts, with everything it was made on: an
// earlier one, or one that was rolled back before. to 0 means the one before the published.
// Nothing is removed. It belongs to the caller's transaction, and returns the revisions before and after.
// It fails with an *bot.Error: NotFound when there is no such revision, Conflict when it counts already.
func Rollback(ctx context.Context, tx bot.Tx, to int64) (from, now int64, err error) {
	if err := tx.QueryRowContext(ctx, `select p.revision, coalesce((select r.base from procedures_revisions r where r.revision = p.revision), 0)
		from procedures_published p where p.id = 1`).Scan(&from, &now); err != nil {
		return 0, 0, fmt.Errorf("published revision: %w", err)
	}
	if to != 0 {
		now = to
	}
	var n int
	if err := tx.QueryRowContext(ctx, `select count(*) from procedures_revisions where revision = $1`, now).Scan(&n); err != nil {
		return 0, 0, fmt.Errorf("look for a revision: %w", err)
	}
	switch {
	case n == 0:
		return 0, 0, refusal(bot.NotFound, "procedures.error_no_revision")
	case now == from:
		return 0, 0, conflict("procedures.conflict_in_force")
	}
	// A base has a smaller number than what was made on it, so the walk ends.
	if _, err := tx.ExecContext(ctx, `with recursive line (revision, base) as (
			select revision, base from procedures_revisions where revision = $1
			union all select r.revision, r.base from procedures_revisions r join line l on r.revision = l.base where l.base < l.revision)
		update procedures_revisions set line = case when revision in (select revision from line) then 1 else 0 end`, now); err != nil {
		return 0, 0, fmt.Errorf("roll back: %w", err)
	}
	return from, now, count(ctx, tx, now)
}

// Kept is an entry as one revision has it.
type Kept struct {
	Revision
	Origin Origin
	Entry  *knowledge.Entry // nil: withdrawn
	Draft  int64            // what it was in the console; 0 when it came another way
	// Author and Reviewer are those of the draft.
	Author, Reviewer string
}

const keptFrom = ` from procedures_entries e join procedures_revisions r on r.revision = e.revision
	left join procedures_drafts d on d.revision = e.revision and d.code = e.code where e.code = $1`

func scanKept(s bot.Scanner, k *Kept) error {
	var body sql.NullString
	if err := scanRevision(s, &k.Revision, &k.Origin, &body, &k.Draft, &k.Author, &k.Reviewer); err != nil {
		return err
	}
	if !body.Valid {
		return nil
	}
	k.Entry = new(knowledge.Entry)
	return json.Unmarshal([]byte(body.String), k.Entry)
}

const keptColumns = revisionColumns + `, e.origin, e.body, coalesce(d.id, 0), coalesce(d.author, ''), coalesce(d.reviewer, '')`

// History lists an entry's revisions, newest first, at most 200. The first with Line is what counts.
func History(ctx context.Context, q Reader, code string) ([]Kept, error) {
	var out []Kept
	err := bot.EachRow(ctx, q, `select `+keptColumns+keptFrom+` order by e.revision desc limit 200`, []any{code}, func(s bot.Scanner) error {
		var k Kept
		err := scanKept(s, &k)
		out = append(out, k)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("history of an entry: %w", err)
	}
	return out, nil
}

// Fate is what became of a published revision of an entry.
type Fate string

// The fates.
const (
	InUse        Fate = "in_use"
	WasAmended   Fate = "amended"
	WasReplaced  Fate = "replaced"
	WasAbolished Fate = "abolished"
	WasWithdrawn Fate = "withdrawn"
	RolledBack   Fate = "rolled_back"
)

// Fates says of each revision of a history, as [History] lists it, what became of it.
func Fates(history []Kept) []Fate {
	out := make([]Fate, len(history))
	next := InUse // of what stands on the line below
	for i, k := range history {
		if !k.Line {
			out[i] = RolledBack
			continue
		}
		out[i] = next
		switch {
		case k.Entry == nil:
			next = WasWithdrawn
		case k.Entry.Status == knowledge.Replaced:
			next = WasReplaced
		case k.Entry.Status == knowledge.Abolished:
			next = WasAbolished
		default:
			next = WasAmended
		}
	}
	return out
}

// At is an entry as a revision has it, also one that was rolled back: the change made with that very
// revision. It fails with *bot.Error NotFound.
func At(ctx context.Context, q Reader, code string, revision int64) (Kept, error) {
	var k Kept
	err := scanKept(q.QueryRowContext(ctx, `select `+keptColumns+keptFrom+` and e.revision = $2`, code, revision), &k)
	if errors.Is(err, sql.ErrNoRows) {
		return k, refusal(bot.NotFound, "procedures.error_no_revision")
	}
	if err != nil {
		return k, fmt.Errorf("entry at a revision: %w", err)
	}
	return k, nil
}
