package cases

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"cchcbot/bot"
)

// answerText is the sealed part of an answer and of one under way.
type answerText struct {
	Text  string    `json:"text"`
	Check Checklist `json:"check"`
	Media []string  `json:"media,omitempty"`
	Name  string    `json:"name,omitempty"` // of who wrote it
	// NoEvidence is why there is no photo although the field wants one.
	NoEvidence string `json:"no_evidence,omitempty"`
}

// answering writes, submits, approves and sends back an answer.
func (t *turn) answering(ctx context.Context) error {
	switch t.cmd.Action {
	case DraftAnswer:
		if err := t.needText(); err != nil {
			return err
		}
		t.entry.Text, t.entry.Reason, t.entry.Media = "", "", nil // the timeline says that, not what: it may still change
		return t.keepDraft(ctx)
	case Reject:
		if t.r.Drafter != t.actor.Ref() {
			if err := t.needReason(); err != nil {
				return err
			}
		}
		_, err := t.tx.ExecContext(ctx, `update complaints_drafts set submitted = 0 where case_id = $1`, t.r.ID)
		return err
	case Approve:
		if t.cmd.Text != "" {
			return invalid("complaints.invalid_approve_text")
		}
	case Submit:
		if t.cmd.Text != "" {
			if err := t.keepDraft(ctx); err != nil {
				return err
			}
		}
		t.entry.Text, t.entry.Media = "", nil
	}
	p, err := t.d.pending(ctx, t.tx, t.r)
	if err != nil {
		return err
	}
	if t.cmd.Action == Submit && t.cmd.Text == "" && t.cmd.Reason != p.NoEvidence {
		p.NoEvidence = t.cmd.Reason
		if err := t.excuse(ctx, p); err != nil {
			return err
		}
	}
	if err := t.complete(p); err != nil {
		return err
	}
	if t.rule.To != Answered {
		_, err := t.tx.ExecContext(ctx, `update complaints_drafts set submitted = 1 where case_id = $1`, t.r.ID)
		return err
	}
	return t.send(ctx, p)
}

// keepDraft stores the answer under way.
func (t *turn) keepDraft(ctx context.Context) error {
	a := answerText{Text: t.cmd.Text, Check: t.cmd.Check, Media: t.cmd.Media, Name: t.actor.Officer.Name, NoEvidence: t.cmd.Reason}
	sealed, err := t.d.seal(a, draftPlace(t.r.Code))
	if err != nil {
		return err
	}
	_, err = t.tx.ExecContext(ctx, `insert into complaints_drafts (case_id, ref, updated, submitted, body) values ($1, $2, $3, 0, $4)
		on conflict (case_id) do update set ref = excluded.ref, updated = excluded.updated, submitted = 0, body = excluded.body`,
		t.r.ID, t.actor.Ref(), bot.Millis(t.now), sealed)
	if err != nil {
		return fmt.Errorf("keep draft: %w", err)
	}
	t.r.Drafter, t.added = t.actor.Ref(), t.cmd.Media
	return nil
}

// excuse keeps with the draft why it has no photo: the second person reads it.
func (t *turn) excuse(ctx context.Context, p Pending) error {
	sealed, err := t.d.seal(answerText{Text: p.Text, Check: p.Check, Media: p.Media, Name: p.Name, NoEvidence: p.NoEvidence}, draftPlace(t.r.Code))
	if err != nil {
		return err
	}
	if _, err = t.tx.ExecContext(ctx, `update complaints_drafts set body = $1 where case_id = $2`, sealed, t.r.ID); err != nil {
		return fmt.Errorf("keep draft: %w", err)
	}
	return nil
}

// complete checks what an answer has to have.
func (t *turn) complete(p Pending) error {
	c := p.Check
	switch {
	case p.Text == "":
		return invalid("complaints.invalid_no_answer")
	case !c.EveryPoint:
		return invalid("complaints.invalid_check_points")
	case t.r.Kind.Identified() && (!c.Basis || c.BasisText == ""):
		return invalid("complaints.invalid_check_basis")
	case t.r.Kind != Praise && !c.NextStep:
		return invalid("complaints.invalid_check_next")
	case t.r.Kind == Scene && t.terms.lists("evidence_fields", t.r.Field) && (!c.Evidence || len(p.Media) == 0) && p.NoEvidence == "":
		return invalid("complaints.invalid_check_evidence")
	}
	return nil
}

