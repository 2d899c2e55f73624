package bot

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Text keys of the words by which a choice is named by its place: "cái đầu",
// "số 2 ạ", "cái thứ hai ấy".
const (
	keyNthHead = "bot.words_nth_head" // what stands before a place
	keyNth     = "bot.words_nth"      // places, as number=words; 0 is the last
	keyNthTail = "bot.words_nth_tail" // what may follow
)

// maxNthWords is how long a text that names a place may be.
const maxNthWords = 6

// nth holds these words, folded.
type nth struct {
	head, tail map[string]bool
	place      map[string]int
}

func (r *Router) readNth() error {
	r.nth = nth{head: map[string]bool{}, tail: map[string]bool{}, place: map[string]int{}}
	err := r.eachWord(keyNthHead, func(w string) error { r.nth.head[w] = true; return nil })
	if err == nil {
		err = r.eachWord(keyNthTail, func(w string) error { r.nth.tail[w] = true; return nil })
	}
	if err != nil {
		return err
	}
	return r.eachWord(keyNth, func(w string) error {
		number, words, ok := strings.Cut(w, "=")
		n, err := strconv.Atoi(number)
		if !ok || err != nil {
			return fmt.Errorf("words %s: %q is no number=words", keyNth, w)
		}
		r.nth.place[words] = n
		return nil
	})
}

// of returns the place that a folded text names among so many choices; 0 when
// it is something else. A word that is a place only beside others needs one in
// front: "cái hai" and not "hai", for "thứ hai" may be a day.
func (n nth) of(typed string, choices int) int {
	words := strings.Fields(typed)
	if len(words) == 0 || len(words) > maxNthWords {
		return 0
	}
	last := len(words)
	for last > 0 && n.tail[words[last-1]] {
		last--
	}
	first := max(slices.IndexFunc(words[:last], func(w string) bool { return !n.head[w] }), 0)
	place, named := 0, strings.Join(words[first:last], " ")
	switch at, known := n.place[named]; {
	case first > 0 && known && at == 0:
		place = choices
	case first > 0 && known:
		place = at
	case len(words) == 1: // a number alone is read elsewhere
	default:
		figure := words[max(last-1, 0)]
		alone := last-first == 1 || first > 0 && last-first == 2 && n.place[words[first]] == nthBefore
		if at, err := strconv.Atoi(figure); err == nil && alone && len(figure) <= 2 {
			place = at
		}
	}
	if place < 1 || place > choices {
		return 0
	}
	return place
}

// nthBefore marks the word that makes a number an ordinal ("thứ 2").
const nthBefore = -1
