package intent

import (
	"slices"
	"strings"
	"unicode"

	"cchcbot/knowledge/vietnamese"
)

// Words of a message that says that none is meant: every word is one of these, and it says no to something.
var (
	noneWords = strings.Fields("khong ko phai may cai nao muc viec thu tuc dung ca het trong so nay do day o tren a da nhe em toi minh dau roi thay co cac loai giay to y thuoc cau the vay none of them these not this one any that")
	noneSaid  = []string{" khong phai ", " ko phai ", " khong cai nao ", " ko cai nao ", " khong co cai nao ", " ko co cai nao ", " khong muc nao ", " khong viec nao ", " khong thu tuc nao ", " khong dung cai ", " none of ", " not this ", " not that "}
)

// longestNone is how many words such a message has at most.
const longestNone = 10

// NoneMeant reports whether a text says that nothing that was shown is meant: "không phải cái nào".
func NoneMeant(text string) bool {
	words := strings.FieldsFunc(vietnamese.Fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) > longestNone || slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(noneWords, w) }) {
		return false
	}
	said := " " + strings.Join(words, " ") + " "
	return slices.ContainsFunc(noneSaid, func(p string) bool { return strings.Contains(said, p) })
}
