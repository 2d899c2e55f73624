package news_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/handlers/news/items"
)

// seat is one citizen on one channel, as the model of the test below sees him.
type seat struct {
	driver  bottest.Driver
	name    string
	on      bool
	blocked bool
	erased  bool
	pair    *seat // joined with
	follows bool  // the other one's choice holds for both
}

// lead is the seat whose choice holds.
func (s *seat) lead() *seat {
	if s.pair != nil && s.follows {
		return s.pair
	}
	return s
}

// part ends a join: who followed goes on with its own choice, unless the other stopped
// everything meanwhile; one that is left behind takes the common choice over.
func (s *seat) part() {
	o := s.pair
	if o == nil {
		return
	}
	if s.follows {
		s.on = s.on && o.on
	} else {
		o.on = s.on
	}
	s.pair, o.pair, s.follows, o.follows = nil, nil, false, false
}

// TestThroughTheDoor plays citizens through the chat and the delivery: they subscribe, stop,
// block the bot, come back, are erased, join two channels and part. After each few of these
// an item goes out, and must come to exactly those who should get it, once per person.
func TestThroughTheDoor(t *testing.T) {
	seeds, rounds := uint64(2), 12
	if bottest.UnderRace {
		seeds, rounds = 1, 6
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			zalo := bottest.NewFakeDriver("zalo", bottest.FakeLimits())
			p := &playing{world: newBot(t, bottest.Options{Drivers: []bottest.Driver{zalo}}), rnd: rand.New(rand.NewPCG(seed, 11)), done: map[string]int{}}
			for i := range 5 {
				for _, d := range []bottest.Driver{p.Driver, zalo} {
					s := &seat{driver: d, name: fmt.Sprint("Người ", i)}
					p.says(d, s.name, "chào")
					p.seats = append(p.seats, s)
				}
			}
			for round := range rounds {
				for range 6 {
					p.move()
				}
				p.compare(fmt.Sprint("Tin số ", round))
			}
			t.Logf("%v", p.done)
		})
	}
}

type playing struct {
	*world
	rnd   *rand.Rand
	seats []*seat
	done  map[string]int // what was played, how often
}

func (p *playing) event(s *seat, e bot.Event) {
	p.t.Helper()
	if err := s.driver.Do(p.t.Context(), bottest.Citizen{Name: s.name}, bottest.Input{Event: e}); err != nil {
		p.t.Fatal(err)
	}
	p.settle()
	p.heard(s.driver, s.name)
}

func (p *playing) writes(s *seat, all ...string) string {
	p.t.Helper()
	s.blocked = false // who writes can be written to
	return p.says(s.driver, s.name, all...)
}

func (p *playing) move() {
	p.t.Helper()
	s := p.seats[p.rnd.IntN(len(p.seats))]
	if s.erased {
		return
	}
	moves := []string{"subscribe", "subscribe", "subscribe", "stop", "block", "come back", "erase", "join", "join", "part"}
	move := moves[p.rnd.IntN(len(moves))]
	if move == "erase" && p.rnd.IntN(3) > 0 {
		return
	}
	p.done[move]++
	switch move {
	case "subscribe":
		got := p.writes(s, "nhận tin")
		for _, title := range []string{"[Đồng ý nhận tin]", "[Cải cách hành chính]"} {
			if strings.Contains(got, title) {
				got = p.writes(s, title)
			}
		}
		if !strings.Contains(got, "[✓ Cải cách hành chính]") {
			p.t.Fatalf("subscribed: %s", got)
		}
		s.lead().on = true
	case "stop":
		p.writes(s, "/dung")
		s.lead().on = false
	case "block":
		p.event(s, bot.EventUnfollowed)
		s.blocked = true
	case "come back":
		if p.rnd.IntN(2) == 0 {
			p.event(s, bot.EventFollowed)
			s.blocked = false
		} else {
			p.writes(s, "chào")
		}
	case "erase":
		s.part()
		p.event(s, bot.EventErase)
		s.erased, s.on = true, false
	case "join":
		p.join(s, p.seats[p.rnd.IntN(len(p.seats))])
	case "part":
		if s.pair == nil {
			return
		}
		if got := p.writes(s, "kết nối", "[Tách kênh này]"); !strings.Contains(got, "Đã tách kênh này") {
			p.t.Fatalf("parted: %s", got)
		}
		s.part()
	}
}

// join joins two seats that stand alone by a code.
func (p *playing) join(s, o *seat) {
	p.t.Helper()
	if s == o || o.erased || s.pair != nil || o.pair != nil || s.driver == o.driver {
		return
	}
	_, rest, ok := strings.Cut(p.writes(s, "kết nối", "[Lấy mã]"), "/ketnoi ")
	if !ok {
		p.t.Fatal("no code")
	}
	code, _, _ := strings.Cut(rest, "\n")
	if got := p.writes(o, "/ketnoi "+code); !strings.Contains(got, "Đã nối hai kênh") {
		p.t.Fatalf("joined: %s", got)
	}
	s.on = s.on || o.on
	s.pair, o.pair, o.follows = o, s, true
}

// compare sends an item and looks who got it.
func (p *playing) compare(title string) {
	p.t.Helper()
	for _, s := range p.seats {
		p.heard(s.driver, s.name)
	}
	p.publish(item(title, items.TopicReform))
	p.send()
	for _, s := range p.seats {
		if s.pair != nil && s.follows {
			continue // looked at with the other
		}
		here, could := strings.Count(p.heard(s.driver, s.name), title), !s.blocked && !s.erased
		if s.pair != nil {
			here += strings.Count(p.heard(s.pair.driver, s.pair.name), title)
			could = could || !s.pair.blocked && !s.pair.erased
		}
		want := 0
		if s.on && could {
			want = 1
		}
		if here != want {
			p.t.Errorf("%s: %s on %s (joined: %v) got it %d times, want %d", title, s.name, s.driver.Name(), s.pair != nil, here, want)
		}
	}
	p.Clock.Add(26 * time.Hour)
}
