package mask

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"
)

//go:embed words.txt
var maskWords string

// lexicon are the lists of words.txt.
type lexicon map[string]*wordList

// wordList holds words with and without their marks.
type wordList struct {
	exact, plain map[string]bool
	phrases      [][]string // of several syllables, as they are written
}

// lexiconOf reads the lists once; they never change.
var lexiconOf = sync.OnceValue(func() lexicon {
	out := lexicon{}
	for line := range strings.SplitSeq(maskWords, "\n") {
		name, list, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		l := &wordList{exact: map[string]bool{}, plain: map[string]bool{}}
		for w := range strings.FieldsSeq(list) {
			if parts := strings.Split(w, "_"); len(parts) > 1 {
				l.phrases = append(l.phrases, parts)
				continue
			}
			if parts := strings.Split(w, "/"); len(parts) > 1 {
				l.phrases = append(l.phrases, parts)
				continue
			}
			l.exact[w] = true
			l.plain[plainText(w)] = true
		}
		out[name] = l
	}
	return out
})

func plainText(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteByte(plainByte(r))
	}
	return b.String()
}

// in reports whether a word stands in a list, with its marks where the writer uses them.
func (t *masked) in(list string, i int) bool {
	if i < 0 || i >= len(t.words) {
		return false
	}
	l := lexiconOf()[list]
	if t.toned {
		return l.exact[t.words[i].exact]
	}
	return l.plain[t.words[i].plain]
}

// phrase returns how many words from the i-th on are a phrase of a list.
func (t *masked) phrase(list string, i int) int {
	best := 0
	for _, p := range lexiconOf()[list].phrases {
		n := 0
		for n < len(p) && i+n < len(t.words) && t.same(p[n], i+n) && (n == 0 || t.near(i+n)) {
			n++
		}
		if n == len(p) {
			best = max(best, n)
		}
	}
	return best
}

func (t *masked) same(want string, i int) bool {
	if t.toned {
		return t.words[i].exact == want
	}
	return t.words[i].plain == plainText(want)
}

// near reports whether only one space, or a slash, stands before the i-th word.
func (t *masked) near(i int) bool {
	return i > 0 && t.words[i].from-t.words[i-1].to == 1 && (t.plain[t.words[i-1].to] == ' ' || t.plain[t.words[i-1].to] == '/')
}

// wordAt is the first word at or behind a place, with nothing but blanks before it.
func (t *masked) wordAt(at int) (int, bool) {
	for i, w := range t.words {
		if w.from < at {
			continue
		}
		return i, strings.Trim(t.plain[at:w.from], " ,:-") == ""
	}
	return 0, false
}

// capitals counts the words with capitals from the i-th on, at most n, on one line.
func (t *masked) capitals(i, n int) int {
	k := 0
	for k < n && i+k < len(t.words) && t.words[i+k].capital && !digit(t.plain[t.words[i+k].from]) && (k == 0 || t.near(i+k) && t.plain[t.words[i+k-1].to] == ' ') {
		k++
	}
	return k
}

// names hides names of people: behind a title or an introduction, and where a
// family name with two more words stands alone.
func (t *masked) names() {
	t.people(func(i int) (lead, n int) {
		if lead, n = t.introduced(i); lead > 0 {
			return lead, n
		}
		switch {
		case t.introduces(i, "told", &lead):
			return lead, t.weakly(i + lead)
		case t.introduces(i, "called", &lead):
			return lead, t.person(i+lead, 2)
		case t.title(i, &lead):
			return lead, t.person(i+lead, 1)
		}
		return 0, t.alone(i)
	})
}

// introductions hides the names with which people introduce themselves.
func (t *masked) introductions() { t.people(t.introduced) }

// people hides names. rule says for the i-th word how many words lead to a name
// and how many the name has, 0 for none.
func (t *masked) people(rule func(i int) (lead, n int)) {
	for i := 0; i < len(t.words); {
		lead, n := rule(i)
		if n == 0 {
			i++
			continue
		}
		t.mark(t.words[i+lead].from, t.words[i+lead+n-1].to, Name)
		i += lead + n
	}
}

// introduced finds a name behind "tên tôi là …", "tôi là …", and the name of a form's head: "Tên: …".
func (t *masked) introduced(i int) (lead, n int) {
	switch {
	case t.introduces(i, "intro", &lead):
		return lead, t.person(i+lead, 1)
	case t.introduces(i, "weak_intro", &lead):
		return lead, t.weakly(i + lead)
	case t.heads(i):
		return 1, t.person(i+1, 2)
	}
	return 0, 0
}

// weakly returns the length of a name behind "tôi là", where most people say what they are: "tôi là
// giáo viên", "tôi là Trưởng thôn". A single word is a name when it has a capital, or is known as a given name
// and nothing follows that it could be a part of.
func (t *masked) weakly(i int) int {
	if i >= len(t.words) || t.in("folk", i) && !(t.surname(i) && t.capitals(i, 2) == 2) {
		return 0
	}
	if n := t.person(i, 2); n > 0 {
		return n
	}
	w := t.words[i]
	switch {
	case len(w.plain) < 2, strings.ContainsAny(w.plain, "0123456789"), t.in("offices", i), t.in("titles", i):
		return 0
	case w.capital:
		if t.in("given", i) || !t.acronym(i) && !t.in("places", i) && !(t.toned && t.in("after", i)) {
			return 1
		}
		return 0
	case !t.in("given", i):
		return 0
	case i+1 < len(t.words) && t.near(i+1) && !t.in("after", i+1) && t.words[i+1].plain != "a":
		return 0 // "em là hoa khôi"
	}
	return 1
}

