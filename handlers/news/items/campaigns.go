package items

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/knowledge/calendar"
)

// Medium is a way on which a campaign goes out. The bot is one of many.
type Medium string

// The media of the plan.
const (
	MediumBot         Medium = "bot"         // Zalo, Telegram
	MediumColumn      Medium = "column"      // the column /tin
	MediumPortal      Medium = "portal"      // portals and pages of bodies
	MediumStation     Medium = "station"     // television and radio of the province
	MediumNewspaper   Medium = "newspaper"   // Báo Hải Dương and others
	MediumLoudspeaker Medium = "loudspeaker" // stations of districts and communes
	MediumMeeting     Medium = "meeting"     // conferences, classes
	MediumContest     Medium = "contest"
	MediumPoster      Medium = "poster" // posters, leaflets, notice boards
	MediumOther       Medium = "other"
)

// Media lists the media, in the order in which they are shown.
func Media() []Medium {
	return []Medium{MediumBot, MediumColumn, MediumPortal, MediumStation, MediumNewspaper, MediumLoudspeaker, MediumMeeting, MediumContest, MediumPoster, MediumOther}
}

// Limits of a campaign and of the plan, in letters and in numbers.
const (
	MaxCampaigns     = 2000 // that one list shows
	MaxImport        = 300  // campaigns that are written at once
	maxCampaignTitle = 200
	maxCampaignText  = 2000
	maxCampaignItems = 20
	maxCampaignYears = 3 // from its first to its last day
)

// Campaign is one line of the yearly plan: a message, for whom, how, when, and who sees to it.
type Campaign struct {
	ID       int64     `json:"id,omitempty"`
	Version  int64     `json:"version,omitempty"` // grows with every change
	Title    string    `json:"title"`
	Message  string    `json:"message,omitempty"`
	Audience string    `json:"audience,omitempty"`
	Media    []Medium  `json:"media,omitempty"`
	Starts   time.Time `json:"starts"` // midnight in Vietnam
	Ends     time.Time `json:"ends"`   // the last day
	Body     string    `json:"body"`   // who sees to it, as the plan names them
	Note     string    `json:"note,omitempty"`
	Done     time.Time `json:"done,omitzero"`    // the day; zero while it is not
	Result   string    `json:"result,omitempty"` // what came of it
	Items    []int64   `json:"items,omitempty"`  // items of news that belong to it
	Dropped  bool      `json:"dropped,omitempty"`
}

// Overdue reports whether a campaign should have been done by a time.
func (c Campaign) Overdue(now time.Time) bool {
	return c.Done.IsZero() && !c.Dropped && !now.Before(c.Ends.AddDate(0, 0, 1))
}

// Running reports whether a campaign is under way at a time.
func (c Campaign) Running(now time.Time) bool {
	return c.Done.IsZero() && !c.Dropped && !now.Before(c.Starts) && now.Before(c.Ends.AddDate(0, 0, 1))
}

// Actions on a campaign, as its history names them.
const (
	CampaignAdded    = "added"
	CampaignChanged  = "changed"
	CampaignDone     = "done"
	CampaignReopened = "reopened"
	CampaignDropped  = "dropped"
	CampaignBack     = "back"     // not dropped any more
	CampaignRestored = "restored" // as it was in an earlier version
)

// CampaignEntry is a line of a campaign's history: what it said from then on.
type CampaignEntry struct {
	Version  int64
	At       time.Time
	Action   string
	Actor    string
	Campaign Campaign
}

// CampaignFilter says which campaigns to list; zero values mean any.
type CampaignFilter struct {
	From, To time.Time // that are on between these days, both counted
	Open     bool      // not done
	Dropped  bool      // those that were given up, in place of the others
}

// Planner reports whether an officer may change the plan.
func Planner(o bot.Officer) bool {
	return o.Active && (o.May(bot.RoleEditor, everywhere) || o.May(bot.RoleOwner, everywhere))
}

func planner(a Actor) error {
	if a.System || !Planner(a.Officer) {
		return denied("news.denied_action")
	}
	return nil
}

// reads reports whether an actor may read the plan.
func reads(a Actor) error {
	if !a.System && (!a.Officer.Active || !Contributor(a.Officer)) {
		return denied("news.denied_action")
	}
	return nil
}

// midnight is the day of a time, in Vietnam.
func midnight(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	y, m, d := t.In(calendar.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, calendar.Zone)
}

