package items

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"cchcbot/bot"
)

const columns = `i.id, i.state, i.version, i.revision, i.hash, i.source_key, i.agency, i.author, i.editor, i.checker, i.approver, i.approved, i.approved_at,
	i.corrects, i.urgent, i.scheduled, i.created, i.updated, i.published, i.finished, i.spread, i.cursor, i.top, i.expanded,
	i.queued, i.gone, i.capped, i.sent, i.failed, i.left_after, i.opened, r.body,
	exists (select 1 from news_articles w where w.item = i.id and w.state in ('wanted', 'made', 'ready')) or exists (select 1 from news_figures w where w.item = i.id and w.state = 'held' and w.n > 0)`

const from = ` from news_items i join news_revisions r on r.item = i.id and r.number = i.revision `

func scan(s bot.Scanner) (it Item, err error) {
	var at, scheduled, created, updated, published, finished int64
	var body string
	p := &it.Progress
	if err := s.Scan(&it.ID, &it.State, &it.Version, &it.Revision, &it.Hash, &it.SourceKey, &it.Agency, &it.Author, &it.Editor, &it.Checker, &it.Approver, &it.approved, &at,
		&it.Corrects, &it.Urgent, &scheduled, &created, &updated, &published, &finished, &it.spread, &it.cursor, &it.top, &it.expanded,
		&p.Queued, &p.Gone, &p.Capped, &p.Sent, &p.Failed, &p.Left, &p.Opened, &body, &it.waits); err != nil {
		return it, err
	}
	it.ApprovedAt, it.Scheduled, it.Created, it.Updated = bot.FromMillis(at), bot.FromMillis(scheduled), bot.FromMillis(created), bot.FromMillis(updated)
	it.Published, it.Finished, p.Expanded = bot.FromMillis(published), bot.FromMillis(finished), it.expanded
	if err := json.Unmarshal([]byte(body), &it.Content); err != nil {
		return it, fmt.Errorf("item %d cannot be read: %w", it.ID, err)
	}
	return it, nil
}

