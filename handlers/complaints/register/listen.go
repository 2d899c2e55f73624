package register

import (
	"context"
	"strconv"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// heard keeps the register in step with the cases, inside the unit of work of each
// change: what may no longer be read is gone when the change is there.
func (g *Register) heard(ctx context.Context, w *bot.Work, e cases.Event) error {
	if e.Action == cases.Remind || e.Action == cases.File {
		return nil
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	c := e.Case
	if c.State.Hidden() {
		return g.erase(ctx, tx, c.ID)
	}
	k, known, err := workOf(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	switch {
	case e.Action == cases.PublishPropose:
		return g.proposed(ctx, tx, e, k, known)
	case e.Action == cases.PublishConfirm:
		return g.confirmed(ctx, tx, e, k, known)
	case !publicable(c):
		if !known {
			return nil
		}
		return g.withdraw(ctx, tx, e, k)
	case e.Action == cases.PublishDecline:
		return g.declined(ctx, tx, e, g.begin(k, known, c))
	}
	return g.follow(ctx, tx, e, k, known)
}

// begin is the work on a case as it stands now, new when there was none.
func (g *Register) begin(k work, known bool, c cases.Case) work {
	if !known {
		k = work{ID: c.ID, Code: c.Code, State: stateOpen}
	}
	if c.Lead != "" {
		k.Lead = c.Lead
	}
	k.Field, k.Place, k.Round, k.Updated, k.Due = c.Field, c.Place.ID, c.Round, g.opt.Now(), time.Time{}
	if clock, ok := c.Clock(cases.StepPublish); ok && clock.Stopped.IsZero() {
		k.Due = clock.Due
	}
	return k
}

// follow notes what else happens to a case: a new answer, a rating, a new beginning.
func (g *Register) follow(ctx context.Context, tx bot.Tx, e cases.Event, k work, known bool) error {
	c := e.Case
	answered := c.State == cases.Answered && e.Before != cases.Answered && (e.Action == cases.Approve || e.Action == cases.Submit)
	allowed := e.Action == cases.Consent && (c.State == cases.Answered || c.State == cases.Closed && !c.Sent.IsZero())
	switch {
	case answered || allowed && (!known || k.State == stateWithdrawn):
		state := k.State
		k = g.begin(k, known, c)
		if state != statePublic { // what is public stays so until somebody mends it
			k.State = stateOpen
		}
		return k.put(ctx, tx)
	case !known:
		return nil
	case e.Action == cases.Rate:
		return g.touch(ctx, tx, c.ID, `rating = $3`, c.Rating.Overall)
	case e.Action == cases.Reopen:
		if k.State == stateOpen || k.State == stateProposed {
			k.State = stateAgain // there is another answer to wait for
		}
		if err := g.begin(k, known, c).put(ctx, tx); err != nil {
			return err
		}
		return g.touch(ctx, tx, c.ID, `reopened = $3`, c.Round)
	case c.Lead != "" && c.Lead != k.Lead:
		return g.begin(k, known, c).put(ctx, tx)
	}
	return nil
}

// touch changes one column of an entry, where there is one.
func (g *Register) touch(ctx context.Context, tx bot.Tx, id int64, set string, value any) error {
	res, err := tx.ExecContext(ctx, `update complaints_register set updated = $2, `+set+` where case_id = $1`, id, bot.Millis(g.opt.Now()), value)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return g.changed(ctx, tx)
}

// seen checks that a command is bound to the version that counts, and to its bytes.
func (g *Register) seen(ctx context.Context, q cases.Reader, e cases.Event, k work, known bool) (version, error) {
	if !known || k.Revision == 0 || e.Command.Public == "" {
		return version{}, refusal(bot.Invalid, "complaints.register_invalid_unseen")
	}
	v, ok, err := g.version(ctx, q, k.ID, k.Code, k.Revision)
	if err != nil {
		return version{}, err
	}
	if !ok {
		return version{}, refusal(bot.Invalid, "complaints.register_invalid_unseen")
	}
	now, err := g.hash(k.Code, v.content)
	if err != nil {
		return version{}, err
	}
	if now != e.Command.Public || now != v.Hash {
		return version{}, refusal(bot.Conflict, "complaints.register_conflict_seen")
	}
	if v.content.Last().Round != e.Case.Round {
		return version{}, refusal(bot.Conflict, "complaints.register_conflict_round")
	}
	return v, nil
}

func (g *Register) proposed(ctx context.Context, tx bot.Tx, e cases.Event, k work, known bool) error {
	v, err := g.seen(ctx, tx, e, k, known)
	if err != nil {
		return err
	}
	k = g.begin(k, known, e.Case)
	k.State = stateProposed
	if err := k.put(ctx, tx); err != nil {
		return err
	}
	return exec(ctx, tx, `update complaints_register_texts set proposed = $3, proposer = $4 where case_id = $1 and revision = $2`, k.ID, v.Revision, bot.Millis(g.opt.Now()), e.Actor.Ref())
}

// confirmed publishes: the version that was proposed, as it was seen.
func (g *Register) confirmed(ctx context.Context, tx bot.Tx, e cases.Event, k work, known bool) error {
	v, err := g.seen(ctx, tx, e, k, known)
	if err != nil {
		return err
	}
	if k.State != stateProposed || v.Proposed.IsZero() {
		return refusal(bot.Conflict, "complaints.register_conflict_seen")
	}
	c, now := e.Case, g.opt.Now()
	first, err := g.firstPublished(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	last := v.content.Last()
	entry := row{ID: k.Entry, Revision: v.Revision, Agency: last.Agency, Filed: c.Filed, Sent: last.Sent, Published: now, Updated: now, Late: last.Late,
		Returned: c.Returns, Reopened: c.Round, Rating: c.Rating.Overall, Hash: v.Hash, holder: g.holder(e.Holder.Person)}
	if !first.IsZero() {
		entry.Published, entry.Corrected = first, now
	}
	if _, err := g.remove(ctx, tx, c.ID); err != nil {
		return err
	}
	k = g.begin(k, known, c)
	if k.Entry, err = g.enter(ctx, tx, c, entry, g.termsOf(v.content)); err != nil {
		return err
	}
	k.State = statePublic
	if err := k.put(ctx, tx); err != nil {
		return err
	}
	return exec(ctx, tx, `update complaints_register_texts set confirmed = $3, confirmer = $4 where case_id = $1 and revision = $2`, k.ID, v.Revision, bot.Millis(now), e.Actor.Ref())
}

// firstPublished is when a text of the case was public for the first time; zero for never.
func (g *Register) firstPublished(ctx context.Context, tx bot.Tx, id int64) (t time.Time, err error) {
	var at int64
	err = tx.QueryRowContext(ctx, `select coalesce(min(confirmed), 0) from complaints_register_texts where case_id = $1 and confirmed > 0`, id).Scan(&at)
	return bot.FromMillis(at), err
}

// declined takes an entry down, or says that a text is not published.
func (g *Register) declined(ctx context.Context, tx bot.Tx, e cases.Event, k work) error {
	if _, err := g.remove(ctx, tx, k.ID); err != nil {
		return err
	}
	k.State, k.Due = stateDeclined, time.Time{}
	if err := k.put(ctx, tx); err != nil {
		return err
	}
	return g.end(ctx, tx, k, e.Actor.Ref(), e.Command.Reason)
}

// end notes on the version that counts who ended it, and why.
func (g *Register) end(ctx context.Context, tx bot.Tx, k work, ref, why string) error {
	if k.Revision == 0 {
		return nil
	}
	sealed, err := g.opt.Sealer.Seal([]byte(why), whyPlace(k.Code, k.Revision))
	if err != nil {
		return err
	}
	return exec(ctx, tx, `update complaints_register_texts set ended = $3, ender = $4, why = $5 where case_id = $1 and revision = $2`, k.ID, k.Revision, bot.Millis(g.opt.Now()), ref, sealed)
}

// withdraw removes an entry and every text of it: the citizen, or what the case is
// about, does not allow it any more. That there were versions stays, not what stood in them.
func (g *Register) withdraw(ctx context.Context, tx bot.Tx, e cases.Event, k work) error {
	if k.State == stateWithdrawn {
		return nil
	}
	if _, err := g.remove(ctx, tx, k.ID); err != nil {
		return err
	}
	if err := g.end(ctx, tx, k, e.Actor.Ref(), ""); err != nil {
		return err
	}
	if err := exec(ctx, tx, `update complaints_register_texts set body = null, why = null where case_id = $1`, k.ID); err != nil {
		return err
	}
	k = g.begin(k, true, e.Case)
	k.State, k.Due, k.Revision = stateWithdrawn, time.Time{}, 0
	return k.put(ctx, tx)
}

// erase leaves nothing of a case: it is a suspected denunciation, or is kept no longer.
func (g *Register) erase(ctx context.Context, tx bot.Tx, id int64) error {
	if _, err := g.remove(ctx, tx, id); err != nil {
		return err
	}
	for _, q := range []string{`delete from complaints_register_texts where case_id = $1`, `delete from complaints_register_work where case_id = $1`} {
		if err := exec(ctx, tx, q, id); err != nil {
			return err
		}
	}
	return nil
}

// holder is the digest by which a citizen's entries are found.
func (g *Register) holder(p bot.PersonID) string {
	if p == 0 {
		return ""
	}
	return g.opt.Sealer.Digest("complaints.register.holder\x1f" + strconv.FormatInt(int64(p), 10))
}

// entriesOf lists the entries of a citizen.
func (g *Register) entriesOf(ctx context.Context, q cases.Reader, p bot.PersonID) ([]row, error) {
	var out []row
	if p == 0 {
		return nil, nil
	}
	err := bot.EachRow(ctx, q, `select id, `+rowColumns+` from complaints_register where holder = $1 order by id limit 1000`, []any{g.holder(p)}, func(s bot.Scanner) error {
		r, err := scanRow(s)
		out = append(out, r)
		return err
	})
	return out, err
}

// export hands over what of a citizen stands in the register.
func (g *Register) export(ctx context.Context, tx bot.Tx, p bot.PersonID) ([]bot.Record, error) {
	rows, err := g.entriesOf(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	var out []bot.Record
	for _, r := range rows {
		v, ok, err := g.version(ctx, tx, r.CaseID, r.Code, r.Revision)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, bot.Record{Kind: "published", At: r.Published, Data: map[string]any{"code": r.Code, "text": v.content}})
		}
	}
	return out, nil
}

// forget takes down what a citizen allowed to be published: whoever is forgotten
// could not take the permission back any more.
func (g *Register) forget(ctx context.Context, tx bot.Tx, p bot.PersonID) error {
	rows, err := g.entriesOf(ctx, tx, p)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := g.forgotten(ctx, tx, r.CaseID, r.Code); err != nil {
			return err
		}
	}
	return nil
}

// forgotten erases an entry, and what was only prepared or proposed: without the
// sender nobody could confirm it any more, and it would wait for ever.
func (g *Register) forgotten(ctx context.Context, tx bot.Tx, id int64, code string) error {
	_, known, err := workOf(ctx, tx, id)
	if err != nil || !known {
		return err
	}
	if err := g.erase(ctx, tx, id); err != nil {
		return err
	}
	return g.opt.Audit(ctx, tx, "citizen", "complaints.register_forget", cases.Thing(code), "")
}
