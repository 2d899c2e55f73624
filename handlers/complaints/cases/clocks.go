package cases

import (
	"slices"
	"time"

	"cchcbot/knowledge/calendar"
)

// timer is what clocks are counted with.
type timer struct {
	cal   *calendar.Calendar
	terms Terms
	now   time.Time
}

// dayMinutes is how much of a term in hours a working day is.
const dayMinutes = 8 * 60

// minuteUp is a span in whole minutes, rounded up.
func minuteUp(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }

// count sets the end of a clock from its beginning, its term and what was added.
func (t timer) count(k *Clock) error {
	due, err := k.term.from(t.cal, k.Started)
	if err != nil {
		return err
	}
	if k.shift > 0 {
		first := due.Provisional
		if k.term.Unit == WorkingHours {
			due, err = t.cal.AddWork(due.At, time.Duration(k.shift)*time.Minute)
		} else {
			due, err = t.cal.Add(due.At, k.shift)
		}
		if err != nil {
			return err
		}
		due.Provisional = due.Provisional || first
	}
	k.moved = k.moved || !k.Due.Equal(due.At) || k.Provisional != due.Provisional
	k.Due, k.Provisional, k.CalendarVersion, k.dirty = due.At, due.Provisional, due.Version, true
	t.remind(k)
	return nil
}

// reterm counts a running clock by the term that holds now, from where it began. It
// can only end earlier by that: more time is a leader's to give, and is counted. What
// the citizen was promised stays.
func (t timer) reterm(c *Case, s Step) error {
	k := running(c, s)
	if k == nil {
		return nil
	}
	now := *k
	now.term = t.terms.Of(s, *c)
	if was, is := k.term.Unit == WorkingHours, now.term.Unit == WorkingHours; was && !is {
		now.shift = (k.shift + dayMinutes - 1) / dayMinutes
	} else if is && !was {
		now.shift = k.shift * dayMinutes
	}
	if err := t.count(&now); err != nil || !now.Due.Before(k.Due) {
		return err
	}
	if now.Due.Before(t.now) {
		now.mark = t.now // it is late by the term that holds: the next look tells
	}
	now.moved = k.moved
	*k = now
	return nil
}

// start begins a clock of a step; one that runs is stopped.
func (t timer) start(c *Case, s Step) error {
	t.stop(c, s)
	k := Clock{Step: s, Started: t.now, term: t.terms.Of(s, *c), dirty: true}
	for i := range c.Clocks {
		if c.Clocks[i].Step == s {
			k.seq = max(k.seq, c.Clocks[i].seq+1)
		}
	}
	if s == StepCitizen {
		k.Started, k.term = c.Filed, Term{}
		c.Clocks = append(c.Clocks, k)
		return nil // follow sets its end
	}
	if err := t.count(&k); err != nil {
		return err
	}
	c.Clocks = append(c.Clocks, k)
	return nil
}

// stop ends the running or paused clock of a step.
func (t timer) stop(c *Case, s Step) {
	for i := range c.Clocks {
		k := &c.Clocks[i]
		if k.Step != s || !k.Stopped.IsZero() {
			continue
		}
		end := t.now
		if !k.Paused.IsZero() {
			end = k.Paused // while it waited nobody was late
		}
		k.Stopped, k.Late, k.mark, k.dirty = t.now, end.After(k.Due), time.Time{}, true
	}
}

// pause makes all running clocks wait for the citizen, but the one that waits for the reply.
func (t timer) pause(c *Case) {
	for i := range c.Clocks {
		if k := &c.Clocks[i]; k.Running() && k.Step != StepReply {
			k.Paused, k.mark, k.dirty = t.now, time.Time{}, true
		}
	}
}

// resume lets them run again, for as long as they had left.
func (t timer) resume(c *Case) error {
	for i := range c.Clocks {
		k := &c.Clocks[i]
		if k.Paused.IsZero() || !k.Stopped.IsZero() {
			continue
		}
		since := k.Paused
		k.Paused, k.dirty = time.Time{}, true
		if k.Step == StepCitizen {
			continue
		}
		if since.After(k.Due) { // it was late already
			t.remind(k)
			continue
		}
		if k.term.Unit == WorkingHours {
			k.shift += minuteUp(t.cal.WorkBetween(since, t.now))
		} else {
			k.shift += t.cal.Between(since, t.now)
		}
		if err := t.count(k); err != nil {
			return err
		}
	}
	return nil
}

// running is the clock of a step that counts now.
func running(c *Case, s Step) *Clock {
	for i := range c.Clocks {
		if k := &c.Clocks[i]; k.Step == s && k.Running() {
			return k
		}
	}
	return nil
}

