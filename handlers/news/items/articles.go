package items

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge/calendar"
)

// ArticleState is how far an article is.
type ArticleState string

// The states of an article; docs/states.md draws them.
const (
	ArticleWanted    ArticleState = "wanted"
	ArticleMade      ArticleState = "made"      // handed in, the platform looks at it
	ArticleReady     ArticleState = "ready"     // to be announced
	ArticleAnnounced ArticleState = "announced" // all followers have it
	ArticleRevise    ArticleState = "revise"    // other words are to stand in it
	ArticleRevising  ArticleState = "revising"  // the platform looks at them
	ArticleRevised   ArticleState = "revised"
	ArticleUnknown   ArticleState = "unknown" // it may have been announced: a person looks
	ArticleFailed    ArticleState = "failed"
	ArticleDropped   ArticleState = "dropped" // stopped, or corrected, before it was announced
)

// Article is an item as an article on one channel.
type Article struct {
	Channel   string
	State     ArticleState
	Due       time.Time // of the next step
	Reason    string    // text key of why it waits or failed, "" for neither
	Announced time.Time
	post      string
	token     string
	calling   bool
	revises   bool
	since     time.Time
	tries     int
}

// Waits reports whether an article has a step to come.
func (a Article) Waits() bool {
	switch a.State {
	case ArticleWanted, ArticleMade, ArticleReady, ArticleRevise, ArticleRevising:
		return true
	}
	return false
}

// Publishes reports whether items can go by article: a channel is there that publishes them.
func (d *Desk) Publishes() bool { return d.opt.Publishers != nil && len(d.opt.Publishers()) > 0 }

// Settles reports whether an actor may say what became of an item's articles.
func (d *Desk) Settles(ctx context.Context, it Item, a Actor) (bool, error) {
	return d.settles(ctx, d.opt.Read, it, a)
}

func (d *Desk) settles(ctx context.Context, q Reader, it Item, a Actor) (bool, error) {
	deputy, err := d.isDeputy(ctx, q, a)
	return role(a, it, deputy)&(ByEditor|ByApprover) != 0, err
}

// How articles wait.
const (
	articleFirst = 30 * time.Second // before the platform is asked for the first time
	articleMost  = 15 * time.Minute // between two times
	// articleLife is how old news may get before it is put before everybody.
	articleLife = 14 * 24 * time.Hour
)

// publishers are the channels on which an item goes by article.
func (d *Desk) publishers(it Item) (map[string]bot.Publisher, error) {
	if !it.Content.Article {
		return nil, nil
	}
	var out map[string]bot.Publisher
	if d.opt.Publishers != nil {
		out = d.opt.Publishers()
	}
	if len(out) == 0 {
		return nil, invalid("news.invalid_article")
	}
	return out, nil
}

// posted are the channels whose people read an item as an article: they get no message elsewhere.
func (d *Desk) posted(it Item) []string {
	if !it.Content.Article || d.opt.Publishers == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(d.opt.Publishers()))
}

// article writes down that an item is wanted as an article, in the unit in which it begins. A
// correction gives the article before other words, or takes its place when nobody has it yet.
func (x *change) article(ctx context.Context) error {
	publishers, err := x.d.publishers(x.it)
	if err != nil {
		return err
	}
	for channel := range publishers {
		state, post := ArticleWanted, ""
		if x.it.Corrects != 0 {
			before, err := readArticles(ctx, x.tx, `a.item = $1 and a.channel = $2`, x.it.Corrects, channel)
			if err != nil {
				return err
			}
			if len(before) == 0 {
				continue
			}
			switch b := before[0]; b.State {
			case ArticleAnnounced, ArticleRevise, ArticleRevising, ArticleRevised, ArticleUnknown:
				state, post = ArticleRevise, b.post
			case ArticleWanted, ArticleMade, ArticleReady:
				if b.calling {
					return conflict("news.conflict_sending")
				}
				if err := setArticle(ctx, x.tx, x.it.Corrects, channel, `state = 'dropped', reason = ''`); err != nil {
					return err
				}
			default:
				if !b.revises {
					continue // nobody got it
				}
				state, post = ArticleRevise, b.post // what was announced stands there still
			}
			if post != "" { // words of a correction before this one come too late: they must not stand over these
				if _, err := x.tx.ExecContext(ctx, `update news_articles set state = 'dropped', reason = '' where channel = $1 and post = $2 and state = 'revise'`, channel, post); err != nil {
					return fmt.Errorf("write article: %w", err)
				}
			}
		}
		if _, err := x.tx.ExecContext(ctx, `insert into news_articles (item, channel, state, post, due, since, revises) values ($1, $2, $3, $4, $5, $5, $6)`,
			x.it.ID, channel, string(state), post, bot.Millis(x.now), truth(post != "")); err != nil {
			return fmt.Errorf("write article: %w", err)
		}
	}
	return nil
}

