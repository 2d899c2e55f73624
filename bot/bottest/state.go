package bottest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cchcbot/bot"
)

// State checks that an implementation keeps the contract of bot.State. open
// returns an empty state and a function that moves the time it goes by; waiting
// for real is never needed. Times are told apart to 10 ms, no finer.
func State(t *testing.T, open func(*testing.T) (s bot.State, advance func(time.Duration))) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *stateCase)
	}{
		{"session/versions", sessionVersions},
		{"session/conflict", sessionConflict},
		{"session/expiry", sessionExpiry},
		{"session/delete", sessionDelete},
		{"session/values", sessionValues},
		{"session/one_of_many_saves", sessionRace},
		{"keys", stateKeys},
		{"lock/excludes", lockExcludes},
		{"lock/expiry", lockExpiry},
		{"lock/late_unlock", lockLateUnlock},
		{"lock/one_of_many", lockRace},
		{"budget/burst_and_refill", budgetRefill},
		{"budget/wait_is_honest", budgetWait},
		{"budget/never_above_rate", budgetRate},
		{"budget/many_at_once", budgetRace},
		{"budget/limits", budgetLimits},
		{"seen", seenBefore},
		{"seen/one_of_many", seenRace},
		{"ended_context", endedContext},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, advance := open(t)
			c.run(t, &stateCase{T: t, s: s, advance: advance})
			if err := s.Ping(t.Context()); err != nil {
				t.Errorf("ping: %v", err)
			}
		})
	}
}

type stateCase struct {
	*testing.T
	s       bot.State
	advance func(time.Duration)
}

func (c *stateCase) save(key, data string, old int64, ttl time.Duration) int64 {
	c.Helper()
	v, err := c.s.SaveSession(c.Context(), key, []byte(data), old, ttl)
	if err != nil {
		c.Fatalf("save %q over version %d: %v", data, old, err)
	}
	if v <= old {
		c.Fatalf("version %d follows %d", v, old)
	}
	return v
}

func (c *stateCase) wantConflict(key string, old int64) {
	c.Helper()
	if _, err := c.s.SaveSession(c.Context(), key, []byte("lost"), old, time.Hour); !errors.Is(err, bot.ErrConflict) {
		c.Fatalf("save over version %d: %v, want a conflict", old, err)
	}
}

func (c *stateCase) wantSession(key, data string, version int64) {
	c.Helper()
	got, v, err := c.s.Session(c.Context(), key)
	if err != nil || string(got) != data || v != version {
		c.Fatalf("session %q, version %d, %v; want %q, version %d", got, v, err, data, version)
	}
}

func sessionVersions(_ *testing.T, c *stateCase) {
	c.wantSession("a", "", 0)
	v1 := c.save("a", "one", 0, time.Hour)
	c.wantSession("a", "one", v1)
	v2 := c.save("a", "two", v1, time.Hour)
	c.wantSession("a", "two", v2)
	c.wantSession("b", "", 0)
}

func sessionConflict(_ *testing.T, c *stateCase) {
	c.wantConflict("a", 7) // there is none
	v1 := c.save("a", "one", 0, time.Hour)
	c.wantConflict("a", 0) // there is one
	v2 := c.save("a", "two", v1, time.Hour)
	c.wantConflict("a", v1)
	c.wantConflict("a", v2+1)
	c.wantSession("a", "two", v2)
}

func sessionExpiry(_ *testing.T, c *stateCase) {
	v := c.save("a", "one", 0, time.Minute)
	c.advance(59 * time.Second)
	c.wantSession("a", "one", v)
	v = c.save("a", "two", v, time.Minute) // each save starts the time anew
	c.advance(59 * time.Second)
	c.wantSession("a", "two", v)
	c.advance(2 * time.Second)
	c.wantSession("a", "", 0)
	c.wantConflict("a", v) // it is no longer there to be replaced
	v = c.save("a", "three", 0, time.Minute)
	c.wantSession("a", "three", v)
}

