package store

import (
	"context"
	"errors"
	"fmt"

	"cchcbot/bot"
)

// maxLinked is how many persons may be one.
const maxLinked = 5

// Linked lists the persons who are one with p; the first stands for all.
func (s *Store) Linked(ctx context.Context, tx bot.Tx, p bot.PersonID) (out []bot.PersonID, err error) {
	rows, err := tx.QueryContext(ctx, `select x.id from persons x, persons y where y.id = $1
		and (x.id = case when y.linked > 0 then y.linked else y.id end or x.linked > 0 and x.linked = case when y.linked > 0 then y.linked else y.id end)
		order by x.linked, x.id`, int64(p))
	if err != nil {
		return nil, fmt.Errorf("find linked persons: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id bot.PersonID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// LinkPersons makes other the same person as first. What either of them has stays
// its own, so that the link can end without a question of whose it was.
func (s *Store) LinkPersons(ctx context.Context, tx bot.Tx, first, other bot.PersonID) (bot.PersonID, error) {
	a, err := s.Linked(ctx, tx, first)
	if err != nil {
		return 0, err
	}
	b, err := s.Linked(ctx, tx, other)
	if err != nil {
		return 0, err
	}
	if len(a) == 0 || len(b) == 0 {
		return 0, notFound("there is no such person")
	}
	lead := a[0]
	if lead == b[0] {
		return lead, nil
	}
	if len(a)+len(b) > maxLinked {
		return 0, conflict("more channels than one person may link")
	}
	for _, p := range b {
		if _, err := tx.ExecContext(ctx, `update persons set linked = $2 where id = $1`, int64(p), int64(lead)); err != nil {
			return 0, fmt.Errorf("link persons: %w", err)
		}
		// What was sent to the other, or waits for him, counts as the person's, so that none of it comes twice: what is held outlives its spread.
		if _, err := tx.ExecContext(ctx, `update outbox set person = $2 where person = $1 and spread in (select id from outbox_spreads where state <> 'stopped')
			and spread > 0 and not exists (select 1 from outbox x where x.spread = outbox.spread and x.spread > 0 and x.person = $2)`, int64(p), int64(lead)); err != nil {
			return 0, fmt.Errorf("link persons: %w", err)
		}
		if err := s.swapFailed(ctx, tx, p, lead, linkedReason); err != nil {
			return 0, err
		}
		// Had one of them got it already, the other need not.
		if _, err := tx.ExecContext(ctx, `update outbox set state = 'dropped', finished = $3, reason = $4 where person = $2 and spread > 0 and state in ('waiting', 'queued', 'held')
			and spread in (select id from outbox_spreads where state <> 'stopped')
			and exists (select 1 from outbox x where x.spread = outbox.spread and x.spread > 0 and x.person = $1 and x.state in ('sent', 'sending'))`,
			int64(p), int64(lead), s.millis(), linkedReason); err != nil {
			return 0, fmt.Errorf("link persons: %w", err)
		}
		// Had both it waiting, one is enough: the person's own row is one that is good for something by now.
		if _, err := tx.ExecContext(ctx, `update outbox set state = 'dropped', finished = $2, reason = $3 where person = $1 and spread > 0 and state in ('waiting', 'queued', 'held')
			and spread in (select id from outbox_spreads where state <> 'stopped')
			and exists (select 1 from outbox x where x.spread = outbox.spread and x.spread > 0 and x.person = $4)`, int64(p), s.millis(), linkedReason, int64(lead)); err != nil {
			return 0, fmt.Errorf("link persons: %w", err)
		}
	}
	return lead, s.Audit(ctx, tx, "citizen", "person.linked", "", "")
}

const linkedReason = "delivery.reason_linked"

// swapFailed gives what waits for other to the lead when nothing comes of the lead's own: it failed, or
// was not wanted there. What was dropped for the reason but stays. Two rows change hands by way of a number that nobody has.
func (s *Store) swapFailed(ctx context.Context, tx bot.Tx, other, lead bot.PersonID, but string) error {
	rows, err := tx.QueryContext(ctx, `select o.id, x.id from outbox o join outbox x on x.spread = o.spread and x.spread > 0 and x.person = $2
		where o.person = $1 and o.spread > 0 and o.state in ('waiting', 'queued', 'held') and o.spread in (select id from outbox_spreads where state <> 'stopped')
			and (x.state = 'dropped' and x.reason <> $3 or x.state = 'dead' and x.reason <> $4)`, int64(other), int64(lead), but, unknownOnceReason)
	if err != nil {
		return fmt.Errorf("link persons: %w", err)
	}
	var pairs [][2]int64
	for rows.Next() {
		var p [2]int64
		if err := rows.Scan(&p[0], &p[1]); err != nil {
			return errors.Join(err, rows.Close())
		}
		pairs = append(pairs, p)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, p := range pairs {
		for _, step := range [][2]int64{{p[1], noPerson(p[1])}, {p[0], int64(lead)}, {p[1], int64(other)}} {
			if _, err := tx.ExecContext(ctx, `update outbox set person = $2 where id = $1`, step[0], step[1]); err != nil {
				return fmt.Errorf("link persons: %w", err)
			}
		}
	}
	return nil
}

// noPerson is the person of a row that is nobody's any more; no two rows have the same.
func noPerson(row int64) int64 { return -row }

// UnlinkPerson ends the links of a person. Who stood for others gives that to the next.
func (s *Store) UnlinkPerson(ctx context.Context, tx bot.Tx, p bot.PersonID) error {
	return s.unlink(ctx, tx, p, false)
}

// UnlinkForgotten ends the links of a person who is being forgotten: what waits for him goes to those who stay.
func (s *Store) UnlinkForgotten(ctx context.Context, tx bot.Tx, p bot.PersonID) error {
	return s.unlink(ctx, tx, p, true)
}

func (s *Store) unlink(ctx context.Context, tx bot.Tx, p bot.PersonID, forgotten bool) error {
	all, err := s.Linked(ctx, tx, p)
	if err != nil || len(all) < 2 {
		return err
	}
	if _, err := tx.ExecContext(ctx, `update persons set linked = 0 where id = $1`, int64(p)); err != nil {
		return fmt.Errorf("unlink person: %w", err)
	}
	if all[0] == p {
		next := all[1]
		if _, err := tx.ExecContext(ctx, `update persons set linked = case when id = $2 then 0 else $2 end where linked > 0 and linked = $1`, int64(p), int64(next)); err != nil {
			return fmt.Errorf("unlink person: %w", err)
		}
	}
	if err := s.partNews(ctx, tx, all, p); err != nil {
		return err
	}
	if forgotten && all[0] == p {
		if err := s.leaveNews(ctx, tx, p, all[1]); err != nil {
			return err
		}
	}
	return s.Audit(ctx, tx, "citizen", "person.unlinked", "", "")
}

// partedRow is a row of linked persons of whom one leaves.
type partedRow struct {
	id, spread int64
	waits      bool // it has not been sent
}

// partNews gives each row of those who were linked to whom it went, so that none of them gets it
// twice, and what follows it finds him. What waits for those who stay does not go to who leaves.
func (s *Store) partNews(ctx context.Context, tx bot.Tx, all []bot.PersonID, p bot.PersonID) error {
	was, owner, by := all[0], p, `=`
	if was == p { // the lead leaves: what went to the others is that of the next
		owner, by = all[1], `<>`
	}
	rows, err := tx.QueryContext(ctx, `select o.id, o.spread, o.state in ('waiting', 'queued', 'held') from outbox o join contacts c on c.id = o.contact
		where o.spread > 0 and o.spread in (select id from outbox_spreads) and o.person = $1 and o.state in ('waiting', 'queued', 'held', 'sending', 'sent')
			and c.person `+by+` $2`, int64(was), int64(p))
	if err != nil {
		return fmt.Errorf("part news: %w", err)
	}
	var list []partedRow
	for rows.Next() {
		var r partedRow
		if err := rows.Scan(&r.id, &r.spread, &r.waits); err != nil {
			return errors.Join(err, rows.Close())
		}
		list = append(list, r)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, r := range list {
		if r.waits && was != p {
			if ok, err := s.rerouteRow(ctx, tx, r.id, r.spread); err != nil || ok {
				if err != nil {
					return err
				}
				continue
			}
		}
		if err := s.giveRow(ctx, tx, r.id, was, owner); err != nil {
			return err
		}
	}
	return nil
}

// leaveNews gives what waits at the contacts of a lead who is being forgotten to the next, by another way.
func (s *Store) leaveNews(ctx context.Context, tx bot.Tx, p, next bot.PersonID) error {
	if err := s.swapFailed(ctx, tx, p, next, ""); err != nil {
		return err
	}
	rows, err := tx.QueryContext(ctx, `select id, spread, person from outbox where lane = 'broadcast' and state in ('waiting', 'queued', 'held') and spread > 0
		and contact in (select c.id from contacts c where c.person = $1)`, int64(p))
	if err != nil {
		return fmt.Errorf("leave news: %w", err)
	}
	var list [][3]int64
	for rows.Next() {
		var r [3]int64
		if err := rows.Scan(&r[0], &r[1], &r[2]); err != nil {
			return errors.Join(err, rows.Close())
		}
		list = append(list, r)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, r := range list {
		if r[2] == int64(p) {
			if err := s.giveRow(ctx, tx, r[0], p, next); err != nil {
				return err
			}
		}
		if _, err := s.rerouteRow(ctx, tx, r[0], r[1]); err != nil {
			return err
		}
	}
	return nil
}

// giveRow makes a row that of another person, unless he has one; who had it before does not get it once more.
func (s *Store) giveRow(ctx context.Context, tx bot.Tx, row int64, from, to bot.PersonID) error {
	res, err := tx.ExecContext(ctx, `update outbox set person = $2 where id = $1
		and not exists (select 1 from outbox x where x.spread = outbox.spread and x.spread > 0 and x.person = $2)`, row, int64(to))
	if err != nil {
		return fmt.Errorf("part news: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `insert into outbox (message_id, channel, chat, lane, state, in_group, due, queued, finished, contact, thing, spread, person, variant, reason)
		select 'spread-' || cast(o.spread as text) || '-' || cast($2 as text), o.channel, o.chat, 'broadcast', 'dropped', 0, o.due, o.queued, $3, o.contact, o.thing, o.spread, $2, o.variant, $4
		from outbox o join outbox_spreads s on s.id = o.spread and s.state = 'open' where o.id = $1 on conflict do nothing`, row, int64(from), s.millis(), linkedReason)
	if err != nil {
		return fmt.Errorf("part news: %w", err)
	}
	return nil
}

// ContactsOf lists what a person and those linked with it can be reached by.
func (s *Store) ContactsOf(ctx context.Context, tx bot.Tx, p bot.PersonID) (out []bot.Contact, err error) {
	all, err := s.Linked(ctx, tx, p)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	args := make([]any, len(all))
	for i, id := range all {
		args[i] = int64(id)
	}
	rows, err := tx.QueryContext(ctx, `select id, person, channel, lang, is_out from contacts where person in (`+placeholders(1, len(args))+`) order by id limit 50`, args...)
	if err != nil {
		return nil, fmt.Errorf("contacts of a person: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c bot.Contact
		if err := rows.Scan(&c.ID, &c.Person, &c.Channel, &c.Lang, &c.Out); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}
