package index_test

import (
	"math/rand/v2"
	"regexp"
	"strings"

	"cchcbot/knowledge/vietnamese"

	"golang.org/x/text/unicode/norm"
)

// corruption is one way in which writers depart from proper spelling.
type corruption struct {
	name  string
	share float64 // of the words that it can change
	word  func(w string, r *rand.Rand) string
	text  func(s string, r *rand.Rand) string // on the whole text, instead of word
	bare  bool                                // tones are stripped as well
}

// corruptions are those that letters and messages of citizens show most: sounds
// that the Red River delta mixes up, marks, slips of the keys, left-overs of
// typing methods, and shorthand.
var corruptions = []corruption{
	{name: "l n", share: 0.5, word: onset("l>n", "n>l")},
	{name: "ch tr", share: 0.5, word: onset("tr>ch", "ch>tr")},
	{name: "s x", share: 0.5, word: onset("s>x", "x>s")},
	{name: "d gi r", share: 0.5, word: onset("d>gi r", "gi>d r", "r>d gi")},
	{name: "delta", share: 0.6, word: onset("l>n", "n>l", "tr>ch", "ch>tr", "s>x", "x>s", "d>gi r", "gi>d r", "r>d gi")},
	{name: "bare", share: 1, bare: true, text: func(s string, _ *rand.Rand) string { return vietnamese.Fold(s) }},
	{name: "delta, bare", share: 0.6, bare: true, word: onset("l>n", "n>l", "tr>ch", "ch>tr", "s>x", "x>s", "d>gi r", "gi>d r", "r>d gi")},
	{name: "i y", share: 0.7, word: each("yi", "ýí", "ỳì", "ỷỉ", "ỹĩ", "ỵị")},
	{name: "hỏi ngã", share: 0.7, word: each("ảã", "ẳẵ", "ẩẫ", "ẻẽ", "ểễ", "ỉĩ", "ỏõ", "ổỗ", "ởỡ", "ủũ", "ửữ", "ỷỹ")},
	{name: "ngh gh k", share: 0.7, word: onset("ngh>ng", "ng>ngh", "gh>g", "g>gh", "c>k", "k>c", "qu>q", "ph>f", "kh>k")},
	{name: "ă â", share: 0.5, word: each("ăâ", "ắấ", "ằầ", "ẳẩ", "ẵẫ", "ặậ", "ơô", "ớố", "ờồ", "ởổ", "ỡỗ", "ợộ", "êe", "ếé", "ềè", "ểẻ", "ễẽ", "ệẹ")},
	{name: "end n ng", share: 0.4, word: ending("n>ng", "ng>n", "t>c", "c>t", "nh>n")},
	{name: "mark lost", share: 0.35, word: markLost},
	{name: "letter lost", share: 0.12, word: letterLost},
	{name: "letter doubled", share: 0.25, word: letterDoubled},
	{name: "letters turned", share: 0.15, word: lettersTurned},
	{name: "Telex", share: 0.4, word: telexKeys},
	{name: "VNI", share: 0.4, word: vniKeys},
	{name: "joined", share: 0.2, text: joined},
	{name: "joined, bare", share: 0.2, text: joined, bare: true},
	{name: "numbers", share: 1, text: rewrite(numbers)},
	{name: "abbreviations", share: 0.8, text: rewrite(shortened)},
	{name: "chat", share: 0.8, text: rewrite(chatted)},
}

// corrupt writes a text as somebody would who departs in one way from spelling;
// the same text always becomes the same. ok is false when nothing changed.
func (c *corruption) corrupt(text string, seed uint64) (string, bool) {
	r := rand.New(rand.NewPCG(seed, 2025))
	text = vietnamese.Lower(text)
	var out string
	if c.text != nil {
		out = c.text(text, r)
	} else {
		words := strings.Split(text, " ")
		var can []int
		changed := false
		for i, w := range words {
			core := strings.Trim(w, ".,;:?!()\"'")
			if !vietnamese.IsSyllable(core) || len([]rune(core)) < 2 {
				continue
			}
			new := c.word(core, r)
			if new == core {
				continue
			}
			can = append(can, i)
			if r.Float64() < c.share {
				words[i] = strings.Replace(w, core, new, 1)
				changed = true
			}
		}
		if !changed && len(can) > 0 {
			i := can[r.IntN(len(can))]
			core := strings.Trim(words[i], ".,;:?!()\"'")
			words[i] = strings.Replace(words[i], core, c.word(core, r), 1)
		}
		out = strings.Join(words, " ")
	}
	if out == text {
		return text, false
	}
	if c.bare {
		out = vietnamese.Fold(out)
	}
	return out, true
}

// onset swaps what words begin with: "d>gi r" writes gi or r for d.
func onset(rules ...string) func(string, *rand.Rand) string {
	type rule struct {
		from string
		to   []string
	}
	var list []rule
	for _, s := range rules {
		from, to, _ := strings.Cut(s, ">")
		list = append(list, rule{from, strings.Fields(to)})
	}
	return func(w string, r *rand.Rand) string {
		own := ""
		for _, o := range strings.Fields("ngh ng gh gi kh nh ph qu th tr ch g d r s x l n c k") {
			if strings.HasPrefix(w, o) && (o != "gi" || len(w) > len("gì")) {
				own = o
				break
			}
		}
		for _, c := range list {
			if c.from == own {
				return c.to[r.IntN(len(c.to))] + w[len(own):]
			}
		}
		return w
	}
}

