package cases

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/knowledge/calendar"
	"cchcbot/knowledge/directory"
)

// Open files a case: checks the draft, finds who answers, starts the clocks and
// tells the listeners (action File). A draft whose Conversation made a case
// already returns that case and changes nothing. It fails with an *bot.Error: Invalid; Conflict with key
// complaints.repeat and Args code when the same person said the same lately (see
// Draft.Anyway), or with complaints.flood_open or complaints.flood_day when there are too many.
func (d *Desk) Open(ctx context.Context, w *bot.Work, dr Draft) (Case, error) {
	dir, now := d.opt.Directory(), d.opt.Now()
	if err := dr.check(dir, now); err != nil {
		return Case{}, err
	}
	tx, err := w.Tx(ctx)
	if err != nil {
		return Case{}, err
	}
	origin := d.key("origin", dr.Conversation)
	if first, err := load(ctx, tx, `origin = $1`, origin); err != nil || first != nil {
		if err != nil {
			return Case{}, err
		}
		return first.Case, nil
	}
	terms, err := d.settings(ctx, tx)
	if err != nil {
		return Case{}, err
	}
	if err := d.flood(ctx, tx, terms, dr); err != nil {
		return Case{}, err
	}
	r, err := d.file(dir, now, dr)
	if err != nil {
		return Case{}, err
	}
	r.origin = origin
	if err := d.clocks(r, terms, now); err != nil {
		return Case{}, err
	}
	err = whole(ctx, tx, func() error {
		if err := d.store(ctx, tx, r, dr); err != nil {
			return err
		}
		return d.filed(ctx, w, tx, r, dr)
	})
	if err != nil {
		return Case{}, err
	}
	return r.Case, nil
}

// check reports what a draft lacks.
func (dr *Draft) check(dir *directory.Directory, now time.Time) error {
	for _, s := range []string{dr.What, dr.Place.Text, dr.Place.Landmark, dr.Contact.Name, dr.Contact.Phone, dr.Contact.Address, dr.Consent} {
		if !utf8.ValidString(s) {
			return invalid("complaints.invalid_text")
		}
		if utf8.RuneCountInString(s) > maxText {
			return invalid("complaints.invalid_long", "limit", maxText)
		}
	}
	switch {
	case dr.Conversation == "" || len(dr.Conversation) > maxKey:
		return invalid("complaints.invalid_command")
	case !dr.Kind.Valid():
		return invalid("complaints.invalid_kind")
	case dr.What == "":
		return invalid("complaints.invalid_no_text")
	case len(dr.Media) > maxMedia:
		return invalid("complaints.invalid_media", "limit", maxMedia)
	case dr.Kind.Identified() && (dr.Contact.Name == "" || dr.Contact.Phone == "" && dr.Contact.Address == ""):
		return invalid("complaints.invalid_contact")
	case dr.OnBehalf && (dr.FiledBy == 0 || dr.Consent == ""):
		return invalid("complaints.invalid_consent")
	case dr.Place.Location != nil && !dr.Place.Location.Valid():
		return invalid("complaints.invalid_place")
	}
	if dr.Day == "" {
		dr.Day = directory.Day(now)
	}
	day, err := time.ParseInLocation(time.DateOnly, dr.Day, calendar.Zone)
	if err != nil || day.After(now) || day.Year() < 1990 {
		return invalid("complaints.invalid_day")
	}
	if dr.Field == "" && (dr.Kind == Praise || dr.Kind == Idea) {
		return nil // read at the front desk
	}
	f, err := about(dir, dr.Field, dr.Subject, dr.Place.ID)
	if err != nil {
		return err
	}
	// Also for what the front desk reads before it is routed: it must not be kept at all.
	if f.Denunciation || slices.ContainsFunc(f.Cases, func(k directory.Case) bool { return k.ID == dr.Subject && k.Denunciation }) {
		return invalid("complaints.invalid_denunciation")
	}
	return nil
}

// flood keeps one person from drowning the desk, and finds what was said before.
func (d *Desk) flood(ctx context.Context, q Reader, terms Terms, dr Draft) error {
	holder := d.holderKey(dr.Holder.Person)
	if holder == "" || dr.OnBehalf { // an officer files for many
		return nil
	}
	if !dr.Anyway {
		first, err := d.repeated(ctx, q, terms, dr)
		if err != nil {
			return err
		}
		if first != nil {
			return refusal(bot.Conflict, "complaints.repeat", "code", first.Code)
		}
	}
	var open, day int
	err := q.QueryRowContext(ctx, `select coalesce(sum(case when state in ('received', 'forwarded', 'accepted', 'waiting', 'drafted') then 1 else 0 end), 0),
		coalesce(sum(case when filed > $2 then 1 else 0 end), 0) from complaints_cases where holder_key = $1`,
		holder, bot.Millis(d.opt.Now().Add(-24*time.Hour))).Scan(&open, &day)
	if err != nil {
		return fmt.Errorf("count a citizen's cases: %w", err)
	}
	if limit := terms.Int(KeyOpenPerPerson); open >= limit {
		return refusal(bot.Conflict, "complaints.flood_open", "limit", limit)
	}
	if limit := terms.Int(KeyDayPerPerson); day >= limit {
		return refusal(bot.Conflict, "complaints.flood_day", "limit", limit)
	}
	return nil
}

