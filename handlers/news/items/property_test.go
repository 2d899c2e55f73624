package items_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/handlers/news/items"
)

// player is a citizen on one channel, as the model of the property test sees him.
type player struct {
	contact bot.Contact
	known   bool
	on      bool
	topics  map[string]bool
	blocked bool
	erased  bool
	group   int // those with the same number are one person
	lead    bool
}

// TestTheNextItemGoesToExactlyThoseWhoShould plays citizens at random: they subscribe,
// choose, stop, block, come back, are erased, join channels and part. After each round an
// item is sent, and compared with a model that knows nothing of tables: each person who wants its
// topic and can be reached gets it, once, by one of the own channels; nobody else does.
func TestTheNextItemGoesToExactlyThoseWhoShould(t *testing.T) {
	seeds, rounds := uint64(6), 12
	if bottest.UnderRace {
		seeds, rounds = 2, 6
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			g := &game{house: open(t, items.Settings{items.KeyDayCap: "0"}), rnd: rand.New(rand.NewPCG(seed, 7))}
			for i := range 14 {
				g.players = append(g.players, &player{contact: g.citizen([]string{"telegram", "zalo", "zalobot"}[i%3]), topics: map[string]bool{}, group: i, lead: true})
			}
			for round := range rounds {
				for range 8 {
					g.move()
				}
				g.round(round)
			}
		})
	}
}

// TestWhatHappensWhileAnItemIsSent plays the same citizens while an item is found for them and sent, with
// failures and a second try: whatever they do, no address gets it twice, and nobody does who left, was erased or asked for silence.
func TestWhatHappensWhileAnItemIsSent(t *testing.T) {
	seeds, rounds := uint64(4), 10
	if bottest.UnderRace {
		seeds, rounds = 2, 6
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			h := open(t, items.Settings{items.KeyDayCap: "0"})
			h.batch = 3
			h.restart()
			g := &game{house: h, rnd: rand.New(rand.NewPCG(seed, 11))}
			for i := range 14 {
				g.players = append(g.players, &player{contact: g.citizen([]string{"telegram", "zalo", "zalobot"}[i%3]), topics: map[string]bool{}, group: i, lead: true})
			}
			for round := range rounds {
				for range 8 {
					g.move()
				}
				g.busy(round)
			}
		})
	}
}

// busy sends an item while people move.
func (g *game) busy(n int) {
	g.t.Helper()
	it := g.begun(content(fmt.Sprint("Tin ", n), items.TopicReform), 0)
	had := map[string]bool{}
	for step := range 12 {
		if step == 8 {
			g.run()
			if g.get(it.ID).State != items.Done {
				continue
			}
			g.do(it.ID, editor, items.Command{Action: items.Again})
		}
		if !g.get(it.ID).Progress.Expanded {
			_, err := g.desk.Expand(g.t.Context(), g.works, it.ID)
			must(g.t, err)
		}
		g.move()
		g.some(had, step < 8)
	}
	for range 3 {
		g.run()
		g.some(had, false)
	}
	g.now = g.now.Add(24 * time.Hour)
}

// some sends what is due on one channel, or fails with some of it.
func (g *game) some(had map[string]bool, fail bool) {
	g.t.Helper()
	for _, channel := range []string{"telegram", "zalo", "zalobot"} {
		list, err := g.store.Claim(g.t.Context(), channel, bot.LaneBroadcast, 1+g.rnd.IntN(4), time.Minute)
		must(g.t, err)
		for _, c := range list {
			at := c.Message.To.Channel + ":" + c.Message.To.Chat
			i := slices.IndexFunc(g.players, func(p *player) bool { return p.contact.Channel+":"+p.contact.User == at })
			p := g.players[i]
			if s := g.shared(p); p.blocked || p.erased || !s.on {
				g.t.Errorf("%s is sent %q: blocked %v, erased %v, on %v", at, firstLine(c.Message.Text), p.blocked, p.erased, s.on)
			}
			if fail && g.rnd.IntN(3) == 0 {
				must(g.t, g.store.Bury(g.t.Context(), c.Row, "delivery.reason_temporary"))
				continue
			}
			key := at + firstLine(c.Message.Text)
			if had[key] {
				g.t.Errorf("%s gets %q twice", at, firstLine(c.Message.Text))
			}
			had[key] = true
			must(g.t, g.store.Sent(g.t.Context(), c.Row, bot.Receipt{ID: fmt.Sprint("r", c.Row)}))
		}
	}
}

type game struct {
	*house
	rnd     *rand.Rand
	players []*player
}

func (g *game) in(f func(ctx context.Context, tx bot.Tx) error) error {
	return g.house.in(func(ctx context.Context, _ *bot.Work, tx bot.Tx) error { return f(ctx, tx) })
}

// shared is what a person's channels have in common: the subscription of the one that leads.
func (g *game) shared(p *player) *player {
	for _, q := range g.players {
		if q.group == p.group && q.lead {
			return q
		}
	}
	return p
}

func (g *game) members(p *player) (out []*player) {
	for _, q := range g.players {
		if q.group == p.group {
			out = append(out, q)
		}
	}
	return out
}

