package agencies

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"cchcbot/bot"
)

// group is a linked group on a messenger.
type group struct {
	ID      int64
	Body    string
	To      bot.Address
	Linked  time.Time
	Officer int64     // who made the code
	Gone    time.Time // since when the bot is no longer in it
}

// Limits of groups and codes.
const (
	CodeTTL       = 30 * time.Minute
	maxGroups     = 10  // of one body
	maxCodes      = 200 // that wait, of everybody: the last guard
	maxOwnCodes   = 10  // of one officer
	codeLength    = 8
	codeAlphabet  = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789" // 32 letters without look-alikes
	draftTTL      = 24 * time.Hour
	maxDrafts     = 20 // that wait in one chat
	maxAnswerText = 5000
)

func groupPlace(ref string) string { return "complaints_groups/place/" + ref }

func draftPlace(ref string) string { return "complaints_chat_drafts/written/" + ref }

func (s *service) chatKey(a bot.Address) string {
	return s.opt.Sealer.Digest("complaints.group\x1f" + a.Channel + "\x1f" + a.Chat)
}

// groupsOf lists the groups of a body that the bot is in and whose channel runs.
func (s *service) groupsOf(ctx context.Context, r Reader, body string) ([]group, error) {
	all, err := s.queryGroups(ctx, r, `body = $1 and gone = 0`, body)
	if err != nil {
		return nil, err
	}
	out := all[:0]
	for _, g := range all {
		if s.opt.Has(g.To.Channel) {
			out = append(out, g)
		}
	}
	return out, nil
}

// groupAt finds the group of a chat, also one that the bot has left.
func (s *service) groupAt(ctx context.Context, r Reader, at bot.Address) (group, bool, error) {
	found, err := s.queryGroups(ctx, r, `chat_key = $1`, s.chatKey(at))
	if err != nil || len(found) == 0 {
		return group{}, false, err
	}
	return found[0], true, nil
}

func (s *service) queryGroups(ctx context.Context, r Reader, where string, args ...any) (out []group, err error) {
	rows, err := r.QueryContext(ctx, `select id, ref, body, place, linked, officer, gone from complaints_groups where `+where+` order by id`, args...)
	if err != nil {
		return nil, fmt.Errorf("read groups: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var g group
		var ref string
		var sealed []byte
		var linked, gone int64
		if err := rows.Scan(&g.ID, &ref, &g.Body, &sealed, &linked, &g.Officer, &gone); err != nil {
			return nil, fmt.Errorf("read groups: %w", err)
		}
		plain, err := s.opt.Sealer.Open(sealed, groupPlace(ref))
		if err != nil {
			return nil, fmt.Errorf("open group %d: %w", g.ID, err)
		}
		if err := json.Unmarshal(plain, &g.To); err != nil {
			return nil, fmt.Errorf("group %d cannot be read", g.ID)
		}
		g.Linked, g.Gone = bot.FromMillis(linked), bot.FromMillis(gone)
		out = append(out, g)
	}
	return out, rows.Err()
}

// linkGroup links a chat to a body; a chat that was linked before changes over.
func (s *service) linkGroup(ctx context.Context, tx bot.Tx, at bot.Address, body string, officer int64) error {
	var n int
	if err := tx.QueryRowContext(ctx, `select count(*) from complaints_groups where body = $1 and gone = 0`, body).Scan(&n); err != nil {
		return fmt.Errorf("count groups: %w", err)
	}
	if n >= maxGroups {
		return &bot.Error{Code: bot.Invalid, Key: "complaints.agency_group_too_many"}
	}
	ref := bot.NewID()
	sealed, err := s.sealPlace(at, ref)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `insert into complaints_groups (ref, body, channel, chat_key, place, linked, officer, gone)
		values ($1, $2, $3, $4, $5, $6, $7, 0)
		on conflict (chat_key) do update set ref = excluded.ref, body = excluded.body, place = excluded.place, linked = excluded.linked,
			officer = excluded.officer, gone = 0`,
		ref, body, at.Channel, s.chatKey(at), sealed, s.opt.Now().UnixMilli(), officer)
	if err != nil {
		return fmt.Errorf("link group: %w", err)
	}
	return nil
}

