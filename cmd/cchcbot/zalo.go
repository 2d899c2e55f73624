package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/words"
	"cchcbot/bot/zalo"
	"cchcbot/bot/zalobot"
)

// ZaloCmd groups the commands on the Official Account.
type ZaloCmd struct {
	Connect ZaloConnectCmd `cmd:"" help:"Ask the account's administrator for consent, and wait for it."`
	Probe   ZaloProbeCmd   `cmd:"" help:"Try buttons and lists on an officer, and use what the account takes."`
	Quiet   ZaloQuietCmd   `cmd:"" help:"List the chats that are left to a person of the office."`
}

// errNoAccount is told when the settings name no Official Account.
var errNoAccount = &usageError{"no Official Account is set up: ZALO_APP_ID, ZALO_APP_SECRET and ZALO_OA_SECRET are needed; docs/zalo.md says where they stand"}

// openAccount opens the account over the data folder, beside a running bot.
func openAccount(ctx context.Context, cfg *Config, io streams) (*zalo.OA, *data, error) {
	if cfg.ZaloAppID == "" {
		return nil, nil, errNoAccount
	}
	d, err := openRuntime(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return nil, nil, err
	}
	texts, err := words.Load(append([]fs.FS{words.Shared()}, reasonTexts()...)...)
	if err != nil {
		return nil, nil, errors.Join(err, d.Close())
	}
	opt := zaloOptions(cfg, d.store, d.keys)
	opt.Render, opt.Log = texts.Render, cfg.Logger(io.err)
	opt.Alert = func(_ context.Context, text string) { fmt.Fprintln(io.err, text) }
	if cfg.PublicURL != "" {
		opt.RedirectURL = strings.TrimSuffix(cfg.PublicURL, "/") + zaloConsentPath
	}
	oa, err := zalo.New(opt)
	if err != nil {
		return nil, nil, errors.Join(err, d.Close())
	}
	return oa, d, nil
}

// ZaloConnectCmd is `cchcbot zalo connect`.
type ZaloConnectCmd struct {
	Paste bool          `help:"Read the address that the browser came back to from standard input, instead of waiting for the running bot to get it."`
	Wait  time.Duration `default:"30m" help:"How long to wait for the consent."`
}

// Help is the example below --help.
func (ZaloConnectCmd) Help() string {
	return "Examples:\n  cchcbot zalo connect\n  cchcbot zalo connect --paste\n\nThe bot has to run at PUBLIC_URL for the first form. docs/zalo.md shows each screen."
}

// connectLook is how often connect looks whether the consent has come.
const connectLook = time.Second

// Run asks for the consent and waits for it.
func (c *ZaloConnectCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	if cfg.PublicURL == "" {
		return &usageError{"PUBLIC_URL is needed: the consent comes back to PUBLIC_URL" + zaloConsentPath + ", which the app has to name as its callback"}
	}
	oa, d, err := openAccount(ctx, cfg, io)
	if err != nil {
		return err
	}
	defer d.Close()
	before, err := oa.Standing(ctx)
	if err != nil {
		return err
	}
	address, err := oa.Consent(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "The administrator of the Official Account opens this address within 30 minutes, and agrees:\n\n%s\n\n", address)
	if c.Paste {
		err = c.paste(ctx, oa, io)
	} else {
		err = c.wait(ctx, oa, before.Generation, io)
	}
	if err != nil {
		return err
	}
	return c.report(ctx, oa, io.out)
}

func (c *ZaloConnectCmd) paste(ctx context.Context, oa *zalo.OA, io streams) error {
	fmt.Fprintln(io.out, "Then paste the address that the browser shows, and press Enter:")
	line, err := bufio.NewReader(limited(io.in)).ReadString('\n')
	if line = strings.TrimSpace(line); line == "" {
		return errors.Join(errors.New("nothing was pasted"), ignoreEOF(err))
	}
	return oa.Exchange(ctx, line)
}

// maxPaste bounds a pasted address, in bytes.
const maxPaste = 16 << 10

func limited(r io.Reader) io.Reader { return io.LimitReader(r, maxPaste) }

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (c *ZaloConnectCmd) wait(ctx context.Context, oa *zalo.OA, generation int64, io streams) error {
	fmt.Fprintln(io.out, "Waiting for the consent; Ctrl+C stops the waiting. The bot has to run at PUBLIC_URL.")
	ctx, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	tick := time.NewTicker(connectLook)
	defer tick.Stop()
	for {
		s, err := oa.Standing(ctx)
		if err == nil && s.Connected && s.Generation > generation {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("no consent came; run this again, or with --paste when the address PUBLIC_URL" + zaloConsentPath + " cannot be reached")
		case <-tick.C:
		}
	}
}