// itemArticle is an article with its item.
type itemArticle struct {
	item int64
	Article
}

func readArticles(ctx context.Context, q Reader, where string, args ...any) (out []itemArticle, err error) {
	err = bot.EachRow(ctx, q, `select a.item, a.channel, a.state, a.token, a.post, a.calling, a.due, a.since, a.tries, a.reason, a.announced, a.revises
		from news_articles a where `+where, args, func(s bot.Scanner) error {
		var a itemArticle
		var due, since, announced int64
		if err := s.Scan(&a.item, &a.Channel, &a.State, &a.token, &a.post, &a.calling, &due, &since, &a.tries, &a.Reason, &announced, &a.revises); err != nil {
			return err
		}
		a.Due, a.since, a.Announced = bot.FromMillis(due), bot.FromMillis(since), bot.FromMillis(announced)
		out = append(out, a)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read articles: %w", err)
	}
	return out, nil
}

func setArticle(ctx context.Context, tx bot.Tx, item int64, channel, set string, args ...any) error {
	if _, err := tx.ExecContext(ctx, `update news_articles set `+set+` where item = $1 and channel = $2`, append([]any{item, channel}, args...)...); err != nil {
		return fmt.Errorf("write article: %w", err)
	}
	return nil
}

// Articles lists an item's articles, by channel.
func (d *Desk) Articles(ctx context.Context, id int64, a Actor) ([]Article, error) {
	if _, err := d.Get(ctx, id, a); err != nil {
		return nil, err
	}
	list, err := readArticles(ctx, d.opt.Read, `a.item = $1 order by a.channel`, id)
	out := make([]Article, len(list))
	for i, x := range list {
		out[i] = x.Article
	}
	return out, err
}

// SettleArticle says of an article of which nobody knew whether it was announced: it was, or it
// is to be announced now. A failed one is tried once more. Editors and approvers may, after they looked at
// the account; it fails with *bot.Error Denied or Conflict.
func (d *Desk) SettleArticle(ctx context.Context, w *bot.Work, id int64, a Actor, channel string, arrived bool) error {
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	it, err := load(ctx, tx, id)
	if err != nil {
		return err
	}
	decides, err := d.settles(ctx, tx, it, a)
	if err != nil {
		return err
	}
	if !decides {
		return denied("news.denied_action")
	}
	list, err := readArticles(ctx, tx, `a.item = $1 and a.channel = $2`, id, channel)
	if err != nil {
		return err
	}
	if len(list) == 0 || list[0].State != ArticleUnknown && (list[0].State != ArticleFailed || arrived) || it.State == Stopped ||
		it.State == Corrected && list[0].State == ArticleFailed { // what it says is wrong by now
		return conflict("news.conflict_state")
	}
	now, to := bot.Millis(d.opt.Now()), list[0].again()
	if arrived {
		to = ArticleAnnounced
	}
	if err := setArticle(ctx, tx, id, channel, `state = $3, due = $4, since = case when $3 = 'announced' then since else $4 end, tries = 0, reason = '',
		announced = case when $3 = 'announced' then announced else 0 end`, string(to), now); err != nil {
		return err
	}
	return d.opt.Audit(ctx, tx, a.Ref(), "news.article", Thing(id), channel+" "+string(list[0].State)+">"+string(to))
}

// again is the step from which an article is taken up.
func (a Article) again() ArticleState {
	switch {
	case a.revises:
		return ArticleRevise
	case a.post != "":
		return ArticleReady
	case a.token != "":
		return ArticleMade
	}
	return ArticleWanted
}

// RunArticles brings the articles that are due one step forward.
func (d *Desk) RunArticles(ctx context.Context, works *bot.Works) error {
	if d.opt.Publishers == nil {
		return nil
	}
	var errs []error
	for channel, p := range d.opt.Publishers() { // those of a channel that is switched off wait
		// A call that was under way when its item was paused is told of all the same. What waits is left out here: it
		// must not stand before others for days.
		list, err := readArticles(ctx, d.opt.Read, `a.channel = $2 and a.state in ('wanted', 'made', 'ready', 'revise', 'revising') and a.due <= $1
			and (a.calling = 1 or exists (select 1 from news_items i where i.id = a.item and i.state <> 'paused')) order by a.due, a.item limit 20`, bot.Millis(d.opt.Now()), channel)
		errs = append(errs, err)
		for _, a := range list {
			if err := d.articleStep(ctx, works, a, p); err != nil {
				errs = append(errs, fmt.Errorf("article of item %d: %w", a.item, err))
			}
		}
	}
	return errors.Join(errs...)
}

func (d *Desk) articleStep(ctx context.Context, works *bot.Works, a itemArticle, p bot.Publisher) error {
	it, err := load(ctx, d.opt.Read, a.item)
	if err != nil {
		return err
	}
	now := d.opt.Now()
	switch {
	case a.calling: // the process that called is gone
		return d.endArticle(ctx, works, a, ArticleUnknown, "delivery.reason_unknown_once")
	case it.State == Stopped && a.State != ArticleRevise && a.State != ArticleRevising:
		return d.endArticle(ctx, works, a, ArticleDropped, "")
	case it.State == Paused:
		return nil
	case now.Sub(a.since) > articleLife:
		return d.endArticle(ctx, works, a, ArticleFailed, "news.article_late")
	}
	switch a.State {
	case ArticleWanted, ArticleRevise:
		return d.handIn(ctx, works, it, a, p)
	case ArticleMade, ArticleRevising:
		return d.askFor(ctx, works, a, p)
	}
	return d.announce(ctx, works, it, a, p)
}

// handIn gives the platform the words of an article.
func (d *Desk) handIn(ctx context.Context, works *bot.Works, it Item, a itemArticle, p bot.Publisher) error {
	post, err := d.post(ctx, it)
	if err != nil {
		return err
	}
	next := ArticleMade
	var token string
	if a.State == ArticleRevise {
		next = ArticleRevising
		token, err = p.RevisePost(ctx, a.post, post)
	} else {
		token, err = p.MakePost(ctx, post)
	}
	if err != nil {
		// Handed in twice, it stands twice in the account's list: a person looks first. Other words twice harm nobody.
		return d.articleFailed(ctx, works, a, err, a.State == ArticleRevise)
	}
	return d.writeArticle(ctx, works, a, `state = $3, token = $4, due = $5, tries = 0, reason = ''`, string(next), token, bot.Millis(d.opt.Now().Add(articleFirst)))
}

// askFor asks whether the platform has looked at an article.
func (d *Desk) askFor(ctx context.Context, works *bot.Works, a itemArticle, p bot.Publisher) error {
	id, err := p.PostID(ctx, a.token)
	if err != nil {
		return d.articleFailed(ctx, works, a, err, true)
	}
	if a.State == ArticleRevising {
		return d.writeArticle(ctx, works, a, `state = 'revised', tries = 0, reason = ''`)
	}
	return d.writeArticle(ctx, works, a, `state = 'ready', post = $3, tries = 0, reason = ''`, id)
}

// announce puts an article before all followers: at a fair hour, inside what the package
// allows, and once. That it is being done is written down before.
func (d *Desk) announce(ctx context.Context, works *bot.Works, it Item, a itemArticle, p bot.Publisher) error {
	now := d.opt.Now()
	s, err := d.Settings(ctx)
	if err != nil {
		return err
	}
	if fair := d.Fair(s, now); fair.After(now) && !it.Urgent {
		return d.writeArticle(ctx, works, a, `due = $3, reason = $4`, bot.Millis(fair), "news.article_quiet")
	}
	next, reason, err := d.allowance(ctx, s, a.Channel, now)
	if err != nil {
		return err
	}
	if !next.IsZero() {
		if next.Sub(a.since) > articleLife {
			return d.endArticle(ctx, works, a, ArticleFailed, "news.article_late")
		}
		return d.writeArticle(ctx, works, a, `due = $3, reason = $4`, bot.Millis(next), reason)
	}
	taken := false
	if err := works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		// Paused, stopped or corrected a moment ago: then it is not announced.
		res, err := tx.ExecContext(ctx, `update news_articles set calling = 1, announced = $3 where item = $1 and channel = $2 and state = 'ready' and calling = 0
			and exists (select 1 from news_items i where i.id = $1 and i.state in ('sending', 'done', 'corrected'))`, a.item, a.Channel, bot.Millis(now))
		if err != nil {
			return fmt.Errorf("write article: %w", err)
		}
		n, err := res.RowsAffected()
		taken = n == 1
		return err
	}); err != nil || !taken {
		return err
	}
	receipt, err := p.AnnouncePost(ctx, a.post)
	if err != nil {
		return d.articleFailed(ctx, works, a, err, false)
	}
	return d.writeArticle(ctx, works, a, `state = 'announced', calling = 0, receipt = $3, tries = 0, reason = ''`, receipt)
}

