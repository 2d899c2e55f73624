package cases

import (
	"context"
	"fmt"
	"time"

	"cchcbot/bot"
)

// hiding seals, hands over and purges a suspected denunciation, and forgets what is kept no longer.
func (t *turn) hiding(ctx context.Context) error {
	switch t.cmd.Action {
	case Seal:
		return t.sealCase(ctx)
	case HandOver:
		if t.cmd.Text == "" {
			return invalid("complaints.invalid_no_text")
		}
		t.r.Handed = true
	case Unseal:
		return t.unseal(ctx)
	case Purge:
		return t.purge(ctx)
	case Anonymize:
		t.r.holderKey, t.r.phoneKey, t.r.Public = "", "", false
		if t.r.Published != "" {
			t.r.Published, t.r.proposer = PublishedNo, ""
		}
		return t.d.blankSender(ctx, t.tx, t.r.ID)
	case DropMedia:
		return t.dropMedia(ctx)
	}
	return nil
}

// dropMedia removes what the citizen sent, a year after the end. What an answer
// shows as evidence stays with the answer, and what is published stays where it is shown.
func (t *turn) dropMedia(ctx context.Context) error {
	t.r.Photos = 0
	t.r.wake = t.r.Closed.AddDate(0, t.terms.Int(KeyKeepMonths), 0)
	if t.r.Published == PublishedYes || t.d.opt.Media == nil {
		return nil
	}
	b, err := t.d.body(ctx, t.tx, t.r)
	if err != nil {
		return err
	}
	ids := b.Media
	for _, a := range b.Added {
		ids = append(ids, a.Media...)
	}
	if len(ids) == 0 { // without ids all would go
		return nil
	}
	return t.d.opt.Media.Discard(ctx, t.tx, Thing(t.r.Code), ids...)
}

// sealCase takes a case out of everything that lists, finds, sends or counts.
// Its text stays sealed for the liaison; what was queued about it goes.
func (t *turn) sealCase(ctx context.Context) error {
	if err := t.needReason(); err != nil {
		return err
	}
	t.r.textKey, t.r.Duplicate = "", ""
	if t.r.Published != "" {
		t.r.Published, t.r.proposer = PublishedNo, ""
	}
	t.r.wake = time.Time{}
	if err := t.toDesk(ctx, ""); err != nil {
		return err
	}
	if err := t.exec(ctx, `delete from complaints_words where case_id = $1`, t.r.ID); err != nil {
		return err
	}
	if err := t.exec(ctx, `update complaints_cases set duplicate = '' where duplicate = $1`, t.r.Code); err != nil {
		return err
	}
	if err := t.shut(ctx, true); err != nil {
		return err
	}
	return t.d.opt.Forget(ctx, t.tx, Thing(t.r.Code), 0)
}

// shut makes the links to photos and files that officers, bodies and channels hold lead
// nowhere, or somewhere again.
func (t *turn) shut(ctx context.Context, shut bool) error {
	if t.d.opt.Media == nil {
		return nil
	}
	return t.d.opt.Media.Shut(ctx, t.tx, Thing(t.r.Code), shut)
}

// unseal: it was no denunciation. It begins at the front desk again.
func (t *turn) unseal(ctx context.Context) error {
	if err := t.needReason(); err != nil {
		return err
	}
	b, err := t.d.body(ctx, t.tx, t.r)
	if err != nil {
		return err
	}
	if err := t.shut(ctx, false); err != nil {
		return err
	}
	t.r.Desk, t.r.Handed, t.r.Closed = DeskKind, false, time.Time{}
	for _, text := range texts(b) {
		if err := t.d.index(ctx, t.tx, t.r.ID, text); err != nil {
			return err
		}
	}
	return nil
}

