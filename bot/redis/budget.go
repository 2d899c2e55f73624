package redis

import (
	"context"
	"math"
	"time"

	"cchcbot/bot"
)

// takeScript keeps one number of a budget: when it will be full again, in
// microseconds (the generic cell rate algorithm). ARGV: microseconds that one
// token takes to come back, tokens wanted, burst, and the time, or "" for that
// of the server. It returns 0 or how long to wait.
//
// A number far ahead is cut to that of an empty budget, for a rate may have
// changed, or the clock when another server took over. The key outlives the
// filling by a minute, so that nothing hangs on when exactly it ends.
const takeScript = `
local each, n, burst, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if not now then
  local t = redis.call('TIME')
  now = tonumber(t[1]) * 1000000 + tonumber(t[2])
end
local depth = each * burst
local full = tonumber(redis.call('GET', KEYS[1]) or '') or now
full = math.min(math.max(full, now), now + depth) + each * n
if full - now > depth then return full - now - depth end
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', string.format('%.0f', math.ceil((full - now) / 1000) + 60000))
return 0`

// Take implements bot.State. Tokens come back in whole microseconds each, so
// that more than a million a second are not to be had.
func (s *State) Take(ctx context.Context, budget string, r bot.Rate, n int) (time.Duration, error) {
	key, err := s.key(kindBudget, budget)
	if err != nil {
		return 0, err
	}
	if !(r.PerSecond > 0) || r.Burst <= 0 || n <= 0 || n > r.Burst {
		return 0, invalid("a budget needs a rate and a burst above zero, and gives from one token to the burst at a time")
	}
	each := math.Ceil(1e6 / r.PerSecond)
	if !(each*float64(r.Burst) <= float64(maxRefill/time.Microsecond)) {
		return 0, invalid("a budget takes more than a year to fill")
	}
	var now any = ""
	if s.given {
		now = s.now().UnixMicro()
	}
	var wait int64
	err = s.do(ctx, "take from budget", func(ctx context.Context) (err error) {
		wait, err = s.take.Run(ctx, s.client, []string{key}, int64(max(each, 1)), n, r.Burst, now).Int64()
		return err
	})
	return time.Duration(wait) * time.Microsecond, err
}
