package news

import (
	"context"
	"errors"
	"slices"
	"strings"

	"cchcbot/bot"
)

// link shows what is joined; with a code it joins this channel with the one on which
// the code was made.
func (s *service) link(ctx context.Context, t *bot.Turn) error {
	if t.Update.Group {
		return nil // a code is nothing for others to read
	}
	if code := strings.TrimSpace(t.Arg()); code != "" && t.Contact.Person != 0 {
		return s.redeem(ctx, t, code)
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	all, err := s.contacts(ctx, tx, t)
	if err != nil {
		return err
	}
	if len(all) < 2 {
		t.Reply(bot.Reply{Key: "news.link_none", Buttons: []bot.Button{{Key: "news.button_code", Payload: "news:code"}}})
		return nil
	}
	var names []string
	for _, c := range all {
		name, err := s.opt.Desk.Words(t.Lang(), channelKey(c.Channel))
		if err != nil {
			return err
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	t.Reply(bot.Reply{Key: "news.link_some", Args: []any{"channels", strings.Join(names, ", ")}, Buttons: []bot.Button{
		{Key: "news.button_code", Payload: "news:code"}, {Key: "news.button_unlink", Payload: "news:unlink"},
	}})
	return nil
}

func (s *service) contacts(ctx context.Context, tx bot.Tx, t *bot.Turn) ([]bot.Contact, error) {
	if t.Contact.Person == 0 {
		return nil, nil
	}
	return s.opt.Desk.Contacts(ctx, tx, t.Contact.Person)
}

func channelKey(name string) string {
	switch name {
	case "telegram":
		return "news.channel_telegram"
	case "zalo":
		return "news.channel_zalo"
	case "zalobot":
		return "news.channel_zalobot"
	case "webchat":
		return "news.channel_webchat"
	}
	return "news.channel_other"
}

func (s *service) code(ctx context.Context, t *bot.Turn) error {
	if t.Contact.Person == 0 || t.Update.Group {
		return s.link(ctx, t)
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	code, err := s.opt.Desk.NewCode(ctx, tx, t.Contact)
	if err != nil {
		return err
	}
	t.Reply(bot.Reply{Key: "news.link_code", Args: []any{"code", code}, Quiet: true})
	return nil
}

// redeem tells what is wrong with a code by a reply, not by an error: the try has to count.
func (s *service) redeem(ctx context.Context, t *bot.Turn, code string) error {
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	err = s.opt.Desk.Redeem(ctx, tx, t.Contact, code)
	var e *bot.Error
	switch {
	case errors.As(err, &e):
		t.Reply(bot.Reply{Key: e.Key, Args: e.Args, Quiet: true})
		return nil
	case err != nil:
		return err
	}
	t.Reply(bot.Reply{Key: "news.linked", Buttons: []bot.Button{{Key: "news.button_mine", Payload: "news:mine"}, {Key: "news.button_unlink", Payload: "news:unlink"}}})
	return nil
}

func (s *service) unlink(ctx context.Context, t *bot.Turn) error {
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	all, err := s.contacts(ctx, tx, t)
	if err != nil {
		return err
	}
	if len(all) < 2 {
		t.Reply(bot.Reply{Key: "news.link_alone", Quiet: true})
		return nil
	}
	if err := s.opt.Desk.Unlink(ctx, tx, t.Contact.Person); err != nil {
		return err
	}
	t.Reply(bot.Reply{Key: "news.unlinked", Buttons: []bot.Button{{Key: "news.button_mine", Payload: "news:mine"}, {Key: "news.button_code", Payload: "news:code"}}})
	return nil
}
