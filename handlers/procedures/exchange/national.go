package exchange

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
	"cchcbot/knowledge"
)

// Proposal is what a newer record of the national file would change in an entry that was written here.
type Proposal struct {
	Entry *knowledge.Entry
	Note  string // field by field, for the officer
	Key   string // the same record proposes nothing twice
	Keys  []entries.Key
}

// Keys of an entry by what a national record may do to them.
var (
	ours = []string{"code", "kind", "summary", "aliases", "cases", "mistakes", "life_events", "verified_at", "verified_by", "updated"}
	// What an amendment carries, although it was written here.
	amended = []string{"fee", "time"}
	facts   = []string{"name", "status", "replaced_by", "decision", "valid_from", "valid_to"}
)

// Limits of a proposal's note, in letters.
const (
	maxNoteLine = 160
	maxNote     = 1900
)

// Suggest is what a national record would change in base, an entry that was written here; nil when it says nothing
// new since the record before it, or was proposed already. Facts, and what was taken from the record before, become
// those of the record, and so do fee and time when the record changed them: who reviews the proposal writes them plainly. Other
// words that were written here stay, and the note says where the record differs; the day of the data stays too then, for
// old words must not look new.
func (b *Book) Suggest(ctx context.Context, base, national *knowledge.Entry) (*Proposal, error) {
	hash, _, err := digest(national)
	if err != nil {
		return nil, err
	}
	last, lastHash, err := b.last(ctx, base.Code)
	if err != nil || lastHash == hash {
		return nil, err
	}
	p := &Proposal{Entry: entries.Copy(base), Key: "national:" + base.Code + ":" + hash[:32]}
	if proposed, err := b.proposed(ctx, p.Key); err != nil || proposed {
		return nil, err
	}
	newer, look := national.Updated > base.Updated, false
	moved := b.opt.Content.FeeMoved(base, national)
	var lines []string
	for _, k := range entries.Keys() {
		if slices.Contains(ours, k.Name) || k.Same(base, national) || len(k.Rows(national)) == 0 {
			continue
		}
		fact := slices.Contains(facts, k.Name)
		switch {
		case last != nil && k.Same(last, national), last == nil && !fact && !newer:
			continue // as before; or nobody knows what it was, and the words here are younger
		case fact || last != nil && k.Same(last, base):
			k.Set(p.Entry, k.Rows(national))
			lines, err = b.noted(lines, "procedures.exchange_note_taken", k, national)
		case slices.Contains(amended, k.Name) && (last != nil || k.Name == "fee" && moved):
			k.Set(p.Entry, k.Rows(national))
			lines, err = b.noted(lines, "procedures.exchange_note_put", k, national)
		default:
			look = true
			lines, err = b.noted(lines, "procedures.exchange_note_look", k, national)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(lines) == 0 && !newer {
		return nil, nil
	}
	if newer && !look && !b.opt.Content.FeeMoved(p.Entry, national) {
		p.Entry.Updated = national.Updated
	}
	if len(p.Entry.Validate()) > 0 { // a status without what belongs to it: somebody has to look
		p.Entry = entries.Copy(base)
	}
	if p.Note, err = b.opt.Render("procedures.exchange_note_national", map[string]any{"date": day(national.Updated), "lines": strings.Join(lines, "\n")}); err != nil {
		return nil, err
	}
	p.Note, p.Keys = cut(p.Note, maxNote), entries.Compare(base, p.Entry)
	return p, nil
}

func (b *Book) noted(lines []string, text string, k entries.Key, national *knowledge.Entry) ([]string, error) {
	name, err := b.opt.Render("procedures.key_"+k.Name, nil)
	if err != nil {
		return nil, err
	}
	var failed error
	value := said(k, national, func(key string) string {
		words, err := b.opt.Render(key, nil)
		failed = errors.Join(failed, err)
		return words
	})
	line, err := b.opt.Render(text, map[string]any{"key": name, "value": cut(strings.Join(strings.Fields(value), " "), maxNoteLine)})
	return append(lines, line), errors.Join(failed, err)
}

func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

func digest(e *knowledge.Entry) (hash, text string, err error) {
	t, err := json.Marshal(e)
	if err != nil {
		return "", "", fmt.Errorf("digest: %w", err)
	}
	sum := sha256.Sum256(t)
	return hex.EncodeToString(sum[:]), string(t), nil
}

// last is what the national file said before; nil when nobody kept it.
func (b *Book) last(ctx context.Context, code string) (*knowledge.Entry, string, error) {
	var hash, text string
	err := b.opt.Read.QueryRowContext(ctx, `select hash, body from procedures_national where code = $1`, code).Scan(&hash, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("read record: %w", err)
	}
	e := new(knowledge.Entry)
	if err := json.Unmarshal([]byte(text), e); err != nil {
		return nil, "", fmt.Errorf("read record: %w", err)
	}
	return e, hash, nil
}

func (b *Book) proposed(ctx context.Context, key string) (bool, error) {
	var n int
	if err := b.opt.Read.QueryRowContext(ctx, `select count(*) from procedures_drafts where source_key = $1`, key).Scan(&n); err != nil {
		return false, fmt.Errorf("look for a proposal: %w", err)
	}
	return n > 0, nil
}

// Compare proposes what a national record would change in the entry of its code, if anything, and keeps the record for
// the next time. It reports whether something was proposed. Call it when what the file changes at once is published.
func (b *Book) Compare(ctx context.Context, national *knowledge.Entry) (bool, error) {
	base, err := b.opt.Desk.Current(ctx, national.Code)
	if err != nil {
		return false, err
	}
	p, err := b.Suggest(ctx, base, national)
	if err != nil {
		return false, err
	}
	source, err := b.opt.Render("procedures.exchange_source", nil)
	if err != nil {
		return false, err
	}
	hash, text, err := digest(national)
	if err != nil {
		return false, err
	}
	return p != nil, b.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		if p != nil {
			if _, err := b.opt.Desk.Propose(ctx, w, p.Entry, source, p.Note, p.Key); err != nil {
				return err
			}
		}
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `insert into procedures_national (code, hash, body) values ($1, $2, $3) on conflict (code) do update set hash = excluded.hash, body = excluded.body`,
			national.Code, hash, text); err != nil {
			return fmt.Errorf("keep record: %w", err)
		}
		return nil
	})
}

