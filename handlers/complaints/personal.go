package complaints

import (
	"context"

	"cchcbot/bot"
)

// export hands over what is kept of a person's cases.
func (s *service) export(ctx context.Context, tx bot.Tx, p bot.PersonID) ([]bot.Record, error) {
	return s.opt.Desk.ExportPerson(ctx, tx, p)
}

// forget takes the person out of the person's cases: name, contact and chat go.
// The files of petitions stay under lock for as long as the archives' rules want
// (Luật 91/2025/QH15 leaves records that a law orders kept), without saying whose
// they are; what was published was masked from the start.
func (s *service) forget(ctx context.Context, tx bot.Tx, p bot.PersonID) error {
	return s.opt.Desk.ForgetPerson(ctx, tx, p)
}
