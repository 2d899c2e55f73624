package agencies

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// When mails that gather several cases go out.
const (
	reminderWait  = time.Minute      // reminders of one moment come together meanwhile
	reminderEvery = time.Minute      // how often is looked
	digestAt      = 7*60 + 30        // minutes after midnight, on working days
	digestUntil   = 18 * 60          // a program that was down all day writes tomorrow
	digestEvery   = 5 * time.Minute  // how often is looked
	maxReminders  = 2000             // taken at a time
	maxLines      = 30               // cases that one mail lists
	markDigest    = "complaints.day" // the mark of the last digest
)

func (s *service) jobs() []bot.Job {
	return []bot.Job{
		{Name: "complaints.agency_reminders", Every: reminderEvery, Run: s.sendReminders},
		{Name: "complaints.agency_digest", Every: digestEvery, Run: s.sendDigests},
		{Name: "complaints.agency_clean", Every: time.Hour, Run: s.clean},
	}
}

// clean removes answers that nobody confirmed, and codes that ran out.
func (s *service) clean(ctx context.Context) error {
	now := s.opt.Now()
	return s.opt.Works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `delete from complaints_chat_drafts where created <= $1`, now.Add(-draftTTL).UnixMilli()); err != nil {
			return fmt.Errorf("clear drafts: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `delete from complaints_codes where expires <= $1`, now.UnixMilli()); err != nil {
			return fmt.Errorf("clear codes: %w", err)
		}
		return nil
	})
}

var system = cases.Actor{Kind: cases.System, Via: "job"}

