package cases

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
)

// record is a case with what only this package sees of it.
type record struct {
	Case
	origin    string // digest of the form's conversation
	holderKey string
	phoneKey  string
	namedKey  string // of the body that the citizen named, also one that is praised: see accuses
	textKey   string
	asked     int // times the citizen was asked to rate
	ranked    int64
	wake      time.Time
}

const columns = `id, code, version, origin, kind, field, subject, place, day, state, resume, lead, desk, bound, officer,
	public, published, proposer, urgent, sensitive, returns, extensions, waits, round, filed, updated, closed,
	on_behalf, filed_by, duplicate, photos, silent, handed, drafter, sent, rating, asked, ranked, wake,
	holder_key, phone_key, named_key, text_key`

func scanRecord(s bot.Scanner) (*record, error) {
	var r record
	var filed, updated, closed, sent, wake int64
	var rating string
	err := s.Scan(&r.ID, &r.Code, &r.Version, &r.origin, &r.Kind, &r.Field, &r.Subject, &r.Place.ID, &r.Day, &r.State, &r.resume,
		&r.Lead, &r.Desk, &r.Bound, &r.Officer, &r.Public, &r.Published, &r.proposer, &r.Urgent, &r.Sensitive,
		&r.Returns, &r.Extensions, &r.Waits, &r.Round, &filed, &updated, &closed, &r.OnBehalf, &r.FiledBy, &r.Duplicate,
		&r.Photos, &r.Silent, &r.Handed, &r.Drafter, &sent, &rating, &r.asked, &r.ranked, &wake,
		&r.holderKey, &r.phoneKey, &r.namedKey, &r.textKey)
	if err != nil {
		return nil, err
	}
	r.Filed, r.Updated, r.Closed = bot.FromMillis(filed), bot.FromMillis(updated), bot.FromMillis(closed)
	r.Sent, r.wake = bot.FromMillis(sent), bot.FromMillis(wake)
	r.Named = r.namedKey != "" && r.Kind.Accuses()
	r.NoChat = r.holderKey == ""
	if r.Rating, err = readRating(rating); err != nil {
		return nil, fmt.Errorf("case %d: %w", r.ID, err)
	}
	return &r, nil
}

// readRating reads a rating as it stands in a row.
func readRating(raw string) (Rating, error) {
	var r Rating
	if raw == "" {
		return r, nil
	}
	if err := json.Unmarshal([]byte(raw), &r); err != nil {
		return r, fmt.Errorf("rating: %w", err)
	}
	return r, nil
}

