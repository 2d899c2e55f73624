package index

import (
	"slices"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// How likely the procedures of two parts must be when only one of the parts says
// that something is wanted.
const partClear = 0.75

// parts searches the two sides of a cutting; ok when they ask two things.
func (x *Index) parts(whole knowledge.Found, m message, c cutting, query knowledge.Query, both bool) (left, right knowledge.Found, ok bool) {
	before, after := x.around(m, c)
	if c.kind != cutPair {
		left, right, ok = x.saidParts(m, c, query, both, before, after)
	}
	first, second := x.wishes(before, m.toned), x.wishes(after, m.toned)
	switch {
	case ok, c.kind == cutSentence, !first && !second:
	case c.kind == cutAnd, c.kind == cutPair, both: // what stands before another "rồi" only tells why
		left, right, ok = x.clearParts(whole, m, c, query, both)
	}
	if ok && x.docOf[left.Hits[0].Entry.Code] == x.docOf[right.Hits[0].Entry.Code] {
		left, ok = x.besideCut(m.from(0, c.end), query)
	}
	if ok {
		right = x.byStory(m, c, query, right)
	}
	return left, right, ok
}

// saidParts are two parts that each ask or want something.
func (x *Index) saidParts(m message, c cutting, query knowledge.Query, both bool, before, after []vietnamese.Token) (left, right knowledge.Found, ok bool) {
	shares := c.kind == cutAnd && m.tokens[c.end].Folded == "va" && x.wishes(before, m.toned)
	switch wishes := x.wishes(before, m.toned) && x.wishes(after, m.toned); {
	case shares && x.does(before, m.toned) && !x.does(after, m.toned):
		return x.shareWish(m, c, query, before)
	case x.asks(before, m.toned) && x.asks(after, m.toned) && (c.kind != cutComma || x.asks(before[max(0, len(before)-lastWords):], m.toned)):
	case c.kind == cutSentence: // what stands in a sentence of its own tells why
		return left, right, false
	case both && wishes, wishes && c.kind != cutComma:
	case shares: // one wish for two things: "làm lại bằng lái và căn cước"
		return x.shareWish(m, c, query, before)
	default:
		return left, right, false
	}
	left = x.searchPart(m.from(0, c.end), query, false, both)
	if !sureOf(left) {
		return left, right, false
	}
	query.Context = left.Hits[0].Entry.Code
	right = x.searchPart(m.from(c.begin, len(m.tokens)), query, true, both)
	return left, right, sureOf(right) && !right.FollowUp &&
		x.speaksOf(m.from(c.begin, len(m.tokens)), right.Hits[0].Entry.Code, before, both)
}

// clearParts are two parts of which one may only tell its matter ("mua nhà ở xã
// hội với đổi chủ hộ thì thủ tục thế nào"): each must name its own procedure
// clearly, with words that the other's has not.
func (x *Index) clearParts(whole knowledge.Found, m message, c cutting, query knowledge.Query, both bool) (left, right knowledge.Found, ok bool) {
	one, two := m.from(0, c.end), m.from(c.begin, len(m.tokens))
	if c.kind == cutPair && x.does(one.tokens, m.toned) {
		said := query
		said.Text = x.doing(one) + two.said()
		right = x.Search(said)
	} else {
		right = x.searchPart(two, query, true, both)
	}
	left = x.searchPart(one, query, false, both)
	if both && clearly(whole) && sureOf(left) && (!sureOf(right) || right.Hits[0].Score < whole.Hits[0].Score) &&
		x.owns(two, whole.Hits[0].Entry.Code, left.Hits[0].Entry.Code) {
		side := right.Facet
		right = whole // some words of the second matter stand in the first part
		right.Facet = side
	}
	if !clearly(left) || !clearly(right) || right.FollowUp {
		return left, right, false
	}
	if left.Facet == knowledge.Overview && !x.asks(one.tokens, m.toned) {
		left.Facet = right.Facet
	}
	return left, right, x.ownEach(m, c, left, right)
}

// How likely messages with the words of a part, or of the whole, must mean the part's procedure;
// more where those of the whole are all but certain: a story tells of another procedure's matter.
const (
	partMeant  = 0.12
	wholeMeant = 0.97
	partOwned  = 0.7
)

// meantEach reports that by what was learnt from messages each side of a cutting may mean its procedure.
func (x *Index) meantEach(m message, c cutting, left, right knowledge.Found) bool {
	if !x.has(Meant) {
		return true
	}
	whole := x.read(m.said(), false)
	least := float32(partMeant)
	if whole.meant != nil && whole.heard*slices.Max(whole.meant[:x.meant.other]) >= wholeMeant {
		least = partOwned
	}
	likely := func(said string, found knowledge.Found) float32 {
		d := &x.docs[x.docOf[found.Hits[0].Entry.Code]]
		return max(x.read(said, false).mayMean(d, x.meant), whole.mayMean(d, x.meant))
	}
	one, two := m.from(0, c.end), m.from(c.begin, len(m.tokens))
	return likely(one.said(), left) >= least && (likely(two.said(), right) >= least || x.meantShared(c, one, two, right) >= least)
}

// meantShared is how likely the right side of an "và" means any of what was found
// for it, when it takes the wish of the left one: "căn cước" alone says little.
func (x *Index) meantShared(c cutting, one, two message, right knowledge.Found) (sum float32) {
	if c.kind != cutAnd || x.wishes(two.tokens, two.toned) || x.does(two.tokens, two.toned) {
		return 0
	}
	shared := x.read(x.wanting(one)+two.said(), false)
	for i, h := range right.Hits {
		if i == 0 || right.Outcome == knowledge.Choose {
			sum += shared.mayMean(&x.docs[x.docOf[h.Entry.Code]], x.meant)
		}
	}
	return sum
}

// mayMean is how likely a message means a document, as far as that is known.
func (q *question) mayMean(d *doc, m *meantModel) float32 {
	if q.meant == nil {
		return 1
	}
	return q.heard*m.of(d, q.meant) + 1 - q.heard
}

// besideCut searches the last clause of a left part: it may be about another
// matter than the story before it.
func (x *Index) besideCut(m message, query knowledge.Query) (knowledge.Found, bool) {
	at := m.lastClause()
	if at == 0 {
		return knowledge.Found{}, false
	}
	clause := m.from(at, len(m.tokens))
	query.Text = clause.said()
	found := x.Search(query)
	return found, sureOf(found) && x.wishes(clause.tokens, m.toned)
}

func clearly(f knowledge.Found) bool { return sureOf(f) && f.Hits[0].Score >= partClear }

// lastClause is the word at which the last clause of a message begins.
func (m message) lastClause() int {
	for i := len(m.tokens) - leastPart; i >= leastPart; i-- {
		if m.ends(i, ",?!;\n.") {
			return i
		}
	}
	return 0
}

// byStory chooses among the procedures found for the right part by the story
// that stands before the left part's last clause: "bạn trai em người Nhật, khai
// tạm trú thế nào và đăng ký kết hôn cần gì" means the marriage of a foreigner.
func (x *Index) byStory(m message, c cutting, query knowledge.Query, right knowledge.Found) knowledge.Found {
	at := m.from(0, c.end).lastClause()
	if at == 0 || len(right.Hits) < 2 {
		return right
	}
	query.Text = m.from(0, at).said() + ", " + m.from(c.begin, len(m.tokens)).said()
	told := x.Search(query)
	if !sureOf(told) || told.FollowUp {
		return right
	}
	if i := slices.IndexFunc(right.Hits, func(h knowledge.Hit) bool { return h.Entry.Code == told.Hits[0].Entry.Code }); i > 0 {
		hits := slices.Clone(right.Hits)
		hit := hits[i]
		hit.Score = hits[0].Score
		right.Hits = slices.Insert(slices.Delete(hits, i, i+1), 0, hit)
	}
	return right
}

// changes reports that a word that begins another question stands between two
// parts that each name their own procedure; without tones "con" is a child.
func (x *Index) changes(m message, c cutting, left, right knowledge.Found) bool {
	return c.kind == cutNext && (m.toned || m.tokens[c.begin-1].Folded != "con") && x.ownEach(m, c, left, right)
}

// ownEach reports that each side of a cutting names its own procedure.
func (x *Index) ownEach(m message, c cutting, left, right knowledge.Found) bool {
	l, r := left.Hits[0].Entry.Code, right.Hits[0].Entry.Code
	return x.owns(m.from(0, c.end), l, r) && x.owns(m.from(c.begin, len(m.tokens)), r, l)
}

// owns reports that at least two words of a part name its procedure, one of them
// not the other part's.
func (x *Index) owns(m message, code, other string) bool {
	named, own := 0, false
	for _, t := range x.meaning(m) {
		if x.says(code, t, m.toned) {
			named++
			own = own || !x.says(other, t, m.toned)
		}
	}
	return named >= 2 && own
}

// searchPart searches a part of a message; when that finds nothing sure, its
// sentence next to the other part, for it may hold another question itself, or
// its clause there.
func (x *Index) searchPart(m message, query knowledge.Query, first, both bool) knowledge.Found {
	query.Text = m.said()
	found := x.Search(query)
	for i, marks := range [...]string{"?!;\n.", ","} {
		if sureOf(found) || i > 0 && !both {
			break
		}
		if near, ok := m.beside(marks, first); ok {
			query.Text = near.said()
			found = x.Search(query)
		}
	}
	return found
}

// beside is the beginning (or the end) of a message up to one of some marks.
func (m message) beside(marks string, first bool) (message, bool) {
	for i := leastPart; i <= len(m.tokens)-leastPart; i++ {
		at := i
		if !first {
			at = len(m.tokens) - i
		}
		switch {
		case !m.ends(at, marks):
		case first:
			return m.from(0, at), true
		default:
			return m.from(at, len(m.tokens)), true
		}
	}
	return m, false
}

// said is the text of a message.
func (m message) said() string { return m.text[m.tokens[0].Start:m.tokens[len(m.tokens)-1].End] }

// shareWish searches the two sides of an "và" that say one wish together: the
// second takes what is done from the first, the first the side asked for from
// the second.
func (x *Index) shareWish(m message, c cutting, query knowledge.Query, before []vietnamese.Token) (left, right knowledge.Found, ok bool) {
	query.Text = m.from(0, c.end).said()
	left = x.Search(query)
	after := m.from(c.begin, len(m.tokens))
	if !sureOf(left) {
		return left, right, false
	}
	query.Text = after.said()
	if !x.does(after.tokens, m.toned) {
		query.Text = x.wanting(m.from(0, c.end)) + query.Text
	}
	right = x.Search(query)
	if !sureOf(right) || right.FollowUp || !x.speaksOf(after, right.Hits[0].Entry.Code, before, false) {
		return left, right, false
	}
	if left.Facet == knowledge.Overview && !x.asks(m.tokens[:c.end], m.toned) {
		left.Facet = right.Facet
	}
	return left, right, true
}

// does reports that words say what is to be done; "mất bao lâu" does not.
func (x *Index) does(ts []vietnamese.Token, toned bool) bool {
	asks := make([]bool, len(ts))
	x.coverSides(ts, toned, modeAsk, asks)
	return x.tables.actions.bits(ts, toned, asks, nil) != 0
}

// doing is what a message says is to be done, with a space behind it: "làm lại ".
func (x *Index) doing(m message) string {
	return m.first(&x.tables.actions)
}

// first is the first phrase of a list that a message says, with a space behind it.
func (m message) first(p *phrases) string {
	for i := range m.tokens {
		if _, n := p.at(m.tokens[i:], m.toned); n > 0 {
			return m.text[m.tokens[i].Start:m.tokens[i+n-1].End] + " "
		}
	}
	return ""
}

// wanting is what a message says is to be done, or else that something is to be
// made: "làm ".
func (x *Index) wanting(m message) string {
	if done := x.doing(m); done != "" {
		return done
	}
	return m.first(&x.talk.joins.verb)
}

// apart reports that two parts are about two procedures, neither of which the
// other part could mean, and that the whole is not about a third that says both.
func (x *Index) apart(whole, left, right knowledge.Found, both bool) bool {
	l, r := x.docOf[left.Hits[0].Entry.Code], x.docOf[right.Hits[0].Entry.Code]
	if x.alike(l, r) {
		return false
	}
	if whole.Outcome == knowledge.Answer && len(whole.Hits) > 0 {
		w := x.docOf[whole.Hits[0].Entry.Code]
		if w != l && !x.alike(w, r) && whole.Hits[0].Score > 0.9*min(left.Hits[0].Score, right.Hits[0].Score) {
			return false
		}
	}
	if both {
		return true
	}
	if x.shared(l, r) > sameSubject {
		return false
	}
	return !x.among(left, r) && !x.among(right, l)
}

// alike reports that two procedures are one, or one a case of the other.
func (x *Index) alike(a, b int32) bool { return a == b || x.within(a, b) || x.within(b, a) }

// within reports that the name of one procedure says all that the other's says.
func (x *Index) within(inner, outer int32) bool {
	in, out := &x.docs[inner], &x.docs[outer]
	return !slices.ContainsFunc(in.head, func(w word) bool { return !slices.Contains(out.head, w) && !slices.Contains(out.tail, w) })
}

// sameSubject is the share of the words of a name from which two procedures are
// about one thing, so that a message hardly asks for both.
const sameSubject = 0.6

// shared is how much of the shorter of two names the other has.
func (x *Index) shared(a, b int32) float32 {
	one, two := &x.docs[a], &x.docs[b]
	if two.headIDF < one.headIDF {
		one, two = two, one
	}
	var sum float32
	for _, w := range one.head {
		if slices.Contains(two.head, w) {
			sum += x.words.idf[w]
		}
	}
	return sum / max(one.headIDF, 1)
}

// among reports whether a document is near the best of what was found.
func (x *Index) among(f knowledge.Found, doc int32) bool {
	return slices.ContainsFunc(f.Hits[:min(len(f.Hits), 2)], func(h knowledge.Hit) bool {
		return x.docOf[h.Entry.Code] == doc && h.Score > 0.5*f.Hits[0].Score
	})
}
