package zalo

import (
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest/fakezalo"
)

func TestEachMessageEndsInOneOfFourDecisions(t *testing.T) {
	ago := func(d time.Duration) time.Time { return start.Add(-d) }
	wrote := func(d time.Duration) bot.Standing { return bot.Standing{Heard: ago(d), Wrote: ago(d)} }
	noted := func(d time.Duration, q quota) bot.Standing { s := wrote(d); s.Note = q.note(); return s }
	used := quota{Type: "sub_quota", Remain: 0}
	until := quota{Type: "sub_quota", Remain: 0, Until: start.Add(72 * time.Hour).Unix()}
	evening := time.Date(2026, 11, 23, 23, 10, 0, 0, zone)
	early := time.Date(2026, 11, 24, 5, 59, 0, 0, zone)
	dawn := time.Date(2026, 11, 24, 6, 0, 0, 0, zone)
	paid := policy{paidNews: true, paidFollowUps: true}
	const hour = time.Hour
	for name, c := range map[string]struct {
		at    time.Time
		lane  bot.Lane
		group bool
		s     bot.Standing
		p     policy
		want  verdict
	}{
		"an answer at once":                             {start, bot.LaneReply, false, wrote(time.Second), policy{}, verdict{send: true}},
		"an answer at night":                            {evening, bot.LaneReply, false, bot.Standing{Heard: evening, Wrote: evening}, policy{}, verdict{send: true}},
		"the own case within 48 hours":                  {start, bot.LaneFollowUp, false, wrote(47 * hour), policy{}, verdict{send: true}},
		"the last minutes of 48 hours":                  {start, bot.LaneFollowUp, false, wrote(48*hour - 5*time.Minute), policy{}, verdict{reason: reasonPaid}},
		"the own case on the third day, unpaid":         {start, bot.LaneFollowUp, false, wrote(60 * hour), policy{}, verdict{reason: reasonPaid}},
		"the own case on the third day, paid":           {start, bot.LaneFollowUp, false, wrote(60 * hour), paid, verdict{send: true}},
		"news on the third day, unpaid":                 {start, bot.LaneBroadcast, false, wrote(60 * hour), policy{paidFollowUps: true}, verdict{reason: reasonPaid}},
		"news on the third day, paid":                   {start, bot.LaneBroadcast, false, wrote(60 * hour), paid, verdict{send: true}},
		"a late answer on the third day":                {start, bot.LaneReply, false, wrote(60 * hour), policy{}, verdict{send: true}},
		"the allowance is used up":                      {start, bot.LaneFollowUp, false, noted(60*hour, used), paid, verdict{until: time.Date(2026, 11, 24, 6, 0, 0, 0, zone), reason: reasonQuota}},
		"the allowance comes back on a known day":       {start, bot.LaneFollowUp, false, noted(60*hour, until), paid, verdict{until: start.Add(72 * time.Hour), reason: reasonQuota}},
		"used up, but within 48 hours it is free":       {start, bot.LaneFollowUp, false, noted(hour, used), paid, verdict{send: true}},
		"the last minutes of seven days":                {start, bot.LaneReply, false, wrote(7*24*hour - 5*time.Minute), paid, verdict{reason: reasonSilent}},
		"after seven days":                              {start, bot.LaneFollowUp, false, wrote(8 * 24 * hour), paid, verdict{reason: reasonSilent}},
		"the own case at night":                         {evening, bot.LaneFollowUp, false, bot.Standing{Heard: evening, Wrote: evening}, paid, verdict{until: dawn, reason: reasonNight}},
		"news before six":                               {early, bot.LaneBroadcast, false, bot.Standing{Heard: early, Wrote: early}, paid, verdict{until: dawn, reason: reasonNight}},
		"news at six":                                   {dawn, bot.LaneBroadcast, false, bot.Standing{Heard: dawn, Wrote: dawn}, paid, verdict{send: true}},
		"a follower who never wrote":                    {start, bot.LaneReply, false, bot.Standing{Heard: ago(time.Minute)}, policy{}, verdict{send: true}},
		"a follower who had three messages":             {start, bot.LaneFollowUp, false, bot.Standing{Heard: ago(time.Minute), Note: quota{Type: quotaWelcome}.note()}, paid, verdict{reason: reasonWelcome}},
		"a follower of last week":                       {start, bot.LaneFollowUp, false, bot.Standing{Heard: ago(8 * 24 * hour)}, paid, verdict{reason: reasonSilent}},
		"nobody heard of: Zalo decides":                 {start, bot.LaneFollowUp, false, bot.Standing{}, policy{}, verdict{send: true}},
		"a group, whenever anybody wrote":               {start, bot.LaneFollowUp, true, bot.Standing{}, policy{}, verdict{send: true}},
		"news that waited too long":                     {start, bot.LaneBroadcast, false, bot.Standing{Heard: ago(hour), Wrote: ago(hour), Queued: ago(15 * 24 * hour)}, paid, verdict{drop: true, reason: reasonStale}},
		"an answer that waited too long":                {start, bot.LaneReply, false, bot.Standing{Heard: ago(hour), Wrote: ago(hour), Queued: ago(15 * 24 * hour)}, paid, verdict{drop: true, reason: reasonStale}},
		"the own case waits as long as it takes":        {start, bot.LaneFollowUp, false, bot.Standing{Heard: ago(hour), Wrote: ago(hour), Queued: ago(60 * 24 * hour)}, paid, verdict{send: true}},
		"a note that cannot be read counts for nothing": {start, bot.LaneFollowUp, false, bot.Standing{Heard: ago(60 * hour), Wrote: ago(60 * hour), Note: "{"}, paid, verdict{send: true}},
	} {
		t.Run(name, func(t *testing.T) {
			got := decide(c.at, c.lane, c.group, c.s, c.p)
			if got.send != c.want.send || got.drop != c.want.drop || got.reason != c.want.reason || !got.until.Equal(c.want.until) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// What the gate lets through, the platform takes; what it holds, the platform
// would have refused. Day by day, on a moved clock.
func TestTheGateAgreesWithThePlatform(t *testing.T) {
	w := newWorld(t, func(f *fakezalo.Options, o *Options) { f.DayQuota = 2; o.PaidFollowUps = true })
	w.fake.Type("Lan", "chào")
	s := bot.Standing{Heard: start, Wrote: start}
	for day := range 9 {
		m := w.to("Lan", "việc của anh/chị")
		held := w.Admit(w.clock.Now(), m, bot.LaneFollowUp, s)
		r, err := w.Send(t.Context(), m)
		if (held == nil) != (err == nil) {
			t.Errorf("day %d: the gate says %v, the platform %v", day, held, err)
		}
		if r.Note != "" {
			s.Note = r.Note
		}
		w.clock.add(24 * time.Hour)
	}
}

func TestAFollowerWhoNeverWroteGetsThreeMessages(t *testing.T) {
	w := newWorld(t, nil)
	w.fake.Follow("Hà")
	s := bot.Standing{Heard: start}
	for i := range 5 {
		m := w.to("Hà", "chào")
		held := w.Admit(start, m, bot.LaneFollowUp, s)
		if held != nil {
			if held.Kind != bot.Later || !held.Until.IsZero() || held.Reason != reasonWelcome || i != 3 {
				t.Errorf("message %d: %v", i+1, held)
			}
			return
		}
		r, err := w.Send(t.Context(), m)
		if err != nil {
			t.Fatalf("message %d: %v", i+1, err)
		}
		s.Note = r.Note
	}
	t.Error("nobody held the fourth message")
}

func TestWhenAQuotaEnds(t *testing.T) {
	for raw, want := range map[string]int64{
		`"31/12/2026"`:      time.Date(2027, 1, 1, 0, 0, 0, 0, zone).Unix(),
		`"2026-12-31"`:      time.Date(2027, 1, 1, 0, 0, 0, 0, zone).Unix(),
		`1800000000000`:     1800000000,
		`"1800000000"`:      1800000000,
		`"1600000000"`:      0, // gone by
		`null`:              0,
		``:                  0,
		`"khi nào hết thì"`: 0,
	} {
		if got := expiry([]byte(raw), start); got != want {
			t.Errorf("%s ends at %d, want %d", raw, got, want)
		}
	}
}