func (c *ZaloConnectCmd) report(ctx context.Context, oa *zalo.OA, w io.Writer) error {
	a, err := oa.Account(ctx)
	if err != nil {
		return fmt.Errorf("the consent is stored, but Zalo does not say whose it is: %w", err)
	}
	fmt.Fprintf(w, "Connected to %q (%s).\n", a.Name, a.ID)
	if !a.Verified {
		fmt.Fprintln(w, "The account is not verified: most of the API stays closed until it is.")
	}
	return nil
}

// ZaloProbeCmd is `cchcbot zalo probe`.
type ZaloProbeCmd struct {
	User string `required:"" placeholder:"ID" help:"User id of an officer who wrote to the account within 48 hours."`
}

// Help is the example below --help.
func (ZaloProbeCmd) Help() string {
	return "Example:\n  cchcbot zalo probe --user 246845883529197922\n\nTwo messages are sent to that officer, one with a button and one with a list."
}

// Run sends the trial messages.
func (c *ZaloProbeCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	oa, d, err := openAccount(ctx, cfg, io)
	if err != nil {
		return err
	}
	defer d.Close()
	p, err := oa.Probe(ctx, c.User)
	if err != nil {
		return err
	}
	say := func(what string, taken bool, code int) {
		if taken {
			fmt.Fprintf(io.out, "%s: Zalo takes them. Ask the officer whether they are seen on the phone and on the computer.\n", what)
			return
		}
		fmt.Fprintf(io.out, "%s: Zalo refuses them (%d).\n", what, code)
	}
	say("buttons", p.Buttons, p.ButtonsCode)
	say("lists", p.List, p.ListCode)
	switch {
	case cfg.ZaloButtons != zalo.ButtonsAuto:
		fmt.Fprintf(io.out, "ZALO_BUTTONS is %s, so nothing changes.\n", cfg.ZaloButtons)
	case p.Buttons:
		fmt.Fprintln(io.out, "From now on choices are buttons. If nobody sees them, set ZALO_BUTTONS=off.")
	default:
		fmt.Fprintln(io.out, "Choices stay numbered.")
	}
	return nil
}

// ZaloQuietCmd is `cchcbot zalo quiet`.
type ZaloQuietCmd struct {
	JSON bool `help:"One JSON object a line."`
}

// Help is the example below --help.
func (ZaloQuietCmd) Help() string { return "Example:\n  cchcbot zalo quiet --json" }

