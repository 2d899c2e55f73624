package bot

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// aware is a channel with the abilities that concern who is there.
type aware struct {
	typed   []Address
	asked   []string
	profile Sender
	err     error
}

func (*aware) Name() string   { return "x" }
func (*aware) Limits() Limits { return Limits{} }
func (*aware) Send(context.Context, Message) (Receipt, error) {
	return Receipt{}, nil
}

func (a *aware) Typing(_ context.Context, to Address) error {
	a.typed = append(a.typed, to)
	return a.err
}

func (a *aware) Profile(_ context.Context, user string) (Sender, error) {
	a.asked = append(a.asked, user)
	return a.profile, a.err
}

func (*aware) Admit(time.Time, Message, Lane, Standing) *SendError { return nil }

func attended(a Channel) *Dispatcher {
	return &Dispatcher{opt: DispatcherOptions{Log: slog.New(slog.DiscardHandler)}, channels: map[string]Channel{"x": a}}
}

func TestTypingShowsOnlyWhenATurnTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &aware{}
		d := attended(a)
		u := Update{Channel: "x", Chat: "lan", Thread: "7"}

		d.typing(t.Context(), u)()
		time.Sleep(2 * typingAfter)
		synctest.Wait()
		if len(a.typed) != 0 {
			t.Error("a quick turn shows typing")
		}
		end := d.typing(t.Context(), u)
		time.Sleep(2 * typingAfter)
		synctest.Wait()
		end()
		if len(a.typed) != 1 || a.typed[0] != (Address{Channel: "x", Chat: "lan", Thread: "7"}) {
			t.Errorf("a slow turn shows %v", a.typed)
		}
		u.Event = EventUnfollowed
		end = d.typing(t.Context(), u)
		time.Sleep(2 * typingAfter)
		synctest.Wait()
		end()
		if len(a.typed) != 1 {
			t.Error("somebody who left is shown typing")
		}
	})
}

func TestAChannelIsAskedWhoANewCitizenIs(t *testing.T) {
	for name, c := range map[string]struct {
		loaded Loaded
		err    error
		asked  bool
		want   string
	}{
		"nothing known":           {loaded: Loaded{Update: Update{Channel: "x", From: Sender{ID: "1"}}}, asked: true, want: "Lan"},
		"known from before":       {loaded: Loaded{Update: Update{Channel: "x", From: Sender{ID: "1"}}, Contact: Contact{Name: "Hà"}}, want: "Hà"},
		"the update says it":      {loaded: Loaded{Update: Update{Channel: "x", From: Sender{ID: "1", Name: "Hà"}}}},
		"in a group":              {loaded: Loaded{Update: Update{Channel: "x", Group: true, From: Sender{ID: "1"}}}},
		"who wants to be erased":  {loaded: Loaded{Update: Update{Channel: "x", Event: EventErase, From: Sender{ID: "1"}}}},
		"the platform says no":    {loaded: Loaded{Update: Update{Channel: "x", From: Sender{ID: "1"}}}, err: errors.New("away"), asked: true},
		"a channel without names": {loaded: Loaded{Update: Update{Channel: "y", From: Sender{ID: "1"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			a := &aware{profile: Sender{Name: "Lan"}, err: c.err}
			l := c.loaded
			attended(a).profile(t.Context(), &l)
			if (len(a.asked) == 1) != c.asked || l.Contact.Name != c.want {
				t.Errorf("asked %v, the name is %q, want %q", a.asked, l.Contact.Name, c.want)
			}
		})
	}
}

func TestWhatIsKeptOfACitizensPresence(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	at := now.Add(-time.Minute)
	d := attended(&aware{})
	for name, c := range map[string]struct {
		u     Update
		was   time.Time
		quiet time.Time
		want  Finished
	}{
		"a message":                {u: Update{Channel: "x", At: at}, want: Finished{Heard: at, Wrote: true, Release: true}},
		"a clock that runs ahead":  {u: Update{Channel: "x", At: now.Add(time.Hour)}, want: Finished{Heard: now, Wrote: true, Release: true}},
		"following":                {u: Update{Channel: "x", At: at, Event: EventFollowed}, want: Finished{Heard: at, Release: true}},
		"leaving":                  {u: Update{Channel: "x", At: at, Event: EventUnfollowed}, want: Finished{Release: true}},
		"the wish to be forgotten": {u: Update{Channel: "x", At: at, Event: EventErase}, want: Finished{Erase: true, Release: true}},
		"a person takes over":      {u: Update{Channel: "x", At: at, Event: EventTakenOver}, quiet: now.Add(time.Hour), want: Finished{Quiet: now.Add(time.Hour), Talk: true}},
		"a person gives back":      {u: Update{Channel: "x", At: at, Event: EventHandedBack}, was: now.Add(time.Hour), want: Finished{Talk: true}},
		"written to that person":   {u: Update{Channel: "x", At: at}, was: now.Add(time.Hour), quiet: now.Add(time.Hour), want: Finished{Heard: at, Wrote: true, Quiet: now.Add(time.Hour), Release: true}},
		"the bot is called back":   {u: Update{Channel: "x", At: at}, was: now.Add(time.Hour), want: Finished{Heard: at, Wrote: true, Talk: true, Release: true}},
		"a channel without a gate": {u: Update{Channel: "y", At: at}, want: Finished{Release: true}},
	} {
		t.Run(name, func(t *testing.T) {
			f := Finished{Release: true}
			d.heard(&f, c.u, &Session{Quiet: c.quiet}, c.was, now)
			if f.Heard != c.want.Heard || f.Wrote != c.want.Wrote || f.Quiet != c.want.Quiet || f.Talk != c.want.Talk || f.Erase != c.want.Erase || f.Release != c.want.Release {
				t.Errorf("%+v\nwant %+v", f, c.want)
			}
		})
	}
}
