package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"cchcbot/bot"
	"cchcbot/bot/words"
	calendarfeature "cchcbot/handlers/calendar"
	"cchcbot/handlers/news"
	"cchcbot/handlers/news/items"
)

// newsroom is the desk of news as a command opens it, beside a bot that may run.
type newsroom struct {
	p     *program
	h     *house
	io    streams
	lines *bufio.Reader // of io.in

	actor items.Actor
	token string // of a sign-in that ends with the command
}

// openNewsroom opens the desk without anybody signed in: it may look.
func openNewsroom(ctx context.Context, cfg *Config, io streams) (n *newsroom, err error) {
	log := cfg.Logger(io.err)
	d, err := openRuntime(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	n = &newsroom{p: &program{cfg: cfg, log: log, now: time.Now, data: d}, io: io, lines: bufio.NewReader(io.in), actor: items.Actor{System: true}}
	o := houseOptions{Config: cfg, Log: log, Now: time.Now, Data: d, Knowledge: d, PublicURL: publicURL(cfg)}
	n.h = &house{log: log, now: o.Now, store: d.store, alarm: newAlarm(o), works: &bot.Works{Units: d.store}}
	n.p.house = n.h
	if err := n.build(ctx, o); err != nil {
		return nil, errors.Join(err, n.p.Close())
	}
	return n, nil
}

// build puts together what news needs: no index, no features.
func (n *newsroom) build(ctx context.Context, o houseOptions) (err error) {
	h := n.h
	if h.words, err = words.Load(words.Shared(), news.Texts()); err != nil {
		return err
	}
	if h.calendar, err = calendarfeature.NewLive(o.Data.db.Read(), o.Log); err != nil {
		return err
	}
	if err := h.calendar.Refresh(ctx); err != nil {
		return err
	}
	if h.directory, err = loadDirectory(o.Config, o.Data); err != nil {
		return err
	}
	if err := h.openMedia(o); err != nil {
		return err
	}
	if h.channels, err = n.p.channels(h); err != nil {
		return err
	}
	limits := map[string]bot.Limiter{}
	for _, c := range h.channels {
		limits[c.Name()] = c
	}
	h.works.Composer = &bot.Composer{Texts: h.words, Channels: limits, Default: words.Langs[0]}
	return h.openNews(o)
}

// Close ends the sign-in of this command and closes everything.
func (n *newsroom) Close() error {
	var err error
	if n.token != "" {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = n.h.store.SignOut(ctx, n.token)
	}
	return errors.Join(err, n.p.Close())
}

// who is the account that a command acts as. Whoever may run commands on the server proves
// with that person's password, and the code of the second factor, that it is this person: the rule of
// two persons would mean nothing if a shell could take anybody's name.
type who struct {
	As      string `placeholder:"ADDRESS" help:"E-mail address of the account that acts. Its password is asked for, then the code of its second factor; without a terminal they are read from standard input, a line each."`
	Session string `placeholder:"FILE" help:"A file that broadcast sign-in wrote, in place of --as."`
}

// open opens the desk for the account.
func (c who) open(ctx context.Context, cfg *Config, io streams) (*newsroom, error) {
	if (c.As == "") == (c.Session == "") {
		return nil, &usageError{"say who acts: --as ADDRESS, or --session FILE"}
	}
	n, err := openNewsroom(ctx, cfg, io)
	if err != nil {
		return nil, err
	}
	var token string
	if c.Session != "" {
		token, err = readSession(c.Session)
	} else if token, err = n.signIn(ctx, c.As); err == nil {
		n.token = token
	}
	if err == nil {
		err = n.enter(ctx, token)
	}
	if err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// enter makes the officer of a sign-in the actor.
func (n *newsroom) enter(ctx context.Context, token string) error {
	s, err := n.h.store.Signed(ctx, token)
	switch {
	case bot.IsCode(err, bot.NotFound):
		return errors.New("this sign-in has ended; use `cchcbot broadcast sign-in` again")
	case err != nil:
		return err
	case s.Stage != bot.StageOpen:
		return errors.New("this account has to set up its second factor first: sign in to the console and follow what it says")
	}
	n.actor = items.Actor{Officer: s.Officer}
	return nil
}

// signIn asks for what proves that the account's owner is here. The token is of an open sign-in.
func (n *newsroom) signIn(ctx context.Context, email string) (string, error) {
	password, err := n.secret("Password of " + email + ": ")
	if err != nil {
		return "", err
	}
	token, stage, err := n.h.store.SignIn(ctx, bot.Credentials{Email: email, Password: password, Client: "shell", Browser: "cchcbot broadcast"})
	if err != nil {
		return "", signInError(err)
	}
	if stage != bot.StageCode {
		return token, nil
	}
	code, err := n.secret("Code from the app: ")
	if err != nil {
		return "", err
	}
	if token, err = n.h.store.Confirm(ctx, token, code); err != nil {
		return "", signInError(err)
	}
	return token, nil
}

func signInError(err error) error {
	var locked *bot.LockedError
	switch {
	case errors.As(err, &locked):
		return fmt.Errorf("too many wrong sign-ins; wait until %s", stamp(locked.Until))
	case errors.Is(err, bot.ErrSignIn):
		return errors.New("the sign-in is wrong: address, password or code, or the account is disabled")
	}
	return err
}

// secret reads a line that the terminal does not show.
func (n *newsroom) secret(prompt string) (string, error) {
	if f, ok := n.io.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(n.io.err, prompt)
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(n.io.err)
		return string(b), err
	}
	line, err := n.lines.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", &usageError{strings.TrimSuffix(prompt, ": ") + " is read from standard input, and there is none"}
	}
	return line, nil
}