// Run lists the chats.
func (c *ZaloQuietCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	d, err := openRuntime(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	quiet, err := d.store.ListQuiet(ctx, "", 1000)
	if err != nil {
		return err
	}
	if c.JSON {
		return eachJSON(io.out, quiet)
	}
	if len(quiet) == 0 {
		fmt.Fprintln(io.out, "no chat is left to a person of the office")
		return nil
	}
	tw := tabwriter.NewWriter(io.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "CHANNEL\tTHE BOT IS QUIET UNTIL")
	for _, q := range quiet {
		fmt.Fprintf(tw, "%s\t%s\n", q.Channel, stamp(q.Until))
	}
	return tw.Flush()
}

// readOnly is a vault that doctor looks into and nothing is changed in.
type readOnly struct{ bot.Vault }

var errReadOnly = errors.New("doctor changes nothing")

// SaveSecret fails.
func (readOnly) SaveSecret(context.Context, string, []byte, int64) (int64, error) {
	return 0, errReadOnly
}

// Lease is never had.
func (readOnly) Lease(context.Context, string, string, time.Duration) (bool, error) {
	return false, errReadOnly
}

// oldRefresh is when doctor points at a refresh token that nears its end.
const oldRefresh = 21 * 24 * time.Hour

// zaloFindings looks at the account's consent in the data folder, and asks Zalo
// who the account is.
func zaloFindings(ctx context.Context, p *patient) []finding {
	if p.store == nil {
		return toLookAt("start the bot once, then run `cchcbot zalo connect`", "there is no database yet, so no consent")
	}
	oa, err := zalo.New(zaloOptions(p.cfg, readOnly{p.store}, p.keys))
	if err != nil {
		return isBad("correct the settings; docs/zalo.md says where they come from", "%v", err)
	}
	s, err := oa.Standing(ctx)
	if err != nil {
		return isBad("see whether SECRET_KEY is the one that the database was made with", "%v", err)
	}
	if !s.Connected {
		return isBad("run `cchcbot zalo connect`", "the Official Account has to give its consent (%s); messages are taken in, answers wait", s.Reason)
	}
	var out []finding
	if !s.Pending.IsZero() {
		out = append(out, toLookAt("wait a few minutes and look again; if Zalo refuses then, run `cchcbot zalo connect`",
			"a renewal of the tokens began at %s and had no answer", stamp(s.Pending))...)
	}
	if left := s.Refresh.Sub(p.now()); !s.Refresh.IsZero() && left < oldRefresh {
		out = append(out, toLookAt("keep the bot running; it renews the tokens by itself", "the refresh token ends at %s", stamp(s.Refresh))...)
	}
	a, err := oa.Account(ctx)
	switch {
	case err != nil && !p.alive && !p.now().Before(s.Until):
		out = append(out, toLookAt("start the bot: it renews the token", "the access token ended at %s, and no bot runs that renews it", stamp(s.Until))...)
	case err != nil:
		out = append(out, isBad("see whether this machine reaches Zalo; if it says -216, run `cchcbot zalo connect`", "%v", err)...)
	default:
		out = append(out, isFine("it answers as %q (%s)", a.Name, a.ID)...)
		if !a.Verified {
			out = append(out, toLookAt("have the account verified at oa.zalo.me", "the account is not verified: most of the API stays closed")...)
		}
		if a.Package == "" {
			out = append(out, toLookAt("look at the account's package at oa.zalo.me", "Zalo names no package of the account; messages beyond the free ones may be refused")...)
		}
	}
	out = append(out, zaloDeliveries(ctx, p)...)
	return append(out, zaloButtons(ctx, p.cfg, oa)...)
}

// silentDay is after how long without a message the webhook is looked at.
const silentDay = 24 * time.Hour

// zaloDeliveries looks whether Zalo's deliveries come in, and whether their
// address answers.
func zaloDeliveries(ctx context.Context, p *patient) []finding {
	const steps = "see that the events are switched on and the syntax filter is off (docs/zalo.md, part 3)"
	var out []finding
	var last int64
	err := p.db.Get(ctx, `select coalesce(max(accepted), 0) from inbox where channel = $1`, []any{zalo.Name}, &last)
	switch at := time.UnixMilli(last); {
	case err != nil:
		out = append(out, toLookAt("see the line of the database", "whether messages come in cannot be read")...)
	case last == 0:
		out = append(out, toLookAt(steps, "no message of Zalo has come in yet")...)
	case p.now().Sub(at) > silentDay:
		out = append(out, toLookAt(steps+", if people did write", "the last message of Zalo came in at %s", stamp(at))...)
	default:
		out = append(out, isFine("the last message came in at %s", stamp(at))...)
	}
	if !strings.HasPrefix(p.cfg.PublicURL, "https://") {
		return out
	}
	address := strings.TrimSuffix(p.cfg.PublicURL, "/") + "/zalo/webhook"
	ctx, cancel := context.WithTimeout(ctx, hookTimeout)
	defer cancel()
	if err := reaches(ctx, address); err != nil {
		return append(out, toLookAt("see the name, the certificate and the web server in front; if only this machine cannot reach it, nothing is wrong",
			"%s does not answer from here: %v", address, err)...)
	}
	return append(out, isFine("%s answers", address)...)
}

// hookTimeout is how long the webhook's address may take to answer.
const hookTimeout = 5 * time.Second

// reaches reports whether an address answers 200.
func reaches(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %d", resp.StatusCode)
	}
	return nil
}

func zaloButtons(ctx context.Context, cfg *Config, oa *zalo.OA) []finding {
	if cfg.ZaloButtons != zalo.ButtonsAuto {
		return isFine("ZALO_BUTTONS is %s", cfg.ZaloButtons)
	}
	at, p, err := oa.LastProbe(ctx)
	switch {
	case err != nil:
		return toLookAt("run `cchcbot zalo probe` again", "what the last trial of buttons found cannot be read")
	case at.IsZero():
		return isFine("choices are numbered; `cchcbot zalo probe` tries whether the account may show buttons")
	case p.Buttons:
		return isFine("buttons are shown, since a trial at %s", stamp(at))
	}
	return isFine("choices are numbered: Zalo refused buttons at %s (%d)", stamp(at), p.ButtonsCode)
}

// zalobotFindings asks the Zalo Bot Platform who the bot is and how updates come to it.
func zalobotFindings(ctx context.Context, b *zalobot.Bot) []finding {
	s, err := b.Describe(ctx)
	if err != nil {
		return isBad("correct ZALOBOT_TOKEN and ZALOBOT_API_URL; docs/zalobot.md says where they come from", "%v", err)
	}
	out := isFine("it answers as %q (%s)", s.Name, s.Account)
	if !s.Expected {
		way := "nowhere: the bot has to fetch them"
		if s.Webhook != "" {
			way = s.Webhook
		}
		out = append(out, toLookAt("start the bot: it sets or removes the webhook itself", "Zalo brings messages to %s, which is not what ZALOBOT_MODE says", way)...)
	}
	if !s.Groups {
		out = append(out, toLookAt("switch it on where the bot is set up, if groups are wanted", "the bot may not join groups")...)
	}
	return out
}