// moveGroup writes the new chat of a group down, also with the answers that wait in
// it. Where the new chat was linked meanwhile, that link counts.
func (s *service) moveGroup(ctx context.Context, tx bot.Tx, old, now bot.Address) error {
	if _, err := tx.ExecContext(ctx, `update complaints_chat_drafts set chat_key = $2 where chat_key = $1`, s.chatKey(old), s.chatKey(now)); err != nil {
		return fmt.Errorf("move drafts: %w", err)
	}
	g, ok, err := s.groupAt(ctx, tx, old)
	if err != nil || !ok {
		return err // moved already, or never linked
	}
	if _, linked, err := s.groupAt(ctx, tx, now); err != nil || linked {
		return cmp.Or(err, s.unlinkGroup(ctx, tx, g.ID))
	}
	ref := bot.NewID()
	sealed, err := s.sealPlace(bot.Address{Channel: now.Channel, Chat: now.Chat, Thread: g.To.Thread}, ref)
	if err != nil {
		return err
	}
	// The platform tells of the move where the bot is: it did not leave.
	if _, err := tx.ExecContext(ctx, `update complaints_groups set ref = $2, chat_key = $3, place = $4, gone = 0 where id = $1`, g.ID, ref, s.chatKey(now), sealed); err != nil {
		return fmt.Errorf("move group: %w", err)
	}
	return nil
}

func (s *service) sealPlace(at bot.Address, ref string) ([]byte, error) {
	plain, err := json.Marshal(at)
	if err != nil {
		return nil, fmt.Errorf("write group down: %w", err)
	}
	sealed, err := s.opt.Sealer.Seal(plain, groupPlace(ref))
	if err != nil {
		return nil, fmt.Errorf("seal group: %w", err)
	}
	return sealed, nil
}

// unlinkGroup forgets a group.
func (s *service) unlinkGroup(ctx context.Context, tx bot.Tx, id int64) error {
	if _, err := tx.ExecContext(ctx, `delete from complaints_groups where id = $1`, id); err != nil {
		return fmt.Errorf("unlink group: %w", err)
	}
	return nil
}

// markGone notes that the bot is out of a group, or in it again.
func (s *service) markGone(ctx context.Context, tx bot.Tx, id int64, gone time.Time) error {
	if _, err := tx.ExecContext(ctx, `update complaints_groups set gone = $2 where id = $1`, id, bot.Millis(gone)); err != nil {
		return fmt.Errorf("mark group: %w", err)
	}
	return nil
}

// newCode is eight letters that nobody guesses in half an hour.
func newCode() string {
	b := make([]byte, codeLength)
	rand.Read(b) // never fails: see crypto/rand
	for i := range b {
		b[i] = codeAlphabet[int(b[i])%len(codeAlphabet)]
	}
	return string(b[:4]) + "-" + string(b[4:])
}

// tidyCode brings a typed code into the form of newCode, or returns "".
func tidyCode(text string) string {
	var b strings.Builder
	for _, r := range strings.ToUpper(text) {
		switch {
		case r < 128 && strings.IndexByte(codeAlphabet, byte(r)) >= 0:
			b.WriteRune(r)
		case r == '-' || r == ' ':
		default:
			return ""
		}
		if b.Len() > codeLength {
			return ""
		}
	}
	if b.Len() != codeLength {
		return ""
	}
	return b.String()[:4] + "-" + b.String()[4:]
}

// makeCode makes a one-time code: for a group of the body, or with body "" for
// the officer's own chat. It replaces the one he made before for the same; codes
// that ran out are cleared away. Nobody can use up what others need.
func (s *service) makeCode(ctx context.Context, tx bot.Tx, body string, officer int64) (string, error) {
	now := s.opt.Now()
	if _, err := tx.ExecContext(ctx, `delete from complaints_codes where expires <= $1 or body = $2 and officer = $3`, now.UnixMilli(), body, officer); err != nil {
		return "", fmt.Errorf("clear codes: %w", err)
	}
	var n, own int
	if err := tx.QueryRowContext(ctx, `select count(*), coalesce(sum(case when officer = $1 then 1 else 0 end), 0) from complaints_codes`, officer).Scan(&n, &own); err != nil {
		return "", fmt.Errorf("count codes: %w", err)
	}
	if n >= maxCodes || own >= maxOwnCodes {
		return "", &bot.Error{Code: bot.Invalid, Key: "complaints.agency_code_too_many"}
	}
	code := newCode()
	if _, err := tx.ExecContext(ctx, `insert into complaints_codes (code_key, body, officer, expires) values ($1, $2, $3, $4)`,
		s.codeKey(code), body, officer, now.Add(CodeTTL).UnixMilli()); err != nil {
		return "", fmt.Errorf("keep code: %w", err)
	}
	return code, nil
}