// allowance is when the next article may be announced, with why; zero for now. Those of which
// nobody knows count, too.
func (d *Desk) allowance(ctx context.Context, s Settings, channel string, now time.Time) (time.Time, string, error) {
	y, m, day := now.In(calendar.Zone).Date()
	date := func(m time.Month, day int) time.Time { return time.Date(y, m, day, 0, 0, 0, 0, calendar.Zone) }
	for _, c := range []struct {
		from, to time.Time
		key      string
		reason   string
	}{
		{date(m, 1), date(m+1, 1), KeyArticleMonth, "news.article_month"},
		{date(m, day), date(m, day+1), KeyArticleDay, "news.article_day"},
	} {
		var n int
		if err := d.opt.Read.QueryRowContext(ctx, `select count(*) from news_articles where channel = $1 and announced >= $2 and announced < $3`,
			channel, bot.Millis(c.from), bot.Millis(c.to)).Scan(&n); err != nil {
			return time.Time{}, "", fmt.Errorf("count articles: %w", err)
		}
		if n >= s.Int(c.key) {
			return d.Fair(s, c.to), c.reason, nil
		}
	}
	return time.Time{}, "", nil
}

// articleFailed writes down what a failed step means. repeat says that the step may be done
// again although it may have been done.
func (d *Desk) articleFailed(ctx context.Context, works *bot.Works, a itemArticle, err error, repeat bool) error {
	var se *bot.SendError
	if !errors.As(err, &se) {
		se = &bot.SendError{Kind: bot.Temporary, Reason: "delivery.reason_temporary", Err: err}
	}
	now := d.opt.Now()
	wait := min(articleFirst<<min(a.tries, 10), articleMost)
	switch {
	case se.Kind == bot.Ambiguous && !repeat:
		return d.endArticle(ctx, works, a, ArticleUnknown, "delivery.reason_unknown_once")
	case se.Kind == bot.Rejected || se.Kind == bot.Gone || se.Kind == bot.Moved:
		return d.endArticle(ctx, works, a, ArticleFailed, se.Reason)
	case se.Kind == bot.Later && se.Until.After(now):
		wait = se.Until.Sub(now)
	case se.Kind == bot.Throttled:
		wait = max(wait, se.RetryAfter)
	case se.Kind == bot.Misconfigured:
		wait = articleMost
	}
	set := `calling = 0, due = $3, tries = tries + 1, reason = $4`
	if a.State == ArticleReady {
		set += `, announced = 0` // it was not
	}
	return d.writeArticle(ctx, works, a, set, bot.Millis(now.Add(wait)), se.Reason)
}