// check cleans a campaign and says what is wrong with it.
func (c *Campaign) check(clean func(string) string, now time.Time) error {
	for _, f := range []struct {
		text *string
		most int
		key  string
		need bool
	}{
		{&c.Title, maxCampaignTitle, "news.invalid_campaign_title", true}, {&c.Message, maxCampaignText, "news.invalid_campaign_message", false},
		{&c.Audience, maxName, "news.invalid_campaign_audience", false}, {&c.Body, maxName, "news.invalid_campaign_body", true},
		{&c.Note, maxCampaignText, "news.invalid_campaign_note", false}, {&c.Result, maxCampaignText, "news.invalid_campaign_result", false},
	} {
		*f.text = clean(*f.text)
		if n := utf8.RuneCountInString(*f.text); n > f.most || f.need && n == 0 {
			return invalid(f.key, "most", f.most)
		}
	}
	c.Title, c.Body = strings.Join(strings.Fields(c.Title), " "), strings.Join(strings.Fields(c.Body), " ")
	c.Starts, c.Ends, c.Done = midnight(c.Starts), midnight(c.Ends), midnight(c.Done)
	if c.Starts.IsZero() || c.Ends.IsZero() || c.Ends.Before(c.Starts) || c.Ends.After(c.Starts.AddDate(maxCampaignYears, 0, 0)) || c.Starts.Year() < 2000 || c.Ends.Year() > 2100 {
		return invalid("news.invalid_campaign_days")
	}
	if c.Done.After(now) {
		return invalid("news.invalid_campaign_done")
	}
	if c.Done.IsZero() {
		c.Result = ""
	}
	media := slices.Clone(c.Media)
	c.Media = nil
	for _, m := range Media() { // each once, in the order of the list
		if slices.Contains(media, m) {
			c.Media = append(c.Media, m)
		}
	}
	if slices.ContainsFunc(media, func(m Medium) bool { return !slices.Contains(Media(), m) }) || len(c.Media) == 0 {
		return invalid("news.invalid_campaign_media")
	}
	slices.Sort(c.Items)
	c.Items = slices.Compact(c.Items)
	if len(c.Items) > maxCampaignItems {
		return invalid("news.invalid_campaign_items", "most", maxCampaignItems)
	}
	return nil
}

// CheckCampaign says what is wrong with a campaign, before anything is written: *bot.Error Invalid, or nil.
func (d *Desk) CheckCampaign(c Campaign) error { return c.check(d.opt.Clean, d.opt.Now()) }

// SaveCampaign writes a campaign: a new one when its ID is 0, else in place of the version
// that it has. It reports whether anything changed, and fails with *bot.Error Denied, NotFound,
// Invalid, or Conflict when somebody was first.
func (d *Desk) SaveCampaign(ctx context.Context, w *bot.Work, a Actor, c Campaign) (Campaign, bool, error) {
	action := CampaignChanged
	if c.ID == 0 {
		action = CampaignAdded
	}
	return d.saveCampaign(ctx, w, a, c, action)
}

func (d *Desk) saveCampaign(ctx context.Context, w *bot.Work, a Actor, c Campaign, action string) (Campaign, bool, error) {
	if err := planner(a); err != nil {
		return c, false, err
	}
	if err := c.check(d.opt.Clean, d.opt.Now()); err != nil {
		return c, false, err
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return c, false, err
	}
	for _, id := range c.Items {
		if _, err := load(ctx, tx, id); err != nil {
			if bot.IsCode(err, bot.NotFound) {
				err = invalid("news.invalid_campaign_item", "id", id)
			}
			return c, false, err
		}
	}
	if c.ID != 0 {
		before, err := loadCampaign(ctx, tx, c.ID)
		if err != nil {
			return c, false, err
		}
		if before.Version != c.Version {
			return c, false, conflict("news.conflict_changed")
		}
		c.Dropped = before.Dropped
		if sameCampaign(before, c) {
			return before, false, nil
		}
		if action == CampaignChanged {
			action = changeOf(before, c)
		}
	}
	if err := d.writeCampaign(ctx, tx, a, &c, action); err != nil {
		return c, false, err
	}
	return c, true, nil
}

// changeOf names what a change is.
func changeOf(before, now Campaign) string {
	switch {
	case before.Done.IsZero() && !now.Done.IsZero():
		return CampaignDone
	case !before.Done.IsZero() && now.Done.IsZero():
		return CampaignReopened
	}
	return CampaignChanged
}

func sameCampaign(a, b Campaign) bool {
	return a.Title == b.Title && a.Message == b.Message && a.Audience == b.Audience && slices.Equal(a.Media, b.Media) && a.Starts.Equal(b.Starts) && a.Ends.Equal(b.Ends) &&
		a.Body == b.Body && a.Note == b.Note && a.Done.Equal(b.Done) && a.Result == b.Result && slices.Equal(a.Items, b.Items)
}

