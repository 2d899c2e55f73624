package sources

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
)

// state says whether a source is polled.
type state string

const (
	on      state = "on"
	paused  state = "paused"
	removed state = "removed"
)

// maxSources is how many there may be, those paused with them.
const maxSources = 100

// source is a feed that an administrator named.
type source struct {
	ID                int64
	URL, Name         string
	Kind, Topic       string // of the drafts
	Minutes           int    // between two polls
	State             state
	Version           int64
	Actor             string // who changed it last
	Created, Updated  time.Time
	ETag, Modified    string
	Due, Polled, Good time.Time // Good: the last poll that went well
	Failures          int       // since then
	Error             string    // the end of a text key
	Detail            int
	Alarmed           time.Time
	Drafts, Skipped   int
	Day               string // of Today, which counts drafts
	Today             int
}

const columns = `id, url, name, kind, topic, minutes, state, version, actor, created, updated, etag, modified, due, polled, good, failures, error, detail, alarmed, drafts, skipped, day, today`

func scan(r bot.Scanner) (x source, err error) {
	var created, updated, due, polled, good, alarmed int64
	err = r.Scan(&x.ID, &x.URL, &x.Name, &x.Kind, &x.Topic, &x.Minutes, &x.State, &x.Version, &x.Actor, &created, &updated, &x.ETag, &x.Modified,
		&due, &polled, &good, &x.Failures, &x.Error, &x.Detail, &alarmed, &x.Drafts, &x.Skipped, &x.Day, &x.Today)
	x.Created, x.Updated, x.Due, x.Polled, x.Good, x.Alarmed = at(created), at(updated), at(due), at(polled), at(good), at(alarmed)
	return x, err
}