// purge leaves nothing of a case but that it was, and in which month.
func (t *turn) purge(ctx context.Context) error {
	h, err := t.d.holder(ctx, t.tx, t.r)
	if err != nil {
		return err
	}
	if err := t.discard(ctx); err != nil {
		return err
	}
	if err := t.d.opt.Forget(ctx, t.tx, Thing(t.r.Code), t.contact(h)); err != nil {
		return err
	}
	r, year, month := t.r, t.r.Filed.Year(), t.r.Filed.Month()
	*r = record{Case: Case{ID: r.ID, Code: r.Code, Version: r.Version, State: r.State, Handed: r.Handed,
		Filed: time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)}, origin: fmt.Sprintf("purged:%d", r.ID)}
	t.cmd.Text, t.cmd.Reason, t.entry.Text, t.entry.Reason, t.entry.Name, t.entry.Media = "", "", "", "", "", nil
	t.entry.Shown = false
	// The triggers let a timeline go only when its case is purged.
	t.after = append(t.after, func() error {
		for _, table := range []string{"bodies", "words", "drafts", "reveals", "joint", "clocks", "entries", "answers", "ratings"} {
			if err := t.exec(ctx, `delete from complaints_`+table+` where case_id = $1`, r.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}

// contact is whose words go with a purged case: of a denunciation the sender's,
// for the same words may stand in the inbox; of a case that is kept no longer nobody's.
func (t *turn) contact(h Holder) bot.ContactID {
	if t.old == Sealed {
		return h.Contact
	}
	return 0
}

func (t *turn) exec(ctx context.Context, query string, args ...any) error {
	if _, err := t.tx.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("%s: %w", t.cmd.Action, err)
	}
	return nil
}

func (t *turn) discard(ctx context.Context) error {
	if t.d.opt.Media == nil {
		return nil
	}
	return t.d.opt.Media.Discard(ctx, t.tx, Thing(t.r.Code))
}

// blankSender removes who filed a case.
func (d *Desk) blankSender(ctx context.Context, tx bot.Tx, id int64) error {
	_, err := tx.ExecContext(ctx, `update complaints_bodies set identity = null, holder = null, consent = null where case_id = $1`, id)
	if err != nil {
		return fmt.Errorf("forget sender: %w", err)
	}
	return nil
}

// blankFiler removes from a visitor's case the chat of the officer who filed it. The
// visitor's name, consent and telephone stay: with the telephone he asks how it stands.
func (d *Desk) blankFiler(ctx context.Context, tx bot.Tx, id int64, code string) error {
	r := &record{Case: Case{ID: id, Code: code}}
	h, err := d.holder(ctx, tx, r)
	if err != nil {
		return err
	}
	sealed, err := d.seal(Holder{Lang: h.Lang}, holderPlace(code))
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `update complaints_bodies set holder = $1 where case_id = $2`, sealed, id); err != nil {
		return fmt.Errorf("forget who filed: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `update complaints_cases set holder_key = '' where id = $1`, id); err != nil {
		return fmt.Errorf("forget who filed: %w", err)
	}
	return nil
}

// ForgetPerson removes a citizen from the cases: name, contact and where answers
// go. What was complained about stays with the body that has to answer it, as the law on
// petitions wants; it is not published any more, and never will be, for nobody is left to
// take the permission back. What he filed for visitors stays theirs; only his address goes
// from it. It belongs to the caller's transaction and is a feature's Forget.
func (d *Desk) ForgetPerson(ctx context.Context, tx bot.Tx, p bot.PersonID) error {
	type found struct {
		id       int64
		code     string
		onBehalf bool
	}
	var all []found
	err := bot.EachRow(ctx, tx, `select id, code, on_behalf from complaints_cases where holder_key = $1 order by id`, []any{d.holderKey(p)}, func(s bot.Scanner) error {
		var f found
		err := s.Scan(&f.id, &f.code, &f.onBehalf)
		all = append(all, f)
		return err
	})
	if err != nil {
		return fmt.Errorf("cases of a citizen: %w", err)
	}
	for _, f := range all {
		if f.onBehalf {
			if err := d.blankFiler(ctx, tx, f.id, f.code); err != nil {
				return err
			}
			continue
		}
		if err := d.blankSender(ctx, tx, f.id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `update complaints_cases set holder_key = '', phone_key = '', public = 0, proposer = '',
			published = case when published = '' then '' else 'no' end where id = $1`, f.id); err != nil {
			return fmt.Errorf("forget sender: %w", err)
		}
		for _, l := range d.forgotten {
			if err := l(ctx, tx, f.id, f.code); err != nil {
				return err
			}
		}
		if err := d.opt.Audit(ctx, tx, "citizen", "complaints."+string(Anonymize), Thing(f.code), ""); err != nil {
			return err
		}
	}
	return nil
}

// ExportPerson lists what is kept of a citizen's cases, and of no visitor's for whom he
// filed as an officer; it is a feature's Export.
func (d *Desk) ExportPerson(ctx context.Context, tx bot.Tx, p bot.PersonID) ([]bot.Record, error) {
	records, err := d.many(ctx, tx, `holder_key = $1 and on_behalf = 0 and state not in ('sealed', 'purged') order by id limit 1000`, d.holderKey(p))
	if err != nil {
		return nil, err
	}
	var out []bot.Record
	for _, r := range records {
		b, err := d.body(ctx, tx, r)
		if err != nil {
			return nil, err
		}
		var c Contact
		if err := d.column(ctx, tx, r, "identity", identityPlace(r.Code), &c); err != nil {
			return nil, err
		}
		answers, err := d.answersOf(ctx, tx, r)
		if err != nil {
			return nil, err
		}
		data := map[string]any{"code": r.Code, "kind": r.Kind, "field": r.Field, "place": r.Place.ID, "day": r.Day, "state": r.State,
			"body": b, "contact": c, "public": r.Public, "rating": r.Rating}
		for _, a := range answers {
			data[fmt.Sprintf("answer_%d", a.Round)] = a.Text
			if a.Round < r.Round && (a.Rating.Given() || len(a.Rating.Reasons) > 0) {
				data[fmt.Sprintf("rating_%d", a.Round)] = a.Rating
			}
		}
		out = append(out, bot.Record{Kind: "complaint", At: r.Filed, Data: data})
	}
	return out, nil
}
