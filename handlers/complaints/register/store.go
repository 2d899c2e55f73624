package register

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// state is how far a case is on its way into the register.
type state string

// The states of complaints_register_work.
const (
	stateOpen      state = "open"      // nobody has proposed a text
	stateProposed  state = "proposed"  // a second person has to confirm it
	statePublic    state = "public"    // everybody may read it
	stateDeclined  state = "declined"  // not published, or taken down
	stateWithdrawn state = "withdrawn" // the citizen does not allow it any more
	stateAgain     state = "again"     // the case was opened again before anything was published; not listed
)

// states in the order of the list's tabs.
var states = [...]state{stateOpen, stateProposed, statePublic, stateDeclined, stateWithdrawn}

// work is a row of complaints_register_work.
type work struct {
	ID       int64 // of the case
	Code     string
	State    state
	Lead     string
	Field    string
	Place    string
	Round    int
	Due      time.Time
	Revision int64
	Entry    int64
	Updated  time.Time
}

const workColumns = `case_id, code, state, lead, field, place, round, due, revision, entry, updated`

func scanWork(s bot.Scanner) (work, error) {
	var w work
	var due, updated int64
	err := s.Scan(&w.ID, &w.Code, &w.State, &w.Lead, &w.Field, &w.Place, &w.Round, &due, &w.Revision, &w.Entry, &updated)
	w.Due, w.Updated = bot.FromMillis(due), bot.FromMillis(updated)
	return w, err
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// exec runs one statement of a transaction.
func exec(ctx context.Context, tx bot.Tx, query string, args ...any) error {
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("register: %w", err)
	}
	return nil
}

