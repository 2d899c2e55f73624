package items

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
)

// maxTesters is how many people one test goes to.
const maxTesters = 20

// TrialParam is the name under which the link of a test carries its key.
const TrialParam = "thu"

// trialFor is how long the link of a test opens what was sent.
const trialFor = 7 * 24 * time.Hour

// testFor is how long a test may wait to be sent.
const testFor = time.Hour

// Test is one test of an item.
type Test struct {
	At     time.Time
	Actor  string
	Hash   string // of the bytes that were sent
	People int
}

// SendTest sends an item, as it is now, to named staff on their real channels, at any
// hour. They are persons linked with a chat; those who are not reached are told by the
// number in Reach. Editors and approvers may, before the item is sent.
func (d *Desk) SendTest(ctx context.Context, w *bot.Work, id int64, a Actor, people []bot.PersonID) (bot.Reach, error) {
	tx, err := w.Tx(ctx)
	if err != nil {
		return bot.Reach{}, err
	}
	it, err := load(ctx, tx, id)
	if err != nil {
		return bot.Reach{}, err
	}
	deputy, err := d.isDeputy(ctx, tx, a)
	if err != nil {
		return bot.Reach{}, err
	}
	switch {
	case role(a, it, deputy)&(ByEditor|ByApprover) == 0:
		return bot.Reach{}, denied("news.denied_action")
	case it.State.Public() || it.State == Cancelled:
		return bot.Reach{}, conflict("news.conflict_state")
	case len(people) == 0 || len(people) > maxTesters:
		return bot.Reach{}, invalid("news.invalid_testers", "most", maxTesters)
	}
	now := d.opt.Now()
	var test int64
	if err := tx.QueryRowContext(ctx, `insert into news_tests (item, hash, actor, at, people, spread) values ($1, $2, $3, $4, $5, 0) returning id`,
		id, it.Hash, a.Ref(), bot.Millis(now), len(people)).Scan(&test); err != nil {
		return bot.Reach{}, fmt.Errorf("write test: %w", err)
	}
	it.trial = d.trialKey(test, it.Hash)
	bodies, err := d.messages(ctx, tx, it, nil) // also where others will read it as an article
	if err != nil {
		return bot.Reach{}, err
	}
	spread, err := d.opt.Spreads.OpenSpread(ctx, tx, bot.Spread{Thing: "news:test:" + itoa(test)})
	if err != nil {
		return bot.Reach{}, err
	}
	if err := d.opt.Spreads.SetBodies(ctx, tx, spread, bodies); err != nil {
		return bot.Reach{}, err
	}
	if _, err := tx.ExecContext(ctx, `update news_tests set spread = $2 where id = $1`, test, spread); err != nil {
		return bot.Reach{}, fmt.Errorf("write test: %w", err)
	}
	to := make([]bot.Recipient, len(people))
	for i, p := range people {
		to[i] = bot.Recipient{Person: p}
	}
	r, err := d.opt.Spreads.SpreadTo(ctx, tx, spread, to, bot.Cap{})
	if err != nil {
		return r, err
	}
	return r, d.opt.Audit(ctx, tx, a.Ref(), "news.test", Thing(id), it.Hash[:12])
}

// trialKey is what the link of a test proves itself with: only who got the test has it.
func (d *Desk) trialKey(test int64, hash string) string {
	return d.opt.Sealer.Digest("news test\x1f" + itoa(test) + "\x1f" + hash)
}

// Trial reads an item that is not public yet as a test of it was sent, for whoever has the key of its link. NotFound
// for any other, for a test of long ago, and for an item that was given up.
func (d *Desk) Trial(ctx context.Context, id int64, key string) (Item, error) {
	it, err := load(ctx, d.opt.Read, id)
	if err != nil {
		return it, err
	}
	if key == "" || it.State.Public() || it.State == Cancelled {
		return Item{}, notFound()
	}
	sent := ""
	if err := bot.EachRow(ctx, d.opt.Read, `select id, hash from news_tests where item = $1 and at > $2 order by id`, []any{id, bot.Millis(d.opt.Now().Add(-trialFor))}, func(s bot.Scanner) error {
		var test int64
		var hash string
		err := s.Scan(&test, &hash)
		if subtle.ConstantTimeCompare([]byte(d.trialKey(test, hash)), []byte(key)) == 1 {
			sent = hash
		}
		return err
	}); err != nil {
		return Item{}, fmt.Errorf("read tests: %w", err)
	}
	if sent == "" {
		return Item{}, notFound()
	}
	var body string
	if err := d.opt.Read.QueryRowContext(ctx, `select body from news_revisions where item = $1 and hash = $2 order by number desc limit 1`, id, sent).Scan(&body); err != nil {
		return Item{}, fmt.Errorf("read what was tested: %w", err)
	}
	it.Content = Content{}
	if err := json.Unmarshal([]byte(body), &it.Content); err != nil {
		return Item{}, fmt.Errorf("item %d cannot be read: %w", id, err)
	}
	it.trial = key
	return it, nil
}

// Tests lists the tests of an item, newest first, at most 50.
func (d *Desk) Tests(ctx context.Context, id int64, a Actor) ([]Test, error) {
	if _, err := d.Get(ctx, id, a); err != nil {
		return nil, err
	}
	var out []Test
	err := bot.EachRow(ctx, d.opt.Read, `select at, actor, hash, people from news_tests where item = $1 order by id desc limit 50`, []any{id}, func(s bot.Scanner) error {
		var x Test
		var at int64
		err := s.Scan(&at, &x.Actor, &x.Hash, &x.People)
		x.At = bot.FromMillis(at)
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read tests: %w", err)
	}
	return out, nil
}

// closeTests ends the spreads of tests that had their time.
func (d *Desk) closeTests(ctx context.Context, works *bot.Works) error {
	var list [][2]int64
	if err := bot.EachRow(ctx, d.opt.Read, `select id, spread from news_tests where spread > 0 and at <= $1 order by id limit 100`, []any{bot.Millis(d.opt.Now().Add(-testFor))}, func(s bot.Scanner) error {
		var x [2]int64
		err := s.Scan(&x[0], &x[1])
		list = append(list, x)
		return err
	}); err != nil {
		return fmt.Errorf("read tests: %w", err)
	}
	var errs []error
	for _, x := range list {
		errs = append(errs, works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
			tx, err := w.Tx(ctx)
			if err != nil {
				return err
			}
			if err := d.opt.Spreads.StopSpread(ctx, tx, x[1]); err != nil {
				return err
			}
			if _, err := d.opt.Spreads.DropSpread(ctx, tx, x[1], bot.MaxBatch); err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `update news_tests set spread = 0 where id = $1`, x[0])
			return err
		}))
	}
	return errors.Join(errs...)
}
