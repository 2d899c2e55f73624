package items

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"cchcbot/bot"
)

// How often somebody gets news.
const (
	Now  = "now"  // each item by itself
	Day  = "day"  // a digest every day
	Week = "week" // a digest every week
)

// Subscription is what a person asked for.
type Subscription struct {
	Known  bool // agreed once
	On     bool
	Often  string
	Topics []string
	Places []string // none: everywhere
	Since  time.Time

	id      int64
	person  bot.PersonID
	contact bot.ContactID
	consent consent
	rhythm  time.Time // since when it comes as often as now; zero: since the beginning
}

type consent struct {
	version, lang string
	at            time.Time
}

// Wants reports whether a topic was chosen.
func (s Subscription) Wants(topic string) bool {
	return contains(s.Topics, topic) || contains(s.Topics, TopicAll)
}

// Consent is the wording that somebody agrees to, and its version: a hash of it.
func (d *Desk) Consent(lang string) (wording, version string, err error) {
	if wording, err = d.opt.Render(lang, "news.consent", nil); err != nil {
		return "", "", err
	}
	sum := sha256.Sum256([]byte(wording))
	return wording, hex.EncodeToString(sum[:6]), nil
}

// lead is the person that stands for p and those linked with it.
func (d *Desk) lead(ctx context.Context, tx bot.Tx, p bot.PersonID) (bot.PersonID, error) {
	all, err := d.opt.Links.Linked(ctx, tx, p)
	if err != nil {
		return 0, err
	}
	if len(all) == 0 {
		return p, nil // its first turn is not committed yet
	}
	return all[0], nil
}

func (d *Desk) subscriber(ctx context.Context, q Reader, p bot.PersonID) (Subscription, string, error) {
	s := Subscription{person: p, Often: Now}
	var state, topics, places string
	var at, since, rhythm int64
	err := q.QueryRowContext(ctx, `select id, contact, state, often, topics, places, consent, consent_lang, consent_at, since, often_since from news_subscribers where person = $1`, int64(p)).
		Scan(&s.id, &s.contact, &state, &s.Often, &topics, &places, &s.consent.version, &s.consent.lang, &at, &since, &rhythm)
	if errors.Is(err, sql.ErrNoRows) {
		return s, "", nil
	}
	if err != nil {
		return s, "", fmt.Errorf("read subscription: %w", err)
	}
	s.Known, s.On, s.Since, s.consent.at, s.rhythm = true, state == "on", bot.FromMillis(since), bot.FromMillis(at), bot.FromMillis(rhythm)
	return s, state, errors.Join(json.Unmarshal([]byte(topics), &s.Topics), json.Unmarshal([]byte(places), &s.Places))
}

// Subscription is what a person asked for, on whichever of the linked channels.
func (d *Desk) Subscription(ctx context.Context, tx bot.Tx, p bot.PersonID) (Subscription, error) {
	lead, err := d.lead(ctx, tx, p)
	if err != nil {
		return Subscription{}, err
	}
	s, _, err := d.subscriber(ctx, tx, lead)
	return s, err
}

// Agree subscribes a person who agreed to the wording of that version. The
// choices of somebody who was here before come back. It fails with *bot.Error Conflict when
// the wording is another one by now.
func (d *Desk) Agree(ctx context.Context, tx bot.Tx, c bot.Contact, lang, version string) (Subscription, error) {
	wording, now, err := d.Consent(lang)
	if err != nil {
		return Subscription{}, err
	}
	if now != version || c.Person == 0 {
		return Subscription{}, conflict("news.conflict_consent")
	}
	if _, err := tx.ExecContext(ctx, `insert into news_consents (version, lang, wording, since) values ($1, $2, $3, $4) on conflict do nothing`,
		version, lang, wording, bot.Millis(d.opt.Now())); err != nil {
		return Subscription{}, fmt.Errorf("write consent: %w", err)
	}
	return d.subscribe(ctx, tx, c, func(s *Subscription) error {
		if len(s.Topics) == 0 {
			s.Topics = []string{TopicReform, TopicProcedures}
		}
		s.On, s.consent = true, consent{version, lang, d.opt.Now()}
		return nil
	})
}