func sessionDelete(_ *testing.T, c *stateCase) {
	v := c.save("a", "one", 0, time.Hour)
	kept := c.save("b", "other", 0, time.Hour)
	for range 2 { // the second has nothing to delete
		if err := c.s.DeleteSession(c.Context(), "a"); err != nil {
			c.Fatal(err)
		}
	}
	c.wantSession("a", "", 0)
	c.wantConflict("a", v)
	c.wantSession("b", "other", kept)
	c.save("a", "again", 0, time.Hour)
}

func sessionValues(_ *testing.T, c *stateCase) {
	random := rand.NewChaCha8([32]byte{1})
	for i, size := range []int{0, 1, 4096, 128 << 10} {
		data := make([]byte, size)
		if _, err := random.Read(data); err != nil {
			c.Fatal(err)
		}
		key := fmt.Sprint("k", i)
		v, err := c.s.SaveSession(c.Context(), key, data, 0, time.Hour)
		if err != nil {
			c.Fatalf("save %d bytes: %v", size, err)
		}
		got, gv, err := c.s.Session(c.Context(), key)
		if err != nil || gv != v || !bytes.Equal(got, data) {
			c.Fatalf("%d bytes came back as %d, version %d, %v", size, len(got), gv, err)
		}
	}
	if _, err := c.s.SaveSession(c.Context(), "large", make([]byte, 128<<10+1), 0, time.Hour); err == nil {
		c.Error("a session above 128 KiB is taken")
	}
	if _, err := c.s.SaveSession(c.Context(), "never", []byte("x"), 0, 0); err == nil {
		c.Error("a session that lives no time is taken")
	}
}

// together runs f in 16 goroutines and returns how often it returned true.
func (c *stateCase) together(f func(i int) (bool, error)) int64 {
	c.Helper()
	var wins atomic.Int64
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range 16 {
		wg.Go(func() {
			<-start
			ok, err := f(i)
			if err != nil {
				c.Error(err)
			}
			if ok {
				wins.Add(1)
			}
		})
	}
	close(start)
	wg.Wait()
	return wins.Load()
}

func sessionRace(_ *testing.T, c *stateCase) {
	version := int64(0)
	for round := range 8 {
		var mu sync.Mutex
		var winner string
		won := version
		n := c.together(func(i int) (bool, error) {
			data := fmt.Sprint(round, " ", i)
			v, err := c.s.SaveSession(c.Context(), "a", []byte(data), version, time.Hour)
			if errors.Is(err, bot.ErrConflict) {
				return false, nil
			}
			mu.Lock()
			defer mu.Unlock()
			winner, won = data, v
			return err == nil, err
		})
		if n != 1 {
			c.Fatalf("%d of 16 saves over one version succeeded", n)
		}
		c.wantSession("a", winner, won)
		version = won
	}
}

func stateKeys(_ *testing.T, c *stateCase) {
	odd := []string{
		"a", "A", "a ", " a", "á", "a\u0301", "a:b", "a\x1fb", "a\x00", "a\x00b", "a\xff", "{a}", "*", "a*", "a?b",
		"a\r\nb", "'", `"`, "%s", strings.Repeat("k", 1024), strings.Repeat("k", 1023),
	}
	versions := map[string]int64{}
	for i, key := range odd {
		versions[key] = c.save(key, fmt.Sprint(i), 0, time.Hour)
		if _, ok, err := c.s.Lock(c.Context(), key, time.Hour); err != nil || !ok {
			c.Fatalf("lock %q: %v, %v", key, ok, err)
		}
		if seen, err := c.s.Seen(c.Context(), key, time.Hour); err != nil || seen {
			c.Fatalf("seen %q: %v, %v", key, seen, err)
		}
		if wait, err := c.s.Take(c.Context(), key, bot.Rate{PerSecond: 1, Burst: 1}, 1); err != nil || wait != 0 {
			c.Fatalf("take %q: %v, %v", key, wait, err)
		}
	}
	for i, key := range odd {
		c.wantSession(key, fmt.Sprint(i), versions[key])
	}
	for _, key := range []string{"", strings.Repeat("k", 1025)} {
		if _, err := c.s.SaveSession(c.Context(), key, nil, 0, time.Hour); err == nil {
			c.Errorf("a key of %d bytes is taken", len(key))
		}
		if _, _, err := c.s.Lock(c.Context(), key, time.Hour); err == nil {
			c.Errorf("a lock of %d bytes is taken", len(key))
		}
	}
}