func (s *service) codeKey(code string) string {
	return s.opt.Sealer.Digest("complaints.code\x1f" + code)
}

// useCode takes a code for a group (or for a private chat); it works once. false
// means that there is none like it: unknown, used, too old, or of the other kind.
func (s *service) useCode(ctx context.Context, tx bot.Tx, code string, group bool) (body string, officer int64, ok bool, err error) {
	where := `body = ''`
	if group {
		where = `body <> ''`
	}
	err = tx.QueryRowContext(ctx, `delete from complaints_codes where code_key = $1 and expires > $2 and `+where+` returning body, officer`,
		s.codeKey(code), s.opt.Now().UnixMilli()).Scan(&body, &officer)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", 0, false, nil
	case err != nil:
		return "", 0, false, fmt.Errorf("use code: %w", err)
	}
	return body, officer, true, nil
}

// draft is an answer that waits for its author's "yes".
type draft struct {
	ID      int64
	Case    int64
	Version int64
	Action  string
	Officer int64
	ref     string
	Text    string   `json:"text"`
	Media   []string `json:"media,omitempty"`
}

func draftOwner(ref string) string { return "complaint-draft:" + ref }

// keepDraft keeps an answer until its author confirms it. Only the newest one of
// an author for a case counts.
func (s *service) keepDraft(ctx context.Context, tx bot.Tx, at bot.Address, d draft) (int64, error) {
	key := s.chatKey(at)
	now := s.opt.Now()
	if _, err := tx.ExecContext(ctx, `delete from complaints_chat_drafts where created <= $1 or chat_key = $2 and officer = $3 and case_id = $4`,
		now.Add(-draftTTL).UnixMilli(), key, d.Officer, d.Case); err != nil {
		return 0, fmt.Errorf("clear drafts: %w", err)
	}
	var n int
	if err := tx.QueryRowContext(ctx, `select count(*) from complaints_chat_drafts where chat_key = $1`, key).Scan(&n); err != nil {
		return 0, fmt.Errorf("count drafts: %w", err)
	}
	if n >= maxDrafts {
		return 0, &bot.Error{Code: bot.Invalid, Key: "complaints.agency_group_many_drafts"}
	}
	plain, err := json.Marshal(d)
	if err != nil {
		return 0, fmt.Errorf("write draft down: %w", err)
	}
	sealed, err := s.opt.Sealer.Seal(plain, draftPlace(d.ref))
	if err != nil {
		return 0, fmt.Errorf("seal draft: %w", err)
	}
	var id int64
	err = tx.QueryRowContext(ctx, `insert into complaints_chat_drafts (ref, case_id, version, action, officer, chat_key, written, created)
		values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`,
		d.ref, d.Case, d.Version, d.Action, d.Officer, key, sealed, now.UnixMilli()).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("keep draft: %w", err)
	}
	return id, nil
}

// takeDraft takes a draft away for its author, in the chat in which it was
// written. NotFound when it is somebody else's, sent, dropped or too old.
func (s *service) takeDraft(ctx context.Context, tx bot.Tx, at bot.Address, id, officer int64) (draft, error) {
	d := draft{ID: id, Officer: officer}
	var sealed []byte
	err := tx.QueryRowContext(ctx, `delete from complaints_chat_drafts where id = $1 and chat_key = $2 and officer = $3 and created > $4
		returning ref, case_id, version, action, written`, id, s.chatKey(at), officer, s.opt.Now().Add(-draftTTL).UnixMilli()).
		Scan(&d.ref, &d.Case, &d.Version, &d.Action, &sealed)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return d, &bot.Error{Code: bot.NotFound, Key: "complaints.agency_group_no_draft"}
	case err != nil:
		return d, fmt.Errorf("take draft: %w", err)
	}
	plain, err := s.opt.Sealer.Open(sealed, draftPlace(d.ref))
	if err != nil {
		return d, fmt.Errorf("open draft %d: %w", id, err)
	}
	kept := d
	if err := json.Unmarshal(plain, &d); err != nil {
		return d, fmt.Errorf("draft %d cannot be read", id)
	}
	d.ID, d.Case, d.Version, d.Action, d.Officer, d.ref = kept.ID, kept.Case, kept.Version, kept.Action, kept.Officer, kept.ref
	return d, nil
}