func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// get reads a source, removed or not.
func get(ctx context.Context, q items.Reader, id int64) (source, error) {
	x, err := scan(q.QueryRowContext(ctx, `select `+columns+` from news_sources where id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return x, refusal(bot.NotFound, "")
	}
	if err != nil {
		return x, fmt.Errorf("read source: %w", err)
	}
	return x, nil
}

// listed are the sources that were not removed, in order of their names.
func listed(ctx context.Context, q items.Reader) ([]source, error) {
	return query(ctx, q, `where state <> 'removed' order by name, id limit $1`, maxSources)
}

// dueAt are those to be polled, the longest waiting first.
func dueAt(ctx context.Context, q items.Reader, now time.Time) ([]source, error) {
	return query(ctx, q, `where state = 'on' and due <= $1 order by due, id limit $2`, bot.Millis(now), maxSources)
}

func query(ctx context.Context, q items.Reader, where string, args ...any) (out []source, err error) {
	rows, err := q.QueryContext(ctx, `select `+columns+` from news_sources `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		x, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("list sources: %w", err)
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

// insert adds a source. It fails with *bot.Error Conflict when the address stands
// there already, or there are too many.
func insert(ctx context.Context, tx bot.Tx, x *source) error {
	var n, same int
	if err := tx.QueryRowContext(ctx, `select count(*), coalesce(sum(case when url = $1 then 1 else 0 end), 0) from news_sources where state <> 'removed'`, x.URL).Scan(&n, &same); err != nil {
		return fmt.Errorf("count sources: %w", err)
	}
	if same > 0 {
		return refusal(bot.Conflict, "news.sources_wrong_twice")
	}
	if n >= maxSources {
		return refusal(bot.Conflict, "news.sources_wrong_many", "most", maxSources)
	}
	x.Version = 1
	if err := tx.QueryRowContext(ctx, `insert into news_sources (url, name, kind, topic, minutes, state, version, actor, created, updated, due)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9) returning id`,
		x.URL, x.Name, x.Kind, x.Topic, x.Minutes, string(on), x.Version, x.Actor, bot.Millis(x.Created)).Scan(&x.ID); err != nil {
		return fmt.Errorf("write source: %w", err)
	}
	return nil
}

// change writes what an administrator changed. It fails with Conflict when somebody
// was first. A source that is put on again, or has another address or measure, is polled at once.
func change(ctx context.Context, tx bot.Tx, old, x source) error {
	if x.State != removed {
		var n, same int
		if err := tx.QueryRowContext(ctx, `select count(*), coalesce(sum(case when url = $1 then 1 else 0 end), 0) from news_sources where state <> 'removed' and id <> $2`, x.URL, x.ID).Scan(&n, &same); err != nil {
			return fmt.Errorf("look for a source: %w", err)
		}
		if same > 0 {
			return refusal(bot.Conflict, "news.sources_wrong_twice")
		}
		if old.State == removed && n >= maxSources { // others took its place
			return refusal(bot.Conflict, "news.sources_wrong_many", "most", maxSources)
		}
	}
	if x.URL != old.URL {
		x.ETag, x.Modified = "", ""
	}
	if x.State == on && (old.State != on || x.URL != old.URL || x.Minutes != old.Minutes) {
		x.Due, x.Failures = x.Updated, 0
	}
	res, err := tx.ExecContext(ctx, `update news_sources set url = $2, name = $3, kind = $4, topic = $5, minutes = $6, state = $7, version = version + 1, actor = $8, updated = $9,
		etag = $10, modified = $11, due = $12, failures = $13 where id = $1 and version = $14`,
		x.ID, x.URL, x.Name, x.Kind, x.Topic, x.Minutes, string(x.State), x.Actor, bot.Millis(x.Updated), x.ETag, x.Modified, bot.Millis(x.Due), x.Failures, old.Version)
	return one(res, err)
}

// polled writes how a poll went. What an administrator changed meanwhile stays.
func polled(ctx context.Context, tx bot.Tx, x source) error {
	_, err := tx.ExecContext(ctx, `update news_sources set etag = $2, modified = $3, due = $4, polled = $5, good = $6, failures = $7, error = $8, detail = $9, alarmed = $10, skipped = skipped + $11
		where id = $1 and version = $12`,
		x.ID, x.ETag, x.Modified, bot.Millis(x.Due), bot.Millis(x.Polled), bot.Millis(x.Good), x.Failures, x.Error, x.Detail, bot.Millis(x.Alarmed), x.Skipped, x.Version)
	if err != nil {
		return fmt.Errorf("write source: %w", err)
	}
	return nil
}

// errMeanwhile says that somebody changed, paused or removed a source while it was polled.
var errMeanwhile = errors.New("sources: the source was changed meanwhile")

// drafted counts a draft of a source on a day. It fails with errMeanwhile.
func drafted(ctx context.Context, tx bot.Tx, x source, day string) error {
	res, err := tx.ExecContext(ctx, `update news_sources set drafts = drafts + 1, today = case when day = $2 then today + 1 else 1 end, day = $2
		where id = $1 and version = $3 and state = 'on'`, x.ID, day, x.Version)
	if err = one(res, err); bot.IsCode(err, bot.Conflict) {
		err = errMeanwhile
	}
	return err
}

func one(res sql.Result, err error) error {
	if err != nil {
		return fmt.Errorf("write source: %w", err)
	}
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		err = refusal(bot.Conflict, "news.sources_wrong_changed")
	}
	return err
}

// seenBatch is how many keys one statement names.
const seenBatch = 200

// known are those of the keys that were seen. A title counts only since a time.
func known(ctx context.Context, q items.Reader, list []string, titles time.Time) (map[string]bool, error) {
	out := map[string]bool{}
	for len(list) > 0 {
		n := min(len(list), seenBatch)
		args := []any{bot.Millis(titles)}
		for _, k := range list[:n] {
			args = append(args, k)
		}
		list = list[n:]
		if err := bot.EachRow(ctx, q, `select key from news_sources_seen where (key not like 'title:%' or at >= $1) and key in (`+marks(2, n)+`)`, args, func(r bot.Scanner) error {
			var k string
			err := r.Scan(&k)
			out[k] = true
			return err
		}); err != nil {
			return nil, fmt.Errorf("read what was seen: %w", err)
		}
	}
	return out, nil
}

// marks are n placeholders from $first on.
func marks(first, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = "$" + strconv.Itoa(first+i)
	}
	return strings.Join(list, ", ")
}

// saw notes keys as seen now.
func saw(ctx context.Context, tx bot.Tx, now time.Time, list []string) error {
	for len(list) > 0 {
		n := min(len(list), seenBatch)
		args := []any{bot.Millis(now)}
		rows := make([]string, n)
		for i, k := range list[:n] {
			args = append(args, k)
			rows[i] = "($" + strconv.Itoa(i+2) + ", $1)"
		}
		list = list[n:]
		if _, err := tx.ExecContext(ctx, `insert into news_sources_seen (key, at) values `+strings.Join(rows, ", ")+` on conflict (key) do update set at = excluded.at`, args...); err != nil {
			return fmt.Errorf("write what was seen: %w", err)
		}
	}
	return nil
}

// Times that keys are kept: entries as long as feeds show them and a while longer.
const (
	keepSeen    = 180 * 24 * time.Hour
	keepTitles  = 30 * 24 * time.Hour
	forgetEvery = time.Hour
	forgetBatch = 5000
)

// forgetOld removes keys that no feed showed for long.
func (s *service) forgetOld(ctx context.Context) error {
	return s.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		now := s.opt.Now()
		if _, err := tx.ExecContext(ctx, `delete from news_sources_seen where key in (select key from news_sources_seen where at < $1 and (at < $2 or key like 'title:%') limit $3)`,
			bot.Millis(now.Add(-keepTitles)), bot.Millis(now.Add(-keepSeen)), forgetBatch); err != nil {
			return fmt.Errorf("forget what was seen: %w", err)
		}
		return nil
	})
}