// keepReminder notes a mark that a clock reached; sendReminders puts those of a
// body together, so that a bad morning is one mail.
func (s *service) keepReminder(ctx context.Context, w *bot.Work, e cases.Event) error {
	body := s.holder(e.Case)
	if body == "" || len(rolesFor(e.Reminder)) == 0 {
		return nil
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `insert into complaints_due (case_id, body, reminder, step, due, at) values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
		e.Case.ID, body, string(e.Reminder), string(e.Step), bot.Millis(e.Due), s.opt.Now().UnixMilli())
	if err != nil {
		return fmt.Errorf("keep reminder: %w", err)
	}
	return nil
}

// rolesFor says who hears of a mark; nobody at a body hears of those for citizens.
func rolesFor(r cases.Reminder) []Role {
	switch r {
	case cases.RemindHalf, cases.RemindDay, cases.RemindProgress:
		return hearing
	case cases.RemindDue, cases.RemindOverdue:
		return []Role{Leader, Officer, Counter}
	case cases.RemindEscalate:
		return leading
	}
	return nil
}

type dueRow struct {
	id, caseID int64
	body       string
	reminder   cases.Reminder
	due        time.Time
}

// sendReminders sends what came together, one mail a contact and one message a group.
func (s *service) sendReminders(ctx context.Context) error {
	rows, err := s.dueRows(ctx)
	if err != nil || len(rows) == 0 {
		return err
	}
	bodies := map[string][]dueRow{}
	var order []string
	for _, r := range rows {
		if bodies[r.body] == nil {
			order = append(order, r.body)
		}
		bodies[r.body] = append(bodies[r.body], r)
	}
	var errs []error
	for _, body := range order {
		errs = append(errs, s.remindBody(ctx, body, bodies[body]))
	}
	return errors.Join(errs...)
}

func (s *service) dueRows(ctx context.Context) (out []dueRow, err error) {
	rows, err := s.opt.Read.QueryContext(ctx, `select id, case_id, body, reminder, due from complaints_due where at <= $1 order by at, id limit $2`,
		s.opt.Now().Add(-reminderWait).UnixMilli(), maxReminders)
	if err != nil {
		return nil, fmt.Errorf("read reminders: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r dueRow
		var due int64
		if err := rows.Scan(&r.id, &r.caseID, &r.body, &r.reminder, &due); err != nil {
			return nil, fmt.Errorf("read reminders: %w", err)
		}
		r.due = bot.FromMillis(due)
		out = append(out, r)
	}
	return out, rows.Err()
}

// reminded is a case with the most pressing of its marks.
type reminded struct {
	cases.Case
	mark cases.Reminder
	due  time.Time
}

// pressing orders the marks.
func pressing(r cases.Reminder) int {
	return slices.Index([]cases.Reminder{cases.RemindEscalate, cases.RemindOverdue, cases.RemindDue, cases.RemindProgress, cases.RemindDay, cases.RemindHalf}, r)
}

func (s *service) remindBody(ctx context.Context, body string, rows []dueRow) error {
	var list []reminded
	at := map[int64]int{}
	for _, r := range rows {
		if i, ok := at[r.caseID]; ok {
			if i >= 0 && pressing(r.reminder) < pressing(list[i].mark) {
				list[i].mark, list[i].due = r.reminder, r.due
			}
			continue
		}
		at[r.caseID] = -1
		c, err := s.desk.Get(ctx, r.caseID, system)
		if bot.IsCode(err, bot.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if !c.State.Live() || s.holder(c) != body {
			continue // answered, or gone elsewhere since
		}
		at[r.caseID] = len(list)
		list = append(list, reminded{c, r.reminder, r.due})
	}
	slices.SortStableFunc(list, func(a, b reminded) int { return cmp.Compare(pressing(a.mark), pressing(b.mark)) })
	return s.opt.Works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if _, err := tx.ExecContext(ctx, `delete from complaints_due where id = $1`, r.id); err != nil {
				return fmt.Errorf("remove reminder: %w", err)
			}
		}
		if len(list) == 0 {
			return nil
		}
		if err := s.remindMails(ctx, w, tx, body, list); err != nil {
			return err
		}
		return s.remindGroups(ctx, w, tx, body, list)
	})
}

func (s *service) remindMails(ctx context.Context, w *bot.Work, tx bot.Tx, body string, list []reminded) error {
	if !s.opt.Has(Email) {
		return nil
	}
	lists := map[int64][]reminded{}
	var people []Contact
	add := func(to string, roles []Role, r reminded) error {
		found, err := s.hearers(ctx, tx, to, roles)
		if err != nil {
			return err
		}
		for _, c := range found {
			if lists[c.ID] == nil {
				people = append(people, c)
			}
			lists[c.ID] = append(lists[c.ID], r)
		}
		return nil
	}
	for _, r := range list {
		if err := add(body, rolesFor(r.mark), r); err != nil {
			return err
		}
		// What a leader let lie is the front desk's to ask about.
		if desk := s.frontDesk(); r.mark == cases.RemindEscalate && desk != "" && desk != body {
			if err := add(desk, hearing, r); err != nil {
				return err
			}
		}
	}
	for _, c := range people {
		if c.Verified.IsZero() {
			var waiting []cases.Case
			for _, r := range lists[c.ID] {
				waiting = append(waiting, r.Case)
			}
			s.sendUnconfirmed(w, c, waiting, "")
			continue
		}
		var lines []string
		for _, r := range lists[c.ID] {
			lines = append(lines, s.reminderLine(c, r))
		}
		w.Send(bot.Outgoing{
			To: bot.Address{Channel: Email, Chat: c.Email}, Lang: s.lang(), Thing: "complaints:reminders",
			Reply: bot.Reply{Key: "complaints.agency_mail_reminders", Args: []any{
				"name", c.Name, "body", s.bodyName(body), "count", len(lines), "lines", strings.Join(cutLines(lines), "\n"), "more", max(0, len(lines)-maxLines),
			}},
		})
	}
	return nil
}

func cutLines(lines []string) []string { return lines[:min(len(lines), maxLines)] }

func (s *service) reminderLine(c Contact, r reminded) string {
	url := s.link(c, c.Body, r.ID)
	if c.Body != r.Lead && r.Lead != "" {
		url = "" // the front desk looks at it in the console
	}
	return s.render(s.lang(), "complaints.agency_line_"+string(r.mark), "code", r.Code, "field", s.fieldName(r.Field),
		"place", s.placeName(r.Place.ID), "due", s.weekday(r.due), "url", url, "body", s.bodyName(s.holder(r.Case)))
}

func (s *service) remindGroups(ctx context.Context, w *bot.Work, tx bot.Tx, body string, list []reminded) error {
	groups, err := s.groupsOf(ctx, tx, body)
	if err != nil {
		return err
	}
	for _, g := range groups {
		var lines []string
		for _, r := range list {
			lines = append(lines, s.render(s.lang(), "complaints.agency_line_"+string(r.mark), "code", r.Code, "field", s.fieldName(r.Field),
				"place", s.placeName(r.Place.ID), "due", s.weekday(r.due), "url", "", "body", s.bodyName(body)))
		}
		w.Send(bot.Outgoing{To: g.To, Lang: s.lang(), Thing: "complaints:reminders", Reply: bot.Reply{
			Key: "complaints.agency_group_reminders", Args: []any{"count", len(lines), "lines", strings.Join(cutLines(lines), "\n"), "more", max(0, len(lines)-maxLines)},
		}})
	}
	return nil
}

// sendDigests writes to every leader once a working day, in the morning, if
// there is anything to say.
func (s *service) sendDigests(ctx context.Context) error {
	now := s.opt.Now().In(zone)
	minute := now.Hour()*60 + now.Minute()
	if minute < digestAt || minute >= digestUntil || !s.opt.Calendar().Working(now) || !s.opt.Has(Email) {
		return nil
	}
	today := now.Format(time.DateOnly)
	mark, err := s.mark(ctx, markDigest)
	if err != nil || mark == dayNumber(now) {
		return err
	}
	leaders, err := s.leaders(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, bodies := range leaders { // one that fails keeps no other waiting
		errs = append(errs, s.digestFor(ctx, bodies, today))
	}
	if err := errors.Join(errs...); err != nil {
		return err // looked at again: who has the mail of today gets no second one
	}
	return s.opt.Works.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `insert into complaints_agency_marks (name, at) values ($1, $2) on conflict (name) do update set at = excluded.at`,
			markDigest, dayNumber(now))
		return err
	})
}

func dayNumber(t time.Time) int64 {
	y, m, d := t.Date()
	return int64(y)*10000 + int64(m)*100 + int64(d)
}

func (s *service) mark(ctx context.Context, name string) (int64, error) {
	var at int64
	err := s.opt.Read.QueryRowContext(ctx, `select at from complaints_agency_marks where name = $1`, name).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read mark: %w", err)
	}
	return at, nil
}

// leaders lists the leaders, one entry an address: somebody who leads two bodies
// reads one mail. A leader who is away is stood in for.
func (s *service) leaders(ctx context.Context) ([][]Contact, error) {
	all, err := s.book.All(ctx, "")
	if err != nil {
		return nil, err
	}
	var order []string
	byEmail := map[string][]Contact{}
	seen := map[string]bool{}
	for _, c := range all {
		if c.Role != Leader || !c.Active || seen[c.Body] {
			continue
		}
		seen[c.Body] = true
		people, err := s.book.Of(ctx, s.opt.Read, c.Body, Leader)
		if err != nil {
			return nil, err
		}
		for _, p := range people {
			key := strings.ToLower(p.Email)
			if byEmail[key] == nil {
				order = append(order, key)
			}
			byEmail[key] = append(byEmail[key], p)
		}
	}
	out := make([][]Contact, len(order))
	for i, key := range order {
		out[i] = byEmail[key]
	}
	return out, nil
}

// digestParts in the order in which a leader reads them.
var digestParts = [...]string{"overdue", "today", "check", "new", "waiting"}

func (s *service) digestFor(ctx context.Context, contacts []Contact, today string) error {
	parts, counts := map[string][]string{}, map[string]int{}
	total := 0
	for _, c := range contacts {
		found, err := s.openCases(ctx, c.Body)
		if err != nil {
			return err
		}
		if c.Verified.IsZero() {
			if err := s.digestUnconfirmed(ctx, c, found, today); err != nil {
				return err
			}
			continue
		}
		for _, one := range found {
			part := s.partOf(one)
			if part == "" {
				continue
			}
			total++
			counts[part]++
			if len(parts[part]) < maxLines {
				due, _ := s.dueFor(one)
				parts[part] = append(parts[part], s.render(s.lang(), "complaints.agency_digest_line", "code", one.Code, "field", s.fieldName(one.Field),
					"place", s.placeName(one.Place.ID), "due", due, "url", s.link(c, c.Body, one.ID)))
			}
		}
	}
	if total == 0 {
		return nil
	}
	var text []string
	for _, p := range digestParts {
		if len(parts[p]) == 0 {
			continue
		}
		lines := []string{s.render(s.lang(), "complaints.agency_digest_"+p, "count", counts[p])}
		lines = append(lines, parts[p]...)
		if more := counts[p] - len(parts[p]); more > 0 {
			lines = append(lines, s.render(s.lang(), "complaints.agency_digest_more", "count", more))
		}
		text = append(text, strings.Join(lines, "\n"))
	}
	return s.opt.Works.Do(ctx, func(_ context.Context, w *bot.Work) error {
		w.Send(bot.Outgoing{
			To: bot.Address{Channel: Email, Chat: contacts[0].Email}, Lang: s.lang(), Thing: "complaints:digest",
			Unique: fmt.Sprintf("complaints/digest/%s/%d", today, contacts[0].ID),
			Reply: bot.Reply{Key: "complaints.agency_mail_digest", Args: []any{
				"name", contacts[0].Name, "date", day(s.opt.Now()), "count", total, "parts", strings.Join(text, "\n\n"),
			}},
		})
		return nil
	})
}

// digestUnconfirmed asks a leader whose address nobody confirmed to do so, once a day.
func (s *service) digestUnconfirmed(ctx context.Context, c Contact, found []cases.Case, today string) error {
	found = slices.DeleteFunc(found, func(one cases.Case) bool { return s.partOf(one) == "" })
	if len(found) == 0 {
		return nil
	}
	return s.opt.Works.Do(ctx, func(_ context.Context, w *bot.Work) error {
		s.sendUnconfirmed(w, c, found, fmt.Sprintf("complaints/confirm/%s/%d", today, c.ID))
		return nil
	})
}

// maxOpen is how many open cases of a body a digest looks at, those that end first.
const maxOpen = 1000

// openCases are the cases a body has to act on; for the front desk also those
// that nobody has.
func (s *service) openCases(ctx context.Context, body string) ([]cases.Case, error) {
	states := []cases.State{cases.Forwarded, cases.Accepted, cases.Waiting, cases.Drafted}
	out, err := s.list(ctx, cases.Filter{Agencies: []string{body}, States: states})
	if err != nil || body != s.frontDesk() {
		return out, err
	}
	at, err := s.list(ctx, cases.Filter{AtDesk: true}) // these have no body: none of them is in the list above
	return append(out, at...), err
}

// list reads page after page, at most maxOpen cases.
func (s *service) list(ctx context.Context, f cases.Filter) (out []cases.Case, err error) {
	for f.Limit = 200; len(out) < maxOpen; {
		page, err := s.desk.List(ctx, f)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Cases...)
		if page.Next == "" {
			break
		}
		f.After = page.Next
	}
	return out, nil
}

// partOf says under which heading a digest lists a case, "" for not at all.
func (s *service) partOf(c cases.Case) string {
	now := s.opt.Now()
	tomorrow := endOfDay(now.AddDate(0, 0, 1))
	next, running := c.Next()
	switch {
	case c.State == cases.Waiting:
		return "waiting"
	case running && next.Due.Before(now):
		return "overdue"
	case c.State == cases.Drafted:
		return "check"
	case running && next.Due.Before(tomorrow):
		return "today"
	case c.State == cases.Forwarded || c.State == cases.Received:
		return "new"
	}
	return ""
}

func endOfDay(t time.Time) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, zone)
}
