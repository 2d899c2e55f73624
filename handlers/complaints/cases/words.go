package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"cchcbot/bot"
)

// The blind index: what citizens wrote is sealed, so that words are found by
// keyed digests of folded words. It tells somebody who has the file and not the
// key how often words come together, and no word.

// maxWords is how many different words of one text are found again.
const maxWords = 300

// split cuts a text into folded words, each once, in order.
func (d *Desk) split(text string, limit int) []string {
	var out []string
	seen := map[string]bool{}
	for _, w := range d.tokens(text) {
		if len(w) < 2 || len(w) > 40 || seen[w] {
			continue
		}
		if seen[w] = true; len(out) < limit {
			out = append(out, w)
		}
	}
	return out
}

func (d *Desk) tokens(text string) []string {
	return strings.FieldsFunc(d.opt.Fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// digest is the number of a word: 60 bits of its keyed digest.
func (d *Desk) digest(word string) int64 {
	var n int64
	for _, c := range []byte(d.opt.Sealer.Digest("complaints.word\x1f" + word))[:12] {
		v := int64(c - 'a')
		if c >= '2' && c <= '7' {
			v = int64(c-'2') + 26
		}
		n = n<<5 | v&31
	}
	return n
}

// digests are the numbers of the words of a text.
func (d *Desk) digests(text string, limit int) []int64 {
	words := d.split(text, limit)
	out := make([]int64, len(words))
	for i, w := range words {
		out[i] = d.digest(w)
	}
	return out
}

// index makes a case found by the words of a text.
func (d *Desk) index(ctx context.Context, tx bot.Tx, id int64, text string) error {
	words := d.digests(text, maxWords)
	for len(words) > 0 {
		n := min(len(words), 25)
		var b strings.Builder
		args := make([]any, 0, n+1)
		args = append(args, id)
		for i, w := range words[:n] {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "($%d, $1)", i+2)
			args = append(args, w)
		}
		if _, err := tx.ExecContext(ctx, `insert into complaints_words (word, case_id) values `+b.String()+` on conflict do nothing`, args...); err != nil {
			return fmt.Errorf("index words: %w", err)
		}
		words = words[n:]
	}
	return nil
}

// texts are everything the citizen wrote in a case.
func texts(b Body) []string {
	out := []string{b.What, b.Place.Text, b.Place.Landmark}
	for _, a := range b.Added {
		out = append(out, a.Text)
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// textKey is the same for the same words at the same place.
func (d *Desk) textKey(text, place string) string {
	return d.key("text", strings.Join(d.tokens(text), " ")+"\x1f"+place)
}

func (d *Desk) holderKey(p bot.PersonID) string {
	if p == 0 {
		return ""
	}
	return d.key("holder", fmt.Sprint(int64(p)))
}

// phoneKey is the same for every way to write a telephone number.
func (d *Desk) phoneKey(phone string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, phone)
	if rest, ok := strings.CutPrefix(digits, "84"); ok && len(rest) == 9 {
		digits = "0" + rest
	}
	if len(digits) < 8 {
		return ""
	}
	return d.key("phone", digits)
}
