package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"cchcbot/bot"
	"cchcbot/bot/sqldb"
	"cchcbot/bot/terminal"
	"cchcbot/knowledge/vietnamese"
)

// ChatCmd is `cchcbot chat`.
type ChatCmd struct {
	User string `default:"terminal" help:"Who talks: each name has a conversation of its own."`
}

// Help is the example below --help.
func (ChatCmd) Help() string {
	return "Example:\n  cchcbot chat --user lan\n\nBeside messages it takes @location LAT LON, @photo, @sticker and @quit."
}

// Run talks until the input ends.
func (c *ChatCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	quiet := *cfg
	if quiet.LogLevel == "info" {
		quiet.LogLevel = "warn"
	}
	log := quiet.Logger(io.err)
	knowledge, err := openData(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer knowledge.Close()
	runtime := knowledge
	unlock, err := sqldb.LockFolder(cfg.Data)
	if errors.Is(err, sqldb.ErrBusy) {
		// A running bot owns the conversations of this folder; talk in one of our own.
		fmt.Fprintln(io.err, "A bot runs on this data: this talk is kept apart and forgotten at the end.")
		folder, terr := os.MkdirTemp("", "cchcbot-chat-")
		if terr != nil {
			return terr
		}
		defer os.RemoveAll(folder)
		own := quiet
		own.Data, own.SecretKey = folder, ""
		if runtime, err = openRuntime(ctx, &own, log); err != nil {
			return err
		}
		defer runtime.Close()
	} else if err != nil {
		return err
	} else {
		defer func() { _ = unlock() }() // the process ends here anyway
	}
	ch, err := terminal.New(terminal.Options{In: io.in, Out: io.out, User: c.User, Clean: vietnamese.Clean})
	if err != nil {
		return err
	}
	h, err := newHouse(ctx, houseOptions{Config: &quiet, Log: log, Data: runtime, Knowledge: knowledge, Channels: only(ch)})
	if err != nil {
		return err
	}
	defer h.Close()
	return h.talk(ctx, ch)
}

// talk runs the bot until the poller ends and everything it took in is answered.
func (h *house) talk(ctx context.Context, ch bot.Poller) error {
	parts, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	var errs [2]error
	running.Go(func() { errs[0] = h.dispatcher.Run(parts) })
	running.Go(func() { errs[1] = h.delivery.Run(parts) })
	err := ch.Poll(ctx, intake{h})
	stop()
	running.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil // Ctrl+C is how a talk ends
	}
	return errors.Join(err, errs[0], errs[1])
}
