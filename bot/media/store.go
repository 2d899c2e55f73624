package media

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"cchcbot/bot"
)

// row is an item with what only the keeper sees of it.
type row struct {
	Item
	owner    string
	channel  string
	handle   []byte
	attempts int
	key      []byte
	shut     bool
}

const columns = `id, owner, attached, channel, handle, state, reason, kind, type, name, size, width, height, attempts, since, key, shut`

func namePlace(id string) string   { return "media/name/" + id }
func handlePlace(id string) string { return "media/handle/" + id }
func keyPlace(id string) string    { return "media/key/" + id }

func (k *Keeper) scan(s interface{ Scan(...any) error }) (row, error) {
	var r row
	var since int64
	var name []byte
	err := s.Scan(&r.ID, &r.owner, &r.Attached, &r.channel, &r.handle, &r.State, &r.Reason, &r.Kind, &r.Type, &name,
		&r.Size, &r.Width, &r.Height, &r.attempts, &since, &r.key, &r.shut)
	if err != nil {
		return r, err
	}
	plain, err := k.opt.Sealer.Open(name, namePlace(r.ID))
	if err != nil {
		return r, fmt.Errorf("open the name of an item: %w", err)
	}
	r.Name, r.Since = string(plain), time.UnixMilli(since)
	return r, nil
}

