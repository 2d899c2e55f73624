package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"cchcbot/bot/sqldb"
	"cchcbot/bot/store"
)

// DoctorCmd is `cchcbot doctor`.
type DoctorCmd struct {
	Full bool `help:"Read the whole database for damage, also its indexes; takes longer."`
	JSON bool `help:"One JSON object for programs."`
}

// Help is the example below --help.
func (DoctorCmd) Help() string {
	return "Example:\n  cchcbot doctor\n\nA line for each thing: OK, LOOK (it works, but look at it) or BAD (it does not work), and what to do.\n" +
		"Exit code 1 when something is BAD. It changes nothing and may run beside the bot."
}

// verdict is what a check came to.
type verdict string

const (
	fine verdict = "OK"
	look verdict = "LOOK"
	bad  verdict = "BAD"
)

// finding is one line of the report. Neither text ever holds a secret or what a citizen wrote.
type finding struct {
	Name    string  `json:"name"`
	Verdict verdict `json:"verdict"`
	Text    string  `json:"text"`
	Do      string  `json:"do,omitempty"` // what helps
}

// doctorCheck looks at one thing. A finding without a name gets that of the check.
type doctorCheck struct {
	name string
	look func(ctx context.Context, p *patient) []finding
}

// checkLimit is how long one check may take.
const checkLimit = 20 * time.Second

// patient is what the checks look at. The first checks open what later ones use.
type patient struct {
	cfg     *Config
	now     func() time.Time
	environ []string // as os.Environ
	known   map[string]bool
	full    bool

	db     *sqldb.DB // nil while there is none that opens
	sound  bool      // it was found whole
	keys   *store.Keys
	store  *store.Store // nil unless it is sound, and schema and key fit
	stats  store.Stats
	alive  bool // a running bot answered
	absent bool // there is no database yet
}

// doctorChecks are all checks in the order of the report: those of this
// program's own parts, and then more, of what is configured.
func doctorChecks(more []doctorCheck) []doctorCheck {
	own := []doctorCheck{
		{"settings", checkSettings},
		{"clock", checkClock},
		{"data folder", checkFolder},
		{"database", checkDatabase},
		{"key", checkKey},
		{"sessions", checkState},
		{"listen", checkListen},
		{"updates", checkUpdates},
		{"messages", checkMessages},
		{"holds", checkHolds},
		{"files", checkFiles},
		{"accounts", checkAccounts},
		{"audit trail", checkAudit},
		{"knowledge", checkKnowledge},
		{"directory", checkDirectory},
		{"calendar", checkCalendar},
		{"complaints", checkComplaints},
		{"public address", checkPublic},
	}
	return append(own, more...)
}

// Run looks at everything and prints the report.
func (c *DoctorCmd) Run(ctx context.Context, cfg *Config, io streams, parser *kong.Kong) error {
	known := map[string]bool{}
	for _, f := range parser.Model.Flags {
		for _, env := range f.Envs {
			known[env], known[env+"_FILE"] = true, true
		}
	}
	p := &patient{cfg: cfg, now: time.Now, environ: os.Environ(), known: known, full: c.Full}
	more, done := configured(ctx, cfg)
	defer done()
	return errors.Join(report(p.examine(ctx, doctorChecks(more)), io.out, c.JSON), p.Close())
}

// examine runs the checks one after the other.
func (p *patient) examine(ctx context.Context, checks []doctorCheck) []finding {
	var all []finding
	for _, c := range checks {
		limited, cancel := context.WithTimeout(ctx, checkLimit)
		found := c.look(limited, p)
		cancel()
		for _, f := range found {
			if f.Name == "" {
				f.Name = c.name
			}
			f.Text, f.Do = hideSecrets(p.cfg, oneLine(f.Text)), hideSecrets(p.cfg, oneLine(f.Do))
			all = append(all, f)
		}
	}
	return all
}

// Close closes what the checks opened.
func (p *patient) Close() error {
	if p.db == nil {
		return nil
	}
	return p.db.Close()
}

// report prints the findings; its error says that something is BAD.
func report(all []finding, w io.Writer, asJSON bool) error {
	count := map[verdict]int{}
	for _, f := range all {
		count[f.Verdict]++
	}
	if asJSON {
		err := json.NewEncoder(w).Encode(struct {
			OK     bool      `json:"ok"`
			Checks []finding `json:"checks"`
		}{count[bad] == 0, all})
		if err != nil {
			return err
		}
	} else {
		for _, f := range all {
			line := fmt.Sprintf("%-5s %-15s %s", f.Verdict, f.Name, f.Text)
			if f.Do != "" {
				line += ". Do: " + f.Do
			}
			fmt.Fprintln(w, line)
		}
		fmt.Fprintf(w, "%d fine, %d to look at, %d bad\n", count[fine], count[look], count[bad])
	}
	switch n := count[bad]; n {
	case 0:
		return nil
	case 1:
		return errors.New("one thing is BAD; see its line")
	default:
		return fmt.Errorf("%d things are BAD; see their lines", n)
	}
}

func isFine(format string, args ...any) []finding {
	return []finding{{Verdict: fine, Text: fmt.Sprintf(format, args...)}}
}

func toLookAt(do, format string, args ...any) []finding {
	return []finding{{Verdict: look, Text: fmt.Sprintf(format, args...), Do: do}}
}

func isBad(do, format string, args ...any) []finding {
	return []finding{{Verdict: bad, Text: fmt.Sprintf(format, args...), Do: do}}
}

// oneLine keeps errors of several lines on the one line that a check has.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// hideSecrets takes the values of secret settings out of a text, in case an
// error of somebody else's code repeats one.
func hideSecrets(cfg *Config, text string) string {
	v := reflect.ValueOf(*cfg)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type.Kind() != reflect.String || !isSecret(f.Tag.Get("env"), v.Field(i).String()) {
			continue
		}
		for secret := range strings.FieldsSeq(v.Field(i).String()) {
			if len(secret) >= 4 {
				text = strings.ReplaceAll(text, secret, "[secret]")
			}
		}
	}
	return text
}

// isSecret goes by the name of a setting, and by a value with a password in an address.
func isSecret(env, value string) bool {
	for _, word := range []string{"KEY", "TOKEN", "SECRET", "PASSWORD"} {
		if strings.Contains(env, word) {
			return true
		}
	}
	scheme, rest, ok := strings.Cut(value, "://")
	return ok && scheme != "" && strings.Contains(rest, "@")
}
