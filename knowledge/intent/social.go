package intent

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"cchcbot/knowledge/vietnamese"
)

// talk is the small talk a message starts with.
type talk struct {
	greet, thanks, bye, ack, abuse, polite bool
	end                                    int // the first token that is not small talk
}

func (t talk) any() bool { return t.greet || t.thanks || t.bye || t.ack || t.abuse }

// social walks over the small talk at the beginning and returns the byte where
// the rest starts: the end of the text when there is nothing else.
func (r *reading) social() int {
	i := 0
	for i < len(r.toks) {
		h, ok := r.smallTalkAt(i)
		if !ok {
			break
		}
		switch h.signal {
		case sGreet:
			r.talk.greet = true
		case sThanks:
			r.talk.thanks = true
		case sBye:
			r.talk.bye = true
		case sAck, sAckHard:
			r.talk.ack = true
		case sAbuse:
			r.talk.abuse = true
		case sPolite:
			r.talk.polite = true
		}
		i = r.address(h.end)
	}
	r.talk.end = i
	if i == len(r.toks) {
		return len(r.text)
	}
	if i == 0 {
		return 0
	}
	return r.toks[i].Start
}

// smallTalkAt returns the longest phrase of small talk at token i.
func (r *reading) smallTalkAt(i int) (best hit, ok bool) {
	for _, h := range r.rawFrom(i) {
		if h.gap || best.end > 0 && h.end <= best.end {
			continue
		}
		switch h.signal {
		case sSafe: // "chào bán cổ phiếu" greets nobody
			best, ok = h, false
			continue
		case sGreet, sThanks, sAck, sPolite, sAbuse:
		case sAckHard, sBye:
			// "không có sổ đỏ thì sao" is no answer, "không, tôi hỏi khai sinh" is.
			if end := r.address(h.end); !r.comma[end] {
				continue
			}
		default:
			continue
		}
		best, ok = h, true
	}
	return best, ok
}

// address steps over one word of address and the particles behind small talk:
// "chào [em] [nhé]".
func (r *reading) address(i int) int {
	step := func(s signal) bool {
		end := i
		for _, h := range r.rawFrom(i) {
			if h.signal == s && !r.comma[i] {
				end = max(end, h.end)
			}
		}
		moved := end > i
		i = end
		return moved
	}
	step(sParticle)
	step(sVocative)
	for n := 0; n < 4 && step(sParticle); n++ {
		continue
	}
	return i
}

// onlyTalk says what a message is that holds nothing but small talk.
func (t talk) onlyTalk() (Kind, bool) {
	switch {
	case t.abuse:
		return Abuse, true
	case t.thanks:
		return Thanks, true
	case t.bye:
		return Bye, true
	case t.greet, t.polite:
		return Greeting, true
	case t.ack:
		return Ack, true
	}
	return Question, false
}

// symbols classifies a message without any letter or digit.
func (r *reading) symbols() Kind {
	for s, kind := range map[signal]Kind{sSymbolThanks: Thanks, sSymbolAck: Ack} {
		for _, c := range r.text {
			if r.t.words[s][string(c)] {
				return kind
			}
		}
	}
	return Empty
}

// masked reports a rude word written with dots or stars.
func (r *reading) masked() bool {
	for _, f := range strings.Fields(r.text) {
		f = strings.TrimLeft(strings.TrimRight(f, ",.!?;:\"')"), "\"'(")
		if len(f) <= 20 && r.t.words[sAbuseMask][vietnamese.Lower(f)] {
			return true
		}
	}
	return false
}

// english reports a message in English: enough words that Vietnamese, typed
// without tones, does not have.
func (r *reading) english() bool {
	strong, weak := 0, 0
	for _, k := range r.toks {
		switch {
		case k.Exact != k.Folded:
			return false
		case r.t.words[sEnglish][k.Exact]:
			strong++
		case r.t.words[sEnglishWeak][k.Exact]:
			weak++
		}
	}
	n := len(r.toks)
	return strong >= 2 && 10*strong >= 4*n || strong >= 1 && strong+weak >= 3 && 10*(strong+weak) >= 7*n
}

// gibberish reports a message in which no word can be Vietnamese, an
// abbreviation, a number or English.
func (r *reading) gibberish() bool {
	mash := 0
	for _, k := range r.toks {
		if !r.mash(k) {
			return false
		}
		mash += utf8.RuneCountInString(k.Folded)
	}
	return mash >= 4
}

func (r *reading) mash(k vietnamese.Token) bool {
	w := k.Folded
	switch n := utf8.RuneCountInString(w); {
	case vietnamese.IsSyllable(k.Exact) || r.t.words[sKnown][k.Exact] || r.t.words[sEnglish][w]:
		return false
	case strings.ContainsAny(w, "0123456789"):
		return false // a number, a code, an abbreviation such as ct01
	case oneLetter(w):
		return true
	case n < 4:
		return false
	case keyRow(w):
		return true
	case n < 5 || vietnamese.IsFoldedSyllable(w) || !latin(w):
		return false
	}
	return !joined(w)
}

func oneLetter(w string) bool {
	first, size := utf8.DecodeRuneInString(w)
	return len(w) >= 4*size && strings.Trim(w, string(first)) == ""
}

// keyRow reports four or more neighbours on a keyboard's row.
func keyRow(w string) bool {
	for _, row := range [...]string{"qwertyuiop", "asdfghjkl", "zxcvbnm"} {
		if strings.Contains(row, w) {
			return true
		}
	}
	return false
}

func latin(w string) bool {
	return strings.IndexFunc(w, func(c rune) bool { return !unicode.Is(unicode.Latin, c) }) < 0
}

// joined reports whether a word is several syllables written together
// ("dangkykhaisinh"). Each must have two letters or more.
func joined(w string) bool {
	const longest = 60 // letters; more is no word
	if len(w) > longest {
		return false
	}
	ok := make([]bool, len(w)+1)
	ok[0] = true
	for i := 2; i <= len(w); i++ {
		for j := max(0, i-7); j <= i-2 && !ok[i]; j++ {
			ok[i] = ok[j] && vietnamese.IsFoldedSyllable(w[j:i])
		}
	}
	return ok[len(w)]
}
