// Package calendar keeps the calendar of working days: an administrator enters
// the days off of a year with the decision that orders them, sees before he
// saves which days change and how many open cases are counted again, and can bring
// any earlier revision back. [Live] is the calendar in force.
package calendar

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
	days "cchcbot/knowledge/calendar"
)

//go:embed sql/*.sql
var schemaFiles embed.FS

//go:embed text/*.toml
var textFiles embed.FS

// Line is the name of the package's tables and migrations.
const Line = "calendar"

// Schema is the package's line of migrations, for commands that need no feature.
func Schema() fs.FS {
	sub, err := fs.Sub(schemaFiles, "sql")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// Options is what the calendar needs. Live, Read, Do, Audit and Alert are required.
type Options struct {
	Live *Live
	Read Reader
	// Do runs a unit of work: bot.Works.Do.
	Do func(ctx context.Context, f func(ctx context.Context, w *bot.Work) error) error
	// Audit notes a change in its transaction.
	Audit func(ctx context.Context, tx bot.Tx, actor, action, thing, detail string) error
	// Alert tells whoever runs the program, in English, what needs a person.
	Alert func(ctx context.Context, text string)
	// Affected says of how many open cases a change moves a term, for the page
	// that asks before it saves; nil: of none.
	Affected func(ctx context.Context, old, now *days.Calendar) (int, error)
	// Changed is called in the unit of work that saves a change, with the calendar
	// before and after it: it counts open terms again, or marks them to be counted, within
	// the unit's two seconds. It is called also when no day changed, for a year that is
	// now decided makes dates sure. nil: nobody keeps terms.
	Changed func(ctx context.Context, w *bot.Work, old, now *days.Calendar) error
	// Console renders the pages; nil: the feature has none.
	Console *web.Console
	// Staff names who saved a revision; nil: it is shown as the audit trail has it.
	Staff bot.Staff
	Now   func() time.Time
	Log   *slog.Logger
}

type service struct {
	opt   Options
	views views

	mu   sync.Mutex
	told time.Time // when somebody was last alerted to missing years
}

// Roles are those that look after the calendar.
var roles = []bot.Role{bot.RoleOwner, bot.RoleOperator, bot.RoleController}

// New builds the feature.
func New(o Options) (bot.Feature, error) {
	if o.Live == nil || o.Read == nil || o.Do == nil || o.Audit == nil || o.Alert == nil {
		return bot.Feature{}, errors.New("calendar: Live, Read, Do, Audit and Alert are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &service{opt: o}
	f := bot.Feature{
		Name: Line, Schema: Schema(), Texts: textFiles, Figures: s.figures,
		Jobs: []bot.Job{
			{Name: "calendar.reload", Every: reloadEvery, Run: o.Live.Refresh},
			{Name: "calendar.missing", Every: missingEvery, Run: s.missing},
		},
	}
	if o.Console != nil {
		var err error
		if f.Pages, err = s.pages(); err != nil {
			return bot.Feature{}, err
		}
		f.Nav = []bot.Nav{{Key: "calendar.nav", Path: listPath, Roles: roles}}
	}
	return f, nil
}

// How often the calendar looks whether a year is missing, and how often it
// says so: weekly, and daily in the last month before the year and from then on.
const (
	missingEvery = time.Hour
	remindWeekly = 7 * 24 * time.Hour
	remindDaily  = 24 * time.Hour
	lastDays     = 30
)

// missing alerts to years that have to be entered by now.
func (s *service) missing(ctx context.Context) error {
	now := s.opt.Now()
	years := s.opt.Live.Calendar().MissingSoon(now)
	_, broken := s.opt.Live.Revision()
	if len(years) == 0 && len(broken) == 0 {
		return nil
	}
	wait := remindWeekly
	soon := now.In(days.Zone).AddDate(0, 0, lastDays).Year()
	if len(broken) > 0 || slices.ContainsFunc(years, func(y int) bool { return y <= soon }) {
		wait = remindDaily
	}
	s.mu.Lock()
	due := s.told.IsZero() || now.Sub(s.told) >= wait
	if due {
		s.told = now
	}
	s.mu.Unlock()
	if !due {
		return nil
	}
	var parts []string
	for _, y := range years {
		parts = append(parts, fmt.Sprintf("the calendar of %d is not decided: deadlines that touch it are provisional until it is entered at /console/calendar/%d", y, y))
	}
	for _, y := range broken {
		parts = append(parts, fmt.Sprintf("the calendar of %d as it was entered cannot be read by this version: enter it again at /console/calendar/%d", y, y))
	}
	s.opt.Alert(ctx, strings.Join(parts, "; "))
	return nil
}

// figures are the calendar's numbers on the dashboard, for those who work for
// everything: a single body enters no year.
func (s *service) figures(_ context.Context, _ bot.Period, scope bot.Scope) ([]bot.Figure, error) {
	if scope != (bot.Scope{}) {
		return nil, nil
	}
	n := len(s.opt.Live.Calendar().MissingSoon(s.opt.Now()))
	return []bot.Figure{{Key: "calendar.figure_missing", Value: float64(n), Link: listPath}}, nil
}