// ending swaps the final consonants.
func ending(rules ...string) func(string, *rand.Rand) string {
	return func(w string, _ *rand.Rand) string {
		best := ""
		for _, s := range rules {
			from, _, _ := strings.Cut(s, ">")
			if strings.HasSuffix(w, from) && len(from) > len(best) && len(w) > len(from) {
				best = from
			}
		}
		for _, s := range rules {
			if from, to, _ := strings.Cut(s, ">"); from == best && best != "" {
				return strings.TrimSuffix(w, from) + to
			}
		}
		return w
	}
}

// each swaps the letters of pairs, either way; of "yi" only at the end of a word
// that has no other vowel, where both are in use.
func each(pairs ...string) func(string, *rand.Rand) string {
	to := map[rune]rune{}
	for _, p := range pairs {
		rs := []rune(p)
		to[rs[0]], to[rs[1]] = rs[1], rs[0]
	}
	end := pairs[0] == "yi"
	return func(w string, _ *rand.Rand) string {
		rs := []rune(w)
		for i, c := range rs {
			n, ok := to[c]
			if !ok || end && (i != len(rs)-1 || strings.ContainsAny(vietnamese.Fold(string(rs[:i])), "aeiouy")) {
				continue
			}
			rs[i] = n
			return string(rs)
		}
		return w
	}
}

func markLost(w string, r *rand.Rand) string {
	if r.IntN(2) == 0 {
		return vietnamese.Fold(w)
	}
	parts := norm.NFD.String(w)
	for _, tone := range []string{"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"} {
		parts = strings.ReplaceAll(parts, tone, "")
	}
	return norm.NFC.String(parts)
}

func letterLost(w string, r *rand.Rand) string {
	rs := []rune(w)
	if len(rs) < 3 {
		return w
	}
	i := 1 + r.IntN(len(rs)-1)
	return string(rs[:i]) + string(rs[i+1:])
}

func letterDoubled(w string, r *rand.Rand) string {
	rs := []rune(w)
	i := r.IntN(len(rs))
	return string(rs[:i+1]) + string(rs[i:])
}

func lettersTurned(w string, r *rand.Rand) string {
	rs := []rune(w)
	i := 1 + r.IntN(len(rs)-1)
	rs[i-1], rs[i] = rs[i], rs[i-1]
	return string(rs)
}

// typedKeys writes a word as the keys of a typing method; the tone comes last.
func typedKeys(w string, keys map[rune]string) string {
	var b strings.Builder
	tone := ""
	for _, c := range norm.NFD.String(w) {
		k, ok := keys[c]
		switch {
		case !ok:
			b.WriteRune(c)
		case strings.ContainsRune("\u0300\u0301\u0303\u0309\u0323", c):
			tone = k
		case k == "again":
			s := b.String()
			b.WriteByte(s[len(s)-1])
		default:
			b.WriteString(k)
		}
	}
	return b.String() + tone
}

func telexKeys(w string, _ *rand.Rand) string {
	return typedKeys(w, map[rune]string{'đ': "dd", 0x302: "again", 0x306: "w", 0x31b: "w", 0x301: "s", 0x300: "f", 0x309: "r", 0x303: "x", 0x323: "j"})
}

func vniKeys(w string, _ *rand.Rand) string {
	return typedKeys(w, map[rune]string{'đ': "d9", 0x302: "6", 0x306: "8", 0x31b: "7", 0x301: "1", 0x300: "2", 0x309: "3", 0x303: "4", 0x323: "5"})
}

// joined leaves out every fifth space between two words.
func joined(s string, r *rand.Rand) string {
	words := strings.Split(s, " ")
	var b strings.Builder
	gap := r.IntN(3)
	for i, w := range words {
		b.WriteString(w)
		if i+1 == len(words) {
			break
		}
		if gap == 0 && vietnamese.IsSyllable(w) && vietnamese.IsSyllable(strings.Trim(words[i+1], ".,;:?!")) {
			gap = 5
			continue
		}
		gap = max(gap-1, 0)
		b.WriteByte(' ')
	}
	return b.String()
}

// rewrite replaces whole words by a table of "from>to>to".
func rewrite(rows []string) func(string, *rand.Rand) string {
	type row struct {
		at *regexp.Regexp
		to []string
	}
	var list []row
	for _, s := range rows {
		parts := strings.Split(s, ">")
		list = append(list, row{regexp.MustCompile(`(^|[ ,.;:?!(])` + parts[0] + `($|[ ,.;:?!)])`), parts[1:]})
	}
	return func(s string, r *rand.Rand) string {
		for _, l := range list {
			s = l.at.ReplaceAllString(s, "${1}"+l.to[r.IntN(len(l.to))]+"${2}")
			// Two that share a space are found one after the other.
			s = l.at.ReplaceAllString(s, "${1}"+l.to[0]+"${2}")
		}
		return s
	}
}
