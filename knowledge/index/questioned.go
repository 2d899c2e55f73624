package index

import "cchcbot/knowledge/vietnamese"

// silentWords are those of places that only look like questions, or that tell of
// one that was answered.
func silentWords(text string, ts []vietnamese.Token, list []side) []bool {
	silent := make([]bool, len(ts))
	for _, s := range list {
		if s.mode != modeTold && !(s.mode == modeAsk && isTold(text, ts, s)) {
			continue
		}
		for k := s.from; k < min(s.to, len(ts)); k++ {
			silent[k] = true
		}
	}
	return silent
}

// questioned reports that a word of a message asks for something and does not
// only deny it: "không", "chưa" at the end of a clause, "gì" after no "chưa có".
// "Thế nào" asks for no side more than for the whole.
func questioned(text string, ts []vietnamese.Token, toned bool, silent []bool) bool {
	for i := range ts {
		if !silent[i] && asksAt(text, ts, i, toned) {
			return true
		}
	}
	return false
}

// beforeAsk are words before which a word of several meanings asks: "ở đâu" and
// not "lần đầu", "bao lâu" and not "từ lâu". All without tones.
var beforeAsk = map[string]map[string]bool{
	"dau":   {"o": true, "ra": true, "den": true, "len": true, "ve": true, "tai": true, "tu": true, "toi": true, "nop": true, "voi": true, "vao": true, "di": true, "sang": true},
	"lau":   {"bao": true, "co": true},
	"gio":   {"bao": true, "may": true},
	"nhieu": {"bao": true, "het": true, "ton": true, "mat": true},
}

// askMarked are the words of beforeAsk with their tones: "cho đầu bếp" asks nothing.
var askMarked = map[string]bool{"đâu": true, "lâu": true, "giờ": true, "nhiêu": true}

// wholeAsk are words before which "nào" and "gì" ask for the whole procedure:
// "làm thế nào", "thì phải làm gì", "cần đăng ký gì".
var wholeAsk = map[string]bool{"the": true, "nhu": true, "kieu": true, "lam": true, "ky": true}

// asksAt reports that the word at i asks.
func asksAt(text string, ts []vietnamese.Token, i int, toned bool) bool {
	is := func(word string) bool {
		return ts[i].Exact == word || !toned && ts[i].Folded == vietnamese.Fold(word)
	}
	last := i+1 == len(ts) || clauseEnds(text, ts, i+1)
	inside := i > 0 && !clauseEnds(text, ts, i) // a word of its clause stands before it
	switch {
	case is("gì"), is("nào"), is("ai"):
		if i > 0 && wholeAsk[ts[i-1].Folded] {
			return false
		}
		return !denied(text, ts, i) && !(i+1 < len(ts) && ts[i+1].Folded == "biet")
	case is("mấy"):
		return !last
	case is("hay"):
		return inside && !last
	case is("không"), is("chưa"):
		return inside && i > 1 && !clauseEnds(text, ts, i-1) && (last || politeEnd[ts[i+1].Folded])
	case is("à"), is("hả"), is("chứ"):
		return toned && last && inside
	case beforeAsk[ts[i].Folded] != nil && (!toned || askMarked[ts[i].Exact]):
		return inside && beforeAsk[ts[i].Folded][ts[i-1].Folded]
	}
	return false
}

// politeEnd are words that follow a "không" at the end of a question.
var politeEnd = map[string]bool{"a": true, "vay": true, "the": true, "ha": true, "nhi": true, "nhe": true, "hay": true, "quan": true, "moi": true, "cac": true,
	"anh": true, "chi": true, "em": true, "bac": true, "chu": true}

// denyReach is how many words may stand between a "chưa" and the "gì" it denies.
const denyReach = 6

// deniedVerbs follow a "không" that a "gì" or "ai" behind it completes.
var deniedVerbs = map[string]bool{"co": true, "duoc": true, "con": true, "thay": true, "can": true, "phai": true, "lam": true, "ai": true, "nhan": true, "noi": true, "de": true}

// denied reports that a "gì" or "ai" at word i only says that there is none:
// "chưa có giấy gì cả". "Không biết cần giấy gì" asks.
func denied(text string, ts []vietnamese.Token, i int) bool {
	for k := i - 1; k >= 0 && i-k <= denyReach+1 && !clauseEnds(text, ts, k+1); k-- {
		switch ts[k].Folded {
		case "biet", "ro", "nho", "hieu":
			return k == i-1
		case "thi", "nen", "gio", "vay", "nay", "ma", "va", "hay":
			return false // another thought begins
		case "khong":
			return deniedVerbs[ts[k+1].Folded] // and not "giấy cam kết không tranh chấp theo mẫu nào"
		case "chua", "chang":
			return true
		case "cha":
			return ts[k].Exact == "chả"
		}
	}
	return false
}

// denies marks places that only say that there is none: "chưa được hưởng gì".
func denies(text string, ts []vietnamese.Token, list []side) {
	for i := range list {
		s := &list[i]
		if s.mode != modeAsk && s.mode != modeWeak || s.to > len(ts) || s.to < 2 {
			continue
		}
		switch ts[s.to-1].Folded {
		case "gi", "nao", "ai":
		case "gio":
			if ts[s.to-2].Folded != "bao" {
				continue
			}
		default:
			continue
		}
		if denied(text, ts, s.to-1) {
			s.mode = modeTold
		}
	}
}
