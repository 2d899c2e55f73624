package knowledge

// Facet is the side of a procedure that a question asks about.
type Facet string

// The facets, with the words of `ask --json`.
const (
	Overview   Facet = "overview"
	Documents  Facet = "documents"
	Fee        Facet = "fee"
	Time       Facet = "time"
	Where      Facet = "where"
	Online     Facet = "online"
	Steps      Facet = "steps"
	Forms      Facet = "forms"
	Legal      Facet = "legal"
	Result     Facet = "result"
	Conditions Facet = "conditions"
)

// Facets lists all facets in the order a card shows them.
var Facets = [...]Facet{Overview, Documents, Time, Fee, Where, Online, Steps, Forms, Conditions, Result, Legal}

// Outcome is what a search concluded.
type Outcome string

// The outcomes of a search. Talk and Handoff are decided before the search, by
// knowledge/intent, and stand here because they share the column of `ask --json`.
const (
	Answer  Outcome = "answer"  // one procedure, sure enough to show its card
	Choose  Outcome = "choose"  // a short list; Question says what tells them apart
	Unknown Outcome = "unknown" // nothing we know: say so and name who does
	Talk    Outcome = "talk"    // greeting, thanks and other small talk
	Handoff Outcome = "handoff" // another feature: complaint, status, news …
)

// Query is a question about a procedure.
type Query struct {
	Text  string // as typed; NFC and trimmed
	Field string // when not "": prefer procedures of this field (Entry.Field)
	// Context is the code of the procedure the conversation is about, "" for
	// none. A question that names no procedure of its own ("thế mất mấy
	// ngày?") is about this one.
	Context string
	Limit   int // hits wanted; 0 means 5, at most 20
}

// Hit is one procedure found.
type Hit struct {
	Entry *Entry  // shared by all readers: never change it
	Score float64 // 0 to 1: how likely the question is about this procedure
	// Family holds records of the same name at other levels or agencies,
	// Entry being the one at the citizen's level. nil when there is none.
	Family []*Entry
}

// Found is the result of a search.
type Found struct {
	Outcome Outcome
	Facet   Facet
	Hits    []Hit // best first, also present when Outcome is Unknown
	// FollowUp reports that the question named no procedure and was taken to
	// be about Query.Context.
	FollowUp bool
	// Also is what else the message asked, from Ask only: another procedure, or
	// another side of the first (then it has the same hit); nil when it asked one
	// thing. Rest reports that it asked more than these two.
	Also *Found
	Rest bool
	// Situation is the id of the situation of life that the message tells, from
	// Ask only. With Choose, Hits are its procedures in the order they are done;
	// with Answer the question was about one of its own.
	Situation string
}

// Split is the question that tells procedures apart best: what it goes by, and
// the groups to choose from. A procedure may stand in several groups.
type Split struct {
	By     string // id of the attribute: "action", "who", "foreign" …
	Groups []Group
}

// Group is the procedures that one answer to a Split leaves.
type Group struct {
	ID    string
	Codes []string // in the order they were given
}

// Picked is an answer to a choice.
type Picked struct {
	Codes []string // what is meant, in the order given; all of them when only a side was asked for
	Facet Facet    // the side asked for with it, Overview for none
	Fix   bool     // the words correct something said before ("à không, đổi cơ")
}

// Situation is an event of life and the procedures that follow from it, in the
// order they are done.
type Situation struct {
	ID      string
	Title   map[string]string // by language
	Follows []Following
}

// Following is one procedure of a situation.
type Following struct {
	Code string
	Why  map[string]string // when or why it is done, one plain sentence, by language
}

// Searcher finds the procedure a question is about. Implementations are safe
// for concurrent use and never fail: a question they cannot read is Unknown.
type Searcher interface {
	Search(Query) Found
	// Ask is Search for a whole message: it may hold two questions, or tell a
	// situation of life instead of naming a procedure.
	Ask(Query) Found
	// Split finds the question that tells the procedures of some codes apart
	// best, by an attribute that is not among asked; false when none does.
	Split(codes, asked []string) (Split, bool)
	// Pick reads a text as the answer to a choice between the procedures of some
	// codes ("bị mất", "cho con"); false when it is none.
	Pick(text string, codes []string) (Picked, bool)
	// Situations lists the situations of life of which at least two procedures
	// are in force, in the order of a menu.
	Situations() []Situation
	// ByCode returns the entry of a code, also one no longer in force.
	ByCode(code string) (*Entry, bool)
	// Fields lists the fields that have entries in force, with their number.
	Fields() []FieldCount
	// InField lists the entries in force of a field, likeliest first.
	InField(field string) []*Entry
}

// FieldCount is a field and how many entries it has.
type FieldCount struct {
	Field string
	Count int
}