func (d *Desk) repeated(ctx context.Context, q Reader, terms Terms, dr Draft) (*record, error) {
	since := d.opt.Now().AddDate(0, 0, -terms.Int(KeyRepeatDays))
	holder := d.holderKey(dr.Holder.Person)
	if holder == "" {
		return nil, nil
	}
	return load(ctx, q, `holder_key = $1 and text_key = $2 and filed > $3 and state not in ('sealed', 'purged', 'withdrawn') order by id desc limit 1`,
		holder, d.textKey(dr.What, dr.Place.ID), bot.Millis(since))
}

// Repeat finds an earlier case of the same person with the same words at the same
// place, so that the form can offer to add to it.
func (d *Desk) Repeat(ctx context.Context, dr Draft) (Case, bool, error) {
	terms, err := d.Terms(ctx)
	if err != nil {
		return Case{}, false, err
	}
	r, err := d.repeated(ctx, d.opt.Read, terms, dr)
	if err != nil || r == nil {
		return Case{}, false, err
	}
	return r.Case, true, nil
}

// file makes the record of a draft and finds who answers.
func (d *Desk) file(dir *directory.Directory, now time.Time, dr Draft) (*record, error) {
	code, err := newCode()
	if err != nil {
		return nil, err
	}
	r := &record{Case: Case{Code: code, Version: 1, Kind: dr.Kind, Field: dr.Field, Subject: dr.Subject, Place: Place{ID: dr.Place.ID}, Day: dr.Day,
		Public: dr.Public, Urgent: dr.Urgent, Filed: now, Updated: now, OnBehalf: dr.OnBehalf, FiledBy: dr.FiledBy, Photos: len(dr.Media)},
		holderKey: d.holderKey(dr.Holder.Person), phoneKey: d.phoneKey(dr.Contact.Phone), textKey: d.textKey(dr.What, dr.Place.ID)}
	if named := bodyNamed(dir, dr.Named, dr.Place.ID); named != "" {
		r.Named, r.namedKey = r.Kind.Accuses(), d.key("named", named)
	}
	if f, ok := dir.Field(dr.Field); ok {
		r.Sensitive = f.Sensitive
	}
	if a := praised(dir, r.Case, dr.Named); a != nil {
		r.State, r.Lead = Forwarded, a.ID
		return r, nil
	}
	r.State, r.Desk = Received, DeskKind
	if dr.Kind.AtDesk() || dr.Field == "" {
		return r, nil
	}
	return r, d.route(dir, r, dr.What, dr.Named)
}

// praised is the body that praise names: it leads, whatever the field. nil for other
// cases, and when the body is none that can answer.
func praised(dir *directory.Directory, c Case, named string) *directory.Agency {
	if c.Kind != Praise {
		return nil
	}
	a, ok := dir.Agency(bodyNamed(dir, named, c.Place.ID))
	if !ok || !leads(dir, a) || a.ID == deskID(dir) {
		return nil
	}
	return a
}

// leads reports whether a body can answer: it is in office, and has a place where its kind needs one.
func leads(dir *directory.Directory, a *directory.Agency) bool {
	return (a.Template == "" || a.Place != nil) && !a.UnknownArea && dir.InOffice(a)
}

// bodyNamed is the body that a case complains about or praises: of a template, the one at the place.
func bodyNamed(dir *directory.Directory, id, place string) string {
	a, ok := dir.Agency(id)
	if id == "" || !ok {
		return ""
	}
	if a.Template != "" && a.Place == nil {
		if p, ok := dir.Place(place); ok {
			if at, ok := dir.Agency(a.ID + "@" + p.Code); ok {
				return at.ID
			}
		}
	}
	return a.ID
}

// subject is what a case is about, for the directory.
func subject(dir *directory.Directory, c Case, words, named string) directory.Subject {
	s := directory.Subject{Field: c.Field, Case: c.Subject, Words: words}
	if c.Kind.Accuses() {
		s.Named = named
	}
	if p, ok := dir.Place(c.Place.ID); ok {
		s.Place = p
	}
	return s
}

// route sends a new case to the body that answers, or to the front desk with the reason.
func (d *Desk) route(dir *directory.Directory, r *record, words, named string) error {
	s := subject(dir, r.Case, words, named)
	to, err := dir.Route(s)
	if err == nil && len(to.Ask) > 0 { // the form asked already
		s.Unanswered = true
		to, err = dir.Route(s)
	}
	var unknown *directory.SubjectError
	if errors.As(err, &unknown) {
		r.Desk = DeskNoOwner
		return nil
	}
	if err != nil {
		return err
	}
	r.Sensitive = r.Sensitive || to.Sensitive
	switch {
	case to.Denunciation:
		return invalid("complaints.invalid_denunciation")
	case to.NoTicket:
		return invalid("complaints.invalid_field")
	case to.FrontDesk:
		r.Desk = DeskUnknownPlace
	case to.Lead == nil || to.Lead.ID == deskID(dir):
		r.Desk = DeskNoOwner
	default:
		r.State, r.Desk, r.Lead = Forwarded, "", to.Lead.ID
		for _, a := range to.Consulted {
			if len(r.Joint) < maxJoint && a.ID != r.Lead && dir.InOffice(a) && !d.accuses(r, a.ID) && !slices.Contains(r.Joint, a.ID) {
				r.Joint = append(r.Joint, a.ID)
			}
		}
	}
	return nil
}

