package sources

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/calendar"
)

// Times and numbers of polling.
const (
	lookEvery   = time.Minute // how often sources that are due are looked for
	atOnce      = 4
	maxPollNews = 10                  // drafts of one poll
	maxDayNews  = 40                  // drafts of one source in a day
	maxAge      = 14 * 24 * time.Hour // older entries are no news
	longestWait = 12 * time.Hour      // between two polls of a source that fails
	alarmAfter  = 3 * 24 * time.Hour  // that a source fails
	alarmAgain  = 24 * time.Hour
	maxRecent   = 1000 // items that a draft may repeat
)

// poll takes the sources that are due.
func (s *service) poll(ctx context.Context) error {
	due, err := dueAt(ctx, s.opt.Read, s.opt.Now())
	if err != nil || len(due) == 0 {
		return err
	}
	var wait sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	errs := make([]error, len(due))
	for i, src := range due {
		select {
		case <-ctx.Done():
		case slots <- struct{}{}:
			wait.Go(func() { defer func() { <-slots }(); errs[i] = s.pollOne(ctx, src) })
			continue
		}
		break
	}
	wait.Wait()
	return errors.Join(errs...)
}

// pollOne polls a source and writes down how it went.
func (s *service) pollOne(ctx context.Context, src source) error {
	now := s.opt.Now()
	a, err := s.load(ctx, src.URL, src.ETag, src.Modified)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // we are stopping: it is due again
	}
	next := src
	next.Polled, next.Skipped = now, 0
	if err != nil {
		next.failed(now, err)
		s.opt.Log.Warn("a source of news cannot be read", "source", src.ID, "failures", next.Failures, "err", err)
	} else {
		next.Good, next.Failures, next.Error, next.Detail, next.Alarmed = now, 0, "", 0, time.Time{}
		next.Due = now.Add(apart(time.Duration(src.Minutes) * time.Minute))
		var more bool
		if !a.same {
			if next.Skipped, more, err = s.take(ctx, src, a.entries); err != nil {
				return err
			}
		}
		if next.ETag, next.Modified = a.etag, a.modified; more {
			next.ETag, next.Modified = "", "" // what is left comes with the next poll
		}
	}
	s.alarm(ctx, &next, now)
	return s.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		return polled(ctx, tx, next)
	})
}

// failed notes a poll that did not go well: the next is later and later.
func (x *source) failed(now time.Time, err error) {
	t := &trouble{code: badReach}
	errors.As(err, &t)
	x.Failures++
	x.Error, x.Detail = t.code, t.detail
	wait := time.Duration(x.Minutes) * time.Minute
	for range min(x.Failures-1, 10) {
		wait = min(2*wait, longestWait)
	}
	x.Due = now.Add(max(apart(wait), t.wait))
}

// apart is a time some tenths shorter or longer, so that sources do not come all at once.
func apart(d time.Duration) time.Duration { return d*9/10 + rand.N(d/5+1) }

// alarm tells of a source that fails for days, once a day.
func (s *service) alarm(ctx context.Context, x *source, now time.Time) {
	since := x.Good
	if since.Before(x.Created) {
		since = x.Created
	}
	if x.Failures == 0 || now.Sub(since) < alarmAfter || now.Sub(x.Alarmed) < alarmAgain {
		return
	}
	x.Alarmed = now
	host := ""
	if u, err := url.Parse(x.URL); err == nil {
		host = u.Hostname()
	}
	s.opt.Alert(ctx, fmt.Sprintf("the source of news %d (%s) cannot be read since %s: look at %s", x.ID, host, since.In(calendar.Zone).Format("02/01/2006 15:04"), pathOf(x.ID)))
}

// found is an entry that is to become a draft.
type found struct {
	content items.Content
	keys    keys
}

// sorted are the entries of a feed by what becomes of them.
type sorted struct {
	fresh   []found // newest first
	again   []keys  // seen before, here or elsewhere
	skipped []keys  // too old, or without a title
}

