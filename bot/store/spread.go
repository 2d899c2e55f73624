package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"cchcbot/bot"
)

// Text keys of why rows of a spread were not sent.
const (
	erasedReason       = "delivery.reason_erased"
	goneReason         = "delivery.reason_blocked"
	unsubscribedReason = "delivery.reason_unsubscribed"
	stoppedReason      = "delivery.reason_stopped"
	unknownOnceReason  = "delivery.reason_unknown_once" // it may have arrived
)

// chunks are how many people one statement takes, as often as it fits; the rest
// goes in smaller ones, so that few texts of statements are kept.
var chunks = [...]int{100, 10, 1}

// maxSpreads bounds how many spreads may be under way at once.
const maxSpreads = 200

func bodyPlace(spread int64, variant int, channel, lang string) string {
	return fmt.Sprintf("outbox/body/%d/%d/%s/%s", spread, variant, channel, lang)
}

// OpenSpread makes a spread.
func (s *Store) OpenSpread(ctx context.Context, tx bot.Tx, p bot.Spread) (int64, error) {
	if p.Thing == "" || len(p.Thing) > maxThing {
		return 0, invalid("a spread needs a thing, not longer than a message's")
	}
	var n int
	if err := tx.QueryRowContext(ctx, `select count(*) from outbox_spreads where state = 'open'`).Scan(&n); err != nil {
		return 0, fmt.Errorf("open spread: %w", err)
	}
	var id int64
	err := tx.QueryRowContext(ctx, `select id from outbox_spreads where thing = $1`, p.Thing).Scan(&id)
	switch {
	case err == nil:
		// Taken up again: people who failed are tried once more.
		_, err = tx.ExecContext(ctx, `update outbox_spreads set state = 'open', due = $2, quiet_from = $3, quiet_to = $4 where id = $1 and state <> 'stopped'`,
			id, toMillis(p.NotUntil), p.Quiet.From, p.Quiet.To)
	case errors.Is(err, sql.ErrNoRows):
		if n >= maxSpreads {
			return 0, conflict(fmt.Sprintf("%d spreads are under way already", n))
		}
		err = tx.QueryRowContext(ctx, `insert into outbox_spreads (thing, state, due, quiet_from, quiet_to, version, since)
			values ($1, 'open', $2, $3, $4, 0, $5) returning id`, p.Thing, toMillis(p.NotUntil), p.Quiet.From, p.Quiet.To, s.millis()).Scan(&id)
	}
	if err != nil {
		return 0, fmt.Errorf("open spread: %w", err)
	}
	return id, nil
}

