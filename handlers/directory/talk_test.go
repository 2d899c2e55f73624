package directory

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/words"
	"cchcbot/knowledge/intent"
	"cchcbot/knowledge/vietnamese"

	places "cchcbot/knowledge/directory"
)

// A talk plays one citizen through the real kernel, with everything that would
// be stored kept in memory.
type talk struct {
	t       testing.TB
	in      *inbox
	state   *state
	router  *bot.Router
	disp    *bot.Dispatcher
	now     time.Time
	buttons []bot.MessageButton // of the last answer
}

const monday = "2026-11-23"

// loaded reads the data once for all tests.
var loaded = sync.OnceValues(func() (*places.Directory, error) { return places.Load(places.Options{}) })

// newTalk starts a talk with a bot whose directory is the one of a day.
func newTalk(t testing.TB, asOf string, limits bot.Limits) *talk {
	t.Helper()
	at, err := time.Parse(time.DateOnly, asOf)
	if err != nil {
		t.Fatal(err)
	}
	all, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return talkIn(t, all.At(at), limits)
}

// classifier reads the phrases once for all tests.
var classifier = sync.OnceValues(intent.New)

// talkIn starts a talk with a bot of that directory.
func talkIn(t testing.TB, dir *places.Directory, limits bot.Limits) *talk {
	t.Helper()
	f, err := New(Options{Directory: func() *places.Directory { return dir }})
	if err != nil {
		t.Fatal(err)
	}
	w, err := words.Load(words.Shared(), f.Texts)
	if err != nil {
		t.Fatal(err)
	}
	c, err := classifier()
	if err != nil {
		t.Fatal(err)
	}
	k := &talk{t: t, in: &inbox{}, state: &state{}, now: time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)}
	k.router, err = bot.NewRouter(bot.RouterOptions{
		Features: []bot.Feature{f}, Fold: vietnamese.Fold, Texts: w, Langs: words.Langs[:],
		Classify: func(text string) bot.Intent {
			r := c.Classify(text)
			return bot.Intent{Name: string(r.Kind), Confidence: r.Confidence, Rest: r.Rest, Hint: r.Hint}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	k.disp, err = bot.NewDispatcher(bot.DispatcherOptions{
		Inbox: k.in, State: k.state, Sealer: open{}, Router: k.router,
		Composer: &bot.Composer{Texts: w, Channels: map[string]bot.Limiter{"test": limits}, Default: "vi"},
		Now:      func() time.Time { return k.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func roomy() bot.Limits {
	return bot.Limits{Text: 4000, Buttons: 12, ButtonTitle: 60, RowButtons: 2, Location: true}
}

// plain is a channel without buttons.
func plain() bot.Limits { return bot.Limits{Text: 4000} }

func (k *talk) do(u bot.Update) string {
	k.t.Helper()
	k.in.turns++
	u.ID, u.Channel, u.Chat, u.From.ID, u.At = fmt.Sprint(k.in.turns), "test", "lan", "lan", k.now
	u.Normalize(vietnamese.Clean)
	if err := u.Check(); err != nil {
		k.t.Fatal(err)
	}
	k.in.waiting, k.in.sent, k.in.failed = &u, nil, ""
	if err := k.disp.Drain(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
	if k.in.failed != "" || k.in.waiting != nil {
		k.t.Fatalf("turn failed: %s", k.in.failed)
	}
	var all []string
	k.buttons = nil
	for _, q := range k.in.sent {
		all = append(all, q.Message.Text)
		for _, row := range q.Message.Buttons {
			k.buttons = append(k.buttons, row...)
		}
	}
	return strings.Join(all, "\n---\n")
}

func (k *talk) say(text string) string { k.t.Helper(); return k.do(bot.Update{Text: text}) }

// press presses the button of a title, which must be there.
func (k *talk) press(title string) string {
	k.t.Helper()
	for _, b := range k.buttons {
		if b.Title == title {
			return k.do(bot.Update{Button: b.Payload})
		}
	}
	k.t.Fatalf("no button %q among %v", title, k.titles())
	return ""
}

func (k *talk) titles() []string {
	var out []string
	for _, b := range k.buttons {
		out = append(out, b.Title)
	}
	return out
}

func (k *talk) at(lat, lon float64) string {
	k.t.Helper()
	return k.do(bot.Update{Place: &bot.Place{Lat: lat, Lon: lon}})
}

// inbox holds one update at a time and what its turn queued.
type inbox struct {
	turns   int64
	waiting *bot.Update
	sent    []bot.Queued
	contact bot.Contact
	last    int64
	session []byte
	failed  string
}

func (in *inbox) Pending(_ context.Context, after int64, _ int) ([]bot.Pending, error) {
	if in.waiting == nil || after >= in.turns {
		return nil, nil
	}
	return []bot.Pending{{Turn: in.turns, Chat: "lan"}}, nil
}

func (in *inbox) Load(_ context.Context, turn int64) (bot.Loaded, error) {
	return bot.Loaded{Turn: turn, Update: *in.waiting, Contact: in.contact, LastTurn: in.last, Attempts: 2}, nil
}

func (in *inbox) SessionOf(context.Context, int64) ([]byte, error) { return in.session, nil }

func (in *inbox) Postpone(_ context.Context, _ int64, _ int, _ time.Time, reason string) error {
	in.failed = reason
	return nil
}

func (in *inbox) Abandon(_ context.Context, _ int64, reason string) error {
	in.failed = reason
	return nil
}

func (in *inbox) Begin(context.Context) (bot.Unit, error) { return unit{in}, nil }

type unit struct{ in *inbox }

func (unit) Tx() bot.Tx                   { return nil }
func (unit) Commit(context.Context) error { return nil }
func (unit) Rollback() error              { return nil }

func (u unit) Enqueue(_ context.Context, q []bot.Queued) error {
	u.in.sent = append(u.in.sent, q...)
	return nil
}

func (u unit) Finish(_ context.Context, f bot.Finished) (bot.ContactID, error) {
	u.in.waiting, u.in.last, u.in.session, u.in.contact = nil, f.Turn, f.Session, f.Contact
	if f.Ending == bot.Failed {
		u.in.failed = f.Reason
	}
	return 0, nil
}

// state keeps one session.
type state struct {
	data    []byte
	version int64
}

func (s *state) Session(context.Context, string) ([]byte, int64, error) {
	return s.data, s.version, nil
}

func (s *state) SaveSession(_ context.Context, _ string, data []byte, _ int64, _ time.Duration) (int64, error) {
	s.data = data
	s.version++
	return s.version, nil
}

func (s *state) DeleteSession(context.Context, string) error { s.data = nil; return nil }

func (s *state) Lock(context.Context, string, time.Duration) (func(context.Context) error, bool, error) {
	return func(context.Context) error { return nil }, true, nil
}

func (s *state) Take(context.Context, string, bot.Rate, int) (time.Duration, error) { return 0, nil }
func (s *state) Seen(context.Context, string, time.Duration) (bool, error)          { return false, nil }
func (s *state) Ping(context.Context) error                                         { return nil }

// open seals nothing, so that tests can look into what is kept.
type open struct{}

func (open) Seal(plain []byte, _ string) ([]byte, error)  { return plain, nil }
func (open) Open(sealed []byte, _ string) ([]byte, error) { return sealed, nil }
func (open) Digest(s string) string                       { return s }
