package items

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
)

// Codes that join two channels.
const (
	codeLetters = "23456789ABCDEFGHJKMNPQRSTUVWXYZ" // none that look alike
	codeLength  = 8
	CodeLife    = 10 * time.Minute
	maxTries    = 5 // wrong codes of a person in an hour
)

// Links is what the desk needs of the store to join channels.
type Links interface {
	bot.Links
	// UnlinkForgotten ends the links of a person who is being forgotten: what waits for him goes to those who stay.
	UnlinkForgotten(ctx context.Context, tx bot.Tx, p bot.PersonID) error
}

// NewCode makes a code that joins another channel with this one, once, within
// [CodeLife]. A code of before ends.
func (d *Desk) NewCode(ctx context.Context, tx bot.Tx, c bot.Contact) (string, error) {
	if c.Person == 0 {
		return "", conflict("news.conflict_unknown")
	}
	now := d.opt.Now()
	var b strings.Builder
	for range codeLength {
		b.WriteByte(codeLetters[randomIndex(len(codeLetters))])
	}
	code := b.String()
	if _, err := tx.ExecContext(ctx, `delete from news_codes where person = $1 or expires < $2`, int64(c.Person), bot.Millis(now)); err != nil {
		return "", fmt.Errorf("end codes: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `insert into news_codes (digest, person, expires) values ($1, $2, $3)`, d.codeKey(code), int64(c.Person), bot.Millis(now.Add(CodeLife))); err != nil {
		return "", fmt.Errorf("write code: %w", err)
	}
	return code, nil
}

// randomIndex is a number below n, each as likely.
func randomIndex(n int) int {
	var b [1]byte
	for {
		rand.Read(b[:]) // never fails: see crypto/rand
		if int(b[0]) < 256-256%n {
			return int(b[0]) % n
		}
	}
}

func (d *Desk) codeKey(code string) string {
	code = strings.Map(func(r rune) rune {
		if strings.ContainsRune(codeLetters, r) {
			return r
		}
		return -1
	}, strings.ToUpper(code))
	return d.opt.Sealer.Digest("news.code\x1f" + code)
}

// Redeem joins the channel on which a code is typed with the one on which it was made.
// A wrong one is *bot.Error Invalid, and counts even though nothing else happens: the
// caller commits; too many are Denied.
func (d *Desk) Redeem(ctx context.Context, tx bot.Tx, c bot.Contact, code string) error {
	if c.Person == 0 {
		return conflict("news.conflict_unknown")
	}
	now := d.opt.Now()
	var tries int
	if err := tx.QueryRowContext(ctx, `select count(*) from news_tries where person = $1 and at > $2`, int64(c.Person), bot.Millis(now.Add(-time.Hour))).Scan(&tries); err != nil {
		return fmt.Errorf("count tries: %w", err)
	}
	if tries >= maxTries {
		return denied("news.denied_tries")
	}
	key := d.codeKey(code)
	var other, expires int64
	err := tx.QueryRowContext(ctx, `select person, expires from news_codes where digest = $1`, key).Scan(&other, &expires)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("find code: %w", err)
	}
	if err != nil || expires <= bot.Millis(now) {
		if _, err := tx.ExecContext(ctx, `insert into news_tries (person, at) values ($1, $2)`, int64(c.Person), bot.Millis(now)); err != nil {
			return fmt.Errorf("count try: %w", err)
		}
		return invalid("news.invalid_code")
	}
	if bot.PersonID(other) == c.Person {
		return invalid("news.invalid_code_own")
	}
	if _, err := tx.ExecContext(ctx, `delete from news_codes where digest = $1`, key); err != nil {
		return fmt.Errorf("spend code: %w", err)
	}
	return d.Join(ctx, tx, bot.PersonID(other), c.Person)
}

