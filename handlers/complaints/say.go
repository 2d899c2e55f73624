package complaints

import (
	"strconv"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// dueDay is a day with its weekday: "thứ Tư 25/11".
func dueDay(at time.Time) bot.Phrase {
	at = at.In(zone())
	return bot.Phrase{Key: "complaints.due_day", Args: []any{
		"weekday", bot.Words("complaints.weekday_" + strconv.Itoa(int(at.Weekday()))), "date", at.Format("02/01"),
	}}
}

// dateOf is a day as people write it.
func dateOf(at time.Time) string { return at.In(zone()).Format("02/01/2006") }

// dayOf is a day of the data, 2006-01-02, as people write it; "" for none.
func dayOf(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return at.Format("02/01/2006")
}

// stateWords is where a case stands, in plain words. A switch, so that the texts
// of all states are named here.
func stateWords(c cases.Case) bot.Words {
	switch c.State {
	case cases.Received:
		return "complaints.state_received"
	case cases.Forwarded:
		return "complaints.state_forwarded"
	case cases.Accepted:
		return "complaints.state_accepted"
	case cases.Waiting:
		return "complaints.state_waiting"
	case cases.Drafted:
		return "complaints.state_drafted"
	case cases.Answered:
		return "complaints.state_answered"
	case cases.Closed:
		return "complaints.state_closed"
	case cases.Refused:
		return "complaints.state_refused"
	case cases.Withdrawn:
		return "complaints.state_withdrawn"
	}
	return "complaints.state_gone"
}

// lines joins phrases, a line each: a text can only be put together from texts.
func lines(list []bot.Phrase) any {
	if len(list) == 0 {
		return ""
	}
	return bot.Phrase{Key: "complaints.lines", Args: []any{"line", list[0], "rest", lines(list[1:])}}
}