// Would reports whether Compare would propose something, and changes nothing.
func (b *Book) Would(ctx context.Context, national *knowledge.Entry) (bool, error) {
	base, err := b.opt.Desk.Current(ctx, national.Code)
	if err != nil {
		return false, err
	}
	p, err := b.Suggest(ctx, base, national)
	return p != nil, err
}

// Ahead proposes what a file says of an entry from a day to come on. It reports whether that was new.
func (b *Book) Ahead(ctx context.Context, e *knowledge.Entry) (bool, error) {
	p, err := b.ahead(ctx, e)
	if err != nil || p == nil {
		return false, err
	}
	source, err := b.opt.Render("procedures.exchange_source", nil)
	if err != nil {
		return false, err
	}
	return true, b.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		_, err := b.opt.Desk.Propose(ctx, w, p.Entry, source, p.Note, p.Key)
		return err
	})
}

// WouldAhead reports whether Ahead would propose something, and changes nothing.
func (b *Book) WouldAhead(ctx context.Context, e *knowledge.Entry) (bool, error) {
	p, err := b.ahead(ctx, e)
	return p != nil, err
}

// ahead is the proposal of Ahead; nil when it is no news, or was proposed already.
func (b *Book) ahead(ctx context.Context, e *knowledge.Entry) (*Proposal, error) {
	base, err := b.opt.Desk.Current(ctx, e.Code)
	if err != nil {
		return nil, err
	}
	hash, _, err := digest(e)
	if err != nil {
		return nil, err
	}
	p := &Proposal{Entry: e, Key: "ahead:" + e.Code + ":" + hash[:32], Keys: entries.Compare(base, e)}
	if proposed, err := b.proposed(ctx, p.Key); err != nil || proposed || len(p.Keys) == 0 {
		return nil, err
	}
	day := entries.Day(e)
	if d, err := time.Parse(time.DateOnly, day); err == nil {
		day = d.Format("02/01/2006")
	}
	p.Note, err = b.opt.Render("procedures.exchange_note_ahead", map[string]any{"day": day})
	return p, err
}

// Gone lists the entries that were written here, are in force, and whose code a national file of these codes lacks. whole
// is false when the file holds less than half of what is published: then it is a part, and says nothing of the rest.
func (b *Book) Gone(ctx context.Context, codes func(string) bool) (gone []*knowledge.Entry, whole bool, err error) {
	all, there := 0, 0
	err = entries.Each(ctx, b.opt.Read, func(r entries.Record) error {
		if r.Entry.Kind != knowledge.Procedure {
			return nil // no procedure of the national database
		}
		all++
		switch {
		case codes(r.Entry.Code):
			there++
		case r.Entry.Status.InForce() && (r.Origin != entries.OriginImport || b.opt.Content.Curated(r.Entry)):
			gone = append(gone, r.Entry)
		}
		return nil
	})
	return gone, 2*there >= all, err
}

// Abolish proposes that an entry is abolished because the national file does not have it any more. It reports whether
// that was new.
func (b *Book) Abolish(ctx context.Context, code string) (bool, error) {
	base, err := b.opt.Desk.Current(ctx, code)
	if err != nil {
		return false, err
	}
	hash, _, err := digest(base)
	if err != nil {
		return false, err
	}
	key := "gone:" + code + ":" + hash[:32]
	if proposed, err := b.proposed(ctx, key); err != nil || proposed {
		return false, err
	}
	next := entries.Copy(base)
	next.Status = knowledge.Abolished
	source, err := b.opt.Render("procedures.exchange_source", nil)
	if err != nil {
		return false, err
	}
	note, err := b.opt.Render("procedures.exchange_note_gone", nil)
	if err != nil {
		return false, err
	}
	return true, b.opt.Do(ctx, func(ctx context.Context, w *bot.Work) error {
		_, err := b.opt.Desk.Propose(ctx, w, next, source, note, key)
		return err
	})
}
