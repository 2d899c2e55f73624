package items

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
)

// choice is what one subscriber wants.
type choice struct{ topics, places []string }

func (c choice) wants(it Item) bool {
	return slices.ContainsFunc(it.Content.Topics, Subscription{Topics: c.topics}.Wants) && meets(it.Content.Places, c.places)
}

// choices are what a batch of subscribers wants, by their numbers.
func (d *Desk) choices(ctx context.Context, tx bot.Tx, rows []subscriberRow) (map[int64]choice, error) {
	out := map[int64]choice{}
	if len(rows) == 0 {
		return out, nil
	}
	ids := make([]any, len(rows))
	for i, r := range rows {
		ids[i] = r.id
	}
	for _, q := range []struct {
		query string
		add   func(*choice, string)
	}{
		{`select subscriber, topic from news_wants where subscriber in (`, func(c *choice, v string) { c.topics = append(c.topics, v) }},
		{`select subscriber, place from news_places where subscriber in (`, func(c *choice, v string) { c.places = append(c.places, v) }},
	} {
		if err := bot.EachRow(ctx, tx, q.query+placeholders(1, len(ids))+`)`, ids, func(s bot.Scanner) error {
			var id int64
			var v string
			err := s.Scan(&id, &v)
			c := out[id]
			q.add(&c, v)
			out[id] = c
			return err
		}); err != nil {
			return nil, fmt.Errorf("read choices: %w", err)
		}
	}
	return out, nil
}

// overOf is what was put off for a batch of subscribers, as it is in force, wanted still, and not had by another way:
// who linked may have had it on the other channel.
func (d *Desk) overOf(ctx context.Context, tx bot.Tx, rows []subscriberRow) (map[bot.PersonID][]Item, error) {
	sets := map[bot.PersonID][]Item{}
	if len(rows) == 0 {
		return sets, nil
	}
	people, ids := make([]any, len(rows)), map[bot.PersonID]int64{}
	for i, r := range rows {
		people[i], ids[r.to.Person] = int64(r.to.Person), r.id
	}
	var pairs [][2]int64
	if err := bot.EachRow(ctx, tx, `select person, item from news_over where person in (`+placeholders(1, len(people))+`) order by person, item`, people, func(s bot.Scanner) error {
		var p [2]int64
		err := s.Scan(&p[0], &p[1])
		pairs = append(pairs, p)
		return err
	}); err != nil {
		return nil, fmt.Errorf("read what was put off: %w", err)
	}
	if len(pairs) == 0 {
		return sets, nil
	}
	choices, err := d.choices(ctx, tx, rows)
	if err != nil {
		return nil, err
	}
	had, err := d.hadOver(ctx, tx, rows, pairs)
	if err != nil {
		return nil, err
	}
	kept := map[int64]Item{}
	for _, p := range pairs {
		if had[p] {
			continue
		}
		it, ok := kept[p[1]]
		if !ok {
			if it, err = inForce(ctx, tx, p[1]); err != nil {
				return nil, err
			}
			kept[p[1]] = it
		}
		who := bot.PersonID(p[0])
		if it.State != Stopped && choices[ids[who]].wants(it) {
			sets[who] = addItem(sets[who], it)
		}
	}
	return sets, nil
}

// hadChunk is of how many spreads at once it is asked who had them.
const hadChunk = 100

// hadOver are the pairs of a person and an item that was put off which the person had all the same. It looks at the very
// item: a correction of it went to those only who had it.
func (d *Desk) hadOver(ctx context.Context, tx bot.Tx, rows []subscriberRow, pairs [][2]int64) (map[[2]int64]bool, error) {
	people := make([]bot.PersonID, len(rows))
	for i, r := range rows {
		people[i] = r.to.Person
	}
	of, seen := map[int64]int64{}, map[int64]bool{} // the items, by their spreads
	var spreads []int64
	for _, p := range pairs {
		if seen[p[1]] {
			continue
		}
		seen[p[1]] = true
		var spread int64
		if err := tx.QueryRowContext(ctx, `select spread from news_items where id = $1`, p[1]).Scan(&spread); err != nil {
			return nil, fmt.Errorf("read what was put off: %w", err)
		}
		if spread != 0 {
			of[spread], spreads = p[1], append(spreads, spread)
		}
	}
	out := map[[2]int64]bool{}
	for part := range slices.Chunk(spreads, hadChunk) {
		had, err := d.opt.Spreads.HadSpreads(ctx, tx, people, part)
		if err != nil {
			return nil, err
		}
		for who, list := range had {
			for _, spread := range list {
				out[[2]int64{int64(who), of[spread]}] = true
			}
		}
	}
	return out, nil
}

// addItem adds an item that is not there yet: two may have one correction.
func addItem(set []Item, it Item) []Item {
	if slices.ContainsFunc(set, func(x Item) bool { return x.ID == it.ID }) {
		return set
	}
	return append(set, it)
}

// withOver adds to the digests of a batch what was put off for it: a person gets one message.
func (d *Desk) withOver(ctx context.Context, tx bot.Tx, rows []subscriberRow, sets map[bot.PersonID][]Item) error {
	if len(rows) == 0 {
		return nil
	}
	over, err := d.overOf(ctx, tx, rows)
	if err != nil {
		return err
	}
	if err := d.told(ctx, tx, over); err != nil {
		return err
	}
	people := make([]any, len(rows))
	for i, r := range rows {
		people[i] = int64(r.to.Person)
		for _, it := range over[r.to.Person] {
			sets[r.to.Person] = addItem(sets[r.to.Person], it)
		}
	}
	if _, err := tx.ExecContext(ctx, `delete from news_over where person in (`+placeholders(1, len(people))+`)`, people...); err != nil {
		return fmt.Errorf("end what was put off: %w", err)
	}
	return nil
}