// Back subscribes somebody again who agreed before.
func (d *Desk) Back(ctx context.Context, tx bot.Tx, c bot.Contact) (Subscription, error) {
	return d.change(ctx, tx, c, func(s *Subscription) error {
		if len(s.Topics) == 0 {
			s.Topics = []string{TopicReform, TopicProcedures}
		}
		s.On = true
		return nil
	})
}

// change changes a subscription that there is; Conflict when there is none.
func (d *Desk) change(ctx context.Context, tx bot.Tx, c bot.Contact, f func(*Subscription) error) (Subscription, error) {
	return d.subscribe(ctx, tx, c, func(s *Subscription) error {
		if !s.Known {
			return conflict("news.conflict_unknown")
		}
		return f(s)
	})
}

func (d *Desk) subscribe(ctx context.Context, tx bot.Tx, c bot.Contact, f func(*Subscription) error) (Subscription, error) {
	lead, err := d.lead(ctx, tx, c.Person)
	if err != nil {
		return Subscription{}, err
	}
	s, _, err := d.subscriber(ctx, tx, lead)
	if err != nil {
		return s, err
	}
	if err := f(&s); err != nil {
		return s, err
	}
	s.contact = c.ID
	return s, d.keep(ctx, tx, &s)
}

// keep writes a subscription, and the rows by which subscribers of a topic are found.
func (d *Desk) keep(ctx context.Context, tx bot.Tx, s *Subscription) error {
	slices.Sort(s.Topics)
	topics, err := json.Marshal(slices.Compact(s.Topics))
	if err != nil {
		return err
	}
	places, err := json.Marshal(s.Places)
	if err != nil {
		return err
	}
	state := "off"
	if s.On {
		state = "on"
	}
	now := bot.Millis(d.opt.Now())
	if !s.Known {
		err = tx.QueryRowContext(ctx, `insert into news_subscribers (person, contact, state, often, topics, places, consent, consent_lang, consent_at, since, updated, often_since)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11) returning id`, int64(s.person), int64(s.contact), state, s.Often, string(topics), string(places),
			s.consent.version, s.consent.lang, bot.Millis(s.consent.at), now, bot.Millis(s.rhythm)).Scan(&s.id)
		s.Known, s.Since = true, d.opt.Now()
	} else {
		_, err = tx.ExecContext(ctx, `update news_subscribers set contact = $2, state = $3, often = $4, topics = $5, places = $6, consent = $7, consent_lang = $8, consent_at = $9, updated = $10,
			often_since = $11 where id = $1`, s.id, int64(s.contact), state, s.Often, string(topics), string(places), s.consent.version, s.consent.lang, bot.Millis(s.consent.at), now, bot.Millis(s.rhythm))
	}
	if err != nil {
		return fmt.Errorf("write subscription: %w", err)
	}
	return d.index(ctx, tx, *s)
}

func (d *Desk) index(ctx context.Context, tx bot.Tx, s Subscription) error {
	for _, q := range []string{`delete from news_wants where subscriber = $1`, `delete from news_places where subscriber = $1`} {
		if _, err := tx.ExecContext(ctx, q, s.id); err != nil {
			return fmt.Errorf("write choices: %w", err)
		}
	}
	if !s.On {
		return nil
	}
	for _, t := range s.Topics {
		if _, err := tx.ExecContext(ctx, `insert into news_wants (topic, often, subscriber) values ($1, $2, $3) on conflict do nothing`, t, s.Often, s.id); err != nil {
			return fmt.Errorf("write choices: %w", err)
		}
	}
	for _, p := range s.Places {
		if _, err := tx.ExecContext(ctx, `insert into news_places (subscriber, place) values ($1, $2) on conflict do nothing`, s.id, p); err != nil {
			return fmt.Errorf("write places: %w", err)
		}
	}
	return nil
}

