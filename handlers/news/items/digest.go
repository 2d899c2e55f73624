package items

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge/calendar"
)

// Limits of digests.
const (
	digestItems = 7   // that a message names; of more it says how many
	digestMost  = 50  // items that one digest looks at, the newest
	digestSets  = 500 // different messages of one digest; who would need another gets the most that one of them says of his
)

// digest is one run for those who want it so often.
type digest struct {
	id          int64
	often, day  string
	since, ends time.Time
	spread      int64
	cursor, top int64
	state       string // topics, over, sending, done
	items       []Item
	recipients  int
}

// RunDigest makes the digest of the day and of the week when it is their hour, and finds
// the people who want one.
func (d *Desk) RunDigest(ctx context.Context, works *bot.Works) error {
	s, err := d.Settings(ctx)
	if err != nil {
		return err
	}
	errs := []error{d.keepFair(ctx, works, `select spread from news_digests where state <> 'done' and spread > 0`)}
	for _, often := range []string{Day, Week} {
		errs = append(errs, d.startDigest(ctx, works, s, often))
	}
	open, err := d.openDigests(ctx)
	errs = append(errs, err)
	for _, g := range open {
		if err := d.runDigest(ctx, works, s, g); err != nil {
			errs = append(errs, fmt.Errorf("digest %s of %s: %w", g.often, g.day, err))
		}
	}
	return errors.Join(errs...)
}

// digestHour is when the latest digest was due.
func digestHour(s Settings, often string, now time.Time) time.Time {
	y, m, day := now.In(calendar.Zone).Date()
	at := time.Date(y, m, day, 0, s.Minute(KeyDigestTime), 0, 0, calendar.Zone)
	if at.After(now) {
		at = at.AddDate(0, 0, -1)
	}
	if often == Week {
		want := time.Weekday(s.Int(KeyDigestDay) % 7)
		for at.Weekday() != want {
			at = at.AddDate(0, 0, -1)
		}
	}
	return at
}

// startDigest writes down that a digest is due, once.
func (d *Desk) startDigest(ctx context.Context, works *bot.Works, s Settings, often string) error {
	due := digestHour(s, often, d.opt.Now())
	day := due.Format(time.DateOnly)
	now, fair := d.opt.Now(), d.Fair(s, due)              // one that is due on a holiday waits for its end
	if now.Before(fair) || now.Sub(fair) > 12*time.Hour { // the program was away: it stands in the next one
		return nil
	}
	var n int
	if err := d.opt.Read.QueryRowContext(ctx, `select count(*) from news_digests where often = $1 and day = $2`, often, day).Scan(&n); err != nil || n > 0 {
		return err
	}
	return works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		var since sql.NullInt64
		if err := tx.QueryRowContext(ctx, `select max(ends) from news_digests where often = $1`, often).Scan(&since); err != nil {
			return err
		}
		from := due.AddDate(0, 0, -1)
		if often == Week {
			from = due.AddDate(0, 0, -7)
		}
		if since.Valid {
			from = bot.FromMillis(since.Int64)
		}
		_, err = tx.ExecContext(ctx, `insert into news_digests (often, day, since, ends, top, state) values ($1, $2, $3, $4, (select coalesce(max(id), 0) from news_subscribers), 'topics')
			on conflict do nothing`, often, day, bot.Millis(from), bot.Millis(due))
		return err
	})
}

// openDigests are those under way. New ones go first: an old one that does not end keeps nobody waiting.
func (d *Desk) openDigests(ctx context.Context) ([]digest, error) {
	var out []digest
	err := bot.EachRow(ctx, d.opt.Read, `select id, often, day, since, ends, spread, cursor, top, state from news_digests where state <> 'done' order by id desc limit 20`, nil, func(s bot.Scanner) error {
		var g digest
		var since, ends int64
		err := s.Scan(&g.id, &g.often, &g.day, &since, &ends, &g.spread, &g.cursor, &g.top, &g.state)
		g.since, g.ends = bot.FromMillis(since), bot.FromMillis(ends)
		out = append(out, g)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read digests: %w", err)
	}
	return out, nil
}

// runDigest brings a digest forward until nothing is left to find.
func (d *Desk) runDigest(ctx context.Context, works *bot.Works, s Settings, g digest) error {
	for g.state == "topics" || g.state == "over" {
		if err := ctx.Err(); err != nil {
			return err
		}
		// Read outside of the unit: a second is not too long for it here.
		var err error
		if g.items, err = brought(ctx, d.opt.Read, g.since, g.ends); err != nil {
			return err
		}
		var then digest
		if err := d.batch(ctx, works, d.digesting, func(ctx context.Context, _ *bot.Work, tx bot.Tx, most int) error {
			then = g
			return d.digestBatch(ctx, tx, &then, most)
		}); err != nil {
			return err
		}
		g = then
		if works.Wake != nil {
			works.Wake()
		}
	}
	if d.opt.Now().After(d.digestEnd(s, g)) {
		if err := d.dropAll(ctx, works, d.digesting, func(ctx context.Context, tx bot.Tx, most int) (int, error) {
			return d.opt.Spreads.DropWaiting(ctx, tx, g.spread, most)
		}); err != nil {
			return err
		}
	}
	if left, err := d.opt.Spreads.SpreadLeft(ctx, g.spread); err != nil || left {
		return err
	}
	return works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		if g.spread != 0 {
			if err := d.opt.Spreads.CloseSpread(ctx, tx, g.spread); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `update news_digests set state = 'done' where id = $1`, g.id)
		return err
	})
}

