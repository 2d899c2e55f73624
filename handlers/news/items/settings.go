package items

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/knowledge/calendar"
)

// Settings are values by key. All have defaults.
type Settings map[string]string

// The settings.
const (
	KeyQuietFrom  = "quiet_from"   // "21:00": no news from then on …
	KeyQuietTo    = "quiet_to"     // "06:30": … until then; equal to the other: at any hour
	KeyHolidays   = "holidays"     // "no": nothing is scheduled on a holiday; "yes": it is
	KeyDayCap     = "day_cap"      // "4": messages of news a person gets in a day; "0": no cap
	KeyDigestTime = "digest_time"  // "17:00"
	KeyDigestDay  = "digest_day"   // "5": day of the weekly digest, 1 Monday … 7 Sunday
	KeyHeldDays   = "held_days"    // "7": how long an item waits for somebody to write who cannot be written to before
	KeyCheckBy    = "second_check" // "yes": whoever approves is not who checked either
	// What the account's package allows for each follower (Zalo, 2023: 1 a day; 1, 4 or 6 a month by
	// package, https://docs.zaloplatforms.com; to be set to what the package says).
	KeyArticleDay   = "article_day"   // "1": articles a day
	KeyArticleMonth = "article_month" // "1": articles a month
)

func defaults() Settings {
	return Settings{KeyQuietFrom: "21:00", KeyQuietTo: "06:30", KeyHolidays: "no", KeyDayCap: "4", KeyDigestTime: "17:00",
		KeyDigestDay: "5", KeyHeldDays: "7", KeyCheckBy: "no", KeyArticleDay: "1", KeyArticleMonth: "1"}
}

// SettingKeys lists the settings, in the order in which they are shown.
func SettingKeys() []string {
	return []string{KeyQuietFrom, KeyQuietTo, KeyHolidays, KeyDayCap, KeyDigestTime, KeyDigestDay, KeyHeldDays, KeyCheckBy, KeyArticleDay, KeyArticleMonth}
}

// CheckSetting says whether a value is one for the key.
func CheckSetting(key, value string) error {
	number := func(least, most int) bool {
		n, err := strconv.Atoi(value)
		return err == nil && n >= least && n <= most && value == strconv.Itoa(n)
	}
	ok := false
	switch key {
	case KeyQuietFrom, KeyQuietTo, KeyDigestTime:
		_, ok = minutes(value)
	case KeyHolidays, KeyCheckBy:
		ok = value == "yes" || value == "no"
	case KeyDayCap:
		ok = number(0, 50)
	case KeyDigestDay:
		ok = number(1, 7)
	case KeyArticleDay:
		ok = number(0, 10)
	case KeyArticleMonth:
		ok = number(0, 100)
	case KeyHeldDays:
		ok = number(1, 30)
	}
	if !ok {
		return invalid("news.invalid_setting")
	}
	return nil
}

// minutes reads "21:00" as minutes after midnight.
func minutes(s string) (int, bool) {
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil && s == t.Format("15:04")
}

// Int is a setting that is a number.
func (s Settings) Int(key string) int {
	n, err := strconv.Atoi(s[key])
	if err != nil {
		return 0 // checked before it was set
	}
	return n
}

// Yes is a setting that is a yes or no.
func (s Settings) Yes(key string) bool { return s[key] == "yes" }

// Minute is a setting that is a time of the day, in minutes after midnight.
func (s Settings) Minute(key string) int {
	n, _ := minutes(s[key])
	return n
}

// Quiet are the hours without news.
func (s Settings) Quiet() bot.Quiet {
	return bot.Quiet{From: s.Minute(KeyQuietFrom), To: s.Minute(KeyQuietTo)}
}