// Toggle chooses a topic, or no longer. Without any topic the subscription is off.
func (d *Desk) Toggle(ctx context.Context, tx bot.Tx, c bot.Contact, topic string) (Subscription, error) {
	if topic != TopicAll && !d.isTopic(topic) {
		return Subscription{}, invalid("news.invalid_topics", "most", MaxTopics)
	}
	return d.change(ctx, tx, c, func(s *Subscription) error {
		if !s.On {
			s.Topics = nil // nothing is shown as chosen then, and what is tapped is all that is wanted
		}
		switch {
		case topic == TopicAll && s.Wants(TopicAll):
			s.Topics = nil
		case topic == TopicAll:
			s.Topics = []string{TopicAll}
		default:
			d.single(s)
			if i := slices.Index(s.Topics, topic); i >= 0 {
				s.Topics = slices.Delete(s.Topics, i, i+1)
			} else {
				s.Topics = append(s.Topics, topic)
			}
		}
		s.On = len(s.Topics) > 0
		return d.dropUnwanted(ctx, tx, *s)
	})
}

// single writes "all topics" out, so that one of them can be left.
func (d *Desk) single(s *Subscription) {
	if contains(s.Topics, TopicAll) {
		s.Topics = d.Topics()
	}
}

// SetOften sets how often somebody gets news. What came before then comes to him once: as it was, or in the evening.
func (d *Desk) SetOften(ctx context.Context, tx bot.Tx, c bot.Contact, often string) (Subscription, error) {
	if often != Now && often != Day && often != Week {
		return Subscription{}, invalid("news.invalid_often")
	}
	return d.change(ctx, tx, c, func(s *Subscription) error {
		if often == s.Often {
			return nil
		}
		if s.On {
			if err := d.turn(ctx, tx, *s); err != nil {
				return err
			}
		}
		s.Often, s.rhythm = often, d.opt.Now()
		return nil
	})
}

// maxOwnPlaces is how many places somebody may choose.
const maxOwnPlaces = 3

// SetPlaces sets the communes whose news somebody wants beside what concerns everybody; none: all.
func (d *Desk) SetPlaces(ctx context.Context, tx bot.Tx, c bot.Contact, places []string) (Subscription, error) {
	places = distinct(places)
	if len(places) > maxOwnPlaces || slices.ContainsFunc(places, func(p string) bool { return !d.isPlace(p) }) {
		return Subscription{}, invalid("news.invalid_places", "most", maxOwnPlaces)
	}
	return d.change(ctx, tx, c, func(s *Subscription) error { s.Places = places; return nil })
}

// Leave ends one topic, in one tap; item is the one below which it was tapped, 0 for none.
func (d *Desk) Leave(ctx context.Context, tx bot.Tx, c bot.Contact, topic string, item int64) (Subscription, error) {
	return d.change(ctx, tx, c, func(s *Subscription) error {
		d.single(s)
		i := slices.Index(s.Topics, topic)
		if i < 0 || !s.On {
			return nil // it was left before
		}
		s.Topics = slices.Delete(s.Topics, i, i+1)
		s.On = len(s.Topics) > 0
		if err := d.left(ctx, tx, item); err != nil {
			return err
		}
		return d.dropUnwanted(ctx, tx, *s)
	})
}