// acronym reports whether the i-th word is all capitals: "tôi là CCB".
func (t *masked) acronym(i int) bool {
	return !slices.ContainsFunc(t.runes[t.words[i].from:t.words[i].to], unicode.IsLower)
}

// heads reports whether the i-th word is "tôi" or "tên:" before a family name with capitals behind it:
// "Tôi Nguyễn Văn An, ở …". "Tôi phạm lỗi" has none, and "tên Nguyễn Văn B" is somebody else.
func (t *masked) heads(i int) bool {
	if i+1 >= len(t.words) || !t.leads(i+1) || !t.surname(i+1) || t.capitals(i+1, 5) < 2 {
		return false
	}
	w := t.words[i]
	return t.same("tôi", i) || t.same("tên", i) && t.plain[w.to] == ':'
}

// introduces reports whether a phrase that introduces a name begins at the i-th word.
func (t *masked) introduces(i int, list string, lead *int) bool {
	n := t.phrase(list, i)
	if n == 0 && t.in(list, i) {
		n = 1
	}
	if n == 0 || !t.leads(i+n) {
		return false
	}
	*lead = n
	// "tên tôi là ông Nguyễn …": the title stays.
	if more := 0; t.title(i+n, &more) {
		*lead += more
	}
	return true
}

// leads reports whether what stands before the i-th word still belongs to it.
func (t *masked) leads(i int) bool {
	return i < len(t.words) && strings.Trim(t.plain[t.words[i-1].to:t.words[i].from], " :.-") == "" && t.words[i].from-t.words[i-1].to <= 4
}

// title reports whether the i-th word is a title that a name may follow.
func (t *masked) title(i int, lead *int) bool {
	n := t.phrase("titles", i)
	if n == 0 && t.in("titles", i) {
		n = 1
	}
	if n == 0 || !t.leads(i+n) || t.words[i].capital && (t.in("places", i-1) || i > 0 && t.phrase("streets", i-1) > 1) {
		return false
	}
	*lead = n
	return true
}

// person returns how many words from the i-th on are a name; least is how many
// with capitals there have to be when no family name leads them.
func (t *masked) person(i, least int) int {
	if i >= len(t.words) || t.in("offices", i) && !t.surname(i) {
		return 0
	}
	n := t.capitals(i, 5)
	for k := 1; k < n; k++ {
		if t.in("offices", i+k) && !t.surname(i+k) && !t.in("middles", i+k) || t.in("titles", i+k) && t.words[i+k].plain != "anh" {
			n = k
			break
		}
	}
	switch {
	case n >= 2 && t.in("offices", i) && t.in("after", i+1):
		return 0
	case n >= least && n > 0 && (n > 1 || !t.in("places", i)):
		return n
	case n > 0 && !t.surname(i):
		return 0
	}
	return t.small(i, least)
}

func (t *masked) surname(i int) bool { return t.in("surnames", i) || t.in("weak_surnames", i) }

// small returns the length of a name that is typed without capitals: a family
// name, a middle name, a given name.
func (t *masked) small(i, least int) int {
	if !t.surname(i) || t.in("after", i) || least > 1 && !t.in("surnames", i) {
		return 0
	}
	next := func(k int) bool { return i+k < len(t.words) && t.near(i+k) && !digit(t.plain[t.words[i+k].from]) }
	if !next(1) || t.in("after", i+1) && !t.in("middles", i+1) {
		return 0
	}
	n := 2
	if t.in("middles", i+1) && next(2) && (!t.in("after", i+2) || t.in("middles", i+2)) {
		n = 3
		if t.in("middles", i+2) && next(3) && !t.in("after", i+3) && !t.in("titles", i+3) {
			n = 4
		}
	}
	return n
}

// alone returns the length of a full name without a title: a family name and
// two to four more words with capitals, that is neither a street's nor a place's.
func (t *masked) alone(i int) int {
	if !t.in("surnames", i) {
		return 0
	}
	if !t.words[i].capital {
		// "nguyen van tuan": the middle name tells it from other words.
		if i+1 < len(t.words) && (t.words[i+1].plain == "van" || t.words[i+1].plain == "thi") && t.phrase("streets", i) == 0 && !t.street(i) {
			return t.small(i, 1)
		}
		return 0
	}
	n := t.capitals(i, 5)
	if n < 3 || t.phrase("streets", i) > 0 || t.street(i) {
		return 0
	}
	return n
}

// street reports whether the words before the i-th make it the name of a street or a place.
func (t *masked) street(i int) bool {
	k := i - 1
	for steps := 0; k >= 0 && steps < 2 && digit(t.plain[t.words[k].from]); steps++ {
		k-- // "ngõ 12 Nguyễn …", "số 3/5 Nguyễn …"
	}
	return k >= 0 && (t.in("places", k) || k > 0 && t.in("places", k-1) && !t.words[k].capital && t.near(k) && t.words[k].plain == "tu")
}