// unwanted are the spreads, of those that wait for a subscriber, of which nothing is of a topic that is wanted:
// items, and digests of such items only.
func (d *Desk) unwanted(ctx context.Context, tx bot.Tx, s Subscription, waits []bot.Waiting) (out []int64, err error) {
	for _, x := range waits {
		var ids string
		err := tx.QueryRowContext(ctx, `select coalesce((select cast(id as text) from news_items where spread > 0 and spread = $1),
			(select v.items from news_digests g join news_digest_sets v on v.digest = g.id and v.variant = $2 where g.spread > 0 and g.spread = $1), '')`,
			x.Spread, x.Variant).Scan(&ids)
		if err != nil {
			return nil, fmt.Errorf("look what waits: %w", err)
		}
		list, err := idsOf(ids)
		if err != nil {
			return nil, err
		}
		wants := len(list) == 0 // a test, or what is not known here
		for _, id := range list {
			if wants {
				break
			}
			it, err := load(ctx, tx, id)
			if err != nil {
				return nil, err
			}
			wants = slices.ContainsFunc(it.Content.Topics, s.Wants)
		}
		if !wants {
			out = append(out, x.Spread)
		}
	}
	return out, nil
}

// idsOf reads what keyOf wrote.
func idsOf(key string) (out []int64, err error) {
	for id := range strings.SplitSeq(key, ",") {
		if id == "" {
			continue
		}
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read a set of items: %w", err)
		}
		out = append(out, n)
	}
	return out, nil
}

// putOff notes that somebody gets an item with the digest of the evening.
func putOff(ctx context.Context, tx bot.Tx, p bot.PersonID, item int64) error {
	if _, err := tx.ExecContext(ctx, `insert into news_over (person, item) values ($1, $2) on conflict do nothing`, int64(p), item); err != nil {
		return fmt.Errorf("put off: %w", err)
	}
	return nil
}

// brought lists what came between two times and is in force: what a digest of that time tells.
func brought(ctx context.Context, q Reader, since, ends time.Time) ([]Item, error) {
	came, err := list(ctx, q, `where i.published > $1 and i.published <= $2 and i.send = 1 and i.state <> 'stopped' order by i.published desc, i.id desc limit $3`,
		bot.Millis(since), bot.Millis(ends), digestMost)
	if err != nil {
		return nil, err
	}
	var out []Item
	for _, it := range came {
		switch _, corrected, err := replacement(ctx, q, it); {
		case err != nil:
			return nil, err
		case !corrected:
			out = append(out, it)
		}
	}
	return out, nil
}

// turn ends the rhythm in which somebody gets news: what it would have brought him comes in the evening.
func (d *Desk) turn(ctx context.Context, tx bot.Tx, s Subscription) error {
	now := d.opt.Now()
	owed, err := d.owed(ctx, tx, s, now.Add(-time.Millisecond)) // what comes from now on is of the next rhythm
	if err != nil {
		return err
	}
	c := choice{s.Topics, s.Places}
	owed = slices.DeleteFunc(owed, func(it Item) bool { return it.Published.Before(s.rhythm) || !c.wants(it) })
	var spreads []int64
	for _, it := range owed {
		if it.spread != 0 {
			spreads = append(spreads, it.spread)
		}
	}
	had, err := d.opt.Spreads.HadSpreads(ctx, tx, []bot.PersonID{s.person}, spreads)
	if err != nil {
		return err
	}
	for _, it := range owed {
		if slices.Contains(had[s.person], it.spread) {
			continue
		}
		if err := putOff(ctx, tx, s.person, it.ID); err != nil {
			return err
		}
	}
	return nil
}

// owed is what a rhythm had still to bring to somebody at its end: what he has not been reached by yet, or what
// stands in no digest yet that came to him.
func (d *Desk) owed(ctx context.Context, tx bot.Tx, s Subscription, ends time.Time) ([]Item, error) {
	if s.Often == Now {
		return list(ctx, tx, `where i.state in ('sending', 'paused') and i.spread > 0 and i.expanded = 0 and i.corrects = 0 and i.cursor < $1 and i.top >= $1 and i.published <= $2
			order by i.id limit $3`, s.id, bot.Millis(ends), digestMost)
	}
	var since sql.NullInt64
	err := tx.QueryRowContext(ctx, `select coalesce((select min(since) from news_digests where often = $1 and state = 'topics' and cursor < $2 and top >= $2),
		(select max(ends) from news_digests where often = $1))`, s.Often, s.id).Scan(&since)
	if err != nil {
		return nil, fmt.Errorf("read digests: %w", err)
	}
	from := bot.FromMillis(since.Int64)
	if !since.Valid { // there was none yet
		set, err := d.settings(ctx, tx)
		if err != nil {
			return nil, err
		}
		from = digestHour(set, s.Often, ends)
		if from = from.AddDate(0, 0, -1); s.Often == Week {
			from = from.AddDate(0, 0, -6)
		}
	}
	return brought(ctx, tx, from, ends)
}
