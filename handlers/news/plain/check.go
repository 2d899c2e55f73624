package plain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Rule is what a text is looked at for.
type Rule string

// The rules.
const (
	LongSentence Rule = "long"         // more words than can be kept in mind
	Jargon       Rule = "jargon"       // a word of offices
	Unexplained  Rule = "abbreviation" // an abbreviation that is nowhere explained
	Shouting     Rule = "shouting"     // words in capitals, or exclamation marks
	NoWho        Rule = "who"          // nobody is named whom it concerns
	NoWhat       Rule = "what"
	NoWhen       Rule = "when"
	NoWhere      Rule = "where"
	LongTitle    Rule = "title"
	LongSummary  Rule = "summary"
)

// Rules lists the rules, those that help most first.
func Rules() []Rule {
	return []Rule{NoWhat, NoWho, NoWhen, NoWhere, LongTitle, LongSummary, LongSentence, Jargon, Unexplained, Shouting}
}

// Limits of the rules. A word of Vietnamese is mostly two of those that spaces part.
const (
	SentenceWords  = 30  // words in a sentence
	TitleLetters   = 90  // letters
	SummaryLetters = 500 // letters
	capsInARow     = 3   // words in capitals
	maxFindings    = 40
	maxQuote       = 80 // letters
)

// Text is what is looked at, by field.
type Text struct{ Title, Summary, Body string }

// Finding is one thing to think about.
type Finding struct {
	Rule    Rule
	Field   string // "title", "summary", "body"; "" for the whole
	Quote   string // the words in question, shortened
	Plainer string // what could stand instead; "" when there is none
	Count   int    // words or letters, for what is too long
}

// Check looks at a text and lists what could be said plainer, at most 40 findings.
func (l *Language) Check(t Text) []Finding {
	var out []Finding
	add := func(f Finding) {
		if len(out) < maxFindings {
			f.Quote = shorten(f.Quote)
			out = append(out, f)
		}
	}
	fields := [...]struct{ name, text string }{{"title", cut(t.Title)}, {"summary", cut(t.Summary)}, {"body", cut(t.Body)}}
	all := fields[0].text + ".\n" + fields[1].text + ".\n" + fields[2].text
	if strings.TrimSpace(t.Title+t.Summary+t.Body) == "" {
		return nil
	}
	l.missing(all, add)
	if n := utf8.RuneCountInString(t.Title); n > TitleLetters {
		add(Finding{Rule: LongTitle, Field: "title", Count: n})
	}
	if n := utf8.RuneCountInString(t.Summary); n > SummaryLetters {
		add(Finding{Rule: LongSummary, Field: "summary", Count: n})
	}
	said := map[string]bool{} // each word once
	for _, f := range fields {
		for _, s := range split(f.text) {
			if n := len(strings.Fields(s)); n > SentenceWords {
				add(Finding{Rule: LongSentence, Field: f.name, Quote: s, Count: n})
			}
		}
		l.jargonIn(f.text, func(p Pair) {
			if !said[p.From] {
				said[p.From] = true
				add(Finding{Rule: Jargon, Field: f.name, Quote: p.From, Plainer: p.To})
			}
		})
		shouting(f.text, func(quote string) { add(Finding{Rule: Shouting, Field: f.name, Quote: quote}) })
		l.unexplained(f.text, all, func(word, meaning string) {
			if !said[word] {
				said[word] = true
				add(Finding{Rule: Unexplained, Field: f.name, Quote: word, Plainer: meaning})
			}
		})
	}
	return out
}

// shorten keeps the beginning of a quotation.
func shorten(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	r := []rune(text)
	if len(r) <= maxQuote {
		return text
	}
	short := string(r[:maxQuote])
	if i := strings.LastIndexByte(short, ' '); i > maxQuote/2 {
		short = short[:i]
	}
	return short + "…"
}

// split parts a text into its sentences, as they were written.
func split(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		for {
			m := ending.FindStringIndex(line)
			if m == nil {
				break
			}
			out = append(out, line[:m[1]])
			line = line[m[1]:]
		}
		out = append(out, line)
	}
	return out
}

