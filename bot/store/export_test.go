package store

import (
	"context"

	"cchcbot/bot"
)

// Reroute is what OptOut does to what waits for a contact, in a transaction of the caller.
func (s *Store) Reroute(ctx context.Context, tx bot.Tx, c bot.ContactID, reason string) error {
	return s.reroute(ctx, tx, c, reason, true)
}
