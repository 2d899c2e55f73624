package zalo

import (
	"encoding/json"
	"strings"
	"time"

	"cchcbot/bot"
)

// The windows of the Official Account, as its documentation has them since 2026
// (docs.zaloplatforms.com; not confirmed with a state agency's account). The
// margin is for clocks that differ.
const (
	freeWindow    = 48 * time.Hour     // free of charge after the citizen's last word
	openWindow    = 7 * 24 * time.Hour // allowed at all
	windowMargin  = 10 * time.Minute
	nightFrom     = 22 // hours in Vietnam between which nothing is pushed
	nightTo       = 6
	staleNews     = 14 * 24 * time.Hour // news that waited longer is no news
	staleAnswer   = 14 * 24 * time.Hour // an answer that waited longer answers nobody
	groupPrefix   = "group:"            // before the id of a group, in Address.Chat
	quotaReply    = "reply"
	quotaWelcome  = "welcome_msg"
	quotaUnknown  = -1
	noteMaxFuture = 400 * 24 * time.Hour
)

// zone is Vietnam's; it has had no summer time since 1975.
var zone = time.FixedZone("ICT", 7*60*60)

// quota is the last quota object that Zalo answered with, as a receipt notes it.
type quota struct {
	Type   string `json:"t,omitempty"`
	Remain int    `json:"r"`           // quotaUnknown when it was not said
	Until  int64  `json:"u,omitempty"` // seconds; when it is counted anew, 0 unknown
}

func (q quota) note() string {
	b, err := json.Marshal(q)
	if err != nil || len(b) > bot.MaxNote {
		return ""
	}
	return string(b)
}

func readNote(note string) quota {
	q := quota{Remain: quotaUnknown}
	if note == "" || json.Unmarshal([]byte(note), &q) != nil {
		return quota{Remain: quotaUnknown}
	}
	return q
}

// verdict is one of four: send, hold until a time, hold until the citizen
// writes, give up. The reason is a text key, "" for send.
type verdict struct {
	send   bool
	until  time.Time
	drop   bool
	reason string
}

// policy is what the account pays for.
type policy struct{ paidNews, paidFollowUps bool }

// decide says whether a message may go out now.
func decide(now time.Time, lane bot.Lane, group bool, s bot.Standing, p policy) verdict {
	waited := now.Sub(s.Queued)
	switch {
	case !s.Queued.IsZero() && (lane == bot.LaneBroadcast && waited > staleNews || lane == bot.LaneReply && waited > staleAnswer):
		return verdict{drop: true, reason: reasonStale}
	case lane != bot.LaneReply && night(now):
		return verdict{until: morning(now), reason: reasonNight}
	case group, s.Heard.IsZero():
		// Groups have no window. Of a citizen nobody heard of (a restored database) Zalo knows better.
		return verdict{send: true}
	}
	q := readNote(s.Note)
	quiet := now.Sub(s.Heard)
	if quiet >= openWindow-windowMargin {
		return verdict{reason: reasonSilent}
	}
	if s.Wrote.IsZero() {
		if q.Type == quotaWelcome && q.Remain == 0 {
			return verdict{reason: reasonWelcome}
		}
		return verdict{send: true}
	}
	if quiet < freeWindow-windowMargin {
		return verdict{send: true}
	}
	return charged(now, lane, q, p)
}

// charged decides between 48 hours and seven days, where a message counts
// against the package or costs money.
func charged(now time.Time, lane bot.Lane, q quota, p policy) verdict {
	if lane == bot.LaneBroadcast && !p.paidNews || lane == bot.LaneFollowUp && !p.paidFollowUps {
		return verdict{reason: reasonPaid}
	}
	if q.Remain == 0 && q.Type != quotaReply && q.Type != quotaWelcome && q.Type != "" {
		if until := time.Unix(q.Until, 0); q.Until > 0 && until.After(now) && until.Sub(now) < noteMaxFuture {
			return verdict{until: until, reason: reasonQuota}
		}
		return verdict{until: nextDay(now), reason: reasonQuota}
	}
	return verdict{send: true}
}

func night(now time.Time) bool {
	h := now.In(zone).Hour()
	return h >= nightFrom || h < nightTo
}

// morning is the next 06:00 in Vietnam.
func morning(now time.Time) time.Time {
	t := now.In(zone)
	m := time.Date(t.Year(), t.Month(), t.Day(), nightTo, 0, 0, 0, zone)
	if !m.After(t) {
		m = m.AddDate(0, 0, 1)
	}
	return m
}

// nextDay is the next 06:00 after a midnight: quotas are counted by the day or
// the month, and nobody is woken for it.
func nextDay(now time.Time) time.Time {
	t := now.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day()+1, nightTo, 0, 0, 0, zone)
}

// Admit implements bot.Gate.
func (o *OA) Admit(now time.Time, m bot.Message, lane bot.Lane, s bot.Standing) *bot.SendError {
	v := decide(now, lane, strings.HasPrefix(m.To.Chat, groupPrefix), s, policy{o.opt.PaidNews, o.opt.PaidFollowUps})
	switch {
	case v.send:
		return nil
	case v.drop:
		return &bot.SendError{Kind: bot.Rejected, Reason: v.reason}
	}
	return &bot.SendError{Kind: bot.Later, Reason: v.reason, Until: v.until}
}