// follow sets what the citizen was promised by the clocks of the others: the end
// of the answer, or at the front desk what is left there and the answer after it. It
// moves only with them: another kind or field, or a look at a late case, moves no promise.
func (t timer) follow(c *Case) error {
	var own, answer, forward *Clock
	for i := range c.Clocks {
		k := &c.Clocks[i]
		if !k.Stopped.IsZero() {
			continue
		}
		switch k.Step {
		case StepCitizen:
			own = k
		case StepAnswer:
			answer = k
		case StepForward:
			forward = k
		}
	}
	if own == nil || answer == nil && forward == nil {
		return nil
	}
	if moved := answer != nil && answer.moved || answer == nil && forward.moved; !moved && !own.Due.IsZero() {
		return nil
	}
	var due calendar.Due
	if answer != nil {
		due = calendar.Due{At: answer.Due, Provisional: answer.Provisional, Version: answer.CalendarVersion}
	} else {
		from := forward.Due
		if from.Before(t.now) {
			from = t.now
		}
		var err error
		if due, err = t.terms.Of(StepAnswer, *c).from(t.cal, from); err != nil {
			return err
		}
		due.Provisional = due.Provisional || forward.Provisional
	}
	if !own.Due.Equal(due.At) || own.Provisional != due.Provisional || own.CalendarVersion != due.Version {
		own.Due, own.Provisional, own.CalendarVersion, own.dirty = due.At, due.Provisional, due.Version, true
	}
	return nil
}

// mark is a moment at which somebody is reminded.
type mark struct {
	at   time.Time
	kind Reminder
}

// opening is when offices open on a date.
func (t timer) opening(day time.Time) time.Time {
	day = day.In(calendar.Zone)
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, calendar.Zone).Add(t.cal.Spans(day)[0].From)
}

// before is the last working day before a date.
func (t timer) before(day time.Time) time.Time {
	day = day.AddDate(0, 0, -1)
	for range 30 { // no stretch of days off is longer
		if t.cal.Working(day) {
			break
		}
		day = day.AddDate(0, 0, -1)
	}
	return day
}

// marks lists when people are reminded of a clock, in order. Marks closer
// together than an hour are one, so that a term of four hours is no storm.
func (t timer) marks(k *Clock) []mark {
	var all []mark
	switch k.Step {
	case StepCitizen:
		return nil
	case StepReply:
		all = []mark{{t.opening(t.before(k.Due)), RemindDay}, {k.Due.Add(time.Second), RemindDue}}
	default:
		all = []mark{
			{k.Started.Add(k.Due.Sub(k.Started) / 2), RemindHalf},
			{t.opening(t.before(k.Due)), RemindDay},
			{t.opening(k.Due), RemindDue},
			{k.Due.Add(time.Second), RemindOverdue},
		}
		if late, err := t.terms.Of(stepEscalate, Case{}).from(t.cal, k.Due); err == nil {
			all = append(all, mark{late.At, RemindEscalate})
		}
	}
	slices.SortStableFunc(all, func(a, b mark) int { return a.at.Compare(b.at) })
	out := all[:0]
	last := k.Started
	for _, m := range all {
		if m.at.Sub(last) < time.Hour && m.kind != RemindOverdue && !(k.Step == StepReply && m.kind == RemindDue) {
			continue
		}
		out = append(out, m)
		last = m.at
	}
	return out
}

// Names of terms that are no steps.
const (
	stepEscalate Step = "escalate"
	stepProgress Step = "progress"
)

// remind sets when somebody is reminded of the clock next.
func (t timer) remind(k *Clock) {
	k.mark, k.dirty = time.Time{}, true
	if !k.Running() {
		return
	}
	for _, m := range t.marks(k) {
		if m.at.After(t.now) {
			k.mark = m.at
			return
		}
	}
}

// reached is the last mark that passed, and sets the next one. After the last
// mark a late answer owes the citizen a word again and again.
func (t timer) reached(k *Clock) (Reminder, bool) {
	var last Reminder
	for _, m := range t.marks(k) {
		if !m.at.After(t.now) {
			last = m.kind
		}
	}
	if last == RemindEscalate && (k.told == RemindEscalate || k.told == RemindProgress) {
		last = RemindProgress
	}
	again := k.told == last && last != RemindProgress
	k.told = last
	t.remind(k)
	if k.mark.IsZero() && k.Step == StepAnswer && (last == RemindEscalate || last == RemindProgress) {
		if next, err := t.terms.Of(stepProgress, Case{}).from(t.cal, t.now); err == nil {
			k.mark = next.At
		}
	}
	return last, last != "" && !again
}