func (d *Desk) endArticle(ctx context.Context, works *bot.Works, a itemArticle, to ArticleState, reason string) error {
	set := `state = $3, calling = 0, reason = $4`
	if to != ArticleUnknown && a.State == ArticleReady {
		set += `, announced = 0`
	}
	if to == ArticleUnknown || to == ArticleFailed {
		d.opt.Log.Warn("an article needs a person", "item", a.item, "channel", a.Channel, "state", to, "why", reason)
	}
	return d.writeArticle(ctx, works, a, set, string(to), reason)
}

// writeArticle writes how a step ended. A correction that dropped the article while the platform was asked stays.
func (d *Desk) writeArticle(ctx context.Context, works *bot.Works, a itemArticle, set string, args ...any) error {
	return works.Do(context.WithoutCancel(ctx), func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		now, err := readArticles(ctx, tx, `a.item = $1 and a.channel = $2`, a.item, a.Channel)
		if err != nil || len(now) == 0 || now[0].State != a.State {
			return err
		}
		return setArticle(ctx, tx, a.item, a.Channel, set, args...)
	})
}

// post is an item as an article: all of its words, where they come from, and where they stand.
func (d *Desk) post(ctx context.Context, it Item) (bot.Post, error) {
	c := it.Content
	lang := langs()[0]
	p := bot.Post{Title: c.Title, Summary: c.Summary, Author: d.Source(lang, c)}
	if it.Corrects != 0 {
		title, err := d.opt.Render(lang, "news.article_corrected", map[string]any{"title": c.Title})
		if err != nil {
			return p, err
		}
		p.Title = title
	}
	if c.Picture != "" && d.opt.Picture != nil {
		m, err := d.opt.Picture(ctx, d.opt.Read, c.Picture)
		if err != nil {
			return p, err
		}
		p.Cover = &m
	}
	for _, text := range append([]string{c.Summary}, strings.Split(c.Body, "\n")...) {
		if text = strings.TrimSpace(text); text != "" {
			p.Paragraphs = append(p.Paragraphs, text)
		}
	}
	end, err := d.opt.Render(lang, "news.article_end", map[string]any{"source": p.Author, "url": d.Short(it.ID), "link": c.Link})
	if err != nil {
		return p, err
	}
	p.Paragraphs = append(p.Paragraphs, end)
	return p, nil
}

// ArticlePreview is an item as an article, for the desk; the zero value when it does not go by article.
func (d *Desk) ArticlePreview(ctx context.Context, it Item) (bot.Post, error) {
	if !it.Content.Article {
		return bot.Post{}, nil
	}
	return d.post(ctx, it)
}