// load reads one case with its clocks and consulted bodies; nil when there is none.
func load(ctx context.Context, q Reader, where string, args ...any) (*record, error) {
	r, err := scanRecord(q.QueryRowContext(ctx, `select `+columns+` from complaints_cases where `+where, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read case: %w", err)
	}
	if err := complete(ctx, q, []*record{r}); err != nil {
		return nil, err
	}
	return r, nil
}

// write stores a case whose version is one above the stored one, unless quiet.
// It reports false when somebody else was first.
func (r *record) write(ctx context.Context, tx bot.Tx, old int64) (bool, error) {
	rating, err := r.rating()
	if err != nil {
		return false, err
	}
	due, step := r.next()
	res, err := tx.ExecContext(ctx, `update complaints_cases set version = $1, kind = $2, field = $3, subject = $4, place = $5,
		day = $6, state = $7, resume = $8, lead = $9, desk = $10, bound = $11, officer = $12, public = $13, published = $14,
		proposer = $15, urgent = $16, sensitive = $17, returns = $18, extensions = $19, waits = $20, round = $21, updated = $22,
		closed = $23, duplicate = $24, photos = $25, silent = $26, handed = $27, drafter = $28, sent = $29, rating = $30,
		asked = $31, due = $32, step = $33, ranked = $34, wake = $35, holder_key = $36, phone_key = $37, named_key = $38,
		text_key = $39, filed_by = $40, on_behalf = $41, origin = $42, filed = $43 where id = $44 and version = $45`,
		r.Version, r.Kind, r.Field, r.Subject, r.Place.ID, r.Day, r.State, r.resume, r.Lead, r.Desk, bit(r.Bound), r.Officer,
		bit(r.Public), r.Published, r.proposer, bit(r.Urgent), bit(r.Sensitive), r.Returns, r.Extensions, r.Waits, r.Round,
		bot.Millis(r.Updated), bot.Millis(r.Closed), r.Duplicate, r.Photos, bit(r.Silent), bit(r.Handed), r.Drafter, bot.Millis(r.Sent), rating,
		r.asked, due, step, r.rank(), bot.Millis(r.wake), r.holderKey, r.phoneKey, r.namedKey, r.textKey, r.FiledBy, bit(r.OnBehalf),
		r.origin, bot.Millis(r.Filed), r.ID, old)
	if err != nil {
		return false, fmt.Errorf("write case: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("write case: %w", err)
	}
	return n == 1, nil
}

// rating is what the citizen said as a row keeps it, "" when it was nothing.
func (r *record) rating() (string, error) {
	if !r.Rating.Given() && len(r.Rating.Reasons) == 0 {
		return "", nil
	}
	raw, err := json.Marshal(r.Rating)
	if err != nil {
		return "", fmt.Errorf("write rating: %w", err)
	}
	return string(raw), nil
}

// keepRating puts the rating of the round aside, before the next one begins.
func (r *record) keepRating(ctx context.Context, tx bot.Tx) error {
	rating, err := r.rating()
	if err != nil || rating == "" {
		return err
	}
	if _, err := tx.ExecContext(ctx, `insert into complaints_ratings (case_id, round, rating) values ($1, $2, $3)`, r.ID, r.Round, rating); err != nil {
		return fmt.Errorf("keep rating: %w", err)
	}
	return nil
}

// insert stores a new case and sets its number. It reports false when the
// conversation already made one.
func (r *record) insert(ctx context.Context, tx bot.Tx) (bool, error) {
	due, step := r.next()
	err := tx.QueryRowContext(ctx, `insert into complaints_cases (code, version, origin, kind, field, subject, place, day, state, lead,
		desk, public, urgent, sensitive, filed, updated, on_behalf, filed_by, photos, due, step, ranked, holder_key,
		phone_key, named_key, text_key)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)
		on conflict (origin) do nothing returning id`,
		r.Code, r.Version, r.origin, r.Kind, r.Field, r.Subject, r.Place.ID, r.Day, r.State, r.Lead, r.Desk, bit(r.Public),
		bit(r.Urgent), bit(r.Sensitive), bot.Millis(r.Filed), bot.Millis(r.Updated), bit(r.OnBehalf), r.FiledBy, r.Photos, due, step,
		r.rank(), r.holderKey, r.phoneKey, r.namedKey, r.textKey).Scan(&r.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("open case: %w", err)
	}
	return true, nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// next is the clock that ends next, as the row keeps it.
func (r *record) next() (due int64, step Step) {
	if k, ok := r.Next(); ok && r.State.Live() {
		return bot.Millis(k.Due), k.Step
	}
	return 0, ""
}

// farRank is above every time in milliseconds that a clock may have.
const farRank = int64(1) << 52

// rank is the place in lists: what runs, by the end of its next clock; what waits
// without one after that; what ended last of all, newest first.
func (r *record) rank() int64 {
	due, _ := r.next()
	switch {
	case due > 0:
		return due
	case r.State.Live():
		return farRank/2 + bot.Millis(r.Filed)
	}
	return farRank - bot.Millis(r.Updated)
}

// count keeps complaints_counts: a case left one place and came to another.
func count(ctx context.Context, tx bot.Tx, lead string, s State, by int) error {
	_, err := tx.ExecContext(ctx, `insert into complaints_counts (lead, state, n) values ($1, $2, $3)
		on conflict (lead, state) do update set n = complaints_counts.n + excluded.n`, lead, s, by)
	if err != nil {
		return fmt.Errorf("count cases: %w", err)
	}
	return nil
}

// writeJoint stores which bodies are consulted.
func (r *record) writeJoint(ctx context.Context, tx bot.Tx) error {
	if _, err := tx.ExecContext(ctx, `delete from complaints_joint where case_id = $1`, r.ID); err != nil {
		return fmt.Errorf("write consulted bodies: %w", err)
	}
	for _, agency := range r.Joint {
		_, err := tx.ExecContext(ctx, `insert into complaints_joint (case_id, agency) values ($1, $2) on conflict do nothing`, r.ID, agency)
		if err != nil {
			return fmt.Errorf("write consulted bodies: %w", err)
		}
	}
	return nil
}

// Places of sealed values: a value that is copied to another row does not open.
func bodyPlace(code string) string     { return "complaints_bodies.body:" + code }
func identityPlace(code string) string { return "complaints_bodies.identity:" + code }
func holderPlace(code string) string   { return "complaints_bodies.holder:" + code }
func consentPlace(code string) string  { return "complaints_bodies.consent:" + code }
func draftPlace(code string) string    { return "complaints_drafts.body:" + code }
func answerPlace(code string, round int) string {
	return fmt.Sprintf("complaints_answers.body:%s:%d", code, round)
}
func entryPlace(code string, version int64, action Action) string {
	return fmt.Sprintf("complaints_entries.words:%s:%d:%s", code, version, action)
}

// seal writes a value down and seals it.
func (d *Desk) seal(v any, place string) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write down: %w", err)
	}
	sealed, err := d.opt.Sealer.Seal(plain, place)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return sealed, nil
}

// open reads a sealed value; an empty one leaves v as it is.
func (d *Desk) open(sealed []byte, place string, v any) error {
	if len(sealed) == 0 {
		return nil
	}
	plain, err := d.opt.Sealer.Open(sealed, place)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return errors.New("cases: a sealed value cannot be read")
	}
	return nil
}

// column reads one sealed column of a case.
func (d *Desk) column(ctx context.Context, q Reader, r *record, name, place string, v any) error {
	var sealed []byte
	err := q.QueryRowContext(ctx, `select `+name+` from complaints_bodies where case_id = $1`, r.ID).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s of case: %w", name, err)
	}
	if err := d.open(sealed, place, v); err != nil {
		return fmt.Errorf("%s of case %d: %w", name, r.ID, err)
	}
	return nil
}

func (d *Desk) body(ctx context.Context, q Reader, r *record) (Body, error) {
	var b Body
	err := d.column(ctx, q, r, "body", bodyPlace(r.Code), &b)
	return b, err
}

func (d *Desk) writeBody(ctx context.Context, tx bot.Tx, r *record, b Body) error {
	sealed, err := d.seal(b, bodyPlace(r.Code))
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `update complaints_bodies set body = $1 where case_id = $2`, sealed, r.ID); err != nil {
		return fmt.Errorf("write body of case: %w", err)
	}
	return nil
}

func (d *Desk) holder(ctx context.Context, q Reader, r *record) (Holder, error) {
	var h Holder
	err := d.column(ctx, q, r, "holder", holderPlace(r.Code), &h)
	return h, err
}

func (d *Desk) key(kind, value string) string {
	if value == "" {
		return ""
	}
	return d.opt.Sealer.Digest("complaints." + kind + "\x1f" + value)
}
