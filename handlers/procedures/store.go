package procedures

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
)

// Reader reads outside a unit of work. *sql.DB implements it.
type Reader = entries.Reader

// maxUnknown bounds the questions kept for the curators; the oldest go first.
const maxUnknown = 20_000

func (s *service) keepUnknown(ctx context.Context, t *bot.Turn, question string) error {
	sealed, err := s.opt.Sealer.Seal([]byte(question), unknownAAD)
	if err != nil {
		return fmt.Errorf("seal question: %w", err)
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `insert into procedures_unknown (id, asked, lang, question) values ($1, $2, $3, $4)`,
		t.ID(), t.Now().UnixMilli(), t.Lang(), sealed); err != nil {
		return fmt.Errorf("keep question: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `delete from procedures_unknown where id in
		(select id from procedures_unknown order by id desc limit 1000 offset $1)`, maxUnknown); err != nil {
		return fmt.Errorf("keep question: %w", err)
	}
	return nil
}

// What a sealed value is bound to.
const (
	unknownAAD  = "procedures_unknown/question"
	feedbackAAD = "procedures_feedback/note"
)

func (s *service) keepFeedback(ctx context.Context, t *bot.Turn, code, verdict, note string) error {
	var sealed []byte
	if note != "" {
		var err error
		if sealed, err = s.opt.Sealer.Seal([]byte(note), feedbackAAD); err != nil {
			return fmt.Errorf("seal note: %w", err)
		}
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	// Unique on the turn, so that a repeated turn does not count twice.
	if _, err := tx.ExecContext(ctx, `insert into procedures_feedback (id, given, code, verdict, note, person) values ($1, $2, $3, $4, $5, $6)
		on conflict (id) do nothing`, t.ID(), t.Now().UnixMilli(), code, verdict, sealed, int64(t.Contact.Person)); err != nil {
		return fmt.Errorf("keep feedback: %w", err)
	}
	return nil
}

// Export lists what citizens said of answers, for one person.
func (s *service) export(ctx context.Context, tx bot.Tx, p bot.PersonID) ([]bot.Record, error) {
	rows, err := tx.QueryContext(ctx, `select given, code, verdict, note from procedures_feedback where person = $1 order by given limit 10000`, int64(p))
	if err != nil {
		return nil, fmt.Errorf("export feedback: %w", err)
	}
	defer rows.Close()
	var out []bot.Record
	for rows.Next() {
		var given int64
		var code, verdict string
		var sealed []byte
		if err := rows.Scan(&given, &code, &verdict, &sealed); err != nil {
			return nil, fmt.Errorf("export feedback: %w", err)
		}
		data := map[string]any{"code": code, "verdict": verdict}
		if len(sealed) > 0 {
			note, err := s.opt.Sealer.Open(sealed, feedbackAAD)
			if err != nil {
				return nil, fmt.Errorf("export feedback: %w", err)
			}
			data["note"] = string(note)
		}
		out = append(out, bot.Record{Kind: "procedures_feedback", At: time.UnixMilli(given), Data: data})
	}
	return out, rows.Err()
}

func (s *service) forget(ctx context.Context, tx bot.Tx, p bot.PersonID) error {
	if _, err := tx.ExecContext(ctx, `delete from procedures_feedback where person = $1 and person <> 0`, int64(p)); err != nil {
		return fmt.Errorf("forget feedback: %w", err)
	}
	return nil
}

// Unanswered is a question that the bot could not answer.
type Unanswered struct {
	Asked    time.Time `json:"asked"`
	Lang     string    `json:"lang"`
	Question string    `json:"question"`
}

// EachUnanswered calls f with the latest questions nobody could answer, newest
// first, at most limit. Who asked is not known here.
func EachUnanswered(ctx context.Context, r Reader, sealer bot.Sealer, limit int, f func(Unanswered) error) error {
	rows, err := r.QueryContext(ctx, `select asked, lang, question from procedures_unknown order by id desc limit $1`, limit)
	if err != nil {
		return fmt.Errorf("unanswered questions: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var asked int64
		var u Unanswered
		var sealed []byte
		if err := rows.Scan(&asked, &u.Lang, &sealed); err != nil {
			return fmt.Errorf("unanswered questions: %w", err)
		}
		plain, err := sealer.Open(sealed, unknownAAD)
		if err != nil {
			return fmt.Errorf("unanswered questions: %w", err)
		}
		u.Asked, u.Question = time.UnixMilli(asked), string(plain)
		if err := f(u); err != nil {
			return err
		}
	}
	return rows.Err()
}

// UnansweredAfter calls f with the questions nobody could answer whose rows are above a
// number, oldest first, at most limit.
func UnansweredAfter(ctx context.Context, r Reader, sealer bot.Sealer, after int64, limit int, f func(row int64, at time.Time, question string) error) error {
	return eachSealed(ctx, r, sealer, unknownAAD, `select id, asked, '', '', question from procedures_unknown where id > $1 order by id limit $2`, after, limit,
		func(row int64, at time.Time, _, _, question string) error { return f(row, at, question) })
}

// FeedbackAfter calls f with what citizens said of answers, in rows above a number, oldest first, at
// most limit. Who said it is not told.
func FeedbackAfter(ctx context.Context, r Reader, sealer bot.Sealer, after int64, limit int, f func(row int64, at time.Time, code, verdict, note string) error) error {
	return eachSealed(ctx, r, sealer, feedbackAAD, `select id, given, code, verdict, note from procedures_feedback where id > $1 order by id limit $2`, after, limit, f)
}

func eachSealed(ctx context.Context, r Reader, sealer bot.Sealer, aad, query string, after int64, limit int,
	f func(row int64, at time.Time, a, b, text string) error) (err error) {
	rows, err := r.QueryContext(ctx, query, after, limit)
	if err != nil {
		return fmt.Errorf("what citizens said: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id, at int64
		var a, b string
		var sealed, plain []byte
		if err := rows.Scan(&id, &at, &a, &b, &sealed); err != nil {
			return fmt.Errorf("what citizens said: %w", err)
		}
		if len(sealed) > 0 {
			if plain, err = sealer.Open(sealed, aad); err != nil {
				return fmt.Errorf("what citizens said: %w", err)
			}
		}
		if err := f(id, time.UnixMilli(at), a, b, string(plain)); err != nil {
			return err
		}
	}
	return rows.Err()
}