func (c *stateCase) lock(key string, ttl time.Duration, want bool) func(context.Context) error {
	c.Helper()
	unlock, ok, err := c.s.Lock(c.Context(), key, ttl)
	if err != nil || ok != want {
		c.Fatalf("lock: %v, %v; want %v", ok, err, want)
	}
	return unlock
}

func (c *stateCase) unlock(f func(context.Context) error) {
	c.Helper()
	if err := f(c.Context()); err != nil {
		c.Fatalf("unlock: %v", err)
	}
}

func lockExcludes(_ *testing.T, c *stateCase) {
	unlock := c.lock("a", time.Minute, true)
	c.lock("a", time.Minute, false)
	other := c.lock("b", time.Minute, true)
	c.unlock(unlock)
	c.unlock(c.lock("a", time.Minute, true))
	c.lock("b", time.Minute, false)
	c.unlock(other)
}

func lockExpiry(_ *testing.T, c *stateCase) {
	c.lock("a", time.Minute, true)
	c.advance(59 * time.Second)
	c.lock("a", time.Minute, false)
	c.advance(2 * time.Second)
	c.lock("a", time.Minute, true)
}

func lockLateUnlock(_ *testing.T, c *stateCase) {
	late := c.lock("a", time.Minute, true)
	c.advance(61 * time.Second)
	c.unlock(late) // nobody has it
	late = c.lock("a", time.Minute, true)
	c.advance(61 * time.Second)
	mine := c.lock("a", time.Minute, true)
	c.unlock(late) // somebody else has it
	c.lock("a", time.Minute, false)
	c.unlock(mine)
	next := c.lock("a", time.Minute, true)
	c.unlock(mine) // a second time
	c.lock("a", time.Minute, false)
	c.unlock(next)
}

func lockRace(_ *testing.T, c *stateCase) {
	for round := range 20 {
		key := fmt.Sprint("k", round)
		if n := c.together(func(int) (bool, error) {
			_, ok, err := c.s.Lock(c.Context(), key, time.Minute)
			return ok, err
		}); n != 1 {
			c.Fatalf("%d of 16 have the lock", n)
		}
	}
}

// take takes n tokens and fails when the answer is not the wanted one.
func (c *stateCase) take(key string, r bot.Rate, n int, want bool) time.Duration {
	c.Helper()
	wait, err := c.s.Take(c.Context(), key, r, n)
	if err != nil || wait < 0 || (wait == 0) != want {
		c.Fatalf("take %d: wait %s, %v; want it granted: %v", n, wait, err, want)
	}
	return wait
}

func budgetRefill(_ *testing.T, c *stateCase) {
	r := bot.Rate{PerSecond: 2, Burst: 4}
	for range 4 {
		c.take("a", r, 1, true)
	}
	c.take("a", r, 1, false)
	c.take("b", r, 4, true)   // a budget of its own
	c.advance(time.Second)    // two come back
	c.take("a", r, 3, false)  // which takes nothing
	c.take("a", r, 2, true)   //
	c.take("a", r, 1, false)  //
	c.advance(24 * time.Hour) // no more than the burst gathers
	c.take("a", r, 4, true)   //
	c.take("a", r, 1, false)  //
	slow := bot.Rate{PerSecond: 20.0 / 60, Burst: 1}
	c.take("slow", slow, 1, true)
	c.advance(2900 * time.Millisecond)
	c.take("slow", slow, 1, false)
	c.advance(200 * time.Millisecond)
	c.take("slow", slow, 1, true)
}

func budgetWait(_ *testing.T, c *stateCase) {
	r := bot.Rate{PerSecond: 0.5, Burst: 3}
	c.take("a", r, 3, true)
	for _, n := range []int{1, 3, 2} {
		wait := c.take("a", r, n, false)
		if most := time.Duration(n) * 2 * time.Second; wait > most {
			c.Fatalf("wait for %d is %s, more than %s", n, wait, most)
		}
		c.advance(wait - 20*time.Millisecond)
		again := c.take("a", r, n, false)
		if again > 30*time.Millisecond {
			c.Fatalf("after the wait but 20 ms, %s are left", again)
		}
		c.advance(again)
		c.take("a", r, n, true)
	}
}