// settings reads those in force.
func (d *Desk) settings(ctx context.Context, q Reader) (Settings, error) {
	out := maps.Clone(d.opt.Settings)
	err := bot.EachRow(ctx, q, `select key, value from news_settings s where s.id = (select max(x.id) from news_settings x where x.key = s.key)`, nil, func(s bot.Scanner) error {
		var key, value string
		if err := s.Scan(&key, &value); err != nil {
			return err
		}
		if value != "" && CheckSetting(key, value) == nil {
			out[key] = value
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read settings of news: %w", err)
	}
	return out, nil
}

// Settings are those in force.
func (d *Desk) Settings(ctx context.Context) (Settings, error) { return d.settings(ctx, d.opt.Read) }

// Set sets one setting, or back to its default when value is "". Owners may, with the
// decision it rests on. It fails with *bot.Error Denied or Invalid.
func (d *Desk) Set(ctx context.Context, w *bot.Work, a Actor, key, value, reason string) error {
	if !authority(a) {
		return denied("news.denied_action")
	}
	value, reason = strings.TrimSpace(value), strings.TrimSpace(reason)
	if !slices.Contains(SettingKeys(), key) || value != "" && CheckSetting(key, value) != nil {
		return invalid("news.invalid_setting")
	}
	if reason == "" || utf8.RuneCountInString(reason) > maxReason {
		return invalid("news.invalid_reason")
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `insert into news_settings (key, value, since, actor, reason) values ($1, $2, $3, $4, $5)`,
		key, value, bot.Millis(d.opt.Now()), a.Ref(), reason); err != nil {
		return fmt.Errorf("write setting: %w", err)
	}
	return d.opt.Audit(ctx, tx, a.Ref(), "news.setting", "setting:"+key, value)
}

// Setting is one change of a setting; Value "" went back to the default.
type Setting struct {
	Key, Value, Actor, Reason string
	Since                     time.Time
}

// SettingsLog lists the changes of settings, newest first, at most 100.
func (d *Desk) SettingsLog(ctx context.Context) ([]Setting, error) {
	var out []Setting
	err := bot.EachRow(ctx, d.opt.Read, `select key, value, since, actor, reason from news_settings order by id desc limit 100`, nil, func(s bot.Scanner) error {
		var x Setting
		var since int64
		err := s.Scan(&x.Key, &x.Value, &since, &x.Actor, &x.Reason)
		x.Since = bot.FromMillis(since)
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read settings of news: %w", err)
	}
	return out, nil
}

// Fair is the first time from at on that is neither in quiet hours nor on a holiday.
func (d *Desk) Fair(s Settings, at time.Time) time.Time {
	cal := d.opt.Calendar()
	for range 60 { // no holiday is that long
		at = s.Quiet().End(at)
		if s.Yes(KeyHolidays) {
			return at
		}
		if _, off := cal.DayOff(at); !off {
			return at
		}
		y, m, day := at.In(calendar.Zone).Date()
		at = time.Date(y, m, day+1, 0, 0, 0, 0, calendar.Zone)
	}
	return at
}

// Deputy may approve besides those whose office it is.
type Deputy struct {
	ID      int64
	Officer int64
	Named   string // by whom
	Reason  string
	Since   time.Time
	Until   time.Time
	Ended   time.Time // before that; zero: it was not cut short
}

// maxDeputy is how long a deputy may be named for.
const maxDeputy = 366 * 24 * time.Hour

// Governs reports whether an actor names deputies, changes settings and may override quiet hours.
func (d *Desk) Governs(a Actor) bool { return authority(a) }

// NameDeputy lets an officer approve until a time. Owners may.
func (d *Desk) NameDeputy(ctx context.Context, w *bot.Work, a Actor, officer int64, until time.Time, reason string) error {
	reason = strings.TrimSpace(reason)
	now := d.opt.Now()
	switch {
	case !authority(a):
		return denied("news.denied_action")
	case reason == "" || utf8.RuneCountInString(reason) > maxReason:
		return invalid("news.invalid_reason")
	case officer <= 0 || officer == a.Officer.ID || !until.After(now) || until.After(now.Add(maxDeputy)):
		return invalid("news.invalid_deputy")
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `insert into news_deputies (officer, named, reason, since, until) values ($1, $2, $3, $4, $5)`,
		officer, a.Ref(), reason, bot.Millis(now), bot.Millis(until)); err != nil {
		return fmt.Errorf("name deputy: %w", err)
	}
	return d.opt.Audit(ctx, tx, a.Ref(), "news.deputy", bot.Officer{ID: officer}.Actor(), until.In(calendar.Zone).Format(time.DateOnly))
}

// EndDeputy ends a deputy's time.
func (d *Desk) EndDeputy(ctx context.Context, w *bot.Work, a Actor, id int64) error {
	if !authority(a) {
		return denied("news.denied_action")
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, `update news_deputies set ended = $2 where id = $1 and ended = 0`, id, bot.Millis(d.opt.Now()))
	if err != nil {
		return fmt.Errorf("end deputy: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return notFound()
	}
	return d.opt.Audit(ctx, tx, a.Ref(), "news.deputy_ended", "deputy:"+itoa(id), "")
}

// Deputies lists those whose time runs, at most 200.
func (d *Desk) Deputies(ctx context.Context) ([]Deputy, error) { return d.deputies(ctx, d.opt.Read) }

func (d *Desk) deputies(ctx context.Context, q Reader) ([]Deputy, error) {
	return readDeputies(ctx, q, `where ended = 0 and until > $1 order by id limit 200`, bot.Millis(d.opt.Now()))
}

// DeputiesLog lists those whose time is over, newest first, at most 100.
func (d *Desk) DeputiesLog(ctx context.Context) ([]Deputy, error) {
	return readDeputies(ctx, d.opt.Read, `where ended > 0 or until <= $1 order by id desc limit 100`, bot.Millis(d.opt.Now()))
}

func readDeputies(ctx context.Context, q Reader, where string, args ...any) ([]Deputy, error) {
	var out []Deputy
	err := bot.EachRow(ctx, q, `select id, officer, named, reason, since, until, ended from news_deputies `+where, args, func(s bot.Scanner) error {
		var x Deputy
		var since, until, ended int64
		err := s.Scan(&x.ID, &x.Officer, &x.Named, &x.Reason, &since, &until, &ended)
		x.Since, x.Until, x.Ended = bot.FromMillis(since), bot.FromMillis(until), bot.FromMillis(ended)
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read deputies: %w", err)
	}
	return out, nil
}
