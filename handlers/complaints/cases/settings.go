package cases

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
)

// settings reads the terms in force and keeps them for May.
func (d *Desk) settings(ctx context.Context, q Reader) (Terms, error) {
	t := maps.Clone(d.opt.Terms)
	err := bot.EachRow(ctx, q, `select s.key, s.value from complaints_settings s
		where s.id = (select max(x.id) from complaints_settings x where x.key = s.key) order by s.id`, nil, func(s bot.Scanner) error {
		var key, value string
		if err := s.Scan(&key, &value); err != nil {
			return err
		}
		switch {
		case value == "": // set back to its default
			if _, ok := d.opt.Terms[key]; !ok {
				delete(t, key)
			}
		case CheckTerm(key, value) == nil: // a setting that a later program dropped is left alone
			t[key] = value
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	d.terms.Store(&t)
	return t, nil
}

// Terms are the settings in force.
func (d *Desk) Terms(ctx context.Context) (Terms, error) { return d.settings(ctx, d.opt.Read) }

// Setting is one value that somebody set.
type Setting struct {
	Key    string
	Value  string // "" set it back to the default
	Since  time.Time
	Actor  string // "staff:12"
	Reason string // the decision it rests on
}

// SetTerm sets one setting, or sets it back to its default when value is "". Clocks that run keep their
// end; the next ones are counted by it. Only an owner or a controller for
// everything may. It fails with *bot.Error Denied or Invalid.
func (d *Desk) SetTerm(ctx context.Context, w *bot.Work, a Actor, key, value, reason string) error {
	if a.Kind != Officer || !a.Officer.May(bot.RoleOwner, bot.Scope{}) && !d.FrontDesk(a.Officer) {
		return denied("complaints.denied_action")
	}
	key, value, reason = strings.TrimSpace(key), strings.TrimSpace(value), strings.TrimSpace(reason)
	if _, ok := spec(key); !ok || value != "" && CheckTerm(key, value) != nil {
		return invalid("complaints.invalid_setting")
	}
	if reason == "" || utf8.RuneCountInString(reason) > maxReason {
		return invalid("complaints.invalid_reason")
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `insert into complaints_settings (key, value, since, actor, reason) values ($1, $2, $3, $4, $5)`,
		key, value, bot.Millis(d.opt.Now()), a.Ref(), reason)
	if err != nil {
		return fmt.Errorf("write setting: %w", err)
	}
	return d.opt.Audit(ctx, tx, a.Ref(), "complaints.setting", "setting:"+key, value)
}

// TermHistory lists what was set, newest first, at most 200; of all settings when key is "".
func (d *Desk) TermHistory(ctx context.Context, key string) ([]Setting, error) {
	var out []Setting
	err := bot.EachRow(ctx, d.opt.Read, `select key, value, since, actor, reason from complaints_settings
		where $1 = '' or key = $1 order by id desc limit 200`, []any{key}, func(s bot.Scanner) error {
		var x Setting
		var since int64
		err := s.Scan(&x.Key, &x.Value, &since, &x.Actor, &x.Reason)
		x.Since = bot.FromMillis(since)
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("history of settings: %w", err)
	}
	return out, nil
}