// move is one thing that a citizen does, here and in the model.
func (g *game) move() {
	p := g.players[g.rnd.IntN(len(g.players))]
	if p.erased {
		return
	}
	s := g.shared(p)
	topic := []string{items.TopicReform, items.TopicProcedures, items.TopicContests}[g.rnd.IntN(3)]
	switch g.rnd.IntN(10) {
	case 0, 1, 2:
		g.unblocks(p)
		g.agrees(p.contact)
		s.known, s.on = true, true
		if len(s.topics) == 0 {
			s.topics = map[string]bool{items.TopicReform: true, items.TopicProcedures: true}
		}
	case 3:
		g.unblocks(p)
		err := g.in(func(ctx context.Context, tx bot.Tx) error {
			_, err := g.desk.Toggle(ctx, tx, p.contact, topic)
			return err
		})
		if !s.known {
			if code(err) != bot.Conflict {
				g.t.Fatalf("toggle of a stranger: %v", err)
			}
			return
		}
		must(g.t, err)
		if !s.on {
			s.topics = map[string]bool{} // what he taps is all he wants
		}
		if s.topics[topic] {
			delete(s.topics, topic)
		} else {
			s.topics[topic] = true
		}
		s.on = len(s.topics) > 0
	case 4:
		g.unblocks(p)
		must(g.t, g.in(func(ctx context.Context, tx bot.Tx) error { _, err := g.desk.StopAll(ctx, tx, p.contact); return err }))
		s.on = false
	case 5:
		must(g.t, g.store.OptOut(g.t.Context(), p.contact.ID, "delivery.reason_blocked"))
		p.blocked = true
	case 6:
		g.unblocks(p)
	case 7:
		if g.rnd.IntN(3) > 0 {
			return
		}
		g.parts(p)
		g.erases(p.contact)
		p.erased, p.known, p.on, p.blocked, p.topics = true, false, false, true, map[string]bool{}
	case 8:
		g.joins(p, g.players[g.rnd.IntN(len(g.players))])
	case 9:
		must(g.t, g.in(func(ctx context.Context, tx bot.Tx) error { return g.desk.Unlink(ctx, tx, p.contact.Person) }))
		g.parts(p)
	}
}

// unblocks: who writes can be written to.
func (g *game) unblocks(p *player) {
	g.writes(p.contact.Channel, p.contact.User)
	p.blocked = false
}

func (g *game) joins(p, q *player) {
	if q.erased || p.group == q.group || len(g.members(p))+len(g.members(q)) > 5 {
		return
	}
	must(g.t, g.in(func(ctx context.Context, tx bot.Tx) error {
		return g.desk.Join(ctx, tx, p.contact.Person, q.contact.Person)
	}))
	a, b := g.shared(p), g.shared(q)
	switch {
	case b.on && a.on:
		for topic := range b.topics {
			a.topics[topic] = true
		}
	case b.on:
		a.topics = clone(b.topics)
	}
	a.known, a.on = a.known || b.on, a.on || b.on
	b.lead = false
	for _, m := range g.members(q) {
		m.group = p.group
	}
}

// parts: a channel stands alone again, with the choices it had; the others keep theirs.
func (g *game) parts(p *player) {
	all := g.members(p)
	if len(all) < 2 {
		return
	}
	if !p.lead {
		lead := g.shared(p)
		p.on = p.on && lead.on
	} else {
		var next *player
		for _, m := range all {
			if m != p && (next == nil || m.contact.Person < next.contact.Person) {
				next = m
			}
		}
		next.lead = true
		if p.known {
			next.known, next.on, next.topics = true, p.on, clone(p.topics)
		}
	}
	p.lead, p.group = true, 1000+g.rnd.IntN(1<<30)
}

func clone(m map[string]bool) map[string]bool {
	out := map[string]bool{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

// round sends an item and compares.
func (g *game) round(n int) {
	g.t.Helper()
	topic := []string{items.TopicReform, items.TopicProcedures, items.TopicContests}[n%3]
	title := fmt.Sprint("Tin ", n)
	want := map[int][]string{} // by person: the addresses it may come to
	for _, p := range g.players {
		if s := g.shared(p); s.on && s.topics[topic] && !p.blocked && !p.erased {
			want[p.group] = append(want[p.group], p.contact.Channel+":"+p.contact.User)
		}
	}
	g.begun(content(title, topic), 0)
	g.run()
	got := g.send()
	g.run()
	for _, line := range got {
		at, text, _ := strings.Cut(line, " ")
		if text != title {
			g.t.Errorf("%s got %q", at, text)
			continue
		}
		found := false
		for group, addresses := range want {
			if slices.Contains(addresses, at) {
				delete(want, group)
				found = true
			}
		}
		if !found {
			g.t.Errorf("round %d: %s got the item twice, or should not have", n, at)
		}
	}
	for group, addresses := range want {
		g.t.Errorf("round %d: nobody of %v (person %d) got the item", n, addresses, group)
	}
	g.now = g.now.Add(time.Hour)
	if h := g.now.Hour(); h < 9 || h > 18 {
		g.now = g.now.Add(15 * time.Hour)
	}
}
