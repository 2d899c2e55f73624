package items

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge/calendar"
)

const campaignColumns = `c.id, c.version, c.title, c.message, c.audience, c.media, c.starts, c.ends, c.body, c.note, c.done, c.result, c.dropped`

func scanCampaign(s bot.Scanner) (c Campaign, err error) {
	var media, starts, ends, done string
	if err := s.Scan(&c.ID, &c.Version, &c.Title, &c.Message, &c.Audience, &media, &starts, &ends, &c.Body, &c.Note, &done, &c.Result, &c.Dropped); err != nil {
		return c, err
	}
	for _, m := range strings.Fields(media) {
		c.Media = append(c.Media, Medium(m))
	}
	for _, x := range []struct {
		to   *time.Time
		text string
	}{{&c.Starts, starts}, {&c.Ends, ends}, {&c.Done, done}} {
		if x.text == "" {
			continue
		}
		if *x.to, err = time.ParseInLocation(time.DateOnly, x.text, calendar.Zone); err != nil {
			return c, fmt.Errorf("campaign %d: %w", c.ID, err)
		}
	}
	return c, nil
}

// dateOf is a day as the table has it; "" for none.
func dateOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Zone).Format(time.DateOnly)
}

func loadCampaign(ctx context.Context, q Reader, id int64) (Campaign, error) {
	c, err := scanCampaign(q.QueryRowContext(ctx, `select `+campaignColumns+` from news_campaigns c where c.id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return c, notFound()
	}
	if err == nil {
		err = bot.EachRow(ctx, q, `select item from news_campaign_items where campaign = $1 order by item`, []any{id}, func(s bot.Scanner) error {
			var item int64
			err := s.Scan(&item)
			c.Items = append(c.Items, item)
			return err
		})
	}
	if err != nil {
		return c, fmt.Errorf("read campaign: %w", err)
	}
	return c, nil
}

// writeCampaign writes a campaign that was checked, its history and the trail.
func (d *Desk) writeCampaign(ctx context.Context, tx bot.Tx, a Actor, c *Campaign, action string) error {
	now := bot.Millis(d.opt.Now())
	media := make([]string, len(c.Media))
	for i, m := range c.Media {
		media[i] = string(m)
	}
	args := []any{c.Title, c.Message, c.Audience, strings.Join(media, " "), dateOf(c.Starts), dateOf(c.Ends), c.Body, c.Note, dateOf(c.Done), c.Result, truth(c.Dropped), now}
	if c.ID == 0 {
		c.Version = 1
		if err := tx.QueryRowContext(ctx, `insert into news_campaigns (version, title, message, audience, media, starts, ends, body, note, done, result, dropped, updated, author, created)
			values (1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $12) returning id`, append(args, a.Ref())...).Scan(&c.ID); err != nil {
			return fmt.Errorf("write campaign: %w", err)
		}
	} else {
		res, err := tx.ExecContext(ctx, `update news_campaigns set version = version + 1, title = $1, message = $2, audience = $3, media = $4, starts = $5, ends = $6, body = $7, note = $8,
			done = $9, result = $10, dropped = $11, updated = $12 where id = $13 and version = $14`, append(args, c.ID, c.Version)...)
		if err != nil {
			return fmt.Errorf("write campaign: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, conflict("news.conflict_changed"))
		}
		c.Version++
		if _, err := tx.ExecContext(ctx, `delete from news_campaign_items where campaign = $1`, c.ID); err != nil {
			return fmt.Errorf("write campaign: %w", err)
		}
	}
	for _, item := range c.Items {
		if _, err := tx.ExecContext(ctx, `insert into news_campaign_items (campaign, item) values ($1, $2)`, c.ID, item); err != nil {
			return fmt.Errorf("write campaign: %w", err)
		}
	}
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `insert into news_campaign_entries (campaign, version, at, action, actor, body) values ($1, $2, $3, $4, $5, $6)`,
		c.ID, c.Version, now, action, a.Ref(), string(body)); err != nil {
		return fmt.Errorf("write history of a campaign: %w", err)
	}
	return d.opt.Audit(ctx, tx, a.Ref(), "news.campaign_"+action, "campaign:"+itoa(c.ID), "version "+itoa(c.Version))
}

// Campaign reads one campaign. Contributors may.
func (d *Desk) Campaign(ctx context.Context, id int64, a Actor) (Campaign, error) {
	if err := reads(a); err != nil {
		return Campaign{}, err
	}
	return loadCampaign(ctx, d.opt.Read, id)
}

// Campaigns lists campaigns by their first day, and says whether there are more than [MaxCampaigns].
func (d *Desk) Campaigns(ctx context.Context, a Actor, f CampaignFilter) (out []Campaign, more bool, err error) {
	if err := reads(a); err != nil {
		return nil, false, err
	}
	where, args := `where c.dropped = `+itoa(int64(truth(f.Dropped))), []any{}
	if !f.From.IsZero() {
		args = append(args, dateOf(f.From))
		where += fmt.Sprintf(` and c.ends >= $%d`, len(args))
	}
	if !f.To.IsZero() {
		args = append(args, dateOf(f.To))
		where += fmt.Sprintf(` and c.starts <= $%d`, len(args))
	}
	if f.Open {
		where += ` and c.done = ''`
	}
	at := map[int64]int{}
	if err := bot.EachRow(ctx, d.opt.Read, `select `+campaignColumns+` from news_campaigns c `+where+` order by c.starts, c.ends, c.id limit `+itoa(MaxCampaigns+1), args, func(s bot.Scanner) error {
		c, err := scanCampaign(s)
		at[c.ID] = len(out)
		out = append(out, c)
		return err
	}); err != nil {
		return nil, false, fmt.Errorf("list campaigns: %w", err)
	}
	if len(out) > MaxCampaigns {
		out, more = out[:MaxCampaigns], true
	}
	err = bot.EachRow(ctx, d.opt.Read, `select i.campaign, i.item from news_campaign_items i join news_campaigns c on c.id = i.campaign `+where+` order by i.campaign, i.item`, args, func(s bot.Scanner) error {
		var id, item int64
		err := s.Scan(&id, &item)
		if n, ok := at[id]; ok && n < len(out) {
			out[n].Items = append(out[n].Items, item)
		}
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("list items of campaigns: %w", err)
	}
	return out, more, nil
}

// OverdueCampaigns counts those that should have been done.
func (d *Desk) OverdueCampaigns(ctx context.Context) (n int, err error) {
	if err := d.opt.Read.QueryRowContext(ctx, `select count(*) from news_campaigns where dropped = 0 and done = '' and ends < $1`, dateOf(d.opt.Now())).Scan(&n); err != nil {
		return 0, fmt.Errorf("count campaigns: %w", err)
	}
	return n, nil
}

// CampaignHistory is what happened to a campaign, newest first, at most 200 lines.
func (d *Desk) CampaignHistory(ctx context.Context, id int64, a Actor) ([]CampaignEntry, error) {
	if _, err := d.Campaign(ctx, id, a); err != nil {
		return nil, err
	}
	var out []CampaignEntry
	err := bot.EachRow(ctx, d.opt.Read, `select version, at, action, actor, body from news_campaign_entries where campaign = $1 order by id desc limit 200`, []any{id}, func(s bot.Scanner) error {
		var e CampaignEntry
		var at int64
		var body string
		if err := s.Scan(&e.Version, &at, &e.Action, &e.Actor, &body); err != nil {
			return err
		}
		e.At = bot.FromMillis(at)
		if err := json.Unmarshal([]byte(body), &e.Campaign); err != nil {
			return err
		}
		out = append(out, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read history of a campaign: %w", err)
	}
	return out, nil
}

// ItemTitles are the titles of items of news, by number: of those in the column, for planners of all.
func (d *Desk) ItemTitles(ctx context.Context, a Actor, ids []int64) (map[int64]string, error) {
	if err := reads(a); err != nil {
		return nil, err
	}
	public := ` and published > 0`
	if planner(a) == nil {
		public = ``
	}
	out := map[int64]string{}
	for part := range slices.Chunk(ids, 500) {
		args := make([]any, len(part))
		for i, id := range part {
			args[i] = id
		}
		if err := bot.EachRow(ctx, d.opt.Read, `select id, title from news_items where id in (`+placeholders(1, len(part))+`)`+public, args, func(s bot.Scanner) error {
			var id int64
			var title string
			err := s.Scan(&id, &title)
			out[id] = title
			return err
		}); err != nil {
			return nil, fmt.Errorf("read titles: %w", err)
		}
	}
	return out, nil
}