// SetBodies writes what a spread says.
func (s *Store) SetBodies(ctx context.Context, tx bot.Tx, spread int64, bodies []bot.Body) error {
	for _, b := range bodies {
		m := bot.Message{Text: b.Message.Text, Buttons: b.Message.Buttons, Media: b.Message.Media, Lang: b.Lang}
		plain, err := json.Marshal(m)
		if err != nil {
			return fmt.Errorf("write body down: %w", err)
		}
		sealed, err := s.sealer.Seal(plain, bodyPlace(spread, b.Variant, b.Channel, b.Lang))
		if err != nil {
			return fmt.Errorf("seal body: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `insert into outbox_bodies (spread, variant, channel, lang, payload) values ($1, $2, $3, $4, $5)
			on conflict (spread, variant, channel, lang) do update set payload = excluded.payload`,
			spread, b.Variant, b.Channel, b.Lang, sealed); err != nil {
			return fmt.Errorf("write body: %w", err)
		}
	}
	_, err := tx.ExecContext(ctx, `update outbox_spreads set version = version + 1 where id = $1`, spread)
	return err
}

// spreading is what the statements on people have in common.
type spreading struct {
	thing    string
	channels []any // that the spread has words for
}

func (s *Store) spreading(ctx context.Context, tx bot.Tx, spread int64) (p spreading, err error) {
	var state string
	err = tx.QueryRowContext(ctx, `select thing, state from outbox_spreads where id = $1`, spread).Scan(&p.thing, &state)
	if errors.Is(err, sql.ErrNoRows) {
		return p, notFound("there is no such spread")
	}
	if err != nil {
		return p, err
	}
	if state != "open" {
		return p, conflict("the spread is " + state)
	}
	if p.channels, err = channelsOf(ctx, tx, spread); err != nil {
		return p, err
	}
	if len(p.channels) == 0 {
		return p, invalid("the spread says nothing")
	}
	return p, nil
}

// channelsOf are the channels that a spread has words for.
func channelsOf(ctx context.Context, q bot.Tx, spread int64) (out []any, err error) {
	rows, err := q.QueryContext(ctx, `select distinct channel from outbox_bodies where spread = $1 order by channel`, spread)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c string
		if err := rows.Scan(&c); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// placeholders are n placeholders from $first on.
func placeholders(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	return b.String()
}

// people are n rows of a person, a preferred contact and a variant, from $first on.
func people(first, n int) string {
	var b strings.Builder
	b.WriteString("(values ")
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "(cast($%d as bigint),cast($%d as bigint),cast($%d as bigint))", first+3*i, first+3*i+1, first+3*i+2)
	}
	b.WriteString(") as v")
	return b.String()
}

// best is the contact by which a person gets a spread: the preferred one, else
// another of the person or of those linked. PERSON and CONTACT are columns.
func best(person, contact, channels string) string {
	return `coalesce(
	(select x.id from contacts x where x.id = ` + contact + ` and (x.person = ` + person + ` or exists (select 1 from persons p where p.id = x.person and p.linked = ` + person + `))
		and x.is_out = 0 and x.channel in (` + channels + `)),
	(select x.id from contacts x where x.person in (select p.id from persons p where p.id = ` + person + ` or p.linked > 0 and p.linked = ` + person + `)
		and x.is_out = 0 and x.channel in (` + channels + `) order by x.id limit 1))`
}

// unposted leaves those out who would be written to where a post is.
func unposted(ctx context.Context, q bot.Tx, to []bot.Recipient, posts []string) (left []bot.Recipient, err error) {
	reads := map[bot.PersonID]bool{}
	err = inChunks(to, func(part []bot.Recipient) (err error) {
		rows, err := q.QueryContext(ctx, reachable(len(part)), peopleArgs(nil, part)...)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var p bot.PersonID
			var channel string
			if err := rows.Scan(&p, &channel); err != nil {
				return err
			}
			reads[p] = slices.Contains(posts, channel)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	for _, r := range to {
		if !reads[r.Person] {
			left = append(left, r)
		}
	}
	return left, nil
}

// inChunks cuts people into chunks.
func inChunks(to []bot.Recipient, f func([]bot.Recipient) error) error {
	for _, size := range chunks {
		for len(to) >= size {
			if err := f(to[:size]); err != nil {
				return err
			}
			to = to[size:]
		}
	}
	return nil
}

func peopleArgs(args []any, to []bot.Recipient) []any {
	for _, r := range to {
		args = append(args, int64(r.Person), int64(r.Contact), int64(r.Variant))
	}
	return args
}

// SpreadTo queues the spread for a batch of people.
func (s *Store) SpreadTo(ctx context.Context, tx bot.Tx, spread int64, to []bot.Recipient, c bot.Cap, posts ...string) (bot.Reach, error) {
	var out bot.Reach
	if len(to) > bot.MaxBatch {
		return out, invalid(fmt.Sprintf("%d people at once, at most %d", len(to), bot.MaxBatch))
	}
	p, err := s.spreading(ctx, tx, spread)
	if err != nil {
		return out, fmt.Errorf("spread: %w", err)
	}
	if len(posts) > 0 {
		n := len(to)
		if to, err = unposted(ctx, tx, to, posts); err != nil {
			return out, fmt.Errorf("look who reads it as a post: %w", err)
		}
		out.ByPost = n - len(to)
	}
	if to, out.Capped, err = uncapped(ctx, tx, to, c); err != nil {
		return out, fmt.Errorf("count what people had: %w", err)
	}
	err = inChunks(to, func(part []bot.Recipient) error {
		n := len(p.channels)
		args := append([]any{fmt.Sprintf("spread-%d-", spread), s.millis(), p.thing, spread}, p.channels...)
		query := `insert into outbox (message_id, channel, chat, lane, state, in_group, due, queued, contact, thing, spread, person, variant)
			select $1 || cast(v.column1 as text), c.channel, c.chat, 'broadcast', 'waiting', 0, $2, $2, c.id, $3, $4, v.column1, v.column3
			from ` + people(5+n, len(part)) + ` join contacts c on c.id = ` + best("v.column1", "v.column2", placeholders(5, n)) + `
			where true on conflict do nothing`
		res, err := tx.ExecContext(ctx, query, peopleArgs(args, part)...)
		if err != nil {
			return err
		}
		added, err := res.RowsAffected()
		out.Queued += int(added)
		if err != nil || int(added) == len(part) {
			return err
		}
		had := 0
		err = tx.QueryRowContext(ctx, `select count(*) from `+people(2, len(part))+`
			where exists (select 1 from outbox o where o.spread = $1 and o.spread > 0 and o.person = v.column1)`, peopleArgs([]any{spread}, part)...).Scan(&had)
		out.Gone += len(part) - had
		return err
	})
	if err != nil {
		return out, fmt.Errorf("spread: %w", err)
	}
	return out, nil
}

// uncapped leaves those out who had their share of other spreads.
func uncapped(ctx context.Context, tx bot.Tx, to []bot.Recipient, c bot.Cap) (left []bot.Recipient, capped []bot.PersonID, err error) {
	if c.Most <= 0 || len(c.Spreads) < c.Most {
		return to, nil, nil
	}
	full := map[bot.PersonID]bool{}
	err = inChunks(to, func(part []bot.Recipient) (err error) {
		args := []any{c.Most, toMillis(c.Since)}
		for _, id := range c.Spreads {
			args = append(args, id)
		}
		rows, err := tx.QueryContext(ctx, `select v.column1 from `+people(3+len(c.Spreads), len(part))+`
			where (select count(*) from outbox o where o.spread in (`+placeholders(3, len(c.Spreads))+`) and o.spread > 0 and o.person = v.column1 and o.state <> 'dropped'
					and (o.finished = 0 or o.finished >= $2))
				+ (select count(*) from persons p join outbox o on o.person = p.id and o.spread in (`+placeholders(3, len(c.Spreads))+`) and o.spread > 0 and o.state <> 'dropped'
					and (o.finished = 0 or o.finished >= $2)
					where p.linked > 0 and p.linked = v.column1) >= $1`,
			peopleArgs(args, part)...)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var p bot.PersonID
			if err := rows.Scan(&p); err != nil {
				return err
			}
			full[p] = true
			capped = append(capped, p)
		}
		return rows.Err()
	})
	if len(full) == 0 || err != nil {
		return to, nil, err
	}
	for _, r := range to {
		if !full[r.Person] {
			left = append(left, r)
		}
	}
	return left, capped, nil
}

// checkBatch refuses batches that nobody should ask for.
func checkBatch(n int) error {
	if n < 1 || n > bot.MaxBatch {
		return invalid(fmt.Sprintf("a batch of %d, want 1 to %d", n, bot.MaxBatch))
	}
	return nil
}

// SpreadAfter queues a spread for those who got another one. The cursor is a person.
func (s *Store) SpreadAfter(ctx context.Context, tx bot.Tx, spread int64, after bot.After, cursor int64, batch int) (int64, int, error) {
	if err := checkBatch(batch); err != nil {
		return 0, 0, err
	}
	p, err := s.spreading(ctx, tx, spread)
	if err != nil {
		return 0, 0, fmt.Errorf("spread after: %w", err)
	}
	next, seen, err := reach(ctx, tx, after.Spread, cursor, batch)
	if err != nil || seen == 0 {
		return 0, 0, err
	}
	before := int64(math.MaxInt64)
	if !after.Before.IsZero() {
		before = toMillis(after.Before)
	}
	n := len(p.channels)
	args := append([]any{fmt.Sprintf("spread-%d-", spread), s.millis(), p.thing, spread, after.Spread, cursor, next, number(after.Edit), before}, p.channels...)
	but := ""
	if len(after.But) > 0 {
		but = ` and not exists (select 1 from outbox x where x.spread in (` + placeholders(10+n, len(after.But)) + `) and x.spread > 0 and x.person = o.person
			and (x.state in ('waiting', 'queued', 'sending', 'held') or x.state = 'sent' and x.tried > $9))`
		for _, id := range after.But {
			args = append(args, id)
		}
	}
	res, err := tx.ExecContext(ctx, `insert into outbox (message_id, channel, chat, lane, state, in_group, due, queued, contact, thing, spread, person, variant, edits)
		select $1 || cast(o.person as text), c.channel, c.chat, 'broadcast', 'waiting', 0, $2, $2, c.id, $3, $4, o.person, 0,
			case when $8 = 1 and c.id = o.contact then o.receipt else '' end
		from outbox o join contacts c on c.id = `+best("o.person", "o.contact", placeholders(10, n))+`
		where o.spread = $5 and o.spread > 0 and o.person > $6 and o.person <= $7 and o.state = 'sent' and o.tried <= $9`+but+` on conflict do nothing`, args...)
	if err != nil {
		return 0, 0, fmt.Errorf("spread after: %w", err)
	}
	added, err := res.RowsAffected()
	if seen < batch {
		next = 0
	}
	return next, int(added), err
}

// reach is the last of the next batch of people of a spread, and how many they are.
func reach(ctx context.Context, q bot.Tx, spread, cursor int64, batch int) (last int64, n int, err error) {
	err = q.QueryRowContext(ctx, `select coalesce(max(b.person), 0), count(*) from
		(select person from outbox where spread = $1 and spread > 0 and person > $2 order by person limit $3) as b`, spread, cursor, batch).Scan(&last, &n)
	if err != nil {
		return 0, 0, fmt.Errorf("find the next people of a spread: %w", err)
	}
	return last, n, nil
}

func (s *Store) thingOf(ctx context.Context, tx bot.Tx, spread int64) (thing string, err error) {
	err = tx.QueryRowContext(ctx, `select thing from outbox_spreads where id = $1`, spread).Scan(&thing)
	if errors.Is(err, sql.ErrNoRows) {
		return "", notFound("there is no such spread")
	}
	return thing, err
}

// PauseSpread keeps what waits: a hold like an operator's, which he sees and may release.
func (s *Store) PauseSpread(ctx context.Context, tx bot.Tx, spread int64) error {
	thing, err := s.thingOf(ctx, tx, spread)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `insert into outbox_holds (channel, lane, thing, since) values ('', 'broadcast', $1, $2) on conflict do nothing`, thing, s.millis())
	return err
}

// ResumeSpread lets it go on.
func (s *Store) ResumeSpread(ctx context.Context, tx bot.Tx, spread int64) error {
	thing, err := s.thingOf(ctx, tx, spread)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `delete from outbox_holds where channel = '' and lane = 'broadcast' and thing = $1`, thing)
	return err
}

// StopSpread ends a spread: what came into the lane is dropped here, the rest is not fed any more.
func (s *Store) StopSpread(ctx context.Context, tx bot.Tx, spread int64) error {
	if err := s.ResumeSpread(ctx, tx, spread); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `update outbox_spreads set state = 'stopped' where id = $1`, spread); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `update outbox set state = 'dropped', reason = $2, finished = $3 where spread = $1 and spread > 0 and state = 'queued'`,
		spread, stoppedReason, s.millis())
	return err
}

// DropSpread drops a batch of what waits.
func (s *Store) DropSpread(ctx context.Context, tx bot.Tx, spread int64, batch int) (int, error) {
	if err := checkBatch(batch); err != nil {
		return 0, err
	}
	res, err := tx.ExecContext(ctx, `update outbox set state = 'dropped', reason = $2, finished = $3 where id in
		(select id from outbox where spread = $1 and spread > 0 and state in ('waiting', 'queued', 'held') limit $4)`, spread, stoppedReason, s.millis(), batch)
	if err != nil {
		return 0, fmt.Errorf("drop spread: %w", err)
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// CloseSpread ends a spread that is done.
func (s *Store) CloseSpread(ctx context.Context, tx bot.Tx, spread int64) error {
	_, err := tx.ExecContext(ctx, `update outbox_spreads set state = 'closed' where id = $1 and state = 'open'`, spread)
	return err
}

// DropNews drops what waits of spreads for a person and those linked; of all spreads when none is given.
func (s *Store) DropNews(ctx context.Context, tx bot.Tx, p bot.PersonID, spreads ...int64) error {
	args := []any{int64(p), unsubscribedReason, s.millis()}
	where := ""
	if len(spreads) > 0 {
		where = ` and spread in (` + placeholders(4, len(spreads)) + `)`
		for _, id := range spreads {
			args = append(args, id)
		}
	}
	_, err := tx.ExecContext(ctx, `update outbox set state = 'dropped', reason = $2, finished = $3 where lane = 'broadcast' and state in ('waiting', 'queued', 'held')
		and contact in (select c.id from contacts c where c.person in (select x.id from persons x where x.id = $1 or x.linked > 0 and x.linked = $1
			or x.id = (select y.linked from persons y where y.id = $1)))`+where, args...)
	if err != nil {
		return fmt.Errorf("drop news: %w", err)
	}
	return nil
}

var (
	errErased = errors.New("store: whom the message was for is forgotten")
	errLeft   = errors.New("store: whom the message was for has left")
)

// merge is what stands in either list, in order.
func merge(a, b []string) []string {
	out := append(slices.Clone(a), b...)
	slices.Sort(out)
	return slices.Compact(out)
}
