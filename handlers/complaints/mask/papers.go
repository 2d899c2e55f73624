package mask

import (
	"regexp"
	"strings"
)

// A number of an identity card has 12 digits, of the old one 9; people write
// them with spaces, dots or dashes. An old one cannot be told from a telephone
// number without its zero, so what reads a telephone number reads it first.
var paperNumber = regexp.MustCompile(`\d(?:[ .\-]?\d)+`)

// Papers hides numbers of identity cards: 12 digits, or 9 that are no round
// amount of money.
func Papers(text string) string {
	return paperNumber.ReplaceAllStringFunc(text, func(run string) string {
		digits := strings.NewReplacer(" ", "", ".", "", "-", "").Replace(run)
		round := strings.HasSuffix(digits, "000") // an amount of money
		if len(digits) == 12 || len(digits) == 9 && !round {
			return Mark
		}
		return run
	})
}