// DropCampaign gives a campaign up, or takes it back.
func (d *Desk) DropCampaign(ctx context.Context, w *bot.Work, a Actor, id, version int64, drop bool) (Campaign, error) {
	if err := planner(a); err != nil {
		return Campaign{}, err
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return Campaign{}, err
	}
	c, err := loadCampaign(ctx, tx, id)
	switch {
	case err != nil:
		return c, err
	case c.Version != version:
		return c, conflict("news.conflict_changed")
	case c.Dropped == drop:
		return c, conflict("news.conflict_state")
	}
	action := CampaignBack
	if c.Dropped = drop; drop {
		action = CampaignDropped
	}
	return c, d.writeCampaign(ctx, tx, a, &c, action)
}

// RestoreCampaign makes a campaign what it was in an earlier version; that is a change like any other.
func (d *Desk) RestoreCampaign(ctx context.Context, w *bot.Work, a Actor, id, version, restore int64) (Campaign, error) {
	if err := planner(a); err != nil {
		return Campaign{}, err
	}
	history, err := d.CampaignHistory(ctx, id, a)
	if err != nil {
		return Campaign{}, err
	}
	at := slices.IndexFunc(history, func(e CampaignEntry) bool { return e.Version == restore })
	if at < 0 {
		return Campaign{}, notFound()
	}
	c := history[at].Campaign
	c.ID, c.Version = id, version
	c, _, err = d.saveCampaign(ctx, w, a, c, CampaignRestored)
	return c, err
}

// Imported is what became of the rows of an import.
type Imported struct{ Added, Changed, Same int }

// ImportCampaigns writes campaigns that came in a file, all or none: those with an ID in place of the
// version they have, the others as new ones, but for those that the plan has already. The error
// of a row says which by [RowError].
func (d *Desk) ImportCampaigns(ctx context.Context, w *bot.Work, a Actor, list []Campaign) (out Imported, err error) {
	if len(list) > MaxImport {
		return out, invalid("news.invalid_campaign_many", "most", MaxImport)
	}
	for i, c := range list {
		known, err := d.planned(ctx, w, c)
		changed := false
		if err == nil && !known {
			_, changed, err = d.SaveCampaign(ctx, w, a, c)
		}
		switch {
		case err != nil:
			return Imported{}, &RowError{Row: i, Err: err}
		case c.ID == 0 && !known:
			out.Added++
		case changed:
			out.Changed++
		default:
			out.Same++
		}
	}
	return out, nil
}

// planned reports whether the plan has a campaign already that comes without an ID: a file
// that is taken in twice doubles nothing. What became of it since is not in the file.
func (d *Desk) planned(ctx context.Context, w *bot.Work, c Campaign) (found bool, err error) {
	if c.ID != 0 {
		return false, nil
	}
	if err := c.check(d.opt.Clean, d.opt.Now()); err != nil {
		return false, err
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return false, err
	}
	var ids []int64
	err = bot.EachRow(ctx, tx, `select id from news_campaigns where dropped = 0 and starts = $1 and ends = $2 and title = $3 and message = $4 and audience = $5 and body = $6`,
		[]any{dateOf(c.Starts), dateOf(c.Ends), c.Title, c.Message, c.Audience, c.Body}, func(s bot.Scanner) error {
			var id int64
			err := s.Scan(&id)
			ids = append(ids, id)
			return err
		})
	for i := 0; i < len(ids) && err == nil && !found; i++ {
		var old Campaign
		if old, err = loadCampaign(ctx, tx, ids[i]); err == nil {
			found = says(old, c)
		}
	}
	return found, err
}

// says reports whether a campaign says all that a row of a file does; what is empty in the row says nothing.
func says(old, row Campaign) bool {
	return slices.Equal(old.Media, row.Media) && (row.Note == "" || row.Note == old.Note) && (row.Done.IsZero() || row.Done.Equal(old.Done)) &&
		(row.Result == "" || row.Result == old.Result) && (len(row.Items) == 0 || slices.Equal(row.Items, old.Items))
}

// RowError is why the row with this index in a list was refused.
type RowError struct {
	Row int
	Err error
}

func (e *RowError) Error() string { return fmt.Sprintf("row %d: %v", e.Row, e.Err) }

// Unwrap returns the row's own error.
func (e *RowError) Unwrap() error { return e.Err }