// sortOut says which entries are news.
func (s *service) sortOut(ctx context.Context, src source, list []entry) (out sorted, err error) {
	now := s.opt.Now()
	all := make([]keys, len(list))
	var asked []string
	for i, e := range list {
		all[i] = s.keysOf(src, e)
		asked = append(asked, all[i].all()...)
	}
	seen, err := known(ctx, s.opt.Read, asked, now.Add(-keepTitles))
	if err != nil {
		return out, err
	}
	recent, err := s.opt.Desk.Recent(ctx, now.Add(-keepTitles), maxRecent)
	if err != nil {
		return out, err
	}
	for _, c := range recent { // also those that people wrote
		seen[s.titleKey(c.Title)] = true
		if c.Link != "" {
			seen[linkKey(c.Link)] = true
		}
	}
	for i, e := range list {
		k := all[i]
		c, ok := s.draftOf(src, e)
		switch {
		case slices.ContainsFunc(k.all(), func(key string) bool { return seen[key] }):
			out.again = append(out.again, k)
		case !ok || !e.at.IsZero() && now.Sub(e.at) > maxAge:
			out.skipped = append(out.skipped, k)
		default:
			out.fresh = append(out.fresh, found{c, k})
		}
		for _, key := range k.all() {
			seen[key] = true // the same twice in one feed
		}
	}
	return out, nil
}

// take makes drafts of what is new, the oldest first. more reports that there is more than one
// poll may bring. What is beyond a day's measure is skipped for good.
func (s *service) take(ctx context.Context, src source, list []entry) (skipped int, more bool, err error) {
	got, err := s.sortOut(ctx, src, list)
	if err != nil {
		return 0, false, err
	}
	day := s.opt.Now().In(calendar.Zone).Format(time.DateOnly)
	left := maxDayNews
	if src.Day == day {
		left -= src.Today
	}
	if left = max(left, 0); len(got.fresh) > left {
		for _, f := range got.fresh[left:] {
			got.skipped = append(got.skipped, f.keys)
		}
		got.fresh = got.fresh[:left]
	}
	if len(got.fresh) > maxPollNews {
		got.fresh, more = got.fresh[:maxPollNews], true
	}
	slices.Reverse(got.fresh)
	for _, f := range got.fresh {
		switch err := s.draft(ctx, src, f, day); {
		case errors.Is(err, errMeanwhile):
			return 0, true, nil // it is due again at once, as it is now
		case errors.Is(err, errAgain):
			got.again = append(got.again, f.keys)
		case bot.IsCode(err, bot.Conflict), bot.IsCode(err, bot.Invalid):
			s.opt.Log.Warn("an entry of a source makes no draft", "source", src.ID, "err", err)
			got.skipped = append(got.skipped, f.keys)
		case err != nil:
			return 0, false, err
		}
	}
	return len(got.skipped), more, s.remember(ctx, got)
}

// errAgain says that another source brought an entry a moment ago.
var errAgain = errors.New("sources: the entry was seen meanwhile")

// draft makes one draft, and notes in the same unit that the entry was seen.
func (s *service) draft(ctx context.Context, src source, f found, day string) error {
	return s.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		seen, err := known(ctx, tx, f.keys.all(), s.opt.Now().Add(-keepTitles))
		if err != nil {
			return err
		}
		if len(seen) > 0 {
			return errAgain
		}
		if err := drafted(ctx, tx, src, day); err != nil {
			return err
		}
		key := f.keys.title
		if l := f.keys.lasting(); len(l) > 0 {
			key = l[0]
		}
		if _, err := s.opt.Desk.Draft(ctx, w, items.Actor{System: true}, f.content, 0, "feed:"+key); err != nil {
			return err
		}
		return saw(ctx, tx, s.opt.Now(), f.keys.all())
	})
}

// remember notes the entries that make no draft. A title counts from the day of its draft on, so it is not noted again.
func (s *service) remember(ctx context.Context, got sorted) error {
	var lasting []string
	for _, k := range got.again {
		lasting = append(lasting, k.lasting()...)
	}
	for _, k := range got.skipped {
		lasting = append(lasting, k.lasting()...)
	}
	slices.Sort(lasting)
	lasting = slices.Compact(lasting)
	if len(lasting) == 0 {
		return nil
	}
	return s.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		return saw(ctx, tx, s.opt.Now(), lasting)
	})
}