// digestEnd is how long a digest is sent: a day, and a fair one. Afterwards nobody asks for it, and one person who
// cannot be written to must not keep it open.
func (d *Desk) digestEnd(s Settings, g digest) time.Time {
	end := g.ends.AddDate(0, 0, 1)
	if fair := d.Fair(s, end); fair.After(end) {
		return fair.AddDate(0, 0, 1)
	}
	return end
}

// digestBatch finds the next people of a digest.
func (d *Desk) digestBatch(ctx context.Context, tx bot.Tx, g *digest, most int) (err error) {
	if g.spread == 0 {
		s, err := d.settings(ctx, tx)
		if err != nil {
			return err
		}
		if g.spread, err = d.opt.Spreads.OpenSpread(ctx, tx, bot.Spread{Thing: "news:digest:" + g.often + ":" + g.day, NotUntil: d.unfair(s, d.opt.Now()), Quiet: s.Quiet()}); err != nil {
			return err
		}
	}
	if g.state == "topics" {
		err = d.digestTopics(ctx, tx, g, most)
	} else {
		err = d.digestOver(ctx, tx, g, most)
	}
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `update news_digests set spread = $2, cursor = $3, state = $4, queued = queued + $5 where id = $1`, g.id, g.spread, g.cursor, g.state, g.recipients)
	g.recipients = 0
	return err
}

func (d *Desk) digestTopics(ctx context.Context, tx bot.Tx, g *digest, most int) error {
	var topics []string
	for _, it := range g.items {
		topics = append(topics, it.Content.Topics...)
	}
	next := func() {
		if g.state = "sending"; g.often == Day {
			g.state, g.cursor = "over", 0
		}
	}
	if len(topics) == 0 {
		next()
		return nil
	}
	rows, cursor, err := d.next(ctx, tx, g.often, distinct(topics), nil, g.cursor, g.top, most)
	if err != nil {
		return err
	}
	g.cursor = cursor
	if len(rows) > 0 {
		sets, err := d.setsOf(ctx, tx, g, rows)
		if err != nil {
			return err
		}
		if g.often == Day {
			if err := d.withOver(ctx, tx, rows, sets); err != nil {
				return err
			}
		}
		if err := d.digestTo(ctx, tx, g, rows, sets); err != nil {
			return err
		}
	}
	if cursor >= g.top {
		next()
	}
	return nil
}

// setsOf are the items that each of a batch of subscribers wants and has not got.
func (d *Desk) setsOf(ctx context.Context, tx bot.Tx, g *digest, rows []subscriberRow) (map[bot.PersonID][]Item, error) {
	people := make([]bot.PersonID, len(rows))
	for i, r := range rows {
		people[i] = r.to.Person
	}
	choices, err := d.choices(ctx, tx, rows)
	if err != nil {
		return nil, err
	}
	var spreads []int64
	for _, it := range g.items {
		if it.spread != 0 {
			spreads = append(spreads, it.spread)
		}
	}
	had, err := d.opt.Spreads.HadSpreads(ctx, tx, people, spreads)
	if err != nil {
		return nil, err
	}
	out := map[bot.PersonID][]Item{}
	for _, r := range rows {
		for _, it := range g.items {
			if choices[r.id].wants(it) && !r.rhythm.After(it.Published) && !slices.Contains(had[r.to.Person], it.spread) {
				out[r.to.Person] = append(out[r.to.Person], it)
			}
		}
	}
	return out, nil
}

// meets reports whether an item for some places concerns somebody with these.
func meets(item, own []string) bool {
	return len(item) == 0 || len(own) == 0 || slices.ContainsFunc(item, func(p string) bool { return contains(own, p) })
}

// digestTo queues the digest for a batch, each with the words of what concerns him.
func (d *Desk) digestTo(ctx context.Context, tx bot.Tx, g *digest, rows []subscriberRow, sets map[bot.PersonID][]Item) error {
	var to []bot.Recipient
	for _, r := range rows {
		set := sets[r.to.Person]
		if len(set) == 0 {
			continue
		}
		variant, err := d.variant(ctx, tx, g, set)
		if err != nil {
			return err
		}
		r.to.Variant = variant
		to = append(to, r.to)
	}
	if len(to) == 0 {
		return nil
	}
	reach, err := d.opt.Spreads.SpreadTo(ctx, tx, g.spread, to, bot.Cap{})
	g.recipients += reach.Queued
	return err
}