// clocks starts what runs from the filing on.
func (d *Desk) clocks(r *record, terms Terms, now time.Time) error {
	t := timer{cal: d.opt.Calendar(), terms: terms, now: now}
	steps := []Step{StepForward, StepCitizen}
	if r.State == Forwarded {
		steps = []Step{StepAccept, StepAnswer, StepCitizen}
	}
	for _, s := range steps {
		if err := t.start(&r.Case, s); err != nil {
			return err
		}
	}
	return t.follow(&r.Case)
}

// store writes a new case down.
func (d *Desk) store(ctx context.Context, tx bot.Tx, r *record, dr Draft) error {
	for try := 0; ; try++ { // a code is drawn twice once in a thousand million times
		var n int
		if err := tx.QueryRowContext(ctx, `select count(*) from complaints_cases where code = $1`, r.Code).Scan(&n); err != nil {
			return fmt.Errorf("look for the code: %w", err)
		}
		if n == 0 {
			break
		}
		code, err := newCode()
		if err != nil || try == 5 {
			return errors.Join(err, errors.New("cases: no free code was drawn"))
		}
		r.Code = code
	}
	if ok, err := r.insert(ctx, tx); err != nil || !ok {
		return errors.Join(err, errIf(!ok && err == nil, "cases: the conversation was filed meanwhile"))
	}
	if err := d.storeBody(ctx, tx, r, dr); err != nil {
		return err
	}
	if err := r.writeJoint(ctx, tx); err != nil {
		return err
	}
	if err := r.writeClocks(ctx, tx); err != nil {
		return err
	}
	if err := count(ctx, tx, r.Lead, r.State, 1); err != nil {
		return err
	}
	return nil
}

func errIf(yes bool, text string) error {
	if yes {
		return errors.New(text)
	}
	return nil
}

// consent is how a visitor agreed that an officer files for them.
type consent struct {
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

func (d *Desk) storeBody(ctx context.Context, tx bot.Tx, r *record, dr Draft) error {
	b := Body{What: dr.What, Place: dr.Place, Named: dr.Named, Media: dr.Media}
	sealed := make([][]byte, 4)
	for i, part := range []struct {
		is    bool
		v     any
		place string
	}{
		{true, b, bodyPlace(r.Code)},
		{!dr.Contact.Empty(), dr.Contact, identityPlace(r.Code)},
		{dr.Holder != Holder{}, dr.Holder, holderPlace(r.Code)},
		{dr.Consent != "", consent{dr.Consent, r.Filed}, consentPlace(r.Code)},
	} {
		if !part.is {
			continue
		}
		var err error
		if sealed[i], err = d.seal(part.v, part.place); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `insert into complaints_bodies (case_id, body, identity, holder, consent) values ($1, $2, $3, $4, $5)`,
		r.ID, sealed[0], sealed[1], sealed[2], sealed[3])
	if err != nil {
		return fmt.Errorf("keep what was written: %w", err)
	}
	for _, text := range texts(b) {
		if err := d.index(ctx, tx, r.ID, text); err != nil {
			return err
		}
	}
	if len(dr.Media) > 0 && d.opt.Media != nil {
		return d.opt.Media.Attach(ctx, tx, dr.MediaOwner, Thing(r.Code), dr.Media...)
	}
	return nil
}

// filed notes a new case and tells the listeners.
func (d *Desk) filed(ctx context.Context, w *bot.Work, tx bot.Tx, r *record, dr Draft) error {
	a := Actor{Kind: Citizen, Person: dr.Holder.Person, Via: dr.Holder.To.Channel}
	if dr.OnBehalf {
		a = Actor{Kind: Officer, Officer: bot.Officer{ID: dr.FiledBy}, Via: dr.Holder.To.Channel}
	}
	e := Entry{Version: 1, At: r.Filed, Action: File, Actor: a.Kind, Ref: a.Ref(), Via: a.Via, After: r.State, Target: r.Lead, Reason: r.Desk, Media: dr.Media, Shown: true}
	if err := d.writeEntry(ctx, tx, r, &e, ""); err != nil {
		return err
	}
	if err := d.opt.Audit(ctx, tx, a.Ref(), "complaints."+string(File), Thing(r.Code), detail(e)); err != nil {
		return err
	}
	ev := Event{Case: r.Case, Action: File, Actor: a, Command: Command{Action: File}, Entry: e.ID, Holder: dr.Holder}
	if k, ok := r.Clock(StepCitizen); ok {
		ev.Due = k.Due
	}
	return d.emit(ctx, w, ev)
}