// workOf reads the work on a case; false when there is none.
func workOf(ctx context.Context, q cases.Reader, id int64) (work, bool, error) {
	w, err := scanWork(q.QueryRowContext(ctx, `select `+workColumns+` from complaints_register_work where case_id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return work{}, false, nil
	}
	if err != nil {
		return work{}, false, fmt.Errorf("read what is to be published: %w", err)
	}
	return w, true, nil
}

// put writes the work on a case.
func (w work) put(ctx context.Context, tx bot.Tx) error {
	return exec(ctx, tx, `insert into complaints_register_work (`+workColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		on conflict (case_id) do update set state = excluded.state, lead = excluded.lead, field = excluded.field, place = excluded.place, round = excluded.round,
		due = excluded.due, revision = excluded.revision, entry = excluded.entry, updated = excluded.updated`,
		w.ID, w.Code, string(w.State), w.Lead, w.Field, w.Place, w.Round, bot.Millis(w.Due), w.Revision, w.Entry, bot.Millis(w.Updated))
}

// perPage is how many cases one page of work lists.
const perPage = 50

// maxScopes is how many bodies and places one list looks at.
const maxScopes = 50

// of is the condition for work in a state: all, or that of some bodies and places. ok is
// false when there is none to look for.
func of(st state, all bool, scopes []bot.Scope) (where string, args []any, ok bool) {
	args = []any{string(st)}
	if all {
		return `state = $1`, args, true
	}
	var parts []string
	for _, s := range scopes[:min(len(scopes), maxScopes)] {
		var both []string
		if s.Agency != "" {
			args = append(args, s.Agency)
			both = append(both, "lead = $"+strconv.Itoa(len(args)))
		}
		if s.Place != "" {
			args = append(args, s.Place)
			both = append(both, "place = $"+strconv.Itoa(len(args)))
		}
		if len(both) > 0 {
			parts = append(parts, "("+strings.Join(both, " and ")+")")
		}
	}
	return `(` + strings.Join(parts, " or ") + `) and state = $1`, args, len(parts) > 0
}

// works lists work in a state, what ends first on top; all, or that of some bodies and places.
func (g *Register) works(ctx context.Context, st state, all bool, scopes []bot.Scope, after string) (out []work, next string, err error) {
	where, args, ok := of(st, all, scopes)
	if !ok {
		return nil, "", nil
	}
	if due, id, ok := readCursor(after); ok {
		args = append(args, due, id)
		where += fmt.Sprintf(` and (due > $%d or due = $%d and case_id > $%d)`, len(args)-1, len(args)-1, len(args))
	}
	err = bot.EachRow(ctx, g.opt.Read, `select `+workColumns+` from complaints_register_work where `+where+` order by due, case_id limit `+strconv.Itoa(perPage+1), args, func(s bot.Scanner) error {
		w, err := scanWork(s)
		out = append(out, w)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list what is to be published: %w", err)
	}
	if len(out) > perPage {
		out = out[:perPage]
		last := out[perPage-1]
		next = fmt.Sprintf("%d-%d", bot.Millis(last.Due), last.ID)
	}
	return out, next, nil
}

// maxCount is where tallies stop.
const maxCount = 1000

// tally counts the work of a state up to maxCount.
func (g *Register) tally(ctx context.Context, st state, all bool, scopes []bot.Scope) (n int, err error) {
	where, args, ok := of(st, all, scopes)
	if !ok {
		return 0, nil
	}
	err = g.opt.Read.QueryRowContext(ctx, `select count(*) from (select 1 from complaints_register_work where `+where+` limit `+strconv.Itoa(maxCount)+`) as x`, args...).Scan(&n)
	return n, err
}

func readCursor(s string) (a, b int64, ok bool) {
	x, y, ok := strings.Cut(s, "-")
	if !ok || len(s) > 40 {
		return 0, 0, false
	}
	a, err1 := strconv.ParseInt(x, 10, 64)
	b, err2 := strconv.ParseInt(y, 10, 64)
	return a, b, err1 == nil && err2 == nil && a >= 0 && b >= 0
}

// version is a row of complaints_register_texts.
type version struct {
	Revision                    int64
	Saved, Proposed             time.Time
	Confirmed, Ended            time.Time
	Author, Proposer, Confirmer string
	Ender, Hash, Why            string
	Blank                       bool // its text was removed
	content                     Content
}

const versionColumns = `revision, saved, author, hash, proposed, proposer, confirmed, confirmer, ended, ender, why, body`

func (g *Register) scanVersion(s bot.Scanner, code string) (version, error) {
	var v version
	var saved, proposed, confirmed, ended int64
	var why, body []byte
	if err := s.Scan(&v.Revision, &saved, &v.Author, &v.Hash, &proposed, &v.Proposer, &confirmed, &v.Confirmer, &ended, &v.Ender, &why, &body); err != nil {
		return v, err
	}
	v.Saved, v.Proposed, v.Confirmed, v.Ended = bot.FromMillis(saved), bot.FromMillis(proposed), bot.FromMillis(confirmed), bot.FromMillis(ended)
	if why != nil {
		plain, err := g.opt.Sealer.Open(why, whyPlace(code, v.Revision))
		if err != nil {
			return v, fmt.Errorf("open a reason: %w", err)
		}
		v.Why = string(plain)
	}
	if v.Blank = body == nil; v.Blank {
		return v, nil
	}
	var err error
	v.content, err = g.open(body, textPlace(code, v.Revision))
	return v, err
}

// version reads one version of a case's public text; false when it is not there or was blanked.
func (g *Register) version(ctx context.Context, q cases.Reader, id int64, code string, revision int64) (version, bool, error) {
	v, err := g.scanVersion(q.QueryRowContext(ctx, `select `+versionColumns+` from complaints_register_texts where case_id = $1 and revision = $2`, id, revision), code)
	if errors.Is(err, sql.ErrNoRows) {
		return version{}, false, nil
	}
	if err != nil {
		return version{}, false, fmt.Errorf("read public text: %w", err)
	}
	return v, !v.Blank, nil
}

// maxVersions is how many versions of one text there may be.
const maxVersions = 200

// versions lists every version of a case's public text, newest first.
func (g *Register) versions(ctx context.Context, id int64, code string) ([]version, error) {
	var out []version
	err := bot.EachRow(ctx, g.opt.Read, `select `+versionColumns+` from complaints_register_texts where case_id = $1 order by revision desc limit `+strconv.Itoa(maxVersions), []any{id}, func(s bot.Scanner) error {
		v, err := g.scanVersion(s, code)
		out = append(out, v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("history of a public text: %w", err)
	}
	return out, nil
}

// save adds a version and returns its number.
func (g *Register) save(ctx context.Context, tx bot.Tx, id int64, code, author, hash string, c Content) (int64, error) {
	var last int64
	if err := tx.QueryRowContext(ctx, `select coalesce(max(revision), 0) from complaints_register_texts where case_id = $1`, id).Scan(&last); err != nil {
		return 0, fmt.Errorf("count versions: %w", err)
	}
	if last >= maxVersions {
		return 0, refusal(bot.Invalid, "complaints.register_invalid_versions", "limit", maxVersions)
	}
	sealed, err := g.seal(c, textPlace(code, last+1))
	if err != nil {
		return 0, err
	}
	return last + 1, exec(ctx, tx, `insert into complaints_register_texts (case_id, revision, saved, author, hash, body) values ($1, $2, $3, $4, $5, $6)`,
		id, last+1, bot.Millis(g.opt.Now()), author, hash, sealed)
}

// maxTerms is by how many different words an entry is found.
const maxTerms = 400

// split cuts a text into folded words, each once.
func (g *Register) split(text string, limit int) []string {
	var out []string
	seen := map[string]bool{}
	for _, w := range strings.FieldsFunc(g.opt.Fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if len(w) < 2 || len(w) > 40 || seen[w] || len(out) == limit {
			continue
		}
		seen[w] = true
		out = append(out, w)
	}
	return out
}

// term is the number of a term: 60 bits of its keyed digest. kind keeps words apart from ids.
func (g *Register) term(kind, value string) int64 {
	var n int64
	for _, c := range []byte(g.opt.Sealer.Digest("complaints.register." + kind + "\x1f" + value))[:12] {
		v := int64(c - 'a')
		if c >= '2' && c <= '7' {
			v = int64(c-'2') + 26
		}
		n = n<<5 | v&31
	}
	return n
}

// Kinds of term.
const (
	termWord   = "word"
	termPlace  = "place"
	termField  = "field"
	termAgency = "agency"
)

// termsOf are the terms by which a text is found.
func (g *Register) termsOf(c Content) []int64 {
	parts := []string{c.Title, c.Question, c.Street, c.PlaceName, c.FieldName}
	out := []int64{g.term(termField, c.Field)}
	for _, a := range c.Answers {
		parts = append(parts, a.AgencyName, a.Text)
		out = append(out, g.term(termAgency, a.Agency))
	}
	if c.Place != "" {
		for _, id := range area(g.opt.Directory(), c.Place) {
			out = append(out, g.term(termPlace, id))
		}
	}
	for _, w := range g.split(strings.Join(parts, " "), maxTerms) {
		out = append(out, g.term(termWord, w))
	}
	return out
}

// enter puts an entry into the register.
func (g *Register) enter(ctx context.Context, tx bot.Tx, c cases.Case, e row, terms []int64) (int64, error) {
	args := []any{c.ID, c.Code, e.Revision, c.Field, c.Place.ID, e.Agency, bot.Millis(e.Filed), bot.Millis(e.Sent), bot.Millis(e.Published), bot.Millis(e.Corrected), bot.Millis(e.Updated),
		bit(e.Late), e.Returned, e.Reopened, e.Rating, e.Hash, e.holder}
	columns, marks := rowColumns, `$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17`
	if e.ID > 0 { // it was there before: it keeps its place
		columns, marks = "id, "+columns, "$18, "+marks
		args = append(args, e.ID)
	}
	var id int64
	err := tx.QueryRowContext(ctx, `insert into complaints_register (`+columns+`) values (`+marks+`) returning id`, args...).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("enter into the register: %w", err)
	}
	for len(terms) > 0 {
		n := min(len(terms), 50)
		var b strings.Builder
		args := []any{id}
		for i, t := range terms[:n] {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "($%d, $1)", i+2)
			args = append(args, t)
		}
		if err := exec(ctx, tx, `insert into complaints_register_terms (term, id) values `+b.String()+` on conflict do nothing`, args...); err != nil {
			return 0, err
		}
		terms = terms[n:]
	}
	err = exec(ctx, tx, `insert into complaints_register_counts (term, n) select term, 1 from complaints_register_terms where id = $1
		on conflict (term) do update set n = complaints_register_counts.n + 1`, id)
	if err != nil {
		return 0, err
	}
	if err := exec(ctx, tx, `insert into complaints_register_sums (agency, n) values ($1, 1) on conflict (agency) do update set n = complaints_register_sums.n + 1`, e.Agency); err != nil {
		return 0, err
	}
	return id, g.changed(ctx, tx)
}

// remove takes the entry of a case out of the register; false when there was none.
func (g *Register) remove(ctx context.Context, tx bot.Tx, caseID int64) (bool, error) {
	var id int64
	var agency string
	err := tx.QueryRowContext(ctx, `select id, agency from complaints_register where case_id = $1`, caseID).Scan(&id, &agency)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look into the register: %w", err)
	}
	for _, q := range []string{
		`update complaints_register_counts set n = n - 1 where term in (select term from complaints_register_terms where id = $1)`,
		`delete from complaints_register_counts where n <= 0 and term in (select term from complaints_register_terms where id = $1)`,
		`delete from complaints_register_terms where id = $1`, `delete from complaints_register where id = $1`,
	} {
		if err := exec(ctx, tx, q, id); err != nil {
			return false, err
		}
	}
	if err := exec(ctx, tx, `update complaints_register_sums set n = n - 1 where agency = $1`, agency); err != nil {
		return false, err
	}
	return true, g.changed(ctx, tx)
}

// changed notes that the register changed: copies in caches are void.
func (g *Register) changed(ctx context.Context, tx bot.Tx) error {
	return exec(ctx, tx, `update complaints_register_changes set n = n + 1, modified = $1 where id = 1`, bot.Millis(g.opt.Now()))
}

// changes says how often the register changed, and when last.
func (g *Register) changes(ctx context.Context) (n int64, modified time.Time, err error) {
	var at int64
	if err := g.opt.Read.QueryRowContext(ctx, `select n, modified from complaints_register_changes where id = 1`).Scan(&n, &at); err != nil {
		return 0, time.Time{}, fmt.Errorf("read the register's changes: %w", err)
	}
	return n, bot.FromMillis(at), nil
}

// row is an entry of the register as its table has it.
type row struct {
	ID, CaseID, Revision       int64
	Code, Field, Place, Agency string
	Filed, Sent                time.Time
	Published, Corrected       time.Time
	Updated                    time.Time
	Late                       bool
	Returned, Reopened, Rating int
	Hash                       string
	holder                     string
}

const rowColumns = `case_id, code, revision, field, place, agency, filed, sent, published, corrected, updated, late, returned, reopened, rating, hash, holder`

func scanRow(s bot.Scanner, more ...any) (row, error) {
	var r row
	var filed, sent, published, corrected, updated int64
	err := s.Scan(append([]any{&r.ID, &r.CaseID, &r.Code, &r.Revision, &r.Field, &r.Place, &r.Agency, &filed, &sent, &published, &corrected, &updated,
		&r.Late, &r.Returned, &r.Reopened, &r.Rating, &r.Hash, &r.holder}, more...)...)
	r.Filed, r.Sent, r.Published, r.Corrected, r.Updated = bot.FromMillis(filed), bot.FromMillis(sent), bot.FromMillis(published), bot.FromMillis(corrected), bot.FromMillis(updated)
	return r, err
}