// StopAll ends all news to a person. What concerns cases goes on. It reports whether there was anything to stop.
func (d *Desk) StopAll(ctx context.Context, tx bot.Tx, c bot.Contact) (was bool, err error) {
	if c.Person == 0 {
		return false, nil
	}
	lead, err := d.lead(ctx, tx, c.Person)
	if err != nil {
		return false, err
	}
	s, _, err := d.subscriber(ctx, tx, lead)
	if err != nil || !s.Known {
		return false, err
	}
	if was = s.On; was {
		last, err := d.opt.Spreads.SpreadsOf(ctx, lead, d.opt.Now().Add(-24*time.Hour), 1)
		if err != nil {
			return was, err
		}
		if len(last) > 0 {
			if _, err := tx.ExecContext(ctx, `update news_items set left_after = left_after + 1 where spread = $1`, last[0]); err != nil {
				return was, fmt.Errorf("count who left: %w", err)
			}
		}
	}
	s.On = false
	if err := d.keep(ctx, tx, &s); err != nil {
		return was, err
	}
	return was, d.dropUnwanted(ctx, tx, s)
}

// left counts somebody who left after an item.
func (d *Desk) left(ctx context.Context, tx bot.Tx, item int64) error {
	if item == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `update news_items set left_after = left_after + 1 where id = $1 and published > 0`, item); err != nil {
		return fmt.Errorf("count who left: %w", err)
	}
	return nil
}

// dropUnwanted drops what waits of items that are not wanted any more, whatever became of the items: what is held
// outlives them.
func (d *Desk) dropUnwanted(ctx context.Context, tx bot.Tx, s Subscription) error {
	if !s.On {
		if _, err := tx.ExecContext(ctx, `delete from news_over where person = $1`, int64(s.person)); err != nil {
			return fmt.Errorf("end what was put off: %w", err)
		}
		return d.opt.Spreads.DropNews(ctx, tx, s.person)
	}
	if s.Wants(TopicAll) {
		return nil
	}
	args := append([]any{int64(s.person)}, anys(s.Topics)...)
	if _, err := tx.ExecContext(ctx, `delete from news_over where person = $1 and not exists (select 1 from news_item_topics t
		where t.item = news_over.item and t.topic in (`+placeholders(2, len(s.Topics))+`))`, args...); err != nil {
		return fmt.Errorf("end what was put off: %w", err)
	}
	waits, err := d.opt.Spreads.OpenOf(ctx, tx, s.person)
	if err != nil || len(waits) == 0 {
		return err
	}
	spreads, err := d.unwanted(ctx, tx, s, waits)
	if err != nil {
		return err
	}
	if len(spreads) == 0 {
		return nil
	}
	return d.opt.Spreads.DropNews(ctx, tx, s.person, spreads...)
}

// Forget erases what is kept about a person. A subscription that stood for linked
// ones gives way to theirs.
func (d *Desk) Forget(ctx context.Context, tx bot.Tx, p bot.PersonID) error {
	if err := d.part(ctx, tx, p, d.opt.Links.UnlinkForgotten); err != nil {
		return err
	}
	for _, q := range []string{
		`delete from news_wants where subscriber in (select id from news_subscribers where person = $1)`,
		`delete from news_places where subscriber in (select id from news_subscribers where person = $1)`,
		`delete from news_subscribers where person = $1`,
		`delete from news_over where person = $1`,
		`delete from news_told where person = $1`,
		`delete from news_codes where person = $1`,
		`delete from news_tries where person = $1`,
	} {
		if _, err := tx.ExecContext(ctx, q, int64(p)); err != nil {
			return fmt.Errorf("forget subscription: %w", err)
		}
	}
	return d.opt.Spreads.DropNews(ctx, tx, p)
}

// Export is what is kept about a person.
func (d *Desk) Export(ctx context.Context, tx bot.Tx, p bot.PersonID) ([]bot.Record, error) {
	s, state, err := d.subscriber(ctx, tx, p)
	if err != nil || !s.Known {
		return nil, err
	}
	var wording string
	err = tx.QueryRowContext(ctx, `select wording from news_consents where version = $1 and lang = $2`, s.consent.version, s.consent.lang).Scan(&wording)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read consent: %w", err)
	}
	return []bot.Record{{Kind: "news.subscription", At: s.Since, Data: map[string]any{"state": state, "often": s.Often, "topics": s.Topics, "places": s.Places,
		"consent": wording, "consent_at": s.consent.at}}}, nil
}
