package items

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge/calendar"
)

// Limits of sums.
const (
	maxSummed = 5000 // items
	maxSpan   = 3 * 366 * 24 * time.Hour
)

// Sum is what became of several items together. Reach is the sum of the five below it.
type Sum struct {
	Items   int
	Reach   int // people it was queued for
	Sent    int
	Failed  int
	Waiting int // not sent yet
	Held    int // until they write
	Dropped int // left the topic before it came, or it was stopped
	Opened  int // openings of short links, not people
	Left    int // left a topic, or all news, after it
}

func (s *Sum) add(o Sum) {
	s.Items += o.Items
	s.Reach += o.Reach
	s.Sent += o.Sent
	s.Failed += o.Failed
	s.Waiting += o.Waiting
	s.Held += o.Held
	s.Dropped += o.Dropped
	s.Opened += o.Opened
	s.Left += o.Left
}

// SumLine is the sum of the items that have something in common. What ID is, the list says.
type SumLine struct {
	ID string
	Sum
}

// Sums are the figures of the items that came into the column within some days. An item of
// several topics or places stands in the line of each, so those lines say more than All.
type Sums struct {
	All         Sum
	Corrections Sum // not in the others: those people were reached before
	Topics      []SumLine
	Places      []SumLine // communes; "" for items that are for everywhere
	Sources     []SumLine // kind and name, with a tab between
	Months      []SumLine // "2026-11"
	Channels    []SumLine // without openings and leavings, which no channel is known of
	Items       []ItemSum // newest first
	Digests     int       // digests that went out in these days
	Digested    int       // people they were queued for
	More        bool      // there were more items than are summed
}

// ItemSum is the sum of one item.
type ItemSum struct {
	ID        int64
	Title     string
	State     State
	Corrects  int64
	Published time.Time
	Sum
	source   string
	spread   int64
	finished time.Time
}

