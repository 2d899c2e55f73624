package procedures

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge"
)

// Origin says where an entry's text comes from.
type Origin string

// The origins.
const (
	OriginEmbedded Origin = "embedded" // reviewed entries that ship with the program
	OriginImport   Origin = "import"   // a file an operator imported
	OriginEdited   Origin = "edited"   // changed in the console
)

// Record is a stored entry with its origin.
type Record struct {
	Entry  *knowledge.Entry
	Origin Origin
}

// Reader reads outside a unit of work. *sql.DB implements it.
type Reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// current selects, of each entry, the row that counts at the published revision.
const current = `
  from procedures_entries e
  where e.revision = (select max(x.revision) from procedures_entries x
      where x.code = e.code and x.revision <= (select revision from procedures_published where id = 1))
    and e.body is not null`

// head cuts an entry to what the index and lists need, so that the long texts
// stay on disk until somebody asks for them.
func head(e *knowledge.Entry) *knowledge.Entry {
	h := *e
	h.Documents, h.Steps, h.Methods, h.LegalBasis = nil, nil, nil, nil
	h.Conditions, h.Time, h.Fee = "", "", ""
	return &h
}

// Revision is the number of the published revision; 0 before the first.
func Revision(ctx context.Context, r Reader) (int64, error) {
	var n int64
	err := r.QueryRowContext(ctx, `select revision from procedures_published where id = 1`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("published revision: %w", err)
	}
	return n, nil
}

// Heads reads all published entries without their long texts, in order of code.
func Heads(ctx context.Context, r Reader) ([]*knowledge.Entry, error) {
	rows, err := r.QueryContext(ctx, `select e.head`+current+` order by e.code`)
	if err != nil {
		return nil, fmt.Errorf("published entries: %w", err)
	}
	defer rows.Close()
	var out []*knowledge.Entry
	var raw sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&raw); err != nil {
			return nil, fmt.Errorf("published entries: %w", err)
		}
		e := new(knowledge.Entry)
		if err := json.Unmarshal(raw, e); err != nil {
			return nil, fmt.Errorf("published entries: %w", err)
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// Each calls f with every published entry in full, in order of code.
func Each(ctx context.Context, r Reader, f func(Record) error) error {
	rows, err := r.QueryContext(ctx, `select e.origin, e.body`+current+` order by e.code`)
	if err != nil {
		return fmt.Errorf("published entries: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var rec Record
		var raw sql.RawBytes
		if err := rows.Scan(&rec.Origin, &raw); err != nil {
			return fmt.Errorf("published entries: %w", err)
		}
		rec.Entry = new(knowledge.Entry)
		if err := json.Unmarshal(raw, rec.Entry); err != nil {
			return fmt.Errorf("published entries: %w", err)
		}
		if err := f(rec); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Get reads one published entry in full. It fails with *bot.Error NotFound.
func Get(ctx context.Context, r Reader, code string) (*knowledge.Entry, error) {
	rec, err := GetRecord(ctx, r, code)
	return rec.Entry, err
}

// GetRecord is Get with the entry's origin.
func GetRecord(ctx context.Context, r Reader, code string) (Record, error) {
	var rec Record
	var raw []byte
	err := r.QueryRowContext(ctx, `select e.origin, e.body`+current+` and e.code = $1`, code).Scan(&rec.Origin, &raw)
	if errors.Is(err, sql.ErrNoRows) {
		return Record{}, &bot.Error{Code: bot.NotFound, Detail: "no published procedure of that code"}
	}
	if err != nil {
		return Record{}, fmt.Errorf("procedure: %w", err)
	}
	rec.Entry = new(knowledge.Entry)
	if err := json.Unmarshal(raw, rec.Entry); err != nil {
		return Record{}, fmt.Errorf("procedure: %w", err)
	}
	return rec, nil
}

// Change is one entry to publish.
type Change struct {
	Entry  *knowledge.Entry
	Origin Origin
	New    bool
}

// Publish writes a new revision with the changes and makes it the one that
// counts. It belongs to the caller's transaction: all of it or nothing. With
// no changes it does nothing and returns the revision in force.
func Publish(ctx context.Context, tx bot.Tx, at time.Time, actor, note string, changes []Change) (int64, error) {
	var published, last int64
	err := tx.QueryRowContext(ctx, `select p.revision, coalesce((select max(revision) from procedures_revisions), 0)
		from procedures_published p where p.id = 1`).Scan(&published, &last)
	if err != nil {
		return 0, fmt.Errorf("published revision: %w", err)
	}
	if len(changes) == 0 {
		return published, nil
	}
	// After a rollback the newer revisions are no longer the past of this one.
	for _, table := range []string{"procedures_entries", "procedures_revisions"} {
		if _, err := tx.ExecContext(ctx, `delete from `+table+` where revision > $1`, published); err != nil {
			return 0, fmt.Errorf("clear rolled back revisions: %w", err)
		}
	}
	next := last + 1
	added := 0
	for _, c := range changes {
		h, err := json.Marshal(head(c.Entry))
		if err != nil {
			return 0, fmt.Errorf("entry %s: %w", c.Entry.Code, err)
		}
		b, err := json.Marshal(c.Entry)
		if err != nil {
			return 0, fmt.Errorf("entry %s: %w", c.Entry.Code, err)
		}
		if _, err := tx.ExecContext(ctx, `insert into procedures_entries (code, revision, origin, head, body) values ($1, $2, $3, $4, $5)`,
			c.Entry.Code, next, string(c.Origin), string(h), string(b)); err != nil {
			return 0, fmt.Errorf("store entry %s: %w", c.Entry.Code, err)
		}
		if c.New {
			added++
		}
	}
	if _, err := tx.ExecContext(ctx, `insert into procedures_revisions (revision, published, actor, note, added, changed) values ($1, $2, $3, $4, $5, $6)`,
		next, at.UnixMilli(), actor, note, added, len(changes)-added); err != nil {
		return 0, fmt.Errorf("store revision: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `update procedures_published set revision = $1 where id = 1`, next); err != nil {
		return 0, fmt.Errorf("publish revision: %w", err)
	}
	return next, nil
}

// Seed returns the digest of the embedded content that was last taken in.
func Seed(ctx context.Context, r Reader) (string, error) {
	var seed string
	if err := r.QueryRowContext(ctx, `select seed from procedures_published where id = 1`).Scan(&seed); err != nil {
		return "", fmt.Errorf("seed: %w", err)
	}
	return seed, nil
}

// SetSeed records it.
func SetSeed(ctx context.Context, tx bot.Tx, seed string) error {
	if _, err := tx.ExecContext(ctx, `update procedures_published set seed = $1 where id = 1`, seed); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	return nil
}

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