// variant is the number of the words for a set of items, written when it is new.
func (d *Desk) variant(ctx context.Context, tx bot.Tx, g *digest, set []Item) (int, error) {
	key := keyOf(set)
	var n int
	err := tx.QueryRowContext(ctx, `select variant from news_digest_sets where digest = $1 and items = $2`, g.id, key).Scan(&n)
	if err == nil || !errors.Is(err, sql.ErrNoRows) {
		return n, err
	}
	if err := tx.QueryRowContext(ctx, `select count(*) from news_digest_sets where digest = $1`, g.id).Scan(&n); err != nil {
		return 0, err
	}
	if n >= digestSets {
		if most, err := mostOf(ctx, tx, g.id, set); err != nil || most > 0 {
			return most, err
		}
		if len(set) > 1 {
			return d.variant(ctx, tx, g, set[:1]) // there are no more of these than items
		}
	}
	n++
	if _, err := tx.ExecContext(ctx, `insert into news_digest_sets (digest, variant, items) values ($1, $2, $3)`, g.id, n, key); err != nil {
		return 0, fmt.Errorf("write digest: %w", err)
	}
	bodies, err := d.render(n, nil, func(lang string, l bot.Limits) bot.Reply { return d.digestMessage(g.often, set, lang, l) })
	if err != nil {
		return 0, err
	}
	return n, d.opt.Spreads.SetBodies(ctx, tx, g.spread, bodies)
}

func keyOf(set []Item) string {
	ids := make([]string, len(set))
	for i, it := range set {
		ids[i] = itoa(it.ID)
	}
	return strings.Join(ids, ",")
}

// mostOf is the message of a digest that says the most of a set and nothing else; 0: none does.
func mostOf(ctx context.Context, tx bot.Tx, digest int64, set []Item) (variant int, err error) {
	mine := strings.Split(keyOf(set), ",")
	best := 0
	err = bot.EachRow(ctx, tx, `select variant, items from news_digest_sets where digest = $1 order by variant`, []any{digest}, func(s bot.Scanner) error {
		var n int
		var list string
		if err := s.Scan(&n, &list); err != nil {
			return err
		}
		theirs := strings.Split(list, ",")
		other := slices.ContainsFunc(theirs, func(id string) bool { return !contains(mine, id) })
		if !other && len(theirs) > best {
			variant, best = n, len(theirs)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read digest: %w", err)
	}
	return variant, nil
}

func (d *Desk) digestMessage(often string, set []Item, lang string, l bot.Limits) bot.Reply {
	var lines strings.Builder
	for _, it := range set[:min(len(set), digestItems)] {
		lines.WriteString("\n• " + d.digestLine(lang, it))
		if url := d.Short(it.ID); url != "" {
			lines.WriteString("\n  " + url)
		}
	}
	key := "news.digest_day"
	if often == Week {
		key = "news.digest_week"
	}
	r := bot.Reply{Key: key, Args: []any{"list", lines.String(), "more", max(len(set)-digestItems, 0), "plain", l.Buttons == 0}}
	if l.Buttons > 0 {
		r.Buttons = []bot.Button{{Key: "news.button_latest", Payload: "news:latest"}, {Key: "news.button_mine", Payload: "news:mine"}}[:min(l.Buttons, 2)]
	}
	return r
}

// digestLine is an item in a digest: its title, and what one has to know of it.
func (d *Desk) digestLine(lang string, it Item) string {
	line, err := d.opt.Render(lang, "news.digest_line", map[string]any{"title": it.Content.Title, "corrects": it.Corrects != 0, "stopped": it.State == Stopped})
	if err != nil {
		d.opt.Log.Error("a digest has no line", "err", err)
		return it.Content.Title
	}
	return line
}

// digestOver adds those who had enough of the day: what they did not get stands in
// the digest.
func (d *Desk) digestOver(ctx context.Context, tx bot.Tx, g *digest, most int) error {
	after, n := g.cursor, 0
	if err := bot.EachRow(ctx, tx, `select distinct person from news_over where person > $1 order by person limit $2`, []any{after, most}, func(s bot.Scanner) error {
		n++
		return s.Scan(&g.cursor)
	}); err != nil {
		return fmt.Errorf("read what was put off: %w", err)
	}
	var rows []subscriberRow
	if err := bot.EachRow(ctx, tx, `select s.person, s.id, s.contact from news_subscribers s where s.state = 'on' and s.person > $1 and s.person <= $2
		and exists (select 1 from news_over o where o.person = s.person) order by s.person`, []any{after, g.cursor}, func(s bot.Scanner) error {
		var r subscriberRow
		err := s.Scan(&r.to.Person, &r.id, &r.to.Contact)
		rows = append(rows, r)
		return err
	}); err != nil {
		return fmt.Errorf("read what was put off: %w", err)
	}
	sets, err := d.overOf(ctx, tx, rows)
	if err != nil {
		return err
	}
	if err := d.told(ctx, tx, sets); err != nil {
		return err
	}
	if err := d.digestTo(ctx, tx, g, rows, sets); err != nil {
		return err
	}
	// What was put off meanwhile for people behind the cursor stands in the next digest.
	if _, err := tx.ExecContext(ctx, `delete from news_over where person > $1 and person <= $2`, after, g.cursor); err != nil {
		return fmt.Errorf("end what was put off: %w", err)
	}
	if n < most {
		g.state = "sending"
	}
	return nil
}
