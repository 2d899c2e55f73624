package agencies

import (
	"context"
	"slices"
	"strings"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// Whoever reads a mailbox that nobody confirmed may be a stranger: a wrong letter in a
// workbook is enough. Until its owner pressed the button of a mail to it, such an
// address hears the code of a case and how to confirm, and no link acts for the body.

// confirmLink is a link that confirms a contact's address; with a case it leads there afterwards.
func (b *Book) confirmLink(c Contact, url string, id int64) string {
	return url + answerPath + signer{b.opt.Sealer}.Token(Link{
		Purpose: ForConfirm, Case: id, Body: c.Body, Contact: c.ID, Epoch: c.Epoch, Expires: b.opt.Now().Add(LinkTTL),
	})
}

// testMail is the mail whose link confirms a contact's address.
func (b *Book) testMail(c Contact, url, lang string) bot.Outgoing {
	body := c.Body
	if a, ok := b.opt.Directory().Agency(c.Body); ok {
		body = a.Name
	}
	return bot.Outgoing{
		To: bot.Address{Channel: Email, Chat: c.Email}, Lang: lang, Thing: "complaints:test",
		Reply: bot.Reply{Key: "complaints.agency_mail_test", Args: []any{"name", c.Name, "body", body, "until", day(b.opt.Now().Add(LinkTTL))},
			Buttons: []bot.Button{{Key: "complaints.button_agency_confirm_address", URL: b.confirmLink(c, url, 0)}}},
	}
}

// untold reports whether a contact's address was never written to, to confirm it.
func (c Contact) untold() bool { return c.Active && c.Verified.IsZero() && c.Tested.IsZero() }

// confirmed reports whether one of the contacts has an address that was confirmed.
func confirmed(people []Contact) bool {
	return slices.ContainsFunc(people, func(c Contact) bool { return !c.Verified.IsZero() })
}

// hearers are the contacts of these roles; without any who has confirmed his
// address, also whoever else the body has. Those who have not are among them: they
// are asked to confirm.
func (s *service) hearers(ctx context.Context, r Reader, body string, roles []Role) ([]Contact, error) {
	people, err := s.book.Of(ctx, r, body, roles...)
	if err != nil || confirmed(people) {
		return people, err
	}
	all, err := s.book.Of(ctx, r, body, Leader, Officer, Counter)
	if len(people) == 0 {
		return all, err
	}
	for _, c := range all {
		if !c.Verified.IsZero() {
			people = append(people, c)
		}
	}
	return people, err
}

// sendUnconfirmed tells an address that was not confirmed that cases wait: their
// codes, and the link that confirms and then leads to the first of them.
func (s *service) sendUnconfirmed(w *bot.Work, c Contact, list []cases.Case, unique string) {
	var codes []string
	for _, one := range list[:min(len(list), maxLines)] {
		codes = append(codes, one.Code)
	}
	w.Send(bot.Outgoing{
		To: bot.Address{Channel: Email, Chat: c.Email}, Lang: s.lang(), Lane: bot.LaneFollowUp, Thing: cases.Thing(list[0].Code), Unique: unique,
		Reply: bot.Reply{
			Key: "complaints.agency_mail_unconfirmed",
			Args: []any{"code", codes[0], "codes", strings.Join(codes, ", "), "more", len(list) - len(codes), "name", c.Name, "body", s.bodyName(c.Body),
				"until", day(s.opt.Now().Add(LinkTTL))},
			Buttons: []bot.Button{{Key: "complaints.button_agency_confirm_address", URL: s.book.confirmLink(c, s.opt.PublicURL, list[0].ID)}},
		},
	})
}
