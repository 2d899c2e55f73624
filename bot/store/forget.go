package store

import (
	"context"
	"fmt"

	"cchcbot/bot"
)

// The statements that forget a thing; $1 is the thing.
const (
	forgetThingWaiting = `update outbox set state = 'dropped', reason = 'delivery.reason_erased', finished = $2
		where thing = $1 and thing <> '' and payload is not null and state in ('queued', 'held', 'sending')`
	forgetThingSaid = `update outbox set payload = null
		where thing = $1 and thing <> '' and payload is not null and state in ('sent', 'dead', 'dropped')`
	userOfContact = `select coalesce(min(user_key), ''), coalesce(min(chat), '') from contacts where id = $1`
	// Answers of a dialogue repeat what was written ("please look over it"), and are about no thing yet.
	forgetDialogue = `update outbox set state = 'dropped', reason = 'delivery.reason_erased', finished = $2
		where chat = $1 and lane = 'reply' and thing = '' and state in ('queued', 'held', 'sending')`
)

// ForgetThing removes, in the caller's transaction, every word of the kernel
// about a thing: messages about it that were sent, and those that wait, which are
// not sent any more. With a contact it also blanks what that contact wrote and was answered, and
// the sessions of their conversations, for the words may stand there too. The write-ahead log is
// cleaned after the commit, by [Store.Scrub] at the latest.
func (s *Store) ForgetThing(ctx context.Context, tx bot.Tx, thing string, contact bot.ContactID) error {
	if thing == "" || len(thing) > maxThing {
		return invalid("what is to be forgotten has no name, or too long a one")
	}
	steps := []struct {
		query string
		args  []any
	}{
		{forgetThingWaiting, []any{thing, s.millis()}},
		{forgetThingSaid, []any{thing}},
	}
	if contact != 0 {
		var user, chat string
		if err := tx.QueryRowContext(ctx, userOfContact, int64(contact)).Scan(&user, &chat); err != nil {
			return fmt.Errorf("forget a thing: %w", err)
		}
		type step = struct {
			query string
			args  []any
		}
		if user != "" {
			steps = append(steps, step{forgetWords, []any{user}}, step{forgetSessions, []any{user}})
		}
		if chat != "" {
			steps = append(steps, step{forgetDialogue, []any{chat, s.millis()}}, step{forgetSaid, []any{chat}})
		}
	}
	for _, step := range steps {
		if _, err := tx.ExecContext(ctx, step.query, step.args...); err != nil {
			return fmt.Errorf("forget a thing: %w", err)
		}
	}
	s.unscrubbed.Store(true)
	return nil
}
