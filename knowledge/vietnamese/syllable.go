package vietnamese

import (
	"strings"
	"unicode/utf8"
)

// Syllables are checked by rule: an onset, a rime and a tone that may stand
// together. The two lists are the whole phonology of the written language; there
// is no dictionary. Source of the lists: the spelling rules taught in primary
// school (chữ Quốc ngữ), with the few loan rimes of everyday words (xoong, moóc).
const (
	onsetList = "b c ch d đ g gh gi h k kh l m n ng ngh nh p ph q r s t th tr v x"
	rimeList  = "a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây " +
		"e ec em en eng eo ep et ê êch êm ên ênh êp êt êu " +
		"i ia ich iêc iêm iên iêng iêp iêt iêu im in inh ip it iu y yêm yên yêng yêt yêu " +
		"o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on ong ooc oong op ot " +
		"ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt " +
		"u ua uân uâng uât uây uc uê uêch uênh ui um un ung uơ uôc uôi uôm uôn uông uôt up ut uy uya uych uyên uyêt uynh uyn uyt uyu " +
		"ư ưa ưc ưi ưm ưn ưng ươc ươi ươm ươn ương ươp ươt ươu ưt ưu"
	// After "qu" the glide is written u, so some rimes of o appear with it.
	quRimeList = "a ac ach ai an ang anh ao at au ay ăc ăm ăn ăng ăp ăt âc ân âng ât ây e en eo et ê êch ên ênh êt " +
		"i it in ơ ơi ơn ơt y ych yên yêt ynh yt yu"
)

var (
	onsets  = set(onsetList)
	rimes   = set(rimeList)
	quRimes = set(quRimeList)
	// The same rimes without marks, for text typed without tones.
	foldedRimes, foldedQuRimes = set(Fold(rimeList)), set(Fold(quRimeList))
)

func set(list string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// maxSyllable is the length of the longest syllable, nghiêng, in letters.
const maxSyllable = 7

// split takes a lower-case word apart into its letters without tone and its
// tone. ok is false when it is too long for a syllable or has two tones.
func split(word string) (bare []rune, tone Tone, ok bool) {
	if len(word) > 4*maxSyllable || utf8.RuneCountInString(word) > maxSyllable {
		return nil, Level, false
	}
	bare = make([]rune, 0, maxSyllable)
	for _, r := range word {
		if v, marked := lookup(r); marked {
			if v.tone != Level {
				if tone != Level {
					return nil, Level, false
				}
				tone = v.tone
			}
			r = v.base
		}
		bare = append(bare, r)
	}
	return bare, tone, len(bare) > 0
}

// cut separates the onset from the rime of letters without tone, the way the
// spelling does: gi and qu belong to the onset when a rime is left after them.
func cut(bare string, folded bool) (onset, rime string, ok bool) {
	valid, afterQu := rimes, quRimes
	if folded {
		valid, afterQu = foldedRimes, foldedQuRimes
	}
	if rest, found := strings.CutPrefix(bare, "qu"); found {
		return "qu", rest, afterQu[rest]
	}
	if rest, found := strings.CutPrefix(bare, "gi"); found && valid[rest] {
		return "gi", rest, true
	}
	for n := 3; n >= 0; n-- {
		if n > len(bare) || n > 0 && (!onsets[bare[:n]] || bare[:n] == "q") {
			continue
		}
		if on, ri := bare[:n], bare[n:]; valid[ri] {
			return on, ri, agree(on, ri)
		}
	}
	if strings.HasPrefix(bare, "đ") {
		ri := bare[len("đ"):]
		return "đ", ri, valid[ri]
	}
	return "", "", false
}

// agree holds the spelling rule of k/c, gh/g and ngh/ng before front vowels.
func agree(onset, rime string) bool {
	front := strings.HasPrefix(rime, "e") || strings.HasPrefix(rime, "ê") ||
		strings.HasPrefix(rime, "i") || strings.HasPrefix(rime, "y")
	switch onset {
	case "k", "gh", "ngh":
		return front
	case "c", "ng":
		return !front
	case "g": // gì, giếng: the i is spelled once
		return !front || strings.HasPrefix(rime, "i")
	}
	return true
}

// IsSyllable reports whether the word is a well-formed Vietnamese syllable, its
// marks included. "đăng" and "cho" are, "dadng", "kết2" and "form" are not.
func IsSyllable(word string) bool {
	bare, tone, ok := split(Lower(word))
	if !ok {
		return false
	}
	_, rime, ok := cut(string(bare), false)
	return ok && toneFits(rime, tone)
}

// toneFits: a syllable that ends in a stop has only the sharp or the heavy tone.
func toneFits(rime string, tone Tone) bool {
	stop := strings.HasSuffix(rime, "c") || strings.HasSuffix(rime, "p") ||
		strings.HasSuffix(rime, "t") || strings.HasSuffix(rime, "ch")
	return !stop || tone == Acute || tone == Dotted
}

// IsFoldedSyllable reports whether the word could be a Vietnamese syllable
// typed without its marks: "dang", "ket", "giay".
func IsFoldedSyllable(word string) bool {
	folded := Fold(word)
	if len(folded) == 0 || len(folded) > maxSyllable {
		return false
	}
	_, _, ok := cut(folded, true)
	return ok
}

// placeTone rewrites a lower-case word with its tone in the canonical place; a
// word that is no syllable comes back unchanged.
func placeTone(word string) string {
	bare, tone, ok := split(word)
	if !ok || tone == Level || countVowels(bare) < 2 {
		return word
	}
	onset, rime, ok := cut(string(bare), false)
	if !ok {
		return word
	}
	return onset + tonedRime(rime, tone)
}

func countVowels(bare []rune) int {
	n := 0
	for _, r := range bare {
		if strings.ContainsRune(vowelLetters, r) {
			n++
		}
	}
	return n
}

// vowelLetters are the vowels without tone.
const vowelLetters = "aăâeêioôơuưy"

// tonedRime puts the tone on its vowel: on the last vowel with a quality mark,
// else on the second of three or of two before a consonant, else on the first.
func tonedRime(rime string, tone Tone) string {
	rs := []rune(rime)
	n, marked := 0, -1
	for n < len(rs) && strings.ContainsRune(vowelLetters, rs[n]) {
		if strings.ContainsRune("ăâêôơư", rs[n]) {
			marked = n
		}
		n++
	}
	at := 0
	switch {
	case marked >= 0:
		at = marked
	case n == 3, n == 2 && n < len(rs):
		at = 1
	}
	if at < len(rs) {
		rs[at] = withTone(rs[at], tone)
	}
	return string(rs)
}