func budgetRate(_ *testing.T, c *stateCase) {
	r := bot.Rate{PerSecond: 7, Burst: 5}
	random := rand.New(rand.NewPCG(1, 2))
	type grant struct {
		at time.Duration
		n  int
	}
	var now time.Duration
	var grants []grant
	for range 600 {
		n := 1 + random.IntN(3)
		wait, err := c.s.Take(c.Context(), "a", r, n)
		if err != nil {
			c.Fatal(err)
		}
		if wait == 0 {
			grants = append(grants, grant{now, n})
		}
		step := time.Duration(random.IntN(400)) * time.Millisecond
		c.advance(step)
		now += step
	}
	total := 0
	for i, first := range grants {
		sum := 0
		for _, g := range grants[i:] {
			sum += g.n
			// One token of tolerance for clocks that count milliseconds.
			if most := float64(r.Burst) + r.PerSecond*(g.at-first.at).Seconds() + 1; float64(sum) > most {
				c.Fatalf("%d tokens within %s, at most %.1f", sum, g.at-first.at, most)
			}
		}
		total += first.n
	}
	if least := r.PerSecond * now.Seconds() / 2; float64(total) < least {
		c.Fatalf("only %d tokens within %s, at least %.0f", total, now, least)
	}
}

func budgetRace(_ *testing.T, c *stateCase) {
	r := bot.Rate{PerSecond: 0.001, Burst: 10}
	if n := c.together(func(int) (bool, error) {
		wait, err := c.s.Take(c.Context(), "a", r, 1)
		return wait == 0 && err == nil, err
	}); n != 10 {
		c.Fatalf("%d of 16 took from a budget of 10", n)
	}
}

func budgetLimits(_ *testing.T, c *stateCase) {
	for _, bad := range []struct {
		r bot.Rate
		n int
	}{
		{bot.Rate{PerSecond: 1, Burst: 2}, 3}, // would wait for ever
		{bot.Rate{PerSecond: 0, Burst: 2}, 1},
		{bot.Rate{PerSecond: 1, Burst: 0}, 1},
		{bot.Rate{PerSecond: 1, Burst: 2}, 0},
		{bot.Rate{PerSecond: -1, Burst: 2}, 1},
	} {
		if _, err := c.s.Take(c.Context(), "a", bad.r, bad.n); err == nil {
			c.Errorf("%d of %+v is no error", bad.n, bad.r)
		}
	}
}

func seenBefore(_ *testing.T, c *stateCase) {
	for _, step := range []struct {
		key  string
		wait time.Duration
		want bool
	}{
		{"a", 0, false}, {"a", 0, true}, {"b", 0, false}, {"a", 59 * time.Second, true}, {"a", 2 * time.Second, false}, {"a", 0, true},
	} {
		c.advance(step.wait)
		got, err := c.s.Seen(c.Context(), step.key, time.Minute)
		if err != nil || got != step.want {
			c.Fatalf("seen %q after %s: %v, %v; want %v", step.key, step.wait, got, err, step.want)
		}
	}
}

func seenRace(_ *testing.T, c *stateCase) {
	if n := c.together(func(int) (bool, error) {
		seen, err := c.s.Seen(c.Context(), "a", time.Minute)
		return !seen && err == nil, err
	}); n != 1 {
		c.Fatalf("%d of 16 saw it first", n)
	}
}

func endedContext(_ *testing.T, c *stateCase) {
	ctx, cancel := context.WithCancel(c.Context())
	cancel()
	if _, err := c.s.SaveSession(ctx, "a", []byte("x"), 0, time.Hour); err == nil {
		c.Error("a session is saved after the end of its context")
	}
	if _, ok, err := c.s.Lock(ctx, "a", time.Hour); err == nil || ok {
		c.Error("a lock is taken after the end of its context")
	}
	c.wantSession("a", "", 0)
	c.lock("a", time.Hour, true)
}
