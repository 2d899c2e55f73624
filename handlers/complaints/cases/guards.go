package cases

import "time"

// guard says why an action that the table allows makes no sense now: a limit is
// reached, or something has to come before it. It looks at nothing that a command brings.
func guard(a Action, q question) error {
	c := q.c
	switch a {
	case AskCitizen:
		if c.NoChat { // the case would be closed because of a silence that is none
			return invalid("complaints.invalid_ask_nobody")
		}
		if c.Waits >= q.terms.Int(KeyMaxWaits) {
			return invalid("complaints.invalid_waits", "limit", q.terms.Int(KeyMaxWaits))
		}
	case Extend:
		return guardExtend(q)
	case Reject:
		if q.who&ByHead == 0 && c.Drafter != q.ref {
			return denied("complaints.denied_action")
		}
	case Rate:
		if q.now.After(lastDay(c.Sent, q.terms)) {
			return invalid("complaints.invalid_rate_late")
		}
	case Reopen:
		return guardReopen(q)
	case PublishPropose:
		if c.Published == PublishedYes {
			return invalid("complaints.invalid_published")
		}
	case PublishConfirm:
		if !c.Public || c.Sensitive {
			return denied("complaints.denied_publish")
		}
		if c.Published != PublishedProposed {
			return invalid("complaints.invalid_not_proposed")
		}
	case HandOver:
		if c.Handed {
			return invalid("complaints.invalid_handed")
		}
	case Return, Forward, Bind, Succeed, Accept:
	}
	return nil
}

// Values of Case.Published.
const (
	PublishedProposed = "proposed"
	PublishedYes      = "yes"
	PublishedNo       = "no"
)

// guardExtend: only before the limit, and not for ever.
func guardExtend(q question) error {
	k := running(&q.c, StepAnswer)
	switch {
	case k == nil || q.now.After(k.Due):
		return invalid("complaints.invalid_extend_late")
	case q.c.Extensions >= q.terms.Int(KeyMaxExtensions):
		return invalid("complaints.invalid_extensions", "limit", q.terms.Int(KeyMaxExtensions))
	}
	return nil
}

// lastDay is until when a citizen may rate an answer and ask to look again.
func lastDay(sent time.Time, t Terms) time.Time { return sent.AddDate(0, 0, t.Int(KeyReopenDays)) }

func guardReopen(q question) error {
	if q.who&ByDesk != 0 {
		return nil
	}
	switch {
	case !q.c.Rating.Bad():
		return invalid("complaints.invalid_reopen_rating")
	case q.c.Round >= q.terms.Int(KeyReopenMax):
		return invalid("complaints.invalid_reopen_often", "limit", q.terms.Int(KeyReopenMax))
	case q.now.After(lastDay(q.c.Sent, q.terms)):
		return invalid("complaints.invalid_reopen_late")
	}
	return nil
}