// Sums adds up the items that came into the column from a time on and before another.
// Contributors may. It fails with *bot.Error Denied or Invalid.
func (d *Desk) Sums(ctx context.Context, a Actor, from, to time.Time) (Sums, error) {
	var out Sums
	if !a.System && (!a.Officer.Active || !Contributor(a.Officer)) {
		return out, denied("news.denied_action")
	}
	if !from.Before(to) || to.Sub(from) > maxSpan {
		return out, invalid("news.invalid_days")
	}
	span := []any{bot.Millis(from), bot.Millis(to)}
	err := bot.EachRow(ctx, d.opt.Read, `select id, title, state, corrects, published, finished, spread, source_kind, source_name, opened, left_after from news_items
		where published > 0 and published >= $1 and published < $2 order by published desc, id desc limit $3`, append(span, maxSummed+1), func(s bot.Scanner) error {
		var x ItemSum
		var at, finished int64
		var kind, name string
		err := s.Scan(&x.ID, &x.Title, &x.State, &x.Corrects, &at, &finished, &x.spread, &kind, &name, &x.Opened, &x.Left)
		x.Published, x.finished, x.source, x.Items = bot.FromMillis(at), bot.FromMillis(finished), kind+"\t"+name, 1
		out.Items = append(out.Items, x)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("sum items: %w", err)
	}
	if len(out.Items) > maxSummed {
		out.Items, out.More = out.Items[:maxSummed], true
	}
	rows, err := d.rowsOf(ctx, out.Items, span)
	if err != nil {
		return out, err
	}
	topics, err := d.pairsOf(ctx, `select t.item, t.topic from news_item_topics t join news_items i on i.id = t.item where i.published > 0 and i.published >= $1 and i.published < $2 order by t.item, t.topic`, span)
	if err != nil {
		return out, err
	}
	places, err := d.pairsOf(ctx, `select p.item, p.place from news_item_places p join news_items i on i.id = p.item where i.published > 0 and i.published >= $1 and i.published < $2 order by p.item, p.place`, span)
	if err != nil {
		return out, err
	}
	out.addUp(rows, topics, places)
	err = d.opt.Read.QueryRowContext(ctx, `select count(*), coalesce(sum(queued), 0) from news_digests where spread > 0 and ends >= $1 and ends < $2`, span...).Scan(&out.Digests, &out.Digested)
	if err != nil {
		return out, fmt.Errorf("sum digests: %w", err)
	}
	return out, nil
}

// rowsOf are the rows of the outbox of each item: as they were written down, or, of
// those under way, as they are now.
func (d *Desk) rowsOf(ctx context.Context, list []ItemSum, span []any) (map[int64][]bot.SpreadCount, error) {
	out := map[int64][]bot.SpreadCount{}
	err := bot.EachRow(ctx, d.opt.Read, `select f.item, f.channel, f.state, f.n from news_figures f join news_items i on i.id = f.item
		where i.published > 0 and i.published >= $1 and i.published < $2 order by f.item, f.channel`, span, func(s bot.Scanner) error {
		var id int64
		var c bot.SpreadCount
		err := s.Scan(&id, &c.Channel, &c.State, &c.Count)
		out[id] = append(out[id], c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sum figures: %w", err)
	}
	for _, x := range list {
		live := x.finished.IsZero() || len(out[x.ID]) == 0 && d.opt.Now().Sub(x.finished) < time.Hour
		if x.spread == 0 || !live {
			continue
		}
		rows, err := d.opt.Spreads.CountSpread(ctx, x.spread)
		if err != nil {
			return nil, err
		}
		if total(rows) >= total(out[x.ID]) {
			out[x.ID] = rows
		}
	}
	return out, nil
}

// pairsOf reads what items have, by item.
func (d *Desk) pairsOf(ctx context.Context, query string, span []any) (map[int64][]string, error) {
	out := map[int64][]string{}
	err := bot.EachRow(ctx, d.opt.Read, query, span, func(s bot.Scanner) error {
		var id int64
		var v string
		err := s.Scan(&id, &v)
		out[id] = append(out[id], v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sum items: %w", err)
	}
	return out, nil
}

// addUp puts every item into the lines that it belongs to.
func (s *Sums) addUp(rows map[int64][]bot.SpreadCount, topics, places map[int64][]string) {
	var byTopic, byPlace, bySource, byMonth, byChannel lines
	for i := range s.Items {
		x := &s.Items[i]
		var f Figures
		for _, c := range rows[x.ID] {
			f.add(c)
		}
		x.Reach, x.Sent, x.Failed, x.Waiting, x.Held, x.Dropped = f.Reach, f.Sent, f.Failed, f.Waiting, f.Held, f.Dropped
		if x.Corrects != 0 {
			s.Corrections.add(x.Sum)
			continue
		}
		s.All.add(x.Sum)
		for _, t := range topics[x.ID] {
			byTopic.add(t, x.Sum)
		}
		for _, p := range places[x.ID] {
			byPlace.add(p, x.Sum)
		}
		if len(places[x.ID]) == 0 {
			byPlace.add("", x.Sum)
		}
		bySource.add(x.source, x.Sum)
		byMonth.add(x.Published.In(calendar.Zone).Format("2006-01"), x.Sum)
		for _, c := range f.Channels {
			byChannel.add(c.Channel, Sum{Items: 1, Reach: c.Waiting + c.Held + c.Sent + c.Failed + c.Dropped,
				Sent: c.Sent, Failed: c.Failed, Waiting: c.Waiting, Held: c.Held, Dropped: c.Dropped})
		}
	}
	s.Topics, s.Places, s.Sources, s.Channels = byTopic.list(), byPlace.list(), bySource.list(), byChannel.list()
	s.Months = byMonth.list()
	slices.SortFunc(s.Months, func(a, b SumLine) int { return strings.Compare(b.ID, a.ID) })
}

// lines are sums by what items have in common.
type lines map[string]Sum

func (l *lines) add(id string, s Sum) {
	if *l == nil {
		*l = lines{}
	}
	have := (*l)[id]
	have.add(s)
	(*l)[id] = have
}

// list is the lines, those that reached most first.
func (l lines) list() []SumLine {
	var out []SumLine
	for id, s := range l {
		out = append(out, SumLine{id, s})
	}
	slices.SortFunc(out, func(a, b SumLine) int { return cmp.Or(b.Reach-a.Reach, strings.Compare(a.ID, b.ID)) })
	return out
}