// Join makes two persons one: what either chose is chosen, and it comes once.
func (d *Desk) Join(ctx context.Context, tx bot.Tx, first, other bot.PersonID) error {
	before := map[bot.PersonID]bool{}
	for _, p := range []bot.PersonID{first, other} {
		l, err := d.lead(ctx, tx, p)
		if err != nil {
			return err
		}
		before[l] = true
	}
	lead, err := d.opt.Links.LinkPersons(ctx, tx, first, other)
	var e *bot.Error
	if errors.As(err, &e) && e.Code == bot.Conflict {
		return conflict("news.conflict_links")
	}
	if err != nil || len(before) < 2 {
		return err
	}
	s, _, err := d.subscriber(ctx, tx, lead)
	if err != nil {
		return err
	}
	for p := range before {
		if p == lead {
			continue
		}
		o, _, err := d.subscriber(ctx, tx, p)
		if err != nil {
			return err
		}
		if s.On && o.On && o.Often != s.Often { // the rhythm of the one ends: what it owed comes to both
			if err := d.turn(ctx, tx, o); err != nil {
				return err
			}
		}
		if err := moveOver(ctx, tx, p, lead); err != nil {
			return err
		}
		if !o.Known {
			continue
		}
		if _, err := tx.ExecContext(ctx, `update news_subscribers set state = $2 where id = $1`, o.id, mergedState(o.On)); err != nil {
			return fmt.Errorf("merge subscription: %w", err)
		}
		if err := d.index(ctx, tx, Subscription{id: o.id}); err != nil {
			return err
		}
		s = union(s, o)
	}
	if !s.Known && !s.On {
		return nil // nobody subscribed yet
	}
	s.person = lead
	return d.keep(ctx, tx, &s)
}

// moveOver gives what was put off for one person to the one who stands for both.
func moveOver(ctx context.Context, tx bot.Tx, from, to bot.PersonID) error {
	for _, q := range []string{
		`insert into news_over (person, item) select $2, item from news_over where person = $1 on conflict do nothing`,
		`delete from news_over where person = $1 and $2 <> 0`,
		`insert into news_told (item, person, at) select item, $2, at from news_told where person = $1 on conflict do nothing`,
		`delete from news_told where person = $1 and $2 <> 0`,
	} {
		if _, err := tx.ExecContext(ctx, q, int64(from), int64(to)); err != nil {
			return fmt.Errorf("move what was put off: %w", err)
		}
	}
	return nil
}

// mergedState remembers whether a merged subscription was on.
func mergedState(on bool) string {
	if on {
		return "merged"
	}
	return "merged-off"
}

// union is what two subscriptions want together.
func union(s, o Subscription) Subscription {
	if !o.On {
		return s
	}
	if !s.On { // the other's choices, as they are
		known, id, person := s.Known, s.id, s.person
		s = o
		s.Known, s.id, s.person = known, id, person
		return s
	}
	if s.Wants(TopicAll) || o.Wants(TopicAll) {
		s.Topics = []string{TopicAll}
	} else {
		s.Topics = distinct(slices.Concat(s.Topics, o.Topics))
	}
	switch {
	case len(s.Places) == 0 || len(o.Places) == 0:
		s.Places = nil
	default:
		if s.Places = distinct(slices.Concat(s.Places, o.Places)); len(s.Places) > maxOwnPlaces {
			s.Places = nil
		}
	}
	return s
}

// Unlink makes a person's channel one of its own again, with the choices it had.
func (d *Desk) Unlink(ctx context.Context, tx bot.Tx, p bot.PersonID) error {
	return d.part(ctx, tx, p, d.opt.Links.UnlinkPerson)
}

// part ends the links of a person by unlink. Its own subscription, and that of whoever
// stands for the others now, come back.
func (d *Desk) part(ctx context.Context, tx bot.Tx, p bot.PersonID, unlink func(context.Context, bot.Tx, bot.PersonID) error) error {
	all, err := d.opt.Links.Linked(ctx, tx, p)
	if err != nil || len(all) < 2 {
		return err
	}
	was, _, err := d.subscriber(ctx, tx, all[0])
	if err != nil {
		return err
	}
	if err := unlink(ctx, tx, p); err != nil {
		return err
	}
	back := []bot.PersonID{p}
	if all[0] == p {
		back = []bot.PersonID{all[1]}
	}
	for _, q := range back {
		s, state, err := d.subscriber(ctx, tx, q)
		if err != nil {
			return err
		}
		if all[0] == p { // what was chosen together stays with those who stay together
			s.Known, s.person = s.Known && state != "", q
			s.On, s.Topics, s.Places, s.Often, s.rhythm, s.consent = was.On, was.Topics, was.Places, was.Often, was.rhythm, was.consent
			if !was.Known {
				continue
			}
		} else {
			if s.On = state == "merged" && was.On; !s.On { // what waits there for the others is nothing he asked for
				if err := d.opt.Spreads.DropNews(ctx, tx, q); err != nil {
					return err
				}
			}
			if !s.Known {
				continue
			}
		}
		if err := d.keep(ctx, tx, &s); err != nil {
			return err
		}
	}
	return nil
}