// send makes the draft the answer of the round.
func (t *turn) send(ctx context.Context, p Pending) error {
	late := false // of any clock of the round: who waited too long did, whatever began anew since
	for _, k := range t.r.Clocks {
		if k.Step == StepAnswer {
			late = late || k.Late || k.Stopped.IsZero() && t.now.After(k.Due)
		}
	}
	sealed, err := t.d.seal(answerText{Text: p.Text, Check: p.Check, Media: p.Media}, answerPlace(t.r.Code, t.r.Round))
	if err != nil {
		return err
	}
	_, err = t.tx.ExecContext(ctx, `insert into complaints_answers (case_id, round, agency, drafted, approved, one_person, sent, late, body)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.r.ID, t.r.Round, t.r.Lead, p.By, t.actor.Ref(), bit(p.By == t.actor.Ref()), bot.Millis(t.now), bit(late), sealed)
	if err != nil {
		return fmt.Errorf("keep answer: %w", err)
	}
	t.entry.Text, t.entry.Media = p.Text, p.Media
	t.r.Sent, t.r.asked = t.now, 0
	t.r.wake = t.now.AddDate(0, 0, t.terms.Int(KeyRateAfter))
	return t.dropDraft(ctx, false)
}

// pending reads the answer under way.
func (d *Desk) pending(ctx context.Context, q Reader, r *record) (Pending, error) {
	var p Pending
	var updated int64
	var sealed []byte
	err := q.QueryRowContext(ctx, `select ref, updated, submitted, body from complaints_drafts where case_id = $1`, r.ID).
		Scan(&p.By, &updated, &p.Submitted, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return Pending{}, invalid("complaints.invalid_no_answer")
	}
	if err != nil {
		return Pending{}, fmt.Errorf("read draft: %w", err)
	}
	var a answerText
	if err := d.open(sealed, draftPlace(r.Code), &a); err != nil {
		return Pending{}, fmt.Errorf("draft of case %d: %w", r.ID, err)
	}
	p.Text, p.Check, p.Media, p.Name, p.Updated, p.NoEvidence = a.Text, a.Check, a.Media, a.Name, bot.FromMillis(updated), a.NoEvidence
	return p, nil
}

// answersOf reads every answer that was sent, oldest first.
func (d *Desk) answersOf(ctx context.Context, q Reader, r *record) ([]Answer, error) {
	var out []Answer
	err := bot.EachRow(ctx, q, `select a.round, a.agency, a.drafted, a.approved, a.one_person, a.sent, a.late, a.body, coalesce(x.rating, '')
		from complaints_answers a left join complaints_ratings x on x.case_id = a.case_id and x.round = a.round
		where a.case_id = $1 order by a.round`, []any{r.ID}, func(s bot.Scanner) error {
		var a Answer
		var sent int64
		var sealed []byte
		var rating string
		if err := s.Scan(&a.Round, &a.Agency, &a.Drafted, &a.Approved, &a.OnePerson, &sent, &a.Late, &sealed, &rating); err != nil {
			return err
		}
		var err error
		if a.Rating, err = readRating(rating); err != nil {
			return err
		}
		if a.Round == r.Round {
			a.Rating = r.Rating
		}
		var text answerText
		if err := d.open(sealed, answerPlace(r.Code, a.Round), &text); err != nil {
			return err
		}
		a.Text, a.Check, a.Media, a.Sent = text.Text, text.Check, text.Media, bot.FromMillis(sent)
		out = append(out, a)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("answers of case %d: %w", r.ID, err)
	}
	return out, nil
}

// publishing proposes, confirms and takes back; the public text itself is the register's.
func (t *turn) publishing() error {
	r := t.r
	switch t.cmd.Action {
	case PublishPropose:
		r.Published, r.proposer = PublishedProposed, t.actor.Ref()
	case PublishConfirm:
		r.Published = PublishedYes
	case PublishDecline:
		if err := t.needReason(); err != nil {
			return err
		}
		r.Published, r.proposer = PublishedNo, ""
	case Consent:
		if t.cmd.Public != "yes" && t.cmd.Public != "no" {
			return invalid("complaints.invalid_command")
		}
		r.Public = t.cmd.Public == "yes"
		t.entry.Target = t.cmd.Public
		if !r.Public {
			t.stop(&r.Case, StepPublish)
			if r.Published != "" {
				r.Published, r.proposer = PublishedNo, ""
			}
		} else if r.Published == PublishedNo {
			r.Published = ""
		}
	}
	t.entry.Media = nil
	return nil
}

// reveal notes that this officer was shown who filed the case.
func (t *turn) reveal(ctx context.Context) error {
	if err := t.needReason(); err != nil {
		return err
	}
	_, err := t.tx.ExecContext(ctx, `insert into complaints_reveals (case_id, ref, at) values ($1, $2, $3)
		on conflict (case_id, ref) do update set at = excluded.at`, t.r.ID, t.actor.Ref(), bot.Millis(t.now))
	if err != nil {
		return fmt.Errorf("note reveal: %w", err)
	}
	return nil
}

// revealed reports whether somebody may see who filed a case.
func revealed(ctx context.Context, q Reader, r *record, ref string) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `select count(*) from complaints_reveals where case_id = $1 and ref = $2`, r.ID, ref).Scan(&n)
	return n > 0, err
}