func (k *Keeper) rows(ctx context.Context, q Querier, where string, args ...any) (out []row, err error) {
	rows, err := q.QueryContext(ctx, `select `+columns+` from media_items where `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read items: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := k.scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func (k *Keeper) row(ctx context.Context, q Querier, id string) (row, error) {
	if !validID(id) {
		return row{}, notFound()
	}
	r, err := k.scan(q.QueryRowContext(ctx, `select `+columns+` from media_items where id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return r, notFound()
	}
	return r, err
}

func notFound() error { return &bot.Error{Code: bot.NotFound, Detail: "there is no such file"} }

// insert writes a new item.
func (k *Keeper) insert(ctx context.Context, tx bot.Tx, r row, due time.Time) error {
	name, err := k.opt.Sealer.Seal([]byte(r.Name), namePlace(r.ID))
	if err != nil {
		return fmt.Errorf("seal a name: %w", err)
	}
	handle, err := k.sealed(r.handle, handlePlace(r.ID))
	if err != nil {
		return err
	}
	key, err := k.sealed(r.key, keyPlace(r.ID))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `insert into media_items (id, owner, channel, handle, state, kind, type, name, size, width, height, due, since, key)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		r.ID, r.owner, r.channel, handle, string(r.State), string(r.Kind), r.Type, name, r.Size, r.Width, r.Height,
		due.UnixMilli(), r.Since.UnixMilli(), key)
	if err != nil {
		return fmt.Errorf("insert an item: %w", err)
	}
	return nil
}

func (k *Keeper) sealed(plain []byte, place string) (any, error) {
	if plain == nil {
		return nil, nil
	}
	b, err := k.opt.Sealer.Seal(plain, place)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return b, nil
}

// claim and unclaim note whether a turn asked for a file that came along with its message.
func (k *Keeper) claim(ctx context.Context, tx bot.Tx, id string) error {
	_, err := changed(tx.ExecContext(ctx, `update media_items set claimed = 1 where id = $1`, id))
	return err
}

func (k *Keeper) unclaim(ctx context.Context, tx bot.Tx, id string) error {
	_, err := changed(tx.ExecContext(ctx, `update media_items set claimed = 0 where id = $1`, id))
	return err
}

// room fails when an owner has too much that is not attached yet.
func (k *Keeper) room(ctx context.Context, q Querier, owner string) error {
	var n int
	if err := q.QueryRowContext(ctx, `select count(*) from media_items where owner = $1 and attached = 0`, owner).Scan(&n); err != nil {
		return fmt.Errorf("count items: %w", err)
	}
	if n >= MaxLoose {
		return refusal(refusedMany)
	}
	return nil
}

// ready makes a wanted item ready. false: it is no longer wanted.
func (k *Keeper) ready(ctx context.Context, tx bot.Tx, r row) (bool, error) {
	name, err := k.opt.Sealer.Seal([]byte(r.Name), namePlace(r.ID))
	if err != nil {
		return false, fmt.Errorf("seal a name: %w", err)
	}
	key, err := k.opt.Sealer.Seal(r.key, keyPlace(r.ID))
	if err != nil {
		return false, fmt.Errorf("seal a key: %w", err)
	}
	return changed(tx.ExecContext(ctx, `update media_items set state = 'ready', kind = $2, type = $3, name = $4, size = $5, width = $6,
		height = $7, key = $8, handle = null where id = $1 and state = 'wanted'`,
		r.ID, string(r.Kind), r.Type, name, r.Size, r.Width, r.Height, key))
}

// refuse ends a wanted item with a reason.
func (k *Keeper) refuse(ctx context.Context, tx bot.Tx, id, reason string) (bool, error) {
	return changed(tx.ExecContext(ctx, `update media_items set state = 'refused', reason = $2, handle = null where id = $1 and state = 'wanted'`, id, reason))
}

func (k *Keeper) postpone(ctx context.Context, tx bot.Tx, id string, attempts int, due time.Time) error {
	_, err := tx.ExecContext(ctx, `update media_items set attempts = $2, due = $3 where id = $1 and state = 'wanted'`, id, attempts, due.UnixMilli())
	return err
}

func changed(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("change an item: %w", err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// Items returns items by their ids, in that order; ids that are unknown are left
// out. q is the transaction that must see what it wrote, or nil.
func (k *Keeper) Items(ctx context.Context, q Querier, ids ...string) ([]Item, error) {
	if q == nil {
		q = k.opt.Read
	}
	var out []Item
	for _, id := range ids {
		r, err := k.row(ctx, q, id)
		if bot.IsCode(err, bot.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, r.Item)
	}
	return out, nil
}

// Owned returns those of the ids that belong to one of the owners, in that order: for
// ids that came back with a form, before anything of the items is shown.
func (k *Keeper) Owned(ctx context.Context, ids []string, owners ...string) ([]string, error) {
	keys := make([]string, len(owners))
	for i, o := range owners {
		keys[i] = k.ownerKey(o)
	}
	var out []string
	for _, id := range ids {
		r, err := k.row(ctx, k.opt.Read, id)
		switch {
		case bot.IsCode(err, bot.NotFound):
		case err != nil:
			return nil, err
		case slices.Contains(keys, r.owner):
			out = append(out, id)
		}
	}
	return out, nil
}

// maxList is how many items Of returns.
const maxList = 500

// Of returns everything of an owner, oldest first.
func (k *Keeper) Of(ctx context.Context, q Querier, owner string) ([]Item, error) {
	if q == nil {
		q = k.opt.Read
	}
	rows, err := k.rows(ctx, q, `owner = $1 order by since, id limit $2`, k.ownerKey(owner), maxList)
	out := make([]Item, len(rows))
	for i, r := range rows {
		out[i] = r.Item
	}
	return out, err
}

// Kept returns which of some items of an owner are still there, and which of these were
// refused, each oldest first.
func (k *Keeper) Kept(ctx context.Context, q Querier, owner string, ids ...string) (kept, refused []string, err error) {
	items, err := k.Of(ctx, q, owner)
	for _, it := range items {
		switch {
		case !slices.Contains(ids, it.ID):
		case it.State == Refused:
			refused = append(refused, it.ID)
		default:
			kept = append(kept, it.ID)
		}
	}
	return kept, refused, err
}

// Attach gives items of an owner to a thing, such as "complaint:K7M3-9QX2": from then on
// they stay until they are discarded. Items that the thing has already stay as they are. It
// fails with an *bot.Error NotFound, and attaches nothing, when one is neither the owner's nor the thing's.
func (k *Keeper) Attach(ctx context.Context, tx bot.Tx, owner, thing string, ids ...string) error {
	from, to := k.ownerKey(owner), k.ownerKey(thing)
	for _, id := range ids {
		r, err := k.row(ctx, tx, id)
		if err != nil {
			return err
		}
		if r.owner != from && r.owner != to {
			return notFound()
		}
	}
	for _, id := range ids {
		if _, err := tx.ExecContext(ctx, `update media_items set owner = $2, attached = 1 where id = $1`, id, to); err != nil {
			return fmt.Errorf("attach an item: %w", err)
		}
	}
	return nil
}

// Shut makes links to all items of an owner lead nowhere, also those that were made
// before, until they are opened again; only links [ForLiaison] work. Pages that check
// who asks, and use [Keeper.Serve], still show them.
func (k *Keeper) Shut(ctx context.Context, tx bot.Tx, owner string, shut bool) error {
	n := 0
	if shut {
		n = 1
	}
	if _, err := tx.ExecContext(ctx, `update media_items set shut = $2 where owner = $1`, k.ownerKey(owner), n); err != nil {
		return fmt.Errorf("shut items: %w", err)
	}
	return nil
}

// Discard removes items of an owner: those with the ids, or all when none is given.
// When the transaction commits they cannot be read any more, and their files go soon after.
func (k *Keeper) Discard(ctx context.Context, tx bot.Tx, owner string, ids ...string) error {
	key := k.ownerKey(owner)
	if len(ids) == 0 {
		return k.discard(ctx, tx, discardAll, key)
	}
	for _, id := range ids {
		if err := k.discard(ctx, tx, discardOne, key, id); err != nil {
			return err
		}
	}
	return nil
}

// The first half of discarding: note that the files are to go.
const (
	discardAll = `insert into media_gone (id, since) select id, $1 from media_items where owner = $2 on conflict (id) do nothing`
	discardOne = `insert into media_gone (id, since) select id, $1 from media_items where owner = $2 and id = $3 on conflict (id) do nothing`
	// What was attached meanwhile stays.
	discardUnasked = `insert into media_gone (id, since) select id, $1 from media_items where id = $2 and claimed = 0 and attached = 0 on conflict (id) do nothing`
	discardLoose   = `insert into media_gone (id, since) select id, $1 from media_items where id = $2 and attached = 0 on conflict (id) do nothing`
)

// discard notes what goes, and removes the rows of all that was noted.
func (k *Keeper) discard(ctx context.Context, tx bot.Tx, note string, args ...any) error {
	if _, err := tx.ExecContext(ctx, note, append([]any{k.opt.Now().UnixMilli()}, args...)...); err != nil {
		return fmt.Errorf("note files that go: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `delete from media_items where id in (select id from media_gone)`); err != nil {
		return fmt.Errorf("discard items: %w", err)
	}
	return nil
}

// validID keeps what comes from outside from becoming a path.
func validID(id string) bool {
	if len(id) != idLength {
		return false
	}
	for _, r := range id {
		if (r < 'A' || r > 'Z') && (r < '2' || r > '7') {
			return false
		}
	}
	return true
}

const idLength = 26 // of bot.NewID
