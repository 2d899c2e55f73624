package items

import (
	"context"
	"fmt"
	"strings"

	"cchcbot/bot"
)

// Filter says which items to list; "" and 0 mean any.
type Filter struct {
	States []State
	Words  string // all of them stand in title, summary, body or source
	Topic  string
	Place  string // items for that commune, or for everywhere
	Source string // kind
	Author string
	Before int64 // items below this number
	Limit  int   // at most 100; 0 means 20
}

// narrowed is a condition with its arguments.
type narrowed struct {
	where string
	args  []any
}

// and adds a condition, whose question marks stand for the values.
func (n *narrowed) and(cond string, vs ...any) {
	for _, v := range vs {
		n.args = append(n.args, v)
		cond = strings.Replace(cond, "?", "$"+itoa(int64(len(n.args))), 1)
	}
	n.where += " and " + cond
}

// words adds that all words of a search stand in the item.
func (n *narrowed) words(folded string) {
	words := strings.Fields(folded)
	for _, w := range words[:min(len(words), maxWords)] {
		if w = strings.NewReplacer("%", "", "_", "", `\`, "").Replace(w); w != "" {
			n.and(`i.folded like ?`, "%"+w+"%")
		}
	}
}

// ofTopic: the item is of that topic.
const ofTopic = `exists (select 1 from news_item_topics t where t.item = i.id and t.topic = ?)`

// forPlace: the item is for that commune, or for everywhere.
const forPlace = `(exists (select 1 from news_item_places p where p.item = i.id and p.place = ?) or not exists (select 1 from news_item_places p where p.item = i.id))`

// seen is what an actor sees at the desk: contributors what is their own and their body's.
func (d *Desk) seen(ctx context.Context, a Actor) (*narrowed, error) {
	n := &narrowed{where: "where 1 = 1"}
	deputy, err := d.isDeputy(ctx, d.opt.Read, a)
	if err != nil || role(a, Item{}, deputy)&(ByEditor|ByApprover|BySystem) != 0 {
		return n, err
	}
	cond, args := `i.author = ?`, []any{a.Ref()}
	if bodies := bodiesOf(a.Officer); len(bodies) > 0 {
		cond = `(` + cond + ` or i.agency in (` + strings.TrimSuffix(strings.Repeat("?,", len(bodies)), ",") + `))`
		args = append(args, anys(bodies)...)
	}
	n.and(cond, args...)
	return n, nil
}

// narrow is what an actor sees of what a filter asks for.
func (d *Desk) narrow(ctx context.Context, a Actor, f Filter) (*narrowed, error) {
	n, err := d.seen(ctx, a)
	if err != nil {
		return n, err
	}
	n.words(d.opt.Fold(f.Words))
	if f.Topic != "" {
		n.and(ofTopic, f.Topic)
	}
	if f.Place != "" {
		n.and(forPlace, f.Place)
	}
	if f.Source != "" {
		n.and(`i.source_kind = ?`, f.Source)
	}
	if f.Author != "" {
		n.and(`i.author = ?`, f.Author)
	}
	return n, nil
}

// List lists items for the desk, newest first. Contributors who are neither editor nor approver
// see their own and those of their body.
func (d *Desk) List(ctx context.Context, a Actor, f Filter) ([]Item, error) {
	n, err := d.narrow(ctx, a, f)
	if err != nil {
		return nil, err
	}
	if len(f.States) > 0 {
		marks := make([]any, len(f.States))
		for i, s := range f.States {
			marks[i] = string(s)
		}
		n.and(`i.state in (`+strings.TrimSuffix(strings.Repeat("?,", len(marks)), ",")+`)`, marks...)
	}
	if f.Before > 0 {
		n.and(`i.id < ?`, f.Before)
	}
	most := f.Limit
	if most <= 0 || most > 100 {
		most = 20
	}
	return list(ctx, d.opt.Read, n.where+` order by i.id desc limit `+itoa(int64(most)), n.args...)
}

// CorrectionsToCome lists the corrections of an item that were not sent yet, of those that an actor sees.
func (d *Desk) CorrectionsToCome(ctx context.Context, id int64, a Actor) ([]Item, error) {
	n, err := d.seen(ctx, a)
	if err != nil {
		return nil, err
	}
	n.and(`i.corrects > 0 and i.corrects = ?`, id)
	return list(ctx, d.opt.Read, n.where+` and i.state in ('draft', 'checked', 'approved', 'scheduled') order by i.id limit 20`, n.args...)
}

// Counts says how many items an actor sees in each state, of what a filter asks for but for its states.
func (d *Desk) Counts(ctx context.Context, a Actor, f Filter) (map[State]int, error) {
	n, err := d.narrow(ctx, a, f)
	if err != nil {
		return nil, err
	}
	out := map[State]int{}
	if err := bot.EachRow(ctx, d.opt.Read, `select i.state, count(*) from news_items i `+n.where+` group by i.state`, n.args, func(s bot.Scanner) error {
		var state State
		var count int
		err := s.Scan(&state, &count)
		out[state] = count
		return err
	}); err != nil {
		return nil, fmt.Errorf("count items: %w", err)
	}
	return out, nil
}