// jargonIn finds words of offices; a longer one hides those within it.
func (l *Language) jargonIn(text string, found func(Pair)) {
	lower := strings.ToLower(text)
	hidden := []byte(lower)
	for _, p := range l.jargon {
		for at := 0; ; {
			i := strings.Index(string(hidden[at:]), p.From)
			if i < 0 {
				break
			}
			from := at + i
			at = from + len(p.From)
			if !wordAt(lower, from, at) {
				continue
			}
			for j := from; j < at; j++ {
				hidden[j] = 0
			}
			found(p)
			break // once is enough; hide the others all the same
		}
		hidden = []byte(strings.ReplaceAll(string(hidden), p.From, strings.Repeat("\x00", len(p.From))))
	}
}

// wordAt reports whether a piece of a text stands for itself.
func wordAt(text string, from, to int) bool {
	r, _ := utf8.DecodeLastRuneInString(text[:from])
	return (from == 0 || !letter(r) && !digit(r)) && ends(text[to:])
}

// shouting finds runs of words in capitals, and more than one exclamation mark.
func shouting(text string, found func(string)) {
	var run []string
	flush := func() {
		if len(run) >= capsInARow {
			found(strings.Join(run, " "))
		}
		run = nil
	}
	for w := range strings.FieldsSeq(text) {
		bare := strings.TrimFunc(w, func(r rune) bool { return !letter(r) && !digit(r) })
		if utf8.RuneCountInString(bare) >= 2 && capitals(bare) == len(bare) && spoken(bare) {
			run = append(run, w)
		} else {
			flush()
		}
	}
	flush()
	if i := strings.Index(text, "!!"); i >= 0 {
		found("!!")
	}
}

// maxShort is how many abbreviations of a field are looked at.
const maxShort = 200

// unexplained finds abbreviations that the whole text explains nowhere.
func (l *Language) unexplained(text, all string, found func(word, meaning string)) {
	lower := strings.ToLower(all)
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`,;:!?()"“”'/`, r) })
	caps := func(i int) bool {
		if i < 0 || i >= len(words) {
			return false
		}
		w := strings.Trim(words[i], ".-")
		return w != "" && capitals(w) == len(w)
	}
	seen := map[string]bool{}
	for i := range words {
		bare := strings.Trim(words[i], ".-")
		if !caps(i) || seen[bare] || len(seen) > maxShort || strings.ContainsFunc(bare, digit) {
			continue
		}
		seen[bare] = true
		a, known := l.exact(bare)
		word := spoken(bare) && (caps(i-1) || caps(i+1) || utf8.RuneCountInString(bare) > 4) // in a line of capitals, or a name
		switch {
		case known && a.known:
			continue
		case !known && (word || marked(bare) || utf8.RuneCountInString(bare) > 8 || romanValue(bare) > 0):
			continue
		case known && strings.Contains(lower, strings.ToLower(a.To)), strings.Contains(all, "("+bare+")"), strings.Contains(all, bare+" ("):
			continue
		}
		found(bare, a.To)
	}
}

func (l *Language) exact(word string) (abbreviation, bool) {
	for _, a := range l.short {
		if a.From == word || a.From == word+"." {
			return a, true
		}
	}
	return abbreviation{}, false
}

// missing asks for what, who, when and where.
func (l *Language) missing(all string, add func(Finding)) {
	lower := strings.ToLower(all)
	has := func(kind string) bool {
		for _, cue := range l.cues[kind] {
			for at := 0; ; {
				i := strings.Index(lower[at:], cue)
				if i < 0 {
					break
				}
				if wordAt(lower, at+i, at+i+len(cue)) {
					return true
				}
				at += i + len(cue)
			}
		}
		return false
	}
	for _, c := range [...]struct {
		rule Rule
		more bool
	}{{NoWhat, false}, {NoWho, false}, {NoWhen, someDay(all)}, {NoWhere, strings.Contains(lower, ".vn")}} {
		if !c.more && !has(string(c.rule)) {
			add(Finding{Rule: c.rule})
		}
	}
}

// someDay reports whether a text says a day or an hour in figures.
func someDay(text string) bool {
	for i := 0; i < len(text); i++ {
		if !digit(rune(text[i])) || i > 0 && digit(rune(text[i-1])) {
			continue
		}
		rest := text[i:]
		if m := shortDate.FindStringSubmatch(rest); m != nil && real(atoi(m[1]), atoi(m[2])) {
			return true
		}
		if m := hour.FindString(rest); m != "" && ends(rest[len(m):]) {
			return true
		}
	}
	return false
}