func load(ctx context.Context, q Reader, id int64) (Item, error) {
	it, err := scan(q.QueryRowContext(ctx, `select `+columns+from+`where i.id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return it, notFound()
	}
	if err != nil {
		return it, fmt.Errorf("read item: %w", err)
	}
	return it, nil
}

func list(ctx context.Context, q Reader, where string, args ...any) ([]Item, error) {
	var out []Item
	err := bot.EachRow(ctx, q, `select `+columns+from+where, args, func(s bot.Scanner) error {
		it, err := scan(s)
		out = append(out, it)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list items: %w", err)
	}
	return out, nil
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// folded is what an item is found by.
func (d *Desk) folded(c Content) string {
	return " " + strings.Join(strings.Fields(d.opt.Fold(c.Title+" "+c.Summary+" "+c.Body+" "+c.SourceName)), " ") + " "
}

func (d *Desk) insert(ctx context.Context, tx bot.Tx, it *Item) error {
	it.Version = 1
	err := tx.QueryRowContext(ctx, `insert into news_items (state, version, revision, hash, title, folded, source_kind, source_name, source_key, agency, author, editor, corrects, send, created, updated)
		values ($1, 1, 0, '', '', '', '', '', $2, $3, $4, $5, $6, 0, $7, $7) returning id`,
		string(it.State), it.SourceKey, it.Agency, it.Author, it.Editor, it.Corrects, bot.Millis(it.Created)).Scan(&it.ID)
	if err != nil {
		return fmt.Errorf("write item: %w", err)
	}
	if err := d.revise(ctx, tx, it); err != nil {
		return err
	}
	return d.update(ctx, tx, *it, 1)
}

// revise writes the words anew, as a revision of their own.
func (d *Desk) revise(ctx context.Context, tx bot.Tx, it *Item) error {
	hash, body, err := hashOf(it.Content)
	if err != nil {
		return err
	}
	it.Hash = hash
	it.Revision++
	now := bot.Millis(d.opt.Now())
	if _, err := tx.ExecContext(ctx, `insert into news_revisions (item, number, hash, body, author, at) values ($1, $2, $3, $4, $5, $6)`,
		it.ID, it.Revision, hash, body, it.Editor, now); err != nil {
		return fmt.Errorf("write revision: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `update news_items set title = $2, folded = $3, source_kind = $4, source_name = $5, send = $6 where id = $1`,
		it.ID, it.Content.Title, d.folded(it.Content), it.Content.SourceKind, it.Content.SourceName, truth(!it.Content.Quiet)); err != nil {
		return fmt.Errorf("write item: %w", err)
	}
	for _, q := range []string{`delete from news_item_topics where item = $1`, `delete from news_item_places where item = $1`} {
		if _, err := tx.ExecContext(ctx, q, it.ID); err != nil {
			return fmt.Errorf("write topics: %w", err)
		}
	}
	for _, t := range it.Content.Topics {
		if _, err := tx.ExecContext(ctx, `insert into news_item_topics (topic, item) values ($1, $2)`, t, it.ID); err != nil {
			return fmt.Errorf("write topics: %w", err)
		}
	}
	for _, p := range it.Content.Places {
		if _, err := tx.ExecContext(ctx, `insert into news_item_places (item, place) values ($1, $2)`, it.ID, p); err != nil {
			return fmt.Errorf("write places: %w", err)
		}
	}
	return nil
}

// update writes what changed, if nobody else was there since version. Counters that
// others count up (openings, those who left) are left alone.
func (d *Desk) update(ctx context.Context, tx bot.Tx, it Item, version int64) error {
	p := it.Progress
	res, err := tx.ExecContext(ctx, `update news_items set state = $2, version = $3, revision = $4, hash = $5, editor = $6, checker = $7, approver = $8, approved = $9, approved_at = $10,
		urgent = $11, scheduled = $12, updated = $13, published = $14, finished = $15, spread = $16, cursor = $17, top = $18, expanded = $19, queued = $20, gone = $21, capped = $22,
		sent = $23, failed = $24 where id = $1 and version = $25`,
		it.ID, string(it.State), it.Version, it.Revision, it.Hash, it.Editor, it.Checker, it.Approver, it.approved, bot.Millis(it.ApprovedAt),
		truth(it.Urgent), bot.Millis(it.Scheduled), bot.Millis(it.Updated), bot.Millis(it.Published), bot.Millis(it.Finished), it.spread, it.cursor, it.top, truth(it.expanded),
		p.Queued, p.Gone, p.Capped, p.Sent, p.Failed, version)
	if err != nil {
		return fmt.Errorf("write item: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, conflict("news.conflict_changed"))
	}
	return nil
}

// Get reads an item for an officer. Contributors see their own and those of their body; NotFound for strangers.
func (d *Desk) Get(ctx context.Context, id int64, a Actor) (Item, error) {
	it, err := load(ctx, d.opt.Read, id)
	if err != nil {
		return it, err
	}
	deputy, err := d.isDeputy(ctx, d.opt.Read, a)
	if err != nil {
		return Item{}, err
	}
	if role(a, it, deputy) == 0 && !it.State.Public() {
		return Item{}, notFound()
	}
	return it, nil
}

// Revision is one edit of an item.
type Revision struct {
	Number  int
	Hash    string
	Content Content
	Author  string
	At      time.Time
}

// Revisions lists the edits, newest first, at most 100.
func (d *Desk) Revisions(ctx context.Context, id int64, a Actor) ([]Revision, error) {
	if _, err := d.Get(ctx, id, a); err != nil {
		return nil, err
	}
	var out []Revision
	err := bot.EachRow(ctx, d.opt.Read, `select number, hash, body, author, at from news_revisions where item = $1 order by number desc limit 100`, []any{id}, func(s bot.Scanner) error {
		var r Revision
		var at int64
		var body string
		if err := s.Scan(&r.Number, &r.Hash, &body, &r.Author, &at); err != nil {
			return err
		}
		r.At = bot.FromMillis(at)
		out = append(out, r)
		return json.Unmarshal([]byte(body), &out[len(out)-1].Content)
	})
	if err != nil {
		return nil, fmt.Errorf("read revisions: %w", err)
	}
	return out, nil
}

// Entry is one line of an item's timeline.
type Entry struct {
	At            time.Time
	Action        Action
	Actor         string
	Before, After State
	Hash, Reason  string
}

// Timeline is what happened to an item, oldest first, at most 500 lines.
func (d *Desk) Timeline(ctx context.Context, id int64, a Actor) ([]Entry, error) {
	if _, err := d.Get(ctx, id, a); err != nil {
		return nil, err
	}
	var out []Entry
	err := bot.EachRow(ctx, d.opt.Read, `select at, action, actor, before, after, hash, reason from news_entries where item = $1 order by id limit 500`, []any{id}, func(s bot.Scanner) error {
		var e Entry
		var at int64
		err := s.Scan(&at, &e.Action, &e.Actor, &e.Before, &e.After, &e.Hash, &e.Reason)
		e.At = bot.FromMillis(at)
		out = append(out, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	return out, nil
}
