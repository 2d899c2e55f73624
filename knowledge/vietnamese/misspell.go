package vietnamese

import (
	"strings"
	"unicode/utf8"
)

// variant is a possible meant form and how much speaks against it.
type variant struct {
	word string
	cost float64
	rare bool // the sounds are seldom mixed up in the Red River delta
}

// The sounds that writers mix up, by onset and by the end of the rime: l and n
// in the Red River delta, s and x, tr and ch, d, gi and r in the north, final t
// and c, n and ng in the south.
var (
	onsetSwaps = map[string][]string{
		"l": {"n"}, "n": {"l"}, "s": {"x"}, "x": {"s"}, "tr": {"ch"}, "ch": {"tr"},
		"d": {"gi", "r", "đ"}, "gi": {"d", "r"}, "r": {"d", "gi"}, "đ": {"d"}, "v": {"d"}, "ng": {"ngh"}, "ngh": {"ng"},
		"g": {"gh"}, "gh": {"g"}, "c": {"k"}, "k": {"c", "kh"}, "kh": {"k"}, "ph": {"f"}, "f": {"ph"}, "p": {"ph"},
		"": {"h"}, "t": {"th"}, "th": {"t"},
	}
	endSwaps = []struct{ from, to string }{
		{"", ""}, {"t", "c"}, {"c", "t"}, {"n", "ng"}, {"ng", "n"}, {"nh", "n"}, {"n", "nh"}, {"i", "y"}, {"y", "i"}, {"ch", "t"},
		{"u", "o"}, {"o", "u"}, {"m", "p"}, {"p", "m"}, {"ưu", "ươu"}, {"iu", "iêu"}, {"êu", "iêu"}, {"ui", "uôi"},
	}
	toneSwaps = map[Tone]Tone{Hook: Tilde, Tilde: Hook}
)

// seldom are the beginnings that are mixed up in other parts of the country only.
var seldom = map[string]bool{"đ": true, "v": true, "t": true, "th": true, "p": true, "ph": true, "": true, "c": true, "k": true, "kh": true}

// misspelt returns the words that writers spell like this one.
func misspelt(w string, toned bool) []variant {
	bare, tone, ok := split(w)
	if !ok {
		return nil
	}
	onset, rime := halves(string(bare))
	if rime == "" {
		return nil
	}
	var out []variant
	put := func(onset, rime string, tone Tone, cost float64, rare bool) {
		if !toned {
			out = append(out, variant{onset + rime, cost, rare})
			return
		}
		out = append(out, variant{onset + tonedRime(rime, tone), cost, rare})
	}
	swaps := onsetSwaps[onset]
	out = make([]variant, 0, 4*(1+len(swaps)))
	for k := -1; k < len(swaps); k++ {
		o, changed := onset, 0.0
		if k >= 0 {
			o, changed = swaps[k], 1
		}
		for _, e := range endSwaps {
			r, more := rime, changed
			if e.from != "" {
				stem, found := strings.CutSuffix(rime, e.from)
				if !found || stem == "" && e.from != "i" && e.from != "y" {
					continue
				}
				r, more = stem+e.to, changed+1.5
			}
			rare := o != onset && seldom[onset] || e.from != "" && e.from != "i" && e.from != "y"
			put(o, r, tone, more, rare)
			if t, ok := toneSwaps[tone]; ok {
				put(o, r, t, more+0.5, rare)
			}
		}
	}
	return out
}

// halves cuts a syllable into its onset and the rest, whether or not the two may
// stand together: "dấy" is d and ây.
func halves(bare string) (onset, rime string) {
	for _, o := range []string{"ngh", "ng", "gh", "gi", "kh", "nh", "ph", "qu", "th", "tr", "ch", "đ",
		"b", "c", "d", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "x", "f", "z", "j", "w"} {
		if rest, ok := strings.CutPrefix(bare, o); ok && rest != "" {
			return o, rest
		}
	}
	return "", bare
}

// slips returns what a word may have been before one key too many, a doubled key
// or two keys in the wrong order.
func slips(w string) []string {
	rs := []rune(w)
	out := make([]string, 0, 2*len(rs))
	for i := range rs {
		out = append(out, string(rs[:i])+string(rs[i+1:]))
		if i > 0 {
			sw := []rune(w)
			sw[i-1], sw[i] = sw[i], sw[i-1]
			out = append(out, placeTone(string(sw)))
		}
	}
	return out
}

// letters are those that a key may have been left out of.
var (
	plainLetters = []rune("abcdeghiklmnopqrstuvxy")
	levelLetters = []rune("bcdđghklmnpqrstvx" + vowelLetters)
	allLetters   = append([]rune("bcdđghklmnpqrstvx"), []rune(vowels)...)
)

// gaps calls f with what a word may have been before one letter was left out.
func gaps(w string, toned bool, f func([]byte)) {
	letters := plainLetters
	if toned {
		letters = allLetters
		if _, tone, _ := split(w); tone != Level { // a word has one
			letters = levelLetters
		}
	}
	var buf [maxMended + utf8.UTFMax]byte
	for i := 0; i <= len(w); i++ {
		if i < len(w) && !utf8.RuneStart(w[i]) {
			continue
		}
		for _, r := range letters {
			b := append(buf[:0], w[:i]...)
			b = utf8.AppendRune(b, r)
			b = append(b, w[i:]...)
			f(b)
		}
	}
}

// doubled reports the same letter twice in a row.
func doubled(w string) bool {
	var last rune
	for _, r := range w {
		if r == last {
			return true
		}
		last = r
	}
	return false
}
