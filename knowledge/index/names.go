package index

import (
	"strings"

	"cchcbot/knowledge"
	"cchcbot/knowledge/vietnamese"
)

// Limits on what of an entry is indexed, in words. Real names have up to about
// 170 words; after the first 80 nothing tells them apart any more.
const (
	maxNameWords   = 80
	maxHeadWords   = 26
	maxResultWords = 40
	maxAliases     = 100 // an officer's name for an entry must not be lost behind the editors'
	maxAliasWords  = 16
)

// levelRank orders levels by how near they are to a citizen: commune, province,
// ministry, others.
func levelRank(e *knowledge.Entry) int {
	level := vietnamese.Fold(e.Level)
	for i, l := range []string{"cap xa", "cap tinh", "cap bo"} {
		if strings.Contains(level, l) {
			return i
		}
	}
	return 3
}

// forCitizens is 0 for a procedure that citizens may use, 1 for others and for
// one that does not say.
func forCitizens(e *knowledge.Entry) int {
	for _, a := range e.Audience {
		if strings.Contains(vietnamese.Fold(a), "cong dan viet nam") {
			return 0
		}
	}
	return 1
}

// levelWords are how a name says which level carries it out, longest first.
// They tell records of one procedure apart, not procedures.
var levelWords = []string{
	"thuc hien tai cap trung uong cap tinh cap xa", "thuc hien tai cap trung uong", "thuc hien tai cap tinh",
	"thuc hien tai cap xa", "tai cap trung uong", "tai cap tinh", "tai cap xa", "cap trung uong", "cap bo", "cap tinh", "cap xa",
}

// namedLevel returns the level that a run of folded words names at its end, as
// levelRank numbers them, and how many words say so; rank is -1 for none.
func namedLevel(words []vietnamese.Token) (rank, n int) {
	for _, l := range levelWords {
		parts := strings.Fields(l)
		if len(parts) >= len(words) {
			continue
		}
		tail := words[len(words)-len(parts):]
		same := true
		for i := range parts {
			same = same && tail[i].Folded == parts[i]
		}
		if same {
			switch parts[len(parts)-1] {
			case "xa":
				return 0, len(parts)
			case "tinh":
				return 1, len(parts)
			}
			return 2, len(parts)
		}
	}
	return -1, 0
}

// name is a procedure's name, cut for ranking.
type name struct {
	head, tail []vietnamese.Token
	key        string // equal for records of one procedure
}

// readName strips "Thủ tục" and the level, and cuts the name into what it is
// about and the circumstances after "đối với", "trong trường hợp" or "(".
func readName(s string) name {
	ts := vietnamese.Tokens(s)
	for len(ts) > 3 && hasWords(ts, "thu tuc") {
		ts = ts[2:]
		if hasWords(ts, "hanh chinh") && len(ts) > 3 {
			ts = ts[2:]
		}
	}
	if _, n := namedLevel(ts); n > 0 && len(ts)-n >= 2 {
		ts = ts[:len(ts)-n]
	}
	key := make([]string, len(ts))
	for i, t := range ts {
		key[i] = t.Exact
	}
	n := name{key: strings.Join(key, " ")}
	ts = ts[:min(len(ts), maxNameWords)]
	at := cutAt(s, ts)
	n.head, n.tail = ts[:at], ts[at:]
	return n
}

// cutAt finds the word at which the circumstances begin.
func cutAt(s string, ts []vietnamese.Token) int {
	for i := 2; i < len(ts); i++ {
		between := s[ts[i-1].End:ts[i].Start]
		if i >= maxHeadWords || strings.ContainsAny(between, "(;") || hasWords(ts[i:], "doi voi") ||
			hasWords(ts[i:], "trong truong hop") || hasWords(ts[i:], "trong cac truong hop") {
			return i
		}
	}
	return len(ts)
}

// hasWords reports whether the folded words stand at the head.
func hasWords(ts []vietnamese.Token, words string) bool {
	i := 0
	for w := range strings.FieldsSeq(words) {
		if i >= len(ts) || ts[i].Folded != w {
			return false
		}
		i++
	}
	return true
}
