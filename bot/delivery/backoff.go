package delivery

import (
	"time"

	"cchcbot/bot"
)

// Backoff between attempts: about 1 s, 3 s, 9 s, … and never more than 10
// minutes. Twelve attempts of a reply take about an hour: an answer that comes
// later answers nobody. A word on somebody's case is worth a day of trying.
const (
	backoffFirst  = time.Second
	backoffFactor = 3
	backoffMost   = 10 * time.Minute

	maxReplyAttempts    = 12
	maxFollowUpAttempts = 150
	maxNewsAttempts     = 12
	// Each attempt with unknown outcome may have arrived: nobody is to read the
	// same reply ten times. Six of them outlast two minutes of trouble.
	maxUnknownAttempts = 6
	// A message that makes the channel's code fail will do so again.
	maxFaultAttempts = 3
)

func maxAttempts(l bot.Lane) int {
	switch l {
	case bot.LaneFollowUp:
		return maxFollowUpAttempts
	case bot.LaneBroadcast:
		return maxNewsAttempts
	default:
		return maxReplyAttempts
	}
}

// backoff is the wait after the attempt with that number, counted from 0: half
// of it is fixed, the other half scattered by jitter, a number from 0 up to 1.
func backoff(attempt int, jitter float64) time.Duration {
	wait := backoffFirst
	for range attempt {
		if wait *= backoffFactor; wait >= backoffMost {
			wait = backoffMost
			break
		}
	}
	return wait/2 + time.Duration(jitter*float64(wait)/2)
}

// Waits that platforms and operators ask for.
const (
	throttleLeast = time.Second
	throttleMost  = time.Hour
	probeFirst    = time.Minute
	probeMost     = 15 * time.Minute
	laterLeast    = time.Minute
)

// throttle is the wait after a platform's "slow down": what it asked for and up
// to a tenth and a second more, so that not all processes return at once.
func throttle(asked time.Duration, jitter float64) time.Duration {
	asked = min(max(asked, throttleLeast), throttleMost)
	return asked + time.Duration(jitter*float64(asked/10+time.Second))
}
