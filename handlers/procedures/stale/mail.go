package stale

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
)

// The weekly mail.
const (
	channelMail = "email"
	mailEvery   = 10 * time.Minute // how often is looked
	mailFrom    = 8                // o'clock on Mondays in Vietnam; a program that was down writes later in the week
	maxLines    = 30               // entries that one mail lists
	markMail    = "stale.mail"
)

var vietnam = time.FixedZone("ICT", 7*60*60)

// Mail writes once a week to those who look after a field what in it to look at, if there is anything.
func (b *Book) Mail(ctx context.Context) error {
	now := b.opt.Now().In(vietnam)
	if now.Weekday() == time.Sunday || now.Weekday() == time.Saturday || now.Hour() < mailFrom || !b.opt.Mail() || b.opt.Staff == nil {
		return nil
	}
	year, number := now.ISOWeek()
	week := fmt.Sprintf("%d-W%02d", year, number)
	var last string
	err := b.opt.Read.QueryRowContext(ctx, `select at from procedures_marks where name = $1`, markMail).Scan(&last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read mark: %w", err)
	}
	if last == week {
		return nil
	}
	mails, err := b.digests(ctx)
	if err != nil {
		return err
	}
	return b.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		for _, m := range mails {
			w.Send(bot.Outgoing{
				To: m.to, Lang: "vi", Thing: "procedures:stale", Unique: "procedures/stale/" + week + "/" + m.key,
				Reply: bot.Reply{Key: "procedures.stale_mail", Args: []any{
					"name", m.name, "count", len(m.lines), "lines", strings.Join(m.lines[:min(len(m.lines), maxLines)], "\n"),
					"more", max(0, len(m.lines)-maxLines), "url", b.opt.PublicURL + listPath,
				}},
			})
		}
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `insert into procedures_marks (name, at) values ($1, $2) on conflict (name) do update set at = excluded.at`, markMail, week)
		return err
	})
}

type digest struct {
	to        bot.Address
	key, name string
	lines     []string
}

// digests are the mails of a week: one for everybody who looks after a field in which there is something.
func (b *Book) digests(ctx context.Context) ([]*digest, error) {
	list, err := b.List(ctx, func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	staff, err := b.opt.Staff.Officers(ctx)
	if err != nil {
		return nil, err
	}
	byField, byPerson := map[string][]bot.Officer{}, map[int64]*digest{}
	var out []*digest
	for _, l := range list {
		text, err := b.line(l)
		if err != nil {
			return nil, err
		}
		owners, known := byField[l.Entry.Field]
		if !known {
			owners = b.owners(staff, l.Entry.Field)
			byField[l.Entry.Field] = owners
		}
		if len(owners) == 0 {
			owners = []bot.Officer{{}} // nobody's: to whoever hears of what goes wrong
		}
		for _, o := range owners {
			d := byPerson[o.ID]
			if d == nil {
				d = &digest{to: bot.Address{Channel: channelMail, Chat: o.Email}, key: fmt.Sprint(o.ID), name: o.Name}
				if o.ID == 0 {
					d.to = b.opt.Fallback
				}
				byPerson[o.ID] = d
				if d.to.Chat != "" {
					out = append(out, d)
				}
			}
			d.lines = append(d.lines, text)
		}
	}
	return out, nil
}

// owners are those who write entries of a field, with an address; who controls procedures for the whole
// province owns none.
func (b *Book) owners(staff []bot.Officer, field string) []bot.Officer {
	var out []bot.Officer
	for _, o := range staff {
		if o.Active && o.Email != "" && !entries.Controls(o) && b.opt.Desk.Writes(o, field) {
			out = append(out, o)
		}
	}
	return out
}

func (b *Book) line(l Line) (string, error) {
	return b.opt.Render("procedures.stale_mail_line_"+string(l.Why[0]), map[string]any{
		"name": l.Entry.Name, "code": l.Entry.Code, "date": day(max(l.Entry.Updated, l.Entry.VerifiedAt)), "ends": day(l.Entry.ValidTo),
	})
}

// day writes a day of an entry as people do.
func day(text string) string {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return ""
	}
	return t.Format("02/01/2006")
}