// do does one thing to an item, and notes in the audit trail that a command did.
func (n *newsroom) do(ctx context.Context, id int64, c items.Command, dry bool) (it items.Item, err error) {
	err = n.unit(ctx, dry, func(ctx context.Context, w *bot.Work) (_ int64, err error) {
		it, err = n.h.news.Do(ctx, w, id, n.actor, c)
		return id, err
	})
	return it, err
}

// errDry takes back what a dry run did.
var errDry = errors.New("dry run")

// unit runs f in a unit of work and notes who ran the command; a dry run leaves nothing behind.
func (n *newsroom) unit(ctx context.Context, dry bool, f func(ctx context.Context, w *bot.Work) (int64, error)) error {
	err := n.h.works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		id, err := f(ctx, w)
		if err != nil {
			return err
		}
		if dry {
			return errDry
		}
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		return n.h.store.Audit(ctx, tx, n.actor.Ref(), "news.by_command", items.Thing(id), "by command, "+actor())
	})
	if dry && errors.Is(err, errDry) {
		err = nil
	}
	return n.plain(err)
}

// plain puts what people read in the console into plain English for a shell.
func (n *newsroom) plain(err error) error {
	var e *bot.Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Key == "" {
		if e.Code == bot.NotFound {
			return errors.New("there is no such item; `cchcbot broadcast list` shows all")
		}
		return err
	}
	args := map[string]any{}
	for i := 0; i+1 < len(e.Args); i += 2 {
		args[fmt.Sprint(e.Args[i])] = e.Args[i+1]
	}
	text, rerr := n.h.words.Render("en", e.Key, args)
	if rerr != nil {
		return err
	}
	return errors.New(text)
}

// get reads an item for the actor.
func (n *newsroom) get(ctx context.Context, id int64) (items.Item, error) {
	it, err := n.h.news.Get(ctx, id, n.actor)
	return it, n.plain(err)
}

// audience prints who would get an item.
func (n *newsroom) audience(ctx context.Context, it items.Item) error {
	if it.Content.Quiet {
		fmt.Fprintln(n.io.out, "audience: nobody is written to; it only stands in the column")
		return nil
	}
	a, err := n.h.news.Audience(ctx, it)
	if err != nil {
		return n.plain(err)
	}
	fmt.Fprintf(n.io.out, "audience: %d people at once", a.People())
	for _, c := range n.h.channels {
		if m := a.Channels[c.Name()]; m > 0 {
			fmt.Fprintf(n.io.out, ", %s %d", c.Name(), m)
		}
	}
	fmt.Fprintf(n.io.out, "; %d in a digest; %d cannot be reached\n", a.Digest, a.Gone)
	return nil
}

// preview prints an item as every channel would carry it.
func (n *newsroom) preview(ctx context.Context, it items.Item) error {
	list, err := n.h.news.Preview(ctx, it)
	if err != nil {
		return n.plain(err)
	}
	for _, p := range list {
		if p.Lang != words.Langs[0] {
			continue
		}
		fmt.Fprintf(n.io.out, "--- %s\n%s\n", p.Channel, p.Message.Text)
		for _, row := range p.Message.Buttons {
			for _, b := range row {
				fmt.Fprintf(n.io.out, "[%s] ", b.Title)
			}
			fmt.Fprintln(n.io.out)
		}
	}
	return nil
}

// printJSON prints one object.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
