// Command cchcbot answers the people of Hải Dương on administrative procedures
// from the chat app on their phone. `cchcbot serve` runs it; `cchcbot --help`
// lists the rest.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // Asia/Ho_Chi_Minh also where the system has no zones

	"github.com/alecthomas/kong"
)

// vietnam is the time zone of every date a citizen reads. It has had no
// summer time since 1975, so a fixed zone is right even without tzdata.
var vietnam = time.FixedZone("ICT", 7*60*60)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// CLI is the command line.
type CLI struct {
	Config
	ConfigFile string `name:"config" placeholder:"FILE" help:"YAML file with settings, names in lower case."`

	Serve      ServeCmd      `cmd:"" help:"Run the bot: web chat, delivery and jobs."`
	Chat       ChatCmd       `cmd:"" help:"Talk to the bot in this terminal."`
	Ask        AskCmd        `cmd:"" help:"Ask one question, or with - one a line from standard input."`
	Knowledge  KnowledgeCmd  `cmd:"" help:"Import, export, check and measure the knowledge base."`
	Outbox     OutboxCmd     `cmd:"" help:"Messages that wait, are held or were given up."`
	Complaints ComplaintsCmd `cmd:"" help:"Which body a complaint goes to."`
	Broadcast  BroadcastCmd  `cmd:"" help:"News: write, check, approve, send, stop; the same rule of two persons as in the console."`
	Calendar   CalendarCmd   `cmd:"" help:"The calendar of working days: a year, and when a term ends."`
	User       UserCmd       `cmd:"" help:"Accounts of the console: invite, list, roles, one-time links."`
	Zalo       ZaloCmd       `cmd:"" help:"The Zalo Official Account: consent, buttons, chats left to officers."`
	Migrate    MigrateCmd    `cmd:"" help:"Bring the database to this version's schema."`
	Backup     BackupCmd     `cmd:"" help:"Copy the database into one file while the bot runs."`
	Restore    RestoreCmd    `cmd:"" help:"Put a backup into an empty data folder."`
	Doctor     DoctorCmd     `cmd:"" help:"Look at everything the bot needs and say in plain words what to do."`
	Health     HealthCmd     `cmd:"" name:"healthcheck" hidden:"" help:"Ask the running bot whether it lives; exit 0 or 1, for container engines."`
	Docs       DocsCmd       `cmd:"" hidden:"" help:"Write the table of settings for docs/running.md."`
	Version    VersionCmd    `cmd:"" help:"What this is."`
}

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}, os.LookupEnv))
}

// stopSignals ask the program to stop in order. A terminal that was closed is one of
// them: dying of it would break off sends and leave a half-made backup behind. Who started
// the program with nohup wants it to go on.
func stopSignals() []os.Signal {
	asked := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		asked = append(asked, syscall.SIGHUP)
	}
	return asked
}

// exitPanic carries the exit code that kong asks for out of its parser.
type exitPanic int

// run is the whole program with its surroundings handed in.
func run(ctx context.Context, args []string, io streams, lookup func(string) (string, bool)) (code int) {
	defer func() {
		if r := recover(); r != nil {
			exit, ok := r.(exitPanic)
			if !ok {
				panic(r)
			}
			code = int(exit)
		}
	}()
	set, err := newSettings(configPath(args), lookup)
	if err != nil {
		fmt.Fprintln(io.err, "cchcbot:", err)
		return exitUsage
	}
	var cli CLI
	parser, err := kong.New(&cli, kong.Name("cchcbot"),
		kong.Description("Answers citizens on administrative procedures.\n\nWithout any configuration `cchcbot serve` runs on embedded defaults."),
		kong.UsageOnError(), kong.Writers(io.out, io.err), kong.Resolvers(set),
		kong.Exit(func(code int) { panic(exitPanic(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: false, FlagsLast: true}))
	if err != nil {
		fmt.Fprintln(io.err, "cchcbot:", err)
		return exitFailed
	}
	kctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(io.err, "cchcbot: %s\n`cchcbot --help` lists the commands.\n", cleanError(err))
		return exitUsage
	}
	if err := errors.Join(cli.Config.checkData(), cli.Config.Check()); err != nil {
		fmt.Fprintf(io.err, "cchcbot: %s\n", err)
		return exitUsage
	}
	done, err := findData(cli.useOf(commandName(kctx.Selected())), &cli.Config, io.err)
	if err != nil {
		return failed(err, io.err)
	}
	defer func() { _ = done() }() // a folder for temporary files
	kctx.BindTo(ctx, (*context.Context)(nil))
	if err := kctx.Run(&cli.Config, io, parser); err != nil {
		return failed(err, io.err)
	}
	return exitDone
}

// failed says what went wrong, and is the exit code for it.
func failed(err error, w io.Writer) int {
	var usage *usageError
	fmt.Fprintf(w, "cchcbot: %s\n", cleanError(err))
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// usageError is a command line that cannot be carried out as it stands.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// cleanError leaves the value of a variable out of kong's errors: it may be a secret.
func cleanError(err error) string {
	text := err.Error()
	if i := strings.Index(text, " (from envar "); i >= 0 {
		if j := strings.Index(text[i:], "="); j > 0 {
			text = text[:i] + " (from " + strings.TrimPrefix(text[i:i+j], " (from envar ") + ")"
		}
	}
	return text
}

// configPath finds --config before the parser runs, since the file feeds it.
func configPath(args []string) string {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			return v
		}
		if a == "--config" && i+1 < len(args) {
			return args[i+1]
		}
		if a == "--" {
			break
		}
	}
	return ""
}
